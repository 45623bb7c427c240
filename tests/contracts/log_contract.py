"""What every engine of the log must do. An engine's test subclasses `LogContract` and says how to open one."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

import pytest

from overheard.errors import InputError
from overheard.log.base import Consumer, ConsumerRecord, Log, ProducerRecord, Topic, partition_for

DAY = 86_400_000
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

    def __init__(self) -> None:
        self.now = 1_767_225_600_000

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


def drain(consumer: Consumer) -> list[ConsumerRecord]:
    found: list[ConsumerRecord] = []
    while records := consumer.poll(100, 0):
        found += records
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

    @pytest.mark.parametrize("key", ["", "a", "हिन्दी", "日本語", "🙂", "a\x00b", "a/b c", "x" * 5_000, "e\u0301", "é"])
    @pytest.mark.parametrize("value", [b"", b"\x00\xff\xfe", None, b"x" * 100_000])
    def test_any_key_and_any_bytes_come_back_as_they_went_in(self, log: Log, key: str, value: bytes | None) -> None:
        put(log, "kept", (key, value))
        (record,) = everything(log, "kept")
        assert (record.key, record.value) == (key, value)

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
        records = first.poll(4, 0)
        assert values(records) == [b"0", b"1", b"2", b"3"]
        first.commit({0: records[1].offset + 1}, {})
        assert values(first.poll(10, 0)) == [b"4", b"5"]
        assert values(consumer("g", "plain").poll(10, 0)) == [b"2", b"3", b"4", b"5"]
        assert len(consumer("another", "plain").poll(10, 0)) == 6

    def test_what_a_killed_member_read_and_did_not_commit_is_read_again(
        self, log: Log, open_log: OpenLog, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "plain", ("a", b"1"))
        assert len(consumer("g", "plain").poll(10, 0)) == 1
        again = open_log().consumer("g", "plain")
        assert values(again.poll(10, 0)) == [b"1"]
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

    def test_members_of_a_group_share_the_partitions_and_read_each_record_once(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "wide", *((f"k{i}", str(i).encode()) for i in range(200)))
        members = [consumer("g", "wide", member=i, members=3) for i in range(3)]
        assert [list(m.partitions) for m in members] == [[0, 3], [1], [2]]
        seen = [value for m in members for value in values(drain(m))]
        assert Counter(seen) == Counter(str(i).encode() for i in range(200))

    def test_a_member_beyond_the_number_of_members_is_refused(self, log: Log) -> None:
        with pytest.raises(ValueError, match="member from 0 to 1; got 2"):
            log.consumer("g", "wide", member=2, members=2)

    def test_no_partition_starves_when_one_of_them_is_never_read_to_its_end(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        put(log, "wide", *((f"k{i}", b"x") for i in range(400)))
        one = consumer("g", "wide")
        seen = {record.partition for _ in range(4) for record in one.poll(20, 0)}
        assert seen == {0, 1, 2, 3}

    def test_a_seek_replays_and_commits_nothing(self, log: Log, consumer: Callable[..., Consumer]) -> None:
        places = put(log, "plain", ("a", b"1"), ("a", b"2"), ("a", b"3"))
        one = consumer("g", "plain")
        assert len(drain(one)) == 3
        one.commit({0: places[-1][1] + 1}, {})
        one.seek(0, places[1][1])
        assert values(drain(one)) == [b"2", b"3"]
        assert log.checkpoint("g", "plain").positions == {0: places[-1][1] + 1}

    def test_a_member_cannot_seek_a_partition_that_is_not_its_own(self, consumer: Callable[..., Consumer]) -> None:
        with pytest.raises(ValueError, match="partition"):
            consumer("g", "wide", member=0, members=2).seek(1, 0)

    def test_lag_is_what_lies_between_the_position_and_the_end(
        self, log: Log, consumer: Callable[..., Consumer]
    ) -> None:
        one = consumer("g", "plain")
        put(log, "plain", *((str(i), b"x") for i in range(5)))
        one.seek(0, log.span("plain", 0)[0])
        assert one.lag() == 5
        one.poll(3, 0)
        assert one.lag() == 2
        drain(one)
        assert one.lag() == 0

    def test_a_poll_of_an_empty_topic_comes_back_empty(self, consumer: Callable[..., Consumer]) -> None:
        assert list(consumer("g", "plain").poll(10, 0)) == []
        assert list(consumer("g", "plain").poll(10, 0.02)) == []

    def test_a_poll_sees_what_came_after_the_last_one_found_nothing(
        self, log: Log, open_log: OpenLog, consumer: Callable[..., Consumer]
    ) -> None:
        one = consumer("g", "wide")
        assert not one.poll(10, 0)
        put(log, "wide", ("a", b"1"))
        assert values(one.poll(10, 1)) == [b"1"]
        assert not one.poll(10, 0)
        put(open_log(), "wide", ("b", b"2"))
        assert values(one.poll(10, 1)) == [b"2"]

    def test_latest_gives_the_newest_of_each_key_and_leaves_out_what_is_gone(self, log: Log) -> None:
        put(log, "kept", ("a", b"1"), ("b", b"2"), ("a", b"3"), ("gone", b"4"), ("gone", None))
        found = log.latest("kept", ["a", "b", "gone", "never", "a"])
        assert {key: record.value for key, record in found.items()} == {"a": b"3", "b": b"2"}
        assert log.latest("kept", []) == {}

    def test_latest_is_refused_on_a_topic_that_is_not_compacted(self, log: Log) -> None:
        with pytest.raises(ValueError, match="compacted"):
            log.latest("plain", ["a"])

    def test_compaction_keeps_the_newest_of_each_key_at_its_offset(self, log: Log, clock: Clock) -> None:
        places = put(log, "kept", *((f"k{i % 3}", str(i).encode()) for i in range(1_600)))
        log.commit("g", "kept", {0: places[-1][1] + 1}, {})
        assert log.maintain(clock.now) == {"kept": 1_597}
        assert [(r.offset, r.key, r.value) for r in everything(log, "kept")] == [
            (places[i][1], f"k{i % 3}", str(i).encode()) for i in (1_597, 1_598, 1_599)
        ]
        assert log.maintain(clock.now) == {}
        put(log, "kept", ("k1", b"new"))
        assert values(everything(log, "kept")) == [b"1597", b"1598", b"1599", b"new"]
        log.commit("g", "kept", {0: places[-1][1] + 2}, {})
        assert log.maintain(clock.now) == {"kept": 1}
        assert values(everything(log, "kept")) == [b"1598", b"1599", b"new"]

    def test_compaction_takes_nothing_that_a_group_has_yet_to_read(
        self, log: Log, clock: Clock, consumer: Callable[..., Consumer]
    ) -> None:
        places = put(log, "kept", ("a", b"1"), ("a", b"2"), ("a", b"3"), ("a", b"4"))
        log.commit("slow", "kept", {0: places[1][1]}, {})
        log.commit("quick", "kept", {0: places[3][1] + 1}, {})
        log.maintain(clock.now + 2 * DAY)
        assert values(drain(consumer("slow", "kept"))) == [b"2", b"3", b"4"]
        assert values(everything(log, "kept")) == [b"2", b"3", b"4"]

    def test_a_group_that_stays_away_for_weeks_does_not_stop_compaction_and_still_sees_the_newest_and_what_is_gone(
        self, log: Log, clock: Clock, consumer: Callable[..., Consumer]
    ) -> None:
        places = put(log, "kept", ("a", b"1"), ("b", b"1"), ("a", b"2"), ("b", None))
        log.commit("away", "kept", {0: places[1][1]}, {})
        log.maintain(clock.now + 30 * DAY)
        assert [(r.key, r.value) for r in drain(consumer("away", "kept"))] == [("a", b"2"), ("b", None)]

    def test_without_any_group_only_what_is_older_than_a_day_is_compacted(self, log: Log, clock: Clock) -> None:
        put(log, "kept", ("a", b"1"), ("a", b"2"))
        assert log.maintain(clock.now) == {}
        assert log.maintain(clock.now + DAY + 1) == {"kept": 1}

    def test_a_tombstone_goes_after_a_day_and_only_when_every_group_has_seen_it(self, log: Log, clock: Clock) -> None:
        places = put(log, "kept", ("a", b"1"), ("a", None), ("b", b"2"))
        log.commit("g", "kept", {0: places[2][1] + 1}, {})
        log.commit("slow", "kept", {0: places[1][1]}, {})
        assert log.maintain(clock.now) == {"kept": 1}
        assert values(everything(log, "kept")) == [None, b"2"]
        log.maintain(clock.now + 2 * DAY)
        assert values(everything(log, "kept")) == [None, b"2"]
        log.commit("slow", "kept", {0: places[2][1]}, {})
        log.maintain(clock.now + 2 * DAY)
        assert values(everything(log, "kept")) == [b"2"]
        assert log.latest("kept", ["a"]) == {}

    def test_offsets_are_not_used_again_after_everything_was_removed(self, log: Log, clock: Clock) -> None:
        places = put(log, "kept", ("a", b"1"), ("a", None))
        log.commit("g", "kept", {0: places[-1][1] + 1}, {})
        log.maintain(clock.now + 2 * DAY)
        end = places[-1][1] + 1
        assert log.span("kept", 0) == (end, end)
        ((_, offset),) = put(log, "kept", ("a", b"2"))
        assert offset >= end

    def test_retention_removes_what_is_too_old_and_nothing_else(self, log: Log, clock: Clock) -> None:
        put(log, "weekly", *((str(i), b"old") for i in range(1_200)))
        put(log, "plain", ("a", b"for ever"))
        clock.now += 3 * DAY
        ((_, young),) = put(log, "weekly", ("b", b"young"))
        assert log.maintain(clock.now) == {}
        assert log.maintain(clock.now + 5 * DAY) == {"weekly": 1_200}
        assert values(everything(log, "weekly")) == [b"young"]
        assert log.span("weekly", 0) == (young, young + 1)
        assert values(everything(log, "plain")) == [b"for ever"]

    def test_a_consumer_whose_records_expired_goes_on_with_what_is_left(
        self, log: Log, clock: Clock, consumer: Callable[..., Consumer]
    ) -> None:
        one = consumer("g", "weekly")
        put(log, "weekly", ("a", b"old"))
        clock.now += 8 * DAY
        log.maintain(clock.now)
        assert not one.poll(10, 0)
        assert one.lag() == 0
        put(log, "weekly", ("b", b"new"))
        assert values(one.poll(10, 0)) == [b"new"]
