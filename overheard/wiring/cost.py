"""What it costs to run here: disk, time and memory as measured on this machine, and what paid sources would add."""

import os
import shutil
from datetime import date, datetime
from pathlib import Path

import psutil

from overheard.log.base import TOPICS, Log
from overheard.web.base import Cost, PaidSource
from overheard.wiring.measuring import disk_of, last_measured
from overheard.wiring.system import System, serving
from overheard.wiring.walk import first_after

_DAY = 86_400.0
_WEEK_DAYS = 7.0
# Below an hour of posts no rate is told: the first poll brings months at once.
_SHORTEST = 1 / 24

_READ = date(2026, 11, 22)
# What other sources ask for, as copies of these pages said it. Nothing is converted, and what nobody publishes is None.
PAID = (
    PaidSource(
        "X",
        "5",
        "USD",
        "1,000 posts read through the X API; their authors' profiles are 10 more",
        "5",
        "paid in advance by use, at most 2 million posts a month; above that by contract",
        "https://docs.x.com/x-api/getting-started/pricing",
        _READ,
    ),
    PaidSource(
        "Reddit",
        None,
        "USD",
        "commercial use of the Data API",
        None,
        "by contract. Reddit named 0.24 USD for 1,000 calls in June 2023, of up to 100 posts each",
        "https://www.redditinc.com/blog/apifacts",
        _READ,
    ),
    PaidSource(
        "News API",
        "449",
        "USD",
        "month, with 250,000 requests of up to 100 articles each",
        None,
        "0.0018 USD for each request above that; the free plan is for development only, a day late",
        "https://newsapi.org/pricing",
        _READ,
    ),
    PaidSource(
        "YouTube",
        "0",
        "USD",
        "10,000 units a day of the Data API, one for a page of 100 comments",
        "0",
        "100 searches a day; more is asked for by a form, and not sold",
        "https://developers.google.com/youtube/v3/determine_quota_cost",
        _READ,
    ),
    PaidSource(
        "LinkedIn",
        None,
        "USD",
        "posts of others",
        None,
        "no API sells them. What you read there yourself you can hand in: Add a post",
        "",
        None,
    ),
    PaidSource(
        "Listening services (Meltwater, Brandwatch and others)",
        None,
        "USD",
        "year",
        None,
        "by quotation, not published",
        "",
        None,
    ),
)


def cost_of(system: System, now: datetime) -> Cost:
    """Return what it costs to run here, by what was measured last (`Service.cost`)."""
    measured = last_measured(system.folder.path)
    disk = disk_of(system.folder.path)
    free = shutil.disk_usage(system.folder.path).free
    posts, days = _rate(system.log, now)
    a_day = posts / days if days >= _SHORTEST else None
    workers = system.settings.enrich.workers or min(os.cpu_count() or 1, 4)
    growth = measured.kept * 1_000 // measured.posts if measured else None
    seconds = {stage: took * 1_000 / measured.posts for stage, took in measured.seconds.items()} if measured else {}
    # Enriching is shared out to the workers; matching and indexing have one owner each.
    busy = {stage: took / (workers if stage == "enrich" else 1) for stage, took in seconds.items()}
    limit = max(busy, key=lambda stage: busy[stage], default="")
    return Cost(
        disk=disk,
        free=free,
        memory=memory_of(system.folder.path),
        cores=os.cpu_count() or 1,
        workers=workers,
        posts=posts,
        days=days,
        posts_a_day=a_day,
        measured=measured,
        growth=growth,
        growth_month=int(growth * a_day * 30 / 1_000) if growth is not None and a_day is not None else None,
        seconds=seconds,
        limit=limit,
        most_a_day=_about(_DAY * 1_000 / busy[limit]) if limit and busy[limit] else None,
        disk_days=free * 1_000 / (growth * a_day) if growth and a_day else None,
        disk_a_day=_about(free * 1_000 / growth / 365) if growth else None,
        paid=PAID,
    )


def _about(number: float) -> int:
    """Return a number with two digits that say something: a measurement of a few seconds knows no more."""
    return int(float(f"{number:.2g}"))


def memory_of(folder: Path) -> list[tuple[str, int]]:
    """Return what each process of the folder takes: its own share (PSS) where the system tells, else resident bytes."""
    running = serving(folder)
    try:
        owner = psutil.Process(running.pid if running else None)
        processes = [owner, *owner.children(recursive=True)]
    except psutil.Error:
        return []
    names = ["overheard up" if running else "this command"]
    found = []
    for process in processes:
        try:
            info = process.memory_full_info()
            command = process.cmdline()
        except psutil.Error:
            continue  # ended meanwhile
        name = names.pop() if names else "enrich worker" if "overheard.wiring.worker" in command else "reader"
        found.append((name, int(getattr(info, "pss", 0) or info.rss)))
    return found


def _rate(log: Log, now: datetime) -> tuple[int, float]:
    """Return the posts of the last seven days, and the days since the first of them (7 at most)."""
    since = int((now.timestamp() - _WEEK_DAYS * _DAY) * 1_000)
    posts, oldest = 0, None
    for partition in range(TOPICS["mentions"].partitions):
        first = first_after(log, "mentions", partition, since)
        posts += log.span("mentions", partition)[1] - first
        if records := log.read("mentions", partition, first, 1):
            oldest = min(records[0].timestamp, oldest or records[0].timestamp)
    return posts, 0.0 if oldest is None else (now.timestamp() - oldest / 1_000) / _DAY
