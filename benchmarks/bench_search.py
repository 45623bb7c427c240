"""Search among a million mentions: a boolean query with three filters, four facets and highlight in one request.

Both indexes answer many different queries, their words drawn by how many mentions have them: alone, and while 1,000
mentions a second are written (embedded: by a thread of the same process, as in `overheard up`). Targets: p95 under
25 ms embedded, under 60 ms while it is written to. Baselines: bare tantivy and a bare Elasticsearch client with the
same query, filters, facets and page, without records and highlight.

The mentions are made from real posts, put together anew. Building takes minutes, so what was built is kept in a cache
folder (on Elasticsearch under a prefix) that is named by all that it depends on. `OVERHEARD_BENCH_COUNT` takes another
number of mentions.
"""

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import elasticsearch
import tantivy

from benchmarks.common import SEED, SHARED, pss_mb, report
from overheard.folder import Folder
from overheard.index import elastic, elastic_query, embedded
from overheard.index.analyser import analyse
from overheard.index.base import Index, Removal, Search
from overheard.index.documents import document_of
from overheard.index.elastic import ElasticIndex
from overheard.index.elastic_client import ElasticClient
from overheard.index.embedded import EmbeddedIndex
from overheard.index.query import parse, restrict
from overheard.index.stage import PIECE, IndexStage
from overheard.log.base import ConsumerRecord
from overheard.records import (
    Actor,
    Evidence,
    Incident,
    Language,
    Mention,
    Outcome,
    Party,
    Polarity,
    Sentiment,
    encode,
    event_for,
    incident_id,
    mention_id,
    sort_key,
)
from overheard.text import clean
from tests.engines.place import UnavailableError
from tests.engines.shared import running

COUNT = int(os.environ.get("OVERHEARD_BENCH_COUNT", "1000000"))
QUERIES = 400
TARGET_MS, TARGET_WRITING_MS = 25.0, 60.0
OFFERED = 1_000  # mentions a second
PAUSE = 0.03  # seconds between two searches while it is written, so that the load lasts for some twenty
LINGER = 0.25  # seconds that the stage waits for more, as in `overheard up`
FACETS = ("source", "about", "sentiment", "published:month")
POSTS = SHARED / "load" / "reddit_posts_188k.ndjson.gz"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "overheard" / "benchmarks"
# Changes with what the mentions are made of.
GENERATOR = 1
NAME = f"search-{COUNT}-{SEED}-{GENERATOR}"
SOURCES, SOURCE_WEIGHTS = ("reddit", "x", "news", "hackernews", "blogs", "forum"), (40, 30, 12, 10, 5, 3)
POLARITIES: tuple[Polarity, ...] = ("neutral", "negative", "positive")
TERMS = tuple(f"term{n}" for n in range(40))


# --- mentions ---------------------------------------------------------------------------------------------------


def incidents(count: int, *, first: int = 0) -> Iterator[Incident]:
    """Yield `count` incidents, the same ones for the same `first`: headline and text of different posts put together.

    Times are those of the posts, within a day of them; authors, contacts and terms are few that say much and many that
    say little.
    """
    chance = random.Random(SEED + first)
    with gzip.open(POSTS, "rt", encoding="utf-8") as lines:
        posts = [(p["title"], p["selftext"], p["created_utc"], p["url"]) for p in map(json.loads, lines)]
    for number in range(first, first + count):
        title, _, created, url = chance.choice(posts)
        body = " ".join(chance.choice(posts)[part] for part in (1, 0)[: chance.randrange(1, 3)]).strip()
        source = chance.choices(SOURCES, SOURCE_WEIGHTS)[0]
        mention = Mention(
            id=mention_id(source, str(number)),
            platform=source if source in ("reddit", "x") else "web",
            native_id=str(number),
            source=source,
            name=clean(title) if source != "x" else "",
            content=clean(body or title),
            url=f"{url.rstrip('/')}/{number}" if url.startswith("http") else "",
            published=None,
            first_seen=datetime.fromtimestamp(created, UTC) + timedelta(seconds=chance.randrange(86_400)),
            attributed_to=Actor(platform=source, preferred_username=f"user{_drawn(chance, 200_000)}"),
        )
        own = incident_id(mention.id)
        polarity = chance.choices(POLARITIES, (60, 22, 18))[0]
        yield Incident(
            id=own,
            k=str(sort_key(own, mention.published, mention.first_seen)),
            mention=mention,
            passed=(),
            language=Language(code=chance.choices(("en", "es", "de", "und"), (88, 5, 4, 3))[0], confidence=0.9),
            sentiment=Sentiment(polarity=polarity, confidence=0.7),
            about=tuple(dict.fromkeys(TERMS[_drawn(chance, len(TERMS))] for _ in range(chance.choice((1, 1, 2))))),
            parties=(_party(chance),) if chance.random() < 0.3 else (),
        )


