import gzip
import itertools
import json
import os
import pickle
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.beside  # noqa: F401
from benchmarks.ordinary_feeds import DIALECTS, Writer
from overheard.collectors.base import Reading
from overheard.collectors.feeds.entry import MAX_ENTRIES
from overheard.collectors.feeds.feed import read_feed
from overheard.errors import InputError
from overheard.records import Actor, Fetch, mention_id

# `HYPOTHESIS_PROFILE=long` looks for what a few examples do not find.
FACTOR = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
URL = "https://site.example/feeds/all.xml"


def fetched(body: str | bytes, content_type: str = "application/xml", url: str = URL) -> Fetch:
    return Fetch(
        id="fet_1",
        source="site",
        url=url,
        final_url=url,
        status=200,
        headers={"content-type": content_type} if content_type else {},
        body=body.encode() if isinstance(body, str) else body,
        at=AT,
    )


def read(body: str | bytes, content_type: str = "application/xml") -> Reading:
    return read_feed(fetched(body, content_type))


def rss(*items: str, channel: str = "") -> str:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" '
        'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        f"<channel><title>T</title><link>https://site.example/</link>{channel}{inner}</channel></rss>"
    )


def atom(*entries: str, feed: str = "", attributes: str = "") -> str:
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" {attributes}>'
        f"<title>T</title>{feed}{inner}</feed>"
    )


def json_feed(*items: Any, **feed: Any) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items} | feed)


LINK = "<link>https://site.example/1</link>"


# ---- Fields --------------------------------------------------------------------------------------------------------


def test_an_rss_item_becomes_a_mention() -> None:
    (mention,) = read(
        rss(
            "<title>AT&amp;amp;T &lt;b&gt;wins&lt;/b&gt;</title><link>https://www.site.example/a/?utm_source=x#c</link>"
            "<guid>tag:1</guid><dc:creator>Jo Doe</dc:creator><pubDate>Mon, 20 Apr 2026 10:00:00 +0200</pubDate>"
            "<category>lathes</category><category>#lathes</category><description>short</description>"
            "<content:encoded>&lt;p&gt;Long &lt;a href='/b'&gt;text&lt;/a&gt;&lt;/p&gt;</content:encoded>"
            "<slash:comments>7</slash:comments>",
            channel="<language>en-gb</language>",
        )
    ).mentions
    assert mention.id == mention_id("web", url="https://site.example/a")
    assert (mention.platform, mention.native_id, mention.source, mention.type) == ("web", "", "site", "Article")
    assert mention.url == "https://www.site.example/a/?utm_source=x#c"
    assert (mention.name, mention.content) == ("AT&T wins", "Long text")
    assert mention.links == ("https://site.example/b",)
    assert mention.published == datetime(2026, 4, 20, 8, tzinfo=UTC)
    assert mention.updated is None
    assert mention.first_seen == AT
    assert mention.attributed_to == Actor(platform="web", name="Jo Doe")
    assert (mention.tag, mention.language, mention.replies) == (("lathes",), "en-gb", 7)


def test_an_atom_entry_becomes_a_mention() -> None:
    (mention,) = read(
        atom(
            '<id>urn:1</id><title type="html">a &lt;i&gt;b&lt;/i&gt;</title><link href="one"/>'
            "<author><name>Jo</name><uri>me</uri><email>Jo@Site.example</email></author>"
            "<published>2026-04-20T10:00:00Z</published><updated>2026-04-21T10:00:00+02:00</updated>"
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x <b>y</b></p></div></content>'
            '<thr:in-reply-to ref="urn:0" href="https://other.example/0"/><category term="t" label="T"/>',
            attributes='xml:base="https://base.example/a/" xml:lang="de"',
        )
    ).mentions
    assert mention.url == "https://base.example/a/one"
    assert (mention.name, mention.content) == ("a b", "x y")
    assert mention.published == datetime(2026, 4, 20, 10, tzinfo=UTC)
    assert mention.updated == datetime(2026, 4, 21, 8, tzinfo=UTC)
    assert mention.attributed_to == Actor(
        platform="web", name="Jo", url="https://base.example/a/me", email="jo@site.example"
    )
    assert (mention.in_reply_to, mention.tag, mention.language) == ("https://other.example/0", ("t",), "de")


