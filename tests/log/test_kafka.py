"""The log on Kafka: members that come and go, topics that are not as they should be, brokers that refuse."""

import gc
import threading
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import kafka as client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, MemberToRemove
from kafka.structs import OffsetAndMetadata

from overheard.errors import EngineError, FencedError, InputError, TransientError
from overheard.folder import Folder
from overheard.log.base import TOPICS as REAL_TOPICS
from overheard.log.base import Consumer, ProducerRecord, Topic
from overheard.log.kafka import KafkaConsumer, KafkaLog, _advanced, _offsets, _Place, _places_in
from overheard.log.provision import MAX_BATCH, provision, topic_config
from overheard.log.reach import client_options
from tests.contracts.log_contract import PATIENCE, drain, settle, take, values
from tests.engines.certificates import Certificates, certificates
from tests.engines.fixtures import cannot
from tests.engines.kafka import Kafka
from tests.engines.place import UnavailableError

TOPICS = {
    topic.name: topic
    for topic in (
        Topic("wide", 12, retention=timedelta(days=7)),
        Topic("kept", 1, compacted=True),
        Topic("both", 1, compacted=True, retention=timedelta(days=30)),
    )
}
DAY = 86_400_000
USERS = {"overheard": "correct horse"}
Open = Callable[..., KafkaLog]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def open_log(kafka: str, prefix: str, folder: Folder) -> Iterator[Open]:
    """Opens logs on the shared broker, and closes them."""
    opened: list[KafkaLog] = []

    def open_one(**arguments: Any) -> KafkaLog:
        arguments = {"prefix": prefix, "folder": folder, "topics": TOPICS, "patience": 1.0, **arguments}
        opened.append(KafkaLog(client_options([kafka]), **arguments))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log: Open) -> KafkaLog:
    return open_log()


@pytest.fixture
def admin(kafka: str) -> Iterator[KafkaAdminClient]:
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as opened:
        yield opened


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    try:
        return certificates(tmp_path_factory.mktemp("pems"))
    except UnavailableError as e:
        cannot("kafka", e)


@pytest.fixture(scope="module")
def own_broker(pems: Certificates) -> Iterator[Kafka]:
    properties = {"log.cleaner.backoff.ms": "100", "log.retention.check.interval.ms": "200"}
    try:
        with Kafka(certificates=pems, users=USERS, properties=properties) as running:
            yield running
    except UnavailableError as e:
        cannot("kafka", e)


@pytest.fixture
def broker(own_broker: Kafka) -> Iterator[Kafka]:
    """A broker of this module's own: it cleans and expires at once, speaks TLS, knows users, and may be stopped."""
    yield own_broker
    # Where a connection ends in the middle of its handshake, kafka-python leaves the socket to the collector.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def records(number: int, *, topic: str = "wide", size: int = 10) -> list[ProducerRecord]:
    return [ProducerRecord(topic, f"k{i}", b"x" * size) for i in range(number)]


def committed_by(log: KafkaLog, group: str) -> Counter[str]:
    return Counter(log.checkpoint(group, "wide").fates)


# Members that come and go


class Worker(threading.Thread):
    """Reads, notes what it read, and commits, as the loop of the stages does."""

    def __init__(self, consumer: Consumer, *, pause: float = 0.0) -> None:
        super().__init__()
        self.consumer = consumer
        self.pause = pause
        self.done: Counter[str] = Counter()
        self.fenced = 0
        self.stop = threading.Event()

    def run(self) -> None:
        self.consumer.rewind()
        while not self.stop.is_set():
            batch = self.consumer.poll(37, 0.1)
            time.sleep(self.pause)
            if not batch:
                continue
            try:
                self.consumer.commit({r.partition: r.offset + 1 for r in batch}, {"enriched": len(batch)})
            except FencedError:
                self.fenced += 1
                self.consumer.rewind()
            else:
                self.done.update(record.key for record in batch)
        self.consumer.close()


