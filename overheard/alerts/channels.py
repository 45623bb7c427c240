"""What a channel is: it sends one delivery, or says why not."""

from datetime import datetime, timedelta
from typing import Protocol

from overheard.errors import OverheardError
from overheard.records import Delivery

# Seconds for one attempt; Standard Webhooks 1.0.0 asks for 15 to 30.
TIMEOUT = 15.0


class NotDeliveredError(OverheardError):
    """An attempt failed. The message holds no secret and no address.

    `retry_after` is what the receiver asks for. `gone`: it wants nothing more, ever.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None, gone: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.gone = gone


class Channel(Protocol):
    """A way out. The same delivery sent twice bears the same id there, so that a receiver can tell."""

    def send(self, delivery: Delivery, now: datetime) -> str:
        """Send a delivery, and return what there is to say of it, which may be nothing. Raises NotDeliveredError."""
        ...
