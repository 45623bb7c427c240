"""What a service may be asked for in a month: counted by account, never exceeded, said before it ends."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Budget
from overheard.collectors.communities.x import X
from overheard.collectors.communities.youtube import YouTube
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.budget import KEPT, budget_of, in_words, marks, spent, used
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.news import News
from overheard.collectors.polling.poller import Poller, PollReport
from overheard.collectors.polling.pollstate import load_states, save_states, source_key
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import Errand, Fetch, PollState, decode, encode, event_for
from overheard.wiring.secrets import secrets_of
from overheard.wiring.spendings import spendings
from tests.collectors.mortal import Killed, Mortal, MortalConsumer

DAY = timedelta(days=1)
START = datetime(2026, 11, 2, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
Posts = list[tuple[int, datetime]]


class Service:
    """X's recent search and timelines on a local server, with a post each minute; it counts what it gives, as X does:
    each post of a day of UTC once, those that come along too."""

    def __init__(self, folder: Folder, server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        self.log = EmbeddedLog(folder)
        self.posts: Posts = []
        self.charged: set[tuple[str, int]] = set()
        self.sizes: list[int] = []
        self.told: list[News] = []
        self.along = 0
        self.status = 200
        self.at = server.url_for("/2")
        server.expect_request("/robots.txt").respond_with_data(status=404)
        server.expect_request("/2/tweets/search/recent").respond_with_handler(self._search)
        server.expect_request("/2/users/7/mentions").respond_with_handler(self._search)
        monkeypatch.setenv("X_TOKEN", "tok-of-ours")
        monkeypatch.setenv("OTHER_TOKEN", "tok-of-others")

    def source(self, name: str = "x", **fields: Any) -> X:
        given: dict[str, Any] = {"query": "paperfold", "token_env": "X_TOKEN", "interval": 3_600} | fields
        return X(name=name, api=self.at, **given)

    def _search(self, request: Request) -> Response:
        size, begin = int(request.args["max_results"]), int(request.args.get("next_token", "0") or 0)
        begin = int(request.args.get("pagination_token", begin))
        assert (5 if "users" in request.path else 10) <= size <= 100
        self.sizes.append(size)
        if self.status != 200:
            return Response("", status=self.status)
        since = request.args.get("start_time", "")
        found = [one for one in reversed(self.posts) if not since or one[1] >= datetime.fromisoformat(since)]
        shown = found[begin : begin + size]
        others = [{"id": str(10_000 + n), "text": "said before", "author_id": "7"} for n in range(self.along)]
        self.charged |= {(f"{self.now:%m-%d}", number) for number, _ in shown}
        self.charged |= {(f"{self.now:%m-%d}", int(str(one["id"]))) for one in others}
        data = [
            {"id": str(number), "text": f"post {number}", "author_id": "7", "created_at": at.isoformat()}
            for number, at in shown
        ]
        meta = {"result_count": len(data)} | ({"next_token": str(begin + size)} if found[begin + size :] else {})
        return Response(json.dumps({"data": data, "meta": meta, "includes": {"tweets": others}}))

    def post(self, count: int) -> None:
        for _ in range(count):
            self.now += timedelta(minutes=1)
            self.posts.append((len(self.posts) + 1, self.now))

    def poll(self, *sources: X, after: timedelta = timedelta(hours=2), mortal: Any = None) -> PollReport:
        self.now += after
        self.sizes.clear()
        fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={"localhost", "127.0.0.1"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
            secrets=secrets_of(sources),
        )
        consumer = self.log.consumer(STAGE, "fetches")
        log = mortal or self.log
        own: Any = consumer if mortal is None else MortalConsumer(consumer, mortal)
        with closing(fetcher), closing(consumer), Poller(log, own, lambda: self.now, tell=self.told.extend) as poller:
            poller.use(sources, fetcher)
            return poller.run(threading.Event(), once=True)

    def spent(self, source: X) -> int:
        return spendings(self.log, [source], self.now)[source.name].used

    def state(self, source: X) -> PollState:
        return load_states(self.log, [source_key(source.name)])[source_key(source.name)]

    def numbers(self) -> set[int]:
        found = set()
        for partition in range(12):
            start, end = self.log.span("mentions", partition)
            for record in self.log.read("mentions", partition, start, end):
                found.add(int(decode(record.value or b"").data.native_id))
        return found


@pytest.fixture
def service(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with Folder(tmp_path / "data") as folder:
        made = Service(folder, httpserver, monkeypatch)
        yield made
        made.log.close()


def test_what_is_read_is_counted_as_the_service_counts_it(service: Service) -> None:
    source = service.source(budget=10_000)
    service.post(30)
    service.poll(source)
    assert service.spent(source) == len(service.charged) == 30
    service.post(20)
    service.along = 4
    service.poll(source)
    assert service.spent(source) == len(service.charged) == 54


def test_a_poll_that_could_exceed_the_budget_asks_for_less_and_then_for_nothing_until_the_month_is_over(
    service: Service,
) -> None:
    source = service.source(budget=200)
    service.post(150)
    reports = [service.poll(source)]
    for _ in range(12):
        service.post(60)
        reports.append(service.poll(source))
    assert len(service.charged) <= 200
    assert service.spent(source) <= 200
    assert service.spent(source) > 150
    assert all(report.problems == () for report in reports)
    state = service.state(source)
    assert state.next_due == DECEMBER
    health = health_of(source, state, None, None, service.now)
    assert (health.state, health.until) == ("waiting", DECEMBER)
    assert "2026-12-01" in health.message
    before = len(service.sizes)
    service.poll(source, after=DAY)
    assert len(service.sizes) == before == 0
    service.now = DECEMBER
    service.post(5)
    service.poll(source)
    assert service.sizes != []
    assert service.spent(source) <= 200


def test_what_could_not_be_had_for_want_of_budget_comes_in_the_next_month(service: Service) -> None:
    service.now = DECEMBER - timedelta(days=1)
    source = service.source(budget=90)
    service.post(20)
    service.poll(source)
    service.post(100)
    service.poll(source)
    missing = {number for number, _ in service.posts} - service.numbers()
    assert missing
    service.now = DECEMBER + timedelta(minutes=5)
    richer = service.source(budget=900)
    service.poll(richer)
    assert {number for number, _ in service.posts} == service.numbers()


def test_a_budget_that_is_raised_counts_at_once(service: Service) -> None:
    service.post(40)
    service.poll(service.source(budget=30))
    service.post(40)
    service.poll(service.source(budget=30))
    assert service.state(service.source()).next_due == DECEMBER
    service.poll(service.source(budget=3_000))
    assert service.numbers() >= set(range(41, 81))


def test_all_sources_of_a_token_share_one_budget_and_those_of_another_have_none_of_it(service: Service) -> None:
    first, second = service.source("first", budget=120), service.source("second", query="", user="7", budget=500)
    other = service.source("other", token_env="OTHER_TOKEN")
    service.post(40)
    service.poll(first, second, other)
    service.post(200)
    for _ in range(4):
        service.poll(first, second, other)
    found = spendings(service.log, [first, second, other], service.now)
    assert found["first"].used == found["second"].used <= 120
    assert found["first"].limit == found["second"].limit == 120
    assert "other" not in found
    assert service.state(other).outcome == "fetched"


def test_a_budget_of_nothing_asks_for_nothing(service: Service) -> None:
    source = service.source(budget=0)
    service.post(5)
    service.poll(source)
    assert service.sizes == []
    assert service.state(source).error == ""


def test_a_budget_that_is_too_small_for_any_request_is_said_to_be_so(service: Service) -> None:
    source = service.source(budget=20)
    service.poll(source)
    assert not service.sizes
    state = service.state(source)
    assert "expected a `budget` of at least 30" in state.note
    assert "got 20" in state.note
    enough = service.source(budget=30)
    service.poll(enough)
    assert service.sizes == [10]


def test_a_failure_of_the_service_costs_nothing(service: Service) -> None:
    source = service.source(budget=1_000)
    service.post(5)
    service.status = 503
    service.poll(source)
    assert service.spent(source) == 0


def test_a_back_fill_keeps_to_the_budget_too_and_goes_on_when_it_begins_anew(service: Service) -> None:
    source = service.source(budget=60)
    service.post(100)
    errand = Errand(id="fill", kind="back-fill", source="x", start=START - DAY, end=service.now, at=service.now)
    event = event_for(errand, subject="fill", source="/test", time=service.now)
    service.log.append([ProducerRecord("errands", "fill", encode(event))])
    for _ in range(4):
        service.poll(source)
    assert len(service.charged) <= 60
    # What is left is too little for the smallest request: as good as used up, and told as that.
    (news,) = service.told
    assert "too little for a request: nothing is asked until 2026-12-01" in news.text
    service.poll(source)
    assert len(service.told) == 1


@pytest.mark.parametrize("after", [True, False])
def test_a_kill_at_any_write_never_counts_too_little(service: Service, *, after: bool) -> None:
    source = service.source(budget=20_000)
    service.post(40)
    service.poll(source)
    service.now += DAY
    service.post(230)
    kills = 0
    while True:
        try:
            mortal = Mortal(service.log, 1 + kills, after=after, durable=False)
            service.poll(source, after=timedelta(), mortal=mortal)
            break
        except Killed:
            kills += 1
            assert service.spent(source) >= len(service.charged)
    assert kills > 10
    assert service.spent(source) >= len(service.charged)
    assert {number for number, _ in service.posts} == service.numbers()


def test_somebody_is_told_at_four_fifths_and_at_the_end_once_each(service: Service) -> None:
    source = service.source(budget=300)
    service.now = datetime(2026, 11, 28, tzinfo=UTC)
    service.post(60)
    service.poll(source)
    assert service.told == []
    for _ in range(6):
        service.post(60)
        service.poll(source)
    texts = [one.text for one in service.told if one.state == "budget"]
    assert 1 <= len(texts) <= 3
    assert "nothing is asked until 2026-12-01" in texts[-1]
    again = len(service.told)
    service.poll(source, after=DAY)
    assert len(service.told) == again


def test_somebody_is_told_when_more_is_to_be_expected_than_there_is(service: Service) -> None:
    source = service.source(budget=400)
    service.poll(source)
    service.now = datetime(2026, 11, 5, tzinfo=UTC)
    service.post(80)
    service.poll(source)
    (news,) = service.told
    assert "are to be expected by its end, which is more than there is" in news.text
    assert news.source == "x"


def test_a_budget_is_shown_with_what_it_costs_and_what_happens_then(service: Service) -> None:
    source = service.source(budget=10_000, price=5.0)
    service.poll(source)
    service.post(50)
    service.poll(source, after=2 * DAY)
    shown = spendings(service.log, [source], service.now)["x"]
    assert (shown.used, shown.limit, shown.cost, shown.cost_limit) == (50, 10_000, 0.25, 50.0)
    assert shown.said == (
        "50 of 10,000 posts used in 2026-11 (0%), 0.25 of 50.00 at the price that is set; "
        f"{shown.forecast} are to be expected by its end. "
        "Once it is used up nothing is asked until 2026-12-01 00:00 UTC."
    )


def test_a_quota_of_a_day_counts_each_request_by_its_price() -> None:
    search = YouTube(name="y", query="paperfold", token_env="K", budget=10_000)
    comments = YouTube(name="z", video="v", token_env="K", budget=10_000)
    assert search.within(search.url, 100) == (search.url, 100)
    assert search.within(search.url, 99) == ("", 0)
    assert comments.within(comments.url, 1) == (comments.url, 1)
    fetch = Fetch(id="f", source="y", url=search.url, final_url="", status=200, body=b'{"items": []}', at=START)
    assert search.read(fetch).units == 100


# --- the arithmetic --------------------------------------------------------------------------------------------------

MONTH = Budget(1_000, "posts")


@pytest.mark.parametrize(
    ("budget", "at", "period", "until"),
    [
        (MONTH, datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026-12", datetime(2027, 1, 1, tzinfo=UTC)),
        (MONTH, datetime(2028, 2, 29, tzinfo=UTC), "2028-02", datetime(2028, 3, 1, tzinfo=UTC)),
        (Budget(9, "units", "day"), START, "2026-11-02", datetime(2026, 11, 3, tzinfo=UTC)),
        (MONTH, datetime(2026, 12, 1, 0, 30, tzinfo=UTC).astimezone(), "2026-12", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_period_is_that_of_utc(budget: Budget, at: datetime, period: str, until: datetime) -> None:
    spending = spent(budget, {period: 7}, at)
    assert (spending.period, spending.units, spending.until) == (period, 7, until)


def test_the_smallest_of_several_budgets_counts() -> None:
    assert budget_of([None, Budget(9), Budget(3), None]) == Budget(3)
    assert budget_of([None]) is None


def test_a_forecast_is_what_was_used_over_the_share_of_the_month_that_is_over() -> None:
    assert spent(MONTH, {"2026-11": 300}, datetime(2026, 11, 16, tzinfo=UTC)).forecast == 600
    assert spent(MONTH, {"2026-11": 300}, datetime(2026, 11, 1, 5, tzinfo=UTC)).forecast is None


def test_a_forecast_goes_by_the_days_since_the_first_request_and_waits_for_some() -> None:
    began, units = datetime(2026, 11, 20, tzinfo=UTC), {"2026-11": 300}
    assert spent(MONTH, units, datetime(2026, 11, 21, tzinfo=UTC), began).forecast is None
    assert spent(MONTH, units, datetime(2026, 11, 22, tzinfo=UTC), began).forecast == 300 + 150 * 9
    # Of a month that began later, that is all of it.
    assert spent(MONTH, {"2026-12": 300}, datetime(2026, 12, 11, tzinfo=UTC), began).forecast == 930


def test_an_account_remembers_since_when_it_is_used(service: Service) -> None:
    source = service.source(budget=1_000)
    service.now = datetime(2026, 11, 20, tzinfo=UTC)
    service.post(50)
    service.poll(source)
    assert spendings(service.log, [source], service.now)["x"].forecast is None
    began, service.now = service.now, datetime(2026, 11, 25, tzinfo=UTC)
    service.post(50)
    service.poll(source)
    shown = spendings(service.log, [source], service.now)["x"]
    assert shown.forecast == round(shown.used * (DECEMBER - began) / (service.now - began))


@pytest.mark.parametrize(
    ("units", "expected"),
    [(0, []), (499, []), (501, ["forecast"]), (800, ["80%", "forecast"]), (1_000, ["80%", "100%"])],
)
def test_what_is_worth_telling(units: int, expected: Sequence[str]) -> None:
    told = marks(spent(MONTH, {"2026-11": units}, datetime(2026, 11, 16, tzinfo=UTC)))
    assert told == [f"2026-11 {one}" for one in expected]


def test_a_budget_that_is_used_up_says_so() -> None:
    said = in_words(spent(MONTH, {"2026-11": 1_200}, datetime(2026, 11, 16, tzinfo=UTC)))
    assert "used up" in said
    # Nothing more is asked, so nothing more is to be expected.
    assert "to be expected" not in said


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(-50, 300)), max_size=40))
def test_the_periods_that_are_remembered_are_the_last_and_never_below_nothing(steps: list[tuple[int, int]]) -> None:
    units: dict[str, int] = {}
    for months, more in sorted(steps):
        at = datetime(2026 + months // 12, months % 12 + 1, 3, tzinfo=UTC)
        units = used(MONTH, units, more, at)
        assert spent(MONTH, units, at).units >= 0
    assert len(units) <= KEPT
    assert all(number >= 0 for number in units.values())


def test_a_state_of_before_there_were_budgets_is_read(service: Service) -> None:
    source = service.source(budget=100)
    save_states(service.log, {source_key("x"): PollState(configured=source.url, url=source.url, next_due=START)}, START)
    service.post(3)
    service.poll(source)
    assert service.spent(source) == 3
