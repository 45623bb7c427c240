"""Deliveries that others push to `/hooks/NAME`: taken where they show who sent them, kept for whoever polls to read.

delivery ─▶ whose hook? ─▶ signed? ─▶ said anything? ─▶ come before? ─▶ [fetches], [pushed], [poll-state] ─▶ 202
                └▶ refused: counted, nothing kept
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.fetching.secrets import SecretError, Spot, value_in
from overheard.collectors.polling.health import SourceHealth
from overheard.collectors.pushed.hook import MAX_KEPT, Hook, SignatureError, Taken
from overheard.errors import InputError, NotFoundError
from overheard.log.base import TOPICS, Log, ProducerRecord, partition_for
from overheard.records import Fetch, Pushed, PushState, decode, digest, encode, event_for
from overheard.web.base import Delivered
from overheard.wiring.system import System

# Where posts are handed in by a token.
HANDED_IN = "/v1/mentions"
_TOPIC, _STATES = "pushed", "poll-state"
_SOURCE = "/hooks"
# Refusals come as often as anybody likes; what they come to is written so often at most.
_TELL = timedelta(seconds=10)


def state_key(name: str) -> str:
    """Return the key of how pushing to a source goes, on `poll-state`."""
    return f"pushed/{name}"


class Hooks:
    """The hooks of one system, as its settings name them at the time. Thread-safe.

    Of several processes that serve each takes deliveries; what two of them take at once is read twice, to the same ids.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._turn = threading.Lock()
        # What was refused and is not written yet, by source.
        self._refused: dict[str, int] = {}

    def expect(self, name: str, headers: Mapping[str, str], now: datetime) -> None:
        """Look at the headers of a delivery, before its body is read; they are lower-case.

        Raises NotFoundError where no hook has that name, and SignatureError where they hold no signature.
        """
        source = self._hook(name)
        try:
            source.presented(headers)
        except SignatureError as e:
            self._refuse(source, str(e), now)
            raise

    def deliver(self, name: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Delivered:
        """Take a delivery; on return it survives a power cut.

        Raises as `expect` does, SecretError where our own secret is not in its place, and InputError for what the
        sender signed and is no delivery.
        """
        source = self._hook(name)
        try:
            secret = value_in(Spot(source.secret_env, source.secret_file), source.name, "secret")
            source.checked(headers, body, secret, now)
            taken = source.taken(headers, body)
            if taken is not None and len(taken.body) > MAX_KEPT:
                msg = f"expected a delivery of at most {MAX_KEPT:,} bytes; got {len(taken.body):,}"
                raise InputError(msg)
        except (SignatureError, SecretError, InputError) as e:
            self._refuse(source, str(e), now)
            raise
        with self._turn:
            if taken is None or taken.answer:
                self._save(source, now, idle=1)
                return Delivered("nothing" if taken is None else "answered", text=taken.answer if taken else "")
            return self._keep(source, taken, now)

    def _hook(self, name: str) -> Hook:
        for one in self._system.settings.sources:
            if isinstance(one, Hook) and one.name == name and one.takes_deliveries:
                return one
        msg = "expected the address of a hook as the settings name it, /hooks/NAME; there is none of that name"
        raise NotFoundError(msg)

    def _keep(self, source: Hook, taken: Taken, now: datetime) -> Delivered:
        log = self._system.log
        key = f"pushed/{digest(source.name, taken.known_by, taken.body.decode('latin-1'))}"
        before = _pushed(log, key)
        # Discourse says in a header alone what happened to a post: taken down and put back it is the same bytes.
        if before is not None and before.event == taken.event:
            self._save(source, now, repeated=1)
            return Delivered("repeated", id=before.fetch)
        fetch = _fetch_of(source, taken, now)
        pushed = Pushed(source=source.name, event=taken.event, fetch=fetch.id, at=now)
        known = self._state(source, now)
        log.append(
            [
                ProducerRecord("fetches", fetch.id, _encoded(fetch, fetch.id, now)),
                ProducerRecord(_TOPIC, key, _encoded(pushed, key, now)),
                self._written(source, msgspec.structs.replace(known, taken=known.taken + 1, last=now), now),
            ],
            durable=True,
        )
        return Delivered("taken", id=fetch.id)

    def _refuse(self, source: Hook, problem: str, now: datetime) -> None:
        """Count what was refused; written at most every ten seconds, since anybody may send it."""
        with self._turn:
            self._refused[source.name] = self._refused.get(source.name, 0) + 1
            known = self._state(source, now, told=False)
            if known.refused_at is None or now - known.refused_at >= _TELL:
                self._save(source, now, problem=problem)

    def _save(self, source: Hook, now: datetime, *, idle: int = 0, repeated: int = 0, problem: str = "") -> None:
        known = self._state(source, now)
        known = msgspec.structs.replace(known, idle=known.idle + idle, repeated=known.repeated + repeated)
        if problem:
            known = msgspec.structs.replace(known, problem=problem, refused_at=now)
        else:
            known = msgspec.structs.replace(known, last=now)
        self._system.log.append([self._written(source, known, now)])

    def _state(self, source: Hook, now: datetime, *, told: bool = True) -> PushState:
        """Return how it goes; with `told`, with what was refused and is not written yet, which is to be written."""
        known = push_states(self._system.log, [source.name]).get(source.name) or PushState(began=now)
        more = self._refused.pop(source.name, 0) if told else 0
        return msgspec.structs.replace(known, refused=known.refused + more)

    def _written(self, source: Hook, state: PushState, now: datetime) -> ProducerRecord:
        key = state_key(source.name)
        return ProducerRecord(_STATES, key, _encoded(state, key, now))


def push_states(log: Log, names: Iterable[str]) -> Mapping[str, PushState]:
    """Return how pushing goes to these sources, of those that were ever sent anything."""
    keys = {state_key(name): name for name in names}
    found = log.latest(_STATES, list(keys)) if keys else {}
    return {
        keys[key]: data
        for key, record in found.items()
        if record.value is not None and isinstance(data := decode(record.value).data, PushState)
    }


def _pushed(log: Log, key: str) -> Pushed | None:
    record = log.latest(_TOPIC, [key]).get(key)
    data = decode(record.value).data if record is not None and record.value is not None else None
    return data if isinstance(data, Pushed) else None


def _encoded(data: Fetch | Pushed | PushState, subject: str, now: datetime) -> bytes:
    return encode(event_for(data, subject=subject, source=_SOURCE, time=now))


def _fetch_of(source: Hook, taken: Taken, now: datetime) -> Fetch:
    """Return a delivery as it is kept. All of one source go to one partition, so that they are read as they came."""
    partitions = TOPICS["fetches"].partitions
    wanted = partition_for(source.name, partitions)
    made = (f"fet_{digest(source.name, taken.event, now.isoformat(), str(n), taken.known_by)}" for n in range(10**6))
    id_ = next(one for one in made if partition_for(one, partitions) == wanted)
    return Fetch(
        id=id_,
        source=source.name,
        url=taken.url,
        final_url=taken.url,
        status=200,
        headers=dict(taken.headers),
        body=taken.body,
        at=now,
    )


def endpoint_of(source: object) -> str:
    """Return the path that others send to for a source that is pushed to; "" for one that is asked."""
    if not isinstance(source, Hook):
        return ""
    return f"/hooks/{source.name}" if source.takes_deliveries else HANDED_IN


def health_of_pushed(source: Hook, state: PushState | None) -> SourceHealth:
    """Return how a source does that is pushed to, in words."""
    where = f"/hooks/{source.name}"
    if not source.takes_deliveries:
        return SourceHealth("works", f"Programs hand its posts in at {HANDED_IN}, and are told what became of each.")
    if state is None:
        return SourceHealth("not asked yet", f"Nothing was delivered to {where} yet.")
    counted = [
        f"{number:,} {what}"
        for number, what in (
            (state.taken, "taken"),
            (state.idle, "that told of nothing said"),
            (state.repeated, "that had come before"),
            (state.refused, "refused"),
        )
        if number
    ]
    message = f"Deliveries to {where} so far: {', '.join(counted) or 'none'}."
    if state.problem:
        message += f" The last that was refused: {state.problem.rstrip('. ')}."
    if state.refused and state.last is None:
        return SourceHealth("failing", message, "Nothing was taken yet: set the same secret here and where it is sent.")
    return SourceHealth("works", message, since=state.last)
