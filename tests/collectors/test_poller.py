import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Source
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.fetching.secrets import Place, Secrets
from overheard.collectors.pages.watched import WatchedPage
from overheard.collectors.polling.collect import FETCH_HEADER, STAGE
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.poller import Poller, PollReport, poll_due
from overheard.collectors.polling.pollstate import load_states, save_states, source_key
from overheard.collectors.polling.rhythm import observe
from overheard.collectors.polling.schedule import begin
from overheard.errors import TransientError
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.deadletters import list_letters, replay_letter
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, decode
from tests.collectors.mortal import Killed, Mortal
from tests.collectors.polled import spread

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class World:
    """A data folder, a server, and a clock that moves when told."""

    def __init__(self, folder: Folder, server: HTTPServer) -> None:
        self.now = START
        self.log = EmbeddedLog(folder)
        self.server = server
        self.allow_all()
        self.fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={f"{server.host}:{server.port}"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
        )

    def allow_all(self) -> None:
        self.server.expect_request("/robots.txt").respond_with_data(status=404)

    def asked(self) -> list[str]:
        """What was asked, but for the rules of the site."""
        return [request.path for request, _ in self.server.log if request.path != "/robots.txt"]

    def feed(self, name: str = "site") -> Feed:
        return Feed(name=name, url=self.server.url_for(f"/{name}"), interval=3_600, articles=False)

    def serve(self, *items: str, name: str = "site", **headers: str) -> None:
        self.answer(rss(*items), name=name, status=200, **headers)

    def answer(self, body: str, *, name: str = "site", status: int = 200, **headers: str) -> None:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        self.server.clear_all_handlers()
        self.allow_all()
        self.server.expect_request(f"/{name}").respond_with_data(body, status=status, headers=sent)

    def poll(self, *names: str, after: timedelta = HOUR, **options: Any) -> PollReport:
        self.now += spread(after)
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
    assert report.next_due is not None
    assert HOUR <= report.next_due - world.now <= spread(HOUR)
    assert sorted(event.data.url for event in world.events()) == ["https://site.example/1", "https://site.example/2"]
    world.now += timedelta(minutes=59)
    assert world.poll(after=timedelta()).asked == 0


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


def dated(number: int, at: datetime) -> str:
    return f"{item(number)}<pubDate>{format_datetime(at)}</pubDate>"


def test_a_kill_between_what_was_found_and_what_is_remembered_takes_nothing_from_the_rhythm(world: World) -> None:
    dates = [START - number * timedelta(days=1, hours=number) for number in range(1, 9)]
    world.serve(*(dated(number, at) for number, at in enumerate(dates)))
    world.now += HOUR
    log, kills = world.log, 0
    while True:
        world.log = Mortal(log, 1 + kills, after=kills % 2 == 0)  # type: ignore[assignment]
        try:
            world.poll(after=timedelta(0))
            break
        except Killed:
            kills += 1
    world.log = log
    assert kills > 3
    state = load_states(world.log, [source_key("site")])[source_key("site")]
    assert state.rhythm == observe(None, dates, now=world.now, held=len(dates))


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


def test_a_feed_that_breaks_off_is_said_to_until_it_comes_whole(world: World) -> None:
    whole = rss(item(1), item(2), item(3))
    cut = whole[: whole.index("hello", whole.index("site.example/3"))]
    said = []
    for body in (cut, cut, whole):
        world.answer(body)
        world.poll()
        known = load_states(world.log, ["source/site"])["source/site"]
        said.append((known.cut, health_of(world.feed(), known, None, None, world.now).state))
    assert said == [("after 2 entries", "cut short"), ("after 2 entries", "cut short"), ("", "works")]


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
    assert world.asked() == ["/site", "/new"] * 3 + ["/new"]
    assert len({event.subject for event in world.events()}) == 1
    assert [event.sourceversion for event in world.events()] == [0, 1, 2, 3]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", range(1, 8))
def test_a_crash_at_any_write_loses_nothing_and_doubles_nothing(world: World, writes: int, after: bool) -> None:
    world.serve(item(1), item(2), "<title>no link</title>")
    log = world.log
    world.log = Mortal(log, writes, after=after)  # type: ignore[assignment]
    try:
        world.poll()
    except Killed:
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


