import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.onboard.page import read_page, tidy

URL = "https://firm.example/"


@given(st.binary(max_size=2_000), st.sampled_from(["", "text/html; charset=latin-1", "text/html; charset=nonsense"]))
def test_any_bytes_give_a_page(body: bytes, content_type: str) -> None:
    page = read_page(body, url=URL, content_type=content_type)

    assert page.url == URL


@given(st.text())
def test_a_tidied_text_is_one_printable_line_and_stays_as_it_is(text: str) -> None:
    once = tidy(text)

    assert "\n" not in once
    assert len(once) <= 300
    assert not any(ord(c) < 32 or "\u202a" <= c <= "\u202e" for c in once)


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 150_000,
        b"<b>" * 80_000 + b"</i>" * 80_000,
        b"<a " + b" ".join(b"a%d=1" % i for i in range(150_000)) + b">",
        b"<a href=x>" * 90_000,
        b"<h2>" + b"word " * 190_000,
        b'<div itemscope itemtype="https://schema.org/Product">' * 15_000,
        b"<title>" + b"- " * 400_000,
        b'<script type="application/ld+json">' + b"[" * 900_000,
        b"&amp;" * 190_000,
        b"<p>" + b"\xc2\xa9 copyright " * 60_000,
    ],
    ids=["deep", "unclosed", "attributes", "links", "heading", "microdata", "title", "json", "entities", "copyright"],
)
def test_a_page_made_to_be_slow_is_read_in_seconds(body: bytes) -> None:
    began = time.monotonic()
    read_page(body, url=URL)

    assert time.monotonic() - began < 5


def test_text_in_scripts_and_what_is_hidden_is_not_read() -> None:
    page = read_page(
        b"<body><script>x='Acme'</script><style>p{}</style><p>Seen</p><template>no</template></body>", url=URL
    )

    assert page.text == "Seen"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>Größe</title>".encode(), "text/html; charset=iso-8859-1"),
        ("<title>Größe</title>".encode("latin-1"), ""),
        ("<title>Größe</title>".encode("latin-1"), "text/html; charset=iso-8859-1"),
        ("<meta charset=windows-1252><title>Größe</title>".encode("cp1252"), "text/html"),
        ("\ufeff<title>Größe</title>".encode("utf-16-le"), "text/html"),
    ],
    ids=["utf-8 declared otherwise", "undeclared", "by http", "by meta", "utf-16"],
)
def test_a_title_is_read_whatever_its_encoding(body: bytes, content_type: str) -> None:
    assert read_page(body, url=URL, content_type=content_type).title == "Größe"


def test_links_are_absolute_by_the_base_of_the_page_and_other_schemes_left_out() -> None:
    body = b"""<base href="https://other.example/a/"><a href="b">B</a><a href="javascript:x()">J</a>
    <a href="//c.example">C</a>
    <a href="mailto:Jo@firm.example?subject=x">m</a><a href="tel:+91-20">t</a>"""
    page = read_page(body, url=URL)

    assert [link.url for link in page.links] == ["https://other.example/a/b", "https://c.example"]
    assert (page.emails, page.phones) == (("Jo@firm.example",), ("+91-20",))


def test_microdata_is_read_as_json_ld_is() -> None:
    body = b"""<div itemscope itemtype="https://schema.org/Organization"><span itemprop="name">Korvane</span>
    <div itemprop="founder" itemscope itemtype="https://schema.org/Person"><b itemprop="name">Jo Doe</b></div></div>"""
    page = read_page(body, url=URL)

    assert [(set(t.types), t.role, t.one("name")) for t in page.things] == [
        ({"Organization"}, "", "Korvane"),
        ({"Person"}, "founder", "Jo Doe"),
    ]
