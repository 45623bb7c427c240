"""Webmentions: pages elsewhere that say that they link to a page of ours (w3.org/TR/webmention). Pure.

    source, target as sent ─▶ is it ours? ─▶ … the page is asked … ─▶ does it link there? ─▶ mention, deletion, refusal

Anybody may send one, so nothing is believed but what the page itself holds, and nobody speaks in another's name: the
mention is of the page that was fetched, and its author is of that site or a name alone.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import unquote, urldefrag, urlsplit

import msgspec
from lxml import etree
from msgspec import Meta

from overheard.collectors.base import Deletion, Further, Reading, Source
from overheard.collectors.markup import MAX_LINKS, find_urls, from_html, from_text, one_line, shorten
from overheard.collectors.pages.article import Article, read_article
from overheard.collectors.pages.html import base_of, decode, join, moment, parse, strings
from overheard.collectors.pages.microformats import Entry, entries_of, read_entries
from overheard.errors import InputError
from overheard.records import Actor, Errand, Fetch, Mention, mention_id
from overheard.text import clean
from overheard.urls import ascii_host, canonical_url, registrable_domain

# `Fetch.purpose` of the page of a webmention; `Fetch.about` is what it may become, in reply to the target.
PURPOSE = "webmention"
# What a page is refused for, in words that its sender may read.
NO_LINK = "the page does not link to the target"
NO_PAGE = "the page is neither HTML nor JSON nor text"
PUBLIC_REASONS = frozenset({NO_LINK, NO_PAGE})

MAX_ADDRESS = 2_048
_MAX_TARGETS = 1_000
_MAX_TITLE = 1_000
_MAX_ELEMENTS = 100_000
# Clocks differ; what is further ahead is no time of publication.
_AHEAD = timedelta(days=1)
# Attributes that make an element a link to another page or show it ("and other similar links", 3.2.2).
_LINKING: Mapping[str, tuple[str, ...]] = {
    "a": ("href",), "area": ("href",), "img": ("src", "href"), "video": ("src", "poster"), "audio": ("src",),
    "source": ("src",), "track": ("src",), "iframe": ("src",), "embed": ("src",), "object": ("data",),
    "blockquote": ("cite",), "q": ("cite",), "ins": ("cite",), "del": ("cite",),
}  # fmt: skip
# What stands in these is code or a form's text, and no part of the page.
_INERT = ("script", "style", "template", "textarea", "title", "noembed", "noframes", "xmp")
# Browsers show what follows the end of a page as part of it; the parser makes a tree of its own of that.
_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_TITLES = {"reply": "Reply to", "like": "Like of", "repost": "Repost of", "bookmark": "Bookmark of", "": "Mention of"}
_HTML = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream", "unknown/unknown"})


class Webmention(Source, frozen=True, kw_only=True):
    """An endpoint for webmentions; nothing is polled. Mentions are taken of pages within `targets`.

    Each is a domain ("acme.example", with all that ends in it) or the URL of a page, with all that lies below it.
    """

    kind = "webmention"
    asks = {
        "targets": "Your domains, or pages, of which webmentions are taken.",
    }
    shows_newest: ClassVar[bool] = False

    url: Literal[""] = ""
    interval: None = None
    targets: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=MAX_ADDRESS)], ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        if len(self.targets) > _MAX_TARGETS:
            msg = f"expected at most {_MAX_TARGETS:,} targets; got {len(self.targets):,}"
            raise ValueError(msg)
        for one in self.targets:
            if not (canonical_url(one) if "/" in one else "." in one and ascii_host(one)):
                msg = f"expected domains such as acme.example, or http(s) URLs, as targets; got {one[:100]!r}"
                raise ValueError(msg)

    def takes(self, target: str) -> bool:
        """True where mentions of this page are taken."""
        page = canonical_url(target)
        return bool(page) and any(_is_within(page, one) for one in self.targets)

    def read(self, fetch: Fetch) -> Reading:
        """Return what a webmention's page is (`read_webmention`); of any other fetch nothing."""
        if fetch.purpose != PURPOSE or fetch.about is None:
            return Reading()
        return read_webmention(fetch, fetch.about.in_reply_to, self.takes)

    def first(self, errand: Errand) -> Further:
        """Return what is asked for a webmention: its source, which is about its target."""
        return Further(errand.url, PURPOSE, about=what_it_may_become(self.name, errand.url, errand.target, errand.at))

    def gone(self, errand: Errand) -> Sequence[Deletion]:
        """Return the deletion of what the page of a webmention had said, where that was published."""
        return (_gone(what_it_may_become(self.name, errand.url, "", errand.at)),)


