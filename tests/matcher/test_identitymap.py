"""Whose an identity is: people's word, then the CRM's, then sure steps; two owners are two candidates."""

import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest

from overheard.identities import identities_of_contact
from overheard.matcher.authors import find_authors, identities_of_author
from overheard.matcher.identity.directory import Directory
from overheard.matcher.identity.identitymap import IdentityMap
from overheard.matcher.ledger.observed import SCHEMA, Observed
from overheard.records import Account, Actor, Contact, Decision, EnrichedMention, Mention, Party, ProfileLink
from tests.matcher.worlds import NOW, acc, account, con, contact, decision, men, mention

X, SITE = "x:handle:asha", "web:url:https://asha.example/"


class Map:
    """A directory and what was observed, with posts put in one line."""

    def __init__(self, *records: Contact | Account | Decision) -> None:
        connection = sqlite3.connect(":memory:")
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        self.connection = connection
        self.directory = Directory()
        self.observed = Observed(connection)
        self.map = IdentityMap(self.directory, self.observed)
        self._posts = 0
        for record in records:
            if isinstance(record, Contact):
                self.directory.put_contact(record.id, record)
            elif isinstance(record, Account):
                self.directory.put_account(record.id, record)
            else:
                self.directory.decisions.put(record.id, record)

    def posts(self, platform: str, handle: str = "", at: int = 0, **fields: Any) -> EnrichedMention:
        """A post is seen by the matcher: of an author with this profile."""
        self._posts += 1
        actor = Actor(platform=platform, preferred_username=handle, **fields)
        one = mention(str(self._posts), "Something about Acme")
        said = Mention(
            id=men(str(self._posts)), platform=platform, source="s", content="x", first_seen=NOW, attributed_to=actor
        )
        self.observed.put(self._posts, said, at or self._posts)
        return EnrichedMention(mention=said, passed=one.passed, language=one.language, sentiment=one.sentiment)

    def authors(self, post: EnrichedMention) -> list[Party]:
        return find_authors(post, self.directory, self.map)

    def author(self, post: EnrichedMention) -> tuple[str, str]:
        """Who it is, of one party, and how sure."""
        (party,) = self.authors(post)
        return party.subject, party.outcome

    def why(self, post: EnrichedMention) -> list[str]:
        return [one.feature for party in self.authors(post) for one in party.evidence]


def links(*urls: str, verified: bool = False) -> tuple[ProfileLink, ...]:
    return tuple(ProfileLink(url=url, verified=verified) for url in urls)


ASHA = contact("1", "Asha Rao", handles={"x": "asha"})


@pytest.fixture(params=["waiting", "written"])
def world(request: pytest.FixtureRequest) -> Iterator[Map]:
    """Asha Rao is asha on x; what is observed waits, or is written."""
    found = Map(ASHA)
    if request.param == "written":
        put = found.observed.put

        def written(num: int, said: Mention, at: int) -> None:
            put(num, said, at)
            found.observed.write(found.connection)
            found.observed.forget()

        found.observed.put = written  # type: ignore[method-assign, assignment]
    yield found
    found.connection.close()


def test_a_link_that_is_returned_links_the_other_account(world: Map) -> None:
    world.posts("x", "asha", links=links("https://github.com/asha-r"))
    other = world.posts("github", "asha-r", links=links("https://x.com/asha"))
    assert world.author(other) == (con("1"), "linked")
    assert world.why(other) == ["reciprocal link", "identity in the CRM"]


def test_a_link_that_is_not_returned_links_nobody(world: Map) -> None:
    other = world.posts("github", "asha-r", links=links("https://x.com/asha"))
    assert world.author(other) == (con("1"), "candidate")


def test_a_link_that_the_platform_verified_needs_no_other(world: Map) -> None:
    world.posts("x", "asha", links=links("https://asha.example", verified=True))
    other = world.posts("mastodon", "asha@social.example", links=links("https://asha.example/", verified=True))
    assert world.author(other) == (con("1"), "linked")


