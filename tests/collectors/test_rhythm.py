import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.polling.rhythm import ALIVE, SILENT, expected_silence, is_silent, observe, pause
from overheard.records import Rhythm

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TEN_MINUTES = timedelta(minutes=10)


def every(gap: timedelta, *, number: int = 20, last: datetime = NOW) -> Rhythm:
    """The rhythm of a source that shows this history when it is polled first."""
    return observe(None, [last - i * gap for i in range(number)], now=NOW, held=number)


def at_random(per_day: float, *, number: int = 30, seed: int = 1) -> Rhythm:
    rng = random.Random(seed)
    gaps = [timedelta(days=rng.expovariate(per_day)) for _ in range(number)]
    return observe(None, [NOW - gap for gap in itertools.accumulate(gaps)], now=NOW, held=number)


def next_poll(rhythm: Rhythm, now: datetime = NOW) -> datetime:
    return now + pause(rhythm, now, floor=HOUR)


def test_who_posts_more_often_is_asked_more_often_but_not_in_proportion() -> None:
    pauses = [pause(at_random(per_day), NOW, floor=TEN_MINUTES) for per_day in (100, 8, 1, 0.1)]
    assert pauses == sorted(pauses)
    assert pauses[-1] / pauses[0] < 1000 / 5


def test_a_source_with_a_habitual_hour_is_asked_soon_after_it_and_seldom_else() -> None:
    nine = NOW.replace(hour=9)
    rhythm = every(DAY, last=nine)
    now, polls = NOW, []
    while now < NOW + DAY:
        now = next_poll(rhythm, now)
        polls.append(now)
        new = [nine + DAY] if polls[-2:-1] and polls[-2] < nine + DAY <= now else []
        rhythm = observe(rhythm, new, now=now, held=len(new) and 20)
    assert len(polls) <= 5
    assert any(nine + DAY <= poll <= nine + DAY + HOUR for poll in polls)


def test_a_source_that_rests_at_weekends_is_asked_less_on_a_saturday() -> None:
    days = [NOW - i * DAY for i in range(60)]
    rhythm = observe(None, [day for day in days if day.weekday() < 5], now=NOW, held=60)
    rhythm = observe(rhythm, [NOW + i * DAY for i in range(1, 5)], now=NOW + 4 * DAY + HOUR, held=60)
    tuesday = datetime(2026, 5, 5, 8, tzinfo=UTC)
    saturday = datetime(2026, 5, 9, 8, tzinfo=UTC)
    daily = observe(None, days, now=NOW, held=60)
    assert pause(rhythm, saturday, floor=HOUR) > 1.5 * pause(daily, tuesday, floor=HOUR)


def test_during_a_burst_a_source_is_asked_as_often_as_allowed() -> None:
    bursts = [NOW - week * 7 * DAY + i * HOUR / 2 for week in range(1, 5) for i in range(10)]
    rhythm = observe(None, bursts, now=NOW, held=40)
    rhythm = observe(rhythm, [], now=NOW + 2 * DAY)
    now = NOW + 2 * DAY + HOUR
    quiet = pause(observe(rhythm, [], now=now), now, floor=HOUR)
    begun = pause(observe(rhythm, [now - HOUR / 2], now=now, held=40), now, floor=HOUR)
    assert begun < 1.5 * HOUR < quiet / 2


def test_a_source_whose_history_tells_nothing_is_watched_hourly_for_a_day() -> None:
    rhythm = observe(None, [None] * 10, now=NOW, held=10)
    assert pause(rhythm, NOW, floor=TEN_MINUTES) == HOUR
    assert pause(observe(rhythm, [], now=NOW + 2 * DAY), NOW + 2 * DAY, floor=TEN_MINUTES) > HOUR


def test_entries_without_dates_are_learnt_from_too() -> None:
    rhythm = observe(None, [], now=NOW)
    for day in range(1, 15):
        rhythm = observe(rhythm, [None], now=NOW + day * DAY, held=20)
    assert rhythm.last == NOW + 13.5 * DAY
    assert rhythm.events / (rhythm.exposure / 24) == pytest.approx(1, rel=0.1)


def test_a_date_before_the_last_poll_does_not_put_an_entry_there() -> None:
    rhythm = observe(every(DAY), [NOW - 30 * DAY], now=NOW + HOUR, held=20)
    assert rhythm.last == NOW + HOUR / 2
    assert observe(every(DAY), [NOW + 30 * DAY], now=NOW + HOUR, held=20) == rhythm


