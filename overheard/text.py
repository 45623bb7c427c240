"""Text: made clean once at the door, folded for comparison, with the way back to the original offsets.

Knows nothing of tokens or search; the analyser of the index is in `overheard.index`.
All offsets are in Unicode code points, half-open: `text[start:end]`.
"""

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache

import regex

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\v\f\x85]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# Invisible characters inside words: soft hyphen, zero width non-joiner and joiner. The zero width space is not among
# them: it parts words.
_IGNORED = re.compile("[\u00ad\u200c\u200d]")

# A piece: any character and all after it that folding may join to it: marks, Hangul vowels and finals with their
# compatibility and halfwidth forms, halfwidth voicing marks, and what folding drops. Computed from the decompositions
# and the algorithmic compositions of Unicode 15.1; tests/test_text.py computes it again for the running Python.
# A run of ASCII with nothing to join is one piece too, inside which offsets only shift: ten times as fast.
_PIECE = regex.compile(
    r"[\x00-\x7f]+(?![^\x00-\x7f])|(?s:.)[\p{M}\u1160-\u11ff\u3131-\u318e\uff9e\uff9f\uffa0-\uffdc\u00ad\u200c\u200d]*"
)


def clean(text: str) -> str:
    """Return `text` as it is kept: surrogate pairs joined, lone surrogates U+FFFD, line ends LF, no controls but tab.

    Control characters go because a post is shown in terminals, where they are commands; vertical tab, form feed and
    NEL end lines. Idempotent. Every text passes here once, at the door; every offset refers to the result.
    """
    # The quick way: no control, no surrogate, no line end but LF.
    if text.isprintable() or ("\n" in text and text.replace("\n", " ").isprintable()):
        return text
    if not text.isascii() and _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if _CONTROL.search(text):
        text = _CONTROL.sub("", _LINE_END.sub("\n", text))
    return text


def fold(text: str) -> str:
    """Return `text` as watched terms and names are compared: NFKC, then casefold, then NFKC again. Idempotent.

    What is invisible inside words goes (soft hyphens, zero width joiners), as in Unicode's NFKC_Casefold. Marks stay:
    stripping them would destroy words outside Latin, Greek and Cyrillic. Length may change; `Alignment` leads back.
    """
    if text.isascii():
        return text.lower()
    # Three looks, since `replace` costs five times as much as `in`, and this is on the way of every post.
    if "\u00ad" in text or "\u200c" in text or "\u200d" in text:
        text = _IGNORED.sub("", text)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=16_384)
def _folded_length(piece: str) -> int:
    return len(fold(piece))


class Alignment:
    """Maps offsets in `fold(text)` back to offsets in `text`; made only where something was found.

    Folding is not a map from character to character (ﬁ gives two letters, e + acute may give one), so
    the text is cut at places that normalisation cannot cross (starters) and each piece is folded alone.
    An offset inside a piece leads to the piece's bounds (in a run of ASCII to its own place): starts go
    down, ends go up, so the span that comes back always covers what was found.
    """

    def __init__(self, text: str) -> None:
        self._identity = text.isascii()
        if self._identity:
            return
        self._original: list[int] = []
        self._folded: list[int] = []
        self._shifted: set[int] = set()
        at = 0
        folded_at = 0
        for piece in _PIECE.findall(text):
            self._original.append(at)
            self._folded.append(folded_at)
            at += len(piece)
            if piece.isascii():
                self._shifted.add(len(self._original) - 1)
                folded_at += len(piece)
            else:
                folded_at += _folded_length(piece) if len(piece) <= 8 else len(fold(piece))
        self._original.append(at)
        self._folded.append(folded_at)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return (start, end) in the original for a non-empty half-open span of the folded text."""
        if self._identity:
            return start, end
        first = bisect_right(self._folded, start) - 1
        last = bisect_right(self._folded, end - 1) - 1
        begin, finish = self._original[first], self._original[last + 1]
        if first in self._shifted:
            begin += start - self._folded[first]
        if last in self._shifted:
            finish = self._original[last] + end - self._folded[last]
        return begin, finish
