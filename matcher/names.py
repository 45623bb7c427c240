# ruff: noqa: SIM905  (word lists read better as text)
"""Names of people and organisations as token sequences, and where they stand in a text.

Pure. Knows no contact and no account, only how names are written.

Token sequences are compared folded (`overheard.text.fold`) and, in Latin, Greek and Cyrillic letters, without accents:
who types "Jose Garcia" means José García. In scripts written without spaces (Han, kana, Thai, ...)
and in Hangul, where particles grow on words, each character is a token of its own, so that a name is found inside
a sentence there.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
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
_ACCENT = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}*)\p{Mn}")
# Letters that Unicode does not take apart and keyboards without them write so.
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"})
# Longer "words" are noise (base64, keys); both sides of every comparison are cut alike.
_TOKEN_LENGTH = 64
# A name that stands in a text again and again is looked at so many times: nobody's text may cost more than that.
PLACES = 10

# Written before or after a name without being part of it. Titles that tell who somebody is (Pope, President) stay.
HONORIFICS = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev fr hon capt sgt shri sri smt kum ji herr frau mme mlle m sr sra "
    "sig ing dipl".split()
)
SUFFIXES = frozenset("jr sr junior senior ii iii iv v phd md mba esq cpa cfa pmp msc bsc dds qc kc obe mbe cbe".split())
# Those of them that make another person of the same name.
GENERATIONS = frozenset("jr sr junior senior ii iii iv v".split())

# Between two words of one name: spaces or a line's end, after an initial's full stop; asterisks are bold print.
_BETWEEN = re.compile(r"\.?\*{0,2}[ \t\u200b]*\n?[ \t\u200b]*\*{0,2}")
_NICKNAME = re.compile(r""" ["“‘'(][\w.\- ]{1,20}["”’')] """)  # between given and family name: Robert "Bob" Smith
_INVERTED = re.compile(r",[ \t]{0,2}")  # between family and given name: Clinton, Hillary
# Between two words of any phrase. A full stop and a space are so only after an abbreviation (`Text.find`).
_PHRASE = re.compile(r"[ \t\u200b]*\n?[ \t\u200b]*|[ \n]?[&+/‐‑–-][ \n]?|['’ʼ·]|\.[ \n]?")
_WITHIN = re.compile(r"['’ʼ\-‐‑. ]{0,2}")  # between two tokens of one word: O'Brien, Jean-Luc
LOOKBACK = 7  # tokens from the family name back to the given name: compound given, two middle names, compound family


def tokens(folded: str) -> list[str]:
    """Return the tokens of folded text, in order, without accents; each of at most 64 characters."""
    if folded.isascii():
        return [token[:_TOKEN_LENGTH] for token in _ASCII_TOKEN.findall(folded)]
    found = _TOKEN.findall(folded)
    return [token[:_TOKEN_LENGTH] if token.isascii() else _without_accents(token[:_TOKEN_LENGTH]) for token in found]


@lru_cache(maxsize=16_384)
def _without_accents(token: str) -> str:
    """Return a token without the accents of Latin, Greek and Cyrillic letters; marks of other scripts are letters."""
    plain = _ACCENT.sub("", unicodedata.normalize("NFD", token.translate(_PLAIN_LETTERS)))
    return unicodedata.normalize("NFC", plain)


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
        return self._alignment.span(self._spans[first][0], self._spans[last][1])

    def gap(self, i: int) -> str:
        """Return the folded text between token i and the next."""
        return self.folded[self._spans[i][1] : self._spans[i + 1][0]]

    def between(self, i: int, j: int) -> str:
        """Return the folded text between tokens i and j."""
        return self.folded[self._spans[i][1] : self._spans[j][0]]

    def spelling(self, first: int, last: int) -> str:
        """Return the original text of tokens `first` to `last`."""
        start, end = self.span(first, last)
        return self.original[start:end]

    def find(self, phrase: Sequence[str], join: Callable[[int, str], bool] | None = None) -> list[int]:
        """Return the positions of the first token of each place where `phrase` stands, up to `PLACES`.

        What is between its words must join them ("Home Depot", not "home. Depot"); `join`, given the number of a word
        and the text after it, may ask for more.
        """
        length = len(phrase)
        wanted = list(phrase)
        places = (
            at
            for at in self.places.get(phrase[0] if phrase else "", ())
            if self.tokens[at : at + length] == wanted
            and all(self._joins(at + i) and (join is None or join(i, self.gap(at + i))) for i in range(length - 1))
        )
        return list(islice(places, PLACES))

    def _joins(self, i: int) -> bool:
        gap = self.gap(i)
        return bool(_PHRASE.fullmatch(gap)) and not (len(gap) > 1 and gap[0] == "." and len(self.tokens[i]) > 2)


def _capitals(text: str) -> tuple[int, int]:
    """Return how many words of four letters and more there are, and how many of them have a capital."""
    words = [word for word in text.split() if len(word) > 3 and word[0].isalpha()]
    return len(words), sum(word[0].isupper() for word in words)


def _is_title_case(words: int, capital: int) -> bool:
    """True where most of the words of four letters and more are capitalised, and there are some."""
    return words >= 3 and capital > 0.7 * words


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's full name. Words are tuples of tokens: `jean-luc` is ("jean", "luc").

    `joined` names are written without spaces and have no middle: they stand in a text as one run. Of some people the
    CRM knows initials in the place of a given name (`initials`): "K. R. Narayanan", "Ramanathan S".
    """

    given: tuple[str, ...]
    middle: tuple[tuple[str, ...], ...]
    family: tuple[str, ...]
    generation: str = ""
    joined: bool = False
    initials: bool = False

    @property
    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """The given name in tokens, in each way that it is written: K. R. is also KR."""
        return (self.given, ("".join(self.given),)) if self.initials and len(self.given) > 1 else (self.given,)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What the name is filed under: first token of the given name, last of the family name."""
        return tuple((given[0], self.family[-1]) for given in self.spellings)

    @property
    def required(self) -> frozenset[tuple[str, ...]]:
        """Sets of tokens of which every text with this full name holds one, whole."""
        return frozenset(tuple(dict.fromkeys((*given, *self.family))) for given in self.spellings)


_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_ADDED = re.compile(r"\s+[-–—|/@]\s+")


@lru_cache(maxsize=4096)
def person_name(name: str) -> PersonName | None:
    """Return the parts of a person's name, or None where it is no full name (one word, or only initials).

    Honorifics go where two words are left without them, and so does what a CRM adds in brackets or after a dash;
    "Trump, Donald" is turned, "Asha Rao, CFA" is not; "Jr." is kept as generation.
    """
    name = _ASIDE.sub(" ", name)
    head = _ADDED.split(name, maxsplit=1)[0]
    name = head if len(head.replace(",", " ").split()) > 1 else name
    before, comma, after = name.partition(",")
    if comma and after.strip():
        name = f"{before} {after}" if _is_credential(before, after) else f"{after} {before}"
    spelled = [word for word in name.split() if tokens(fold(word))]
    words = [tuple(tokens(fold(word))) for word in spelled]
    generation = ""
    while len(words) > 2 and _ends_name(words[-1], spelled[-1], comma != ""):
        if words[-1][0] in GENERATIONS:
            generation = words[-1][0]
        words.pop()
        spelled.pop()
    while len(words) > 2 and len(words[0]) == 1 and words[0][0] in HONORIFICS:
        words.pop(0)
        spelled.pop(0)
    run = [token for word in words for token in word]
    if len(run) >= 2 and all(_CHARACTERWISE.match(token) for token in run):
        return PersonName(given=tuple(run[:-1]), middle=(), family=(run[-1],), joined=True)
    if len(words) < 2:
        return None
    mixed = any(not word.isupper() for word in spelled)
    is_initials = [_is_initials(word, written, mixed) for word, written in zip(words, spelled, strict=True)]
    if sum(not one for one in is_initials) == 1 and (is_initials[0] or all(is_initials[1:])):
        at = is_initials.index(False)
        letters = tuple(letter for i, word in enumerate(words) if i != at for token in word for letter in token)
        return PersonName(given=letters, middle=(), family=words[at], generation=generation, initials=True)
    while len(words) > 2 and all(len(token) == 1 for token in words[0]):
        words.pop(0)  # J. Edgar Hoover goes by Edgar
    if all(len(token) == 1 for word in words for token in word):
        return None
    return PersonName(given=words[0], middle=tuple(words[1:-1]), family=words[-1], generation=generation)


def _is_credential(before: str, after: str) -> bool:
    """True where what follows the comma is no given name: a suffix, or capitals after a name of two words."""
    letters = "".join(char for char in after if char.isalpha())
    capitals = 2 <= len(letters) <= 8 and letters.isupper() and not before.isupper() and len(before.split()) > 1
    return capitals or set(tokens(fold(after))) <= SUFFIXES


def _ends_name(word: tuple[str, ...], spelled: str, comma: bool) -> bool:
    known = len(word) == 1 and word[0] in SUFFIXES
    return known or (comma and len(word) == 1 and len(word[0]) > 1 and spelled.isupper() and word[0] not in SUFFIXES)


def _is_initials(word: tuple[str, ...], spelled: str, mixed: bool) -> bool:
    """True for "K.", "K.R.", and KR where not the whole name is in capitals; for letters that have capitals only."""
    if all(len(token) == 1 for token in word):
        return all(token.upper() != token for token in word)
    return mixed and len(word) == 1 and len(word[0]) == 2 and spelled.isupper() and spelled.isascii()


Case = Literal["as a name", "lower"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A full name at [start, end) of the original text, tokens `first` to `last`.

    `middle` are folded middle names or initials written there. `longer` is the text of what looks like a longer name
    around it ("Donald Trump Jr", "Bill Clinton Road"), else "". `inverted`: the family name comes first.
    """

    start: int
    end: int
    first: int
    last: int
    case: Case
    middle: tuple[str, ...] = ()
    longer: str = ""
    inverted: bool = False


def find_person(text: Text, name: PersonName, places: Sequence[int] | None = None) -> list[Sighting]:
    """Return where the full name stands in the text, up to `PLACES`.

    Given name, then up to two middle names or initials, then family name, within one phrase; or the family name, a
    comma and the given name. Another name that contains it by hyphen ("Susan Rice" in "Susan Rice-Martinez") is not it.
    `places` are those of the last token of the family name that are to be looked at; None for all.
    """
    found: list[Sighting] = []
    for last in text.places.get(name.family[-1], ()) if places is None else places:
        at = last - len(name.family) + 1
        if at < 0 or text.tokens[at : last + 1] != list(name.family) or not _word(text, at, last):
            continue
        for given in name.spellings:
            if sighting := _before(text, name, given, at, last) or _after(text, name, given, at, last):
                found.append(sighting)
                break
        if len(found) == PLACES:
            break
    return found


def _before(text: Text, name: PersonName, given: tuple[str, ...], family: int, last: int) -> Sighting | None:
    """Return the sighting of a family name at tokens [family, last] with its given name before it."""
    width = len(given)
    if name.joined:
        first = family - width
        gaps = [text.gap(i) for i in range(first, family)] if first >= 0 else [""]
        run = first >= 0 and text.tokens[first:family] == list(given)
        spaced = run and sorted(gaps)[:-1] == [""] * (len(gaps) - 1) and max(gaps) in ("", " ", "·", "・")
        return _sighting(text, name, first, last) if spaced else None
    for first in range(family - width, max(family - LOOKBACK, 0) - 1, -1):
        if first >= 0 and text.tokens[first : first + width] == list(given) and _word(text, first, first + width - 1):
            if name.initials and first and len(text.tokens[first - 1]) == 1 and _BETWEEN.fullmatch(text.gap(first - 1)):
                return None  # K. R. Narayanan is not R. Narayanan
            if not _between(text, name, first + width, family):
                return None
            return _sighting(text, name, first, last, tuple(text.tokens[first + width : family]))
    return None


def _after(text: Text, name: PersonName, given: tuple[str, ...], family: int, last: int) -> Sighting | None:
    """Return the sighting of a family name with its given name after it: "Clinton, Hillary", "Ramanathan S."."""
    first, end = last + 1, last + len(given)
    if name.joined or end >= len(text.tokens) or text.tokens[first : end + 1] != list(given):
        return None
    gap = text.gap(last)
    if not (_INVERTED.fullmatch(gap) or (name.initials and _BETWEEN.fullmatch(gap) and "." not in gap)):
        return None
    if not _word(text, first, end) or not text.spelling(family, family)[0].isupper():
        return None
    # In "Bill Clinton, Hillary Swank and others" the comma parts two people.
    if family and text.gap(family - 1) == " " and text.spelling(family - 1, family - 1)[0].isupper():
        return None
    return _sighting(text, name, family, end, inverted=True)


def _between(text: Text, name: PersonName, start: int, family: int) -> bool:
    """True where tokens [start, family) can be middle names or a nickname, and everything is one phrase."""
    if start < family and _NICKNAME.fullmatch(text.between(start - 1, family)):
        return True
    known = {token for word in name.middle for token in word}
    for i in range(start - 1, family):
        gap = text.gap(i)
        inner = (i >= start and text.tokens[i] in known) or (i + 1 < family and text.tokens[i + 1] in known)
        inner = inner or (i >= start and i + 1 < family)
        if not (_BETWEEN.fullmatch(gap) or (inner and _WITHIN.fullmatch(gap))):
            return False
        if "." in gap and len(text.tokens[i]) > 2:
            return False  # the end of a sentence, not of an initial
    unknown = [i for i in range(start, family) if text.tokens[i] not in known]
    return len(unknown) <= 2 and all(len(text.tokens[i]) == 1 or text.spelling(i, i)[0].isupper() for i in unknown)


def _word(text: Text, first: int, last: int) -> bool:
    return all(_WITHIN.fullmatch(text.gap(i)) for i in range(first, last))


def _sighting(
    text: Text, name: PersonName, first: int, last: int, middle: tuple[str, ...] = (), *, inverted: bool = False
) -> Sighting | None:
    start, end = text.span(first, last)
    original = text.original
    if not name.joined:
        if start >= 2 and original[start - 1] in "-‐‑" and original[start - 2].isalpha():
            return None
        if original[end : end + 1] in ("-", "‐", "‑") and original[end + 1 : end + 2].isupper():
            return None
    edges = (original[start], text.spelling(last, last)[0])
    proper = all(char.isupper() for char in edges if char.lower() != char.upper())
    return Sighting(
        start=start,
        end=end,
        first=first,
        last=last,
        case="as a name" if proper else "lower",
        middle=middle,
        longer=_longer(text, name, first, last) if proper else "",
        inverted=inverted,
    )


def _longer(text: Text, name: PersonName, first: int, last: int) -> str:
    """Return the longer name that this one seems to be a part of, or ""."""
    if name.joined or last + 1 >= len(text.tokens):
        return ""
    after = text.tokens[last + 1]
    gap = text.gap(last)
    spelling = text.spelling(last + 1, last + 1)
    if after in GENERATIONS and gap.strip(" ,") == "" and (spelling[0].isupper() or after == "jr"):
        return "" if after == name.generation else text.spelling(first, last + 1)
    if gap != " " or after in _NOT_NAMES or not spelling[0].isupper():
        return ""
    if after in _THINGS:
        return text.spelling(first, last + 1)
    # All capitals are an acronym ("Joe Biden CEO"), which belongs to no name.
    if len(spelling) == 1 or spelling.isupper() or text.has_title_case_without(text.span(first, last + 1)):
        return ""
    return text.spelling(first, last + 1)


# What is called after people: a name with one of these is not the person's, in headlines and capitals neither.
_THINGS = frozenset(
    "road rd street avenue ave lane drive boulevard blvd highway bridge park square plaza tower towers building hall "
    "center centre stadium arena airport hospital clinic school college university academy institute library museum "
    "foundation trust fund charity award prize scholarship lecture memorial society association group holdings "
    "enterprises industries company co corp corporation inc incorporated ltd limited llc llp plc pvt gmbh ag partners "
    "associates consulting solutions technologies plumbing bakery motors".split()
)
# Capitalised in English wherever they stand, and so no sign of a longer name.
_NOT_NAMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december american english i twitter facebook republican republicans democrat democrats "
    "democratic internet covid christmas".split()
)
