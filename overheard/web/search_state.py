"""What a search page shows, as its address and back: the address is the whole state. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol, get_args
from urllib.parse import urlencode

from overheard.index.base import Sort

# What results are counted and narrowed by, in the order of the page.
FIELDS = (
    "sentiment",
    "rating",
    "intent",
    "about",
    "concern",
    "source",
    "platform",
    "channel",
    "language",
    "contact",
    "account",
)
SORTS: tuple[Sort, ...] = get_args(Sort)
_MOST_VALUES = 50


class Parameters(Protocol):
    """The parameters of an address."""

    def getall(self, key: str, default: list[str]) -> list[str]:
        """Return every value of a parameter."""
        ...


@dataclass(frozen=True, slots=True)
class SearchState:
    """A search as its address has it: query, chosen values by field, UTC days from and to, order, cursor."""

    q: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    sort: Sort = "newest"
    after: str = ""

    @property
    def is_narrowed(self) -> bool:
        """True where anything is asked for at all."""
        return bool(self.q.strip() or self.filters or self.since or self.until)

    @property
    def url(self) -> str:
        """The address of the page that shows this."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [(name, value) for name in FIELDS for value in self.filters.get(name, ())]
        pairs += [("from", self.since.isoformat())] if self.since else []
        pairs += [("to", self.until.isoformat())] if self.until else []
        pairs += [("sort", self.sort)] if self.sort != "newest" else []
        pairs += [("after", self.after)] if self.after else []
        return f"/?{urlencode(pairs)}" if pairs else "/"

    @property
    def chosen(self) -> Sequence[tuple[str, str]]:
        """The chosen (field, value) pairs."""
        return [(name, value) for name in FIELDS for value in self.filters.get(name, ())]

    def has(self, name: str, value: str) -> bool:
        """True where a value is chosen."""
        return value in self.filters.get(name, ())

    def toggled(self, name: str, value: str) -> str:
        """Return the address with a value chosen, or chosen no longer; from the first page on."""
        values = self.filters.get(name, ())
        kept = tuple(one for one in values if one != value) if value in values else (*values, value)
        filters = {**self.filters, name: kept}
        return replace(self, filters={key: found for key, found in filters.items() if found}, after="").url

    def ranged(self, since: date | None, until: date | None) -> str:
        """Return the address of what was said on these days, both included."""
        return replace(self, since=since, until=until, after="").url

    def sorted_by(self, sort: Sort) -> str:
        """Return the address in another order."""
        return replace(self, sort=sort, after="").url

    def from_cursor(self, after: str) -> str:
        """Return the address of the page behind a cursor; "" is the first."""
        return replace(self, after=after).url

    def asking(self, q: str) -> str:
        """Return the address of another query with the same filters."""
        return replace(self, q=q, after="").url


def state_of(parameters: Parameters) -> SearchState:
    """Return what an address asks for. What it cannot mean (a date that is none, another order) is left out."""
    found = {name: parameters.getall(name, []) for name in FIELDS}
    sort = _one(parameters, "sort")
    return SearchState(
        q=_one(parameters, "q"),
        filters={
            name: tuple(dict.fromkeys(value for value in values if value))[:_MOST_VALUES]
            for name, values in found.items()
            if any(values)
        },
        since=_day(_one(parameters, "from")),
        until=_day(_one(parameters, "to")),
        sort=next((known for known in SORTS if known == sort), "newest"),
        after=_one(parameters, "after"),
    )


def _one(parameters: Parameters, name: str) -> str:
    values = parameters.getall(name, [])
    return values[0] if values else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
