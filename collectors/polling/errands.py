"""One-off work that somebody asks of the poller: a webmention to look at, a stretch of time to fill in.

    [errands] ─▶ look ─▶ … the request … ─▶ Collector ─▶ [poll-state] errand/<id>: where it goes on, or how it ended
                  ▲                                            │
                  └──────────── an older page ◀────────────────┘

Each waits in the one queue, so its site has its turn, its pause and its rules. How far it is is stored after what a
page held was published: whoever dies between the two asks for that page again, and publishes the same under the same
ids.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import msgspec

from overheard.collectors.base import PAGE, Source
from overheard.collectors.fetching.fetch import Answer, Course, site_of
from overheard.collectors.polling.backfill import Page, after_failure, after_page
from overheard.collectors.polling.collect import Collected, Collector, cause_of
from overheard.collectors.polling.jobs import Job, Jobs
from overheard.collectors.polling.looks import HTML
from overheard.collectors.polling.pollstate import (
    ERRANDS,
    State,
    drop_states,
    errand_key,
    load_errand_states,
    save_states,
)
from overheard.collectors.polling.schedule import retry_after
from overheard.collectors.polling.sites import Sites
from overheard.log.base import Log, ProducerRecord
from overheard.records import Errand, ErrandState, Mention, PollState, decode, encode, event_for

# Pauses after answers that did not come well, one after the other; then it has failed. A site that is down for the
# night is there again by the last.
PAUSES = (timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1), timedelta(hours=4), timedelta(hours=16))
_GONE = frozenset({404, 410})
# Bytes of a page that anybody may have us ask for, and that stays on the log for a week: few have a tenth of it.
_MOST_OF_STRANGERS = 2_000_000
_LOOK = 0.5  # seconds between two looks at what is asked
_PAGE = 500


@dataclass(slots=True)
class _Step:
    """A page of a source whose entries' own pages are asked: what it held, and those that are to come, by key."""

    collected: Collected
    asked: dict[str, Mention] = field(default_factory=dict)


