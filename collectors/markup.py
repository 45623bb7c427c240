"""HTML to plain text: what a reader would see, line by line, and the links in it.

Safe on hostile input: bounded in size and depth, linear in time; nothing is fetched, and no markup is left.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from lxml import etree

from overheard.text import clean

# The longest text of a mention, in code points: an hour of reading. The rest is cut at a space and marked with "…".
MAX_TEXT = 200_000
# The most HTML that is read for it, and the most links kept.
MAX_HTML = 4 * MAX_TEXT
MAX_LINKS = 256
_MAX_URL = 2_048
# The parser walks its stack of open elements for every end tag that fits none: 800 kB made for that took 18 s, and take
# 0.1 s with this bound. What people write nests 20 deep; a forum's quotes of quotes perhaps 100.
_MAX_DEPTH = 512
# Up to so many "<" the parser's walks take 20 ms at worst, and with so many characters its comparing of each attribute
# with all others of the element takes 100 ms, so it may read the whole at once: four times as fast.
_FEW_TAGS = 4_000
_SHORT_HTML = 65_536
# An error of the target stops the parser only between two pieces.
_PIECE = 8_192

# Not `object`: no reader of feeds shows one, so what stands in for it is what is seen.
_UNSEEN = frozenset(
    {
        "script", "style", "template", "noscript", "head", "title", "iframe", "frame", "embed", "applet",
        "svg", "math", "canvas", "audio", "video", "textarea", "select", "datalist", "dialog", "noembed", "noframes",
    }
)  # fmt: skip
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dir", "div", "dl",
        "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre",
        "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "br",
    }
)  # fmt: skip
_CELLS = frozenset({"td", "th"})
# Elements without an end tag: a parser that reports their end or not must give the same depth.
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "data", "del", "dfn", "em", "font",
        "i", "ins", "kbd", "label", "map", "mark", "marquee", "meter", "nobr", "object", "output", "picture",
        "progress", "q", "rp", "rt", "ruby", "s", "samp", "slot", "small", "span", "strike", "strong", "sub", "sup",
        "time", "tt", "u", "var",
    }
)  # fmt: skip
_ELEMENTS = _UNSEEN | _BLOCKS | _CELLS | _VOID | _INLINE
_NONE: Mapping[str, str] = {}
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])")
_HIDING_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_URL = re.compile(r"""https?://[^\s<>"'\x00-\x1f`{}|\\^]+""", re.IGNORECASE)
# A URL that is absolute and ordinary: joining it with a base leaves it as it is.
ORDINARY_URL = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[\w.~%+@:,!$'()*=&/-]*)?(?:\?[\w.~%+@:,!$'()*=&/-]+)?(?:#[\w.~%+@:,!$'()*=&/-]+)?",
    re.ASCII,
)
_OPENING = {")": "(", "]": "["}


class PlainText(NamedTuple):
    """A text without markup, and the absolute http(s) URLs linked or written in it, each once, in order."""

    text: str
    links: tuple[str, ...]


def from_html(html: str, *, base: str = "") -> PlainText:
    """Return what a reader of `html` sees; relative links are resolved against `base`.

    Scripts, styles, comments and hidden elements are gone; a block or <br> ends a line, runs of spaces are one;
    an image gives its alternative text. What nests deeper than anybody writes ends the text with "…". Both fields
    may be empty. Never raises.
    """
    html = clean(html)[:MAX_HTML]
    target = _Text(base)
    # What follows </html> is a tree of its own.
    if len(html) <= _SHORT_HTML and html.count("<") <= _FEW_TAGS and "</html" not in html.lower():
        _read_whole(html, target)
    else:
        _read_in_pieces(html, target)
    return _plain("".join(target.parts), target.links)


