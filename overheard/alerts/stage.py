"""The stage that hears of incidents and puts into the outbox what is to be told at once.

    documents ─▶ complaint? ─▶ deliveries

It also takes back: a post that was deleted at its source, or is said not to be about us, is not told any more.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from overheard.alerts.complaint import complaint, complaint_item
from overheard.alerts.deliveries import FEED, alerts_for, is_unsent, without
from overheard.alerts.outbox import Outbox, delivery_record
from overheard.alerts.parties import Lookup, ids_of
from overheard.errors import InputError
from overheard.log.base import ConsumerRecord
from overheard.log.stage import Outcome
from overheard.records import Delivery, Event, Incident, RecordError, decode, is_tombstone_of

GROUP = "alert"
DELETED = "the post was deleted at its source"
NOT_ABOUT_US = "a person said that it is not about us"


class AlertStage:
    """`Stage`: incidents in, deliveries out. What is in the outbox already is left as it is.

    `lookup` gives who an incident is linked to; `channels` are those of the settings; `address` is where the pages are;
    `bar` is the confidence from which on a complaint is told. What was written to us alone is told only where its
    channel is one of `private`, and never in the feed.
    """

    name = GROUP
    topic = "documents"
    batch = 500

    def __init__(
        self,
        outbox: Outbox,
        lookup: Lookup,
        *,
        channels: Sequence[str],
        address: str,
        bar: float,
        clock: Callable[[], datetime],
        private: Collection[str] = (),
    ) -> None:
        self._outbox = outbox
        self._lookup = lookup
        self._channels = channels
        self._address = address
        self._bar = bar
        self._clock = clock
        self._private = frozenset(private)

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        """See `Stage.process`. Raises InputError for what is no document."""
        events = [_event(record) for record in records]
        fates: Counter[str] = Counter()
        alerts: dict[str, Sequence[Delivery]] = {}
        back: dict[str, str] = {}
        for record, event in zip(records, events, strict=True):
            if event is None or is_tombstone_of(event):
                back[record.key] = DELETED
                alerts.pop(record.key, None)
                fates["deleted"] += 1
                continue
            if isinstance(event.data, Incident) and event.data.status == "not about us":
                back[record.key] = NOT_ABOUT_US
                alerts.pop(record.key, None)
            elif back.get(record.key) == NOT_ABOUT_US:
                del back[record.key]
            told = self._alerts(event)
            if told:
                alerts.setdefault(record.key, told)
            fates["alerted" if told else "no alert"] += 1
        new = [delivery for told in alerts.values() for delivery in told]
        return Outcome([delivery_record(delivery) for delivery in [*new, *self._taken_back(back)]], dict(fates))

    def _alerts(self, event: Event[Any]) -> Sequence[Delivery]:
        """Return the deliveries that an event asks for and that the outbox has not."""
        incident = event.data
        if not isinstance(incident, Incident) or event.cause != "live":
            return ()
        channel = incident.mention.channel
        if channel and channel not in self._private:
            return ()
        found = complaint(incident, event.cause, event.time, self._known(incident), self._bar)
        if found is None:
            return ()
        item = complaint_item(incident, found, self._address)
        channels = [one for one in self._channels if not channel or one != FEED]
        deliveries = alerts_for(item, channels, self._clock())
        known = self._outbox.known([delivery.id for delivery in deliveries])
        # Told through any channel, it was told: a channel that is set up later does not get what is past.
        return () if known else deliveries

    def _known(self, incident: Incident) -> Mapping[str, Any]:
        known = dict(self._lookup(ids_of(incident)))
        firms = {who.account for who in known.values() if who.account} - known.keys()
        return known | dict(self._lookup(firms)) if firms else known

    def _taken_back(self, back: Mapping[str, str]) -> list[Delivery]:
        changed = []
        for delivery in self._outbox.holding(back.keys()) if back else ():
            now = delivery
            for incident, reason in back.items():
                if reason == DELETED or is_unsent(now):
                    now = without(now, incident, reason, forget=reason == DELETED)
            if now != delivery:
                changed.append(now)
        return changed


def _event(record: ConsumerRecord) -> Event[Any] | None:
    if record.value is None:
        return None
    try:
        return decode(record.value)
    except RecordError as e:
        raise InputError(str(e), where=record.key) from e
