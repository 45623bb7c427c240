"""On the real stream, enriched cheaply: what any honest run must reach (expected.json)."""

from collections.abc import Iterator

import pytest

from overheard.records import Incident, Profile
from tests.matcher import real
from tests.matcher.worlds import World, fact, world

pytestmark = pytest.mark.skipif(not real.FOLDER.exists(), reason="../shared/data/real is not here")


@pytest.fixture(scope="module")
def ran() -> Iterator[World]:
    """The whole stream, with contacts and accounts imported first."""
    with world(batch=256) as one:
        one.run(*map(fact, real.contacts()), *map(fact, real.accounts()), *map(fact, real.mentions()))
        yield one


@pytest.fixture(scope="module")
def incidents(ran: World) -> list[Incident]:
    return [document for document in ran.documents().values() if isinstance(document, Incident)]


def _external(one: World) -> dict[str, str]:
    return {contact.external_ids[0].value: contact.id for contact in one.ledger.directory.contacts.values()}


def test_authors_are_linked_exactly(ran: World, incidents: list[Incident]) -> None:
    wanted = real.expected()["posts_linked_to_a_contact_by_author_identity"]
    linked = [
        party.subject
        for incident in incidents
        for party in incident.parties
        if party.role == "author" and party.outcome == "linked"
    ]
    assert len(linked) == wanted["exactly"]
    assert len(set(linked)) == wanted["contacts"]


def test_full_names_are_linked_or_candidates(ran: World, incidents: list[Incident]) -> None:
    wanted = real.expected()["news_post_person_pairs_by_full_name"]
    pairs = [
        party.name
        for incident in incidents
        for party in incident.parties
        if incident.mention.source == "news" and party.role == "mentioned" and party.name in wanted["by_person"]
    ]
    assert len(pairs) >= wanted["linked_or_candidate_at_least"]
    short = {name for name, number in wanted["by_person"].items() if pairs.count(name) < number - 1}
    assert not short


def test_namesakes_get_no_link(ran: World) -> None:
    ids = _external(ran)
    for decoy in real.expected()["contacts_that_must_get_no_link"]["ids"]:
        profile = ran.documents()[ids[decoy]]
        assert isinstance(profile, Profile)
        assert profile.incidents == 0


def test_placeholders_join_nobody(incidents: list[Incident]) -> None:
    names = {name.lower() for name in real.expected()["placeholder_authors_that_must_join_nobody"]["names"]}
    joined = [
        party
        for incident in incidents
        if (author := incident.mention.attributed_to) and author.preferred_username.lower() in names
        for party in incident.parties
        if party.role == "author"
    ]
    assert joined == []


def test_contacts_imported_last_give_the_same_documents(ran: World) -> None:
    with world(batch=256) as late:
        late.run(*map(fact, reversed(real.mentions())))
        late.run(*map(fact, real.accounts()), *map(fact, real.contacts()))
        assert late.documents() == ran.documents()
