"""Alerts and digests of one system: the stage, the clock of the morning and the deliverer, in one thread.

    documents ─▶ AlertStage ─▶ [deliveries] ─▶ Deliverer ─▶ mail, webhooks
    index ─▶ digest, at its time ─▶┘     └─▶ feed

One thread writes to the outbox, so nothing needs a lock; an attempt ends within seconds, and then the others go on.
"""

import logging
import random
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from overheard.alerts.channels import Channel
from overheard.alerts.deliver import Deliverer
from overheard.alerts.deliveries import FEED, MAIL, WEBHOOK, digest_delivery_id, digests_for
from overheard.alerts.digest import LATE, Digest, Source, digest_time, is_due, make_digest, period
from overheard.alerts.feed import feed
from overheard.alerts.health import Told, health_deliveries
from overheard.alerts.mail import Mail, MailServer
from overheard.alerts.message import Writer
from overheard.alerts.outbox import Outbox
from overheard.alerts.parties import Known, Lookup, current_tag, ids_of
from overheard.alerts.secrets import read_secret
from overheard.alerts.stage import GROUP, AlertStage
from overheard.alerts.webhook import Receiver, Webhook
from overheard.alerts.words import MOST_NAME, shown
from overheard.collectors.polling.news import News
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.collectors.polling.rhythm import is_silent
from overheard.config.settings import MailSettings, Settings, WebhookSettings
from overheard.errors import TransientError
from overheard.index.base import Search
from overheard.index.documents import PUBLIC
from overheard.index.query import Published, Value, every
from overheard.log.base import Log
from overheard.log.stage import LogSink, run_stage
from overheard.policy import exported
from overheard.records import Account, Contact, Delivery, Incident, PollState, Profile, decode, is_tombstone_of
from overheard.wiring.policies import policies_of
from overheard.wiring.system import System, serving, utc_now

_logger = logging.getLogger(__name__)
# Seconds between two looks: how late an alert leaves at most, but for what is being sent.
_PAUSE = 0.5
# A digest that is late already when `up` starts waits so long for the sources to be asked and their posts to be read.
_SETTLE = timedelta(minutes=2)
# A digest looks at so many of the newest posts; its time is then still under a second or two.
_MOST_HEARD = 10_000
_PAGE = 1_000
# Where the settings want no digest, the command shows the one of this hour.
_MORNING = time(7, 30)
_1970 = datetime(1970, 1, 1, tzinfo=UTC)

Channels = Callable[[Settings, Writer], Mapping[str, Channel]]
M = TypeVar("M")


def channels_of(settings: Settings, writer: Writer) -> dict[str, Channel]:
    """Return the channels that the settings name, but for the feed, which sends nothing."""
    channels: dict[str, Channel] = {}
    if settings.mail.host and settings.mail.to:
        channels[MAIL] = Mail(_mail_server(settings.mail), writer)
    for hook in settings.webhooks:
        channels[f"{WEBHOOK}{hook.name}"] = Webhook(_receiver(hook))
    return channels


def _mail_server(mail: MailSettings) -> MailServer:
    return MailServer(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        user=mail.user,
        password=partial(read_secret, "the password of [mail]", mail.password_env, mail.password_file),
        sender=mail.sender,
        to=mail.to,
    )


def _receiver(hook: WebhookSettings) -> Receiver:
    what = f"the secret of the webhook {hook.name}"
    return Receiver(hook.url, partial(read_secret, what, hook.secret_env, hook.secret_file))


def address_of(system: System) -> str:
    """Return where the pages are, without a slash at its end: as set, as bound just now, or as it will be bound."""
    web = system.settings.web
    running = serving(system.folder.path)
    host = f"[{web.host}]" if ":" in web.host else web.host
    default = f"{'https' if web.certificate else 'http'}://{host}:{web.port}"
    return (web.address or (running.address if running else "") or default).rstrip("/")


def writer_of(system: System) -> Writer:
    """Return what writes the messages of a system."""
    return Writer(address_of(system), system.settings.locale)


def alerts_feed(system: System, now: datetime) -> bytes:
    """Return the feed of alerts and digests, RSS 2.0."""
    deliveries = leaving_message(system, list(Outbox(system.log).all()))
    return feed(deliveries, address_of(system), now, locale=system.settings.locale)


def leaving_message(system: System, told: M) -> M:
    """Return what may leave of a delivery or its items, by the policies of the sources as they are now."""
    # An item has the name of its source as messages show it.
    return exported(told, {shown(name, MOST_NAME): policy for name, policy in policies_of(system).items()})


