"""The embedded engines in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.folder import Folder
from overheard.index.embedded import EmbeddedIndex
from overheard.log.embedded import EmbeddedLog


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def index(folder: Folder) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(folder)
    yield opened
    opened.close()


@pytest.fixture
def log(folder: Folder) -> Iterator[EmbeddedLog]:
    opened = EmbeddedLog(folder)
    yield opened
    opened.close()
