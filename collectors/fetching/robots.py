"""What a host's robots.txt allows us (RFC 9309). Pure: from what came of asking for it.

answer ─▶ robots_after(known, answer, now) ─▶ Robots, kept ─▶ allows(…), delay(…)
"""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from protego import Protego

from overheard.collectors.fetching.fetch import Answer
from overheard.records import Fetch, Robots

# The product token that a robots.txt names us by.
TOKEN = "Overheard"  # noqa: S105
# RFC 9309, 2.4: not longer than a day, for what is crawled. A feed is a promise to be asked, by one request of ours at
# a time; to look at the rules before every few of these would double the requests.
PAGES = timedelta(days=1)
FEEDS = timedelta(days=7)
# A file that cannot be had forbids everything; asked for again after an hour, and given up after a month (2.3.1.4).
RETRY = timedelta(hours=1)
UNREACHABLE = timedelta(days=30)
# RFC 9309, 2.5: at least 500 KiB are read. Of these, what concerns us.
_LONGEST = 512 * 1024
_KEPT = 64 * 1024
# A Crawl-delay beyond this would keep a site's feeds from being asked in their rhythm; none of the known ones is.
_MAX_DELAY = timedelta(minutes=5)
_FIELD = re.compile(r"^\s*([a-z-]+)\s*:\s*(.*?)\s*(?:#.*)?$", re.IGNORECASE)


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL: what one robots.txt speaks for; "" where it has none."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower() if parts.netloc else ""
    except ValueError:
        return ""


def address_of(origin: str) -> str:
    """Return where the robots.txt of an origin is."""
    return f"{origin}/robots.txt"


def robots_after(known: Robots | None, answer: Answer, now: datetime) -> Robots:
    """Return what is known of an origin's rules after an answer to the request for them.

    A file: what it says. No file (4xx): everything may be asked. Out of reach (5xx, 429, no answer): what was known
    before holds for a week; else nothing may be asked, until it was out of reach for 30 days.
    """
    if answer.fetch is not None:
        return Robots(text=_ours(answer.fetch), at=now)
    if 400 <= answer.status < 500 and answer.status != 429:
        return Robots(at=now)
    if known is not None and not known.error and now - known.at < FEEDS + PAGES:
        return known
    since = known.since if known is not None and known.since is not None else now
    if now - since >= UNREACHABLE:
        return Robots(at=now)
    return Robots(at=now, error=answer.message or f"got {answer.status}", since=since)


def is_fresh(known: Robots | None, now: datetime, *, page: bool) -> bool:
    """True where the rules need not be asked for again before a request; `page`: for a page, not for a feed."""
    if known is None:
        return False
    return now - known.at < (RETRY if known.error else PAGES if page else FEEDS)


def refusal(known: Robots, url: str) -> str:
    """Return why a URL may not be asked, in plain words; "" where it may be."""
    host = urlsplit(url).netloc
    if known.error:
        return (
            f"expected the robots.txt of {host!r}, which says what may be asked there; {known.error}. Until it can be "
            "had nothing is asked"
        )
    if known.text and not _rules(known.text).can_fetch(url, TOKEN):
        return (
            f"expected to be welcome at {host!r}; its robots.txt asks robots not to fetch this address. Ask its owner "
            f"to allow {TOKEN}, or take the source out"
        )
    return ""


def delay(known: Robots | None) -> timedelta:
    """Return the pause between two requests that the rules ask for, five minutes at most; 0 where they do not."""
    asked = _rules(known.text).crawl_delay(TOKEN) if known is not None and known.text else None
    return min(timedelta(seconds=asked), _MAX_DELAY) if asked and 0 < asked < 1e6 else timedelta()


@lru_cache(maxsize=1_000)
def _rules(text: str) -> Protego:
    return Protego.parse(text)


def _ours(fetch: Fetch) -> str:
    """Return the groups for us, or, where there is none, those for everybody. A page of HTML has none."""
    text = fetch.body[:_LONGEST].decode("utf-8-sig", "replace")
    ours: list[str] = []
    everybody: list[str] = []
    agents: set[str] = set()
    in_rules = True
    for line in text.splitlines():
        match = _FIELD.match(line)
        if match is None:
            continue
        field, value = match[1].lower(), match[2]
        if field == "user-agent":
            if in_rules:
                agents, in_rules = set(), False
            agents.add(value.lower())
        elif field in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            for name, lines in ((TOKEN.lower(), ours), ("*", everybody)):
                if any(agent == name or agent.startswith(f"{name}/") for agent in agents):
                    lines.append(f"{field}: {value}")
    lines = ours or everybody
    if not lines:
        return ""
    rules = "\n".join(["user-agent: *", *lines])
    return rules if len(rules) <= _KEPT else rules[:_KEPT].rpartition("\n")[0]
