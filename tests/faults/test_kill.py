"""Processes killed with SIGKILL at random instants: in the end the documents and the counts equal a clean run's.

Ten kills by default, a quarter of `OVERHEARD_KILLS` where that is set; `OVERHEARD_SEED` for other instants.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from overheard.config.settings import Settings
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import System
from tests.world import World, timeless_documents, write_world

KILLS = int(os.environ.get("OVERHEARD_KILLS", "40")) // 4
SEED = int(os.environ.get("OVERHEARD_SEED", "1"))
POSTS_A_KILL = 400  # about a second of work, so that most kills come in the middle of it

pytestmark = pytest.mark.faults


def test_documents_and_fates_after_kills_at_random_points_equal_those_of_a_clean_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = write_world(tmp_path / "world", posts=POSTS_A_KILL * KILLS)
    parts = _parts(world)
    clean = tmp_path / "clean"
    _prepare(clean, world)
    _bring(clean, parts[0])
    usual = _up(clean)  # seconds, start and end included
    for part in parts[1:]:
        _bring(clean, part)
    _up(clean)

    rng = random.Random(SEED)
    killed = tmp_path / "killed"
    _prepare(killed, world)
    in_the_middle = 0
    for attempt, part in enumerate(parts):
        if attempt % 3 == 0:
            _kill(_overheard(killed, "import", "mentions", str(part)), rng.uniform(0.3, 1.5), "tree")
        _bring(killed, part)
        before = _waiting(killed)
        _kill(
            _overheard(killed, "up", "--once"), rng.uniform(0.45, 1.0) * usual, rng.choice(("tree", "parent", "child"))
        )
        in_the_middle += 0 < _waiting(killed) < before
    _up(killed)

    with capsys.disabled():
        print(f" [{KILLS} kills, {in_the_middle} in the middle of the work]", end="")
    documents, fates = _state(killed)
    expected, expected_fates = _state(clean)
    differing = {id_: (documents.get(id_), expected.get(id_)) for id_ in documents.keys() | expected.keys()}
    differing = {id_: pair for id_, pair in differing.items() if pair[0] != pair[1]}
    assert not differing, (
        f"{len(differing)} of {len(expected)} documents differ, one of them {next(iter(differing.items()))}"
    )
    assert fates == expected_fates


def _parts(world: World) -> list[Path]:
    lines = world.posts.read_text(encoding="utf-8").splitlines(keepends=True)
    parts = [world.posts.with_name(f"part{n}.ndjson") for n in range(KILLS)]
    for n, part in enumerate(parts):
        part.write_text("".join(lines[n * POSTS_A_KILL : (n + 1) * POSTS_A_KILL]), encoding="utf-8")
    return parts


def _prepare(folder: Path, world: World) -> None:
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)


def _bring(folder: Path, posts: Path) -> None:
    with System(folder, Settings()) as system:
        bring_mentions(system, posts)


def _waiting(folder: Path) -> int:
    with System(folder, Settings()) as system:
        return sum(system.lag().values())


def _overheard(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "overheard", *arguments, "--folder", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def _up(folder: Path) -> float:
    """Run to the end, and return the seconds that it took."""
    begun = time.monotonic()
    process = _overheard(folder, "up", "--once")
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err.decode()
    return time.monotonic() - begun


def _kill(process: subprocess.Popen[bytes], after: float, which: str) -> None:
    """Kill the whole tree, the parent alone, or one child alone (the parent starts another one and goes on)."""
    time.sleep(after)
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if which == "tree" and process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    elif which == "child" and children:
        children[0].kill()
    else:
        process.kill()
    # Ends when the last of the tree has closed its standard error, so orphans have noticed by then.
    _, err = process.communicate(timeout=600)
    assert process.returncode in (0, -signal.SIGKILL), err.decode()


def _state(folder: Path) -> tuple[dict[str, object], dict[str, dict[str, int]]]:
    """Return the documents, without versions and the time first seen, and the fates of each stage."""
    with System(folder, Settings()) as system:
        documents = timeless_documents(system)
        fates = {stage: dict(system.fates()[stage]) for stage in ("enrich", "match")}
        # What a killed worker published and did not commit comes again: other records, which change nothing.
        fates["match"].pop("stale", None)
        with closing(system.index()) as index:
            assert index.count() == len(documents)
    return documents, fates
