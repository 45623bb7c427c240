"""A stretch of time of a source filled in: how older pages are found, what is taken of them, and when it ends."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Reading
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.pages.sitemap import Sitemap
from overheard.collectors.polling.backfill import MAX_PAGES, Page, after_page, in_words, is_within
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.poller import Poller
from overheard.collectors.polling.pollstate import load_errand_states
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.records import Errand, ErrandState, Mention, encode, event_for
from tests.collectors.mortal import Killed, Mortal, MortalConsumer
from tests.collectors.polled import START, Polled
from tests.collectors.test_completed import BEGINNING, TEXT
from tests.collectors.test_completed import page as page_with

DAY = timedelta(days=1)
FIRST = START - 30 * DAY
ERRAND = Errand(id="fill", kind="back-fill", source="site", start=FIRST, end=START, at=START)


class World(Polled):
    """A site whose feed has one entry a day, `per_page` on each page, the newest first."""

    days = 100
    per_page = 10

    def posts(self, page: int) -> list[tuple[str, datetime]]:
        numbers = range(page * self.per_page, min((page + 1) * self.per_page, self.days))
        return [(self.server.url_for(f"/post/{number}"), START - number * DAY) for number in numbers]

    def feed(self, page: int, head: str = "") -> str:
        items = "".join(
            f"<item><link>{url}</link><title>post</title><description>text of it</description>"
            f"<pubDate>{format_datetime(at)}</pubDate></item>"
            for url, at in self.posts(page)
        )
        return (
            '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title>'
            f"{head}{items}</channel></rss>"
        )

    @property
    def source(self) -> Feed:
        return Feed(name="site", url=self.server.url_for("/feed"), interval=86_400, articles=False)

    def linked(self, relation: str) -> None:
        """Serve pages that name the next older one by a link."""
        for page in range(self.days // self.per_page):
            there = self.server.url_for(f"/feed/{page + 1}")
            link = f'<atom:link rel="{relation}" href="{there}"/>' if self.posts(page + 1) else ""
            self.serve("/feed" if not page else f"/feed/{page}", self.feed(page, link))

    def fill(self, errand: Errand = ERRAND) -> ErrandState:
        event = event_for(errand, subject=errand.id, source="/test", time=self.now)
        self.log.append([ProducerRecord("errands", errand.id, encode(event))])
        self.now += timedelta(minutes=1)
        self.poll([self.source], after=timedelta(0))
        return self.state()

    def state(self) -> ErrandState:
        return load_errand_states(self.log, ["fill"])["fill"]

    def found(self) -> list[int]:
        return sorted(int(path.removeprefix("/post/")) for path in self.mentions())


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    with Folder(tmp_path / "data") as folder:
        made = World(folder, httpserver)
        yield made
        made.fetcher.close()
        made.log.close()


@pytest.mark.parametrize("relation", ["prev-archive", "next"])
def test_older_pages_that_a_feed_names_are_read_as_far_back_as_was_asked_and_no_further(
    world: World, relation: str
) -> None:
    world.linked(relation)
    world.poll([world.source])
    world.asked()
    state = world.fill()
    assert world.found() == list(range(31))
    assert (state.state, state.pages, state.mentions) == ("done", 5, 21)
    assert state.ended == "all of the time that was asked for was looked through"
    assert set(world.asked().values()) == {1}


def test_it_is_history_and_fires_no_alert(world: World) -> None:
    world.linked("next")
    world.poll([world.source])
    world.fill()
    assert {event.cause for event in world.events()} == {"back-fill"}


def test_what_comes_by_itself_after_it_is_live(world: World) -> None:
    world.linked("next")
    world.poll([world.source])
    world.fill()
    world.clear()
    world.serve("/feed", world.feed(0).replace("/post/0<", "/post/999<"))
    world.poll([world.source], after=2 * DAY)
    (event,) = [event for event in world.events() if event.data.url.endswith("/999")]
    assert event.cause == "live"


def test_entries_outside_of_the_range_or_without_a_date_are_left_out(world: World) -> None:
    world.linked("next")
    end = START - 10 * DAY
    world.serve("/feed/10", "never asked")
    state = world.fill(msgspec.structs.replace(ERRAND, start=START - 12 * DAY, end=end))
    # The first poll, which takes what the feed shows, and the stretch.
    assert world.found() == [*range(10), 11, 12]
    assert state.outside > 0


def test_a_feed_that_shows_its_newest_entries_only_is_told_so(world: World) -> None:
    world.serve("/feed", world.feed(0))
    state = world.fill()
    assert (state.state, state.pages) == ("done", 1)
    assert "names no older pages" in state.ended
    assert "names no older pages" in in_words(state, UTC)


def test_the_pages_of_a_wordpress_feed_are_known_though_it_does_not_name_them(world: World) -> None:
    def answer(request: Request) -> Response:
        page = int(request.args.get("paged", "1")) - 1
        if not world.posts(page):
            return Response("no", 404)
        return Response(world.feed(page, "<generator>https://wordpress.org/?v=6.5</generator>"))

    world.server.expect_request("/feed").respond_with_handler(answer)
    world.days = 25
    state = world.fill()
    assert world.found() == list(range(25))
    assert (state.state, state.ended) == ("done", "the source has no older pages")


def test_a_json_feed_names_its_next_page(world: World) -> None:
    def body(page: int) -> str:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "T",
            "items": [
                {"id": url, "url": url, "content_text": "text", "date_published": at.isoformat()}
                for url, at in world.posts(page)
            ],
        }
        if world.posts(page + 1):
            feed["next_url"] = world.server.url_for(f"/feed/{page + 1}")
        return msgspec.json.encode(feed).decode()

    world.days = 30
    for page in range(3):
        world.serve("/feed" if not page else f"/feed/{page}", body(page))
    assert world.fill().pages == 3
    assert world.found() == list(range(30))


def test_a_source_that_gives_the_same_page_for_ever_is_left(world: World) -> None:
    here = world.server.url_for("/feed")
    number = iter(range(1_000))

    def answer(_: Request) -> Response:
        return Response(world.feed(0, f'<atom:link rel="next" href="{here}?page={next(number)}"/>'))

    world.server.expect_request("/feed").respond_with_handler(answer)
    state = world.fill()
    assert (state.state, state.pages) == ("done", 2)
    assert "same page again" in state.ended


def test_a_page_that_fails_for_a_while_is_asked_again_where_it_stopped(world: World) -> None:
    world.linked("next")
    world.clear()
    for page in (0, 1):
        there = world.server.url_for(f"/feed/{page + 1}")
        link = f'<atom:link rel="next" href="{there}"/>'
        world.serve("/feed" if not page else f"/feed/{page}", world.feed(page, link))
    world.serve("/feed/2", "", status=500)
    state = world.fill()
    assert (state.state, state.pages, state.attempts) == ("waiting", 2, 1)
    assert "tried again" in in_words(state, UTC)
    world.linked("next")
    world.clear()
    world.linked("next")
    world.asked()
    world.poll([world.source], after=timedelta(minutes=6))
    assert world.state().state == "done"
    assert world.found() == list(range(31))
    assert "/feed/1" not in world.asked()


def test_a_kill_at_any_write_is_gone_on_from_and_nothing_is_lost_or_doubled(world: World) -> None:
    world.linked("next")
    world.poll([world.source])
    event = event_for(ERRAND, subject="fill", source="/test", time=world.now)
    world.log.append([ProducerRecord("errands", "fill", encode(event))])
    world.now += timedelta(minutes=1)
    kills = 0
    while True:
        mortal = Mortal(world.log, 3 + kills % 7, after=kills % 2 == 0)
        with (
            closing(world.log.consumer(STAGE, "fetches")) as consumer,
            Poller(mortal, MortalConsumer(consumer, mortal), lambda: world.now) as poller,
        ):
            poller.use([world.source], world.fetcher)
            try:
                poller.run(threading.Event(), once=True)
                break
            except Killed:
                kills += 1
                assert kills < 100
    assert kills > 2
    assert world.state().state == "done"
    assert world.found() == list(range(31))
    events = world.events()
    assert len(events) == len({event.subject for event in events}) == 31


def test_the_children_of_a_sitemap_that_changed_within_the_range_are_read(world: World) -> None:
    def listed(name: str, kind: str, places: list[tuple[str, datetime]]) -> str:
        inner = "".join(f"<{kind}><loc>{url}</loc><lastmod>{at.isoformat()}</lastmod></{kind}>" for url, at in places)
        return f'<{name} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</{name}>'

    children = [(world.server.url_for(f"/map/{page}"), START - page * 10 * DAY) for page in range(10)]
    world.serve("/map", listed("sitemapindex", "sitemap", children))
    for page in range(10):
        world.serve(f"/map/{page}", listed("urlset", "url", world.posts(page)))
    source = Sitemap(name="site", url=world.server.url_for("/map"), interval=86_400, articles=False)
    event = event_for(ERRAND, subject="fill", source="/test", time=world.now)
    world.log.append([ProducerRecord("errands", "fill", encode(event))])
    world.poll([source])
    assert set(range(31)) <= set(world.found())
    assert max(world.found()) == 30
    assert world.state().state == "done"
    assert "/map/5" not in world.asked()


def test_a_beginning_is_completed_by_its_page(world: World) -> None:
    world.days = 3
    world.serve("/feed", world.feed(0).replace("text of it", BEGINNING))
    for number in range(3):
        world.serve(f"/post/{number}", page_with(TEXT), Content_Type="text/html")
    source = msgspec.structs.replace(world.source, articles=True)
    event = event_for(ERRAND, subject="fill", source="/test", time=world.now)
    world.log.append([ProducerRecord("errands", "fill", encode(event))])
    world.poll([source])
    assert {mention.method for mention in world.mentions().values()} == {"page"}
    assert {event.cause for event in world.events()} == {"back-fill"}


# --- Pure -------------------------------------------------------------------------------------------------------------

moments = st.integers(0, 10_000).map(lambda day: START - day * DAY)


@given(moments, moments, moments)
def test_a_stretch_holds_its_start_and_not_its_end(at: datetime, start: datetime, end: datetime) -> None:
    errand = msgspec.structs.replace(ERRAND, start=start, end=end)
    mention = Mention(id="m", platform="web", source="site", content="", published=at, first_seen=at)
    assert is_within(errand, mention) == (start <= at < end)
    assert not is_within(errand, msgspec.structs.replace(mention, published=None))


pages = st.builds(
    Page,
    mark=st.sampled_from(["", "a", "b", "c", "d"]),
    new=st.integers(0, 3),
    oldest=st.none() | moments,
    newest=st.none() | moments,
    older=st.sampled_from(["", "https://site.example/1", "https://site.example/2"]),
    others=st.lists(st.sampled_from(["https://site.example/3", "https://site.example/4"]), max_size=2).map(tuple),
)


@given(st.lists(pages, min_size=1, max_size=30))
def test_it_goes_on_at_an_address_or_is_over_and_says_why(found: list[Page]) -> None:
    state = ErrandState(at=START)
    for page in found:
        state = after_page(ERRAND, state, page, START)
        if state.state == "waiting":
            assert state.url
            assert state.due == START
        else:
            assert state.ended
            assert (state.url, state.todo, state.due) == ("", (), None)
            break
    assert state.mentions == sum(page.new for page in found[: state.pages])


def test_it_ends_after_so_many_pages_whatever_the_source_says() -> None:
    state = ErrandState(at=START)
    for number in range(MAX_PAGES + 1):
        page = Page(str(number), new=1, older=f"https://site.example/{number}")
        state = after_page(ERRAND, state, page, START)
        if state.state == "done":
            break
    assert state.pages == MAX_PAGES
    assert "stopped" in state.ended
    assert not Reading().next_page
