"""Services that answer page by page, on a local server that follows their documents: nothing of an absence is lost."""

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import BACK_FILL, Source
from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.communities.discourse import Discourse
from overheard.collectors.communities.github import GitHub
from overheard.collectors.communities.hackernews import HackerNews
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.reddit import Reddit
from overheard.collectors.communities.stackexchange import StackExchange
from overheard.collectors.communities.x import X
from overheard.collectors.communities.youtube import YouTube
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Fetch, PollState, decode
from overheard.wiring.secrets import secrets_of
from tests.collectors.polled import spread

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
_COMPARE = {">=": operator.ge, "<=": operator.le}
# What a server says of a page: the posts on it as (number, time), of all that it has, newest first.
Posts = list[tuple[int, datetime]]


class Service:
    """A folder, a clock, and a server with numbered posts, of which one comes every minute."""

    def __init__(self, folder: Folder, server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        self.log = EmbeddedLog(folder)
        self.server = server
        self.posts: Posts = []
        self.asked: list[Request] = []
        monkeypatch.setenv("SERVICE_TOKEN", "tok-of-ours")

    @property
    def at(self) -> str:
        return self.server.url_for("/").rstrip("/")

    def serve(self, pattern: str, answer: Callable[[Request, Posts], Response]) -> None:
        def handle(request: Request) -> Response:
            self.asked.append(request)
            return answer(request, list(reversed(self.posts)))

        self.server.clear_all_handlers()
        self.server.expect_request("/robots.txt").respond_with_data(status=404)
        self.server.expect_request(re.compile(pattern)).respond_with_handler(handle)

    def post(self, count: int) -> None:
        """Let so many minutes go by, with a post in each."""
        for _ in range(count):
            self.now += timedelta(minutes=1)
            self.posts.append((len(self.posts) + 1, self.now))

    def poll(self, *sources: Source, after: timedelta = 2 * HOUR) -> PollReport:
        self.now += spread(after)
        self.asked.clear()
        fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={"localhost", "127.0.0.1"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
            secrets=secrets_of(sources),
        )
        try:
            return poll_due(self.log, sources, fetcher, lambda: self.now)
        finally:
            fetcher.close()

    def numbers(self) -> list[int]:
        """The numbers of what was published, each as often as it was."""
        found = []
        for partition in range(12):
            start, end = self.log.span("mentions", partition)
            for record in self.log.read("mentions", partition, start, end):
                text = decode(record.value or b"").data.content
                found.append(int(re.findall(r"\d+", text)[-1]))
        return sorted(found)

    def state(self, source: Source) -> PollState:
        return load_states(self.log, [source_key(source.name)])[source_key(source.name)]


@pytest.fixture
def service(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with Folder(tmp_path / "data") as folder:
        made = Service(folder, httpserver, monkeypatch)
        yield made
        made.log.close()


def answered(body: Any, **headers: str) -> Response:
    return Response(json.dumps(body), content_type="application/json", headers=headers)


def second(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def mastodon(service: Service) -> Source:
    """A tag: `max_id`, and the next page in a `Link` header."""

    def answer(request: Request, posts: Posts) -> Response:
        if request.path.endswith("/lookup"):
            return answered({"id": "7", "acct": "asha", "username": "asha", "url": f"{service.at}/@asha"})
        before = int(request.args.get("max_id", "0"))
        shown = [one for one in posts if not before or one[0] < before][:40]
        body = [
            {
                "id": str(number),
                "uri": f"{service.at}/users/asha/statuses/{number}",
                "url": f"{service.at}/@asha/{number}",
                "created_at": at.isoformat(),
                "content": f"<p>post {number}</p>",
                "visibility": "public",
                "account": {"id": "7", "acct": "asha", "url": f"{service.at}/@asha"},
            }
            for number, at in shown
        ]
        link = f'<{service.at}{request.path}?limit=40&max_id={shown[-1][0]}>; rel="next"' if shown else ""
        return answered(body, Link=link)

    service.serve("^/api/v1/", answer)
    return Mastodon(name="one", instance=service.at, tag="paperfold")


def mastodon_account(service: Service) -> Source:
    """An account is looked up first; its statuses are a list of their own."""
    mastodon(service)
    return Mastodon(name="one", instance=service.at, account="asha")


def bluesky(service: Service) -> Source:
    """`cursor` is an offset, `since` inclusive."""

    def answer(request: Request, posts: Posts) -> Response:
        since = second(request.args["since"]) if "since" in request.args else None
        found = [one for one in posts if since is None or one[1] >= since]
        start = int(request.args.get("cursor", "0"))
        body: dict[str, Any] = {
            "posts": [
                {
                    "uri": f"at://did:plc:asha/app.bsky.feed.post/{number}",
                    "cid": f"c{number}",
                    "author": {"did": "did:plc:asha", "handle": "asha.example"},
                    "record": {
                        "$type": "app.bsky.feed.post", "text": f"post {number}", "createdAt": at.isoformat()
                    },
                    "indexedAt": at.isoformat(),
                }
                for number, at in found[start : start + 100]
            ]
        }  # fmt: skip
        if found[start + 100 :]:
            body["cursor"] = str(start + 100)
        return answered(body)

    service.serve("^/xrpc/app.bsky.feed.searchPosts", answer)
    return Bluesky(name="one", query="paperfold", api=service.at)


def algolia(service: Service) -> Callable[[Request, Posts], Response]:
    """The search of Hacker News, which gives the first thousand of what it finds and no more."""

    def answer(request: Request, posts: Posts) -> Response:
        found = posts
        for condition in filter(None, request.args.get("numericFilters", "").split(",")):
            match = re.fullmatch(r"created_at_i(>=|<=)(\d+)", condition)
            assert match
            bound = int(match[2])
            found = [one for one in found if _COMPARE[match[1]](one[1].timestamp(), bound)]
        found = found[:1_000]
        size, page = int(request.args["hitsPerPage"]), int(request.args.get("page", "0"))
        hits = [
            {
                "objectID": str(number),
                "created_at_i": int(at.timestamp()),
                "author": "asha",
                "comment_text": f"post {number}",
                "story_id": 1,
                "parent_id": 1,
                "_tags": ["comment"],
            }
            for number, at in found[page * size : (page + 1) * size]
        ]
        return answered({"hits": hits, "page": page, "nbPages": -(-len(found) // size), "hitsPerPage": size})

    service.serve("^/api/v1/search_by_date", answer)
    return answer


def hackernews(service: Service) -> Source:
    algolia(service)
    return HackerNews(name="one", query="paperfold", api=f"{service.at}/api/v1")


def reddit(service: Service) -> Source:
    """`after` is the name of the last one."""

    def answer(request: Request, posts: Posts) -> Response:
        after = request.args.get("after", "")
        begin = next((place + 1 for place, one in enumerate(posts) if f"t1_{one[0]}" == after), 0)
        shown = posts[begin : begin + 100]
        children = [
            {
                "kind": "t1",
                "data": {
                    "id": str(number), "name": f"t1_{number}", "body": f"post {number}", "author": "asha",
                    "created_utc": at.timestamp(), "permalink": f"/r/printing/comments/1/_/{number}/", "edited": False,
                },
            }
            for number, at in shown
        ]  # fmt: skip
        more = f"t1_{shown[-1][0]}" if posts[begin + 100 :] else None
        return answered({"kind": "Listing", "data": {"children": children, "after": more}})

    service.serve("^/r/printing/comments", answer)
    return Reddit(name="one", subreddit="printing", what="comments", api=service.at, token_env="SERVICE_TOKEN")


def github(service: Service) -> Source:
    """Pages by number, the next in a `Link` header; `since` by the last change."""

    def answer(request: Request, posts: Posts) -> Response:
        since = second(request.args["since"]) if "since" in request.args else None
        found = [one for one in posts if since is None or one[1] >= since]
        page = int(request.args.get("page", "1"))
        body = [
            {
                "html_url": f"https://github.com/paperfold/driver/issues/{number}", "title": "It jams",
                "body": f"post {number}", "created_at": at.isoformat(), "user": {"login": "asha", "id": 7},
            }
            for number, at in found[(page - 1) * 100 : page * 100]
        ]  # fmt: skip
        query = "&".join(f"{name}={value}" for name, value in request.args.items() if name != "page")
        link = f'<{service.at}{request.path}?{query}&page={page + 1}>; rel="next"' if found[page * 100 :] else ""
        return answered(body, Link=link)

    service.serve("^/repos/paperfold/driver/issues", answer)
    return GitHub(name="one", repository="paperfold/driver", api=service.at)


def discourse(service: Service) -> Source:
    """`before` is the number of a post."""

    def answer(request: Request, posts: Posts) -> Response:
        before = int(request.args.get("before", "1000000"))
        shown = [one for one in posts if one[0] < before][:20]
        body = {
            "latest_posts": [
                {
                    "id": number, "post_number": 1, "topic_id": number, "username": "asha", "post_type": 1,
                    "created_at": at.isoformat(), "cooked": f"<p>post {number}</p>", "topic_slug": "jams",
                }
                for number, at in shown
            ]
        }  # fmt: skip
        return answered(body)

    service.serve("^/posts.json", answer)
    return Discourse(name="one", instance=service.at)


def stackexchange(service: Service) -> Source:
    """`fromdate` and `todate`, both inclusive; pages beyond the 25th are refused."""

    def answer(request: Request, posts: Posts) -> Response:
        first, last = float(request.args.get("fromdate", "0")), float(request.args.get("todate", "1e12"))
        found = [one for one in posts if first <= one[1].timestamp() <= last]
        page = int(request.args.get("page", "1"))
        if page > 25:
            return Response(json.dumps({"error_id": 403, "error_name": "access_denied"}), status=400)
        items = [
            {
                "question_id": number, "creation_date": int(at.timestamp()), "title": "Why does it jam",
                "body": f"<p>post {number}</p>", "link": f"https://superuser.com/q/{number}",
                "owner": {"user_id": 7, "display_name": "asha", "user_type": "registered"},
            }
            for number, at in found[(page - 1) * 100 : page * 100]
        ]  # fmt: skip
        return answered({"items": items, "has_more": bool(found[page * 100 :]), "quota_remaining": 200})

    service.serve("^/2.3/questions", answer)
    return StackExchange(name="one", site="superuser", api=f"{service.at}/2.3")


def youtube(service: Service) -> Source:
    """Comments on a channel's videos; a token names each page."""

    def answer(request: Request, posts: Posts) -> Response:
        begin = int(request.args.get("pageToken", "0"))
        body: dict[str, Any] = {
            "kind": "youtube#commentThreadListResponse",
            "items": [
                {
                    "kind": "youtube#commentThread", "id": f"c{number}",
                    "snippet": {
                        "videoId": "v", "totalReplyCount": 0,
                        "topLevelComment": {
                            "kind": "youtube#comment", "id": f"c{number}",
                            "snippet": {
                                "textDisplay": f"post {number}", "textOriginal": f"post {number}",
                                "authorDisplayName": "@asha", "authorChannelId": {"value": "UC7"},
                                "publishedAt": at.isoformat(), "updatedAt": at.isoformat(), "videoId": "v",
                            },
                        },
                    },
                }
                for number, at in posts[begin : begin + 100]
            ],
        }  # fmt: skip
        if posts[begin + 100 :]:
            body["nextPageToken"] = str(begin + 100)
        return answered(body)

    service.serve("^/youtube/v3/commentThreads", answer)
    return YouTube(name="one", channel="UC7", api=f"{service.at}/youtube/v3", token_env="SERVICE_TOKEN")


def x_answer(request: Request, posts: Posts) -> Response:
    """The recent search: `start_time` inclusive, `max_results` from 10 to 100."""
    since = second(request.args["start_time"]) if "start_time" in request.args else None
    found = [one for one in posts if since is None or one[1] >= since]
    begin, size = int(request.args.get("next_token", "0")), int(request.args["max_results"])
    assert 10 <= size <= 100
    shown = found[begin : begin + size]
    data = [
        {
            "id": str(number), "text": f"post {number}", "author_id": "7", "created_at": at.isoformat(),
            "edit_history_tweet_ids": [str(number)],
        }
        for number, at in shown
    ]  # fmt: skip
    meta = {"result_count": len(data)} | ({"next_token": str(begin + size)} if found[begin + size :] else {})
    return answered({"data": data, "meta": meta, "includes": {"users": [{"id": "7", "username": "asha"}]}})


def x(service: Service) -> Source:
    service.serve("^/2/tweets/search/recent", x_answer)
    return X(name="one", query="paperfold", api=f"{service.at}/2", token_env="SERVICE_TOKEN")


SERVICES: Mapping[str, Callable[[Service], Source]] = {
    "mastodon": mastodon,
    "an account of mastodon": mastodon_account,
    "bluesky": bluesky,
    "hackernews": hackernews,
    "reddit": reddit,
    "github": github,
    "discourse": discourse,
    "stackexchange": stackexchange,
    "youtube": youtube,
    "x": x,
}


@pytest.mark.parametrize("name", SERVICES)
def test_an_absence_of_hours_is_made_good_with_every_post_once(service: Service, name: str) -> None:
    source = SERVICES[name](service)
    service.post(30)
    service.poll(source)
    service.post(230)
    report = service.poll(source)
    assert report.problems == ()
    missed = [number for number in range(31, 261) if number not in set(service.numbers())]
    assert missed == []
    assert len(service.numbers()) == len(set(service.numbers()))
    assert service.state(source).note == ""
    first = len(service.asked)
    service.post(1)
    service.poll(source, after=timedelta(days=2))
    assert service.numbers()[-1] == 261
    again = [(one.path, one.args.to_dict()) for one in service.asked]
    # The threads of a channel are looked through once a day for answers, from the first page on.
    looked_through = again[1:] if name == "youtube" else []
    assert looked_through[:1] == again[:1] or not looked_through
    assert len(again) - len(looked_through) < first


@pytest.mark.parametrize("name", [one for one in SERVICES if one != "x"])
def test_a_back_fill_goes_through_the_pages_of_a_service(service: Service, name: str) -> None:
    source = SERVICES[name](service)
    service.post(130)
    pages, found = 0, set()
    address, purpose = source.url, BACK_FILL
    while address and pages < 20:
        path = urlsplit(address)
        (handler,) = [one for one in service.server.handlers if "robots" not in str(one.matcher)]
        response = handler.respond(Request.from_values(path.path, query_string=path.query, base_url=service.at))
        reading = source.read(
            Fetch(
                id="f", source="one", url=address, final_url=address, status=200, at=service.now, purpose=purpose,
                headers={key.lower(): value for key, value in response.headers.items()}, body=response.get_data(),
            )
        )  # fmt: skip
        found |= {one.content for one in reading.mentions}
        address = reading.next_page or next((one.url for one in reading.requests), "")
        pages += 1
    assert len(found) == 130


def test_everything_that_is_said_on_hacker_news_is_read_in_pages_of_a_thousand(service: Service) -> None:
    algolia(service)
    source = HackerNews(name="one", everything=True, api=f"{service.at}/api/v1")
    service.post(30)
    service.poll(source)
    service.post(2_500)
    service.poll(source)
    assert set(range(31, 2_531)) <= set(service.numbers())
    assert len(service.asked) <= 4


def test_the_further_pages_of_a_topic_are_asked_and_the_last_again_when_it_grew(service: Service) -> None:
    def answer(request: Request, posts: Posts) -> Response:
        page = int(request.args.get("page", "1"))
        oldest_first = posts[::-1]
        shown = [
            {
                "id": number, "post_number": number, "topic_id": 5, "username": "asha", "post_type": 1,
                "created_at": at.isoformat(), "cooked": f"<p>post {number}</p>", "topic_slug": "jams",
            }
            for number, at in oldest_first[(page - 1) * 20 : page * 20]
        ]  # fmt: skip
        stream = [number for number, _ in oldest_first]
        body = {"id": 5, "title": "It jams", "slug": "jams", "chunk_size": 20, "created_at": START.isoformat()}
        stand = {"last_posted_at": posts[0][1].isoformat(), "post_stream": {"posts": shown, "stream": stream}}
        return answered(body | stand)

    service.serve("^/t/5.json", answer)
    source = Discourse(name="one", instance=service.at, topic=5)
    service.post(90)
    service.poll(source)
    assert service.numbers() == list(range(1, 91))
    service.post(25)
    service.poll(source, after=timedelta(days=2))
    assert service.numbers() == list(range(1, 116))
    assert len(service.asked) <= 5


def test_a_service_that_slows_midway_by_the_status_of_a_refused_cursor_loses_nothing(service: Service) -> None:
    source = stackexchange(service)
    (handler,) = [one for one in service.server.handlers if "robots" not in str(one.matcher)]
    service.post(30)
    service.poll(source)
    service.post(250)
    error = {
        "error_id": 502,
        "error_name": "throttle_violation",
        "error_message": "more requests available in 90 seconds",
    }

    def slow(request: Request, posts: Posts) -> Response:
        if "todate" in request.args:
            return Response(json.dumps(error), status=400, content_type="application/json")
        return handler.respond(request)

    service.serve("^/2.3/questions", slow)
    (problem,) = service.poll(source).problems
    assert "400" in problem.message
    stackexchange(service)
    service.poll(source, after=timedelta(days=2))
    assert set(range(31, 281)) <= set(service.numbers())


def test_a_search_of_x_that_was_left_alone_for_weeks_asks_for_no_more_than_it_may(service: Service) -> None:
    source = x(service)
    service.post(30)
    service.poll(source)
    service.now += timedelta(days=30)
    service.post(5)
    service.poll(source, after=timedelta())
    (request,) = service.asked
    assert second(request.args["start_time"]) > service.now - timedelta(days=7)
    assert service.numbers()[-5:] == list(range(31, 36))
    assert "may be missing" in service.state(source).note


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Mastodon(name="s", instance="https://a.example", tag="a"), {}),
        (Bluesky(name="s", query="a b"), {"since": "2026-11-20T11:00:00Z", "q": "a b"}),
        (Bluesky(name="s", account="a.example"), {}),
        (HackerNews(name="s", author="a"), {"numericFilters": "created_at_i>=1795172400"}),
        (HackerNews(name="s", item=8), {}),
        (Reddit(name="s", subreddit="a", token_env="T"), {}),
        (GitHub(name="s", repository="a/b"), {"since": "2026-11-20T11:00:00Z", "direction": "desc"}),
        (GitHub(name="s", repository="a/b", what="releases"), {}),
        (GitHub(name="s", query="jam"), {"q": "jam created:>=2026-11-20T11:00:00Z"}),
        (GitHub(name="s", query="jam created:>2026-01-01"), {}),
        (Discourse(name="s", instance="https://a.example"), {}),
        (StackExchange(name="s", tag="a"), {"fromdate": "1795172400", "tagged": "a"}),
        (YouTube(name="s", query="a", token_env="T"), {"publishedAfter": "2026-11-20T11:00:00Z"}),
        (YouTube(name="s", video="a", token_env="T"), {}),
        (X(name="s", query="a", token_env="T"), {"start_time": "2026-11-20T12:00:00Z"}),
        (X(name="s", user="7", token_env="T"), {"start_time": "2026-11-20T12:00:00Z"}),
    ],
    ids=lambda one: f"{one.kind}" if isinstance(one, Source) else "",
)
def test_a_service_is_asked_from_what_was_reached_on_where_it_knows_that(
    source: Source, expected: Mapping[str, str]
) -> None:
    asked = source.since(START)
    values = {name: value for name, (value, *_) in parse_qs(urlsplit(asked).query).items()}
    assert expected.items() <= values.items()
    assert (asked == source.url) == (not expected)
