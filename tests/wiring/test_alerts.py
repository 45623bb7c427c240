"""Alerts as `overheard up` runs them: a real log, matcher and index; only the clock is ours."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.alerts.channels import Channel
from overheard.alerts.message import Writer
from overheard.alerts.outbox import Outbox
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.files import import_mentions
from overheard.collectors.polling.pollstate import save_states, source_key
from overheard.config.settings import (
    AlertSettings,
    LocaleSettings,
    MailSettings,
    Settings,
    WebhookSettings,
    WebSettings,
)
from overheard.records import Actor, Cause, Delivery, Mention, PollState, contact_id, mention_id
from overheard.wiring.alerts import (
    address_of,
    alerts_feed,
    begin_alerts,
    channels_of,
    digest_of,
    run_alerts,
    send_digest,
    writer_of,
)
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_watch
from overheard.wiring.system import System, utc_now
from overheard.wiring.up import run_up
from tests.alerts.making import delivery
from tests.world import World, write_world

KOLKATA = Settings(locale=LocaleSettings(time_zone="Asia/Kolkata"))


class Told:
    """A channel that only takes."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []

    def send(self, delivery: Delivery, now: datetime) -> str:
        self.taken.append(delivery)
        return ""


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def rounds(
    system: System, clock: Callable[[], datetime], *, count: int = 1, settle: timedelta = timedelta(0), step: float = 0
) -> Told:
    """Run so many rounds; `step` seconds go by after each on a `Clock`."""
    told, left = Told(), count

    def wait(seconds: float) -> bool:
        nonlocal left
        left -= 1
        if isinstance(clock, Clock):
            clock.now += timedelta(seconds=step)
        return left <= 0

    def channels(settings: Settings, writer: Writer) -> Mapping[str, Channel]:
        return {"mail": told}

    run_alerts(system, threading.Event(), clock=clock, channels=channels, wait=wait, settle=settle)
    return told


def post(n: int, text: str, author: str = "meerac") -> Mention:
    now = utc_now()
    return Mention(
        id=mention_id("reddit", f"a{n}"),
        platform="reddit",
        native_id=f"a{n}",
        source="reddit",
        content=text,
        url=f"https://reddit.example/a{n}",
        published=now - timedelta(minutes=n),
        first_seen=now,
        attributed_to=Actor(platform="reddit", preferred_username=author),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("world"), posts=0)


def bring(system: System, world: World, *posts: Mention, cause: Cause = "live", alerts: bool = False) -> None:
    """Bring the world and the posts all the way into the index."""
    bring_watch(system, world.watch)
    bring_accounts(system, world.accounts)
    bring_contacts(system, world.contacts)
    import_mentions(system.log, posts, utc_now(), cause=cause)
    run_up(system, once=True, workers=1, stop=threading.Event(), alerts=alerts)


QUIET = Settings(alerts=AlertSettings(digest_at=""))


def test_a_single_run_tells_what_it_heard_and_sends_the_digest_that_is_due_before_it_ends(
    world: World, tmp_path: Path
) -> None:
    with System(tmp_path / "data", Settings(alerts=AlertSettings(digest_at="00:00"))) as system:
        bring(system, world, post(1, "Korvex support is slow and the spindle noise is terrible"), alerts=True)
        told = Outbox(system.log).all()
    assert {one.kind for one in told} == {"alert", "digest"}
    assert {one.state for one in told} == {"sent"}


def test_a_live_complaint_by_a_customer_is_told_and_nothing_else(world: World, tmp_path: Path) -> None:
    with System(tmp_path / "data", QUIET) as system:
        begin_alerts(system.log)
        bring(
            system,
            world,
            post(1, "Korvex support is slow and the spindle noise is terrible"),
            post(2, "Korvex support is slow and the spindle noise is terrible", author="tonda_b"),
            post(3, "the Korvex L200 holds tolerance better than anything we had, great machine"),
        )
        bring(system, world, post(4, "Korvex support is awful and terrible"), cause="back-fill")
        told = rounds(system, utc_now, count=2)
        again = rounds(system, utc_now, count=2)
        feed = feedparser.parse(alerts_feed(system, utc_now()))

    (alert,) = told.taken
    assert again.taken == []
    assert alert.subject == "Complaint by Meera Chitnis (Palomino Gears)"
    (item,) = alert.items
    assert (item.contact, item.url) == (contact_id("crm", "c1"), "https://reddit.example/a1")
    assert item.why[0] == "Meera Chitnis is a customer"
    assert 'reddit handle "meerac"' in item.why[2]
    assert [entry.title for entry in feed.entries] == [alert.subject]


