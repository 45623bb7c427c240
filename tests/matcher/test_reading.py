"""What is read of a ledger beside whoever has it open: of many decisions those that are asked for."""

import sqlite3
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.folder import Folder
from overheard.matcher.ledger.reading import DecisionsAbout, decisions_in
from overheard.records import Decision
from tests.matcher.worlds import NOW, con, decision, fact, world

RECORDS = [con(str(number)) for number in range(4)]
KEYS = ["x:handle:a", "x:handle:b", "reddit:handle:a"]
ENDS = RECORDS + KEYS

decisions = st.lists(
    st.one_of(
        st.builds(
            decision,
            st.sampled_from("123456789"),
            st.sampled_from(("same", "not the same", "unsure", "lock")),
            st.sampled_from(ENDS),
            st.sampled_from([*RECORDS, ""]),
            value=st.sampled_from(["", "on hold"]),
            at=st.sampled_from([NOW, NOW + timedelta(hours=1)]),
        ),
        st.builds(
            decision,
            st.sampled_from("123456789"),
            st.just("withdraw"),
            st.sampled_from([f"dec_{number}" for number in range(1, 10)]),
        ),
    ),
    unique_by=lambda one: one.id,
    max_size=9,
)


@settings(max_examples=60, deadline=None)
@given(decisions, st.lists(st.sampled_from(ENDS), min_size=1, max_size=2), st.booleans())
def test_of_what_is_asked_for_a_part_of_the_decisions_says_what_all_of_them_say(
    records: list[Decision], asked: list[str], doubts_first: bool
) -> None:
    with world() as one:
        one.run(*map(fact, records))
        whole = decisions_in(one.folder)
        reader = DecisionsAbout(one.folder)
        if doubts_first:
            reader.unsure()
        part = reader.about(asked)
        for end in asked:
            assert part.of(end) == whole.of(end)
            assert part.lefts(end) == whole.lefts(end)
            assert part.person(end) == whole.person(end)
            assert part.history(end) == whole.history(end)
            for member in whole.person(end).members:
                assert all(part.on(left, member) == whole.on(left, member) for left in asked)


@settings(max_examples=60, deadline=None)
@given(decisions)
def test_whom_somebody_is_unsure_of_is_told_whole(records: list[Decision]) -> None:
    with world() as one:
        one.run(*map(fact, records))
        whole, part = decisions_in(one.folder), DecisionsAbout(one.folder).unsure()

        def doubts(known: object) -> set[tuple[str, tuple[str, ...]]]:
            assert isinstance(known, type(whole))
            return {(d.left, known.person(d.right).members) for d in known.standing() if d.verb == "unsure"}

        assert doubts(part) == doubts(whole)


def test_a_folder_without_a_ledger_has_no_decisions() -> None:
    with world() as one:
        reader = DecisionsAbout(one.folder)
        assert list(reader.unsure().standing()) == []
        assert reader.about(ENDS).of(KEYS[0]) == {}


def test_a_decision_is_found_by_what_it_is_about_however_many_there_are() -> None:
    with world() as one:
        few = [decision("9", "unsure", KEYS[0], RECORDS[0]), decision("8", "withdraw", "dec_7")]
        one.run(*map(fact, [*few, decision("7", "same", KEYS[0], RECORDS[1])]))
        before = _steps(one.folder)
        one.run(*(fact(decision(f"m{i}", "same", f"x:handle:other{i}", con("other"))) for i in range(2_000)))
        assert _steps(one.folder) < 2 * before


def _steps(folder: Folder) -> int:
    """Return how many steps SQLite takes to answer what a page of the review asks."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    class Counted(Folder):
        def connect(self) -> sqlite3.Connection:
            connection = super().connect()
            connection.set_progress_handler(step, 1)
            return connection

    reader = DecisionsAbout(Counted(folder.path, held=True))
    assert [one.verb for one in reader.unsure().standing()] == ["unsure"]
    assert reader.about([KEYS[0]]).on(KEYS[0], RECORDS[1]) is None
    return count
