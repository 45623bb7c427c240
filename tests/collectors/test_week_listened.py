"""A faulty week of what is listened to, asked beside HTTP, laid down and pushed: nothing lost, nothing doubled.

What nobody can be told any more is said to be missing.
"""

import contextlib
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.news import News
from overheard.collectors.polling.poller import poll_due
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.collectors.streaming.x_stream import XStream
from overheard.config.settings import HttpSettings, Settings, WebSettings
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Mention, decode
from overheard.web.app import make_app
from overheard.wiring.mailboxes import asked_beside
from overheard.wiring.secrets import secrets_of
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, records_on
from tests.collectors.mortal import Killed, Mortal
from tests.collectors.streamed import Listening, until
from tests.collectors.week.beside import PASSWORD_ENV, Chats, LeadLists, SupportBox
from tests.collectors.week.pushed import OUTCOMES, PUSH_ENV, PUSH_SECRET, SECRET, SECRET_ENV, SENDERS, TillSender
from tests.collectors.week.script import START
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
from tests.web.api_world import HOST

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
        self.begin(self.rng.choice([0, self.rng.randint(1, 30), self.rng.randint(1, 30)]))

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

        # A pause after several refusals is some seconds of ours.
        until(arrived, f"of {said} some never came", 30.0)
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
        until(lambda: not breaches(week.truth, week.heard.events(), _where))
    except AssertionError as e:
        raise AssertionError("\n".join([*breaches(week.truth, week.heard.events(), _where), str(e)])) from None
    finally:
        week.close()
    return week


@pytest.mark.usefixtures("fast")
def test_of_streams_nothing_is_lost_or_doubled_and_what_cannot_be_told_any_more_is_said(folder: Folder) -> None:
    week = _streamed(folder, 1, 6)
    assert week.bluesky.lost
    assert {one.source for one in week.news if one.state == "gap"} == {"bluesky"}


@pytest.mark.long
@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("seed", range(2, 12))
def test_of_streams_nothing_is_lost_or_doubled_in_any_week(folder: Folder, seed: int) -> None:
    week = _streamed(folder, seed, 60)
    assert week.kills


# --- what others push -------------------------------------------------------------------------------------------------


