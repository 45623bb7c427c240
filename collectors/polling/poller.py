"""Asks every source when it is due: the one place that decides what goes out, and in this room the one that writes.

    sources ─▶ queue (by site, by time) ─▶ robots.txt? ─▶ request ─▶ Collector: [fetches] ─▶ [mentions]
        ▲                                                    │
        └──── [poll-state]: when next, validators, rhythm … ◀┘

`jobs` are what waits, `sender` asks; `sites` knows who wants to be left alone, `walk` polls that ask more than a source
itself, `looks` those at entries that may be gone, `errands` one-off work, `budgets` what may still be used of services,
`telling` what somebody should hear, `sweep` forgets sites. Requests are made side by side in a thread of their own;
everything else, and all that is written, is done in the thread that runs it. A site is asked once at a time, with a
pause between two requests, through redirects too.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.base import Source
from overheard.collectors.fetching import robots
from overheard.collectors.fetching.fetch import Answer, Course, Fetcher, refusal_of, site_of
from overheard.collectors.polling.bounded import read_here
from overheard.collectors.polling.budgets import Budgets
from overheard.collectors.polling.collect import STAGE, Collected, Collector, Read
from overheard.collectors.polling.errands import Errands
from overheard.collectors.polling.follow import due, follow
from overheard.collectors.polling.jobs import Job, Jobs
from overheard.collectors.polling.looks import HTML, LOOK, Looks
from overheard.collectors.polling.missing import compare
from overheard.collectors.polling.news import News
from overheard.collectors.polling.pollstate import State, load_shown, load_states, save_states, shown_key, source_key
from overheard.collectors.polling.reach import MOST_PAGES, is_refused, reached_by, rest_of
from overheard.collectors.polling.renewed import Renewed
from overheard.collectors.polling.schedule import as_set, begin, settle
from overheard.collectors.polling.sender import Sender
from overheard.collectors.polling.sites import Sites
from overheard.collectors.polling.sweep import Sweep
from overheard.collectors.polling.telling import Telling
from overheard.collectors.polling.validators import validators_of
from overheard.collectors.polling.walk import Walk, Walks, as_asked_by, body_of
from overheard.collectors.streaming.stream import Door, Open, SaidAt, nothing_said
from overheard.collectors.streaming.streams import Streams
from overheard.log.base import Consumer, Log
from overheard.records import PollState, Shown
from overheard.suppression import Suppressions, nobody

_logger = logging.getLogger(__name__)
# Requests under way at a time, each to another site.
_AT_ONCE = 64
_LOOK = 0.5  # seconds between two looks at `stop`
_REJECTED = "Entries that could not be used when it was read last: {:,}. Each is a dead letter, which says why."
_SHORT = "It shows no older posts than those that were read: some since {:%Y-%m-%d %H:%M} UTC may be missing."
_TOO_LONG = (
    "Its service does not go back so far: posts from {:%Y-%m-%d %H:%M} until {:%Y-%m-%d %H:%M} UTC may be missing."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A source, or a site, that could not be had or read: what was expected, what came. It will be tried again."""

    source: str
    message: str


@dataclass(frozen=True, slots=True)
class PollReport:
    """What was done. `fates` counts mentions and dead entries in the words of `overheard.log.stage.FATES`.

    `asked` sources gave `fetched` bodies, said `unmodified`, or have a problem; `waiting` were due and left for later,
    since their site wants to be left alone or the run was stopped. `repeated`: older copies within a feed. `requests`
    were sent, those of redirects and of robots.txt among them. `next_due` is when the next source is due; None where
    there are no sources.
    """

    asked: int = 0
    fetched: int = 0
    unmodified: int = 0
    waiting: int = 0
    repeated: int = 0
    requests: int = 0
    fates: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    next_due: datetime | None = None


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
    """Ask every source that is due, publish what is new, and return what was done; see `Poller`.

    `consumer` is a place in group STAGE on `fetches`, which must own all of it; without one, one is taken.
    """
    if consumer is None:
        with closing(log.consumer(STAGE, "fetches")) as own:
            return poll_due(log, sources, fetcher, clock, read=read, stop=stop, consumer=own, suppressed=suppressed)
    with Poller(log, consumer, clock, read=read, suppressed=suppressed) as poller:
        poller.use(sources, fetcher)
        return poller.run(stop or threading.Event(), once=True)


