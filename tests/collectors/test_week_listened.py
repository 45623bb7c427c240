"""A faulty week of what is listened to, asked beside HTTP, laid down and pushed: nothing lost, nothing doubled.

What nobody can be told any more is said to be missing.
"""

import contextlib
import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from overheard.collectors.polling.news import News
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.collectors.streaming.x_stream import XStream
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Mention
from overheard.wiring.secrets import secrets_of
from tests.collectors.mortal import Killed, Mortal
from tests.collectors.streamed import Listening, until
from tests.collectors.week.streams import (
    FAULTS,
    TOKEN_ENV,
    FastClock,
    JetstreamTeller,
    MastodonTeller,
    Teller,
    XTeller,
)
from tests.collectors.week.truth import Key, Truth, breaches

HOUR = timedelta(hours=1)


class Streamed:
    """A poller that listens to three services, is killed, stopped, and away for hours."""

    def __init__(self, folder: Folder, seed: int) -> None:
        self.rng = random.Random(f"streams {seed}")
        self.clock, self.truth = FastClock(), Truth()
        self.bluesky = JetstreamTeller(self.truth, self.clock)
        self.tellers: list[Teller] = [
            self.bluesky,
            MastodonTeller(self.truth, self.clock),
            XTeller(self.truth, self.clock),
        ]
        self.sources = [*(one.source for one in self.tellers), self.bluesky.filling]
        self.log = EmbeddedLog(folder)
        self.folder = folder
        self.news: list[News] = []
        self.kills = 0
        self._markers = 0
        self._up = ExitStack()
        self.heard = self._begun(0)

    def _begun(self, writes: int) -> Listening:
        """Begin to listen, until the n-th write (0: for good)."""
        mortal = Mortal(self.log, writes, after=self.rng.random() < 0.5, durable=False)
        heard = Listening(self.folder, mortal, secrets_of(self.sources), self.clock)
        self._up.enter_context(heard.listening(*self.sources, tell=self.news.extend))
        return heard

    def end(self) -> None:
        """Stop listening."""
        try:
            self._up.close()
        except Killed:
            self.kills += 1
        self._up = ExitStack()

    def begin(self, writes: int = 0) -> None:
        self.bluesky.forget(self._cursor())
        self.heard = self._begun(writes)

    def _cursor(self) -> str:
        state = self.heard.state("bluesky")
        return state.cursor if state is not None else ""

    def away(self, hours: float) -> None:
        """Nobody listens for hours, in which things happen."""
        self.end()
        some = max(2, min(int(hours * 2), 40))
        for _ in range(some):
            self.clock.move(HOUR * hours / some)
            for one in self.tellers:
                one.happen(self.rng, self.clock())
        self.begin(self.rng.choice([0, 0, self.rng.randint(1, 60)]))

    def live(self, number: int) -> None:
        for _ in range(number):
            for one in self.tellers:
                one.happen(self.rng, self.clock())
            self.clock.move(timedelta(seconds=self.rng.randint(1, 90)))

    def suffer(self) -> None:
        """Something befalls each connection, or nothing."""
        for one in self.tellers:
            if self.rng.random() < 0.7:
                one.suffer(self.rng.choice(FAULTS), self.rng)

    def settle(self) -> None:
        """Wait until what each service said last has arrived: all before it has arrived too."""
        self.bluesky.recover()
        self._markers += 1
        said = []
        for one in self.tellers:
            text = f"said last {self._markers} at {one.name}"
            one.post("asha", text, self.clock())
            said.append(text)

        def arrived() -> bool:
            if self.heard.over:
                self.end()
                self.begin()
            return set(said) <= set(self.heard.texts())

        until(arrived, f"of {said} some never came: {self.heard.texts()[-9:]}")
        for one in self.tellers:
            one.heard()

    def close(self) -> None:
        with contextlib.suppress(Killed):
            self.end()
        for one in self.tellers:
            one.close()
        self.log.close()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_ENV, "tell-nobody")
    monkeypatch.setattr("overheard.collectors.streaming.streams._BATCH", 0.03)
    monkeypatch.setattr("overheard.collectors.streaming.streams._LOOK", 0.02)
    for kind in (Jetstream, MastodonStream, XStream):
        monkeypatch.setattr(kind, "silence", 1.0)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path / "data") as folder:
        yield folder


def _where(mention: Mention) -> Key:
    return "bluesky" if mention.source == "search" else mention.source, mention.native_id


def _streamed(folder: Folder, seed: int, rounds: int) -> Streamed:
    week = Streamed(folder, seed)
    try:
        # What was said before the first connection is owed by nobody.
        for one in week.tellers:
            week.heard.once(one.name, lambda _, stream: stream.connected)
        for number in range(rounds):
            week.live(week.rng.randint(0, 4))
            week.suffer()
            week.live(week.rng.randint(0, 4))
            if week.rng.random() < 0.5:
                week.settle()
            if number == rounds // 2:
                week.settle()
                week.away(60)
            elif week.rng.random() < 0.5:
                week.away(week.rng.choice([0.1, 1, 5, 20]))
        week.settle()
        # What came before an absence is owed to whoever has the search: its errand is asked now.
        week.bluesky.owe()
        until(lambda: not breaches(week.truth, week.heard.events(), _where), "")
    except AssertionError:
        raise AssertionError("\n".join(breaches(week.truth, week.heard.events(), _where))) from None
    finally:
        week.close()
    return week


@pytest.mark.usefixtures("fast")
def test_of_streams_nothing_is_lost_or_doubled_and_what_cannot_be_told_any_more_is_said(folder: Folder) -> None:
    week = _streamed(folder, 1, 6)
    assert week.bluesky.lost
    (gap,) = [one for one in week.news if one.state == "gap"]
    assert gap.source == "bluesky"


@pytest.mark.long
@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("seed", range(2, 12))
def test_of_streams_nothing_is_lost_or_doubled_in_any_week(folder: Folder, seed: int) -> None:
    week = _streamed(folder, seed, 60)
    assert week.kills
