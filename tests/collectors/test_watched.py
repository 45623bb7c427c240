from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from overheard.collectors.base import Reading
from overheard.collectors.pages.watched import WatchedPage, read_links, read_text
from overheard.collectors.polling.bounded import BoundedReader
from overheard.errors import ConfigError, InputError
from overheard.folder import Folder
from overheard.records import Fetch
from tests.collectors.polled import Polled, sources_in

NOW = datetime(2026, 5, 1, 13, tzinfo=UTC)
URL = "https://site.example/news/"
CARD = """<li class="post post-{n} tag-pumps"><a href="/news/{n}"><img src="/{n}.jpg" alt="{title}"></a>
 <h3><a href="/news/{n}?utm_source=list">{title}</a></h3><time datetime="2026-04-{n:02}">a while ago</time>
 <p>By <a href="/people/ann">Ann Lee of the editors</a></p>
 <a class="more" href="/news/{n}">Read the whole story</a></li>"""
PAGE = """<!doctype html><html lang="en"><head><title>News</title></head><body>
<nav><ul><li><a href="/about-us">About the company</a></li><li><a href="/products">All of our products</a></li>
<li><a href="/career">Jobs and careers here</a></li><li><a href="/contact">How to reach us</a></li></ul></nav>
<main><h1>What is new</h1><ul class="list">{cards}</ul></main>
<footer><a href="/terms-of-use">Terms of use and more</a><a href="/privacy">Privacy and cookies</a>
<a href="/imprint">Imprint of the site</a></footer></body></html>"""


def page(*titles: str) -> str:
    return PAGE.format(cards="".join(CARD.format(n=n, title=title) for n, title in enumerate(titles, 1)))


TITLES = ("Acme buys Beta Pumps", "A pump that hums no more", "Third quarter as expected")


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[Polled]:
    with Folder(tmp_path / "data") as folder:
        world = Polled(folder, httpserver)
        yield world
        world.log.close()


def fetch(body: str | bytes) -> Fetch:
    raw = body.encode() if isinstance(body, str) else body
    return Fetch(id="f", source="page", url=URL, final_url=URL, status=200, body=raw, at=NOW)


def links(body: str | bytes, select: str = "") -> Reading:
    return read_links(fetch(body), select)


def text(body: str | bytes, select: str = "") -> list[str]:
    return [mention.content for mention in read_text(fetch(body), select).mentions]


def test_the_list_of_a_page_is_found_with_titles_and_dates_and_navigation_is_none() -> None:
    reading = links(page(*TITLES))
    assert tuple(mention.name for mention in reading.mentions) == TITLES
    assert [mention.published for mention in reading.mentions] == [datetime(2026, 4, n, tzinfo=UTC) for n in (1, 2, 3)]
    assert reading.summaries == {mention.id for mention in reading.mentions}
    assert {mention.language for mention in reading.mentions} == {"en"}


def test_cards_that_are_links_as_a_whole_are_known_by_their_headings() -> None:
    cards = "".join(
        f'<a class="card" href="/blog/{n}"><h2>{title}</h2><p>Teaser of some length, much the same each time</p></a>'
        for n, title in enumerate(TITLES)
    )
    assert tuple(mention.name for mention in links(f"<body><div>{cards}</div></body>").mentions) == TITLES


def test_titles_in_a_script_without_spaces_are_titles() -> None:
    items = "".join(
        f'<li><a href="/{n}">{title}</a></li>'
        for n, title in enumerate(("新製品を発表", "工場を移転", "決算のお知らせ"))
    )
    assert len(links(f"<body><ul>{items}</ul></body>").mentions) == 3


def test_places_in_the_page_itself_and_what_shares_it_are_no_list() -> None:
    shares = "".join(f'<li><a rel="nofollow" href="?share={n}">Share this on the site {n}</a></li>' for n in "abc")
    comments = "".join(f'<p><a href="#comment-{n}">Said on the {n}th of May</a></p>' for n in range(5))
    with pytest.raises(InputError, match="expected a list of links"):
        links(f"<body><ul>{shares}</ul><div>{comments}</div></body>")
    items = "".join(f'<li><a href="?id={n}">{title}</a></li>' for n, title in enumerate(TITLES))
    assert len(links(f"<body><ul>{items}</ul><div>{comments}</div></body>").mentions) == 3


