"""The sources of the settings, polled: sources, client and reading process put together."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from overheard.collectors.base import Source
from overheard.collectors.bounded import BoundedReader
from overheard.collectors.feeds import Feed
from overheard.collectors.fetch import Fetcher, Limits
from overheard.collectors.files import PostFile
from overheard.collectors.poll import STAGE, PollReport, poll_due
from overheard.config.settings import HttpSettings, LimitSettings, Settings
from overheard.errors import ConfigError
from overheard.log.base import Consumer
from overheard.wiring.system import System, utc_now

_logger = logging.getLogger(__name__)
_IDLE = 3_600.0  # seconds between two looks where there is no source to poll
_POLL_PAUSE = 1.0  # seconds between two rounds at least: a site that wants to be left alone stays due
_LOOK_SHARED = 5.0


class Feeds:
    """All sources of one system, as its settings name them at the time; made by `polling`. Owned by one thread."""

    def __init__(self, system: System, reader: BoundedReader, consumer: Consumer, stop: threading.Event) -> None:
        self._system = system
        self._reader = reader
        self._consumer = consumer
        self._stop = stop
        self._http: tuple[HttpSettings, LimitSettings] | None = None

    def poll(self) -> PollReport:
        """Ask every source that is due. Raises what the log raises; what a source does is in the report.

        Raises ConfigError where there are sources and the settings name no contact.
        """
        settings = self._system.settings
        sources = sources_of(settings)
        if sources and not settings.http.contact:
            msg = (
                "expected `contact` in [http] of the settings: an e-mail address or URL that the owners of the sites "
                "which you poll can reach you at; it is empty. Feeds are not polled without it"
            )
            raise ConfigError(msg)
        if self._http != (settings.http, settings.limits):
            self._fetcher = fetcher_of(settings, self._stop)
            self._http = (settings.http, settings.limits)
        return poll_due(
            self._system.log,
            sources,
            self._fetcher,
            utc_now,
            read=self._reader.read,
            stop=self._stop,
            consumer=self._consumer,
            suppressed=self._system.suppressed.follow,
        )


def sources_of(settings: Settings) -> list[Source]:
    """Return what the settings say to poll: feeds, then files of posts."""
    feeds = [Feed(name=one.name, url=one.url, interval=timedelta(seconds=one.interval)) for one in settings.feeds]
    files = [PostFile(name=one.name, url=one.url, interval=timedelta(seconds=one.interval)) for one in settings.files]
    return [*feeds, *files]


def fetcher_of(settings: Settings, stop: threading.Event) -> Fetcher:
    """Return the polite client that the settings describe; `stop` ends its pauses."""
    http = settings.http
    return Fetcher(
        contact=http.contact,
        allow=http.allow_hosts,
        limits=Limits(body=settings.limits.body, total=http.timeout, gap=http.gap),
        clock=utc_now,
        sleep=lambda seconds: _wait(stop, seconds),
    )


def poll_until(
    system: System, stop: threading.Event, *, once: bool = False, polled: threading.Event | None = None
) -> None:
    """Poll what is due in this thread until `stop`, or, with `once`, one round. `polled` is set after each round.

    `System.settings_changed` ends a pause; whoever sets `stop` sets it too, so as not to wait for one.
    """
    changed = system.settings_changed
    with polling(system, stop) as feeds:
        while not stop.is_set():
            changed.clear()
            if stop.is_set():  # it woke us between the look above and the clearing
                return
            report = feeds.poll()
            for problem in report.problems:
                _logger.warning("feed %s: %s", problem.source, problem.message)
            if polled is not None:
                polled.set()
            if once:
                return
            pause = _IDLE if report.next_due is None else (report.next_due - utc_now()).total_seconds()
            pause = max(_POLL_PAUSE, pause)
            # On a shared log another process may have been asked to poll at once.
            changed.wait(min(_LOOK_SHARED, pause) if system.shared else pause)


@contextmanager
def polling(system: System, stop: threading.Event) -> Iterator[Feeds]:
    """Lend what polls the sources; `stop` ends a round after the requests under way."""
    with BoundedReader() as reader, closing(system.log.consumer(STAGE, "fetches")) as consumer:
        yield Feeds(system, reader, consumer, stop)


def _wait(stop: threading.Event, seconds: float) -> None:
    """Sleep, but no longer than until `stop`."""
    stop.wait(seconds)
