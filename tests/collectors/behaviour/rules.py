"""What a polite reader of feeds keeps to, held against every request that came. Pure.

    exchanges of a month ─▶ judge ─▶ a Verdict for each rule: how often it was at stake, and each breach of it

An answer that a killed poller could not remember (`Exchange.forgotten`) may be asked for once more, whatever the rules
of time say: one request for each kill that hit one. Of the answer itself it is only asked that it does no harm.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

from overheard.collectors.fetching.fetch import site_of
from tests.collectors.behaviour.scripts import DAY, HOUR, START
from tests.collectors.behaviour.server import Exchange, Reply
from tests.collectors.behaviour.web import Web

# One thing that was to be seen to: "" where it was, else what was seen instead.
Checks = Iterator[str]
Rule = Callable[["Seen"], Checks]

MINUTE = timedelta(minutes=1)
_WITH_VALIDATORS = ("if-none-match", "if-modified-since")
_UNWANTED = ("cookie", "referer", "authorization", "from", "origin", "x-forwarded-for")
_MOST_IN_A_SECOND = 3
_TOLERANCE = timedelta(seconds=1)  # dates in headers have no fractions


@dataclass(frozen=True)
class Verdict:
    """How often a rule was at stake, and what was seen that breaks it."""

    rule: str
    checks: int
    breaches: Sequence[str]


class Seen:
    """All that came, in order: by address, by what is asked one at a time, and without the requests for robots.txt."""

    def __init__(self, web: Web, exchanges: Sequence[Exchange], contact: str, gap: timedelta) -> None:
        self.web, self.all, self.contact, self.gap = web, exchanges, contact, gap
        self.pages = [one for one in exchanges if one.asked.target != "/robots.txt"]
        self.by_url: dict[str, list[Exchange]] = {}
        self.by_site: dict[str, list[Exchange]] = {}
        for one in exchanges:
            self.by_url.setdefault(one.asked.url, []).append(one)
            self.by_site.setdefault(site_of(f"http://{one.asked.host}/"), []).append(one)

    def pairs(self) -> Iterator[tuple[Exchange, Exchange]]:
        """Yield each two requests for one address that follow each other, and of which the first is remembered."""
        for url, exchanges in self.by_url.items():
            if url.endswith("/robots.txt"):
                continue
            yield from ((first, then) for first, then in pairwise(exchanges) if not first.forgotten)


def judge(seen: Seen) -> list[Verdict]:
    """Hold all that was seen against every rule."""
    verdicts = []
    for name, rule in RULES.items():
        checks = list(rule(seen))
        verdicts.append(Verdict(name, len(checks), [check for check in checks if check]))
    return verdicts


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as lines to print."""
    width = max(len(one.rule) for one in verdicts)
    lines = [f"{'rule':{width}}  checks  breaches"]
    lines += [f"{one.rule:{width}}  {one.checks:6,}  {len(one.breaches):8,}" for one in verdicts]
    return "\n".join([*lines, *(f"  {one.rule}: {breach}" for one in verdicts for breach in one.breaches[:5])])


def _if(wrong: bool, what: str, *where: Exchange) -> str:
    places = "; ".join(f"{one.asked.url} {one.asked.at:%d %H:%M:%S} -> {one.reply.status}" for one in where)
    return f"{what} ({places})" if wrong else ""


def _wait(first: Exchange, then: Exchange, least: timedelta, why: str = "asked again") -> str:
    passed = then.asked.at - first.asked.at
    return _if(passed < least - _TOLERANCE, f"{why} after {passed}, not {least}", first, then)


# --- Each request -----------------------------------------------------------------------------------------------------


def _agent(seen: Seen) -> Checks:
    for one in seen.all:
        agent = one.asked.header("user-agent")
        yield _if(not (agent.startswith("Overheard/") and agent.endswith(f"(+{seen.contact})")), agent, one)


def _plain(seen: Seen) -> Checks:
    for one in seen.all:
        sent = [name for name in _UNWANTED if name in one.asked.headers]
        twice = [name for name, values in one.asked.headers.items() if len(values) > 1]
        yield _if(bool(sent or twice) or one.asked.method != "GET", f"{one.asked.method}, {sent}, {twice}", one)


def _encoding(seen: Seen) -> Checks:
    for one in seen.all:
        yield _if("gzip" not in one.asked.header("accept-encoding"), one.asked.header("accept-encoding"), one)


