import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.feeds import Feed
from overheard.collectors.fetch import Fetcher, Limits
from overheard.collectors.poll import FETCH_HEADER, STAGE, PollReport, poll_due
from overheard.errors import TransientError
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.deadletters import list_letters, replay_letter
from overheard.log.embedded import EmbeddedConsumer, EmbeddedLog
from overheard.records import Event, decode

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class World:
    """A data folder, a server, and a clock that moves when told."""

    def __init__(self, folder: Folder, server: HTTPServer) -> None:
        self.now = START
        self.log = EmbeddedLog(folder)
        self.server = server
        self.fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={f"{server.host}:{server.port}"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
        )

    def feed(self, name: str = "site") -> Feed:
        return Feed(name=name, url=self.server.url_for(f"/{name}"))

    def serve(self, *items: str, name: str = "site", **headers: str) -> None:
        self.answer(rss(*items), name=name, status=200, **headers)

    def answer(self, body: str, *, name: str = "site", status: int = 200, **headers: str) -> None:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        self.server.clear_all_handlers()
        self.server.expect_request(f"/{name}").respond_with_data(body, status=status, headers=sent)

    def poll(self, *names: str, after: timedelta = HOUR, **options: Any) -> PollReport:
        self.now += after
        feeds = [self.feed(name) for name in names or ("site",)]
        return poll_due(self.log, feeds, self.fetcher, lambda: self.now, **options)

    def events(self, topic: str = "mentions") -> list[Event[Any]]:
        found = []
        for partition in range(12):
            start, end = self.log.span(topic, partition)
            found += [decode(r.value) for r in self.log.read(topic, partition, start, end) if r.value]
        return sorted(found, key=lambda event: (event.time, event.subject))

    def fates(self) -> dict[str, int]:
        return dict(self.log.checkpoint("collect", "fetches").fates)


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    with Folder(tmp_path / "data") as folder:
        world = World(folder, httpserver)
        yield world
        world.log.close()


def rss(*items: str) -> str:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>T</title>{inner}</channel></rss>'


def item(number: int, title: str = "hello") -> str:
    return f"<link>https://site.example/{number}</link><title>{title}</title>"


def test_a_feed_becomes_mentions_and_is_not_asked_again_before_it_is_due(world: World) -> None:
    world.serve(item(1), item(2))
    report = world.poll()
    assert (report.asked, report.fetched, report.fates, report.problems) == (1, 1, {"collected": 2}, ())
    assert report.next_due == world.now + HOUR
    assert sorted(event.data.url for event in world.events()) == ["https://site.example/1", "https://site.example/2"]
    assert world.poll(after=timedelta(minutes=59)).asked == 0


def test_only_what_is_new_or_changed_is_published_each_counted_once(world: World) -> None:
    world.serve(item(1), item(2))
    world.poll()
    world.serve(item(1), item(2, "changed"), item(3))
    assert world.poll().fates == {"collected": 2, "unchanged": 1}
    assert [(e.verb, e.sourceversion, e.data.name) for e in world.events()[2:]] in (
        [("Update", 1, "changed"), ("Create", 0, "hello")],
        [("Create", 0, "hello"), ("Update", 1, "changed")],
    )
    assert world.fates() == {"collected": 4, "unchanged": 1}


def test_each_mention_names_the_fetch_that_it_was_read_from(world: World) -> None:
    world.serve(item(1), item(2))
    world.poll()
    records = [record for partition in range(12) for record in world.log.read("mentions", partition, 0, 10)]
    places = {record.headers[FETCH_HEADER] for record in records}
    assert len(records) == 2
    (partition, offset) = places.pop().split("/")
    assert not places
    (fetch,) = world.log.read("fetches", int(partition), int(offset), 1)
    assert decode(fetch.value or b"").data.source == "site"


def test_what_a_feed_held_before_it_was_first_polled_is_back_fill(world: World) -> None:
    world.serve(item(1))
    world.poll()
    world.serve(item(1), item(2))
    world.poll()
    assert [event.cause for event in world.events()] == ["back-fill", "live"]


def test_the_first_time_a_post_was_seen_stays_through_its_edits(world: World) -> None:
    world.serve(item(1))
    world.poll()
    seen = world.now
    world.serve(item(1, "edited"))
    world.poll()
    assert [event.data.first_seen for event in world.events()] == [seen, seen]


def test_validators_are_sent_back_and_a_304_reads_nothing(world: World) -> None:
    world.serve(item(1), ETag='W/"x"', Last_Modified="Mon, 20 Apr 2026 10:00:00 GMT")
    world.poll()
    world.answer("", status=304)
    report = world.poll()
    assert (report.unmodified, report.fates) == (1, {})
    request = world.server.log[-1][0]
    assert request.headers["If-None-Match"] == 'W/"x"'
    assert request.headers["If-Modified-Since"] == "Mon, 20 Apr 2026 10:00:00 GMT"


def test_the_same_body_again_is_neither_kept_nor_read(world: World) -> None:
    world.serve(item(1))
    world.poll()
    report = world.poll()
    assert (report.asked, report.fetched, report.fates) == (1, 0, {})
    assert len(world.events("fetches")) == 1


def test_a_bad_entry_is_a_dead_letter_once_and_the_others_go_on(world: World) -> None:
    world.serve(item(1), "<title>no link</title>")
    assert world.poll().fates == {"collected": 1, "dead": 1}
    world.serve(item(1), item(2), "<title>no link</title>")
    assert world.poll().fates == {"collected": 1, "unchanged": 2}
    (letter,) = list_letters(world.log)
    assert letter.stage == "collect"
    assert letter.where == f"{world.feed().url}, entry 2, link"
    assert "expected a link" in letter.message


