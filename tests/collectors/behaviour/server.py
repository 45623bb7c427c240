"""A web server of many hosts on one loopback port, which notes down every request as it came, in simulated time.

request ─▶ Site by its Host ─▶ Reply, as whole or as broken as the script wants it
    └────▶ Exchange, for `rules` to judge
"""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from overheard.collectors.fetching.fetch import site_of

_T = TypeVar("_T")

# `silent`: nothing is sent until the client has enough. `drip`: a byte now and then, without an end. `cut`: half of
# what was promised. `reset`: the connection ends without an answer. `endless`: it never stops sending.
Manner = Literal["whole", "silent", "drip", "cut", "reset", "endless"]


@dataclass(frozen=True)
class Asked:
    """One request as it came: `headers` by lower-case name, each with all of its values as bytes were sent."""

    at: datetime
    host: str
    method: str
    target: str
    headers: Mapping[str, tuple[str, ...]]

    def header(self, name: str) -> str:
        return self.headers.get(name, ("",))[0]

    @property
    def url(self) -> str:
        """What was asked, without the port: all hosts share it."""
        return f"{self.host}{self.target}"


@dataclass(frozen=True)
class Reply:
    """What a script answers. `headers` are sent as they stand, in Latin-1, but for "{port}", which is the server's.

    `good`: a feed, or rightly or wrongly a 304; nothing that went wrong.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    manner: Manner = "whole"
    good: bool = False


@dataclass
class Exchange:
    """A request with its answer. `at_once` requests were under way at its site, itself counted.

    `forgotten`: the poller was killed before it could remember the answer.
    """

    asked: Asked
    reply: Reply
    at_once: int
    forgotten: bool = False


class Hosts(Protocol):
    """What a request is answered from."""

    def __call__(self, asked: Asked) -> Reply: ...


class Server:
    """Serves until closed, in a thread of its own. `exchanges` are in the order in which the requests came."""

    def __init__(
        self, hosts: Hosts, clock: Callable[[], datetime], *, tls: ssl.SSLContext | None = None, keep: bool = True
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.asked = 0
        self._hosts = hosts
        self._clock = clock
        self._keep = keep
        self._under_way: Counter[str] = Counter()
        self._open = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.tls_port = 0
        if tls is not None:
            self._tls = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls))
            self.tls_port = self._tls.sockets[0].getsockname()[1]

    def settle(self) -> None:
        """Wait until every request is noted down that was sent, by whoever sends no more."""
        self._run(self._settled())

    async def _settled(self) -> None:
        idle = 0
        while idle < 3:
            await asyncio.sleep(0.005)
            idle = 0 if self._open else idle + 1

    def close(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        if self.tls_port:
            self._tls.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            asked = parse(await reader.readuntil(b"\r\n\r\n"), self._clock())
            site = site_of(f"http://{asked.host}/")
            self._under_way[site] += 1
            try:
                reply = self._hosts(asked)
                self.asked += 1
                if self._keep:
                    self.exchanges.append(Exchange(asked, reply, self._under_way[site]))
                await _manner(reply, reader, writer, self.port)
            finally:
                self._under_way[site] -= 1
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open -= 1
            writer.close()


def parse(head: bytes, at: datetime) -> Asked:
    """Return the request that these bytes are: nothing is stripped of a value but the blanks around it."""
    lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = (*headers.get(name.lower(), ()), value.strip(" \t"))
    return Asked(at, headers.get("host", ("",))[0].partition(":")[0], method, target, headers)


async def _manner(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    if reply.manner == "reset":
        writer.transport.abort()
        return
    if reply.manner == "silent":
        await reader.read(1)
        return
    lines = [
        f"HTTP/1.1 {reply.status} Whatever",
        *(f"{name}: {value}".replace("{port}", str(port)) for name, value in reply.headers.items()),
    ]
    if reply.manner not in ("drip", "endless"):
        lines.append(f"Content-Length: {len(reply.body)}")
    head = ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1")
    if reply.manner == "whole":
        writer.write(head + reply.body)
    elif reply.manner == "cut":
        writer.write(head + reply.body[: len(reply.body) // 2])
    else:
        writer.write(head + reply.body)
        piece, pause = (b" ", 0.05) if reply.manner == "drip" else (b" " * 65_536, 0.0)
        while not reader.at_eof():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
