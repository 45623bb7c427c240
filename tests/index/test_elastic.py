"""What is Elasticsearch's own: ranges, moved documents, what others did to the indices, rebuilds beside writers."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.errors import EngineError, InputError, QueryError, TransientError
from overheard.folder import Folder
from overheard.index import elastic_query
from overheard.index.base import Change, Fate, Removal, Search
from overheard.index.check import check
from overheard.index.documents import TAIL_BITS, Document, document_of
from overheard.index.elastic import FORMAT, ElasticIndex
from overheard.index.elastic_client import ElasticClient
from overheard.index.evaluate import matches
from overheard.index.query import MAX_DEPTH, Near, Or, Tree, Value, Word, parse
from overheard.index.ranges import AHEAD, LOOK, ROUNDED, Names
from overheard.index.rebuild import Comparison, rebuild
from overheard.index.stage import IndexStage
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.log.stage import LogSink, run_stage
from overheard.records import encode, event_for
from tests.index.world import incident, profile

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR = 3_600_000


class Clock:
    """A clock that stands still until it is put on."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def __call__(self) -> int:
        return self.ms


Open = Callable[..., ElasticIndex]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(elastic: str) -> Iterator[ElasticClient]:
    opened = ElasticClient([elastic])
    yield opened
    opened.close()


@pytest.fixture
def raw(elastic: str) -> Iterator[httpx.Client]:
    """Elasticsearch, as somebody else talks to it."""
    with httpx.Client(base_url=elastic, timeout=60, trust_env=False) as opened:
        yield opened


@pytest.fixture
def open_index(client: ElasticClient, prefix: str, clock: Clock) -> Open:
    def opened(**how: Any) -> ElasticIndex:
        standing: dict[str, Any] = {"prefix": prefix, "replicas": 0, "clock": clock, "sleep": lambda _: None}
        return ElasticIndex(client, **(standing | how))

    return opened


def at(number: int, ms: int, version: int = 1, text: str = "x", *, first: bool = False) -> Document:
    """An incident's document said at `ms`."""
    k = str(ms << TAIL_BITS | number)
    return document_of(incident(number, text, k=k), version, first=first)


def put(index: ElasticIndex, changes: Sequence[Change]) -> Sequence[Fate | InputError]:
    fates = index.apply(changes)
    index.flush()
    return fates


def found(index: ElasticIndex, query: str = "*") -> dict[str, int]:
    return {hit.id: hit.version for hit in index.search(Search(parse(query), limit=1_000)).hits}


def places(raw: httpx.Client, prefix: str, id_: str) -> dict[str, int]:
    """Where a document stands, and in which version."""
    raw.post(f"/{prefix}-documents/_refresh").raise_for_status()
    body = {"query": {"ids": {"values": [id_]}}, "version": True}
    hits = raw.post(f"/{prefix}-documents/_search", json=body).raise_for_status().json()["hits"]["hits"]
    return {hit["_index"].removeprefix(f"{prefix}-documents-"): hit["_version"] for hit in hits}


def indices(raw: httpx.Client, prefix: str) -> list[str]:
    names = raw.get(f"/{prefix}-documents-g*", params={"features": "aliases"}).raise_for_status().json()
    return sorted(name.removeprefix(f"{prefix}-documents-") for name in names)


# --- ranges ---


