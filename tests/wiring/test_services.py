"""Services on a real Kafka and a real Elasticsearch, each a process, as an operator and a program see them."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka.admin import KafkaAdminClient
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.alerts.outbox import Outbox
from overheard.alerts.stage import GROUP as ALERTS
from overheard.alerts.stage import AlertStage
from overheard.cli.app import run as command_line
from overheard.config.settings import Settings
from overheard.log.base import ProducerRecord
from overheard.log.deadletters import list_letters
from overheard.records import contact_id
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.sources import poll_now
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.engines.cluster import Cluster, Service
from tests.engines.fixtures import remove
from tests.world import World, timeless_documents, write_world

POSTS = 60
PATIENCE = 120.0
MEERA = contact_id("crm", "c1")
OTHER_WATCH = '[[term]]\nid = "brannt"\nkind = "own-company"\naliases = ["Brannt", "Brannt Maschinen"]\n'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Firm:
    """One firm's services, and how to run more of them with other settings."""

    kafka: str
    elastic: str
    prefix: str
    cluster: Cluster
    webs: tuple[str, str]

    def more(self, home: Path, settings: str) -> Cluster:
        """The same firm on another machine: a folder and settings of its own."""
        return Cluster(home, self.kafka, self.elastic, self.prefix, more=settings)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("world"), posts=POSTS)


@pytest.fixture(scope="module")
def firm(
    kafka: str, elastic: str, module_prefix: str, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Firm]:
    home = tmp_path_factory.mktemp("firm")
    with Cluster(home, kafka, elastic, module_prefix, more="[web]\nport = 0\n") as cluster:
        cluster.start("match", "enrich", "index")
        with cluster.system() as system:
            bring(system, world, world.watch)
        webs = cluster.start("web", "web")
        cluster.wait_idle(PATIENCE)
        first, second = (address_of(web) for web in webs)
        yield Firm(kafka, elastic, module_prefix, cluster, (first, second))
        services = list(cluster.services)
        begun = time.monotonic()
        cluster.stop()
        assert time.monotonic() - begun < 20
        assert [one.process.returncode for one in services] == [0] * len(services)
        for one in services:
            assert "Traceback" not in one.said(), one.said()


