"""One active matcher and its standbys: whoever takes over publishes what the one before would have published."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.errors import EngineError, TransientError
from overheard.log.base import ProducerRecord
from overheard.log.deadletters import list_letters
from overheard.log.embedded import now_ms
from overheard.matcher.ledger.ledger import EPOCH
from overheard.records import incident_id
from tests.matcher import test_order
from tests.matcher.members import Group, KilledError, Member, published
from tests.matcher.worlds import acc, account, con, contact, decision, fact, men, mention

ASHA = contact("1", "Asha Rao", organisation="Acme Tools", handles={"reddit": "asha"})
POSTS = [fact(mention(str(i), "I met Asha Rao", "asha" if i % 2 else "zed")) for i in range(12)]
STEPS = (
    "before beginning",
    "begun",
    "before the ledger",
    "after the ledger",
    "settling",
    "before appending",
    "in the middle of appending",
    "appended",
    "before committing",
    "committed",
)


def clean(records: Sequence[ProducerRecord], ends: Sequence[int]) -> tuple[Any, dict[str, int]]:
    """What one owner publishes that is never disturbed, where its batches end at `ends`; and the group's fates."""
    with tempfile.TemporaryDirectory() as path, Group(Path(path), "o") as group:
        (one,) = group.members
        group.servers.log.append(records)
        at = 1
        for end in sorted(set(ends)):
            one.run(batch=end - at, batches=1)
            at = end
        assert group.servers.ends == sorted(set(ends))
        return published(group.servers.log), dict(group.servers.log.checkpoint("match", "facts").fates)


def versions(found: dict[tuple[str, str], list[tuple[int, bytes]]]) -> dict[tuple[str, str], dict[int, bytes]]:
    """The one value of each version; fails where a version was published with two."""
    for place, values in found.items():
        assert len(set(values)) == len({version for version, _ in values}), place
    return {place: dict(values) for place, values in found.items()}


def check_equal_to_a_clean_run(group: Group, records: Sequence[ProducerRecord]) -> None:
    expected, fates = clean(records, group.servers.ends)
    assert versions(published(group.servers.log)) == versions(expected)
    assert dict(group.servers.log.checkpoint("match", "facts").fates) == fates
    assert sum(fates.values()) == len(records)
    for member in group.members:
        member.at = lambda _: None
        member.follow()
        assert member.ledger.outbox(10) == (0, [])
        assert (member.ledger.position(), member.ledger.unsettled()) == (len(records) + 1, 0)
    first = group.members[0].hashes()
    assert all(member.hashes() == first for member in group.members)


def dying_at(step: str, times: int = 1) -> Callable[[str], None]:
    left = times

    def at(here: str) -> None:
        nonlocal left
        left -= here == step
        if left == 0 and here == step:
            raise KilledError

    return at


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("comes_back", [False, True])
def test_an_owner_killed_at_any_step_is_taken_over_with_the_same_documents(
    step: str, comes_back: bool, tmp_path: Path
) -> None:
    records = [*POSTS[:6], fact(ASHA), *POSTS[6:], fact(ASHA, version=2, verb="Delete"), fact(ASHA, version=3)]
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append(records)
        standby.follow()
        owner.at = dying_at(step, 2)
        with pytest.raises(KilledError):
            owner.run(batch=5)
        owner.at = lambda _: None
        owner.restart()
        taker = owner if comes_back else standby
        taker.run(batch=4)
        assert group.servers.ends[-1] == len(records) + 1
        check_equal_to_a_clean_run(group, records)


