"""What all benchmarks share: the corpus, the memory of a process tree, and one way to print a figure.

Knows nothing of what is measured. Times are taken by the caller; `OMP_NUM_THREADS=1` is set on import, before any
numeric library is loaded, so that one core means one core.
"""

import gzip
import json
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from overheard.records import Actor, Mention, mention_id
from overheard.text import clean
from overheard.urls import canonical_url

os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SEED = 20_260_101
_TOKEN = re.compile(r"\w+|[^\w\s]")


def load_posts(limit: int | None = None, *, seed: int = SEED) -> list[dict[str, Any]]:
    """Return the posts of the real stream as its NDJSON has them; with `limit`, a random sample in stream order.

    Where the shared data is absent it prints so and ends the program with 0: a benchmark without its corpus is skipped.
    """
    path = SHARED / "real" / "posts.ndjson.gz"
    if not path.exists():
        print("skipped: no ../shared/data/real/posts.ndjson.gz beside the repository")
        sys.exit(0)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    if limit is None or limit >= len(posts):
        return posts
    chosen = sorted(random.Random(seed).sample(range(len(posts)), limit))
    return [posts[i] for i in chosen]


def mention_of(post: Mapping[str, Any]) -> Mention:
    """Return a post of the real stream as a mention: enough for a benchmark; the importer is in `collectors`."""
    published = datetime.fromtimestamp(post["published"], UTC) if post.get("published") else None
    native_id, url = str(post.get("native_id") or ""), canonical_url(post.get("url") or "")
    author = post.get("author")
    return Mention(
        id=mention_id(post["source"], native_id, url=url),
        platform=post["source"],
        native_id=native_id,
        source=post["source"],
        name=clean(post.get("title") or ""),
        content=clean(post.get("text") or ""),
        url=post.get("url") or "",
        published=published,
        first_seen=published or datetime(2026, 1, 1, tzinfo=UTC),
        in_reply_to=post.get("in_reply_to") or "",
        attributed_to=Actor(platform=post["source"], preferred_username=author) if author else None,
    )


def mean_tokens(texts: Iterable[str]) -> float:
    """Return the mean number of tokens: runs of word characters, and single marks (near spaCy's own count)."""
    counts = [len(_TOKEN.findall(text)) for text in texts]
    return sum(counts) / len(counts) if counts else 0.0


def pss_mb(pid: int | None = None) -> float:
    """Return the proportional set size, in MB, of a process (default: this one) and all its descendants."""
    root = psutil.Process(pid)
    total = 0
    for process in (root, *root.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return total / 1e6


class PeakMemory:
    """The highest sum of the proportional set sizes of all processes that this one has started, in MB.

    A context manager; samples twice a second, so what lives shorter may be missed.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.5):
            self.peak_mb = max(self.peak_mb, sum(pss_mb(child.pid) for child in me.children()))


# Rates that are named in posts or mentions a second hold where bare `nlp.pipe` makes so many tokens a second.
REFERENCE_TOKENS_PER_SECOND = 20_000.0


def bare_pipe_tokens_per_second(texts: Sequence[str]) -> float:
    """Return how many of spaCy's tokens a second bare `nlp.pipe` makes of `texts` here and now, on one core.

    In a process of its own, so that the memory of the caller stays what it is; the model and the settings are those of
    `overheard.enrich.entities`.
    """
    command = [sys.executable, "-m", "benchmarks.bare_pipe"]
    done = subprocess.run(command, input=json.dumps(list(texts)), stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def report(
    title: str,
    *,
    corpus: str,
    count: int,
    tokens: float,
    figures: Sequence[tuple[str, str]],
    models: str = "none",
    seed: int = SEED,
    passed: bool | None = None,
) -> None:
    """Print one benchmark: what it ran on, its memory now, then `figures` (label, value with its unit), in order.

    Baseline and ratio are among the figures. `passed` False ends the program with 1 after printing.
    """
    rows = [
        ("corpus", corpus),
        ("count", f"{count:,}"),
        ("mean tokens", f"{tokens:.1f}"),
        ("seed", str(seed)),
        ("models", models),
        ("memory (PSS)", f"{pss_mb():,.0f} MB"),
        *figures,
    ]
    width = max(len(label) for label, _ in rows)
    print(title)
    for label, value in rows:
        print(f"  {label:<{width}}  {value}")
    if passed is not None:
        print(f"  {'target':<{width}}  {'met' if passed else 'MISSED'}")
        if not passed:
            sys.exit(1)


def into_docs(page: str, block: str, text: str) -> None:
    """Put a text between the marks of a block in a page of docs/. Raises ValueError where it has no such marks."""
    path = Path(__file__).resolve().parents[1] / "docs" / page
    begin, end = f"<!-- {block}: written by make evaluate -->\n", f"<!-- end of {block} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        msg = f"{page}: expected the lines {begin.strip()!r} and {end!r}, between which a table goes; got none"
        raise ValueError(msg)
    path.write_text(f"{before}{begin}{text.rstrip()}\n{end}{after}", encoding="utf-8")
