"""Batches that are pushed: of one post what was so last counts, in whatever order it is told."""

import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from overheard.collectors.base import Deletion
from overheard.collectors.pushed.push import Push
from overheard.records import Fetch, Mention

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SAID = {"nativeId": "r-1", "text": "Jams.", "published": "2026-11-21T08:00:00Z"}
EDITED = {**SAID, "text": "Jams often.", "updated": "2026-11-21T09:00:00Z"}
AGAIN = {**SAID, "text": "Jams always.", "updated": "2026-11-21T10:00:00Z"}
GONE = {"nativeId": "r-1", "verb": "Delete", "updated": "2026-11-21T11:00:00Z"}


def read(*items: Any) -> list[Mention | Deletion]:
    fetch = Fetch(id="fet_1", source="shop", url="", final_url="", at=NOW, status=200, body=json.dumps(items).encode())
    reading = Push(name="shop", tokens=("shop",)).read(fetch)
    assert reading.repeated == len(items) - 1
    return [*reading.mentions, *reading.deletions]


@pytest.mark.parametrize("order", list(permutations([SAID, EDITED, AGAIN])))
def test_the_last_edit_counts(order: tuple[dict[str, str], ...]) -> None:
    (one,) = read(*order)
    assert isinstance(one, Mention)
    assert one.content == "Jams always."


@pytest.mark.parametrize("order", list(permutations([SAID, EDITED, GONE])))
def test_a_deletion_after_the_last_edit_counts(order: tuple[dict[str, str], ...]) -> None:
    (one,) = read(*order)
    assert isinstance(one, Deletion)


def test_where_nobody_says_when_the_last_item_counts() -> None:
    bare = {"nativeId": "r-1", "text": "Jams."}
    (one,) = read(bare, {**bare, "text": "It does."})
    assert isinstance(one, Mention)
    assert one.content == "It does."
    gone = {"nativeId": "r-1", "verb": "Delete"}
    assert isinstance(read(gone, bare)[0], Mention)
    assert isinstance(read(SAID, gone)[0], Deletion)
