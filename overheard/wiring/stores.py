"""Every store that holds what is personal, and how each lets go of it.

What the matcher makes of the facts it takes back by itself when they are gone; so the stores before it come first in
`stores_of`, those that follow from it after it, and the files last. A store that is new goes into that list, and into
the contract test that looks into all of them.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec

from overheard.alerts.deliveries import without
from overheard.alerts.outbox import delivery_record
from overheard.collectors.polling.pollstate import TOPIC as STATES
from overheard.collectors.polling.pollstate import errand_key
from overheard.crm.platforms import PLATFORMS
from overheard.crm.rows import LIST
from overheard.identities import handle_key, normal_email, profile_key
from overheard.log.base import TOPICS, ConsumerRecord, Log, ProducerRecord
from overheard.log.deadletters import TOPIC as LETTERS
from overheard.records import (
    Change,
    Contact,
    DeadLetter,
    Delivery,
    EnrichedMention,
    Errand,
    Event,
    Identity,
    Incident,
    KeptAnswer,
    Mention,
    Purchase,
    RecordError,
    Revision,
    Sense,
    contact_id,
    decode,
    encode,
    event_for,
    identity_key,
    mention_id,
)
from overheard.suppression import Suppressions
from overheard.urls import canonical_url
from overheard.wiring.answers import TOPIC as ANSWERS
from overheard.wiring.system import System, newest, records_on, utc_now
from overheard.wiring.traces import Traces

ERASED = "the person asked to be forgotten"
SOURCE = "/erase"
# On Kafka: a record that a tombstone has made old is off the disks within so long (`overheard.log.provision`), and what
# only expires when its segment, of a day, has.
_COMPACTED = timedelta(days=7)
_SEGMENT = timedelta(days=1)
_TOMBSTONES = timedelta(days=10)  # of `watch`, where the key itself tells who it was
_APPEND = 500
_ID = re.compile(rb"(?:con|men|inc|dec)_[a-z2-7]{26}")
_ALIAS = b'"sameAs":'
_CELLS = re.compile(r'[",;\t\n{}\[\]|]+|: ')
_MOST_CELLS = 200
_LONGEST_CELL = 320


class Erasable(Protocol):
    """A store that can let go of somebody. `left` is how long what cannot go at once may stay; None: nothing does."""

    name: str
    left: timedelta | None

    def find(self, traces: Traces) -> int:
        """Return how many things of theirs it holds; nothing is changed."""
        ...

    def erase(self, traces: Traces) -> int:
        """Let go of them; return how many things went. Again, it does nothing more. Raises as the engines do."""
        ...


def stores_of(system: System) -> Sequence[Erasable]:
    """Return every store of a system, in the order in which they are to be erased from."""
    log, crm = system.log, system.settings.crm.system
    late = _COMPACTED if system.shared else None

    def expiring(topic: str) -> timedelta | None:
        kept = TOPICS[topic].retention
        return kept + _SEGMENT if system.shared and kept is not None else None

    return (
        _Records("mentions", log, expiring("mentions"), lambda traces: traces.mentions),
        _Records("fetches", log, expiring("fetches"), lambda traces: traces.fetches),
        _Letters(log, crm, late),
        _Deliveries(log, late),
        _Answers(log, late),
        _Facts(system, late),
        _Watch(log, _TOMBSTONES if system.shared else None),
        _Errands(log, late),
        _Revisions(log, late),
        _Documents(system, late),
        _Changes(log, expiring("changes")),
    )


# --- topics --------------------------------------------------------------------------------------------------------


class _Topic:
    """What the stores that are topics share."""

    name: str

    def __init__(self, log: Log, left: timedelta | None) -> None:
        self.log = log
        self.left = left

    def append(self, records: Sequence[ProducerRecord]) -> None:
        for i in range(0, len(records), _APPEND):
            self.log.append(records[i : i + _APPEND], durable=True)

    def take_out(self, topic: str, keys: Collection[str], *, tombstones: bool = True) -> int:
        """Put a tombstone in the place of each key that is there, and take out what stood there before."""
        if not keys:
            return 0
        if tombstones:
            there = [key for some in _batched(sorted(keys)) for key in self.log.latest(topic, some)]
            self.append([ProducerRecord(topic, key, None) for key in there])
        self.log.erase(topic, keys)
        return len(keys)


class _Records(_Topic):
    """A topic that is not compacted: its records go, or expire."""

    def __init__(self, name: str, log: Log, left: timedelta | None, keys: Callable[[Traces], Collection[str]]) -> None:
        super().__init__(log, left)
        self.name = name
        self._keys = keys

    def find(self, traces: Traces) -> int:
        return len(self._keys(traces))

    def erase(self, traces: Traces) -> int:
        return self.log.erase(self.name, self._keys(traces)) if self._keys(traces) else 0


class _Letters(_Topic):
    """Dead letters: of a record of theirs, or with an identity of theirs in a row that could not be read."""

    name = LETTERS

    def __init__(self, log: Log, crm: str, left: timedelta | None) -> None:
        super().__init__(log, left)
        self._crm = crm

    def find(self, traces: Traces) -> int:
        return len(self._keys(traces))

    def erase(self, traces: Traces) -> int:
        return self.take_out(LETTERS, self._keys(traces))

    def _keys(self, traces: Traces) -> list[str]:
        return [
            record.key
            for record in newest(self.log, LETTERS)
            if isinstance(letter := _data_of(record), DeadLetter) and _is_theirs(letter, traces, self._crm)
        ]


def _is_theirs(letter: DeadLetter, traces: Traces, crm: str) -> bool:
    value = letter.value or b""
    if letter.key in traces.subjects or (letter.topic == "fetches" and letter.key in traces.fetches):
        return True
    try:
        data = decode(value).data
    except RecordError:
        text = f"{value.decode('utf-8', 'replace')}\n{letter.message}"
        return any(map(traces.suppressions.is_suppressed, _keys_in(text, crm)))
    return covers(data, traces.suppressions)


class _Deliveries(_Topic):
    """What was told of them, or of what they said. What has left by mail or webhook is beyond our reach."""

    name = "deliveries"

    def find(self, traces: Traces) -> int:
        return len(self._theirs(traces))

    def erase(self, traces: Traces) -> int:
        found = self._theirs(traces)
        self.append([delivery_record(_forgetting(delivery, traces)) for delivery in found])
        if found:
            self.log.erase(self.name, [delivery.id for delivery in found])
        return len(found)

    def _theirs(self, traces: Traces) -> list[Delivery]:
        ids = traces.documents
        return [
            data
            for record in newest(self.log, self.name)
            if isinstance(data := _data_of(record), Delivery)
            and any(item.incident in ids or item.contact in ids for item in data.items)
        ]


def _forgetting(delivery: Delivery, traces: Traces) -> Delivery:
    ids = traces.documents
    for item in delivery.items:
        if item.incident in ids or item.contact in ids:
            delivery = without(delivery, item.incident, ERASED, forget=True)
    return delivery


class _Facts(_Topic):
    """Contacts, mentions and decisions, and with them all that the matcher made of them."""

    name = "facts"

    def __init__(self, system: System, left: timedelta | None) -> None:
        super().__init__(system.log, left)
        self._system = system

    def find(self, traces: Traces) -> int:
        return len(self._there(traces))

    def erase(self, traces: Traces) -> int:
        there = self._there(traces)
        gone = [ProducerRecord("facts", key, None) for key in there if key not in traces.purchases]
        bought = [_impersonal(decode(there[key].value or b"")) for key in there if key in traces.purchases]
        self.append([*gone, *bought])
        self._system.catch_up_match()
        self.log.erase("facts", there.keys())
        return len(there)

    def _there(self, traces: Traces) -> Mapping[str, ConsumerRecord]:
        """Return the newest record of what is theirs and there, by key."""
        keys = sorted(traces.contacts | traces.mentions | traces.decisions | traces.purchases)
        return {key: record for some in _batched(keys) for key, record in self.log.latest("facts", some).items()}


def _impersonal(event: Event[Purchase]) -> ProducerRecord:
    """Return what a purchase of theirs becomes: that of their account alone, or nothing."""
    if not event.data.account:
        return ProducerRecord("facts", event.subject, None)
    purchase = msgspec.structs.replace(event.data, contact="")
    version = event.sourceversion + 1
    changed = event_for(
        purchase, subject=event.subject, source=SOURCE, time=utc_now(), verb="Update", sourceversion=version,
        cause="decision",
    )  # fmt: skip
    return ProducerRecord("facts", event.subject, encode(changed))


class _Watch(_Topic):
    """Their identities among those that are listened for, and their words among those that say what a term means.

    The matcher has taken back what was theirs alone, and told anew what is left of the others'.
    """

    name = "watch"

    def find(self, traces: Traces) -> int:
        return len(self._keys(traces)) + len(self._senses(traces))

    def erase(self, traces: Traces) -> int:
        keys, senses = self._keys(traces), self._senses(traces)
        self.log.erase(self.name, senses)
        # An enricher that never hears that it need not listen any more drops what it hears all the same.
        self.log.erase(self.name, keys, tombstones=True)
        return len(keys) + len(senses)

    def _senses(self, traces: Traces) -> set[str]:
        """Return the keys of what terms mean, a version of which holds a mention of theirs."""
        return {
            record.key
            for record in records_on(self.log, self.name)
            if isinstance(data := _data_of(record), Sense)
            # Of many decisions it keeps the newest: an example may be of one that is no more among them.
            and not traces.mentions.isdisjoint([*data.decided, *(one.mention for one in data.examples)])
        }

    def _keys(self, traces: Traces) -> set[str]:
        return {
            record.key
            for record in records_on(self.log, self.name)
            if isinstance(data := _data_of(record), Identity)
            and (data.subject in traces.contacts or traces.suppressions.is_suppressed(data.key))
        }


class _Errands(_Topic):
    """Webmentions of pages of theirs, and how far those are; before what tells the pages' other addresses goes."""

    name = "errands"

    def find(self, traces: Traces) -> int:
        return len(self._keys(traces))

    def erase(self, traces: Traces) -> int:
        keys = self._keys(traces)
        self.take_out(STATES, [errand_key(key) for key in keys])
        return self.take_out(self.name, keys)

    def _keys(self, traces: Traces) -> list[str]:
        asked = {
            record.key: canonical_url(data.url)
            for record in newest(self.log, self.name)
            if isinstance(data := _data_of(record), Errand) and data.kind == "webmention"
        }
        pages = {url: f"revision/{mention_id('web', url=url)}" for url in set(asked.values()) - {""}}
        known: dict[str, ConsumerRecord] = {}
        for some in _batched(sorted(pages.values())):
            known |= self.log.latest(STATES, some)
        theirs = {
            url
            for url, key in pages.items()
            if key.removeprefix("revision/") in traces.mentions
            or (key in known and _same_as(known[key]) in traces.mentions)
            or traces.suppressions.is_suppressed(identity_key("web", "url", url))
        }
        return sorted(key for key, url in asked.items() if url in theirs)


