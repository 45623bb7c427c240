"""The sample world on loopback: feeds, files, pages, with validators and 304s, as real sites have them."""

import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from overheard.sample.publish import TYPES, page, post_page, publish
from overheard.sample.site import FIRM, Site
from overheard.sample.website import firm_pages, front_page, home_of
from overheard.sample.world import World

HOST = "127.0.0.1"
_HTML = "text/html; charset=utf-8"


class _Answer(NamedTuple):
    body: bytes
    type: str
    changed: datetime
    status: HTTPStatus = HTTPStatus.OK


class SampleServer:
    """Serves a world on this machine only, each host of the fiction at `/sites/<host>/`; a context manager.

    `port` 0 takes a free one. Posts that are yet to come appear as `clock` passes them. Raises OSError where the port
    is in use.
    """

    def __init__(
        self, world: World, port: int = 0, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._world = world
        self._clock = clock
        self._server = _Http((HOST, port), _handler(self))
        # It looks twenty times a second whether it is to stop: half a second, the default, is felt at a Ctrl-C.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sample", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Give the port back, where the server was never entered."""
        self._server.server_close()

    def answer(self, path: str) -> _Answer:
        """Return what is at a path (without query), a 404 page where nothing is."""
        if path == "/":
            return _Answer(front_page(self._world.sites).encode(), _HTML, self._world.now)
        found = next((s for s in self._world.sites if path.startswith(f"/sites/{s.host}/")), None)
        if found is None:
            return self._nothing(path)
        return self._of_site(found, path) or self._nothing(path)

    def _of_site(self, site: Site, path: str) -> _Answer | None:
        posts = [post for post in self._world.said_by(self._clock()) if post.site == site.name]
        changed = posts[-1].published if posts else self._world.now
        if path == site.path:
            return _Answer(publish(site, posts, self.address), TYPES[site.form], changed)
        below = path.removeprefix(f"/sites/{site.host}/")
        if below.startswith("posts/"):
            key = below.removeprefix("posts/")
            post = next((post for post in posts if post.key == key), None)
            return _Answer(post_page(site, post, self.address).encode(), _HTML, post.published) if post else None
        pages = firm_pages(posts) if site == FIRM else {"": home_of(site, posts)}
        return _Answer(pages[below].encode(), _HTML, changed) if below in pages else None

    def _nothing(self, path: str) -> _Answer:
        body = page("Not here", f"<h1>Not here</h1>\n<p>The sample world has nothing at {escape(path)}.</p>")
        return _Answer(body.encode(), _HTML, self._world.now, HTTPStatus.NOT_FOUND)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a caller who hung up, as browsers do; print anything else."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(server: SampleServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self._send(with_body=True)

        def do_HEAD(self) -> None:
            self._send(with_body=False)

        def _send(self, *, with_body: bool) -> None:
            answer = server.answer(unquote(urlsplit(self.path).path))
            tag = f'"{blake2b(answer.body, digest_size=12).hexdigest()}"'
            fresh = answer.status == HTTPStatus.OK and self._has(tag, answer.changed)
            self.send_response(HTTPStatus.NOT_MODIFIED if fresh else answer.status)
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", format_datetime(answer.changed, usegmt=True))
            self.send_header("Cache-Control", "max-age=0")
            if not fresh:
                self.send_header("Content-Type", answer.type)
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if with_body and not fresh:
                self.wfile.write(answer.body)

        def _has(self, tag: str, changed: datetime) -> bool:
            """True where the caller has this version: by its tag, else by its date (RFC 9110, 13.2.2)."""
            if (tags := self.headers.get("If-None-Match")) is not None:
                return tag in (one.strip().removeprefix("W/") for one in tags.split(",")) or tags.strip() == "*"
            if (since := self.headers.get("If-Modified-Since")) is None:
                return False
            try:
                return changed.replace(microsecond=0) <= parsedate_to_datetime(since)
            except (ValueError, TypeError):  # no date, or one without a zone
                return False

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that the library gave it
            """Say nothing: the commands say what was polled."""

    return Handler