def test_an_atom_entry_without_an_author_has_the_feeds_and_an_rss_item_does_not() -> None:
    (mention,) = read(atom('<link href="/1"/>', feed="<author><name>Jo</name></author>")).mentions
    assert mention.attributed_to == Actor(platform="web", name="Jo")
    (mention,) = read(rss(LINK, channel="<managingEditor>ed@site.example (Ed)</managingEditor>")).mentions
    assert mention.attributed_to is None


def test_an_rss_author_is_taken_apart() -> None:
    (mention,) = read(rss(f"{LINK}<author>jo@site.example (Jo Doe)</author>")).mentions
    assert mention.attributed_to == Actor(platform="web", name="Jo Doe", email="jo@site.example")


@pytest.mark.parametrize(
    ("written", "name", "email"),
    [
        ("jo@site.example (Jo Doe)", "Jo Doe", "jo@site.example"),
        ("Jo Doe &lt;Jo@site.example&gt;", "Jo Doe", "jo@site.example"),
        ("jo@site.example", "", "jo@site.example"),
        ("Jo Doe", "Jo Doe", ""),
        ("@jodoe", "@jodoe", ""),
        ("&lt;b&gt;Jo&lt;/b&gt;", "Jo", ""),
    ],
)
def test_authors_are_written_in_many_ways(written: str, name: str, email: str) -> None:
    for element in ("author", "dc:creator"):
        (mention,) = read(rss(f"{LINK}<{element}>{written}</{element}>")).mentions
        assert mention.attributed_to == Actor(platform="web", name=name, email=email)


def test_code_in_a_title_is_no_markup() -> None:
    (mention,) = read(rss(f"{LINK}<title>Vec&lt;u8&gt; and 1 &lt; 2</title>")).mentions
    assert mention.name == "Vec<u8> and 1 < 2"


def test_rdf_is_read() -> None:
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://site.example/"><title>T</title>'
        '</channel><item rdf:about="https://site.example/1"><title>One</title><link>https://site.example/1</link>'
        "<dc:date>2026-04-20</dc:date><dc:creator>Jo</dc:creator></item></rdf:RDF>"
    )
    (mention,) = read(body).mentions
    assert (mention.name, mention.published) == ("One", datetime(2026, 4, 20, tzinfo=UTC))


def test_a_json_feed_item_becomes_a_mention() -> None:
    (mention,) = read(
        json_feed(
            {
                "id": 7,
                "url": "/one",
                "external_url": "https://other.example/x",
                "title": "One",
                "content_html": "<p>Hi <a href='two'>two</a></p>",
                "date_published": "2026-04-20T10:00:00+02:00",
                "date_modified": "2026-04-20T12:00:00",
                "authors": [{"name": "Jo", "url": "https://jo.example/"}],
                "tags": ["a", 3, "b"],
                "language": "fr",
            }
        ),
        "text/plain",
    ).mentions
    assert mention.id == mention_id("web", url="https://site.example/one")
    assert (mention.name, mention.content, mention.tag) == ("One", "Hi two", ("a", "b"))
    assert mention.links == ("https://other.example/x", "https://site.example/feeds/two")
    assert mention.published == datetime(2026, 4, 20, 8, tzinfo=UTC)
    assert mention.updated == datetime(2026, 4, 20, 12, tzinfo=UTC)
    assert mention.attributed_to == Actor(platform="web", name="Jo", url="https://jo.example/")
    assert mention.language == "fr"


