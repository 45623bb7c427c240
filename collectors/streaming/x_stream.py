"""X's filtered stream: every public post that one of one's rules finds, as it is said.

https://docs.x.com/x-api/posts/filtered-stream/introduction
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from msgspec import Meta

from overheard.collectors.base import Budget, Reading, Terms
from overheard.collectors.communities import x
from overheard.collectors.communities.community import Address, placed, value_in, with_query
from overheard.collectors.communities.fields import Item, document, unexpected
from overheard.collectors.markup import one_line, shorten
from overheard.collectors.streaming.stream import Door, Gap, Known, Sifted, Stream, let_in, read_frames
from overheard.records import Fetch, Mention, Policy
from overheard.text import clean

_EXPECTED = "posts of X's filtered stream"
# The most and the fewest posts that a search can be asked for, and how many a post is at most with what it answers or
# quotes: all that an answer holds is paid for.
_MOST, _LEAST = 100, 10
_WITH_OTHERS = 3
# The recent search goes back seven days, and refuses what is older, or of the last seconds.
_RECENT = timedelta(days=7) - timedelta(minutes=5)
# The newest ones may have come out of their order.
_REWIND = timedelta(seconds=60)

Rule = Annotated[str, Meta(min_length=1, max_length=2_048)]


class XStream(Stream, frozen=True, kw_only=True):
    """All public posts that one of `rules` finds, each as X's rules of the filtered stream are written.

    Its rules bear its name at X; those of others, and of other programs, are left alone. `backfill`: what was paid for
    lets a connection go back by up to five minutes (`backfill_minutes`). `budget` is how many posts may be told in a
    month to all sources with its token, `price` what a thousand of them cost.
    """

    kind = "x_stream"
    complaints = x.X.complaints
    token_from = "A bearer token of an app of yours: https://developer.x.com/en/portal/dashboard."  # noqa: S105
    kind_terms = Terms("https://docs.x.com/developer-terms/policy", date(2026, 11, 23))
    kind_policy = Policy(export="nothing", terms=kind_terms.url, read_on=kind_terms.read_on)
    asks = {
        "rules": "What is looked for, as X writes rules: paperfold -is:retweet.",
        "backfill": "Whether what was said in the last minutes of an absence is told too; not every plan has that.",
        "budget": "How many posts may be read in a month; each one costs.",
        "price": "What 1,000 posts cost, to tell what is spent.",
        "api": "Where it is asked, where that is not the service's own address.",
    }
    transport = "lines"
    platform = x.PLATFORM
    found_backwards = True
    # It sends an empty line each 20 seconds.
    silence = 25.0

    rules: Annotated[tuple[Rule, ...], Meta(max_length=1_000)] = ()
    backfill: bool = False
    budget: Annotated[int, Meta(ge=0)] | None = None
    price: Annotated[float, Meta(ge=0)] | None = None
    api: Annotated[Address, Meta(min_length=1)] = "https://api.x.com/2"

    def address(self) -> str:
        """Return where to connect (`Community.address`)."""
        self.need_token()
        if not self.rules:
            raise ValueError("expected `rules`, at least one, such as 'paperfold -is:retweet'; got none")
        return f"{self.api.rstrip('/')}/tweets/search/stream?{urlencode(x.FIELDS)}"

    def opening(self, cursor: str) -> str:
        """Return where to connect (`Stream.opening`)."""
        return with_query(self.url, backfill_minutes=5) if cursor and self.backfill else self.url

    @property
    def allowance(self) -> Budget | None:
        """The posts that may be told in a month (`Source.allowance`)."""
        return None if self.budget is None else Budget(self.budget, "posts", "month", self.price)

    def within(self, url: str, left: int) -> tuple[str, int]:
        """Return that it is listened to as long as anything is left (`Source.within`).

        A search for what was missed is for so many posts as may be read, with those that come along.
        """
        if not url.startswith(self._recent):
            return (url, 0) if left > 0 else ("", 0)
        count = min(left // _WITH_OTHERS, _MOST)
        return (with_query(url, max_results=count), count * _WITH_OTHERS) if count >= _LEAST else ("", 0)

    @property
    def _recent(self) -> str:
        return f"{self.api.rstrip('/')}/tweets/search/recent"

    @property
    def asked_first(self) -> str:
        """The address of the rules (`Stream.asked_first`)."""
        return f"{self.api.rstrip('/')}/tweets/search/stream/rules"

    @property
    def mark(self) -> str:
        """What its rules are tagged with at X."""
        return f"overheard:{self.name}"

    def changes(self, rules: Fetch) -> Sequence[Any]:
        """Return what brings the rules at X in line with the settings (`Stream.changes`)."""
        found = document(rules, "rules of X's filtered stream")
        if not isinstance(found, dict) or not ({"data", "meta"} & found.keys()):
            raise unexpected(rules, found, "rules of X's filtered stream")
        there = [Item(one) for _, one in placed(found.get("data")) if isinstance(one, dict)]
        mine = {one.text_if_any("value"): one.id_if_any("id") for one in there if one.raw("tag") == self.mark}
        gone = [id_ for value, id_ in mine.items() if value not in self.rules and id_]
        new = [{"value": value, "tag": self.mark} for value in dict.fromkeys(self.rules) if value not in mine]
        # First what is not wanted any more: there may be no room for more.
        return [*([{"delete": {"ids": gone}}] if gone else []), *([{"add": new}] if new else [])]

    def refusal(self, answer: bytes) -> str:
        """Return why X did not take a rule (`Stream.refusal`). One that somebody else has there already does."""
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            return ""
        errors = found.get("errors") if isinstance(found, dict) else None
        for _, one in placed(errors):
            title = Item(one).text_if_any("title") if isinstance(one, dict) else ""
            if isinstance(one, dict) and title != "DuplicateRule":
                item = Item(one)
                details = [text for text in item.texts("details") if text] or [item.text_if_any("detail") or title]
                value = shorten(one_line(item.text_if_any("value")), 100)
                return f"expected rules that X takes; it says of {value!r}: {shorten(one_line(details[0]), 300)}"
        return ""

    def time_of(self, cursor: str) -> datetime | None:
        """Return the time of the newest post that came (`Stream.time_of`)."""
        return datetime.fromtimestamp(int(cursor) / 1_000, UTC) if cursor.isdigit() else None

    def begin(self, at: datetime) -> str:
        """Return a time as a cursor (`Stream.begin`)."""
        return str(int(at.timestamp() * 1_000))

    def missed(self, cursor: str, now: datetime) -> str:
        """Return where to ask for what its rules would have found since a cursor (`Stream.missed`)."""
        left = self.time_of(cursor)
        if left is None:
            return ""
        if self.backfill and now - left < timedelta(minutes=5):
            return ""
        return self._search(max(left - _REWIND, now - _RECENT))

    def gap(self, cursor: str, first: datetime | None, now: datetime) -> Gap | None:
        """Return what lies before all that the recent search still has (`Stream.gap`)."""
        del first
        left = self.time_of(cursor)
        if left is None or now - left < _RECENT:
            return None
        why = "X's recent search goes back seven days. What was paid for may let you search all of X, by hand"
        return Gap(left, now - _RECENT, why)

    def units(self, frames: Sequence[bytes]) -> int:
        """Return how many posts came, those that came along among them (`Stream.units`)."""
        return sum(_posts_in(frame) for frame in frames)

    def _search(self, since: datetime) -> str:
        query = {
            "query": self.rules[0],
            "start_time": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "max_results": _MOST,
            **x.FIELDS,
        }
        return f"{self._recent}?{urlencode(query)}"

    def found(self, fetch: Fetch) -> tuple[Sequence[bytes], str]:
        """Return the posts of a search as messages, and where more are: of this rule, then of the next one."""
        found = document(fetch, "posts of the X API v2")
        if not isinstance(found, dict) or not ({"data", "meta"} & found.keys()):
            raise unexpected(fetch, found, "posts of the X API v2")
        frames = [_message(one, Item(found), self.mark) for _, one in placed(found.get("data"))]
        meta = found.get("meta")
        token = Item(meta).text_if_any("next_token") if isinstance(meta, dict) else ""
        if token:
            return frames, with_query(fetch.url, next_token=token)
        asked = value_in(fetch.url, "query")
        after = self.rules.index(asked) + 1 if asked in self.rules else len(self.rules)
        if after == len(self.rules):
            return frames, ""
        return frames, with_query(fetch.url, query=self.rules[after], next_token=None)

    def parting(self, frame: bytes) -> str:
        """Return the words with which X ends a stream (`Stream.parting`)."""
        if not frame.startswith(b"{") or b'"errors"' not in frame[:20]:
            return ""
        try:
            found = json.loads(frame)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(found, dict) or found.get("data") is not None:
            return ""
        first = next((Item(one) for _, one in placed(found.get("errors")) if isinstance(one, dict)), Item({}))
        return shorten(one_line(clean(first.text_if_any("detail") or first.text_if_any("title") or "an error")), 300)

    def sift(self, frames: Sequence[bytes], door: Door, known: Known, now: datetime) -> Sifted:
        """Return the posts that its own rules found (`Stream.sift`)."""
        mine = [frame for frame in frames if self._is_mine(frame)]
        passing, read, odd, readings = let_in(self, mine, door, known, now, all_of_it=True)
        times = [_said_at(mine[place], one) for place, reading in readings.items() for one in reading.mentions]
        said = [time for time in times if time is not None and time <= now + timedelta(minutes=5)]
        reached = max(said, default=None)
        return Sifted(
            passing,
            read=read,
            units=self.units(frames),
            cursor="" if reached is None else self.begin(reached),
            oldest=min(said, default=None),
            reached=reached,
            odd=odd,
        )

    def _is_mine(self, frame: bytes) -> bool:
        """True unless a message says that rules found it of which none is of this source."""
        try:
            found = json.loads(frame)
        except (ValueError, RecursionError):
            return True
        rules = found.get("matching_rules") if isinstance(found, dict) else None
        tags = [one.get("tag") for _, one in placed(rules) if isinstance(one, dict)]
        return not tags or self.mark in tags

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts of messages (`Source.read`)."""
        return read_frames(fetch, _EXPECTED, lambda item: x.post_in(fetch, item))


