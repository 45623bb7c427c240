"""How far a poll reads on, from page to page of a source that shows its newest first. Pure.

    page ─▶ sheet_of ─▶ after(trail, sheet) ─▶ Trail: at the next page, or over

It ends where it comes to what an earlier poll had reached (and `Source.belated` before that), where there is no
older page, and after so many pages that an errand has to do the rest. What a service leaves out by itself
(`Source.since`) is read to its end: what came late into its index lies among what is known. A page that comes again
in place of an older one is no end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median_low

from overheard.collectors.base import OLDER, Reading, so_at
from overheard.collectors.fetching.fetch import Answer
from overheard.records import Errand, Mention, digest

# At a page each two seconds a poll takes three minutes; what is left is a back-fill, which nobody waits for.
MOST_PAGES = 100
# Of what was said long ago no errand reads the rest: it is looked through again before long.
_MOST_OLDER = 20
# Pages without a post are none of the end: a service may have kept all that stood there to itself. So many are.
_MOST_EMPTY = 3
_SEVERAL = 5
# A service that was found empty is read from so long before on: posts come into an index after they were made.
_LATE = timedelta(hours=1)
# What a service answers to a cursor that it does not know any more, or to a time that it does not go back to.
_REFUSED = frozenset({400, 410})


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one page held: what it is known by, its oldest, middle and newest time, and where the next one is.

    `newest` is not after the time of the fetch: clocks go wrong. `fresh`: something on it was not heard of before.
    """

    marks: frozenset[str] = frozenset()
    oldest: datetime | None = None
    middle: datetime | None = None
    newest: datetime | None = None
    fresh: bool = False
    older: str = ""


@dataclass(frozen=True, slots=True)
class Trail:
    """The pages that one poll reads of one list, until now.

    `root` is what the list is called in the poll ("" is the source itself), `start` the address of its first page,
    `purpose` what its pages are asked for. `until` is what earlier polls had reached, None for the first, which asks no
    further page. `next` is the page to ask, "" where it is over; then `rest` is where an errand has to go on. `newest`
    and `oldest` are the times of its pages, `marks` what they are known by, `asked` their addresses. `anew`: its
    service refused a cursor, and it was begun again. `short`: after several pages there was no older one, though all on
    the last is newer than what was reached: lists end at some thousand. `narrowed`: its service leaves out what is
    older. `circles`: a page that was had came in place of an older one, and what was reached is older still. `belated`
    is how late posts come into it, at the place of when they were said. `about` is what the list is about, for each of
    its pages.
    """

    root: str
    start: str
    purpose: str
    until: datetime | None
    next: str = ""
    rest: str = ""
    newest: datetime | None = None
    oldest: datetime | None = None
    marks: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    pages: int = 0
    empty: int = 0
    anew: bool = False
    short: bool = False
    narrowed: bool = False
    circles: bool = False
    belated: timedelta = timedelta()
    about: Mention | None = None


def is_refused(answer: Answer) -> bool:
    """True where a service does not take the cursor or the time in an address; false where it may at another time."""
    return answer.kind == "hard" and answer.status in _REFUSED


def sheet_of(reading: Reading, at: datetime, *, fresh: bool) -> Sheet:
    """Return what a page held that was had at a time."""
    times = sorted(time for one in reading.mentions if (time := so_at(one)) is not None)
    marks: Iterable[str] = (
        *(one.id for one in reading.mentions),
        *(one.mention.id for one in reading.deletions),
        *(one.digest for one in reading.rejected),
    )
    return Sheet(
        marks=frozenset(marks),
        oldest=times[0] if times else None,
        middle=median_low(times) if times else None,
        newest=max((time for time in times if time <= at), default=None),
        fresh=fresh,
        older=reading.next_page,
    )


def after(trail: Trail, sheet: Sheet) -> Trail:
    """Return how a trail goes on after a page: `next` is the page to ask, "" where it is over."""
    new = bool(sheet.marks - trail.marks)
    back = trail.oldest is not None and sheet.newest is not None and sheet.newest > trail.oldest
    trail = replace(
        trail,
        next="",
        oldest=min(filter(None, (trail.oldest, sheet.oldest)), default=None),
        newest=max(filter(None, (trail.newest, sheet.newest)), default=None),
        marks=trail.marks | sheet.marks,
        asked=trail.asked | {trail.next or trail.start},
        pages=trail.pages + 1,
        empty=0 if sheet.marks else trail.empty + 1,
    )
    if sheet.older in trail.asked or (sheet.marks and not new):
        # Of what is read to its end the last page may name itself; one that came before goes back to newer posts.
        end = not back if trail.narrowed else trail.until is not None and _is_known(sheet, trail.until - trail.belated)
        return replace(trail, circles=trail.until is not None and trail.purpose != OLDER and not end)
    if trail.until is not None and trail.purpose != OLDER and not sheet.older and sheet.oldest is not None:
        trail = replace(trail, short=trail.pages >= _SEVERAL and sheet.oldest > trail.until)
    if not sheet.older:
        return trail
    if trail.empty >= _MOST_EMPTY:
        return trail
    if trail.purpose == OLDER:
        return replace(trail, next=sheet.older) if trail.pages < _MOST_OLDER else trail
    if trail.until is None:
        return replace(trail, rest=sheet.older)
    if _is_known(sheet, trail.until - trail.belated) and not trail.narrowed:
        return trail
    return replace(trail, rest=sheet.older) if trail.pages >= MOST_PAGES else replace(trail, next=sheet.older)


def anew(trail: Trail) -> Trail:
    """Return a trail that begins again at its first page, since its service did not take the address of another."""
    return replace(trail, next=trail.start, oldest=None, marks=frozenset(), asked=frozenset(), empty=0, anew=True)


def reached_by(trails: Iterable[Trail], before: datetime | None, at: datetime) -> datetime | None:
    """Return what is reached once these trails have ended well, at a time: the newest that they have seen."""
    trails = list(trails)
    seen = max((one.newest for one in trails if one.newest is not None), default=None)
    if seen is None:
        return before or (at - _LATE if trails else None)
    return seen if before is None else max(before, seen)


def rest_of(source: str, trail: Trail, at: datetime, back: timedelta | None = None) -> Errand | None:
    """Return the errand that reads what a trail has left, down to what was reached before; None for nothing.

    What the first poll of a source itself has left is read as far `back`.
    """
    start = trail.until
    if start is None and back is not None and not trail.root:
        start = at - back
    if not trail.rest or start is None:
        return None
    id_ = f"fil_{digest(source, trail.rest, start.isoformat())}"
    return Errand(id=id_, kind="back-fill", source=source, url=trail.rest, start=start, at=at)


def _is_known(sheet: Sheet, until: datetime) -> bool:
    """True where most of a page is no newer than what was reached; one without times where nothing on it is new."""
    if sheet.middle is None:
        return bool(sheet.marks) and not sheet.fresh
    return sheet.middle <= until
