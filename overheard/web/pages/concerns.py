"""Concerns: what is complained of and wished for, by product and topic, over time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import get_args

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from overheard.records import Term
from overheard.records.mention import Channel
from overheard.web.base import Service
from overheard.web.charts import Chart, month_chart, words_of
from overheard.web.pages.search import names_of_terms
from overheard.web.request import InjectedService
from overheard.web.results import ConcernOf
from overheard.web.search_state import SearchState
from overheard.web.security import needs

_SHOWN = 20  # topics; `overheard concerns` and the API have more
_MONTHS = 12  # of a chart, to the current one
_PRODUCTS = 30  # to choose from
# What rises is said where it is more than chance makes of a few posts.
_LEAST, _TIMES = 3, 2


@dataclass(frozen=True, slots=True)
class Shown:
    """A concern with where its posts are found: all that are public, what was written to us alone, the last 30 days."""

    concern: ConcernOf
    search: SearchState
    alone: SearchState
    recent: str
    chart: Chart

    @property
    def is_rising(self) -> bool:
        """True where the last 30 days have at least three, and twice as many as the 30 before."""
        return self.concern.recent >= max(_LEAST, _TIMES * self.concern.before)


@get("/concerns", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def concerns(service: InjectedService, product: FromQuery[str] = "") -> Template:
    """Show what is complained of and wished for, of one watched term or of all. Raises NotFoundError."""
    found = service.concerns(product, _SHOWN)
    products = _products(service.watched())
    return Template(
        "concerns.html",
        context={
            "concerns": found,
            "shown": [_shown(service, one, found.since) for one in found.items],
            "products": products,
            "terms": names_of_terms(service, [*(one.product for one in found.items), *(one.id for one in products)]),
        },
    )


def _products(watched: Sequence[object]) -> list[Term]:
    """Return what can be chosen: one's own before others, products before firms."""
    order = ("own-product", "own-company", "competitor", "company", "category")
    terms = [one for one in watched if isinstance(one, Term)]
    return sorted(terms, key=lambda one: (order.index(one.kind), one.id))[:_PRODUCTS]


def _shown(service: Service, concern: ConcernOf, since: date) -> Shown:
    search = SearchState(q=concern.query)
    locale = service.settings.locale
    last = since + timedelta(days=29)
    first = f"{last.year - (last.month < _MONTHS):04}-{last.month % _MONTHS + 1:02}"
    # From the same month to the same month, so that topics can be compared.
    months = {month: concern.by_month.get(month, 0) for month in sorted({first, f"{last:%Y-%m}", *concern.by_month})}
    months = {month: number for month, number in months.items() if first <= month <= f"{last:%Y-%m}"}
    alone = replace(search, filters={**search.filters, "channel": get_args(Channel)[1:]})
    return Shown(
        concern, search, alone, search.ranged(since, None), month_chart(months, words_of(locale, search.ranged))
    )
