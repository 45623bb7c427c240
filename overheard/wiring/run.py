"""One part of Overheard run as a service, on a shared log: as often as wanted, on any machine.

collect, alerts     one at a time does it, the others stand by (topic `owners`)
match               one at a time does it, the others follow all the time, and take over
enrich, index       share the partitions among themselves, and may come and go
web                 serves pages and the API from a ledger of its own that follows the matcher
"""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from overheard.errors import TransientError
from overheard.log.base import Log
from overheard.log.stage import Backoff, Progress
from overheard.wiring.alerts import run_alerts
from overheard.wiring.erasure import restore_list
from overheard.wiring.feeds import poll_until
from overheard.wiring.imports import bring_watch
from overheard.wiring.policies import bring_policies
from overheard.wiring.reloading import reloading
from overheard.wiring.serve import serving_pages
from overheard.wiring.system import System, utc_now

SERVICES = ("collect", "enrich", "match", "index", "alerts", "web")
_OWNERS = "owners"
_SEAT = 1.0  # seconds between two looks whether this one is the owner
_logger = logging.getLogger(__name__)


def run_service(
    system: System,
    service: str,
    stop: threading.Event,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    on_address: Callable[[str], None] | None = None,
) -> None:
    """Run one of SERVICES until `stop`. `on_address` is told where the pages are (web).

    What may pass by itself (a broker that is away) is waited for, also where it comes outside a batch. Raises
    EngineError, ConfigError, and what a folder raises.
    """
    jobs: dict[str, Callable[[], object]] = {
        "collect": lambda: collect_while_owner(system, stop, lambda ending: _collect(system, ending)),
        "enrich": lambda: _enrich(system, stop, on_progress),
        "match": lambda: _match(system, stop, on_progress),
        "index": lambda: system.run_index(stop, on_progress=on_progress),
        "alerts": lambda: while_owner(system.log, "alerts", stop, lambda ending: run_alerts(system, ending)),
        "web": lambda: _serve(system, stop, on_address),
    }
    failures, backoff = 0, Backoff()
    while not stop.is_set():
        try:
            with reloading(system):
                jobs[service]()
        except TransientError as e:
            failures += 1
            delay = backoff.delay(failures)
            _logger.warning("%s: begins again in %.1f s: %s", service, delay, e)
            stop.wait(delay)


def collect_while_owner(system: System, stop: threading.Event, job: Callable[[threading.Event], None]) -> None:
    """As `while_owner`, for a job that polls the sources: it is woken from the pause between two rounds."""
    while_owner(system.log, "collect", stop, job, wake=system.settings_changed.set)


def while_owner(
    log: Log,
    group: str,
    stop: threading.Event,
    job: Callable[[threading.Event], None],
    *,
    wake: Callable[[], None] = lambda: None,
) -> None:
    """Run `job` in a thread whenever this process is the one of its group that does it, until `stop`.

    `job` is given the event that ends it: it is set when another one takes over, and on `stop`; `wake` is called then.
    Raises what the job raised.
    Between the moment that a paused process wakes and the look at which it learns that it was replaced, two may act:
    what they write has the same ids.
    """
    running: _Job | None = None
    owns: bool | None = None
    with closing(log.consumer(f"{group}-owner", _OWNERS)) as seat:
        try:
            while not stop.is_set():
                try:
                    seat.poll(1, _SEAT)
                except TransientError as e:
                    _logger.warning("%s: cannot ask who is to do it: %s", group, e)
                    stop.wait(_SEAT)
                    continue
                if owns is not bool(seat.partitions):
                    owns = bool(seat.partitions)
                    who = "this process does it now" if owns else "another process does it; this one stands by"
                    _logger.info("%s: %s", group, who)
                if running is not None and (running.is_over() or not seat.partitions):
                    ended, running = running, None
                    ended.end()
                if running is None and seat.partitions:
                    running = _Job(group, job, wake)
        finally:
            if running is not None:
                running.end()


class _Job:
    """A job in a thread of its own."""

    def __init__(
        self, name: str, job: Callable[[threading.Event], None], wake: Callable[[], None] = lambda: None
    ) -> None:
        self._ending = threading.Event()
        self._wake = wake
        self._error: BaseException | None = None
        self._job = job
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def is_over(self) -> bool:
        """True where the job has ended, or failed."""
        return not self._thread.is_alive()

    def end(self) -> None:
        """Tell the job to end, and wait until it has. Raises what it raised."""
        self._ending.set()
        self._wake()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._job(self._ending)
        except BaseException as e:  # noqa: BLE001  raised again by `end`
            self._error = e


def _enrich(system: System, stop: threading.Event, on_progress: Callable[[Progress], None] | None) -> None:
    # Only here: it loads spaCy, which no other service needs.
    from overheard.wiring.worker import run_enrich  # noqa: PLC0415

    run_enrich(system.log, stop, until_idle=lambda: False, on_progress=on_progress, suppressed=system.suppressed.follow)


def _match(system: System, stop: threading.Event, on_progress: Callable[[Progress], None] | None) -> None:
    bring_policies(system, utc_now())
    system.run_match(stop, on_progress=on_progress)


def _collect(system: System, ending: threading.Event) -> None:
    if system.settings.watch:
        bring_watch(system, Path(system.settings.watch))
    poll_until(system, ending)


def _serve(system: System, stop: threading.Event, on_address: Callable[[str], None] | None) -> None:
    restore_list(system)  # a log that was restored must serve nobody who was erased since
    system.index(reading=True).close()  # what cannot be searched is refused now, not on the first page
    follower = _Job("follow", system.run_follow)
    try:
        with serving_pages(system) as address:
            if on_address is not None:
                on_address(address)
            while not stop.is_set() and not follower.is_over():
                stop.wait(_SEAT)
    finally:
        follower.end()
