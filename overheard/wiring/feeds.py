"""The sources of the settings, polled: sources, client and reading process put together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from overheard.collectors.base import Source
from overheard.collectors.bounded import BoundedReader
from overheard.collectors.feeds import Feed
from overheard.collectors.fetch import Fetcher, Limits
from overheard.collectors.files import PostFile
from overheard.collectors.poll import PollReport, poll_due
from overheard.config.settings import HttpSettings, LimitSettings, Settings
from overheard.errors import ConfigError
from overheard.wiring.system import System, utc_now


class Feeds:
    """All sources of one system, as its settings name them at the time; made by `polling`. Owned by one thread."""

    def __init__(self, system: System, reader: BoundedReader, stop: threading.Event) -> None:
        self._system = system
        self._reader = reader
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
        return poll_due(self._system.log, sources, self._fetcher, utc_now, read=self._reader.read, stop=self._stop)


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


@contextmanager
def polling(system: System, stop: threading.Event) -> Iterator[Feeds]:
    """Lend what polls the sources; `stop` ends a round after the requests under way."""
    with BoundedReader() as reader:
        yield Feeds(system, reader, stop)


def _wait(stop: threading.Event, seconds: float) -> None:
    """Sleep, but no longer than until `stop`."""
    stop.wait(seconds)
