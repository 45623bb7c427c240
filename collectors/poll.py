"""Polls what is due: the one place in this room that writes to the log.

    due sources ─▶ fetch (one at a time per site) ─▶ [fetches] ─▶ read ─▶ [mentions] + revisions, [dead-letters]
         ▲                                                                       │
         └── [poll-state]: when next, etag … ◀──────── fates, position ◀─────────┘

Each arrow is flushed before the next: whoever dies between two of them reads the fetch again, and makes the same
mentions under the same ids and versions.
"""

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from overheard.collectors.base import Reading, Source
from overheard.collectors.bounded import read_here
from overheard.collectors.fetch import Answer, Fetcher, site_of
from overheard.collectors.pollstate import host_key, load_states, save_states, source_key
from overheard.collectors.revisions import publication, revise
from overheard.collectors.schedule import begin, is_due, retry_after, settle
from overheard.errors import InputError
from overheard.log.base import Consumer, ConsumerRecord, Log, ProducerRecord
from overheard.log.deadletters import dead_letter, dead_letter_record
from overheard.records import (
    Cause,
    DeadLetter,
    Fetch,
    PollState,
    RecordError,
    Revision,
    decode,
    digest,
    encode,
    event_for,
)
from overheard.suppression import Suppressions, nobody
from overheard.text import clean

STAGE = "collect"
# Header of a record of `mentions`: partition/offset of the record of `fetches` that it was read from.
FETCH_HEADER = "fetch"
_logger = logging.getLogger(__name__)
_WORKERS = 8
_ARRIVE = 0.25  # seconds that one look waits for a fetch that is known to be there
_BATCH = 500  # even, so that no mention is parted from its revision


