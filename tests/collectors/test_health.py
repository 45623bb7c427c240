"""How a source does, in plain words."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching.secrets import Place, SecretError, Secrets
from overheard.collectors.pages.watched import WatchedPage
from overheard.collectors.polling.health import SourceHealth, every, health_of, in_words, last_answer, why_then
from overheard.collectors.polling.rhythm import observe
from overheard.errors import InputError
from overheard.records import Fetch, PollState, Rhythm, Robots

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://news.example/feed"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Named:
    url: str = URL
    interval: int | None = None
    kind: str = "feed"


def state(**fields: Any) -> PollState:
    return PollState(**{"configured": URL, "url": URL, "next_due": NOW, "polled": NOW, **fields})


def health(
    known: PollState | None = None, host: PollState | None = None, rules: Robots | None = None, at: datetime = NOW
) -> SourceHealth:
    return health_of(Named(), known, host, rules, at)


def posting(*, since: timedelta = 60 * DAY, pause: timedelta = DAY, until: datetime = NOW) -> Rhythm:
    entries = []
    at = until - since
    while at <= until:
        entries.append(at)
        at += pause
    return observe(None, entries, now=until, held=len(entries))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, "not asked yet"),
        (state(status=200, succeeded=NOW), "works"),
        (state(status=500, failures=2, error="expected 200"), "failing"),
        (state(status=410, failures=1, error="expected 200; got 410"), "retired"),
        (state(status=0, failures=1, error="expected a public address", outcome="refused"), "refused"),
        (state(status=200, failures=1, error="expected at most 10 MB", outcome="refused"), "refused"),
        (state(status=200, failures=1, error="expected a feed", outcome="unreadable"), "unreadable"),
        (state(status=200, succeeded=NOW, url="https://new.example/feed"), "moved"),
        (state(status=200, succeeded=NOW, distrusted=NOW + DAY), "lying validators"),
        (state(status=200, succeeded=NOW, rhythm=posting(until=NOW - 40 * DAY)), "silent"),
        (state(status=200, succeeded=NOW, rhythm=posting()), "works"),
        (state(status=304, succeeded=NOW, cut="after 5 entries"), "cut short"),
    ],
)
def test_the_state_of_a_source_is_one_word(known: PollState | None, expected: str) -> None:
    found = health(known)
    assert found.state == expected
    assert found.message.endswith(".")
    assert bool(found.advice) == (expected not in ("works", "not asked yet"))


def test_a_site_that_wants_peace_is_waited_for_whatever_came_last() -> None:
    until = NOW + timedelta(hours=3)
    for known in (None, state(status=200, succeeded=NOW), state(status=429, failures=1, error="got 429")):
        found = health(known, host=PollState(next_due=until))
        assert (found.state, found.until) == ("waiting", until)
    over = health(state(status=200, succeeded=NOW), host=PollState(next_due=NOW - DAY))
    assert over.state == "works"


def test_a_run_of_refusals_is_told_as_the_reason_for_waiting() -> None:
    found = health(state(succeeded=NOW), host=PollState(next_due=NOW + DAY, error="got 403 for 3 sources"))
    assert "got 403 for 3 sources" in found.message


def test_a_robots_txt_that_forbids_it_is_told_with_what_to_do() -> None:
    rules = Robots(text="user-agent: *\ndisallow: /", at=NOW)
    found = health(state(failures=1, error="its robots.txt", outcome="refused"), rules=rules)
    assert found.state == "refused"
    assert "robots.txt" in found.message
    assert "owner" in found.advice


def test_what_breaks_off_is_said_with_how_far_it_came_and_before_silence() -> None:
    silent = posting(until=NOW - 30 * DAY)
    found = health(state(status=200, succeeded=NOW, cut="after 5 entries", rhythm=silent))
    assert found.state == "cut short"
    assert "breaks off after 5 entries" in found.message
    assert "owner" in found.advice


def test_what_was_wrong_with_a_source_is_not_said_to_be_why_its_site_is_left_alone() -> None:
    host = PollState(next_due=NOW + DAY)
    found = health(state(status=401, failures=1, error="expected status 200; got 401"), host=host)
    assert found.message == "Its site asked to be left alone. When it was asked last: expected status 200; got 401."


def test_silence_is_measured_by_the_sources_own_rhythm() -> None:
    rhythm = posting(pause=7 * DAY, since=200 * DAY, until=NOW - 9 * DAY)
    assert health(state(succeeded=NOW, rhythm=rhythm)).state == "works"
    daily = posting(until=NOW - 9 * DAY)
    found = health(state(succeeded=NOW, rhythm=daily))
    assert (found.state, found.since) == ("silent", daily.last)
    assert "9 days" in found.message


@pytest.mark.parametrize(("code", "word"), [(0, "connected"), (404, "address"), (410, "settings"), (403, "owner")])
def test_a_source_that_fails_says_what_to_do(code: int, word: str) -> None:
    assert word in health(state(status=code, failures=1, error="x")).advice


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("expected a valid certificate of 'a.example'; got one that is none: certificate has expired", "owner"),
        ("expected the token of the source 'forum' in the environment variable FORUM; there is none", "token"),
        ("expected a file or folder that can be read at `path`; got: No such file or directory", "`path`"),
    ],
)
def test_what_was_wrong_before_anybody_answered_has_its_own_advice(message: str, word: str) -> None:
    found = health(state(status=0, failures=1, error=message, outcome="soft"))
    assert found.state == "failing"
    assert word in found.advice
    assert "connected" not in found.advice
    assert "address" not in found.advice


def test_a_private_address_is_said_with_the_setting_that_allows_it() -> None:
    refused = state(status=0, failures=1, error="expected a public address; 'wiki.local' has none", outcome="refused")
    assert "`allow_hosts`" in health(refused).advice


def test_a_page_whose_list_is_not_found_is_said_with_the_setting_that_names_it() -> None:
    page = WatchedPage(name="news", url=URL)
    with pytest.raises(InputError) as unread:
        page.read(Fetch(id="f", source="s", url=URL, final_url=URL, status=200, headers={}, body=b"<p>No</p>", at=NOW))
    known = state(status=200, failures=1, error=str(unread.value), outcome="unreadable")
    assert "`select`" in health_of(page, known, None, None, NOW).advice


@pytest.mark.parametrize(
    ("known", "at", "what"),
    [
        (None, None, ""),
        (state(status=200, succeeded=NOW), NOW, ""),
        (state(status=403, failures=1, error="got 403"), NOW, "status 403"),
        (
            state(status=200, failures=1, error="no feed", outcome="unreadable"),
            NOW,
            "status 200, and could not be read",
        ),
        (state(status=0, failures=1, error="no answer", succeeded=NOW - DAY), NOW - DAY, ""),
        (state(status=0, failures=1, error="no answer"), None, ""),
    ],
)
def test_the_last_answer_is_told_though_it_was_of_no_use(
    known: PollState | None, at: datetime | None, what: str
) -> None:
    assert last_answer(known) == (at, what)


def test_a_bomb_is_not_said_to_be_another_address() -> None:
    doctype = b'<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>'
    body = doctype + b"<rss><channel><item><title>&b;</title></item></channel></rss>"
    fetch = Fetch(id="f", source="s", url=URL, final_url=URL, status=200, headers={}, body=body, at=NOW)
    with pytest.raises(InputError) as refused:
        Feed(name="s", url=URL).read(fetch)
    found = health(state(status=200, failures=1, error=str(refused.value), outcome="unreadable"))
    assert found.state == "unreadable"
    assert "owner" in found.advice
    assert "address" not in found.advice


def test_the_advice_for_a_missing_token_is_found_by_the_message_of_whoever_misses_it(tmp_path: Path) -> None:
    url = "https://forum.example/"
    for place in (Place(url, env="NO_SUCH_TOKEN"), Place(url, file=str(tmp_path / "none")), Place(url)):
        with pytest.raises(SecretError) as missing:
            Secrets({"forum": place}).headers("forum", url)
        assert "Put the token" in health(state(status=0, failures=1, error=str(missing.value))).advice


def test_a_kind_of_source_is_taken_as_it_is_in_the_settings() -> None:
    assert health_of(Feed(name="news", url=URL), None, None, None, NOW).state == "not asked yet"


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (None, "in its own rhythm"),
        (timedelta(hours=1), "every hour"),
        (timedelta(minutes=5), "every 5 minutes"),
        (timedelta(days=2), "every 2 days"),
        (timedelta(seconds=301), "every 301 seconds"),
    ],
)
def test_a_configured_pause_is_in_words(interval: timedelta | None, words: str) -> None:
    assert every(interval) == words


@pytest.mark.parametrize(
    ("pause", "words"),
    [
        (timedelta(minutes=20), "about 3 an hour"),
        (timedelta(hours=1), "about hourly"),
        (timedelta(hours=6), "about 4 a day"),
        (timedelta(hours=24), "about daily"),
        (timedelta(days=3), "a few times a week"),
        (timedelta(days=7), "about weekly"),
        (timedelta(days=30), "about monthly"),
    ],
)
def test_a_rhythm_is_in_words(pause: timedelta, words: str) -> None:
    said = in_words(posting(pause=pause, since=min(60 * pause, 360 * DAY)), ZoneInfo("UTC"))
    assert said.partition(",")[0] == words


def test_a_habit_is_told_in_the_readers_own_time_zone() -> None:
    rhythm = posting(until=datetime(2026, 11, 20, 20, 0, tzinfo=UTC))
    assert in_words(rhythm, ZoneInfo("UTC")) == "about daily, mostly in the evenings"
    assert in_words(rhythm, ZoneInfo("Asia/Kolkata")) == "about daily, mostly at night"


def test_little_history_is_no_rhythm() -> None:
    assert in_words(None, ZoneInfo("UTC")) == "not known yet"
    assert in_words(observe(None, [NOW - DAY], now=NOW), ZoneInfo("UTC")) == "not known yet"


def test_it_is_told_why_a_source_is_asked_when_it_is() -> None:
    later = NOW + timedelta(hours=2)
    asked = state(succeeded=NOW, next_due=later)
    assert why_then(Named(), None, None, NOW) == "in its own rhythm"
    assert why_then(Named(), asked, None, NOW) == "in its own rhythm"
    assert "settings" in why_then(Named(interval=7_200), asked, None, NOW)
    assert "source itself" in why_then(Named(), state(succeeded=NOW, next_due=later, ttl=7_200), None, NOW)
    assert "failure" in why_then(Named(), state(next_due=later, failures=2, error="x"), None, NOW)
    assert "peace" in why_then(Named(), asked, PollState(next_due=NOW + DAY), NOW)
    assert "peace" in why_then(Named(), None, PollState(next_due=NOW + DAY), NOW)


@pytest.mark.parametrize(
    ("kind", "words"), [("feed", "a feed, not of a page"), ("sitemap", "a sitemap"), ("ours", "set up")]
)
def test_what_an_address_should_lead_to_is_said_by_the_kind_of_its_source(kind: str, words: str) -> None:
    unread = state(status=200, outcome="unreadable", error="no", failures=1)
    assert words in health_of(Named(kind=kind), unread, None, None, NOW).advice
