"""When 10,000 sources are asked in their own rhythm for a month: how late entries are found, against a fixed interval.

    python -m benchmarks.bench_rhythm [--feeds N] [--seed N]

No network: each source is a list of times at which entries appear, drawn from one of the kinds of rhythm below, with a
time zone, weekends, and a server that has validators or none. What decides is `polling.schedule.settle`, as in life.
The baselines ask all sources equally often: every n hours, from a random moment on; or by Media Cloud's rule (longer
where two thirds of what came is known, shorter where less than a third is). Both get as many requests as we made.
"""

import argparse
import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.common import SEED, report
from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.polling.rhythm import expected_silence, observe
from overheard.collectors.polling.schedule import Seen, begin, settle
from overheard.records import PollState, encode, event_for

FEEDS = 10_000
YEAR_FEEDS = 1_500  # of which silence is looked at, for a year
TARGET = 0.5
MONTH, YEAR = 30 * 24.0, 365 * 24.0  # hours, as all times here, from START on
HISTORY = 400 * 24.0
START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
ZONES = (-8, -7, -5, -5, 0, 1, 1, 1, 2, 5.5, 8, 9)
WEEK, WORKDAYS = range(7), range(5)
SHOWN = (10, 20, 30)
WITH_VALIDATORS = 0.7

Draw = Callable[[random.Random, float], list[float]]