def _is_within(page: str, target: str) -> bool:
    """True for a canonical URL of a domain, or at or below another URL."""
    if "/" not in target:
        host, domain = urlsplit(page).hostname or "", ascii_host(target).removeprefix("www.")
        return host == domain or host.endswith(f".{domain}")
    own, _ = urldefrag(canonical_url(target))
    rest = page.removeprefix(own.rstrip("/"))
    return len(rest) < len(page) and rest[:1] in ("", "/", "?", "#")


def refusal_of(source: str, target: str) -> str:
    """Return why two addresses as sent are no webmention at all; "" where they may be one (3.2.1)."""
    for name, url in (("source", source), ("target", target)):
        if not url:
            return f"expected a {name}: the address of a page; there is none"
        if len(url) > MAX_ADDRESS:
            return f"expected a {name} of at most {MAX_ADDRESS:,} characters; got {len(url):,}"
        if not url.isprintable() or any(letter.isspace() for letter in url) or not join("", url):
            return f"expected an http or https address as {name}; got {url[:100]!r}"
        if not canonical_url(url):
            return f"expected an http or https address as {name}; got {url[:100]!r}"
        if "@" in urlsplit(url).netloc:
            return f"expected a {name} without user name and password; got one with an @"
    if canonical_url(source) == canonical_url(target) or urldefrag(source)[0] == urldefrag(target)[0]:
        return "expected a source that is another page than the target; they are the same"
    return ""


def what_it_may_become(name: str, source: str, target: str, at: datetime) -> Mention:
    """Return what a fetch of a webmention's page is about: the mention to be of the page, in reply to the target."""
    id_ = mention_id("web", url=canonical_url(source))
    return Mention(id=id_, platform="web", source=name, content="", url=source, in_reply_to=target, first_seen=at)


def _gone(left: Mention) -> Deletion:
    return Deletion(left, own=True)


def read_webmention(fetch: Fetch, target: str, takes: Callable[[str], bool]) -> Reading:
    """Return the mention that a page makes of `target`; or, where it does not link there, why it is refused, with the
    deletion of what it had said before if it links to nothing any more that `takes` says is ours. Never raises.

    The page must hold the target's address: in HTML a link or something embedded, or what a microformat is a reaction
    to; in JSON a value; in a text the address itself. Addresses are the same if their canonical URLs are. Where the
    source's fragment names an element, that one counts alone.
    """
    page = _Page(fetch)
    here = canonical_url(page.url)
    about = what_it_may_become(fetch.source, page.url, "", fetch.at)
    wanted = canonical_url(target)
    if page.media == "other" or not page.text.strip():
        return Reading(refused=NO_PAGE)
    if not wanted or not any(canonical_url(one) == wanted for one in dict.fromkeys(page.addresses())):
        # What it says of another page of ours stands, whoever sends us here for this one; and an error page with status
        # 200, a sign-in or a bot check say nothing of what the page says to others.
        stands = any(map(takes, dict.fromkeys(page.addresses()))) or page.article(fetch).reason
        return Reading(deletions=() if stands else (_gone(about),), refused=NO_LINK)
    found = _mention(page, fetch, target)
    asked = canonical_url(fetch.url)
    moved = asked and asked != here and _site(asked) == _site(here)
    return Reading((msgspec.structs.replace(found, id=about.id, aliases=(asked,) if moved else ()),))


# ---- What the page holds ---------------------------------------------------------------------------------------------


