"""A stretch of time filled in from what a source still has: which entries, which page next, when it is over. Pure.

page ─▶ is_within(errand, entry) ─▶ published as history
  └───▶ after_page(errand, state, page) ─▶ waiting, at the next older page; or done, and why
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec

from overheard.collectors.base import Reading
from overheard.records import Errand, ErrandState, Mention, digest

# A page is 10 to 100 entries, so this is some 30,000; whoever wants more asks for an earlier stretch.
MAX_PAGES = 1_000
# So many last pages are known again; a site that turns in a larger circle is stopped by `MAX_PAGES`.
_SHOWN = 20
# Addresses that wait: those of an index with more name their ranges themselves.
_MAX_TODO = 500


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of a source held: the digest of its entries, how many of them were new, known or left out, the
    dates of its oldest and newest (None where none has one), the address of an older page ("" for none), and those of
    `others` that it names.
    """

    mark: str
    new: int = 0
    known: int = 0
    outside: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    older: str = ""
    others: tuple[str, ...] = ()


def when(mention: Mention) -> datetime | None:
    """Return the time by which a mention is in a stretch of time or not; None where it has none."""
    return mention.published or mention.updated


def is_within(errand: Errand, mention: Mention) -> bool:
    """True for what was published within the stretch of an errand; what has no date is not."""
    at = when(mention)
    return at is not None and not (errand.start and at < errand.start) and not (errand.end and at >= errand.end)


def page_of(errand: Errand, reading: Reading, *, new: int, outside: int) -> Page:
    """Return what a page held."""
    mentions = reading.mentions
    # Children of an index that did not change since hold nothing of the stretch.
    others = (
        one.url
        for one in reading.requests
        if one.about is None and not (errand.start and one.changed and one.changed < errand.start)
    )
    dates = [at for one in mentions if (at := when(one)) is not None]
    return Page(
        mark=digest(*(one.id for one in mentions)) if mentions else "",
        new=new,
        known=len(mentions) - new - outside,
        outside=outside,
        oldest=min(dates, default=None),
        newest=max(dates, default=None),
        older=reading.previous_archive or reading.next_page,
        others=tuple(others),
    )


def after_page(errand: Errand, state: ErrandState, page: Page, now: datetime) -> ErrandState:
    """Return how far a back-fill is after a page: it goes on there, or is done, and `ended` says why."""
    repeats = bool(page.mark) and page.mark in state.shown
    state = msgspec.structs.replace(
        state,
        attempts=0,
        problem="",
        pages=state.pages + 1,
        mentions=state.mentions + page.new,
        known=state.known + (0 if repeats else page.known),
        outside=state.outside + (0 if repeats else page.outside),
        oldest=min(filter(None, (state.oldest, page.oldest)), default=None),
        shown=(*state.shown, page.mark)[-_SHOWN:] if page.mark else state.shown,
        at=now,
    )
    todo = list(dict.fromkeys((*state.todo, *page.others)))[:_MAX_TODO]
    # Not the oldest: a page may show an old entry at its top for ever.
    passed = errand.start is not None and page.newest is not None and page.newest < errand.start
    there = "" if repeats or passed or page.older == (state.url or errand.url) else page.older
    if not there and todo:
        there = todo.pop(0)
    ended = ""
    if not there:
        ended = _end(state, passed=passed, repeats=repeats)
    elif state.pages >= MAX_PAGES:
        ended = f"it was stopped after {MAX_PAGES:,} pages; ask for an earlier stretch to go on"
    if ended:
        return msgspec.structs.replace(state, state="done", due=None, url="", todo=(), ended=ended)
    return msgspec.structs.replace(state, due=now, url=there, todo=tuple(todo))


def _end(state: ErrandState, *, passed: bool, repeats: bool) -> str:
    """Return why a back-fill ends with a page after which there is none to ask."""
    if repeats:
        return "the source gives the same page again instead of an older one"
    if passed:
        return "all of the time that was asked for was looked through"
    if state.pages > 1:
        return "the source has no older pages"
    return "the source names no older pages: what it shows now is all that can be had"


def after_failure(state: ErrandState, *, problem: str, due: datetime | None, now: datetime) -> ErrandState:
    """Return how far an errand is after an answer that did not come well: it is tried again at `due`, or is over."""
    state = msgspec.structs.replace(state, attempts=state.attempts + 1, problem=problem, at=now)
    if due is None:
        return msgspec.structs.replace(state, state="failed", due=None)
    return msgspec.structs.replace(state, due=due)


def in_words(state: ErrandState | None, zone: tzinfo) -> str:
    """Return how far a back-fill is, in words: pages, posts, how far back, and how it ended or why it waits."""
    if state is None or not (state.pages or state.problem):
        return "waits for its turn"
    counts = [
        f"{state.pages:,} {'page' if state.pages == 1 else 'pages'}",
        f"{state.mentions:,} new {'post' if state.mentions == 1 else 'posts'}",
    ]
    if state.known:
        counts.append(f"{state.known:,} known")
    if state.outside:
        counts.append(f"{state.outside:,} of another time or without a date")
    said = ", ".join(counts)
    if state.oldest is not None:
        said += f", back to {state.oldest.astimezone(zone):%Y-%m-%d}"
    if state.state == "waiting":
        return f"goes on: {said}" + (f"; it is tried again after: {state.problem}" if state.problem else "")
    return f"{state.state}: {said}; {state.ended or state.problem}"
