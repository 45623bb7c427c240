"""A source of any kind polled over a loopback server, on a clock that is moved by hand."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer

from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.polling.schedule import MAX_JITTER
from overheard.config.settings import Settings
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Mention, decode
from overheard.wiring.kinds import load_settings, sources_of

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def spread(pause: timedelta) -> timedelta:
    """Return a pause with the longest time by which sources of one pause are spread."""
    return pause + min(pause / 10, MAX_JITTER)


class Polled:
    """A data folder, a server, and a clock."""

    def __init__(self, folder: Folder, server: HTTPServer) -> None:
        self.now = START
        self.server = server
        self.log = EmbeddedLog(folder)
        self.fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={f"{server.host}:{server.port}"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
        )
        self.clear()

    def clear(self) -> None:
        """Forget what is served."""
        self.server.clear_all_handlers()
        self.server.expect_request("/robots.txt").respond_with_data(status=404)

    def serve(self, path: str, body: str | bytes, *, status: int = 200, **headers: str) -> None:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        self.server.expect_request(path).respond_with_data(body, status=status, headers=sent)

    def asked(self) -> Counter[str]:
        """How often each path was asked until now, but for the rules of the site; then it counts anew."""
        counts = Counter(request.path for request, _ in self.server.log if request.path != "/robots.txt")
        self.server.clear_log()
        return counts

    def poll(self, sources: Sequence[Source], after: timedelta = timedelta(hours=1), **options: Any) -> PollReport:
        self.now += spread(after)
        return poll_due(self.log, sources, self.fetcher, lambda: self.now, **options)

    def events(self, topic: str = "mentions") -> list[Event[Any]]:
        found = []
        for partition in range(12):
            start, end = self.log.span(topic, partition)
            found += [decode(record.value) for record in self.log.read(topic, partition, start, end) if record.value]
        return sorted(found, key=lambda event: (event.time, event.subject))

    def mentions(self) -> dict[str, Mention]:
        """The newest version of each mention by the path of its URL, with its fragment."""
        prefix = self.server.url_for("").rstrip("/")
        return {event.data.url.removeprefix(prefix): event.data for event in self.events()}


def settings_of(folder: Path, text: str) -> Settings:
    """Return settings read from a file with this text."""
    path = folder / "overheard.toml"
    path.write_text(text)
    return load_settings(path)


def sources_in(folder: Path, text: str) -> list[Source]:
    """Return the sources of settings with this text."""
    return sources_of(settings_of(folder, text))
