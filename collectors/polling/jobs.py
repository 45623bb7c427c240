"""What the keys of the queue stand for: requests that wait for their turn, or are under way. In memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from overheard.collectors.fetching.fetch import Answer, Course
from overheard.collectors.polling.queue import Queue

# What is asked for: the rules of a site; a source, or what belongs to it; a page that no source is. Rules are asked
# first for the other two, and are fresh for a page for a shorter time.
Wanted = Literal["rules", "feed", "page"]


@dataclass(slots=True)
class Job:
    """One thing to ask, through its redirects: its course so far, and who is given what came of it.

    `sources` are those for which it is asked; rules have none. `later` are sources that came to have the same address
    while it was on its way: they are put in line once its answer is there. `after` are the jobs that wait for these
    rules. `begin` returns the course where that is known only when its turn has come. `sent` requests it took. `plain`:
    it is asked for all that a source has, since it did not take from when on.
    """

    course: Course
    due: datetime
    answered: Callable[[str, "Job", Answer], None]
    sources: list[str] = field(default_factory=list)
    wanted: Wanted = "feed"
    begin: Callable[["Job"], Course] | None = None
    after: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    sent: int = 0
    plain: bool = False


class Jobs:
    """All jobs by key, in a queue by site. `under_way` is the site of each that is being asked. Not thread-safe."""

    def __init__(self) -> None:
        self.queue = Queue()
        self.under_way: dict[str, str] = {}
        self._jobs: dict[str, Job] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._jobs

    def __iter__(self) -> Iterator[str]:
        return iter(self._jobs)

    def __getitem__(self, key: str) -> Job:
        return self._jobs[key]

    def get(self, key: str) -> Job | None:
        """Return a job that waits or is under way; None where there is none."""
        return self._jobs.get(key)

    def site(self, key: str) -> str:
        """Return the site that a job asks next."""
        return self._jobs[key].course.site

    def put(self, key: str, job: Job, *, ahead: bool = False) -> None:
        """Let a job wait for its time and turn; see `Queue.put`."""
        self._jobs[key] = job
        self.queue.put(key, job.course.site, job.due, ahead=ahead)

    def take(self, now: datetime) -> tuple[str, Job] | None:
        """Return the job that may be asked now, whose site is then busy; None for none."""
        key = self.queue.take(now)
        return None if key is None else (key, self._jobs[key])

    def drop(self, key: str) -> None:
        """Forget a job that is not under way."""
        self.queue.drop(key)
        self._jobs.pop(key, None)

    def end(self, key: str) -> Job:
        """Return a job that has its answer, and forget it."""
        return self._jobs.pop(key)
