"""The streams of whoever polls: connected while it runs, sifted at the door, published as every fetch is.

    Connection ─▶ frames ─▶ sift ─▶ [fetches] ─▶ [mentions] ─▶ [poll-state]: where it goes on
                   ▲          │
                   └ waits ◀──┘ who wrote them is asked first, where the frames do not say

The place from which a stream goes on is stored after what came before it was published: whoever dies between the two
is told the same again, and knows it by its ids. Nothing is dropped: what is not taken in time makes the server wait.
"""

import asyncio
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Answer, Course, Fetcher
from overheard.collectors.polling.budgets import Budgets
from overheard.collectors.polling.collect import Collector
from overheard.collectors.polling.pollstate import TOPIC, save_states, source_key
from overheard.collectors.polling.sender import Sender
from overheard.collectors.polling.telling import Telling
from overheard.collectors.streaming.again import ended, opened, told
from overheard.collectors.streaming.connection import Connection
from overheard.collectors.streaming.recent import RecentPosts
from overheard.collectors.streaming.stream import MOST_ODD, Door, Gap, Open, SaidAt, Sifted, Stream, nothing_said
from overheard.errors import InputError
from overheard.log.base import Log
from overheard.records import Errand, Fetch, PollState, Revision, decode, digest

_logger = logging.getLogger(__name__)
_BATCH = 1.0  # seconds between two batches of one stream
_KEEP = 10.0  # seconds after which the place is stored though nothing passed
_ALIVE = 60.0  # seconds after which it is stored that a silent one is there
_LOOK = 0.1  # seconds that what came waits to be looked at
# Of one fetch, so that it can be read within bounds.
_LINES, _BYTES = 1_000, 4_000_000
_KEYS = 500
_PROFILES = 25
_KEPT_PROFILES = 20_000
_FRESH = 86_400.0
_EITHER_SIDE = timedelta(minutes=10)
# A time further ahead than clocks differ is none.
_AHEAD = timedelta(minutes=5)
# Posts that are remembered by who said them, until the index has them: it is some seconds behind.
_KEPT_POSTS = 20_000
_SULK = 60.0  # seconds that nobody is asked who somebody is after that failed


@dataclass(slots=True)
class _Batch:
    """What passed of some frames, and waits to be published."""

    sifted: Sifted
    frames: int
    lines: list[bytes]


@dataclass(slots=True)
class _Live:
    """A stream that is connected to, or is about to be.

    `held`: what came is older than what is still to be found of what was missed, so its place stays where it was.
    `settled`: all that was missed was published, and its place is where the connection began, or later.
    """

    stream: Stream
    connection: Connection
    over: "Future[Answer]"
    cursor: str
    known_open: bool = False
    looked: float = float("-inf")
    stored: float = 0.0
    first: bool = True
    held: bool = False
    settled: bool = False
    waiting: _Batch | None = None
    asked: "Future[dict[str, bytes] | None] | None" = None


