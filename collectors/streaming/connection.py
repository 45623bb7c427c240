"""One connection of a stream: opened as every request is checked, read until it ends, and why it ended.

    rules brought in line ─▶ connected ─▶ what was missed ─▶ frames ─▶ Intake ─▶ … ─▶ the Answer that it ended with

Runs in the loop of the requests. A sign of life is any byte; a connection without one for too long is dead.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import httpx

from overheard.collectors.fetching.fetch import Answer, AnswerKind, Course, Fetcher, Reach, site_of
from overheard.collectors.fetching.secrets import without_token
from overheard.collectors.streaming.framing import Events, FrameTooLargeError, Lines
from overheard.collectors.streaming.intake import Intake
from overheard.collectors.streaming.stream import MAX_FRAME, Stream
from overheard.collectors.streaming.websocket import Closed, WebSocket
from overheard.errors import InputError
from overheard.records import Fetch

_TOO_LARGE = (
    f"expected messages of at most {MAX_FRAME:,} bytes; its server sends a larger one. The connection was ended"
)
# Of what says why there is no stream, and how long that may take.
_MOST_SAID = 65_536
_SECONDS = 30.0
# Pages of what was missed; a day of a busy tag has some hundred.
_MOST_PAGES = 250
# With these, a change of the rules is refused for what the rules say.
_NOT_UNDERSTOOD = frozenset({400, 422})
_ACCEPT = {"events": "text/event-stream", "lines": "application/json"}


class _End(Exception):  # noqa: N818 - an end is no error of ours
    """Why a connection ended, or never was."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


