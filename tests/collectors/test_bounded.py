import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from overheard.collectors.base import Reading
from overheard.collectors.bounded import BoundedReader
from overheard.collectors.feeds import Feed
from overheard.errors import InputError
from overheard.records import Fetch

URL = "https://site.example/feed"
FEED = Feed(name="site", url=URL)


def fetched(body: bytes) -> Fetch:
    return Fetch(
        id="f", source="site", url=URL, final_url=URL, status=200, body=body, at=datetime(2026, 5, 1, tzinfo=UTC)
    )


GOOD = fetched(b"<rss><channel><item><link>https://site.example/1</link></item></channel></rss>")


class Fatal(msgspec.Struct, frozen=True):
    """A source whose reading ends the process, as a fault in C code does."""

    name: str = "fatal"
    url: str = URL
    interval: timedelta | None = None

    def read(self, fetch: Fetch) -> Reading:
        os._exit(3)


@pytest.fixture(scope="module")
def reader() -> Iterator[BoundedReader]:
    with BoundedReader(seconds=20) as reader:
        yield reader


def test_what_is_read_is_what_is_read_without_bounds(reader: BoundedReader) -> None:
    assert reader.read(FEED, GOOD) == FEED.read(GOOD)


def test_a_body_that_cannot_be_read_gives_the_same_error(reader: BoundedReader) -> None:
    with pytest.raises(InputError) as here:
        FEED.read(fetched(b"hello"))
    with pytest.raises(InputError) as there:
        reader.read(FEED, fetched(b"hello"))
    assert (str(there.value), there.value.where) == (str(here.value), here.value.where)


def test_a_body_that_ends_the_reading_process_is_refused_and_the_next_is_read(reader: BoundedReader) -> None:
    with pytest.raises(InputError, match="ended the process"):
        reader.read(Fatal(), GOOD)
    assert len(reader.read(FEED, GOOD).mentions) == 1


def test_a_body_that_takes_for_ever_is_given_up_and_the_next_is_read() -> None:
    # feedparser looks for an e-mail address in this for hours.
    author = b"a." * 500_000
    hostile = fetched(b"<rss><channel><item><author>" + author + b"</author></item></channel></rss>")
    with BoundedReader(seconds=5) as reader:
        reader.read(FEED, GOOD)
        reader._seconds = 0.5
        with pytest.raises(InputError, match=r"read within 0\.5 s"):
            reader.read(FEED, hostile)
        reader._seconds = 20
        assert len(reader.read(FEED, GOOD).mentions) == 1
