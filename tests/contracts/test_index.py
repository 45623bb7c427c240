"""Both indexes keep the contract of the index."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.folder import Folder
from overheard.index.base import Index
from overheard.index.elastic import ElasticIndex
from overheard.index.elastic_client import ElasticClient
from overheard.index.embedded import EmbeddedIndex
from tests.contracts.index_contract import IndexContract, OpenIndex


class TestEmbeddedIndex(IndexContract):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Folder]:
        with Folder(tmp_path / "data") as folder:
            yield folder

    @pytest.fixture
    def open_index(self, folder: Folder) -> Iterator[OpenIndex]:
        yield from _opening(lambda: EmbeddedIndex(folder))

    @pytest.fixture
    def open_reading(self, folder: Folder) -> Iterator[OpenIndex]:
        yield from _opening(lambda: EmbeddedIndex(folder, reading=True))


class TestElasticIndex(IndexContract):
    @pytest.fixture
    def client(self, elastic: str) -> Iterator[ElasticClient]:
        client = ElasticClient([elastic])
        yield client
        client.close()

    @pytest.fixture
    def open_index(self, client: ElasticClient, prefix: str) -> Iterator[OpenIndex]:
        yield from _opening(lambda: ElasticIndex(client, prefix=prefix, replicas=0))

    @pytest.fixture
    def open_reading(self, client: ElasticClient, prefix: str) -> Iterator[OpenIndex]:
        yield from _opening(lambda: ElasticIndex(client, prefix=prefix, replicas=0, reading=True))


def _opening(open_one: OpenIndex) -> Iterator[OpenIndex]:
    opened: list[Index] = []

    def open_index() -> Index:
        opened.append(open_one())
        return opened[-1]

    yield open_index
    for index in opened:
        index.close()