class Delivered:
    """A server that three deliver to, and a fourth hands in to; killed now and again between two writes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(f"pushed {seed}")
        self.truth = Truth()
        self.now = START
        self.senders = [one(self.truth, self.clock) for one in SENDERS]
        self.sources = tuple(one.source for one in self.senders if not isinstance(one, TillSender))
        self.folder = folder
        self.kills = self.refused = 0

    def clock(self) -> datetime:
        return self.now

    @contextmanager
    def served(self) -> Iterator[tuple[System, TestClient[Any]]]:
        settings = Settings(web=WebSettings(), sources=self.sources, http=HttpSettings(contact="a@b.example"))
        with System(self.folder, settings) as system:
            service = SystemService(system, clock=self.clock)
            try:
                app = make_app(service, hosts={HOST})
                with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
                    yield system, client
            finally:
                service.close()

    def deliver(self, system: System, client: TestClient[Any]) -> None:
        """Send what is due, which may never come, be refused, or be taken though nobody hears of it."""
        for sender in self.senders:
            due = sender.due(self.now)
            self.rng.shuffle(due)
            for one in due:
                outcome = self.rng.choice(OUTCOMES)
                status = 0
                if outcome != "unsent":
                    headers = sender.headers(one, self.now, old=outcome == "old secret")
                    given = {"content-type": "application/json", **headers}
                    status = client.post(sender.path, content=one.body, headers=given).status_code
                if outcome == "old secret":
                    assert status == 401
                    self.refused += 1
                elif outcome == "cut":
                    status = 0
                sender.answered(one, status, self.rng)

    def poll(self, system: System, writes: int) -> None:
        mortal: Any = Mortal(system.log, writes, after=self.rng.random() < 0.5, durable=False)  # type: ignore[arg-type]
        try:
            poll_due(mortal, self.sources, Fetcher(contact="a@b.example", clock=self.clock), self.clock)
        except Killed:
            self.kills += 1

    def go_on(self, hours: int) -> list[str]:
        """Go on for some hours, with a restart now and again; return what is not as it was said."""
        for _ in range(0, hours, 12):
            with self.served() as (system, client):
                for _ in range(12):
                    self.now += timedelta(hours=1)
                    for sender in self.senders:
                        for _ in range(self.rng.randint(0, 2)):
                            self.now += timedelta(seconds=self.rng.randint(1, 99))
                            sender.happen(self.rng, self.now.replace(microsecond=0))
                    self.deliver(system, client)
                    if self.rng.random() < 0.5:
                        self.poll(system, self.rng.choice([0, self.rng.randint(1, 6)]))
        with self.served() as (system, client):
            while any(one.deliveries for one in self.senders):
                self.now += timedelta(hours=1)
                self.deliver(system, client)
            self.poll(system, 0)
            events = [decode(one.value) for one in records_on(system.log, "mentions") if one.value is not None]
            return breaches(self.truth, events)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    monkeypatch.setenv(PUSH_ENV, PUSH_SECRET)


@pytest.mark.usefixtures("secrets")
def test_of_deliveries_that_come_twice_late_and_in_any_order_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    week = Delivered(tmp_path / "data", 1)
    assert "\n".join(week.go_on(12)) == ""
    assert week.refused
    assert week.kills


@pytest.mark.long
@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("seed", range(2, 12))
def test_of_deliveries_nothing_is_lost_or_doubled_in_any_week(tmp_path: Path, seed: int) -> None:
    assert "\n".join(Delivered(tmp_path / "data", seed).go_on(7 * 24)) == ""


# --- what is asked beside, in a mailbox and in folders ----------------------------------------------------------------


class Asked:
    """Polls of a mailbox and of folders, on a clock that is moved by hand; killed now and again between two writes."""

    def __init__(self, folder: Folder, laid: Path, seed: int) -> None:
        self.rng = random.Random(f"asked {seed}")
        self.truth, self.now = Truth(), START
        self.mail = SupportBox(self.truth)
        self.chats, self.leads = Chats(self.truth, laid / "chats"), LeadLists(self.truth, laid / "leads")
        self.sources = [self.mail.source, self.chats.source, self.leads.source]
        self.log = EmbeddedLog(folder)
        self.kills = 0
        self.problems: set[str] = set()

    def clock(self) -> datetime:
        return self.now

    def poll(self, writes: int = 0) -> None:
        limits = Limits(gap=0, total=10)
        fetcher = Fetcher(
            contact="a@b.example",
            limits=limits,
            clock=self.clock,
            beside=asked_beside(self.sources, limits, self.clock),
        )
        mortal: Any = Mortal(self.log, writes, after=self.rng.random() < 0.5, durable=False)
        try:
            report = poll_due(mortal, self.sources, fetcher, self.clock)
            self.problems |= {one.source for one in report.problems}
        except Killed:
            self.kills += 1
        finally:
            fetcher.close()

    def go_on(self, hours: int) -> list[str]:
        """Go on for some hours; return what is not as it was said."""
        for _ in range(hours):
            self.now += timedelta(minutes=self.rng.choice([7, 60, 200]))
            for one in (self.mail, self.chats, self.leads):
                one.happen(self.rng, self.now)
            self.poll(self.rng.choice([0, self.rng.randint(1, 12)]))
        for one in (self.mail, self.chats, self.leads):
            one.recover(self.rng, self.now)
        for _ in range(3):
            self.now += timedelta(days=1)
            self.poll()
        events = [decode(one.value) for one in records_on(self.log, "mentions") if one.value is not None]
        return breaches(self.truth, events, _letter)

    def close(self) -> None:
        self.mail.close()
        self.log.close()


def _letter(mention: Mention) -> Key:
    """The key of a letter has no more than its own id."""
    return mention.source, mention.native_id.partition(" ")[0]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_ENV, "correct horse")
    monkeypatch.setattr("overheard.collectors.laid.laid._SETTLED", 0.0)


def _asked(folder: Folder, laid: Path, seed: int, hours: int) -> Asked:
    week = Asked(folder, laid, seed)
    try:
        assert "\n".join(week.go_on(hours)) == ""
    finally:
        week.close()
    return week


@pytest.mark.usefixtures("quick")
def test_of_a_mailbox_and_of_files_nothing_is_lost_or_doubled(folder: Folder, tmp_path: Path) -> None:
    week = _asked(folder, tmp_path, 1, 25)
    assert week.kills
    assert {"support", "chats"} <= week.problems


@pytest.mark.long
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", range(2, 12))
def test_of_a_mailbox_and_of_files_nothing_is_lost_or_doubled_in_any_week(
    folder: Folder, tmp_path: Path, seed: int
) -> None:
    _asked(folder, tmp_path, seed, 100)