class Connection:
    """A connection to be, from `cursor` on. `run` is for the loop, all else for the one thread that takes.

    `opened` is when it was open, None before. `filling` until all that was missed is in `intake`, `filled` once it is;
    `gap` says why not all of that is to be had. `requests` were sent. What was missed is asked for within `left` units
    of a budget, None: as much as there is.
    """

    def __init__(
        self,
        stream: Stream,
        fetcher: Fetcher,
        cursor: str,
        clock: Callable[[], datetime],
        loop: asyncio.AbstractEventLoop,
        *,
        bring_rules: bool = True,
        left: int | None = None,
    ) -> None:
        self.intake = Intake(loop)
        self.opened: datetime | None = None
        self.heard = 0.0
        self.gap = ""
        self.filling = True
        self.filled = False
        self.requests = 0
        self._left = left
        self._stream = stream
        self._fetcher = fetcher
        self._cursor = cursor
        self._clock = clock
        self._brings = bring_rules
        self._site = site_of(stream.url)

    async def run(self) -> Answer:
        """Connect, and put all that comes into `intake`; return why it ended. Never raises for what a server does."""
        try:
            if self._brings and self._stream.asked_first:
                await self._bring_rules()
            reach = await self._reach(self._stream.opening(self._cursor))
            if self._stream.transport == "websocket":
                await self._listen(reach)
            else:
                await self._read(reach)
        except _End as e:
            return e.answer
        except (TimeoutError, httpx.TimeoutException):
            return self._soft(f"expected a sign of life within {self._stream.silence:g} s; there was none")
        except Closed as e:
            return self._soft(f"expected a stream that goes on; its server closed it{e.words}")
        except FrameTooLargeError:
            return Answer("refused", message=_TOO_LARGE, site=self._site)
        except (OSError, httpx.TransportError) as e:
            words = f"got {type(e).__name__}: {e}" if self.opened else f"got {e or 'none'}"
            return self._soft(f"expected a connection to {httpx.URL(self._stream.url).host!r}; {words}")
        return self._soft("expected a stream that goes on; its server ended it")

    def _soft(self, message: str, status: int = 0) -> Answer:
        return Answer("soft", status, message, site=self._site)

    async def _reach(self, url: str) -> Reach:
        found = await self._fetcher.reach(self._stream.name, url)
        if isinstance(found, Answer):
            raise _End(found)
        return found

    def _open(self) -> None:
        self.opened, self.heard = self._clock(), time.monotonic()

    # --- a WebSocket ----------------------------------------------------------------------------------------------

    async def _listen(self, reach: Reach) -> None:
        self.requests += 1
        socket = await WebSocket.connect(reach, silence=self._stream.silence)
        try:
            if socket.refused is not None:
                status, headers, body = socket.refused
                raise _End(self._refused(reach, status, headers, body))
            self._open()
            self.filling = False
            async for frames in socket.frames():
                self.heard = time.monotonic()
                await self.intake.put(frames)
        finally:
            await socket.close()

    # --- HTTP -----------------------------------------------------------------------------------------------------

    async def _read(self, reach: Reach) -> None:
        framer = Lines() if self._stream.transport == "lines" else Events()
        async with self._asked(reach, "GET", silence=self._stream.silence) as response:
            self._open()
            if url := self._stream.missed(self._cursor, self._clock()):
                await self._fill(url)
                self.filled = True
            self.filling = False
            async for chunk in response.aiter_raw():
                self.heard = time.monotonic()
                frames = framer.feed(chunk)
                over = next((words for frame in frames if (words := self._stream.parting(frame))), "")
                await self.intake.put([frame for frame in frames if not over or not self._stream.parting(frame)])
                if over:
                    raise _End(self._soft(f"expected a stream that goes on; its server says: {over}"))

    @asynccontextmanager
    async def _asked(
        self, reach: Reach, method: str, *, silence: float, body: bytes = b""
    ) -> AsyncIterator[httpx.Response]:
        """Make a request at one of the addresses; one that is answered with anything but 2xx ends the connection."""
        last: httpx.TransportError | None = None
        for address in reach.addresses:
            self.requests += 1
            request = httpx.Request(
                method,
                reach.url.copy_with(host=address),
                headers=[
                    (b"Host", reach.url.netloc),
                    (b"User-Agent", reach.agent.encode("latin-1", "replace")),
                    (b"Accept", _ACCEPT[self._stream.transport if not body else "lines"].encode()),
                    (b"Accept-Encoding", b"identity"),
                    *([(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body))] if body else []),
                    *reach.secret,
                ],
                content=body or None,
                extensions={
                    "sni_hostname": reach.url.raw_host.decode("ascii"),
                    "timeout": httpx.Timeout(silence, connect=self._fetcher.limits.connect).as_dict(),
                },
            )
            async with httpx.AsyncHTTPTransport(verify=reach.tls, trust_env=False) as transport:
                try:
                    response = await transport.handle_async_request(request)
                except (httpx.ConnectError, httpx.ConnectTimeout) as e:
                    last = e
                    continue
                try:
                    if not 200 <= response.status_code < 300:
                        said = await _beginning(response)
                        headers = {name.lower(): value for name, value in response.headers.items()}
                        raise _End(self._refused(reach, response.status_code, headers, said))
                    yield response
                    return
                finally:
                    await response.aclose()
        raise last or httpx.ConnectError("none of its addresses answers")

    def _refused(self, reach: Reach, status: int, headers: dict[str, str], body: bytes) -> Answer:
        """Return the answer of a server that does not let us listen, with its own words of why."""
        body = without_token(body, reach.token)
        kept = {name: value for name, value in headers.items() if name not in ("set-cookie", "set-cookie2")}
        if 300 <= status < 400:
            there = without_token(headers.get("location", "").encode(), reach.token).decode()
            message = (
                f"expected a stream at {str(self._stream.url)[:200]!r}; it is at {there[:200]!r}. Set that address"
            )
            return Answer("refused", status, message, kept, site=self._site)
        said = self._stream.complaint(status, kept, body, self._clock())
        message = f"expected a stream; got status {status}{f'. {said.message}' if said.message else ''}"
        hard = 400 <= status < 500 and status not in (401, 403, 408, 409, 420, 425, 429)
        kind: AnswerKind = "hard" if hard else "soft"
        return Answer(kind, status, message, kept, site=self._site, said=body, until=said.until)

    async def _bring_rules(self) -> None:
        """Have the server tell what the settings say, and leave alone what others have it tell."""
        there = await self._reach(self._stream.asked_first)
        rules = await self._had(there, "GET")
        try:
            wanted = self._stream.changes(rules)
        except InputError as e:
            raise _End(self._soft(str(e), 200)) from e
        for change in wanted:
            try:
                status, said = 200, (await self._had(there, "POST", json.dumps(change).encode())).body
            except _End as e:
                status, said = e.answer.status, e.answer.said
                if status not in _NOT_UNDERSTOOD or not self._stream.refusal(said):
                    raise
            if words := self._stream.refusal(said):
                raise _End(Answer("refused", status, words, site=self._site))

    async def _had(self, reach: Reach, method: str, body: bytes = b"") -> Fetch:
        """Return the whole of a small answer."""
        url = str(reach.url)
        async with asyncio.timeout(_SECONDS), self._asked(reach, method, silence=_SECONDS, body=body) as response:
            said = without_token(await _beginning(response, self._fetcher.limits.body), reach.token)
        name = self._stream.name
        return Fetch(id="", source=name, url=url, final_url=url, status=200, body=said, at=self._clock())

    # --- what was missed ------------------------------------------------------------------------------------------

    async def _fill(self, url: str) -> None:
        """Ask for what was said while there was no connection; what may pass is tried again with the next one."""
        for _ in range(_MOST_PAGES):
            here = url if self._left is None else self._stream.within(url, self._left)[0]
            if not here:
                self.gap = f"too little of the budget is left to ask for it ({self._left:,} {self._unit})"
                return
            answer = await self._whole(here)
            if answer.fetch is None and answer.kind == "soft":
                raise _End(answer)
            if answer.fetch is None:
                self.gap = f"it could not be had: {answer.message}"
                return
            try:
                frames, url = self._stream.found(answer.fetch)
            except InputError as e:
                self.gap = f"it could not be read: {e}"
                return
            if self._left is not None:
                self._left = max(self._left - self._stream.units(frames), 0)
            await self.intake.put(frames)
            if not url:
                return
            await asyncio.sleep(self._fetcher.limits.gap)
        self.gap = f"{_MOST_PAGES} pages of it were read, and there is more"

    @property
    def _unit(self) -> str:
        budget = self._stream.allowance
        return budget.unit if budget is not None else ""

    async def _whole(self, url: str) -> Answer:
        course: Course | Answer = Course(self._stream.name, url, url, accept="application/json", purpose="missed")
        while isinstance(course, Course):
            self.requests += 1
            course = await self._fetcher.ask(course)
        return course


async def _beginning(response: httpx.Response, most: int = _MOST_SAID) -> bytes:
    """Return the beginning of an answer."""
    said = b""
    with suppress(httpx.TransportError):
        async for chunk in response.aiter_raw():
            said += chunk
            if len(said) >= most:
                break
    return said[:most]
