"""Where a site says what is new: feeds, sitemaps and webmention endpoint of a page; what to try for a bare domain.

Pure: it reads what came and says what to ask. What a page names is found; what sites of its kind have is guessed, and
counts once it was asked and `looks_like_feed`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlsplit

from overheard.collectors.markup import one_line, shorten
from overheard.collectors.pages.html import base_of, decode, join, parse, rels
from overheard.errors import InputError
from overheard.text import clean
from overheard.urls import ascii_host, canonical_url, registrable_domain

MAX_FOUND = 20
_MAX_TITLE = 200

_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
# Types that feeds have and much else too: they count where the address looks like a feed's.
_LOOSE_TYPES = frozenset(
    {"", "text/xml", "application/xml", "application/json", "text/rss+xml", "text/rss", "text/atom"}
)
_FEED_PATH = re.compile(
    r"(?:/|\.)(?:feed|rss|rss2|atom|rdf|jsonfeed)(?:\.xml|\.json|\.php|\.aspx)?/?$"
    r"|/(?:feed|rss|atom|index|posts|news|blog|all|latest|blog-feed)\.(?:xml|rdf|rss|atom)$"
    r"|/feeds?/(?:posts|videos|questions?|tag|user|all|news|rss|atom|default)\b"
    r"|/feed\.json$",
    re.IGNORECASE,
)
_FEED_QUERY = re.compile(
    r"(?:^|&)(?:feed=(?:rss2?|atom|rdf)|format=(?:rss|atom|feed)|type=(?:rss2?|atom)|alt=(?:rss|atom))(?:&|$)",
    re.IGNORECASE,
)
# What leads to a service that reads feeds, or explains them, is none.
_NO_FEED_HOST = re.compile(
    r"(?:^|\.)(?:feedly\.com|inoreader\.com|newsblur\.com|netvibes\.com|bloglovin\.com|add\.my\.yahoo\.com)$"
)
_COMMENTS = re.compile(
    r"\bcomments?\b|\bkommentar\w*|\bcommentaires?\b|\bcomentarios?\b|\bcoment[áa]rios?\b|\bcommenti\b|\breacties?\b"
    r"|комментари|コメント|评论|댓글|\breplies\b",
    re.IGNORECASE,
)
_FEED_BODY = re.compile(rb"<(?:\w{1,20}:)?(?:rss|feed|RDF)[\s>]|https?://(?:www\.)?jsonfeed\.org/version/")
_SITEMAP_BODY = re.compile(rb"<(?:\w{1,20}:)?(?:urlset|sitemapindex)[\s>]")
_LINK_HEADER = re.compile(
    r"""<([^<>]{0,2048})>((?:\s*;\s*[\w!#$&+.^`|~*-]{1,40}\s*(?:=\s*(?:"[^"]{0,500}"|[^\s",;]{0,500}))?){0,20})"""
)
_LINK_PARAMETER = re.compile(r""";\s*([\w*-]{1,40})\s*=\s*(?:"([^"]{0,500})"|([^\s",;]{0,500}))""")
_ROBOTS_SITEMAP = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S{1,2048})", re.IGNORECASE | re.MULTILINE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}:(?=//)", re.IGNORECASE)
_FEED_SCHEME = re.compile(r"^feed:(?://(?=https?://))?(?=https?:)|^(?:feed|rss|itpc|pcast):(?=//)", re.IGNORECASE)
_CHANNEL = re.compile(
    r"""(?:"(?:channelId|externalId)"\s*:\s*"|itemprop=["'](?:identifier|channelId)["'] content=["']|/channel/)"""
    r"(UC[\w-]{22})"
)

