"""What the ledger has published and has yet to publish: documents with their versions, changes, the outbox."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from overheard.log.base import ProducerRecord
from overheard.matcher.ledger.rows import select_in
from overheard.records import Cause, Change, Identity, encode, event_for
from overheard.records.base import Record
from overheard.records.ids import content_hash

SOURCE = "/match"

_IDENTITY = "identity/"
_IDENTITIES = (_IDENTITY, "identity0")  # all ids that begin so: "0" comes after "/"
_WATCHED = 500

What = Literal["written", "deleted", "merged", "split", "erased"]

# What was published last, by its hash. Incidents by the number of their mention, which rises: ids are hashes, each on a
# page of its own, and pages are what a commit writes.
SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_incidents (mention INTEGER PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_documents (id TEXT PRIMARY KEY, hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_merged (id TEXT PRIMARY KEY, person TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB);
"""


class Document(NamedTuple):
    """A document as it is to be: `record` None when it is gone, `remains` what is then said of it, `gone` how.

    `mention` is the ledger's number of an incident's mention; 0 for a profile.
    """

    id: str
    kind: Literal["incident", "profile"]
    record: Record | None
    remains: Record
    cause: Cause
    gone: Literal["deleted", "erased"] = "deleted"
    mention: int = 0


class Changed(NamedTuple):
    """A document that differs from what was published last; `content` is its hash, "" of one that is gone.

    `new`: none of it was published yet.
    """

    document: Document
    content: str
    new: bool


class Moved(NamedTuple):
    """Under which profile an id was seen and is now; "" is its own."""

    before: str
    now: str
    cause: Cause


