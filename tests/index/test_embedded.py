"""What is the embedded index's own: files that are gone, damaged, old or new; writers that meet; rebuilds that fail."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.errors import FolderDamagedError, FolderFullError, FolderNewerError, TransientError
from overheard.folder import Folder
from overheard.index.base import Search
from overheard.index.documents import document_of
from overheard.index.embedded import FORMAT, EmbeddedIndex
from overheard.index.query import parse
from tests.index.world import incident, profile


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path / "data") as opened:
        yield opened


def filled(folder: Folder) -> None:
    index = EmbeddedIndex(folder)
    index.apply([document_of(incident(1, "here"), 1), document_of(profile(1, "Jane Doe"), 1)])
    index.flush()
    index.close()


def found(index: EmbeddedIndex, text: str = "here") -> int:
    return index.search(Search(parse(text))).total


def test_an_index_that_is_gone_says_so_and_can_be_put_in_place_again(folder: Folder) -> None:
    filled(folder)
    shutil.rmtree(folder.index)
    index = EmbeddedIndex(folder)
    with pytest.raises(FolderDamagedError, match=r"it is not there. Run `overheard index rebuild`"):
        found(index)
    successor = index.successor()
    successor.apply([document_of(incident(1, "here"), 1)])
    successor.flush()
    index.adopt(successor)
    assert found(index) == 1
    index.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 100])
def test_a_damaged_index_says_so_and_can_be_cleared(folder: Folder, content: bytes) -> None:
    filled(folder)
    [meta] = folder.index.rglob("meta.json")
    meta.write_bytes(content)
    index = EmbeddedIndex(folder)
    with pytest.raises(FolderDamagedError, match="expected a sound search index; got: "):
        found(index)
    index.clear()
    assert found(index) == 0
    index.close()


@pytest.mark.parametrize(("number", "error"), [(FORMAT - 1, FolderDamagedError), (FORMAT + 1, FolderNewerError)])
def test_an_index_of_another_format_says_what_to_do(folder: Folder, number: int, error: type[Exception]) -> None:
    filled(folder)
    connection = folder.connect()
    connection.execute("UPDATE index_meta SET value = ? WHERE name = 'format'", (number,))
    connection.close()
    index = EmbeddedIndex(folder)
    with pytest.raises(error, match=f"expected index format {FORMAT}"):
        found(index)
    index.clear()
    assert found(index) == 0
    index.close()
    again = EmbeddedIndex(folder)
    assert found(again) == 0
    again.close()


def test_a_successor_left_behind_is_removed_when_the_index_is_opened(folder: Folder) -> None:
    filled(folder)
    index = EmbeddedIndex(folder)
    successor = index.successor()
    successor.apply([document_of(incident(2, "other"), 1)])
    successor.flush()
    successor.close()
    index.close()
    assert len(list(folder.index.iterdir())) == 2
    again = EmbeddedIndex(folder)
    assert (found(again), found(again, "other")) == (1, 0)
    assert len(list(folder.index.iterdir())) == 1
    again.close()
    connection = folder.connect()
    tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name GLOB 'index_*'"
    assert connection.execute(tables).fetchone() == (3,)
    connection.close()


def test_a_second_writer_is_told_to_try_again(folder: Folder) -> None:
    first, second = EmbeddedIndex(folder), EmbeddedIndex(folder)
    first.apply([document_of(incident(1, "here"), 1)])
    with pytest.raises(TransientError, match="another process is writing"):
        second.apply([document_of(incident(2, "here"), 1)])
    first.flush()
    first.close()
    second.apply([document_of(incident(2, "here"), 1)])
    second.flush()
    assert found(second) == 2
    second.close()


def test_after_a_failed_flush_nothing_is_pending_and_the_batch_can_be_applied_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = EmbeddedIndex(folder)
    batch = [document_of(incident(1, "here"), 1)]
    index.apply(batch)
    full = FolderFullError("no space left")

    def fail(*_: object, **__: object) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(folder, "transaction", fail)
        with pytest.raises(FolderFullError):
            index.flush()
    index.flush()
    assert index.get(batch[0].id) is None
    assert index.apply(batch) == ["indexed"]
    index.flush()
    assert found(index) == 1
    assert index.count() == 1
    index.close()
