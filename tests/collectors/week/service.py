"""A service of the simulated week: what is said there, and what it answers to whom, in the way of its vendor.

script ─▶ Service: posts, edits, deletions ─▶ Truth
request ─▶ token? limit? ─▶ answer of the vendor ─▶ what befalls it just now ─▶ Reply
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from overheard.collectors.base import Source
from tests.collectors.behaviour.server import Asked, Reply
from tests.collectors.week.script import HOUR, Pace, Story
from tests.collectors.week.truth import Key, Post, Promise, Truth

_OLD = 200  # posts that a vendor looks back on: more than it ever shows at once


@dataclass(frozen=True, slots=True)
class Made:
    """A post at a service: its place among all, where `Truth` has it, and from when on its lists show it."""

    number: int
    key: Key
    who: str
    at: datetime
    listed: datetime
    parent: "Made | None" = None

    @property
    def top(self) -> "Made":
        """The post that began its thread."""
        return self if self.parent is None else self.parent.top


@dataclass(frozen=True)
class Page:
    """What a vendor answers: `shown` are the posts in it, as they are now."""

    body: Any
    shown: Sequence[Made] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Trouble:
    """Something that befalls a service for a while, by the name of what is done (`Service.befall`)."""

    name: str
    begins: datetime
    ends: datetime

    def is_on(self, at: datetime) -> bool:
        return self.begins <= at < self.ends


class Service:
    """One service on a host of its own; a vendor is a subclass, which says what its posts are and how they are listed.

    `limit` requests are answered in `window`. `essential` is a field that every item needs, `numbered` those that hold
    numbers written as texts, or the other way round; `cursors` are the parameters that name a page.
    """

    name: ClassVar[str]
    pace: ClassVar[Pace] = Pace()
    promise: ClassVar[Promise] = Promise(edits=False, deletions=False)
    limit: ClassVar[int]
    window: ClassVar[timedelta]
    essential: ClassVar[str]
    numbered: ClassVar[tuple[str, ...]] = ()
    cursors: ClassVar[tuple[str, ...]]
    # Whether it answers everybody; else it wants a token, sent in this header.
    is_open: ClassVar[bool] = False
    token_header: ClassVar[str] = "authorization"
    token_prefix: ClassVar[str] = "Bearer "

    def __init__(self, truth: Truth, folder: Path, port: int) -> None:
        self.truth = truth
        self.port = port
        self.host = f"{self.name}.example"
        self.base = f"http://{self.host}:{port}"
        self.file = folder / f"{self.name}.token"
        self.posts: list[Made] = []
        self.troubles: Sequence[Trouble] = ()
        self.hits: dict[Trouble, list[datetime]] = {}
        self.breaches: list[str] = []
        self.requests = 0
        self._asked: deque[datetime] = deque()
        self._peace: datetime | None = None
        self._put = ""
        self._given: list[Made] = []
        truth.promises[self.name] = self.promise

    # --- what a vendor says -------------------------------------------------------------------------------------------

    def source(self) -> Source:
        """Return the source as its settings have it."""
        raise NotImplementedError

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        raise NotImplementedError

    def author(self, who: str) -> str:
        return who

    def parent_of(self, native_id: str, parent: Made | None) -> str:
        del native_id
        return parent.key[1] if parent is not None else ""

    def also_parent(self, parent: Made | None) -> str:
        del parent
        return ""

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        del number, native_id, who, parent
        return ""

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        """Return the page that is asked for."""
        raise NotImplementedError

    def limited(self, at: datetime, until: datetime) -> Page:
        """Return what is said to whoever asks too often, who may come again at a time."""
        raise NotImplementedError

    def refused(self) -> Page:
        """Return what is said to whoever has no token that is good."""
        raise NotImplementedError

    def told_limits(self, left: int, until: datetime) -> Mapping[str, str]:
        """Return the headers that tell what is left of the limit."""
        del left, until
        return {}

    def first(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """Return the query of the first page of the list that a page is of."""
        return {name: value for name, value in query.items() if name not in self.cursors}

    # --- what happens there -------------------------------------------------------------------------------------------

    def take(self, story: Story) -> None:
        """Let something happen."""
        if story.kind == "post":
            self.say(story)
        elif story.of < len(self.posts):
            made = self.posts[story.of]
            if self.post(made).deleted_at is not None:
                return
            if story.kind == "edit":
                self.truth.edit(made.key, story.text, story.at)
            else:
                self.truth.delete(made.key, story.at)

    def say(self, story: Story) -> Made:
        parent = self.answered(story)
        number = len(self.posts) + 1
        native_id = self.native_id(number, story.at, story.who, parent)
        post = self.truth.say(
            self.name,
            native_id,
            self.author(story.who),
            story.text,
            story.at,
            parent=self.parent_of(native_id, parent),
            url=self.permalink(number, native_id, story.who, parent),
            owed=self.owes(story, parent),
            also_parent=self.also_parent(parent),
        )
        made = Made(number, post.key, story.who, story.at, story.at + story.late, parent)
        self.posts.append(made)
        return made

    def answered(self, story: Story) -> Made | None:
        """Return the post that a new one answers; None: it begins a thread, as where that is gone."""
        parent = self.posts[story.of] if 0 <= story.of < len(self.posts) else None
        return None if parent is None or self.post(parent).deleted_at is not None else parent

    def owes(self, story: Story, parent: Made | None) -> bool:
        """True where a new post has to be heard of."""
        del parent
        return not story.before

    # --- what vendors ask ---------------------------------------------------------------------------------------------

    def post(self, made: Made) -> Post:
        return self.truth.posts[made.key]

    def text(self, made: Made) -> str:
        return self.post(made).text

    def edited(self, made: Made) -> datetime | None:
        versions = self.post(made).versions
        return versions[-1].at if len(versions) > 1 else None

    def listed(self, at: datetime, *, gone: bool = False) -> Iterator[Made]:
        """Yield what lists show at a time, the newest first; `gone`: what was deleted too."""
        for made in reversed(self.posts):
            if made.listed <= at and (gone or self.post(made).deleted_at is None):
                yield made

    # --- what is answered ---------------------------------------------------------------------------------------------

    def token(self, number: int) -> str:
        return f"tok-{self.name}-{number}-not-to-be-told"

    def tokens(self) -> list[str]:
        return [self.token(number) for number in range(1 + len(self._expiries()))]

    def renew(self, at: datetime) -> None:
        """Put the token where its source looks for it, as its owner does once an expiry is over."""
        token = self.token(sum(one.ends <= at for one in self._expiries()))
        if token != self._put:
            self.file.write_text(f"{token}\n")
            self._put = token

    def _expiries(self) -> list[Trouble]:
        return [one for one in self.troubles if one.name == "expired"]

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request, as whole or as broken as it is just now."""
        at = asked.at
        self.requests += 1
        query = dict(parse_qsl(urlsplit(asked.target).query, keep_blank_values=True))
        trouble = next((one for one in self.troubles if one.is_on(at) and one.name not in _HARMLESS), None)
        if trouble is not None and (reply := self.befall(trouble, asked, query)) is not None:
            self.hits.setdefault(trouble, []).append(at)
            return reply
        return self.well(asked, query)

    def well(self, asked: Asked, query: Mapping[str, str]) -> Reply:
        """Return a good answer, and note down what it shows; or what is said to whoever may not have it."""
        at = asked.at
        number = sum(one.begins <= at for one in self._expiries())
        if not self.is_open and asked.header(self.token_header) != f"{self.token_prefix}{self.token(number)}":
            for one in self._expiries():
                if one.is_on(at):
                    self.hits.setdefault(one, []).append(at)
            return self.reply(self.refused(), at)
        if self._peace is not None and at < self._peace:
            self.breaches.append(f"{at:%d %H:%M:%S}: asked before {self._peace:%d %H:%M:%S}, as was told")
        while self._asked and self._asked[0] <= at - self.window:
            self._asked.popleft()
        if len(self._asked) >= self.limit:
            self.breaches.append(f"{at:%d %H:%M:%S}: more than {self.limit} requests in {self.window}")
            return self.reply(self.limited(at, self._asked[0] + self.window), at)
        self._asked.append(at)
        page = self.answer(asked, query)
        told = self.told_limits(self.limit - len(self._asked), self._asked[0] + self.window)
        page = replace(page, headers={**told, **page.headers})
        self._given += page.shown
        return self.reply(page, at)

    def settle(self, *, heard: bool) -> None:
        """Take what was given since as shown, where whoever asked for it lives on, and not where they were killed."""
        for made in self._given if heard else ():
            self.truth.show(made.key)
        self._given = []

    def reply(self, page: Page, at: datetime) -> Reply:
        body = page.body
        if any(one.name == "numbers" and one.is_on(at) for one in self.troubles):
            body = with_fields(body, self.numbered, _turned)
        skew = next((_SKEWS[one.name] for one in self.troubles if one.name in _SKEWS and one.is_on(at)), timedelta())
        headers = {"Content-Type": "application/json", "Date": format_datetime(at + skew, usegmt=True), **page.headers}
        return Reply(page.status, headers, json.dumps(body).encode(), good=page.status == 200)

    def befall(self, trouble: Trouble, asked: Asked, query: Mapping[str, str]) -> Reply | None:
        """Return what comes of a request in trouble; None: nothing of it shows in this one."""
        at, first = asked.at, self.first(query)
        if trouble.name == "limited":
            self._peace = at + HOUR / 4
            return self.reply(self.limited(at, self._peace), at)
        if trouble.name == "error":
            return Reply(500, {"Content-Type": "text/html"}, b"<html><body>Something went wrong</body></html>")
        if trouble.name == "gateway":
            return Reply(200, {"Content-Type": "text/html"}, b"<html><body><h1>502 Bad Gateway</h1></body></html>")
        if trouble.name in ("silent", "reset"):
            return Reply(manner="silent" if trouble.name == "silent" else "reset")
        if trouble.name == "repeats":
            return None if first == query else self.reply(self.answer(asked, first), at)
        whole = self.reply(self.answer(asked, query), at)
        if whole.status != 200:
            return whole
        if trouble.name == "cut":
            return replace(whole, manner="cut", good=False)
        if trouble.name == "truncated":
            return replace(whole, body=whole.body[: len(whole.body) * 2 // 3], good=False)
        assert trouble.name == "shape"
        page = self.answer(asked, query)
        return self.reply(replace(page, body=with_fields(page.body, (self.essential,), _misshapen)), at)


# What is there without harm, and what it does to the clock of a service.
_SKEWS = {"ahead": timedelta(hours=1), "behind": timedelta(hours=-1)}
_HARMLESS = frozenset({"numbers", "expired", *_SKEWS})


def with_fields(value: Any, names: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """Return JSON with every field of these names changed."""
    if isinstance(value, list):
        return [with_fields(one, names, change) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: change(one) if name in names else with_fields(one, names, change) for name, one in value.items()}


def _turned(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if value.isdecimal() else value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _misshapen(value: Any) -> Any:
    return {"value": value, "format": 2}


def epoch(at: datetime) -> int:
    return int(at.timestamp())


def iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def milliseconds(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def address(base: str, path: str, query: Mapping[str, object]) -> str:
    return f"{base}{path}?{urlencode(query)}"