class Publishing:
    """Documents and outbox in the ledger's tables. Written in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock
        # While this one follows another, that one publishes.
        self.following = False

    def changed(self, documents: Sequence[Document], *, anew: bool = False) -> list[Changed]:
        """Return the documents that differ from what was last published; `anew`: those that do not, as well."""
        incidents = self._incidents([document.mention for document in documents if document.mention])
        known = self._known([document.id for document in documents if not document.mention])
        changed = []
        for document in documents:
            content = content_hash(document.record) if document.record is not None else ""
            former = incidents.get(document.mention, "") if document.mention else known.get(document.id, "")
            if former != content or (anew and content):
                changed.append(Changed(document, content, not former))
        return changed

    def _known(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the hashes of those profiles and identities that are published."""
        return dict(select_in(self._connection, "SELECT id, hash FROM ledger_documents WHERE id IN ({})", ids))

    def _incidents(self, mentions: Sequence[int]) -> dict[int, str]:
        """Return the hashes of the incidents of these mentions that are published."""
        sql = "SELECT mention, hash FROM ledger_incidents WHERE mention IN ({})"
        return dict(select_in(self._connection, sql, mentions))

    @staticmethod
    def forget_hashes(connection: sqlite3.Connection) -> None:
        """Have every document differ from what was last published, whatever is made of it."""
        connection.execute("UPDATE ledger_documents SET hash = '-'")
        connection.execute("UPDATE ledger_incidents SET hash = '-'")

    def write(
        self,
        connection: sqlite3.Connection,
        changed: Sequence[Changed],
        version: int,
        moved: Mapping[str, Moved] = MappingProxyType({}),
    ) -> None:
        """Write changed documents, and put them and their changes to the outbox; `moved` as `join` returned it."""
        if not self.following and (changed or moved):
            self.send(connection, self._records_of(changed, version, moved))
        for table, key, of_incidents in (("ledger_incidents", "mention", True), ("ledger_documents", "id", False)):
            own = [
                (one.document.mention or one.document.id, one.content)
                for one in changed
                if bool(one.document.mention) == of_incidents
            ]
            connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", [row for row in own if row[1]])
            gone = [(known_by,) for known_by, content in own if not content]
            connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", gone)

    def join(
        self, connection: sqlite3.Connection, persons: Mapping[str, str], causes: Mapping[str, Cause]
    ) -> dict[str, Moved]:
        """Write under which profile each id is seen ("" for its own, or none); return those that moved."""
        before = dict(select_in(connection, "SELECT id, person FROM ledger_merged WHERE id IN ({})", sorted(persons)))
        moved = {
            id_: Moved(before.get(id_, ""), now, causes[id_])
            for id_, now in persons.items()
            if before.get(id_, "") != now
        }
        for id_, one in sorted(moved.items()):
            if one.now:
                connection.execute("INSERT OR REPLACE INTO ledger_merged VALUES (?, ?)", (id_, one.now))
            else:
                connection.execute("DELETE FROM ledger_merged WHERE id = ?", (id_,))
        return moved

    def _records_of(self, changed: Sequence[Changed], version: int, moved: Mapping[str, Moved]) -> list[ProducerRecord]:
        """Return what tells of changed documents: each with its version, and the change. Create where none stands."""
        now = self._clock()
        records = []
        for document, content, new in changed:
            event = event_for(
                document.remains,
                subject=document.id,
                source=SOURCE,
                time=now,
                verb="Delete" if not content else "Create" if new else "Update",
                sourceversion=version,
                cause=document.cause,
                content=content,
            )
            records.append(ProducerRecord("documents", document.id, encode(event)))
            if document.id not in moved:
                what: What = "written" if content else document.gone
                change = Change(id=document.id, kind=document.kind, what=what, version=version, cause=document.cause)
                records.append(_change_record(change, now))
        for id_, one in sorted(moved.items()):
            change = Change(
                id=id_,
                kind="profile",
                what="merged" if one.now else "split",
                version=version,
                cause=one.cause,
                into=one.now or one.before,
            )
            records.append(_change_record(change, now))
        return records

    # --- what is watched ---------------------------------------------------------------------------------------------

    def watch(
        self, connection: sqlite3.Connection, identities: Sequence[tuple[str, Identity | None]], version: int
    ) -> None:
        """Publish on `watch` the identities, by key, that differ from what was published; None is watched no more."""
        self.keep(connection, [(f"{_IDENTITY}{key}", identity) for key, identity in identities], version)

    def keep(self, connection: sqlite3.Connection, kept: Sequence[tuple[str, Record | None]], version: int) -> None:
        """Publish on `watch` the records, by subject, that differ from what was published; None is a tombstone."""
        known = self._known([id_ for id_, _ in kept])
        records = []
        for id_, record in kept:
            if record is None:
                if id_ in known:
                    records.append(ProducerRecord("watch", id_, None))
                    connection.execute("DELETE FROM ledger_documents WHERE id = ?", (id_,))
            elif known.get(id_) != (content := content_hash(record)):
                event = event_for(
                    record, subject=id_, source=SOURCE, time=self._clock(), sourceversion=version, content=content
                )
                records.append(ProducerRecord("watch", id_, encode(event)))
                connection.execute("INSERT OR REPLACE INTO ledger_documents VALUES (?, ?)", (id_, content))
        self.send(connection, records)

    @staticmethod
    def watched_keys(connection: sqlite3.Connection, without: Iterable[str]) -> Iterator[list[str]]:
        """Yield the keys of all identities that are published, in lists of some hundred, but for these."""
        left_out = set(without)
        rows = connection.execute("SELECT id FROM ledger_documents WHERE id >= ? AND id < ?", _IDENTITIES).fetchall()
        keys = [key for (id_,) in rows if (key := id_.removeprefix(_IDENTITY)) not in left_out]
        yield from (keys[at : at + _WATCHED] for at in range(0, len(keys), _WATCHED))

    # --- the outbox --------------------------------------------------------------------------------------------------

    def send(self, connection: sqlite3.Connection, records: Iterable[ProducerRecord]) -> None:
        """Put records to the outbox; nothing while another one publishes."""
        if self.following:
            return
        connection.executemany(
            "INSERT INTO ledger_outbox (topic, key, value) VALUES (?, ?, ?)",
            [(record.topic, record.key, record.value) for record in records],
        )

    def outbox(self, limit: int) -> tuple[int, list[ProducerRecord]]:
        """Return (number of the last, the oldest records not yet published, up to `limit`); (0, []) for none."""
        rows = self._connection.execute(
            "SELECT seq, topic, key, value FROM ledger_outbox ORDER BY seq LIMIT ?", (limit,)
        ).fetchall()
        return (rows[-1][0] if rows else 0), [ProducerRecord(topic, key, value) for _, topic, key, value in rows]


def _change_record(change: Change, now: datetime) -> ProducerRecord:
    event = event_for(
        change, subject=change.id, source=SOURCE, time=now, sourceversion=change.version, cause=change.cause
    )
    return ProducerRecord("changes", change.id, encode(event))
