"""The one loop that runs every stage: poll, process, flush outputs, commit.

    poll(batch) ─▶ stage.process(batch) ─▶ sink.write(outputs, dead letters, positions, fates)
        ▲                 │ TransientError: back off, again       │
        └─────────────────┴ any other error: each half alone; a record that fails alone is a dead letter

Knows neither the engine nor what a stage does. FolderError, EngineError and ConfigError stop the run: no record is to
blame. FencedError (another member has taken over) drops what is in hand, and reading goes on with what is still owned.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

from overheard.errors import ConfigError, EngineError, FencedError, FolderError, TransientError
from overheard.log.base import Consumer, ConsumerRecord, Log, ProducerRecord
from overheard.log.deadletters import dead_letter, dead_letter_record
from overheard.records import DeadLetter

T = TypeVar("T")
# A stage that lingers looks up so often, in seconds, whether it is to stop.
_LOOK_UP = 0.25
_log = logging.getLogger(__name__)

# The one vocabulary of fates: what became of each record that a stage read. Each record has exactly one per stage.
FATES = (
    "collected",  # collectors: a new or changed mention was published
    "unchanged",  # collectors: seen before, the same
    "expired",  # collectors: older than the policy of its source keeps
    "enriched",  # enrich: passed the winnow
    "suppressed",  # collectors, enrich: of somebody who was erased
    "dropped: no watched term, identity or source",  # enrich: the winnow's one reason
    "dropped: another sense of the word",  # enrich: a watched word that means something else there
    "linked",  # matcher: a mention with at least one link
    "candidate",  # matcher: no link, but somebody for a person to decide on
    "unlinked",  # matcher: an incident with nobody behind it yet
    "stale",  # matcher, index: older than what is known, or the same again
    "applied",  # matcher: a contact, account, term, source, decision
    "deleted",  # collectors, enrich, matcher, index, alert: the subject is gone
    "indexed",  # index
    "alerted",  # alert: told at once
    "no alert",  # alert: nothing that is told at once
    "dead",  # any stage: a dead letter
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage made of a batch. The fates add up to the number of records in it; `dead` is len(dead)."""

    outputs: Sequence[ProducerRecord]
    fates: Mapping[str, int]
    dead: Sequence[DeadLetter] = ()


class Stage(Protocol):
    """A step that reads one topic, up to `batch` records at a time. It knows neither its neighbours nor the engine."""

    name: str
    topic: str
    batch: int

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        """Return what the batch becomes; `records` is never empty, and in order within each partition.

        May be called again with the same records or with a part of them, in the same order: after an error it must
        have left nothing half done. Each part is written (`Sink.write`) before the next one is processed.
        Raises TransientError for what may pass; InputError for a record that cannot be used.
        """
        ...


class Sink(Protocol):
    """Where a stage's outcome goes, and where its position is kept. Flushes outputs before it commits the input.

    `LogSink` (beside the loop) appends to the log and commits for the group. The matcher's own sink commits its state,
    its outbox, its position and the fates in one SQLite transaction and then publishes the outbox.
    """

    def positions(self) -> Mapping[int, int]:
        """Return the next offset to read by partition, where the sink keeps that itself; empty: the group's hold."""
        ...

    def write(self, outcome: Outcome, positions: Mapping[int, int]) -> None:
        """Flush the outputs and dead letters, then commit positions and fates. On return both are safe."""
        ...


