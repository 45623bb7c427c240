"""The client's side of a WebSocket at a checked address: the protocol is the library's, the bytes are ours to read.

What its server sends is read in pieces as large as they come, so a piece with hundreds of messages costs one turn of
the loop; when nobody takes them nothing is read.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from overheard.collectors.fetching.fetch import Reach
from overheard.collectors.streaming.framing import FrameTooLargeError
from overheard.collectors.streaming.stream import MAX_FRAME

_PIECE = 256 * 1024
_CONNECT = 10.0
_CLOSE = 2.0
_MOST_SAID = 65_536


class Closed(Exception):  # noqa: N818 - an end is no error of ours
    """The server closed the connection. `words` say how, "" where it did not."""

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.words = words


class WebSocket:
    """One connection. `refused`: status, headers and the beginning of the body of a server that does not let us in."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: ClientProtocol, silence: float
    ) -> None:
        self.refused: tuple[int, dict[str, str], bytes] | None = None
        self._reader = reader
        self._writer = writer
        self._protocol = protocol
        self._silence = silence
        self._parts: list[bytes] = []  # of a message that comes in several frames
        self._first: list[bytes] = []  # that came with the handshake

    @classmethod
    async def connect(cls, reach: Reach, *, silence: float) -> "WebSocket":
        """Connect and shake hands. Raises OSError, TimeoutError, Closed."""
        url = reach.url
        host = url.raw_host.decode("ascii")
        secure = url.scheme == "https"
        last: OSError | None = None
        for address in reach.addresses:
            try:
                reader, writer = await asyncio.wait_for(
                    asyncio.open_connection(
                        address.strip("[]"),
                        url.port or (443 if secure else 80),
                        ssl=reach.tls if secure else None,
                        server_hostname=host.strip("[]") if secure else None,
                        limit=_PIECE,
                    ),
                    _CONNECT,
                )
            except OSError as e:  # TimeoutError and certificates are among them
                last = e
                continue
            uri = parse_uri(str(url.copy_with(scheme="wss" if secure else "ws")))
            socket = cls(reader, writer, ClientProtocol(uri, max_size=MAX_FRAME), silence)
            try:
                await asyncio.wait_for(socket._shake_hands(reach), silence)
            except BaseException:
                await socket.close()
                raise
            return socket
        raise last or OSError("none of its addresses answers")

    async def _shake_hands(self, reach: Reach) -> None:
        request = self._protocol.connect()
        request.headers["User-Agent"] = reach.agent.encode("latin-1", "replace").decode("latin-1")
        for name, value in reach.secret:
            request.headers[name.decode("ascii")] = value.decode("ascii")
        self._protocol.send_request(request)
        self._flush()
        while self._protocol.state is State.CONNECTING and self._protocol.handshake_exc is None:
            await self._receive()
            for event in self._protocol.events_received():
                if isinstance(event, Response):
                    self._answered(event)
                else:
                    self._take(event, self._first)
        if self._protocol.handshake_exc is not None and self.refused is None:
            raise Closed(f": {_words(self._protocol.handshake_exc)}")

    def _answered(self, response: Response) -> None:
        if response.status_code != 101:
            headers = {name.lower(): value for name, value in response.headers.raw_items()}
            self.refused = response.status_code, headers, bytes(response.body or b"")[:_MOST_SAID]

    async def frames(self) -> AsyncIterator[list[bytes]]:
        """Yield the messages that come together, until the end. Raises Closed, TimeoutError, FrameTooLargeError."""
        if self._first:
            yield self._first
        while True:
            await self._receive()
            found: list[bytes] = []
            for event in self._protocol.events_received():
                self._take(event, found)
            if found:
                yield found
            if self._protocol.state is not State.OPEN:
                raise self._end()

    def _take(self, event: object, found: list[bytes]) -> None:
        if not isinstance(event, Frame) or event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        data = bytes(event.data)
        if event.fin and not self._parts:
            found.append(data)
            return
        self._parts.append(data)
        if event.fin:
            found.append(b"".join(self._parts))
            self._parts = []

    async def _receive(self) -> None:
        """Take in the next piece; ask for a sign of life half-way to the end of patience."""
        began = time.monotonic()
        try:
            piece = await asyncio.wait_for(self._reader.read(_PIECE), self._silence / 2)
        except TimeoutError:
            if self._protocol.state is State.OPEN:
                self._protocol.send_ping(b"")
                self._flush()
            piece = await asyncio.wait_for(self._reader.read(_PIECE), self._silence - (time.monotonic() - began))
        if piece:
            self._protocol.receive_data(piece)
        else:
            self._protocol.receive_eof()
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)

    def _end(self) -> Exception:
        wrong = self._protocol.parser_exc
        if isinstance(wrong, PayloadTooBig):
            return FrameTooLargeError()
        if wrong is not None and not isinstance(wrong, EOFError):
            return Closed(f": it sent what is no message of a WebSocket ({_words(wrong)})")
        said = self._protocol.close_rcvd
        if said is None:
            return Closed(" without a word")
        return Closed(f" ({said.code}{f': {said.reason[:200]}' if said.reason else ''})")

    async def close(self) -> None:
        """Say goodbye and let the connection go, however it stands."""
        with suppress(Exception):
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
                self._flush()
        self._writer.close()
        with suppress(Exception):
            await asyncio.wait_for(self._writer.wait_closed(), _CLOSE)


def _words(error: BaseException) -> str:
    if isinstance(error, InvalidHandshake):
        return f"{type(error).__name__}: {error}"[:200]
    return str(error)[:200]
