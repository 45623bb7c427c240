from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.alerts.deliveries import digests_for
from overheard.alerts.digest import Digest, Source, choose, digest_time, is_due, make_digest, period
from overheard.alerts.parties import Known
from overheard.alerts.score import score
from overheard.config.settings import LocaleSettings
from overheard.records import Actor, Incident, TargetSentiment, WatchHit
from tests import strategies
from tests.alerts.making import ADDRESS, ANTON, GEARS, KNOWN, LUCIA, NOW, incident, party

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
INDIA = LocaleSettings(region="IN")
MORNING = time(7, 30)
DAY = NOW.date()
SINCE = NOW - timedelta(days=1)


def made(incidents: Sequence[Incident], sources: Sequence[Source] = (), firm: str = "") -> Digest:
    return make_digest(
        DAY,
        SINCE,
        NOW,
        incidents=incidents,
        known=KNOWN,
        sources=sources,
        locale=INDIA,
        address=ADDRESS,
        firm=firm,
    )


def recent(n: int, text: str, **more: object) -> Incident:
    return incident(n, text, at=NOW - timedelta(minutes=n), **more)  # type: ignore[arg-type]


# --- what is chosen --------------------------------------------------------------------------------------------------


@given(
    st.lists(strategies.incidents, max_size=12, unique_by=lambda one: one.id),
    st.dictionaries(
        strategies.words, st.builds(Known, id=strategies.words, name=strategies.texts, tag=strategies.texts)
    ),
)
def test_the_parts_of_a_score_add_up_and_the_highest_are_told(
    incidents: list[Incident], known: dict[str, Known]
) -> None:
    items = choose(incidents, known, ADDRESS, INDIA)
    assert len(items) <= 5
    by_id = {one.id: one for one in incidents}
    for item in items:
        assert item.score == sum(part.points for part in score(by_id[item.incident], known, INDIA)) > 0
        assert all(part.points > 0 for part in item.points)
        assert len({part.reason for part in item.points}) == len(item.points)
    scores = [item.score for item in items]
    assert scores == sorted(scores, reverse=True)
    assert choose(list(reversed(incidents)), known, ADDRESS, INDIA) == items


def test_a_customers_complaint_stands_before_praise_of_a_stranger() -> None:
    complaint = recent(1, "Korvex support is terrible")
    praise = recent(2, "Korvex is the best lathe I ever had in my shop", polarity="positive", parties=[], author="x")
    items = made([praise, complaint]).items
    assert [item.incident for item in items] == [complaint.id, praise.id]
    reasons = {part.reason: part.points for part in items[0].points}
    assert reasons == {
        "Meera Chitnis is a customer, and said it": 40,
        "negative toward Korvex": 30,
        "said since the last digest": 20,
        "mentions Korvex": 8,
    }


def test_what_was_said_since_stands_before_a_question_that_was_said_earlier_and_found_since() -> None:
    stopped = recent(1, "Line stopped, Korvex support is terrible")
    asked = incident(2, "Anybody else with terrible Korvex support?", author="tonda_b", at=NOW - timedelta(days=2))
    asked = msgspec.structs.replace(
        asked, mention=msgspec.structs.replace(asked.mention, first_seen=NOW - timedelta(minutes=5))
    )
    assert choose([asked, stopped], KNOWN, ADDRESS, INDIA)[0].incident == asked.id
    assert choose([asked, stopped], KNOWN, ADDRESS, INDIA, NOW - timedelta(days=1))[0].incident == stopped.id


def test_a_prospect_who_compares_stands_before_a_customers_praise() -> None:
    praise = recent(1, "Korvex is the best lathe I ever had", polarity="positive")
    deciding = recent(2, "Korvex or the Brannt, that is today's round.", polarity="neutral", parties=[party(LUCIA)])
    deciding = _with_hits(deciding, WatchHit(term="brannt", kind="competitor", start=14, end=20))
    assert [item.incident for item in made([praise, deciding]).items] == [deciding.id, praise.id]


