"""What the enrich tests share: one loaded stage (the model takes half a second), a fixed clock, an embedded log."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tests.beside  # noqa: F401
from overheard.enrich.encoder import Encoder
from overheard.enrich.entities import Entities
from overheard.enrich.sentiment import Sentiments
from overheard.enrich.stage import EnrichStage
from overheard.enrich.winnow import Winnow
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def loaded_stage() -> EnrichStage:
    return EnrichStage(Winnow(), clock=lambda: NOW)


@pytest.fixture
def stage(loaded_stage: EnrichStage) -> EnrichStage:
    """The loaded stage, watching nothing yet."""
    loaded_stage.watch(Winnow(), 0)
    return loaded_stage


@pytest.fixture(scope="session")
def entities() -> Entities:
    return Entities()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="session")
def sentiments(encoder: Encoder) -> Sentiments:
    return Sentiments(encoder)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()
