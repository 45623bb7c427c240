"""Sources in words, and the button that has one asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from overheard.collectors.pollstate import load_states, save_states, source_key
from overheard.config.settings import FeedSettings, Settings
from overheard.records import PollState
from overheard.web.base import SourceStatus
from overheard.web.pages.sources import health_of
from tests.web.pages_world import pages_of, words

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://news.example/feed"


def status(state: PollState | None = None, **fields: Any) -> SourceStatus:
    return SourceStatus("news", "feed", URL, timedelta(hours=1), state, **fields)


def answered(**fields: Any) -> PollState:
    return PollState(**{"configured": URL, "url": URL, "next_due": NOW, "polled": NOW, **fields})


def test_a_source_is_in_one_of_four_states() -> None:
    assert health_of(status()).state == "not asked yet"
    assert health_of(status(answered(status=200, succeeded=NOW))).state == "works"
    assert health_of(status(answered(status=500, failures=2, error="expected 200"))).state == "failing"
    assert health_of(status(answered(status=429, error="x"), quiet_until=NOW)).state == "asked to wait"


@pytest.mark.parametrize(
    ("code", "word"), [(0, "connected"), (404, "address"), (410, "gone"), (403, "owner"), (200, "feed")]
)
def test_a_source_that_fails_says_what_to_do(code: int, word: str) -> None:
    assert word in health_of(status(answered(status=code, failures=1, error="x"))).advice


@pytest.mark.parametrize(
    ("interval", "rhythm"),
    [
        (timedelta(hours=1), "every hour"),
        (timedelta(minutes=5), "every 5 minutes"),
        (timedelta(days=2), "every 2 days"),
        (timedelta(seconds=301), "every 301 seconds"),
    ],
)
def test_the_rhythm_is_in_words(interval: timedelta, rhythm: str) -> None:
    assert health_of(SourceStatus("news", "feed", URL, interval)).every == rhythm


def test_the_page_shows_what_fails_first_and_polls_it_when_asked(tmp_path: Path) -> None:
    good, bad = FeedSettings(name="good", url="https://good.example/"), FeedSettings(name="<bad>", url=URL)
    with pages_of(tmp_path / "data", Settings(feeds=(good, bad))) as pages:
        later = datetime.now(UTC) + timedelta(days=1)
        failed = answered(next_due=later, status=404, failures=3, error="expected status 200; got 404", succeeded=NOW)
        save_states(pages.system.log, {source_key("<bad>"): failed}, NOW)
        page = pages.get("/sources")
        assert [words(one).split()[0] for one in page.xpath("//h2")] == ["<bad>", "good"]
        assert "3 times in a row" in words(page)
        assert "expected status 200; got 404" in words(page)
        page = pages.press(page, "Ask now")
        assert "<bad> is asked" in words(page.xpath("//*[@data-told]")[0])
        for at in ("0001-01-01T00:00:00%2B14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "soon"):
            assert pages.get(f"/sources?asked=good&at={at}").xpath("//h1")
        assert load_states(pages.system.log, [source_key("<bad>")])[source_key("<bad>")].next_due < later
        assert pages.system.settings_changed.is_set()


def test_a_source_that_is_none_is_said(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        answer = pages.client.post("/sources/poll", data={"source": "nowhere"}, headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert "nowhere" in answer.text
