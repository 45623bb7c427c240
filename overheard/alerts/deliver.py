"""The deliverer: sends what waits in the outbox, and writes down what came of it.

An attempt is written down after it was made: killed in between, it is made again, under the same id.
"""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from overheard.alerts.channels import Channel, NotDeliveredError
from overheard.alerts.deliveries import failed, given_up, is_unsent, refused, sent
from overheard.alerts.outbox import Outbox
from overheard.records import Delivery

# A round ends after so long, so that new alerts are looked for although a server is slow.
_ROUND = timedelta(seconds=5)
_log = logging.getLogger(__name__)


class Deliverer:
    """Sends what is due, through the channels that the settings have.

    A webhook that answers that it is gone (410) is not asked again by this deliverer, unless for a delivery that a
    person asked for again. `jitter` gives random numbers in [0, 1). `leaving` returns what may leave of a delivery.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
        leaving: Callable[[Delivery], Delivery] = lambda delivery: delivery,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._clock = clock
        self._jitter = jitter
        self._leaving = leaving
        self._gone: set[str] = set()

    def round(self, stop: threading.Event | None = None) -> int:
        """Try what is due, oldest first, and return how many attempts were made.

        A channel that fails once is left alone for the rest of the round, so that a dead server holds up nobody else.
        """
        end = self._clock() + _ROUND
        tried = 0
        failing: set[str] = set()
        for delivery in self._outbox.unsent():
            now = self._clock()
            if (stop is not None and stop.is_set()) or now >= end:
                break
            if delivery.channel in failing or (delivery.next_attempt or now) > now:
                continue
            tried += 1
            if not self._try(delivery, now):
                failing.add(delivery.channel)
        return tried

    def _try(self, delivery: Delivery, now: datetime) -> bool:
        """Try one, write down what came of it, and return whether the channel is well."""
        channel = self._channels.get(delivery.channel)
        if channel is None:
            reason = f"the settings have no {delivery.channel} any more"
            self._write(delivery, lambda one: given_up(one, reason))
            return True
        # What has attempts and waits was asked for again by a person.
        if delivery.channel in self._gone and not (delivery.state == "waiting" and delivery.attempts):
            reason = f"{delivery.channel} wants no more (410): mend or remove it in the settings, then send this again"
            self._write(delivery, lambda one: refused(one, now, reason))
            return True
        try:
            message = channel.send(self._leaving(delivery), now)
        except NotDeliveredError as e:
            self._note(delivery, e)
            return False
        except Exception as e:  # noqa: BLE001  whatever one delivery does to a channel, the others go on
            self._note(delivery, NotDeliveredError(f"could not be sent: {type(e).__name__}"))
            return False
        self._gone.discard(delivery.channel)
        self._write(delivery, lambda one: sent(one, self._clock(), message))
        return True

    def _note(self, delivery: Delivery, error: NotDeliveredError) -> None:
        _log.warning("%s: %s was not sent: %s", delivery.channel, delivery.id, error)
        at = self._clock()
        if error.gone:
            self._gone.add(delivery.channel)
            self._write(delivery, lambda one: refused(one, at, str(error)))
            return
        jitter = self._jitter()
        self._write(delivery, lambda one: failed(one, at, str(error), jitter=jitter, retry_after=error.retry_after))

    def _write(self, delivery: Delivery, how: Callable[[Delivery], Delivery]) -> None:
        # As it is now: a person may have asked for it again meanwhile, which this attempt has answered.
        self._outbox.change(delivery.id, lambda one: how(one) if is_unsent(one) else one)