def test_links_elsewhere_are_no_news_of_the_site_but_where_they_are_selected() -> None:
    body = "<body><ul>" + "".join(f'<li><a href="https://other.example/{n}">A story of theirs</a></li>' for n in "abc")
    with pytest.raises(InputError, match="`select`"):
        links(body)
    assert len(links(body, "ul li").mentions) == 3


def test_a_selector_may_name_the_items_or_the_links_themselves() -> None:
    for select in ("ul.list > li", "ul.list h3 a", "li.post"):
        assert tuple(mention.name for mention in links(page(*TITLES), select).mentions) == TITLES


def test_a_selector_that_finds_nothing_is_said_in_words() -> None:
    with pytest.raises(InputError, match=r"expected links at 'ol\.news'"):
        links(page(*TITLES), "ol.news")


def test_a_selector_that_is_none_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CSS selector"):
        sources_in(tmp_path, '[[page]]\nname = "p"\nurl = "https://site.example/"\nselect = "li >> ["\n')


def test_each_block_of_a_text_is_a_mention_and_navigation_is_left_out() -> None:
    body = (
        "<body><nav>Home and everything else here</nav><main><h1>Status of the service</h1>"
        "<p>All is well since this morning.</p><ul><li>Pumps of type A: recall of 40 units, see "
        '<a href="/recall">the recall</a></li></ul><p>Short</p></main><footer>Copyright and the like</footer></body>'
    )
    assert text(body) == [
        "Status of the service",
        "All is well since this morning.",
        "Pumps of type A: recall of 40 units, see the recall",
    ]
    assert read_text(fetch(body)).mentions[-1].links == ("https://site.example/recall",)
    assert text(body, "li") == ["Pumps of type A: recall of 40 units, see the recall"]


def test_a_number_that_changes_is_an_edit_of_its_block() -> None:
    (before,) = read_text(fetch("<body><p>The standard plan is 40 dollars</p></body>")).mentions
    (after,) = read_text(fetch("<body><p>The standard plan is 50 dollars</p></body>")).mentions
    assert before.id == after.id
    assert before.content != after.content


def test_blocks_that_differ_in_their_numbers_alone_are_told_apart_by_them() -> None:
    body = (
        "<body><ul><li>Release 4.1 of the pump's software</li><li>Release 4.0 of the pump's software</li></ul></body>"
    )
    assert len(text(body)) == 2


@given(st.binary(max_size=300), st.integers(0, 2_000))
def test_any_bytes_give_a_reading_or_an_error_with_a_message(noise: bytes, at: int) -> None:
    whole = page(*TITLES).encode()
    for body in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        for read in (read_links, read_text):
            try:
                read(fetch(body))
            except InputError as e:
                assert "expected" in str(e)


def test_from_empty_settings_links_that_were_not_there_before_are_live(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, f'[[page]]\nname = "news of Acme"\nurl = "{base}/news/"\ninterval = 3600\n')
    world.serve("/news/", page(*TITLES), Content_Type="text/html; charset=utf-8")
    with BoundedReader() as reader:
        assert world.poll(sources, read=reader.read).fates == {"collected": 3}
        world.clear()
        world.serve("/news/", page(*TITLES, "A fourth thing has come"))
        assert world.poll(sources, read=reader.read).fates == {"collected": 1, "unchanged": 3}
    assert [event.data.name for event in world.events() if event.cause == "live"] == ["A fourth thing has come"]


def test_from_empty_settings_what_is_new_in_a_text_is_live(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(
        tmp_path,
        f'[[page]]\nname = "status"\nurl = "{base}/status"\nwhat = "text"\nselect = "main p"\ninterval = 3600\n',
    )
    world.serve("/status", "<body><main><p>Everything works as it should.</p></main></body>")
    world.poll(sources)
    world.clear()
    new = "<p>Acme Cloud answers slowly since ten o'clock.</p>"
    world.serve("/status", f"<body><main>{new}<p>Everything works as it should.</p></main></body>")
    assert world.poll(sources).fates == {"collected": 1, "unchanged": 1}
    (event,) = [event for event in world.events() if event.cause == "live"]
    assert (event.data.content, event.data.url) == ("Acme Cloud answers slowly since ten o'clock.", f"{base}/status")


def test_a_kind_is_picklable() -> None:
    assert WatchedPage(name="p", url=URL, select="li").read(fetch(page(*TITLES))).mentions
