import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from overheard.collectors.base import PAGE, Deletion, Reading, Source
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.polling.bounded import BoundedReader, read_here
from overheard.errors import InputError
from overheard.records import Fetch, Mention, mention_id

URL = "https://site.example/feed"
FEED = Feed(name="site", url=URL)


def fetched(body: bytes) -> Fetch:
    return Fetch(
        id="f", source="site", url=URL, final_url=URL, status=200, body=body, at=datetime(2026, 5, 1, tzinfo=UTC)
    )


GOOD = fetched(b"<rss><channel><item><link>https://site.example/1</link></item></channel></rss>")


class Fatal(Source, frozen=True, kw_only=True):
    """A source whose reading ends the process, as a fault in C code does."""

    kind = "fatal"

    def read(self, fetch: Fetch) -> Reading:
        os._exit(3)


class Halved(Source, frozen=True, kw_only=True):
    """A source that takes ids and links as JSON has them."""

    kind = "halved"

    def read(self, fetch: Fetch) -> Reading:
        ids = json.loads(fetch.body)
        mentions = [
            Mention(
                id=mention_id("p", str(n)), platform="p", native_id=id_, source="s", content="It", first_seen=fetch.at
            )
            for n, id_ in enumerate(ids["posts"])
        ]
        return Reading(tuple(mentions), deletions=(Deletion(mentions[-1]),), next_page=ids["next"])


@pytest.fixture(autouse=True)
def _these_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child process import this module too, of which it is sent a source and a sieve."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2]), *sys.path])


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
        reader.read(Fatal(name="fatal", url=URL), GOOD)
    assert len(reader.read(FEED, GOOD).mentions) == 1


def test_a_post_with_half_a_character_is_rejected_and_those_beside_it_come(reader: BoundedReader) -> None:
    body = rb'{"posts": ["a", "\ud800", "c", "d\udfff"], "next": "n"}'
    for read in (reader.read, read_here):
        found = read(Halved(name="halved", url=URL), fetched(body))
        assert [one.native_id for one in found.mentions] == ["a", "c"]
        assert found.deletions == ()
        assert len(found.rejected) == 3
        assert {one.where.partition(",")[0] for one in found.rejected} == {URL}
        assert all("half" in one.message for one in found.rejected)
        with pytest.raises(InputError, match="half of one"):
            read(Halved(name="halved", url=URL), fetched(body.replace(b'"n"', rb'"\udc00"')))


def test_a_body_that_takes_for_ever_is_given_up_and_the_next_is_read() -> None:
    # feedparser looks for an e-mail address in this for hours.
    author = b"a." * 500_000
    hostile = fetched(b"<rss><channel><item><author>" + author + b"</author></item>")  # broken, so no fast way
    with BoundedReader(seconds=5) as reader:
        reader.read(FEED, GOOD)
        reader._seconds = 0.5
        with pytest.raises(InputError, match=r"read within 0\.5 s"):
            reader.read(FEED, hostile)
        reader._seconds = 20
        assert len(reader.read(FEED, GOOD).mentions) == 1


class Holds:
    """Whether a word stands in a text, in whatever process."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __call__(self, text: str) -> bool:
        return self.word in text


def entry_page(text: str, *, source: str = "site") -> Fetch:
    about = Mention(
        id="m1", platform="web", source=source, content="A week", url="https://site.example/1", first_seen=GOOD.at
    )
    body = (
        b"<html><body><article>"
        + f"<p>A week of {text}, and more of it.</p>".encode() * 30
        + b"</article></body></html>"
    )
    return Fetch(
        id="p",
        source=source,
        url="https://site.example/1",
        final_url="https://site.example/1",
        status=200,
        body=body,
        at=GOOD.at,
        purpose=PAGE,
        about=about,
    )


def methods(reader: BoundedReader, *texts: str) -> list[str]:
    return [reader.read(FEED, entry_page(text)).mentions[0].method for text in texts]


def test_of_a_page_without_a_watched_term_no_more_is_read_and_the_entry_stays_as_it_was_given() -> None:
    watched = Holds("Korvex")
    with BoundedReader(sieve=lambda: watched) as reader:
        assert methods(reader, "Korvex", "Acme", "Korvex") == ["page", "", "page"]
        assert reader.read(FEED, entry_page("Acme")).mentions == (entry_page("Acme").about,)
        # What is watched changes as it runs, and is known to a process that was begun again.
        watched = Holds("Acme")
        assert methods(reader, "Korvex", "Acme") == ["", "page"]
        with pytest.raises(InputError):
            reader.read(Fatal(name="fatal", url=URL), GOOD)
        assert methods(reader, "Korvex", "Acme") == ["", "page"]


def test_the_page_of_an_entry_that_passes_by_itself_is_read_whatever_it_holds() -> None:
    with BoundedReader(sieve=lambda: Holds("Korvex"), passes=lambda one: one.source == "site") as reader:
        assert methods(reader, "Acme") == ["page"]
        assert reader.read(FEED, entry_page("Acme", source="other")).mentions[0].method == ""


def test_without_a_sieve_every_page_is_read(reader: BoundedReader) -> None:
    assert methods(reader, "Acme") == ["page"]
