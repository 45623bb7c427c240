from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.polling.schedule import Seen, begin, settle
from overheard.collectors.polling.validators import DISTRUST, SAMPLE_EVERY, honours_validators, validators_of
from overheard.records import PollState

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
URL = "https://site.example/feed"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
UNMODIFIED = Answer("unmodified", 304)
DAILY = Seen(new=[NOW - i * DAY for i in range(20)], held=20)


def body(etag: str) -> Answer:
    return Answer("fetched", 200, headers={"etag": etag} if etag else {})


def first(seen: Seen = DAILY) -> PollState:
    return settle(begin(None, URL, NOW), body('"1"'), NOW, seen=seen, body="1")


def until_sampled(state: PollState) -> PollState:
    """Answer 304 until a request without validators is due."""
    for _ in range(1_000):
        if state.sample:
            return state
        assert validators_of(state) == (state.etag, state.last_modified)
        state = settle(state, UNMODIFIED, state.next_due)
    raise AssertionError("expected a request without validators; got none in 1,000")


def entry(state: PollState) -> Seen:
    return Seen(new=[state.next_due - HOUR], held=20)


def test_validators_go_back_as_they_came_and_a_304_shows_that_they_work() -> None:
    state = first()
    assert validators_of(state) == ('"1"', "")
    assert not honours_validators(state)
    assert honours_validators(settle(state, UNMODIFIED, state.next_due))


def test_in_the_first_days_a_request_without_validators_is_made_daily_at_most() -> None:
    state, looks = first(), []
    while state.next_due < NOW + 30 * DAY:
        now = state.next_due
        if state.sample:
            assert validators_of(state) == ("", "")
            looks.append(now)
            state = settle(state, body('"1"'), now, seen=Seen(held=20), body="1")
        else:
            state = settle(state, UNMODIFIED, now)
    assert all(b - a >= SAMPLE_EVERY for a, b in zip([NOW, *looks], looks, strict=False))
    assert 3 <= len(looks) <= 10
    assert looks[2] < NOW + 6 * DAY
    assert state.distrusted is None


def test_something_new_under_the_same_validators_is_a_lie() -> None:
    state = until_sampled(first())
    caught = settle(state, body('"1"'), state.next_due, seen=entry(state), body="2")
    assert caught.distrusted == state.next_due + DISTRUST
    assert validators_of(caught) == ("", "")
    assert not honours_validators(caught)
    assert caught.next_due - state.next_due >= HOUR


def test_something_new_under_other_validators_is_a_lie_only_if_the_old_ones_get_a_304_again() -> None:
    state = until_sampled(first())
    doubted = settle(state, body('"2"'), state.next_due, seen=entry(state), body="2")
    assert (doubted.distrusted, validators_of(doubted)) == (None, ('"1"', ""))
    liar = settle(doubted, UNMODIFIED, doubted.next_due)
    assert liar.distrusted == doubted.next_due + DISTRUST
    honest = settle(doubted, body('"2"'), doubted.next_due, seen=Seen(held=20), body="2")
    assert (honest.distrusted, validators_of(honest)) == (None, ('"2"', ""))


def test_bytes_that_differ_without_anything_new_are_no_lie() -> None:
    state = until_sampled(first())
    state = settle(state, body('"1"'), state.next_due, seen=Seen(held=20), body="2")
    assert (state.distrusted, validators_of(state)) == (None, ('"1"', ""))


def test_an_entry_that_changed_is_something_new() -> None:
    state = until_sampled(first())
    assert settle(state, body('"1"'), state.next_due, seen=Seen(changed=True, held=20)).distrusted


def test_a_distrusted_source_is_tried_again_after_a_week_and_after_two_when_it_lies_again() -> None:
    state = first()
    caught: list[timedelta] = []
    while len(caught) < 3:
        state = until_sampled(state)
        state = settle(state, body('"1"'), state.next_due, seen=entry(state))
        assert state.distrusted
        caught.append(state.distrusted - (state.polled or NOW))
        while state.distrusted:
            assert validators_of(state) == ("", "")
            state = settle(state, body('"1"'), state.next_due, seen=entry(state))
        assert validators_of(state) == ('"1"', "")
    assert caught == [DISTRUST, 2 * DISTRUST, 4 * DISTRUST]


def test_a_liar_is_found_out_within_days_of_its_first_lie() -> None:
    state = settle(first(), UNMODIFIED, NOW + HOUR)
    state = settle(state, body('"2"'), NOW + 2 * HOUR, seen=DAILY)
    assert (until_sampled(state).next_due - NOW) <= 3 * DAY


def test_a_source_that_says_304_for_longer_than_its_rhythm_explains_is_looked_at_again() -> None:
    state, looks = first(), []
    while state.next_due < NOW + 200 * DAY:
        now = state.next_due
        if state.sample:
            looks.append(now)
        state = settle(state, body('"1"') if state.sample else UNMODIFIED, now, seen=Seen(held=20), body="1")
    later = [look for look in looks if look > NOW + 10 * DAY]
    assert later
    assert len(looks) <= 15


def test_a_source_without_validators_needs_no_looks() -> None:
    state = settle(begin(None, URL, NOW), body(""), NOW, seen=DAILY)
    for _ in range(50):
        state = settle(state, body(""), state.next_due, seen=Seen(held=20))
        assert not state.sample


@given(st.lists(st.sampled_from(["304", "same", "other", "news", "none", "500"]), max_size=60))
def test_requests_without_validators_that_a_source_has_are_a_day_apart_unless_it_lied(answers: list[str]) -> None:
    state, bodies = first(), [NOW]
    for what in answers:
        now, bare = state.next_due, validators_of(state) == ("", "") and bool(state.etag)
        if bare and not state.distrusted:
            assert now - bodies[-1] >= SAMPLE_EVERY
        if what == "500":
            state = settle(state, Answer("soft", 500, "expected status 200; got 500"), now)
            continue
        if what == "304" and not bare:
            state = settle(state, UNMODIFIED, now)
            continue
        bodies.append(now)
        etag = {"other": '"2"', "none": ""}.get(what, '"1"')
        state = settle(state, body(etag), now, seen=entry(state) if what == "news" else Seen(held=20))
