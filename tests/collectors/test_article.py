"""The main text of a page, and mentions completed by it. The pages are our own, in the shape of real ones."""

import gzip
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trafilatura
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.pages.article import Article, complete, fit, read_article, why_worse, words_of
from overheard.collectors.pages.html import MAX_PAGE, decode, moment
from overheard.records import Actor, Fetch, Mention, mention_id
from overheard.text import fold

URL = "https://news.example/2026/05/01/kettle"
AT = datetime(2026, 5, 2, tzinfo=UTC)
ARTICLES = Path(__file__).parents[3] / "shared" / "data" / "articles"
needs_articles = pytest.mark.skipif(not ARTICLES.is_dir(), reason=f"needs real pages in {ARTICLES}")

SENTENCES = (
    "The Korvane kettle boils a litre of water in ninety seconds, which is quicker than any other that we tested.",
    "Its lid opens with one hand, and the handle stays cool even when the kettle was boiled three times in a row.",
    "What we miss is a scale inside: whoever wants half a litre of water has to guess, and guesses wrong too often.",
    "The maker told us that a scale will come with the next model in autumn, at the same price of sixty euros.",
)
TEXT = "\n".join(SENTENCES)


def page(body: str, head: str = "", language: str = "en") -> bytes:
    return f'<!DOCTYPE html><html lang="{language}"><head>{head}</head><body>{body}</body></html>'.encode()


def story(head: str = "", before: str = "", title: str = "A kettle in a hurry") -> bytes:
    paragraphs = "".join(f"<p>{one}</p>" for one in SENTENCES)
    return page(
        f"<nav><a href='/'>Home</a><a href='/shop'>Shop</a></nav>"
        f"<main><article><h1>{title}</h1>{before}{paragraphs}</article></main>"
        "<aside><p>Most read: ten toasters under test</p></aside><footer>© News. All rights reserved.</footer>",
        f"<title>{title} | The News</title>{head}",
    )


def read(body: bytes, url: str = URL, content_type: str = "text/html") -> Article:
    return read_article(body, {"content-type": content_type}, url)


def given_by_feed(content: str = "", **fields: object) -> Mention:
    return Mention(
        **{
            "id": mention_id("web", url=URL),
            "platform": "web",
            "source": "news",
            "name": "A kettle in a hurry",
            "content": content or "The Korvane kettle boils a litre of water in ninety seconds …",
            "url": URL,
            "first_seen": AT,
            **fields,
        }  # type: ignore[arg-type]
    )


def fetched(body: bytes, final_url: str = URL) -> Fetch:
    return Fetch(id="fet_1", source="news", url=URL, final_url=final_url, status=200, body=body, at=AT)


def speaks_of_korvane(text: str) -> bool:
    return "korvane" in fold(text).split()


def test_the_main_text_comes_line_by_line_without_menus_asides_and_footers() -> None:
    article = read(story())

    assert article.text.removeprefix("A kettle in a hurry\n") == TEXT
    assert (article.title, article.method, article.language, article.reason) == (
        "A kettle in a hurry",
        "page",
        "en",
        "",
    )


def test_lists_tables_and_links_leave_no_marks_and_their_links_are_kept() -> None:
    body = page(
        f"<article><p>{SENTENCES[0]}</p>"
        "<ul><li>Quick: <a href='/speed'>ninety seconds</a></li><li>Cool handle</li></ul>"
        f"<table><tr><td>Price</td><td>60 €</td></tr></table><p>{SENTENCES[1]}</p><p>{SENTENCES[2]}</p></article>"
    )
    article = read(body)

    assert "Quick: ninety seconds\nCool handle\n" in article.text
    assert "Price 60 €" in article.text
    assert not set("|[]*") & set(article.text)
    assert article.links == ("https://news.example/speed",)


