"""Forgets what is remembered of sites that nothing asks any more: a look through [poll-state] a day.

Pages of entries lie on many sites, and each leaves its robots.txt and how it answered.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from overheard.collectors.fetching import robots
from overheard.collectors.fetching.fetch import site_of
from overheard.collectors.polling.pollstate import TOPIC, drop_states, host_key, robots_key
from overheard.collectors.polling.sites import Sites
from overheard.log.base import Log
from overheard.records import PollState, Robots, decode

# Longer than any Retry-After is kept, and than a robots.txt that cannot be had forbids all.
KEPT = timedelta(days=60)
_EVERY = timedelta(days=1)
_LOOK = 0.25  # seconds between two steps, each of so many records
_BATCH = 500
_PREFIXES = (host_key(""), robots_key(""))


def is_past(known: PollState | Robots, now: datetime) -> bool:
    """True where nothing was heard of a site, nor is to be waited for, for as long as it is kept."""
    if isinstance(known, Robots):
        return known.at <= now - KEPT
    told = (known.next_due, known.welcomed, known.refused, *known.refusals.values())
    return max(one for one in told if one is not None) <= now - KEPT


class Sweep:
    """The looks of one poller, owned by its thread; `states` are those of its sources, whose sites are kept."""

    def __init__(self, log: Log, sites: Sites, clock: Callable[[], datetime], states: Mapping[str, PollState]) -> None:
        self._log = log
        self._sites = sites
        self._clock = clock
        self._states = states
        self._at = 0
        self._due: datetime | None = None
        self._looked = -_LOOK

    def look(self) -> None:
        """Look through some more, where it is time."""
        now = self._clock()
        if (self._due is not None and now < self._due) or time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        if not self._step(now):
            self._at, self._due = 0, now + _EVERY

    def _step(self, now: datetime) -> bool:
        """Look through a batch, and forget what is past in it; False where there is no more."""
        first, _ = self._log.span(TOPIC, 0)
        records = self._log.read(TOPIC, 0, max(self._at, first), _BATCH)
        if not records:
            return False
        self._at = records[-1].offset + 1
        found = self._log.latest(TOPIC, list({one.key for one in records if one.key.startswith(_PREFIXES)}))
        past = {
            key for key, record in found.items() if record.value is not None and is_past(decode(record.value).data, now)
        }
        if past and (forgotten := past - self._needed()):
            drop_states(self._log, sorted(forgotten))
            self._sites.forget(forgotten)
        return True

    def _needed(self) -> set[str]:
        urls = {url for state in self._states.values() for url in (state.url, state.configured)}
        return {host_key(site_of(url)) for url in urls} | {robots_key(robots.origin_of(url)) for url in urls}
