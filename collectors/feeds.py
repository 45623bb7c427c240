"""RSS, Atom, RDF and JSON Feed to mentions. Pure: bytes and headers in, mentions and rejected entries out.

feedparser knows the dialects, JSON is read leniently entry by entry. What the bytes are is seen from the bytes:
content types and declared encodings are often wrong.
"""

import codecs
import contextlib
import html
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser
import msgspec

from overheard.collectors.base import Reading, Rejected
from overheard.collectors.markup import PlainText, absolute_url, from_html, from_text, has_markup, one_line, shorten
from overheard.errors import InputError
from overheard.identities import normal_email
from overheard.records import Actor, Fetch, Mention, digest, mention_id
from overheard.text import clean
from overheard.urls import canonical_url

# Feeds hold 10 to 50 entries, archives some hundreds.
MAX_ENTRIES = 2_000
_MAX_NAME = 1_000
_MAX_TAGS = 64
_MAX_GUID = 2_048

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
# The entities of HTML take 16 kB. The bound also keeps the pattern, which looks for the end of every comment, quick.
_MAX_DOCTYPE = 32_768
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_EMAIL_ENDS = re.compile(r"[\s()<>\[\],;:\"]+")
_ALTERNATE = re.compile(rb"<link\b[^>]{0,500}application/(?:rss\+xml|atom\+xml|feed\+json)[^>]{0,500}", re.IGNORECASE)
_HREF = re.compile(rb"""href\s*=\s*["']?([^"'\s>]{1,500})""", re.IGNORECASE)


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed to poll. `name` is unique among the sources."""

    name: str
    url: str
    interval: timedelta | None = None

    def read(self, fetch: Fetch) -> Reading:
        """Return the mentions of a feed (`overheard.collectors.base.Source.read`)."""
        return read_feed(fetch)


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of any dialect, its fields taken apart and not yet made a mention."""

    guid: str
    url: str
    alias: str
    name: str
    text: PlainText
    published: datetime | None
    updated: datetime | None
    author: Actor | None
    tags: tuple[str, ...]
    in_reply_to: str
    language: str
    replies: int | None


def read_feed(fetch: Fetch) -> Reading:
    """Return the mentions in a feed, entry by entry; `Mention.source` is `fetch.source`, `first_seen` is `fetch.at`.

    The id of an entry is that of its link's canonical URL; its guid, within the feed, only where it has no link. Of
    entries with one id the last updated wins, then the first in the feed. A date that cannot be read is None; one
    without a zone is UTC; 1970 and 2100 stay as given. Enclosures are left alone.
    Raises InputError where the body is no feed at all.
    """
    body = fetch.body
    if not body.strip():
        raise InputError("expected a feed; got an empty body", where=fetch.url)
    start = body.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if start == b"{" or (body[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE) and body[2:4].strip(b"\x00") == b"{"):
        return _read_json(fetch)
    return _read_xml(fetch)


def _reading(fetch: Fetch, raw: Sequence[Any], take: Callable[[Any], _Entry], ttl: timedelta | None) -> Reading:
    """Turn entries into mentions; an entry that cannot be used is rejected, and the others go on."""
    mentions: dict[str, Mention] = {}
    rejected: list[Rejected] = []
    repeated = 0
    for number, item in enumerate(raw[:MAX_ENTRIES], 1):
        try:
            mention = _mention(fetch, take(item))
        except _FieldError as e:
            where = f"{fetch.url}, entry {number}{f', {e.field}' if e.field else ''}"
            rejected.append(Rejected(where, str(e), digest(fetch.source, repr(item))))
            continue
        other = mentions.get(mention.id)
        repeated += other is not None
        if other is None or _said_last(mention) > _said_last(other):
            mentions[mention.id] = mention
    if len(raw) > MAX_ENTRIES:
        message = f"expected at most {MAX_ENTRIES} entries; got {len(raw)}. The first {MAX_ENTRIES} were read"
        rejected.append(Rejected(f"{fetch.url}, entry {MAX_ENTRIES + 1}", message, digest(fetch.source, message)))
    return Reading(tuple(mentions.values()), tuple(rejected), repeated, ttl)