@pytest.mark.parametrize("step", [None, *STEPS])
def test_an_owner_of_a_newer_epoch_publishes_every_document_anew_whoever_dies_meanwhile(
    step: str | None, tmp_path: Path
) -> None:
    records = [*POSTS, fact(ASHA), fact(contact("2", "Bo Li")), fact(contact("2", "Bo Li"), version=2, verb="Delete")]
    with Group(tmp_path, "ab") as group:
        group.servers.log.append(records)
        for member in group.members:
            member.announcing = True
            member.run(batch=5)
        before = versions(published(group.servers.log))
        group.servers.log.append([fact(mention("late", "Asha Rao", "asha"))])
        for member in group.members:
            member.epoch = EPOCH + 1
            member.restart()
        owner, standby = group.members
        if step is not None:
            owner.at = dying_at(step)
            with pytest.raises(KilledError):
                owner.run(batch=5)
            owner.at = lambda _: None
            owner.restart()
        standby.run(batch=5)
        owner.follow()
        after = versions(published(group.servers.log))
        standing = {place for place, found in before.items() if place[0] == "documents" and found[max(found)]}
        assert {max(after[place]) >> 48 for place in standing} == {EPOCH + 1}
        assert {max(found) >> 48 for place, found in before.items() if place[0] == "documents"} == {EPOCH}
        assert owner.hashes() == standby.hashes()
        ends = {place: max(found) for place, found in after.items()}
        for member in (owner, standby):  # it is said once
            member.restart()
            member.run()
        assert {place: max(found) for place, found in versions(published(group.servers.log)).items()} == ends


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("given_back", [False, True])
def test_an_owner_paused_at_any_step_while_another_goes_on_publishes_nothing_else(
    step: str, given_back: bool, tmp_path: Path
) -> None:
    records = [*POSTS[:6], fact(ASHA), *POSTS[6:], fact(ASHA, version=2, verb="Delete"), fact(ASHA, version=3)]
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append(records)

        def pause(here: str) -> None:
            if here == step and group.servers.ends:
                owner.at = lambda _: None
                standby.run(batch=3, batches=2)
                if given_back:
                    group.servers.give("a")

        owner.at = pause
        owner.run(batch=4)
        standby.run(batch=5)
        check_equal_to_a_clean_run(group, records)
        # In order, too: but for what the owner had just been about to hand over, nothing old comes after what is newer.
        if step not in ("before appending", "in the middle of appending"):
            for place, values in published(group.servers.log).items():
                assert [version for version, _ in values] == sorted(version for version, _ in values), place


steps = st.sampled_from(STEPS)
faults = st.lists(st.tuples(steps, st.integers(1, 3), st.sampled_from(("kill", "pause", "transient"))), max_size=3)
turns = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 7), faults), max_size=6)
bad = st.just(ProducerRecord("facts", "bad", b"{"))
tombstones = st.sampled_from((con("1"), acc("1"), con("2"))).map(lambda key: ProducerRecord("facts", key, None))
changes = st.one_of(
    st.tuples(
        st.one_of(
            test_order.contacts,
            test_order.mentions,
            test_order.mentions,
            test_order.decisions,
            test_order.decisions,
            test_order.accounts,
            test_order.holdings,
        ),
        st.sampled_from(("Create", "Update", "Update", "Delete")),
    ),
    bad,
    tombstones,
)


def _records(made: Sequence[Any]) -> list[ProducerRecord]:
    # Each newer than the ones before, so that contents go back and forth.
    return [
        one if isinstance(one, ProducerRecord) else fact(one[0], version=version, verb=one[1])
        for version, one in enumerate(made)
    ]


class _Chaos:
    """Does to a member what its plan says: at the n-th time that it comes to a step."""

    def __init__(self, group: Group, member: Member, plan: Sequence[tuple[str, int, str]]) -> None:
        self._group = group
        self._member = member
        self._plan = plan
        self._times: Counter[str] = Counter()

    def __call__(self, here: str) -> None:
        self._times[here] += 1
        for step, times, what in self._plan:
            if (step, times) == (here, self._times[here]):
                self._do(what)

    def _do(self, what: str) -> None:
        if what == "kill":
            raise KilledError
        if what == "transient":
            msg = "away for a moment"
            raise TransientError(msg)
        before = self._member.at
        others = [one for one in self._group.members if one is not self._member]
        self._member.at = lambda _: None
        others[0].run(batch=2, batches=1)
        self._member.at = before
        if len(self._plan) % 2:
            self._group.servers.give(self._member.name)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(changes, min_size=3, max_size=20), turns)
def test_whoever_owns_is_killed_or_paused_the_versions_are_those_of_one_undisturbed_owner(
    made: list[Any], schedule: list[tuple[str, int, int, list[tuple[str, int, str]]]]
) -> None:
    records = _records(made)
    with tempfile.TemporaryDirectory() as path, Group(Path(path)) as group:
        members = {member.name: member for member in group.members}
        group.servers.log.append(records)
        for name, batch, batches, plan in schedule:
            member = members[name]
            member.at = _Chaos(group, member, plan)
            try:
                member.run(batch=batch, batches=batches)
            except KilledError:
                member.restart()
            member.at = lambda _: None
        group.members[0].run(batch=4)
        check_equal_to_a_clean_run(group, records)


