"""Review, why, deciding: the pages and the API, on a world in which two are called alike."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from overheard.log.base import ProducerRecord
from overheard.records import Incident, Note, Profile, encode, event_for
from tests.web.pages_world import Pages, fill, pages_of, words

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review") / "data"
    fill(folder)
    return folder


@pytest.fixture
def own(filled: Path, tmp_path: Path) -> Iterator[Pages]:
    """Of a copy, to decide in."""
    with pages_of(Path(shutil.copytree(filled, tmp_path / "data"))) as pages:
        yield pages
        pages.client.app.state["pulses"].close()


def api(pages: Pages, path: str, status: int = 200, **params: Any) -> Any:
    answer = pages.client.get(path, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


def decide(pages: Pages, status: int = 200, **body: Any) -> Any:
    answer = pages.client.post("/v1/decisions", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def waiting(pages: Pages) -> list[str]:
    return [item["incident"]["id"] for item in api(pages, "/v1/review", limit=100)["items"]]


def publish(pages: Pages, *records: Incident | Profile) -> None:
    """Put documents on the log as the matcher does, in a version that no other has."""
    events = [
        event_for(one, subject=one.id, source="/match", time=NOW, sourceversion=1 << 60, cause="live")
        for one in records
    ]
    pages.system.log.append(
        [ProducerRecord("documents", event.subject, encode(event)) for event in events], durable=True
    )
    pages.system.catch_up_index()


def incident_of(pages: Pages, id_: str) -> Incident:
    with closing(pages.system.index(reading=True)) as index:
        hit = index.get(id_)
    record = hit.record if hit else None
    assert isinstance(record, Incident)
    return record


# --- the queue -------------------------------------------------------------------------------------------------------


def test_the_queue_has_each_post_once_the_likeliest_first_and_pages_do_not_overlap(own: Pages) -> None:
    whole = api(own, "/v1/review", limit=100)
    assert whole["total"] == len(whole["items"]) > 5
    best = [item["candidates"][0]["weight"] for item in whole["items"]]
    assert best == sorted(best, reverse=True)
    ids = [item["incident"]["id"] for item in whole["items"]]
    assert len(set(ids)) == len(ids)
    paged: list[str] = []
    page = api(own, "/v1/review", limit=4)
    while True:
        paged += [item["incident"]["id"] for item in page["items"]]
        if not page["next"]:
            break
        page = api(own, "/v1/review", limit=4, after=page["next"])
    assert paged == ids
    assert api(own, "/v1/review", limit=0)["items"] == []
    assert "cursor" in api(own, "/v1/review", 400, after="nonsense")["detail"]


@pytest.mark.parametrize("verb", ["same", "not about us"])
def test_what_is_decided_waits_no_longer_and_waits_again_when_it_is_taken_back(own: Pages, verb: str) -> None:
    before = waiting(own)
    right = api(own, "/v1/review", limit=1)["items"][0]["candidates"][0]["subject"] if verb == "same" else ""
    decision = decide(own, verb=verb, left=before[0], right=right)
    after = api(own, "/v1/review", limit=100)
    # Its rival, who cannot be meant now, is not asked about either.
    assert [item["incident"]["id"] for item in after["items"]] == before[1:]
    assert after["total"] == len(before) - 1
    decide(own, verb="withdraw", left=decision["id"])
    assert waiting(own) == before


def test_a_candidate_on_whom_somebody_was_unsure_does_not_come_again_and_its_rival_does(own: Pages) -> None:
    first = api(own, "/v1/review", limit=1)["items"][0]
    one, other = (candidate["subject"] for candidate in first["candidates"])
    decide(own, verb="unsure", left=first["incident"]["id"], right=one)

    def left() -> list[list[str]]:
        items = api(own, "/v1/review", limit=100)["items"]
        mine = [item for item in items if item["incident"]["id"] == first["incident"]["id"]]
        return [[candidate["subject"] for candidate in item["candidates"]] for item in mine]

    assert left() == [[other]]
    before = api(own, "/v1/review")["total"]
    decide(own, verb="unsure", left=first["incident"]["id"], right=other)
    assert left() == []
    assert api(own, "/v1/review")["total"] == before - 1


def test_unsure_of_somebody_joined_from_several_records_leaves_nothing_in_the_count(own: Pages) -> None:
    first = api(own, "/v1/review", limit=1)["items"][0]
    subjects = [candidate["subject"] for candidate in first["candidates"]]
    others = [hit["id"] for hit in api(own, "/v1/contacts", limit=100)["items"] if hit["id"] not in subjects]
    low, named = min(others), max(subjects)
    assert low < named, "the joined person is seen under another id than the one that the post names"
    decide(own, verb="same", left=low, right=named)
    before = api(own, "/v1/review")["total"]
    for subject in subjects:
        decide(own, verb="unsure", left=first["incident"]["id"], right=subject)
    assert first["incident"]["id"] not in waiting(own)
    assert api(own, "/v1/review")["total"] == before - 1


def test_who_is_not_meant_is_no_rival_any_more_so_a_rare_name_links_the_other(own: Pages) -> None:
    first = api(own, "/v1/review", limit=1)["items"][0]
    one, other = (candidate["subject"] for candidate in first["candidates"])
    decide(own, verb="not the same", left=first["incident"]["id"], right=one)
    parties = {party.subject: party for party in incident_of(own, first["incident"]["id"]).parties}
    assert one not in parties
    assert parties[other].outcome == "linked"
    assert "rival" not in {evidence.feature for evidence in parties[other].evidence}
    assert first["incident"]["id"] not in waiting(own)


def test_the_page_decides_by_buttons_goes_on_and_takes_back(own: Pages) -> None:
    total = len(waiting(own))
    page = own.get("/review")
    assert f"{total} posts wait" in words(page)
    first = page.xpath("//a[text()='Whole post']/@href")[0]
    assert {one.get("data-key") for one in page.xpath("//*[@data-key]")} >= {*"snual12", " "}
    page = own.press(page, "Same person")
    assert f"{total - 1} posts wait" in words(page)
    assert "Noted: it is Lucia Ferrand" in words(page.xpath("//*[@data-told]")[0])
    assert page.xpath("//a[text()='Whole post']/@href")[0] != first
    page = own.press(page, "Take back")
    assert page.xpath("//a[text()='Whole post']/@href")[0] == first


def test_the_page_compares_side_by_side_and_another_candidate_is_picked(own: Pages) -> None:
    page = own.get("/review")
    table = page.xpath("//table[contains(@class, 'candidates')]")[0]
    said = words(table)
    for value in ("Tidewater Pumps", "Elsewhere Mills", "rare name", "rival", "before any evidence", "score"):
        assert value in said
    assert len(page.xpath("//p[@class='said']//mark")) >= 1
    before = page.xpath("//h2[@id='decide']")[0].text_content()
    other = own.get(page.xpath("//a[@data-key='2']/@href")[0])
    assert other.xpath("//h2[@id='decide']")[0].text_content() != before
    assert own.get("/review?pick=99").xpath("//h2[@id='decide']")


def test_skipping_goes_through_all_and_says_that_they_still_wait(own: Pages) -> None:
    seen: list[str] = []
    path = "/review"
    while True:
        page = own.get(path)
        found = page.xpath("//a[text()='Whole post']/@href")
        if not found:
            break
        seen.append(found[0].rpartition("/")[2])
        path = page.xpath("//a[@data-key=' ']/@href")[0]
    assert seen == waiting(own)
    assert "still" in words(page)
    assert "Begin again" in words(page)
    own.get("/review?after=nonsense", status=400)


def test_nothing_that_waits_is_said(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        assert "Nothing waits" in words(pages.get("/review"))
        assert api(pages, "/v1/review") == {"items": [], "total": 0, "next": ""}
        pages.client.app.state["pulses"].close()


# --- why -------------------------------------------------------------------------------------------------------------


def test_why_adds_up_and_names_the_rivals_and_who_decided(own: Pages) -> None:
    id_ = waiting(own)[0]
    why = api(own, f"/v1/incidents/{id_}/why")
    parties = [one for one in why["parties"] if one["outcome"] == "candidate"]
    assert len(parties) == 2
    for party in parties:
        total = party.get("bias", 0.0) + sum(one["weight"] for one in party["evidence"])
        assert total == pytest.approx(party["weight"])
        assert [one["subject"] for one in party["rivals"]] == [
            one["subject"] for one in parties if one["subject"] != party["subject"]
        ]
        assert "decision" not in party
    assert "Rivals: Lucia Ferrand" in words(own.get(f"/incidents/{id_}"))
    decision = decide(own, verb="same", left=id_, right=parties[0]["subject"], note="met her")
    why = api(own, f"/v1/incidents/{id_}/why")
    settled = {one["subject"]: one.get("decision", {}).get("id") for one in why["parties"]}
    assert settled[parties[0]["subject"]] == decision["id"]
    assert [one["id"] for one in why["decisions"]] == [decision["id"]]
    page = words(own.get(f"/incidents/{id_}"))
    assert "Before any evidence" in page
    assert "In all; a score of" in page
    assert "met her" in page
    assert "is none" in api(own, "/v1/incidents/inc_none/why", 404)["detail"]


# --- work ------------------------------------------------------------------------------------------------------------


def test_the_forms_of_a_post_write_what_they_say(own: Pages) -> None:
    id_ = waiting(own)[0]
    mention = incident_of(own, id_).mention.id
    page = own.get(f"/incidents/{id_}")
    forms = {
        one.xpath(".//input[@name='verb']/@value")[0]: one
        for one in page.xpath("//section[@aria-labelledby='work']//form")
    }
    given = {"status": {"value": "answered"}, "assign": {"value": "ravi"}, "tag": {"right": "urgent"}}
    given["note"] = {"value": "called them"}
    for verb, values in given.items():
        fields = {one.get("name"): one.get("value", "") for one in forms[verb].xpath(".//input[@name]")}
        own.send("/decide", {**fields, **values})
    found = api(own, f"/v1/incidents/{id_}/why")["decisions"]
    said = {one["verb"]: (one["left"], one.get("value")) for one in found}
    assert said == {
        "status": (mention, "answered"),
        "assign": (mention, "ravi"),
        "tag": (mention, "on"),
        "note": (mention, "called them"),
    }
    listed = words(own.get(f"/incidents/{id_}").xpath("//section[@aria-labelledby='decided']")[0])
    for part in ("status: answered", "assign: ravi", "tag urgent", "note: called them"):
        assert part in listed


def test_a_post_shows_status_assignee_tags_and_notes(own: Pages) -> None:
    id_ = waiting(own)[0]
    note = Note(text="they want <b>a call</b>", by="ravi", at=NOW)
    record = incident_of(own, id_)
    publish(own, replace(record, status="in progress", assignee="ravi", tags=("urgent",), notes=(note,)))
    page = own.get(f"/incidents/{id_}")
    said = words(page)
    assert "in progress" in said
    assert "seen to by ravi" in said
    assert "they want <b>a call</b>" in said
    off = page.xpath("//section[@aria-labelledby='work']//form[.//button[starts-with(., 'Take off')]]")[0]
    fields = {one.get("name"): one.get("value", "") for one in off.xpath(".//input[@name]")}
    assert fields == {"verb": "tag", "left": id_, "right": "tag/urgent", "value": "", "next": f"/incidents/{id_}"}
    own.send("/decide", fields)
    [decision] = api(own, f"/v1/incidents/{id_}/why")["decisions"]
    assert (decision["right"], decision.get("value", "")) == ("tag/urgent", "")


def test_a_wrong_label_is_put_right(own: Pages) -> None:
    id_ = waiting(own)[0]
    page = own.get(f"/incidents/{id_}")
    form = page.xpath("//form[.//input[@value='relabel']]")[0]
    fields = {one.get("name"): one.get("value", "") for one in form.xpath(".//input[@name]")}
    own.send("/decide", {**fields, "value": "negative"})
    [decision] = api(own, f"/v1/incidents/{id_}/why")["decisions"]
    assert (decision["verb"], decision["value"]) == ("relabel", "negative")
    assert decision["right"].startswith("sentiment")
    [listed] = own.get(f"/incidents/{id_}").xpath("//section[@aria-labelledby='decided']//li")
    assert " is negative" in listed.text_content()


# --- events ----------------------------------------------------------------------------------------------------------


def test_an_event_is_one_in_the_results_and_its_page_lists_its_posts(own: Pages) -> None:
    first, second, third = sorted(waiting(own)[:3])
    members = (first, second, third)
    records = [replace(incident_of(own, id_), event=first) for id_ in members]
    head = replace(records[0], members=members, member_count=3, event_why=("the same words, 0.93 alike",))
    publish(own, head, *records[1:])
    page = own.get("/?contact=" + incident_of(own, second).parties[0].subject)
    cards = [one.get("id") for one in page.xpath("//article[@id]")]
    assert len({first, second, third} & set(cards)) <= 1
    home = own.get("/?q=%22Lucia+Ferrand%22")
    shown = [one for one in home.xpath("//article[@id]") if one.get("id") in members]
    assert len(shown) == 1
    assert "and 2 more posts of this" in words(shown[0])
    every = own.get(shown[0].xpath(".//a[contains(., 'more posts of this')]/@href")[0])
    assert sorted(every.xpath("//article/@id")) == sorted(members)
    page = own.get(f"/incidents/{second}")
    event = words(page.xpath("//section[@aria-labelledby='event']")[0])
    assert "One event: 3 posts" in event
    assert "0.93 alike" in event
    own.press(page, "Another event")
    [decision] = api(own, f"/v1/incidents/{second}/why")["decisions"]
    assert decision["verb"] == "not the same"
    assert {decision["left"], decision["right"]} <= {one.mention.id for one in records}


def test_two_posts_are_joined_by_the_address_of_the_other(own: Pages) -> None:
    first, second = waiting(own)[:2]
    page = own.get(f"/incidents/{first}")
    form = page.xpath("//section[@aria-labelledby='event']//form[.//input[@id='other']]")[0]
    fields = {one.get("name"): one.get("value", "") for one in form.xpath(".//input[@name]")}
    own.send("/decide", {**fields, "right": f"http://127.0.0.1:8787/incidents/{second}"})
    ids = {incident_of(own, first).mention.id, incident_of(own, second).mention.id}
    for id_, other in ((first, second), (second, first)):
        [found] = api(own, f"/v1/incidents/{id_}/why")["decisions"]
        assert {found["left"], found["right"]} == ids
        listed = own.get(f"/incidents/{id_}").xpath("//section[@aria-labelledby='decided']//li")[0]
        assert "one event with another post" in words(listed)
        assert listed.xpath(".//a/@href") == [f"/incidents/{other}"]


# --- records ---------------------------------------------------------------------------------------------------------


def lucias(pages: Pages) -> list[str]:
    return sorted(one["id"] for one in api(pages, "/v1/profiles", who="Lucia Ferrand")["items"])


def test_another_record_is_found_joined_and_taken_apart_again(own: Pages) -> None:
    one, other = lucias(own)
    before = waiting(own)
    page = own.get(f"/contacts/{one}?merge=lucia")
    assert [
        a for a in page.xpath("//section[@aria-labelledby='decided']//li//a/@href") if a.startswith("/contacts/")
    ] == [f"/contacts/{other}"]
    page = own.press(page, "Same person", within="//section[@aria-labelledby='decided']")
    assert "Lucia Ferrand and Lucia Ferrand are one" in words(page.xpath("//section[@aria-labelledby='decided']")[0])
    assert "2 records of the CRM, seen as one" in words(page)
    # Both ids lead to the one profile, and what waited between the two waits no longer.
    assert own.client.get(f"/contacts/{other}", follow_redirects=False).headers["location"] == f"/contacts/{one}"
    assert [found["id"] for found in api(own, "/v1/profiles", who=other)["items"]] == [one]
    assert waiting(own) == []
    page = own.press(page, "Take back", within="//section[@aria-labelledby='decided']")
    assert "nobody decided anything" in words(page.xpath("//section[@aria-labelledby='decided']")[0])
    assert waiting(own) == before
    assert words(own.get(f"/contacts/{other}").xpath("//h1")[0]) == "Lucia Ferrand"


def test_a_merged_contact_shows_its_records_side_by_side_and_what_contradicts(own: Pages) -> None:
    one, other = lucias(own)
    with closing(own.system.index(reading=True)) as index:
        hit = index.get(one)
    record = hit.record if hit else None
    assert isinstance(record, Profile)
    publish(own, replace(record, ids=(one, other), conflicts=("ravi says A is B, but A, C and B are not one",)))
    page = own.get(f"/contacts/{one}")
    records = words(page.xpath("//section[@aria-labelledby='records']")[0])
    for value in ("2 records", "lucia@tidewater.example", "lucia.f@elsewhere.example", "crm c3", "crm c4", "Owner"):
        assert value in records
    assert "not one" in words(page.xpath("//*[@role='alert']")[0])


def test_a_contact_is_locked_and_unlocked(own: Pages) -> None:
    one = lucias(own)[0]
    page = own.press(own.get(f"/contacts/{one}"), "Lock", within="//section[@aria-labelledby='decided']")
    assert "locked" in words(page.xpath("//section[@aria-labelledby='decided']//li")[0])
    page = own.press(page, "Take back", within="//section[@aria-labelledby='decided']")
    assert not page.xpath("//section[@aria-labelledby='decided']//li")


# --- who may ---------------------------------------------------------------------------------------------------------


def test_a_policy_takes_the_scope_admin_and_a_verb_its_value(own: Pages) -> None:
    policy: dict[str, Any] = {"verb": "policy", "left": "policy", "right": "across networks", "value": "off"}
    assert decide(own, **policy)["value"] == "off"
    from overheard.web.tokens import make_token
    from overheard.wiring.tokens import TokenFile

    token, kept = make_token("desk", ["read", "decide"], now=NOW)
    TokenFile(own.system.home).add(kept)
    own.client.headers["authorization"] = f"Bearer {token}"
    assert "admin" in decide(own, 403, **policy)["detail"]
    answer = own.client.post("/decide", data=policy, headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "expected one of" in decide(own, 422, verb="status", left=waiting(own)[0], value="done")["detail"]
    assert decide(own, verb="assign", left=waiting(own)[0], value="")["verb"] == "assign"
