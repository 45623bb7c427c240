"""A ledger that is stopped at any instruction, or runs out of disk there, ends with the documents of a clean run."""

import random
import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.errors import FolderFullError
from overheard.log.base import ProducerRecord
from overheard.records import ProfileLink
from tests.matcher import test_order
from tests.matcher.worlds import World, acc, account, con, contact, decision, fact, holding, men, mention, world

CLAIMED = "https://rao.example/"
COPIED = "the new lathe of Borealis broke down twice in its first week, says Ben Stone of Pune, who was there"


def long_world() -> list[ProducerRecord]:
    """Profiles that show whose they are, texts that are nearly the same, threads, merges, edits: some 2 kB each."""
    filler = " ".join(f"word{i}" for i in range(300))
    made: list[Any] = [
        contact("1", "Asha Rao", handles={"reddit": "asha"}, urls=(CLAIMED,), organisation="Borealis"),
        contact("2", "Asha Rao", organisation="Borealis", place="Pune"),
        contact("3", "Ben Stone", organisation="Borealis", place="Pune"),
        account("1", "Borealis", "borealis.example"),
        holding("1", acc("1")),
    ]
    for i in range(40):
        site = ProfileLink(url=CLAIMED if i % 3 else f"https://site{i}.example/", verified=True)
        profile = {"native_id": str(i % 7), "links": (site,), "name": "Asha Rao" if i % 2 else ""}
        parent = str(i - 1) if i % 4 == 1 else ""
        text = f"{COPIED} {filler} once{i}" if i % 2 else f"It was Asha Rao of Borealis {filler[i:]}"
        made.append(mention(str(i), text, f"author{i % 9}", profile=profile, in_reply_to=parent))
    made += [
        decision("1", "same", con("1"), con("2")),
        decision("2", "not the same", men("1"), men("3")),
        decision("3", "same", men("0"), men("2")),
        decision("4", "tag", men("2"), "tag/x", value="on"),
    ]
    edits = [fact(mention(str(i), f"{COPIED} {filler}", f"author{i % 5}"), version=2) for i in range(0, 40, 3)]
    gone = [fact(mention(str(i), "", ""), version=3, verb="Delete") for i in range(5, 40, 9)]
    return [*(fact(one) for one in made), *edits, *gone]


def documents_of(records: list[ProducerRecord]) -> dict[str, Any]:
    with world() as one:
        one.run(*records)
        return one.documents()


def fill_up(one: World, pages: int) -> None:
    """Leave the ledger's database so many pages of room."""
    used = one.ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    one.ledger._connection.execute(f"PRAGMA max_page_count = {used + pages}")


def make_room(one: World) -> None:
    one.ledger._connection.execute("PRAGMA max_page_count = 1073741823")


@pytest.mark.parametrize("reopens", [False, True])
@pytest.mark.parametrize("pages", [0, 8])
def test_a_disk_that_is_full_again_and_again_costs_nothing(pages: int, reopens: bool) -> None:
    records = long_world()
    expected = documents_of(records)
    random.Random(1).shuffle(records)
    full = 0
    with world(batch=9) as one:
        one.log.append(records)
        while read := one.log.read("facts", 0, one.sink.positions().get(0, 0), one.batch):
            outcome = one.stage.process(read)
            fill_up(one, pages)
            try:
                one.sink.write(outcome, {0: read[-1].offset + 1})
            except FolderFullError:
                full += 1
                make_room(one)
                if reopens:
                    one.reopen()
                    outcome = one.stage.process(one.log.read("facts", 0, one.sink.positions().get(0, 0), one.batch))
                one.sink.write(outcome, {0: read[-1].offset + 1})
            make_room(one)
        assert one.documents() == expected
    assert full > 3


def interrupt_after(one: World, instructions: int) -> None:
    """Have SQLite give up once, in the ledger's connection, after about so many instructions of its machine."""
    one.ledger._connection.set_progress_handler(lambda: 1, instructions)


def run_interrupted(one: World, records: list[ProducerRecord], rng: random.Random) -> int:
    """Take in facts, stopped at random instructions; begin anew on what is on disk each time. Returns how often."""
    one.log.append(records)
    stopped = 0
    while True:
        try:
            interrupt_after(one, rng.choice((50, 500, 5_000, 20_000)))
            read = one.log.read("facts", 0, one.sink.positions().get(0, 0), one.batch)
            if not read:
                break
            interrupt_after(one, rng.choice((50, 200, 1_000, 3_000, 10_000, 100_000)))
            outcome = one.stage.process(read)
            interrupt_after(one, rng.choice((50, 200, 1_000, 3_000, 10_000, 100_000)))
            one.sink.write(outcome, {0: read[-1].offset + 1})
        except sqlite3.OperationalError as e:
            assert str(e) == "interrupted"
            stopped += 1
            if rng.random() < 0.8:
                one.reopen()
        if stopped > 60:
            one.ledger._connection.set_progress_handler(None, 0)
            one.run()
            break
    one.ledger._connection.set_progress_handler(None, 0)
    return stopped


def test_a_ledger_interrupted_at_random_instructions_ends_as_if_it_had_not_been() -> None:
    records = long_world()
    expected = documents_of(records)
    rng = random.Random(1)
    rng.shuffle(records)
    with world(batch=9) as one:
        assert run_interrupted(one, records, rng) > 10
        assert one.documents() == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(test_order.facts, min_size=2, max_size=20), st.randoms(use_true_random=False), st.integers(1, 6))
def test_any_facts_interrupted_at_random_instructions_leave_the_documents_of_a_clean_run(
    records: list[ProducerRecord], rng: random.Random, batch: int
) -> None:
    with world(batch=batch) as one:
        run_interrupted(one, records, rng)
        documents = one.documents()
    assert documents == documents_of(records)
