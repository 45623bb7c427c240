"""The embedded index: tantivy finds, SQLite holds the canonical documents and their versions.

    apply ─▶ versions from SQLite ─▶ tantivy's writer, rows in memory ─flush─▶ rows to SQLite ─▶ tantivy commits

Rows go first, so that tantivy never holds an id without a row: what has none is new, and need not be taken out before
it is put in. After a crash between the two the batch comes again, and an equal version is written again.
Each rebuild makes a generation: a directory and two tables of its own.
"""

import errno
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

import regex
import tantivy
from tantivy import Occur, Query

from overheard.errors import (
    FolderDamagedError,
    FolderError,
    FolderFullError,
    FolderNewerError,
    TransientError,
)
from overheard.folder import Folder, storage_errors
from overheard.index.base import (
    VALUES_SHOWN,
    Change,
    Fate,
    Hit,
    Page,
    Removal,
    Search,
    check_search,
    folded_days,
)
from overheard.index.documents import TAIL_BITS, Document, document_of, lookup_keys, record_of, text_of
from overheard.index.fields import FACETS, TEXT_FIELDS, VALUE_FIELDS
from overheard.index.highlight import highlight
from overheard.index.query import (
    And,
    Everything,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Published,
    Tree,
    Value,
    Word,
    restrict,
)

T = TypeVar("T")

# The number of the analyser, the schema and the tables together: another one means a rebuild.
FORMAT = 5
# One thread with this much; tantivy's merges take some more. 15 MB is its least; more than 64 MB brought no speed.
WRITER_HEAP = 64_000_000
# Facets are exact only when every segment hands on all its values, and all are merged.
_ALL_BUCKETS = 1_000_000

_PAGE = 10_000
_REWRITTEN = 1_000  # documents of a purge in one step
_HIGHEST = (1 << 63) - 1
_META = "CREATE TABLE IF NOT EXISTS index_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
_TABLES = """
CREATE TABLE IF NOT EXISTS index_documents_{0} (
  id TEXT PRIMARY KEY, version INTEGER NOT NULL, kind TEXT NOT NULL, k INTEGER NOT NULL, json BLOB
);
CREATE TABLE IF NOT EXISTS index_keys_{0} (key TEXT, id TEXT, PRIMARY KEY (key, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS index_keys_by_id_{0} ON index_keys_{0} (id);
"""


