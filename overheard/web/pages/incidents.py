"""One incident: what was said, whole; who has a part in it and why; and what people decided about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from overheard.errors import NotFoundError
from overheard.identities import identities_of_actor, is_placeholder
from overheard.index.fields import normal_value
from overheard.index.query import Value, format  # noqa: A004 - the pair of `parse`
from overheard.records import ActivityType, Incident, Intent, Polarity, Profile, Status
from overheard.web.base import Service
from overheard.web.pages.decisions import told
from overheard.web.pages.search import names_of_terms
from overheard.web.passages import spans_of
from overheard.web.request import InjectedService, Request, caller_of, here
from overheard.web.search_state import SearchState
from overheard.web.security import needs
from overheard.web.shown import known_by

# A page stays light; a post beyond this is a document, and whoever wants it whole goes where it is.
MOST_TEXT = 30_000
_LONGEST_TITLE = 400
_KNOWN_BY = 12  # parties of whom title and firm are told
_INTENTS = 20  # of a long post
_MEMBERS = 20  # of an event that are listed; a search has all
_LABELS = get_args(Polarity)
_STATUSES = [one for one in get_args(Status) if one != "not about us"]  # which has a button of its own


@get("/incidents/{id:str}", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def incident(id: FromPath[str], request: Request, service: InjectedService) -> Template:  # noqa: A002 - the parameter's name
    """Show an incident. Raises NotFoundError."""
    hit = service.get(id)
    record = hit.record if hit else None
    if not isinstance(record, Incident):
        msg = (
            "expected a post that is on record; there is none under this address. It may have been deleted where it "
            "was said, and then it is here no longer either"
        )
        raise NotFoundError(msg)
    mention = record.mention
    keys = author_keys(record)
    why = service.why(record.id)
    decisions = why.decisions[::-1]
    subjects = [*(decision.right for decision in decisions), *(party.subject for party in record.parties)]
    text = mention.text
    # Name and content of the one text are shown apart, where the name is one.
    is_titled = 0 < len(mention.name) <= _LONGEST_TITLE
    content = len(mention.name) + 1 if is_titled and mention.content else 0
    return Template(
        "incident.html",
        context={
            "incident": record,
            "mention": mention,
            "text": text,
            "spans": spans_of(record),
            "content": content,
            "title_end": len(mention.name) if is_titled else 0,
            "has_body": bool(mention.content) or not is_titled,
            "end": min(len(text), content + MOST_TEXT),
            "parts_of": why.parties,
            "bar": why.bar,
            "known_by": _known_by(service, [party.subject for party in why.parties[:_KNOWN_BY]]),
            "aside": next((one for one in decisions if one.left == mention.id and not one.right), None),
            "labels": _LABELS,
            "statuses": _STATUSES,
            **_doing(record),
            **_event(service, record),
            "decisions": decisions,
            "keys": keys,
            "terms": names_of_terms(service, [*record.about, *(by.by for by in record.passed)]),
            "names": service.names([subject for subject in subjects if subject]),
            "here": here(request),
            "may_decide": caller_of(request).may("decide"),
            **told(request, service),
        },
    )


@dataclass(frozen=True, slots=True)
class _Concern:
    """A concern, and where all posts that share it are found."""

    topic: str
    kind: str
    target: str
    href: str


def _doing(record: Incident) -> dict[str, Any]:
    """Return the intents of a post, the surest of each label and target; those it lacks; and its concerns."""
    best: dict[tuple[str, str], Intent] = {}
    for one in sorted(record.intents, key=lambda one: (-one.confidence, one.start)):
        best.setdefault((one.label, one.target), one)
    has = {one.label for one in record.intents}
    concerns = dict.fromkeys((one.topic, one.kind, one.target) for one in record.concerns)
    return {
        "shown_intents": sorted(best.values(), key=lambda one: (one.start, one.label))[:_INTENTS],
        "other_intents": [one for one in get_args(ActivityType) if one not in has],
        "shown_concerns": [_Concern(*one, _alike(one[2], one[0])) for one in concerns],
    }


def _alike(target: str, topic: str) -> str:
    field, value = ("issue", f"{target}/{topic}") if target else ("concern", topic)
    return SearchState(q=format(Value(field, normal_value(field, value)))).url


def author_keys(record: Incident) -> Sequence[str]:
    """Return the keys of the author's identities that can be somebody's."""
    return [key for key in identities_of_actor(record.mention.attributed_to) if not is_placeholder(key)]


def _known_by(service: Service, subjects: Sequence[str]) -> dict[str, str]:
    """Return title and firm of contacts, which tell people of one name apart."""
    hits = (service.get(subject) for subject in dict.fromkeys(subjects))
    profiles = (hit.record for hit in hits if hit is not None)
    return {one.id: known_by(one) for one in profiles if isinstance(one, Profile) and one.kind == "contact"}


def _event(service: Service, record: Incident) -> dict[str, Any]:
    """Return the posts of the event that a post belongs to, itself too, and what joins them; none for one alone."""
    hit = service.get(record.event) if record.event else None
    head = hit.record if hit else None
    if not isinstance(head, Incident) or len(head.members) < 2:
        return {"members": (), "member_count": 0, "event_why": ()}
    found = (service.get(one) for one in head.members[:_MEMBERS])
    members = [one.record for one in found if one is not None and isinstance(one.record, Incident)]
    return {"members": members, "member_count": head.member_count, "event_why": head.event_why}
