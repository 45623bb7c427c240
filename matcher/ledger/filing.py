"""Where stored mentions are found again: filed under their author's identities, what they link to, and their words.

A store of the ledger: reads see what is committed; what is filed waits until `write`, and goes with `forget`.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from overheard.identities import identities_of_links
from overheard.matcher.authors import hints_of_author, identities_of_author, words_of_author
from overheard.matcher.identity.directory import Directory, site_key
from overheard.matcher.ledger.facts import from_microseconds
from overheard.matcher.ledger.rows import select_in
from overheard.matcher.names.organisations import site_domain
from overheard.matcher.names.text import Text
from overheard.records import Mention

SCHEMA = """
CREATE VIRTUAL TABLE IF NOT EXISTS ledger_postings
    USING fts5 (tokens, content = '', detail = none, tokenize = "ascii tokenchars '_'");
CREATE TABLE IF NOT EXISTS ledger_keys (
    key TEXT NOT NULL, author INTEGER NOT NULL, at INTEGER NOT NULL, mention INTEGER NOT NULL,
    PRIMARY KEY (key, author, at, mention)) WITHOUT ROWID;
"""


class Places(NamedTuple):
    """What one mention is filed under.

    `author` are the identities of who said it, placeholders too: should the CRM come to name one, its mentions are
    found. `others` are what it and that profile link to, and the stems of the handles; `words` the keys of the words
    of its text and of that profile.
    """

    author: tuple[str, ...]
    others: tuple[str, ...]
    words: str


def places_of(mention: Mention, text: Text) -> Places:
    """Return what a mention is filed under; `text` is its text, prepared."""
    actor = mention.attributed_to
    author = identities_of_author(actor, mention.channel) if actor is not None else ()
    others = hints_of_author(actor, mention.channel) if actor is not None else ()
    if mention.links:
        sites = (site_key(domain) for link in mention.links if (domain := site_domain(link)))
        others = (*others, *identities_of_links(mention.links), *sites)
    words = dict.fromkeys(text.keys)
    if actor is not None and (actor.name or actor.summary):
        words |= dict.fromkeys(_words_of(words_of_author(actor)))
    return Places(author, tuple(dict.fromkeys(others)), " ".join(words))


@lru_cache(maxsize=4_096)
def _words_of(profile: str) -> frozenset[str]:
    return frozenset(Text(profile).keys)


class Filing:
    """Mentions by number, filed by what the directory may come to ask for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._filed: list[tuple[int, str]] = []
        self._unfiled: list[tuple[int, str]] = []
        self._keys: list[tuple[str, int, int, int]] = []
        self._former_keys: list[tuple[str, int, int, int]] = []

    def file(self, num: int, places: Places, at: int) -> None:
        """File a mention that was said at `at` (µs)."""
        self._filed.append((num, places.words))
        self._keys += _key_rows(num, places, at)

    def take(self, num: int, places: Places, at: int) -> None:
        """Take a mention away, as it was filed."""
        self._unfiled.append((num, places.words))
        self._former_keys += _key_rows(num, places, at)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, in the transaction that is open."""
        connection.executemany(
            "INSERT INTO ledger_postings (ledger_postings, rowid, tokens) VALUES ('delete', ?, ?)", self._unfiled
        )
        connection.executemany(
            "DELETE FROM ledger_keys WHERE key = ? AND author = ? AND at = ? AND mention = ?", self._former_keys
        )
        connection.executemany("INSERT INTO ledger_postings (rowid, tokens) VALUES (?, ?)", self._filed)
        connection.executemany("INSERT OR IGNORE INTO ledger_keys VALUES (?, ?, ?, ?)", sorted(self._keys))

    def forget(self) -> None:
        """Forget what waits."""
        self._filed, self._unfiled, self._keys, self._former_keys = [], [], [], []

    def under(self, keys: Collection[str]) -> set[int]:
        """Return the mentions that are filed under one of these keys: their author's, their links', stems."""
        found = select_in(self._connection, "SELECT mention FROM ledger_keys WHERE key IN ({})", sorted(keys))
        return {num for (num,) in found}

    def holding(self, phrases: Iterable[Sequence[str]]) -> set[int]:
        """Return the mentions whose words, or whose author's, hold all of one of these sets of keys."""
        nums: set[int] = set()
        if self._connection.execute("SELECT 1 FROM ledger_postings LIMIT 1").fetchone() is None:
            return nums  # a first import asks for the names of everybody before there is any mention
        for phrase in phrases:
            query = " AND ".join(f'"{token}"' for token in phrase)
            found = self._connection.execute(
                "SELECT rowid FROM ledger_postings WHERE ledger_postings MATCH ?", (query,)
            )
            nums.update(num for (num,) in found)
        return nums

    def seen(self, key: str) -> tuple[datetime, datetime] | None:
        """Return when an identity was first and last an author's, by when its mentions were said; None for never."""
        sql = "SELECT at FROM ledger_keys WHERE key = ? AND author = 1 ORDER BY at {} LIMIT 1"
        first = self._connection.execute(sql.format("ASC"), (key,)).fetchone()
        if first is None:
            return None
        last = self._connection.execute(sql.format("DESC"), (key,)).fetchone()
        return from_microseconds(first[0]), from_microseconds(last[0])

    def unnamed(self, directory: Directory) -> set[int]:
        """Return the mentions whose author has an identity that no record and no person claims."""
        keys = [key for key in self.authors() if not directory.owners(key)]
        return self.under(keys)

    def all_keys(self) -> Iterable[str]:
        """Yield everything that mentions are filed under, but for words."""
        for (key,) in self._connection.execute("SELECT DISTINCT key FROM ledger_keys"):
            yield key

    def authors(self) -> Iterable[str]:
        """Yield every identity that is an author's."""
        for (key,) in self._connection.execute("SELECT DISTINCT key FROM ledger_keys WHERE author = 1"):
            yield key


def _key_rows(num: int, places: Places, at: int) -> list[tuple[str, int, int, int]]:
    return [(key, 1, at, num) for key in places.author] + [(key, 0, at, num) for key in places.others]
