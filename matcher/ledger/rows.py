"""Reading many rows of the ledger's tables by a list of values."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

_VARIABLES = 500  # of one SQL statement; SQLite's own limit is 32,766, older ones' 999


def select_in(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Run a SELECT whose `{}` stands for a list of values, a part of the list at a time."""
    for i in range(0, len(values), _VARIABLES):
        part = values[i : i + _VARIABLES]
        yield from connection.execute(sql.format(",".join("?" * len(part))), part)
