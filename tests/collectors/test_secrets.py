import json
import logging
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.fetching.fetch import Answer, Fetcher, Limits
from overheard.collectors.fetching.secrets import Place, SecretError, Secrets, without_token
from overheard.records import encode, event_for

TOKEN = "tok-3n-5ecret-value"
OWN = "https://api.example/2/posts?query=a"


def fetcher(places: dict[str, Place]) -> Fetcher:
    hosts = ["localhost", "127.0.0.1"]
    return Fetcher(contact="ops@firm.example", allow=hosts, limits=Limits(gap=0), secrets=Secrets(places))


def echo(request: Request) -> Response:
    # Backwards, since no token that comes back is kept.
    return Response(json.dumps({"authorization": request.headers.get("Authorization", "")[::-1]}))


def ask(httpserver: HTTPServer, path: str, place: Place, source: str = "mine") -> Answer:
    return fetcher({"mine": place}).fetch(source, httpserver.url_for(path))


def said(answer: Answer) -> str:
    assert answer.fetch is not None, answer.message
    return str(json.loads(answer.fetch.body)["authorization"])[::-1]


def test_a_token_in_the_environment_is_sent_with_the_requests_of_its_source(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/posts").respond_with_handler(echo)
    place = Place(httpserver.url_for("/posts"), env="SERVICE_TOKEN")
    monkeypatch.setenv("SERVICE_TOKEN", f" {TOKEN}\n")
    assert said(ask(httpserver, "/posts", place)) == f"Bearer {TOKEN}"
    assert said(ask(httpserver, "/posts", place, source="another")) == ""


def test_a_token_in_a_file_is_read_anew_for_each_request(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/posts").respond_with_handler(echo)
    file = tmp_path / "token"
    place = Place(httpserver.url_for("/posts"), prefix="token ", file=str(file))
    for value in ("first", "second"):
        file.write_text(f"{value}\n")
        assert said(ask(httpserver, "/posts", place)) == f"token {value}"


def test_a_redirect_to_another_host_is_followed_without_the_token(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", TOKEN)
    there = httpserver.url_for("/there").replace("localhost", "127.0.0.1")
    httpserver.expect_request("/here").respond_with_data(status=302, headers={"Location": there})
    httpserver.expect_request("/near").respond_with_data(status=302, headers={"Location": "/there"})
    httpserver.expect_request("/there").respond_with_handler(echo)
    place = Place(httpserver.url_for("/"), env="SERVICE_TOKEN")
    assert httpserver.url_for("/") != there.removesuffix("there")
    assert said(ask(httpserver, "/near", place)) == f"Bearer {TOKEN}"
    assert said(ask(httpserver, "/here", place)) == ""
    assert [request.headers.get("Authorization") for request, _ in httpserver.log][2:] == [f"Bearer {TOKEN}", None]


def test_without_its_token_a_source_is_not_asked_and_the_place_is_said(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVICE_TOKEN", raising=False)
    file = tmp_path / "token"
    place = Place(httpserver.url_for("/posts"), env="SERVICE_TOKEN", file=str(file))
    answer = ask(httpserver, "/posts", place)
    assert (answer.kind, answer.status) == ("soft", 0)
    assert "expected the token of the source 'mine'" in answer.message
    assert "file token" in answer.message
    assert str(tmp_path) not in answer.message
    file.write_text("")
    assert (
        "environment variable SERVICE_TOKEN or the file token; there is none"
        in ask(httpserver, "/posts", place).message
    )
    assert not httpserver.log


@pytest.mark.parametrize("key", ["env", "file"])
def test_a_token_that_was_put_where_the_name_of_its_place_belongs_is_not_shown(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    token = "ghp_aB3" + 11 * "xyZ"
    monkeypatch.delenv(token, raising=False)
    env, file = (token, "") if key == "env" else ("", token)
    answer = ask(httpserver, "/posts", Place(httpserver.url_for("/posts"), env=env, file=file))
    assert f"`token_{key}`" in answer.message
    assert token not in answer.message
    assert not httpserver.log


def test_a_token_that_is_not_taken_is_said_and_never_shown(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SERVICE_TOKEN", TOKEN)
    httpserver.expect_request("/posts").respond_with_data(status=401)
    answer = ask(httpserver, "/posts", Place(httpserver.url_for("/posts"), env="SERVICE_TOKEN"))
    assert (answer.kind, answer.status) == ("soft", 401)
    assert "token of this source was not taken" in answer.message
    assert TOKEN not in repr(answer) + caplog.text
    httpserver.expect_request("/open").respond_with_data(status=401)
    assert "wants a token" in ask(httpserver, "/open", Place("https://other.example/", env="SERVICE_TOKEN")).message


def test_no_token_is_in_a_fetch_an_error_or_what_shows_the_secrets(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", TOKEN)
    httpserver.expect_request("/posts").respond_with_data("{}")
    place = Place(httpserver.url_for("/posts"), env="SERVICE_TOKEN")
    answer = ask(httpserver, "/posts", place)
    assert answer.fetch is not None
    event = event_for(answer.fetch, subject="f", source="/sources/mine", time=datetime(2026, 11, 22, tzinfo=UTC))
    secrets = Secrets({"mine": place})
    for shown in (repr(answer), encode(event).decode(), repr(secrets), repr(pickle.dumps(secrets))):
        assert TOKEN not in shown


@pytest.mark.parametrize("value", ["two\nlines", "tab\there", "naïve", "x" * 20_000, "a\r\nHost: other"])
def test_a_token_that_could_be_no_header_is_refused_unseen(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", value)
    with pytest.raises(SecretError, match="one line of ASCII") as caught:
        Secrets({"mine": Place(OWN, env="SERVICE_TOKEN")}).headers("mine", OWN)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://api.example/2/posts", "https://api.example:8443/2/posts", "https://x.api.example/", "https://example/",
     "https://api.example.evil.example/", "https://evil.example/?https://api.example/", "https://api.example/robots.txt",
     "https://[", ""],
)  # fmt: skip
def test_the_token_goes_to_the_origin_of_its_source_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", TOKEN)
    secrets = Secrets({"mine": Place(OWN, env="SERVICE_TOKEN")})
    assert secrets.headers("mine", url) == []
    for own in ("https://API.example/other?page=2", "https://api.example.:443/"):
        assert secrets.headers("mine", own) == [(b"Authorization", f"Bearer {TOKEN}".encode())]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200))
def test_any_bytes_in_the_file_are_a_token_or_an_error_that_does_not_show_them(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(raw)
    try:
        ((_, value),) = Secrets({"mine": Place(OWN, prefix="", file=str(file))}).headers("mine", OWN)
    except SecretError as e:
        text = raw.decode("latin-1").strip()
        assert len(text) < 8 or text not in str(e)
    else:
        assert value == raw.decode("utf-8-sig").strip().encode()
        assert b"\n" not in value
        assert b"\r" not in value


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "aB%2FcD%2BeF%3D%26gH",
        "aB%2fcD%2beF%3d%26gH",
        "aB/cD%2BeF%3D%26gH",
        "aB\\/cD+eF=&gH",
        "aB/cD\\u002BeF=\\u0026gH",
        "aB/cD+eF\\u003d\\u0026gH",
        "aB/cD+eF=&amp;gH",
    ],
)
def test_a_token_that_is_said_back_is_taken_out_in_each_form_that_servers_write(form: str) -> None:
    token = "aB/cD+eF=&gH"
    said = f'{{"error": "no such key: {form.format(token)}"}}'.encode()
    kept = without_token(said, token)
    assert kept == b'{"error": "no such key: [token]"}'
