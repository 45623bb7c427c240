import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from overheard.collectors.base import Reading
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.files import MAX_POSTS, PostFile, read_post_file
from overheard.collectors.polling.bounded import BoundedReader
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.errors import InputError
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.deadletters import list_letters
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Fetch, Mention, decode, mention_id
from tests.collectors.polled import spread

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "https://posts.example/all.ndjson"


def read(body: str | bytes, source: str = "agency") -> Reading:
    raw = body.encode() if isinstance(body, str) else body
    return read_post_file(Fetch(id="f", source=source, url=URL, final_url=URL, status=200, body=raw, at=NOW))


def lines(*rows: Mapping[str, object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_row_becomes_a_mention_of_the_source_with_the_handle_on_its_own_platform() -> None:
    (mention,) = read(lines({"platform": "twitter", "id": "1", "author": "asha", "text": "hello"})).mentions
    assert (mention.id, mention.source, mention.first_seen) == (mention_id("x", "1"), "agency", NOW)
    assert mention.attributed_to is not None
    assert (mention.attributed_to.platform, mention.attributed_to.preferred_username) == ("x", "asha")


def test_without_a_platform_ids_and_handles_belong_to_the_source() -> None:
    (mention,) = read(lines({"id": "1", "author": "asha", "text": "hello"}), source="reddit").mentions
    assert (mention.platform, mention.id) == ("reddit", mention_id("reddit", "1"))


def test_csv_and_json_are_read_as_well() -> None:
    assert [m.content for m in read("id;text\n1;hello\n2;bye\n").mentions] == ["hello", "bye"]
    assert [m.content for m in read('[{"id": 1, "text": "hello"}]').mentions] == ["hello"]


def test_a_bad_row_is_rejected_with_line_and_column_and_the_others_go_on() -> None:
    reading = read(lines({"id": "1", "text": "a"}, {"id": "2", "text": "b", "date": "soon"}, {"id": "3", "text": "c"}))
    assert [mention.content for mention in reading.mentions] == ["a", "c"]
    (rejected,) = reading.rejected
    assert rejected.where == f'{URL}:2, column "date"'
    assert "expected a date" in rejected.message


def test_of_rows_with_one_id_the_last_edited_counts_else_the_last() -> None:
    early, late = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
    reading = read(lines({"id": "1", "text": "a"}, {"id": "1", "text": "b"}))
    assert ([m.content for m in reading.mentions], reading.repeated) == (["b"], 1)
    reading = read(lines({"id": "1", "text": "a", "edited": late}, {"id": "1", "text": "b", "edited": early}))
    assert ([m.content for m in reading.mentions], reading.repeated) == (["a"], 1)


def test_more_posts_than_are_read_are_told() -> None:
    reading = read("id,text\n" + "".join(f"{n},hello\n" for n in range(MAX_POSTS + 1)))
    assert len(reading.mentions) == MAX_POSTS
    assert "20,000" in reading.rejected[0].message


def test_a_file_without_posts_is_no_error() -> None:
    assert read("id,text\n") == read("[]") == Reading()


@pytest.mark.parametrize("body", ["", "<!doctype html><title>Log in</title>", "colour,size\nred,4\n", b"\x00\x01\x02"])
def test_what_is_no_file_of_posts_is_an_error_that_names_the_address(body: str | bytes) -> None:
    with pytest.raises(InputError) as caught:
        read(body)
    assert str(caught.value).startswith(URL)
    assert str(caught.value).count(URL) == 1


def test_what_a_polled_file_lacks_is_not_said_to_be_mended_by_an_option_of_the_import() -> None:
    with pytest.raises(InputError, match=r"Name it in the header$"):
        read("colour,size\nred,4\n")
    (row,) = read("id,text,likes\n1,hello,many\n").rejected
    assert "whole number" in row.message
    assert "--map" not in row.message


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    try:
        reading = read(body)
    except InputError:
        return
    assert all(mention.source == "agency" for mention in reading.mentions)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


def test_a_polled_file_is_read_in_the_bounded_process_and_only_what_is_new_is_published(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    now = NOW
    source = PostFile(name="agency", url=httpserver.url_for("/posts"), interval=3_600)
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={f"{httpserver.host}:{httpserver.port}"},
        limits=Limits(gap=0, total=5),
        clock=lambda: now,
    )

    def poll(*rows: Mapping[str, object]) -> PollReport:
        nonlocal now
        now += spread(HOUR)
        httpserver.clear_all_handlers()
        httpserver.expect_request("/robots.txt").respond_with_data(status=404)
        httpserver.expect_request("/posts").respond_with_data(lines(*rows))
        return poll_due(log, [source], fetcher, lambda: now, read=reader.read)

    one, two, bad = {"id": "1", "text": "a"}, {"id": "2", "text": "b"}, {"id": "3"}
    with BoundedReader() as reader:
        assert poll(one, bad).fates == {"collected": 1, "dead": 1}
        assert poll(one, bad, two).fates == {"collected": 1, "unchanged": 2}
        assert poll({**one, "text": "edited"}, two).fates == {"collected": 1, "unchanged": 1}
        (problem,) = poll().problems
    assert "empty" in problem.message
    assert [(e.data.content, e.cause) for e in events(log)] == [("a", "back-fill"), ("b", "live"), ("edited", "live")]
    assert any("expected a text or a title" in letter.message for letter in list_letters(log))


def events(log: EmbeddedLog) -> list[Event[Mention]]:
    found = []
    for partition in range(TOPICS["mentions"].partitions):
        found += [decode(one.value or b"") for one in log.read("mentions", partition, 0, 100)]
    return sorted(found, key=lambda event: event.time)
