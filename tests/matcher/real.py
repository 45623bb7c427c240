"""The real stream of ../shared/data/real, enriched cheaply: terms by one regular expression, no entities."""

import csv
import gzip
import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from overheard.identities import identities_of_actor, identities_of_contact
from overheard.matcher.names.text import Text
from overheard.records import (
    Account,
    Actor,
    Contact,
    EnrichedMention,
    ExternalId,
    Language,
    LifecycleTag,
    Mention,
    Passed,
    Sentiment,
    WatchHit,
    account_id,
    contact_id,
    mention_id,
)
from overheard.text import clean

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "real"
SEEN = datetime(2026, 11, 21, tzinfo=UTC)


def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contacts() -> list[Contact]:
    return [
        Contact(
            id=contact_id("crm", row["external_id"]),
            external_ids=(ExternalId(system="crm", value=row["external_id"]),),
            name=row["name"],
            emails=(row["email"],) if row["email"] else (),
            organisation=row["organisation"],
            title=row["title"],
            handles={platform: row[platform] for platform in ("reddit", "x", "mastodon") if row[platform]},
            urls=(row["website"],) if row["website"] else (),
            lifecycle=(LifecycleTag(tag=row["lifecycle"]),),
        )
        for row in _rows("contacts.csv")
    ]


def accounts() -> list[Account]:
    return [
        Account(
            id=account_id("crm", row["external_id"]),
            external_ids=(ExternalId(system="crm", value=row["external_id"]),),
            name=row["name"],
            domain=row["domain"],
            lifecycle=(LifecycleTag(tag=row["lifecycle"]),),
        )
        for row in _rows("accounts.csv")
    ]


def mentions() -> list[EnrichedMention]:
    """The posts that pass the winnow, each with its hits."""
    watch = tomllib.loads((FOLDER / "watch.toml").read_text(encoding="utf-8"))
    terms = {alias.lower(): term for term in watch["term"] for alias in term["aliases"]}
    pattern = re.compile(
        r"(?<!\w)(?:" + "|".join(sorted(map(re.escape, terms), key=len, reverse=True)) + r")(?!\w)", re.I
    )
    known = {identity.key for contact in contacts() for identity in identities_of_contact(contact)}
    found = []
    with gzip.open(FOLDER / "posts.ndjson.gz", "rt", encoding="utf-8") as file:
        for line in file:
            said = _mention(json.loads(line))
            hits = []
            for hit in pattern.finditer(said.text):
                term = terms[hit[0].lower()]
                hits.append(WatchHit(term=term["id"], kind=term["kind"], start=hit.start(), end=hit.end()))
            passed = [Passed(reason="term", by=hit.term) for hit in hits[:1]]
            passed += [Passed(reason="identity", by=k) for k in identities_of_actor(said.attributed_to) if k in known]
            passed += [Passed(reason="always", by=said.source)] if said.source in watch["always"] else []
            if passed:
                found.append(
                    EnrichedMention(
                        mention=said,
                        passed=tuple(passed),
                        language=Language(code="en", confidence=1.0),
                        hits=tuple(hits),
                        sentiment=Sentiment(polarity="neutral", confidence=0.5),
                    )
                )
    return found


def _mention(post: dict[str, Any]) -> Mention:
    return Mention(
        id=mention_id(post["source"], post["native_id"]),
        platform=post["source"],
        native_id=post["native_id"],
        source=post["source"],
        name=clean(post["title"] or ""),
        content=clean(post["text"] or ""),
        url=post["url"] or "",
        published=datetime.fromtimestamp(post["published"], UTC),
        first_seen=SEEN,
        attributed_to=Actor(platform=post["source"], preferred_username=post["author"]) if post["author"] else None,
        links=tuple(re.findall(r"https?://[^\s)\]>]+", post["text"] or "")),
    )


def tokens(mentions: list[EnrichedMention]) -> float:
    """The mean number of tokens of a mention."""
    return sum(len(Text(m.mention.text).tokens) for m in mentions) / len(mentions)
