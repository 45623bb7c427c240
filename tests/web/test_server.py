"""The server as a thing: where it listens, TLS, broken and slow requests, and how it ends. Real sockets."""

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.params import RawBody
from litestar.response import ServerSentEvent

from overheard.config.settings import WebSettings
from overheard.errors import ConfigError
from overheard.web.server import Listener, Server, _PatientProtocol
from overheard.wiring.kinds import load_settings

LOOPBACK = "127.0.0.1"


@get("/", sync_to_thread=False)
def here() -> str:
    return "here"


UNDER_WAY = threading.Event()


@get("/slow", sync_to_thread=True)
def slow() -> str:
    UNDER_WAY.set()
    time.sleep(0.6)
    return "late"


@post("/length", sync_to_thread=False)
def length(body: RawBody) -> int:
    return len(body)


@get("/live")
async def live() -> ServerSentEvent:
    async def told() -> AsyncIterator[str]:
        yield "begun"
        await asyncio.sleep(3_600)

    return ServerSentEvent(told())


@contextmanager
def served(settings: WebSettings) -> Iterator[Listener]:
    listener = Listener(settings)
    server = Server(Litestar([here, slow, length, live], openapi_config=None, logging_config=None), listener)
    server.start()
    try:
        yield listener
    finally:
        server.stop()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with served(WebSettings(port=0)) as listener:
        yield listener


def said(listener: Listener, request: bytes, *, wait: float = 10.0) -> bytes:
    """Send bytes, and return all that comes back until the connection ends or nothing comes any more."""
    with closing(socket.create_connection((LOOPBACK, listener.port), timeout=wait)) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while more := connection.recv(65_536):
                answer += more
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


# --- where it listens ---


def test_port_0_takes_a_free_port_and_names_it(listener: Listener) -> None:
    assert listener.port > 0
    assert listener.address == f"http://127.0.0.1:{listener.port}"
    assert listener.hosts == {f"{name}:{listener.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    assert httpx.get(listener.address, trust_env=False).text == "here"


def test_a_port_that_another_program_has_is_said_with_what_to_do() -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port}; got: Address already in use.*overheard up --port N"):
            Listener(WebSettings(port=port))


def test_a_port_can_be_taken_again_at_once() -> None:
    with served(WebSettings(port=0)) as first:
        assert httpx.get(first.address, trust_env=False).status_code == 200
        port = first.port
    with served(WebSettings(port=port)) as again:
        assert httpx.get(again.address, trust_env=False).status_code == 200


def test_ipv6_is_reached_by_its_address_in_brackets() -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("needs ::1 on this machine")
    with served(WebSettings(host="::1", port=0)) as listener:
        assert listener.address == f"http://[::1]:{listener.port}"
        assert f"[::1]:{listener.port}" in listener.hosts
        assert listener.local
        assert httpx.get(listener.address, trust_env=False).text == "here"


def test_another_address_than_this_machines_needs_tls_however_the_settings_were_made() -> None:
    with pytest.raises(ConfigError, match=r"expected `certificate` and `key` in \[web\] for TLS on 0.0.0.0"):
        Listener(WebSettings(host="0.0.0.0", port=0))


