"""HTML as it came over the wire: bytes to text to a tree, within bounds; and what all readers of pages need of it.

Pure. Bounded in size, elements and attributes; libxml2 itself bounds the depth (256).
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree

from overheard.collectors.markup import one_line
from overheard.text import clean

# Long pages have 1 MB; what is beyond this was never read by anybody.
MAX_PAGE = 2_000_000
# Start and end tags. Long threads and tables have 30,000. A row of 20,000 cells keeps trafilatura busy for 3 s, and for
# four times as long where they are twice as many.
MAX_TAGS = 50_000
MAX_URL = 2_048
_MAX_JSON = 1_000_000
_MAX_STEPS = 20_000

_HTTP_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_META_CHARSET = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*['"]([\w.:-]{1,40})['"]""")
# As browsers read these labels (encoding.spec.whatwg.org).
_AS_BROWSERS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "gb2312": "gb18030",
    "gbk": "gb18030", "hz": "gb18030", "euc_kr": "cp949", "johab": "cp949", "shift_jis": "cp932", "big5": "big5hkscs",
    "tis-620": "cp874",
}  # fmt: skip
# Codecs of Python that no page is written in: quadratic in time, or escapes rather than characters; and UTF-7, in which
# markup can hide.
_NO_ENCODINGS = frozenset(
    {"idna", "punycode", "unicode-escape", "unicode_escape", "raw-unicode-escape", "undefined", "utf-7"}
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
# Bytes that no text has but for a stray one (ISO-2022 has ESC).
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x0b\x1b\x0e\x0f"))
# libxml2 looks through all attributes of an element for each of them: 20,000 take 0.4 s, 100,000 ten. A tag as long is
# cut to its name, but for the one attribute in which Discourse lays down a thread.
_LONG_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9:-]{0,20})\b[^<>]{4000,}>?")
_PRELOADED = re.compile(r"""<div[^<>]{0,300}\bid\s*=\s*["']data-preloaded["']""", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"""(?:[^"'<>=]{0,200}=\s*(?:"[^"]*+"|'[^']*+')){1,8}\s*/?>?""")
_COMMENT = "<!--"
_FEW_COMMENTS = 20
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,500}\?>")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ZONE = re.compile(r"([+-]\d{2})(\d{2})$")


def decode(body: bytes, content_type: str = "") -> str:
    """Return the text of a page, at most `MAX_PAGE` characters, without most controls. Never raises.

    A byte order mark counts first. Bytes that are UTF-8 and not ASCII are UTF-8, whatever is declared, also where a few
    are broken; then the HTTP charset, then what the page declares, as browsers understand these names; Windows-1252
    where nothing fits. "" for what is no text but data (an image, an archive).
    """
    body = body[: 4 * MAX_PAGE]
    if not body.startswith(tuple(mark for mark, _ in _MARKS)):
        # Of bytes it takes a tenth of the time that it takes of text; what is read from a page is cleaned at the end.
        seen = body.translate(None, _CONTROLS)
        if len(body) - len(seen) > len(body) // 20:
            return ""
        body = seen
    return _decoded(body, content_type)[:MAX_PAGE]


def _decoded(body: bytes, content_type: str) -> str:
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body.decode(name, "replace").lstrip("\ufeff")
    names = [match[1] for match in [_HTTP_CHARSET.search(content_type)] if match]
    names += [
        match[1].decode("ascii", "replace")
        for match in (_META_CHARSET.search(body[:4_096]), _XML_CHARSET.match(body[:1_024]))
        if match
    ]
    if not body.isascii():
        text = body.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        # One broken byte among twenty characters of UTF-8: a text in another encoding breaks nearly all of them.
        if not broken or 20 * broken < len(body) - len(text):
            return text
    for name in names:
        try:
            codec = codecs.lookup(name).name
        except LookupError:
            continue
        codec = _AS_BROWSERS.get(codec, codec)
        # "utf-16" in a declaration that could be read as ASCII is no UTF-16; and broken UTF-8 was looked at above.
        if codec not in _NO_ENCODINGS and not codec.startswith("utf"):
            try:
                return body.decode(codec, "replace")
            except (LookupError, UnicodeError):  # a codec that is none of texts
                continue
    return body.decode("cp1252", "replace")


def parse(text: str) -> Any | None:
    """Return the root of a page's tree (lxml.html), None for what holds no element. Never raises.

    Without comments and processing instructions; what is beyond `MAX_TAGS` tags is left out, and cells span one column.
    """
    text = _DECLARATION.sub("", _bounded(text))
    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, no_network=True
    )
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    # A table of cells that span 1,000 rows and columns keeps trafilatura busy for hours.
    etree.strip_attributes(root, "rowspan", "colspan")
    if _COMMENT in text:
        _without_comments(root)
    return root


