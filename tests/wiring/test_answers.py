"""Idempotency keys: done once, answered twice, whichever process is asked, and free again where it failed."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from overheard.config.settings import Settings
from overheard.errors import ConflictError, InputError
from overheard.log.base import ProducerRecord
from overheard.records import KeptAnswer, encode, event_for
from overheard.wiring.answers import KEPT, PATIENCE, TOPIC, Answers
from overheard.wiring.system import System

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Two:
    """Two processes that serve one system, and a clock."""

    def __init__(self, system: System) -> None:
        self.now = NOW
        self.system = system
        self.one, self.other = (Answers(system.log, system.folder, clock=lambda: self.now) for _ in range(2))

    def claim(self, key: str, owner: str, *, answer: bytes | None = None) -> None:
        """What another process does in between."""
        kept = KeptAnswer(request="r", owner=owner, at=self.now, answer=answer)
        event = event_for(kept, subject=f"answer/{key}", source="/", time=self.now)
        self.system.log.append([ProducerRecord(TOPIC, f"answer/{key}", encode(event))])


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with System(tmp_path / "data", Settings()) as system:
        yield Two(system)


def test_another_process_gives_the_same_answer_for_a_day(two: Two) -> None:
    assert two.one.once("k", "r", lambda: b"1") == b"1"
    two.now += KEPT - timedelta(minutes=1)
    assert two.other.once("k", "r", lambda: b"2") == b"1"
    with pytest.raises(InputError, match="another request"):
        two.other.once("k", "s", lambda: b"2")
    two.now += timedelta(minutes=2)
    assert two.other.once("k", "s", lambda: b"3") == b"3"


def test_what_another_process_has_in_hand_is_a_conflict_until_it_is_done_or_dead(two: Two) -> None:
    def ask_the_other() -> bytes:
        with pytest.raises(ConflictError):
            two.other.once("k", "r", lambda: b"2")
        with pytest.raises(InputError):
            two.other.once("k", "s", lambda: b"2")
        return b"1"

    assert two.one.once("k", "r", ask_the_other) == b"1"
    assert two.other.once("k", "r", lambda: b"2") == b"1"
    two.claim("dead", "a process that was killed")
    with pytest.raises(ConflictError):
        two.one.once("dead", "r", lambda: b"3")
    two.now += PATIENCE
    assert two.one.once("dead", "r", lambda: b"3") == b"3"


def test_of_two_that_claim_at_once_the_first_counts(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    log = two.system.log
    latest = log.latest

    def looked_up(topic: str, keys: list[str]) -> object:
        found = latest(topic, keys)
        two.claim("k", "the other, which was faster")
        return found

    monkeypatch.setattr(log, "latest", looked_up)
    with pytest.raises(ConflictError):
        two.one.once("k", "r", lambda: b"1")


def test_an_answer_that_came_while_it_was_claimed_is_given_and_stays(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    log = two.system.log
    latest = log.latest

    def looked_up(topic: str, keys: list[str]) -> object:
        found = latest(topic, keys)
        two.claim("k", "the other, which was faster")
        two.claim("k", "the other, which was faster", answer=b"theirs")
        return found

    monkeypatch.setattr(log, "latest", looked_up)
    assert two.one.once("k", "r", lambda: b"1") == b"theirs"
    monkeypatch.setattr(log, "latest", latest)
    assert two.other.once("k", "r", lambda: b"2") == b"theirs"


def test_what_failed_leaves_its_key_free(two: Two) -> None:
    def fail() -> bytes:
        raise InputError("not today")

    with pytest.raises(InputError, match="not today"):
        two.one.once("k", "r", fail)
    assert two.other.once("k", "s", lambda: b"2") == b"2"


def test_threads_of_one_process_are_told_apart_too(two: Two) -> None:
    begun, go = threading.Event(), threading.Event()

    def work() -> bytes:
        begun.set()
        go.wait(10)
        return b"1"

    answers: list[bytes] = []
    thread = threading.Thread(target=lambda: answers.append(two.one.once("k", "r", work)))
    thread.start()
    assert begun.wait(10)
    with pytest.raises(ConflictError):
        two.one.once("k", "r", lambda: b"2")
    go.set()
    thread.join()
    assert answers == [b"1"]


def test_what_an_older_version_kept_in_a_table_is_let_go(tmp_path: Path) -> None:
    with System(tmp_path / "data", Settings()) as system:
        with closing(system.folder.connect()) as connection, system.folder.transaction(connection):
            connection.execute("CREATE TABLE web_answers (key TEXT, request TEXT, at INTEGER, answer BLOB)")
        Answers(system.log, system.folder, clock=lambda: NOW)
        with closing(system.folder.connect()) as connection:
            assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'web_answers'").fetchone() is None