def test_author_times_and_address_are_read_from_json_ld() -> None:
    data = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "name": "The News", "url": "https://news.example/"},
            {
                "@type": ["NewsArticle"],
                "headline": "A kettle in a hurry",
                "datePublished": "2026-05-01T08:00:00+0200",
                "dateModified": "2026-05-01T09:30:00+02:00",
                "author": [{"@id": "#jo"}, {"@type": "Person", "name": "Mel Ray", "url": "https://news.example/"}],
            },
            {"@type": "Person", "@id": "#jo", "name": "Jo Doe", "url": "/authors/jo"},
        ],
    }
    article = read(
        story(f'<script type="application/ld+json">{json.dumps(data)}</script><link rel="canonical" href="/kettle">')
    )

    # The front page is no address of one of many authors.
    assert [(one.name, one.url) for one in article.authors] == [
        ("Jo Doe", "https://news.example/authors/jo"),
        ("Mel Ray", ""),
    ]
    assert article.published == datetime(2026, 5, 1, 6, tzinfo=UTC)
    assert article.updated == datetime(2026, 5, 1, 7, 30, tzinfo=UTC)
    assert article.url == "https://news.example/kettle"


@pytest.mark.parametrize(
    ("head", "before"),
    [
        ('<meta name="author" content="By Jo Doe">', ""),
        ("", '<p class="byline">By <a rel="author" href="/authors/jo">Jo Doe</a></p>'),
        ("", '<span class="p-author h-card">Jo Doe</span>'),
        ("", '<div itemprop="author" itemscope><span itemprop="name">Jo Doe</span></div>'),
    ],
    ids=["meta", "rel=author", "h-entry", "microdata"],
)
def test_an_author_is_found_however_it_is_marked(head: str, before: str) -> None:
    assert [one.name for one in read(story(head, before)).authors] == ["Jo Doe"]


def test_the_profile_linked_beside_the_text_belongs_to_the_name_that_the_head_gives() -> None:
    body = story('<meta name="author" content="Jo Doe">', '<a rel="author" href="/authors/jo">Jo Doe</a>')

    assert read(body).author == Actor(platform="web", name="Jo Doe", url="https://news.example/authors/jo")


@pytest.mark.parametrize(
    ("head", "before"),
    [
        ('<meta property="article:published_time" content="2026-04-30T22:00:00Z">', ""),
        ("", '<time datetime="2026-04-30T22:00:00Z">yesterday</time>'),
        ("", '<time class="dt-published" datetime="2026-04-30 22:00">yesterday</time>'),
        ("", '<meta itemprop="datePublished" content="2026-04-30T22:00">'),
    ],
    ids=["open graph", "time", "h-entry", "microdata"],
)
def test_a_date_is_found_however_it_is_marked_and_is_utc_without_a_zone(head: str, before: str) -> None:
    assert read(story(head, before)).published == datetime(2026, 4, 30, 22, tzinfo=UTC)


def test_the_day_in_the_address_is_the_last_resort() -> None:
    assert read(story()).published == datetime(2026, 5, 1, tzinfo=UTC)
    assert read(story(), url="https://news.example/kettle").published is None


def test_a_canonical_address_of_another_domain_or_of_the_whole_site_is_not_believed() -> None:
    assert read(story('<link rel="canonical" href="https://other.example/kettle">')).url == ""
    assert read(story('<link rel="canonical" href="/">')).url == ""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (page("<h1>404</h1><p>We looked everywhere.</p>", "<title>404 - Not found</title>"), "went wrong"),
        (page("<h1>Seite nicht gefunden</h1>", "<title>The News</title>"), "went wrong"),
        (page("<p>Verifying you are human.</p>", "<title>Just a moment...</title>"), "proof"),
        (page("<div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript>"), "JavaScript"),
        (page("<form><input name=u><input type=password></form>", "<title>Sign in</title>"), "sign in"),
        (page("<p>This domain is for sale. Make an offer.</p>", "<title>kettle.example</title>"), "for sale"),
        (
            page(
                f"<article><p>{SENTENCES[0]}</p>"
                "<p>Subscribe now to continue reading. Already a subscriber? Log in.</p></article>"
            ),
            "paywall",
        ),
        (
            story('<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":"False"}</script>'),
            "paywall",
        ),
        (
            page(
                "<h1>Your privacy</h1><p>We and our partners use cookies and need your consent.</p>"
                "<p>With your consent, partners process personal data for tracking and personalised ads.</p>",
                "<title>Before you continue</title>",
            ),
            "consent",
        ),
        (b"", "empty"),
        (page(""), "no main text"),
    ],
)
def test_a_page_with_status_200_that_is_no_article_says_why(body: bytes, reason: str) -> None:
    article = read(body)

    assert reason in article.reason
    assert article.method == ""