def test_members_that_come_and_go_under_load_lose_nothing_and_count_each_record_once(log: KafkaLog) -> None:
    appended = 0

    def append_until(done: Callable[[], bool]) -> None:
        nonlocal appended
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline
            log.append(records(200))
            appended += 1
            time.sleep(0.05)

    first, second, third = workers = [Worker(log.consumer("g", "wide"), pause=0.01) for _ in range(3)]
    first.start()
    append_until(lambda: bool(first.done))
    second.start()
    append_until(lambda: bool(second.done))
    third.start()
    first.stop.set()
    append_until(lambda: bool(third.done))
    wait_for(lambda: committed_by(log, "g")["enriched"] >= 200 * appended)
    for worker in workers:
        worker.stop.set()
        worker.join(PATIENCE)
    assert committed_by(log, "g") == {"enriched": 200 * appended}
    assert sum((worker.done for worker in workers), Counter()) == {f"k{i}": appended for i in range(200)}
    spans = log.spans("wide", range(12))
    assert log.checkpoint("g", "wide").positions == {p: end for p, (_, end) in spans.items() if end}


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_was_read_before_the_partitions_were_shared_out_anew_cannot_be_committed_after_it(log: KafkaLog) -> None:
    log.append(records(100))
    first, second = log.consumer("g", "wide"), log.consumer("g", "wide")
    in_hand = take(first, 50)
    settle([first, second], 12)
    positions = {record.partition: record.offset + 1 for record in in_hand}
    with pytest.raises(FencedError, match="group g on wide"):
        first.begin(positions)
    with pytest.raises(FencedError, match="group g on wide"):
        first.commit(positions, {"enriched": 50})
    assert log.checkpoint("g", "wide").fates == {}
    for member in (first, second):
        member.rewind()
    again = [record for member in (first, second) for record in drain(member)]
    assert Counter(record.key for record in again) == Counter(f"k{i}" for i in range(100))
    first.commit({p: log.span("wide", p)[1] for p in first.partitions}, {"enriched": 60})
    second.commit({p: log.span("wide", p)[1] for p in second.partitions}, {"enriched": 40})
    assert log.checkpoint("g", "wide").fates == {"enriched": 100}
    first.close()
    second.close()


def test_a_member_may_still_commit_what_it_has_in_hand_while_another_waits_to_be_let_in(log: KafkaLog) -> None:
    log.append(records(100))
    first, second = log.consumer("g", "wide"), log.consumer("g", "wide")
    in_hand = drain(first)
    joining = threading.Thread(target=second.rewind)
    joining.start()
    first.commit({record.partition: record.offset + 1 for record in in_hand}, {"enriched": 100})
    while joining.is_alive():
        assert not first.poll(10, 0.1)
    joining.join()
    assert set(first.partitions) | set(second.partitions) == set(range(12))
    assert not drain(first)
    assert not drain(second)
    assert log.checkpoint("g", "wide").fates == {"enriched": 100}
    first.close()
    second.close()


def test_a_member_that_the_group_has_given_up_is_fenced_and_comes_back(
    log: KafkaLog, admin: KafkaAdminClient, prefix: str
) -> None:
    log.append(records(10))
    one = log.consumer("g", "wide")
    in_hand = drain(one)
    group = f"{prefix}-g"
    (member,) = admin.describe_groups([group])[group]["members"]
    admin.remove_group_members(group, [MemberToRemove(member_id=member["member_id"])])
    positions = {record.partition: record.offset + 1 for record in in_hand}
    with pytest.raises(FencedError):
        one.begin(positions)
    with pytest.raises(FencedError):
        one.commit(positions, {"enriched": 10})
    one.rewind()
    assert len(drain(one)) == 10
    one.commit(positions, {"enriched": 10})
    assert log.checkpoint("g", "wide").fates == {"enriched": 10}
    one.close()


def test_a_member_beyond_the_partitions_owns_nothing_until_the_owner_has_gone(log: KafkaLog) -> None:
    owner, standby = log.consumer("match", "kept"), log.consumer("match", "kept")
    log.append([ProducerRecord("kept", "a", b"1")])
    owner.rewind()
    joining = threading.Thread(target=standby.rewind)
    joining.start()
    while joining.is_alive():
        owner.poll(1, 0.1)
    active, waiting = (owner, standby) if owner.partitions else (standby, owner)
    assert (list(active.partitions), list(waiting.partitions), waiting.lag()) == ([0], [], 0)
    assert not waiting.poll(10, 0.1)
    with pytest.raises(FencedError):
        waiting.commit({0: 1}, {})
    active.close()
    assert values(take(waiting, 1)) == [b"1"]
    waiting.close()


