import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Further
from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.polling.bounded import BoundedReader
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.follow import FLOOR, MAX_ASKED, MAX_FOLLOWED, after, due, follow
from overheard.collectors.polling.poller import Poller
from overheard.collectors.polling.schedule import Seen, settle
from overheard.folder import Folder
from overheard.records import PollState
from tests.collectors.polled import START, Polled, sources_in

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[Polled]:
    with Folder(tmp_path / "data") as folder:
        world = Polled(folder, httpserver)
        yield world
        world.log.close()


def feed(base: str, *numbers: int) -> str:
    items = "".join(
        f"<item><title>Post {n}</title><link>{base}/{n}</link>"
        f"<pubDate>Fri, 01 May 2026 10:0{n % 10}:00 GMT</pubDate>"
        f"<wfw:commentRss>{base}/{n}/feed</wfw:commentRss></item>"
        for n in numbers
    )
    return (
        '<rss version="2.0" xmlns:wfw="http://wellformedweb.org/CommentAPI/">'
        f"<channel><title>Blog</title>{items}</channel></rss>"
    )


def table(base: str) -> str:
    return f'[[feed]]\nname = "blog"\nurl = "{base}/feed"\ninterval = 3600\narticles = false\n'


def thread(base: str, post: int, *comments: int) -> str:
    items = "".join(
        f"<item><title>By: Asha</title><link>{base}/{post}#comment-{n}</link><guid>{base}/?p={post}#comment-{n}</guid>"
        f"<description>remark {n}</description></item>"
        for n in comments
    )
    return f'<rss version="2.0"><channel><title>Comments on: Post {post}</title>{items}</channel></rss>'


def test_from_empty_settings_comments_come_with_the_entry_that_they_answer(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, f"{table(base)}comments = true\n")
    world.serve("/feed", feed(base, 1), ETag='"1"')
    world.serve("/1/feed", thread(base, 1, 7))
    with BoundedReader() as reader:
        assert world.poll(sources, read=reader.read).fates == {"collected": 2}
        comment = world.mentions()["/1#comment-7"]
        assert (comment.in_reply_to, comment.context, comment.source) == (f"{base}/1", f"{base}/1", "blog")
        assert comment.content == "remark 7"
        assert world.asked() == {"/feed": 1, "/1/feed": 1}
        world.clear()
        world.serve("/feed", "", status=304)
        world.serve("/1/feed", thread(base, 1, 7, 8))
        assert world.poll(sources, read=reader.read).fates == {"collected": 1, "unchanged": 1}
    assert world.asked() == {"/feed": 1, "/1/feed": 1}
    assert [event.cause for event in world.events()][-1] == "live"
    assert set(world.mentions()) == {"/1", "/1#comment-7", "/1#comment-8"}


def test_without_being_told_to_no_comment_feed_is_asked(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, 1))
    world.poll(sources_in(tmp_path, table(base)))
    assert world.asked() == {"/feed": 1}


