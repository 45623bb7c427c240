"""What decisions name: every verb with what it takes, what it lacks said, and both ways of a pair the same."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from overheard.config.settings import Settings
from overheard.errors import InputError, NotFoundError
from overheard.records import Decision, Incident
from overheard.web.base import Asked
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.world import write_world


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("decisions")
    world = write_world(base / "world", posts=40)
    with System(base / "data", Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_mentions(system, world.posts)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
    return base / "data"


@pytest.fixture
def service(worked: Path, tmp_path: Path) -> Iterator[SystemService]:
    folder = Path(shutil.copytree(worked, tmp_path / "data"))
    with System(folder, Settings()) as system, closing(SystemService(system)) as service:
        yield service


def posts(service: SystemService, query: str = "korvex", limit: int = 2) -> list[Incident]:
    found = [hit.record for hit in service.search(Asked(query, limit=limit)).hits]
    return [one for one in found if isinstance(one, Incident)]


def contact(service: SystemService, who: str) -> str:
    return service.find(who)[0].id


def test_each_verb_is_written_with_the_sides_that_it_takes(service: SystemService) -> None:
    post, other = posts(service)
    c1, c2 = contact(service, "c1"), contact(service, "c2")
    left, right = sorted((post.mention.id, other.mention.id))
    one, two = sorted((c1, c2))
    said: list[tuple[tuple[str, str, str], str | None, tuple[str, str, str]]] = [
        (("same", post.id, "c1"), None, (post.mention.id, c1, "")),
        (("not the same", "X:handle:@Ann", "c1"), None, ("x:handle:ann", c1, "")),
        (("unsure", post.mention.id, c2), None, (post.mention.id, c2, "")),
        (("same", other.id, post.id), None, (left, right, "")),
        (("lock", "Meera Chitnis", ""), None, (c1, "", "")),
        (("same", "c2", "c1"), None, (one, two, "")),
        (("not about us", post.id, ""), None, (post.mention.id, "", "")),
        (("relabel", other.id, "sentiment"), "negative", (other.mention.id, "sentiment", "negative")),
        (("relabel", other.id, "sentiment/korvex"), "unsure", (other.mention.id, "sentiment/korvex", "unsure")),
        (("relabel", other.id, "intent/complaint"), "no", (other.mention.id, "intent/complaint", "no")),
        (("relabel", other.id, "language"), "hi-Latn", (other.mention.id, "language", "hi-Latn")),
        (("status", other.id, ""), "answered", (other.mention.id, "status", "answered")),
        (("assign", other.id, ""), "ravi", (other.mention.id, "assign", "ravi")),
        (("assign", other.id, ""), "", (other.mention.id, "assign", "")),
        (("tag", other.id, " #needs  call"), None, (other.mention.id, "tag/needs call", "on")),
        (("tag", other.id, "tag/needs call"), "", (other.mention.id, "tag/needs call", "")),
        (("policy", "policy", "across networks"), "off", ("policy", "across networks", "off")),
    ]
    for (verb, about, whom), value, expected in said:
        decision = service.decide(verb, about, whom, value=value, by="me")
        assert (decision.left, decision.right, decision.value) == expected, verb
        assert service.decision(decision.id) == decision
    note = service.decide("note", other.id, value="called them", by="me")
    assert note.right.startswith("note/")
    again = service.decide("note", other.id, note.right, value="", by="me")
    assert (again.right, again.value) == (note.right, "")


def test_two_notes_stand_beside_each_other(service: SystemService) -> None:
    [post] = posts(service, limit=1)
    for text in ("one", "two"):
        service.decide("note", post.id, value=text, by="me")
    assert sorted(one.value for one in service.standing([post.mention.id])) == ["one", "two"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (("maybe", "post", "c1", None), InputError),
        (("same", "post", "", None), InputError),
        (("same", "post", "c1", "x"), InputError),
        (("same", "c1", "c1", None), InputError),
        (("same", "c1", "a1", None), InputError),
        (("same", "post", "post", None), InputError),
        (("same", "c1", "post", None), InputError),
        (("unsure", "post", "other", None), InputError),
        (("lock", "c1", "c2", None), InputError),
        (("lock", "Nobody Atall", "", None), NotFoundError),
        (("not about us", "c1", "", None), NotFoundError),
        (("status", "post", "", None), InputError),
        (("status", "post", "", "not about us"), InputError),
        (("status", "post", "c1", "open"), InputError),
        (("relabel", "post", "sentiment", "great"), InputError),
        (("relabel", "post", "sentiment/nothing", "negative"), InputError),
        (("relabel", "post", "language", "negative"), InputError),
        (("relabel", "post", "intent/complaint", "negative"), InputError),
        (("relabel", "post", "intent/gossip", "yes"), InputError),
        (("relabel", "post", "colour", "negative"), InputError),
        (("tag", "post", "", None), InputError),
        (("tag", "post", "x" * 300, None), InputError),
        (("assign", "post", "", "x" * 300), InputError),
        (("note", "post", "", None), InputError),
        (("note", "post", "", "x" * 2_001), InputError),
        (("note", "inc_none", "", "text"), NotFoundError),
        (("policy", "policy", "everything", "on"), InputError),
        (("policy", "policy", "across networks", "perhaps"), InputError),
        (("withdraw", "c1", "", None), NotFoundError),
    ],
)
def test_what_a_decision_lacks_is_said_and_nothing_is_written(
    service: SystemService, said: tuple[str, str, str, str | None], error: type[Exception]
) -> None:
    verb, left, right, value = said
    post, other = posts(service)
    named = {"post": post.id, "other": other.id}
    end = service.system.log.span("facts", 0)[1]
    with pytest.raises(error, match=r"expected|takes|'unsure' is"):
        service.decide(verb, named.get(left, left), named.get(right, right), value=value, by="me")
    assert service.system.log.span("facts", 0)[1] == end


def test_a_page_of_ours_stands_for_what_it_shows(service: SystemService) -> None:
    post, other = posts(service)
    given = service.decide("same", post.id, f"http://127.0.0.1:8787/incidents/{other.id}?decided=dec_1", by="me")
    assert {given.left, given.right} == {post.mention.id, other.mention.id}


def test_what_is_decided_on_records_is_found_from_both_sides_until_it_is_taken_back(service: SystemService) -> None:
    c1, c2 = contact(service, "c1"), contact(service, "c2")
    joined = service.decide("same", "c1", "c2", by="me")
    given = service.decide("same", "x:handle:meera", c1, by="me")
    [post] = posts(service, limit=1)
    service.decide("same", post.id, "c1", by="me")  # of a post, so on the post's page

    def ids(*records: str) -> set[str]:
        return {one.id for one in service.decided_on(records)}

    assert ids(c1) == {joined.id, given.id}
    assert ids(c2) == {joined.id}
    service.decide("withdraw", joined.id, by="me")
    assert ids(c1, c2) == {given.id}


def test_the_same_key_is_the_same_decision(service: SystemService) -> None:
    [post] = posts(service, limit=1)
    first = service.decide("status", post.id, value="answered", by="me", key="k1")
    again: Decision = service.decide("status", post.id, value="closed", by="me", key="k1")
    assert again == first


def test_a_merge_rewrites_no_post_and_every_id_finds_the_posts_of_all(service: SystemService) -> None:
    c1, c2 = sorted((contact(service, "c1"), contact(service, "c2")))

    def found(**asked: Any) -> set[str]:
        return {hit.id for hit in service.search(Asked(**asked, limit=100)).hits}

    before = {hit.id: hit.version for hit in service.search(Asked("", limit=100)).hits}
    apart = found(query=f"contact:{c1}"), found(query=f"contact:{c2}")
    assert all(apart), "each has posts of its own"
    service.decide("same", c1, c2, by="ann")
    both = apart[0] | apart[1]
    for id_ in (c1, c2):
        assert found(query=f"contact:{id_}") == found(filters={"contact": [id_]}) == both
    assert {hit.id: hit.version for hit in service.search(Asked("", limit=100)).hits} == before


def test_a_post_that_somebody_works_on_stays_in_sight(service: SystemService) -> None:
    post, other = posts(service)
    service.decide("status", post.id, value="answered", by="ann")
    service.decide("not about us", other.id, by="ann")
    seen = {hit.id for hit in service.search(Asked("korvex", limit=100)).hits}
    assert post.id in seen
    assert other.id not in seen


def test_of_people_who_were_joined_each_is_still_named_by_what_only_its_record_is_called(
    service: SystemService,
) -> None:
    c1, c2, c3 = (contact(service, one) for one in ("c1", "c2", "c3"))
    for other in ("c2", "c3"):
        service.decide("same", "c1", other, by="me")
        run_up(service.system, once=True, workers=1, stop=threading.Event(), alerts=False)
    assert len({contact(service, one) for one in ("c1", "c2", "c3")}) == 1
    apart = service.decide("not the same", "c2", "crm:c3", by="me")
    assert (apart.left, apart.right) == tuple(sorted((c2, c3)))
    given = service.decide("same", "x:handle:meera", "c2", by="me")
    assert given.right == c2
    run_up(service.system, once=True, workers=1, stop=threading.Event(), alerts=False)
    assert contact(service, "c2") != contact(service, "c3")
    assert contact(service, "c1") in (c1, contact(service, "c2"), contact(service, "c3"))


def test_what_people_naturally_write_is_understood(service: SystemService) -> None:
    [post] = posts(service, limit=1)
    said = [
        (("tag", post.id, ""), "urgent", ("tag/urgent", "on")),
        (("relabel", post.id, "korvex"), "negative", ("sentiment/korvex", "negative")),
        (("policy", "across networks", ""), "off", ("across networks", "off")),
    ]
    for (verb, left, right), value, expected in said:
        decision = service.decide(verb, left, right, value=value, by="me")
        assert (decision.right, decision.value) == expected
