"""The epoch of the matcher that works on a shared log, said on `facts` so that all of them hear it at one place."""

from overheard.records.base import Record

EPOCH_SUBJECT = "epoch"


class Epoch(Record, frozen=True, kw_only=True):
    """From here on documents are those of epoch `number` (`overheard.matcher.ledger.ledger.EPOCH`).

    Its subject is `epoch`, its source version the number. What stands from before is made and published again.
    """

    number: int
