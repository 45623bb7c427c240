"""A page without a feed as a source: its list of links, or what its text says, block by block. Pure.

What makes a list is repetition: links in the same place of the same structure, with titles that differ.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from urllib.parse import urlsplit

from cssselect import HTMLTranslator, SelectorError
from lxml import etree

from overheard.collectors.base import Reading
from overheard.collectors.markup import from_html, one_line, shorten
from overheard.collectors.pages.completing import CompletingSource
from overheard.collectors.pages.html import base_of, decode, join, language_of, moment, parse, rels
from overheard.errors import InputError
from overheard.records import Fetch, Mention, digest, mention_id
from overheard.text import clean
from overheard.urls import canonical_url, registrable_domain

MAX_LINKS = 200
_MAX_ANCHORS = 5_000
_MAX_TITLE = 1_000
# Two words or a dozen letters: menus have shorter ones. Scripts without spaces say as much in four signs.
_LEAST_TITLE = 12
_LEAST_DENSE = 4
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_LEAST_LINKS = 3
# Beyond this a longer title makes no list more likely to be one.
_FULL_TITLE = 60
_AROUND = frozenset({"nav", "footer", "aside", "form", "dialog"})
_ROLES = frozenset({"navigation", "contentinfo", "search", "menu", "menubar", "complementary"})
_AROUND_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|footer|sidebar|breadcrumbs?|pagination|pager|cookies?"
    r"|related|toc)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NUMBERED = re.compile(r"\d+")
# A line of a text: shorter ones are labels and buttons.
_LEAST_BLOCK = 20
_LEAST_BLOCK_DENSE = 8
_MAX_BLOCKS = 1_000
_MAX_BLOCK = 20_000
_DIGITS = re.compile(r"\d+")


class WatchedPage(CompletingSource, frozen=True, kw_only=True):
    """A page to poll that has no feed. `what`: "links" of its list, or the blocks of its "text".

    `select` is a CSS selector of what counts, for a page on which that is not found by itself: elements that are links
    or hold one each, or those whose text counts; "" for none.
    """

    kind = "page"
    asks = {
        "what": "The links of its list, or what its text says.",
        "select": "A CSS selector of what counts, for a page on which that is not found by itself.",
    }
    shows_newest = False  # what a page has no room for any more was not deleted

    what: Literal["links", "text"] = "links"
    select: str = ""

    def __post_init__(self) -> None:
        if self.select:
            _path(self.select)

    def read(self, fetch: Fetch) -> Reading:
        """Return what a page lists or says as mentions (`base.Source.read`)."""
        read = read_links if self.what == "links" else read_text
        return read(fetch, self.select)


def _path(select: str) -> str:
    """Return a CSS selector as XPath. Raises ValueError where it is none."""
    try:
        return HTMLTranslator().css_to_xpath(select)
    except SelectorError as e:
        msg = f"expected a CSS selector such as 'ul.news li a'; got {select[:100]!r}: {e}"
        raise ValueError(msg) from e


def read_links(fetch: Fetch, select: str = "") -> Reading:
    """Return the links of the page's list, each a mention with its title, its URL, and the date beside it if any.

    The text is empty: it is in the linked page, so every id is in `summaries`. Without `select` they are links within
    the site, and the list is the one with the most different titles; navigation does not count. Raises InputError where
    no list is found, or `select` finds nothing.
    """
    root = _tree(fetch)
    base = base_of(root, fetch.final_url or fetch.url)
    links = _selected(root, base, select) if select else _listed(root, base)
    if not links:
        msg = (
            f"expected links at {select[:100]!r}; there are none. Look whether the page has changed; set `select` anew"
            if select
            else "expected a list of links to pages of this site, three at least in one place; found none. Say where "
            "it is by a CSS selector: `select`. A page made by scripts in the browser has none to read"
        )
        raise InputError(msg, where=fetch.url)
    language = language_of(root.get("lang"))
    mentions: dict[str, Mention] = {}
    for element, url, title in links[:MAX_LINKS]:
        id_ = mention_id("web", url=canonical_url(url))
        if id_ not in mentions:
            mentions[id_] = Mention(
                id=id_,
                type="Article",
                platform="web",
                source=fetch.source,
                content="",
                name=title,
                url=url,
                published=_date_beside(element, {other for other, _, _ in links}),
                first_seen=fetch.at,
                language=language,
            )
    return Reading(tuple(mentions.values()), summaries=frozenset(mentions))


def read_text(fetch: Fetch, select: str = "") -> Reading:
    """Return the blocks of a page's text, each a mention of the page; a block that comes anew is a new mention.

    A block is a paragraph, an item or a heading of 20 characters at least, outside navigation. Its id is that of the
    page and of what the block says, but for its numbers where no other says the same: a price that changes is an edit.
    Raises InputError where there is no text, or `select` finds nothing.
    """
    root = _tree(fetch)
    address = fetch.final_url or fetch.url
    parts = [one for one in root.xpath(_path(select)) if isinstance(one, etree._Element)] if select else [_main(root)]
    platform = canonical_url(fetch.url) or "web"
    language = language_of(root.get("lang"))
    mentions: dict[str, Mention] = {}
    for part in _outermost(parts):
        blocks = list(_blocks(part, address))
        alike = Counter(_unnumbered(line) for line in {line for line, _ in blocks})
        for line, links in blocks:
            # "Release 4.1" and "Release 4.0": where there are several, their numbers tell them apart.
            said = _unnumbered(line) if alike[_unnumbered(line)] == 1 else line
            id_ = mention_id(platform, native := digest("block", said))
            if id_ not in mentions and len(mentions) < _MAX_BLOCKS:
                mentions[id_] = Mention(
                    id=id_,
                    platform=platform,
                    native_id=native,
                    source=fetch.source,
                    content=line,
                    url=address,
                    first_seen=fetch.at,
                    links=links,
                    language=language,
                )
    if not mentions:
        what = f"text at {select[:100]!r}" if select else "text in the page"
        msg = f"expected {what}; there is none. Look at the page, and set `select` anew"
        raise InputError(msg, where=fetch.url)
    return Reading(tuple(mentions.values()))


def _tree(fetch: Fetch) -> Any:
    if not fetch.body.strip():
        raise InputError("expected a page; got an empty body", where=fetch.url)
    root = parse(decode(fetch.body, fetch.headers.get("content-type", "")))
    if root is None:
        raise InputError("expected a page in HTML; got what is none", where=fetch.url)
    return root


# ---- Links -----------------------------------------------------------------------------------------------------------


def _selected(root: Any, base: str, select: str) -> list[tuple[Any, str, str]]:
    found: list[tuple[Any, str, str]] = []
    for element in islice(root.xpath(_path(select)), _MAX_ANCHORS):
        if isinstance(element, etree._Element):
            anchors = [element] if element.tag == "a" else islice(element.iter("a"), 20)
            named = [
                (anchor, url, title) for anchor in anchors for url, title in [_link(anchor, base)] if url and title
            ]
            # A card has a link around its image, one to its author, and one with its title.
            found += sorted(named, key=lambda one: (_has_heading(one[0]), len(one[2])))[-1:]
    return found


def _listed(root: Any, base: str) -> list[tuple[Any, str, str]]:
    """Return the links of the best list: element, address, title."""
    site, here = registrable_domain(base), canonical_url(base)
    groups: dict[tuple[str, ...], dict[str, tuple[Any, str, str]]] = {}
    for anchor in islice(root.iter("a"), _MAX_ANCHORS):
        url, title = _link(anchor, base)
        canonical = canonical_url(url)
        if not canonical or canonical == here or registrable_domain(url) != site or not _is_title(title):
            continue
        if _is_of_itself(url, base, rels(anchor)):
            continue
        place = _place(anchor)
        if place:
            group = groups.setdefault(place, {})
            if len(title) > len(group.get(canonical, ("", "", ""))[2]):
                group[canonical] = (anchor, url, title)
    lists = [list(group.values()) for group in groups.values() if len(group) >= _LEAST_LINKS]
    return max(lists, key=_weight, default=[])


def _weight(links: Sequence[tuple[Any, str, str]]) -> float:
    """Return how much a group of links looks like a list of articles: many titles, long, each another."""
    titles = Counter(title for _, _, title in links)
    different = sum(1 for count in titles.values() if count == 1)
    length = sum(min(_length(title), _FULL_TITLE) for title in titles) / len(titles)
    headed = sum(_has_heading(anchor) for anchor, _, _ in links) / len(links)
    return different * length * (1 + headed)


def _length(title: str) -> int:
    """Return the length of a title in Latin letters, of which a sign of a dense script is worth three."""
    return len(title) + 2 * len(_DENSE.findall(title))


def _is_title(title: str) -> bool:
    if _DENSE.search(title):
        return len(title) >= _LEAST_DENSE
    return len(title) >= _LEAST_TITLE and " " in title


def _link(anchor: Any, base: str) -> tuple[str, str]:
    """Return where a link leads and its title: the heading in it, else what it says, else its `title`."""
    url = join(base, anchor.get("href"))
    if not url or not canonical_url(url):
        return "", ""
    heading = next((one for one in islice(anchor.iter(*_HEADINGS), 1)), None)
    text = _words(heading if heading is not None else anchor) or one_line(clean(anchor.get("title") or ""))
    return url, shorten(text, _MAX_TITLE)


def _words(element: Any) -> str:
    return one_line(clean(" ".join(islice(element.itertext(), 200))))


def _has_heading(anchor: Any) -> bool:
    parent = anchor.getparent()
    return next(anchor.iter(*_HEADINGS), None) is not None or (parent is not None and parent.tag in _HEADINGS)


def _is_of_itself(url: str, base: str, words: frozenset[str]) -> bool:
    """True for a link to a place in the same page, or to something done with it: share it, answer a comment."""
    there, here = urlsplit(url), urlsplit(base)
    if there.path.rstrip("/") != here.path.rstrip("/"):
        return False
    return (bool(there.fragment) and there.query == here.query) or bool(there.query and "nofollow" in words)


def _place(anchor: Any) -> tuple[str, ...]:
    """Return the structure that a link stands in, the same for all items of a list; () where it is no content."""
    steps: list[str] = []
    for element in islice(anchor.iterancestors(), 40):
        if _is_around(element):
            return ()
        if element.tag == "body":
            break
        if len(steps) < 6:
            classes = _NUMBERED.sub("", (element.get("class") or "")).split()
            steps.append(f"{element.tag}.{classes[0] if classes and len(steps) > 1 else ''}")
    return tuple(steps) or ("body",)


def _is_around(element: Any) -> bool:
    """True for navigation and the like."""
    if element.tag in _AROUND or (element.get("role") or "").lower() in _ROLES:
        return True
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return element.tag not in ("body", "main", "html") and bool(_AROUND_NAMES.search(names[:500]))


def _date_beside(anchor: Any, others: set[Any]) -> datetime | None:
    """Return the date in the item that a link is of: the largest element around it with no other link of the list."""
    item = anchor
    for element in islice(anchor.iterancestors(), 6):
        if element.tag in ("body", "html") or any(one is not anchor and one in others for one in element.iter("a")):
            break
        item = element
    time = next(item.iter("time"), None)
    return moment(time.get("datetime") or _words(time)) if time is not None else None


# ---- Text ------------------------------------------------------------------------------------------------------------


def _main(root: Any) -> Any:
    """Return what the page is about: its <main>, else its only <article>, else its body."""
    for name in ("main", "article"):
        found = list(islice(root.iter(name), 2))
        if len(found) == 1:
            return found[0]
    body = root.find("body")
    return root if body is None else body


def _outermost(parts: Sequence[Any]) -> list[Any]:
    chosen = set(parts)
    return [one for one in parts if not any(above in chosen for above in one.iterancestors())]


def _blocks(part: Any, base: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the blocks of a part of the page with the links in them, of which any is one that says it by its text."""
    for element in [one for one in islice(part.iter(), 20_000) if one is not part and _is_around(one)]:
        # Its place stays, with what follows it.
        element.clear(keep_tail=True)
    text = from_html(etree.tostring(part, encoding="unicode", method="html", with_tail=False), base=base)
    links = _by_text(part, base)
    for raw in text.text.splitlines():
        line = shorten(one_line(raw), _MAX_BLOCK)
        if len(line) >= (_LEAST_BLOCK_DENSE if _DENSE.search(line) else _LEAST_BLOCK):
            yield line, tuple(dict.fromkeys(url for words, url in links.items() if words in line))[:20]


def _unnumbered(line: str) -> str:
    return _DIGITS.sub("#", line.casefold())


def _by_text(part: Any, base: str) -> Mapping[str, str]:
    found = ((_words(anchor), join(base, anchor.get("href"))) for anchor in islice(part.iter("a"), 300))
    return {words: url for words, url in found if words and url}
