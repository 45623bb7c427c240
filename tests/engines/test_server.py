"""Servers are started and ended by this package alone, nothing else is; what is missing is said."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.engines import fetch, jdk, server
from tests.engines.fixtures import cannot
from tests.engines.place import EnginesError, UnavailableError, cache
from tests.engines.server import Server, mark, processes, runs, sweep

ROOT = Path(__file__).parents[2]


class Waiting(Server):
    """A process that does nothing, and answers once it has said so."""

    engine = "waiting"
    # Ready only once it begins no other process: before its exec a child looks like a second of these.
    script = "trap '' HUP; mkfifo fifo 2>/dev/null; echo ready; read line < fifo"

    @property
    def address(self) -> str:
        return "nowhere"

    def configure(self) -> None:
        (self.folder / "fifo").unlink(missing_ok=True)

    def command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        return ["/bin/sh", "-c", self.script, mark(self.folder)], {}

    def answers(self) -> bool:
        return "ready" in self.said()


class Failing(Waiting):
    script = "echo 'no such port'; exit 3"


@pytest.fixture(autouse=True)
def _enterable() -> None:
    try:
        cache()
    except UnavailableError as error:
        cannot("engines", error)


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own that the engines' account can enter, unlike pytest's folders."""
    folder = Path(tempfile.mkdtemp(prefix="cache-"))
    folder.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    yield folder
    shutil.rmtree(folder)


def comes_to(one: Server, status: str) -> None:
    """See that its one process comes to a status: a signal takes effect when the kernel next looks at the process."""
    limit = time.monotonic() + 30
    while (found := [process.status() for process in processes(one.folder)]) != [status]:
        assert time.monotonic() < limit, f"expected {status}, got {found}"
        time.sleep(0.01)


def test_a_server_runs_as_long_as_it_is_open_and_leaves_nothing() -> None:
    with Waiting() as one:
        assert one.running
        assert [run["pid"] for run in runs() if run["folder"] == one.folder] == [one.pid]
    assert not one.running
    assert not one.folder.exists()


def test_a_server_is_no_root_process() -> None:
    with Waiting() as one:
        assert all(process.uids().real != 0 for process in processes(one.folder))


def test_a_killed_server_comes_back_in_the_same_folder() -> None:
    with Waiting() as one:
        before = one.pid
        one.kill()
        assert not one.running
        one.start()
        assert one.running
        assert one.pid != before
        one.restart()
        assert one.running


def test_a_paused_server_does_nothing_until_it_is_resumed_and_can_be_stopped_meanwhile() -> None:
    with Waiting() as one:
        one.pause()
        comes_to(one, "stopped")
        one.resume()
        comes_to(one, "sleeping")
        one.pause()
        one.stop()
        assert not one.running


def test_only_its_own_processes_are_ended() -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        with Waiting() as first, Waiting() as second:
            # A process id in a stale file may be anybody's by now: it is not what a server is known by.
            file = first.folder / "run.json"
            file.write_text(file.read_text("utf-8").replace(str(first.pid), str(other.pid)), "utf-8")
            server.end(first.folder)
            assert not first.running
            assert second.running
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_what_a_killed_owner_left_behind_is_swept_away_and_what_lives_is_not() -> None:
    code = """
import os, signal
from tests.engines.test_server import Waiting
print(Waiting().start().folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    orphan = Path(done.stdout.strip())
    with Waiting() as living:  # sweeps as it is made
        assert living.running
        assert not processes(orphan)
        assert not orphan.exists()
        sweep()
        assert living.running


def test_a_shared_server_outlives_its_starter_until_it_is_ended(empty_cache: Path) -> None:
    code = "from tests.engines.test_server import Waiting; print(Waiting(shared=True).start().folder)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    folder = Path(done.stdout.strip())
    try:
        sweep()
        assert [(run["engine"], run["shared"]) for run in runs()] == [("waiting", True)]
    finally:
        server.end(folder)
    assert runs() == []
    assert not folder.exists()


def test_the_record_of_a_shared_server_that_died_is_swept_away(empty_cache: Path) -> None:
    with Waiting(shared=True) as one:
        one.kill()
        assert runs() == []
    folder = cache() / "runs" / "waiting-gone"
    folder.mkdir()
    (folder / "run.json").write_text('{"engine": "waiting", "address": "", "pid": 1, "shared": true}', "utf-8")
    sweep()
    assert not folder.exists()


def test_a_server_that_ends_at_once_says_the_end_of_its_log() -> None:
    begun = time.monotonic()
    with pytest.raises(EnginesError, match=r"(?s)ended before it answered.*no such port"), Failing():
        pass
    assert time.monotonic() - begun < 30


def test_without_java_the_reason_says_what_is_needed_and_where_it_was_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jdk, "JVMS", tmp_path)
    with pytest.raises(UnavailableError, match=r"version 21 or newer.*JAVA_HOME.*found none.*apt-get install"):
        jdk.jdk_for_elasticsearch()


def test_a_java_that_is_too_old_or_no_whole_jdk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="jvm-"))
    (home / "bin").mkdir()
    home.chmod(0o755)
    java = home / "bin" / "java"
    java.write_text("#!/bin/sh\necho java.base@25.0.1\n", "utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jdk, "JVMS", tmp_path)
    try:
        assert jdk.jdk_for_kafka() == jdk.Jdk(25, home)
        with pytest.raises(UnavailableError, match=f"jdk.jdi.*found 25 in {home}"):
            jdk.jdk_for_elasticsearch()
    finally:
        shutil.rmtree(home)


def test_without_maven_the_reason_names_it(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setenv("PATH", str(empty_cache))
    with pytest.raises(UnavailableError, match=r"needs Maven.*apt-get install maven"):
        fetch.fetched("kafka")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the engines as somebody else")
def test_a_cache_that_the_engines_cannot_enter_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(closed))
    with pytest.raises(UnavailableError, match=rf"cannot enter {closed}.*XDG_CACHE_HOME"):
        cache()


def test_without_an_engine_a_test_is_skipped_and_in_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not tested on real kafka: no Java"):
        cannot("kafka", UnavailableError("no Java"))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not tested on real kafka: no Java"):
        cannot("kafka", UnavailableError("no Java"))
