"""URLs: the public table of canonical forms, and what holds for every one."""

import socket
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overheard.urls import TRACKING, ascii_host, canonical_url, registrable_domain
from tests.strategies import raw_texts

# (as it came, canonical). "" stands for: no http(s) URL.
CASES = [
    # scheme, host, port, root
    ("https://example.com", "https://example.com/"),
    ("http://example.com/", "https://example.com/"),
    ("HTTPS://WWW.Example.COM/", "https://example.com/"),
    ("https://example.com:443/a", "https://example.com/a"),
    ("http://example.com:80/a", "https://example.com/a"),
    ("http://example.com:8080/a", "https://example.com:8080/a"),
    ("http://example.com:/a", "https://example.com/a"),
    ("https://example.com./a", "https://example.com/a"),
    ("  https://example.com/a\n", "https://example.com/a"),
    ("https://www.www.example.com/", "https://example.com/"),
    ("https://www.com/", "https://www.com/"),
    ("https://www.blogspot.com/", "https://www.blogspot.com/"),
    ("http://localhost:9200/a", "https://localhost:9200/a"),
    ("http://127.0.0.1/a", "https://127.0.0.1/a"),
    ("http://[::1]:8080/a", "https://[::1]:8080/a"),
    ("http://[2001:DB8:0:0::1]/a", "https://[2001:db8::1]/a"),
    ("https://user:secret@example.com/a", "https://example.com/a"),
    ("https://my_host.example.com/a", "https://my_host.example.com/a"),
    # names in other scripts
    ("https://münchen.de/", "https://xn--mnchen-3ya.de/"),
    ("https://MÜNCHEN.de/", "https://xn--mnchen-3ya.de/"),
    ("https://xn--mnchen-3ya.de/", "https://xn--mnchen-3ya.de/"),
    ("https://faß.de/", "https://xn--fa-hia.de/"),
    ("https://例え.jp/例え", "https://xn--r8jz45g.jp/%E4%BE%8B%E3%81%88"),
    ("https://i❤.ws/", "https://xn--i-7iq.ws/"),
    ("https://ｅxample。com/", "https://example.com/"),
    # path
    ("https://example.com/a/", "https://example.com/a"),
    ("https://example.com/a//", "https://example.com/a"),
    ("https://example.com/A", "https://example.com/A"),
    ("https://example.com/a/./b/../c", "https://example.com/a/c"),
    ("https://example.com/../../a", "https://example.com/a"),
    ("https://example.com/%7Ejane", "https://example.com/~jane"),
    ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
    ("https://example.com/a b", "https://example.com/a%20b"),
    ("https://example.com/100%", "https://example.com/100%25"),
    ("https://example.com/%2525", "https://example.com/%2525"),
    ("https://example.com/straße", "https://example.com/stra%C3%9Fe"),
    ("https://example.com/a;jsessionid=0A1B?x=1", "https://example.com/a?x=1"),
    ("https://example.com/a;v=2", "https://example.com/a;v=2"),
    # query
    ("https://example.com?a=1", "https://example.com/?a=1"),
    ("https://example.com/a?", "https://example.com/a"),
    ("https://example.com/a?b=2&a=1", "https://example.com/a?a=1&b=2"),
    ("https://example.com/a?a=2&a=1", "https://example.com/a?a=1&a=2"),
    ("https://example.com/a?x", "https://example.com/a?x"),
    ("https://example.com/a?q=a%20b", "https://example.com/a?q=a+b"),
    ("https://example.com/a?q=%E4%BD%A0", "https://example.com/a?q=%E4%BD%A0"),
    ("https://example.com/a?q=你", "https://example.com/a?q=%E4%BD%A0"),
    ("https://example.com/a?&&x=1&", "https://example.com/a?x=1"),
    ("https://example.com/?p=1&UTM_Source=x&utm_medium=y", "https://example.com/?p=1"),
    ("https://example.com/a?fbclid=x&gclid=y&mc_cid=z&_hsenc=1&mkt_tok=2", "https://example.com/a"),
    ("https://example.com/a?pk_campaign=x&hsa_acc=1&mtm_source=y", "https://example.com/a"),
    ("https://example.com/a?source=rss&ref=home", "https://example.com/a?ref=home&source=rss"),
    ("https://example.com/a?s=20&t=abc", "https://example.com/a?s=20&t=abc"),
    ("https://x.com/jane/status/1?s=20&t=abc", "https://x.com/jane/status/1"),
    ("https://www.youtube.com/watch?v=abc&si=x&feature=shared", "https://youtube.com/watch?v=abc"),
    # fragment: a place in the page goes, an utterance of its own stays
    ("https://example.com/a#top", "https://example.com/a"),
    ("https://example.com/a#section-2", "https://example.com/a"),
    ("https://example.com/a#:~:text=hello", "https://example.com/a"),
    ("https://blog.example.com/post/#comment-42", "https://blog.example.com/post#comment-42"),
    ("https://blog.example.com/post/#div-comment-42", "https://blog.example.com/post#div-comment-42"),
    ("https://forum.example.com/t/9#p77", "https://forum.example.com/t/9#p77"),
    ("https://github.com/a/b/issues/1#issuecomment-5", "https://github.com/a/b/issues/1#issuecomment-5"),
    ("https://github.com/a/b/pull/2#discussion_r284", "https://github.com/a/b/pull/2#discussion_r284"),
    ("https://git.example.com/a/issues/1#note_77", "https://git.example.com/a/issues/1#note_77"),
    ("https://blog.example.com/post#comment-6a00d8", "https://blog.example.com/post#comment-6a00d8"),
    ("https://qa.example.com/questions/1/why#comment77_42", "https://qa.example.com/questions/1/why#comment77_42"),
    ("https://qa.example.com/questions/1/why/4242#4242", "https://qa.example.com/questions/1/why/4242#4242"),
    ("https://example.com/a#comments", "https://example.com/a"),
    ("https://example.com/a#respond", "https://example.com/a"),
    ("https://groups.google.com/forum/#!topic/g/abc", "https://groups.google.com/forum#!topic/g/abc"),
    ("https://matrix.to/#/@jane:example.org", "https://matrix.to/#/@jane:example.org"),
    # shapes of one page: mobile, AMP
    ("https://m.example.com/a", "https://example.com/a"),
    ("https://mobile.example.co.uk/a", "https://example.co.uk/a"),
    ("https://en.m.wikipedia.org/wiki/Acme", "https://en.wikipedia.org/wiki/Acme"),
    ("https://m.blogspot.com/a", "https://m.blogspot.com/a"),
    ("https://m.me/jane", "https://m.me/jane"),
    ("https://amp.example.com/2026/a", "https://example.com/2026/a"),
    ("https://example.com/2026/11/a-title/amp/", "https://example.com/2026/11/a-title"),
    ("https://example.com/a?amp=1", "https://example.com/a"),
    ("https://example.com/a?outputType=amp", "https://example.com/a"),
    ("https://github.com/jane/amp", "https://github.com/jane/amp"),
    ("https://example.com/amp", "https://example.com/amp"),
    ("https://www.google.com/amp/s/www.example.com/a/b", "https://example.com/a/b"),
    ("https://www-example-com.cdn.ampproject.org/c/s/www.example.com/a?x=1", "https://example.com/a?x=1"),
    # one site under several names
    ("https://twitter.com/jane", "https://x.com/jane"),
    ("https://mobile.twitter.com/jane", "https://x.com/jane"),
    ("http://old.reddit.com/r/a/", "https://reddit.com/r/a"),
    ("https://np.reddit.com/r/a", "https://reddit.com/r/a"),
    ("https://web.facebook.com/jane", "https://facebook.com/jane"),
    # links that only lead on
    ("https://www.google.com/url?sa=t&url=https%3A%2F%2Fexample.com%2Fa%3Futm_source%3Dg", "https://example.com/a"),
    ("https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.com%2Fa%3Fb%3D1&h=AT0", "https://example.com/a?b=1"),
    ("https://www.youtube.com/redirect?event=x&q=http%3A%2F%2Fexample.com", "https://example.com/"),
    ("https://www.google.com/url?q=nonsense", "https://google.com/url?q=nonsense"),
    # no http(s) URL
    ("", ""),
    ("example.com/a", ""),
    ("//example.com/a", ""),
    ("/a/b", ""),
    ("mailto:jane@example.com", ""),
    ("javascript:alert(1)", ""),
    ("ftp://example.com/a", ""),
    ("file:///etc/passwd", ""),
    ("data:text/html,hello", ""),
    ("tag:example.com,2026:1", ""),
    ("http:///a", ""),
    ("http://", ""),
    ("https://exa mple.com/", ""),
    ("https://<b>/", ""),
    ("https://a..b/", ""),
    ("https://.example.com/", ""),
    ("https://example.com:port/", ""),
    ("https://example.com:99999/", ""),
    ("https://[nonsense]/", ""),
    ("https://[::1/", ""),
    ("https://" + "a" * 300 + ".com/", ""),
    ("https://example.com/" + "a" * 9_000, ""),
]


