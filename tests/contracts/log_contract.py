"""What every engine of the log must do. An engine's test subclasses `LogContract` and says how to open one."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Protocol

import pytest

from overheard.errors import InputError
from overheard.log.base import Consumer, ConsumerRecord, Log, ProducerRecord, Topic, partition_for

DAY = 86_400_000
# How long a test waits for what must come, in seconds.
PATIENCE = 30.0
TOPICS = {
    topic.name: topic
    for topic in (
        Topic("plain", 1),
        Topic("wide", 4),
        Topic("kept", 1, compacted=True),
        Topic("weekly", 1, retention=timedelta(days=7)),
    )
}


class Clock:
    """Milliseconds since 1970 that stand still until told otherwise."""

    def __init__(self, now: int = 1_767_225_600_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class OpenLog(Protocol):
    """Opens the same log again each time it is called."""

    def __call__(self) -> Log: ...


def put(log: Log, topic: str, *pairs: tuple[str, bytes | None]) -> Sequence[tuple[int, int]]:
    return log.append([ProducerRecord(topic, key, value) for key, value in pairs])


def values(records: Sequence[ConsumerRecord]) -> list[bytes | None]:
    return [record.value for record in records]


def everything(log: Log, topic: str) -> list[ConsumerRecord]:
    found: list[ConsumerRecord] = []
    for partition in range(TOPICS[topic].partitions):
        first, _ = log.span(topic, partition)
        found += log.read(topic, partition, first, 10_000)
    return found


def take(consumer: Consumer, number: int) -> list[ConsumerRecord]:
    """Poll until so many records have come: over a network, a look may find nothing though something is there."""
    found: list[ConsumerRecord] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < number and time.monotonic() < deadline:
        found += consumer.poll(number - len(found), 1)
    assert len(found) == number
    return found


def drain(consumer: Consumer) -> list[ConsumerRecord]:
    """Poll until nothing is left for this member."""
    found: list[ConsumerRecord] = []
    deadline = time.monotonic() + PATIENCE
    while consumer.lag() and time.monotonic() < deadline:
        found += consumer.poll(100, 0.1)
    assert not consumer.lag()
    return found


def settle(members: Sequence[Consumer], partitions: int) -> None:
    """Poll until the partitions are shared out among all the members; what is read is forgotten.

    Each polls in a thread of its own: a group that is shared out anew waits for all its members.
    """
    deadline = time.monotonic() + PATIENCE

    def settled() -> bool:
        owned = [member.partitions for member in members]
        return all(owned) and sorted(p for some in owned for p in some) == list(range(partitions))

    def work(member: Consumer) -> None:
        while not settled():
            assert time.monotonic() < deadline
            member.poll(1, 0.1)

    with ThreadPoolExecutor(len(members)) as threads:
        list(threads.map(work, members))


def together(members: Sequence[Consumer], number: int) -> list[bytes | None]:
    """Poll the members in turn until so many records have come."""
    found: list[bytes | None] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < number and time.monotonic() < deadline:
        for member in members:
            found += values(member.poll(100, 0.05))
    return found


class LogContract:
    """Subclasses give the fixtures `open_log` (over TOPICS, with `clock`) and `clock`."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def open_log(self, clock: Clock) -> Iterator[OpenLog]:
        raise NotImplementedError

    @pytest.fixture
    def log(self, open_log: OpenLog) -> Log:
        return open_log()

    @pytest.fixture
    def consumer(self, log: Log) -> Iterator[Callable[..., Consumer]]:
        """Makes consumers and closes them."""
        made: list[Consumer] = []

        def make(group: str, topic: str, *, member: int = 0, members: int = 1) -> Consumer:
            made.append(log.consumer(group, topic, member=member, members=members))
            return made[-1]

        yield make
        for one in made:
            one.close()

    def test_what_was_appended_is_read_in_order_with_key_headers_and_time(self, log: Log, clock: Clock) -> None:
        places = log.append(
            [ProducerRecord("plain", "a", b"1", {"traceparent": "00-ü"}), ProducerRecord("plain", "b", b"2")]
        )
        clock.now += 5
        places = [*places, *put(log, "plain", ("a", b"3"))]
        records = everything(log, "plain")
        assert [(r.partition, r.offset) for r in records] == list(places)
        assert [(r.topic, r.key, r.value) for r in records] == [
            ("plain", "a", b"1"),
            ("plain", "b", b"2"),
            ("plain", "a", b"3"),
        ]
        assert [dict(r.headers) for r in records] == [{"traceparent": "00-ü"}, {}, {}]
        assert [r.timestamp for r in records] == [clock.now - 5, clock.now - 5, clock.now]

    def test_erasing_keys_leaves_the_newest_of_each_and_all_other_keys(self, log: Log) -> None:
        put(log, "kept", ("a", b"1"), ("b", b"1"), ("a", b"2"), ("c", b"1"), ("c", None))
        assert log.erase("kept", ["a", "c", "unknown"]) in (2, 0)
        assert dict(log.latest("kept", ["a", "b", "c"])).keys() == {"a", "b"}
        assert log.latest("kept", ["a"])["a"].value == b"2"
        put(log, "wide", *((key, b"1") for key in "abcdef"))
        log.erase("wide", ["a", "f"])
        assert {record.key for record in everything(log, "wide")} >= set("bcde")

    def test_any_key_and_any_bytes_come_back_as_they_went_in(self, log: Log) -> None:
        keys = ["", "a", "हिन्दी", "日本語", "🙂", "a\x00b", "a/b c", "x" * 5_000, "e\u0301", "é"]
        pairs = [(key, value) for key in keys for value in (b"", b"\x00\xff\xfe", None, b"x" * 100_000)]
        put(log, "kept", *pairs)
        assert [(record.key, record.value) for record in everything(log, "kept")] == pairs

    def test_a_record_of_ten_megabytes_comes_back_and_the_small_ones_beside_it(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        large = b"x" * 10_000_000
        put(log, "wide", *((f"k{i}", large if i == 7 else b"small") for i in range(20)))
        assert Counter(map(len, (r.value or b"" for r in drain(consumer("g", "wide"))))) == {5: 19, len(large): 1}

    def test_a_key_that_is_no_utf8_is_refused_with_its_topic_and_nothing_is_appended(self, log: Log) -> None:
        with pytest.raises(InputError, match=r"topic plain.*surrogates"):
            put(log, "plain", ("good", b"1"), ("\ud800", b"2"))
        assert everything(log, "plain") == []

    def test_an_unknown_topic_or_partition_is_refused_and_the_known_ones_are_named(self, log: Log) -> None:
        with pytest.raises(ValueError, match="plain, wide, kept, weekly; got 'other'"):
            log.append([ProducerRecord("plain", "a", b"1"), ProducerRecord("other", "a", b"1")])
        with pytest.raises(ValueError, match="from 0 to 3; got 4"):
            log.read("wide", 4, 0, 1)
        assert everything(log, "plain") == []

    def test_an_empty_append_is_nothing(self, log: Log) -> None:
        assert list(log.append([])) == []

    def test_equal_keys_keep_their_order_in_one_partition(self, log: Log) -> None:
        put(log, "wide", *((f"k{i % 7}", str(i).encode()) for i in range(100)))
        for record in everything(log, "wide"):
            assert record.partition == partition_for(record.key, 4)
        for key in range(7):
            mine = [int(r.value or b"") for r in everything(log, "wide") if r.key == f"k{key}"]
            assert mine == list(range(key, 100, 7))

    def test_offsets_rise_and_the_span_ends_after_the_last(self, log: Log) -> None:
        first, end = log.span("plain", 0)
        assert first == end
        offsets = [offset for _, offset in put(log, "plain", ("a", b"1"), ("a", b"2"), ("b", b"3"))]
        assert offsets == sorted(set(offsets))
        assert log.span("plain", 0) == (offsets[0], offsets[-1] + 1)

    def test_reading_from_an_offset_gives_that_record_first_and_no_more_than_asked(self, log: Log) -> None:
        places = put(log, "plain", *((str(i), str(i).encode()) for i in range(10)))
        assert values(log.read("plain", 0, places[4][1], 3)) == [b"4", b"5", b"6"]
        assert log.read("plain", 0, places[-1][1] + 1, 3) == []
        assert log.read("plain", 0, 0, 0) == []

    def test_a_group_starts_at_the_beginning_and_goes_on_where_it_committed(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "plain", *((str(i), str(i).encode()) for i in range(6)))
        first = consumer("g", "plain")
        records = take(first, 4)
        assert values(records) == [b"0", b"1", b"2", b"3"]
        first.commit({0: records[1].offset + 1}, {})
        assert values(drain(first)) == [b"4", b"5"]
        first.close()
        assert values(drain(consumer("g", "plain"))) == [b"2", b"3", b"4", b"5"]
        assert len(drain(consumer("another", "plain"))) == 6

    def test_no_more_comes_than_was_asked_for_and_the_rest_comes_next(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "wide", *((f"k{i}", str(i).encode()) for i in range(30)))
        one = consumer("g", "wide")
        found: list[ConsumerRecord] = []
        while one.lag():
            records = one.poll(4, 0.1)
            assert len(records) <= 4
            found += records
        assert Counter(values(found)) == Counter(str(i).encode() for i in range(30))
        assert not one.poll(0, 0)

    def test_what_a_member_read_and_did_not_commit_is_read_again_by_the_next(
        self, log: Log, open_log: OpenLog, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "plain", ("a", b"1"))
        first = consumer("g", "plain")
        assert len(take(first, 1)) == 1
        first.close()
        again = open_log().consumer("g", "plain")
        assert values(take(again, 1)) == [b"1"]
        again.close()

    def test_positions_and_fates_survive_reopening(self, log: Log, open_log: OpenLog) -> None:
        log.commit("g", "wide", {0: 3, 2: 9}, {"enriched": 2, "dead": 1})
        log.commit("g", "wide", {2: 11}, {"enriched": 5, "indexed": 0})
        checkpoint = open_log().checkpoint("g", "wide")
        assert dict(checkpoint.positions) == {0: 3, 2: 11}
        assert dict(checkpoint.fates) == {"enriched": 7, "dead": 1}

    def test_a_group_that_never_committed_has_an_empty_checkpoint(self, log: Log) -> None:
        log.commit("g", "wide", {0: 3}, {"enriched": 1})
        for group, topic in (("g", "plain"), ("h", "wide")):
            checkpoint = log.checkpoint(group, topic)
            assert not checkpoint.positions
            assert not checkpoint.fates

    def test_a_commit_that_cannot_be_made_counts_nothing(self, log: Log) -> None:
        with pytest.raises(ValueError, match="partition"):
            log.commit("g", "wide", {0: 3, 7: 1}, {"enriched": 1})
        assert not log.checkpoint("g", "wide").positions
        assert not log.checkpoint("g", "wide").fates

    def test_a_consumers_commit_adds_to_what_the_group_has_counted(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        places = put(log, "wide", *((f"k{i}", b"x") for i in range(20)))
        log.commit("g", "wide", {places[0][0]: places[0][1]}, {"enriched": 1})
        one = consumer("g", "wide")
        one.rewind()
        one.commit({partition: log.span("wide", partition)[0] for partition in range(4)}, {"enriched": 2, "dead": 1})
        one.commit({3: log.span("wide", 3)[1]}, {"enriched": 4})
        checkpoint = log.checkpoint("g", "wide")
        assert checkpoint.fates == {"enriched": 7, "dead": 1}
        assert checkpoint.positions[3] == log.span("wide", 3)[1]

    def test_what_was_begun_is_known_until_it_is_committed(
        self, log: Log, open_log: OpenLog, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "plain", ("a", b"1"), ("b", b"2"))
        one = consumer("g", "plain")
        first = one.poll(1, 5)[0].offset
        one.begin({0: first + 1})
        begun = open_log().checkpoint("g", "plain")
        assert (dict(begun.begun), begun.positions.get(0, first)) == ({0: first + 1}, first)
        one.commit({0: first + 1}, {"linked": 1})
        committed = log.checkpoint("g", "plain")
        assert (committed.begun, committed.positions, committed.fates) == ({}, {0: first + 1}, {"linked": 1})
        one.begin({0: first + 3})
        one.begin({0: first + 2})
        begun = log.checkpoint("g", "plain")
        assert (begun.begun, begun.positions, begun.fates) == ({0: first + 2}, {0: first + 1}, {"linked": 1})

    def test_members_of_a_group_share_the_partitions_and_read_each_record_once(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "wide", *((f"k{i}", str(i).encode()) for i in range(200)))
        members = [consumer("g", "wide", member=i, members=3) for i in range(3)]
        settle(members, 4)
        assert all(member.partitions for member in members)
        assert all(list(member.partitions) == sorted(member.partitions) for member in members)
        for member in members:
            member.rewind()
        assert Counter(together(members, 200)) == Counter(str(i).encode() for i in range(200))

    def test_a_member_beyond_the_number_of_members_is_refused(self, log: Log) -> None:
        with pytest.raises(ValueError, match="member from 0 to 1; got 2"):
            log.consumer("g", "wide", member=2, members=2)

    def test_no_partition_starves_while_more_and_more_comes_in_another(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "wide", *((f"k{i}", b"x") for i in range(400)))
        busy = next(f"k{i}" for i in range(100) if partition_for(f"k{i}", 4) == 0)
        one = consumer("g", "wide")
        seen: set[int] = set()
        for _ in range(40):
            seen |= {record.partition for record in one.poll(20, 0.1)}
            put(log, "wide", *((busy, b"more") for _ in range(20)))
        assert seen == {0, 1, 2, 3}

    def test_a_seek_replays_and_commits_nothing(self, log: Log, consumer: Callable[..., Consumer]) -> None:
        places = put(log, "plain", ("a", b"1"), ("a", b"2"), ("a", b"3"))
        one = consumer("g", "plain")
        assert len(drain(one)) == 3
        one.commit({0: places[-1][1] + 1}, {})
        one.seek(0, places[1][1])
        assert values(drain(one)) == [b"2", b"3"]
        assert log.checkpoint("g", "plain").positions == {0: places[-1][1] + 1}

    def test_a_rewind_goes_back_to_what_is_committed_and_to_the_beginning_where_nothing_is(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        places = put(log, "plain", *((str(i), str(i).encode()) for i in range(4)))
        one = consumer("g", "plain")
        take(one, 3)
        one.rewind()
        assert values(take(one, 2)) == [b"0", b"1"]
        one.commit({0: places[1][1]}, {})
        take(one, 2)
        one.rewind()
        assert values(drain(one)) == [b"1", b"2", b"3"]

    def test_a_member_cannot_seek_a_partition_that_is_not_its_own(self, consumer: Callable[..., Consumer]) -> None:
        members = [consumer("g", "wide", member=i, members=2) for i in range(2)]
        settle(members, 4)
        with pytest.raises(ValueError, match="partition"):
            members[0].seek(members[1].partitions[0], 0)

    def test_lag_is_what_lies_between_the_position_and_the_end(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        one = consumer("g", "plain")
        put(log, "plain", *((str(i), b"x") for i in range(5)))
        one.seek(0, log.span("plain", 0)[0])
        assert one.lag() == 5
        take(one, 3)
        assert one.lag() == 2
        drain(one)
        assert one.lag() == 0

    def test_a_poll_of_an_empty_topic_comes_back_empty(self, consumer: Callable[..., Consumer]) -> None:
        one = consumer("g", "plain")
        assert list(one.poll(10, 0)) == []
        assert list(one.poll(10, 0.02)) == []

    def test_a_poll_sees_what_came_after_the_last_one_found_nothing(
        self, log: Log, open_log: OpenLog, consumer: Callable[..., Consumer]
    ) -> None:
        one = consumer("g", "wide")
        assert not one.poll(10, 0)
        put(log, "wide", ("a", b"1"))
        assert values(one.poll(10, PATIENCE)) == [b"1"]
        assert not one.poll(10, 0)
        put(open_log(), "wide", ("b", b"2"))
        assert values(one.poll(10, PATIENCE)) == [b"2"]

    def test_latest_gives_the_newest_of_each_key_and_leaves_out_what_is_gone(self, log: Log) -> None:
        put(log, "kept", ("a", b"1"), ("b", b"2"), ("a", b"3"), ("gone", b"4"), ("gone", None))
        found = log.latest("kept", ["a", "b", "gone", "never", "a"])
        assert {key: record.value for key, record in found.items()} == {"a": b"3", "b": b"2"}
        assert log.latest("kept", []) == {}

    def test_latest_is_refused_on_a_topic_that_is_not_compacted(self, log: Log) -> None:
        with pytest.raises(ValueError, match="compacted"):
            log.latest("plain", ["a"])
        with pytest.raises(ValueError, match="compacted"), log.looking_up("plain"):
            pass

    def test_looking_many_keys_up_gives_at_least_what_was_there_when_it_began(self, log: Log) -> None:
        put(log, "kept", ("a", b"1"), ("b", b"2"), ("a", b"3"), ("gone", b"4"), ("gone", None))
        with log.looking_up("kept") as look_up:
            assert {key: record.value for key, record in look_up(["a", "never", "gone"]).items()} == {"a": b"3"}
            put(log, "kept", ("b", b"5"))
            assert look_up(["b", "b"])["b"].value in {b"2", b"5"}
            assert look_up([]) == {}
        with log.looking_up("kept") as look_up:
            assert look_up(["b"])["b"].value == b"5"

    def test_spans_are_the_span_of_each_partition(self, log: Log) -> None:
        put(log, "wide", *((str(i), b"x") for i in range(9)))
        assert log.spans("wide") == {partition: log.span("wide", partition) for partition in range(4)}
        assert log.spans("wide", [1, 3]) == {partition: log.span("wide", partition) for partition in (1, 3)}
