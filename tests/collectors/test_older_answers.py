"""What is said to what was said long ago: found in later polls, as far back and as seldom as the docs say."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Source
from overheard.collectors.communities.facebook_page import FacebookPage
from overheard.collectors.communities.google_business import GoogleBusiness
from overheard.collectors.communities.instagram import Instagram
from overheard.collectors.communities.youtube import YouTube
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.polling.pollstate import load_states
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Mention, decode
from overheard.wiring.secrets import secrets_of
from tests.collectors.polled import spread

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def said(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S+0000}"


class Service:
    """Posts with comments, as a vendor keeps them; `asked` counts requests by path."""

    def __init__(self, server: HTTPServer) -> None:
        self.now = NOW
        self.server = server
        self.posts: list[dict[str, Any]] = []
        self.asked: Counter[str] = Counter()
        self.refused: Callable[[Request], Response | None] = lambda _: None

    def answer(self, request: Request) -> Response:
        self.asked[request.path.rsplit("/", 1)[-1]] += 1
        return self.refused(request) or self.listed(request)

    def listed(self, request: Request) -> Response:
        raise NotImplementedError


class Graph(Service):
    """A page or an account by the Graph API's documents: lists newest first, `since` and `until`, cursors."""

    def post(self, id_: str, age: timedelta, comments: int = 0) -> None:
        self.posts.append({"id": id_, "at": self.now - age, "comments": []})
        for number in range(comments):
            self.comment(id_, f"{id_}-{number}", age)

    def comment(self, id_: str, comment: str, age: timedelta = timedelta()) -> None:
        post = next(one for one in self.posts if one["id"] == id_)
        at = said(self.now - age)
        made = {"id": comment, "message": f"Comment {comment}", "created_time": at, "timestamp": at}
        post["comments"].insert(0, {**made, "text": made["message"], "username": "ann"})

    def reply(self, id_: str, comment: str, reply: str) -> None:
        post = next(one for one in self.posts if one["id"] == id_)
        above = next(one for one in post["comments"] if one["id"] == comment)
        told = {"id": reply, "text": "It does.", "username": "bob", "timestamp": said(self.now), "parent_id": comment}
        above["replies"] = {"data": [told]}

    def listed(self, request: Request) -> Response:
        if request.path.endswith("/comments"):
            post = next(one for one in self.posts if one["id"] == request.path.split("/")[-2])
            return self.page(post["comments"], request, 100)
        since, until = (float(request.args.get(name, default)) for name, default in (("since", 0), ("until", 9e9)))
        within = [one for one in self.posts if since <= one["at"].timestamp() < until]
        return self.page([self.shown(one) for one in sorted(within, key=lambda one: one["at"], reverse=True)], request)

    def shown(self, post: dict[str, Any]) -> dict[str, Any]:
        comments, at = post["comments"], said(post["at"])
        updated = max([at, *(one["created_time"] for one in comments)])
        held: dict[str, Any] = {"data": comments[:100]}
        if len(comments) > 100:
            held["paging"] = {"next": self.server.url_for(f"/v25.0/{post['id']}/comments?offset=100&limit=100")}
        times = {"created_time": at, "updated_time": updated, "timestamp": at}
        return {"id": post["id"], "from": {"id": "7"}, "username": "us", **times, "comments": held}

    def page(self, items: list[Any], request: Request, limit: int = 25) -> Response:
        begin = int(request.args.get("offset", 0))
        found: dict[str, Any] = {"data": items[begin : begin + limit]}
        if len(items) > begin + limit:
            args = {**request.args, "offset": str(begin + limit)}
            query = "&".join(f"{name}={value}" for name, value in args.items())
            found["paging"] = {"next": self.server.url_for(f"{request.path}?{query}")}
        return self.json(found)

    def json(self, body: Any) -> Response:
        return Response(json.dumps(body), content_type="application/json")


class World:
    """A source polled twice a day on a clock that is moved by hand."""

    def __init__(self, log: EmbeddedLog, service: Service, source: Source) -> None:
        self.log, self.service, self.source = log, service, source
        self._fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={"localhost", "127.0.0.1"},
            limits=Limits(gap=0, total=5),
            clock=lambda: service.now,
            secrets=secrets_of([source]),
        )

    def poll(self) -> PollReport:
        return poll_due(self.log, [self.source], self._fetcher, lambda: self.service.now)

    def days(self, number: int) -> None:
        for _ in range(2 * number):
            self.service.now += spread(DAY / 2)
            self.poll()

    def causes(self) -> dict[str, str]:
        """Why each mention came, by its native id; each came once."""
        return {id_: event.cause for id_, event in self._events().items()}

    def mentions(self) -> dict[str, Mention]:
        """What came, by its native id; each came once."""
        return {id_: event.data for id_, event in self._events().items()}

    def _events(self) -> dict[str, Event[Mention]]:
        found: dict[str, Event[Mention]] = {}
        for partition in range(12):
            start, end = self.log.span("mentions", partition)
            for record in self.log.read("mentions", partition, start, end):
                event = decode(record.value or b"")
                assert event.data.native_id not in found
                found[event.data.native_id] = event
        return found


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedLog]:
    monkeypatch.setenv("OWN_TOKEN", "token-of-the-owner")
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


