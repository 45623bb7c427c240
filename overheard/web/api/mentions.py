"""Posts in, and what was said found: `/v1/mentions`, `/v1/incidents`."""

from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response
from litestar.params import FromPath, RawBody
from msgspec import Meta

from overheard.collectors.base import Deletion
from overheard.errors import NotFoundError
from overheard.index.base import Sort
from overheard.index.fields import FACETS
from overheard.records import Incident, Mention
from overheard.web.api.base import JSON, Query, Told, answer, items_of, once, query_of, reads, writes
from overheard.web.base import Asked
from overheard.web.leaving import leaving, leaving_json
from overheard.web.request import InjectedService, Request
from overheard.web.results import Concerns, FacetCount, Highlight, MentionHit, MentionPage, PostBatch

_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Moment = str | _Whole | float | None


class Post(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A post as an import takes it; the fields are the columns of docs/import.md, and may all be null.

    One of `nativeId` and `url` is needed, and one of `text`, `title` and `html`. `published` and `updated` are ISO
    8601, RFC 2822, or seconds or milliseconds since 1970; without a zone they are UTC.
    """

    source: str | None = None
    platform: str | None = None
    native_id: str | _Whole | float | None = None
    url: str | None = None
    author: str | None = None
    author_name: str | None = None
    author_url: str | None = None
    author_email: str | None = None
    published: _Moment = None
    updated: _Moment = None
    title: str | None = None
    text: str | None = None
    html: str | None = None
    in_reply_to: str | None = None
    tags: str | list[str] | None = None
    language: str | None = None
    type: str | None = None
    generator: str | None = None
    likes: _Whole | float | None = None
    shares: _Whole | float | None = None
    replies: _Whole | float | None = None


class MentionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent (1.0, structured JSON) that carries a mention, as on Overheard's own topics; it may have extensions.

    Its version is made here, from `updated` or by counting. With the verb Delete the post of that id is gone, at
    `updated` or now; of its data nothing else counts.
    """

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(min_length=1)]
    source: Annotated[str, Meta(min_length=1)]
    type: Literal["overheard.mention"]
    data: Mention
    verb: Literal["Create", "Update", "Delete"] = "Create"


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity or object of ActivityStreams 2.0; docs/import.md says what is read of it.

    Create and Update carry a post as their `object`. Delete, or a Tombstone, says that one is gone, by its id.
    """

    context: Annotated[str | list[Any] | dict[str, Any], Meta(description="https://www.w3.org/ns/activitystreams")] = (
        msgspec.field(name="@context")
    )
    type: str
    id: str | None = None
    actor: str | list[Any] | dict[str, Any] | None = None
    object: str | dict[str, Any] | None = None


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
        body=(Post, MentionEvent, Activity),
        batch=True,
        example=_EXAMPLE,
        keyed=True,
    ),
)
def hand_in(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Take up to 1,000 posts, CloudEvents of mentions or ActivityStreams, and say what became of each.

    A post published within the last 24 hours is live, so that it may be told at once; any other is back-fill, and so is
    one without a date. An item that is no post at all (a field of a wrong type, one that is not known) is refused with
    the whole batch; one that cannot be used is dead, kept as a dead letter, and the others go on.
    """

    def work() -> bytes:
        items = items_of(request, body, _post, Post)
        outcomes = service.hand_in([msgspec.to_builtins(i) if isinstance(i, Post) else i for i in items])
        counts = Counter[str](one.status for one in outcomes)
        return msgspec.json.encode(PostBatch(items=tuple(outcomes), counts=counts))

    return once(request, service, body, work)


_posts = msgspec.json.Decoder(Post)
_events = msgspec.json.Decoder(MentionEvent)


_activities = msgspec.json.Decoder(Activity)


class _Kind(msgspec.Struct):
    specversion: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.field(name="@context", default=msgspec.Raw())


_kinds = msgspec.json.Decoder(_Kind)


def _post(raw: bytes) -> Post | Mention | Deletion | dict[str, Any]:
    """Return a post, the mention or deletion of an event, or an object of ActivityStreams. Raises DecodeError."""
    kind = _kinds.decode(raw)
    if bytes(kind.context):
        _activities.decode(raw)
        return msgspec.json.decode(raw, type=dict[str, Any])
    if not bytes(kind.specversion):
        post = _posts.decode(raw)
        if isinstance(post.native_id, float) and post.native_id.is_integer():  # 17.0 is a whole number in JSON
            return msgspec.structs.replace(post, native_id=int(post.native_id))
        return post
    event = _events.decode(raw)
    return Deletion(event.data, event.data.updated) if event.verb == "Delete" else event.data


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