_COMMON_FEEDS = (
    "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/blog/feed", "/blog/rss.xml",
    "/news/feed", "/news/rss.xml",
)  # fmt: skip
_COMMON_SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml", "/news-sitemap.xml", "/sitemap-news.xml", "/sitemap.xml.gz")
# What the generators of sites name themselves, and where their feeds are: of posts, and of comments.
_BY_GENERATOR: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("wordpress", ("/feed/",), ("/comments/feed/",)),
    ("ghost", ("/rss/",), ()),
    ("blogger", ("/feeds/posts/default",), ("/feeds/comments/default",)),
    ("discourse", ("/latest.rss",), ("/posts.rss",)),
    ("hugo", ("/index.xml",), ()),
    ("jekyll", ("/feed.xml",), ()),
    ("eleventy", ("/feed/feed.xml", "/feed.xml"), ()),
    ("astro", ("/rss.xml",), ()),
    ("gatsby", ("/rss.xml",), ()),
    ("hexo", ("/atom.xml",), ()),
    ("pelican", ("/feeds/all.atom.xml",), ()),
    ("drupal", ("/rss.xml",), ()),
    ("joomla", ("/?format=feed&type=rss",), ()),
    ("typo3", ("/rss.xml",), ()),
    ("squarespace", ("/blog?format=rss", "/?format=rss"), ()),
    ("wix", ("/blog-feed.xml",), ()),
    ("shopify", ("/blogs/news.atom",), ()),
    ("hubspot", ("/blog/rss.xml", "/rss.xml"), ()),
    ("webflow", ("/blog/rss.xml",), ()),
    ("mediawiki", ("/index.php?title=Special:RecentChanges&feed=atom",), ()),
    ("micro.blog", ("/feed.json", "/feed.xml"), ()),
    ("movable type", ("/atom.xml",), ()),
    ("typepad", ("/atom.xml",), ()),
    ("serendipity", ("/feeds/index.rss2",), ("/feeds/comments.rss2",)),
    ("flarum", ("/atom",), ("/atom/discussions",)),
    ("phpbb", ("/app.php/feed", "/feed"), ()),
    ("xenforo", ("/forums/-/index.rss",), ()),
    ("nodebb", ("/recent.rss",), ()),
)
_STACK_EXCHANGE = frozenset(
    {"stackoverflow.com", "superuser.com", "serverfault.com", "askubuntu.com", "mathoverflow.net", "stackapps.com"}
)


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed: its address, its title ("" where it has none), whether it holds comments only, and how it was found.

    `how`: "named" by the page's head or its HTTP headers, "linked" in its text, "guessed" from what sites of its kind
    have.
    """

    url: str
    title: str = ""
    comments: bool = False
    how: Literal["named", "linked", "guessed"] = "named"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a page names; each may be empty. `feeds` are in the page's order, those of comments apart in `comments`."""

    feeds: tuple[FoundFeed, ...] = ()
    comments: tuple[FoundFeed, ...] = ()
    sitemaps: tuple[str, ...] = ()
    webmention: str = ""
    generator: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """An address to ask, and what it may be."""

    url: str
    what: Literal["page", "feed", "robots", "sitemap"]


def discover(body: bytes, headers: Mapping[str, str], url: str) -> Discovery:
    """Return what the page at `url` (after redirects) names. `headers` have lower-case names. Never raises."""
    root = parse(decode(body, headers.get("content-type", "")))
    header = list(_link_header(headers.get("link", ""), url))
    found: dict[str, FoundFeed] = {}
    endpoint = next((target for target, parameters in header if "webmention" in parameters.get("rel", "").split()), "")
    sitemaps: list[str] = []
    for target, parameters in header:
        _take(found, target, parameters.get("rel", "").split(), parameters.get("type", ""), parameters.get("title", ""))
    generator = ""
    if root is not None:
        base = base_of(root, url)
        for element in islice(root.iter("link"), 400):
            words, target = rels(element), _target(base, element.get("href"))
            if "sitemap" in words and target:
                sitemaps.append(target)
            if not element.get("hreflang") or _is_feed_type(element.get("type")):
                _take(found, target, words, element.get("type") or "", element.get("title") or "")
        for element in islice(root.iter("a", "area"), 3_000):
            target = _target(base, element.get("href"))
            text = one_line(clean("".join(element.itertext()))) or one_line(clean(element.get("title") or ""))
            if target and (looks_like_feed_address(target) or _is_feed_type(element.get("type"))):
                _add(found, FoundFeed(target, shorten(text, _MAX_TITLE), _is_of_comments(target, text), "linked"))
        if not endpoint:
            endpoint = _webmention(root, base)
        generator = _generator(root)
    feeds = list(found.values())
    return Discovery(
        feeds=tuple(feed for feed in feeds if not feed.comments)[:MAX_FOUND],
        comments=tuple(feed for feed in feeds if feed.comments)[:MAX_FOUND],
        sitemaps=tuple(dict.fromkeys(sitemaps))[:MAX_FOUND],
        webmention=endpoint,
        generator=generator,
    )


