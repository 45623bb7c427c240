"""The sites of the simulated month: one for each rule and each fault, and what each of them says to robots."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from tests.collectors.behaviour import scripts as of
from tests.collectors.behaviour.scripts import DAY, END, HOUR, START, During, Fault, Page, daily, seldom
from tests.collectors.behaviour.server import Asked, Reply

WEEK = 7 * DAY
# A server that is not there is asked once a week at last: what came in the meantime is found then.
AWAY = WEEK + DAY


@dataclass(frozen=True)
class Web:
    """All pages by address, what each host says to robots (others 404), and names without an address, and when.

    `sources` are the addresses that are watched, by the name of the source.
    """

    pages: Mapping[str, Page]
    robots: Mapping[str, Callable[[datetime], Reply]]
    nameless: Mapping[str, tuple[datetime, datetime]]
    sources: Mapping[str, str]
    closed: Sequence[str] = ()
    liars: Sequence[str] = ()
    delays: Mapping[str, timedelta] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        if asked.target == "/robots.txt":
            rules = self.robots.get(asked.host)
            return rules(asked.at) if rules else Reply(404)
        page = self.pages.get(asked.url)
        return Reply(404) if page is None else page.reply(asked)

    def begun_at(self, url: str) -> str:
        """Return the address that is watched where this one is asked, in itself or at the end of redirects."""
        page = self.pages.get(url)
        return page.same_as or url if page is not None else url

    def owed(self) -> list[str]:
        """Return the links of all that had to be found."""
        watched = {url for url in self.sources.values() if url in self.pages and url not in self.closed}
        return [link for url in sorted(watched) for link in self.pages[url].owed(END)]


def during(fault: Fault, begins: float, ends: float = 30.0, *, harmless: bool = False) -> During:
    """A fault from one day of the month to another."""
    return During(fault, START + begins * DAY, START + ends * DAY, harmless)


def quoted(number: int) -> str:
    return f'"{number}"'


def http_date(number: int) -> str:
    return format_datetime(START - 30 * DAY + number * HOUR, usegmt=True)


def rules(text: str) -> Callable[[datetime], Reply]:
    return lambda at: Reply(200, {"Content-Type": "text/plain"}, text.encode())


def _unruly(at: datetime) -> Reply:
    return Reply(503) if at < START + 1.5 * DAY else Reply(404)


def web() -> Web:
    """Return the sites of the month."""
    same = daily(9.0)  # many sites of one rhythm
    often = daily(1.0, per_day=12, history=5)
    few = daily(3.0, per_day=4, history=10)
    pages = [
        Page("plain.example/feed", same),
        Page("also.example/feed", same),
        Page("again.example/rss.xml?format=rss&x=%2F", same),
        Page("weak.example/feed", same, etag=lambda n: f'W/"{n}"'),
        Page("unquoted.example/feed", daily(13), etag=lambda n: f"v-{n}-gzip"),
        Page(
            "odd.example/feed",
            daily(14),
            etag=lambda n: f'"a, b;{n}=\xe9\'"',
            modified=lambda n: f"2026-5-2 9:{n} (ours)",
        ),
        Page("dates.example/feed", daily(15), modified=http_date),
        Page("lower.example/feed", daily(16), modified=lambda n: f"sat, 2 may 26 9:{n} gmt+0"),
        Page("both.example/feed", daily(17), etag=quoted, modified=http_date),
        Page("sometimes.example/feed", daily(18), etag=quoted, modified=http_date, bare=True),
        Page("rachel.example/feed", seldom(5, 11), etag=quoted, modified=http_date),
        Page("monthly.example/feed", seldom(26, 4), etag=quoted),
        Page("busy.example/feed", often, etag=quoted),
        Page("busy-plain.example/feed", often),
        Page(
            "cached.example/feed", few, etag=quoted, headers={"Cache-Control": "public, max-age=21600"}, asks=6 * HOUR
        ),
        Page("expires.example/feed", few, faults=[during(of.expiring, 0, harmless=True)], asks=8 * HOUR),
        Page("ttl.example/feed", few, etag=quoted, channel="<ttl>300</ttl>", asks=5 * HOUR),
        Page(
            "skip.example/feed",
            few,
            etag=quoted,
            skip_hours=range(6),
            skip_days=[6],
            channel="<skipHours>"
            + "".join(f"<hour>{hour}</hour>" for hour in range(6))
            + "</skipHours><skipDays><day>Sunday</day></skipDays>",
        ),
        Page("dateless.example/feed", daily(12), etag=quoted, dated=False),
        Page("gzip.example/feed", daily(10.5), etag=quoted, zipped=True),
        Page(
            "seconds.example/feed",
            daily(2),
            etag=quoted,
            faults=[during(of.peace(429, 3 * 86_400), 5, 6), during(of.well, 6, 9)],
        ),
        Page("seconds.example/other", daily(5), etag=quoted, faults=[during(of.well, 5, 9)]),
        Page(
            "date.example/feed",
            daily(7),
            faults=[during(of.peace(503, 36_000, date=True), 7, 7.4), during(of.well, 7.4, 8)],
        ),
        Page(
            "forbids.example/feed",
            daily(8),
            faults=[during(of.peace(403, 86_400, date=True), 8, 8.4), during(of.well, 8.4, 9.5)],
        ),
        Page(
            "moved.example/feed",
            daily(6),
            faults=[during(of.away("http://moved-to.example:{port}/new", 301), 3, harmless=True)],
        ),
        Page("moved-to.example/new", daily(6), same_as="moved.example/feed"),
        Page(
            "for-now.example/feed",
            daily(6.5),
            faults=[during(of.away("http://elsewhere.example:{port}/now", 302), 0, harmless=True)],
        ),
        Page("elsewhere.example/now", daily(6.5), etag=quoted, same_as="for-now.example/feed"),
        Page("gone.example/feed", daily(19, until=START + 9 * DAY), faults=[during(of.status(410), 10)]),
        Page("circle.example/feed", daily(20), faults=[during(of.away("/round", 302), 4, 5)], patience=AWAY),
        Page("circle.example/round", faults=[during(of.away("/feed", 301), 0)], same_as="circle.example/feed"),
        *(Page(f"{host}.group.example/feed", daily(9), etag=quoted) for host in ("a", "b")),
        *(Page(f"group.example/{n}", daily(9)) for n in range(3)),
        *(Page(f"{host}.blogspot.com/feed", same, etag=quoted) for host in ("one", "two")),
        Page("closed.example/private/feed", same),
        Page("closed.example/feed", daily(21), etag=quoted),
        Page("unruly.example/feed", same, faults=[during(of.well, 0, 1.5)]),
        *(Page(f"refuses.example/{n}", few, faults=[during(of.status(403), 8, 9)], patience=2 * DAY) for n in range(5)),
        Page("by-itself.example/feed", daily(22), faults=[during(of.status(403), 14, 15)], patience=2 * DAY),
        Page("by-itself.example/other", daily(22.5), etag=quoted),
        Page(
            "liar.example/feed", daily(10), etag=quoted, faults=[during(of.lying, 6, harmless=True)], patience=4 * DAY
        ),
        Page("liar.example/honest", daily(11), etag=quoted),
        Page("constant.example/feed", daily(10), etag=lambda n: '"for-ever"', patience=4 * DAY),
        Page("twice.example/feed", same, etag=quoted),
        Page("error-page.example/feed", same, faults=[during(of.error_page, 9, 10)], patience=2 * DAY),
        Page("broken.example/feed", daily(5.5), faults=[during(of.broken_xml, 6, 7)], patience=2 * DAY),
        Page(
            "truncated.example/feed", daily(6.2), etag=quoted, faults=[during(of.truncated, 13, 14)], patience=2 * DAY
        ),
        Page("silent.example/feed", same, faults=[during(of.silent, 11, 11.5)], patience=2 * DAY),
        Page("drip.example/feed", same, faults=[during(of.drip, 11, 11.5)], patience=2 * DAY),
        Page("reset.example/feed", same, faults=[during(of.reset, 18, 19)], patience=2 * DAY),
        Page("error.example/feed", same, etag=quoted, faults=[during(of.status(500), 21, 22.5)], patience=3 * DAY),
        Page("bomb.example/feed", same, faults=[during(of.bomb, 15, 16)], patience=AWAY),
        Page("endless.example/feed", same, faults=[during(of.endless, 16, 16.5)], patience=AWAY),
        Page("missing.example/feed", same, faults=[during(of.status(404), 17, 18)], patience=AWAY),
        Page("nameless.example/feed", same, etag=quoted, faults=[during(of.well, 20, 22)], patience=3 * DAY),
    ]
    by_url = {page.url: page for page in pages}
    followed = {"moved-to.example/new", "elsewhere.example/now", "circle.example/round"}
    sources = {f"s{n:02} {url}": url for n, url in enumerate(by_url) if url not in followed}
    return Web(
        by_url,
        {
            "closed.example": rules("User-agent: *\nDisallow: /private/\n"),
            "group.example": rules("User-agent: *\nCrawl-delay: 20\n"),
            "unruly.example": _unruly,
        },
        {"nameless.example": (START + 20 * DAY, START + 22 * DAY)},
        sources | {"the same again": "twice.example/feed", "expired": "expired.example/feed"},
        closed=["closed.example/private/feed"],
        liars=["liar.example/feed", "constant.example/feed"],
        delays={"group.example": timedelta(seconds=20)},
    )
