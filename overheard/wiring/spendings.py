"""What the sources with a budget have used up of it, all those of one account together."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from overheard.collectors.base import Budget, Source
from overheard.collectors.polling import budget as budgeting
from overheard.collectors.polling.budget import budget_of, in_words, spent
from overheard.collectors.polling.pollstate import budget_key, load_states, load_used
from overheard.log.base import Log
from overheard.web.results import Spending
from overheard.wiring.secrets import secrets_of


def spendings(log: Log, sources: Sequence[Source], now: datetime) -> Mapping[str, Spending]:
    """Return by the names of sources what their accounts have used at `now`; of those alone that have a budget."""
    secrets = secrets_of(sources)
    accounts: dict[str, list[Budget | None]] = {}
    for one in sources:
        accounts.setdefault(secrets.account(one.name), []).append(one.allowance)
    budgets = {account: budget for account, several in accounts.items() if (budget := budget_of(several)) is not None}
    used = load_used(log, budgets, now)
    states = load_states(log, [budget_key(one) for one in budgets])
    found = {}
    for one in sources:
        account = secrets.account(one.name)
        if (budget := budgets.get(account)) is not None:
            state = states.get(budget_key(account))
            found[one.name] = _result(spent(budget, used[account], now, state.began if state else None))
    return found


def _result(spending: budgeting.Spending) -> Spending:
    return Spending(
        period=spending.period,
        unit=spending.unit,
        used=spending.units,
        limit=spending.limit,
        forecast=spending.forecast,
        until=spending.until,
        cost=spending.cost,
        cost_limit=spending.most,
        said=in_words(spending),
    )