def test_a_source_that_shows_only_new_entries_may_have_lost_some_and_is_taken_for_faster() -> None:
    shown = [NOW + DAY - i * timedelta(minutes=1) for i in range(10)]
    overrun = observe(every(HOUR), shown, now=NOW + DAY, held=10)
    whole = observe(every(HOUR), shown, now=NOW + DAY, held=50)
    assert overrun.events / overrun.exposure > 1.5 * whole.events / whole.exposure


def test_what_was_seen_in_a_poll_that_is_over_changes_nothing() -> None:
    rhythm = every(DAY)
    assert observe(rhythm, [NOW], now=NOW, held=20) == rhythm


def test_silence_is_measured_by_the_rhythm() -> None:
    daily, weekly = expected_silence(every(DAY)), expected_silence(every(7 * DAY))
    assert daily is not None
    assert weekly is not None
    assert 2 * DAY <= daily <= 6 * DAY
    assert 8 * DAY <= weekly <= 42 * DAY
    assert not is_silent(every(DAY), NOW + 1.5 * DAY)
    assert is_silent(every(DAY), NOW + 7 * DAY)


def test_a_source_that_paused_for_long_before_is_not_silent_as_soon() -> None:
    gaps = [1, 1, 20, 1, 1, 1, 15, 1, 1, 1]
    entries = [NOW - day * DAY for day in itertools.accumulate(gaps)]
    assert (expected_silence(observe(None, entries, now=NOW)) or DAY) > 20 * DAY


def test_few_entries_are_no_rhythm() -> None:
    assert expected_silence(every(DAY, number=3)) is None
    assert not is_silent(every(DAY, number=3), NOW + 20 * DAY)
    assert is_silent(every(DAY, number=3), NOW + 31 * DAY)


def test_a_source_that_fell_silent_is_asked_ever_less_often_and_one_that_lives_daily_at_least() -> None:
    rhythm = every(DAY)
    pauses = [pause(rhythm, NOW + days * DAY, floor=HOUR) for days in (1, 30, 100, 1000)]
    assert pauses == sorted(pauses)
    assert pauses[0] < ALIVE < pauses[2] < pauses[3] == SILENT
    assert pause(every(30 * DAY), NOW + 25 * DAY, floor=HOUR) <= ALIVE


def test_a_batch_in_one_go_is_one_gap() -> None:
    batches = [NOW - day * DAY + i * timedelta(seconds=20) for day in range(1, 8) for i in range(10)]
    rhythm = observe(None, batches, now=NOW, held=70)
    assert rhythm.gaps == 6
    assert timedelta(hours=rhythm.longest) == pytest.approx(DAY, rel=0.01)


histories = st.lists(st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
polls = st.lists(
    st.tuples(st.integers(1, 40_000), st.lists(st.none() | st.integers(-60, 60_000), max_size=30), st.integers(0, 100)),
    max_size=15,
)
Poll = tuple[int, list[int | None], int]


def after(history: Sequence[datetime | None], polls: Sequence[Poll]) -> tuple[Rhythm, datetime]:
    now = NOW
    rhythm = observe(None, history, now=now, held=len(history))
    for minutes, new, held in polls:
        entries = [now + timedelta(minutes=one) if one is not None else None for one in new]
        now += timedelta(minutes=minutes)
        rhythm = observe(rhythm, entries, now=now, held=held)
    return rhythm, now


@given(histories, polls, st.sampled_from([TEN_MINUTES, HOUR, 3 * DAY]))
def test_whatever_a_source_did_the_pause_is_within_its_limits_and_the_same_again(
    history: list[datetime | None], polls: list[Poll], floor: timedelta
) -> None:
    rhythm, now = after(history, polls)
    ceiling = SILENT if is_silent(rhythm, now) else ALIVE
    found = pause(rhythm, now, floor=floor)
    assert floor <= found <= max(ceiling, floor)
    assert pause(after(history, polls)[0], now, floor=floor) == found
    again = msgspec.json.decode(msgspec.json.encode(rhythm), type=Rhythm)
    assert again == rhythm
    assert pause(again, now, floor=floor) == found
    assert (expected_silence(rhythm) or 2 * DAY) >= 2 * DAY


@given(histories, polls)
def test_what_is_remembered_of_a_source_stays_small(history: list[datetime | None], polls: list[Poll]) -> None:
    assert len(msgspec.json.encode(after(history, polls)[0])) <= 500


def test_what_is_remembered_of_a_source_that_posts_every_minute_stays_small() -> None:
    now = NOW
    rhythm = observe(None, [], now=now)
    for _ in range(500):
        entries = [now + timedelta(minutes=i) for i in range(1, 61)]
        now += HOUR
        rhythm = observe(rhythm, entries, now=now, held=200)
    assert len(msgspec.json.encode(rhythm)) <= 500
