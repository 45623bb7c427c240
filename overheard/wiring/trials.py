"""A source asked once, to see what it brings: by the client and the rules by which it is polled. Nothing is kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import msgspec

from overheard.collectors.base import Reading, Source
from overheard.collectors.fetching import robots
from overheard.collectors.fetching.fetch import Answer, Fetcher, refusal_of
from overheard.collectors.polling.budget import smallest
from overheard.collectors.polling.collect import Read
from overheard.collectors.polling.health import health_of
from overheard.collectors.streaming.stream import Stream
from overheard.collectors.streaming.trial import first_posts
from overheard.errors import InputError
from overheard.policy import applied
from overheard.records import Mention, PollState
from overheard.web.newsource import Trial
from overheard.wiring.hooks import endpoint_of
from overheard.wiring.trialbudgets import TrialBudget

SHOWN = 3
# Requests that may be needed before there is a post: an account's statuses, the children of an index.
_FURTHER = 3
_TOLD = "It is not asked: others send what they have to say{}. It is there as soon as it is kept."
_TO = " to {}, at the address of your pages"
_ELSEWHERE = "It is no address of the web, and not tried here: it is read as soon as it is kept."
_ADDRESS = "Put the address right: it would never be asked as it is."
_STREAM = "It goes on for ever, and cannot be asked once: it is connected to as soon as it is kept."
_QUIET = "It lets us listen, and told nothing in {:g} seconds."
_SPENT = "Raise `budget` of the sources with this token, or keep it untried: it is asked when there is some again."
# So long a source that tells by itself is listened to.
_LISTEN = 10.0


def tried(
    source: Source,
    fetcher: Fetcher,
    read: Read,
    clock: Callable[[], datetime],
    budget: TrialBudget | None = None,
) -> Trial:
    """Return what came of asking a source, and up to three addresses that it leads to, until there is a post.

    What that uses of a budget is counted, and nothing is asked where it is used up.
    """
    if not source.url:
        endpoint = endpoint_of(source)
        return Trial(note=_TOLD.format(_TO.format(endpoint) if endpoint else ""))
    if isinstance(source, Stream):
        return _listened(source, fetcher, clock, budget)
    if source.goes_on:
        return Trial(note=_STREAM)
    if source.is_web() and (refusal := refusal_of(source.url)):
        is_web = source.url.lower().startswith(("http://", "https://"))
        return Trial(problem=refusal, advice=_ADDRESS) if is_web else Trial(note=_ELSEWHERE)
    shown: list[Mention] = []
    rejected = 0
    summaries: frozenset[str] = frozenset()
    # Of some services each post that is read is paid for.
    waiting = [("", smallest(source, source.url)[0])]
    for _ in range(1 + _FURTHER):
        if not waiting or shown:
            break
        purpose, url = waiting.pop(0)
        here = url if budget is None else budget.within(url)
        answer = _asked(source, here, fetcher, clock) if isinstance(here, str) else here
        reading: Reading | None = None
        try:
            if answer.fetch is not None:
                reading = read(source, msgspec.structs.replace(answer.fetch, purpose=purpose, url=url))
        except InputError as e:
            answer = replace(answer, message=str(e))
        if budget is not None:
            budget.settle(answer, None if reading is None else reading.units)
        if reading is None:
            return _failed(source, answer, clock())
        shown += reading.mentions
        rejected += len(reading.rejected)
        summaries |= reading.summaries
        waiting += [(one.purpose, one.url) for one in reading.requests]
    notes = [f"{rejected:,} more could not be read." if rejected else ""]
    if not shown and not rejected:
        notes.append("It answers, and has nothing to show now.")
    policy = source.in_force
    newest = sorted(shown, key=lambda one: one.published or one.first_seen, reverse=True)[:SHOWN]
    return Trial([applied(policy, one) for one in newest], len(shown), note=" ".join(filter(None, notes)))


def _listened(source: Stream, fetcher: Fetcher, clock: Callable[[], datetime], budget: TrialBudget | None) -> Trial:
    """Return what a source tells that tells by itself, in some seconds."""
    here = source.url if budget is None else budget.within(source.url)
    if isinstance(here, Answer):
        return _failed(source, here, clock())
    posts, units, ended = first_posts(source, fetcher, clock, most=SHOWN, seconds=_LISTEN)
    if budget is not None:
        budget.settle(ended or Answer("unmodified"), units)
    if ended is not None and not posts:
        return _failed(source, ended, clock())
    policy = source.in_force
    return Trial([applied(policy, one) for one in posts], len(posts), note="" if posts else _QUIET.format(_LISTEN))


def _asked(source: Source, url: str, fetcher: Fetcher, clock: Callable[[], datetime]) -> Answer:
    """Ask for one address, after the rules of its site where those are for it."""
    origin = robots.origin_of(url)
    is_documented = source.documented_api and origin == robots.origin_of(source.url)
    if not is_documented and not refusal_of(url):
        answer = fetcher.fetch("", robots.address_of(origin))
        if answer.kind == "refused" and not answer.status:
            return answer  # an address that may not be asked at all is no robots.txt that cannot be had
        rules = robots.robots_after(None, answer, clock())
        if refusal := robots.refusal(rules, url):
            return Answer("soft" if rules.error else "refused", message=refusal)
    answer = fetcher.fetch(source.name, url)
    if answer.status < 400 or not is_documented:
        return answer
    said = source.complaint(answer.status, answer.headers, answer.said, clock())
    return replace(answer, message=f"{answer.message}. {said.message}", until=said.until) if said.message else answer


def _failed(source: Source, answer: Answer, now: datetime) -> Trial:
    """Return why nothing came, and what to do, as `overheard sources` would say it."""
    if answer.kind == "spent":
        return Trial(problem=answer.message, advice=_SPENT)
    unread = answer.kind == "fetched"
    state = PollState(
        configured=source.url,
        url=source.url,
        next_due=now,
        polled=now,
        failures=1,
        status=answer.status,
        error=answer.message,
        outcome="unreadable" if unread else answer.kind,
    )
    health = health_of(source, state, None, None, now)
    return Trial(problem=answer.message.rstrip(". "), advice=health.advice)