def test_an_article_about_errors_or_cookies_is_an_article() -> None:
    on_errors = "".join(f"<p>{one} The page was not found in the cache of cookies.</p>" for one in SENTENCES * 4)

    assert (
        read(page(f"<article><h1>404: a history</h1>{on_errors}</article>", "<title>404: a history</title>")).reason
        == ""
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<p>Größe für 5 €".encode(), "text/html; charset=iso-8859-1"),
        ("<p>Größe für 5 €".encode("cp1252"), "text/html; charset=iso-8859-1"),
        ("<meta charset=windows-1252><p>Größe für 5 €".encode("cp1252"), "text/html"),
        ("<p>Größe für 5 €".encode("cp1252"), ""),
        ("\ufeff<p>Größe für 5 €".encode("utf-16-le"), "text/html; charset=utf-8"),
        ("<p>Größe für 5 €".encode("utf-16-be"), ""),
        ("<p>Größe für 5 €".encode() * 20 + b"\xff", "text/html"),
    ],
    ids=["utf-8 declared otherwise", "by http", "by meta", "undeclared", "mark", "utf-16 without mark", "one bad byte"],
)
def test_a_page_is_read_in_its_encoding(body: bytes, content_type: str) -> None:
    assert "Größe für 5 €" in decode(body, content_type)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("ケトルは速い", "shift_jis"),
        ("ケトルは速い", "euc_jp"),
        ("ケトルは速い", "iso2022_jp"),
        ("水壶很快", "gb2312"),
        ("чайник", "koi8-r"),
    ],
)
def test_an_encoding_of_its_own_is_read_as_declared(text: str, encoding: str) -> None:
    assert text in decode(f"<meta charset={encoding}><p>{text}".encode(encoding), "text/html")


def test_a_text_from_a_page_has_no_lone_surrogates_and_no_controls() -> None:
    article = read(story(before="<p>A &#xD83D; half &#27;[31m pair &#0; is here, and a longer text follows it.</p>"))

    article.text.encode()
    assert not set(article.text) & set("\x00\x1b")