def test_what_was_there_before_there_were_alerts_is_no_news(world: World, tmp_path: Path) -> None:
    with System(tmp_path / "data", QUIET) as system:
        bring(system, world, post(1, "Korvex support is slow and the spindle noise is terrible"))
        assert rounds(system, utc_now, count=2).taken == []


def test_the_digest_tells_the_day_with_its_why_and_only_once(world: World, tmp_path: Path) -> None:
    settings = Settings(alerts=AlertSettings(digest_at="00:00"), web=WebSettings(address="https://heard.example/"))
    with System(tmp_path / "data", settings) as system:
        bring(
            system,
            world,
            post(1, "Korvex support is slow and the spindle noise is terrible"),
            post(2, "is the Brannt worth the extra money over a Korvex?", author="lferrand"),
            post(3, "nothing about machines today, just a holiday picture", author="someone_else"),
        )
        told = rounds(system, utc_now, count=3)
        again = rounds(system, utc_now, count=2)
        log = Outbox(system.log).all()

    (digest,) = told.taken
    assert again.taken == []
    assert digest.subject == "2 things about you since yesterday"
    assert [item.name for item in digest.items] == ["Meera Chitnis", "Lucia Ferrand"]
    assert digest.items[0].page == f"https://heard.example/incidents/{digest.items[0].incident}"
    assert digest.items[0].score == sum(part.points for part in digest.items[0].points) >= 78
    assert {part.reason for part in digest.items[1].points} >= {"asks a question", "compares you with Brannt"}
    assert {(d.channel, d.state) for d in log} == {("feed", "sent"), ("mail", "sent")}


def test_the_digest_comes_at_its_local_time_and_each_begins_where_the_last_ended(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 11, 20, 1, 59, 50, tzinfo=UTC))  # 07:29:50 in Kolkata
    with System(tmp_path / "data", KOLKATA) as system:
        told = rounds(system, clock, count=3, step=5).taken
        clock.now = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)  # after a weekend off
        told += rounds(system, clock).taken

    friday, monday = told
    assert (friday.created, friday.about) == (datetime(2026, 11, 20, 2, 0, tzinfo=UTC), "2026-11-20")
    assert friday.since == datetime(2026, 11, 19, 2, 0, tzinfo=UTC)
    assert (monday.since, monday.until) == (friday.until, datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    assert monday.subject == "Nothing about you since Nov 20, 2026"


@pytest.mark.parametrize(("day", "utc"), [("2026-03-29", "05:30"), ("2026-10-25", "06:30")])
def test_on_the_days_when_clocks_change_there_is_one_digest_at_half_past_seven(
    tmp_path: Path, day: str, utc: str
) -> None:
    clock = Clock(datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=UTC))
    with System(tmp_path / "data", Settings(locale=LocaleSettings(time_zone="Europe/Berlin"))) as system:
        told = rounds(system, clock, count=40, step=1_800).taken
    assert [(one.about, f"{one.created:%H:%M}") for one in told] == [(day, utc)]


