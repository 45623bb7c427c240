"""The newest record of each key of a compacted topic, kept in a table of the data folder: Kafka has no lookup by key.

    newest_places     how far each partition has been followed, and of which topic
    newest_{topic}    key, where it stands, the record

Whoever asks for keys follows their partitions to the end first. Several processes on one folder may do so at once: a
page is taken in by a transaction that goes on where the last one ended, whoever made it.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import msgspec

from overheard.folder import Folder, storage_errors
from overheard.log.base import ConsumerRecord, Lookup, Topic, partition_for

_logger = logging.getLogger(__name__)
_PAGE = 1_000
_LOOKUP = 500
# A follow that takes longer says every so many seconds how far it is.
_SAY_AFTER = 5.0
_headers_encoder = msgspec.json.Encoder()
_headers_decoder = msgspec.json.Decoder(dict[str, str])


class Source(Protocol):
    """The log whose topics are followed."""

    topics: Mapping[str, Topic]

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[ConsumerRecord]:
        """See `Log.read`."""
        ...

    def spans(self, topic: str, partitions: Iterable[int]) -> Mapping[int, tuple[int, int]]:
        """Return (first offset kept, offset after the last) by partition."""
        ...

    def topic_id(self, topic: str) -> str:
        """Return what tells the topic from another one of its name."""
        ...


class Newest:
    """Looks keys up. Thread-safe; knows nothing of a topic until somebody asks."""

    def __init__(self, folder: Folder, source: Source) -> None:
        self._folder = folder
        self._source = source
        self._turn = threading.Lock()
        self._made: set[str] = set()

    def latest(self, topic: str, keys: Sequence[str]) -> Mapping[str, ConsumerRecord]:
        """Return the newest record of each key, as of now; missing keys, tombstones and the expired are left out.

        The first call for a topic reads it from its beginning. Raises what `Log` raises.
        """
        if not keys:
            return {}
        wanted = list(dict.fromkeys(keys))
        partitions = sorted({partition_for(key, self._source.topics[topic].partitions) for key in wanted})
        with self._connection() as connection:
            return self._look_up(connection, topic, wanted, self._follow_to_end(connection, topic, partitions))

    @contextmanager
    def looking_up(self, topic: str) -> Iterator[Lookup]:
        """Lend what looks keys up as of now or later; nothing is asked of the log within the block. Raises as `latest`.

        For many keys one after another: a look at where the topic ends costs ten times what the table costs.
        """
        partitions = range(self._source.topics[topic].partitions)
        with self._connection() as connection:
            firsts = self._follow_to_end(connection, topic, partitions)
            yield lambda keys: self._look_up(connection, topic, list(dict.fromkeys(keys)), firsts)

    def _follow_to_end(
        self, connection: sqlite3.Connection, topic: str, partitions: Sequence[int]
    ) -> Mapping[int, int]:
        """Follow the partitions to where they end now, and return the first offset that each keeps."""
        # One thread of this process follows; the others would only read the same pages in vain.
        with self._turn:
            self._make_tables(connection, topic)
            spans = self._source.spans(topic, partitions)
            identity = self._source.topic_id(topic)
            self._follow(connection, topic, identity, spans)
        return {partition: first for partition, (first, _) in spans.items()}

    def _follow(
        self, connection: sqlite3.Connection, topic: str, identity: str, spans: Mapping[int, tuple[int, int]]
    ) -> None:
        progress = _Progress(topic)
        at = {p: self._place(connection, topic, p, identity, first) for p, (first, _) in spans.items()}
        total = sum(max(0, end - at[p]) for p, (_, end) in spans.items())
        for partition, (_, end) in spans.items():
            while at[partition] < end:
                records = self._source.read(topic, partition, at[partition], _PAGE)
                # Compaction may have taken all that there was up to the end.
                reached = records[-1].offset + 1 if records else end
                at[partition] = self._take_in(connection, topic, partition, identity, at[partition], reached, records)
                left = sum(max(0, spans[p][1] - at[p]) for p in spans)
                progress.say(total - left, total)

    def _place(self, connection: sqlite3.Connection, topic: str, partition: int, identity: str, first: int) -> int:
        """Return how far the partition has been followed; what is not on this topic any more is taken out."""
        with storage_errors(self._folder.database):
            row = connection.execute(
                "SELECT position, first, identity FROM newest_places WHERE topic = ? AND partition = ?",
                (topic, partition),
            ).fetchone()
        if row is not None and row[2] == identity and row[1] >= first:
            return int(row[0])
        with self._folder.transaction(connection):
            row = connection.execute(
                "SELECT position, identity FROM newest_places WHERE topic = ? AND partition = ?", (topic, partition)
            ).fetchone()
            known = row is not None and row[1] == identity
            position = int(row[0]) if known else 0
            # What retention has taken: compaction takes no newest record, so below the first offset nothing is left.
            connection.execute(
                f"DELETE FROM {_table(topic)} WHERE partition = ? AND (? OR off < ?)", (partition, not known, first)
            )
            connection.execute(
                "INSERT OR REPLACE INTO newest_places VALUES (?, ?, ?, ?, ?)",
                (topic, partition, identity, position, first),
            )
        return position

    def _take_in(  # noqa: PLR0917  called in one place
        self,
        connection: sqlite3.Connection,
        topic: str,
        partition: int,
        identity: str,
        start: int,
        reached: int,
        records: Sequence[ConsumerRecord],
    ) -> int:
        """Take a page in, and return how far the partition has been followed; another process may be further."""
        newest = {record.key: record for record in records}
        with self._folder.transaction(connection):
            moved = connection.execute(
                "UPDATE newest_places SET position = ? WHERE topic = ? AND partition = ? AND identity = ?"
                " AND position = ?",
                (reached, topic, partition, identity, start),
            ).rowcount
            if not moved:
                row = connection.execute(
                    "SELECT position, identity FROM newest_places WHERE topic = ? AND partition = ?", (topic, partition)
                ).fetchone()
                # The topic was made anew meanwhile, and another process has seen it: nothing more to do here.
                return int(row[0]) if row[1] == identity else reached
            connection.executemany(
                f"INSERT OR REPLACE INTO {_table(topic)} VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (r.key, partition, r.offset, r.timestamp, _headers_encoder.encode(r.headers).decode(), r.value)
                    for r in newest.values()
                    if r.value is not None
                ],
            )
            connection.executemany(
                f"DELETE FROM {_table(topic)} WHERE key = ? AND partition = ?",
                [(record.key, partition) for record in newest.values() if record.value is None],
            )
        return reached

    def _look_up(
        self, connection: sqlite3.Connection, topic: str, keys: Sequence[str], firsts: Mapping[int, int]
    ) -> Mapping[str, ConsumerRecord]:
        found: dict[str, ConsumerRecord] = {}
        with storage_errors(self._folder.database):
            for start in range(0, len(keys), _LOOKUP):
                some = keys[start : start + _LOOKUP]
                for key, partition, offset, timestamp, headers, value in connection.execute(
                    f"SELECT key, partition, off, ts, headers, value FROM {_table(topic)}"
                    f" WHERE key IN ({', '.join('?' * len(some))})",
                    some,
                ):
                    if offset >= firsts.get(partition, 0):
                        found[key] = ConsumerRecord(
                            topic, partition, offset, timestamp, key, value, _headers_decoder.decode(headers)
                        )
        return {key: found[key] for key in keys if key in found}

    def _make_tables(self, connection: sqlite3.Connection, topic: str) -> None:
        if topic in self._made:
            return
        with self._folder.transaction(connection):
            connection.execute(
                "CREATE TABLE IF NOT EXISTS newest_places (topic TEXT, partition INTEGER, identity TEXT NOT NULL,"
                " position INTEGER NOT NULL, first INTEGER NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID"
            )
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {_table(topic)} (key TEXT PRIMARY KEY, partition INTEGER NOT NULL,"
                " off INTEGER NOT NULL, ts INTEGER NOT NULL, headers TEXT NOT NULL, value BLOB NOT NULL)"
            )
        self._made.add(topic)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = self._folder.connect()
        try:
            yield connection
        finally:
            connection.close()


class _Progress:
    """Says now and then how far a long follow is."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._said = time.monotonic()

    def say(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said >= _SAY_AFTER:
            self._said = now
            _logger.info("%s: followed %d of %d offsets, to look keys up", self._topic, done, total)


def _table(topic: str) -> str:
    """Return the quoted name of a topic's table."""
    return f'"newest_{topic}"'
