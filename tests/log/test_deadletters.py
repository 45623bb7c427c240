"""Dead letters: listed, shown, replayed, dropped; the same failure twice is one letter."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.errors import InputError, NotFoundError, OverheardError
from overheard.folder import Folder
from overheard.log.base import ConsumerRecord, Log, ProducerRecord
from overheard.log.deadletters import (
    dead_letter,
    dead_letter_record,
    drop_letter,
    is_replayable,
    list_letters,
    replay_letter,
    show_letter,
)
from overheard.log.embedded import EmbeddedLog
from overheard.records import DeadLetter, decode

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with Folder(tmp_path) as folder, closing(EmbeddedLog(folder)) as opened:
        yield opened


def fail(log: Log, value: bytes | None, *, stage: str = "enrich", key: str = "men_1", at: datetime = AT) -> DeadLetter:
    """Append a record to `mentions` and make it a dead letter."""
    ((partition, offset),) = log.append([ProducerRecord("mentions", key, value, {"cause": "live"})])
    (record,) = log.read("mentions", partition, offset, 1)
    letter = dead_letter(record, stage, InputError("expected a date; got 'soon'", where="feed 3, entry 7"), at)
    log.append([dead_letter_record(letter)])
    return letter


def imported(message: str = "expected a date; got 'soon'") -> DeadLetter:
    return DeadLetter(
        id="qwertz", stage="import", topic="", partition=0, offset=0, key="", error="InputError", message=message,
        where="posts.csv:17, published", at=AT, value=b"a;b;soon",
    )  # fmt: skip


def test_a_letter_says_who_when_what_and_where_and_keeps_the_record(log: Log) -> None:
    letter = fail(log, b"\xff\x00 not JSON")
    (shown,) = list_letters(log)
    assert shown == letter == show_letter(log, letter.id)
    assert (shown.stage, shown.at, shown.error) == ("enrich", AT, "InputError")
    assert shown.message == "expected a date; got 'soon'"
    assert shown.where == "feed 3, entry 7"
    assert (shown.key, shown.headers, shown.value) == ("men_1", {"cause": "live"}, b"\xff\x00 not JSON")
    assert shown.id == f"mentions/{shown.partition}/{shown.offset}"


def test_letters_are_filtered_by_stage_and_topic_and_come_oldest_first(log: Log) -> None:
    first, second = fail(log, b"1"), fail(log, b"2", stage="other")
    log.append([dead_letter_record(imported())])
    assert [letter.id for letter in list_letters(log)] == [first.id, second.id, "qwertz"]
    assert [letter.id for letter in list_letters(log, stage="other")] == [second.id]
    assert [letter.id for letter in list_letters(log, topic="mentions")] == [first.id, second.id]
    assert list_letters(log, stage="other", topic="facts") == []


def test_the_same_failure_redone_after_a_crash_is_one_letter_the_newest(log: Log) -> None:
    letter = fail(log, b"1")
    again = DeadLetter(**{f: getattr(letter, f) for f in letter.__struct_fields__} | {"attempts": 9})
    log.append([dead_letter_record(again)])
    assert list_letters(log) == [again]


def test_a_replayed_record_stands_on_its_topic_again_with_key_and_headers_and_its_letter_is_gone(log: Log) -> None:
    letter = fail(log, b"1")
    assert replay_letter(log, letter.id) == letter
    records = log.read("mentions", letter.partition, 0, 10)
    assert [(r.key, r.value, dict(r.headers)) for r in records] == [("men_1", b"1", {"cause": "live"})] * 2
    assert list_letters(log) == []
    with pytest.raises(NotFoundError, match="was replayed, dropped or expired"):
        replay_letter(log, letter.id)


def test_a_tombstone_that_failed_is_replayed_as_a_tombstone(log: Log) -> None:
    letter = fail(log, None)
    replay_letter(log, letter.id)
    assert [r.value for r in log.read("mentions", letter.partition, 0, 10)] == [None, None]


def test_a_row_of_an_import_cannot_be_replayed_and_the_message_says_what_to_do(log: Log) -> None:
    log.append([dead_letter_record(imported())])
    assert not is_replayable(imported())
    with pytest.raises(OverheardError, match=r"posts\.csv:17, published.*never reached a topic\. Correct it"):
        replay_letter(log, "qwertz")
    assert len(list_letters(log)) == 1


def test_a_dropped_letter_is_gone_and_can_fail_again(log: Log) -> None:
    letter = fail(log, b"1")
    assert drop_letter(log, letter.id) == letter
    assert list_letters(log) == []
    with pytest.raises(NotFoundError, match="expected the id of a dead letter; 'mentions/"):
        drop_letter(log, letter.id)
    log.append([dead_letter_record(letter)])
    assert list_letters(log) == [letter]


def test_letters_are_listed_past_what_compaction_and_time_took(log: Log) -> None:
    letters = [fail(log, str(i).encode(), key=f"men_{i}") for i in range(600)]
    for letter in letters[:590]:
        drop_letter(log, letter.id)
    log.commit("reader", "dead-letters", {0: log.span("dead-letters", 0)[1]}, {})
    now = int(datetime.now(UTC).timestamp() * 1000)
    assert log.maintain(now)["dead-letters"] == 590
    assert list_letters(log) == letters[590:]
    log.maintain(now + 31 * 86_400_000)
    assert list_letters(log) == []


@given(key=st.text(), message=st.text(), where=st.text(), value=st.none() | st.binary())
def test_a_letter_can_be_made_of_whatever_an_error_says(
    key: str, message: str, where: str, value: bytes | None
) -> None:
    record = ConsumerRecord("mentions", 3, 17, 0, key.encode("utf-8", "replace").decode(), value, {})
    letter = dead_letter(record, "enrich", InputError(message + "\ud800", where=where), AT)
    produced = dead_letter_record(letter)
    assert produced.key == "mentions/3/17"
    assert produced.value is not None
    assert decode(produced.value).data == letter


def test_a_message_that_quotes_a_whole_record_is_cut() -> None:
    record = ConsumerRecord("mentions", 3, 17, 0, "k", b"", {})
    assert len(dead_letter(record, "enrich", ValueError("x" * 1_000_000), AT).message) == 2_000
