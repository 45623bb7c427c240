"""JSON Feed 1 and 1.1, read leniently item by item."""

import dataclasses
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from overheard.collectors.base import Reading
from overheard.collectors.feeds.entry import (
    MAX_GUID,
    Entry,
    FieldError,
    actor_of,
    language_of,
    name_of,
    reading_of,
    tags_of,
    text_of,
)
from overheard.collectors.feeds.summary import is_summary
from overheard.collectors.markup import PlainText, absolute_url, from_html, from_text, one_line, shorten
from overheard.errors import InputError
from overheard.records import Actor, Fetch
from overheard.text import clean

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class _Author(msgspec.Struct, frozen=True):
    name: Any = None
    url: Any = None


class _Item(msgspec.Struct, frozen=True):
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
    attachments: Any = None


class _Attachment(msgspec.Struct, frozen=True):
    url: Any = None
    mime_type: Any = None


class _Hub(msgspec.Struct, frozen=True):
    url: Any = None


def read_json(fetch: Fetch) -> Reading:
    """Return the mentions of a JSON Feed. Raises InputError where the body is none."""
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
    inherited = _author(document.get("authors"), document.get("author"), fetch.final_url or fetch.url)
    language = language_of(document.get("language"))
    base = fetch.final_url or fetch.url
    return dataclasses.replace(
        reading_of(fetch, items, lambda raw: _from_json(raw, inherited, language, base)),
        next_page=absolute_url(text_of(document.get("next_url")), base),
        hub=next(
            (url for hub in _objects(document.get("hubs"), _Hub) if (url := absolute_url(text_of(hub.url), base))), ""
        ),
        expired=document.get("expired") is True,
    )


def _from_json(raw: Any, inherited: Actor | None, language: str, base: str) -> Entry:
    if not isinstance(raw, dict):
        raise FieldError("", f"expected an object; got {type(raw).__name__}")
    item = _taken(raw, _Item)
    markup, plain = _string(item.content_html, "content_html"), _string(item.content_text, "content_text")
    text = from_html(markup, base=base) if markup.strip() else from_text(plain)
    summary = from_text(_string(item.summary, "summary"))
    has_content = bool(text.text) and one_line(text.text) != one_line(summary.text)
    text = text if text.text else summary
    if about := absolute_url(text_of(item.external_url), base):
        text = PlainText(text.text, tuple(dict.fromkeys([about, *text.links])))
    attachments = _objects(item.attachments, _Attachment)
    is_media = any(text_of(one.mime_type).startswith(("audio/", "video/")) for one in attachments)
    name = name_of(from_text(_string(item.title, "title")))
    tags = item.tags if isinstance(item.tags, list) else []
    return Entry(
        guid=shorten(one_line(clean(_string(item.id, "id"))), MAX_GUID),
        url=absolute_url(_string(item.url, "url"), base),
        alias="",
        name=name,
        text=text,
        published=_parsed(item.date_published),
        updated=_parsed(item.date_modified),
        author=_author(item.authors, item.author, base) or inherited,
        tags=tags_of(text_of(tag) for tag in tags),
        in_reply_to="",
        language=language_of(item.language) or language,
        replies=None,
        enclosures=tuple(url for one in attachments if (url := absolute_url(text_of(one.url), base))),
        is_summary=is_summary(text.text, title=name, has_content=has_content, is_media=is_media),
    )


def _author(authors: Any, author: Any, base: str) -> Actor | None:
    """Return the first author who is said to be anybody: of 1.1's `authors`, then 1.0's `author`."""
    for one in [*_objects(authors, _Author), *_objects([author], _Author)]:
        if actor := actor_of(text_of(one.name), absolute_url(text_of(one.url), base), ""):
            return actor
    return None


def _objects(values: Any, kind: type[_Struct]) -> list[_Struct]:
    """Return the objects of a list, leaving out what is none."""
    return [_taken(raw, kind) for raw in values if isinstance(raw, dict)] if isinstance(values, list) else []


def _taken(raw: dict[str, Any], kind: type[_Struct]) -> _Struct:
    """Return the fields of an object that a struct has. msgspec itself trips over a name with a lone surrogate."""
    return kind(**{name: raw.get(name) for name in kind.__struct_fields__})


def _string(value: Any, field: str) -> str:
    """Return a text; a number counts as one, as the standard wants of ids. Anything else is an error."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise FieldError(field, f"expected a text; got {type(value).__name__}")


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
