"""Services of the communities on a local server, polled: what is new, edited and deleted, and a token that expires."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Source
from overheard.collectors.communities.hackernews import HackerNews
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Mention, decode
from overheard.wiring.secrets import beside, secrets_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECORDINGS = Path(__file__).parents[1] / "contracts" / "recordings"
TOKEN = "tok-3n-of-asha"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


class Polls:
    """Polls of one source, hours apart."""

    def __init__(self, log: EmbeddedLog, source: Source) -> None:
        self._log, self._source, self._now = log, source, NOW

    def poll(self) -> PollReport:
        self._now += timedelta(hours=30)
        fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={"localhost", "127.0.0.1"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self._now,
            secrets=secrets_of([self._source]),
        )
        return poll_due(self._log, [self._source], fetcher, lambda: self._now)

    def events(self) -> list[Event[Mention]]:
        found = []
        for partition in range(TOPICS["mentions"].partitions):
            found += [decode(one.value or b"") for one in self._log.read("mentions", partition, 0, 100)]
        return sorted(found, key=lambda event: event.time)


def recorded(name: str) -> Any:
    return json.loads((RECORDINGS / name).read_bytes())


def test_an_account_is_followed_with_a_token_its_edits_are_versions_and_an_expired_token_is_said(
    log: EmbeddedLog, httpserver: HTTPServer, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    statuses = recorded("mastodon/tag.json")

    def answer(request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Response(json.dumps({"error": "The access token is invalid"}), status=401)
        given = statuses if request.path.endswith("/statuses") else statuses[1]["account"]
        return Response(json.dumps(given), content_type="application/json")

    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/api/v1/accounts/lookup").respond_with_handler(answer)
    httpserver.expect_request("/api/v1/accounts/101/statuses").respond_with_handler(answer)
    made = Mastodon(name="asha", instance=httpserver.url_for("/"), account="asha", token_file="token")
    (source,) = beside(tmp_path, [made])
    assert isinstance(source, Mastodon)
    polls = Polls(log, source)
    assert polls.poll().fates == {"collected": 3}
    statuses[1] = copy.deepcopy(statuses[1]) | {
        "content": "<p>The new Paperfold 200 jams no more</p>", "edited_at": "2026-11-22T09:00:00.000Z"
    }  # fmt: skip
    assert polls.poll().fates == {"collected": 1, "unchanged": 2}
    (tmp_path / "token").write_text("another\n")
    (problem,) = polls.poll().problems
    assert "401" in problem.message
    assert "token of this source was not taken" in problem.message
    assert "another" not in problem.message
    assert [event.data.content for event in polls.events()][-1].startswith("The new Paperfold 200 jams no more")
    for topic in TOPICS:
        for partition in range(TOPICS[topic].partitions):
            for record in log.read(topic, partition, 0, 1_000):
                assert TOKEN.encode() not in (record.value or b"")
    assert not [request for request, _ in httpserver.log if request.path == "/robots.txt" and request.authorization]


def test_a_comment_that_was_deleted_at_its_source_is_deleted(log: EmbeddedLog, httpserver: HTTPServer) -> None:
    thread = recorded("hackernews/thread.json")
    source = HackerNews(name="launch", item=42000001, api=httpserver.url_for("/api/v1"))
    polls = Polls(log, source)

    def serve() -> None:
        httpserver.clear_all_handlers()
        httpserver.expect_request("/robots.txt").respond_with_data(status=404)
        httpserver.expect_request("/api/v1/items/42000001").respond_with_json(thread)

    serve()
    assert polls.poll().fates["collected"] == 3
    thread["children"][0] |= {"author": None, "text": None}
    serve()
    assert polls.poll().fates["deleted"] == 1
    serve()
    assert "deleted" not in polls.poll().fates


def test_an_interface_documented_for_programs_is_asked_whatever_robots_txt_says_of_pages(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /\n")
    httpserver.expect_request("/api/v1/search_by_date").respond_with_json({"hits": []})
    base = httpserver.url_for("").rstrip("/")
    polls = Polls(log, HackerNews(name="hn", query="paperfold", api=f"{base}/api/v1"))
    report = polls.poll()
    assert (report.problems, report.requests) == ((), 1)
    assert [request.path for request, _ in httpserver.log] == ["/api/v1/search_by_date"]