def test_a_body_that_is_no_feed_is_a_dead_letter_and_a_problem_and_can_be_replayed(world: World) -> None:
    world.answer("<html>down for repairs</html>")
    report = world.poll()
    assert report.fates == {"dead": 1}
    (problem,) = report.problems
    assert "down for repairs" in problem.message
    assert world.poll().problems
    (letter,) = list_letters(world.log)
    replay_letter(world.log, letter.id)
    world.poll(after=timedelta(0))
    (again,) = list_letters(world.log)
    assert again.message == letter.message
    assert again.id != letter.id


def test_a_site_that_asks_for_peace_is_left_alone_as_a_whole(world: World) -> None:
    world.answer("", status=429, Retry_After=str(3 * 3600))
    world.server.expect_request("/other").respond_with_data(rss(item(1)))
    report = world.poll("site", "other")
    assert (report.asked, report.waiting) == (1, 1)
    assert report.next_due == world.now + 3 * HOUR
    report = world.poll("site", "other", after=2 * HOUR)
    assert (report.asked, report.waiting) == (0, 1)
    assert world.poll("site", "other", after=HOUR).asked >= 1


def test_one_source_that_fails_does_not_stop_the_others(world: World) -> None:
    world.answer("", status=500)
    world.server.expect_request("/other").respond_with_data(rss(item(1)))
    report = world.poll("site", "other")
    assert (report.asked, report.fates) == (2, {"collected": 1})
    assert [problem.source for problem in report.problems] == ["site"]


def test_a_permanent_redirect_is_followed_directly_after_three_polls_and_ids_stay(world: World) -> None:
    guid = "<guid isPermaLink='false'>7</guid><title>{}</title>"
    world.server.expect_request("/site").respond_with_data(status=301, headers={"Location": "/new"})
    for n in range(4):
        world.server.expect_oneshot_request("/new").respond_with_data(rss(guid.format(n)))
        world.poll()
    assert [request.path for request, _ in world.server.log] == ["/site", "/new"] * 3 + ["/new"]
    assert len({event.subject for event in world.events()}) == 1
    assert [event.sourceversion for event in world.events()] == [0, 1, 2, 3]


class Crash(Exception):  # noqa: N818  the end of the process
    pass


class Mortal:
    """A log that dies at its n-th write, before or after it is done."""

    def __init__(self, log: EmbeddedLog, writes: int, *, after: bool) -> None:
        self._log = log
        self._left = writes
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def _write(self, name: str, *args: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        result = getattr(self._log, name)(*args, **options)
        if self._left == 0:
            raise Crash
        return result

    def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Any:
        return self._write("append", records, durable=durable)

    def consumer(self, *args: Any) -> Any:
        return MortalConsumer(self._log.consumer(*args), self)

    def commit(self, *args: Any) -> Any:
        return self._write("commit", *args)


class MortalConsumer:
    """A place in a group whose commits are writes of a mortal log."""

    def __init__(self, consumer: EmbeddedConsumer, log: Mortal) -> None:
        self._consumer = consumer
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def commit(self, *args: Any) -> Any:
        return self._log.commit(STAGE, "fetches", *args)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", range(1, 8))
def test_a_crash_at_any_write_loses_nothing_and_doubles_nothing(world: World, writes: int, after: bool) -> None:
    world.serve(item(1), item(2), "<title>no link</title>")
    log = world.log
    world.log = Mortal(log, writes, after=after)  # type: ignore[assignment]
    try:
        world.poll()
    except Crash:
        pass
    else:
        assert writes == 7
    world.log = log
    world.poll(after=timedelta(0))
    world.poll(after=HOUR)
    assert len(world.events()) == 2, "what was published is remembered in the same write"
    assert {(event.subject, event.sourceversion, event.id) for event in world.events()} == {
        (event.subject, 0, event.id) for event in world.events()
    }
    assert len({event.id for event in world.events()}) == 2
    assert len({(letter.where, letter.message) for letter in list_letters(world.log)}) == 1
    # Each entry of each fetch has one fate.
    fetches = len(world.events("fetches"))
    assert sum(world.fates().values()) == 3 * fetches


def test_an_error_of_the_log_comes_out_and_no_thread_stays_behind(world: World) -> None:
    class Busy(Mortal):
        def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Any:
            raise TransientError("busy")

    for n in range(20):
        world.server.expect_request(f"/s{n}").respond_with_data(rss(item(n)))
    log = world.log
    world.log = Busy(log, 0, after=False)  # type: ignore[assignment]
    with pytest.raises(TransientError):
        world.poll(*(f"s{n}" for n in range(20)))
    world.log = log
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_a_round_that_is_told_to_stop_ends_and_the_rest_waits(world: World) -> None:
    stop = threading.Event()

    def last(request: Request) -> Response:
        stop.set()
        return Response(rss(item(1)))

    world.server.expect_request("/a").respond_with_handler(last)
    report = world.poll("a", "b", "c", stop=stop)
    assert (report.asked, report.waiting, report.fates) == (1, 2, {"collected": 1})


def test_no_sources_is_no_work(world: World) -> None:
    assert poll_due(world.log, [], world.fetcher, lambda: world.now) == PollReport()
