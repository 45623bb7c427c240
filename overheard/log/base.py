"""The log: records on keyed topics, read by groups. The seam; its engines are `log.embedded` and `log.kafka`.

    producer ──append──▶ topic ─┬─ partition 0 ─▶ consumer of a group, commits its position
                                └─ partition n ─▶ ...

Words are Kafka's. A topic's partitions are fixed; equal keys go to one partition, in order. Offsets rise by at
least one from record to record; compaction and retention leave gaps, and never move a record to another offset.

Compaction keeps the newest record of each key, so whoever lags still sees what each key is now. It takes nothing that
a group which committed on the topic has yet to read, unless that group stays away for more than a week; with no such
group, nothing younger than a day. (Kafka asks no group there: it takes nothing younger than a day.) Tombstones go when
they are older than a day, every such group has read them, and all that they stand for is gone; whoever reads outside a
group looks in more often than that.
"""

import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Topic:
    """How a topic is cut and kept. Compacted: the newest of each key. `retention` None: for ever. It may be both."""

    name: str
    partitions: int
    compacted: bool = False
    retention: timedelta | None = None


TOPICS: Mapping[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("fetches", 12, retention=timedelta(days=7)),
        Topic("mentions", 12, retention=timedelta(days=7)),
        Topic("watch", 1, compacted=True),
        Topic("facts", 1, compacted=True),
        Topic("documents", 12, compacted=True),
        Topic("changes", 1, retention=timedelta(days=90)),
        Topic("deliveries", 1, compacted=True, retention=timedelta(days=90)),
        Topic("poll-state", 1, compacted=True),
        Topic("errands", 1, compacted=True, retention=timedelta(days=90)),
        Topic("answers", 1, compacted=True, retention=timedelta(days=2)),
        Topic("pushed", 1, compacted=True, retention=timedelta(days=30)),
        Topic("dead-letters", 1, compacted=True, retention=timedelta(days=30)),
        Topic("suppressed", 1, compacted=True),
        # Holds nothing: whoever of a group owns its one partition does what only one may do (polls, tells alerts).
        Topic("owners", 1, retention=timedelta(days=1)),
    )
}


class ProducerRecord(NamedTuple):
    """A record to be appended. `value` None is a tombstone: the key is gone."""

    topic: str
    key: str
    value: bytes | None
    headers: Mapping[str, str] = {}


class ConsumerRecord(NamedTuple):
    """A record as read. `timestamp` is when it was appended, in ms since 1970 UTC."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str
    value: bytes | None
    headers: Mapping[str, str]


def partition_for(key: str, partitions: int) -> int:
    """Return the partition of a key: CRC-32 of its UTF-8, modulo. The same on every engine and machine."""
    return zlib.crc32(key.encode()) % partitions


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a group has done with a topic: next offset to read by partition, and the fates counted up to there.

    `begun`: by partition, the end of the batch that the group's owner said it had begun to write (`Consumer.begin`) and
    has not committed yet.
    """

    positions: Mapping[int, int]
    fates: Mapping[str, int] = field(default_factory=dict)
    begun: Mapping[int, int] = field(default_factory=dict)


Lookup = Callable[[Sequence[str]], Mapping[str, ConsumerRecord]]