def test_a_digest_that_is_late_waits_for_the_sources_but_not_for_ever(tmp_path: Path) -> None:
    settings = Settings(sources=(Feed(name="press", url="https://press.example/feed"),))
    clock = Clock(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    with System(tmp_path / "data", settings) as system:
        assert rounds(system, clock, settle=timedelta(minutes=2)).taken == []
        state = PollState(next_due=clock.now + timedelta(hours=1), polled=clock.now, succeeded=clock.now)
        save_states(system.log, {source_key("press"): state}, clock.now)
        (digest,) = rounds(system, clock, settle=timedelta(minutes=2)).taken
    assert digest.notes[1] == "1 source answered."
    with System(tmp_path / "other", settings) as system:
        (digest,) = rounds(system, clock, count=4, settle=timedelta(minutes=2), step=60).taken
    assert digest.notes[1] == "0 sources answered, 1 did not: press (not asked yet)."


def test_without_a_time_there_is_no_digest(tmp_path: Path) -> None:
    with System(tmp_path / "data", QUIET) as system:
        assert rounds(system, utc_now).taken == []
        assert Outbox(system.log).all() == []


def test_a_digest_that_was_sent_by_hand_is_not_sent_at_its_time(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 11, 20, 6, 0, tzinfo=UTC))
    with System(tmp_path / "data", Settings()) as system:
        assert len(send_digest(system, digest_of(system, clock.now), clock.now)) == 1
        assert send_digest(system, digest_of(system, clock.now), clock.now) == []
        clock.now += timedelta(hours=2)
        assert rounds(system, clock).taken == []


KILLED = """
import sys, threading
from pathlib import Path
from overheard.config.settings import AlertSettings, Settings, WebhookSettings
from overheard.wiring.alerts import run_alerts
from overheard.wiring.system import System
hook = WebhookSettings(name="crm", url=sys.argv[2], secret_env="HOOK_SECRET")
with System(Path(sys.argv[1]), Settings(alerts=AlertSettings(digest_at=""), webhooks=(hook,))) as system:
    run_alerts(system, threading.Event())
"""


def test_killed_while_it_sends_it_sends_again_under_the_same_id_and_the_feed_has_it_once(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    folder = tmp_path / "data"
    ids: list[str] = []
    processes: list[subprocess.Popen[bytes]] = []
    second = threading.Event()

    def receive(request: Request) -> Response:
        request.get_data()
        ids.append(request.headers["webhook-id"])
        if len(ids) == 1:
            processes[0].kill()
        else:
            second.set()
        return Response("", 204)

    httpserver.expect_request("/hook").respond_with_handler(receive)
    one, on_feed = delivery("webhook:crm"), delivery("feed", state="sent", next_attempt=None)
    with System(folder, QUIET) as system:
        Outbox(system.log).add([one, on_feed])
    environment = {**os.environ, "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    command = [sys.executable, "-c", KILLED, str(folder), httpserver.url_for("/hook")]
    processes.append(subprocess.Popen(command, env=environment))
    assert processes[0].wait(60) == -signal.SIGKILL
    processes.append(subprocess.Popen(command, env=environment))
    assert second.wait(60)
    _until_sent(folder, one.id)
    processes[1].kill()
    processes[1].wait()
    with System(folder, QUIET) as system:
        feed = feedparser.parse(alerts_feed(system, utc_now()))
    assert ids == [one.id, one.id]
    assert [entry.id for entry in feed.entries] == [on_feed.id]


def _until_sent(folder: Path, id_: str) -> None:
    """Wait, beside the owner, until the outbox says that a delivery was sent."""
    deadline = time.monotonic() + 30
    with System(folder, QUIET, guest=True) as system:
        while Outbox(system.log).get(id_).state != "sent":
            assert time.monotonic() < deadline
            threading.Event().wait(0.02)


def test_the_channels_are_those_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        mail=MailSettings(host="mail.firm.example", to=("sales@firm.example",)),
        webhooks=(WebhookSettings(name="crm", url="https://crm.firm.example/hook"),),
    )
    with System(tmp_path / "data", settings) as system:
        assert set(channels_of(settings, writer_of(system))) == {"mail", "webhook:crm"}
        assert channels_of(Settings(mail=MailSettings(host="mail.firm.example")), writer_of(system)) == {}


@pytest.mark.parametrize(
    ("web", "address"),
    [
        (WebSettings(), "http://127.0.0.1:8787"),
        (WebSettings(host="::1", port=1), "http://[::1]:1"),
        (WebSettings(address="https://heard.firm.example/"), "https://heard.firm.example"),
    ],
)
def test_links_lead_to_where_the_pages_are(tmp_path: Path, web: WebSettings, address: str) -> None:
    with System(tmp_path / "data", Settings(web=web)) as system:
        assert address_of(system) == address
