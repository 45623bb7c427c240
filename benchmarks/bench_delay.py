"""How long a post takes until it is found and stands on its author's profile, while 50 posts a second come in.

Posts of a world of our own, by authors that the CRM knows, are handed in at that pace as the API hands them in; a
second thread looks which of the newest incidents are found, and whether their author's profile has them. Both pairs of
engines. The baseline is one look alone: what a poll of the index costs at least.

    python -m benchmarks.bench_delay
"""

import os
import random
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from benchmarks.common import SEED, mean_tokens, report
from benchmarks.stands import Stand, UnavailableError, embedded, on_engines
from overheard.index.base import Index, Search
from overheard.index.query import Value
from overheard.records import Incident, contact_id, incident_id
from overheard.wiring.bringing import hand_in
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_watch
from overheard.wiring.system import utc_now
from tests.world import World, write_world

PACE = 50  # posts a second
SECONDS = 30
TICK = 0.1
LIMITS = {"embedded": 2.0, "Kafka and Elasticsearch": 5.0}
AUTHORS = {"meerac": "c1", "tonda_b": "c2", "lferrand": "c3", "lu_ferrand": "c4", "joostvda": "c5"}
CLAIMS = ("the Korvex L200 holds tolerance well", "Korvex support is slow", "is the Brannt worth it over a Korvex")
_LOOK = 0.05
_NEWEST = 300
_PATIENCE = 60.0


def main() -> None:
    figures, met = [], True
    services = ("enrich", "match", "index")
    for stand in (embedded(), on_engines(*services, prefix=f"delay{os.getpid()}")):
        try:
            with stand as one:
                delays, look = _delays(one)
        except UnavailableError as e:
            figures.append(("Kafka and Elasticsearch", f"not measured: {e}"))
            met = False
            continue
        p95 = quantiles(delays, n=20)[-1]
        said = f"p50 {median(delays):.2f} s, p95 {p95:.2f} s, most {max(delays):.2f} s (one look: {look * 1000:.1f} ms)"
        figures.append((f"{one.name} (p95 at most {LIMITS[one.name]:.0f} s)", said))
        met = met and p95 <= LIMITS[one.name]
    report(
        f"from a post handed in until it is found and on its author's profile, at {PACE} posts/s",
        corpus="posts of our own by known authors",
        count=PACE * SECONDS,
        tokens=mean_tokens(CLAIMS),
        models="the enrichment's own",
        figures=figures,
        passed=met,
    )


def _delays(stand: Stand) -> tuple[list[float], float]:
    """Return the delay of each post in seconds, and the median time of one look."""
    with TemporaryDirectory() as name:
        _prepare(stand, write_world(Path(name), posts=1))
    handed: dict[str, float] = {}  # when each was handed in, by the incident that it becomes
    found: dict[str, float] = {}
    looks: list[float] = []
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(stand, handed, found, looks, over))
    watcher.start()
    try:
        _warm(stand, handed, found)
        handed.clear()
        found.clear()
        _offer(stand, handed)
        end = time.monotonic() + _PATIENCE
        while len(found) < len(handed) and time.monotonic() < end:
            time.sleep(_LOOK)
    finally:
        over.set()
        watcher.join()
    if missing := handed.keys() - found.keys():
        raise SystemExit(f"{stand.name}: {len(missing)} of {len(handed)} posts were not found within {_PATIENCE:.0f} s")
    return [found[id_] - handed[id_] for id_ in handed], median(looks)


def _prepare(stand: Stand, world: World) -> None:
    bring_watch(stand.system, world.watch)
    bring_accounts(stand.system, world.accounts)
    bring_contacts(stand.system, world.contacts)


def _warm(stand: Stand, handed: dict[str, float], found: Mapping[str, float]) -> None:
    """Hand in one post and wait for it: what the stages take to begin is not measured."""
    _hand_in(stand, handed, 0, 1, random.Random(SEED))
    while not found:
        time.sleep(_LOOK)


def _offer(stand: Stand, handed: dict[str, float]) -> None:
    chance = random.Random(SEED)
    each = round(PACE * TICK)
    begun = time.monotonic()
    for tick in range(round(SECONDS / TICK)):
        time.sleep(max(0.0, begun + tick * TICK - time.monotonic()))
        _hand_in(stand, handed, 1 + tick * each, each, chance)


def _hand_in(stand: Stand, handed: dict[str, float], first: int, count: int, chance: random.Random) -> None:
    now = utc_now()
    rows = [
        {
            "source": "reddit",
            "native_id": f"d{number}",
            "author": chance.choice(list(AUTHORS)),
            "url": f"https://reddit.example/d{number}",
            "published": now.isoformat(),
            "text": f"{chance.choice(CLAIMS)}, number {number}.",
        }
        for number in range(first, first + count)
    ]
    at = time.monotonic()
    for outcome in hand_in(stand.system.log, rows, now):
        handed[incident_id(outcome.id)] = at


def _watch(
    stand: Stand, handed: Mapping[str, float], found: dict[str, float], looks: list[float], over: threading.Event
) -> None:
    with closing(stand.system.index(reading=True)) as index:
        while not over.wait(_LOOK):
            begun = time.monotonic()
            seen = _seen(index)
            at = time.monotonic()
            looks.append(at - begun)
            for id_ in seen:
                if id_ in handed:
                    found.setdefault(id_, at)


def _seen(index: Index) -> list[str]:
    """Return the newest incidents that are found and whose author's profile is as new."""
    page = index.search(Search(Value("kind", "incident"), limit=_NEWEST))
    versions = {}
    for contact in {contact_id("crm", number) for number in AUTHORS.values()}:
        hit = index.get(contact)
        versions[contact] = hit.version if hit is not None else -1
    seen = []
    for hit in page.hits:
        record = hit.record
        assert isinstance(record, Incident)
        authors = [one.subject for one in record.parties if one.role == "author" and one.outcome == "linked"]
        if all(versions.get(author, hit.version) >= hit.version for author in authors):
            seen.append(hit.id)
    return seen


if __name__ == "__main__":
    main()
