"""Which mentions are new or changed, and as which version: compared with what was last published.

Knows nothing of where the mentions came from. `poll-state` holds one small record per mention:

    mentions ─▶ revise(log, …) ─▶ [Revised] ─▶ publication(…) ─▶ append

What is published and what is remembered of it are appended together: no kill comes between the two and publishes again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from overheard.log.base import Log, ProducerRecord
from overheard.records import Cause, Mention, Revision, Verb, content_hash, decode, encode, event_for
from overheard.records.mention import VOLATILE

# An edit time further ahead of us than clocks differ is no edit time: the version 2100 would shut out every real edit.
_CLOCK_DIFFERENCE = timedelta(days=1)
# An article is carried by its own feed and a few that gather; more than these are compared with nothing.
_SOURCES = 8
_BATCH = 500
_NO_HEADERS: Mapping[str, str] = {}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Revised:
    """A mention with its place among its own versions.

    `mention` has the time when it was first seen. `changed` is false where its source said the same before.
    `sourceversion` is `updated` in ms, else a counter from 0; `verb` is Create for the first, Update after.
    """

    mention: Mention
    changed: bool
    sourceversion: int
    verb: Verb
    known: Revision


def revise(log: Log, mentions: Sequence[Mention]) -> list[Revised]:
    """Return each mention with its version, in the same order; nothing is written.

    A mention that occurs twice is compared with its earlier occurrence. `first_seen` of each must be the time when it
    was received.
    """
    known = _known(log, mentions)
    revised: list[Revised] = []
    for mention in mentions:
        one = _revised(mention, known.get(mention.id))
        known[mention.id] = one.known
        revised.append(one)
    return revised


def publication(
    revised: Iterable[Revised],
    *,
    source: str,
    time: datetime,
    cause_of: Callable[[Mention], Cause],
    headers: Mapping[str, str] = _NO_HEADERS,
) -> list[ProducerRecord]:
    """Return what publishes those that changed: of each its event on `mentions`, with `headers`, and its revision.

    To be appended in order, and each pair in one call. `source` names the writer in the envelope.
    """
    records = []
    for one in revised:
        if one.changed:
            mention = one.mention
            event = event_for(
                mention,
                subject=mention.id,
                source=source,
                time=time,
                verb=one.verb,
                sourceversion=one.sourceversion,
                cause=cause_of(mention),
            )
            key = _key(mention.id)
            known = event_for(one.known, subject=key, source=source, time=mention.first_seen)
            records.append(ProducerRecord("mentions", mention.id, encode(event), headers))
            records.append(ProducerRecord("poll-state", key, encode(known)))
    return records


def _key(mention: str) -> str:
    return f"revision/{mention}"


def _known(log: Log, mentions: Sequence[Mention]) -> dict[str, Revision]:
    ids = list(dict.fromkeys(mention.id for mention in mentions))
    known: dict[str, Revision] = {}
    for i in range(0, len(ids), _BATCH):
        batch = ids[i : i + _BATCH]
        found = log.latest("poll-state", [_key(id_) for id_ in batch])
        for id_ in batch:
            record = found.get(_key(id_))
            if record is not None and record.value is not None:
                known[id_] = decode(record.value).data
    return known


def _revised(mention: Mention, known: Revision | None) -> Revised:
    content = content_hash(mention, without=VOLATILE)
    updated = _milliseconds(mention)
    if known is None:
        version = 0 if updated is None else updated
        seen = Revision(hashes={mention.source: content}, revision=version, first_seen=mention.first_seen)
        return Revised(mention, True, version, "Create", seen)
    mention = msgspec.structs.replace(mention, first_seen=min(mention.first_seen, known.first_seen))
    if known.hashes.get(mention.source) == content:
        return Revised(mention, False, known.revision, "Update", known)
    version = known.revision + 1 if updated is None else updated
    others = {name: hash_ for name, hash_ in known.hashes.items() if name != mention.source}
    kept = dict(list(others.items())[-(_SOURCES - 1) :]) | {mention.source: content}
    seen = Revision(hashes=kept, revision=max(version, known.revision), first_seen=mention.first_seen)
    return Revised(mention, True, version, "Update", seen)


def _milliseconds(mention: Mention) -> int | None:
    """Return when the mention was edited, in ms; None where nobody says or nobody could know yet."""
    if mention.updated is None or mention.updated > mention.first_seen + _CLOCK_DIFFERENCE:
        return None
    return max((mention.updated - _EPOCH) // timedelta(milliseconds=1), 0)
