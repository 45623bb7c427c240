"""What may be asked now: jobs in line by site, one at a time at each, with a pause between two. Pure, in memory.

    put(key, site, due) ─▶ take(now) ─▶ … the request … ─▶ free(site, at) ─▶ take(now) ─▶ …

A discrete-event structure: nobody sleeps for a site, and `next_time` says when to look again, so that a month of polls
runs in minutes on a clock that is moved by hand.
"""

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Line:
    """The jobs of one site: (due, number of the put, key), of which those put again later count no more."""

    jobs: list[tuple[datetime, int, str]] = field(default_factory=list)
    free_at: datetime = _EVER
    busy: bool = False
    # When the heap of all lines has this one: what else it says of it is old.
    listed: datetime | None = None


class Queue:
    """Jobs that wait for their time and their turn. Not thread-safe. Times have a zone."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._jobs: dict[str, tuple[str, int]] = {}  # of each key: its site, and the number of its last put
        self._puts = 0
        # Sites at which nothing waits, by when their pause is over: they can be forgotten then.
        self._idle: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, key: str) -> bool:
        return key in self._jobs

    @property
    def sites(self) -> set[str]:
        """The sites at which something waits or is under way, or whose pause is not known to be over."""
        return set(self._lines)

    def put(self, key: str, site: str, due: datetime, *, ahead: bool = False) -> None:
        """Let a job wait at a site until it is due; one that waits already waits there no more.

        `ahead`: it had its turn and could not use it, so it goes before the others that are due at the same time.
        """
        self._puts += 1
        number = -self._puts if ahead else self._puts
        self._jobs[key] = (site, number)
        line = self._lines.setdefault(site, _Line())
        heapq.heappush(line.jobs, (due, number, key))
        self._list(site, line)

    def drop(self, key: str) -> None:
        """Forget a job, if it waits."""
        self._jobs.pop(key, None)

    def take(self, now: datetime) -> str | None:
        """Return the job that was due first among those that may be asked now, whose site is then busy; None for none.

        Jobs of one site that are due go in the order in which they were due, then put.
        """
        at = self.next_time()
        self._forget(now)
        if at is None or at > now:
            return None
        _, site = heapq.heappop(self._heap)
        line = self._lines[site]
        line.listed, line.busy = None, True
        _, _, key = heapq.heappop(line.jobs)
        del self._jobs[key]
        return key

    def free(self, site: str, at: datetime) -> None:
        """Let a site be asked again from `at` on: the request that was taken there is over."""
        line = self._lines[site]
        line.busy = False
        line.free_at = max(line.free_at, at)
        self._list(site, line)

    def quiet(self, site: str, until: datetime) -> None:
        """Leave a site alone until a time, also where nothing waits there yet."""
        line = self._lines.setdefault(site, _Line())
        line.free_at = max(line.free_at, until)
        self._list(site, line)

    def free_at(self, site: str) -> datetime:
        """Return from when on a site may be asked, the year 1 where nobody said."""
        line = self._lines.get(site)
        return line.free_at if line else _EVER

    def next_time(self) -> datetime | None:
        """Return when `take` will have something, as far as is known; None where only what is under way can tell."""
        while self._heap:
            at, site = self._heap[0]
            line = self._lines.get(site)
            if line is not None and line.listed == at:
                self._prune(line)
                if line.jobs and not line.busy and max(line.jobs[0][0], line.free_at) == at:
                    return at
                line.listed = None
                self._list(site, line)
            if self._heap[0] == (at, site):
                heapq.heappop(self._heap)
        return None

    def waiting(self, now: datetime) -> int:
        """Return how many jobs are due, and wait for their site."""
        return sum(
            due <= now and self._jobs.get(key, ("", 0))[1] == number
            for line in self._lines.values()
            for due, number, key in line.jobs
        )

    def _list(self, site: str, line: _Line) -> None:
        """Have the heap say when a line may go next."""
        if line.busy:
            return
        self._prune(line)
        if not line.jobs:
            line.listed = None
            heapq.heappush(self._idle, (line.free_at, site))
            return
        at = max(line.jobs[0][0], line.free_at)
        if line.listed != at:
            line.listed = at
            heapq.heappush(self._heap, (at, site))

    def _forget(self, now: datetime) -> None:
        """Let sites go at which nothing waits, and whose pause is over."""
        while self._idle and self._idle[0][0] <= now:
            _, site = heapq.heappop(self._idle)
            line = self._lines.get(site)
            if line is not None and not (line.jobs or line.busy) and line.free_at <= now:
                del self._lines[site]

    def _prune(self, line: _Line) -> None:
        """Take from the head of a line what was put again or dropped."""
        while line.jobs and self._jobs.get(line.jobs[0][2], ("", 0))[1] != line.jobs[0][1]:
            heapq.heappop(line.jobs)
