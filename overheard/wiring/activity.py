"""The pipeline as it is now: what each stage has done, what lies ahead of it, and the newest records that went by."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from overheard.alerts.stage import GROUP as ALERTS
from overheard.alerts.stage import AlertStage
from overheard.log.base import ConsumerRecord
from overheard.log.deadletters import list_letters
from overheard.records import (
    Change,
    Delivery,
    EnrichedMention,
    Event,
    Incident,
    Mention,
    Profile,
    RecordError,
    decode,
    is_tombstone_of,
)
from overheard.web.base import Activity, Place, Pulse, Seen, Step
from overheard.wiring.system import System

LATEST = 10
# Where the newest records of a compacted topic were superseded, offsets have gaps; so far back is looked for the rest.
_BACK = 30
_LETTERS = 20
_LINE = 120
# Offsets of `changes` that one pulse looks at; what came in more than that is only counted later.
_CHANGES = 1_000
# New is what was said; what was matched again, or decided on, was there before.
_NEW = ("live", "back-fill", "replay")


def pulse_of(system: System, after: int) -> Pulse:
    """Return how far the pipeline is (`Service.pulse`): some ms, whatever the folder holds."""
    end = system.log.span("changes", 0)[1]
    incidents = 0
    if 0 <= after < end:
        records = system.log.read("changes", 0, after, _CHANGES)
        events = [decode(record.value) for record in records if record.value is not None]
        incidents = len({event.subject for event in events if _is_new_incident(event)})
        end = records[-1].offset + 1 if records else end
    told, ahead = _alerts(system)
    done = {stage: sum(fates.values()) for stage, fates in {**system.fates(), ALERTS: told}.items()}
    return Pulse(done, {**system.lag(), ALERTS: ahead}, incidents, end)


def _alerts(system: System) -> tuple[Mapping[str, int], int]:
    """Return what became of the documents that alerts read, and how many lie ahead; none where none are told here."""
    known = system.log.checkpoint(ALERTS, AlertStage.topic)
    return known.fates, system.lag_of(known.positions, AlertStage.topic) if known.positions else 0


def _is_new_incident(event: Event[Any]) -> bool:
    change = event.data
    return (
        isinstance(change, Change) and change.kind == "incident" and change.what == "written" and change.cause in _NEW
    )


def activity_of(system: System) -> Activity:
    """Return the pipeline as it is now (`Service.activity`)."""
    told, ahead = _alerts(system)
    fates, lag = {**system.fates(), ALERTS: told}, {**system.lag(), ALERTS: ahead}
    steps = tuple(
        Step(name, lag.get(name, 0), fates.get(name, {}), tuple(latest(system, topic, see)))
        for name, topic, see in (
            ("collect", "mentions", _mention_seen),
            ("enrich", "facts", _fact_seen),
            ("match", "documents", _document_seen),
            ("index", "documents", _indexed_seen(system)),
            (ALERTS, "deliveries", _delivery_seen),
        )
    )
    letters = list_letters(system.log)
    return Activity(steps, letters[: -_LETTERS - 1 : -1], len(letters))


def latest(
    system: System, topic: str, see: Callable[[ConsumerRecord, Event[Any]], Seen | None], number: int = LATEST
) -> Iterator[Seen]:
    """Yield the newest records of a topic that `see` makes something of, newest first."""
    records: list[ConsumerRecord] = []
    for partition, (first, end) in system.log.spans(topic).items():
        records += system.log.read(topic, partition, max(first, end - _BACK), _BACK)
    records.sort(key=lambda record: (record.timestamp, record.partition, record.offset), reverse=True)
    for record in records:
        try:
            seen = see(record, decode(record.value)) if record.value is not None else None
        except RecordError:
            continue  # the stage that reads it makes a dead letter of it
        if seen is not None:
            yield seen
            number -= 1
            if not number:
                return


def place_of(record: ConsumerRecord) -> Place:
    """Return where a record stands."""
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Place(record.topic, record.partition, record.offset, at)


def _mention_seen(record: ConsumerRecord, event: Event[Any]) -> Seen | None:
    said = event.data
    if not isinstance(said, Mention):
        return None
    return Seen(place_of(record), _line(said.text) or event.verb, said.source, said.id)


def _fact_seen(record: ConsumerRecord, event: Event[Any]) -> Seen | None:
    said = event.data
    if not isinstance(said, EnrichedMention):
        return None
    passed = "gone at its source" if is_tombstone_of(event) else ", ".join(one.by for one in said.passed[:3])
    return Seen(place_of(record), _line(said.mention.text) or said.mention.url, passed, said.mention.id)


def _document_seen(record: ConsumerRecord, event: Event[Any]) -> Seen | None:
    document = event.data
    if isinstance(document, Incident):
        linked = [party.name or party.subject for party in document.parties if party.outcome == "linked"]
        about = ", ".join(linked[:3]) or "nobody in the CRM yet"
        return Seen(place_of(record), _line(document.mention.text) or document.id, about, document.mention.id)
    if isinstance(document, Profile):
        return Seen(place_of(record), document.name or document.id, document.kind, "")
    return None


def _indexed_seen(system: System) -> Callable[[ConsumerRecord, Event[Any]], Seen | None]:
    """Return what sees only documents that the index has taken in."""
    positions = system.log.checkpoint("index", "documents").positions

    def see(record: ConsumerRecord, event: Event[Any]) -> Seen | None:
        seen = _document_seen(record, event) if record.offset < positions.get(record.partition, 0) else None
        return seen and Seen(seen.place, seen.what, f"version {event.sourceversion}", seen.mention)

    return see


def _delivery_seen(record: ConsumerRecord, event: Event[Any]) -> Seen | None:
    told = event.data
    if not isinstance(told, Delivery):
        return None
    return Seen(place_of(record), _line(told.subject), f"{told.channel}: {told.state}", "")


def _line(text: str) -> str:
    line = " ".join(text[: 4 * _LINE].split())
    return f"{line[: _LINE - 1]}…" if len(line) > _LINE else line
