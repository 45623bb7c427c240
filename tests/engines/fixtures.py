"""Fixtures over real engines: started at the first use in a run, for all its workers, or those of `make engines`.

Where they cannot run, a test that asks for them is skipped with the reason; with `CI=true` it fails.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import httpx
import pytest

from tests.engines.place import UnavailableError
from tests.engines.shared import among, running

T = TypeVar("T")


def cannot(what: str, error: UnavailableError) -> NoReturn:
    """Skip the test that cannot have an engine; in CI fail it."""
    message = f"not tested on real {what}: {error}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@contextmanager
def started(what: str, make: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    """Yield a test's own server, as `make` makes it, running; the test is skipped where that cannot be."""
    with ExitStack() as open_:
        try:
            server = open_.enter_context(make())
        except UnavailableError as error:
            cannot(what, error)
        yield server


class _Engines:
    """The engines of this run, each begun when first asked for; `folder` is common to the run's workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.addresses: dict[str, str] = {}
        self._missing: dict[str, UnavailableError] = {}
        self._open = ExitStack()

    def address(self, engine: str) -> str:
        if engine in self._missing:
            cannot(engine, self._missing[engine])
        if engine not in self.addresses:
            try:
                self.addresses[engine] = self._open.enter_context(among(self._folder, engine, partial(running, engine)))
            except UnavailableError as error:
                self._missing[engine] = error
                cannot(engine, error)
        return self.addresses[engine]

    def close(self) -> None:
        self._open.close()


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run, common to its workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def _engines(run_folder: Path) -> Iterator[_Engines]:
    engines = _Engines(run_folder)
    yield engines
    engines.close()


@pytest.fixture(scope="session")
def kafka(_engines: _Engines) -> str:
    """The bootstrap address of a real Kafka broker, `host:port`, without TLS; shared, so use a `prefix`."""
    return _engines.address("kafka")


@pytest.fixture(scope="session")
def elastic(_engines: _Engines) -> str:
    """The URL of a real Elasticsearch, without security; shared, so use a `prefix`."""
    return _engines.address("elasticsearch")


@pytest.fixture
def prefix(_engines: _Engines) -> Iterator[str]:
    """A prefix of this test's own; its topics, groups and indices are removed afterwards."""
    yield from _prefix(_engines)


@pytest.fixture(scope="module")
def module_prefix(_engines: _Engines) -> Iterator[str]:
    """As `prefix`, for all tests of a module."""
    yield from _prefix(_engines)


def _prefix(engines: _Engines) -> Iterator[str]:
    one = f"t{uuid.uuid4().hex[:12]}"
    yield one
    remove(engines.addresses.get("kafka", ""), engines.addresses.get("elasticsearch", ""), one)


def remove(kafka: str, elastic: str, prefix: str) -> None:
    """Remove what stands under a prefix: topics and groups, indices; "" leaves an engine out."""
    if kafka:
        _remove_topics(kafka, prefix)
    if elastic:
        _remove_indices(elastic, prefix)


def _remove_topics(address: str, prefix: str) -> None:
    from kafka.admin import KafkaAdminClient  # here, since it takes long to load and few tests need it

    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        topics = [topic for topic in admin.list_topics() if topic.startswith(prefix)]
        if topics:
            admin.delete_topics(topics)
        groups = [group["group_id"] for group in admin.list_groups() if group["group_id"].startswith(prefix)]
        if groups:
            admin.delete_groups(groups)  # one with a member left is refused, and forgotten by the broker in time
    finally:
        admin.close()


def _remove_indices(address: str, prefix: str) -> None:
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        client.delete(f"/{prefix}*", params={"expand_wildcards": "all"}).raise_for_status()
