"""A text, prepared once for every lookup: its tokens, their keys, and where they stand in the original. Pure.

Tokens are compared folded (`overheard.text.fold`) and, in Latin, Greek and Cyrillic letters, without accents:
who types "Jose Garcia" means José García. In scripts written without spaces (Han, kana, Thai, ...)
and in Hangul, where particles grow on words, each character is a token of its own, so that a name is found inside
a sentence there.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, islice

import regex

from overheard.matcher.names.spelling import look_alikes_mended, name_keys
from overheard.text import Alignment, fold

_RUNS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# What nobody sees inside a word: joiners, marks of direction, variation selectors. Folding takes others away.
_UNSEEN = "\u034f\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
_LETTER = rf"(?:(?![{_RUNS}{_UNSEEN}])[\w\p{{M}}])"
TOKEN = regex.compile(rf"[{_RUNS}]\p{{M}}*|{_LETTER}+(?:[{_UNSEEN}]+{_LETTER}+)*")
_UNSEEN_CHARS = re.compile(f"[{_UNSEEN}]+")
_ASCII_TOKEN = re.compile(r"\w+")
# The same as groups: to split by them gives what is between two tokens as well, and where each stands, in one walk.
_PARTS, _ASCII_PARTS = regex.compile(f"({TOKEN.pattern})"), re.compile(r"(\w+)")
CHARACTERWISE = regex.compile(rf"[{_RUNS}]")
_ACCENT = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}*)\p{Mn}")
# Letters that Unicode does not take apart and keyboards without them write so.
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"})
# Longer "words" are noise (base64, keys); both sides of every comparison are cut alike.
_TOKEN_LENGTH = 64
# A name that stands in a text again and again is looked at so many times: nobody's text may cost more than that.
PLACES = 10

# Between two words of any phrase. A full stop and a space are so only after an abbreviation (`Text.find`).
_PHRASE = re.compile(r"[ \t\u200b]*\n?[ \t\u200b]*|[ \n]?[&+/‐‑–-][ \n]?|['’ʼ·]|\.[ \n]?")
_DOTTED = re.compile(r"\w\.\w")


def tokens(folded: str) -> list[str]:
    """Return the tokens of folded text, in order, without accents; each of at most 64 characters."""
    return _cut(_ASCII_TOKEN.findall(folded)) if folded.isascii() else _plain(TOKEN.findall(folded))


def _cut(found: list[str]) -> list[str]:
    return found if max(map(len, found), default=0) <= _TOKEN_LENGTH else [token[:_TOKEN_LENGTH] for token in found]


def _plain(found: list[str]) -> list[str]:
    return [token if token.isascii() else without_accents(token) for token in _cut(found)]


@lru_cache(maxsize=16_384)
def opening(words: str) -> str:
    """Return the first token of a phrase, as texts have it; "", which no text has, where there is none."""
    return next(iter(tokens(fold(words))), "")


@lru_cache(maxsize=16_384)
def without_accents(token: str) -> str:
    """Return a token without the accents of Latin, Greek and Cyrillic letters; marks of other scripts are letters.

    What is unseen inside it goes, and letters of other alphabets that only look Latin are Latin ones in a Latin word.
    """
    token = look_alikes_mended(_UNSEEN_CHARS.sub("", token))
    plain = _ACCENT.sub("", unicodedata.normalize("NFD", token.translate(_PLAIN_LETTERS)))
    return unicodedata.normalize("NFC", plain)


class Text:
    """A mention's text, prepared once for every lookup. Offsets that it returns refer to `original`."""

    def __init__(self, original: str) -> None:
        self.original = original
        self.folded = folded = fold(original)
        # What is before the first token, the token, what is before the second, the token, ..., what is after the last.
        self._parts: list[str] = (_ASCII_PARTS if folded.isascii() else _PARTS).split(folded)
        found = self._parts[1::2]
        self.tokens = _cut(found) if folded.isascii() else _plain(found)

    @cached_property
    def keys(self) -> list[str]:
        """The key of each token (`spelling.name_key`): what names are looked up and mentions are filed by."""
        return name_keys(self.tokens)

    @cached_property
    def key_places(self) -> "Places":
        """Positions of each key."""
        return Places(self.keys)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The distinct tokens."""
        return frozenset(self.tokens)

    @cached_property
    def places(self) -> "Places":
        """Positions of each token."""
        return Places(self.tokens)

    @cached_property
    def has_dotted_word(self) -> bool:
        """True where a full stop stands inside a word, as in every domain."""
        return _DOTTED.search(self.folded) is not None

    @cached_property
    def _bounds(self) -> list[int]:
        """Start and end of each token in the folded text, one after the other: a pair for each would be an object."""
        return list(accumulate(map(len, self._parts)))

    @cached_property
    def _alignment(self) -> Alignment | None:
        """The way back to the original; None where offsets are the same."""
        return None if self.original.isascii() else Alignment(self.original)

    @cached_property
    def has_title_case(self) -> bool:
        """True for headlines and shouting, where capitals tell nothing."""
        return _is_title_case(*self._capitals)

    @cached_property
    def _capitals(self) -> tuple[int, int]:
        return _capitals(self.original)

    def has_title_case_without(self, *spans: tuple[int, int]) -> bool:
        """True where the text but for these spans of names, [start, end) each, has title case."""
        words, capital = self._capitals
        for start, end in spans:
            fewer, less = _capitals(self.original[start:end])
            words, capital = words - fewer, capital - less
        return _is_title_case(words, capital)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return [start, end) in the original of tokens `first` to `last`, both inclusive."""
        start, end = self._bounds[2 * first], self._bounds[2 * last + 1]
        return (start, end) if self._alignment is None else self._alignment.span(start, end)

    def written(self, i: int) -> str:
        """Return token i folded as it is written, with its accents."""
        return self._parts[2 * i + 1]

    def gap(self, i: int) -> str:
        """Return the folded text between token i and the next, without what nobody sees."""
        gap = self._parts[2 * i + 2]
        return gap if gap.isascii() else _UNSEEN_CHARS.sub("", gap)

    def between(self, i: int, j: int) -> str:
        """Return the folded text between tokens i and j."""
        return "".join(self._parts[2 * i + 2 : 2 * j + 1])

    def spelling(self, first: int, last: int) -> str:
        """Return the original text of tokens `first` to `last`."""
        start, end = self.span(first, last)
        return self.original[start:end]

    def find(self, phrase: Sequence[str], join: Callable[[int, str], bool] | None = None) -> list[int]:
        """Return the positions of the first token of each place where `phrase` stands, up to `PLACES`.

        What is between its words must join them ("Home Depot", not "home. Depot"); `join`, given the number of a word
        and the text after it, may ask for more.
        """
        if not phrase or phrase[0] not in self.vocabulary:
            return []
        length = len(phrase)
        wanted = list(phrase)
        places = (
            at
            for at in self.places.of(phrase[0])
            if self.tokens[at : at + length] == wanted
            and all(self._joins(at + i) and (join is None or join(i, self.gap(at + i))) for i in range(length - 1))
        )
        return list(islice(places, PLACES))

    def _joins(self, i: int) -> bool:
        gap = self.gap(i)
        return bool(_PHRASE.fullmatch(gap)) and not (len(gap) > 1 and gap[0] == "." and len(self.tokens[i]) > 2)


class Places:
    """Where each word of a list stands. Nearly all stand once; only for others is the list looked through."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        numbers = range(len(words))
        self._last = dict(zip(words, numbers, strict=True))
        self._first = dict(zip(reversed(words), reversed(numbers), strict=True))

    def __contains__(self, word: str) -> bool:
        return word in self._last

    def of(self, word: str) -> list[int]:
        """Return the positions of a word, in order; empty where it is none of them."""
        last = self._last.get(word)
        if last is None:
            return []
        first = self._first[word]
        return [i for i in range(first, last + 1) if self._words[i] == word] if first != last else [last]


def _capitals(text: str) -> tuple[int, int]:
    """Return how many words of four letters and more there are, and how many of them have a capital."""
    words = [word for word in text.split() if len(word) > 3 and word[0].isalpha()]
    return len(words), sum(word[0].isupper() for word in words)


def _is_title_case(words: int, capital: int) -> bool:
    """True where most of the words of four letters and more are capitalised, and there are some."""
    return words >= 3 and capital > 0.7 * words
