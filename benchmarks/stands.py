"""Overheard on each pair of engines, as the benchmarks hold them against each other."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from overheard.config.settings import Settings
from overheard.wiring.system import System, serving
from tests.engines.cluster import Cluster
from tests.engines.place import UnavailableError
from tests.engines.shared import running

_LOOK = 0.05


@dataclass(frozen=True)
class Stand:
    """A running Overheard, and a system beside it to write to and to look at."""

    name: str
    system: System

    def wait_idle(self, stages: Sequence[str], seconds: float = 900) -> None:
        """Wait until nothing lies ahead of these stages."""
        end = time.monotonic() + seconds
        while any(self.system.lag()[stage] for stage in stages):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name}: these lie ahead: {dict(self.system.lag())}")
            time.sleep(_LOOK)


@contextmanager
def embedded(*, enrich: int = 1) -> Iterator[Stand]:
    """`overheard up`, all in one command, and a guest beside it."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name) / "data"
        command = [sys.executable, "-m", "overheard", "up", "--workers", str(enrich), "--port", "0"]
        process = stack.enter_context(
            subprocess.Popen([*command, "--folder", str(folder)], stdout=subprocess.PIPE, cwd=name)
        )
        stack.callback(process.terminate)
        assert process.stdout is not None
        process.stdout.readline()
        assert serving(folder) is not None
        yield Stand("embedded", stack.enter_context(System(folder, Settings(), guest=True)))


@contextmanager
def on_engines(*services: str, prefix: str) -> Iterator[Stand]:
    """Services on a real Kafka and a real Elasticsearch, which share the machine with them."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        kafka, elastic = (stack.enter_context(running(engine)) for engine in ("kafka", "elasticsearch"))
        cluster = stack.enter_context(Cluster(Path(name), kafka, elastic, prefix))
        cluster.start(*services)
        yield Stand("Kafka and Elasticsearch", stack.enter_context(cluster.system()))


__all__ = ["Stand", "UnavailableError", "embedded", "on_engines"]
