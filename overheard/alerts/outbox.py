"""The outbox: deliveries on their topic, durable; the newest record of an id is what it is now.

One thread of the process that runs `overheard up` writes to it; a command beside it only adds and asks for again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from overheard.alerts.deliveries import is_unsent
from overheard.errors import NotFoundError
from overheard.log.base import ConsumerRecord, Log, ProducerRecord
from overheard.records import Delivery, decode, encode, event_for

TOPIC = "deliveries"
SOURCE = "/alerts"
_PAGE = 500


def delivery_record(delivery: Delivery) -> ProducerRecord:
    """Return the record that puts a delivery, as it is now, on its topic."""
    event = event_for(
        delivery,
        subject=delivery.id,
        source=SOURCE,
        time=delivery.created,
        verb="Update" if delivery.attempts else "Create",
        sourceversion=len(delivery.attempts),
    )
    return ProducerRecord(TOPIC, delivery.id, encode(event))


class Outbox:
    """Deliveries on a log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._offset = 0
        self._unsent: dict[str, Delivery] = {}

    def known(self, ids: Sequence[str]) -> Mapping[str, Delivery]:
        """Return those of the deliveries that are there, by id."""
        latest = self._log.latest(TOPIC, ids)
        return {id_: _delivery(record.value) for id_, record in latest.items() if record.value is not None}

    def get(self, id_: str) -> Delivery:
        """Return a delivery. Raises NotFoundError."""
        found = self.known([id_]).get(id_)
        if found is None:
            msg = f"expected the id of a delivery (`overheard deliveries list`); {id_!r} is none, or older than 90 days"
            raise NotFoundError(msg)
        return found

    def add(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Put deliveries in that are not there yet, and return those. On return they survive a power cut."""
        known = self.known([delivery.id for delivery in deliveries])
        new = [delivery for delivery in deliveries if delivery.id not in known]
        self._log.append([delivery_record(delivery) for delivery in new], durable=True)
        return new

    def change(self, id_: str, how: Callable[[Delivery], Delivery]) -> Delivery:
        """Put what `how` makes of a delivery as it is now in its place, and return it. Raises NotFoundError."""
        changed = how(self.get(id_))
        self._log.append([delivery_record(changed)], durable=True)
        return changed

    def all(self) -> list[Delivery]:
        """Return every delivery as it is now, newest first."""
        found = {record.key: record.value for record in self._read(0)}
        deliveries = [_delivery(value) for value in found.values() if value is not None]
        return sorted(deliveries, key=lambda delivery: (delivery.created, delivery.id), reverse=True)

    def holding(self, incidents: Collection[str]) -> list[Delivery]:
        """Return the deliveries that tell of any of these incidents."""
        marks = [incident.encode() for incident in incidents]
        found = {
            record.key: record.value
            for record in self._read(0)
            if record.value is not None and any(mark in record.value for mark in marks)
        }
        deliveries = self.known(list(found)).values()
        return [d for d in deliveries if any(item.incident in incidents for item in d.items)]

    def unsent(self) -> list[Delivery]:
        """Return what has yet to be sent, in the order in which it is due."""
        for record in self._read(self._offset):
            self._offset = record.offset + 1
            delivery = _delivery(record.value) if record.value is not None else None
            if delivery is not None and is_unsent(delivery):
                self._unsent[record.key] = delivery
            else:
                self._unsent.pop(record.key, None)
        return sorted(self._unsent.values(), key=lambda one: (one.next_attempt or one.created, one.id))

    def _read(self, offset: int) -> Iterator[ConsumerRecord]:
        while records := self._log.read(TOPIC, 0, offset, _PAGE):
            yield from records
            offset = records[-1].offset + 1


def _delivery(value: bytes) -> Delivery:
    delivery: Delivery = decode(value).data
    return delivery
