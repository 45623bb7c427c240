"""Language of a text, by its script, by eldc, and where that is unsure by a model of our own: code and confidence.

Hindi in Latin letters, mixed with English as it is typed, is a language of its own: "hi-Latn".
"""

from collections.abc import Collection
from functools import cache
from importlib.metadata import version
from typing import Final

import eldc
import regex

from overheard.enrich.letters import Letters, words_of
from overheard.enrich.smallwords import in_latin, nearer, plain
from overheard.records import Language

UNKNOWN: Final = Language()
HINDI_IN_LATIN: Final = "hi-Latn"
# The detectors are sure after some dozen words; what follows would only cost time.
MAX_CHARACTERS: Final = 2_000
# "ok" would be Italian and "nvidia" Dutch. A dozen Latin letters say something, of other scripts seven, of Han and such
# four.
_ENOUGH_LETTERS = 12
_ENOUGH_OTHER_LETTERS = 7
_ENOUGH_DENSE_LETTERS = 4
_DENSE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Devanagari}]")
# Scripts that one language is written in, or one above all others: a few letters say enough.
_OF_SCRIPT: Final = {
    "Armenian": "hy",
    "Bengali": "bn",
    "Georgian": "ka",
    "Greek": "el",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Hangul": "ko",
    "Hebrew": "he",
    "Hiragana": "ja",
    "Kannada": "kn",
    "Katakana": "ja",
    "Malayalam": "ml",
    "Tamil": "ta",
    "Telugu": "te",
    "Thai": "th",
}
# Greek; Latin with all its marks lies before, in most texts.
_FIRST_OF_SCRIPTS = "\u0370"
_ONE_LANGUAGE = regex.compile("|".join(rf"(?P<{name}>\p{{{name}}})" for name in _OF_SCRIPT))
_LETTER = regex.compile(r"\p{L}")
_LATIN = regex.compile(r"\p{Latin}")
_CYRILLIC = regex.compile(r"\p{Cyrillic}")
_DEVANAGARI = regex.compile(r"\p{Devanagari}")

# What eldc calls unreliable is taken where its best score is this far up; below, the letters are asked.
_SURE_ENOUGH = 0.6
# What eldc says, what it takes for that too, and how sure the letters must be to overrule it where the small words of
# both are as many. It has no Serbian in Latin letters, and no Indonesian: of that there is ten times as much as of
# Malay, and what is called Malay to train on is mostly Indonesian, so the letters have no say there.
_NEAR: Final[dict[str, tuple[str, float]]] = {
    "ms": ("id", 0.0),
    "hi": ("mr", 0.8),
    "mr": ("hi", 0.8),
    "sk": ("cs", 0.8),
    "cs": ("sk", 0.9),
    "da": ("no", 0.9),
    "no": ("da", 0.9),
    "hr": ("sr-latin", 0.85),
    "sr": ("mk", 0.9),
}
_EVEN: Final = 0.5
# Letters of Kazakh that Russian and Ukrainian lack, and of Macedonian that Bulgarian lacks; eldc does not know the two.
_KAZAKH = regex.compile(r"[әғқңұ]", regex.IGNORECASE)
_MACEDONIAN = regex.compile(r"[ѓќѕјљњџ]", regex.IGNORECASE)
_LETTERS_SURE = 0.75
_LETTERS_AGREE = 0.4
# The letters must be so sure of Hindi in Latin letters: the less, the more of its small words are there.
_HINDI_SURE: Final = {"two strong": 0.3, "strong": 0.35, "weak": 0.6}

eldc.init()


@cache
def letters() -> Letters:
    """Return the model of letters, read when first asked for."""
    return Letters()


def model_version() -> str:
    """Return the versions of all that has a say."""
    return f"eldc {version('eldc')}, letters {letters().version}"


