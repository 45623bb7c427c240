"""What is remembered of sites, and when it is forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from overheard.collectors.polling import sweep
from overheard.collectors.polling.pollstate import load_robots, load_states, save_states
from overheard.collectors.polling.queue import Queue
from overheard.collectors.polling.sites import Sites
from overheard.collectors.polling.sweep import KEPT, Sweep, is_past
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import PollState, Robots

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - KEPT - timedelta(days=1)
DAY = timedelta(days=1)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path) as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


class Swept:
    """A sweep on a clock that is moved by hand."""

    def __init__(self, log: EmbeddedLog, *urls: str) -> None:
        self.now = NOW
        self.sites = Sites(log, Queue(), lambda: self.now, lambda _site, _why: None)
        states = {url: PollState(configured=url, url=url, next_due=NOW) for url in urls}
        self.sweep = Sweep(log, self.sites, lambda: self.now, states)

    def whole(self) -> None:
        for _ in range(20):
            self.sweep.look()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_LOOK", 0.0)


def test_what_no_source_needs_is_forgotten_after_its_time_and_what_one_needs_is_kept(log: EmbeddedLog) -> None:
    old = PollState(next_due=LONG_AGO, welcomed=LONG_AGO)
    save_states(
        log,
        {
            "host/blog.example": old,
            "host/old.example": old,
            "host/new.example": PollState(next_due=LONG_AGO, welcomed=NOW - DAY),
            "robots/https://blog.example": Robots(at=LONG_AGO),
            "robots/https://old.example": Robots(at=LONG_AGO),
            "robots/https://new.example": Robots(at=NOW - DAY),
            "source/gone": old,
        },
        NOW,
    )
    swept = Swept(log, "https://blog.example/feed")
    assert swept.sites.host("old.example") == old
    swept.whole()
    keys = ["host/blog.example", "host/old.example", "host/new.example", "source/gone"]
    assert set(load_states(log, keys)) == {"host/blog.example", "host/new.example", "source/gone"}
    kept = [name for name in ("blog", "old", "new") if load_robots(log, f"https://{name}.example")]
    assert kept == ["blog", "new"]
    assert swept.sites.host("old.example") is None
    assert swept.sites.rules("https://old.example") is None


def test_what_was_heard_of_again_is_kept_and_looked_at_a_day_later(
    log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_BATCH", 2)
    for n in range(7):
        save_states(log, {f"robots/https://s{n}.example": Robots(at=LONG_AGO)}, NOW)
    save_states(log, {"robots/https://s0.example": Robots(at=NOW)}, NOW)
    swept = Swept(log)
    swept.whole()
    assert [n for n in range(7) if load_robots(log, f"https://s{n}.example")] == [0]
    save_states(log, {"robots/https://s1.example": Robots(at=LONG_AGO)}, NOW)
    swept.whole()
    assert load_robots(log, "https://s1.example") is not None, "not before the next day"
    swept.now += DAY
    swept.whole()
    assert load_robots(log, "https://s1.example") is None


@pytest.mark.parametrize(
    "known",
    [
        Robots(at=NOW - DAY, error="no answer", since=LONG_AGO),
        PollState(next_due=NOW + DAY),
        PollState(next_due=LONG_AGO, refused=NOW - DAY),
        PollState(next_due=LONG_AGO, refusals={"blog": NOW - DAY}),
    ],
)
def test_what_still_says_something_of_a_site_is_not_past(known: PollState | Robots) -> None:
    assert not is_past(known, NOW)
    assert is_past(known, NOW + KEPT + 2 * DAY)
