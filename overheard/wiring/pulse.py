"""A sign of life for a health check from outside: a file that the loop of a service touches at each turn."""

import threading
import time
from contextlib import suppress
from pathlib import Path

_EVERY = 5.0  # seconds between two touches at least; who looks from outside waits minutes


class Pulse(threading.Event):
    """The event that ends a service; whoever looks at it touches `file`, unless that was done seconds ago.

    Every loop looks at the event that ends it once a turn, also while it waits for an engine that is away. So the file
    grows old where a loop hangs, and nowhere else. A file that cannot be written ends no service: it grows old as well.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._touched: float | None = None

    def is_set(self) -> bool:
        """See `threading.Event`."""
        self._touch()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """See `threading.Event`."""
        self._touch()
        return super().wait(timeout)

    def _touch(self) -> None:
        now = time.monotonic()
        if self._touched is not None and now - self._touched < _EVERY:
            return
        self._touched = now
        with suppress(OSError):
            self._file.touch()


def end_of(alive: Path | None) -> threading.Event:
    """Return the event that ends a service, with a sign of life where a file is named for it."""
    return threading.Event() if alive is None else Pulse(alive)
