"""When a source is due next. Pure: from what is known of it, what came, and the time given.

    answer ─▶ settle(state, answer, …, now) ─▶ PollState with `next_due`

The pause is the longest of what the settings, the source and its cache headers ask for; a failure doubles it; a
Retry-After is kept in full, for the whole site.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from overheard.collectors.fetch import Answer
from overheard.records import PollState

INTERVAL = timedelta(hours=1)
# A shorter interval than this is rude; longer than this a source is not "watched", whatever its cache headers say.
MIN_INTERVAL = timedelta(minutes=5)
MAX_INTERVAL = timedelta(days=1)
# What may pass is tried at least daily, what is not there at least weekly: sites come back.
MAX_SOFT = timedelta(days=1)
MAX_HARD = timedelta(days=7)
# Longer than any honest Retry-After; without a bound, one bad header would silence a source for ever.
MAX_RETRY_AFTER = timedelta(days=31)
# A permanent redirect is believed when as many answers in a row agree: captive portals and mistakes are permanent too.
MOVES_TO_BELIEVE = 3

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_RETRY_STATUS = frozenset({403, 429, 503})


def is_due(state: PollState | None, now: datetime) -> bool:
    """True where a source (or a host) may be asked; one that was never asked is due."""
    return state is None or state.next_due <= now


def begin(state: PollState | None, url: str, now: datetime) -> PollState:
    """Return the state to ask from: as stored, or a new one where there is none or the settings have a new URL."""
    if state is None or state.configured != url:
        return PollState(configured=url, url=url, next_due=now)
    return state


def settle(
    state: PollState,
    answer: Answer,
    now: datetime,
    *,
    interval: timedelta | None = None,
    body: str = "",
    ttl: timedelta | None = None,
    problem: str = "",
) -> PollState:
    """Return the state of a source after an answer.

    `interval` is the configured pause, `body` the digest of what was read, `ttl` what the source asks for (None where
    nothing was read: the last known counts). `problem` says why an answer that came well could not be read; it counts
    as a failure, and its body is not remembered as read.
    """
    error = problem or answer.message
    pause = _pause(interval, timedelta(seconds=state.ttl) if ttl is None else ttl)
    if error:
        failures = state.failures + 1
        due = now + _back_off(answer, pause, failures)
        if until := retry_after(answer, now):
            due = max(due, until)
        state = msgspec.structs.replace(state, failures=failures)
        if state.url != state.configured and answer.kind in ("hard", "refused"):
            # Where it moved to is gone: begin again where it was.
            state = msgspec.structs.replace(state, url=state.configured, etag="", last_modified="", body="")
    else:
        due = now + min(max(pause, fresh_for(answer.headers, now)), max(MAX_INTERVAL, pause))
        state = _moved(state, answer.moved_to)
        fetched = answer.kind == "fetched"
        state = msgspec.structs.replace(
            state,
            # An answer without a validator takes the old one back; a 304 may leave it out.
            etag=answer.headers.get("etag", "" if fetched else state.etag),
            last_modified=answer.headers.get("last-modified", "" if fetched else state.last_modified),
            body=body or state.body,
            ttl=state.ttl if ttl is None else int(min(ttl, MAX_INTERVAL).total_seconds()),
            failures=0,
            succeeded=now,
        )
    return msgspec.structs.replace(state, next_due=due, polled=now, status=answer.status, error=error)


def retry_after(answer: Answer, now: datetime) -> datetime | None:
    """Return until when the site wants to be left alone (RFC 9110, 10.2.3); None where it does not say.

    Seconds or a date; counted for 403, 429 and 503 only. At most 31 days.
    """
    value = answer.headers.get("retry-after", "").strip()
    if not value or answer.status not in _RETRY_STATUS:
        return None
    if value.isascii() and value.isdigit():
        return now + min(timedelta(seconds=int(value[:9])), MAX_RETRY_AFTER)
    until = _date(value)
    return min(until, now + MAX_RETRY_AFTER) if until and until > now else None


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


def _pause(interval: timedelta | None, ttl: timedelta) -> timedelta:
    """Return the pause between polls that go well; a configured interval above the maximum stands."""
    wanted = max(interval or INTERVAL, MIN_INTERVAL)
    return max(wanted, min(ttl, MAX_INTERVAL))


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
