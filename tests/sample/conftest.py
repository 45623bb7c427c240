from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from overheard.sample import SampleServer, World, make_world

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(NOW)


@pytest.fixture
def server(world: World) -> Iterator[SampleServer]:
    with SampleServer(world, clock=lambda: NOW) as server:
        yield server
