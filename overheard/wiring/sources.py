"""How the sources of one system do, and one of them asked before its time."""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from overheard.collectors.base import Source
from overheard.collectors.fetching import robots
from overheard.collectors.fetching.fetch import site_of
from overheard.collectors.pages.webmention import Webmention
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.health import SourceHealth, health_of, in_words, why_then
from overheard.collectors.polling.pollstate import host_key, load_robots, load_states, save_states, source_key
from overheard.collectors.polling.schedule import begin
from overheard.collectors.pushed.hook import Hook
from overheard.errors import InputError, NotFoundError
from overheard.index.base import Index, Search
from overheard.index.fields import normal_value
from overheard.index.query import Published, Value, every
from overheard.log.base import ConsumerRecord, Log
from overheard.log.deadletters import list_letters
from overheard.policy import OPEN
from overheard.records import DeadLetter, PollState, PushState
from overheard.web.base import SourceFetch, SourceStatus
from overheard.web.results import Received
from overheard.wiring.backfills import last_back_fills
from overheard.wiring.hooks import endpoint_of, health_of_pushed, push_states
from overheard.wiring.spendings import spendings
from overheard.wiring.system import System
from overheard.wiring.webmentions import Webmentions, health_of_received

_WEEK = timedelta(days=7)
_PAGE = 1_000
_FETCHES = _LETTERS = 10
# Records of each partition that are looked through for a source's fetches, so many at once: each may be some MB.
_LOOKED, _AT_ONCE = 200, 20


class _Source(msgspec.Struct):
    source: str = ""


class _Head(msgspec.Struct):
    """What is counted of an event: a week of posts is some 100,000, and to read them whole takes twice as long."""

    verb: str
    data: _Source


_heads = msgspec.json.Decoder(_Head)


class _FetchHead(msgspec.Struct, kw_only=True):
    """What is told of a fetch: its body, of up to 10 MB, stays as it is in the record."""

    source: str
    url: str
    final_url: str = msgspec.field(name="finalUrl", default="")
    status: int = 0
    at: datetime
    purpose: str = ""
    body: msgspec.Raw = msgspec.Raw(b"")


class _FetchEvent(msgspec.Struct):
    data: _FetchHead


_fetches = msgspec.json.Decoder(_FetchEvent)


