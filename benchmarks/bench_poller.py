"""The poller itself in a web of 10,000 feeds, one host name each, in simulated time over real sockets.

    python -m benchmarks.bench_poller [--feeds N] [--hours N] [--seed N]

The web is another process: feeds in the rhythms of `bench_rhythm`, of whose servers some answer 304, some never, some
are slow, broken, moved, gone, or limit us. Needed are the polls that the schedule asks for, and one robots.txt for each
host; sent is what the web received. The fixed interval has as many polls as we made.
"""

import argparse
import multiprocessing
import random
import resource
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import format_datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_rhythm import START, Source, source_of
from benchmarks.common import SEED, report
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching.fetch import Answer, Fetcher, Limits
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.jobs import Job
from overheard.collectors.polling.poller import Poller
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Mention, decode
from tests.collectors.behaviour.server import Asked, Reply, Server

FEEDS = 10_000
TARGETS = {"ratio": 1.05, "memory": 500, "delay": 0.5}
# Of a hundred servers.
SERVERS = {"well": 86, "slow": 2, "broken": 3, "moved": 3, "gone": 2, "limited": 2, "failing": 2}
STEP = timedelta(seconds=15)  # what is due within it is asked side by side, as in life


class Sites:
    """What the web answers, from the feeds' number in their host names."""

    def __init__(self, feeds: int, seed: int, hours: float) -> None:
        self.sources = [source_of(number, seed, hours) for number in range(feeds)]
        self.kinds = [server_of(number, seed) for number in range(feeds)]

    def __call__(self, asked: Asked) -> Reply:
        if asked.target == "/robots.txt":
            return Reply(404)
        number = int(asked.host.partition(".")[0].removeprefix("site"))
        source, kind = self.sources[number], self.kinds[number]
        if kind == "gone":
            return Reply(410)
        if kind == "failing":
            return Reply(500)
        if kind == "broken":
            return Reply(200, {}, b"<html>database down</html>")
        if kind == "moved" and asked.target == "/feed":
            return Reply(301, {"Location": "/moved"})
        if kind == "limited" and asked.at < START + timedelta(hours=2):
            return Reply(429, {"Retry-After": "10800"})
        if kind == "slow":
            time.sleep(0.02)
        return well(source, number, asked)


def well(source: Source, number: int, asked: Asked) -> Reply:
    upto = bisect_right(source.entries, (asked.at - START).total_seconds() / 3600)
    headers = {"ETag": f'W/"{upto}"'} if source.validators else {}
    if headers and asked.header("if-none-match") == headers["ETag"]:
        return Reply(304, headers)
    items = "".join(
        f"<item><link>https://posts.example/{number}/{i}</link><title>Post {i}</title>"
        f"<pubDate>{format_datetime(START + timedelta(hours=source.entries[i]))}</pubDate></item>"
        for i in range(upto - 1, max(upto - source.shown, 0) - 1, -1)
    )
    return Reply(200, headers, f"<rss version='2.0'><channel><title>{number}</title>{items}</channel></rss>".encode())


def server_of(number: int, seed: int) -> str:
    return random.Random(f"server {seed}/{number}").choices(list(SERVERS), list(SERVERS.values()))[0]


def serve(pipe: Connection, clock: Any, feeds: int, seed: int, hours: float) -> None:
    """Be the web until told to stop; send the port first, and how many requests came last."""
    server = Server(Sites(feeds, seed, hours), lambda: START + timedelta(seconds=clock.value), keep=False)
    pipe.send(server.port)
    pipe.recv()
    pipe.send(server.asked)
    server.close()


