"""The index against a plain loop of the same analyser, tantivy and SQLite: at least 0.7 of its documents a second.

Both take the same incidents in batches of the stage's size, and end with everything committed; the plain loop knows no
versions, no removals and no normal forms. They take turns, and each figure is the median of its turns.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from statistics import median

import msgspec
import tantivy

from benchmarks.common import SEED, load_posts, mean_tokens, mention_of, report
from overheard.folder import Folder
from overheard.index import analyser
from overheard.index.base import Search
from overheard.index.documents import document_of
from overheard.index.embedded import WRITER_HEAP, EmbeddedIndex
from overheard.index.fields import FACETS, TEXT_FIELDS, VALUE_FIELDS
from overheard.index.query import parse
from overheard.index.stage import PIECE, IndexStage
from overheard.log.base import ConsumerRecord
from overheard.records import (
    Incident,
    Language,
    Party,
    Sentiment,
    encode,
    event_for,
    incident_id,
    sort_key,
)

TARGET = 0.7
COUNT = 15_000
TURNS = 5
TERMS = ("nvidia", "microsoft", "google", "xbox", "ps5")


def incidents_of(count: int) -> list[Incident]:
    """Incidents as the matcher makes them, but for evidence: what the index does with them is the same."""
    chance = random.Random(SEED)
    made: list[Incident] = []
    for post in load_posts(count):
        mention = mention_of(post)
        own = incident_id(mention.id)
        party = Party(role="author", subject=f"con_{chance.randrange(500)}", outcome="linked", score=1.0)
        made.append(
            Incident(
                id=own,
                k=str(sort_key(own, mention.published, mention.first_seen)),
                mention=mention,
                passed=(),
                language=Language(code="en", confidence=0.9),
                sentiment=Sentiment(polarity=chance.choice(("positive", "negative", "neutral")), confidence=0.7),
                about=(chance.choice(TERMS),),
                parties=(party,) if chance.random() < 0.3 else (),
            )
        )
    return made


def batches(incidents: Sequence[Incident]) -> list[Sequence[Incident]]:
    size = IndexStage.batch
    return [incidents[at : at + size] for at in range(0, len(incidents), size)]


def ours(folder: Path, incidents: Sequence[Incident]) -> None:
    with Folder(folder) as opened:
        index = EmbeddedIndex(opened)
        for batch in batches(incidents):
            for at in range(0, len(batch), PIECE):
                index.apply([document_of(incident, 1) for incident in batch[at : at + PIECE]])
            index.flush()
        index.close()


def plain(folder: Path, incidents: Sequence[Incident]) -> None:
    folder.mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for field in TEXT_FIELDS:
        builder.add_text_field(field, tokenizer_name="spaces", index_option="position")
    for field in VALUE_FIELDS:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=field in FACETS)
    builder.add_unsigned_field("k", indexed=True, fast=True)
    builder.add_unsigned_field("day", fast=True)
    index = tantivy.Index(builder.build(), path=str(folder))
    index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    writer = index.writer(heap_size=WRITER_HEAP, num_threads=1)
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE documents (id TEXT PRIMARY KEY, k INTEGER, json BLOB)")
    encoder = msgspec.json.Encoder()
    for batch in batches(incidents):
        rows = []
        for incident in batch:
            mention, k = incident.mention, int(incident.k)
            made = tantivy.Document()
            made.add_text("id", incident.id)
            made.add_unsigned("k", k)
            made.add_unsigned("day", (k >> 21) // 86_400_000)
            made.add_text("text", " ".join(analyser.analyse(mention.text)))
            made.add_text("title", " ".join(analyser.analyse(mention.name)))
            if mention.attributed_to:
                made.add_text("author", " ".join(analyser.analyse(mention.attributed_to.preferred_username)))
            values = (
                ("kind", "incident"), ("type", mention.type), ("source", mention.source), ("status", incident.status),
                ("platform", mention.platform), ("language", "en"), ("sentiment", incident.sentiment.polarity),
                ("url", mention.url), ("site", mention.url.partition("//")[2].partition("/")[0]),
            )  # fmt: skip
            for field, value in chain(values, (("about", term) for term in incident.about)):
                made.add_text(field, value)
            for party in incident.parties:
                made.add_text("contact", party.subject)
            writer.add_document(made)
            rows.append((incident.id, k, encoder.encode(incident)))
        writer.commit()
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO documents VALUES (?,?,?)", rows)
        connection.execute("COMMIT")
    writer.wait_merging_threads()
    connection.close()


def rate(runs: Sequence[float]) -> float:
    return COUNT / median(runs)


def timed(folder: Path, run: Callable[[Path, Sequence[Incident]], None], incidents: Sequence[Incident]) -> float:
    start = time.perf_counter()
    run(folder, incidents)
    return time.perf_counter() - start


def stage_rate(folder: Path, incidents: Sequence[Incident]) -> float:
    records = [
        ConsumerRecord(
            "documents", 0, offset, 0, incident.id,
            encode(event_for(incident, subject=incident.id, source="/matcher", time=incident.mention.first_seen)), {},
        )
        for offset, incident in enumerate(incidents)
    ]  # fmt: skip
    with Folder(folder) as opened:
        index = EmbeddedIndex(opened)
        stage = IndexStage(index)
        start = time.perf_counter()
        for at in range(0, len(records), stage.batch):
            stage.process(records[at : at + stage.batch])
        rate = len(records) / (time.perf_counter() - start)
        index.close()
    return rate


def search_times(folder: Path) -> list[tuple[str, str]]:
    queries = {
        "a word, newest 20": Search(parse("google")),
        "a frequent word, ranked": Search(parse("the"), sort="relevance"),
        "boolean with three filters": Search(
            parse('(game OR price) AND NOT "the new"'),
            filters={"sentiment": ["negative"], "source": ["x", "reddit"], "about": ["google"]},
        ),
        "NEAR/5, newest 20": Search(parse("(game OR games) NEAR/5 (new OR good)")),
        "four facets over a word": Search(
            parse("the"), limit=0, facets=["source", "about", "sentiment", "published:month"]
        ),
        "highlight 20": Search(parse("game OR price"), highlight=True),
    }
    figures = []
    with Folder(folder) as opened:
        index = EmbeddedIndex(opened)
        for name, search in queries.items():
            runs = []
            for _ in range(30):
                start = time.perf_counter()
                total = index.search(search).total
                runs.append((time.perf_counter() - start) * 1000)
            runs.sort()
            figures.append((name, f"p50 {runs[14]:.1f} ms, p95 {runs[28]:.1f} ms, of {total:,}"))
        index.close()
    return figures


def main() -> None:
    incidents = incidents_of(COUNT)
    texts = [incident.mention.text for incident in incidents]
    start = time.perf_counter()
    for text in texts:
        analyser.analyse(text)
    analysing = (time.perf_counter() - start) / len(texts) * 1e6
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        mine, baseline = [], []
        for turn in range(TURNS):
            baseline.append(timed(root / f"plain{turn}", plain, incidents))
            mine.append(timed(root / f"ours{turn}", ours, incidents))
        searches = search_times(root / "ours0")
        through = stage_rate(root / "stage", incidents)
    ratio = rate(mine) / rate(baseline)
    report(
        "Index: documents applied and committed",
        corpus="../shared/data/real, a sample, as incidents",
        count=COUNT,
        tokens=mean_tokens(texts),
        figures=[
            ("analyser", f"{analysing:.1f} µs a text"),
            ("plain loop", f"{rate(baseline):,.0f} documents/s"),
            ("overheard", f"{rate(mine):,.0f} documents/s"),
            ("ratio", f"{ratio:.2f} (at least {TARGET})"),
            ("stage, with decoding", f"{through:,.0f} documents/s"),
            *searches,
        ],
        passed=ratio >= TARGET,
    )


if __name__ == "__main__":
    main()
