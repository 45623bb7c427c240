"""One enrich worker: a process of its own, started by `overheard up`; it alone loads spaCy.

python -m overheard.wiring.worker FOLDER MEMBER MEMBERS LOG KEY

LOG is `[log]` of the settings as JSON, KEY the file with the suppression key
"""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from overheard.config.settings import LogSettings
from overheard.enrich.rewinnow import Rewinnow
from overheard.enrich.stage import EnrichStage
from overheard.enrich.winnow import Winnow
from overheard.errors import OverheardError
from overheard.folder import Folder
from overheard.log.base import ConsumerRecord, Log
from overheard.log.stage import LogSink, Outcome, Progress, run_stage
from overheard.log.suppressed import Suppressed
from overheard.suppression import Suppressions, nobody
from overheard.wiring.engines import open_log, quiet_clients
from overheard.wiring.keyfile import KeyFile
from overheard.wiring.system import GAVE_UP, utc_now


class _InStep:
    """The enrich stage, kept in step with `watch` before each batch."""

    def __init__(self, stage: EnrichStage, rewinnow: Rewinnow) -> None:
        self.name, self.topic, self.batch = stage.name, stage.topic, stage.batch
        self._stage = stage
        self._rewinnow = rewinnow

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        self._rewinnow.catch_up()
        return self._stage.process(records)


def run_enrich(
    log: Log,
    stop: threading.Event,
    *,
    member: int = 0,
    members: int = 1,
    until_idle: Callable[[], bool],
    on_progress: Callable[[Progress], None] | None = None,
    suppressed: Callable[[], Suppressions] = nobody,
) -> Progress:
    """Enrich a member's partitions in this thread until `stop`, or until nothing is left where `until_idle` says so.

    `suppressed` gives who was erased, as of now.
    """
    stage = EnrichStage(Winnow(), clock=utc_now, suppressed=suppressed)
    consumer = log.consumer("enrich", stage.topic, member=member, members=members)
    rewinnow = Rewinnow(log, stage, lambda: consumer.partitions)

    def between_batches() -> bool:
        rewinnow.catch_up()
        return until_idle()

    with closing(consumer):
        return run_stage(
            _InStep(stage, rewinnow),
            consumer,
            LogSink(log, consumer),
            stop=stop,
            until_idle=between_batches,
            on_progress=on_progress,
        )


def run_worker(  # noqa: PLR0917  called in one place
    folder: Path, member: int, members: int, settings: LogSettings, key: Path, stop: threading.Event
) -> None:
    """Enrich this member's partitions until `stop`, or until the owner of the folder has ended."""
    with Folder(folder, held=True) as held, closing(open_log(settings, held)) as log:
        run_enrich(
            log,
            stop,
            member=member,
            members=members,
            until_idle=held.owner_is_gone,
            on_progress=lambda _: stop.set() if held.owner_is_gone() else None,
            suppressed=Suppressed(log, KeyFile(key).read).follow,
        )


def main() -> int:
    """Run as a process; 0 when told to stop, GAVE_UP with a message when the folder cannot be used."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    quiet_clients()
    folder, member, members, settings, key = sys.argv[1:]
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        log_settings = msgspec.json.decode(settings, type=LogSettings)
        run_worker(Path(folder), int(member), int(members), log_settings, Path(key), stop)
    except OverheardError as e:
        print(f"error: {e}", file=sys.stderr)  # noqa: T201  a process's last word
        return GAVE_UP
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