def test_a_verified_address_of_two_accounts_joins_them_and_a_typed_one_does_not(world: Map) -> None:
    world.posts("x", "asha", email="asha@rao.example", email_verified=True)
    sure = world.posts("github", "ar73", email="asha@rao.example", email_verified=True)
    typed = world.posts("gitlab", "ar73", email="asha@rao.example")
    assert world.author(sure) == (con("1"), "linked")
    assert world.why(sure)[0] == "verified e-mail"
    assert world.author(typed) == ("gitlab:handle:ar73", "bare")


def test_an_address_in_the_crm_links_who_verified_it_and_not_who_typed_it() -> None:
    world = Map(contact("1", "Asha Rao", emails=("asha@rao.example",)))
    sure = world.posts("github", "ar73", email="asha@rao.example", email_verified=True)
    typed = world.posts("gitlab", "ar73", email="asha@rao.example")
    mailed = world.posts("list", email="asha@rao.example", name="A. R.")
    as_handle = world.posts("forum", "asha@rao.example")
    assert world.author(sure) == world.author(mailed) == world.author(as_handle) == (con("1"), "linked")
    assert world.author(typed) == (con("1"), "candidate")


def test_a_handle_that_changed_is_known_by_the_account_s_id(world: Map) -> None:
    world.posts("x", "asha", native_id="7")
    later = world.posts("x", "asha_rao", native_id="7")
    assert world.author(later) == (con("1"), "linked")
    assert world.why(later)[0] == "account id"


def test_who_takes_over_a_handle_is_another(world: Map) -> None:
    world.posts("x", "asha", native_id="7", at=10)
    other = world.posts("x", "asha", native_id="8", at=20)
    assert world.author(other) == (con("1"), "candidate")
    assert "handle reused" in world.why(other)


def test_a_handle_is_of_whose_account_said_something_first_whenever_that_came(world: Map) -> None:
    late = world.posts("x", "asha", native_id="8", at=20)
    assert world.author(late) == (con("1"), "linked")
    first = world.posts("x", "asha", native_id="7", at=10)
    assert world.author(late) == (con("1"), "candidate")
    assert world.author(first) == (con("1"), "linked")


def test_who_takes_over_a_handle_does_not_inherit_its_links(world: Map) -> None:
    world.posts("github", "asha-r", native_id="1", links=links("https://x.com/asha"), at=5)
    new = world.posts("github", "asha-r", native_id="2", links=links("https://x.com/asha"), at=9)
    world.posts("x", "asha", links=links("https://github.com/asha-r"))
    assert ("linked" in {party.outcome for party in world.authors(new)}) is False


def test_another_account_on_that_platform_is_a_veto_on_inference(world: Map) -> None:
    world.posts("x", "asha", links=links("https://asha.example", verified=True))
    world.posts("github", "asha-r", links=links("https://asha.example", verified=True))
    assert world.map.owner("github:handle:asha-r") == con("1")
    world.directory.put_contact(con("1"), contact("1", "Asha Rao", handles={"x": "asha", "github": "rao"}))
    other = world.posts("github", "asha-r")
    assert world.author(other) == (con("1"), "candidate")
    assert "another account on that platform" in world.why(other)


def test_a_page_with_several_accounts_of_one_platform_joins_nobody(world: Map) -> None:
    world.posts("x", "asha", links=links("https://team.example/about", verified=True))
    for name in ("ben", "cleo"):
        world.posts("github", name, links=links("https://team.example/about", verified=True))
    assert world.map.owner("github:handle:ben") == ""


def test_two_servers_of_the_fediverse_are_two_platforms(world: Map) -> None:
    world.posts("x", "asha", links=links("https://asha.example", verified=True))
    for server in ("one.example", "two.example"):
        world.posts("mastodon", f"asha@{server}", links=links("https://asha.example", verified=True))
    assert world.map.owner("mastodon:handle:asha@two.example") == con("1")


