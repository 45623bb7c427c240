"""Access tokens that are had by an exchange: on loopback servers that answer as RFC 6749 and the AT Protocol say."""

import base64
import json
import logging
import stat
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.fetching.fetch import Answer, Fetcher, Limits
from overheard.collectors.fetching.secrets import Grant, Place, Secrets, Spot, without_token

ID, SECRET, REFRESH = "client-7f3a-id", "client-s3cret-value", "refresh-t0ken-value"
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Authority:
    """A token endpoint with the interface that its tokens open: `answer` is what the next exchange gets."""

    def __init__(self, server: HTTPServer, **more: Any) -> None:
        self.server = server
        self.given = 0
        self.valid: set[str] = set()
        self.asked: list[Request] = []
        self.opened: Counter[str] = Counter()
        self.more: dict[str, Any] = {"expires_in": 3600, "token_type": "Bearer", **more}
        self.refusal: tuple[int, Any] | None = None
        self.rotate = False
        server.expect_request("/token", method="POST").respond_with_handler(self._exchange)
        server.expect_request("/posts").respond_with_handler(self._open)

    def _exchange(self, request: Request) -> Response:
        request.get_data()
        self.asked.append(request)
        if self.refusal is not None:
            status, body = self.refusal
            return Response(json.dumps(body), status=status, content_type="application/json")
        self.given += 1
        token = f"access-token-number-{self.given}"
        self.valid = {token}
        rotated = {"refresh_token": f"refresh-number-{self.given}"} if self.rotate else {}
        return Response(json.dumps({"access_token": token, **self.more, **rotated}), content_type="application/json")

    def _open(self, request: Request) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.opened[token] += 1
        if token not in self.valid:
            return Response('{"error": "invalid_token"}', status=401, content_type="application/json")
        return Response("{}", content_type="application/json")

    @property
    def forms(self) -> list[dict[str, str]]:
        return [{key: values[0] for key, values in parse_qs(one.get_data().decode()).items()} for one in self.asked]


class Client:
    """A client on a clock that is moved by hand, with two sources of one account."""

    def __init__(self, server: HTTPServer, folder: Path, monkeypatch: pytest.MonkeyPatch, **grant: Any) -> None:
        self.now = START
        monkeypatch.setenv("CLIENT_ID", ID)
        monkeypatch.setenv("CLIENT_SECRET", SECRET)
        self.file = folder / "refresh"
        self.file.write_text(f"{REFRESH}\n")
        kind = grant.pop("kind", "refresh_token")
        values = {"client_id": Spot("CLIENT_ID"), "client_secret": Spot("CLIENT_SECRET"), **grant}
        self.grant = Grant(server.url_for("/token"), kind, **values)
        file = "" if kind == "client_credentials" else str(self.file)
        place = Place(server.url_for("/posts"), file=file, grant=self.grant)
        self.url = server.url_for("/posts")
        self.fetcher = Fetcher(
            contact="ops@firm.example",
            allow=["localhost", "127.0.0.1"],
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
            secrets=Secrets({"mine": place, "other": place}),
        )

    def ask(self, source: str = "mine", after: timedelta = timedelta()) -> Answer:
        self.now += after
        return self.fetcher.fetch(source, self.url)


Make = Callable[..., Client]


@pytest.fixture
def client(httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    return lambda **grant: Client(httpserver, tmp_path, monkeypatch, **grant)


def test_one_exchange_serves_all_sources_of_an_account_until_its_token_expires(
    httpserver: HTTPServer, client: Make
) -> None:
    authority, asker = Authority(httpserver), client()
    assert {asker.ask(source).kind for source in ("mine", "other", "mine")} == {"fetched"}
    assert asker.ask(after=timedelta(minutes=58)).kind == "fetched"
    assert authority.given == 1
    assert asker.ask(after=timedelta(minutes=2)).kind == "fetched"
    assert authority.given == 2
    assert authority.opened["access-token-number-1"] == 4
    assert authority.forms[0] == {
        "grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": ID, "client_secret": SECRET
    }  # fmt: skip


def test_sources_that_are_asked_at_once_wait_for_one_exchange(httpserver: HTTPServer, client: Make) -> None:
    authority, asker = Authority(httpserver), client()
    gate = threading.Barrier(4)

    def ask(source: str) -> str:
        gate.wait(5)
        return asker.ask(source).kind

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, ["mine", "other", "mine", "other"])) == {"fetched"}
    assert authority.given == 1


