"""All that is known of one source: how it does, what its site's rules say, what else it leads to, what it brought."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from overheard.collectors.fetching import robots
from overheard.collectors.polling.pollstate import load_robots
from overheard.errors import NotFoundError
from overheard.index.base import Index
from overheard.log.base import Log
from overheard.records import Robots, incident_id
from overheard.records.base import Time
from overheard.web.base import SourceDetail, SourceEntry, SourceLead, SourceStatus
from overheard.wiring.kinds import kinds
from overheard.wiring.sources import fetches_of, letters_of

_ENTRIES = 10
# Records of each partition that are looked through for a source's entries, so many at once.
_LOOKED, _AT_ONCE = 500, 100
_SHOWN = 200
_MOST_LEADS = 50
_NO_SITE = "It is not asked for: this is no site of the web."
_DOCUMENTED = "It is not asked for: this address is an interface documented for programs."


class _Said(msgspec.Struct):
    id: str
    source: str = ""
    name: str = ""
    content: str = ""
    url: str = ""
    published: Time | None = None


class _Event(msgspec.Struct):
    verb: str
    data: _Said


_events = msgspec.json.Decoder(_Event)


def source_detail(log: Log, index: Index, found: SourceStatus | None, name: str) -> SourceDetail:
    """Return what is known of a source; `found` is how it does. Raises NotFoundError where it is None."""
    if found is None:
        msg = f"expected the name of a source in the settings; {name[:100]!r} is none. Look at the sources"
        raise NotFoundError(msg)
    state = found.state
    url = state.url if state else found.url
    origin = robots.origin_of(url)
    followed = state.followed if state else ()
    kind = kinds().get(found.kind)
    if kind is not None and not kind.is_web():
        rules = _NO_SITE
    elif kind is not None and kind.documented_api and origin:
        rules = _DOCUMENTED
    else:
        rules = _rules(load_robots(log, origin) if origin else None, url)
    return SourceDetail(
        status=found,
        robots=rules,
        leads=[SourceLead(one.url, one.purpose, one.due, one.failures) for one in followed[:_MOST_LEADS]],
        entries=entries_of(log, index, found.name),
        fetches=fetches_of(log, found.name),
        letters=letters_of(log, found.name),
    )


def _rules(known: Robots | None, url: str) -> str:
    """Return in words what a robots.txt says of an address, "" where it was not asked for yet."""
    if known is None or not url:
        return ""
    if refusal := robots.refusal(known, url):
        return refusal
    pause = robots.delay(known).total_seconds()
    asks = f", and {pause:g} seconds between two requests" if pause else ""
    return f"It allows this address{asks}." if known.text else "It says nothing against this address."


def entries_of(log: Log, index: Index, source: str) -> list[SourceEntry]:
    """Return the last ten entries that a source brought, those said last first, each as it came last.

    Of the newest 6,000 posts of all sources.
    """
    entries: dict[str, SourceEntry] = {}
    for partition, (first, end) in log.spans("mentions").items():
        at, looked, found = end, 0, 0
        while at > first and looked < _LOOKED and found < _ENTRIES:
            start = max(first, at - _AT_ONCE)
            records = [one for one in log.read("mentions", partition, start, at - start) if one.offset < at]
            for record in reversed(records):
                looked += 1
                try:
                    event = _events.decode(record.value or b"")
                except msgspec.DecodeError:
                    continue  # the stage that reads it makes a dead letter of it
                said = event.data
                if said.source != source or said.id in entries:
                    continue
                found += 1
                came = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                text = " ".join((said.name or said.content).split())[:_SHOWN]
                entries[said.id] = SourceEntry(
                    said.id, text, said.url, said.published, came, gone=event.verb == "Delete"
                )
            at = start
    # As `sort_key` does: what claims to be from 2100 was said when it came, and does not stay on top.
    newest = sorted(entries.values(), key=lambda one: min(one.published or one.came, one.came), reverse=True)[:_ENTRIES]
    return [replace(one, incident=_on_record(index, one.id)) for one in newest]


def _on_record(index: Index, mention: str) -> str:
    id_ = incident_id(mention)
    return id_ if index.get(id_) is not None else ""
