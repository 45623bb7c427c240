"""Which incidents each contact and account has a part in, as the ledger keeps them for profiles and for review."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from overheard.matcher.incidents import Links, Shown
from overheard.matcher.ledger.facts import from_microseconds
from overheard.matcher.ledger.rows import select_in
from overheard.matcher.profiles import LAST, WAITING, Counts, Told
from overheard.records import Activities, IncidentSummary

# All that a profile asks for but what it shows is in one index: each more is a page written for nearly every link, and
# three of them were half of what a commit wrote. What has to be sorted then (groups, best candidates) is read whole
# anyway. Day, source, polarity, terms and intents are of what counts, which is linked; others have them empty.
SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_links (
    mention INTEGER NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL, score REAL NOT NULL, k INTEGER NOT NULL,
    at INTEGER NOT NULL, day TEXT NOT NULL, source TEXT NOT NULL, polarity TEXT NOT NULL, terms TEXT NOT NULL,
    intents TEXT NOT NULL, PRIMARY KEY (mention, subject)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ledger_links_told
    ON ledger_links (subject, outcome, k, score, mention, at, day, source, polarity, terms, intents);
CREATE INDEX IF NOT EXISTS ledger_links_waiting ON ledger_links (score, k) WHERE outcome = 'candidate';
CREATE TABLE IF NOT EXISTS ledger_shown (mention INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_channels (mention INTEGER PRIMARY KEY, channel TEXT NOT NULL);
"""

# What was written to us alone is counted by itself; most ledgers have none of it, most subjects of others neither.
_LINKED = "FROM ledger_links LEFT JOIN ledger_channels USING (mention) WHERE"

_UNCOUNTED = ("",) * 5

_shown = msgspec.json.Decoder(Shown)


class Row(NamedTuple):
    """A mention's links: `k` and `source` are its incident's, `at` (µs) when it was said."""

    mention: int
    k: int
    at: int
    source: str
    found: Links


class LinkStore:
    """The links of stored mentions. Written in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> dict[str, int]:
        """Put the links of these mentions in the place of those they had; return whom that touches, by a mention."""
        nums = [row.mention for row in rows]
        former = list(select_in(connection, "SELECT mention, subject FROM ledger_links WHERE mention IN ({})", nums))
        touched = {subject: num for num, subject in former}
        if former:
            gone = sorted({(num,) for num, _ in former})
            connection.executemany("DELETE FROM ledger_links WHERE mention = ?", gone)
            connection.executemany("DELETE FROM ledger_shown WHERE mention = ?", gone)
            connection.executemany("DELETE FROM ledger_channels WHERE mention = ?", gone)
        links, shown = [], []
        for num, k, at, source, found in rows:
            if not found.links:
                continue
            shown.append((num, found.shown))
            counted = (found.day, source, found.polarity, found.terms, found.intents)
            for subject, outcome, weight in found.links:
                touched[subject] = num
                # The column `score` orders candidates, so it has the weight, which never looks alike at the top.
                links.append((num, subject, outcome, weight, k, at, *(counted if outcome == "linked" else _UNCOUNTED)))
        connection.executemany("INSERT INTO ledger_links VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", links)
        connection.executemany("INSERT INTO ledger_shown VALUES (?, ?)", shown)
        apart = [(num, found.channel) for num, _, _, _, found in rows if found.links and found.channel]
        connection.executemany("INSERT INTO ledger_channels VALUES (?, ?)", apart)
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
            f"SELECT day, source, polarity, terms, intents, {number} {_LINKED} {linked} AND channel IS NULL "
            "GROUP BY day, source, polarity, terms, intents",
            subjects,
        ).fetchall()
        activities = read(
            f"SELECT channel, {number}, min(at), max(at) {_LINKED} {linked} AND channel IS NOT NULL "
            "GROUP BY channel ORDER BY channel",
            subjects,
        )
        (candidates,) = read(f"SELECT {number} FROM ledger_links WHERE {waits}", values).fetchone()
        first = read(f"SELECT at FROM ledger_links WHERE {linked} ORDER BY k LIMIT 1", subjects).fetchone()
        newest = _once(
            read(
                f"SELECT mention, at, subject FROM ledger_links WHERE {linked} "
                "ORDER BY k DESC, score DESC, subject LIMIT ?",
                (*subjects, LAST * len(subjects)),
            ),
            LAST,
        )
        waiting = _once(
            read(
                f"SELECT mention, at, subject FROM ledger_links WHERE {waits} "
                "ORDER BY score DESC, k DESC, subject LIMIT ?",
                (*values, WAITING * len(subjects)),
            ),
            WAITING,
        )
        return Told(
            counts=Counts(
                groups=groups,
                activities={
                    channel: Activities(number=count, first=from_microseconds(first), last=from_microseconds(last))
                    for channel, count, first, last in activities
                },
                candidates=candidates,
                first=from_microseconds(first[0]) if first else None,
                last=from_microseconds(newest[0].at) if newest else None,
            ),
            last=self._summaries(newest),
            waiting=self._summaries(waiting),
        )

    def _summaries(self, links: Sequence["_Own"]) -> tuple[IncidentSummary, ...]:
        nums = [one.mention for one in links]
        shown = dict(select_in(self._connection, "SELECT mention, value FROM ledger_shown WHERE mention IN ({})", nums))
        return tuple(_shown.decode(shown[one.mention]).to(one.subject) for one in links)


class _Own(NamedTuple):
    """A link as it is looked up for a profile; `at` in µs."""

    mention: int
    at: int
    subject: str


def _once(rows: Iterable[tuple[int, int, str]], limit: int) -> list[_Own]:
    """Return the first row of each mention, up to `limit`."""
    found: dict[int, _Own] = {}
    for row in rows:
        found.setdefault(row[0], _Own(*row))
    return list(found.values())[:limit]
