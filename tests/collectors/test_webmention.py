import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.base import Reading
from overheard.collectors.pages.webmention import (
    NO_LINK,
    NO_PAGE,
    PURPOSE,
    Webmention,
    refusal_of,
    what_it_may_become,
)
from overheard.errors import ConfigError
from overheard.records import Fetch, Mention, mention_id
from overheard.urls import canonical_url
from tests.collectors.polled import sources_in

NOW = datetime(2026, 5, 1, 13, tzinfo=UTC)
SOURCE = "https://ann.example/2026/pumps"
TARGET = "https://acme.example/pumps/"
ENTRY = """<!doctype html><html lang="en"><head><title>Ann's notes</title></head><body><article class="h-entry">
<a class="p-author h-card" href="https://ann.example/">Ann Lee</a><h1 class="p-name">{name}</h1>
<time class="dt-published" datetime="{published}">then</time>{more}
<div class="e-content"><p>{words} <a href="{target}">their pump</a>.</p></div>
<a class="u-url" href="{url}">here</a></article></body></html>"""


def fetch(
    body: str | bytes, media: str = "text/html; charset=utf-8", url: str = SOURCE, final: str = "", target: str = TARGET
) -> Fetch:
    return Fetch(
        id="f",
        source="ours",
        url=url,
        final_url=final or url,
        status=200,
        headers={"content-type": media} if media else {},
        body=body.encode() if isinstance(body, str) else body,
        at=NOW,
        purpose=PURPOSE,
        about=what_it_may_become("ours", url, target, NOW),
    )


def read(body: str | bytes, media: str = "text/html; charset=utf-8", target: str = TARGET, **given: str) -> Reading:
    return Webmention(name="ours", targets=("acme.example",)).read(fetch(body, media, target=target, **given))


def mention(body: str | bytes, media: str = "text/html; charset=utf-8", **given: str) -> Mention:
    reading = read(body, media, **given)
    assert not reading.refused
    (found,) = reading.mentions
    return found


def entry(
    name: str = "A pump that hums",
    published: str = "2026-04-30T10:00:00Z",
    more: str = "",
    url: str = SOURCE,
    **given: str,
) -> str:
    words = given.get("words", "It hums, this one:")
    return ENTRY.format(
        name=name, published=published, more=more, url=url, words=words, target=given.get("target", TARGET)
    )


# ---- Does it link there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="https://acme.example/pumps/">x</a>',
        '<a href="http://www.acme.example/pumps">x</a>',
        '<a href="//acme.example/pumps/?utm_source=ann#top">x</a>',
        "<A HREF=https://acme.example/pumps/>x",
        '<a href="https://acme.example/./a/../pumps/">x</a>',
        '<img src="https://acme.example/pumps/">',
        '<video><source src="https://acme.example/pumps/"></video>',
        '<iframe src="https://acme.example/pumps/"></iframe>',
        '<blockquote cite="https://acme.example/pumps/">x</blockquote>',
        '<a href="https://www.google.com/url?q=https%3A%2F%2Facme.example%2Fpumps%2F">x</a>',
        '<base href="https://acme.example/x/"><a href="../pumps/">x</a>',
        '<div class="h-entry"><p class="p-name">x</p><data class="u-like-of" value="https://acme.example/pumps/"></div>',
        '<div class="h-entry">x<link class="u-in-reply-to" href="https://acme.example/pumps/"></div>',
        '<a href="https://acme.example/pumps/">never closed <div><table><tr><td',
    ],
)
def test_a_page_that_links_to_the_target_or_embeds_it_is_a_mention_of_it(markup: str) -> None:
    assert mention(f"<html><body><p>Look: {markup}").links


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "https://acme.example/pumps/ is the address",
        '<!-- <a href="https://acme.example/pumps/">x</a> -->',
        '<script>document.write("<a href=https://acme.example/pumps/>x</a>")</script>',
        '<script src="https://acme.example/pumps/"></script>',
        '<style>p { background: url("https://acme.example/pumps/") }</style>',
        '<template><a href="https://acme.example/pumps/">x</a></template>',
        '<textarea><a href="https://acme.example/pumps/">x</a></textarea>',
        '<link rel="canonical" href="https://acme.example/pumps/">',
        '<meta property="og:url" content="https://acme.example/pumps/">',
        '<pre>&lt;a href="https://acme.example/pumps/"&gt;x&lt;/a&gt;</pre>',
        '<a href="https://acme.example/pumps/2">x</a>',
        '<a href="https://acme.example/pump">x</a>',
        '<a href="https://acme.example/pumps/?page=2">x</a>',
        '<a href="https://acme.example.evil.example/pumps/">x</a>',
        '<a href="https://evil.example/?u=https://acme.example/pumps/">x</a>',
        '<a title="https://acme.example/pumps/" href="/">x</a>',
        "<a href=\"javascript:location='https://acme.example/pumps/'\">x</a>",
    ],
)
def test_a_page_that_only_names_the_target_or_hides_it_from_readers_is_refused(markup: str) -> None:
    reading = read(f"<html><body><p>Look: {markup}")
    assert (reading.refused, reading.mentions) == (NO_LINK, ())