def test_a_json_feed_1_0_author_is_read_and_the_feeds_stands_in() -> None:
    body = json_feed(
        {"id": "1", "url": "https://s.example/1", "content_text": "a", "author": {"name": "Jo"}},
        {"id": "2", "url": "https://s.example/2", "content_text": "b"},
        author={"name": "Feed"},
    )
    authors = [mention.attributed_to for mention in read(body).mentions]
    assert authors == [Actor(platform="web", name="Jo"), Actor(platform="web", name="Feed")]


# ---- Ids -----------------------------------------------------------------------------------------------------------


def test_a_guid_makes_the_id_only_where_there_is_no_link_and_within_its_feed() -> None:
    item = "<guid isPermaLink='false'>7</guid><description>x</description>"
    (mention,) = read(rss(item)).mentions
    assert mention.platform == "https://site.example/feeds/all.xml"
    assert (mention.native_id, mention.url) == ("7", "")
    assert mention.id == mention_id(mention.platform, "7")
    (other,) = read_feed(fetched(rss(item), url="https://other.example/feed")).mentions
    assert other.id != mention.id


def test_a_guid_that_is_a_permanent_link_is_the_link() -> None:
    (mention,) = read(rss("<guid>https://site.example/1</guid><title>x</title>")).mentions
    assert mention.id == mention_id("web", url="https://site.example/1")


def test_the_original_link_beats_the_one_that_counts_clicks_which_is_an_alias() -> None:
    item = "<link>https://clicks.example/~r/1</link><feedburner:origLink>https://site.example/1</feedburner:origLink>"
    (mention,) = read(rss(item)).mentions
    assert mention.url == "https://site.example/1"
    assert mention.aliases == ("https://clicks.example/~r/1",)


def test_an_id_does_not_depend_on_the_place_in_the_feed_or_the_time_of_the_poll() -> None:
    one, two = (f"<link>https://site.example/{n}</link><title>{n}</title>" for n in (1, 2))
    forward = {m.name: m.id for m in read(rss(one, two)).mentions}
    backward = {m.name: m.id for m in read(rss(two, one)).mentions}
    assert forward == backward


def test_of_two_entries_with_one_id_the_last_updated_wins_and_the_other_is_counted() -> None:
    old = '<link href="https://site.example/1"/><title>old</title><updated>2026-04-01T00:00:00Z</updated>'
    new = '<link href="https://site.example/1/"/><title>new</title><updated>2026-04-02T00:00:00Z</updated>'
    for entries in ((old, new), (new, old)):
        reading = read(atom(*entries))
        assert [mention.name for mention in reading.mentions] == ["new"]
        assert reading.repeated == 1


@given(st.lists(st.sampled_from(["https://a.example/1", "https://a.example/2", "", "mailto:x"]), max_size=6))
def test_every_entry_is_a_mention_or_rejected_or_repeated(links: list[str]) -> None:
    reading = read(rss(*(f"<link>{link}</link><title>t</title>" for link in links)))
    assert len(reading.mentions) + len(reading.rejected) + reading.repeated == len(links)
    assert len({mention.id for mention in reading.mentions}) == len(reading.mentions)


# ---- What a feed tells besides its entries -------------------------------------------------------------------------


def test_recordings_are_links_of_an_episode_and_its_notes_are_its_text() -> None:
    reading = read(
        rss(
            f"{LINK}<title>12: Lathes</title><description>Notes</description>"
            '<enclosure url="https://pod.example/12.mp3" type="audio/mpeg" length="1"/>'
        )
    )
    (mention,) = reading.mentions
    assert (mention.content, mention.links) == ("Notes", ("https://pod.example/12.mp3",))
    assert reading.summaries == frozenset()
    item = {"id": "1", "url": "/1", "title": "12", "attachments": [{"url": "/12.mp3", "mime_type": "audio/mpeg"}, 3]}
    (mention,) = read(json_feed(item)).mentions
    assert mention.links == ("https://site.example/12.mp3",)


