"""Posts in, and what was said found: `/v1/mentions`, `/v1/incidents`."""

from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response
from litestar.exceptions import ValidationException
from litestar.params import FromPath, RawBody
from msgspec import Meta

from overheard.collectors.pushed.batch import MEDIA, is_binary, parts_of
from overheard.collectors.pushed.posts import (
    Activity,
    Found,
    Item,
    MentionEvent,
    NoItemError,
    Post,
    PostEvent,
    field_in,
    item_of,
)
from overheard.errors import InputError, NotFoundError
from overheard.index.base import Sort
from overheard.index.fields import FACETS
from overheard.records import Incident
from overheard.table import BadRow
from overheard.web.api.base import ERRORS_SHOWN, JSON, Query, Told, answer, media_of, once, query_of, reads, writes
from overheard.web.base import Asked
from overheard.web.leaving import leaving, leaving_json
from overheard.web.request import InjectedService, Request, caller_of
from overheard.web.results import Concerns, FacetCount, Highlight, MentionHit, MentionPage, PostBatch


class MentionQuery(Query, frozen=True, kw_only=True):
    """`q` is the query language of docs/search.md. `facet`: what to count by, several times if need be."""

    q: Annotated[str, Meta(description="As docs/search.md has it: words, phrases, field:value, AND OR NOT.")] = ""
    sort: Sort = "newest"
    limit: Annotated[int, Meta(ge=0, le=1_000, description="Items on a page; 0 counts only.")] = 20
    after: Annotated[str, Meta(max_length=200, description="The `next` of the page before.")] = ""
    facet: tuple[Literal[tuple(sorted(FACETS))], ...] = ()  # type: ignore[valid-type]


_EXAMPLE = [
    {
        "source": "forum",
        "nativeId": "topic-4711-3",
        "url": "https://forum.example/t/4711/3",
        "author": "spindle_whisperer",
        "published": "2026-11-21T09:30:00+05:30",
        "text": "The new lathe holds tolerance, but support never calls back.",
    }
]


@writes(
    "/mentions",
    Told(
        id="handInMentions",
        tag="Mentions",
        summary="Hand posts in",
        answer={JSON: PostBatch},
        scope="write",
        body=(Post, MentionEvent, PostEvent, Activity, Found),
        batch=True,
        events=True,
        example=_EXAMPLE,
        keyed=True,
    ),
)
def hand_in(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Take up to 1,000 posts, CloudEvents, ActivityStreams or items of a search, and say what became of each.

    CloudEvents may come in each mode of their HTTP binding: one as JSON, a batch, or in headers (`ce-…`). A post
    published within the last 24 hours is live, so that it may be told at once; any other is back-fill, and so is one
    without a date. An item that cannot be used (a field of a wrong type, one that is not known, no text) is dead, kept
    as a dead letter, and the others go on; a body of which no item can even be read is refused with 400.
    """

    def work() -> bytes:
        items = _items(request, body)
        outcomes = service.hand_in(items, by=caller_of(request).name)
        counts = Counter[str](one.status for one in outcomes)
        return msgspec.json.encode(PostBatch(items=tuple(outcomes), counts=counts))

    return once(request, service, body, work)


def _items(request: Request, body: bytes) -> list[Item]:
    """Return what came. Raises 415, and ValidationException where none of it can be read, with the places."""
    if not is_binary(request.headers):
        media_of(request, *MEDIA)
    try:
        items = [item_of(part) for part in parts_of(request.headers, body)]
    except InputError as e:
        raise ValidationException(detail=str(e)) from e
    bad = [(index, item.error) for index, item in enumerate(items) if isinstance(item, BadRow)]
    if bad and len(bad) == len(items) and any(isinstance(error, NoItemError) for _, error in bad):
        errors = [{"item": str(index), "field": field_in(e.where), "message": e.args[0]} for index, e in bad]
        first = errors[0]
        place = f"item {first['item']}" + (f", field {first['field']}" if first["field"] else "")
        msg = f"{place}: {first['message']}. Nothing of the batch was taken"
        raise ValidationException(detail=msg, extra=errors[:ERRORS_SHOWN])
    return items


@reads(
    "/mentions",
    Told(
        id="searchMentions",
        tag="Mentions",
        summary="Search what was said",
        answer={JSON: MentionPage},
        query=MentionQuery,
        problems=(404,),
    ),
)
def search(request: Request, service: InjectedService) -> MentionPage:
    """Return what was said and is about you, each as its incident, with where the query matched.

    Pages by time do not shift when new posts come. Relevance has one page only.
    """
    asked = query_of(request, MentionQuery)
    page = service.search(Asked(asked.q, sort=asked.sort, after=asked.after, limit=asked.limit, facets=asked.facet))
    hits = (
        MentionHit(
            incident=hit.record,
            version=hit.version,
            highlights=tuple(Highlight(start=one.start, text=one.text, marks=one.marks) for one in hit.fragments),
        )
        for hit in page.hits
        if isinstance(hit.record, Incident)
    )
    facets: dict[str, Any] = {
        name: tuple(FacetCount(value=value, count=count) for value, count in counts)
        for name, counts in page.facets.items()
    }
    return leaving(MentionPage(items=tuple(hits), total=page.total, facets=facets, next=page.next), service)


@reads(
    "/incidents/{incident_id:str}",
    Told(id="getIncident", tag="Mentions", summary="Read an incident", answer={JSON: Incident}, problems=(404,)),
)
def incident(incident_id: FromPath[str], service: InjectedService) -> Response[bytes]:
    """Return one incident whole: the mention, what was found in it, who it is on and why."""
    hit = service.get(incident_id)
    if hit is None or hit.kind != "incident":
        msg = f"expected the id of an incident, as a search shows it; {incident_id[:100]!r} is none"
        raise NotFoundError(msg)
    return answer(leaving_json(hit, service))


class ConcernQuery(Query, frozen=True, kw_only=True):
    """Whose concerns, and how many topics."""

    product: Annotated[str, Meta(max_length=500, description="A watched term, by id or name; all where absent.")] = ""
    limit: Annotated[int, Meta(ge=1, le=100, description="Topics, the most frequent.")] = 30


@reads(
    "/concerns",
    Told(
        id="listConcerns",
        tag="Mentions",
        summary="What is complained of and wished for, by product and topic",
        answer={JSON: Concerns},
        query=ConcernQuery,
        problems=(404,),
    ),
)
def concerns(request: Request, service: InjectedService) -> Concerns:
    """Return topics with their posts by month, the newest snippets, and the query that finds them."""
    asked = query_of(request, ConcernQuery)
    return leaving(service.concerns(asked.product, asked.limit), service)
