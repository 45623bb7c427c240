"""A stream listened to for a moment, to see what it tells. Nothing is kept, and nothing is set at its service."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from overheard.collectors.fetching.fetch import Answer, Fetcher
from overheard.collectors.streaming.connection import Connection
from overheard.collectors.streaming.stream import Stream
from overheard.errors import InputError
from overheard.records import Fetch, Mention

_LOOK = 0.05


def first_posts(
    stream: Stream, fetcher: Fetcher, clock: Callable[[], datetime], *, most: int, seconds: float
) -> tuple[list[Mention], Answer | None]:
    """Return the first posts that a stream tells within some seconds, and why its connection ended, None: it did not.

    Its rules are left as they are: they are not those of a source before it is kept.
    """
    return asyncio.run(_listened(stream, fetcher, clock, most, seconds))


async def _listened(
    stream: Stream, fetcher: Fetcher, clock: Callable[[], datetime], most: int, seconds: float
) -> tuple[list[Mention], Answer | None]:
    connection = Connection(stream, fetcher, "", clock, asyncio.get_running_loop(), bring_rules=False)
    running = asyncio.ensure_future(connection.run())
    found: dict[str, Mention] = {}
    try:
        async with asyncio.timeout(seconds):
            while len(found) < most:
                over = running.done()
                for frame in connection.intake.take():
                    found |= {one.id: one for one in _read(stream, frame, clock())}
                if over:
                    break
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        pass
    ended = running.result() if running.done() else None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return list(found.values())[:most], ended


def _read(stream: Stream, frame: bytes, now: datetime) -> tuple[Mention, ...]:
    try:
        return stream.read(
            Fetch(id="", source=stream.name, url=stream.url, final_url=stream.url, status=200, body=frame, at=now)
        ).mentions
    except InputError:
        return ()
