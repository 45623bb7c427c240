"""What the workers of a run share is made once, and outlives each of its users."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.engines.place import UnavailableError
from tests.engines.shared import among


@contextmanager
def made_in(folder: Path, said: str) -> Iterator[str]:
    with (folder / "made").open("a", encoding="utf-8") as file:
        file.write(said)
    yield said
    (folder / "ended").touch()


class User:
    """Uses the thing in a thread until told to leave; what one opens is locked against the next as among processes."""

    def __init__(self, folder: Path, said: str) -> None:
        self._told = threading.Event()
        self.used: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._use, args=(folder, said))
        self._thread.start()

    def _use(self, folder: Path, said: str) -> None:
        with among(folder, "thing", partial(made_in, folder, said)) as thing:
            self.used.put(thing)
            self._told.wait()

    def leaves(self, seconds: float = 60) -> bool:
        """Tell it to leave; whether it left within the time."""
        self._told.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()


@pytest.fixture
def users(tmp_path: Path) -> Iterator[tuple[User, User]]:
    """Two that use the thing, of which the first made it."""
    first = User(tmp_path, "the first's")
    assert first.used.get(timeout=60) == "the first's"
    second = User(tmp_path, "the second's")
    assert second.used.get(timeout=60) == "the first's"
    yield first, second
    assert second.leaves()
    assert first.leaves()


def test_the_first_makes_what_all_use_and_ends_it_when_the_last_has_left(
    users: tuple[User, User], tmp_path: Path
) -> None:
    first, second = users
    assert not first.leaves(0.2)
    assert not (tmp_path / "ended").exists()
    assert second.leaves()
    assert first.leaves()
    assert (tmp_path / "ended").exists()
    assert (tmp_path / "made").read_text("utf-8") == "the first's"


def test_one_who_leaves_before_its_maker_ends_nothing(users: tuple[User, User], tmp_path: Path) -> None:
    first, second = users
    assert second.leaves()
    assert not (tmp_path / "ended").exists()
    assert first.leaves()
    assert (tmp_path / "ended").exists()


def test_after_its_end_it_is_made_anew(tmp_path: Path) -> None:
    for said in ("one", "two"):
        with among(tmp_path, "thing", partial(made_in, tmp_path, said)) as thing:
            assert thing == said


def test_what_cannot_be_made_is_said_to_each_and_may_be_made_by_the_next(tmp_path: Path) -> None:
    @contextmanager
    def never() -> Iterator[str]:
        raise UnavailableError("no Java")
        yield ""

    for _ in range(2):
        with pytest.raises(UnavailableError, match="no Java"), among(tmp_path, "thing", never):
            pass
    with among(tmp_path, "thing", lambda: made_in(tmp_path, "at last")) as thing:
        assert thing == "at last"
