"""How a source posts, learnt from its own entries, and when it is worth asking again. Pure.

    new entries of a poll ─▶ observe ─▶ Rhythm ─┬▶ pause: how long not to ask
                                                └▶ expected_silence: from when on it is strangely quiet

The model is a Poisson process. Its rate is the mean one, times the habit of that half hour and of that day, times what
the time since the last entry makes of it: a Weibull hazard (a source that posts once a day has just done so), and for
a few hours the chance that more follows (bursts). The next poll is due when the entries to be expected by then would
have waited `WORTH` hours in sum. For a constant rate r that is a pause of sqrt(2 WORTH / r): with a given number of
requests for sources of many rates, the sum of all waiting is least where 1/pause ~ sqrt(r) (Lagrange).
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from overheard.records import Rhythm

# How many hours entries may be expected to have waited, in sum, before one more request is made. At a quarter, a source
# with one entry a day at any time is asked seven times a day, one with a habitual hour four times, a weekly one twice;
# `benchmarks/bench_rhythm.py` prints what it costs and gives.
WORTH = 0.25
# Sources that are alive are asked daily; those that fell silent ever less often: a twentieth of the silence, so that
# what comes after all is found within 5 % of the time that nobody waited for it.
ALIVE = timedelta(days=1)
SILENT = timedelta(days=7)
_OF_SILENCE = 1 / 20
# A source whose history tells nothing is watched hourly for a day.
_AT_FIRST = timedelta(hours=1)
# Of a source with too few entries to know its gaps.
_UNKNOWN_SILENCE = timedelta(days=30)

_DAY, _YEAR = 24.0, 365 * 24.0  # hours, as all below
# What is assumed of a source before it has shown an entry: one a day, worth a quarter of an entry.
_PRIOR_EVENTS, _PRIOR_HOURS = 0.25, 6.0
# What was seen fades with the time in which so many entries come; within two weeks, since weeks have habits, and a
# year, since by then people have changed theirs.
_MEMORY_EVENTS, _MEMORY_MIN, _MEMORY_MAX = 20.0, 14 * _DAY, _YEAR
_BINS = 48
_STEP = 24.0 / _BINS
# Entries assumed in each bin: as much as is needed to believe in a habit.
_EVEN_HOUR, _EVEN_DAY = 0.15, 0.5
_BIN_CAP = 80.0  # entries in all bins together, so that the numbers stay short
# Entries closer than that came in one go; so did those within a tenth of the mean gap, as far as silence is concerned.
_CLOSE, _ONE_GO = 1 / 12, 0.1
_LIKELY = math.log(2)  # so many entries are expected where none is as likely as some
_AGAIN = 3.0  # how long a burst goes on
_AGAIN_MEMORY = 20.0  # entries
_HAZARD_MIN, _HAZARD_MAX = 0.2, 5.0
_SHAPE_MIN, _SHAPE_MAX = 0.4, 6.0
# Of the logarithm of an exponential variable with mean 1: minus its mean, and its standard deviation.
_EULER, _LOG_SD = 0.5772156649, 1.2825498302
_PRIOR_GAPS = 3.0  # exponential gaps assumed beside those seen
_FEW_GAPS = 5
# A source that shows 20 entries is asked before 14 new ones are to be expected: what falls out unseen is lost.
_FILLED = 0.7


def observe(rhythm: Rhythm | None, entries: Sequence[datetime | None], *, now: datetime, held: int = 0) -> Rhythm:
    """Return the rhythm after a poll at `now` that brought these new entries: each one's published time, None unknown.

    The first poll (`rhythm` None) brings the history, of which only the dated entries of the last year tell something.
    `held` is how many entries the source showed, 0 where that was not read (a 304).
    """
    if rhythm is None:
        oldest = now - timedelta(hours=_YEAR)
        dated = sorted(one for one in entries if one and oldest < one <= now)
        rhythm = Rhythm(until=dated[0] if dated else now, last=dated[0] if dated else None, held=held)
        return _add(rhythm, dated[1:], now, since=rhythm.until)
    if now <= rhythm.until:
        return rhythm
    appeared = sorted(_appeared(one, rhythm.until, now) for one in entries)
    # Where all that it shows is new, more may have passed by unseen: only the time that is shown counts.
    since = appeared[0] if appeared and 0 < held <= len(appeared) else rhythm.until
    return _add(msgspec.structs.replace(rhythm, held=held or rhythm.held), appeared, now, since=since)


def pause(rhythm: Rhythm, now: datetime, *, floor: timedelta, worth: float = WORTH) -> timedelta:
    """Return how long not to ask: `floor` at least, a day at most while the source keeps its rhythm, else a week.

    Less than an hour only where a request is more likely than not to bring something. `worth` as WORTH, for measuring.
    """
    if rhythm.last is None and rhythm.exposure < _DAY:
        return max(_AT_FIRST, floor)
    silent = is_silent(rhythm, now)
    ceiling = _hours(SILENT if silent else ALIVE)
    passed = max(
        _worthwhile(rhythm, now, worth=worth, ceiling=ceiling), _age(rhythm, now) * _OF_SILENCE if silent else 0.0
    )
    return min(max(timedelta(hours=min(passed, ceiling)), floor), max(timedelta(hours=ceiling), floor))


def expected_silence(rhythm: Rhythm) -> timedelta | None:
    """Return after how long without an entry a source is silent against its own rhythm; None where it has shown few.

    The largest of: the gap that its Weibull exceeds once in two years; its longest gap times one to three, the more
    the more its gaps vary (tails heavier than Weibull's: each record is then beaten by a factor now and again); two
    days. Measured by `benchmarks/bench_rhythm.py`.
    """
    if rhythm.gaps < _FEW_GAPS:
        return None
    shape, scale = _weibull(rhythm)
    in_two_years = 2 * max(_YEAR * min(_rate(rhythm), 1 / scale), 1.0)
    rare = scale * math.log(1 + in_two_years) ** (1 / shape)
    record = rhythm.longest * (1 + 2.2 * min(math.sqrt(rhythm.spread), 0.8))
    return timedelta(hours=min(max(rare, record, 2 * _DAY), 2 * _YEAR))


def is_silent(rhythm: Rhythm, now: datetime) -> bool:
    """True where a source shows no entry for longer than its own rhythm explains; after 30 days where it has none."""
    return timedelta(hours=_age(rhythm, now)) > (expected_silence(rhythm) or _UNKNOWN_SILENCE)


def _worthwhile(rhythm: Rhythm, now: datetime, *, worth: float, ceiling: float) -> float:
    """Return after how many hours the entries to be expected have waited `worth` hours in sum; at most `ceiling`.

    Less than one only where it is more likely than not that there is an entry.
    """
    rate, age = _rate(rhythm), _age(rhythm, now)
    shape, scale = _weibull(rhythm)
    norm = shape * math.gamma(1 + 1 / shape)
    more = -math.log(1 - min(rhythm.again, 0.95)) / _AGAIN
    hours, days = rhythm.hours, rhythm.days
    per_bin = (sum(hours) / _BINS + 100 * _EVEN_HOUR) * (sum(days) / 7 + 100 * _EVEN_DAY)
    place = (now.hour + now.minute / 60) / _STEP
    half_hour, day, left = int(place), now.weekday(), (1 - place % 1) * _STEP
    passed = expected = waited = 0.0
    while passed < ceiling and not (rhythm.held and expected > _FILLED * rhythm.held):
        hazard = norm * ((age + passed + left / 2) / scale) ** (shape - 1)
        here: float = rate * min(max(hazard, _HAZARD_MIN), _HAZARD_MAX)
        if hours:
            here *= (hours[half_hour] + 100 * _EVEN_HOUR) * (days[day] + 100 * _EVEN_DAY) / per_bin
        if age + passed < _AGAIN:
            here = max(here, more)
        # x hours into this half hour, waited + expected x + here x²/2 hours have been waited.
        end = waited + (expected + here * left / 2) * left
        if end >= worth:
            root = math.sqrt(expected * expected + 2 * here * max(worth - waited, 0.0))
            x = max((root - expected) / here, min((_LIKELY - expected) / here, 1.0 - passed), 0.0)
            if x <= left:
                return passed + x
        waited, expected, passed = end, expected + here * left, passed + left
        half_hour, left = half_hour + 1, _STEP
        if half_hour == _BINS:
            half_hour, day = 0, (day + 1) % 7
    return passed


def _add(rhythm: Rhythm, appeared: Sequence[datetime], now: datetime, *, since: datetime) -> Rhythm:
    """Return the rhythm with these entries, in order of time: all that came from `since` to `now`."""
    rate = _rate(rhythm)
    memory = min(max(_MEMORY_EVENTS / rate, _MEMORY_MIN), _MEMORY_MAX)
    fade = math.exp(-_hours(now - rhythm.until) / memory)
    events = rhythm.events * fade + len(appeared)
    exposure = rhythm.exposure * fade + _hours(now - since)
    rhythm = msgspec.structs.replace(rhythm, until=now, events=_short(events), exposure=_short(exposure))
    if not appeared:
        return rhythm
    gaps, gap, spread, longest = rhythm.gaps, rhythm.gap, rhythm.spread, rhythm.longest
    again, last = rhythm.again, rhythm.last
    hours, days = _unpacked(rhythm.hours, _BINS, fade), _unpacked(rhythm.days, 7, fade)
    for at in appeared:
        half_hour = (at.hour * 60 + at.minute) * _BINS // 1440
        hours[half_hour] += 0.6
        hours[half_hour - 1] += 0.2
        hours[(half_hour + 1) % _BINS] += 0.2
        days[at.weekday()] += 1.0
        since_last = _hours(at - last) if last else 0.0
        if since_last > _CLOSE:
            again += ((since_last <= _AGAIN) - again) / _AGAIN_MEMORY
        if since_last > max(_CLOSE, _ONE_GO / rate):
            gaps = min(gaps + 1.0, _MEMORY_EVENTS)
            off = math.log(since_last) - gap
            gap += off / gaps
            spread += (off * off * (1 - 1 / gaps) - spread) / gaps
            longest = max(longest * math.exp(-since_last / _YEAR), since_last)
        last = max(last or at, at)
    return msgspec.structs.replace(
        rhythm,
        last=last,
        gaps=gaps,
        gap=_short(gap),
        spread=_short(spread),
        longest=_short(longest),
        again=_short(again),
        hours=_packed(hours),
        days=_packed(days),
    )


def _appeared(published: datetime | None, before: datetime, now: datetime) -> datetime:
    """Return when an entry appeared that was not there `before`: when it says, where that can be; else in between.

    A time before is that of a draft, of midnight, of a cache on the way.
    """
    return published if published and before < published <= now else before + (now - before) / 2


def _rate(rhythm: Rhythm) -> float:
    return (rhythm.events + _PRIOR_EVENTS) / (rhythm.exposure + _PRIOR_HOURS)


def _age(rhythm: Rhythm, now: datetime) -> float:
    """Return the hours since the last entry; of a source that has shown none, those that it was watched."""
    return max(_hours(now - rhythm.last) if rhythm.last else rhythm.exposure, 0.0)


def _weibull(rhythm: Rhythm) -> tuple[float, float]:
    """Return shape and scale (hours) of the gaps, from mean and variance of their logarithms.

    Those of a Weibull variable are ln(scale) - 0.577/shape and (1.283/shape)².
    """
    if not rhythm.gaps:
        return 1.0, 1 / _rate(rhythm)
    variance = (rhythm.gaps * rhythm.spread + _PRIOR_GAPS * _LOG_SD**2) / (rhythm.gaps + _PRIOR_GAPS)
    shape = min(max(_LOG_SD / math.sqrt(variance), _SHAPE_MIN), _SHAPE_MAX)
    return shape, math.exp(rhythm.gap + _EULER / shape)


def _hours(time: timedelta) -> float:
    return time.total_seconds() / 3600


def _short(number: float) -> float:
    return float(f"{number:.4g}")


def _packed(counts: Sequence[float]) -> tuple[int, ...]:
    scale = 100 * min(1.0, _BIN_CAP / (sum(counts) or 1.0))
    return tuple(round(count * scale) for count in counts)


def _unpacked(counts: Sequence[int], number: int, fade: float) -> list[float]:
    return [count * fade / 100 for count in counts] or [0.0] * number
