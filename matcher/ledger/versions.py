"""What edited posts said before: one row for each source version of a mention that is not the newest.

A store of the ledger: reads see what waits over what is committed; what waits is written by `write`, dropped by
`forget`. A function of the set of revisions seen, those that came late too:

    a revision that is not the newest ─▶ of each source version the one of highest rank ─┐
    a deletion that is not the newest ─▶ takes all up to its own source version          ├▶ what was said before
    its author was erased             ─▶ the row stays, what was said goes               ─┘

A mention that was never edited has no row here. A ledger that begins anew is told what documents know (`recall`), since
compaction may have taken the revisions; what the facts say of a revision counts for more.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from overheard.identities import identities_of_actor
from overheard.matcher.incidents import version_of
from overheard.matcher.ledger.facts import Rank
from overheard.matcher.ledger.rows import select_in
from overheard.records import EnrichedMention, Incident, Version
from overheard.suppression import keys_of_mention

# `value` NULL: the post was gone then; empty: who said it was erased. `known_by`: what its author is known by
# (`keys_of_mention`), a line each.
SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_versions (
    mention INTEGER NOT NULL, sourceversion INTEGER NOT NULL, gone INTEGER NOT NULL, modelversion INTEGER NOT NULL,
    event TEXT NOT NULL, known_by TEXT NOT NULL, value BLOB, PRIMARY KEY (mention, sourceversion)) WITHOUT ROWID;
"""

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Version).decode


class _Seen(NamedTuple):
    rank: Rank
    known_by: str
    value: bytes | None


class Versions:
    """The revisions of mentions, by number, that are not the newest."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: dict[int, dict[int, _Seen]] = {}
        self._taken: set[int] = set()

    def see(self, num: int, rank: Rank, mention: EnrichedMention | None) -> None:
        """Take a revision that is not the newest of its mention. `mention` None: who said it was erased."""
        if rank.gone:
            self._put(num, _Seen(rank, "", None))
        elif mention is None:
            self._put(num, _Seen(rank, "", b""))
        else:
            known_by = "\n".join(keys_of_mention(mention.mention))
            self._put(num, _Seen(rank, known_by, _encode(version_of(mention, rank.sourceversion))))

    @staticmethod
    def recall(connection: sqlite3.Connection, num: int, incident: Incident) -> None:
        """Write what the document of a mention says that it said before, in the transaction that is open."""
        mention = incident.mention
        authors = identities_of_actor(mention.attributed_to)  # for documents that do not say who it was then
        connection.executemany(
            "INSERT INTO ledger_versions VALUES (?, ?, 0, -1, '', ?, ?) ON CONFLICT DO NOTHING",
            [
                (num, one.revision, "\n".join((mention.id, *(one.authors or authors))), _encode(one))
                for one in incident.versions
            ],
        )

    def _put(self, num: int, one: _Seen) -> None:
        seen = self._waiting.setdefault(num, {})
        held = seen.get(one.rank.sourceversion)
        if held is None or held.rank <= one.rank:
            seen[one.rank.sourceversion] = one

    def take(self, num: int) -> None:
        """Forget all that a mention said before: it is gone."""
        self._waiting.pop(num, None)
        self._taken.add(num)

    def suppress(self, is_suppressed: Callable[[str], bool], *, stored: bool) -> None:
        """Let go of what those said who were erased, among what waits; with `stored` among all."""

        def is_theirs(known_by: str) -> bool:
            return any(map(is_suppressed, known_by.split("\n")))

        if stored:
            sql = "SELECT mention, sourceversion, gone, modelversion, event, known_by FROM ledger_versions"
            for num, sourceversion, gone, model, event, known_by in self._connection.execute(sql):
                if known_by and num not in self._taken and is_theirs(known_by):
                    self._put(num, _Seen(Rank(sourceversion, bool(gone), model, event), "", b""))
        for seen in self._waiting.values():
            theirs = [one for one in seen.values() if one.known_by and is_theirs(one.known_by)]
            seen.update({one.rank.sourceversion: _Seen(one.rank, "", b"") for one in theirs})

    def changed(self) -> set[int]:
        """Return the mentions of which something waits."""
        return self._taken | set(self._waiting)

    def of(self, nums: Iterable[int]) -> dict[int, Sequence[Version]]:
        """Return what those of these mentions that were edited said before, oldest first."""
        found: dict[int, dict[int, _Seen]] = {}
        sql = (
            "SELECT mention, sourceversion, gone, modelversion, event, known_by, value FROM ledger_versions "
            "WHERE mention IN ({})"
        )
        asked = sorted(nums)
        for num, sourceversion, gone, model, event, known_by, value in select_in(self._connection, sql, asked):
            if num not in self._taken:
                rank = Rank(sourceversion, bool(gone), model, event)
                found.setdefault(num, {})[sourceversion] = _Seen(rank, known_by, value)
        for num in asked:
            for sourceversion, one in self._waiting.get(num, {}).items():
                seen = found.setdefault(num, {})
                held = seen.get(sourceversion)
                if held is None or held.rank <= one.rank:
                    seen[sourceversion] = one
        return {num: _standing(seen) for num, seen in found.items()}

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, in the transaction that is open."""
        if not self._taken and not self._waiting:
            return
        connection.executemany("DELETE FROM ledger_versions WHERE mention = ?", [(num,) for num in self._taken])
        connection.executemany(
            "INSERT INTO ledger_versions VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET gone = excluded.gone, "
            "modelversion = excluded.modelversion, event = excluded.event, known_by = excluded.known_by, "
            "value = excluded.value "
            "WHERE (excluded.gone, excluded.modelversion, excluded.event) >= (gone, modelversion, event)",
            [(num, *one.rank, one.known_by, one.value) for num, seen in self._waiting.items() for one in seen.values()],
        )
        connection.executemany(
            "DELETE FROM ledger_versions WHERE mention = ? AND sourceversion < "
            "(SELECT max(sourceversion) FROM ledger_versions WHERE mention = ? AND gone)",
            [(num, num) for num in self._waiting],
        )

    def forget(self) -> None:
        """Forget what waits."""
        self._waiting, self._taken = {}, set()


def _standing(seen: dict[int, _Seen]) -> Sequence[Version]:
    """Return what was said since the last deletion, in order of source version."""
    since = max((sourceversion for sourceversion, one in seen.items() if one.rank.gone), default=-1)
    return [_decode(one.value) for sourceversion, one in sorted(seen.items()) if sourceversion > since and one.value]
