"""Every way out of Overheard obeys the policies of the sources; a new one must say in a table here what it gives.

What people are shown, on the pages and in the terminal, is theirs to read and no way out.
"""

import threading
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from litestar.testing import TestClient

from overheard.alerts.channels import Channel
from overheard.alerts.mail import Mail
from overheard.alerts.message import Writer
from overheard.alerts.webhook import Webhook, body_of
from overheard.cli.app import app as commands
from overheard.collectors.files import import_mentions
from overheard.config.settings import AlertSettings, Settings
from overheard.enrich.diff import Comparison, Difference
from overheard.log.deadletters import dead_letter_record
from overheard.records import Actor, DeadLetter, Delivery, Mention, encode, event_for, incident_id, mention_id
from overheard.web.api.routes import openapi
from overheard.web.app import make_app
from overheard.wiring.alerts import alerts_feed, begin_alerts, channels_of, deliver_waiting, run_alerts, writer_of
from overheard.wiring.comparing import leaving_comparison
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_watch
from overheard.wiring.kinds import load_settings
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, utc_now
from overheard.wiring.up import run_up
from tests.cli.conftest import Command, overheard  # noqa: F401 - the fixture
from tests.world import write_world

NOW = utc_now()
SECRET = "zqsecretzq"
HOST = "overheard.local"
MENTION = mention_id("forum", "a1")
INCIDENT = incident_id(MENTION)

# Reading what holds posts: the path to ask, and whether it says that something was left out.
API: Mapping[str, str] = {
    "searchMentions": f"/v1/mentions?q={SECRET}",
    "getIncident": f"/v1/incidents/{INCIDENT}",
    "getWhy": f"/v1/incidents/{INCIDENT}/why",
    "review": "/v1/review",
    "listConcerns": "/v1/concerns",
    "getContactProfile": "/v1/contacts/{contact}/profile",
    "getAccountProfile": "/v1/accounts/{account}/profile",
    "findProfiles": "/v1/profiles?who=Meera+Chitnis",
    "listDeadLetters": "/v1/dead-letters",
    "getSource": "/v1/sources/forum",
}
ONLY_SNIPPETS = frozenset({"listConcerns", "getContactProfile", "getAccountProfile", "findProfiles", "getSource"})
# No word of a post is in what these give: the CRM's records, decisions, ids, numbers, what came in with the request.
API_WITHOUT_POSTS = frozenset(
    """
    handInMentions bringContacts listContacts getContact bringAccounts listAccounts getAccount decide getDecision erase
    listChanges getHealth getMetrics listSources listTerms replayDeadLetters dropDeadLetters
    """.split()  # noqa: SIM905
)
# Commands that print posts with --json, as they are called.
CLI: Mapping[str, tuple[str, ...]] = {
    "search": ("search", "Korvex"),
    "profile": ("profile", "Meera Chitnis"),
    "why": ("why", INCIDENT),
    "review": ("review",),
    "concerns": ("concerns",),
    "dead-letters list": ("dead-letters", "list"),
    "dead-letters show": ("dead-letters", "show", "mentions/0/99"),
    "deliveries list": ("deliveries", "list"),
    "deliveries show": ("deliveries", "show", "{delivery}"),
    "digest": ("digest",),
    "sources show": ("sources", "show", "forum"),
    "enrich diff": ("enrich", "diff"),
    "enrich overrides": ("enrich", "overrides"),
}
# As JSON these give no post of a polled source: settings, the CRM's lists, counts, ids, tokens; what was handed in with
# the command itself (add, run, init); the sample's own world; and a delivery that another command has shown (resend).
CLI_WITHOUT_POSTS = frozenset({
    "accounts find", "add", "back-fill", "contacts duplicates", "contacts overlap", "cost", "dead-letters drop",
    "dead-letters replay", "decide", "deliveries resend", "enrich agreement", "erase", "erasures apply",
    "erasures import", "erasures list", "import accounts", "import activities", "import contacts",
    "import decisions", "import folder",
    "import holdings", "import mentions", "import purchases", "import watch", "index check", "index rebuild", "init",
    "run", "sample", "sources", "sources add", "sources export", "sources import", "sources kinds", "sources list",
    "status", "token create", "token list", "token revoke", "up",
})  # fmt: skip


def json_commands() -> set[str]:
    found: set[str] = set()

    def walk(command: Any, words: tuple[str, ...]) -> None:
        for name, one in getattr(command, "commands", {}).items():
            walk(one, (*words, name))
        if any("--json" in getattr(option, "opts", ()) for option in command.params):
            found.add(" ".join(words))

    walk(typer.main.get_command(commands), ())
    return found


def post(n: int) -> Mention:
    return Mention(
        id=mention_id("forum", f"a{n}"),
        platform="reddit",
        native_id=f"a{n}",
        source="forum",
        content=f"Korvex support is slow and the spindle noise is terrible, {SECRET} said Lucia Ferrand",
        url=f"https://forum.example/{SECRET}/a{n}",
        published=NOW - timedelta(minutes=n),
        first_seen=NOW,
        attributed_to=Actor(platform="reddit", preferred_username="meerac", name=f"Meera {SECRET}"),
    )


class Filled:
    def __init__(self, folder: Path, config: Path) -> None:
        self.folder = folder
        self.config = config
        self.deliveries: list[Delivery] = []


