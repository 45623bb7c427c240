"""One real server as an ordinary process: started, killed, paused, restarted on the same data and port."""

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import psutil

from tests.engines.place import EnginesError, UnavailableError, account, alone, as_account, cache, give_to_account

_UP = 300.0  # seconds for an answer after a start: Kafka takes 3, Elasticsearch 10, but not on busy cores
_DOWN = 30.0
_PORTS = range(20_000, 30_000)  # below those that the kernel gives to clients, so that a restart finds its port free


class Server(ABC):
    """A server in a folder of its own below the cache, thrown away in the end.

    Its processes are known by that folder's name, which all their command lines carry: nothing else is ever signalled.
    The folder is locked for as long as the process that made it lives, unless it is `shared`; what an owner that was
    killed leaves behind is swept away by whoever starts or stops a server next.

    `data` is where it keeps what it is given; with `disk_mb` on a disk of its own, of that size (a tmpfs, which takes
    root: else UnavailableError), mounted at `disk`.

    Not thread-safe. As a context manager: started on entry; stopped, and its folder removed, on exit.
    """

    engine: ClassVar[str]

    def __init__(self, *, disk_mb: int | None = None, shared: bool = False) -> None:
        with alone(cache() / "sweeping"):
            _sweep()
            self.folder = Path(tempfile.mkdtemp(prefix=f"{self.engine}-", dir=_runs()))
            self._held = (self.folder / "held").open("w")
            fcntl.flock(self._held, fcntl.LOCK_EX)
        self.folder.chmod(0o755)
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        if disk_mb is not None:
            try:
                mount(self.disk, disk_mb)
            except UnavailableError:
                self.remove()
                raise
        self.data = self.disk / "data"
        self.shared = shared
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._said = 0  # length of the log before the present start

    @property
    @abstractmethod
    def address(self) -> str:
        """Where clients find it."""

    @abstractmethod
    def configure(self) -> None:
        """Write its configuration; before every start."""

    @abstractmethod
    def command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return the command and what is added to its environment."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether it does its work."""

    def start(self) -> Self:
        """Start it and wait until it answers."""
        self.launch()
        return self.wait()

    def launch(self) -> None:
        """Start it and do not wait: several brokers need each other to come up."""
        self.configure()
        give_to_account(self.folder)
        self._said = self.log.stat().st_size if self.log.exists() else 0
        command, environment = self.command()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env={**_environment(), **environment}, start_new_session=True, **as_account(),
            )  # fmt: skip
        about = {"engine": self.engine, "address": self.address, "pid": self._process.pid, "shared": self.shared}
        (self.folder / "run.json").write_text(json.dumps(about), encoding="utf-8")

    def wait(self) -> Self:
        """Wait until it answers. Raises EnginesError with the end of its log; it is stopped then."""
        end = time.monotonic() + _UP
        while not self.answers():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > end:
                self.kill()
                what = "ended before it answered" if ended else f"did not answer within {_UP:.0f} s"
                msg = f"{self.engine} {what}; the end of its log:\n{self.log_tail()}"
                raise EnginesError(msg)
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """End it as an administrator would; killed where that takes longer than half a minute."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        if not self._gone(_DOWN):
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would: kill -9."""
        self._signal(signal.SIGKILL)
        if not self._gone(_DOWN):
            msg = f"{self.engine} in {self.folder} outlived kill -9"
            raise EnginesError(msg)

    def pause(self) -> None:
        """Stop its clock: it takes connections (the kernel does) and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def restart(self) -> Self:
        """Start it again on the same data and port, stopped before if it runs."""
        if self.running:
            self.stop()
        return self.start()

    @property
    def running(self) -> bool:
        """Whether one of its processes lives."""
        return bool(self._alive())

    @property
    def pid(self) -> int:
        """The first of its processes; 0 before the first start."""
        return self._process.pid if self._process else 0

    def said(self) -> str:
        """Return what it logged since the present start."""
        with self.log.open("rb") as log:
            log.seek(self._said)
            return log.read().decode("utf-8", "replace")

    def log_tail(self, lines: int = 30) -> str:
        """Return the end of what it logged since the present start."""
        return "\n".join(self.said().splitlines()[-lines:])

    def remove(self) -> None:
        """Remove its folder; it must be stopped."""
        _remove(self.folder)
        self._held.close()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self.kill()  # its data is thrown away: nothing is to be written down any more
        self.remove()

    def _alive(self) -> list[psutil.Process]:
        ours = processes(self.folder)
        if self._process and self._process.poll() is None and self._process.pid not in {one.pid for one in ours}:
            ours.append(psutil.Process(self._process.pid))  # in its first instant, a script that names no folder
        return ours

    def _signal(self, number: int) -> None:
        for process in self._alive():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _gone(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self._alive():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


def mark(folder: Path) -> str:
    """Return the argument by which a server's processes are known; every one of them must have it."""
    return f"-Doverheard.run={folder}"


def processes(folder: Path) -> list[psutil.Process]:
    """Return the living processes of the server in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if mark(folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def runs() -> list[dict[str, Any]]:
    """Return what is known of every server that runs, of this process and of others: engine, address, pid, folder."""
    known = []
    for file in sorted(_runs().glob("*/run.json")):
        about = _about(file.parent)
        if about and processes(file.parent):
            known.append({**about, "folder": file.parent})
    return known


def end(folder: Path) -> None:
    """End the server in a folder, whoever started it, and remove the folder. Nothing else is touched."""
    for process in processes(folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    limit = time.monotonic() + _DOWN
    while processes(folder) and time.monotonic() < limit:
        time.sleep(0.05)
    _remove(folder)


def mount(folder: Path, megabytes: int) -> None:
    """Mount a disk of that size there, which the engines' account may write to. Raises UnavailableError."""
    if os.geteuid() != 0:
        msg = f"a small disk that fills up is a tmpfs, and mounting one at {folder} takes root"
        raise UnavailableError(msg)
    options = f"size={megabytes}m,mode=755,uid={account().uid},gid={account().gid}"
    command = ["mount", "-t", "tmpfs", "-o", options, "overheard-engines", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"a small disk could not be mounted at {folder}: {done.stderr.strip()}"
        raise UnavailableError(msg)


def _remove(folder: Path) -> None:
    if (folder / "disk").is_mount():
        # Lazily: the kernel may still be closing the files of a process that has just been killed.
        subprocess.run(["umount", "-l", str(folder / "disk")], capture_output=True, check=True)
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """End and remove what is left of servers whose owner is gone, and of shared ones that have died."""
    with alone(cache() / "sweeping"):
        _sweep()


def _sweep() -> None:
    for folder in _runs().iterdir():
        with contextlib.suppress(OSError), (folder / "held").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its owner lives
            if not (_about(folder).get("shared") and processes(folder)):
                end(folder)


def _runs() -> Path:
    folder = cache() / "runs"
    folder.mkdir(exist_ok=True)
    return folder


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    for _ in range(100):
        port = random.SystemRandom().choice(_PORTS)  # the workers of a test run are seeded alike
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    msg = f"no free port of 127.0.0.1 between {_PORTS[0]} and {_PORTS[-1]}"
    raise EnginesError(msg)


def _environment() -> dict[str, str]:
    """Return our environment without what would configure a JVM or an engine from outside."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("ES_", "JAVA_", "JDK_", "KAFKA_"))}