class _Revisions(_Topic):
    """What is remembered of the versions of their mentions, and under which other ids they are known."""

    name = "poll-state"

    def find(self, traces: Traces) -> int:
        return sum(len(self.log.latest(self.name, some)) for some in _batched(self._keys(traces)))

    def erase(self, traces: Traces) -> int:
        found = self.find(traces)
        self.take_out(self.name, self._keys(traces))
        return found

    def _keys(self, traces: Traces) -> list[str]:
        aliases = [record.key for record in newest(self.log, self.name) if _same_as(record) in traces.mentions]
        return [*(f"revision/{mention}" for mention in sorted(traces.mentions)), *sorted(aliases)]


class _Documents(_Topic):
    """Their incidents and profiles, also in older versions of the documents of others, and in the index."""

    name = "documents"

    def __init__(self, system: System, left: timedelta | None) -> None:
        super().__init__(system.log, left)
        self._system = system

    def find(self, traces: Traces) -> int:
        return sum(len(self.log.latest(self.name, some)) for some in _batched(sorted(traces.documents)))

    def erase(self, traces: Traces) -> int:
        marks = {id_.encode() for id_ in traces.subjects}
        held = {
            record.key
            for record in records_on(self.log, self.name)
            if record.value is not None
            and (not marks.isdisjoint(_ID.findall(record.value)) or _quotes(record.value, traces))
        }
        found = len(held & traces.documents)
        # A record without a value: the index then writes its files anew.
        self.append([ProducerRecord(self.name, key, None) for key in sorted(held & traces.documents)])
        self._system.catch_up_index()
        self.log.erase(self.name, held)
        return found


