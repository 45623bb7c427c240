import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from overheard.cli.app import run
from overheard.config.settings import Settings
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.world import World, write_world


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Command(Protocol):
    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Said: ...


@pytest.fixture
def overheard(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Command:
    """Run the command line in this process, as a shell would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("OVERHEARD_FOLDER", raising=False)

    def command(*arguments: str | Path, stdin: bytes = b"") -> Said:
        monkeypatch.setattr("sys.argv", ["overheard", *map(str, arguments)])
        given = tmp_path / "stdin"
        given.write_bytes(stdin)
        with given.open("r") as file:
            monkeypatch.setattr("sys.stdin", file)
            try:
                status = run()
            except SystemExit as e:
                status = int(e.code or 0)
        out, err = capfdbinary.readouterr()
        return Said(status, out.decode(), err.decode())

    return command


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("world"), posts=120)


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    """A folder in which the whole world went all the way. Read only: tests that write copy it."""
    folder = tmp_path_factory.mktemp("worked") / "data"
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_mentions(system, world.posts)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
    return folder


@pytest.fixture
def copied(worked: Path, tmp_path: Path) -> Path:
    """A copy of the worked folder, to write in."""
    return Path(shutil.copytree(worked, tmp_path / "copied"))