def _drawn(chance: random.Random, count: int) -> int:
    """Return a number below `count`, small ones far more often (Zipf's law, as of words and of authors)."""
    return int(count ** chance.random()) - 1


def _party(chance: random.Random) -> Party:
    outcomes: tuple[Outcome, Outcome] = ("linked", "candidate")
    return Party(
        role="author",
        subject=f"con_{_drawn(chance, 50_000)}",
        outcome=chance.choice(outcomes),
        score=0.9,
        evidence=(Evidence(feature="handle", weight=3.0, mention_value="user", crm_value="user"),),
    )


# --- queries ----------------------------------------------------------------------------------------------------


def searches(count: int) -> list[Search]:
    """Return so many searches, no two alike, about words that few, some and many mentions have."""
    chance = random.Random(SEED)
    sample = 20_000
    found: Counter[str] = Counter()
    for incident in incidents(sample):
        found.update(set(analyse(incident.mention.text)))
    shares = ((0.0002, 0.002), (0.002, 0.01), (0.01, 0.05), (0.05, 1.0))
    bands = [sorted(w for w, n in found.items() if low <= n / sample < high) for low, high in shares]

    def word() -> str:
        return f'"{chance.choice(chance.choice(bands))}"'

    shapes: Sequence[Callable[[], str]] = (
        lambda: f"({word()} OR {word()}) AND NOT {word()}",
        lambda: f"{word()} AND ({word()} OR {word()} OR {word()})",
        lambda: f"{word()} AND NOT ({word()} OR {word()})",
        lambda: f"({word()} OR {word()} OR {word()} OR {word()})",
        lambda: f"({word()} NEAR/5 {word()}) OR ({word()} AND {word()})",
    )
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[chance.choice(shapes)()] = None
    return [
        Search(
            parse(text),
            filters={
                "source": chance.sample(SOURCES, k=chance.randrange(1, 4)),
                "sentiment": chance.sample(("negative", "positive", "neutral"), k=chance.randrange(1, 3)),
                "about": [TERMS[_drawn(chance, len(TERMS))] for _ in range(chance.randrange(1, 4))],
            },
            facets=FACETS,
            highlight=True,
        )
        for text in texts
    ]


# --- building ---------------------------------------------------------------------------------------------------


def fill(index: Index) -> None:
    made = incidents(COUNT)
    while batch := list(islice(made, IndexStage.batch)):
        for at in range(0, len(batch), PIECE):
            index.apply([document_of(incident, 1) for incident in batch[at : at + PIECE]])
        index.flush()


def embedded_folder() -> Path:
    return CACHE / f"{NAME}-f{embedded.FORMAT}"


def build_embedded() -> float:
    """Build what is not there yet; return the seconds it took, 0 where it was there."""
    folder = embedded_folder()
    if (folder / "complete").exists():
        return 0.0
    shutil.rmtree(folder, ignore_errors=True)
    start = time.perf_counter()
    with Folder(folder / "data") as opened:
        index = EmbeddedIndex(opened)
        fill(index)
        index.close()
    (folder / "complete").touch()
    return time.perf_counter() - start


def elastic_prefix() -> str:
    return f"bench-{NAME}-f{elastic.FORMAT}"


