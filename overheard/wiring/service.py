"""What pages, API and commands do, on one opened system. The server's `Service` (`overheard.web.base`)."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from overheard.collectors.pushed.posts import Item
from overheard.collectors.pushed.push import source_of
from overheard.config.settings import Settings
from overheard.crm.rows import append_facts
from overheard.errors import NotFoundError
from overheard.index.base import Hit, Index, Page, Search
from overheard.index.documents import PUBLIC
from overheard.index.query import Not, Published, Value, every, names_field, parse
from overheard.log.deadletters import list_letters
from overheard.records import (
    DeadLetter,
    Decision,
    Event,
    Policy,
    Profile,
    Term,
    WatchedSource,
    event_for,
    is_record_id,
)
from overheard.web.base import (
    Activity,
    Added,
    Asked,
    Caller,
    Cost,
    Delivered,
    Pasted,
    Pulse,
    RecordShown,
    SourceDetail,
    SourceStatus,
    Walk,
)
from overheard.web.results import (
    AgreementRow,
    Certificate,
    Changes,
    Concerns,
    Health,
    PostOutcome,
    ReviewPage,
    RowOutcome,
    Webmentioned,
    Why,
)
from overheard.web.shown import name_of
from overheard.web.tokens import caller_of
from overheard.wiring.activity import activity_of, pulse_of
from overheard.wiring.adding import add_post
from overheard.wiring.alerts import alerts_feed
from overheard.wiring.answers import Answers
from overheard.wiring.bringing import bring_rows, hand_in
from overheard.wiring.changes import read_changes
from overheard.wiring.comparing import agreement_in
from overheard.wiring.concerns import concerns_of
from overheard.wiring.cost import cost_of
from overheard.wiring.deadletters import drop_letters, replay_letters
from overheard.wiring.decisions import Given, decisions_on_records, name_sides, standing_decisions
from overheard.wiring.erasure import erase_person
from overheard.wiring.health import health_of, metrics_of
from overheard.wiring.hooks import Hooks
from overheard.wiring.measuring import measure_apart
from overheard.wiring.newsources import FileNewSources
from overheard.wiring.people import search_people
from overheard.wiring.policies import policies_of
from overheard.wiring.review import review_page, why_of
from overheard.wiring.setup import SystemSetUp
from overheard.wiring.sourcedetail import source_detail
from overheard.wiring.sources import SourceCounts, poll_now, source_statuses
from overheard.wiring.system import System, utc_now
from overheard.wiring.tokens import TokenFile
from overheard.wiring.walk import walk_from, walk_of
from overheard.wiring.webmentions import Webmentions

_DAY_MS = 86_400_000


class SystemService:
    """`Service` on a system. Thread-safe. `close` before the system is closed."""

    def __init__(self, system: System, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.system = system
        self._clock = clock
        self._readers: queue.SimpleQueue[Index] = queue.SimpleQueue()
        self._closed = False
        self._tokens = TokenFile(system.home)
        self._source_counts = SourceCounts(system.log)
        self._answers = Answers(system.log, system.folder, clock=clock)
        self._webmentions = Webmentions(system.log, clock)
        self._hooks = Hooks(system)
        # Two batches at once would both find a post or contact new.
        self._bringing = threading.Lock()
        self.setup = SystemSetUp(system, self._bringing, clock=clock)
        self.new_sources = FileNewSources(system.config, log=lambda: nullcontext(system.log), clock=clock)

    def close(self) -> None:
        """Let go of the index; whoever reads just now lets go of it at the end."""
        self._closed = True
        while not self._readers.empty():
            self._readers.get_nowait().close()

    @property
    def settings(self) -> Settings:
        """See `Service.settings`."""
        return self.system.settings

    @contextmanager
    def index(self) -> Iterator[Index]:
        """Lend an index to read from; each thread has its own meanwhile."""
        try:
            reader = self._readers.get_nowait()
        except queue.Empty:
            reader = self.system.index(reading=True)
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        if self._closed:
            reader.close()
        else:
            self._readers.put(reader)

    # --- looking -----------------------------------------------------------------------------------------------------

    def policies(self) -> Mapping[str, Policy]:
        """See `Service.policies`."""
        return policies_of(self.system)

    def search(self, asked: Asked) -> Page:
        """See `Service.search`."""
        with self.index() as index:
            tree = parse(asked.query, lambda field, who: self._people(index, field, who))
            if not asked.everything:
                tree = every([tree, Value("kind", "incident"), Not(Value("status", "not about us"))])
                if "channel" not in asked.filters and not names_field(tree, "channel"):
                    tree = every([tree, Value("channel", PUBLIC)])
            if asked.since or asked.until:
                tree = every([tree, _said(asked.since, asked.until)])
            return index.search(
                Search(
                    tree,
                    filters=_standing(index, asked.filters),
                    sort=asked.sort,
                    after=asked.after,
                    limit=asked.limit,
                    facets=asked.facets,
                    highlight=True,
                )
            )

    def _people(self, index: Index, field: str, who: str) -> list[str]:
        """Return the ids of the contacts and accounts that are called `who`. Raises NotFoundError where nobody is."""
        if found := [id_ for hit in index.find_profiles(who) for id_ in _ids_of(hit)]:
            return found
        msg = (
            f"expected {field}: with a name, handle, e-mail, external id or id that is known; nobody is called {who!r}"
        )
        raise NotFoundError(msg)

    def get(self, id: str) -> Hit | None:  # noqa: A002 - the protocol's name
        """See `Service.get`."""
        with self.index() as index:
            return _get(index, id)

    def find(self, who: str) -> Sequence[Hit]:
        """See `Service.find`."""
        with self.index() as index:
            return index.find_profiles(who)

    def names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """See `Service.names`."""
        with self.index() as index:
            hits = {id_: _get(index, id_) for id_ in dict.fromkeys(ids) if id_}
        found = {id_: hit.record for id_, hit in hits.items() if hit is not None}
        return {id_: name_of(record) for id_, record in found.items() if isinstance(record, Profile)}

    def people(self, words: str = "", *, kind: str = "", after: str = "", limit: int = 50) -> Page:
        """See `Service.people`."""
        with self.index() as index:
            return search_people(index, words, kind=kind, after=after, limit=limit)

    def terms(self, ids: Sequence[str]) -> Mapping[str, Term]:
        """See `Service.terms`."""
        events = (self.system.fact(f"term/{id_}") for id_ in dict.fromkeys(ids))
        return {event.data.id: event.data for event in events if event is not None and isinstance(event.data, Term)}

    def decision(self, id: str) -> Decision | None:  # noqa: A002 - the protocol's name
        """See `Service.decision`."""
        event = self.system.fact(id)
        return event.data if event is not None and isinstance(event.data, Decision) else None

    def standing(self, lefts: Sequence[str]) -> Sequence[Decision]:
        """See `Service.standing`."""
        return standing_decisions(self.system, lefts)

    def decided_on(self, ids: Sequence[str]) -> Sequence[Decision]:
        """See `Service.decided_on`."""
        return decisions_on_records(self.system, ids)

    def review(self, after: str = "", limit: int = 20) -> ReviewPage:
        """See `Service.review`."""
        with self.index() as index:
            return review_page(self.system.folder, index, after, limit)

    def why(self, incident: str) -> Why:
        """See `Service.why`."""
        with self.index() as index:
            return why_of(self.system.folder, index, incident)

    def sources(self) -> Sequence[SourceStatus]:
        """See `Service.sources`."""
        with self.index() as index:
            return source_statuses(self.system, index, self._source_counts, self._webmentions, self._clock())

    def take_webmention(self, source: str, target: str) -> str:
        """See `Service.take_webmention`."""
        return self._webmentions.take(self.settings.sources, source, target)

    def expect_delivery(self, name: str, headers: Mapping[str, str]) -> None:
        """See `Service.expect_delivery`."""
        self._hooks.expect(name, headers, self._clock())

    def deliver(self, name: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        """See `Service.deliver`."""
        return self._hooks.deliver(name, headers, body, self._clock())

    def webmention(self, id: str) -> Webmentioned:  # noqa: A002 - the protocol's name
        """See `Service.webmention`."""
        return self._webmentions.status(id)

    def source(self, name: str) -> SourceDetail:
        """See `Service.source`."""
        found = next((one for one in self.sources() if one.name == name), None)
        with self.index() as index:
            return source_detail(self.system.log, index, found, name)

    def poll_now(self, source: str) -> datetime:
        """See `Service.poll_now`."""
        return poll_now(self.system, source, self._clock())

    # --- saying ------------------------------------------------------------------------------------------------------

    def decide(
        self,
        verb: str,
        left: str,
        right: str = "",
        *,
        value: str | None = None,
        by: str,
        note: str = "",
        key: str = "",
    ) -> Decision:
        """See `Service.decide`."""
        with self.index() as index:
            named = name_sides(self.system, index, Given(verb, left, right, value, note))
        now = self._clock()
        decision = named.by(by, now, key)
        known = self.system.fact(decision.id)
        if known is not None and isinstance(known.data, Decision):
            return known.data  # the same key again: nothing is written
        event = event_for(decision, subject=decision.id, source="/decide", time=now, cause="decision")
        append_facts(self.system.log, [event])
        self.system.catch_up_match()
        self.system.catch_up_index()
        return decision

    def concerns(self, product: str = "", limit: int = 30) -> Concerns:
        """See `Service.concerns`."""
        terms = [one for one in self.watched() if isinstance(one, Term)]
        with self.index() as index:
            return concerns_of(index, terms, product, limit, self._clock())

    def agreement(self) -> Sequence[AgreementRow]:
        """See `Service.agreement`."""
        return [AgreementRow(**row._asdict()) for row in agreement_in(self.system)]

    # --- the API -----------------------------------------------------------------------------------------------------

    def fact(self, subject: str) -> Event[Any] | None:
        """See `Service.fact`."""
        return self.system.fact(subject)

    def hand_in(self, items: Sequence[Item], *, by: str) -> Sequence[PostOutcome]:
        """See `Service.hand_in`."""
        with self._bringing:
            return hand_in(
                self.system.log,
                items,
                self._clock(),
                source=source_of(self.settings.sources, by),
                suppressions=self.system.suppressed.follow(),
                policies=policies_of(self.system),
            )

    def bring(
        self, kind: Literal["contacts", "accounts"], rows: Sequence[Mapping[str, Any]], *, dry_run: bool = False
    ) -> Sequence[RowOutcome]:
        """See `Service.bring`."""
        with self._bringing:
            return bring_rows(self.system, kind, rows, dry_run=dry_run)

    def changes(self, since: str = "", limit: int = 100) -> Changes:
        """See `Service.changes`."""
        return read_changes(self.system.log, since, limit)

    def watched(self) -> Sequence[Term | WatchedSource]:
        """See `Service.watched`."""
        return [event.data for _, event in sorted(self.system.watched_facts().items())]

    def dead_letters(self) -> Sequence[DeadLetter]:
        """See `Service.dead_letters`."""
        return list_letters(self.system.log)

    def replay(self, letters: Sequence[str]) -> None:
        """See `Service.replay`."""
        replay_letters(self.system.log, letters, self.system.suppressed.follow())

    def drop(self, letters: Sequence[str]) -> None:
        """See `Service.drop`."""
        drop_letters(self.system.log, letters)

    def health(self) -> Health:
        """See `Service.health`."""
        return health_of(self.system, self.sources(), self._clock())

    def metrics(self) -> bytes:
        """See `Service.metrics`."""
        return metrics_of(self.health(), self.sources())

    def once(self, key: str, request: str, work: Callable[[], bytes]) -> bytes:
        """See `Service.once`."""
        return self._answers.once(key, request, work)

    # --- the pipeline ------------------------------------------------------------------------------------------------

    def pulse(self, after: int = -1) -> Pulse:
        """See `Service.pulse`."""
        return pulse_of(self.system, after)

    def activity(self) -> Activity:
        """See `Service.activity`."""
        return activity_of(self.system)

    def walk(self, mention: str) -> Walk:
        """See `Service.walk`."""
        with self.index() as index:
            return walk_of(self.system, index, mention)

    def walk_from(self, topic: str, partition: int, offset: int) -> Walk | RecordShown:
        """See `Service.walk_from`."""
        with self.index() as index:
            return walk_from(self.system, index, topic, partition, offset)

    def add_post(self, pasted: Pasted) -> Added:
        """See `Service.add_post`."""
        return add_post(self.system, self.index, self._bringing, pasted, self._clock())

    def cost(self) -> Cost:
        """See `Service.cost`."""
        return cost_of(self.system, self._clock())

    def measure_cost(self) -> Cost:
        """See `Service.measure_cost`."""
        measure_apart(self.system.folder.path)
        return self.cost()

    # --- callers -----------------------------------------------------------------------------------------------------

    def alerts_feed(self) -> bytes:
        """See `Service.alerts_feed`."""
        return alerts_feed(self.system, self._clock())

    def erase(self, who: str, *, by: str, named: bool = False, dry_run: bool = False) -> Certificate:
        """See `Service.erase`."""
        with self._bringing:
            lend = partial(self.system.index, reading=True)
            return erase_person(self.system, lend, who, by=by, named=named, dry_run=dry_run, clock=self._clock)

    def caller(self, token: str) -> Caller | None:
        """See `Service.caller`."""
        return caller_of(token, self._tokens.read(), now=self._clock())


def _get(index: Index, id_: str) -> Hit | None:
    """Return a document by its id, or by that of a record that it stands for."""
    hit = index.get(id_)
    if hit is None and is_record_id(id_):
        return next((one for one in index.find_profiles(id_) if id_ in _ids(one)), None)
    return hit


def _ids(hit: Hit) -> tuple[str, ...]:
    return hit.record.ids if isinstance(hit.record, Profile) else ()


def _ids_of(hit: Hit) -> Sequence[str]:
    """Return the ids of all records that a profile stands for: a post names the record, however people joined it."""
    return (hit.record.ids if isinstance(hit.record, Profile) else ()) or (hit.id,)


def _standing(index: Index, filters: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """Return filters by contact or account with every id that stands for the one given."""
    expanded = dict(filters)
    for field in ("contact", "account"):
        if ids := filters.get(field):
            hits = [hit for id_ in ids for hit in index.find_profiles(id_)]
            expanded[field] = tuple(dict.fromkeys((*ids, *(id_ for hit in hits for id_ in _ids_of(hit)))))
    return expanded


def _said(since: date | None, until: date | None) -> Published:
    """Return what was said on these UTC days, both included."""
    return Published(None if since is None else _midnight(since), None if until is None else _midnight(until) + _DAY_MS)


def _midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * _DAY_MS
