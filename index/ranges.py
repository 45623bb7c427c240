"""Names of the indices in Elasticsearch, and which range of time a document stands in. Pure.

    documents                          the alias that is searched: all indices of the current generation
    documents-g3-profiles              contacts and accounts
    documents-g3-from-0                incidents said since 1970 …
    documents-g3-from-1790000000000    … and those said since then, in ms of their `k`
    …-Write                            of each index the alias that is written to. With a capital, as no index may have
                                       one: a write to what is gone is refused, and makes no index without mappings
    documents-g2-closing-1795000000000 on the next generation, while it takes the place of g2, whose writers wait

With a prefix `acme` they are `acme-documents…`.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from overheard.index.documents import TAIL_BITS
from overheard.records import is_record_id

# A new range begins so far ahead, in ms: no document has to move there, and every writer looks before it may begin.
AHEAD = 600_000
# Its begin is rounded up to this, so that two writers which make one at once make the same.
ROUNDED = 3_600_000
# A writer looks at the table again before it writes when its last look is older than this, in ms.
LOOK = 60_000


@dataclass(frozen=True, slots=True)
class Names:
    """The names that belong to one prefix; "" is none."""

    prefix: str = ""

    @property
    def searched(self) -> str:
        """The alias over all indices of the current generation."""
        return f"{self.prefix}-documents" if self.prefix else "documents"

    def profiles(self, generation: int) -> str:
        """Return the index of contacts and accounts."""
        return f"{self.searched}-g{generation}-profiles"

    def incidents(self, generation: int, start: int) -> str:
        """Return the index of incidents from `start` on, in ms since 1970 UTC."""
        return f"{self.searched}-g{generation}-from-{start}"

    def closing(self, generation: int, at: int) -> str:
        """Return the alias that a rebuild holds while writers wait; `at` tells one attempt from the next."""
        return f"{self.searched}-g{generation}-closing-{at}"

    def is_closing(self, alias: str) -> bool:
        """True for an alias that a rebuild holds while writers wait."""
        return re.fullmatch(rf"{re.escape(self.searched)}-g\d+-closing-\d+", alias) is not None

    def parse(self, index: str) -> tuple[int, int | None] | None:
        """Return (generation, start of the range; None: profiles); None for an index that is not ours."""
        match = re.fullmatch(rf"{re.escape(self.searched)}-g(\d+)-(?:profiles|from-(\d+))", index)
        return (int(match[1]), int(match[2]) if match[2] else None) if match else None


def writing(index: str) -> str:
    """Return the alias that an index is written to by."""
    return f"{index}-Write"


@dataclass(frozen=True, slots=True)
class Table:
    """One generation: `starts` of its ranges in ms, ascending, the first is 0. Generation 0 is none.

    `is_open`: it can be written to; else a rebuild is just taking its place.
    """

    names: Names
    generation: int
    starts: Sequence[int]
    is_open: bool = True

    @property
    def profiles(self) -> str:
        """The index of contacts and accounts."""
        return self.names.profiles(self.generation)

    @property
    def ranges(self) -> Sequence[str]:
        """The indices of incidents, oldest first."""
        return [self.names.incidents(self.generation, start) for start in self.starts]

    @property
    def indices(self) -> Sequence[str]:
        """All indices of the generation."""
        return [self.profiles, *self.ranges]

    def place(self, kind: str, k: int) -> str:
        """Return the index that a document belongs in: of the ranges, the last that begins at or before its `k`."""
        if kind != "incident":
            return self.profiles
        return self.names.incidents(self.generation, self.starts[bisect_right(self.starts, k >> TAIL_BITS) - 1])

    def places(self, id_: str) -> Sequence[str]:
        """Return the indices that a document with this id may stand in."""
        return [self.profiles] if is_record_id(id_) else self.ranges


def next_start(now: int, last: int) -> int:
    """Return where a new range begins, in ms; `last` is the begin of the newest one."""
    return max(-(-(now + AHEAD) // ROUNDED) * ROUNDED, last + 1)


def generations(names: Names, aliases: Mapping[str, Sequence[str]]) -> Mapping[int, Sequence[str]]:
    """Return our indices by generation; `aliases` are those of each index that was found."""
    found: dict[int, list[str]] = {}
    for index in sorted(aliases):
        if parsed := names.parse(index):
            found.setdefault(parsed[0], []).append(index)
    return found


def current(names: Names, aliases: Mapping[str, Sequence[str]]) -> int:
    """Return the generation that is searched; 0 where none is."""
    live = (
        g for g, indices in generations(names, aliases).items() if any(names.searched in aliases[i] for i in indices)
    )
    return max(live, default=0)


def table_of(names: Names, aliases: Mapping[str, Sequence[str]], generation: int) -> Table:
    """Return the table of a generation as it was found, whole or not."""
    indices = generations(names, aliases).get(generation, ())
    starts = (parsed[1] for index in indices if (parsed := names.parse(index)))
    is_open = all(writing(index) in aliases[index] for index in indices)
    return Table(names, generation, sorted(s for s in starts if s is not None), is_open)
