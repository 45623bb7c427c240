"""A source that is tried uses no more of its account's budget than is left, and what it used is counted."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.bounded import read_here
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.streaming.trial import Listened
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Mention
from overheard.web.newsource import Trial
from overheard.wiring import trials
from overheard.wiring.kinds import load_settings
from overheard.wiring.newsources import FileNewSources
from overheard.wiring.secrets import secrets_of
from overheard.wiring.spendings import spendings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Desk:
    """Settings with an account of X, a log, and who tries sources out and polls."""

    def __init__(self, folder: Path, log: EmbeddedLog, server: HTTPServer) -> None:
        self.log, self.server = log, server
        self.config = folder / "overheard.toml"
        self.api = server.url_for("/2")
        self.config.write_text(f"""
[http]
contact = "ops@us.example"
gap = 0
allow_hosts = ["{server.host}"]

[[x]]
name = "kept"
query = "korvex"
token_env = "X_TOKEN"
budget = 100
api = "{self.api}"
""")
        self.new = FileNewSources(self.config, log=lambda: nullcontext(log), read=read_here, clock=lambda: NOW)

    @property
    def kept(self) -> Source:
        (source,) = [one for one in load_settings(self.config).sources if isinstance(one, Source)]
        return source

    def tried(self, kind: str = "x", **given: str) -> Trial:
        said = {"name": "new", "query": "paperfold", "token": "X_TOKEN", "api": self.api, **given}
        return self.new.try_out(kind, said)

    def used(self) -> int:
        return spendings(self.log, [self.kept], NOW)["kept"].used

    def poll(self) -> PollReport:
        fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={f"{self.server.host}:{self.server.port}"},
            limits=Limits(gap=0, total=5),
            clock=lambda: NOW,
            secrets=secrets_of([self.kept]),
        )
        return poll_due(self.log, [self.kept], fetcher, lambda: NOW)


@pytest.fixture
def desk(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("X_TOKEN", "bearer-of-the-owner")

    def serve(request: Request) -> Response:
        number = int(parse_qs(urlsplit(request.url).query)["max_results"][0])
        at = NOW - timedelta(minutes=5)
        posts = [
            {"id": f"{10_000 + i}", "text": f"Post {i}", "author_id": "7", "created_at": f"{at:%Y-%m-%dT%H:%M:%S.000Z}"}
            for i in range(number)
        ]
        users = {"users": [{"id": "7", "username": "ann", "name": "Ann"}]}
        return Response(json.dumps({"data": posts, "includes": users, "meta": {}}))

    httpserver.expect_request("/2/tweets/search/recent").respond_with_handler(serve)
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield Desk(tmp_path, log, httpserver)
        log.close()


def test_a_trial_asks_for_a_few_posts_and_counts_them(desk: Desk) -> None:
    trial = desk.tried()
    assert (len(trial.shown), trial.found, trial.problem) == (3, 10, "")
    assert 10 <= desk.used() <= 30, "the posts, and the people who come along where they are paid for"


def test_where_the_budget_is_used_up_nothing_is_asked_and_it_is_said(desk: Desk) -> None:
    while not (trial := desk.tried()).problem:
        desk.server.clear_log()
    assert "budget left" in trial.problem
    assert "`budget`" in trial.advice
    assert not desk.server.log
    assert 70 < desk.used() <= 100
    assert desk.poll().requests == 0, "whoever polls keeps to it too"


def test_another_account_has_a_budget_of_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "bearer-of-somebody-else")
    assert not desk.tried(token="OTHER_TOKEN", budget="50").problem
    assert desk.used() == 0


def test_what_polls_used_is_not_there_for_trials(desk: Desk) -> None:
    desk.poll()
    before = desk.used()
    assert before > 0
    while not (trial := desk.tried()).problem:
        continue
    assert "budget left" in trial.problem
    assert before < desk.used() <= 100


def test_a_stream_that_is_tried_keeps_to_the_budget_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Mention(id="men_1", platform="x", source="new", content="hm", first_seen=NOW)
    listened: list[str] = []

    def first(stream: Source, *_: object, **__: object) -> Listened:
        listened.append(stream.name)
        return Listened([post], 3, None)

    monkeypatch.setattr(trials, "first_posts", first)
    given = {"name": "new", "rules": "paperfold", "token": "X_TOKEN", "api": desk.api, "budget": "5"}
    assert not desk.new.try_out("x_stream", given).problem
    assert desk.used() == 3
    assert not desk.new.try_out("x_stream", given).problem
    trial = desk.new.try_out("x_stream", given)
    assert "budget left" in trial.problem
    assert len(listened) == 2
