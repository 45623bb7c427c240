"""Errands: one-off work asked of the poller, through the same queue, rules and log as its polls."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from pytest_httpserver import HTTPServer

from overheard.collectors.base import Deletion, Further, Reading, Source
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.errands import PAUSES
from overheard.collectors.polling.poller import Poller, poll_due
from overheard.collectors.polling.pollstate import load_errand_states
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.records import Errand, ErrandState, Fetch, Mention, decode, encode, event_for, mention_id
from tests.collectors.mortal import Killed, Mortal, MortalConsumer
from tests.collectors.polled import START, Polled

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Receiver(Source, frozen=True, kw_only=True):
    """A source that is told of pages, and polls nothing."""

    kind = "receiver"

    url: Literal[""] = ""

    def first(self, errand: Errand) -> Further:
        about = Mention(
            id=mention_id("web", url=errand.url),
            platform="web",
            source=self.name,
            content="",
            url=errand.url,
            in_reply_to=errand.target,
            first_seen=errand.at,
        )
        return Further(errand.url, errand.kind, about)

    def gone(self, errand: Errand) -> Sequence[Deletion]:
        about = self.first(errand).about
        return (Deletion(about),) if about else ()

    def read(self, fetch: Fetch) -> Reading:
        about = fetch.about
        if about is None or about.in_reply_to not in fetch.body.decode():
            return Reading(refused="the page does not link to the target")
        return Reading((Mention(
            id=about.id, platform="web", source=self.name, content=fetch.body.decode(), url=about.url,
            first_seen=fetch.at,
        ),))  # fmt: skip


RECEIVER = Receiver(name="received")
TARGET = "https://us.example/page"


class World(Polled):
    def ask(self, id_: str = "one", kind: Any = "webmention", source: str = "received", **fields: Any) -> Errand:
        errand = Errand(id=id_, kind=kind, source=source, at=fields.pop("at", self.now), **fields)
        event = event_for(errand, subject=id_, source="/test", time=self.now)
        self.log.append([ProducerRecord("errands", id_, encode(event))])
        return errand

    def told(self, path: str = "/page", id_: str = "one") -> Errand:
        return self.ask(id_, url=self.server.url_for(path), target=TARGET)

    def withdraw(self, id_: str = "one") -> None:
        self.log.append([ProducerRecord("errands", id_, None)])

    def state(self, id_: str = "one") -> ErrandState:
        return load_errand_states(self.log, [id_])[id_]


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    with Folder(tmp_path / "data") as folder:
        made = World(folder, httpserver)
        yield made
        made.fetcher.close()
        made.log.close()


def test_what_somebody_tells_of_is_asked_for_once_and_read_by_the_source_that_it_names(world: World) -> None:
    world.serve("/page", f"see {TARGET}")
    world.told()
    report = world.poll([RECEIVER])
    assert (report.requests, report.fates) == (2, {"collected": 1})
    (event,) = world.events()
    assert (event.data.content, event.data.source, event.cause) == (f"see {TARGET}", "received", "live")
    state = world.state()
    assert (state.state, state.pages, state.mentions, state.problem) == ("done", 1, 1, "")
    assert world.poll([RECEIVER]).requests == 0


def test_the_fetch_names_its_errand_purpose_and_what_it_is_about(world: World) -> None:
    world.serve("/page", f"see {TARGET}")
    world.told()
    world.poll([RECEIVER])
    fetches = [
        record for partition in range(12) for record in world.log.read("fetches", partition, 0, 10) if record.value
    ]
    (fetch,) = [fetch_in(record.value) for record in fetches]
    assert (fetch.errand, fetch.purpose) == ("one", "webmention")
    assert fetch.about is not None
    assert fetch.about.in_reply_to == TARGET


def fetch_in(value: bytes | None) -> Fetch:

    data = decode(value or b"").data
    assert isinstance(data, Fetch)
    return data


def test_what_is_not_as_it_was_told_is_refused_in_the_words_of_its_source(world: World) -> None:
    world.serve("/page", "nothing to see")
    world.told()
    world.poll([RECEIVER])
    assert (world.state().state, world.state().problem) == ("refused", "the page does not link to the target")
    assert world.events() == []


def test_a_page_that_is_gone_takes_what_was_published_of_it(world: World) -> None:
    world.serve("/page", f"see {TARGET}")
    world.told()
    world.poll([RECEIVER])
    world.clear()
    world.serve("/page", "", status=410)
    world.now += DAY
    world.told(id_="two")
    assert world.poll([RECEIVER]).fates == {"deleted": 1}
    assert [event.verb for event in world.events()] == ["Create", "Delete"]
    assert (world.state("two").state, world.state("two").pages) == ("failed", 0)
    assert "410" in world.state("two").problem


def test_robots_txt_is_asked_first_and_obeyed(world: World) -> None:
    world.server.clear_all_handlers()
    world.serve("/robots.txt", "User-agent: *\nDisallow: /\n")
    world.serve("/page", f"see {TARGET}")
    world.told()
    world.poll([RECEIVER])
    assert world.asked() == {}
    assert world.state().state == "refused"
    assert "robots.txt" in world.state().problem


def test_what_fails_for_a_while_is_tried_again_ever_later_and_then_has_failed(world: World) -> None:
    world.serve("/page", "", status=500)
    world.told()
    world.poll([RECEIVER], after=timedelta(0))
    for attempt, pause in enumerate(PAUSES, start=1):
        state = world.state()
        assert (state.state, state.attempts, state.due) == ("waiting", attempt, world.now + pause)
        assert world.poll([RECEIVER], after=pause / 2).requests == 0
        world.poll([RECEIVER], after=pause - pause / 2)
    assert (world.state().state, world.state().attempts) == ("failed", len(PAUSES) + 1)
    assert "500" in world.state().problem


def test_a_site_that_wants_to_be_left_alone_is_left_alone_by_errands_too(world: World) -> None:
    world.serve("/page", "", status=503, Retry_After="7200")
    world.serve("/other", f"see {TARGET}")
    world.told()
    world.poll([RECEIVER], after=timedelta(0))
    assert world.state().due == world.now + 2 * HOUR
    world.told("/other", "two")
    assert world.poll([RECEIVER]).requests == 0
    assert world.poll([RECEIVER], after=2 * HOUR).requests > 0
    assert world.state("two").state == "done"


@pytest.mark.parametrize(("kind", "counts"), [("back-fill", True), ("webmention", False)])
def test_a_refusal_counts_toward_a_sites_run_where_its_owner_asked_and_not_at_anybodys_word(
    world: World, kind: str, counts: bool
) -> None:
    """Else whoever sends us to pages that are closed would silence the sources of a site."""
    urls = {name: world.server.url_for(f"/{name}") for name in "abc"}
    feeds = [Feed(name=name, url=url, interval=86_400, articles=False) for name, url in urls.items()]
    for name in "abc":
        world.serve(f"/{name}", '<rss version="2.0"><channel><title>T</title></channel></rss>')
    world.poll([RECEIVER, *feeds[:2]])
    world.poll([RECEIVER, feeds[2]], after=12 * HOUR)
    world.clear()
    for name in "abc":
        world.serve(f"/{name}", "", status=403)
    source, url = ("c", "") if kind == "back-fill" else ("received", urls["c"])
    world.ask("one", kind, source, url=url, target=TARGET, at=world.now + 12 * HOUR - HOUR)
    world.poll([RECEIVER, *feeds], after=12 * HOUR - HOUR)
    assert world.state().attempts == 1
    report = world.poll([RECEIVER, *feeds], after=timedelta(minutes=90))
    said = [problem.message for problem in report.problems]
    assert any("too many requests" in message for message in said) is counts


def test_one_that_was_withdrawn_is_not_asked_for(world: World) -> None:
    world.serve("/page", f"see {TARGET}")
    world.told()
    world.withdraw()
    assert world.poll([RECEIVER]).requests == 0


@pytest.mark.parametrize(("size", "state"), [(1_900_000, "done"), (2_100_000, "refused")])
def test_a_page_that_strangers_have_us_ask_for_may_be_less_long_than_what_the_owner_polls(
    world: World, size: int, state: str
) -> None:
    world.serve("/page", f"see {TARGET} {'x' * size}")
    world.told()
    world.poll([RECEIVER])
    assert world.state().state == state
    assert ("at most 2,000,000 bytes" in world.state().problem) == (state == "refused")


def test_of_one_that_is_over_nothing_is_left_once_it_is_withdrawn(world: World) -> None:
    # Strangers ask for them: what is kept of each must not pile up.
    world.serve("/page", f"see {TARGET}")
    world.serve("/down", "", status=500)
    world.told(id_="one")
    world.told("/down", "later")
    world.poll([RECEIVER])
    later = world.state("later")
    assert (world.state("one").state, later.state) == ("done", "waiting")
    world.withdraw("one")
    world.withdraw("later")
    for _ in range(2):
        world.poll([RECEIVER])
        assert load_errand_states(world.log, ["one", "later"]) == {"later": later}


def test_one_whose_source_is_not_set_up_waits_for_it(world: World) -> None:
    world.serve("/page", f"see {TARGET}")
    world.told()
    assert world.poll([]).requests == 0
    world.poll([RECEIVER])
    assert world.state().state == "done"


def test_one_that_is_over_is_done_again_where_it_is_asked_for_anew(world: World) -> None:
    world.serve("/page", f"see {TARGET}")
    world.told()
    world.poll([RECEIVER])
    world.clear()
    world.serve("/page", f"see {TARGET}, I say")
    world.now += DAY
    world.told()
    assert world.poll([RECEIVER]).fates == {"collected": 1}
    assert [event.verb for event in world.events()] == ["Create", "Update"]


def test_a_running_poller_hears_of_a_new_one_without_a_restart(world: World) -> None:
    world.serve("/page", f"see {TARGET}")

    stop = threading.Event()
    with (
        closing(world.log.consumer(STAGE, "fetches")) as consumer,
        Poller(world.log, consumer, lambda: world.now) as poller,
    ):
        poller.use([RECEIVER], world.fetcher)
        running = threading.Thread(target=poller.run, args=(stop,))
        running.start()
        world.told()
        deadline = datetime.now(UTC) + timedelta(seconds=10)
        while not load_errand_states(world.log, ["one"]) and datetime.now(UTC) < deadline:
            stop.wait(0.01)
        stop.set()
        running.join()
    assert world.state().state == "done"


def test_a_kill_at_any_write_loses_nothing_and_publishes_nothing_twice(world: World) -> None:
    world.serve("/page", f"see {TARGET}")
    world.told()
    for writes in range(1, 30):
        mortal = Mortal(world.log, writes, after=writes % 2 == 0)
        with (
            closing(world.log.consumer(STAGE, "fetches")) as consumer,
            Poller(mortal, MortalConsumer(consumer, mortal), lambda: world.now) as poller,
        ):
            poller.use([RECEIVER], world.fetcher)
            try:
                poller.run(threading.Event(), once=True)
            except Killed:
                continue
            break
    assert world.state().state == "done"
    assert [event.verb for event in world.events()] == ["Create"]


def test_errands_of_a_source_that_is_polled_keep_its_time_of_the_next_poll(world: World) -> None:
    world.serve("/feed", '<rss version="2.0"><channel><title>T</title></channel></rss>')
    feed = Feed(name="feed", url=world.server.url_for("/feed"), interval=3_600)
    due = world.poll([feed]).next_due
    world.ask("fill", "back-fill", "feed", start=START - DAY)
    world.now += timedelta(minutes=5)
    report = poll_due(world.log, [feed], world.fetcher, lambda: world.now)
    assert (report.asked, report.fetched) == (0, 1)
    assert report.next_due == due
