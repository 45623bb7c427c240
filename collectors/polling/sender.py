"""Makes requests side by side, in a thread of its own, for one thread that hands them in and takes what came."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress

from overheard.collectors.fetching.fetch import Answer, Course, Fetcher


class Sender:
    """Owned by one thread; has none of its own until something is sent."""

    def __init__(self) -> None:
        self._done: queue.Queue[tuple[str, Course | Answer | BaseException]] = queue.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def send(self, key: str, fetcher: Fetcher, course: Course) -> None:
        """Make one request; what comes of it is among `answers` under `key`."""
        asyncio.run_coroutine_threadsafe(self._asked(key, fetcher, course), self.loop())

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of that thread, which other work may be given to; `close` gives it up as well."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="fetch", daemon=True)
            self._thread.start()
        return self._loop

    async def _asked(self, key: str, fetcher: Fetcher, course: Course) -> None:
        outcome: Course | Answer | BaseException
        try:
            outcome = await fetcher.ask(course)
        except asyncio.CancelledError:
            raise
        except BaseException as e:  # noqa: BLE001  raised again in the thread that takes it
            outcome = e
        self._done.put((key, outcome))

    def answers(self, seconds: float) -> Iterator[tuple[str, Course | Answer]]:
        """Yield what came, waiting so long for the first; raises what the client raised, which is never a server's."""
        with suppress(queue.Empty):
            item = self._done.get(timeout=seconds) if seconds > 0 else self._done.get_nowait()
            while True:
                key, outcome = item
                if isinstance(outcome, BaseException):
                    raise outcome
                yield key, outcome
                item = self._done.get_nowait()

    def close(self) -> None:
        """Give up what is under way, and end the thread."""
        if self._loop is not None and self._thread is not None:
            asyncio.run_coroutine_threadsafe(_give_up(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = None


async def _give_up() -> None:
    """Cancel every request of this loop, and wait until it is over."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