def test_a_full_range_is_followed_by_one_that_begins_ahead_of_every_document(
    open_index: Open, clock: Clock, raw: httpx.Client, prefix: str
) -> None:
    index, other = open_index(most=20), open_index(most=20)
    put(other, [at(100, NOW_MS)])
    put(index, [at(number, NOW_MS - HOUR, first=True) for number in range(21)])
    start = -(-(NOW_MS + AHEAD) // ROUNDED) * ROUNDED
    assert start - NOW_MS >= AHEAD
    assert indices(raw, prefix) == ["g1-from-0", f"g1-from-{start}", "g1-profiles"]
    # Another writer looks again in time, and the same range is not made twice.
    clock.ms += LOOK + 1
    put(other, [at(number, NOW_MS, first=True) for number in range(101, 121)])
    clock.ms = start
    put(other, [at(200, start, first=True), at(201, start - 1, first=True)])
    assert places(raw, prefix, at(200, 0).id) == {f"g1-from-{start}": 1}
    assert places(raw, prefix, at(201, 0).id) == {"g1-from-0": 1}
    assert len(indices(raw, prefix)) == 3
    assert len(found(index)) == index.count() == 44
    index.verify()


def ranged(open_index: Open) -> ElasticIndex:
    """An index of two ranges; the second begins in the hour after NOW."""
    index = open_index(most=1)
    put(index, [at(900, 0, first=True), at(901, 0, first=True)])
    return open_index()


LATER = NOW_MS + 3 * HOUR


def test_a_document_whose_time_moved_to_another_range_is_there_once(
    open_index: Open, raw: httpx.Client, prefix: str
) -> None:
    index = ranged(open_index)
    assert put(index, [at(1, NOW_MS, 1, "old")]) == ["indexed"]
    assert put(index, [at(1, LATER, 2, "new")]) == ["indexed"]
    assert list(places(raw, prefix, at(1, 0).id).values()) == [2]
    assert at(1, 0).id in found(index, "new")
    assert not found(index, "old")
    # Late or again, and back.
    assert put(index, [at(1, NOW_MS, 1, "old")]) == ["stale"]
    assert put(index, [at(1, NOW_MS, 3), at(1, LATER, 2), at(1, LATER, 4)]) == ["indexed", "stale", "indexed"]
    assert list(places(raw, prefix, at(1, 0).id).values()) == [4]


def test_a_writer_killed_before_it_removed_the_older_version_is_made_good_by_the_same_batch(
    open_index: Open, raw: httpx.Client, prefix: str, clock: Clock
) -> None:
    index = ranged(open_index)
    old, new = at(1, NOW_MS, 1, "old"), at(1, LATER, 2, "new")
    put(index, [old])
    # `first` keeps it from looking: as if it had been killed before it could.
    put(index, [replace(new, first=True)])
    assert len(places(raw, prefix, old.id)) == 2
    assert put(index, [new]) == ["stale"]
    assert list(places(raw, prefix, old.id).values()) == [2]


def test_a_removal_reaches_every_range_and_nothing_older_comes_back_in_any(open_index: Open) -> None:
    index = ranged(open_index)
    put(index, [at(1, NOW_MS, 1)])
    assert put(index, [Removal(at(1, 0).id, 5)]) == ["deleted"]
    assert put(index, [at(1, LATER, 4), at(1, NOW_MS, 5), at(2, NOW_MS)]) == ["stale", "stale", "indexed"]
    assert at(1, 0).id not in found(index)
    assert put(index, [Removal(at(2, 0).id, None), Removal("inc_none", None)]) == ["deleted", "deleted"]
    assert at(2, 0).id not in found(index)
    assert put(index, [at(1, LATER, 6), Removal(at(1, 0).id, 5)]) == ["indexed", "stale"]


BASES = count(10_000, 10)  # of the ids of each example


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 6), st.sampled_from(("early", "late", "gone"))),
        min_size=1, max_size=12,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_in_any_order_and_cut_anyhow_the_newest_version_stands_once(
    index_of_two: ElasticIndex, changes: list[tuple[int, int, str]], chance: Any
) -> None:
    index = index_of_two
    base = next(BASES)
    made: list[Change] = []
    newest: dict[str, tuple[int, bool]] = {}
    for number, version, what in {(n, v): (n, v, w) for n, v, w in changes}.values():
        id_ = at(base + number, 0).id
        where = NOW_MS if what == "early" else LATER
        made.append(Removal(id_, version) if what == "gone" else at(base + number, where, version))
        newest[id_] = max(newest.get(id_, (-1, False)), (version, what != "gone"))
    made += chance.sample(made, chance.randrange(len(made) + 1))
    while made:
        size = chance.randrange(1, 6)
        index.apply(made[:size])
        made = made[size:]
    index.flush()
    for id_, (version, there) in newest.items():
        hit = index.get(id_)
        assert (hit.version if hit else None) == (version if there else None)
    total = sum(there for _, there in newest.values())
    query: Tree = Or(tuple(Value("url", id_) for id_ in newest))
    assert index.search(Search(query)).total == 0
    assert sum(id_ in newest for id_, _ in index.versions()) == total


