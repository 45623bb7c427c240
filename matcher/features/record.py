"""Evidence that two records are of one person: each field that both have, by how well it agrees.

Fellegi and Sunter's model (A Theory for Record Linkage, 1969): a level of agreement weighs ln(m / u), m being how often
two records of one person agree so, u how often records of two people do. m is by general experience with typing, moving
and changing jobs; u is counted in the lists at hand where they tell (a common family name weighs less than a rare one),
with what is usual as a thousand further records (`Frequencies`). Nothing here is fitted to a data set.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from overheard.identities import identities_of_contact, is_placeholder, normal_email, normal_phone
from overheard.matcher.names.organisations import organisation_key, organisations_alike, site_domain
from overheard.matcher.names.person import HONORIFICS, SUFFIXES, person_name
from overheard.matcher.names.rarity import share_of
from overheard.matcher.names.spelling import likeness
from overheard.matcher.names.text import tokens
from overheard.records import Contact
from overheard.text import fold

# So many records of the world beside those at hand, with each value as often as is usual: three rows of a list say
# little of how common a name is.
_PRIOR = 1_000
# Tokens of a name that are looked at.
_NAME_TOKENS = 6
_SHORTEST_PHONE = 7
# However rare a name is, relatives and those who spell alike have it too.
_RAREST = 1 / 3_000

_STREET_WORDS = {
    "st": "street", "str": "street", "straße": "strasse", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane",
    "dr": "drive", "pl": "place", "ct": "court", "crt": "court", "cres": "crescent", "cct": "circuit", "hwy": "highway",
    "blvd": "boulevard", "sq": "square", "tce": "terrace", "pde": "parade", "apt": "apartment", "bldg": "building",
    "marg": "road", "no": "", "nr": "near", "opp": "opposite",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A contact as it is compared: everything folded, placeholders and empty values left out.

    `names` are the tokens of its name without honorifics and what stands after names. `ids` are other systems' ids, one
    a system; that of the record itself says only that it is another record. `sites` are its own pages, not platforms.
    """

    contact: Contact
    names: tuple[str, ...]
    generation: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    ids: Mapping[str, str]
    handles: Mapping[str, str]
    sites: tuple[str, ...]
    birthday: date | None
    organisation: tuple[str, ...]
    title: str
    street: tuple[str, ...]
    postal_code: str
    place: str
    region: str
    country: str


def row_of(contact: Contact, *, same_ids: bool = False) -> Row:
    """Return a contact prepared for being compared. `same_ids`: the record's own id counts as another system's does."""
    claimed = identities_of_contact(contact)
    emails = (value for one in contact.emails if (value := normal_email(one)))
    parsed = person_name(contact.name)
    kept = contact.external_ids if same_ids else contact.external_ids[1:]
    return Row(
        contact=contact,
        names=_name_tokens(contact.name),
        generation=parsed.generation if parsed else "",
        emails=tuple(dict.fromkeys(one for one in emails if not is_placeholder(f"email:email:{one}"))),
        phones=tuple(dict.fromkeys(value for one in contact.phones if (value := _phone(one)))),
        ids={one.system: _plain(one.value) for one in kept if _plain(one.value)},
        handles={one.platform: one.value for one in claimed if one.type == "handle" and not is_placeholder(one.key)},
        sites=tuple(one.value for one in claimed if one.type == "url" and site_domain(one.value)),
        birthday=contact.birthday,
        organisation=organisation_key(contact.organisation),
        title=" ".join(tokens(fold(contact.title))),
        street=_street(contact.street),
        postal_code=_plain(contact.postal_code),
        place=" ".join(tokens(fold(contact.place))),
        region=" ".join(tokens(fold(contact.region))),
        country=" ".join(tokens(fold(contact.country))),
    )


def _name_tokens(name: str) -> tuple[str, ...]:
    found = tokens(fold(name))
    kept = [one for one in found if one not in HONORIFICS and one not in SUFFIXES]
    return tuple((kept or found)[:_NAME_TOKENS])


def _phone(written: str) -> str:
    """Return a number as E.164, else its digits: lists name no country."""
    digits = "".join(c for c in written if c.isdecimal())
    return normal_phone(written) or (digits if len(digits) >= _SHORTEST_PHONE else "")


def _plain(value: str) -> str:
    return "".join(c for c in fold(value) if c.isalnum())


def _street(street: str) -> tuple[str, ...]:
    return tuple(word for one in tokens(fold(street)) if (word := _STREET_WORDS.get(one, one)))


