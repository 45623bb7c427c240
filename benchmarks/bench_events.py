"""Events: what a post costs from its tokens to its written event, and how many of the real near-duplicates are found.

cost       file, changed, of and write, in batches as the matcher has them, on real posts in order of time; beside
           writing each post's tokens into a bare SQLite table in the same batches
copies     the same for so many copies of one text, each with a word of its own
found      of pairs at most seven days apart whose exact Jaccard index reaches the bar (brute force over posts that
           follow one another), those that are in one event; and joined pairs below the bar

python -m benchmarks.bench_events [--posts 60000] [--sample 60000]
"""

import argparse
import gzip
import json
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.common import SHARED, mean_tokens, report
from overheard.matcher.events import near
from overheard.matcher.events.events import SCHEMA, WITHIN, Events, Filed
from overheard.matcher.identity.decisions import Decisions
from overheard.matcher.names.text import tokens
from overheard.records import Mention, mention_id, sort_key
from overheard.text import clean, fold

BATCH = 128  # facts of one batch of the matcher
COPIES = 10_000
POSTS = Path("load/reddit_posts_188k.ndjson.gz")

Post = tuple[Mention, int, Sequence[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--posts", type=int, default=60_000)
    parser.add_argument("--sample", type=int, default=60_000)
    chosen = parser.parse_args()
    posts = read(chosen.posts)
    with tempfile.TemporaryDirectory() as folder:
        bare = bare_table(posts, Path(folder) / "bare.db")
        cost, events = taken_in(posts, Path(folder) / "events.db")
        copied, together = taken_in(copies(), Path(folder) / "copies.db")
        pairs = found(posts[: chosen.sample], Path(folder) / "sample.db")
    report(
        "events",
        corpus=POSTS.name,
        count=len(posts),
        tokens=mean_tokens(mention.text for mention, _, _ in posts),
        figures=[
            (
                "a post",
                f"{cost:.0f} µs of processor time, {cost / bare:.1f} times the {bare:.0f} µs of a bare table",
            ),
            ("in an event", f"{events:,} posts"),
            ("a copy", f"{copied:.0f} µs of {COPIES:,}; {together:,} of them are in an event"),
            (f"near-duplicates among {chosen.sample:,}", pairs),
        ],
    )


def read(limit: int) -> list[Post]:
    """The newest posts in order of time."""
    path = SHARED / POSTS
    if not path.exists():
        print(f"skipped: no ../shared/data/{POSTS} beside the repository")
        sys.exit(0)
    posts: list[Post] = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            at = datetime.fromtimestamp(row["created_utc"], UTC)
            mention = Mention(
                id=mention_id("reddit", row["id"]),
                platform="reddit",
                native_id=row["id"],
                source="reddit",
                name=clean(row["title"]),
                content=clean(row["selftext"]),
                url=row["permalink"],
                published=at,
                first_seen=at,
            )
            posts.append(post_of(mention))
    posts.sort(key=lambda post: post[1])
    return posts[-limit:]


def post_of(mention: Mention) -> Post:
    return mention, sort_key(mention.id, mention.published, mention.first_seen), tokens(fold(mention.text))


def copies() -> list[Post]:
    """One text as spam repeats it, each with a number of its own."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    text = (
        "win a new lathe of acme tools today by sending the code {} to our number within a week and never pay for it "
        "again at all as thousands of happy owners from all over the world have done before you since last march"
    )
    made = []
    for i in range(COPIES):
        at = start + timedelta(minutes=i)
        made.append(
            post_of(
                Mention(
                    id=mention_id("x", str(i)),
                    platform="x",
                    native_id=str(i),
                    source="x",
                    content=text.format(i),
                    first_seen=at,
                )
            )
        )
    return made


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -32768")
    return connection


def batches(posts: Sequence[Post]) -> Iterable[tuple[int, Sequence[Post]]]:
    for start in range(0, len(posts), BATCH):
        yield start, posts[start : start + BATCH]


def bare_table(posts: Sequence[Post], path: Path) -> float:
    """Microseconds a post."""
    with closing(opened(path)) as connection:
        connection.execute("CREATE TABLE bare (num INTEGER PRIMARY KEY, k INTEGER, words TEXT)")
        begun = time.process_time()
        for start, batch in batches(posts):
            connection.execute("BEGIN IMMEDIATE")
            rows = [(start + i, k, " ".join(words)) for i, (_, k, words) in enumerate(batch)]
            connection.executemany("INSERT INTO bare VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
        return (time.process_time() - begun) / len(posts) * 1e6


def taken_in(posts: Sequence[Post], path: Path) -> tuple[float, int]:
    """Return microseconds a post, and how many are in an event."""
    with closing(opened(path)) as connection:
        events = new_events(connection, posts)
        begun = time.process_time()
        for start, batch in batches(posts):
            for i, (mention, k, words) in enumerate(batch):
                events.file(start + i, mention, k, words)
            for num in (*events.changed(), *range(start, start + len(batch))):
                events.of(num)
            connection.execute("BEGIN IMMEDIATE")
            events.write(connection)
            connection.execute("COMMIT")
            events.forget()
        cost = (time.process_time() - begun) / len(posts) * 1e6
        return cost, sum(1 for num in range(len(posts)) if events.of(num).event)


def new_events(connection: sqlite3.Connection, posts: Sequence[Post]) -> Events:
    for statement in SCHEMA.split(";"):
        connection.execute(statement)

    def stored(num: int) -> Filed:
        mention, k, words = posts[num]
        return Filed(mention.id, k, words)

    return Events(connection, Decisions(), stored=stored, number=lambda _: None)


def found(posts: Sequence[Post], path: Path) -> str:
    """Brute force: every pair that shares a shingle has its exact Jaccard index worked out."""
    shingles = [near.shingles(words) for _, _, words in posts]
    holding: dict[str, list[int]] = defaultdict(list)
    true: set[tuple[int, int]] = set()
    for b, mine in enumerate(shingles):
        common: dict[int, int] = defaultdict(int)
        for shingle in mine:
            for a in holding[shingle]:
                common[a] += 1
            holding[shingle].append(b)
        for a, n in common.items():
            alike = n / (len(mine) + len(shingles[a]) - n)
            if alike >= near.LIKENESS and (posts[b][1] >> 21) - (posts[a][1] >> 21) <= WITHIN / timedelta(
                milliseconds=1
            ):
                true.add((a, b))
    taken_in(posts, path)
    with closing(opened(path)) as connection:
        events = new_events(connection, posts)
        of = [events.of(num).event for num in range(len(posts))]
        together = sum(1 for a, b in true if of[a] and of[a] == of[b])
        joined = connection.execute(
            "SELECT num, other FROM ledger_event_edges WHERE kind = 2 AND num < other"
        ).fetchall()
        false = sum(1 for a, b in joined if near.jaccard(shingles[a], shingles[b]) < near.LIKENESS)
    share = f" ({together / len(true):.1%})" if true else ""
    return (
        f"{together:,} of {len(true):,} pairs{share} in one event; {false} of {len(joined):,} joined are below the bar"
    )


if __name__ == "__main__":
    main()