def test_the_words_of_a_json_document_and_of_a_text_are_looked_through_by_their_own_rules() -> None:
    assert mention('{"a": [{"b": "http://acme.example/pumps"}]}', "application/json")
    assert read('{"a": "see https://acme.example/pumps/ there"}', "application/json").refused == NO_LINK
    assert read('{"https://acme.example/pumps/": 1}', "application/json").refused == NO_LINK
    assert mention("Look (https://acme.example/pumps/), it hums.", "text/plain").content.startswith("Look")
    assert read("Look https://acme.example/pumps/2", "text/plain").refused == NO_LINK
    assert mention(f"# Pumps\n[this]({TARGET}) hums", "text/markdown").content.startswith("# Pumps")


@pytest.mark.parametrize("media", ["image/png", "application/pdf", "video/mp4"])
def test_what_is_no_page_is_refused_in_words(media: str) -> None:
    assert read(entry(), media).refused == NO_PAGE


@pytest.mark.parametrize("media", ["", "application/octet-stream", "application/xml", "application/xhtml+xml"])
def test_html_under_no_or_another_name_is_html(media: str) -> None:
    assert mention(entry(), media).name == "A pump that hums"


@pytest.mark.parametrize(
    ("target", "link", "same"),
    [
        (f"{TARGET}#details", TARGET, True),  # a place in the same text
        (TARGET, f"{TARGET}#details", True),
        (f"{TARGET}#comment-4", TARGET, False),  # another utterance
        (f"{TARGET}#comment-4", f"{TARGET}#comment-4", True),
        (f"{TARGET}#comment-4", f"{TARGET}#comment-5", False),
    ],
)
def test_the_fragment_of_a_target_counts_where_it_names_another_utterance(target: str, link: str, same: bool) -> None:
    assert bool(read(f'<p><a href="{link}">x</a>', target=target).mentions) is same


def test_the_fragment_of_a_source_that_names_an_element_makes_that_one_the_page() -> None:
    body = (
        f'<p id="c1">I like <a href="{TARGET}">this</a></p><p id="comment-2">Nothing to see here, move on.</p>'
        f'<p id="comment-3">But <a href="{TARGET}">that one</a> hums.</p>'
    )
    assert read(body, url=f"{SOURCE}#comment-2").refused == NO_LINK
    found = mention(body, url=f"{SOURCE}#comment-3")
    assert found.content == "But that one hums."
    assert found.url == f"{SOURCE}#comment-3"
    assert mention(body, url=f"{SOURCE}#comment-9").url == SOURCE, "which names nothing"


# ---- What it becomes -------------------------------------------------------------------------------------------------


