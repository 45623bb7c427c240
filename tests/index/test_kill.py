"""The index stage and the rebuild killed with SIGKILL: in the end the index equals that of a clean run."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from overheard.folder import Folder
from overheard.index.base import Search
from overheard.index.embedded import EmbeddedIndex
from overheard.index.query import parse
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from tests.index.test_stage import value
from tests.index.world import incidents

KILLS = max(3, int(os.environ.get("OVERHEARD_KILLS", "0")) // 4)

pytestmark = pytest.mark.faults


def start(folder: Path, what: str) -> subprocess.Popen[str]:
    script = str(Path(__file__).with_name("killed.py"))
    process = subprocess.Popen([sys.executable, script, str(folder), what], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def state(path: Path) -> list[tuple[str, int, bytes]]:
    with Folder(path) as folder:
        index = EmbeddedIndex(folder)
        hits = index.search(Search(parse("*"), limit=1_000)).hits
        assert index.count() == len(hits)
        index.close()
        return [(hit.id, hit.version, hit.json) for hit in hits]


def test_kills_at_random_points_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    records = incidents(700, seed=6)
    with Folder(tmp_path) as folder:
        log = EmbeddedLog(folder)
        log.append([ProducerRecord("documents", each.id, value(each, 1)) for each in records])
        log.append([ProducerRecord("documents", each.id, value(each, 2)) for each in records[::2]])
        log.append([ProducerRecord("documents", each.id, value(each, 3, "Delete")) for each in records[::5]])
        log.close()
    chance = random.Random(int(os.environ.get("OVERHEARD_SEED", "1")))
    for what in ("run", "rebuild"):
        for _ in range(KILLS):
            process = start(tmp_path, what)
            time.sleep(chance.uniform(0.05, 0.9))
            process.kill()
            process.communicate()
        process = start(tmp_path, what)
        process.communicate(timeout=120)
        assert process.returncode == 0
        wanted = {each.id: 2 if number % 2 == 0 else 1 for number, each in enumerate(records) if number % 5}
        found = state(tmp_path)
        assert {id_: version for id_, version, _ in found} == wanted
    with Folder(tmp_path) as folder:
        log = EmbeddedLog(folder)
        assert sum(log.checkpoint("index", "documents").fates.values()) == 700 + 350 + 140
        log.close()