def _read_whole(html: str, target: "_Text") -> None:
    """Give the target what the parser makes of a text, as one tree."""
    parser = etree.HTMLParser(huge_tree=True, encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(html.encode(), parser)
    except etree.LxmlError:
        root = None
    if root is None:  # there is nothing in it
        return
    walk = etree.iterwalk(root, events=("start", "end"))
    start, end, data = target.start, target.end, target.data
    try:
        for event, element in walk:
            if event == "start":
                start(element.tag, element.attrib if element.keys() else _NONE)
                if target.unseen:
                    walk.skip_subtree()
                elif text := element.text:
                    data(text)
            else:
                end(element.tag)
                if (tail := element.tail) and not target.unseen:
                    data(tail)
    except _TooDeepError:
        target.parts.append("…")


def _read_in_pieces(html: str, target: "_Text") -> None:
    """Give the target what the parser finds in a text while it reads, so that it can be stopped."""
    parser = etree.HTMLParser(target=target, huge_tree=True, encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        for i in range(0, len(html), _PIECE):
            parser.feed(html[i : i + _PIECE].encode())
        parser.close()
    except _TooDeepError:
        target.parts.append("…")
    except (etree.LxmlError, AssertionError):
        # lxml says so of input with no element at all; what was read until then is in the target.
        pass


def from_text(text: str) -> PlainText:
    """Return a text that its source declares to be plain: cleaned and bounded, markup in it taken literally."""
    return _plain(clean(text), [])


def has_markup(text: str) -> bool:
    """True where a text holds the tag of an HTML element, whatever its source declares; Vec<u8> is none."""
    return any(match.group(1).lower() in _ELEMENTS for match in _TAG.finditer(text))


def one_line(text: str) -> str:
    """Return `text` with every run of white space as one space, and none around it."""
    return " ".join(text.split())


def shorten(text: str, limit: int) -> str:
    """Return `text` if it has at most `limit` code points, else its beginning, cut at a space, and "…"."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ", limit // 2)
    return (cut[:space] if space > 0 else cut).rstrip() + "…"


def find_urls(text: str) -> list[str]:
    """Return the http(s) URLs written out in a text, without the punctuation that ends a sentence."""
    found: list[str] = []
    if "://" not in text:
        return found
    for match in _URL.finditer(text):
        url = match.group().rstrip(".,;:!?*_~…")
        if len(url) > 2 * _MAX_URL:
            continue  # brackets at its end are taken off one by one
        while url and (opening := _OPENING.get(url[-1])) and url.count(url[-1]) > url.count(opening):
            url = url[:-1].rstrip(".,;:!?*_~…")
        if absolute_url(url):
            found.append(url)
        if len(found) == MAX_LINKS:
            break
    return found


def absolute_url(url: str, base: str = "") -> str:
    """Return an http(s) URL made absolute, or "" where it is none, is malformed, or is longer than any real one."""
    if not url:
        return ""
    if len(url) <= _MAX_URL and ORDINARY_URL.fullmatch(url):
        return url
    url = clean(url).strip()
    if not url or len(url) > _MAX_URL:
        return ""
    try:
        joined = urljoin(base, url) if base else url
        urlsplit(joined)  # which refuses what is no address of a host: http://[
    except ValueError:
        return ""
    return joined if joined[:8].lower().startswith(("http://", "https://")) and len(joined) <= _MAX_URL else ""


def _plain(text: str, links: list[str]) -> PlainText:
    text = shorten("\n".join([one_line(line) for line in text.split("\n") if line and not line.isspace()]), MAX_TEXT)
    links = list(dict.fromkeys([*links, *find_urls(text)]))
    return PlainText(text, tuple(links[:MAX_LINKS]))


class _TooDeepError(Exception):
    """More elements are open than anybody nests."""


class _Text:
    """Target of lxml's parser: takes its events, keeps text and links."""

    def __init__(self, base: str) -> None:
        self.parts: list[str] = []
        self.links: list[str] = []
        self._base = base
        self._depth = 0
        self.unseen = 0  # depth of the outermost element that is not shown; 0: none
        self._pre = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag not in _VOID:
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise _TooDeepError
        if self.unseen:
            return
        if tag in _UNSEEN or _hidden(attributes):
            if tag not in _VOID:
                self.unseen = self._depth
            return
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")
        if tag == "pre":
            self._pre += 1
        elif tag in ("a", "area"):
            self._link(attributes.get("href", ""))
        elif tag == "base":
            self._base = absolute_url(attributes.get("href", ""), self._base) or self._base
        elif tag == "img" and (alt := one_line(attributes.get("alt", ""))):
            self.parts.append(f" {alt} ")

    def end(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self.unseen:
            if self._depth == self.unseen:
                self.unseen = 0
        elif tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "pre" and self._pre:
            self._pre -= 1
        self._depth -= 1

    def data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(data if self._pre else data.replace("\n", " "))

    def close(self) -> None:
        """Do nothing: what was found is read from the target."""

    def _link(self, href: str) -> None:
        if len(self.links) < MAX_LINKS and (url := absolute_url(href, self._base)):
            self.links.append(url)


def _hidden(attributes: Mapping[str, str]) -> bool:
    if not attributes:
        return False
    return "hidden" in attributes or ("style" in attributes and _HIDING_STYLE.search(attributes["style"]) is not None)
