"""What people's decisions say of the terms that mentions hit, as the ledger keeps it to publish what a word means."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from overheard.matcher.ledger.facts import from_microseconds, microseconds
from overheard.matcher.ledger.rows import select_in
from overheard.matcher.senses import Told, make_sense
from overheard.records import Sense, SenseExample

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_senses (
    term TEXT NOT NULL, mention INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
    example BLOB, PRIMARY KEY (term, mention)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ledger_senses_mention ON ledger_senses (mention);
"""

_examples = msgspec.json.Decoder(SenseExample)
_encoder = msgspec.json.Encoder(order="deterministic")


class Row(NamedTuple):
    """What was said of the terms of one mention, which the ledger knows by its number."""

    mention: int
    told: Sequence[Told]


class _Kept(NamedTuple):
    """A row of the table; `at` in µs, `example` as JSON."""

    mention: int
    term: str
    id: str
    at: int
    by: str
    example: bytes | None


class Senses:
    """What was said of the terms of stored mentions. Written in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> set[str]:
        """Put what was said of these mentions in the place of what was; return the terms of which that changed."""
        sql = "SELECT mention, term, id, at, by, example FROM ledger_senses WHERE mention IN ({})"
        former: set[_Kept] = {_Kept(*row) for row in select_in(connection, sql, [row.mention for row in rows])}
        now: set[_Kept] = {
            _Kept(row.mention, one.term, one.mention, microseconds(one.at), one.by, _encoded(one.example))
            for row in rows
            for one in row.told
        }
        connection.executemany(
            "DELETE FROM ledger_senses WHERE mention = ? AND term = ?",
            [(row.mention, row.term) for row in former - now],
        )
        connection.executemany(
            "INSERT INTO ledger_senses (mention, term, id, at, by, example) VALUES (?, ?, ?, ?, ?, ?)",
            list(now - former),
        )
        return {row.term for row in (former - now) | (now - former)}

    def terms(self) -> list[str]:
        """Return every term of which anything was said, in order."""
        return [term for (term,) in self._connection.execute("SELECT DISTINCT term FROM ledger_senses ORDER BY term")]

    def sense(self, term: str) -> Sense | None:
        """Return what was said of a term; None for nothing."""
        rows = self._connection.execute("SELECT id, at, by, example FROM ledger_senses WHERE term = ?", (term,))
        return make_sense(
            term,
            [
                Told(term, id_, from_microseconds(at), by, _examples.decode(example) if example else None)
                for id_, at, by, example in rows
            ],
        )


def _encoded(example: SenseExample | None) -> bytes | None:
    return _encoder.encode(example) if example is not None else None
