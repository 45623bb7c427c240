"""What authors' profiles showed: links, native ids, verified addresses; kept beside the ledger, never joined here.

A store of the ledger: reads see what waits over what is committed; what waits is written by `write`, dropped by
`forget`. A function of the set of mentions: each sight is kept with the mentions that show it, and goes with the last.

    sight (a, b, kind, by)  <─ mentions that show it, by time
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from overheard.identities import handle_key, is_placeholder, links_of_actor, native_key, normal_email, profile_key
from overheard.records import Actor, Mention, identity_key
from overheard.urls import canonical_url

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_observed (
    sight INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT NOT NULL, kind TEXT NOT NULL, by TEXT NOT NULL,
    first INTEGER NOT NULL, UNIQUE (a, b, kind, by));
CREATE INDEX IF NOT EXISTS ledger_observed_back ON ledger_observed (b, kind);
CREATE TABLE IF NOT EXISTS ledger_observed_in (
    sight INTEGER NOT NULL, at INTEGER NOT NULL, mention INTEGER NOT NULL, PRIMARY KEY (sight, at, mention))
    WITHOUT ROWID;
"""

# Kinds of sights. ACCOUNT: handle `a` was seen with native id `b`. VERIFIED: the platform says that page or address
# `b` is that of account `a`. LINK: the profile of `a` links to `b`; `by` is the native id that it had then, or "".
ACCOUNT, VERIFIED, LINK, ADDRESS = "account", "verified", "link", "address"
_SURE = (ACCOUNT, VERIFIED, ADDRESS)

# Of one key, so many sights are read. A person has some ten; a page that a thousand accounts name joins nobody.
MOST = 2_000
# Keys that a hull may gain; more are no person's.
_WIDEST = 20_000
_REMEMBERED = 131_072  # keys, some 200 bytes each for those without a sight


class Sight(NamedTuple):
    """What a profile showed. `first` (µs since 1970): when the oldest mention that shows it was said."""

    a: str
    b: str
    kind: str
    by: str
    first: int


class _Id(NamedTuple):
    a: str
    b: str
    kind: str
    by: str


class _Kept(NamedTuple):
    """A sight that is committed: its number and its first time."""

    sight: int
    first: int


_Kepts = dict[_Id, _Kept]
_NOTHING: _Kepts = {}


class _Waiting:
    """What is to change of one sight: the mentions that begin and cease to show it, by (time, number)."""

    __slots__ = ("come", "gone")

    def __init__(self) -> None:
        self.come: set[tuple[int, int]] = set()
        self.gone: set[tuple[int, int]] = set()


@lru_cache(maxsize=16_384)
def shown_by(actor: Actor) -> tuple[_Id, ...]:
    """Return what one author's profile shows: (a, b, kind, by) for each sight; empty for most.

    The account is its handle, else its native id, else its address.
    """
    handle = handle_key(actor.platform, actor.preferred_username)
    native = native_key(actor.platform, actor.native_id)
    url = canonical_url(actor.url)
    page = (profile_key(url) or identity_key("web", "url", url)) if url else ""
    account = next((key for key in (handle, native, page) if key and not is_placeholder(key)), "")
    if not account:
        return ()
    sights: list[_Id] = []
    if native and handle == account:
        sights.append(_Id(handle, native, ACCOUNT, ""))
    sights += [
        _Id(account, link.key, VERIFIED if link.verified else LINK, native)
        for link in links_of_actor(actor)
        if link.key != account
    ]
    if actor.email_verified and (address := normal_email(actor.email)):
        key = identity_key("email", "email", address)
        if not is_placeholder(key):
            sights.append(_Id(account, key, ADDRESS, native))
    return tuple(sights)


