"""From an empty configuration: a chat and leads laid down, seen on the page of who wrote them, and nowhere public."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from overheard.collectors.files import import_mentions
from overheard.records import Incident, Mention, Profile, mention_id
from overheard.web.app import make_app
from overheard.web.base import Asked
from overheard.wiring.alerts import alerts_feed, begin_alerts, digest_of
from overheard.wiring.imports import bring_accounts, bring_activities, bring_contacts, bring_watch
from overheard.wiring.kinds import load_settings
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, utc_now
from overheard.wiring.up import run_up
from tests.cli.conftest import Command, overheard  # noqa: F401 - the fixture

HOST = "overheard.local"
SECRET = "zqsecretzq"
NOW = utc_now()
CHAT = (
    f"{NOW:%Y-%m-%d}, 00:01 - Messages are end-to-end encrypted.\n"
    f"{NOW:%Y-%m-%d}, 00:02 - +91 98220 12345: {SECRET}. The delivery of the Paperfold 3 was late again\n"
    f"{NOW:%Y-%m-%d}, 00:03 - Paperfold Support: We are sorry\n"
    f"{NOW:%Y-%m-%d}, 00:04 - +91 98220 12345: Thank you {SECRET}\n"
)
LEADS = (
    "Query ID,Query Time,Sender Name,Sender Mobile,Sender Email,Sender Company,Query Product Name,Query Message\n"
    f"71,{NOW:%Y-%m-%d} 00:05:00,Hetal Vora,+91 98220 12345,hetal@vora.example,Vora Print Works,Paperfold 3,"
    f"{SECRET}. The delivery of the Paperfold 3 was late again\n"
)
SETTINGS = """
data = "data"
watch = "watch.toml"
[http]
contact = "ops@paperfold.example"
[alerts]
digest_at = ""
[[whatsapp]]
name = "chats"
path = "chats"
me = ["Paperfold Support"]
[[leads]]
name = "market"
path = "leads"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings, a watch list, a contact, a public post, a chat and a lead, all worked on."""
    home = tmp_path_factory.mktemp("home")
    (home / "overheard.toml").write_text(SETTINGS, encoding="utf-8")
    (home / "watch.toml").write_text(
        '[[term]]\nid = "paperfold"\nkind = "own-product"\naliases = ["Paperfold 3"]\n', encoding="utf-8"
    )
    (home / "contacts.csv").write_text(
        "external_id,name,email,phone,organisation\nc1,Hetal Vora,hetal@vora.example,+919822012345,Vora Print Works\n",
        encoding="utf-8",
    )
    (home / "accounts.csv").write_text("external_id,name,domain\na1,Vora Print Works,vora.example\n", encoding="utf-8")
    (home / "chats").mkdir()
    (home / "leads").mkdir()
    (home / "chats" / "WhatsApp Chat with Hetal.txt").write_text(CHAT, encoding="utf-8")
    (home / "leads" / "market.csv").write_text(LEADS, encoding="utf-8")
    settings = load_settings(home / "overheard.toml")
    public = Mention(
        id=mention_id("forum", "1"),
        platform="forum",
        native_id="1",
        source="forum",
        content="The delivery of the Paperfold 3 was late again",
        published=NOW - timedelta(minutes=1),
        first_seen=NOW,
    )
    with System(Path(settings.data), settings) as system:
        begin_alerts(system.log)
        bring_watch(system, home / "watch.toml")
        bring_accounts(system, home / "accounts.csv")
        bring_contacts(system, home / "contacts.csv")
        import_mentions(system.log, [public], NOW, cause="live")
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
    return home


@pytest.fixture(scope="module")
def system(home: Path) -> Iterator[System]:
    settings = load_settings(home / "overheard.toml")
    with System(Path(settings.data), settings) as system:
        yield system


@pytest.fixture(scope="module")
def service(system: System) -> Iterator[SystemService]:
    with closing(SystemService(system)) as service:
        yield service


@pytest.fixture(scope="module")
def client(service: SystemService) -> Iterator[TestClient[Litestar]]:
    with TestClient(make_app(service, hosts={HOST}), base_url=f"http://{HOST}") as client:
        yield client


def hetal(service: SystemService) -> Profile:
    (hit,) = service.find("Hetal Vora")
    assert isinstance(hit.record, Profile)
    return hit.record


def channels(service: SystemService, query: str = "", **options: Any) -> list[str]:
    hits = service.search(Asked(query, limit=50, **options)).hits
    return sorted(hit.record.mention.channel for hit in hits if isinstance(hit.record, Incident))


def test_activities_are_on_the_page_of_their_contact_and_counted_apart(service: SystemService) -> None:
    profile = hetal(service)
    assert profile.incidents == 0
    assert {channel: one.number for channel, one in profile.activities.items()} == {"chat": 2, "form": 1}
    assert {one.channel for one in profile.last} == {"chat", "form"}


def test_what_was_written_to_us_is_enriched_though_it_may_name_nothing(service: SystemService) -> None:
    hits = service.search(Asked("channel:chat thank", limit=5)).hits
    (record,) = (hit.record for hit in hits)
    assert isinstance(record, Incident)
    assert [one.reason for one in record.passed if one.reason == "always"] == ["always"]
    assert record.language.code == "en"


def test_a_search_shows_what_is_public_unless_it_is_asked_for_a_channel(service: SystemService) -> None:
    assert channels(service) == [""]
    assert channels(service, "delivery") == [""]
    assert channels(service, "channel:chat") == ["chat", "chat"]
    assert channels(service, "channel:(chat OR form)") == ["chat", "chat", "form"]
    assert channels(service, "channel:public") == [""]
    assert channels(service, "NOT channel:public") == ["chat", "chat", "form"]
    assert channels(service, filters={"channel": ("form",)}) == ["form"]
    profile = hetal(service)
    assert channels(service, filters={"contact": (profile.id,)}) == []
    assert channels(service, f"contact:{profile.id} channel:form") == ["form"]


def test_where_nothing_public_is_found_what_was_written_to_us_is_told_of(
    home: Path,
    tmp_path: Path,
    client: TestClient[Litestar],
    overheard: Command,  # noqa: F811 - the fixture
) -> None:
    assert "written to you alone" in client.get("/", params={"q": "thank"}).text
    shutil.copytree(home, tmp_path / "home")
    said = overheard("search", "thank", "--config", tmp_path / "home" / "overheard.toml").out
    assert "1 was written to you alone: `NOT channel:public`" in " ".join(said.split())


def test_concerns_count_what_was_written_to_us_and_say_how_many(service: SystemService) -> None:
    found = {one.topic: one for one in service.concerns().items}
    assert found["delivery"].posts == 3
    assert found["delivery"].activities == 2


def test_the_digest_and_the_feed_have_nothing_of_it(system: System) -> None:
    digest = digest_of(system, utc_now())
    assert all(not item.channel for item in digest.items)
    assert "1 post heard" in digest.notes[0]
    assert SECRET not in alerts_feed(system, NOW).decode()


def test_pages_name_the_channel_and_show_it_to_people(client: TestClient[Litestar], service: SystemService) -> None:
    profile = hetal(service)
    page = client.get(f"/contacts/{profile.id}").text
    assert "<dt>Chat</dt>" in page
    assert "<dt>Form</dt>" in page
    assert SECRET in page
    chosen = client.get("/?channel=chat").text
    assert SECRET in chosen
    assert 'class="tag warn">Chat' in chosen
    home = client.get("/").text
    assert SECRET not in home
    assert "channel=chat" in home
    incident = next(one.id for one in profile.last if one.channel == "chat")
    shown = client.get(f"/incidents/{incident}").text
    assert "The chat" in shown
    assert "The post</h2>" not in shown
    concerns = client.get("/concerns").text
    assert "2 written to you alone" in concerns


def test_nothing_of_it_leaves_by_the_interface(client: TestClient[Litestar], service: SystemService) -> None:
    profile = hetal(service)
    incident = profile.last[0].id
    paths = (
        "/v1/mentions", "/v1/mentions?q=channel:chat", "/v1/mentions?q=NOT+channel:public", "/v1/review",
        f"/v1/incidents/{incident}", f"/v1/incidents/{incident}/why", "/v1/concerns",
        f"/v1/contacts/{profile.id}/profile", "/v1/profiles?who=Hetal+Vora", "/v1/dead-letters", "/v1/sources/chats",
        "/v1/changes",
    )  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert SECRET not in answer.text, path
    assert client.get("/v1/mentions").json()["total"] == 1
    withheld = client.get("/v1/mentions?q=channel:chat").json()
    assert withheld["total"] == 2
    assert all(one["incident"]["mention"]["withheld"] for one in withheld["items"])


def test_nothing_of_it_leaves_where_its_source_is_no_more_or_never_was(system: System) -> None:
    settings = system.settings
    try:
        system.settings = load_settings()
        with (
            closing(SystemService(system)) as service,
            TestClient(make_app(service, hosts={HOST}), base_url=f"http://{HOST}") as client,
        ):
            assert SECRET not in client.get("/v1/mentions?q=channel:chat").text
    finally:
        system.settings = settings


def test_what_its_owner_lets_leave_leaves(home: Path) -> None:
    file = home / "open.toml"
    file.write_text(SETTINGS + '[leads.policy]\nexport = "all"\n', encoding="utf-8")
    settings = load_settings(file)
    with (
        System(Path(settings.data), settings, guest=True) as system,
        closing(SystemService(system)) as service,
        TestClient(make_app(service, hosts={HOST}), base_url=f"http://{HOST}") as client,
    ):
        assert SECRET in client.get("/v1/mentions?q=channel:form").text
        assert SECRET not in client.get("/v1/mentions?q=channel:chat").text


def test_a_post_and_a_chat_are_not_said_to_be_one_event(service: SystemService) -> None:
    chat = service.search(Asked("channel:chat")).hits[0].id
    public = service.search(Asked("")).hits[0].id
    with pytest.raises(Exception, match="never one event"):
        service.decide("same", chat, public, by="ann")


def test_a_chat_is_brought_in_by_hand_as_its_source_reads_it(
    overheard: Command,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    config = tmp_path / "overheard.toml"
    config.write_text(SETTINGS.replace('watch = "watch.toml"\n', ""), encoding="utf-8")
    file = tmp_path / "WhatsApp Chat with Zoe.txt"
    file.write_text(CHAT, encoding="utf-8")
    done = overheard("import", "activities", file, "--source", "chats", "--json", "--config", config)
    assert done.status == 0, done.err
    assert done.json["fates"] == {"collected": 2, "unchanged": 0, "dead": 0}
    again = overheard("import", "activities", file, "--source", "chats", "--json", "--config", config)
    assert again.json["fates"]["unchanged"] == 2
    wrong = overheard("import", "activities", file, "--source", "forum", "--config", config)
    assert wrong.status == 1
    assert "[[whatsapp]] or [[leads]] (chats, market)" in wrong.err


def test_a_chat_that_was_laid_down_is_the_same_when_it_is_brought_in_by_hand(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    settings = load_settings(tmp_path / "home" / "overheard.toml")
    with System(Path(settings.data), settings) as system:
        chat = tmp_path / "home" / "chats" / "WhatsApp Chat with Hetal.txt"
        assert bring_activities(system, chat, "chats").fates == {"collected": 0, "unchanged": 2, "dead": 0}


def test_a_search_by_command_shows_a_channel_to_people_and_keeps_it_from_programs(
    overheard: Command,  # noqa: F811 - the fixture
    home: Path,
    tmp_path: Path,
) -> None:
    shutil.copytree(home, tmp_path / "home")
    config = tmp_path / "home" / "overheard.toml"
    shown = overheard("search", "channel:chat", "--config", config)
    assert "by chat" in shown.out
    assert SECRET in shown.out
    told = overheard("search", "channel:chat", "--json", "--config", config)
    assert json.loads(told.out)["total"] == 2
    assert SECRET not in told.out


def test_an_index_of_an_older_overheard_is_made_anew_by_itself(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    settings = load_settings(tmp_path / "home" / "overheard.toml")
    with System(Path(settings.data), settings) as system:
        connection = system.folder.connect()
        connection.execute("UPDATE index_meta SET value = value - 1 WHERE name = 'format'")
        connection.close()
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
        with closing(SystemService(system)) as service:
            assert channels(service, "channel:chat") == ["chat", "chat"]
            assert channels(service) == [""]


def test_who_is_erased_is_not_heard_again_by_their_number(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    settings = load_settings(tmp_path / "home" / "overheard.toml")
    with System(Path(settings.data), settings) as system:
        with closing(SystemService(system)) as service:
            service.erase("hetal@vora.example", by="ann")
            assert channels(service, "NOT channel:public") == []
        again = tmp_path / "home" / "chats" / "WhatsApp Chat with Hetal.txt"
        again.write_text(f"{CHAT}{NOW:%Y-%m-%d}, 00:09 - +91 98220 12345: Still here\n", encoding="utf-8")
        assert bring_activities(system, again, "chats").fates["suppressed"] == 3
