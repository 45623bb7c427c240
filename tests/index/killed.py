"""A process to be killed: it runs the index stage, or rebuilds, over a folder's log; it says "ready" when it begins."""

import sys
import threading
from pathlib import Path

from overheard.folder import Folder
from overheard.index.embedded import EmbeddedIndex
from overheard.index.rebuild import rebuild
from overheard.index.stage import IndexStage
from overheard.log.embedded import EmbeddedLog
from overheard.log.stage import LogSink, run_stage


class SmallBatches(IndexStage):
    """The stage with batches so small that a kill often hits one."""

    batch = 60


def main() -> None:
    with Folder(Path(sys.argv[1])) as folder:
        log, index = EmbeddedLog(folder), EmbeddedIndex(folder)
        print("ready", flush=True)
        if sys.argv[2] == "rebuild":
            rebuild(log, index)
        else:
            stage = SmallBatches(index)
            consumer = log.consumer("index", "documents")
            sink = LogSink(log, consumer)
            run_stage(stage, consumer, sink, stop=threading.Event(), until_idle=lambda: True)
            consumer.close()
        index.close()
        log.close()


main()