def test_a_commit_for_a_group_that_has_a_member_is_fenced(log: KafkaLog) -> None:
    with closing(log.consumer("g", "kept")) as one:
        one.rewind()
        with pytest.raises(FencedError):
            log.commit("g", "kept", {0: 0}, {"applied": 1})


def test_what_others_wrote_beside_an_offset_counts_for_nothing(
    log: KafkaLog, admin: KafkaAdminClient, prefix: str
) -> None:
    log.commit("g", "wide", {0: 0, 1: 0}, {"enriched": 3})
    admin.alter_group_offsets(f"{prefix}-g", {TopicPartition(f"{prefix}-wide", 0): OffsetAndMetadata(0, "by hand", -1)})
    assert log.checkpoint("g", "wide").fates == {}
    log.commit("g", "wide", {0: 0}, {"enriched": 2})
    assert log.checkpoint("g", "wide").fates == {"enriched": 2}


_commits = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 3), st.integers(0, 50), max_size=4),
        st.dictionaries(st.sampled_from(["enriched", "dead"]), st.integers(0, 9)),
    ),
    max_size=12,
)


@given(_commits)
def test_counts_add_up_whatever_is_committed_and_whoever_reads_them_back(
    commits: Sequence[tuple[dict[int, int], dict[str, int]]],
) -> None:
    stored: dict[TopicPartition, OffsetAndMetadata] = {}
    expected: Counter[str] = Counter()
    at: dict[int, int] = {}
    for positions, fates in commits:
        stored |= _offsets("t", _advanced(_places_in(stored), positions, fates))
        expected.update(fates)
        at |= positions
    places = _places_in(stored)
    total: Counter[str] = Counter()
    for place in places.values():
        total.update(place.fates)
    assert +total == +expected
    assert {p: places[p].position for p in at} == at


def test_a_batch_begun_is_over_when_the_position_has_reached_its_end() -> None:
    places = {0: _Place(3, {"linked": 3}, 9)}
    assert _advanced(places, {0: 5}, {})[0] == _Place(5, {"linked": 3}, 9)
    assert _advanced(places, {0: 9}, {"linked": 6})[0] == _Place(9, {"linked": 9}, None)


# Topics


def test_the_topics_of_the_table_are_made_as_it_says(
    log: KafkaLog, open_log: Open, admin: KafkaAdminClient, prefix: str
) -> None:
    names = [f"{prefix}-{name}" for name in TOPICS]
    assert {t["name"]: len(t["partitions"]) for t in admin.describe_topics(names)} == {
        f"{prefix}-{topic.name}": topic.partitions for topic in TOPICS.values()
    }
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found = admin.describe_configs(resources, config_filter="all")["topic"]
    for topic in TOPICS.values():
        config = found[f"{prefix}-{topic.name}"]
        assert {key: config[key]["value"] for key in topic_config(topic)} == topic_config(topic)
    open_log()


@pytest.mark.parametrize("topic", REAL_TOPICS.values(), ids=lambda topic: topic.name)
def test_what_is_deleted_is_off_the_disk_within_seven_days_and_a_tombstone_stays_for_a_day(topic: Topic) -> None:
    config = topic_config(topic)
    assert config["cleanup.policy"].split(",") == ["compact"] * topic.compacted + ["delete"] * bool(topic.retention)
    if topic.compacted:
        assert int(config["max.compaction.lag.ms"]) + int(config["segment.ms"]) < 7 * DAY
        assert int(config["min.compaction.lag.ms"]) >= DAY
        assert int(config["delete.retention.ms"]) >= DAY
    assert int(config["retention.ms"]) == (topic.retention / timedelta(milliseconds=1) if topic.retention else -1)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Topic("wide", 3, retention=timedelta(days=7)), r"wide: expected 12 partitions; found 3.*--alter --topic"),
        (Topic("wide", 13, retention=timedelta(days=7)), r"wide: expected 12 partitions; found 13.*--delete --topic"),
        (Topic("kept", 1), r"kept: expected cleanup.policy=compact, found delete.*--add-config cleanup.policy=compact"),
        (Topic("both", 1, compacted=True), r"both: expected .*=compact,delete, found compact.*=\[compact,delete\]"),
    ],
)
def test_a_topic_that_is_not_what_the_table_says_is_refused_with_the_command_that_mends_it(
    open_log: Open, found: Topic, said: str
) -> None:
    open_log(topics={found.name: found})
    with pytest.raises(EngineError, match=said):
        open_log()


