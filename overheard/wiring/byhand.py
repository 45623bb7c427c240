"""One stage on lines of JSON, with the real loop on a folder that is thrown away.

lines ─▶ the stage's topic ─▶ run_stage ─▶ its output topic ─▶ lines, in order of partition and offset
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from overheard.config.settings import Settings
from overheard.enrich.told import Explained, ExplainedMention, Explaining
from overheard.errors import InputError
from overheard.index.documents import document_of
from overheard.log.base import ProducerRecord
from overheard.log.deadletters import list_letters
from overheard.log.stage import LogSink, run_stage
from overheard.records import DeadLetter, EnrichedMention, Mention, RecordError, decode
from overheard.wiring.engines import is_shared
from overheard.wiring.erasure import restore_list
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import STAGES, System, newest, open_node, records_on, throwaway, utc_now

BY_HAND = ("collect", "enrich", "match", "index")
_APPEND = 500


@dataclass(frozen=True, slots=True)
class Done:
    """What one run gave: output lines (JSON, no line ends), the fate of each line read, and the dead letters.

    Of enrich also what each component is and what it found in each mention.
    """

    lines: Sequence[bytes]
    fates: Mapping[str, int]
    letters: Sequence[DeadLetter]
    components: Sequence[Explained] = ()
    mentions: Sequence[ExplainedMention] = ()


def run_by_hand(
    stage: str,
    stream: BinaryIO,
    settings: Settings,
    *,
    folder: Path | None = None,
    watch: Path | None = None,
    accounts: Path | None = None,
    contacts: Path | None = None,
) -> Done:
    """Run `stage`, one of BY_HAND, on the lines of `stream`, and return what came of it.

    What is watched and who is known comes from a data folder, if `folder` is one, and from the files `watch`,
    `accounts` and `contacts`. Rows of posts given to enrich are taken through `collect` first.
    Raises ConfigError for a file that is wrong, FolderError for a folder that cannot be read.
    """
    data = stream.read()
    known, settings = ([], settings) if folder is None else _known_in(folder, settings)
    with throwaway(settings) as system:
        for i in range(0, len(known), _APPEND):
            system.log.append(known[i : i + _APPEND])
        system.catch_up_match()
        if watch is not None:
            bring_watch(system, watch)
        if accounts is not None:
            bring_accounts(system, accounts)
        if contacts is not None:
            bring_contacts(system, contacts)
        if stage == "collect" or (stage == "enrich" and not _is_event(data)):
            fates = bring_mentions(system, BytesIO(data)).report.fates
        else:
            _put(system, STAGES[stage], data)
            fates = {}
        explaining = Explaining()
        if stage == "enrich":
            fates = _enrich(system, explaining)
            lines = list(_outputs(system, "facts", (EnrichedMention,)))
        elif stage == "match":
            before = Counter(system.fates()["match"])
            system.catch_up_match()
            fates = Counter(system.fates()["match"]) - before
            lines = [record.value for record in newest(system.log, "documents") if record.value is not None]
        elif stage == "index":
            fates = system.catch_up_index().fates
            lines = list(_indexed(system))
        else:
            lines = list(_outputs(system, "mentions", (Mention,)))
        return Done(lines, fates, list_letters(system.log), explaining.components, explaining.mentions)


def _known_in(folder: Path, settings: Settings) -> tuple[list[ProducerRecord], Settings]:
    """Return what a data folder knows: terms, sources, accounts, contacts, decisions, and who was erased.

    With it come the settings that name the key of those who were erased.
    """
    with open_node(folder, "command", settings) if is_shared(settings) else System(folder, settings) as known:
        restore_list(known)
        records = [
            ProducerRecord(record.topic, record.key, record.value)
            for topic in ("suppressed", "facts")
            for record in newest(known.log, topic)
            if record.value is not None and not isinstance(decode(record.value).data, EnrichedMention)
        ]
        privacy = msgspec.structs.replace(settings.privacy, key_file=str(known.key_file.path))
        return records, msgspec.structs.replace(settings, privacy=privacy)


def _put(system: System, topic: str, data: bytes) -> None:
    """Append each line to the stage's topic, as it came: what is no event is the stage's to refuse."""
    lines = [line for line in data.splitlines() if line.strip()]
    records = [ProducerRecord(topic, _subject(line), line) for line in lines]
    for i in range(0, len(records), _APPEND):
        system.log.append(records[i : i + _APPEND])


def _subject(line: bytes) -> str:
    """Return the key under which an event stands on its topic; "" for what is no event."""
    try:
        return str(decode(line).subject)
    except RecordError:
        return ""


def _enrich(system: System, explaining: Explaining) -> Mapping[str, int]:
    """Run the enrich stage in this process, and return the fates."""
    # Only here: spaCy takes a second to load, and no other command needs it in this process.
    from overheard.enrich.stage import EnrichStage  # noqa: PLC0415
    from overheard.enrich.watch import Watch  # noqa: PLC0415

    watch = Watch(system.log)
    watch.follow()
    stage = EnrichStage(watch.winnow(), clock=utc_now, after=explaining.after)
    with closing(system.log.consumer(stage.name, stage.topic)) as consumer:
        sink = LogSink(system.log, consumer)
        return run_stage(stage, consumer, sink, stop=threading.Event(), until_idle=lambda: True).fates


def _is_event(data: bytes) -> bool:
    return b'"specversion"' in data.partition(b"\n")[0]


def _indexed(system: System) -> Iterator[bytes]:
    """Yield what the index holds of each document, as JSON; of what became a dead letter, nothing."""
    for record in newest(system.log, "documents"):
        with suppress(RecordError, InputError):
            if record.value is not None and (event := decode(record.value)).verb != "Delete":
                yield msgspec.json.encode(document_of(event.data, event.sourceversion))


def _outputs(system: System, topic: str, kinds: tuple[type, ...]) -> Iterator[bytes]:
    """Yield the events of some kinds on a topic, as JSON, in order of partition and offset."""
    for record in records_on(system.log, topic):
        if record.value is not None and isinstance(decode(record.value).data, kinds):
            yield record.value