def guesses(url: str, page: Discovery | None = None, body: bytes = b"") -> tuple[FoundFeed, ...]:
    """Return the feeds that sites of this kind have, to be tried in order; what `page` names already is not among them.

    By the address (YouTube, Reddit, GitHub, Medium, Substack, Blogger, Bluesky, the fediverse, Stack Exchange …), then
    by the program that the page says it was made by, then where most have theirs. `body` is the page's, in which
    YouTube tells a channel's id. Empty for what is no http(s) address.
    """
    try:
        parts = urlsplit(url)
        host = ascii_host(parts.hostname or "")
        origin = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return ()
    if parts.scheme not in ("http", "https") or not host:
        return ()
    found = list(_by_address(host, parts.path, parts.query, origin, body))
    generator = page.generator.lower() if page else ""
    for name, feeds, comments in _BY_GENERATOR:
        if name in generator:
            found += [(origin + path, False) for path in feeds] + [(origin + path, True) for path in comments]
    if not found:
        found = [(origin + path, False) for path in _COMMON_FEEDS]
    named = {canonical_url(feed.url) for feed in (*page.feeds, *page.comments)} if page else set()
    guessed: dict[str, FoundFeed] = {}
    for one, is_of_comments in found:
        if (key := canonical_url(one)) and key not in named:
            guessed.setdefault(key, FoundFeed(one, "", is_of_comments, "guessed"))
    return tuple(guessed.values())[:MAX_FOUND]


def addresses_to_try(typed: str) -> tuple[Try, ...]:
    """Return what to ask for a site that somebody typed as a domain or an address, in order, each once.

    First the page itself (https, http, and www for a bare domain), then the feeds that its kind has, then robots.txt,
    which names sitemaps, then where sitemaps are. Whoever finds a page there goes on with what it names instead. Raises
    InputError for what is no address.
    """
    given = _FEED_SCHEME.sub("", "".join(clean(typed).split()))
    if given.startswith("//"):
        given = given[2:]
    scheme = _SCHEME.match(given)
    try:
        parts = urlsplit(given if scheme else f"https://{given}")
        host, port = ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or "." not in host or parts.scheme not in ("http", "https"):
        msg = f"expected a domain or the address of a page, such as site.example; got {shorten(typed, 100)!r}"
        raise InputError(msg)
    place = f"{host}{f':{port}' if port else ''}"
    rest = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    pages = [f"{parts.scheme}://{place}{rest}"]
    if not scheme:
        pages.append(f"http://{place}{rest}")
        if not port and host == registrable_domain(host):
            pages.append(f"https://www.{place}{rest}")
    first = pages[0]
    origin = f"{parts.scheme}://{place}"
    found = [
        *(Try(page, "page") for page in pages),
        *(Try(feed.url, "feed") for feed in guesses(first) if not feed.comments),
        Try(f"{origin}/robots.txt", "robots"),
        *(Try(origin + path, "sitemap") for path in _COMMON_SITEMAPS),
    ]
    tries: dict[str, Try] = {}
    for one in found:
        tries.setdefault(one.url, one)
    return tuple(tries.values())


