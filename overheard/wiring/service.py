"""What pages, API and commands do, on one opened system. The server's `Service` (`overheard.web.base`)."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Literal, get_args

from overheard.config.settings import Settings
from overheard.crm.rows import append_facts
from overheard.errors import InputError, NotFoundError
from overheard.identities import written_key
from overheard.index.base import Hit, Index, Page, Search
from overheard.index.query import Published, Value, every, parse
from overheard.log.deadletters import list_letters
from overheard.records import (
    DeadLetter,
    Decision,
    DecisionVerb,
    EnrichedMention,
    Event,
    Incident,
    Mention,
    Profile,
    Term,
    WatchedSource,
    digest,
    event_for,
)
from overheard.web.base import (
    Activity,
    Added,
    Asked,
    Caller,
    Cost,
    Pasted,
    Pulse,
    RecordShown,
    SourceStatus,
    Walk,
)
from overheard.web.results import Changes, Health, PostOutcome, RowOutcome
from overheard.web.shown import name_of
from overheard.web.tokens import caller_of
from overheard.wiring.activity import activity_of, pulse_of
from overheard.wiring.adding import add_post
from overheard.wiring.alerts import alerts_feed
from overheard.wiring.answers import Answers
from overheard.wiring.bringing import bring_rows, hand_in
from overheard.wiring.changes import read_changes
from overheard.wiring.cost import cost_of
from overheard.wiring.deadletters import drop_letters, replay_letters
from overheard.wiring.decisions import standing_decisions
from overheard.wiring.health import health_of, metrics_of
from overheard.wiring.measuring import measure_apart
from overheard.wiring.people import search_people
from overheard.wiring.setup import SystemSetUp
from overheard.wiring.sources import SourceCounts, poll_now, source_statuses
from overheard.wiring.system import System, utc_now
from overheard.wiring.tokens import TokenFile
from overheard.wiring.walk import walk_from, walk_of

VERBS: tuple[DecisionVerb, ...] = get_args(DecisionVerb)
_DAY_MS = 86_400_000
_LONGEST_NOTE = 2_000


class SystemService:
    """`Service` on a system. Thread-safe. `close` before the system is closed."""

    def __init__(self, system: System, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.system = system
        self._clock = clock
        self._readers: queue.SimpleQueue[Index] = queue.SimpleQueue()
        self._closed = False
        self._tokens = TokenFile(system.home)
        self._source_counts = SourceCounts(system.log)
        self._answers = Answers(system.folder, clock=clock)
        # Two batches at once would both find a post or contact new.
        self._bringing = threading.Lock()
        self.setup = SystemSetUp(system, self._bringing, clock=clock)

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

    def search(self, asked: Asked) -> Page:
        """See `Service.search`."""
        with self.index() as index:
            tree = parse(asked.query, lambda field, who: self._people(index, field, who))
            if not asked.everything:
                tree = every([tree, Value("kind", "incident"), Value("status", "open")])
            if asked.since or asked.until:
                tree = every([tree, _said(asked.since, asked.until)])
            return index.search(
                Search(
                    tree,
                    filters=asked.filters,
                    sort=asked.sort,
                    after=asked.after,
                    limit=asked.limit,
                    facets=asked.facets,
                    highlight=True,
                )
            )

    def _people(self, index: Index, field: str, who: str) -> list[str]:
        """Return the ids of the contacts and accounts that are called `who`. Raises NotFoundError where nobody is."""
        if found := [hit.id for hit in index.find_profiles(who)]:
            return found
        msg = (
            f"expected {field}: with a name, handle, e-mail, external id or id that is known; nobody is called {who!r}"
        )
        raise NotFoundError(msg)

    def get(self, id: str) -> Hit | None:  # noqa: A002 - the protocol's name
        """See `Service.get`."""
        with self.index() as index:
            return index.get(id)

    def find(self, who: str) -> Sequence[Hit]:
        """See `Service.find`."""
        with self.index() as index:
            return index.find_profiles(who)

    def names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """See `Service.names`."""
        with self.index() as index:
            hits = [index.get(id_) for id_ in dict.fromkeys(ids) if id_]
        return {hit.id: name_of(hit.record) for hit in hits if hit is not None and isinstance(hit.record, Profile)}

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

    def sources(self) -> Sequence[SourceStatus]:
        """See `Service.sources`."""
        with self.index() as index:
            return source_statuses(self.system, index, self._source_counts, self._clock())

    def poll_now(self, source: str) -> datetime:
        """See `Service.poll_now`."""
        return poll_now(self.system, source, self._clock())

    # --- saying ------------------------------------------------------------------------------------------------------

    def decide(self, verb: str, left: str, right: str = "", *, by: str, note: str = "", key: str = "") -> Decision:
        """See `Service.decide`."""
        if verb not in VERBS:
            msg = f"expected one of {', '.join(VERBS)}; got {verb[:100]!r}"
            raise InputError(msg)
        if bool(right) != (verb in ("same", "not the same")):
            msg = f"{verb!r} takes {'an incident or identity and a contact' if not right else 'one id'}"
            raise InputError(msg)
        if len(note) > _LONGEST_NOTE:
            msg = f"expected a note of at most {_LONGEST_NOTE:,} characters; got {len(note):,}"
            raise InputError(msg)
        with self.index() as index:
            left = self._decision(left) if verb == "withdraw" else self._about(index, verb, left)
            right = self._person(index, right) if right else ""
        now = self._clock()
        decision = Decision(
            id=f"dec_{digest(key or f'{verb}/{left}/{right}/{now.isoformat()}')}",
            verb=verb,
            left=left,
            right=right,
            by=by,
            at=now,
            note=note,
        )
        known = self.system.fact(decision.id)
        if known is not None and isinstance(known.data, Decision):
            return known.data  # the same key again: nothing is written
        event = event_for(decision, subject=decision.id, source="/decide", time=now, cause="decision")
        append_facts(self.system.log, [event])
        self.system.catch_up_match()
        self.system.catch_up_index()
        return decision

    def _decision(self, given: str) -> str:
        event = self.system.fact(given)
        if event is None or not isinstance(event.data, Decision):
            msg = f"expected the id of a decision, as deciding returns it; {given[:100]!r} is none"
            raise NotFoundError(msg)
        return given

    def _about(self, index: Index, verb: str, given: str) -> str:
        """Return the mention's id, or the identity's key in its normal form."""
        if given.startswith("inc_"):
            hit = index.get(given)
            if hit is not None and isinstance(hit.record, Incident):
                return hit.record.mention.id
        elif given.startswith("men_"):
            event = self.system.fact(given)
            if event is not None and isinstance(event.data, EnrichedMention):
                return given
        elif verb != "not about us" and (key := written_key(given)):
            return key
        identity = "" if verb == "not about us" else ", or an identity such as reddit:handle:ann"
        msg = f"expected the id of an incident, as a search shows it{identity}; {given[:100]!r} is none"
        raise NotFoundError(msg)

    def _person(self, index: Index, who: str) -> str:
        found = index.find_profiles(who)
        if len(found) == 1:
            return found[0].id
        if not found:
            msg = f"expected a contact or account by name, handle, e-mail, external id or id; nobody is called {who!r}"
        else:
            ids = ", ".join(hit.id for hit in found[:10])
            msg = f"expected one contact or account; {len(found)} are called {who!r}: {ids}"
        raise NotFoundError(msg)

    # --- the API -----------------------------------------------------------------------------------------------------

    def fact(self, subject: str) -> Event[Any] | None:
        """See `Service.fact`."""
        return self.system.fact(subject)

    def hand_in(self, items: Sequence[Mapping[str, Any] | Mention]) -> Sequence[PostOutcome]:
        """See `Service.hand_in`."""
        with self._bringing:
            return hand_in(self.system.log, items, self._clock())

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
        replay_letters(self.system.log, letters)

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

    def caller(self, token: str) -> Caller | None:
        """See `Service.caller`."""
        return caller_of(token, self._tokens.read(), now=self._clock())


def _said(since: date | None, until: date | None) -> Published:
    """Return what was said on these UTC days, both included."""
    return Published(None if since is None else _midnight(since), None if until is None else _midnight(until) + _DAY_MS)


def _midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * _DAY_MS
