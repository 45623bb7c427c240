"""The way of one post through the pipeline, found again from the log: what each stage read, gave and decided.

fetches ◀─ header ─ mentions ◀─ search by time ─ mention id ─▶ facts ─▶ documents ─▶ index
"""

from collections.abc import Iterable, Mapping, Sequence

from overheard.collectors.polling.collect import FETCH_HEADER
from overheard.enrich.watch import Watch
from overheard.errors import NotFoundError
from overheard.identities import identities_of_actor
from overheard.index.base import Index
from overheard.log.base import TOPICS, ConsumerRecord, Log, partition_for
from overheard.log.deadletters import list_letters
from overheard.records import (
    DeadLetter,
    EnrichedMention,
    Event,
    Fetch,
    Incident,
    Mention,
    Profile,
    RecordError,
    decode,
    incident_id,
    is_tombstone_of,
)
from overheard.web.base import Fetched, RecordShown, Shown, Walk
from overheard.wiring.activity import place_of
from overheard.wiring.decisions import standing_decisions
from overheard.wiring.system import System

# Of a fetch or record so many bytes are shown.
SHOWN = 20_000
# Bytes before the post's own address in a feed, where its entry has not been found to begin.
_BEFORE = 2_000
_ENTRIES = (b"<item", b"<entry", b"{")
# A mention is appended just before what is remembered of it; clocks and large imports may come between.
_AROUND_MS = 10 * 60_000
# Records of one partition that a search looks at, at most.
_MOST = 5_000
_PAGE = 200


def walk_of(system: System, index: Index, mention: str) -> Walk:
    """Return the way of a post (`Service.walk`). Raises NotFoundError."""
    return _walk(system, index, mention, _find_mention(system.log, mention))


def walk_from(system: System, index: Index, topic: str, partition: int, offset: int) -> Walk | RecordShown:
    """Return the way of the post that a record is about (`Service.walk_from`). Raises NotFoundError."""
    record = _record_at(system.log, topic, partition, offset)
    if record is None:
        msg = (
            f"expected a record at {topic}/{partition}/{offset}; there is none. Posts and fetches are kept for seven "
            "days, and of the others the newest of each key"
        )
        raise NotFoundError(msg)
    data = None
    if record.value is not None:
        try:
            data = decode(record.value).data
        except RecordError:
            data = None  # shown as it is
    if isinstance(data, Mention):
        return _walk(system, index, data.id, record)
    if isinstance(data, EnrichedMention | Incident):
        return walk_of(system, index, data.mention.id)
    value = record.value or b""
    return RecordShown(place_of(record), record.key, len(value), value[:SHOWN].decode("utf-8", "replace"))


def first_after(log: Log, topic: str, partition: int, ms: int) -> int:
    """Return the offset of the first record appended after a time (ms since 1970), or the end; by halving."""
    low, high = log.span(topic, partition)
    while low < high:
        middle = (low + high) // 2
        records = log.read(topic, partition, middle, 1)
        if not records or records[0].timestamp > ms:
            high = middle
        else:
            low = records[0].offset + 1
    return low


def _record_at(log: Log, topic: str, partition: int, offset: int) -> ConsumerRecord | None:
    if topic not in TOPICS or not 0 <= partition < TOPICS[topic].partitions or not 0 <= offset < 2**63:
        return None
    records = log.read(topic, partition, offset, 1)
    return records[0] if records and records[0].offset == offset else None


# --- the mention -----------------------------------------------------------------------------------------------------


def _find_mention(log: Log, mention: str) -> ConsumerRecord | None:
    """Return the newest record of a mention on `mentions`; None where it is gone, or cannot be found in a bounded time.

    What is remembered of a mention is written just after it, so its time tells where to look.
    """
    times: list[int] = []
    remembered = log.latest("poll-state", [f"revision/{mention}"]).get(f"revision/{mention}")
    if remembered is not None:
        times.append(remembered.timestamp)
    fact = log.latest("facts", [mention]).get(mention)
    if fact is not None and fact.value is not None and isinstance(known := decode(fact.value).data, EnrichedMention):
        times.append(int(known.mention.first_seen.timestamp() * 1000))
    partition = partition_for(mention, TOPICS["mentions"].partitions)
    for time in times:
        if found := _last_before(log, partition, mention, time):
            return found
    return None


def _last_before(log: Log, partition: int, key: str, ms: int) -> ConsumerRecord | None:
    """Return the last record of a key within the minutes around a time."""
    first = max(log.span("mentions", partition)[0], first_after(log, "mentions", partition, ms - _AROUND_MS))
    end = first_after(log, "mentions", partition, ms + _AROUND_MS)
    # What is remembered is newer than the mention, so the search begins at the time and goes back, then forward.
    middle = first_after(log, "mentions", partition, ms)
    for low, high in ((first, middle), (middle, end)):
        if found := _last_of(log, partition, key, max(low, high - _MOST), high):
            return found
    return None


def _last_of(log: Log, partition: int, key: str, low: int, high: int) -> ConsumerRecord | None:
    while high > low:
        start = max(low, high - _PAGE)
        for record in reversed(log.read("mentions", partition, start, high - start)):
            if record.key == key and record.offset < high:
                return record
        high = start
    return None


