"""What trying a source out uses of its account's budget: asked for no more than is left, and counted with the rest.

Whoever polls keeps its own count in memory, so trials have one beside it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from overheard.collectors.base import Budget, Source
from overheard.collectors.fetching.fetch import Answer, site_of
from overheard.collectors.polling.budget import budget_of, smallest, spent, stopped, used
from overheard.collectors.polling.pollstate import load_states, load_used, save_states, tried_key
from overheard.log.base import Log
from overheard.records import PollState
from overheard.wiring.secrets import secrets_of

# A trial shows three posts; services that are paid by the post give ten at least, with those that they answer.
_FEW = 30


class TrialBudget:
    """The budget of the account of a source that is tried, shared with the sources that are kept; owned by one thread.

    Without one everything may be asked.
    """

    def __init__(self, log: Log, source: Source, kept: Sequence[Source], clock: Callable[[], datetime]) -> None:
        self._log = log
        self._source = source
        self._clock = clock
        self._aside = 0
        secrets = secrets_of([*kept, source])
        self._account = secrets.account(source.name)
        same = [one for one in (*kept, source) if secrets.account(one.name) == self._account]
        self._budget: Budget | None = budget_of(one.allowance for one in same)

    def within(self, url: str) -> str | Answer:
        """Return the address to ask, for a few posts where that can be; what to say where too little is left.

        What it may take at most is counted before it is asked, and `settle` counts what it took.
        """
        if self._budget is None:
            return url
        now = self._clock()
        spending = spent(self._budget, load_used(self._log, [self._account], now)[self._account], now)
        here, most = self._source.within(url, min(spending.left, _FEW))
        if not here:
            here, most = self._source.within(url, spending.left)
        if not here:
            message = stopped(spending, smallest(self._source, url)[1])
            return Answer("spent", message=message, site=site_of(url), until=spending.until)
        self._aside = most
        self._count(most)
        return here

    def settle(self, answer: Answer, units: int | None) -> None:
        """Count what an answer took: `units` as it was read, None where it was not."""
        if self._budget is None or answer.kind == "spent":
            return
        charged = 200 <= answer.status < 300 or (answer.status > 0 and not self._budget.once_a_day)
        self._count((units if units is not None else self._aside if charged else 0) - self._aside)

    def _count(self, units: int) -> None:
        if self._budget is None or not units:
            return
        now, key = self._clock(), tried_key(self._account)
        state = load_states(self._log, [key]).get(key, PollState(next_due=now))
        units_by_period = used(self._budget, state.spending, units, now)
        save_states(self._log, {key: msgspec.structs.replace(state, spending=units_by_period)}, now)
