"""Contacts and accounts: the list, and the whole relationship with one of them (the crow's nest)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from overheard.errors import NotFoundError
from overheard.records import Account, Contact, Incident, Profile
from overheard.web.base import Asked, Service
from overheard.web.charts import Chart, chart, month_chart, words_of
from overheard.web.pages.decisions import told
from overheard.web.pages.search import names_of_terms
from overheard.web.request import InjectedService, Request, caller_of, here
from overheard.web.search_state import SearchState
from overheard.web.security import needs
from overheard.web.shown import page_of

_ROWS = 50
_PEOPLE = 50  # of an account; a search by its name has all
_TERMS = 12
_INTENT_MONTHS = 24  # with any, the newest first
_RECORDS = 12  # of a merged contact that are shown side by side
_OTHERS = 10  # to merge with
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list of contacts asks for: words, one kind or "" for both, a cursor. As its address, too."""

    q: str = ""
    kind: str = ""
    after: str = ""

    def url(self, **changes: str) -> str:
        """Return the address with something changed; a cursor holds only where it is given."""
        asked = {"q": self.q, "kind": self.kind, **changes}
        pairs = [(name, value) for name, value in asked.items() if value]
        return f"/contacts?{urlencode(pairs)}" if pairs else "/contacts"


@get("/contacts", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def contacts(
    service: InjectedService, q: FromQuery[str] = "", kind: FromQuery[str] = "", after: FromQuery[str] = ""
) -> Template:
    """List contacts and accounts, last heard of first. Raises QueryError for a cursor that is none."""
    listed = Listed(q, kind if kind in ("contact", "account") else "", after)
    page = service.people(q, kind=listed.kind, after=after, limit=_ROWS)
    return Template(
        "contacts.html",
        context={
            "listed": listed,
            "page": page,
            "kinds": dict(page.facets["kind"]),
            "profiles": [hit.record for hit in page.hits if isinstance(hit.record, Profile)],
        },
    )


@get("/contacts/{id:str}", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def contact(id: FromPath[str], request: Request, service: InjectedService) -> Template | Redirect:  # noqa: A002 - as above
    """Show a contact. Raises NotFoundError."""
    return _profile(id, request, service)


@get("/accounts/{id:str}", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def account(id: FromPath[str], request: Request, service: InjectedService) -> Template | Redirect:  # noqa: A002 - as above
    """Show an account. Raises NotFoundError."""
    return _profile(id, request, service)


def _profile(id_: str, request: Request, service: Service) -> Template | Redirect:
    hit = service.get(id_)
    record = hit.record if hit else None
    if not isinstance(record, Profile):
        msg = (
            "expected a contact or account that is known; there is none under this address. It may have been removed "
            "from the CRM since; look for it by name under Contacts"
        )
        raise NotFoundError(msg)
    if request.url.path != page_of(record.id):
        return Redirect(page_of(record.id), status_code=303)
    return Template(
        "profile.html",
        context={
            "profile": record,
            "here": here(request),
            "may_decide": caller_of(request).may("decide"),
            **_heard(service, record),
            **_around(service, record),
            **_is(service, record, request.query_params.get("merge", "").strip()[:_LONGEST]),
            **told(request, service),
        },
    )


def _heard(service: Service, profile: Profile) -> dict[str, Any]:
    """Return what was said: bars over time, counts, the newest and those that wait."""
    about = SearchState(filters={profile.kind: (profile.id,)})
    # Whoever is on a post without having said it: by whom it is stands on the post itself.
    others = [one.id for one in (*profile.last, *profile.waiting) if one.role != "author"]
    posts = [hit.record for id_ in others if (hit := service.get(id_))]
    terms = names_of_terms(
        service,
        [*profile.by_term, *(term for one in (*profile.last, *profile.waiting) for term in one.about)],
    )
    return {
        "search": about,
        "terms": terms,
        "said": {post.id: post for post in posts if isinstance(post, Incident)},
        "utc": service.settings.locale.time_zone == "UTC",
        "chart": _chart(service, profile, about),
        "by_term": _counted(profile.by_term, about, "about", terms),
        "by_source": _counted(profile.by_source, about, "source", {}),
        "by_intent": _counted(profile.by_intent, about, "intent", {}),
        "intents_by_month": list(profile.intents_by_month.items())[: -_INTENT_MONTHS - 1 : -1],
    }


def _chart(service: Service, profile: Profile, about: SearchState) -> Chart:
    """Return bars by day where all days are known and lie within a few months, else by month."""
    words = words_of(service.settings.locale, about.ranged)
    if profile.by_day and sum(profile.by_day.values()) == profile.incidents:
        return chart(profile.by_day, words, profile.tone_by_day)
    return month_chart(profile.by_month, words, profile.tone_by_month)


def _counted(
    counts: Mapping[str, int], about: SearchState, field: str, names: Mapping[str, str]
) -> list[tuple[str, int, str]]:
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_TERMS]
    return [(names.get(value, value), number, about.toggled(field, value)) for value, number in most]


def _is(service: Service, profile: Profile, merge: str) -> dict[str, Any]:
    """Return who this is: its records as the CRM has them, what people decided, whom it could be merged with."""
    ids = profile.ids or (profile.id,)
    decided = service.decided_on(ids)
    found = [event.data for id_ in ids[:_RECORDS] if len(ids) > 1 and (event := service.fact(id_))]
    records = [one for one in found if isinstance(one, Contact | Account)]
    others = service.people(merge, kind=profile.kind, limit=_OTHERS).hits if merge else ()
    sides = [side for one in decided for side in (one.left, one.right)]
    return {
        "records": records,
        "compared": _compared(records),
        "decided": decided,
        "names": {**_names(service, sides), **{one.id: one.name for one in records if one.name}},
        "merge": merge,
        "others": [one for hit in others if isinstance(one := hit.record, Profile) and one.id not in ids],
    }


def _names(service: Service, ids: Sequence[str]) -> dict[str, str]:
    """Return the names of contacts and accounts as the CRM has them, also of those that are seen as another."""
    events = (service.fact(id_) for id_ in dict.fromkeys(ids) if page_of(id_))
    records = (event.data for event in events if event is not None)
    return {one.id: one.name for one in records if isinstance(one, Contact | Account) and one.name}


def _compared(records: Sequence[Contact | Account]) -> list[tuple[str, Sequence[str]]]:
    """Return what the records say side by side; what none says is left out."""

    def of(one: Contact | Account, name: str) -> str:
        value = getattr(one, name, "")
        return ", ".join(value) if isinstance(value, tuple) else str(value)

    fields = ("name", "title", "organisation", "domain", "place", "emails", "phones", "owner")
    rows = [(name.capitalize(), [of(one, name) for one in records]) for name in fields]
    rows.insert(0, ("Id", [", ".join(f"{x.system} {x.value}" for x in one.external_ids) for one in records]))
    return [(label, values) for label, values in rows if any(values)]


def _around(service: Service, profile: Profile) -> dict[str, Any]:
    """Return the account of a contact, or the people of an account."""
    if profile.kind == "contact":
        return {
            "account_name": service.names([profile.account]).get(profile.account, ""),
            "people": (),
            "more_people": 0,
        }
    page = service.search(Asked(filters={"kind": ["contact"], "account": [profile.id]}, everything=True, limit=_PEOPLE))
    people = [hit.record for hit in page.hits if isinstance(hit.record, Profile)]
    return {"account_name": "", "people": people, "more_people": page.total - len(people)}
