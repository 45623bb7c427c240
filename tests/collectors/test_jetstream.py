"""What events of Jetstream say of one post, one after the other: the last word counts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from overheard.collectors.base import Reading
from overheard.collectors.polling.revisions import publication, revise
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.collectors.streaming.stream import Open
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Fetch
from tests.collectors.streamed import T0, post

SOURCE = Jetstream(name="bluesky")
BEGAN = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=T0)

CREATED = post("a", "It folds", at=1_000)
DELETED = post("a", "", at=2_000, operation="delete")
AGAIN = post("a", "It folds well", at=3_000)
GONE = post("a", "", at=4_000, operation="delete")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        made = EmbeddedLog(folder)
        yield made
        made.close()


def read(*events: bytes) -> Reading:
    return SOURCE.read(
        Fetch(id="f", source="bluesky", url=SOURCE.url, final_url=SOURCE.url, status=200, body=b"\n".join(events),
              at=BEGAN + timedelta(seconds=1))
    )  # fmt: skip


def told(log: EmbeddedLog, *events: bytes) -> list[tuple[str, str, int]]:
    """Have some events published, and return the verbs, texts and versions of what that was."""
    reading = read(*events)
    revised = revise(log, [*reading.mentions, *reading.deletions], {}, as_of=reading.as_of)
    log.append(publication(revised, source="/sources/bluesky", time=BEGAN, cause_of=lambda _: "live"))
    return [(one.verb, one.mention.content, one.sourceversion) for one in revised if one.changed and not one.unheard]


def test_of_a_post_that_is_deleted_and_made_again_under_its_key_the_last_word_counts() -> None:
    assert [one.content for one in read(CREATED, DELETED, AGAIN).mentions] == ["It folds well"]
    assert read(CREATED, DELETED, AGAIN).deletions == ()
    gone = read(CREATED, DELETED, AGAIN, GONE)
    assert gone.mentions == ()
    assert [one.at for one in gone.deletions] == [BEGAN + timedelta(microseconds=4_000)]


def test_an_event_that_is_told_again_is_no_later_word() -> None:
    reading = read(CREATED, DELETED, CREATED)
    assert reading.mentions == ()
    assert len(reading.deletions) == 1
    assert [one.content for one in read(DELETED, AGAIN, DELETED).mentions] == ["It folds well"]


def test_without_times_the_order_decides() -> None:
    created, deleted = (one.replace(b'"time_us"', b'"other"') for one in (CREATED, DELETED))
    assert len(read(deleted, created).mentions) == 1
    assert len(read(created, deleted).deletions) == 1


def test_a_post_made_again_is_an_edit_of_what_is_known(log: EmbeddedLog) -> None:
    assert told(log, CREATED) == [("Create", "It folds", 0)]
    assert told(log, DELETED, AGAIN) == [("Update", "It folds well", T0 // 1_000 + 3)]
    assert told(log, AGAIN, GONE) == [("Delete", "", T0 // 1_000 + 4)]


def test_of_a_post_made_again_what_is_told_twice_and_in_other_batches_takes_nothing_back(log: EmbeddedLog) -> None:
    again = T0 // 1_000 + 3
    assert told(log, CREATED, DELETED, AGAIN) == [("Create", "It folds well", again)]
    # It is a deletion of what was said before.
    assert told(log, CREATED, DELETED) == [("Delete", "", again - 1)]
    assert told(log, AGAIN) == []
    assert told(log, CREATED, DELETED, AGAIN) == []


def test_a_post_made_again_at_once_is_told_where_nothing_was_known_of_it(log: EmbeddedLog) -> None:
    sifted = SOURCE.sift([CREATED, DELETED, AGAIN], Open(), lambda _: (), BEGAN)
    assert len(sifted.lines) == 3
    assert [text for _, text, _ in told(log, *sifted.lines)] == ["It folds well"]