class Streams:
    """The streams of one poller, owned by its thread; `states` are those of all its sources, by name.

    `door` returns what is watched now, `said_at` the posts on record by how their addresses begin.
    `problem` is called with a source, and why it is not listened to; `ask` with an errand that fills in what a stream
    could not tell any more.
    """

    def __init__(
        self,
        log: Log,
        sender: Sender,
        collector: Collector,
        *,
        clock: Callable[[], datetime],
        states: dict[str, PollState],
        telling: Telling,
        problem: Callable[[str, str], None],
        door: Callable[[], Door] = Open,
        said_at: SaidAt = nothing_said,
        budgets: Budgets,
        ask: Callable[[Errand], None],
    ) -> None:
        self._log = log
        self._sender = sender
        self._collector = collector
        self._clock = clock
        self._states = states
        self._telling = telling
        self._problem = problem
        self._door = door
        self._said_at = said_at
        self._budgets = budgets
        self._ask = ask
        self._sources: Mapping[str, Source] = {}
        self._streams: dict[str, Stream] = {}
        self._live: dict[str, _Live] = {}
        self._profiles: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._recent = RecentPosts(_KEPT_POSTS)
        self._sulks_until = 0.0
        self._fetcher: Fetcher | None = None

    def __contains__(self, name: object) -> bool:
        return name in self._streams

    def store(self) -> None:
        """Store how each stream that is connected to does, since what is stored is about to be read anew."""
        for name in self._live:
            self._store(name)

    def use(self, sources: Mapping[str, Source], fetcher: Fetcher) -> None:
        """Listen to the streams among these sources from now on; those that stay as they are stay connected."""
        same = self._fetcher is fetcher
        self._sources = sources
        before, self._streams = self._streams, {name: one for name, one in sources.items() if isinstance(one, Stream)}
        self._fetcher = fetcher
        for name in [name for name in self._live if not same or before.get(name) != self._streams.get(name)]:
            self._leave(name)
        now = self._clock()
        for name in self._streams:
            state = self._states[name]
            self._telling.missed(name)  # what an earlier run noted, and had no time to tell
            # A run that did not come to its end left it so.
            if name not in self._live and state.stream is not None and state.stream.connected is not None:
                stream = msgspec.structs.replace(state.stream, connected=None)
                self._states[name] = msgspec.structs.replace(state, stream=stream, next_due=min(state.next_due, now))

    def close(self) -> None:
        """Let every connection go; what waited is told again from the place that is stored."""
        for name in list(self._live):
            self._leave(name)

    def pause(self, seconds: float) -> float:
        """Return how long the poller may wait for something else, at most `seconds`."""
        return min(seconds, _LOOK) if self._streams else seconds

    def look(self) -> None:
        """Connect to what is due, take in what came, and note what ended. Raises what the log raises."""
        now = self._clock()
        for name, stream in self._streams.items():
            live = self._live.get(name)
            if live is not None:
                self._go_on(name, live)
            elif self._states[name].next_due <= now and not self._is_spent(name, stream):
                self._begin(name, stream)

    # --- connections ------------------------------------------------------------------------------------------------

    def _begin(self, name: str, stream: Stream) -> None:
        assert self._fetcher is not None  # since there are streams
        loop, cursor = self._sender.loop(), self._states[name].cursor
        left = self._budgets.left(stream)
        connection = Connection(stream, self._fetcher, cursor, self._clock, loop, left=left)
        over = asyncio.run_coroutine_threadsafe(connection.run(), loop)
        self._live[name] = _Live(stream, connection, over, cursor)

    def _is_spent(self, name: str, stream: Stream) -> bool:
        """Note, and return, whether nothing is left of the budget of a stream's account: then it is not listened to."""
        key = f"stream {name}"
        verdict = self._budgets.within(key, stream, Course(name, stream.url, stream.url))
        if not isinstance(verdict, Answer):
            self._budgets.settle(key, Answer("unmodified"), ())
            return False
        state = self._states[name]
        if name in self._live:
            self._leave(name)
        new = ended(state, verdict, self._clock())
        self._change(name, msgspec.structs.replace(new, next_due=verdict.until or new.next_due, failures=0))
        self._problem(name, verdict.message)
        return True

    def _leave(self, name: str) -> None:
        live = self._live.pop(name)
        live.over.cancel()
        if live.asked is not None:
            live.asked.cancel()

    def _go_on(self, name: str, live: _Live) -> None:
        over = live.over.done()  # before what came is taken: nothing comes after
        if live.connection.opened is not None and not live.known_open:
            live.known_open = True
            self._telling.heard()
            self._open(name, live, live.connection.opened)
        if live.known_open and not over and time.monotonic() - live.stored >= _ALIVE:
            self._alive(name)
        if live.connection.gap and live.connection.opened is not None:
            # Before its place goes on, so that nobody dies between the two.
            start = live.stream.time_of(self._states[name].cursor)
            self._miss(name, Gap(start, live.connection.opened, live.connection.gap))
            live.connection.gap = ""
        if live.waiting is not None:
            if live.asked is not None and not live.asked.done():
                return
            self._publish(name, live, live.waiting)
        if over or time.monotonic() - live.looked >= _BATCH:
            filling = live.connection.filling  # before what came is taken: all of it came before
            frames = live.connection.intake.take()
            if frames:
                live.looked = time.monotonic()
                live.held = filling and live.stream.found_backwards
                self._sift(name, live, frames)
            if live.waiting is not None:
                return
            if not filling and not live.settled:
                self._settle(name, live)
            if over and not frames:
                self._end(name, live)

    def _open(self, name: str, live: _Live, at: datetime) -> None:
        """Note that a stream is connected to, and what it cannot tell any more as far as that is known already."""
        state = opened(self._states[name], at, requests=live.connection.requests)
        self._change(name, msgspec.structs.replace(state, cursor=state.cursor or live.stream.begin(at)))
        if gap := live.stream.gap(live.cursor, None, at):
            live.first = False
            self._miss(name, gap)

    def _settle(self, name: str, live: _Live) -> None:
        """Go on from where the connection began, or later, once all that was missed before it was published."""
        live.settled = True
        state, at = self._states[name], live.connection.opened
        if at is None or not live.connection.filled or not live.stream.found_backwards:
            return
        reached = live.stream.time_of(state.cursor)
        if reached is None or reached < at:
            self._states[name] = msgspec.structs.replace(state, cursor=live.stream.begin(at))
            self._store(name)

    def _alive(self, name: str) -> None:
        """Store that a stream is connected to, though it told nothing."""
        state = self._states[name]
        if state.stream is not None:
            stream = msgspec.structs.replace(state.stream, heard=self._clock())
            self._states[name] = msgspec.structs.replace(state, stream=stream)
        self._store(name)

    def _end(self, name: str, live: _Live) -> None:
        del self._live[name]
        answer = live.over.result()
        requests = 0 if live.known_open else live.connection.requests
        new = ended(self._states[name], answer, self._clock(), requests=requests, share=random.random())  # noqa: S311
        if answer.status:
            self._telling.heard()
        elif not live.known_open and answer.kind == "soft":
            self._telling.unheard(answer.site)
        self._change(name, new)
        self._problem(name, answer.message)

    def _change(self, name: str, new: PollState) -> None:
        """Store a change in how a stream does, and tell it."""
        before, self._states[name] = self._states[name], new
        self._states[name] = self._telling.weigh(self._streams[name], before, new, host=None, rules=None)
        self._store(name)

    def _miss(self, name: str, gap: Gap) -> None:
        """Note what cannot be told any more, tell it, and have another source fill it in where one can."""
        words = self._filled_in(self._streams[name], gap)
        state = self._states[name]
        if state.stream is not None:
            stream = msgspec.structs.replace(state.stream, gap=words, gap_at=self._clock())
            self._states[name] = msgspec.structs.replace(state, stream=stream)
            self._store(name)
            self._telling.missed(name)
        self._problem(name, words)

    def _filled_in(self, stream: Stream, gap: Gap) -> str:
        """Have a gap filled in by the sources that can; return in words what is missing, and who is asked."""
        others = [one.name for one in self._sources.values() if stream.fills(one)]
        if gap.start is None or not others:
            return f"{gap}. {stream.filled_by}".rstrip(". ")
        # A post has the time at which it was made, and was told somewhat later.
        start, end = gap.start - _EITHER_SIDE, gap.end + _EITHER_SIDE
        for other in others:
            id_ = f"fil_{digest(stream.name, other, start.isoformat())}"
            self._ask(Errand(id=id_, kind="back-fill", source=other, start=start, end=end, at=self._clock()))
        return f"{gap}. A back-fill asks {' and '.join(map(repr, others))} for it, as far as it has it"

    def _store(self, name: str) -> None:
        save_states(self._log, {source_key(name): self._states[name]}, self._clock())
        if name in self._live:
            self._live[name].stored = time.monotonic()

    # --- what came --------------------------------------------------------------------------------------------------

    def _sift(self, name: str, live: _Live, frames: Sequence[bytes]) -> None:
        """Let in what is to be let in of some frames; publish it, or ask first who wrote it."""
        stream = live.stream
        sifted = stream.sift(frames, self._door(), self._known, self._clock())
        if live.first and sifted.oldest is not None:
            live.first = False
            if gap := stream.gap(live.cursor, sifted.oldest, self._clock()):
                self._miss(name, gap)
        batch = self._gone(stream, sifted, len(frames))
        missing = self._strangers(stream, batch.sifted)
        if missing and time.monotonic() >= self._sulks_until:
            live.waiting = batch
            assert self._fetcher is not None  # since there are streams
            asking = _ask_profiles(stream, self._fetcher, missing)
            live.asked = asyncio.run_coroutine_threadsafe(asking, self._sender.loop())
        else:
            self._publish(name, live, batch)

    def _gone(self, stream: Stream, sifted: Sifted, frames: int) -> _Batch:
        """Return a batch in which the posts of accounts that are gone stand for what says so."""
        accounts = dict.fromkeys(sifted.left.values())
        said = {one: self._said_at(begin) for one in accounts if (begin := stream.posts_at(one))}
        lines: list[bytes] = []
        authors: dict[int, str] = {}
        for place, line in enumerate(sifted.lines):
            if (account := sifted.left.get(place)) is not None:
                # What was told a moment ago, in this batch even, is not on record yet.
                posts = dict.fromkeys((*said.get(account, ()), *self._recent.of(account)))
                lines += stream.with_posts(line, list(posts))
                continue
            if author := sifted.authors.get(place, ""):
                authors[len(lines)] = author
                if post := stream.post_in(line):
                    self._recent.note(post, author)
            lines.append(line)
        return _Batch(replace(sifted, lines=lines, authors=authors, left={}), frames, lines)

    def _strangers(self, stream: Stream, sifted: Sifted) -> list[str]:
        """Return the authors of whom nothing is known, or nothing new."""
        if not stream.profiles(("",)):
            return []
        stale = time.monotonic() - _FRESH
        authors = dict.fromkeys(sifted.authors.values())
        return [one for one in authors if one not in self._profiles or self._profiles[one][0] < stale]

    def _publish(self, name: str, live: _Live, batch: _Batch) -> None:
        """Publish what passed, then store where the stream goes on."""
        if live.asked is not None:
            self._learn(live.asked.result())
        live.waiting = live.asked = None
        stream, sifted, lines = live.stream, batch.sifted, batch.lines
        for place, author in sifted.authors.items():
            if profile := self._profiles.get(author, (0.0, b""))[1]:
                lines[place] = stream.with_profile(lines[place], profile)
        problem = ""
        for body in _bodies(lines):
            problem = self._collector.publish(self._fetch(stream, body)).problem or problem
        if sifted.odd > MOST_ODD and sifted.odd * 2 > batch.frames:
            problem = f"expected messages as its service documents them; {sifted.odd:,} of {batch.frames:,} are none"
        now = self._clock()
        state = told(
            self._states[name],
            now,
            read=sifted.read,
            passed=len(lines),
            cursor="" if live.held else _further(stream, self._states[name], sifted.cursor, now),
            reached=sifted.reached,
            problem=problem,
        )
        if sifted.units:
            self._budgets.count(stream, sifted.units)
        was, self._states[name] = self._states[name], state
        if state.outcome != was.outcome or problem:
            self._change(name, state)
        elif lines or time.monotonic() - live.stored >= _KEEP:
            self._store(name)
        if sifted.units:
            self._is_spent(name, stream)

    def _learn(self, found: Mapping[str, bytes] | None) -> None:
        if found is None:
            self._sulks_until = time.monotonic() + _SULK
            return
        at = time.monotonic()
        for account, profile in found.items():
            self._profiles[account] = (at, profile)
            self._profiles.move_to_end(account)
        while len(self._profiles) > _KEPT_PROFILES:
            self._profiles.popitem(last=False)

    def _fetch(self, stream: Stream, body: bytes) -> Fetch:
        at = self._clock()
        return Fetch(
            id=f"fet_{digest(stream.name, stream.url, at.isoformat(), body.decode('latin-1'))}",
            source=stream.name,
            url=stream.url,
            final_url=stream.url,
            status=200,
            headers={"content-type": "application/x-ndjson"},
            body=body,
            at=at,
        )

    def _known(self, mentions: Sequence[str]) -> set[str]:
        """Return those mentions that were heard of, and are not gone."""
        found = set()
        for at in range(0, len(mentions), _KEYS):
            keys = {f"revision/{one}": one for one in mentions[at : at + _KEYS]}
            for key, record in self._log.latest(TOPIC, list(keys)).items():
                known = decode(record.value).data if record.value is not None else None
                if isinstance(known, Revision) and (known.hashes or known.same_as):
                    found.add(keys[key])
        return found


