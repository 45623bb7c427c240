"""The morning digest: the five things that matter since the last one. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz

from overheard.alerts.items import item_of
from overheard.alerts.parties import Behind, Known, behind, ids_of, said_at
from overheard.alerts.score import score
from overheard.alerts.words import counted, shown
from overheard.records import DeliveryItem, Incident, Points
from overheard.wording import Locale, number
from overheard.wording import day as written_day

RULE = "digest"
MOST_ITEMS = 5
# Of one person so many at most, so that a loud one does not fill the morning.
_MOST_OF_ONE = 2
_LONGEST = timedelta(days=7)
# A post may be said before the period and found in it, since sources are asked every hour or day; what was said longer
# before it is the past that a new source brings.
LATE = timedelta(days=2)
# Two texts as near as this are one happening: a release that ten sites printed, a post that was passed on.
_SAME = 90
_COMPARED = 500  # characters
_NAMED = 3  # sources that did not answer are named, so many


@dataclass(frozen=True, slots=True)
class Source:
    """A source, whether it answered when it was asked last, and the error in words if not.

    `silent`: it answers, and has had nothing new for longer than its own rhythm explains.
    """

    name: str
    answered: bool
    error: str = ""
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Digest:
    """What is told of [since, until) on the local day `day`."""

    day: date
    since: datetime
    until: datetime
    items: tuple[DeliveryItem, ...]
    notes: tuple[str, ...]
    subject: str


def digest_time(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a local day's digest, in UTC. A time that the clocks skip is an hour later on them."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def is_due(now: datetime, at: time, zone: ZoneInfo) -> date | None:
    """Return the local day whose digest is due at `now`; None before its time."""
    local = now.astimezone(zone)
    return local.date() if local.time() >= at else None


def period(day: date, at: time, zone: ZoneInfo, *, until: datetime, last: datetime | None) -> tuple[datetime, datetime]:
    """Return [since, until) of a digest: from the end of the `last` one's, else from a local day before; seven days at
    most."""
    since = digest_time(day - timedelta(days=1), at, zone) if last is None else last
    return min(max(since, until - _LONGEST), until), until


def belongs(incident: Incident, since: datetime, until: datetime) -> bool:
    """True where an incident was first heard in the period, is open, and was not said long before."""
    return (
        incident.status == "open" and since <= incident.mention.first_seen < until and said_at(incident) >= since - LATE
    )


def make_digest(
    day: date,
    since: datetime,
    until: datetime,
    *,
    incidents: Iterable[Incident],
    known: Mapping[str, Known],
    sources: Sequence[Source],
    locale: Locale,
    address: str,
    firm: str = "",
) -> Digest:
    """Return the digest of a period. `incidents` may hold others, which do not count; `address` as in `item_of`."""
    heard = [incident for incident in incidents if belongs(incident, since, until)]
    items = choose(heard, known, address, locale, since)
    whom = shown(firm, 60) or "you"
    began = since.astimezone(ZoneInfo(locale.time_zone)).date()
    when = "yesterday" if began >= day - timedelta(days=1) else written_day(began, locale)
    told = counted(len(items), "thing", "things", locale) if items else "Nothing"
    return Digest(
        day=day,
        since=since,
        until=until,
        items=items,
        notes=(_heard(heard, items, known, locale), _answered(sources, locale)),
        subject=f"{told} about {whom} since {when}",
    )


def choose(
    incidents: Sequence[Incident],
    known: Mapping[str, Known],
    address: str,
    locale: Locale,
    since: datetime | None = None,
) -> tuple[DeliveryItem, ...]:
    """Return the items of the at most five incidents with the highest scores; of equals the newest.

    `since` as in `score`. Of one happening (a thread, texts that are nearly the same) only the first, and at most two
    by one person.
    """
    scored = [(score(incident, known, locale, since), incident) for incident in incidents]
    order = sorted(
        ((points, incident) for points, incident in scored if points),
        key=lambda pair: (-_sum(pair[0]), -int(pair[1].k), pair[1].id),
    )
    chosen: list[Incident] = []
    items: list[DeliveryItem] = []
    by_person: dict[str, int] = {}
    for points, incident in order:
        if len(chosen) == MOST_ITEMS:
            break
        person = _person(incident)
        if by_person.get(person, 0) >= _MOST_OF_ONE or any(_is_same(incident, other) for other in chosen):
            continue
        if person:
            by_person[person] = by_person.get(person, 0) + 1
        chosen.append(incident)
        on = _on(incident, known)
        items.append(item_of(incident, on, address=address, why=(on.why,) if on else (), points=points))
    return tuple(items)


def _sum(points: Sequence[Points]) -> int:
    return sum(part.points for part in points)


def _on(incident: Incident, known: Mapping[str, Known]) -> Behind | None:
    return next(iter(behind(incident, known)), None)


def _person(incident: Incident) -> str:
    """Return who said it, or else whom it is about; "" where neither is known."""
    author = next((p.subject for p in incident.parties if p.role == "author"), "")
    actor = incident.mention.attributed_to
    if author or actor is None:
        return author or next((p.subject for p in incident.parties if p.outcome == "linked"), "")
    return f"{actor.platform}:{actor.preferred_username or actor.name}"


def _is_same(one: Incident, other: Incident) -> bool:
    a, b = one.mention, other.mention
    if a.in_reply_to and a.in_reply_to in (b.in_reply_to, b.url, b.native_id):
        return True
    if b.in_reply_to and b.in_reply_to in (a.url, a.native_id):
        return True
    return fuzz.token_sort_ratio(a.content[:_COMPARED] or a.name, b.content[:_COMPARED] or b.name) >= _SAME


def _heard(heard: Sequence[Incident], items: Sequence[DeliveryItem], known: Mapping[str, Known], locale: Locale) -> str:
    if not heard:
        return "Nothing was heard in this time."
    linked = sum(1 for incident in heard if ids_of(incident) & known.keys())
    posts, people = counted(len(heard), "post", "posts", locale), number(linked, locale)
    said = f"{posts} heard in this time, {people} on people and accounts that you know"
    more = len(heard) - len(items)
    return f"{said}; {number(more, locale)} more on the page." if items and more else f"{said}."


def _answered(sources: Sequence[Source], locale: Locale) -> str:
    if not sources:
        return "No source is set up that is asked by itself: add a feed to the settings."
    missing = [source for source in sources if not source.answered]
    answered = f"{counted(len(sources) - len(missing), 'source', 'sources', locale)} answered"
    quiet = [shown(source.name, 60) for source in sources if source.answered and source.silent]
    hush = f" Silent for longer than usual: {_some(quiet, locale)}." if quiet else ""
    if not missing:
        return f"{answered}.{hush}"
    named = [shown(s.name, 60) + (f" ({shown(s.error, 120)})" if s.error else "") for s in missing]
    return f"{answered}, {number(len(missing), locale)} did not: {_some(named, locale)}.{hush}"


def _some(names: Sequence[str], locale: Locale) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {number(len(names) - _NAMED, locale)} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
