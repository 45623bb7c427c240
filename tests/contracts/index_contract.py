"""What every index must do, whichever engine: subclass `IndexContract`, give it `open_index` and `open_reading`."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from overheard.errors import QueryError
from overheard.index.base import Change, Index, Removal, Search, Sort
from overheard.index.documents import document_of, text_of
from overheard.index.evaluate import matches
from overheard.index.fields import FACETS
from overheard.index.query import parse
from overheard.records import Concern, ExternalId, Identity, Intent, ProfileIdentity, Rating
from tests.index.oracle import Oracle
from tests.index.queries import Queries
from tests.index.world import START, incident, incidents, profile

# Opens the same index each time it is called; the one before has been closed.
OpenIndex = Callable[[], Index]

DOCUMENTS = 1_000
QUERIES = 2_000


def fill(index: Index, changes: Sequence[Change]) -> list[str]:
    fates = list(index.apply(changes))
    index.flush()
    return [str(fate) for fate in fates]


def ids(index: Index, text: str, sort: Sort = "newest") -> list[str]:
    return [hit.id for hit in index.search(Search(parse(text), sort=sort, limit=1_000)).hits]


class IndexContract:
    @pytest.fixture
    def index(self, open_index: OpenIndex) -> Index:
        return open_index()

    # --- what a query finds ---

    def test_any_query_finds_what_the_reference_finds_in_the_same_order_with_the_same_facets(
        self, index: Index
    ) -> None:
        documents = [document_of(each, 1) for each in incidents(DOCUMENTS, seed=3)]
        fill(index, documents)
        oracle = Oracle(documents)
        queries = Queries(documents, seed=11)
        empty = 0
        for number in range(QUERIES):
            text = queries.draw()
            tree = parse(text)
            wanted = oracle.find(tree)
            # The total and the first page of each; of every tenth all pages, the facets, and `matches` of the whole.
            whole = number % 10 == 0
            facets = ("source", "about", "tag", "sentiment", "intent", "issue", "published:month") if whole else ()
            page = index.search(Search(tree, limit=1_000 if whole else 30, facets=facets))
            assert page.total == len(wanted), text
            assert [hit.id for hit in page.hits] == [document.id for document in wanted[: len(page.hits)]], text
            assert len(page.hits) >= min(len(wanted), 1_000 if whole else 30), text
            for facet in facets:
                assert list(page.facets[facet]) == oracle.facet(tree, facet), (text, facet)
            if number % 100 == 0:
                assert len(wanted) == sum(matches(tree, document) for document in documents), text
            empty += not wanted
        assert empty < QUERIES / 2, "the generated queries must find something"

    def test_oldest_first_is_the_reverse_of_newest_first(self, index: Index) -> None:
        fill(index, [document_of(each, 1) for each in incidents(50, seed=5)])
        newest = index.search(Search(parse("*"), limit=1_000)).hits
        oldest = index.search(Search(parse("*"), sort="oldest", limit=1_000)).hits
        assert [hit.k for hit in oldest] == [hit.k for hit in newest][::-1]
        assert {hit.id for hit in oldest} == {hit.id for hit in newest}

    def test_relevance_finds_the_same_set_with_the_best_first(self, index: Index) -> None:
        long = incident(1, "driver " + "something else " * 40)
        short = incident(2, "driver driver")
        fill(index, [document_of(long, 1), document_of(short, 1), document_of(incident(3, "no"), 1)])
        assert ids(index, "driver", sort="relevance") == [short.id, long.id]

    def test_a_post_dated_2100_does_not_stay_on_top(self, index: Index) -> None:
        future = incident(1, "x", published=datetime(2100, 1, 1, tzinfo=UTC), first_seen=START)
        later = incident(2, "x", published=None, first_seen=START + timedelta(days=1))
        fill(index, [document_of(future, 1), document_of(later, 1)])
        assert ids(index, "x") == [later.id, future.id]
        assert ids(index, "published:2100") == []
        assert ids(index, "published:2026-01-01") == [future.id]

    def test_an_empty_index_answers_with_nothing(self, index: Index) -> None:
        page = index.search(Search(parse("a OR NOT b"), facets=sorted(FACETS), highlight=True))
        assert (list(page.hits), page.total, page.next) == ([], 0, "")
        assert set(page.facets) == FACETS
        assert not any(page.facets.values())
        assert index.count() == 0
        assert index.get("inc_x") is None
        assert list(index.find_profiles("jane")) == []

    def test_filters_narrow_and_facets_count_what_is_left(self, index: Index) -> None:
        kept = incident(1, "x", source="Reddit", about=("Nvidia", "xbox"))
        fill(index, [document_of(each, 1) for each in (kept, incident(2, "x", source="news"), incident(3, "y"))])
        search = Search(parse("x"), filters={"source": ["reddit", "other"], "kind": []}, facets=["about", "source"])
        page = index.search(search)
        assert [hit.id for hit in page.hits] == [kept.id]
        assert page.facets == {"about": [("nvidia", 1), ("xbox", 1)], "source": [("reddit", 1)]}

    def test_concerns_of_a_product_are_found_and_counted_apart_from_those_of_another(self, index: Index) -> None:
        slow = Concern(topic="delivery", kind="complaint", start=0, end=1, target="l200")
        dear = Concern(topic="price", kind="wish", start=0, end=1, target="m3")
        asks = Intent(label="question", start=0, end=1, confidence=0.9)
        late = incident(1, "x", about=("l200", "m3"), concerns=(slow,), intents=(asks,))
        both = incident(2, "x", about=("l200", "m3"), concerns=(slow, dear))
        fill(index, [document_of(each, 1) for each in (late, both, incident(3, "x", about=("l200",)))])
        assert ids(index, "issue:l200/*") == [both.id, late.id]
        assert ids(index, "issue:m3/price") == ids(index, "concern:price") == [both.id]
        assert ids(index, "intent:question NOT concern:price") == [late.id]
        page = index.search(Search(parse("issue:l200/*"), facets=["issue", "intent"]))
        assert page.facets == {"issue": [("l200/delivery", 2), ("m3/price", 1)], "intent": [("question", 1)]}

    def test_reviews_are_found_and_counted_by_their_stars_whatever_their_scale(self, index: Index) -> None:
        ratings = [Rating(value=1), Rating(value=4.5), Rating(value=8, best=10), Rating(value=9, best=5, worst=5), None]
        fill(index, [document_of(incident(i, "x", rating=one), 1) for i, one in enumerate(ratings)])
        found = {name: incident(i, "x").id for i, name in enumerate(("one", "five", "four", "none", "no review"))}
        assert ids(index, "rating:1") == ids(index, "rating:[* TO 3]") == [found["one"]]
        assert ids(index, "rating:[4 TO *]") == [found["four"], found["five"]]
        assert ids(index, "x NOT rating:[* TO *]") == [found["no review"], found["none"]]
        page = index.search(Search(parse("x"), filters={"rating": ["4", "5"]}, facets=["rating"]))
        assert page.facets == {"rating": [("4", 1), ("5", 1)]}

    def test_days_and_months_are_counted_in_utc_and_in_order(self, index: Index) -> None:
        times = [datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), START]
        fill(index, [document_of(incident(i, "x", first_seen=when), 1) for i, when in enumerate(times)])
        facets = index.search(Search(parse("x"), facets=["published:day", "published:month"])).facets
        assert facets["published:day"] == [("2026-01-01", 1), ("2026-01-31", 1), ("2026-02-01", 1)]
        assert facets["published:month"] == [("2026-01", 2), ("2026-02", 1)]

    def test_a_hit_carries_its_record_and_the_fragments_that_matched(self, index: Index) -> None:
        record = incident(1, "We like the Café in 東京都 and nothing else at all", name="On coffee")
        fill(index, [document_of(record, 7)])
        [hit] = index.search(Search(parse('cafe 京都 NOT "tea house"'), highlight=True)).hits
        assert (hit.record, hit.version, hit.k) == (record, 7, int(record.k))
        [fragment] = hit.fragments
        assert text_of(record)[fragment.start :].startswith(fragment.text)
        assert [fragment.text[a:b] for a, b in fragment.marks] == ["Café", "京都"]

    def test_a_search_that_makes_no_sense_says_so(self, index: Index) -> None:
        for wrong in (
            Search(parse("x"), filters={"colour": ["red"]}),
            Search(parse("x"), facets=["colour"]),
            Search(parse("x"), after="yesterday"),
            Search(parse("x"), after="5", sort="relevance"),
            Search(parse("x"), limit=1_001),
            Search(parse("x"), limit=-1),
        ):
            with pytest.raises(QueryError, match="expected"):
                index.search(wrong)

    # --- pages ---

    @pytest.mark.parametrize("sort", ["newest", "oldest"])
    def test_pages_put_together_are_the_whole_without_gap_or_repeat(self, index: Index, sort: Sort) -> None:
        fill(index, [document_of(each, 1) for each in incidents(200, seed=8)])
        seen: list[str] = []
        after = ""
        while True:
            page = index.search(Search(parse("NOT zzz"), sort=sort, limit=7, after=after))
            assert page.total == 200
            seen += [hit.id for hit in page.hits]
            after = page.next
            if not after:
                break
        assert seen == ids(index, "*", sort)

    def test_a_page_that_ends_inside_equal_keys_takes_them_all(self, index: Index) -> None:
        k = str(1 << 40)
        fill(index, [document_of(incident(i, "x", k=k), 1) for i in range(30)])
        fill(index, [document_of(incident(99, "x", k="5"), 1)])
        page = index.search(Search(parse("x"), limit=3))
        assert len(page.hits) == 30
        rest = index.search(Search(parse("x"), limit=3, after=page.next))
        assert [hit.k for hit in rest.hits] == [5]
        assert rest.next == ""

    def test_a_page_that_ends_inside_equal_keys_with_nothing_beyond_is_the_last(self, index: Index) -> None:
        k = str(1 << 40)
        fill(index, [document_of(incident(i, "x", k=k), 1) for i in range(5)])
        page = index.search(Search(parse("x"), limit=3))
        assert (len(page.hits), page.next) == (5, "")

    def test_a_page_stays_when_newer_documents_come(self, index: Index) -> None:
        fill(index, [document_of(incident(i, "x"), 1) for i in range(10)])
        first = index.search(Search(parse("x"), limit=4))
        fill(index, [document_of(incident(100 + i, "x"), 1) for i in range(5)])
        second = index.search(Search(parse("x"), limit=100, after=first.next))
        assert len(second.hits) == 6
        assert not {hit.id for hit in second.hits} & {hit.id for hit in first.hits}

    def test_a_limit_of_nothing_only_counts(self, index: Index) -> None:
        fill(index, [document_of(incident(i, "x"), 1) for i in range(3)])
        page = index.search(Search(parse("x"), limit=0, facets=["kind"]))
        assert (list(page.hits), page.total, page.facets["kind"]) == ([], 3, [("incident", 3)])

    def test_the_largest_and_smallest_sort_keys_are_found(self, index: Index) -> None:
        fill(index, [document_of(incident(1, "x", k=str((1 << 63) - 1)), 1), document_of(incident(2, "x", k="0"), 1)])
        first = index.search(Search(parse("x"), limit=1))
        second = index.search(Search(parse("x"), limit=1, after=first.next))
        assert [first.hits[0].k, second.hits[0].k] == [(1 << 63) - 1, 0]
        third = index.search(Search(parse("x"), sort="oldest", limit=1))
        assert index.search(Search(parse("x"), sort="oldest", after=third.next)).hits[0].k == (1 << 63) - 1

    # --- versions ---

    def test_an_older_version_never_overwrites_a_newer_one(self, index: Index) -> None:
        old, new = document_of(incident(1, "old"), 1), document_of(incident(1, "new"), 2)
        assert fill(index, [new]) == ["indexed"]
        assert fill(index, [old]) == ["stale"]
        assert ids(index, "old") == []
        assert ids(index, "new") == [new.id]

    def test_versions_hold_inside_one_batch_too(self, index: Index) -> None:
        versions = [document_of(incident(1, f"v{n}"), n) for n in (2, 3, 1)]
        assert fill(index, versions) == ["indexed", "indexed", "stale"]
        assert (ids(index, "v3"), ids(index, "v2 OR v1"), index.count()) == ([versions[0].id], [], 1)

    def test_the_same_batch_twice_changes_nothing(self, index: Index) -> None:
        batch: list[Change] = [document_of(each, 3) for each in incidents(40, seed=2)]
        batch.append(Removal(batch[0].id, 4))
        fill(index, batch)
        before = [(hit.id, hit.version, hit.record) for hit in index.search(Search(parse("*"), limit=1_000)).hits]
        assert set(fill(index, batch)) == {"stale", "deleted"}
        after = [(hit.id, hit.version, hit.record) for hit in index.search(Search(parse("*"), limit=1_000)).hits]
        assert (before, len(before)) == (after, 39)

    def test_what_was_removed_does_not_come_back_with_an_older_version(self, index: Index) -> None:
        document = document_of(incident(1, "gone"), 5)
        fill(index, [document])
        assert fill(index, [Removal(document.id, 6)]) == ["deleted"]
        assert fill(index, [document]) == ["stale"]
        assert fill(index, [document_of(incident(1, "gone"), 6)]) == ["stale"]
        assert (ids(index, "gone"), index.get(document.id), index.count()) == ([], None, 0)
        assert fill(index, [document_of(incident(1, "gone"), 7)]) == ["indexed"]
        assert ids(index, "gone") == [document.id]

    def test_a_tombstone_without_a_version_removes_what_is_known(self, index: Index) -> None:
        document = document_of(incident(1, "gone"), 5)
        assert fill(index, [document, Removal(document.id, None), Removal("inc_unknown", None)]) == [
            "indexed",
            "deleted",
            "deleted",
        ]
        assert fill(index, [document]) == ["stale"]
        assert ids(index, "gone") == []
        assert fill(index, [document_of(incident(2, "new"), 0), Removal("inc_unknown", None)]) == ["indexed", "deleted"]
        assert len(ids(index, "new")) == 1

    def test_an_older_removal_leaves_a_newer_document(self, index: Index) -> None:
        document = document_of(incident(1, "here"), 5)
        assert fill(index, [document, Removal(document.id, 4)]) == ["indexed", "stale"]
        assert ids(index, "here") == [document.id]

    def test_nothing_is_found_before_the_flush_and_all_after_opening_again(self, open_index: OpenIndex) -> None:
        index = open_index()
        document = document_of(incident(1, "here"), 1)
        index.apply([document])
        assert ids(index, "here") == []
        index.flush()
        assert ids(index, "here") == [document.id]
        index.close()
        again = open_index()
        assert ids(again, "here") == [document.id]
        assert fill(again, [document]) == ["stale"]

    def test_clear_forgets_documents_and_removals(self, index: Index) -> None:
        document = document_of(incident(1, "here"), 1)
        fill(index, [document, Removal("inc_other", 9), document_of(profile(1, "Jane Doe"), 1)])
        index.clear()
        assert (index.count(), list(index.find_profiles("jane doe"))) == (0, [])
        assert fill(index, [document]) == ["indexed"]
        assert ids(index, "here") == [document.id]

    def test_a_successor_is_unseen_until_it_is_adopted(self, open_index: OpenIndex) -> None:
        index = open_index()
        fill(index, [document_of(incident(1, "old"), 9)])
        successor = index.successor()
        fill(successor, [document_of(incident(2, "new"), 1)])
        assert (len(ids(index, "old")), len(ids(index, "new"))) == (1, 0)
        index.adopt(successor)
        assert (len(ids(index, "old")), len(ids(index, "new"))) == (0, 1)
        index.close()
        again = open_index()
        assert (len(ids(again, "old")), len(ids(again, "new"))) == (0, 1)

    # --- a reader beside the writer ---

    def test_a_reader_sees_what_was_flushed_since_and_nothing_before(
        self, index: Index, open_reading: OpenIndex
    ) -> None:
        reader = open_reading()
        assert (ids(reader, "here"), reader.count(), reader.get("con_1")) == ([], 0, None)
        document, jane = document_of(incident(1, "here"), 1), document_of(profile(1, "Jane Doe"), 1)
        index.apply([document, jane])
        assert ids(reader, "here") == []
        index.flush()
        assert ids(reader, "here") == [document.id]
        assert [hit.id for hit in reader.find_profiles("jane doe")] == [jane.id]
        assert reader.get(jane.id) is not None
        fill(index, [Removal(document.id, 2)])
        assert (ids(reader, "here"), reader.count()) == ([], 1)

    def test_a_reader_that_is_opened_first_does_not_keep_the_writer_from_beginning(
        self, open_index: OpenIndex, open_reading: OpenIndex
    ) -> None:
        reader = open_reading()
        assert reader.count() == 0
        document = document_of(incident(1, "here"), 1)
        fill(open_index(), [document])
        assert ids(reader, "here") == [document.id]

    def test_a_reader_goes_over_to_what_was_adopted(self, index: Index, open_reading: OpenIndex) -> None:
        fill(index, [document_of(incident(1, "old"), 9), document_of(profile(1, "Jane Doe"), 9)])
        reader = open_reading()
        assert len(ids(reader, "old")) == 1
        successor = index.successor()
        fill(successor, [document_of(incident(2, "new"), 1)])
        assert (len(ids(reader, "old")), len(ids(reader, "new"))) == (1, 0)
        index.adopt(successor)
        assert list(reader.find_profiles("jane doe")) == []
        assert (len(ids(reader, "old")), len(ids(reader, "new")), reader.count()) == (0, 1, 1)
        index.clear()
        assert reader.get(incident(2, "new").id) is None
        assert reader.count() == 0

    def test_readers_answer_at_every_moment_of_rebuilds(self, index: Index, open_reading: OpenIndex) -> None:
        documents = [document_of(each, 1) for each in incidents(20, seed=3)]
        fill(index, documents)
        reader = open_reading()
        done = threading.Event()
        counts: set[int] = set()

        def look() -> None:
            while not done.is_set():
                page = reader.search(Search(parse("*"), limit=100))
                counts.update((page.total, len(page.hits), reader.count()))

        with ThreadPoolExecutor(1) as pool:
            looking = pool.submit(look)
            for _ in range(20):
                successor = index.successor()
                fill(successor, documents)
                index.adopt(successor)
            done.set()
            looking.result(timeout=30)
        assert counts == {20}

    def test_versions_are_those_of_all_documents_that_can_be_found(self, index: Index) -> None:
        assert list(index.versions()) == []
        fill(index, [document_of(each, 2) for each in incidents(30, seed=3)])
        fill(index, [document_of(profile(1, "Jane Doe"), 7), Removal(incident(0, "").id, 9)])
        hits = index.search(Search(parse("*"), limit=1_000)).hits
        assert len(hits) == 30
        assert sorted(index.versions()) == sorted((hit.id, hit.version) for hit in hits)

    def test_what_is_written_while_a_successor_takes_its_place_is_in_it(self, index: Index) -> None:
        documents = [document_of(each, 1) for each in incidents(20, seed=3)]
        fill(index, documents)
        successor = index.successor()
        fill(successor, documents[:10])
        index.adopt(successor, complete=lambda: successor.apply(documents[10:]))
        assert index.count() == 20
        assert fill(index, documents) == ["stale"] * 20

    def test_a_purge_changes_nothing_that_is_found_and_forgets_no_removal(self, index: Index) -> None:
        kept, gone = document_of(incident(1, "kept words"), 3), document_of(incident(2, "zanzibarite words"), 3)
        fill(index, [kept, gone, document_of(profile(1, "Jane Doe"), 1)])
        fill(index, [Removal(gone.id, 4)])
        index.purge()
        assert ids(index, "words") == [kept.id]
        assert (index.count(), dict(index.versions())[kept.id]) == (2, 3)
        assert fill(index, [gone, kept]) == ["stale", "stale"]
        assert ids(index, "zanzibarite") == []

    # --- profiles ---

    @pytest.mark.parametrize(
        "who",
        [
            "Jane Doe", "jane  DOE", "Doe, Jane", "jané doe", "user1", "@User1", "u/user1", "reddit:user1",
            "reddit:handle:user1", "p1@FIRM1.example", "mailto:p1@firm1.example", "E1", "crm:e1", "con_1",
            "https://jane.example/", "http://www.jane.example",
        ],
    )  # fmt: skip
    def test_a_profile_is_found_by_all_that_its_contact_is_called(self, index: Index, who: str) -> None:
        page = Identity(platform="web", type="url", value="https://jane.example/", subject="con_1")
        base = profile(1, "Jane Doe")
        jane = profile(1, "Jane Doe", identities=(*base.identities, ProfileIdentity(identity=page)))
        fill(index, [document_of(jane, 1), document_of(profile(2, "Janet Doe"), 1)])
        assert [hit.record for hit in index.find_profiles(who)] == [jane]

    def test_namesakes_are_all_found_latest_contact_first(self, index: Index) -> None:
        k = str(int(incident(1, "x").k))
        fill(index, [document_of(profile(1, "Jane Doe"), 1), document_of(profile(2, "Jane Doe", k=k), 1)])
        assert [hit.id for hit in index.find_profiles("jane doe")] == ["con_2", "con_1"]

    def test_a_profile_is_not_found_by_what_it_is_no_longer_called(self, index: Index) -> None:
        fill(index, [document_of(profile(1, "Jane Doe"), 1)])
        fill(index, [document_of(profile(1, "Jane Roe"), 2)])
        assert list(index.find_profiles("Jane Doe")) == []
        assert len(index.find_profiles("jane roe")) == 1
        fill(index, [Removal("con_1", 3)])
        assert list(index.find_profiles("jane roe")) == []

    def test_an_account_is_found_by_its_domain(self, index: Index) -> None:
        acme = profile(
            1,
            "Acme Ltd",
            id="acc_1",
            kind="account",
            domain="acme.example",
            external_ids=(ExternalId(system="c", value="9"),),
        )
        fill(index, [document_of(acme, 1)])
        for who in ("acme.example", "https://www.acme.example", "acme ltd", "9"):
            assert [hit.id for hit in index.find_profiles(who)] == ["acc_1"], who
        assert list(index.find_profiles("")) == []
        assert list(index.find_profiles(" : ")) == []

    def test_profiles_are_searched_beside_incidents_and_paged_though_nobody_wrote(self, index: Index) -> None:
        fill(index, [document_of(profile(n, f"Jane Doe{n}", organisation="Acme"), 1) for n in range(300)])
        fill(index, [document_of(incident(1, "acme"), 1)])
        first = index.search(Search(parse("acme kind:contact"), limit=20))
        assert (first.total, len(ids(index, "acme"))) == (300, 301)
        assert len(first.hits) < 25

    # --- bad input ---

    def test_hostile_texts_and_values_are_indexed_and_found(self, index: Index) -> None:
        hostile = [
            incident(1, ""),
            incident(2, "a" * 1_000_000 + " needle"),
            incident(3, "\u0301" * 5_000 + "e" + "\u0301" * 5_000 + " needle"),
            incident(4, "needle \u2028\u2029\u0085\u00a0\u3000\ufeff\u200b\x1c\x1f needle", source="so\u2028urce \x00"),
            incident(5, "needle", url="https://[::1", tag=("#", " ", "x" * 5_000), about=('we"ird * (value)',)),
        ]
        hostile.append(incident(6, "x", source="Two\nlines (and) more"))
        assert fill(index, [document_of(each, 1) for each in hostile]) == ["indexed"] * 6
        assert ids(index, "source:two*") == ids(index, 'source:"two\nlines (and) more"') == [hostile[5].id]
        assert len(ids(index, "needle")) == 4
        assert ids(index, "a" * 500) == [hostile[1].id]
        assert ids(index, r'about:"we\"ird * (value)"') == [hostile[4].id]
        assert index.get(hostile[1].id) is not None
