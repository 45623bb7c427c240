"""The embedded log: a model of it, several processes at once, kills, and a full disk."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from overheard.errors import FolderFullError
from overheard.folder import Folder
from overheard.log.base import TOPICS, Consumer, ConsumerRecord, ProducerRecord, Topic, partition_for
from overheard.log.embedded import EmbeddedLog

KILLS = int(os.environ.get("OVERHEARD_KILLS", "10"))
DAY = 86_400_000


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def log(folder: Folder) -> Iterator[EmbeddedLog]:
    with closing(EmbeddedLog(folder)) as opened:
        yield opened


class LogMachine(RuleBasedStateMachine):
    """Two groups read a compacted topic of two partitions, while it is appended to, compacted and reopened.

    The model is a list of all that was ever appended. Whatever compaction did, a group that reads to the end must
    end with the newest value of each key, by having been shown it.
    """

    keys = st.sampled_from(["", "a", "b", "ü", "日本"])
    topics = {"t": Topic("t", 2, compacted=True)}

    def __init__(self) -> None:
        super().__init__()
        self.path = tempfile.mkdtemp()
        self.folder = Folder(self.path)
        self.now = 1_767_225_600_000
        self.log = EmbeddedLog(self.folder, self.topics, clock=lambda: self.now)
        self.appended: dict[tuple[int, int], tuple[str, bytes | None]] = {}
        self.consumers: dict[str, Consumer] = {}
        self.seen: dict[str, dict[str, bytes | None]] = {}
        self.committed: dict[str, dict[int, int]] = {}
        self.state_at_commit: dict[str, dict[str, bytes | None]] = {}

    @initialize()
    def groups(self) -> None:
        for group in ("one", "two"):
            # A group is known from its first commit; before it, tombstones wait for it a day and no longer.
            self.log.commit(group, "t", {0: 1, 1: 1}, {})
            self.consumers[group] = self.log.consumer(group, "t")
            self.seen[group] = {}
            self.committed[group] = {}
            self.state_at_commit[group] = {}

    @rule(pairs=st.lists(st.tuples(keys, st.none() | st.binary(max_size=4)), min_size=1, max_size=8))
    def append(self, pairs: list[tuple[str, bytes | None]]) -> None:
        places = self.log.append([ProducerRecord("t", key, value) for key, value in pairs])
        for place, pair in zip(places, pairs, strict=True):
            assert place not in self.appended
            assert all(offset < place[1] for partition, offset in self.appended if partition == place[0])
            assert place[0] == partition_for(pair[0], 2)
            self.appended[place] = pair

    @rule(group=st.sampled_from(["one", "two"]), limit=st.integers(1, 6))
    def poll(self, group: str, limit: int) -> None:
        for record in self.consumers[group].poll(limit, 0):
            assert self.appended[record.partition, record.offset] == (record.key, record.value)
            self.seen[group][record.key] = record.value
            self.committed[group][record.partition] = record.offset + 1

    @rule(group=st.sampled_from(["one", "two"]))
    def commit(self, group: str) -> None:
        self.consumers[group].commit(self.committed[group], {"indexed": 1})
        self.state_at_commit[group] = dict(self.seen[group])

    @rule(group=st.sampled_from(["one", "two"]))
    def die_and_come_back(self, group: str) -> None:
        self.consumers[group].close()
        self.consumers[group] = self.log.consumer(group, "t")
        self.seen[group] = dict(self.state_at_commit[group])
        self.committed[group] = dict(self.log.checkpoint(group, "t").positions)

    @rule(hours=st.integers(0, 30))
    def maintain(self, hours: int) -> None:
        self.now += hours * DAY // 24
        self.log.maintain(self.now)

    @rule()
    def reopen(self) -> None:
        for group in self.consumers:
            self.die_and_come_back(group)
        self.log.close()
        self.log = EmbeddedLog(self.folder, self.topics, clock=lambda: self.now)
        for group in self.consumers:
            self.consumers[group] = self.log.consumer(group, "t")

    @rule(group=st.sampled_from(["one", "two"]))
    def read_to_the_end(self, group: str) -> None:
        while self.consumers[group].lag():
            self.poll(group, 3)
        known = {key: value for key, value in self.seen[group].items() if value is not None}
        assert known == self.newest()

    @invariant()
    def nothing_is_changed_and_the_newest_is_there(self) -> None:
        kept = [r for p in (0, 1) for r in self.log.read("t", p, 0, 10_000)]
        assert all(self.appended[r.partition, r.offset] == (r.key, r.value) for r in kept)
        latest = self.log.latest("t", ["", "a", "b", "ü", "日本"])
        assert {key: record.value for key, record in latest.items()} == self.newest()
        for partition in (0, 1):
            first, end = self.log.span("t", partition)
            offsets = [r.offset for r in kept if r.partition == partition]
            assert offsets == sorted(offsets)
            assert (first, end) == ((offsets[0], end) if offsets else (end, end))

    def newest(self) -> dict[str, bytes]:
        found: dict[str, bytes | None] = {}
        for _, (key, value) in sorted(self.appended.items()):
            found[key] = value
        return {key: value for key, value in found.items() if value is not None}

    def teardown(self) -> None:
        self.log.close()
        self.folder.close()
        shutil.rmtree(self.path)


TestModel = LogMachine.TestCase
TestModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_the_topics_of_the_design_exist_and_dead_letters_and_watch_are_compacted(log: EmbeddedLog) -> None:
    for topic in TOPICS.values():
        for partition in range(topic.partitions):
            assert log.span(topic.name, partition)[0] == log.span(topic.name, partition)[1]
    assert TOPICS["facts"].partitions == TOPICS["watch"].partitions == 1


def test_threads_that_append_at_once_each_get_their_own_places(log: EmbeddedLog) -> None:
    places: list[tuple[int, int]] = []

    def work(name: int) -> None:
        for i in range(20):
            mine = log.append([ProducerRecord("facts", f"{name}-{i}-{j}", b"x") for j in range(5)], durable=True)
            assert [offset for _, offset in mine] == list(range(mine[0][1], mine[0][1] + 5))
            places.extend(mine)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == [(0, offset) for offset in range(1, 601)]
    assert len({r.key for r in log.read("facts", 0, 0, 1_000)}) == 600


def test_a_record_of_this_process_wakes_a_waiting_consumer_at_once(log: EmbeddedLog) -> None:
    with closing(log.consumer("g", "mentions")) as consumer:
        threading.Timer(0.05, log.append, [[ProducerRecord("mentions", "a", b"1")]]).start()
        started = time.monotonic()
        assert len(consumer.poll(10, 10)) == 1
        assert time.monotonic() - started < 5


def test_an_idle_consumer_costs_next_to_nothing(log: EmbeddedLog) -> None:
    with closing(log.consumer("g", "mentions")) as consumer:
        consumer.poll(10, 0)
        before = time.thread_time()
        assert not consumer.poll(10, 0.5)
        assert time.thread_time() - before < 0.05


APPENDER = """
import sys
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
with Folder(sys.argv[1], held=True) as folder:
    log = EmbeddedLog(folder)
    for i in range(int(sys.argv[3])):
        log.append([ProducerRecord("mentions", f"{sys.argv[2]}-{i}-{j}", b"x" * 500) for j in range(10)])
    log.close()
