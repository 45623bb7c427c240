"""When a stream is connected to again, and what is remembered of it. Pure: from what is known, what came, the time.

As X asks for, which is the strictest: at once where a connection that had lasted was dropped; then by what fails: the
network a quarter of a second more each time, a server that refuses twice as long each time, one that says "too often"
from a minute on.
"""

from datetime import datetime, timedelta

import msgspec

from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.polling.schedule import retry_after
from overheard.records import PollState, Streamed

# A connection that lived so long was one: the next failure is the first.
LASTED = timedelta(minutes=1)
_HOUR = 3_600.0
_TOO_OFTEN = frozenset({420, 429})
_NOT_ALLOWED = frozenset({401, 402, 403})


def pause_of(answer: Answer, failures: int) -> float:
    """Return the seconds before the next try, after so many failures in a row."""
    doubled = 2.0 ** min(failures - 1, 20)
    if answer.status in _TOO_OFTEN:
        return min(60.0 * doubled, _HOUR)
    if answer.kind in ("hard", "refused"):
        return min(60.0 * doubled, _HOUR)
    if answer.status >= 400:
        return min(5.0 * doubled, _HOUR if answer.status in _NOT_ALLOWED else 320.0)
    # After ten minutes of that it is no hiccup.
    return min(0.25 * failures, 16.0) if failures <= 64 else 60.0


def opened(state: PollState, at: datetime, *, requests: int) -> PollState:
    """Return the state of a stream that was connected to at a time."""
    stream = state.stream or Streamed(began=at)
    return msgspec.structs.replace(
        state,
        polled=at,
        succeeded=at,
        began=state.began or at,
        status=200,
        error="",
        outcome="fetched",
        requests=state.requests + requests,
        stream=msgspec.structs.replace(stream, connected=at, opened=stream.opened + 1, heard=at),
    )


def ended(state: PollState, answer: Answer, now: datetime, *, requests: int = 0, share: float = 0.0) -> PollState:
    """Return the state of a stream whose connection ended, or never was, with an answer.

    `share` is a share of the pause (0 to 1) that is added, so that not all who were dropped come back at once.
    """
    stream = state.stream or Streamed(began=now)
    lasted = stream.connected is not None and now - stream.connected >= LASTED
    failures = 1 if lasted else state.failures + 1
    seconds = 0.0 if lasted and not answer.status else pause_of(answer, failures)
    due = now + timedelta(seconds=seconds * (1 + share / 5) + share / 4)
    if until := retry_after(answer, now):
        due = max(due, until)
    return msgspec.structs.replace(
        state,
        polled=state.polled or now,
        began=state.began or now,
        failures=failures,
        status=answer.status,
        error=answer.message,
        outcome=answer.kind,
        requests=state.requests + requests,
        next_due=due,
        stream=msgspec.structs.replace(stream, connected=None),
    )


def told(
    state: PollState, now: datetime, *, read: int, passed: int, cursor: str, reached: datetime | None, problem: str = ""
) -> PollState:
    """Return the state of a stream after a batch of what it told; `problem` says what was wrong with most of it."""
    stream = state.stream or Streamed(began=now)
    newest = max(filter(None, (stream.reached, reached)), default=None)
    stream = msgspec.structs.replace(
        stream, read=stream.read + read, passed=stream.passed + passed, heard=now, reached=newest
    )
    state = msgspec.structs.replace(state, cursor=cursor or state.cursor, stream=stream)
    if problem:
        return msgspec.structs.replace(state, error=problem, outcome="unreadable", failures=state.failures + 1)
    if stream.connected is not None and (state.outcome == "unreadable" or now - stream.connected >= LASTED):
        return msgspec.structs.replace(state, error="", outcome="fetched", failures=0)
    return state
