# ruff: noqa: SIM905  (word lists read better as text)
"""Names of people and organisations as token sequences, and where they stand in a text.

Pure. Knows no contact and no account, only how names are written.

Token sequences are compared folded (`overheard.text.fold`). In scripts written without spaces (Han, kana, Thai, ...)
and in Hangul, where particles grow on words, each character is a token of its own, so that a name is found inside
a sentence there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Literal

import regex

from overheard.text import Alignment, fold

_RUNS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN = regex.compile(rf"[{_RUNS}]\p{{M}}*|(?:(?![{_RUNS}])[\w\p{{M}}])+")
_ASCII_TOKEN = re.compile(r"\w+")
_CHARACTERWISE = regex.compile(rf"[{_RUNS}]")
# Longer "words" are noise (base64, keys); both sides of every comparison are cut alike.
_TOKEN_LENGTH = 64
# A name that stands in a text again and again is looked at so many times: nobody's text may cost more than that.
PLACES = 10

# Written before or after a name without being part of it. Titles that tell who somebody is (Pope, President) stay.
HONORIFICS = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev fr hon capt sgt shri sri smt kum ji herr frau mme mlle m sr sra "
    "sig ing dipl".split()
)
SUFFIXES = frozenset("jr sr junior senior ii iii iv v phd md mba esq cpa dds qc kc".split())
# Those of them that make another person of the same name.
GENERATIONS = frozenset("jr sr junior senior ii iii iv v".split())

_BETWEEN = re.compile(r"[ \t\u00a0.]{1,3}|[ \t]*\n[ \t]*")  # between two words of one name
_WITHIN = re.compile(r"['’ʼ\-‐‑. ]{0,2}")  # between two tokens of one word: O'Brien, Jean-Luc
LOOKBACK = 7  # tokens from the family name back to the given name: compound given, two middle names, compound family


def tokens(folded: str) -> list[str]:
    """Return the tokens of folded text, in order; each at most 64 characters."""
    found = _ASCII_TOKEN.findall(folded) if folded.isascii() else _TOKEN.findall(folded)
    return [token[:_TOKEN_LENGTH] for token in found]


class Text:
    """A mention's text, prepared once for every lookup. Offsets that it returns refer to `original`."""

    def __init__(self, original: str) -> None:
        self.original = original
        self.folded = fold(original)
        self.tokens = tokens(self.folded)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The distinct tokens."""
        return frozenset(self.tokens)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Positions of each token."""
        places: dict[str, list[int]] = {}
        for i, token in enumerate(self.tokens):
            places.setdefault(token, []).append(i)
        return places

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        pattern = _ASCII_TOKEN if self.folded.isascii() else _TOKEN
        return [match.span() for match in pattern.finditer(self.folded)]

    @cached_property
    def _alignment(self) -> Alignment:
        return Alignment(self.original)

    @cached_property
    def has_title_case(self) -> bool:
        """True for headlines and shouting, where capitals tell nothing."""
        return _is_title_case(self.original)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return [start, end) in the original of tokens `first` to `last`, both inclusive."""
        return self._alignment.span(self._spans[first][0], self._spans[last][1])

    def gap(self, i: int) -> str:
        """Return the folded text between token i and the next."""
        return self.folded[self._spans[i][1] : self._spans[i + 1][0]]

    def spelling(self, first: int, last: int) -> str:
        """Return the original text of tokens `first` to `last`."""
        start, end = self.span(first, last)
        return self.original[start:end]

    def find(self, phrase: Sequence[str]) -> list[int]:
        """Return the positions of the first token of each place where `phrase` stands, up to `PLACES`."""
        length = len(phrase)
        wanted = list(phrase)
        places = (i for i in self.places.get(phrase[0] if phrase else "", ()) if self.tokens[i : i + length] == wanted)
        return list(islice(places, PLACES))


def _is_title_case(text: str) -> bool:
    """True where most of the words of four letters and more are capitalised, and there are some."""
    words = [word for word in text.split() if len(word) > 3 and word[0].isalpha()]
    return len(words) >= 3 and sum(word[0].isupper() for word in words) > 0.7 * len(words)


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's full name. Words are tuples of tokens: `jean-luc` is ("jean", "luc").

    `joined` names are written without spaces and have no middle: they stand in a text as one run.
    """

    given: tuple[str, ...]
    middle: tuple[tuple[str, ...], ...]
    family: tuple[str, ...]
    generation: str = ""
    joined: bool = False

    @property
    def pair(self) -> tuple[str, str]:
        """What the name is filed under: first token of the given name, last of the family name."""
        return self.given[0], self.family[-1]

    @property
    def required(self) -> tuple[str, ...]:
        """The tokens that every text with this full name holds."""
        return tuple(dict.fromkeys((*self.given, *self.family)))


