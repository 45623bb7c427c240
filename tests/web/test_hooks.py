"""The endpoint of webhooks: what is signed is taken once and read, what is not leaves nothing but a count."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Fetcher
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.pushed.discourse import DiscourseWebhook
from overheard.collectors.pushed.github import GitHubWebhook
from overheard.collectors.pushed.hook import MAX_BODY, MAX_KEPT
from overheard.collectors.pushed.push import Push
from overheard.config.settings import HttpSettings, Settings, WebSettings
from overheard.log.deadletters import list_letters
from overheard.records import Event, Fetch, decode, mention_id
from overheard.web.app import make_app
from overheard.web.rates import Rate, Rates
from overheard.wiring.kinds import sources_of
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, records_on
from tests.web.api_world import HOST

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "api" / "github"
OURS = Path(__file__).resolve().parents[1] / "contracts" / "recordings"
SECRET = "correct horse battery staple"
KEY = bytes(range(32))
PUSH_SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
COMMENT = (OURS / "github_webhook" / "comment.json").read_bytes()
POST = (OURS / "discourse_webhook" / "created.json").read_bytes()
SOURCES = (
    GitHubWebhook(name="repos", secret_env="HOOKS_SECRET"),
    DiscourseWebhook(name="forum", instance="https://forum.example", secret_env="HOOKS_SECRET"),
    Push(name="partner", secret_env="HOOKS_PUSH_SECRET"),
    Push(name="shop", tokens=("shop",)),
)


class Served:
    def __init__(self, system: System, service: SystemService, client: TestClient[Any]) -> None:
        self.system = system
        self.service = service
        self.client = client
        self.now = NOW

    def post(self, name: str, body: bytes, **headers: str) -> Any:
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.post(f"/hooks/{name}", content=body, headers={"content-type": "application/json", **given})

    def github(self, body: bytes, event: str = "issue_comment", **headers: str) -> Any:
        given = {"X_GitHub_Event": event, "X_Hub_Signature_256": signed(body), "X_GitHub_Delivery": "d-1", **headers}
        return self.post("repos", body, **given)

    def discourse(self, body: bytes, event: str = "post_created", kind: str = "post", **headers: str) -> Any:
        given = {"X_Discourse_Event": event, "X_Discourse_Event_Type": kind, "X_Discourse_Event_Id": "7", **headers}
        return self.post("forum", body, **{"X_Discourse_Event_Signature": signed(body), **given})

    def push(self, body: bytes, *, id: str = "msg_1", at: datetime | None = None, **headers: str) -> Any:  # noqa: A002
        seconds = str(int((at or self.now).timestamp()))
        given = {"webhook_id": id, "webhook_timestamp": seconds, "webhook_signature": standard(id, seconds, body)}
        return self.post("partner", body, **{**given, **headers})

    def poll(self) -> PollReport:
        sources: list[Source] = sources_of(self.system.settings)
        return poll_due(self.system.log, sources, Fetcher(contact="a@b.example", clock=lambda: self.now), self.clock)

    def clock(self) -> datetime:
        return self.now

    def events(self) -> list[Event[Any]]:
        return [decode(one.value) for one in records_on(self.system.log, "mentions") if one.value is not None]

    def fetches(self) -> list[Fetch]:
        return [decode(one.value).data for one in records_on(self.system.log, "fetches") if one.value is not None]

    def said(self, name: str) -> str:
        (found,) = (one for one in self.service.sources() if one.name == name)
        return f"{found.health.state}: {found.health.message} {found.health.advice}"


def signed(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def standard(id_: str, seconds: str, body: bytes, key: bytes = KEY) -> str:
    made = hmac.new(key, f"{id_}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    settings = Settings(web=WebSettings(require_token=True), sources=SOURCES, http=HttpSettings(contact="a@b.example"))
    with System(folder, settings) as system:
        holder: list[Served] = []
        service = SystemService(system, clock=lambda: holder[0].now)
        try:
            app = make_app(service, hosts={HOST}, local=False)
            with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
                holder.append(Served(system, service, client))
                yield holder[0]
        finally:
            service.close()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOKS_SECRET", SECRET)
    monkeypatch.setenv("HOOKS_PUSH_SECRET", PUSH_SECRET)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "data") as one:
        yield one


# --- who may ----------------------------------------------------------------------------------------------------------


def test_a_signed_delivery_is_safe_when_it_is_answered_and_whoever_polls_reads_it(ours: Served) -> None:
    answer = ours.github(COMMENT)
    assert (answer.status_code, answer.json()["status"]) == (202, "taken")
    (fetch,) = ours.fetches()
    assert (fetch.id, fetch.source, fetch.body) == (answer.json()["id"], "repos", COMMENT)
    assert "x-hub-signature-256" not in fetch.headers
    assert ours.events() == []
    assert ours.poll().fates == {"collected": 2}
    found = {one.data.native_id: one for one in ours.events()}
    comment = found["paperfold/driver/issues/41#issuecomment-7001"]
    assert comment.data.in_reply_to == "paperfold/driver/issues/41"
    assert comment.data.attributed_to.native_id == "502"
    assert comment.cause == "back-fill", "it is a day and some hours old"


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256=" + "0" * 64, signed(COMMENT, "another secret"), signed(COMMENT + b" "), "sha1=" + "0" * 40,
     "sha256=" + "ß" * 32],
)  # fmt: skip
def test_a_delivery_that_does_not_show_who_sent_it_is_refused_and_leaves_a_count(ours: Served, signature: str) -> None:
    headers = [(b"x-github-event", b"issues"), (b"x-hub-signature-256", signature.encode())][: 2 if signature else 1]
    answer = ours.client.post("/hooks/repos", content=COMMENT, headers=headers)
    assert answer.status_code == 401
    assert SECRET not in answer.text
    assert ours.fetches() == []
    assert ours.poll().fates == {}
    said = ours.said("repos")
    assert said.startswith("failing: Deliveries to /hooks/repos so far: 1 refused.")
    assert "secret" in said
    assert SECRET not in said


def test_a_body_is_not_read_before_a_signature_is_shown(ours: Served) -> None:
    sent: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(64):
            sent.append(number)
            yield b" " * 1_000_000

    assert ours.client.post("/hooks/repos", content=body()).status_code == 401
    assert ours.fetches() == []


def test_what_has_no_hook_is_404_also_for_a_pusher_that_has_no_secret(ours: Served) -> None:
    for name in ("nobody", "shop"):
        assert ours.post(name, b"{}").status_code == 404
    assert ours.client.get("/hooks/repos").status_code in (401, 405)


def test_a_secret_that_is_not_in_its_place_is_said_to_us_and_not_to_the_sender(
    ours: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOKS_SECRET")
    answer = ours.github(COMMENT)
    assert answer.status_code == 503
    assert "HOOKS_SECRET" not in answer.text
    assert "expected the secret of the source 'repos' in the environment variable HOOKS_SECRET" in ours.said("repos")
    monkeypatch.setenv("HOOKS_SECRET", SECRET)
    assert ours.github(COMMENT).status_code == 202
    assert ours.said("repos").startswith("works")


def test_whoever_guesses_is_slowed_and_whoever_signs_is_not(ours: Served) -> None:
    ours.client.app.state.hooks_refused = Rates(Rate(2, 60), Rate(2, 60))
    codes = [ours.github(COMMENT, X_Hub_Signature_256=signed(b"")).status_code for _ in range(4)]
    assert codes == [401, 401, 429, 429]
    assert ours.github(COMMENT).status_code == 202
    ours.client.app.state.hooks_taken = Rates(Rate(1, 60), Rate(10, 60))
    assert ours.github(COMMENT + b" ").status_code == 202
    late = ours.github(COMMENT + b"  ")
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) >= 1


def test_whoever_floods_a_hook_with_wrong_signatures_takes_nothing_from_who_signs(ours: Served) -> None:
    ours.client.app.state.hooks_taken = Rates(Rate(2, 60), Rate(100, 60))
    for _ in range(4):
        ours.github(COMMENT, X_Hub_Signature_256=signed(b""), X_Forwarded_For="203.0.113.9")
    assert ours.github(COMMENT, X_Forwarded_For="198.51.100.7").status_code == 202


def test_a_flood_of_refusals_is_counted_whole_and_written_rarely(ours: Served) -> None:
    ours.client.app.state.hooks_refused = Rates(Rate(1_000, 60), Rate(1_000, 60))
    for _ in range(50):
        ours.github(COMMENT, X_Hub_Signature_256=signed(b""))
    before = ours.system.log.span("poll-state", 0)[1]
    for _ in range(50):
        ours.github(COMMENT, X_Hub_Signature_256=signed(b""))
    assert ours.system.log.span("poll-state", 0)[1] == before
    ours.now += timedelta(minutes=1)
    ours.github(COMMENT, X_Hub_Signature_256=signed(b""))
    assert "101 refused" in ours.said("repos")


# --- once -------------------------------------------------------------------------------------------------------------


def test_a_delivery_that_comes_again_is_known_whatever_its_id_also_after_a_restart(tmp_path: Path) -> None:
    with served(tmp_path / "data") as ours:
        first = ours.github(COMMENT).json()["id"]
        again = ours.github(COMMENT, X_GitHub_Delivery="another")
        assert (again.status_code, again.json()) == (202, {"status": "repeated", "id": first})
    with served(tmp_path / "data") as ours:
        assert ours.github(COMMENT).json()["status"] == "repeated"
        assert len(ours.fetches()) == 1
        assert "1 taken, 2 that had come before" in ours.said("repos")


def test_an_old_delivery_that_is_sent_again_does_not_bring_back_what_was_deleted(ours: Served) -> None:
    gone = json.dumps({**json.loads(COMMENT), "action": "deleted"}).encode()
    for body in (COMMENT, gone, COMMENT):
        ours.now += timedelta(minutes=1)
        ours.github(body)
        ours.poll()
    comment = [one.verb for one in ours.events() if one.data.native_id.endswith("issuecomment-7001")]
    assert comment == ["Create", "Delete"]


def test_deliveries_of_one_hook_are_read_in_the_order_in_which_they_came(ours: Served) -> None:
    for number in range(30):
        ours.now += timedelta(seconds=1)
        post = {**json.loads(POST)["post"], "raw": str(number), "cooked": f"<p>take {number}</p>", "version": 1}
        assert ours.discourse(json.dumps({"post": post}).encode(), "post_edited").status_code == 202
    ours.poll()
    assert [one.data.content for one in ours.events()] == [f"take {number}" for number in range(30)]


def test_a_delivery_that_was_kept_and_not_read_when_the_process_died_is_read_by_the_next(tmp_path: Path) -> None:
    with served(tmp_path / "data") as ours:
        ours.github(COMMENT)
    with served(tmp_path / "data") as ours:
        assert ours.poll().fates == {"collected": 2}
        assert ours.poll().fates == {}


def test_a_first_delivery_that_comes_after_that_of_an_edit_does_not_undo_it(ours: Served) -> None:
    whole = json.loads(COMMENT)
    comment = {**whole["comment"], "body": "It folds", "updated_at": "2026-11-20T23:00:00Z"}
    edited = json.dumps({**whole, "action": "edited", "comment": comment}).encode()
    post = {**json.loads(POST)["post"], "cooked": "<p>It folds</p>", "version": 2, "updated_at": "2026-11-20T23:00:00Z"}
    ours.github(edited)
    ours.github(COMMENT)
    ours.discourse(json.dumps({"post": post}).encode(), "post_edited")
    ours.discourse(POST, "post_created")
    ours.poll()
    ids = ("paperfold/driver/issues/41#issuecomment-7001", "96/3")
    assert [one.data.content for one in ours.events() if one.data.native_id in ids] == ["It folds", "It folds"]


# --- GitHub -----------------------------------------------------------------------------------------------------------


def test_githubs_ping_is_answered_and_other_events_are_let_go(ours: Served) -> None:
    ping = ours.github(b'{"zen": "Design for failure."}', "ping")
    assert (ping.status_code, ping.json()["said"]) == (200, "pong")
    star = ours.github(b'{"action": "created"}', "star")
    assert (star.status_code, star.content) == (204, b"")
    assert ours.fetches() == []
    assert "2 that told of nothing said" in ours.said("repos")


def test_a_form_is_taken_as_github_sends_it_by_default(ours: Served) -> None:
    from urllib.parse import urlencode

    body = urlencode({"payload": COMMENT.decode()}).encode()
    assert ours.github(body, content_type="application/x-www-form-urlencoded").status_code == 202
    assert ours.poll().fates == {"collected": 2}


def test_what_was_transferred_is_gone_here_and_another_there(ours: Served) -> None:
    opened = json.loads((OURS / "github_webhook" / "transferred.json").read_bytes())
    before = {key: value for key, value in opened.items() if key != "changes"} | {"action": "opened"}
    for document in (before, opened):
        ours.now += timedelta(minutes=1)
        assert ours.github(json.dumps(document).encode(), "issues").status_code == 202
        ours.poll()
    assert [(one.verb, one.data.native_id) for one in ours.events() if one.verb == "Delete"] == [
        ("Delete", "paperfold/driver/issues/40")
    ]
    assert ours.events()[-1].data.native_id in ("paperfold/firmware/issues/9", "paperfold/driver/issues/40")
    assert {one.data.native_id for one in ours.events() if one.verb == "Create"} == {
        "paperfold/firmware/issues/9",
        "paperfold/driver/issues/40",
    }


def test_an_edited_issue_is_a_version_of_the_time_of_its_edit(ours: Served) -> None:
    document = json.loads(COMMENT)
    issue = {key: document[key] for key in ("issue", "repository", "sender")}
    ours.github(json.dumps({"action": "opened", **issue}).encode(), "issues")
    issue["issue"] = {**issue["issue"], "body": "Since 4.3.", "updated_at": "2026-11-20T11:00:00Z"}
    ours.github(json.dumps({"action": "edited", "changes": {}, **issue}).encode(), "issues")
    ours.poll()
    first, second = ours.events()
    assert (first.data.updated, second.data.updated) == (None, datetime(2026, 11, 20, 11, tzinfo=UTC))
    assert second.data.content == "Since 4.3."


def test_what_is_written_in_a_private_repository_is_no_public_mention(ours: Served) -> None:
    document = json.loads(COMMENT)
    document["repository"]["private"] = True
    ours.github(json.dumps(document).encode())
    ours.poll()
    assert {one.data.channel for one in ours.events()} == {"form"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="needs ../shared/data/api/github")
def test_each_recorded_delivery_of_github_is_taken_signed_and_gives_what_it_holds(ours: Served) -> None:
    expected: set[str] = set()
    for path in sorted(RECORDED.rglob("*.json")):
        body = path.read_bytes()
        answer = ours.github(body, path.parent.name)
        document = json.loads(body)
        things = [document[name] for name in ("issue", "comment", "discussion", "answer", "release", "pull_request")
                  if name in document]  # fmt: skip
        assert answer.status_code == (202 if things else 204), path
        draft = document.get("release", {}).get("draft")
        moved = [one for one in document.get("changes", {}).values() if isinstance(one, dict) and "html_url" in one]
        written = [] if draft else [*things, *(one for one in moved if document["action"] == "transferred")]
        expected |= {one["html_url"] for one in written if "full_name" not in one}
    report = ours.poll()
    assert report.fates.get("dead", 0) == 0
    found = {one.data.url for one in ours.events()}
    gone = {
        document[name]["html_url"]
        for path in RECORDED.rglob("*.json")
        if (document := json.loads(path.read_bytes())).get("action") in ("deleted", "transferred")
        for name in ("issue", "comment", "discussion", "release")
        if name in document
    }
    # What is first heard of by its deletion is only remembered, so that nothing brings it back.
    assert expected - found <= gone
    assert found <= expected
    assert found


# --- Discourse --------------------------------------------------------------------------------------------------------


def test_a_post_of_a_forum_is_taken_down_put_back_and_taken_down_again(ours: Served) -> None:
    assert ours.discourse(b'{"ping": "OK"}', "ping", "ping").json()["said"] == "pong"
    # The forum sends the same bytes each time; what happened is in a header.
    for event in ("post_created", "post_destroyed", "post_recovered", "post_destroyed", "post_destroyed"):
        ours.now += timedelta(minutes=5)
        ours.discourse(POST, event)
        ours.poll()
    assert [one.verb for one in ours.events()] == ["Create", "Delete", "Update", "Delete"]
    (id_,) = {one.data.id for one in ours.events()}
    assert id_ == mention_id("forum.example", "96/3")
    said = ours.events()[0].data
    assert (said.in_reply_to, said.context, said.attributed_to.native_id) == ("96/2", "96/1", "31")


def test_a_letter_in_a_forum_and_a_topics_own_events_are_nothing(ours: Served) -> None:
    letter = json.dumps({"post": {**json.loads(POST)["post"], "topic_archetype": "private_message"}}).encode()
    assert ours.discourse(letter).status_code == 202
    ours.poll()
    assert ours.events() == []
    assert ours.discourse(b'{"topic": {"id": 96}}', "topic_created", "topic").status_code == 204


def test_a_forum_that_calls_its_json_a_form_is_understood(ours: Served) -> None:
    # The forum has a setting for the media type, which changes nothing but the header.
    assert ours.discourse(POST, content_type="application/x-www-form-urlencoded").status_code == 202
    assert ours.poll().fates == {"collected": 1}


def test_with_a_topic_all_of_its_posts_are_gone(ours: Served) -> None:
    topic = {"id": 96, "archetype": "regular", "posts_count": 2, "highest_post_number": 3}
    ours.discourse(POST)
    ours.poll()
    ours.now += timedelta(minutes=5)
    assert ours.discourse(json.dumps({"topic": topic}).encode(), "topic_destroyed", "topic").status_code == 202
    assert ours.poll().fates == {"deleted": 3}
    assert [(one.verb, one.data.native_id) for one in ours.events()] == [("Create", "96/3"), ("Delete", "96/3")]


@pytest.mark.parametrize("odd", [None, "many", 0, -1, 10**12, True])
def test_a_topic_that_does_not_say_how_long_it_is_takes_its_first_post_along(odd: Any) -> None:
    body = json.dumps({"topic": {"id": 96, "highest_post_number": odd}}).encode()
    headers = {"x-discourse-event": "topic_destroyed"}
    fetch = Fetch(id="f", source="forum", url="", final_url="", status=200, headers=headers, body=body, at=NOW)
    gone = [one.mention.native_id for one in SOURCES[1].read(fetch).deletions]
    assert gone[0] == "96/1"
    assert len(gone) <= 10_000


# --- Standard Webhooks ------------------------------------------------------------------------------------------------


def test_a_signed_push_of_events_is_read_and_its_bad_items_are_dead_letters(ours: Served) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "shop.review"}
    review = {"platform": "shop", "nativeId": "r1", "text": "It jams.", "authorId": 7, "published": NOW.isoformat()}
    body = json.dumps([{**event, "data": review}, {**event, "data": {"nope": 1}}, 5]).encode()
    assert ours.push(body, content_type="application/cloudevents-batch+json").status_code == 202
    assert ours.poll().fates == {"collected": 1, "dead": 2}
    (said,) = ours.events()
    assert (said.data.source, said.data.platform, said.data.attributed_to.native_id) == ("partner", "shop", "7")
    assert said.cause == "live"
    letters = list_letters(ours.system.log)
    assert sorted(one.where for one in letters) == ["partner, item 1, field nope", "partner, item 2"]
    again = ours.push(body, content_type="application/cloudevents-batch+json")
    assert again.json()["status"] == "repeated"


def test_an_event_in_binary_mode_is_taken_with_its_headers(ours: Served) -> None:
    data = json.dumps({"platform": "shop", "nativeId": "r2"}).encode()
    marks: Any = {"ce_specversion": "1.0", "ce_id": "2", "ce_source": "/shop", "ce_type": "shop.review.deleted"}
    assert ours.push(json.dumps([{"platform": "shop", "nativeId": "r2", "text": "hm"}]).encode()).status_code == 202
    ours.poll()
    ours.now += timedelta(minutes=1)
    assert ours.push(data, id="msg_2", **marks).status_code == 202
    ours.poll()
    assert [one.verb for one in ours.events()] == ["Create", "Delete"]


@pytest.mark.parametrize(
    ("off", "code", "words"),
    [
        (timedelta(minutes=-4), 202, ""),
        (timedelta(minutes=4), 202, ""),
        (timedelta(minutes=-6), 401, "360 s before our clock"),
        (timedelta(minutes=6), 401, "360 s ahead of our clock"),
        (timedelta(days=-400), 401, "before our clock"),
    ],
)
def test_a_time_that_is_off_is_refused_and_the_skew_is_said(
    ours: Served, off: timedelta, code: int, words: str
) -> None:
    answer = ours.push(b'[{"platform": "s", "nativeId": "1", "text": "hm"}]', at=NOW + off)
    assert answer.status_code == code
    assert words in answer.text
    assert words in ours.said("partner")


def test_a_time_that_no_clock_has_is_refused_with_a_word(ours: Served) -> None:
    body = b'[{"platform": "s", "nativeId": "1", "text": "hm"}]'
    for seconds in ("999999999999", "253402300800", str(int(NOW.timestamp() * 1_000))):
        answer = ours.push(body, webhook_timestamp=seconds, webhook_signature=standard("msg_1", seconds, body))
        assert (answer.status_code, "whole seconds since 1970" in answer.text) == (401, True), seconds


def test_the_data_of_an_event_in_binary_mode_is_of_any_kind_of_json(ours: Served) -> None:
    thing = {"type": "Note", "id": "https://a.example/1", "content": "hm"}
    note = json.dumps({"@context": "https://www.w3.org/ns/activitystreams", **thing}).encode()
    marks: Any = {"ce_specversion": '"1.0"', "ce_id": "2", "ce_source": "/a%20%22b%22", "ce_type": '"note.\\created"'}
    assert ours.push(note, content_type="application/activity+json", **marks).status_code == 202
    assert ours.poll().fates == {"collected": 1}
    assert ours.push(b"<a/>", id="msg_2", content_type="text/xml", **marks).status_code == 400


def test_of_several_signatures_one_must_be_ours(ours: Served) -> None:
    body = b'{"platform": "s", "nativeId": "1", "text": "hm"}'
    seconds = str(int(NOW.timestamp()))
    right, wrong = standard("m", seconds, body), standard("m", seconds, body, b"x" * 32)
    assert ours.push(body, id="m", webhook_signature=f"{wrong} v1a,xyz").status_code == 401
    assert ours.push(body, id="m", webhook_signature=right.replace("v1,", "v2,")).status_code == 401
    assert ours.push(body, id="other", webhook_signature=right).status_code == 401
    assert ours.push(body, id="m", webhook_signature=f"{wrong} v1a,xyz {right}").status_code == 202
    assert ours.push(body, id="m", webhook_timestamp="9" * 30).status_code == 401
    assert ours.push(body, id="m", webhook_timestamp="soon").status_code == 401
    assert ours.push(body, id="m" * 501).status_code == 401


# --- hostile ----------------------------------------------------------------------------------------------------------


HOSTILE = [
    b"", b"{", b"[]", b"7", b"\xff\xfe{}", b'{"a": "\xc3\x28"}', b"[" * 100_000, b'{"a":' * 50_000, b'{"a": 1e999999}',
    b'{"action": "created", "comment": {"id": ' + b"9" * 5_000 + b"}}",
]  # fmt: skip


def test_a_body_that_is_signed_and_hostile_is_said_and_harms_no_other(ours: Served) -> None:
    for body in HOSTILE:
        answers = [ours.github(body), ours.discourse(body), ours.push(body)]
        assert {one.status_code for one in answers} <= {202, 204, 400}, body[:20]
        ours.poll()
    assert ours.github(COMMENT).status_code == 202
    assert ours.poll().fates["collected"] == 2


def test_bodies_are_bounded(ours: Served) -> None:
    large = b'{"comment": "' + b"x" * MAX_KEPT + b'"}'
    told = ours.github(large)
    assert told.status_code == 413
    assert f"{MAX_KEPT:,}" in told.text
    told = ours.github(b" " * (MAX_BODY + 1))
    assert told.status_code == 413
    assert "at most 25 MB" in told.text
    assert ours.fetches() == []
