"""A month of a poller in the sites of `web`, in simulated time, killed now and again between two writes."""

import logging
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.poller import Poller
from overheard.collectors.polling.pollstate import load_robots, load_states, source_key
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Mention, PollState, decode
from tests.collectors.behaviour.scripts import END, START
from tests.collectors.behaviour.server import Exchange, Server
from tests.collectors.behaviour.web import Web
from tests.collectors.mortal import Killed, Mortal, MortalConsumer

CONTACT = "https://us.example/bot"
GAP = 2.0
# How long it takes until a poller that was killed is there again.
RESTART = timedelta(seconds=1)
_WRITES = (50, 350)  # between two kills


@dataclass
class Month:
    """What came of it: `errors` are all that was ever said of a source, by its name."""

    exchanges: Sequence[Exchange]
    mentions: Sequence[Event[Mention]]
    states: dict[str, PollState]
    errors: dict[str, set[str]]
    kills: int
    polls: int


class _Ear(logging.Handler):
    """Notes down what the poller tells of each source and site: reports of runs that were killed never come."""

    def __init__(self, errors: dict[str, set[str]]) -> None:
        super().__init__()
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple):
            name, message = record.args
            self._errors.setdefault(str(name), set()).add(str(message))


@contextmanager
def _listening(errors: dict[str, set[str]]) -> Iterator[None]:
    logger = logging.getLogger("overheard.collectors.polling.poller")
    ear, propagate = _Ear(errors), logger.propagate
    logger.addHandler(ear)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(ear)
        logger.propagate = propagate


@dataclass
class Clock:
    """Simulated time, which the server reads too."""

    now: datetime = START
    stop: threading.Event = field(default_factory=threading.Event)
    end: datetime = END

    def __call__(self) -> datetime:
        return self.now

    def idle(self, until: datetime | None) -> None:
        """Move to the next time at which there is something to do; the month is over where that is after it."""
        if until is None or until >= self.end:
            self.now = self.end
            self.stop.set()
        else:
            self.now = max(self.now, until)


def live(web: Web, server: Server, clock: Clock, folder: Folder, *, kills: bool = True) -> Month:
    """Have a poller watch the sources of a web until its time is over. The clock is the server's."""

    def resolve(host: str, port: int) -> list[str]:
        begins, ends = web.nameless.get(host, (END, END))
        if begins <= clock.now < ends:
            raise OSError(-2, "Name or service not known")
        return ["127.0.0.1"]

    def address(url: str) -> str:
        tls = url.startswith("expired.")
        host, _, path = url.partition("/")
        return f"{'https' if tls else 'http'}://{host}:{server.tls_port if tls else server.port}/{path}"

    feeds = [Feed(name=name, url=address(url), articles=False) for name, url in web.sources.items()]
    hosts = {url.partition("/")[0] for url in [*web.sources.values(), *web.pages]}
    fetcher = Fetcher(
        contact=CONTACT, allow=hosts, limits=Limits(gap=GAP, total=2.0, body=1_000_000), clock=clock, resolve=resolve
    )
    rng = random.Random(7)
    errors: dict[str, set[str]] = {}
    killed = polls = 0
    with closing(EmbeddedLog(folder)) as log, closing(fetcher), _listening(errors):
        while not clock.stop.is_set():
            began = len(server.exchanges)
            mortal = Mortal(log, rng.randint(*_WRITES) if kills else 0, after=rng.random() < 0.5, durable=False)
            consumer = log.consumer(STAGE, "fetches")
            with closing(consumer), Poller(mortal, MortalConsumer(consumer, mortal), clock, idle=clock.idle) as poller:
                try:
                    poller.use(feeds, fetcher)
                    report = poller.run(clock.stop)
                    polls += report.asked
                except Killed:
                    killed += 1
            server.settle()
            forget(web, server.exchanges[began:], server.port, log)
            clock.now += RESTART
        states = load_states(log, [source_key(name) for name in web.sources])
        return Month(
            server.exchanges,
            _mentions(log),
            {name: states[source_key(name)] for name in web.sources},
            errors,
            killed,
            polls,
        )


def forget(web: Web, exchanges: Sequence[Exchange], port: int, log: EmbeddedLog) -> None:
    """Mark what the poller could not remember of one life, since it was killed before it wrote of it.

    A course of redirects is remembered as one, when its last answer was. Of each address it is the last request: the
    one before has to be remembered, kill or not.
    """
    states = load_states(log, [source_key(name) for name in web.sources])
    polled: dict[str, datetime | None] = {}
    for name, url in web.sources.items():
        state = states.get(source_key(name))
        # The sources of one address are remembered together.
        polled[url] = state.polled if state is not None else None
    last = {exchange.asked.url: exchange for exchange in exchanges}
    for url, exchange in last.items():
        if exchange.asked.target == "/robots.txt":
            rules = load_robots(log, f"http://{exchange.asked.host}:{port}")
            remembered = rules.at if rules is not None else None
        else:
            remembered = polled.get(web.begun_at(url))
        exchange.forgotten = remembered is None or remembered < exchange.asked.at


def _mentions(log: EmbeddedLog) -> list[Event[Mention]]:
    found = []
    for partition in range(12):
        start, end = log.span("mentions", partition)
        found += [decode(record.value) for record in log.read("mentions", partition, start, end) if record.value]
    return found
