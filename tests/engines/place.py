"""Where the engines and their data are kept, and as whom they run."""

import fcntl
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class EnginesError(Exception):
    """A real engine did not do what it should; the message has the end of its log."""


class UnavailableError(EnginesError):
    """Real engines cannot run on this machine. The message says what is missing and how to get it."""


@dataclass(frozen=True)
class Account:
    """The account that the engines run as."""

    name: str
    uid: int
    gid: int


def account() -> Account:
    """Return who we are; for root `nobody`: Elasticsearch refuses root, and everybody has a nobody."""
    one = pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")
    return Account(one.pw_name, one.pw_uid, one.pw_gid)


def as_account() -> dict[str, Any]:
    """Return the arguments of subprocess that run a command as the engines' account."""
    one = account()
    return {"user": one.uid, "group": one.gid, "extra_groups": ()} if os.geteuid() == 0 else {}


def cache() -> Path:
    """Return the folder of the engines: `$XDG_CACHE_HOME/overheard/engines`; for root one that `nobody` can enter."""
    named = os.environ.get("XDG_CACHE_HOME")
    base = Path(named) if named else Path.home() / ".cache" if os.geteuid() else Path("/var/cache")
    folder = base / "overheard" / "engines"
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        closed = next((one for one in (folder, *folder.parents) if not one.stat().st_mode & 0o001), None)
        if closed is not None:
            msg = (
                f"started by root the engines run as {account().name}, who cannot enter {closed} above {folder}: "
                "set XDG_CACHE_HOME to a folder that everybody can enter, or unset it"
            )
            raise UnavailableError(msg)
    return folder


def give_to_account(folder: Path) -> None:
    """Give a folder with all in it to the engines' account; nothing to do where that is who we are."""
    if os.geteuid() == 0:
        one = account()
        for each in (folder, *folder.rglob("*")):
            os.chown(each, one.uid, one.gid, follow_symlinks=False)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Wait until nobody else is in here with the same lock file; the kernel opens it when its holder dies."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