def lookup_in(log: Log) -> Lookup:
    """Return what tells who contacts and accounts are now: their tags as `facts` has them, which never lags behind.

    A contact's account and first contact are those of the profile, where there is one yet.
    """

    def lookup(ids: Collection[str]) -> Mapping[str, Known]:
        wanted = sorted(ids)
        profiles = {
            key: event.data
            for key, record in log.latest("documents", wanted).items()
            if record.value is not None and isinstance((event := decode(record.value)).data, Profile)
        }
        found = {}
        for key, record in log.latest("facts", wanted).items():
            event = decode(record.value or b"")
            if not is_tombstone_of(event) and isinstance(event.data, Contact | Account):
                found[key] = _known(event.data, profiles.get(key))
        return found

    return lookup


def _known(record: Contact | Account, profile: Profile | None) -> Known:
    return Known(
        id=record.id,
        name=record.name,
        organisation=record.organisation if isinstance(record, Contact) else record.name,
        tag=current_tag(record.lifecycle),
        account=profile.account if profile else "",
        first_contact=profile.first_contact if profile else None,
    )


# --- the digest ------------------------------------------------------------------------------------------------------


def digest_at(settings: Settings) -> time | None:
    """Return the local time of the digest; None for no digest."""
    return time.fromisoformat(settings.alerts.digest_at) if settings.alerts.digest_at else None


def digest_of(system: System, now: datetime, day: date | None = None) -> Digest:
    """Return the digest as it would be made at `now`, or that of an earlier local `day` as it is known now."""
    settings = system.settings
    zone = ZoneInfo(settings.locale.time_zone)
    at = digest_at(settings) or _MORNING
    today = now.astimezone(zone).date()
    if day is None or day >= today:
        day, until, last = today, now, _last_told(system)
    else:
        until, last = digest_time(day, at, zone), None
    since, until = period(day, at, zone, until=until, last=last)
    incidents = list(_heard(system, since, until))
    lookup = lookup_in(system.log)
    known = dict(lookup({id_ for incident in incidents for id_ in ids_of(incident)}))
    known |= lookup({who.account for who in known.values() if who.account} - known.keys())
    return make_digest(
        day,
        since,
        until,
        incidents=incidents,
        known=known,
        sources=sources_of(system),
        locale=settings.locale,
        address=address_of(system),
        firm=settings.firm.name,
    )


def send_digest(system: System, digest: Digest, now: datetime) -> list[Delivery]:
    """Put a digest into the outbox for every channel that has not got that day's, and return what is new."""
    names = (FEED, *channels_of(system.settings, writer_of(system)))
    return Outbox(system.log).add(digests_for(digest, names, now))


def tell_health(system: System, news: Sequence[News]) -> None:
    """Put changes of the sources' health into the outbox, for every channel; what is there already stays as it is."""
    names = (FEED, *channels_of(system.settings, writer_of(system)))
    told = [Told(one.source, one.text, one.key, one.over) for one in news]
    Outbox(system.log).add(health_deliveries(told, names, utc_now()))


def deliver_waiting(system: System, *, clock: Callable[[], datetime] = utc_now) -> None:
    """Try everything that is due once, in this thread: for a command where no `overheard up` runs."""
    channels = channels_of(system.settings, writer_of(system))
    deliverer = Deliverer(Outbox(system.log), channels, clock=clock, leaving=partial(leaving_message, system))
    while deliverer.round():
        pass


def sources_of(system: System) -> list[Source]:
    """Return the sources of the settings, and whether each answered when it was asked last."""
    names = [source.name for source in system.settings.sources]
    states = load_states(system.log, map(source_key, names))
    now = utc_now()
    return [_source(name, states.get(source_key(name)), now) for name in names]


def _source(name: str, state: PollState | None, now: datetime) -> Source:
    if state is None or state.polled is None:
        return Source(name, answered=False, error="not asked yet")
    silent = not state.failures and state.rhythm is not None and is_silent(state.rhythm, now)
    return Source(name, answered=not state.failures, error=state.error if state.failures else "", silent=silent)


def _last_told(system: System) -> datetime | None:
    """Return until when the digests told that were sent or will be."""
    told = [d.until for d in Outbox(system.log).all() if d.kind == "digest" and d.until and d.state != "given up"]
    return max(told, default=None)