@pytest.fixture
def index_of_two(open_index: Open) -> ElasticIndex:
    return ranged(open_index)


# --- several writers ---


def test_a_writer_that_was_paused_brings_back_nothing_that_was_removed(open_index: Open) -> None:
    paused, other = open_index(), open_index()
    batch = [at(number, NOW_MS, 1) for number in range(20)]
    paused.apply(batch[:5])  # and here it is paused
    put(other, batch)
    put(other, [Removal(each.id, 2) for each in batch[::2]])
    assert put(paused, batch) == ["stale"] * 20
    assert set(found(other)) == {each.id for each in batch[1::2]}


def test_two_firms_on_one_cluster_see_nothing_of_each_other(open_index: Open, raw: httpx.Client, prefix: str) -> None:
    # The names of one begin with those of the other.
    one, two = open_index(), open_index(prefix=f"{prefix}-documents-g1")
    put(one, [at(1, NOW_MS, text="one")])
    put(two, [at(1, NOW_MS, 5, text="two"), at(2, NOW_MS, text="two")])
    assert (len(found(one)), len(found(two))) == (1, 2)
    one.clear()
    one.verify()
    assert (len(found(one)), len(found(two)), two.count()) == (0, 2, 2)
    two.clear()
    assert (one.count(), two.count()) == (0, 0)
    assert put(one, [at(1, NOW_MS)]) == ["indexed"]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        opened = EmbeddedLog(folder)
        yield opened
        opened.close()


def produce(log: EmbeddedLog, numbers: Sequence[int], version: int, *, gone: bool = False) -> None:
    records = [incident(number, f"post {number}") for number in numbers]
    verb: Any = "Delete" if gone else "Create" if version == 1 else "Update"
    events = [
        event_for(each, subject=each.id, source="/matcher", time=NOW, verb=verb, sourceversion=version)
        for each in records
    ]
    log.append([ProducerRecord("documents", event.subject, encode(event)) for event in events])


def test_two_writers_go_on_through_rebuilds_and_nothing_is_lost(open_index: Open, log: EmbeddedLog) -> None:
    stop, done = threading.Event(), threading.Event()

    def work(member: int) -> None:
        index = open_index()
        consumer = log.consumer("index", "documents", member=member, members=2)
        stage = IndexStage(index)
        stage.batch = 20
        run_stage(stage, consumer, LogSink(log, consumer), stop=stop, until_idle=done.is_set, timeout=0.02)
        consumer.close()

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(work, member) for member in range(2)]
        try:
            rebuilder = open_index()
            for turn in range(3):
                produce(log, range(turn * 60, turn * 60 + 120), 2 * turn + 1)
                produce(log, range(turn * 60, turn * 60 + 120, 7), 2 * turn + 2, gone=True)
                rebuild(log, rebuilder)
            done.set()
            for each in running:
                each.result(timeout=120)
        finally:
            stop.set()
    checked = check(open_index(), log)
    assert checked.is_equal, checked
    assert checked.documents > 100


