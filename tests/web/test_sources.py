"""Sources in words, and the button that has one asked."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from overheard.collectors.base import Budget
from overheard.collectors.communities.x import X
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.laid.whatsapp import WhatsApp
from overheard.collectors.polling.budget import spent
from overheard.collectors.polling.pollstate import (
    budget_key,
    errand_key,
    load_states,
    robots_key,
    save_states,
    source_key,
)
from overheard.config.settings import Settings
from overheard.errors import ConfigError
from overheard.log.base import ProducerRecord
from overheard.records import ErrandState, Followed, Mention, PollState, Robots, encode, event_for
from overheard.wiring.backfills import ask_back_fill, stop_back_fills
from overheard.wiring.secrets import secrets_of
from tests.web.pages_world import pages_of, words

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://news.example/feed"


def answered(**fields: Any) -> PollState:
    return PollState(**{"configured": URL, "url": URL, "next_due": NOW, "polled": NOW, **fields})


def test_the_page_shows_what_fails_first_and_polls_it_when_asked(tmp_path: Path) -> None:
    good, bad = Feed(name="good", url="https://good.example/"), Feed(name="<bad>", url=URL)
    with pages_of(tmp_path / "data", Settings(sources=(good, bad))) as pages:
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
        answer = pages.client.post("/poll", data={"source": "nowhere"}, headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert "nowhere" in answer.text


def test_a_source_has_a_page_of_its_own_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    odd = Feed(name="Trade / press <b>", url=URL)
    with pages_of(tmp_path / "data", Settings(sources=(odd,))) as pages:
        log = pages.system.log
        lead = Followed(url="https://news.example/1/feed", purpose="comments", since=NOW, due=NOW, failures=2)
        failed = answered(status=200, failures=2, error="expected a feed; got a page", outcome="unreadable", requests=9)
        rules = Robots(text="user-agent: *\ndisallow: /admin\ncrawl-delay: 7", at=NOW)
        save_states(
            log,
            {
                source_key(odd.name): msgspec.structs.replace(failed, followed=(lead,)),
                robots_key("https://news.example"): rules,
            },
            NOW,
        )
        for number in range(12):
            said = Mention(
                id=f"men_{number}",
                platform="web",
                source=odd.name,
                name=f"Post {number} <i>",
                content="x",
                published=NOW + timedelta(minutes=number),
                first_seen=NOW,
            )
            log.append(
                [ProducerRecord("mentions", said.id, encode(event_for(said, subject=said.id, source="/t", time=NOW)))]
            )
        listed = pages.get("/sources")
        page = pages.get(listed.xpath("//h2//a/@href")[0])
        said_there = words(page)
        assert words(page.xpath("//h1")[0]).startswith("Trade / press <b>")
        assert "expected a feed; got a page" in said_there
        assert "It allows this address, and 7 seconds between two requests." in said_there
        assert "2 errors in a row" in said_there
        assert len(page.xpath("//section[@aria-labelledby='entries']//li")) == 10
        assert "Post 11 <i>" in said_there
        assert pages.press(page, "Ask now").xpath("//*[@data-told]")
        whole = pages.client.get("/v1/sources/Trade%20/%20press%20%3Cb%3E").json()
        assert whole["source"]["name"] == odd.name
        assert [one["failures"] for one in whole["leads"]] == [2]
        assert len(whole["entries"]) == 10
        assert "Post 11" not in str(whole), "texts are of the posts"


@pytest.mark.parametrize("name", ["poll", "sources", "add", "a/poll"])
def test_a_source_of_any_name_is_opened_and_asked(tmp_path: Path, name: str) -> None:
    with pages_of(tmp_path / "data", Settings(sources=(Feed(name=name, url=URL),))) as pages:
        page = pages.get(pages.get("/sources").xpath("//h2//a/@href")[0])
        assert words(page.xpath("//h1")[0]).startswith(name)
        assert f"{name} is asked" in words(pages.press(page, "Ask now").xpath("//*[@data-told]")[0])


def test_a_folder_has_no_robots_txt_and_no_older_posts_to_ask_for(tmp_path: Path) -> None:
    (tmp_path / "chats").mkdir()
    chats = WhatsApp(name="chats", path=str(tmp_path / "chats"), me=("Us",))
    with pages_of(tmp_path / "data", Settings(sources=(chats,))) as pages:
        assert "no site of the web" in words(pages.get("/sources/chats"))
        with pytest.raises(ConfigError, match="reads all that is there by itself"):
            ask_back_fill(pages.system, "chats", date(2026, 1, 1), None, NOW)


def test_how_far_a_back_fill_is_stands_with_its_source(tmp_path: Path) -> None:
    sources = (Feed(name="old", url=URL), Feed(name="other", url="https://other.example/feed"))
    with pages_of(tmp_path / "data", Settings(sources=sources)) as pages:
        log = pages.system.log
        first = ask_back_fill(pages.system, "old", date(2026, 1, 1), date(2026, 1, 31), NOW)
        assert "waits for its turn" in words(pages.get("/sources/old"))
        done = ErrandState(state="done", pages=3, mentions=40, ended="the source has no older pages", at=NOW)
        save_states(log, {errand_key(first.id): done}, NOW)
        ended = pages.client.get("/v1/sources/old").json()["source"]["backFill"]
        assert (ended["from"], ended["to"], ended["state"]) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "done")
        assert (ended["pages"], ended["posts"]) == (3, 40)
        # One that is under way counts before one that ended, though that ended later.
        second = ask_back_fill(pages.system, "old", date(2025, 1, 1), date(2025, 1, 31), NOW - timedelta(days=1))
        going = ErrandState(pages=7, mentions=90, url="x", at=NOW - timedelta(hours=1))
        save_states(log, {errand_key(second.id): going}, NOW)
        for path in ("/sources", "/sources/old"):
            assert "goes on: 7 pages, 90 new posts" in words(pages.get(path))
        listed = {one["name"]: one for one in pages.client.get("/v1/sources").json()["items"]}
        assert listed["old"]["backFill"]["state"] == "waiting"
        assert "backFill" not in listed["other"]
        stop_back_fills(pages.system, "old")
        assert "done: 3 pages" in words(pages.get("/sources"))


def test_a_source_that_was_never_asked_and_one_that_is_none(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", Settings(sources=(Feed(name="new", url=URL),))) as pages:
        assert "It was not asked for yet" in words(pages.get("/sources/new"))
        for path in ("/sources/nowhere", "/v1/sources/nowhere", "/v1/sources/%E2%80%AE/x"):
            assert pages.client.get(path, headers={"accept": "text/html"}).status_code == 404


def test_what_was_used_of_a_budget_stands_with_its_source(tmp_path: Path) -> None:
    made = X(name="search", query="paperfold", token_env="X_TOKEN", budget=1_000, price=5.0)
    other = Feed(name="other", url=URL)
    with pages_of(tmp_path / "data", Settings(sources=(made, other))) as pages:
        now = datetime.now(UTC)
        account = secrets_of([made]).account("search")
        used = PollState(next_due=now, spending={f"{now:%Y-%m}": 1_000})
        save_states(pages.system.log, {budget_key(account): used}, now)
        until = f"{spent(Budget(1_000), {}, now).until:%Y-%m-%d}"
        assert f"The budget is used up: nothing is asked until {until}" in words(pages.get("/sources"))
        assert "1,000 of 1,000 posts used" in words(pages.get("/sources/search"))
        told = pages.client.get("/v1/sources/search").json()["source"]["budget"]
        assert (told["used"], told["limit"], told["cost"], told["unit"]) == (1_000, 1_000, 5.0, "posts")
        assert "budget" not in pages.client.get("/v1/sources/other").json()["source"]
