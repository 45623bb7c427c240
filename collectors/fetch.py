"""The polite and wary HTTP client: one conditional, bounded GET, each of its hops checked.

Knows nothing of feeds. Wary: only http and https to public addresses, resolved once and connected to as resolved; body
capped while it streams, before and after inflation; one limit for the whole time; no cookies, no credentials, no
proxies from the environment. Polite: says who it is, never asks one site twice at once, and waits between two requests
to it. When to ask again is for `schedule` to say.
"""

import asyncio
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Literal
from urllib.parse import urljoin, urlsplit

import httpx

from overheard.records import Fetch, digest
from overheard.urls import registrable_domain

# `fetched`: a body came. `unmodified`: the server says nothing is new. `soft`: may pass by itself. `hard`: the source
# is not there. `refused`: we will not have what the server offers (address, size, encoding, too many redirects).
AnswerKind = Literal["fetched", "unmodified", "soft", "hard", "refused"]

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
# 4xx that say "not now" or "not you, not like this" rather than "not here".
_SOFT_STATUS = frozenset({401, 403, 407, 408, 421, 423, 425, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
_MAX_ADDRESSES = 3
_MAX_HEADER = 4_096


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one fetch. `body` in bytes, as sent and inflated each; `total` and `connect` in seconds.

    `gap`: seconds between the end of a request to a registrable domain and the start of the next.
    """

    body: int = 10 * 1024 * 1024
    total: float = 30.0
    connect: float = 10.0
    redirects: int = 5
    gap: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one fetch. Exactly the kind `fetched` has a `fetch`.

    `status` is 0 where no server answered. `message` says what was expected and what came; empty where all is well.
    `headers` are those of the last hop, `site` is its site. `moved_to` is where permanent redirects lead from the URL
    asked for, or "".
    """

    kind: AnswerKind
    status: int = 0
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    fetch: Fetch | None = None
    moved_to: str = ""
    site: str = ""


Resolve = Callable[[str, int], Collection[str]]
_Conditions = list[tuple[bytes, bytes]]


def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system's resolver orders them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def is_public(address: str) -> bool:
    """True for an address that anybody on the internet may mean.

    Not loopback, private, link-local (cloud metadata), shared, reserved or multicast. An IPv4 address inside an IPv6
    one (mapped, 6to4, Teredo, NAT64) counts as itself.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _LOCAL_NAT64:
            return False
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class Fetcher:
    """Fetches URLs. Thread-safe; requests to one registrable domain wait for each other.

    `contact` is a URL or e-mail address at which the owner of a site can reach whoever runs this. `allow` names hosts
    ("localhost") or hosts with a port ("127.0.0.1:8080") that may have a private address: for tests and samples.
    """

    def __init__(
        self,
        *,
        contact: str,
        allow: Collection[str] = (),
        limits: Limits | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._agent = f"Overheard/{version('overheard')} (+{contact})"
        self._allow = frozenset(allow)
        self._limits = limits or Limits()
        self._clock = clock
        self._sleep = sleep
        self._resolve = resolve
        self._tls = ssl.create_default_context()
        self._sites: dict[str, _Site] = {}
        self._lock = threading.Lock()

    def fetch(self, source: str, url: str, *, etag: str = "", last_modified: str = "", asked: str = "") -> Answer:
        """Return what came of asking `url` on behalf of `source`; never raises for what a server does.

        `etag` and `last_modified` are sent back byte for byte as an earlier answer had them. `asked` is the URL that
        the fetch is recorded under where it is not `url` (a source that moved keeps the name it was configured by).
        """
        conditions = [
            (name, value.encode("latin-1"))
            for name, value in ((b"If-None-Match", etag), (b"If-Modified-Since", last_modified))
            if value
        ]
        left = self._limits.total
        here, moved_to, permanent = url, "", True
        for _ in range(self._limits.redirects + 1):
            if refusal := _refusal(here):
                return Answer("refused", message=refusal, site=site_of(here))
            with self._site(here) as site:
                site.wait(self._limits.gap, self._sleep)
                began = time.monotonic()
                hop = self._hop(here, conditions, left)
                site.last = time.monotonic()
            left -= site.last - began
            if hop.kind != "redirect":
                fetch = self._recorded(hop, source, asked or url, here) if hop.kind == "fetched" else None
                worked = hop.kind in ("fetched", "unmodified")
                moved_to = moved_to if worked else ""
                return Answer(hop.kind, hop.status, hop.message, hop.headers, fetch, moved_to, site_of(here))
            try:
                there = urljoin(here, hop.headers["location"])
            except ValueError:
                there = hop.headers["location"]
            permanent = permanent and hop.status in _PERMANENT
            moved_to = there if permanent else moved_to
            here = there
        message = f"expected at most {self._limits.redirects} redirects; got more, the last to {here!r}"
        return Answer("refused", message=message, site=site_of(here))

    def _recorded(self, hop: "_Hop", source: str, asked: str, final: str) -> Fetch:
        at = self._clock()
        return Fetch(
            id=f"fet_{digest(source, final, at.isoformat(), hop.body.decode('latin-1'))}",
            source=source,
            url=asked,
            final_url=final,
            status=hop.status,
            headers=dict(hop.headers),
            body=hop.body,
            at=at,
        )

    def _site(self, url: str) -> "_Site":
        with self._lock:
            return self._sites.setdefault(site_of(url), _Site())

    def _hop(self, url: str, conditions: _Conditions, seconds: float) -> "_Hop":
        """Make one request, all of it within `seconds`."""
        target = httpx.URL(url)
        host = target.raw_host.decode("ascii").strip("[]")
        port = target.port or (443 if target.scheme == "https" else 80)
        try:
            addresses = list(self._resolve(host, port))
        except (OSError, UnicodeError) as e:
            return _Hop("soft", message=f"expected the address of {host!r}; got none: {e}")
        if not {host, f"{host}:{port}"} & self._allow:
            addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            return _Hop(
                "refused",
                message=f"expected a public address; {host!r} has none. Private, loopback and metadata addresses are "
                "not asked; a host of your own must be allowed in the settings",
            )
        hop = _Hop("soft", message=f"expected an answer from {host!r}; no time was left")
        for address in addresses[:_MAX_ADDRESSES]:
            began = time.monotonic()
            hop = asyncio.run(self._get(target, address, conditions, seconds))
            seconds -= time.monotonic() - began
            if hop.status or hop.connected or seconds <= 0:
                break
        return hop

    async def _get(self, url: httpx.URL, address: str, conditions: _Conditions, seconds: float) -> "_Hop":
        # The connection goes to the address that was checked; name and certificate are those of the host.
        request = httpx.Request(
            "GET",
            url.copy_with(host=address),
            headers=[
                (b"Host", url.netloc),
                (b"User-Agent", self._agent.encode("latin-1", "replace")),
                (b"Accept", ACCEPT.encode()),
                (b"Accept-Encoding", b"gzip, deflate"),
                (b"Connection", b"close"),
                *conditions,
            ],
            extensions={
                "sni_hostname": url.raw_host.decode("ascii"),
                "timeout": httpx.Timeout(seconds, connect=min(self._limits.connect, seconds)).as_dict(),
            },
        )
        try:
            async with asyncio.timeout(seconds):
                transport = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)
                async with transport:
                    response = await transport.handle_async_request(request)
                    try:
                        return await self._read(response)
                    finally:
                        await response.aclose()
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
            message = f"expected the whole answer within {self._limits.total:g} s; it took longer"
            return _Hop("soft", message=message, connected=True)
        except httpx.ConnectError as e:
            return _Hop("soft", message=f"expected a connection to {url.host!r}; got {e or 'none'}")
        except httpx.ConnectTimeout:
            return _Hop("soft", message=f"expected a connection to {url.host!r}; it took too long")
        except httpx.TransportError as e:
            message = f"expected a complete HTTP answer; got {type(e).__name__}: {e}"
            return _Hop("soft", message=message, connected=True)

    async def _read(self, response: httpx.Response) -> "_Hop":
        status, headers = response.status_code, _headers(response)
        if status == 304:
            return _Hop("unmodified", status, headers)
        if status in _REDIRECTS and headers.get("location"):
            return _Hop("redirect", status, headers)
        if not 200 <= status < 300:
            soft = status in _SOFT_STATUS or status >= 500
            return _Hop("soft" if soft else "hard", status, headers, message=f"expected status 200; got {status}")
        limit = self._limits.body
        length = headers.get("content-length", "")
        if length.isdigit() and len(length) < 20 and int(length) > limit:
            return _Hop("refused", status, headers, message=_too_large(limit, f"announces {int(length):,}"))
        inflater = None
        try:
            inflater = _Inflater(headers.get("content-encoding", ""), limit)
            received = 0
            async for chunk in response.aiter_raw():
                received += len(chunk)
                if received > limit:
                    return _Hop("refused", status, headers, message=_too_large(limit, "sends more"))
                inflater.feed(chunk)
            body = inflater.finish()
        except _TooLargeError:
            return _Hop("refused", status, headers, message=_too_large(limit, "inflates to more"))
        except _EncodingError as e:
            return _Hop("refused", status, headers, message=str(e))
        except zlib.error as e:
            return _Hop("soft", status, headers, message=f"expected a complete gzip or deflate body; got {e}")
        return _Hop("fetched", status, headers, body)


def site_of(url: str) -> str:
    """Return what is asked once at a time: the registrable domain of a URL, else its host, else ""."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return registrable_domain(host) or host


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request's outcome. `connected`: another address of the host would not have done better."""

    kind: Literal["fetched", "unmodified", "soft", "hard", "refused", "redirect"]
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    message: str = ""
    connected: bool = False


class _Site:
    """The turn of one registrable domain: who holds it may ask."""

    def __init__(self) -> None:
        self.last: float | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> "_Site":
        self._turn.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._turn.release()

    def wait(self, gap: float, sleep: Callable[[float], None]) -> None:
        """Wait until `gap` seconds have passed since the last request."""
        if self.last is not None and (rest := self.last + gap - time.monotonic()) > 0:
            sleep(rest)


class _TooLargeError(Exception):
    """The body inflates to more than is read."""


class _EncodingError(Exception):
    """A content encoding that was not asked for."""


class _Inflater:
    """Undoes one layer of gzip, zlib or raw deflate, piece by piece, never holding more than `limit` bytes.

    What the bytes are is seen from their beginning, since servers label gzip files as anything.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            message = f"expected content encoding gzip, deflate or none, as asked for; got {encoding[:80]!r}"
            raise _EncodingError(message)
        self._deflate = encoding == "deflate"
        self._limit = limit
        self._start = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._decoder: zlib._Decompress | None = None
        self._plain = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes as received. Raises _TooLargeError, zlib.error."""
        if self._decoder is None and not self._plain:
            self._start += data
            if len(self._start) < 2:
                return
            data, self._start = self._start, b""
            self._choose(data)
        if self._decoder is None:
            self._keep(data)
            return
        while data:
            self._keep(self._decoder.decompress(data, self._limit - self._size + 1))
            if self._decoder.eof:
                data = self._decoder.unused_data
                if not data.startswith(b"\x1f\x8b"):
                    return  # padding after the end
                self._decoder = zlib.decompressobj(31)
            else:
                data = self._decoder.unconsumed_tail

    def finish(self) -> bytes:
        """Return the whole body. Raises zlib.error where it was cut short."""
        if self._decoder is not None and not self._decoder.eof:
            raise zlib.error("one that ends too early")
        return b"".join(self._parts) + self._start

    def _choose(self, start: bytes) -> None:
        if start.startswith(b"\x1f\x8b"):
            self._decoder = zlib.decompressobj(31)
        elif self._deflate:
            # "deflate" means zlib by the standard, and raw deflate to some servers (RFC 9110, 8.4.1.2).
            zlib_header = start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
            self._decoder = zlib.decompressobj(15 if zlib_header else -15)
        else:
            self._plain = True

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise _TooLargeError
        self._parts.append(data)


def _too_large(limit: int, got: str) -> str:
    return f"expected a body of at most {limit:,} bytes; the server {got}. It was cut off and refused"


def _refusal(url: str) -> str:
    """Return why a URL is not asked at all; "" where it may be."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL) as e:
        return f"expected an http or https URL; got {url[:200]!r}: {e}"
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        return f"expected an http or https URL; got {url[:200]!r}"
    if parts.username or parts.password:
        return f"expected a URL without user name and password; got one for {parts.hostname!r}"
    return ""


def _headers(response: httpx.Response) -> dict[str, str]:
    """Return the headers as sent, as Latin-1, without cookies; of repeated ones the last."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    return {k: v for k, v in headers.items() if k not in ("set-cookie", "set-cookie2") and len(v) <= _MAX_HEADER}
