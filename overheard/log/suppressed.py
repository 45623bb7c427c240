"""The topic `suppressed`: who was erased, followed by whoever takes something in. Knows no stage.

It is small, and apart from `facts` so that collectors and enrichers need not read those.
"""

import threading
from collections.abc import Callable, Iterable

from overheard.errors import FolderDamagedError
from overheard.log.base import ConsumerRecord, Log, ProducerRecord
from overheard.records import RecordError, Suppression, decode, encode, event_for, is_tombstone_of, suppression_subject
from overheard.suppression import Suppressions

TOPIC = "suppressed"
SOURCE = "/erase"
_PAGE = 1_000


def suppression_records(entries: Iterable[Suppression]) -> list[ProducerRecord]:
    """Return what puts entries in force: on `suppressed` for those who take in, on `facts` for the matcher."""
    records = []
    for entry in entries:
        subject = suppression_subject(entry.id)
        value = encode(event_for(entry, subject=subject, source=SOURCE, time=entry.at, cause="decision"))
        records += [ProducerRecord(TOPIC, subject, value), ProducerRecord("facts", subject, value)]
    return records


class Suppressed:
    """The list as the topic has it. Thread-safe."""

    def __init__(self, log: Log, secret: Callable[[], bytes]) -> None:
        self._log = log
        self._offset = 0
        self._lock = threading.Lock()
        self._list = Suppressions(secret)

    def follow(self) -> Suppressions:
        """Read the topic to its end, and return the list: always the same one, which goes on changing.

        Raises ConfigError where the list was made with another secret, and FolderDamagedError on a record that is none
        of ours: to go on without it would bring somebody back.
        """
        with self._lock:
            while records := self._log.read(TOPIC, 0, self._offset, _PAGE):
                for record in records:
                    self._take(record)
                    self._offset = record.offset + 1
            return self._list

    def _take(self, record: ConsumerRecord) -> None:
        where = f"{record.topic}/{record.partition}/{record.offset}, key {record.key!r}"
        if record.value is None:
            self._list.take_out(record.key.removeprefix(suppression_subject("")))
            return
        try:
            event = decode(record.value)
        except RecordError as e:
            raise FolderDamagedError(f"{where}: {e}. Without it somebody who was erased would come back") from e
        if not isinstance(event.data, Suppression):
            msg = f"{where}: expected a suppression; got {event.type}. Look at what publishes to the topic"
            raise FolderDamagedError(msg)
        if is_tombstone_of(event):
            self._list.take_out(event.data.id)
        else:
            self._list.put(event.data)
