"""Sentences and clauses of a text as spans. Knows rules of punctuation only, no grammar, so it reads any language."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import regex


class Span(NamedTuple):
    """Half-open offsets in code points."""

    start: int
    end: int


# A sentence ends at a line's end; after . ! ? … and their kin in other scripts, where white space follows (in Han and
# Kana nothing need follow), closing quotes and brackets included.
_END = re.compile(r"\n+|(?<![.!?…‽؟۔।॥])[.!?…‽؟۔।॥]+[\"'”’»)\]]*(?=\s)|[。！？｡]+[」』”’）]*")
# A full stop after these ends no sentence. Single letters are initials ("J. Smith", "U.S.").
_ABBREVIATION = regex.compile(
    r"(?:^|[^\p{L}])(?:\p{L}|\p{L}\.\p{L}|mr|mrs|ms|dr|prof|st|jr|sr|inc|ltd|corp|co|vs|no|gen|sen|rep|gov|etc|approx|fig)$",
    regex.IGNORECASE,
)
# Clauses: at punctuation inside a sentence, and before words of contrast.
_CLAUSE = re.compile(
    r"[,;:](?=\s)|\s[–—-]+\s|—|[()\[\]]|[、，；：]"
    r"|\s(?=(?:but|however|although|though|whereas|while|yet|except|unlike|instead|nevertheless)\s)",
    re.IGNORECASE,
)


def sentences(text: str) -> list[Span]:
    """Return the sentences of `text` in order, white space around them trimmed; empty for a blank text."""
    spans: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if match[0] == "." and _ABBREVIATION.search(text, max(start, match.start() - 12), match.start()):
            continue
        _add(spans, text, start, match.end())
        start = match.end()
    _add(spans, text, start, len(text))
    return spans


def clauses(text: str, sentence: Span) -> list[Span]:
    """Return the clauses of one sentence in order, trimmed; together they hold all its words."""
    spans: list[Span] = []
    start = sentence.start
    for match in _CLAUSE.finditer(text, sentence.start, sentence.end):
        _add(spans, text, start, match.start())
        start = match.start() if match[0].isspace() else match.end()
    _add(spans, text, start, sentence.end)
    return spans


# What a sentence begins with that goes on about what the one before it named.
_GOES_ON = re.compile(
    r"[\s\"'(*–—-]*(?:(?:but|and|so|yet|still|now|then|sadly|unfortunately|honestly|luckily|today|yesterday),? +)?"
    r"(?:it|it['’]s|its|they|they['’](?:re|ve)|their|them|this|these|that|those|ye|yeh|isk[aei]|unk[aei])\b",
    re.IGNORECASE,
)


def goes_on(text: str, sentence: Span) -> bool:
    """True where a sentence begins with a pronoun for what stood before: English, and Hindi in Latin letters."""
    return _GOES_ON.match(text, sentence.start, sentence.end) is not None


def around(spans: Sequence[Span], start: int, end: int) -> Span:
    """Return the smallest run of `spans` (ordered, not overlapping) that covers [start, end).

    Where [start, end) sticks out of the spans, the result is widened to cover it.
    """
    first = max(0, bisect_right(spans, start, key=_start) - 1)
    last = max(first, bisect_right(spans, end - 1, key=_start) - 1)
    if not spans:
        return Span(start, end)
    begin = spans[first].start if spans[first].end > start else start
    return Span(min(begin, start), max(spans[last].end, end))


def _start(span: Span) -> int:
    return span.start


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    part = text[start:end]
    if stripped := part.strip():
        start += len(part) - len(part.lstrip())
        spans.append(Span(start, start + len(stripped)))
