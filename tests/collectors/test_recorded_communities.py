"""Every item of every recorded answer in the shared data is a mention, once, with all that a plain count finds."""

from collections import Counter
from itertools import groupby

import pytest

import tests.beside  # noqa: F401
from benchmarks import counted, recorded

_LEAST = {
    "bluesky": 7, "discourse": 33, "github": 90, "hackernews": 6, "mastodon": 450, "reddit": 6_600, "x-v2": 70,
    "youtube": 160,
}  # fmt: skip

pytestmark = pytest.mark.skipif(
    not counted.API.is_dir(), reason="the shared recordings (../shared/data/api) are not here"
)


@pytest.mark.parametrize("service", _LEAST)
def test_every_item_comes_once_with_its_author_time_permalink_parent_and_words(service: str) -> None:
    if service == "mastodon":
        pytest.importorskip("yaml")
    rows = [recorded.row_of(path) for path in counted.files() if path.relative_to(counted.API).parts[0] == service]
    assert [f"{row.file}: {one}" for row in rows for one in row.wrong] == []
    assert sum(row.found for row in rows) == sum(row.items for row in rows) >= _LEAST[service]
    equal = sum((row.equal for row in rows), Counter[str]())
    assert set(equal.values()) == {sum(row.items - row.gone for row in rows)}
    assert equal.keys() == set(recorded.FIELDS)


def test_of_each_recording_that_holds_no_item_it_is_known_why() -> None:
    pytest.importorskip("yaml")
    silent = [path for path in counted.files() if not any(map(counted.items, counted.answers(path)))]
    names = [path.relative_to(counted.API).as_posix() for path in silent]
    assert [name for name in names if not recorded.Row(name).reason] == []
    assert len(names) < len(counted.files())


def test_what_is_refused_of_a_recording_is_what_cannot_be_told_which_it_is() -> None:
    rows = [recorded.row_of(path) for path in counted.files() if path.suffix != ".yaml" and "reddit" not in path.parts]
    refused = [row.file for row in rows for _ in row.rejected]
    assert [(name, len(list(several))) for name, several in groupby(refused)] == [
        ("bluesky/note_with_article_tag_indices.bsky.json", 1),
        ("bluesky/note_with_mention_linked_text.bsky.json", 1),
        ("bluesky/quote_and_attachment.bsky.json", 1),
        ("bluesky/quote_and_image.bsky.json", 1),
        ("youtube/testdata/apidata/videos/get_rating_response.json", 1),
    ]