def _quotes(document: bytes, traces: Traces) -> bool:
    """Whether a document shows what one of them said in a post that was edited, and is another's now."""
    if b'"authors":["' not in document:
        return False
    data = decode(document).data
    told = data.versions if isinstance(data, Incident) else ()
    return any(traces.suppressions.is_suppressed(key) for version in told for key in version.authors)


class _Changes(_Topic):
    """The news of them; in its place stands that they were erased, for those who feed other systems."""

    name = "changes"

    def find(self, traces: Traces) -> int:
        return len(self._theirs(traces))

    def erase(self, traces: Traces) -> int:
        found = self._theirs(traces)
        self.log.erase(self.name, traces.documents)
        now, records = utc_now(), []
        for id_, version in sorted(found.items()):
            kind = "incident" if id_.startswith("inc_") else "profile"
            change = Change(id=id_, kind=kind, what="erased", version=version, cause="decision")  # type: ignore[arg-type]
            event = event_for(
                change, subject=id_, source=SOURCE, time=now, sourceversion=version, verb="Delete", cause="decision"
            )
            records.append(ProducerRecord(self.name, id_, encode(event)))
        self.append(records)
        return len(found)

    def _theirs(self, traces: Traces) -> dict[str, int]:
        """Return the last version told of each of their documents that is not told to be erased."""
        told: dict[str, int] = {}
        for record in records_on(self.log, self.name):
            if record.key in traces.documents and isinstance(data := _data_of(record), Change):
                told[record.key] = data.version
                if data.what == "erased":
                    del told[record.key]
        return told


