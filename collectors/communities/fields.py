"""JSON of a service, read field by field: what is not as expected is said with its place, and all else still comes.

What a post is made of (ids, texts, times, authors) must be of its type where it is there; what merely adorns it
(counts, languages, tags) is left out where it is not.
"""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from overheard.collectors.files import read_date
from overheard.collectors.markup import one_line, shorten
from overheard.errors import InputError
from overheard.records import Fetch
from overheard.text import clean

# Longer than any id of a service; Bluesky's and ActivityPub's are URIs.
MAX_ID = 2_048
_LARGEST = 2**53


class FieldError(Exception):
    """A field that makes an item useless. `where` is its place in the document: `statuses[3].account.id`."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.where = where


class Item:
    """A JSON object, and its place in the document."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        """Raises FieldError where `value` is no object."""
        if not isinstance(value, dict):
            raise FieldError(path, f"expected an object; got {said(value)}")
        self.value: Mapping[str, Any] = value
        self.path = path

    def place(self, name: str) -> str:
        """Return the place of a field."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, *names: str) -> bool:
        """True where each of the fields is there and not null."""
        return all(self.value.get(name) is not None for name in names)

    def raw(self, name: str) -> Any:
        """Return a field as it came, None where it is absent."""
        return self.value.get(name)

    def text(self, name: str) -> str:
        """Return a text as it came, cleaned; "" where it is absent. Raises FieldError where it is none."""
        value = self.value.get(name)
        if value is None or isinstance(value, str):
            return clean(value) if value else ""
        raise FieldError(self.place(name), f"expected a text; got {said(value)}")

    def id(self, name: str) -> str:
        """Return an id, which may be a text or a whole number; "" where it is absent. Raises FieldError."""
        value = self.value.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            if abs(value) < 10**30:  # longer numbers are slow to write, and no service has them
                return str(value)
        elif value is None or isinstance(value, str):
            id_ = one_line(clean(value or ""))
            if len(id_) <= MAX_ID:
                return id_
            raise FieldError(self.place(name), f"expected an id of at most {MAX_ID} characters; got {len(id_)}")
        raise FieldError(self.place(name), f"expected an id: a text or a whole number; got {said(value)}")

    def needed_id(self, name: str) -> str:
        """Return an id that must be there. Raises FieldError."""
        if id_ := self.id(name):
            return id_
        raise FieldError(self.place(name), "expected an id; there is none")

    def time(self, name: str) -> datetime | None:
        """Return a time in UTC from RFC 3339 or seconds since 1970; None where it is absent. Raises FieldError."""
        value = self.value.get(name)
        if value is None or value is False or value == "":
            return None
        try:
            return read_date(value)
        except (ValueError, OverflowError, TypeError, IndexError) as e:
            shown = repr(shorten(clean(value), 40)) if isinstance(value, str) else said(value)
            message = f"expected a time as RFC 3339 or in seconds since 1970; got {shown}"
            raise FieldError(self.place(name), message) from e

    def time_if_any(self, name: str) -> datetime | None:
        """Return a time as `time` does; None where it cannot be read."""
        try:
            return self.time(name)
        except FieldError:
            return None

    def item(self, name: str) -> "Item | None":
        """Return an object; None where it is absent. Raises FieldError where it is none."""
        value = self.value.get(name)
        return None if value is None else Item(value, self.place(name))

    def item_if_any(self, *names: str) -> "Item":
        """Return the object at the end of a path of fields; an empty one where there is none."""
        item = self
        for name in names:
            value = item.value.get(name)
            item = Item(value if isinstance(value, dict) else {}, item.place(name))
        return item

    def items(self, name: str) -> Iterator["Item"]:
        """Yield the objects in a list; nothing where it is none, and nothing for what is no object."""
        for i, value in enumerate(self.values(name)):
            if isinstance(value, dict):
                yield Item(value, f"{self.place(name)}[{i}]")

    def values(self, name: str) -> list[Any]:
        """Return a list; empty where it is none."""
        value = self.value.get(name)
        return value if isinstance(value, list) else []

    def texts(self, name: str) -> list[str]:
        """Return the texts in a list; nothing where it is none, and nothing for what is no text."""
        return [clean(value) for value in self.values(name) if isinstance(value, str)]

    def text_if_any(self, name: str) -> str:
        """Return a text, cleaned; "" where it is none."""
        value = self.value.get(name)
        return clean(value) if isinstance(value, str) else ""

    def id_if_any(self, name: str) -> str:
        """Return an id; "" where it is none."""
        try:
            return self.id(name)
        except FieldError:
            return ""

    def count(self, name: str) -> int | None:
        """Return a whole number, which may be written as a text; None where it is none or larger than any count."""
        value = self.value.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
            value = int(value)
        if isinstance(value, float) and math.isfinite(value) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
            return None
        return value

    def flag(self, name: str) -> bool:
        """True where a field is true."""
        return self.value.get(name) is True


def said(value: Any) -> str:
    """Return what a JSON value is, in words, never the value: it may be long, or somebody's."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), type(value).__name__)


def document(fetch: Fetch, expected: str) -> Any:
    """Return the JSON of a fetch. `expected` says what it should be. Raises InputError where it is no JSON."""
    try:
        return json.loads(fetch.body)
    except (ValueError, RecursionError) as e:
        reason = f"it is not JSON: {shorten(clean(str(e)), 200)}" if fetch.body.strip() else "it is empty"
        raise InputError(f"expected {expected}; {reason}", where=fetch.url) from e


def unexpected(fetch: Fetch, found: Any, expected: str) -> InputError:
    """Return the error of a document that is not what was expected, with the service's own words where it has some."""
    got = said(found)
    if isinstance(found, dict):
        words = _words(found)
        got = f"an error: {words}" if words else f"an object with {', '.join(sorted(found)[:8]) or 'nothing'}"
    return InputError(f"expected {expected}; got {shorten(one_line(clean(got)), 300)}", where=fetch.url)


def _words(found: Mapping[str, Any]) -> str:
    """Return what a service says of an error: services put it in a few places."""
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    candidates = [found.get("error_message"), found.get("error_description"), found.get("message")]
    candidates += [found.get("detail"), found.get("error"), found.get("error_name"), first, found.get("title")]
    if not any(key in found for key in ("error", "errors", "error_id", "message", "status", "detail")):
        return ""
    for one in candidates:
        if isinstance(one, str) and one:
            return one
        if isinstance(one, dict):
            for name in ("message", "detail", "title", "reason", "status"):
                if isinstance(one.get(name), str) and one[name]:
                    return str(one[name])
    return ""


def origin_of(url: str) -> str:
    """Return scheme and host of a URL; "" where it has none."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
    except ValueError:
        return ""
