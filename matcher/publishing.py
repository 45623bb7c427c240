"""What the ledger has published and has yet to publish: documents with their versions, changes, the outbox."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from overheard.log.base import ProducerRecord
from overheard.matcher.rows import select_in
from overheard.records import Cause, Change, Identity, encode, event_for
from overheard.records.base import Record
from overheard.records.ids import content_hash

SOURCE = "/match"

What = Literal["written", "deleted", "merged", "split", "erased"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_documents (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_merged (id TEXT PRIMARY KEY, person TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB);
"""


class Document(NamedTuple):
    """A document as it is to be: `record` None when it is gone, `remains` what is then said of it, `gone` how."""

    id: str
    kind: Literal["incident", "profile"]
    record: Record | None
    remains: Record
    cause: Cause
    gone: Literal["deleted", "erased"] = "deleted"


class Changed(NamedTuple):
    """A document that differs from what was published last; `content` is its hash, "" of one that is gone."""

    document: Document
    content: str


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

    def changed(self, documents: Sequence[Document]) -> list[Changed]:
        """Return the documents that differ from what was last published."""
        known = self._known([document.id for document in documents])
        changed = []
        for document in documents:
            content = content_hash(document.record) if document.record is not None else ""
            if known.get(document.id, "") != content:
                changed.append(Changed(document, content))
        return changed

    def _known(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the hashes of those documents that are published."""
        found = select_in(self._connection, "SELECT id, hash FROM ledger_documents WHERE id IN ({})", ids)
        return {id_: hash_.decode("ascii", "replace") for id_, hash_ in found}

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
        published = [(one.document.id, version, one.content.encode()) for one in changed if one.content]
        connection.executemany("INSERT OR REPLACE INTO ledger_documents VALUES (?, ?, ?)", published)
        gone = [(one.document.id,) for one in changed if not one.content]
        connection.executemany("DELETE FROM ledger_documents WHERE id = ?", gone)

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
        known = self._known([one.document.id for one in changed])
        records = []
        for document, content in changed:
            event = event_for(
                document.remains,
                subject=document.id,
                source=SOURCE,
                time=now,
                verb="Delete" if not content else "Update" if document.id in known else "Create",
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
        ids = [f"identity/{key}" for key, _ in identities]
        known = self._known(ids)
        records = []
        for (_, identity), id_ in zip(identities, ids, strict=True):
            if identity is None:
                if id_ in known:
                    records.append(ProducerRecord("watch", id_, None))
                    connection.execute("DELETE FROM ledger_documents WHERE id = ?", (id_,))
            elif known.get(id_) != (content := content_hash(identity)):
                event = event_for(
                    identity, subject=id_, source=SOURCE, time=self._clock(), sourceversion=version, content=content
                )
                records.append(ProducerRecord("watch", id_, encode(event)))
                row = (id_, version, content.encode())
                connection.execute("INSERT OR REPLACE INTO ledger_documents VALUES (?, ?, ?)", row)
        self.send(connection, records)

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
