"""How the sources of one system do, and one of them asked before its time."""

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from overheard.collectors.fetch import site_of
from overheard.collectors.pollstate import host_key, load_states, save_states, source_key
from overheard.collectors.schedule import begin
from overheard.config.settings import SourceSettings
from overheard.errors import NotFoundError
from overheard.index.base import Index, Search
from overheard.index.fields import normal_value
from overheard.index.query import Value, every
from overheard.log.base import Log
from overheard.web.base import SourceStatus
from overheard.wiring.system import System

_WEEK = timedelta(days=7)
_PAGE = 1_000


class _Source(msgspec.Struct):
    source: str = ""


class _Head(msgspec.Struct):
    """What is counted of an event: a week of posts is some 100,000, and to read them whole takes twice as long."""

    verb: str
    data: _Source


_heads = msgspec.json.Decoder(_Head)


class SourceCounts:
    """How many new posts each source brought by day, as far as `mentions` keeps them. Thread-safe.

    Read once and then followed, so that a look costs what came since the last one.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next: dict[int, int] = {}
        self._counts: Counter[tuple[date, str]] = Counter()
        self._turn = threading.Lock()

    def since(self, day: date) -> Counter[str]:
        """Return the new posts by source since a UTC day; days before it are forgotten."""
        with self._turn:
            for partition, (first, end) in self._log.spans("mentions").items():
                self._follow(partition, first, end)
            self._counts = Counter({key: number for key, number in self._counts.items() if key[0] >= day})
            found: Counter[str] = Counter()
            for (_, source), number in self._counts.items():
                found[source] += number
            return found

    def _follow(self, partition: int, first: int, end: int) -> None:
        at = max(first, self._next.get(partition, 0))
        while at < end and (records := self._log.read("mentions", partition, at, _PAGE)):
            for record in records:
                try:
                    event = _heads.decode(record.value or b"")
                except msgspec.DecodeError:
                    continue  # the stage that reads it makes a dead letter of it
                if event.verb == "Create" and event.data.source:
                    said = datetime.fromtimestamp(record.timestamp / 1000, UTC).date()
                    self._counts[said, event.data.source] += 1
            at = records[-1].offset + 1
        self._next[partition] = at


def source_statuses(system: System, index: Index, counts: SourceCounts, now: datetime) -> list[SourceStatus]:
    """See `Service.sources`."""
    configured = _configured(system)
    states = load_states(system.log, [source_key(one.name) for _, one in configured])
    current = {one.name: begin(states.get(source_key(one.name)), one.url, now) for _, one in configured}
    quiet = load_states(system.log, {host_key(site_of(state.url)) for state in current.values()})
    new = counts.since((now - _WEEK).date())
    found = []
    for kind, one in configured:
        state = current[one.name]
        host = quiet.get(host_key(site_of(state.url)))
        said = Value("source", normal_value("source", one.name))
        found.append(
            SourceStatus(
                name=one.name,
                kind=kind,
                url=one.url,
                interval=timedelta(seconds=one.interval),
                state=state if state.polled else None,
                quiet_until=host.next_due if host and host.next_due > now else None,
                new=new[one.name],
                passed=index.search(Search(every([Value("kind", "incident"), said]), limit=0)).total,
            )
        )
    return found


def poll_now(system: System, source: str, now: datetime) -> datetime:
    """See `Service.poll_now`: due at once, but after the pause between two requests, and when its site wants peace."""
    one = next((one for _, one in _configured(system) if one.name == source), None)
    if one is None:
        msg = f"expected the name of a feed or file in the settings; {source[:100]!r} is none. Look at the sources"
        raise NotFoundError(msg)
    key = source_key(source)
    stored = load_states(system.log, [key]).get(key)
    state = begin(stored, one.url, now)
    gap = timedelta(seconds=system.settings.http.gap)
    due = max(now, state.polled + gap) if state.polled else now
    if due < state.next_due:
        save_states(system.log, {key: replace(state, next_due=due)}, now)
    host = load_states(system.log, [host_key(site_of(state.url))])
    system.settings_changed.set()  # wakes who polls
    return max([due, *(each.next_due for each in host.values())])


def _configured(system: System) -> Sequence[tuple[Literal["feed", "file"], SourceSettings]]:
    settings = system.settings
    return [*(("feed", one) for one in settings.feeds), *(("file", one) for one in settings.files)]