def test_writers_wait_while_a_rebuild_takes_the_place_and_go_on_in_it(
    open_index: Open, clock: Clock, raw: httpx.Client, prefix: str
) -> None:
    index, writer = open_index(), open_index()
    put(index, [at(1, NOW_MS)])
    put(writer, [at(2, NOW_MS)])
    successor = index.successor()
    put(successor, [at(1, NOW_MS)])

    def complete() -> None:
        # The writer did not look since; it is refused all the same.
        with pytest.raises(TransientError, match="a rebuild is putting its index in the place"):
            writer.apply([at(3, NOW_MS), Removal(at(2, 0).id, 9)])
        successor.apply([at(2, NOW_MS)])

    index.adopt(successor, complete=complete)
    assert indices(raw, prefix) == ["g2-from-0", "g2-profiles"]
    assert put(writer, [at(3, NOW_MS), Removal(at(2, 0).id, 9)]) == ["indexed", "deleted"]
    assert set(found(index)) == {at(1, 0).id, at(3, 0).id}
    writer.verify()


def test_a_rebuild_that_died_in_its_last_step_holds_the_writers_up_for_a_minute(open_index: Open, clock: Clock) -> None:
    index, writer = open_index(), open_index()
    put(writer, [at(1, NOW_MS)])
    successor = index.successor()

    def die() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.adopt(successor, complete=die)
    for _ in range(2):
        with pytest.raises(TransientError, match="a rebuild"):
            writer.apply([at(2, NOW_MS)])
        clock.ms += 59_000
    with pytest.raises(TransientError, match="a rebuild"):
        writer.apply([at(2, NOW_MS)])
    assert put(writer, [at(2, NOW_MS)]) == ["indexed"]
    assert len(found(writer)) == 2
    rebuilt = index.successor()
    put(rebuilt, [at(1, NOW_MS), at(2, NOW_MS)])
    index.adopt(rebuilt)
    assert len(found(writer)) == 2


def test_a_rebuild_that_slept_through_its_last_step_begins_that_step_anew(open_index: Open, clock: Clock) -> None:
    index, writer = open_index(), open_index()
    put(writer, [at(1, NOW_MS)])
    successor = index.successor()
    calls: list[int] = []

    def complete() -> None:
        calls.append(1)
        clock.ms += 1
        if len(calls) == 1:  # it sleeps, and the writers take it for dead
            with pytest.raises(TransientError):
                writer.apply([at(2, NOW_MS)])
            clock.ms += 61_000
            with pytest.raises(TransientError):
                writer.apply([at(2, NOW_MS)])
            put(writer, [at(2, NOW_MS)])
        successor.apply([at(number, NOW_MS) for number in range(1, len(calls) + 1)])

    index.adopt(successor, complete=complete)
    assert len(calls) == 2
    assert len(found(writer)) == 2


def test_of_two_rebuilds_at_once_the_first_is_refused_and_the_second_counts(open_index: Open) -> None:
    index, other = open_index(), open_index()
    put(index, [at(1, NOW_MS)])
    first = index.successor()
    second = other.successor()
    put(second, [at(2, NOW_MS)])
    with pytest.raises((EngineError, TransientError)):
        put(first, [at(3, NOW_MS)])
        index.adopt(first)
    other.adopt(second)
    assert list(found(index)) == [at(2, 0).id]


def test_a_rebuild_compares_before_the_new_index_is_seen_and_may_be_stopped(open_index: Open, log: EmbeddedLog) -> None:
    index = open_index()
    produce(log, range(10), 1)
    put(index, [at(77, NOW_MS, 1), document_of(incident(3, "newer"), 9)])

    def refuse(compared: Comparison) -> None:
        assert (compared.old, compared.new) == ({"incident": 2}, {"incident": 10})
        assert (compared.missing, compared.older) == ([at(77, 0).id], [incident(3, "").id])
        msg = "the log has lost a document"
        raise EngineError(msg)

    with pytest.raises(EngineError, match="has lost"):
        rebuild(log, index, on_compare=refuse)
    assert len(found(index)) == 2
    assert rebuild(log, index) == {"indexed": 10}
    assert len(found(index)) == 10


