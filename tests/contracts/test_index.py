"""The embedded index keeps the contract of the index."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.folder import Folder
from overheard.index.embedded import EmbeddedIndex
from tests.contracts.index_contract import IndexContract, OpenIndex


class TestEmbeddedIndex(IndexContract):
    @pytest.fixture
    def open_index(self, tmp_path: Path) -> Iterator[OpenIndex]:
        opened: list[EmbeddedIndex] = []
        with Folder(tmp_path / "data") as folder:

            def open_one() -> EmbeddedIndex:
                opened.append(EmbeddedIndex(folder))
                return opened[-1]

            yield open_one
            for index in opened:
                index.close()
