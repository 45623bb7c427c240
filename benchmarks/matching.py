"""A matcher in a folder of its own, given contacts and mentions as facts; what it made of them is read from incidents.

Knows the ledger from outside only: facts in, incidents out.
"""

import cProfile
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.people import NOW
from overheard.folder import Folder
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.matcher.ledger.ledger import Ledger
from overheard.matcher.stage import MatchStage, collect_seldom
from overheard.records import Account, Contact, EnrichedMention, Holding, Incident, decode, encode, event_for

BATCH = 500
_IMPORTED = 1_000  # contacts and accounts of one batch

Fact = Account | Contact | Holding | EnrichedMention


def encoded(records: Iterable[Fact]) -> Iterator[bytes]:
    """Yield each record as a line: its subject, a tab, its event."""
    for record in records:
        subject = record.mention.id if isinstance(record, EnrichedMention) else record.id
        event = event_for(record, subject=subject, source="/bench", time=NOW, sourceversion=1)
        yield subject.encode() + b"\t" + encode(event) + b"\n"


class Took(NamedTuple):
    """Seconds by the clock on the wall, and of the processor: where others use the machine, the first are more."""

    wall: float
    cpu: float


class Matching:
    """A ledger that is fed. A context manager; the folder goes with it."""

    def __init__(self) -> None:
        collect_seldom()  # as whoever runs a matcher does
        self._directory = tempfile.TemporaryDirectory()
        self._folder = Folder(Path(self._directory.name))
        self.ledger = Ledger(self._folder, clock=lambda: NOW)
        self._stage = MatchStage(self.ledger, batch=BATCH)
        self._offset = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.ledger.close()
        self._folder.close()
        self._directory.cleanup()

    def load(self, records: Iterable[Fact], *, settle: bool = True) -> float:
        """Take contacts, accounts and holdings in; nothing is published. Return the seconds.

        Without `settle` no profile is made of them.
        """
        return self.take_in(self.facts(records), settle=settle)

    def take_in(self, facts: Iterable[ConsumerRecord], *, settle: bool = True) -> float:
        """Do what `load` does with facts, as many at a time as there are in a batch."""
        started = time.perf_counter()
        left = iter(facts)
        with self.ledger.following():
            while batch := list(islice(left, _IMPORTED)):
                self._take(batch)
            if settle:
                self._settle()
        return time.perf_counter() - started

    def facts(self, records: Iterable[Fact]) -> Iterator[ConsumerRecord]:
        """Yield records as the log holds them, with the offsets that follow."""
        return self.read(encoded(records))

    def read(self, lines: Iterable[bytes]) -> Iterator[ConsumerRecord]:
        """Yield the facts of `encoded`, with the offsets that follow."""
        for line in lines:
            subject, _, value = line.rstrip(b"\n").partition(b"\t")
            yield ConsumerRecord("facts", 0, self._offset, 0, subject.decode(), value, {})
            self._offset += 1

    def decide(self, facts: Sequence[ConsumerRecord], profiler: cProfile.Profile | None = None) -> Took:
        """Decide on facts and write the state, in batches; no document goes to the outbox. Return what that took.

        What is left to settle (profiles of those linked) is left.
        """
        with self.ledger.following():
            if profiler:
                profiler.enable()
            wall, cpu = time.perf_counter(), time.process_time()
            for i in range(0, len(facts), BATCH):
                self._take(facts[i : i + BATCH])
            took = Took(time.perf_counter() - wall, time.process_time() - cpu)
            if profiler:
                profiler.disable()
        return took

    def match(self, mentions: Iterable[EnrichedMention]) -> dict[str, Incident]:
        """Match mentions; return the newest incident of each that there is now, by the mention's id."""
        left = self.facts(mentions)
        while batch := list(islice(left, BATCH)):
            self._take(batch)
        self._settle()
        found: dict[str, Incident] = {}
        for record in self._published():
            if record.topic == "documents" and record.key.startswith("inc_"):
                data = decode(record.value or b"").data
                if isinstance(data, Incident):
                    found[data.mention.id] = data
        return found

    def publish(self, facts: Sequence[ConsumerRecord]) -> Took:
        """Match mentions all in: settled, every document made and taken. Return what that took.

        What was left before is settled first, and not in these seconds.
        """
        with self.ledger.following():
            self._settle()
        wall, cpu = time.perf_counter(), time.process_time()
        for i in range(0, len(facts), BATCH):
            self._take(facts[i : i + BATCH])
            self._settle()
            for _ in self._published():
                pass
        return Took(time.perf_counter() - wall, time.process_time() - cpu)

    def _published(self) -> Iterator[ProducerRecord]:
        while True:
            last, records = self.ledger.outbox(500)
            if not records:
                return
            yield from records
            self.ledger.published(last)

    def _take(self, facts: Sequence[ConsumerRecord]) -> None:
        outcome = self._stage.process(facts)
        self.ledger.commit({0: facts[-1].offset + 1}, outcome.fates)

    def _settle(self) -> None:
        for _ in self.ledger.settle():
            pass