# ---- The rules of a site ---------------------------------------------------------------------------------------------


def rules(world: World, text: str, status: int = 200) -> None:
    world.server.clear_all_handlers()
    world.server.expect_request("/robots.txt").respond_with_data(text, status=status)
    world.server.expect_request("/site").respond_with_data(rss(item(1)))


def test_what_a_site_forbids_to_robots_is_not_asked_and_said_so(world: World) -> None:
    rules(world, "User-agent: *\nDisallow: /site\n")
    report = world.poll()
    assert (report.asked, report.requests, report.fates) == (1, 1, {})
    assert "robots.txt asks robots not to fetch" in report.problems[0].message
    assert world.asked() == []


def test_rules_for_us_go_before_those_for_everybody(world: World) -> None:
    rules(world, "User-agent: *\nDisallow: /\n\nUser-agent: overheard\nDisallow: /private\n")
    assert world.poll().fates == {"collected": 1}


def test_rules_are_asked_for_once_a_week_and_remembered_over_a_restart(world: World) -> None:
    rules(world, "User-agent: *\nDisallow: /private\n")
    for _ in range(3):
        world.poll()
    assert [request.path for request, _ in world.server.log] == ["/robots.txt", "/site", "/site", "/site"]
    world.poll(after=timedelta(days=8))
    assert [request.path for request, _ in world.server.log][4:] == ["/robots.txt", "/site"]


def test_while_the_rules_cannot_be_had_nothing_is_asked(world: World) -> None:
    rules(world, "", status=503)
    report = world.poll()
    assert "Until it can be had nothing is asked" in report.problems[0].message
    assert report.next_due == world.now + HOUR, "that may pass, as an error of the source itself"
    assert world.asked() == []
    rules(world, "User-agent: *\nDisallow: /private\n")
    assert world.poll(after=timedelta(days=1)).fates == {"collected": 1}


@pytest.mark.parametrize("there", ["http://10.0.0.1/feed", "http://127.0.0.1:1/feed", "ftp://files.example/feed"])
def test_an_address_that_may_not_be_asked_is_refused_at_once_and_named(world: World, there: str) -> None:
    """Also where a redirect leads there; it is no fault of a robots.txt, which nobody asked for."""
    world.answer("", status=302, Location=there)
    inner = Feed(name="inner", url="http://127.0.0.1:1/feed", interval=3_600)
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={f"{world.server.host}:{world.server.port}"},
        limits=Limits(gap=0, total=5),
        clock=lambda: world.now,
        resolve=lambda host, _: [host if host.startswith("10.") else "127.0.0.1"],
    )
    feeds = [world.feed(), inner]
    report = poll_due(world.log, feeds, fetcher, lambda: world.now)
    problems = {problem.source: problem.message for problem in report.problems}
    public = "expected a public address; {!r} has none"
    words = (
        f"expected an http or https URL; got {there!r}"
        if there.startswith("ftp")
        else public.format(urlsplit(there).hostname)
    )
    assert problems["site"].startswith(words)
    assert problems["inner"].startswith(public.format("127.0.0.1"))
    states = load_states(world.log, [source_key(feed.name) for feed in feeds]).values()
    assert {state.outcome for state in states} == {"refused"}
    # What its owner then allows is asked at its next time: nothing is held against it but the pause.
    assert all(state.next_due - world.now == 4 * HOUR for state in states)


# ---- One request for many, many sites side by side -------------------------------------------------------------------


def test_a_host_that_the_settings_come_to_allow_is_asked_at_once(world: World) -> None:
    world.serve(item(1))
    allowing = world.fetcher
    world.fetcher = Fetcher(contact="https://us.example/bot", limits=Limits(gap=0, total=5), clock=lambda: world.now)
    (refused,) = world.poll().problems
    assert "allow_hosts" in refused.message
    assert world.poll(after=timedelta(minutes=1)).asked == 0
    world.fetcher = allowing
    assert world.poll(after=timedelta(minutes=1)).fates == {"collected": 1}


