"""The two servers that `make engines` starts: for every test run and benchmark, until they are stopped."""

from collections.abc import Iterator
from contextlib import contextmanager

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
