"""What the matcher does in a second: enriched mentions folded, matched, written and published, all in.

The relevant posts of the real stream, enriched beforehand with a regular expression (no entities), after the contacts
and accounts of its CRM; then the same with 100,000 invented contacts more. The baseline, in the same run, decodes the
same records and puts them into one table of a bare SQLite file with an index, in the same batches.

    python -m benchmarks.bench_matcher
"""

import csv
import random
import re
import sqlite3
import tempfile
import time
import tomllib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common import SEED, SHARED, load_posts, mean_tokens, mention_of, report
from overheard.folder import Folder
from overheard.identities import identities_of_actor, identities_of_contact
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.matcher.ledger import Ledger
from overheard.matcher.rarity import TABLE
from overheard.matcher.stage import LedgerSink, MatchStage
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
    decode,
    encode,
    event_for,
)

BATCH = 128
ROUNDS = 3  # the best counts: a machine that does something else in between says nothing about the matcher
INVENTED = 100_000
TARGET = 1_500
NOW = datetime(2026, 1, 1, tzinfo=UTC)
REAL = SHARED / "real"


def main() -> None:
    posts = load_posts()
    people, firms = contacts(), accounts()
    mentions = enriched(posts, people)
    tokens = mean_tokens(m.mention.text for m in mentions)
    facts = [fact(m, m.mention.id) for m in mentions]
    crm = [fact(person, person.id) for person in people] + [fact(firm, firm.id) for firm in firms]
    invented = [fact(one, one.id) for one in invent(INVENTED)]

    plain = max(baseline(facts) for _ in range(ROUNDS))
    few = max(run(crm, facts)[0] for _ in range(ROUNDS))
    many, imported = run([*crm, *invented], facts)
    report(
        "matcher: enriched mentions a second, to documents published",
        corpus="relevant posts of ../shared/data/real, enriched by a regular expression",
        count=len(mentions),
        tokens=tokens,
        models=f"none; rarity of names: {TABLE}",
        figures=[
            ("baseline: decode + SQLite insert", f"{plain:,.0f}/s"),
            (f"with {len(people):,} contacts", f"{few:,.0f}/s, {few / plain:.2f} of the baseline"),
            (f"with {len(people) + INVENTED:,} contacts", f"{many:,.0f}/s, {many / plain:.2f} of the baseline"),
            ("import of contacts", f"{imported:,.0f}/s, published and watched"),
            ("at least", f"{TARGET:,}/s"),
        ],
        passed=min(few, many) >= TARGET,
    )


def fact(data: EnrichedMention | Contact | Account, subject: str) -> ProducerRecord:
    event = event_for(data, subject=subject, source="/bench", time=NOW, sourceversion=1)
    return ProducerRecord("facts", subject, encode(event))


def run(crm: list[ProducerRecord], facts: list[ProducerRecord]) -> tuple[float, float]:
    """Return mentions a second and CRM records a second."""
    with tempfile.TemporaryDirectory() as name, Folder(Path(name)) as folder:
        log = EmbeddedLog(folder)
        ledger = Ledger(folder, clock=lambda: NOW)
        stage, sink = MatchStage(ledger, batch=BATCH), LedgerSink(ledger, log)
        rates = []
        for records in (crm, facts):
            for i in range(0, len(records), 5_000):
                log.append(records[i : i + 5_000])
            start = time.perf_counter()
            done = drain(log, stage, sink)
            rates.append(done / (time.perf_counter() - start))
        ledger.close()
        log.close()
        return rates[1], rates[0]


def drain(log: EmbeddedLog, stage: MatchStage, sink: LedgerSink) -> int:
    done = 0
    offset = sink.positions().get(0, 0)
    while records := log.read("facts", 0, offset, BATCH):
        outcome = stage.process(records)
        offset = records[-1].offset + 1
        sink.write(outcome, {0: offset})
        done += len(records)
    return done


def baseline(facts: list[ProducerRecord]) -> float:
    with tempfile.TemporaryDirectory() as name:
        log_records = [ConsumerRecord("facts", 0, i, 0, f.key, f.value, {}) for i, f in enumerate(facts)]
        with closing(sqlite3.connect(Path(name) / "plain.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, version INTEGER, value BLOB)")
            start = time.perf_counter()
            for i in range(0, len(log_records), BATCH):
                events = [decode(r.value or b"") for r in log_records[i : i + BATCH]]
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "INSERT OR REPLACE INTO t VALUES (?, ?, ?)",
                    [(e.subject, e.sourceversion, encode(e)) for e in events],
                )
                connection.execute("COMMIT")
            return len(facts) / (time.perf_counter() - start)


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


def invent(number: int) -> list[Contact]:
    """Contacts whose names are drawn from a few thousand given and family names, common words among them."""
    rng = random.Random(SEED)
    syllables = "ba be bi do du ga ka ko la le li ma mi na no ra ri sa so ta te va".split()  # noqa: SIM905
    words = "will day long young may best price stone green hill wood banks rich good".split()  # noqa: SIM905
    pool = ["".join(rng.choices(syllables, k=rng.randint(2, 4))).title() for _ in range(3_000)]
    pool += [word.title() for word in words] * 20
    return [
        Contact(
            id=contact_id("crm", f"x{i}"),
            external_ids=(ExternalId(system="crm", value=f"x{i}"),),
            name=f"{rng.choice(pool)} {rng.choice(pool)}",
            organisation=f"{rng.choice(pool)} Works Ltd",
            emails=(f"p{i}@firm{i % 5_000}.example",),
            handles={"reddit": f"user_{i}"},
        )
        for i in range(number)
    ]


if __name__ == "__main__":
    main()