def test_comment_feeds_are_told_by_mention() -> None:
    (mention,) = (
        reading := read(
            rss(f"{LINK}<wfw:commentRss>/1/feed/</wfw:commentRss>").replace(
                "<rss ", '<rss xmlns:wfw="http://wellformedweb.org/CommentAPI/" '
            )
        )
    ).mentions
    assert reading.comment_feeds == {mention.id: "https://site.example/1/feed/"}
    reading = read(
        atom(
            '<link href="/1"/><link rel="replies" type="text/html" href="/1#comments"/>'
            '<link rel="replies" type="application/atom+xml" href="/1/comments.atom"/><thr:total>4</thr:total>'
        )
    )
    assert list(reading.comment_feeds.values()) == ["https://site.example/1/comments.atom"]
    assert [mention.replies for mention in reading.mentions] == [4]


def test_entries_of_which_only_a_beginning_is_given_are_told() -> None:
    title, full = "<title>One</title>", "<content:encoded>All of it.</content:encoded>"
    reading = read(
        rss(
            f"{title}<link>https://s.example/1</link><description>A beginning</description>",
            f"{title}<link>https://s.example/2</link><description>A beginning</description>{full}",
            f"{title}<link>https://s.example/3</link><description>All of it.</description>{full}",
            f"{title}<guid isPermaLink='false'>4</guid><description>A beginning</description>",
        )
    )
    assert {m.url for m in reading.mentions if m.id in reading.summaries} == {
        "https://s.example/1",
        "https://s.example/3",
    }
    reading = read(
        json_feed(
            {"id": "1", "url": "/1", "title": "One", "summary": "A beginning"},
            {"id": "2", "url": "/2", "title": "One", "summary": "A beginning", "content_html": "<p>A beginning</p>"},
            {"id": "3", "url": "/3", "title": "One", "summary": "A beginning", "content_html": "<p>All of it</p>"},
        )
    )
    assert [m.id in reading.summaries for m in reading.mentions] == [True, True, False]


def test_older_pages_archives_and_hubs_are_told() -> None:
    links = (
        '<link rel="next" href="?page=2"/><link rel="prev-archive" href="/2025.atom"/>'
        '<link rel="hub" href="https://hub.example/"/>'
    )
    reading = read(atom(feed=links))
    assert reading.next_page == "https://site.example/feeds/all.xml?page=2"
    assert (reading.previous_archive, reading.hub) == ("https://site.example/2025.atom", "https://hub.example/")
    reading = read(
        json_feed(next_url="/p2.json", expired=True, hubs=[{"type": "WebSub", "url": "https://hub.example/"}])
    )
    assert (reading.next_page, reading.hub, reading.expired) == (
        "https://site.example/p2.json",
        "https://hub.example/",
        True,
    )


def test_hours_and_days_without_polls_are_told() -> None:
    skip = "<skipHours><hour>0</hour><hour> 24</hour><hour>7</hour><hour>x</hour><hour>99</hour></skipHours>"
    days = "<skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>"
    reading = read(rss(channel=skip + days))
    assert (reading.skip_hours, reading.skip_days) == (frozenset({0, 7}), frozenset({5, 6}))


