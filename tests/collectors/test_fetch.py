import gzip
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.fetching.addresses import is_public
from overheard.collectors.fetching.fetch import Answer, Fetcher, Limits, site_of

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
QUICK = Limits(body=100_000, total=1.0, connect=1.0, gap=0.0)


def fetcher(server: HTTPServer | None = None, **options: Any) -> Fetcher:
    defaults: dict[str, Any] = {
        "contact": "https://us.example/bot",
        "allow": {f"{server.host}:{server.port}"} if server else set(),
        "limits": QUICK,
        "clock": lambda: AT,
    }
    return Fetcher(**(defaults | options))


def get(server: HTTPServer, path: str = "/feed", **validators: str) -> Answer:
    return fetcher(server).fetch("site", server.url_for(path), **validators)


@contextmanager
def raw_server(*pieces: bytes, pause: float = 0.0, endless: bool = False) -> Iterator[str]:
    """Answer one connection with these bytes, then (if endless) with the last of them until the client has enough."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(65_536)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    stop.wait(pause)
                while endless and not stop.is_set():
                    connection.sendall(pieces[-1])
                    stop.wait(pause)
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.close()
        thread.join()


def get_raw(address: str) -> Answer:
    return fetcher(allow={address}).fetch("site", f"http://{address}/feed")


# ---- What is asked and kept ----------------------------------------------------------------------------------------


def test_a_body_is_fetched_with_what_it_was_sent_with(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(b"<rss/>", headers={"ETag": 'W/"1"', "X-Thing": "y"})
    answer = get(httpserver)
    assert (answer.kind, answer.status, answer.message, answer.moved_to) == ("fetched", 200, "", "")
    assert answer.fetch is not None
    assert (answer.fetch.body, answer.fetch.source, answer.fetch.at) == (b"<rss/>", "site", AT)
    assert answer.fetch.headers["etag"] == 'W/"1"'
    assert answer.fetch.headers["x-thing"] == "y"


def test_the_request_says_who_asks_and_for_what(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(b"x")
    get(httpserver)
    request, _ = httpserver.log[0]
    assert request.headers["User-Agent"].startswith("Overheard/")
    assert "(+https://us.example/bot)" in request.headers["User-Agent"]
    assert request.headers["Accept-Encoding"] == "gzip, deflate"
    assert request.headers["Host"] == f"{httpserver.host}:{httpserver.port}"
    assert "rss+xml" in request.headers["Accept"]


def test_validators_go_back_byte_for_byte_and_nothing_new_is_said_to_be_so(httpserver: HTTPServer) -> None:
    etag, modified = 'W/"a b;c\xe9"', "Mon, 20 Apr 2026 10:00:00 +0200"

    def conditional(request: Request) -> Response:
        same = (request.headers["If-None-Match"], request.headers["If-Modified-Since"]) == (etag, modified)
        return Response(status=304 if same else 200, headers={"ETag": "new"})

    httpserver.expect_request("/feed").respond_with_handler(conditional)
    answer = get(httpserver, etag=etag, last_modified=modified)
    assert (answer.kind, answer.fetch, answer.headers["etag"]) == ("unmodified", None, "new")


def test_cookies_are_neither_kept_nor_sent_back(httpserver: HTTPServer) -> None:
    def cookie(request: Request) -> Response:
        assert "Cookie" not in request.headers
        response = Response(b"x", status=200 if request.path == "/there" else 302)
        response.headers["Set-Cookie"] = "a=b"
        response.headers["Location"] = "/there"
        return response

    httpserver.expect_request("/feed").respond_with_handler(cookie)
    httpserver.expect_request("/there").respond_with_handler(cookie)
    client = fetcher(httpserver)
    for _ in range(2):
        answer = client.fetch("site", httpserver.url_for("/feed"))
        assert answer.fetch is not None
        assert "set-cookie" not in answer.fetch.headers
    httpserver.check_assertions()


# ---- Redirects -----------------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_only_permanent_ones_are_a_move(httpserver: HTTPServer) -> None:
    for path, status, there in (("/a", 301, "/b"), ("/b", 308, "/c"), ("/c", 302, "/d"), ("/d", 301, "/e")):
        httpserver.expect_request(path).respond_with_data(status=status, headers={"Location": there})
    httpserver.expect_request("/e").respond_with_data(b"here")
    answer = get(httpserver, "/a")
    assert answer.fetch is not None
    assert answer.fetch.body == b"here"
    assert (answer.fetch.url, answer.fetch.final_url) == (httpserver.url_for("/a"), httpserver.url_for("/e"))
    assert answer.moved_to == httpserver.url_for("/c")


def test_a_circle_of_redirects_is_refused(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(status=301, headers={"Location": "/feed"})
    answer = get(httpserver)
    assert (answer.kind, answer.moved_to) == ("refused", "")
    assert "at most 5 redirects" in answer.message


@pytest.mark.parametrize(
    "there",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://2130706433/",
        "http://0/",
        "http://[::1]/",
        "http://10.0.0.1/",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(httpserver: HTTPServer, there: str) -> None:
    # What the system makes of these names, without asking it.
    known = {"localhost": "127.0.0.1", "2130706433": "127.0.0.1", "0": "0.0.0.0"}
    httpserver.expect_request("/feed").respond_with_data(status=302, headers={"Location": there})
    client = fetcher(httpserver, resolve=lambda host, port: [known.get(host, host)])
    answer = client.fetch("site", httpserver.url_for("/feed"))
    assert answer.kind == "refused"
    assert "expected a public address" in answer.message


@pytest.mark.parametrize("there", ["file:///etc/passwd", "ftp://a.example/", "gopher://x", "http://u:p@a.example/"])
def test_a_redirect_to_anything_but_a_web_page_is_refused(httpserver: HTTPServer, there: str) -> None:
    httpserver.expect_request("/feed").respond_with_data(status=302, headers={"Location": there})
    answer = get(httpserver)
    assert answer.kind == "refused"
    assert "expected a" in answer.message
    assert "u:p" not in answer.message


# ---- Addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "no address",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:4700::6810:84e5", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]
)
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)


def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_asked(httpserver: HTTPServer) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    httpserver.expect_request("/feed").respond_with_data(b"x")
    client = fetcher(allow={f"rebinding.example:{httpserver.port}"}, resolve=resolve)
    answer = client.fetch("site", f"http://rebinding.example:{httpserver.port}/feed")
    assert answer.kind == "fetched"
    assert asked == ["rebinding.example"]
    assert httpserver.log[0][0].headers["Host"] == f"rebinding.example:{httpserver.port}"


def test_a_name_with_a_private_address_is_refused_and_nothing_is_asked(httpserver: HTTPServer) -> None:
    client = fetcher(resolve=lambda host, port: ["127.0.0.1"])
    answer = client.fetch("site", f"http://inside.example:{httpserver.port}/feed")
    assert answer.kind == "refused"
    assert "'inside.example' has none" in answer.message
    assert httpserver.log == []


def test_a_name_that_cannot_be_resolved_may_be_there_later() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    answer = fetcher(resolve=resolve).fetch("site", "https://gone.example/")
    assert (answer.kind, answer.status) == ("soft", 0)
    assert "gone.example" in answer.message


def test_nobody_at_the_address_may_be_there_later(httpserver: HTTPServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = get_raw(f"127.0.0.1:{port}")
    assert (answer.kind, answer.status) == ("soft", 0)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "site.example/feed", "http://", "http://a:b", "http://a b/"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert fetcher(resolve=lambda host, port: []).fetch("site", url).kind == "refused"


# ---- Bounds --------------------------------------------------------------------------------------------------------


def test_a_body_that_announces_50_mb_is_refused_unread(httpserver: HTTPServer) -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n", b"x" * 1000) as address:
        answer = get_raw(address)
    assert (answer.kind, answer.fetch) == ("refused", None)
    assert "at most 100,000 bytes; the server announces 52,428,800" in answer.message


def test_an_endless_body_is_cut_off_and_refused() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000, endless=True) as address:
        answer = get_raw(address)
    assert (answer.kind, answer.fetch) == ("refused", None)
    assert "sends more" in answer.message


def test_a_slow_body_is_given_up_after_the_whole_time() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n\r\n", b"x", pause=0.05, endless=True) as address:
        client = fetcher(allow={address}, limits=Limits(total=0.3, gap=0))
        answer = client.fetch("site", f"http://{address}/feed")
    assert answer.kind == "soft"
    assert "within 0.3 s" in answer.message


def test_slow_headers_are_given_up_after_the_whole_time() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", pause=0.05, endless=True) as address:
        client = fetcher(allow={address}, limits=Limits(total=0.3, gap=0))
        answer = client.fetch("site", f"http://{address}/feed")
    assert answer.kind == "soft"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_a_decompression_bomb_is_refused(httpserver: HTTPServer, encoding: str) -> None:
    zeros = bytes(60_000_000)
    bomb = zlib.compress(zeros, 1) if encoding == "deflate" else gzip.compress(zeros, 9)[:99_000]
    if encoding == "deflate":
        bomb = bomb[:99_000]
    httpserver.expect_request("/feed").respond_with_data(
        bomb, headers={"Content-Encoding": encoding} if encoding else {}
    )
    answer = get(httpserver)
    assert (answer.kind, answer.fetch) == ("refused", None)
    assert "inflates to more" in answer.message


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", gzip.compress(b"hello" * 1000)),
        ("GZIP", gzip.compress(b"hello" * 400) + gzip.compress(b"hello" * 600)),
        ("gzip", gzip.compress(b"hello" * 1000) + bytes(512)),
        ("", gzip.compress(b"hello" * 1000)),
        ("deflate", zlib.compress(b"hello" * 1000)),
        ("deflate", zlib.compress(b"hello" * 1000, wbits=-15)),
        ("gzip", b"hello" * 1000),
        ("identity", b"hello" * 1000),
    ],
    ids=["gzip", "two members", "padded", "unsaid", "zlib", "deflate", "not deflated", "identity"],
)
def test_bodies_are_inflated_by_what_they_are(httpserver: HTTPServer, encoding: str, sent: bytes) -> None:
    httpserver.expect_request("/feed").respond_with_data(sent, headers={"Content-Encoding": encoding})
    answer = get(httpserver)
    assert answer.fetch is not None, answer.message
    assert answer.fetch.body == b"hello" * 1000


@pytest.mark.parametrize("body", [b"", b"x"])
def test_the_shortest_bodies_are_bodies(httpserver: HTTPServer, body: bytes) -> None:
    httpserver.expect_request("/feed").respond_with_data(body)
    answer = get(httpserver)
    assert answer.fetch is not None
    assert answer.fetch.body == body


def test_an_encoding_that_was_not_asked_for_is_refused(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(b"x", headers={"Content-Encoding": "br"})
    answer = get(httpserver)
    assert answer.kind == "refused"
    assert "got 'br'" in answer.message


def test_a_body_cut_short_may_be_whole_later(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(gzip.compress(bytes(range(256)) * 50)[:-20])
    assert get(httpserver).kind == "soft"
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort") as address:
        assert get_raw(address).kind == "soft"


def test_what_is_not_http_may_be_later() -> None:
    with raw_server(b"SSH-2.0-x\r\n") as address:
        answer = get_raw(address)
    assert answer.kind == "soft"
    assert "expected a complete HTTP answer" in answer.message


# ---- Errors and manners --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "hard"), (410, "hard"), (400, "hard"), (403, "soft"), (429, "soft"), (500, "soft"), (503, "soft")],
)
def test_errors_that_may_pass_are_told_from_those_that_will_not(httpserver: HTTPServer, status: int, kind: str) -> None:
    httpserver.expect_request("/feed").respond_with_data(status=status, headers={"Retry-After": "7"})
    answer = get(httpserver)
    assert (answer.kind, answer.status, answer.headers["retry-after"]) == (kind, status, "7")
    assert f"got {status}" in answer.message


def test_a_site_is_asked_once_at_a_time_with_a_gap(httpserver: HTTPServer) -> None:
    under_way: list[int] = []
    most: list[int] = []

    def slow(request: Request) -> Response:
        under_way.append(1)
        most.append(len(under_way))
        threading.Event().wait(0.02)
        under_way.pop()
        return Response(b"x")

    httpserver.expect_request("/feed").respond_with_handler(slow)
    waits: list[float] = []
    client = fetcher(httpserver, limits=Limits(gap=60.0), sleep=waits.append)
    threads = [threading.Thread(target=client.fetch, args=("site", httpserver.url_for("/feed"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(waits) == 2
    assert all(59 < wait <= 60 for wait in waits)


def test_hosts_of_one_registrable_domain_are_one_site() -> None:
    assert site_of("https://a.site.co.uk/x") == site_of("http://b.site.co.uk:8080/") == "site.co.uk"
    assert site_of("http://127.0.0.1:1/") == "127.0.0.1"
    assert site_of("http://[") == ""
