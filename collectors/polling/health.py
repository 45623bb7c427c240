"""How a source does, in plain words: from what is remembered of it and of its site. Pure.

One place for the page, the interface, the command line and the alerts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec

from overheard.collectors.base import Source
from overheard.collectors.fetching import robots
from overheard.collectors.polling.rhythm import expected_silence, is_silent
from overheard.records import PollState, Rhythm, Robots, Streamed

HealthState = Literal[
    "not asked yet",
    "works",
    "silent",
    "failing",
    "waiting",
    "moved",
    "retired",
    "refused",
    "unreadable",
    "cut short",
    "lying validators",
]
# What somebody has to look at; those first that only a person can mend.
TROUBLE: tuple[HealthState, ...] = ("retired", "refused", "unreadable", "failing", "silent")

# What a person can do, by what came; answers without a line of their own are said by their message alone.
_ADVICE = {
    0: "Check that the address is right and that this machine is connected. It is tried again by itself.",
    401: "It wants a login. Overheard reads what is public; leave this source out, or use its public feed.",
    403: "It does not want to be read by programs. Ask its owner, or leave it out of the settings.",
    404: "There is nothing at this address any more. Look for its new feed, and change the address in the settings.",
    429: "It was asked too often. Give it a longer interval in the settings.",
}
# Of interfaces documented for programs, which are asked with a token, or for what the settings name.
_ADVICE_OF_SERVICES = {
    400: "Look at what it says, and at what the settings say of this source.",
    401: "Put a token that is valid where the settings say.",
    402: "It wants to be paid for that. Look at the plan of the account, or leave this source out.",
    403: "What the message says is why. If nothing else, its token does not allow this: look at what it may read.",
    404: "There is nothing of that name there. Look at what the settings say of this source.",
    410: "There is nothing there any more. Take this source out of the settings.",
    422: "It does not understand what is asked for. Look at what the settings say of this source.",
    429: "Nothing: it is asked again, later with each failure. If it stays so, give it a longer interval.",
}
# Answers that another token may change.
_OF_TOKENS = frozenset({401, 403})
# Where no answer came since something else was wrong first: by how the message begins (`fetching.fetch`, `.secrets`).
_UNANSWERED = {
    "expected the password": (
        "Put the password where the message says, for whoever runs `overheard up`. It is looked for with each try."
    ),
    "expected a file or folder": (
        "Make it, or mend `path` in the settings. It is looked for again by itself, less and less often."
    ),
    "expected a public address": (
        "If it is a host of your own, name it in `allow_hosts` of `[http]`: it is asked again at once then. Else look "
        "at where its address leads."
    ),
    "expected a valid certificate": (
        "Nothing: it is asked again by itself, and works once the owner of the site has mended its certificate. If it "
        "stays so, tell them."
    ),
    "expected the token": (
        "Put the token where the message says, for whoever runs `overheard up`. It is asked as soon as it is there."
    ),
    "expected the client": (
        "Put it where the message says, for whoever runs `overheard up`. It is asked as soon as it is there."
    ),
    "expected an access token": "Do what the message says. It is tried again by itself, at once with other secrets.",
}
_OTHERS = "It is tried again by itself, less and less often. If it stays so, check its address in the settings."
_UNREAD = "It answers, but not with what is expected here. Check that the address is that of {}."
_SELECT = "Open the page, and name what counts there by `select` in the settings: it is read again at once then."
_BOMB = "Tell its owner, or take it out of the settings: what is written so is not to be read by anybody."
_EXPECTED = {"feed": "a feed, not of a page", "sitemap": "a sitemap", "file": "a file of posts", "page": "a web page"}
_GONE = "Take it out of the settings, or look for what came in its place."
_REFUSED = "What the message says is why it is not asked, or not read; change that, or take it out of the settings."
_ROBOTS = "Its site does not want this address read by programs. Ask its owner, or take it out of the settings."
_WAIT = "Nothing: it is asked again then."
_BUDGET = (
    "Nothing, or raise its `budget` in the settings: it goes on where it left off, as far as its service goes back."
)
_SILENT = "Look at the site: it may have a new feed at another address, or have fallen asleep. It is still asked."
_MOVED = "Change its address in the settings when you are at it."
_CUT = "It breaks off {}. They were read; what comes after is missing until it comes whole."
_CUT_ADVICE = "Nothing, if it was once. If it stays so, tell the owner of the site: all who read it miss the rest."
_LYING = "Nothing: it is asked without validators for a while, which costs its server a little more."

# Of a source that tells by itself.
_STREAM_ADVICE = {
    401: "Its token was not taken. Make another, with the rights that its page names, where the settings say.",
    403: "Its token does not allow that. Look at its page for what it needs, or leave it out of the settings.",
    429: "Nothing: it is left alone for longer each time. If it stays so, something else listens with the same token.",
}
# So long what a stream could not tell is said.
GAP_OLD = timedelta(days=7)
_ALIVE = timedelta(minutes=5)
_BEHIND = timedelta(minutes=10)

_FEW, _SURE = 3.0, 5.0  # entries, gaps
_SHARE = 0.6
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


class Asked(Protocol):
    """A source as the settings have it: `url` is where to ask, `interval` a fixed pause in seconds or None."""

    @property
    def kind(self) -> str:
        """The name of its tables in the settings."""
        ...

    @property
    def url(self) -> str:
        """Where to ask."""
        ...

    @property
    def interval(self) -> int | None:
        """The configured pause in seconds, None for its own rhythm."""
        ...


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source in words: `message` says how it does, `advice` what to do, "" where nothing is.

    `since` is the last time that all was well, as far as is known (of a silent one its last entry); `until` is when a
    site that wants peace may be asked again.
    """

    state: HealthState
    message: str
    advice: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_trouble(self) -> bool:
        """True where somebody should look at it."""
        return self.state in TROUBLE


