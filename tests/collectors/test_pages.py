"""A source that is read page by page, newest first, until a poll comes to what an earlier one had reached."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Reading, Source
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.poller import Poller, PollReport
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.collectors.polling.reach import MOST_PAGES, Sheet, Trail, after, reached_by
from overheard.errors import InputError
from overheard.folder import Folder
from overheard.records import Fetch, Mention, PollState, mention_id
from tests.collectors.mortal import Killed, Mortal, MortalConsumer
from tests.collectors.polled import START, Polled

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PER_PAGE = 10


class Listed(Source, frozen=True, kw_only=True):
    """A list of numbered posts in JSON, newest first, with the address of the page that is older."""

    kind = "listed"
    pages = True
    shows_newest = False

    narrows: bool = False

    def since(self, reached: datetime) -> str:
        return f"{self.url}?{urlencode({'since': int(reached.timestamp())})}" if self.narrows else self.url

    def read(self, fetch: Fetch) -> Reading:
        try:
            found = json.loads(fetch.body)
        except ValueError as e:
            raise InputError("expected JSON", where=fetch.url) from e
        mentions = [
            Mention(
                id=mention_id("listed", str(number)),
                platform="listed",
                native_id=str(number),
                source=fetch.source,
                content=f"post {number}",
                published=None if at is None else datetime.fromisoformat(at),
                first_seen=fetch.at,
            )
            for number, at in found["posts"]
        ]
        return Reading(tuple(mentions), next_page=found["older"])


class World(Polled):
    """A service with a list of posts, one each ten minutes; `answer` may say something else of a page."""

    def __init__(self, folder: Folder, server: HTTPServer) -> None:
        super().__init__(folder, server)
        self.posts: list[tuple[int, datetime | None]] = []
        self.requests: list[str] = []
        self.answer: Callable[[Request, int], Response | None] = lambda _request, _page: None
        server.expect_request("/list").respond_with_handler(self._page)

    def source(self, name: str = "list", *, narrows: bool = False) -> Listed:
        return Listed(name=name, url=self.server.url_for("/list"), interval=3_600, narrows=narrows)

    def post(self, count: int, *, until: datetime | None = None) -> None:
        """Have so many new posts there, the last just now."""
        last, first = until or self.now, len(self.posts)
        self.posts += [(first + n, last - timedelta(seconds=10 * (count - 1 - n))) for n in range(count)]

    def _page(self, request: Request) -> Response:
        page = int(request.args.get("page", "0"))
        self.requests.append(request.full_path.rstrip("?"))
        if (said := self.answer(request, page)) is not None:
            return said
        since = datetime.fromtimestamp(int(request.args.get("since", "0")), START.tzinfo)
        posts = [one for one in reversed(self.posts) if one[1] is None or one[1] >= since]
        shown = posts[page * PER_PAGE : (page + 1) * PER_PAGE]
        query = urlencode({**request.args, "page": page + 1})
        older = self.server.url_for(f"/list?{query}") if posts[(page + 1) * PER_PAGE :] else ""
        return listed(shown, older)

    def once(self, *sources: Source, after: timedelta = timedelta(hours=2)) -> PollReport:
        """Let time go by and poll; the requests are counted anew."""
        self.requests.clear()
        return self.poll(sources or [self.source()], after=after)

    def state(self, name: str = "list") -> PollState:
        return load_states(self.log, [source_key(name)])[source_key(name)]

    def numbers(self) -> list[int]:
        """What was published, each as often as it was."""
        return sorted(int(event.data.native_id) for event in self.events())


def listed(posts: Sequence[tuple[int, datetime | None]], older: str) -> Response:
    said = [(number, at and at.isoformat()) for number, at in posts]
    return Response(json.dumps({"posts": said, "older": older}), content_type="application/json")


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    with Folder(tmp_path / "data") as folder:
        made = World(folder, httpserver)
        yield made
        made.fetcher.close()
        made.log.close()


def test_the_first_poll_reads_one_page_and_later_ones_as_far_as_that_had_come(world: World) -> None:
    world.post(50)
    assert world.once().fates == {"collected": PER_PAGE}
    assert world.requests == ["/list"]
    assert world.state().reached == START
    world.now += timedelta(hours=8)
    world.post(47)
    world.once()
    assert world.requests == ["/list", *(f"/list?page={page}" for page in range(1, 6))]
    assert set(range(40, 97)) <= set(world.numbers())
    assert len(set(world.numbers())) == len(world.numbers())
    assert world.state().reached == world.posts[-1][1]
    assert (world.state().error, world.state().note) == ("", "")


def test_what_is_new_on_the_first_page_alone_costs_one_request(world: World) -> None:
    world.post(50)
    world.once()
    world.post(3)
    assert world.once().fates == {"collected": 3, "unchanged": 7}
    assert world.requests == ["/list"]
    assert world.once().requests == 1


def test_posts_that_come_from_further_pages_are_live(world: World) -> None:
    world.post(10)
    world.once()
    world.post(25)
    world.once()
    causes = {int(event.data.native_id): event.cause for event in world.events()}
    assert {causes[number] for number in range(10)} == {"back-fill"}
    assert {causes[number] for number in range(10, 35)} == {"live"}


def test_a_service_that_leaves_out_what_is_old_is_asked_for_the_rest_with_the_same_condition(world: World) -> None:
    source = world.source(narrows=True)
    world.post(30)
    world.once(source)
    reached = int(START.timestamp())
    world.now += DAY
    world.post(25)
    world.once(source)
    assert world.requests[0] == f"/list?since={reached}"
    assert all(f"since={reached}" in one for one in world.requests)
    assert world.numbers() == list(range(20, 55))
    world.once(source)
    newest = world.posts[-1][1]
    assert newest is not None
    assert world.requests[0] == f"/list?since={int(newest.timestamp())}"


def test_validators_go_back_to_the_address_alone_that_gave_them(world: World) -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: Request, _: int) -> Response | None:
        seen.append((request.full_path.rstrip("?"), request.headers.get("If-None-Match", "")))
        response = listed([(number, at) for number, at in world.posts if at][-3:], "")
        response.headers["ETag"] = f'"{request.full_path}"'
        return response

    world.answer = answer
    source = world.source(narrows=True)
    world.post(3)
    for _ in range(3):
        world.once(source)
    address = f"/list?since={int(START.timestamp())}"
    assert seen == [("/list", ""), (address, ""), (address, f'"{address}"')]


def test_after_a_failure_midway_the_next_poll_reads_on_from_where_the_last_good_one_had_come(world: World) -> None:
    world.post(10)
    world.once()
    reached = world.state().reached
    world.post(45)
    down = Response("over", status=500)
    world.answer = lambda _, page: down if page == 2 else None
    report = world.once()
    assert report.fates["collected"] == 20
    assert "page 3: expected status 200; got 500" in report.problems[0].message
    assert world.state().reached == reached
    world.answer = lambda _request, _page: None
    world.once(after=DAY)
    assert world.numbers() == list(range(55))
    assert world.state().error == ""


def test_a_token_that_expires_midway_is_said_and_nothing_is_lost(world: World) -> None:
    world.post(10)
    world.once()
    world.post(35)
    expired = Response("", status=401)
    world.answer = lambda _, page: expired if page >= 1 else None
    (problem,) = world.once().problems
    assert "401" in problem.message
    world.post(35)
    world.answer = lambda _request, _page: None
    world.once(after=2 * DAY)
    assert world.numbers() == list(range(80))


def test_a_page_that_cannot_be_read_is_a_failure_of_the_poll(world: World) -> None:
    world.post(10)
    world.once()
    world.post(35)
    world.answer = lambda _, page: Response("not json") if page == 1 else None
    (problem,) = world.once().problems
    assert "page 2: " in problem.message
    world.answer = lambda _request, _page: None
    world.once(after=DAY)
    assert world.numbers() == list(range(45))


def test_a_site_that_wants_peace_midway_gets_it_and_the_rest_comes_thereafter(world: World) -> None:
    world.post(10)
    world.once()
    world.post(35)
    limited = Response("", status=429, headers={"Retry-After": "7200"})
    world.answer = lambda _, page: limited if page == 2 else None
    world.once()
    world.answer = lambda _request, _page: None
    world.once(after=HOUR)
    assert world.requests == []
    world.once(after=2 * HOUR)
    assert world.numbers() == list(range(45))


@pytest.mark.parametrize("turns", [1, 3])
def test_pages_that_repeat_or_go_in_circles_are_no_end_of_what_is_new(world: World, turns: int) -> None:
    world.post(10)
    world.once()
    world.post(40)

    def answer(_: Request, page: int) -> Response:
        place = page % turns * PER_PAGE
        shown = list(reversed(world.posts))[place : place + PER_PAGE]
        return listed(shown, world.server.url_for(f"/list?page={page + 1}"))

    world.answer = answer
    reached = world.state().reached
    world.once()
    assert len(world.requests) == turns + 1
    assert "expected older posts; got the page before once more" in world.state().error
    assert world.state().reached == reached
    world.answer = lambda _request, _page: None
    world.once(after=DAY)
    assert (world.state().error, world.numbers()) == ("", list(range(50)))


def test_a_service_that_goes_in_circles_for_ever_is_believed_in_the_end_and_what_may_be_missing_is_said(
    world: World,
) -> None:
    world.post(10)
    world.once()
    reached = world.state().reached
    world.post(40)
    world.answer = lambda _, page: listed(
        list(reversed(world.posts))[:PER_PAGE], world.server.url_for(f"/list?page={page + 1}")
    )
    for _ in range(4):
        world.once(after=DAY)
    assert world.state().error == ""
    assert f"some since {reached:%Y-%m-%d %H:%M} UTC may be missing" in world.state().note
    assert world.state().reached == world.posts[-1][1]


def test_an_address_that_was_asked_in_this_poll_is_not_asked_again(world: World) -> None:
    world.post(10)
    world.once()
    world.post(10)
    home = world.server.url_for("/list")
    world.answer = lambda _, __: listed(list(reversed(world.posts))[:10], home)
    world.once()
    assert world.requests == ["/list"]


def test_pages_without_posts_are_passed_a_few_of_them(world: World) -> None:
    world.post(10)
    world.once()
    world.post(20)
    there = world.server.url_for("/list?page=")
    hidden = {1, 2}
    world.answer = lambda _, page: listed([], f"{there}{page + 1}") if page in hidden else None
    world.posts[20:20] = [(100 + n, world.posts[20][1]) for n in range(2 * PER_PAGE)]
    world.once()
    assert set(range(10, 20)) <= set(world.numbers())
    hidden.update(range(1, 1_000))
    world.post(20)
    world.once()
    assert len(world.requests) == 4


def test_a_post_from_the_future_does_not_hide_what_comes_after(world: World) -> None:
    world.post(10)
    world.once()
    world.posts.append((10, world.now + 365 * DAY))
    world.post(5)
    world.once()
    assert world.state().reached == world.posts[-1][1]
    world.posts[10] = (10, START)
    world.post(35)
    world.once()
    assert len(set(world.numbers())) == 10 + 1 + 5 + 35


def test_a_service_that_was_empty_at_first_is_read_whole_when_it_is_not(world: World) -> None:
    world.once()
    world.now += DAY
    world.post(35)
    world.once()
    assert world.numbers() == list(range(35))


def test_pages_without_times_end_where_nothing_is_new(world: World) -> None:
    world.post(10)
    world.once()
    world.posts += [(number, None) for number in range(10, 35)]
    world.once()
    assert set(range(15, 35)) <= set(world.numbers())
    world.once(after=DAY)
    assert len(world.requests) == 1


@pytest.mark.parametrize("status", [400, 410])
def test_a_cursor_that_is_not_known_any_more_begins_the_poll_anew(world: World, status: int) -> None:
    world.post(10)
    world.once()
    world.post(45)
    refused: list[int] = []

    def answer(_: Request, page: int) -> Response | None:
        if page == 3 and not refused:
            refused.append(page)
            return Response("", status=status)
        return None

    world.answer = answer
    world.once()
    assert world.numbers() == list(range(55))
    assert world.state().error == ""
    assert f"Page 4 was refused ({status})" in world.state().note
    world.once()
    assert world.state().note == ""


def test_a_service_that_refuses_every_older_page_does_not_hold_up_what_is_newer(world: World) -> None:
    world.post(10)
    world.once()
    world.answer = lambda _, page: Response("", status=400) if page else None
    world.post(35)
    world.once()
    assert world.state().error == ""
    assert "may be missing" in world.state().note
    reached = world.state().reached
    world.post(5)
    world.once()
    assert reached is not None
    assert world.state().reached == world.posts[-1][1] != reached


def test_a_list_that_ends_before_what_was_reached_is_said(world: World) -> None:
    world.post(10)
    world.once()
    world.now += DAY
    world.post(70)
    world.answer = lambda _, page: listed(list(reversed(world.posts))[50:60], "") if page == 5 else None
    world.once()
    assert "some since 2026-05-01 12:00 UTC may be missing" in world.state().note
    world.answer = lambda _request, _page: None
    world.post(65)
    world.once(after=DAY)
    assert world.state().note == ""


def test_a_time_that_a_service_does_not_go_back_to_is_left_out_and_nothing_is_lost(world: World) -> None:
    source = world.source(narrows=True)
    world.post(10)
    world.once(source)
    world.now += 30 * DAY
    world.post(25)
    world.answer = lambda request, _: Response("", status=400) if "since" in request.args else None
    world.once(source)
    assert world.numbers() == list(range(35))
    assert "asked without" in world.state().note
    assert world.state().error == ""


def test_what_is_more_than_one_poll_can_read_is_left_to_a_back_fill(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overheard.collectors.polling.reach.MOST_PAGES", 4)
    world.post(10)
    world.once()
    world.now += DAY
    world.post(95)
    report = world.once()
    assert world.state().reached == world.posts[-1][1]
    assert "back-fill" in world.state().note
    assert report.problems == ()
    world.once()
    assert world.numbers() == list(range(105))
    assert len([one for one in world.requests if one != "/list"]) < 10


def test_a_kill_at_any_write_loses_nothing_and_publishes_nothing_twice(world: World) -> None:
    source = world.source(narrows=True)
    world.post(10)
    world.once(source)
    world.now += DAY
    world.post(33)
    kills = 0
    while True:
        mortal = Mortal(world.log, 1 + kills // 2, after=kills % 2 == 0, durable=False)
        consumer = world.log.consumer(STAGE, "fetches")
        with closing(consumer), Poller(mortal, MortalConsumer(consumer, mortal), lambda: world.now) as poller:
            try:
                poller.use([source], world.fetcher)
                poller.run(threading.Event(), once=True)
                break
            except Killed:
                kills += 1
    assert kills > 10
    assert world.numbers() == list(range(43))
    assert world.state().reached == world.now


def test_sources_of_one_address_that_reached_unequally_far_each_read_what_is_new_to_them(world: World) -> None:
    early, late = world.source("early"), world.source("late")
    world.post(10)
    world.once(early)
    world.now += DAY
    world.post(30)
    world.once(late)
    world.post(5)
    world.once(early, late, after=DAY)
    assert world.requests.count("/list") == 1
    assert world.state("early").reached == world.state("late").reached
    assert set(world.numbers()) == set(range(45))


def test_sources_of_one_address_are_asked_apart_where_their_service_leaves_out_what_each_has(world: World) -> None:
    early, late = world.source("early", narrows=True), world.source("late", narrows=True)
    world.post(10)
    world.once(early)
    world.now += DAY
    world.post(30)
    world.once(late)
    reached = [world.state(name).reached for name in ("early", "late")]
    first = {f"/list?since={int(one.timestamp())}" for one in reached if one}
    assert len(first) == 2
    world.once(early, late, after=DAY)
    assert first <= set(world.requests)


def test_a_trail_leaves_what_is_more_than_a_poll_may_read() -> None:
    trail = Trail("", "/0", "", START - DAY)
    for number in range(MOST_PAGES):
        assert not trail.rest
        trail = after(trail, Sheet(frozenset({str(number)}), START, START, older=f"/{number + 1}"))
    assert (trail.next, trail.rest, trail.pages) == ("", f"/{MOST_PAGES}", MOST_PAGES)


times = st.integers(0, 90 * 86_400).map(lambda seconds: START - timedelta(seconds=seconds))
sheets = st.builds(
    Sheet,
    marks=st.frozensets(st.integers(0, 50).map(str), max_size=5),
    middle=st.none() | times,
    newest=st.none() | times,
    fresh=st.booleans(),
    older=st.sampled_from(["", "/1", "/2", "/3", "/4"]),
)


@given(until=times, pages=st.lists(sheets, min_size=8, max_size=8))
def test_a_trail_always_ends_and_asks_no_address_twice(until: datetime, pages: list[Sheet]) -> None:
    trail, asked = Trail("", "/", "", until), ["/"]
    for page in pages:
        trail = after(trail, page)
        if not trail.next:
            break
        asked.append(trail.next)
    assert not trail.next
    assert len(asked) == len(set(asked))
    reached = reached_by([trail], until, until)
    assert reached is not None
    assert reached >= until
