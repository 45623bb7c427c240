"""Feeds, sitemaps and endpoints that pages name, and what is tried where they name none."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.pages.discovery import (
    Discovery,
    FoundFeed,
    addresses_to_try,
    discover,
    guesses,
    looks_like_feed,
    looks_like_sitemap,
    sitemaps_of_robots,
)
from overheard.errors import InputError

URL = "https://site.example/blog/"


def found(markup: str, url: str = URL, **headers: str) -> Discovery:
    return discover(markup.encode(), {"content-type": "text/html", **headers}, url)


def guessed(url: str, markup: str = "") -> list[str]:
    return [one.url for one in guesses(url, found(markup, url), markup.encode())]


def test_the_feeds_of_the_head_come_in_its_order_and_those_of_comments_apart() -> None:
    page = found(
        """<head><link rel="alternate" type="application/rss+xml" title="Site » Feed" href="/feed/">
        <link rel="alternate" type="application/rss+xml" title="Site » Kommentar-Feed" href="/comments/feed/">
        <link rel="alternate" type="application/atom+xml" href="atom.xml">
        <link rel="alternate" type="application/feed+json" title="JSON" href="https://site.example/feed.json"></head>"""
    )
    assert [(one.url, one.title, one.how) for one in page.feeds] == [
        ("https://site.example/feed/", "Site » Feed", "named"),
        ("https://site.example/blog/atom.xml", "", "named"),
        ("https://site.example/feed.json", "JSON", "named"),
    ]
    assert [one.url for one in page.comments] == ["https://site.example/comments/feed/"]


def test_a_feed_named_twice_is_one_and_the_base_of_the_page_counts() -> None:
    page = found(
        """<base href="https://cdn.example/x/">
        <link rel=alternate type="application/rss+xml; charset=utf-8" href="feed">
        <link rel="ALTERNATE" type="Application/RSS+XML" href="https://cdn.example/x/feed">
        <a href="/x/feed#top">RSS</a>"""
    )
    assert [one.url for one in page.feeds] == ["https://cdn.example/x/feed"]


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">',
        '<link rel="alternate" type="application/json+oembed" href="/oembed?format=json">',
        '<link rel="alternate" hreflang="de" href="/de/feed">',
        '<link rel="alternate stylesheet" type="text/css" href="/rss.xml">',
        '<link rel="stylesheet" type="application/rss+xml" href="/feed">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:feed()">',
        '<link rel="alternate" type="application/rss+xml" href="">',
        '<link rel="alternate" type="application/rss+xml">',
        '<a href="https://feedly.com/i/subscription/feed">Follow</a>',
        '<a href="/feedback">Feedback</a>',
    ],
)
def test_what_is_no_feed_is_not_taken_for_one(link: str) -> None:
    assert (found(link).feeds, found(link).comments) == ((), ()) or found(link).feeds[0].url == URL


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ('<link rel="alternate" type="text/xml" href="/index.rdf">', "https://site.example/index.rdf"),
        ('<link rel="feed" href="/news">', "https://site.example/news"),
        ('<link rel="alternate" type="application/json" href="/feed.json">', "https://site.example/feed.json"),
        ('<a href="feed://site.example/rss">Feed</a>', "https://site.example/rss"),
        ('<a href="feed:https://site.example/rss">Feed</a>', "https://site.example/rss"),
        ('<a href="/blog?format=rss">Feed</a>', "https://site.example/blog?format=rss"),
        ('<a href="/?feed=rss2">Feed</a>', "https://site.example/?feed=rss2"),
        ('<a type="application/atom+xml" href="/x">Feed</a>', "https://site.example/x"),
    ],
)
def test_a_feed_is_found_however_it_is_linked(link: str, url: str) -> None:
    assert [one.url for one in found(link).feeds] == [url]


def test_http_headers_name_feeds_and_endpoints_too() -> None:
    page = found(
        "<p>x",
        link='</feed>; rel="alternate"; type="application/rss+xml"; title="News, daily", '
        '</wm>; rel="webmention foo", <>; rel=self',
    )
    assert page.feeds == (FoundFeed("https://site.example/feed", "News, daily"),)
    assert page.webmention == "https://site.example/wm"


@pytest.mark.parametrize(
    ("markup", "endpoint"),
    [
        ('<link rel="webmention" href="/wm"><a rel="webmention" href="/other">x</a>', "https://site.example/wm"),
        ('<a rel="nofollow webmention" href="wm?v=1">x</a>', "https://site.example/blog/wm?v=1"),
        ('<link rel="webmention" href="">', URL),
        ('<link rel="webmention"><link rel="webmention" href="/wm">', "https://site.example/wm"),
        ('<link rel="not-webmention" href="/wm">', ""),
        ('<!-- <link rel="webmention" href="/wm"> -->', ""),
    ],
)
def test_the_endpoint_for_webmentions_is_the_first_that_the_page_names(markup: str, endpoint: str) -> None:
    assert found(markup).webmention == endpoint


def test_sitemaps_come_from_the_head_and_from_robots_txt() -> None:
    assert found('<link rel="sitemap" href="/map.xml">').sitemaps == ("https://site.example/map.xml",)
    robots = (
        "User-agent: *\nDisallow: /x\nSITEMAP: https://site.example/a.xml\n Sitemap : /b.xml # news\nSitemap: /b.xml\n"
    )
    assert sitemaps_of_robots(robots, "https://site.example/robots.txt") == (
        "https://site.example/a.xml",
        "https://site.example/b.xml",
    )


@pytest.mark.parametrize(
    ("url", "feed"),
    [
        ("https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv", "https://www.youtube.com/feeds/videos.xml?channel_id=UCabcdefghijklmnopqrstuv"),
        ("https://www.youtube.com/playlist?list=PL123", "https://www.youtube.com/feeds/videos.xml?playlist_id=PL123"),
        ("https://www.reddit.com/r/Kettles/", "https://www.reddit.com/r/Kettles/new/.rss"),
        ("https://old.reddit.com/user/jo", "https://www.reddit.com/user/jo/.rss"),
        ("https://github.com/korvane/firmware/issues", "https://github.com/korvane/firmware/releases.atom"),
        ("https://github.com/jodoe", "https://github.com/jodoe.atom"),
        ("https://medium.com/@jo", "https://medium.com/feed/@jo"),
        ("https://jo.medium.com/a-post", "https://jo.medium.com/feed"),
        ("https://jo.substack.com/p/kettles", "https://jo.substack.com/feed"),
        ("https://jo.blogspot.com/2026/05/kettle.html", "https://jo.blogspot.com/feeds/posts/default"),
        ("https://jo.wordpress.com/about", "https://jo.wordpress.com/feed/"),
        ("https://bsky.app/profile/jo.example", "https://bsky.app/profile/jo.example/rss"),
        ("https://social.example/@jo", "https://social.example/@jo.rss"),
        ("https://social.example/tags/kettle", "https://social.example/tags/kettle.rss"),
        ("https://stackoverflow.com/questions/tagged/kettle", "https://stackoverflow.com/feeds/tag/kettle"),
        ("https://cooking.stackexchange.com/questions/12/how", "https://cooking.stackexchange.com/feeds/question/12"),
        ("https://news.ycombinator.com/", "https://news.ycombinator.com/rss"),
        ("https://plain.example/somewhere", "https://plain.example/feed"),
    ],
)  # fmt: skip
def test_what_sites_of_a_kind_have_is_tried_first(url: str, feed: str) -> None:
    assert guessed(url)[0] == feed


@pytest.mark.parametrize(
    ("generator", "feed"),
    [
        ("WordPress 6.8", "https://site.example/feed/"),
        ("Ghost 5.1", "https://site.example/rss/"),
        ("Discourse 3.5.0", "https://site.example/latest.rss"),
        ("Hugo 0.140", "https://site.example/index.xml"),
        ("Drupal 11 (https://www.drupal.org)", "https://site.example/rss.xml"),
    ],
)
def test_what_a_page_says_it_was_made_by_tells_where_its_feed_is(generator: str, feed: str) -> None:
    assert guessed(URL, f'<meta name="generator" content="{generator}">')[0] == feed


def test_a_channel_by_its_handle_is_told_by_its_page() -> None:
    markup = '<script>{"externalId":"UCabcdefghijklmnopqrstuv"}</script>'

    assert guessed("https://www.youtube.com/@korvane", markup) == [
        "https://www.youtube.com/feeds/videos.xml?channel_id=UCabcdefghijklmnopqrstuv"
    ]


def test_what_a_page_names_is_not_guessed_again_and_guesses_of_comments_say_so() -> None:
    page = found('<meta name=generator content=WordPress><link rel=alternate type="application/rss+xml" href="/feed">')

    assert [(one.url, one.comments, one.how) for one in guesses(URL, page)] == [
        ("https://site.example/comments/feed/", True, "guessed")
    ]


def test_a_bare_domain_is_tried_as_a_page_then_for_feeds_then_for_sitemaps() -> None:
    tries = addresses_to_try(" Site.Example ")

    assert [(one.what, one.url) for one in tries[:4]] == [
        ("page", "https://site.example/"),
        ("page", "http://site.example/"),
        ("page", "https://www.site.example/"),
        ("feed", "https://site.example/feed"),
    ]
    kinds = [one.what for one in tries]
    assert kinds == sorted(kinds, key=["page", "feed", "robots", "sitemap"].index)
    assert len({one.url for one in tries}) == len(tries)


def test_an_address_with_a_scheme_is_asked_as_it_stands() -> None:
    assert [one.url for one in addresses_to_try("http://site.example:8080/a?b=c") if one.what == "page"] == [
        "http://site.example:8080/a?b=c"
    ]
    assert addresses_to_try("feed://site.example/rss")[0].url == "https://site.example/rss"
    assert addresses_to_try("bücher.example")[0].url == "https://xn--bcher-kva.example/"


@pytest.mark.parametrize(
    "typed", ["", "nonsense", "ftp://site.example", "http://", "https://[::1", "mailto:jo@x", "a b"]
)
def test_what_is_no_address_is_said(typed: str) -> None:
    with pytest.raises(InputError, match=r"site\.example"):
        addresses_to_try(typed)


@pytest.mark.parametrize(
    ("body", "feed", "sitemap"),
    [
        (b'<?xml version="1.0"?><rss version="2.0">', True, False),
        (b'<feed xmlns="http://www.w3.org/2005/Atom">', True, False),
        (b"<atom:feed xmlns:atom='x'>", True, False),
        (b"<rdf:RDF >", True, False),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', True, False),
        ("\ufeff<rss version='2.0'>".encode("utf-16-le"), True, False),
        (b"<urlset xmlns='x'>", False, True),
        (b"<sitemapindex>", False, True),
        (b"<!doctype html><title>feed</title>", False, False),
        (b"", False, False),
    ],
)
def test_a_feed_and_a_sitemap_are_told_by_how_they_begin(body: bytes, feed: bool, sitemap: bool) -> None:
    assert (looks_like_feed(body), looks_like_sitemap(body)) == (feed, sitemap)


@given(st.binary(max_size=2_000), st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_and_headers_give_a_discovery(body: bytes, link: str) -> None:
    page = discover(body, {"link": link}, URL)

    assert all(one.url.startswith(("http://", "https://")) for one in (*page.feeds, *page.comments))
    assert all(one.url.startswith(("http://", "https://")) for one in guesses(URL, page, body))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(typed: str) -> None:
    try:
        tries = addresses_to_try(typed)
    except InputError:
        return
    assert tries[0].what == "page"


@pytest.mark.parametrize(
    "header",
    ["<x>" + " " * 100_000, "<x>;" * 20_000, "<x>; a=" + '"' * 50_000, "<" * 50_000, "<x>; rel=webmention, " * 5_000],
)
def test_headers_made_to_be_slow_are_read_in_seconds(header: str) -> None:
    began = time.process_time()
    found("<a href=/feed>" * 20_000, link=header)

    assert time.process_time() - began < 5
