"""Every index answers every query as the reference does: what it finds, how many, in which order, in which counts.

Generated queries over 20,000 real texts in many scripts; over invented ones where `../shared` is absent (a line of the
output says which). `OVERHEARD_QUERIES` asks more of them than 10,000, `OVERHEARD_SEED` others.
"""

import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from overheard.folder import Folder
from overheard.index.base import Index, Page, Search, Sort
from overheard.index.documents import Document, document_of, record_of
from overheard.index.elastic import ElasticIndex
from overheard.index.elastic_client import ElasticClient
from overheard.index.elastic_query import query_of
from overheard.index.embedded import EmbeddedIndex
from overheard.index.evaluate import matches
from overheard.index.fields import FACETS
from overheard.index.query import Tree, negate, parse
from overheard.index.query import format as normal_text
from overheard.records import Actor, Incident, Language, Outcome, Party, Profile, Sentiment
from tests.index.oracle import Oracle
from tests.index.queries import Queries
from tests.index.texts import Post, invented_posts, real_posts
from tests.index.world import START, incident, profile

pytestmark = pytest.mark.minutes

DOCUMENTS = 20_000
QUERIES = int(os.environ.get("OVERHEARD_QUERIES", "10000"))
SEED = int(os.environ.get("OVERHEARD_SEED", "20260101"))
MOST = 1_000  # hits on a page
READERS = 2  # at once, each with an index object of its own: the server works while this process compares

_SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
_NAMES = sorted(FACETS)


@pytest.fixture(scope="module")
def documents(request: pytest.FixtureRequest) -> list[Document]:
    real = _SHARED.is_dir()
    posts = real_posts(_SHARED, DOCUMENTS) if real else invented_posts(DOCUMENTS, SEED)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{len(posts):,} {'real' if real else 'invented'} texts, {QUERIES:,} queries, seed {SEED}")
    return [document_of(record, number % 5) for number, record in enumerate(_records(posts, random.Random(SEED)))]


@pytest.fixture(scope="module")
def oracle(documents: list[Document]) -> Oracle:
    return Oracle(documents)


@pytest.fixture(scope="module")
def queries(documents: list[Document]) -> list[str]:
    made = Queries(documents, SEED)
    return [made.draw() for _ in range(QUERIES)]


def test_the_embedded_index_answers_every_query_as_the_reference_does(
    documents: list[Document], oracle: Oracle, queries: list[str], tmp_path: Path
) -> None:
    with Folder(tmp_path / "data") as folder:
        index = EmbeddedIndex(folder)
        _fill(index, documents)
        keys = _keys_in_tantivy(index)
        for number, text in enumerate(queries):
            _compare(index, keys, oracle, number, text)
        index.close()


def test_elasticsearch_answers_every_query_as_the_reference_does(
    documents: list[Document], oracle: Oracle, queries: list[str], elastic: str, prefix: str
) -> None:
    client = ElasticClient([elastic])
    index = ElasticIndex(client, prefix=prefix, replicas=0, shards=2)
    _fill(index, documents)
    index.close()

    def ask(first: int) -> None:
        reader = ElasticIndex(client, prefix=prefix, reading=True)
        keys = _keys_in_elasticsearch(client, prefix)
        for number in range(first, len(queries), READERS):
            _compare(reader, keys, oracle, number, queries[number])
        reader.close()

    with ThreadPoolExecutor(READERS) as pool:
        for done in [pool.submit(ask, first) for first in range(READERS)]:
            done.result()
    client.close()


def test_the_reference_made_fast_finds_what_the_reference_finds(
    documents: list[Document], oracle: Oracle, queries: list[str]
) -> None:
    for text in random.Random(SEED).sample(queries, min(30, len(queries))):
        tree = parse(text)
        found = {document.id for document in oracle.find(tree)}
        assert found == {document.id for document in documents if matches(tree, document)}, text


def test_most_generated_queries_find_something_and_few_find_much(oracle: Oracle, queries: list[str]) -> None:
    found = [oracle.count(parse(text)) for text in queries]
    assert sum(count == 0 for count in found) < len(found) / 2
    assert sum(0 < count < DOCUMENTS / 10 for count in found) > len(found) / 2


def _fill(index: Index, documents: Sequence[Document]) -> None:
    for at in range(0, len(documents), 1_000):
        index.apply(documents[at : at + 1_000])
    index.flush()


