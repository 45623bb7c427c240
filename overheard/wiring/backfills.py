"""Stretches of time that sources fill in: asked for, listed, stopped. Whoever polls does the work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from overheard.collectors.base import Source
from overheard.collectors.polling.backfill import in_words
from overheard.collectors.polling.pollstate import ERRANDS, load_errand_states
from overheard.collectors.streaming.stream import Stream
from overheard.errors import ConfigError, NotFoundError
from overheard.log.base import Log, ProducerRecord
from overheard.records import Errand, ErrandState, RecordError, decode, digest, encode, event_for
from overheard.web import results
from overheard.wiring.system import System

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class BackFill:
    """A back-fill that was asked for, how far it is (None: not begun), and that in words."""

    errand: Errand
    state: ErrandState | None
    words: str

    @property
    def is_over(self) -> bool:
        """True where nothing more is asked for it."""
        return self.state is not None and self.state.state != "waiting"


def ask_back_fill(system: System, source: str, first: date, last: date | None, now: datetime) -> Errand:
    """Ask for what a source published from the day `first` to the day `last`, by the zone of the settings.

    `last` None: until now. Asking for the same again goes on with it, or does it again where it is over. Raises
    NotFoundError where the settings have no such source, ConfigError where it has no history or the days are no range.
    """
    one = next((one for one in system.settings.sources if one.name == source), None)
    if one is None:
        msg = f"expected the name of a source in the settings; {source[:100]!r} is none. Look at `overheard sources`"
        raise NotFoundError(msg)
    if not isinstance(one, Source) or isinstance(one, Stream) or not one.url:
        msg = f"expected a source that is asked for what it has; {source[:100]!r} is only told of posts by others"
        raise ConfigError(msg)
    if not one.is_web():
        msg = f"expected a source that is asked for its older posts; {source[:100]!r} reads all that is there by itself"
        raise ConfigError(msg)
    zone = ZoneInfo(system.settings.locale.time_zone)
    start = _midnight(first, zone)
    end = None if last is None else _midnight(last + timedelta(days=1), zone)
    if start > now:
        raise ConfigError(f"expected a first day that has come; got {first}")
    if end is not None and end <= start:
        raise ConfigError(f"expected a last day that is not before the first; got {first} to {last}")
    id_ = f"fil_{digest(source, start.isoformat(), end.isoformat() if end else '')}"
    errand = Errand(id=id_, kind="back-fill", source=source, start=start, end=end or now, at=now)
    _append(system.log, {id_: errand})
    return errand


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def back_fills(system: System) -> Sequence[BackFill]:
    """Return the back-fills of the last 90 days that were not stopped, those that were asked for last first."""
    found: dict[str, Errand] = {}
    at, end = system.log.span(ERRANDS, 0)
    while at < end and (records := system.log.read(ERRANDS, 0, at, _PAGE)):
        for record in records:
            errand = _back_fill(record.value)
            found.pop(record.key, None)
            if errand is not None:
                found[record.key] = errand
        at = records[-1].offset + 1
    states = load_errand_states(system.log, found)
    zone = ZoneInfo(system.settings.locale.time_zone)
    ordered = sorted(found.values(), key=lambda one: one.at, reverse=True)
    return [_known(one, states.get(one.id), zone) for one in ordered]


def _known(errand: Errand, state: ErrandState | None, zone: ZoneInfo) -> BackFill:
    # What was asked for again has not begun again yet.
    stale = state is not None and state.state != "waiting" and state.at < errand.at
    current = None if stale else state
    return BackFill(errand, current, in_words(current, zone))


def last_back_fills(system: System) -> Mapping[str, results.BackFill]:
    """Return by source the back-fill that is under way and was asked for last, else the one that ended last."""
    found: dict[str, BackFill] = {}
    for one in back_fills(system):
        known = found.get(one.errand.source)
        if known is None or (known.is_over and (not one.is_over or _changed(one) > _changed(known))):
            found[one.errand.source] = one
    return {source: _result(one) for source, one in found.items()}


def _changed(one: BackFill) -> datetime:
    return one.errand.at if one.state is None else one.state.at


def _result(one: BackFill) -> results.BackFill:
    state = one.state
    return results.BackFill(
        start=one.errand.start,
        end=one.errand.end,
        asked=one.errand.at,
        state=state.state if state else "waiting",
        pages=state.pages if state else 0,
        posts=state.mentions if state else 0,
        oldest=state.oldest if state else None,
        said=one.words,
    )


def stop_back_fills(system: System, source: str) -> int:
    """Withdraw the back-fills of a source that are not over; return how many. What they brought stays."""
    going = [one.errand.id for one in back_fills(system) if one.errand.source == source and not one.is_over]
    _append(system.log, dict.fromkeys(going))
    return len(going)


def _back_fill(value: bytes | None) -> Errand | None:
    try:
        data = decode(value).data if value is not None else None
    except RecordError:
        return None
    return data if isinstance(data, Errand) and data.kind == "back-fill" else None


def _append(log: Log, errands: dict[str, Errand] | dict[str, None]) -> None:
    records = [
        ProducerRecord(
            ERRANDS,
            id_,
            None if errand is None else encode(event_for(errand, subject=id_, source="/back-fill", time=errand.at)),
        )
        for id_, errand in errands.items()
    ]
    if records:
        log.append(records, durable=True)
