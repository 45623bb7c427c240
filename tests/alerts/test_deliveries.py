from datetime import timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from overheard.alerts.deliveries import SCHEDULE, alerts_for, failed, is_unsent, refused, resent, sent, without
from overheard.records import Delivery, delivery_id
from tests import strategies
from tests.alerts.making import NOW, delivery, item


def fail_until_given_up(one: Delivery, jitter: float = 0.0) -> list[Delivery]:
    states = [one]
    while is_unsent(states[-1]):
        now = states[-1].next_attempt or NOW
        states.append(failed(states[-1], now, "no", jitter=jitter))
    return states[1:]


def test_waits_grow_as_the_schedule_says_and_end_after_three_days() -> None:
    states = fail_until_given_up(delivery())
    assert [d.state for d in states] == ["failed"] * len(SCHEDULE) + ["given up"]
    times = [d.attempts[-1].at for d in states]
    assert [b - a for a, b in pairwise(times)] == list(SCHEDULE)
    assert timedelta(days=3) <= times[-1] - times[0] < timedelta(days=3.5)
    assert states[-1].reason == f"failed {len(SCHEDULE) + 1} times, the last time: no"
    assert states[-1].next_attempt is None


@given(st.floats(0, 1, exclude_max=True), st.integers(0, len(SCHEDULE) - 1))
def test_a_wait_is_never_shorter_and_up_to_a_quarter_longer(jitter: float, failures: int) -> None:
    after = failed(delivery(failures=failures), NOW, "no", jitter=jitter)
    assert after.next_attempt is not None
    assert SCHEDULE[failures] <= after.next_attempt - NOW <= SCHEDULE[failures] * 1.25


def test_what_the_receiver_asks_for_is_kept_up_to_a_day() -> None:
    def wait(seconds: float) -> timedelta:
        after = failed(delivery(), NOW, "busy", retry_after=timedelta(seconds=seconds)).next_attempt
        assert after is not None
        return after - NOW

    assert wait(600) == timedelta(minutes=10)
    assert wait(1) == SCHEDULE[0]
    assert wait(1e9) == timedelta(days=1)


def test_sent_again_it_is_the_same_delivery_with_a_new_schedule() -> None:
    gone = fail_until_given_up(delivery())[-1]
    again = resent(gone, NOW)
    assert (again.id, again.state, again.failures, again.next_attempt) == (gone.id, "waiting", 0, NOW)
    assert again.attempts == gone.attempts
    done = sent(again, NOW, "answered 200")
    assert (done.state, done.sent, done.next_attempt, done.reason) == ("sent", NOW, None, "")


def test_attempts_and_messages_are_bounded() -> None:
    one = delivery()
    for _ in range(30):
        one = refused(resent(sent(one, NOW, "x" * 10_000), NOW), NOW, "y" * 10_000)
    assert len(one.attempts) == 50
    assert all(len(attempt.message) <= 500 for attempt in one.attempts)
    assert len(one.reason) <= 500


def test_the_feed_has_an_alert_by_its_being_there() -> None:
    on_feed, by_mail = alerts_for(item(), ["feed", "mail"], NOW)
    assert (on_feed.state, on_feed.sent, on_feed.next_attempt) == ("sent", NOW, None)
    assert (by_mail.state, by_mail.sent, by_mail.next_attempt) == ("waiting", None, NOW)


def test_nothing_of_a_deleted_post_stays() -> None:
    told = sent(delivery(), NOW)
    gone = without(told, item().incident, "deleted", forget=True)
    assert gone.state == "sent"
    assert b"terrible" not in msgspec.json.encode(gone)
    assert b"Meera" not in msgspec.json.encode(gone)
    waits = without(delivery(), item().incident, "deleted", forget=True)
    assert (waits.state, waits.next_attempt) == ("given up", None)
    both = delivery(kind="digest", items=(item(1), item(2)))
    left = without(both, item(1).incident, "deleted", forget=True)
    assert (left.state, left.items) == ("waiting", (item(2),))
    assert without(both, "inc_other", "deleted", forget=True) == both


@given(strategies.words, strategies.words, strategies.words)
def test_the_id_is_of_rule_about_and_channel_and_of_nothing_else(rule: str, about: str, channel: str) -> None:
    assert delivery_id(rule, about, channel) == delivery_id(rule, about, channel)
    assert delivery_id(rule, about, channel) != delivery_id(rule, about, channel + "x")
    assert delivery_id(rule, about, channel) != delivery_id(rule + about, "", channel)