def _nothing_added(seen: Seen) -> Checks:
    for one in seen.pages:
        yield _if(one.asked.url not in seen.web.pages, "an address that nobody published", one)


# --- Validators -------------------------------------------------------------------------------------------------------

Validators = tuple[str, str]


def _sent(one: Exchange) -> Validators:
    etag, modified = (one.asked.header(name) for name in _WITH_VALIDATORS)
    return etag, modified


def _given(reply: Reply, before: Validators) -> Validators:
    """Return what a good answer leaves one with: a 304 may leave out what stays as it was."""
    kept = before if reply.status == 304 else ("", "")
    return reply.headers.get("ETag", kept[0]), reply.headers.get("Last-Modified", kept[1])


def _feeds(seen: Seen) -> Iterator[tuple[list[Exchange], str]]:
    """Yield the requests for each address that gives bodies."""
    for url, exchanges in seen.by_url.items():
        if not url.endswith("/robots.txt") and any(one.reply.good for one in exchanges):
            yield exchanges, url


def _byte_exact(seen: Seen) -> Checks:
    for exchanges, _ in _feeds(seen):
        allowed, latest = [("", "")], ("", "")
        for one in exchanges:
            sent = _sent(one)
            if any(sent):
                yield _if(sent not in allowed, f"sent {sent}, had {allowed}", one)
            if one.reply.good:
                given = _given(one.reply, latest)
                # A body that came without being asked by validators may be held against the old ones once more.
                once_more = [latest] if any(latest) and any(given) and not any(sent) else []
                allowed = [given, *once_more, *(allowed if one.forgotten else [])]
                latest = latest if one.forgotten else given


def _no_validators(seen: Seen) -> Checks:
    for first, then in seen.pairs():
        if first.reply.status == 200 and first.reply.good and not any(_given(first.reply, ("", ""))):
            yield _if(any(_sent(then)), f"sent {_sent(then)} after a body without them", first, then)


def _used(seen: Seen) -> Checks:
    """Where the validators work, a body is asked for without them once a day at most."""
    for exchanges, url in _feeds(seen):
        if url in seen.web.liars:
            continue
        latest, body_at = ("", ""), START
        for one in exchanges:
            if any(latest):
                early = not any(_sent(one)) and one.asked.at - body_at < DAY
                yield _if(early, f"validators {latest} were not used", one)
            if one.forgotten:
                latest = ("", "")
            elif one.reply.good:
                latest = _given(one.reply, latest)
                body_at = one.asked.at if one.reply.status == 200 else body_at


# --- When -------------------------------------------------------------------------------------------------------------


def _hourly(seen: Seen) -> Checks:
    for first, then in seen.pairs():
        if not any(_sent(then)) and not _is_redirect(first):
            yield _wait(first, then, HOUR)


def _floor(seen: Seen) -> Checks:
    for first, then in seen.pairs():
        if any(_sent(then)):
            yield _wait(first, then, 10 * MINUTE)


def _feed_owners(seen: Seen) -> Checks:
    """Of sites that post every few days: once an hour at most, and without validators (see `_used`) once a day."""
    for exchanges, url in _feeds(seen):
        page = seen.web.pages[url]
        if page.etag is None or page.bare or url in seen.web.liars or not _is_slow(page.posts):
            continue
        for first, then in pairwise(exchanges):
            if not first.forgotten and first.reply.good:
                yield _wait(first, then, HOUR)


def _is_slow(posts: Sequence[datetime]) -> bool:
    return len(posts) > 1 and (posts[-1] - posts[0]) / (len(posts) - 1) > 2 * DAY


def _retry_after(seen: Seen) -> Checks:
    for exchanges in seen.by_site.values():
        until, why = START, exchanges[0]
        for one in exchanges:
            if why.reply.headers.get("Retry-After"):
                yield _if(one.asked.at < until - _TOLERANCE, f"asked to be left alone until {until}", why, one)
            value = one.reply.headers.get("Retry-After", "")
            if value and not one.forgotten:
                wanted = (
                    one.asked.at + timedelta(seconds=int(value)) if value.isdigit() else parsedate_to_datetime(value)
                )
                until, why = max((until, why), (wanted, one), key=lambda pair: pair[0])


