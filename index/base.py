"""The index: documents that can be searched. The seam; the embedded engine is in `overheard.index.embedded`.

    apply(changes) ─▶ pending ─flush─▶ found by `search`, read by `get` and `find_profiles`

No type of an engine crosses it. What a query means is not the engine's to decide: see `overheard.index.evaluate`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, Self

from overheard.index.documents import Document, Record, record_of
from overheard.index.highlight import Fragment
from overheard.index.query import Tree

MAX_LIMIT = 1_000

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
    """Documents on one engine. One thread at a time; one process writes.

    Every method may raise TransientError (try again), FolderFullError or FolderDamagedError.
    """

    def apply(self, changes: Sequence[Change]) -> Sequence[Fate]:
        """Take changes in order; return what became of each. They can be found after `flush`.

        An older version never overwrites a newer one, nor does it bring back what a newer removal took ("stale").
        An equal version is written again, so that a batch may be repeated after a crash; its fate is "stale" too.
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

    def clear(self) -> None:
        """Remove all documents, and all memory of removed ones."""
        ...

    def successor(self) -> Self:
        """Return an empty index beside this one, which nobody sees until it is adopted. An earlier one is dropped."""
        ...

    def adopt(self, successor: Self) -> None:
        """Put a flushed successor in this one's place, at once and for every later reader. Safe to kill."""
        ...

    def close(self) -> None:
        """Release the engine; what was not flushed is lost. No call may follow."""
        ...
