"""Services: who does what only one may do, and folders that processes of one machine do not fight over."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from overheard.config.settings import IndexSettings, LogSettings, Settings
from overheard.errors import TransientError
from overheard.log.base import ConsumerRecord
from overheard.wiring.engines import embedded, is_shared
from overheard.wiring.run import while_owner
from overheard.wiring.system import System, open_node


class Seat:
    """A place in a group whose partitions come and go as they are told; each poll takes the next of `turns`."""

    def __init__(self, turns: Sequence[bool | Exception], stop: threading.Event) -> None:
        self._turns = list(turns)
        self._stop = stop
        self.partitions: tuple[int, ...] = ()
        self.polled = threading.Event()

    def poll(self, limit: int, timeout: float) -> Sequence[ConsumerRecord]:
        if not self._turns:
            self._stop.set()
            return []
        turn = self._turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        self.partitions = (0,) if turn else ()
        return []

    def close(self) -> None:
        self.partitions = ()


class Seats:
    """A log that has only such places."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self.asked: list[tuple[str, str]] = []

    def consumer(self, group: str, topic: str) -> Seat:
        self.asked.append((group, topic))
        return self._seat


def run(turns: Sequence[bool | Exception], job: Any) -> Seats:
    stop = threading.Event()
    seats = Seats(Seat(turns, stop))
    while_owner(seats, "collect", stop, job)  # type: ignore[arg-type]
    return seats


def test_the_job_runs_while_this_process_is_the_owner_and_ends_when_it_is_not() -> None:
    begun: list[threading.Event] = []

    def job(ending: threading.Event) -> None:
        begun.append(ending)
        ending.wait()

    seats = run([False, True, True, False, False, True], job)
    assert seats.asked == [("collect-owner", "owners")]
    assert len(begun) == 2
    assert all(ending.is_set() for ending in begun)


def test_who_never_owns_never_begins() -> None:
    def job(ending: threading.Event) -> None:
        raise AssertionError("not the owner")

    run([False, False, False], job)


def test_a_broker_that_is_away_ends_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overheard.wiring.run._SEAT", 0.0)
    begun: list[Mapping[str, int]] = []

    def job(ending: threading.Event) -> None:
        begun.append({})
        ending.wait()

    run([True, TransientError("the broker is away"), True], job)
    assert len(begun) == 1


def test_what_the_job_raises_is_raised() -> None:
    failed = threading.Event()

    def job(ending: threading.Event) -> None:
        failed.set()
        raise TransientError("the job's own")

    with pytest.raises(TransientError, match="the job's own"):
        run([True] * 3, job)


def test_each_process_of_one_machine_gets_a_folder_of_its_own_and_finds_it_again(tmp_path: Path) -> None:
    def name(what: str) -> str:
        with open_node(tmp_path, what, Settings()) as system:
            return system.folder.path.name

    with open_node(tmp_path, "match", Settings()) as first, open_node(tmp_path, "match", Settings()) as second:
        assert (first.folder.path.name, second.folder.path.name) == ("match-1", "match-2")
        assert first.home == tmp_path
        assert name("index") == "index-1"
    assert name("match") == "match-1"


def test_processes_that_start_at_the_same_instant_get_folders_apart(tmp_path: Path) -> None:
    together = threading.Barrier(6)

    def start(_: int) -> System:
        together.wait()
        return open_node(tmp_path, "enrich", Settings())

    with ThreadPoolExecutor(6) as pool:
        systems = list(pool.map(start, range(6)))
    names = {system.folder.path.name for system in systems}
    for system in systems:
        system.close()
    assert len(names) == 6


def test_what_is_tried_apart_is_tried_on_the_embedded_engines() -> None:
    settings = Settings(
        log=LogSettings(engine="kafka", servers=("a:1",)),
        index=IndexSettings(engine="elasticsearch", addresses=("http://a:1",)),
    )
    assert is_shared(settings)
    assert not is_shared(embedded(settings))
    assert embedded(settings) == Settings()