def test_an_entry_becomes_a_mention_with_author_time_and_text() -> None:
    found = mention(entry())
    assert (found.name, found.content) == ("A pump that hums", "It hums, this one: their pump.")
    assert found.published == datetime(2026, 4, 30, 10, tzinfo=UTC)
    assert found.url == SOURCE
    assert found.id == mention_id("web", url=canonical_url(SOURCE))
    assert found.attributed_to is not None
    assert (found.attributed_to.name, found.attributed_to.url) == ("Ann Lee", "https://ann.example/")
    assert (found.source, found.first_seen, found.links) == ("ours", NOW, (TARGET,))


@pytest.mark.parametrize(
    ("word", "response", "title"),
    [
        ("in-reply-to", "reply", "Reply to"),
        ("like-of", "like", "Like of"),
        ("repost-of", "repost", "Repost of"),
        ("bookmark-of", "bookmark", "Bookmark of"),
    ],
)
def test_what_it_is_to_the_target_is_kept_and_told_where_it_has_no_words(word: str, response: str, title: str) -> None:
    said = mention(entry(more=f'<a class="u-{word}" href="{TARGET}">that</a>'))
    assert said.response == response
    assert said.in_reply_to == (TARGET if response == "reply" else "")
    mute = mention(f'<div class="h-entry"><a class="u-{word}" href="{TARGET}"></a></div>')
    assert (mute.response, mute.name) == (response, f"{title} {TARGET}")


def test_a_reply_to_another_page_that_links_here_is_a_mere_mention() -> None:
    found = mention(entry(more='<a class="u-in-reply-to" href="https://bob.example/1">Bob</a>'))
    assert (found.response, found.in_reply_to) == ("mention", "https://bob.example/1")


def test_a_page_without_microformats_is_read_as_an_article() -> None:
    words = " ".join(f"The pump of type {n} hums in the cellar all night long." for n in range(30))
    body = (
        "<html lang=de><head><title>Pumps that hum</title>"
        '<meta name="author" content="Ann Lee"><meta property="article:published_time" content="2026-04-02">'
        f'</head><body><nav>Menu</nav><article><h1>Pumps that hum</h1><p>{words} <a href="{TARGET}">It</a>.</p>'
        "</article></body></html>"
    )
    found = mention(body)
    assert (found.name, found.language, found.method) == ("Pumps that hum", "de", "page")
    assert found.content.startswith("The pump of type 0 hums")
    assert found.published == datetime(2026, 4, 2, tzinfo=UTC)
    assert found.attributed_to is not None
    assert found.attributed_to.name == "Ann Lee"


def test_microformats_as_json_and_other_json_become_mentions() -> None:
    items = {"items": [{"type": ["h-entry"], "properties": {"content": ["It hums"], "in-reply-to": [TARGET]}}]}
    found = mention(json.dumps(items), "application/mf2+json")
    assert (found.content, found.response) == ("It hums", "reply")
    other = {
        "title": "Pumps",
        "content_html": f'<p>It <a href="{TARGET}">hums</a>',
        "author": {"name": "Ann"},
        "u": TARGET,
    }
    found = mention(json.dumps(other), "application/feed+json")
    assert (found.name, found.content) == ("Pumps", "It hums")
    assert found.attributed_to is not None
    assert found.attributed_to.name == "Ann"


def test_of_a_page_of_many_entries_the_one_that_links_counts() -> None:
    notes = "".join(
        f'<div class="h-entry"><p class="e-content">Note {n}{link}</p><a class="u-url" href="/n/{n}">#</a></div>'
        for n, link in ((1, ""), (2, f' on <a href="{TARGET}">pumps</a>'), (3, ""))
    )
    assert mention(f"<body>{notes}").content == "Note 2 on pumps"


