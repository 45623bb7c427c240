"""What is known of each site: until when it wants to be left alone, what its robots.txt says, which pause it gets.

answer ─▶ weigh, heed ─▶ [poll-state] host/<site>      robots.txt ─▶ rule ─▶ [poll-state] robots/<origin>
                └─▶ queue: left alone until …
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.fetching import robots
from overheard.collectors.fetching.fetch import Answer, site_of
from overheard.collectors.polling.limits import MAX_GAP, gap_of, weigh_host
from overheard.collectors.polling.pollstate import (
    host_key,
    load_robots,
    load_states,
    robots_key,
    save_states,
)
from overheard.collectors.polling.queue import Queue
from overheard.collectors.polling.schedule import retry_after
from overheard.log.base import Log
from overheard.records import PollState, Robots


class Sites:
    """The sites of one poller, owned by its thread. `problem` is called with a site and why it is left alone."""

    def __init__(
        self, log: Log, queue: Queue, clock: Callable[[], datetime], problem: Callable[[str, str], None]
    ) -> None:
        self._log = log
        self._queue = queue
        self._clock = clock
        self._problem = problem
        self._gap = timedelta()
        # None: nothing is stored of it.
        self._hosts: dict[str, PollState | None] = {}
        self._robots: dict[str, Robots] = {}

    def use(self, sites: Collection[str], gap: timedelta) -> None:
        """Read anew what is remembered of the sites of the sources; each site gets at least this pause from now on."""
        self._gap = gap
        now = self._clock()
        kept = load_states(self._log, [host_key(site) for site in sites])
        before, self._hosts = self._hosts, {site: kept.get(host_key(site)) for site in sites}
        for site, host in before.items():
            stored = self._hosts.get(site)
            # What is known here and was not worth a write is newer than what is stored.
            newer = host is not None and (stored is None or stored.next_due <= host.next_due)
            if host is not None and newer and (site in sites or host.next_due > now):
                self._hosts[site] = host
        for site, host in self._hosts.items():
            if host is not None and host.next_due > now:
                self._queue.quiet(site, host.next_due)

    def host(self, site: str) -> PollState | None:
        """Return what is remembered of a site; None for nothing."""
        if site not in self._hosts:
            host = load_states(self._log, [host_key(site)]).get(host_key(site))
            self._hosts[site] = host
            if host is not None and host.next_due > self._clock():
                self._queue.quiet(site, host.next_due)
        return self._hosts[site]

    def forget(self, keys: Collection[str]) -> None:
        """Forget what is known of sites and of robots.txts by their keys; it is read anew where it is needed."""
        for site in [site for site in self._hosts if host_key(site) in keys]:
            del self._hosts[site]
        for origin in [origin for origin in self._robots if robots_key(origin) in keys]:
            del self._robots[origin]

    def is_quiet(self, site: str) -> bool:
        """True where a site is to be left alone now."""
        host = self.host(site)
        return host is not None and host.next_due > self._clock()

    def rules(self, origin: str) -> Robots | None:
        """Return what is known of an origin's robots.txt; None where it was never asked for."""
        if origin not in self._robots and (stored := load_robots(self._log, origin)) is not None:
            self._robots[origin] = stored
        return self._robots.get(origin)

    def gap(self, site: str, origin: str) -> timedelta:
        """Return the pause that a site gets: ours, what its robots.txt asks for, and more where it limited us."""
        return max(self._gap, robots.delay(self._robots.get(origin)), gap_of(self._hosts.get(site), self._clock()))

    def keep_gap(self, url: str, polled: datetime | None, *, due: bool) -> None:
        """Keep the pause to what was asked of a site just before a restart: a source there, `due` or `polled`."""
        now = self._clock()
        # Its robots.txt was asked for only where it was due itself.
        if due or (polled is not None and polled > now - MAX_GAP):
            site, origin = site_of(url), robots.origin_of(url)
            rules = self.rules(origin) if origin else None
            lately = [at for at in (polled, rules.at if rules else None) if at is not None]
            if lately:
                self._queue.quiet(site, max(lately) + self.gap(site, origin))

    def rule(self, url: str, answer: Answer) -> None:
        """Remember what came of asking for the robots.txt of a URL."""
        now = self._clock()
        origin = robots.origin_of(url)
        known = robots.robots_after(self._robots.get(origin), answer, now)
        self._robots[origin] = known
        save_states(self._log, {robots_key(origin): known, **self.heed(answer)}, now)
        # What they ask for holds from this request on.
        site = site_of(url)
        self._queue.quiet(site, now + self.gap(site, origin))

    def weigh(self, name: str, state: PollState, answer: Answer) -> dict[str, PollState]:
        """Remember of a site how it answered to a source in this state; return what is worth a write, by its key."""
        if answer.kind == "spent":
            return {}  # it was not asked
        now, site = self._clock(), answer.site
        old = self.host(site)
        host = weigh_host(old, name, state, answer, now)
        if until := _peace(answer, now):
            host = msgspec.structs.replace(host or PollState(next_due=now), next_due=until)
        if host is None:
            return {}
        self._hosts[site] = host
        if host.next_due > now and (old is None or host.next_due > old.next_due):
            self._leave_alone(site, host)
            if host.error:
                self._problem(site, host.error)
        # That it answered well once more is not worth a write.
        return {} if old is not None and _kept(host) == _kept(old) else {host_key(site): host}

    def heed(self, answer: Answer) -> dict[str, PollState]:
        """Leave a site alone as long as an answer asks for that is none of a source; return what is to be stored."""
        if answer.kind != "spent" and (until := _peace(answer, self._clock())):
            old = self.host(answer.site) or PollState(next_due=until)
            self._leave_alone(answer.site, host := msgspec.structs.replace(old, next_due=until))
            return {host_key(answer.site): host}
        return {}

    def _leave_alone(self, site: str, host: PollState) -> None:
        self._hosts[site] = host
        self._queue.quiet(site, host.next_due)


def _peace(answer: Answer, now: datetime) -> datetime | None:
    """Return until when a whole site wants to be left alone; None where it does not say, or says so of one account."""
    return retry_after(replace(answer, until=None) if answer.alone else answer, now)


def _kept(host: PollState) -> tuple[object, ...]:
    """Return what is stored of a site as soon as it changes."""
    return host.next_due, host.refusals, host.refused, host.error