def test_a_client_with_a_secret_says_who_it_is_by_http_basic_where_the_service_wants_that(
    httpserver: HTTPServer, client: Make
) -> None:
    authority = Authority(httpserver)
    assert client(kind="client_credentials", basic=True).ask().kind == "fetched"
    assert authority.forms == [{"grant_type": "client_credentials"}]
    both = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
    assert authority.asked[0].headers["Authorization"] == f"Basic {both}"


def test_a_client_without_a_secret_gives_its_id_alone(httpserver: HTTPServer, client: Make) -> None:
    authority = Authority(httpserver)
    assert client(basic=True, client_secret=Spot()).ask().kind == "fetched"
    assert authority.forms[0] == {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": ID}
    assert "Authorization" not in authority.asked[0].headers


def test_a_token_that_ends_before_its_time_is_renewed_once(httpserver: HTTPServer, client: Make) -> None:
    authority, asker = Authority(httpserver), client()
    asker.ask()
    authority.valid = set()
    assert asker.ask().kind == "fetched"
    assert authority.given == 2
    httpserver.clear_all_handlers()
    closed = Authority(httpserver)
    closed.more["access_token"] = "one-that-opens-nothing"
    answer = asker.ask(after=timedelta(hours=2))
    assert (answer.kind, answer.status) == ("soft", 401)
    assert "was not taken" in answer.message
    assert len(closed.asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"error": "invalid_grant", "error_description": f"{REFRESH} has been revoked"}, "Sign in"),
        (401, {"error": "invalid_client"}, "client id and client secret"),
        (400, {"error": "something_new"}, "client id and client secret"),
        (403, "no JSON object", "Sign in"),
    ],
)
def test_what_a_token_endpoint_refuses_is_said_with_what_to_do_and_is_not_asked_again_at_once(
    httpserver: HTTPServer, client: Make, status: int, body: Any, said: str
) -> None:
    authority, asker = Authority(httpserver), client()
    authority.refusal = (status, body)
    for source in ("mine", "other"):
        answer = asker.ask(source, timedelta(minutes=10))
        assert answer.kind == "soft"
        assert answer.message.startswith("expected an access token for the source 'mine' from 'localhost'; got ")
        assert said in answer.message
        assert REFRESH not in answer.message
    assert len(authority.asked) == 1
    asker.ask(after=timedelta(hours=1))
    assert len(authority.asked) == 2
    authority.refusal = None
    asker.file.write_text("another-refresh-token")
    assert asker.ask().kind == "fetched", "other secrets are tried at once"
    assert not authority.opened[REFRESH]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_endpoint_that_is_down_is_asked_again_soon(httpserver: HTTPServer, client: Make, status: int) -> None:
    authority, asker = Authority(httpserver), client()
    authority.refusal = (status, {"error": "temporarily_unavailable"})
    assert f"got {status}" in asker.ask().message
    asker.ask("other")
    assert len(authority.asked) == 1
    authority.refusal = None
    assert asker.ask(after=timedelta(minutes=5)).kind == "fetched"


def test_a_refresh_token_that_is_replaced_is_written_where_it_was_for_its_owner_alone(
    httpserver: HTTPServer, client: Make
) -> None:
    authority, asker = Authority(httpserver), client()
    authority.rotate = True
    asker.file.chmod(0o644)
    asker.ask()
    assert asker.file.read_text() == "refresh-number-1\n"
    assert stat.S_IMODE(asker.file.stat().st_mode) == 0o600
    assert [one.name for one in asker.file.parent.iterdir()] == ["refresh"]
    asker.ask()
    assert authority.given == 1, "the new one is of the same account"
    asker.ask(after=timedelta(hours=2))
    assert [one["refresh_token"] for one in authority.forms] == [REFRESH, "refresh-number-1"]
    assert asker.file.read_text() == "refresh-number-2\n"