def _said_at(frame: bytes, mention: Mention) -> datetime | None:
    """Return when a message was said that was read: who shares a post does so later than it was posted."""
    shared = Item(json.loads(frame)).item_if_any("data").time_if_any("created_at")
    return max(filter(None, (shared, mention.updated or mention.published)), default=None)


def _posts_in(frame: bytes) -> int:
    """Return how many posts a message holds, each once; one for what cannot be read."""
    try:
        found = json.loads(frame)
    except (ValueError, RecursionError):
        return 1
    whole = Item(found if isinstance(found, dict) else {})
    posts = [whole.item_if_any("data"), *whole.item_if_any("includes").items("tweets")]
    return max(len({id_ for one in posts if (id_ := one.id_if_any("id"))}), 1)


def _message(post: Any, found: Item, mark: str) -> bytes:
    """Return a post of a search as a message of the stream, with what came along for it alone."""
    of_it = Item(post if isinstance(post, dict) else {})
    along = found.item_if_any("includes")
    named = {one.id_if_any("id") for one in of_it.items("referenced_tweets")}
    posts = [one.value for one in along.items("tweets") if one.id_if_any("id") in named]
    authors = {of_it.id_if_any("author_id"), *(Item(one).id_if_any("author_id") for one in posts)}
    keys = set(of_it.item_if_any("attachments").texts("media_keys"))
    message = {
        "data": post,
        "includes": {
            "users": [one.value for one in along.items("users") if one.id_if_any("id") in authors],
            "tweets": posts,
            "media": [one.value for one in along.items("media") if one.text_if_any("media_key") in keys],
        },
        # Why what it shares or answers is not there.
        "errors": [one.value for one in found.items("errors") if x.missed(one) in named],
        "matching_rules": [{"tag": mark}],
    }
    return json.dumps(message).encode()
