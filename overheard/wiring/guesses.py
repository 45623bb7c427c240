"""What kind of source an address is: by what it is on its face, else by what its site says of itself."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from overheard.collectors.base import Source
from overheard.collectors.communities.community import Community
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching import robots
from overheard.collectors.fetching.fetch import Answer, Fetcher
from overheard.collectors.files import PostFile
from overheard.collectors.pages.discovery import discover, guesses, looks_like_feed, looks_like_sitemap
from overheard.collectors.pages.sitemap import Sitemap
from overheard.collectors.pages.watched import WatchedPage
from overheard.errors import InputError
from overheard.records import Fetch, Robots
from overheard.web.newsource import Guess

# Feeds that are asked for where a page names none: somebody waits.
_GUESSES = 3
# What files of posts are called (`collectors.files`); JSON alone may be anything.
_ROWS = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "text/csv"})
_ENDS = (".ndjson", ".jsonl", ".csv")
# How a path on one's own disk begins.
_PATHS = ("./", "../", "/", "~", "file:")
_NODEINFO = "/.well-known/nodeinfo"


def guessed(typed: str, kinds: Mapping[str, type[Source]], fetcher: Fetcher, clock: Callable[[], datetime]) -> Guess:
    """Return what an address is most likely meant as: a service's, a feed, a sitemap, a file of posts, a page.

    What is not known by the address is asked, as its robots.txt allows. Raises InputError where there is nothing.
    """
    url = _address(typed)
    if found := _like(kinds, url, ""):
        return found
    site = _Site(fetcher, clock)
    answer = site.ask(url)
    if answer.fetch is None:
        msg = f"expected something to read at {url}; {answer.message}. Check the address, or name the kind"
        raise InputError(msg)
    there, body = answer.fetch.final_url or url, answer.fetch.body
    if looks_like_feed(body):
        return Guess(Feed.kind, {"url": there}, "It is a feed.")
    if looks_like_sitemap(body):
        return Guess(Sitemap.kind, {"url": there}, "It is a sitemap.")
    if _is_file(answer.fetch):
        return Guess(PostFile.kind, {"url": there}, "It is a file of posts.")
    page = discover(body, answer.fetch.headers, there)
    for software in (page.generator.lower().partition(" ")[0], site.software(there)):
        if software and (found := _like(kinds, there, software)):
            return Guess(found.kind, found.given, f"Its site runs {software.capitalize()}.")
    if page.feeds:
        named = f" called {page.feeds[0].title!r}" if page.feeds[0].title else ""
        return Guess(Feed.kind, {"url": page.feeds[0].url}, f"The page names a feed{named}.")
    for one in [one for one in guesses(there, page, body) if not one.comments][:_GUESSES]:
        answer = site.ask(one.url)
        if answer.fetch is not None and looks_like_feed(answer.fetch.body):
            return Guess(Feed.kind, {"url": one.url}, "Its site has a feed.")
    return Guess(WatchedPage.kind, {"url": there}, "It is a page; no feed of it was found.")


def _is_file(fetch: Fetch) -> bool:
    """True where an address holds rows, by its name or what the server calls it."""
    called = fetch.headers.get("content-type", "").partition(";")[0].strip().lower()
    return called in _ROWS or urlsplit(fetch.final_url or fetch.url).path.lower().endswith(_ENDS)


def _like(kinds: Mapping[str, type[Source]], url: str, software: str) -> Guess | None:
    """Return the first kind that knows an address as its own, those of services first."""
    services = sorted(kinds.items(), key=lambda one: not issubclass(one[1], Community))
    for name, kind in services:
        if (found := kind.like(url, software)) is not None:
            return Guess(name, {key: _text(value) for key, value in found.items()})
    return None


def _text(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _address(typed: str) -> str:
    text = typed.strip()
    if text.startswith(_PATHS):
        msg = (
            f"expected a kind of source, or an http(s) address; got {typed[:100]!r}. A file of posts on this machine "
            "is brought in with `overheard import`"
        )
        raise InputError(msg)
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if parts.scheme not in ("http", "https") or not host or " " in url:
        raise InputError(f"expected a kind of source, or an http(s) address; got {typed[:100]!r}")
    if parts.username or parts.password:
        raise InputError("expected an address without user name and password; got one with them")
    return url


class _Site:
    """Asks for what a site allows robots to ask; its rules are asked for once."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], datetime]) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._known: dict[str, Robots] = {}

    def ask(self, url: str) -> Answer:
        """Return what came of an address."""
        origin = robots.origin_of(url)
        if origin not in self._known:
            answer = self._fetcher.fetch("", robots.address_of(origin))
            if answer.kind == "refused" and not answer.status:
                return answer  # an address that may not be asked at all is no robots.txt that cannot be had
            self._known[origin] = robots.robots_after(None, answer, self._clock())
        refusal = robots.refusal(self._known[origin], url)
        return Answer("refused", message=refusal) if refusal else self._fetcher.fetch("", url)

    def software(self, url: str) -> str:
        """Return what runs there as the site itself says (NodeInfo 2.1), which is made for programs; "" for nothing."""
        listed = self._json(f"{robots.origin_of(url)}{_NODEINFO}")
        links = listed.get("links") if isinstance(listed, dict) else None
        hrefs = [one.get("href") for one in links if isinstance(one, dict)] if isinstance(links, list) else []
        href = next((one for one in reversed(hrefs) if isinstance(one, str)), "")
        there = urljoin(url, href)
        if not href or robots.origin_of(there) != robots.origin_of(url):
            return ""
        said = self._json(there)
        software = said.get("software") if isinstance(said, dict) else None
        name = software.get("name") if isinstance(software, dict) else None
        return name.lower()[:40] if isinstance(name, str) else ""

    def _json(self, url: str) -> object:
        answer = self._fetcher.fetch("", url)
        try:
            return json.loads(answer.fetch.body) if answer.fetch is not None else None
        except (ValueError, RecursionError):
            return None
