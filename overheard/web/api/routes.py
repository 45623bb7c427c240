"""The routes of the API, its description, and a page that shows that to people."""

from functools import cache
from typing import Any

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from overheard.web.api.changes import changes
from overheard.web.api.decisions import decide, decision, review, why
from overheard.web.api.erasures import erase
from overheard.web.api.mentions import concerns, hand_in, incident, search
from overheard.web.api.openapi import document_of
from overheard.web.api.operations import dead_letters, drop, health, metrics, replay, source, sources, terms
from overheard.web.api.people import (
    account,
    account_profile,
    bring_accounts,
    bring_contacts,
    contact,
    contact_profile,
    list_accounts,
    list_contacts,
    profiles,
)
from overheard.web.request import Request

_ROUTES: tuple[HTTPRouteHandler, ...] = (
    hand_in,
    search,
    incident,
    concerns,
    bring_contacts,
    list_contacts,
    contact,
    contact_profile,
    bring_accounts,
    list_accounts,
    account,
    account_profile,
    profiles,
    decide,
    decision,
    review,
    why,
    erase,
    changes,
    health,
    metrics,
    sources,
    source,
    terms,
    dead_letters,
    replay,
    drop,
)


@cache
def openapi() -> dict[str, Any]:
    """Return the description of the API (OpenAPI 3.1)."""
    return document_of(_ROUTES)


@route("/v1/openapi.json", http_method=["GET", "HEAD"], sync_to_thread=False, status_code=200)
def description() -> Response[bytes]:
    """Return the description of the API."""
    return Response(msgspec.json.encode(openapi()), media_type="application/json")


@route("/v1", http_method=["GET", "HEAD"], media_type="text/html", sync_to_thread=False, status_code=200)
def index(request: Request) -> Template | Response[bytes]:
    """Show the API: a page to people, the addresses of its routes to programs."""
    document = openapi()
    if "text/html" in request.headers.get("accept", ""):
        return Template("api.html", context={"api": document, "active": "api"})
    found = {"openapi": "/v1/openapi.json", "version": document["info"]["version"], "paths": list(document["paths"])}
    return Response(msgspec.json.encode(found), media_type="application/json")


def _options(path: str) -> HTTPRouteHandler:
    """Return the handler that says what a path takes; the framework's own knows the first handler of a path only."""
    methods = {method for handler in _ROUTES if path in handler.paths for method in handler.http_methods}
    allow = ", ".join(sorted({*methods, "OPTIONS"}))

    async def options() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": allow})

    return route(path, http_method=["OPTIONS"], status_code=204)(options)


_PATHS = dict.fromkeys(path for handler in _ROUTES for path in handler.paths)
# Options first: where a path has some already, the framework adds none of its own.
API: tuple[HTTPRouteHandler, ...] = (*(_options(path) for path in _PATHS), index, description, *_ROUTES)
