"""The index compared with the log: which documents are missing, surplus, older or newer. Knows no engine."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from overheard.errors import InputError
from overheard.index.base import Index, Removal
from overheard.index.stage import IndexStage, change_of, read
from overheard.log.base import TOPICS, Log

Difference = Literal["missing", "surplus", "older", "newer"]

_SHOWN = 20  # ids of each kind of difference
_AGAIN = 10_000  # differing ids that are looked at once more
_PAGE = 1_000

# Both sides in one table on the disk: ids of millions of documents are more than a process should hold.
_TABLE = """
CREATE TABLE document (
  id TEXT PRIMARY KEY, logged INTEGER, removed INTEGER, partition INTEGER, offset INTEGER, indexed INTEGER
) WITHOUT ROWID
"""
_LOGGED = """
INSERT INTO document (id, logged, removed, partition, offset) VALUES (?1, coalesce(?2, -1), ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET
  logged = max(coalesce(?2, logged, -1), coalesce(logged, -1)), removed = ?3, partition = ?4, offset = ?5
WHERE coalesce(?2, logged, -1) > coalesce(logged, -1) OR (?3 AND coalesce(?2, logged, -1) = coalesce(logged, -1))
"""
_INDEXED = "INSERT INTO document (id, indexed) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET indexed = excluded.indexed"
_KINDS: Mapping[Difference, str] = {
    "missing": "indexed IS NULL AND logged IS NOT NULL AND NOT removed",
    "surplus": "indexed IS NOT NULL AND (logged IS NULL OR (removed AND indexed <= logged))",
    "older": "indexed < logged AND NOT removed",
    "newer": "indexed > logged",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """How an index differs from the log: of each kind of difference the number, and a few ids.

    `documents` are those that the log has now. "missing": the log has it, the index has not. "surplus": the log has
    removed it, or never had it. "older", "newer": the index has another version than the log's newest.
    """

    documents: int
    counts: Mapping[Difference, int]
    samples: Mapping[Difference, Sequence[str]]

    @property
    def is_equal(self) -> bool:
        """True where nothing differs."""
        return not any(self.counts.values())


def check(index: Index, log: Log, *, on_progress: Callable[[int], None] | None = None) -> Checked:
    """Compare ids and versions in `index` with the newest of `documents` on the log; nothing is changed.

    Both may be written to meanwhile: what differs is looked at once more, up to 10,000 documents. What the index stage
    has not come to yet is missing or older: run it where nothing lies ahead of the stage. Needs some 150 bytes of disk
    a document for temporary files, and little memory. `on_progress` is told how many records were read.
    """
    table = sqlite3.connect("", isolation_level=None)  # a temporary file
    try:
        table.execute("PRAGMA journal_mode = OFF")
        table.execute(_TABLE)
        table.execute("BEGIN")
        reading = _Reading(table, log, on_progress)
        reading.read()
        table.executemany(_INDEXED, index.versions())
        reading.read()
        differing = [id_ for kind in get_args(Difference) for id_ in _ids(table, kind, _AGAIN)]
        for id_ in differing[:_AGAIN]:
            hit = index.get(id_)
            table.execute("UPDATE document SET indexed = ? WHERE id = ?", (hit.version if hit else None, id_))
        reading.read()
        reading.forget_dead()
        [(documents,)] = table.execute("SELECT count(*) FROM document WHERE logged IS NOT NULL AND NOT removed")
        counts: dict[Difference, int] = {}
        for kind, where in _KINDS.items():
            [(counts[kind],)] = table.execute(f"SELECT count(*) FROM document WHERE {where}")
        return Checked(documents, counts, {kind: list(_ids(table, kind, _SHOWN)) for kind in _KINDS})
    finally:
        table.close()


def _ids(table: sqlite3.Connection, kind: Difference, limit: int) -> Iterator[str]:
    statement = f"SELECT id FROM document WHERE {_KINDS[kind]} LIMIT {limit}"
    return (id_ for (id_,) in table.execute(statement).fetchall())


class _Reading:
    """The log, read into the table as far as it goes each time."""

    def __init__(self, table: sqlite3.Connection, log: Log, on_progress: Callable[[int], None] | None) -> None:
        self._table = table
        self._log = log
        self._on_progress = on_progress
        self._topic = TOPICS[IndexStage.topic]
        self._positions: dict[int, int] = {}
        self._read = 0

    def read(self) -> None:
        """Take in all that was appended since the last time; what is no document is a dead letter, and passed over."""
        for partition in range(self._topic.partitions):
            first, end = self._log.span(self._topic.name, partition)
            at = max(first, self._positions.get(partition, 0))
            while at < end and (records := self._log.read(self._topic.name, partition, at, _PAGE)):
                for record in records:
                    try:
                        said = read(record)
                    except InputError:
                        continue
                    if isinstance(said, Removal):
                        id_, version, removed = said.id, said.version, True
                    else:
                        id_, version, removed = said.subject, said.sourceversion, False
                    self._table.execute(_LOGGED, (id_, version, removed, partition, record.offset))
                at = records[-1].offset + 1
                self._read += len(records)
                if self._on_progress is not None:
                    self._on_progress(self._read)
            self._positions[partition] = at

    def forget_dead(self) -> None:
        """Take out what is missing since it cannot be indexed: its record is a dead letter."""
        for id_ in _ids(self._table, "missing", _AGAIN):
            place = "SELECT partition, offset FROM document WHERE id = ?"
            partition, offset = self._table.execute(place, (id_,)).fetchone()
            for record in self._log.read(self._topic.name, partition, offset, 1):
                try:
                    change_of(record)
                except InputError:
                    self._table.execute("UPDATE document SET removed = 1 WHERE id = ?", (id_,))
