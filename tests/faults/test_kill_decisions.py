"""Processes killed with SIGKILL while people decide, profiles show links, posts are copied and somebody is erased.

Three kills by default, an eighth of `OVERHEARD_KILLS` where that is set; `OVERHEARD_SEED` for other instants.
"""

import json
import os
import random
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from overheard.config.settings import Settings
from overheard.crm.rows import append_facts
from overheard.errors import NotFoundError
from overheard.records import Decision, DecisionVerb, Incident, Profile, contact_id, event_for, mention_id
from overheard.wiring.erasure import apply_suppressions, erase_person
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.faults.test_kill import _kill, _overheard
from tests.world import World, timeless_documents, write_world

KILLS = max(3, int(os.environ.get("OVERHEARD_KILLS", "0")) // 8)
SEED = int(os.environ.get("OVERHEARD_SEED", "1"))
POSTS_A_KILL = 150
NOW = datetime(2026, 11, 20, tzinfo=UTC)
ERASED = "spindle_whisperer"

pytestmark = [pytest.mark.faults, pytest.mark.long]


def test_documents_after_kills_amid_decisions_and_an_erasure_equal_those_of_a_clean_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = write_world(tmp_path / "world", posts=POSTS_A_KILL * KILLS)
    rows = _with_profiles([json.loads(line) for line in world.posts.read_text(encoding="utf-8").splitlines()])
    decisions = _decisions(rows)
    clean, killed = tmp_path / "clean" / "data", tmp_path / "killed" / "data"
    _prepare(clean, world)
    for part in range(KILLS):
        _bring(clean, world, rows, decisions, part)
    _up(clean)
    assert _erase(clean)

    rng = random.Random(SEED)
    _prepare(killed, world)
    in_the_middle = 0
    for part in range(KILLS):
        _bring(killed, world, rows, decisions, part)
        in_the_middle += _kill_at(killed, rng.randrange(POSTS_A_KILL), rng.uniform(0, 0.3), rng)
        if part == KILLS // 2:
            # Halfway, where the clean run does so at the end: what is said later, and what comes late, changes nothing.
            for _ in range(2):
                _kill(_overheard(killed, "erase", f"reddit:handle:{ERASED}"), rng.uniform(0.5, 4.0), "tree")
            _erase(killed)
    _up(killed)
    _apply(killed)

    with capsys.disabled():
        print(f" [{KILLS} kills, {in_the_middle} in the middle of the work, 2 of an erasure]", end="")
    documents, expected = _documents(killed), _documents(clean)
    differing = [id_ for id_ in documents.keys() | expected.keys() if documents.get(id_) != expected.get(id_)]
    pairs = [(documents.get(id_), expected.get(id_)) for id_ in differing[:1]]
    assert not differing, f"{len(differing)} of {len(expected)} documents differ, one of them {pairs}"
    assert ERASED not in str(documents.values())
    incidents = [one for one in expected.values() if isinstance(one, Incident)]
    assert {bool(one.event) for one in incidents} == {bool(one.history) for one in incidents} == {True, False}
    assert any(one.ids for one in expected.values() if isinstance(one, Profile))


def _with_profiles(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the posts with what their authors' profiles show, with copies, and with answers."""
    rng = random.Random(SEED)
    for i, row in enumerate(rows):
        if row["author"]:
            row["author_id"] = f"id-{row['author'].lower()}"
            if rng.random() < 0.3:
                row["author_links"] = [{"url": f"https://{row['author'].lower()}.example/", "verified": True}]
        if row["author"] == "someone_else":
            row["text"] += " Korvex."  # whether decisions on who that is came in time must not tell whether it passes
        if i and rng.random() < 0.3:
            row["text"] = f"{rows[i - 1]['text']} Indeed, Korvex."
        if i and rng.random() < 0.2:
            row["in_reply_to"] = rows[i - 1]["native_id"]
    return rows


def _decisions(rows: Sequence[dict[str, Any]]) -> list[Decision]:
    """Return what people decide on posts, identities and contacts, two of each kind a part."""
    rng = random.Random(SEED)
    posts = [mention_id(row["source"], row["native_id"]) for row in rows if row["author"] != ERASED]
    people = [contact_id("crm", f"c{number}") for number in range(1, 6)]
    made: list[Decision] = []

    def decide(verb: DecisionVerb, left: str, right: str = "", value: str = "") -> None:
        at = NOW + timedelta(seconds=len(made))
        made.append(Decision(id=f"dec_{len(made)}", verb=verb, left=left, right=right, value=value, by="asha", at=at))

    for _ in range(KILLS * 2):
        one, other = rng.sample(people, 2)
        decide(rng.choice(("same", "same", "not the same")), one, other)
        decide(rng.choice(("same", "not the same")), "reddit:handle:someone_else", one)
        decide(rng.choice(("same", "not the same")), rng.choice(posts), other)
        decide(rng.choice(("same", "not the same")), *rng.sample(posts, 2))
        decide("status", rng.choice(posts), "status", rng.choice(("answered", "closed")))
        decide("tag", rng.choice(posts), "tag/urgent", "on")
        decide("not about us", rng.choice(posts))
        if rng.random() < 0.3:
            decide("lock", one)
        decide("withdraw", f"dec_{rng.randrange(len(made))}")
    return made


def _prepare(folder: Path, world: World) -> None:
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)


def _bring(
    folder: Path, world: World, rows: Sequence[dict[str, Any]], decisions: Sequence[Decision], part: int
) -> None:
    posts = world.posts.with_name(f"part{part}.ndjson")
    lines = (json.dumps(row) + "\n" for row in rows[part * POSTS_A_KILL : (part + 1) * POSTS_A_KILL])
    posts.write_text("".join(lines), encoding="utf-8")
    said = decisions[part::KILLS]
    events = [event_for(one, subject=one.id, source="/test", time=NOW, cause="decision") for one in said]
    with System(folder, Settings()) as system:
        bring_mentions(system, posts)
        append_facts(system.log, events)


def _kill_at(folder: Path, facts: int, after: float, rng: random.Random) -> bool:
    """Kill `up` so many seconds after the matcher took in so many facts; True where work was left then."""
    target = _position(folder) + facts
    process = _overheard(folder, "up", "--once", "--workers", "1")
    deadline = time.monotonic() + 120
    while _position(folder) <= target and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    _kill(process, after, rng.choice(("tree", "child")))
    with System(folder, Settings()) as system:
        return sum(system.lag().values()) > 0


def _position(folder: Path) -> int:
    """Return how far the matcher has read."""
    with closing(sqlite3.connect(f"file:{folder / 'overheard.db'}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute("SELECT max(next) FROM ledger_positions").fetchone()
    return int(found or 0)


def _up(folder: Path) -> None:
    """Run to the end, in this process."""
    with System(folder, Settings()) as system:
        run_up(system, once=True, workers=1, stop=threading.Event())


def _erase(folder: Path) -> bool:
    """Erase to the end, as one does after an erasure that was cut off; returns whether there was still somebody."""
    found = False
    with System(folder, Settings()) as system, suppress(NotFoundError):
        erase_person(system, lambda: system.index(reading=True), f"reddit:handle:{ERASED}", by="asha")
        found = True
    _apply(folder)
    return found


def _apply(folder: Path) -> None:
    with System(folder, Settings()) as system:
        apply_suppressions(system, by="asha")


def _documents(folder: Path) -> dict[str, object]:
    """Return all documents, without why a post passed: by what was watched then, which inferences may add to late."""
    with System(folder, Settings()) as system:
        documents = {
            id_: replace(one, passed=()) if isinstance(one, Incident) else one
            for id_, one in timeless_documents(system).items()
        }
        with closing(system.index()) as index:
            assert index.count() == len(documents)
    return documents