def _heard(system: System, since: datetime, until: datetime) -> Iterator[Incident]:
    """Yield the open incidents that may belong to a period, newest first."""
    # The sort key adds up to a second to a time that has none.
    said = Published(_ms(since - LATE), _ms(until + timedelta(seconds=1)))
    tree = every([Value("kind", "incident"), Value("channel", PUBLIC), Value("status", "open"), said])
    after, left = "", _MOST_HEARD
    with closing(system.index(reading=True)) as index:
        while left > 0:
            page = index.search(Search(tree, limit=min(_PAGE, left), after=after))
            yield from (hit.record for hit in page.hits if isinstance(hit.record, Incident))
            left -= len(page.hits)
            after = page.next
            if not after:
                return


def _ms(when: datetime) -> int:
    return (when - _1970) // timedelta(milliseconds=1)


# --- all together ----------------------------------------------------------------------------------------------------


def run_alerts(
    system: System,
    stop: threading.Event,
    *,
    clock: Callable[[], datetime] = utc_now,
    channels: Channels = channels_of,
    jitter: Callable[[], float] = random.random,
    wait: Callable[[float], bool] | None = None,
    settle: timedelta = _SETTLE,
) -> None:
    """Tell complaints at once and the digest in the morning, until `stop`. The settings are those of the time.

    `wait(seconds)` sleeps between two rounds, and returns True when the run is to end (default: `stop.wait`). Raises
    FolderError as it comes.
    """
    begin_alerts(system.log)
    run = _Run(system, stop, clock, channels, jitter, settle)
    with closing(system.log.consumer(GROUP, AlertStage.topic)) as consumer:
        while not stop.is_set():
            try:
                run.renew()
                run_stage(
                    run.stage,
                    consumer,
                    LogSink(system.log, consumer, durable=True),
                    stop=stop,
                    until_idle=lambda: True,
                    clock=clock,
                )
                run.digest()
                run.deliverer.round(stop)
            except TransientError as e:
                _logger.warning("alerts: again in a moment: %s", e)
            if (wait or stop.wait)(_PAUSE):
                return


def begin_alerts(log: Log) -> None:
    """Let the stage begin where the documents end now: what was known before there were alerts is no news."""
    if not log.checkpoint(GROUP, AlertStage.topic).positions:
        ends = {partition: end for partition, (_, end) in log.spans(AlertStage.topic).items()}
        log.commit(GROUP, AlertStage.topic, ends, {})


@dataclass
class _Run:
    """What one `run_alerts` holds, made anew when the settings change."""

    system: System
    stop: threading.Event
    clock: Callable[[], datetime]
    channels: Channels
    jitter: Callable[[], float]
    settle: timedelta
    stage: AlertStage = field(init=False)
    deliverer: Deliverer = field(init=False)
    _settings: Settings | None = None
    _made: date | None = None

    def __post_init__(self) -> None:
        self._outbox = Outbox(self.system.log)
        self._started = self.clock()
        self.renew()

    def renew(self) -> None:
        settings = self.system.settings
        if settings is self._settings:
            return
        writer = writer_of(self.system)
        ways = self.channels(settings, writer)
        self.names = (FEED, *ways)
        self.stage = AlertStage(
            self._outbox,
            lookup_in(self.system.log),
            channels=self.names,
            address=writer.address,
            bar=settings.alerts.complaint,
            private=settings.alerts.private,
            clock=self.clock,
        )
        self.deliverer = Deliverer(
            self._outbox,
            ways,
            clock=self.clock,
            jitter=self.jitter,
            leaving=partial(leaving_message, self.system),
        )
        self._settings = settings

    def digest(self) -> None:
        """Make today's digest where its time has come and it was not made."""
        settings, now = self.system.settings, self.clock()
        at = digest_at(settings)
        day = is_due(now, at, ZoneInfo(settings.locale.time_zone)) if at else None
        if day is None or day == self._made:
            return
        if not self._outbox.known([digest_delivery_id(day.isoformat(), FEED)]):
            if now - self._started < self.settle and not self._is_settled(now):
                return
            self._outbox.add(digests_for(digest_of(self.system, now), self.names, now))
        self._made = day

    def _is_settled(self, now: datetime) -> bool:
        """True where every source was asked that is due, and all that they brought is read."""
        names = [source.name for source in self.system.settings.sources]
        states = load_states(self.system.log, map(source_key, names))
        asked = all((state := states.get(source_key(name))) is not None and state.next_due > now for name in names)
        return asked and not any(self.system.lag().values())