def health_of(
    source: Asked, state: PollState | None, host: PollState | None, rules: Robots | None, now: datetime
) -> SourceHealth:
    """Return how a source does at `now`.

    `state` is what is remembered of it, `host` of its site, `rules` its robots.txt; None where nothing is.
    """
    if state is not None and state.stream is not None:
        bare = msgspec.structs.replace(state, stream=None)
        return _of_stream(state, state.stream, health_of(source, bare, None, None, now), now)
    quiet = host.next_due if host is not None and host.next_due > now else None
    refusal = robots.refusal(rules, state.url if state else source.url) if rules is not None else ""
    if state is None or state.polled is None:
        if quiet:
            return SourceHealth(
                "waiting", "Its site wants to be left alone, before it was asked once.", _WAIT, until=quiet
            )
        return SourceHealth("not asked yet", "It is asked in the next round while `overheard up` runs.")
    if state.error:
        return _in_error(source, state, host, rules, quiet=quiet, refusal=refusal)
    if quiet:
        return SourceHealth("waiting", _peace(state, host), _WAIT, since=state.succeeded, until=quiet)
    if state.outcome == "spent" and state.next_due > now:
        return SourceHealth(
            "waiting", f"It is not asked: {state.note}.", _BUDGET, since=state.succeeded, until=state.next_due
        )
    if state.cut:
        # Before silence: what is new may be what is missing.
        return SourceHealth("cut short", _CUT.format(state.cut), _CUT_ADVICE, since=state.succeeded)
    rhythm = state.rhythm
    if rhythm is not None and is_silent(rhythm, now):
        expected = expected_silence(rhythm)
        used = f"by its own rhythm more than {_span(expected)} are unusual" if expected else "that is long"
        age = f"for {_span(now - rhythm.last)}" if rhythm.last else "since it is watched"
        return SourceHealth("silent", f"It answers, but has had nothing new {age}; {used}.", _SILENT, since=rhythm.last)
    if state.url != source.url:
        there = f"It has moved for good to {state.url}, and is read there."
        return SourceHealth(
            "moved", there, "Change its address in the settings when you are at it.", since=state.succeeded
        )
    if state.distrusted is not None and state.distrusted > now:
        said = "It said that nothing had changed when something had; so it is not believed for a while."
        return SourceHealth("lying validators", said, _LYING, since=state.succeeded)
    return SourceHealth("works", f"It answers. {state.note}".strip(), since=state.succeeded)


