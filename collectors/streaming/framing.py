"""Bytes of a stream over HTTP to its frames: lines, and server-sent events. Pure, but for what is still incomplete."""

import json
from collections.abc import Iterator

from overheard.collectors.streaming.stream import MAX_FRAME


class FrameTooLargeError(Exception):
    """A frame beyond `MAX_FRAME`."""


class Lines:
    """A frame for each line; an empty line is a sign of life and no frame."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the frames that are complete now. Raises FrameTooLargeError."""
        if b"\n" not in chunk and b"\r" not in chunk:
            self._rest += chunk
            lines: list[bytes] = []
        else:
            *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_FRAME or any(len(line) > MAX_FRAME for line in lines):
            raise FrameTooLargeError
        return [line for one in lines if (line := one.strip())]


class Events:
    """A frame for each server-sent event that has data: `{"event": …, "payload": …}`, as in a WebSocket of Mastodon."""

    def __init__(self) -> None:
        self._lines = _SoftLines()
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the frames that are complete now. Raises FrameTooLargeError."""
        return [frame for line in self._lines.feed(chunk) for frame in self._line(line)]

    def _line(self, line: bytes) -> Iterator[bytes]:
        if not line:
            if self._data:
                yield event_of(self._name or "message", b"\n".join(self._data).decode("utf-8", "replace"))
            self._name, self._data, self._size = "", [], 0
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode("utf-8", "replace")[:100]
        elif field == b"data":
            self._size += len(value)
            if self._size > MAX_FRAME:
                raise FrameTooLargeError
            self._data.append(value)


class _SoftLines:
    """Lines that end with LF, CR or both, the empty ones too."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        whole = self._rest + chunk
        # A CR at the end may be half of a line's end.
        held = b"\r" if whole.endswith(b"\r") else b""
        whole = whole.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = whole.split(b"\n")
        self._rest = rest + held
        if len(self._rest) > MAX_FRAME:
            raise FrameTooLargeError
        return lines


def event_of(name: str, data: str) -> bytes:
    """Return an event in one line of JSON; `data` as it came, JSON or any text."""
    one_line = " ".join(data.splitlines())
    try:
        json.loads(one_line)
    except (ValueError, RecursionError):
        one_line = json.dumps(one_line)
    return f'{{"event":{json.dumps(name)},"payload":{one_line}}}'.encode("utf-8", "replace")