def _without_comments(root: Any) -> None:
    """Take the attributes out of a tree in which comments begin, more than a few, and end nowhere.

    libxml2 leaves comments in attributes as they are when it writes a tree down as HTML, and looks for the end of each
    as far as the attribute reaches: 6,000 of them in 1.5 MB took 2.6 s, and 12,000 took 5.9 s.
    """
    for value in root.xpath(f'//@*[contains(., "{_COMMENT}")]'):
        if value.rpartition("-->")[2].count(_COMMENT) > _FEW_COMMENTS:
            there = value.getparent().attrib
            try:
                del there[value.attrname]
            except ValueError:  # a name of letters that no name has, by which lxml finds nothing
                there.clear()


def _bounded(text: str) -> str:
    if text.count("<") > MAX_TAGS:
        end = -1
        for _ in range(MAX_TAGS):
            end = text.find("<", end + 1)
        text = text[:end]
    return _LONG_TAG.sub(_shortened, text)


def _shortened(match: re.Match[str]) -> str:
    tag = match.group()
    if _PRELOADED.match(tag) and _ATTRIBUTES.fullmatch(tag, len(match[1]) + 1):
        return tag
    return f"<{match[1]}>"


def base_of(root: Any, url: str) -> str:
    """Return what relative links of a page are relative to: its <base>, else its address."""
    href = next((e.get("href") for e in islice(root.iter("base"), 3) if e.get("href")), "")
    return join(url, href) or url


def join(base: str, url: str | None) -> str:
    """Return an absolute http(s) address, "" where it is none or longer than any real one. Its fragment stays."""
    url = clean(url or "").strip()
    if not url or len(url) > MAX_URL:
        return ""
    try:
        joined = urljoin(base, url)
        parts = urlsplit(joined)
        _ = parts.port
    except ValueError:
        return ""
    return joined if parts.scheme in ("http", "https") and parts.hostname and len(joined) <= MAX_URL else ""


def metas(root: Any) -> Mapping[str, tuple[str, ...]]:
    """Return what the meta elements of a page say: by property, name or item property, in lower case; one line each."""
    found: dict[str, tuple[str, ...]] = {}
    for element in islice(root.iter("meta"), 400):
        value = one_line(clean(element.get("content") or ""))[:2_000]
        for key in ("property", "name", "itemprop", "http-equiv"):
            name = (element.get(key) or "").strip().lower()
            if name and value and value not in found.get(name, ()):
                found[name] = (*found.get(name, ()), value)[:20]
    return found


def rels(element: Any) -> frozenset[str]:
    """Return the `rel` of a link: words in lower case."""
    return frozenset((element.get("rel") or "").lower().split())


def json_scripts(root: Any) -> Iterator[Any]:
    """Yield the JSON-LD documents of a page, decoded; those that are no JSON are left out."""
    for element in islice(root.iter("script"), 500):
        if "ld+json" not in (element.get("type") or "").lower():
            continue
        text = (element.text or "").strip()[:_MAX_JSON]
        text = text.removeprefix("<!--").removesuffix("-->").removeprefix("//<![CDATA[").removesuffix("//]]>")
        try:
            yield json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON document, outer before inner, in order; a bounded number of them."""
    waiting = [document]
    for _ in range(_MAX_STEPS):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(reversed([one for one in node.values() if isinstance(one, dict | list)][:200]))
        elif isinstance(node, list):
            waiting.extend(reversed(node[:500]))


def strings(document: Any) -> Iterator[str]:
    """Yield the texts of a JSON document; where one holds JSON itself, those in it too. A bounded number of them."""
    waiting = [document]
    for _ in range(_MAX_STEPS):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, str):
            if node[:1] in ("{", "["):
                try:
                    waiting.append(json.loads(node, strict=False))
                    continue
                except (ValueError, RecursionError):
                    pass
            yield node


def moment(value: Any) -> datetime | None:
    """Return a time as pages write it (ISO 8601, RFC 2822, or a day alone, which begins at 0:00) in UTC; None for none.

    A time without a zone is UTC.
    """
    if not isinstance(value, str) or len(value) > 100:
        return None
    text = _ZONE.sub(r"\1:\2", value.strip())
    for parse_time in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse_time(text)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    if day := _DAY.match(text):
        try:
            return datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC)
        except ValueError:
            pass
    return None


def language_of(*values: Any) -> str:
    """Return the first that is a language tag (BCP 47), "" for none."""
    for value in values:
        if isinstance(value, str) and _LANGUAGE.fullmatch(value.strip()):
            return value.strip().replace("_", "-")
    return ""
