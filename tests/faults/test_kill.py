"""Processes killed with SIGKILL at random instants: in the end the documents and the counts equal a clean run's."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from overheard.config.settings import Settings
from overheard.records import Incident
from overheard.wiring.system import System
from tests.world import World, write_world

KILLS = int(os.environ.get("OVERHEARD_KILLS", "10"))
POSTS = 150 * KILLS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.faults


def _overheard(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "overheard", *arguments, "--folder", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def _finish(folder: Path, *arguments: str) -> None:
    process = _overheard(folder, *arguments)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()


def _import_all(folder: Path, world: World) -> None:
    for kind in ("watch", "accounts", "contacts"):
        _finish(folder, "import", kind, str(getattr(world, kind)))


def _kill(process: subprocess.Popen[bytes], rng: random.Random) -> str:
    """Kill the whole tree, the parent alone or one child alone; return which."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return "ended by itself"
    choice = rng.choice(("tree", "parent", "child"))
    if choice == "child" and children:
        rng.choice(children).kill()
        return "child"
    if choice == "tree":
        os.killpg(process.pid, signal.SIGKILL)
        return "tree"
    process.kill()
    return "parent"


def test_documents_and_fates_after_kills_at_random_points_equal_those_of_a_clean_run(tmp_path: Path) -> None:
    world = write_world(tmp_path / "world", posts=POSTS)
    clean = tmp_path / "clean"
    _import_all(clean, world)
    _finish(clean, "import", "mentions", str(world.posts))
    _finish(clean, "up", "--once")

    rng = random.Random(int(os.environ.get("OVERHEARD_SEED", "1")))
    killed = tmp_path / "killed"
    _import_all(killed, world)
    for attempt in range(KILLS):
        # The first third of the kills hits the import, the rest the pipeline.
        importing = attempt < KILLS // 3
        arguments = ("import", "mentions", str(world.posts)) if importing else ("up", "--once")
        process = _overheard(killed, *arguments)
        time.sleep(rng.uniform(0.2, 1.0) if importing else rng.uniform(0.8, 5.0))
        how = _kill(process, rng)
        _, err = process.communicate(timeout=300)
        if how == "child":  # the parent starts another one, and goes on
            assert process.returncode == 0, err.decode()
    _finish(killed, "import", "mentions", str(world.posts))
    _finish(killed, "up", "--once")

    assert _state(killed) == _state(clean)


def _state(folder: Path) -> tuple[dict[str, object], dict[str, dict[str, int]]]:
    """Return the documents, without versions and the time first seen, and the fates of each stage."""
    documents: dict[str, object] = {}
    with System(folder, Settings()) as system:
        for event in system.documents():
            record = event.data
            if isinstance(record, Incident):
                record = replace(record, mention=replace(record.mention, first_seen=_EPOCH))
            documents[event.subject] = record
        fates = {stage: dict(system.fates()[stage]) for stage in ("enrich", "match")}
        with closing(system.index()) as index:
            assert index.count() == len(documents)
    return documents, fates
