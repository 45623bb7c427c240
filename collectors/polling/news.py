"""Which changes of a source's health are worth telling, once each. Pure.

    Health after a poll ─▶ weigh_news ─▶ News to tell, or nothing
    answers of all sites ─▶ Reach ─▶ is it us who are cut off?

What is told is remembered with the source (`PollState.told`), so that a restart tells nothing again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.polling.health import GAP_OLD, SourceHealth
from overheard.records import PollState, Streamed

# A failure is told when it has lasted: most pass within hours.
LONG = timedelta(days=1)
LEAST_FAILURES = 3
# What a stream does not tell in that time may be lost.
LONG_OF_STREAM = timedelta(hours=1)
# A source that comes and goes is told of once a day.
COOL = timedelta(days=1)
# So many sites without any answer, and none that answers between: it is this machine's network.
SITES = 3
CUT_OFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class News:
    """A change of health to tell: `key` is the same for the same change, `over` where the trouble is past.

    `source` is "" where it concerns all of them.
    """

    source: str
    state: str
    text: str
    key: str
    over: bool = False


def weigh_news(source: str, state: PollState, health: SourceHealth, now: datetime) -> News | None:
    """Return what is to be told of a source with this health, None for nothing.

    `state.told` is the trouble that was told and is not over.
    """
    if health.is_trouble:
        cooling = state.told_at is not None and now - state.told_at < COOL
        if health.state == state.told or cooling or not _has_lasted(state, health, now):
            return None
        since = health.since or state.began
        key = f"{source}/{health.state}/{since.isoformat() if since else ''}"
        return News(source, health.state, f"{source}: {health.message} {health.advice}".strip(), key)
    if state.told and state.told_at is not None and health.state != "waiting":
        text = f"{source}: it has new posts again." if state.told == "silent" else f"{source}: it answers again."
        return News(source, health.state, text, f"{source}/over/{state.told}/{state.told_at.isoformat()}", over=True)
    return None


def gap_news(source: str, stream: Streamed, now: datetime) -> News | None:
    """Return what is to be told of a stream that could not tell all, None for nothing: at most once a day."""
    if not stream.gap or stream.gap_at is None or now - stream.gap_at >= GAP_OLD:
        return None
    if stream.gap_told is not None and (stream.gap_told >= stream.gap_at or now - stream.gap_told < COOL):
        return None
    return News(source, "gap", f"{source}: {stream.gap}", f"{source}/gap/{stream.gap_at.isoformat()}")


def is_history(before: PollState, health: SourceHealth) -> bool:
    """True where a source was silent when it was first had: nobody need be told, nor of its next post."""
    return before.succeeded is None and health.state == "silent"


def after_told(state: PollState, news: News, now: datetime) -> PollState:
    """Return the state of a source after its news was told."""
    return msgspec.structs.replace(state, told="" if news.over else news.state, told_at=now)


def _has_lasted(state: PollState, health: SourceHealth, now: datetime) -> bool:
    if health.state in ("silent", "retired"):
        return True
    since = state.succeeded or state.began or now
    return state.failures >= LEAST_FAILURES and now - since >= (LONG if state.stream is None else LONG_OF_STREAM)


@dataclass(slots=True)
class Reach:
    """Whether anybody answers: the sites that did not since the last one did, and when each was asked first."""

    unanswered: dict[str, datetime] = field(default_factory=dict)

    def heard(self) -> None:
        """Some server answered, whatever it said."""
        self.unanswered.clear()

    def unheard(self, site: str, now: datetime) -> None:
        """A site gave no answer."""
        self.unanswered.setdefault(site, now)

    @property
    def is_doubtful(self) -> bool:
        """True where several sites in a row gave no answer: what they do is not told of them."""
        return len(self.unanswered) >= SITES

    def cut_off_since(self, now: datetime) -> datetime | None:
        """Return since when nothing answers, where that has lasted; else None."""
        since = min(self.unanswered.values(), default=now)
        return since if self.is_doubtful and now - since >= CUT_OFF else None


def cut_off_news(since: datetime, sites: Mapping[str, datetime]) -> News:
    """Return what is told where nothing answers."""
    text = f"Nothing answers: none of {len(sites)} sites since {since:%Y-%m-%d %H:%M} UTC. Is this machine online?"
    return News("", "cut off", text, f"cut off/{since.isoformat()}")


def back_news(told_at: datetime) -> News:
    """Return what is told where sources answer again after that."""
    text = "The sources answer again; what they published in the meantime is read as it is found."
    return News("", "works", text, f"cut off/over/{told_at.isoformat()}", over=True)
