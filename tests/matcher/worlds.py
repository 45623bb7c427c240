"""What the tests of the matcher share: records made in one line, and a ledger that is run on them."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from overheard.folder import Folder
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.matcher.ledger.ledger import EPOCH, Ledger
from overheard.matcher.stage import LedgerSink, MatchStage
from overheard.records import (
    Account,
    Actor,
    Cause,
    Contact,
    Decision,
    DecisionVerb,
    EnrichedMention,
    Entity,
    Event,
    ExternalId,
    Holding,
    Language,
    Mention,
    Passed,
    Purchase,
    Sentiment,
    Suppression,
    Verb,
    WatchHit,
    account_id,
    contact_id,
    decode,
    encode,
    event_for,
    holding_id,
    mention_id,
    purchase_id,
)
from overheard.records.suppression import suppression_subject
from overheard.suppression import fingerprint_of, suppression_hash

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def con(number: str) -> str:
    return contact_id("crm", number)


def acc(number: str) -> str:
    return account_id("crm", number)


def men(number: str) -> str:
    return mention_id("reddit", number)


def contact(number: str, name: str = "", **fields: Any) -> Contact:
    return Contact(id=con(number), external_ids=(ExternalId(system="crm", value=number),), name=name, **fields)


def account(number: str, name: str = "", domain: str = "", **fields: Any) -> Account:
    ids = (ExternalId(system="crm", value=number),)
    return Account(id=acc(number), external_ids=ids, name=name, domain=domain, **fields)


def holding(number: str, account: str, product: str = "BorealMill 300", **fields: Any) -> Holding:
    ids = (ExternalId(system="crm", value=number),)
    return Holding(id=holding_id("crm", number), external_ids=ids, account=account, product=product, **fields)


def purchase(number: str, **fields: Any) -> Purchase:
    ids = (ExternalId(system="crm", value=number),)
    return Purchase(id=purchase_id("crm", number), external_ids=ids, **fields)


def mention(
    number: str,
    text: str,
    author: str = "",
    *,
    profile: Mapping[str, Any] | None = None,
    in_reply_to: str = "",
    links: tuple[str, ...] = (),
    hits: Iterable[str] = (),
    entities: Iterable[tuple[str, str]] = (),
    published: datetime | None = NOW,
    first_seen: datetime = NOW,
    **fields: Any,
) -> EnrichedMention:
    """An enriched mention; `hits` are words of the text that are watched companies, `entities` (label, words).

    `profile` are further fields of the author.
    """
    said = Mention(
        id=men(number),
        platform="reddit",
        native_id=number,
        source="reddit",
        content=text,
        published=published,
        first_seen=first_seen,
        in_reply_to=in_reply_to,
        attributed_to=Actor(platform="reddit", preferred_username=author, **(profile or {})) if author else None,
        links=links,
    )
    found = [(word.lower(), text.index(word), text.index(word) + len(word)) for word in hits]
    named = [(label, text.index(words), text.index(words) + len(words)) for label, words in entities]
    return EnrichedMention(
        mention=said,
        passed=(Passed(reason="term", by="acme"),),
        language=Language(code="en", confidence=0.9),
        entities=tuple(Entity(label=label, start=start, end=end) for label, start, end in named),  # type: ignore[arg-type]
        hits=tuple(WatchHit(term=term, kind="company", start=start, end=end) for term, start, end in found),
        sentiment=Sentiment(polarity="neutral", confidence=0.5),
        **fields,
    )


def decision(
    number: str, verb: DecisionVerb, left: str, right: str = "", *, value: str = "", at: datetime = NOW
) -> Decision:
    return Decision(id=f"dec_{number}", verb=verb, left=left, right=right, value=value, by="asha", at=at)


def suppression(key: str) -> ProducerRecord:
    """A record for `facts`: what is known by this key, an identity's or an id, is erased and stays so."""
    entry = Suppression(id=suppression_hash(b"", key), fingerprint=fingerprint_of(b""), at=NOW)
    subject = suppression_subject(entry.id)
    return ProducerRecord("facts", subject, encode(event_for(entry, subject=subject, source="/test", time=NOW)))


def fact(data: Any, *, version: int = 1, verb: Verb = "Create", cause: Cause = "live") -> ProducerRecord:
    """A record for `facts`."""
    subject = data.mention.id if isinstance(data, EnrichedMention) else data.id
    event = event_for(data, subject=subject, source="/test", time=NOW, verb=verb, sourceversion=version, cause=cause)
    return ProducerRecord("facts", subject, encode(event))


class World:
    """A ledger on a folder of its own, with the embedded log."""

    def __init__(self, path: Path, *, batch: int = 128) -> None:
        self.folder = Folder(path)
        self.log = EmbeddedLog(self.folder)
        self.batch = batch
        self.ledger = Ledger(self.folder, clock=lambda: NOW)
        self._start()

    def reopen(self, *, epoch: int = EPOCH) -> None:
        """Start the matcher anew on what is on disk."""
        self.ledger.close()
        self.ledger = Ledger(self.folder, epoch=epoch, clock=lambda: NOW)
        self._start()

    def _start(self) -> None:
        self.stage = MatchStage(self.ledger, batch=self.batch)
        self.sink = LedgerSink(self.ledger, self.log)

    def run(self, *facts: ProducerRecord) -> dict[str, int]:
        """Append facts and let the matcher read to the end; return the fates of this run."""
        self.log.append(facts)
        fates: dict[str, int] = {}
        while records := self.log.read("facts", 0, self.sink.positions().get(0, 0), self.batch):
            outcome = self.stage.process(records)
            self.sink.write(outcome, {0: records[-1].offset + 1})
            for fate, n in outcome.fates.items():
                fates[fate] = fates.get(fate, 0) + n
        return fates

    def newest(self, topic: str) -> dict[str, ConsumerRecord]:
        """The newest record of each key of a topic."""
        found = {}
        for partition in range(self.log.topics[topic].partitions):
            first, end = self.log.span(topic, partition)
            while first < end:
                for record in self.log.read(topic, partition, first, 500):
                    found[record.key] = record
                    first = record.offset + 1
        return found

    def events(self, topic: str = "documents") -> dict[str, Event[Any]]:
        """The newest event of each key that is not gone."""
        events = {key: decode(record.value) for key, record in self.newest(topic).items() if record.value is not None}
        return {key: event for key, event in events.items() if event.verb != "Delete"}

    def documents(self) -> dict[str, Any]:
        """The data of every document that stands."""
        return {key: event.data for key, event in self.events().items()}

    def parties(self, number: str) -> dict[tuple[str, str], str]:
        """The outcome of each (role, subject) of a mention's incident."""
        found = [d for d in self.documents().values() if getattr(d, "mention", None) and d.mention.id == men(number)]
        return {(party.role, party.subject): party.outcome for party in found[0].parties} if found else {}

    def close(self) -> None:
        self.ledger.close()
        self.log.close()
        self.folder.close()


@contextlib.contextmanager
def world(*, batch: int = 128) -> Iterator[World]:
    """A fresh world, gone afterwards."""
    with tempfile.TemporaryDirectory() as path:
        one = World(Path(path), batch=batch)
        try:
            yield one
        finally:
            one.close()