def test_a_topic_that_takes_smaller_records_than_ours_is_refused(
    log: KafkaLog, open_log: Open, admin: KafkaAdminClient, prefix: str
) -> None:
    resource = ConfigResource(ConfigResourceType.TOPIC, f"{prefix}-kept", configs={"max.message.bytes": "1000000"})
    admin.alter_configs([resource])
    # The broker hears of it from the controller.
    wait_for(
        lambda: "1000000" in str(admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, resource.name)]))
    )
    with pytest.raises(EngineError, match=rf"max.message.bytes={MAX_BATCH}, found 1000000.*kafka-configs.sh"):
        open_log()


def test_more_copies_than_there_are_brokers_are_refused_with_the_setting(open_log: Open) -> None:
    with pytest.raises(EngineError, match=r"\[log\] replication"):
        open_log(replication=9)


def test_two_firms_on_one_cluster_do_not_see_each_other(open_log: Open, prefix: str, tmp_path: Path) -> None:
    with Folder(tmp_path / "other") as folder:
        one, other = open_log(prefix=f"{prefix}-a"), open_log(prefix=f"{prefix}-b", folder=folder)
        one.append([ProducerRecord("kept", "a", b"one's")])
        one.commit("g", "kept", {0: 1}, {"applied": 1})
        assert other.span("kept", 0) == (0, 0)
        assert other.latest("kept", ["a"]) == {}
        assert other.checkpoint("g", "kept").positions == {}
        with closing(one.consumer("g", "kept")) as a, closing(other.consumer("g", "kept")) as b:
            a.rewind()
            b.rewind()
            assert (list(a.partitions), list(b.partitions), b.lag()) == ([0], [0], 0)
        other.close()


def test_a_record_beyond_the_limit_is_refused_by_name_and_nothing_of_the_call_is_sent(log: KafkaLog) -> None:
    large = ProducerRecord("kept", "b", b"x" * MAX_BATCH)
    with pytest.raises(InputError, match=rf"topic kept: expected a record of at most \d+ bytes.*got {MAX_BATCH + 1}"):
        log.append([ProducerRecord("kept", "a", b"1"), large])
    assert log.span("kept", 0) == (0, 0)
    log.append([large._replace(value=b"x" * (MAX_BATCH - 1_100))])
    (record,) = log.read("kept", 0, 0, 10)
    assert len(record.value or b"") == MAX_BATCH - 1_100


def test_what_others_put_on_a_topic_is_read_and_breaks_nothing(kafka: str, log: KafkaLog, prefix: str) -> None:
    foreign = client.KafkaProducer(bootstrap_servers=kafka)
    foreign.send(f"{prefix}-kept", b"1", key=b"\xff\xfe", headers=[("h", b"\xff")])
    foreign.send(f"{prefix}-wide", b"2", partition=3)
    foreign.flush()
    foreign.close()
    (record,) = log.read("kept", 0, 0, 10)
    assert (record.key, record.value, dict(record.headers)) == ("\ufffd\ufffd", b"1", {"h": "\ufffd"})
    assert set(log.latest("kept", [record.key])) == {"\ufffd\ufffd"}
    (record,) = log.read("wide", 3, 0, 10)
    assert (record.key, record.value) == ("", b"2")


def test_threads_that_append_at_once_each_get_their_own_places(log: KafkaLog) -> None:
    places: list[tuple[int, int]] = []

    def work(name: int) -> None:
        for i in range(10):
            mine = log.append([ProducerRecord("kept", f"{name}-{i}-{j}", b"x") for j in range(5)])
            assert [offset for _, offset in mine] == sorted(offset for _, offset in mine)
            places.extend(mine)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == [(0, offset) for offset in range(200)]
    assert [r.offset for r in log.read("kept", 0, 0, 1_000)] == list(range(200))


def test_a_consumer_that_lags_far_behind_holds_a_bounded_part_of_what_waits(log: KafkaLog) -> None:
    for _ in range(5):
        log.append(records(120, size=100_000))
    with closing(log.consumer("g", "wide")) as one:
        tracemalloc.start()
        try:
            for _ in range(5):
                take(one, 3)
                time.sleep(0.1)
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert held < 50_000_000 < 5 * 120 * 100_000


