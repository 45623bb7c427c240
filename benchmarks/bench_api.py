"""The API of a running `overheard up`: profiles and searches a request each, and how long a post takes to be found.

Beside a bare route of the same framework and server, which answers with the profile's bytes: what is ours is the rest.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks.common import mean_tokens, report
from overheard.config.settings import Settings
from overheard.records import contact_id
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.world import write_world

POSTS = 2_000
SEED = 7
REQUESTS = 300
HANDED_IN = 20
PROFILE_LIMIT = 0.010  # seconds, p95
VISIBLE_LIMIT = 2.0  # seconds, each
MEERA = contact_id("crm", "c1")


def fill(folder: Path) -> list[str]:
    """Put a world of our own into a folder, worked on; return the texts."""
    world = write_world(folder.parent / "world", posts=POSTS, seed=SEED)
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_mentions(system, world.posts)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
    return world.posts.read_text(encoding="utf-8").splitlines()


@contextmanager
def running(command: Sequence[str], *, given: bytes = b"") -> Iterator[str]:
    """Run a server in a process of its own; lend the address that it prints."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(given)
        process.stdin.close()
        try:
            line = process.stdout.readline().decode()
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            process.terminate()


def times(*runs: Callable[[], object], count: int) -> list[list[float]]:
    """Return the seconds of each run, sorted. They take turns, so that what else the machine does meets them all.

    The first tenth warms up and does not count.
    """
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(count + count // 10):
        for run, taken in zip(runs, found, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [sorted(taken[count // 10 :]) for taken in found]


def at(part: float, sorted_times: Sequence[float]) -> float:
    return sorted_times[min(len(sorted_times) - 1, int(len(sorted_times) * part))]


def shown(sorted_times: Sequence[float]) -> str:
    return f"p50 {at(0.5, sorted_times) * 1000:.1f} ms, p95 {at(0.95, sorted_times) * 1000:.1f} ms"


def visible_after(client: httpx.Client, number: int) -> float:
    """Hand a post in, and return the seconds until a search finds it."""
    word = f"zq{number}x{time.time_ns()}"
    post = {
        "source": "bench",
        "nativeId": word,
        "author": "meerac",
        "published": datetime.now(UTC).isoformat(),
        "text": f"The Korvex L200 took the {word} job without a hitch",
    }
    start = time.perf_counter()
    assert client.post("/v1/mentions", json=[post]).json()["counts"] == {"collected": 1}
    while client.get("/v1/mentions", params={"q": word, "limit": 1}).json()["total"] == 0:
        if time.perf_counter() - start > 60:
            sys.exit(f"the post {word} was not found within a minute")
        time.sleep(0.02)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        texts = fill(folder)
        command = [sys.executable, "-m", "overheard", "up", "--workers", "1", "--port", "0", "--folder", str(folder)]
        with running(command) as address, httpx.Client(base_url=address, timeout=30) as client:
            body = client.get(f"/v1/contacts/{MEERA}/profile").raise_for_status().content
            visible_after(client, -1)  # the worker loads its language model
            bare_command = [sys.executable, "-m", "benchmarks.bare_route"]
            with running(bare_command, given=body) as bare_address, httpx.Client(timeout=30) as bare_client:
                bare, profile, search = times(
                    lambda: bare_client.get(bare_address),
                    lambda: client.get(f"/v1/contacts/{MEERA}/profile"),
                    lambda: client.get("/v1/mentions", params={"q": "korvex spindle"}),
                    count=REQUESTS,
                )
            visible = sorted(visible_after(client, number) for number in range(HANDED_IN))
    met = at(0.95, profile) < PROFILE_LIMIT and visible[-1] < VISIBLE_LIMIT
    report(
        "API: requests to a running `overheard up`, one after the other",
        corpus=f"a world of our own, {POSTS:,} posts",
        count=REQUESTS,
        tokens=mean_tokens(texts),
        seed=SEED,
        figures=[
            ("bare route, same bytes", shown(bare)),
            ("profile", f"{shown(profile)} (p95 below {PROFILE_LIMIT * 1000:.0f} ms), {len(body):,} bytes"),
            ("ratio", f"{at(0.5, profile) / at(0.5, bare):.1f} times the bare route, at p50"),
            ("search, newest 20", shown(search)),
            (
                "post handed in to found",
                f"p50 {at(0.5, visible):.2f} s, most {visible[-1]:.2f} s of {HANDED_IN} (below {VISIBLE_LIMIT:.0f} s)",
            ),
        ],
        passed=met,
    )


if __name__ == "__main__":
    main()
