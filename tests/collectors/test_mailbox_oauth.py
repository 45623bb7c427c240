"""A mailbox that is let into by OAuth: its access token is had by an exchange, renewed when it ends, told nowhere."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.mail.mailbox import Mailbox
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.embedded import EmbeddedLog
from overheard.wiring.mailboxes import asked_beside
from overheard.wiring.secrets import secrets_of
from tests.collectors.imap_server import ImapServer
from tests.collectors.letters import mail

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REFRESH, SECRET = "1//refresh-of-the-mailbox", "client-s3cret-of-ours"


class Desk:
    """A mailbox, the place where its tokens are had, and who polls it, hours apart, by one client."""

    def __init__(self, folder: Path, log: EmbeddedLog, server: ImapServer, tokens: HTTPServer) -> None:
        self.log, self.server, self.now = log, server, NOW
        self.exchanges = 0
        self.error = ""
        (folder / "refresh").write_text(f"{REFRESH}\n")
        tokens.expect_request("/token", method="POST").respond_with_handler(self._exchange)
        self.source = Mailbox(
            name="support", user=server.user, host="127.0.0.1", port=server.port, security="none",
            token_file=str(folder / "refresh"), client_id_env="MAIL_CLIENT", client_secret_env="MAIL_SECRET",
            auth=tokens.url_for("/token"),
        )  # fmt: skip
        limits = Limits(gap=0, total=10)
        self._fetcher = Fetcher(
            contact="ops@firm.example",
            allow={"localhost", "127.0.0.1"},
            limits=limits,
            clock=lambda: self.now,
            secrets=secrets_of([self.source]),
            beside=asked_beside([self.source], limits, lambda: self.now),
        )

    def _exchange(self, request: Request) -> Response:
        if self.error:
            return Response(
                json.dumps({"error": self.error, "error_description": REFRESH}), 400, content_type="application/json"
            )
        assert (request.form["refresh_token"], request.form["client_secret"]) == (REFRESH, SECRET)
        self.exchanges += 1
        self.server.token = f"ya29.access-{self.exchanges}"
        return Response(
            json.dumps({"access_token": self.server.token, "expires_in": 3599}), content_type="application/json"
        )

    def letter(self) -> None:
        self.server.inbox.add(mail("It jams.", id_=f"m{self.server.inbox.next_uid}@customer.example"))

    def poll(self, hours: float = 2) -> PollReport:
        self.now += timedelta(hours=hours)
        return poll_due(self.log, [self.source], self._fetcher, lambda: self.now)

    def said(self) -> str:
        state = load_states(self.log, [source_key("support")])[source_key("support")]
        health = health_of(self.source, state, None, None, self.now)
        return f"{health.message} {health.advice}"

    def kept(self) -> bytes:
        found = b""
        for topic, kept in TOPICS.items():
            for partition in range(kept.partitions):
                start, end = self.log.span(topic, partition)
                found += b"".join(one.value or b"" for one in self.log.read(topic, partition, start, end))
        return found


@pytest.fixture
def desk(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("MAIL_CLIENT", "client-of-ours")
    monkeypatch.setenv("MAIL_SECRET", SECRET)
    with Folder(tmp_path / "data") as folder, ImapServer() as server:
        log = EmbeddedLog(folder)
        yield Desk(tmp_path, log, server, httpserver)
        log.close()


def test_an_access_token_is_had_by_an_exchange_and_by_another_once_it_ended(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.letter()
    assert desk.poll().fates == {"collected": 1}
    desk.letter()
    assert desk.poll(hours=0.5).fates == {"collected": 1}
    assert desk.exchanges == 1, "it is held until it ends"
    desk.letter()
    assert desk.poll().fates == {"collected": 1}
    assert desk.exchanges == 2
    told = desk.kept() + caplog.text.encode() + desk.said().encode()
    for secret in (REFRESH, SECRET, "ya29.access", "client-of-ours"):
        assert secret.encode() not in told


def test_a_token_that_ended_before_its_time_is_renewed_at_once(desk: Desk) -> None:
    desk.poll()
    desk.letter()
    desk.server.token = "withdrawn by the provider"
    assert desk.poll(hours=0.5).fates == {"collected": 1}
    assert desk.exchanges == 2


def test_a_consent_that_was_taken_back_is_said_with_what_to_do(desk: Desk) -> None:
    desk.error = "invalid_grant"
    desk.letter()
    assert desk.poll().fates == {}
    assert "the refresh token expired, was withdrawn" in desk.said()
    assert "Sign in with the service once more" in desk.said()
    assert REFRESH not in desk.said()
    desk.error = ""
    assert desk.poll(hours=30).fates == {"collected": 1}


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"host": "imap.gmail.com"}, "https://oauth2.googleapis.com/token"),
        ({"host": "outlook.office365.com"}, "https://login.microsoftonline.com/common/oauth2/v2.0/token"),
        ({"host": "mail.firm.example", "auth": "https://id.firm.example/token"}, "https://id.firm.example/token"),
    ],
)
def test_the_usual_providers_are_known_by_their_hosts(given: dict[str, Any], where: str) -> None:
    grant = Mailbox(name="m", user="u", token_file="t", client_id_env="C", **given).grant
    assert grant is not None
    assert (grant.url, grant.kind) == (where, "refresh_token")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"token_file": "t", "client_id_env": "C"}, "expected `auth`"),
        ({"token_file": "t", "client_secret_env": "C"}, "beside the other settings of a client"),
        ({"password_env": "P", "client_id_env": "C", "auth": "https://id.firm.example/t"}, "got a password"),
    ],
)
def test_a_client_that_is_half_set_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Mailbox(name="m", user="u", host="mail.firm.example", **given)
