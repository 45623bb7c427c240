"""Services that tell by themselves in the simulated week: what is said at each, and what befalls its connections.

Time runs fast while somebody listens, and by hours while nobody does.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode

from overheard.collectors.base import Source
from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.collectors.streaming.x_stream import XStream
from tests.collectors.streamed import HttpServer, JetstreamServer, whole
from tests.collectors.week.script import START
from tests.collectors.week.truth import Key, Post, Promise, Truth

TOKEN_ENV = "STREAM_TOKEN"
# Jetstream keeps its events for so long.
KEPT = timedelta(hours=36)
_PEOPLE = ("asha", "bela", "chidi", "dora")
_BEAT = 0.2  # seconds between two signs of life
_RATE = 600  # a second of ours is ten minutes
_JSON = {"Content-Type": "application/json"}
_GARBAGE = (b"{", b"[]", b"null", b'{"a":' * 3_000, b'{"kind": 7}', b"\xff\xfe", b'"\\ud800"')
Answered = tuple[int, dict[str, str], AsyncIterator[bytes]]
Fault = Literal["drop", "cut", "hang", "refuse", "garbage", "again"]
FAULTS: tuple[Fault, ...] = ("drop", "cut", "hang", "refuse", "garbage", "again")


class FastClock:
    """A clock that runs fast, and is moved on by hand. Any thread may ask."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._moved = timedelta()

    def __call__(self) -> datetime:
        return START + self._moved + _RATE * timedelta(seconds=time.monotonic() - self._begun)

    def move(self, time: timedelta) -> None:
        self._moved += time


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that happened at a service, as it is told: `version` of a post, or (0) that it is gone."""

    at: datetime
    key: Key
    version: int
    frame: bytes


class Teller:
    """One service: what was said there, and a server that tells it."""

    name: ClassVar[str]
    promise: ClassVar[Promise]

    def __init__(self, truth: Truth, clock: Callable[[], datetime]) -> None:
        self.truth = truth
        self.clock = clock
        self.said: list[Said] = []
        self.refusals: list[int] = []
        self._numbers: dict[Key, int] = {}
        truth.promises[self.name] = self.promise

    @property
    def source(self) -> Source:
        """What it is in the settings."""
        raise NotImplementedError

    def happen(self, rng: random.Random, at: datetime) -> None:
        """Something is said, edited or deleted."""
        at = at.replace(microsecond=at.microsecond // 1_000 * 1_000)
        there = [one for one in self.truth.of(self.name) if one.deleted_at is None]
        dice = rng.random()
        if dice < 0.6 or not there:
            self.post(rng.choice(_PEOPLE), f"said {len(self._numbers)}", at, rng.choice(there) if there else None)
        elif dice < 0.85:
            post = rng.choice(there[-20:])
            self.tell(at, self.truth.edit(post.key, f"{post.versions[0].text}, version {len(post.versions) + 1}", at))
        else:
            self.tell(at, self.truth.delete(rng.choice(there[-20:]).key, at))

    def post(self, who: str, text: str, at: datetime, parent: Post | None = None) -> None:
        """Somebody says something, and may answer a post by it."""
        number = len(self._numbers)
        post = self.say(number, who, text, at, parent)
        self._numbers[post.key] = number
        self.tell(at, post)

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        """Note a post as its service names it."""
        raise NotImplementedError

    def tell(self, at: datetime, post: Post) -> None:
        """Have the server tell what became of a post."""
        version = 0 if post.deleted_at is not None else len(post.versions)
        self.said.append(Said(at, post.key, version, self.framed(at, post)))

    def framed(self, at: datetime, post: Post) -> bytes:
        """Return a post as it is told, or that it is gone."""
        raise NotImplementedError

    def number(self, post: Post) -> int:
        return self._numbers[post.key]

    def suffer(self, fault: Fault, rng: random.Random) -> None:
        """Let something befall the connection that is there, or the next one."""
        raise NotImplementedError

    def heard(self) -> None:
        """All that was told until now has arrived."""

    def arrived(self, told: Sequence[Said]) -> None:
        """Note what was told; of what is said and taken back nobody need have heard."""
        for one in told:
            if one.version:
                self.truth.shown[one.key] = max(one.version, self.truth.shown.get(one.key, 0))
            else:
                self.truth.told_gone.add(one.key)
                self.truth.shown.pop(one.key, None)

    def close(self) -> None:
        raise NotImplementedError


class JetstreamTeller(Teller):
    """Bluesky: its Jetstream, which keeps what it told for a while, and the search of its AppView."""

    name = "bluesky"
    promise = Promise(edits=False, deletions=False)  # but for what was told: `owe`

    def __init__(self, truth: Truth, clock: FastClock) -> None:
        super().__init__(truth, clock)
        self.server = JetstreamServer()
        self.search = HttpServer(self._found)
        self.lost: list[Said] = []

    @property
    def source(self) -> Source:
        return Jetstream(name=self.name, server=self.server.url, api=self.search.url)

    @property
    def filling(self) -> Source:
        """The search that can fill in what it does not keep."""
        return Bluesky(name="search", query="said", api=self.search.url)

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        uri = f"at://did:plc:{who}/app.bsky.feed.post/r{number}"
        above = parent.native_id if parent is not None and number % 3 == 0 else ""
        return self.truth.say(self.name, uri, f"did:plc:{who}", text, at, parent=above)

    def framed(self, at: datetime, post: Post) -> bytes:
        did, _, rkey = post.native_id.removeprefix("at://").split("/")
        operation = "delete" if post.deleted_at else "update" if len(post.versions) > 1 else "create"
        commit: dict[str, Any] = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": rkey}
        if not post.deleted_at:
            commit["record"] = self._record(post)
        event = {"did": did, "time_us": _microseconds(at), "kind": "commit", "commit": commit}
        return json.dumps(event).encode()

    def _record(self, post: Post) -> dict[str, Any]:
        named = {"uri": post.parent, "cid": "bafy"}
        reply = {"reply": {"parent": named, "root": named}} if post.parent else {}
        made = post.posted_at.isoformat()
        return {"$type": "app.bsky.feed.post", "text": post.text, "createdAt": made, **reply}

    def tell(self, at: datetime, post: Post) -> None:
        super().tell(at, post)
        self.server.events.append(self.said[-1].frame)

    def forget(self, cursor: str) -> None:
        """Keep nothing that is older than it keeps; note what nobody who goes on at a cursor will be told."""
        keeps_from = _microseconds(self.clock() - KEPT)
        self.server.keeps_from = keeps_from
        reached = int(cursor) if cursor else keeps_from
        self.lost += [one for one in self.said if reached < _microseconds(one.at) < keeps_from]

    def owe(self) -> None:
        """Note what was told, which is all but what it had forgotten by then."""
        lost = {id(one) for one in self.lost}
        self.arrived([one for one in self.said if id(one) not in lost])

    def suffer(self, fault: Fault, rng: random.Random) -> None:
        if fault == "refuse":
            self.server.status = rng.choice([401, 403, 429, 503])
            self.server.drop()
        elif fault == "drop":
            self.server.drop()
        elif fault == "garbage":
            self.server.events += [one for one in rng.sample(_GARBAGE, 2) if one.isascii()]
        elif fault == "again":
            recent = self.server.events[-12:]
            self.server.events += rng.sample(recent, len(recent))
        else:
            half = fault == "cut"

            async def befall(connection: ServerConnection) -> None:
                if not half:
                    connection.transport.pause_reading()
                    await asyncio.sleep(3_600)
                event = self.said[-1].frame if self.said else b"{}"
                frame = Frame(Opcode.TEXT, event).serialize(mask=False)
                connection.transport.write(frame[: len(frame) // 2])
                connection.transport.close()

            self.server.cut = befall
            self.server.drop()

    def recover(self) -> None:
        """Let in again whoever was refused."""
        self.server.status = 101

    def _found(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        asked = parse_qs(urlsplit(path).query)
        if "searchPosts" not in path:
            return 404, _JSON, whole(b"{}")
        # What it is asked for by itself would hide what the stream loses.
        there = [] if "since" in asked or not self.lost else [p for p in self.truth.of(self.name) if not p.deleted_at]
        there.sort(key=lambda one: one.posted_at, reverse=True)
        at = int(asked.get("cursor", ["0"])[0])
        posts = [
            {"uri": one.native_id, "record": self._record(one), "author": {"did": one.author}}
            for one in there[at:][:25]
        ]
        more = {"cursor": str(at + 25)} if len(there) > at + 25 else {}
        return 200, _JSON, whole(json.dumps({"posts": posts, **more}).encode())

    def close(self) -> None:
        self.search.close()
        self.server.close()


class _Lived(Teller):
    """A service that tells over HTTP what is said while somebody listens, and can be asked for the rest."""

    def __init__(self, truth: Truth, clock: FastClock) -> None:
        super().__init__(truth, clock)
        self._fault: str | None = None
        self._extra: list[bytes] = []
        self._told: list[Said] = []  # on the connection that is there, or was last
        self.server = HttpServer(self._answered)

    def suffer(self, fault: Fault, rng: random.Random) -> None:
        if fault == "refuse":
            self.refusals += rng.choices([401, 403, 429, 503], k=rng.randint(1, 2))
            self._fault = "drop"
        elif fault == "garbage":
            self._extra += [self.wrapped(one) for one in rng.sample(_GARBAGE, 2)]
        elif fault == "again":
            self._extra += [one.frame for one in self._told[-6:]]
        else:
            self._fault = fault

    def wrapped(self, garbage: bytes) -> bytes:
        """Return something that is no message, in the place of one."""
        raise NotImplementedError

    async def telling(self) -> AsyncIterator[bytes]:
        """Yield what is said from now on, until something befalls the connection."""
        at, self._told = len(self.said), []
        if self._fault == "drop":  # it ended the one before
            self._fault = None
        yield self.beat
        beaten = time.monotonic()
        while True:
            fault, self._fault = self._fault, None
            if fault == "drop":
                return
            if fault == "cut":
                yield self.said[-1].frame[:20] if self.said else b"x"
                raise ConnectionError
            if fault == "hang":
                await asyncio.sleep(3_600)
            extra, self._extra = self._extra, []
            new, at = self.said[at:], len(self.said)
            for frame in (*extra, *(one.frame for one in new)):
                yield frame
            self._told += new
            if time.monotonic() - beaten > _BEAT:
                beaten = time.monotonic()
                yield self.beat
            await asyncio.sleep(0.005)

    beat: ClassVar[bytes] = b""

    def _answered(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if self.refusals:
            return self.refusals.pop(), _JSON, whole(b'{"error": "not now"}')
        return self.answered(method, path, body)

    def answered(self, method: str, path: str, body: bytes) -> Answered:
        """Return what is at a path."""
        raise NotImplementedError

    def heard(self) -> None:
        """All that was told on the connection has arrived."""
        self.arrived(self._told)

    def close(self) -> None:
        self.server.close()


class MastodonTeller(_Lived):
    """A server of Mastodon: its stream of a tag, and the timeline of it. An edit or a deletion that nobody heard stays
    unheard, but that the timeline has what was said last.
    """

    name = "fediverse"
    promise = Promise(edits=False, deletions=False)
    beat = b":)\n\n"

    @property
    def source(self) -> Source:
        return MastodonStream(name=self.name, instance=self.server.url, tag="paperfold", token_env=TOKEN_ENV)

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        id_ = self._id(at, number)
        uri = f"https://other.example/users/{who}/statuses/{id_}"
        return self.truth.say(self.name, uri, f"{who}@other.example", text, at)

    def _id(self, at: datetime, number: int) -> int:
        return (int(at.timestamp() * 1_000) << 16) + number

    def _status(self, post: Post) -> dict[str, Any]:
        who = post.author.partition("@")[0]
        home = f"https://other.example/@{who}"
        id_ = self._id(post.posted_at, self.number(post))
        edited = {"edited_at": post.versions[-1].at.isoformat()} if len(post.versions) > 1 else {}
        return {
            "id": str(id_),
            "created_at": post.posted_at.isoformat(),
            "visibility": "public",
            "uri": post.native_id,
            "url": f"{home}/{id_}",
            "content": f"<p>{post.text}</p>",
            "account": {"id": who, "username": who, "acct": post.author, "url": home},
            **edited,
        }

    def framed(self, at: datetime, post: Post) -> bytes:
        if post.deleted_at:
            return f"event: delete\ndata: {self._id(post.posted_at, self.number(post))}\n\n".encode()
        name = "status.update" if len(post.versions) > 1 else "update"
        return f"event: {name}\ndata: {json.dumps(self._status(post))}\n\n".encode()

    def wrapped(self, garbage: bytes) -> bytes:
        return b"event: update\ndata: " + garbage + b"\n\n"

    def answered(self, method: str, path: str, body: bytes) -> Answered:
        if "/streaming/" in path:
            return 200, {"Content-Type": "text/event-stream"}, self.telling()
        after = int(parse_qs(urlsplit(path).query)["min_id"][0])
        there = [self._status(one) for one in self.truth.of(self.name) if not one.deleted_at]
        newer = sorted((one for one in there if int(one["id"]) > after), key=lambda one: int(one["id"]))
        return 200, _JSON, whole(json.dumps(newer[:5][::-1]).encode())


class XTeller(_Lived):
    """X: its filtered stream, with rules, and its recent search. Nobody is told of deletions."""

    name = "x-live"
    promise = Promise(deletions=False)
    beat = b"\r\n"
    _FIRST = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)

    def __init__(self, truth: Truth, clock: FastClock) -> None:
        super().__init__(truth, clock)
        self.rules: list[dict[str, str]] = [{"id": "1", "value": "cats", "tag": "somebody else's"}]

    @property
    def source(self) -> Source:
        return XStream(name=self.name, rules=("said",), api=f"{self.server.url}/2", token_env=TOKEN_ENV)

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        above = parent.native_id if parent is not None and number % 3 == 0 else ""
        return self.truth.say(self.name, self._id(at, number, 1), who, text, at, parent=above)

    def _id(self, at: datetime, number: int, version: int) -> str:
        milliseconds = (at - self._FIRST) // timedelta(milliseconds=1)
        return str((milliseconds << 22) + number * 8 + version)

    def _message(self, post: Post) -> dict[str, Any]:
        ids = [self._id(one.at, self.number(post), n) for n, one in enumerate(post.versions, 1)]
        above = {"referenced_tweets": [{"type": "replied_to", "id": post.parent}]} if post.parent else {}
        return {
            "data": {
                "id": ids[-1],
                "text": post.text,
                "author_id": post.author,
                "created_at": post.versions[-1].at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "edit_history_tweet_ids": ids,
                **above,
            },
            "includes": {"users": [{"id": post.author, "username": post.author, "name": post.author}]},
            "matching_rules": [{"id": "9", "tag": f"overheard:{self.name}"}],
        }

    def framed(self, at: datetime, post: Post) -> bytes:
        return b"\r\n" if post.deleted_at else json.dumps(self._message(post)).encode() + b"\r\n"

    def wrapped(self, garbage: bytes) -> bytes:
        return garbage + b"\r\n"

    def answered(self, method: str, path: str, body: bytes) -> Answered:
        if path.endswith("/rules"):
            if method == "POST":
                self.rules += json.loads(body).get("add", [])
            return 200, _JSON, whole(json.dumps({"data": self.rules, "meta": {}}).encode())
        if "/recent" not in path:
            return 200, _JSON, self.telling()
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        start = datetime.fromisoformat(asked["start_time"])
        if start < self.clock() - timedelta(days=7):
            return 400, _JSON, whole(b'{"title": "Invalid Request"}')
        there = [one for one in self.truth.of(self.name) if not one.deleted_at and one.versions[-1].at >= start]
        there.sort(key=lambda one: self._message(one)["data"]["id"], reverse=True)
        found = [self._message(one) for one in there]
        if before := asked.get("next_token"):
            found = [one for one in found if one["data"]["id"] < before]
        more = {"next_token": found[9]["data"]["id"]} if len(found) > 10 else {}
        users = [user for one in found[:10] for user in one["includes"]["users"]]
        page = {"data": [one["data"] for one in found[:10]], "includes": {"users": users}, "meta": more}
        return 200, _JSON, whole(json.dumps(page).encode())

    def heard(self) -> None:
        """What was told is promised anyway; of deletions nothing is told."""


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
