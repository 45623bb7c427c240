"""The embedded log: topics as tables of the folder's one SQLite file, for any number of threads and processes.

    one table a partition   (off, ts, key, headers, value); offsets are never used twice, even when the last one goes
    log_positions           what each group has read
    log_begun               the end of the batch that a group's owner has begun to write
    log_fates               what became of it, counted in the transaction that moves the position
    log_compacted           how far compaction has come

Readers hold no transaction from one call to the next. Knows no stage and no record type.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import msgspec

from overheard.errors import InputError, TransientError
from overheard.folder import Folder, storage_errors
from overheard.log.base import TOPICS, Checkpoint, ConsumerRecord, Lookup, ProducerRecord, Topic, partition_for

_logger = logging.getLogger(__name__)

_FIRST = 1  # the first offset of a partition: SQLite's first row id
# Appends that wait while another one is being committed go together in the next transaction, up to so many records:
# where a sync takes 4 ms, that is the difference between 175 and 22,000 durable records a second.
_GROUP = 500
# Compaction and retention work in transactions of so many records (some 10 ms), and let others write in between.
_CHUNK = 500
_DAY_MS = 86_400_000
# A group that has not come back for so long no longer holds compaction up. It still sees the newest of each key.
_PATIENCE_MS = 7 * _DAY_MS
# Pauses between looks for records of other processes: from 1 ms just after a record to 20 ms when nothing comes. A look
# costs 10 µs and waking up for it 50 to 100, so an idle consumer takes some 0.5 % of a core, and a record of another
# process waits for 10 ms at first and for few while more come. Records of this process wake a consumer at once.
_PAUSE_MIN, _PAUSE_MAX, _PAUSE_GROWTH = 0.001, 0.020, 1.2

_COLUMNS = "off, ts, key, headers, value"
_headers_encoder = msgspec.json.Encoder()
_headers_decoder = msgspec.json.Decoder(dict[str, str])

_Row = tuple[int, int, str, str | None, bytes | None]
_T = TypeVar("_T")


def now_ms() -> int:
    """Return the time in ms since 1970 UTC."""
    return time.time_ns() // 1_000_000


class EmbeddedLog:
    """`Log` on the SQLite file of an open folder. Each process opens its own; a fork does not inherit it.

    `clock` gives the timestamps of appended records, in ms since 1970 UTC.
    """

    def __init__(
        self, folder: Folder, topics: Mapping[str, Topic] = TOPICS, *, clock: Callable[[], int] = now_ms
    ) -> None:
        self.topics = topics
        self._folder = folder
        self._clock = clock
        self._connections: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._waiting: deque[_Append] = deque()
        self._turn = threading.Lock()
        self._arrived = threading.Condition()
        self._appends = 0
        try:
            self._create_tables()
        except BaseException:
            self.close()
            raise

    def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Sequence[tuple[int, int]]:
        """See `Log.append`. Calls that come while one is being committed go together in the next transaction."""
        if not records:
            return []
        self._folder.check_not_writing()
        request = _Append([self._place(record) for record in records], durable)
        self._waiting.append(request)
        with self._turn:
            while not request.done:
                self._commit_waiting()
        if request.error is not None:
            raise request.error
        return request.places

    def consumer(self, group: str, topic: str, *, member: int = 0, members: int = 1) -> "EmbeddedConsumer":
        """See `Log.consumer`. Raises ValueError where `member` is not one of 0 to `members` - 1."""
        if not 0 <= member < members:
            msg = f"expected a member from 0 to {members - 1}; got {member}"
            raise ValueError(msg)
        owned = [p for p in range(self._topic(topic).partitions) if p % members == member]
        committed = self.checkpoint(group, topic).positions
        return EmbeddedConsumer(self, group, topic, {p: committed.get(p, _FIRST) for p in owned})

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[ConsumerRecord]:
        """See `Log.read`."""
        self._table(topic, partition)
        with self._reading() as connection:
            return _select(connection, topic, partition, offset, limit)

    def span(self, topic: str, partition: int) -> tuple[int, int]:
        """See `Log.span`."""
        table = self._table(topic, partition)
        with self._reading() as connection:
            first, end = connection.execute(
                f"SELECT (SELECT min(off) FROM {table}),"
                f" 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{_bare(table)}'), 0)"
            ).fetchone()
        return (end if first is None else first), end

    def spans(self, topic: str, partitions: Iterable[int] | None = None) -> Mapping[int, tuple[int, int]]:
        """See `Log.spans`."""
        wanted = range(self._topic(topic).partitions) if partitions is None else partitions
        return {partition: self.span(topic, partition) for partition in wanted}

    def latest(self, topic: str, keys: Sequence[str]) -> Mapping[str, ConsumerRecord]:
        """See `Log.latest`. Raises ValueError for a topic that is not compacted: it has no index on keys."""
        config = self._topic(topic)
        if not config.compacted:
            msg = f"expected a compacted topic; {topic!r} is not"
            raise ValueError(msg)
        found: dict[str, ConsumerRecord] = {}
        with self._reading() as connection:
            for key in dict.fromkeys(keys):
                partition = partition_for(key, config.partitions)
                row = connection.execute(
                    f"SELECT {_COLUMNS} FROM {_table_of(topic, partition)} WHERE key = ? ORDER BY off DESC LIMIT 1",
                    (key,),
                ).fetchone()
                if row is not None and row[4] is not None:
                    found[key] = _record(topic, partition, row)
        return found

    @contextmanager
    def looking_up(self, topic: str) -> Iterator[Lookup]:
        """See `Log.looking_up`. Raises ValueError as `latest`."""
        self.latest(topic, [])
        yield partial(self.latest, topic)

    def checkpoint(self, group: str, topic: str) -> Checkpoint:
        """See `Log.checkpoint`."""
        self._topic(topic)
        positions: dict[int, int] = {}
        fates: dict[str, int] = {}
        begun: dict[int, int] = {}
        with self._reading() as connection:
            # One statement, so that all three are of one instant.
            for partition, fate, number, end in connection.execute(
                "SELECT partition, NULL, position, NULL FROM log_positions WHERE grp = :grp AND topic = :topic "
                "UNION ALL SELECT NULL, fate, count, NULL FROM log_fates WHERE grp = :grp AND topic = :topic "
                "UNION ALL SELECT partition, NULL, NULL, position FROM log_begun WHERE grp = :grp AND topic = :topic",
                {"grp": group, "topic": topic},
            ).fetchall():
                if fate is not None:
                    fates[fate] = number
                elif end is not None:
                    begun[partition] = end
                else:
                    positions[partition] = number
        return Checkpoint(positions, fates, begun)

    def commit(self, group: str, topic: str, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        """See `Log.commit`."""
        for partition in positions:
            self._table(topic, partition)
        with self._connection() as connection, self._folder.transaction(connection):
            connection.executemany(
                "INSERT INTO log_positions VALUES (?, ?, ?, ?)"
                " ON CONFLICT (grp, topic, partition) DO UPDATE SET position = excluded.position",
                [(group, topic, partition, position) for partition, position in positions.items()],
            )
            connection.executemany(
                "DELETE FROM log_begun WHERE grp = ? AND topic = ? AND partition = ?",
                [(group, topic, partition) for partition in positions],
            )
            connection.executemany(
                "INSERT INTO log_fates VALUES (?, ?, ?, ?)"
                " ON CONFLICT (grp, topic, fate) DO UPDATE SET count = count + excluded.count",
                [(group, topic, fate, count) for fate, count in fates.items() if count],
            )

    def _begin(self, group: str, topic: str, positions: Mapping[int, int]) -> None:
        with self._connection() as connection, self._folder.transaction(connection):
            connection.executemany(
                "INSERT OR REPLACE INTO log_begun VALUES (?, ?, ?, ?)",
                [(group, topic, partition, position) for partition, position in positions.items()],
            )

    def erase(self, topic: str, keys: Collection[str], *, tombstones: bool = False) -> int:
        """See `Log.erase`. Whoever lags passes over them. Without an index on keys the whole topic is looked at."""
        config = self._topic(topic)
        wanted: dict[int, list[str]] = {}
        for key in dict.fromkeys(keys):
            wanted.setdefault(partition_for(key, config.partitions), []).append(key)
        return sum(self._erase(config, partition, some, tombstones) for partition, some in wanted.items())

    def _erase(self, topic: Topic, partition: int, keys: Sequence[str], tombstones: bool) -> int:
        table = _table_of(topic.name, partition)
        with self._reading() as connection:
            gone: list[tuple[int]] = []
            for some in _batched(keys, _CHUNK):
                sql = (
                    f"SELECT off, key, value IS NULL FROM {table} WHERE key IN ({', '.join('?' * len(some))}) "
                    "ORDER BY off"
                )
                rows = connection.execute(sql, some).fetchall()
                kept = {key: off for off, key, _ in rows} if topic.compacted else {}
                gone += [(off,) for off, key, empty in rows if kept.get(key) != off or (empty and tombstones)]
        for chunk in _batched(gone, _CHUNK):
            with self._connection() as connection, self._folder.transaction(connection):
                connection.executemany(f"DELETE FROM {table} WHERE off = ?", chunk)
        return len(gone)

    def maintain(self, now_ms: int) -> Mapping[str, int]:
        """See `Log.maintain`. Its transactions are short; whoever appends meanwhile waits for some 10 ms at most."""
        removed: dict[str, int] = {}
        for topic in self.topics.values():
            for partition in range(topic.partitions):
                count = 0
                if topic.retention is not None:
                    count += self._expire(topic, partition, now_ms - int(topic.retention.total_seconds() * 1000))
                if topic.compacted:
                    count += self._compact(topic, partition, now_ms)
                if count:
                    removed[topic.name] = removed.get(topic.name, 0) + count
        return removed

    def close(self) -> None:
        """See `Log.close`. The folder stays open."""
        while self._connections:
            self._connections.pop().close()
        self._idle.clear()

    def _create_tables(self) -> None:
        wanted = {_table_of(t.name, p): t for t in self.topics.values() for p in range(t.partitions)}
        with self._connection() as connection:
            with storage_errors(self._folder.database):
                present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            missing = {table: topic for table, topic in wanted.items() if _bare(table) not in present}
            if not missing and "log_begun" in present:
                return
            with self._folder.transaction(connection):
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS log_positions (grp TEXT, topic TEXT, partition INTEGER,"
                    " position INTEGER NOT NULL, PRIMARY KEY (grp, topic, partition)) WITHOUT ROWID"
                )
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS log_begun (grp TEXT, topic TEXT, partition INTEGER,"
                    " position INTEGER NOT NULL, PRIMARY KEY (grp, topic, partition)) WITHOUT ROWID"
                )
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS log_fates (grp TEXT, topic TEXT, fate TEXT,"
                    " count INTEGER NOT NULL, PRIMARY KEY (grp, topic, fate)) WITHOUT ROWID"
                )
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS log_compacted (topic TEXT, partition INTEGER,"
                    " position INTEGER NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID"
                )
                for table, topic in missing.items():
                    connection.execute(
                        f"CREATE TABLE IF NOT EXISTS {table} (off INTEGER PRIMARY KEY AUTOINCREMENT,"
                        " ts INTEGER NOT NULL, key TEXT NOT NULL, headers TEXT, value BLOB)"
                    )
                    if topic.compacted:
                        name = _bare(table)
                        connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}_key" ON {table} (key, off)')
                        connection.execute(
                            f'CREATE INDEX IF NOT EXISTS "{name}_gone" ON {table} (off) WHERE value IS NULL'
                        )

    def _topic(self, name: str) -> Topic:
        topic = self.topics.get(name)
        if topic is None:
            msg = f"expected one of the topics {', '.join(self.topics)}; got {name!r}"
            raise ValueError(msg)
        return topic

    def _table(self, topic: str, partition: int) -> str:
        partitions = self._topic(topic).partitions
        if not 0 <= partition < partitions:
            msg = f"expected a partition of {topic!r} from 0 to {partitions - 1}; got {partition}"
            raise ValueError(msg)
        return _table_of(topic, partition)

    def _place(self, record: ProducerRecord) -> tuple[str, int, ProducerRecord, str | None]:
        topic = self._topic(record.topic)
        try:
            headers = _headers_encoder.encode(record.headers).decode() if record.headers else None
            partition = partition_for(record.key, topic.partitions)
        except UnicodeEncodeError as e:
            msg = f"expected key and headers without lone surrogates; got {record.key!r}, {dict(record.headers)!r}"
            raise InputError(msg, where=f"topic {record.topic}") from e
        return _table_of(record.topic, partition), partition, record, headers

    def _commit_waiting(self) -> None:
        """Commit what waits, oldest first, up to `_GROUP` records or one append. The caller has the turn."""
        group = [self._waiting.popleft()]
        size = len(group[0].rows)
        while self._waiting and size + len(self._waiting[0].rows) <= _GROUP:
            group.append(self._waiting.popleft())
            size += len(group[-1].rows)
        try:
            with (
                self._connection() as connection,
                self._folder.transaction(connection, durable=any(request.durable for request in group)),
            ):
                heads: dict[str, int] = {}
                for request in group:
                    request.places = _insert(connection, request.rows, heads, self._clock())
        except BaseException as e:
            for request in group:
                request.error = e if isinstance(e, Exception) else TransientError("the append was interrupted")
            if not isinstance(e, Exception):
                raise
        finally:
            for request in group:
                request.done = True
        with self._arrived:
            self._appends += 1
            self._arrived.notify_all()

    def _wait(self, seen: int, pause: float) -> None:
        """Wait for an append of this process later than number `seen`, or `pause` seconds."""
        with self._arrived:
            if self._appends == seen:
                self._arrived.wait(pause)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that no other thread has. There are as many as were ever needed at once."""
        connection = self._take_connection()
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _take_connection(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._folder.connect()
            self._connections.append(connection)
            return connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection, storage_errors(self._folder.database):
            yield connection

    def _expire(self, topic: Topic, partition: int, before_ms: int) -> int:
        """Remove what was appended before `before_ms`, read or not: what is personal goes in time, and says so."""
        table = _table_of(topic.name, partition)
        with self._reading() as connection:
            end = _first_since(connection, table, before_ms)
            behind = [p for p in _positions(connection, topic.name, partition) if p < end]
        # Timestamps follow the wall clock, which may have been set back: each record's own decides.
        removed = self._delete_in_chunks(
            f"DELETE FROM {table} WHERE off IN (SELECT off FROM {table} WHERE off < ? AND ts < ? LIMIT {_CHUNK})",
            (end, before_ms),
        )
        if removed and behind:
            _logger.warning(
                "%s/%d: %d records expired; of %d groups the last had read up to offset %d of %d",
                topic.name, partition, removed, len(behind), min(behind), end,
            )  # fmt: skip
        return removed

    def _compact(self, topic: Topic, partition: int, now_ms: int) -> int:
        table = _table_of(topic.name, partition)
        with self._reading() as connection:
            end = self._compactable(connection, topic.name, partition, now_ms)
            row = connection.execute(
                "SELECT position FROM log_compacted WHERE topic = ? AND partition = ?", (topic.name, partition)
            ).fetchone()
            at = row[0] if row else 0
        removed = 0
        while at < end:
            removed_now, at = self._compact_chunk(topic.name, partition, at, end)
            removed += removed_now
        with self._reading() as connection:
            everyone = min(_positions(connection, topic.name, partition), default=end)
        # What a tombstone below `end` stands for was removed above, or when compaction passed it.
        return removed + self._delete_in_chunks(
            f"DELETE FROM {table} WHERE off IN"
            f" (SELECT off FROM {table} WHERE value IS NULL AND off < ? AND ts < ? LIMIT {_CHUNK})",
            (min(end, everyone), now_ms - _DAY_MS),
        )

    def _compactable(self, connection: sqlite3.Connection, topic: str, partition: int, now_ms: int) -> int:
        """Return the offset up to which older records may go: see `overheard.log.base`."""
        table = _table_of(topic, partition)
        positions = _positions(connection, topic, partition)
        if not positions:
            return _first_since(connection, table, now_ms - _DAY_MS)
        return max(min(positions), _first_since(connection, table, now_ms - _PATIENCE_MS))

    def _compact_chunk(self, topic: str, partition: int, at: int, end: int) -> tuple[int, int]:
        """Remove what the next chunk of records from `at` on has made old; return (removed, next `at`).

        A record is taken out when `at` passes a newer one of its key, or itself where a newer one stands later.
        """
        table = _table_of(topic, partition)
        with self._connection() as connection, self._folder.transaction(connection):
            rows = connection.execute(
                f"SELECT off, key FROM {table} WHERE off >= ? AND off < ? ORDER BY off LIMIT {_CHUNK}", (at, end)
            ).fetchall()
            at = rows[-1][0] + 1 if len(rows) == _CHUNK else end
            before = connection.total_changes
            connection.executemany(
                f"DELETE FROM {table} WHERE key = :key AND off < :end"
                f" AND off < (SELECT max(off) FROM {table} WHERE key = :key)",
                [{"key": key, "end": end} for key in dict.fromkeys(key for _, key in rows)],
            )
            removed = connection.total_changes - before
            connection.execute("INSERT OR REPLACE INTO log_compacted VALUES (?, ?, ?)", (topic, partition, at))
        return removed, at

    def _delete_in_chunks(self, statement: str, parameters: tuple[int, ...]) -> int:
        total = 0
        while True:
            with self._connection() as connection, self._folder.transaction(connection):
                count = connection.execute(statement, parameters).rowcount
            total += count
            if count < _CHUNK:
                return total


class EmbeddedConsumer:
    """`Consumer` over an `EmbeddedLog`; made by `EmbeddedLog.consumer`."""

    def __init__(self, log: EmbeddedLog, group: str, topic: str, positions: dict[int, int]) -> None:
        self._log = log
        self._group = group
        self._topic = topic
        self._positions = positions
        self._tables = {_bare(_table_of(topic, partition)): partition for partition in positions}
        self._first = 0
        self._drained = -1
        self._pause = _PAUSE_MIN
        self._closed = False
        # A connection of its own, since what SQLite says of changes by others is said to one connection.
        self._connection = log._take_connection()

    @property
    def partitions(self) -> Sequence[int]:
        """See `Consumer.partitions`."""
        return tuple(self._positions)

    def poll(self, limit: int, timeout: float) -> Sequence[ConsumerRecord]:
        """See `Consumer.poll`. Each call begins with another partition, so that none starves."""
        deadline = time.monotonic() + timeout
        while True:
            seen = self._log._appends
            records = self._look(limit)
            left = deadline - time.monotonic()
            if records:
                self._pause = _PAUSE_MIN
            if records or left <= 0:
                return records
            self._log._wait(seen, min(self._pause, left))
            self._pause = min(self._pause * _PAUSE_GROWTH, _PAUSE_MAX)

    def commit(self, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        """See `Consumer.commit`."""
        self._log.commit(self._group, self._topic, positions, fates)

    def begin(self, positions: Mapping[int, int]) -> None:
        """See `Consumer.begin`. Never fenced: the log is told which member owns what."""
        self._log._begin(self._group, self._topic, positions)

    def rewind(self) -> None:
        """See `Consumer.rewind`."""
        committed = self._log.checkpoint(self._group, self._topic).positions
        for partition in self._positions:
            self.seek(partition, committed.get(partition, _FIRST))

    def seek(self, partition: int, offset: int) -> None:
        """See `Consumer.seek`. Raises ValueError for a partition of another member."""
        if partition not in self._positions:
            msg = f"expected one of the partitions {sorted(self._positions)} of {self._topic!r}; got {partition}"
            raise ValueError(msg)
        self._positions[partition] = max(offset, _FIRST)
        self._drained = -1

    def lag(self) -> int:
        """See `Consumer.lag`."""
        with storage_errors(self._log._folder.database):
            return sum(max(0, end - self._positions[p]) for p, end in self._ends().items())

    def close(self) -> None:
        """See `Consumer.close`. May be called twice."""
        if not self._closed:
            self._closed = True
            self._log._idle.append(self._connection)

    def _look(self, limit: int) -> list[ConsumerRecord]:
        with storage_errors(self._log._folder.database):
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version == self._drained:
                return []
            ends = self._ends()
            records: list[ConsumerRecord] = []
            self._first += 1
            for partition in _rotated(list(self._positions), self._first):
                room = limit - len(records)
                end = ends.get(partition, 0)
                if room <= 0 or self._positions[partition] >= end:
                    continue
                found = _select(self._connection, self._topic, partition, self._positions[partition], room)
                records += found
                if found:
                    self._positions[partition] = found[-1].offset + 1
                if len(found) < room:
                    # All there was up to `end` has been seen; what compaction took away is not waited for.
                    self._positions[partition] = max(self._positions[partition], end)
            if not records:
                self._drained = version
            return records

    def _ends(self) -> dict[int, int]:
        rows = self._connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
        return {self._tables[name]: seq + 1 for name, seq in rows if name in self._tables}


class _Append:
    """One call of `append` on its way through a group commit."""

    __slots__ = ("done", "durable", "error", "places", "rows")

    def __init__(self, rows: list[tuple[str, int, ProducerRecord, str | None]], durable: bool) -> None:
        self.rows = rows
        self.durable = durable
        self.places: list[tuple[int, int]] = []
        self.error: Exception | None = None
        self.done = False


def _insert(
    connection: sqlite3.Connection,
    rows: Iterable[tuple[str, int, ProducerRecord, str | None]],
    heads: dict[str, int],
    timestamp: int,
) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    tables: dict[str, list[_Row]] = {}
    for table, partition, record, headers in rows:
        if table not in heads:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (_bare(table),)).fetchone()
            heads[table] = row[0] if row else 0
        heads[table] += 1
        offset = heads[table]
        places.append((partition, offset))
        tables.setdefault(table, []).append((offset, timestamp, record.key, headers, record.value))
    for table, new in tables.items():
        connection.executemany(f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", new)
    return places


def _select(
    connection: sqlite3.Connection, topic: str, partition: int, offset: int, limit: int
) -> list[ConsumerRecord]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {_table_of(topic, partition)} WHERE off >= ? ORDER BY off LIMIT ?",
        (offset, max(0, limit)),
    ).fetchall()
    return [_record(topic, partition, row) for row in rows]


def _record(topic: str, partition: int, row: _Row) -> ConsumerRecord:
    offset, timestamp, key, headers, value = row
    return ConsumerRecord(
        topic, partition, offset, timestamp, key, value, _headers_decoder.decode(headers) if headers else {}
    )


def _positions(connection: sqlite3.Connection, topic: str, partition: int) -> list[int]:
    """Return where each group that ever committed on the topic stands in the partition; 0 for not begun."""
    rows = connection.execute(
        "SELECT max(iif(partition = ?, position, 0)) FROM log_positions WHERE topic = ? GROUP BY grp",
        (partition, topic),
    ).fetchall()
    return [row[0] for row in rows]


def _first_since(connection: sqlite3.Connection, table: str, timestamp: int) -> int:
    """Return the offset before which records are older than `timestamp`, by bisection: there is no index on time."""
    first, end = connection.execute(
        f"SELECT (SELECT min(off) FROM {table}), (SELECT max(off) + 1 FROM {table})"
    ).fetchone()
    if first is None:
        return 0
    low, high = int(first), int(end)
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            f"SELECT off, ts FROM {table} WHERE off >= ? ORDER BY off LIMIT 1", (middle,)
        ).fetchone()
        if row is None or row[1] >= timestamp:
            high = middle
        else:
            low = row[0] + 1
    return low


def _table_of(topic: str, partition: int) -> str:
    """Return the quoted name of a partition's table."""
    return f'"log_{topic}_{partition}"'


def _bare(table: str) -> str:
    return table.strip('"')


def _batched(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _rotated(items: list[int], by: int) -> list[int]:
    by %= len(items) or 1
    return items[by:] + items[:by]