def test_nothing_is_left_open_when_log_and_consumers_are_closed(open_log: Open) -> None:
    before = set(threading.enumerate())
    log = open_log()
    log.append(records(10))
    log.read("wide", 0, 0, 10)
    log.latest("kept", ["a"])
    with closing(log.consumer("g", "wide")) as one:
        take(one, 10)
    one.close()
    log.close()
    log.close()
    assert set(threading.enumerate()) <= before


# Positions that are not there any more


def test_a_group_whose_records_have_gone_goes_on_at_the_first_that_is_kept_and_says_so(
    log: KafkaLog, admin: KafkaAdminClient, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    log.append([ProducerRecord("both", str(i), str(i).encode()) for i in range(10)])
    log.commit("g", "both", {0: 2}, {})
    admin.delete_records({TopicPartition(f"{prefix}-both", 0): 7})
    with closing(log.consumer("g", "both")) as one:
        assert one.lag() <= 8
        assert values(take(one, 3)) == [b"7", b"8", b"9"]
        assert "both/0: offset 2, where group g stood, is not there" in caplog.text
        assert "goes on at 7" in caplog.text
    assert values(log.read("both", 0, 0, 10)) == [b"7", b"8", b"9"]
    assert set(log.latest("both", [str(i) for i in range(10)])) == {"7", "8", "9"}


def test_a_key_that_retention_has_taken_is_not_the_newest_of_anything(
    log: KafkaLog, admin: KafkaAdminClient, prefix: str, folder: Folder
) -> None:
    log.append([ProducerRecord("both", "old", b"1"), ProducerRecord("both", "new", b"2")])
    assert set(log.latest("both", ["old", "new"])) == {"old", "new"}
    admin.delete_records({TopicPartition(f"{prefix}-both", 0): 1})
    assert set(log.latest("both", ["old", "new"])) == {"new"}
    with closing(folder.connect()) as connection:
        assert connection.execute("SELECT key FROM newest_both").fetchall() == [("new",)]


def test_lookups_go_on_where_an_earlier_process_ended(open_log: Open) -> None:
    log = open_log()
    log.append([ProducerRecord("kept", f"k{i}", str(i).encode()) for i in range(1_500)])
    assert len(log.latest("kept", [f"k{i}" for i in range(1_500)])) == 1_500
    log.append([ProducerRecord("kept", "k1", None), ProducerRecord("kept", "k2", b"new")])
    log.close()
    later = open_log()
    read: list[int] = []
    original = later.read

    def counting(topic: str, partition: int, offset: int, limit: int) -> Any:
        read.append(offset)
        return original(topic, partition, offset, limit)

    later.read = counting  # type: ignore[method-assign]
    found = later.latest("kept", ["k0", "k1", "k2", "never"])
    assert {key: record.value for key, record in found.items()} == {"k0": b"0", "k2": b"new"}
    assert read == [1_500]


def test_threads_and_processes_that_look_keys_up_at_once_agree(open_log: Open) -> None:
    logs = [open_log() for _ in range(3)]
    logs[0].append([ProducerRecord("kept", f"k{i % 700}", str(i).encode()) for i in range(3_000)])
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda log=log: found.append(log.latest("kept", [f"k{i}" for i in range(700)])))
        for log in logs
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = {f"k{i % 700}": str(i).encode() for i in range(3_000)}
    assert [{key: record.value for key, record in one.items()} for one in found] == [newest] * 6


def test_a_topic_made_anew_is_begun_again(open_log: Open, admin: KafkaAdminClient, prefix: str) -> None:
    log = open_log()
    log.append([ProducerRecord("kept", f"k{i}", b"old") for i in range(20)])
    log.commit("g", "kept", {0: 20}, {"applied": 20})
    assert len(log.latest("kept", [f"k{i}" for i in range(20)])) == 20
    consumer = log.consumer("g", "kept")
    assert not consumer.poll(10, 0.1)
    admin.delete_topics([f"{prefix}-kept"])
    wait_for(lambda: f"{prefix}-kept" not in admin.list_topics())
    anew = open_log()
    anew.append([ProducerRecord("kept", f"k{i}", b"new") for i in range(5)])
    assert {record.value for record in anew.latest("kept", [f"k{i}" for i in range(20)]).values()} == {b"new"}
    assert set(log.latest("kept", [f"k{i}" for i in range(20)])) == {f"k{i}" for i in range(5)}
    assert values(take(consumer, 5)) == [b"new"] * 5
    consumer.close()