def test_behind_a_proxy_nobody_is_local_and_its_name_is_ours() -> None:
    with closing(Listener(WebSettings(port=0, address="https://heard.firm.example/"))) as listener:
        assert not listener.local
        assert listener.address == "https://heard.firm.example"
        assert {"heard.firm.example", "heard.firm.example:443"} <= listener.hosts
    with closing(Listener(WebSettings(port=0, address="http://localhost:8787"))) as listener:
        assert listener.local


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("host = '192.0.2.1'", "web.host: expected an address of this machine"),
        ("host = '0.0.0.0'\ncertificate = 'a'", "web.host: expected an address of this machine"),
        ("host = '0.0.0.0'\ncertificate = 'a'\nkey = 'b'", "web.host: expected the `address` that others open"),
        ("address = 'http://heard.firm.example'", "web.address: expected an https address"),
        ("address = 'https://firm.example/overheard'", "web.address: expected an address without a path or user"),
    ],
)
def test_settings_that_would_let_others_in_unprotected_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "overheard.toml"
    file.write_text(f"[web]\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_settings(file)


# --- TLS ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("tls")
    files = (str(folder / "cert.pem"), str(folder / "key.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-keyout", files[1], "-out", files[0], "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl to make a certificate; TLS was not tested")
    return files


def test_with_a_certificate_it_speaks_tls_and_nothing_else(certificate: tuple[str, str]) -> None:
    cert, key = certificate
    with served(WebSettings(port=0, certificate=cert, key=key)) as listener:
        assert listener.address == f"https://127.0.0.1:{listener.port}"
        trusted = ssl.create_default_context(cafile=cert)
        assert httpx.get(listener.address, verify=trusted, trust_env=False).text == "here"
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(listener.address, trust_env=False)
        assert b"here" not in said(listener, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")


@pytest.mark.parametrize("wrong", ["gone", "empty", "swapped", "passphrase"])
def test_a_certificate_or_key_that_is_none_is_said_and_nothing_is_asked(
    certificate: tuple[str, str], tmp_path: Path, wrong: str
) -> None:
    cert, key = certificate
    if wrong == "gone":
        cert = str(tmp_path / "gone.pem")
    elif wrong == "empty":
        cert = str(tmp_path / "empty.pem")
        Path(cert).write_text("", encoding="utf-8")
    elif wrong == "swapped":
        cert, key = key, cert
    else:
        locked = str(tmp_path / "locked.pem")
        command = ["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked]
        subprocess.run(command, check=True, capture_output=True)
        key = locked
    app = Litestar([here], openapi_config=None, logging_config=None)
    with (
        closing(Listener(WebSettings(port=0, certificate=cert, key=key))) as listener,
        pytest.raises(ConfigError, match=r"expected a .*PEM"),
    ):
        Server(app, listener)


# --- broken requests ---


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nno colon here\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nbomb: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 30_000 + b"\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_what_is_no_http_or_too_much_of_it_ends_the_connection_and_nothing_else(
    listener: Listener, request_: bytes
) -> None:
    answer = said(listener, request_, wait=3)
    assert not answer or b" 400 " in answer.partition(b"\r\n")[0]
    assert httpx.get(listener.address, trust_env=False).text == "here"


def test_a_request_that_is_never_whole_is_given_up_and_a_slow_answer_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_PatientProtocol, "patience", 0.3)
    with served(WebSettings(port=0)) as listener:
        for part in (b"", b"GET / HT", b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf"):
            begun = time.monotonic()
            assert b"200" not in said(listener, part, wait=5)
            assert time.monotonic() - begun < 3
        assert httpx.get(f"{listener.address}/slow", trust_env=False).text == "late"


def test_more_connections_than_it_takes_are_told_so(listener: Listener) -> None:
    held = [socket.create_connection((LOOPBACK, listener.port)) for _ in range(300)]
    try:
        statuses = set()
        for connection in held[-3:]:
            connection.settimeout(10)
            connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            statuses.add(connection.recv(65_536).split(b" ", 2)[1])
        assert statuses == {b"503"}
    finally:
        for connection in held:
            connection.close()
    deadline = time.monotonic() + 60
    while httpx.get(listener.address, trust_env=False).status_code != 200 and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert httpx.get(listener.address, trust_env=False).text == "here"


# --- how it ends ---


def test_it_ends_at_once_though_pages_are_live_and_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overheard.web.server._GRACE", 60)  # so that whoever waits for it is told from a busy machine
    listener = Listener(WebSettings(port=0))
    server = Server(Litestar([here, live], openapi_config=None, logging_config=None), listener)
    server.start()
    with httpx.Client(trust_env=False) as client, client.stream("GET", f"{listener.address}/live") as answer:
        assert next(answer.iter_lines()) == "data: begun"
        idle = socket.create_connection((LOOPBACK, listener.port))
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 30
        idle.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((LOOPBACK, listener.port))


def test_answers_under_way_are_given_to_the_end() -> None:
    listener = Listener(WebSettings(port=0))
    server = Server(Litestar([here, slow], openapi_config=None, logging_config=None), listener)
    server.start()
    got: list[str] = []
    asking = threading.Thread(
        target=lambda: got.append(httpx.get(f"{listener.address}/slow", trust_env=False).text), daemon=True
    )
    UNDER_WAY.clear()
    asking.start()
    assert UNDER_WAY.wait(30)
    server.stop()
    asking.join(30)
    assert got == ["late"]


def test_nothing_that_is_asked_is_logged(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    httpx.get(f"{listener.address}/?token=oht_secret&q=ann@firm.example", trust_env=False)
    said(listener, b"GET /?token=oht_secret\r\n\r\n", wait=2)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert "oht_secret" not in json.dumps(ours)
    assert "ann@" not in json.dumps(ours)
