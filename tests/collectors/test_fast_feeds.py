"""The fast way and feedparser must read one feed alike, or the fast way must leave it alone."""

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.beside  # noqa: F401
from benchmarks.ordinary_feeds import DIALECTS, Writer
from overheard.collectors.base import Reading
from overheard.collectors.feeds.fast import parse_plain
from overheard.collectors.feeds.feed import read_feed
from overheard.collectors.feeds.xml import parse_any, reading_of_feed, text_of_feed
from overheard.errors import InputError
from overheard.records import Fetch

FEEDS = Path(__file__).parents[3] / "shared" / "data" / "feeds"
# `HYPOTHESIS_PROFILE=long` looks for what a few examples do not find.
FACTOR = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1
AT = datetime(2026, 5, 1, tzinfo=UTC)
URL = "https://site.example/feed"

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "media": "http://search.yahoo.com/mrss/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "slash": "http://purl.org/rss/1.0/modules/slash/",
        "wfw": "http://wellformedweb.org/CommentAPI/",
        "thr": "http://purl.org/syndication/thread/1.0",
        "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
        "sy": "http://purl.org/rss/1.0/modules/syndication/",
        "x": "http://unknown.example/",
        "cc": "http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html",
    }.items()
)
NAMES = (  # noqa: SIM905  as a list it would take a page
    "title link guid id description summary content content:encoded author dc:creator itunes:author category "
    "dc:subject pubDate published updated dc:date dcterms:modified enclosure media:group media:content media:title "
    "media:description media:thumbnail media:keywords itunes:summary itunes:subtitle itunes:image itunes:keywords "
    "slash:comments wfw:commentRss thr:in-reply-to thr:total feedburner:origLink source contributor image "
    "dc:language x:title x:foo authors tags links title_detail comments body div item info ttl name uri email"
).split()
ATTRIBUTES = (
    "",
    "",
    "",
    ' type="html"',
    ' type="xhtml"',
    ' type="text"',
    ' xml:lang="de"',
    ' xml:base="/b/"',
    ' href="/h"',
    ' rel="replies" type="application/atom+xml" href="https://h.example/x"',
    ' url="https://e.example/a.mp3" type="audio/mpeg"',
    ' term="T" label="L"',
    ' domain="D"',
    ' isPermaLink="false"',
    ' ref="r" href="https://r.example/"',
    ' x:type="html"',
)
TEXTS = (
    "",
    " word ",
    "Jo Doe",
    "jo@x.example (Jo)",
    "https://site.example/1",
    "/rel?a=1&amp;b=2",
    "42",
    "Mon, 20 Apr 2026 10:00:00 +0200",
    "2026-04-20T10:00:00-03:30",
    "a &amp; b",
    "&lt;b&gt;x&lt;/b&gt; y",
    "<![CDATA[<p>hi <a href='z'>z</a></p>]]>",
    "Ã©",
    "caf\u00e9 \u2026",
    "&#150;",
    "a,b , c",
    "<b>q</b>",
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>h <i>i</i></p></div>',
)


def fetched(body: str | bytes) -> Fetch:
    body = body.encode() if isinstance(body, str) else body
    return Fetch(id="fet_1", source="site", url=URL, final_url=URL, status=200, body=body, at=AT)


def both(body: str | bytes) -> tuple[Reading | str | None, Reading | str]:
    """Return what the fast way reads (None: it leaves the feed alone) and what feedparser reads."""
    fetch = fetched(body)
    text = text_of_feed(fetch)
    parsed = parse_plain(text, URL, "")
    try:
        slow: Reading | str = reading_of_feed(fetch, text, parse_any(fetch, text))
    except InputError as e:
        slow = str(e)
    return None if parsed is None else reading_of_feed(fetch, text, parsed), slow


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_ordinary_feed_takes_the_fast_way_and_reads_as_by_feedparser(dialect: str) -> None:
    fast, slow = both(DIALECTS[dialect](Writer(1), 5))
    assert isinstance(fast, Reading)
    assert len(fast.mentions) == 5
    assert fast.rejected == ()
    assert fast == slow


def elements(depth: int) -> st.SearchStrategy[str]:
    inner = st.sampled_from(TEXTS)
    if depth:
        parts = st.lists(elements(depth - 1), min_size=1, max_size=3).map("".join)
        inner = st.one_of(inner, inner, inner, parts)
    return st.builds(
        lambda name, attributes, text: f"<{name}{attributes}>{text}</{name}>",
        st.sampled_from(NAMES),
        st.sampled_from(ATTRIBUTES),
        inner,
    )


