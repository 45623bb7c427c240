"""Whose full names may stand in a text: contacts, filed by the keys of the parts of their names. Pure, in memory."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from typing import NamedTuple, cast

from overheard.matcher.identity.multi import Multi
from overheard.matcher.names.person import PersonName, person_name
from overheard.matcher.names.sightings import LOOKBACK
from overheard.matcher.names.spelling import name_key, nickname_keys
from overheard.matcher.names.text import Text

# Places where both parts of a name stand close together that are looked at in one text; most are the full name.
_NEAR = 100
# "J. Smith" is said of nobody in particular where more contacts than this are a J. Smith. All of them are found again
# when one more or one less is, since all are filed under the same pair.
_SHARED = 256


class Named(NamedTuple):
    """A contact whose name, as the CRM has it, may stand in a text.

    `places`: where the last token of its family name does. `weak`: what stands there is initials, or a name without its
    family name, which many share.
    """

    contact: str
    written: str
    places: tuple[int, ...]
    weak: bool

    @property
    def name(self) -> PersonName:
        """The parts of the name: not looked at for most of those who share what is weak."""
        return cast("PersonName", person_name(self.written))  # what has none is not filed


class NameIndex:
    """Names of contacts, with the ways to find them in texts. A function of what was filed, not of its order."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # contact -> name as the CRM has it
        # Pairs are kept by their hash: a third of the memory, and whoever meets by it only is told apart by the name.
        self._named: Multi[int] = Multi()  # (given, family) -> contacts
        self._weak: Multi[int] = Multi()  # the same for initials and names without their family name
        self._families: dict[str, int] = {}  # last key of a form's family name -> forms filed under it
        self._givens: dict[str, int] = {}  # first key of a form's given name, or a short form of it -> the same
        self._bearers: dict[str, int] = {}  # key of the family name -> contacts

    def __len__(self) -> int:
        return len(self._names)

    def file(self, contact: str, name: str, *, add: bool) -> None:
        """File a contact's id under its name, or take it away; the name is as it was filed."""
        parsed = person_name(name)
        if parsed is None:
            return
        step = 1 if add else -1
        for given, family, weak in parsed.pairs:
            (self._weak if weak else self._named).file(hash((given, family)), contact, add)
            _count(self._families, family, step)
            for one in (given, *nickname_keys(given)):
                _count(self._givens, one, step)
        _count(self._bearers, _family_key(parsed), step)
        if add:
            self._names[contact] = name
        else:
            self._names.pop(contact, None)

    def named_in(self, text: Text) -> list[Named]:
        """Return the contacts whose given and family names stand close together in the text, in order of id."""
        named, weak = self.places_in(text)
        found = named | weak
        return [Named(id_, self._names[id_], found[id_], id_ in weak) for id_ in sorted(found)]

    def places_in(self, text: Text) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        """Return `Named.places` of the contacts of `named_in`: of those who are not `weak`, and of those who are."""
        families, givens = self._families, self._givens
        strong, shared = self._named.keys, self._weak.keys
        keys = text.keys
        # Before the family name, or directly after it: "Clinton, Hillary".
        near = [i for i, key in enumerate(keys) if key in givens]
        pairs: dict[int, list[int]] = {}
        weak: dict[int, list[int]] = {}
        if not near:
            return {}, {}
        for at, family in enumerate(keys):
            if family not in families:
                continue
            for i in near[bisect_left(near, at - LOOKBACK) :]:
                if i > at + 1:
                    break
                if i == at:
                    continue
                given = keys[i]
                for one in (given, *nickname_keys(given)):
                    pair = hash((one, family))
                    if pair in strong and len(held := pairs.setdefault(pair, [])) < _NEAR:
                        held.append(at)
                pair = hash((given, family))
                if pair in shared and len(held := weak.setdefault(pair, [])) < _NEAR:
                    held.append(at)
        # Whoever is found by several pairs stands where any of them does; nearly all are found by one.
        found: dict[str, tuple[int, ...]] = {}
        for pair, positions in pairs.items():
            _put(found, self._named.held(pair), positions)
        by_less: dict[str, tuple[int, ...]] = {}
        for pair, positions in weak.items():
            if self._weak.count(pair) <= _SHARED:
                _put(by_less, self._weak.held(pair), positions)
        for id_ in found.keys() & by_less.keys():
            _put(found, (id_,), by_less.pop(id_))
        return found, by_less

    def bearers(self, name: PersonName) -> int:
        """Return how many contacts bear the family name, as the lower end of a bucket: 0, 4, 16, 64, 256, ..."""
        return _bucket(self._bearers.get(_family_key(name), 0))

    def reach(self, name: str) -> frozenset[tuple[str, ...]]:
        """Return sets of keys of which every text that a contact of this name may touch holds one, whole.

        Where the family name's bearers are in another bucket with this contact than without, it touches all of them.
        """
        parsed = person_name(name)
        if parsed is None:
            return frozenset()
        family = _family_key(parsed)
        bearers = self._bearers.get(family, 0)
        if bearers and _bucket(bearers) != _bucket(bearers - 1):
            return parsed.required | {(key,) for key in {form.family[-1] for form in parsed.forms}}
        return parsed.required


def _put(found: dict[str, tuple[int, ...]], ids: Collection[str], positions: Iterable[int]) -> None:
    places = tuple(sorted(set(positions)))
    if not found:
        found.update(dict.fromkeys(ids, places))
        return
    for id_ in ids:
        held = found.get(id_)
        found[id_] = places if held is None else tuple(sorted({*held, *places}))


def _family_key(name: PersonName) -> str:
    return name_key(name.family[-1])


def _count(counts: dict[str, int], key: str, step: int) -> None:
    if now := counts.get(key, 0) + step:
        counts[key] = now
    else:
        counts.pop(key, None)


def _bucket(bearers: int) -> int:
    """Return the power of four at or below a count; 0 below four."""
    return 0 if bearers < 4 else 4 ** ((bearers.bit_length() - 1) // 2)
