"""Live pages: one look a second at how far the pipeline is, told to every page that listens (server-sent events).

One thread looks for all; each page has a short queue of its own, of which the oldest goes where a page does not read.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from litestar import get
from litestar.exceptions import ServiceUnavailableException, ValidationException
from litestar.params import FromQuery
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from overheard.errors import OverheardError
from overheard.web.base import Pulse, Service
from overheard.web.request import Request
from overheard.web.security import needs

_logger = logging.getLogger(__name__)
STREAMS = ("activity", "documents")
CLIENTS = 32
# Rates are of the last minute.
WINDOW = 60.0
_LOOK = 1.0
# A page that hears nothing for so long would think that the line is dead, and so would what stands between.
_HEARTBEAT = 15.0
_QUEUE = 4


@dataclass(frozen=True, slots=True)
class Rates:
    """Records a second that each stage did over the last minute, or since the first look; empty before the second."""

    rates: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


class _Page:
    """A page that listens, in the event loop that serves it."""

    def __init__(self, streams: Collection[str]) -> None:
        self.streams = frozenset(streams)
        self._loop = asyncio.get_running_loop()
        self._told: deque[str] = deque(maxlen=_QUEUE)
        self._news = asyncio.Event()
        self._over = False

    def tell(self, message: str) -> None:
        """Called by the thread that looks."""
        self._told.append(message)
        self._wake()

    def end(self) -> None:
        self._over = True
        self._wake()

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def messages(self) -> AsyncIterator[str]:
        """Yield what is told, and "" when nothing was for a while; ends when the server does."""
        while not self._over:
            try:
                await asyncio.wait_for(self._news.wait(), _HEARTBEAT)
            except TimeoutError:
                yield ""
                continue
            self._news.clear()
            while self._told and not self._over:
                yield self._told.popleft()


class Pulses:
    """Looks once a second from the first time that anybody asks, and tells those who listen. Thread-safe."""

    def __init__(self, service: Service, *, every: float = _LOOK) -> None:
        self._service = service
        self._every = every
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._pages: set[_Page] = set()
        self._looks: deque[tuple[float, Pulse]] = deque(maxlen=int(WINDOW / every) + 1)
        self._after = -1
        self._incidents = 0
        self._last: Mapping[str, str] = {}

    def rates(self) -> Rates:
        """Return how fast the stages are."""
        self._begin()
        return rates_of(list(self._looks))

    def join(self, streams: Collection[str]) -> _Page:
        """Add a page that listens, and tell it how things are. Raises ServiceUnavailableException beyond 32."""
        page = _Page(streams)
        with self._lock:
            if len(self._pages) >= CLIENTS or self._over.is_set():
                msg = f"expected at most {CLIENTS} pages that are open and live; close one, or reload this one by hand"
                raise ServiceUnavailableException(msg)
            self._pages.add(page)
            for stream, message in self._last.items():
                if stream in page.streams:
                    page.tell(message)
        self._begin()
        return page

    def leave(self, page: _Page) -> None:
        """Forget a page that is closed."""
        with self._lock:
            self._pages.discard(page)

    def close(self) -> None:
        """End every page's stream, and look no more."""
        with self._lock:
            self._over.set()
            for page in self._pages:
                page.end()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._run, name="pulses", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.look(time.monotonic())
            except OverheardError as e:
                _logger.warning("live pages: %s", e)
            self._over.wait(self._every)

    def look(self, now: float) -> None:
        """Look once, and tell what changed; `now` in seconds of any clock that only goes forward."""
        pulse = self._service.pulse(self._after)
        self._after = pulse.after
        self._incidents += pulse.incidents
        self._looks.append((now, pulse))
        messages = messages_of(pulse, rates_of(list(self._looks)), self._incidents)
        with self._lock:
            for stream, message in messages.items():
                if message != self._last.get(stream):
                    for page in self._pages:
                        if stream in page.streams:
                            page.tell(message)
            self._last = messages


def rates_of(looks: Sequence[tuple[float, Pulse]]) -> Rates:
    """Return the rates between the first and the last of some looks."""
    if len(looks) < 2 or looks[-1][0] <= looks[0][0]:
        return Rates()
    (begun, first), (ended, last) = looks[0], looks[-1]
    seconds = ended - begun
    return Rates({name: (done - first.done.get(name, 0)) / seconds for name, done in last.done.items()}, seconds)


def messages_of(pulse: Pulse, rates: Rates, incidents: int) -> dict[str, str]:
    """Return what is told on each stream, as JSON; `incidents` count from when the server first looked."""
    activity = {
        "stream": "activity",
        "done": pulse.done,
        "lag": pulse.lag,
        "rates": {name: round(rate, 1) for name, rate in rates.rates.items()},
    }
    documents = {"stream": "documents", "incidents": incidents}
    return {"activity": _json(activity), "documents": _json(documents)}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def pulses_of(request: Request) -> Pulses:
    """Return what looks for all pages of this server."""
    pulses = request.app.state["pulses"]
    assert isinstance(pulses, Pulses)
    return pulses


@get("/events", include_in_schema=False, guards=[needs("read")])
async def events(request: Request, streams: FromQuery[str] = "activity") -> ServerSentEvent:
    """Stream what changes: names of STREAMS, joined by commas."""
    wanted = [name.strip() for name in streams.split(",") if name.strip()]
    if not wanted or not set(wanted) <= set(STREAMS):
        msg = f"expected streams of {', '.join(STREAMS)}; got {streams[:100]!r}"
        raise ValidationException(msg)
    pulses = pulses_of(request)
    page = pulses.join(wanted)

    async def told() -> AsyncIterator[ServerSentEventMessage]:
        try:
            yield ServerSentEventMessage(data=None, retry=3_000)
            async for message in page.messages():
                yield ServerSentEventMessage(message) if message else ServerSentEventMessage(None, comment="here")
        finally:
            pulses.leave(page)

    return ServerSentEvent(told())