@dataclass(frozen=True, slots=True)
class Problem:
    """A source that could not be had or read: what was expected, what came. It will be tried again."""

    source: str
    message: str


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one round did. `fates` counts mentions and dead entries in the words of `overheard.log.stage.FATES`.

    `asked` sources gave `fetched` bodies, said `unmodified`, or have a problem; `waiting` were due and left for later,
    since their site wants to be left alone or the round was stopped. `repeated`: older copies within a feed.
    `next_due` is when the next source is due; None where there are no sources.
    """

    asked: int = 0
    fetched: int = 0
    unmodified: int = 0
    waiting: int = 0
    repeated: int = 0
    fates: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    next_due: datetime | None = None


Read = Callable[[Source, Fetch], Reading]


def poll_due(
    log: Log,
    sources: Sequence[Source],
    fetcher: Fetcher,
    clock: Callable[[], datetime],
    *,
    read: Read = read_here,
    stop: threading.Event | None = None,
    consumer: Consumer | None = None,
    suppressed: Callable[[], Suppressions] = nobody,
) -> PollReport:
    """Ask every source that is due, publish what is new, and return what was done.

    Sites are asked side by side, each site's sources one after the other. `read` is `BoundedReader.read` wherever the
    sources are not one's own. Setting `stop` ends the round after the requests under way. Fetches that an earlier round
    left unread, and replayed ones, are read first. `consumer` is a place in group STAGE on `fetches`, which must own
    all of it; without one, one is taken for this round. Mentions of people whom `suppressed` covers are left out.
    Raises what the log raises; nothing is lost by it.
    """
    stop = stop or threading.Event()
    if consumer is None:
        with closing(log.consumer(STAGE, "fetches")) as own:
            return poll_due(log, sources, fetcher, clock, read=read, stop=stop, consumer=own, suppressed=suppressed)
    by_name = {source.name: source for source in sources}
    collector = _Collector(log, by_name, read, clock, consumer, suppressed)
    collector.collect()
    now = clock()
    stored = load_states(log, [source_key(name) for name in by_name])
    states = {source.name: begin(stored.get(source_key(source.name)), source.url, now) for source in sources}
    sites = {name: site_of(state.url) for name, state in states.items()}
    quiet = load_states(log, {host_key(site) for site in sites.values()})
    due: dict[str, list[tuple[Source, PollState]]] = {}
    waiting = 0
    for source in sources:
        if is_due(states[source.name], now):
            if is_due(quiet.get(host_key(sites[source.name])), now):
                due.setdefault(sites[source.name], []).append((source, states[source.name]))
            else:
                waiting += 1
    asked = unmodified = 0
    problems: list[Problem] = []
    with closing(_answers(due, fetcher, clock, stop)) as answers:
        for source, state, answer in answers:
            asked += 1
            unmodified += answer.kind == "unmodified"
            new = _settled(log, collector, source, state, answer, now=clock())
            states[source.name] = new
            if new.error:
                problems.append(Problem(source.name, new.error))
                _logger.info("source %s: %s", source.name, new.error)
    waiting += sum(len(group) for group in due.values()) - asked
    return PollReport(
        asked=asked,
        fetched=collector.fetched,
        unmodified=unmodified,
        waiting=waiting,
        repeated=collector.repeated,
        fates=dict(collector.fates),
        problems=tuple(problems),
        next_due=_next_due(log, states.values()),
    )


def _next_due(log: Log, states: Collection[PollState]) -> datetime | None:
    hosts = load_states(log, {host_key(site_of(state.url)) for state in states})
    kept = ((state.next_due, hosts.get(host_key(site_of(state.url)))) for state in states)
    return min((max(due, host.next_due) if host else due for due, host in kept), default=None)


def _settled(
    log: Log, collector: "_Collector", source: Source, state: PollState, answer: Answer, *, now: datetime
) -> PollState:
    """Publish what an answer holds, then store the new state of its source and return it."""
    body, ttl, problem = "", None, ""
    if answer.fetch is not None:
        body = digest(answer.fetch.body.decode("latin-1"))
        if body != state.body:
            ttl, problem = collector.publish(answer.fetch)
    new = settle(state, answer, now, interval=source.interval, body=body, ttl=ttl, problem=problem)
    changed = {source_key(source.name): new}
    if until := retry_after(answer, now):
        changed[host_key(answer.site)] = PollState(next_due=until)
    save_states(log, changed, now)
    return new


def _answers(
    due: Mapping[str, Sequence[tuple[Source, PollState]]],
    fetcher: Fetcher,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> Generator[tuple[Source, PollState, Answer], None, None]:
    """Yield the answer of each source as it comes; the rest of a site's is left out once it asks for peace."""
    done: queue.Queue[tuple[Source, PollState, Answer] | BaseException | None] = queue.Queue(maxsize=_WORKERS)
    over = threading.Event()

    def ask(site: str, group: Sequence[tuple[Source, PollState]]) -> None:
        try:
            for source, state in group:
                if stop.is_set() or over.is_set():
                    break
                answer = fetcher.fetch(
                    source.name, state.url, etag=state.etag, last_modified=state.last_modified, asked=source.url
                )
                done.put((source, state, answer))
                if answer.site == site and retry_after(answer, clock()):
                    break
        except BaseException as e:  # noqa: BLE001  raised again in the thread that polls
            done.put(e)
        else:
            done.put(None)

    if not due:
        return
    with ThreadPoolExecutor(min(_WORKERS, len(due)), thread_name_prefix="fetch") as pool:
        for site, group in due.items():
            pool.submit(ask, site, group)
        left = len(due)
        try:
            while left:
                item = done.get()
                if isinstance(item, tuple):
                    yield item
                    continue
                left -= 1
                if item is not None:
                    raise item
        finally:
            # Whoever waits for room in the queue must find it, or the pool never ends.
            over.set()
            while left:
                left -= not isinstance(done.get(), tuple)


