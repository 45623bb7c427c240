"""Answers kept by their idempotency key, so that a write that is asked for twice is done once and answered twice."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from overheard.errors import InputError, TransientError
from overheard.folder import Folder, storage_errors

KEPT = timedelta(hours=24)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS web_answers "
    "(key TEXT PRIMARY KEY, request TEXT NOT NULL, at INTEGER NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID"
)


class Answers:
    """The answers of one data folder, in a table of its own. Thread-safe.

    The answer is kept after the work is done. A process that is killed between the two does the work again when asked
    again; as every write here is one of a record with an id of its own, that changes nothing.
    """

    def __init__(self, folder: Folder, *, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._clock = clock
        self._under_way: set[str] = set()
        self._lock = threading.Lock()
        self._made = False

    def once(self, key: str, request: str, work: Callable[[], bytes]) -> bytes:
        """Return the answer kept under `key`, or else that of `work`, which is kept for 24 hours.

        `request` stands for what was asked: InputError where the key came with something else before. TransientError
        where the first is still being worked on. What `work` raises goes on, and nothing is kept.
        """
        with self._lock:
            if key in self._under_way:
                msg = "expected the first request with this idempotency key to be done; it is not. Try again soon"
                raise TransientError(msg)
            self._under_way.add(key)
        try:
            known = self._kept(key)
            if known is None:
                answer = work()
                self._keep(key, request, answer)
                return answer
            if known[0] != request:
                msg = (
                    "expected a new idempotency key for a new request; this one came with another request in the last "
                    "24 hours"
                )
                raise InputError(msg)
            return known[1]
        finally:
            with self._lock:
                self._under_way.discard(key)

    def _kept(self, key: str) -> tuple[str, bytes] | None:
        with closing(self._folder.connect()) as connection:
            if not self._made:
                with self._folder.transaction(connection):
                    connection.execute(_TABLE)
                self._made = True
            with storage_errors(self._folder.database):
                row: tuple[str, bytes] | None = connection.execute(
                    "SELECT request, answer FROM web_answers WHERE key = ? AND at > ?", (key, self._now() - _KEPT_MS)
                ).fetchone()
        return row

    def _keep(self, key: str, request: str, answer: bytes) -> None:
        now = self._now()
        with closing(self._folder.connect()) as connection, self._folder.transaction(connection, durable=True):
            connection.execute("DELETE FROM web_answers WHERE at <= ?", (now - _KEPT_MS,))
            connection.execute("INSERT OR REPLACE INTO web_answers VALUES (?, ?, ?, ?)", (key, request, now, answer))

    def _now(self) -> int:
        return int(self._clock().timestamp() * 1000)


_KEPT_MS = KEPT // timedelta(milliseconds=1)
