"""What the sites of the simulated month do: when they post, which validators they give, and what befalls them when.

Each script is a function from a request to a reply that depends on the simulated time alone, so that it can also tell
what was there to be had.
"""

import gzip
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.collectors.behaviour.server import Asked, Reply

START = datetime(2026, 5, 4, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = START + 30 * DAY
SHOWN = 15

Fault = Callable[["Page", Asked], Reply]
ETag = Callable[[int], str]


@dataclass(frozen=True)
class During:
    """A fault and when it is there. `harmless`: what is posted can be had all the same."""

    fault: Fault
    begins: datetime = START
    ends: datetime = END
    harmless: bool = False


@dataclass(frozen=True)
class Page:
    """One address with a feed. `posts` are when its entries appear, in order; the last `SHOWN` are shown.

    `etag` and `modified` make a validator of the number of posts there are, None: it has none; `bare` (numbers of
    posts) are those for which a body comes without them. `headers` go with every good answer, `channel` into the feed.
    `patience`: how long an entry must have been there to be had before its absence is a loss. `same_as`: the address
    whose entries these are. `asks`, `skip_hours` and `skip_days` are the pause and the hours that headers or channel
    ask for.
    """

    url: str
    posts: Sequence[datetime] = ()
    etag: ETag | None = None
    modified: ETag | None = None
    bare: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    channel: str = ""
    faults: Sequence[During] = ()
    patience: timedelta = timedelta(hours=36)
    dated: bool = True
    zipped: bool = False
    same_as: str = ""
    asks: timedelta = timedelta()
    skip_hours: Collection[int] = ()
    skip_days: Collection[int] = ()

    @property
    def host(self) -> str:
        return self.url.partition("/")[0]

    def link(self, number: int) -> str:
        return f"https://posts.example/{self.same_as or self.url}/{number}"

    def count(self, now: datetime) -> int:
        return sum(post <= now for post in self.posts)

    def reply(self, asked: Asked) -> Reply:
        for one in self.faults:
            if one.begins <= asked.at < one.ends:
                return one.fault(self, asked)
        return self.well(asked)

    def well(self, asked: Asked, *, at: datetime | None = None) -> Reply:
        number = self.count(at or asked.at)
        headers = dict(self.headers)
        validators = self.validators(number)
        headers |= validators
        sent = {"ETag": asked.header("if-none-match"), "Last-Modified": asked.header("if-modified-since")}
        if validators and all(sent[name] == value for name, value in validators.items()):
            return Reply(304, headers, good=True)
        body = self.body(number)
        if self.zipped:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body)
        return Reply(200, headers | {"Content-Type": "application/rss+xml"}, body, good=True)

    def validators(self, number: int) -> dict[str, str]:
        if self.bare and number % 2:
            return {}
        pairs = (("ETag", self.etag), ("Last-Modified", self.modified))
        return {name: make(number) for name, make in pairs if make is not None}

    def body(self, number: int) -> bytes:
        items = "".join(self.item(i) for i in range(number - 1, max(number - 1 - SHOWN, -1), -1))
        return f"<rss version='2.0'><channel><title>{self.url}</title>{self.channel}{items}</channel></rss>".encode()

    def item(self, number: int) -> str:
        date = f"<pubDate>{format_datetime(self.posts[number])}</pubDate>" if self.dated else ""
        return f"<item><link>{self.link(number)}</link><title>Post {number} of {self.url}</title>{date}</item>"

    def owed(self, until: datetime) -> list[str]:
        """Return the links of all entries that anybody would have seen who looked as often as he ought to."""
        last = until - self.patience
        owed = []
        for number, post in enumerate(self.posts):
            pushed_out = self.posts[number + SHOWN] if number + SHOWN < len(self.posts) else END
            if any(begins <= last and ends - begins >= self.patience for begins, ends in self._up(post, pushed_out)):
                owed.append(self.link(number))
        return owed

    def _up(self, begins: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
        """Return the spans within one in which all is well."""
        begins = max(begins, START)
        spans = []
        for fault in sorted((one for one in self.faults if not one.harmless), key=lambda one: one.begins):
            if fault.begins < ends and fault.ends > begins:
                spans.append((begins, fault.begins))
                begins = max(begins, fault.ends)
        return [*spans, (begins, ends)]


# --- When they post ---------------------------------------------------------------------------------------------------


def daily(hour: float, *, per_day: float = 1.0, history: int = 20, until: datetime = END) -> list[datetime]:
    """Posts every 24/`per_day` hours, within half an hour of it, from `history` days before the month."""
    rng = random.Random(f"{hour} {per_day}")
    gap = 24 / per_day
    at = [
        START + timedelta(hours=hour - 24 * history + n * gap, minutes=rng.uniform(-30, 30))
        for n in range(int((history + 31) * per_day))
    ]
    return sorted(one.replace(microsecond=0) for one in at if one < until)


def seldom(days: float, hour: float) -> list[datetime]:
    return daily(hour, per_day=1 / days, history=120)


# --- What they answer -------------------------------------------------------------------------------------------------


def status(code: int, **headers: str) -> Fault:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda page, asked: Reply(code, sent, b"<html>sorry</html>")


def peace(code: int, seconds: int, *, date: bool = False) -> Fault:
    """Ask to be left alone for so long, in seconds or as a date."""

    def reply(page: Page, asked: Asked) -> Reply:
        until = asked.at + timedelta(seconds=seconds)
        return Reply(code, {"Retry-After": format_datetime(until, usegmt=True) if date else str(seconds)})

    return reply


def away(there: str, code: int) -> Fault:
    return lambda page, asked: Reply(code, {"Location": there})


def lying(page: Page, asked: Asked) -> Reply:
    """Say 304 to whoever sends a validator, whatever was posted; a body is right."""
    if asked.header("if-none-match"):
        return Reply(304, {"ETag": asked.header("if-none-match")}, good=True)
    return page.well(asked)


def well(page: Page, asked: Asked) -> Reply:
    """Answer as ever: a fault that is only that nobody may ask."""
    return page.well(asked)


def expiring(page: Page, asked: Asked) -> Reply:
    """Answer well, and say by `Expires` that this holds for as long as `Page.asks`."""
    good = page.well(asked)
    dates = {
        "Date": format_datetime(asked.at, usegmt=True),
        "Expires": format_datetime(asked.at + page.asks, usegmt=True),
    }
    return Reply(good.status, {**good.headers, **dates}, good.body, good=True)


def error_page(page: Page, asked: Asked) -> Reply:
    return Reply(200, {"Content-Type": "text/html"}, b"<!doctype html><html><body><h1>Database down</h1></body></html>")


def bomb(page: Page, asked: Asked) -> Reply:
    return Reply(200, {"Content-Encoding": "gzip"}, _BOMB)


def broken_xml(page: Page, asked: Asked) -> Reply:
    return Reply(200, {"Content-Type": "application/rss+xml"}, bytes(range(256)) * 4)


def truncated(page: Page, asked: Asked) -> Reply:
    return Reply(200, page.headers, page.body(page.count(asked.at)), "cut")


def silent(page: Page, asked: Asked) -> Reply:
    return Reply(manner="silent")


def drip(page: Page, asked: Asked) -> Reply:
    return Reply(200, {}, b"<rss>", "drip")


def endless(page: Page, asked: Asked) -> Reply:
    return Reply(200, {}, b"<rss>", "endless")


def reset(page: Page, asked: Asked) -> Reply:
    return Reply(manner="reset")


_BOMB = gzip.compress(b" " * 30_000_000)