def test_old_dialects_are_read() -> None:
    for version in ("0.91", "0.92"):
        body = (
            f'<rss version="{version}"><channel><title>T</title><item><title>One</title>{LINK}</item></channel></rss>'
        )
        assert [mention.name for mention in read(body).mentions] == ["One"]
    body = (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>One</title><link rel="alternate" '
        'type="text/html" href="https://site.example/1"/><issued>2004-01-02T03:04:05Z</issued></entry></feed>'
    )
    (mention,) = read(body).mentions
    assert (mention.name, mention.published) == ("One", datetime(2004, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_a_zone_that_is_not_of_whole_hours_counts_with_its_minutes() -> None:
    for date in ("2026-04-20T10:00:00-03:30", "Mon, 20 Apr 2026 10:00:00 -0330"):
        (mention,) = read(rss(f"{LINK}<pubDate>{date}</pubDate>")).mentions
        assert mention.published == datetime(2026, 4, 20, 13, 30, tzinfo=UTC)


def test_a_reading_can_be_sent_to_another_process() -> None:
    reading = read(atom('<link href="/1"/><link rel="replies" type="application/atom+xml" href="/c"/>'))
    assert pickle.loads(pickle.dumps(reading)) == reading


# ---- Bad input -----------------------------------------------------------------------------------------------------


def test_one_bad_entry_is_rejected_with_its_place_and_the_others_go_on() -> None:
    reading = read(rss(LINK, "<title>no link, no guid</title>", "<link>https://site.example/3</link>"))
    assert len(reading.mentions) == 2
    (rejected,) = reading.rejected
    assert rejected.where == f"{URL}, entry 2, link"
    assert "expected a link" in rejected.message


def test_a_json_item_of_a_wrong_type_is_rejected_with_its_field_and_the_others_go_on() -> None:
    reading = read(json_feed("text", {"id": "1", "url": ["x"]}, {"id": "2", "url": "/2", "tags": "no list"}, None))
    assert [mention.url for mention in reading.mentions] == ["https://site.example/2"]
    assert [r.where for r in reading.rejected] == [f"{URL}, entry 1", f"{URL}, entry 2, url", f"{URL}, entry 4"]
    assert "expected an object; got str" in reading.rejected[0].message


def test_an_empty_title_gives_an_empty_name() -> None:
    for title in ("", "<title/>", "<title>  </title>", "<title>&lt;b&gt;&lt;/b&gt;</title>"):
        (mention,) = read(rss(f"{LINK}{title}<description>text</description>")).mentions
        assert (mention.name, mention.content, mention.type) == ("", "text", "Note")


def test_dates_in_1970_and_2100_are_kept_as_given() -> None:
    dates = ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 10:00:00 GMT"]
    reading = read(rss(*(f"<link>https://s.example/{i}</link><pubDate>{d}</pubDate>" for i, d in enumerate(dates))))
    assert [mention.published for mention in reading.mentions] == [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2100, 1, 1, 10, tzinfo=UTC),
    ]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 32 Jan 2026 10:00:00 GMT", "0000-00-00", "٣"])
def test_a_date_that_cannot_be_read_is_none(date: str) -> None:
    (mention,) = read(rss(f"{LINK}<pubDate>{date}</pubDate>")).mentions
    assert mention.published is None
    (mention,) = read(json_feed({"id": "1", "url": "/1", "date_published": date})).mentions
    assert mention.published is None


def test_a_date_without_a_zone_is_utc() -> None:
    (mention,) = read(atom('<link href="/1"/><updated>2026-04-20T10:00:00</updated>')).mentions
    assert mention.updated == datetime(2026, 4, 20, 10, tzinfo=UTC)


def test_an_entry_that_has_only_an_edit_time_is_published_then() -> None:
    (mention,) = read(atom('<link href="/1"/><updated>2026-04-20T10:00:00Z</updated>')).mentions
    assert mention.published == mention.updated


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "utf-8", "application/xml"),
        ("utf-8-sig", "", "text/xml"),
        ("utf-16", "utf-16", "application/xml"),
        ("utf-16", "utf-16", "text/xml; charset=iso-8859-1"),
        ("utf-8", "iso-8859-1", "text/xml; charset=iso-8859-1"),
        ("utf-8", "us-ascii", "text/html"),
        ("utf-8", "", "text/xml; charset=us-ascii"),
        ("iso-8859-1", "iso-8859-1", "text/xml"),
        ("iso-8859-1", "utf-8", "application/xml; charset=utf-8"),
        ("windows-1252", "", ""),
        ("iso-8859-1", "", "text/xml; charset=ISO-8859-1"),
        ("iso-8859-1", "no-such-encoding", "text/xml; charset=nor-this"),
    ],
)
def test_encodings_are_seen_from_the_bytes_where_declarations_are_wrong(
    encoding: str, declared: str, content_type: str
) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = (
        declaration
        + rss(
            f"{LINK}<title>Zoë’s café</title>" if encoding[:3] == "utf" else f"{LINK}<title>Zoë café</title>"
        ).partition("?>")[2]
    )
    (mention,) = read(body.encode(encoding), content_type).mentions
    assert mention.name == ("Zoë’s café" if encoding[:3] == "utf" else "Zoë café")