def test_a_complaint_stands_before_a_question_which_of_two_is_better_however_that_sounds_of_the_rival() -> None:
    complaint = recent(1, "Korvex support is terrible")
    asked = recent(2, "Is the Brannt worth more than a Korvex?", polarity="neutral", parties=[party(LUCIA)])
    asked = _with_hits(asked, WatchHit(term="brannt", kind="competitor", start=7, end=13))
    doubt = TargetSentiment(target="brannt", polarity="negative", confidence=0.6, start=7, end=13)
    asked = msgspec.structs.replace(asked, targets=(*asked.targets, doubt))
    assert [item.incident for item in made([asked, complaint]).items] == [complaint.id, asked.id]
    says = msgspec.structs.replace(
        asked, mention=msgspec.structs.replace(asked.mention, content="So the Brannt, no. A Korvex.")
    )
    opening = "negative toward brannt, a competitor"
    told = [{part.reason.lower() for part in score(one, KNOWN, INDIA)} for one in (asked, says)]
    assert [opening in reasons for reasons in told] == [False, True]


def test_an_account_has_its_own_page() -> None:
    (item,) = made([recent(1, "Palomino Gears left Korvex", parties=[party(GEARS, "mentioned")])]).items
    assert item.contact_page == f"{ADDRESS}/accounts/acc_gears"


def test_questions_comparisons_reach_and_first_times_are_reasons() -> None:
    one = recent(
        1, "Is the Korvex worth it over a Brannt?", polarity="neutral", parties=[party(LUCIA)], likes=123_456, shares=1
    )
    rival = WatchHit(term="brannt", kind="competitor", start=30, end=36)
    known = KNOWN | {"con_lucia": Known(id="con_lucia", name="Lucia Ferrand", tag="prospect", first_contact=NOW)}
    points = {part.reason: part.points for part in score(_with_hits(one, rival), known, INDIA)}
    assert points == {
        "Lucia Ferrand is a prospect, and said it": 26,
        "asks a question": 15,
        "compares you with Brannt": 15,
        "a prospect who compares may be deciding": 12,
        "first time that Lucia Ferrand is heard": 10,
        "mentions Korvex": 8,
        "1,23,457 likes, shares and replies": 15,
    }


def _with_hits(one: Incident, *more: WatchHit) -> Incident:
    return msgspec.structs.replace(one, hits=(*one.hits, *more))


def test_a_lost_customer_is_in_the_digest() -> None:
    (item,) = made([recent(1, "Korvex support is terrible", parties=[party(ANTON)])]).items
    assert "Anton Brezina is a lost customer, and said it" in {part.reason for part in item.points}


def test_what_is_on_nobody_and_about_nothing_is_not_told() -> None:
    assert not made([recent(1, "lovely weather", parties=[])]).items


def test_one_happening_is_told_once_and_one_person_twice_at_most() -> None:
    release = "Korvex opens a factory in Pune and will hire two hundred people there next year"
    printed = [recent(n, f"{release}.", parties=[], author="", polarity="neutral") for n in range(1, 9)]
    assert len(made(printed).items) == 1
    loud = [
        recent(n, f"Korvex {word * 5}", author="meerac") for n, word in enumerate(("spindle ", "chuck ", "coolant "), 1)
    ]
    assert len(made(loud).items) == 2
    answers = [
        recent(n, f"{word} Korvex", parties=[], author=word, in_reply_to="https://reddit.example/77")
        for n, word in enumerate(("spindles", "chucks", "coolant"), 1)
    ]
    assert len(made(answers).items) == 1


def test_five_at_most_and_of_equals_the_newest() -> None:
    words = ("spindle", "coolant", "manual", "delivery", "chuck", "invoice", "training")
    many = [
        recent(n, f"Korvex {word * 3} trouble", parties=[], attributed_to=Actor(platform="x", preferred_username=word))
        for n, word in enumerate(words, 1)
    ]
    assert [item.incident for item in made(many).items] == [one.id for one in many[:5]]


# --- the period ------------------------------------------------------------------------------------------------------


def test_what_was_heard_before_or_said_long_ago_or_is_not_about_us_does_not_belong() -> None:
    assert not made([incident(at=SINCE - timedelta(seconds=1))]).items
    assert not made([incident(at=NOW)]).items
    assert made([incident(at=SINCE)]).items
    assert not made([incident(at=NOW - timedelta(days=30), first_seen=NOW - timedelta(hours=1))]).items
    assert made([incident(at=NOW - timedelta(days=2), first_seen=NOW - timedelta(hours=1))]).items
    assert not made([recent(1, "Korvex is bad", status="not about us")]).items