class Consumer(Protocol):
    """One member's place in a group over one topic. Not thread-safe; one thread owns it.

    On an engine that shares partitions out by itself (Kafka), `partitions` may change in `poll`, as members come and
    go; a partition that comes begins where the group stands.
    """

    @property
    def partitions(self) -> Sequence[int]:
        """The partitions that this member owns, ascending; may be empty where others own them all."""
        ...

    def poll(self, limit: int, timeout: float) -> Sequence[ConsumerRecord]:
        """Return up to `limit` records after those returned before, waiting up to `timeout` seconds for the first.

        Starts at the committed positions, or at the beginning. Empty when nothing came in time.
        Order holds within a partition.
        """
        ...

    def commit(self, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        """Store the next offset to read by partition, and add `fates` to the group's counts, atomically.

        Raises FencedError where another member owns one of the partitions by now: nothing is stored.
        """
        ...

    def begin(self, positions: Mapping[int, int]) -> None:
        """Say that the batch up to `positions` is about to be written. `Checkpoint.begun` has it until the commit.

        For a group of one owner whose outputs must be the same whoever makes them: whoever takes over does the batch
        that was begun whole. Raises FencedError as `commit`.
        """
        ...

    def rewind(self) -> None:
        """Go back to what the group has committed, or to the beginning, on every partition that this member owns."""
        ...

    def seek(self, partition: int, offset: int) -> None:
        """Go on reading `partition`, one of this member's, from `offset` (replay); nothing is committed by this."""
        ...

    def lag(self) -> int:
        """Return how many offsets of this member's partitions lie between its position and the end."""
        ...

    def close(self) -> None:
        """Leave the group. Uncommitted reads will be read again."""
        ...


class Log(Protocol):
    """Topics on one engine. Thread-safe.

    Every method may raise TransientError (try again), EngineError, FolderFullError, FolderDamagedError; ValueError for
    a topic or partition that is not there.
    """

    def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Sequence[tuple[int, int]]:
        """Append all; return (partition, offset) of each. On return they survive a killed process.

        After an error none were appended (embedded), or perhaps a part (Kafka): append all again, since a record that
        is there twice changes nothing. Whoever has many records makes calls of some 500. `durable`: they survive a
        power cut too (something that enters: a collected mention, an import, a decision). Raises InputError for a key
        that is no UTF-8, and for a record that is larger than the engine takes; then none were appended.
        """
        ...

    def consumer(self, group: str, topic: str, *, member: int = 0, members: int = 1) -> Consumer:
        """Return a member of a group, of which each partition has one owner.

        The embedded engine is told which one: member `member` of `members` owns partition % members. Kafka shares the
        partitions among the members that there are, and `member` and `members` mean nothing.
        """
        ...

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[ConsumerRecord]:
        """Return up to `limit` records from `offset` on, outside any group; fewer at the end."""
        ...

    def span(self, topic: str, partition: int) -> tuple[int, int]:
        """Return (first offset kept, offset after the last). Equal when nothing is kept."""
        ...

    def spans(self, topic: str, partitions: Iterable[int] | None = None) -> Mapping[int, tuple[int, int]]:
        """Return `span` by partition, of all or of these, for the price of one: over a network that is what counts."""
        ...

    def latest(self, topic: str, keys: Sequence[str]) -> Mapping[str, ConsumerRecord]:
        """Return the newest record of each key on a compacted topic; missing keys and tombstones are left out."""
        ...

    def looking_up(self, topic: str) -> AbstractContextManager["Lookup"]:
        """Lend what does as `latest`, for whoever asks for thousands of keys one after another. One thread at a time.

        It knows what was appended before the block began; what came since it may know or not.
        """
        ...

    def checkpoint(self, group: str, topic: str) -> Checkpoint:
        """Return what a group has committed on a topic; empty where it has nothing."""
        ...

    def commit(self, group: str, topic: str, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        """Store positions and add fates for a group that has no member just now, atomically.

        Whoever has a `Consumer` of the group commits with that.
        """
        ...

    def erase(self, topic: str, keys: Collection[str], *, tombstones: bool = False) -> int:
        """Take out at once what the engine can of these keys' records; return how many that were.

        On a compacted topic the newest of each key stays: a tombstone, or what was put in its place before this. With
        `tombstones` those go as well, where the key itself is personal and nobody has to hear of it. Where an engine
        cannot (Kafka), compaction and retention do it in their time.
        """
        ...

    def maintain(self, now_ms: int) -> Mapping[str, int]:
        """Compact and expire what is due; return the number of records removed by topic. Safe to kill."""
        ...

    def close(self) -> None:
        """Release the engine. No call may follow."""
        ...
