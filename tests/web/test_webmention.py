"""The endpoint for webmentions: what is taken, what is refused and how often; what its sender may know."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from overheard.collectors.pages.webmention import NO_LINK, Webmention
from overheard.collectors.polling.pollstate import ERRANDS, errand_key, save_states
from overheard.config.settings import Settings, WebSettings
from overheard.records import Errand, ErrandState, decode
from overheard.web.app import make_app
from overheard.web.rates import Rate, Rates
from overheard.web.webmention import EACH
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.webmentions import AGAIN, KEPT, MOST_OF_PAGE, Webmentions
from tests.web.api_world import HOST

SOURCE = "https://ann.example/2026/pumps"
TARGET = "https://acme.example/pumps/"
NOW = datetime(2026, 5, 1, 13, tzinfo=UTC)
TAKER = Webmention(name="ours", targets=("acme.example",))


class Served:
    def __init__(self, system: System, client: TestClient[Any]) -> None:
        self.system = system
        self.client = client

    def send(self, source: str = SOURCE, target: str = TARGET, **headers: str) -> Any:
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.post("/webmention", data={"source": source, "target": target}, headers=given)

    def errands(self) -> list[Errand]:
        start, end = self.system.log.span(ERRANDS, 0)
        return [decode(record.value).data for record in self.system.log.read(ERRANDS, 0, start, end) if record.value]


@contextmanager
def served(
    folder: Path, *, local: bool = True, address: str = "", sources: tuple[Webmention, ...] = (TAKER,)
) -> Iterator[Served]:
    with System(folder, Settings(web=WebSettings(address=address), sources=sources)) as system:
        service = SystemService(system)
        try:
            app = make_app(service, hosts={HOST}, local=local)
            with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
                yield Served(system, client)
        finally:
            service.close()


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "data") as one:
        yield one


def test_a_webmention_is_an_errand_and_its_sender_learns_where_to_look(ours: Served) -> None:
    answer = ours.send()
    assert answer.status_code == 201
    (errand,) = ours.errands()
    assert (errand.kind, errand.source, errand.url, errand.target) == ("webmention", "ours", SOURCE, TARGET)
    assert answer.headers["location"] == f"http://{HOST}/webmention/{errand.id}"
    assert answer.headers["location"] in answer.text
    told = ours.client.get(answer.headers["location"])
    assert told.status_code == 200
    assert "Accepted" in told.text
    assert SOURCE in told.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ErrandState(state="waiting", problem="expected a connection to 10.0.0.7; got none", at=NOW), "Accepted"),
        (ErrandState(state="done", mentions=1, at=NOW), "Verified"),
        (ErrandState(state="refused", problem=NO_LINK, at=NOW), f"Refused: {NO_LINK}"),
        (
            ErrandState(state="refused", problem="expected a public address; 'db.intern' has none", at=NOW),
            "Refused: the page could not",
        ),
        (
            ErrandState(state="failed", problem="expected the address of 'db.intern'; got none", at=NOW),
            "Refused: the page could not",
        ),
    ],
)
def test_its_sender_learns_how_the_page_was_judged_and_nothing_of_our_net(
    ours: Served, state: ErrandState, words: str
) -> None:
    where = ours.send().headers["location"]
    (errand,) = ours.errands()
    save_states(ours.system.log, {errand_key(errand.id): state}, NOW)
    told = ours.client.get(where).text
    assert words in told
    assert "intern" not in told
    assert "10.0.0.7" not in told
    assert "intern" not in ours.client.get(where, headers={"accept": "application/json"}).text


@pytest.mark.parametrize(
    ("body", "media", "status", "said"),
    [
        ("", "application/x-www-form-urlencoded", 400, "source"),
        (f"source={SOURCE}", "application/x-www-form-urlencoded", 400, "target"),
        (f"source={SOURCE}&source={SOURCE}&target={TARGET}", "application/x-www-form-urlencoded", 400, "2 times"),
        (f"source={TARGET}&target={TARGET}", "application/x-www-form-urlencoded", 400, "same"),
        (f"source=ftp://ann.example/&target={TARGET}", "application/x-www-form-urlencoded", 400, "http"),
        (f"source={SOURCE}&target=https://other.example/", "application/x-www-form-urlencoded", 400, "taken here"),
        (f"source={SOURCE}&target=%ff%fe", "application/x-www-form-urlencoded", 400, "form"),
        ("&".join(f"a{n}=1" for n in range(500)), "application/x-www-form-urlencoded", 400, "form"),
        (f"source={SOURCE}&target={TARGET}&x={'x' * 20_000}", "application/x-www-form-urlencoded", 413, "expected"),
        ('{"source": 1}', "application/json", 415, "form"),
        ("x", "multipart/form-data; boundary=x", 415, "form"),
    ],
)
def test_what_is_no_webmention_is_refused_in_plain_words(
    ours: Served, body: str, media: str, status: int, said: str
) -> None:
    answer = ours.client.post("/webmention", content=body, headers={"content-type": media})
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert ours.errands() == []


def test_other_fields_are_let_be(ours: Served) -> None:
    body = {"source": SOURCE, "target": TARGET, "vouch": "https://bob.example/", "property": "like-of"}
    assert ours.client.post("/webmention", data=body).status_code == 201


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_answered(ours: Served, body: bytes) -> None:
    ours.client.app.state["rates"] = Rates(EACH, EACH)
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert ours.client.post("/webmention", content=body, headers=form).status_code == 400


def test_the_same_two_pages_again_are_one_errand_while_it_waits_and_another_look_later(ours: Served) -> None:
    first = ours.send().headers["location"]
    assert ours.send("http://www.ann.example/2026/pumps/?utm_source=x").headers["location"] == first
    (errand,) = ours.errands()
    looked = datetime.now(UTC)
    save_states(ours.system.log, {errand_key(errand.id): ErrandState(state="done", at=looked)}, NOW)
    assert ours.send().headers["location"] != first
    other = ours.errands()[-1]
    assert other.at >= looked + AGAIN, "what was sent again soon is not let go, and waits for its time"
    assert ours.send().headers["location"].endswith(other.id)


def test_one_page_with_many_targets_waits_in_a_short_line(ours: Served) -> None:
    answers = [ours.send(target=f"{TARGET}{n}") for n in range(MOST_OF_PAGE + 1)]
    assert [one.status_code for one in answers] == [201] * MOST_OF_PAGE + [503]
    assert int(answers[-1].headers["retry-after"]) > 60
    assert ours.send(source="https://bob.example/").status_code == 201


def test_a_sender_may_send_so_many_and_others_go_on(tmp_path: Path) -> None:
    with served(tmp_path / "data") as one:
        came = [one.send(f"https://ann{n}.example/", x_forwarded_for="8.8.8.8, 1.1.1.1") for n in range(EACH.burst + 1)]
        assert [answer.status_code for answer in came] == [201] * EACH.burst + [429]
        assert int(came[-1].headers["retry-after"]) >= 1
        assert one.send(x_forwarded_for="1.1.1.2").status_code == 201
        assert one.send(x_forwarded_for="1.1.1.2, 1.1.1.1").status_code == 429, (
            "what a sender claims counts for nothing"
        )


def test_buckets_fill_up_again_and_all_senders_share_one() -> None:
    now = [0.0]
    rates = Rates(Rate(2, 60), Rate(3, 3_600), lambda: now[0])
    assert [rates.take("a"), rates.take("a")] == [0, 0]
    assert rates.take("a") == 60
    assert rates.take("b") == 0
    assert rates.take("c") == 1, "all have sent three"
    now[0] += 60
    assert [rates.take("a"), rates.take("c"), rates.take("a")] == [0, 0, 60]


def test_without_webmentions_in_the_settings_there_is_no_endpoint(tmp_path: Path) -> None:
    with served(tmp_path / "data", sources=()) as one:
        answer = one.send()
        assert answer.status_code == 404
        assert "[[webmention]]" in answer.json()["detail"]


def test_no_token_is_needed_though_everything_else_needs_one(tmp_path: Path) -> None:
    with served(tmp_path / "data", local=False, address="https://heard.acme.example") as one:
        answer = one.send(origin="https://www.acme.example", sec_fetch_site="cross-site")
        assert answer.status_code == 201, "a form of our own site sends them too"
        assert answer.headers["location"].startswith("https://heard.acme.example/webmention/wm_")
        path = urlsplit(answer.headers["location"]).path
        assert one.client.get(path).status_code == 200
        explained = one.client.get("/webmention")
        assert explained.headers["link"] == '<https://heard.acme.example/webmention>; rel="webmention"'
        assert one.client.get("/webmention/unknown").status_code == 404
        assert one.client.get("/sources").status_code == 401
        assert one.client.post("/poll", data={"source": "ours"}).status_code == 401
        assert one.client.post("/webmention", data={}, headers={"host": "elsewhere.example"}).status_code == 403


def test_here_a_page_of_another_site_sends_none(ours: Served) -> None:
    assert ours.send(origin="https://evil.example").status_code == 403
    assert ours.errands() == []


def test_the_page_of_sources_and_the_interface_tell_counts_and_what_was_wrong_last(ours: Served) -> None:
    ours.send()
    ours.send("https://bob.example/")
    done, wrong = ours.errands()
    states = {
        errand_key(done.id): ErrandState(state="done", mentions=1, at=NOW),
        errand_key(wrong.id): ErrandState(state="refused", problem=NO_LINK, at=NOW),
    }
    save_states(ours.system.log, states, NOW)
    (told,) = ours.client.get("/v1/sources").json()["items"]
    assert told["received"] == {
        "verified": 1, "refused": 1, "problem": NO_LINK, "page": "https://bob.example/", "at": "2026-05-01T13:00:00Z",
    }  # fmt: skip
    page = ours.client.get("/sources", headers={"accept": "text/html"}).text
    assert "1 verified, 1 refused" in page
    assert NO_LINK in page
    assert "Ask now" not in page
    assert ours.client.post("/poll", data={"source": "ours"}).status_code == 422


def test_what_is_over_is_forgotten_in_time_and_the_rest_is_found_by_another_process(tmp_path: Path) -> None:
    with System(tmp_path / "data", Settings(sources=(TAKER,))) as system:
        now = NOW
        first = Webmentions(system.log, lambda: now)
        old, waiting = (first.take([TAKER], f"https://{who}.example/", TARGET) for who in ("ann", "bob"))
        save_states(system.log, {errand_key(old): ErrandState(state="done", at=now)}, now)
        assert Webmentions(system.log, lambda: now).status(old).state == "verified"
        now += KEPT + timedelta(hours=1)
        first.status(waiting)
        new = first.take([TAKER], "https://cy.example/", TARGET)
        other = Webmentions(system.log, lambda: now)
        assert other.status(waiting).state == other.status(new).state == "waiting"
        assert set(system.log.latest(ERRANDS, [old, waiting, new])) == {waiting, new}