class _NotHeardYet(KafkaAdminClient):  # type: ignore[misc]  # it has no types
    """The broker as it is asked just before it hears that somebody else has made the topics."""

    def describe_topics(self, topics: Any = None, **options: Any) -> Any:
        self.__dict__["asked"] = self.__dict__.get("asked", 0) + 1
        found = super().describe_topics(topics, **options)
        return [{**one, "error_code": 3, "partitions": []} for one in found] if self.__dict__["asked"] == 1 else found


def test_topics_that_somebody_else_makes_meanwhile_are_checked_as_those_that_were_there(
    broker: Kafka, prefix: str
) -> None:
    with closing(_NotHeardYet(bootstrap_servers=broker.address)) as admin:
        admin.create_topics({f"{prefix}-facts": {"num_partitions": 3}}, wait_for_metadata=True)
        with pytest.raises(EngineError, match=r"expected 1 partitions; found 3"):
            provision(admin, {f"{prefix}-facts": REAL_TOPICS["facts"]}, servers=[broker.address])


# A broker of our own


def plain(broker: Kafka) -> KafkaLog:
    return KafkaLog(client_options([broker.address]), topics=TOPICS)


def test_what_kafka_compacts_and_expires_leaves_gaps_that_nobody_stumbles_over(broker: Kafka, folder: Folder) -> None:
    options = client_options([broker.address])
    with (
        closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin,
        closing(KafkaLog(options, prefix="compacted", topics=TOPICS, folder=folder)) as log,
    ):
        name = "compacted-kept"
        quick = {
            "segment.ms": "100",
            "min.compaction.lag.ms": "0",
            "max.compaction.lag.ms": "100",
            "delete.retention.ms": "0",
            "min.cleanable.dirty.ratio": "0.01",
        }
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=quick)])
        for i in range(20):
            log.append([ProducerRecord("kept", f"k{i % 3}", str(i).encode())])
        log.append([ProducerRecord("kept", "k0", None)])

        def compacted() -> bool:
            log.append([ProducerRecord("kept", "tick", b"")])  # a segment is closed by the next record after its time
            return sum(1 for r in log.read("kept", 0, 0, 100) if r.key != "tick") == 2

        deadline = time.monotonic() + PATIENCE
        while not compacted():
            assert time.monotonic() < deadline
            time.sleep(0.15)
        with closing(log.consumer("g", "kept")) as one:
            kept = [(r.offset, r.key, r.value) for r in drain(one) if r.key != "tick"]
            assert kept == [(17, "k2", b"17"), (19, "k1", b"19")]
            assert one.lag() == 0
        assert {k: r.value for k, r in log.latest("kept", ["k0", "k1", "k2"]).items()} == {"k1": b"19", "k2": b"17"}


def test_a_broker_that_goes_away_is_a_transient_error_and_all_goes_on_when_it_is_back(broker: Kafka) -> None:
    with closing(plain(broker)) as log, closing(log.consumer("away", "wide")) as one:
        log.append(records(10))
        batch = take(one, 10)
        broker.stop()
        attempts: list[Callable[[], object]] = [
            lambda: log.append(records(10)),
            lambda: log.span("wide", 0),
            lambda: log.checkpoint("away", "wide"),
            lambda: one.commit({0: 1}, {}),
        ]
        with ThreadPoolExecutor(len(attempts)) as threads:
            found = [running.exception(25) for running in [threads.submit(attempt) for attempt in attempts]]
        assert {type(error) for error in found} == {TransientError}
        assert not one.poll(10, 0.1)
        with ThreadPoolExecutor(1) as threads:
            starting = threads.submit(broker.start)
            # One that is opened before the broker is up waits for it.
            KafkaLog(client_options([broker.address]), topics=TOPICS, patience=240).close()
            starting.result()
        again(lambda: log.append(records(10)))
        positions = {record.partition: record.offset + 1 for record in batch}
        try:
            again(lambda: one.commit(positions, {"enriched": 10}))
        except FencedError:
            one.rewind()
            batch = take(one, 10)
            one.commit({record.partition: record.offset + 1 for record in batch}, {"enriched": 10})
        assert log.checkpoint("away", "wide").fates == {"enriched": 10}
        assert len(drain(one)) >= 10