def test_a_site_of_an_account_vouches_for_the_account_and_joins_nobody_else() -> None:
    world = Map(account("9", "Acme", "acme.example"), ASHA)
    world.posts("x", "asha", links=links("https://acme.example", verified=True))
    other = world.posts("github", "acme-tools", links=links("https://acme.example", verified=True))
    assert world.author(other) == (acc("9"), "linked")
    assert world.why(other)[0] == "domain"
    assert world.author(world.posts("x", "asha")) == (con("1"), "linked")


def test_two_owners_are_two_candidates() -> None:
    world = Map(ASHA, contact("2", "Ben Roy", handles={"github": "roy"}))
    for platform, handle in (("x", "asha"), ("github", "roy"), ("gitlab", "both")):
        post = world.posts(platform, handle, links=links("https://both.example", verified=True))
    parties = world.authors(post)
    assert {(party.subject, party.outcome) for party in parties} == {(con("1"), "candidate"), (con("2"), "candidate")}
    assert all("claimed by others too" in [one.feature for one in party.evidence] for party in parties)


@pytest.mark.parametrize("verb", ["same", "not the same", "unsure"])
def test_people_s_word_beats_what_was_observed(verb: Any) -> None:
    world = Map(ASHA, decision("1", verb, "github:handle:asha-r", con("1")))
    world.posts("x", "asha", links=links("https://github.com/asha-r"))
    post = world.posts("github", "asha-r", links=links("https://x.com/asha"))
    outcomes = {
        "same": (con("1"), "linked"),
        "not the same": ("github:handle:asha-r", "bare"),
        "unsure": (con("1"), "candidate"),
    }
    assert world.author(post) == outcomes[verb]


def test_not_the_same_on_one_identity_keeps_what_is_joined_with_it_away() -> None:
    world = Map(ASHA, decision("1", "not the same", SITE, con("1")))
    world.posts("x", "asha", links=links("https://asha.example", verified=True))
    world.posts("github", "asha-r", links=links("https://asha.example", verified=True))
    assert world.map.owner("github:handle:asha-r") == ""
    assert world.map.owner(X) == con("1")


def test_a_locked_person_takes_no_inferred_identity() -> None:
    world = Map(ASHA, decision("1", "lock", con("1")))
    world.posts("x", "asha", links=links("https://github.com/asha-r"))
    post = world.posts("github", "asha-r", links=links("https://x.com/asha"))
    assert world.author(post) == (con("1"), "candidate")
    assert "locked" in world.why(post)
    assert world.author(world.posts("x", "asha")) == (con("1"), "linked")


def test_across_networks_off_infers_nothing_and_says_so() -> None:
    off = decision("1", "policy", "policy", "across networks", value="off")
    world = Map(ASHA, off)
    world.posts("x", "asha", links=links("https://github.com/ar73"))
    post = world.posts("github", "ar73", links=links("https://rao.example", verified=True))
    world.posts("x", "asha", links=links("https://rao.example", verified=True))
    assert world.author(post) == ("github:handle:ar73", "bare")
    assert world.why(post) == ["across networks is off"]
    assert world.map.map_of(con("1")).total == 1


def test_the_map_of_a_contact_has_what_is_claimed_and_what_is_joined() -> None:
    world = Map(ASHA)
    world.posts("x", "asha", native_id="7", links=links("https://asha.example", verified=True))
    world.posts("github", "asha-r", links=links("https://asha.example", verified=True))
    found = {one.identity.key: one.identity for one in world.map.map_of(con("1")).identities}
    assert {key: one.claimed_by for key, one in found.items()} == {
        X: "crm",
        "x:id:7": "account id",
        SITE: "reciprocal link",
        "github:handle:asha-r": "reciprocal link",
    }
    assert all(one.subject == con("1") for one in found.values())
    [(_, watched)] = world.map.watched(["github:handle:asha-r"])
    assert watched is not None
    assert watched.subject == con("1")


