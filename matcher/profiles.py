"""Profiles: the crow's nest of one contact or account, computed from the links that it has. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal

from msgspec.structs import replace

from overheard.matcher.directory import Directory
from overheard.matcher.features.base import several
from overheard.records import Evidence, Identity, IncidentSummary, Profile, ProfileIdentity, Purchase

LAST = 20
WAITING = 10
DAYS = 90
# Holdings and purchases that are shown, the newest.
TRADE = 50
# An account of a hundred thousand people still has a bounded document.
PEOPLE = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """What the links of one subject come to. `groups`: (day, source, polarity, terms, number) of linked incidents."""

    groups: Sequence[tuple[str, str, str, str, int]] = ()
    candidates: int = 0
    first: datetime | None = None
    last: datetime | None = None


NOTHING = Counts()


def make_profile(
    subject: str,
    directory: Directory,
    claims: Sequence[Identity],
    counts: Counts = NOTHING,
    *,
    last: tuple[IncidentSummary, ...] = (),
    waiting: tuple[IncidentSummary, ...] = (),
    seen: dict[str, tuple[datetime, datetime]],
) -> Profile | None:
    """Return the profile of a contact or account, or None where there is none of that id.

    `claims` are its identities, `last` its newest linked incidents, `waiting` its best candidates; `seen` tells when
    each identity's key was first and last an author's.
    """
    contact = directory.contacts.get(subject)
    account = directory.accounts.get(subject)
    record = contact or account
    if record is None:
        return None
    by_day: Counter[str] = Counter()
    by_source: Counter[str] = Counter()
    by_polarity: Counter[str] = Counter()
    by_term: Counter[str] = Counter()
    tone_by_day: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for day, source, polarity, terms, number in counts.groups:
        by_day[day] += number
        by_source[source] += number
        by_polarity[polarity] += number
        tone_by_day[day][polarity] += number
        for term in terms.split("\n") if terms else ():
            by_term[term] += number
    by_month: Counter[str] = Counter()
    tone_by_month: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for day, number in by_day.items():
        by_month[day[:7]] += number
        tone_by_month[day[:7]] += tone_by_day[day]
    employer = directory.employer_of(contact) if contact else None
    holdings = directory.holdings_of(subject if account else employer.id if employer else "")
    purchases = directory.purchases_of(subject)
    return Profile(
        id=subject,
        k=last[0].k if last else "0",
        kind="contact" if contact else "account",
        external_ids=record.external_ids,
        name=record.name,
        emails=contact.emails if contact else (),
        phones=contact.phones if contact else (),
        organisation=contact.organisation if contact else "",
        title=contact.title if contact else "",
        place=record.place,
        domain=account.domain if account else "",
        owner=record.owner,
        account=employer.id if employer else "",
        people=directory.staff_of(account)[:PEOPLE] if account else (),
        lifecycle=record.lifecycle,
        identities=tuple(_identity(identity, directory, seen) for identity in claims),
        first_contact=counts.first,
        last_contact=counts.last,
        incidents=by_day.total(),
        candidates=counts.candidates,
        by_month=dict(sorted(by_month.items())),
        by_day=dict(sorted(by_day.items())[-DAYS:]),
        tone_by_month={month: dict(sorted(tones.items())) for month, tones in sorted(tone_by_month.items())},
        tone_by_day={day: dict(sorted(tones.items())) for day, tones in sorted(tone_by_day.items())[-DAYS:]},
        by_polarity=dict(sorted(by_polarity.items())),
        by_term=dict(sorted(by_term.items())),
        by_source=dict(sorted(by_source.items())),
        last=last,
        waiting=waiting,
        holdings=tuple(holdings[:TRADE]),
        holding_count=len(holdings),
        purchases=tuple(purchases[:TRADE]),
        purchase_count=len(purchases),
        purchase_totals=_totals(purchases),
    )


# Sums of amounts are exact: no purchase has digits enough to round.
_EXACT = Context(prec=200)


def _totals(purchases: Sequence[Purchase]) -> dict[str, str]:
    """Return what the purchases come to by currency, as decimal numbers in text; without those of no amount."""
    totals: dict[str, Decimal] = {}
    for one in purchases:
        if one.amount:
            totals[one.currency] = _EXACT.add(totals.get(one.currency, Decimal(0)), Decimal(one.amount))
    return {currency: f"{total:f}" for currency, total in sorted(totals.items())}


def _identity(identity: Identity, directory: Directory, seen: dict[str, tuple[datetime, datetime]]) -> ProfileIdentity:
    first, last = seen.get(identity.key, (None, None))
    decision = directory.decisions.on(identity.key, identity.subject)
    if decision is not None:
        evidence = [
            Evidence(feature="a person decided", weight=10.0, mention_value=decision.verb, crm_value=decision.by)
        ]
    else:
        evidence = [Evidence(feature="identity in the CRM", weight=6.0, crm_value=identity.value)]
    others = [owner for owner in directory.owners(identity.key) if owner != identity.subject]
    if others:
        names = several([directory.name_of(other) or other for other in others[:4]])
        evidence.append(Evidence(feature="claimed by others too", weight=-5.0, crm_value=names))
    return ProfileIdentity(
        identity=replace(identity, first_seen=first, last_seen=last),
        evidence=tuple(evidence),
    )