def test_a_declared_encoding_beats_the_servers_default() -> None:
    body = ('<?xml version="1.0" encoding="windows-1251"?>' + rss(f"{LINK}<title>Станок</title>")[21:]).encode("cp1251")
    (mention,) = read(body, "text/xml; charset=ISO-8859-1").mentions
    assert mention.name == "Станок"


@pytest.mark.parametrize("encoding", ["punycode", "idna", "unicode_escape", "zlib", "no-such"])
def test_an_encoding_that_is_none_counts_as_not_declared(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?>' + rss(f"{LINK}<title>Zoë a-b</title>")[21:]
    (mention,) = read(body).mentions
    assert mention.name == "Zoë a-b"


def laughs(levels: int) -> str:
    names = "abcdefghijkl"[: levels + 1]
    return '<!ENTITY a "lollol">' + "".join(
        f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in itertools.pairwise(names)
    )


@pytest.mark.parametrize("levels", [1, 4, 6, 10])
@pytest.mark.parametrize("root", ["rss", "a><rss", "!-- --><rss", "?pi?><!DOCTYPE x><rss"])
def test_entities_that_expand_without_end_are_never_expanded(levels: int, root: str) -> None:
    doctype = f"<!DOCTYPE r [{laughs(levels)}]>"
    body = rss(f"{LINK}<title>x&{'abcdefghijkl'[levels]};</title>").replace("<rss", f"{doctype}<{root}")
    for encoded in (body.encode(), body.encode("utf-16"), body.replace("]>", "]", 1).encode()):
        with pytest.raises(InputError, match="makes of other entities"):
            read(encoded)


def test_entities_made_of_others_that_nothing_uses_are_let_be() -> None:
    doctype = f"<!DOCTYPE r [{laughs(3)}]>"
    body = rss(f"{LINK}<title>plain</title>").replace("<rss", f"{doctype}<rss")
    (mention,) = read(body).mentions
    assert mention.name == "plain"


@pytest.mark.parametrize("dialect", ["rss", "atom", "rss with markup", "rss with words of feeds in it"])
def test_of_a_feed_that_breaks_off_the_entries_that_came_are_read_and_it_is_said(dialect: str) -> None:
    def item(number: int) -> str:
        text = {"rss": "Some words.", "atom": "Some words.", "rss with markup": "&lt;p&gt;Words &amp;amp; more"}
        said = text.get(dialect, "<![CDATA[an item, an entry, a feed]]>")
        if dialect == "atom":
            link = f'<link href="https://site.example/{number}"/><id>tag:{number}</id>'
            return f"{link}<title>T {number}</title><content>{said}</content>"
        link = f"<link>https://site.example/{number}</link>"
        return f"{link}<title>T {number}</title><description>{said}</description>"

    whole = (atom if dialect == "atom" else rss)(*(item(number) for number in range(5)))
    assert not read(whole).rejected
    end = "</entry>" if dialect == "atom" else "</item>"
    last, third = whole.rindex(end), whole.index("T 3")
    for cut in (third + 1, third + 2, whole.index(end, third) - 20):
        reading = read(whole[:cut])
        assert [mention.name for mention in reading.mentions] == ["T 0", "T 1", "T 2"], whole[third - 200 : cut]
        (said,) = reading.rejected
        assert "breaks off after 3 entries" in said.message
    # Between two fields, or in a tag between them, nothing of what came is a part.
    for cut in (whole.index(end, third), whole.index(end, third) + 4):
        reading = read(whole[:cut])
        assert [mention.name for mention in reading.mentions] == ["T 0", "T 1", "T 2", "T 3"]
        assert "breaks off after 4 entries" in reading.rejected[0].message
    # What lacks but its own end has lost nothing.
    reading = read(whole[: last + len(end)])
    assert (len(reading.mentions), reading.rejected) == (5, ())


def test_a_long_entity_used_often_is_never_expanded() -> None:
    doctype = f'<!DOCTYPE r [<!ENTITY a "{"x" * 50_000}">]>'
    reading = read(rss(f"{LINK}<title>{'&a;' * 10_000}</title>").replace("<rss", f"{doctype}<rss"))
    assert all(len(mention.name) <= 1_000 for mention in reading.mentions)


def test_entities_that_stand_for_characters_are_known() -> None:
    doctype = "<!DOCTYPE rss [<!ENTITY euro \"&#8364;\"><!-- ' --><!ENTITY firm 'Korvex'>]>"
    body = rss(f"{LINK}<title>&firm; &euro; &eacute; &amp; &#233;</title>").replace("<rss", f"{doctype}<rss")
    (mention,) = read(body).mentions
    assert mention.name == "Korvex € é & é"


def test_external_entities_are_never_read(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not tell")
    doctype = f'<!DOCTYPE r [<!ENTITY a SYSTEM "{secret.as_uri()}">]>'
    reading = read(rss(f"{LINK}<title>&a;</title>").replace("<rss", f"{doctype}<rss"))
    assert all("tell" not in mention.text for mention in reading.mentions)


def test_a_body_that_is_the_name_of_a_file_does_not_open_it(tmp_path: Any) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(rss(LINK))
    with pytest.raises(InputError, match="expected RSS"):
        read(str(feed))


def test_scripts_in_a_feed_leave_no_trace() -> None:
    item = (
        f"{LINK}<title>&lt;script&gt;a()&lt;/script&gt;T</title>"
        "<description><![CDATA[<script>b()</script><p onload=c()>x]]></description>"
    )
    (mention,) = read(rss(item)).mentions
    assert (mention.name, mention.content) == ("T", "x")


def test_lone_surrogates_become_replacement_characters() -> None:
    body = '{"items": [{"id": "1", "url": "/1", "title": "a\\ud800b", "content_text": "c\\u0000d\\udfff"}]}'
    (mention,) = read(body).mentions
    assert (mention.name, mention.content) == ("a\ufffdb", "cd\ufffd")


def test_more_entries_than_any_feed_has_are_cut_and_said() -> None:
    reading = read(json_feed(*({"id": str(i), "url": f"/{i}"} for i in range(MAX_ENTRIES + 5))))
    assert len(reading.mentions) == MAX_ENTRIES
    (rejected,) = reading.rejected
    assert f"at most {MAX_ENTRIES} entries; got {MAX_ENTRIES + 5}" in rejected.message


def test_an_enclosure_alone_is_a_mention_without_text() -> None:
    (mention,) = read(rss(f"{LINK}<enclosure url='https://s.example/a.mp3' type='audio/mpeg' length='1'/>")).mentions
    assert mention.text == ""


def test_a_broken_feed_gives_the_entries_that_can_be_read() -> None:
    reading = read(rss(f"{LINK}<title>a & b</title>", "<link>https://site.example/2</link>")[:-20])
    assert [mention.url for mention in reading.mentions] == ["https://site.example/1", "https://site.example/2"]


def test_a_page_that_is_no_feed_is_refused_and_its_feed_is_named() -> None:
    page = '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>'
    with pytest.raises(InputError, match=r"expected RSS.*set url = 'https://site\.example/feed\.xml'") as error:
        read(page, "text/html")
    assert error.value.where == URL


def test_a_page_that_names_several_feeds_is_told_with_all_of_them_and_its_title() -> None:
    page = (
        "<html><head><title>Sorry &amp; goodbye</title>"
        "<link href='/a?x=1&amp;y=2' rel=alternate type='application/rss+xml'>"
        '<link rel="alternate" type="application/feed+json" href="https://site.example/b.json"></head></html>'
    )
    with pytest.raises(InputError) as error:
        read(page, "text/html")
    assert "titled 'Sorry & goodbye'" in str(error.value)
    assert "'https://site.example/a?x=1&y=2' or 'https://site.example/b.json'" in str(error.value)


def test_a_gzip_bomb_is_refused_as_it_is() -> None:
    with pytest.raises(InputError, match="expected RSS"):
        read(gzip.compress(b" " * 50_000_000))


@pytest.mark.parametrize("body", [b"", b"  \n", b"\x00\x01\x02", b"hello", b"<html><title>x</title></html>", b"{}"])
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="expected"):
        read(body)


@pytest.mark.parametrize("body", [b"{", b'{"items": 3}', b"{" * 100_000, b'{"a":' * 100_000, b'{"n":' + b"9" * 9_999])
def test_json_that_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="expected JSON Feed"):
        read(body)


