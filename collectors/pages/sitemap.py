"""A sitemap as a source: news sitemaps, plain ones, indexes of them, lists of addresses. Pure.

An index names its children as further requests of the poll; a child is read like a sitemap of its own.
"""

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from itertools import islice
from typing import Annotated

from lxml import etree
from msgspec import Meta

from overheard.collectors.base import BACK_FILL, Further, Reading, Rejected
from overheard.collectors.markup import one_line, shorten
from overheard.collectors.pages.completing import CompletingSource
from overheard.collectors.pages.html import decode, join, language_of, moment
from overheard.errors import InputError
from overheard.records import Fetch, Mention, digest, mention_id
from overheard.text import clean
from overheard.urls import canonical_url

# The bound of sitemaps.org. What a poll takes of them is fewer: the newest.
MAX_URLS = 50_000
MAX_TAKEN = 2_000
# Children of an index that are followed. An index of a large site names thousands, of which a few change.
MAX_CHILDREN = 50
_UNDATED_CHILDREN = 10
_MAX_TITLE = 1_000
# Tags that do not end, of which libxml2 takes the square of its time; what is cut short has one.
_MAX_OPEN = 1_000
# Entries without an address that are told one by one.
_MAX_BAD = 20
_MAX_TAGS = 64
_CHILD = "child"
# So many entries of which nine in ten have one time: it is when the sitemap was made, and says nothing of the pages.
_FEW = 10
_TOGETHER = timedelta(minutes=1)
_AHEAD = timedelta(days=1)
_EVER = timedelta(days=36_500)
_WIDE = (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
_NUMBERS = re.compile(r"\d+")


class Sitemap(CompletingSource, frozen=True, kw_only=True):
    """A sitemap to poll. `days`: a page that changed longer ago is history, and left out."""

    kind = "sitemap"
    asks = {
        "days": "How many days ago a page may have changed to be taken in.",
    }
    shows_newest = False  # a poll reads some children of an index

    days: Annotated[int, Meta(ge=1, le=3_650)] = 7

    def read(self, fetch: Fetch) -> Reading:
        """Return the pages of a sitemap as mentions (`base.Source.read`)."""
        return read_sitemap(fetch, _EVER if fetch.purpose == BACK_FILL else timedelta(days=self.days))


@dataclass(frozen=True, slots=True)
class _Page:
    """What a sitemap says of one address."""

    url: str
    changed: datetime | None = None
    title: str = ""
    published: datetime | None = None
    language: str = ""
    tags: tuple[str, ...] = ()
    news: bool = False


def read_sitemap(fetch: Fetch, recent: timedelta) -> Reading:
    """Return the pages of a sitemap, each a mention with its URL, and a title, dates and tags where those are given.

    The text is empty: it is in the page, so every id is in `summaries`. `published` is a news sitemap's; `updated` is
    `lastmod`, unless all have the same. Pages older than `recent` are left out, by whichever date is the latest; those
    without a date, and of a news sitemap all, are taken. Of an index the children are `requests`: those that changed
    within `recent`; where it has no dates, the first and last of each numbered family. Raises InputError where the
    body is no sitemap.
    """
    if not fetch.body.strip():
        raise InputError("expected a sitemap; got an empty body", where=fetch.url)
    if fetch.body.lstrip()[:4].lower() == b"http":
        return _reading(fetch, list(_listed(fetch)), recent)
    kind, found, rejected = _parsed(fetch)
    if kind == "sitemapindex":
        if fetch.purpose == _CHILD:
            msg = "expected a sitemap; got an index within an index. Set it as a source of its own"
            raise InputError(msg, where=fetch.url)
        return Reading(requests=_children(found, fetch.at, recent), rejected=rejected)
    reading = _reading(fetch, found, recent)
    return replace(reading, rejected=(*reading.rejected, *rejected))


def _listed(fetch: Fetch) -> Iterator[_Page]:
    """Yield the addresses of a text sitemap, one a line."""
    for line in islice(decode(fetch.body, fetch.headers.get("content-type", "")).splitlines(), MAX_URLS):
        if line.lstrip()[:4].lower() == "http" and (url := join(fetch.url, line)):
            yield _Page(url)


def _parsed(fetch: Fetch) -> tuple[str, list[_Page], tuple[Rejected, ...]]:
    """Return the root's name, what it lists, and which entries have no address.

    A sitemap that is cut short is read as far as it goes.
    """
    found: list[_Page] = []
    bad: list[Rejected] = []
    number = 0
    if (open_ := fetch.body.count(b"<") - fetch.body.count(b">")) > _MAX_OPEN:
        raise InputError(f"expected a sitemap in XML; {open_:,} of its tags do not end", where=fetch.url)
    root = ""
    walk = etree.iterparse(
        BytesIO(fetch.body.lstrip()), events=("start", "end"), recover=True, resolve_entities=False, no_network=True,
        load_dtd=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for event, element in walk:
            name = _name(element)
            if not root:
                root = name
                if root not in ("urlset", "sitemapindex"):
                    break
            if event == "end" and name in ("url", "sitemap"):
                number += 1
                said = _said(element)
                if page := _page(said, fetch.url):
                    found.append(page)
                else:
                    bad.append(_nowhere(fetch, number, said))
                _forget(element)
                if number >= MAX_URLS:
                    break
    except etree.XMLSyntaxError as e:
        if not found:
            raise InputError(f"expected a sitemap in XML; {e.msg}", where=fetch.url) from e
    if root not in ("urlset", "sitemapindex"):
        msg = (
            "expected a sitemap: <urlset>, <sitemapindex>, or one address a line; got "
            f"{f'<{shorten(root, 40)}>' if root else 'none of them'}. A feed is a [[feed]], a web page a [[page]]"
        )
        raise InputError(msg, where=fetch.url)
    # The parser closes what was cut off: half an address.
    cut = f"{root}>".encode() not in fetch.body[-500:] and not fetch.body.startswith(_WIDE)
    if cut and found and (not bad or bad[-1].where != _place(fetch, number)):
        found.pop()
    elif cut and bad:
        bad.pop()
    return root, found, _few(fetch, bad)


def _nowhere(fetch: Fetch, number: int, said: Mapping[str, str]) -> Rejected:
    written = shorten(one_line(clean(said.get("url/loc") or said.get("sitemap/loc") or "")), 200)
    message = f"expected an http(s) URL; got {written!r}" if written else "expected an http(s) URL; there is none"
    return Rejected(_place(fetch, number), message, digest(fetch.source, repr(sorted(said.items()))))


def _place(fetch: Fetch, number: int) -> str:
    return f"{fetch.url}, entry {number}, loc"


def _few(fetch: Fetch, bad: Sequence[Rejected]) -> tuple[Rejected, ...]:
    """Return the first of many entries without an address, and how many more there are."""
    if len(bad) <= _MAX_BAD:
        return tuple(bad)
    message = f"expected addresses; {len(bad) - _MAX_BAD:,} more entries have none"
    return (*bad[:_MAX_BAD], Rejected(fetch.url, message, digest(fetch.source, fetch.url, "no addresses")))


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _forget(element: etree._Element) -> None:
    """Let go of an element and of those before it: a sitemap of 50,000 is read in the memory of one."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _said(element: etree._Element) -> dict[str, str]:
    """Return what an entry says, by the names of its elements, whatever namespace they are in."""
    said: dict[str, str] = {}
    for child in islice(element.iter(), 1, 200):
        name = _name(child)
        parent = child.getparent()
        # <image:loc>, <video:title> and the like are of what the page shows.
        inside = _name(parent) if parent is not None else ""
        if inside in ("url", "sitemap", "news", "publication"):
            said.setdefault(f"{inside}/{name}", (child.text or "").strip())
        if name == "news":
            said["news"] = ""
    return said


def _page(said: Mapping[str, str], base: str) -> _Page | None:
    """Return the page of which an entry says this; None without address."""
    url = join(base, said.get("url/loc") or said.get("sitemap/loc"))
    if not url:
        return None
    words = (one_line(clean(word)) for word in said.get("news/keywords", "").split(","))
    return _Page(
        url,
        moment(said.get("url/lastmod") or said.get("sitemap/lastmod")),
        shorten(one_line(clean(said.get("news/title", ""))), _MAX_TITLE),
        moment(said.get("news/publication_date")),
        language_of(said.get("publication/language"), said.get("news/language")),
        tuple(dict.fromkeys(shorten(word, 200) for word in words if word))[:_MAX_TAGS],
        "news" in said,
    )


def _children(found: Sequence[_Page], at: datetime, recent: timedelta) -> tuple[Further, ...]:
    """Return what an index has us ask: what changed lately, newest first; else the ends of what is numbered."""
    dated = [(page, page.changed) for page in found if page.changed is not None]
    fresh = sorted(
        ((page, changed) for page, changed in dated if changed >= at - recent), key=lambda one: one[1], reverse=True
    )
    requests = [Further(page.url, _CHILD, changed=changed) for page, changed in fresh[:MAX_CHILDREN]]
    undated = [page.url for page in found if page.changed is None]
    families: dict[str, list[str]] = {}
    for url in undated:
        families.setdefault(_NUMBERS.sub("#", url), []).append(url)
    ends = [
        end
        for family in families.values()
        for end in dict.fromkeys((max(family, key=_numbers), min(family, key=_numbers)))
    ]
    # Those that say that they are of news or posts first, whatever a shop's thousands of families are called.
    ends.sort(key=lambda url: re.search(r"news|post|article|blog|press", url, re.IGNORECASE) is None)
    return (*requests, *(Further(url, _CHILD) for url in ends[:_UNDATED_CHILDREN]))[:MAX_CHILDREN]


def _numbers(url: str) -> list[int]:
    return [int(number[:18]) for number in _NUMBERS.findall(url)]


def _reading(fetch: Fetch, found: list[_Page], recent: timedelta) -> Reading:
    if not found:
        return Reading()
    since = fetch.at - recent
    alike = _made_at(found, since)
    taken: list[tuple[datetime, _Page]] = []
    undated: list[_Page] = []
    for given in found:
        page = replace(given, changed=None) if alike is not None and _is_close(given.changed, alike) else given
        changed = page.changed
        latest = max((one for one in (changed, page.published) if one is not None), default=None)
        if latest is None:
            undated.append(page)
        elif page.news or latest >= since:
            taken.append((latest, page))
    pages = [page for _, page in sorted(taken, key=lambda one: one[0], reverse=True)][:MAX_TAKEN]
    room = MAX_TAKEN - len(pages)
    rejected: tuple[Rejected, ...] = ()
    if len(undated) > room:
        # New pages are added at either end.
        message = (
            f"expected at most {MAX_TAKEN:,} pages without a date (lastmod); got {len(undated):,}. The first and the "
            f"last of them were read, {room:,} in all"
        )
        rejected = (Rejected(fetch.url, message, digest(fetch.source, fetch.url, "too many")),)
        undated = [*undated[: room // 2], *(undated[-(room - room // 2) :] if room else ())]
    mentions: dict[str, Mention] = {}
    for page in [*pages, *undated]:
        mention = _mention(fetch, page)
        if mention is not None:
            mentions.setdefault(mention.id, mention)
    return Reading(tuple(mentions.values()), rejected, summaries=frozenset(mentions))


def _made_at(found: Sequence[_Page], since: datetime) -> datetime | None:
    """Return the time that nine in ten of many pages have as `lastmod`; None where they differ.

    None too where it is before `since`: when all are old, old they are.
    """
    times = sorted(page.changed for page in found if page.changed is not None)
    if len(times) < _FEW:
        return None
    middle = times[len(times) // 2]
    return middle if middle >= since and sum(_is_close(one, middle) for one in times) >= 0.9 * len(times) else None


def _is_close(one: datetime | None, other: datetime) -> bool:
    return one is not None and abs(one - other) <= _TOGETHER


def _mention(fetch: Fetch, page: _Page) -> Mention | None:
    canonical = canonical_url(page.url)
    if not canonical:
        return None
    # A clock that is ahead, or a made-up date, would shut out every later change.
    updated = page.changed if page.changed is not None and page.changed <= fetch.at + _AHEAD else None
    return Mention(
        id=mention_id("web", url=canonical),
        type="Article",
        platform="web",
        source=fetch.source,
        content="",
        name=page.title,
        url=page.url,
        published=page.published,
        updated=updated,
        first_seen=fetch.at,
        tag=page.tags,
        language=page.language,
    )
