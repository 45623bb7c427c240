"""Profiles: the crow's nest of one contact or account, computed from the links that it has. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal
from typing import TypeVar

from overheard.identities import normal_email
from overheard.matcher.identity.directory import Directory
from overheard.records import (
    Account,
    Activities,
    Contact,
    Holding,
    IncidentSummary,
    LifecycleTag,
    Profile,
    ProfileIdentity,
    Purchase,
)

LAST = 20
WAITING = 10
DAYS = 90
# Holdings and purchases that are shown, the newest.
TRADE = 50
# A person of ten thousand identities still has a bounded document.
IDENTITIES = 500
# An account of a hundred thousand people still has a bounded document.
PEOPLE = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """What the links of one subject come to.

    `groups`: (day, source, polarity, terms, intents, number) of linked incidents that are public; terms and intents by
    newlines. `activities` are the others, by channel. All else is of both.
    """

    groups: Sequence[tuple[str, str, str, str, str, int]] = ()
    activities: Mapping[str, Activities] = field(default_factory=dict)
    candidates: int = 0
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a profile tells of the incidents of one person or account.

    `last` are its newest linked incidents, `waiting` its best candidates.
    """

    counts: Counts = field(default_factory=Counts)
    last: tuple[IncidentSummary, ...] = ()
    waiting: tuple[IncidentSummary, ...] = ()


def make_profile(
    ids: Sequence[str],
    directory: Directory,
    identities: Sequence[ProfileIdentity],
    told: Told,
    *,
    identity_count: int,
    conflicts: tuple[str, ...] = (),
) -> Profile | None:
    """Return the profile of the records of one person or account, the first its own; None where none is known.

    Of what a record has once, the first that has any tells it; of what it has many of, all have all. `identities` are
    those shown of its map, of `identity_count`; `conflicts` decisions that contradict each other, in words.
    """
    people = [directory.contacts[id_] for id_ in ids if id_ in directory.contacts]
    firms = [directory.accounts[id_] for id_ in ids if id_ in directory.accounts]
    records: list[Contact | Account] = [*people, *firms]
    if not records:
        return None
    by_day: Counter[str] = Counter()
    by_source: Counter[str] = Counter()
    by_polarity: Counter[str] = Counter()
    by_term: Counter[str] = Counter()
    tone_by_day: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_intent: Counter[str] = Counter()
    intents_by_month: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for day, source, polarity, terms, intents, number in told.counts.groups:
        by_day[day] += number
        by_source[source] += number
        by_polarity[polarity] += number
        tone_by_day[day][polarity] += number
        for term in terms.split("\n") if terms else ():
            by_term[term] += number
        for intent in intents.split("\n") if intents else ():
            by_intent[intent] += number
            intents_by_month[day[:7]][intent] += number
    by_month: Counter[str] = Counter()
    tone_by_month: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for day, number in by_day.items():
        by_month[day[:7]] += number
        tone_by_month[day[:7]] += tone_by_day[day]
    employers = list(dict.fromkeys(one.id for person in people if (one := directory.employer_of(person))))
    holdings = _newest(one for id_ in (*(firm.id for firm in firms), *employers) for one in directory.holdings_of(id_))
    purchases = _newest(one for id_ in ids for one in directory.purchases_of(id_))
    return Profile(
        id=records[0].id,
        k=told.last[0].k if told.last else "0",
        kind="contact" if people else "account",
        ids=tuple(record.id for record in records) if len(records) > 1 else (),
        external_ids=_all(record.external_ids for record in records),
        name=(name := _first(record.name for record in records)),
        names=tuple(dict.fromkeys(record.name for record in records if record.name not in ("", name))),
        emails=_addresses(people),
        phones=_all(one.phones for one in people),
        organisation=_first(one.organisation for one in people),
        title=_first(one.title for one in people),
        place=_first(record.place for record in records),
        domain=_first(one.domain for one in firms),
        owner=_first(record.owner for record in records),
        account=_first(employers),
        people=_all(directory.staff_of(firm) for firm in firms)[:PEOPLE],
        lifecycle=_lifecycle(records),
        identities=tuple(identities),
        identity_count=identity_count,
        conflicts=conflicts,
        locked=directory.person(records[0].id).locked,
        first_contact=told.counts.first,
        last_contact=told.counts.last,
        incidents=by_day.total(),
        activities=dict(told.counts.activities),
        candidates=told.counts.candidates,
        by_month=dict(sorted(by_month.items())),
        by_day=dict(sorted(by_day.items())[-DAYS:]),
        tone_by_month={month: dict(sorted(tones.items())) for month, tones in sorted(tone_by_month.items())},
        tone_by_day={day: dict(sorted(tones.items())) for day, tones in sorted(tone_by_day.items())[-DAYS:]},
        intents_by_month={month: dict(sorted(found.items())) for month, found in sorted(intents_by_month.items())},
        by_polarity=dict(sorted(by_polarity.items())),
        by_intent=dict(sorted(by_intent.items())),
        by_term=dict(sorted(by_term.items())),
        by_source=dict(sorted(by_source.items())),
        last=told.last,
        waiting=told.waiting,
        holdings=tuple(holdings[:TRADE]),
        holding_count=len(holdings),
        purchases=tuple(purchases[:TRADE]),
        purchase_count=len(purchases),
        purchase_totals=_totals(purchases),
    )


T = TypeVar("T")
D = TypeVar("D", Holding, Purchase)


def _first(values: Iterable[str]) -> str:
    """Return the first that is not empty, or ""."""
    return next((value for value in values if value), "")


def _all(values: Iterable[Iterable[T]]) -> tuple[T, ...]:
    """Return all of them, each once, in order."""
    return tuple(dict.fromkeys(one for several in values for one in several))


def _addresses(people: Iterable[Contact]) -> tuple[str, ...]:
    """Return the e-mail addresses of all, each as the first has it: in capitals it is the same mailbox."""
    found: dict[str, str] = {}
    for address in _all(one.emails for one in people):
        found.setdefault(normal_email(address) or address, address)
    return tuple(found.values())


def _lifecycle(records: Sequence[Contact | Account]) -> tuple[LifecycleTag, ...]:
    """Return the tags of all records; of several records, by date, undated ones first: the last is the current one."""
    if len(records) == 1:
        return records[0].lifecycle
    tags = _all(record.lifecycle for record in records)
    return tuple(sorted(tags, key=lambda tag: (tag.since or date.min, tag.tag)))


def _newest(trade: Iterable[D]) -> list[D]:
    """Return holdings or purchases once each, newest first, undated ones last."""
    found = {one.id: one for one in trade}
    return sorted(found.values(), key=lambda one: (-(_date(one) or date.min).toordinal(), one.id))


def _date(one: Holding | Purchase) -> date | None:
    return one.since if isinstance(one, Holding) else one.at


# Sums of amounts are exact: no purchase has digits enough to round.
_EXACT = Context(prec=200)


def _totals(purchases: Sequence[Purchase]) -> dict[str, str]:
    """Return what the purchases come to by currency, as decimal numbers in text; without those of no amount."""
    totals: dict[str, Decimal] = {}
    for one in purchases:
        if one.amount:
            totals[one.currency] = _EXACT.add(totals.get(one.currency, Decimal(0)), Decimal(one.amount))
    return {currency: f"{total:f}" for currency, total in sorted(totals.items())}
