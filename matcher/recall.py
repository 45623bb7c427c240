"""What posts said before they were edited: compaction takes it from `facts`, and `documents` still have it."""

import logging

from overheard.log.base import Log
from overheard.matcher.ledger.ledger import Ledger
from overheard.records import Incident, RecordError, decode

_PAGE = 500
_logger = logging.getLogger(__name__)


def recall(ledger: Ledger, log: Log) -> None:
    """Tell a ledger that has read no fact yet what edited posts said before; nothing to do for any other.

    Done again it says the same, so whoever was killed in the middle begins again. What was published while it reads is
    read or not: the facts of that are still to be read. A document that is not ours is passed over with a warning.
    Raises TransientError.
    """
    if ledger.position() > 0:
        return
    for partition, (first, end) in log.spans("documents").items():
        ledger.recall(_edited(log, partition, first, end))


def _edited(log: Log, partition: int, first: int, end: int) -> list[Incident]:
    """Return the newest incident of each key that has versions."""
    newest: dict[str, bytes] = {}
    while first < end and (records := log.read("documents", partition, first, _PAGE)):
        first = records[-1].offset + 1
        for record in records:
            # Few posts were edited, so few documents are decoded.
            if record.value is not None and b'"versions":[{' in record.value:
                newest[record.key] = record.value
            else:
                newest.pop(record.key, None)
    found = []
    for key, value in newest.items():
        try:
            data = decode(value).data
        except RecordError as e:
            _logger.warning("match: what %s said before it was edited is not known: %s", key, e)
            continue
        if isinstance(data, Incident):
            found.append(data)
    return found