class _Collector:
    """Reads the `fetches` topic as group "collect" and publishes what is in it."""

    def __init__(  # noqa: PLR0917  called in one place
        self,
        log: Log,
        sources: Mapping[str, Source],
        read: Read,
        clock: Callable[[], datetime],
        consumer: Consumer,
        suppressed: Callable[[], Suppressions],
    ) -> None:
        self._suppressed = suppressed
        self._log = log
        self._consumer = consumer
        self._sources = sources
        self._read = read
        self._clock = clock
        self.fates: Counter[str] = Counter()
        self.fetched = 0
        self.repeated = 0

    def publish(self, fetch: Fetch) -> tuple[timedelta | None, str]:
        """Store a fetch and publish its mentions; return the pause that the source asks for, and what was wrong."""
        event = event_for(fetch, subject=fetch.id, source=f"/sources/{fetch.source}", time=fetch.at)
        self._log.append([ProducerRecord("fetches", fetch.id, encode(event))], durable=True)
        self.fetched += 1
        return self.collect(mine=fetch.id)

    def collect(self, *, mine: str = "") -> tuple[timedelta | None, str]:
        """Publish every fetch that was not yet; return pause and problem of the fetch with the id `mine`."""
        ttl, problem = None, ""
        self._consumer.rewind()  # what an earlier round read and did not finish
        while record := self._next():
            try:
                source, fetch = self._opened(record)
                reading = self._read(source, fetch)
            except (InputError, RecordError) as e:
                self._give_up(record, e, known=record.key == mine)
                if record.key == mine:
                    problem = str(e)
            else:
                self._publish(record, fetch, reading, known=record.key == mine)
                if record.key == mine:
                    ttl = reading.ttl
        return ttl, problem

    def _next(self) -> ConsumerRecord | None:
        """Return the next fetch, one at a time since one may be 10 MB; None where all have been read."""
        records = self._consumer.poll(1, 0.0)
        while not records and self._consumer.lag():
            records = self._consumer.poll(1, _ARRIVE)
        return records[0] if records else None

    def _opened(self, record: ConsumerRecord) -> tuple[Source, Fetch]:
        event = decode(record.value or b"")
        if not isinstance(event.data, Fetch):
            raise InputError(f"expected a fetch; got {event.type}", where=record.key)
        source = self._sources.get(event.data.source)
        if source is None:
            message = f"expected a configured source; {event.data.source!r} is none any more. Configure it and replay"
            raise InputError(message, where=event.data.url)
        return source, event.data

    def _publish(self, record: ConsumerRecord, fetch: Fetch, reading: Reading, *, known: bool) -> None:
        """Publish a reading: mentions with their revisions, dead letters, then fates and position."""
        # What a source held before we first heard of it is history: it must not raise an alarm.
        key = source_key(fetch.source)
        state = load_states(self._log, [key]).get(key)
        cause: Cause = "live" if state is not None and state.succeeded else "back-fill"
        suppressions = self._suppressed()
        mentions = [one for one in reading.mentions if not suppressions.covers_mention(one)]
        revised = revise(self._log, mentions)
        new = [one for one in revised if one.changed]
        # So that whoever asks how a mention came finds the bytes that it was read from.
        origin = {FETCH_HEADER: f"{record.partition}/{record.offset}"}
        source = f"/sources/{fetch.source}"
        self._append(publication(new, source=source, time=fetch.at, cause_of=lambda _: cause, headers=origin))
        letters = {
            entry.digest: DeadLetter(
                id=f"{record.topic}/{record.partition}/{record.offset}/{entry.digest}",
                stage=STAGE,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=record.key,
                error=InputError.__name__,
                message=clean(entry.message),
                where=clean(entry.where),
                at=self._clock(),
            )
            for entry in reading.rejected
        }
        dead = self._bury(letters, known=known)
        unchanged = len(revised) - len(new) + reading.repeated + len(reading.rejected) - dead
        suppressed = len(reading.mentions) - len(mentions)
        self._count(record, {"collected": len(new), "unchanged": unchanged, "suppressed": suppressed, "dead": dead})
        self.repeated += reading.repeated

    def _give_up(self, record: ConsumerRecord, error: Exception, *, known: bool) -> None:
        letter = dead_letter(record, STAGE, error, self._clock())
        dead = self._bury({digest("fetch", letter.where, letter.message): letter}, known=known)
        self._count(record, {"dead": dead, "unchanged": 1 - dead})

    def _bury(self, letters: Mapping[str, DeadLetter], *, known: bool) -> int:
        """Write the letters, by the digest of what is wrong; return how many.

        `known`: those that were written before are left out, so that a feed with one bad entry does not write the same
        letter with every poll. A fetch that is read again (replay, crash) gets its letters in any case.
        """
        keys = {one: f"revision/{one}" for one in letters}
        before = self._log.latest("poll-state", list(keys.values())) if known else {}
        fresh = {one: letter for one, letter in letters.items() if keys[one] not in before}
        self._append([dead_letter_record(letter) for letter in fresh.values()])
        self._append(
            [
                ProducerRecord(
                    "poll-state",
                    keys[one],
                    encode(
                        event_for(
                            Revision(hashes={}, revision=0, first_seen=letter.at),
                            subject=keys[one],
                            source=f"/{STAGE}",
                            time=letter.at,
                        )
                    ),
                )
                for one, letter in fresh.items()
            ]
        )
        return len(fresh)

    def _append(self, records: Sequence[ProducerRecord]) -> None:
        for i in range(0, len(records), _BATCH):
            self._log.append(records[i : i + _BATCH], durable=True)

    def _count(self, record: ConsumerRecord, fates: Mapping[str, int]) -> None:
        self._consumer.commit({record.partition: record.offset + 1}, fates)
        self.fates.update({fate: number for fate, number in fates.items() if number})