def build_elastic(address: str) -> float:
    client = ElasticClient([address])
    index = ElasticIndex(client, prefix=elastic_prefix(), replicas=0)
    start = time.perf_counter()
    built = index.count() < COUNT
    if built:
        index.clear()
        fill(index)
    index.close()
    client.close()
    return time.perf_counter() - start if built else 0.0


# --- measuring --------------------------------------------------------------------------------------------------


class Times(NamedTuple):
    """Milliseconds of all requests, sorted, and how many documents they found, sorted."""

    ms: Sequence[float]
    totals: Sequence[int]

    def at(self, share: float) -> float:
        return self.ms[min(len(self.ms) - 1, int(len(self.ms) * share))]

    def __str__(self) -> str:
        found = f"{self.totals[len(self.totals) // 2]:,} found in the middle, {self.totals[-1]:,} at most"
        return f"p50 {self.at(0.5):.1f} ms, p95 {self.at(0.95):.1f} ms, p99 {self.at(0.99):.1f} ms; {found}"


def timed(ask: Callable[[Search], int], asked: Sequence[Search], *, pause: float = 0.0) -> Times:
    """Ask one after the other, with so many seconds between them."""
    ms, totals = [], []
    for search in asked:
        time.sleep(pause)
        start = time.perf_counter()
        totals.append(ask(search))
        ms.append((time.perf_counter() - start) * 1_000)
    return Times(sorted(ms), sorted(totals))


def ours(index: Index, search: Search) -> int:
    return index.search(search).total


def bare_tantivy(folder: Path) -> Callable[[Search], int]:
    """Return a search with nothing but tantivy: total, ids of the newest 20, the same aggregations."""
    [directory] = (folder / "data").rglob("meta.json")
    engine = embedded._Engine(directory.parent, expected=True, reading=True)
    searcher = engine.searcher()
    aggregations = {
        field: {"terms": {"field": field, "size": 1_000, "segment_size": 1_000}} for field in FACETS if ":" not in field
    } | {"day": {"terms": {"field": "day", "size": 10_000, "segment_size": 10_000}}}

    def ask(search: Search) -> int:
        query = engine.query(restrict(search.tree, search.filters))
        found: Any = searcher.search(query, limit=20, order_by_field="k", order=tantivy.Order.Desc)
        for _, address in found.hits:
            searcher.doc(address)
        searcher.aggregate(query, aggregations)
        return int(found.count)

    return ask


def bare_elastic(address: str) -> Callable[[Search], int]:
    """Return a search with nothing but the official client: total, the newest 20 with their fields, aggregations."""
    client = elasticsearch.Elasticsearch(address, request_timeout=60)
    aggregations = {field: {"terms": {"field": field, "size": 100}} for field in FACETS if ":" not in field}
    aggregations |= {"day": {"terms": {"field": "day", "size": 10_000}}}

    def ask(search: Search) -> int:
        query = elastic_query.query_of(restrict(search.tree, search.filters))
        answer = client.search(
            index=f"{elastic_prefix()}-documents",
            query=query,
            aggs=aggregations,
            size=20,
            sort=[{"k": "desc"}],
            track_total_hits=True,
        )
        return int(answer["hits"]["total"]["value"])

    return ask


class Load:
    """A context in which a thread writes `OFFERED` new mentions a second into an index, through its stage.

    `written` and `seconds` say what came of it. The mentions are removed at the end.
    """

    def __init__(self, open_index: Callable[[], Index], seconds: float) -> None:
        self._open = open_index
        self._records = [
            ConsumerRecord(
                "documents", 0, offset, 0, incident.id,
                encode(event_for(incident, subject=incident.id, source="/matcher", time=incident.mention.first_seen,
                                 sourceversion=time.time_ns())), {},
            )
            for offset, incident in enumerate(incidents(int(seconds * OFFERED), first=COUNT))
        ]  # fmt: skip
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.written = 0
        self.seconds = 0.0

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _write(self) -> None:
        index = self._open()
        stage = IndexStage(index)
        start = time.perf_counter()
        while not self._done.wait(LINGER) and self.written < len(self._records):
            due = min(int((time.perf_counter() - start) * OFFERED), self.written + stage.batch)
            stage.process(self._records[self.written : due])
            self.written = min(due, len(self._records))
            self.seconds = time.perf_counter() - start
        index.apply([Removal(record.key, None) for record in self._records[: self.written]])
        index.flush()
        index.close()

    def __str__(self) -> str:
        return f"{self.written / self.seconds:,.0f} mentions/s written of {OFFERED:,} offered"


