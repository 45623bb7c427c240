"""One opened Overheard: the data folder with its log, and the stages put on it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from overheard.config.settings import Settings
from overheard.folder import Folder
from overheard.index.embedded import EmbeddedIndex
from overheard.index.stage import IndexStage
from overheard.log.base import TOPICS, ConsumerRecord, Log
from overheard.log.embedded import EmbeddedLog
from overheard.log.stage import LogSink, Progress, run_stage
from overheard.matcher.ledger import Ledger, fates_in
from overheard.matcher.stage import LedgerSink, MatchStage
from overheard.records import Event, Term, WatchedSource, decode

# The topic that each stage reads, under whose name its positions and fates stand.
STAGES: Mapping[str, str] = {"enrich": "mentions", "match": "facts", "index": "documents"}
# The index stage gathers documents for so long, since a commit costs some 70 ms whatever its size.
INDEX_LINGER = 0.25
# A worker's exit status where another start would meet the same: a full disk, a damaged folder. It has said so itself.
GAVE_UP = 3
_PAGE = 1_000


def utc_now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


def newest(log: Log, topic: str) -> Iterator[ConsumerRecord]:
    """Yield the newest record of every key on a compacted topic, but for tombstones, in order of offset."""
    for partition in range(TOPICS[topic].partitions):
        offset, end = log.span(topic, partition)
        while offset < end and (records := log.read(topic, partition, offset, _PAGE)):
            latest = log.latest(topic, [record.key for record in records])
            yield from (record for record in records if _is_newest(record, latest))
            offset = records[-1].offset + 1


def _is_newest(record: ConsumerRecord, latest: Mapping[str, ConsumerRecord]) -> bool:
    known = latest.get(record.key)
    return known is not None and known.offset == record.offset


class System:
    """The data folder, opened by its owner, with its log. A context manager.

    Raises what `Folder` raises.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.settings = settings
        self.folder = Folder(folder)
        try:
            self.log = EmbeddedLog(self.folder)
        except BaseException:
            self.folder.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the engines and the folder."""
        self.log.close()
        self.folder.close()

    def index(self) -> EmbeddedIndex:
        """Return the index, opened; the caller closes it."""
        return EmbeddedIndex(self.folder)

    def run_match(
        self,
        stop: threading.Event,
        *,
        until_idle: Callable[[], bool] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Progress:
        """Run the matcher in this thread until `stop`, or until nothing is left where `until_idle` says so."""
        with (
            closing(Ledger(self.folder, clock=utc_now)) as ledger,
            closing(self.log.consumer("match", MatchStage.topic)) as consumer,
        ):
            return run_stage(
                MatchStage(ledger),
                consumer,
                LedgerSink(ledger, self.log),
                stop=stop,
                until_idle=until_idle,
                on_progress=on_progress,
            )

    def run_index(
        self,
        stop: threading.Event,
        *,
        until_idle: Callable[[], bool] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Progress:
        """Run the index writer in this thread; as `run_match`."""
        with closing(self.index()) as index, closing(self.log.consumer("index", IndexStage.topic)) as consumer:
            return run_stage(
                IndexStage(index, clock=utc_now),
                consumer,
                LogSink(self.log, "index", IndexStage.topic),
                stop=stop,
                until_idle=until_idle,
                linger=INDEX_LINGER,
                on_progress=on_progress,
            )

    def catch_up_match(self, on_progress: Callable[[Progress], None] | None = None) -> Progress:
        """Apply all facts that wait, so that `watch` has what was imported."""
        return self.run_match(threading.Event(), until_idle=lambda: True, on_progress=on_progress)

    def catch_up_index(self) -> Progress:
        """Index all documents that wait."""
        return self.run_index(threading.Event(), until_idle=lambda: True)

    def fact(self, subject: str) -> Event[Any] | None:
        """Return the newest event of a subject on `facts`, a deletion's too; None where it never came."""
        record = self.log.latest("facts", [subject]).get(subject)
        return None if record is None or record.value is None else decode(record.value)

    def watched_facts(self) -> Mapping[str, Event[Any]]:
        """Return the newest event of each term and source that is watched, by subject; as far as the matcher is."""
        events = (decode(record.value) for record in newest(self.log, "watch") if record.value)
        return {event.subject: event for event in events if isinstance(event.data, Term | WatchedSource)}

    def documents(self) -> Iterator[Event[Any]]:
        """Yield the event of every document as it is now, incidents and profiles, in no order."""
        for record in newest(self.log, "documents"):
            if record.value is not None and (event := decode(record.value)).verb != "Delete":
                yield event

    def fates(self) -> Mapping[str, Mapping[str, int]]:
        """Return what became of the records that each stage read, since the folder began.

        Of "collect" what the polls brought; an import of a file reports its rows itself.
        """
        fates = {"collect": self.log.checkpoint("collect", "fetches").fates}
        fates |= {name: self.log.checkpoint(name, topic).fates for name, topic in STAGES.items()}
        return {**fates, "match": fates_in(self.folder)}

    def lag(self) -> Mapping[str, int]:
        """Return how many offsets lie ahead of each stage."""
        lag: dict[str, int] = {}
        for name, topic in STAGES.items():
            positions = self.log.checkpoint(name, topic).positions
            spans = [self.log.span(topic, partition) for partition in range(TOPICS[topic].partitions)]
            lag[name] = sum(end - max(first, positions.get(p, 0)) for p, (first, end) in enumerate(spans))
        return lag


@contextmanager
def throwaway(settings: Settings) -> Iterator[System]:
    """Lend a system in a new folder, which is removed afterwards."""
    with TemporaryDirectory(prefix="overheard-") as folder, System(Path(folder), settings) as system:
        yield system