class _Page:
    """A page as it came. `url` is its address after redirects, with the source's fragment where that names an element,
    which is all that counts then.
    """

    def __init__(self, fetch: Fetch) -> None:
        here = fetch.final_url or fetch.url
        fragment = urlsplit(here).fragment or urlsplit(fetch.url).fragment
        self.url = urldefrag(here)[0]
        self.at = fetch.at
        self.source = fetch.source
        self.text = decode(fetch.body, fetch.headers.get("content-type", ""))
        self.media = _media(fetch.headers.get("content-type", ""), self.text)
        self.document: Any = None
        self._root: Any = None
        self._entries: tuple[Entry, ...] | None = None
        self._whole = True
        if self.media == "json":
            self._read_json()
        elif self.media == "html" and (root := parse(_ENDS.sub("", self.text))) is not None:
            etree.strip_elements(root, *_INERT, with_tail=False)
            self._base = base_of(root, self.url)
            named = _element(root, fragment) if fragment else None
            if named is not None:
                self.url, self._whole = f"{self.url}#{fragment}", False
            self._root = root if named is None else named

    def addresses(self) -> Iterator[str]:
        """Yield the addresses that it holds, as the rules of its medium have it; some may be empty."""
        if self.media == "text":
            yield from find_urls(self.text)
        elif self.media == "json":
            yield from (one for one in strings(self.document) if one[:4].lower() == "http")
        elif self._root is not None:
            for element in islice(self._root.iter(), _MAX_ELEMENTS):
                for name in _LINKING.get(element.tag, ()) if isinstance(element.tag, str) else ():
                    yield join(self._base, element.get(name))
            for entry in self.entries:
                yield from entry.to

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its microformats' entries, in order; none where it has none, or they cannot be read."""
        if self._entries is None:
            self._entries = self._read_entries()
        return self._entries

    def _read_entries(self) -> tuple[Entry, ...]:
        try:
            if self.media == "json" and isinstance(self.document, dict):
                items = self.document.get("items", [self.document])
                return entries_of({"items": items}, self.url, source=self.source, at=self.at)
            if self.media != "html" or self._root is None:
                return ()
            markup = self.markup
            if "h-" not in markup and "hentry" not in markup and "hreview" not in markup:
                return ()
            headers = {"content-type": "text/html; charset=utf-8"}
            return read_entries(markup.encode("utf-8", "replace"), headers, self.url, source=self.source, at=self.at)
        except InputError:
            return ()

    @property
    def markup(self) -> str:
        """What counts of it, as HTML."""
        return str(etree.tostring(self._root, encoding="unicode", method="html", with_tail=False))

    def article(self, fetch: Fetch) -> Article:
        """Return what it says without microformats."""
        if self.media == "json":
            return _of_json(self.document, self.url)
        if self.media == "text":
            plain = from_text(self.text)
            return Article(text=plain.text, links=plain.links)
        if self._root is None:
            return Article()
        if self._whole:
            return read_article(fetch.body, fetch.headers, self.url)
        plain = from_html(self.markup, base=self._base)
        return Article(text=plain.text, links=plain.links)

    def _read_json(self) -> None:
        try:
            self.document = json.loads(self.text, strict=False)
        except (ValueError, RecursionError):
            self.media = "other"


def _media(content_type: str, text: str) -> Literal["html", "json", "text", "other"]:
    """Return by which rules a page is read; where its type is not said, or wrong, what it looks like."""
    media = content_type.partition(";")[0].strip().lower()
    begins = text[:1_000].lstrip("\ufeff \t\r\n").lower()
    if media == "application/json" or media.endswith("+json") or (media in _UNSAID and begins[:1] in ("{", "[")):
        return "json"
    if media in _HTML or media.endswith("+xml") or (media in _UNSAID and begins[:1] == "<"):
        return "html"
    if media.startswith("text/") or (media in _UNSAID and text):
        return "text"
    return "other"


def _element(root: Any, fragment: str) -> Any:
    """Return the element that a fragment names; None where there is none, or it is the page."""
    wanted = unquote(fragment)
    for element in islice(root.iter(), _MAX_ELEMENTS):
        if isinstance(element.tag, str) and element.get("id") == wanted:
            return None if element.tag in ("html", "body") else element
    return None


# ---- What it says ----------------------------------------------------------------------------------------------------


