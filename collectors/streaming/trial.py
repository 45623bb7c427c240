"""A stream listened to for a moment, to see what it tells. Nothing is kept, and nothing is set at its service."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from overheard.collectors.fetching.fetch import Answer, Fetcher
from overheard.collectors.streaming.connection import Connection
from overheard.collectors.streaming.stream import Open, Stream
from overheard.errors import InputError
from overheard.records import Fetch, Mention

_LOOK = 0.05


class Listened(NamedTuple):
    """What a stream told in a moment: `units` is what that uses of its budget, `ended` why its connection did.

    None: it did not end.
    """

    posts: list[Mention]
    units: int
    ended: Answer | None


def first_posts(
    stream: Stream, fetcher: Fetcher, clock: Callable[[], datetime], *, most: int, seconds: float
) -> Listened:
    """Return the first posts that a stream tells within some seconds.

    Its rules are left as they are: they are not those of a source before it is kept.
    """
    return asyncio.run(_listened(stream, fetcher, clock, most, seconds))


async def _listened(
    stream: Stream, fetcher: Fetcher, clock: Callable[[], datetime], most: int, seconds: float
) -> Listened:
    connection = Connection(stream, fetcher, "", clock, asyncio.get_running_loop(), bring_rules=False)
    running = asyncio.ensure_future(connection.run())
    found: dict[str, Mention] = {}
    units = 0
    try:
        async with asyncio.timeout(seconds):
            while len(found) < most:
                over = running.done()
                # What others' rules brought is paid for, and is not of this source.
                sifted = stream.sift(connection.intake.take(), Open(), lambda _: (), clock())
                units += sifted.units
                for line in sifted.lines:
                    found |= {one.id: one for one in _read(stream, line, clock())}
                if over:
                    break
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        pass
    ended = running.result() if running.done() else None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return Listened(list(found.values())[:most], units, ended)


def _read(stream: Stream, frame: bytes, now: datetime) -> tuple[Mention, ...]:
    try:
        return stream.read(
            Fetch(id="", source=stream.name, url=stream.url, final_url=stream.url, status=200, body=frame, at=now)
        ).mentions
    except InputError:
        return ()
