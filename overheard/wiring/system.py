"""One opened Overheard: the data folder, the log and the index, and the stages put on them.

One process owns a folder. While `overheard up` runs, other commands join it as guests: log and index are shared between
processes already, so a guest reads and appends as its workers do, and waits where the owner has to act.

Where the log is shared (Kafka), each process has a folder of its own, for the ledger that it follows; whoever writes
waits for the stages, wherever they run.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import msgspec

from overheard.config.settings import Settings
from overheard.errors import FolderInUseError, OverheardError, TransientError
from overheard.folder import Folder, holder_of
from overheard.index.base import Index
from overheard.index.rebuild import rebuild as rebuild_index
from overheard.index.stage import IndexStage
from overheard.log.base import TOPICS, ConsumerRecord, Log
from overheard.log.stage import LogSink, Progress, run_stage
from overheard.log.suppressed import Suppressed
from overheard.matcher.ledger.ledger import Ledger
from overheard.matcher.ledger.reading import fates_in, position_in
from overheard.matcher.stage import LedgerSink, MatchStage, collect_seldom
from overheard.matcher.standby import announce_epoch, follow, run_match
from overheard.records import Event, RecordError, Term, WatchedSource, decode
from overheard.wiring.engines import Indexes, embedded, is_shared, open_log
from overheard.wiring.keyfile import KeyFile

# The topic that each stage reads, under whose name its positions and fates stand.
STAGES: Mapping[str, str] = {"enrich": "mentions", "match": "facts", "index": "documents"}
# The index stage gathers documents for so long, since a commit costs some 70 ms whatever its size.
INDEX_LINGER = 0.25
# How often a command looks whether a running stage has taken in what it wrote, in seconds.
_LOOK = 0.01
_LOOK_SHARED = 0.1  # a look goes over the network
# So many facts behind, a command that waits for the matcher follows it meanwhile: fewer would be settled too often.
_FOLLOWED_MEANWHILE = 2_000
# Where nothing moved for so long, in seconds, nobody runs the stage that is waited for.
_PATIENCE = 60.0
# A worker's exit status where another start would meet the same: a full disk, a damaged folder. It has said so itself.
GAVE_UP = 3
_PAGE = 1_000
_SERVING = "serving"


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


def records_on(log: Log, topic: str) -> Iterator[ConsumerRecord]:
    """Yield every record of a topic, in order of partition and offset."""
    for partition in range(TOPICS[topic].partitions):
        offset, end = log.span(topic, partition)
        while offset < end and (records := log.read(topic, partition, offset, _PAGE)):
            yield from records
            offset = records[-1].offset + 1


def _event_of(record: ConsumerRecord | None) -> Event[Any] | None:
    return None if record is None or record.value is None else decode(record.value)


def _is_newest(record: ConsumerRecord, latest: Mapping[str, ConsumerRecord]) -> bool:
    known = latest.get(record.key)
    return known is not None and known.offset == record.offset


class System:
    """The data folder, opened, with its log. A context manager.

    `config` is the file that the settings come from, or would be written to. `home` is where all processes of this
    machine look (tokens, what set-up began), where that is not `folder` itself. `guest`: beside the owner, which must
    have been found by `serving`. Raises what `Folder` raises, and EngineError.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        config: Path = Path("overheard.toml"),
        guest: bool = False,
        home: Path | None = None,
    ) -> None:
        self.settings = settings
        self.config = config
        self.guest = guest
        self.home = home or folder
        self.settings_changed = threading.Event()
        self.shared = is_shared(settings)
        self._turns = {stage: threading.Lock() for stage in STAGES}
        self.folder = Folder(folder, held=guest)
        self._indexes = Indexes(settings.index, self.folder)
        self._index_is_ours = False
        self.key_file = KeyFile.of(settings, self.home)
        try:
            self.log = open_log(settings.log, self.folder)
        except BaseException:
            self.folder.close()
            raise
        self.suppressed = Suppressed(self.log, self.key_file.read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the engines and the folder."""
        self.log.close()
        self._indexes.close()
        self.folder.close()

    def change_settings(self, settings: Settings) -> None:
        """Go on with other settings: sources, alerts and pages take them at their next look, the folder stays."""
        self.settings = settings
        self.settings_changed.set()

    def index(self, *, reading: bool = False, anew: bool = False) -> Index:
        """Return the index, opened; the caller closes it. `reading`: beside whoever writes, in any process.

        `anew`: it is to be rebuilt, so it need not be sound.
        """
        looked = self.shared and not anew
        expected = looked and bool(self.log.checkpoint("index", IndexStage.topic).positions)
        return self._indexes.open(reading=reading, anew=anew, expected=expected)

    def run_match(
        self,
        stop: threading.Event,
        *,
        until_idle: Callable[[], bool] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Progress:
        """Run the matcher in this thread until `stop`, or until nothing is left where `until_idle` says so.

        On a shared log it is the owner or a standby, as it comes.
        """
        collect_seldom()
        with self._only("match"):
            if not self.shared:
                return self._run_match(stop, until_idle=until_idle, on_progress=on_progress)
            with closing(Ledger(self.folder, clock=utc_now, secret=self.key_file.read)) as ledger:
                return run_match(
                    ledger,
                    self.log,
                    stop,
                    until_idle=until_idle,
                    on_progress=on_progress,
                    on_own=lambda: announce_epoch(ledger, self.log, utc_now()),
                    clock=utc_now,
                )

    def _run_match(
        self,
        stop: threading.Event,
        *,
        until_idle: Callable[[], bool] | None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Progress:
        with (
            closing(Ledger(self.folder, clock=utc_now, secret=self.key_file.read)) as ledger,
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
        with self._only("index"):
            return self._run_index(stop, until_idle=until_idle, on_progress=on_progress)

    def _run_index(
        self,
        stop: threading.Event,
        *,
        until_idle: Callable[[], bool] | None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Progress:
        self._renew_index()
        with (
            closing(self.index()) as index,
            closing(self.log.consumer("index", IndexStage.topic)) as consumer,
        ):
            return run_stage(
                IndexStage(index, clock=utc_now),
                consumer,
                LogSink(self.log, consumer),
                stop=stop,
                until_idle=until_idle,
                linger=INDEX_LINGER,
                on_progress=on_progress,
            )

    def _renew_index(self) -> None:
        """Make the index anew, once, where an older program made it."""
        if not self._index_is_ours:
            with closing(self.index(anew=True)) as index:
                if index.is_outdated:
                    rebuild_index(self.log, index)
            self._index_is_ours = True

    def catch_up_match(self, on_progress: Callable[[Progress], None] | None = None) -> Progress:
        """Have all facts applied that wait, so that `watch` has what was imported.

        Where the matcher runs already, in another thread or in the owner's process, this waits for it; on a shared log
        wherever it runs, and then this folder's own ledger follows. Raises OverheardError where that process ends
        first, or nobody seems to run it: what was written is applied when it runs again.
        """
        return self._catch_up(
            "match", lambda: self._run_match(threading.Event(), until_idle=lambda: True, on_progress=on_progress)
        )

    def catch_up_index(self) -> Progress:
        """Have all documents indexed that wait; as `catch_up_match`."""
        return self._catch_up("index", lambda: self._run_index(threading.Event(), until_idle=lambda: True))

    def _catch_up(self, stage: str, run: Callable[[], Progress]) -> Progress:
        """Run a stage until nothing waits; while another runs it, wait until it has come to where its topic ends."""
        topic = STAGES[stage]
        ends = {partition: end for partition, (_, end) in self.log.spans(topic).items()}
        turn = self._turns[stage]
        if self.shared:
            self._await_stage(stage, topic, ends)
            if stage == "match":
                self.follow(ends[0])
            return Progress(stage, 0, {}, 0)
        while True:
            # Whoever has the turn may end before it comes so far; then it is this one's.
            if not self.guest and turn.acquire(blocking=False):
                try:
                    return run()
                finally:
                    turn.release()
            if self._reached(stage, topic, ends):
                return Progress(stage, 0, {}, 0)
            if self.folder.owner_is_gone():
                msg = (
                    f"expected stage {stage} to take in what was written; it was stopped before. Nothing is lost: it "
                    "is taken in when `overheard up` runs again"
                )
                raise OverheardError(msg)
            time.sleep(_LOOK)

    def _await_stage(self, stage: str, topic: str, ends: Mapping[int, int]) -> None:
        """Wait until a stage, wherever it runs, has come to where its topic ended."""
        moved, before = time.monotonic(), -1
        while True:
            try:
                if self._reached(stage, topic, ends):
                    return
                now = sum(self.log.checkpoint(stage, topic).positions.values())
            except TransientError:
                # A cluster that has just begun does not know its groups yet; it may take longer than a request waits.
                if time.monotonic() - moved > _PATIENCE:
                    raise
                time.sleep(_LOOK_SHARED)
                continue
            # The matcher is another process, so a large import is followed while it works.
            if stage == "match" and now - position_in(self.folder) > _FOLLOWED_MEANWHILE and self._followed(now):
                continue
            if now != before:
                moved, before = time.monotonic(), now
            if time.monotonic() - moved > _PATIENCE:
                msg = (
                    f"expected stage {stage} to take in what was written; it has not moved for {_PATIENCE:.0f} s. "
                    f"Nothing is lost: start `overheard run {stage}`, and what was written is taken in"
                )
                raise TransientError(msg)
            time.sleep(_LOOK_SHARED)

    def follow(self, end: int) -> None:
        """Bring this folder's ledger, on a shared log, to what the matcher has published of `facts` up to `end`.

        Where another thread or process has the ledger open, that one follows, and is waited for.
        """
        while position_in(self.folder) < end:
            if self._followed(end):
                continue
            if self.folder.owner_is_gone():
                msg = f"{self.folder.path}: expected its owner to follow; it has ended. Run the command again"
                raise OverheardError(msg)
            time.sleep(_LOOK_SHARED)

    def _followed(self, end: int) -> bool:
        """Have this folder's ledger follow up to `end`; False where another thread or process has it open."""
        turn = self._turns["match"]
        if self.guest or not turn.acquire(blocking=False):
            return False
        try:
            with closing(Ledger(self.folder, clock=utc_now, secret=self.key_file.read)) as ledger:
                follow(ledger, self.log, until=end, clock=utc_now)
        finally:
            turn.release()
        return True

    def run_follow(self, stop: threading.Event) -> None:
        """Have this folder's ledger follow the matcher, in this thread until `stop`; never take over."""
        with self._only("match"), closing(Ledger(self.folder, clock=utc_now, secret=self.key_file.read)) as ledger:
            while not stop.is_set():
                follow(ledger, self.log, stop=stop, clock=utc_now)
                stop.wait(_LOOK_SHARED)

    @contextmanager
    def _only(self, stage: str) -> Iterator[None]:
        """Be the one that runs a stage; whoever catches up just now is waited for."""
        if self.guest:
            msg = f"expected to own {self.folder.path}; another process does, and runs stage {stage}"
            raise FolderInUseError(msg)
        with self._turns[stage]:
            yield

    @contextmanager
    def enriching(self, *, wait: bool = True) -> Iterator[bool]:
        """Be the one that enriches, here or by workers. Without `wait`, False says that another one does."""
        mine = not self.guest and self._turns["enrich"].acquire(blocking=wait)
        try:
            yield mine
        finally:
            if mine:
                self._turns["enrich"].release()

    def _reached(self, stage: str, topic: str, ends: Mapping[int, int]) -> bool:
        positions = self.log.checkpoint(stage, topic).positions
        return all(
            max(first, positions.get(partition, 0)) >= ends[partition]
            for partition, (first, _) in self.log.spans(topic, ends).items()
        )

    def fact(self, subject: str) -> Event[Any] | None:
        """Return the newest event of a subject on `facts`, a deletion's too; None where it never came."""
        return _event_of(self.log.latest("facts", [subject]).get(subject))

    @contextmanager
    def looking_up_facts(self) -> Iterator[Callable[[str], Event[Any] | None]]:
        """Lend what does as `fact`, for whoever asks for thousands: as of the beginning of the block, or later."""
        with self.log.looking_up("facts") as look_up:
            yield lambda subject: _event_of(look_up([subject]).get(subject))

    def watched_facts(self) -> Mapping[str, Event[Any]]:
        """Return the newest event of each term and source that is watched, by subject; as far as the matcher is."""
        events = (decode(record.value) for record in newest(self.log, "watch") if record.value)
        return {event.subject: event for event in events if isinstance(event.data, Term | WatchedSource)}

    def documents(self) -> Iterator[Event[Any]]:
        """Yield the event of every document as it is now, incidents and profiles, in no order.

        What is no event is passed over: the index stage makes a dead letter of it.
        """
        for record in newest(self.log, "documents"):
            with suppress(RecordError):
                if record.value is not None and (event := decode(record.value)).verb != "Delete":
                    yield event

    def fates(self) -> Mapping[str, Mapping[str, int]]:
        """Return what became of the records that each stage read, since the folder began.

        Of "collect" what the polls brought; an import of a file reports its rows itself.
        """
        fates = {"collect": self.log.checkpoint("collect", "fetches").fates}
        fates |= {name: self.log.checkpoint(name, topic).fates for name, topic in STAGES.items()}
        return fates if self.shared else {**fates, "match": fates_in(self.folder)}

    def lag(self) -> Mapping[str, int]:
        """Return how many offsets lie ahead of each stage."""
        lag: dict[str, int] = {}
        for name, topic in STAGES.items():
            lag[name] = self.lag_of(self.log.checkpoint(name, topic).positions, topic)
        return lag

    def unapplied(self) -> int:
        """Return how many records of `watch` some partition's enrich worker has not looked at past mentions by."""
        watched = self.log.span("watch", 0)[1]
        partitions = range(TOPICS["mentions"].partitions)
        applied = (self.log.checkpoint(f"enrich/{p}", "watch").positions.get(0, 0) for p in partitions)
        return max(0, watched - min(applied))

    def lag_of(self, positions: Mapping[int, int], topic: str) -> int:
        """Return how many offsets of a topic lie ahead of positions by partition."""
        return sum(end - max(first, positions.get(p, 0)) for p, (first, end) in self.log.spans(topic).items())


def open_node(home: Path, what: str, settings: Settings, *, config: Path = Path("overheard.toml")) -> System:
    """Return a system in the first of `what-1`, `what-2`… under `home` that no running process holds.

    So that as many processes as wanted share a machine, and each that starts again finds what one before it kept.
    """
    for number in itertools.count(1):
        with suppress(FolderInUseError):
            return System(home / f"{what}-{number}", settings, config=config, home=home)
    raise AssertionError


class Serving(msgspec.Struct, frozen=True):
    """What `overheard up` says of itself in the data folder: its process, and the address of its pages ("" is none)."""

    pid: int
    address: str = ""


@contextmanager
def said_serving(folder: Path, address: str) -> Iterator[None]:
    """Say, while the block runs, that this process runs `overheard up` on the folder, under this address."""
    draft = folder / "serving.new"
    draft.write_bytes(msgspec.json.encode(Serving(os.getpid(), address)))
    draft.replace(folder / _SERVING)
    try:
        yield
    finally:
        (folder / _SERVING).unlink(missing_ok=True)


def serving(folder: Path) -> Serving | None:
    """Return what `overheard up` on the folder says of itself; None where none runs there."""
    try:
        said = msgspec.json.decode((folder / _SERVING).read_bytes(), type=Serving)
    except (OSError, msgspec.DecodeError):
        return None
    return said if holder_of(folder) == said.pid else None


@contextmanager
def throwaway(settings: Settings) -> Iterator[System]:
    """Lend a system in a new folder, on the embedded engines; it is removed afterwards."""
    with TemporaryDirectory(prefix="overheard-") as folder, System(Path(folder), embedded(settings)) as system:
        yield system