def until(happened: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait for what must come, and return what `happened` gave."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, f"expected within {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return found


def address_of(web: Service) -> str:
    found: re.Match[str] = until(lambda: re.search(r"Overheard is at (\S+)", web.said()), "the address of the pages")
    return found[1]


def ended(*services: Service) -> None:
    """End services as an operator does; each goes within seconds, and well."""
    for one in services:
        one.end(15.0)
        assert one.process.returncode == 0, one.said()


def bring(system: System, world: World, watch: Path) -> None:
    """Bring the world in, with this watch list."""
    bring_watch(system, watch)
    bring_accounts(system, world.accounts)
    bring_contacts(system, world.contacts)
    bring_mentions(system, world.posts)


def owner_of(services: list[Service], job: str) -> Service:
    """The one service that does what only one may do."""

    def found() -> Service | None:
        return next((one for one in services if f"{job}: this process does it now" in one.said()), None)

    owner: Service = until(found, f"an owner of {job}")
    return owner


# --- pages and API ---------------------------------------------------------------------------------------------------


def test_a_post_a_contact_and_a_decision_that_come_by_the_api_are_where_they_belong_within_seconds(firm: Firm) -> None:
    with httpx.Client(base_url=firm.webs[0], timeout=30) as one, httpx.Client(base_url=firm.webs[1], timeout=30) as two:
        cursor = one.get("/v1/changes", params={"since": "now"}).json()["next"]
        person = {"externalId": "s1", "name": "Ottilie Zandberg", "handles": {"reddit": "ottilie_z"}}
        (row,) = one.post("/v1/contacts", json=[person]).json()["items"]
        assert row["status"] == "created"

        post = {
            "source": "reddit",
            "nativeId": "svc1",
            "text": "The Korvex L200 spindle sings like a nightingale.",
            "author": "ottilie_z",
        }
        begun = time.monotonic()
        assert one.post("/v1/mentions", json=[post]).json()["counts"] == {"collected": 1}

        def found(client: httpx.Client) -> Any:
            return client.get("/v1/mentions", params={"q": "nightingale"}).json()["items"]

        (hit,) = until(lambda: found(one), "the post in a search", 10.0)
        print(f"  found {time.monotonic() - begun:.1f} s after it was handed in")
        assert found(two) == found(one)
        profile = until(
            lambda: (
                (shown := one.get(f"/v1/contacts/{row['id']}/profile")).status_code == 200
                and shown.json()["incidents"]
                and shown.json()
            ),
            "the post on the profile",
            10.0,
        )
        assert two.get(f"/v1/contacts/{row['id']}/profile").json() == profile
        for page in (one, two):
            shown = page.get(f"/contacts/{row['id']}")
            assert "nightingale" in shown.text

        incident = hit["incident"]["id"]
        decided = one.post("/v1/decisions", json={"verb": "not about us", "left": incident})
        assert decided.status_code in {200, 201}, decided.text
        for client in (one, two):
            assert client.get(f"/v1/incidents/{incident}").json()["status"] == "not about us"
        changed = one.get("/v1/changes", params={"since": cursor, "limit": 1000}).json()["changes"]
        assert {row["id"], incident} <= {change["id"] for change in changed}


def test_each_server_says_how_all_the_stages_are(firm: Firm) -> None:
    for address in firm.webs:
        with httpx.Client(base_url=address, timeout=30) as client:
            health = client.get("/v1/health").json()
            assert {stage["stage"] for stage in health["stages"]} >= {"enrich", "match", "index"}
            assert sum(health["stages"][1]["fates"].values()) >= POSTS
            assert 'overheard_records_total{fate="linked",stage="match"}' in client.get("/v1/metrics").text
            for page in ("/", "/activity", "/sources", "/contacts", f"/contacts/{MEERA}"):
                assert client.get(page, follow_redirects=True).status_code == 200, page


def test_a_token_made_by_a_command_is_known_to_the_server(firm: Firm, tmp_path: Path) -> None:
    with firm.more(tmp_path / "locked", "[web]\nport = 0\nrequire_token = true\n") as cluster:
        (web,) = cluster.start("web")
        token = cluster.overheard("token", "create", "crm").strip()
        with httpx.Client(base_url=address_of(web), timeout=30) as client:
            assert client.get("/v1/mentions").status_code == 401
            assert client.get("/v1/mentions", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        ended(web)
        assert token not in web.said()


# --- one at a time ---------------------------------------------------------------------------------------------------

_FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Floor</title>
<link>https://floor.example/</link>{}</channel></rss>"""
_ITEM = "<item><title>The Korvex L200, week {0}</title><link>https://floor.example/w{0}</link></item>"


def test_one_of_two_collectors_polls_and_the_other_goes_on_when_it_is_killed(
    firm: Firm, tmp_path: Path, httpserver: HTTPServer
) -> None:
    asked: list[float] = []
    week = 1

    def feed(request: Request) -> Response:
        asked.append(time.monotonic())
        items = "".join(_ITEM.format(n) for n in range(1, week + 1))
        return Response(_FEED.format(items), 200, content_type="application/rss+xml")

    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/feed").respond_with_handler(feed)
    (tmp_path / "watch.toml").write_text(
        '[[term]]\nid = "korvex"\nkind = "own-company"\naliases = ["Korvex", "Korvex AG"]\n', encoding="utf-8"
    )
    settings = f"""
watch = "watch.toml"
[http]
contact = "ops@firm.example"
allow_hosts = ["{httpserver.host}"]
gap = 0.1
[[feed]]
name = "floor"
url = "{httpserver.url_for("/feed")}"
interval = 300
"""
    (tmp_path / "collect").mkdir()
    (tmp_path / "watch.toml").rename(tmp_path / "collect" / "watch.toml")
    with firm.more(tmp_path / "collect", settings) as cluster:
        services = cluster.start("collect", "collect")
        owner = owner_of(services, "collect")
        until(lambda: asked, "the feed asked")
        with cluster.system() as system:
            until(lambda: len(of_floor(system)) == 1, "the first post of the feed")
            korvex = next(e.data for e in system.watched_facts().values() if getattr(e.data, "id", "") == "korvex")
            assert "Korvex AG" in korvex.aliases  # the watch list of the settings
            owner.kill()
            week = 2
            cluster.services.remove(owner)
            (other,) = cluster.services
            owner_of([other], "collect")
            with httpx.Client(base_url=firm.webs[0], timeout=30) as client:
                assert client.get("/v1/health").status_code == 200
            poll_now(system, "floor", datetime.now(UTC))
            until(lambda: len(of_floor(system)) == 2, "the second post of the feed, by the other")
            found = [record.key for record in of_floor(system)]
            assert len(set(found)) == len(found)
        ended(other)
    firm.cluster.wait_idle(PATIENCE)


def of_floor(system: System) -> list[Any]:
    return [
        record
        for partition, (first, end) in system.log.spans("mentions").items()
        for record in system.log.read("mentions", partition, first, end - first)
        if record.value is not None and b"floor.example" in record.value
    ]


def test_each_alert_is_told_once_also_when_who_tells_them_is_killed(
    firm: Firm, tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def receive(request: Request) -> Response:
        told.append(request.headers["webhook-id"])
        return Response("", 204)

    httpserver.expect_request("/hook").respond_with_handler(receive)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    settings = f"""
[alerts]
digest_at = ""
[[webhook]]
name = "crm"
url = "{httpserver.url_for("/hook")}"
secret_env = "HOOK_SECRET"
"""

    def complain(number: int) -> None:
        published = datetime.now(UTC) - timedelta(minutes=1)
        post = {
            "source": "reddit",
            "nativeId": f"bad{number}",
            "text": f"Korvex support is terrible and awful, case {number}",
            "published": published.isoformat(),
            "author": "meerac",
        }
        told = httpx.post(f"{firm.webs[0]}/v1/mentions", json=[post], timeout=30)
        assert told.json()["counts"] == {"collected": 1}, told.text

    with firm.more(tmp_path / "alerts", settings) as cluster:
        services = cluster.start("alerts", "alerts")
        owner = owner_of(services, "alerts")
        with cluster.system() as system:
            until(lambda: system.log.checkpoint(ALERTS, AlertStage.topic).positions, "where alerts begin")
            complain(1)
            until(lambda: told, "the first alert")
            owner.kill()
            cluster.services.remove(owner)
            complain(2)
            until(lambda: len(set(told)) == 2, "the second alert, by the other")

            def sent() -> bool:
                hooks = [one for one in Outbox(system.log).all() if one.channel == "webhook:crm"]
                return [one.state for one in hooks] == ["sent", "sent"]

            until(sent, "both deliveries sent, as their record says")
        assert len(told) - len(set(told)) <= 1  # at least once: what was under way at the kill may come again
        ended(*cluster.services)
        assert SECRET not in "".join(one.said() for one in services)


# --- commands --------------------------------------------------------------------------------------------------------


def test_commands_beside_the_services_see_and_write_what_these_do(
    firm: Firm, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str, status: int = 0) -> str:
        """Run a command in this process, which has loaded all that it needs."""
        monkeypatch.setattr("sys.argv", ["overheard", *arguments, "--config", str(firm.cluster.config)])
        try:
            got = command_line()
        except SystemExit as e:
            got = int(e.code or 0)
        said = capsys.readouterr()
        assert got == status, said
        return said.out

    page = json.loads(run("search", "korvex", "--json", "--limit", "3"))
    assert page["total"] > 10
    (meera,) = json.loads(run("profile", "Meera Chitnis", "--json"))
    assert meera["id"] == MEERA
    assert json.loads(run("status", "--json"))["fates"]["enrich"]
    said = "Anton Brezina of Ostrava Castings says the Korvex lathe is marvellous"
    assert "Anton Brezina" in run("add", "https://floor.example/pasted", "--text", said)
    incident = page["hits"][0]["id"]
    assert run("decide", "not-about-us", incident)
    for looked in (("dead-letters", "list"), ("deliveries", "list"), ("token", "list"), ("cost",), ("digest",)):
        run(*looked)
    bad = tmp_path / "bad.ndjson"
    bad.write_text('{"source": "reddit", "id": "x1"}\n', encoding="utf-8")
    run("import", "mentions", str(bad), status=1)
    for kind, file in (("watch", world.watch), ("accounts", world.accounts), ("contacts", world.contacts)):
        run("import", kind, str(file))
    assert "unchanged" in run("import", "mentions", str(world.posts))

    with firm.cluster.system() as system:
        system.log.append([ProducerRecord("mentions", "poison", b"not json")])
        (letter,) = until(lambda: [one for one in list_letters(system.log) if one.key == "poison"], "a dead letter")
        run("dead-letters", "replay", letter.id)
        (again,) = until(
            lambda: [one for one in list_letters(system.log) if one.key == "poison" and one.id != letter.id],
            "another letter: it is no better for being read again",
        )
        run("dead-letters", "drop", again.id)
        assert "poison" not in {one.key for one in list_letters(system.log)}

    firm.cluster.wait_idle(PATIENCE)
    assert "holds the same" in run("index", "check")
    assert "indexed anew" in run("index", "rebuild")
    assert "holds the same" in run("index", "check")
    assert all(one.process.poll() is None for one in firm.cluster.services)


def test_a_stage_by_hand_works_on_lines_though_the_log_is_shared(firm: Firm, world: World) -> None:
    command = [sys.executable, "-m", "overheard", "run", "collect", "--lines", "--config", str(firm.cluster.config)]
    with world.posts.open("rb") as posts:
        done = subprocess.run(command, stdin=posts, capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == POSTS


# --- two firms, and one command for all ------------------------------------------------------------------------------


def test_up_on_the_shared_engines_makes_the_same_documents_and_firms_do_not_see_each_other(
    firm: Firm, prefix: str, world: World, tmp_path: Path
) -> None:
    watch = tmp_path / "other.toml"
    watch.write_text(OTHER_WATCH, encoding="utf-8")
    with System(tmp_path / "embedded", Settings()) as system:
        bring(system, world, watch)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
        wanted = timeless_documents(system)
    with Cluster(tmp_path / "other", firm.kafka, firm.elastic, prefix) as other:
        other.start("match")
        with other.system() as system:
            bring(system, world, watch)
        other.stop()
        other.overheard("up", "--once", "--workers", "1")
        with other.system() as system:
            assert timeless_documents(system) == wanted
            assert {e.subject for e in system.watched_facts().values()} == {"term/brannt"}
        assert set(other.indexed()) == set(wanted)
    before = firm.cluster.indexed()
    assert before
    assert set(before) & set(wanted)  # the same posts and people, each firm's own documents of them
    with firm.cluster.system() as system:
        assert "term/korvex" in {e.subject for e in system.watched_facts().values()}
    assert topics(firm.kafka, prefix)
    remove(firm.kafka, firm.elastic, prefix)
    assert not topics(firm.kafka, prefix)
    assert firm.cluster.indexed().keys() >= before.keys()
    with httpx.Client(base_url=firm.webs[0], timeout=30) as client:
        assert client.get("/v1/mentions", params={"q": "korvex"}).json()["total"] > 10


def topics(kafka: str, prefix: str) -> list[str]:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        return [topic for topic in admin.list_topics() if topic.startswith(prefix)]
    finally:
        admin.close()
