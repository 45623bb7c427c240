"""Whether a run of refusals (403) is a host's way to say "too many requests". Pure.

Reddit and others answer 403 and not 429, without a Retry-After. What tells the two kinds of 403 apart:

    a source that is refused by itself, again and again           ─▶ that source's own: it backs off
    several that were answered before are refused one after
    the other, and none is answered in between                    ─▶ the host's limit: quiet for all of it

The quiet time doubles with each run. The first request after it is a probe: a refusal then is a run by itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.fetching.fetch import Answer
from overheard.records import PollState

# A run: so many sources refused within the window, or one fewer of which one is refused again, and no good answer of
# the host between them.
SOURCES = 3
WINDOW = timedelta(hours=3)
QUIET = timedelta(hours=1)
MAX_QUIET = timedelta(days=1)
# So long after a run it counts no more.
FORGIVEN = timedelta(days=3)
# Between two requests to a host that limited us: Reddit allowed one a minute in 2026. Doubled by each further run.
GAP = timedelta(minutes=1)
MAX_GAP = timedelta(minutes=10)
# A source that is refused more often in a row than this, while its host answers others, is refused for itself.
_OWN = 3
_DOUBLINGS = 8


def is_refusal(answer: Answer) -> bool:
    """True for a 403 that says nothing of when to come back."""
    return answer.status == 403 and not answer.headers.get("retry-after", "").strip()


def weigh_host(host: PollState | None, name: str, source: PollState, answer: Answer, now: datetime) -> PollState | None:
    """Return the state of a host after an answer to the source `name`; None where there is nothing to remember.

    `host` and `source` are the states before it. Where the result's `next_due` is later than `now`, the host is to be
    left alone until then, and `error` says why.
    """
    if answer.kind in ("fetched", "unmodified"):
        return _welcomed(host, now)
    if not is_refusal(answer) or host is None or host.welcomed is None:
        return host
    if source.succeeded is None or source.failures >= _OWN:
        return host
    before = {one: at for one, at in host.refusals.items() if at > now - WINDOW}
    refusals = before | {name: now}
    probing = host.refused is not None and host.welcomed < host.refused
    if not probing and len(refusals) < (SOURCES - 1 if name in before else SOURCES):
        return msgspec.structs.replace(host, refusals=refusals)
    runs = 0 if host.refused is None or host.refused <= now - FORGIVEN else host.refused_runs
    quiet = min(QUIET * (1 << min(runs, _DOUBLINGS)), MAX_QUIET)
    return msgspec.structs.replace(
        host,
        next_due=max(host.next_due, now + quiet),
        refusals={},
        refused=now,
        refused_runs=runs + 1,
        error=(
            f"expected an answer; got 403 for {_several(refusals)} of this site in a row, after it had answered well. "
            f"That is how some sites say 'too many requests', so none of its sources is asked for {_words(quiet)}, "
            "and more slowly then. If it stays so, have fewer of its sources watched"
        ),
    )


def gap_of(host: PollState | None, now: datetime) -> timedelta:
    """Return the pause to keep between two requests to a host that limited us; 0 where the usual one will do."""
    if host is None or host.refused is None or host.refused <= now - FORGIVEN:
        return timedelta()
    return min(GAP * (1 << min(max(host.refused_runs - 1, 0), _DOUBLINGS)), MAX_GAP)


def _welcomed(host: PollState | None, now: datetime) -> PollState:
    if host is None:
        return PollState(next_due=now, welcomed=now)
    return msgspec.structs.replace(host, welcomed=now, refusals={}, error="")


def _several(refusals: Mapping[str, datetime]) -> str:
    return "a source" if len(refusals) == 1 else f"{len(refusals)} sources"


def _words(time: timedelta) -> str:
    hours = round(time.total_seconds() / 3600)
    return "an hour" if hours == 1 else "a day" if hours == 24 else f"{hours} hours"
