"""The description of the API (OpenAPI 3.1), made from the routes themselves and the types that they read and write."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from overheard import __version__
from overheard.collectors.pushed.batch import EVENT, EVENTS
from overheard.collectors.pushed.posts import MentionEvent, PostEvent
from overheard.web.api.base import JSON, KEY, KEY_PATTERN, MOST, NDJSON, Told
from overheard.web.problems import MEDIA_TYPE, Problem

_TEMPLATE = "#/components/schemas/{name}"
# What any route may answer with: bad parameters, no token or scope, a foreign page, a busy or full disk, a bug.
_ALWAYS = (400, 401, 403, 500, 503, 507)
_OF_BODIES = (413, 415)
_OF_KEYS = (409, 422)
_SAID = {
    400: "A parameter, header or body cannot be read; `errors` says where.",
    401: "A token is needed, or this one is unknown, revoked or expired.",
    403: "The token lacks the scope, or a page of another site asked.",
    404: "What is asked for is not here.",
    409: "The first request with this idempotency key is still worked on; try again soon.",
    410: "The cursor is older than what is kept; the detail says how to go on.",
    413: "The body is too large.",
    415: "The body is of another media type than those above.",
    422: "It can be read, and cannot be done; the detail says why.",
    500: "Something went wrong here; the log says what.",
    503: "It may pass by itself; try again after the seconds of Retry-After.",
    507: "The disk is full. Nothing that was accepted is lost.",
}
_TAGS = {
    "Mentions": "What was said: handed in, searched, read.",
    "Contacts": "People and organisations of the CRM, and the whole relationship with each.",
    "Decisions": "What a person says about a link or an incident; it beats every machine's view.",
    "Changes": "What was created, changed and deleted, in order, for those who feed other systems.",
    "Operations": "How it is, what is polled and listened for, what could not be used.",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "A key of your own for this request. For 24 hours the same key with the same request gives the same answer, "
        "and nothing is written twice; with another request it gives 422."
    ),
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}
_PARAMETER = re.compile(r":(?:str|path)\}")
_PYTHON_NAME = re.compile(r"`([a-z]+(?:_[a-z]+)+)`")
assert _KEY["name"].lower() == KEY  # type: ignore[attr-defined]


def document_of(handlers: Iterable[HTTPRouteHandler]) -> dict[str, Any]:
    """Return the description of these routes as JSON-ready values."""
    routes = [(handler, told) for handler in handlers if isinstance(told := handler.opt.get("told"), Told)]
    types = [Problem, *dict.fromkeys(kind for _, told in routes for kind in _types(told))]
    schemas, components = msgspec.json.schema_components(types, ref_template=_TEMPLATE)
    schema_of = dict(zip((_name(kind) for kind in types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for handler, told in routes:
        for path in handler.paths:
            method = "get" if "GET" in handler.http_methods else "post"
            paths.setdefault(_PARAMETER.sub("}", path), {})[method] = _operation(handler, told, path, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Overheard",
            "version": __version__,
            "description": (
                "What is said in public about a company, on the right contact in the CRM, with the evidence. Times are "
                "UTC. Pages follow each other by cursor: ask with `after` for the `next` of the page before. Errors "
                "are problem details (RFC 9457)."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {name: _worded(one) for name, one in sorted(components.items())},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": (
                        "A token that `overheard token create` made. On this machine itself none is needed, unless "
                        "`require_token` in [web] says so."
                    ),
                }
            },
        },
        "security": [{}, {"token": []}],
    }


def _worded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema whose description names fields as JSON does."""
    description = inspect.cleandoc(schema.get("description", ""))
    return {**schema, "description": _PYTHON_NAME.sub(lambda m: f"`{_camel(m[1])}`", description)}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


@cache
def _name(kind: Any) -> str:
    return repr(kind)


def _types(told: Told) -> Iterator[Any]:
    yield from (kind for kind in (*told.answer.values(), *told.body) if kind is not None)


def _operation(handler: HTTPRouteHandler, told: Told, path: str, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    scope = f"\n\nNeeds the scope `{told.scope}`." if told.scope else ""
    operation: dict[str, Any] = {
        "operationId": told.id,
        "tags": [told.tag],
        "summary": told.summary,
        "description": inspect.cleandoc(handler.fn.__doc__ or "") + scope,
        "parameters": [*_path_parameters(path), *_query_parameters(told), *([_KEY] if told.keyed else [])],
        "responses": {
            "200": {"description": "Done.", "content": _content(told.answer, schema_of)},
            **{str(status): _problem(status, schema_of) for status in _problems(told, path)},
        },
    }
    if told.body:
        operation["requestBody"] = {"required": True, "content": _body(told, schema_of)}
    if told.scope is None:
        operation["security"] = [{}, {"token": []}]
    return operation


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}").partition(":")[0]
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(told: Told) -> Iterator[dict[str, Any]]:
    schema = msgspec.json.schema_components([told.query], ref_template=_TEMPLATE)[1][told.query.__name__]
    for name, one in schema["properties"].items():
        own = {key: value for key, value in one.items() if key != "description"}
        if own.get("type") == "array":
            own = {"type": "array", "items": own["items"]}
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": own}
        if "description" in one:
            parameter["description"] = one["description"]
        yield parameter


def _problems(told: Told, path: str) -> list[int]:
    found = {*_ALWAYS, *told.problems}
    found |= set(_OF_BODIES) if told.body else set()
    found |= set(_OF_KEYS) if told.keyed else set()
    found |= {404} if "{" in path else set()
    return sorted(found)


def _content(media: Mapping[str, Any], schema_of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"schema": {"type": "string"} if kind is None else schema_of[_name(kind)]} for name, kind in media.items()
    }


def _body(told: Told, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [schema_of[_name(kind)] for kind in told.body]
    item = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if not told.batch:
        return {JSON: {"schema": item, "example": told.example}}
    several = {"type": "array", "items": item, "maxItems": MOST}
    if not told.events:
        return {JSON: {"schema": several, "example": told.example}, NDJSON: {"schema": item}}
    events = {"anyOf": [schema_of[_name(kind)] for kind in told.body if issubclass(kind, (MentionEvent, PostEvent))]}
    return {
        JSON: {"schema": {"anyOf": [several, item]}, "example": told.example},
        NDJSON: {"schema": item},
        EVENT: {"schema": events},
        EVENTS: {"schema": {**several, "items": events}},
    }


def _problem(status: int, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    schema = schema_of[_name(Problem)]
    said = _SAID.get(status, HTTPStatus(status).phrase)
    return {"description": said, "content": {MEDIA_TYPE: {"schema": schema}}}
