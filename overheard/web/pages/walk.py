"""The way of one post: from the bytes as fetched to the profile, with what each stage decided and why."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from overheard.matcher.incidents import polarity_of
from overheard.web.base import RecordShown, Walk
from overheard.web.request import InjectedService
from overheard.web.security import needs
from overheard.web.shown import Span


@get("/walk/{mention:str}", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def walk(service: InjectedService, mention: FromPath[str]) -> Template:
    """Show the way of a post, by its mention's id."""
    return _shown(service.walk(mention))


@get(
    "/walk/{topic:str}/{partition:int}/{offset:int}",
    include_in_schema=False,
    guards=[needs("read")],
    sync_to_thread=True,
)
def walk_from(
    service: InjectedService, topic: FromPath[str], partition: FromPath[int], offset: FromPath[int]
) -> Template:
    """Show the way of the post that a record is about, or the record."""
    found = service.walk_from(topic, partition, offset)
    if isinstance(found, RecordShown):
        return Template("record.html", context={"record": found, "active": "activity"})
    return _shown(found)


def _shown(found: Walk) -> Template:
    enriched = found.enriched.data if found.enriched is not None else None
    hits = enriched.hits if enriched is not None else ()
    entities = enriched.entities if enriched is not None else ()
    context = {
        "walk": found,
        "spans": [
            *(Span(hit.start, hit.end, "term") for hit in hits),
            *(Span(one.start, one.end, one.label) for one in entities),
        ],
        "polarity": polarity_of(found.incident) if found.incident is not None else "",
        "names": {one.id: one.name for one in found.profiles},
        "active": "activity",
    }
    return Template("walk.html", context=context)
