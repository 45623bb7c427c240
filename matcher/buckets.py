"""Buckets: where mentions that may belong together lie side by side, in order of their sort key. A store of the ledger.

Only neighbours in a bucket are looked at: ten thousand copies of one text lie in the same buckets, and each has two.
Reads see what is committed; what is put and taken waits until `write`.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection
from itertools import pairwise
from typing import Literal, NamedTuple

# Numbers of buckets are hashes, so each row lies on a page of its own, and pages are what a commit writes. Therefore
# new rows go into a small table first, and so many at a time, in order, into the large one: a third of the pages.
_NEW = 20_000
_TABLES = ("ledger_buckets", "ledger_buckets_new")

SCHEMA = "".join(
    f"CREATE TABLE IF NOT EXISTS {table} (bucket INTEGER NOT NULL, k INTEGER NOT NULL, num INTEGER NOT NULL, "
    "PRIMARY KEY (bucket, k, num)) WITHOUT ROWID;\n"
    for table in _TABLES
)


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
        self._put.update((bucket, k, num) for bucket in buckets)

    def take(self, num: int, k: int, buckets: Collection[int]) -> None:
        """Take a mention out of the buckets that it was put into, in an earlier batch."""
        self._taken.update((bucket, k, num) for bucket in buckets)

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
        counts = Counter(bucket for bucket, _, _ in (*self._taken, *self._put))
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
        leaving = {(place.k, place.num) for place in taken}
        found: set[Place] = set()
        last: tuple[int, int] | None = None
        for number, at in enumerate(sorted({(place.k, place.num) for place in taken | put})):
            if number and (last is None or at < last):
                continue  # nothing stays between the place before and this one: both have the same around them
            before, last = self._nearest(bucket, at, leaving, "<"), self._nearest(bucket, at, leaving, ">")
            found.update(Place(*there, False) for there in (before, last) if there is not None)
        return found

    def _nearest(
        self, bucket: int, at: tuple[int, int], leaving: Collection[tuple[int, int]], side: Literal["<", ">"]
    ) -> tuple[int, int] | None:
        """Return (k, num) of what is next to a place on one side and stays; None where nothing is."""
        order = "ASC" if side == ">" else "DESC"
        there: list[tuple[int, int] | None] = []
        for table in _TABLES:
            sql = (
                f"SELECT k, num FROM {table} WHERE bucket = ? AND (k, num) {side} (?, ?) "
                f"ORDER BY k {order}, num {order}"
            )
            rows = self._connection.execute(sql, (bucket, *at))
            there.append(next((row for row in rows if row not in leaving), None))
        staying = [row for row in there if row is not None]
        if not staying:
            return None
        return min(staying) if side == ">" else max(staying)


def _side_by_side(bucket: int, places: set[Place]) -> set[Neighbours]:
    if len(places) < 2:
        return set()
    return {Neighbours(bucket, a, b) for a, b in pairwise(sorted(places))}