def test_an_empty_feed_is_no_error() -> None:
    assert read(rss()) == Reading()
    assert read(atom()) == Reading()
    assert read(json_feed()) == Reading()


def test_the_pause_that_a_feed_asks_for_is_read() -> None:
    assert read(rss(channel="<ttl>90</ttl>")).ttl == timedelta(minutes=90)
    assert read(rss(channel="<ttl>soon</ttl>")).ttl is None
    period = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
    assert read(rss(channel=period)).ttl == timedelta(hours=6)


@given(st.sampled_from(sorted(DIALECTS)), st.integers(0, 9), st.floats(0, 1))
@settings(max_examples=10 * FACTOR)
def test_a_feed_cut_off_anywhere_gives_the_entries_until_then_or_is_refused(
    dialect: str, seed: int, part: float
) -> None:
    body = DIALECTS[dialect](Writer(seed), 3).encode()
    whole = {mention.id for mention in read(body).mentions}
    try:
        reading = read(body[: int(len(body) * part)])
    except InputError as e:
        assert "expected" in str(e)
    else:
        assert len(reading.mentions) <= len(whole)


ITEM_FIELDS = (  # noqa: SIM905
    "id url external_url title content_html content_text summary image date_published date_modified author authors "
    "tags language attachments"
).split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates().map(str),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "url", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["next_url", "expired", "hubs", "authors", "author", "language"]), JSON),
    st.lists(st.dictionaries(st.sampled_from(ITEM_FIELDS), JSON), max_size=4),
)
@settings(max_examples=50 * FACTOR)
def test_a_json_feed_with_fields_missing_or_of_any_type_loses_only_what_cannot_be_used(
    feed: dict[str, Any], items: list[dict[str, Any]]
) -> None:
    reading = read(json.dumps(feed | {"items": items}))
    assert len(reading.mentions) + len(reading.rejected) + reading.repeated == len(items)


@given(st.datetimes(AT.replace(1970, tzinfo=None), AT.replace(2100, tzinfo=None)), st.integers(-14 * 4, 14 * 4))
@settings(max_examples=50 * FACTOR)
def test_a_date_from_1970_to_2100_in_any_zone_is_read_in_each_dialect(at: datetime, quarters: int) -> None:
    at = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    (mention,) = read(rss(f"{LINK}<pubDate>{format_datetime(at)}</pubDate>")).mentions
    assert mention.published == at
    (mention,) = read(atom(f'<link href="/1"/><published>{at.isoformat()}</published>')).mentions
    assert mention.published == at
    (mention,) = read(json_feed({"id": "1", "url": "/1", "date_published": at.isoformat()})).mentions
    assert mention.published == at


@given(st.binary(max_size=300))
@settings(max_examples=50 * FACTOR)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for prefix in (b"", b"<rss><channel><item><link>https://s.example/</link><title>", b'{"items":[', b"\xff\xfe"):
        try:
            read(prefix + body)
        except InputError as e:
            assert "expected" in str(e)
