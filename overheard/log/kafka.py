"""The log on Apache Kafka: topics of the table under a prefix, shared out among the members of a group by Kafka.

    append       idempotent producer, acknowledged by all replicas in step before it returns
    a group's    position in a partition is Kafka's committed offset; fates counted so far and the batch that was begun
    checkpoint   stand beside it, in the commit's metadata, so that one request stores all three or none of them
    latest       from a table in the data folder that follows the topic (`overheard.log.newest`)

No transactions: ids are hashes and folds are maps, so a batch that is done again changes nothing.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

import kafka
import msgspec
from kafka import TopicPartition, errors
from kafka.admin import KafkaAdminClient
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.structs import OffsetAndMetadata

from overheard.errors import EngineError, FencedError, InputError, TransientError
from overheard.folder import Folder
from overheard.log.base import TOPICS, Checkpoint, ConsumerRecord, Lookup, ProducerRecord, Topic, partition_for
from overheard.log.embedded import now_ms
from overheard.log.newest import Newest
from overheard.log.provision import MAX_BATCH, provision
from overheard.log.reach import OLDEST, PATIENCE, REQUEST_MS, Options, connect, kafka_errors, make_client

_logger = logging.getLogger(__name__)

# Header of a batch and of its one record (`DefaultRecordBatchBuilder.estimate_size_in_bytes` adds some 90 bytes).
_ENVELOPE = 1_024
# What one call of `append` has under way at once: beyond it the call waits for the broker.
_IN_FLIGHT = 16 * 1024 * 1024
_BATCH = 1024 * 1024
# Whoever has lost its session (10 s) must not go on writing: what cannot be delivered in less is given up.
_DELIVERY_MS = 8_000
_SESSION_MS = 10_000
_HEARTBEAT_MS = 3_000
# A member that does not ask for records for so long is taken for dead. A batch takes seconds; a stage that waits for
# another engine looks up every 30 s at most and then does the same step again, so minutes pass between two polls
# only where that engine stays away. Then the partitions go to others, which can do no better, and come back.
_MAX_POLL_MS = 300_000
# Of memory, per consumer: what waits to be taken, and as much again under way. One record may be larger than this.
_FETCH_MAX = 8 * 1024 * 1024
_FETCH_PARTITION_MAX = 1024 * 1024
# How long the broker holds a question for records that are not there yet. A position that was set anew waits for the
# answer to the question before, so it is short for those that jump about.
_FETCH_WAIT_MS = 250
_READ_WAIT_MS = 5
_READERS = 4
# How long a member waits to be let into its group. A group that is being shared out anew waits for its slowest member.
_JOIN = 15.0
_READ = 10.0
_ADMIN_MS = 15_000
_CLOSE = 10.0
# A producer that has never got an id from the broker does not even give up by itself.
_FLUSH = _DELIVERY_MS / 1000 + 2
_BEGINNING = (errors.CoordinatorNotAvailableError, errors.CoordinatorLoadInProgressError)
_TRY_AGAIN = 0.1
_JOIN_LOOK_MS = 100
_READ_LOOK_MS = 100
# The version of the metadata request (API key 3) that came with `OLDEST`.
_METADATA, _METADATA_OF_OLDEST = 3, 12
_T = TypeVar("_T")


class _Note(msgspec.Struct, omit_defaults=True):
    """What stands in the metadata of a commit: fates that this group has counted in the partition, ever."""

    fates: dict[str, int] = {}
    begun: int | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Note)


class _Place(NamedTuple):
    """Where a group stands in a partition."""

    position: int
    fates: Mapping[str, int]
    begun: int | None


class _Sendable(NamedTuple):
    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    size: int


class KafkaLog:
    """`Log` on a Kafka cluster. Thread-safe; each process opens its own.

    `options`: of `overheard.log.reach.client_options`. `prefix` goes before the name of every topic and group, so that
    several firms share a cluster. `folder` holds the table that `latest` looks into; without one `latest` raises
    ValueError. `replication`: copies of each partition of topics that are made (0: the cluster's default). `clock`
    gives the timestamps of appended records, in ms since 1970 UTC. A broker that is not there yet is waited for, up
    to `patience` seconds. `durable` makes no difference: all is acknowledged by all replicas that are in step.

    Raises EngineError where the cluster, or a topic on it, cannot be used as it is.
    """

    def __init__(
        self,
        options: Options,
        *,
        prefix: str = "",
        folder: Folder | None = None,
        topics: Mapping[str, Topic] = TOPICS,
        replication: int = 0,
        clock: Callable[[], int] = now_ms,
        patience: float = PATIENCE,
    ) -> None:
        self.topics = topics
        self._options = dict(options)
        self._prefix = prefix
        self._clock = clock
        self._lock = threading.Lock()
        self._commits = threading.Lock()
        self._closed = False
        self._producer: kafka.KafkaProducer | None = None
        self._readers: list[_Reader] = []
        self._admin: KafkaAdminClient | None = connect(self._new_admin, self._options, patience=patience)
        self._newest = None if folder is None else Newest(folder, self)
        try:
            with kafka_errors("checking the topics"):
                _check_version(self._admin)
                named = {self.name_of(name): topic for name, topic in topics.items()}
                servers = self._options["bootstrap_servers"]
                provision(self._admin, named, servers=servers, replication=replication)
        except BaseException:
            self.close()
            raise

    def name_of(self, name: str) -> str:
        """Return what a topic or group is called on the cluster."""
        return f"{self._prefix}-{name}" if self._prefix else name

    def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Sequence[tuple[int, int]]:  # noqa: ARG002
        """See `Log.append`. Waits for the broker where more than some MB are under way."""
        if not records:
            return []
        sendable = [self._sendable(record) for record in records]
        with kafka_errors("appending to the log"), self._producing() as producer:
            timestamp = self._clock()
            places: list[tuple[int, int]] = []
            for chunk in _chunks(sendable):
                sent = list(_sent(producer, chunk, timestamp))
                producer.flush(_FLUSH)
                # What was not delivered in time has failed by now: the producer gives up by itself.
                places += [(done.partition, done.offset) for done in (future.get(0) for future in sent)]
            return places

    def consumer(self, group: str, topic: str, *, member: int = 0, members: int = 1) -> "KafkaConsumer":
        """See `Log.consumer`. Nothing is asked of Kafka before the first call of the consumer's."""
        if not 0 <= member < members:
            msg = f"expected a member from 0 to {members - 1}; got {member}"
            raise ValueError(msg)
        self._topic(topic)
        return KafkaConsumer(self, group, topic)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[ConsumerRecord]:
        """See `Log.read`. Reading on where the last call ended costs no new question to the broker."""
        self._check_partition(topic, partition)
        if limit <= 0:
            return []
        doing = f"reading {topic}/{partition}"
        with kafka_errors(doing), self._reading(topic, partition, offset) as reader:
            return reader.read(topic, partition, max(offset, 0), limit)

    def span(self, topic: str, partition: int) -> tuple[int, int]:
        """See `Log.span`."""
        self._check_partition(topic, partition)
        return self.spans(topic, [partition])[partition]

    def spans(self, topic: str, partitions: Iterable[int] | None = None) -> Mapping[int, tuple[int, int]]:
        """See `Log.spans`."""
        chosen = range(self._topic(topic).partitions) if partitions is None else partitions
        wanted = [TopicPartition(self.name_of(topic), partition) for partition in chosen]
        with kafka_errors(f"looking how far {topic} reaches"), self._reading(topic, -1, -1) as reader:
            firsts = reader.client.beginning_offsets(wanted, timeout_ms=REQUEST_MS)
            ends = reader.client.end_offsets(wanted, timeout_ms=REQUEST_MS)
            return {tp.partition: (firsts[tp], ends[tp]) for tp in wanted}

    def latest(self, topic: str, keys: Sequence[str]) -> Mapping[str, ConsumerRecord]:
        """See `Log.latest`. Raises ValueError for a topic that is not compacted, and where there is no folder."""
        return self._table(topic).latest(topic, keys)

    def looking_up(self, topic: str) -> AbstractContextManager[Lookup]:
        """See `Log.looking_up`. Raises ValueError as `latest`."""
        return self._table(topic).looking_up(topic)

    def topic_id(self, topic: str) -> str:
        """Return what tells this topic from another one of its name, before or after it, on this or another cluster."""
        with kafka_errors(f"asking for {topic}"):
            (described,) = self._ask_admin(lambda admin: admin.describe_topics([self.name_of(topic)]))
            if described["error_code"]:
                raise errors.for_code(described["error_code"])(topic)
            return str(described["topic_id"])

    def checkpoint(self, group: str, topic: str) -> Checkpoint:
        """See `Log.checkpoint`."""
        places = self._places(group, topic)
        fates: Counter[str] = Counter()
        for place in places.values():
            fates.update(place.fates)
        return Checkpoint(
            {partition: place.position for partition, place in places.items()},
            dict(fates),
            {partition: place.begun for partition, place in places.items() if place.begun is not None},
        )

    def commit(self, group: str, topic: str, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        """See `Log.commit`. One process at a time: Kafka adds nothing up, so the counts are read and written.

        Raises FencedError where the group has a member.
        """
        for partition in positions:
            self._check_partition(topic, partition)
        with self._commits:
            changed = _advanced(self._places(group, topic), positions, fates)
            if not changed:
                return
            offsets = _offsets(self.name_of(topic), changed)
            with kafka_errors(f"committing for {group} on {topic}", fenced=True):
                done = self._ask_admin(lambda admin: admin.alter_group_offsets(self.name_of(group), offsets))
                for error in done.values():
                    if error is not errors.NoError:
                        raise error(group)

    def erase(self, topic: str, keys: Collection[str], *, tombstones: bool = False) -> int:  # noqa: ARG002
        """See `Log.erase`. The broker does it in its time; the table of this folder, if it has one, at once."""
        if self._topic(topic).compacted and self._newest is not None:
            self._newest.latest(topic, list(keys))
        return 0

    def maintain(self, now_ms: int) -> Mapping[str, int]:  # noqa: ARG002
        """See `Log.maintain`. Nothing to do: Kafka compacts and expires by itself."""
        return {}

    def close(self) -> None:
        """See `Log.close`. Its consumers are closed by whoever has them. May be called twice."""
        with self._lock:
            self._closed = True
            producer, self._producer = self._producer, None
            admin, self._admin = self._admin, None
            readers, self._readers = self._readers, []
        if producer is not None:
            _close_producer(producer, _FLUSH)
        if admin is not None:
            admin.close()
        for reader in readers:
            reader.close()

    def _topic(self, name: str) -> Topic:
        topic = self.topics.get(name)
        if topic is None:
            msg = f"expected one of the topics {', '.join(self.topics)}; got {name!r}"
            raise ValueError(msg)
        return topic

    def _table(self, topic: str) -> Newest:
        """Return where the keys of a topic are looked up."""
        if not self._topic(topic).compacted:
            msg = f"expected a compacted topic; {topic!r} is not"
            raise ValueError(msg)
        if self._newest is None:
            msg = "expected a data folder to look keys up in; this log was opened without one"
            raise ValueError(msg)
        return self._newest

    def _check_partition(self, topic: str, partition: int) -> None:
        partitions = self._topic(topic).partitions
        if not 0 <= partition < partitions:
            msg = f"expected a partition of {topic!r} from 0 to {partitions - 1}; got {partition}"
            raise ValueError(msg)

    def _sendable(self, record: ProducerRecord) -> _Sendable:
        topic = self._topic(record.topic)
        try:
            key = record.key.encode()
            headers = [(name, value.encode()) for name, value in record.headers.items()]
            names = sum(len(name.encode()) for name in record.headers)
        except UnicodeEncodeError as e:
            msg = f"expected key and headers without lone surrogates; got {record.key!r}, {dict(record.headers)!r}"
            raise InputError(msg, where=f"topic {record.topic}") from e
        size = len(key) + len(record.value or b"") + names + sum(len(value) for _, value in headers) + _ENVELOPE
        if size > MAX_BATCH:
            msg = (
                f"expected a record of at most {MAX_BATCH - _ENVELOPE} bytes, key and headers included; "
                f"got {size - _ENVELOPE}"
            )
            raise InputError(msg, where=f"topic {record.topic}")
        partition = partition_for(record.key, topic.partitions)
        return _Sendable(self.name_of(record.topic), partition, key, record.value, headers, size)

    @contextmanager
    def _producing(self) -> Iterator[kafka.KafkaProducer]:
        """Lend the producer, to any number of threads at once. After an error the next call makes another one."""
        with self._lock:
            self._check_open()
            if self._producer is None:
                self._producer = make_client(kafka.KafkaProducer, {**self._options, **_PRODUCER})
            producer = self._producer
        try:
            yield producer
        except BaseException:
            # What failed may have left it out of step with the broker's count of its batches.
            with self._lock:
                mine = self._producer is producer
                if mine:
                    self._producer = None
            if mine:
                _close_producer(producer, 0)
            raise

    @contextmanager
    def _reading(self, topic: str, partition: int, offset: int) -> Iterator["_Reader"]:
        """Lend a reader that no other thread has; one that stands at this place already if there is one."""
        with self._lock:
            self._check_open()
            at = next((r for r in self._readers if r.at == (topic, partition, offset)), None)
            reader = at or next(iter(self._readers), None)
            if reader is not None:
                self._readers.remove(reader)
        reader = reader or _Reader(self)
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        with self._lock:
            keep = not self._closed and len(self._readers) < _READERS
            if keep:
                self._readers.append(reader)
        if not keep:
            reader.close()

    def _places(self, group: str, topic: str) -> Mapping[int, _Place]:
        name, known = self.name_of(topic), self.name_of(group)
        wanted = [TopicPartition(name, partition) for partition in range(self._topic(topic).partitions)]
        with kafka_errors(f"reading where {group} stands on {topic}"):
            found = self._ask_admin(lambda admin: admin.list_group_offsets({known: wanted}))[known]
        return _places_in(found)

    def _ask_admin(self, question: Callable[[KafkaAdminClient], Any]) -> Any:
        """Return the answer; where the client's picture of the cluster is old, by a new client."""
        began = time.monotonic()
        while True:
            with self._lock:
                self._check_open()
                if self._admin is None:
                    self._admin = self._new_admin()
                admin = self._admin
            try:
                return question(admin)
            except Exception as e:
                # It remembers where a group's coordinator was, and goes on asking there.
                with self._lock:
                    mine = self._admin is admin
                    if mine:
                        self._admin = None
                if mine:
                    admin.close()
                # A cluster that has just begun makes the topic of its groups first.
                patience = PATIENCE if isinstance(e, _BEGINNING) else REQUEST_MS / 1000
                if not isinstance(e, errors.RetriableError) or time.monotonic() > began + patience:
                    raise
                time.sleep(_TRY_AGAIN)

    def _new_admin(self) -> KafkaAdminClient:
        return make_client(KafkaAdminClient, {**self._options, "request_timeout_ms": _ADMIN_MS})

    def _new_consumer(self, **configs: Any) -> kafka.KafkaConsumer:
        return make_client(kafka.KafkaConsumer, {**self._options, **_CONSUMER, **configs})

    def _check_open(self) -> None:
        if self._closed:
            msg = "expected an open log; this one was closed"
            raise RuntimeError(msg)


_PRODUCER: Options = {
    "enable_idempotence": True,
    "acks": "all",
    "batch_size": _BATCH,
    # `flush` sends what a call has put in; until then it waits for the rest, so that a call makes few requests.
    "linger_ms": 100,
    "request_timeout_ms": REQUEST_MS,
    "delivery_timeout_ms": _DELIVERY_MS,
    "max_block_ms": REQUEST_MS,
    "max_request_size": MAX_BATCH,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
    "reconnect_backoff_max_ms": 1_000,
}
_CONSUMER: Options = {
    "enable_auto_commit": False,
    # What to do is decided here, and said (`_recover`).
    "auto_offset_reset": "none",
    "fetch_max_bytes": _FETCH_MAX,
    "max_partition_fetch_bytes": _FETCH_PARTITION_MAX,
    "request_timeout_ms": REQUEST_MS,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
    "reconnect_backoff_max_ms": 1_000,
}


class KafkaConsumer:
    """`Consumer` over a `KafkaLog`; made by `KafkaLog.consumer`.

    It joins the group at its first call, and waits until it is let in. Kafka shares the partitions out anew whenever a
    member comes or goes; this one learns of it in `poll`. What it had handed out before and not committed is then no
    longer its own: every `commit` raises FencedError until `rewind`, even where a partition came back to it.
    """

    def __init__(self, log: KafkaLog, group: str, topic: str) -> None:
        self._log = log
        self._group = group
        self._topic = topic
        self._name = log.name_of(topic)
        self._client: kafka.KafkaConsumer | None = None
        self._share = _Share()
        self._seen = 0
        self._fenced = False
        # By partition: where the group stands, as long as this member owns it; None before it has been asked for.
        self._places: dict[int, _Place] | None = None
        # By partition: the offset after the last record handed out, where that is not committed yet.
        self._handed: dict[int, int] = {}

    @property
    def partitions(self) -> Sequence[int]:
        """See `Consumer.partitions`. Empty until the first call that joins the group."""
        return tuple(sorted(self._share.partitions))

    def poll(self, limit: int, timeout: float) -> Sequence[ConsumerRecord]:
        """See `Consumer.poll`. With a `timeout` of 0 only what has come over the network by now."""
        deadline = time.monotonic() + timeout
        with self._asking("reading") as client:
            while True:
                records = self._take(client, limit, max(0.0, deadline - time.monotonic()))
                if records or time.monotonic() >= deadline:
                    break
        for record in records:
            self._handed[record.partition] = record.offset + 1
        return records

    def commit(self, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        """See `Consumer.commit`."""
        with self._asking("committing", fenced=True) as client:
            places = self._check_owned(positions)
            self._store(client, places, _advanced(places, positions, fates))
        for partition, position in positions.items():
            if self._handed.get(partition, 0) <= position:
                self._handed.pop(partition, None)

    def begin(self, positions: Mapping[int, int]) -> None:
        """See `Consumer.begin`."""
        with self._asking("beginning a batch", fenced=True) as client:
            places = self._check_owned(positions)
            begun = {}
            for partition, end in positions.items():
                place = places.get(partition) or _Place(self._first(client, partition), {}, None)
                begun[partition] = place._replace(begun=end)
            self._store(client, places, begun)

    def rewind(self) -> None:
        """See `Consumer.rewind`. Joins the group."""
        with self._asking("going back") as client:
            self._places = places = dict(self._log._places(self._group, self._topic))
            for tp in self._owned(client):
                if tp.partition in places:
                    client.seek(tp, places[tp.partition].position)
                else:
                    client.seek_to_beginning(tp)
        self._fenced = False
        self._handed.clear()

    def seek(self, partition: int, offset: int) -> None:
        """See `Consumer.seek`. Raises ValueError for a partition of another member."""
        with self._asking("seeking") as client:
            if partition not in self._share.partitions:
                msg = f"expected one of the partitions {list(self.partitions)} of {self._topic!r}; got {partition}"
                raise ValueError(msg)
            tp = TopicPartition(self._name, partition)
            if tp not in self._owned(client):
                msg = f"group {self._group} on {self._topic}: the partitions are being shared out anew"
                raise FencedError(msg)
            client.seek(tp, max(offset, 0))
        self._handed.pop(partition, None)

    def lag(self) -> int:
        """See `Consumer.lag`. Asks the broker once."""
        with self._asking("looking what is left") as client:
            owned = self._owned(client)
            if not owned:
                return 0
            at = {tp: self._recovering(client, partial(client.position, tp, REQUEST_MS)) for tp in owned}
            ends = client.end_offsets(owned, timeout_ms=REQUEST_MS)
            return sum(max(0, ends[tp] - (at[tp] or 0)) for tp in owned)

    def close(self) -> None:
        """See `Consumer.close`. May be called twice."""
        client, self._client = self._client, None
        if client is not None:
            # Where the broker is away it is not told; it notices when the session ends.
            with suppress(errors.KafkaError):
                client.close(autocommit=False, timeout_ms=REQUEST_MS)

    @contextmanager
    def _asking(self, doing: str, *, fenced: bool = False) -> Iterator[kafka.KafkaConsumer]:
        """Lend the client, a member of its group: what it then does not find is not there for it."""
        with kafka_errors(f"{doing} as {self._group} on {self._topic}", fenced=fenced):
            if self._client is None:
                self._log._check_open()
                self._client = self._log._new_consumer(
                    group_id=self._log.name_of(self._group),
                    session_timeout_ms=_SESSION_MS,
                    heartbeat_interval_ms=_HEARTBEAT_MS,
                    max_poll_interval_ms=_MAX_POLL_MS,
                    fetch_max_wait_ms=_FETCH_WAIT_MS,
                    # Whoever comes or goes moves as little as can be: above all not what has one owner.
                    partition_assignment_strategy=(StickyPartitionAssignor,),
                )
                self._client.subscribe([self._name], listener=self._share)
                # A member that leads the group shares out what it knows of: without this, nothing at first.
                self._client.partitions_for_topic(self._name)
            if not self._share.number:
                self._join(self._client)
            yield self._client

    def _join(self, client: kafka.KafkaConsumer) -> None:
        deadline = time.monotonic() + _JOIN
        while not self._share.number:
            if time.monotonic() > deadline:
                msg = f"not let into group {self._group} within {_JOIN:g} s: it waits for its slowest member"
                raise TransientError(msg)
            for records in self._recovering(client, lambda: client.poll(_JOIN_LOOK_MS, 1)).values():
                # It came with the partitions, and nobody has asked for it yet.
                client.seek(TopicPartition(self._name, records[0].partition), records[0].offset)
        self._seen = self._share.number
        self._say_share()

    def _say_share(self) -> None:
        """Tell how much of the work is this member's; of a topic that has one owner, that one tells what it does."""
        whole = self._log.topics[self._topic].partitions
        level = logging.INFO if whole > 1 else logging.DEBUG
        share = len(self.partitions)
        _logger.log(level, "%s: this process has %d of %d partitions of %s now", self._group, share, whole, self._topic)

    def _take(self, client: kafka.KafkaConsumer, limit: int, timeout: float) -> list[ConsumerRecord]:
        if limit <= 0:
            return []
        found = self._recovering(client, lambda: client.poll(timeout * 1000, limit))
        if self._share.number != self._seen:
            self._seen = self._share.number
            self._places = None
            self._fenced = self._fenced or bool(self._handed)
            self._handed.clear()
            self._say_share()
        return [_record(self._topic, record) for records in found.values() for record in records]

    def _recovering(self, client: kafka.KafkaConsumer, question: Callable[[], _T]) -> _T:
        """Return the answer. Where there is no position, or none that is still there, it is the first that is kept."""
        while True:
            try:
                return question()
            except errors.NoOffsetForPartitionError as e:
                client.seek_to_beginning(*e.args[0])
            except errors.OffsetOutOfRangeError as e:
                for tp, offset in e.args[0].items():
                    self._lost(tp, offset, client.beginning_offsets([tp], timeout_ms=REQUEST_MS)[tp])
                client.seek_to_beginning(*e.args[0])
            except errors.LogTruncationError as e:
                for tp, safe in e.divergent_offsets.items():
                    offset = client.beginning_offsets([tp], timeout_ms=REQUEST_MS)[tp] if safe is None else safe.offset
                    self._lost(tp, client.position(tp, timeout_ms=REQUEST_MS), offset)
                    client.seek(tp, offset)

    def _lost(self, tp: TopicPartition, offset: int | None, first: int) -> None:
        _logger.warning(
            "%s/%d: offset %s, where group %s stood, is not there (expired, or the topic was made anew or cut short); "
            "it goes on at %d",
            self._topic, tp.partition, offset, self._group, first,
        )  # fmt: skip

    def _owned(self, client: kafka.KafkaConsumer) -> list[TopicPartition]:
        """Return what can be sought: nothing while the partitions are shared out anew, as `poll` may leave it."""
        assigned = client.assignment()
        owned = (TopicPartition(self._name, partition) for partition in sorted(self._share.partitions))
        return [tp for tp in owned if tp in assigned]

    def _check_owned(self, positions: Mapping[int, int]) -> dict[int, _Place]:
        """Return where the group stands in this member's partitions. Raises FencedError where one is not its own."""
        lost = sorted(set(positions) - self._share.partitions)
        if self._fenced or lost:
            which = f"partitions {lost} are another's" if lost else "the partitions were shared out anew"
            msg = f"group {self._group} on {self._topic}: {which}; what is in hand is read again"
            raise FencedError(msg)
        if self._places is None:
            self._places = dict(self._log._places(self._group, self._topic))
        return self._places

    def _store(self, client: kafka.KafkaConsumer, places: dict[int, _Place], changed: Mapping[int, _Place]) -> None:
        client.commit(_offsets(self._name, changed), timeout_ms=REQUEST_MS)
        places.update(changed)

    def _first(self, client: kafka.KafkaConsumer, partition: int) -> int:
        tp = TopicPartition(self._name, partition)
        return int(client.beginning_offsets([tp], timeout_ms=REQUEST_MS)[tp])


class _Share(kafka.ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is not typed
    """What Kafka says of the partitions that a member owns; `number` counts how often it has said so."""

    def __init__(self) -> None:
        self.partitions: frozenset[int] = frozenset()
        self.number = 0

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Wait for the next assignment: until then commits are still taken for what was owned."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Take the new share, all of it: the assignors are eager ones."""
        self.partitions = frozenset(tp.partition for tp in assigned)
        self.number += 1


class _Reader:
    """Reads a partition outside any group. One thread at a time."""

    def __init__(self, log: KafkaLog) -> None:
        self._log = log
        self.client = log._new_consumer(group_id=None, fetch_max_wait_ms=_READ_WAIT_MS)
        # Topic, partition and the offset that the next read begins at if it goes on.
        self.at = ("", -1, -1)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[ConsumerRecord]:
        """Return up to `limit` records from `offset` on, of those that were there when asked."""
        tp = TopicPartition(self._log.name_of(topic), partition)
        if self.at != (topic, partition, offset):
            if self.at[:2] != (topic, partition):
                self.client.assign([tp])
            self.client.seek(tp, offset)
        end = self.client.end_offsets([tp], timeout_ms=REQUEST_MS)[tp]
        found: list[ConsumerRecord] = []
        deadline = time.monotonic() + _READ
        while len(found) < limit and self.client.position(tp, timeout_ms=REQUEST_MS) < end:
            try:
                got = self.client.poll(_READ_LOOK_MS, limit - len(found))
            except errors.OffsetOutOfRangeError:
                self.client.seek(tp, self.client.beginning_offsets([tp], timeout_ms=REQUEST_MS)[tp])
                continue
            found += [_record(topic, record) for records in got.values() for record in records]
            if got:
                deadline = time.monotonic() + _READ
            elif time.monotonic() > deadline:
                msg = f"no record within {_READ:g} s, and offset {end} not reached"
                raise errors.KafkaTimeoutError(msg)
        self.at = (topic, partition, found[-1].offset + 1 if found else offset)
        return found

    def close(self) -> None:
        """Let the connection go."""
        self.client.close(autocommit=False)


def _record(topic: str, record: Any) -> ConsumerRecord:
    """Return a record as it was read. What others wrote there, and is no UTF-8, is marked rather than refused."""
    return ConsumerRecord(
        topic,
        record.partition,
        record.offset,
        record.timestamp,
        (record.key or b"").decode("utf-8", "replace"),
        record.value,
        {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers},
    )


def _places_in(offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> dict[int, _Place]:
    """Return where a group stands, by partition, from what Kafka has of it; -1 is nothing."""
    places = {}
    for tp, committed in offsets.items():
        if committed.offset >= 0:
            note = _note(committed.metadata)
            places[tp.partition] = _Place(committed.offset, note.fates, note.begun)
    return places


def _note(metadata: str | None) -> _Note:
    """Return what a commit says beside its offset: nothing where Kafka's own tools made it."""
    try:
        return _decoder.decode(metadata or "{}")
    except msgspec.MsgspecError:
        return _Note()


def _offsets(name: str, places: Mapping[int, _Place]) -> Mapping[TopicPartition, OffsetAndMetadata]:
    return {
        TopicPartition(name, partition): OffsetAndMetadata(
            place.position, _encoder.encode(_Note(dict(place.fates), place.begun)).decode(), -1
        )
        for partition, place in places.items()
    }


def _advanced(
    places: Mapping[int, _Place], positions: Mapping[int, int], fates: Mapping[str, int]
) -> Mapping[int, _Place]:
    """Return the places that a commit changes. The fates are counted in one of them: only their sum is ever read."""
    counted = {fate: count for fate, count in fates.items() if count}
    carrier = min(positions, default=min(places, default=0))
    changed = dict(positions)
    if counted and carrier not in changed:
        changed[carrier] = places[carrier].position if carrier in places else 0
    found = {}
    for partition, position in changed.items():
        known = places.get(partition) or _Place(position, {}, None)
        total = Counter(known.fates)
        if partition == carrier:
            total.update(counted)
        begun = known.begun if known.begun is not None and known.begun > position else None
        found[partition] = _Place(position, dict(total), begun)
    return found


def _sent(producer: kafka.KafkaProducer, chunk: Sequence[_Sendable], timestamp: int) -> Iterator[Any]:
    """Hand records to the producer and yield their futures.

    A process that was paused in the midst of it must not go on when it wakes: by then another one may own its work, and
    what is older would stand last on a compacted topic.
    """
    begun = time.monotonic()
    for r in chunk:
        if time.monotonic() - begun > _DELIVERY_MS / 1000:
            msg = f"paused, or the broker too slow: not handed over within {_DELIVERY_MS / 1000:g} s"
            raise errors.KafkaTimeoutError(msg)
        yield producer.send(r.topic, r.value, r.key, r.headers, r.partition, timestamp)


def _chunks(records: Iterable[_Sendable]) -> Iterator[list[_Sendable]]:
    """Cut a call of `append` into parts that may be under way at once."""
    chunk: list[_Sendable] = []
    size = 0
    for record in records:
        if chunk and size + record.size > _IN_FLIGHT:
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += record.size
    if chunk:
        yield chunk


def _close_producer(producer: kafka.KafkaProducer, patience: float) -> None:
    """End its thread. What is under way has `patience` seconds; then whoever waits for it is told that it failed."""
    try:
        producer.flush(patience)
    except errors.KafkaError:
        # `close` waits for the same, and leaves the thread to itself where that takes too long.
        producer._sender.force_close()
    with suppress(errors.KafkaError):
        producer.close(_CLOSE)


def _check_version(admin: KafkaAdminClient) -> None:
    versions = {int(key): newest for key, (_, newest) in admin.api_versions().items()}
    if versions.get(_METADATA, 0) < _METADATA_OF_OLDEST:
        oldest = ".".join(map(str, OLDEST))
        msg = f"expected Kafka {oldest} or newer; the brokers are older. Update them, or take another cluster"
        raise EngineError(msg)
