"""A matcher as a process of its own, for tests that kill and pause it: python -m tests.faults.one_matcher ..."""

import logging
import signal
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from overheard.folder import Folder
from overheard.log.kafka import KafkaLog
from overheard.log.reach import client_options
from overheard.log.stage import Progress
from overheard.matcher.ledger.ledger import Ledger
from overheard.matcher.standby import run_match


def _now() -> datetime:
    return datetime.now(UTC)


def main(server: str, prefix: str, path: str, batch: str) -> None:
    """Run until SIGTERM; touch the file `owns` in the folder after each batch that it publishes as the owner."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("kafka").setLevel(logging.WARNING)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    owns = Path(path) / "owns"

    def note(progress: Progress) -> None:
        owns.write_text(str(progress.read))

    with (
        Folder(Path(path)) as folder,
        closing(KafkaLog(client_options([server]), prefix=prefix, folder=folder)) as log,
        closing(Ledger(folder, clock=_now)) as ledger,
    ):
        run_match(ledger, log, stop, on_progress=note, clock=_now, batch=int(batch))


if __name__ == "__main__":
    main(*sys.argv[1:])
