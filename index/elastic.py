"""The index in Elasticsearch: generations behind one alias, incidents in ranges of time, writes by id and version.

    apply ─▶ bulk, version_type=external ─▶ 409: an older or equal version ─flush─▶ refresh, perhaps a new range
    search ─▶ the alias `documents` ─▶ all indices of the current generation (see `overheard.index.ranges`)

Any number of processes write at once. What one of them wrote is judged by the document's version alone, so a batch may
be done again, and one that was paused overwrites nothing. Of the server only its core is asked: no scripts, no
delete-by-query, no lifecycle policies.

A rebuild fills the next generation while the others write to the current one. To put it in place, the aliases that
those write to are taken away first (they wait, and try again), what they wrote meanwhile is put into the new one, and
one call moves the search alias and removes the old indices. So every write that succeeded is in the new generation, and
the writers go on where they stand. Writers that wait for long take their aliases back: the rebuild is dead, and where
it is not, it begins that last step anew.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self, TypeVar

import msgspec

from overheard.errors import EngineError, InputError, OverheardError, QueryError, TransientError
from overheard.index.base import Change, Fate, Hit, Page, Search, check_search
from overheard.index.documents import TAIL_BITS, lookup_keys, text_of
from overheard.index.elastic_bulk import Batch, GoneError
from overheard.index.elastic_client import AwayError, ElasticClient, RefusedError
from overheard.index.elastic_query import (
    HIGHEST,
    SHARD_VALUES,
    Buckets,
    Query,
    facets,
    facets_of,
    inexact,
    k_range,
    mappings,
    query_of,
    request_of,
)
from overheard.index.highlight import highlight
from overheard.index.query import Everything, restrict
from overheard.index.ranges import LOOK, Names, Table, current, generations, next_start, table_of, writing

# The number of analyser and mappings together: another one means a rebuild.
FORMAT = 5
# A range is followed by a new one when it holds so many documents; some 15 GB of incidents.
MOST = 20_000_000
# A writer that is back after a pause finds the removals of this time. Elasticsearch keeps each in memory for so long,
# in every range: some 200 bytes. Where it is restarted meanwhile it forgets them, and `overheard index check` tells.
GC_DELETES = "6h"
# So long, in ms, writers wait for a rebuild to put its index in place before they take it for dead.
_CLOSING = 60_000
_ATTEMPTS = 5
_PAUSE = 0.05  # seconds before a look is taken again
_PAGE = 5_000
_KEEP = "2m"
_EXPUNGED = "index.merge.policy.expunge_deletes_allowed"  # percent of a segment
_MOST_PROFILES = 10_000  # max_result_window
_NAME_TAKEN = "invalid_alias_name_exception"  # there is an index of the name that an alias is to have

T = TypeVar("T")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class ElasticIndex:
    """An `Index` in Elasticsearch. It makes no request before it is used; `verify` looks whether it is sound.

    `client` is the caller's, and stays open. `replicas` and `shards` are those of indices made from now on. `reading`:
    it never makes or changes an index; where none is, it is an empty one. `expected`: there must be one already, since
    documents were written to it; without it an index that somebody deleted would begin empty again. `most`: a range
    with more documents is followed by a new one. `clock` gives ms since 1970 UTC.
    """

    def __init__(
        self,
        client: ElasticClient,
        *,
        prefix: str = "",
        replicas: int = 1,
        shards: int = 1,
        reading: bool = False,
        expected: bool = False,
        most: int = MOST,
        clock: Callable[[], int] = _now_ms,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._names = Names(prefix)
        self._replicas = replicas
        self._shards = shards
        self._reading = reading
        self._expected = expected
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._own: int | None = None  # a successor's generation
        self._table: Table | None = None
        self._looked = 0
        self._closed_since: int | None = None
        self._touched: set[str] = set()
        self._created = 0

    # --- writing ---

    @property
    def is_outdated(self) -> bool:
        """See `Index.is_outdated`: several write to it, so somebody says when (`overheard index rebuild`)."""
        return False

    def apply(self, changes: Sequence[Change]) -> Sequence[Fate | InputError]:
        """See `Index.apply`. It is on the server's disks when this returns; `flush` makes it findable."""
        for _ in range(_ATTEMPTS):
            table = self._writable()
            try:
                written = Batch(self._client, table, changes, sleep=self._sleep).write()
            except GoneError:
                self._table = None  # another generation, or one that is about to be
                continue
            self._touched |= written.touched
            self._created += written.created
            if any(isinstance(fate, InputError) for fate in written.fates):
                self.verify()  # is it the document, or did somebody change the mappings?
            return written.fates
        msg = f"{self._client.addresses}: the indices of {self._names.searched} changed while they were written to"
        raise TransientError(msg)

    def flush(self) -> None:
        """See `Index.flush`."""
        if not self._touched:
            return
        names = sorted(self._touched)
        try:
            self._refresh(names)
        except RefusedError as e:
            if e.status != 404:
                raise self._surprise(e) from e
            # A rebuild took its place, and has what was written here; or somebody deleted it, which the look tells.
            self._table = None
            table = self._writable()
            try:
                self._refresh([name for name in names if name in table.indices])
            except RefusedError as again:
                raise self._surprise(again) from again
        self._touched.clear()
        self._roll_over()

    def _refresh(self, names: Sequence[str]) -> None:
        if names:
            shards = self._client.request("POST", f"/{','.join(names)}/_refresh", _Shards).shards
            if shards.failed:
                msg = f"{self._client.addresses}: expected {shards.total} shards to refresh; {shards.failed} did not"
                raise TransientError(msg)

    def _roll_over(self) -> None:
        """Begin a new range where the newest one is full."""
        if self._created * 100 < self._most or self._own is not None:
            return
        table = self._writable()
        newest = table.ranges[-1]
        if self._found(newest, {"match_all": {}}) > self._most:
            start = next_start(self._clock(), table.starts[-1])
            self._make(self._names.incidents(table.generation, start), searched=True)
            self._table = None
            self._current()  # declares it
        self._created = 0

    # --- reading ---

    def search(self, search: Search) -> Page:
        """See `Index.search`."""
        check_search(search)
        query = query_of(restrict(search.tree, search.filters))
        return self._read(lambda: self._search(search, query))

    def _search(self, search: Search, query: Query) -> Page:
        body = request_of(query, search)
        if search.facets:
            body["aggs"] = facets_of(search.facets, SHARD_VALUES[0])
        found = self._ask(body)
        buckets = dict(found.aggregations)
        if again := inexact(buckets):
            more = {"query": query, "size": 0, "aggs": facets_of(again, SHARD_VALUES[1])}
            buckets |= self._ask(more).aggregations
        counted = facets(search.facets, buckets) if buckets else {facet: [] for facet in search.facets}
        hits = [hit.made() for hit in found.hits.hits]
        after = ""
        if search.sort != "relevance":
            if search.limit and len(hits) > search.limit:
                beyond = hits.pop().k
                last = hits[-1].k
                after = str(last)
                if last == beyond:
                    equal = {"bool": {"filter": [query, k_range(last, last)]}}
                    hits = [hit for hit in hits if hit.k != last]
                    hits += [hit.made() for hit in self._scan(equal, records=True)]
                    further = k_range(0, last - 1) if search.sort == "newest" else k_range(last + 1, HIGHEST)
                    if not self._found(self._target(), {"bool": {"filter": [query, further]}}):
                        after = ""
            hits.sort(key=lambda hit: (-hit.k if search.sort == "newest" else hit.k, hit.id))
        if search.highlight:
            hits = [replace(hit, fragments=highlight(search.tree, text_of(hit.record))) for hit in hits]
        return Page(hits=hits, total=found.hits.total.value, facets=counted, next=after)

    def get(self, id: str) -> Hit | None:  # noqa: A002 - the protocol's name
        """See `Index.get`."""
        found = self._read(lambda: self._ask({"query": {"ids": {"values": [id]}}, "version": True})).hits.hits
        # Of a document that is just moving to another range there may be two.
        return max((hit.made() for hit in found), key=lambda hit: hit.version, default=None)

    def find_profiles(self, who: str) -> Sequence[Hit]:
        """See `Index.find_profiles`; of more than 10,000 namesakes the latest."""
        keys = list(lookup_keys(who))
        if not keys:
            return []
        query = {"bool": {"filter": [{"terms": {"keys": keys}}]}}
        body = {"query": query, "size": _MOST_PROFILES, "sort": [{"k": "desc"}], "version": True}
        found = self._read(lambda: self._ask(body)).hits.hits
        return sorted((hit.made() for hit in found), key=lambda hit: (-hit.k, hit.id))

    def count(self) -> int:
        """See `Index.count`."""
        return self._read(lambda: self._found(self._target(), {"match_all": {}}))

    def versions(self) -> Iterator[tuple[str, int]]:
        """See `Index.versions`."""
        for hit in self._scan(query_of(Everything()), records=False):
            yield hit.id, hit.version

    def _read(self, look: Callable[[], T]) -> T:
        """Return what a look finds; where a rebuild replaced the index in the middle, what another one does."""
        for _ in range(_ATTEMPTS):
            try:
                return look()
            except GoneError:
                self._table = None
            except AwayError:
                self._sleep(_PAUSE)
        return look()

    def _target(self) -> str:
        """Return what is searched; "" where there is nothing yet."""
        if self._own is None and self._reading:
            return self._names.searched
        table = self._current()
        return ",".join(table.indices) if self._own is not None else self._names.searched

    def _ask(self, body: Query) -> "Found":
        return self._asked(f"/{self._target()}/_search", body, allow_partial_search_results="false")

    def _asked(self, path: str, body: Query, **params: str) -> "Found":
        try:
            return self._client.request("POST", path, Found, body, **params)
        except RefusedError as e:
            if e.status == 404 and self._reading and not self._expected and not current(self._names, self._aliases()):
                return Found()
            if e.status == 404:
                raise GoneError(str(e)) from e
            if "too_many" in e.type or "maxClauseCount" in str(e) or "max_clause_count" in str(e):
                msg = f"expected a query that Elasticsearch can take in one; it has too many words or prefixes ({e})"
                raise QueryError(msg) from e
            raise self._surprise(e) from e

    def _found(self, target: str, query: Query) -> int:
        body = {"query": query, "size": 0, "track_total_hits": True}
        return self._asked(f"/{target}/_search", body, allow_partial_search_results="false").hits.total.value

    def _scan(self, query: Query, *, records: bool) -> Iterator["FoundHit"]:
        """Yield all that a query finds, as it was when this began. TransientError: a rebuild replaced it."""
        lost = f"{self._client.addresses}: the indices of {self._names.searched} were replaced while they were read"
        body: Query = {"query": query, "size": _PAGE, "version": True, "sort": ["_shard_doc"], "_source": records}
        try:
            point = self._client.request("POST", f"/{self._target()}/_pit", _Point, keep_alive=_KEEP).id
        except RefusedError as e:
            if e.status == 404 and self._reading:
                return
            raise TransientError(lost) from e
        try:
            while True:
                found = self._client.request(
                    "POST", "/_search", Found, body | {"pit": {"id": point, "keep_alive": _KEEP}}
                )
                yield from found.hits.hits
                if len(found.hits.hits) < _PAGE:
                    return
                body["search_after"] = found.hits.hits[-1].sort
                point = found.pit_id or point
        except RefusedError as e:
            raise TransientError(lost) from e
        finally:
            with suppress(OverheardError, RefusedError):  # it ends by itself
                self._client.request("DELETE", "/_pit", Any, {"id": point})

    def purge(self) -> None:
        """See `Index.purge`. Asks the server to merge, and does not wait: that takes minutes where there is much."""
        names = ",".join(self._writable().indices)
        settings = f"/{names}/_settings"
        try:
            # Else it leaves alone what is removed from a segment where that is less than a tenth of it.
            self._client.request("PUT", settings, Any, {_EXPUNGED: 0})
            how = {"only_expunge_deletes": "true", "wait_for_completion": "false"}
            self._client.request("POST", f"/{names}/_forcemerge", Any, **how)
        except RefusedError as e:
            raise self._surprise(e) from e

    # --- the table of indices ---

    def verify(self) -> None:
        """Look whether all indices are as they were made; make the first ones where there are none, unless `reading`.

        Raises EngineError with what was found, what is expected and the command that mends it.
        """
        self._table = None
        found = self._read(self._definitions)
        expected = mappings()
        for index, definition in sorted(found.items()):
            if difference := _difference(expected, definition):
                raise self._damaged(f"{index} with the mappings and settings that it was made with", difference)

    def _definitions(self) -> Mapping[str, "_Definition"]:
        table = self._current()
        if not table.generation:
            return {}
        try:
            return self._client.request("GET", f"/{','.join(table.indices)}", dict[str, _Definition])
        except RefusedError as e:
            raise GoneError(f"{self._client.addresses}: {e}") from e

    def _current(self) -> Table:
        """Return the table, looked at anew from time to time. Raises EngineError where an index is not what it was."""
        now = self._clock()
        if self._table is None or abs(now - self._looked) > LOOK:
            self._table = self._look()
            self._looked = now
        return self._table

    def _look(self) -> Table:
        state = self._state()
        aliases = {index: tuple(each.aliases) for index, each in state.items()}
        generation = self._own or current(self._names, aliases)
        if not generation:
            return self._begin(aliases)
        table = table_of(self._names, aliases, generation)
        root = state[table.profiles].mappings.meta if table.profiles in state else _Meta()
        gone = [name for name in (table.profiles, self._names.incidents(generation, 0)) if name not in state]
        gone += [self._names.incidents(generation, start) for start in root.ranges if start not in table.starts]
        if gone:
            raise self._damaged(f"the index {gone[0]}", "none: it was deleted or closed")
        for index in table.indices:
            number = state[index].mappings.meta.format
            if number != FORMAT:
                newer = " of a newer Overheard" if number > FORMAT else ""
                raise self._damaged(f"{index} in index format {FORMAT}", f"{number}{newer}")
            if self._own is None and self._names.searched not in aliases[index]:
                raise self._damaged(f"the alias {self._names.searched} on {index}", "none")
        if not self._reading and set(table.starts) - set(root.ranges):
            with suppress(RefusedError):  # a rebuild has just replaced it
                self._declare(generation, set(table.starts))  # whoever made it was killed before
        return table

    def _writable(self) -> Table:
        """Return the table; raises TransientError while a rebuild puts its index in place."""
        if self._reading:
            msg = f"expected an index that was opened to write; {self._names.searched} was opened with reading=True"
            raise ValueError(msg)
        table = self._current()
        if table.is_open:
            self._closed_since = None
            return table
        self._table = None
        now = self._clock()
        if self._closed_since is None:
            self._closed_since = now
        if now - self._closed_since > _CLOSING:
            self._closed_since = None
            self._reopen(table)
        msg = f"{self._client.addresses}: a rebuild is putting its index in the place of {self._names.searched}"
        raise TransientError(msg)

    def _state(self, kinds: str = "open") -> Mapping[str, "_State"]:
        how = {"features": "aliases,mappings", "filter_path": "*.aliases,*.mappings._meta", "expand_wildcards": kinds}
        found = self._client.request("GET", f"/{self._names.searched}-g*", dict[str, _State], **how)
        return {index: state for index, state in found.items() if self._names.parse(index)}

    def _aliases(self) -> Mapping[str, Sequence[str]]:
        """Return the aliases of all our indices, those that somebody closed included."""
        return {index: tuple(state.aliases) for index, state in self._state("all").items()}

    def _begin(self, aliases: Mapping[str, Sequence[str]]) -> Table:
        """Make the first generation, unless there must be one already. Two may do so at once."""
        if self._reading and not self._expected:
            return Table(self._names, 0, ())
        if self._expected or (aliases and self._found(",".join(sorted(aliases)), {"match_all": {}})):
            what = f"the alias {self._names.searched} on the indices that documents were written to"
            raise self._damaged(what, "none")
        generation = max(generations(self._names, aliases), default=1)
        table = self._make_all(generation, (0,))
        try:
            self._change_aliases([_add(index, self._names.searched) for index in table.indices])
        except RefusedError as e:
            raise self._surprise(e) from e
        return table

    def _make_all(self, generation: int, starts: Sequence[int]) -> Table:
        table = Table(self._names, generation, starts)
        for index in table.ranges:
            self._make(index)
        self._make(table.profiles, ranges=starts)
        return table

    def _make(self, index: str, *, ranges: Sequence[int] = (), searched: bool = False) -> None:
        settings = {
            "number_of_shards": self._shards,
            "number_of_replicas": self._replicas,
            "refresh_interval": "-1",  # `flush` does
            "gc_deletes": GC_DELETES,
            "codec": "best_compression",
        }
        names = [writing(index), self._names.searched] if searched else [writing(index)]
        body = {
            "settings": settings,
            "mappings": mappings() | {"_meta": _meta(ranges)},
            "aliases": {name: {} for name in names},
        }
        try:
            self._client.request("PUT", f"/{index}", Any, body)
        except RefusedError as e:
            if e.type != "resource_already_exists_exception":
                raise self._surprise(e) from e

    def _declare(self, generation: int, starts: Collection[int]) -> None:
        """Write down which ranges there are, so that one that somebody deletes is missed."""
        self._client.request(
            "PUT", f"/{self._names.profiles(generation)}/_mapping", Any, {"_meta": _meta(sorted(starts))}
        )

    def _change_aliases(self, actions: Sequence[Query]) -> None:
        self._client.request("POST", "/_aliases", Any, {"actions": list(actions)})

    # --- rebuilding ---

    def successor(self) -> Self:
        """See `Index.successor`. Its ranges are cut anew, so that none begins too full."""
        aliases = self._aliases()
        live = current(self._names, aliases)
        found = generations(self._names, aliases)
        if live and (left := [index for g, indices in found.items() if g != live for index in indices]):
            with suppress(RefusedError):  # another one does so at once
                self._client.request("DELETE", f"/{','.join(left)}", Any)
        successor = self._sibling()
        successor._own = max(found, default=0) + 1
        successor._make_all(successor._own, self._cut(live))
        return successor

    def _sibling(self) -> Self:
        return type(self)(
            self._client,
            prefix=self._names.prefix,
            replicas=self._replicas,
            shards=self._shards,
            most=self._most,
            clock=self._clock,
            sleep=self._sleep,
        )

    def _cut(self, live: int) -> Sequence[int]:
        """Return where the ranges of a successor begin: as many documents in each as there may be."""
        if not live:
            return (0,)
        body: Query = {"query": {"term": {"kind": "incident"}}, "size": 0, "track_total_hits": True}
        try:
            total = self._ask(body).hits.total.value
            if total <= self._most:
                return (0,)
            pieces = -(-total // self._most)
            percents = [100 * number / pieces for number in range(1, pieces)]
            body["aggs"] = {"k": {"percentiles": {"field": "k", "percents": percents, "keyed": False}}}
            values = self._client.request("POST", f"/{self._names.searched}/_search", _Cuts, body).aggregations.k.values
        except (EngineError, GoneError, RefusedError):
            return (0,)  # the current one cannot be read
        return sorted({0, *(int(each.value) >> TAIL_BITS for each in values if each.value is not None)})

    def adopt(self, successor: Self, *, complete: Callable[[], object] | None = None) -> None:
        """See `Index.adopt`. The old indices are removed in the same instant."""
        successor.flush()
        new = successor._current()
        for _ in range(_ATTEMPTS):
            token = self._close_writers(new)
            if complete is not None:
                complete()
            successor.flush()
            if self._swap(new, token):
                self._table = None
                self._touched.clear()
                return
        msg = f"{self._client.addresses}: the index {new.profiles} could not be put in place; something holds it up"
        raise TransientError(msg)

    def _close_writers(self, new: Table) -> str:
        """Take away what the current generation is written to by; return the alias that tells whether it stays so."""
        aliases = self._aliases()
        live = current(self._names, aliases)
        token = self._names.closing(live, self._clock())
        old = generations(self._names, aliases).get(live, ())
        actions = [_remove(index, writing(index)) for index in old if writing(index) in aliases[index]]
        try:
            self._change_aliases([*actions, _add(new.profiles, token)])
        except RefusedError as e:
            raise self._surprise(e) from e
        return token

    def _swap(self, new: Table, token: str) -> bool:
        """Move the search alias and remove all earlier generations; False where writers took theirs back meanwhile."""
        found = generations(self._names, self._aliases())
        old = [index for generation, indices in found.items() if generation < new.generation for index in indices]
        actions = [_remove(new.profiles, token), *({"remove_index": {"index": index}} for index in old)]
        try:
            self._change_aliases([*actions, *(_add(index, self._names.searched) for index in new.indices)])
        except RefusedError as e:
            if e.type == _NAME_TAKEN:
                raise self._surprise(e) from e
            if new.profiles not in self._aliases():
                msg = f"{self._client.addresses}: {new.profiles} is gone; another rebuild is running"
                raise EngineError(msg) from e
            return False
        return True

    def _reopen(self, table: Table) -> None:
        """Give a generation back what it is written to by, and see to it that no rebuild goes on without noticing."""
        aliases = self._aliases()
        tokens = [_remove(i, alias) for i, names in aliases.items() for alias in names if self._names.is_closing(alias)]
        with suppress(RefusedError):  # the rebuild, or another writer, was faster
            self._change_aliases([*tokens, *(_add(index, writing(index)) for index in table.indices)])

    def clear(self) -> None:
        """See `Index.clear`."""
        self.adopt(self.successor())

    def close(self) -> None:
        """See `Index.close`."""
        self._touched.clear()

    # --- errors ---

    def _damaged(self, expected: str, got: str) -> EngineError:
        if "newer" in got:
            return EngineError(f"{self._client.addresses}: expected {expected}; got {got}. Update this one")
        msg = f"{self._client.addresses}: expected {expected}; got {got}. Somebody else changed it? "
        return EngineError(msg + "Run `overheard index rebuild`")

    def _surprise(self, e: RefusedError) -> EngineError:
        if e.type == _NAME_TAKEN:
            msg = (
                f"{self._client.addresses}: expected the name {self._names.searched} to be free for an alias; got "
                f"{e}. Delete that index, or set another [index] prefix"
            )
            return EngineError(msg)
        msg = f"{self._client.addresses}: expected Elasticsearch to do as asked with {self._names.searched}; got {e}. "
        return EngineError(msg + "Somebody else changed an index? Run `overheard index rebuild`")


def _add(index: str, alias: str) -> Query:
    return {"add": {"index": index, "alias": alias}}


def _remove(index: str, alias: str) -> Query:
    """Return the action that takes an alias away; the whole call fails where it is not there."""
    return {"remove": {"index": index, "alias": alias, "must_exist": True}}


def _meta(ranges: Sequence[int]) -> Query:
    return {"format": FORMAT, "ranges": list(ranges)}


def _difference(expected: Query, found: "_Definition") -> str:
    """Return how an index differs from how it was made, in a few words; "" where it does not.

    What Elasticsearch adds to a field of its own accord is no difference, nor what an operator may tune (replicas).
    """
    if found.mappings.get("dynamic") != expected["dynamic"]:
        return f"dynamic: {found.mappings.get('dynamic')}"
    fields: Mapping[str, Query] = found.mappings.get("properties", {})
    for field, wanted in expected["properties"].items():
        if {name: fields.get(field, {}).get(name) for name in wanted} != wanted:
            return f"{field}: {fields.get(field)}"
    if more := sorted(set(fields) - set(expected["properties"])):
        return f"the field {more[0]}, which is none"
    got = found.settings.get("index", {}).get("gc_deletes")
    return "" if got == GC_DELETES else f"gc_deletes: {got}"


class _Meta(msgspec.Struct):
    format: int = 0
    ranges: Sequence[int] = ()


class _Mappings(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta, name="_meta")


class _State(msgspec.Struct):
    aliases: Mapping[str, Any] = {}
    mappings: _Mappings = msgspec.field(default_factory=_Mappings)


class _Definition(msgspec.Struct):
    mappings: Mapping[str, Any]
    settings: Mapping[str, Any]


class _ShardCount(msgspec.Struct):
    total: int = 0
    failed: int = 0


class _Shards(msgspec.Struct):
    shards: _ShardCount = msgspec.field(name="_shards")


class _Point(msgspec.Struct):
    id: str


class _Percentile(msgspec.Struct):
    value: float | None


class _Percentiles(msgspec.Struct):
    values: Sequence[_Percentile]


class _Cut(msgspec.Struct):
    k: _Percentiles


class _Cuts(msgspec.Struct):
    aggregations: _Cut


class _Source(msgspec.Struct):
    k: int
    kind: Sequence[str]
    json: msgspec.Raw


class FoundHit(msgspec.Struct):
    """A hit as it came."""

    id: str = msgspec.field(name="_id")
    version: int = msgspec.field(default=0, name="_version")
    source: _Source | None = msgspec.field(default=None, name="_source")
    sort: Sequence[Any] | None = None

    def made(self) -> Hit:
        """Return it as ours."""
        assert self.source is not None
        return Hit(self.id, self.version, self.source.k, self.source.kind[0], bytes(self.source.json))


class _Total(msgspec.Struct):
    value: int = 0


class _Hits(msgspec.Struct):
    total: _Total = msgspec.field(default_factory=_Total)
    hits: Sequence[FoundHit] = ()


class Found(msgspec.Struct):
    """The answer to a search."""

    hits: _Hits = msgspec.field(default_factory=_Hits)
    aggregations: Mapping[str, Buckets] = {}
    pit_id: str = ""