class LogSink:
    """`Sink` of a stage that keeps nothing of its own: outputs go to the log, positions are the group's.

    `flush` is called between the two, for what the stage put elsewhere (the search index): on its return that must be
    as safe as the commit which follows. `durable`: outputs survive a power cut.
    """

    def __init__(
        self, log: Log, consumer: Consumer, *, flush: Callable[[], None] | None = None, durable: bool = False
    ) -> None:
        self._log = log
        self._consumer = consumer
        self._flush = flush
        self._durable = durable

    def positions(self) -> Mapping[int, int]:
        """See `Sink.positions`."""
        return {}

    def write(self, outcome: Outcome, positions: Mapping[int, int]) -> None:
        """See `Sink.write`."""
        letters = [dead_letter_record(letter) for letter in outcome.dead]
        self._log.append([*outcome.outputs, *letters], durable=self._durable)
        if self._flush is not None:
            self._flush()
        self._consumer.commit(positions, outcome.fates)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run has committed so far: records by fate, and how many offsets lie ahead."""

    stage: str
    read: int
    fates: Mapping[str, int]
    lag: int


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of `first` seconds, doubling up to `most`, each cut by up to half at random so that workers spread out.

    After `attempts` failures of one step the TransientError goes on to the caller; None: never.
    """

    first: float = 0.1
    most: float = 30.0
    attempts: int | None = None
    jitter: Callable[[], float] = random.random

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after so many failures (1 or more)."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30)) * (1 - self.jitter() / 2)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def run_stage(
    stage: Stage,
    consumer: Consumer,
    sink: Sink,
    *,
    stop: threading.Event,
    until_idle: Callable[[], bool] | None = None,
    linger: float = 0.0,
    timeout: float = 0.25,
    clock: Callable[[], datetime] = _utc_now,
    wait: Callable[[float], bool] | None = None,
    backoff: Backoff | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Run a stage until `stop` is set, and return what was committed. The caller closes consumer and log.

    Reading begins where the group stands, or where the sink says: it may keep its positions with its state. With
    `until_idle` the run also
    ends when it returns True (upstream is done) and nothing is left; it is asked whenever nothing is there, so at least
    once in `timeout` seconds while idle. `linger`: after the first record, wait so many seconds for a batch to fill.
    `timeout`: how long one poll waits, so how soon `stop` is seen.
    `clock` dates dead letters; `wait(seconds)` sleeps between attempts and returns True when the run is to end
    (default: `stop.wait`). `on_progress` is called after each commit, in this thread.

    On `stop` the batch in hand is finished or, where it must be tried again, left uncommitted.
    Raises FolderError, EngineError and ConfigError as they come; TransientError as `backoff` says; RuntimeError where a
    stage's fates do not add up, which is a bug in the stage.
    """
    run = _Run(stage, consumer, sink, clock, wait or stop.wait, backoff or Backoff(), on_progress)
    return run.until(stop, until_idle, linger, timeout)


class _Stopped(Exception):  # noqa: N818  a way out, not an error
    """The run was told to end while it waited to try again."""


class _Run:
    """The state of one `run_stage`."""

    def __init__(  # noqa: PLR0917  called in one place
        self,
        stage: Stage,
        consumer: Consumer,
        sink: Sink,
        clock: Callable[[], datetime],
        wait: Callable[[float], bool],
        backoff: Backoff,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._stage = stage
        self._consumer = consumer
        self._sink = sink
        self._clock = clock
        self._wait = wait
        self._backoff = backoff
        self._on_progress = on_progress
        self._fates: Counter[str] = Counter()

    def until(
        self, stop: threading.Event, until_idle: Callable[[], bool] | None, linger: float, timeout: float
    ) -> Progress:
        try:
            self._patiently(self._rewind)
            while not stop.is_set():
                batch = self._gather(stop, linger, timeout if until_idle is None else 0.0)
                if not batch and until_idle is not None:
                    done = self._patiently(
                        until_idle
                    )  # asked first: what upstream did before it was done is seen by the next look
                    # An empty poll may only mean that nothing has come over the network yet.
                    done = done and not self._patiently(self._consumer.lag)
                    batch = self._gather(stop, linger, 0.0 if done else timeout)
                    if done and not batch:
                        break
                if batch:
                    self._do(batch, stop)
        except _Stopped:
            pass
        return self._progress()

    def _rewind(self) -> None:
        self._consumer.rewind()
        for partition, offset in self._sink.positions().items():
            if partition in self._consumer.partitions:
                self._consumer.seek(partition, offset)

    def _gather(self, stop: threading.Event, linger: float, timeout: float) -> Sequence[ConsumerRecord]:
        size = self._stage.batch
        batch = list(self._patiently(partial(self._consumer.poll, size, timeout)))
        deadline = time.monotonic() + linger
        while batch and len(batch) < size and not stop.is_set() and (left := deadline - time.monotonic()) > 0:
            room = size - len(batch)
            batch += self._patiently(partial(self._consumer.poll, room, min(left, _LOOK_UP)))
        return batch

    def _do(self, batch: Sequence[ConsumerRecord], stop: threading.Event) -> None:
        """Process and write a batch; where that fails, its halves, down to the records that are to blame."""
        parts = [(batch, 1)]
        while parts:
            part, attempt = parts.pop()
            if attempt > 1 and stop.is_set():
                return
            try:
                self._attempt(part)
            except FencedError as e:
                _log.info("%s: %s", self._stage.name, e)
                self._patiently(self._rewind)
                return
            except (FolderError, EngineError, ConfigError, TransientError, _MiscountError, _Stopped):
                raise
            except Exception as e:  # noqa: BLE001  whatever a record does to a stage, the others go on
                if len(part) > 1:
                    middle = len(part) // 2
                    parts += [(part[middle:], attempt + 1), (part[:middle], attempt + 1)]
                    continue
                letter = dead_letter(part[0], self._stage.name, e, self._clock(), attempts=attempt)
                _log.warning("%s: dead letter %s: %s", self._stage.name, letter.id, letter.error)
                self._write(part, Outcome((), {"dead": 1}, (letter,)))

    def _attempt(self, part: Sequence[ConsumerRecord]) -> None:
        outcome = self._patiently(partial(self._stage.process, part))
        _check(self._stage.name, part, outcome)
        self._write(part, outcome)

    def _write(self, part: Sequence[ConsumerRecord], outcome: Outcome) -> None:
        positions = {record.partition: record.offset + 1 for record in part}
        self._patiently(partial(self._sink.write, outcome, positions))
        self._fates.update(outcome.fates)
        if self._on_progress is not None:
            self._on_progress(self._progress())

    def _patiently(self, action: Callable[[], T]) -> T:
        """Return what `action` returns, tried again after each TransientError."""
        failures = 0
        while True:
            try:
                return action()
            except TransientError as e:
                failures += 1
                if failures == self._backoff.attempts:
                    raise
                delay = self._backoff.delay(failures)
                _log.warning("%s: attempt %d failed, again in %.1f s: %s", self._stage.name, failures, delay, e)
                if self._wait(delay):
                    raise _Stopped from e

    def _progress(self) -> Progress:
        fates = {fate: self._fates[fate] for fate in FATES if self._fates[fate]}
        return Progress(self._stage.name, sum(fates.values()), fates, self._consumer.lag())


class _MiscountError(RuntimeError):
    """A stage's fates do not add up."""


def _check(stage: str, part: Sequence[ConsumerRecord], outcome: Outcome) -> None:
    unknown = set(outcome.fates) - set(FATES)
    total = sum(outcome.fates.values())
    dead = outcome.fates.get("dead", 0)
    if unknown or total != len(part) or dead != len(outcome.dead):
        msg = (
            f"stage {stage}: expected fates of {FATES} that add up to {len(part)} records, with {len(outcome.dead)} "
            f"dead; got {dict(outcome.fates)}. This is a bug in the stage; nothing of the batch was committed"
        )
        raise _MiscountError(msg)
