# ruff: noqa: SIM905  (word lists read better as text)
"""Where a person's name stands in a text, in which form, and how alike it is written there. Pure."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from overheard.matcher.names.person import ENDINGS, GENERATIONS, HONORIFICS, PARTICLES, Form, FormKind, PersonName
from overheard.matcher.names.spelling import RANK, Level, in_latin, is_slip, latin_key, likeness, nickname_keys
from overheard.matcher.names.text import CHARACTERWISE, PLACES, TOKEN, Text, without_accents
from overheard.matcher.names.words import is_somebodys_name
from overheard.words import is_word

# Between two words of one name: spaces or a line's end, after an initial's full stop; asterisks are bold print.
_BETWEEN = re.compile(r"\.?\*{0,2}[ \t\u200b]*\n?[ \t\u200b]*\*{0,2}")
_NICKNAME = re.compile(r""" ["“‘'(][\w.\- ]{1,20}["”’')] """)  # between given and family name: Robert "Bob" Smith
_INVERTED = re.compile(r",[ \t]{0,2}")  # between family and given name: Clinton, Hillary
# Between two words of any phrase. A full stop and a space are so only after an abbreviation (`Text.find`).
_WITHIN = re.compile(r"['’ʼ\-‐‑. ]{0,2}")  # between two tokens of one word: O'Brien, Jean-Luc
LOOKBACK = 7  # tokens from the family name back to the given name: compound given, two middle names, compound family

_THINGS = frozenset(
    "road rd street avenue ave lane drive boulevard blvd highway bridge park square plaza tower towers building hall "
    "center centre stadium arena airport hospital clinic school college university academy institute library museum "
    "foundation trust fund charity award prize scholarship lecture memorial society association group holdings "
    "enterprises industries company co corp corporation inc incorporated ltd limited llc llp plc pvt gmbh ag partners "
    "associates consulting solutions technologies plumbing bakery motors nagar marg chowk vihar colony bhavan bhawan "
    "mandir temple yojana trophy".split()
)
_PARTNERS = frozenset("co company sons son brothers bros associates partners".split())
# Capitalised in English wherever they stand, and so no sign of a longer name.
_NOT_NAMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december american english i twitter facebook republican republicans democrat democrats "
    "democratic internet covid christmas".split()
)

Case = Literal["as a name", "lower"]


class Sighting(NamedTuple):
    """A full name at [start, end) of the original text, tokens `first` to `last`.

    `middle` are folded middle names or initials written there. `longer` is the text of what looks like a longer name
    around it ("Donald Trump Jr", "Bill Clinton Road"), else "". `inverted`: the family name comes first, with a comma
    or (`comma` is False) without. `given` and `family` say how alike the spellings are, `kind` which form was found.
    """

    start: int
    end: int
    first: int
    last: int
    case: Case
    middle: tuple[str, ...] = ()
    longer: str = ""
    inverted: bool = False
    comma: bool = False
    kind: FormKind = "full"
    given: Level = "exact"
    family: Level = "exact"

    @property
    def level(self) -> Level:
        """The less alike of the two."""
        return self.given if self.given == self.family else max(self.given, self.family, key=RANK.__getitem__)


def find_person(text: Text, name: PersonName, places: Sequence[int] | None = None) -> list[Sighting]:
    """Return where the full name stands in the text, up to `PLACES`.

    Given name, then up to two middle names or initials, then family name, within one phrase; or the family name and
    the given name. Another name that contains it by hyphen ("Susan Rice" in "Susan Rice-Martinez") is not it.
    `places` are those of the last token of the family name that are to be looked at; None for all.
    """
    found: list[Sighting] = []
    positions = text.key_places
    forms = [form for form in name.forms if form.family[-1] in positions and form.given[0] in positions]
    for form in name.forms:
        if form.kind == "full" and len(form.given) == 1 and form.family[-1] in positions:
            forms += [form._replace(given=(short,)) for short in nickname_keys(form.given[0]) if short in positions]
    keys = text.keys
    if places is None:
        places = sorted({at for last in {form.family[-1] for form in forms} for at in positions.of(last)})
    for last in places:
        for form in forms:
            if keys[last] != form.family[-1]:
                continue
            at = last - len(form.family) + 1
            if at < 0 or keys[at : last + 1] != list(form.family) or not _word(text, at, last):
                continue
            if sighting := _before(text, name, form, at, last) or _after(text, name, form, at, last):
                if not (found and sighting.first <= found[-1].last):
                    found.append(sighting)
                elif _fit(sighting) < _fit(found[-1]):
                    found[-1] = sighting
                break
        if len(found) == PLACES:
            break
    return found