@lru_cache(maxsize=4096)
def person_name(name: str) -> PersonName | None:
    """Return the parts of a person's name, or None where it is no full name (one word, or an initial and one).

    Honorifics go where two words are left without them; "Trump, Donald" is turned; "Jr." is kept as generation.
    """
    before, comma, after = name.partition(",")
    if comma and after.strip() and not set(tokens(fold(after))) <= SUFFIXES:
        name = f"{after} {before}"
    words = [found for word in fold(name).split() if (found := tuple(tokens(word)))]
    generation = ""
    while len(words) > 2 and len(words[-1]) == 1 and words[-1][0] in SUFFIXES:
        if words[-1][0] in GENERATIONS:
            generation = words[-1][0]
        words.pop()
    while len(words) > 2 and len(words[0]) == 1 and words[0][0] in HONORIFICS:
        words.pop(0)
    run = [token for word in words for token in word]
    if len(run) >= 2 and all(_CHARACTERWISE.match(token) for token in run):
        return PersonName(given=tuple(run[:-1]), middle=(), family=(run[-1],), joined=True)
    while len(words) > 2 and len(words[0]) == 1 and len(words[0][0]) == 1:
        words.pop(0)  # J. Edgar Hoover goes by Edgar
    if len(words) < 2 or (len(words[0]) == 1 and len(words[0][0]) == 1 and words[0][0].isascii()):
        return None
    return PersonName(given=words[0], middle=tuple(words[1:-1]), family=words[-1], generation=generation)


Case = Literal["as a name", "lower"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A full name at [start, end) of the original text.

    `middle` are folded middle names or initials written there. `longer` is the text of what looks like a longer name
    around it ("Donald Trump Jr", "Bill Clinton Road"), else "".
    """

    start: int
    end: int
    first: int
    last: int
    case: Case
    middle: tuple[str, ...] = ()
    longer: str = ""


def find_person(text: Text, name: PersonName) -> list[Sighting]:
    """Return where the full name stands in the text, up to `PLACES`.

    Given name, then up to two middle names or initials, then family name, within one phrase. Another name that
    contains it by hyphen ("Susan Rice" in "Susan Rice-Martinez") is not it.
    """
    found = []
    for last in text.places.get(name.family[-1], ()):
        at = last - len(name.family) + 1
        if at < len(name.given) or text.tokens[at : last + 1] != list(name.family) or not _word(text, at, last):
            continue
        first = _given(text, name, at)
        if first is not None and (sighting := _sighting(text, name, first, at, last)):
            found.append(sighting)
        if len(found) == PLACES:
            break
    return found


def _given(text: Text, name: PersonName, family: int) -> int | None:
    """Return where the given name that belongs to the family name at token `family` begins."""
    width = len(name.given)
    if name.joined:
        first = family - width
        run = text.tokens[first:family] == list(name.given) and all(not text.gap(i) for i in range(first, family))
        return first if run else None
    for first in range(family - width, max(family - LOOKBACK, 0) - 1, -1):
        if text.tokens[first : first + width] == list(name.given) and _word(text, first, first + width - 1):
            return first if _between(text, name, first + width, family) else None
    return None


def _between(text: Text, name: PersonName, start: int, family: int) -> bool:
    """True where tokens [start, family) can be middle names, and everything is one phrase."""
    known = {token for word in name.middle for token in word}
    for i in range(start - 1, family):
        gap = text.gap(i)
        if not (_BETWEEN.fullmatch(gap) or (i >= start and i + 1 < family and _WITHIN.fullmatch(gap))):
            return False
        if "." in gap and len(text.tokens[i]) > 2:
            return False  # the end of a sentence, not of an initial
    unknown = [i for i in range(start, family) if text.tokens[i] not in known]
    return len(unknown) <= 2 and all(len(text.tokens[i]) == 1 or text.spelling(i, i)[0].isupper() for i in unknown)


def _word(text: Text, first: int, last: int) -> bool:
    return all(_WITHIN.fullmatch(text.gap(i)) for i in range(first, last))


def _sighting(text: Text, name: PersonName, first: int, family: int, last: int) -> Sighting | None:
    start, end = text.span(first, last)
    original = text.original
    if not name.joined:
        if start >= 2 and original[start - 1] in "-‐‑" and original[start - 2].isalpha():
            return None
        if original[end : end + 1] in ("-", "‐", "‑") and original[end + 1 : end + 2].isupper():
            return None
    initials = (original[start], text.spelling(last, last)[0])
    proper = all(char.isupper() for char in initials if char.lower() != char.upper())
    middle = tuple(text.tokens[first + len(name.given) : family])
    return Sighting(
        start=start,
        end=end,
        first=first,
        last=last,
        case="as a name" if proper else "lower",
        middle=middle,
        longer=_longer(text, name, first, last) if proper else "",
    )


def _longer(text: Text, name: PersonName, first: int, last: int) -> str:
    """Return the longer name that this one seems to be a part of, or ""."""
    if name.joined or last + 1 >= len(text.tokens):
        return ""
    after = text.tokens[last + 1]
    gap = text.gap(last)
    if after in GENERATIONS and gap.strip(" ,") == "":
        return "" if after == name.generation else text.spelling(first, last + 1)
    if gap != " " or after in _NOT_NAMES:
        return ""
    spelling = text.spelling(last + 1, last + 1)
    start, end = text.span(first, last + 1)
    if _is_title_case(text.original[:start] + text.original[end:]):
        return ""
    # All capitals are an acronym ("Joe Biden CEO"), which belongs to no name.
    is_name = spelling[0].isupper() and len(spelling) > 1 and not spelling.isupper()
    return text.spelling(first, last + 1) if is_name else ""


# Capitalised in English wherever they stand, and so no sign of a longer name.
_NOT_NAMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december american english i twitter facebook republican republicans democrat democrats "
    "democratic internet covid christmas".split()
)
