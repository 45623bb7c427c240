"""A network between clients and a server that can be cut, stalled and slowed: a TCP relay on loopback."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self

from tests.engines.server import free_port

_CHUNK = 64 * 2**10
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing resets


class Link:
    """Relays connections to `address` on to `target`, from the moment it is made until it is closed.

    `cut`: connections are reset and new ones refused, as when a machine is gone. `stall`: nothing passes and nothing is
    refused, as when a cable is pulled. `slow`: so many bytes/s in each direction of each connection. `mend`: as in the
    beginning; what a stall held back passes. A context manager.
    """

    def __init__(self, target: tuple[str, int] | None = None) -> None:
        self.port = free_port()
        self._target = target
        self._rate = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)
        self._thread.start()
        self._do(self._listen)

    @property
    def address(self) -> str:
        """Host and port that clients connect to."""
        return f"127.0.0.1:{self.port}"

    def to(self, target: tuple[str, int]) -> None:
        """Relay new connections there."""
        self._target = target

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._do(self._sever)

    def stall(self) -> None:
        """Let nothing pass."""
        self._do(self._hold)

    def slow(self, bytes_a_second: float) -> None:
        """Let so much pass."""
        self._rate = bytes_a_second

    def mend(self) -> None:
        """Let everything pass again."""
        self._rate = 0.0
        self._do(self._listen)

    def close(self) -> None:
        """Cut for good."""
        if not self._loop.is_closed():
            self._do(self._end)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(what(), self._loop).result(30)

    async def _listen(self) -> None:
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)

    async def _hold(self) -> None:
        self._flowing.clear()

    async def _sever(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _end(self) -> None:
        await self._sever()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        beyond: asyncio.StreamWriter | None = None
        try:
            await self._flowing.wait()
            if self._target is None:
                return
            answers, beyond = await asyncio.open_connection(*self._target)
            self._writers.add(beyond)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, beyond))
                both.create_task(self._pump(answers, writer))
        except* OSError:
            pass  # one end is gone: the other is closed below
        finally:
            for one in (writer, beyond):
                if one:
                    self._writers.discard(one)
                    one.close()
                    with contextlib.suppress(OSError):
                        await one.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK if not self._rate else max(1, min(_CHUNK, int(self._rate / 20)))):
            await self._flowing.wait()
            if self._rate:
                await asyncio.sleep(len(data) / self._rate)
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