class Frequencies:
    """How often a value stands in the lists at hand: u of an agreement on it. A function of the set of rows."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._counts: dict[str, Counter[object]] = defaultdict(Counter)
        self.size = 0
        for row in rows:
            self.size += 1
            for field, values in _values(row):
                self._counts[field].update(set(values))

    def share(self, field: str, value: object, usual: float) -> float:
        """Return the share of other records that have a value; `usual` is that of a typical value of the field.

        The two records that agree on it are not counted: how many others do tells how much that says.
        """
        others = max(self._counts[field][value] - 2, 0) if field in self._counts else 0
        return (others + _PRIOR * usual) / (_PRIOR + self.size)


def _values(row: Row) -> Iterator[tuple[str, Iterable[object]]]:
    yield "name", row.names
    yield "e-mail", row.emails
    yield "phone", row.phones
    yield "site", row.sites
    yield "birthday", (row.birthday,) if row.birthday else ()
    yield "organisation", (row.organisation,) if row.organisation else ()
    for field, value in (
        ("title", row.title), ("street", row.street), ("postal code", row.postal_code), ("place", row.place),
        ("region", row.region), ("country", row.country),
    ):  # fmt: skip
        yield field, (value,) if value else ()


@dataclass(frozen=True, slots=True)
class RecordCase:
    """Two records that may be of one person, and how common their values are."""

    a: Row
    b: Row
    frequencies: Frequencies


class Level(NamedTuple):
    """How often a field agrees so, of two records of one person (`m`) and of two people (`u`)."""

    m: float
    u: float


class Agreement(NamedTuple):
    """How a field agrees: the name of the level, the two values, and u where the lists tell it (else the level's)."""

    level: str
    a: str
    b: str
    u: float = 0.0


@dataclass(frozen=True, slots=True)
class RecordFeature:
    """A function that says at which level two records agree on a field, and what each level weighs.

    `fact`: an agreement that is none of the name; a name alone proves nobody. `group`: fields that agree together, as
    those of one address do: of a group the most telling counts whole, the others a quarter. `shared`: u by level of two
    people of one house or firm, who have all in common that is not named there; None where it is as of strangers.
    `veto`: a level that rules out one person whatever else agrees.
    """

    find: Callable[[RecordCase], Iterable[Agreement]]
    levels: Mapping[str, Level]
    fact: bool = True
    group: str = ""
    shared: Mapping[str, float] | None = None
    veto: str = ""

    @property
    def name(self) -> str:
        """The function's name, in words."""
        return self.find.__name__.replace("e_mail", "e-mail").replace("_", " ")


def name(case: RecordCase) -> Iterator[Agreement]:
    """The words of both names put side by side, in any order; a word that only one has says nothing."""
    left, right = list(case.a.names), list(case.b.names)
    if not left or not right:
        return
    options = []
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            if level := _alike(one, other):
                u = NAME_LEVELS[level].u
                if level != "same initial":
                    share = max(case.frequencies.share("name", word, _usual(word)) for word in (one, other))
                    u = share if level == "same" else max(u, share)
                options.append((math.log(NAME_LEVELS[level].m / u), -i, -j, level, u))
    used_left: set[int] = set()
    used_right: set[int] = set()
    for _, i, j, level, u in sorted(options, reverse=True):
        if i not in used_left and j not in used_right:
            used_left.add(i)
            used_right.add(j)
            yield Agreement(level, left[-i], right[-j], u)
    rest_left = [one for i, one in enumerate(left) if -i not in used_left]
    rest_right = [one for j, one in enumerate(right) if -j not in used_right]
    for one, other in zip(rest_left[:2], rest_right[:2], strict=False):
        yield Agreement("other", one, other)


def _usual(word: str) -> float:
    """Return the share of people with a word in their names: as a table says, and at least one in three thousand."""
    return max(share_of(word) or NAME_LEVELS["same"].u, _RAREST)


_DIGITS = re.compile(r"\d")


@lru_cache(maxsize=65_536)
def _alike(one: str, other: str) -> str:
    """Return the level at which two words of a name agree, "" where they do not. Other digits are no slip: Shop 14."""
    if one != other and _DIGITS.findall(one) != _DIGITS.findall(other):
        return ""
    level = _BY_LIKENESS[likeness(one, other)]
    if level == "same" and len(one) == 1 and one.isascii():
        return "same initial"
    if level:
        return level
    if _typed_alike(one, other):
        return "spelled alike"
    return "spelled somewhat alike" if min(len(one), len(other)) >= 4 and _somewhat_alike(one, other) else ""


_BY_LIKENESS = {
    "exact": "same", "accents": "same", "transliteration": "in another script", "spelling": "another spelling",
    "nickname": "nickname", "initial": "same initial", "typo": "spelled alike", "different": "",
}  # fmt: skip


def _somewhat_alike(one: str, other: str) -> bool:
    return OSA.normalized_similarity(one, other) >= 0.6 or sorted(one) == sorted(other)


def _typed_alike(one: str, other: str) -> bool:
    """True where a slip of the hand lies between two words, two in long ones; or one is cut short."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 4 and longer.startswith(shorter):
        return True
    slips = OSA.distance(one, other, score_cutoff=2)
    return slips <= (2 if len(shorter) >= 6 else 1) and len(longer) >= 4


def generation(case: RecordCase) -> Iterator[Agreement]:
    """Both names say of which generation they are: Jr. and Sr. are two people."""
    if case.a.generation and case.b.generation:
        level = "same" if case.a.generation == case.b.generation else "other"
        yield Agreement(level, case.a.generation, case.b.generation)


def external_id(case: RecordCase) -> Iterator[Agreement]:
    """What a third system calls them: a customer's, tax or social security number."""
    for system in sorted(case.a.ids.keys() & case.b.ids.keys()):
        one, other = case.a.ids[system], case.b.ids[system]
        slip = len(one) >= 6 and OSA.distance(one, other, score_cutoff=1) <= 1
        level = "same" if one == other else "nearly the same" if slip else "other"
        yield Agreement(level, _as_written(case.a.contact, system, one), _as_written(case.b.contact, system, other))


def _as_written(contact: Contact, system: str, id_: str) -> str:
    """Return an id as the record has it, after the system's name where it does not begin so itself: POLICY-1001."""
    ids = (one.value for one in contact.external_ids if one.system == system)
    written = next((one for one in ids if _plain(one) == id_), id_)
    return written if _plain(written).startswith(_plain(system)) else f"{system} {written}"


def e_mail(case: RecordCase) -> Iterator[Agreement]:
    """The addresses that agree best; those that many share by their name (info@) are none."""
    if not case.a.emails or not case.b.emails:
        return
    order = list(EMAIL_LEVELS)
    pairs = ((one, other) for one in case.a.emails for other in case.b.emails)
    found = min((order.index(_emails_alike(case, *pair)), *pair) for pair in pairs)
    level, one, other = order[found[0]], found[1], found[2]
    u = case.frequencies.share("e-mail", one, EMAIL_LEVELS["same"].u) if level == "same" else 0.0
    yield Agreement(level, one, other, u)


def _emails_alike(case: RecordCase, one: str, other: str) -> str:
    if one == other:
        return "same"
    (box, _, host), (other_box, _, other_host) = one.partition("@"), other.partition("@")
    if box == other_box and host != other_host:
        words = [*case.a.names, *case.b.names]
        letters = "".join(c for c in box if c.isalpha())
        named = any(len(word) > 1 and word in letters for word in words)
        return "same mailbox elsewhere, called by the name" if named and letters == box else "same mailbox elsewhere"
    if len(box) >= 5 and OSA.distance(one, other, score_cutoff=2) <= 2:
        return "nearly the same"
    return "other"


def phone(case: RecordCase) -> Iterator[Agreement]:
    """The numbers that agree best; a switchboard's, which many have, says little."""
    if not case.a.phones or not case.b.phones:
        return
    shared = sorted(set(case.a.phones) & set(case.b.phones))
    if shared:
        u, best = min((case.frequencies.share("phone", one, PHONE_LEVELS["same"].u), one) for one in shared)
        yield Agreement("same", best, best, u)
        return
    one, other = min(
        ((one, other) for one in case.a.phones for other in case.b.phones),
        key=lambda pair: (OSA.distance(*pair), pair),
    )
    near = len(one) == len(other) and OSA.distance(one, other) == 1
    yield Agreement("nearly the same" if near else "other", one, other)


def handle(case: RecordCase) -> Iterator[Agreement]:
    """Their accounts on one platform: people have one, seldom two."""
    for platform in sorted(case.a.handles.keys() & case.b.handles.keys()):
        one, other = case.a.handles[platform], case.b.handles[platform]
        yield Agreement("same" if one == other else "other", f"{platform} {one}", f"{platform} {other}")


def site(case: RecordCase) -> Iterator[Agreement]:
    """A page of their own that both have; an employer's, which colleagues share, says little."""
    shared = sorted(set(case.a.sites) & set(case.b.sites))
    if shared:
        u, best = min((case.frequencies.share("site", one, SITE_LEVELS["same"].u), one) for one in shared)
        yield Agreement("same", best, best, u)


def birthday(case: RecordCase) -> Iterator[Agreement]:
    """The day of birth, with what goes wrong in it: a slip, day and month swapped, one part mistaken."""
    one, other = case.a.birthday, case.b.birthday
    if one is None or other is None:
        return
    level, u = _days_alike(one, other), 0.0
    if level == "same":
        u = case.frequencies.share("birthday", one, BIRTHDAY_LEVELS["same"].u)
    yield Agreement(level, one.isoformat(), other.isoformat(), u)


def _days_alike(one: date, other: date) -> str:
    if one == other:
        return "same"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "day and month swapped"
    slips = OSA.distance(f"{one.year:04}{one:%m%d}", f"{other.year:04}{other:%m%d}", score_cutoff=2)
    if slips == 1:
        return "one slip"
    equal = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    if equal == 2:
        return "two parts of three"
    if abs((one - other).days) <= 31:
        return "within a month"
    return "two slips" if slips == 2 else "other"


def organisation(case: RecordCase) -> Iterator[Agreement]:
    """The employers' names, without legal forms; people change jobs."""
    one, other = case.a.organisation, case.b.organisation
    if not one or not other:
        return
    level, u = "other", 0.0
    if one == other:
        level, u = "same", case.frequencies.share("organisation", one, ORGANISATION_LEVELS["same"].u)
    elif organisations_alike(case.a.contact.organisation, case.b.contact.organisation):
        level = "alike"
    yield Agreement(level, case.a.contact.organisation, case.b.contact.organisation, u)


def title(case: RecordCase) -> Iterator[Agreement]:
    """The same title."""
    if case.a.title and case.a.title == case.b.title:
        u = case.frequencies.share("title", case.a.title, TITLE_LEVELS["same"].u)
        yield Agreement("same", case.a.contact.title, case.b.contact.title, u)


def street(case: RecordCase) -> Iterator[Agreement]:
    """Street and number, whatever way they are written."""
    one, other = case.a.street, case.b.street
    if not one or not other:
        return
    level, u = "other", 0.0
    if sorted(one) == sorted(other):
        level, u = "same", case.frequencies.share("street", one, STREET_LEVELS["same"].u)
    elif fuzz.token_sort_ratio(" ".join(one), " ".join(other)) >= 80 or _holds(one, other):
        level = "alike"
    elif fuzz.token_set_ratio(" ".join(one), " ".join(other)) >= 80:
        level = "partly"
    yield Agreement(level, case.a.contact.street, case.b.contact.street, u)


def _holds(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """True where the one says all that the other does, three words at least: a floor or suburb was left out."""
    shorter, longer = sorted((set(one), set(other)), key=len)
    return len(shorter) >= 3 and shorter <= longer


def postal_code(case: RecordCase) -> Iterator[Agreement]:
    """The postal code; a slip in it is one digit or two swapped."""
    yield from _written(case, "postal code", (case.a.postal_code, case.b.postal_code), POSTAL_LEVELS)


def place(case: RecordCase) -> Iterator[Agreement]:
    """The town."""
    yield from _written(case, "place", (case.a.place, case.b.place), PLACE_LEVELS)


def region(case: RecordCase) -> Iterator[Agreement]:
    """The state or province."""
    yield from _written(case, "region", (case.a.region, case.b.region), REGION_LEVELS)


def country(case: RecordCase) -> Iterator[Agreement]:
    """The country."""
    if case.a.country and case.a.country == case.b.country:
        u = case.frequencies.share("country", case.a.country, COUNTRY_LEVELS["same"].u)
        yield Agreement("same", case.a.country, case.b.country, u)


def _written(case: RecordCase, field: str, values: tuple[str, str], levels: Mapping[str, Level]) -> Iterator[Agreement]:
    one, other = values
    if not one or not other:
        return
    if one == other:
        yield Agreement("same", one, other, case.frequencies.share(field, one, levels["same"].u))
    else:
        slips = 2 if min(len(one), len(other)) >= 6 else 1
        near = len(one) > 2 and OSA.distance(one, other, score_cutoff=slips) <= slips
        yield Agreement("nearly the same" if near else "other", one, other)


# Where a level's u is counted in the lists, what stands here is that of a typical value: of names one that no table of
# `rarity` knows, of days one of the birthdays of seventy years.
NAME_LEVELS = {
    "same": Level(0.82, 3e-3),
    "another spelling": Level(0.08, 2e-3),
    "in another script": Level(0.9, 5e-3),  # where one of them is in another script at all
    "nickname": Level(0.3, 2e-3),  # where one of them is short for the other at all
    "spelled alike": Level(0.1, 2e-3),
    "spelled somewhat alike": Level(0.03, 4e-3),
    "same initial": Level(0.95, 0.08),  # where one of them is an initial at all
    "other": Level(0.03, 0.98),
}
GENERATION_LEVELS = {"same": Level(0.99, 0.5), "other": Level(0.01, 0.5)}
ID_LEVELS = {"same": Level(0.9, 1e-6), "nearly the same": Level(0.07, 1e-3), "other": Level(0.03, 0.999)}
# People have several addresses, so another one says little.
EMAIL_LEVELS = {
    "same": Level(0.55, 1e-6),
    "nearly the same": Level(0.08, 2e-4),
    "same mailbox elsewhere": Level(0.08, 5e-4),
    "same mailbox elsewhere, called by the name": Level(0.08, 0.02),
    "other": Level(0.3, 0.99),
}
PHONE_LEVELS = {"same": Level(0.5, 1e-5), "nearly the same": Level(0.05, 1e-3), "other": Level(0.45, 0.999)}
HANDLE_LEVELS = {"same": Level(0.95, 1e-6), "other": Level(0.05, 0.999)}
SITE_LEVELS = {"same": Level(0.5, 1e-4)}
# u of all but the first: counted in random days of seventy years.
BIRTHDAY_LEVELS = {
    "same": Level(0.87, 4e-5),
    "day and month swapped": Level(0.02, 4e-5),
    "one slip": Level(0.05, 1.2e-3),
    "two parts of three": Level(0.02, 3e-3),
    "within a month": Level(0.01, 1.2e-3),
    "two slips": Level(0.01, 0.012),
    "other": Level(0.02, 0.98),
}
ORGANISATION_LEVELS = {"same": Level(0.55, 1e-3), "alike": Level(0.1, 1e-3), "other": Level(0.35, 0.998)}
TITLE_LEVELS = {"same": Level(0.4, 0.02)}
STREET_LEVELS = {
    "same": Level(0.6, 1e-4),
    "alike": Level(0.2, 1e-3),
    "partly": Level(0.05, 0.01),
    "other": Level(0.15, 0.99),
}
POSTAL_LEVELS = {"same": Level(0.75, 1e-3), "nearly the same": Level(0.1, 0.01), "other": Level(0.15, 0.99)}
PLACE_LEVELS = {"same": Level(0.75, 5e-3), "nearly the same": Level(0.08, 5e-3), "other": Level(0.17, 0.99)}
REGION_LEVELS = {"same": Level(0.9, 0.1), "nearly the same": Level(0.02, 0.05), "other": Level(0.08, 0.9)}
COUNTRY_LEVELS = {"same": Level(0.97, 0.3)}
# Of people of one house or firm, one in twenty has the same address for mail, one in a hundred is a twin.
EMAIL_SHARED = {
    "same": 0.05,
    "nearly the same": 0.01,
    "same mailbox elsewhere": 0.01,
    "same mailbox elsewhere, called by the name": 0.02,
    "other": 0.92,
}
BIRTHDAY_SHARED = {
    "same": 0.01,
    "day and month swapped": 0.001,
    "one slip": 0.005,
    "two parts of three": 0.01,
    "within a month": 0.003,
    "two slips": 0.02,
    "other": 0.95,
}
NOTHING_SHARED: Mapping[str, float] = {}

RECORD_FEATURES: tuple[RecordFeature, ...] = (
    RecordFeature(name, NAME_LEVELS, fact=False),
    RecordFeature(generation, GENERATION_LEVELS, fact=False, veto="other"),
    RecordFeature(external_id, ID_LEVELS),
    RecordFeature(e_mail, EMAIL_LEVELS, shared=EMAIL_SHARED),
    RecordFeature(phone, PHONE_LEVELS, shared=NOTHING_SHARED),
    RecordFeature(handle, HANDLE_LEVELS),
    RecordFeature(site, SITE_LEVELS, shared=NOTHING_SHARED),
    RecordFeature(birthday, BIRTHDAY_LEVELS, shared=BIRTHDAY_SHARED),
    RecordFeature(organisation, ORGANISATION_LEVELS, group="work", shared=NOTHING_SHARED),
    RecordFeature(title, TITLE_LEVELS, group="work", shared=NOTHING_SHARED),
    RecordFeature(street, STREET_LEVELS, group="address", shared=NOTHING_SHARED),
    RecordFeature(postal_code, POSTAL_LEVELS, group="address", shared=NOTHING_SHARED),
    RecordFeature(place, PLACE_LEVELS, group="address", shared=NOTHING_SHARED),
    RecordFeature(region, REGION_LEVELS, group="address", shared=NOTHING_SHARED),
    RecordFeature(country, COUNTRY_LEVELS, fact=False, group="address", shared=NOTHING_SHARED),
)