@given(st.binary(max_size=3_000), st.sampled_from(["", "text/html; charset=utf-7", "text/html; charset=idna"]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_an_article_or_a_reason(body: bytes, content_type: str) -> None:
    article = read(body, content_type=content_type)

    assert article.text or article.reason


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_page_cut_off_anywhere_is_read_as_far_as_it_goes(cut: int) -> None:
    body = story('<script type="application/ld+json">{"@type":"Article","author":{"name":"Jo"}}</script>')
    article = read(body[: len(body) * cut // 12])

    assert article.text or article.reason


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 100_000,
        "<p>" + "<b>x" * 100_000,
        "<table><tr>" + "<td>word word</td>" * 8_000,
        "<table>" + "<tr><td rowspan=1000 colspan=1000>word word</td></tr>" * 4_000,
        "<table><tr><td>x" * 50_000,
        "<p " + " ".join(f"a{i}" for i in range(200_000)) + ">x",
        "<p " + "a=1 " * 900 + ">x" * 500,
        "<p>some words of text that are long enough</p>" * 20_000,
        "<ul><li>some words of text" * 50_000,
        '<script type="application/ld+json">' + "[" * 500_000,
        '<script type="application/ld+json">' + '{"author":' * 50_000,
        "<a rel=author href=/x>Jo</a>" * 50_000,
        "&amp;" * 400_000,
        "<" * 1_000_000,
    ],
    ids=[
        "deep", "unclosed", "cells", "spans", "tables", "attributes", "many attributes", "paragraphs", "lists",
        "arrays", "objects", "authors", "entities", "angles",
    ],
)  # fmt: skip
def test_a_page_made_to_be_slow_is_read_in_seconds(body: str) -> None:
    began = time.process_time()
    read(page(body))
    words_of(body)

    assert time.process_time() - began < 10


def test_what_is_beyond_the_bound_of_a_page_is_left_out() -> None:
    assert len(decode(b"a" * (MAX_PAGE + 100))) == MAX_PAGE


# ---- A mention and its page ----


def test_a_summary_is_completed_from_its_page_and_says_so() -> None:
    about = given_by_feed(attributed_to=Actor(platform="web", name="Jo Doe"))
    body = story('<link rel="canonical" href="/kettle">', '<a rel="author" href="/authors/jo">Jo Doe</a>')
    whole = complete(about, fetched(body), speaks_of_korvane)

    assert TEXT in whole.content
    assert (whole.method, whole.id, whole.name, whole.first_seen) == ("page", about.id, about.name, AT)
    assert whole.attributed_to == Actor(platform="web", name="Jo Doe", url="https://news.example/authors/jo")
    assert whole.aliases == ("https://news.example/kettle",)
    assert whole.published == datetime(2026, 5, 1, tzinfo=UTC)


def test_what_the_feed_says_of_author_and_time_counts_before_the_page() -> None:
    about = given_by_feed(attributed_to=Actor(platform="web", name="Mel Ray"), published=AT, language="de")
    whole = complete(about, fetched(story('<meta name="author" content="Jo Doe">')), speaks_of_korvane)

    assert (whole.attributed_to, whole.published, whole.language) == (about.attributed_to, AT, "de")


def test_a_page_that_holds_no_watched_term_is_not_read_further() -> None:
    about = given_by_feed("A summary without any name", name="A kettle")

    assert complete(about, fetched(story()), lambda text: "nobody" in text) == about


def test_a_term_only_in_the_pages_text_completes_the_mention() -> None:
    about = given_by_feed("The kettle boils a litre of water in ninety seconds; its handle stays cool.")

    assert complete(about, fetched(story()), speaks_of_korvane).method == "page"


@pytest.mark.parametrize(
    ("about", "body", "why"),
    [
        (given_by_feed(TEXT * 3), story(), "no longer"),
        (
            given_by_feed("Parliament votes on fishing quotas for herring next Tuesday", name="Herring quotas"),
            story(),
            "another",
        ),
        (given_by_feed(), page("<h1>404</h1>", "<title>Not found</title>"), "went wrong"),
        (given_by_feed(), page(f"<article><p>{TEXT.replace('Korvane', 'quick')}</p></article>"), "watched term"),
    ],
    ids=["shorter", "another text", "an error", "term lost"],
)
def test_the_feeds_text_is_kept_where_the_pages_is_worse(about: Mention, body: bytes, why: str) -> None:
    assert why in why_worse(about, read(body), speaks_of_korvane)
    assert complete(about, fetched(body), lambda _: True if why != "watched term" else speaks_of_korvane(_)) == about


def test_words_of_a_script_without_spaces_are_compared_by_pairs_of_characters() -> None:
    assert fit("新しいケトルは速い", "この新しいケトルはとても速いと評判です") > 0.6
    assert fit("新しいケトルは速い", "国会は漁業枠について採決する") < 0.2


# ---- The sieve -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup",
    [
        "<p>K<b>or</b>vane is here",
        "<p><span class=drop>K</span>orvane</p><p>Next",
        "<div>x</div>Korvane<div>y</div>",
        "<td>x</td><td>Korvane</td><td>y</td>",
        "<p>Kor&shy;vane is here",
        "<p>&#75;orvane is here",
        '<script type="application/ld+json">{"articleBody": "the \\u004borvane kettle"}</script>',
        '<script type="application/ld+json">{"articleBody": "&lt;b&gt;the&lt;/b&gt; Korvane kettle"}</script>',
        (
            '<div id="data-preloaded" data-preloaded="{&quot;topic_1&quot;: &quot;'
            '{\\&quot;cooked\\&quot;: \\&quot;<p>Korvane</p>\\&quot;}&quot;}"></div>'
        ),
        "<noscript>Korvane</noscript>",
        "<my-part>x</my-part><my-part>Korvane</my-part>",
    ],
)
def test_the_sieve_finds_a_term_wherever_a_text_may_come_from(markup: str) -> None:
    assert speaks_of_korvane(words_of(page(markup).decode()))


def test_the_sieve_finds_no_term_in_scripts_and_styles() -> None:
    assert not speaks_of_korvane(words_of("<body><script>x = ' Korvane '</script><style> Korvane </style><p>Text"))


_PIECES = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "<div>", "</div>", "<br>", "<td>", "<li>", "<article>", " ", "\n",
         "</article>", "<span>", "</span>", "<h2>", "</h2>", "<blockquote>", "<pre>", "</pre>", "<custom-tag>",
         "Korvane", "kettle", "boils a litre of water in ninety seconds", "vane", "Kor", "&amp;", "é", ",",
         "<table><tr>"]
    ),
    max_size=60,
)  # fmt: skip


