"""Lists of feeds as feed readers exchange them (OPML 1 and 2): bytes to rows, feeds to text. Pure."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from overheard.collectors.markup import one_line, shorten
from overheard.collectors.pages.html import join
from overheard.errors import InputError
from overheard.text import clean

MAX_ROWS = 100_000
_MAX_TITLE = 200
_FEED_TYPES = frozenset({"rss", "atom", "feed", "rdf", "json", "jsonfeed"})
_OTHER_SCHEME = re.compile(r"^feed:(?://)?(?=https?:)|^(?:feed|rss|itpc|pcast):(?=//)", re.IGNORECASE)
# What is written as if it were HTML: an ampersand in an address, the name of a letter.
_BARE = re.compile(rb"&(?!(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]\w{1,31});)")
_NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,31};)")


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed of a list: the line it stands in, its title ("" for none), its address; else what is wrong with it."""

    line: int
    title: str
    url: str
    problem: str = ""


def read_opml(body: bytes, name: str) -> tuple[tuple[Outline, ...], tuple[str, ...]]:
    """Return the feeds of a list in its order, whatever folders they are in, and notes on the list as a whole.

    An outline is a feed where it has an `xmlUrl` (in any case), or a `url` and the type of a feed; one of such a type
    that has no http(s) address is a row with a problem. Others are folders. XML that is broken is read as far as it
    goes, and a note says so. Raises InputError where there is no outline at all; `name` says in which file.
    """
    notes: list[str] = []
    root, broken = _parsed(body)
    if root is None or not any(_tag(one) == "outline" for one in root.iter()):
        what = f"; {broken}" if broken else f"; got <{shorten(_tag(root), 40)}>" if root is not None else ""
        msg = f"expected OPML: a list of feeds as feed readers export it, with <outline xmlUrl=…>{what}"
        raise InputError(msg, where=name)
    if broken:
        notes.append(f"the XML is broken ({broken}); it was read as far as it goes")
    rows: list[Outline] = []
    for element in root.iter():
        if _tag(element) == "outline" and (row := _row(element)):
            if len(rows) >= MAX_ROWS:
                notes.append(f"there are more than {MAX_ROWS:,} feeds; the others were left out")
                break
            rows.append(row)
    return tuple(rows), tuple(notes)


def _parsed(body: bytes) -> tuple[etree._Element | None, str]:
    """Return the root of a list, and what is wrong with its XML ("" for nothing that matters)."""
    body = body.lstrip()
    strict = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    broken = ""
    try:
        return etree.fromstring(body, strict), ""
    except (etree.XMLSyntaxError, ValueError):
        body = _NAMED.sub(_letter, _BARE.sub(b"&amp;", body))
    try:
        return etree.fromstring(body, strict), ""
    except (etree.XMLSyntaxError, ValueError) as e:
        broken = one_line(clean(str(e)))[:200]
    lenient = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(body, lenient), broken
    except (etree.XMLSyntaxError, ValueError):
        return None, broken


def _letter(match: re.Match[bytes]) -> bytes:
    """Return a letter of HTML that XML has no name for, by its number, which is the same in every encoding."""
    letters = html.unescape(match.group().decode("ascii", "replace"))
    return (
        "".join(f"&#{ord(letter)};" for letter in letters).encode("ascii")
        if "&" not in letters
        else b"&amp;" + match[1]
    )


def _tag(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _row(element: etree._Element) -> Outline | None:
    said = {str(name).lower(): one_line(clean(str(value))) for name, value in element.items()}
    is_feed = said.get("type", "").lower() in _FEED_TYPES
    given = said.get("xmlurl") or (said.get("url", "") if is_feed else "")
    title = shorten(said.get("title") or said.get("text", ""), _MAX_TITLE)
    if not given and not (is_feed and len(element) == 0):
        return None
    line = element.sourceline if isinstance(element.sourceline, int) else 0
    address = _OTHER_SCHEME.sub("", given)
    url = join("", f"https:{address}" if address.startswith("//") else address)
    if url:
        return Outline(line, title, url)
    got = f"got {shorten(given, 100)!r}" if given else "there is none"
    return Outline(line, title, "", f"expected `xmlUrl` with the http(s) address of a feed; {got}")


def write_opml(title: str, feeds: Iterable[tuple[str, str]]) -> str:
    """Return a list of feeds, each with its name and address, as OPML 2.0."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = clean(title)
    body = etree.SubElement(root, "body")
    for name, url in feeds:
        etree.SubElement(body, "outline", type="rss", text=clean(name), title=clean(name), xmlUrl=url)
    etree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{etree.tostring(root, encoding="unicode")}\n'
