"""Which incidents each contact and account has a part in, as the ledger keeps them for profiles and for review."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from overheard.matcher.facts import from_microseconds
from overheard.matcher.incidents import Link
from overheard.matcher.profiles import LAST, WAITING, Counts, Told
from overheard.matcher.rows import select_in
from overheard.records import IncidentSummary

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_links (
    mention INTEGER NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL, score REAL NOT NULL, k INTEGER NOT NULL,
    at INTEGER NOT NULL, day TEXT NOT NULL, source TEXT NOT NULL, polarity TEXT NOT NULL, terms TEXT NOT NULL,
    summary BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_links_mention ON ledger_links (mention);
CREATE INDEX IF NOT EXISTS ledger_links_counts ON ledger_links (subject, outcome, day, source, polarity, terms)
    WHERE outcome = 'linked';
CREATE INDEX IF NOT EXISTS ledger_links_newest ON ledger_links (subject, outcome, k) WHERE outcome = 'linked';
CREATE INDEX IF NOT EXISTS ledger_links_best ON ledger_links (subject, outcome, score, k);
CREATE INDEX IF NOT EXISTS ledger_links_waiting ON ledger_links (score, k) WHERE outcome = 'candidate';
"""

_summaries = msgspec.json.Decoder(IncidentSummary)


class Row(NamedTuple):
    """A mention's links: `k` and `source` are its incident's, `at` (µs) when it was said."""

    mention: int
    k: int
    at: int
    source: str
    links: Sequence[Link]


class Links:
    """The links of stored mentions. Written in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> dict[str, int]:
        """Put the links of these mentions in the place of those they had; return whom that touches, by a mention."""
        nums = [row.mention for row in rows]
        former = list(select_in(connection, "SELECT mention, subject FROM ledger_links WHERE mention IN ({})", nums))
        touched = {subject: num for num, subject in former}
        if former:
            connection.executemany("DELETE FROM ledger_links WHERE mention = ?", {(num,) for num, _ in former})
        found = []
        for num, k, at, source, links in rows:
            for x in links:
                touched[x.subject] = num
                # The column `score` orders candidates, so it has the weight, which never looks alike at the top.
                found.append(
                    (num, x.subject, x.outcome, x.weight, k, at, x.day, source, x.polarity, x.terms, x.summary)
                )
        connection.executemany("INSERT INTO ledger_links VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", found)
        return touched

    def of(self, subjects: Iterable[str]) -> set[int]:
        """Return the mentions linked to any of these, candidates too."""
        found = select_in(self._connection, "SELECT mention FROM ledger_links WHERE subject IN ({})", sorted(subjects))
        return {num for (num,) in found}

    def told(self, subjects: Sequence[str]) -> Told:
        """Return what the links of all these subjects, one person's or account's records, come to together."""
        read = self._connection.execute
        marks = ",".join("?" * len(subjects))
        if read(f"SELECT 1 FROM ledger_links WHERE subject IN ({marks}) LIMIT 1", subjects).fetchone() is None:
            return Told()
        # A mention may link two records of one person; it counts once, and as no candidate where it is linked.
        number = "count(*)" if len(subjects) == 1 else "count(DISTINCT mention)"
        linked = f"subject IN ({marks}) AND outcome = 'linked'"
        waits, values = f"subject IN ({marks}) AND outcome = 'candidate'", [*subjects]
        if len(subjects) > 1:
            waits += f" AND mention NOT IN (SELECT mention FROM ledger_links WHERE {linked})"
            values += subjects
        groups = read(
            f"SELECT day, source, polarity, terms, {number} FROM ledger_links WHERE {linked} "
            "GROUP BY day, source, polarity, terms",
            subjects,
        ).fetchall()
        (candidates,) = read(f"SELECT {number} FROM ledger_links WHERE {waits}", values).fetchone()
        first = read(f"SELECT at FROM ledger_links WHERE {linked} ORDER BY k LIMIT 1", subjects).fetchone()
        newest = _once(
            read(
                f"SELECT mention, at, summary FROM ledger_links WHERE {linked} "
                "ORDER BY k DESC, score DESC, subject LIMIT ?",
                (*subjects, LAST * len(subjects)),
            ),
            LAST,
        )
        waiting = _once(
            read(
                f"SELECT mention, at, summary FROM ledger_links WHERE {waits} "
                "ORDER BY score DESC, k DESC, subject LIMIT ?",
                (*values, WAITING * len(subjects)),
            ),
            WAITING,
        )
        return Told(
            counts=Counts(
                groups=groups,
                candidates=candidates,
                first=from_microseconds(first[0]) if first else None,
                last=from_microseconds(newest[0][0]) if newest else None,
            ),
            last=tuple(_summaries.decode(summary) for _, summary in newest),
            waiting=tuple(_summaries.decode(summary) for _, summary in waiting),
        )


def _once(rows: Iterable[tuple[int, int, bytes]], limit: int) -> list[tuple[int, bytes]]:
    """Return (at, summary) of the first row of each mention, up to `limit`."""
    found: dict[int, tuple[int, bytes]] = {}
    for mention, at, summary in rows:
        found.setdefault(mention, (at, summary))
    return list(found.values())[:limit]