def _fresh(seen: Seen) -> Checks:
    for first, then in seen.pairs():
        page = seen.web.pages[first.asked.url]
        if page.asks and first.reply.good:
            yield _wait(first, then, page.asks, "asked for by headers or channel")


def _skipped(seen: Seen) -> Checks:
    for first, then in seen.pairs():
        page = seen.web.pages[first.asked.url]
        if page.skip_hours or page.skip_days:
            at = then.asked.at
            yield _if(at.hour in page.skip_hours or at.weekday() in page.skip_days, "hours to be skipped", then)


def _backs_off(seen: Seen) -> Checks:
    for exchanges, url in _feeds(seen):
        failures = 0
        for first, then in pairwise(exchanges):
            if first.forgotten or then.forgotten or _is_redirect(first):
                continue
            failures = 0 if first.reply.good else failures + 1
            if failures:
                yield _wait(first, then, min(HOUR * 2 ** (failures - 1), DAY), f"{url} failed {failures} times; asked")


def _retired(seen: Seen) -> Checks:
    for first, then in seen.pairs():
        if first.reply.status == 410:
            yield _wait(first, then, 7 * DAY)
    for url, exchanges in seen.by_url.items():
        if exchanges[-1].reply.status == 410:
            yield _if(
                sum(one.reply.status == 410 for one in exchanges) > 4, f"{url} was asked weekly at most", exchanges[-1]
            )


# --- Redirects --------------------------------------------------------------------------------------------------------


def _is_redirect(one: Exchange) -> bool:
    return one.reply.status in (301, 302, 307, 308)


def _remembered(seen: Seen) -> Checks:
    for url, exchanges in seen.by_url.items():
        moved = [
            one for one in exchanges if one.reply.status == 301 and one.reply.headers["Location"].startswith("http")
        ]
        for number, one in enumerate(one for one in moved if not one.forgotten):
            yield _if(number >= 3, f"{url} has moved, and was asked for the {number + 1}th time", one)


def _not_remembered(seen: Seen) -> Checks:
    for url, exchanges in seen.by_url.items():
        for one in exchanges:
            if one.reply.status == 302 and one.reply.headers["Location"].startswith("http"):
                there = one.reply.headers["Location"].removeprefix("http://").replace(":{port}", "")
                followed = [then for then in seen.by_url.get(there, ()) if then.asked.at >= one.asked.at]
                wait = followed[0].asked.at - one.asked.at if followed else 30 * DAY
                yield _if(
                    wait > HOUR and not one.forgotten, f"{url} leads elsewhere for now, which was not followed", one
                )
                yield _if(len(followed) > len(exchanges), f"{there} was asked without {url}", one)


def _circles(seen: Seen) -> Checks:
    for exchanges in seen.by_site.values():
        course: list[Exchange] = []
        for one in exchanges:
            if course and one.asked.at - course[-1].asked.at > 5 * MINUTE:
                course = []
            # Who was killed on the way begins again at the beginning.
            course = [*course, one] if _is_redirect(one) and not one.forgotten else []
            if course:
                yield _if(len(course) > 6, "more than five redirects were followed", *course[-2:])


# --- Sites ------------------------------------------------------------------------------------------------------------


def _one_at_a_time(seen: Seen) -> Checks:
    for one in seen.all:
        yield _if(one.at_once > 1, f"{one.at_once} requests at once", one)


def _gap(seen: Seen) -> Checks:
    for exchanges in seen.by_site.values():
        for first, then in pairwise(exchanges):
            if not first.forgotten:
                delay = max(seen.gap, seen.web.delays.get(first.asked.host, seen.gap))
                yield _wait(first, then, delay + _TOLERANCE)


def _shared_hosts(seen: Seen) -> Checks:
    """Blogs that share a registrable domain by name only do not wait for each other: both are asked at the start."""
    blogs = [exchanges for site, exchanges in seen.by_site.items() if site.endswith(".blogspot.com")]
    yield _if(len(blogs) != 2, "blogs on one domain were taken for one site")
    for exchanges in blogs:
        yield _if(exchanges[0].asked.at > START + MINUTE, "a blog waited for another", exchanges[0])


