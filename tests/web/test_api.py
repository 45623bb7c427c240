"""The API by hand: every route over a real system, tokens and scopes, batches, cursors."""

import inspect
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from overheard.log.base import ProducerRecord
from overheard.records import (
    Account,
    Actor,
    Change,
    Contact,
    DeadLetter,
    Incident,
    Mention,
    Profile,
    account_id,
    contact_id,
    decode,
    encode,
    event_for,
    incident_id,
    mention_id,
)
from overheard.web.api.routes import openapi
from overheard.web.tokens import make_token
from overheard.wiring import health
from overheard.wiring.tokens import TokenFile
from tests.web.api_world import HOST, Served, fill, serving

MEERA = contact_id("crm", "c1")
PALOMINO = account_id("crm", "a1")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api") / "data"
    fill(folder, posts=60)
    return folder


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[Served]:
    """A filled system. Tests that write use things of their own."""
    with serving(folder) as served:
        yield served


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data") as served:
        yield served


def problem(answer: Any, status: int) -> Any:
    """The problem in an answer, which must be one of this status."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told = answer.json()
    assert told["status"] == status
    return told


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_search_finds_incidents_with_highlights_and_counts(api: Served) -> None:
    page = api.get("/v1/mentions", q="spindle noise", limit=2, facet=["sentiment", "source"])
    assert page["total"] > 2
    assert page["next"]
    hit = page["items"][0]
    incident = msgspec.convert(hit["incident"], Incident)
    (highlight,) = hit["highlights"]
    start, end = highlight["marks"][0]
    assert highlight["text"][start:end] == "spindle"
    assert incident.mention.text[highlight["start"] :].startswith(highlight["text"])
    assert sum(one["count"] for one in page["facets"]["sentiment"]) == page["total"]


def test_pages_of_a_search_follow_each_other_without_gap_or_double(api: Served) -> None:
    everything = [hit["incident"]["id"] for hit in api.get("/v1/mentions", limit=1000)["items"]]
    found, after = [], ""
    while True:
        page = api.get("/v1/mentions", limit=7, after=after)
        found += [hit["incident"]["id"] for hit in page["items"]]
        after = page["next"]
        if not after:
            break
    assert len(everything) > 40
    assert found == everything


def test_an_incident_is_read_by_its_id_as_the_search_shows_it(api: Served) -> None:
    shown = api.get("/v1/mentions", limit=1)["items"][0]["incident"]
    assert api.get(f"/v1/incidents/{shown['id']}") == shown
    assert "expected the id of an incident" in problem(api.client.get(f"/v1/incidents/{MEERA}"), 404)["detail"]


def test_a_query_that_cannot_be_read_says_where(api: Served) -> None:
    told = problem(api.client.get("/v1/mentions", params={"q": "(spindle"}), 400)
    assert "closing parenthesis" in told["detail"]
    assert told["errors"][0]["position"] == 8
    assert "nobody is called" in problem(api.client.get("/v1/mentions", params={"q": "contact:Zzz"}), 404)["detail"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": "many"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"sort": "best"}, "sort"),
        ({"facet": "colour"}, "facet"),
        ({"afer": "x"}, "afer"),
        ([("q", "a"), ("q", "b")], "q"),
    ],
)
def test_a_wrong_parameter_is_named(api: Served, query: Any, parameter: str) -> None:
    told = problem(api.client.get("/v1/mentions", params=query), 400)
    assert told["errors"][0]["parameter"].startswith(parameter)


def test_contacts_and_accounts_are_listed_as_the_crm_gave_them(api: Served) -> None:
    page = api.get("/v1/contacts", limit=1000)
    contacts = [msgspec.convert(one, Contact) for one in page["items"]]
    assert {"c1", "c2", "c3", "c4", "c5", "c6"} <= {one.external_ids[0].value for one in contacts}
    (meera,) = api.get("/v1/contacts", q="Meera")["items"]
    assert meera == api.get(f"/v1/contacts/{MEERA}")
    accounts = [msgspec.convert(one, Account) for one in api.get("/v1/accounts")["items"]]
    assert {one.name for one in accounts} >= {"Palomino Gears", "Ostrava Castings"}
    assert api.get(f"/v1/accounts/{PALOMINO}")["domain"] == "palomino.example"
    problem(api.client.get(f"/v1/accounts/{MEERA}"), 404)
    problem(api.client.get(f"/v1/contacts/{PALOMINO}"), 404)


def test_pages_of_contacts_are_complete_and_an_export_has_them_all(api: Served) -> None:
    found, after = [], ""
    while True:
        page = api.get("/v1/contacts", limit=2, after=after)
        found += [one["id"] for one in page["items"]]
        after = page["next"]
        if not after:
            break
    answer = api.client.get("/v1/contacts", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    exported = [json.loads(line)["id"] for line in answer.text.splitlines()]
    assert len(found) == len(set(found)) == page["total"] >= 6
    assert sorted(exported) == sorted(found)


def test_a_profile_is_the_canonical_record_of_the_index(api: Served) -> None:
    answer = api.client.get(f"/v1/contacts/{MEERA}/profile")
    hit = api.service.get(MEERA)
    assert hit is not None
    assert answer.content == hit.json
    assert msgspec.json.decode(answer.content, type=Profile).name == "Meera Chitnis"
    assert api.get(f"/v1/accounts/{PALOMINO}/profile")["kind"] == "account"
    problem(api.client.get(f"/v1/accounts/{MEERA}/profile"), 404)


@pytest.mark.parametrize(
    "query",
    [
        {"identity": "reddit:handle:meerac"},
        {"identity": "Reddit:handle:@MeeraC"},
        {"email": "Meera@Palomino.example"},
        {"who": "Chitnis, Meera"},
        {"who": "crm:c1"},
    ],
)
def test_a_profile_is_found_by_whatever_one_has(api: Served, query: dict[str, str]) -> None:
    assert [one["id"] for one in api.get("/v1/profiles", **query)["items"]] == [MEERA]


def test_a_profile_is_found_by_a_phone_number_in_any_writing(api: Served) -> None:
    api.post("/v1/contacts", [{"externalId": "tel", "name": "Vasant Dialling", "phone": "+91 98220 12345"}])
    api.settle()
    for number in ("+919822012345", "098220-12345", "9822012345", "0091 98220 12345"):
        found = api.get("/v1/profiles", phone=number)["items"]
        assert [one["name"] for one in found] == ["Vasant Dialling"], number
    assert api.get("/v1/profiles", phone="+91 98220 00000")["items"] == []


@pytest.mark.parametrize(
    "query", [{}, {"who": "a", "email": "b@c.example"}, {"email": "nobody"}, {"identity": "handle"}, {"who": " "}]
)
def test_a_lookup_takes_exactly_one_thing_that_is_one(api: Served, query: dict[str, str]) -> None:
    assert "expected" in problem(api.client.get("/v1/profiles", params=query), 422)["detail"]


def test_what_is_watched_and_polled_is_listed(api: Served) -> None:
    watched = api.get("/v1/terms")
    assert {one["id"] for one in watched["terms"]} == {"korvex", "korvex-lathe", "brannt"}
    assert watched["sources"] == ["trade-press"]
    assert api.get("/v1/sources") == {"items": []}


def test_health_and_metrics_say_how_far_every_stage_is(api: Served) -> None:
    health = api.get("/v1/health")
    stages = {one["stage"]: one for one in health["stages"]}
    assert list(stages) == ["collect", "enrich", "match", "index"]
    assert stages["enrich"]["fates"]["enriched"] > 0
    metrics = api.client.get("/v1/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    enriched = stages["enrich"]["fates"]["enriched"]
    assert f'overheard_records_total{{fate="enriched",stage="enrich"}} {float(enriched)}' in metrics.text
    assert 'overheard_lag_records{stage="index"}' in metrics.text
    assert "process_resident_memory_bytes" in metrics.text


def test_a_record_that_waits_too_long_makes_it_behind(empty: Served) -> None:
    mention = Mention(id=mention_id("x", "1"), platform="x", native_id="1", source="x", content="hm", first_seen=NOW)
    event = event_for(mention, subject=mention.id, source="/t", time=NOW)
    empty.system.log.append([ProducerRecord("mentions", mention.id, encode(event))])
    assert empty.get("/v1/health")["status"] == "ok"
    late = type(empty.service)(empty.system, clock=lambda: datetime.now(UTC) + timedelta(minutes=2))
    health = late.health()
    assert health.status == "behind"
    oldest = {one.stage: one.oldest_waiting for one in health.stages}["enrich"]
    assert oldest is not None
    assert 119 < oldest < 130


# --- posts in --------------------------------------------------------------------------------------------------------


def test_a_post_handed_in_is_found_and_the_same_again_is_unchanged(api: Served) -> None:
    post = {"source": "forum", "nativeId": "h1", "text": "The Korvex gearbox arrived chipped", "author": "meerac"}
    first = api.post("/v1/mentions", [post])
    assert first["counts"] == {"collected": 1}
    assert first["items"][0]["id"] == mention_id("forum", "h1")
    api.enrich()
    (hit,) = api.get("/v1/mentions", q="gearbox chipped")["items"]
    assert hit["incident"]["id"] == incident_id(mention_id("forum", "h1"))
    assert api.post("/v1/mentions", [post])["counts"] == {"unchanged": 1}


def cause(api: Served, native_id: str) -> str:
    id_ = mention_id("x", native_id)
    log = api.system.log
    events = [
        decode(record.value)
        for partition in range(12)
        for record in log.read("mentions", partition, 0, 1_000)
        if record.key == id_ and record.value
    ]
    return events[-1].cause


def test_only_a_post_of_the_last_day_is_live(empty: Served) -> None:
    now = datetime.now(UTC)
    at = {
        "fresh": (now - timedelta(hours=23)).isoformat(),
        "old": (now - timedelta(hours=25)).isoformat(),
        "undated": None,
        "future": (now + timedelta(days=30)).isoformat(),
    }
    posts = [{"source": "x", "nativeId": name, "text": "hm", "published": when} for name, when in at.items()]
    assert empty.post("/v1/mentions", posts)["counts"] == {"collected": 4}
    assert {name: cause(empty, name) for name in at} == {
        "fresh": "live",
        "old": "back-fill",
        "undated": "back-fill",
        "future": "back-fill",
    }


def test_a_post_that_cannot_be_used_is_a_dead_letter_with_its_reason_and_the_others_go_on(empty: Served) -> None:
    batch = [
        {"text": "of nobody"},
        {"source": "x", "nativeId": "2", "text": "fine"},
        {"source": "x", "nativeId": 3, "text": "hm", "published": "soon"},
        {"source": "x", "nativeId": "4"},
    ]
    answer = empty.post("/v1/mentions", batch)
    assert [one["status"] for one in answer["items"]] == ["dead", "collected", "dead", "dead"]
    assert [one.get("field") for one in answer["items"]] == ["nativeId", None, "published", "text"]
    assert "--map" not in str(answer)
    assert len(empty.get("/v1/dead-letters")["items"]) == 3
    empty.post("/v1/mentions", batch)
    assert len(empty.get("/v1/dead-letters")["items"]) == 3


def test_an_item_that_is_no_post_is_dead_with_its_place_and_the_others_go_on(empty: Served) -> None:
    batch = [{"source": "x", "nativeId": "1", "text": "fine"}, {"nativeId": "2", "txt": "hm"}, {"likes": "many"}, 7]
    answer = empty.post("/v1/mentions", batch)
    assert [one["status"] for one in answer["items"]] == ["collected", "dead", "dead", "dead"]
    assert [one.get("field") for one in answer["items"]] == [None, "txt", "likes", None]
    assert len(empty.get("/v1/dead-letters")["items"]) == 3


def test_a_batch_of_which_nothing_is_a_post_is_refused_and_its_items_are_named(empty: Served) -> None:
    told = problem(empty.client.post("/v1/mentions", json=[{"nativeId": "2", "txt": "hm"}, {"likes": "many"}]), 400)
    assert [(one["item"], one["field"]) for one in told["errors"]] == [("0", "txt"), ("1", "likes")]
    assert "Known are: " in told["detail"], "whoever guessed a name is told those that are"
    assert {"text", "nativeId", "author"} <= set(told["errors"][0]["message"].replace(",", "").split())
    assert empty.system.lag()["enrich"] == 0
    assert empty.get("/v1/dead-letters")["items"] == []


def test_posts_come_as_lines_and_as_events_too(empty: Served) -> None:
    mention = Mention(
        id=mention_id("x", "e1"), platform="x", native_id="e1", source="x", content="hm\x00", first_seen=NOW
    )
    event = msgspec.json.decode(encode(event_for(mention, subject=mention.id, source="/elsewhere", time=NOW)))
    lines = b"\n".join(
        [json.dumps(event).encode(), b"", b'{"source": "x", "nativeId": "l1", "text": "one line\\nand another"}', b""]
    )
    answer = empty.client.post("/v1/mentions", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.json()["counts"] == {"collected": 2}
    assert answer.json()["items"][0]["id"] == mention.id
    forged = {**event, "data": {**event["data"], "id": "con_1"}}
    assert empty.post("/v1/mentions", [forged])["items"][0]["field"] == "id"
    early = {**event, "data": {**event["data"], "published": "0001-01-01T00:00:00+14:00"}}
    assert empty.post("/v1/mentions", [early])["items"][0]["field"] == "published"
    long = {**event, "data": {**event["data"], "attributedTo": {"platform": "x", "preferredUsername": "u" * 100_000}}}
    assert empty.post("/v1/mentions", [long])["items"][0]["field"] == "attributedTo"
    liked = {**event, "data": {**event["data"], "likes": 10**30}}
    assert empty.post("/v1/mentions", [liked])["items"][0]["field"] == "likes"
    said = {**event, "verb": "Say"}
    assert problem(empty.client.post("/v1/mentions", json=[said]), 400)["errors"][0]["field"] == "verb"


def test_deletions_come_as_events_and_activities_beside_posts(empty: Served) -> None:
    mention = Mention(id=mention_id("x", "e2"), platform="x", native_id="e2", source="x", content="hm", first_seen=NOW)
    event = msgspec.json.decode(encode(event_for(mention, subject=mention.id, source="/elsewhere", time=NOW)))
    gone = {**event, "verb": "Delete"}
    context = {"@context": "https://www.w3.org/ns/activitystreams"}
    note = {"type": "Note", "id": "https://s.example/notes/1", "url": "https://s.example/@a/1", "content": "x"}
    batch = [
        event,
        {**context, "type": "Create", "object": note},
        {"source": "x", "nativeId": "p1", "text": "a post"},
        gone,
        {**gone, "data": {**event["data"], "id": "con_1"}},
        {**context, "type": "Delete", "object": "https://s.example/notes/1"},
        {**context, "type": "Delete", "actor": "https://s.example/@a", "object": "https://s.example/@a"},
        {**context, "type": "Like", "object": "https://s.example/notes/1"},
    ]
    items = empty.post("/v1/mentions", batch)["items"]
    assert [one["status"] for one in items] == [
        "collected", "collected", "collected", "deleted", "dead", "deleted", "dead", "dead",
    ]  # fmt: skip
    assert items[3]["id"] == mention.id
    assert items[5]["id"] == items[1]["id"] == mention_id("", url="https://s.example/@a/1")
    assert (items[4]["field"], items[6]["field"]) == ("id", "object")
    assert [one["status"] for one in empty.post("/v1/mentions", batch)["items"]] == [
        "unchanged", "unchanged", "unchanged", "unchanged", "dead", "unchanged", "dead", "dead",
    ]  # fmt: skip
    wrong = {**context, "type": 7}
    assert problem(empty.client.post("/v1/mentions", json=[wrong]), 400)["errors"][0]["field"] == "type"


def test_half_a_character_is_named_since_the_decoder_calls_it_cut_off(empty: Served) -> None:
    for body, media in (
        (b'[{"text": "\\ud800"}]', "application/json"),
        (b'{"text": "\\udc00 \\ud83d"}', "application/x-ndjson"),
    ):
        told = problem(empty.client.post("/v1/mentions", content=body, headers={"Content-Type": media}), 400)
        assert "half a character" in told["detail"]
    whole = empty.client.post(
        "/v1/mentions", content=b'["\\ud83d\\ude00"]', headers={"Content-Type": "application/json"}
    )
    assert "half a character" not in problem(whole, 400)["detail"]


def test_an_event_is_held_to_the_bounds_of_a_row(empty: Served) -> None:
    mention = Mention(
        id=mention_id("x", "e2"),
        platform="X",
        source=" ",
        content="hm",
        first_seen=NOW,
        tag=("#lathe", "lathe", "t" * 1_000),
        links=("javascript:alert(1)", "https://forum.example/1"),
        attributed_to=Actor(platform="x", name="Ann", url="javascript:alert(1)"),
    )
    event = msgspec.json.decode(encode(event_for(mention, subject=mention.id, source="/elsewhere", time=NOW)))
    empty.post("/v1/mentions", [event])
    (kept,) = (
        decode(record.value or b"").data
        for partition in range(12)
        for record in empty.system.log.read("mentions", partition, 0, 9)
    )
    assert (kept.platform, kept.source, kept.links) == ("x", "api", ("https://forum.example/1",))
    assert [len(tag) for tag in kept.tag] == [5, 200]
    assert kept.attributed_to.url == ""


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"[]", "text/csv", 415),
        (b"[]", "", 415),
        (b"", "application/json", 400),
        (b"[1, 2", "application/json", 400),
        (b"\xff\xfe", "application/x-ndjson", 400),
        (b'[{"text": "\\ud800"}]', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}\n" * 1_001, "application/x-ndjson", 400),
        (b" " * 20_000_001, "application/json", 413),
    ],
)
def test_a_body_that_is_no_batch_is_refused(empty: Served, body: bytes, media: str, status: int) -> None:
    problem(empty.client.post("/v1/mentions", content=body, headers={"Content-Type": media}), status)


# --- idempotency -----------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_writes_nothing_twice_also_after_a_restart(tmp_path: Path) -> None:
    batch = [{"source": "x", "nativeId": "1", "text": "hm"}]
    with serving(tmp_path / "data") as api:
        first = api.post("/v1/mentions", batch, Idempotency_Key="k1")
        lag = api.system.lag()
    with serving(tmp_path / "data") as api:
        assert api.post("/v1/mentions", batch, Idempotency_Key="k1") == first
        assert first["counts"] == {"collected": 1}
        assert api.system.lag() == lag
        other = [{"source": "x", "nativeId": "2", "text": "hm"}]
        headers = {"Idempotency-Key": "k1"}
        assert "another request" in problem(api.client.post("/v1/mentions", json=other, headers=headers), 422)["detail"]
        # Keys are of one route.
        assert api.post("/v1/contacts", [], Idempotency_Key="k1")["items"] == []


def test_a_request_that_failed_leaves_its_key_free(empty: Served) -> None:
    headers = {"Idempotency-Key": "k"}
    problem(empty.client.post("/v1/mentions", json=[{"nope": 1}], headers=headers), 400)
    assert empty.post("/v1/mentions", [], Idempotency_Key="k")["items"] == []


def test_an_answer_is_kept_for_a_day(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as api:
        now = [NOW]
        service = type(api.service)(api.system, clock=lambda: now[0])
        assert service.once("k", "a", lambda: b"1") == b"1"
        now[0] += timedelta(hours=23)
        assert service.once("k", "a", lambda: b"2") == b"1"
        now[0] += timedelta(hours=2)
        assert service.once("k", "b", lambda: b"3") == b"3"


# --- contacts and accounts in ----------------------------------------------------------------------------------------


def test_a_batch_of_contacts_says_what_became_of_each(empty: Served) -> None:
    batch = [
        {"externalId": "1", "name": "Asha Rao", "title": "Buyer", "handles": {"x": "asha", "millforum": "asha_r"}},
        {"externalId": "2", "name": "Twice"},
        {"externalId": "2", "name": "Twice Again", "email": ["t@x.example", "nonsense"]},
    ]
    dry = empty.client.post("/v1/contacts", params={"dryRun": "true"}, json=batch).json()
    assert dry["dryRun"] is True
    problem(empty.client.get(f"/v1/contacts/{contact_id('crm', '1')}"), 404)
    answer = empty.post("/v1/contacts", batch)
    assert [one["status"] for one in answer["items"]] == ["created", "superseded", "created"]
    assert answer["counts"] == dry["counts"] == {"created": 2, "superseded": 1}
    assert "nonsense" in answer["items"][2]["warnings"][0]
    given = empty.get(f"/v1/contacts/{contact_id('crm', '1')}")
    assert given["handles"] == {"x": "asha", "millforum": "asha_r"}

    # What an item does not name stays, null empties it; each item by itself.
    answer = empty.post("/v1/contacts", [{"externalId": "1", "title": None}, {"externalId": "2", "place": "Pune"}])
    assert answer["items"][0]["changes"] == [{"field": "title", "old": "Buyer", "new": ""}]
    assert answer["items"][1]["changes"] == [{"field": "place", "old": "", "new": "Pune"}]
    assert empty.get(f"/v1/contacts/{contact_id('crm', '1')}")["name"] == "Asha Rao"
    assert empty.post("/v1/contacts", [{"externalId": "1", "name": "Asha Rao"}])["counts"] == {"unchanged": 1}


def test_a_batch_of_accounts_is_on_record_and_its_identities_are_watched(empty: Served) -> None:
    lines = b'{"externalId": "a", "name": "Deccan Pumps", "domain": "https://pumps.example/", "lifecycle": "customer"}'
    answer = empty.client.post("/v1/accounts", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.json()["counts"] == {"created": 1}
    assert empty.get(f"/v1/accounts/{account_id('crm', 'a')}")["domain"] == "pumps.example"
    assert empty.system.lag()["match"] == 0


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"name": "Nobody"}, "externalId"),
        ({"externalId": ""}, "externalId"),
        ({"externalId": "1", "Title": "x"}, "Title"),
        ({"externalId": "1", "lifecycleSince": "last year"}, "lifecycleSince"),
        ({"externalId": "1", "handles": {"A B": "x"}}, "handles"),
    ],
)
def test_a_contact_that_is_none_is_named(empty: Served, item: Any, field: str) -> None:
    told = problem(empty.client.post("/v1/contacts", json=[{"externalId": "0"}, item]), 400)
    assert told["errors"][0]["item"] == "1"
    assert field in f"{told['errors'][0]['field']} {told['errors'][0]['message']}"
    assert empty.get("/v1/contacts")["items"] == []


# --- decisions -------------------------------------------------------------------------------------------------------


def test_a_decision_is_made_once_by_its_key_and_can_be_read(api: Served) -> None:
    body = {"verb": "same", "left": "X:handle:@Chipped", "right": "c1", "note": "told us"}
    decision = api.post("/v1/decisions", body, Idempotency_Key="d1")
    assert (decision["left"], decision["right"], decision["by"]) == ("x:handle:chipped", MEERA, "owner")
    assert api.post("/v1/decisions", body, Idempotency_Key="d1") == decision
    assert api.get(f"/v1/decisions/{decision['id']}") == decision
    assert [one["id"] for one in api.get("/v1/profiles", identity="x:handle:chipped")["items"]] == [MEERA]
    withdrawn = api.post("/v1/decisions", {"verb": "withdraw", "left": decision["id"]})
    assert withdrawn["id"] != decision["id"]
    assert api.get("/v1/profiles", identity="x:handle:chipped")["items"] == []
    problem(api.client.get("/v1/decisions/dec_none"), 404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"verb": "maybe", "left": "a"}, 400),
        ({"verb": "same", "left": "x:handle:a"}, 422),
        ({"verb": "same", "left": "inc_none", "right": "c1"}, 404),
        ({"verb": "withdraw", "left": "dec_none"}, 404),
        ({"verb": "same", "left": "x:handle:a", "right": "Zzz"}, 404),
        ({"verb": "same", "left": "x:handle:a", "right": "c1", "by": "somebody else"}, 400),
    ],
)
def test_a_decision_that_cannot_be_made_says_why(api: Served, body: Any, status: int) -> None:
    told = problem(api.client.post("/v1/decisions", json=body), status)["detail"]
    assert any(word in told for word in ("verb: ", "by: ", "expected", "takes"))


# --- changes ---------------------------------------------------------------------------------------------------------


def write_changes(api: Served, first: int, count: int) -> None:
    for number in range(first, first + count):
        change = Change(id=f"inc_{number}", kind="incident", what="written", version=number, cause="live")
        event = event_for(change, subject=change.id, source="/matcher", time=NOW, sourceversion=number)
        api.system.log.append([ProducerRecord("changes", change.id, encode(event))])


def test_changes_come_in_order_and_the_cursor_goes_on_where_one_was(empty: Served) -> None:
    assert empty.get("/v1/changes") == {"changes": [], "next": "c1"}
    write_changes(empty, 0, 5)
    page = empty.get("/v1/changes", limit=2)
    assert [one["version"] for one in page["changes"]] == [0, 1]
    page = empty.get("/v1/changes", since=page["next"])
    assert [one["version"] for one in page["changes"]] == [2, 3, 4]
    assert empty.get("/v1/changes", since=page["next"]) == {"changes": [], "next": page["next"]}
    assert empty.get("/v1/changes", since="now")["next"] == page["next"]


def test_following_changes_while_another_thread_writes_has_no_gap_and_no_double(empty: Served) -> None:
    writer = threading.Thread(target=write_changes, args=(empty, 0, 300))
    writer.start()
    found: list[int] = []
    since = ""
    while len(found) < 300:
        page = empty.get("/v1/changes", since=since, limit=7, wait=5)
        assert page["changes"], "nothing came within 5 s"
        found += [one["version"] for one in page["changes"]]
        since = page["next"]
    writer.join()
    assert found == list(range(300))
    assert empty.get("/v1/changes", since=since)["changes"] == []


def test_whoever_waits_is_answered_when_something_comes(empty: Served) -> None:
    timer = threading.Timer(0.3, write_changes, args=(empty, 7, 1))
    timer.start()
    page = empty.get("/v1/changes", since="now", wait=20)
    timer.join()
    assert [one["version"] for one in page["changes"]] == [7]


def test_a_cursor_older_than_what_is_kept_is_gone_and_says_what_to_do(empty: Served) -> None:
    write_changes(empty, 0, 3)
    old = empty.get("/v1/changes", limit=1)["next"]
    later = int((datetime.now(UTC) + timedelta(days=91)).timestamp() * 1000)
    empty.system.log.maintain(later)
    assert "since=now" in problem(empty.client.get("/v1/changes", params={"since": old}), 410)["detail"]
    # From the beginning is from what is kept.
    write_changes(empty, 3, 1)
    assert [one["version"] for one in empty.get("/v1/changes")["changes"]] == [3]
    problem(empty.client.get("/v1/changes", params={"since": "cfffffff"}), 410)
    problem(empty.client.get("/v1/changes", params={"since": "yesterday"}), 400)


# --- dead letters ----------------------------------------------------------------------------------------------------


def letters(api: Served, count: int) -> list[str]:
    """Put dead letters of records that stood on a topic."""
    ids = [f"facts/0/{n}" for n in range(10, 10 + count)]
    for n, id_ in enumerate(ids, 10):
        letter = DeadLetter(
            id=id_, stage="match", topic="facts", partition=0, offset=n, key="k", error="E", message="m", at=NOW,
            value=b"x",
        )  # fmt: skip
        event = event_for(letter, subject=id_, source="/match", time=NOW)
        api.system.log.append([ProducerRecord("dead-letters", id_, encode(event))])
    return ids


def test_dead_letters_are_paged_replayed_and_dropped(empty: Served) -> None:
    ids = letters(empty, 5)
    page = empty.get("/v1/dead-letters", limit=3)
    assert [one["id"] for one in page["items"]] == ids[:3]
    assert msgspec.convert(page["items"][0], DeadLetter, strict=False).value == b"x"
    rest = empty.get("/v1/dead-letters", limit=3, after=page["next"])
    assert [one["id"] for one in rest["items"]] == ids[3:]
    assert rest["next"] == ""
    assert empty.post("/v1/dead-letters/drop", {"ids": ids[:2]}) == {"ids": ids[:2]}
    before = empty.system.lag()["match"]
    assert empty.post("/v1/dead-letters/replay", {"ids": ids[2:3]}) == {"ids": ids[2:3]}
    assert empty.system.lag()["match"] == before + 1
    problem(empty.client.post("/v1/dead-letters/drop", json={"ids": [ids[3], ids[0]]}), 404)
    assert [one["id"] for one in empty.get("/v1/dead-letters")["items"]] == ids[3:]
    problem(empty.client.get("/v1/dead-letters", params={"after": "zz"}), 400)


def test_a_letter_whose_record_never_stood_on_a_topic_cannot_be_replayed(empty: Served) -> None:
    empty.post("/v1/mentions", [{"text": "of nobody"}])
    (letter,) = empty.get("/v1/dead-letters")["items"]
    told = problem(empty.client.post("/v1/dead-letters/replay", json={"ids": [letter["id"]]}), 422)
    assert "at its source" in told["detail"]


# --- who may ---------------------------------------------------------------------------------------------------------

SCOPES: dict[tuple[str, str], str | None] = {
    (method.upper(), path): next(
        (word.strip("`.") for word in one["description"].rpartition("Needs the scope")[2].split()), None
    )
    if "Needs the scope" in one["description"]
    else None
    for path, methods in openapi()["paths"].items()
    for method, one in methods.items()
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[str, str]]]:
    """A server that demands tokens, and one of each scope."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    with serving(folder, require_token=True) as served:
        tokens = {}
        for scope in ("read", "write", "decide", "admin"):
            tokens[scope], kept = make_token(f"a {scope} token", [scope], now=NOW)
            TokenFile(folder).add(kept)
        yield served, tokens


