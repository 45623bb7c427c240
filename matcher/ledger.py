"""The ledger: the one owner of contacts, accounts, decisions, incidents, links and profiles, in SQLite.

    apply(facts)   fold, directory, match: in memory and by reading only  ─▶ a batch, pending
    commit(...)    the batch, its outbox, position and fates: one transaction
    settle()       what a contact, account or decision reached is matched again, then each touched profile is made
                   again, in short transactions; what is left is on disk, so a killed worker goes on with it
    outbox()       what is to be published; cleared when the log has it

Once settled, the state and the hashes of what is published are a function of the facts up to the position, however
they were cut into batches. So a ledger may follow another's facts (`following`: nothing goes to the outbox) and take
over from it; only the versions of documents depend on the batches, and those are told (`overheard.matcher.standby`).

Version of a document = epoch << 48 | next offset of `facts`: the state after that offset. Offsets below 2**48 and
epochs below 2**15 keep it below 2**63.
"""

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from overheard.errors import FolderDamagedError
from overheard.folder import Folder, storage_errors
from overheard.log.base import ProducerRecord
from overheard.matcher.decisions import Decisions
from overheard.matcher.directory import Directory, Reach, is_identity_key
from overheard.matcher.facts import (
    ACCOUNT,
    CONTACT,
    DECISION,
    HOLDING,
    MENTION,
    PURCHASE,
    WATCHED,
    Fact,
    Rank,
    from_microseconds,
    microseconds,
)
from overheard.matcher.incidents import Link, husk, links_of, make_incident, when_of
from overheard.matcher.match import keys_of, match
from overheard.matcher.names import Text
from overheard.matcher.profiles import LAST, WAITING, Counts, make_profile
from overheard.records import (
    Account,
    Cause,
    Change,
    Contact,
    Decision,
    EnrichedMention,
    Holding,
    Identity,
    Incident,
    IncidentSummary,
    Profile,
    Purchase,
    Term,
    encode,
    event_for,
    incident_id,
)
from overheard.records.base import Record

SOURCE = "/match"
F = TypeVar("F", Contact, Account, Holding, Purchase, Term)
_TYPES = {Contact: CONTACT, Account: ACCOUNT, Holding: HOLDING, Purchase: PURCHASE, Term: WATCHED[0]}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_facts (
    num INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, type TEXT NOT NULL, sourceversion INTEGER NOT NULL,
    gone INTEGER NOT NULL, modelversion INTEGER NOT NULL, event TEXT NOT NULL, first_seen INTEGER, value BLOB);
CREATE INDEX IF NOT EXISTS ledger_directory ON ledger_facts (type) WHERE type <> 'overheard.enriched-mention';
CREATE VIRTUAL TABLE IF NOT EXISTS ledger_postings
    USING fts5 (tokens, content = '', detail = none, tokenize = "ascii tokenchars '_'");
