"""The first alert: a customer complains. Pure.

Told at once is a post that is heard live, open, written by a linked contact or account, where the person or their firm
is a customer now, and that complains of one's own company or product, or is negative toward it, with at least the
confidence of the settings. A lost customer is not told at once: that is a lead, and the digest has it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from overheard.alerts.items import item_of
from overheard.alerts.parties import OWN, Behind, Known, behind, said_at, spelling
from overheard.records import Cause, DeliveryItem, Incident, Intent, TargetSentiment

RULE = "complaint"
CUSTOMER = "customer"
# What is found late is for the digest. It also keeps a post from being told anew when its old alert has left the log.
FRESH = timedelta(days=7)


class Complaint(NamedTuple):
    """Who complains, and the surest place that shows it: a complaint, else what is negative."""

    who: Behind
    about: Intent | TargetSentiment


def complaint(
    incident: Incident, cause: Cause, made: datetime, known: Mapping[str, Known], bar: float
) -> Complaint | None:
    """Return the complaint that an incident is, or None.

    `cause` and `made` are its event's; `known` has who it is linked to; `bar` in [0, 1], 1 is never.
    """
    if bar >= 1 or cause != "live" or incident.status != "open" or made - said_at(incident) > FRESH:
        return None
    own = {hit.term for hit in incident.hits if hit.kind in OWN}
    complaints = [i for i in incident.intents if i.label == "complaint" and i.target in own and i.confidence >= bar]
    negative = [t for t in incident.targets if t.target in own and t.polarity == "negative" and t.confidence >= bar]
    authors = [b for b in behind(incident, known) if b.party.role == "author" and CUSTOMER in b.tags]
    found: Sequence[Intent | TargetSentiment] = complaints or negative
    if not found or not authors:
        return None
    return Complaint(authors[0], max(found, key=lambda one: (one.confidence, one.target, -one.start)))


def complaint_item(incident: Incident, found: Complaint, address: str) -> DeliveryItem:
    """Return the item that tells a complaint."""
    who, firm = found.who.who, found.who.firm
    name = who.name or who.id
    if who.tag == CUSTOMER:
        standing = f"{name} is a customer"
    else:
        at = firm.name if firm and firm.name else "the firm"
        standing = f"{name} is at {at}, a customer" + (f"; the person is a {who.tag}" if who.tag else "")
    clause = incident.mention.text[found.about.start : found.about.end]
    does = "complains of" if isinstance(found.about, Intent) else "negative toward"
    toward = (
        f"{does} {spelling(incident, found.about.target)}, confidence {found.about.confidence:.0%}"
        f"{f': “{clause}”' if clause.strip() else ''}"
    )
    why = (standing, toward, found.who.why)
    return item_of(incident, found.who, address=address, why=why, target=found.about.target)