def test_a_replaced_refresh_token_from_the_environment_is_used_and_that_it_cannot_be_kept_is_said(
    httpserver: HTTPServer, client: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    authority, asker = Authority(httpserver), client()
    authority.rotate = True
    monkeypatch.setenv("REFRESH", "from-the-environment")
    place = Place(asker.url, env="REFRESH", file=str(asker.file), grant=asker.grant)
    asker.fetcher = Fetcher(
        contact="ops@firm.example", allow=["localhost"], limits=Limits(gap=0), clock=lambda: asker.now,
        secrets=Secrets({"mine": place}),
    )  # fmt: skip
    asker.ask()
    asker.ask(after=timedelta(hours=2))
    assert [one["refresh_token"] for one in authority.forms] == ["from-the-environment", "refresh-number-1"]
    assert asker.file.read_text().strip() == REFRESH
    assert "Name a `token_file`" in caplog.text
    assert "refresh-number-1" not in caplog.text


def test_a_secret_that_is_not_in_its_place_is_said_and_nothing_is_asked(
    httpserver: HTTPServer, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, asker = Authority(httpserver), client()
    monkeypatch.delenv("CLIENT_SECRET")
    message = asker.ask().message
    assert "expected the client secret of the source 'mine' in the environment variable CLIENT_SECRET" in message
    asker.file.unlink()
    assert "expected the token of the source 'mine' in the file refresh" in asker.ask().message
    assert not authority.asked


def test_secrets_go_to_the_token_endpoint_alone_and_what_comes_is_shown_nowhere(
    httpserver: HTTPServer, client: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    authority, asker = Authority(httpserver), client()
    answers = [asker.ask(), asker.ask("other")]
    shown = repr(answers) + repr(asker.fetcher.__dict__) + caplog.text
    for secret in (ID, SECRET, REFRESH, "access-token-number-1"):
        assert secret not in shown
    opened = [request for request, _ in httpserver.log if request.path == "/posts"]
    assert {one.headers["Authorization"] for one in opened} == {"Bearer access-token-number-1"}
    assert authority.asked[0].method == "POST"
    assert not authority.asked[0].query_string


def test_a_token_endpoint_at_a_private_address_is_not_asked(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Client(httpserver, tmp_path, monkeypatch)
    asker.fetcher = Fetcher(contact="ops@firm.example", secrets=asker.fetcher._secrets)
    assert "expected a public address" in asker.ask().message
    assert not httpserver.log


def test_a_redirect_of_a_token_endpoint_is_not_followed(httpserver: HTTPServer, client: Make) -> None:
    moved = Response(status=307, headers={"Location": httpserver.url_for("/elsewhere")})
    httpserver.expect_request("/token").respond_with_response(moved)
    assert "got a redirect" in client().ask().message
    assert [request.path for request, _ in httpserver.log] == ["/token"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"access_token": 17}', b'{"access_token": "two\\nlines"}', b'{"access_token": "n\\u00e4"}',
     b'{"access', b"null", b'{"access_token": ""}'],
)  # fmt: skip
def test_an_answer_without_a_token_that_can_be_sent_is_none(httpserver: HTTPServer, client: Make, body: bytes) -> None:
    httpserver.expect_request("/token").respond_with_data(body, content_type="application/json")
    assert "got an answer without one" in client().ask().message


@pytest.mark.parametrize("life", [None, "3600", 3600.5, "soon", -1, True, 10**20, {"a": 1}])
def test_whatever_is_said_of_the_life_of_a_token_it_is_used(httpserver: HTTPServer, client: Make, life: object) -> None:
    authority, asker = Authority(httpserver, expires_in=life), client()
    assert asker.ask().kind == "fetched"
    assert asker.ask(after=timedelta(minutes=50)).kind == "fetched"
    assert authority.given == 1
    assert asker.ask(after=timedelta(days=800)).kind == "fetched"
    assert authority.given == 2


# ---- Sessions of the AT Protocol -------------------------------------------------------------------------------------


def jwt(ends: datetime, number: int, life: timedelta) -> str:
    said = {"iat": (ends - life).timestamp(), "exp": ends.timestamp(), "jti": number}
    claims = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
    return f"eyJhbGciOiJFUzI1NksifQ.{claims.rstrip('=')}.c2lnbmF0dXJl"


class Server:
    """An account's own server: sessions by app password, with tokens that are exchanged for new ones once."""

    def __init__(self, server: HTTPServer, asker: Client) -> None:
        self.calls: list[str] = []
        self.asker = asker
        self.renewals: set[str] = set()
        self.access: set[str] = set()
        self.number = 0
        base = "/xrpc/com.atproto.server."
        server.expect_request(f"{base}createSession", method="POST").respond_with_handler(self._create)
        server.expect_request(f"{base}refreshSession", method="POST").respond_with_handler(self._refresh)
        server.expect_request("/posts").respond_with_handler(self._open)

    def _create(self, request: Request) -> Response:
        self.calls.append("create")
        if request.get_json() != {"identifier": "us.example", "password": REFRESH}:
            return self._no(401, "AuthenticationRequired")
        return self._session()

    def _refresh(self, request: Request) -> Response:
        self.calls.append("refresh")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.renewals or request.get_data():
            return self._no(400, "ExpiredToken")
        self.renewals.remove(token)
        return self._session()

    def _session(self) -> Response:
        self.number += 1
        access = jwt(self.asker.now + timedelta(hours=2), self.number, timedelta(hours=2))
        renewal = jwt(self.asker.now + timedelta(days=60), -self.number, timedelta(days=60))
        self.access, self.renewals = {access}, {renewal}
        body = {"did": "did:plc:us", "handle": "us.example", "accessJwt": access, "refreshJwt": renewal}
        return Response(json.dumps(body), content_type="application/json")

    def _open(self, request: Request) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return Response("{}") if token in self.access else self._no(400, "ExpiredToken")

    @staticmethod
    def _no(status: int, error: str) -> Response:
        body = json.dumps({"error": error, "message": "no"})
        return Response(body, status=status, content_type="application/json")


def test_a_session_is_opened_with_an_app_password_and_renewed_by_what_it_gave(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Client(httpserver, tmp_path, monkeypatch)
    place = Place(asker.url, file=str(asker.file), grant=Grant(httpserver.url_for("/"), "session", login="us.example"))
    asker.fetcher = Fetcher(
        contact="ops@firm.example", allow=["localhost"], limits=Limits(gap=0), clock=lambda: asker.now,
        secrets=Secrets({"mine": place, "other": place}),
    )  # fmt: skip
    server = Server(httpserver, asker)
    assert {asker.ask(source).kind for source in ("mine", "other")} == {"fetched"}
    assert server.calls == ["create"]
    assert asker.ask(after=timedelta(hours=2)).kind == "fetched"
    assert server.calls == ["create", "refresh"]
    server.access.clear()  # the server says "400 ExpiredToken", not 401
    assert asker.ask().kind == "fetched"
    server.access.clear()
    server.renewals.clear()
    assert asker.ask().kind == "fetched", "a session that is over is opened again"
    assert server.calls == ["create", "refresh", "refresh", "refresh", "create"]
    assert asker.file.read_text().strip() == REFRESH
    asker.file.write_text("a-wrong-app-password")
    assert "Make a new app password" in asker.ask().message


@pytest.mark.parametrize("off", [timedelta(hours=5), -timedelta(days=2)])
def test_a_clock_that_is_wrong_opens_no_session_with_each_request(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    asker = Client(httpserver, tmp_path, monkeypatch)
    place = Place(asker.url, file=str(asker.file), grant=Grant(httpserver.url_for("/"), "session", login="us.example"))
    asker.fetcher = Fetcher(
        contact="ops@firm.example", allow=["localhost"], limits=Limits(gap=0), clock=lambda: asker.now + off,
        secrets=Secrets({"mine": place}),
    )  # fmt: skip
    server = Server(httpserver, asker)
    assert [asker.ask("mine").kind for _ in range(3)] == ["fetched"] * 3
    assert server.calls == ["create"]
    asker.ask("mine", after=timedelta(hours=2))
    assert server.calls == ["create", "refresh"]


# ---- What a service repeats of a token -------------------------------------------------------------------------------


@given(st.binary(max_size=40), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.binary())
def test_a_token_is_in_nothing_that_is_kept_of_an_answer(before: bytes, token: str, after: bytes) -> None:
    left = without_token(before + token.encode() + after, token)
    assert token.encode() not in left.replace(b"[token]", b"")


def test_an_answer_that_repeats_the_token_in_its_links_is_kept_without_it(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "EAAB|own/token+of=page"
    monkeypatch.setenv("PAGE_TOKEN", token)
    url = httpserver.url_for("/feed")
    forms = [token, "EAAB%7Cown%2Ftoken%2Bof%3Dpage", "EAAB|own\\/token+of=page"]
    body = json.dumps({"next": f"{url}?access_token={forms[1]}"}) + forms[0] + forms[2]
    httpserver.expect_request("/feed").respond_with_data(body, headers={"Link": f"<{url}?t={forms[1]}>"})
    httpserver.expect_request("/wrong").respond_with_data(
        json.dumps({"error": {"message": f"Malformed access token {token}"}}), 400, content_type="application/json"
    )
    fetcher = Fetcher(
        contact="ops@firm.example", allow=["localhost"], limits=Limits(gap=0),
        secrets=Secrets({"mine": Place(url, env="PAGE_TOKEN")}),
    )  # fmt: skip
    answer, wrong = fetcher.fetch("mine", url), fetcher.fetch("mine", httpserver.url_for("/wrong"))
    assert answer.fetch is not None
    assert answer.fetch.body.count(b"[token]") == 3
    assert b"Malformed access token [token]" in wrong.said
    for form in forms:
        assert form not in repr(answer) + repr(wrong)
