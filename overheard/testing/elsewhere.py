"""Reading in a process of its own: with other surroundings, within bounds, and watched.

So a source that hangs, takes all memory or ends its process is a breach with words, and not the end of the test run.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from pickle import PicklingError
from types import CodeType, FrameType, TracebackType
from typing import Any, Literal, Self

from overheard.collectors.base import Reading, Source
from overheard.errors import InputError
from overheard.records import Fetch

# A body of some 100 kB takes milliseconds. What takes this long will not end.
SECONDS = 30.0
_START_SECONDS = 60.0
_END_SECONDS = 5.0
MEMORY = 1 << 30
_MAIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from overheard.testing.elsewhere import serve; serve(int(sys.argv[2]))"
)
# "subprocess" and "os" are asked for by the start of the name; what Python opens to import a module is no reading.
_EFFECTS = ("open", "socket.", "subprocess.", "os.", "shutil.", "sqlite3.", "urllib.", "ftplib.", "glob.", "tempfile.")
_CODE = (".py", ".pyc", ".so", ".pyi", ".typed")
_HARMLESS = frozenset({"os.putenv", "os.unsetenv", "os.listdir", "os.scandir"})
_CLOCKS = frozenset({"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"})

Task = Literal["read", "effects", "clocks", "seconds"]


@dataclass(frozen=True, slots=True)
class Broken:
    """Reading ended as it may not: in another error than InputError, not in time, or with the process."""

    message: str


Outcome = Reading | InputError | Broken


class Elsewhere:
    """A process that reads for us, started with the first task and again after one that went wrong.

    A context manager. `environment` is put over that of this process. Sources must be picklable, and of a module that
    another process can import.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, seconds: float = SECONDS) -> None:
        self._environment = dict(environment or {})
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    def read(self, source: Source, fetch: Fetch) -> Outcome:
        """Return what came of `source.read(fetch)`."""
        answer = self._ask("read", source, fetch)
        assert isinstance(answer, Reading | InputError | Broken)
        return answer

    def effects(self, source: Source, fetch: Fetch) -> Sequence[str] | Broken:
        """Return what a second reading asked the system for: files, network, processes; each once."""
        return self._listed("effects", source, fetch)

    def clocks(self, source: Source, fetch: Fetch) -> Sequence[str] | Broken:
        """Return the clocks that a second reading looked at, as `datetime.now in module`."""
        return self._listed("clocks", source, fetch)

    def seconds(self, source: Source, fetch: Fetch) -> float | Broken:
        """Return the seconds of processor time that a reading takes, the better of three."""
        answer = self._ask("seconds", source, fetch)
        assert isinstance(answer, float | Broken)
        return answer

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self._pipe = self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _listed(self, task: Task, source: Source, fetch: Fetch) -> Sequence[str] | Broken:
        answer = self._ask(task, source, fetch)
        assert isinstance(answer, list | Broken)
        return answer

    def _ask(self, task: Task, source: Source, fetch: Fetch) -> object:
        try:
            pipe = self._pipe or self._start(source)
            try:
                pipe.send((task, source, fetch))
            except (PicklingError, AttributeError, TypeError) as e:
                return Broken(f"expected a source that can be sent to another process (pickle); got {e}")
            if not pipe.poll(self._seconds):
                self.close()
                return Broken(f"expected it to end; it took longer than {self._seconds:g} s")
            return pipe.recv()
        except (EOFError, OSError) as e:
            code = None if self._child is None else _ended(self._child)
            self.close()
            said = f"it ended with {code}" if code is not None else repr(e)
            return Broken(f"expected the process that reads to go on; {said}")

    def _start(self, source: Source) -> Connection:
        self._pipe, theirs = Pipe()
        path = json.dumps([*(place or str(Path.cwd()) for place in sys.path), *_home(type(source))])
        # The program is this Python, the arguments are ours.
        self._child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _MAIN, path, str(theirs.fileno())],
            env=os.environ | self._environment,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        if self._pipe.poll(_START_SECONDS):
            self._pipe.recv()
        return self._pipe


