"""The items that a body holds: one or many, as JSON, as lines, or as CloudEvents over HTTP. Pure.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import json
import re
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
# By each of which a request says that it is an event in binary mode.
_NEEDED = tuple(f"{_BINARY}{name}" for name in ("specversion", "id", "source", "type"))
_BOM = b"\xef\xbb\xbf"


def parts_of(headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """Return the JSON of each item of a body; `headers` are lower-case, their `content-type` one of MEDIA.

    JSON is an array of items, one item, or a page of a search (`items`). In CloudEvents' binary mode the attributes are
    headers (`ce-…`), and the body is the data. Raises InputError where that cannot be told, or too many came.
    """
    media = media_of(headers)
    body = body.removeprefix(_BOM)
    if is_binary(headers):
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


def is_binary(headers: Mapping[str, str]) -> bool:
    """True of a request that carries one CloudEvent in its headers (`ce-…`), whatever the media type of its data."""
    return any(name in headers for name in _NEEDED) and media_of(headers) not in (EVENT, EVENTS)


def marks_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that hold the attributes of an event in binary mode, as they came."""
    return {name: value for name, value in headers.items() if name.startswith(_BINARY)}


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
    if media != JSON and not media.endswith("+json"):
        msg = f"expected the data of the event as {JSON}, as the header Content-Type says; got {media[:80]!r}"
        raise InputError(msg)
    attributes = {name.removeprefix(_BINARY): _attribute(value) for name, value in marks_of(headers).items()}
    try:
        return msgspec.json.encode({**attributes, "data": msgspec.json.decode(body) if body.strip() else None})
    except DECODING_ERRORS as e:
        raise InputError(f"expected the data of the event as JSON; it cannot be read: {e}{half_of(body)}") from e


def _attribute(header: str) -> str:
    """Return the attribute that a header holds: it may be in quotes, and its characters percent-encoded."""
    if len(header) > 1 and header.startswith('"') and header.endswith('"'):
        header = re.sub(r"\\(.)", r"\1", header[1:-1])
    return unquote(header)
