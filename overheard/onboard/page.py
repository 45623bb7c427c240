# ruff: noqa: SIM905  (word lists read better as text)
"""One page of a site: bytes as fetched to what it says in text, links, meta elements and schema.org data.

Bounded in bytes, depth and counts, whatever comes; every text is without markup, controls and marks that turn writing.
"""

import codecs
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from overheard.text import clean

# What is read of a page: the longest home pages have some 500 kB of markup, and a name stands early.
MAX_HTML = 1_000_000
MAX_BLOCKS = 4_000
MAX_LINKS = 1_500
_MAX_THINGS = 300
_MAX_DATA = 300_000  # characters of one piece of JSON-LD
_LONGEST = 300  # characters of one text; names have some 60
_MAX_URL = 2_048

# libxml2 looks through all attributes of an element for each of them: 100,000 took 10 s. Nobody writes a tag as long,
# but for images inside their address, which say nothing here.
_LONG_TAG = re.compile(r"<[^<>]{20000,}>?")
_META_CHARSET = re.compile(rb"""<meta[^>]{0,300}charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_HTTP_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# As browsers read these labels (encoding.spec.whatwg.org).
_AS_BROWSERS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "iso8859-9": "cp1254"}
_NO_ENCODINGS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MARKUP = re.compile(r"<[^<>]{0,1000}>")
_UNSEEN_MARKS = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_REFRESH = re.compile(r"""url\s*=\s*["']?([^"'\s>]{1,1000})""", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")

_UNSEEN = frozenset(
    {"script", "style", "template", "noscript", "svg", "math", "iframe", "object", "select", "textarea"}
)
_INLINE = frozenset(
    "a abbr b bdi bdo cite code em font i ins mark q s small span strike strong sub sup time tt u".split()
)
_APP_ROOTS = frozenset({"root", "app", "__next", "___gatsby", "q-app", "svelte", "main-app"})


@dataclass(frozen=True, slots=True)
class Link:
    """A link: absolute http(s) address, text (may be empty; an image gives its alternative text), `rel` folded."""

    url: str
    text: str = ""
    rel: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that a page names: its address, and its title ("" where it has none). Whoever fetches looks for them."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A line of text as a reader sees it, and the element that it stands in ("h2", "p", "td")."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class Thing:
    """What a page says in schema.org's words, as JSON-LD or microdata.

    `types` without the prefix ("Organization"); `role` is the property of another thing that it stands at ("founder"),
    "" for none; `values` are its properties that are texts, each with all its values.
    """

    types: frozenset[str]
    role: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Return the first value of a property, "" for none."""
        return next(iter(self.values.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class Page:
    """A page. All texts are clean and of one line; everything but `url` may be empty.

    `language` and `alternates` are language tags as given (`lang`, `hreflang`); `meta` by name or property, in lower
    case; `emails` and `phones` are those linked (`mailto:`, `tel:`); `onward` are frames and a meta refresh: where the
    text of a page without any may be. `scripted`: it shows nothing without JavaScript. `feeds` are for the caller to
    fill in, who knows how to find them.
    """

    url: str
    title: str = ""
    language: str = ""
    alternates: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    links: tuple[Link, ...] = ()
    feeds: tuple[FoundFeed, ...] = ()
    things: tuple[Thing, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    onward: tuple[str, ...] = ()
    scripted: bool = False

    @property
    def text(self) -> str:
        """What a reader sees, line by line."""
        return "\n".join(block.text for block in self.blocks)


def tidy(text: str) -> str:
    """Return a text as a name is kept: one line, without markup, controls and invisible marks, at most 300 characters.

    Zero width joiners stay: words of Indic scripts are written with them. Idempotent but for what was escaped twice.
    """
    return one_line(_MARKUP.sub(" ", html.unescape(text[: 4 * _LONGEST])))


def one_line(text: str) -> str:
    """Return a text that has no markup as `tidy` does: what looks like an element was written to be read."""
    return " ".join(_UNSEEN_MARKS.sub("", clean(text[: 4 * _LONGEST])).split())[:_LONGEST].strip()


def read_page(body: bytes, *, url: str, content_type: str = "") -> Page:
    """Return what a page says; `url` is where it came from, after redirects. Never raises for what a site sends."""
    text = _LONG_TAG.sub(" ", clean(_decoded(body[:MAX_HTML], content_type)))
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.LxmlError, ValueError):
        root = None
    return Page(url) if root is None else _Reader(root, url).page()


def _decoded(body: bytes, content_type: str) -> str:
    """Return the text of a page: byte order mark, then UTF-8 where it is that, then what is declared, then as browsers.

    Bytes that are valid UTF-8 and not ASCII are UTF-8, whatever is declared.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    tail = body[-3:] if len(body) == MAX_HTML else b""  # a character may be cut in two
    try:
        return body[: len(body) - len(tail)].decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = [m[1] for m in [_HTTP_CHARSET.search(content_type)] if m]
    declared += [m[1].decode("ascii") for m in [_META_CHARSET.search(body[:4_096])] if m]
    for name in declared:
        try:
            codec = codecs.lookup(name).name
            codec = _AS_BROWSERS.get(codec, codec)
            if codec not in _NO_ENCODINGS and not codec.startswith("utf-8"):
                return body.decode(codec, "replace")
        except LookupError:
            continue
    return body.decode("cp1252" if not declared else "utf-8", "replace")


class _Reader:
    """Takes a parsed page apart."""

    def __init__(self, root: Any, url: str) -> None:
        self._root = root
        base = next((e.get("href") for e in islice(root.iter("base"), 1) if e.get("href")), "")
        self._base = _joined(url, base) or url
        self._url = url

    def page(self) -> Page:
        blocks = tuple(islice(self._blocks(), MAX_BLOCKS))
        anchors = [e for e in islice(self._root.iter("a", "area"), 2 * MAX_LINKS) if e.get("href")]
        hrefs = [clean(e.get("href")).strip() for e in anchors]
        links = tuple(self._links(anchors))
        frames = [e.get("src") for e in islice(self._root.iter("frame", "iframe"), 20) if e.get("src")]
        return Page(
            self._url,
            title=one_line(next((_text(e) for e in islice(self._root.iter("title"), 1)), "")),
            language=_language(self._root.get("lang") or self._root.get("{http://www.w3.org/XML/1998/namespace}lang")),
            alternates=self._alternates(),
            meta=self._meta(),
            blocks=blocks,
            links=links,
            things=tuple(islice(self._things(), _MAX_THINGS)),
            emails=_rest(hrefs, "mailto:"),
            phones=_rest(hrefs, "tel:"),
            onward=tuple(dict.fromkeys(filter(None, [*self._refresh(), *(_joined(self._base, f) for f in frames)]))),
            scripted=self._is_scripted(blocks),
        )

    def _blocks(self) -> Iterator[Block]:
        """Yield the lines of the page: every element that is not inline begins and ends one, and <br> parts two."""
        buffer: list[str] = []
        tag = "body"
        unseen = 0
        open_tags: list[str] = []

        def line() -> Iterator[Block]:
            text = one_line("".join(buffer))
            buffer.clear()
            if text:
                yield Block(tag, text)

        for event, element in etree.iterwalk(self._root, events=("start", "end")):
            name = element.tag if isinstance(element.tag, str) else ""
            if event == "start":
                if unseen or name in _UNSEEN or name == "head":
                    unseen += 1
                    continue
                if name not in _INLINE:
                    yield from line()
                    if name != "br":
                        open_tags.append(name)
                        tag = name
                if name == "img" and element.get("alt"):
                    buffer.append(f" {element.get('alt')} ")
                buffer.append(element.text or "")
            else:
                if unseen:
                    unseen -= 1
                elif name not in _INLINE:
                    yield from line()
                    if name != "br" and open_tags:
                        open_tags.pop()
                        tag = open_tags[-1] if open_tags else "body"
                if not unseen:
                    buffer.append(element.tail or "")
        yield from line()

    def _links(self, anchors: Iterable[Any]) -> Iterator[Link]:
        seen: set[tuple[str, str]] = set()
        for element in anchors:
            url = _joined(self._base, element.get("href"))
            text = one_line(_text(element)) or one_line(element.get("title") or element.get("aria-label") or "")
            if url and (url, text) not in seen and len(seen) < MAX_LINKS:
                seen.add((url, text))
                yield Link(url, text, frozenset((element.get("rel") or "").lower().split()))

    def _heads(self) -> Iterator[Any]:
        return islice(self._root.iter("link"), 300)

    def _alternates(self) -> tuple[str, ...]:
        found = [_language(e.get("hreflang")) for e in self._heads() if "alternate" in (e.get("rel") or "").lower()]
        return tuple(dict.fromkeys(filter(None, found)))

    def _meta(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for element in islice(self._root.iter("meta"), 300):
            name = (element.get("property") or element.get("name") or element.get("http-equiv") or "").strip().lower()
            if name and name != "refresh" and (value := one_line(element.get("content") or "")):
                found.setdefault(name, value)
        return found

    def _refresh(self) -> Iterator[str]:
        for element in islice(self._root.iter("meta"), 300):
            if (element.get("http-equiv") or "").lower() == "refresh":
                match = _REFRESH.search(element.get("content") or "")
                if match:
                    yield _joined(self._base, match[1])

    def _is_scripted(self, blocks: tuple[Block, ...]) -> bool:
        """True where there are scripts and less text than a menu has; a frameset's text is elsewhere."""
        seen = sum(len(block.text) for block in blocks if block.tag != "noscript")
        has_scripts = next(self._root.iter("script"), None) is not None
        if next(self._root.iter("frameset"), None) is not None or seen >= 200:
            return False
        has_root = any(e.get("id") in _APP_ROOTS for e in islice(self._root.iter("div", "main"), 200))
        return has_scripts and (seen < 80 or has_root)

    # ---- schema.org ----

    def _things(self) -> Iterator[Thing]:
        for element in islice(self._root.iter("script"), 500):
            if "ld+json" in (element.get("type") or "").lower():
                yield from _from_json(element.text or "")
        yield from self._microdata()

    def _microdata(self) -> Iterator[Thing]:
        scopes = [e for e in self._root.iter() if isinstance(e.tag, str) and e.get("itemtype") is not None][
            :_MAX_THINGS
        ]
        for scope in scopes:
            values: dict[str, tuple[str, ...]] = {}
            for element in islice(scope.iterdescendants(), 500):
                names = element.get("itemprop") if isinstance(element.tag, str) else None
                if names and next(element.iterancestors("*"), None) is not None and _scope_of(element) is scope:
                    if element.get("itemtype") is not None:
                        continue
                    value = element.get("content") or element.get("href") or element.get("src") or _text(element)
                    for name in names.split()[:5]:
                        values[name] = (*values.get(name, ()), tidy(value))[:50]
            types = frozenset(one.rstrip("/").rpartition("/")[2] for one in scope.get("itemtype").split()[:5])
            yield Thing(types, (scope.get("itemprop") or "").partition(" ")[0], values)


def _scope_of(element: Any) -> Any:
    return next((e for e in element.iterancestors() if e.get("itemtype") is not None), None)


def _from_json(text: str) -> Iterator[Thing]:
    """Yield the things of a piece of JSON-LD, each before those that stand in it."""
    text = text.strip().removeprefix("<!--").removesuffix("-->").removeprefix("//<![CDATA[").removesuffix("//]]>")
    try:
        document = json.loads(text[:_MAX_DATA], strict=False)
    except (ValueError, RecursionError):
        return
    waiting: list[tuple[str, Any]] = [("", document)]
    steps = 0
    while waiting and steps < 20_000:
        steps += 1
        role, node = waiting.pop(0)
        if isinstance(node, list):
            waiting[:0] = [(role, one) for one in node[:500]]
        elif isinstance(node, dict):
            values: dict[str, tuple[str, ...]] = {}
            inner: list[tuple[str, Any]] = []
            for name, value in islice(node.items(), 100):
                texts = tuple(
                    tidy(one) for one in (value if isinstance(value, list) else [value])[:50] if _is_text(one)
                )
                if texts:
                    values[name] = texts
                if isinstance(value, dict | list):
                    inner.append(("" if name == "@graph" else name, value))
            types = frozenset(one.rpartition("/")[2].rpartition(":")[2] for one in values.get("@type", ()))
            if types:
                yield Thing(types, role, values)
            waiting[:0] = inner


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _text(element: Any) -> str:
    """Return the text in an element; an image gives its alternative text."""
    parts = [part for part in islice(element.itertext(), 60) if part.strip()]
    if not parts:
        parts = [e.get("alt") or "" for e in islice(element.iter("img"), 5)]
    return " ".join(parts)


def _joined(base: str, url: str) -> str:
    """Return an absolute http(s) address without fragment, "" where it is none."""
    url = clean(url).strip()
    if not url or len(url) > _MAX_URL:
        return ""
    try:
        joined = urljoin(base, url).partition("#")[0]
        parts = urlsplit(joined)
        _ = parts.port
    except ValueError:
        return ""
    return joined if parts.scheme in ("http", "https") and parts.hostname else ""


def _rest(hrefs: Iterable[str], scheme: str) -> tuple[str, ...]:
    found = (href[len(scheme) :].partition("?")[0].strip() for href in hrefs if href[:7].lower().startswith(scheme))
    return tuple(dict.fromkeys(tidy(one) for one in found if one))[:50]


def _language(value: str | None) -> str:
    value = (value or "").strip()
    return value.replace("_", "-") if _LANGUAGE.fullmatch(value) else ""
