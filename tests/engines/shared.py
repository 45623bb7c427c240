"""Servers that several use: those of `make engines` until they are stopped, those of a test run by all its workers."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.engines.elastic import Elastic
from tests.engines.kafka import Kafka
from tests.engines.place import alone, cache
from tests.engines.server import Server, end, runs, sweep

ENGINES: dict[str, type[Kafka] | type[Elastic]] = {"kafka": Kafka, "elasticsearch": Elastic}


def address(engine: str) -> str | None:
    """Return the address of the shared server of an engine, or None where none runs."""
    return next((str(run["address"]) for run in runs() if run["engine"] == engine and run["shared"]), None)


@contextmanager
def running(engine: str) -> Iterator[str]:
    """Yield the address of the shared server, or of one that runs as long as this is open.

    Raises UnavailableError where there is none and none can be started.
    """
    if at := address(engine):
        yield at
    else:
        with ENGINES[engine]() as server:
            yield server.address


@contextmanager
def among(folder: Path, name: str, make: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Yield what `make` yields in the first of the processes that enter with the same folder and name.

    It is open until the last of them has left: its maker waits for the others.
    """
    made = folder / name
    with (folder / f"{name}.users").open("a") as users, ExitStack() as open_:
        with alone(folder / f"{name}.making"):
            fcntl.flock(users, fcntl.LOCK_SH)  # before the look: what is there then stays until we let go
            maker = not made.exists()
            if maker:
                made.write_text(open_.enter_context(make()), "utf-8")
        try:
            yield made.read_text("utf-8")
        finally:
            if maker:
                fcntl.flock(users, fcntl.LOCK_EX)
                made.unlink()


def start() -> None:
    """Start what does not run yet, both at once, and wait until they answer. Raises EnginesError."""
    with alone(cache() / "starting"):
        started: list[Server] = []
        try:
            for engine, kind in ENGINES.items():
                if address(engine) is None:
                    started.append(kind(shared=True))
                    started[-1].launch()
            for server in started:
                server.wait()
        except BaseException:
            for server in started:
                end(server.folder)
            raise


def stop() -> list[str]:
    """Stop both, and sweep up after processes that died; return what was stopped."""
    stopped = [run for run in runs() if run["shared"]]
    for run in stopped:
        end(run["folder"])
    sweep()
    return [f"{run['engine']} at {run['address']}" for run in stopped]
