"""Whose an identity is follows from the sets of mentions, records and decisions, not from how they came."""

import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.log.base import ProducerRecord
from overheard.records import Actor, EnrichedMention, ProfileLink, mention_id
from tests.matcher.worlds import NOW, acc, account, con, contact, decision, fact, mention, world

numbers = st.sampled_from(("1", "2", "3"))
times = st.integers(0, 3).map(lambda hours: NOW - timedelta(hours=hours))
URLS = ("https://x.com/asha", "https://github.com/asha-r", "https://asha.example", "https://acme.example")
actors = st.builds(
    Actor,
    platform=st.sampled_from(("x", "github")),
    preferred_username=st.sampled_from(("asha", "asha-r", "[deleted]")),
    native_id=st.sampled_from(("", "1", "2")),
    name=st.sampled_from(("", "Asha Rao")),
    summary=st.sampled_from(("", "Works at Acme Tools", "Engineer at Borealis Mills")),
    email=st.sampled_from(("", "asha@rao.example")),
    email_verified=st.booleans(),
    links=st.lists(st.builds(ProfileLink, url=st.sampled_from(URLS), verified=st.booleans()), max_size=2).map(tuple),
)


def post(number: str, actor: Actor, at: Any) -> EnrichedMention:
    one = mention(number, "It broke again", first_seen=at, published=at)
    said = msgspec.structs.replace(
        one.mention, id=mention_id(actor.platform, number), platform=actor.platform, attributed_to=actor
    )
    return msgspec.structs.replace(one, mention=said)


posts = st.builds(post, st.sampled_from("123456"), actors, times)
contacts = st.builds(
    lambda number, handles, mail, site, firm: contact(
        number, "Asha Rao", handles=handles, emails=mail, urls=site, organisation=firm
    ),
    numbers,
    st.sampled_from(({}, {"x": "asha"}, {"github": "asha-r"}, {"x": "ashar"})),
    st.sampled_from(((), ("asha@rao.example",))),
    st.sampled_from(((), ("https://asha.example",))),
    st.sampled_from(("", "Acme Tools")),
)
accounts = st.builds(
    account,
    st.sampled_from("12"),
    st.sampled_from(("Acme Tools", "Borealis Mills")),
    st.sampled_from(("", "acme.example")),
)
identities = st.sampled_from(("x:handle:asha", "x:id:1", "github:handle:asha-r", "web:url:https://asha.example/"))
records = numbers.map(con)
ids = st.sampled_from("123456")
decisions = st.one_of(
    st.builds(
        lambda n, verb, left, right, at: decision(n, verb, left, right, at=at),
        ids,
        st.sampled_from(("same", "not the same", "unsure")),
        identities,
        st.one_of(records, st.just(acc("1"))),
        times,
    ),
    st.builds(
        lambda n, verb, left, right, at: decision(n, verb, left, right, at=at),
        ids,
        st.sampled_from(("same", "same", "not the same")),
        records,
        records,
        times,
    ),
    st.builds(lambda n, left, at: decision(n, "lock", left, at=at), ids, records, times),
    st.builds(
        lambda n, value, at: decision(n, "policy", "policy", "across networks", value=value, at=at),
        ids,
        st.sampled_from(("on", "off")),
        times,
    ),
    st.builds(lambda n, left, at: decision(n, "withdraw", f"dec_{left}", at=at), ids, ids, times),
)
facts = st.builds(
    lambda data, version, verb: fact(data, version=version, verb=verb),
    st.one_of(posts, posts, posts, contacts, accounts, decisions),
    st.integers(1, 2),
    st.sampled_from(("Create", "Create", "Update", "Delete")),
)


def outcome(all_: list[ProducerRecord], batch: int) -> tuple[dict[str, Any], dict[str, Any]]:
    with world(batch=batch) as one:
        one.run(*all_)
        return one.documents(), {key: event.data for key, event in one.events("watch").items()}


VERIFIED = (ProfileLink(url="https://asha.example", verified=True),)
SHOWN = [
    fact(contact("1", "Asha Rao", handles={"x": "asha"})),
    fact(post("1", Actor(platform="x", preferred_username="asha", links=VERIFIED), NOW)),
]


@pytest.mark.parametrize(
    "late",
    [
        contact("2", "Ben Stone", urls=("https://asha.example",)),
        decision("1", "policy", "policy", "across networks", value="off"),
        decision("1", "not the same", "web:url:https://asha.example/", con("1")),
        decision("1", "lock", con("1")),
        account("1", "Asha Works", "asha.example"),
    ],
)
def test_what_nobody_posted_from_leaves_the_map_when_it_is_no_more_theirs(late: Any) -> None:
    records = [*SHOWN, fact(late)]
    assert outcome(records, 100) == outcome(records, 1) == outcome(records[::-1], 1)


def test_what_was_refused_for_one_record_of_a_person_is_on_the_map_of_the_other_again_once_they_are_apart() -> None:
    records = [
        *SHOWN,
        fact(contact("2", "Ben Stone")),
        fact(decision("1", "same", con("1"), con("2"))),
        fact(decision("2", "not the same", "x:handle:asha", con("2"))),
        fact(decision("1", "same", con("2"), con("3")), version=2),
    ]
    assert outcome(records, 1) == outcome(records, 100)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(facts, min_size=2, max_size=20), st.randoms(use_true_random=False), st.integers(1, 6))
def test_facts_shuffled_and_repeated_leave_equal_documents(
    given_: list[ProducerRecord], rng: random.Random, batch: int
) -> None:
    again = [*given_, *rng.sample(given_, len(given_) // 2)]
    rng.shuffle(again)
    assert outcome(given_, 100) == outcome(again, batch)
