"""The server in a thread: bound first, so that a port in use is said before anything else starts."""

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import h11
import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.h11_impl import H11Protocol

from overheard.config.settings import WebSettings, is_loopback
from overheard.errors import ConfigError, OverheardError

_GRACE = 2  # seconds for answers under way when it ends
_STARTED = 20.0
# More connections get a 503. A process may hold 1,024 files, and the engines must still be able to open theirs.
_MOST_CONNECTIONS = 256
_HEADERS = 64 * 1024  # bytes
_STANDARD_PORTS = {"http": 80, "https": 443}
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - recognised, not bound to


class Listener:
    """A bound socket, and the addresses under which it is reached.

    `local`: only this machine reaches it. With an `address` elsewhere something passes requests on, from anywhere.
    """

    def __init__(self, settings: WebSettings) -> None:
        """Bind. Raises ConfigError where the port is in use, the host not this machine's, or lacks what it needs."""
        self.settings = settings
        self._host = settings.host.strip("[]")
        elsewhere = urlsplit(settings.address).hostname if settings.address else None
        loopback = is_loopback(settings.host)
        self.local = loopback and (elsewhere is None or is_loopback(elsewhere))
        if not loopback and not (settings.certificate and settings.key):
            msg = f"expected `certificate` and `key` in [web] for TLS on {settings.host}; got none"
            raise ConfigError(msg)
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(self._host, settings.port, type=socket.SOCK_STREAM)[0]
            self.socket = socket.socket(family, kind, protocol)
        except OSError as e:
            msg = f"expected an address of this machine as `host` in [web]; got {settings.host!r}: {e}"
            raise ConfigError(msg) from e
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(where)
            self.socket.listen(128)
        except OSError as e:
            self.socket.close()
            msg = f"expected to listen on {self._host}, port {settings.port}; got: {e.strerror or e}. {_advice(e)}"
            raise ConfigError(msg) from e
        self.port = int(self.socket.getsockname()[1])

    @property
    def address(self) -> str:
        """The address to open: the configured one, or as bound."""
        if self.settings.address:
            return self.settings.address.rstrip("/")
        scheme = "https" if self.settings.certificate else "http"
        return f"{scheme}://{_in_url(self._host)}:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """The values of the Host header that mean this server; of the address only, where it is bound to all."""
        names = set() if self._host in _WILDCARDS else {_in_url(self._host)}
        if is_loopback(self.settings.host):
            names |= {"localhost", "127.0.0.1", "[::1]"}
        hosts = {f"{name}:{self.port}" for name in names}
        if self.port in _STANDARD_PORTS.values():
            hosts |= names
        if self.settings.address:
            parts = urlsplit(self.settings.address)
            name = _in_url(parts.hostname or "")
            standard = _STANDARD_PORTS[parts.scheme]
            hosts.add(f"{name}:{parts.port or standard}")
            if parts.port in (None, standard):
                hosts.add(name)
        return frozenset(hosts)

    def close(self) -> None:
        """Let go of the port."""
        self.socket.close()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            "Another program (or another Overheard) is there: choose another port with `overheard up --port N` or "
            "`port` in [web]"
        )
    if error.errno == errno.EACCES:
        return "Ports below 1024 are for the system's services: choose another with `overheard up --port N`"
    return "Name an address of this machine as `host` in [web]"


class Server:
    """An app on a listener, in a thread of its own."""

    def __init__(self, app: Litestar, listener: Listener) -> None:
        settings = listener.settings
        tls: dict[str, Any] = {}
        if settings.certificate:
            # A key under a passphrase would be asked for on the terminal. With one given it is an error instead;
            # a key without one does not look at it.
            tls = {"ssl_certfile": settings.certificate, "ssl_keyfile": settings.key, "ssl_keyfile_password": "none"}
        for file in (settings.certificate, settings.key):
            if file and not Path(file).is_file():
                msg = f"expected a PEM file as `certificate` and `key` in [web]; {file} is none"
                raise ConfigError(msg)
        ending = asyncio.Event()
        config = uvicorn.Config(
            _ending_streams(app, ending),
            http=_PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # addresses of feeds hold tokens, and others people
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=_HEADERS,
            **tls,
        )
        try:
            config.load()
        except (ssl.SSLError, OSError) as e:
            msg = f"expected a certificate and its key (PEM, without a passphrase) in [web]; got: {e}"
            raise ConfigError(msg) from e
        self._server = _Uvicorn(config, ending)
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        """Serve. On return requests are answered. Raises OverheardError where it does not come up."""
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_STARTED / 0.01)):
            if self._server.started or not self._thread.is_alive():
                break
            waited.wait(0.01)
        if not self._server.started:
            msg = f"expected the server on {self._listener.address} to start; it did not"
            raise OverheardError(msg)

    def stop(self) -> None:
        """End: live streams at once; answers under way get some seconds."""
        self._server.should_exit = True
        self._thread.join(_GRACE + 5)
        self._listener.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._listener.socket])


class _Uvicorn(uvicorn.Server):
    """Says that it ends before it waits for the answers under way."""

    def __init__(self, config: uvicorn.Config, ending: asyncio.Event) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending.set()
        await super().shutdown(sockets)


class _PatientProtocol(H11Protocol):
    """HTTP/1.1 that waits for the whole of a request for so long, not for ever: uvicorn waits only between them."""

    patience = 120.0  # seconds
    _seen: object = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        self._look_later()

    def _look_later(self) -> None:
        self.loop.call_later(self.patience / 8, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        now = self.loop.time()
        owing = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        if self.cycle is not self._seen or not owing:
            self._seen, self._since = self.cycle, now
        elif now - self._since >= self.patience:
            self.transport.abort()
            return
        self._look_later()


_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[dict[str, Any], _Receive, _Send], Awaitable[None]]


def _ending_streams(app: Litestar, ending: asyncio.Event) -> _App:
    """Return the app; to its live streams (server-sent events) everybody has gone when `ending` is set.

    A stream ends by itself only when its reader has gone, and a page stays open as long as its tab.
    """

    async def wrapped(scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        streams = False

        async def send_on(message: _Message) -> None:
            nonlocal streams
            if message["type"] == "http.response.start":
                kind = next((value for name, value in message["headers"] if name == b"content-type"), b"")
                streams = kind.startswith(b"text/event-stream")
            await send(message)

        async def receive_on() -> _Message:
            if not streams:
                return await receive()
            received, over = asyncio.ensure_future(receive()), asyncio.ensure_future(ending.wait())
            try:
                await asyncio.wait({received, over}, return_when=asyncio.FIRST_COMPLETED)
                # The end of the request may come first: nobody has read it yet.
                return received.result() if received.done() and not over.done() else {"type": "http.disconnect"}
            finally:
                received.cancel()
                over.cancel()

        await app(scope, receive_on, send_on)  # type: ignore[arg-type]

    return wrapped
