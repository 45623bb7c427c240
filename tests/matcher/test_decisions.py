"""Which decisions stand, whatever order they came in."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.identity.decisions import ACROSS_NETWORKS, Decisions
from overheard.records import Decision, DecisionVerb
from tests.matcher.worlds import NOW, decision

LATER = NOW + timedelta(hours=1)


def verb(decisions: Decisions) -> str:
    found = decisions.on("a", "b")
    return found.verb if found else ""


def made(*records: Decision) -> Decisions:
    decisions = Decisions()
    for record in records:
        decisions.put(record.id, record)
    return decisions


def test_the_newest_on_a_pair_holds_whichever_came_first() -> None:
    old, new = decision("1", "same", "a", "b"), decision("2", "not the same", "a", "b", at=LATER)
    assert verb(made(old, new)) == verb(made(new, old)) == "not the same"


def test_a_withdrawal_brings_the_older_decision_back_and_may_be_withdrawn_itself() -> None:
    old, new = decision("1", "same", "a", "b"), decision("2", "not the same", "a", "b", at=LATER)
    undo = decision("3", "withdraw", "dec_2", at=LATER)
    redo = decision("4", "withdraw", "dec_3", at=LATER)
    assert verb(made(undo, new, old)) == "same"
    assert verb(made(undo, new, old, redo)) == "not the same"


def test_withdrawals_in_a_circle_reach_nothing_and_end() -> None:
    first, second = decision("1", "withdraw", "dec_2"), decision("2", "withdraw", "dec_1")
    decisions = made(first, second, decision("3", "same", "a", "b"))
    assert verb(decisions) == "same"
    assert decisions.subject_of(first) is None


def test_a_decision_that_is_gone_leaves_no_trace() -> None:
    decisions = made(decision("1", "same", "a", "b"))
    decisions.put("dec_1", None)
    assert decisions.of("a") == {}
    assert decisions.lefts("b") == ()


@given(
    st.lists(
        st.builds(
            decision,
            st.sampled_from("12345"),
            st.sampled_from(("same", "not the same", "withdraw")),
            st.sampled_from(("a", "dec_1", "dec_2", "dec_3", "dec_4", "dec_5")),
            st.sampled_from(("b", "")),
            at=st.sampled_from((NOW, LATER)),
        ),
        unique_by=lambda one: one.id,
    ),
    st.randoms(use_true_random=False),
)
def test_any_order_gives_the_same_standing_decisions(records: list[Decision], rng: random.Random) -> None:
    shuffled = rng.sample(records, len(records))
    assert made(*records).of("a") == made(*shuffled).of("a")


# --- records that are one person -------------------------------------------------------------------------------------

A, B, C = "con_a", "con_b", "con_c"


def test_records_that_people_call_the_same_are_one_person_under_the_smallest_id() -> None:
    decisions = made(decision("1", "same", C, B), decision("2", "same", A, B))
    assert {decisions.person(id_).id for id_ in (A, B, C)} == {A}
    assert decisions.person(B).members == (A, B, C)
    assert decisions.around("con_else") == {"con_else"}


def test_a_pair_of_records_has_no_direction_and_its_newest_decision_holds() -> None:
    joined, parted = decision("1", "same", A, B), decision("2", "not the same", B, A, at=LATER)
    assert made(joined).person(B).id == A
    assert made(parted, joined).person(B).id == B
    assert made(parted, joined, decision("3", "withdraw", "dec_2", at=LATER)).person(B).id == A


def test_who_is_unsure_joins_nobody_and_parts_nobody() -> None:
    unsure = decision("3", "unsure", A, C, at=LATER)
    assert made(decision("1", "same", A, C), unsure).person(C).id == C
    assert made(decision("1", "same", A, B), decision("2", "same", B, C), unsure).person(C).id == A


def test_a_contact_and_an_account_are_never_one() -> None:
    decisions = made(decision("1", "same", A, "acc_a"))
    assert decisions.person(A).members == (A,)
    assert decisions.person("acc_a").members == ("acc_a",)


def test_not_the_same_holds_against_a_circle_and_the_oldest_join_is_set_aside() -> None:
    decisions = made(
        decision("1", "same", A, B),
        decision("2", "same", B, C, at=LATER),
        decision("3", "not the same", A, C),
    )
    assert decisions.person(A).members == (A,)
    assert decisions.person(C).members == (B, C)
    for record in (A, B, C):
        (conflict,) = decisions.person(record).conflicts
        assert set(conflict.edge[:2]) == {A, B}
        assert len(conflict.path) == 2


def test_a_lock_is_of_the_whole_person_until_it_is_withdrawn() -> None:
    decisions = made(decision("1", "same", A, B), decision("2", "lock", B))
    assert decisions.person(A).locked
    decisions.put("dec_3", decision("3", "withdraw", "dec_2"))
    assert not decisions.person(A).locked


def test_a_thousand_withdrawals_of_withdrawals_are_read_to_their_end() -> None:
    chain = [decision(str(i), "withdraw", f"dec_{i - 1}") for i in range(1, 5_001)]
    decisions = made(decision("0", "same", A, B), *chain)
    assert decisions.person(B).id == A


def test_a_policy_is_on_until_somebody_turns_it_off() -> None:
    off = decision("1", "policy", "policy", ACROSS_NETWORKS, value="off")
    assert made().is_on(ACROSS_NETWORKS)
    assert not made(off).is_on(ACROSS_NETWORKS)
    assert made(off, decision("2", "withdraw", "dec_1")).is_on(ACROSS_NETWORKS)


def test_ten_thousand_random_sequences_of_decisions_leave_the_state_of_a_replay() -> None:
    rng = random.Random(7)
    records = [f"con_{letter}" for letter in "abcdef"]
    for _ in range(10_000):
        kept: dict[str, Decision] = {}
        lived = Decisions()
        for step in range(rng.randrange(2, 9)):
            id_ = f"{rng.randrange(6)}"
            if step and rng.random() < 0.25:
                one = decision(id_, "withdraw", f"dec_{rng.randrange(6)}")
            else:
                verb: DecisionVerb = rng.choice(("same", "same", "not the same", "unsure", "lock"))
                left, right = rng.sample(records, 2)
                at = NOW + timedelta(seconds=rng.randrange(3))
                one = decision(id_, verb, left, "" if verb == "lock" else right, at=at)
            gone = rng.random() < 0.1
            lived.put(one.id, None if gone else one)
            kept.pop(one.id, None)
            if not gone:
                kept[one.id] = one
            if rng.random() < 0.5:
                lived.person(rng.choice(records))  # what was asked between must not show
        replay = made(*rng.sample(sorted(kept.values(), key=lambda d: d.id), len(kept)))
        assert [lived.person(record) for record in records] == [replay.person(record) for record in records]