def _compare(index: Index, keys: Callable[[Tree], list[int]], oracle: Oracle, number: int, text: str) -> None:
    """Hold an index's answer to a query to the reference's: all that it finds in order, with counts by three facets.

    Records are large, so a page has 30, and of what finds more `keys` tells each `k` (where more than half is found,
    of what is not). All pages are read of every tenth query, of what finds much of every hundredth. Of every fiftieth
    all facets are compared, the documents themselves, and what relevance finds.
    """
    tree = parse(text)
    sort: Sort = "newest" if number % 2 else "oldest"
    wanted = oracle.find(tree, sort)
    whole = number % 100 == 0 or (number % 10 == 0 and len(wanted) <= MOST)
    search = Search(
        tree,
        sort=sort,
        limit=max(1, min(MOST, len(wanted) // 4)) if whole else 30,
        facets=_NAMES if number % 50 == 0 else [_NAMES[(number + step * 7) % len(_NAMES)] for step in range(3)],
    )
    page = index.search(search)
    if page.total != len(wanted) or (page.next and not whole and not _same_keys(keys, oracle, tree)):
        _fail(f"what is found: {page.total} documents, not {len(wanted)}", text, *_difference(index, oracle, text))
    for facet in search.facets:
        if list(page.facets[facet]) != oracle.facet(tree, facet):
            _fail(f"counts by {facet}", text, f"{page.facets[facet]}, not {oracle.facet(tree, facet)}")
    at = 0
    while True:
        expected, after = _page(wanted, at, search.limit)
        if [hit.id for hit in page.hits] != [document.id for document in expected]:
            _fail(f"the page at {at} of {len(wanted)}", text, *_difference(index, oracle, text))
        if page.next != after:
            _fail(f"the cursor after {at}: {page.next!r}, not {after!r}", text)
        if number % 50 == 0:
            for hit, document in zip(page.hits, expected, strict=True):
                if (hit.version, hit.k, hit.kind) != (document.version, document.k, document.kind):
                    _fail(f"version, k or kind: {hit}, not {document}", text)
                if hit.record != record_of(document.kind, document.json):
                    _fail(f"the record of {document.id}", text)
        at += len(expected)
        if not page.next or not whole:
            break
        page = index.search(replace(search, after=page.next, facets=()))
        if page.total != len(wanted):
            _fail(f"the total of a later page: {page.total}, not {len(wanted)}", text)
    if number % 50 == 0 and len(wanted) <= MOST:
        ranked = index.search(Search(tree, sort="relevance", limit=MOST)).hits
        if sorted(hit.id for hit in ranked) != sorted(document.id for document in wanted):
            _fail("what is found by relevance", text)


def _same_keys(keys: Callable[[Tree], list[int]], oracle: Oracle, tree: Tree) -> bool:
    if oracle.count(tree) > DOCUMENTS / 2:
        tree = negate(tree)
    return keys(tree) == [document.k for document in oracle.find(tree)]


def _keys_in_tantivy(index: EmbeddedIndex) -> Callable[[Tree], list[int]]:
    engine = index._open()
    searcher: Any = engine.searcher()

    def keys(tree: Tree) -> list[int]:
        found = searcher.search(engine.query(tree), limit=DOCUMENTS, order_by_field="k", count=False)
        return [k for k, _ in found.hits]

    return keys


class _Sorted(msgspec.Struct):
    sort: Sequence[int]


class _Hits(msgspec.Struct):
    hits: Sequence[_Sorted] = ()


class _Answer(msgspec.Struct):
    hits: _Hits = msgspec.field(default_factory=_Hits)


def _keys_in_elasticsearch(client: ElasticClient, prefix: str) -> Callable[[Tree], list[int]]:
    """Ask for the sort key alone, 10,000 at a time, which is as many as the server hands out."""

    def keys(tree: Tree) -> list[int]:
        found: list[int] = []
        body: dict[str, Any] = {
            "query": query_of(tree), "size": 10_000, "sort": [{"k": "desc"}], "stored_fields": "_none_",
            "track_total_hits": False,
        }  # fmt: skip
        while True:
            answer = client.request("POST", f"/{prefix}-documents/_search", _Answer, body, filter_path="hits.hits.sort")
            found += [hit.sort[0] for hit in answer.hits.hits]
            if len(answer.hits.hits) < 10_000:
                return found
            # What shares its key with the last one is asked for again.
            last = found[-1]
            found = [k for k in found if k != last]
            body["search_after"] = [last + 1]

    return keys


def _page(wanted: Sequence[Document], at: int, limit: int) -> tuple[Sequence[Document], str]:
    """Return the page that begins at `at`, and the cursor of the next."""
    end = at + limit
    while at < end < len(wanted) and wanted[end].k == wanted[end - 1].k:
        end += 1
    return wanted[at:end], str(wanted[end - 1].k) if end < len(wanted) else ""


def _difference(index: Index, oracle: Oracle, text: str) -> tuple[str, ...]:
    """Return what is found by one of the two only: how many documents, and the one with the fewest words."""
    wanted = {document.id for document in oracle.find(parse(text))}
    found: set[str] = set()
    search = Search(parse(text), limit=MOST)
    while True:
        page: Page = index.search(search)
        found |= {hit.id for hit in page.hits}
        if not page.next:
            break
        search = replace(search, after=page.next)
    differing = [document for document in oracle.documents if document.id in wanted ^ found]
    if not differing:
        return ("both find the same: the order differs",)
    smallest = min(differing, key=lambda document: len(document.json))
    which = "only the index" if smallest.id in found else "only the reference"
    return (f"{len(differing)} documents differ; the smallest, which {which} finds:", repr(smallest))


def _fail(what: str, text: str, *more: str) -> NoReturn:
    tree = parse(text)
    said = (f"differs from the reference in {what} (seed {SEED})", text, normal_text(tree), repr(tree), *more)
    raise AssertionError("\n".join(said))


_SOURCES = ("Reddit", "x", "news", "Hacker News", "Jean's blog", "свой блог")
_TERMS = ("Nvidia", "xbox", "ps5", "Google Maps", "Café Noir", "東京電力")
_TAGS = ("GTC24", "Sale", "東京", "ничего", "بيع", "काम")
_SITES = ("https://www.nvidia.com/en/", "http://blog.example.co.uk/p/{}?utm_source=x", "https://old.reddit.com/r/a/{}",
          "https://münchen.example/straße/{}")  # fmt: skip
_OUTCOMES: tuple[Outcome, ...] = ("linked", "linked", "candidate", "bare")


def _records(posts: Sequence[Post], chance: random.Random) -> list[Incident | Profile]:
    """Return an incident for each post, over seven years, 3 of 100 with the sort key of another; and some profiles."""
    authors = [post.author for post in posts if post.author][:2_000] or ["nobody"]
    made: list[Incident | Profile] = []
    for number, post in enumerate(posts):
        if number % 40 == 39:
            kind: dict[str, Any] = {"id": f"acc_{number}", "kind": "account"} if number % 3 == 0 else {}
            newest = made[-1].k if chance.random() < 0.5 else "0"
            made.append(profile(number, post.title or post.text[:40], organisation=post.author, k=newest, **kind))
            continue
        name = post.author or (chance.choice(authors) if chance.random() < 0.5 else "")
        url = post.url or chance.choice(("", *_SITES)).format(chance.randrange(500))
        people = tuple(
            Party(role="mentioned", subject=f"{chance.choice(('con', 'acc'))}_{int(chance.paretovariate(0.6)) % 300}",
                  outcome=chance.choice(_OUTCOMES), score=0.5)
            for _ in range(chance.choice((0, 0, 1, 1, 2)))
        )  # fmt: skip
        changes: dict[str, Any] = {
            "name": post.title,
            "source": chance.choices(_SOURCES, weights=(40, 30, 15, 10, 4, 1))[0],
            "platform": chance.choice(("reddit", "x", "web")),
            "type": chance.choice(("Note", "Note", "Article")),
            "url": url,
            "tag": tuple(chance.sample(_TAGS, k=chance.choice((0, 0, 0, 1, 2)))),
            "attributed_to": Actor(platform="x", preferred_username=name, name=name.title()) if name else None,
            "about": tuple(chance.sample(_TERMS, k=chance.randrange(3))),
            "language": Language(code=chance.choice(("en", "de", "ja", "hi-Latn", "und")), confidence=1.0),
            "sentiment": Sentiment(polarity=chance.choice(("positive", "negative", "neutral")), confidence=0.5),
            "status": "not about us" if chance.random() < 0.05 else "open",
            "parties": people,
            "first_seen": START - timedelta(seconds=int(chance.random() ** 2 * 7 * 365 * 86_400)),
        }
        if made and chance.random() < 0.03:
            changes["k"] = made[-1].k
        made.append(incident(number, post.text, **changes))
    return made
