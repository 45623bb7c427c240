from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.fetch import Answer, AnswerKind
from overheard.collectors.schedule import (
    MAX_HARD,
    MAX_INTERVAL,
    MAX_RETRY_AFTER,
    MAX_SOFT,
    MIN_INTERVAL,
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
NEW = begin(None, URL, NOW)


def fine(**headers: str) -> Answer:
    return Answer("fetched", 200, headers={name.replace("_", "-"): value for name, value in headers.items()})


def failed(status: int = 500, kind: AnswerKind = "soft", **headers: str) -> Answer:
    return Answer(
        kind, status, "expected 200", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def pause(answer: Answer, state: PollState = NEW, interval: timedelta | None = None) -> timedelta:
    return settle(state, answer, NOW, interval=interval).next_due - NOW


def test_a_source_that_was_never_asked_is_due() -> None:
    assert is_due(None, NOW)
    assert is_due(NEW, NOW)
    assert not is_due(settle(NEW, fine(), NOW), NOW)


def test_a_source_is_due_again_after_an_hour_or_what_is_configured() -> None:
    assert pause(fine()) == HOUR
    assert pause(fine(), interval=timedelta(minutes=20)) == timedelta(minutes=20)
    assert pause(fine(), interval=timedelta(seconds=1)) == MIN_INTERVAL
    assert pause(fine(), interval=timedelta(days=9)) == timedelta(days=9)


def test_cache_headers_lengthen_the_pause_up_to_a_day() -> None:
    assert pause(fine(cache_control="public, max-age=7200")) == 2 * HOUR
    assert pause(fine(cache_control="max-age=60")) == HOUR
    assert pause(fine(cache_control="max-age=999999999")) == MAX_INTERVAL
    assert pause(fine(cache_control="max-age=7200, no-cache")) == HOUR
    assert pause(fine(cache_control="max-age=9000", age="1800")) == 2 * HOUR
    assert pause(fine(expires="Fri, 01 May 2026 15:00:00 GMT")) == 3 * HOUR
    # The server's clock is an hour ahead.
    assert pause(fine(expires="Fri, 01 May 2026 15:00:00 GMT", date="Fri, 01 May 2026 13:00:00 GMT")) == 2 * HOUR
    assert pause(fine(expires="0")) == HOUR


def test_the_pause_that_the_feed_asks_for_is_kept_also_when_nothing_is_new() -> None:
    state = settle(NEW, fine(), NOW, ttl=3 * HOUR)
    assert state.next_due - NOW == 3 * HOUR
    assert pause(Answer("unmodified", 304), state) == 3 * HOUR


def test_failures_in_a_row_double_the_pause_up_to_a_day_and_one_success_ends_them() -> None:
    state, pauses = NEW, []
    for _ in range(8):
        state = settle(state, failed(), NOW)
        pauses.append((state.next_due - NOW) / HOUR)
    assert pauses == [1, 2, 4, 8, 16, 24, 24, 24]
    assert (state.failures, state.error, state.succeeded) == (8, "expected 200", None)
    state = settle(state, fine(), NOW)
    assert (state.failures, state.error, state.succeeded, state.next_due) == (0, "", NOW, NOW + HOUR)


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


@given(
    st.sampled_from(["fetched", "unmodified", "soft", "hard", "refused"]),
    st.sampled_from([0, 200, 304, 403, 404, 410, 429, 500, 503]),
    st.dictionaries(st.sampled_from(["cache-control", "expires", "retry-after", "age", "date"]), st.text(max_size=30)),
    st.integers(0, 1_000_000),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999)),
)
def test_whatever_an_answer_says_the_next_poll_is_neither_too_soon_nor_never(
    kind: AnswerKind, status: int, headers: dict[str, str], failures: int, ttl: timedelta
) -> None:
    message = "" if kind in ("fetched", "unmodified") else "expected 200"
    state = PollState(configured=URL, url=URL, next_due=NOW, failures=failures)
    due = settle(state, Answer(kind, status, message, headers), NOW, ttl=ttl).next_due
    assert NOW + MIN_INTERVAL <= due <= NOW + max(MAX_RETRY_AFTER, MAX_HARD, MAX_SOFT)
    assert fresh_for(headers, NOW) >= timedelta(0)
