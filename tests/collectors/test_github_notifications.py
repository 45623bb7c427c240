"""Answers to an account on GitHub: told by its notifications, read in the threads that they name."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.communities.github import GitHub
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.embedded import EmbeddedLog
from overheard.records import Fetch, decode
from overheard.wiring.secrets import secrets_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
API = "https://api.github.com"
TOKEN = "ghp_classic_of_the_account"


def told(
    reason: str, repository: str, thread: str, type_: str = "Issue", title: str = "It jams", *, private: bool = False
) -> dict[str, Any]:
    """A notification, as the API's documents show it; a discussion has no address there."""
    url = f"{API}/repos/{repository}/{thread}" if thread else None
    return {
        "id": repository,
        "unread": True,
        "reason": reason,
        "updated_at": "2026-11-22T09:30:00Z",
        "last_read_at": None,
        "subject": {"title": title, "url": url, "latest_comment_url": url, "type": type_},
        "repository": {"id": 5, "full_name": repository, "private": private},
        "url": f"{API}/notifications/threads/1",
    }


def all_told() -> list[dict[str, Any]]:
    return [
        told("author", "paperfold/driver", "issues/7"),
        told("mention", "ghent/presses", "pulls/12", "PullRequest"),
        told("comment", "paperfold/plans", "issues/3", title="Prices of next year", private=True),
        told("mention", "paperfold/driver", "", "Discussion"),
    ]


def comment(thread: str, number: int, login: str, at: str = "2026-11-22T09:30:00Z") -> dict[str, Any]:
    return {
        "id": number,
        "html_url": f"https://github.com/{thread}#issuecomment-{number}",
        "body": f"Comment {number}",
        "created_at": at,
        "updated_at": at,
        "user": {"login": login, "id": number},
    }


class Site:
    """The API with its notifications, threads and comments."""

    def __init__(self, server: HTTPServer) -> None:
        self.api = server.url_for("/api")
        self.told = json.loads(json.dumps(all_told()).replace(API, self.api))
        self.comments = {
            "paperfold/driver/issues/7": [
                comment("paperfold/driver/issues/7", 30, "Paperfold-Support"),
                comment("paperfold/driver/issues/7", 31, "asha"),
            ],
            "ghent/presses/issues/12": [],
        }
        self.asked: list[str] = []
        server.expect_request(re.compile("/api/.*")).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        path = request.path.removeprefix("/api/")
        self.asked.append(path)
        if path == "notifications":
            assert request.args["participating"] == "true"
            return self._json(self.told)
        thread = path.removeprefix("repos/").removesuffix("/comments")
        if path.endswith("/comments"):
            return self._json([one for one in self.comments[thread] if one["updated_at"] >= request.args["since"]])
        issue = {"html_url": "https://github.com/ghent/presses/pull/12", "title": "Which press?", "body": "@paperfold?"}
        return self._json({**issue, "created_at": "2026-11-21T09:30:00Z", "user": {"login": "ben", "id": 9}})

    def _json(self, body: Any) -> Response:
        return Response(json.dumps(body), content_type="application/json")


class Polls:
    def __init__(self, log: EmbeddedLog, site: Site) -> None:
        self.log, self.now = log, NOW
        self.source = GitHub(
            name="answers", notifications=True, login="@paperfold-support", api=site.api, token_env="GITHUB_TOKEN"
        )
        self._fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={"localhost", "127.0.0.1"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
            secrets=secrets_of([self.source]),
        )

    def poll(self) -> PollReport:
        self.now += timedelta(hours=8)
        return poll_due(self.log, [self.source], self._fetcher, lambda: self.now)

    def mentions(self) -> dict[str, Any]:
        found = {}
        for partition in range(12):
            start, end = self.log.span("mentions", partition)
            for record in self.log.read("mentions", partition, start, end):
                event = decode(record.value or b"")
                assert event.data.native_id not in found
                found[event.data.native_id] = event.data
        return found


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedLog]:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


def test_answers_in_threads_of_the_account_come_once_and_its_own_and_private_ones_never(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    site = Site(httpserver)
    polls = Polls(log, site)
    polls.poll()
    found = polls.mentions()
    assert found.keys() == {"paperfold/driver/issues/7#issuecomment-31", "ghent/presses/issues/12"}
    assert found["paperfold/driver/issues/7#issuecomment-31"].own
    assert not [one for one in site.asked if "plans" in one]
    site.asked.clear()
    polls.poll()
    assert site.asked == ["notifications"], "a thread in which nothing happened is not asked again"
    site.comments["ghent/presses/issues/12"] = [comment("ghent/presses/pull/12", 77, "ben", "2026-11-24T01:00:00Z")]
    site.told[1]["updated_at"] = "2026-11-24T01:00:00Z"
    polls.poll()
    assert "ghent/presses/issues/12#issuecomment-77" in polls.mentions()


def test_what_notifications_tell_of_private_repositories_is_kept_nowhere(
    log: EmbeddedLog, httpserver: HTTPServer
) -> None:
    polls = Polls(log, Site(httpserver))
    polls.poll()
    kept = b""
    for topic, one in TOPICS.items():
        for partition in range(one.partitions):
            start, end = log.span(topic, partition)
            kept += b"".join(record.value or b"" for record in log.read(topic, partition, start, end))
    for secret in (b"Prices of next year", b"paperfold/plans", TOKEN.encode()):
        assert secret not in kept


@pytest.mark.parametrize(
    "broken",
    [{"repository": None}, {"subject": "none"}, {"subject": {"type": "Issue", "url": "https://evil.example/x"}}],
)
def test_a_notification_that_cannot_be_read_is_told_and_the_others_lead_on(broken: dict[str, Any]) -> None:
    source = GitHub(name="s", notifications=True, token_env="T")
    notifications = all_told()
    notifications[0] |= broken
    body = json.dumps(notifications).encode()
    fetch = Fetch(id="f", source="s", url=source.url, final_url=source.url, status=200, headers={}, body=body, at=NOW)
    reading = source.read(fetch)
    assert len(reading.rejected) == 1
    assert [one.url.rpartition("/repos/")[2].partition("?")[0] for one in reading.requests] == [
        "ghent/presses/issues/12/comments",
        "ghent/presses/issues/12",
    ]
    assert all(one.url.startswith("https://api.github.com/repos/") for one in reading.requests)


def test_notifications_take_a_token() -> None:
    with pytest.raises(ValueError, match="token_env"):
        GitHub(name="s", notifications=True)
