"""Webmentions that were sent: taken as errands for whoever polls, bounded, and what became of each.

sent ─▶ judged ─▶ one that waits is the same, else [errands] ─▶ … the poller … ─▶ [poll-state] ─▶ status, counts
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from overheard.collectors.fetching.fetch import site_of
from overheard.collectors.pages.webmention import PUBLIC_REASONS, Webmention, refusal_of
from overheard.collectors.polling.health import SourceHealth
from overheard.collectors.polling.pollstate import ERRANDS, load_errand_states
from overheard.errors import InputError, NotFoundError, TransientError
from overheard.log.base import Log, ProducerRecord
from overheard.records import Errand, ErrandState, decode, digest, encode, event_for
from overheard.urls import canonical_url
from overheard.web.results import Received, Webmentioned

# What waits at most: of one page, of one site (at a request every two seconds some three minutes of it), in all.
MOST_OF_PAGE = 20
MOST_OF_SITE = 100
MOST = 1_000
# A page that was asked is asked again so much later at the earliest.
AGAIN = timedelta(minutes=10)
# As long is remembered what became of one; of more than so many the oldest are forgotten.
KEPT = timedelta(days=7)
_MOST_KEPT = 20_000
_BATCH = 500


class _Sent(NamedTuple):
    """A webmention, and the canonical URLs of its pages and the source's site, by which they are compared."""

    errand: Errand
    page: str
    target: str
    site: str