# --- the folder ----------------------------------------------------------------------------------------------------


class _Answers(_Topic):
    """Answers kept for those who ask again with the same key: those that name one of their ids."""

    name = "answers"

    def find(self, traces: Traces) -> int:
        return len(self._keys(traces))

    def erase(self, traces: Traces) -> int:
        return self.take_out(ANSWERS, self._keys(traces))

    def _keys(self, traces: Traces) -> set[str]:
        marks = {id_.encode() for id_ in traces.subjects}
        return {
            record.key
            for record in records_on(self.log, ANSWERS)
            if record.value is not None
            and isinstance(kept := decode(record.value).data, KeptAnswer)
            and not marks.isdisjoint(_ID.findall(kept.answer or b""))
        }


# --- another folder ------------------------------------------------------------------------------------------------


def without_theirs(record: ConsumerRecord, traces: Traces, crm: str) -> bytes | None:
    """Return the value with which a record of another folder may be taken in; None where nothing of it may.

    `record` is of `facts`, `mentions`, `poll-state`, `deliveries` or `dead-letters`, and no tombstone; `traces` are of
    the log that it is from.
    """
    key, data = record.key, None
    if key in traces.subjects or not traces.mentions.isdisjoint((key.removeprefix("revision/"), _same_as(record))):
        return None
    if key in traces.purchases and record.value is not None:
        return _impersonal(decode(record.value)).value
    if record.topic in ("deliveries", LETTERS):
        data = _data_of(record)
    if isinstance(data, Delivery):
        forgetting = _forgetting(data, traces)
        return record.value if forgetting is data else delivery_record(forgetting).value
    return None if isinstance(data, DeadLetter) and _is_theirs(data, traces, crm) else record.value


# --- reading -------------------------------------------------------------------------------------------------------


def _keys_in(text: str, crm: str) -> Iterable[str]:
    """Yield the keys of all that the cells of a row may be: an address, a profile, an id, a handle on any platform."""
    cells = [one.strip(" '\\") for one in _CELLS.split(text)]
    for cell in [cell for cell in cells if 0 < len(cell) <= _LONGEST_CELL][:_MOST_CELLS]:
        if email := normal_email(cell):
            yield identity_key("email", "email", email)
        if url := canonical_url(cell):
            yield identity_key("web", "url", url)
            yield from filter(None, [profile_key(url)])
        if cell.startswith(("con_", "men_")):
            yield cell
        yield from (contact_id(system, cell) for system in (crm, LIST))
        if " " not in cell:
            yield from (key for platform in PLATFORMS if (key := handle_key(platform, cell)))


def covers(data: object, suppressions: Suppressions) -> bool:
    """True for a mention or contact of somebody who was erased."""
    if isinstance(data, EnrichedMention):
        return suppressions.covers_mention(data.mention)
    if isinstance(data, Mention):
        return suppressions.covers_mention(data)
    return isinstance(data, Contact) and suppressions.covers_contact(data)


def _same_as(record: ConsumerRecord) -> str:
    """Return the mention whose alias a record of `poll-state` remembers; "" for all else."""
    if record.value is None or _ALIAS not in record.value:
        return ""
    return data.same_as if isinstance(data := _data_of(record), Revision) else ""


def _data_of(record: ConsumerRecord) -> object:
    """Return the data of a record's event; None for a tombstone, and for what is no event of ours."""
    if record.value is None:
        return None
    try:
        return decode(record.value).data
    except RecordError:
        return None


def _batched(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[at : at + _APPEND] for at in range(0, len(items), _APPEND))
