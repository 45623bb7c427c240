"""The embedded log keeps the contract of the log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from tests.contracts.log_contract import TOPICS, Clock, LogContract, OpenLog


class TestEmbeddedLog(LogContract):
    @pytest.fixture
    def open_log(self, clock: Clock, tmp_path: Path) -> Iterator[OpenLog]:
        opened: list[EmbeddedLog] = []
        with Folder(tmp_path / "data") as folder:

            def open_one() -> EmbeddedLog:
                opened.append(EmbeddedLog(folder, TOPICS, clock=clock))
                return opened[-1]

            yield open_one
            for log in opened:
                log.close()
