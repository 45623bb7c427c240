"""Bytes to text: what encoding a feed is really in, and no document type that could expand or lead elsewhere."""

import codecs
import contextlib
import html
import re

from overheard.records import Fetch

# Codecs that Python knows and no feed is written in: quadratic in time, or escapes rather than characters.
_NO_ENCODINGS = frozenset({"idna", "punycode", "unicode-escape", "unicode_escape", "raw-unicode-escape", "undefined"})
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*['"]([\w.:-]{1,40})['"]""")
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,500}\?>")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# Byte order marks, and "<?" or "<r" as the encodings of two and four bytes a character, and EBCDIC, write it.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_HAS_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_DOCTYPE = re.compile(
    r"""<!DOCTYPE(?>[^\[>"']|"[^"]*"|'[^']*')*+(?:\[(?><!--(?:[^-]|-(?!->)){0,2000}+-->|[^\]"'<]|"[^"]*"|'[^']*'|<)*+\]\s*)?>""",
    re.IGNORECASE,
)
_ENTITY = re.compile(
    r"""<!ENTITY\s+(\w{1,32})\s+(?:"(&\#\w{1,8};|[^&%<>"']{0,32})"|'(&\#\w{1,8};|[^&%<>"']{0,32})')\s*>"""
)
_MAX_ENTITIES = 500
# An entity that is made of others, and what follows it where it is declared.
_MADE_OF_OTHERS = re.compile(r"""<!ENTITY\s+(\w{1,32})\s+["'][^"'<>]{0,1000}?&\w""")
_REFERENCE = re.compile(r"&(\w{1,32});")
_DECLARED_ENTITY = re.compile(r"""<!ENTITY\s[^<>]{0,2000}>""")
# The entities of HTML take 16 kB. The bound also keeps the pattern, which looks for the end of every comment, quick.
_MAX_DOCTYPE = 32_768


def decoded(fetch: Fetch) -> str:
    """Return the body as text, its XML declaration left out.

    A byte order mark counts first. Bytes that are UTF-8 and not ASCII are UTF-8, whatever is declared: a text in
    another encoding that happens to be valid UTF-8 does not occur. Then the HTTP charset, then the XML declaration
    (RFC 7303); but ISO-8859-1 from HTTP is a server's default that fits any bytes, so a declaration beats it.
    Windows-1252 is the last resort, as in browsers.
    """
    body = fetch.body
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _DECLARATION.sub("", body.decode(name, "replace").lstrip("\ufeff"))
    match = _CHARSET.search(fetch.headers.get("content-type", ""))
    charset = _codec(match.group(1)) if match else ""
    declared = _codec(next((n.decode("ascii", "replace") for n in _DECLARED.findall(body[:1024])), ""))
    if declared and charset in ("iso8859-1", "ascii"):
        charset = ""
    names = (charset, declared, "utf-8") if body.isascii() else ("utf-8", charset, declared)
    for name in filter(None, names):
        with contextlib.suppress(UnicodeError):
            return _DECLARATION.sub("", body.decode(name))
    return _DECLARATION.sub("", body.decode("cp1252", "replace"))


def without_doctype(text: str) -> str:
    """Return XML without document types, but for short entities that stand for characters.

    So nothing can expand to more than it is, and nothing is looked for elsewhere; feedparser alone lets entities made
    of entities expand to some MB.
    """
    found = _HAS_DOCTYPE.search(text)
    if found is None:
        return text
    entities: list[str] = []
    if doctype := _DOCTYPE.match(text, found.start(), found.start() + _MAX_DOCTYPE):
        entities = [
            f'<!ENTITY {name} "{_character(double or single)}">'
            for name, double, single in _ENTITY.findall(doctype.group())
        ][:_MAX_ENTITIES]
        text = text[: doctype.start()] + text[doctype.end() :]
    # A second one is an error in XML; in a text of HTML, where it may stand, this is a comment.
    text = _HAS_DOCTYPE.sub("<!x", text)
    # One a line: so feedparser wants them.
    return "\n".join(("<!DOCTYPE feed [", *entities, "]>", text)) if entities else text


def made_of_entities(text: str) -> str:
    """Return the name of an entity that XML uses and that its document type makes of other entities; "" for none.

    Nothing is expanded (`without_doctype`), so what uses it has no text. Feeds have no such; bombs consist of them.
    """
    found = _HAS_DOCTYPE.search(text)
    if found is None:
        return ""
    names = _MADE_OF_OTHERS.findall(text, found.start(), found.start() + _MAX_DOCTYPE)[:_MAX_ENTITIES]
    if not names:
        return ""
    used = set(_REFERENCE.findall(_DECLARED_ENTITY.sub("", text)))
    return next((name for name in names if name in used), "")


def _character(value: str) -> str:
    """Return the character of a numeric reference, which feedparser does not resolve in broken feeds."""
    character = html.unescape(value)
    return value if character in ("&", "<", '"') else character


def _codec(name: str) -> str:
    """Return Python's own name of a character encoding that feeds are written in; "" where it is none."""
    try:
        codec = codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
    # GB 18030 holds all of GB 2312, as which it is often declared.
    return {"gb2312": "gb18030"}.get(codec, "" if codec in _NO_ENCODINGS else codec)
