"""What is wrong with JSON that msgspec refuses, in words for whoever sent it."""

import re
from typing import Any

import msgspec

# What a decoder raises of bytes that are not what they should be; of a thousand brackets, the last.
DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SURROGATE = re.compile(rb"\\u([dD][89a-fA-F][0-9a-fA-F]{2})")
_UNKNOWN = re.compile("unknown field `(.*)`")


def refusal_of(error: Exception, kind: type[Any] | None = None) -> tuple[str, str]:
    """Return (what is wrong, the field's path; "" for none) of an error of msgspec.

    Of a field that a `kind` does not have, the fields that it has are told too.
    """
    message, _, at = str(error).partition(" - at `$")
    unknown = _UNKNOWN.search(message)
    path = at.strip(".`")
    if unknown and kind is not None and not path:
        message += ". Known are: " + ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
    return message, ".".join(part for part in (path, unknown[1] if unknown else "") if part)


def half_of(body: bytes) -> str:
    """Return what to do about half a character, of which the decoder says only that the body is cut off; else ""."""
    halves = [int(one, 16) & 0xFC00 for one in _SURROGATE.findall(body)]
    whole = halves[::2] == [0xD800] * (len(halves) // 2) and halves[1::2] == [0xDC00] * (len(halves) // 2)
    if whole and len(halves) % 2 == 0:
        return ""
    return ". A text in it has half a character (\\ud800 to \\udfff alone): send UTF-8, or both halves"
