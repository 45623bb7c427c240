"""What was said: search, facets, bars over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from litestar import get
from litestar.response import Redirect, Template

from overheard import wording
from overheard.errors import NotFoundError, QueryError
from overheard.index.base import Page
from overheard.index.documents import PUBLIC
from overheard.index.query import parse
from overheard.records import Incident, Party
from overheard.records.mention import Channel
from overheard.web.base import Asked, Service
from overheard.web.charts import chart, words_of
from overheard.web.pages.decisions import told
from overheard.web.pages.setup import is_new
from overheard.web.passages import Passage, passages_of, title_of
from overheard.web.request import InjectedService, Request, caller_of, here
from overheard.web.search_state import FIELDS, SORTS, SearchState, state_of
from overheard.web.security import needs

LABELS = {
    "sentiment": "Tone",
    "rating": "Stars",
    "intent": "Intent",
    "about": "About",
    "concern": "Concern",
    "source": "Source",
    "platform": "Platform",
    "channel": "Way",
    "language": "Language",
    "contact": "Contact",
    "account": "Account",
}
_PEOPLE = ("contact", "account")
_SHOWN = 10  # values of a facet
_PARTIES = 6  # of a card; the incident's page has all


@dataclass(frozen=True, slots=True)
class Card:
    """An incident as the results show it; `more` posts of its event are not shown beside it."""

    incident: Incident
    title: Passage | None
    passages: Sequence[Passage]
    parties: Sequence[Party]
    more: int = 0


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value that results have: as it is filtered by and as it is read, with how many have it."""

    value: str
    text: str
    number: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A field with its most frequent values; `more` are not shown."""

    name: str
    values: Sequence[FacetValue]
    more: int


@get("/", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def home(request: Request, service: InjectedService) -> Template | Redirect:
    """Show what was said, as the address asks for it; in a new folder, lead whoever may to the set-up."""
    state = state_of(request.query_params)
    context: dict[str, Any] = {
        "state": state,
        "sorts": SORTS,
        "labels": LABELS,
        "here": here(request),
        "may_decide": caller_of(request).may("decide"),
        **told(request, service),
    }
    try:
        page = service.search(
            Asked(
                state.q,
                filters=state.filters,
                sort=state.sort,
                after=state.after,
                facets=(*FIELDS, "published:day"),
                since=state.since,
                until=state.until,
            )
        )
    except (QueryError, NotFoundError) as e:
        status = 400 if isinstance(e, QueryError) else 404
        wrong: dict[str, Any] = {"page": None, "problem": str(e), "position": _position(state.q)}
        wrong["chosen"] = _chosen(state, _read(service, state, (), {}))
        return Template("search.html", context=context | wrong, status_code=status)
    if not page.total and not request.query_params and caller_of(request).may("admin") and is_new(service):
        return Redirect("/setup", status_code=303)
    return Template("search.html", context=context | _found(service, state, page))


def _found(service: Service, state: SearchState, page: Page) -> dict[str, Any]:
    settings = service.settings
    # Whoever asks for an event asks for all of its posts.
    cards = _cards(service, page, together="event:" not in state.q)
    facets = {name: _ways(service, state, page) if name == "channel" else page.facets[name] for name in FIELDS}
    read = _read(service, state, cards, page.facets)
    drawn = chart(dict(page.facets["published:day"]), words_of(settings.locale, state.ranged))
    return {
        "page": page,
        "cards": cards,
        "facets": [_facet(name, counts, state, read.get(name, {})) for name, counts in facets.items()],
        "chosen": _chosen(state, read),
        "terms": read["about"],
        "bars": drawn.bars if len(drawn.bars) > 1 else (),
        "bars_by": drawn.unit,
        "utc": settings.locale.time_zone == "UTC",
        "problem": "",
        "position": None,
        "has_sources": bool(settings.sources),
        "has_people": page.total > 0 or state.is_narrowed or service.people(limit=0).total > 0,
    }


def _ways(service: Service, state: SearchState, page: Page) -> Sequence[tuple[str, int]]:
    """Return how many posts are public and how many were written to us alone, by channel; nothing for public alone."""
    counts = dict(page.facets["channel"])
    if counts.keys() <= {PUBLIC}:
        filters = {**state.filters, "channel": get_args(Channel)[1:]}
        asked = Asked(state.q, filters=filters, limit=0, facets=("channel",), since=state.since, until=state.until)
        counts |= dict(service.search(asked).facets["channel"])
    return [] if counts.keys() <= {PUBLIC} and not state.filters.get("channel") else list(counts.items())


def _cards(service: Service, page: Page, *, together: bool) -> list[Card]:
    """Return what was found; `together`: each event once, as its first post, with how many more it has."""
    cards: list[Card] = []
    seen: set[str] = set()
    for hit in page.hits:
        record = hit.record
        if not isinstance(record, Incident) or record.event in seen:
            continue
        if together and record.event:
            seen.add(record.event)
        parties = [one for one in record.parties if _is_shown(one)][:_PARTIES]
        more = _members(service, record) - 1 if together and record.event else 0
        cards.append(Card(record, title_of(hit, record), passages_of(hit, record), parties, more))
    return cards


def _members(service: Service, record: Incident) -> int:
    """Return how many posts the event of a post has; the post of the event's own id says."""
    hit = service.get(record.event) if record.event != record.id else None
    head = hit.record if hit else record
    return max(head.member_count, 1) if isinstance(head, Incident) else 1


def _read(
    service: Service, state: SearchState, cards: Sequence[Card], facets: Mapping[str, Sequence[tuple[str, int]]]
) -> dict[str, Mapping[str, str]]:
    """Return how the values of fields are read, by field and value, where they are not read as they are."""
    values = {
        name: [*state.filters.get(name, ()), *(value for value, _ in facets.get(name, ())[:_SHOWN])] for name in FIELDS
    }
    people = service.names([value for name in _PEOPLE for value in values[name]])
    about = [*values["about"], *(term for card in cards for term in card.incident.about)]
    return {
        **dict.fromkeys(_PEOPLE, people),
        "about": names_of_terms(service, about),
        "language": {code: wording.language(code, service.settings.locale) for code in values["language"]},
    }


def names_of_terms(service: Service, ids: Sequence[str]) -> dict[str, str]:
    """Return what watched terms are called, by id: their first alias."""
    return {id_: term.aliases[0] for id_, term in service.terms(ids).items() if term.aliases}


def _is_shown(party: Party) -> bool:
    """True for whom a card names beside its author."""
    return party.role != "author" or party.outcome == "candidate"


def _chosen(state: SearchState, read: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, str]]:
    return [(name, value, read.get(name, {}).get(value) or value) for name, value in state.chosen]


def _facet(name: str, counts: Sequence[tuple[str, int]], state: SearchState, read: Mapping[str, str]) -> Facet:
    values = [
        FacetValue(value, read.get(value) or value, number, state.has(name, value)) for value, number in counts[:_SHOWN]
    ]
    return Facet(name, values, max(len(counts) - _SHOWN, 0))


def _position(q: str) -> int | None:
    """Return where a query cannot be read; None where it can."""
    try:
        parse(q)
    except QueryError as e:
        return e.position
    return None
