"""Several matchers on one log, in one thread: each with a ledger in a folder of its own, killed or paused on command.

The embedded log stands in for the shared one, with what it lacks: a group that fences whoever is its owner no more.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from overheard.errors import FencedError
from overheard.folder import Folder
from overheard.log.base import Checkpoint, Consumer, ConsumerRecord, Log, ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.log.stage import Backoff, Progress
from overheard.matcher.ledger.ledger import EPOCH, Ledger
from overheard.matcher.standby import Following, announce_epoch, follow, run_match
from tests.matcher.worlds import NOW


class KilledError(BaseException):
    """The process dies here; nothing of it catches this."""


class Servers:
    """What all members share: the log, and who owns the facts. Remembers where the group stood."""

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)
        self.log = EmbeddedLog(self._folder)
        self.owner = ""
        self.generation = 0
        self.ends: list[int] = []

    def give(self, member: str) -> None:
        if self.owner != member:
            self.owner = member
            self.generation += 1

    def close(self) -> None:
        self.log.close()
        self._folder.close()


class Member:
    """One matcher. `at(step)` is called at each instant at which it may be killed or paused."""

    def __init__(self, name: str, path: Path, servers: Servers) -> None:
        self.name = name
        self.servers = servers
        self.at: Callable[[str], None] = lambda _: None
        self.now = NOW
        self.followed: list[Following] = []
        self.epoch = EPOCH
        self.announcing = False
        self._folder = Folder(path)
        self.ledger = _Ledger(self)

    def run(self, *, batch: int = 128, batches: int | None = None) -> Progress:
        """Own the facts from now on, for so many batches, or to the end, or until another one owns them."""
        self.servers.give(self.name)
        return self.stand_by(batch=batch, batches=batches)

    def stand_by(self, *, batch: int = 128, batches: int | None = None) -> Progress:
        """Take part, without being given the facts."""
        stop = threading.Event()
        done = 0

        def note(_: Progress) -> None:
            nonlocal done
            done += 1
            if batches is not None and done >= batches:
                stop.set()

        return run_match(
            self.ledger,
            _MembersLog(self, stop),
            stop,
            until_idle=lambda: True,
            on_progress=note,
            on_follow=self.followed.append,
            on_own=lambda: self.announcing and announce_epoch(self.ledger, self.servers.log, self.now),
            clock=lambda: self.now,
            backoff=Backoff(first=0.0),
            batch=batch,
            look=0.0,
        )

    def follow(self, *, until: int | None = None) -> int:
        log = _MembersLog(self, threading.Event())
        return follow(self.ledger, log, until=until, on_progress=self.followed.append, clock=lambda: self.now)

    def restart(self) -> None:
        """Begin anew on what is on disk, as after a kill."""
        self.ledger.close()
        self.ledger = _Ledger(self)

    def hashes(self) -> dict[str, str]:
        """What this member believes to be published: hash by id."""
        return hashes_in(self.ledger)

    def close(self) -> None:
        self.ledger.close()
        self._folder.close()


class _Ledger(Ledger):
    def __init__(self, member: Member) -> None:
        super().__init__(member._folder, epoch=member.epoch, clock=lambda: NOW)
        self._member = member

    def commit(
        self, positions: Mapping[int, int], fates: Mapping[str, int], outputs: Sequence[ProducerRecord] = ()
    ) -> None:
        self._member.at("before the ledger")
        super().commit(positions, fates, outputs)
        point = self._member.servers.log.checkpoint("match", "facts")
        assert self.position() <= max(point.positions.get(0, 0), point.begun.get(0, 0)), "ahead of what was begun"
        self._member.at("after the ledger")

    def settle(self) -> Iterator[None]:
        for _ in super().settle():
            self._member.at("settling")
            yield

    def published(self, last: int) -> None:
        self._member.at("appended")
        super().published(last)


class _MembersLog:
    """The log as one member uses it. Half an append may be there before the other half, as with Kafka."""

    def __init__(self, member: Member, stop: threading.Event) -> None:
        self._member = member
        self._log: Log = member.servers.log
        self._stop = stop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Sequence[tuple[int, int]]:
        self._member.at("before appending")
        middle = len(records) // 2
        places = list(self._log.append(records[:middle], durable=durable))
        self._member.at("in the middle of appending")
        return places + list(self._log.append(records[middle:], durable=durable))

    def checkpoint(self, group: str, topic: str) -> Checkpoint:
        self._member.at("looking")
        return self._log.checkpoint(group, topic)

    def consumer(self, group: str, topic: str, *, member: int = 0, members: int = 1) -> Consumer:
        return _Consumer(self._member, self._log.consumer(group, topic), self._stop)


class _Consumer:
    """A place in the group that is lost when another member is given the facts; it learns so by polling."""

    def __init__(self, member: Member, consumer: Consumer, stop: threading.Event) -> None:
        self._member = member
        self._servers = member.servers
        self._consumer = consumer
        self._stop = stop
        self._generation = -1
        self._looks = 0

    @property
    def partitions(self) -> Sequence[int]:
        return (0,) if self._generation >= 0 else ()

    def poll(self, limit: int, timeout: float) -> Sequence[ConsumerRecord]:
        if self._servers.owner != self._member.name:
            self._generation = -1
            self._looks += 1
            if self._looks > 1:
                self._stop.set()  # nobody else works meanwhile in this thread
            return []
        if self._generation != self._servers.generation:
            self._generation = self._servers.generation
            self._consumer.rewind()
        return self._consumer.poll(limit, timeout)

    def begin(self, positions: Mapping[int, int]) -> None:
        self._member.at("before beginning")
        self._check()
        self._consumer.begin(positions)
        self._member.at("begun")

    def commit(self, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        self._member.at("before committing")
        self._check()
        self._consumer.commit(positions, fates)
        self._servers.ends.append(positions[0])
        self._member.at("committed")

    def _check(self) -> None:
        if self._generation != self._servers.generation or self._servers.owner != self._member.name:
            msg = "another member owns the facts"
            raise FencedError(msg)

    def rewind(self) -> None:
        if self.partitions:
            self._consumer.rewind()

    def seek(self, partition: int, offset: int) -> None:
        self._consumer.seek(partition, offset)

    def lag(self) -> int:
        return self._consumer.lag() if self.partitions else 0

    def close(self) -> None:
        self._consumer.close()


class Group:
    """Servers and members, closed together."""

    def __init__(self, path: Path, names: str = "abc") -> None:
        self.servers = Servers(path / "servers")
        self.members = [Member(name, path / name, self.servers) for name in names]

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.members:
            member.close()
        self.servers.close()


def hashes_in(ledger: Ledger) -> dict[str, str]:
    """What a ledger believes to be published: the hash by id, an incident's by the id of its mention."""
    return dict(
        ledger._rows(
            "SELECT id, hash FROM ledger_documents UNION ALL "
            "SELECT f.subject, i.hash FROM ledger_incidents i LEFT JOIN ledger_facts f ON f.num = i.mention"
        )
    )


def published(log: Log) -> dict[tuple[str, str], list[tuple[int, bytes]]]:
    """What was published by (topic, key), oldest first: (version, event without its time). Tombstones left out."""
    found: dict[tuple[str, str], list[tuple[int, bytes]]] = {}
    for topic, partitions in (("documents", 12), ("changes", 1), ("watch", 1)):
        for partition in range(partitions):
            first, end = log.span(topic, partition)
            while first < end and (records := log.read(topic, partition, first, 1_000)):
                first = records[-1].offset + 1
                for record in records:
                    if record.value is None:
                        continue
                    event = msgspec.json.decode(record.value)
                    del event["time"]
                    value = msgspec.json.encode(event, order="sorted")
                    found.setdefault((topic, record.key), []).append((event["sourceversion"], value))
    return found