class Poller:
    """Asks sources when they are due, as long as it runs. A context manager, owned by one thread.

    `read` is `BoundedReader.read` wherever the sources are not one's own. Fetches that an earlier run left unread, and
    replayed ones, are read first. Mentions of people whom `suppressed` covers are left out. `idle` is called with the
    next time at which there is something to do where a run has nothing under way; a clock that is moved by hand moves
    there. `tell` is called with changes of health that somebody should know, those of a quarter of an hour together; it
    may be called again with the same after a crash. Everything raises what the log raises; nothing is lost by it.
    """

    def __init__(
        self,
        log: Log,
        consumer: Consumer,
        clock: Callable[[], datetime],
        *,
        read: Read = read_here,
        suppressed: Callable[[], Suppressions] = nobody,
        idle: Callable[[datetime | None], None] | None = None,
        tell: Callable[[Sequence[News]], None] | None = None,
        door: Callable[[], Door] = Open,
        said_at: SaidAt = nothing_said,
    ) -> None:
        self._log = log
        self._clock = clock
        self._idle = idle
        # Both are changed, never replaced: the desks below look into them.
        self._sources: dict[str, Source] = {}
        self._states: dict[str, PollState] = {}
        self._jobs = Jobs()
        self._sender = Sender()
        self._collector = Collector(log, consumer, read, clock, suppressed)
        self._collector.sources = self._sources
        self._sites = Sites(log, self._jobs.queue, clock, self._problem)
        self._walks = Walks(
            self._jobs,
            self._sites,
            self._collector,
            clock=clock,
            states=self._states,
            account=self._account,
            step=self._stepped,
        )
        self._looks = Looks(log, self._jobs, self._sites, self._collector, clock=clock, states=self._states)
        self._errands = Errands(
            log,
            self._jobs,
            self._sites,
            self._collector,
            clock=clock,
            sources=self._sources,
            states=self._states,
        )
        self._sweep = Sweep(log, self._sites, clock, self._states)
        self._budgets = Budgets(log, clock)
        self._renewed = Renewed()
        self._telling = Telling(log, clock, self._states, tell, self._budgets)
        self._streams = Streams(
            log,
            self._sender,
            self._collector,
            clock=clock,
            states=self._states,
            telling=self._telling,
            problem=self._problem,
            door=door,
            said_at=said_at,
            budgets=self._budgets,
            ask=self._errands.add,
        )
        self._asked_sources = self._unmodified = self._sent = 0
        self._problems: dict[str, Problem] = {}

    def __enter__(self) -> "Poller":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up what is under way, and end the thread of the requests."""
        self._streams.close()
        self._sender.close()

    def use(self, sources: Sequence[Source], fetcher: Fetcher) -> None:
        """Ask these sources from now on, by this client; what is remembered of them is read anew."""
        now = self._clock()
        self._fetcher = fetcher
        self._streams.store()
        before = dict(self._sources)
        self._sources.clear()
        self._sources.update({source.name: source for source in sources})
        stored = load_states(self._log, [source_key(name) for name in self._sources])
        self._states.clear()
        for source in sources:
            if source.url:
                state = begin(stored.get(source_key(source.name)), source.url, now)
                self._states[source.name] = as_set(state, source.options, now)
        self._budgets.use(self._sources, fetcher.account)
        self._renewed.use([name for name in self._states if fetcher.has_secret(name)], fetcher.mark)
        for name, state in self._states.items():
            # What its settings allow may be more now.
            spent = state.outcome == "spent" and self._budgets.allows(self._sources[name])
            allowed = state.outcome == "refused" and fetcher.has_come_to_allow(state.url, state.error)
            if state.next_due > now and (spent or allowed):
                self._states[name] = msgspec.structs.replace(state, next_due=now)
            elif (due := self._renewed.at_start(name, state, now)) != state.next_due:
                self._states[name] = msgspec.structs.replace(state, next_due=due)
        self._streams.use(self._sources, fetcher)
        self._walks.use(before, self._sources)
        self._drop_others(self._walks.keys() | self._looks.keys() | self._errands.keys())
        self._sites.use({site_of(state.url) for state in self._states.values()}, timedelta(seconds=fetcher.limits.gap))
        for name, state in self._states.items():
            self._sites.keep_gap(state.url, state.polled, due=state.next_due <= now)
            self._put(name)
        self._errands.use()

    def _look_for_secrets(self) -> None:
        """Ask those now that failed, and have another secret since."""
        now = self._clock()
        for name in list(self._renewed.look(self._states, now)):
            self._states[name] = msgspec.structs.replace(self._states[name], next_due=now)
            self._put(name)

    def _drop_others(self, kept: set[str]) -> None:
        """Forget what waits to be asked but for these jobs, and the rules that they wait for."""
        for key in [key for key in self._jobs if key not in kept and key not in self._jobs.under_way]:
            if kept.isdisjoint(self._jobs[key].after):
                self._jobs.drop(key)

    def run(self, stop: threading.Event, *, once: bool = False) -> PollReport:
        """Ask what is due until `stop`, or, with `once`, until all that is due now was asked; return what was done.

        The requests under way are finished. A source whose site wants to be left alone is not waited for.
        """
        self._asked_sources = self._unmodified = self._sent = 0
        self._problems = {}
        before = self._collector.fates.copy(), self._collector.fetched, self._collector.repeated
        self._collector.collect()
        self._errands.look(now=True)
        began = self._clock()
        left = {key for key in self._jobs if self._is_left(key, began)} if once else set()
        while True:
            if not stop.is_set():
                self._start()
            if not self._jobs.under_way and (stop.is_set() or (once and not self._has_due(left, began))):
                break
            self._telling.tell()
            self._errands.look()
            self._collector.look()
            self._look_for_secrets()
            if not once:
                self._streams.look()
                self._sweep.look()
            full = stop.is_set() or len(self._jobs.under_way) >= _AT_ONCE
            self._wait(None if full else self._jobs.queue.next_time())
        self._telling.tell(now=once)
        fates = self._collector.fates.copy()
        fates.subtract(before[0])
        return PollReport(
            asked=self._asked_sources,
            fetched=self._collector.fetched - before[1],
            unmodified=self._unmodified,
            waiting=sum(state.next_due <= began for state in self._polled()),
            repeated=self._collector.repeated - before[2],
            requests=self._sent,
            fates={fate: number for fate, number in fates.items() if number},
            problems=tuple(self._problems.values()),
            next_due=min((self._next(state) for state in self._polled()), default=None),
        )

    def _polled(self) -> list[PollState]:
        """Return how the sources stand that are asked, and do not tell by themselves."""
        return [state for name, state in self._states.items() if name not in self._streams]

    # --- what is asked ----------------------------------------------------------------------------------------------

    def _next(self, state: PollState) -> datetime:
        """Return when a source is asked next, as far as is known."""
        host = self._sites.host(site_of(state.url))
        return max(state.next_due, host.next_due) if host else state.next_due

    def _has_due(self, left: set[str], began: datetime) -> bool:
        """True where something is left that was due when the run began, and whose site may be asked."""
        now = self._clock()
        going = (key for key in self._walks.keys() | self._looks.keys() | self._errands.keys())
        if any(self._jobs[key].due <= now and not self._sites.is_quiet(self._jobs.site(key)) for key in going):
            return True
        while left:
            key = next(iter(left))
            if self._is_left(key, began) and not self._sites.is_quiet(self._jobs.site(key)):
                return True
            left.discard(key)
        return False

    def _is_left(self, key: str, began: datetime) -> bool:
        job = self._jobs.get(key)
        return job is not None and job.due <= began

    def _account(self, name: str) -> str:
        """Return the same for sources that are asked with the same token."""
        return self._fetcher.account(name)

    def _put(self, name: str) -> None:
        """Have a source wait for its time, together with all that have its address and its token: it is asked once."""
        if name in self._walks or name in self._streams:
            return  # it is being polled, or tells by itself
        state = self._states[name]
        key = f"source {self._fetcher.account(name)} {_where(self._sources[name], state)}"
        job = self._jobs.get(key)
        if job is not None and (key in self._jobs.under_way or job.course.hops):
            # Its answer will put it; one that was asked without it is none of its own.
            if name not in job.sources and name not in job.later:
                job.later.append(name)
            return
        if job is None:
            course = Course(name, self._sources[name].url, state.url)
            job = Job(course, state.next_due, self._answered, begin=self._course)
        if name not in job.sources:
            job.sources.append(name)
        job.due = min(self._states[one].next_due for one in job.sources if one in self._states)
        self._jobs.put(key, job)

    def _course(self, job: Job) -> Course:
        """Return the course to a source: with validators where all that ask have the same."""
        now = self._clock()
        # All that ask look, or none does: the answer is weighed for each of them by how it was asked.
        looks = any(self._states[name].sample and self._states[name].next_due <= now for name in job.sources)
        for name in job.sources:
            self._states[name] = msgspec.structs.replace(self._states[name], sample=looks)
        states = [self._states[name] for name in job.sources]
        validators = {validators_of(state) for state in states}
        etag, last_modified = validators.pop() if len(validators) == 1 else ("", "")
        first = job.sources[0]
        source, state = self._sources[first], states[0]
        here = state.url if job.plain else _where(source, state, self._clock())
        # Its further pages are named after this: what it leaves out, they do; where it has moved, they are moved again.
        url = source.url if here == state.url else here
        return Course(first, url, here, etag=etag, last_modified=last_modified, cursor=state.cursor)

    def _start(self) -> None:
        """Send every request whose time and turn have come."""
        while len(self._jobs.under_way) < _AT_ONCE and (taken := self._jobs.take(self._clock())) is not None:
            key, job = taken
            if job.begin is not None and not job.course.hops:
                job.course = job.begin(job)
            # What is no address at all is refused as it is sent, and has no rules.
            ruled = job.wanted != "rules" and not refusal_of(job.course.here) and not self._is_documented(job)
            origin = robots.origin_of(job.course.here) if ruled else ""
            known = self._sites.rules(origin) if origin else None
            if origin and not robots.is_fresh(known, self._clock(), page=job.wanted == "page"):
                self._ask_rules(origin, key, job)
            elif known is not None and (refusal := robots.refusal(known, job.course.here)):
                self._jobs.queue.free(job.course.site, self._clock())
                # Rules that cannot be had just now are no answer of theirs: that may pass.
                self._end(key, Answer("soft" if known.error else "refused", message=refusal, site=job.course.site))
            else:
                self._send(key, job)

    def _is_documented(self, job: Job) -> bool:
        """True where what is asked is an interface documented for programs, which robots.txt is not about."""
        source = self._sources.get(job.course.source)
        if source is None or not source.documented_api or (job.course.accept == HTML and job.course.purpose != LOOK):
            return False
        return robots.origin_of(job.course.here) == robots.origin_of(source.url)

    def _ask_rules(self, origin: str, waits: str, job: Job) -> None:
        """Ask for the robots.txt of an origin first, and for what waits thereafter."""
        key, address = f"robots {origin}", robots.address_of(origin)
        self._jobs.queue.free(job.course.site, self._clock())
        rules = self._jobs.get(key)
        if rules is None:
            course = Course("", address, address, accept="text/plain, */*;q=0.1")
            rules = Job(course, job.due, self._ruled, wanted="rules")
            self._jobs.put(key, rules, ahead=True)
        rules.after.append(waits)

    def _ruled(self, _: str, rules: Job, answer: Answer) -> None:
        """Remember what a robots.txt says, and let those go on that waited for it."""
        # A host that may not be asked at all (a private address) is no robots.txt that cannot be had.
        refused = answer.kind == "refused" and not answer.status and not rules.course.hops
        if not refused:
            self._sites.rule(rules.course.url, answer)
        for key in dict.fromkeys(rules.after):
            job = self._jobs.get(key)
            if job is not None and refused:
                self._jobs.queue.drop(key)
                self._end(key, answer)
            elif job is not None:
                self._jobs.put(key, job, ahead=True)

    def _send(self, key: str, job: Job) -> None:
        source = self._sources.get(job.course.source)
        if source is not None and job.wanted != "rules" and not job.course.hops:
            course = self._budgets.within(key, source, job.course)
            if isinstance(course, Answer):
                self._jobs.queue.free(job.course.site, self._clock())
                self._end(key, course)
                return
            job.course = course
        self._jobs.under_way[key] = job.course.site
        job.sent += 1
        self._sent += 1
        self._sender.send(key, self._fetcher, job.course)

    def _wait(self, until: datetime | None) -> None:
        """Wait for the next answer, or for a time, no longer than a moment; handle the answers that came."""
        if not self._jobs.under_way and self._idle is not None:
            self._idle(until)
            return
        seconds = _LOOK if until is None else min((until - self._clock()).total_seconds(), _LOOK)
        for key, outcome in self._sender.answers(self._streams.pause(seconds)):
            self._handle(key, outcome)

    # --- what came --------------------------------------------------------------------------------------------------

    def _handle(self, key: str, outcome: Course | Answer) -> None:
        site = self._jobs.under_way.pop(key)
        now, job = self._clock(), self._jobs[key]
        if isinstance(outcome, Course) or outcome.status:
            self._telling.heard()
        elif outcome.kind == "soft":
            self._telling.unheard(site)
        self._jobs.queue.free(site, now + self._sites.gap(site, robots.origin_of(job.course.here)))
        if isinstance(outcome, Course):
            job.course = outcome
            self._jobs.queue.put(key, outcome.site, now)
        else:
            self._end(key, self._understood(job, outcome, now))

    def _understood(self, job: Job, answer: Answer, now: datetime) -> Answer:
        """Return an answer with what a service says itself of why it gives nothing, and until when."""
        source = self._sources.get(job.course.source)
        if source is None or answer.status < 400 or not self._is_documented(job):
            return answer
        said = source.complaint(answer.status, answer.headers, answer.said, now)
        # What is over at a time that is told comes back: it is not gone.
        kind = "soft" if said.soft or said.until is not None else answer.kind
        message = f"{answer.message}. {said.message}" if said.message else answer.message
        return replace(answer, kind=kind, message=message, until=said.until, alone=said.alone)

    def _end(self, key: str, answer: Answer) -> None:
        job = self._jobs.end(key)
        self._collector.units.clear()
        job.answered(key, job, answer)
        self._budgets.settle(key, answer, self._collector.units)

    def _answered(self, key: str, job: Job, answer: Answer) -> None:
        """Publish what a source holds, for all that have its address."""
        first = self._sources.get(job.course.source)
        narrowed = first is not None and job.course.url != first.url
        if narrowed and not job.plain and is_refused(answer) and job.sources[0] in self._states:
            # Its service does not go back as far, or does not know the condition: it is asked without.
            job.plain, job.course = True, replace(job.course, here=job.course.url, hops=0)
            self._jobs.put(key, job)
            return
        changed: dict[str, State] = {}
        for name in job.sources:
            source, state = self._sources.get(name), self._states.get(name)
            if source is None or state is None:
                continue  # taken out of the settings in the meantime
            changed |= self._settled(source, state, answer, job, url=job.course.url if narrowed else source.url)
            changed |= self._sites.weigh(name, state, answer)
        save_states(self._log, changed, self._clock())
        for name in job.sources:
            self._go_on(name)
        for name in job.later:
            if name in self._states:
                self._put(name)

    def _go_on(self, name: str) -> None:
        """Have a source wait for its next poll, and what it may have deleted looked at, where its poll is over."""
        if name in self._states and name not in self._walks:
            self._put(name)
            self._looks.begin(name)

    def _settled(
        self, source: Source, state: PollState, answer: Answer, job: Job, *, url: str
    ) -> dict[str, PollState | Shown]:
        """Publish what an answer holds for one source; return what is to be stored, nothing where its poll goes on."""
        body, collected = "", Collected()
        now = self._clock()
        followed = state.followed
        if answer.fetch is not None:
            body = body_of(answer.fetch)
            # What counts against a budget is counted whether it is new or not.
            if body != state.body or source.allowance is not None:
                collected = self._collector.publish(as_asked_by(source, answer.fetch, url))
                followed = followed if collected.problem else follow(followed, collected.requests, now, state.reached)
                self._states[source.name] = msgspec.structs.replace(state, held=(*state.held, *collected.held))
        walk = Walk(answer, body, collected, {one.url: one for one in followed}, sent=job.sent, belated=source.belated)
        walk.rejected = collected.rejected
        if job.plain:
            walk.notes.append("Its service did not take the time that was reached, so it was asked without.")
        to_ask = [] if answer.message or collected.problem else due(followed, now)
        if self._walks.begin(source.name, walk, collected.pages, to_ask):
            return {}
        return self._finished(source, state, walk)

    def _stepped(self, name: str, walk: Walk | None, changed: Mapping[str, PollState]) -> None:
        """Store what came of a further request of a poll; after the last one, what came of the poll."""
        stored: dict[str, State] = {**changed}
        if walk is not None:
            stored |= self._finished(self._sources[name], self._states[name], walk)
        if stored:
            save_states(self._log, stored, self._clock())
        self._go_on(name)

    def _finished(self, source: Source, state: PollState, walk: Walk) -> dict[str, PollState | Shown]:
        """Return what is to be stored of a source whose poll is over: its new state, and what it showed."""
        collected, answer = walk.collected, walk.broken or walk.answer
        if left := [one for one in state.held if one not in collected.held]:
            self._collector.recover(source, left)
        if answer.more and not collected.problem:
            # Its poll goes on with the next batch, as part of the same: what is found first is no news yet.
            ttl = state.ttl if collected.ttl is None else int(collected.ttl.total_seconds())
            requests = state.requests + walk.sent
            new = msgspec.structs.replace(state, cursor=answer.cursor, requests=requests, ttl=ttl)
            self._states[source.name] = new
            return {source_key(source.name): new}
        seen = collected.seen
        new = settle(
            msgspec.structs.replace(state, followed=tuple(walk.followed.values()), note=""),
            answer,
            self._clock(),
            interval=source.pause,
            body=walk.body,
            ttl=collected.ttl,
            problem=collected.problem or walk.failed,
            leave=source.documented_api,
            # Nothing falls out unseen of a source that is read page by page.
            seen=replace(seen, held=0) if seen is not None and source.pages else seen,
        )
        if source.pages and not new.error and walk.broken is None and walk.trails:
            new = self._reached(source, state, new, walk)
        unread = answer.kind == "fetched" and new.error
        new = msgspec.structs.replace(
            new,
            outcome="unreadable" if unread else answer.kind,
            requests=state.requests + walk.sent,
            began=state.began or self._clock(),
            held=(),
            # What could not be read is a dead letter, and holds up nothing that is newer.
            cursor=answer.cursor or state.cursor,
            cut=state.cut if collected.cut is None else collected.cut,
        )
        kept: dict[str, PollState | Shown] = {}
        if source.shows_newest and collected.entries:
            known = load_shown(self._log, source.name)
            shown = compare(known, collected.entries)
            new = msgspec.structs.replace(new, looks=len(shown.missing))
            if shown != known:
                kept[shown_key(source.name)] = shown
        refused = new.outcome == "refused" and not source.documented_api
        rules = self._sites.rules(robots.origin_of(new.url)) if refused else None
        new = self._telling.weigh(source, state, new, host=self._sites.host(site_of(new.url)), rules=rules)
        self._states[source.name] = new
        self._asked_sources += answer.kind != "spent"
        self._unmodified += answer.kind == "unmodified"
        if new.error:
            self._problem(source.name, new.error)
        return {**kept, source_key(source.name): new}

    def _reached(self, source: Source, state: PollState, new: PollState, walk: Walk) -> PollState:
        """Return the state of a source that was read as far as it was known, and have an errand do what is left."""
        now = self._clock()
        if walk.rejected:
            walk.notes.append(_REJECTED.format(walk.rejected))
        for trail in walk.trails.values():
            if (errand := rest_of(source.name, trail, now, source.reads_back)) is not None:
                self._errands.add(errand)
                if trail.until is not None:
                    walk.notes.append(f"It had more than {MOST_PAGES} pages that are new: a back-fill reads the rest.")
            narrowed = trail.start not in (source.url, state.url)
            if trail.short and not narrowed and state.reached is not None:
                walk.notes.append(_SHORT.format(state.reached))
        if state.reached is not None and source.history is not None and state.reached < now - source.history:
            walk.notes.append(_TOO_LONG.format(state.reached, now - source.history))
        reached = reached_by(walk.trails.values(), state.reached, now)
        new = msgspec.structs.replace(new, reached=reached, note=" ".join(walk.notes))
        # What comes belatedly may stand on a further page, and leaves the first as it is.
        awaited = reached is not None and reached > now - source.belated
        if _where(source, new) == _where(source, state) and not awaited:
            return new
        # Validators are those of an address, and what had the same body there is not the same here.
        return msgspec.structs.replace(new, etag="", last_modified="", body="", sample=False, doubted=False)

    def _problem(self, name: str, message: str) -> None:
        """Report why a source could not be had or read, or a site is left alone."""
        self._problems[name] = Problem(name, message)
        _logger.warning("source %s: %s" if name in self._sources else "site %s: %s", name, message)


def _where(source: Source, state: PollState, now: datetime | None = None) -> str:
    """Return where to ask a source: from what it had reached on, unless it has moved; at `now` no further back than it
    can be asked."""
    if not source.pages or state.reached is None or state.url != source.url:
        return state.url
    bound = now - source.history if now is not None and source.history is not None else state.reached
    return source.since(max(state.reached, bound))