@pytest.mark.parametrize("step", ["begun", "after the ledger", "settling", "in the middle of appending"])
def test_who_takes_over_amid_merges_and_events_publishes_the_same_versions_of_them(step: str, tmp_path: Path) -> None:
    text = "the new lathe of Borealis broke down twice in its first week, says Ben Stone of Pune"
    records = [
        fact(ASHA),
        fact(contact("2", "Asha Rao", place="Pune")),
        *POSTS[:3],
        *(fact(mention(f"n{i}", f"{text} {i}", "asha", in_reply_to="0" if i % 2 else "")) for i in range(4)),
        fact(decision("1", "same", con("1"), con("2"))),
        fact(decision("2", "not the same", men("n0"), men("n2"))),
        *POSTS[3:5],
        fact(decision("3", "same", men("1"), men("2"))),
        fact(decision("4", "withdraw", "dec_1")),
        fact(decision("5", "withdraw", "dec_2")),
        *POSTS[5:7],
    ]
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append(records)
        standby.follow()
        for member, times in ((owner, 2), (standby, 1)):
            member.at = dying_at(step, times)
            with pytest.raises(KilledError):
                member.run(batch=3)
            member.at = lambda _: None
            member.restart()
        owner.run(batch=4)
        found = published(group.servers.log)
        told = [value for _, value in found["changes", max(con("1"), con("2"))]]
        assert [any(what in value for value in told) for what in (b'"merged"', b'"split"')] == [True, True]
        assert any(b'"event":"inc_' in value for values in found.values() for _, value in values)
        check_equal_to_a_clean_run(group, records)


def test_a_document_is_created_once_then_updated_and_created_again_after_it_was_deleted(tmp_path: Path) -> None:
    with Group(tmp_path, "a") as group:
        (one,) = group.members
        said = mention("1", "hello", "asha")
        for record in (
            fact(said),
            fact(ASHA),
            fact(said, version=2, verb="Delete"),
            fact(said, version=3),
        ):
            group.servers.log.append([record])
            one.run()
        verbs = {
            place[1]: [value.split(b'"verb":"')[1].split(b'"')[0] for _, value in values]
            for place, values in published(group.servers.log).items()
            if place[0] == "documents"
        }
        incident = next(id_ for id_ in verbs if id_.startswith("inc_"))
        assert verbs[incident] == [b"Create", b"Update", b"Delete", b"Create"]
        assert verbs[con("1")][0] == b"Create"
        assert set(verbs[con("1")][1:]) == {b"Update"}


def test_a_follower_publishes_nothing_and_counts_nothing_for_the_group(tmp_path: Path) -> None:
    records = [*POSTS, fact(ASHA), fact(account("1", "Acme Tools")), ProducerRecord("facts", "bad", b"{")]
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append(records)
        assert standby.follow() == 0  # nobody has published anything yet
        owner.run(batch=4)
        before = {topic: group.servers.log.span(topic, 0) for topic in ("changes", "watch", "dead-letters")}
        assert standby.follow() == len(records) + 1
        assert {topic: group.servers.log.span(topic, 0) for topic in before} == before
        assert standby.hashes() == owner.hashes()
        assert standby.ledger.outbox(10) == (0, [])
        assert len(list_letters(group.servers.log)) == 1
        assert standby.followed[-1].position == standby.followed[-1].end == len(records) + 1


def test_a_follower_that_is_told_how_far_to_go_waits_for_no_busy_owner_to_rest(tmp_path: Path) -> None:
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append([fact(ASHA), *POSTS[:3]])
        owner.run()
        end = group.servers.log.checkpoint("match", "facts").positions[0]
        posts = iter(POSTS[3:])
        looks = 0

        def busy(event: str) -> None:
            nonlocal looks
            if event == "looking":
                looks += 1
                group.servers.log.append([next(posts)])
                owner.run()

        standby.at = busy
        assert standby.follow(until=end) >= end
        assert looks < 4


