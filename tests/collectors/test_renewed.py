"""A source that failed for want of a token is asked as soon as there is one, or another."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.communities.facebook_page import FacebookPage
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.poller import Poller
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.wiring.secrets import secrets_of

GOOD = "tok-3n-that-holds"
EXPIRED = {"error": {"message": "Session has expired", "type": "OAuthException", "code": 190, "error_subcode": 463}}
OFTEN = {"error": {"message": "Application request limit reached", "type": "OAuthException", "code": 4}}
PATIENCE = 10.0


class Page:
    """A page on a server that takes one token, polled by whoever starts anew, on a clock that is moved by hand."""

    def __init__(self, log: EmbeddedLog, server: HTTPServer, folder: Path) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self.file = folder / "token"
        self.refusal = EXPIRED
        self.source = FacebookPage(name="ours", page="7", api=server.url_for("/v1"), token_file=str(self.file))
        self._log, self._server = log, server
        server.expect_request("/v1/7/feed").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        if request.headers.get("Authorization") == f"Bearer {GOOD}":
            return Response('{"data": []}', content_type="application/json")
        return Response(json.dumps(self.refusal), 400, content_type="application/json")

    def asked(self) -> int:
        return len(self._server.log)

    def run(self, *, stop: threading.Event | None = None) -> None:
        """Start anew, and ask what is due once; with `stop`, go on until that."""
        fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={"localhost"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
            secrets=secrets_of([self.source]),
        )
        with (
            closing(fetcher),
            closing(self._log.consumer(STAGE, "fetches")) as own,
            Poller(self._log, own, lambda: self.now) as poller,
        ):
            poller.use([self.source], fetcher)
            poller.run(stop or threading.Event(), once=stop is None)


@pytest.fixture
def page(httpserver: HTTPServer, tmp_path: Path) -> Iterator[Page]:
    with Folder(tmp_path / "data") as folder, closing(EmbeddedLog(folder)) as log:
        yield Page(log, httpserver, tmp_path)


def test_whoever_starts_anew_with_a_token_that_was_missing_is_not_left_waiting(page: Page) -> None:
    page.run()
    assert page.asked() == 0
    page.now += timedelta(seconds=5)
    page.run()
    assert page.asked() == 0, "it is still not there"
    page.file.write_text(GOOD)
    page.run()
    assert page.asked() == 1


def test_whoever_starts_anew_after_a_refusal_waits_five_minutes_at_most(page: Page) -> None:
    page.file.write_text("tok-3n-of-yesterday")
    page.run()
    page.file.write_text(GOOD)
    page.now += timedelta(minutes=4)
    page.run()
    assert page.asked() == 1
    page.now += timedelta(minutes=1)
    page.run()
    assert page.asked() == 2


def test_a_pause_that_a_service_asks_for_is_kept_through_a_start(page: Page) -> None:
    page.file.write_text("tok-3n-that-asks-too-often")
    page.refusal = OFTEN
    page.run()
    page.now += timedelta(minutes=30)
    page.run()
    assert page.asked() == 1


@pytest.mark.parametrize("before", ["", "tok-3n-of-yesterday"], ids=["missing", "expired"])
def test_while_it_runs_another_token_is_noticed_within_seconds(page: Page, before: str) -> None:
    if before:
        page.file.write_text(before)
    stop = threading.Event()
    runs = threading.Thread(target=page.run, kwargs={"stop": stop})
    runs.start()
    try:
        refused = 1 if before else 0
        # Time goes on in steps shorter than the pause between two looks, until it has failed, and well after that.
        for _ in range(8):
            page.now += timedelta(seconds=6)
            time.sleep(0.3)
        assert page.asked() == refused
        page.file.write_text(GOOD)
        deadline = time.monotonic() + PATIENCE
        while page.asked() == refused:
            assert time.monotonic() < deadline, "it waits for its next turn"
            page.now += timedelta(seconds=6)
            time.sleep(0.1)
    finally:
        stop.set()
        runs.join()
    assert page.asked() == refused + 1