def test_nobody_speaks_in_the_name_of_another_page_or_person() -> None:
    body = (
        '<div class="h-entry"><a class="u-url" href="https://ann.example/other">x</a>'
        '<a class="u-syndication" href="https://bob.example/his">y</a>'
        '<a class="p-author h-card" href="https://bob.example/"><span class="p-name">Bob</span>'
        '<a class="u-email" href="mailto:bob@bob.example">m</a></a>'
        f'<p class="e-content">It <a href="{TARGET}">hums</a></p></div>'
    )
    found = mention(body)
    assert found.id == mention_id("web", url=canonical_url(SOURCE))
    assert found.aliases == ()
    assert found.attributed_to is not None
    assert found.attributed_to == type(found.attributed_to)(platform="web", name="Bob")


def test_after_redirects_the_page_that_came_speaks_and_within_its_site_the_address_that_led_there_is_the_same() -> None:
    final = "https://ann.example/2026/05/pumps"
    found = mention(entry(url=final), final=final)
    assert (found.id, found.url) == (mention_id("web", url=final), final)
    assert found.aliases == (SOURCE,)
    assert mention(entry(url=final), url="https://short.example/x", final=final).aliases == ()


def test_times_that_have_not_come_are_none() -> None:
    assert mention(entry(published="2100-01-01")).published is None
    assert mention(entry(published="2026-05-02T09:00:00Z")).published is not None, "a clock that is ahead"
    assert mention(entry(published="1970-01-01")).published == datetime(1970, 1, 1, tzinfo=UTC)


def test_what_a_page_says_of_another_page_of_ours_stands_whoever_sends_us_there_for_this_one() -> None:
    reading = read(entry(target="https://shop.acme.example/2"))
    assert (reading.refused, reading.deletions) == (NO_LINK, ())


def test_a_page_that_no_longer_links_leaves_a_deletion_of_its_own_saying_only() -> None:
    reading = read(entry(target="https://other.example/"))
    (deletion,) = reading.deletions
    assert (deletion.mention.id, deletion.own) == (mention_id("web", url=canonical_url(SOURCE)), True)


@pytest.mark.parametrize(
    "body",
    [
        "",
        " \n",
        "<html></html>",
        "<title>404 Not Found</title><h1>404 Not Found</h1><p>nginx",
        "<title>Just a moment...</title><p>Verify you are human by completing the action below.",
        "<title>Before you continue</title><p>We use cookies. Consent to our partners to go on.",
        "<title>Ann</title><noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div>",
    ],
)
def test_what_is_no_page_of_theirs_takes_nothing_away(body: str) -> None:
    reading = read(body)
    assert reading.refused
    assert reading.deletions == ()


# ---- Bad input -------------------------------------------------------------------------------------------------------

WHOLE = entry(more=f'<a class="u-like-of h-cite" href="{TARGET}">L</a>').encode()


