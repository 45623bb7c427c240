"""Facts: what comes in on the topic `facts`, and which of two revisions of one subject is the newer. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from overheard.errors import InputError
from overheard.log.base import ConsumerRecord
from overheard.records import (
    Account,
    Contact,
    Decision,
    EnrichedMention,
    Epoch,
    Event,
    Holding,
    Purchase,
    RecordError,
    Suppression,
    Term,
    WatchedSource,
    decode,
    is_tombstone_of,
)

MENTION = "overheard.enriched-mention"
CONTACT = "overheard.contact"
ACCOUNT = "overheard.account"
HOLDING = "overheard.holding"
PURCHASE = "overheard.purchase"
DECISION = "overheard.decision"
SUPPRESSION = "overheard.suppression"
EPOCHS = "overheard.epoch"
WATCHED = ("overheard.term", "overheard.watched-source")

_KINDS = {EnrichedMention, Contact, Account, Holding, Purchase, Decision, Suppression, Epoch, Term, WatchedSource}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Rank(NamedTuple):
    """Orders the revisions of one subject: a total order, so that any order of arrival ends the same.

    A deletion beats a revision of the same source version; the event's id breaks what ties are left. That a mention is
    winnowed away by newer models or another watch list (a deletion by "re-match") is no deletion of its source: the
    newest of such has the last word.
    """

    sourceversion: int
    gone: bool
    model_version: int
    event: str


class Fact(NamedTuple):
    """A record of `facts`, decoded. `event` None: a tombstone, the key is gone without a trace."""

    subject: str
    offset: int
    event: Event[Any] | None
    value: bytes | None

    @property
    def rank(self) -> Rank:
        """The rank of its event; there must be one."""
        assert self.event is not None
        return Rank(
            sourceversion=self.event.sourceversion,
            gone=is_tombstone_of(self.event) and self.event.cause != "re-match",
            model_version=self.event.data.model_version if isinstance(self.event.data, EnrichedMention) else 0,
            event=self.event.id,
        )


def read_fact(record: ConsumerRecord) -> Fact:
    """Return the fact in a record.

    Raises InputError where it is not an event of ours, or of a type that is no fact.
    """
    where = f"{record.topic} offset {record.offset}"
    if record.value is None:
        return Fact(subject=record.key, offset=record.offset, event=None, value=None)
    try:
        event = decode(record.value)
    except RecordError as e:
        raise InputError(str(e), where=where) from e
    if type(event.data) not in _KINDS:
        msg = (
            "expected an enriched mention, contact, account, holding, purchase, term, source, decision, suppression or "
            f"epoch; got {event.type}"
        )
        raise InputError(msg, where=where)
    own = getattr(event.data, "id", None)
    if isinstance(event.data, EnrichedMention):
        own = event.data.mention.id
    if (
        own is not None
        and isinstance(event.data, (EnrichedMention, Contact, Account, Holding, Purchase, Decision))
        and own != event.subject
    ):
        msg = f"expected the subject to be the id of what it carries, {own!r}; got {event.subject!r}"
        raise InputError(msg, where=where)
    return Fact(subject=event.subject, offset=record.offset, event=event, value=record.value)


def microseconds(when: datetime) -> int:
    """Return a time as microseconds since 1970 UTC."""
    return (when - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Return the time of `microseconds`."""
    return _EPOCH + value * _MICROSECOND
