"""The index in Elasticsearch against bare `helpers.bulk` of the same documents: at least 0.7 of its documents a second.

Both take the same documents, made before the clock starts, in the stage's pieces and with its refreshes, into indices
with the same mappings on the same server; `helpers.bulk` knows no versions, no ranges and no fates. They take turns,
and each figure is the median of its turns. Then the whole stage: records of the topic decoded, analysed and written.
"""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any
from uuid import uuid4

import msgspec
from elasticsearch import Elasticsearch, helpers

from benchmarks.bench_index import incidents_of
from benchmarks.common import mean_tokens, report
from overheard.index.base import Search
from overheard.index.documents import Document, document_of
from overheard.index.elastic import GC_DELETES, ElasticIndex
from overheard.index.elastic_client import ElasticClient
from overheard.index.elastic_query import mappings
from overheard.index.query import parse
from overheard.index.stage import PIECE, IndexStage
from overheard.log.base import ConsumerRecord
from overheard.records import Incident, encode, event_for
from tests.engines.shared import running

TARGET = 0.7
COUNT = 15_000
TURNS = 5


def ours(client: ElasticClient, prefix: str, documents: Sequence[Document]) -> float:
    index = ElasticIndex(client, prefix=prefix, replicas=0)
    index.clear()
    start = time.perf_counter()
    for at in range(0, len(documents), IndexStage.batch):
        for piece in range(at, min(at + IndexStage.batch, len(documents)), PIECE):
            index.apply(documents[piece : piece + PIECE])
        index.flush()
    taken = time.perf_counter() - start
    assert index.count() == len(documents)
    return taken


def bare(client: Elasticsearch, prefix: str, documents: Sequence[dict[str, Any]]) -> float:
    name = f"{prefix}-bare"
    client.options(ignore_status=404).indices.delete(index=name)
    settings = {
        "number_of_replicas": 0,
        "refresh_interval": "-1",
        "codec": "best_compression",
        "gc_deletes": GC_DELETES,
    }
    client.indices.create(index=name, mappings=mappings(), settings=settings)
    start = time.perf_counter()
    for at in range(0, len(documents), IndexStage.batch):
        helpers.bulk(client, documents[at : at + IndexStage.batch], index=name)
        client.indices.refresh(index=name)
    return time.perf_counter() - start


def plain(document: Document) -> dict[str, Any]:
    source = {"k": document.k, "day": document.day, **document.texts, **document.values}
    return {"_id": document.id, **source, "json": msgspec.json.decode(document.json)}


def through_stage(client: ElasticClient, prefix: str, incidents: Sequence[Incident]) -> float:
    records = [
        ConsumerRecord(
            "documents", 0, offset, 0, incident.id,
            encode(event_for(incident, subject=incident.id, source="/matcher", time=incident.mention.first_seen)), {},
        )
        for offset, incident in enumerate(incidents)
    ]  # fmt: skip
    index = ElasticIndex(client, prefix=prefix, replicas=0)
    index.clear()
    stage = IndexStage(index)
    start = time.perf_counter()
    for at in range(0, len(records), stage.batch):
        stage.process(records[at : at + stage.batch])
    return len(records) / (time.perf_counter() - start)


def search_times(index: ElasticIndex) -> list[tuple[str, str]]:
    queries = {
        "a word, newest 20": Search(parse("google")),
        "boolean, filters, facets, highlight": Search(
            parse('(game OR price) AND NOT "the new"'),
            filters={"sentiment": ["negative"], "source": ["x", "reddit"], "about": ["google"]},
            facets=["source", "about", "sentiment", "published:month"],
            highlight=True,
        ),
        "NEAR/5, newest 20": Search(parse("(game OR games) NEAR/5 (new OR good)")),
    }
    figures = []
    for name, search in queries.items():
        runs = []
        for _ in range(30):
            start = time.perf_counter()
            total = index.search(search).total
            runs.append((time.perf_counter() - start) * 1000)
        runs.sort()
        figures.append((name, f"p50 {runs[14]:.1f} ms, p95 {runs[28]:.1f} ms, of {total:,}"))
    return figures


def main() -> None:
    incidents = incidents_of(COUNT)
    documents = [document_of(incident, 1) for incident in incidents]
    dicts = [plain(document) for document in documents]
    prefix = f"bench-{uuid4().hex[:8]}"
    with running("elasticsearch") as address:
        client, baseline_client = ElasticClient([address]), Elasticsearch(address, request_timeout=60)
        try:
            mine, baseline = [], []
            ours(client, prefix, documents)  # the server's compiler gets warm
            for _ in range(TURNS):
                baseline.append(bare(baseline_client, prefix, dicts))
                mine.append(ours(client, prefix, documents))
            through = through_stage(client, prefix, incidents)
            searches = search_times(ElasticIndex(client, prefix=prefix))
        finally:
            for names in (f"{prefix}-documents-g*", f"{prefix}-bare"):
                for name in baseline_client.indices.get(index=names, ignore_unavailable=True):
                    baseline_client.indices.delete(index=name)
            baseline_client.close()
            client.close()
    ratio = median(baseline) / median(mine)
    report(
        "Index in Elasticsearch: documents applied and refreshed",
        corpus="../shared/data/real, a sample, as incidents",
        count=COUNT,
        tokens=mean_tokens([incident.mention.text for incident in incidents]),
        figures=[
            ("helpers.bulk", f"{COUNT / median(baseline):,.0f} documents/s"),
            ("overheard", f"{COUNT / median(mine):,.0f} documents/s (at least 4,000)"),
            ("ratio", f"{ratio:.2f} (at least {TARGET})"),
            ("stage, with decoding", f"{through:,.0f} documents/s"),
            *searches,
        ],
        passed=ratio >= TARGET,
    )


if __name__ == "__main__":
    main()