def test_what_is_refused_for_another_reason_keeps_its_time_though_its_host_is_allowed(world: World) -> None:
    rules(world, "User-agent: *\nDisallow: /\n")
    assert len(world.poll().problems) == 1
    assert world.poll(after=timedelta(minutes=1)).problems == ()
    rules(world, "")
    world.server.expect_request("/twin").respond_with_data("", 302, {"Location": "http://127.0.0.1:9/"})
    assert len(world.poll("twin", after=timedelta(days=8)).problems) == 1
    assert world.poll("twin", after=timedelta(minutes=1)).problems == ()


def test_a_source_that_could_not_be_read_is_asked_at_once_when_it_is_set_anew(world: World) -> None:
    world.answer("<main><p>None yet</p></main><div class=news><p><a href=/1>The first of all news</a></p></div>")
    page = WatchedPage(name="site", url=world.server.url_for("/site"), select="main a", articles=False)

    def poll(source: Source) -> PollReport:
        world.now += timedelta(minutes=1)
        return poll_due(world.log, [source], world.fetcher, lambda: world.now)

    assert len(poll(page).problems) == 1
    assert poll(page).asked == 0
    mended = msgspec.structs.replace(page, select=".news a")
    assert poll(mended).fates == {"collected": 1}
    assert poll(msgspec.structs.replace(page, select=".news")).asked == 0, "what can be read keeps its time"


def test_an_address_that_two_sources_have_is_asked_once_and_read_for_both(world: World) -> None:
    world.serve(item(1))
    feeds = [world.feed(), Feed(name="twin", url=world.feed().url, articles=False)]
    report = poll_due(world.log, feeds, world.fetcher, lambda: world.now)
    assert (report.asked, report.fetched, world.asked()) == (2, 2, ["/site"])
    assert sorted(event.data.source for event in world.events("fetches")) == ["site", "twin"]


def test_sources_of_one_address_are_asked_as_one_only_where_they_have_one_token(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one account is shown is none of the other's."""
    tokens: list[str] = []

    def account(request: Request) -> Response:
        tokens.append(request.headers.get("Authorization", ""))
        return Response(rss(f"<link>https://site.example/of{len(tokens)}</link><title>{tokens[-1]}</title>"))

    world.server.expect_request("/site").respond_with_handler(account)
    url = world.feed().url
    names = ("nobody", "anybody", "mine", "yours", "yours too")
    feeds = [Feed(name=name, url=url, interval=3_600, articles=False) for name in names]
    monkeypatch.setenv("TOKEN_MINE", "m-token")
    monkeypatch.setenv("TOKEN_YOURS", "y-token")
    places = {"mine": Place(url, env="TOKEN_MINE")}
    places |= {name: Place(url, env="TOKEN_YOURS") for name in ("yours", "yours too")}
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={f"{world.server.host}:{world.server.port}"},
        limits=Limits(gap=0, total=5),
        clock=lambda: world.now,
        secrets=Secrets(places),
    )
    assert poll_due(world.log, feeds, fetcher, lambda: world.now).asked == 5
    assert sorted(tokens) == ["", "Bearer m-token", "Bearer y-token"]
    said = {event.data.source: event.data.body.decode() for event in world.events("fetches")}
    for name, token in zip(names, ("", "", "m-token", "y-token", "y-token"), strict=True):
        assert token in said[name]
        assert "y-token" not in said[name] or name.startswith("yours")


