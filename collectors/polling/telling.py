"""Tells what somebody should know of the sources: gathered for a while, each change once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.base import Source
from overheard.collectors.polling.budgets import Budgets
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.news import (
    News,
    Reach,
    after_told,
    back_news,
    cut_off_news,
    gap_news,
    is_history,
    weigh_news,
)
from overheard.collectors.polling.pollstate import NETWORK_KEY, load_states, save_states, source_key
from overheard.log.base import Log
from overheard.records import PollState, Robots

# So long changes of health wait for others, to be told together.
_GATHER = timedelta(minutes=15)


class Telling:
    """What waits to be told, owned by the thread of the poller; `states` are those of its sources, by name.

    `tell` may be called again with the same after a crash; without it nothing is told. What `budgets` have to say is
    told at once.
    """

    def __init__(
        self,
        log: Log,
        clock: Callable[[], datetime],
        states: dict[str, PollState],
        tell: Callable[[Sequence[News]], None] | None,
        budgets: Budgets,
    ) -> None:
        self._log = log
        self._clock = clock
        self._states = states
        self._tell = tell
        self._news: dict[str, News] = {}  # by source, what waits to be told together
        self._since: datetime | None = None
        self._missed: set[str] = set()
        self._reach = Reach()
        self._had_answer = False
        self._network: PollState | None = None
        self._budgets = budgets

    def missed(self, source: str) -> None:
        """A stream could not tell all: what its state says of that is told at once."""
        self._missed.add(source)

    def heard(self) -> None:
        """Some server answered, whatever it said."""
        self._reach.heard()
        self._had_answer = True

    def unheard(self, site: str) -> None:
        """A site gave no answer."""
        self._reach.unheard(site, self._clock())

    def weigh(
        self, source: Source, before: PollState, new: PollState, *, host: PollState | None, rules: Robots | None
    ) -> PollState:
        """Keep what is to be told of a source after a poll; return its state."""
        if self._tell is None:
            return new
        now = self._clock()
        health = health_of(source, new, host, rules, now)
        self._news.pop(source.name, None)
        if is_history(before, health):
            return msgspec.structs.replace(new, told=health.state)
        if new.told and new.told_at is None and not health.is_trouble:
            return msgspec.structs.replace(new, told="")
        if (news := weigh_news(source.name, new, health, now)) is not None:
            self._news[source.name] = news
            self._since = self._since or now
        return new

    def tell(self, *, now: bool = False) -> None:
        """Tell what has gathered, when it is time or `now`, and remember that it was told."""
        if self._tell is None:
            return
        at = self._clock()
        told: list[News] = []
        changed: dict[str, PollState] = {}
        if (network := self._network_news(at)) is not None:
            told.append(network)
            changed[NETWORK_KEY] = PollState(next_due=at, told="" if network.over else network.state, told_at=at)
        if self._since is not None and (now or at - self._since >= _GATHER):
            for name, news in self._news.items():
                state = self._states.get(name)
                # Who is cut off knows nothing of others; after the next poll it is weighed again.
                if state is not None and not (self._reach.is_doubtful and not state.status and not news.over):
                    told.append(news)
                    changed[source_key(name)] = self._states[name] = after_told(state, news, at)
            self._news, self._since = {}, None
        for name in self._missed:
            if (state := self._states.get(name)) is None or state.stream is None:
                continue
            if (of_gap := gap_news(name, state.stream, at)) is not None:
                stream = msgspec.structs.replace(state.stream, gap_told=at)
                told.append(of_gap)
                changed[source_key(name)] = self._states[name] = msgspec.structs.replace(state, stream=stream)
        self._missed.clear()
        of_budgets, changed_budgets = self._budgets.news()
        told += of_budgets
        if told:
            self._tell(told)
            save_states(self._log, {**changed, **changed_budgets}, at)
            self._budgets.told(changed_budgets)
            self._network = changed.get(NETWORK_KEY, self._network)

    def _network_news(self, now: datetime) -> News | None:
        if self._network is None:
            kept = load_states(self._log, [NETWORK_KEY])
            self._network = kept.get(NETWORK_KEY, PollState(next_due=now))
        since = self._reach.cut_off_since(now)
        if since is not None and not self._network.told:
            return cut_off_news(since, self._reach.unanswered)
        if self._network.told and self._network.told_at and self._had_answer and not self._reach.unanswered:
            return back_news(self._network.told_at)
        return None
