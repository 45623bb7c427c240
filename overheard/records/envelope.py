"""The envelope of every record on every topic and webhook: CloudEvents 1.0, structured JSON."""

import re
from typing import Any, Generic, Literal, TypeVar

import msgspec

from overheard.records.base import Cause, Record, RecordError, Time, Verb
from overheard.records.change import Change
from overheard.records.contact import Account, Contact
from overheard.records.deadletter import DeadLetter
from overheard.records.decision import Decision
from overheard.records.delivery import Delivery
from overheard.records.enriched import EnrichedMention
from overheard.records.epoch import Epoch
from overheard.records.errand import Errand, ErrandState
from overheard.records.fetch import Fetch
from overheard.records.holding import Holding
from overheard.records.identity import Identity
from overheard.records.ids import content_hash, digest
from overheard.records.incident import Incident
from overheard.records.kept_answer import KeptAnswer
from overheard.records.mention import VOLATILE, Mention
from overheard.records.policy import Policies
from overheard.records.pollstate import PollState, Revision, Robots, Shown
from overheard.records.profile import Profile
from overheard.records.purchase import Purchase
from overheard.records.pushed import Pushed, PushState
from overheard.records.suppression import Suppression
from overheard.records.watch import Sense, Term, WatchedSource

D_co = TypeVar("D_co", covariant=True)

# CloudEvents `type` -> the class of its data. A schema's version is the number at the end of `dataschema`;
# it rises when an older program could misread a newer record. Adding a field with a default does not raise it.
DATA_TYPES: dict[str, type[Record]] = {
    "overheard.mention": Mention,
    "overheard.enriched-mention": EnrichedMention,
    "overheard.contact": Contact,
    "overheard.account": Account,
    "overheard.holding": Holding,
    "overheard.purchase": Purchase,
    "overheard.identity": Identity,
    "overheard.term": Term,
    "overheard.watched-source": WatchedSource,
    "overheard.sense": Sense,
    "overheard.decision": Decision,
    "overheard.suppression": Suppression,
    "overheard.epoch": Epoch,
    "overheard.incident": Incident,
    "overheard.profile": Profile,
    "overheard.change": Change,
    "overheard.fetch": Fetch,
    "overheard.dead-letter": DeadLetter,
    "overheard.poll-state": PollState,
    "overheard.robots": Robots,
    "overheard.revision": Revision,
    "overheard.shown": Shown,
    "overheard.kept-answer": KeptAnswer,
    "overheard.pushed": Pushed,
    "overheard.push-state": PushState,
    "overheard.errand": Errand,
    "overheard.errand-state": ErrandState,
    "overheard.policies": Policies,
    "overheard.delivery": Delivery,
}
_NAMES = {cls: name for name, cls in DATA_TYPES.items()}
SCHEMA_VERSION = 1
_SCHEMAS = {name: f"urn:overheard:{name.removeprefix('overheard.')}:{SCHEMA_VERSION}" for name in DATA_TYPES}
_SCHEMA_VERSION = re.compile(r"urn:overheard:[a-z-]+:([0-9]{1,9})")


class Event(msgspec.Struct, Generic[D_co], frozen=True, kw_only=True, omit_defaults=True):
    """A CloudEvent. `subject` is the id of the thing, the same through all its versions.

    `sourceversion` orders the versions of one subject: the platform's edit time in ms or its revision, else a counter
    that rises when the content differs. Of a document it is the matcher's version. `time` is when the record was made.
    Extension attributes (verb, sourceversion, cause) are lower-case letters, as CloudEvents demands.
    """

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: Time
    datacontenttype: Literal["application/json"]
    dataschema: str
    verb: Verb
    sourceversion: int
    cause: Cause
    data: D_co


class _Raw(msgspec.Struct, frozen=True):
    type: str
    dataschema: str
    data: msgspec.Raw


def event_for(
    data: Record,
    *,
    subject: str,
    source: str,
    time: Time,
    verb: Verb = "Create",
    sourceversion: int = 0,
    cause: Cause = "live",
    content: str = "",
) -> Event[Any]:
    """Return the event that carries `data`; its id = hash(subject, verb, source version, content hash).

    `content` is the data's `content_hash`, where it is at hand; of a mention without what is volatile.
    Raises RecordError where JSON cannot hold the data: text that did not pass `overheard.text.clean`.
    """
    name = _NAMES[type(data)]
    try:
        content = content or content_hash(data, without=VOLATILE if isinstance(data, Mention) else ())
    except UnicodeEncodeError as e:
        msg = f"expected {name} {subject!r} without lone surrogates (overheard.text.clean); got {e}"
        raise RecordError(msg) from e
    return Event(
        specversion="1.0",
        id=digest(subject, verb, str(sourceversion), content),
        source=source,
        type=name,
        subject=subject,
        time=time,
        datacontenttype="application/json",
        dataschema=_SCHEMAS[name],
        verb=verb,
        sourceversion=sourceversion,
        cause=cause,
        data=data,
    )


_encoder = msgspec.json.Encoder(order="deterministic")
_raw_decoder = msgspec.json.Decoder(_Raw)
_decoders = {name: msgspec.json.Decoder(Event[cls]) for name, cls in DATA_TYPES.items()}  # type: ignore[valid-type]


def encode(event: Event[Any]) -> bytes:
    """Return the event as JSON; equal events give equal bytes."""
    return _encoder.encode(event)


def decode(value: bytes) -> Event[Any]:
    """Return the event in `value`, its data typed.

    Raises RecordError where the bytes are not an event of ours, a field is missing or of a wrong
    type (the message names its path), or the schema is newer than this program.
    """
    try:
        raw = _raw_decoder.decode(value)
        decoder = _decoders.get(raw.type)
        if decoder is None:
            known = ", ".join(sorted(DATA_TYPES))
            msg = f"expected a type of {known}; got {raw.type[:80]!r}"
            raise RecordError(msg)
        schema = _SCHEMA_VERSION.fullmatch(raw.dataschema)
        if schema is None:
            msg = f"expected a dataschema such as {_SCHEMAS[raw.type]}; got {raw.dataschema[:80]!r}"
            raise RecordError(msg)
        if (version := int(schema[1])) > SCHEMA_VERSION:
            msg = (
                f"expected schema version {SCHEMA_VERSION} or older for {raw.type}; got {version}. "
                "It was written by a newer Overheard: update this one"
            )
            raise RecordError(msg)
        return decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        msg = f"expected an event as JSON; got {value[:80]!r}: {e}"
        raise RecordError(msg) from e


def is_tombstone_of(event: Event[Any]) -> bool:
    """True where the event says that its subject is gone."""
    return event.verb == "Delete"