class SourceCounts:
    """How many new posts each source brought by day, as far as `mentions` keeps them. Thread-safe.

    Read once and then followed, so that a look costs what came since the last one.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next: dict[int, int] = {}
        self._counts: Counter[tuple[date, str]] = Counter()
        self._turn = threading.Lock()

    def since(self, day: date) -> Counter[str]:
        """Return the new posts by source since a UTC day; days before it are forgotten."""
        with self._turn:
            for partition, (first, end) in self._log.spans("mentions").items():
                self._follow(partition, first, end)
            self._counts = Counter({key: number for key, number in self._counts.items() if key[0] >= day})
            found: Counter[str] = Counter()
            for (_, source), number in self._counts.items():
                found[source] += number
            return found

    def _follow(self, partition: int, first: int, end: int) -> None:
        at = max(first, self._next.get(partition, 0))
        while at < end and (records := self._log.read("mentions", partition, at, _PAGE)):
            for record in records:
                try:
                    event = _heads.decode(record.value or b"")
                except msgspec.DecodeError:
                    continue  # the stage that reads it makes a dead letter of it
                if event.verb == "Create" and event.data.source:
                    said = datetime.fromtimestamp(record.timestamp / 1000, UTC).date()
                    self._counts[said, event.data.source] += 1
            at = records[-1].offset + 1
        self._next[partition] = at


def source_statuses(
    system: System, index: Index, counts: SourceCounts, webmentions: Webmentions, now: datetime
) -> list[SourceStatus]:
    """See `Service.sources`."""
    configured = system.settings.sources
    states = load_states(system.log, [source_key(one.name) for one in configured])
    current = {one.name: begin(states.get(source_key(one.name)), one.url, now) for one in configured}
    hosts = load_states(system.log, {host_key(site_of(state.url)) for state in current.values()})
    # Only of those whose last request was not answered: what a site's rules say is in the way of others.
    origins = {robots.origin_of(state.url) for state in current.values() if _is_unasked(state)}
    rules = {origin: load_robots(system.log, origin) for origin in origins}
    week = now - _WEEK
    new = counts.since(week.date())
    said_since = Published(int(week.timestamp() * 1000), None)
    hooks = push_states(system.log, (one.name for one in configured if isinstance(one, Hook)))
    received = webmentions.received(one.name for one in configured if one.kind == Webmention.kind)
    filled = last_back_fills(system)
    budgets = spendings(system.log, [one for one in configured if isinstance(one, Source)], now)
    zone = ZoneInfo(system.settings.locale.time_zone)
    found = []
    for one in configured:
        state = current[one.name]
        known = state if state.polled else None
        host = hosts.get(host_key(site_of(state.url)))
        # robots.txt is not about an interface documented for programs.
        is_ruled = _is_unasked(state) and not (isinstance(one, Source) and one.documented_api)
        own = rules.get(robots.origin_of(state.url)) if is_ruled else None
        said = [Value("kind", "incident"), Value("source", normal_value("source", one.name))]
        passed = index.search(Search(every(said), limit=0)).total
        kept = index.search(Search(every([*said, said_since]), limit=0)).total if passed else 0
        told = received.get(one.name)
        elsewhere = told is not None or isinstance(one, Hook)
        found.append(
            SourceStatus(
                name=one.name,
                kind=one.kind,
                policy=one.in_force if isinstance(one, Source) else OPEN,
                url=one.url,
                interval=None if one.interval is None else timedelta(seconds=one.interval),
                state=known,
                quiet_until=host.next_due if host and host.next_due > now else None,
                new=new[one.name],
                kept=kept,
                passed=passed,
                health=_health(one, told, hooks) or health_of(one, known, host, own, now),
                rhythm="as others send them" if elsewhere else in_words(known.rhythm if known else None, zone),
                why_next="when one is sent" if elsewhere else why_then(one, known, host, now),
                received=told,
                endpoint="/webmention" if told is not None else endpoint_of(one),
                back_fill=filled.get(one.name),
                budget=budgets.get(one.name),
            )
        )
    return found


def _health(source: object, received: Received | None, hooks: Mapping[str, PushState]) -> SourceHealth | None:
    """Return how a source does that is told by others; None for one that is asked."""
    if isinstance(source, Hook):
        return health_of_pushed(source, hooks.get(source.name))
    return None if received is None else health_of_received(received)


def _is_unasked(state: PollState) -> bool:
    return bool(state.error) and state.outcome == "refused" and not state.status


def fetches_of(log: Log, source: str) -> list[SourceFetch]:
    """Return the last ten fetches of a source that are kept, newest first; of the newest 2,000 of all sources."""
    heads: list[tuple[datetime, SourceFetch]] = []
    for partition, (first, after) in log.spans("fetches").items():
        looked, found, start = 0, 0, after
        while start > first and found < _FETCHES and looked < _LOOKED:
            end, start = start, max(first, start - _AT_ONCE)
            for record in log.read("fetches", partition, start, end - start):
                looked += 1
                one = _fetch_of(record, source) if record.offset < end else None
                if one is not None:
                    found += 1
                    heads.append((one.at, one))
    return [one for _, one in sorted(heads, key=lambda pair: pair[0], reverse=True)[:_FETCHES]]


def letters_of(log: Log, source: str) -> list[DeadLetter]:
    """Return the newest ten dead letters of what a source brought, newest first."""
    found = []
    for letter in reversed(list_letters(log, stage=STAGE, topic="fetches")):
        record = next(iter(log.read(letter.topic, letter.partition, letter.offset, 1)), None)
        # Where the fetch is gone after its seven days, nobody knows whose it was.
        if record is not None and record.offset == letter.offset and _fetch_of(record, source) is not None:
            found.append(letter)
        if len(found) == _LETTERS:
            break
    return found


def _fetch_of(record: ConsumerRecord, source: str) -> SourceFetch | None:
    """Return a fetch in short if it is that source's; what is no fetch is none."""
    try:
        fetch = _fetches.decode(record.value or b"").data
    except msgspec.DecodeError:
        return None
    if fetch.source != source:
        return None
    body = bytes(fetch.body)[1:-1]  # base64 in quotes
    size = len(body) * 3 // 4 - body[-2:].count(b"=")
    return SourceFetch(record.key, fetch.at, fetch.final_url or fetch.url, fetch.status, size, fetch.purpose)


def poll_now(system: System, source: str, now: datetime) -> datetime:
    """See `Service.poll_now`: due at once, but after the pause between two requests, and when its site wants peace."""
    one = next((one for one in system.settings.sources if one.name == source), None)
    if one is None:
        msg = f"expected the name of a source in the settings; {source[:100]!r} is none. Look at the sources"
        raise NotFoundError(msg)
    if not one.url:
        msg = f"expected a source that is asked; {source!r} is told by others, and asked for nothing by itself"
        raise InputError(msg)
    key = source_key(source)
    stored = load_states(system.log, [key]).get(key)
    state = begin(stored, one.url, now)
    gap = timedelta(seconds=system.settings.http.gap)
    due = max(now, state.polled + gap) if state.polled else now
    if due < state.next_due:
        save_states(system.log, {key: replace(state, next_due=due)}, now)
    host = load_states(system.log, [host_key(site_of(state.url))])
    system.settings_changed.set()  # wakes who polls
    return max([due, *(each.next_due for each in host.values())])
