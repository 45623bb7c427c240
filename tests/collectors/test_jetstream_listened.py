"""Jetstream over a real WebSocket: cut, refused, silent, resumed after hours, killed at every write."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode

from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.bounded import read_here
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.news import News
from overheard.collectors.polling.poller import Poller, poll_due
from overheard.collectors.polling.pollstate import save_states, source_key
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Mention, PollState
from overheard.wiring.run import while_owner
from overheard.wiring.trials import tried
from tests.collectors.mortal import Killed, Mortal
from tests.collectors.streamed import (
    DID,
    T0,
    HttpServer,
    JetstreamServer,
    Listening,
    letters,
    post,
    until,
    utc_now,
    whole,
)


@pytest.fixture
def server() -> Iterator[JetstreamServer]:
    made = JetstreamServer()
    yield made
    made.close()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Listening]:
    with Folder(tmp_path / "data") as folder:
        made = Listening(folder)
        yield made
        made.log.close()


def source(server: JetstreamServer) -> Jetstream:
    return Jetstream(name="bluesky", server=server.url, api=server.url)


class Watching:
    """A door that lets in posts with a word, and those of one account."""

    def __init__(self, word: str = "Paperfold", account: str = "") -> None:
        self._word, self._account = word, account

    def touches(self, text: str) -> bool:
        return self._word in text

    def leads(self, links: Sequence[str]) -> bool:
        return any("paperfold.example" in link for link in links)

    def passes(self, mention: Mention) -> bool:
        return self.touches(mention.text) or self.leads(mention.links)

    def accounts(self, platform: str) -> frozenset[str]:
        return frozenset({self._account})

    def always(self, source: str) -> bool:
        return False


def test_posts_are_published_as_they_are_said(server: JetstreamServer, heard: Listening) -> None:
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events.append(post("a", "The Paperfold jams"))
        until(lambda: heard.texts() == ["The Paperfold jams"])
    assert server.headers[0]["user-agent"].endswith("(+https://us.example/bot)")
    (event,) = heard.events()
    assert event.cause == "live", "it is said now, and is no history"


def test_only_what_is_about_what_is_watched_is_kept(server: JetstreamServer, heard: Listening) -> None:
    with heard.listening(source(server), door=lambda: Watching(account="did:plc:friend")):
        until(lambda: server.connections)
        server.events += [
            post("a", "A Paperfold", at=1),
            post("b", "Nothing of the kind", at=2),
            post("c", "See this", at=3, embed={"external": {"uri": "https://paperfold.example/x"}}),
            post("d", "A picture", at=4, embed={"images": [{"alt": "the Paperfold"}]}),
            post("e", "I am a friend", at=5, did="did:plc:friend"),
        ]
        until(lambda: len(heard.texts()) == 4)
        state = heard.once("bluesky", lambda state, stream: stream.read == 5)
    assert heard.texts() == ["A Paperfold", "A picture\nthe Paperfold", "I am a friend", "See this"]
    assert state.stream is not None
    assert state.stream.passed == 4
    assert b"Nothing of the kind" not in b"".join(event.data.body for event in heard.events("fetches"))


def test_an_edit_and_a_deletion_of_a_post_that_we_have_arrive_and_of_others_not(
    server: JetstreamServer, heard: Listening
) -> None:
    with heard.listening(source(server), door=Watching):
        until(lambda: server.connections)
        server.events += [post("a", "A Paperfold", at=1), post("b", "A second Paperfold", at=2)]
        until(lambda: len(heard.texts()) == 2)
        server.events += [
            post("a", "A something", at=3, operation="update"),
            post("b", "", at=4, operation="delete"),
            post("never", "", at=5, operation="delete"),
            post("never", "of no concern", at=6, operation="update"),
        ]
        until(lambda: [event.verb for event in heard.events()].count("Delete") == 1)
        until(lambda: [event.data.content for event in heard.events() if event.verb == "Update"] == ["A something"])
    assert len(heard.events()) == 4


def test_a_connection_that_is_cut_goes_on_where_it_was(server: JetstreamServer, heard: Listening) -> None:
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events.append(post("a", "first", at=1))
        until(lambda: len(heard.texts()) == 1)
        server.drop()
        server.events.append(post("b", "said meanwhile", at=2))
        until(lambda: len(heard.texts()) == 2)
        state = heard.once("bluesky", lambda state, stream: stream.connected and not state.error)
    assert "cursor" not in server.paths[0]
    assert f"cursor={T0 + 1 - 5_000_000}" in server.paths[-1], "a few seconds back: events come nearly in order"
    assert state.stream is not None
    assert state.stream.opened == len(server.paths) >= 2
    assert len(heard.events()) == 2, "what is told again is known"


def test_what_is_said_after_a_connection_that_told_nothing_is_made_up_for(
    server: JetstreamServer, heard: Listening
) -> None:
    with heard.listening(source(server)):
        heard.once("bluesky", lambda state, stream: stream.connected)
    server.events.append(post("a", "said meanwhile", at=now()))
    with heard.listening(source(server)):
        until(lambda: heard.texts() == ["said meanwhile"])


def test_a_frame_cut_in_the_middle_is_told_again(server: JetstreamServer, heard: Listening) -> None:
    whole = post("a", "in two pieces", at=now())

    async def cut(connection: ServerConnection) -> None:
        frame = Frame(Opcode.TEXT, whole).serialize(mask=False)
        connection.transport.write(frame[: len(frame) // 2])
        connection.transport.close()

    server.cut = cut
    with heard.listening(source(server)):
        until(lambda: len(server.paths) >= 2)
        server.events.append(whole)
        until(lambda: heard.texts() == ["in two pieces"])


def test_hours_of_absence_are_made_up_from_the_cursor(server: JetstreamServer, heard: Listening) -> None:
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events.append(post("a", "before", at=0))
        until(lambda: heard.texts() == ["before"])
    server.events += [post(f"n{at}", f"said {at}", at=at * 1_000_000) for at in range(1, 2_500)]
    with heard.listening(source(server)):
        until(lambda: len(heard.texts()) == 2_500)
        heard.once("bluesky", lambda state, stream: not stream.gap)
    assert len(heard.events()) == 2_500


def test_what_the_server_does_not_keep_any_more_is_said_as_a_gap(server: JetstreamServer, heard: Listening) -> None:
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events.append(post("a", "before", at=-7_200_000_000))
        until(lambda: heard.texts() == ["before"])
    server.keeps_from = T0
    server.events += [post("lost", "lost", at=-3_600_000_000), post("b", "after", at=1)]
    with heard.listening(source(server)):
        until(lambda: heard.texts() == ["after", "before"])
        state = heard.once("bluesky", lambda state, stream: stream.gap)
    assert state.stream is not None
    assert "did not come" in state.stream.gap
    assert "back-fill" in state.stream.gap


def test_what_the_server_does_not_keep_any_more_is_told_once_and_a_search_is_asked_for_it(
    server: JetstreamServer, heard: Listening
) -> None:
    said: list[News] = []
    asked: list[str] = []

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], Any]:
        asked.append(path)
        lost = {"$type": "app.bsky.feed.post", "text": "lost", "createdAt": stamp(-3_600)}
        found = {"uri": f"at://{DID}/app.bsky.feed.post/lost", "record": lost, "author": {"did": DID}}
        posts = [found] if "/xrpc/app.bsky.feed.searchPosts" in path and len(asked) > 1 else []
        return 200, {"Content-Type": "application/json"}, whole(json.dumps({"posts": posts}).encode())

    api = HttpServer(answer)
    sources = source(server), Bluesky(name="search", query="paperfold", api=api.url)
    try:
        with heard.listening(*sources, tell=said.extend):
            until(lambda: server.connections and asked)
            server.events.append(post("a", "before", at=-7_200_000_000))
            until(lambda: heard.texts() == ["before"])
        server.keeps_from = T0
        server.events.append(post("b", "after", at=1))
        with heard.listening(*sources, tell=said.extend):
            until(lambda: heard.texts() == ["after", "before", "lost"])
            until(lambda: said)
        with heard.listening(*sources, tell=said.extend):
            heard.once("bluesky", lambda state, stream: stream.opened == 3)
    finally:
        api.close()
    (news,) = said
    assert news.text.startswith("bluesky: what was said between")
    assert "'search'" in news.text
    assert {event.cause for event in heard.events() if event.data.content == "lost"} == {"back-fill"}


def now() -> int:
    """How long it is since T0."""
    return int(time.time() * 1_000_000) - T0


def stamp(seconds: int) -> str:
    """A time so long after T0."""
    return datetime.fromtimestamp(T0 / 1_000_000 + seconds, UTC).isoformat()


def test_what_says_to_come_from_the_future_does_not_take_the_place_along(
    server: JetstreamServer, heard: Listening
) -> None:
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events += [post("f", "from the future", at=10**12), post("a", "now", at=1)]
        until(lambda: heard.texts() == ["from the future", "now"])
        state = heard.once("bluesky", lambda state, stream: stream.read == 2)
    assert state.cursor == str(T0 + 1)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_server_that_refuses_is_left_alone_for_longer_and_longer(
    server: JetstreamServer, heard: Listening, status: int
) -> None:
    server.status = status
    with heard.listening(source(server)):
        state = heard.once("bluesky", lambda state, stream: state.failures)
        assert state.status == status
        assert str(status) in state.error
        least = 60 if status == 429 else 5
        assert least - 2 <= (state.next_due - utc_now()).total_seconds() <= least * 1.5
        assert len(server.paths) == 1


def test_a_retry_after_is_kept_in_full(server: JetstreamServer, heard: Listening) -> None:
    server.status, server.answer_headers = 429, {"Retry-After": "900"}
    with heard.listening(source(server)):
        state = heard.once("bluesky", lambda state, stream: state.failures)
    assert (state.next_due - utc_now()).total_seconds() > 890


def test_a_silent_connection_is_dead_and_is_made_anew(
    server: JetstreamServer, heard: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jetstream, "silence", 0.4)

    async def hang(connection: ServerConnection) -> None:
        connection.transport.pause_reading()  # not even a pong
        await asyncio.sleep(3_600)

    server.cut = hang
    with heard.listening(source(server)):
        until(lambda: len(server.paths) >= 2)
        server.events.append(post("a", "alive", at=now()))
        until(lambda: heard.texts() == ["alive"])


def test_a_quiet_connection_that_answers_pings_stays(
    server: JetstreamServer, heard: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jetstream, "silence", 1.5)  # a busy machine may keep an answer for some of it
    with heard.listening(source(server)):
        until(lambda: server.connections)
        time.sleep(3.5)
        server.events.append(post("a", "still here", at=1))
        until(lambda: heard.texts() == ["still here"])
    assert len(server.paths) == 1


def test_garbage_becomes_dead_letters_and_the_next_event_is_unharmed(server: JetstreamServer, heard: Listening) -> None:
    with heard.listening(source(server), door=Watching):
        until(lambda: server.connections)
        server.events += [
            b"not json",
            post("a", "A Paperfold", at=1)[:-9],
            b"[]",
            b'{"kind": 7}',
            b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
            post("b", "A Paperfold", at=2).replace(b'"text": "A Paperfold"', b'"text": 17'),
            post("c", "The whole Paperfold", at=3),
        ]
        until(lambda: heard.texts() == ["The whole Paperfold"])
        until(lambda: len(letters(heard.log)) == 6)
    assert all("expected" in one for one in letters(heard.log))


def test_a_service_that_changed_its_answers_is_said_and_is_no_flood_of_letters(
    server: JetstreamServer, heard: Listening
) -> None:
    with heard.listening(source(server), door=Watching):
        until(lambda: server.connections)
        server.events += [b'{"$type": "message", "payload": {"seq": %d}}' % n for n in range(500)]
        state = heard.once("bluesky", lambda state, stream: state.outcome == "unreadable")
    assert "are none" in state.error
    assert 0 < len(letters(heard.log)) <= 60


def test_duplicates_and_what_is_out_of_order_change_nothing(server: JetstreamServer, heard: Listening) -> None:
    events = [post(key, f"post {key}", at=at) for at, key in enumerate("abcdef")]
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events += [*reversed(events), *events, *events]
        until(lambda: len(heard.texts()) == 6)
        server.events.append(post("z", "the last", at=9))
        state = heard.once("bluesky", lambda state, stream: state.cursor == str(T0 + 9))
    assert len(heard.events()) == 7
    assert state.stream is not None
    assert state.stream.read == 19


def test_a_first_version_that_is_told_again_does_not_undo_an_edit(server: JetstreamServer, heard: Listening) -> None:
    first, edit = post("a", "It jams", at=1), post("a", "It folds", at=2, operation="update")
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events.append(first)
        until(lambda: heard.texts() == ["It jams"])
        server.events.append(edit)
        until(lambda: len(heard.events()) == 2)
        server.events[:] = [first]
        server.drop()
        heard.once("bluesky", lambda state, stream: stream.read == 3)
        server.events += [edit, post("z", "the last", at=3)]
        until(lambda: "the last" in heard.texts())
    assert sorted(event.data.content for event in heard.events()) == ["It folds", "It jams", "the last"]


def test_whoever_dies_at_any_write_is_told_the_same_again_and_publishes_it_once(
    server: JetstreamServer, tmp_path: Path
) -> None:
    server.events += [post(f"n{at}", f"said {at}", at=at) for at in range(5)]
    server.events.append(post("n5", "said and taken back", at=5))
    server.events.append(post("n5", "", at=5, operation="delete"))
    for after in (False, True):
        for writes in range(1, 7):
            with Folder(tmp_path / f"{writes}{after}") as folder:
                log = EmbeddedLog(folder)
                mortal = Listening(folder, Mortal(log, writes, after=after, durable=False))
                one = source(server)
                begun = PollState(configured=one.url, url=one.url, next_due=utc_now(), cursor=str(T0))
                save_states(log, {source_key("bluesky"): begun}, utc_now())
                with contextlib.suppress(Killed), mortal.listening(one):
                    mortal.until_over_or(5)
                survivor = Listening(folder, log)
                with survivor.listening(one):
                    survivor.until_over_or(5)
                    survivor.once("bluesky", lambda state, _: state.cursor == str(T0 + 5))
                published = [(event.subject, event.verb) for event in survivor.events()]
                assert len(published) == len(set(published)), (writes, after)
                log.close()


def test_who_wrote_what_was_let_in_is_looked_up_once(heard: Listening) -> None:
    asked: list[str] = []

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], Any]:
        asked.append(path)
        profile = {"did": DID, "handle": "asha.example", "displayName": "Asha", "description": "Folds paper."}
        return 200, {"Content-Type": "application/json"}, whole(json.dumps({"profiles": [profile]}).encode())

    api, server = HttpServer(answer), JetstreamServer()
    try:
        with heard.listening(Jetstream(name="bluesky", server=server.url, api=api.url), door=Watching):
            until(lambda: server.connections)
            server.events += [post("a", "A Paperfold", at=1), post("b", "Nothing", at=2, did="did:plc:other")]
            until(lambda: len(heard.texts()) == 1)
            server.events.append(post("c", "Another Paperfold", at=3))
            until(lambda: len(heard.texts()) == 2)
    finally:
        api.close()
        server.close()
    assert len(asked) == 1
    assert "other" not in asked[0], "who wrote what is not kept is nobody's business"
    for event in heard.events():
        author = event.data.attributed_to
        assert (author.preferred_username, author.name, author.native_id) == ("asha.example", "Asha", DID)
        assert event.data.url.startswith("https://bsky.app/profile/asha.example/post/")


def test_posts_of_an_account_that_is_deleted_are_deleted(server: JetstreamServer, heard: Listening) -> None:
    uri = f"at://{DID}/app.bsky.feed.post/a"

    def said_at(begin: str) -> Sequence[str]:
        return [uri] if begin == f"https://bsky.app/profile/{DID}/post/" else []

    account: dict[str, Any] = {"active": False, "did": DID, "seq": 1}
    with heard.listening(source(server), said_at=said_at):
        until(lambda: server.connections)
        server.events.append(post("a", "A Paperfold", at=1))
        until(lambda: len(heard.texts()) == 1)
        for status in ("deactivated", "deleted"):
            gone = {"did": DID, "time_us": T0 + 5, "kind": "account", "account": {**account, "status": status}}
            server.events.append(json.dumps(gone).encode())
        until(lambda: [event.verb for event in heard.events()] == ["Create", "Delete"])


@pytest.mark.parametrize("at_once", [True, False])
def test_posts_of_an_account_that_is_deleted_before_they_are_on_record_are_not_left(
    server: JetstreamServer, heard: Listening, *, at_once: bool
) -> None:
    said = [post("a", "A Paperfold", at=1), post("b", "Of another", did="did:plc:other", at=2)]
    gone = {"did": DID, "time_us": T0 + 5, "kind": "account", "account": {"active": False, "status": "takendown"}}
    after = [json.dumps(gone).encode(), post("c", "A last Paperfold", at=6)]
    server.welcome = [*said, *after] if at_once else said
    with heard.listening(source(server)):
        if not at_once:
            until(lambda: len(heard.texts()) == 2)
            server.events += after
        until(lambda: {"A last Paperfold", "Of another"} <= set(heard.texts()))
    verbs = {event.data.native_id.rpartition("/")[2]: event.verb for event in heard.events()}
    assert verbs == {"b": "Create", "c": "Create"} | ({} if at_once else {"a": "Delete"})


def test_a_private_address_is_not_connected_to(server: JetstreamServer, heard: Listening) -> None:
    heard.fetcher = Fetcher(contact="https://us.example/bot", limits=Limits(gap=0))
    with heard.listening(source(server)):
        state = heard.once("bluesky", lambda state, stream: state.failures)
    assert "public address" in state.error
    assert not server.paths


def test_a_message_beyond_all_bounds_ends_the_connection_with_a_word(
    server: JetstreamServer, heard: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overheard.collectors.streaming.websocket.MAX_FRAME", 2_000)
    with heard.listening(source(server)):
        until(lambda: server.connections)
        server.events.append(post("a", "x" * 5_000, at=1))
        state = heard.once("bluesky", lambda state, stream: state.outcome == "refused")
    assert "a larger one" in state.error
    assert (state.next_due - utc_now()).total_seconds() > 50


def test_one_round_of_polls_leaves_streams_alone(server: JetstreamServer, heard: Listening) -> None:
    report = poll_due(heard.log, [source(server)], heard.fetcher, utc_now)
    assert (report.asked, report.waiting, report.next_due) == (0, 0, None)
    assert not server.paths


def test_of_two_processes_one_listens_and_the_other_takes_over(server: JetstreamServer, heard: Listening) -> None:
    seats = {"one": Seat(), "other": Seat()}
    stops = {name: threading.Event() for name in seats}

    def collect(name: str) -> None:
        def job(ending: threading.Event) -> None:
            with (
                closing(heard.log.consumer(STAGE, "fetches")) as consumer,
                Poller(heard.log, consumer, utc_now) as poller,
            ):
                poller.use([source(server)], heard.fetcher)
                poller.run(ending)

        while_owner(Seated(seats[name]), "collect", stops[name], job)  # type: ignore[arg-type]

    threads = [threading.Thread(target=collect, args=(name,), daemon=True) for name in seats]
    for thread in threads:
        thread.start()
    seats["one"].partitions = (0,)
    until(lambda: len(server.connections) == 1)
    time.sleep(0.3)
    assert len(server.paths) == 1, "the other stands by, and does not connect"
    server.events.append(post("a", "to the one", at=1))
    until(lambda: heard.texts() == ["to the one"])
    seats["one"].partitions = ()
    until(lambda: not server.connections)
    seats["other"].partitions = (0,)
    until(lambda: len(server.connections) == 1)
    server.events.append(post("b", "to the other", at=2))
    until(lambda: heard.texts() == ["to the one", "to the other"])
    for stop in stops.values():
        stop.set()
    for thread in threads:
        thread.join(30)
    assert len(heard.events()) == 2


class Seat:
    """A place in a group whose partition comes and goes as it is told."""

    def __init__(self) -> None:
        self.partitions: tuple[int, ...] = ()

    def poll(self, limit: int, timeout: float) -> Sequence[Any]:
        time.sleep(0.02)
        return ()

    def close(self) -> None:
        pass


class Seated:
    """A log that gives out one seat."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def consumer(self, group: str, topic: str) -> Seat:
        assert (group, topic) == ("collect-owner", "owners")
        return self._seat


def test_a_stream_is_tried_by_listening_to_its_first_posts(server: JetstreamServer, heard: Listening) -> None:
    said = [post(f"n{at}", f"said {at}", at=at) for at in range(9)]
    server.welcome = [b"not json", *said]
    trial = tried(source(server), heard.fetcher, read_here, utc_now)
    assert [one.content for one in trial.shown] == ["said 0", "said 1", "said 2"]
    assert not heard.events(), "nothing is kept"
    server.status = 403
    trial = tried(source(server), heard.fetcher, read_here, utc_now)
    assert "403" in trial.problem
    assert trial.advice
