"""What a hop over the embedded log costs: append, poll and commit, in batches of 128 records of 1 KB.

The baseline, in the same run, is the same rows through one table of a bare SQLite file with the same settings, read by
row id and with one position updated, without topics, headers, groups, fates or several connections.

    python -m benchmarks.bench_log
"""

import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.common import load_posts, mean_tokens, mention_of, report
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import encode, event_for

BATCH = 128
ROUNDS = 5
TARGET_MS = 0.3


def main() -> None:
    mentions = [mention_of(post) for post in load_posts(BATCH * 80)]
    records = [
        ProducerRecord(
            "facts", m.id, encode(event_for(m, subject=m.id, source="/bench", time=m.first_seen)).ljust(1024)
        )
        for m in mentions
    ]
    batches = [records[i : i + BATCH] for i in range(0, len(records), BATCH)]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        hops, raws = [], []
        for i in range(ROUNDS):  # in turns, so that a busy machine is unkind to both
            hops.append(hop(path / f"log{i}", batches, durable=False))
            raws.append(raw(path / f"raw{i}.db", batches))
        durable = hop(path / "durable", batches, durable=True)
        woken, polled = latency(path / "latency")
        ms, baseline = statistics.median(hops), statistics.median(raws)
        report(
            "Log hop (append + poll + commit)",
            corpus="real posts as mention events, padded to 1 KB",
            count=len(records),
            tokens=mean_tokens(m.text for m in mentions),
            figures=[
                ("batch", str(BATCH)),
                ("mean bytes", f"{statistics.mean(len(r.value or b'') for r in records):.0f}"),
                ("hop", f"{ms:.4f} ms a record (median of {ROUNDS}; at most {TARGET_MS})"),
                ("hop, durable", f"{durable:.4f} ms a record"),
                ("baseline", f"{baseline:.4f} ms a record (bare sqlite3 insert, select, update)"),
                ("ratio", f"{ms / baseline:.2f} of the baseline's time"),
                ("wake, same process", f"{woken:.2f} ms (median)"),
                ("wake, other process", f"{polled:.2f} ms (median; by a second log on the same folder)"),
            ],
            passed=ms <= TARGET_MS,
        )


def hop(path: Path, batches: list[list[ProducerRecord]], *, durable: bool) -> float:
    """Return ms a record through a fresh log."""
    count = 0
    with (
        Folder(path) as folder,
        closing(EmbeddedLog(folder)) as log,
        closing(log.consumer("bench", "facts")) as consumer,
    ):
        started = time.perf_counter()
        for batch in batches:
            log.append(batch, durable=durable)
            read = consumer.poll(BATCH, 1.0)
            consumer.commit({0: read[-1].offset + 1}, {"applied": len(read)})
            count += len(read)
        seconds = time.perf_counter() - started
    assert count == sum(map(len, batches))
    return seconds * 1000 / count


def raw(path: Path, batches: list[list[ProducerRecord]]) -> float:
    """Return ms a record through one bare table."""
    count, at = 0, 0
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE log (off INTEGER PRIMARY KEY, key TEXT, value BLOB)")
        connection.execute("CREATE TABLE position (at INTEGER)")
        connection.execute("INSERT INTO position VALUES (0)")
        started = time.perf_counter()
        for batch in batches:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO log (key, value) VALUES (?, ?)", [(r.key, r.value) for r in batch])
            connection.execute("COMMIT")
            rows = connection.execute("SELECT * FROM log WHERE off > ? ORDER BY off LIMIT ?", (at, BATCH)).fetchall()
            at = rows[-1][0]
            connection.execute("UPDATE position SET at = ?", (at,))
            count += len(rows)
        seconds = time.perf_counter() - started
    assert count == sum(map(len, batches))
    return seconds * 1000 / count


def latency(path: Path) -> tuple[float, float]:
    """Return the median ms from the start of an append to its record in a waiting consumer: same log, another log."""
    with Folder(path) as folder, closing(EmbeddedLog(folder)) as one, closing(EmbeddedLog(folder)) as two:
        return wake(one, one.append), wake(one, two.append)


def wake(log: EmbeddedLog, append: Callable[[list[ProducerRecord]], object]) -> float:
    times: list[float] = []
    ready = threading.Event()

    def read() -> None:
        with closing(log.consumer("wake", "watch")) as consumer:
            consumer.seek(0, log.span("watch", 0)[1])
            for _ in range(30):
                ready.set()
                while not consumer.poll(1, 1.0):
                    pass
                times.append(time.perf_counter())

    reader = threading.Thread(target=read)
    reader.start()
    sent: list[float] = []
    for i in range(30):
        ready.wait()
        ready.clear()
        time.sleep(0.03 + i * 0.0007)  # idle long enough for the pauses to be at their longest
        sent.append(time.perf_counter())
        append([ProducerRecord("watch", "k", b"v")])
    reader.join()
    return statistics.median((b - a) * 1000 for a, b in zip(sent, times, strict=True))


if __name__ == "__main__":
    main()
