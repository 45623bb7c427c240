"""The sources of the settings, polled: sources, client and reading process put together."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.fetching.secrets import Secrets
from overheard.collectors.laid.laid import Laid
from overheard.collectors.mail.mailbox import Mailbox
from overheard.collectors.polling.bounded import BoundedReader
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.poller import Poller, PollReport
from overheard.config.settings import HttpSettings, LimitSettings, Settings
from overheard.enrich.sieve import WatchedDoor
from overheard.errors import ConfigError
from overheard.wiring.alerts import tell_health
from overheard.wiring.kinds import sources_of
from overheard.wiring.listening import said_at
from overheard.wiring.mailboxes import asked_beside, mailboxes_in
from overheard.wiring.policies import keep_policies
from overheard.wiring.retention import expiring
from overheard.wiring.secrets import secrets_of
from overheard.wiring.system import System, utc_now

_LOOK_SHARED = 5.0


class Feeds:
    """All sources of one system, as its settings name them at the time; made by `polling`. Owned by one thread."""

    def __init__(self, system: System, poller: Poller) -> None:
        self._system = system
        self._poller = poller
        self._fetcher: Fetcher | None = None
        self._http: tuple[HttpSettings, LimitSettings, Secrets, tuple[Mailbox | Laid, ...]] | None = None

    def poll(self, stop: threading.Event, *, once: bool = False) -> PollReport:
        """Ask what is due until `stop`, or, with `once`, what is due now; the settings are those of the beginning.

        Raises what the log raises; what a source does is in the report, and in the log of the program. Raises
        ConfigError where a site is to be asked and the settings name no contact.
        """
        settings = self._system.settings
        keep_policies(self._system.log, settings, utc_now())
        sources = sources_of(settings)
        if any(one.is_web() for one in sources) and not settings.http.contact:
            msg = (
                "expected `contact` in [http] of the settings: an e-mail address or URL that the owners of the sites "
                "which you poll can reach you at; it is empty. Feeds are not polled without it"
            )
            raise ConfigError(msg)
        http = (settings.http, settings.limits, secrets_of(sources), mailboxes_in(sources))
        if self._fetcher is None or self._http != http:
            if self._fetcher is not None:
                self._fetcher.close()
            self._fetcher = fetcher_of(settings)
            self._http = http
        self._poller.use(sources, self._fetcher)
        return self._poller.run(stop, once=once)


def fetcher_of(settings: Settings) -> Fetcher:
    """Return the wary client that the settings describe."""
    http, sources = settings.http, sources_of(settings)
    limits = Limits(body=settings.limits.body, total=http.timeout, gap=http.gap)
    return Fetcher(
        contact=http.contact,
        allow=http.allow_hosts,
        limits=limits,
        clock=utc_now,
        secrets=secrets_of(sources),
        beside=asked_beside(sources, limits, utc_now),
    )


def poll_until(
    system: System, stop: threading.Event, *, once: bool = False, polled: threading.Event | None = None
) -> None:
    """Poll what is due in this thread until `stop`, or, with `once`, what is due now; `polled` is set when all is told.

    `System.settings_changed` has settings and states read anew; whoever sets `stop` sets it too.
    """
    changed = system.settings_changed
    with polling(system) as feeds, expiring(system):
        while not stop.is_set():
            changed.clear()
            if stop.is_set():  # it woke us between the look above and the clearing
                return
            if once:
                feeds.poll(stop, once=True)
                break
            # On a shared log another process may have been asked to poll at once.
            with _set_after(changed, _look(len(system.settings.sources)) if system.shared else None):
                feeds.poll(changed)
    # Not before what is past was let go of, which goes on beside the polls.
    if once and polled is not None:
        polled.set()


def _look(sources: int) -> float:
    """Return the seconds between two looks at the states of so many sources: reading them costs some 10 µs each."""
    return max(_LOOK_SHARED, sources / 100)


@contextmanager
def _set_after(event: threading.Event, seconds: float | None) -> Iterator[None]:
    """Set an event after some seconds, if any, and if this is not over before."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, event.set)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def polling(system: System) -> Iterator[Feeds]:
    """Lend what polls the sources."""
    watched = WatchedDoor(system.log)
    with (
        BoundedReader(sieve=watched.sieve, passes=watched.passes) as reader,
        closing(system.log.consumer(STAGE, "fetches")) as consumer,
        Poller(
            system.log,
            consumer,
            utc_now,
            read=reader.read,
            suppressed=system.suppressed.follow,
            tell=partial(tell_health, system),
            door=watched.door,
            said_at=partial(said_at, system),
        ) as poller,
    ):
        yield Feeds(system, poller)
