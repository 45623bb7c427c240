"""What waits for a person, why a link holds, what people decided: `/v1/review`, `/v1/decisions`."""

from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import FromPath, RawBody
from msgspec import Meta

from overheard.errors import NotFoundError
from overheard.records import Decision, DecisionVerb, digest
from overheard.web.api.base import JSON, KEY, Query, Told, body_of, once, query_of, reads, writes
from overheard.web.leaving import leaving
from overheard.web.request import InjectedService, Request, caller_of
from overheard.web.results import ReviewPage, Why
from overheard.web.security import allow_decision


class ReviewQuery(Query, frozen=True, kw_only=True):
    """A page of what waits."""

    limit: Annotated[int, Meta(ge=0, le=100, description="Items on a page; 0 counts only.")] = 20
    after: Annotated[str, Meta(max_length=100, description="The `next` of the page before, or an item's `cursor`.")] = (
        ""
    )


_EXAMPLE = {"verb": "same", "left": "x:handle:asharao", "right": "asha@pumps.example", "note": "told us so"}


class Deciding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision to be made.

    "same", "not the same" and "unsure" are between `left`, an incident's id, an identity (`x:handle:ann`) or a contact
    or account, and `right`, a contact or account by id, name, handle, address or number; the first two also between
    two incidents, which then are one event, or are not. "lock" is of the contact or account `left`, "not about us" of
    the incident `left`; "withdraw" takes back the decision `left`. Of the incident `left` are "status", "assign" (""
    is nobody), "note", "tag" (`right` is the tag), each with its `value`, which "" takes away, and "relabel" (`right`
    is "sentiment", or "sentiment/" and a term). "policy" (`right` is its name, `value` on or off) needs the scope
    `admin`.
    """

    verb: DecisionVerb
    left: Annotated[str, Meta(min_length=1, max_length=2_048)]
    right: Annotated[str, Meta(max_length=2_048)] = ""
    value: Annotated[str, Meta(max_length=2_000)] | None = None
    note: Annotated[str, Meta(max_length=2_000)] = ""


@writes(
    "/decisions",
    Told(
        id="decide",
        tag="Decisions",
        summary="Decide on a link, an incident or an event",
        answer={JSON: Decision},
        scope="decide",
        body=(Deciding,),
        example=_EXAMPLE,
        problems=(404, 422),
        keyed=True,
    ),
)
def decide(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Write a decision, which beats every machine's view, and return it when search and profiles show it.

    The idempotency key is the decision's: with the same key it is the same decision, for ever.
    """

    def work() -> bytes:
        given = body_of(request, body, Deciding)
        caller = caller_of(request)
        allow_decision(caller, given.verb)
        by = caller.name
        key = request.headers.get(KEY, "")
        decision = service.decide(
            given.verb,
            given.left,
            given.right,
            value=given.value,
            by=by,
            note=given.note,
            key=digest("api", by, key) if key else "",
        )
        return msgspec.json.encode(decision)

    return once(request, service, body, work)


@reads(
    "/decisions/{decision_id:str}",
    Told(id="getDecision", tag="Decisions", summary="Read a decision", answer={JSON: Decision}, problems=(404,)),
)
def decision(decision_id: FromPath[str], service: InjectedService) -> Decision:
    """Return a decision."""
    found = service.decision(decision_id)
    if found is None:
        msg = f"expected the id of a decision, as deciding returns it; {decision_id[:100]!r} is none"
        raise NotFoundError(msg)
    return found


@reads(
    "/review",
    Told(
        id="review",
        tag="Decisions",
        summary="Read what waits for a person",
        answer={JSON: ReviewPage},
        query=ReviewQuery,
    ),
)
def review(request: Request, service: InjectedService) -> ReviewPage:
    """Return posts with candidates that nobody has decided on, those first whose best candidate weighs most.

    A candidate on whom somebody was unsure does not come again, nor does one where another is meant.
    """
    asked = query_of(request, ReviewQuery)
    return leaving(service.review(asked.after, asked.limit), service)


@reads(
    "/incidents/{incident_id:str}/why",
    Told(
        id="getWhy",
        tag="Decisions",
        summary="Read why an incident is on whom it is",
        answer={JSON: Why},
        problems=(404,),
    ),
)
def why(incident_id: FromPath[str], service: InjectedService) -> Why:
    """Return of each party every feature with both values and its weight, the rivals, and the decision that holds."""
    return leaving(service.why(incident_id), service)
