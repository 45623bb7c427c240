"""RSS, Atom and RDF of every age to mentions: what the parsers, the fast one and feedparser, made of them."""

import dataclasses
import html
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import feedparser

from overheard.collectors.base import Reading, Rejected
from overheard.collectors.feeds.dates import moment
from overheard.collectors.feeds.decode import decoded, made_of_entities, without_doctype
from overheard.collectors.feeds.entry import (
    MAX_GUID,
    MAX_NAME,
    Entry,
    actor_of,
    count_of,
    language_of,
    name_of,
    reading_of,
    tags_of,
    text_of,
)
from overheard.collectors.feeds.fast import Parsed, parse_plain
from overheard.collectors.feeds.summary import is_summary
from overheard.collectors.markup import PlainText, absolute_url, from_html, from_text, has_markup, one_line, shorten
from overheard.errors import InputError
from overheard.identities import normal_email
from overheard.records import Actor, Fetch, digest
from overheard.text import clean

_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_EMAIL_ENDS = re.compile(r"[\s()<>\[\],;:\"]+")
# feedparser keeps the last hour and day of the list only.
_SKIP = re.compile(r"<skip(hours|days)\b", re.IGNORECASE)
_LONGEST_SKIP = 4_000
_SKIPPED = re.compile(r"<(?:hour|day)\b[^>]{0,100}>\s*(\w{1,12})\s*<", re.IGNORECASE)
_DAYS = {day: i for i, day in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])}
_TITLE = re.compile(rb"<title\b[^>]{0,200}>([^<]{1,500})", re.IGNORECASE)
_ALTERNATE = re.compile(rb"<link\b[^>]{0,500}application/(?:rss\+xml|atom\+xml|feed\+json)[^>]{0,500}", re.IGNORECASE)
_HREF = re.compile(rb"""\shref\s*=\s*(?:"([^"]{1,500})"|'([^']{1,500})'|([^"'\s>]{1,500}))""", re.IGNORECASE)
_MAX_NAMED = 5
# Of all dialects; where none of them is, nothing is a feed.
_OF_A_FEED = re.compile(r"<(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|channel|item|entry)\b", re.IGNORECASE)
# An entry's beginning or end, and the end of a feed, which stands among its last characters.
_ENTRY = re.compile(r"<(/?)(?:[\w.-]{1,40}:)?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_END = re.compile(r"</(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|channel)\s{0,20}>", re.IGNORECASE)
_TAIL = 4_000
_UNENDED_TAG = re.compile(r"<[^<>]{0,2000}\Z")
_AFTER_A_FIELD = re.compile(r"(?:</[\w:.-]{1,80}\s{0,20}>|/>)\Z")
_FEED_TYPES = ("application/atom+xml", "application/rss+xml", "application/xml", "text/xml")


def read_xml(fetch: Fetch) -> Reading:
    """Return the mentions of an RSS, Atom or RDF feed. Raises InputError where the body is none."""
    body = decoded(fetch).lstrip()
    if entity := made_of_entities(body):
        message = f"expected a feed; got one that uses &{entity}; which it makes of other entities. That is not read"
        raise InputError(message, where=fetch.url)
    text = without_doctype(body)
    parsed = parse_plain(text, fetch.final_url or fetch.url, fetch.headers.get("content-language", ""))
    return reading_of_feed(fetch, text, parsed or parse_any(fetch, text))


def text_of_feed(fetch: Fetch) -> str:
    """Return a body as both parsers take it: decoded, without XML declaration and document type."""
    return without_doctype(decoded(fetch).lstrip())


def reading_of_feed(fetch: Fetch, text: str, parsed: Parsed) -> Reading:
    """Return the mentions of what a parser made of a text. Raises InputError where it is no feed."""
    feed = parsed.feed
    if not parsed.entries and not parsed.version:
        raise InputError(_not_a_feed(fetch), where=fetch.url)
    # An Atom entry without an author has the feed's (RFC 4287, 4.2.1); RSS says nothing of the kind.
    inherited = _author(feed) if parsed.version.startswith("atom") else None
    language = language_of(feed.get("language"))
    links = _dicts(feed.get("links"))
    entries, cut = _whole(text, parsed.entries)
    unread = (
        f"expected a feed as far as its end; its body breaks off {cut}. They were read; the others are when a poll "
        "brings them. If that lasts, tell its owner"
    )
    skipped = dict(_skipped(text))
    reading = reading_of(fetch, entries, lambda raw: entry_of(raw, inherited, language))
    return dataclasses.replace(
        reading,
        rejected=(*reading.rejected, *([Rejected(fetch.url, unread, digest(fetch.source, unread))] if cut else [])),
        cut=cut,
        ttl=_ttl(feed),
        next_page=next(_urls(links, "next"), ""),
        previous_archive=next(_urls(links, "prev-archive"), ""),
        hub=next(_urls(links, "hub"), ""),
        skip_hours=skipped.get("hours", frozenset()),
        skip_days=skipped.get("days", frozenset()),
    )


def _whole(text: str, entries: list[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], str]:
    """Return the entries that came whole; and where a feed breaks off within an entry, after what ("": it does not).

    What merely lacks the feed's own end is whole. An entry that breaks off between two of its fields is taken as it is.
    """
    if _END.search(text, max(0, len(text) - _TAIL)):
        return entries, ""
    begun = ended = last = 0
    for found in _ENTRY.finditer(text):
        begun, ended = begun + (not found[1]), ended + bool(found[1])
        last = found.end() if not found[1] else last
    if begun != ended + 1 or begun != len(entries):
        return entries, ""
    rest = _UNENDED_TAG.sub("", text[max(last, len(text) - _TAIL) :]).rstrip()
    is_between = bool(_AFTER_A_FIELD.search(rest)) and text.rfind("<![CDATA[", last) <= text.rfind("]]>", last)
    whole = entries if is_between else entries[:-1]
    return whole, f"after {len(whole)} {'entry' if len(whole) == 1 else 'entries'}"


def parse_any(fetch: Fetch, text: str) -> Parsed:
    """Return what feedparser makes of a text. Raises InputError where it cannot, and where nothing is of a feed."""
    if not _OF_A_FEED.search(text):
        # A page takes feedparser its time: what nobody closes in it, the square of that.
        raise InputError(_not_a_feed(fetch), where=fetch.url)
    headers = {
        "content-type": "application/xml; charset=utf-8",
        "content-location": fetch.final_url or fetch.url,
        "content-language": fetch.headers.get("content-language", ""),
    }
    try:
        # BytesIO: feedparser opens a bare string as a file or URL of that name.
        # Sanitising is done by `markup` (which leaves no markup at all), relative links within texts as well.
        parsed = feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as e:  # its handlers trip over what they do not expect, in any way
        message = f"expected RSS, Atom or RDF; feedparser could not read it: {type(e).__name__}: {shorten(str(e), 200)}"
        raise InputError(message, where=fetch.url) from e
    if parsed.get("bozo") and not parsed["entries"] and not any(dict(parsed["feed"]).values()):
        message = "expected RSS, Atom or RDF; it breaks off before anything of a feed. If that lasts, look at it"
        raise InputError(message, where=fetch.url)
    # Its dictionary answers `updated` with `published`, and more: plain ones only.
    return Parsed(parsed.get("version") or "", _plain(parsed["feed"]), [_plain(entry) for entry in parsed["entries"]])


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return feedparser's dictionary as a plain one, the lists of dictionaries in it too."""
    return {
        key: [dict(one) if isinstance(one, dict) else one for one in value] if isinstance(value, list) else value
        for key, value in dict(fields).items()
    }


def entry_of(entry: Mapping[str, Any], inherited: Actor | None = None, language: str = "") -> Entry:
    """Return an entry from the fields that feedparser gives it; author and language stand in for its own."""
    content, has_content = _content(entry)
    title = _dict(entry.get("title_detail"))
    link = absolute_url(text_of(entry.get("link")))
    origin = absolute_url(text_of(entry.get("feedburner_origlink")))
    reply = entry.get("thr_in-reply-to")
    name = name_of(_plain_text(title) if title else from_text(text_of(entry.get("title"))))
    text = _plain_text(content)
    links = _dicts(entry.get("links"))
    is_media = "yt_videoid" in entry or any(
        text_of(link.get("type")).startswith(("audio/", "video/")) for link in links
    )
    return Entry(
        guid=shorten(one_line(clean(text_of(entry.get("id")))), MAX_GUID),
        url=origin or link,
        alias=link if origin else "",
        name=name,
        text=text,
        published=moment(entry.get("published")) or moment(entry.get("created")),
        updated=moment(entry.get("updated")),
        author=_author(entry) or inherited,
        tags=tags_of(text_of(tag.get("term")) or text_of(tag.get("label")) for tag in _dicts(entry.get("tags"))),
        in_reply_to=_reply(reply) if isinstance(reply, Mapping) else absolute_url(text_of(reply)),
        language=language_of(content.get("language"))
        or language_of(title.get("language"))
        or language_of(entry.get("language"))
        or language,
        replies=_first_count(entry.get("slash_comments"), entry.get("thr_total")),
        enclosures=tuple(_urls(links, "enclosure")),
        comment_feed=absolute_url(text_of(entry.get("wfw_commentrss")))
        or next(_urls(links, "replies", _FEED_TYPES), ""),
        is_summary=is_summary(text.text, title=name, has_content=has_content, is_media=is_media),
    )


def _dict(value: Any) -> Mapping[str, Any]:
    """Return feedparser's details of a field; none where an element of that name took their place."""
    return dict(value) if isinstance(value, Mapping) else {}


def _dicts(values: Any) -> list[Mapping[str, Any]]:
    return [value for value in values if value and isinstance(value, dict)] if isinstance(values, list) else []


def _urls(links: list[Mapping[str, Any]], rel: str, types: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the addresses of the links in one relation, where types are given of one of them."""
    for link in links:
        if link.get("rel") == rel and (not types or link.get("type") in types):
            url = absolute_url(text_of(link.get("href")))
            if url:
                yield url


def _first_count(*values: Any) -> int | None:
    return next((count for value in values if (count := count_of(value)) is not None), None)


def _skipped(text: str) -> Iterator[tuple[str, frozenset[int]]]:
    """Yield "hours" and "days" in which RSS asks not to be asked: hours of the day in GMT, days with Monday as 0."""
    for found in itertools.islice(_SKIP.finditer(text), 2):
        inner = text[found.end() : found.end() + _LONGEST_SKIP].partition("</skip")[0]
        words = [word.lower() for word in _SKIPPED.findall(inner)]
        if found[1].lower() == "hours":
            # 24 was allowed once, for midnight.
            yield "hours", frozenset(int(word) % 24 for word in words if word.isdecimal() and int(word) <= 24)
        else:
            yield "days", frozenset(_DAYS[word] for word in words if word in _DAYS)


def _content(entry: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return the fullest text that an entry has, its content, else its summary; and whether it is more than that."""
    summary = _dict(entry.get("summary_detail"))
    for content in _dicts(entry.get("content")):
        # A feed may give an image or video as its content, in base64.
        if text_of(content.get("value")).strip() and text_of(content.get("type") or "text/").startswith(
            ("text/", "application/xhtml")
        ):
            return content, content.get("value") != summary.get("value")
    return summary or {"value": text_of(entry.get("summary")), "type": "text/html"}, False


def _plain_text(detail: Mapping[str, Any]) -> PlainText:
    value = text_of(detail.get("value"))
    if detail.get("type") == "text/plain" and not has_markup(value):
        return from_text(value)
    return from_html(value, base=text_of(detail.get("base")))


def _author(entry: Mapping[str, Any]) -> Actor | None:
    """Return the first author of an entry or feed; None where nothing is said."""
    authors = _dicts(entry.get("authors"))
    written = text_of(entry.get("author"))
    if len(authors) <= 1 and "@" in written and not (authors and authors[0].get("href")):
        # "jo@site.example (Jo Doe)". feedparser takes it apart for top-level domains of up to four letters.
        name, email = _name_and_email(written)
        return actor_of(name, "", email)
    for author in authors:
        if actor := actor_of(
            text_of(author.get("name")), absolute_url(text_of(author.get("href"))), text_of(author.get("email"))
        ):
            return actor
    return actor_of(written, "", "")


def _name_and_email(written: str) -> tuple[str, str]:
    """Take "jo@site.example (Jo Doe)" or "Jo Doe <jo@site.example>" apart; either may be empty."""
    written = clean(written)[:MAX_NAME]
    email = next((word for word in _EMAIL_ENDS.split(written) if normal_email(word)), "")
    name = one_line(written.replace(email, " ", 1) if email else written)
    name = re.sub(r"\(\s*\)|<\s*>|\bmailto:", "", name).strip(" ,;:-")
    return (name[1:-1] if name[:1] == "(" and name[-1:] == ")" else name).strip(), email


def _reply(reply: Mapping[str, Any]) -> str:
    """Return what an entry answers, by RFC 4685: where it can be read, else its id."""
    href = absolute_url(text_of(reply.get("href")))
    return href or shorten(one_line(clean(text_of(reply.get("ref")))), MAX_GUID)


def _ttl(feed: Mapping[str, Any]) -> timedelta | None:
    """Return the pause that RSS (`ttl`, minutes) or the syndication module (period, frequency) asks for."""
    if minutes := count_of(feed.get("ttl")):
        return timedelta(minutes=min(minutes, 1_000_000))
    hours = _PERIODS.get(text_of(feed.get("sy_updateperiod")).strip().lower())
    if hours is None:
        return None
    return timedelta(hours=hours) / max(count_of(feed.get("sy_updatefrequency")) or 1, 1)


def _not_a_feed(fetch: Fetch) -> str:
    """Say what came instead, and which feeds it names where it is a page."""
    begins = shorten(one_line(clean(fetch.body[:200].decode("utf-8", "replace"))), 60)
    message = f"expected RSS, Atom, RDF or JSON Feed; got something that begins with {begins!r}"
    head = fetch.body[:262_144]
    if title := _TITLE.search(head):
        message += f" and is titled {shorten(one_line(from_html(title[1].decode('utf-8', 'replace')).text), 80)!r}"
    found: dict[str, None] = {}
    for link in _ALTERNATE.findall(head):
        if href := _HREF.search(link):
            written = html.unescape(next(filter(None, href.groups()), b"").decode("utf-8", "replace"))
            found[absolute_url(written, fetch.final_url or fetch.url)] = None
    found.pop("", None)
    if not found:
        return message
    urls = list(found)[:_MAX_NAMED]
    if len(urls) == 1:
        return f"{message}. It is a page that names its feed: set url = {urls[0]!r}"
    return f"{message}. It is a page that names its feeds: set url = {' or '.join(map(repr, urls))}"