@given(_PIECES)
@settings(max_examples=80, deadline=None)
def test_the_sieve_holds_every_word_of_the_text_that_trafilatura_finds(pieces: list[str]) -> None:
    inner = f"<p>{SENTENCES[0]}</p>{''.join(pieces)}<p>{SENTENCES[1]}</p>"
    html = f"<html><body><article>{inner}</article></body></html>"
    text = trafilatura.extract(html) or ""

    seen = words_of(html)
    assert {word for word in text.split() if word.isalnum() and word not in seen} == set()
    assert not speaks_of_korvane(text) or speaks_of_korvane(words_of(html))


# ---- Real pages ------------------------------------------------------------------------------------------------------


@needs_articles
def test_the_sieve_holds_every_word_of_the_text_of_real_pages() -> None:
    for path in sorted((ARTICLES / "pages").iterdir()):
        html = decode(path.read_bytes())
        seen = set(words_of(html).split())
        found = (trafilatura.extract(html, fast=True, include_formatting=False) or "").split()
        # trafilatura writes marks of its own for items and cells.
        missed = [word for word in found if word not in seen and any(c.isalnum() for c in word)]
        assert missed == [], path.name


@needs_articles
def test_real_pages_are_articles_with_their_text_title_and_date() -> None:
    gold = json.loads((ARTICLES / "gold.json").read_text())
    kept = left = titles = days = dated = 0
    for url, wanted in gold.items():
        article = read((ARTICLES / "pages" / wanted["file"]).read_bytes(), url=url)
        assert article.reason == "", url
        kept += sum(phrase in article.text for phrase in wanted["with"])
        left += sum(phrase in article.text for phrase in wanted["without"])
        titles += bool(wanted["title"]) and wanted["title"] in article.title
        dated += bool(wanted["date"])
        days += (
            bool(wanted["date"])
            and article.published is not None
            and article.published.date().isoformat() == wanted["date"]
        )
    assert (kept, left) >= (90, 0)
    assert left <= 2
    assert titles >= 25
    assert days >= dated - 5


def test_times_are_read_as_pages_write_them() -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    for text in (
        "2026-05-01T12:00:00Z",
        "2026-05-01 12:00",
        "2026-05-01T14:00:00+0200",
        "Fri, 01 May 2026 12:00:00 GMT",
    ):
        assert moment(text) == noon
    assert moment("2026-05-01 at noon") == datetime(2026, 5, 1, tzinfo=UTC)
    for junk in ("", "soon", "2026-13-45", "9" * 500, None, 5):
        assert moment(junk) is None


def test_a_compressed_body_is_no_page() -> None:
    assert read(gzip.compress(story())).reason
