import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import msgspec

from tests.cli.conftest import Command


def test_the_whole_sample_is_heard_and_shown(overheard: Command, tmp_path: Path) -> None:
    said = overheard("sample", "--once", "--workers", "1", "--folder", tmp_path / "s")
    assert said.status == 0, said.err
    assert "Imtiaz Laskarwala  contact  customer" in said.out
    assert "posts of the 90 days up to" in said.out
    assert f"--config {tmp_path / 's' / 'overheard.toml'}" in said.out


def test_the_same_folder_goes_on_with_the_same_posts(overheard: Command, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    first = overheard("sample", "--once", "--workers", "1", "--folder", folder, "--json").json
    begun = (folder / "sample.json").read_bytes()
    again = overheard("sample", "--once", "--workers", "1", "--folder", folder, "--json").json
    assert (folder / "sample.json").read_bytes() == begun
    assert again["fates"] == first["fates"]
    assert again["profile"]["id"] == first["profile"]["id"]
    assert len(again["found"]) == 2


def test_a_folder_whose_port_is_in_use_says_so_and_what_to_do(overheard: Command, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        folder.mkdir()
        port = taken.getsockname()[1]
        state = {"now": "2026-11-21T06:30:00Z", "port": port}
        (folder / "sample.json").write_bytes(msgspec.json.encode(state))
        said = overheard("sample", "--once", "--folder", folder)
    assert said.status == 1
    assert f"expected port {port} to be free" in said.err


def test_a_folder_that_somebody_wrote_into_is_an_error_in_plain_words(overheard: Command, tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_text("{}", "utf-8")
    said = overheard("sample", "--once", "--folder", tmp_path)
    assert said.status == 1
    assert "sample.json: expected what `overheard sample` wrote there" in said.err


def test_after_the_first_round_the_pages_are_served_until_it_is_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "overheard", "sample", "--workers", "1", "--port", "0", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        timer = threading.Timer(90, process.kill)
        timer.start()
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            address = next((line.split()[3] for line in process.stdout if line.startswith("Overheard is at")), "")
            answer = httpx.get(address, trust_env=False, follow_redirects=True) if address else None
            twice = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        finally:
            process.send_signal(signal.SIGINT)
            err = process.stderr.read()
            timer.cancel()
    assert answer is not None, err
    assert answer.status_code == 200
    assert process.returncode == 0, err
    assert f"its pages are at {address}" in twice.stderr
    assert "Traceback" not in err