def _mention(page: _Page, fetch: Fetch, target: str) -> Mention:
    """Return the mention of a page that was found to link to the target."""
    wanted = canonical_url(target)
    entry = _entry(page, wanted)
    response = entry.reaction if entry and any(canonical_url(one) == wanted for one in entry.to) else ""
    said = entry.mention if entry else Mention(
        id="", platform="web", source=fetch.source, content="", first_seen=fetch.at
    )  # fmt: skip
    if entry is None or (not said.content and response not in ("like", "repost")):
        said = _completed(said, page.article(fetch))
    links = said.links
    if all(canonical_url(one) != wanted for one in links):
        links = (target, *links)[:MAX_LINKS]
    author = said.attributed_to
    return msgspec.structs.replace(
        said,
        # A like has no words of its own, and what has none cannot be found.
        name=said.name or ("" if said.content else shorten(f"{_TITLES[response]} {target}", _MAX_TITLE)),
        url=page.url,
        published=_come(said.published, fetch.at),
        updated=_come(said.updated, fetch.at),
        in_reply_to=target if response == "reply" else said.in_reply_to,
        attributed_to=None if author is None else _credible(author, page.url),
        links=links,
        aliases=(),
        response=response or "mention",
    )


def _entry(page: _Page, wanted: str) -> Entry | None:
    """Return the entry that a page is, else the only one in it that links to what is wanted."""
    here = canonical_url(page.url)
    if own := [one for one in page.entries if canonical_url(one.mention.url) == here]:
        return own[0]
    naming = [one for one in page.entries if any(canonical_url(url) == wanted for url in (*one.to, *one.mention.links))]
    return naming[0] if len(naming) == 1 else None


def _completed(said: Mention, article: Article) -> Mention:
    """Return what an entry says with what its page says beside it."""
    name = said.name or article.title
    text = article.text.removeprefix(f"{name}\n") if not article.reason else ""
    return msgspec.structs.replace(
        said,
        type="Article" if name else said.type,
        name=name,
        content=text or from_text(article.summary).text,
        published=said.published or article.published,
        updated=said.updated or (article.updated if not said.published else None),
        attributed_to=said.attributed_to or article.author,
        links=tuple(dict.fromkeys((*said.links, *article.links)))[:MAX_LINKS],
        language=said.language or article.language,
        method=article.method,
    )


def _credible(author: Actor, url: str) -> Actor | None:
    """Return an author without what anybody can claim: addresses elsewhere than on the page's own site."""
    site = _site(url)
    own = _site(author.url) == site
    credible = Actor(
        platform="web",
        name=author.name,
        url=author.url if own else "",
        email=author.email if _site(f"https://{author.email.rpartition('@')[2]}") == site else "",
        summary=author.summary,
        links=author.links if own else (),
    )
    return credible if credible.name or credible.url or credible.email else None


def _site(url: str) -> str:
    return registrable_domain(url) or urlsplit(url).netloc.lower()


def _come(when: datetime | None, at: datetime) -> datetime | None:
    """Return a time, None where it has not come."""
    return None if when is None or when > at + _AHEAD else when


def _of_json(document: Any, url: str) -> Article:
    """Return what a JSON document says, by the names that JSON Feed, ActivityStreams and schema.org give."""
    things = document if isinstance(document, list) else [document]
    thing = next((one for one in things if isinstance(one, dict)), {})
    text = _first(thing, "content_text", "content_html", "content", "text", "articleBody", "summary", "description")
    plain = from_html(text, base=url) if "<" in text else from_text(text)
    author = _first_thing(thing, "author", "authors", "attributedTo", "actor")
    name, profile = (author, "") if isinstance(author, str) else (_first(author, "name"), _first(author, "url", "id"))
    if join("", name):
        name, profile = "", name
    known = one_line(clean(name)) or join(url, profile)
    return Article(
        title=shorten(one_line(clean(_first(thing, "title", "name", "headline"))), _MAX_TITLE),
        authors=(Actor(platform="web", name=shorten(one_line(clean(name)), _MAX_TITLE), url=join(url, profile)),)
        if known
        else (),
        published=moment(_first(thing, "date_published", "published", "datePublished", "created_at")),
        updated=moment(_first(thing, "date_modified", "updated", "dateModified", "updated_at")),
        text=plain.text,
        links=plain.links,
    )


def _first(thing: Mapping[str, Any], *names: str) -> str:
    return next((found for name in names if isinstance(found := thing.get(name), str) and found.strip()), "")


def _first_thing(thing: Mapping[str, Any], *names: str) -> Mapping[str, Any] | str:
    for name in names:
        found = thing.get(name)
        one = found[0] if isinstance(found, list) and found else found
        if isinstance(one, (dict, str)):
            return one
    return {}