def _of_stream(state: PollState, stream: Streamed, known: SourceHealth, now: datetime) -> SourceHealth:
    """Return how a source does that tells by itself; `known` is how it does as any other would."""
    counted = f"{stream.read:,} {'post' if stream.read == 1 else 'posts'} looked at in {_long(now - stream.began)}"
    said = [f"{counted}, {stream.passed:,} let in."]
    if stream.opened > 1:
        said.append(f"It was connected to {stream.opened:,} times.")
    if stream.gap and stream.gap_at is not None and now - stream.gap_at < GAP_OLD:
        said.append(f"{stream.gap[:1].upper()}{stream.gap[1:].rstrip('. ')}.")
    if state.error:
        advice = _STREAM_ADVICE.get(state.status, known.advice)
        return replace(known, message=" ".join([known.message, *said]), advice=advice)
    alive = stream.heard is not None and now - stream.heard < _ALIVE
    if stream.connected is None or not alive:
        words = " ".join(["It is connected to while `overheard up` runs.", *said])
        return SourceHealth("works", words, since=stream.heard)
    behind = stream.heard - stream.reached if stream.heard and stream.reached else timedelta()
    late = [f"What it tells now was said {_long(behind)} before."] if behind > _BEHIND else []
    whole = [f"It has been connected for {_long(now - stream.connected)}.", *late, *said]
    return SourceHealth("works", " ".join(whole), since=stream.heard)


def _long(time: timedelta) -> str:
    seconds = max(time.total_seconds(), 0)
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name}s"
    return f"{seconds:.0f} seconds"


def _in_error(
    source: Asked,
    state: PollState,
    host: PollState | None,
    rules: Robots | None,
    *,
    quiet: datetime | None,
    refusal: str,
) -> SourceHealth:
    times = f"{state.failures:,} {'time' if state.failures == 1 else 'times'} in a row"
    error = state.error.rstrip(". ")
    if state.status == 410:
        return SourceHealth("retired", "It says that it is gone for good (410).", _GONE, since=state.succeeded)
    if refusal and rules is not None and rules.error:
        return SourceHealth("failing", f"It is not asked: {refusal.rstrip('. ')}.", _OTHERS, since=state.succeeded)
    if refusal:
        return SourceHealth("refused", f"It is not asked: {refusal.rstrip('. ')}.", _ROBOTS, since=state.succeeded)
    if state.outcome == "refused":
        return SourceHealth("refused", f"It is not read: {error}.", _unasked(state) or _REFUSED, since=state.succeeded)
    if quiet:
        return SourceHealth("waiting", _peace(state, host), _WAIT, since=state.succeeded, until=quiet)
    if 200 <= state.status < 300 or state.outcome == "unreadable":
        return SourceHealth(
            "unreadable",
            f"It could not be read, {times}: {state.error}.",
            _BOMB
            if "makes of other entities" in error
            else _SELECT
            if "`select`" in error
            else _UNREAD.format(_EXPECTED.get(source.kind, "what it is set up as")),
            since=state.succeeded,
        )
    advice = _unasked(state) or _advice(source, state.status)
    return SourceHealth("failing", f"It has failed {times}: {error}.", advice, since=state.succeeded)


def _unasked(state: PollState) -> str:
    """Return what to do where something was wrong before anybody answered; "" where nothing special is."""
    if state.status:
        return ""
    return next((said for begins, said in _UNANSWERED.items() if state.error.startswith(begins)), "")


def _advice(source: Asked, status: int) -> str:
    """Return what to do where a source answers with a status, or with none (0)."""
    if status and isinstance(source, Source) and source.documented_api:
        made = f" {source.token_from}" if status in _OF_TOKENS and source.token_from else ""
        return f"{_ADVICE_OF_SERVICES.get(status, _OTHERS)}{made}"
    return _ADVICE.get(status, _OTHERS)


def _peace(state: PollState, host: PollState | None) -> str:
    if host is not None and host.error:
        return f"Its site is left alone: {host.error.rstrip('. ')}."
    said = f" When it was asked last: {state.error.rstrip('. ')}." if state.error else ""
    return f"Its site asked to be left alone.{said}"


# --- rhythm in words -------------------------------------------------------------------------------------------------


