"""What a person said about a link or an incident: `/v1/decisions`."""

from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import FromPath, RawBody
from msgspec import Meta

from overheard.errors import NotFoundError
from overheard.records import Decision, DecisionVerb, digest
from overheard.web.api.base import JSON, KEY, Told, body_of, once, reads, writes
from overheard.web.request import InjectedService, Request, caller_of


class Deciding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision to be made.

    "same" and "not the same" are between `left`, an incident's id or an identity (`x:handle:ann`), and `right`, a
    contact or account by id, name, handle, address or number; "not about us" is of the incident `left`; "withdraw"
    takes back the decision `left`.
    """

    verb: DecisionVerb
    left: Annotated[str, Meta(min_length=1, max_length=2_048)]
    right: Annotated[str, Meta(max_length=2_048)] = ""
    note: Annotated[str, Meta(max_length=2_000)] = ""


@writes(
    "/decisions",
    Told(
        id="decide",
        tag="Decisions",
        summary="Decide on a link or an incident",
        answer={JSON: Decision},
        scope="decide",
        body=(Deciding,),
        example={"verb": "same", "left": "x:handle:asharao", "right": "asha@pumps.example", "note": "told us so"},
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
        by = caller_of(request).name
        key = request.headers.get(KEY, "")
        decision = service.decide(
            given.verb, given.left, given.right, by=by, note=given.note, key=digest("api", by, key) if key else ""
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
