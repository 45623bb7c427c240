"""A command on a shared log waits for a stage that runs elsewhere."""

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from overheard.config.settings import Settings
from overheard.errors import TransientError
from overheard.wiring import system as wired
from overheard.wiring.system import System


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """A system that takes its stages for those of others; its log is a real one, the embedded."""
    with System(tmp_path / "data", Settings()) as one:
        monkeypatch.setattr(one, "shared", True)
        monkeypatch.setattr(one, "follow", lambda end: None)
        monkeypatch.setattr(wired, "_LOOK_SHARED", 0.0)
        yield one


def refuse(system: System, monkeypatch: pytest.MonkeyPatch, times: Iterator[bool]) -> list[str]:
    """Have the log refuse to say where a stage stands, as a cluster does that has just begun; return who asked."""
    asked: list[str] = []
    answers = system.log.checkpoint

    def checkpoint(group: str, topic: str) -> Any:
        asked.append(group)
        if next(times):
            raise TransientError("reading where match stands on facts: Kafka cannot do it now")
        return answers(group, topic)

    monkeypatch.setattr(system.log, "checkpoint", checkpoint)
    return asked


def test_a_cluster_that_does_not_know_its_groups_yet_is_waited_for(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = refuse(system, monkeypatch, chain(repeat(True, 3), repeat(False)))
    system.catch_up_match()
    assert len(asked) == 4


def test_a_cluster_that_stays_away_is_told_at_last(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wired, "_PATIENCE", 0.0)
    refuse(system, monkeypatch, repeat(True))
    with pytest.raises(TransientError, match="where match stands on facts"):
        system.catch_up_match()