CREATE TABLE IF NOT EXISTS ledger_keys (
    key TEXT NOT NULL, author INTEGER NOT NULL, at INTEGER NOT NULL, mention INTEGER NOT NULL,
    PRIMARY KEY (key, author, at, mention)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_links (
    mention INTEGER NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL, score REAL NOT NULL, k INTEGER NOT NULL,
    at INTEGER NOT NULL, day TEXT NOT NULL, source TEXT NOT NULL, polarity TEXT NOT NULL, terms TEXT NOT NULL,
    summary BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_links_mention ON ledger_links (mention);
CREATE INDEX IF NOT EXISTS ledger_links_counts ON ledger_links (subject, outcome, day, source, polarity, terms);
CREATE INDEX IF NOT EXISTS ledger_links_newest ON ledger_links (subject, outcome, k);
CREATE INDEX IF NOT EXISTS ledger_links_best ON ledger_links (subject, outcome, score, k);
CREATE TABLE IF NOT EXISTS ledger_documents (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_unmatched (mention INTEGER PRIMARY KEY, cause TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_touched (subject TEXT PRIMARY KEY, cause TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB);
CREATE TABLE IF NOT EXISTS ledger_positions (part INTEGER PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_fates (fate TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_last (fate TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_level (one INTEGER PRIMARY KEY CHECK (one = 0), at INTEGER NOT NULL);
"""

_TABLES = tuple(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", _SCHEMA))

# Incidents matched again and profiles made again in one transaction: some 30 ms each.
_REMATCH = 64
_PROFILES = 32
_VARIABLES = 500  # of one SQL statement; SQLite's own limit is 32,766, older ones' 999

# The lists of many contacts and the postings of many words are written here and there; SQLite's own 2 MB are too few.
_CACHE_KB = 32_768

_DIRECTORY = (CONTACT, ACCOUNT, HOLDING, PURCHASE, DECISION)  # facts that the directory holds

_mentions = msgspec.json.Decoder(EnrichedMention)
_summaries = msgspec.json.Decoder(IncidentSummary)
_encoder = msgspec.json.Encoder(order="deterministic")


def fates_in(folder: Folder) -> dict[str, int]:
    """Return how many facts met each fate in a folder, without opening its ledger; empty where there is none."""
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_fates'").fetchall()
        return dict(connection.execute("SELECT fate, n FROM ledger_fates ORDER BY fate")) if tables else {}


def position_in(folder: Folder) -> int:
    """Return the offset of `facts` that a folder's ledger reads next, without opening it; 0 where there is none."""
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_positions'").fetchall():
            return 0
        return int(connection.execute("SELECT coalesce(max(next), 0) FROM ledger_positions").fetchone()[0])


def known_in(folder: Folder) -> tuple[list[Contact], list[Account]]:
    """Return the contacts and accounts that a folder's ledger has applied, without opening it; in no order."""
    return facts_in(folder, Contact), facts_in(folder, Account)


def facts_in(folder: Folder, kind: type[F]) -> list[F]:
    """Return the records of one type that a folder's ledger has applied, without opening it; in no order."""
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_facts'").fetchall():
            return []
        # Said in these words, SQLite sees that its index of everything but mentions holds all that is asked for.
        sql = (
            "SELECT value FROM ledger_facts WHERE type = ? AND type <> 'overheard.enriched-mention' "
            "AND value IS NOT NULL"
        )
        return [msgspec.json.decode(value, type=kind) for (value,) in connection.execute(sql, (_TYPES[kind],))]


def decisions_in(folder: Folder) -> Decisions:
    """Return the decisions that a folder's ledger has applied, without opening it."""
    decisions = Decisions()
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        if connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_facts'").fetchall():
            # In the words of the index, as above: without them a look reads every fact, 17 ms for 11,000 incidents.
            sql = (
                "SELECT subject, value FROM ledger_facts WHERE type = ? AND type <> 'overheard.enriched-mention' "
                "AND value IS NOT NULL"
            )
            for subject, value in connection.execute(sql, (DECISION,)):
                decisions.put(subject, msgspec.json.decode(value, type=Decision))
    return decisions


class Row(NamedTuple):
    """The newest revision of a fact. `first_seen` (µs) is the earliest of all revisions; None for what is no mention.

    `value` is the JSON of its data; None when gone.
    """

    num: int
    type: str
    rank: Rank
    first_seen: int | None
    value: bytes | None


class _Document(NamedTuple):
    """A document as it is to be: `record` None when it is gone."""

    id: str
    kind: str
    record: Record | None
    remains: Record
    cause: Cause


@dataclass
class _Matched:
    """A mention with its match, ready to be written. `incident` None: the mention is gone."""

    num: int
    incident: Incident | None
    at: int
    links: Sequence[Link]
    document: _Document


@dataclass
class _Batch:
    """What `apply` found, until `commit` writes it."""

    rows: dict[str, Row | None] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    matched: list[_Matched] = field(default_factory=list)
    filed: list[tuple[int, EnrichedMention, Text, int]] = field(default_factory=list)
    unfiled: list[tuple[int, EnrichedMention, int]] = field(default_factory=list)
    unmatched: dict[int, Cause] = field(default_factory=dict)
    touched: dict[str, Cause] = field(default_factory=dict)
    outbox: list[ProducerRecord] = field(default_factory=list)
    watch: list[tuple[str, Record | None]] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)


class Ledger:
    """The matcher's state in a folder. One owner; one thread at a time.

    `epoch` rises with every rebuild from nothing; `clock` dates the documents' envelopes. Every method may raise what
    `overheard.folder.storage_errors` does.
    """

    def __init__(self, folder: Folder, *, epoch: int = 0, clock: Callable[[], datetime]) -> None:
        self.directory = Directory()
        self._folder = folder
        self._epoch = epoch
        self._clock = clock
        self._connection = folder.connect()
        self._pending: _Batch | None = None
        self._following = False
        try:
            with folder.transaction(self._connection) as connection:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
            with self._stored():
                self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
                self._load()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _stored(self) -> Iterator[None]:
        """Translate what is wrong with the ledger's own rows: no fact is to blame, so none may become a dead letter."""
        try:
            with storage_errors(self._folder.database):
                yield
        except msgspec.DecodeError as e:
            msg = (
                f"{self._folder.database}: expected records in the matcher's tables; got: {e}. Stop everything that "
                "uses it, then restore the data folder from a backup, or move it away to begin anew"
            )
            raise FolderDamagedError(msg) from e

    def _load(self) -> None:
        rows = self._connection.execute(
            "SELECT subject, type, value FROM ledger_facts WHERE type IN (?, ?, ?, ?, ?) AND value IS NOT NULL",
            _DIRECTORY,
        )
        for subject, type_, value in rows:
            self._put(subject, type_, value)
        (highest,) = self._connection.execute("SELECT max(num) FROM ledger_facts").fetchone()
        self._next = (highest or 0) + 1

    def close(self) -> None:
        """Close the connection. What was not committed is lost, and will be read again."""
        self._connection.close()

    # --- applying ----------------------------------------------------------------------------------------------------

    def apply(self, facts: Sequence[Fact]) -> Counter[str]:
        """Fold facts, in order, and match what is new; return their fates. Nothing is written until `commit`.

        A batch that was applied before and not committed is forgotten. Raises nothing that leaves half a state.
        """
        self.forget()
        batch = _Batch()
        self._pending = batch
        first_free = self._next
        try:
            with self._stored():
                return self._apply(facts, batch)
        except BaseException:
            self.forget()
            self._next = first_free
            raise

    def clear(self) -> None:
        """Forget everything, on disk too, to begin anew from the first fact."""
        self.forget()
        with self._folder.transaction(self._connection) as connection:
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}")
            connection.execute("INSERT INTO ledger_postings (ledger_postings) VALUES ('delete-all')")
        self.directory = Directory()
        self._next = 1

    def forget(self) -> None:
        """Forget what was applied and not committed."""
        if self._pending is not None:
            for undo in reversed(self._pending.undo):
                undo()
            self._pending = None

    def _apply(self, facts: Sequence[Fact], batch: _Batch) -> Counter[str]:
        before = self._revisions({fact.subject for fact in facts})
        causes: dict[str, Cause] = {}
        fates: Counter[str] = Counter()
        mentioned: list[str] = []  # the subject of each record that made a mention's newest revision, in its time
        for fact in facts:
            current = batch.rows[fact.subject] if fact.subject in batch.rows else before.get(fact.subject)
            new = self._newer(fact, current)
            if new is not current:
                batch.rows[fact.subject] = new
                causes[fact.subject] = fact.event.cause if fact.event else "live"
            applied = new is None or current is None or new.rank != current.rank
            if new is current or not applied:
                fates["stale"] += 1
            elif new is None or new.value is None:
                fates["deleted"] += 1
            elif new.type == MENTION:
                mentioned.append(fact.subject)
            else:
                fates["applied"] += 1
                if new.type in WATCHED and fact.event:
                    batch.outbox.append(ProducerRecord("watch", _watch_key(fact), fact.value))
            if new is not current and fact.event and (new is None or new.value is None) and _watch_key(fact):
                batch.outbox.append(ProducerRecord("watch", _watch_key(fact), None))
        self._put_directory(batch, before)
        for subject, row in batch.rows.items():
            self._match_row(batch, before.get(subject), row, causes[subject])
        outcomes = {m.incident.mention.id: _fate(m.incident) for m in batch.matched if m.incident}
        fates.update(outcomes.get(subject, "deleted") for subject in mentioned)
        return fates

    def _newer(self, fact: Fact, current: Row | None) -> Row | None:
        """Return the revision that holds after a fact: `current` itself where nothing changes, None when gone."""
        event = fact.event
        if event is None:
            return None
        is_mention = isinstance(event.data, EnrichedMention)
        seen = microseconds(event.data.mention.first_seen) if is_mention else None
        if current is not None and current.first_seen is not None and seen is not None:
            seen = min(seen, current.first_seen)
        if current is not None and fact.rank <= current.rank:
            return current if seen == current.first_seen else current._replace(first_seen=seen)
        return Row(
            num=current.num if current else self._number(),
            type=event.type,
            rank=fact.rank,
            first_seen=seen,
            value=None if fact.rank.gone else _encoder.encode(event.data),
        )

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _revisions(self, subjects: Iterable[str]) -> dict[str, Row]:
        sql = (
            "SELECT subject, num, type, sourceversion, gone, modelversion, event, first_seen, value "
            "FROM ledger_facts WHERE subject IN ({})"
        )
        return {
            row[0]: Row(row[1], row[2], Rank(row[3], bool(row[4]), row[5], row[6]), row[7], row[8])
            for row in self._select_in(sql, sorted(subjects))
        }

    def _select_in(self, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """Run a SELECT whose `{}` stands for a list of values, a part of the list at a time."""
        for i in range(0, len(values), _VARIABLES):
            part = values[i : i + _VARIABLES]
            yield from self._connection.execute(sql.format(",".join("?" * len(part))), part)

    def _put(self, subject: str, type_: str, value: bytes | None) -> None:
        directory = self.directory
        if type_ == CONTACT:
            directory.put_contact(subject, msgspec.json.decode(value, type=Contact) if value else None)
        elif type_ == ACCOUNT:
            directory.put_account(subject, msgspec.json.decode(value, type=Account) if value else None)
        elif type_ == HOLDING:
            directory.put_holding(subject, msgspec.json.decode(value, type=Holding) if value else None)
        elif type_ == PURCHASE:
            directory.put_purchase(subject, msgspec.json.decode(value, type=Purchase) if value else None)
        elif type_ == DECISION:
            directory.decisions.put(subject, msgspec.json.decode(value, type=Decision) if value else None)

    def _put_directory(self, batch: _Batch, before: Mapping[str, Row]) -> None:
        """Change the directory, and note whom that reaches: before the change and after it."""
        reaches = []
        cause: Cause = "re-match"
        for subject, row in batch.rows.items():
            old = before.get(subject)
            type_ = row.type if row else old.type if old else ""
            if type_ not in _DIRECTORY:
                continue
            if type_ == DECISION:
                cause = "decision"
            reaches.append(self._reach(subject, type_))
            self._put(subject, type_, row.value if row else None)
            batch.undo.append(lambda s=subject, t=type_, o=old: self._put(s, t, o.value if o else None))  # type: ignore[misc]
            reaches.append(self._reach(subject, type_))
        if not reaches:
            return
        reach = Reach.of(reaches)
        # These are matched with the batch itself. A stale fact is not among them: its mention must be matched again.
        own = {row.num for row in batch.rows.values() if row}
        own |= {before[subject].num for subject in batch.rows if subject in before}
        batch.unmatched = dict.fromkeys((num for num in self._reached(reach) if num not in own), cause)
        batch.touched = dict.fromkeys(reach.subjects | reach.profiles, cause)
        batch.watch = [(key, self._watched(key)) for key in sorted(reach.keys) if is_identity_key(key)]

    def _reach(self, subject: str, type_: str) -> Reach:
        if type_ == CONTACT:
            return self.directory.reach_of_contact(subject)
        if type_ == ACCOUNT:
            return self.directory.reach_of_account(subject)
        if type_ == HOLDING:
            return self.directory.reach_of_holding(subject)
        if type_ == PURCHASE:
            return self.directory.reach_of_purchase(subject)
        return self.directory.reach_of_decision(subject)

    def _reached(self, reach: Reach) -> set[int]:
        """Return the numbers of the stored mentions that a reach touches; some more than need be."""
        nums = {
            num for (num,) in self._select_in("SELECT mention FROM ledger_keys WHERE key IN ({})", sorted(reach.keys))
        }
        for phrase in reach.phrases:
            query = " AND ".join(f'"{token}"' for token in phrase)
            found = self._connection.execute(
                "SELECT rowid FROM ledger_postings WHERE ledger_postings MATCH ?", (query,)
            )
            nums.update(num for (num,) in found)
        linked = self._select_in("SELECT mention FROM ledger_links WHERE subject IN ({})", sorted(reach.subjects))
        nums.update(num for (num,) in linked)
        single = self._select_in("SELECT num FROM ledger_facts WHERE subject IN ({})", sorted(reach.mentions))
        nums.update(num for (num,) in single)
        return nums

    def _watched(self, key: str) -> Identity | None:
        """Return the identity as enrichers watch for it, without times; None when nobody claims it any more."""
        for owner in self.directory.owners(key):
            for identity in self.directory.watched(owner):
                if identity.key == key:
                    return identity
        return None

    def _match_row(self, batch: _Batch, old: Row | None, row: Row | None, cause: Cause) -> None:
        """Match a mention that is new, changed or gone; nothing to do for other facts."""
        if (row or old) is None or (row.type if row else old.type if old else "") != MENTION:
            return
        if old is not None and old.value is not None:
            former = _mentions.decode(old.value)
            batch.unfiled.append((old.num, former, _at(former, old)))
            self._touch_authors(batch, former, cause)
        if row is not None and row.value is not None:
            mention = _mentions.decode(row.value)
            text = Text(mention.mention.text)
            batch.filed.append((row.num, mention, text, _at(mention, row)))
            batch.matched.append(self._match(row, mention, text, cause))
            self._touch_authors(batch, mention, cause)
        elif old is not None and old.value is not None:
            batch.removed.append(old.num)
            gone = former.mention
            remains = husk(incident_id(gone.id), gone.id, from_microseconds(old.first_seen or 0))
            document = _Document(remains.id, "incident", None, remains, cause)
            batch.matched.append(_Matched(num=old.num, incident=None, at=0, links=(), document=document))

    def _touch_authors(self, batch: _Batch, mention: EnrichedMention, cause: Cause) -> None:
        """First and last time an identity was seen are on the profiles of those who claim it."""
        batch.touched.update(dict.fromkeys(self.directory.claiming(keys_of(mention)[0]), cause))

    def _match(self, row: Row, mention: EnrichedMention, text: Text, cause: Cause) -> _Matched:
        first_seen = from_microseconds(row.first_seen or 0)
        incident = make_incident(mention, match(mention, text, self.directory), self.directory, first_seen)
        return _Matched(
            num=row.num,
            incident=incident,
            at=_at(mention, row),
            links=links_of(incident, self.directory),
            document=_Document(incident.id, "incident", incident, incident, cause),
        )

    # --- writing -----------------------------------------------------------------------------------------------------

    def commit(
        self, positions: Mapping[int, int], fates: Mapping[str, int], outputs: Sequence[ProducerRecord] = ()
    ) -> None:
        """Write the pending batch, if any, with `outputs` for the outbox, the positions and the fates: all or nothing.

        Called again with positions that are committed already, it does nothing.
        """
        batch = self._pending
        if batch is None and dict(positions) == dict(self.positions()):
            return
        version = self._version(max(positions.values(), default=0))
        with self._stored():
            documents = self._changed([m.document for m in batch.matched] if batch else [])
        with self._folder.transaction(self._connection) as connection:
            if batch is not None:
                self._write_rows(connection, batch)
                self._write_matched(connection, batch.matched)
                self._write_watch(connection, batch, version)
                connection.executemany(
                    "INSERT OR REPLACE INTO ledger_unmatched VALUES (?, ?)", sorted(batch.unmatched.items())
                )
                self._touch(connection, batch.touched)
                self._send(connection, batch.outbox)
            self._write_documents(connection, documents, version)
            self._send(connection, outputs)
            connection.executemany("INSERT OR REPLACE INTO ledger_positions VALUES (?, ?)", sorted(positions.items()))
            connection.executemany(
                "INSERT INTO ledger_fates VALUES (?, ?) ON CONFLICT (fate) DO UPDATE SET n = n + excluded.n",
                sorted(fates.items()),
            )
            connection.execute("DELETE FROM ledger_last")
            connection.executemany("INSERT INTO ledger_last VALUES (?, ?)", sorted(fates.items()))
        self._pending = None

    @contextmanager
    def following(self) -> Iterator[None]:
        """While the block runs, another one publishes: state and hashes are kept, the outbox stays as it is."""
        self._following = True
        try:
            yield
        finally:
            self._following = False

    def settle(self) -> Iterator[None]:
        """Match again what was reached, then make the touched profiles again; yields after each transaction."""
        version = self._version(max(self.positions().values(), default=0))
        unmatched = f"SELECT mention, cause FROM ledger_unmatched LIMIT {_REMATCH}"
        while left := self._rows(unmatched):
            with self._stored():
                self._rematch(dict(left), version)
            yield
        touched = f"SELECT subject, cause FROM ledger_touched LIMIT {_PROFILES}"
        while left := self._rows(touched):
            with self._stored():
                self._remake(dict(left), version)
            yield

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._stored():
            return self._connection.execute(sql, values).fetchall()

    def _rematch(self, causes: Mapping[int, Cause], version: int) -> None:
        sql = (
            "SELECT num, type, sourceversion, gone, modelversion, event, first_seen, value FROM ledger_facts "
            "WHERE num IN ({}) AND type = 'overheard.enriched-mention' AND value IS NOT NULL"
        )
        matched = []
        for num, type_, sourceversion, gone, model, event, first_seen, value in self._select_in(sql, sorted(causes)):
            row = Row(num, type_, Rank(sourceversion, bool(gone), model, event), first_seen, value)
            mention = _mentions.decode(value)
            matched.append(self._match(row, mention, Text(mention.mention.text), causes[num]))
        documents = self._changed([m.document for m in matched])
        changed = {document.id for document, _ in documents}
        with self._folder.transaction(self._connection) as connection:
            # The links are a part of the incident: where it is the same, so are they.
            self._write_matched(connection, [m for m in matched if m.document.id in changed])
            self._write_documents(connection, documents, version)
            connection.executemany("DELETE FROM ledger_unmatched WHERE mention = ?", [(num,) for num in causes])

    def _remake(self, causes: Mapping[str, Cause], version: int) -> None:
        documents = []
        for subject, cause in causes.items():
            profile = self.profile(subject)
            kind = "account" if subject.startswith("acc_") else "contact"
            remains = profile or Profile(id=subject, k="0", kind=kind, external_ids=())  # type: ignore[arg-type]
            documents.append(_Document(subject, "profile", profile, remains, cause))
        changed = self._changed(documents)
        with self._folder.transaction(self._connection) as connection:
            self._write_documents(connection, changed, version)
            connection.executemany("DELETE FROM ledger_touched WHERE subject = ?", [(subject,) for subject in causes])

    def _write_rows(self, connection: sqlite3.Connection, batch: _Batch) -> None:
        connection.executemany(
            "DELETE FROM ledger_facts WHERE subject = ?",
            [(subject,) for subject, row in batch.rows.items() if row is None],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO ledger_facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (row.num, subject, row.type, *row.rank, row.first_seen, row.value)
                for subject, row in batch.rows.items()
                if row is not None
            ],
        )
        for num, mention, at in batch.unfiled:
            connection.execute(
                "INSERT INTO ledger_postings (ledger_postings, rowid, tokens) VALUES ('delete', ?, ?)",
                (num, " ".join(Text(mention.mention.text).tokens)),
            )
            connection.executemany(
                "DELETE FROM ledger_keys WHERE key = ? AND author = ? AND at = ? AND mention = ?",
                _key_rows(num, mention, at),
            )
        connection.executemany(
            "INSERT INTO ledger_postings (rowid, tokens) VALUES (?, ?)",
            [(num, " ".join(text.tokens)) for num, _, text, _ in batch.filed],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO ledger_keys VALUES (?, ?, ?, ?)",
            [row for num, mention, _, at in batch.filed for row in _key_rows(num, mention, at)],
        )
        connection.executemany("DELETE FROM ledger_unmatched WHERE mention = ?", [(num,) for num in batch.removed])

    def _write_matched(self, connection: sqlite3.Connection, matched: Sequence[_Matched]) -> None:
        """Put the links of these mentions in the place of those they had, and touch the profiles of both."""
        causes = {one.num: one.document.cause for one in matched}
        former = list(self._select_in("SELECT mention, subject FROM ledger_links WHERE mention IN ({})", list(causes)))
        touched = {subject: causes[num] for num, subject in former}
        connection.executemany("DELETE FROM ledger_links WHERE mention = ?", {(num,) for num, _ in former})
        rows = []
        for one in matched:
            if one.incident is None:
                continue
            k, source = int(one.incident.k), one.incident.mention.source
            for x in one.links:
                touched[x.subject] = one.document.cause
                row = (x.subject, x.outcome, x.score, k, one.at, x.day, source, x.polarity, x.terms, x.summary)
                rows.append((one.num, *row))
        connection.executemany("INSERT INTO ledger_links VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._touch(connection, touched)

    def _touch(self, connection: sqlite3.Connection, causes: Mapping[str, Cause]) -> None:
        connection.executemany("INSERT OR REPLACE INTO ledger_touched VALUES (?, ?)", sorted(causes.items()))

    def _write_watch(self, connection: sqlite3.Connection, batch: _Batch, version: int) -> None:
        ids = [f"identity/{key}" for key, _ in batch.watch]
        known = dict(self._known(ids))
        records = []
        for (_, identity), id_ in zip(batch.watch, ids, strict=True):
            if identity is None:
                if id_ in known:
                    records.append(ProducerRecord("watch", id_, None))
                    connection.execute("DELETE FROM ledger_documents WHERE id = ?", (id_,))
            elif known.get(id_) != (hash_ := _hash(identity)):
                event = event_for(
                    identity, subject=id_, source=SOURCE, time=self._clock(), sourceversion=version, cause="live"
                )
                records.append(ProducerRecord("watch", id_, encode(event)))
                connection.execute("INSERT OR REPLACE INTO ledger_documents VALUES (?, ?, ?)", (id_, version, hash_))
        self._send(connection, records)

    def _known(self, ids: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Return (id, hash) of those documents that are published."""
        return self._select_in("SELECT id, hash FROM ledger_documents WHERE id IN ({})", ids)

    def _changed(self, documents: Sequence[_Document]) -> list[tuple[_Document, bytes]]:
        """Return the documents that differ from what was last published, each with its hash; b"" for those gone."""
        known = dict(self._known([document.id for document in documents]))
        changed = []
        for document in documents:
            hash_ = _hash(document.record) if document.record is not None else b""
            if known.get(document.id, b"") != hash_:
                changed.append((document, hash_))
        return changed

    def _write_documents(
        self, connection: sqlite3.Connection, documents: Sequence[tuple[_Document, bytes]], version: int
    ) -> None:
        if not self._following:
            self._send(connection, self._records_of(documents, version))
        published = [(document.id, version, hash_) for document, hash_ in documents if document.record is not None]
        connection.executemany("INSERT OR REPLACE INTO ledger_documents VALUES (?, ?, ?)", published)
        gone_ids = [(document.id,) for document, _ in documents if document.record is None]
        connection.executemany("DELETE FROM ledger_documents WHERE id = ?", gone_ids)

    def _records_of(self, documents: Sequence[tuple[_Document, bytes]], version: int) -> list[ProducerRecord]:
        """Return what tells of changed documents: each with its version, and the change. Create where none stands."""
        now = self._clock()
        known = {id_ for id_, _ in self._known([document.id for document, _ in documents])}
        records = []
        for document, _ in documents:
            gone = document.record is None
            event = event_for(
                document.remains,
                subject=document.id,
                source=SOURCE,
                time=now,
                verb="Delete" if gone else "Update" if document.id in known else "Create",
                sourceversion=version,
                cause=document.cause,
            )
            records.append(ProducerRecord("documents", document.id, encode(event)))
            change = Change(
                id=document.id,
                kind=document.kind,  # type: ignore[arg-type]
                what="deleted" if gone else "written",
                version=version,
                cause=document.cause,
            )
            event = event_for(
                change, subject=document.id, source=SOURCE, time=now, sourceversion=version, cause=document.cause
            )
            records.append(ProducerRecord("changes", document.id, encode(event)))
        return records

    def _send(self, connection: sqlite3.Connection, records: Iterable[ProducerRecord]) -> None:
        if self._following:
            return
        connection.executemany(
            "INSERT INTO ledger_outbox (topic, key, value) VALUES (?, ?, ?)",
            [(record.topic, record.key, record.value) for record in records],
        )

    def outbox(self, limit: int) -> tuple[int, list[ProducerRecord]]:
        """Return (number of the last, the oldest records not yet published, up to `limit`); (0, []) for none."""
        rows = self._rows("SELECT seq, topic, key, value FROM ledger_outbox ORDER BY seq LIMIT ?", (limit,))
        return (rows[-1][0] if rows else 0), [ProducerRecord(topic, key, value) for _, topic, key, value in rows]

    def published(self, last: int) -> None:
        """Clear the outbox up to number `last`: the log has it."""
        with self._folder.transaction(self._connection) as connection:
            connection.execute("DELETE FROM ledger_outbox WHERE seq <= ?", (last,))

    def empty_outbox(self) -> None:
        """Throw away what was to be published: somebody else has published it."""
        if self._rows("SELECT 1 FROM ledger_outbox LIMIT 1"):
            with self._folder.transaction(self._connection) as connection:
                connection.execute("DELETE FROM ledger_outbox")

    def _version(self, next_offset: int) -> int:
        return (self._epoch << 48) | next_offset

    # --- reading -----------------------------------------------------------------------------------------------------

    def positions(self) -> dict[int, int]:
        """Return the next offset of `facts` to read by partition; empty at the very start."""
        return dict(self._rows("SELECT part, next FROM ledger_positions"))

    def position(self) -> int:
        """Return the next offset of `facts` to read, which has one partition; 0 at the very start."""
        return self.positions().get(0, 0)

    def level(self) -> datetime | None:
        """Return when this ledger last had read all that there was, as far as `keep_level` was told; None for never."""
        rows = self._rows("SELECT at FROM ledger_level")
        return from_microseconds(rows[0][0]) if rows else None

    def keep_level(self, at: datetime) -> None:
        """Remember that this ledger had read all that there was at `at`."""
        with self._folder.transaction(self._connection) as connection:
            connection.execute("INSERT OR REPLACE INTO ledger_level VALUES (0, ?)", (microseconds(at),))

    def last_fates(self) -> dict[str, int]:
        """Return how many facts of the newest batch met each fate."""
        return dict(self._rows("SELECT fate, n FROM ledger_last"))

    def unsettled(self) -> int:
        """Return how many incidents and profiles are left to settle."""
        sql = "SELECT (SELECT count(*) FROM ledger_unmatched) + (SELECT count(*) FROM ledger_touched)"
        return int(self._rows(sql)[0][0])

    def profile(self, subject: str) -> Profile | None:
        """Return the profile of a contact or account, computed now from its links; None where there is none."""
        with self._stored():
            return self._profile(subject)

    def _profile(self, subject: str) -> Profile | None:
        claims = self.directory.claims(subject)
        seen = {identity.key: times for identity in claims if (times := self._seen(identity.key))}
        read = self._connection.execute
        if read("SELECT 1 FROM ledger_links WHERE subject = ? LIMIT 1", (subject,)).fetchone() is None:
            return make_profile(subject, self.directory, claims, seen=seen)
        groups = read(
            "SELECT day, source, polarity, terms, count(*) FROM ledger_links WHERE subject = ? AND outcome = 'linked' "
            "GROUP BY day, source, polarity, terms",
            (subject,),
        ).fetchall()
        (candidates,) = read(
            "SELECT count(*) FROM ledger_links WHERE subject = ? AND outcome = 'candidate'", (subject,)
        ).fetchone()
        first = read(
            "SELECT at FROM ledger_links WHERE subject = ? AND outcome = 'linked' ORDER BY k LIMIT 1", (subject,)
        ).fetchone()
        newest = read(
            "SELECT at, summary FROM ledger_links WHERE subject = ? AND outcome = 'linked' ORDER BY k DESC LIMIT ?",
            (subject, LAST),
        ).fetchall()
        waiting = read(
            "SELECT summary FROM ledger_links WHERE subject = ? AND outcome = 'candidate' "
            "ORDER BY score DESC, k DESC LIMIT ?",
            (subject, WAITING),
        ).fetchall()
        counts = Counts(
            groups=groups,
            candidates=candidates,
            first=from_microseconds(first[0]) if first else None,
            last=from_microseconds(newest[0][0]) if newest else None,
        )
        last = tuple(_summaries.decode(summary) for _, summary in newest)
        best = tuple(_summaries.decode(summary) for (summary,) in waiting)
        return make_profile(subject, self.directory, claims, counts, last=last, waiting=best, seen=seen)

    def _seen(self, key: str) -> tuple[datetime, datetime] | None:
        """Return when an identity was first and last an author's, by when its mentions were said."""
        sql = "SELECT at FROM ledger_keys WHERE key = ? AND author = 1 ORDER BY at {} LIMIT 1"
        first = self._connection.execute(sql.format("ASC"), (key,)).fetchone()
        if first is None:
            return None
        last = self._connection.execute(sql.format("DESC"), (key,)).fetchone()
        return from_microseconds(first[0]), from_microseconds(last[0])


def _at(mention: EnrichedMention, row: Row) -> int:
    return microseconds(when_of(mention, from_microseconds(row.first_seen or 0)))


def _key_rows(num: int, mention: EnrichedMention, at: int) -> list[tuple[str, int, int, int]]:
    author, linked = keys_of(mention)
    return [(key, 1, at, num) for key in author] + [(key, 0, at, num) for key in linked]


def _hash(record: Record) -> bytes:
    return hashlib.blake2b(_encoder.encode(record), digest_size=16).digest()


def _fate(incident: Incident) -> str:
    outcomes = {party.outcome for party in incident.parties}
    return "linked" if "linked" in outcomes else "candidate" if "candidate" in outcomes else "unlinked"


def _watch_key(fact: Fact) -> str:
    return fact.subject if fact.event and fact.event.type in WATCHED else ""
