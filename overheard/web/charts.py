"""Bars over time: counts by day or month, without gaps. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

from overheard import wording

# So many days are still bars that can be told apart, and clicked, on a narrow screen.
MOST_DAYS = 120
# A post dated 1970 must not draw six hundred months; the newest are drawn.
_MOST_MONTHS = 120

# Of each day or month, how many are of which polarity.
Tones = Mapping[str, Mapping[str, int]]


class Bar(NamedTuple):
    """`number` things on a day or in a month, which is written as `label` and looked at under `href`.

    `tones`: how many of them are of which polarity; empty where that is not known.
    """

    label: str
    number: int
    href: str
    tones: Mapping[str, int] = MappingProxyType({})


class Chart(NamedTuple):
    """Bars from the first to the last, of a "day" or a "month" each; none where there is nothing to draw."""

    bars: Sequence[Bar] = ()
    unit: Literal["day", "month"] = "day"


class Words(NamedTuple):
    """How a chart writes a day and a month, and where the UTC days from one to another are looked at."""

    day: Callable[[date], str]
    month: Callable[[date], str]
    href: Callable[[date, date], str]


def words_of(locale: wording.Locale, href: Callable[[date, date], str]) -> Words:
    """Return how a chart writes for a locale."""
    return Words(lambda day: wording.day(day, locale), lambda day: wording.month(day, locale), href)


def chart(by_day: Mapping[str, int], words: Words, tones: Tones = MappingProxyType({})) -> Chart:
    """Return a bar for each day ("2026-11-21"), or month where they span more than 120 days.

    `tones` has of each day how many are of which polarity; months have none.
    """
    if not by_day:
        return Chart()
    days = {date.fromisoformat(day): number for day, number in by_day.items()}
    first, last = min(days), max(days)
    if (last - first).days < MOST_DAYS:
        span = (first + timedelta(days=i) for i in range((last - first).days + 1))
        return Chart(
            [
                Bar(words.day(day), days.get(day, 0), words.href(day, day), tones.get(day.isoformat(), {}))
                for day in span
            ]
        )
    months: Counter[str] = Counter()
    for day, number in days.items():
        months[f"{day:%Y-%m}"] += number
    return month_chart(months, words)


def month_chart(by_month: Mapping[str, int], words: Words, tones: Tones = MappingProxyType({})) -> Chart:
    """Return a bar for each month ("2026-11") from the first to the last, the newest 120; `tones` as of `chart`."""
    if not by_month:
        return Chart()
    counts = {_number(month): count for month, count in by_month.items()}
    last = max(counts)
    first = max(min(counts), last - _MOST_MONTHS + 1)
    found = []
    for number in range(first, last + 1):
        begin = date(number // 12, number % 12 + 1, 1)
        end = date((number + 1) // 12, (number + 1) % 12 + 1, 1) - timedelta(days=1)
        of_month = tones.get(f"{begin:%Y-%m}", {})
        found.append(Bar(words.month(begin), counts.get(number, 0), words.href(begin, end), of_month))
    return Chart(found, "month")


def _number(month: str) -> int:
    year, _, of_year = month.partition("-")
    return int(year) * 12 + int(of_year) - 1
