"""What another data folder holds, brought over whole: from one machine to Kafka, or from one folder to another.

facts, poll-state, errands, deliveries, dead-letters   the newest of each key
mentions                                               all that are kept
suppressed                                             who was erased there, or here: nothing of theirs is brought
watch, documents, changes                              not at all: the matcher makes them anew
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from overheard.errors import FolderError
from overheard.log.base import ConsumerRecord, Log, ProducerRecord
from overheard.log.suppressed import Suppressed
from overheard.records import RecordError, decode, encode, suppression_subject
from overheard.wiring.engines import embedded
from overheard.wiring.erasure import list_file, read_list, require_key, suppress
from overheard.wiring.stores import without_theirs
from overheard.wiring.system import System, newest, records_on
from overheard.wiring.traces import Traces, find_traces

_NEWEST = ("poll-state", "errands", "facts", "deliveries", "dead-letters")
# What happened before must raise no alarm again.
_REPLAYED = ("facts", "mentions")
_APPEND = 500


def bring_folder(
    system: System, folder: Path, *, on_progress: Callable[[str, int], None] | None = None
) -> Mapping[str, int]:
    """Append what the embedded data folder `folder` holds to the system's log; return the number of records by topic.

    "erased" counts those left out, of people who were erased here, or there, or from a later state of that folder.
    Nothing in `folder` is changed. Once more, or after it was interrupted, it appends the same again, which changes
    nothing. What the other system knows already and newer stays. Ids stay; versions of documents are new ones, so a
    CRM that reads `changes` begins anew. `on_progress(topic, records so far)`.

    Raises FolderError where there is no such folder, it is in use, or it is the system's own; ConfigError where the two
    folders' lists of erased people were not made with the system's suppression key.
    """
    if folder.resolve() in (system.folder.path.resolve(), system.home.resolve()) and not system.shared:
        msg = f"{folder}: expected another data folder than the one that it is brought to"
        raise FolderError(msg)
    if not (folder / "overheard.db").exists():
        msg = f"{folder}: expected a data folder of Overheard; there is none"
        raise FolderError(msg)
    counts: Counter[str] = Counter()
    with System(folder, embedded(system.settings)) as old:
        theirs = _erased(system, old)
        for topic in (*_NEWEST, "mentions"):
            records = newest(old.log, topic) if topic in _NEWEST else records_on(old.log, topic)
            for count in _append(system.log, map(_again, _passed(records, theirs, system.settings.crm.system, counts))):
                counts[topic] += count
                if on_progress is not None:
                    on_progress(topic, counts[topic])
    return dict(counts)


def _erased(system: System, old: System) -> Traces:
    """Put in force who was erased there, and return what is there of those whom both know."""
    listed = read_list(list_file(old))
    require_key(system, listed, list_file(old))  # before anything is written
    if entries := (*Suppressed(old.log, system.key_file.read).follow().entries, *listed):
        suppress(system, entries)
    return find_traces(old.log, system.suppressed.follow())


def _passed(
    records: Iterable[ConsumerRecord], theirs: Traces, crm: str, counts: Counter[str]
) -> Iterator[ConsumerRecord]:
    """Yield what is of nobody who was erased; count what is left out."""
    for record in records:
        if record.key.startswith(suppression_subject("")):
            continue  # in force already
        if not theirs.suppressions or record.value is None:
            yield record
        elif (value := without_theirs(record, theirs, crm)) is not None:
            yield record._replace(value=value)
        else:
            counts["erased"] += 1


def _again(record: ConsumerRecord) -> ProducerRecord:
    """Return a record as it is appended again; what is no event goes as it is, for its stage to refuse."""
    value = record.value
    if value is not None and record.topic in _REPLAYED:
        try:
            event = decode(value)
        except RecordError:
            pass
        else:
            value = encode(replace(event, cause="replay")) if event.cause == "live" else value
    # Headers point to offsets of the other log.
    return ProducerRecord(record.topic, record.key, value)


def _append(log: Log, records: Iterable[ProducerRecord]) -> Iterator[int]:
    """Append records in calls of a moderate size, and yield how many each took."""
    waiting: list[ProducerRecord] = []
    for record in records:
        waiting.append(record)
        if len(waiting) == _APPEND:
            log.append(waiting, durable=True)
            yield len(waiting)
            waiting = []
    if waiting:
        log.append(waiting, durable=True)
        yield len(waiting)
