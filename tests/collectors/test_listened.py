"""Streams over HTTP: Mastodon's server-sent events and X's lines, cut, made up for, refused."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from overheard.collectors.base import alias_ids
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.x import read_posts
from overheard.collectors.fetching.secrets import Place, Secrets
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.news import News, gap_news, weigh_news
from overheard.collectors.polling.pollstate import load_states, save_states, source_key
from overheard.collectors.streaming.framing import Events, FrameTooLargeError, Lines
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.collectors.streaming.stream import Open
from overheard.collectors.streaming.trial import first_posts
from overheard.collectors.streaming.x_stream import XStream
from overheard.folder import Folder
from overheard.records import Fetch, PollState, Streamed
from overheard.wiring.secrets import secrets_of
from tests.collectors.streamed import HttpServer, Listening, letters, open_ended, until, utc_now, whole

TOKEN = "tell-nobody"
Answered = tuple[int, dict[str, str], AsyncIterator[bytes]]
EVENTS = {"Content-Type": "text/event-stream"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    monkeypatch.setenv("STREAM_TOKEN", TOKEN)
    with Folder(tmp_path / "data") as folder:
        made = Listening(folder)
        yield made
        made.log.close()


class Serving:
    """Servers that are closed at the end."""

    def __init__(self) -> None:
        self.servers: list[HttpServer] = []

    def __call__(self, answer: Callable[..., Answered]) -> HttpServer:
        self.servers.append(HttpServer(answer))
        return self.servers[-1]


@pytest.fixture
def serving() -> Iterator[Serving]:
    made = Serving()
    yield made
    for one in made.servers:
        one.close()


def listen(heard: Listening, source: Any, **options: Any) -> Any:
    """Listen with the token that the settings name."""
    heard.fetcher._secrets = secrets_of([source])
    return heard.listening(source, **options)


# --- Mastodon -------------------------------------------------------------------------------------------------------

ID = 117_024_248_092_393_661


def status(id_: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": str(id_),
        "created_at": "2026-05-01T12:00:00.000Z",
        "visibility": "public",
        "uri": f"https://other.example/users/asha/statuses/{id_}",
        "url": f"https://other.example/@asha/{id_}",
        "content": f"<p>{text}</p>",
        "account": {"id": "1", "username": "asha", "acct": "asha@other.example", "url": "https://other.example/@asha"},
        "in_reply_to_id": None,
        "reblog": None,
        **more,
    }


def when(id_: int) -> str:
    """The time in an id."""
    return datetime.fromtimestamp((id_ >> 16) / 1_000, UTC).isoformat()


def sse(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def mastodon(server: HttpServer, **options: Any) -> MastodonStream:
    followed = options or {"tag": "paperfold"}
    return MastodonStream(name="fediverse", instance=server.url, token_env="STREAM_TOKEN", **followed)


def test_statuses_edits_and_deletions_of_a_tag_arrive(heard: Listening, serving: Serving) -> None:
    edited = status(ID, "It jams no more", edited_at="2026-05-01T12:05:00.000Z")

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        return (
            200,
            EVENTS,
            open_ended(
                b":)\n\n:thump\n",
                sse("update", status(ID, "It jams")),
                sse("update", status(ID + 1, "It folds"))[:-40],
                sse("update", status(ID + 1, "It folds"))[-40:],
                sse("notification", {"id": "1"}) + sse("filters_changed", "undefined"),
            ),
        )

    server = serving(answer)
    with listen(heard, mastodon(server)):
        until(lambda: heard.texts() == ["It folds", "It jams"])
    (method, path, headers, _) = server.requests[0]
    assert (method, path) == ("GET", "/api/v1/streaming/hashtag?tag=paperfold")
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["user-agent"].endswith("(+https://us.example/bot)")
    later = serving(lambda *_: (200, EVENTS, open_ended(sse("status.update", edited), sse("delete", str(ID + 1)))))
    moved = mastodon(server, tag="paperfold", streaming=later.url)
    with listen(heard, moved):
        until(lambda: sorted(event.verb for event in heard.events()) == ["Create", "Create", "Delete", "Update"])
    (gone,) = [event for event in heard.events() if event.verb == "Delete"]
    assert gone.subject == next(event.subject for event in heard.events() if event.data.content == "It folds")


@pytest.mark.parametrize("followed", [{"tag": "paperfold"}, {"public": True}])
def test_a_status_that_is_said_and_taken_back_at_once_is_gone(
    heard: Listening, serving: Serving, followed: dict[str, Any]
) -> None:
    told = sse("update", status(ID, "It jams")) + sse("delete", str(ID)) + sse("update", status(ID + 1, "It folds"))
    server = serving(lambda *_: (200, EVENTS, open_ended(told)))
    with listen(heard, mastodon(server, **followed)):
        until(lambda: heard.texts() == ["It folds", "It jams"])
        until(lambda: heard.state("fediverse") is not None)
    (gone,) = [event for event in heard.events() if event.verb == "Delete"]
    assert gone.subject == next(event.subject for event in heard.events() if event.data.content == "It jams")


def test_what_was_said_while_there_was_no_connection_is_asked_for(heard: Listening, serving: Serving) -> None:
    missed = [status(ID + 2 + at, f"missed {at}") for at in range(60)]
    asked: list[dict[str, list[str]]] = []

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if path.startswith("/api/v1/streaming"):
            if len([one for one in server.paths if "streaming" in one]) == 1:
                return 200, EVENTS, whole(sse("update", status(ID, "before")))
            return 200, EVENTS, open_ended(sse("update", status(ID + 100, "after")))
        query = parse_qs(urlsplit(path).query)
        asked.append(query)
        after = int(query["min_id"][0])
        newer = [one for one in missed if int(one["id"]) > after][:40]
        return 200, JSON, whole(json.dumps(newer[::-1]).encode())

    server = serving(answer)
    with listen(heard, mastodon(server)):
        until(lambda: len(heard.texts()) == 62)
    assert len(asked) == 3, "two pages, and an empty one"
    assert int(asked[0]["min_id"][0]) == ID - (300_000 << 16), "some minutes back: what is from elsewhere comes late"
    assert len(heard.events()) == 62


def test_a_deletion_reaches_a_status_that_was_asked_for(serving: Serving) -> None:
    server = "https://social.example"
    asked = Mastodon(name="asked", instance=server, tag="paperfold")
    page = Fetch(id="f", source="asked", url=asked.url, final_url=asked.url, status=200, at=utc_now())
    (mention,) = asked.read(msgspec.structs.replace(page, body=json.dumps([status(ID, "It jams")]).encode())).mentions
    stream = MastodonStream(name="fediverse", instance=server, token_env="STREAM_TOKEN", tag="paperfold")
    told = json.dumps({"event": "delete", "payload": str(ID)}).encode()
    (gone,) = stream.read(msgspec.structs.replace(page, body=told)).deletions
    assert gone.mention.id in alias_ids(mention)


@pytest.mark.parametrize("late", ["status.update", "update"])
def test_a_status_of_long_ago_that_is_edited_or_comes_late_takes_the_place_not_back(
    heard: Listening, serving: Serving, late: str
) -> None:
    old = ID - (90 * 86_400_000 << 16)
    told = [sse("update", status(ID, "new", created_at=when(ID))), sse(late, status(old, "old", created_at=when(old)))]
    asked: list[int] = []

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if path.startswith("/api/v1/streaming"):
            return 200, EVENTS, whole(told.pop(0)) if told else open_ended(b":)\n\n")
        asked.append(int(parse_qs(urlsplit(path).query)["min_id"][0]))
        return 200, JSON, whole(b"[]")

    with listen(heard, mastodon(serving(answer))):
        until(lambda: len(asked) == 2)
    assert asked == [ID - (300_000 << 16)] * 2
    assert len(heard.texts()) == 2


def test_where_what_was_missed_cannot_be_had_just_now_nothing_is_given_up(heard: Listening, serving: Serving) -> None:
    broken = [True]

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if "streaming" in path:
            return 200, EVENTS, whole(sse("update", status(ID, "before")))
        if broken.pop() if broken else False:
            return 503, {}, whole(b"{}")
        return 200, JSON, whole(json.dumps([status(ID + 1, "missed")] if "min_id" in path else []).encode())

    server = serving(answer)
    with listen(heard, mastodon(server)):
        until(lambda: heard.texts() == ["before"])
        state = heard.once("fediverse", lambda state, stream: state.status == 503)
        assert state.stream is not None
        assert not state.stream.gap
        heard_at = state.cursor
    assert heard_at == str(ID)


def test_what_is_said_after_a_connection_that_told_nothing_is_made_up_for(heard: Listening, serving: Serving) -> None:
    begun = utc_now()
    streams = [whole(b":)\n\n"), open_ended(b":)\n\n")]

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if "/streaming/" in path:
            return 200, EVENTS, streams.pop(0) if len(streams) > 1 else streams[0]
        asked = int(parse_qs(urlsplit(path).query)["min_id"][0])
        since = datetime.fromtimestamp((asked >> 16) / 1_000, UTC)
        assert timedelta(minutes=4) < begun - since < timedelta(minutes=6)
        said = (int(utc_now().timestamp() * 1_000) << 16) + 7
        return 200, JSON, whole(json.dumps([status(said, "missed")] if asked < said and not missed else []).encode())

    missed: list[str] = []
    with listen(heard, mastodon(serving(answer))):
        until(lambda: heard.texts() == ["missed"])


@pytest.mark.parametrize("searched", [True, False])
def test_a_timeline_that_cannot_be_had_is_said_and_a_source_that_asks_for_the_same_fills_it_in(
    heard: Listening, serving: Serving, *, searched: bool
) -> None:
    told: list[News] = []
    streams = [whole(sse("update", status(ID, "before"))), open_ended(sse("update", status(ID + 2, "after")))]

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if "/streaming/" in path:
            return 200, EVENTS, streams.pop(0)
        return (404, JSON, whole(b"{}")) if "min_id" in path else (200, JSON, whole(b"[]"))

    server = serving(answer)
    other = Mastodon(name="timeline", instance=server.url, tag="PaperFold")
    with heard.listening(*[mastodon(server), *([other] if searched else [])], tell=told.extend):
        until(lambda: told)
        until(lambda: heard.texts() == ["after", "before"])
    (news,) = told
    assert "404" in news.text
    assert ("'timeline'" if searched else "[[mastodon]]") in news.text
    errands = heard.events("errands")
    assert [one.data.source for one in errands] == (["timeline"] if searched else [])
    for one in errands:
        assert one.data.start < datetime.fromtimestamp((ID >> 16) / 1_000, UTC) < one.data.end


def test_a_public_stream_is_sifted_and_letters_are_left_out(heard: Listening, serving: Serving) -> None:
    class Words:
        def passes(self, mention: Any) -> bool:
            return "Paperfold" in mention.text

        def always(self, source: str) -> bool:
            return False

    frames = [status(ID, "A Paperfold"), status(ID + 1, "A cat"), status(ID + 2, "Paperfold", visibility="direct")]
    server = serving(lambda *_: (200, EVENTS, open_ended(*(sse("update", one) for one in frames), sse("delete", "7"))))
    with listen(heard, mastodon(server, public=True, local=True), door=Words):
        until(lambda: heard.texts() == ["A Paperfold"])
        heard.once("fediverse", lambda state, stream: stream.read == 2)
    assert server.paths == ["/api/v1/streaming/public/local"]
    assert len(heard.events()) == 1


@pytest.mark.parametrize(("code", "least"), [(401, 4), (403, 4), (429, 58), (404, 58)])
def test_a_refusal_is_said_in_the_words_of_the_service(
    heard: Listening, serving: Serving, code: int, least: int
) -> None:
    said = json.dumps({"error": f"The access token {TOKEN} was revoked"}).encode()
    server = serving(lambda *_: (code, JSON, whole(said)))
    with listen(heard, mastodon(server)):
        state = heard.once("fediverse", lambda state, stream: state.failures)
    assert state.status == code
    assert str(code) in state.error
    assert TOKEN not in state.error
    assert (state.next_due - utc_now()).total_seconds() > least


def test_a_token_that_is_not_there_is_said_and_nothing_is_asked(
    heard: Listening, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREAM_TOKEN")
    server = serving(lambda *_: (200, EVENTS, open_ended()))
    with listen(heard, mastodon(server)):
        state = heard.once("fediverse", lambda state, stream: state.failures)
    assert "STREAM_TOKEN" in state.error
    assert not server.paths


def test_a_stream_that_is_elsewhere_is_not_followed_with_a_token(heard: Listening, serving: Serving) -> None:
    other = serving(lambda *_: (200, EVENTS, open_ended()))
    server = serving(lambda *_: (301, {"Location": f"{other.url}/api/v1/streaming"}, whole()))
    with listen(heard, mastodon(server)):
        state = heard.once("fediverse", lambda state, stream: state.failures)
    assert other.url in state.error
    assert not other.paths


def test_a_token_goes_to_the_hosts_that_the_settings_name_and_to_no_other() -> None:
    source = MastodonStream(
        name="s", instance="https://a.example", streaming="https://b.example", tag="x", token_env="STREAM_TOKEN"
    )
    secrets: Secrets = secrets_of([source])
    there = [secrets.place("s", f"https://{host}.example/x") for host in "abc"]
    assert [isinstance(one, Place) for one in there] == [True, True, False]


def test_silence_without_a_heartbeat_is_a_dead_connection(
    heard: Listening, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MastodonStream, "silence", 0.3)
    server = serving(lambda *_: (200, EVENTS, open_ended(b":)\n\n")))
    with listen(heard, mastodon(server)):
        until(lambda: len(server.paths) >= 2)
        state = heard.once("fediverse", lambda state, stream: state.failures)
    assert state.stream is not None
    assert state.stream.opened >= 1


# --- X --------------------------------------------------------------------------------------------------------------

RULES = ("paperfold -is:retweet", "from:paperfold")


def message(id_: int, text: str, *, at: datetime | None = None, tag: str = "overheard:x-live") -> dict[str, Any]:
    said = (at or utc_now()).astimezone(UTC)
    return {
        "data": {
            "id": str(id_),
            "text": text,
            "author_id": "7",
            "created_at": f"{said:%Y-%m-%dT%H:%M:%S}.000Z",
            "edit_history_tweet_ids": [str(id_)],
        },
        "includes": {"users": [{"id": "7", "username": "asha", "name": "Asha"}]},
        "matching_rules": [{"id": "1", "tag": tag}],
    }


class XServer:
    """Rules, stream and recent search of X as its documents have them."""

    def __init__(self, *pieces: bytes) -> None:
        self.rules = [{"id": "90", "value": "cats", "tag": "somebody else's"}]
        self.rules.append({"id": "91", "value": "an old rule", "tag": "overheard:x-live"})
        self.posted: list[Any] = []
        self.searched: list[dict[str, list[str]]] = []
        self.streams: list[list[bytes]] = [list(pieces)]
        self.ends = False
        self.pages: list[dict[str, Any]] = []

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if path.endswith("/rules"):
            if method == "POST":
                change = json.loads(body)
                self.posted.append(change)
                gone = change.get("delete", {}).get("ids", [])
                self.rules = [one for one in self.rules if one["id"] not in gone]
                added = [{"id": str(100 + at), **one} for at, one in enumerate(change.get("add", []))]
                self.rules += added
                return 201, JSON, whole(json.dumps({"data": added, "meta": {"summary": {}}}).encode())
            return 200, JSON, whole(json.dumps({"data": self.rules, "meta": {}}).encode())
        if "/recent" in path:
            self.searched.append(parse_qs(urlsplit(path).query))
            page: dict[str, Any] = self.pages.pop(0) if self.pages else {"meta": {"result_count": 0}}
            if "status" in page:
                return page["status"], JSON, whole(b"{}") if page["status"] >= 400 else open_ended()
            return 200, JSON, whole(json.dumps(page).encode())
        pieces = self.streams.pop(0) if len(self.streams) > 1 else self.streams[0]
        return 200, JSON, whole(*pieces) if self.ends or len(self.streams) > 1 else open_ended(*pieces)


def x_source(server: HttpServer, **options: Any) -> XStream:
    return XStream(name="x-live", rules=RULES, api=f"{server.url}/2", token_env="STREAM_TOKEN", **options)


def line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\r\n"


def test_rules_are_brought_in_line_and_those_of_others_are_left_alone(heard: Listening, serving: Serving) -> None:
    x = XServer(b"\r\n", line(message(1, "A Paperfold")), line(message(2, "Cats", tag="somebody else's")))
    server = serving(x)
    with listen(heard, x_source(server)):
        until(lambda: heard.texts() == ["A Paperfold"])
    assert x.posted == [
        {"delete": {"ids": ["91"]}},
        {"add": [{"value": value, "tag": "overheard:x-live"} for value in RULES]},
    ]
    assert {"id": "90", "value": "cats", "tag": "somebody else's"} in x.rules
    assert all(headers["authorization"] == f"Bearer {TOKEN}" for _, _, headers, _ in server.requests)


def test_a_budget_that_is_used_up_ends_the_stream_until_the_next_month(heard: Listening, serving: Serving) -> None:
    others = [line(message(at, f"Cats {at}", tag="somebody else's")) for at in range(2, 4)]
    x = XServer(line(message(1, "A Paperfold")), *others, line(message(5, "The last")))
    server = serving(x)
    with listen(heard, x_source(server, budget=4)):
        state = heard.once("x-live", lambda state, stream: state.outcome == "spent")
        requests = len(server.requests)
    assert heard.texts() == ["A Paperfold", "The last"], "what others' rules bring is paid for as well"
    assert "4" in state.error
    assert state.next_due.day == 1
    assert state.next_due > utc_now()
    with listen(heard, x_source(server, budget=4)):
        time.sleep(0.5)
    assert len(server.requests) == requests, "nothing is asked before"


def test_who_tries_a_stream_pays_for_all_that_came_and_changes_no_rules(heard: Listening, serving: Serving) -> None:
    answer = message(2, "The same for me")
    answer["includes"]["tweets"] = [message(3, "A Paperfold, please")["data"]]
    x = XServer(line(message(1, "A Paperfold")), line(answer), line(message(4, "Cats", tag="somebody else's")))
    x.ends = True
    server = serving(x)
    heard.fetcher._secrets = secrets_of([x_source(server)])
    posts, units, ended = first_posts(x_source(server), heard.fetcher, utc_now, most=3, seconds=20)
    assert ([one.content for one in posts], units) == (["A Paperfold", "The same for me"], 4)
    assert ended is not None
    assert not x.posted


def test_rules_that_stand_are_not_sent_again(heard: Listening, serving: Serving) -> None:
    x = XServer(line(message(1, "A Paperfold")))
    x.rules = [{"id": str(at), "value": value, "tag": "overheard:x-live"} for at, value in enumerate(RULES)]
    with listen(heard, x_source(serving(x))):
        until(lambda: heard.texts() == ["A Paperfold"])
    assert not x.posted


@pytest.mark.parametrize("status", [201, 400], ids=["beside others", "alone"])
def test_a_rule_that_x_does_not_take_is_said_with_its_reason(heard: Listening, serving: Serving, status: int) -> None:
    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if method == "GET":
            return 200, JSON, whole(b'{"meta": {"sent": "2026-05-01T12:00:00Z"}}')
        errors = [{"value": RULES[0], "details": ["missing EOF at 'x'"], "title": "UnprocessableEntity"}]
        return status, JSON, whole(json.dumps({"errors": errors, "meta": {}}).encode())

    with listen(heard, x_source(serving(answer))):
        state = heard.once("x-live", lambda state, stream: state.failures)
    assert RULES[0] in state.error
    assert "missing EOF" in state.error


def test_a_stream_that_says_why_it_ends_goes_on_with_a_search_for_what_was_missed(
    heard: Listening, serving: Serving
) -> None:
    parting = {"errors": [{"title": "operational-disconnect", "detail": "This stream has been disconnected."}]}
    first = message(1, "before", at=utc_now() - timedelta(hours=3))
    x = XServer(line(first) + line(parting))
    x.streams.append([line(message(9, "after"))])
    missed = [message(5, "missed", at=utc_now() - timedelta(hours=2)), message(6, "missed too")]
    x.pages = [
        {"data": [missed[0]["data"]], "includes": missed[0]["includes"], "meta": {"next_token": "t2"}},
        {"data": [missed[1]["data"]], "includes": missed[1]["includes"], "meta": {}},
    ]
    with listen(heard, x_source(serving(x))):
        until(lambda: heard.texts() == ["after", "before", "missed", "missed too"])
    assert [one["query"][0] for one in x.searched] == [RULES[0], RULES[0], RULES[1]]
    assert x.searched[1]["next_token"] == ["t2"]
    since = datetime.fromisoformat(x.searched[0]["start_time"][0])
    assert timedelta(hours=3) <= utc_now() - since < timedelta(hours=3, minutes=3)
    assert all(event.data.attributed_to.preferred_username == "asha" for event in heard.events())
    assert not letters(heard.log)


def test_a_share_of_an_old_post_is_told_when_it_is_shared() -> None:
    now = utc_now()
    share = message(9, "RT @asha: Old", at=now - timedelta(minutes=1))
    share["data"]["referenced_tweets"] = [{"type": "retweeted", "id": "5"}]
    share["includes"]["tweets"] = [message(5, "Old", at=now - timedelta(days=90))["data"]]
    source = XStream(name="x-live", rules=RULES, token_env="STREAM_TOKEN")
    sifted = source.sift([line(share).strip()], Open(), lambda _: (), now)
    for at in (sifted.oldest, sifted.reached, source.time_of(sifted.cursor)):
        assert at is not None
        assert timedelta() < now - at < timedelta(minutes=2)


def test_a_share_whose_original_may_not_be_seen_is_nothing_whichever_way_it_comes() -> None:
    share = message(9, "RT @asha: Old and lo…")
    share["data"]["referenced_tweets"] = [{"type": "retweeted", "id": "5"}]
    error = {"resource_type": "tweet", "resource_id": "5", "value": "5", "type": "https://x.example/not-authorized"}
    page = {"data": [share["data"]], "includes": share["includes"], "errors": [error], "meta": {}}
    source = XStream(name="x-live", rules=RULES, token_env="STREAM_TOKEN")
    url = f"{source.missed(source.begin(utc_now()), utc_now())}"
    fetch = Fetch(id="f", source="x-live", url=url, final_url=url, status=200, at=utc_now())
    frames, _ = source.found(msgspec.structs.replace(fetch, body=json.dumps(page).encode()))
    assert read_posts(msgspec.structs.replace(fetch, body=json.dumps(page).encode())).mentions == ()
    assert source.read(msgspec.structs.replace(fetch, body=b"\n".join(frames))).mentions == ()


def found(*messages: dict[str, Any], more: str = "") -> dict[str, Any]:
    """A page of the recent search."""
    meta = {"next_token": more} if more else {}
    return {"data": [one["data"] for one in messages], "includes": messages[0]["includes"], "meta": meta}


@pytest.mark.parametrize("fault", ["status", "end"])
def test_a_search_for_what_was_missed_that_is_cut_between_two_pages_begins_again(
    heard: Listening, serving: Serving, fault: str
) -> None:
    hour = timedelta(hours=1)
    x = XServer(line(message(1, "before", at=utc_now() - 3 * hour)))
    x.streams += [[b"\r\n"], [b"\r\n"]]
    newest, oldest = message(6, "missed last", at=utc_now() - hour), message(5, "missed first", at=utc_now() - 2 * hour)
    pages = [found(newest, more="t2"), found(oldest)]
    x.pages = [pages[0], {"status": 503 if fault == "status" else 200}]
    server = serving(x)
    with listen(heard, x_source(server)):
        until(lambda: heard.texts() == ["before", "missed last"])
        if fault == "status":
            x.pages += [*pages]
            heard.once("x-live", lambda state, stream: state.status == 503)
    before = heard.state("x-live")
    assert before is not None
    begun = datetime.fromtimestamp(int(before.cursor) / 1_000, UTC)
    assert utc_now() - begun > 2.9 * hour, "what is found first is the newest"
    save_states(heard.log, {source_key("x-live"): msgspec.structs.replace(before, next_due=utc_now())}, utc_now())
    x.pages = [*pages]
    with listen(heard, x_source(server)):
        until(lambda: heard.texts() == ["before", "missed first", "missed last"])
        state = heard.once("x-live", lambda state, _: state.cursor != before.cursor)
    assert int(state.cursor) / 1_000 > time.time() - 60, "all that was missed is there"
    assert len(heard.events()) == 3


def test_a_search_for_what_was_missed_keeps_to_the_budget(heard: Listening, serving: Serving) -> None:
    x = XServer(line(message(1, "before", at=utc_now() - timedelta(hours=3))))
    x.streams += [[b"\r\n"], [b"\r\n"]]
    missed = [message(at, f"missed {at}", at=utc_now() - timedelta(minutes=at)) for at in range(10, 20)]
    missed[0]["includes"]["tweets"] = [{"id": "2", "text": "answered", "author_id": "7"}]
    missed[0]["data"]["referenced_tweets"] = [{"type": "replied_to", "id": "2"}]
    x.pages = [found(*missed, more="t2")]
    with listen(heard, x_source(serving(x), budget=32)):
        state = heard.once("x-live", lambda state, stream: stream.gap)
        until(lambda: len(heard.texts()) == 11)
    assert [one["max_results"] for one in x.searched] == [["10"]], "31 are left, and each may have two others along"
    assert state.stream is not None
    assert "too little of the budget" in state.stream.gap
    spending = load_states(heard.log, [key for key in _keys(heard.log) if key.startswith("budget/")])
    (units,) = (sum(one.spending.values()) for one in spending.values())
    assert units == 12


def _keys(log: Any) -> set[str]:
    start, end = log.span("poll-state", 0)
    return {record.key for record in log.read("poll-state", 0, start, end)}


def test_what_x_cannot_find_any_more_is_said_though_nothing_is_said_since(heard: Listening, serving: Serving) -> None:
    x = XServer(b"\r\n")
    source = x_source(serving(x))
    left = utc_now() - timedelta(days=9)
    begun = PollState(
        configured=source.url, url=source.url, next_due=utc_now(), cursor=str(int(left.timestamp() * 1_000))
    )
    save_states(heard.log, {source_key("x-live"): begun}, utc_now())
    with listen(heard, source):
        state = heard.once("x-live", lambda state, stream: stream.gap)
        until(lambda: len(x.searched) == 2)
        state = heard.once("x-live", lambda state, stream: state.cursor != begun.cursor)
    assert state.stream is not None
    assert f"between {left:%Y-%m-%d %H:%M}" in state.stream.gap


def test_x_is_asked_again_as_it_asks_for(heard: Listening, serving: Serving) -> None:
    detail = "This stream is at the maximum allowed connection limit."
    said = json.dumps({"title": "ConnectionException", "detail": detail})

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if path.endswith("/rules"):
            return 200, JSON, whole(b'{"data": [], "meta": {}}')
        return 429, JSON, whole(said.encode())

    with listen(heard, x_source(serving(answer))):
        state = heard.once("x-live", lambda state, stream: state.failures)
    assert 58 < (state.next_due - utc_now()).total_seconds() < 80
    assert "maximum allowed connection" in state.error


# --- frames ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_are_the_same_in_whatever_pieces_they_come(size: int, end: str) -> None:
    text = f'event: update{end}data: {{"a":{end}data: "é"}}{end}{end}: beat{end}{end}data: 12{end}{end}id: 7{end}{end}'
    raw, events = text.encode(), Events()
    found = [frame for at in range(0, len(raw), size) for frame in events.feed(raw[at : at + size])]
    # A CR at the very end may be half of a line's end, and waits.
    found += events.feed(b"\n") if end == "\r" else []
    assert [json.loads(one) for one in found] == [
        {"event": "update", "payload": {"a": "é"}},
        {"event": "message", "payload": 12},
    ]


@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_lines_are_the_same_in_whatever_pieces_they_come_and_empty_ones_are_none(size: int) -> None:
    raw, lines = b'\r\n{"a": 1}\r\n\r\n{"b": 2}\n{"half', Lines()
    found = [frame for at in range(0, len(raw), size) for frame in lines.feed(raw[at : at + size])]
    assert found == [b'{"a": 1}', b'{"b": 2}']


def test_a_line_without_an_end_is_not_gathered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overheard.collectors.streaming.framing.MAX_FRAME", 1_000)
    for framer in (Lines(), Events()):
        with pytest.raises(FrameTooLargeError):
            for _ in range(20):
                framer.feed(b"data: " + b"x" * 100)


# --- how it does, in words ------------------------------------------------------------------------------------------


def told(now: datetime, **state: Any) -> PollState:
    stream = Streamed(
        began=now - timedelta(days=3),
        connected=now - timedelta(hours=5),
        opened=4,
        read=12_345,
        passed=67,
        heard=now - timedelta(seconds=2),
        reached=now - timedelta(seconds=3),
    )
    return PollState(next_due=now, polled=now, succeeded=now, **{"stream": stream, **state})


def test_a_stream_says_since_when_what_and_how_often() -> None:
    now, source = utc_now(), XStream(name="x-live", rules=RULES, token_env="X")
    health = health_of(source, told(now), None, None, now)
    assert health.state == "works"
    assert health.message == (
        "It has been connected for 5 hours. 12,345 posts looked at in 3 days, 67 let in. It was connected to 4 times."
    )
    state = told(now)
    assert state.stream is not None
    slow = msgspec.structs.replace(state.stream, reached=now - timedelta(hours=3), gap="something is lost", gap_at=now)
    message = health_of(source, told(now, stream=slow), None, None, now).message
    assert "was said 2 hours before" in message
    assert message.endswith("Something is lost.")


def test_a_stream_whose_token_is_not_taken_says_what_to_do_and_is_told_within_hours() -> None:
    now, source = utc_now(), XStream(name="x-live", rules=RULES, token_env="X")
    state = told(now, error="expected a stream; got status 401", status=401, failures=5, outcome="soft")
    health = health_of(source, state, None, None, now)
    assert health.state == "failing"
    assert "token" in health.advice
    assert weigh_news("x-live", state, health, now) is None, "most pass by themselves"
    later = msgspec.structs.replace(state, succeeded=now - timedelta(hours=2))
    assert weigh_news("x-live", later, health_of(source, later, None, None, now), now) is not None


def test_where_nobody_listens_it_does_not_say_that_it_is_connected() -> None:
    now, source = utc_now(), XStream(name="x-live", rules=RULES, token_env="X")
    health = health_of(source, told(now - timedelta(hours=1)), None, None, now)
    assert "while `overheard up` runs" in health.message


def test_what_a_stream_could_not_tell_is_told_once_and_of_one_stream_at_most_once_a_day() -> None:
    now, hour = utc_now(), timedelta(hours=1)
    stream = Streamed(began=now, gap="something is lost", gap_at=now)
    news = gap_news("x-live", stream, now)
    assert news is not None
    assert news.text == "x-live: something is lost"
    told = msgspec.structs.replace(stream, gap_told=now)
    assert gap_news("x-live", told, now) is None
    later = msgspec.structs.replace(told, gap_at=now + 2 * hour)
    assert gap_news("x-live", later, now + 2 * hour) is None
    assert gap_news("x-live", later, now + 25 * hour) is not None
    assert gap_news("x-live", stream, now + 8 * 24 * hour) is None, "it is no news"
    assert gap_news("x-live", Streamed(began=now), now) is None
