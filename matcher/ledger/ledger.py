"""The ledger: the one owner of contacts, accounts, decisions, incidents, links and profiles, in SQLite.

    apply(facts)   fold, directory, stores, match: in memory and by reading only  ─▶ a batch, pending
    commit(...)    the batch, its outbox, position and fates: one transaction
    settle()       what a contact, account or decision reached is matched again, then each touched profile is made
                   again, in short transactions; what is left is on disk, so a killed worker goes on with it
    outbox()       what is to be published; cleared when the log has it

Most of its tables belong to stores, each of which reads, takes what waits, and writes it in the ledger's transaction:
`filing` (where mentions are found again), `observed` (what profiles showed), `events` (which mentions are of one
happening), `versions` (what edited mentions said before), `links` (who has a part in what), `senses` (what was said of
the terms that mentions hit), `publishing` (documents, changes, outbox).

Once settled, the state and the hashes of what is published are a function of the facts up to the position, however
they were cut into batches. So a ledger may follow another's facts (`following`: nothing goes to the outbox) and take
over from it; only the versions of documents depend on the batches, and those are told (`overheard.matcher.standby`).

Version of a document = epoch << 48 | next offset of `facts`: the state after that offset. Offsets below 2**48 and
epochs below 2**15 keep it below 2**63.
"""

import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from overheard.errors import FolderDamagedError
from overheard.folder import Folder, storage_errors
from overheard.log.base import ProducerRecord
from overheard.matcher.authors import identities_of_author
from overheard.matcher.events import events
from overheard.matcher.events.events import Events, Filed
from overheard.matcher.identity.directory import Directory, Reach, is_identity_key
from overheard.matcher.identity.identitymap import IdentityMap
from overheard.matcher.incidents import Links, husk, links_of, make_incident, when_of
from overheard.matcher.ledger import filing, links, observed, publishing, reading, senses, versions
from overheard.matcher.ledger.facts import (
    ACCOUNT,
    CONTACT,
    DECISION,
    EPOCHS,
    HOLDING,
    MENTION,
    PURCHASE,
    SUPPRESSION,
    WATCHED,
    Fact,
    Rank,
    from_microseconds,
    microseconds,
)
from overheard.matcher.ledger.filing import Filing, places_of
from overheard.matcher.ledger.links import LinkStore
from overheard.matcher.ledger.observed import Observed
from overheard.matcher.ledger.publishing import Document, Publishing
from overheard.matcher.ledger.rows import select_in
from overheard.matcher.ledger.senses import Senses
from overheard.matcher.ledger.versions import Versions
from overheard.matcher.match import match
from overheard.matcher.names.text import Text
from overheard.matcher.profiles import IDENTITIES, make_profile
from overheard.matcher.senses import told
from overheard.records import (
    EPOCH_SUBJECT,
    Account,
    Cause,
    Contact,
    Decision,
    EnrichedMention,
    Holding,
    Identity,
    Incident,
    Profile,
    Purchase,
    Suppression,
    Version,
    incident_id,
    is_tombstone_of,
    sort_key,
)
from overheard.suppression import Suppressions

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS ledger_facts (
    num INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, type TEXT NOT NULL, sourceversion INTEGER NOT NULL,
    gone INTEGER NOT NULL, modelversion INTEGER NOT NULL, event TEXT NOT NULL, first_seen INTEGER, value BLOB);
