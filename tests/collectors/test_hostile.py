"""What the contract and the fuzzing found once: bodies that harmed more than themselves."""

import json
import time
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from overheard.collectors.communities.google_business import GoogleBusiness
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.feeds.feed import read_feed
from overheard.collectors.files import read_post_file
from overheard.collectors.laid.whatsapp import said_in
from overheard.collectors.markup import find_urls
from overheard.collectors.pages.html import parse
from overheard.collectors.pages.sitemap import read_sitemap
from overheard.collectors.pages.watched import read_text
from overheard.errors import InputError
from overheard.records import Fetch

WEEK = timedelta(days=7)


def fetched(body: str | bytes, url: str = "https://site.example/feed") -> Fetch:
    return Fetch(
        id="fet_1",
        source="site",
        url=url,
        final_url=url,
        status=200,
        headers={},
        body=body.encode() if isinstance(body, str) else body,
        at=datetime(2026, 5, 1, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize("odd", ["\ud800", {"\ud800": 1}, {"id": {"\ud800": "\ud800"}}, {"id": "1", "url": []}])
def test_an_item_of_a_json_feed_with_half_a_character_harms_no_other(odd: object) -> None:
    whole = {"authors": [{"\ud800": 1}], "items": [odd, {"id": "2", "url": "https://site.example/2"}]}
    reading = read_feed(fetched(json.dumps(whole)))
    assert [one.url for one in reading.mentions] == ["https://site.example/2"]
    assert len(reading.rejected) == 1


@pytest.mark.parametrize("first", ["null", "true", " false ", "17", "-1.5", '"id,text"'])
def test_a_first_line_of_ndjson_that_is_no_object_harms_no_other(first: str) -> None:
    reading = read_post_file(fetched(f'{first}\n{{"id": "2", "text": "Some words"}}\n'))
    assert [one.native_id for one in reading.mentions] == ["2"]
    assert [one.message.startswith("expected a JSON object") for one in reading.rejected] == [True]


def test_an_entry_of_a_sitemap_without_an_address_is_rejected() -> None:
    body = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <url><loc></loc><lastmod>2026-04-30</lastmod></url><url><loc>https://h.example/a</loc></url><url/>
      <url><loc>javascript:alert(1)</loc></url></urlset>"""
    reading = read_sitemap(fetched(body), timedelta(days=7))
    assert [one.url for one in reading.mentions] == ["https://h.example/a"]
    assert [one.where for one in reading.rejected] == [f"https://site.example/feed, entry {n}, loc" for n in (1, 3, 4)]
    assert reading.rejected[2].message == "expected an http(s) URL; got 'javascript:alert(1)'"


def test_many_entries_of_a_sitemap_without_an_address_are_few_letters() -> None:
    body = f"<urlset>{'<url><loc>mailto:x</loc></url>' * 500}</urlset>"
    reading = read_sitemap(fetched(body), timedelta(days=7))
    assert len(reading.rejected) == 21
    assert reading.rejected[-1].message == "expected addresses; 480 more entries have none"


@pytest.mark.parametrize(
    "body",
    [
        "<rss><channel",
        "<rss><channel>",
        "<rss version='2.0'><chan",
        "<feed",
        '<feed xmlns="http://www.w3.org/2005/Atom"><ent',
        "<rss version='2.0'>\x00\x01<<<",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"',
    ],
)
def test_what_breaks_off_before_anything_of_a_feed_is_none(body: str) -> None:
    with pytest.raises(InputError, match=r"breaks off|begins with"):
        read_feed(fetched(body))


@pytest.mark.parametrize(
    "body",
    [
        "<rss version='2.0'><channel><title>Quiet</title></channel></rss>",
        "<rss version='2.0'><channel></channel></rss>",
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Quiet</title></feed>',
        "<rss version='2.0'><channel><title>Quiet & calm</title><link>https://site.example/</link></channel></rss>",
    ],
)
def test_a_feed_without_entries_is_one(body: str) -> None:
    assert read_feed(fetched(body)).mentions == ()


def test_a_page_with_elements_that_never_close_is_refused_at_once_where_a_feed_was_promised() -> None:
    def seconds(body: str) -> float:
        began = time.process_time()
        with pytest.raises(InputError, match="begins with"):
            read_feed(fetched(body))
        return time.process_time() - began

    start = "<html><head><title>News</title></head><body>"
    few, many = (min(seconds(start + "<div><b>" * n) for _ in range(3)) for n in (2_000, 32_000))
    assert many < 16 * 4 * max(few, 0.002)


def test_control_characters_beside_navigation_leave_the_text_of_a_page_as_it_is() -> None:
    body = (
        b"<body>Words that stand before it<nav>Menu of all</nav>&#x1;\x1b\x06 and words that follow it"
        b"<p>More words of it all</p>"
    )
    reading = read_text(fetched(body))
    assert [one.content for one in reading.mentions] == [
        "Words that stand before it",
        "and words that follow it",
        "More words of it all",
    ]


def test_comments_in_an_attribute_that_end_nowhere_take_no_square_of_their_number_and_no_text() -> None:
    def seconds(count: int) -> float:
        body = f'<p><a href="/a{"<!--" * count}">Words that</a> stand beside <img alt="{"<!--" * count}"> them</p>'
        began = time.process_time()
        assert [one.content for one in read_text(fetched(body)).mentions] == ["Words that stand beside them"]
        return time.process_time() - began

    few, many = (min(seconds(n) for _ in range(3)) for n in (2_500, 20_000))
    assert many < 8 * 4 * max(few, 0.002)


def test_comments_in_an_attribute_whose_name_is_none_go_with_it() -> None:
    root = parse(f'<p a\x1b[2J="{"<!--" * 100}">Words</p>')
    assert root is not None
    assert [dict(one.attrib) for one in root.iter("p")] == [{}]


def test_attributes_with_comments_that_end_or_are_few_stay() -> None:
    whole = "Said &lt;!-- so --&gt; at length " * 30
    root = parse(f'<p title="{whole}" lang="a&lt;!--">Words</p>')
    assert root is not None
    (p,) = root.iter("p")
    assert p.get("title") == unescape(whole)
    assert p.get("lang") == "a<!--"


def test_tags_that_never_end_in_a_sitemap_do_not_take_the_square_of_their_number() -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        with pytest.raises(InputError, match="of its tags do not end"):
            read_sitemap(fetched(f"<urlset><url><loc>https://h.example/a</loc></url>{'<br' * count}"), WEEK)
        return time.process_time() - began

    few, many = (min(seconds(n) for _ in range(3)) for n in (20_000, 160_000))
    assert many < 8 * 4 * max(few, 0.002)


@pytest.mark.parametrize("end", ["]", ")", ".)"])
def test_an_address_that_ends_in_a_hundred_thousand_brackets_is_none_and_takes_no_time(end: str) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        assert find_urls(f"See https://a.example/{end * count} and https://b.example/x).") == ["https://b.example/x"]
        return time.process_time() - began

    few, many = (min(seconds(n) for _ in range(3)) for n in (20_000, 160_000))
    assert many < 8 * 4 * max(few, 0.001)


def test_a_message_of_a_chat_with_a_hundred_thousand_spaces_takes_no_square_of_their_number() -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        assert said_in(f"It{' ' * count}jams <This message was edited>") == f"It{' ' * count}jams"
        return time.process_time() - began

    few, many = (min(seconds(n) for _ in range(3)) for n in (2_500, 20_000))
    assert many < 8 * 4 * max(few, 0.001)


def test_a_review_with_a_hundred_thousand_empty_lines_takes_no_square_of_their_number() -> None:
    source = GoogleBusiness(name="s", account="101", location="202", token_env="T")

    def seconds(count: int) -> float:
        said = "Good" + "\n" * count + "paper\n\n(Translated by Google)\nGutes Papier"
        review = {"reviewId": "1", "starRating": "FIVE", "comment": said, "createTime": "2026-05-01T12:00:00Z"}
        body = json.dumps({"reviews": [review]})
        began = time.process_time()
        (one,) = source.read(fetched(body)).mentions
        assert one.content.split() == ["Good", "paper"]
        return time.process_time() - began

    few, many = (min(seconds(n) for _ in range(3)) for n in (2_500, 20_000))
    assert many < 8 * 4 * max(few, 0.001)


def test_an_answer_to_a_status_whose_address_has_half_a_character_names_it_as_it_is_known() -> None:
    def status(number: int, **more: str) -> dict[str, object]:
        return {
            "id": str(number),
            "created_at": "2026-05-01T12:00:00Z",
            "visibility": "public",
            "uri": f"https://other.example/{number}",
            "content": "<p>It jams</p>",
            "account": {"acct": "asha@other.example"},
            **more,
        }

    body = json.dumps([status(2, in_reply_to_id="1"), status(1, uri="https://other.example/\ud800")])
    answer, first = Mastodon(name="s", instance="https://social.example", tag="t").read(fetched(body)).mentions
    assert answer.in_reply_to == answer.context == first.native_id == "https://other.example/\ufffd"
