"""The real stream as facts: its relevant posts, enriched with a regular expression (no entities), and its CRM."""

import csv
import re
import tomllib
from datetime import UTC, datetime

from benchmarks.common import SHARED, mention_of
from overheard.identities import identities_of_actor, identities_of_contact
from overheard.log.base import ProducerRecord
from overheard.records import (
    Account,
    Contact,
    EnrichedMention,
    ExternalId,
    Language,
    Passed,
    Sentiment,
    WatchHit,
    account_id,
    contact_id,
    encode,
    event_for,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REAL = SHARED / "real"


def fact(data: EnrichedMention | Contact | Account, subject: str) -> ProducerRecord:
    event = event_for(data, subject=subject, source="/bench", time=NOW, sourceversion=1)
    return ProducerRecord("facts", subject, encode(event))


def enriched(posts: list[dict[str, object]], people: list[Contact]) -> list[EnrichedMention]:
    watch = tomllib.loads((REAL / "watch.toml").read_text(encoding="utf-8"))
    terms = {alias.lower(): term for term in watch["term"] for alias in term["aliases"]}
    aliases = "|".join(sorted(map(re.escape, terms), key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{aliases})(?!\w)", re.IGNORECASE)
    known = {identity.key for one in people for identity in identities_of_contact(one)}
    found = []
    for post in posts:
        said = mention_of(post)
        hits = []
        for hit in pattern.finditer(said.text):
            term = terms[hit[0].lower()]
            hits.append(WatchHit(term=term["id"], kind=term["kind"], start=hit.start(), end=hit.end()))
        is_known = any(key in known for key in identities_of_actor(said.attributed_to))
        if hits or is_known or said.source in watch["always"]:
            found.append(
                EnrichedMention(
                    mention=said,
                    passed=(Passed(reason="term", by=hits[0].term if hits else said.source),),
                    language=Language(code="en", confidence=1.0),
                    hits=tuple(hits),
                    sentiment=Sentiment(polarity="neutral", confidence=0.5),
                )
            )
    return found


def contacts() -> list[Contact]:
    with (REAL / "contacts.csv").open(encoding="utf-8", newline="") as file:
        return [
            Contact(
                id=contact_id("crm", row["external_id"]),
                external_ids=(ExternalId(system="crm", value=row["external_id"]),),
                name=row["name"],
                organisation=row["organisation"],
                title=row["title"],
                handles={"reddit": row["reddit"]} if row["reddit"] else {},
            )
            for row in csv.DictReader(file)
        ]


def accounts() -> list[Account]:
    with (REAL / "accounts.csv").open(encoding="utf-8", newline="") as file:
        return [
            Account(
                id=account_id("crm", row["external_id"]),
                external_ids=(ExternalId(system="crm", value=row["external_id"]),),
                name=row["name"],
                domain=row["domain"],
            )
            for row in csv.DictReader(file)
        ]
