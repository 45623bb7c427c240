"""How it is, and what is watched: `/v1/health`, `/v1/metrics`, `/v1/sources`, `/v1/terms`, `/v1/dead-letters`."""

import base64
import binascii
from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import FromPath, RawBody
from msgspec import Meta

from overheard.errors import QueryError
from overheard.records import DeadLetter, Term, WatchedSource
from overheard.web.api.base import JSON, Query, Told, body_of, once, query_of, reads, writes
from overheard.web.base import Caller
from overheard.web.leaving import leaving
from overheard.web.request import InjectedService, Request
from overheard.web.results import DeadLetters, Handled, Health, SourceDetail, Sources, Watched
from overheard.web.sources import source_health, source_whole

# Prometheus' text format; the framework names the character set of its own accord.
_TEXT = "text/plain; version=1.0.0"


class LettersQuery(Query, frozen=True, kw_only=True):
    """A page of dead letters."""

    limit: Annotated[int, Meta(ge=1, le=1_000, description="Items on a page.")] = 100
    after: Annotated[str, Meta(max_length=500, description="The `next` of the page before.")] = ""


class LetterIds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dead letters that are meant, by id."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=1_000)]


@reads("/health", Told(id="getHealth", tag="Operations", summary="How it is", answer={JSON: Health}, scope=None))
def health(request: Request, service: InjectedService) -> Health:
    """Return `{"status": "ok"}` to whoever asks: it answers. With the scope read, how far every stage is, too."""
    caller: Caller | None = request.state.caller
    return service.health() if caller is not None and caller.may("read") else Health(status="ok")


@reads(
    "/metrics",
    Told(id="getMetrics", tag="Operations", summary="Metrics for Prometheus", answer={"text/plain": None}),
)
def metrics(service: InjectedService) -> Response[bytes]:
    """Return records by stage and fate, lag and age of the oldest that waits, sources, deliveries, memory."""
    return Response(service.metrics(), media_type=_TEXT)


@reads("/sources", Told(id="listSources", tag="Operations", summary="What is polled", answer={JSON: Sources}))
def sources(service: InjectedService) -> Sources:
    """Return the sources of the settings, and how each does."""
    return Sources(items=tuple(source_health(one) for one in service.sources()))


@reads(
    "/sources/{name:path}",
    Told(id="getSource", tag="Operations", summary="Read a source", answer={JSON: SourceDetail}, problems=(404,)),
)
def source(name: FromPath[str], service: InjectedService) -> SourceDetail:
    """Return how a source does, what the rules of its site say, what it leads to, and what came of it last."""
    return leaving(source_whole(service.source(name.removeprefix("/"))), service)


@reads("/terms", Told(id="listTerms", tag="Operations", summary="What is listened for", answer={JSON: Watched}))
def terms(service: InjectedService) -> Watched:
    """Return the watched terms, and the sources whose every post passes."""
    watched = service.watched()
    return Watched(
        terms=tuple(one for one in watched if isinstance(one, Term)),
        sources=tuple(one.source for one in watched if isinstance(one, WatchedSource) and one.always),
    )


@reads(
    "/dead-letters",
    Told(
        id="listDeadLetters",
        tag="Operations",
        summary="List dead letters",
        answer={JSON: DeadLetters},
        query=LettersQuery,
    ),
)
def dead_letters(request: Request, service: InjectedService) -> DeadLetters:
    """Return the records that could not be used and wait for a person, oldest first."""
    asked = query_of(request, LettersQuery)
    letters = sorted(service.dead_letters(), key=_place)
    if asked.after:
        after = _from_cursor(asked.after)
        letters = [letter for letter in letters if _place(letter) > after]
    page = letters[: asked.limit]
    following = _cursor(_place(page[-1])) if len(letters) > len(page) else ""
    return leaving(DeadLetters(items=tuple(page), next=following), service)


def _place(letter: DeadLetter) -> tuple[float, str]:
    return letter.at.timestamp(), letter.id


def _cursor(place: tuple[float, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _from_cursor(cursor: str) -> tuple[float, str]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=tuple[float, str])
    except (binascii.Error, ValueError) as e:  # msgspec.DecodeError is a ValueError
        msg = f"expected as `after` the `next` of the page before; got {cursor[:40]!r}"
        raise QueryError(msg) from e


@writes(
    "/dead-letters/replay",
    Told(
        id="replayDeadLetters",
        tag="Operations",
        summary="Try dead letters again",
        answer={JSON: Handled},
        scope="admin",
        body=(LetterIds,),
        example={"ids": ["mentions/3/4711"]},
        problems=(404, 422),
        keyed=True,
    ),
)
def replay(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Put records back on the topics that they came from; all of them or none."""

    def work() -> bytes:
        ids = body_of(request, body, LetterIds).ids
        service.replay(ids)
        return msgspec.json.encode(Handled(ids=tuple(dict.fromkeys(ids))))

    return once(request, service, body, work)


@writes(
    "/dead-letters/drop",
    Told(
        id="dropDeadLetters",
        tag="Operations",
        summary="Let dead letters go",
        answer={JSON: Handled},
        scope="admin",
        body=(LetterIds,),
        example={"ids": ["mentions/3/4711"]},
        problems=(404,),
        keyed=True,
    ),
)
def drop(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Let records go for good; all of them or none."""

    def work() -> bytes:
        ids = body_of(request, body, LetterIds).ids
        service.drop(ids)
        return msgspec.json.encode(Handled(ids=tuple(dict.fromkeys(ids))))

    return once(request, service, body, work)