CREATE INDEX IF NOT EXISTS ledger_directory ON ledger_facts (type) WHERE type <> 'overheard.enriched-mention';
CREATE TABLE IF NOT EXISTS ledger_unmatched (mention INTEGER PRIMARY KEY, cause TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_touched (subject TEXT PRIMARY KEY, cause TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_positions (part INTEGER PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_fates (fate TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_last (fate TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_epoch (one INTEGER PRIMARY KEY CHECK (one = 0), epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_level (one INTEGER PRIMARY KEY CHECK (one = 0), at INTEGER NOT NULL);
{events.SCHEMA}
{filing.SCHEMA}
{links.SCHEMA}
{observed.SCHEMA}
{publishing.SCHEMA}
{reading.SCHEMA};
{senses.SCHEMA}
{versions.SCHEMA}
"""

# What a ledger forgets that begins anew; of which epoch it is stays.
_TABLES = tuple(set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", _SCHEMA)) - {"ledger_epoch"})

# What is learned and how the ledger files it: name keys and their tables, rarity, buckets of near-duplicates, the
# calibration of scores, the columns of links. Whoever changes one of these raises it: the ledger then begins anew from
# the first fact.
EPOCH = 6

# Incidents matched again and profiles made again in one transaction: some 30 ms each.
_REMATCH = 64
_PROFILES = 32

# The lists of many contacts and the postings of many words are written here and there; SQLite's own 2 MB are too few.
_CACHE_KB = 32_768

_BEFORE_ALL = Rank(-1, True, -1, "")  # of what is known of a mention before any of its facts was read

_DIRECTORY = (CONTACT, ACCOUNT, HOLDING, PURCHASE, DECISION)  # facts that the directory holds

_log = logging.getLogger(__name__)
_mentions = msgspec.json.Decoder(EnrichedMention)
_encoder = msgspec.json.Encoder(order="deterministic")


class Row(NamedTuple):
    """The newest revision of a fact. `first_seen` (µs) is the earliest of all revisions; None for what is no mention.

    `value` is the JSON of its data; None when gone.
    """

    num: int
    type: str
    rank: Rank
    first_seen: int | None
    value: bytes | None


class _Mentioned(NamedTuple):
    """A mention that stands, with what is made of it once; `at` is when it was said, in µs since 1970."""

    row: Row
    mention: EnrichedMention
    text: Text
    authors: tuple[str, ...]
    first_seen: datetime
    k: int
    at: int

    @classmethod
    def of(cls, row: Row, mention: EnrichedMention) -> "_Mentioned":
        said = mention.mention
        first_seen = from_microseconds(row.first_seen or 0)
        return cls(
            row=row,
            mention=mention,
            text=Text(said.text),
            authors=identities_of_author(said.attributed_to, said.channel) if said.attributed_to is not None else (),
            first_seen=first_seen,
            k=sort_key(said.id, said.published, first_seen),
            at=microseconds(when_of(mention, first_seen)),
        )


@dataclass(frozen=True, slots=True)
class _Matched:
    """A mention with its match, ready to be written. `incident` None: the mention is gone."""

    incident: Incident | None
    links: links.Row
    document: Document
    senses: senses.Row


@dataclass
class _Batch:
    """What `apply` found, until `commit` writes it."""

    rows: dict[str, Row | None] = field(default_factory=dict)
    standing: dict[int, _Mentioned] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    matched: list[_Matched] = field(default_factory=list)
    unmatched: dict[int, Cause] = field(default_factory=dict)
    anew: bool = False  # every document is to be made and published again
    touched: dict[str, Cause] = field(default_factory=dict)
    outbox: list[ProducerRecord] = field(default_factory=list)
    watch: list[tuple[str, Identity | None]] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)


class Ledger:
    """The matcher's state in a folder. One owner; one thread at a time.

    A folder whose ledger is of an older epoch (`EPOCH`) is read anew from the first fact that the log has kept; its
    documents come out in higher versions. `clock` dates the documents' envelopes; `secret` gives the key of the
    list of erased people, asked for when the first of them comes (`overheard.suppression`). Every method may raise what
    `overheard.folder.storage_errors` does, and ConfigError where that key is missing or another one.
    """

    def __init__(
        self,
        folder: Folder,
        *,
        epoch: int = EPOCH,
        clock: Callable[[], datetime],
        secret: Callable[[], bytes] = bytes,
    ) -> None:
        self._folder = folder
        self._epoch = epoch
        self._secret = secret
        self._connection = folder.connect()
        self._filing = Filing(self._connection)
        self._links = LinkStore(self._connection)
        self._senses = Senses(self._connection)
        self._publishing = Publishing(self._connection, clock)
        self._versions = Versions(self._connection)
        self._pending: _Batch | None = None
        try:
            with folder.transaction(self._connection) as connection:
                _create(connection)
            with self._stored():
                self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
                self._begin_epoch()
                self._begin()
                self._load()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Begin with an empty directory, and what is on disk."""
        self.directory = Directory()
        self._suppressions = Suppressions(self._secret)
        self._observed = Observed(self._connection)
        self._identities = IdentityMap(self.directory, self._observed)
        self._events = Events(self._connection, self.directory.decisions, stored=self._filed, number=self._number_of)
        self._next = 1

    def _begin_epoch(self) -> None:
        """Throw away what an older epoch left, but for the place from which facts are read: the first."""
        read = self._connection.execute
        known = read("SELECT epoch FROM ledger_epoch").fetchone()
        if known == (self._epoch,):
            return
        began = read("SELECT 1 FROM ledger_positions LIMIT 1").fetchone() is not None
        if began:
            _log.warning(
                "%s: the matcher's ledger is of epoch %d, this program's is %d: all facts are read anew",
                self._folder.database,
                known[0] if known else 0,
                self._epoch,
            )
        # In one transaction: without its place a ledger would go on where the group stands, and never see these facts.
        with self._folder.transaction(self._connection) as connection:
            if began:
                # The tables themselves, too: another epoch may have other columns and indexes.
                for table in _TABLES:
                    connection.execute(f"DROP TABLE {table}")
                _create(connection)
                self._empty(connection)
                connection.execute("INSERT INTO ledger_positions VALUES (0, 0)")
            connection.execute("INSERT OR REPLACE INTO ledger_epoch VALUES (0, ?)", (self._epoch,))

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
        loaded = (*_DIRECTORY, SUPPRESSION)
        marks = ", ".join("?" * len(loaded))
        rows = self._connection.execute(
            f"SELECT subject, type, value FROM ledger_facts WHERE type IN ({marks}) AND value IS NOT NULL",
            loaded,
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
            self._empty(connection)
        self._begin()

    def recall(self, incidents: Sequence[Incident]) -> None:
        """Take what documents know of posts that were edited; for a ledger that begins anew, before its first fact.

        Each stands as a mention that was there and is gone, older than any revision, until the facts tell of it.
        """
        with self._folder.transaction(self._connection) as connection:
            for incident in incidents:
                said = incident.mention
                row = (self._number(), said.id, MENTION, *_BEFORE_ALL, microseconds(said.first_seen), None)
                connection.execute(
                    "INSERT INTO ledger_facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row
                )
                (num,) = connection.execute("SELECT num FROM ledger_facts WHERE subject = ?", (said.id,)).fetchone()
                self._versions.recall(connection, num, incident)

    @staticmethod
    def _empty(connection: sqlite3.Connection) -> None:
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")
        connection.execute("INSERT INTO ledger_postings (ledger_postings) VALUES ('delete-all')")

    def forget(self) -> None:
        """Forget what was applied and not committed."""
        if self._pending is not None:
            for undo in reversed(self._pending.undo):
                undo()
            self._drop_waiting()
            self._pending = None

    def _drop_waiting(self) -> None:
        for store in (self._filing, self._observed, self._events, self._versions):
            store.forget()

    def _apply(self, facts: Sequence[Fact], batch: _Batch) -> Counter[str]:
        before = self._revisions({fact.subject for fact in facts})
        causes: dict[str, Cause] = {}
        fates: Counter[str] = Counter()
        decoded: dict[str, EnrichedMention] = {}
        mentioned: list[str] = []  # the subject of each record that made a mention's newest revision, in its time
        applied: list[str] = []  # the same for everything else
        for fact in facts:
            current = batch.rows[fact.subject] if fact.subject in batch.rows else before.get(fact.subject)
            new = self._newer(fact, current, before.get(fact.subject))
            if new is not current:
                batch.rows[fact.subject] = new
                causes[fact.subject] = fact.event.cause if fact.event else "live"
            is_new = new is None or current is None or new.rank != current.rank
            if current is not None and current.type == MENTION:
                self._see_version(fact, current, new)
            if new is current or not is_new:
                fates["stale"] += 1
            elif new is None or new.value is None:
                fates["deleted"] += 1
            elif new.type == MENTION and fact.event:
                mentioned.append(fact.subject)
                decoded[fact.subject] = fact.event.data
            else:
                applied.append(fact.subject)
                if new.type in WATCHED and fact.event:
                    batch.outbox.append(ProducerRecord("watch", _watch_key(fact), fact.value))
            if new is not current and fact.event and (new is None or new.value is None) and _watch_key(fact):
                batch.outbox.append(ProducerRecord("watch", _watch_key(fact), None))
            if new is not None and new.type == EPOCHS:
                batch.anew |= current is None or current.rank.sourceversion < new.rank.sourceversion
        suppressed = self._suppress(batch, before, decoded, causes)
        reach, cause = self._put_directory(batch, before)
        found = self._file(batch, before, decoded, causes)
        self._spread(batch, before, reach, cause)
        self._identities.prefetch(key for one in found.values() for key in one.authors)
        known = {one.row.num for subject, one in found.items() if subject in before}
        edited = self._versions.of(known | self._versions.changed())
        batch.matched += [self._match(one, causes[subject], edited) for subject, one in found.items()]
        outcomes = {m.incident.mention.id: _fate(m.incident) for m in batch.matched if m.incident}
        outcomes |= dict.fromkeys(suppressed, "suppressed")
        fates.update(outcomes.get(subject, "deleted") for subject in mentioned)
        fates.update(outcomes.get(subject, "applied") for subject in applied)
        return fates

    def _newer(self, fact: Fact, current: Row | None, stored: Row | None) -> Row | None:
        """Return the revision that holds after a fact: `current` itself where nothing changes, None when gone.

        What is gone and comes again in one batch keeps its number (`stored` has it), under which stores know it.
        """
        event = fact.event
        if event is None:
            return None
        is_mention = isinstance(event.data, EnrichedMention)
        seen = microseconds(event.data.mention.first_seen) if is_mention else None
        if current is not None and current.first_seen is not None and seen is not None:
            seen = min(seen, current.first_seen)
        rank = fact.rank
        if current is not None and rank <= current.rank:
            return current if seen == current.first_seen else current._replace(first_seen=seen)
        known = current or stored
        return Row(
            num=known.num if known else self._number(),
            type=event.type,
            rank=rank,
            first_seen=seen,
            value=None if is_tombstone_of(event) else _encoder.encode(event.data),
        )

    def _see_version(self, fact: Fact, current: Row, new: Row | None) -> None:
        """Keep what a mention said in the revision that gives way to another one, or comes late; none that is gone."""
        late = new is not None and new.rank == current.rank
        if new is None or (new.value is None and not late):
            self._versions.take(current.num)
        elif fact.event is None or new.value is None or fact.rank.sourceversion == current.rank.sourceversion:
            return  # it is gone anyway, or the same text was enriched again
        elif late:
            self._versions.see(current.num, fact.rank, fact.event.data)
        else:
            former = _mentions.decode(current.value) if current.value is not None else None
            self._versions.see(current.num, current.rank, former)

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
            for row in select_in(self._connection, sql, sorted(subjects))
        }

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
        elif type_ == SUPPRESSION:
            if value:
                self._suppressions.put(msgspec.json.decode(value, type=Suppression))
            else:
                self._suppressions.take_out(subject.rpartition("/")[2])

    def _reach(self, subject: str, type_: str, claimants: set[str]) -> list[Reach]:
        """Return what a record reaches now, with the identities of those claimants who are not in the set yet.

        Once a batch is enough: what else changes whose an identity is reaches that identity by itself.
        """
        reach = self._reach_of(subject, type_)
        new = reach.claimants - claimants
        claimants |= new
        return [reach, Reach(joined=self.directory.keys_of(new))] if new else [reach]

    def _reach_of(self, subject: str, type_: str) -> Reach:
        if type_ == CONTACT:
            return self.directory.reach_of_contact(subject)
        if type_ == ACCOUNT:
            return self.directory.reach_of_account(subject)
        if type_ == HOLDING:
            return self.directory.reach_of_holding(subject)
        if type_ == PURCHASE:
            return self.directory.reach_of_purchase(subject)
        return self.directory.reach_of_decision(subject)

    def _suppress(
        self,
        batch: _Batch,
        before: dict[str, Row],
        decoded: Mapping[str, EnrichedMention],
        causes: dict[str, Cause],
    ) -> set[str]:
        """Empty the rows of those who were erased, whichever came first; return their subjects."""
        new = [subject for subject, row in batch.rows.items() if row and row.type == SUPPRESSION and row.value]
        for subject in new:
            self._put(subject, SUPPRESSION, batch.rows[subject].value)  # type: ignore[union-attr]
            batch.undo.append(lambda s=subject: self._put(s, SUPPRESSION, None))  # type: ignore[misc]
        if not self._suppressions:
            return set()
        self._versions.suppress(self._suppressions.is_suppressed, stored=bool(new))
        if new:
            for subject, stored in self._stored_of_suppressed():
                before.setdefault(subject, stored)
                batch.rows.setdefault(subject, stored)
                causes.setdefault(subject, "decision")
        found = set()
        for subject, row in batch.rows.items():
            if row is not None and row.value is not None and self._is_suppressed(row, decoded.get(subject)):
                batch.rows[subject] = row._replace(value=None)
                found.add(subject)
        return found

    def _is_suppressed(self, row: Row, mention: EnrichedMention | None) -> bool:
        if row.type == MENTION and row.value is not None:
            said = mention or _mentions.decode(row.value)
            return self._suppressions.covers_mention(said.mention)
        if row.type == CONTACT and row.value is not None:
            return self._suppressions.covers_contact(msgspec.json.decode(row.value, type=Contact))
        return False

    def _stored_of_suppressed(self) -> list[tuple[str, Row]]:
        """Return the stored contacts and mentions of those who were erased: a look over all of them, which is rare."""
        covers = self._suppressions
        ids = [id_ for id_, contact in self.directory.contacts.items() if covers.covers_contact(contact)]
        # Of those filed under a key, some merely link to it: each is looked at again.
        keys = [key for key in self._filing.all_keys() if covers.is_suppressed(key)]
        sql = "SELECT subject FROM ledger_facts WHERE num IN ({})"
        ids += [id_ for (id_,) in select_in(self._connection, sql, sorted(self._filing.under(keys)))]
        sql = "SELECT subject FROM ledger_facts WHERE type = 'overheard.enriched-mention' AND value IS NOT NULL"
        ids += [id_ for (id_,) in self._connection.execute(sql) if covers.is_suppressed(id_)]
        return sorted(self._revisions(ids).items())

    def _put_directory(self, batch: _Batch, before: Mapping[str, Row]) -> tuple[Reach, Cause]:
        """Change the directory; return whom that reaches, before the change and after it, and why."""
        reaches: list[Reach] = []
        claimants: set[str] = set()
        cause: Cause = "re-match"
        for subject, row in batch.rows.items():
            old = before.get(subject)
            type_ = row.type if row else old.type if old else ""
            if type_ not in _DIRECTORY:
                continue
            if type_ == DECISION:
                cause = "decision"
            reaches += self._reach(subject, type_, claimants)
            self._put(subject, type_, row.value if row else None)
            batch.undo.append(lambda s=subject, t=type_, o=old: self._put(s, t, o.value if o else None))  # type: ignore[misc]
            reaches += self._reach(subject, type_, claimants)
        return Reach.of(reaches), cause

    def _spread(self, batch: _Batch, before: Mapping[str, Row], reach: Reach, cause: Cause) -> None:
        """Note which stored mentions, profiles and watched identities the batch reaches beyond its own."""
        self._events.decided(reach.mentions)
        joined = self._observed.changed()
        keys = reach.keys | joined
        if reach.joined:  # what somebody's own identities are stays as it is, whatever is joined with them
            keys |= self._observed.hull(reach.joined) - reach.joined
        if reach.authors:
            keys |= self._observed.keys()
        reached = self._reached(replace(reach, keys=keys))
        # These are matched with the batch itself. A stale fact is not among them: its mention must be matched again.
        own = {row.num for row in batch.rows.values() if row}
        own |= {before[subject].num for subject in batch.rows if subject in before}
        batch.unmatched = dict.fromkeys(reached - own, cause)
        batch.unmatched.update(dict.fromkeys((self._events.changed() | self._versions.changed()) - own, cause))
        batch.touched.update(dict.fromkeys(reach.subjects | reach.profiles, cause))
        batch.touched.update(dict.fromkeys(self.directory.claiming(keys), cause))
        batch.watch = self._identities.watched(key for key in sorted(keys) if is_identity_key(key))

    def _reached(self, reach: Reach) -> set[int]:
        """Return the numbers of the stored mentions that a reach touches; some more than need be."""
        sql = "SELECT num FROM ledger_facts WHERE subject IN ({})"
        single = {num for (num,) in select_in(self._connection, sql, sorted(reach.mentions))}
        filed = self._filing.under(reach.keys) | self._filing.holding(reach.phrases)
        nobodys = self._filing.unnamed(self.directory) if reach.authors else set()
        return single | filed | nobodys | self._links.of(reach.subjects)

    def _file(
        self,
        batch: _Batch,
        before: Mapping[str, Row],
        decoded: Mapping[str, EnrichedMention],
        causes: Mapping[str, Cause],
    ) -> dict[str, _Mentioned]:
        """Take away what each changed mention was filed under, file it anew, and return those that stand."""
        found = {}
        for subject, row in batch.rows.items():
            old = before.get(subject)
            if (row.type if row else old.type if old else "") != MENTION:
                continue
            former = _Mentioned.of(old, _mentions.decode(old.value)) if old and old.value is not None else None
            if former is not None:
                self._take_mention(batch, former, causes[subject])
            if row is not None and row.value is not None:
                one = _Mentioned.of(row, decoded.get(subject) or _mentions.decode(row.value))
                self._put_mention(batch, one, causes[subject])
                found[subject] = batch.standing[row.num] = one
            elif former is not None:
                batch.removed.append(former.row.num)
                batch.matched.append(_removed(former, causes[subject]))
        return found

    def _take_mention(self, batch: _Batch, former: _Mentioned, cause: Cause) -> None:
        num, said = former.row.num, former.mention.mention
        self._filing.take(num, places_of(said, former.text), former.at)
        self._observed.take(num, said, former.at)
        self._events.unfile(num, said, former.k, former.text.tokens)
        self._touch_authors(batch, former, cause)

    def _put_mention(self, batch: _Batch, one: _Mentioned, cause: Cause) -> None:
        num, said = one.row.num, one.mention.mention
        self._filing.file(num, places_of(said, one.text), one.at)
        self._observed.put(num, said, one.at)
        self._events.file(num, said, one.k, one.text.tokens)
        self._touch_authors(batch, one, cause)

    def _filed(self, num: int) -> Filed:
        """Return a mention of the batch or on disk, as events need it."""
        batch = self._pending
        one = batch.standing.get(num) if batch else None
        if one is None:
            (one,) = self._stored_mentions([num])
        return Filed(one.mention.mention.id, one.k, one.text.tokens, not one.mention.mention.channel)

    def _number_of(self, mention: str) -> int | None:
        """Return the number of a mention that stands, in the batch or on disk."""
        if self._pending is not None and mention in self._pending.rows:
            row = self._pending.rows[mention]
            return row.num if row is not None and row.type == MENTION and row.value is not None else None
        sql = (
            "SELECT num FROM ledger_facts WHERE subject = ? AND type = 'overheard.enriched-mention' "
            "AND value IS NOT NULL"
        )
        found = self._connection.execute(sql, (mention,)).fetchone()
        return int(found[0]) if found else None

    def _touch_authors(self, batch: _Batch, one: _Mentioned, cause: Cause) -> None:
        """First and last time an identity was seen are on the profiles of those who claim it."""
        batch.touched.update(dict.fromkeys(self.directory.claiming(one.authors), cause))

    def _match(self, one: _Mentioned, cause: Cause, edited: Mapping[int, Sequence[Version]]) -> _Matched:
        found = match(one.mention, one.text, self.directory, self._identities)
        event, before = self._events.of(one.row.num), edited.get(one.row.num, ())
        incident = make_incident(one.mention, found, self.directory, one.first_seen, event, before=before)
        source = incident.mention.source
        return _Matched(
            incident=incident,
            links=links.Row(one.row.num, int(incident.k), one.at, source, links_of(incident, self.directory)),
            document=Document(incident.id, "incident", incident, incident, cause, mention=one.row.num),
            senses=senses.Row(one.row.num, told(one.mention, self.directory.decisions.history(one.mention.mention.id))),
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
            matched = [m.document for m in batch.matched] if batch else []
            documents = self._publishing.changed(matched, anew=batch is not None and batch.anew)
        with self._folder.transaction(self._connection) as connection:
            if batch is not None:
                self._write_rows(connection, batch)
                if batch.anew:
                    self._begin_anew(connection, batch, version)
                touched = self._write_links(connection, batch.matched)
                self._write_senses(connection, batch.matched, version)
                self._touch(connection, {**touched, **batch.touched})
                self._publishing.watch(connection, batch.watch, version)
                connection.executemany(
                    "INSERT OR REPLACE INTO ledger_unmatched VALUES (?, ?)", sorted(batch.unmatched.items())
                )
                self._publishing.send(connection, batch.outbox)
            self._publishing.write(connection, documents, version)
            self._publishing.send(connection, outputs)
            connection.executemany("INSERT OR REPLACE INTO ledger_positions VALUES (?, ?)", sorted(positions.items()))
            connection.executemany(
                "INSERT INTO ledger_fates VALUES (?, ?) ON CONFLICT (fate) DO UPDATE SET n = n + excluded.n",
                sorted(fates.items()),
            )
            connection.execute("DELETE FROM ledger_last")
            connection.executemany("INSERT INTO ledger_last VALUES (?, ?)", sorted(fates.items()))
        # Only now: where the disk was full, the same batch is written again.
        self._drop_waiting()
        self._pending = None

    @contextmanager
    def following(self) -> Iterator[None]:
        """While the block runs, another one publishes: state and hashes are kept, the outbox stays as it is."""
        self._publishing.following = True
        try:
            yield
        finally:
            self._publishing.following = False

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
        found = self._stored_mentions(sorted(causes))
        self._identities.prefetch(key for one in found for key in one.authors)
        edited = self._versions.of(one.row.num for one in found)
        matched = [self._match(one, causes[one.row.num], edited) for one in found]
        documents = self._publishing.changed([m.document for m in matched])
        changed = {one.document.id for one in documents}
        with self._folder.transaction(self._connection) as connection:
            # The links are a part of the incident: where it is the same, so are they.
            self._touch(connection, self._write_links(connection, [m for m in matched if m.document.id in changed]))
            self._write_senses(connection, matched, version)
            self._publishing.write(connection, documents, version)
            connection.executemany("DELETE FROM ledger_unmatched WHERE mention = ?", [(num,) for num in causes])

    def _stored_mentions(self, nums: Sequence[int]) -> list[_Mentioned]:
        """Return the mentions of these numbers that stand, as they are on disk."""
        sql = (
            "SELECT num, type, sourceversion, gone, modelversion, event, first_seen, value FROM ledger_facts "
            "WHERE num IN ({}) AND type = 'overheard.enriched-mention' AND value IS NOT NULL"
        )
        found = []
        for num, type_, sourceversion, gone, model, event, first_seen, value in select_in(self._connection, sql, nums):
            row = Row(num, type_, Rank(sourceversion, bool(gone), model, event), first_seen, value)
            found.append(_Mentioned.of(row, _mentions.decode(value)))
        return found

    def _remake(self, causes: Mapping[str, Cause], version: int) -> None:
        persons = {subject: self._seen_under(subject) for subject in causes}
        documents = []
        for subject, cause in causes.items():
            profile = None if persons[subject] else self._profile(subject)
            kind = "account" if subject.startswith("acc_") else "contact"
            remains = profile or Profile(id=subject, k="0", kind=kind, external_ids=())  # type: ignore[arg-type]
            documents.append(Document(subject, "profile", profile, remains, cause))
        changed = self._publishing.changed(documents)
        with self._folder.transaction(self._connection) as connection:
            moved = self._publishing.join(connection, persons, causes)
            self._publishing.write(connection, changed, version, moved)
            connection.executemany("DELETE FROM ledger_touched WHERE subject = ?", [(subject,) for subject in causes])

    def _seen_under(self, subject: str) -> str:
        """Return the person whose profile shows this record; "" where it is its own, or is not known."""
        person = self.directory.person_of(subject)
        return "" if person == subject else person

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
        for store in (self._filing, self._observed, self._events, self._versions):
            store.write(connection)
        connection.executemany("DELETE FROM ledger_unmatched WHERE mention = ?", [(num,) for num in batch.removed])

    def _write_links(self, connection: sqlite3.Connection, matched: Sequence[_Matched]) -> dict[str, Cause]:
        """Put the links of these mentions in the place of those they had; return whose profiles it touches, and why."""
        causes = {one.links.mention: one.document.cause for one in matched}
        touched = self._links.put(connection, [one.links for one in matched])
        return {subject: causes[num] for subject, num in touched.items()}

    def _write_senses(self, connection: sqlite3.Connection, matched: Sequence[_Matched], version: int) -> None:
        """Keep what people say of the terms of these mentions, and publish it of those of which it changed."""
        terms = self._senses.put(connection, [one.senses for one in matched])
        self._publish_senses(connection, sorted(terms), version)

    def _publish_senses(self, connection: sqlite3.Connection, terms: Sequence[str], version: int) -> None:
        self._publishing.keep(connection, [(f"sense/{term}", self._senses.sense(term)) for term in terms], version)

    def _begin_anew(self, connection: sqlite3.Connection, batch: _Batch, version: int) -> None:
        """Publish every identity that is watched and every sense, and have every document made and published again.

        But for the mentions that this batch has matched, since one version of a document has one content and one cause.
        """
        self._publishing.forget_hashes(connection)
        own = [key for key, _ in batch.watch]
        for keys in self._publishing.watched_keys(connection, own):
            self._publishing.watch(connection, self._identities.watched(keys), version)
        self._publish_senses(connection, self._senses.terms(), version)
        standing = "SELECT {}, 're-match' FROM ledger_facts WHERE type IN ({}) AND value IS NOT NULL"
        mentions, records = standing.format("num", "?"), standing.format("subject", "?, ?")
        connection.execute(f"INSERT OR REPLACE INTO ledger_unmatched {mentions}", (MENTION,))
        matched = [(one.links.mention,) for one in batch.matched]
        connection.executemany("DELETE FROM ledger_unmatched WHERE mention = ?", matched)
        connection.execute(f"INSERT OR REPLACE INTO ledger_touched {records}", (CONTACT, ACCOUNT))

    def _touch(self, connection: sqlite3.Connection, causes: Mapping[str, Cause]) -> None:
        """Have these profiles made again, and those of the persons that people joined their records to."""
        seen_under = {self.directory.person_of(subject): cause for subject, cause in causes.items()}
        rows = sorted((seen_under | dict(causes)).items())
        connection.executemany("INSERT OR REPLACE INTO ledger_touched VALUES (?, ?)", rows)

    def outbox(self, limit: int) -> tuple[int, list[ProducerRecord]]:
        """Return (number of the last, the oldest records not yet published, up to `limit`); (0, []) for none."""
        with self._stored():
            return self._publishing.outbox(limit)

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

    def epochs(self) -> tuple[int, int]:
        """Return the epoch of this program, and the newest that `facts` has said; 0 for none."""
        told = self._rows("SELECT sourceversion FROM ledger_facts WHERE subject = ?", (EPOCH_SUBJECT,))
        return self._epoch, int(told[0][0]) if told else 0

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
        records = self.directory.records_of(subject)
        if not records:
            return None
        mapped = self._identities.map_of(subject, IDENTITIES)
        return make_profile(
            records,
            self.directory,
            [msgspec.structs.replace(one, identity=self._with_times(one.identity)) for one in mapped.identities],
            self._links.told(records),
            identity_count=mapped.total,
            conflicts=self._identities.conflicts(subject),
        )

    def _with_times(self, identity: Identity) -> Identity:
        first, last = self._filing.seen(identity.key) or (None, None)
        return msgspec.structs.replace(identity, first_seen=first, last_seen=last)


def _create(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)


def _removed(former: _Mentioned, cause: Cause) -> _Matched:
    gone, row = former.mention.mention, former.row
    remains = husk(incident_id(gone.id), gone.id, former.first_seen)
    document = Document(remains.id, "incident", None, remains, cause, mention=row.num)
    return _Matched(
        incident=None, links=links.Row(row.num, 0, 0, "", Links()), document=document, senses=senses.Row(row.num, ())
    )


def _fate(incident: Incident) -> str:
    outcomes = {party.outcome for party in incident.parties}
    return "linked" if "linked" in outcomes else "candidate" if "candidate" in outcomes else "unlinked"


def _watch_key(fact: Fact) -> str:
    return fact.subject if fact.event and fact.event.type in WATCHED else ""
