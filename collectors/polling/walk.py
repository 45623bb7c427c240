"""A walk: a poll under way that asks more than the source itself, and what it has found until now.

    answer of a source ─▶ begin ─▶ further requests, older pages, pages of entries ─▶ … ─▶ over

Nothing of it is stored before the last answer came: a poll that dies midway is begun again, and what it has published
is known by its ids.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.base import OLDER, PAGE, Further, Source
from overheard.collectors.fetching.fetch import Answer, Course, site_of
from overheard.collectors.polling.collect import Collected, Collector
from overheard.collectors.polling.follow import after, follow
from overheard.collectors.polling.jobs import Job, Jobs, Wanted
from overheard.collectors.polling.limits import is_refusal
from overheard.collectors.polling.looks import HTML
from overheard.collectors.polling.reach import Sheet, Trail, anew, is_refused, reached_by
from overheard.collectors.polling.reach import after as after_page
from overheard.collectors.polling.schedule import Seen
from overheard.collectors.polling.sites import Sites
from overheard.records import Fetch, Followed, Mention, PollState, digest


@dataclass(slots=True)
class Walk:
    """What came of the source, what is followed, and what is asked: by key what it leads to, or whose page it is.

    `body` is the digest of what the source sent; `had` whether anything further came well, `problem` the first that did
    not; `sent` requests it took. `beside` are what lists of what was said long ago lead to, which this poll alone asks.
    `trails` are the lists that are read page by page, `broken` what came of the page of one that could not be had or
    read, and `unread` why. `rejected` entries could not be used. `belated`: `Source.belated`.
    """

    answer: Answer
    body: str
    collected: Collected
    followed: dict[str, Followed]
    asked: dict[str, Followed | Mention | Trail] = field(default_factory=dict)
    had: bool = False
    problem: str = ""
    sent: int = 0
    beside: set[str] = field(default_factory=set)
    trails: dict[str, Trail] = field(default_factory=dict)
    broken: Answer | None = None
    unread: str = ""
    notes: list[str] = field(default_factory=list)
    rejected: int = 0
    belated: timedelta = timedelta()

    @property
    def failed(self) -> str:
        """Why the poll as a whole failed, "" where it did not or where the answer says so itself.

        A source that leads to others and holds nothing itself has failed where all of them have; one that is read page
        by page where a page of it did.
        """
        if self.unread:
            return self.unread
        held = self.collected.seen.held if self.collected.seen else 0
        return self.problem if not self.had and self.answer.kind == "fetched" and not held else ""


# Requests that the lists of what was said long ago lead to in one poll.
_MOST_BESIDE = 50
_LEFT = "expected to go on to the next page; its site wants to be left alone. It is begun again with the next poll"
_REFUSED = (
    "Page {} was refused twice ({}), so of the posts since {:%Y-%m-%d %H:%M} UTC older ones may be missing. "
    "A back-fill may have them."
)
# Lists end in many ways. So many polls in a row that end so are believed.
_MOST_CIRCLES = 3
_CIRCLES = "expected older posts; got the page before once more. It is begun again with the next poll"
_CIRCLED = "In place of older posts it gives the same page again: some since {:%Y-%m-%d %H:%M} UTC may be missing."

# Called with a source's name, its walk where that is over, and what is to be stored besides.
Step = Callable[[str, Walk | None, Mapping[str, PollState]], None]


class Walks:
    """The walks of one poller, by the name of the source, owned by its thread; `states` are those of its sources.

    `account` returns the same for sources that are asked with the same token: what several of them lead to is asked
    once. `step` is called after each answer to one of their requests.
    """

    def __init__(
        self,
        jobs: Jobs,
        sites: Sites,
        collector: Collector,
        *,
        clock: Callable[[], datetime],
        states: dict[str, PollState],
        account: Callable[[str], str],
        step: Step,
    ) -> None:
        self._account = account
        self._jobs = jobs
        self._sites = sites
        self._collector = collector
        self._clock = clock
        self._states = states
        self._step = step
        self._walks: dict[str, Walk] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._walks

    def keys(self) -> set[str]:
        """Return the keys of all that is asked."""
        return {key for walk in self._walks.values() for key in walk.asked}

    def use(self, before: Mapping[str, Source], now: Mapping[str, Source]) -> None:
        """Give up the walks of sources that are set otherwise now."""
        self._walks = {name: walk for name, walk in self._walks.items() if before.get(name) == now.get(name)}

    def begin(self, name: str, walk: Walk, pages: Sequence[Mention], followed: Sequence[Followed]) -> bool:
        """Have pages and what is followed asked for a poll; True where the poll goes on, False where it is over."""
        self._ask_pages(name, walk, pages)
        for one in followed:
            self._follow(name, walk, one)
        if walk.collected.sheet is not None and walk.answer.fetch is not None:
            state, start = self._states[name], walk.answer.fetch.url
            narrowed = start not in (state.url, state.configured)
            trail = Trail("", start, "", state.reached, narrowed=narrowed, belated=walk.belated)
            self._read_on(name, walk, trail, walk.collected.sheet)
        if walk.asked:
            self._walks[name] = walk
        return bool(walk.asked)

    def _follow(self, name: str, walk: Walk, one: Followed) -> None:
        """Put a further request of a poll in line; one whose site wants to be left alone waits for another poll."""
        site = site_of(one.url)
        # Sources whose validators differ each get the answer to their own.
        key = f"further {self._account(name)} {one.purpose} {digest(one.etag, one.last_modified)} {one.url}"
        if site and not self._sites.is_quiet(site):
            course = Course(name, one.url, one.url, one.etag, one.last_modified, purpose=one.purpose, about=one.about)
            self._put(key, course, name, "feed")
            walk.asked[key] = one

    def _read_on(self, name: str, walk: Walk, trail: Trail, sheet: Sheet) -> None:
        """Have the next older page asked, unless a page brought a list to its end."""
        trail = walk.trails[trail.root] = after_page(trail, sheet)
        if trail.next:
            self._ask_older(name, walk, trail)
        elif trail.circles and not self._circled(name):
            self._break(walk, trail, Answer("soft", walk.answer.status, message=_CIRCLES, site=walk.answer.site))
        else:
            if trail.circles:
                walk.notes.append(_CIRCLED.format(trail.until))
            self._over(walk, trail)

    def _circled(self, name: str) -> bool:
        """True where a source has given the same page again for so many polls that it gives no other."""
        state = self._states[name]
        return state.failures >= _MOST_CIRCLES and _CIRCLES in state.error

    def _over(self, walk: Walk, trail: Trail) -> None:
        """Remember how far a list was read that the source leads to: it is asked in a rhythm of its own."""
        if one := walk.followed.get(trail.root):
            reached = reached_by([trail], one.reached, self._clock())
            walk.followed[trail.root] = msgspec.structs.replace(one, reached=reached)

    def _ask_older(self, name: str, walk: Walk, trail: Trail) -> None:
        key, site = f"older {name} {trail.next}", site_of(trail.next)
        if not site or self._sites.is_quiet(site) or key in self._jobs:
            self._break(walk, trail, Answer("soft", message=_LEFT, site=site))
            return
        self._put(key, Course(name, trail.next, trail.next, purpose=trail.purpose, about=trail.about), name, "feed")
        walk.asked[key] = trail

    def _break(self, walk: Walk, trail: Trail, answer: Answer, problem: str = "") -> None:
        """Remember that a page could not be had or read: the next poll begins where the one before this had come to.

        What was said long ago is looked through another time, and holds up nothing.
        """
        why = answer.message or problem
        if trail.purpose != OLDER:
            walk.broken, walk.unread = answer, f"page {trail.pages + 1}: {why}"
        if one := walk.followed.get(trail.root):
            # So that its first page is asked as if it had not been read.
            forgotten = msgspec.structs.replace(one, etag="", last_modified="", body="")
            walk.followed[trail.root] = after(forgotten, answer, self._clock(), problem=problem)

    def _ask_pages(self, name: str, walk: Walk, mentions: Sequence[Mention]) -> None:
        """Put the pages of mentions in line that were held back for their text; where that cannot be, publish them."""
        for mention in mentions:
            site, key = site_of(mention.url), f"page {self._account(name)} {mention.id}"
            if not site or self._sites.is_quiet(site):
                self._collector.keep(mention)
                continue
            course = Course(name, mention.url, mention.url, purpose=PAGE, about=mention, accept=HTML)
            self._put(key, course, name, "page")
            walk.asked[key] = mention

    def _put(self, key: str, course: Course, name: str, wanted: Wanted) -> None:
        """Put a request in line; where it waits or is under way for another source, its answer is for this one too."""
        job = self._jobs.get(key)
        if job is None:
            self._jobs.put(key, Job(course, self._clock(), self._answered, [name], wanted))
        elif name not in job.sources:
            job.sources.append(name)

    def _answered(self, key: str, job: Job, answer: Answer) -> None:
        """Publish what a further request brought, for all that it was asked for."""
        for name in job.sources:
            self._answered_to(name, key, job, answer)

    def _answered_to(self, name: str, key: str, job: Job, answer: Answer) -> None:
        """Publish what a further request of a poll brought; after the last one the source is settled."""
        walk, state = self._walks.get(name), self._states.get(name)
        if walk is None or state is None or key not in walk.asked:
            return  # taken out of the settings in the meantime
        one = walk.asked.pop(key)
        if answer.fetch is not None and answer.fetch.source != name:
            about = one if isinstance(one, Mention) else one.about
            answer = replace(answer, fetch=as_own(name, answer.fetch, answer.fetch.url, about))
        walk.sent += job.sent
        if isinstance(one, Followed):
            self._followed(walk, name, one, answer)
        elif isinstance(one, Trail):
            self._older(walk, name, one, answer)
        elif answer.fetch is None or self._collector.publish(answer.fetch).problem:
            self._collector.keep(one)
        # A place within a site that is closed to all says nothing of the site.
        changed = {} if is_refusal(answer) else self._sites.weigh(name, state, answer)
        # Where one page does not come now, others would not either, each after half a minute: no entry waits for that.
        down = answer.site if isinstance(one, Mention) and answer.kind == "soft" else ""
        for other in walk.asked.keys() - self._jobs.under_way.keys():
            site, waits = self._jobs.site(other), isinstance(walk.asked[other], Mention)
            if self._sites.is_quiet(site) or (waits and site == down):
                self._leave(other, name)
                dropped = walk.asked.pop(other)
                if isinstance(dropped, Mention):
                    self._collector.keep(dropped)
                elif isinstance(dropped, Trail):
                    self._break(walk, dropped, Answer("soft", message=_LEFT, site=site))
        if not walk.asked:
            del self._walks[name]
        self._step(name, None if walk.asked else walk, changed)

    def _leave(self, key: str, name: str) -> None:
        """Take a source out of a request that waits; one that is for no other is dropped."""
        job = self._jobs[key]
        job.sources.remove(name)
        if not job.sources:
            self._jobs.drop(key)

    def _followed(self, walk: Walk, name: str, one: Followed, answer: Answer) -> None:
        """Publish what came of something that a source leads to."""
        body, collected = "", Collected()
        if answer.fetch is not None:
            body = body_of(answer.fetch)
            if body != one.body or one.purpose == OLDER:
                collected = self._collector.publish(answer.fetch)
        if one.url not in walk.beside:
            walk.followed[one.url] = after(one, answer, self._clock(), body=body, problem=collected.problem)
        if problem := answer.message or collected.problem:
            walk.problem = walk.problem or problem
        else:
            walk.had = True
        self._add(walk, name, collected)
        if collected.sheet is not None and answer.fetch is not None:
            until = one.reached or self._states[name].reached
            trail = Trail(
                one.url, one.url, one.purpose, until, narrowed=one.whole, belated=walk.belated, about=one.about
            )
            self._read_on(name, walk, trail, collected.sheet)
        if one.purpose == OLDER:
            self._lead_on(name, walk, collected.requests)

    def _lead_on(self, name: str, walk: Walk, requests: Sequence[Further]) -> None:
        """Have asked what a page of what was said long ago leads to, in this poll and no other."""
        for one in follow((), requests, self._clock()):
            if len(walk.beside) < _MOST_BESIDE and one.url not in walk.followed and one.url not in walk.beside:
                walk.beside.add(one.url)
                self._follow(name, walk, one)

    def _older(self, walk: Walk, name: str, trail: Trail, answer: Answer) -> None:
        """Publish an older page of a list, and go on from there."""
        collected = Collected() if answer.fetch is None else self._collector.publish(answer.fetch)
        self._add(walk, name, collected)
        refused = is_refused(answer)
        if collected.sheet is not None:
            self._read_on(name, walk, trail, collected.sheet)
            if trail.purpose == OLDER:
                self._lead_on(name, walk, collected.requests)
        elif refused and not trail.anew:
            walk.notes.append(f"Page {trail.pages + 1} was refused ({answer.status}), so it was begun anew.")
            self._ask_older(name, walk, anew(trail))
        elif refused:
            # Asked for again and again it would hold up all that is newer.
            if trail.purpose != OLDER:
                walk.notes.append(_REFUSED.format(trail.pages + 1, answer.status, trail.until))
            walk.trails[trail.root] = trail = replace(trail, next="")
            self._over(walk, trail)
        else:
            self._break(walk, trail, answer, collected.problem or f"expected a page; got status {answer.status}")

    def _add(self, walk: Walk, name: str, collected: Collected) -> None:
        """Take what a further request brought into what the poll has found."""
        seen, held = _with(walk.collected.seen, collected.seen), (*walk.collected.held, *collected.held)
        walk.collected = replace(walk.collected, seen=seen, held=held)
        walk.rejected += collected.rejected
        state = self._states[name]
        self._states[name] = msgspec.structs.replace(state, held=(*state.held, *collected.held))
        self._ask_pages(name, walk, collected.pages)


def body_of(fetch: Fetch) -> str:
    """Return the digest by which a body is known again."""
    return digest(fetch.body.decode("latin-1"))


def as_asked_by(source: Source, fetch: Fetch, url: str) -> Fetch:
    """Return a fetch as one of several sources with the same address has it, which goes by `url` there."""
    return fetch if fetch.source == source.name else as_own(source.name, fetch, url, fetch.about)


def as_own(name: str, fetch: Fetch, url: str, about: Mention | None) -> Fetch:
    """Return a fetch that was made for another source as one that this one has, for what it asks about."""
    return msgspec.structs.replace(fetch, id=f"fet_{digest(name, fetch.id)}", source=name, url=url, about=about)


def _with(seen: Seen | None, beside: Seen | None) -> Seen | None:
    """Return what a poll has found in a source, with what it has found besides."""
    if beside is None:
        return seen
    seen = seen or Seen()
    return replace(seen, beside=[*seen.beside, *beside.new])
