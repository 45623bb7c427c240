"""Texts with their language, to train the letters model on and to judge it by."""

import gzip
import json
from hashlib import sha256
from typing import Final

from overheard.enrich.letters import words_of
from overheard.enrich.smallwords import in_latin, nearer, plain
from training.entitysets import SHARED, wnut17

LABELLED: Final = SHARED / "labelled"
# Their script says the language, or eldc alone.
OTHER_SCRIPTS = frozenset(
    ["ar", "bn", "el", "fa", "gu", "he", "hy", "ja", "ka", "ko", "pa", "ta", "te", "th", "ur", "zh"]
)
# Serbian is written in both alphabets; the sentences are in one, and letter for letter in the other.
_SERBIAN = str.maketrans(
    dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
    | {"љ": "lj", "њ": "nj", "џ": "dž"}
)


def to_latin(text: str) -> str:
    """Return Serbian in Latin letters."""
    return text.lower().translate(_SERBIAN)


def lingua() -> dict[str, list[str]]:
    """Return the sentences by language: those in Latin, Cyrillic and Devanagari letters."""
    found: dict[str, list[str]] = {}
    for path in sorted((LABELLED / "language" / "lingua_sentences").glob("*.txt")):
        code = {"nb": "no", "nn": "no"}.get(path.stem, path.stem)
        if code in OTHER_SCRIPTS:
            continue
        lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
        if code == "ms":
            # Nine in ten of them are Indonesian, by their words and on reading: what has words of Malay alone is Malay.
            lines = [line for line in lines if nearer(words_of(line), "ms", "id") > 0]
        found.setdefault(code, []).extend(lines)
        if code == "sr":
            found.setdefault("sr-latin", []).extend(map(to_latin, lines))
    return found


def kept_apart(text: str) -> bool:
    """True for a tenth of all texts, the same in every run."""
    return sha256(text.encode()).digest()[0] < 26


def english_posts() -> list[str]:
    """Return posts in English of several origins, none of which is a test set."""
    found = [one.text for one in wnut17("wnut17train.conll")]
    found += [
        line.split("\t")[0] for line in (LABELLED / "goemotions" / "train.tsv").read_text("utf-8").splitlines()[:6000]
    ]
    with gzip.open(SHARED / "load" / "reddit_posts_188k.ndjson.gz", "rt", encoding="utf-8") as lines:
        for i, line in enumerate(lines):
            if i % 20 == 0:
                row = json.loads(line)
                found.append(f"{row['title']} {row['selftext'][:300]}")
    return found


def hindi_posts() -> tuple[list[str], list[str]]:
    """Return what is Hindi in Latin letters of the set, and what is English: it mixes both without saying so."""
    lines = [
        line for line in (LABELLED / "hindi_latn" / "train_text.txt").read_text("utf-8").split("\n") if line.strip()
    ]
    hindi, english = [], []
    for line in lines:
        strong, weak = in_latin(words_of(plain(line)))
        if strong >= 2 or (strong and weak >= 1) or weak >= 4:
            hindi.append(line)
        elif not strong and not weak:
            english.append(line)
    return hindi, english


def texts() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (language, text) to train on, and those kept apart."""
    train: list[tuple[str, str]] = []
    apart: list[tuple[str, str]] = []
    hindi, english = hindi_posts()
    sets: dict[str, list[str]] = lingua()
    sets["en"] = [*sets["en"], *english, *english_posts()]
    sets["hi-Latn"] = hindi
    for code, lines in sets.items():
        for line in lines:
            (apart if kept_apart(line) else train).append((code, plain(line)))
    return train, apart