class _FieldError(Exception):
    """A field of an entry that makes the entry useless."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _said_last(mention: Mention) -> datetime:
    return mention.updated or mention.published or datetime.min.replace(tzinfo=UTC)


def _mention(fetch: Fetch, entry: _Entry) -> Mention:
    canonical = canonical_url(entry.url)
    feed = canonical_url(fetch.url)
    if canonical:
        platform, native, id_ = "web", "", mention_id("web", url=canonical)
    elif entry.guid:
        platform, native = feed or "web", entry.guid
        id_ = mention_id(platform, native)
    else:
        raise _FieldError("link", "expected a link with an http(s) URL, or a guid; got neither")
    alias = canonical_url(entry.alias)
    return Mention(
        id=id_,
        type="Article" if entry.name else "Note",
        platform=platform,
        native_id=native,
        source=fetch.source,
        content=entry.text.text,
        name=entry.name,
        url=entry.url if canonical else "",
        # An Atom entry must have `updated`, and often has nothing else.
        published=entry.published or entry.updated,
        updated=entry.updated,
        first_seen=fetch.at,
        in_reply_to=entry.in_reply_to,
        attributed_to=entry.author,
        tag=entry.tags,
        links=entry.text.links,
        aliases=(alias,) if alias and alias != canonical else (),
        language=entry.language,
        replies=entry.replies,
    )


# ---- RSS, Atom, RDF ------------------------------------------------------------------------------------------------


def _read_xml(fetch: Fetch) -> Reading:
    body = _without_doctype(_decoded(fetch).lstrip()).encode("utf-8", "replace")
    headers = {
        "content-type": "application/xml; charset=utf-8",
        "content-location": fetch.final_url or fetch.url,
        "content-language": fetch.headers.get("content-language", ""),
    }
    try:
        # BytesIO: feedparser opens a bare string as a file or URL of that name.
        # Sanitising is done by `markup` (which leaves no markup at all), relative links within texts as well.
        parsed = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as e:  # its handlers trip over what they do not expect, in any way
        message = f"expected RSS, Atom or RDF; feedparser could not read it: {type(e).__name__}: {shorten(str(e), 200)}"
        raise InputError(message, where=fetch.url) from e
    feed = parsed["feed"]
    if not parsed["entries"] and not parsed.get("version"):
        raise InputError(_not_a_feed(fetch), where=fetch.url)
    # An Atom entry without an author has the feed's (RFC 4287, 4.2.1); RSS says nothing of the kind.
    inherited = _author(feed) if (parsed.get("version") or "").startswith("atom") else None
    language = _language(dict.get(feed, "language"))
    return _reading(fetch, parsed["entries"], lambda raw: _from_xml(raw, inherited, language), _ttl(feed))


def _from_xml(raw: Mapping[str, Any], inherited: Actor | None, language: str) -> _Entry:
    # feedparser's dictionary answers `updated` with `published`, and more: plain look-ups only.
    entry = dict(raw)
    content = _content(entry)
    title = entry.get("title_detail") or {}
    link = absolute_url(_text(entry.get("link")))
    origin = absolute_url(_text(entry.get("feedburner_origlink")))
    reply = entry.get("thr_in-reply-to")
    return _Entry(
        guid=shorten(one_line(clean(_text(entry.get("id")))), _MAX_GUID),
        url=origin or link,
        alias=link if origin else "",
        name=_name(_plain_text(title) if title else from_text(_text(entry.get("title")))),
        text=_plain_text(content),
        published=_moment(entry.get("published_parsed")) or _moment(entry.get("created_parsed")),
        updated=_moment(entry.get("updated_parsed")),
        author=_author(entry) or inherited,
        tags=_tags(_text(tag.get("term")) or _text(tag.get("label")) for tag in entry.get("tags") or ()),
        in_reply_to=_reply(reply) if isinstance(reply, Mapping) else absolute_url(_text(reply)),
        language=_language(content.get("language")) or _language(title.get("language")) or language,
        replies=_count(entry.get("slash_comments")),
    )


def _content(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fullest text that an entry has: its content, else its summary."""
    for content in entry.get("content") or ():
        # A feed may give an image or video as its content, in base64.
        if _text(content.get("value")).strip() and _text(content.get("type") or "text/").startswith(
            ("text/", "application/xhtml")
        ):
            return dict(content)
    summary = entry.get("summary_detail")
    if summary:
        return dict(summary)
    return {"value": _text(entry.get("summary")), "type": "text/html"}