def test_a_source_that_moves_to_an_address_that_is_being_asked_is_asked_there_in_its_own_time(
    tmp_path: Path,
) -> None:
    """It waits for the page of an entry on another host, so that the other source is asked in the meantime."""
    remembered = threading.Event()

    class Watched:
        def __init__(self, log: EmbeddedLog) -> None:
            self._log = log

        def __getattr__(self, name: str) -> Any:
            return getattr(self._log, name)

        def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Any:
            done = self._log.append(records, durable=durable)
            if any(
                record.key == source_key("old") and load_states(self._log, ["source/old"])["source/old"].polled
                for record in records
            ):
                remembered.set()
            return done

    with Folder(tmp_path / "data") as folder, HTTPServer(threaded=True) as server:
        log = EmbeddedLog(folder)
        server.expect_request("/robots.txt").respond_with_data(status=404)
        now = START
        here, there = f"http://127.0.0.1:{server.port}", f"http://localhost:{server.port}"
        page = f"<link>{there}/1</link><title>One</title><description>It begins …</description>"
        server.expect_request("/old").respond_with_data(status=301, headers={"Location": "/new"})
        server.expect_request("/1").respond_with_data("<p>No more</p>", content_type="text/html")

        def first(_: Request) -> Response:
            nonlocal now
            now += timedelta(seconds=1)  # the other source is due
            return Response(rss(page))

        server.expect_oneshot_request("/new").respond_with_handler(first)

        def slow(_: Request) -> Response:
            assert remembered.wait(10)
            return Response(rss())

        server.expect_oneshot_request("/new").respond_with_handler(slow)
        server.expect_request("/new").respond_with_data(rss())
        fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={f"localhost:{server.port}", f"127.0.0.1:{server.port}"},
            limits=Limits(gap=0, total=20),
            clock=lambda: now,
        )
        old = Feed(name="old", url=f"{here}/old", interval=3_600)
        new = Feed(name="new", url=f"{here}/new", interval=3_600, articles=False)
        moving = begin(None, old.url, now)
        moving = msgspec.structs.replace(moving, moved_to=new.url, moved_seen=2)
        later = msgspec.structs.replace(begin(None, new.url, now), next_due=now + timedelta(seconds=1))
        save_states(log, {source_key("old"): moving, source_key("new"): later}, now)
        with (
            closing(log.consumer(STAGE, "fetches")) as consumer,
            Poller(Watched(log), consumer, lambda: now) as poller,
        ):
            poller.use([old, new], fetcher)
            poller.run(threading.Event(), once=True)
            asked = [request.path for request, _ in server.log if request.path != "/robots.txt"]
            assert sorted(asked) == ["/1", "/new", "/new", "/old"]
            now += spread(HOUR) + timedelta(minutes=5)
            report = poller.run(threading.Event(), once=True)
        assert (report.asked, report.requests) == (2, 1), "once, for both"
        log.close()


def test_a_source_whose_entries_another_one_had_first_keeps_a_rhythm_of_its_own(world: World) -> None:
    dated = item(1) + "<pubDate>Thu, 30 Apr 2026 12:00:00 GMT</pubDate>"
    world.serve(dated)
    feeds = [world.feed(), Feed(name="twin", url=world.feed().url, articles=False)]
    poll_due(world.log, feeds, world.fetcher, lambda: world.now)
    states = load_states(world.log, [source_key(feed.name) for feed in feeds]).values()
    first, second = (state.rhythm for state in states)
    assert first is not None
    assert first == second
    assert first.last == datetime(2026, 4, 30, 12, tzinfo=UTC)


def test_a_look_of_one_source_waits_for_its_time_though_another_has_the_same_address(world: World) -> None:
    world.serve(item(1), ETag='"1"')
    feeds = [world.feed(), Feed(name="twin", url=world.feed().url, articles=False, interval=3_600)]
    poll_due(world.log, feeds, world.fetcher, lambda: world.now)
    key = source_key("twin")
    twin = load_states(world.log, [key])[key]
    looks = msgspec.structs.replace(twin, sample=True, next_due=world.now + 2 * HOUR)
    save_states(world.log, {key: looks}, world.now)
    world.now += spread(HOUR)
    poll_due(world.log, feeds, world.fetcher, lambda: world.now)
    assert world.server.log[-1][0].headers["If-None-Match"] == '"1"'


