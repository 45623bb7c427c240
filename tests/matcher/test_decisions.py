"""Which decisions stand, whatever order they came in."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.decisions import Decisions
from overheard.records import Decision
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
