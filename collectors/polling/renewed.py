"""Which sources that failed would be asked with another secret now: those need not wait."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta

from overheard.collectors.fetching.secrets import is_missing
from overheard.collectors.polling.schedule import MIN_INTERVAL
from overheard.records import PollState

_LOOK = timedelta(seconds=10)
# What another secret may change; 0: it was not there, or no token was had for it.
_OF_SECRETS = frozenset({0, 400, 401, 403})


class Renewed:
    """The marks of the secrets with which sources failed, as long as this process runs.

    `mark` returns the same as long as the secrets of a source are, "" where one is not in its place; it is asked of
    those of `names` alone that fail.
    """

    def __init__(self) -> None:
        self._names: Collection[str] = ()
        self._mark: Callable[[str], str] = str
        self._marks: dict[str, str] = {}
        self._looked: datetime | None = None

    def use(self, names: Collection[str], mark: Callable[[str], str]) -> None:
        """Look after these sources from now on, which have secrets."""
        self._names, self._mark = names, mark
        self._marks = {name: known for name, known in self._marks.items() if name in names}

    def at_start(self, name: str, state: PollState, now: datetime) -> datetime:
        """Return when a source is asked first that was left failing: whoever starts anew may have given it another.

        Soon, but not more often than any source, and not before it said that it may be asked.
        """
        waits = name in self._names and state.next_due > now and state.peace is None and state.polled is not None
        if not waits or state.polled is None or not _is_refused(state) or not self._mark(name):
            return state.next_due
        return min(state.next_due, now if is_missing(state.error) else max(now, state.polled + MIN_INTERVAL))

    def look(self, states: Mapping[str, PollState], now: datetime) -> Iterator[str]:
        """Yield those that wait to be asked again, and have another secret than when they failed."""
        if self._looked is not None and self._looked <= now < self._looked + _LOOK:
            return
        self._looked = now
        for name in self._names:
            if not _is_refused(states[name]):
                self._marks.pop(name, None)
                continue
            there = self._mark(name)
            if there != self._marks.setdefault(name, there):
                self._marks[name] = there
                if there and states[name].next_due > now:
                    yield name


def _is_refused(state: PollState) -> bool:
    return bool(state.error) and state.outcome == "soft" and state.status in _OF_SECRETS
