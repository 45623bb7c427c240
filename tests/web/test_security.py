"""Who may call: hosts, origins, tokens by header, cookie and feed address; and what every answer carries."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx import Response
from litestar import get
from litestar.params import FromPath
from litestar.testing import TestClient

from overheard.config.settings import FirmSettings, Settings, WebSettings
from overheard.web.app import make_app
from overheard.web.problems import MAX_BODY
from overheard.web.security import HEADERS
from overheard.web.tokens import make_token
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.tokens import TokenFile
from tests.web.api_world import Client, Served, serving

HOST = "overheard.local"
PAGE = {"accept": "text/html"}
READ = (
    "/",
    "/contacts",
    "/sources",
    "/activity",
    "/events",
    "/v1/contacts",
    "/feeds/alerts.xml",
    "/static/overheard.css",
)
NOWHERE = (
    "/nowhere",
    "/v1/nowhere",
    "/static/nowhere.css",
    "/static/%2e%2e/%2e%2e/tokens.json",
    "/..%2f..%2ftokens.json",
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    folder = tmp_path_factory.mktemp("security")
    with serving(folder / "open") as first, serving(folder / "closed", require_token=True) as second:
        yield first, second


@pytest.fixture
def open_(both: tuple[Served, Served]) -> Served:
    """A server that takes whoever is at this machine."""
    both[0].client.cookies.clear()
    return both[0]


@pytest.fixture
def closed(both: tuple[Served, Served]) -> Served:
    """A server that asks everybody for a token."""
    both[1].client.cookies.clear()
    return both[1]


def token(served: Served, *scopes: str, days: int | None = None, now: datetime | None = None) -> str:
    made, kept = make_token("-".join(scopes) or "reader", scopes or ["read"], now=now or datetime.now(UTC), days=days)
    TokenFile(served.system.folder.path).add(kept)
    return made


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def detail(answer: Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    return str(body["detail"])


# --- foreign requests ---


@pytest.mark.parametrize(
    "host", ["evil.example", "overheard.local.evil.example", "overheard.local:81", "127.0.0.1", ""]
)
@pytest.mark.parametrize("path", ["/", "/v1/contacts", "/static/overheard.css", "/login", "/nowhere"])
def test_a_name_that_is_not_ours_gets_nothing_not_even_whose_this_is(open_: Served, host: str, path: str) -> None:
    answer = open_.client.get(path, headers={"host": host, **PAGE})
    assert "expected the Host header" in detail(answer, 403)
    assert "<" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://overheard.local:81", "http://[", "file://"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/decide"), ("POST", "/login"), ("GET", "/v1/contacts")])
def test_another_sites_script_or_form_is_refused(open_: Served, origin: str, method: str, path: str) -> None:
    answer = open_.client.request(method, path, headers={"origin": origin})
    assert "expected a request of our own pages" in detail(answer, 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "strange"])
def test_what_the_browser_says_another_site_makes_is_refused_but_a_look_is_not(open_: Served, site: str) -> None:
    told = {"sec-fetch-site": site}
    assert "another site" in detail(open_.client.post("/decide", headers=told), 403)
    assert open_.client.get("/contacts", headers=told).status_code == 200


def test_our_own_forms_are_let_through(open_: Served) -> None:
    told = {"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"}
    assert open_.client.post("/logout", headers=told, follow_redirects=False).status_code == 303


# --- without a token ---


def test_on_this_machine_nobody_needs_a_token(open_: Served) -> None:
    for path in READ:
        if path != "/events":
            assert open_.client.get(path).status_code == 200, path


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via", "x-real-ip", "X-Forwarded-Host"])
def test_who_comes_through_a_proxy_is_not_the_owner(open_: Served, header: str) -> None:
    assert "expected a token" in detail(open_.client.get("/v1/contacts", headers={header: "for=192.0.2.1"}), 401)


@pytest.mark.parametrize("path", [*READ[:-1], *NOWHERE[:2]])
def test_where_a_token_is_demanded_nothing_is_told_without_one(closed: Served, path: str) -> None:
    answer = closed.client.get(path)
    assert "expected a token" in detail(answer, 401)
    assert answer.headers["www-authenticate"] == 'Bearer realm="overheard"'


def test_a_person_without_a_token_is_led_to_the_login_and_back(closed: Served) -> None:
    answer = closed.client.get("/contacts?q=a%26b&kind=contact", headers=PAGE, follow_redirects=False)
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert where.path == "/login"
    assert parse_qs(where.query) == {"next": ["/contacts?q=a%26b&kind=contact"]}
    login = closed.client.get(answer.headers["location"], headers=PAGE)
    assert 'name="next" value="/contacts?q=a%26b&amp;kind=contact"' in login.text
    assert closed.client.get("/static/overheard.css").status_code == 200


def test_every_route_but_the_login_asks_for_a_token(closed: Served) -> None:
    """Whatever is added is closed unless it is named here."""
    open_to_all = {"/login", "/static/{file_path:path}"}
    told = []
    for route in closed.client.app.routes:
        path = route.path
        if path in open_to_all or path.startswith("/static"):
            continue
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            address = path.replace("{", "").replace("}", "").replace(":str", "").replace(":int", "")
            answer = closed.client.request(method, address)
            if answer.status_code != 401:
                told.append((method, path, answer.status_code))
    # What holds nothing of the folder's: how the API is called, that it answers, and to forget a cookie.
    # And what others' servers send webmentions to, where each sees what became of its own.
    # And where services deliver, each delivery signed with the secret of its source.
    without = {"/logout", "/v1", "/v1/openapi.json", "/v1/health", "/webmention", "/webmention/{id_:str}"}
    without |= {"/hooks/{name:str}"}
    assert {path for _, path, _ in told} <= without, told
    assert closed.client.get("/v1/health").json() == {"status": "ok"}


# --- with a token ---


def test_a_token_in_the_header_is_held_to_its_scopes(closed: Served) -> None:
    reader = bearer(token(closed, "read"))
    assert closed.client.get("/v1/contacts", headers=reader).status_code == 200
    answer = closed.client.post("/v1/decisions", headers=reader, json={})
    assert detail(answer, 403) == "expected a token with the scope decide; read has read"
    assert closed.client.get("/v1/contacts", headers=bearer(token(closed, "admin"))).status_code == 200
    assert "scope read" in detail(closed.client.get("/v1/contacts", headers=bearer(token(closed, "write"))), 403)


def test_on_this_machine_a_token_holds_one_to_its_scopes_too(open_: Served) -> None:
    reader = bearer(token(open_, "read"))
    assert "scope decide" in detail(open_.client.post("/v1/decisions", headers=reader, json={}), 403)


@pytest.mark.parametrize("text", ["oht_wrong", "x" * 10_000, "ünï", "' OR 1=1 --"])
def test_a_wrong_token_is_refused_on_this_machine_too(open_: Served, text: str) -> None:
    answer = open_.client.get("/v1/contacts", headers=[(b"authorization", b"Bearer " + text.encode())])
    assert "unknown, revoked or expired" in detail(answer, 401)
    assert text not in answer.text


@pytest.mark.parametrize(
    ("header", "said"),
    [("Basic YTpi", "scheme 'Basic'"), ("Bearer", "expected a token"), ("Bearer ", "expected a token")],
)
def test_another_kind_of_credentials_is_refused(open_: Served, header: str, said: str) -> None:
    assert said in detail(open_.client.get("/v1/contacts", headers={"authorization": header}), 401)


def test_a_revoked_and_an_expired_token_are_refused_at_the_next_request(closed: Served) -> None:
    made, kept = make_token("a", ["read"], now=datetime.now(UTC))
    file = TokenFile(closed.system.folder.path)
    file.add(kept)
    assert closed.client.get("/v1/contacts", headers=bearer(made)).status_code == 200
    file.revoke(kept.id)
    assert "revoked" in detail(closed.client.get("/v1/contacts", headers=bearer(made)), 401)
    expired = token(closed, "read", days=1, now=datetime.now(UTC) - timedelta(days=2))
    assert "expired" in detail(closed.client.get("/v1/contacts", headers=bearer(expired)), 401)


def test_a_feed_reader_gives_its_token_in_the_address_and_nowhere_else(closed: Served) -> None:
    made = token(closed, "read")
    assert closed.client.get("/feeds/alerts.xml", params={"token": made}).status_code == 200
    assert closed.client.get("/v1/contacts", params={"token": made}).status_code == 401
    assert "unknown" in detail(closed.client.get("/feeds/alerts.xml", params={"token": "oht_no"}), 401)


# --- logging in ---


def log_in(client: Client, made: str, next_: str = "/") -> Response:
    return client.post("/login", data={"token": made, "next": next_}, headers=PAGE, follow_redirects=False)


def test_a_login_is_kept_in_a_cookie_that_no_script_reads_and_no_other_site_sends(closed: Served) -> None:
    answer = log_in(closed.client, token(closed, "read"), "/contacts?kind=account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/contacts?kind=account")
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/", "max-age=2592000"))
    assert "secure" not in cookie  # over http, on this machine
    assert closed.client.get("/contacts", headers=PAGE).status_code == 200
    assert "scope decide" in detail(closed.client.post("/v1/decisions", json={}), 403)


def test_after_the_logout_the_cookie_is_gone(closed: Served) -> None:
    log_in(closed.client, token(closed, "read"))
    assert closed.client.post("/logout", follow_redirects=False).headers["location"] == "/login"
    assert closed.client.get("/v1/contacts").status_code == 401


def test_a_wrong_token_gets_no_cookie(closed: Served) -> None:
    answer = log_in(closed.client, "oht_wrong")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "unknown, revoked or expired" in answer.text
    assert "oht_wrong" not in answer.text


def test_a_cookie_that_nobody_has_any_more_does_not_lock_the_owner_out(open_: Served) -> None:
    open_.client.cookies.set("overheard", "oht_of_another_overheard")
    assert open_.client.get("/contacts", headers=PAGE).status_code == 200


def test_where_a_token_is_demanded_a_stale_cookie_leads_to_the_login(closed: Served) -> None:
    closed.client.cookies.set("overheard", "oht_old")
    answer = closed.client.get("/", headers=PAGE, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example",
     "javascript:alert(1)", "", "evil.example", "\\\\evil.example"],
)  # fmt: skip
def test_a_login_leads_nobody_elsewhere(closed: Served, elsewhere: str) -> None:
    answer = log_in(closed.client, token(closed, "read"), elsewhere)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "evil" not in closed.client.get("/login", params={"next": elsewhere}).text


def test_behind_a_proxy_with_tls_the_cookie_goes_over_tls_only(tmp_path: Path) -> None:
    settings = Settings(web=WebSettings(address="https://heard.firm.example"))
    with System(tmp_path / "data", settings) as system:
        service = SystemService(system)
        app = make_app(service, hosts={HOST, "heard.firm.example"}, local=False)
        made, kept = make_token("a", ["read"], now=datetime.now(UTC))
        TokenFile(system.folder.path).add(kept)
        with TestClient(app, base_url=f"http://{HOST}") as client:
            assert client.get("/v1/contacts").status_code == 401  # not local: nobody is the owner
            assert "secure" in log_in(client, made).headers["set-cookie"].lower()
        service.close()


# --- every answer ---


@pytest.mark.parametrize("path", ["/", "/login", "/v1", "/v1/contacts", "/static/overheard.css", *NOWHERE])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "BREW"])
def test_every_answer_is_fenced_in(open_: Served, path: str, accept: str, method: str) -> None:
    answer = open_.client.request(method, path, headers={"accept": accept})
    assert answer.status_code < 500, answer.text
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "access-control-allow-origin" not in answer.headers
    if path.startswith("/static/"):
        assert "no-store" not in answer.headers.get("cache-control", "")
    else:
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_here_is_said_as_a_page_to_people_and_a_problem_to_programs(open_: Served, path: str) -> None:
    assert "expected" in detail(open_.client.get(path), 404) or path.startswith("/static")
    if not path.startswith("/v1"):
        page = open_.client.get(path, headers=PAGE)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_nothing_of_the_request_comes_back_as_markup(open_: Served) -> None:
    for path in ("/<script>alert(1)</script>", "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/?q=((("):
        answer = open_.client.get(path, headers=PAGE)
        assert "<script>alert" not in answer.text
    answer = open_.client.get("/login?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", ["/v1/mentions", "/decide", "/login"])
def test_a_body_beyond_the_limit_is_refused(open_: Served, path: str) -> None:
    kind = "application/json" if path.startswith("/v1") else "application/x-www-form-urlencoded"
    answer = open_.client.post(path, content=b"x" * (MAX_BODY + 1), headers={"content-type": kind})
    assert "at most 20 MB" in detail(answer, 413)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b"", b'"\\ud800"', b"NaN", b"1e999"])
@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/mentions", "/v1/contacts"])
def test_a_body_that_is_no_json_or_too_deep_is_the_callers_fault(open_: Served, path: str, content: bytes) -> None:
    answer = open_.client.post(path, content=content, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    detail(answer, answer.status_code)


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%ff%fe", "q=" + "a" * 50_000, "q=%ED%A0%80", "after=%00", "after=" + "9" * 400]
)
@pytest.mark.parametrize("path", ["/", "/contacts", "/v1/mentions"])
def test_a_strange_query_is_answered_or_refused(open_: Served, path: str, query: str) -> None:
    assert open_.client.get(f"{path}?{query}").status_code < 500


# --- the log ---


def test_an_error_nobody_foresaw_says_nothing_of_the_request(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    @get("/broken/{who:str}")
    async def broken(who: FromPath[str]) -> None:
        raise ValueError(f"cannot read {who}")

    with System(tmp_path / "data", Settings(firm=FirmSettings(name="Girna Tools"))) as system:
        service = SystemService(system)
        app = make_app(service, hosts={HOST})
        app.register(broken)
        with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
            answer = client.get("/broken/ann@firm.example", params={"token": "oht_secret"})
        service.close()
    assert "the log says what" in detail(answer, 500)
    assert "GET /broken/{who" in caplog.text
    assert "ValueError" in caplog.text
    assert "in broken" in caplog.text
    for text in (caplog.text, answer.text):
        assert "ann" not in text.replace("cannot", "")
        assert "oht_secret" not in text


def test_tokens_and_what_was_asked_are_in_no_log(closed: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = token(closed, "read")
    closed.client.get("/v1/contacts?q=ann@firm.example", headers=bearer(made))
    closed.client.get("/feeds/alerts.xml", params={"token": made})
    closed.client.get("/v1/contacts", headers=bearer("oht_wrong"))
    log_in(closed.client, made)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [line for line in ours if "oht_" in line or "ann@" in line]