class EmbeddedIndex:
    """An `Index` in a data folder. It takes a connection of its own, and opens tantivy when it is first needed.

    `generation` is for a successor; None is the current one. `reading`: another instance writes, in this process or
    another; this one sees what that one flushed or rebuilt, each time it is asked, and never changes a document. Raises
    FolderDamagedError where the index is not what it should be, and FolderNewerError where a newer Overheard made it;
    both only when it is used, so that it can still be rebuilt.
    """

    def __init__(self, folder: Folder, *, generation: int | None = None, reading: bool = False) -> None:
        self._folder = folder
        self._reading = reading
        self._connection = folder.connect()
        self._pending: dict[str, _Row] = {}
        self._engine: _Engine | None = None
        self._is_successor = generation is not None
        try:
            if reading and self._exists():
                return
            with folder.transaction(self._connection) as connection:
                connection.execute(_META)
            self._generation = self._meta().get("generation", 1) if generation is None else generation
            if self._is_successor:
                self._drop(self._generation)
            elif not reading:
                self._sweep()
            self._create_tables()
        except BaseException:
            self._connection.close()
            raise

    @property
    def is_outdated(self) -> bool:
        """See `Index.is_outdated`."""
        return self._meta().get("format", FORMAT) < FORMAT

    def apply(self, changes: Sequence[Change]) -> Sequence[Fate]:
        """See `Index.apply`."""
        try:
            return self._apply(changes)
        except BaseException:
            self._roll_back()
            raise

    def _apply(self, changes: Sequence[Change]) -> Sequence[Fate]:
        engine = self._open()
        known = self._versions(change.id for change in changes)
        before = frozenset(known)
        fates: list[Fate] = []
        latest: dict[str, tuple[int, Document | None]] = {}
        for change in changes:
            version, live = known.get(change.id, (-1, False))
            document = None if isinstance(change, Removal) else change
            new = version if change.version is None else change.version
            if document is None:
                fates.append("stale" if new < version else "deleted")
            else:
                fates.append("indexed" if new > version else "stale")
            # A removal beats a document of its own version, whichever came first.
            if new > version or (new == version and (document is None or live)):
                latest[change.id] = (new, document)
                known[change.id] = (new, document is not None)
        engine.replace((id_, document, id_ in before) for id_, (_, document) in latest.items())
        for id_, (version, new_document) in latest.items():
            self._pending[id_] = _row(id_, version, new_document)
        return fates

    def flush(self) -> None:
        """See `Index.flush`."""
        if not self._pending:
            return
        engine = self._open()
        try:
            self._write_rows()
            engine.commit()
        except BaseException:
            self._roll_back()
            raise
        self._pending.clear()

    def search(self, search: Search) -> Page:
        """See `Index.search`."""
        check_search(search)
        return self._read(lambda: self._search(search))

    def _search(self, search: Search) -> Page:
        engine = self._open()
        searcher = engine.searcher()
        tree = restrict(search.tree, search.filters)
        query = engine.query(tree)
        with _engine_errors(self._directory):
            ids, after, total = _ids(searcher, engine, query, search)
            facets = _facets(searcher, query, search.facets)
        hits = self._rows(ids)
        if search.sort != "relevance":
            hits.sort(key=lambda hit: (-hit.k if search.sort == "newest" else hit.k, hit.id))
        if search.highlight:
            hits = [replace(hit, fragments=highlight(search.tree, text_of(hit.record))) for hit in hits]
        return Page(hits=hits, total=total, facets=facets, next=after)

    def get(self, id: str) -> Hit | None:  # noqa: A002 - the protocol's name
        """See `Index.get`."""
        return self._read(lambda: next(iter(self._open_rows([id])), None))

    def find_profiles(self, who: str) -> Sequence[Hit]:
        """See `Index.find_profiles`."""
        return self._read(lambda: self._find_profiles(who))

    def _find_profiles(self, who: str) -> Sequence[Hit]:
        self._open()
        keys = lookup_keys(who)
        marks = ",".join("?" * len(keys))
        statement = f"SELECT DISTINCT id FROM index_keys_{self._generation} WHERE key IN ({marks})"
        with storage_errors(self._folder.database):
            ids = [row[0] for row in self._connection.execute(statement, keys)]
        return sorted(self._rows(ids), key=lambda hit: (-hit.k, hit.id))

    def count(self) -> int:
        """See `Index.count`."""
        return self._read(lambda: int(self._open().searcher().num_docs))

    def versions(self) -> Iterator[tuple[str, int]]:
        """See `Index.versions`."""
        self._open()
        statement = (
            f"SELECT id, version FROM index_documents_{self._generation} "
            f"WHERE id > ? AND json IS NOT NULL ORDER BY id LIMIT {_PAGE}"
        )
        last = ""
        while True:
            with storage_errors(self._folder.database):
                rows = self._connection.execute(statement, (last,)).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            last = rows[-1][0]

    def purge(self) -> None:
        """See `Index.purge`. tantivy leaves removed words in its files, so all documents are written anew."""
        self.flush()
        successor = self.successor()
        try:
            for changes in self._as_changes():
                successor.apply(changes)
                successor.flush()
        except BaseException:
            successor.close()
            raise
        self.adopt(successor)

    def _as_changes(self) -> Iterator[Sequence[Change]]:
        """Yield what made the rows what they are, removals too, in pieces."""
        statement = (
            f"SELECT id, version, kind, json FROM index_documents_{self._generation} WHERE id > ? "
            f"ORDER BY id LIMIT {_REWRITTEN}"
        )
        last = ""
        while True:
            with storage_errors(self._folder.database):
                rows = self._connection.execute(statement, (last,)).fetchall()
            if not rows:
                return
            yield [
                Removal(id_, version) if json is None else document_of(record_of(kind, json), version)
                for id_, version, kind, json in rows
            ]
            last = rows[-1][0]

    def clear(self) -> None:
        """See `Index.clear`."""
        self.adopt(self.successor())

    def successor(self) -> Self:
        """See `Index.successor`."""
        return type(self)(self._folder, generation=self._generation + 1)

    def adopt(self, successor: Self, *, complete: Callable[[], object] | None = None) -> None:
        """See `Index.adopt`. The successor is closed by this; nobody else writes meanwhile."""
        if complete is not None:
            complete()
            successor.flush()
        successor._open()  # an empty one has no directory yet
        generation = successor._generation
        successor.close()
        self._roll_back()
        with self._folder.transaction(self._connection, durable=True) as connection:
            connection.execute("INSERT OR REPLACE INTO index_meta VALUES ('generation', ?)", (generation,))
            connection.execute("INSERT OR REPLACE INTO index_meta VALUES ('format', ?)", (FORMAT,))
        self._generation = generation
        self._sweep()

    def close(self) -> None:
        """See `Index.close`."""
        self._roll_back()
        self._connection.close()

    @property
    def _directory(self) -> Path:
        return self._folder.index / f"g{self._generation}"

    def _read(self, look: Callable[[], T]) -> T:
        """Return what a look finds; where a rebuild replaced it in the middle, what a second one does."""
        try:
            return look()
        except (sqlite3.OperationalError, FolderError, FolderDamagedError):
            if not self._reading or self._meta().get("generation", 1) == self._generation:
                raise
            self._engine = None
            return look()

    def _open(self) -> "_Engine":
        if self._reading and self._engine is not None:
            if self._engine.is_there and self._meta().get("generation", 1) == self._generation:
                self._engine.reload()
            else:
                self._engine = None
        if self._engine is None:
            if self._reading:
                self._generation = self._meta().get("generation", 1)
            if not self._is_successor:
                self._check_format()
            self._engine = _Engine(self._directory, expected=self._has_rows(), reading=self._reading)
        return self._engine

    def _open_rows(self, ids: Sequence[str]) -> list[Hit]:
        self._open()
        return self._rows(ids)

    def _exists(self) -> bool:
        """True where a writer has made the tables; then a reader makes none, and waits for no writer's turn."""
        with storage_errors(self._folder.database):
            names = {row[0] for row in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "index_meta" not in names:
            return False
        self._generation = self._meta().get("generation", 1)
        return f"index_keys_{self._generation}" in names

    def _meta(self) -> dict[str, int]:
        with storage_errors(self._folder.database):
            return dict(self._connection.execute("SELECT name, value FROM index_meta"))

    def _check_format(self) -> None:
        number = self._meta().get("format", FORMAT)
        if number > FORMAT:
            msg = (
                f"{self._directory}: expected index format {FORMAT}; got {number} of a newer Overheard. Update this one"
            )
            raise FolderNewerError(msg)
        if number < FORMAT:
            msg = f"{self._directory}: expected index format {FORMAT}; got {number}. Run `overheard index rebuild`"
            raise FolderDamagedError(msg)

    def _has_rows(self) -> bool:
        statement = f"SELECT 1 FROM index_documents_{self._generation} WHERE json IS NOT NULL LIMIT 1"
        with storage_errors(self._folder.database):
            return self._connection.execute(statement).fetchone() is not None

    def _create_tables(self) -> None:
        with self._folder.transaction(self._connection) as connection:
            for statement in _TABLES.format(self._generation).strip().split(";\n"):
                connection.execute(statement)
            connection.execute("INSERT OR IGNORE INTO index_meta VALUES ('format', ?)", (FORMAT,))

    def _sweep(self) -> None:
        """Remove the generations that a rebuild left behind, finished or killed."""
        with storage_errors(self._folder.database):
            tables = self._connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'index_documents_[0-9]*'")
            found = {int(name.rpartition("_")[2]) for (name,) in tables}
        if self._folder.index.is_dir():
            found |= {int(path.name[1:]) for path in self._folder.index.glob("g*") if path.name[1:].isdecimal()}
        for generation in found - {self._generation}:
            self._drop(generation)

    def _drop(self, generation: int) -> None:
        with storage_errors(self._folder.index):
            directory = self._folder.index / f"g{generation}"
            if directory.is_dir():
                shutil.rmtree(directory)
        with self._folder.transaction(self._connection) as connection:
            connection.execute(f"DROP TABLE IF EXISTS index_documents_{generation}")
            connection.execute(f"DROP TABLE IF EXISTS index_keys_{generation}")

    def _versions(self, ids: Iterable[str]) -> dict[str, tuple[int, bool]]:
        """Return (version, whether it is a document) of what is known of the ids, pending changes included."""
        wanted = list(dict.fromkeys(ids))
        known: dict[str, tuple[int, bool]] = {}
        for some in _batched(wanted, 500):
            marks = ",".join("?" * len(some))
            statement = (
                f"SELECT id, version, json IS NOT NULL FROM index_documents_{self._generation} WHERE id IN ({marks})"
            )
            with storage_errors(self._folder.database):
                known.update({row[0]: (row[1], bool(row[2])) for row in self._connection.execute(statement, some)})
        for id_ in wanted:
            if id_ in self._pending:
                row = self._pending[id_]
                known[id_] = (row[1], row[4] is not None)
        return known

    def _write_rows(self) -> None:
        documents, keys = f"index_documents_{self._generation}", f"index_keys_{self._generation}"
        # In pieces, since the log's writers wait meanwhile; a piece alone is as good as the whole. The last takes all
        # of them to the disk: tantivy's commit survives a power cut, so what it holds must have its row after one too.
        pieces = list(_batched(list(self._pending.values()), 1_000))
        for number, some in enumerate(pieces, 1):
            with self._folder.transaction(self._connection, durable=number == len(pieces)) as connection:
                connection.executemany(
                    f"INSERT OR REPLACE INTO {documents} VALUES (?,?,?,?,?)", [row[:5] for row in some]
                )
                for id_, _, _, _, json, names in some:
                    if json is None or names:
                        connection.execute(f"DELETE FROM {keys} WHERE id = ?", (id_,))
                        connection.executemany(f"INSERT INTO {keys} VALUES (?,?)", [(name, id_) for name in names])

    def _roll_back(self) -> None:
        """Forget what is pending, here and in tantivy's writer."""
        self._pending.clear()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _rows(self, ids: Sequence[str]) -> list[Hit]:
        """Return what is there of the ids, in their order."""
        hits: dict[str, Hit] = {}
        for some in _batched(ids, 500):
            marks = ",".join("?" * len(some))
            statement = (
                f"SELECT id, version, k, kind, json FROM index_documents_{self._generation} "
                f"WHERE id IN ({marks}) AND json IS NOT NULL"
            )
            with storage_errors(self._folder.database):
                hits.update((row[0], Hit(*row)) for row in self._connection.execute(statement, some))
        return [hits[id_] for id_ in ids if id_ in hits]


# What is kept of a document until the flush: id, version, kind, k, canonical JSON (None: removed), keys. A plain tuple
# of plain values, since Python's garbage collector walks through everything else again and again: 13 µs a document.
_Row = tuple[str, int, str, int, bytes | None, tuple[str, ...]]


def _row(id_: str, version: int, document: Document | None) -> _Row:
    if document is None:
        return (id_, version, "", 0, None, ())
    return (id_, version, document.kind, document.k, document.json, document.keys)


class _Engine:
    """tantivy over one directory."""

    def __init__(self, directory: Path, *, expected: bool, reading: bool = False) -> None:
        """`expected`: there must be an index already. `reading`: none is made; where none is, it is an empty one."""
        self._directory = directory
        self._writer: tantivy.IndexWriter | None = None
        if expected and not (directory / "meta.json").exists():
            msg = f"{directory}: expected the search index; it is not there. Run `overheard index rebuild`"
            raise FolderDamagedError(msg)
        self.schema = _schema()
        # A reader that made one would race with the writer that makes it.
        self.is_there = not reading or (directory / "meta.json").exists()
        if not reading:
            with storage_errors(directory):
                directory.mkdir(parents=True, exist_ok=True)
        with _engine_errors(directory):
            self.index = tantivy.Index(self.schema, path=str(directory) if self.is_there else None)
        spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self.index.register_tokenizer("spaces", spaces)
        self.index.config_reader("manual")
        self.reload()

    def replace(self, changes: Iterable[tuple[str, Document | None, bool]]) -> None:
        """Take out what has an id, if it may be there, and put the document in its place; seen after `commit`."""
        with _engine_errors(self._directory):
            if self._writer is None:
                self._writer = self.index.writer(heap_size=WRITER_HEAP, num_threads=1)
            for id_, document, known in changes:
                if known:
                    self._writer.delete_documents_by_term("id", id_)
                if document is not None:
                    self._writer.add_document(_tantivy_document(document))

    def commit(self) -> None:
        """Make all replacements visible to `searcher`, and safe."""
        with _engine_errors(self._directory):
            if self._writer is not None:
                self._writer.commit()
        self.reload()

    def searcher(self) -> tantivy.Searcher:
        """Return a searcher over what `reload` saw."""
        return self.index.searcher()

    def reload(self) -> None:
        """See what was committed."""
        with _engine_errors(self._directory):
            self.index.reload()

    def close(self) -> None:
        """Drop what was not committed, and let go of the directory's lock."""
        if self._writer is not None:
            with suppress(ValueError):  # a writer that failed has nothing to roll back
                self._writer.rollback()
            self._writer.wait_merging_threads()
            self._writer = None

    def query(self, tree: Tree) -> Query:
        """Return tantivy's query for a tree; its depth is that of the tree."""
        match tree:
            case Everything():
                return Query.all_query()
            case Word(field=field, token=token) | Value(field=field, value=token):
                return Query.term_query(self.schema, field, token)
            case Phrase(field=field, tokens=tokens):
                return Query.phrase_query(self.schema, field, list(tokens))
            case Prefix(field=field, stem=stem):
                # phrase_prefix_query stops at 50 terms without a word.
                return Query.regex_query(self.schema, field, regex.escape(stem, special_only=True) + ".*")
            case Near():
                return self._near(tree)
            case Published(low=low, high=high):
                return self.k_range(
                    0 if low is None else low << TAIL_BITS, _HIGHEST if high is None else (high << TAIL_BITS) - 1
                )
            case And(operands=operands):
                return _all_of([self.query(operand) for operand in operands])
            case Or(operands=operands):
                return Query.boolean_query([(Occur.Should, self.query(operand)) for operand in operands])
            case Not(operand=operand):
                # NOT alone matches nothing in tantivy.
                return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, self.query(operand))])

    def k_range(self, low: int, high: int) -> Query:
        """Return the query for low <= k <= high; bounds beyond 63 bits are cut."""
        if high < 0 or low > _HIGHEST:
            return Query.empty_query()
        low, high = max(low, 0), min(high, _HIGHEST)
        return Query.range_query(self.schema, "k", tantivy.FieldType.Unsigned, low, high)

    def _near(self, near: Near) -> Query:
        phrases: list[Query] = []
        for left in near.left:
            for right in near.right:
                pairs = [(left, right)] if near.ordered else [(left, right), (right, left)]
                # tantivy's slop also takes the words in the other order, a little nearer, so it serves where both
                # orders are asked for. Of one word twice, and of phrases, it means something else.
                if not near.ordered and len(left) == len(right) == 1 and left != right:
                    phrases += [Query.phrase_query(self.schema, near.field, [*a, *b], near.distance) for a, b in pairs]
                else:
                    phrases += [
                        Query.phrase_query(self.schema, near.field, [*enumerate(a), *enumerate(b, len(a) + gap)])
                        for a, b in pairs
                        for gap in range(near.distance + 1)
                    ]
        return Query.boolean_query([(Occur.Should, phrase) for phrase in phrases])


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for field in TEXT_FIELDS:
        builder.add_text_field(field, tokenizer_name="spaces", index_option="position")
    for field in VALUE_FIELDS:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=field in FACETS)
    builder.add_unsigned_field("k", indexed=True, fast=True)
    builder.add_unsigned_field("day", fast=True)
    return builder.build()