def find_mistyped(text: Text, name: PersonName, places: Sequence[int]) -> list[Sighting]:
    """Return where the name stands with a slip of the pen in its given or its family name, not in both.

    `places` are those of the part that is spelled as in the CRM. The parts stand side by side, or with a middle name
    between; both have their capitals.
    """
    found = []
    ends = name.given[0], name.family[-1]
    for at in places:
        here = text.tokens[at]
        others = (at + 1, at + 2) if here == ends[0] else (at - 1, at - 2)
        for other in others:
            if not 0 <= other < len(text.tokens) or not is_slip(text.tokens[other], ends[here == ends[0]]):
                continue
            first, last = min(at, other), max(at, other)
            words = range(first, last + 1)
            if not all(text.spelling(i, i)[0].isupper() for i in words):
                continue
            if not all(_BETWEEN.fullmatch(text.gap(i)) for i in range(first, last)):
                continue
            levels: tuple[Level, Level] = ("exact", "typo") if here == ends[0] else ("typo", "exact")
            middle = tuple(text.tokens[first + 1 : last])
            form = Form((ends[0],), (ends[1],), (ends[0],), (ends[1],))
            if sighting := _sighting(text, name, form, first, last, levels, middle):
                found.append(sighting)
            break
    return found[:PLACES]


def _fit(sighting: Sighting) -> tuple[bool, bool, int, int]:
    """Return what orders sightings that overlap, the best first."""
    return sighting.kind != "full", sighting.inverted, RANK[sighting.level], sighting.first - sighting.last


def _levels(text: Text, name: PersonName, form: Form, given: slice, family: slice) -> tuple[Level, Level] | None:
    """Return how alike given and family name are to those at these tokens; None where it is another name."""
    first = _likeness(text.tokens[given], form.given_tokens)
    last = _likeness(text.tokens[family], form.family_tokens)
    worst = RANK["initial"] if form.kind == "initials" else RANK["nickname"]
    if RANK[first] > worst or RANK[last] > RANK["spelling"]:
        return None
    if "exact" in (first, last) and (name.accented or not text.folded.isascii()):
        first = _accents(text, name, given, first)
        last = _accents(text, name, family, last)
    return first, last


def _accents(text: Text, name: PersonName, part: slice, level: Level) -> Level:
    """Return "accents" for an exact level where the accents are not those of the CRM."""
    if level != "exact":
        return level
    accented = {token for word in name.accented for token in TOKEN.findall(word)}
    plain = {token for token in accented if token.isascii()}
    for i in range(part.start, part.stop):
        written = text.written(i)
        differs = written != text.tokens[i] if written not in accented else False
        if differs or (
            written == text.tokens[i] and written not in plain and written in map(without_accents, accented - {written})
        ):
            return "accents"
    return level


def _likeness(written: Sequence[str], known: Sequence[str]) -> Level:
    """Return how alike two sequences of tokens are as one part of a name: the least alike of their tokens."""
    if len(written) == len(known):
        level: Level = "exact"
        for a, b in zip(written, known, strict=True):
            one = likeness(a, b)
            if RANK[one] > RANK[level]:
                level = one
        return level
    a, b = "".join(written), "".join(known)
    if a == b:
        return "exact"
    if in_latin(a) == in_latin(b) or (latin_key(a) or a) == (latin_key(b) or b):
        return "spelling" if a.isascii() == b.isascii() else "transliteration"
    return "different"


def _before(text: Text, name: PersonName, form: Form, family: int, last: int) -> Sighting | None:
    """Return the sighting of a family name at tokens [family, last] with its given name before it."""
    width = len(form.given)
    given = list(form.given)
    if name.joined and (form.given_tokens == name.given or CHARACTERWISE.match(text.tokens[last])):
        first = family - width
        gaps = [text.gap(i) for i in range(first, family)] if first >= 0 else [""]
        run = first >= 0 and text.tokens[first:family] == list(name.given) and text.tokens[last] == name.family[-1]
        spaced = run and sorted(gaps)[:-1] == [""] * (len(gaps) - 1) and max(gaps) in ("", " ", "·", "・")
        return _sighting(text, name, form, first, last, ("exact", "exact")) if spaced else None
    for first in range(family - width, max(family - LOOKBACK, 0) - 1, -1):
        if first < 0 or text.keys[first : first + width] != given or not _word(text, first, first + width - 1):
            continue
        if name.initials or form.kind == "initials":
            if not text.spelling(first, first)[0].isupper() and text.spelling(family, last)[0].isupper():
                return None  # the s of "it's Ramanathan"
            if first and len(text.tokens[first - 1]) == 1 and _BETWEEN.fullmatch(text.gap(first - 1)):
                return None  # K. R. Narayanan is not R. Narayanan
        if not _between(text, name, first + width, family):
            return None
        levels = _levels(text, name, form, slice(first, first + width), slice(family, last + 1))
        middle = tuple(token for token in text.tokens[first + width : family] if token not in _NO_MIDDLE)
        return _sighting(text, name, form, first, last, levels, middle) if levels else None
    return None