class Webmentions:
    """The webmentions of one system. Thread-safe. Follows the log: a look costs what came since the last one."""

    def __init__(self, log: Log, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._clock = clock
        self._next = 0
        self._sent: dict[str, _Sent] = {}
        self._over: dict[str, ErrandState] = {}
        self._turn = threading.Lock()

    def take(self, sources: Iterable[object], source: str, target: str) -> str:
        """Take a webmention and return its id; one of the same two pages that waits is the same.

        `sources` are those of the settings. Raises NotFoundError where they take no webmentions, InputError for what is
        none, and TransientError where too many wait.
        """
        takers = [one for one in sources if isinstance(one, Webmention)]
        if not takers:
            msg = "expected [[webmention]] in the settings; there is none, so that no webmentions are taken"
            raise NotFoundError(msg)
        if refusal := refusal_of(source, target):
            raise InputError(refusal)
        taker = next((one for one in takers if one.takes(target)), None)
        if taker is None:
            msg = f"expected a target for which webmentions are taken here; {target[:200]!r} is none"
            raise InputError(msg)
        with self._turn:
            return self._take(taker.name, source, target)

    def _take(self, name: str, source: str, target: str) -> str:
        self._follow()
        now = self._clock()
        page, site, aim = canonical_url(source), site_of(source), canonical_url(target)
        waiting = [one for id_, one in self._sent.items() if id_ not in self._over]
        for one in waiting:
            if (one.page, one.target, one.errand.source) == (page, aim, name):
                return one.errand.id
        for most, number, what in (
            (MOST, len(waiting), "webmentions"),
            (MOST_OF_SITE, sum(one.site == site for one in waiting), "webmentions of this site"),
            (MOST_OF_PAGE, sum(one.page == page for one in waiting), "webmentions of this page"),
        ):
            if number >= most:
                msg = f"expected fewer {what} at a time: {number:,} wait to be looked at. Send it again later"
                raise TransientError(msg)
        asked = [state.at for id_, state in self._over.items() if self._sent[id_].page == page]
        asked += [one.errand.at for one in waiting if one.page == page]
        # What is sent again soon after we looked may be an edit, so it is not let go: it waits for its time.
        at = max([now, *(when + AGAIN for when in asked)])
        id_ = f"wm_{digest(name, source, target, now.isoformat())}"
        errand = Errand(id=id_, kind="webmention", source=name, url=source, target=target, at=at)
        event = event_for(errand, subject=id_, source="/webmention", time=now)
        gone = [ProducerRecord(ERRANDS, one, None) for one in self._to_forget(now)]
        self._log.append([*gone, ProducerRecord(ERRANDS, id_, encode(event))], durable=True)
        return id_

    def _to_forget(self, now: datetime) -> Sequence[str]:
        """Return the oldest that are over, of which nobody is told any more; some at a time."""
        by_age = sorted(self._over, key=lambda id_: self._over[id_].at)
        more = len(self._sent) - _MOST_KEPT
        return [id_ for n, id_ in enumerate(by_age) if n < more or self._over[id_].at < now - KEPT][: _BATCH - 1]

    def status(self, id_: str) -> Webmentioned:
        """Return what became of one, as its sender may know it. Raises NotFoundError for one that is not known."""
        with self._turn:
            # Anybody may ask, as often as they like.
            self._follow(only=id_)
            sent, state = self._sent.get(id_), self._over.get(id_)
        if sent is None:
            msg = f"expected the address that an accepted webmention was given within the last {KEPT.days} days"
            raise NotFoundError(msg)
        return _told(sent.errand, state)

    def received(self, names: Iterable[str]) -> Mapping[str, Received]:
        """Return what was sent to each of these sources in the last seven days."""
        with self._turn:
            self._follow()
            sent = [(one.errand, self._over.get(id_)) for id_, one in self._sent.items()]
        return {name: _counted([pair for pair in sent if pair[0].source == name]) for name in names}

    def _follow(self, only: str = "") -> None:
        """Read what was sent and withdrawn since the last look, and how far those are, or `only` one, that were not
        over then.
        """
        first, end = self._log.span(ERRANDS, 0)
        at = max(first, self._next)
        while at < end and (records := self._log.read(ERRANDS, 0, at, _BATCH)):
            for record in records:
                if record.value is None:
                    self._sent.pop(record.key, None)
                    self._over.pop(record.key, None)
                elif isinstance(errand := decode(record.value).data, Errand) and errand.kind == "webmention":
                    self._sent[errand.id] = _Sent(
                        errand, canonical_url(errand.url), canonical_url(errand.target), site_of(errand.url)
                    )
            at = records[-1].offset + 1
        self._next = max(at, self._next)
        asked = self._sent.keys() & {only} if only else self._sent
        states = load_errand_states(self._log, [id_ for id_ in asked if id_ not in self._over])
        self._over |= {id_: state for id_, state in states.items() if state.state != "waiting"}


def health_of_received(received: Received) -> SourceHealth:
    """Return how a source does that is told, in words."""
    parts = [
        f"{number:,} {word}"
        for word in ("verified", "refused", "failed", "waiting")
        if (number := getattr(received, word))
    ]
    came = f"in the last {KEPT.days} days {', '.join(parts)}" if parts else f"none in the last {KEPT.days} days"
    last = f". The last that was none: {received.problem.rstrip('. ')} ({received.page})" if received.problem else ""
    return SourceHealth("works", f"It takes webmentions: {came}{last}.")


def _told(errand: Errand, state: ErrandState | None) -> Webmentioned:
    """Return what the sender may know: how the page was judged, and nothing of how it was reached.

    Whether a name is known here, or an address answers, is nobody's to ask by us.
    """
    told = Webmentioned(state="waiting", source=errand.url, target=errand.target)
    if state is None:
        return told
    if state.state == "done":
        return Webmentioned(state="verified", source=errand.url, target=errand.target)
    if state.problem in PUBLIC_REASONS:
        return Webmentioned(state="refused", source=errand.url, target=errand.target, reason=state.problem)
    return Webmentioned(state="failed", source=errand.url, target=errand.target)


def _counted(sent: Sequence[tuple[Errand, ErrandState | None]]) -> Received:
    states = Counter(_told(errand, state).state for errand, state in sent)
    wrong = [(state.at, errand, state) for errand, state in sent if state is not None and state.problem]
    last = max(wrong, key=lambda one: (one[0], one[1].id), default=None)
    return Received(
        waiting=states["waiting"],
        verified=states["verified"],
        refused=states["refused"],
        failed=states["failed"],
        problem=last[2].problem if last else "",
        page=last[1].url if last else "",
        at=last[0] if last else None,
    )
