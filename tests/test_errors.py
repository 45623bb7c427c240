"""Errors: what a user reads, and that it survives the way out of a worker process."""

import pickle

import pytest

from overheard import errors
from overheard.errors import FolderError, InputError, OverheardError, QueryError


def test_an_input_error_says_where() -> None:
    error = InputError("expected a date, got 'soon'", where="mentions.csv:7: published")
    assert str(error) == "mentions.csv:7: published: expected a date, got 'soon'"
    assert str(InputError("expected a date")) == "expected a date"


def test_every_error_is_one_of_ours() -> None:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    assert all(issubclass(error, OverheardError) for error in found)
    assert {error.__name__ for error in found if issubclass(error, FolderError)} == {
        "FolderError",
        "FolderInUseError",
        "FolderDamagedError",
        "FolderNewerError",
        "FolderFullError",
    }


@pytest.mark.parametrize("error", [InputError("bad", where="f:1"), QueryError("bad", position=3), FolderError("bad")])
def test_an_error_leaves_a_worker_process_whole(error: OverheardError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), vars(back)) == (str(error), vars(error))