def _plain_text(detail: Mapping[str, Any]) -> PlainText:
    value = _text(detail.get("value"))
    if detail.get("type") == "text/plain" and not has_markup(value):
        return from_text(value)
    return from_html(value, base=_text(detail.get("base")))


def _author(entry: Mapping[str, Any]) -> Actor | None:
    """Return the first author of an entry or feed; None where nothing is said."""
    plain = dict(entry)
    authors = [dict(author) for author in plain.get("authors") or () if author]
    written = _text(plain.get("author"))
    if len(authors) <= 1 and "@" in written and not (authors and authors[0].get("href")):
        # "jo@site.example (Jo Doe)". feedparser takes it apart for top-level domains of up to four letters.
        name, email = _name_and_email(written)
        return _actor(name, "", email)
    for author in authors:
        if actor := _actor(
            _text(author.get("name")), absolute_url(_text(author.get("href"))), _text(author.get("email"))
        ):
            return actor
    return _actor(written, "", "")


def _name_and_email(written: str) -> tuple[str, str]:
    """Take "jo@site.example (Jo Doe)" or "Jo Doe <jo@site.example>" apart; either may be empty."""
    written = clean(written)[:_MAX_NAME]
    email = next((word for word in _EMAIL_ENDS.split(written) if normal_email(word)), "")
    name = one_line(written.replace(email, " ", 1) if email else written)
    name = re.sub(r"\(\s*\)|<\s*>|\bmailto:", "", name).strip(" ,;:-")
    return (name[1:-1] if name[:1] == "(" and name[-1:] == ")" else name).strip(), email


def _actor(name: str, url: str, email: str) -> Actor | None:
    name = shorten(from_html(name).text.replace("\n", " "), _MAX_NAME) if "<" in name else one_line(clean(name))
    if not email and normal_email(name):
        name, email = "", name
    name, email = shorten(name, _MAX_NAME), normal_email(clean(email))
    return Actor(platform="web", name=name, url=url, email=email) if name or url or email else None


def _reply(reply: Mapping[str, Any]) -> str:
    """Return what an entry answers, by RFC 4685: where it can be read, else its id."""
    href = absolute_url(_text(reply.get("href")))
    return href or shorten(one_line(clean(_text(reply.get("ref")))), _MAX_GUID)


def _ttl(feed: Mapping[str, Any]) -> timedelta | None:
    """Return the pause that RSS (`ttl`, minutes) or the syndication module (period, frequency) asks for."""
    if minutes := _count(dict.get(dict(feed), "ttl")):
        return timedelta(minutes=min(minutes, 1_000_000))
    hours = _PERIODS.get(_text(dict(feed).get("sy_updateperiod")).strip().lower())
    if hours is None:
        return None
    return timedelta(hours=hours) / max(_count(dict(feed).get("sy_updatefrequency")) or 1, 1)


def _moment(parsed: Any) -> datetime | None:
    """Return feedparser's UTC struct_time as a datetime; None where it is none or no date at all."""
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _decoded(fetch: Fetch) -> str:
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


def _without_doctype(text: str) -> str:
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


def _not_a_feed(fetch: Fetch) -> str:
    begins = shorten(one_line(clean(fetch.body[:200].decode("utf-8", "replace"))), 60)
    message = f"expected RSS, Atom, RDF or JSON Feed; got something that begins with {begins!r}"
    link = _ALTERNATE.search(fetch.body[:262_144])
    href = _HREF.search(link.group()) if link else None
    if href is None:
        return message
    found = absolute_url(href.group(1).decode("utf-8", "replace"), fetch.final_url or fetch.url)
    return f"{message}. It is a page that names its feed: set url = {found!r}" if found else message


# ---- JSON Feed -----------------------------------------------------------------------------------------------------


class _JsonAuthor(msgspec.Struct, frozen=True):
    name: Any = None
    url: Any = None


