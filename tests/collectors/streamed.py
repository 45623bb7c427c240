"""Streams listened to over loopback servers that speak as their services document it."""

import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.fetching.secrets import Secrets
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.poller import Poller
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, PollState, Streamed, decode

PATIENCE = 60.0
DID = "did:plc:abcdefghijklmnopqrstuvwx"


def utc_now() -> datetime:
    return datetime.now(UTC)


def until(holds: Callable[[], Any], what: str = "", patience: float = PATIENCE) -> Any:
    """Return what holds once it does, within a deadline."""
    deadline = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < deadline, what or "it never came"
        time.sleep(0.01)
    return found


def post(key: str, text: str, *, did: str = DID, at: int = 0, operation: str = "create", **record: Any) -> bytes:
    """Return an event of Jetstream, `at` microseconds after some time."""
    commit: dict[str, Any] = {"rev": "3l", "operation": operation, "collection": "app.bsky.feed.post", "rkey": key}
    if operation != "delete":
        commit["record"] = {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-05-01T12:00:00Z", **record}
        commit["cid"] = "bafy"
    return json.dumps({"did": did, "time_us": T0 + at, "kind": "commit", "commit": commit}).encode()


T0 = int(time.time() * 1_000_000) - 60_000_000


class Loopback:
    """A server in a thread with a loop of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.port = 0
        self.paths: list[str] = []
        self._server: Any = None
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(PATIENCE)

    def close(self) -> None:
        async def cancel() -> None:
            getattr(self._server, "server", self._server).close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class JetstreamServer(Loopback):
    """Jetstream as its README has it: events from `cursor` on, then those that come; identity and account to all."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[bytes] = []
        self.welcome: list[bytes] = []  # what is told at once to whoever connects
        self.headers: list[dict[str, str]] = []
        self.status = 101
        self.answer_headers: dict[str, str] = {}
        self.keeps_from = 0
        self.cut: Callable[[ServerConnection], Awaitable[None]] | None = None
        self.connections: set[ServerConnection] = set()
        self._server = self.run(self._start())
        self.port = self._server.sockets[0].getsockname()[1]

    async def _start(self) -> Any:
        options: dict[str, Any] = {"process_request": self._let_in, "compression": None, "close_timeout": 0.1}
        return await serve(self._serve, "127.0.0.1", 0, **options)

    def _let_in(self, connection: ServerConnection, request: Request) -> Response | None:
        if not request.path.startswith("/subscribe"):
            return connection.respond(404, "no\n")
        self.paths.append(request.path)
        self.headers.append({name.lower(): value for name, value in request.headers.raw_items()})
        if self.status == 101:
            return None
        answer = connection.respond(self.status, "no\n")
        for name, value in self.answer_headers.items():
            answer.headers[name] = value
        return answer

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.add(connection)
        try:
            assert connection.request is not None
            _, _, cursor = connection.request.path.partition("cursor=")
            start = max(int(cursor), self.keeps_from) if cursor else None
            at = len(self.events) if start is None else 0
            if self.cut is not None:
                cut, self.cut = self.cut, None
                await cut(connection)
                return
            for event in self.welcome:
                await connection.send(event.decode())
            while True:
                while at < len(self.events):
                    event = self.events[at]
                    at += 1
                    known = re.search(rb'"time_us": (\d+)', event)
                    time_us = int(known[1]) if known else 0
                    if start is None or not known or time_us >= start:
                        await connection.send(event.decode("utf-8", "surrogateescape"))
                await asyncio.sleep(0.005)
                if connection.state.name != "OPEN":
                    return
        finally:
            self.connections.discard(connection)

    def drop(self) -> None:
        """End every connection without a word."""

        async def end() -> None:
            for connection in list(self.connections):
                connection.transport.abort()

        self.run(end())


class HttpServer(Loopback):
    """Answers each path with what a function writes: status, headers, and pieces until it ends."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__()
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self._answer = answer
        self._server = self.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = line.split(" ")
            self.paths.append(path)
            self.requests.append((method, path, headers, body))
            status, sent, pieces = self._answer(method, path, headers, body)
            lines = [f"{name}: {value}" for name, value in {**sent, "Transfer-Encoding": "chunked"}.items()]
            writer.write("\r\n".join([f"HTTP/1.1 {status} x", *lines, "", ""]).encode())
            async for piece in pieces:
                if piece:
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


Answer = Callable[[str, str, dict[str, str], bytes], tuple[int, dict[str, str], AsyncIterator[bytes]]]


async def whole(*pieces: bytes) -> AsyncIterator[bytes]:
    """Pieces, and the end."""
    for piece in pieces:
        yield piece


async def open_ended(*pieces: bytes) -> AsyncIterator[bytes]:
    """Pieces, and nothing more though it stays open."""
    for piece in pieces:
        yield piece
    await asyncio.sleep(3_600)


class Listening:
    """A poller that runs in a thread of its own, over a folder."""

    def __init__(
        self,
        folder: Folder,
        log: Any = None,
        secrets: Secrets | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.log = log or EmbeddedLog(folder)
        self._clock = clock
        self.fetcher = Fetcher(
            contact="https://us.example/bot", allow={"127.0.0.1"}, limits=Limits(gap=0, total=5), secrets=secrets
        )

    @contextmanager
    def listening(self, *sources: Source, **options: Any) -> Iterator[None]:
        """Run a poller over these sources meanwhile; what ended it is raised at the end."""
        stop, failed = threading.Event(), []

        def run() -> None:
            try:
                consumer = self.log.consumer(STAGE, "fetches")
                with Poller(self.log, consumer, self._clock, **options) as poller:
                    poller.use(sources, self.fetcher)
                    poller.run(stop)
                consumer.close()
            except BaseException as e:  # noqa: BLE001
                failed.append(e)

        thread = threading.Thread(target=run, daemon=True)
        self._thread = thread
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)
            if failed:
                raise failed[0]

    @property
    def over(self) -> bool:
        """Whether the poller has ended by itself."""
        return not self._thread.is_alive()

    def until_over_or(self, posts: int) -> None:
        """Wait until the poller has ended by itself, or has published so many posts and what follows from them."""
        until(lambda: self.over or len(self.texts()) == posts)
        self._thread.join(0.2)

    def events(self, topic: str = "mentions") -> list[Event[Any]]:
        found = []
        for partition, (start, end) in self.log.spans(topic).items():
            found += [decode(record.value) for record in self.log.read(topic, partition, start, end) if record.value]
        return sorted(found, key=lambda event: (event.time, event.subject))

    def texts(self) -> list[str]:
        return sorted(event.data.content for event in self.events() if event.verb == "Create")

    def state(self, name: str) -> PollState | None:
        return load_states(self.log, [source_key(name)]).get(source_key(name))

    def once(self, name: str, holds: Callable[[PollState, Streamed], object]) -> PollState:
        """Return how a stream does once something holds of that."""

        def found() -> PollState | None:
            state = self.state(name)
            return state if state is not None and state.stream is not None and holds(state, state.stream) else None

        state = until(found)
        assert isinstance(state, PollState)
        return state


def letters(log: Any) -> Sequence[str]:
    """The messages of the dead letters."""
    found = []
    for partition, (start, end) in log.spans("dead-letters").items():
        records = log.read("dead-letters", partition, start, end)
        found += [decode(one.value).data.message for one in records if one.value]
    return found