def _robots(seen: Seen) -> Checks:
    asked: dict[str, Exchange] = {}
    for one in seen.all:
        before = asked.get(one.asked.host)
        if one.asked.target == "/robots.txt":
            if before is not None:
                least = HOUR if before.reply.status >= 500 else 7 * DAY
                yield _wait(before, one, least, "robots.txt asked for again")
            if not one.forgotten:
                asked[one.asked.host] = one
        else:
            unknown = before is None or one.asked.at - before.asked.at > 8 * DAY
            yield _if(unknown, "asked without knowing robots.txt", one)
    for url in seen.web.closed:
        yield _if(bool(seen.by_url.get(url)), f"{url} is closed to robots")
    unruly = [one for one in seen.pages if one.asked.host == "unruly.example" and one.asked.at < START + 1.5 * DAY]
    yield _if(bool(unruly), "asked though robots.txt could not be had", *unruly[:1])


def _refusals(seen: Seen) -> Checks:
    for exchanges in seen.by_site.values():
        refused: set[str] = set()
        welcomed: set[str] = set()
        for first, then in pairwise(exchanges):
            if first.reply.good:
                welcomed.add(first.asked.url)
                refused = set()
            elif first.reply.status == 403 and "Retry-After" not in first.reply.headers and not first.forgotten:
                refused.add(first.asked.url)
                if len(refused & welcomed) >= 3:
                    yield _wait(first, then, HOUR, "403 for three sources of a site; asked")


def _liars(seen: Seen) -> Checks:
    """A source that lies is soon asked without validators alone; the one beside it goes on with them."""
    for url in seen.web.liars:
        bare = [one for one in seen.by_url.get(url, ()) if not any(_sent(one)) and one.asked.at > START + 14 * DAY]
        share = len(bare) / max(sum(one.asked.at > START + 14 * DAY for one in seen.by_url.get(url, ())), 1)
        yield _if(share < 0.5, f"{url} lies, and was believed: {share:.0%} of the requests went without validators")
    honest = [one for one in seen.by_url.get("liar.example/honest", ()) if one.asked.at > START + 14 * DAY]
    share = sum(any(_sent(one)) for one in honest) / max(len(honest), 1)
    yield _if(share < 0.7, f"an honest source had its validators used in {share:.0%} of the requests")


def _twice(seen: Seen) -> Checks:
    """What is configured twice is asked as often as its like that is configured once."""
    sources = Counter(seen.web.sources.values())
    for url in (url for url, number in sources.items() if number > 1):
        once = sum(not one.forgotten for one in seen.by_url.get("weak.example/feed", ()))
        asked = sum(not one.forgotten for one in seen.by_url.get(url, ()))
        yield _if(asked > 1.2 * once, f"{url} was asked {asked} times, its like {once} times")


def _jitter(seen: Seen) -> Checks:
    seconds: dict[datetime, set[str]] = defaultdict(set)
    for one in seen.pages:
        if one.asked.at > START + DAY:
            seconds[one.asked.at.replace(microsecond=0)].add(one.asked.host)
    for at, hosts in seconds.items():
        yield _if(len(hosts) > _MOST_IN_A_SECOND, f"{len(hosts)} sites were asked in one second, {at}")


RULES: dict[str, Rule] = {
    "an honest User-Agent with a contact": _agent,
    "GET; no cookies, referer, credentials; no header twice": _plain,
    "gzip is accepted": _encoding,
    "no address that nobody published, nothing added to it": _nothing_added,
    "validators byte for byte": _byte_exact,
    "no validators after a body without them": _no_validators,
    "validators used; a look without them daily at most": _used,
    "without validators hourly at most": _hourly,
    "with validators every ten minutes at most": _floor,
    "sites that post every few days: hourly at most": _feed_owners,
    "Retry-After kept in full, by all of the site": _retry_after,
    "Cache-Control, Expires and ttl kept": _fresh,
    "skipHours and skipDays kept": _skipped,
    "failures double the pause": _backs_off,
    "410 is left alone for a week": _retired,
    "301 remembered after three": _remembered,
    "302 not remembered": _not_remembered,
    "circles of redirects left": _circles,
    "one request at a time at a domain": _one_at_a_time,
    "a gap between two requests to a domain, Crawl-delay": _gap,
    "shared blog hosts by host": _shared_hosts,
    "robots.txt first, weekly, obeyed": _robots,
    "a run of 403 is the site's limit": _refusals,
    "a lying validator found out for its source alone": _liars,
    "one request for what is configured twice": _twice,
    "not all in one second": _jitter,
}