def _tantivy_document(document: Document) -> tantivy.Document:
    made = tantivy.Document()
    made.add_text("id", document.id)
    made.add_unsigned("k", document.k)
    made.add_unsigned("day", document.day)
    for field, text in document.texts.items():
        made.add_text(field, text)
    for field, values in document.values.items():
        for value in values:
            made.add_text(field, value)
    return made


@contextmanager
def _engine_errors(directory: Path) -> Iterator[None]:
    """Translate what tantivy raises inside the block; it tells its kinds of errors apart by their text alone."""
    try:
        yield
    except ValueError as e:
        text = str(e)
        number = re.search(r"os error (\d+)|\bcode: (\d+)", text)
        if number and int(number[1] or number[2]) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            msg = f"{directory}: no space left. Nothing accepted before is lost: free some space and start again"
            raise FolderFullError(msg) from e
        if "LockBusy" in text:
            msg = f"{directory}: another process is writing to the search index"
            raise TransientError(msg) from e
        if number:
            msg = f"{directory}: expected to read and write here; got: {text}. Check its rights and the disk"
            raise FolderError(msg) from e
        msg = f"{directory}: expected a sound search index; got: {text}. Run `overheard index rebuild`"
        raise FolderDamagedError(msg) from e


def _batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _found(searcher: tantivy.Searcher, query: Query, **how: Any) -> Any:
    """Return tantivy's result: `hits` of (score or k, address), and `count`, which its stubs do not know."""
    return searcher.search(query, **how)