class _JsonItem(msgspec.Struct, frozen=True):
    """An item of JSON Feed 1.1 (jsonfeed.org), and `author` of 1.0. Types are checked where the fields are used."""

    id: Any = None
    url: Any = None
    external_url: Any = None
    title: Any = None
    content_html: Any = None
    content_text: Any = None
    summary: Any = None
    date_published: Any = None
    date_modified: Any = None
    author: Any = None
    authors: Any = None
    tags: Any = None
    language: Any = None


def _read_json(fetch: Fetch) -> Reading:
    try:
        # The standard library reads what strict decoders refuse as a whole, such as a lone surrogate in one text.
        document = json.loads(fetch.body)
    except (ValueError, RecursionError) as e:
        raise InputError(f"expected JSON Feed; it is not JSON: {shorten(str(e), 200)}", where=fetch.url) from e
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        got = f"an object with {', '.join(sorted(document)[:8])}" if isinstance(document, dict) else "no object"
        message = f"expected JSON Feed: an object with a list `items`; got {shorten(clean(got), 200)}"
        raise InputError(message, where=fetch.url)
    inherited = _json_author(document.get("authors"), document.get("author"), fetch)
    language = _language(document.get("language"))
    return _reading(fetch, items, lambda raw: _from_json(raw, inherited, language, fetch), None)


def _from_json(raw: Any, inherited: Actor | None, language: str, fetch: Fetch) -> _Entry:
    try:
        item = msgspec.convert(raw, _JsonItem)
    except msgspec.ValidationError as e:
        raise _FieldError("", f"expected an object; got {type(raw).__name__}") from e
    base = fetch.final_url or fetch.url
    markup, plain = _string(item.content_html, "content_html"), _string(item.content_text, "content_text")
    text = from_html(markup, base=base) if markup.strip() else from_text(plain)
    if not text.text:
        text = from_text(_string(item.summary, "summary"))
    if about := absolute_url(_text(item.external_url), base):
        text = PlainText(text.text, tuple(dict.fromkeys([about, *text.links])))
    tags = item.tags if isinstance(item.tags, list) else []
    return _Entry(
        guid=shorten(one_line(clean(_string(item.id, "id"))), _MAX_GUID),
        url=absolute_url(_string(item.url, "url"), base),
        alias="",
        name=_name(from_text(_string(item.title, "title"))),
        text=text,
        published=_parsed(item.date_published),
        updated=_parsed(item.date_modified),
        author=_json_author(item.authors, item.author, fetch) or inherited,
        tags=_tags(_text(tag) for tag in tags),
        in_reply_to="",
        language=_language(item.language) or language,
        replies=None,
    )


def _json_author(authors: Any, author: Any, fetch: Fetch) -> Actor | None:
    for raw in [*(authors if isinstance(authors, list) else []), author]:
        if isinstance(raw, dict):
            one = msgspec.convert(raw, _JsonAuthor)
            url = absolute_url(_text(one.url), fetch.final_url or fetch.url)
            if actor := _actor(_text(one.name), url, ""):
                return actor
    return None


def _string(value: Any, field: str) -> str:
    """Return a text; a number counts as one, as the standard wants of ids. Anything else is an error."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _FieldError(field, f"expected a text; got {type(value).__name__}")


def _parsed(value: Any) -> datetime | None:
    """Return an RFC 3339 (or, as many write, RFC 2822) time in UTC; None where it is none."""
    if not isinstance(value, str):
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(value.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


# ---- Both ----------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _name(text: PlainText) -> str:
    return shorten(one_line(text.text), _MAX_NAME)


def _tags(terms: Iterable[str]) -> tuple[str, ...]:
    cleaned = (shorten(one_line(clean(term)).lstrip("#"), 200) for term in terms)
    return tuple(dict.fromkeys(term for term in cleaned if term))[:_MAX_TAGS]


def _language(value: Any) -> str:
    value = _text(value).strip().replace("_", "-")
    return value if _LANGUAGE.fullmatch(value) else ""


def _count(value: Any) -> int | None:
    """Return a count as written, None where it is none or larger than any."""
    text = _text(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
