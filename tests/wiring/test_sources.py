"""How the sources of a system do, and one asked before its time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.files import PostFile
from overheard.collectors.polling.pollstate import host_key, load_states, save_states, source_key
from overheard.config.settings import HttpSettings, Settings
from overheard.errors import NotFoundError
from overheard.log.base import Log, ProducerRecord
from overheard.records import Mention, PollState, encode, event_for, mention_id
from overheard.wiring.service import SystemService
from overheard.wiring.sources import SourceCounts, poll_now
from overheard.wiring.system import System

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NEWS = Feed(name="news", url="https://news.example/feed")
POSTS = PostFile(name="posts", url="https://posts.example/posts.ndjson", interval=600)
SETTINGS = Settings(sources=(NEWS, POSTS), http=HttpSettings(contact="a@b.example", gap=2.0))


def state(**fields: object) -> PollState:
    told = {"configured": NEWS.url, "url": NEWS.url, "next_due": NOW + timedelta(hours=1), "polled": NOW, **fields}
    return PollState(**told)  # type: ignore[arg-type]


def due(system: System) -> datetime:
    return load_states(system.log, [source_key("news")])[source_key("news")].next_due


def said(log: Log, number: int, *, verb: str = "Create", source: str = "news") -> None:
    mention = Mention(
        id=mention_id("web", str(number)), platform="web", source=source, content=f"post {number}", first_seen=NOW
    )
    event = event_for(mention, subject=mention.id, source=f"/sources/{source}", time=NOW, verb=verb)  # type: ignore[arg-type]
    log.append([ProducerRecord("mentions", mention.id, encode(event))])


def test_a_source_that_was_never_asked_has_no_state(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        service = SystemService(system, clock=lambda: NOW)
        news, posts = service.sources()
        service.close()
    assert (news.name, news.kind, news.state, news.passed) == ("news", "feed", None, 0)
    assert (posts.name, posts.kind, posts.interval) == ("posts", "file", timedelta(minutes=10))


def test_a_site_that_wants_peace_is_said_to(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        until = NOW + timedelta(hours=3)
        save_states(system.log, {source_key("news"): state(status=429), host_key("news.example"): state()}, NOW)
        save_states(system.log, {host_key("news.example"): PollState(next_due=until)}, NOW)
        service = SystemService(system, clock=lambda: NOW)
        assert service.sources()[0].quiet_until == until
        service.close()


def test_the_state_of_another_address_is_not_this_sources(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        save_states(system.log, {source_key("news"): state(configured="https://old.example/feed")}, NOW)
        service = SystemService(system, clock=lambda: NOW)
        assert service.sources()[0].state is None
        service.close()


def test_polled_now_a_source_is_due_and_whoever_polls_is_woken(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        save_states(system.log, {source_key("news"): state(polled=NOW - timedelta(minutes=5), etag='"a"')}, NOW)
        assert poll_now(system, "news", NOW) == NOW
        assert due(system) == NOW
        assert load_states(system.log, [source_key("news")])[source_key("news")].etag == '"a"'
        assert system.settings_changed.is_set()


def test_pressed_again_and_again_a_source_is_left_its_pause(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        save_states(system.log, {source_key("news"): state(polled=NOW - timedelta(seconds=1))}, NOW)
        assert poll_now(system, "news", NOW) == NOW + timedelta(seconds=1)
        assert due(system) == NOW + timedelta(seconds=1)


def test_no_button_is_stronger_than_retry_after(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        until = NOW + timedelta(hours=3)
        save_states(system.log, {source_key("news"): state(polled=NOW - timedelta(minutes=5), next_due=until)}, NOW)
        save_states(system.log, {host_key("news.example"): PollState(next_due=until)}, NOW)
        assert poll_now(system, "news", NOW) == until
        assert load_states(system.log, [host_key("news.example")])[host_key("news.example")].next_due == until


def test_a_source_that_is_due_already_is_not_put_off(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        earlier = NOW - timedelta(minutes=1)
        save_states(system.log, {source_key("news"): state(polled=NOW - timedelta(hours=1), next_due=earlier)}, NOW)
        poll_now(system, "news", NOW)
        assert due(system) == earlier


def test_a_source_that_is_none_is_said(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system, pytest.raises(NotFoundError, match="nowhere"):
        poll_now(system, "nowhere", NOW)


def test_new_posts_are_counted_once_by_source_and_old_days_forgotten(tmp_path: Path) -> None:
    with System(tmp_path / "data", SETTINGS) as system:
        counts = SourceCounts(system.log)
        today = datetime.now(UTC).date()  # the log dates its records itself
        said(system.log, 1)
        said(system.log, 2, source="posts")
        said(system.log, 1, verb="Update")
        assert counts.since(today - timedelta(days=7)) == {"news": 1, "posts": 1}
        system.log.append([ProducerRecord("mentions", "garbage", b"\xff")])
        said(system.log, 3)
        assert counts.since(today - timedelta(days=7)) == {"news": 2, "posts": 1}
        assert not counts.since(today + timedelta(days=2))
