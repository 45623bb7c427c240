"""What posts cost in time and disk, measured: a batch of them through a pipeline that is thrown away.

python -m overheard.wiring.measuring FOLDER

A process of its own where the server asks, so that the server does not keep the language model in its memory.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from overheard.collectors.files import import_mentions
from overheard.config.settings import Settings
from overheard.crm.rows import append_facts
from overheard.errors import OverheardError
from overheard.log.base import TOPICS, ConsumerRecord, Log
from overheard.log.stage import LogSink, run_stage
from overheard.matcher.ledger.reading import known_in
from overheard.records import Actor, Mention, RecordError, Term, decode, event_for, mention_id
from overheard.records.base import Record
from overheard.sample import make_world
from overheard.sample.post import Post
from overheard.web.base import Measured
from overheard.wiring.system import INDEX_LINGER, System, records_on, throwaway, utc_now

_MEASURED = "cost.json"
# A batch that takes some seconds, and is still long beside what each stage needs to begin.
BATCH = 300
# Fewer posts than these say more of how the stages begin than of the posts.
_LEAST = 50
# Contacts and accounts that are taken along: names are looked up, so their number hardly counts from here on.
_KNOWN = 2_000
_LONGEST = 120.0  # seconds


def measure(system: System, now: datetime) -> Measured:
    """Run a batch of the folder's newest posts, or the sample's where it has few, and remember what was measured."""
    mentions = newest_mentions(system.log, BATCH)
    known: list[tuple[str, Record]] = [(subject, event.data) for subject, event in system.watched_facts().items()]
    contacts, accounts = known_in(system.folder)
    people: list[tuple[str, Record]] = [*((one.id, one) for one in accounts), *((one.id, one) for one in contacts)]
    known += people[:_KNOWN]
    of = "your newest posts"
    if len(mentions) < _LEAST:
        of = "the sample's posts, since there are few of your own yet"
        world = make_world(now)
        mentions = [_sample_mention(post, now) for post in world.posts[-BATCH:]]
        known += [
            (f"term/{id_}", msgspec.convert({"id": id_, "kind": kind, "aliases": aliases}, Term))
            for id_, kind, aliases in world.terms
        ]
    with throwaway(Settings(crm=system.settings.crm)) as away:
        append_facts(
            away.log, [event_for(record, subject=subject, source="/cost", time=now) for subject, record in known]
        )
        away.catch_up_match()
        away.catch_up_index()
        before = _size(away)
        import_mentions(away.log, mentions, now)
        load, seconds, passed = _timed(away)
        week = sum(len(record.value or b"") for record in records_on(away.log, "mentions"))
        grown = _size(away) - before
    measured = Measured(
        at=utc_now(),
        of=of,
        posts=len(mentions),
        passed=passed,
        contacts=min(len(people), _KNOWN),
        load=load,
        seconds=seconds,
        kept=max(grown - week, 0),
        week=week,
    )
    _remember(system.folder.path, measured)
    return measured


def _timed(system: System) -> tuple[float, Mapping[str, float], int]:
    """Run each stage; return the seconds that the models took to load, those of each stage, and how many passed."""
    begun = time.perf_counter()
    # Only here: it loads the language model, which no other command needs.
    from overheard.enrich.stage import EnrichStage  # noqa: PLC0415
    from overheard.enrich.watch import Watch  # noqa: PLC0415

    watch = Watch(system.log)
    watch.follow()
    stage = EnrichStage(watch.winnow(), clock=utc_now)
    load = time.perf_counter() - begun

    def enrich() -> None:
        with closing(system.log.consumer(stage.name, stage.topic)) as consumer:
            run_stage(stage, consumer, LogSink(system.log, consumer), stop=threading.Event(), until_idle=lambda: True)

    seconds: dict[str, float] = {}
    # What a stage takes to open, or to wait for more, it takes once and not for every post.
    for name, run, once in (
        ("enrich", enrich, 0.0),
        ("match", system.catch_up_match, _took(system.catch_up_match)),
        ("index", system.catch_up_index, _took(system.catch_up_index) + INDEX_LINGER),
    ):
        took = _took(run)
        seconds[name] = max(took - once, took / 10)
    return load, seconds, system.fates()["enrich"].get("enriched", 0)


def _took(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def disk_of(folder: Path) -> dict[str, int]:
    """Return the bytes on disk by part: database, its write-ahead log, search index, rest."""
    sizes = {"database": 0, "write-ahead log": 0, "search index": 0, "rest": 0}
    for path in folder.rglob("*"):
        try:
            size = path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # merged away by the index meanwhile
        if path.name == "overheard.db":
            sizes["database"] += size
        elif path.name.startswith("overheard.db-"):
            sizes["write-ahead log"] += size
        elif path.is_relative_to(folder / "index"):
            sizes["search index"] += size
        else:
            sizes["rest"] += size
    return sizes


def _size(system: System) -> int:
    """Return the bytes that a folder needs when it is tidy: compacted, and without pages that are free again."""
    system.log.maintain(time.time_ns() // 1_000_000)
    with closing(system.folder.connect()) as connection:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size) + disk_of(system.folder.path)["search index"]


def _sample_mention(post: Post, now: datetime) -> Mention:
    return Mention(
        id=mention_id(post.site, post.key),
        platform=post.site,
        native_id=post.key,
        source=post.site,
        content=post.text,
        name=post.title,
        published=post.published,
        first_seen=now,
        attributed_to=Actor(platform=post.site, preferred_username=post.author) if post.author else None,
    )


def newest_mentions(log: Log, number: int) -> list[Mention]:
    """Return the newest posts that are kept, at most so many, newest first."""
    partitions = TOPICS["mentions"].partitions
    records: list[ConsumerRecord] = []
    for partition in range(partitions):
        first, end = log.span("mentions", partition)
        records += log.read("mentions", partition, max(first, end - number), number)
    records.sort(key=lambda record: record.timestamp, reverse=True)
    mentions: dict[str, Mention] = {}
    for record in records:
        try:
            event = decode(record.value or b"")
        except RecordError:
            continue
        if isinstance(event.data, Mention) and event.verb != "Delete":
            mentions.setdefault(event.data.id, event.data)
        if len(mentions) == number:
            break
    return list(mentions.values())


def last_measured(folder: Path) -> Measured | None:
    """Return what was measured last in a folder; None where nothing was."""
    try:
        return msgspec.json.decode((folder / _MEASURED).read_bytes(), type=Measured)
    except (OSError, msgspec.DecodeError):
        return None  # none yet, or of an older program: it is measured again


def _remember(folder: Path, measured: Measured) -> None:
    draft = folder / f"{_MEASURED}.new"
    draft.write_bytes(msgspec.json.encode(measured))
    draft.replace(folder / _MEASURED)


def measure_apart(folder: Path) -> None:
    """Measure in a process of its own, beside who owns the folder. Raises OverheardError where that fails."""
    command = [sys.executable, "-m", "overheard.wiring.measuring", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as e:
        msg = f"expected a measurement to take some seconds; it was stopped after {_LONGEST:g}. Is the machine busy?"
        raise OverheardError(msg) from e
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        msg = f"expected a measurement; it ended with: {said[-1][:500] if said else done.returncode}"
        raise OverheardError(msg)


def main() -> int:
    """Run as a process; what was measured is in the folder then."""
    try:
        with System(Path(sys.argv[1]), Settings(), guest=True) as system:
            measure(system, utc_now())
    except OverheardError as e:
        print(e, file=sys.stderr)  # noqa: T201  a process's last word
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