@given(st.integers(0, len(WHOLE)), st.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_a_page_cut_off_or_broken_anywhere_is_a_mention_or_refused(at: int, junk: bytes) -> None:
    for body in (WHOLE[:at], WHOLE[:at] + junk + WHOLE[at:]):
        reading = read(body)
        assert bool(reading.mentions) != bool(reading.refused)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=10)
    | st.just(TARGET)
    | st.sampled_from(["h-entry", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["items", "type", "properties", "content", "name", "author", "url", "value", "html", "published"]
            )
            | st.sampled_from(
                ["in-reply-to", "like-of", "children", "category", "rels", "lang", "title", "text", "summary"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(values)
@settings(max_examples=200, deadline=None)
def test_json_of_any_shape_is_a_mention_or_refused(value: object) -> None:
    reading = read(json.dumps(value), "application/json")
    assert bool(reading.mentions) != bool(reading.refused)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 1000,
        b"[" * 100_000,
        b"<div>" * 50_000,
        b'<div class="h-entry">' * 5_000,
        b"\xff\xfe<\x00a\x00",
        b"<a href='" + b"x" * 100_000,
        b'<p class="h-entry p-name h-card u-url e-content dt-published" id="x"><a href="' + TARGET.encode() + b'">',
    ],
)
@pytest.mark.parametrize("media", ["text/html", "application/json", "text/plain", "", "text/html; charset=utf-7"])
def test_hostile_bodies_are_a_mention_or_refused(body: bytes, media: str) -> None:
    reading = read(body, media, url=f"{SOURCE}#x")
    assert bool(reading.mentions) != bool(reading.refused)


RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api" / "microformats" / "tests"


def test_recorded_microformats_are_each_a_mention_or_refused() -> None:
    pages = sorted(RECORDED.rglob("*.html"))
    if not pages:
        pytest.skip("the recorded microformats of ../shared are not here")
    for path in pages:
        body = path.read_bytes() + f'<a href="{TARGET}">x</a>'.encode()
        assert mention(body, "text/html", url="http://example.com/").links, path


# ---- What is asked of us ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "wrong"),
    [
        ("", TARGET, "source"),
        (SOURCE, "", "target"),
        ("ftp://ann.example/x", TARGET, "http"),
        (SOURCE, "javascript:alert(1)", "http"),
        ("not an address", TARGET, "http"),
        ("https://", TARGET, "http"),
        ("https://[::1", TARGET, "http"),
        ("https://ann.example:x/", TARGET, "http"),
        (f"{SOURCE}\n", TARGET, "http"),
        ("https://ann:secret@ann.example/", TARGET, "password"),
        (f"{SOURCE}/{'x' * 3000}", TARGET, "2,048"),
        (TARGET, TARGET, "same"),
        ("http://www.acme.example/pumps#x", TARGET, "same"),
        (SOURCE, TARGET, ""),
    ],
)
def test_what_is_no_webmention_is_refused_in_plain_words(source: str, target: str, wrong: str) -> None:
    refusal = refusal_of(source, target)
    assert wrong in refusal
    assert bool(refusal) is bool(wrong)


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_sent_is_judged(source: str, target: str) -> None:
    assert isinstance(refusal_of(source, target), str)
    assert isinstance(Webmention(name="ours", targets=("acme.example",)).takes(target), bool)


@pytest.mark.parametrize(
    ("target", "page", "taken"),
    [
        ("acme.example", "https://acme.example/", True),
        ("acme.example", "http://www.acme.example/a?b#c", True),
        ("www.acme.example", "https://shop.acme.example/", True),
        ("acme.example", "https://notacme.example/", False),
        ("acme.example", "https://acme.example.evil.example/", False),
        ("ACME.example", "https://acme.example:8443/", True),
        ("https://acme.example/blog/", "https://acme.example/blog", True),
        ("https://acme.example/blog/", "https://acme.example/blog/1?x=2", True),
        ("https://acme.example/blog/", "https://acme.example/blogs", False),
        ("https://acme.example/blog/", "https://acme.example/", False),
        ("https://acme.example/", "https://acme.example/anything", True),
        ("https://acme.example/", "https://shop.acme.example/", False),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
    ],
)
def test_mentions_are_taken_of_the_owners_pages_and_no_others(target: str, page: str, taken: bool) -> None:
    assert Webmention(name="ours", targets=(target,)).takes(page) is taken


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('name = "ours"', "targets"),
        ('name = "ours"\ntargets = []', "targets"),
        ('name = "ours"\ntargets = ["acme"]', "acme.example"),
        ('name = "ours"\ntargets = ["ftp://acme.example/"]', "acme.example"),
        ('name = "ours"\ntargets = ["acme.example"]\nurl = "https://acme.example/"', "url"),
        ('name = "ours"\ntargets = ["acme.example"]\ninterval = 3600', "interval"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_with_their_place(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        sources_in(tmp_path, f"[[webmention]]\n{text}\n")


def test_the_settings_name_the_pages_of_which_mentions_are_taken(tmp_path: Path) -> None:
    (source,) = sources_in(tmp_path, '[[webmention]]\nname = "ours"\ntargets = ["acme.example"]\n')
    assert isinstance(source, Webmention)
    assert source.takes(TARGET)
