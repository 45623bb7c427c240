"""Language of a text: BCP 47 code and confidence, by eldc. Knows no dialects, and no Hindi in Latin letters yet."""

import re
from typing import Final

import eldc
import regex

from overheard.records import Language

UNKNOWN: Final = Language()
# The detector is sure after some dozen words; what follows would only cost time.
MAX_CHARACTERS: Final = 2_000
# Handles, links, e-mail addresses and tags are names, not language.
_NOT_LANGUAGE = re.compile(
    r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]+|(?<!\w)[@#]\w+|(?<!\w)/?[ru]/\w+"
)
# "ok" would be Italian and "nvidia" Dutch. In a script of words a dozen letters, in Han and such four, say something.
_ENOUGH_LETTERS = 12
_ENOUGH_DENSE_LETTERS = 4
_DENSE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
# What the detector itself calls unreliable is taken where its best score is this far up; below, "und".
_SURE_ENOUGH = 0.6

eldc.init()


def language_of(text: str) -> Language:
    """Return the language of `text`, "und" with confidence 0 where it is too short or the detector is unsure.

    `confidence` is the detector's score of its first choice, halved where it calls itself unreliable.
    """
    words = text[:MAX_CHARACTERS]
    if any(mark in words for mark in "@#/.:"):
        words = _NOT_LANGUAGE.sub(" ", words)
    if not _has_letters(words):
        return UNKNOWN
    found = eldc.detect_details(words)
    score = min(1.0, found.scores.get(found.language, 0.0))
    if found.language == "und" or (not found.reliable and score < _SURE_ENOUGH):
        return UNKNOWN
    return Language(code=found.language, confidence=round(score if found.reliable else score / 2, 3))


def _has_letters(words: str) -> bool:
    """True where there are enough letters to judge by."""
    if sum(map(str.isalpha, words[:64])) >= _ENOUGH_LETTERS:
        return True
    return sum(map(str.isalpha, words)) >= _ENOUGH_LETTERS or len(_DENSE.findall(words)) >= _ENOUGH_DENSE_LETTERS
