"""Webmentions from the errand to the mention, over a loopback server: verified, edited, gone, hostile."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.pages.webmention import NO_LINK, NO_PAGE, Webmention
from overheard.collectors.polling.pollstate import ERRANDS, load_errand_states
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.records import Errand, ErrandState, encode, event_for
from tests.collectors.polled import Polled

TARGET = "https://acme.example/pumps/"
OURS = Webmention(name="ours", targets=("acme.example",))
MINUTE = timedelta(minutes=1)


class World(Polled):
    def __init__(self, folder: Folder, server: HTTPServer) -> None:
        super().__init__(folder, server)
        self._numbers = count()

    def page(self, words: str = "It hums", target: str = TARGET, *, more: str = "", path: str = "/post") -> None:
        """Serve a page that says so; of the old one nothing is left."""
        self.clear()
        body = f'<div class="h-entry"><p class="e-content">{words}: <a href="{target}">pump</a></p>{more}</div>'
        self.serve(path, body, content_type="text/html; charset=utf-8")

    def send(self, path: str = "/post", target: str = TARGET) -> str:
        """Put a webmention of a page into the line; return its id."""
        url = path if path.startswith("http") else self.server.url_for(path)
        id_ = f"wm_{next(self._numbers)}"
        errand = Errand(id=id_, kind="webmention", source="ours", url=url, target=target, at=self.now)
        event = event_for(errand, subject=id_, source="/webmention", time=self.now)
        self.log.append([ProducerRecord(ERRANDS, id_, encode(event))], durable=True)
        return id_

    def look(self, id_: str) -> ErrandState:
        """Poll, and return how far a webmention is."""
        self.poll([OURS], MINUTE)
        return load_errand_states(self.log, [id_])[id_]

    def verbs(self) -> list[str]:
        return [event.verb for event in self.events()]


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    with Folder(tmp_path / "data") as folder:
        world = World(folder, httpserver)
        yield world
        world.log.close()


def test_a_page_that_links_becomes_a_live_mention_once(world: World) -> None:
    world.page()
    state = world.look(world.send())
    assert (state.state, state.mentions, state.problem) == ("done", 1, "")
    (event,) = world.events()
    assert (event.verb, event.cause, event.data.source) == ("Create", "live", "ours")
    assert event.data.content == "It hums: pump"
    assert world.asked() == {"/post": 1}
    assert world.look(world.send()).state == "done"
    assert world.verbs() == ["Create"], "the same once more is nothing new"
    world.poll([OURS], timedelta(days=30))
    assert world.asked() == {"/post": 1}, "nothing is asked that nobody sent"


def test_an_edit_is_a_version_and_a_link_that_is_gone_a_tombstone_and_one_that_is_back_is_there_again(
    world: World,
) -> None:
    world.page()
    world.look(world.send())
    world.page("It hums no more")
    world.look(world.send())
    world.page("It hums no more", "https://other.example/")
    state = world.look(world.send())
    assert (state.state, state.problem) == ("refused", NO_LINK)
    world.page("It hums no more")
    assert world.look(world.send()).state == "done"
    events = world.events()
    assert [event.verb for event in events] == ["Create", "Update", "Delete", "Update"]
    versions = [event.sourceversion for event in events]
    assert versions == sorted(set(versions)), "each is newer than the one before"
    assert events[-1].data.content == "It hums no more: pump"


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_takes_its_mention_with_it(world: World, status: int) -> None:
    world.page()
    world.look(world.send())
    world.clear()
    world.serve("/post", "gone", status=status)
    assert world.look(world.send()).state == "failed"
    assert world.verbs() == ["Create", "Delete"]


def test_an_edit_without_a_new_time_of_edit_counts(world: World) -> None:
    when = '<time class="dt-updated" datetime="2026-04-01T10:00:00Z"></time>'
    world.page("It hums", more=when)
    world.look(world.send())
    world.page("It roars", more=when)
    world.look(world.send())
    first, second = world.events()
    assert second.data.content == "It roars: pump"
    assert second.sourceversion > first.sourceversion


@pytest.mark.parametrize("status", [404, 410, 200])
def test_what_was_never_published_or_others_have_too_is_not_deleted_at_anybodys_word(world: World, status: int) -> None:
    feed = Feed(name="news", url=world.server.url_for("/feed"))
    item = f"<item><title>Pumps</title><link>{world.server.url_for('/post')}</link><description>x</description></item>"
    world.serve("/feed", f'<rss version="2.0"><channel><title>n</title>{item}</channel></rss>')
    world.serve("/post", "<p>nothing of ours</p>", status=status, content_type="text/html")
    id_ = world.send()
    world.poll([OURS, feed])
    assert load_errand_states(world.log, [id_])[id_].state in ("failed", "refused")
    world.send("/other")
    world.poll([OURS, feed])
    assert world.verbs() == ["Create"]


def test_whoever_sends_us_for_another_of_our_pages_takes_nothing_away(world: World) -> None:
    world.page()
    world.look(world.send())
    assert world.look(world.send(target="https://acme.example/other")).problem == NO_LINK
    assert world.verbs() == ["Create"]


def test_redirects_are_followed_and_circles_and_private_addresses_are_refused(world: World) -> None:
    world.page()
    world.serve("/old", "", status=301, location="/post")
    world.serve("/round", "", status=302, location="/round")
    world.serve("/inside", "", status=302, location="http://169.254.169.254/latest/meta-data/")
    world.serve("/local", "", status=302, location="http://localhost:1/")
    inner = {"169.254.169.254": "169.254.169.254", "localhost": "127.0.0.1"}
    world.fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={f"{world.server.host}:{world.server.port}"},
        limits=Limits(gap=0, total=5),
        clock=lambda: world.now,
        resolve=lambda host, _: [inner.get(host, "127.0.0.1")],
    )
    assert world.look(world.send("/old")).state == "done"
    (event,) = world.events()
    assert event.data.url == world.server.url_for("/post")
    for path, words in (("/round", "redirects"), ("/inside", "public address"), ("/local", "public address")):
        state = world.look(world.send(path))
        assert (state.state, state.mentions) == ("refused", 0)
        assert words in state.problem
        assert "robots.txt" not in state.problem
    state = world.look(world.send("http://127.0.0.1:1/"))
    assert state.state == "refused"
    assert state.problem.startswith("expected a public address; '127.0.0.1' has none")
    assert world.verbs() == ["Create"]


def test_pages_that_do_not_end_or_are_none_are_refused_and_the_next_goes_on(world: World) -> None:
    def endless(_: Request) -> Response:
        return Response((b"<p>more</p>" * 1_000 for _ in range(100_000)), content_type="text/html")

    world.page()
    world.fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={f"{world.server.host}:{world.server.port}"},
        limits=Limits(gap=0, total=5, body=200_000),
        clock=lambda: world.now,
    )
    world.server.expect_request("/endless").respond_with_handler(endless)
    world.serve("/picture", b"\x89PNG" * 100, content_type="image/png")
    world.serve("/bomb", b"\x1f\x8b\x08broken", content_encoding="gzip", content_type="text/html")
    ids = [world.send(path) for path in ("/endless", "/picture", "/bomb", "/post")]
    world.poll([OURS], MINUTE)
    states = load_errand_states(world.log, ids)
    assert [states[id_].state for id_ in ids] == ["refused", "refused", "waiting", "done"]
    assert states[ids[1]].problem == NO_PAGE
    assert world.verbs() == ["Create"]


def test_the_rules_of_a_site_and_its_wish_for_peace_are_kept(world: World) -> None:
    world.server.clear_all_handlers()
    world.serve("/robots.txt", "User-agent: *\nDisallow: /private")
    world.serve("/private/post", f'<a href="{TARGET}">x</a>', content_type="text/html")
    state = world.look(world.send("/private/post"))
    assert state.state == "refused"
    assert "robots.txt" in state.problem
    assert world.asked() == {}
    world.serve("/busy", "later", status=503, retry_after="7200")
    id_ = world.send("/busy")
    state = world.look(id_)
    assert (state.state, state.attempts) == ("waiting", 1)
    assert state.due is not None
    assert state.due >= world.now + timedelta(hours=2)


def test_one_that_is_sent_for_later_waits_for_its_time(world: World) -> None:
    world.page()
    world.now += timedelta(hours=1)
    id_ = world.send()
    world.now -= timedelta(hours=1)
    world.poll([OURS], MINUTE)
    assert world.asked() == {}
    world.poll([OURS], timedelta(hours=2))
    assert load_errand_states(world.log, [id_])[id_].state == "done"