def test_a_successor_is_cut_into_ranges_that_are_not_too_full(open_index: Open, raw: httpx.Client, prefix: str) -> None:
    index = open_index()
    documents = [at(number, NOW_MS - number * HOUR, first=True) for number in range(90)]
    put(index, documents)
    rebuilder = open_index(most=30)
    successor = rebuilder.successor()
    put(successor, documents)
    rebuilder.adopt(successor)
    ranges = [name for name in indices(raw, prefix) if "from" in name]
    assert len(ranges) == 3
    sizes = [raw.get(f"/{prefix}-documents-{name}/_count").json()["count"] for name in ranges]
    assert sum(sizes) == 90
    assert max(sizes) <= 35
    assert len(found(index)) == 90
    index.verify()


# --- what others did ---


def test_what_no_field_is_for_is_refused_by_the_mappings(open_index: Open, raw: httpx.Client, prefix: str) -> None:
    index = open_index()
    put(index, [at(1, NOW_MS)])
    answer = raw.put(f"/{prefix}-documents-g1-profiles/_doc/con_1", json={"colour": "red"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "strict_dynamic_mapping_exception")


def test_a_document_that_elasticsearch_cannot_take_is_the_only_one_not_taken(open_index: Open) -> None:
    index = open_index()
    bad = replace(at(2, NOW_MS), values={"kind": ("incident",), "source": ("x" * 40_000,)})
    fates = put(index, [at(1, NOW_MS), bad, at(3, NOW_MS), document_of(profile(1, "Jane Doe"), 1)])
    assert [fates[0], fates[2], fates[3]] == ["indexed"] * 3
    assert isinstance(fates[1], InputError)
    assert fates[1].where == bad.id
    assert "immense term" in str(fates[1])
    assert index.count() == 3


def test_what_the_index_refuses_becomes_a_dead_letter_of_the_stage(open_index: Open) -> None:
    index = open_index()

    class Refusing(ElasticIndex):
        def apply(self, changes: Sequence[Change]) -> Sequence[Fate | InputError]:
            return [InputError("too long", where=change.id) for change in changes[:1]] + list(index.apply(changes[1:]))

        def flush(self) -> None:
            index.flush()

    records = [incident(number, "x") for number in range(3)]
    events = [event_for(each, subject=each.id, source="/x", time=NOW) for each in records]
    consumed = [ConsumerRecord("documents", 0, i, 0, e.subject, encode(e), {}) for i, e in enumerate(events)]
    outcome = IndexStage(Refusing(index._client), clock=lambda: NOW).process(consumed)
    assert outcome.fates == {"indexed": 2, "dead": 1}
    assert [(letter.offset, letter.error) for letter in outcome.dead] == [(0, "InputError")]


CHANGES: dict[str, tuple[Callable[[httpx.Client, str], httpx.Response], str]] = {
    "a field more": (
        lambda raw, base: raw.put(f"/{base}-g1-from-0/_mapping", json={"properties": {"colour": {"type": "keyword"}}}),
        "the field colour",
    ),
    "dynamic": (lambda raw, base: raw.put(f"/{base}-g1-profiles/_mapping", json={"dynamic": True}), "dynamic: true"),
    "forgets removals": (
        lambda raw, base: raw.put(f"/{base}-g1-from-0/_settings", json={"index.gc_deletes": "1s"}), "gc_deletes: 1s",
    ),
    "no alias": (lambda raw, base: raw.delete(f"/{base}-g1-from-0/_alias/{base}"), "expected the alias"),
    "deleted": (lambda raw, base: raw.delete(f"/{base}-g1-profiles"), "g1-profiles; got none"),
    "a range deleted": (lambda raw, base: raw.delete(f"/{base}-g1-from-0"), "g1-from-0; got none"),
    "closed": (lambda raw, base: raw.post(f"/{base}-g1-profiles/_close"), "g1-profiles; got none"),
    "older format": (
        lambda raw, base: raw.put(f"/{base}-g1-profiles/_mapping", json={"_meta": {"format": 0, "ranges": [0]}}),
        f"in index format {FORMAT}; got 0",
    ),
    "newer format": (
        lambda raw, base: raw.put(f"/{base}-g1-profiles/_mapping", json={"_meta": {"format": 9, "ranges": [0]}}),
        "got 9 of a newer Overheard. Update this one",
    ),
    "another under the name": (
        lambda raw, base: (
            raw.delete(f"/{base}-g1-*"),
            raw.put(f"/{base}-g1-profiles", json={"aliases": {base: {}}}),
        )[1],
        "g1-from-0; got none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_an_index_that_somebody_changed_is_refused_with_what_was_found(
    what: str, open_index: Open, raw: httpx.Client, prefix: str, log: EmbeddedLog
) -> None:
    put(open_index(), [at(1, NOW_MS), document_of(profile(1, "Jane Doe"), 1)])
    change, told = CHANGES[what]
    change(raw, f"{prefix}-documents").raise_for_status()
    for index in (open_index(), open_index(reading=True), open_index(expected=True)):
        with pytest.raises(EngineError) as raised:
            index.verify()
        assert told in str(raised.value)
        assert "overheard index rebuild" in str(raised.value) or "Update" in str(raised.value)
    # The command that mends it does.
    produce(log, range(3), 1)
    rebuild(log, open_index())
    open_index().verify()
    assert len(found(open_index())) == 3


def test_a_range_that_somebody_deleted_is_missed(open_index: Open, raw: httpx.Client, prefix: str) -> None:
    index = ranged(open_index)
    put(index, [at(1, LATER)])
    later = next(name for name in indices(raw, prefix) if name not in ("g1-from-0", "g1-profiles"))
    raw.delete(f"/{prefix}-documents-{later}").raise_for_status()
    with pytest.raises(EngineError, match=f"{later}; got none"):
        index.apply([at(2, LATER)])


def test_an_index_that_was_written_to_and_is_gone_does_not_begin_empty_again(
    open_index: Open, raw: httpx.Client, prefix: str
) -> None:
    index = open_index()
    put(index, [at(1, NOW_MS)])
    raw.delete(f"/{prefix}-documents-g*").raise_for_status()
    with pytest.raises(EngineError, match=r"expected the alias .*overheard index rebuild"):
        open_index(expected=True).verify()
    with pytest.raises(EngineError, match="expected the alias"):
        open_index(expected=True, reading=True).verify()
    assert put(open_index(), [at(1, NOW_MS)]) == ["indexed"]


def test_the_search_alias_taken_from_all_indices_is_no_empty_index(
    open_index: Open, raw: httpx.Client, prefix: str
) -> None:
    put(open_index(), [at(1, NOW_MS)])
    raw.delete(f"/{prefix}-documents-g*/_alias/{prefix}-documents").raise_for_status()
    with pytest.raises(EngineError, match="expected the alias"):
        open_index().verify()


def test_whoever_was_killed_while_the_first_indices_were_made_is_followed_by_another(
    open_index: Open, raw: httpx.Client, prefix: str
) -> None:
    put(open_index(), [])
    open_index().verify()
    raw.delete(f"/{prefix}-documents-g1-profiles").raise_for_status()
    raw.delete(f"/{prefix}-documents-g*/_alias/{prefix}-documents").raise_for_status()
    index = open_index()
    index.verify()
    assert put(index, [at(1, NOW_MS)]) == ["indexed"]


def test_a_disk_that_is_full_holds_the_writer_up_until_there_is_room(
    open_index: Open, raw: httpx.Client, prefix: str
) -> None:
    index = open_index()
    put(index, [at(1, NOW_MS)])
    # What Elasticsearch does itself when a disk is full.
    block = {"index.blocks.read_only_allow_delete": True}
    raw.put(f"/{prefix}-documents-g1-from-0/_settings", json=block).raise_for_status()
    with pytest.raises(TransientError, match="takes no writes just now"):
        index.apply([at(2, NOW_MS)])
    assert len(found(index)) == 1
    raw.put(f"/{prefix}-documents-g1-from-0/_settings", json=dict.fromkeys(block)).raise_for_status()
    assert put(index, [at(2, NOW_MS)]) == ["indexed"]


# --- searches ---


def test_queries_as_deep_and_as_long_as_the_language_allows_are_answered(open_index: Open) -> None:
    index = open_index()
    put(index, [at(1, NOW_MS, text="driver crash")])
    deep = "driver"
    for number in range(MAX_DEPTH * 2 // 3):
        deep = (
            f"no{number} OR (crash AND NOT no{number} AND {deep})"
            if number % 2
            else f"NOT (no{number} OR NOT ({deep}))"
        )
    assert index.search(Search(parse(deep))).total == 1
    many = Or((Word("text", "crash"), *(Word("text", f"w{number}") for number in range(20_000))))
    assert index.search(Search(many)).total == 1
    ids = Or((Value("kind", "incident"), *(Value("contact", f"con_{number}") for number in range(70_000))))
    assert index.search(Search(ids)).total == 1
    sides = [tuple((f"{side}{number}",) for number in range(69)) for side in "ab"]
    near = Near("text", (*sides[0], ("driver",)), (*sides[1], ("crash",)), 0, ordered=False)
    assert index.search(Search(near)).total == 1


def test_a_query_that_is_too_much_for_the_server_is_told_in_plain_words(open_index: Open) -> None:
    index = open_index()
    put(index, [at(1, NOW_MS)])
    phrases = Or(tuple(parse(f'"a{number} b"') for number in range(40_000)))
    with pytest.raises(QueryError, match="too many words"):
        index.search(Search(phrases))


def test_facets_over_several_shards_are_exact_also_where_a_shard_hands_on_few_values(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elastic_query, "VALUES_SHOWN", 5)
    monkeypatch.setattr("overheard.index.elastic.SHARD_VALUES", (5, 1_000_000))
    index = open_index(shards=4)
    documents = [
        document_of(incident(number, "x", tag=tuple(f"t{n}" for n in range(40) if number % (n + 2) == 0)), 1)
        for number in range(200)
    ]
    put(index, documents)
    counts: dict[str, int] = {}
    for document in documents:
        for tag in document.values.get("tag", ()):
            counts[tag] = counts.get(tag, 0) + 1
    wanted = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:5]
    assert index.search(Search(parse("x"), facets=["tag"])).facets["tag"] == wanted


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_near_finds_what_its_definition_says_whatever_words_repeat(near_index: "Nears", data: st.DataObject) -> None:
    index, documents = near_index
    tokens = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple)
    side = st.lists(tokens, min_size=1, max_size=3, unique=True).map(tuple)
    tree = Near("text", data.draw(side), data.draw(side), data.draw(st.integers(0, 4)), data.draw(st.booleans()))
    wanted = {document.id for document in documents if matches(tree, document)}
    assert {hit.id for hit in index.search(Search(tree, limit=1_000)).hits} == wanted


Nears = tuple[ElasticIndex, Sequence[Document]]


@pytest.fixture
def near_index(open_index: Open) -> Nears:
    index = open_index()
    words = ["", *(a + b + c for a in "abc" for b in "abc" for c in ("", *"abc"))]
    texts = [" ".join(x + y) for x in words for y in words][:900]
    documents = [replace(at(number, NOW_MS), texts={"text": text}) for number, text in enumerate(texts) if text]
    put(index, documents)
    return index, documents


# --- names ---


@given(st.from_regex(r"([a-z0-9][a-z0-9-]{0,40})?", fullmatch=True), st.integers(0, 99), st.integers(0, 1 << 42))
def test_a_name_is_read_back_and_no_name_of_another_prefix(prefix: str, generation: int, start: int) -> None:
    names = Names(prefix)
    assert names.parse(names.profiles(generation)) == (generation, None)
    assert names.parse(names.incidents(generation, start)) == (generation, start)
    other = Names(f"{names.searched}-g{generation}")
    for name in (other.profiles(1), other.incidents(1, start), other.searched):
        assert names.parse(name) is None
