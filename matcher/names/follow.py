# ruff: noqa: SIM905  (word lists read better as text)
"""Later short mentions of somebody whose full name stands in the same text: "Rao", "Ms. Rao", "Asha", "she". Pure."""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from overheard.matcher.names.person import HONORIFICS
from overheard.matcher.names.sightings import Sighting
from overheard.matcher.names.text import Text

# Of one person in one text, so many are told.
MOST = 10

_PRONOUNS = ("she", "he", "her", "him", "his", "hers")
# Before a family name alone, written without being another given name.
_TITLES = HONORIFICS | frozenset(
    "ceo cto cfo coo director manager president chairman chairwoman minister senator governor judge engineer founder "
    "analyst and but or with for by to from of that when while if as so then said says asked told".split()
)


class Again(NamedTuple):
    """A short mention at [start, end) of the original text."""

    start: int
    end: int
    kind: Literal["family name", "given name", "pronoun"]


def follow(
    text: Text, people: Sequence[Sequence[Sighting]], others: Collection[tuple[int, int]] = ()
) -> list[tuple[Again, ...]]:
    """Return, for each person, where the text goes on to name them shortly: the first `MOST` places, in order.

    `people` are the persons that the text names in full, each with the places where it does; `others` spans where
    somebody sees a person, any of them. A short form that fits two of the people, or somebody else whom the text names
    by it, belongs to nobody; so does a pronoun once two persons are named.
    """
    named = [_Person(text, sightings) for sightings in people if sightings]
    covered = {i for person in named for one in person.sightings for i in range(one.first, one.last + 1)}
    found: list[list[Again]] = [[] for _ in named]
    taken: list[tuple[int, int]] = []
    for key in {key for person in named for key in (person.family, person.given)}:
        places = [i for i in text.key_places.of(key) if i not in covered]
        given = any(key == person.given for person in named)
        if any(_is_anothers(text, i, given=given) for i in places):
            continue  # "Ben Rao" beside Asha Rao: which of them a Rao is, nobody knows
        for i in places:
            fits = [n for n, person in enumerate(named) if key in (person.family, person.given) and person.first < i]
            if len(fits) == 1 and _is_name(text, i):
                start, end = text.span(i, i)
                kind: Literal["family name", "given name"] = (
                    "family name" if key == named[fits[0]].family else "given name"
                )
                found[fits[0]].append(Again(start, end, kind))
                taken.append((start, end))
    for i in sorted(i for pronoun in _PRONOUNS for i in text.places.of(pronoun)):
        before = [n for n, person in enumerate(named) if person.first < i]
        if len(before) == 1:
            start, end = text.span(i, i)
            known = [*((one.start, one.end) for one in named[before[0]].sightings), *taken]
            if all(s >= start or any(a < e and s < b for a, b in known) for s, e in others):
                found[before[0]].append(Again(start, end, "pronoun"))
    kept = iter(tuple(sorted(places)[:MOST]) for places in found)
    return [next(kept) if sightings else () for sightings in people]


class _Person:
    def __init__(self, text: Text, sightings: Sequence[Sighting]) -> None:
        self.sightings = sightings
        self.first = min(one.last for one in sightings)
        one = sightings[0]
        given, family = (one.last, one.first) if one.inverted else (one.first, one.last)
        self.given, self.family = text.keys[given], text.keys[family]


def _is_name(text: Text, i: int) -> bool:
    """True where a token is written as a name, and is no part of a longer one: not "Rao Motors"."""
    start, end = text.span(i, i)
    spelling = text.original[start:end]
    if text.original[max(start - 1, 0) : start] in ("@", "#"):
        return False
    if not spelling[0].isupper() and spelling[0].lower() != spelling[0].upper():
        return False
    if len(text.tokens[i]) < 2 or i + 1 >= len(text.tokens) or text.gap(i) != " " or text.has_title_case:
        return len(text.tokens[i]) > 1
    return not text.spelling(i + 1, i + 1)[0].isupper()


def _is_anothers(text: Text, i: int, *, given: bool) -> bool:
    """True where a capitalised word beside it, in one phrase, makes it another person's name: Ben Rao, Asha Bhosle."""
    if given and i + 1 < len(text.tokens) and text.gap(i) == " " and not text.has_title_case:
        after = text.spelling(i + 1, i + 1)
        if len(after) > 1 and after[0].isupper() and not after.isupper() and _is_capital(text, i):
            return True
    if i == 0 or text.gap(i - 1) not in (" ", ". ") or not _is_capital(text, i) or not _is_capital(text, i - 1):
        return False
    before = text.tokens[i - 1]
    if before in _TITLES or (text.gap(i - 1) == ". " and len(before) > 1):
        return False
    if len(before) == 1 and i > 1 and len(text.tokens[i - 2]) == 1:
        return True  # P. V. Rao
    begins = i == 1 or any(char in ".!?:\n" for char in text.gap(i - 2))
    return not begins or len(before) > 3


def _is_capital(text: Text, i: int) -> bool:
    return text.spelling(i, i)[0].isupper()
