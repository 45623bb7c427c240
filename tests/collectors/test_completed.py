"""Entries of which a source gives only a beginning, and the pages that have the rest."""

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.polling.bounded import BoundedReader
from overheard.folder import Folder
from tests.collectors.mortal import Killed, Mortal
from tests.collectors.polled import Polled, sources_in

BEGINNING = "The new lathe of Korvex came to our shop on Monday, and before noon it had made its first part of brass …"
TEXT = (
    "The new lathe of Korvex came to our shop on Monday, and before noon it had made its first part of brass. By the "
    "end of the week forty of them lay on the bench, each within the tolerance that the drawing asks for, and nobody "
    "had touched a wheel. What we did not like is the door: it sticks, and the glass is soon blind with oil. The "
    "people of the service came on Thursday and changed the seal without being asked to. We would buy it again, "
    "though the price is a third above what we had meant to spend."
)


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[Polled]:
    with Folder(tmp_path / "data") as folder:
        world = Polled(folder, httpserver)
        yield world
        world.log.close()


def feed(base: str, *posts: tuple[str, str]) -> str:
    items = "".join(
        f"<item><title>A week with the L200</title><link>{base}/{path}</link>"
        + (f"<description>{text}</description>" if text.endswith("…") else f"<content:encoded>{text}</content:encoded>")
        + "</item>"
        for path, text in posts
    )
    content = "http://purl.org/rss/1.0/modules/content/"
    return f'<rss version="2.0" xmlns:content="{content}"><channel><title>Blog</title>{items}</channel></rss>'


def page(text: str) -> str:
    paragraphs = "".join(f"<p>{sentence}.</p>" for sentence in text.rstrip(".").split(". "))
    return (
        "<html><head><title>A week with the L200</title></head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>A week with the L200</h1>{paragraphs}</article>"
        "<footer>All rights reserved</footer></body></html>"
    )


def settings(base: str, more: str = "") -> str:
    return f'[[feed]]\nname = "blog"\nurl = "{base}/feed"\ninterval = 3600\n{more}'


def test_an_entry_that_is_only_a_beginning_comes_once_with_the_text_of_its_page(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, settings(base))
    world.serve("/feed", feed(base, ("1", BEGINNING)))
    world.serve("/1", page(TEXT), content_type="text/html")
    with BoundedReader() as reader:
        report = world.poll(sources, read=reader.read)
        assert (report.asked, report.fates) == (1, {"collected": 1})
        (event,) = world.events()
        assert (event.verb, event.cause, event.data.method) == ("Create", "back-fill", "page")
        assert "We would buy it again" in event.data.content
        assert "All rights reserved" not in event.data.content
        assert event.data.name == "A week with the L200"
        assert world.asked() == {"/feed": 1, "/1": 1}

        # The feed says the same again, beside another entry: what was completed stays as it is.
        world.clear()
        world.serve("/feed", feed(base, ("1", BEGINNING), ("2", TEXT)))
        assert world.poll(sources, read=reader.read).fates == {"collected": 1, "unchanged": 1}
        assert world.asked() == {"/feed": 1}
    assert [event.verb for event in world.events()] == ["Create", "Create"]


def test_a_sitemap_that_names_the_entries_of_a_feed_asks_for_none_of_them_and_undoes_nothing(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    sitemap = f'[[sitemap]]\nname = "map"\nurl = "{base}/sitemap.xml"\n'
    blog, site = sources_in(tmp_path, settings(base) + sitemap)
    dated = feed(base, ("1", TEXT)).replace("<item>", "<item><pubDate>Fri, 01 May 2026 10:00:00 GMT</pubDate>")
    world.serve("/feed", dated)
    listed = "".join(f"<url><loc>{base}/{n}</loc><lastmod>2026-05-01T11:00:00Z</lastmod></url>" for n in (1, 2))
    world.serve("/sitemap.xml", f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</urlset>')
    for path in ("/1", "/2"):
        world.serve(path, page(TEXT), content_type="text/html")
    with BoundedReader() as reader:
        world.poll([blog], read=reader.read)
        assert world.poll([site], read=reader.read).fates == {"collected": 1, "unchanged": 1}
    assert world.asked() == {"/feed": 1, "/sitemap.xml": 1, "/2": 1}
    said = world.mentions()["/1"]
    assert (said.source, said.published) == ("blog", datetime(2026, 5, 1, 10, tzinfo=UTC))


def test_the_page_of_an_entry_that_several_sources_have_is_asked_once_and_completes_it_for_each(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, settings(base) + settings(base).replace('"blog"', '"again"'))
    world.serve("/feed", feed(base, ("1", BEGINNING)))
    world.serve("/1", page(TEXT), content_type="text/html")
    with BoundedReader() as reader:
        assert world.poll(sources, read=reader.read).problems == ()
    assert world.asked() == {"/feed": 1, "/1": 1}
    assert sorted((event.data.source, event.data.method) for event in world.events()) == [
        ("again", "page"),
        ("blog", "page"),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 404),
        ("", 503),
        (page("Accept our cookies to go on. They make this site better"), 200),
        ("<html><body>" + "<p>Something else is here now, about gardens and the weather of May.</p>" * 30, 200),
        ("%PDF-1.7 \x00\x01", 200),
    ],
)
def test_where_the_page_is_of_no_use_the_entry_comes_as_its_feed_gives_it(
    world: Polled, tmp_path: Path, body: str, status: int
) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, ("1", BEGINNING)))
    world.serve("/1", body, status=status, content_type="text/html")
    assert world.poll(sources_in(tmp_path, settings(base))).fates == {"collected": 1}
    (event,) = world.events()
    assert (event.data.content, event.data.method) == (BEGINNING, "")
    assert world.asked() == {"/feed": 1, "/1": 1}


