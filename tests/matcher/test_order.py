"""Links are a function of the sets of mentions, contacts, accounts and decisions, not of how they came."""

import random
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.log.base import ProducerRecord
from overheard.records import ProfileLink
from tests.matcher.worlds import (
    NOW,
    acc,
    account,
    con,
    contact,
    decision,
    fact,
    holding,
    men,
    mention,
    purchase,
    suppression,
    world,
)

HANDLES = ("asha", "ben", "[deleted]", "noreply", "asha-rao")
NAMES = ("Asha Rao", "Asha M. Rao", "Ben Stone", "Asha Rao-Iyer", "Usha Hartwick", "Usha Hartwcik", "")
FIRMS = ("Acme Tools", "Acme Tools Ltd", "Borealis", "")
TEXTS = (
    "Asha Rao of Acme Tools said so",
    "asha rao and Ben Stone met. Borealis won",
    "Asha M. Rao, Pune: acme tools",
    "Asha Rao-Iyer at Borealis",
    "nothing here",
    "Ben Stone Jr. bought a lathe",
    "the new lathe of Borealis broke down twice in its first week, says Ben Stone of Pune",
    "the new lathe of Borealis broke down twice in its first week, says Ben Stone of Delhi",
    "the new lathe of Borealis broke down twice in its first week, said Ben Stone of Pune to Asha Rao",
    "Ben Stone runs a BorealMill 300, and so does Ms. Rao",
    "A. Rao, buyer at Acme Tools, met B. Stone. She left",
    "Asha Rao of Borealis, formerly at Acme Tools",
    "Usha Hartwcik, buyer at Acme Tools, and of Borealis",
)
# Who they are, as their platform tells it: native ids (a handle that changed, one that another took over), links of
# profiles there and back, verified addresses, names and bios.
PROFILES: tuple[dict[str, Any], ...] = (
    {},
    {"native_id": "1"},
    {"native_id": "2"},
    {"name": "Asha Rao", "summary": "Buyer at Acme Tools, Pune"},
    {"links": (ProfileLink(url="https://rao.example/"),)},
    {"links": (ProfileLink(url="https://social.example/@asha", verified=True),)},
    {"email": "a@acme.example", "email_verified": True},
    {"url": "https://social.example/@asha", "links": (ProfileLink(url="https://reddit.com/user/zed"),)},
    {"links": (ProfileLink(url="https://social.example/@asha"),)},
    {"name": "Asha Rao", "email": "a@acme.example"},
    {
        "name": "A. Rao",
        "summary": "ex-Acme Tools, now at Borealis",
        "links": (ProfileLink(url="https://acme.example"),),
    },
    {"name": "Ben Stone", "summary": "Borealis", "email": "a@gmail.com"},
)
LINKS = ((), ("https://acme.example/about",), ("https://rao.example/",))

numbers = st.sampled_from(("1", "2", "3"))
versions = st.integers(1, 3)
times = st.integers(0, 3).map(lambda hours: NOW - timedelta(hours=hours))

