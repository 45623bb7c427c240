"""Whose name may stand in a text with a slip of the pen in one end: contacts, filed by the other. Pure, in memory."""

from overheard.matcher.identity.multi import Multi
from overheard.matcher.names.person import ends_of_name, person_name
from overheard.matcher.names.text import Text


class SlipIndex:
    """Names of contacts by both of their ends (`ends_of_name`). A function of what was filed, not of its order."""

    def __init__(self) -> None:
        self._ends: dict[str, int] = {}  # end -> contacts that have it
        # (end, how far the other one is after it, first and last letter of that) by its hash -> contacts: a slip leaves
        # these letters right. Whoever meets by the hash only is told apart by the name.
        self._contacts: Multi[int] = Multi()

    def file(self, contact: str, name: str, *, add: bool) -> None:
        """File a contact's id under its name, or take it away; the name is as it was filed."""
        ends = ends_of_name(name)
        if not ends or ends[0] == ends[1]:
            return
        given, family = ends
        parsed = person_name(name)
        if parsed is not None and (parsed.given[0], parsed.family[-1]) == ends:
            keys = _key(given, 1, family), _key(family, -1, given)
        else:  # a title or the like stands at an end, and the parts of the name stand elsewhere
            keys = _key(given), _key(family)
        for key in keys:
            self._contacts.file(key, contact, add)
        for end in ends:
            if left := self._ends.get(end, 0) + (1 if add else -1):
                self._ends[end] = left
            else:
                self._ends.pop(end, None)

    def near(self, text: Text) -> set[str]:
        """Return the contacts of whose name one end stands in the text, and by it what may be the other, mistyped.

        Some more than those of whom that holds; it costs as much as the text has words and they have namesakes.
        """
        tokens, last = text.tokens, len(text.tokens) - 1
        contacts = self._contacts
        keys: set[int] = set()
        for end in self._ends.keys() & text.vocabulary:
            keys.add(_key(end))
            for at in text.places.of(end):
                for other in (at - 2, at - 1, at + 1, at + 2):
                    if 0 <= other <= last:
                        keys.add(_key(end, 1 if other > at else -1, tokens[other]))
        return {contact for key in keys & contacts.keys for contact in contacts.of(key)}


def _key(end: str, side: int = 0, other: str = "") -> int:
    return hash((end, side, other[:1], other[-1:]))
