"""What a folder's ledger holds, read beside whoever has it open, in any process."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

import msgspec

from overheard.folder import Folder, storage_errors
from overheard.matcher.identity.decisions import Decisions
from overheard.matcher.ledger.facts import ACCOUNT, CONTACT, DECISION, HOLDING, PURCHASE, WATCHED
from overheard.matcher.ledger.rows import select_in
from overheard.records import Account, Contact, Decision, Holding, Purchase, Term, is_record_id

F = TypeVar("F", Contact, Account, Holding, Purchase, Term)
_TYPES = {Contact: CONTACT, Account: ACCOUNT, Holding: HOLDING, Purchase: PURCHASE, Term: WATCHED[0]}


def fates_in(folder: Folder) -> dict[str, int]:
    """Return how many facts met each fate in a folder, without opening its ledger; empty where there is none."""
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_fates'").fetchall()
        return dict(connection.execute("SELECT fate, n FROM ledger_fates ORDER BY fate")) if tables else {}


def position_in(folder: Folder) -> int:
    """Return the offset of `facts` that a folder's ledger reads next, without opening it; 0 where there is none."""
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_positions'").fetchall():
            return 0
        return int(connection.execute("SELECT coalesce(max(next), 0) FROM ledger_positions").fetchone()[0])


def known_in(folder: Folder) -> tuple[list[Contact], list[Account]]:
    """Return the contacts and accounts that a folder's ledger has applied, without opening it; in no order."""
    return facts_in(folder, Contact), facts_in(folder, Account)


def facts_in(folder: Folder, kind: type[F]) -> list[F]:
    """Return the records of one type that a folder's ledger has applied, without opening it; in no order."""
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_facts'").fetchall():
            return []
        # Said in these words, SQLite sees that its index of everything but mentions holds all that is asked for.
        sql = (
            "SELECT value FROM ledger_facts WHERE type = ? AND type <> 'overheard.enriched-mention' "
            "AND value IS NOT NULL"
        )
        return [msgspec.json.decode(value, type=kind) for (value,) in connection.execute(sql, (_TYPES[kind],))]


def _at(name: str) -> str:
    return f"json_extract(CAST(value AS TEXT), '$.{name}')"


_STANDING_DECISION = f"type = '{DECISION}' AND value IS NOT NULL"
_ENDS = ("left", "right", "verb")

# By what decisions are asked for: of 100,000 few concern a post, and to read them all to find these took 0.5 s. As
# indexes of what is there anyway they need no epoch; a ledger without them is read all the same.
SCHEMA = ";\n".join(
    f"CREATE INDEX IF NOT EXISTS ledger_decisions_{name} ON ledger_facts ({_at(name)}) WHERE {_STANDING_DECISION}"
    for name in _ENDS
)


class DecisionsAbout:
    """The decisions that a folder's ledger has applied, as far as they are asked for."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known = Decisions()

    def about(self, ends: Iterable[str]) -> Decisions:
        """Return, with what was asked for before, the decisions on these ids and identities, and what took them back.

        Also those that tell who is one person with a record among `ends`. Of anybody else the answer may know a part.
        """
        with self._reading() as connection:
            self._learn(connection, self._joined(connection, ends), ("left", "right"))
        return self._known

    def unsure(self) -> Decisions:
        """Return, with what was asked for before, the decisions on each pair of which somebody was unsure.

        And those that tell who is one person with its right side.
        """
        with self._reading() as connection:
            doubts = _decisions(connection, "verb", {"unsure"})
            self._learn(connection, {one.left for one in doubts.values()}, ("left",))
            rights = {one.right for one in doubts.values() if is_record_id(one.right)}
            self._learn(connection, self._joined(connection, rights), ("left", "right"))
        return self._known

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(self._folder.connect()) as connection, storage_errors(self._folder.database):
            yield connection

    @staticmethod
    def _joined(connection: sqlite3.Connection, ends: Iterable[str]) -> set[str]:
        """Return these, and every record that decisions, standing or not, lead to from them."""
        found = set(ends)
        front = {end for end in found if is_record_id(end)}
        while front:
            pairs = [one for name in ("left", "right") for one in _decisions(connection, name, front).values()]
            reached = {end for one in pairs if _is_of_two_records(one) for end in (one.left, one.right)}
            front = reached - found
            found |= front
        return found

    def _learn(self, connection: sqlite3.Connection, ends: set[str], names: Sequence[str]) -> None:
        """Come to know the decisions that have one of these ends, and those that withdraw them."""
        found = {id_: one for name in names for id_, one in _decisions(connection, name, ends).items()}
        while found:
            for id_, one in found.items():
                if self._known.get(id_) is None:
                    self._known.put(id_, one)
            taken_back = _decisions(connection, "left", found)
            found = {
                id_: one for id_, one in taken_back.items() if one.verb == "withdraw" and self._known.get(id_) is None
            }


def _is_of_two_records(decision: Decision) -> bool:
    return decision.left[:4] == decision.right[:4] and is_record_id(decision.left)


def _decisions(connection: sqlite3.Connection, name: str, values: Collection[str]) -> dict[str, Decision]:
    """Return the decisions of which the field `name` is one of these values, by id."""
    if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_facts'").fetchall():
        return {}
    sql = f"SELECT subject, value FROM ledger_facts WHERE {_STANDING_DECISION} AND {_at(name)} IN ({{}})"
    found = select_in(connection, sql, sorted(values))
    return {subject: msgspec.json.decode(value, type=Decision) for subject, value in found}


def decisions_in(folder: Folder) -> Decisions:
    """Return the decisions that a folder's ledger has applied, without opening it."""
    decisions = Decisions()
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        for subject, value in _stored_decisions(connection):
            decisions.put(subject, msgspec.json.decode(value, type=Decision))
    return decisions


def _stored_decisions(connection: sqlite3.Connection) -> Iterable[tuple[str, bytes]]:
    if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_facts'").fetchall():
        return ()
    # In the words of the index, as above: without them a look reads every fact, 17 ms for 11,000 incidents.
    sql = (
        "SELECT subject, value FROM ledger_facts WHERE type = ? AND type <> 'overheard.enriched-mention' "
        "AND value IS NOT NULL"
    )
    return connection.execute(sql, (DECISION,))