def _walk(system: System, index: Index, id_: str, record: ConsumerRecord | None) -> Walk:
    log = system.log
    notes: dict[str, str] = {}
    event = _mention_in(record)
    fact = log.latest("facts", [id_]).get(id_)
    enriched = decode(fact.value) if fact is not None and fact.value is not None else None
    mention = event.data if event is not None else enriched.data.mention if enriched is not None else None
    if mention is None:
        msg = (
            f"expected the id of a post that is known; {id_[:100]!r} is none, or it came more than seven days ago and "
            "nothing watched was found in it"
        )
        raise NotFoundError(msg)
    fetched = _fetched(log, record, mention, notes)
    if record is None:
        notes["mention"] = (
            "It came more than seven days ago, so its record has been let go; what was found in it stays."
        )
    if enriched is None or is_tombstone_of(enriched):
        notes["winnow"] = _why_not_on(system, record, event, enriched)
    documents = log.latest("documents", [incident_id(id_)])
    incident, document = None, None
    for shown, data in _shown(documents, index):
        if isinstance(data, Incident):
            incident, document = data, shown
    if incident is None:
        notes["match"] = "There is no incident." if enriched is None or is_tombstone_of(enriched) else "It waits."
    elif document is not None and document.indexed is None:
        notes["index"] = "The index does not have it yet."
    subjects = [party.subject for party in incident.parties] if incident else []
    profiles = [shown for shown, data in _shown(log.latest("documents", subjects), index) if isinstance(data, Profile)]
    return Walk(
        mention=mention,
        event=event,
        place=place_of(record) if record is not None else None,
        fetched=fetched,
        enriched=enriched,
        enriched_place=place_of(fact) if fact is not None else None,
        incident=incident,
        document=document,
        profiles=profiles,
        decisions=standing_decisions(system, [id_, *identities_of_actor(mention.attributed_to)]),
        letters=_letters(log, id_, record, fetched),
        notes=notes,
    )


def _mention_in(record: ConsumerRecord | None) -> Event[Mention] | None:
    if record is None or record.value is None:
        return None
    event = decode(record.value)
    return event if isinstance(event.data, Mention) else None


# --- the bytes -------------------------------------------------------------------------------------------------------


def _fetched(log: Log, record: ConsumerRecord | None, mention: Mention, notes: dict[str, str]) -> Fetched | None:
    where = record.headers.get(FETCH_HEADER, "") if record is not None else ""
    if not where:
        notes["fetch"] = (
            "It did not come by a fetch: it was imported, handed in, or sent to the API."
            if record is not None
            else "The bytes that it was read from are kept for seven days, and have been let go."
        )
        return None
    partition, _, offset = where.partition("/")
    found = _record_at(log, "fetches", int(partition), int(offset))
    if found is None or found.value is None or not isinstance(fetch := decode(found.value).data, Fetch):
        notes["fetch"] = "The bytes that it was read from are kept for seven days, and have been let go."
        return None
    start, end = excerpt(fetch.body, mention)
    return Fetched(
        place=place_of(found),
        url=fetch.url,
        final_url=fetch.final_url,
        status=fetch.status,
        headers=fetch.headers,
        at=fetch.at,
        size=len(fetch.body),
        start=start,
        end=end,
        text=fetch.body[start:end].decode("utf-8", "replace"),
    )


def excerpt(body: bytes, mention: Mention, most: int = SHOWN) -> tuple[int, int]:
    """Return [start, end) of the bytes to show: from where the post's own entry begins, where that can be found."""
    at = -1
    for mark in (mention.url, mention.native_id, mention.name[:60]):
        forms = [form for one in (mark, mark.replace("&", "&amp;"), mark.replace("/", "\\/")) if (form := one.encode())]
        at = max((body.find(form) for form in forms), default=-1)
        if at >= 0:
            break
    if at < 0 or at < most // 2 or len(body) <= most:
        return 0, min(len(body), most)
    start = max(body.rfind(mark, max(0, at - _BEFORE), at) for mark in _ENTRIES)
    start = start if start >= 0 else at - _BEFORE
    return max(start, 0), min(len(body), start + most)


# --- what was decided ------------------------------------------------------------------------------------------------


def _why_not_on(
    system: System, record: ConsumerRecord | None, event: Event[Mention] | None, enriched: Event[EnrichedMention] | None
) -> str:
    """Return why a post goes no further than the winnow: decided again, by what is watched now."""
    if enriched is not None and (event is None or is_tombstone_of(event)):
        return "It is gone at its source, so all that was said in it has been taken out."
    if record is None or event is None:
        return "Nothing is known of it beyond its record."
    if system.log.checkpoint("enrich", "mentions").positions.get(record.partition, 0) <= record.offset:
        return "It waits for its turn."
    watch = Watch(system.log)
    watch.follow()
    if watch.winnow().winnow(event.data) is None:
        return (
            "Dropped: no watched term stands in it, neither its author nor a link in it is an identity of a contact or "
            "account, and its source is not one that always passes."
        )
    return "It passes by what is watched now: what came to be watched is being looked for in older posts."


def _shown(records: Mapping[str, ConsumerRecord], index: Index) -> Iterable[tuple[Shown, Incident | Profile]]:
    for record in records.values():
        event = decode(record.value or b"")
        if is_tombstone_of(event) or not isinstance(event.data, Incident | Profile):
            continue
        name = event.data.name if isinstance(event.data, Profile) else ""
        kind = event.data.kind if isinstance(event.data, Profile) else "incident"
        hit = index.get(event.subject)
        yield Shown(event.subject, name, kind, event.sourceversion, hit.version if hit else None), event.data


def _letters(log: Log, mention: str, record: ConsumerRecord | None, fetched: Fetched | None) -> Sequence[DeadLetter]:
    keys = {mention, incident_id(mention)}
    # Of a fetch only what says that the whole of it could not be read: other entries have letters of their own.
    ids = {f"{place.topic}/{place.partition}/{place.offset}" for place in (record, fetched and fetched.place) if place}
    return [one for one in list_letters(log) if one.key in keys or one.id in ids]
