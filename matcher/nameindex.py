"""Whose full names may stand in a text: contacts, filed by the keys of the parts of their names. Pure, in memory."""

from bisect import bisect_left
from typing import NamedTuple

from overheard.matcher.multi import Multi
from overheard.matcher.names import LOOKBACK, PersonName, Text, person_name
from overheard.matcher.spelling import name_key, nickname_keys

# Places where both parts of a name stand close together that are looked at in one text; most are the full name.
_NEAR = 100
# "J. Smith" is said of nobody in particular where more contacts than this are a J. Smith. All of them are found again
# when one more or one less is, since all are filed under the same pair.
_SHARED = 256


class Named(NamedTuple):
    """A contact whose name may stand in a text.

    `places`: where the last token of its family name does. `weak`: what stands there is initials, or a name without its
    family name, which many share.
    """

    contact: str
    name: PersonName
    places: tuple[int, ...]
    weak: bool


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
        families, givens = self._families, self._givens
        strong, shared = self._named.keys, self._weak.keys
        keys = text.keys
        # Before the family name, or directly after it: "Clinton, Hillary".
        near = [i for i, key in enumerate(keys) if key in givens]
        found: dict[str, tuple[set[int], bool]] = {}
        pairs: dict[int, list[int]] = {}
        weak: dict[int, list[int]] = {}
        if not near:
            return []
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
        for pair, positions in pairs.items():
            for id_ in self._named.of(pair):
                found.setdefault(id_, (set(), False))[0].update(positions)
        for pair, positions in weak.items():
            if self._weak.count(pair) <= _SHARED:
                for id_ in self._weak.of(pair):
                    found.setdefault(id_, (set(), True))[0].update(positions)
        named = []
        for id_ in sorted(found):
            if name := person_name(self._names[id_]):
                places_, is_weak = found[id_]
                named.append(Named(id_, name, tuple(sorted(places_)), is_weak))
        return named

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
