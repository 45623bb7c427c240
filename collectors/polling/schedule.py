"""When a source is due next. Pure: from what is known of it, what came, and the time given.

    answer ─▶ settle(state, answer, …, now) ─▶ PollState with `next_due`

The pause is what the source's rhythm makes worth while, or the configured interval; never less than what the source
and its cache headers ask for. A failure doubles it; a Retry-After is kept in full, for the whole site.
"""

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.polling.rhythm import ALIVE, observe, pause
from overheard.collectors.polling.validators import honours_validators, to_sample, validators_of, weigh
from overheard.records import PollState, Rhythm

INTERVAL = timedelta(hours=1)
# A shorter configured interval than this is rude; longer than this a source is not "watched", whatever its cache
# headers say.
MIN_INTERVAL = timedelta(minutes=5)
MAX_INTERVAL = timedelta(days=1)
# What a rhythm may come down to. An hour is what owners of feeds ask for: each request may cost them the whole body.
# Where a server has answered 304, a request costs it a few hundred bytes, and the feed's own `ttl` is leave given; ten
# minutes are then what news sites are asked in, and `rhythm.pause` goes below the hour only where a request is likely
# to bring something.
FLOOR = timedelta(hours=1)
LOW_FLOOR = timedelta(minutes=10)
# Sources due at once are spread over a tenth of the pause, and no more than this: a habit is met to the minute.
MAX_JITTER = timedelta(minutes=10)
# What may pass is tried at least daily, what is not there at least weekly: sites come back.
MAX_SOFT = timedelta(days=1)
MAX_HARD = timedelta(days=7)
# Longer than any honest Retry-After; without a bound, one bad header would silence a source for ever.
MAX_RETRY_AFTER = timedelta(days=31)
# A permanent redirect is believed when as many answers in a row agree: captive portals and mistakes are permanent too.
MOVES_TO_BELIEVE = 3

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_RETRY_STATUS = frozenset({403, 429, 503})
# Headers that name a limit: GitHub, Reddit, Mastodon; X; Bluesky, and what is to be a standard. What is left is a
# number, when it begins anew seconds from then, seconds since 1970, or a date of ISO 8601.
_LIMITS = ("x-ratelimit", "x-rate-limit", "ratelimit")
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)
_EPOCH = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What a poll has found in a source, as far as the schedule is concerned.

    `new`: for each entry that was not there before, its published time or None; of the first poll all of them.
    `changed`: an entry that was known differs. `held`: how many entries the source showed. `skip_hours` (0 to 23, UTC)
    and `skip_days` (0 is Monday) are when it wants to be left alone; None: as before. `beside`: as `new`, of what the
    poll asked besides the source itself.
    """

    new: Sequence[datetime | None] = ()
    changed: bool = False
    held: int = 0
    skip_hours: Collection[int] | None = None
    skip_days: Collection[int] | None = None
    beside: Sequence[datetime | None] = ()

    @property
    def news(self) -> bool:
        """True where anything is new or changed in the source itself."""
        return bool(self.new) or self.changed


def is_due(state: PollState | None, now: datetime) -> bool:
    """True where a source (or a host) may be asked; one that was never asked is due."""
    return state is None or state.next_due <= now


def begin(state: PollState | None, url: str, now: datetime) -> PollState:
    """Return the state to ask from: as stored, or a new one where there is none or the settings have a new URL."""
    if state is None or state.configured != url:
        return PollState(configured=url, url=url, next_due=now, held=() if state is None else state.held)
    return state


def as_set(state: PollState, options: str, now: datetime) -> PollState:
    """Return the state to ask from where a source's own options may have been set anew (`Source.options`).

    What was read with others is read again, so its next request has no validators. It keeps its time, but where its
    last answer was of no use: who sets a source anew mends it, and waits.
    """
    if state.options == options:
        return state
    # What the server asked for itself is kept to; `Retry-After` also stands with its site.
    mended = state.outcome in ("unreadable", "refused")
    return msgspec.structs.replace(
        state,
        options=options,
        body="",
        etag="",
        last_modified="",
        followed=(),
        sample=False,
        next_due=min(state.next_due, now) if mended else state.next_due,
    )


def settle(
    state: PollState,
    answer: Answer,
    now: datetime,
    *,
    interval: timedelta | None = None,
    body: str = "",
    ttl: timedelta | None = None,
    problem: str = "",
    seen: Seen | None = None,
    leave: bool = False,
) -> PollState:
    """Return the state of a source after an answer.

    `interval` is the configured pause, a fixed one; None: the source's own rhythm. `body` is the digest of what was
    read, `ttl` what the source asks for (None where nothing was read: the last known counts), `seen` what it held
    (None where nothing was read: nothing new). `problem` says why an answer that came well could not be read; it counts
    as a failure, and its body is not remembered as read. `leave`: it may be asked more often than hourly whatever it
    answers, since it is an interface for programs or lies on this machine.
    """
    if answer.kind == "spent":
        # It was not asked, or not to the end, for no fault of its own.
        again = _outside(answer.until or now + MAX_SOFT, state)
        return msgspec.structs.replace(state, next_due=again, polled=now, error="", failures=0, note=answer.message)
    error = problem or answer.message
    asked = min(timedelta(seconds=state.ttl) if ttl is None else ttl, MAX_INTERVAL)
    if error:
        failures = state.failures + 1
        due = now + _back_off(answer, max(_configured(interval), asked), failures)
        until = retry_after(answer, now)
        if until is not None:
            due = max(due, until)
        state = msgspec.structs.replace(state, failures=failures, sample=False)
        if state.url != state.configured and answer.kind in ("hard", "refused"):
            # Where it moved to is gone: begin again where it was.
            state = msgspec.structs.replace(
                state, url=state.configured, etag="", last_modified="", body="", doubted=False
            )
        return msgspec.structs.replace(
            state, next_due=_outside(due, state), polled=now, status=answer.status, error=error, peace=until
        )
    seen = seen or Seen()
    rhythm = observe(state.rhythm, [*seen.new, *seen.beside], now=now, held=seen.held)
    state = _moved(weigh(state, answer, news=seen.news, now=now), answer.moved_to)
    state = msgspec.structs.replace(
        state,
        body=body or state.body,
        ttl=int(asked.total_seconds()),
        skip_hours=state.skip_hours if seen.skip_hours is None else tuple(sorted(seen.skip_hours)),
        skip_days=state.skip_days if seen.skip_days is None else tuple(sorted(seen.skip_days)),
        failures=0,
        status=answer.status,
        error="",
        peace=None,
        polled=now,
        succeeded=now,
        rhythm=rhythm,
    )
    due = _due(state, rhythm, answer, now, interval, leave=leave)
    if sample := to_sample(state, due):
        # It goes without validators, so the leave that a 304 gives does not hold for it.
        due = _outside(max(due, now + FLOOR), state)
    return msgspec.structs.replace(state, next_due=due, sample=sample)


def _due(
    state: PollState, rhythm: Rhythm, answer: Answer, now: datetime, interval: timedelta | None, *, leave: bool
) -> datetime:
    """Return when a source that answered well is asked again."""
    ttl = timedelta(seconds=state.ttl)
    leave = leave or timedelta() < ttl < FLOOR
    asked = max(ttl, min(fresh_for(answer.headers, now), MAX_INTERVAL))
    if interval is not None:
        # What is set stands, but for a request that must bring the whole body where nobody gave leave.
        least = MIN_INTERVAL if any(validators_of(state)) or leave else FLOOR
        set_ = max(_configured(interval), least)
        return _outside(now + max(set_ + _jitter(set_, state), asked), state)
    # A `ttl` above the hour is kept by `asked`.
    floor = LOW_FLOOR if honours_validators(state) or leave else FLOOR
    wanted = pause(rhythm, now, floor=floor)
    return _outside(now + max(min(wanted + _jitter(wanted, state), max(wanted, ALIVE)), asked), state)


def _jitter(pause: timedelta, state: PollState) -> timedelta:
    """Return what is added to a pause, so that sources of one pause do not stay together: its own for each source."""
    return min(pause / 10, MAX_JITTER) * _share(state.configured)


def retry_after(answer: Answer, now: datetime) -> datetime | None:
    """Return until when the site wants to be left alone; None where it does not say. At most 31 days.

    What it says in its body counts first, then Retry-After (RFC 9110, 10.2.3: seconds or a date), then the headers by
    which services tell when a limit that is used up begins anew; both for 403, 429 and 503 only.
    """
    latest = now + MAX_RETRY_AFTER
    if answer.until is not None:
        return min(answer.until, latest) if answer.until > now else None
    if answer.status not in _RETRY_STATUS:
        return None
    if not (value := answer.headers.get("retry-after", "").strip()):
        return _limit_over(answer, now)
    if value.isascii() and value.isdigit():
        return now + min(timedelta(seconds=int(value[:9])), MAX_RETRY_AFTER)
    until = _date(value)
    return min(until, latest) if until and until > now else None


def _limit_over(answer: Answer, now: datetime) -> datetime | None:
    """Return when a limit that is used up begins anew; None where none is told, or none is used up."""
    for prefix in _LIMITS:
        left, reset = (answer.headers.get(f"{prefix}-{name}", "").strip() for name in ("remaining", "reset"))
        # A 429 is one whatever it counts; a 403 has other reasons too.
        if not reset or (left and _number(left) != 0) or (not left and answer.status != 429):
            continue
        seconds = _number(reset)
        try:
            if seconds is None:
                until = datetime.fromisoformat(reset)
                until = until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)
            elif seconds >= _EPOCH:
                until = datetime.fromtimestamp(seconds, UTC)
            else:
                until = now + timedelta(seconds=seconds)
        except (ValueError, OverflowError, OSError):
            continue
        if until > now:
            return min(until, now + MAX_RETRY_AFTER)
    return None


def _number(value: str) -> float | None:
    return float(value) if _NUMBER.fullmatch(value) else None


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """Return how long an answer says to be fresh (RFC 9111, 4.2): max-age, else Expires less Date; 0 if it does not."""
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return timedelta()
    if match := _MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        return timedelta(seconds=max(int(match.group(1)) - (int(age[:9]) if age.isascii() and age.isdigit() else 0), 0))
    expires = _date(headers.get("expires", ""))
    if expires is None:
        return timedelta()
    return max(expires - (_date(headers.get("date", "")) or now), timedelta())


def _configured(interval: timedelta | None) -> timedelta:
    """Return the pause that is set; one above the maximum stands."""
    return max(interval or INTERVAL, MIN_INTERVAL)


def _outside(due: datetime, state: PollState) -> datetime:
    """Return when to ask at or after `due`, outside the hours and days in which the source wants no requests.

    It is spread over the first minutes of the hour after them. Where they leave no time in a week, they say nothing.
    """
    at = due
    for _ in range(8 * 24):
        if at.hour not in state.skip_hours and at.weekday() not in state.skip_days:
            return at if at == due else at + MAX_JITTER * _share(state.configured)
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due


def _share(name: str) -> float:
    """Return a number from 0 to 1 that is always the same for a name."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) / 0xFFFF_FFFF


def _back_off(answer: Answer, pause: timedelta, failures: int) -> timedelta:
    """Return the pause after failures in a row: doubled each time; what is not there is left alone sooner."""
    if answer.status == 410:
        return max(MAX_HARD, pause)
    gone = answer.kind in ("hard", "refused")
    longest = max(MAX_HARD if gone else MAX_SOFT, pause)
    doublings = 2 * failures if gone else failures - 1
    factor: int = 1 << min(doublings, 16)
    return min(pause * factor, longest)


def _moved(state: PollState, there: str) -> PollState:
    """Count a permanent redirect; believe it when enough answers in a row agree."""
    if not there or there == state.url:
        return msgspec.structs.replace(state, moved_to="", moved_seen=0)
    seen = state.moved_seen + 1 if there == state.moved_to else 1
    if seen >= MOVES_TO_BELIEVE:
        return msgspec.structs.replace(state, url=there, moved_to="", moved_seen=0)
    return msgspec.structs.replace(state, moved_to=there, moved_seen=seen)


def _date(value: str) -> datetime | None:
    """Return an HTTP date in UTC; None where it is none ("0", "-1")."""
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