def test_the_pause_that_a_site_gets_is_kept_over_a_restart(world: World) -> None:
    world.serve(item(1))
    world.server.expect_request("/other").respond_with_data(rss(item(2)))
    limits = Limits(gap=10, total=5)
    allowed = {f"{world.server.host}:{world.server.port}"}
    fetcher = Fetcher(contact="https://us.example/bot", allow=allowed, limits=limits, clock=lambda: world.now)
    moves: list[datetime] = []

    def move(until: datetime | None) -> None:
        assert until is not None
        moves.append(until)
        world.now = until

    for names in (["site"], ["site", "other"]):
        with (
            closing(world.log.consumer(STAGE, "fetches")) as consumer,
            Poller(world.log, consumer, lambda: world.now, idle=move) as poller,
        ):
            poller.use([world.feed(name) for name in names], fetcher)
            poller.run(threading.Event(), once=True)
        world.now += timedelta(seconds=4)
    assert moves == [START + timedelta(seconds=10), START + timedelta(seconds=20)]
    assert world.asked() == ["/site", "/other"]


def test_a_redirect_to_another_site_waits_for_the_turn_of_that_site(tmp_path: Path, httpserver: HTTPServer) -> None:
    times: list[tuple[str, datetime]] = []
    now = START

    def move(until: datetime | None) -> None:
        nonlocal now
        assert until is not None
        now = max(now, until)

    def answer(request: Request) -> Response:
        times.append((request.host.partition(":")[0], now))
        if request.path == "/away":
            there = httpserver.url_for("/feed").replace("localhost", "127.0.0.1")
            return Response(status=302, headers={"Location": there})
        return Response(status=404) if request.path == "/robots.txt" else Response(rss(item(1)))

    httpserver.expect_request(re.compile("/.*")).respond_with_handler(answer)
    port = httpserver.port
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={f"localhost:{port}", f"127.0.0.1:{port}"},
        limits=Limits(gap=10, total=5),
        clock=lambda: now,
    )
    feeds = [
        Feed(name="here", url=f"http://127.0.0.1:{port}/feed", articles=False),
        Feed(name="away", url=f"http://localhost:{port}/away", articles=False),
    ]
    with (
        Folder(tmp_path / "data") as folder,
        closing(EmbeddedLog(folder)) as log,
        closing(log.consumer(STAGE, "fetches")) as consumer,
        Poller(log, consumer, lambda: now, idle=move) as poller,
    ):
        poller.use(feeds, fetcher)
        report = poller.run(threading.Event(), once=True)
    assert (report.asked, report.problems) == (2, ())
    for site in ("localhost", "127.0.0.1"):
        at = [when for host, when in times if host == site]
        assert all(later - earlier >= timedelta(seconds=10) for earlier, later in pairwise(at)), times
    assert len(times) == 5, "two robots.txt, the feed, the redirect and what it leads to"


def test_a_slow_site_keeps_no_other_waiting(world: World) -> None:
    """The slow one answers only when the quick ones have been asked."""
    quick = threading.Semaphore(0)

    def slow(request: Request) -> Response:
        assert quick.acquire(timeout=10)
        return Response(rss(item(1)))

    def fast(request: Request) -> Response:
        quick.release()
        return Response(rss(item(2)))

    with HTTPServer(threaded=True) as server:
        server.expect_request("/robots.txt").respond_with_data(status=404)
        server.expect_request("/slow").respond_with_handler(slow)
        server.expect_request("/fast").respond_with_handler(fast)
        fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={f"localhost:{server.port}", f"127.0.0.1:{server.port}"},
            limits=Limits(gap=0, total=20),
            clock=lambda: world.now,
        )
        feeds = [
            Feed(name="slow", url=f"http://127.0.0.1:{server.port}/slow", articles=False),
            Feed(name="fast", url=f"http://localhost:{server.port}/fast", articles=False),
        ]
        report = poll_due(world.log, feeds, fetcher, lambda: world.now)
    assert (report.asked, report.problems, report.fates) == (2, (), {"collected": 2})


def test_three_refusals_in_a_row_by_a_site_that_answered_before_leave_it_alone(world: World) -> None:
    names = ("a", "b", "c", "d")
    for name in names:
        world.server.expect_request(f"/{name}").respond_with_data(rss(item(1)))
    world.poll(*names)
    world.server.clear_all_handlers()
    world.allow_all()
    for name in names:
        world.server.expect_request(f"/{name}").respond_with_data(status=403)
    report = world.poll(*names, after=timedelta(days=1))
    assert (report.asked, report.waiting) == (3, 1)
    assert any("too many requests" in problem.message for problem in report.problems)
