"""What profiles showed: kept with the mentions that show it, the same in any order and however it is cut."""

import random
import sqlite3
from collections.abc import Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.matcher.ledger.observed import ACCOUNT, ADDRESS, LINK, SCHEMA, VERIFIED, Observed, Sight, shown_by
from overheard.records import Actor, Mention, ProfileLink
from tests.matcher.worlds import NOW

KEYS = (
    "x:handle:a", "x:handle:b", "x:id:1", "x:id:2", "github:handle:a", "web:url:https://a.example/",
    "email:email:a@b.example",
)  # fmt: skip
ACTORS = st.builds(
    Actor,
    platform=st.sampled_from(("x", "github")),
    preferred_username=st.sampled_from(("a", "b")),
    native_id=st.sampled_from(("", "1", "2")),
    email=st.sampled_from(("", "a@b.example")),
    email_verified=st.booleans(),
    links=st.lists(
        st.builds(
            ProfileLink,
            url=st.sampled_from(("https://x.com/a", "https://github.com/a", "https://a.example")),
            verified=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)
POSTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5), ACTORS), max_size=8)


def store() -> tuple[sqlite3.Connection, Observed]:
    connection = sqlite3.connect(":memory:")
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    return connection, Observed(connection)


def said(actor: Actor) -> Mention:
    return Mention(id="m", platform=actor.platform, source="s", content="x", first_seen=NOW, attributed_to=actor)


def seen(observed: Observed) -> list[object]:
    return [(key, sorted(observed.sights(key)), observed.hull((key,))) for key in KEYS]


def after(posts: Iterable[tuple[int, int, Actor]], *, writes: Sequence[int] = ()) -> list[object]:
    connection, observed = store()
    for i, (num, at, actor) in enumerate(posts):
        observed.put(num, said(actor), at)
        if i in writes:
            observed.write(connection)
            observed.forget()
    found = seen(observed)
    connection.close()
    return found


def unique(posts: Iterable[tuple[int, int, Actor]]) -> list[tuple[int, int, Actor]]:
    """One post for each number, as the ledger has them."""
    return list({num: (num, at, actor) for num, at, actor in posts}.values())


@settings(max_examples=60, deadline=None)
@given(POSTS, st.lists(st.integers(0, 8)), st.randoms(use_true_random=False))
def test_any_order_and_any_cut_show_the_same(
    posts: list[tuple[int, int, Actor]], writes: list[int], rng: random.Random
) -> None:
    once = unique(posts)
    assert after(rng.sample(once, len(once)), writes=writes) == after(once)


@settings(max_examples=60, deadline=None)
@given(POSTS, POSTS, st.booleans(), st.booleans())
def test_what_is_taken_away_leaves_nothing(
    kept: list[tuple[int, int, Actor]], gone: list[tuple[int, int, Actor]], between: bool, before: bool
) -> None:
    connection, observed = store()
    stays = unique(kept)
    goes = unique((num + 10, at, actor) for num, at, actor in gone)
    for num, at, actor in (*stays, *goes):
        observed.put(num, said(actor), at)
    if between:
        observed.write(connection)
        observed.forget()
        seen(observed)
    for num, at, actor in goes:
        observed.take(num, said(actor), at)
    if before:
        observed.write(connection)
        observed.forget()
    assert seen(observed) == after(stays)
    if before and not stays:
        assert connection.execute("SELECT * FROM ledger_observed_in").fetchall() == []
    connection.close()


@settings(max_examples=80, deadline=None)
@given(POSTS, POSTS)
def test_every_key_whose_hull_changes_is_told(
    first: list[tuple[int, int, Actor]], then: list[tuple[int, int, Actor]]
) -> None:
    connection, observed = store()
    for num, at, actor in unique(first):
        observed.put(num, said(actor), at)
    observed.write(connection)
    observed.forget()
    before = {key: observed.hull((key,)) for key in KEYS}
    for num, at, actor in unique((num + 10, at, actor) for num, at, actor in then):
        observed.put(num, said(actor), at)
    changed = observed.changed()
    assert {key for key in KEYS if observed.hull((key,)) != before[key]} <= changed
    observed.forget()
    assert {key: observed.hull((key,)) for key in KEYS} == before
    connection.close()


def test_one_mention_more_of_the_same_changes_nothing() -> None:
    connection, observed = store()
    actor = Actor(platform="x", preferred_username="a", native_id="1")
    observed.put(1, said(actor), 5)
    assert observed.changed() == {"x:handle:a", "x:id:1"}
    observed.write(connection)
    observed.forget()
    observed.put(2, said(actor), 9)
    observed.put(3, said(actor), 1)
    assert observed.changed() == frozenset()
    observed.write(connection)
    observed.forget()
    assert [sight.first for sight in observed.sights("x:id:1")] == [1]
    connection.close()


def test_what_a_profile_shows() -> None:
    actor = Actor(
        platform="x",
        preferred_username="@Asha",
        native_id="7",
        email="Asha@Rao.example",
        email_verified=True,
        links=(
            ProfileLink(url="https://asha.example", verified=True),
            ProfileLink(url="https://github.com/asha-r"),
            ProfileLink(url="https://x.com/asha"),
        ),
    )
    x = "x:handle:asha"
    assert {tuple(one) for one in shown_by(actor)} == {
        (x, "x:id:7", ACCOUNT, ""),
        (x, "web:url:https://asha.example/", VERIFIED, "x:id:7"),
        (x, "github:handle:asha-r", LINK, "x:id:7"),
        (x, "email:email:asha@rao.example", ADDRESS, "x:id:7"),
    }


def test_placeholders_show_nothing() -> None:
    link = (ProfileLink(url="https://asha.example", verified=True),)
    assert shown_by(Actor(platform="reddit", preferred_username="[deleted]", links=link)) == ()
    boss = Actor(platform="x", preferred_username="a", email="info@acme.example", email_verified=True)
    assert shown_by(boss) == ()
    assert shown_by(Actor(platform="x", name="Asha Rao")) == ()


def test_a_link_leads_to_a_hull_only_where_one_leads_back() -> None:
    _, observed = store()
    observed.put(
        1, said(Actor(platform="x", preferred_username="a", links=(ProfileLink(url="https://github.com/a"),))), 1
    )
    assert observed.hull(("x:handle:a",)) == {"x:handle:a"}
    observed.put(
        2, said(Actor(platform="github", preferred_username="a", links=(ProfileLink(url="https://x.com/a"),))), 1
    )
    assert observed.hull(("x:handle:a",)) == {"x:handle:a", "github:handle:a"}
    assert Sight("x:handle:a", "github:handle:a", LINK, "", 1) in observed.sights("x:handle:a")
