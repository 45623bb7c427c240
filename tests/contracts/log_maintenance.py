"""What an engine of the log must do that compacts and expires by itself, when it is told to: the embedded one."""

from collections.abc import Callable

from overheard.log.base import Consumer, Log
from tests.contracts.log_contract import DAY, Clock, drain, everything, put, values


class LogMaintenance:
    """Goes with `LogContract`, and uses its fixtures."""

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
