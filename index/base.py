"""The index: documents that can be searched. The seam; its engines are `index.embedded` and `index.elastic`.

    apply(changes) ─▶ pending ─flush─▶ found by `search`, read by `get` and `find_profiles`

No type of an engine crosses it. What a query means is not the engine's to decide: see `overheard.index.evaluate`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol, Self

from overheard.errors import InputError, QueryError
from overheard.index.documents import Document, Record, record_of
from overheard.index.fields import FACETS
from overheard.index.highlight import Fragment
from overheard.index.query import Tree

MAX_LIMIT = 1_000
VALUES_SHOWN = 100  # of a facet

Fate = Literal["indexed", "stale", "deleted"]
Sort = Literal["newest", "oldest", "relevance"]


class Removal(NamedTuple):
    """The document is gone since `version`; None: since the newest version that is known."""

    id: str
    version: int | None


Change = Document | Removal


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for.

    `filters`: of each value field one of the values. `facets`: names of `overheard.index.fields.FACETS`.
    `after` is `Page.next` of the page before, with the same `tree`, `filters` and `sort`; "" is the first page.
    Relevance has one page only: its order moves with every document that comes. `limit` is 0 to 1,000; 0 counts only.
    """

    tree: Tree
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: Sort = "newest"
    after: str = ""
    limit: int = 20
    facets: Sequence[str] = ()
    highlight: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found. `json` is its canonical record, which `record` decodes each time it is asked for.

    `kind` is incident, contact or account. `fragments` are of `text_of(record)`; empty where none were asked for.
    """

    id: str
    version: int
    k: int
    kind: str
    json: bytes
    fragments: tuple[Fragment, ...] = ()

    @property
    def record(self) -> Record:
        """The incident or profile."""
        return record_of(self.kind, self.json)


@dataclass(frozen=True, slots=True)
class Page:
    """`hits` in order; more than `limit` where the page would have ended inside equal `k`s.

    `total` counts all pages. `facets`: for each name, (value, number of documents), the 100 most frequent in
    that order, or all days or months in order of time. `next` is "" on the last page.
    """

    hits: Sequence[Hit]
    total: int
    facets: Mapping[str, Sequence[tuple[str, int]]]
    next: str


class Index(Protocol):
    """Documents on one engine. One thread at a time; one process writes, or any number where the engine is shared.

    Every method may raise TransientError (try again), EngineError, FolderFullError or FolderDamagedError.
    """

    @property
    def is_outdated(self) -> bool:
        """True where an older program made it, so that its one writer makes it anew (`index.rebuild`) by itself."""
        ...

    def apply(self, changes: Sequence[Change]) -> Sequence[Fate | InputError]:
        """Take changes in order; return what became of each. They can be found after `flush`.

        An older version never overwrites a newer one, nor does it bring back what a newer removal took ("stale").
        An equal version may be written again, so that a batch may be repeated after a crash; its fate is "stale" too.
        Where the engine cannot take a document, its fate is the InputError that says why; the others are taken.
        After an error of this or of `flush` nothing is pending: apply again.
        """
        ...

    def flush(self) -> None:
        """Make all that was applied findable, and safe from a killed process."""
        ...

    def search(self, search: Search) -> Page:
        """Return the page that is asked for.

        Raises QueryError for a filter, facet, limit or cursor that is none.
        """
        ...

    def get(self, id: str) -> Hit | None:  # noqa: A002 - the field's name
        """Return a document by its id; None where there is none."""
        ...

    def find_profiles(self, who: str) -> Sequence[Hit]:
        """Return the profiles called `who` (`overheard.index.documents.lookup_keys`), latest contact first."""
        ...

    def count(self) -> int:
        """Return the number of documents that can be found."""
        ...

    def versions(self) -> Iterator[tuple[str, int]]:
        """Yield id and version of every document that can be found, each once, in no order."""
        ...

    def purge(self) -> None:
        """Have what was removed leave the engine's files too: at once (embedded), or when it has merged them."""
        ...

    def clear(self) -> None:
        """Remove all documents, and all memory of removed ones."""
        ...

    def successor(self) -> Self:
        """Return an empty index beside this one, which nobody sees until it is adopted. An earlier one is dropped."""
        ...

    def adopt(self, successor: Self, *, complete: Callable[[], object] | None = None) -> None:
        """Put a successor in this one's place, at once and for every later reader. Safe to kill.

        `complete` puts into it what was written to this one meanwhile: it is called when no writer can write any more,
        perhaps more than once, and is to be short. Writers go on by themselves, with the successor.
        """
        ...

    def close(self) -> None:
        """Release the engine; what was not flushed is lost. No call may follow."""
        ...


def check_search(search: Search) -> None:
    """Raise QueryError for a limit, cursor or facet that is none."""
    if not 0 <= search.limit <= MAX_LIMIT:
        msg = f"expected a limit of 0 to {MAX_LIMIT}; got {search.limit}"
        raise QueryError(msg)
    if search.after and (search.sort == "relevance" or not (search.after.isascii() and search.after.isdecimal())):
        msg = f"expected the cursor of a page sorted by time; got {search.after[:40]!r}. Begin with the first page"
        raise QueryError(msg)
    if unknown := [facet for facet in search.facets if facet not in FACETS]:
        msg = f"expected facets of {', '.join(sorted(FACETS))}; got {unknown[0]!r}"
        raise QueryError(msg)


def folded_days(days: Mapping[int, int], facet: str) -> Sequence[tuple[str, int]]:
    """Return counts by day since 1970 as the facet `published:day` or `published:month` has them, UTC, in order."""
    pattern = "%Y-%m-%d" if facet == "published:day" else "%Y-%m"
    folded: Counter[str] = Counter()
    for day, count in days.items():
        folded[_period(day, pattern)] += count
    return sorted(folded.items())


# A search over years has thousands of days, the same ones each time.
@lru_cache(maxsize=32_768)
def _period(day: int, pattern: str) -> str:
    return format(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day), pattern)