def test_a_page_that_robots_may_not_fetch_is_not_asked(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    world.server.clear_all_handlers()
    world.serve("/robots.txt", "User-agent: *\nDisallow: /1\n")
    world.serve("/feed", feed(base, ("1", BEGINNING)))
    assert world.poll(sources_in(tmp_path, settings(base))).fates == {"collected": 1}
    assert world.asked() == {"/feed": 1}
    assert world.events()[0].data.content == BEGINNING


def test_where_articles_are_off_no_page_is_asked(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, ("1", BEGINNING)))
    assert world.poll(sources_in(tmp_path, settings(base, "articles = false\n"))).fates == {"collected": 1}
    assert world.asked() == {"/feed": 1}


def test_an_entry_whose_text_is_whole_has_its_page_left_alone(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, ("1", TEXT)))
    assert world.poll(sources_in(tmp_path, settings(base))).fates == {"collected": 1}
    assert world.asked() == {"/feed": 1}


def test_a_sites_wish_for_peace_ends_the_pages_and_the_entries_come_all_the_same(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, *((f"{n}", BEGINNING.replace("brass", f"brass {n}")) for n in range(4))))
    for n in range(4):
        world.serve(f"/{n}", "", status=429, Retry_After="7200")
    report = world.poll(sources_in(tmp_path, settings(base)))
    assert report.fates == {"collected": 4}
    assert sum(world.asked().values()) == 2, "the feed, and the one page that was answered with 429"
    assert len(world.events()) == 4


def test_where_a_page_does_not_come_the_others_of_its_site_are_not_waited_for(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, *((f"{n}", BEGINNING.replace("brass", f"brass {n}")) for n in range(4))))
    for n in range(4):
        world.serve(f"/{n}", "", status=503)
    assert world.poll(sources_in(tmp_path, settings(base))).fates == {"collected": 4}
    assert sum(world.asked().values()) == 2, "the feed, and the one page that could not be had"
    assert {event.data.content.count("…") for event in world.events()} == {1}


def test_a_page_that_is_not_there_is_that_pages_matter(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, ("0", BEGINNING), ("1", BEGINNING)))
    world.serve("/0", "", status=404)
    world.serve("/1", page(TEXT), content_type="text/html")
    assert world.poll(sources_in(tmp_path, settings(base))).fates == {"collected": 2}
    assert sorted(event.data.method for event in world.events()) == ["", "page"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", range(2, 9))
@pytest.mark.parametrize("then", ["gone", "edited", "there", "down"])
def test_a_kill_while_a_page_is_awaited_loses_no_entry_though_its_feed_shows_it_no_more(
    world: Polled, tmp_path: Path, writes: int, after: bool, then: str
) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, settings(base))
    world.serve("/feed", feed(base, ("1", BEGINNING), ("2", TEXT)))
    world.serve("/1", page(TEXT), content_type="text/html")
    log = world.log
    world.log = Mortal(log, writes, after=after)  # type: ignore[assignment]
    with contextlib.suppress(Killed):
        world.poll(sources)
    world.log = log
    came = bool(world.events("fetches"))

    world.clear()
    edited = BEGINNING.replace("Monday", "Tuesday")
    entries = {"gone": (), "edited": (("1", edited),), "there": (("1", BEGINNING),), "down": ()}[then]
    world.serve("/feed", feed(base, *entries, ("3", TEXT)), status=503 if then == "down" else 200)
    world.serve("/1", page(TEXT), content_type="text/html")
    world.poll(sources, after=timedelta(0))
    world.poll(sources)

    kept = {urlsplit(event.data.url).path: event for event in world.events() if event.verb == "Create"}
    assert came is ("/2" in kept)
    assert not came or "/1" in kept
    creates = [event for event in world.events() if event.verb == "Create"]
    assert len(creates) == len(kept), "each once"
    # What is older than the kill never goes over what its feed says now.
    if then == "edited" and (first := kept.get("/1")) is not None:
        versions = [event for event in world.events() if event.subject == first.subject]
        assert len(versions) <= 2
    if then == "there":
        assert len([event for event in world.events() if urlsplit(event.data.url).path == "/1"]) == 1


def test_what_was_held_back_at_a_kill_gets_the_text_of_its_page_where_its_feed_still_shows_it(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, settings(base))
    for path in ("/1", "/2"):
        world.serve(path, page(TEXT), content_type="text/html")
    stop = threading.Event()

    def last_request(_: Request) -> Response:
        stop.set()
        return Response(feed(base, ("1", BEGINNING), ("2", BEGINNING)))

    world.server.expect_request("/feed").respond_with_handler(last_request)
    world.poll(sources, stop=stop)
    assert world.asked() == {"/feed": 1}
    assert world.events() == []

    world.clear()
    world.serve("/feed", feed(base, ("1", BEGINNING)))
    world.serve("/1", page(TEXT), content_type="text/html")
    assert world.poll(sources, after=timedelta(0)).fates == {"collected": 2}
    assert {urlsplit(event.data.url).path: (event.data.method, event.cause) for event in world.events()} == {
        "/1": ("page", "back-fill"),
        "/2": ("", "back-fill"),
    }
    assert world.asked() == {"/feed": 1, "/1": 1}
    # It is over: nothing is read again.
    assert world.poll(sources).fates in ({}, {"unchanged": 1})