def test_comments_that_are_switched_on_later_come_though_the_feed_stays_as_it_was(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    world.serve("/feed", feed(base, 1), ETag='"1"')
    world.serve("/1/feed", thread(base, 1, 7))
    world.poll(sources_in(tmp_path, table(base)))
    world.poll(sources_in(tmp_path, f"{table(base)}comments = true\n"))
    assert set(world.mentions()) == {"/1", "/1#comment-7"}
    world.asked()
    world.poll(sources_in(tmp_path, table(base)), after=timedelta(hours=2))
    assert world.asked() == {"/feed": 1}


def test_only_the_newest_entries_are_asked_and_a_comment_feed_that_fails_harms_nothing(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, f"{table(base)}comments = true\n")
    numbers = range(20, 40)
    world.serve("/feed", feed(base, *numbers))
    for n in numbers:
        world.serve(f"/{n}/feed", "no", status=403)
    report = world.poll(sources)
    assert (report.problems, report.fates) == ((), {"collected": 20})
    assert sum(world.asked().values()) == 1 + 10
    # They back off, and the site is not taken to limit us.
    assert world.poll(sources).asked == 1
    assert world.asked() == {"/feed": 1}


def test_validators_of_what_is_followed_go_back_byte_for_byte(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(tmp_path, f"{table(base)}comments = true\n")
    world.serve("/feed", feed(base, 1))
    world.serve("/1/feed", thread(base, 1, 7), ETag='W/"odd tag', Last_Modified="yesterday, about noon")
    world.poll(sources)
    world.poll(sources)
    sent = [request.headers for request, _ in world.server.log if request.path == "/1/feed"][-1]
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == ('W/"odd tag', "yesterday, about noon")


def test_what_says_nothing_of_its_changes_is_asked_hourly_and_less_as_it_ages() -> None:
    answer = Answer("fetched", 200)
    (one,) = follow((), [Further("https://a.example/feed", "comments", since=START)], START)
    assert due([one], START) == [one]
    young = after(one, answer, START + HOUR)
    assert young.due == START + HOUR + FLOOR
    old = after(one, answer, START + timedelta(days=30))
    assert old.due is not None
    assert old.due - (START + timedelta(days=30)) == timedelta(days=2.5)
    assert due([young], START + HOUR) == []


def test_what_says_when_it_changed_is_asked_when_that_is_later_and_not_before() -> None:
    url = "https://a.example/1.xml"
    known = tuple(
        after(one, Answer("fetched", 200, headers={"etag": '"1"'}), START)
        for one in follow((), [Further(url, "child", changed=START)], START)
    )
    assert due(follow(known, [Further(url, "child", changed=START)], START + 9 * HOUR), START + 9 * HOUR) == []
    (again,) = due(follow(known, [Further(url, "child", changed=START + HOUR)], START + 9 * HOUR), START + 9 * HOUR)
    assert again.etag == '"1"'


def test_what_a_source_names_is_bounded_and_what_waited_longest_goes_first() -> None:
    requests = [Further(f"https://a.example/{n}", "child") for n in range(500)]
    known = follow((), requests, START)
    assert len(known) == MAX_FOLLOWED
    first = due(known, START)
    assert [one.url for one in first] == [request.url for request in requests[:MAX_ASKED]]
    asked = {one.url: after(one, Answer("fetched", 200), START) for one in first}
    known = follow([asked.get(one.url, one) for one in known], requests, START + HOUR)
    assert [one.url for one in due(known, START + HOUR)] == [
        request.url for request in requests[MAX_ASKED : 2 * MAX_ASKED]
    ]


def test_a_failure_backs_off_up_to_a_week_whatever_is_said_to_be_new() -> None:
    url, now = "https://a.example/1.xml", datetime(2026, 5, 1, tzinfo=UTC)
    known = follow((), [Further(url, "child", changed=now)], now)
    pauses = []
    for _ in range(12):
        failed = after(known[0], Answer("soft", 500, "no"), now)
        assert failed.due is not None
        pauses.append(failed.due - now)
        now = failed.due
        known = follow([failed], [Further(url, "child", changed=now)], now)
    assert pauses[:3] == [2 * HOUR, 4 * HOUR, 8 * HOUR]
    assert max(pauses) == timedelta(days=7)


def test_news_besides_a_source_is_a_part_of_its_rhythm_and_no_sign_that_its_validators_lie() -> None:
    asked = PollState(
        configured="https://a.example/feed",
        url="https://a.example/feed",
        next_due=START,
        etag='"1"',
        unmodified=5,
        sample=True,
        sampled=START - timedelta(days=2),
        honoured=START - HOUR,
    )
    answer = Answer("fetched", 200, headers={"etag": '"1"'})
    state = settle(asked, answer, START, body="b", seen=Seen(beside=[START - HOUR]))
    assert (state.lies, state.doubted, state.etag) == (0, False, '"1"')
    assert state.rhythm is not None
    assert state.rhythm.last == START - HOUR
    assert settle(asked, answer, START, body="b", seen=Seen(new=[START - HOUR])).lies == 1


def test_what_several_sources_of_one_address_lead_to_is_asked_once_and_read_for_each(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    tables = [table(base).replace('"blog"', f'"{name}"') + "comments = true\n" for name in ("blog", "again", "third")]
    sources = sources_in(tmp_path, "".join(tables))
    world.serve("/feed", feed(base, 1, 2), ETag='"1"')
    world.serve("/1/feed", thread(base, 1, 7), ETag='"7"')
    world.serve("/2/feed", "", status=500)
    assert world.poll(sources).problems == ()
    assert world.asked() == {"/feed": 1, "/1/feed": 1, "/2/feed": 1}
    said_by = [event.data.source for event in world.events() if event.data.url.endswith("/1#comment-7")]
    assert sorted(said_by) == ["again", "blog", "third"]
    assert {event.data.in_reply_to for event in world.events() if "#" in event.data.url} == {f"{base}/1"}
    world.poll(sources)
    again = {request.path: request.headers.get("If-None-Match") for request, _ in world.server.log}
    assert again == {"/feed": '"1"', "/1/feed": '"7"'}, "each knows the validators of what came, and what failed"
    assert len(world.server.log) == 2


def test_a_source_that_is_taken_out_while_it_shares_a_request_takes_nothing_from_the_others(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    blog, again = sources_in(
        tmp_path, "".join(f"{table(base).replace('blog', name)}comments = true\n" for name in ("blog", "again"))
    )
    stop = threading.Event()

    def told_to_stop(_: Request) -> Response:
        stop.set()
        return Response(feed(base, 1))

    world.server.expect_request("/feed").respond_with_handler(told_to_stop)
    world.serve("/1/feed", thread(base, 1, 7))
    with (
        closing(world.log.consumer(STAGE, "fetches")) as consumer,
        Poller(world.log, consumer, lambda: world.now) as poller,
    ):
        poller.use([blog, again], world.fetcher)
        poller.run(stop, once=True)
        stop.clear()
        poller.use([again], world.fetcher)
        poller.run(stop, once=True)
    assert world.asked() == {"/feed": 1, "/1/feed": 1}
    assert [event.data.source for event in world.events() if "#" in event.data.url] == ["again"]