"""
CONSUMER = """
import sys
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
with Folder(sys.argv[1], held=True) as folder:
    log = EmbeddedLog(folder)
    consumer = log.consumer("g", "mentions", member=int(sys.argv[2]), members=2)
    while log.checkpoint("g", "mentions").fates.get("enriched", 0) < int(sys.argv[3]) and not folder.owner_is_gone():
        records = consumer.poll(64, 0.05)
        for record in records:
            print(record.key)
        consumer.commit({r.partition: r.offset + 1 for r in records}, {"enriched": len(records)})
    consumer.close()
    log.close()
"""


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def test_processes_that_append_and_consume_at_once_lose_and_double_nothing(folder: Folder, log: EmbeddedLog) -> None:
    appenders = [child(APPENDER, folder.path, name, 60) for name in "ab"]
    consumers = [child(CONSUMER, folder.path, member, 1_300) for member in (0, 1)]
    log.append([ProducerRecord("mentions", f"own-{i}", b"x") for i in range(100)], durable=True)
    for process in appenders:
        process.communicate()
        assert process.returncode == 0
    read = [key for process in consumers for key in process.communicate()[0].split()]
    assert [process.returncode for process in consumers] == [0, 0]
    wanted = {f"{n}-{i}-{j}" for n in "ab" for i in range(60) for j in range(10)} | {f"own-{i}" for i in range(100)}
    assert len(read) == len(wanted)
    assert set(read) == wanted
    assert log.checkpoint("g", "mentions").fates == {"enriched": len(wanted)}


VICTIM = """
import sys
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
with Folder(sys.argv[1]) as folder:
    log = EmbeddedLog(folder)
    run, i = sys.argv[2], 0
    while True:
        log.append([ProducerRecord("facts", f"{run}/{i}/{j}", b"x" * 2000) for j in range(7)], durable=i % 3 == 0)
        log.commit("g", "facts", {0: 7 * (i + 1)}, {"applied": 7})
        if i % 20 == 19:
            log.maintain(1767225600000)
        print(i, flush=True)
        i += 1
