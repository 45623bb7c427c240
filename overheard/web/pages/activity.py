"""The pipeline at work: each stage with its rate, what lies ahead, what became of what, and the newest records."""

from litestar import get
from litestar.response import Template

from overheard.web.events import pulses_of
from overheard.web.request import InjectedService, Request
from overheard.web.security import needs

# What each stage does, in words for who has never seen it.
DOES = {
    "collect": "asks the sources, and makes posts of what they answer",
    "enrich": "keeps what is about you, and finds names, tone and what was said",
    "match": "finds out who said it, and puts it on contacts and accounts",
    "index": "makes it searchable",
    "alert": "tells you of a complaint at once, and each morning what matters",
}
NEWEST = {
    "collect": "Newest from the sources",
    "enrich": "Newest that are about you",
    "match": "Newest on contacts and accounts",
    "index": "Newest that can be searched",
    "alert": "Newest alerts and digests",
}


@get("/activity", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def activity(request: Request, service: InjectedService) -> Template:
    """Show the pipeline as it is now."""
    rates = pulses_of(request).rates()
    sources = sorted(service.sources(), key=lambda one: one.state.next_due.timestamp() if one.state else 0.0)
    context = {
        "now": service.activity(),
        "rates": rates,
        "sources": sources,
        "does": DOES,
        "newest": NEWEST,
        "active": "activity",
    }
    return Template("activity.html", context=context)
