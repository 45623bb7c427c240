"""Who an author may be by what the profile says: never by a name or a handle alone."""

import re
from pathlib import Path
from typing import Any

import pytest

from overheard.matcher.authors import find_authors, hints_of_author
from overheard.matcher.features.author import AUTHOR_FEATURES
from overheard.matcher.identity.directory import Directory
from overheard.records import Account, Actor, Contact, Decision, Mention, Party, ProfileLink
from tests.matcher.worlds import NOW, acc, account, con, contact, decision, men, mention

ACME = account("9", "Acme Tools", "acmetools.example")
BOREALIS = account("8", "Borealis Mills", "borealis.example")
ASHA = contact(
    "1",
    "Asha Rao",
    organisation="Acme Tools",
    title="Plant Manager",
    place="Pune",
    emails=("asha.rao@acmetools.example",),
    handles={"x": "asha_r73"},
)


def authors(actor: Actor, *records: Contact | Account | Decision) -> dict[str, Party]:
    directory = Directory()
    for record in records or (ASHA, ACME, BOREALIS):
        if isinstance(record, Contact):
            directory.put_contact(record.id, record)
        elif isinstance(record, Account):
            directory.put_account(record.id, record)
        else:
            directory.decisions.put(record.id, record)
    one = mention("1", "It broke again")
    said = Mention(id=men("1"), platform=actor.platform, source="s", content="x", first_seen=NOW, attributed_to=actor)
    parties = find_authors(
        type(one)(mention=said, passed=one.passed, language=one.language, sentiment=one.sentiment), directory
    )
    return {party.subject: party for party in parties}


def outcome(*records: Contact | Account | Decision, **fields: Any) -> str:
    """What Asha Rao is to an author on github with this profile: an outcome, or "" where nobody sees her."""
    fields.setdefault("preferred_username", "somebody_else")
    found = authors(Actor(platform="github", **fields), *records).get(con("1"))
    return found.outcome if found else ""


@pytest.mark.parametrize("number", [1, 2, 9])
def test_the_scores_of_all_who_may_be_the_author_come_to_one_at_most(number: int) -> None:
    alike = [
        contact(str(i), "Asha Rao", organisation="Acme Tools", title="Plant Manager", place="Pune")
        for i in range(1, number + 1)
    ]
    actor = Actor(platform="github", preferred_username="r73", name="Asha Rao", summary="Plant Manager at Acme Tools")
    found = {subject: one for subject, one in authors(actor, ACME, *alike).items() if subject.startswith("con_")}
    assert len(found) == number
    assert 0.5 < sum(party.score for party in found.values()) <= 1.0
    assert len({party.score for party in found.values()}) == 1
    assert {party.outcome for party in found.values()} == {"linked" if number == 1 else "candidate"}


@pytest.mark.parametrize(
    "profile",
    [
        {"name": "Asha Rao"},
        {"name": "Asha Rao", "summary": "Photographs birds."},
        {"preferred_username": "asha_r73"},
        {"preferred_username": "asha-r73", "name": "A"},
        {"name": "Asha Rao", "preferred_username": "asha_r73"},
        {"summary": "Plant Manager at Acme Tools in Pune"},
    ],
)
def test_a_name_or_a_handle_or_a_bio_alone_never_links(profile: dict[str, Any]) -> None:
    assert outcome(**profile) in ("candidate", "")


@pytest.mark.parametrize(
    "profile",
    [
        {"summary": "Works at Acme Tools"},
        {"summary": "Plant Manager in Pune"},
        {"links": (ProfileLink(url="https://www.acmetools.example/team"),)},
        {"email": "a.rao@acmetools.example", "email_verified": True},
        {"email": "asha.rao@acmetools.example"},
    ],
)
def test_a_full_name_with_facts_beside_it_links(profile: dict[str, Any]) -> None:
    assert outcome(name="Asha Rao", **profile) == "linked"


def test_facts_link_nobody_whom_a_namesake_rivals() -> None:
    other = contact("2", "Asha Rao", organisation="Acme Tools")
    found = authors(
        Actor(platform="github", preferred_username="ar", name="Asha Rao", summary="Works at Acme Tools"),
        ASHA, other, ACME,
    )  # fmt: skip
    assert {party.outcome for party in found.values()} == {"candidate"}


def test_a_namesake_with_fewer_facts_is_no_rival() -> None:
    assert outcome(ASHA, ACME, contact("2", "Asha Rao"), name="Asha Rao", summary="Works at Acme Tools") == "linked"