@pytest.mark.parametrize(("url", "expected"), CASES)
def test_canonical_form(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@pytest.mark.parametrize("expected", sorted({expected for _, expected in CASES}))
def test_a_canonical_form_is_its_own_canonical_form(expected: str) -> None:
    assert canonical_url(expected) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/a", "https://example.com/b"),
        ("https://example.com/a", "https://blog.example.com/a"),
        ("https://example.com/?p=1", "https://example.com/?p=2"),
        ("https://a.blogspot.com/", "https://b.blogspot.com/"),
        ("https://example.com/a#comment-1", "https://example.com/a#comment-2"),
        ("https://example.com/a%2Fb", "https://example.com/a/b"),
        ("https://example.com/%2525", "https://example.com/%25"),
        ("https://example.com:8080/", "https://example.com/"),
        ("https://faß.de/", "https://fass.de/"),
    ],
)
def test_different_pages_stay_apart(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


hosts = st.sampled_from(
    [
        "example.com",
        "www.example.co.uk",
        "m.a.blogspot.com",
        "google.com",
        "l.facebook.com",
        "münchen.de",
        "[::1]",
        "x.com",
        "a-b.cdn.ampproject.org",
        "twitter.com",
        "i❤.ws",
        "localhost",
        "amp.dev",
        "127.0.0.1",
        "xn--a.com",
        "q\u00ad.de",
    ]
)
pieces = st.one_of(
    st.sampled_from(
        ["amp", "..", ".", "", "a", "url", "l.php", "c", "s", "%", "%2", "%41", "%2f", "%25", ";jsessionid=1"]
    )
    | st.sampled_from(
        ["q=", "u=", "http://", "https%3A%2F%2Fexample.com", "&", "=", "?", "#", "/", "utm_a=1", "+", "%20"]
    ),
    raw_texts,
)
urls = st.builds(
    lambda scheme, host, port, rest: f"{scheme}://{host}{port}/" + "".join(rest),
    st.sampled_from(["http", "https", "HTTP"]),
    hosts,
    st.sampled_from(["", ":80", ":8080", ":0"]),
    st.lists(pieces | st.just("/"), max_size=10),
)


@given(url=urls | raw_texts)
@example(url="https://google.com/url?q=" * 300)
@example(url="https://google.com/amp/" * 300 + "a.b")
@example(url="https://example.com/" + "é" * 4_000)
@example(url="https://example.com/#" + "comment" * 1_000 + "1" * 1_000 + ".")
@example(url="https://\ud800.com/")
@example(url="https://example.com/\ud800?\udfff#!\ud800")
def test_any_text_has_one_canonical_form_or_none(url: str) -> None:
    form = canonical_url(url)
    assert canonical_url(form) == form
    assert form.isascii()
    if form:
        parts = urlsplit(form)
        assert parts.scheme == "https"
        assert parts.hostname
        assert parts.username is None


@given(name=st.sampled_from(sorted(TRACKING)), value=st.text("ab%&"))
def test_no_tracking_parameter_changes_an_id(name: str, value: str) -> None:
    value = value.replace("&", "")
    assert canonical_url(f"https://example.com/a?{name}={value}&b=1") == "https://example.com/a?b=1"


# --- registrable domain


@pytest.mark.parametrize(
    ("url_or_host", "expected"),
    [
        ("https://www.example.co.uk/a?b=http://other.com", "example.co.uk"),
        ("example.com", "example.com"),
        ("EXAMPLE.com:8080", "example.com"),
        ("https://jane:secret@blog.example.com:80/", "example.com"),
        ("//cdn.example.com/a", "example.com"),
        ("https://jane.blogspot.com/", "jane.blogspot.com"),
        ("jane.github.io", "jane.github.io"),
        ("https://münchen.de/", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("co.uk", ""),
        ("www.acme.internal", "acme.internal"),
        ("acme.example", "acme.example"),
        ("internal", ""),
        ("localhost", ""),
        ("127.0.0.1", ""),
        ("http://[::1]/", ""),
        ("", ""),
    ],
)
def test_registrable_domain(url_or_host: str, expected: str) -> None:
    assert registrable_domain(url_or_host) == expected


@given(text=raw_texts | urls)
@example(text="https://[")
@example(text="\ud800.com")
def test_a_registrable_domain_never_raises(text: str) -> None:
    domain = registrable_domain(text)
    assert domain.isascii()
    assert registrable_domain(domain) == domain


def test_a_registrable_domain_asks_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*args: object, **kwargs: object) -> NoReturn:
        pytest.fail("a socket was made")

    monkeypatch.setattr(socket, "socket", no_socket)
    monkeypatch.setattr(socket, "getaddrinfo", no_socket)
    assert registrable_domain("https://never-seen-before.example.zuerich/") == "example.zuerich"


@given(host=raw_texts | hosts)
def test_a_host_in_ascii_is_its_own_form(host: str) -> None:
    form = ascii_host(host)
    assert ascii_host(form) == form
