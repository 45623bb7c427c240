"""The stage that keeps an index equal to the topic `documents`.

    documents ─▶ change_of ─▶ index.apply ─▶ index.flush ─▶ (the loop commits the position)

Knows no engine, and not what the records mean.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from overheard.errors import InputError
from overheard.index.base import Change, Index, Removal
from overheard.index.documents import Record, document_of
from overheard.log.base import ConsumerRecord
from overheard.log.deadletters import dead_letter
from overheard.log.stage import Outcome
from overheard.records import DeadLetter, Event, Incident, Profile, RecordError, decode, is_tombstone_of

PIECE = 250


def _utc_now() -> datetime:
    return datetime.now(UTC)


def change_of(record: ConsumerRecord) -> Change:
    """Return what a record of `documents` does to the index: its tombstones and events with verb Delete remove.

    Raises InputError for a record that is no document.
    """
    said = read(record)
    if isinstance(said, Removal):
        return said
    return document_of(said.data, said.sourceversion, first=said.verb == "Create")


def read(record: ConsumerRecord) -> Removal | Event[Record]:
    """Return the removal, or the event with the document, that a record of `documents` is; raises as `change_of`."""
    if record.value is None:
        return Removal(record.key, None)
    try:
        event = decode(record.value)
    except RecordError as e:
        raise InputError(str(e), where=record.key) from e
    if is_tombstone_of(event):
        return Removal(event.subject, event.sourceversion)
    if not isinstance(event.data, Incident | Profile):
        msg = f"expected an incident or a profile; got {event.type}. Look at what publishes to the topic"
        raise InputError(msg, where=event.subject)
    if event.data.id != event.subject:
        msg = f"expected a document with the id of its event, {event.subject}; got {event.data.id}"
        raise InputError(msg, where=event.subject)
    return event


class IndexStage:
    """`Stage`: documents into an index. It flushes before it returns, since only then may the position be committed.

    A flush costs about 70 ms whatever its size: run the loop with a `linger` of 0.25 s.
    """

    name = "index"
    topic = "documents"
    batch = 5_000

    def __init__(self, index: Index, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._index = index
        self._clock = clock

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        """See `Stage.process`. After an error nothing is pending, and the same records may come again."""
        fates: Counter[str] = Counter()
        dead: list[DeadLetter] = []
        # In pieces, so that the engine works on one while the next is read.
        for at in range(0, len(records), PIECE):
            changes: list[Change] = []
            changing: list[ConsumerRecord] = []
            for record in records[at : at + PIECE]:
                try:
                    changes.append(change_of(record))
                    changing.append(record)
                except InputError as e:
                    dead.append(dead_letter(record, self.name, e, self._clock()))
            for record, fate in zip(changing, self._index.apply(changes), strict=True):
                if isinstance(fate, InputError):
                    dead.append(dead_letter(record, self.name, fate, self._clock()))
                else:
                    fates[fate] += 1
        self._index.flush()
        # Only who erases somebody writes a record without a value; the matcher's removals are events.
        if any(record.value is None for record in records):
            self._index.purge()
        if dead:
            fates["dead"] = len(dead)
        return Outcome(outputs=(), fates=fates, dead=dead)
