"""Everything together, as `overheard up` runs it: real processes, real engines, a real feed on loopback."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from pytest_httpserver import HTTPServer

from overheard.collectors.feeds.feed import Feed
from overheard.config.settings import HttpSettings, Settings
from overheard.errors import ConfigError, OverheardError
from overheard.records import Incident, Profile, contact_id
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import GAVE_UP, System
from overheard.wiring.up import run_up
from tests.world import World, write_world

Links = set[tuple[str, str, str, str]]

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>Shop floor</title><link>https://floor.example/</link>
<item><title>A week with the L200 lathe</title><link>https://floor.example/2026/l200</link>
<description>&lt;p&gt;Anton Brezina of &lt;b&gt;Ostrava Castings&lt;/b&gt; likes it.&lt;/p&gt;</description>
<pubDate>Mon, 02 Nov 2026 09:00:00 GMT</pubDate></item>
<item><title>Holiday pictures</title><link>https://floor.example/2026/beach</link></item>
</channel></rss>"""


def links(system: System) -> Links:
    """(mention, subject, role, outcome) of every link and candidate."""
    incidents = [event.data for event in system.documents() if isinstance(event.data, Incident)]
    return {
        (incident.mention.id, party.subject, party.role, party.outcome)
        for incident in incidents
        for party in incident.parties
        if party.outcome != "bare"
    }


def up_once(system: System) -> None:
    run_up(system, once=True, workers=1, stop=threading.Event())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("world"), posts=150)


def test_contacts_and_terms_that_come_after_the_posts_get_them_all_the_same(world: World, tmp_path: Path) -> None:
    with System(tmp_path / "first", Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_mentions(system, world.posts)
        up_once(system)
        first = links(system)

    with System(tmp_path / "last", Settings()) as system:
        bring_mentions(system, world.posts)
        up_once(system)
        assert not list(system.documents())
        bring_watch(system, world.watch)
        up_once(system)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        up_once(system)
        last = links(system)

    assert len(first) > 100
    assert last == first


def test_an_entry_of_a_polled_feed_ends_on_the_profile_of_the_person_it_names(
    world: World, tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/feed").respond_with_data(FEED, content_type="application/rss+xml")
    settings = Settings(
        http=HttpSettings(contact="ops@firm.example", gap=0.0, allow_hosts=("127.0.0.1", "localhost")),
        sources=(Feed(name="shop-floor", url=httpserver.url_for("/feed"), articles=False),),
    )
    with System(tmp_path / "data", settings) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        up_once(system)
        up_once(system)  # not due again: asked once
        with closing(system.index()) as index:
            hit = index.get(contact_id("crm", "c2"))
        fates = system.fates()

    assert hit is not None
    assert isinstance(hit.record, Profile)
    assert [one.url for one in hit.record.last] == ["https://floor.example/2026/l200"]
    assert hit.record.last[0].snippets[0].exact == "A week with the L200 lathe"
    assert fates["collect"] == {"collected": 2}
    assert [request.path for request, _ in httpserver.log] == ["/robots.txt", "/feed"]


def test_feeds_are_not_polled_without_a_contact_for_their_owners(tmp_path: Path) -> None:
    settings = Settings(sources=(Feed(name="f", url="https://floor.example/feed"),))
    with System(tmp_path / "data", settings) as system, pytest.raises(ConfigError, match=r"contact.*\[http\]"):
        up_once(system)


def _started(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "overheard", "up", "--workers", "1", "--port", "0", "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not psutil.Process(process.pid).children() and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def test_on_sigterm_everything_ends_cleanly_and_the_folder_is_free(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_mentions(system, world.posts)
    process = _started(folder)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    with System(folder, Settings()) as system:
        up_once(system)
        assert sum(system.fates()["enrich"].values()) == 150


def test_a_worker_that_cannot_start_ends_the_run_with_a_message(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with System(tmp_path / "data", Settings()) as system:
        bring_mentions(system, world.posts)
        with pytest.raises(Exception, match=r"enrich worker.*times in a row"):
            up_once(system)


def test_a_contact_watched_by_name_is_heard_though_no_term_is_mentioned(tmp_path: Path) -> None:
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("id,name,watched_by_name\n1,Meera Chitnis,yes\n2,Anton Brezina,no\n", encoding="utf-8")
    posts = tmp_path / "posts.csv"
    posts.write_text("source,id,text\nx,1,Meera Chitnis gave a talk\nx,2,Anton Brezina gave a talk\n", encoding="utf-8")
    with System(tmp_path / "data", Settings()) as system:
        bring_contacts(system, contacts)
        bring_mentions(system, posts)
        up_once(system)
        incidents = [event.data for event in system.documents() if isinstance(event.data, Incident)]

    assert [incident.mention.content for incident in incidents] == ["Meera Chitnis gave a talk"]
    assert incidents[0].parties[0].outcome == "candidate"


def test_a_worker_that_gives_up_is_not_started_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gives_up = tmp_path / "gives-up"
    gives_up.write_text(f"#!/bin/sh\necho once >> {tmp_path}/starts\nexit {GAVE_UP}\n", encoding="utf-8")
    gives_up.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(gives_up))
    with System(tmp_path / "data", Settings()) as system:
        bring_mentions(system, world.posts)
        with pytest.raises(OverheardError, match="gave up"):
            up_once(system)
    assert (tmp_path / "starts").read_text(encoding="utf-8").split() == ["once"]