"""


@pytest.mark.faults
def test_a_writer_killed_at_any_instant_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    rng = random.Random(3)
    acknowledged: dict[int, int] = {}
    for run in range(min(KILLS, 4) if KILLS <= 10 else KILLS):
        victim = child(VICTIM, tmp_path, run)
        assert victim.stdout is not None
        assert victim.stdout.readline()  # it is at work
        time.sleep(rng.uniform(0, 0.2))
        victim.kill()
        lines = victim.stdout.read().split("\n")
        victim.communicate()
        # The last line may be cut; the first was read above.
        acknowledged[run] = max([0, *map(int, lines[:-1])])
    with Folder(tmp_path) as folder, closing(EmbeddedLog(folder)) as log:
        records = everything(log)
        found: dict[int, list[tuple[int, int]]] = {}
        for record in records:
            run, i, j = map(int, record.key.split("/"))
            found.setdefault(run, []).append((i, j))
        for run, last in acknowledged.items():
            batches = found[run][-1][0] + 1
            assert batches in (last + 1, last + 2)  # the one under way when it was killed is there as a whole, or not
            assert found[run] == [(i, j) for i in range(batches) for j in range(7)]
        offsets = [record.offset for record in records]
        assert offsets == list(range(1, len(records) + 1))
        counted = log.checkpoint("g", "facts").fates["applied"]
        # A kill may fall between an append and its commit, so at most one batch of a run is not counted; none twice.
        assert len(records) - 7 * len(acknowledged) <= counted <= len(records)


def everything(log: EmbeddedLog) -> list[ConsumerRecord]:
    return list(log.read("facts", 0, 0, 10_000_000))


def test_a_full_disk_refuses_the_whole_append_and_the_log_goes_on_when_there_is_room(
    folder: Folder, log: EmbeddedLog
) -> None:
    log.append([ProducerRecord("facts", "a", b"kept")])
    (connection,) = log._connections
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 20}")
    with pytest.raises(FolderFullError, match="Nothing accepted before is lost"):
        log.append([ProducerRecord("facts", str(i), b"x" * 5_000) for i in range(100)], durable=True)
    assert [record.value for record in everything(log)] == [b"kept"]
    connection.execute("PRAGMA max_page_count=1000000000")
    log.append([ProducerRecord("facts", "b", b"more")])
    assert [record.offset for record in everything(log)] == [1, 2]


def test_what_expires_unread_is_said(folder: Folder, log: EmbeddedLog, caplog: pytest.LogCaptureFixture) -> None:
    ((partition, _),) = log.append([ProducerRecord("mentions", "a", b"x")])
    log.commit("slow", "mentions", {partition: 1}, {})
    assert log.maintain(time.time_ns() // 1_000_000 + 8 * DAY) == {"mentions": 1}
    assert f"mentions/{partition}: 1 records expired" in caplog.text


def test_an_append_inside_a_transaction_of_the_same_thread_is_refused(folder: Folder, log: EmbeddedLog) -> None:
    with (
        closing(folder.connect()) as connection,
        folder.transaction(connection),
        pytest.raises(RuntimeError, match="commit it before"),
    ):
        log.append([ProducerRecord("facts", "a", b"x")])
    assert everything(log) == []


def test_a_closed_log_leaves_no_file_open(tmp_path: Path) -> None:
    before = len(psutil.Process().open_files())
    with Folder(tmp_path) as folder:
        log = EmbeddedLog(folder)
        with closing(log.consumer("g", "facts")) as consumer:
            log.append([ProducerRecord("facts", "a", b"1")])
            consumer.poll(1, 0)
        log.close()
    assert len(psutil.Process().open_files()) == before
