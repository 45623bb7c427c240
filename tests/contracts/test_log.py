"""Both engines of the log keep its contract."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.log.kafka import KafkaLog
from overheard.log.reach import client_options
from tests.contracts.log_contract import TOPICS, Clock, LogContract, OpenLog
from tests.contracts.log_maintenance import LogMaintenance


class TestEmbeddedLog(LogContract, LogMaintenance):
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


class TestKafkaLog(LogContract):
    @pytest.fixture
    def clock(self) -> Clock:
        # The broker takes no record from more than an hour ahead, and expires by its own clock.
        return Clock(time.time_ns() // 1_000_000)

    @pytest.fixture
    def open_log(self, clock: Clock, tmp_path: Path, kafka: str, prefix: str) -> Iterator[OpenLog]:
        opened: list[KafkaLog] = []
        with Folder(tmp_path / "data") as folder:

            def open_one() -> KafkaLog:
                options = client_options([kafka])
                opened.append(KafkaLog(options, prefix=prefix, folder=folder, topics=TOPICS, clock=clock))
                return opened[-1]

            yield open_one
            for log in opened:
                log.close()
