"""The `watch` topic, materialised: what is watched now, and what came since an offset. Knows no mentions."""

from typing import NamedTuple

from overheard.enrich.winnow import Winnow
from overheard.errors import FolderDamagedError
from overheard.log.base import ConsumerRecord, Log
from overheard.records import Identity, RecordError, Sense, Term, WatchedSource, decode, is_tombstone_of

_CHUNK = 1_000
_Watched = Term | Identity | WatchedSource | Sense


class Added(NamedTuple):
    """What came to be watched, or changed, since some offset.

    A term is among `terms` too where only what people decided on its mentions changed.
    """

    terms: tuple[Term, ...] = ()
    identities: tuple[Identity, ...] = ()
    sources: tuple[WatchedSource, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True where nothing came."""
        return not (self.terms or self.identities or self.sources)


class Watch:
    """The newest record of every key on `watch`. Owned by one thread.

    Keys: "term/<id>", "source/<name>", "identity/<identity key>", "sense/<term id>"; a tombstone or an event with verb
    Delete ends one.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._offset = log.span("watch", 0)[0]
        # By key, in order of the offset at which it last changed.
        self._records: dict[str, tuple[int, _Watched]] = {}
        self._winnow = Winnow()
        self._stale: set[type[_Watched]] = set()

    @property
    def offset(self) -> int:
        """The offset up to which the topic was read."""
        return self._offset

    def follow(self) -> bool:
        """Read the topic to its end; return True where anything in it changed what is watched.

        Raises FolderDamagedError on a record that is none of ours: to go on without it would lose mentions in silence.
        """
        changed = False
        end = self._log.span("watch", 0)[1]
        while records := self._log.read("watch", 0, self._offset, _CHUNK):
            for record in records:
                changed |= self._apply(record)
                self._offset = record.offset + 1
        # The last records may have been taken out: who waits for the end to be applied would wait for ever.
        self._offset = max(self._offset, end)
        return changed

    def since(self, offset: int) -> Added:
        """Return what is watched now and was not, or was otherwise, before `offset`."""
        added: list[_Watched] = []
        for at, record in reversed(self._records.values()):
            if at < offset:
                break
            added.append(record)
        terms = {r.id: r for r in added if isinstance(r, Term)}
        for one in added:
            if isinstance(one, Sense) and isinstance(term := self._records.get(f"term/{one.term}", (0, None))[1], Term):
                terms.setdefault(term.id, term)
        return Added(
            terms=tuple(terms.values()),
            identities=tuple(r for r in added if isinstance(r, Identity)),
            sources=tuple(r for r in added if isinstance(r, WatchedSource)),
        )

    def winnow(self) -> Winnow:
        """Return the winnow of all that is watched; built again only for the kinds that changed."""
        if self._stale:
            every = self.since(0)
            # What is known of a term's senses says which of its hits are judged.
            terms = bool(self._stale & {Term, Sense})
            self._winnow = self._winnow.changed(
                terms=every.terms if terms else None,
                told=[one for _, one in self._records.values() if isinstance(one, Sense)] if terms else None,
                identities=every.identities if Identity in self._stale else None,
                sources=every.sources if WatchedSource in self._stale else None,
            )
            self._stale.clear()
        return self._winnow

    def _apply(self, record: ConsumerRecord) -> bool:
        _, old = self._records.get(record.key, (0, None))
        new = watched_of(record)
        if new == old:
            return False
        self._records.pop(record.key, None)
        if new is not None:
            self._records[record.key] = (record.offset, new)
        for one in (old, new):
            if one is not None:
                self._stale.add(type(one))
        return True


def watched_of(record: ConsumerRecord) -> _Watched | None:
    """Return what a record of `watch` says is watched; None for a tombstone. Raises FolderDamagedError."""
    if record.value is None:
        return None
    try:
        event = decode(record.value)
    except RecordError as e:
        raise _damaged(record, str(e)) from e
    if is_tombstone_of(event):
        return None
    if not isinstance(event.data, _Watched):
        raise _damaged(record, f"expected a term, an identity, a source or a sense; got {event.type}")
    return event.data


def _damaged(record: ConsumerRecord, why: str) -> FolderDamagedError:
    where = f"{record.topic}/{record.partition}/{record.offset}, key {record.key!r}"
    return FolderDamagedError(
        f"{where}: {why}. Without it mentions would be lost; import the watch list, contacts and accounts again"
    )
