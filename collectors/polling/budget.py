"""What an account of a service has used up of its budget, what that comes to, and when somebody should know. Pure.

Budget, units by period ─▶ spent ─▶ Spending: of what, how much is left, what is to be expected, until when
                                       └─▶ marks: what is worth telling, once each in a period
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from overheard.collectors.base import Budget, Source
from overheard.collectors.polling.news import News

# So many periods are remembered: a year of months, and the one that goes on.
KEPT = 13
# What was spent in less of a period says nothing of the rest: in a day and a half of a month.
_EARLY = 1 / 20
_WARNED = 0.8
# A request that takes more units than two to this is none.
_POWERS = 15


@dataclass(frozen=True, slots=True)
class Spending:
    """What was used of a budget in a period ("2026-11", a day "2026-11-23"; UTC).

    `units` were used of the `limit`; `forecast` are to be expected by its end, None where it is too early to tell.
    `until` is when the next period begins. `cost` and `most` are what the units used and the limit cost, None without a
    price.
    """

    period: str
    unit: str
    units: int
    limit: int
    until: datetime
    forecast: int | None = None
    cost: float | None = None
    most: float | None = None

    @property
    def left(self) -> int:
        """How many units may still be used."""
        return max(self.limit - self.units, 0)

    @property
    def share(self) -> float:
        """Which share of the budget was used; all of one that is nothing."""
        return self.units / self.limit if self.limit else 1.0


def budget_of(budgets: Iterable[Budget | None]) -> Budget | None:
    """Return the budget of an account whose sources have these: the smallest counts; None where none has any."""
    return min((one for one in budgets if one is not None), key=lambda one: one.limit, default=None)


def spent(budget: Budget, units: Mapping[str, int], now: datetime, began: datetime | None = None) -> Spending:
    """Return what was used of a budget in the period of `now`; `units` by period, as in `PollState.spending`.

    `began` is since when any is used, None where nobody knows: then all of the period counts.
    """
    begins, ends = _bounds(budget, now)
    period = _name(budget, begins)
    used = units.get(period, 0)
    since = begins if began is None else max(begins, began)
    told = (now - since) / (ends - begins) >= _EARLY
    price = None if budget.price is None else budget.price / 1_000
    return Spending(
        period=period,
        unit=budget.unit,
        units=used,
        limit=budget.limit,
        until=ends,
        forecast=round(used * (ends - since) / (now - since)) if told else None,
        cost=None if price is None else round(used * price, 2),
        most=None if price is None else round(budget.limit * price, 2),
    )


def used(budget: Budget, units: Mapping[str, int], more: int, now: datetime) -> dict[str, int]:
    """Return the units by period once `more` were used (fewer than none: given back); the last ones are kept."""
    period = _name(budget, _bounds(budget, now)[0])
    changed = {**units, period: max(units.get(period, 0) + more, 0)}
    return {one: changed[one] for one in sorted(changed)[-KEPT:]}


def marks(spending: Spending, *, stopped: bool = False) -> list[str]:
    """Return what of a period is worth telling: 80 and 100 per cent, and a forecast above the limit.

    `stopped`: what is left is too little for a request, which is as good as all of it.
    """
    share = 1.0 if stopped else spending.share
    found = [f"{one:.0%}" for one in (_WARNED, 1.0) if share >= one]
    if share < 1 and spending.forecast is not None and spending.forecast > spending.limit:
        found.append("forecast")
    return [f"{spending.period} {one}" for one in found]


def news_of(
    account: str, sources: Iterable[str], spending: Spending, told: Iterable[str], *, stopped: bool = False
) -> list[News]:
    """Return what is to be told of an account's budget that was not `told` (as `marks`); of several the gravest."""
    new = [one for one in marks(spending, stopped=stopped) if one not in set(told)]
    if not new:
        return []
    names = sorted(sources)
    whose = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
    text = f"{whose}: {in_words(spending, stopped=stopped)}"
    return [News(names[0], "budget", text, f"budget/{account}/{'+'.join(new)}")]


def in_words(spending: Spending, *, stopped: bool = False) -> str:
    """Return a budget in words: what was used, what is expected, and what happens at its end; `stopped` as `marks`."""
    said = f"{spending.units:,} of {spending.limit:,} {spending.unit} used in {spending.period} ({spending.share:.0%})"
    if spending.cost is not None and spending.most is not None:
        said += f", {spending.cost:,.2f} of {spending.most:,.2f} at the price that is set"
    if not spending.left:
        return f"{said}. The budget is used up: nothing is asked until {_day(spending)}."
    if stopped:
        return f"{said}. What is left is too little for a request: nothing is asked until {_day(spending)}."
    if spending.forecast is not None:
        said += f"; {spending.forecast:,} are to be expected by its end"
    end = f"nothing is asked until {_day(spending)}"
    if spending.forecast is not None and spending.forecast > spending.limit:
        return f"{said}, which is more than there is. Once it is used up {end}."
    return f"{said}. Once it is used up {end}."


def smallest(source: Source, url: str) -> tuple[str, int]:
    """Return the address of the smallest request that a source makes of one, and how many units it takes at most."""
    found = (source.within(url, 1 << power) for power in range(_POWERS))
    return next((one for one in found if one[0]), (url, 0))


def stopped(spending: Spending, least: int = 0) -> str:
    """Return why a request was not sent: too little is left. `least` units are what the smallest one may take."""
    if least > spending.limit:
        wanted = f"expected a `budget` of at least {least:,}, which the smallest request may take"
        return f"{wanted}; got {spending.limit:,}. It is never asked with less"
    left = f"{spending.left:,} of {spending.limit:,} {spending.unit} are left in {spending.period}"
    needed = f", and the smallest may take {least:,}" if spending.left else ""
    return (
        f"expected to have budget left for a request; {left}{needed}. It goes on at {_day(spending)}, where it left off"
    )


def _day(spending: Spending) -> str:
    return f"{spending.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _bounds(budget: Budget, now: datetime) -> tuple[datetime, datetime]:
    """Return when the period of a time begins and ends."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if budget.period == "day":
        return midnight, midnight + timedelta(days=1)
    first = midnight.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _name(budget: Budget, begins: datetime) -> str:
    return f"{begins:%Y-%m-%d}" if budget.period == "day" else f"{begins:%Y-%m}"