def under_load(opens: Callable[[], Index], reader: Index, asked: Sequence[Search]) -> tuple[Times, str]:
    """Return the times of a reader beside a writer, and what was written meanwhile."""
    load = Load(opens, 30.0)
    with load:
        time.sleep(2.0)  # the first flushes, and the first of the small segments that they make
        times = timed(partial(ours, reader), asked, pause=PAUSE)
    return times, str(load)


def embedded_figures(asked: Sequence[Search]) -> tuple[list[tuple[str, str]], bool]:
    folder = embedded_folder()
    with Folder(folder / "data") as opened:
        reader = EmbeddedIndex(opened, reading=True)
        bare = bare_tantivy(folder)
        timed(bare, asked)  # so that both find the files in memory
        before, alone, baseline = pss_mb(), timed(partial(ours, reader), asked), timed(bare, asked)
        after = pss_mb()
        writing, load = under_load(lambda: EmbeddedIndex(opened), reader, asked)
        reader.close()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return [
        ("embedded", f"{alone} (p95 under {TARGET_MS:g} ms)"),
        ("  bare tantivy", f"{baseline}"),
        ("  ratio", f"p50 {alone.at(0.5) / baseline.at(0.5):.2f}, p95 {alone.at(0.95) / baseline.at(0.95):.2f}"),
        ("  memory (PSS)", f"{before:,.0f} MB before, {after:,.0f} MB after; {size / 1e9:.2f} GB on disk"),
        ("embedded, written to", f"{writing} (p95 under {TARGET_WRITING_MS:g} ms)"),
        ("  written", load),
    ], alone.at(0.95) < TARGET_MS and writing.at(0.95) < TARGET_WRITING_MS


def elastic_figures(asked: Sequence[Search]) -> list[tuple[str, str]]:
    try:
        with running("elasticsearch") as address:
            seconds = build_elastic(address)
            client = ElasticClient([address])
            reader = ElasticIndex(client, prefix=elastic_prefix(), reading=True)
            bare = bare_elastic(address)
            timed(bare, asked)
            alone, baseline = timed(partial(ours, reader), asked), timed(bare, asked)
            writing, load = under_load(lambda: ElasticIndex(client, prefix=elastic_prefix(), replicas=0), reader, asked)
            client.close()
    except UnavailableError as e:
        return [("Elasticsearch", f"not measured: {e}")]
    return [
        ("Elasticsearch", str(alone)),
        ("  bare client", f"{baseline}"),
        ("  ratio", f"p50 {alone.at(0.5) / baseline.at(0.5):.2f}, p95 {alone.at(0.95) / baseline.at(0.95):.2f}"),
        ("  built", f"{COUNT / seconds:,.0f} mentions/s" if seconds else "found as built before"),
        ("Elasticsearch, written to", str(writing)),
        ("  written", load),
    ]


def main() -> None:
    if not POSTS.exists():
        print("skipped: no ../shared/data/load beside the repository")
        return
    # In a process of its own, so that the memory of the building is not counted to the search.
    built = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_search", "build"], check=True, stdout=subprocess.PIPE
    )
    seconds = float(built.stdout)
    asked = searches(QUERIES)
    figures, passed = embedded_figures(asked)
    report(
        "Search: boolean, three filters, four facets, highlight, the newest 20, in one request",
        corpus="../shared/data/load, posts put together anew",
        count=COUNT,
        tokens=sum(len(analyse(i.mention.text)) for i in incidents(2_000)) / 2_000,
        figures=[
            ("queries", f"{len(asked)}, no two alike"),
            ("built", f"{COUNT / seconds:,.0f} mentions/s" if seconds else "found as built before"),
            *figures,
            *elastic_figures(asked),
        ],
        passed=passed if COUNT >= 1_000_000 else None,
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["build"]:
        print(build_embedded())
    else:
        main()