def _after(text: Text, name: PersonName, form: Form, family: int, last: int) -> Sighting | None:
    """Return the sighting of a family name with its given name after it: "Clinton, Hillary", "Rao Asha", 王小明."""
    first, end = last + 1, last + len(form.given)
    if end >= len(text.tokens):
        return None
    if name.joined and (form.given_tokens == name.given or CHARACTERWISE.match(text.tokens[last])):
        return None
    if text.keys[first : end + 1] != list(form.given):
        return None
    gap = text.gap(last)
    comma = bool(_INVERTED.fullmatch(gap))
    if not comma and (
        not _BETWEEN.fullmatch(gap) or "." in gap or (gap == "" and not CHARACTERWISE.match(text.tokens[last]))
    ):
        return None
    if not _word(text, first, end):
        return None
    letters = text.spelling(family, family)[0], text.spelling(first, first)[0]
    if not all(char.isupper() or char.lower() == char.upper() for char in letters):
        return None
    # In "Bill Clinton, Hillary Swank and others" the comma parts two people.
    if family and text.gap(family - 1) == " " and text.spelling(family - 1, family - 1)[0].isupper():
        before = text.tokens[family - 1]
        plain = is_word(before) and not is_somebodys_name(before)  # "Yesterday Clinton, Hillary"; "Analyst Rao Asha"
        if before not in HONORIFICS and before not in PARTICLES and not plain:
            return None
    levels = _levels(text, name, form, slice(first, end + 1), slice(family, last + 1))
    if levels is None or (not comma and "nickname" in levels):
        return None
    return _sighting(text, name, form, family, end, levels, inverted=True, comma=comma)


_NO_MIDDLE = PARTICLES | ENDINGS | frozenset({"nee", "née", "geb", "born"})


def _between(text: Text, name: PersonName, start: int, family: int) -> bool:
    """True where tokens [start, family) can be middle names or a nickname, and everything is one phrase."""
    if start < family and _NICKNAME.fullmatch(text.between(start - 1, family)):
        return True
    known = {token for word in name.middle for token in word} | _NO_MIDDLE
    tokens_ = text.tokens
    for i in range(start - 1, family):
        gap = text.gap(i)
        inner = (i >= start and tokens_[i] in known) or (i + 1 < family and tokens_[i + 1] in known)
        inner = inner or (i >= start and i + 1 < family)
        if not (_BETWEEN.fullmatch(gap) or (inner and _WITHIN.fullmatch(gap))):
            return False
        if gap == "" and not CHARACTERWISE.match(tokens_[i]):
            return False
        if "." in gap and len(tokens_[i]) > 2:
            return False  # the end of a sentence, not of an initial
    unknown = [i for i in range(start, family) if tokens_[i] not in known]
    return len(unknown) <= 2 and all(len(tokens_[i]) == 1 or text.spelling(i, i)[0].isupper() for i in unknown)


def _word(text: Text, first: int, last: int) -> bool:
    return all(_WITHIN.fullmatch(text.gap(i)) for i in range(first, last))


def _sighting(  # noqa: PLR0917  (made in three places only)
    text: Text,
    name: PersonName,
    form: Form,
    first: int,
    last: int,
    levels: tuple[Level, Level],
    middle: tuple[str, ...] = (),
    *,
    inverted: bool = False,
    comma: bool = False,
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
        comma=comma,
        kind=form.kind,
        given=levels[0],
        family=levels[1],
    )


def _longer(text: Text, name: PersonName, first: int, last: int) -> str:
    """Return the longer name that this one seems to be a part of, or ""."""
    if name.joined or last + 1 >= len(text.tokens):
        return ""
    after = text.tokens[last + 1]
    gap = text.gap(last)
    spelling = text.spelling(last + 1, last + 1)
    if spelling.isascii() and CHARACTERWISE.match(text.tokens[last]):
        return ""  # 김민준 Hanbit: where one script ends, so does the name
    if after in GENERATIONS and gap.strip(" ,") == "" and (spelling[0].isupper() or after == "jr"):
        return "" if after == name.generation else text.spelling(first, last + 1)
    if gap in (" & ", " and ") and after in _PARTNERS and spelling[0].isupper():
        return text.spelling(first, last + 1)
    if gap != " " or after in _NOT_NAMES or not spelling[0].isupper():
        return ""
    for until in range(last + 1, min(last + 4, len(text.tokens))):  # "Rajiv Gandhi International Airport"
        if text.gap(until - 1) != " " or not text.spelling(until, until)[0].isupper():
            break
        if text.tokens[until] in _THINGS:
            return text.spelling(first, until)
    # All capitals are an acronym ("Joe Biden CEO"), which belongs to no name.
    if len(spelling) == 1 or spelling.isupper() or text.has_title_case_without(text.span(first, last + 1)):
        return ""
    return text.spelling(first, last + 1)