class Watched(Poller):
    """A poller that notes down how long after its time each source was asked."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.late: list[float] = []
        self.polls: dict[str, int] = {}

    def _answered(self, key: str, job: Job, answer: Answer) -> None:
        for name in job.sources:
            self.late.append((self._clock() - self._states[name].next_due).total_seconds())
            self.polls[name] = self.polls.get(name, 0) + 1
        super()._answered(key, job, answer)


def delays_of(log: EmbeddedLog, first: Mapping[int, datetime]) -> tuple[np.ndarray, set[tuple[int, int]]]:
    """Return the hours from when entries appeared to when they were found, of those that were not there at first."""
    delays, found = [], set()
    for partition in range(12):
        start, end = log.span("mentions", partition)
        for offset in range(start, end, 500):
            for record in log.read("mentions", partition, offset, min(500, end - offset)):
                mention = decode(record.value or b"").data
                assert isinstance(mention, Mention)
                number, entry = map(int, mention.url.rsplit("/", 2)[1:])
                found.add((number, entry))
                if mention.published and mention.published > first.get(number, START):
                    delays.append((mention.first_seen - mention.published).total_seconds() / 3600)
    return np.array(delays), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=FEEDS)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    seconds = context.Value("d", 0.0, lock=False)
    ours, theirs = context.Pipe()
    web = context.Process(target=serve, args=(theirs, seconds, options.feeds, options.seed, options.hours), daemon=True)
    web.start()
    port = ours.recv()
    end, stop = START + timedelta(hours=options.hours), threading.Event()
    now = START

    def idle(until: datetime | None) -> None:
        nonlocal now
        if until is None or until >= end:
            stop.set()
        else:
            now = max(until, now + STEP)
            seconds.value = (now - START).total_seconds()

    names = [f"site{number}.example" for number in range(options.feeds)]
    feeds = [Feed(name=name, url=f"http://{name}:{port}/feed", articles=False) for name in names]
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow=set(names),
        limits=Limits(gap=2.0, total=10.0),
        clock=lambda: now,
        resolve=lambda *_: ["127.0.0.1"],
    )
    began, worked = time.monotonic(), time.process_time()
    with (
        tempfile.TemporaryDirectory() as place,
        Folder(Path(place) / "data") as folder,
        closing(EmbeddedLog(folder)) as log,
        closing(log.consumer(STAGE, "fetches")) as consumer,
        closing(fetcher),
        closing(Watched(log, consumer, lambda: now, idle=idle)) as poller,
    ):
        poller.use(feeds, fetcher)
        result = poller.run(stop)
        passed, cpu = time.monotonic() - began, time.process_time() - worked
        ours.send("end")
        came = ours.recv()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        delays, found = delays_of(log, {})
    web.join()
    polls = sum(poller.polls.values())
    needed = polls + options.feeds
    sites = Sites(options.feeds, options.seed, options.hours)
    fine = [number for number, kind in enumerate(sites.kinds) if kind in ("well", "slow", "moved", "limited")]
    fixed = len(fine) * options.hours / max(sum(poller.polls.get(names[number], 0) for number in fine), 1)
    late = np.array(poller.late)
    figures = [
        ("polls", f"{polls:,}; {len(poller.polls):,} of {options.feeds:,} feeds in {options.hours:g} hours"),
        ("requests / needed", f"{came / needed:.3f} ({came:,} / {needed:,}; at most {TARGETS['ratio']})"),
        (
            "after its time",
            f"median {np.median(late):.0f} s, p99 {np.quantile(late, 0.99):.0f} s, most {late.max():.0f} s",
        ),
        (
            "time",
            f"{passed:.0f} s, {cpu:.0f} s of the processor: {options.hours * 3600 / passed:.0f} times as fast as life",
        ),
        ("memory", f"{memory:.0f} MB at most (at most {TARGETS['memory']})"),
        ("found", f"{len(found):,} entries, {len(delays):,} of them new; {result.fates}"),
    ]
    if len(delays):
        middle = float(np.median(delays))
        figures += [
            ("delay", f"median {middle:.2f} h, p90 {np.quantile(delays, 0.9):.2f} h"),
            (f"fixed, every {fixed:.2f} h", f"median {fixed / 2:.2f} h"),
            ("median / fixed median", f"{middle / (fixed / 2):.3f} (at most {TARGETS['delay']})"),
        ]
    report(
        "One poller in a web of many feeds, in simulated time",
        corpus=f"{options.feeds:,} feeds in the rhythms of bench_rhythm, {options.hours:g} hours",
        count=came,
        tokens=0.0,
        figures=figures,
        seed=options.seed,
        passed=came / needed <= TARGETS["ratio"] and memory < TARGETS["memory"],
    )


if __name__ == "__main__":
    main()
