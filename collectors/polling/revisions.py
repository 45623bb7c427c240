"""Which mentions are new or changed, and as which version: compared with what was last published.

Knows nothing of where the mentions came from. `poll-state` holds one small record per mention, and one per alias:

    mentions, deletions ─▶ revise(log, …) ─▶ [Revised] ─▶ publication(…) ─▶ append

A post that is gone stays gone, whatever copy of it comes later, unless that says that it was edited since. What is
published and what is remembered of it are appended together: no kill comes between the two and publishes again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec

from overheard.collectors.base import Deletion, alias_ids
from overheard.log.base import Log, ProducerRecord
from overheard.policy import OPEN, applied, is_past
from overheard.records import (
    Cause,
    Mention,
    Policy,
    Revision,
    Verb,
    content_hash,
    decode,
    encode,
    event_for,
)
from overheard.records.mention import BY_HAND, VOLATILE

# An edit time further ahead of us than clocks differ is no edit time: the version 2100 would shut out every real edit.
_CLOCK_DIFFERENCE = timedelta(days=1)
# A post of the last day is news, which may be told at once; an older one is history that somebody fills in.
_NEWS = timedelta(days=1)
# An article is carried by its own feed and a few that gather; more than these are compared with nothing.
_SOURCES = 8
# What a source says otherwise with one and the same edit time, which may be in seconds, is the newer the later it came.
_SAME_EDIT = 1_000  # ms
_BATCH = 500
_NO_HEADERS: Mapping[str, str] = {}
_NONE_GIVEN: Mapping[str, Mention] = {}
_NO_TIMES: Mapping[str, datetime] = {}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Revised:
    """A mention with its place among its own versions.

    `mention` has the time when it was first seen. `changed` is false where its source said the same before.
    `sourceversion` is `updated` in ms, else a counter from 0; of a deletion when it was, in ms. `verb` is Create for
    the first, Update after, Delete of one that is gone. `unheard`: gone before we heard of it, which is only
    remembered. `aliases` are the ids under which it will be known as well. `said`: its source had said it before, in
    these words or in others. `past`: older than the policy of its source keeps, so that it is not taken in.
    """

    mention: Mention
    changed: bool
    sourceversion: int
    verb: Verb
    known: Revision
    unheard: bool = False
    aliases: tuple[str, ...] = ()
    said: bool = False
    past: bool = False


def revise(
    log: Log,
    mentions: Sequence[Mention | Deletion],
    policies: Mapping[str, Policy],
    *,
    given: Mapping[str, Mention] = _NONE_GIVEN,
    there: bool = False,
    as_of: Mapping[str, datetime] = _NO_TIMES,
) -> list[Revised]:
    """Return each mention with its version, in the same order; nothing is written.

    A mention that occurs twice is compared with its earlier occurrence. `first_seen` of each must be the time when it
    was received. Of each only what the policy of its source lets us keep is compared and returned; `policies` has those
    of all sources among them that allow less than everything. `given` are those, by their ids, that were completed by
    something else, as their source gave them: what it gives next is compared with that. `there`: they were found on
    their own pages just now, so they are no copies from before they were deleted. `as_of` is when those were so, by
    their ids, that may come late (`Reading.as_of`): what is older than what is known changes nothing.
    """
    mentions = [_allowed(one, policies) if isinstance(one, Mention) else one for one in mentions]
    given = {id_: _allowed(one, policies) for id_, one in given.items()}
    aliases = {one.id: alias_ids(one) for one in mentions if isinstance(one, Mention) and one.aliases}
    ids = [one.id if isinstance(one, Mention) else one.mention.id for one in mentions]
    known = _known(log, [*ids, *(alias for some in aliases.values() for alias in some)])
    known |= _known(log, [one.same_as for one in known.values() if one.same_as and one.same_as not in known])
    revised: list[Revised] = []
    for mention in mentions:
        if isinstance(mention, Deletion):
            id_ = mention.mention.id
            id_ = (known[id_].same_as or id_) if id_ in known else id_
            if mention.own and not _is_own(known.get(id_), mention.mention.source):
                revised.append(Revised(mention.mention, False, 0, "Delete", known.get(id_) or _never(mention.mention)))
                continue
            one = _deleted(mention, id_, known.get(id_))
        elif _is_past(mention, known.get(mention.id), policies):
            before = known.get(mention.id) or _never(mention)
            revised.append(Revised(mention, False, before.revision, "Update", before, past=True))
            continue
        else:
            id_ = mention.id
            others = aliases.get(id_, ())
            last = known.get(id_) or _gone_as(others, known)
            one = _revised(mention, last, given.get(id_, mention), there=there, as_of=as_of.get(id_))
            if one.changed and (new := tuple(alias for alias in others if _is_free(known.get(alias)))):
                one = replace(one, aliases=new)
                known |= {alias: _alias_of(one) for alias in new}
        known[id_] = one.known
        revised.append(one)
    return revised


def _allowed(mention: Mention, policies: Mapping[str, Policy]) -> Mention:
    return applied(policies.get(mention.source, OPEN), mention)


def _is_past(mention: Mention, known: Revision | None, policies: Mapping[str, Policy]) -> bool:
    """True where a mention that is received now is older than the policy of its source keeps."""
    policy = policies.get(mention.source)
    if policy is None or policy.retention is None:
        return False
    seen = mention.first_seen if known is None else min(mention.first_seen, known.first_seen)
    return is_past(policy, msgspec.structs.replace(mention, first_seen=seen), mention.first_seen)


def _is_own(known: Revision | None, source: str) -> bool:
    """True where a mention was published as this source has it, and as no other."""
    return known is not None and set(known.hashes) == {source}


def _never(mention: Mention) -> Revision:
    return Revision(hashes={}, revision=0, first_seen=mention.first_seen)


def _is_free(known: Revision | None) -> bool:
    """True where an id is not yet another name of a mention, nor a mention itself that was heard of."""
    return known is None or (known.deleted is not None and not known.hashes and not known.same_as)


def _gone_as(aliases: Sequence[str], known: Mapping[str, Revision]) -> Revision | None:
    """Return the deletion of a post that came before the post itself, under an alias."""
    return next((one for alias in aliases if (one := known.get(alias)) and one.deleted is not None), None)


def _alias_of(one: Revised) -> Revision:
    return Revision(hashes={}, revision=0, first_seen=one.mention.first_seen, same_as=one.mention.id)


def cause_by_age(mention: Mention, now: datetime) -> Cause:
    """Return why a post that comes `now` unasked is here: "live" if published within a day of it, else "back-fill"."""
    return "live" if mention.published is not None and abs(now - mention.published) <= _NEWS else "back-fill"


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
    remembered: dict[str, Revision] = {}
    for one in revised:
        remembered |= {alias: _alias_of(one) for alias in one.aliases}
        if one.changed and one.unheard:
            remembered[one.mention.id] = one.known
        elif one.changed:
            mention = one.mention
            remembered.pop(mention.id, None)
            event = event_for(
                mention,
                subject=mention.id,
                source=source,
                time=time,
                verb=one.verb,
                sourceversion=one.sourceversion,
                cause=cause_of(mention),
            )
            records.append(ProducerRecord("mentions", mention.id, encode(event), headers))
            records.append(_remembered(mention.id, one.known, source))
    # At the end, so that every mention has its pair beside it.
    return [*records, *(_remembered(id_, known, source) for id_, known in remembered.items())]


def _remembered(mention: str, known: Revision, source: str) -> ProducerRecord:
    key = _key(mention)
    return ProducerRecord(
        "poll-state", key, encode(event_for(known, subject=key, source=source, time=known.first_seen))
    )


def _key(mention: str) -> str:
    return f"revision/{mention}"


def _known(log: Log, mentions: Iterable[str]) -> dict[str, Revision]:
    ids = list(dict.fromkeys(mentions))
    known: dict[str, Revision] = {}
    for i in range(0, len(ids), _BATCH):
        batch = ids[i : i + _BATCH]
        found = log.latest("poll-state", [_key(id_) for id_ in batch])
        for id_ in batch:
            record = found.get(_key(id_))
            if record is not None and record.value is not None:
                known[id_] = decode(record.value).data
    return known


def _revised(
    mention: Mention, known: Revision | None, given: Mention, *, there: bool = False, as_of: datetime | None = None
) -> Revised:
    content = content_hash(given, without=VOLATILE)
    updated = _milliseconds(mention.updated, mention.first_seen)
    if known is None:
        version = 0 if updated is None else updated
        seen = Revision(hashes={mention.source: content}, revision=version, first_seen=mention.first_seen)
        return Revised(mention, True, version, "Create", seen)
    mention = msgspec.structs.replace(mention, first_seen=min(mention.first_seen, known.first_seen))
    gone = _is_gone(known)
    if known.hashes.get(mention.source) == content and not (there and gone):
        return Revised(mention, False, known.revision, "Update", known)
    if gone and not there and mention.source != BY_HAND and (updated is None or updated <= known.revision):
        return Revised(mention, False, known.revision, "Update", known)  # a copy from before
    if not gone and not there and _is_address(given) and known.hashes and mention.source not in known.hashes:
        return Revised(mention, False, known.revision, "Update", known)  # another source has told more
    if as_of is not None and not there and _is_late(updated, _milliseconds(as_of, mention.first_seen), known):
        return Revised(mention, False, known.revision, "Update", known)
    version = known.revision + 1 if updated is None else updated
    again = mention.source in known.hashes and 0 <= known.revision - version < _SAME_EDIT
    if there or again:  # edited without a word of when, or with the word of the edit before
        version = max(version, known.revision + 1)
    others = {name: hash_ for name, hash_ in known.hashes.items() if name != mention.source}
    kept = dict(list(others.items())[-(_SOURCES - 1) :]) | {mention.source: content}
    seen = Revision(
        hashes=kept, revision=max(version, known.revision), first_seen=mention.first_seen, deleted=known.deleted
    )
    return Revised(mention, True, version, "Update", seen, said=mention.source in known.hashes)


def _is_address(given: Mention) -> bool:
    """True where a source gives the address of a page and nothing that it says, as sitemaps do."""
    return given.platform == "web" and not given.name and not given.content


def _deleted(deletion: Deletion, id_: str, known: Revision | None) -> Revised:
    """Return the deletion of the mention `id_`, which may be another one's alias in the deletion itself."""
    mention = msgspec.structs.replace(deletion.mention, id=id_)
    at = _milliseconds(deletion.at, mention.first_seen)
    now = (mention.first_seen - _EPOCH) // timedelta(milliseconds=1)
    if known is None:
        version = now if at is None else at
        gone = Revision(hashes={}, revision=version, first_seen=mention.first_seen, deleted=version)
        return Revised(mention, True, version, "Delete", gone, unheard=True)
    mention = msgspec.structs.replace(mention, first_seen=min(mention.first_seen, known.first_seen))
    if _is_gone(known) if at is None else known.deleted is not None and at <= known.deleted:
        return Revised(mention, False, known.revision, "Delete", known)
    version = max(known.revision + 1, now) if at is None else at
    # One that is older than the last edit takes what was said before it, and the post stays.
    gone = msgspec.structs.replace(known, deleted=version, revision=max(version, known.revision))
    return Revised(mention, True, version, "Delete", gone)


def _is_late(updated: int | None, as_of: int | None, known: Revision) -> bool:
    """True for what was so before an edit that is known; a version that was counted is before all times."""
    if updated is not None:
        return updated < known.revision
    return as_of is not None and as_of <= known.revision


def _is_gone(known: Revision) -> bool:
    return known.deleted is not None and known.deleted >= known.revision


def _milliseconds(when: datetime | None, seen: datetime) -> int | None:
    """Return a time that a source told, in ms; None where nobody says or nobody could know yet."""
    if when is None or when > seen + _CLOCK_DIFFERENCE:
        return None
    return max((when - _EPOCH) // timedelta(milliseconds=1), 0)