def in_words(rhythm: Rhythm | None, zone: ZoneInfo) -> str:
    """Return how a source posts: "about daily, mostly in the mornings"; times of day are those of `zone`."""
    if rhythm is None or rhythm.events < _FEW or not rhythm.exposure:
        return "not known yet"
    daily = 24 * rhythm.events / rhythm.exposure
    words = _how_often(daily)
    if rhythm.gaps < _SURE or daily > 6:
        return words
    days = _weekdays(rhythm.days)
    part = _part_of_day(rhythm.hours, rhythm.until.astimezone(zone).utcoffset() or timedelta())
    return ", mostly ".join(filter(None, (words, " ".join(filter(None, (part, days))))))


def every(interval: timedelta | None) -> str:
    """Return a configured pause in words: "every 2 hours"; None is the source's own rhythm."""
    if interval is None:
        return "in its own rhythm"
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if interval >= unit and not interval % unit:
            number = interval // unit
            return f"every {name}" if number == 1 else f"every {number} {name}s"
    return f"every {interval.total_seconds():.0f} seconds"


def last_answer(state: PollState | None) -> tuple[datetime | None, str]:
    """Return when a source answered last, as far as is known, and with what where that was of no use, else ""."""
    if state is None:
        return None, ""
    if not state.error or not state.status or state.stream is not None:
        return state.succeeded, ""
    unread = 200 <= state.status < 300
    return state.polled, f"status {state.status}{', and could not be read' if unread else ''}"


def why_then(source: Asked, state: PollState | None, host: PollState | None, now: datetime) -> str:
    """Return why a source is asked next when it is."""
    interval = None if source.interval is None else timedelta(seconds=source.interval)
    if state is not None and state.stream is not None:
        return "it tells by itself" if state.stream.connected else "it is connected to again"
    if host is not None and host.next_due > max(now, state.next_due if state else now):
        return "its site asked for peace until then"
    if state is None or state.polled is None:
        return every(interval)
    if state.error:
        return "tried again, later with each failure"
    if state.outcome == "spent":
        return "when its budget begins anew"
    pause = (state.next_due - state.polled).total_seconds()
    # What is spread over the minutes after it is the source's wish still.
    if state.ttl > (source.interval or 0) and state.ttl <= pause <= 1.2 * state.ttl + 600:
        return "the source itself asks for that pause"
    if interval is not None:
        return f"{every(interval)}, as the settings say"
    if state.rhythm is not None and is_silent(state.rhythm, now):
        return "seldom, since it is silent"
    return "in its own rhythm"


def _how_often(daily: float) -> str:
    if daily >= 36:
        return f"about {daily / 24:.0f} an hour"
    if daily >= 18:
        return "about hourly"
    if daily >= 1.5:
        return f"about {daily:.0f} a day"
    for least, words in (
        (0.7, "about daily"),
        (0.2, "a few times a week"),
        (0.1, "about weekly"),
        (0.05, "about every two weeks"),
        (0.02, "about monthly"),
    ):
        if daily >= least:
            return words
    return "a few times a year"


def _part_of_day(hours: Sequence[int], offset: timedelta) -> str:
    """Return the part of the day in which most entries fall, "" for none; `hours` are 48 half hours of UTC."""
    total = sum(hours)
    if not total:
        return ""
    shift = int(offset.total_seconds() // 1_800)
    parts = {"at night": 0, "in the mornings": 0, "in the afternoons": 0, "in the evenings": 0}
    names = tuple(parts)
    for place, count in enumerate(hours):
        parts[names[(place + shift) % 48 // 12]] += count
    best = max(parts, key=lambda name: parts[name])
    return best if parts[best] >= _SHARE * total else ""


def _weekdays(days: Sequence[int]) -> str:
    total = sum(days)
    if not total or len(days) != 7:
        return ""
    best = max(range(7), key=lambda day: days[day])
    if days[best] >= _SHARE * total:
        return f"on {_DAYS[best]}"
    return "on weekdays" if days[5] + days[6] <= 0.05 * total else ""


def _span(time: timedelta) -> str:
    hours = time.total_seconds() / 3600
    if hours < 48:
        return f"{hours:.0f} hours"
    return f"{hours / 24:.0f} days" if hours < 60 * 24 else f"{hours / 24 / 30.4:.0f} months"
