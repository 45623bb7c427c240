"""Sites of several kinds on loopback, read as `overheard init` reads them."""

import socket
import time
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.fetching.fetch import Limits
from overheard.errors import InputError
from overheard.onboard.site import why_not
from overheard.wiring.onboard import find_feeds, read_site
from tests.onboard import sites

QUICK = Limits(body=5_000_000, total=1.0, connect=1.0, gap=0.0)


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server of its own for each test: many sites, one address each."""
    with HTTPServer(host="127.0.0.1") as server:
        yield server


def test_a_maker_with_schema_org_data_is_read_whole(server: HTTPServer) -> None:
    found = read_site(sites.serve(server, sites.MAKER))

    assert found.name == "Korvane Machine Tools"
    assert {"Korvane", "कोरवाने"} <= set(found.names)
    assert found.products == ("Girna 250", "Koyna 400")
    assert [(p.name, p.speaks) for p in found.people] == [
        ("Revati Kelkar", True),
        ("Anand Deshmukh", True),
        ("Ines Okafor", False),
    ]
    assert found.competitors == ("Veltrani",)
    assert [feed.url for feed in found.feeds] == [server.url_for("/blog/feed.xml")]
    assert (found.region, found.currency, found.time_zone) == ("IN", "INR", "Asia/Kolkata")
    assert found.languages == ("en",)
    assert found.emails == ("sales@korvane.example",)
    assert {(a.platform, a.handle) for a in found.accounts} == {
        ("youtube", "korvanetools"),
        ("x", "korvanetools"),
        ("linkedin", "korvane"),
        ("mastodon", "korvane@mastodon.example"),
    }


def test_frames_tables_and_latin_1_of_the_nineties_are_read(server: HTTPServer) -> None:
    found = read_site(sites.serve(server, sites.OLD))

    assert found.name == "Schräder Werkzeugbau"
    assert "Schräder Werkzeugbau GmbH" in found.names
    assert found.products == ("Präzisa 12", "Präzisa 20")
    assert [p.name for p in found.people] == ["Jörg Schräder"]
    assert (found.region, found.languages) == ("DE", ("de",))


def test_a_page_of_scripts_alone_says_so_and_gives_what_its_head_has(server: HTTPServer) -> None:
    found = read_site(sites.serve(server, sites.SCRIPTED))

    assert found.name == "Palomino Cloud"
    assert "shows nothing without JavaScript" in found.notes[0]


def test_a_site_in_hindi_gives_names_products_people_and_where_it_is(server: HTTPServer) -> None:
    found = read_site(sites.serve(server, sites.HINDI))

    assert found.name == "सह्याद्री स्पिंडल्स"
    assert found.names == ("सह्याद्री स्पिंडल्स प्राइवेट लिमिटेड",)
    assert found.products == ("गिरणा 250", "कोयना 400")
    assert [(p.name, p.speaks) for p in found.people] == [("अनिल कुलकर्णी", True)]
    assert (found.languages, found.region, found.time_zone) == (("hi",), "IN", "Asia/Kolkata")


def test_a_site_in_chinese_of_another_encoding_is_read(server: HTTPServer) -> None:
    found = read_site(sites.serve(server, sites.CHINESE))

    assert found.name == "岭川机床"
    assert found.names == ("岭川机床有限公司",)
    assert "岭川 CK6140" in found.products
    assert [p.name for p in found.people] == ["林巧"]
    assert (found.languages, found.currency) == (("zh",), "CNY")


def test_a_site_in_arabic_is_read(server: HTTPServer) -> None:
    found = read_site(sites.serve(server, sites.ARABIC))

    assert found.name == "نهر الورش"
    assert found.products == ("مخرطة النيل 300",)
    assert (found.languages, found.region, found.currency) == (("ar",), "EG", "EGP")


def test_hostile_markup_names_and_data_end_as_plain_text(server: HTTPServer) -> None:
    began = time.monotonic()
    found = read_site(sites.serve(server, sites.HOSTILE))

    assert time.monotonic() - began < 5
    texts = [found.name, *found.names, *found.products]
    assert all(one.isprintable() for one in texts)
    assert not any("<script" in one for one in texts)


@pytest.mark.parametrize(("site", "said"), [(sites.EMPTY, "empty page"), (sites.NO_MARKUP, "expected a web page")])
def test_what_is_no_page_is_said_in_plain_words(server: HTTPServer, site: sites.Site, said: str) -> None:
    found = read_site(sites.serve(server, site))

    assert said in found.notes[0]
    assert found.name == ""
    assert found.products == ()


@pytest.mark.parametrize(
    ("status", "said"), [(404, "no such page"), (500, "in trouble"), (403, "does not let programs")]
)
def test_a_site_that_says_no_is_told_with_what_to_do(server: HTTPServer, status: int, said: str) -> None:
    found = read_site(sites.serve(server, {"/": sites.Answer(b"no", status=status)}))

    assert said in found.notes[0]
    assert "overheard init --step site" in found.notes[0]
    assert found.read == ()


def test_a_refused_connection_is_told_and_nothing_raised() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = read_site(f"127.0.0.1:{port}", limits=QUICK)

    assert found.read == ()
    assert "was not read" in found.notes[0]


def test_a_site_that_does_not_answer_in_time_is_given_up(server: HTTPServer) -> None:
    def slow(_: Request) -> Response:
        time.sleep(0.5)
        return Response("late")

    server.expect_request("/").respond_with_handler(slow)
    limits = Limits(total=0.1, connect=0.1, gap=0.0)
    found = read_site(f"{server.host}:{server.port}", limits=limits)

    assert "it took longer" in found.notes[0]


def test_a_circle_of_redirects_is_refused(server: HTTPServer) -> None:
    site = {"/": sites.Answer(b"", status=302, location="/b"), "/b": sites.Answer(b"", status=302, location="/")}
    found = read_site(sites.serve(server, site))

    assert "redirects" in found.notes[0]


def test_a_page_of_20_mb_is_refused_and_one_of_4_mb_read_by_its_beginning(server: HTTPServer) -> None:
    head = b"<title>Vast Ltd</title><body><h1>Vast</h1>"
    large = sites.Answer(head + b"<p>word</p>" * 1_900_000)
    found = read_site(sites.serve(server, {"/": large}))
    assert "at most 5,000,000 bytes" in found.notes[0]

    server.clear()
    began = time.monotonic()
    found = read_site(sites.serve(server, {"/": sites.Answer(head + b"<p>word</p>" * 360_000)}))
    assert found.name == "Vast"
    assert time.monotonic() - began < 5


def test_a_site_elsewhere_that_leads_to_this_machine_is_not_followed_there(server: HTTPServer) -> None:
    # Only the host that a person typed is allowed; by another name of this machine it is another host.
    other = f"http://[::1]:{server.port}/"
    found = read_site(sites.serve(server, {"/": sites.Answer(b"", status=302, location=other)}))

    assert "expected a public address" in found.notes[0]


@pytest.mark.parametrize("typed", ["", "   ", "firm", "ftp://firm.example", "http://", "http://[::1", "a b@c", "\x00"])
def test_what_is_no_address_is_an_error_that_says_what_is_expected(typed: str) -> None:
    with pytest.raises(InputError, match="expected the address of a site"):
        read_site(typed)


def test_the_feeds_of_the_press_are_found_on_their_page_or_taken_as_given(server: HTTPServer) -> None:
    typed = sites.serve(server, sites.MAKER)
    on_page, _ = find_feeds(typed)
    given, _ = find_feeds(f"{typed}/blog/feed.xml")
    none, notes = find_feeds(f"{typed}/contact")

    assert [feed.url for feed in on_page] == [server.url_for("/blog/feed.xml")]
    assert [feed.url for feed in given] == [server.url_for("/blog/feed.xml")]
    assert none == ()
    assert "names no feed" in notes[0]


def test_of_a_site_that_answers_slowly_what_was_had_in_time_counts(server: HTTPServer) -> None:
    times = iter((0.0, 10.0, 46.0))
    found = read_site(sites.serve(server, sites.MAKER), clock=lambda: next(times))

    assert found.name == "Korvane Machine Tools"
    assert len(found.read) == 2
    assert "answers so slowly" in found.notes[-1]


def test_a_name_without_an_address_is_told_without_the_systems_words() -> None:
    told = why_not("https://nowhere.example/", 0, "expected the address; got none: [Errno -2] unknown", home=True)
    assert "no server is known by this name, or this machine has no network" in told