class Errands:
    """The errands of one poller, owned by its thread. `sources` and `states` are its own, by name."""

    def __init__(
        self,
        log: Log,
        jobs: Jobs,
        sites: Sites,
        collector: Collector,
        *,
        clock: Callable[[], datetime],
        sources: Mapping[str, Source],
        states: Mapping[str, PollState],
    ) -> None:
        self._log = log
        self._jobs = jobs
        self._sites = sites
        self._collector = collector
        self._clock = clock
        self._sources = sources
        self._sources_states = states
        self._errands: dict[str, Errand] = {}  # those that are not over
        self._states: dict[str, ErrandState] = {}
        self._steps: dict[str, _Step] = {}
        self._next = 0
        self._looked = float("-inf")

    def keys(self) -> set[str]:
        """Return the keys of what is asked, for errands of the sources of now."""
        asked = {_key(one.id) for one in self._errands.values() if one.source in self._sources}
        return {key for key in asked if key in self._jobs} | {
            key for step in self._steps.values() for key in step.asked
        }

    def use(self) -> None:
        """Go on with what the sources of now can do; an errand of a source that is none any more waits for it."""
        for id_ in self._errands:
            self._put(id_)

    def look(self, *, now: bool = False) -> None:
        """Take in what was asked or withdrawn since the last look, unless that was a moment ago; or `now`."""
        if not now and time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        first, end = self._log.span(ERRANDS, 0)
        at = max(first, self._next)
        while at < end and (records := self._log.read(ERRANDS, 0, at, _PAGE)):
            # By key, of each the newest.
            self._take({record.key: record.value for record in records})
            at = records[-1].offset + 1
        self._next = max(at, self._next)

    def add(self, errand: Errand) -> None:
        """Ask for an errand of one's own; the same again does no harm."""
        event = event_for(errand, subject=errand.id, source="/collect", time=errand.at)
        self._log.append([ProducerRecord(ERRANDS, errand.id, encode(event))], durable=True)

    def _take(self, records: Mapping[str, bytes | None]) -> None:
        stored = load_errand_states(self._log, records)
        # A stretch of time that is withdrawn half done may be asked for again, and goes on; what is over is not needed.
        over = [id_ for id_, state in stored.items() if records[id_] is None and state.state != "waiting"]
        drop_states(self._log, map(errand_key, over))
        for id_, value in records.items():
            if value is None:
                self._forget(id_)
                continue
            errand = decode(value).data
            state = stored.get(id_)
            if state is None or (state.state != "waiting" and state.at < errand.at):
                # What is over, and is asked for anew, is done again.
                state = ErrandState(due=errand.at, at=errand.at)
            if isinstance(errand, Errand) and state.state == "waiting":
                self._errands[id_], self._states[id_] = errand, state
                self._put(id_)

    def _forget(self, id_: str) -> None:
        """Let go of an errand that is over or withdrawn."""
        self._errands.pop(id_, None)
        self._states.pop(id_, None)
        step = self._steps.pop(id_, None)
        for key in (_key(id_), *(step.asked if step else ())):
            if key not in self._jobs.under_way:
                self._jobs.drop(key)

    def _put(self, id_: str) -> None:
        """Have an errand wait for its next request."""
        errand, state, key = self._errands[id_], self._states[id_], _key(id_)
        source = self._sources.get(errand.source)
        if source is None or id_ in self._steps or key in self._jobs:
            return
        first = source.first(errand)
        polled = self._sources_states.get(source.name)
        # Where a source has moved to, it begins there.
        begin = polled.url if polled is not None and first.url == source.url else first.url
        url = state.url or begin
        if not site_of(url):
            problem = f"expected an address to ask; got {url[:200]!r}"
            self._over(id_, msgspec.structs.replace(state, state="refused", problem=problem), {})
            return
        course = Course(source.name, url, url, purpose=first.purpose, about=first.about, errand=errand.id)
        if errand.kind == "webmention":
            course = replace(course, accept=HTML, most=_MOST_OF_STRANGERS)
        self._sites.is_quiet(course.site)  # so that the queue knows
        self._jobs.put(
            key, Job(course, state.due or self._clock(), partial(self._answered, id_), [source.name], "page")
        )

    def _answered(self, id_: str, _: str, job: Job, answer: Answer) -> None:
        """Publish what came, and go on from there."""
        errand, source = self._errands.get(id_), self._sources.get(job.sources[0])
        polled = self._sources_states.get(job.sources[0])
        changed: dict[str, State] = {}
        if errand is not None and errand.kind == "back-fill" and polled is not None:
            changed |= self._sites.weigh(errand.source, polled, answer)
        else:
            # A page that strangers name tells nothing of its site: else they could have its sources left alone.
            changed |= self._sites.heed(answer)
        if errand is None or source is None:
            # Withdrawn, or taken out of the settings, in the meantime.
            if changed:
                save_states(self._log, changed, self._clock())
            return
        if answer.fetch is None:
            self._failed(errand, source, answer, changed)
            return
        collected = self._collector.publish(answer.fetch)
        if changed:
            save_states(self._log, changed, self._clock())
        step = _Step(collected)
        for mention in collected.pages:
            self._ask_page(errand, step, mention)
        self._steps[id_] = step
        self._go_on(id_)

    def _ask_page(self, errand: Errand, step: _Step, mention: Mention) -> None:
        """Have the page of an entry asked that its source gives a beginning of; else publish it as it is."""
        key, site = f"{_key(errand.id)} page {mention.id}", site_of(mention.url)
        if not site or self._sites.is_quiet(site):
            self._collector.keep(mention, cause_of(errand))
            return
        course = Course(
            errand.source, mention.url, mention.url, purpose=PAGE, about=mention, errand=errand.id, accept=HTML
        )
        step.asked[key] = mention
        job = Job(course, self._clock(), partial(self._page_answered, errand), [errand.source], "page")
        self._jobs.put(key, job)

    def _page_answered(self, errand: Errand, key: str, _: Job, answer: Answer) -> None:
        changed = self._sites.heed(answer)
        if changed:
            save_states(self._log, changed, self._clock())
        step = self._steps.get(errand.id)
        if step is None or key not in step.asked:
            return  # withdrawn in the meantime
        mention = step.asked.pop(key)
        if answer.fetch is None or self._collector.publish(answer.fetch).problem:
            self._collector.keep(mention, cause_of(errand))
        for other in [other for other in step.asked if self._may_not(other)]:
            self._jobs.drop(other)
            self._collector.keep(step.asked.pop(other), cause_of(errand))
        self._go_on(errand.id)

    def _may_not(self, key: str) -> bool:
        return key not in self._jobs.under_way and self._sites.is_quiet(self._jobs.site(key))

    def _go_on(self, id_: str) -> None:
        """Store how far an errand is once all of a page was published, and have the next one asked."""
        step = self._steps[id_]
        if step.asked:
            return
        del self._steps[id_]
        errand, state, now = self._errands[id_], self._states[id_], self._clock()
        collected = step.collected
        if collected.problem:
            new = after_failure(state, problem=collected.problem, due=None, now=now)
        elif collected.refused:
            new = msgspec.structs.replace(state, state="refused", problem=collected.refused, due=None, at=now)
        elif errand.kind == "back-fill":
            new = after_page(errand, state, collected.page or Page(""), now)
        else:
            found = len(collected.entries)
            new = msgspec.structs.replace(state, state="done", pages=1, mentions=found, problem="", due=None, at=now)
        self._over(id_, new, {})

    def _failed(self, errand: Errand, source: Source, answer: Answer, changed: dict[str, State]) -> None:
        """Go on after an answer without a page: again after a while, or never."""
        state, now = self._states[errand.id], self._clock()
        if answer.kind == "spent":
            self._over(
                errand.id, msgspec.structs.replace(state, due=answer.until, problem=answer.message, at=now), changed
            )
            return
        if answer.status in _GONE and (deletions := source.gone(errand)):
            self._collector.delete(source.name, deletions)
        if answer.kind == "refused":
            new = msgspec.structs.replace(state, state="refused", problem=answer.message, due=None, at=now)
        elif answer.status in _GONE and state.pages:
            new = msgspec.structs.replace(state, state="done", due=None, ended="the source has no older pages", at=now)
        else:
            due = now + PAUSES[state.attempts] if answer.kind == "soft" and state.attempts < len(PAUSES) else None
            until = retry_after(answer, now)
            new = after_failure(state, problem=answer.message, due=max(due, until) if due and until else due, now=now)
        self._over(errand.id, new, changed)

    def _over(self, id_: str, state: ErrandState, changed: Mapping[str, State]) -> None:
        """Store how far an errand is; it waits for its next request, or is over."""
        save_states(self._log, {**changed, errand_key(id_): state}, self._clock())
        if state.state == "waiting":
            self._states[id_] = state
            self._put(id_)
        else:
            self._forget(id_)


def _key(id_: str) -> str:
    return f"errand {id_}"
