"""`POST /v1/mentions`: every form that an item may have, what the API gave posted in again, a thousand at once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from overheard.collectors.pushed.push import Push
from overheard.config.settings import HttpSettings, Settings, WebSettings
from overheard.policy import PolicyTable
from overheard.records import Mention, decode, mention_id
from overheard.web.app import make_app
from overheard.web.tokens import make_token
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, records_on
from overheard.wiring.tokens import TokenFile
from tests.web.api_world import HOST, fill, serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
POST = {"platform": "shop", "nativeId": "r-1", "text": "Folds well, jams often."}
EVENT = {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": "shop.review.created", "data": POST}
BINARY = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/s", "ce_type": "t"}
SOURCES = (
    Push(name="shop-reviews", tokens=("shop",), policy=PolicyTable(without=("author",))),
    Push(name="partner", secret_env="NOWHERE"),
)


def mentions_in(system: System) -> dict[str, Mention]:
    """The newest version of each, by id."""
    return {one.key: decode(one.value).data for one in records_on(system.log, "mentions") if one.value is not None}


class Served:
    def __init__(self, system: System, client: TestClient[Any]) -> None:
        self.system = system
        self.client = client
        self.token = ""

    def send(self, body: Any, media: str = "application/json", **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": media} | ({"authorization": f"Bearer {self.token}"} if self.token else {})
        given |= {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.post("/v1/mentions", content=content, headers=given)

    def take_token(self, scope: str) -> None:
        self.token, kept = make_token("shop", [scope], now=NOW)
        TokenFile(self.system.home).add(kept)

    def said(self) -> list[Mention]:
        return [*mentions_in(self.system).values()]

    def verbs(self) -> list[str]:
        return [decode(one.value).verb for one in records_on(self.system.log, "mentions") if one.value is not None]


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Served]:
    settings = Settings(web=WebSettings(), sources=SOURCES, http=HttpSettings(contact="a@b.example"))
    with System(tmp_path / "data", settings) as system:
        service = SystemService(system, clock=lambda: NOW)
        try:
            with TestClient(make_app(service, hosts={HOST}), base_url=f"http://{HOST}") as client:
                yield Served(system, client)
        finally:
            service.close()


@pytest.mark.parametrize(
    ("body", "media", "headers"),
    [
        (POST, "application/json", {}),
        ([POST], "application/json", {}),
        ({"items": [POST]}, "application/json", {}),
        (json.dumps(POST).encode() + b"\n\n", "application/x-ndjson", {}),
        (EVENT, "application/json", {}),
        (EVENT, "application/cloudevents+json; charset=utf-8", {}),
        ([EVENT], "application/cloudevents-batch+json", {}),
        (POST, "application/json", BINARY),
        (POST, "application/json", BINARY | {"ce_id": "%20%e2%82%ac"}),
        ({**EVENT, "data": None, "data_base64": "eyJwbGF0Zm9ybSI6InNob3AiLCJuYXRpdmVJZCI6InItMSIsInRleHQiOiJobSJ9"},
         "application/json", {}),
    ],
)  # fmt: skip
def test_each_form_of_an_item_is_the_same_post(ours: Served, body: Any, media: str, headers: dict[str, str]) -> None:
    answer = ours.send(body, media, **headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"] == [{"index": 0, "status": "collected", "id": mention_id("shop", "r-1")}]


NO_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"specversion": "0.3"}, "specversion"),
    ({"id": ""}, "id"),
    ({"type": 7}, "type"),
    ({"data": None}, "data"),
    ({"data": [1]}, ""),
    ({"datacontenttype": "text/xml"}, "datacontenttype"),
    ({"data_base64": "%%"}, "dataBase64"),
    ({"data": {**POST, "likes": 1e300 * 1e10}}, ""),
    ({"verb": "Shout"}, "verb"),
]


def test_an_event_that_is_none_is_dead_with_its_place(ours: Served) -> None:
    for number, (change, field) in enumerate(NO_EVENTS):
        items = ours.send([{**EVENT, **change}, {**POST, "nativeId": str(number)}]).json()["items"]
        assert [one["status"] for one in items] == ["dead", "collected"], change
        assert items[0].get("field", "") == field
        assert items[0]["message"]


@pytest.mark.parametrize(
    "gone",
    [
        {**POST, "text": None, "verb": "Delete"},
        {**EVENT, "type": "shop.review.deleted", "data": {"platform": "shop", "nativeId": "r-1"}},
        {**EVENT, "verb": "Delete"},
    ],
)
def test_a_post_goes_by_its_verb_or_by_the_type_of_its_event(ours: Served, gone: Any) -> None:
    ours.send(POST)
    (told,) = ours.send([gone]).json()["items"]
    assert told == {"index": 0, "status": "deleted", "id": mention_id("shop", "r-1")}
    assert ours.verbs() == ["Create", "Delete"]
    assert ours.send([gone]).json()["counts"] == {"unchanged": 1}


def test_an_author_comes_with_all_that_identity_lives_on(ours: Served) -> None:
    links = ["https://meera.example/", "nonsense"]
    author = {
        "author": "meera.c",
        "authorId": 77,
        "authorName": "Meera C.",
        "authorBio": "Folder.",
        "authorLinks": links,
    }
    ours.send({**POST, **author, "authorUrl": "https://shop.example/u/77"})
    (said,) = ours.said()
    actor = said.attributed_to
    assert actor is not None
    assert (actor.preferred_username, actor.native_id, actor.name) == ("meera.c", "77", "Meera C.")
    assert (actor.summary, [one.url for one in actor.links]) == ("Folder.", ["https://meera.example/"])


def test_a_token_says_which_source_is_meant_and_its_policy_holds(ours: Served) -> None:
    ours.send(POST)
    ours.take_token("write")
    ours.send([{**POST, "nativeId": "r-2", "author": "meera.c"}, {**POST, "nativeId": "r-3", "source": "elsewhere"}])
    by_id = {one.native_id: one for one in ours.said()}
    assert [by_id[f"r-{number}"].source for number in (1, 2, 3)] == ["api", "shop-reviews", "elsewhere"]
    assert by_id["r-2"].attributed_to is None


def test_a_token_that_may_not_write_hands_nothing_in(ours: Served) -> None:
    ours.take_token("read")
    assert ours.send(POST).status_code == 403
    assert ours.said() == []


def test_what_a_search_gave_can_be_handed_in_again_here_and_elsewhere(tmp_path: Path) -> None:
    fill(tmp_path / "one", posts=20)
    with serving(tmp_path / "one") as one:
        page = one.client.get("/v1/mentions", params={"limit": 100})
        told = one.post("/v1/mentions", page.json())
        assert told["counts"] == {"unchanged": len(page.json()["items"])}
        before = {
            record.key: decode(record.value).data for record in records_on(one.system.log, "mentions") if record.value
        }
    with serving(tmp_path / "other") as other:
        headers = {"content-type": "application/json"}
        answer = other.client.post("/v1/mentions", content=page.content, headers=headers)
        assert answer.json()["counts"] == {"collected": len(page.json()["items"])}
        there = {
            record.key: decode(record.value).data for record in records_on(other.system.log, "mentions") if record.value
        }
    assert there
    assert there == {key: before[key] for key in there}


def test_a_post_of_which_a_part_stayed_back_is_not_taken_for_the_whole(ours: Served) -> None:
    mention = {"id": mention_id("shop", "r-9"), "platform": "shop", "source": "x", "content": "hm",
               "firstSeen": NOW.isoformat(), "withheld": "its text, by the policy of x"}  # fmt: skip
    (told, fine) = ours.send([{"mention": mention}, {**mention, "withheld": ""}]).json()["items"]
    assert (told["status"], told["field"]) == ("dead", "withheld")
    assert fine["status"] == "collected"


def test_a_thousand_at_once_are_told_apart_and_more_are_refused(ours: Served) -> None:
    batch: list[Any] = [{**POST, "nativeId": f"r-{number}"} for number in range(1_000)]
    for place in (0, 499, 500, 999):
        batch[place] = {"txt": "hm"}
    told = ours.send(batch).json()
    assert told["counts"] == {"collected": 996, "dead": 4}
    assert [one["index"] for one in told["items"] if one["status"] == "dead"] == [0, 499, 500, 999]
    assert len(ours.said()) == 996
    assert ours.send(batch).json()["counts"] == {"unchanged": 996, "dead": 4}
    assert ours.send([*batch, POST]).status_code == 400


HOSTILE = [
    b'{"text": "\\ud800"}', b'{"text": "\xc3\x28"}', b'{"likes": 1e999}', b'{"likes": ' + b"9" * 400 + b"}",
    b"null", b"7", b'"post"', b"[]", b"{}", b'{"nativeId": true}', b'{"text": {}}', b"{" + b" " * 5_000 + b"}",
    b'{"tags": ' + b"[" * 500 + b"]" * 500 + b"}",
]  # fmt: skip


def test_an_item_that_is_hostile_spoils_no_other(ours: Served) -> None:
    for number, bad in enumerate(HOSTILE):
        good = json.dumps({**POST, "nativeId": str(number)}).encode()
        lines = bad + b"\n" + good
        for body, media in ((b"[" + bad + b"," + good + b"]", "application/json"), (lines, "application/x-ndjson")):
            told = ours.send(body, media)
            assert told.status_code == 200, told.text
            assert told.json()["items"][0]["status"] == "dead", bad[:40]
        assert len(ours.said()) == number + 1


def test_a_body_that_nobody_can_take_apart_is_refused_whole(ours: Served) -> None:
    for body in (b"[" * 100_000, b"[1, 2", b"", b"\xff", b'[{"text": 1}, '):
        assert ours.send(body).status_code == 400
    assert ours.send([EVENT], "text/plain").status_code == 415
    assert ours.send(POST, "application/cloudevents-batch+json").status_code == 400
    assert ours.send(b"<a/>", "application/xml", **BINARY).status_code == 400
    assert ours.said() == []


@pytest.mark.parametrize(
    ("body", "media", "headers", "words"),
    [
        ({**EVENT, "specversion": "0.3"}, "application/json", {}, "expected an event of CloudEvents 1.0; got '0.3'"),
        ({**EVENT, "specversion": None}, "application/cloudevents+json", {}, "specversion"),
        (
            {key: value for key, value in EVENT.items() if key != "specversion"},
            "application/cloudevents+json",
            {},
            "missing required field `specversion`",
        ),
        (POST, "application/json", {"ce_id": "1", "ce_source": "/s", "ce_type": "t"}, "required field `specversion`"),
    ],
)
def test_an_event_without_its_version_is_said_to_lack_it(
    ours: Served, body: Any, media: str, headers: dict[str, str], words: str
) -> None:
    answer = ours.send(body, media, **headers)
    assert (answer.status_code, words in answer.json()["detail"]) == (400, True), answer.text


def test_the_same_key_with_another_event_in_the_headers_is_another_request(ours: Served) -> None:
    assert ours.send(POST, idempotency_key="k", **BINARY).json()["counts"] == {"collected": 1}
    gone = {**BINARY, "ce_type": "t.deleted"}
    assert ours.send(POST, idempotency_key="k", **gone).status_code == 422
    assert ours.send(POST, idempotency_key="k2", **gone).json()["counts"] == {"deleted": 1}


@pytest.mark.parametrize("media", ["application/json", "application/x-ndjson", "application/cloudevents+json"])
def test_a_byte_order_mark_is_no_part_of_what_is_handed_in(ours: Served, media: str) -> None:
    assert ours.send(b"\xef\xbb\xbf" + json.dumps(EVENT).encode(), media).json()["counts"] == {"collected": 1}


def test_attributes_in_headers_may_be_quoted_and_percent_encoded(ours: Served) -> None:
    quoted = {"ce_specversion": '"1.0"', "ce_id": '"a\\"b"', "ce_source": "/caf%C3%A9", "ce_type": '"shop.%64eleted"'}
    assert ours.send(POST).json()["counts"] == {"collected": 1}
    media = "application/vnd.shop.review+json; charset=utf-8"
    assert ours.send(POST, media, **quoted).json()["counts"] == {"deleted": 1}
