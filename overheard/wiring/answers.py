"""Answers kept by their idempotency key, so that a write that is asked for twice is done once and answered twice.

key ─▶ known? ─▶ claimed on [answers], the first claim counts ─▶ work ─▶ its answer on [answers]
"""

import secrets
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from overheard.errors import ConflictError, InputError
from overheard.folder import Folder
from overheard.log.base import ConsumerRecord, Log, ProducerRecord
from overheard.records import KeptAnswer, decode, encode, event_for

TOPIC = "answers"
KEPT = timedelta(hours=24)
# A request that is not done by then was in the hands of a process that has died.
PATIENCE = timedelta(minutes=5)
_SOURCE = "/answers"
_BATCH = 500


class Answers:
    """The answers of one system, whichever of its processes gave them. Thread-safe.

    The answer is kept after the work is done. A process that is killed between the two leaves a claim, and the work is
    done again when asked again after five minutes; as every write here is one of a record with an id of its own, that
    changes nothing.
    """

    def __init__(self, log: Log, folder: Folder, *, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._clock = clock
        self._owner = secrets.token_hex(8)
        self._under_way: set[str] = set()
        self._lock = threading.Lock()
        _drop_old(folder)

    def once(self, key: str, request: str, work: Callable[[], bytes]) -> bytes:
        """Return the answer kept under `key`, or else that of `work`, which is kept for 24 hours.

        `request` stands for what was asked: InputError where the key came with something else before. ConflictError
        where the first is still being worked on. What `work` raises goes on, and nothing is kept.
        """
        with self._lock:
            if key in self._under_way:
                raise _unfinished()
            self._under_way.add(key)
        try:
            return self._once(f"answer/{key}", request, work)
        finally:
            with self._lock:
                self._under_way.discard(key)

    def _once(self, key: str, request: str, work: Callable[[], bytes]) -> bytes:
        end = self._log.span(TOPIC, 0)[1]
        record = self._log.latest(TOPIC, [key]).get(key)
        known = None if record is None else self._standing(record)
        if known is None:
            known = self._claim(key, request, end)
        if known is not None:
            if known.request != request:
                msg = (
                    "expected a new idempotency key for a new request; this one came with another request in the last "
                    "24 hours"
                )
                raise InputError(msg)
            if known.answer is None:
                raise _unfinished()
            return known.answer
        try:
            answer = work()
        except BaseException:
            self._log.append([ProducerRecord(TOPIC, key, None)])
            raise
        self._append(key, KeptAnswer(request=request, owner=self._owner, at=self._clock(), answer=answer))
        return answer

    def _claim(self, key: str, request: str, end: int) -> KeptAnswer | None:
        """Take a request in hand; return what stands under its key where somebody else was faster, else None.

        `end` is where the topic ended before it was looked up: what came to its key since then came first.
        """
        claim = KeptAnswer(request=request, owner=self._owner, at=self._clock())
        own = self._append(key, claim)
        found: KeptAnswer | None = None
        while end < own and (records := self._log.read(TOPIC, 0, end, _BATCH)):
            for record in records:
                if record.key == key and record.offset < own:
                    first = self._standing(record)
                    found = first if first is None or first.answer is not None else found or first
            end = records[-1].offset + 1
        if found is not None and found.answer is not None:
            self._append(key, found)  # our claim is newer, and stands for nothing
        return found

    def _standing(self, record: ConsumerRecord) -> KeptAnswer | None:
        """Return what a record says that still holds; None for what was let go, is too old, or was never ended."""
        data = decode(record.value).data if record.value is not None else None
        if not isinstance(data, KeptAnswer):
            return None
        age = self._clock() - data.at
        return data if age < (PATIENCE if data.answer is None else KEPT) else None

    def _append(self, key: str, kept: KeptAnswer) -> int:
        event = event_for(kept, subject=key, source=_SOURCE, time=kept.at)
        ((_, offset),) = self._log.append([ProducerRecord(TOPIC, key, encode(event))], durable=True)
        return offset


def _unfinished() -> ConflictError:
    return ConflictError("expected the first request with this idempotency key to be done; it is not. Try again soon")


def _drop_old(folder: Folder) -> None:
    """Let go of the answers that older versions kept in a table of the folder."""
    with closing(folder.connect()) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'web_answers'").fetchone():
            with folder.transaction(connection):
                connection.execute("DROP TABLE IF EXISTS web_answers")
