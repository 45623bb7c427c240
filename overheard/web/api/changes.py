"""What was created, changed and deleted, in the matcher's order: `/v1/changes`."""

import asyncio
import time
from typing import Annotated

from msgspec import Meta

from overheard.web.api.base import JSON, Query, Told, query_of, reads
from overheard.web.request import InjectedService, Request
from overheard.web.results import Changes

_CURSOR = "^(now|c[0-9a-f]{1,15})?$"
_LOOK = 0.1  # seconds between two looks of one who waits; a look costs some 0.1 ms


class ChangesQuery(Query, frozen=True, kw_only=True):
    """`since` is the `next` of an earlier answer; "" is the oldest change that is kept, "now" the end."""

    since: Annotated[str, Meta(pattern=_CURSOR, description='`next` of an earlier answer, or "now"; "" begins.')] = ""
    limit: Annotated[int, Meta(ge=1, le=1_000, description="Changes at once.")] = 100
    wait: Annotated[float, Meta(ge=0, le=30, description="Seconds to wait for the first change.")] = 0


@reads(
    "/changes",
    Told(
        id="listChanges",
        tag="Changes",
        summary="Follow what changes",
        answer={JSON: Changes},
        query=ChangesQuery,
        problems=(410,),
    ),
)
async def changes(request: Request, service: InjectedService) -> Changes:
    """Return changes of incidents and profiles from a cursor on, with no gaps, and the cursor after them.

    Ask again with `next`, whether anything came or not. A change says that a document has a new version, or is deleted;
    read it by its id, and take what is newer than what you have: after a crash a change may come twice. Changes are
    kept for 90 days; an older cursor is answered with 410.
    """
    asked = query_of(request, ChangesQuery)
    until = time.monotonic() + asked.wait
    since = asked.since
    while True:
        # Not in a thread for all of the wait: there are some forty, and the pages need them.
        found = await asyncio.to_thread(service.changes, since, asked.limit)
        if found.changes or time.monotonic() >= until:
            return found
        since = found.next
        await asyncio.sleep(_LOOK)
