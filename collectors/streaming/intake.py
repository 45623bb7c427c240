"""Frames on their way from the thread that reads them to the one that takes them: bounded, so that nothing is dropped.

Full, it lets the reader wait, which then reads nothing from its socket, and the server has to wait as well.
"""

import asyncio
import threading
from collections.abc import Sequence

# What waits at most: a second of the largest firehose, and no more memory than a body may take.
MOST_FRAMES = 50_000
MOST_BYTES = 32 * 1024 * 1024


class Intake:
    """One reader puts, in the loop that it was made in; one other thread takes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._room = asyncio.Event()
        self._room.set()
        self._lock = threading.Lock()
        self._frames: list[bytes] = []
        self._size = 0

    async def put(self, frames: Sequence[bytes]) -> None:
        """Put frames in, and wait while it is full."""
        if not frames:
            return
        with self._lock:
            self._frames += frames
            self._size += sum(map(len, frames))
            if len(self._frames) >= MOST_FRAMES or self._size >= MOST_BYTES:
                self._room.clear()
        await self._room.wait()

    def take(self) -> list[bytes]:
        """Return all that waits, in its order."""
        with self._lock:
            taken, self._frames, self._size = self._frames, [], 0
        if taken:
            self._loop.call_soon_threadsafe(self._room.set)
        return taken

    def __len__(self) -> int:
        return len(self._frames)