def poisson(rng: random.Random, per_hour: float, start: float, end: float, *, even: bool = False) -> list[float]:
    """Entries at random, more of them in the working hours of a time zone unless `even`."""
    zone, weekend = rng.choice(ZONES), rng.choice((0.1, 0.3, 1.0))
    found, at, most = [], start, per_hour * (1.0 if even else 2.2)
    while (at := at + rng.expovariate(most)) < end:
        local = at + zone
        hour, day = local % 24, int(local // 24) % 7
        share = (2.0 if 8 <= hour < 18 else 0.8 if 6 <= hour < 23 else 0.1) * (weekend if day > 4 else 1.1)
        if even or rng.random() * 2.2 < share:
            found.append(at)
    return found


def habit(
    rng: random.Random, end: float, *, hour: float, off: float, days: Sequence[int], left_out: float
) -> list[float]:
    """An entry on each of these days of the week, at an hour and `off` hours around it; some are left out."""
    at = (
        day * 24 + hour + rng.gauss(0, off) for day in range(int(-HISTORY // 24), int(end // 24) + 1) if day % 7 in days
    )
    return sorted(one for one in at if one < end and rng.random() >= left_out)


def renewal(rng: random.Random, end: float, gap: Callable[[], float]) -> list[float]:
    found, at = [], -HISTORY + gap() * rng.random()
    while at < end:
        found.append(at)
        at += max(gap(), 0.02)
    return found


def by_day(rng: random.Random, days: Sequence[int], off: Sequence[float], end: float) -> list[float]:
    hour = (rng.gauss(11, 3) - rng.choice(ZONES)) % 24
    return habit(rng, end, hour=hour, off=rng.choice(off), days=days, left_out=rng.uniform(0, 0.2))


def news(rng: random.Random, end: float) -> list[float]:
    return poisson(rng, rng.uniform(4, 20), -72.0, end)


def busy(rng: random.Random, end: float) -> list[float]:
    return poisson(rng, rng.uniform(8, 60) / 24, -480.0, end)


def to_the_minute(rng: random.Random, end: float) -> list[float]:
    return habit(rng, end, hour=rng.randrange(24), off=0.01, days=rng.choice((WEEK, WORKDAYS)), left_out=0.03)


def daily(rng: random.Random, end: float) -> list[float]:
    return by_day(rng, rng.choice((WEEK, WORKDAYS)), (0.15, 0.5, 1, 2), end)


def weekly(rng: random.Random, end: float) -> list[float]:
    return by_day(rng, [rng.randrange(7)], (0.2, 1, 3), end)


def monthly(rng: random.Random, end: float) -> list[float]:
    return renewal(rng, end, lambda: rng.gauss(30, 3) * 24)


def every_n_hours(rng: random.Random, end: float) -> list[float]:
    period = rng.choice((1, 2, 3, 4, 6, 8, 12, 24, 36, 48, 72, 168))
    return renewal(rng, end, lambda: period * rng.gauss(1, 0.02))


def at_random(rng: random.Random, end: float) -> list[float]:
    per_day = math.exp(rng.uniform(math.log(0.2), math.log(4)))
    return poisson(rng, per_day / 24, -HISTORY, end, even=rng.random() < 0.5)


def heavy_tailed(rng: random.Random, end: float) -> list[float]:
    mean, tail = 24 * math.exp(rng.uniform(math.log(1.5), math.log(20))), rng.choice((1.2, 1.5, 2.0))
    return renewal(rng, end, lambda: mean * (tail - 1) / tail * rng.paretovariate(tail))


def bursts(rng: random.Random, end: float) -> list[float]:
    mean = rng.uniform(2, 15) * 24
    found: list[float] = []
    for first in renewal(rng, end, lambda: rng.expovariate(1 / mean)):
        number = rng.randrange(2, 15)
        found += itertools.accumulate((rng.expovariate(2) for _ in range(number)), initial=first)
    return sorted(one for one in found if one < end)


def dead(rng: random.Random, end: float) -> list[float]:
    last = -24 * rng.uniform(10, 380)
    return [at for at in rng.choice((daily, weekly, at_random, heavy_tailed))(rng, end) if at < last]


def dying(rng: random.Random, end: float) -> list[float]:
    last = rng.uniform(0, MONTH)
    return [at for at in daily(rng, end) if at < last]


def changing(rng: random.Random, end: float) -> list[float]:
    when = rng.uniform(-120, 600)
    before, after = (rng.choice((daily, weekly, at_random))(rng, end) for _ in range(2))
    return [at for at in before if at < when] + [at for at in after if at >= when]


# Of a hundred sources.
KINDS: dict[str, tuple[int, Draw]] = {
    "every few minutes": (1, news),
    "10 to 60 a day": (4, busy),
    "daily, to the minute": (6, to_the_minute),
    "daily, habitual hour": (24, daily),
    "any time, 0.2 to 4 a day": (15, at_random),
    "every n hours": (5, every_n_hours),
    "weekly": (14, weekly),
    "heavy-tailed gaps": (8, heavy_tailed),
    "monthly": (5, monthly),
    "bursts": (5, bursts),
    "changes its rhythm": (3, changing),
    "daily, dies": (1, dying),
    "dead": (9, dead),
}


@dataclass(frozen=True)
class Source:
    """`entries`: when each appears. `shown`: how many of them the source holds at once."""

    kind: str
    entries: list[float]
    shown: int
    validators: bool


@dataclass
class Outcome:
    """What came of some sources, by kind: requests, delays of entries in hours, and how many sources there are."""

    sources: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    delays: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lost: int = 0
    state_bytes: int = 0

    def add(self, other: "Outcome") -> None:
        self.sources.update(other.sources)
        self.requests.update(other.requests)
        for kind, delays in other.delays.items():
            self.delays[kind] += delays
        self.lost += other.lost
        self.state_bytes = max(self.state_bytes, other.state_bytes)


def source_of(number: int, seed: int, end: float) -> Source:
    rng = random.Random(f"{seed}/{number}")
    kind = rng.choices(list(KINDS), [share for share, _ in KINDS.values()])[0]
    entries = sorted(KINDS[kind][1](rng, end))
    return Source(kind, entries, rng.choice(SHOWN), rng.random() < WITH_VALIDATORS)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def asked_in_rhythm(source: Source, number: int, outcome: Outcome) -> None:
    """Ask a source for a month as `settle` says."""
    entries, known, held = source.entries, 0, 0
    state: PollState = begin(None, f"https://site{number}.example/feed", START)
    now, published = 0.0, [at(entry) for entry in entries]
    while now < MONTH:
        outcome.requests[source.kind] += 1
        upto = known
        while upto < len(entries) and entries[upto] <= now:
            upto += 1
        first = max(upto - source.shown, 0)
        if known:
            outcome.delays[source.kind] += [now - entry for entry in entries[max(known, first) : upto]]
            outcome.lost += max(first - known, 0)
        # Dead entries and all: what was there when it was asked first has no delay.
        seen = Seen(published[max(known, first) : upto], held=upto - first)
        etag = f'"{upto}"' if source.validators else ""
        if source.validators and known == upto and held and not state.sample:
            answer, seen = Answer("unmodified", 304, headers={"etag": etag}), Seen()
        else:
            answer = Answer("fetched", 200, headers={"etag": etag} if etag else {})
        state = settle(state, answer, state.next_due, seen=seen)
        known, held = upto, 1
        now = (state.next_due - START).total_seconds() / 3600
    event = event_for(state, subject="s", source="/collect", time=START)
    outcome.state_bytes = max(outcome.state_bytes, len(encode(event)))


def asked_by_duplicates(source: Source, scale: float) -> tuple[int, list[float]]:
    """Ask a source by Media Cloud's rule (PEERS.md, 3), all its times multiplied; return requests and delays."""
    entries, known, delays, requests = source.entries, -1, [], 0
    now, pause = 0.0, 6.0
    while now < MONTH:
        requests += 1
        upto = max(known, 0)
        while upto < len(entries) and entries[upto] <= now:
            upto += 1
        shown = min(upto, source.shown)
        if known >= 0:
            delays += [now - entry for entry in entries[max(known, upto - shown) : upto]]
            new = min(upto - known, shown) / (shown or 1)
            lately = upto and now - entries[upto - 1] < 31 * 24
            pause += -1.0 if new > 0.67 else 0.0 if new > 0.33 else 1 / 6 if lately else 1.0
            pause = min(max(pause, 1 / 6), 24.0)
        known = upto
        now += pause * scale
    return requests, delays


def month_of(numbers: range, seed: int) -> Outcome:
    outcome = Outcome()
    for number in numbers:
        source = source_of(number, seed, MONTH)
        outcome.sources[source.kind] += 1
        asked_in_rhythm(source, number, outcome)
    return outcome


def duplicates_of(numbers: range, seed: int, scale: float) -> tuple[int, list[float]]:
    found = [asked_by_duplicates(source_of(number, seed, MONTH), scale) for number in numbers]
    return sum(requests for requests, _ in found), [delay for _, delays in found for delay in delays]


def year_of(numbers: range, seed: int) -> tuple[int, int, list[float]]:
    """Return how many living sources there are, their false alarms in a year, and after how many days a source that
    posted daily would be told had it died then."""
    alive = alarms = 0
    told = []
    for number in numbers:
        source = source_of(number, seed, YEAR)
        if source.kind in ("dead", "daily, dies", "every few minutes"):
            continue
        alive += 1
        entries = [at(entry) for entry in source.entries]
        before = sum(entry <= START for entry in entries)
        rhythm = observe(None, entries[max(before - source.shown, 0) : before], now=START, held=source.shown)
        for entry in entries[before:]:
            silence = expected_silence(rhythm)
            if silence and rhythm.last and entry - rhythm.last > silence:
                alarms += 1
            rhythm = observe(rhythm, [entry], now=entry + timedelta(minutes=1))
        if source.kind.startswith("daily") and (silence := expected_silence(rhythm)):
            told.append(silence / timedelta(days=1))
    return alive, alarms, told


def by_kind(outcome: Outcome, interval: float) -> Iterator[tuple[str, str]]:
    for kind, number in ((kind, outcome.sources[kind]) for kind in KINDS):
        delays = outcome.delays[kind]
        line = f"{number:5,} sources, {outcome.requests[kind] / max(number, 1) / 30:6.2f} requests a day"
        if delays:
            middle, late = np.median(delays), np.quantile(delays, 0.9)
            line += (
                f", {len(delays):9,} entries found after {middle:5.2f} h (p90 {late:5.2f}; fixed {interval / 2:.2f})"
            )
        yield f"  {kind}", line


def spread(delays: np.ndarray) -> str:
    return f"median {np.median(delays):.2f} h, p90 {np.quantile(delays, 0.9):.2f} h, mean {delays.mean():.2f} h"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=FEEDS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    feeds, seed = options.feeds, options.seed
    pieces = [range(i, min(i + 250, feeds)) for i in range(0, feeds, 250)]
    outcome = Outcome()
    with ProcessPoolExecutor(2) as pool:
        year = pool.submit(year_of, range(min(YEAR_FEEDS, feeds)), seed + 1)
        for found in pool.map(month_of, pieces, [seed] * len(pieces)):
            outcome.add(found)
        requests = outcome.requests.total()
        # Media Cloud's rule on the same budget: its times are stretched until its requests are as many.
        few, scale = pieces[:4], 1.0
        share = sum(map(len, few)) / feeds
        for _ in range(4):
            made = sum(asked for asked, _ in pool.map(duplicates_of, few, [seed] * len(few), [scale] * len(few)))
            scale *= made / (requests * share)
        theirs = list(pool.map(duplicates_of, pieces, [seed] * len(pieces), [scale] * len(pieces)))
        alive, alarms, told = year.result()
    interval = feeds * MONTH / requests
    ours = np.array([delay for delays in outcome.delays.values() for delay in delays])
    fixed = np.random.default_rng(seed).random(len(ours)) * interval
    duplicates = np.array([delay for _, delays in theirs for delay in delays])
    ratio = float(np.median(ours) / np.median(fixed))
    # Those two have most of the entries: what the others get, against a fixed interval with the requests of the others.
    rest = list(KINDS)[2:]
    others = np.array([delay for kind in rest for delay in outcome.delays[kind]])
    apart = sum(outcome.sources[kind] for kind in rest) * MONTH / sum(outcome.requests[kind] for kind in rest)
    slower = f"{spread(others)}; fixed, every {apart:.2f} h, median {apart / 2:.2f} h"
    figures = [
        ("requests", f"{requests:,}, {requests / feeds / 30:.2f} a day and source"),
        ("state of a source", f"{outcome.state_bytes} bytes as it is stored, at most"),
        ("entries", f"{len(ours):,}; {outcome.lost:,} more were pushed out of their feed before it was asked again"),
        ("delay", spread(ours)),
        (f"fixed, every {interval:.2f} h", spread(fixed)),
        (f"Media Cloud's rule x {scale:.2f}", f"{spread(duplicates)}, {sum(asked for asked, _ in theirs):,} requests"),
        ("median / fixed median", f"{ratio:.3f} (at most {TARGET})"),
        ("median / Media Cloud's", f"{np.median(ours) / np.median(duplicates):.3f}"),
        ("without the two fastest", slower),
        *by_kind(outcome, interval),
        ("silence: false alarms", f"{alarms / alive:.2f} a year and source (of {alive:,} alive; less than 1)"),
        ("silence: a daily one told", f"after {np.median(told):.1f} days (p90 {np.quantile(told, 0.9):.1f})"),
    ]
    report(
        "When to ask: the source's own rhythm against a fixed interval",
        corpus=f"a month of {feeds:,} sources in {len(KINDS)} kinds of rhythm, drawn",
        count=len(ours),
        tokens=0.0,
        figures=figures,
        seed=seed,
        passed=ratio <= TARGET and alarms < alive,
    )


if __name__ == "__main__":
    main()
