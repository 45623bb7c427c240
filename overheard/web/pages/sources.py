"""Sources: how each feed and file does, in words, and one asked now."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from litestar import get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect, Template

from overheard.records import PollState
from overheard.web.base import SourceStatus
from overheard.web.request import InjectedService, Request, caller_of
from overheard.web.security import needs

State = Literal["works", "not asked yet", "asked to wait", "failing"]

# What a person can do, by what came; answers without a line of their own are said by their message alone.
_ADVICE = {
    0: "Check that the address is right and that this machine is connected. It is tried again by itself.",
    401: "It wants a login. Overheard reads what is public; leave this source out, or use its public feed.",
    403: "It does not want to be read by programs. Ask its owner, or leave it out of the settings.",
    404: "There is nothing at this address any more. Look for its new feed, and change the address in the settings.",
    410: "It is gone for good. Take it out of the settings.",
    429: "It was asked too often. Give it a longer interval in the settings.",
}
_OTHERS = "It is tried again by itself, less and less often. If it stays so, check its address in the settings."
_UNREAD = "It answers, but not with what is expected here. Check that the address is that of a feed, not of a page."


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source in words: `advice` says what to do, "" where nothing is."""

    source: SourceStatus
    state: State
    advice: str
    every: str


def health_of(source: SourceStatus) -> SourceHealth:
    """Return how a source does, in words."""
    every = _every(source.interval)
    known = source.state
    if source.quiet_until:
        return SourceHealth(
            source, "asked to wait", "Nothing: its site said until when it wants to be left alone.", every
        )
    if known is None:
        return SourceHealth(source, "not asked yet", "", every)
    if known.error:
        return SourceHealth(source, "failing", _advice(known), every)
    return SourceHealth(source, "works", "", every)


def _advice(state: PollState) -> str:
    if 200 <= state.status < 300:
        return _UNREAD
    return _ADVICE.get(state.status, _OTHERS)


def _every(interval: timedelta) -> str:
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if interval >= unit and not interval % unit:
            number = interval // unit
            return f"every {name}" if number == 1 else f"every {number} {name}s"
    return f"every {interval.total_seconds():.0f} seconds"


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
    found = sorted(map(health_of, service.sources()), key=lambda one: one.state != "failing")
    return Template(
        "sources.html",
        context={
            "sources": found,
            "counts": Counter(one.state for one in found),
            "asked": next((one.source.name for one in found if one.source.name == asked), ""),
            "at": _time(at),
            "may_write": caller_of(request).may("write"),
        },
    )


@post("/sources/poll", include_in_schema=False, guards=[needs("write")], sync_to_thread=True, status_code=303)
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
