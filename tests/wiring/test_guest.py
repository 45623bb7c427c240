"""Commands beside a running `overheard up`, each a process of its own; and `up` killed, stopped, or begun twice."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from overheard.config.settings import Settings
from overheard.folder import holder_of
from overheard.records import contact_id
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import Serving, System, serving
from overheard.wiring.up import run_up
from tests.world import World, write_world

POSTS = 40
MEERA = contact_id("crm", "c1")
MORE = "source,id,text\nx,late1,Korvex is great said Meera Chitnis of Palomino Gears\nx,late2,a picture of a lake\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("world"), posts=POSTS)


def prepared(folder: Path, world: World) -> Path:
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_mentions(system, world.posts)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
    return folder


def said(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "overheard", *map(str, arguments), "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder.parent)


def json_of(folder: Path, *arguments: str | Path) -> Any:
    done = said(folder, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return msgspec.json.decode(done.stdout)


@contextmanager
def up(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run `overheard up`, lend it and the address of its pages."""
    command = [sys.executable, "-m", "overheard", "up", "--workers", "1", "--port", "0", "--folder", str(folder)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder.parent, start_new_session=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line + (process.stderr.read() if process.stderr and process.poll() else "")
        yield process, found[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def waiting(folder: Path) -> int:
    with System(folder, Settings(), guest=True) as system:
        return sum(system.lag().values())


def until(happened: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "expected it within a minute"
        time.sleep(0.05)


def stop_between_writes(process: "subprocess.Popen[str]", folder: Path) -> None:
    """Stop `up` and its workers, none of them inside a write: all others would wait for it, and it never ends."""
    with (folder / "writing").open("rb") as gate:
        while True:
            os.killpg(process.pid, signal.SIGSTOP)
            try:
                fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.killpg(process.pid, signal.SIGCONT)
                time.sleep(0.05)
            else:
                fcntl.flock(gate, fcntl.LOCK_UN)
                return


def difference(alone: Any, beside: Any, where: str = "") -> Iterator[str]:
    """Yield where two answers differ and how: whole, they are thousands of lines."""
    if isinstance(alone, dict) and isinstance(beside, dict) and alone.keys() == beside.keys():
        for key in alone:
            yield from difference(alone[key], beside[key], f"{where}/{key}")
    elif isinstance(alone, list) and isinstance(beside, list) and len(alone) == len(beside):
        for i, one in enumerate(alone):
            yield from difference(one, beside[i], f"{where}/{i}")
    elif alone != beside:
        yield f"{where}: alone {alone!r}, beside {beside!r}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    return prepared(tmp_path_factory.mktemp("guest") / "data", world)


LOOKS = (
    ("search", "korvex", "--limit", "50", "--facet", "source"),
    ("search", "*", "--all", "--limit", "5"),
    ("profile", "Meera Chitnis"),
    ("status",),
    ("dead-letters", "list"),
    ("token", "list"),
)


def test_a_guest_sees_what_the_owner_would_and_what_it_writes_is_taken_in_once(world: World, tmp_path: Path) -> None:
    # Of its own: what others decide is learnt from when `up` begins, and has posts matched once more.
    folder = prepared(tmp_path / "data", world)
    alone = [json_of(folder, *look) for look in LOOKS]
    with up(folder) as (process, address):
        assert serving(folder) == Serving(process.pid, address)
        until(lambda: not waiting(folder))
        beside = [json_of(folder, *look) for look in LOOKS]
        assert not (told := list(difference(alone, beside))), told

        # A decision is done when the command ends: the index of the other process has it.
        incident = alone[0]["hits"][0]["id"]
        before = alone[0]["total"]
        decision = json_of(folder, "decide", "not about us", incident)
        assert json_of(folder, *LOOKS[0])["total"] == before - 1
        found = httpx.get(f"{address}/v1/mentions?q=korvex&limit=50", trust_env=False).json()["items"]
        assert incident not in {item["incident"]["id"] for item in found}
        json_of(folder, "decide", "withdraw", decision["id"])
        assert json_of(folder, *LOOKS[0])["total"] == before

        # What is imported beside it is enriched, matched, indexed, and counted once.
        posts = tmp_path / "more.csv"
        posts.write_text(MORE, encoding="utf-8")
        for _ in range(2):
            json_of(folder, "import", "mentions", posts)
        until(lambda: not waiting(folder))
        assert json_of(folder, *LOOKS[0])["total"] == before + 1
        assert sum(json_of(folder, "status")["fates"]["enrich"].values()) == POSTS + 2
        assert json_of(folder, "profile", "Meera Chitnis")[0]["incidents"] == alone[2][0]["incidents"] + 1

        contacts = tmp_path / "contacts.csv"
        contacts.write_text("id,name,organisation\nn1,Vera Newcomer,Palomino Gears\n", encoding="utf-8")
        json_of(folder, "import", "contacts", contacts)
        until(lambda: not waiting(folder))
        assert json_of(folder, "profile", "Vera Newcomer")[0]["name"] == "Vera Newcomer"

        # A token is good at once, and no longer at once.
        made = json_of(folder, "token", "create", "reader", "--days", "1")
        bearer = {"authorization": f"Bearer {made['token']}"}
        asked = f"{address}/v1/contacts"
        assert httpx.get(asked, headers=bearer, trust_env=False).status_code == 200
        assert json_of(folder, "token", "revoke", made["id"])["id"] == made["id"]
        assert httpx.get(asked, headers=bearer, trust_env=False).status_code == 401

        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert "Traceback" not in err
    assert serving(folder) is None


def test_ctrl_c_ends_it_within_seconds_though_pages_are_open(folder: Path) -> None:
    with up(folder) as (process, address), httpx.Client(trust_env=False, timeout=30) as client:
        assert client.get(f"{address}/").status_code == 200
        with client.stream("GET", f"{address}/events?streams=activity,documents") as live:
            lines = live.iter_lines()
            assert next(lines)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert not [line for line in lines if "error" in line]  # ends by itself, whole
            _, err = process.communicate(timeout=30)
            taken = time.monotonic() - begun
    assert (process.returncode, err) == (0, ""), err
    # Less than five seconds on an idle machine; the tests share theirs.
    assert taken < 10


def test_a_second_up_and_a_rebuild_name_the_pages_of_the_first(folder: Path) -> None:
    with up(folder) as (process, address):
        for command in (("up", "--port", "0"), ("index", "rebuild")):
            done = said(folder, *command)
            assert done.returncode == 1
            message = " ".join(done.stderr.split())
            assert f"process {process.pid}" in message
            assert address in message
            assert "Traceback" not in message


def test_a_port_in_use_is_said_and_nothing_is_left_behind(folder: Path, tmp_path: Path) -> None:
    with up(folder) as (_, address):
        port = address.rpartition(":")[2]
        other = tmp_path / "other"
        done = said(other, "up", "--workers", "1", "--port", port)
        assert done.returncode == 1
        assert f"port {port}; got: Address already in use" in " ".join(done.stderr.split())
        assert holder_of(other) is None
        assert json_of(other, "status")["lag"]["enrich"] == 0


def test_after_kill_9_a_command_has_the_folder_for_itself_again(folder: Path) -> None:
    with up(folder) as (process, _):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert (folder / "serving").exists()
        assert serving(folder) is None
        incident = json_of(folder, *LOOKS[0])["hits"][0]["id"]
        decision = json_of(folder, "decide", "not about us", incident)
        json_of(folder, "decide", "withdraw", decision["id"])


def test_a_guest_that_waits_for_an_up_that_dies_is_told_so_and_nothing_is_lost(folder: Path) -> None:
    incident = json_of(folder, *LOOKS[0])["hits"][0]["id"]
    with up(folder) as (process, _):
        until(lambda: not waiting(folder))
        with System(folder, Settings(), guest=True) as system:
            end = system.log.span("facts", 0)[1]
            stop_between_writes(process, folder)
            command = [sys.executable, "-m", "overheard", "decide", "not-about-us", incident, "--folder", str(folder)]
            guest = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                until(lambda: system.log.span("facts", 0)[1] > end)
                assert guest.poll() is None
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                _, err = guest.communicate(timeout=30)
            finally:
                guest.kill()
                guest.communicate()
    assert guest.returncode == 1
    assert "Nothing is lost: it is taken in when `overheard up` runs again" in " ".join(err.split())
    with System(folder, Settings()) as system:
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
        with closing(system.index()) as index:
            hit = index.get(incident)
    assert hit is not None
    assert b'"status":"not about us"' in hit.json


def test_requests_that_decide_while_up_begins_and_ends_share_one_matcher(world: World, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "data", world)
    with System(folder, Settings()) as system:
        ledgers: list[str] = []
        running = threading.Semaphore(1)
        matched = System._run_match

        def alone(self: System, *arguments: Any, **named: Any) -> Any:
            assert running.acquire(blocking=False), "two matchers at once"
            try:
                ledgers.append(threading.current_thread().name)
                return matched(self, *arguments, **named)
            finally:
                running.release()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(System, "_run_match", alone)
            stop = threading.Event()
            threads = [threading.Thread(target=system.catch_up_match, name=f"request {n}") for n in range(4)]
            owner = threading.Thread(target=system.run_match, args=(stop,), name="match")
            for thread in (*threads[:2], owner, *threads[2:]):
                thread.start()
            for thread in threads:
                thread.join(30)
            assert not any(thread.is_alive() for thread in threads)
            stop.set()
            owner.join(30)
        assert "match" in ledgers