contacts = st.builds(
    lambda number, name, handle, other, firm, mail, site: contact(
        number,
        name,
        handles={platform: one for platform, one in (("reddit", handle), ("github", other)) if one},
        organisation=firm,
        title="Buyer",
        place="Pune",
        emails=(mail,) if mail else (),
        urls=(site,) if site else (),
        phones=("+912227654321",) if handle else (),
    ),
    numbers,
    st.sampled_from(NAMES),
    st.sampled_from((*HANDLES, "")),
    st.sampled_from(("asharao", "asha.rao", "", "")),
    st.sampled_from(FIRMS),
    st.sampled_from(("a@acme.example", "a@gmail.com", "")),
    st.sampled_from(("https://rao.example", "")),
)
accounts = st.builds(
    account, numbers, st.sampled_from(FIRMS), st.sampled_from(("acme.example", "borealis.example", ""))
)
mentions = st.builds(
    lambda number, text, author, profile, links, published, seen, model, answers: mention(
        number,
        text,
        author,
        profile=profile,
        links=links,
        hits=[word for word in ("Acme", "lathe") if word in text],
        published=published,
        first_seen=seen,
        model_version=model,
        in_reply_to=answers,
    ),
    st.sampled_from(("1", "2", "3")),
    st.sampled_from(TEXTS),
    st.sampled_from((*HANDLES, "", "zed")),
    st.sampled_from(PROFILES),
    st.sampled_from(LINKS),
    st.one_of(st.none(), times),
    times,
    st.integers(1, 2),
    st.sampled_from(("", "", "1", "3")),
)
lefts = st.sampled_from(("reddit:handle:asha", "reddit:handle:ben", "reddit:handle:zed", men("1"), men("2")))
records = st.sampled_from((con("1"), con("2"), con("3"), acc("1"), acc("2")))
workflows = st.sampled_from(
    (
        ("status", "status", "answered"),
        ("assign", "assign", "ravi"),
        ("note", "1", "called back"),
        ("tag", "tag/x", "on"),
    )
)
decisions = st.one_of(
    st.builds(
        lambda number, verb, left, right, at: decision(number, verb, left, right, at=at),
        st.sampled_from(("6", "7", "8")),
        st.sampled_from(("same", "same", "not the same", "unsure")),
        records,
        records,
        times,
    ),
    st.builds(
        lambda number, verb, left, right, at: decision(number, verb, left, right, at=at),
        st.sampled_from(("8", "9")),
        st.sampled_from(("same", "not the same")),
        st.sampled_from((men("1"), men("2"))),
        st.sampled_from((men("2"), men("3"))),
        times,
    ),
    st.builds(
        lambda number, what, left, at: decision(number, what[0], left, what[1], value=what[2], at=at),
        st.sampled_from(("10", "11")),
        workflows,
        st.sampled_from((men("1"), men("2"))),
        times,
    ),
    st.builds(lambda left, at: decision("12", "lock", left, at=at), records, times),
    st.builds(
        lambda value, at: decision("13", "policy", "policy", "across networks", value=value, at=at),
        st.sampled_from(("on", "off")),
        times,
    ),
    st.builds(
        lambda number, verb, left, right, at: decision(number, verb, left, right, at=at),
        st.sampled_from(("1", "2", "3")),
        st.sampled_from(("same", "not the same")),
        lefts,
        st.sampled_from((con("1"), con("2"), acc("1"))),
        times,
    ),
    st.builds(
        lambda n, left, at: decision(n, "not about us", left, at=at), numbers, st.sampled_from((men("1"),)), times
    ),
    st.builds(
        lambda n, left, at: decision(n, "withdraw", f"dec_{left}", at=at),
        st.sampled_from(("4", "5")),
        st.sampled_from(("1", "2", "3", "4", "5", "6", "8", "9", "13")),
        times,
    ),
)
days = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 1, 3)))
holdings = st.builds(
    lambda number, of, since: holding(number, acc(of), since=since), st.sampled_from(("1", "2", "3")), numbers, days
)
purchases = st.builds(
    lambda number, of, who, amount, at: purchase(number, account=of, contact=who, amount=amount, currency="INR", at=at),
    st.sampled_from(("1", "2", "3")),
    st.sampled_from((acc("1"), acc("2"), "")),
    st.sampled_from((con("1"), con("2"), "")),
    st.sampled_from(("", "100", "0.1", "0.2", "-3.25")),
    days,
)
ERASED = (
    "reddit:handle:asha",
    "reddit:id:1",
    "email:email:a@acme.example",
    "web:url:https://rao.example/",
    con("1"),
    con("2"),
    men("1"),
)
# Nobody takes one back: what it emptied is gone.
suppressions = st.sampled_from(ERASED).map(suppression)
revisions = st.builds(
    lambda data, version, verb, cause: fact(data, version=version, verb=verb, cause=cause),
    st.one_of(contacts, contacts, accounts, mentions, mentions, mentions, decisions, holdings, purchases),
    versions,
    st.sampled_from(("Create", "Update", "Update", "Delete")),
    st.sampled_from(("live", "live", "re-match")),
)
facts = st.integers(0, 24).flatmap(lambda n: revisions if n else suppressions)


def outcome(records: list[ProducerRecord], batch: int) -> tuple[dict[str, Any], dict[str, Any]]:
    with world(batch=batch) as one:
        one.run(*records)
        watch = {key: event.data for key, event in one.events("watch").items()}
        return one.documents(), watch


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(facts, min_size=2, max_size=25), st.randoms(use_true_random=False), st.integers(1, 6))
def test_facts_shuffled_repeated_and_late_leave_equal_documents(
    records: list[ProducerRecord], rng: random.Random, batch: int
) -> None:
    again = [*records, *rng.sample(records, len(records) // 2)]
    rng.shuffle(again)
    assert outcome(records, 100) == outcome(again, batch)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(facts, min_size=2, max_size=20), st.integers(1, 19))
def test_a_matcher_that_starts_anew_in_the_middle_leaves_equal_documents(
    records: list[ProducerRecord], cut: int
) -> None:
    with world(batch=3) as one:
        one.run(*records[:cut])
        one.reopen()
        one.run(*records[cut:])
        documents = one.documents()
    assert documents == outcome(records, 100)[0]