@pytest.mark.parametrize(
    ("route", "scope"), SCOPES.items(), ids=lambda one: " ".join(one) if isinstance(one, tuple) else one or "open"
)
def test_every_route_takes_its_scope_and_admin_and_no_other(
    guarded: tuple[Served, dict[str, str]], route: tuple[str, str], scope: str | None
) -> None:
    served, tokens = guarded
    method, path = route

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return int(served.client.request(method, path, headers=headers).status_code)

    assert (status("") == 401) == (scope is not None)
    allowed = {name for name, token in tokens.items() if status(token) not in (401, 403)}
    assert allowed == ({scope, "admin"} if scope else set(tokens))
    assert status("oht_wrong") == 401


def test_whoever_has_no_token_learns_that_it_runs_and_no_more(guarded: tuple[Served, dict[str, str]]) -> None:
    served, tokens = guarded
    assert served.get("/v1/health") == {"status": "ok"}
    headers = {"Authorization": f"Bearer {tokens['read']}"}
    assert "stages" in served.client.get("/v1/health", headers=headers).json()
    answer = served.client.get("/v1/mentions")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    problem(answer, 401)


def test_a_decision_is_by_whoever_holds_the_token(folder: Path, api: Served) -> None:
    token, kept = make_token("desk", ["decide"], now=NOW)
    TokenFile(folder).add(kept)
    body = {"verb": "not the same", "left": "x:handle:stranger", "right": "c2"}
    answer = api.client.post("/v1/decisions", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["by"] == "desk"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_foreign_page_or_name_is_refused(empty: Served, headers: dict[str, str]) -> None:
    problem(empty.client.post("/v1/mentions", json=[], headers=headers), 403)
    assert empty.client.post("/v1/mentions", json=[], headers={"Origin": f"http://{HOST}"}).status_code == 200


# --- the shape of it -------------------------------------------------------------------------------------------------


def test_every_route_says_what_it_takes_and_no_method_else(empty: Served) -> None:
    for path, methods in openapi()["paths"].items():
        allowed = {method.upper() for method in methods} | ({"HEAD"} if "get" in methods else set()) | {"OPTIONS"}
        answer = empty.client.options(path)
        assert answer.status_code == 204
        assert set(answer.headers["allow"].split(", ")) == allowed, path
        answer = empty.client.delete(path)
        problem(answer, 405)
        assert set(answer.headers["allow"].split(", ")) == allowed, path
        if "get" in methods:
            head, get = empty.client.head(path), empty.client.get(path)
            assert (head.status_code, head.headers["content-type"]) == (get.status_code, get.headers["content-type"])
    problem(empty.client.get("/v1/nothing"), 404)


def test_the_description_is_served_and_shown_without_anything_from_elsewhere(empty: Served) -> None:
    document = empty.get("/v1/openapi.json")
    assert document["openapi"].startswith("3.1")
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids)) == len(SCOPES)
    assert empty.get("/v1")["openapi"] == "/v1/openapi.json"
    page = empty.client.get("/v1", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "POST /v1/mentions" in page.text
    assert 'src="http' not in page.text


def test_an_error_nobody_foresaw_is_a_problem_without_its_details(
    empty: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(empty.service), "watched", broken)
    assert "secret" not in problem(empty.client.get("/v1/terms"), 500)["detail"]


def test_the_documentation_has_every_route_with_its_scope_and_parameters() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")
    rows = re.findall(r"^\| `(GET|POST) (/v1\S*)` \| (\w*) \| (.*) \|$", text, re.MULTILINE)
    assert {(method, path): scope or None for method, path, scope, _ in rows} == SCOPES
    for method, path, _, what in rows:
        parameters = openapi()["paths"][path][method.lower()]["parameters"]
        named = {one["name"] for one in parameters if one["in"] == "query"}
        told = set(re.findall(r"`(\w+)`", what))
        assert told - {"ids"} == named or "as with contacts" in what, path
    fields = text.partition("**Posts** have")[2].partition("An item may")[0]
    assert set(re.findall(r"`(\w+)`", fields)) == set(openapi()["components"]["schemas"]["Post"]["properties"])
    told = {name.removesuffix("_total") for name in re.findall(r"`(overheard_\w+)", text)}
    assert told == set(re.findall(r'"(overheard_\w+)"', inspect.getsource(health)))