def _further(stream: Stream, state: PollState, cursor: str, now: datetime) -> str:
    """Return where a stream goes on after a batch; "" for where it did.

    What is older than what it told before came late, or again, and takes its place no way back.
    """
    reached, at = state.stream.reached if state.stream else None, stream.time_of(cursor)
    if reached is None or at is None or reached > now + _AHEAD:
        return cursor
    return "" if at < reached else cursor


def _bodies(lines: Sequence[bytes]) -> list[bytes]:
    """Return lines as bodies of fetches, none too large to be read."""
    bodies: list[bytes] = []
    some: list[bytes] = []
    size = 0
    for line in lines:
        if some and (len(some) >= _LINES or size + len(line) > _BYTES):
            bodies.append(b"\n".join(some) + b"\n")
            some, size = [], 0
        some.append(line.replace(b"\n", b" "))
        size += len(line)
    return [*bodies, b"\n".join(some) + b"\n"] if some else bodies


async def _ask_profiles(stream: Stream, fetcher: Fetcher, accounts: Sequence[str]) -> dict[str, bytes] | None:
    """Return who some accounts are; None where that cannot be had just now."""
    found: dict[str, bytes] = {}
    for at in range(0, len(accounts), _PROFILES):
        if at:
            await asyncio.sleep(fetcher.limits.gap)
        url = stream.profiles(accounts[at : at + _PROFILES])
        course: Course | Answer = Course(stream.name, url, url, purpose="profiles", accept="application/json")
        while isinstance(course, Course):
            course = await fetcher.ask(course)
        if course.fetch is None:
            _logger.warning("source %s: its authors are not looked up now: %s", stream.name, course.message)
            return None
        try:
            found |= stream.profiles_in(course.fetch)
        except InputError as e:
            _logger.warning("source %s: its authors are not looked up now: %s", stream.name, e)
            return None
    return {one: found.get(one, b"") for one in accounts}
