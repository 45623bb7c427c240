"""Which changes of a source's health are told, and that each is told once."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from overheard.alerts.feed import feed
from overheard.alerts.health import Told, health_deliveries
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching.fetch import Fetcher
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.health import SourceHealth
from overheard.collectors.polling.news import News, Reach, after_told, is_history, weigh_news
from overheard.collectors.polling.poller import Poller
from overheard.folder import Folder
from overheard.records import PollState
from tests.collectors.test_poller import World, item

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FAILING = SourceHealth("failing", "It has failed.", "Look.", since=NOW - 2 * DAY)
WORKS = SourceHealth("works", "It answers.")


def state(**fields: Any) -> PollState:
    return PollState(**{"next_due": NOW, "polled": NOW, "began": NOW - 9 * DAY, "succeeded": NOW - 2 * DAY, **fields})


def test_a_failure_is_told_when_it_has_lasted_and_once() -> None:
    assert weigh_news("news", state(failures=1), FAILING, NOW) is None
    assert weigh_news("news", state(failures=9, succeeded=NOW - timedelta(hours=3)), FAILING, NOW) is None
    lasting = state(failures=3)
    news = weigh_news("news", lasting, FAILING, NOW)
    assert news is not None
    assert "It has failed. Look." in news.text
    told = after_told(lasting, news, NOW)
    assert weigh_news("news", told, FAILING, NOW + 9 * DAY) is None


def test_what_is_well_again_is_told_where_the_trouble_was() -> None:
    told = state(told="failing", told_at=NOW - DAY)
    news = weigh_news("news", told, WORKS, NOW)
    assert news is not None
    assert news.over
    assert weigh_news("news", after_told(told, news, NOW), WORKS, NOW) is None
    assert weigh_news("news", state(), WORKS, NOW) is None
    assert weigh_news("news", told, SourceHealth("waiting", "peace"), NOW) is None


def test_one_that_comes_and_goes_is_told_of_once_a_day() -> None:
    silent = SourceHealth("silent", "Nothing new.")
    again = state(told="", told_at=NOW)
    assert weigh_news("news", again, silent, NOW + timedelta(hours=23)) is None
    assert weigh_news("news", again, silent, NOW + DAY) is not None


def test_one_that_was_silent_when_it_was_first_had_is_no_news() -> None:
    silent = SourceHealth("silent", "Nothing new.")
    assert is_history(state(succeeded=None), silent)
    assert not is_history(state(), silent)
    assert weigh_news("news", state(told="silent"), silent, NOW) is None


def test_several_sites_without_an_answer_for_an_hour_are_our_own_network() -> None:
    reach = Reach()
    for number in range(3):
        reach.unheard(f"site{number}", NOW)
    assert reach.is_doubtful
    assert reach.cut_off_since(NOW) is None
    assert reach.cut_off_since(NOW + timedelta(hours=1)) == NOW
    reach.heard()
    assert reach.cut_off_since(NOW + timedelta(hours=2)) is None


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    with Folder(tmp_path / "data") as folder:
        world = World(folder, httpserver)
        yield world
        world.log.close()


def poll(world: World, feeds: Sequence[Feed], fetcher: Fetcher | None = None) -> list[News]:
    """Poll what is due as a program does that was just started; return what was told."""
    told: list[News] = []
    with (
        closing(world.log.consumer(STAGE, "fetches")) as consumer,
        Poller(world.log, consumer, lambda: world.now, tell=told.extend) as poller,
    ):
        poller.use(feeds, fetcher or world.fetcher)
        poller.run(Event(), once=True)
    return told


def test_the_poller_tells_a_lasting_failure_once_over_restarts_and_its_end(world: World) -> None:
    world.serve(item(1))
    assert poll(world, [world.feed()]) == []
    world.answer("no", status=404)
    told = []
    for _ in range(12):
        world.now += 2 * DAY
        told += poll(world, [world.feed()])
    assert [(one.source, one.state) for one in told] == [("site", "failing")]
    world.serve(item(1), item(2))
    world.now += 8 * DAY
    (over,) = poll(world, [world.feed()])
    assert over.over
    world.now += DAY
    assert poll(world, [world.feed()]) == []


def test_where_nothing_answers_it_is_told_once_for_all_sources(world: World) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError("no network")

    fetcher = Fetcher(contact="us@firm.example", resolve=resolve, clock=lambda: world.now, limits=world.fetcher.limits)
    feeds = [Feed(name=f"f{number}", url=f"https://site{number}.example/feed") for number in range(5)]
    told: list[News] = []
    with (
        closing(world.log.consumer(STAGE, "fetches")) as consumer,
        Poller(world.log, consumer, lambda: world.now, tell=told.extend) as poller,
    ):
        for _ in range(8):
            poller.use(feeds, fetcher)
            poller.run(Event(), once=True)
            world.now += DAY
    assert [one.state for one in told] == ["cut off"]
    assert "online" in told[0].text


def test_news_are_one_delivery_for_each_channel_the_same_for_the_same_news() -> None:
    news = [Told(f"s{number}", f"s{number}: it has failed.", f"k{number}", over=False) for number in range(12)]
    made = health_deliveries(news, ["feed", "mail"], NOW)
    assert [one.channel for one in made] == ["feed", "mail"]
    assert made[0].kind == "health"
    assert made[0].subject == "12 sources need a look: s0, s1, s2 and 9 more"
    assert len(made[0].notes) == 11
    assert [one.id for one in health_deliveries(news[::-1], ["feed", "mail"], NOW + DAY)] == [one.id for one in made]
    shown = feed(made, "https://heard.example", NOW).decode()
    assert "https://heard.example/sources" in shown
    assert "s3: it has failed." in shown