def test_joined_records_are_one_owner_under_the_smallest_id() -> None:
    ids = sorted((con("1"), con("2")))
    world = Map(ASHA, contact("2", "A. Rao", handles={"x": "asha"}), decision("1", "same", con("2"), con("1")))
    assert world.author(world.posts("x", "asha")) == (ids[0], "linked")
    assert world.directory.records_of(ids[0]) == tuple(ids)
    assert world.directory.person_of(ids[1]) == ids[0]
    world.directory.decisions.put("dec_2", decision("2", "withdraw", "dec_1"))
    assert len(world.authors(world.posts("x", "asha"))) == 2


def test_a_circle_of_same_with_a_not_the_same_inside_is_said_with_its_path() -> None:
    records = [contact(number, "Asha Rao") for number in "123"]
    world = Map(
        *records,
        decision("1", "same", con("1"), con("2"), at=NOW.replace(hour=1)),
        decision("2", "same", con("2"), con("3"), at=NOW.replace(hour=2)),
        decision("3", "not the same", con("3"), con("1"), at=NOW.replace(hour=0)),
    )
    assert world.directory.person_of(con("2")) == world.directory.person_of(con("3"))
    assert world.directory.person_of(con("1")) == con("1")
    for number in "123":
        (said,) = world.map.conflicts(con(number))
        assert said.startswith("set aside: 1 is 2 (asha decided so); ")
        assert said.endswith(
            (
                "1 is not 3, but would be: 1 is 2 (asha decided so); 2 is 3 (asha decided so)",
                "3 is not 1, but would be: 3 is 2 (asha decided so); 2 is 1 (asha decided so)",
            )
        )


def test_one_address_on_forty_contacts_is_nobody_s() -> None:
    world = Map(*(contact(str(i), f"Asha Rao {i}", emails=("desk@rao.example",)) for i in range(40)))
    parties = world.authors(world.posts("list", email="desk@rao.example"))
    assert len(parties) == 40
    assert {party.outcome for party in parties} == {"candidate"}


@pytest.mark.parametrize("handle", ["[deleted]", "deleted user", "---"])
def test_a_placeholder_joins_nobody(handle: str) -> None:
    world = Map(contact("1", "Asha Rao", handles={"x": "asha"}))
    world.posts("x", "asha", links=links("https://asha.example", verified=True))
    post = world.posts("reddit", handle, name="Asha Rao", links=links("https://asha.example", verified=True))
    assert world.authors(post) == []


def test_ten_thousand_identities_on_one_contact_take_well_under_a_second() -> None:
    urls = tuple(f"https://s{i}.example/@asha" for i in range(10_000))
    world = Map(contact("1", "Asha Rao", urls=urls))
    for i in range(0, 10_000, 10):
        world.posts("mastodon", f"asha@s{i}.example", links=links("https://asha.example", verified=True))
    post = world.posts("github", "asha-r", links=links("https://asha.example", verified=True))
    world.observed.write(world.connection)
    world.observed.forget()
    start = time.process_time()
    # Another contact: those of the first are remembered, and would be no yardstick.
    assert len(identities_of_contact(contact("2", "Asha Rao", urls=urls))) == 20_000
    normalising = time.process_time() - start
    start = time.process_time()
    found = world.map.map_of(con("1"), 500)
    taken = time.process_time() - start
    assert (len(found.identities), found.total) == (500, 20_002)
    assert taken < max(6 * normalising, 0.5)  # 10,000 addresses take some 0.2 s to normalise
    assert world.author(post) == (con("1"), "linked")


def test_an_address_is_the_author_s_where_the_platform_has_nothing_else() -> None:
    address = "email:email:a@b.example"
    assert identities_of_author(Actor(platform="list", email="a@b.example")) == (address,)
    assert address not in identities_of_author(Actor(platform="x", preferred_username="a", email="a@b.example"))
    signed = Actor(platform="x", preferred_username="a", email="a@b.example", email_verified=True)
    assert address in identities_of_author(signed)
