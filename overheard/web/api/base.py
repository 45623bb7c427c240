"""What the routes of the API share: how one is made and described, and how its query and body are read.

A route's query is a struct, and so is each item of its body: they are read by what they are described by, and whatever
they do not name is refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, get_origin

import msgspec
from anyio import to_thread
from litestar import Response, route
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from overheard.collectors.pushed import batch
from overheard.decoding import DECODING_ERRORS, half_of, refusal_of
from overheard.records import digest
from overheard.web.base import Scope
from overheard.web.request import InjectedService, Request, caller_of
from overheard.web.security import Connection, needs

JSON, NDJSON = batch.JSON, batch.NDJSON
MOST = batch.MOST  # items of a batch
KEY = "idempotency-key"
KEY_PATTERN = "^[!-~]{1,255}$"
ERRORS_SHOWN = 20
T = TypeVar("T")
Q = TypeVar("Q", bound="Query")


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of the queries; by itself the query of a route that takes none."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the description says of a route.

    `answer` maps each media type of a good answer to its type (None: plain text). `body` is what is sent, or with
    `batch` what each item of it may be; `events`: CloudEvents come in media types of their own too, and one item alone
    as well. `problems` are the statuses of problems of its own, beside those that any route may answer with. `scope`
    None: open to all who reach the server. `keyed`: it heeds an idempotency key.
    """

    id: str
    tag: str
    summary: str
    answer: Mapping[str, Any]
    scope: Scope | None = "read"
    query: type[Query] = Query
    body: tuple[type, ...] = ()
    batch: bool = False
    events: bool = False
    example: Any = None
    problems: tuple[int, ...] = ()
    keyed: bool = False


def reads(path: str, told: Told) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Return the decorator of a route that only looks, for GET and HEAD."""
    return _route(path, ["GET", "HEAD"], told)


def writes(path: str, told: Told) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Return the decorator of a route that changes something, for POST; it answers with 200."""
    return _route(path, ["POST"], told)


def _route(path: str, methods: Any, told: Told) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    guards = [_read_query] if told.scope is None else [needs(told.scope), _read_query]

    def decorate(fn: Callable[..., Any]) -> HTTPRouteHandler:
        # What streams has no other way to say its media type; other answers say theirs themselves.
        media_type = NDJSON if NDJSON in told.answer else JSON
        handler = route(
            f"/v1{path}", http_method=methods, status_code=200, guards=guards, media_type=media_type, told=told
        )
        return handler(fn if iscoroutinefunction(fn) else _threaded(fn))

    return decorate


def _threaded(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as a coroutine that runs in a thread.

    The framework's own way (`sync_to_thread`) wraps it anew for each handler on the same path, and then fails.
    """

    @wraps(fn)
    async def run(**given: Any) -> Any:
        return await to_thread.run_sync(partial(fn, **given))

    return run


def _read_query(connection: Connection, handler: BaseRouteHandler) -> None:
    told = handler.opt.get("told")
    # A handler that the framework adds (OPTIONS) has none.
    connection.state.query = read_query(connection.query_params, told.query if isinstance(told, Told) else Query)


def read_query(given: Any, kind: type[Q]) -> Q:
    """Return the query of a request. Raises ValidationException, which names the parameter."""
    several = {f.encode_name for f in msgspec.structs.fields(kind) if get_origin(f.type) is tuple}
    values: dict[str, Any] = {}
    for name in dict.fromkeys(given.keys()):
        found = given.getall(name)
        if name not in several and len(found) > 1:
            raise _invalid(f"expected the parameter {name[:40]!r} once; got it {len(found)} times", name)
        values[name] = found if name in several else found[0]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as e:
        names = ", ".join(f.encode_name for f in msgspec.structs.fields(kind)) or "none"
        message, name = refusal_of(e)
        raise _invalid(f"{message}. This route takes the parameters: {names}", name) from e


def _invalid(message: str, parameter: str) -> ValidationException:
    extra = [{"parameter": parameter, "message": message}] if parameter else []
    return ValidationException(detail=f"{parameter}: {message}" if parameter else message, extra=extra)


def query_of(request: Request, kind: type[Q]) -> Q:
    """Return the query that the guard has read."""
    query = request.state.query
    assert isinstance(query, kind)
    return query


def media_of(request: Request, *allowed: str) -> str:
    """Return the media type of the body. Raises 415 for another than those."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in allowed:
        msg = f"expected a body of {' or '.join(allowed)}, as the header Content-Type says; got {media[:80]!r}"
        raise HTTPException(detail=msg, status_code=415)
    return media


def items_of(request: Request, body: bytes, decode: Callable[[bytes], T], kind: type[Any]) -> list[T]:
    """Return the items of a batch: a JSON array, or a line each. Nothing is done where one of them is wrong.

    `decode` may raise msgspec.DecodeError; `kind` has the fields that an item may have. Raises 415, and
    ValidationException that names items and fields.
    """
    media = media_of(request, JSON, NDJSON)
    if media == NDJSON:
        raw = [line for line in body.split(b"\n") if line.strip()]
    else:
        try:
            raw = [bytes(one) for one in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except DECODING_ERRORS as e:
            msg = f"expected a JSON array of items; got {body[:40]!r}: {e}{half_of(body)}"
            raise ValidationException(detail=msg) from e
    if len(raw) > MOST:
        msg = f"expected at most {MOST:,} items in a batch; got {len(raw):,}. Send them in several"
        raise ValidationException(detail=msg)
    items: list[T] = []
    errors: list[dict[str, str]] = []
    for index, one in enumerate(raw):
        try:
            items.append(decode(one))
        except DECODING_ERRORS as e:
            message, name = refusal_of(e, kind)
            errors.append({"item": str(index), "field": name, "message": message + half_of(one)})
    if errors:
        first = errors[0]
        place = f"item {first['item']}" + (f", field {first['field']}" if first["field"] else "")
        msg = f"{place}: {first['message']}. Nothing of the batch was taken"
        raise ValidationException(detail=msg, extra=errors[:ERRORS_SHOWN])
    return items


def body_of(request: Request, body: bytes, kind: type[T]) -> T:
    """Return a JSON body as what it must be. Raises 415, and ValidationException that names the field."""
    media_of(request, JSON)
    try:
        return msgspec.json.decode(body, type=kind)
    except DECODING_ERRORS as e:
        message, name = refusal_of(e, kind)
        message += half_of(body)
        extra = [{"field": name, "message": message}] if name else []
        raise ValidationException(detail=f"{name}: {message}" if name else message, extra=extra) from e


def once(request: Request, service: InjectedService, body: bytes, work: Callable[[], bytes]) -> Response[bytes]:
    """Return the answer to a write: what `work` gives, or what it gave when the same key came before.

    Keys are of one caller and one route. Raises ValidationException for a key that is none.
    """
    key = request.headers.get(KEY)
    if key is None:
        return answer(work())
    if not re.fullmatch(KEY_PATTERN, key):
        msg = "expected an Idempotency-Key of 1 to 255 visible ASCII characters, no spaces"
        raise ValidationException(detail=msg, extra=[{"header": "Idempotency-Key", "message": msg}])
    path = request.url.path
    # Of an event in binary mode its headers say what happened.
    marks = [part for one in sorted(batch.marks_of(request.headers).items()) for part in one]
    asked = digest(str(request.url.query), request.headers.get("content-type", ""), body.decode("latin-1"), *marks)
    return answer(service.once(digest(caller_of(request).name, path, key), asked, work))


def answer(json: bytes) -> Response[bytes]:
    """Return JSON that is ready."""
    return Response(json, media_type=JSON)