def sitemaps_of_robots(text: str, url: str) -> tuple[str, ...]:
    """Return the sitemaps that a robots.txt names, absolute, each once. `url` is where it came from."""
    found = (join(url, match[1]) for match in islice(_ROBOTS_SITEMAP.finditer(text), 200))
    return tuple(dict.fromkeys(one for one in found if one))[:100]


def looks_like_feed(body: bytes) -> bool:
    """True for bytes that begin as a feed of any dialect does."""
    head = body[:4_000]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\x00", b"")
    return _FEED_BODY.search(head) is not None


def looks_like_sitemap(body: bytes) -> bool:
    """True for bytes that begin as a sitemap or an index of them does; gzip is not looked into."""
    return _SITEMAP_BODY.search(body[:4_000]) is not None


def looks_like_feed_address(url: str) -> bool:
    """True for an address that is written as those of feeds are."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if _NO_FEED_HOST.search(parts.hostname or ""):
        return False
    return _FEED_PATH.search(parts.path) is not None or _FEED_QUERY.search(parts.query) is not None


# ---- What a page names -----------------------------------------------------------------------------------------------


def _take(found: dict[str, FoundFeed], target: str, words: Any, kind: str, title: str) -> None:
    """Take a link of the head, where it is one to a feed."""
    if not target or "stylesheet" in words or not ("alternate" in words or "feed" in words):
        return
    mime = kind.partition(";")[0].strip().lower()
    if mime in _FEED_TYPES or (mime in _LOOSE_TYPES and (looks_like_feed_address(target) or "feed" in words)):
        title = shorten(one_line(clean(title)), _MAX_TITLE)
        _add(found, FoundFeed(target, title, _is_of_comments(target, title)))


def _add(found: dict[str, FoundFeed], feed: FoundFeed) -> None:
    if key := canonical_url(feed.url):
        found.setdefault(key, feed)


def _is_feed_type(kind: str | None) -> bool:
    return (kind or "").partition(";")[0].strip().lower() in _FEED_TYPES


def _is_of_comments(url: str, title: str) -> bool:
    return _COMMENTS.search(f"{urlsplit(url).path.replace('-', ' ').replace('_', ' ')} {title}") is not None


def _target(base: str, href: str | None) -> str:
    """Return where a link leads, without its fragment; a feed's own scheme (feed:) stands for https."""
    href = clean(href or "").strip()
    if _FEED_SCHEME.match(href):
        href = _FEED_SCHEME.sub("", href)
        href = f"https:{href}" if href.startswith("//") else href
    return join(base, href).partition("#")[0]


