"""Texts with the people, organisations and places in them, as the labelled sets in ../shared/data have them."""

import csv
import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

SHARED: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
# As spaCy's own models call them, of which ours begins.
PERSON, ORGANISATION, PLACE = "PERSON", "ORG", "GPE"
# Groups of wnut17 (bands, teams, parties) are organisations; products and works are none of the three.
_WNUT17 = {"person": PERSON, "corporation": ORGANISATION, "group": ORGANISATION, "location": PLACE}
_BTC = {"PER": PERSON, "ORG": ORGANISATION, "LOC": PLACE}

Span = tuple[int, int, str]


class Labelled(NamedTuple):
    """A text and its spans (start, end, label), in order."""

    text: str
    spans: tuple[Span, ...]


class Parts(NamedTuple):
    """Posts to train on, posts to choose by, sentences of news to train on, and those of articles kept apart."""

    posts: list[Labelled]
    dev: list[Labelled]
    news: list[str]
    news_apart: list[str]


def parts() -> Parts:
    """Return what is trained on, the same in every run: nothing of WNUT17 test or of section g."""
    chance = random.Random(0)
    posts = [without_handles(one) for one in wnut17("wnut17train.conll")]
    dev = [without_handles(one) for one in wnut17("emerging.dev.conll")]
    for section in "abe":
        for one in btc(section):
            (dev if chance.random() < 0.1 else posts).append(without_handles(one))
    sentences = news()
    articles = sorted({article for article, _ in sentences})
    chance.shuffle(articles)
    apart = set(articles[: len(articles) // 5])
    return Parts(
        posts,
        dev,
        [sentence for article, sentence in sentences if article not in apart],
        [sentence for article, sentence in sentences if article in apart],
    )


def unlabelled(number: int = 14_000) -> list[str]:
    """Return posts of several origins as they are, the same in every run."""
    chance = random.Random(1)
    pool: list[str] = []
    with gzip.open(SHARED / "load" / "reddit_posts_188k.ndjson.gz", "rt", encoding="utf-8") as lines:
        for i, line in enumerate(lines):
            if i % 8 == 0:
                row = json.loads(line)
                first = re.split(r"(?<=[.!?])\s+", row["selftext"])[:3]
                pool += [row["title"], *(sentence for sentence in first if chance.random() < 0.5)]
    seen: set[str] = set()
    with gzip.open(SHARED / "labelled" / "entity_sentiment_74k.csv.gz", "rt", encoding="utf-8", newline="") as rows:
        for post, *_, text in csv.reader(rows):
            if post not in seen:  # of a post in six wordings the first
                seen.add(post)
                pool.append(text)
    comments = (SHARED / "labelled" / "goemotions" / "train.tsv").read_text("utf-8").splitlines()
    pool += [text for line in comments if re.search(r"(?<=\w )[A-Z][a-z]", text := line.split("\t")[0])]
    pool = [text.replace("\n", " ") for text in pool if 15 < len(text) < 300]
    return chance.sample(pool, number)


def news_targets() -> dict[str, list[tuple[int, int]]]:
    """Return where the targets stand in each of NewsMTSC's sentences: most are people and organisations."""
    found: dict[str, list[tuple[int, int]]] = {}
    with (SHARED / "labelled" / "newsmtsc_targets.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found.setdefault(row["sentence"], []).append((row["from"], row["to"]))
    return found


def wnut17(part: str) -> list[Labelled]:
    """Return a part of WNUT17: "wnut17train.conll", "emerging.dev.conll" or "emerging.test.annotated"."""
    return list(_texts(_sentences(SHARED / "labelled" / "wnut17" / part), _WNUT17))


def btc(section: str) -> list[Labelled]:
    """Return a section of the Broad Twitter Corpus: "a", "b", "e" or "g"."""
    return list(_texts(_sentences(SHARED / "labelled" / "btc" / f"{section}.conll"), _BTC))


def news() -> list[tuple[str, str]]:
    """Return NewsMTSC's sentences, each once, with the id of its article."""
    found: dict[str, str] = {}
    with (SHARED / "labelled" / "newsmtsc_targets.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found.setdefault(row["sentence"], row["id"].rsplit("_", 2)[0])
    return [(article, sentence) for sentence, article in found.items()]


def without_handles(labelled: Labelled) -> Labelled:
    """Return the text without the spans that are handles: they are found by rule, and are no names."""
    return Labelled(labelled.text, tuple(s for s in labelled.spans if not is_handle(labelled.text, s[0], s[1])))


def is_handle(text: str, start: int, end: int) -> bool:
    """True where a span is a handle, with or without its sign."""
    return "@" in text[max(0, start - 1) : end]


def _sentences(path: Path) -> Iterator[list[tuple[str, str]]]:
    sentence: list[tuple[str, str]] = []
    for line in path.read_text("utf-8").split("\n"):
        word, _, tag = line.rstrip("\r").rpartition("\t")
        if word:
            sentence.append((word, tag))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _texts(sentences: Iterable[list[tuple[str, str]]], labels: dict[str, str]) -> Iterator[Labelled]:
    """Join the words by spaces, but for a handle's and a tag's sign."""
    for sentence in sentences:
        text = ""
        spans: list[Span] = []
        before, tag_before = "", "O"
        for word, tag in sentence:
            if text and before not in {"@", "#"}:
                text += " "
            start = len(text)
            text += word
            label = labels.get(tag[2:])
            if label and tag[0] == "I" and tag_before[2:] == tag[2:]:
                spans[-1] = (spans[-1][0], len(text), label)
            elif label and before in {"@", "#"} and tag_before[2:] == tag[2:]:
                # "@ MAS" is one name in two beginnings.
                spans[-1] = (spans[-1][0], len(text), label)
            elif label:
                spans.append((start, len(text), label))
            before, tag_before = word, tag
        yield Labelled(text, tuple(spans))