def language_of(text: str) -> Language:
    """Return the language of `text`, "und" with confidence 0 where it is too short or no detector is sure.

    `confidence` is the score of the detector that decided, in [0, 1]. Handles, links and tags count for nothing.
    """
    said = plain(text[:MAX_CHARACTERS])
    if not said.isascii() and max(said) >= _FIRST_OF_SCRIPTS and (code := _by_script(said)):
        return Language(code=code, confidence=0.99)
    words = words_of(said)
    if (hindi := _hindi(words)) > 0:
        return Language(code=HINDI_IN_LATIN, confidence=round(hindi, 3))
    if not _has_letters(said):
        return UNKNOWN
    found = eldc.detect_details(said)
    score = min(1.0, found.scores.get(found.language, 0.0))
    if found.language == "und" or (not found.reliable and score < _SURE_ENOUGH):
        return _by_letters(said, words, found.scores)
    code, sure = found.language, score if found.reliable else score / 2
    if code in _IN_CYRILLIC:
        code = _in_cyrillic(said, code)
    if code in _NEAR:
        other, enough = _NEAR[code]
        ahead = nearer(words, code, other)
        if ahead < 0:
            code, sure = other, 0.8
        elif ahead == 0 and (likely := letters().probabilities(words, (code, other)).get(other, 0.0)) >= enough:
            code, sure = other, max(likely, _EVEN)
    return Language(code=_written(code), confidence=round(sure, 3))


def _hindi(words: list[str]) -> float:
    """Return how sure it is that these are Hindi in Latin letters; 0 where they are not."""
    strong, weak = in_latin(words)
    if not strong and not weak:
        return 0.0
    enough = _HINDI_SURE["two strong" if strong > 1 else "strong" if strong else "weak"]
    likely = letters().probabilities(words).get(HINDI_IN_LATIN, 0.0)
    return likely if likely >= enough else 0.0


def _by_letters(said: str, words: list[str], first: Collection[str]) -> Language:
    """Return what the letters say of a text that eldc does not know: among the languages of its script.

    They may be less sure of what is also among the `first` that eldc thought of.
    """
    classes = letters().classes
    if _DEVANAGARI.search(said):
        among = frozenset({"hi", "mr"})
    elif _CYRILLIC.search(said):
        among = _IN_CYRILLIC
    elif _LATIN.search(said):
        among = frozenset(classes) - _IN_CYRILLIC - {"hi", "mr"}
    else:
        return UNKNOWN
    likely = letters().probabilities(words, among)
    best = max(likely, key=likely.__getitem__, default="und")
    if best == "und" or likely[best] < (_LETTERS_AGREE if best in first else _LETTERS_SURE):
        return UNKNOWN
    if best in ("id", "ms"):
        return Language(code="ms" if nearer(words, "ms", "id") > 0 else "id", confidence=round(likely[best], 3))
    return Language(code=_written(best), confidence=round(likely[best], 3))


_IN_CYRILLIC: Final = frozenset({"be", "bg", "kk", "mk", "mn", "ru", "sr", "uk"})


def _written(code: str) -> str:
    """Return the code of a class of the letters model: Serbian has two of them."""
    return "sr" if code == "sr-latin" else code


def _by_script(said: str) -> str:
    """Return the language whose script at least half of the letters are; "" where there is none."""
    found: dict[str, int] = {}
    for match in _ONE_LANGUAGE.finditer(said):
        code = _OF_SCRIPT[str(match.lastgroup)]
        found[code] = found.get(code, 0) + 1
    if not found:
        return ""
    best = max(found, key=found.__getitem__)
    if found[best] < _ENOUGH_DENSE_LETTERS - 1:
        return ""
    # Japanese is written in Han too: a third of kana is enough of it.
    enough = 5 if best == "ja" else 2
    return best if enough * found[best] >= len(_LETTER.findall(said)) else ""


def _in_cyrillic(said: str, code: str) -> str:
    """Return the language where eldc says `code`, one of those written in Cyrillic."""
    if len(_KAZAKH.findall(said)) > (code == "ru"):  # in Russian texts a name of there may have one
        return "kk"
    return "mk" if code == "bg" and _MACEDONIAN.search(said) else code


def _has_letters(words: str) -> bool:
    """True where there are enough letters to judge by."""
    enough = _ENOUGH_LETTERS if _LATIN.search(words) else _ENOUGH_OTHER_LETTERS
    if sum(map(str.isalpha, words[:64])) >= enough:
        return True
    return sum(map(str.isalpha, words)) >= enough or len(_DENSE.findall(words)) >= _ENOUGH_DENSE_LETTERS