def _link_header(value: str, url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the links of an HTTP header (RFC 8288): absolute address, parameters by name in lower case."""
    for match in islice(_LINK_HEADER.finditer(" ".join(value[:20_000].split())), 100):
        # An empty address is the page itself.
        target = join(url, match[1]) if match[1].strip() else url
        parameters = {name.lower(): quoted or bare for name, quoted, bare in _LINK_PARAMETER.findall(match[2])}
        if target:
            parameters["rel"] = parameters.get("rel", "").lower()
            yield target, parameters


def _webmention(root: Any, base: str) -> str:
    """Return the endpoint that a page names first (w3.org/TR/webmention, 3.1.2); an empty one is the page."""
    for element in islice(root.iter("link", "a"), 5_000):
        href = element.get("href")
        if "webmention" in rels(element) and href is not None:
            return join(base, href) if href.strip() else base
    return ""


def _generator(root: Any) -> str:
    for element in islice(root.iter("meta"), 400):
        if (element.get("name") or "").strip().lower() == "generator" and element.get("content"):
            return one_line(clean(element.get("content")))[:100]
    return ""


# ---- What sites of a kind have ---------------------------------------------------------------------------------------


def _by_address(host: str, path: str, query: str, origin: str, body: bytes) -> Iterator[tuple[str, bool]]:
    """Yield the feeds that a known host has for an address, and whether they hold comments only."""
    site = host.removeprefix("www.")
    words = [word for word in path.split("/") if word][:8]
    first, second = (*words, "", "")[:2]
    if site in ("youtube.com", "m.youtube.com"):
        yield from _youtube(words, query, body)
    elif site in ("reddit.com", "old.reddit.com", "new.reddit.com") and first in ("r", "u", "user") and second:
        place = f"https://www.reddit.com/{'r' if first == 'r' else 'user'}/{quote(second)}"
        if first == "r" and len(words) > 3 and words[2] == "comments":
            yield f"{place}/comments/{quote(words[3])}/.rss", True
        yield (f"{place}/new/.rss" if first == "r" else f"{place}/.rss"), False
        if first == "r":
            yield f"{place}/comments/.rss", True
    elif site == "github.com" and first:
        place = f"https://github.com/{quote(first)}"
        if second:
            repository = f"{place}/{quote(second)}"
            yield from ((f"{repository}/{one}.atom", False) for one in ("releases", "tags", "discussions", "commits"))
        else:
            yield f"{place}.atom", False
    elif site == "gitlab.com" and second:
        yield f"{origin}/{quote(first)}/{quote(second)}/-/tags?format=atom", False
        yield f"{origin}/{quote(first)}/{quote(second)}.atom", False
    elif site == "medium.com" and first:
        if first == "tag" and second:
            yield f"https://medium.com/feed/tag/{quote(second)}", False
        else:
            yield f"https://medium.com/feed/{quote(first, safe='@')}", False
    elif site.endswith((".medium.com", ".substack.com")):
        yield f"{origin}/feed", False
    elif site == "bsky.app" and first == "profile" and second:
        yield f"https://bsky.app/profile/{quote(second, safe=':')}/rss", False
    elif re.search(r"\.blogspot\.[a-z.]{2,6}$", site):
        yield f"{origin}/feeds/posts/default", False
        yield f"{origin}/feeds/comments/default", True
    elif site.endswith(".wordpress.com"):
        yield f"{origin}/feed/", False
        yield f"{origin}/comments/feed/", True
    elif site.endswith(".tumblr.com"):
        yield f"{origin}/rss", False
    elif site == "news.ycombinator.com":
        yield "https://news.ycombinator.com/rss", False
    elif site == "dev.to":
        yield f"https://dev.to/feed{f'/{quote(first)}' if first else ''}", False
    elif site in _STACK_EXCHANGE or site.endswith(".stackexchange.com"):
        yield from _stack_exchange(words, origin)
    elif (len(words) == 1 and first.startswith("@")) or (first == "tags" and second):
        # Mastodon and what is built like it; on another site it is one request that ends in 404.
        yield f"{origin}/{'/'.join(quote(word, safe='@') for word in words)}.rss", False


def _youtube(words: list[str], query: str, body: bytes) -> Iterator[tuple[str, bool]]:
    feeds = "https://www.youtube.com/feeds/videos.xml"
    first, second = (*words, "", "")[:2]
    if first == "channel" and second:
        yield f"{feeds}?channel_id={quote(second)}", False
    elif first == "user" and second:
        yield f"{feeds}?user={quote(second)}", False
    elif playlist := next(iter(parse_qs(query[:2_000], max_num_fields=100).get("list", ())), ""):
        yield f"{feeds}?playlist_id={quote(playlist)}", False
    elif match := _CHANNEL.search(body[:2_000_000].decode("utf-8", "replace")):
        yield f"{feeds}?channel_id={match[1]}", False


def _stack_exchange(words: list[str], origin: str) -> Iterator[tuple[str, bool]]:
    first, second, third = (*words, "", "", "")[:3]
    if first == "questions" and second == "tagged" and third:
        yield f"{origin}/feeds/tag/{quote(third, safe='+')}", False
    elif first in ("questions", "q") and second.isdigit():
        yield f"{origin}/feeds/question/{second}", False
    elif first in ("users", "u") and second.isdigit():
        yield f"{origin}/feeds/user/{second}", False
    else:
        yield f"{origin}/feeds", False