def write_settings(path: Path, export: str) -> None:
    path.write_text(
        'data = "data"\n[http]\ncontact = "a@b.example"\n[alerts]\ndigest_at = ""\n[[feed]]\nname = "forum"\n'
        f'url = "http://127.0.0.1:9/feed"\n[feed.policy]\nexport = "{export}"\nterms = "https://t.example/terms"\n'
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("ways")
    world = write_world(folder / "world", posts=0)
    write_settings(folder / "overheard.toml", "nothing")
    with System(folder / "data", Settings(alerts=AlertSettings(digest_at=""))) as system:
        begin_alerts(system.log)
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        import_mentions(system.log, [post(1), post(2)], NOW, cause="live")
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=True)
        value = encode(event_for(post(1), subject=MENTION, source="/x", time=NOW))
        letter = DeadLetter(
            id="mentions/0/99", stage="enrich", topic="mentions", partition=0, offset=99, key=MENTION,
            at=NOW, value=value, error="InputError", message="expected more",
        )  # fmt: skip
        system.log.append([dead_letter_record(letter)])
        with closing(SystemService(system)) as service:
            service.decide("relabel", MENTION, "sentiment", value="positive", by="ann")
    return Filled(folder / "data", folder / "overheard.toml")


def test_every_route_of_the_interface_is_in_one_of_the_tables() -> None:
    ids = {one["operationId"] for path in openapi()["paths"].values() for one in path.values() if "operationId" in one}
    assert not ids - API.keys() - API_WITHOUT_POSTS
    assert API.keys() <= ids


def test_every_command_that_prints_json_is_in_one_of_the_tables() -> None:
    assert not json_commands() - CLI.keys() - CLI_WITHOUT_POSTS
    assert json_commands() >= CLI.keys()


@pytest.mark.parametrize("export", ["nothing", "link"])
def test_nothing_that_a_policy_withholds_leaves_by_the_interface(filled: Filled, export: str) -> None:
    write_settings(filled.config, export)
    with (
        System(filled.folder, load_settings(filled.config)) as system,
        closing(SystemService(system)) as service,
        TestClient(make_app(service, hosts={HOST}), base_url=f"http://{HOST}") as client,
    ):
        (contact,) = (hit.id for hit in service.find("Meera Chitnis"))
        (account,) = (hit.id for hit in service.find("Palomino Gears"))
        for name, path in API.items():
            answer = client.get(path.format(contact=contact, account=account))
            assert answer.status_code == 200, (name, answer.text)
            # By a link short snippets may leave whole, and then nothing was left out of what gives no more than those.
            if export == "nothing" or name not in ONLY_SNIPPETS:
                assert "withheld" in answer.text, (name, answer.text)
                assert "https://t.example/terms" in answer.text, name
            if export == "nothing":
                assert SECRET not in answer.text, (name, answer.text)
            if name in ("searchMentions", "getIncident"):
                incident = answer.json()["items"][0]["incident"] if name == "searchMentions" else answer.json()
                assert "content" not in incident["mention"] or incident["mention"]["content"] == ""
                assert len(incident["mention"].get("url", "")) == (0 if export == "nothing" else len(post(1).url))
                assert all(len(one["exact"]) <= 200 for one in incident.get("snippets", ()))


def test_nothing_that_a_policy_withholds_leaves_as_json_of_a_command(
    filled: Filled,
    overheard: Command,  # noqa: F811
) -> None:
    write_settings(filled.config, "nothing")
    listed = overheard("deliveries", "list", "--json", "--config", filled.config)
    alert = next(one for one in listed.json if one["kind"] == "alert")
    for name, words in CLI.items():
        said = overheard(*(word.format(delivery=alert["id"]) for word in words), "--json", "--config", filled.config)
        assert said.status == 0, (name, said.err)
        assert SECRET not in said.out, (name, said.out)
        if name != "enrich diff":  # a post is in it where two versions differ
            assert "withheld" in said.out, (name, said.out)


def test_nothing_that_a_policy_withholds_leaves_by_a_channel_or_the_feed(filled: Filled) -> None:
    write_settings(filled.config, "nothing")
    taken: list[Delivery] = []

    class Told:
        def send(self, delivery: Delivery, now: object) -> str:
            taken.append(delivery)
            return ""

    def channels(settings: Settings, writer: Writer) -> Mapping[str, Channel]:
        return {"mail": Told()}

    with System(filled.folder, load_settings(filled.config)) as system:
        import_mentions(system.log, [post(3)], NOW, cause="live")
        settings = system.settings
        system.settings = msgspec.structs.replace(settings, sources=())
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
        system.settings = settings
        run_alerts(system, threading.Event(), channels=channels, wait=lambda _: True, settle=timedelta(0))
        xml = alerts_feed(system, NOW).decode()
        writer = writer_of(system)
        # The two ways by which a delivery may be sent are made of nothing else.
        assert {type(one) for one in channels_of(settings, writer).values()} <= {Mail, Webhook}
        deliver_waiting(system)
    assert SECRET not in xml
    assert "by the policy of source forum" in xml
    assert taken
    for delivery in taken:
        told = (body_of(delivery).decode(), writer.text(delivery), writer.html(delivery))
        assert not any(SECRET in one for one in told), told
    assert any(item.withheld for delivery in taken for item in delivery.items)


def test_a_comparison_of_versions_withholds_the_texts_that_differ(filled: Filled) -> None:
    write_settings(filled.config, "link")
    with System(filled.folder, load_settings(filled.config)) as system:
        given = Comparison(differences=[Difference(MENTION, SECRET, "intents", (SECRET,), (SECRET,))])
        (left,) = leaving_comparison(system, given).differences
    assert SECRET not in str(left)
    assert "withheld" in left.text
