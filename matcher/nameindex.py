"""Whose full names may stand in a text: contacts, filed by the parts of their names. Pure, in memory."""

from overheard.matcher.multi import Multi
from overheard.matcher.names import LOOKBACK, PersonName, Text, person_name

# Places where both parts of a name stand close together that are looked at in one text; most are the full name.
_NEAR = 100


class NameIndex:
    """Names of contacts, with the ways to find them in texts. A function of what was filed, not of its order."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # contact -> name as the CRM has it
        self._named: Multi[tuple[str, str]] = Multi()  # (given, family) -> contacts
        self._families: Multi[str] = Multi()  # last token of the family name -> contacts

    def file(self, contact: str, name: str, *, add: bool) -> None:
        """File a contact's id under its name, or take it away; the name is as it was filed."""
        parsed = person_name(name)
        if parsed is None:
            return
        for pair in parsed.pairs:
            self._named.file(pair, contact, add)
        self._families.file(parsed.family[-1], contact, add)
        if add:
            self._names[contact] = name
        else:
            self._names.pop(contact, None)

    def named_in(self, text: Text) -> list[tuple[str, PersonName, list[int]]]:
        """Return the contacts whose given and family names stand close together in the text, in order of id.

        With each the first places of the last token of the family name where that is so.
        """
        places: dict[tuple[str, str], list[int]] = {}
        for family in self._families.among(text.vocabulary):
            for at in text.places[family]:
                # Before it, or directly after it: "Clinton, Hillary".
                near = (*text.tokens[max(at - LOOKBACK, 0) : at], *text.tokens[at + 1 : at + 2])
                for pair in {(given, family) for given in near}:
                    if pair in self._named and len(held := places.setdefault(pair, [])) < _NEAR:
                        held.append(at)
        found: dict[str, set[int]] = {}
        for pair, positions in places.items():
            for id_ in self._named.of(pair):
                found.setdefault(id_, set()).update(positions)
        parsed = ((id_, person_name(self._names[id_])) for id_ in sorted(found))
        return [(id_, name, sorted(found[id_])) for id_, name in parsed if name]

    def reach(self, name: str) -> frozenset[tuple[str, ...]]:
        """Return sets of tokens of which every text that a contact of this name may touch holds one, whole."""
        parsed = person_name(name)
        return parsed.required if parsed else frozenset()