@pytest.mark.parametrize(
    ("zone", "day", "utc"),
    [
        (BERLIN, date(2026, 3, 28), "2026-03-28T06:30"),
        (BERLIN, date(2026, 3, 29), "2026-03-29T05:30"),  # the clocks went forward
        (BERLIN, date(2026, 10, 24), "2026-10-24T05:30"),
        (BERLIN, date(2026, 10, 25), "2026-10-25T06:30"),  # and back
        (KOLKATA, date(2026, 11, 20), "2026-11-20T02:00"),
    ],
)
def test_a_digest_comes_at_its_time_by_the_clock_on_the_wall(zone: ZoneInfo, day: date, utc: str) -> None:
    when = digest_time(day, MORNING, zone)
    assert when == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert is_due(when, MORNING, zone) == day
    assert is_due(when - timedelta(seconds=1), MORNING, zone) is None


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 1), 24)])
def test_the_first_digest_reaches_back_one_local_day(day: date, hours: int) -> None:
    until = digest_time(day, MORNING, BERLIN)
    since, _ = period(day, MORNING, BERLIN, until=until, last=None)
    assert until - since == timedelta(hours=hours)


def test_a_time_that_is_skipped_comes_once_and_one_that_comes_twice_comes_first() -> None:
    at = time(2, 30)
    minutes = [datetime(2026, 3, 29, 0, 0, tzinfo=UTC) + timedelta(minutes=m) for m in range(0, 180, 10)]
    due = [m for m in minutes if is_due(m, at, BERLIN) == date(2026, 3, 29)]
    assert due[0] == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:00, the first that there is after 02:30
    minutes = [datetime(2026, 10, 24, 23, 0, tzinfo=UTC) + timedelta(minutes=m) for m in range(0, 240, 10)]
    assert next(m for m in minutes if is_due(m, at, BERLIN) == date(2026, 10, 25)) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_period_begins_where_the_last_ended_and_is_a_week_at_most() -> None:
    friday = NOW - timedelta(days=3)
    assert period(DAY, MORNING, KOLKATA, until=NOW, last=friday) == (friday, NOW)
    assert period(DAY, MORNING, KOLKATA, until=NOW, last=NOW - timedelta(days=30))[0] == NOW - timedelta(days=7)
    assert period(DAY, MORNING, KOLKATA, until=NOW, last=NOW + timedelta(days=1)) == (NOW, NOW)


# --- what it says ----------------------------------------------------------------------------------------------------


def test_an_empty_digest_says_so_and_which_sources_answered() -> None:
    empty = made(
        [], [Source("a", True), Source("b", True), Source("c", True), Source("d", False, "timed out")], "Korvex"
    )
    assert empty.subject == "Nothing about Korvex since yesterday"
    assert empty.notes == ("Nothing was heard in this time.", "3 sources answered, 1 did not: d (timed out).")
    assert "No source is set up" in made([]).notes[1]


def test_a_digest_names_sources_that_are_silent_for_longer_than_usual() -> None:
    quiet = [Source(f"s{number}", True, silent=True) for number in range(5)]
    found = made([], [*quiet, Source("d", False, "timed out")])
    assert found.notes[1] == (
        "5 sources answered, 1 did not: d (timed out). Silent for longer than usual: s0, s1, s2 and 2 more."
    )


def test_the_subject_counts_and_the_notes_tell_the_rest() -> None:
    found = made([recent(1, "Korvex support is terrible"), recent(2, "Korvex support is terrible!")])
    assert found.subject == "1 thing about you since yesterday"
    assert found.notes[0] == "2 posts heard in this time, 2 on people and accounts that you know; 1 more on the page."


def test_a_digest_has_one_id_for_its_day_and_channel() -> None:
    early, late = made([]), made([recent(1, "Korvex support is terrible")])
    assert digests_for(early, ["mail"], NOW)[0].id == digests_for(late, ["mail"], NOW + timedelta(hours=1))[0].id
    assert len({d.id for d in digests_for(late, ["feed", "mail", "webhook:mail"], NOW)}) == 3