@pytest.mark.parametrize(
    ("profile", "feature"),
    [
        ({"summary": "Engineer at Borealis Mills. Plant Manager, Pune."}, "another employer"),
        ({"summary": "Plant Manager at Somewhere Else, Pune."}, "unknown employer"),
        ({"name": "Asha Rao-Martinez", "summary": "Works at Acme Tools"}, ""),
    ],
)
def test_what_the_profile_says_against_it_keeps_it_a_candidate(profile: dict[str, Any], feature: str) -> None:
    fields: dict[str, Any] = {"name": "Asha Rao", **profile}
    actor = Actor(platform="github", preferred_username="ar", **fields)
    found = authors(actor).get(con("1"))
    assert found is None or found.outcome == "candidate"
    if feature:
        assert found is not None
        assert feature in [one.feature for one in found.evidence]


def test_a_former_employer_is_no_veto_and_half_a_fact() -> None:
    found = authors(
        Actor(platform="github", preferred_username="ar", name="Asha Rao", summary="ex-Borealis Mills, now birds")
    )[con("1")]
    assert "another employer" not in [one.feature for one in found.evidence]
    left = authors(
        Actor(platform="github", preferred_username="ar", name="Asha Rao", summary="Formerly at Acme Tools")
    )[con("1")]
    assert [one.weight for one in left.evidence if one.feature == "employer in bio"] == [1.5]


def test_another_account_that_the_crm_has_on_the_platform_is_a_veto() -> None:
    known = contact("1", "Asha Rao", organisation="Acme Tools", handles={"github": "asha"})
    assert outcome(known, ACME, name="Asha Rao", summary="Works at Acme Tools") == "candidate"


def test_a_handle_with_letters_that_look_alike_speaks_against() -> None:
    actor = Actor(platform="x", preferred_username="аshа_r73", name="Asha Rao", summary="Works at Acme Tools")
    found = authors(actor)[con("1")]
    assert found.outcome == "candidate"
    assert "look alike handle" in [one.feature for one in found.evidence]


@pytest.mark.parametrize(
    "record",
    [
        decision("1", "lock", con("1")),
        decision("1", "unsure", "github:handle:somebody_else", con("1")),
        decision("1", "policy", "policy", "across networks", value="off"),
    ],
)
def test_people_may_keep_a_link_by_name_from_being_made(record: Decision) -> None:
    assert outcome(ASHA, ACME, record, name="Asha Rao", summary="Works at Acme Tools") == "candidate"


def test_a_person_s_no_is_final() -> None:
    no = decision("1", "not the same", "github:handle:somebody_else", con("1"))
    assert outcome(ASHA, ACME, no, name="Asha Rao", summary="Works at Acme Tools") == ""


def test_nobody_deleted_is_anybody() -> None:
    assert authors(Actor(platform="reddit", preferred_username="[deleted]", name="Asha Rao")) == {}


def test_a_thousand_namesakes_are_candidates() -> None:
    many = [contact(str(i), "Asha Rao", organisation=f"Firm {i}") for i in range(1_000)]
    found = authors(Actor(platform="github", preferred_username="ar", name="Asha Rao"), *many)
    assert {party.outcome for party in found.values()} == {"candidate"}


def test_an_account_s_handle_is_the_account() -> None:
    firm = account("9", "Acme Tools", "acmetools.example", handles={"x": "acmetools"})
    (party,) = authors(Actor(platform="x", preferred_username="AcmeTools"), firm).values()
    assert (party.subject, party.outcome) == (acc("9"), "linked")


def test_where_an_author_is_found_again_by_hints() -> None:
    actor = Actor(
        platform="x",
        preferred_username="Asha_R73",
        email="asha@acmetools.example",
        links=(ProfileLink(url="https://asha.example"),),
    )
    assert set(hints_of_author(actor)) == {
        "stem:ashar73",
        "web:url:https://asha.example/",
        "email:email:asha@acmetools.example",
    }


def test_the_documented_weights_are_the_weights() -> None:
    text = (Path(__file__).parents[2] / "docs" / "identity.md").read_text("utf-8")
    documented = {
        name: float(weight) for name, weight in re.findall(r"^\| ([a-z ]+) \| (-?\d\.\d) \|", text, re.MULTILINE)
    }
    assert documented == {feature.name: feature.weight for feature in AUTHOR_FEATURES}
    for feature in AUTHOR_FEATURES:
        (line,) = re.findall(rf"^\| {feature.name} \|.*$", text, re.MULTILINE)
        assert ("veto" in line) == feature.veto
        assert ("a fact" in line) == feature.corroborates
