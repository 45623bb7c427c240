"""Overheard itself on a Kafka and an Elasticsearch: every service a process, as in production."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from overheard.config.settings import Settings
from overheard.index.base import Search
from overheard.index.query import Everything
from overheard.log.base import TOPICS
from overheard.records import Event
from overheard.wiring.kinds import load_settings
from overheard.wiring.system import System, open_node

_SETTINGS = """
[log]
engine = "kafka"
servers = ["{kafka}"]
prefix = "{prefix}"

[index]
engine = "elasticsearch"
addresses = ["{elastic}"]
prefix = "{prefix}"
replicas = 0
"""
_LOOK = 0.2


class Service:
    """One running `overheard run STAGE`."""

    def __init__(self, stage: str, number: int, command: list[str], log: Path) -> None:
        self.stage = stage
        self.name = f"{stage} {number}"
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(  # in a session of its own, so that a kill takes all of it
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole service."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it with SIGKILL, at once."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def end(self, patience: float = 30.0) -> None:
        """End it as an operator does; with SIGKILL where it does not go."""
        self.tell_to_end()
        self.wait(patience)

    def tell_to_end(self) -> None:
        """Send SIGTERM, once: while Python itself ends, another one would be its death."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)

    def wait(self, patience: float = 30.0) -> None:
        """Wait for its end; with SIGKILL where it does not go."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def said(self) -> str:
        """What it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


class Cluster:
    """The services of one firm, told apart from others by `prefix`; a context manager that ends them all."""

    def __init__(self, home: Path, kafka: str, elastic: str, prefix: str, *, more: str = "") -> None:
        """`more`: further settings, TOML."""
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.config = home / "overheard.toml"
        settings = _SETTINGS.format(kafka=kafka, elastic=elastic, prefix=prefix)
        self.config.write_text(more + settings, encoding="utf-8")
        self.settings: Settings = load_settings(self.config)
        self.services: list[Service] = []
        self._started = 0

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *stages: str) -> list[Service]:
        """Start one service for each stage that is named; return them."""
        new = []
        for stage in stages:
            self._started += 1
            command = [*_OVERHEARD, "run", stage, "--config", str(self.config)]
            log = self.home / f"{stage}-{self._started}.log"
            new.append(Service(stage, self._started, command, log))
        self.services += new
        return new

    def replace(self, service: Service) -> Service:
        """Start the same again in the place of one that was ended."""
        self.services.remove(service)
        return self.start(service.stage)[0]

    def stop(self) -> None:
        """End every service."""
        for service in self.services:
            service.tell_to_end()
        for service in self.services:
            service.wait()
        self.services.clear()

    def overheard(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed. Raises RuntimeError where it fails."""
        command = [*_OVERHEARD, *arguments, "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"overheard {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def system(self) -> Iterator[System]:
        """Lend a system, as a command has it."""
        home = Path(self.settings.data)
        with open_node(home, "command", self.settings, config=self.config) as system:
            yield system

    def wait_idle(self, seconds: float, *, during: Callable[[], None] | None = None) -> None:
        """Wait until nothing lies ahead of any stage. `during` is called at each look.

        Raises TimeoutError that says what lies ahead, and what the services said last.
        """
        end = time.monotonic() + seconds
        with self.system() as system:
            quiet = 0
            while quiet < 2:
                if during is not None:
                    during()
                quiet = quiet + 1 if _is_idle(system) else 0
                if time.monotonic() > end:
                    said = "\n".join(f"--- {one.name}\n{one.said()[-1_500:]}" for one in self.services)
                    raise TimeoutError(f"after {seconds:.0f} s these lie ahead: {dict(system.lag())}\n{said}")
                time.sleep(_LOOK)

    def documents(self) -> dict[str, Event[Any]]:
        """The newest event of every document on the log, by id."""
        with self.system() as system:
            return {event.subject: event for event in system.documents()}

    def indexed(self) -> dict[str, int]:
        """The version of every document in the index, by id."""
        found: dict[str, int] = {}
        with self.system() as system, closing(system.index(reading=True)) as index:
            after = ""
            while True:
                page = index.search(Search(Everything(), after=after, limit=1_000))
                found.update((hit.id, hit.version) for hit in page.hits)
                if not page.next:
                    return found
                after = page.next


_OVERHEARD = [sys.executable, "-m", "overheard"]


def _is_idle(system: System) -> bool:
    if any(system.lag().values()):
        return False
    # What `watch` says may bring mentions back, and those bring facts: look at the lags once more after it.
    watched = system.log.span("watch", 0)[1]
    for partition in range(TOPICS["mentions"].partitions):
        if system.log.checkpoint(f"enrich/{partition}", "watch").positions.get(0, 0) < watched:
            return False
    return not any(system.lag().values())
