"""What a folder's ledger holds, read beside whoever has it open, in any process."""

from contextlib import closing
from typing import TypeVar

import msgspec

from overheard.folder import Folder, storage_errors
from overheard.matcher.decisions import Decisions
from overheard.matcher.facts import ACCOUNT, CONTACT, DECISION, HOLDING, PURCHASE, WATCHED
from overheard.records import Account, Contact, Decision, Holding, Purchase, Term

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


def decisions_in(folder: Folder) -> Decisions:
    """Return the decisions that a folder's ledger has applied, without opening it."""
    decisions = Decisions()
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        if connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_facts'").fetchall():
            # In the words of the index, as above: without them a look reads every fact, 17 ms for 11,000 incidents.
            sql = (
                "SELECT subject, value FROM ledger_facts WHERE type = ? AND type <> 'overheard.enriched-mention' "
                "AND value IS NOT NULL"
            )
            for subject, value in connection.execute(sql, (DECISION,)):
                decisions.put(subject, msgspec.json.decode(value, type=Decision))
    return decisions
