"""The items that a body holds: one or many, as JSON, as lines, or as CloudEvents over HTTP. Pure.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import json
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from overheard.collectors.pushed.hook import media_of
from overheard.decoding import DECODING_ERRORS, half_of
from overheard.errors import InputError

JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENT = "application/cloudevents+json"
EVENTS = "application/cloudevents-batch+json"
MEDIA = (JSON, NDJSON, EVENT, EVENTS)
MOST = 1_000  # items of a batch
_BINARY = "ce-"


def parts_of(headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """Return the JSON of each item of a body; `headers` are lower-case, their `content-type` one of MEDIA.

    JSON is an array of items, one item, or a page of a search (`items`). In CloudEvents' binary mode the attributes are
    headers (`ce-…`), and the body is the data. Raises InputError where that cannot be told, or too many came.
    """
    media = media_of(headers)
    if "ce-specversion" in headers and media not in (EVENT, EVENTS):
        return [_event_of(headers, body, media)]
    if media == NDJSON:
        parts = [line for line in body.split(b"\n") if line.strip()]
    elif media == EVENT:
        parts = [body]
    else:
        parts = _of_json(body, one=media == JSON)
    if len(parts) > MOST:
        raise InputError(f"expected at most {MOST:,} items in a batch; got {len(parts):,}. Send them in several")
    return parts


def _of_json(body: bytes, *, one: bool) -> list[bytes]:
    """Return the items of an array; with `one`, of a page, or a single item, as well."""
    try:
        if not one:
            return _several(body)
        found = msgspec.json.decode(body, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
        if isinstance(found, list):
            return [bytes(each) for each in found]
        items = bytes(found.get("items", b"")).lstrip()
        return _several(items) if items.startswith(b"[") else [body]
    except DECODING_ERRORS as e:
        if (parts := _leniently(body)) is not None:
            return parts
        msg = f"expected a JSON array of items, or one item; got {body[:40]!r}: {e}{half_of(body)}"
        raise InputError(msg) from e


def _several(body: bytes) -> list[bytes]:
    return [bytes(each) for each in msgspec.json.decode(body, type=list[msgspec.Raw])]


def _leniently(body: bytes) -> list[bytes] | None:
    """Return the items of an array in which one has half a character, which is to spoil no other; None for no array."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return [json.dumps(each).encode("ascii") for each in found] if isinstance(found, list) else None


def _event_of(headers: Mapping[str, str], body: bytes, media: str) -> bytes:
    """Return the event of a request in binary mode, as it is in structured mode."""
    if media != JSON:
        msg = f"expected the data of the event as {JSON}, as the header Content-Type says; got {media[:80]!r}"
        raise InputError(msg)
    attributes = {
        name.removeprefix(_BINARY): unquote(value) for name, value in headers.items() if name.startswith(_BINARY)
    }
    try:
        return msgspec.json.encode({**attributes, "data": msgspec.json.decode(body) if body.strip() else None})
    except DECODING_ERRORS as e:
        raise InputError(f"expected the data of the event as JSON; it cannot be read: {e}{half_of(body)}") from e
