"""A process that is killed at one of its writes, as the log sees it."""

from collections.abc import Callable, Sequence
from typing import Any

from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedConsumer, EmbeddedLog


class Killed(Exception):  # noqa: N818  the end of the process
    pass


class Mortal:
    """A log that dies at its n-th write (0: never), before or after it is done.

    Without `durable` nothing is forced to the disk: what is killed is the process, not the machine.
    """

    def __init__(self, log: EmbeddedLog, writes: int, *, after: bool, durable: bool = True) -> None:
        self._log = log
        self._left = writes
        self._after = after
        self._durable = durable

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def written(self, write: Callable[..., Any], *args: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        result = write(*args, **options)
        if self._left == 0:
            raise Killed
        return result

    def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Any:
        return self.written(self._log.append, records, durable=durable and self._durable)

    def consumer(self, *args: Any, **options: Any) -> Any:
        return MortalConsumer(self._log.consumer(*args, **options), self)


class MortalConsumer:
    """A place in a group whose commits are writes of a mortal log."""

    def __init__(self, consumer: EmbeddedConsumer, log: Mortal) -> None:
        self._consumer = consumer
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def commit(self, *args: Any) -> Any:
        return self._log.written(self._consumer.commit, *args)
