"""What a user may meet, through the command line: a message, the right exit status, and everything else goes on."""

import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from overheard.config.settings import Settings
from overheard.log.base import ProducerRecord
from overheard.wiring.system import System
from tests.cli.conftest import Command, copied, overheard, worked, world

__all__ = ["copied", "overheard", "worked", "world"]  # fixtures


def shell(
    *arguments: str | Path, stdout: int = subprocess.PIPE, **variables: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command line as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "overheard", *map(str, arguments)],
        env={**os.environ, "COLUMNS": "80", **variables},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


def spoil(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "overheard.db", isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount > 0


def test_a_terminal_that_knows_no_unicode_gets_escapes_and_json_stays_json(copied: Path) -> None:
    for coding in ("ascii", "latin-1"):
        said = shell("profile", "Meera Chitnis", "-f", copied, PYTHONIOENCODING=coding)
        assert (said.returncode, said.stderr) == (0, b"")
        said = shell("search", "korvex", "-f", copied, "--json", PYTHONIOENCODING=coding)
        assert (said.returncode, said.stderr) == (0, b"")
        assert json.loads(said.stdout)["hits"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("style", [(), ("--json",)])
def test_results_that_cannot_be_written_are_an_error_with_a_message(copied: Path, style: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        said = shell("status", "-f", copied, *style, stdout=full.fileno())
    assert said.returncode == 1
    assert b"No space left" in said.stderr
    assert b"Traceback" not in said.stderr


def test_arguments_that_are_no_text_find_nobody(overheard: Command, copied: Path) -> None:
    said = overheard("profile", "\udcff", "-f", copied)
    assert said.status == 1
    assert "nobody is called" in said.err


def test_a_bomb_is_a_message(overheard: Command, tmp_path: Path) -> None:
    bomb = tmp_path / "posts.ndjson.gz"
    bomb.write_bytes(gzip.compress(b'{"id":"1","platform":"x","text":"' + b"a" * 80_000_000 + b'"}\n'))
    for what in ("mentions", "contacts"):
        said = overheard("import", what, bomb, "-f", tmp_path / "data")
        assert said.status == 1
        assert "swell" in said.err
        assert "Traceback" not in said.err


def test_a_damaged_state_stops_the_matcher_and_kills_no_record(overheard: Command, copied: Path) -> None:
    spoil(copied, "UPDATE ledger_facts SET value = x'7b22' WHERE type = 'overheard.contact'")
    said = overheard("up", "--once", "-f", copied)
    assert said.status == 1
    assert "restore the data folder from a backup" in said.err
    assert overheard("dead-letters", "list", "-f", copied, "--json").json == []


def test_a_damaged_mention_that_is_to_be_matched_again_is_no_dead_letter(
    overheard: Command, copied: Path, tmp_path: Path
) -> None:
    spoil(copied, "UPDATE ledger_facts SET value = x'7b22' WHERE type = 'overheard.enriched-mention'")
    more = tmp_path / "more.csv"
    more.write_text("external_id,name,reddit\nc9,Lathe Larry,lathe_larry_9\nc1,Meera Other,meerac\n")
    said = overheard("import", "contacts", more, "-f", copied)
    assert said.status == 1
    assert "restore the data folder from a backup" in said.err
    assert overheard("dead-letters", "list", "-f", copied, "--json").json == []


def test_a_damaged_document_asks_for_a_rebuild_which_mends_it(overheard: Command, copied: Path) -> None:
    spoil(copied, "UPDATE index_documents_1 SET json = x'7b22' WHERE kind = 'incident'")
    said = overheard("search", "korvex", "-f", copied)
    assert said.status == 1
    assert "overheard index rebuild" in said.err
    assert overheard("index", "rebuild", "-f", copied).status == 0
    assert overheard("search", "korvex", "-f", copied).status == 0


def test_an_index_that_was_deleted_or_cut_is_made_anew(overheard: Command, copied: Path) -> None:
    before = overheard("search", "korvex", "-f", copied, "--json").json
    for harm in (shutil.rmtree, cut):
        harm(copied / "index")
        said = overheard("search", "korvex", "-f", copied)
        assert said.status == 1
        assert "overheard index rebuild" in said.err
        assert overheard("index", "rebuild", "-f", copied).status == 0
        assert overheard("search", "korvex", "-f", copied, "--json").json == before


def cut(index: Path) -> None:
    largest = max((path for path in index.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:100])


def test_a_record_that_a_stage_cannot_use_is_shown_replayed_and_dropped(overheard: Command, copied: Path) -> None:
    topics = {"mentions": "enrich", "facts": "match", "documents": "index"}
    with System(copied, Settings()) as system:
        for topic in topics:
            system.log.append([ProducerRecord(topic, "bad", b'{"specversion": "1.0", "id": 3}\xff')])
    for _ in range(2):
        assert overheard("up", "--once", "--workers", "1", "-f", copied).status == 0
        letters = overheard("dead-letters", "list", "-f", copied, "--json").json
        assert {letter["topic"]: letter["stage"] for letter in letters} == topics
        for letter in letters:
            shown = overheard("dead-letters", "show", letter["id"], "-f", copied)
            assert letter["stage"] in shown.out
            assert "specversion" in shown.out
        assert overheard("dead-letters", "replay", "--all", "-f", copied).status == 0
        assert overheard("dead-letters", "list", "-f", copied, "--json").json == []
    assert overheard("up", "--once", "--workers", "1", "-f", copied).status == 0
    assert len(overheard("dead-letters", "drop", "--all", "-f", copied, "--json").json["dropped"]) == 3
    assert overheard("dead-letters", "list", "-f", copied, "--json").json == []


@pytest.mark.parametrize("stage", ["enrich", "match", "index"])
def test_lines_that_are_no_records_are_dead_letters_of_the_stage_run_by_hand(overheard: Command, stage: str) -> None:
    lines = b'{"specversion":"1.0"}\n[1]\ngarbage\n{"specversion":"9.0","id":"x"}\n\xff\xfe\x00\n'
    said = overheard("run", stage, "--json", stdin=lines)
    assert said.status == 0
    assert said.out == ""
    told = json.loads(said.err)
    assert told["fates"] == {"dead": 5}
    assert len(told["deadLetters"]) == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_import_that_is_stopped_says_so_and_goes_on_when_begun_again(tmp_path: Path, number: int) -> None:
    data = tmp_path / "data"
    rows = b"".join(b'{"id":"%d","platform":"x","text":"said"}\n' % i for i in range(5_000))
    command = [sys.executable, "-m", "overheard", "import", "mentions", "-", "-f", str(data), "--json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(rows)
        process.stdin.flush()
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == 128 + number
    assert said == b"stopped. What was written is whole; the same command again goes on\n"
    again = subprocess.run(command, input=rows, capture_output=True, check=True, cwd=tmp_path)
    assert sum(json.loads(again.stdout)["fates"].values()) == 5_000
