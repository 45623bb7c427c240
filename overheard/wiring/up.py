"""`overheard up`: every stage in one process, but enrich, which runs in child processes so as to use every core.

        poll (thread) ──▶ mentions ──▶ enrich (processes) ──▶ facts ──▶ match (thread) ──▶ documents ──▶ index (thread)
                                                                                              └─▶ alerts (thread)

The main thread starts them, starts a worker again that died, tells how far they are, and stops them.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec

from overheard.errors import OverheardError
from overheard.wiring.alerts import begin_alerts, run_alerts
from overheard.wiring.erasure import restore_list
from overheard.wiring.feeds import poll_until
from overheard.wiring.imports import bring_watch
from overheard.wiring.policies import bring_policies
from overheard.wiring.reloading import reloading
from overheard.wiring.run import collect_while_owner, while_owner
from overheard.wiring.serve import serving_pages
from overheard.wiring.system import GAVE_UP, System, said_serving, utc_now

# How often the main thread looks after the others. Short, because `--once` ends only when it has looked.
_LOOK = 0.1
# A worker that dies so often without having done anything will not do better the next time.
_MOST_DEATHS = 5
_WORKER_GRACE = 20.0  # seconds: a batch in hand takes less than one
# How often it tells how far they are: the fates are counted in the ledger's own tables, and cost a connection.
_TELL = 0.5
_MAINTENANCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Status:
    """How far the stages are: offsets that lie ahead of each, and the fates counted by each since the folder began."""

    lag: Mapping[str, int]
    fates: Mapping[str, Mapping[str, int]]


def status_of(system: System) -> Status:
    """Return how far the stages are."""
    return Status(system.lag(), system.fates())


def run_up(
    system: System,
    *,
    once: bool,
    workers: int,
    stop: threading.Event,
    serve: bool = False,
    alerts: bool = True,
    on_status: Callable[[Status], None] | None = None,
    on_address: Callable[[str], None] | None = None,
) -> Status:
    """Run all stages until `stop`, or, with `once`, until every source was asked once and nothing is left to do.

    `serve`: the pages and the API too; `on_address` is told where, when they answer. `alerts`: tell what the settings
    want told. Settings that are written anew meanwhile hold from then on. `on_status` is called about twice a second,
    in this thread. On `stop` every batch in hand is finished.
    Raises what a stage raised, after the others have been stopped; OverheardError when the workers die again and again.
    """
    restore_list(system)
    # The server goes first, so that a port in use is said before any work is done.
    with serving_pages(system) if serve else nullcontext("") as address, said_serving(system.folder.path, address):
        if on_address is not None and address:
            on_address(address)
        if alerts:
            begin_alerts(system.log)
        # `once` is over before anybody could change them.
        with system.enriching(), nullcontext() if once else reloading(system):
            return _run(system, _Run(system, once, workers, stop, alerts), on_status)


def _run(system: System, run: "_Run", on_status: Callable[[Status], None] | None) -> Status:
    once, stop = run.once, run.stop
    try:
        run.start()
        tell_at = time.monotonic()
        while not stop.is_set() and not run.failed.is_set():
            run.revive_workers()
            if on_status is not None and time.monotonic() >= tell_at:
                on_status(status_of(system))
                tell_at = time.monotonic() + _TELL
            if once and run.is_done():
                break
            stop.wait(_LOOK)
    finally:
        run.end()
    if run.errors:
        raise run.errors[0]
    if once and run.alerts and not stop.is_set():
        # One more round, now that all is read: else luck says whether what came last is told, and the digest sent.
        run_alerts(system, stop, wait=lambda _: True, settle=timedelta(0))
    if not stop.is_set():
        system.log.maintain(time.time_ns() // 1_000_000)
    status = status_of(system)
    if on_status is not None:
        on_status(status)
    return status


@dataclass
class _Run:
    """The threads and processes of one `run_up`."""

    system: System
    once: bool
    workers: int
    stop: threading.Event
    alerts: bool
    ending: threading.Event = field(default_factory=threading.Event)
    failed: threading.Event = field(default_factory=threading.Event)
    polled: threading.Event = field(default_factory=threading.Event)
    errors: list[BaseException] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    deaths: int = 0
    _enriched: int = 0

    def start(self) -> None:
        # What was imported and not yet applied may say what to watch, so the matcher goes before the workers.
        self._begin("match", lambda: self.system.run_match(self.ending))
        bring_policies(self.system, utc_now())
        self.system.catch_up_match()
        if self.system.settings.watch:
            bring_watch(self.system, Path(self.system.settings.watch))
        for member in range(self.workers):
            self.processes[member] = self._worker(member)
        self._begin("index", lambda: self.system.run_index(self.ending))
        self._begin("poll", self._poll)
        self._begin("maintain", self._maintain)
        if self.alerts:
            self._begin("alerts", self._tell)

    def _poll(self) -> None:
        if self.system.shared and not self.once:  # it may be one of several that poll
            collect_while_owner(self.system, self.ending, lambda ending: poll_until(self.system, ending))
        else:
            poll_until(self.system, self.ending, once=self.once, polled=self.polled)

    def _tell(self) -> None:
        if self.system.shared and not self.once:
            while_owner(self.system.log, "alerts", self.ending, lambda ending: run_alerts(self.system, ending))
        else:
            run_alerts(self.system, self.ending)

    def _begin(self, name: str, job: Callable[[], object]) -> None:
        thread = threading.Thread(target=self._guarded, args=(job,), name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def end(self) -> None:
        self.ending.set()
        self.system.settings_changed.set()  # wakes who polls
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(_WORKER_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in self.threads:
            thread.join()

    def is_done(self) -> bool:
        """True when nothing lies ahead of any stage and no worker has yet to apply what came to be watched."""
        if not self.polled.is_set() or any(self.system.lag().values()):
            return False
        # What `watch` says may bring mentions back, and those bring facts: look at the lags once more after it.
        return not self.system.unapplied() and not any(self.system.lag().values())

    def revive_workers(self) -> None:
        for member, process in self.processes.items():
            if process.poll() is None:
                continue
            enriched = sum(self.system.log.checkpoint("enrich", "mentions").positions.values())
            self.deaths = 1 if enriched > self._enriched else self.deaths + 1
            self._enriched = enriched
            if process.returncode == GAVE_UP:
                msg = "the enrich worker gave up; its message stands above. Nothing is lost: mend it and start again"
                raise OverheardError(msg)
            if self.deaths > _MOST_DEATHS:
                msg = (
                    f"expected the enrich worker to go on; it ended {self.deaths} times in a row, the last time with "
                    f"status {process.returncode}. Its messages stand above; nothing is lost, start again when mended"
                )
                raise OverheardError(msg)
            self.processes[member] = self._worker(member)

    def _worker(self, member: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "overheard.wiring.worker", str(self.system.folder.path), str(member)]
        # One thread a worker: the cores are shared out by the number of workers.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command += [str(self.workers), msgspec.json.encode(self.system.settings.log).decode()]
        command += [str(self.system.key_file.path)]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603

    def _guarded(self, job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as e:  # noqa: BLE001  raised again by the main thread
            self.errors.append(e)
            self.failed.set()

    def _maintain(self) -> None:
        while not self.ending.wait(_MAINTENANCE.total_seconds()):
            self.system.log.maintain(int(utc_now().timestamp() * 1000))
