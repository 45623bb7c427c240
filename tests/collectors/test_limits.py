from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.polling.limits import FORGIVEN, GAP, MAX_GAP, MAX_QUIET, QUIET, WINDOW, gap_of, weigh_host
from overheard.records import PollState

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WELL = PollState(next_due=NOW, succeeded=NOW)
FINE = Answer("fetched", 200)
REFUSED = Answer("soft", 403, "expected status 200; got 403")


def asked(host: PollState | None, *answers: tuple[str, Answer], now: datetime = NOW) -> PollState | None:
    """The state of a host after answers to sources that did well before, a minute apart."""
    for i, (name, answer) in enumerate(answers):
        host = weigh_host(host, name, WELL, answer, now + i * MINUTE)
    return host


def refused(*names: str, host: PollState | None = None, now: datetime = NOW) -> PollState:
    welcomed = host or weigh_host(None, "x", WELL, FINE, now - MINUTE)
    found = asked(welcomed, *((name, REFUSED) for name in names), now=now)
    assert found is not None
    return found


def quiet(host: PollState, now: datetime) -> timedelta:
    return max(host.next_due - now, timedelta())


def test_three_sources_refused_one_after_the_other_are_a_limit_of_their_host() -> None:
    assert quiet(refused("a", "b"), NOW + 2 * MINUTE) == timedelta()
    host = refused("a", "b", "c")
    assert host.next_due == NOW + 2 * MINUTE + QUIET
    assert "403" in host.error
    assert "an hour" in host.error


def test_two_sources_refused_in_turns_are_a_limit_too() -> None:
    assert quiet(refused("a", "b", "a"), NOW) > timedelta()


def test_one_source_that_is_refused_again_and_again_is_refused_for_itself() -> None:
    assert quiet(refused("a", "a", "a", "a", "a"), NOW) == timedelta()


def test_a_good_answer_between_them_shows_that_the_host_means_the_source() -> None:
    host = asked(None, ("x", FINE), ("a", REFUSED), ("b", REFUSED), ("x", FINE), ("c", REFUSED), ("a", REFUSED))
    assert host is not None
    assert quiet(host, NOW) == timedelta()


def test_a_host_that_never_answered_well_has_no_limit_to_tell() -> None:
    assert asked(None, *((name, REFUSED) for name in "abcdef")) is None


def test_sources_that_were_never_answered_or_are_refused_for_long_do_not_count() -> None:
    host = weigh_host(None, "x", WELL, FINE, NOW)
    for source in (PollState(next_due=NOW), PollState(next_due=NOW, succeeded=NOW, failures=5)):
        found = host
        for name in "abcdef":
            found = weigh_host(found, name, source, REFUSED, NOW)
        assert found == host


def test_refusals_far_apart_are_no_run() -> None:
    host = weigh_host(None, "x", WELL, FINE, NOW)
    for i, name in enumerate("abcdef"):
        host = weigh_host(host, name, WELL, REFUSED, NOW + i * (WINDOW / 2 + MINUTE))
    assert host is not None
    assert host.refused_runs == 0


def test_a_retry_after_says_all_itself() -> None:
    answer = Answer("soft", 403, "expected status 200; got 403", {"retry-after": "60"})
    host = asked(weigh_host(None, "x", WELL, FINE, NOW), *((name, answer) for name in "abcdef"))
    assert host is not None
    assert not host.refusals


def test_the_first_request_after_the_quiet_is_a_probe_and_a_refusal_doubles_the_quiet() -> None:
    host, found = refused("a", "b", "c"), []
    for _ in range(7):
        now = host.next_due
        host = refused("d", host=host, now=now)
        found.append(quiet(host, now))
    assert found == sorted(found)
    assert found[:3] == [2 * QUIET, 4 * QUIET, 8 * QUIET]
    assert found[-1] == MAX_QUIET


def test_a_host_that_answers_again_is_asked_more_slowly_for_days_and_a_new_run_makes_a_longer_quiet() -> None:
    host = refused("a", "b", "c")
    now = host.next_due
    mended = asked(host, ("a", FINE), now=now)
    assert mended is not None
    assert (mended.error, gap_of(mended, now)) == ("", GAP)
    assert quiet(refused("b", host=mended, now=now + MINUTE), now + MINUTE) == timedelta()
    again = refused("b", "c", "d", host=mended, now=now + MINUTE)
    assert quiet(again, now + 3 * MINUTE) == 2 * QUIET
    assert gap_of(again, now) == 2 * GAP
    late = now + FORGIVEN
    assert gap_of(host, late) == timedelta()
    assert quiet(refused("b", "c", "d", host=mended, now=late), late + 2 * MINUTE) == QUIET


def test_a_host_that_was_never_asked_keeps_the_usual_gap() -> None:
    assert gap_of(None, NOW) == timedelta()


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([FINE, REFUSED]), st.integers(0, 5_000)), max_size=60)
)
def test_a_host_is_never_quiet_for_more_than_a_day_nor_asked_more_slowly_than_every_ten_minutes(
    answers: list[tuple[str, Answer, int]],
) -> None:
    host, now = None, NOW
    for name, answer, minutes in answers:
        now += minutes * MINUTE
        before = host
        host = weigh_host(host, name, WELL, answer, now)
        assert weigh_host(before, name, WELL, answer, now) == host
        if host is not None:
            assert host.next_due <= now + MAX_QUIET
            assert gap_of(host, now) <= MAX_GAP
            assert len(host.refusals) <= 3