def _all_of(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def _ids(searcher: tantivy.Searcher, engine: _Engine, query: Query, search: Search) -> tuple[list[str], str, int]:
    """Return the ids on the page, the cursor of the next, and how many there are on all pages."""
    if search.limit == 0:
        return [], "", _count(searcher, query)
    if search.sort == "relevance":
        ranked = _found(searcher, query, limit=search.limit)
        return [_id_at(searcher, address) for _, address in ranked.hits], "", int(ranked.count)
    newest = search.sort == "newest"
    order = tantivy.Order.Desc if newest else tantivy.Order.Asc
    rest = query
    if search.after:
        k = int(search.after)
        rest = _all_of([query, engine.k_range(0, k - 1) if newest else engine.k_range(k + 1, _HIGHEST)])
    first = _found(searcher, rest, limit=search.limit + 1, order_by_field="k", order=order)
    total = _count(searcher, query) if search.after else int(first.count)
    found, after = first.hits, ""
    if len(found) > search.limit:
        last, beyond = found[-2][0], found[-1][0]
        found.pop()
        after = str(last)
        if last == beyond:
            equal = _all_of([query, engine.k_range(last, last)])
            same = _found(searcher, equal, limit=searcher.num_docs, count=False).hits
            found = [(k, address) for k, address in found if k != last] + [(last, address) for _, address in same]
            further = engine.k_range(0, last - 1) if newest else engine.k_range(last + 1, _HIGHEST)
            if not _count(searcher, _all_of([query, further])):
                after = ""
    return [_id_at(searcher, address) for _, address in found], after, total


def _count(searcher: tantivy.Searcher, query: Query) -> int:
    return int(_found(searcher, query, limit=1).count)


def _id_at(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> str:
    return str(searcher.doc(address)["id"][0])


def _facets(searcher: tantivy.Searcher, query: Query, names: Sequence[str]) -> dict[str, Sequence[tuple[str, int]]]:
    if not names:
        return {}
    fields = {name: "day" if name.startswith("published:") else name for name in names}
    wanted = {
        field: {"terms": {"field": field, "size": _ALL_BUCKETS, "segment_size": _ALL_BUCKETS}}
        for field in set(fields.values())
    }
    found: Mapping[str, Any] = searcher.aggregate(query, wanted)
    facets: dict[str, Sequence[tuple[str, int]]] = {}
    for name, field in fields.items():
        counts = [(bucket["key"], int(bucket["doc_count"])) for bucket in found[field]["buckets"]]
        if field == "day":
            facets[name] = folded_days({int(day): count for day, count in counts}, name)
        else:
            facets[name] = sorted(counts, key=lambda each: (-each[1], each[0]))[:VALUES_SHOWN]
    return facets
