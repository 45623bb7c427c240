"""A service is alive while its loop looks at the event that ends it."""

import os
import threading
from pathlib import Path

import pytest

from overheard.wiring import pulse
from overheard.wiring.pulse import Pulse, end_of


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pulse, "_EVERY", 0.0)
    return tmp_path / "alive"


def aged(file: Path) -> float:
    os.utime(file, (0, 0))
    return file.stat().st_mtime


def test_each_look_touches_the_file_and_nothing_else_does(file: Path) -> None:
    stop = Pulse(file)
    assert not file.exists()
    assert not stop.is_set()
    old = aged(file)
    assert not stop.wait(0)
    assert file.stat().st_mtime > old
    old = aged(file)
    stop.set()
    assert file.stat().st_mtime == old
    assert stop.is_set()
    assert stop.wait(0)


def test_a_loop_that_turns_fast_touches_it_every_few_seconds_only(tmp_path: Path) -> None:
    stop = Pulse(tmp_path / "alive")
    stop.is_set()
    old = aged(tmp_path / "alive")
    for _ in range(1_000):
        stop.is_set()
    assert (tmp_path / "alive").stat().st_mtime == old


def test_it_wakes_who_waits(file: Path) -> None:
    stop = Pulse(file)
    waiting = threading.Thread(target=stop.wait)
    waiting.start()
    stop.set()
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_file_that_cannot_be_written_ends_no_service(tmp_path: Path) -> None:
    assert not Pulse(tmp_path / "absent" / "alive").is_set()


def test_without_a_file_there_is_no_sign_of_life() -> None:
    assert type(end_of(None)) is threading.Event