def page_of(httpserver: HTTPServer) -> tuple[Graph, FacebookPage]:
    graph = Graph(httpserver)
    httpserver.expect_request(re.compile("/v25.0/.*")).respond_with_handler(graph.answer)
    return graph, FacebookPage(
        name="page", page="7", api=httpserver.url_for("/v25.0"), token_env="OWN_TOKEN", interval=43_200
    )


def test_a_comment_on_a_post_of_months_ago_is_found_within_a_week_and_is_news_if_it_is_new(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    graph, source = page_of(httpserver)
    for number in range(60):
        graph.post(f"7_{number}", number * 4 * DAY)
    world = World(log, graph, source)
    world.days(2)
    graph.comment("7_40", "new-on-old")
    graph.comment("7_55", "old-on-old", 5 * DAY)
    world.days(8)
    causes = world.causes()
    assert causes == {"new-on-old": "live", "old-on-old": "back-fill"}


def test_of_an_older_post_with_many_new_comments_all_are_read(log: EmbeddedLog, httpserver: HTTPServer) -> None:
    graph, source = page_of(httpserver)
    for number in range(30):
        graph.post(f"7_{number}", number * 2 * DAY, comments=2)
    world = World(log, graph, source)
    world.days(1)
    assert len(world.causes()) == 60
    assert set(world.causes().values()) == {"back-fill"}
    for number in range(130):
        graph.comment("7_29", f"storm-{number}")
    world.days(8)
    assert sum(one.startswith("storm") for one in world.causes()) == 130


def test_looking_through_a_year_of_posts_takes_some_requests_a_week(log: EmbeddedLog, httpserver: HTTPServer) -> None:
    graph, source = page_of(httpserver)
    for number in range(120):
        graph.post(f"7_{number}", number * 3 * DAY)
    world = World(log, graph, source)
    world.days(2)
    graph.asked.clear()
    world.days(7)
    own = 2 * 7
    assert own + 12 <= graph.asked["feed"] <= own + 30, "each of twelve months once, the newest of them more often"


def test_older_posts_that_cannot_be_looked_through_hold_up_nothing(log: EmbeddedLog, httpserver: HTTPServer) -> None:
    graph, source = page_of(httpserver)
    for number in range(60):
        graph.post(f"7_{number}", number * 4 * DAY)
    graph.refused = lambda request: Response("{}", 500) if request.args.get("since") else None
    world = World(log, graph, source)
    world.days(1)
    graph.comment("7_1", "today")
    world.days(1)
    assert "today" in world.causes()
    graph.refused = lambda _: None
    graph.comment("7_50", "later")
    world.days(10)
    assert "later" in world.causes()


def test_a_comment_on_media_of_months_ago_is_found(log: EmbeddedLog, httpserver: HTTPServer) -> None:
    graph, _ = page_of(httpserver)
    source = Instagram(
        name="ig", account="7", username="us", api=httpserver.url_for("/v25.0"), token_env="OWN_TOKEN", interval=43_200
    )
    for number in range(60):
        graph.post(f"9{number}", number * 4 * DAY, comments=1)
    world = World(log, graph, source)
    world.days(2)
    assert set(world.causes().values()) == {"back-fill"}
    graph.comment("945", "new-on-old")
    world.days(8)
    assert "new-on-old" in world.causes()


def test_what_a_comment_is_on_is_known_on_each_page_of_them(log: EmbeddedLog, httpserver: HTTPServer) -> None:
    graph, _ = page_of(httpserver)
    source = Instagram(
        name="ig", account="7", username="us", api=httpserver.url_for("/v25.0"), token_env="OWN_TOKEN", interval=43_200
    )
    graph.post("90", timedelta(hours=1))
    world = World(log, graph, source)
    world.poll()
    for number in range(350):
        graph.comment("90", f"9{number:04d}", -timedelta(minutes=number))
    world.days(2)
    parents = {id_: one.in_reply_to for id_, one in world.mentions().items()}
    assert parents == {f"9{number:04d}": "90" for number in range(350)}


def test_an_answer_to_a_comment_below_hundreds_of_newer_ones_is_found_though_no_page_before_it_changed(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    graph, _ = page_of(httpserver)
    source = Instagram(
        name="ig", account="7", username="us", api=httpserver.url_for("/v25.0"), token_env="OWN_TOKEN", interval=43_200
    )
    graph.post("90", DAY, comments=350)
    world = World(log, graph, source)
    world.days(3)
    graph.reply("90", "90-0", "late")
    world.days(1)
    assert world.mentions()["late"].in_reply_to == "90-0"
    # Pages 2 to 4 of these comments, no more than every few hours.
    assert graph.asked["comments"] <= 3 * 10


# ---- What is there at first ------------------------------------------------------------------------------------------


def test_the_reviews_of_ninety_days_are_taken_in_as_history_once_a_location_was_polled_first(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    reviews = [
        {"reviewId": f"r{number}", "starRating": "FIVE", "createTime": f"{NOW - number * DAY:%Y-%m-%dT%H:%M:%SZ}"}
        for number in range(400)
    ]

    def serve(request: Request) -> Response:
        begin = int(request.args.get("pageToken", 0))
        more = {"nextPageToken": str(begin + 50)} if begin + 50 < len(reviews) else {}
        return Response(json.dumps({"reviews": reviews[begin : begin + 50], **more}), content_type="application/json")

    httpserver.expect_request("/v4/accounts/1/locations/2/reviews").respond_with_handler(serve)
    source = GoogleBusiness(
        name="r", account="1", location="2", api=httpserver.url_for("/v4"), token_env="OWN_TOKEN", interval=43_200
    )
    world = World(log, Service(httpserver), source)
    world.days(1)
    assert world.causes() == dict.fromkeys([f"r{number}" for number in range(90)], "back-fill")
    before = len(httpserver.log)
    world.days(2)
    assert len(httpserver.log) - before == 4, "nothing is filled in twice"


class Channel(Service):
    """The comments on the videos of a channel, by the documents of the YouTube Data API."""

    def __init__(self, server: HTTPServer, threads: int) -> None:
        super().__init__(server)
        self.threads: list[tuple[str, datetime, list[Any]]] = [
            (f"t{number}", NOW - number * DAY / 30, []) for number in range(threads)
        ]

    def reply(self, thread: int, id_: str) -> None:
        self.threads[thread][2].append(self.comment(id_, self.now, parent=self.threads[thread][0]))

    def comment(self, id_: str, at: datetime, parent: str = "") -> dict[str, Any]:
        said = {"textDisplay": f"Comment {id_}", "authorDisplayName": "@ann", "publishedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        return {"kind": "youtube#comment", "id": id_, "snippet": said | ({"parentId": parent} if parent else {})}

    def listed(self, request: Request) -> Response:
        if request.path.endswith("/comments"):
            replies = next(one[2] for one in self.threads if one[0] == request.args["parentId"])
            return Response(json.dumps({"kind": "youtube#commentListResponse", "items": replies}))
        begin = int(request.args.get("pageToken", 0))
        items = [
            {
                "kind": "youtube#commentThread",
                "id": id_,
                "snippet": {
                    "videoId": "vid",
                    "totalReplyCount": len(replies),
                    "topLevelComment": self.comment(id_, at),
                },
                "replies": {"comments": replies[:5]},
            }
            for id_, at, replies in self.threads[begin : begin + 100]
        ]
        more = {"nextPageToken": str(begin + 100)} if begin + 100 < len(self.threads) else {}
        return Response(json.dumps({"kind": "youtube#commentThreadListResponse", "items": items, **more}))


def channel_of(httpserver: HTTPServer, threads: int, budget: int | None = None) -> tuple[Channel, YouTube]:
    channel = Channel(httpserver, threads)
    httpserver.expect_request(re.compile("/v3/.*")).respond_with_handler(channel.answer)
    return channel, YouTube(
        name="ours", channel="UC1", api=httpserver.url_for("/v3"), token_env="OWN_TOKEN", budget=budget, interval=43_200
    )


def test_answers_to_old_threads_are_found_within_a_week_and_each_request_counts(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    channel, source = channel_of(httpserver, 450, budget=10_000)
    world = World(log, channel, source)
    world.days(2)
    for number in range(8):
        channel.reply(420, f"answer-{number}")
    world.days(8)
    answers = [one for one in world.causes() if one.startswith("answer")]
    assert len(answers) == 8, "beyond the five that a thread shows"
    spending = load_states(log, _budgets(log))
    assert sum(sum(one.spending.values()) for one in spending.values()) == sum(channel.asked.values())


def _budgets(log: EmbeddedLog) -> list[str]:
    start, end = log.span("poll-state", 0)
    keys = {record.key for record in log.read("poll-state", 0, start, end)}
    return [key for key in keys if key.startswith("budget/")]


def test_filling_in_goes_on_the_next_day_where_the_quota_is_used_up(log: EmbeddedLog, httpserver: HTTPServer) -> None:
    channel, source = channel_of(httpserver, 280, budget=2)
    world = World(log, channel, source)
    world.days(8)
    assert len(world.causes()) == 280
    assert world.causes().keys() == {one[0] for one in channel.threads}
