"""The policy of a source: never looser than its kind's, idempotent, and its cuts are visible and whole."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from overheard.policy import (
    OPEN,
    PARTS,
    SNIPPET,
    SNIPPETS,
    PolicyTable,
    applied,
    cut,
    exported,
    in_force,
    in_words,
    is_past,
    looser,
    stricter,
)
from overheard.records import (
    Actor,
    DeadLetter,
    Delivery,
    DeliveryItem,
    EnrichedMention,
    Fetch,
    Incident,
    IncidentSummary,
    Mention,
    Policy,
    Profile,
    encode,
    event_for,
)
from overheard.records.base import Record
from tests import strategies

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "zq-secret-zq"
_STRICT = {"all": 0, "link": 1, "nothing": 2}
# What breaks naive cuts: families, flags, marks on marks, Hangul, halves of nothing.
_HARD = st.lists(
    st.sampled_from(
        ["👩\u200d👩\u200d👧", "🇮🇳", "e\u0301", "क्षि", "각", "word ", "End. ", "文。", "👍🏽", "\u0600", "\n"]
    )
    | st.characters(exclude_categories=("Cs", "Cc")),
    max_size=60,
).map("".join)
_TABLES = st.builds(
    PolicyTable,
    without=st.none() | st.lists(st.sampled_from(PARTS), max_size=4, unique=True).map(tuple),
    text=st.none() | st.integers(1, 200),
    retention=st.none() | st.integers(1, 900),
    export=st.none() | st.sampled_from(["all", "link", "nothing"]),
)


def post(**given: object) -> Mention:
    fields: dict[str, object] = {
        "id": "men_a",
        "platform": "forum",
        "native_id": "7",
        "source": "forum",
        "name": "On lathes",
        "content": f"It holds. {SECRET} and more.",
        "url": "https://forum.example/7",
        "published": NOW - timedelta(days=3),
        "first_seen": NOW,
        "tag": ("lathe",),
        "links": ("https://a.example/",),
        "likes": 3,
        "attributed_to": Actor(
            platform="forum",
            preferred_username="ann",
            native_id="u7",
            name="Ann Lee",
            url="https://forum.example/ann",
            email="ann@a.example",
            email_verified=True,
            summary="turns things",
        ),
    }
    return Mention(**(fields | given))  # type: ignore[arg-type]


# --- cuts ------------------------------------------------------------------------------------------------------------


@given(_HARD, st.integers(0, 80))
def test_a_cut_is_never_longer_and_never_inside_a_character_as_readers_see_it(text: str, most: int) -> None:
    short = cut(text, most)
    assert len(short) <= max(most, 0) or short == text
    assert len(short) <= len(text)
    assert cut(short, most) == short
    if short not in (text, ""):
        assert short.endswith("…")
        kept = regex.findall(r"\X", short.removesuffix("…").rstrip())
        assert kept == regex.findall(r"\X", text)[: len(kept)]


def test_a_cut_ends_with_a_sentence_else_with_a_word() -> None:
    assert cut("It works. It is fine. And so on", 24) == "It works. It is fine. …"
    assert cut("A sentence that goes on for a while", 20) == "A sentence that…"
    assert cut("x" * 30, 10) == "x" * 9 + "…"
    assert cut("short", 10) == "short"


# --- which policy ----------------------------------------------------------------------------------------------------


@given(strategies.policies, _TABLES)
def test_what_an_owner_sets_is_never_looser_than_the_kind(kind: Policy, table: PolicyTable) -> None:
    policy = in_force(kind, table)
    assert set(policy.without) >= set(kind.without)
    assert kind.text is None or (policy.text is not None and policy.text <= kind.text)
    assert kind.retention is None or (policy.retention is not None and policy.retention <= kind.retention)
    assert _STRICT[policy.export] >= _STRICT[kind.export]


@given(strategies.policies, strategies.policies)
def test_the_stricter_of_two_is_as_strict_as_each(one: Policy, other: Policy) -> None:
    both = stricter(one, other)
    assert set(both.without) == set(one.without) | set(other.without)
    assert stricter(both, other) == both


def test_what_would_be_looser_is_refused_in_words() -> None:
    kind = Policy(text=500, retention=30, export="link", terms="https://x.example/terms", read_on=date(2026, 11, 20))
    key, message = looser(kind, PolicyTable(retention=90)) or ("", "")
    assert key == "retention"
    assert "expected at most 30 days" in message
    assert "https://x.example/terms, read on 2026-11-20" in message
    assert "got 90" in message
    assert (looser(kind, PolicyTable(export="all")) or ("",))[0] == "export"
    assert looser(kind, PolicyTable(retention=20, export="nothing", text=500)) is None
    assert looser(OPEN, PolicyTable(retention=20)) is None


def test_of_ones_own_files_the_owners_word_holds() -> None:
    kind = Policy(retention=30, without=("raw",))
    assert in_force(kind, PolicyTable(retention=90, without=()), free=True).retention == 90
    assert in_force(kind, PolicyTable(retention=90, without=()), free=True).without == ()
    assert in_force(kind, PolicyTable(text=90), free=True).retention == 30


def test_a_policy_is_told_in_words_with_its_terms_and_the_date() -> None:
    said = in_words(
        Policy(
            without=("raw",),
            text=500,
            retention=90,
            export="link",
            terms="https://x.example/",
            read_on=date(2026, 1, 2),
        )
    )
    assert said == [
        "keeps everything but raw, of the text 500 characters, for 90 days; link and snippets may leave",
        "by https://x.example/, read on 2026-01-02",
    ]


# --- at write --------------------------------------------------------------------------------------------------------


@given(strategies.policies, strategies.mentions)
def test_what_is_written_is_cut_once_and_never_gains_anything(policy: Policy, mention: Mention) -> None:
    once = applied(policy, mention)
    assert applied(policy, once) == once
    assert len(once.text) <= len(mention.text)
    assert policy.text is None or len(once.text) <= policy.text
    for name in once.__struct_fields__:
        got = getattr(once, name)
        if name not in ("name", "content", "attributed_to"):
            assert got == getattr(mention, name) or not got
    if once.attributed_to is not None:
        assert mention.attributed_to is not None
        for name in once.attributed_to.__struct_fields__:
            assert getattr(once.attributed_to, name) in (getattr(mention.attributed_to, name), "", (), False)
    encode(event_for(once, subject=once.id, source="/x", time=NOW))  # whatever was cut can be stored


@pytest.mark.parametrize(
    ("part", "gone"),
    [
        ("title", "On lathes"),
        ("text", SECRET),
        ("tags", "lathe"),
        ("author", "Ann Lee"),
        ("author_handle", '"ann"'),
        ("author_id", "u7"),
        ("author_name", "Ann Lee"),
        ("author_url", "forum.example/ann"),
        ("author_email", "ann@a.example"),
        ("author_bio", "turns things"),
    ],
)
def test_each_part_can_be_left_out(part: str, gone: str) -> None:
    left = applied(msgspec.convert({"without": [part]}, Policy), post(name="" if part == "tags" else "On lathes"))
    assert gone.encode() not in msgspec.json.encode(left)
    assert left.url == "https://forum.example/7"
    if part == "author_email":
        assert left.attributed_to is not None
        assert not left.attributed_to.email_verified


def test_an_open_policy_returns_the_very_same() -> None:
    mention = post()
    assert applied(OPEN, mention) is mention
    assert exported(mention, {"forum": OPEN}) is mention


# --- how long --------------------------------------------------------------------------------------------------------


def test_a_post_is_past_by_when_it_was_said_or_first_seen_whichever_is_earlier() -> None:
    policy = Policy(retention=2)
    assert is_past(policy, post(), NOW)
    assert not is_past(Policy(retention=3), post(), NOW)
    assert is_past(policy, post(published=None, first_seen=NOW - timedelta(days=3)), NOW)
    assert is_past(policy, post(published=NOW + timedelta(days=900), first_seen=NOW - timedelta(days=3)), NOW)
    assert not is_past(OPEN, post(published=datetime(1970, 1, 1, tzinfo=UTC)), NOW)
    assert not is_past(Policy(retention=36_500), post(), datetime(3, 1, 1, tzinfo=UTC))


# --- as it leaves ----------------------------------------------------------------------------------------------------


@given(strategies.DATA[Incident], strategies.policies)
def test_what_leaves_of_an_incident_is_said_to_be_less_and_leaves_again_the_same(
    incident: Incident, policy: Policy
) -> None:
    policies = {incident.mention.source: policy}
    once = exported(incident, policies)
    assert exported(once, policies).mention.content == once.mention.content
    assert once.id == incident.id
    assert once.mention == incident.mention or once.mention.withheld
    if policy.export == "link":
        assert once.mention.content == ""
        assert len(once.snippets) <= SNIPPETS
        assert all(len(one.exact) <= SNIPPET and not one.prefix and not one.suffix for one in once.snippets)
    if policy.export == "nothing":
        assert not once.mention.text
        assert not once.snippets
        assert once.mention.attributed_to is None


@given(st.sampled_from([EnrichedMention, Profile, Delivery, DeadLetter, Fetch]), st.data(), strategies.policies)
def test_whatever_leaves_can_be_stored_and_is_of_the_same_kind(
    kind: type[Record], data: st.DataObject, policy: Policy
) -> None:
    record = data.draw(strategies.DATA[kind])
    found = exported([{"one": record}], dict.fromkeys(("", "a", "forum"), policy))
    assert type(found[0]["one"]) is kind
    encode(event_for(found[0]["one"], subject="x", source="/x", time=NOW))


def letter(mention: Mention) -> DeadLetter:
    value = encode(event_for(mention, subject=mention.id, source="/x", time=NOW))
    return DeadLetter(
        id="x",
        stage="enrich",
        topic="mentions",
        partition=0,
        offset=1,
        key="x",
        error="E",
        message="m",
        at=NOW,
        value=value,
    )


@pytest.mark.parametrize("export", ["link", "nothing"])
def test_nothing_of_the_text_leaves_in_any_record(export: str) -> None:
    policies = {"forum": msgspec.convert({"export": export, "terms": "https://t.example/"}, Policy)}
    item = DeliveryItem(
        incident="inc_a", source="forum", said_by="Ann Lee", text="x " * 300 + SECRET, polarity="negative",
        why=("said",), page="http://here/incidents/inc_a", url="https://forum.example/7", at=NOW,
    )  # fmt: skip
    summary = IncidentSummary(
        id="inc_a", k="1", source="forum", role="author", outcome="linked", score=1.0, polarity="neutral",
        url="https://forum.example/7",
    )  # fmt: skip
    fetch = Fetch(id="f", source="forum", url="u", final_url="u", status=200, body=SECRET.encode(), at=NOW)
    found = exported({"all": [post(), item, summary, fetch, letter(post())]}, policies)["all"]
    assert SECRET.encode() not in msgspec.json.encode(found)
    left: dict[str, Any] = {type(one).__name__: one for one in found}
    assert left["Mention"].withheld.endswith("by the policy of source forum (https://t.example/)")
    assert left["DeliveryItem"].withheld
    assert left["DeadLetter"].value is None
    assert left["DeadLetter"].withheld
    assert bool(left["Mention"].url) == (export == "link")
    assert bool(left["DeliveryItem"].url) == (export == "link")
    assert left["DeliveryItem"].page == "http://here/incidents/inc_a"


def test_of_another_source_everything_leaves() -> None:
    records = [post(source="news"), letter(post(source="news"))]
    assert exported(records, {"forum": Policy(export="nothing")}) == records
