from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.fetching.fetch import Answer, AnswerKind
from overheard.collectors.polling.schedule import (
    FLOOR,
    LOW_FLOOR,
    MAX_HARD,
    MAX_INTERVAL,
    MAX_JITTER,
    MAX_RETRY_AFTER,
    MAX_SOFT,
    MIN_INTERVAL,
    Seen,
    begin,
    fresh_for,
    is_due,
    retry_after,
    settle,
)
from overheard.records import PollState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
URL = "https://site.example/feed"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW = begin(None, URL, NOW)


def fine(**headers: str) -> Answer:
    return Answer("fetched", 200, headers={name.replace("_", "-"): value for name, value in headers.items()})


def failed(status: int = 500, kind: AnswerKind = "soft", **headers: str) -> Answer:
    return Answer(
        kind, status, "expected 200", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def pause(answer: Answer, state: PollState = NEW, interval: timedelta | None = HOUR) -> timedelta:
    return settle(state, answer, NOW, interval=interval).next_due - NOW


def is_about(found: timedelta, wanted: timedelta) -> bool:
    """True for a pause, or one by which its source is spread from others of that pause."""
    return wanted <= found <= wanted + min(wanted / 10, MAX_JITTER)


def test_a_source_that_was_never_asked_is_due() -> None:
    assert is_due(None, NOW)
    assert is_due(NEW, NOW)
    assert not is_due(settle(NEW, fine(), NOW), NOW)


def entries(every: timedelta, number: int = 20) -> Seen:
    return Seen(new=[NOW - i * every for i in range(number)], held=number)


def in_rhythm(seen: Seen | None = None, answer: Answer | None = None, state: PollState = NEW) -> timedelta:
    return settle(state, answer or fine(), NOW, seen=seen).next_due - NOW


def test_a_configured_interval_is_a_fixed_rhythm() -> None:
    assert is_about(pause(fine()), HOUR)
    assert is_about(pause(fine(etag="1"), interval=timedelta(minutes=20)), timedelta(minutes=20))
    assert is_about(pause(fine(etag="1"), interval=timedelta(seconds=1)), MIN_INTERVAL)
    assert is_about(pause(fine(), interval=timedelta(days=9)), timedelta(days=9))
    # Without validators each request brings the whole body; the source's own `ttl` is leave given.
    assert is_about(pause(fine(), interval=timedelta(minutes=20)), HOUR)
    settled = settle(NEW, fine(), NOW, interval=timedelta(minutes=20), ttl=timedelta(minutes=5))
    assert is_about(settled.next_due - NOW, timedelta(minutes=20))
    assert settle(NEW, fine(), NOW, interval=HOUR, seen=entries(timedelta(minutes=1))).next_due - NOW == pause(fine())


def test_sources_of_one_interval_are_spread_and_each_keeps_its_own_pause() -> None:
    def paused(i: int, at: datetime) -> timedelta:
        return settle(begin(None, f"https://site{i}.example/feed", at), fine(), at, interval=HOUR).next_due - at

    pauses = [paused(i, NOW) for i in range(2_000)]
    assert HOUR <= min(pauses) < HOUR + timedelta(seconds=10) < max(pauses) <= HOUR + HOUR / 10
    seconds = [pause.total_seconds() // 1 for pause in pauses]
    assert max(map(seconds.count, set(seconds))) < 30
    assert pauses == [paused(i, NOW + 5 * DAY) for i in range(2_000)]


def test_without_one_a_source_is_asked_in_its_own_rhythm() -> None:
    often, daily, weekly = (in_rhythm(entries(gap)) for gap in (timedelta(minutes=5), DAY, 7 * DAY))
    assert FLOOR <= often < 1.2 * HOUR < daily < weekly <= DAY
    assert in_rhythm() < 1.2 * HOUR  # whose entries tell nothing is watched hourly for a day


def test_less_than_an_hour_needs_a_304_or_leave_by_the_feed_itself() -> None:
    often = entries(timedelta(minutes=2))
    valid = settle(NEW, fine(etag="1"), NOW, seen=often)
    assert valid.next_due - NOW >= FLOOR
    honoured = settle(valid, Answer("unmodified", 304), valid.next_due)
    again = settle(honoured, fine(etag="2"), honoured.next_due, seen=Seen([honoured.next_due], held=20))
    assert LOW_FLOOR <= again.next_due - honoured.next_due < FLOOR
    asked = settle(NEW, fine(), NOW, ttl=timedelta(minutes=15), seen=often)
    assert timedelta(minutes=15) <= asked.next_due - NOW < FLOOR
    assert settle(NEW, fine(), NOW, ttl=3 * HOUR, seen=often).next_due - NOW >= 3 * HOUR
    assert in_rhythm(often, fine(cache_control="max-age=7200")) >= 2 * HOUR


def test_an_interface_for_programs_may_be_asked_more_often_than_hourly() -> None:
    configured = settle(NEW, fine(), NOW, interval=timedelta(minutes=5), leave=True)
    assert is_about(configured.next_due - NOW, timedelta(minutes=5))
    often = settle(NEW, fine(), NOW, seen=entries(timedelta(minutes=2)), leave=True)
    assert LOW_FLOOR <= often.next_due - NOW < FLOOR
    limited = settle(NEW, fine(cache_control="max-age=7200"), NOW, interval=timedelta(minutes=5), leave=True)
    assert limited.next_due - NOW == 2 * HOUR


def test_sources_of_one_rhythm_are_spread_and_each_keeps_its_place() -> None:
    def due(i: int) -> datetime:
        url = f"https://site{i}.example/feed"
        return settle(begin(None, url, NOW), fine(), NOW, seen=entries(timedelta(hours=6))).next_due

    dues = [due(i) for i in range(2_000)]
    assert max(dues) - min(dues) <= MAX_JITTER
    seconds = [at.replace(microsecond=0) for at in dues]
    assert max(map(seconds.count, set(seconds))) < 20
    assert dues == [due(i) for i in range(2_000)]


def test_hours_and_days_that_the_feed_wants_skipped_are() -> None:
    early = Seen(skip_hours=set(range(12, 18)))
    state = settle(NEW, fine(), NOW, interval=HOUR, seen=early)
    assert NOW.replace(hour=18) <= state.next_due <= NOW.replace(hour=18) + MAX_JITTER
    assert settle(state, Answer("unmodified", 304), NOW, interval=HOUR).next_due == state.next_due
    weekend = Seen(skip_days={5, 6})  # NOW is a Friday
    state = settle(NEW, fine(), NOW, interval=20 * HOUR, seen=weekend)
    assert state.next_due.date() == NOW.date() + 3 * DAY
    assert is_about(settle(NEW, fine(), NOW, interval=HOUR, seen=Seen(skip_hours=range(24))).next_due - NOW, HOUR)
    again = settle(state, fine(), NOW, interval=20 * HOUR, seen=Seen(skip_days=()))
    assert is_about(again.next_due - NOW, 20 * HOUR)


def test_cache_headers_lengthen_the_pause_up_to_a_day() -> None:
    assert pause(fine(cache_control="public, max-age=7200")) == 2 * HOUR
    assert is_about(pause(fine(cache_control="max-age=60")), HOUR)
    assert pause(fine(cache_control="max-age=999999999")) == MAX_INTERVAL
    assert is_about(pause(fine(cache_control="max-age=7200, no-cache")), HOUR)
    assert pause(fine(cache_control="max-age=9000", age="1800")) == 2 * HOUR
    assert pause(fine(expires="Fri, 01 May 2026 15:00:00 GMT")) == 3 * HOUR
    # The server's clock is an hour ahead.
    assert pause(fine(expires="Fri, 01 May 2026 15:00:00 GMT", date="Fri, 01 May 2026 13:00:00 GMT")) == 2 * HOUR
    assert is_about(pause(fine(expires="0")), HOUR)


def test_the_pause_that_the_feed_asks_for_is_kept_also_when_nothing_is_new() -> None:
    state = settle(NEW, fine(), NOW, interval=HOUR, ttl=3 * HOUR)
    assert state.next_due - NOW == 3 * HOUR
    assert pause(Answer("unmodified", 304), state) == 3 * HOUR


def test_failures_in_a_row_double_the_pause_up_to_a_day_and_one_success_ends_them() -> None:
    state, pauses = NEW, []
    for _ in range(8):
        state = settle(state, failed(), NOW)
        pauses.append((state.next_due - NOW) / HOUR)
    assert pauses == [1, 2, 4, 8, 16, 24, 24, 24]
    assert (state.failures, state.error, state.succeeded) == (8, "expected 200", None)
    state = settle(state, fine(), NOW, interval=HOUR)
    assert (state.failures, state.error, state.succeeded) == (0, "", NOW)
    assert is_about(state.next_due - NOW, HOUR)


def test_what_is_not_there_is_left_alone_sooner_and_what_is_gone_at_once() -> None:
    assert pause(failed(404, "hard")) == 4 * HOUR
    assert pause(failed(404, "hard"), settle(NEW, failed(404, "hard"), NOW)) == 16 * HOUR
    assert pause(failed(410, "hard")) == MAX_HARD


@pytest.mark.parametrize("status", [403, 429, 503])
def test_retry_after_is_honoured_in_full(status: int) -> None:
    assert pause(failed(status, retry_after="200000")) == timedelta(seconds=200_000)
    assert pause(failed(status, retry_after="Sun, 03 May 2026 12:00:00 GMT")) == 2 * timedelta(days=1)
    assert pause(failed(status, retry_after="5")) == HOUR


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_counts_as_none(value: str) -> None:
    assert retry_after(failed(429, retry_after=value), NOW) is None


@pytest.mark.parametrize("value", ["9" * 400, "Fri, 01 Jan 9999 00:00:00 GMT"])
def test_a_retry_after_of_thousands_of_years_does_not_silence_a_source_for_ever(value: str) -> None:
    assert retry_after(failed(429, retry_after=value), NOW) == NOW + MAX_RETRY_AFTER


def test_a_body_that_cannot_be_read_counts_as_a_failure_and_its_validators_are_not_kept() -> None:
    state = settle(NEW, fine(etag='"1"'), NOW, problem="expected RSS", body="digest")
    assert (state.failures, state.error, state.etag, state.body, state.succeeded) == (1, "expected RSS", "", "", None)


def test_validators_are_kept_as_sent_and_survive_a_304_without_them() -> None:
    state = settle(NEW, fine(etag='W/"1"', last_modified="x"), NOW, body="digest")
    state = settle(state, Answer("unmodified", 304), NOW)
    assert (state.etag, state.last_modified, state.body) == ('W/"1"', "x", "digest")
    state = settle(state, fine(), NOW, body="other")
    assert (state.etag, state.last_modified, state.body) == ("", "", "other")


def test_a_permanent_redirect_is_believed_when_three_answers_in_a_row_agree() -> None:
    there = Answer("fetched", 200, moved_to="https://new.example/feed")
    state = settle(settle(NEW, there, NOW), there, NOW)
    assert state.url == URL
    assert settle(settle(state, fine(), NOW), there, NOW).url == URL
    state = settle(state, there, NOW)
    assert (state.url, state.configured) == ("https://new.example/feed", URL)


def test_a_source_whose_new_place_is_gone_is_asked_where_it_was() -> None:
    state = PollState(configured=URL, url="https://new.example/feed", etag="x", next_due=NOW)
    state = settle(state, failed(404, "hard"), NOW)
    assert (state.url, state.etag) == (URL, "")


def test_a_new_url_in_the_settings_begins_anew() -> None:
    state = settle(NEW, fine(etag="x"), NOW)
    assert begin(state, URL, NOW) == state
    assert begin(state, "https://other.example/", NOW) == begin(None, "https://other.example/", NOW)


answers = st.builds(
    Answer,
    st.sampled_from(["fetched", "unmodified"]),
    st.sampled_from([200, 304]),
    headers=st.dictionaries(st.sampled_from(["cache-control", "expires", "age", "date"]), st.text(max_size=30)),
) | st.builds(
    Answer,
    st.sampled_from(["soft", "hard", "refused"]),
    st.sampled_from([0, 200, 403, 404, 410, 429, 500, 503]),
    st.just("expected 200"),
    st.dictionaries(st.sampled_from(["cache-control", "expires", "retry-after", "age", "date"]), st.text(max_size=30)),
)


@given(
    answers,
    st.integers(0, 1_000_000),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999)),
    st.sampled_from([None, MIN_INTERVAL]),
)
def test_whatever_an_answer_says_the_next_poll_is_neither_too_soon_nor_never(
    answer: Answer, failures: int, ttl: timedelta, interval: timedelta | None
) -> None:
    state = PollState(configured=URL, url=URL, next_due=NOW, failures=failures)
    due = settle(state, answer, NOW, interval=interval, ttl=ttl).next_due
    assert NOW + (interval or LOW_FLOOR) <= due <= NOW + max(MAX_RETRY_AFTER, MAX_HARD, MAX_SOFT)
    assert fresh_for(answer.headers, NOW) >= timedelta(0)


@given(
    st.sampled_from([("soft", 500), ("soft", 403), ("hard", 404), ("hard", 410), ("refused", 0)]),
    st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40)),
    st.integers(0, 40),
)
def test_one_more_failure_never_shortens_the_pause(
    what: tuple[AnswerKind, int], interval: timedelta | None, failures: int
) -> None:
    kind, status = what
    answer = failed(status, kind)
    fewer, more = (PollState(configured=URL, url=URL, next_due=NOW, failures=n) for n in (failures, failures + 1))
    assert pause(answer, fewer, interval) <= pause(answer, more, interval)


def test_a_look_without_validators_waits_an_hour_though_a_304_gives_leave_to_ask_sooner() -> None:
    body, same = Answer("fetched", 200, headers={"etag": "1"}), Answer("unmodified", 304)
    state = settle(NEW, body, NOW, seen=entries(timedelta(minutes=6), 50))
    pauses: list[timedelta] = []
    looks: list[timedelta] = []
    while (now := state.next_due) < NOW + 4 * DAY:
        (looks if state.sample else pauses).append(now - (state.polled or now))
        state = settle(state, body if state.sample else same, now)
    assert min(pauses) < FLOOR <= min(looks)