@given(
    st.sampled_from(["rss", "feed", "rdf"]),
    st.lists(elements(0), max_size=2).map("".join),
    st.lists(st.lists(elements(1), max_size=5).map("".join), min_size=1, max_size=2),
)
def test_any_well_formed_feed_is_read_as_by_feedparser_or_left_alone(kind: str, head: str, inner: list[str]) -> None:
    if kind == "feed":
        entries = "".join(f"<entry>{entry}</entry>" for entry in inner)
        body = f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}>{head}{entries}</feed>'
    elif kind == "rss":
        items = "".join(f"<item>{item}</item>" for item in inner)
        body = f'<rss version="2.0" {NAMESPACES}><channel>{head}{items}</channel></rss>'
    else:
        items = "".join(f'<item rdf:about="https://r.example/1">{item}</item>' for item in inner)
        body = (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
            f"{NAMESPACES}><channel>{head}</channel>{items}</rdf:RDF>"
        )
    fast, slow = both(body)
    assert fast in (None, slow)


@given(st.sampled_from(sorted(DIALECTS)), st.integers(0, 99), st.randoms(use_true_random=False))
@settings(max_examples=20 * FACTOR)
def test_a_damaged_feed_is_read_as_by_feedparser_or_left_alone(dialect: str, seed: int, chance: random.Random) -> None:
    body = DIALECTS[dialect](Writer(seed), 2).encode()
    for _ in range(chance.randint(1, 3)):
        at, length = chance.randrange(len(body)), chance.choice([1, 1, 10, 200])
        body = body[:at] + chance.choice([b"", b"", b"<", b"&", b"\x85", b"<b>", b'"']) + body[at + length :]
    fast, slow = both(body)
    assert fast in (None, slow)


@pytest.mark.parametrize(
    "body",
    [
        "<rss><channel><item><title>a & b</title></item></channel></rss>",
        "<rss><channel><item><title>&nbsp;</title></item></channel></rss>",
        "<rss><channel><item><media:title>a</media:title></item></channel></rss>",
        "<rss><channel><item><description><p>a</p></description></item></channel></rss>",
        "<feed><entry><title>a</title></entry></feed>",
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>a</title></entry></feed>',
        '<rss xmlns:m="http://search.yahoo.com/mrss/" xmlns:media="http://purl.org/dc/elements/1.1/"><m:title/></rss>',
        "<html><body>page</body></html>",
        "<rss>" + "<x>" * 300 + "</x>" * 300 + "</rss>",
        "",
    ],
)
def test_what_is_not_surely_understood_is_left_alone(body: str) -> None:
    assert parse_plain(body, URL, "") is None


@pytest.mark.parametrize(
    "attributes",
    [
        '\ufeffurl="https://a.example/1.mp3" type="audio/mpeg"',
        'url="https://a.example/1.mp3" \ufefftype="audio/mpeg"',
        'u\ufeffrl="https://a.example/1.mp3" type="audio/mpeg"',
        'url="https://a.example/1.mp3" xmlns:\ufeffx="u:x"',
        'url="https://a.example/1.mp3" type="audio/mpeg"/><\ufeffx/><x',
    ],
)
def test_names_that_parsers_of_xml_take_differently_are_left_alone(attributes: str) -> None:
    item = f"<item><title>Taps</title><link>https://a.example/1</link><enclosure {attributes}/></item>"
    body = f'<rss version="2.0"><channel><title>Pumps</title>{item}</channel></rss>'
    fast, slow = both(body)
    assert fast in (None, slow)


def test_a_byte_order_mark_within_a_text_or_a_value_is_no_reason_to_be_slow() -> None:
    item = '<item><title>\ufeffTaps</title><link>https://a.example/1</link><enclosure url="https://a.example/\ufeff"/>'
    fast, slow = both(f'<rss version="2.0"><channel><title>Pumps</title>{item}</item></channel></rss>')
    assert fast == slow


def test_an_element_that_is_called_like_a_field_of_feedparser_harms_nothing() -> None:
    names = "authors author_detail tags links content_detail title_detail summary_detail published_parsed thr_total"
    for name in names.split():
        body = f"<rss><channel><{name}>x</{name}><item><link>https://s.example/1</link><{name}>x</{name}></item></channel></rss>"
        (mention,) = read_feed(fetched(body)).mentions
        assert mention.url == "https://s.example/1"


def test_more_categories_than_anybody_reads_take_no_time() -> None:
    tags = "".join(f"<category>c{i}</category>" for i in range(20_000))
    body = f"<rss><channel><item><link>https://s.example/1</link>{tags}</item></channel></rss>"
    (mention,) = read_feed(fetched(body)).mentions  # compared each with each they would take some 20 s
    assert mention.tag == tuple(f"c{i}" for i in range(64))


@pytest.mark.skipif(not FEEDS.is_dir(), reason=f"needs real feeds in {FEEDS}")
def test_real_feeds_that_take_the_fast_way_read_as_by_feedparser() -> None:
    taken = 0
    for path in sorted((FEEDS / "feedparser").rglob("*.xml")):
        fast, slow = both(path.read_bytes())
        taken += fast is not None
        assert fast in (None, slow), path
    assert taken > 900
