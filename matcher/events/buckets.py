"""Buckets: where mentions that may belong together lie side by side, in order of their sort key. A store of the ledger.

Only neighbours in a bucket are looked at: ten thousand copies of one text lie in the same buckets, and each has two.
Reads see what is committed; what is put and taken waits until `write`.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection
from itertools import pairwise
from typing import NamedTuple

# Numbers of buckets are hashes, so each row lies on a page of its own, and pages are what a commit writes. Therefore
# new rows go into a small table first, and so many at a time, in order, into the large one: a third of the pages.
_NEW = 20_000
_TABLES = ("ledger_buckets", "ledger_buckets_new")

SCHEMA = "".join(
    f"CREATE TABLE IF NOT EXISTS {table} (bucket INTEGER NOT NULL, k INTEGER NOT NULL, num INTEGER NOT NULL, "
    "PRIMARY KEY (bucket, k, num)) WITHOUT ROWID;\n"
    for table in _TABLES
)

# What is next to a place on both sides, in one statement: four of them took four times as long.
_NEAREST = " UNION ALL ".join(
    f"SELECT * FROM (SELECT k, num FROM {table} WHERE bucket = :bucket AND (k, num) {side} (:k, :num) {{staying}}"
    f"ORDER BY k {order}, num {order} LIMIT 1)"
    for table in _TABLES
    for side, order in (("<", "DESC"), (">", "ASC"))
)
_NEXT = _NEAREST.format(staying="")
_NEXT_STAYING = _NEAREST.format(staying="AND num NOT IN (SELECT value FROM json_each(:leaving)) ")


class Place(NamedTuple):
    """A mention in a bucket. `now`: as this batch puts it there, not as it may have been there before."""

    k: int
    num: int
    now: bool


class Neighbours(NamedTuple):
    """Two places side by side in a bucket, the earlier first."""

    bucket: int
    first: Place
    second: Place


class Buckets:
    """Mentions by number, in buckets that are numbers of 63 bits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def put(self, num: int, k: int, buckets: Collection[int]) -> None:
        """Put a mention into these buckets."""
        self._put.update([(bucket, k, num) for bucket in buckets])

    def take(self, num: int, k: int, buckets: Collection[int]) -> None:
        """Take a mention out of the buckets that it was put into, in an earlier batch."""
        self._taken.update([(bucket, k, num) for bucket in buckets])

    def forget(self) -> None:
        """Forget what waits."""
        self._put: set[tuple[int, int, int]] = set()
        self._taken: set[tuple[int, int, int]] = set()

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, in the transaction that is open; `forget` it once that is committed."""
        for table in _TABLES if self._taken else ():
            delete = f"DELETE FROM {table} WHERE bucket = ? AND k = ? AND num = ?"
            connection.executemany(delete, sorted(self._taken))
        connection.executemany("INSERT INTO ledger_buckets_new VALUES (?, ?, ?)", sorted(self._put))
        (new,) = connection.execute("SELECT count(*) FROM ledger_buckets_new").fetchone()
        if new > _NEW:
            connection.execute("INSERT INTO ledger_buckets SELECT * FROM ledger_buckets_new ORDER BY bucket, k, num")
            connection.execute("DELETE FROM ledger_buckets_new")

    def difference(self) -> tuple[list[Neighbours], list[Neighbours]]:
        """Return the neighbours that this batch parts, and those that it makes; both in no order.

        A mention that is taken out and put in again is another: it leaves all its neighbours, and gets them anew.
        """
        before: dict[int, set[Place]] = {}
        after: dict[int, set[Place]] = {}
        counts = Counter([bucket for bucket, _, _ in (*self._taken, *self._put)])
        used = self._used(counts)
        crowded = used | {bucket for bucket, count in counts.items() if count > 1}
        for bucket, k, num in self._taken:
            if bucket in crowded:
                before.setdefault(bucket, set()).add(Place(k, num, False))
        for bucket, k, num in self._put:
            if bucket in crowded:
                after.setdefault(bucket, set()).add(Place(k, num, True))
        parted: list[Neighbours] = []
        made: list[Neighbours] = []
        for bucket in before.keys() | after.keys():
            taken, put = before.get(bucket, set()), after.get(bucket, set())
            around = self._around(bucket, taken, put) if bucket in used else set()
            # What stays and is not next to anything that changes is left out: two that stay, side by side for want of
            # those between them, are so before and after, and cancel out.
            old = _side_by_side(bucket, taken | around)
            new = _side_by_side(bucket, put | around)
            parted += old - new
            made += new - old
        return parted, made

    def _used(self, buckets: Collection[int]) -> set[int]:
        """Return those of these buckets that hold anything: of most texts none."""
        holds = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE bucket = value)" for table in _TABLES)
        sql = f"SELECT value FROM json_each(?) WHERE {holds}"
        return {bucket for (bucket,) in self._connection.execute(sql, (json.dumps(sorted(buckets)),))}

    def _around(self, bucket: int, taken: set[Place], put: set[Place]) -> set[Place]:
        """Return the nearest on both sides of each place that changes, of those that stay."""
        leaving = json.dumps([place.num for place in taken]) if taken else ""
        found: set[Place] = set()
        last: tuple[int, int] | None = None
        for number, at in enumerate(sorted({(place.k, place.num) for place in taken | put})):
            if number and (last is None or at < last):
                continue  # nothing stays between the place before and this one: both have the same around them
            before, last = self._nearest(bucket, at, leaving)
            found.update(Place(*there, False) for there in (before, last) if there is not None)
        return found

    def _nearest(
        self, bucket: int, at: tuple[int, int], leaving: str
    ) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """Return (k, num) of what is next to a place before it and after it, and stays; None where nothing is."""
        values = {"bucket": bucket, "k": at[0], "num": at[1], "leaving": leaving}
        rows = self._connection.execute(_NEXT_STAYING if leaving else _NEXT, values).fetchall()
        before, after = [row for row in rows if row < at], [row for row in rows if row > at]
        return max(before, default=None), min(after, default=None)


def _side_by_side(bucket: int, places: set[Place]) -> set[Neighbours]:
    if len(places) < 2:
        return set()
    return {Neighbours(bucket, a, b) for a, b in pairwise(sorted(places))}
