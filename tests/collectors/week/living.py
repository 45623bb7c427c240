"""A week of a poller at all services at once, in simulated time, killed now and again between two writes."""

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Fetcher, Limits, site_of
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.poller import Poller
from overheard.collectors.polling.pollstate import host_key, load_states, source_key
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Mention, PollState, decode
from overheard.wiring.secrets import secrets_of
from tests.collectors.behaviour.month import Clock
from tests.collectors.behaviour.server import Server
from tests.collectors.mortal import Killed, Mortal, MortalConsumer
from tests.collectors.week.script import DAY, START
from tests.collectors.week.service import Service, Trouble
from tests.collectors.week.truth import breaches
from tests.collectors.week.world import VENDORS, World

RESTART = timedelta(seconds=1)
_WRITES = (80, 600)  # between two kills
Met = tuple[str, Trouble]


@dataclass(frozen=True)
class Plan:
    """How long a week is, and the quiet time after it, in days; whether the poller is killed; the `interval` set."""

    days: float = 7
    quiet: float = 1
    kills: bool = True
    interval: int | None = None
    vendors: Sequence[type[Service]] = VENDORS


@dataclass
class Week:
    """What came of it.

    `words` are what `overheard sources` said of a source while it was in trouble, by each one that it met; `secrets`
    where a token stands that ought to be nowhere.
    """

    world: World
    words: dict[Met, set[str]] = field(default_factory=dict)
    mentions: list[Event[Mention]] = field(default_factory=list)
    states: Mapping[str, PollState] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    kills: int = 0
    polls: int = 0

    @property
    def services(self) -> list[Service]:
        return list(self.world.services.values())

    def breaches(self) -> list[str]:
        return breaches(self.world.truth, self.mentions)


class _Witness:
    """Reads after each answer what is said of the sources that met trouble."""

    def __init__(self, week: Week, sources: Mapping[str, Source], log: EmbeddedLog) -> None:
        self._week = week
        self._sources = sources
        self._log = log
        self._seen: dict[Met, int] = {}

    def look(self, now: datetime) -> None:
        for service in self._week.services:
            for trouble, hits in service.hits.items():
                if self._seen.get((service.name, trouble)) != len(hits):
                    self._seen[service.name, trouble] = len(hits)
                    self._week.words.setdefault((service.name, trouble), set()).add(self._said(service.name, now))

    def _said(self, name: str, now: datetime) -> str:
        """Return how a source does in the words of `overheard sources`; "" where all is well."""
        source, key = self._sources[name], source_key(name)
        site = host_key(site_of(source.url))
        kept = load_states(self._log, [key, site])
        health = health_of(source, kept.get(key), kept.get(site), None, now)
        return "" if health.message == "It answers." else f"{health.state}: {health.message} {health.advice}"


def live(folder: Path, seed: str, plan: Plan) -> Week:
    """Have a poller watch all services by a seed."""
    clock, world = Clock(end=START + (plan.days + plan.quiet) * DAY), World()
    server = Server(world, clock, keep=False)
    world.begin(folder, seed, plan.days, server.port, plan.vendors)
    week = Week(world)
    sources = {one.name: msgspec.structs.replace(one.source(), interval=plan.interval) for one in week.services}
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow=week.world.services.keys(),
        limits=Limits(gap=2.0, total=5.0),
        clock=clock,
        resolve=lambda host, _: week.world.resolve(host, clock.now),
        secrets=secrets_of(list(sources.values())),
    )
    try:
        with Folder(folder / "data") as data, closing(EmbeddedLog(data)) as log, closing(fetcher), _heard() as lines:
            witness = _Witness(week, sources, log)

            def idle(until: datetime | None) -> None:
                witness.look(clock.now)
                for service in week.services:
                    service.settle(heard=True)
                clock.idle(until)
                for service in week.services:
                    service.renew(clock.now)

            rng = random.Random(f"{seed} kills")
            while not clock.stop.is_set():
                mortal = Mortal(
                    log, rng.randint(*_WRITES) if plan.kills else 0, after=rng.random() < 0.5, durable=False
                )
                consumer = log.consumer(STAGE, "fetches")
                with closing(consumer), Poller(mortal, MortalConsumer(consumer, mortal), clock, idle=idle) as poller:
                    try:
                        poller.use(list(sources.values()), fetcher)
                        week.polls += poller.run(clock.stop).asked
                    except Killed:
                        week.kills += 1
                server.settle()
                for service in week.services:
                    service.settle(heard=False)
                clock.now += RESTART
            _take_in(week, log, lines)
    finally:
        server.close()
    return week


def _take_in(week: Week, log: EmbeddedLog, lines: Sequence[str]) -> None:
    """Note down what came of it."""
    for service in week.services:
        week.world.go_on(service, START + 1_000 * DAY)
    tokens = [token for service in week.services for token in service.tokens()]
    week.mentions = [decode(value) for _, value in _values(log, "mentions")]
    states = load_states(log, [source_key(one.name) for one in week.services])
    week.states = {one.name: states[source_key(one.name)] for one in week.services}
    week.secrets = [line for line in lines if any(token in line for token in tokens)]
    for topic in TOPICS:
        kept = _values(log, topic)
        week.secrets += (f"{topic} {key}" for key, value in kept if any(token.encode() in value for token in tokens))


def _values(log: EmbeddedLog, topic: str) -> Iterator[tuple[str, bytes]]:
    for partition in range(TOPICS[topic].partitions):
        start, end = log.span(topic, partition)
        for record in log.read(topic, partition, start, end):
            if record.value:
                yield record.key, record.value


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Give all that is logged, as lines."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger = logging.getLogger("overheard")
    ear, propagate, level = Ear(), logger.propagate, logger.level
    logger.addHandler(ear)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        logger.removeHandler(ear)
        logger.propagate = propagate
        logger.setLevel(level)