def again(action: Callable[[], object]) -> None:
    """Do it until it works, as the loop of the stages does."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            action()
        except TransientError:
            assert time.monotonic() < deadline
        else:
            return


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_user_and_password_over_tls_are_let_in(broker: Kafka, pems: Certificates, mechanism: str) -> None:
    options = client_options(
        [broker.sasl_address], security="SASL_SSL", mechanism=mechanism, user="overheard",
        password=USERS["overheard"], ca=str(pems.ca),
    )  # fmt: skip
    with closing(KafkaLog(options, topics=TOPICS)) as log, closing(log.consumer(f"g{mechanism}", "kept")) as one:
        log.append([ProducerRecord("kept", mechanism, b"1")])
        assert take(one, 1)


def test_tls_with_a_certificate_of_ours_is_let_in(broker: Kafka, pems: Certificates) -> None:
    options = client_options(
        [broker.tls_address], security="SSL", ca=str(pems.ca), certificate=str(pems.client), key=str(pems.client_key)
    )
    with closing(KafkaLog(options, topics=TOPICS)) as log:
        assert log.append([ProducerRecord("kept", "tls", b"1")])


def refused(server: str, settings: Mapping[str, str] | None = None, *, patience: float = 20.0) -> str:
    """Return why a log with these settings is not opened. It must be said within some seconds, and nothing leaks."""
    before = set(threading.enumerate())
    started = time.monotonic()
    with pytest.raises(EngineError) as error:
        KafkaLog(client_options([server], **(settings or {})), topics=TOPICS, patience=patience)
    assert time.monotonic() - started < 15
    assert set(threading.enumerate()) <= before
    assert not any(password in str(error.value) for password in ("battery staple", *USERS.values()))
    return str(error.value)


def test_a_wrong_password_or_mechanism_is_said_with_user_and_setting(broker: Kafka, pems: Certificates) -> None:
    settings = {"security": "SASL_SSL", "user": "overheard", "ca": str(pems.ca), "password": "battery staple"}
    said = refused(broker.sasl_address, settings)
    assert "user 'overheard'" in said
    assert "password_env" in said
    assert broker.sasl_address in said
    said = refused(broker.sasl_address, {**settings, "mechanism": "GSSAPI"})
    assert "[log] mechanism" in said
    assert "SCRAM-SHA-512" in said


def test_a_certificate_that_nobody_vouches_for_is_said(broker: Kafka, pems: Certificates) -> None:
    said = refused(broker.tls_address, {"security": "SSL"})
    assert "[log] ca" in said
    assert broker.tls_address in said
    assert "PEM" in refused(broker.tls_address, {"security": "SSL", "ca": "nowhere.pem"})


def test_a_port_of_another_kind_than_the_settings_say_is_said(broker: Kafka, pems: Certificates) -> None:
    ca, user = {"ca": str(pems.ca)}, {"user": "overheard", "password": USERS["overheard"]}
    assert "speaks none" in refused(broker.address, {"security": "SSL", **ca})
    assert "set security to SSL" in refused(broker.tls_address)
    assert "set security to SASL_SSL" in refused(broker.sasl_address, {"security": "SASL_PLAINTEXT", **user})
    assert "Set security to SASL_SSL" in refused(broker.sasl_address, {"security": "SSL", **ca})
    assert "Set security to SSL" in refused(broker.tls_address, {"security": "SASL_SSL", **ca, **user})
    assert "Set security to PLAINTEXT" in refused(broker.address, {"security": "SASL_PLAINTEXT", **user})


def test_an_address_where_nobody_answers_is_said_after_a_while() -> None:
    assert "127.0.0.1:1: nobody answers" in refused("127.0.0.1:1", patience=0.0)
    assert "expected host:port; got 'localhost'" in refused("localhost", patience=0.0)


def test_a_consumer_is_a_kafka_consumer_and_asks_nothing_before_its_first_call(log: KafkaLog) -> None:
    before = threading.active_count()
    one = log.consumer("g", "wide")
    assert isinstance(one, KafkaConsumer)
    assert list(one.partitions) == []
    assert threading.active_count() == before
    one.close()
