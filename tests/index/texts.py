"""Texts in many scripts to search in: real ones from the data beside the repository, or invented ones."""

import csv
import gzip
import json
import random
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import regex

from overheard.text import clean


class Post(NamedTuple):
    """What somebody wrote; all but `text` may be empty."""

    text: str
    title: str = ""
    author: str = ""
    url: str = ""


def real_posts(shared: Path, count: int) -> list[Post]:
    """Return `count` posts: sentences in 75 languages, recorded and labelled posts, what is left from Reddit.

    Those with emoji, handles, tags and addresses come first, since few posts have any.
    """
    labelled = shared / "labelled"
    sources = (
        _sentences(labelled / "language" / "lingua_sentences", 110),
        _by_marks(_lines(labelled / "goemotions" / "train.tsv"), 1_500),
        _by_marks(_lines(labelled / "hindi_latn" / "train_text.txt"), 1_000),
        _by_marks(_column(labelled / "entity_sentiment_1000.csv", 3), 1_000),
        _by_marks(_lines(labelled / "language" / "eld_tweets.txt", 1), 500),
        islice(map(Post, _recorded(shared / "api")), 1_000),
        _by_author(_stream(shared / "real" / "posts.ndjson.gz"), 2_500),
        _stream(shared / "load" / "reddit_posts_188k.ndjson.gz"),
    )
    return list(islice((post for post in chain.from_iterable(sources) if post.text or post.title), count))


# First and last letter of the alphabets to invent words in.
_ALPHABETS = (
    ("a", "z"), ("à", "ž"), ("α", "ω"), ("а", "я"), ("ա", "ֆ"), ("א", "ת"), ("ا", "ي"), ("अ", "ह"), ("অ", "হ"),
    ("ก", "ฮ"), ("가", "각"), ("あ", "ん"), ("ア", "ン"), ("一", "丿"),
)  # fmt: skip
_SIGNS = (
    "😀", "👍🏽", "👩‍💻", "🇩🇪", "❤️", "™", "…", "-", "don't", "AT&T", "C++", "3.14", "https://shop.example/a/b?c=1",
    "@ana", "@ana@masto.example", "#Sale", "#東京",
)  # fmt: skip


def invented_posts(count: int, seed: int) -> list[Post]:
    """Return `count` posts of invented words in many scripts, few of them frequent and most rare, as in languages."""
    chance = random.Random(seed)
    words = [[_word(chance, first, last) for _ in range(1_500)] for first, last in _ALPHABETS]
    ranks = [1 / rank for rank in range(1, 1_501)]
    totals = [sum(ranks[: n + 1]) for n in range(len(ranks))]
    posts: list[Post] = []
    for _ in range(count):
        chosen = chance.choice(words)
        text = chance.choices(chosen, cum_weights=totals, k=chance.choice((1, 4, 8, 15, 40)))
        text += chance.choices(_SIGNS, k=chance.randrange(3))
        chance.shuffle(text)
        title = " ".join(chance.choices(chosen, cum_weights=totals, k=4)) if chance.random() < 0.2 else ""
        posts.append(Post(" ".join(text), title, chance.choice(chosen[:300]) if chance.random() < 0.5 else ""))
    return posts


def _word(chance: random.Random, first: str, last: str) -> str:
    letters = [chr(code) for code in range(ord(first), ord(last) + 1) if regex.match(r"\p{L}", chr(code))]
    word = "".join(chance.choices(letters, k=chance.randrange(1, 9)))
    return word.capitalize() if chance.random() < 0.2 else word


def _lines(path: Path, column: int = 0) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if len(cells := line.rstrip("\n").split("\t")) > column:
                yield cells[column]


def _column(path: Path, column: int) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            if len(row) > column:
                yield row[column]


def _sentences(folder: Path, of_each: int) -> Iterator[Post]:
    for path in sorted(folder.glob("*.txt")):
        yield from (Post(clean(text)) for text in islice(_lines(path), of_each))


def _recorded(folder: Path) -> Iterator[str]:
    """Yield the texts in recorded answers, each once; which key holds the text is each platform's own."""
    keys = {"text", "content", "body", "cooked", "description", "textDisplay"}
    seen: set[str] = set()
    for platform in ("bluesky", "x-v2", "discourse", "youtube", "hackernews", "github"):
        for path in sorted((folder / platform).rglob("*.json")):
            try:
                recorded = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                continue
            for text in _under(recorded, keys):
                if text not in seen:
                    seen.add(text)
                    yield clean(text)


def _under(value: Any, keys: set[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in keys and isinstance(inner, str):
                yield inner
            else:
                yield from _under(inner, keys)
    elif isinstance(value, list):
        for inner in value:
            yield from _under(inner, keys)


def _stream(path: Path) -> Iterator[Post]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for post in map(json.loads, lines):
            yield Post(
                clean(post.get("text") or post.get("selftext") or ""),
                clean(post.get("title") or ""),
                post.get("author") or "",
                post.get("url") or "",
            )


_MARKED = regex.compile(r"\p{Extended_Pictographic}|(?<!\w)[@#]\w|https?://|[^\x00-\x7f]")


def _by_marks(texts: Iterable[str], most: int) -> list[Post]:
    return [Post(clean(text)) for text in sorted(texts, key=lambda text: not _MARKED.search(text))[:most]]


def _by_author(posts: Iterable[Post], most: int) -> list[Post]:
    return sorted(posts, key=lambda post: not post.author)[:most]
