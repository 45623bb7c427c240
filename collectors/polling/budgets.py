"""The budgets of one poller: what each account may still use, and what each request of it took.

    a request ─▶ within: shrunk to what is left, and that much put aside ─▶ … the request … ─▶ settle: what it took
                    └─▶ nothing left: not sent

What a request may take at most is stored before it is sent: who is killed in between has counted too much, and never
too little.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from overheard.collectors.base import Budget, Source
from overheard.collectors.fetching.fetch import Answer, Course
from overheard.collectors.polling.budget import budget_of, marks, news_of, smallest, spent, stopped, used
from overheard.collectors.polling.news import News
from overheard.collectors.polling.pollstate import added, budget_key, load_states, save_states, tried_key
from overheard.log.base import Log
from overheard.records import PollState


@dataclass(frozen=True, slots=True)
class _Aside:
    """What a request under way may take at most, of which account and since when."""

    account: str
    units: int
    at: datetime


class Budgets:
    """The budgets of the accounts of one poller, owned by its thread."""

    def __init__(self, log: Log, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._clock = clock
        self._sources: Mapping[str, Source] = {}
        self._accounts: dict[str, str] = {}  # by source
        self._budgets: dict[str, Budget] = {}
        self._states: dict[str, PollState] = {}
        self._aside: dict[str, _Aside] = {}  # by the key of the request

    def use(self, sources: Mapping[str, Source], account: Callable[[str], str]) -> None:
        """Keep to the budgets of these sources from now on; those of one account share the smallest."""
        budgets: dict[str, list[Budget]] = {}
        self._sources = sources
        self._accounts = {}
        for name, source in sources.items():
            own = account(name)
            self._accounts[name] = own
            if source.allowance is not None:
                budgets.setdefault(own, []).append(source.allowance)
        self._budgets = {one: budget for one, several in budgets.items() if (budget := budget_of(several))}
        kept = load_states(self._log, [budget_key(one) for one in self._budgets])
        now = self._clock()
        self._states = {one: kept.get(budget_key(one), PollState(next_due=now)) for one in self._budgets}

    def allows(self, source: Source) -> bool:
        """True where enough is left for a request of a source."""
        account = self._accounts.get(source.name, "")
        budget = self._budgets.get(account)
        if budget is None:
            return True
        return bool(source.within(source.url, spent(budget, self._used(account), self._clock()).left)[0])

    def left(self, source: Source) -> int | None:
        """Return how many units may still be used for a source; None where nothing is to be kept to."""
        account = self._accounts.get(source.name, "")
        budget = self._budgets.get(account)
        return None if budget is None else spent(budget, self._used(account), self._clock()).left

    def within(self, key: str, source: Source, course: Course) -> Course | Answer:
        """Return the request to send, shrunk to what is left, which is put aside; what to say where too little is."""
        account = self._accounts.get(source.name, "")
        budget = self._budgets.get(account)
        if budget is None:
            return course
        now = self._clock()
        spending = spent(budget, self._used(account), now)
        here, most = source.within(course.here, spending.left)
        if not here:
            message = stopped(spending, smallest(source, course.here)[1])
            return Answer("spent", message=message, site=course.site, until=spending.until)
        self._aside[key] = _Aside(account, most, now)
        self._use(account, budget, most, now)
        return course if here == course.here else replace(course, url=here, here=here)

    def settle(self, key: str, answer: Answer, units: Sequence[int | None]) -> None:
        """Count what a request took: `units` of each reading of its answer, None where that could not be read.

        What was answered and could not be read counts as much as it may have been; what was not answered, nothing, and
        an error nothing where it is what came that counts.
        """
        aside = self._aside.pop(key, None)
        budget = None if aside is None else self._budgets.get(aside.account)
        if aside is None or budget is None:
            return
        read = [one for one in units if one is not None]
        charged = 200 <= answer.status < 300 or (answer.status > 0 and not budget.once_a_day)
        taken = max(read) if read else aside.units if charged else 0
        if taken != aside.units:
            self._use(aside.account, budget, taken - aside.units, aside.at)

    def count(self, source: Source, units: int) -> None:
        """Count what a source that tells by itself has told."""
        account = self._accounts.get(source.name, "")
        if (budget := self._budgets.get(account)) is not None:
            self._use(account, budget, units, self._clock())

    def _used(self, account: str) -> dict[str, int]:
        """Return what was used of a budget, with what others used who tried a source out."""
        tried = load_states(self._log, [tried_key(account)]).get(tried_key(account))
        units = self._states[account].spending
        return units if tried is None else added(units, tried.spending)

    def _use(self, account: str, budget: Budget, units: int, at: datetime) -> None:
        state = self._states[account]
        # Of an account whose units are older than `began` nobody knows since when they are used.
        began = state.began if state.spending else at
        state = msgspec.structs.replace(state, began=began, spending=used(budget, state.spending, units, at))
        self._states[account] = state
        save_states(self._log, {budget_key(account): state}, self._clock())

    def news(self) -> tuple[list[News], dict[str, PollState]]:
        """Return what is to be told of the budgets now, and what is to be stored once it was."""
        told: list[News] = []
        changed: dict[str, PollState] = {}
        now = self._clock()
        for account, budget in self._budgets.items():
            if any(one.account == account for one in self._aside.values()):
                continue  # what is put aside may be given back
            state = self._states[account]
            spending = spent(budget, self._used(account), now, state.began)
            before = [one for one in state.told.split(", ") if one.startswith(f"{spending.period} ")]
            names = [name for name, one in self._accounts.items() if one == account]
            # Of a service that is paid by the post the smallest request may take more than is left.
            over = not any(self._sources[one].within(self._sources[one].url, spending.left)[0] for one in names)
            if news := news_of(account, names, spending, before, stopped=over):
                told += news
                all_told = dict.fromkeys([*before, *marks(spending, stopped=over)])
                changed[budget_key(account)] = msgspec.structs.replace(state, told=", ".join(all_told), told_at=now)
        return told, changed

    def told(self, changed: Mapping[str, PollState]) -> None:
        """Remember that it was told, where nothing was used since."""
        for account in self._budgets:
            if (state := changed.get(budget_key(account))) is not None:
                mine = self._states[account]
                self._states[account] = msgspec.structs.replace(mine, told=state.told, told_at=state.told_at)
