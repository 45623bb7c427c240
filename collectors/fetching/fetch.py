"""The wary HTTP client: one conditional, bounded GET, each of its hops checked.

    Course ─▶ ask ─▶ Course, where the answer leads elsewhere ─▶ ask ─▶ … ─▶ Answer

Knows nothing of feeds. Only http and https to public addresses, resolved once and connected to as resolved; body capped
while it streams, before and after inflation; one limit for the whole time; no cookies, no proxies from the environment,
no credentials but a source's own token, to its own host. Each hop is one request to one site, so that whoever asks can
wait for the turn of that site first (`polling.queue`); `fetch` does so by itself, for those who ask now and then.
"""

import asyncio
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.metadata import version
from typing import Literal, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from overheard.collectors.fetching.addresses import Resolve, is_public, system_resolve
from overheard.collectors.fetching.grants import Grants, Inquiry, Reply
from overheard.collectors.fetching.inflate import EncodingError, Inflater, TooLargeError
from overheard.collectors.fetching.secrets import Place, SecretError, Secrets, header_of, without_token
from overheard.records import Fetch, Mention, digest
from overheard.urls import registrable_domain

# `fetched`: a body came. `unmodified`: the server says nothing is new. `soft`: may pass by itself. `hard`: the source
# is not there. `refused`: we will not have what the server offers (address, size, encoding, too many redirects).
# `spent`: it was not asked, since too little of a budget is left.
AnswerKind = Literal["fetched", "unmodified", "soft", "hard", "refused", "spent"]

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
# 4xx that say "not now" or "not you, not like this" rather than "not here".
_SOFT_STATUS = frozenset({401, 403, 407, 408, 421, 423, 425, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_MAX_ADDRESSES = 3
_RESOLVERS = 16
_MAX_HEADER = 4_096
# Of the JSON of an error, and what its bytes may take after its headers.
_MAX_SAID = 16_384
_SAID_SECONDS = 5.0
# Of the answer of a token endpoint; and for how long at most it is left alone at its word.
_MAX_TOKEN = 65_536
_HOUR = timedelta(hours=1)
_NOT_TAKEN = "The token of this source was not taken: it expired, was withdrawn, or does not allow this"
_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts no certificate: where there is none
_NOT_PUBLIC = "expected a public address; {!r} has none"
_WANTED = "It wants a token of whoever asks"


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
    asked for, or "". `said` is the JSON in which a server says why it gives nothing, some kB at most and without the
    token that it was asked with; `until` is when it may be asked again by that, `alone`: by the account that asked.
    `cursor` is where the next request goes on, of a source that is asked so (`Course.cursor`); `more`: it has more
    already.
    """

    kind: AnswerKind
    status: int = 0
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    fetch: Fetch | None = None
    moved_to: str = ""
    site: str = ""
    said: bytes = b""
    until: datetime | None = None
    cursor: str = ""
    more: bool = False
    alone: bool = False


class Beside(Protocol):
    """How a source is asked that is not asked over HTTP. Thread-safe."""

    async def ask(self, course: "Course", token: str = "") -> Answer:
        """Return what comes after `course.cursor`; never raises for what a server does.

        `token` is what an exchange gave for its source, "" where none is made.
        """
        ...


@dataclass(frozen=True, slots=True)
class Course:
    """One fetch on its way: what was asked on behalf of whom, and where its redirects led until now.

    `url` is what the fetch is recorded under, `here` what is to be asked next. `etag` and `last_modified` are sent byte
    for byte as an earlier answer had them. `moved_to` is where permanent redirects led, "" for nowhere; `hops` counts
    all; `spent` seconds went by in requests. `most`: bytes of the body that are taken at most, where that is less than
    others may have (`Limits.body`). `purpose`, `about` and `errand` are recorded with the fetch
    (`records.Fetch`). `cursor` is where an earlier answer ended, of a source whose server does not know that.
    """

    source: str
    url: str
    here: str
    etag: str = ""
    last_modified: str = ""
    purpose: str = ""
    about: Mention | None = None
    errand: str = ""
    accept: str = ACCEPT
    most: int | None = None
    moved_to: str = ""
    permanent: bool = True
    hops: int = 0
    spent: float = 0.0
    cursor: str = ""

    @property
    def site(self) -> str:
        """The site that is asked next."""
        return site_of(self.here)

    @property
    def conditions(self) -> list[tuple[bytes, bytes]]:
        """The headers that make the request conditional."""
        pairs = ((b"If-None-Match", self.etag), (b"If-Modified-Since", self.last_modified))
        return [(name, value.encode("latin-1")) for name, value in pairs if value]


@dataclass(frozen=True, slots=True)
class Reach:
    """How to connect to a URL: at these addresses alone, which were checked, with what is sent in every request.

    `secret` are the headers with its source's token, if it has one; what came is kept without the `token`.
    """

    url: httpx.URL
    addresses: Sequence[str]
    agent: str
    secret: Sequence[tuple[bytes, bytes]] = field(repr=False)
    token: str = field(repr=False)
    tls: ssl.SSLContext = field(repr=False)


class Fetcher:
    """Fetches URLs. Thread-safe.

    `contact` is a URL or e-mail address at which the owner of a site can reach whoever runs this; "" where no site is
    asked. `allow` names hosts
    ("localhost") or hosts with a port ("127.0.0.1:8080") that may have a private address: for tests and samples.
    `secrets` are the tokens of sources, each sent to its source's own host alone. `beside` is how those sources are
    asked that are not asked over HTTP, by their names.
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
        secrets: Secrets | None = None,
        beside: Mapping[str, Beside] | None = None,
    ) -> None:
        self.agent = f"Overheard/{version('overheard')}{f' (+{contact})' if contact else ''}"
        self.limits = limits or Limits()
        self._allow = frozenset(allow)
        self._clock = clock
        self._sleep = sleep
        self._resolve = resolve
        self._secrets = secrets or Secrets()
        self._beside = beside or {}
        self._grants = Grants(clock)
        # Names are resolved beside the loop: a resolver may take its time, and asyncio's own pool has five threads.
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")
        self._sites: dict[str, _Site] = {}
        self._lock = threading.Lock()

    def fetch(self, source: str, url: str, *, etag: str = "", last_modified: str = "", asked: str = "") -> Answer:
        """Return what came of asking `url` on behalf of `source`; never raises for what a server does.

        Requests to one registrable domain wait for each other, with a gap between them. `etag` and `last_modified` are
        sent back byte for byte as an earlier answer had them. `asked` is the URL that the fetch is recorded under where
        it is not `url` (a source that moved keeps the name it was configured by).
        """
        course: Course | Answer = Course(source, asked or url, url, etag=etag, last_modified=last_modified)
        while isinstance(course, Course):
            with self._site(course.site) as site:
                site.wait(self.limits.gap, self._sleep)
                course = asyncio.run(self.ask(course))
                site.last = time.monotonic()
        return course

    async def ask(self, course: Course) -> Course | Answer:
        """Make the next request of a course; return how it goes on, or what came of it. Never raises as `fetch`."""
        here = course.here
        if (other := self._beside.get(course.source)) is not None:
            return await self._ask_beside(other, course)
        if course.hops > self.limits.redirects:
            message = f"expected at most {self.limits.redirects} redirects; got more, the last to {here!r}"
            return Answer("refused", message=message, site=course.site)
        if refusal := refusal_of(here):
            return Answer("refused", message=refusal, site=course.site)
        began = time.monotonic()
        try:
            place = self._secrets.place(course.source, here)
            token = "" if place is None else await self._token(course, place)
            hop = await self._hop(course, _secret(place, token), self.limits.total - course.spent)
            if place is not None and place.grant and _is_over(hop):
                # It may have ended before its time: once more, with a new one.
                token = await self._token(course, place, refused=token)
                hop = await self._hop(course, _secret(place, token), self.limits.total - course.spent)
        except SecretError as e:
            return Answer("soft", message=str(e), site=course.site)
        hop = _without(hop, token)
        if hop.status == 401:
            hop = replace(hop, message=f"{hop.message}. {_NOT_TAKEN if token else _WANTED}")
        if hop.kind != "redirect":
            fetch = self._recorded(hop, course) if hop.kind == "fetched" else None
            worked = hop.kind in ("fetched", "unmodified")
            return Answer(
                hop.kind,
                hop.status,
                hop.message,
                hop.headers,
                fetch,
                course.moved_to if worked else "",
                course.site,
                b"" if worked else hop.body,
            )
        try:
            there = urljoin(here, hop.headers["location"])
        except ValueError:
            there = hop.headers["location"]
        permanent = course.permanent and hop.status in _PERMANENT
        return replace(
            course,
            here=there,
            permanent=permanent,
            moved_to=there if permanent else course.moved_to,
            hops=course.hops + 1,
            spent=course.spent + time.monotonic() - began,
        )

    async def _ask_beside(self, other: Beside, course: Course) -> Answer:
        """Return what came of a source that is not asked over HTTP, with a token where one is had by an exchange."""
        place = self._secrets.place(course.source, course.here)
        if place is None:
            return await other.ask(course)
        try:
            token = await self._token(course, place)
            answer = await other.ask(course, token)
            if answer.status == 401:
                # It may have ended before its time: once more, with a new one.
                answer = await other.ask(course, await self._token(course, place, refused=token))
        except SecretError as e:
            return Answer("soft", message=str(e), site=course.site)
        return answer

    async def _token(self, course: Course, place: Place, *, refused: str = "") -> str:
        """Return the token of a source, by an exchange where it takes one. Raises SecretError."""
        if place.grant is None:
            return place.value(course.source)
        return await self._grants.token(course.source, place, place.grant, self._inquire, refused=refused)

    async def _inquire(self, inquiry: Inquiry) -> Reply:
        """Ask a token endpoint. No redirect is followed, and nothing that came of it is kept."""
        if refusal := refusal_of(inquiry.url):
            return Reply(message=refusal)
        course = Course("", inquiry.url, inquiry.url, accept="application/json", most=_MAX_TOKEN)
        headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in inquiry.headers.items()]
        hop = await self._hop(course, headers, self.limits.total, inquiry.body)
        # Whoever asks next keeps the pause between two requests to a site.
        await asyncio.sleep(self.limits.gap)
        message = "expected status 200; got a redirect" if hop.kind == "redirect" else hop.message
        after = hop.headers.get("retry-after", "").strip()
        seconds = int(after[:6]) if after.isascii() and after.isdigit() else 0
        return Reply(hop.status, hop.body, message, min(timedelta(seconds=seconds), _HOUR))

    async def reach(self, source: str, url: str) -> "Reach | Answer":
        """Return how to connect to a URL on behalf of `source` for longer than one answer takes; else why not."""
        site = site_of(url)
        if refusal := refusal_of(url):
            return Answer("refused", message=refusal, site=site)
        course = Course(source, url, url)
        try:
            place = self._secrets.place(source, url)
            token = "" if place is None else await self._token(course, place)
        except SecretError as e:
            return Answer("soft", message=str(e), site=site)
        addresses = await self._addresses(httpx.URL(url), self.limits.connect)
        if isinstance(addresses, _Hop):
            refused: AnswerKind = "refused" if addresses.kind == "refused" else "soft"
            return Answer(refused, message=addresses.message, site=site)
        return Reach(
            httpx.URL(url), addresses, self.agent, _secret(place, token), token, self._tls(urlsplit(url).scheme)
        )

    def _tls(self, scheme: str) -> ssl.SSLContext:
        return _NOBODY if scheme in {"http", "ws"} else self._trusted

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context()  # reading all certificates takes 30 ms: not before one is to be checked

    def has_come_to_allow(self, url: str, message: str) -> bool:
        """True where an address was refused with a message since its host is private, and the settings name it now."""
        if refusal_of(url):
            return False
        host, port = _host_of(httpx.URL(url))
        return message.startswith(_NOT_PUBLIC.format(host)) and self._is_allowed(host, port)

    def _is_allowed(self, host: str, port: int) -> bool:
        return bool({host, f"{host}:{port}"} & self._allow)

    def account(self, source: str) -> str:
        """Return the same for sources that are asked with the same token (`Secrets.account`).

        One that is not asked over HTTP goes on where it alone has come to.
        """
        return digest(source) if source in self._beside else self._secrets.account(source)

    def has_secret(self, source: str) -> bool:
        """True where the settings say where a token of a source is, whether it is there or not."""
        return source in self._secrets.places

    def mark(self, source: str) -> str:
        """Return the same as long as the secrets of a source are (`Secrets.mark`)."""
        return self._secrets.mark(source)

    def close(self) -> None:
        """Let the threads go that resolve names; nothing can be asked then."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _recorded(self, hop: "_Hop", course: Course) -> Fetch:
        at = self._clock()
        return Fetch(
            id=f"fet_{digest(course.source, course.here, at.isoformat(), hop.body.decode('latin-1'))}",
            source=course.source,
            url=course.url,
            final_url=course.here,
            status=hop.status,
            headers=dict(hop.headers),
            body=hop.body,
            at=at,
            purpose=course.purpose,
            about=course.about,
            errand=course.errand,
        )

    def _site(self, site: str) -> "_Site":
        with self._lock:
            return self._sites.setdefault(site, _Site())

    async def _addresses(self, target: httpx.URL, seconds: float) -> "list[str] | _Hop":
        """Return the addresses of a host that may be connected to, or why there is none."""
        host, port = _host_of(target)
        try:
            resolving = asyncio.get_running_loop().run_in_executor(self._resolvers, self._resolve, host, port)
            addresses = list(await asyncio.wait_for(resolving, max(seconds, 0)))
        except (OSError, UnicodeError) as e:  # TimeoutError is an OSError
            return _Hop("soft", message=f"expected the address of {host!r}; got none: {e or 'it took too long'}")
        if not self._is_allowed(host, port):
            addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            return _Hop(
                "refused",
                message=f"{_NOT_PUBLIC.format(host)}. Private, loopback and metadata addresses are not asked, but for "
                "a host of your own that `allow_hosts` of `[http]` names",
            )
        return addresses[:_MAX_ADDRESSES]

    async def _hop(
        self, course: Course, secret: Sequence[tuple[bytes, bytes]], seconds: float, post: bytes | None = None
    ) -> "_Hop":
        """Make one request, all of it within `seconds`; with `post` that is sent."""
        target = httpx.URL(course.here)
        began = time.monotonic()
        addresses = await self._addresses(target, seconds)
        if isinstance(addresses, _Hop):
            return addresses
        seconds -= time.monotonic() - began
        hop = _Hop("soft", message=f"expected an answer from {target.host!r}; no time was left")
        for address in addresses:
            began = time.monotonic()
            hop = await self._send(target, address, course, secret, seconds, post=post)
            seconds -= time.monotonic() - began
            if hop.status or hop.connected or seconds <= 0:
                break
        return hop

    async def _send(
        self,
        url: httpx.URL,
        address: str,
        course: Course,
        secret: Sequence[tuple[bytes, bytes]],
        seconds: float,
        *,
        post: bytes | None,
    ) -> "_Hop":
        # The connection goes to the address that was checked; name and certificate are those of the host.
        request = httpx.Request(
            "GET" if post is None else "POST",
            url.copy_with(host=address),
            headers=[
                (b"Host", url.netloc),
                (b"User-Agent", self.agent.encode("latin-1", "replace")),
                (b"Accept", course.accept.encode()),
                (b"Accept-Encoding", b"gzip, deflate"),
                (b"Connection", b"close"),
                *course.conditions,
                *secret,
            ],
            content=post,
            extensions={
                "sni_hostname": url.raw_host.decode("ascii"),
                "timeout": httpx.Timeout(seconds, connect=min(self.limits.connect, seconds)).as_dict(),
            },
        )
        try:
            async with asyncio.timeout(seconds):
                transport = httpx.AsyncHTTPTransport(verify=self._tls(url.scheme), trust_env=False)
                async with transport:
                    response = await transport.handle_async_request(request)
                    try:
                        return await self._read(response, course.most)
                    finally:
                        await response.aclose()
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
            message = f"expected the whole answer within {self.limits.total:g} s; it took longer"
            return _Hop("soft", message=message, connected=True)
        except httpx.ConnectError as e:
            if (wrong := _wrong_certificate(e)) is not None:
                message = (
                    f"expected a valid certificate of {url.host!r}; got one that is none: {wrong}. The owner of the "
                    "site has to mend that"
                )
                return _Hop("soft", message=message)
            return _Hop("soft", message=f"expected a connection to {url.host!r}; got {e or 'none'}")
        except httpx.ConnectTimeout:
            return _Hop("soft", message=f"expected a connection to {url.host!r}; it took too long")
        except httpx.TransportError as e:
            message = f"expected a complete HTTP answer; got {type(e).__name__}: {e}"
            return _Hop("soft", message=message, connected=True)

    async def _read(self, response: httpx.Response, most: int | None) -> "_Hop":
        status, headers = response.status_code, _headers(response)
        if status == 304:
            return _Hop("unmodified", status, headers)
        if status in _REDIRECTS and headers.get("location"):
            return _Hop("redirect", status, headers)
        if not 200 <= status < 300:
            soft = status in _SOFT_STATUS or status >= 500
            said = await _said(response, headers) if status >= 400 else b""
            return _Hop("soft" if soft else "hard", status, headers, said, f"expected status 200; got {status}")
        limit = self.limits.body if most is None else min(self.limits.body, most)
        length = headers.get("content-length", "")
        if length.isdigit() and len(length) < 20 and int(length) > limit:
            return _Hop("refused", status, headers, message=_too_large(limit, f"announces {int(length):,}"))
        inflater = None
        try:
            inflater = Inflater(headers.get("content-encoding", ""), limit)
            received = 0
            async for chunk in response.aiter_raw():
                received += len(chunk)
                if received > limit:
                    return _Hop("refused", status, headers, message=_too_large(limit, "sends more"))
                inflater.feed(chunk)
            body = inflater.finish()
        except TooLargeError:
            return _Hop("refused", status, headers, message=_too_large(limit, "inflates to more"))
        except EncodingError as e:
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


def _secret(place: Place | None, token: str) -> Sequence[tuple[bytes, bytes]]:
    return [] if place is None else [header_of(place, token)]


def _is_over(hop: _Hop) -> bool:
    """True where an answer says that an access token has ended: 401, or as the AT Protocol does."""
    return hop.status == 401 or (hop.status == 400 and b'"ExpiredToken"' in hop.body)


def _without(hop: _Hop, token: str) -> _Hop:
    """Return what came without the token that it was asked with."""
    if not token:
        return hop
    headers = {
        name: without_token(value.encode("latin-1"), token).decode("latin-1") for name, value in hop.headers.items()
    }
    return replace(hop, body=without_token(hop.body, token), headers=headers)


async def _said(response: httpx.Response, headers: Mapping[str, str]) -> bytes:
    """Return the JSON of an error; nothing where it is something else, longer than any is, or does not come."""
    if "json" not in headers.get("content-type", "").lower():
        return b""
    try:
        async with asyncio.timeout(_SAID_SECONDS):
            inflater, received = Inflater(headers.get("content-encoding", ""), _MAX_SAID), 0
            async for chunk in response.aiter_raw():
                received += len(chunk)
                if received > _MAX_SAID:
                    return b""
                inflater.feed(chunk)
            return inflater.finish()
    except (TimeoutError, httpx.TransportError, httpx.StreamError, TooLargeError, EncodingError, zlib.error):
        return b""


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


def _too_large(limit: int, got: str) -> str:
    return f"expected a body of at most {limit:,} bytes; the server {got}. It was cut off and refused"


def _host_of(url: httpx.URL) -> tuple[str, int]:
    """Return the host of an address as the settings and a resolver have it, and its port."""
    return url.raw_host.decode("ascii").strip("[]"), url.port or (443 if url.scheme == "https" else 80)


def refusal_of(url: str) -> str:
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


def _wrong_certificate(error: BaseException | None) -> str | None:
    """Return what is wrong with a server's certificate where that is why there is no connection, in OpenSSL's words."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def _headers(response: httpx.Response) -> dict[str, str]:
    """Return the headers as sent, as Latin-1, without cookies; of repeated ones the last."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    return {k: v for k, v in headers.items() if k not in ("set-cookie", "set-cookie2") and len(v) <= _MAX_HEADER}