class Observed:
    """Sights of profiles, by either end."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: OrderedDict[str, _Kepts] = OrderedDict()
        self._waiting: dict[_Id, _Waiting] = {}
        self._at: dict[str, set[_Id]] = {}  # key -> sights that wait
        self._empty = self._read("SELECT 1 FROM ledger_observed LIMIT 1") == []

    def put(self, num: int, mention: Mention, at: int) -> None:
        """Keep what the author of a mention shows; `num` is the ledger's number of it, `at` (µs) when it was said."""
        self._change(num, mention, at, come=True)

    def take(self, num: int, mention: Mention, at: int) -> None:
        """Take away what a mention showed, as it was put."""
        self._change(num, mention, at, come=False)

    def _change(self, num: int, mention: Mention, at: int, *, come: bool) -> None:
        if mention.attributed_to is None:
            return
        for id_ in shown_by(mention.attributed_to):
            waiting = self._waiting.get(id_)
            if waiting is None:
                waiting = self._waiting[id_] = _Waiting()
                for key in (id_.a, id_.b):
                    self._at.setdefault(key, set()).add(id_)
            new, old = (waiting.come, waiting.gone) if come else (waiting.gone, waiting.come)
            if (at, num) in old:
                old.discard((at, num))
            else:
                new.add((at, num))

    def prefetch(self, keys: Iterable[str]) -> None:
        """Read what is known of these keys, so that `sights` asks for none of them."""
        if self._empty:
            return
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        if not missing:
            return
        columns = "SELECT sight, a, b, kind, by, first FROM ledger_observed WHERE "
        # A link counts from where it leads only if something leads back, which is seen from the other end.
        queries = (f"{columns}a = ? LIMIT ?", f"{columns}b = ? AND kind IN ('account', 'verified', 'address') LIMIT ?")
        for key in missing:
            kept = {
                _Id(a, b, kind, by): _Kept(number, first)
                for sql in queries
                for number, a, b, kind, by, first in self._connection.execute(sql, (key, MOST + 1))
            }
            self._known[key] = kept or _NOTHING
        while len(self._known) > max(_REMEMBERED, len(missing)):
            self._known.popitem(last=False)

    def sights(self, key: str) -> list[Sight]:
        """Return what is seen from a key: what its profile shows, and whose account it is; in no order.

        Links that lead to it are not among them. Empty for most keys, at next to no cost.
        """
        waiting = self._at.get(key)
        if self._empty and not waiting:
            return []
        if not self._empty and key not in self._known:
            self.prefetch((key,))
        kept = self._known.get(key, _NOTHING)
        if not waiting:
            return [Sight(*id_, one.first) for id_, one in kept.items()] if kept else []
        found = [Sight(*id_, one.first) for id_, one in kept.items() if id_ not in waiting]
        for id_ in waiting:
            if id_.a == key or id_.kind in _SURE:
                first = self._first(id_, kept.get(id_))
                if first is not None:
                    found.append(Sight(*id_, first))
        return found

    def _first(self, id_: _Id, kept: _Kept | None) -> int | None:
        """Return when a sight was first shown, with what waits; None where nothing shows it any more."""
        waiting = self._waiting[id_]
        first = min(waiting.come)[0] if waiting.come else None
        if kept is None:
            return first
        left = kept.first
        if waiting.gone:
            sql = "SELECT at, mention FROM ledger_observed_in WHERE sight = ? ORDER BY at, mention LIMIT ?"
            rows = self._read(sql, (kept.sight, len(waiting.gone) + 1))
            times = [at for at, num in rows if (at, num) not in waiting.gone]
            if not times:
                return first
            left = times[0]
        return left if first is None else min(first, left)

    def hull(self, keys: Iterable[str]) -> frozenset[str]:
        """Return the keys and every one that could share a cluster with them: over sure sights and mutual links."""
        found = set(keys)
        front = list(found)
        most = len(found) + _WIDEST
        while front and len(found) < most:
            self.prefetch(front)
            near: set[str] = set()
            for key in front:
                near |= self._near(key)
            front = sorted(near - found)
            found |= near
        return frozenset(found)

    def _near(self, key: str) -> set[str]:
        """Return the keys at the other ends of the sure sights of a key, and of links that lead back to it."""
        near: set[str] = set()
        sights = self.sights(key)
        if len(sights) > MOST:
            return near
        for sight in sights:
            other = sight.b if sight.a == key else sight.a
            if sight.kind in _SURE or self._leads(other, key):
                near.add(other)
        return near

    def _leads(self, start: str, end: str) -> bool:
        return any(sight.kind not in _SURE and sight.b == end for sight in self.sights(start) if sight.a == start)

    def keys(self) -> frozenset[str]:
        """Return every key that was seen: what a policy reaches. Reads all there is."""
        kept = self._connection.execute("SELECT a FROM ledger_observed UNION SELECT b FROM ledger_observed")
        return frozenset(self._at).union(key for (key,) in kept)

    def changed(self) -> frozenset[str]:
        """Return the keys of every hull that what waits may change, before or after it: their authors' mentions.

        Not where a sight merely got one mention more or less, as most do.
        """
        ends: set[str] = set()
        self.prefetch(key for id_ in self._waiting for key in (id_.a, id_.b))
        for id_ in self._waiting:
            kept = self._kept(id_)
            first = self._first(id_, kept)
            if (kept is None) != (first is None) or (kept and kept.first != first and self._is_contested(id_)):
                ends.update((id_.a, id_.b))
        if not ends:
            return frozenset()
        after = self.hull(ends)
        waiting, self._at = self._at, {}
        try:
            before = self.hull(ends)
        finally:
            self._at = waiting
        return after | before

    def _kept(self, id_: _Id) -> _Kept | None:
        """Return a sight as it is committed, or None."""
        kepts = _NOTHING if self._empty else self._known.get(id_.a)
        if kepts is not None and len(kepts) <= MOST:
            return kepts.get(id_)
        sql = "SELECT sight, first FROM ledger_observed WHERE a = ? AND b = ? AND kind = ? AND by = ?"
        row = self._connection.execute(sql, id_).fetchone()
        return _Kept(*row) if row else None

    def _is_contested(self, id_: _Id) -> bool:
        """True where the order of time matters: a handle that more than one account had."""
        return id_.kind == ACCOUNT and sum(s.kind == ACCOUNT and s.a == id_.a for s in self.sights(id_.a)) > 1

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, in the transaction that is open; `forget` it once that is committed."""
        self.prefetch(key for id_ in self._waiting for key in (id_.a,))
        mentions: list[tuple[int, int, int]] = []
        former: list[tuple[int, int, int]] = []
        stale: set[str] = set()
        for id_, waiting in sorted(self._waiting.items()):
            kept = self._kept(id_)
            first = self._first(id_, kept)
            if kept is None and first is not None:
                sql = "INSERT INTO ledger_observed (a, b, kind, by, first) VALUES (?, ?, ?, ?, ?)"
                number = connection.execute(sql, (*id_, first)).lastrowid
                assert number is not None
            elif kept is not None:
                number = kept.sight
                if first is None:
                    connection.execute("DELETE FROM ledger_observed WHERE sight = ?", (number,))
                elif first != kept.first:
                    connection.execute("UPDATE ledger_observed SET first = ? WHERE sight = ?", (first, number))
            else:
                continue
            if kept is None or first != kept.first:
                stale.update((id_.a, id_.b))
            mentions += [(number, at, num) for at, num in sorted(waiting.come)]
            former += [(number, at, num) for at, num in sorted(waiting.gone)]
        connection.executemany("DELETE FROM ledger_observed_in WHERE sight = ? AND at = ? AND mention = ?", former)
        connection.executemany("INSERT OR IGNORE INTO ledger_observed_in VALUES (?, ?, ?)", mentions)
        for key in stale:
            self._known.pop(key, None)
        self._empty = self._empty and not mentions

    def forget(self) -> None:
        """Forget what waits."""
        self._waiting, self._at = {}, {}

    def clear(self) -> None:
        """Forget what is remembered too: the tables were emptied, or a transaction was rolled back."""
        self.forget()
        self._known.clear()
        self._empty = self._read("SELECT 1 FROM ledger_observed LIMIT 1") == []

    def _read(self, sql: str, values: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
        return self._connection.execute(sql, values).fetchall()
