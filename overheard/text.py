"""Text: made clean once at the door, folded for comparison, with the way back to the original offsets.

Knows nothing of tokens or search; the analyser of the index is in `overheard.index`.
All offsets are in Unicode code points, half-open: `text[start:end]`.
"""

import re
import unicodedata
from bisect import bisect_right

_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return `text` as it is kept: lone surrogates become U+FFFD, NUL is removed, line ends are LF.

    Idempotent. Every text passes here once, at the door; every offset refers to the result.
    """
    if "\x00" in text:
        text = text.replace("\x00", "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def fold(text: str) -> str:
    """Return `text` as watched terms and names are compared: NFKC, then casefold, then NFKC again.

    The second NFKC is Unicode's own definition of a caseless compatibility match (The Unicode
    Standard, 3.13, D146). Marks stay: stripping them would destroy words outside Latin, Greek and
    Cyrillic. Length may change; `Alignment` leads back.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


class Alignment:
    """Maps offsets in `fold(text)` back to offsets in `text`; made only where something was found.

    Folding is not a map from character to character (ﬁ gives two letters, e + acute may give one), so
    the text is cut at places that normalisation cannot cross (starters) and each piece is folded alone.
    An offset inside a piece leads to the piece's bounds: starts go down, ends go up, so the span that
    comes back always covers what was found.
    """

    def __init__(self, text: str) -> None:
        self._identity = text.isascii()
        if self._identity:
            return
        self._original: list[int] = []
        self._folded: list[int] = []
        at = 0
        folded_at = 0
        for piece in _pieces(text):
            self._original.append(at)
            self._folded.append(folded_at)
            at += len(piece)
            folded_at += len(fold(piece))
        self._original.append(at)
        self._folded.append(folded_at)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return (start, end) in the original for a non-empty half-open span of the folded text."""
        if self._identity:
            return start, end
        first = bisect_right(self._folded, start) - 1
        last = bisect_right(self._folded, end - 1)
        return self._original[first], self._original[last]


def _pieces(text: str) -> list[str]:
    """Cut `text` before every character that normalisation never joins to the one before it."""
    pieces: list[str] = []
    start = 0
    for i, char in enumerate(text):
        if i > start and _is_boundary(char):
            pieces.append(text[start:i])
            start = i
    pieces.append(text[start:])
    return pieces


def _is_boundary(char: str) -> bool:
    if char < "\u0300":
        return True
    if unicodedata.combining(char) or unicodedata.category(char).startswith("M"):
        return False
    # Hangul vowels and finals, and halfwidth marks, compose with what stands before them.
    return not ("\u1160" <= char <= "\u11ff" or "\uff9e" <= char <= "\uff9f" or "\uffa0" <= char <= "\uffdc")
