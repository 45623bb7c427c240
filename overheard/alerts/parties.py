"""Who stands behind an incident, as the rules need it: contacts and accounts with their lifecycle tag. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from overheard.records import Incident, LifecycleTag, Party
from overheard.text import fold

OWN = ("own-company", "own-product")


@dataclass(frozen=True, slots=True)
class Known:
    """A contact or account of the CRM. `account` is the id of a contact's account, or "".

    `tag` is the current lifecycle tag, folded; "" for none. `first_contact` may be unknown.
    """

    id: str
    name: str = ""
    organisation: str = ""
    tag: str = ""
    account: str = ""
    first_contact: datetime | None = None


# Ids of contacts and accounts -> what is known of them; who is not in the CRM is left out.
Lookup = Callable[[Collection[str]], Mapping[str, Known]]


def current_tag(lifecycle: tuple[LifecycleTag, ...]) -> str:
    """Return the current lifecycle tag, folded; "" for none."""
    return fold(lifecycle[-1].tag).strip() if lifecycle else ""


class Behind(NamedTuple):
    """A linked party, the sentence that says why, who it is in the CRM, and the account of a contact, where known."""

    party: Party
    why: str
    who: Known
    firm: Known | None

    @property
    def tags(self) -> tuple[str, ...]:
        """The current tags of the person and of the firm, those that are there."""
        return tuple(tag for tag in (self.who.tag, self.firm.tag if self.firm else "") if tag)


def ids_of(incident: Incident) -> set[str]:
    """Return the ids of the contacts and accounts that an incident is linked to."""
    return {party.subject for party in incident.parties if party.outcome == "linked"}


def behind(incident: Incident, known: Mapping[str, Known]) -> list[Behind]:
    """Return the linked authors and mentioned contacts and accounts that are in the CRM; authors first, then surest."""
    employers = [p.subject for p in incident.parties if p.role == "employer" and p.outcome == "linked"]
    people = {
        p.subject
        for p in incident.parties
        if p.role != "employer" and p.outcome == "linked" and p.subject.startswith("con_")
    }
    found = []
    for at, party in enumerate(incident.parties):
        who = known.get(party.subject)
        if who is None or party.outcome != "linked" or party.role == "employer":
            continue
        # A contact who came a moment ago has no profile yet that names the account; the incident's one employer is it.
        sole = employers[0] if len(employers) == 1 and people == {party.subject} else ""
        why = incident.why[at] if at < len(incident.why) else ""
        found.append(Behind(party, why, who, known.get(who.account or sole)))
    return sorted(found, key=lambda b: (b.party.role != "author", -b.party.score, b.party.subject))


def said_at(incident: Incident) -> datetime:
    """Return when it was said: published, but never after it was first seen."""
    said = incident.mention
    return said.first_seen if said.published is None else min(said.published, said.first_seen)


def spelling(incident: Incident, term: str) -> str:
    """Return a watched term as the text spells it where it is first found; its id where it is not found."""
    for hit in incident.hits:
        if hit.term == term and (found := incident.mention.text[hit.start : hit.end].strip()):
            return found
    return term
