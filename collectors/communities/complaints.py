"""What a service says of why it gives nothing: the words and codes in the JSON of an error. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from overheard.collectors.markup import one_line, shorten
from overheard.text import clean

_LONGEST = 300
_DEEPEST = 6
_MOST = 50
# Where services put words for people, those first that say most; and where they put codes for programs.
_WORDS = ("error_description", "error_message", "detail", "message", "error", "errors", "title", "hint")
_CODES = ("reason", "error_name", "error_type", "code", "error_code", "error_subcode", "error_id", "error", "type",
          "status", "title")  # fmt: skip
_CODE = re.compile(r"[\w.:/-]{1,120}", re.ASCII)
_TAG = re.compile(r"<[^<>]{0,200}>")


@dataclass(frozen=True, slots=True)
class Told:
    """What an error says: `words` for people, "" where there are none; `codes` for programs; all of it in `found`."""

    words: str = ""
    codes: tuple[str, ...] = ()
    found: Any = None


def told_in(body: bytes) -> Told:
    """Return what the body of an error says; nothing where it is no JSON. Never raises."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Told()
    words = next((one for one in _words(found, 0) if one), "")
    return Told(words, tuple(dict.fromkeys(_codes(found, 0)))[:_MOST], found)


def _words(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield shorten(one_line(clean(_TAG.sub("", value[: 4 * _LONGEST]))), _LONGEST)
    elif isinstance(value, list) and depth < _DEEPEST:
        for one in value[:_MOST]:
            yield from _words(one, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name in _WORDS:
            if name in value:
                yield from _words(value[name], depth + 1)


def _codes(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, list) and depth < _DEEPEST:
        for one in value[:_MOST]:
            yield from _codes(one, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name in _CODES:
            one = value.get(name)
            if isinstance(one, str | int) and not isinstance(one, bool) and _CODE.fullmatch(str(one)):
                yield str(one)
        for one in value.values():
            if isinstance(one, list | dict):
                yield from _codes(one, depth + 1)


def number_at(found: Any, *names: str) -> float | None:
    """Return a number that is not negative at a place in what was found; None where there is none."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e9:
        return None
    return float(found)
