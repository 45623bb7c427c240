"""Sources: how each does, in words, one of them whole, and one asked now."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Template

from overheard.collectors.polling.health import TROUBLE
from overheard.policy import in_words
from overheard.web.request import InjectedService, Request, caller_of
from overheard.web.security import needs

_ORDER = {state: place for place, state in enumerate(TROUBLE)}


class PollForm(msgspec.Struct):
    """The form of the button."""

    source: str = ""


Form = Annotated[PollForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/sources", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def sources(
    request: Request, service: InjectedService, asked: FromQuery[str] = "", at: FromQuery[str] = ""
) -> Template:
    """List the sources of the settings."""
    # What needs somebody first; else as the settings have them.
    found = sorted(service.sources(), key=lambda one: _ORDER.get(one.health.state, len(_ORDER)))
    return Template(
        "sources.html",
        context={
            "sources": found,
            "counts": Counter(one.health.state for one in found),
            "asked": next((one.name for one in found if one.name == asked), ""),
            "at": _time(at),
            "may_write": caller_of(request).may("write"),
        },
    )


@get("/sources/{name:path}", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def source(name: FromPath[str], request: Request, service: InjectedService) -> Template:
    """Show one source whole. Raises NotFoundError."""
    whole = service.source(name.removeprefix("/"))
    terms = in_words(whole.status.policy)
    return Template(
        "source.html", context={"whole": whole, "terms": terms, "may_write": caller_of(request).may("write")}
    )


# Not below `/sources/`, where any name may be that of a source.
@post("/poll", include_in_schema=False, guards=[needs("write")], sync_to_thread=True, status_code=303)
def poll_source(data: Form, service: InjectedService) -> Redirect:
    """Have a source asked as soon as politeness allows. Raises NotFoundError."""
    at = service.poll_now(data.source)
    return Redirect(f"/sources?{urlencode({'asked': data.source, 'at': at.isoformat()})}", status_code=303)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):  # no time, or one of the year 0 or 10000 in UTC
        return None