def test_the_fates_of_a_batch_that_its_owner_died_in_are_counted_when_it_comes_back(tmp_path: Path) -> None:
    with Group(tmp_path, "a") as group:
        (one,) = group.members
        group.servers.log.append([fact(ASHA), *POSTS])
        one.at = dying_at("after the ledger")
        with pytest.raises(KilledError):
            one.run()
        assert group.servers.log.checkpoint("match", "facts").fates == {}
        one.at = lambda _: None
        one.restart()
        one.run()
        assert group.servers.log.checkpoint("match", "facts").fates == {"applied": 1, "linked": 6, "candidate": 6}


@pytest.mark.parametrize(("hours", "forgets"), [(23, False), (25, True)])
def test_a_ledger_that_was_away_for_a_day_begins_anew_so_that_nothing_deleted_lives_on_in_it(
    hours: int, forgets: bool, tmp_path: Path
) -> None:
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append([fact(ASHA), *POSTS])
        owner.run()
        standby.follow()
        # The contact goes without a trace, and compaction takes both it and the tombstone while the standby is away.
        group.servers.log.append([ProducerRecord("facts", con("1"), None)])
        owner.run()
        group.servers.log.append([fact(account("1", "Acme Tools"))])
        owner.run()
        assert group.servers.log.maintain(now_ms() + 48 * 3_600_000)["facts"] == 2
        standby.restart()
        standby.now += timedelta(hours=hours)
        standby.follow()
        assert (con("1") in standby.ledger.directory.contacts) == (not forgets)
        assert (standby.hashes() == owner.hashes()) == forgets
        standby.restart()
        assert (con("1") in standby.ledger.directory.contacts) == (not forgets)


def test_a_ledger_that_begins_anew_knows_what_posts_said_before_compaction_took_it(tmp_path: Path) -> None:
    first, second, third = (mention("edited", text, "asha") for text in ("first", "second", "third"))
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append([fact(ASHA), fact(first), fact(second, version=2, verb="Update")])
        owner.run()
        assert group.servers.log.maintain(now_ms() + 48 * 3_600_000)["facts"] == 1
        standby.follow()
        assert standby.hashes() == owner.hashes()
        group.servers.log.append([fact(third, version=3, verb="Update")])
        standby.run()
        owner.follow()
        assert standby.hashes() == owner.hashes()
        (*_, (_, newest)) = published(group.servers.log)["documents", incident_id(men("edited"))]
        assert [version["revision"] for version in json.loads(newest)["data"]["versions"]] == [1, 2]


def test_a_group_that_lost_its_place_goes_on_where_the_ledger_is(tmp_path: Path) -> None:
    with Group(tmp_path / "old", "a") as group, Group(tmp_path / "new", "") as anew:
        (one,) = group.members
        for servers in (group.servers, anew.servers):
            servers.log.append(POSTS)
        one.run()
        one.servers = anew.servers
        one.run()
        assert anew.servers.log.checkpoint("match", "facts").positions == {0: len(POSTS) + 1}
        assert published(anew.servers.log) == {}


def test_a_ledger_beyond_the_end_of_the_facts_is_refused_in_plain_words(tmp_path: Path) -> None:
    with Group(tmp_path / "old", "a") as group, Group(tmp_path / "new", "") as anew:
        (one,) = group.members
        group.servers.log.append(POSTS)
        one.run()
        one.servers = anew.servers
        anew.servers.log.append(POSTS[:3])
        with pytest.raises(EngineError, match=r"facts to reach to offset 13, .* it ends at 4\. It was made anew"):
            one.run()
        with pytest.raises(EngineError, match="made anew"):
            one.follow()


def test_a_standby_that_is_given_the_facts_goes_on_at_once(tmp_path: Path) -> None:
    with Group(tmp_path, "ab") as group:
        owner, standby = group.members
        group.servers.log.append(POSTS)
        owner.run(batch=5)
        assert standby.stand_by().fates == {}
        group.servers.log.append([fact(ASHA), fact(decision("1", "not about us", POSTS[0].key))])
        assert standby.run().fates == {"applied": 2}
        assert owner.stand_by().fates == {}
        check_equal_to_a_clean_run(group, [*POSTS, fact(ASHA), fact(decision("1", "not about us", POSTS[0].key))])