def _ended(child: subprocess.Popen[bytes]) -> int | None:
    """Return how a process ended whose pipe is closed: that comes a moment before. None where it goes on."""
    try:
        return child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _home(kind: type[Source]) -> Iterator[str]:
    """Yield the folder from which a class can be imported, where a test runner had found it by another way."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if file:
        depth = kind.__module__.count(".") + (Path(file).name == "__init__.py")
        yield str(Path(file).resolve().parents[depth])


# ---- In the other process --------------------------------------------------------------------------------------------


def serve(descriptor: int) -> None:
    """Answer tasks at the other end of a pipe until it is closed."""
    pipe = Connection(descriptor)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    watch = _Watch()
    pipe.send("ready")
    while True:
        try:
            task, source, fetch = pipe.recv()
        except EOFError:
            return
        except Exception as e:  # noqa: BLE001 - unpickling runs what the source brings, which may fail in any way
            pipe.send(Broken(f"expected a source that another process can read with; got {type(e).__name__}: {e}"))
            continue
        answer = _outcome(source, fetch)
        if task == "seconds":
            answer = min(_timed(source, fetch) for _ in range(3)) if isinstance(answer, Reading) else Broken("unread")
        elif task != "read":
            answer = watch.effects(source, fetch) if task == "effects" else watch.clocks(source, fetch)
        try:
            pipe.send(answer)
        except Exception as e:  # noqa: BLE001 - pickling runs what the source brings, which may fail in any way
            pipe.send(Broken(f"expected a reading that another process can take; got {type(e).__name__}: {e}"))


def _outcome(source: Source, fetch: Fetch) -> Any:
    try:
        answer = source.read(fetch)
    except InputError as e:
        return InputError(str(e).removeprefix(f"{e.where}: "), where=e.where)
    except MemoryError:
        return Broken(f"expected it to take less than {MEMORY >> 20} MB of memory; it takes more")
    except BaseException as e:  # noqa: BLE001 - whatever it is, it is what is looked for
        return Broken(f"expected a Reading or InputError; got {type(e).__name__}: {str(e)[:200]}{_place(e)}")
    return answer if isinstance(answer, Reading) else Broken(f"expected a Reading; got {type(answer).__name__}")


def _place(error: BaseException) -> str:
    """Return where an error was raised, by file and line: the deepest place."""
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return "" if tb is None else f" ({Path(tb.tb_frame.f_code.co_filename).name}, line {tb.tb_lineno})"


def _timed(source: Source, fetch: Fetch) -> float:
    began = time.process_time()
    source.read(fetch)
    return time.process_time() - began


class _Watch:
    """What a reading asks the system for. A hook of this kind cannot be taken out again: hence the process."""

    def __init__(self) -> None:
        self._seen: dict[str, None] | None = None
        sys.addaudithook(self._heard)

    def effects(self, source: Source, fetch: Fetch) -> list[str]:
        seen = self._seen = {}
        try:
            _outcome(source, fetch)
        finally:
            self._seen = None
        return list(seen)

    def clocks(self, source: Source, fetch: Fetch) -> list[str]:
        seen: dict[str, None] = {}

        def called(frame: FrameType, event: str, thing: Any) -> None:
            if event == "c_call":
                owner = getattr(thing, "__self__", None)
                name = f"{getattr(owner, '__name__', '')}.{getattr(thing, '__name__', '')}"
                if name in _CLOCKS:
                    seen[f"{name} in {_module(frame.f_code)}"] = None

        before: Callable[..., Any] | None = sys.getprofile()
        sys.setprofile(called)
        try:
            _outcome(source, fetch)
        finally:
            sys.setprofile(before)
        return list(seen)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._seen is None or not event.startswith(_EFFECTS) or event in _HARMLESS:
            return
        what = str(arguments[0]) if arguments else ""
        if event == "open" and what.endswith(_CODE):
            return
        self._seen[f"{event}({what[:100]!r})"] = None
        if event != "open":
            msg = f"expected a source that only reads what it is given; it asked the system for {event}"
            raise PermissionError(msg)


def _module(code: CodeType) -> str:
    return Path(code.co_filename).name
