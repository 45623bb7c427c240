"""The feeds of the settings, polled: sources, client and reading process put together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from overheard.collectors.bounded import BoundedReader
from overheard.collectors.feeds import Feed
from overheard.collectors.fetch import Fetcher, Limits
from overheard.collectors.poll import PollReport, poll_due
from overheard.config.settings import Settings
from overheard.errors import ConfigError
from overheard.wiring.system import System, utc_now


class Feeds:
    """All feeds of one system; made by `polling`. Owned by one thread."""

    def __init__(self, system: System, fetcher: Fetcher, reader: BoundedReader, stop: threading.Event) -> None:
        self._log = system.log
        self._sources = sources_of(system.settings)
        self._fetcher = fetcher
        self._reader = reader
        self._stop = stop

    def poll(self) -> PollReport:
        """Ask every feed that is due. Raises what the log raises; what a feed does is in the report."""
        return poll_due(self._log, self._sources, self._fetcher, utc_now, read=self._reader.read, stop=self._stop)


def sources_of(settings: Settings) -> list[Feed]:
    """Return the feeds of the settings as sources."""
    return [Feed(name=one.name, url=one.url, interval=timedelta(seconds=one.interval)) for one in settings.feeds]


@contextmanager
def polling(system: System, stop: threading.Event) -> Iterator[Feeds]:
    """Lend what polls the feeds; `stop` ends a round after the requests under way.

    Raises ConfigError where there are feeds and the settings name no contact.
    """
    http, limits = system.settings.http, system.settings.limits
    if system.settings.feeds and not http.contact:
        msg = (
            "expected `contact` in [http] of the settings: an e-mail address or URL that the owners of the sites which "
            "you poll can reach you at; it is empty. Feeds are not polled without it"
        )
        raise ConfigError(msg)
    fetcher = Fetcher(
        contact=http.contact,
        allow=http.allow_hosts,
        limits=Limits(body=limits.body, total=http.timeout, gap=http.gap),
        clock=utc_now,
        sleep=lambda seconds: _wait(stop, seconds),
    )
    with BoundedReader() as reader:
        yield Feeds(system, fetcher, reader, stop)


def _wait(stop: threading.Event, seconds: float) -> None:
    """Sleep, but no longer than until `stop`."""
    stop.wait(seconds)
