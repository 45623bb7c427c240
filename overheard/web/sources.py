"""A source as the interface and the command line give it as JSON. Pure."""

from dataclasses import asdict

from overheard.web import results
from overheard.web.base import SourceDetail, SourceStatus
from overheard.web.results import SourceHealth


def source_health(one: SourceStatus) -> SourceHealth:
    """Return how a source does, as a result."""
    state = one.state
    return SourceHealth(
        name=one.name,
        kind=one.kind,
        url=one.url,
        interval=None if one.interval is None else one.interval.total_seconds(),
        state=one.health.state,
        message=one.health.message,
        advice=one.health.advice,
        since=one.health.since,
        rhythm=one.rhythm,
        next_due=state.next_due if state else None,
        next_why=one.why_next,
        polled=state.polled if state else None,
        succeeded=state.succeeded if state else None,
        quiet_until=one.quiet_until,
        failures=state.failures if state else 0,
        status=state.status if state else 0,
        error=state.error if state else "",
        new=one.new,
        kept=one.kept,
        passed=one.passed,
        requests=state.requests if state else 0,
        began=state.began if state else None,
        received=one.received,
        endpoint=one.endpoint,
        back_fill=one.back_fill,
        policy=one.policy,
        budget=one.budget,
    )


def source_whole(one: SourceDetail) -> results.SourceDetail:
    """Return all that is known of a source, as a result: without the texts of its entries, which are of the posts."""
    return results.SourceDetail(
        source=source_health(one.status),
        robots=one.robots,
        leads=tuple(results.SourceLead(**asdict(lead)) for lead in one.leads),
        entries=tuple(
            results.SourceEntry(
                id=entry.id,
                url=entry.url,
                published=entry.published,
                came=entry.came,
                incident=entry.incident,
                gone=entry.gone,
            )
            for entry in one.entries
        ),
        fetches=tuple(results.SourceFetch(**asdict(fetch)) for fetch in one.fetches),
        dead_letters=tuple(one.letters),
    )
