"""Evidence that a contact's full name in a text is that contact."""

from collections.abc import Sequence
from dataclasses import dataclass

from overheard.matcher.features.base import (
    Feature,
    Found,
    domain_in,
    has_telling_capital,
    overlapping,
    reference,
    several,
)
from overheard.matcher.names import PersonName, Sighting, Text, tokens
from overheard.matcher.organisations import employer_domain, find_organisation, organisation_phrases, site_domain
from overheard.matcher.rarity import expected_bearers
from overheard.records import Account, Contact, EnrichedMention
from overheard.text import fold

# At most so many people of a name may be expected for it to be called rare (`rarity`).
RARE = 1.0
# From so many on it is common: in any text it is more often another's.
COMMON = 1_000.0
# A title counts as said of somebody within so many words of the name: "Steve Bannon, the executive chairman of ...".
_TITLE_DISTANCE = 5


@dataclass(frozen=True, slots=True)
class PersonCase:
    """A contact's full name at one place of a mention's text.

    `rivals` are other contacts with as good a claim, four at most; `firm` is an account of that very name, or "".
    """

    mention: EnrichedMention
    text: Text
    sighting: Sighting
    contact: Contact
    name: PersonName
    employer: Account | None
    rivals: tuple[Contact, ...] = ()
    firm: str = ""


def full_name(case: PersonCase) -> Found:
    """The contact's given and family name stand together in the text."""
    return _at(case, case.contact.name)


def lower_case(case: PersonCase) -> Found | None:
    """Against: the name is written without capitals, as words would be."""
    return _at(case, case.contact.name) if case.sighting.case == "lower" else None


def rare_name(case: PersonCase) -> Found | None:
    """So few people bear the name that it is hardly another: at most one expected in the table of `rarity`."""
    bearers = expected_bearers(case.name)
    if bearers is None or bearers > RARE or case.sighting.case == "lower":
        return None
    return _at(case, f"about {bearers:.1g} bearers expected")


def common_name(case: PersonCase) -> Found | None:
    """Against: more than a thousand people are expected to bear the name in the table of `rarity`."""
    bearers = expected_bearers(case.name)
    return _at(case, f"about {bearers:,.0f} bearers expected") if bearers is not None and bearers > COMMON else None


def only_initials(case: PersonCase) -> Found | None:
    """Against: the CRM knows no given name, only initials, which many people of the family name share."""
    return _at(case, case.contact.name) if case.name.initials else None


def family_name_first(case: PersonCase) -> Found | None:
    """Against: the family name stands first, as in a list, where two people's names may meet."""
    return _at(case, case.contact.name) if case.sighting.inverted and not case.name.initials else None


def same_middle_name(case: PersonCase) -> Found | None:
    """The middle name or initial in the text agrees with the CRM's."""
    known = [token for word in case.name.middle for token in word]
    written = case.sighting.middle
    return _at(case, case.contact.name) if known and written and _agree(written, known) else None


def other_middle_name(case: PersonCase) -> Found | None:
    """Veto: the text has a middle name or initial that contradicts the CRM's."""
    known = [token for word in case.name.middle for token in word]
    written = case.sighting.middle
    return _at(case, case.contact.name) if known and written and not _agree(written, known) else None


def longer_name(case: PersonCase) -> Found | None:
    """Veto: the name is a part of a longer one, a place's, a firm's or a Jr.'s."""
    if not case.sighting.longer:
        return None
    return Found(case.sighting.longer, case.contact.name, case.sighting.start, case.sighting.end)


def generation_missing(case: PersonCase) -> Found | None:
    """Against: the CRM says Jr. or III, and the text does not."""
    after = case.text.tokens[case.sighting.last + 1 : case.sighting.last + 2]
    return _at(case, case.contact.name) if case.name.generation and after != [case.name.generation] else None


def firm_of_that_name(case: PersonCase) -> Found | None:
    """Against: a watched company or an account goes by the same name, as John Deere and Charles Schwab do."""
    start, end = case.sighting.start, case.sighting.end
    for hit in case.mention.hits:
        if hit.start <= start and end <= hit.end and hit.kind != "category":
            return _at(case, hit.term)
    return _at(case, case.firm) if case.firm else None


def employer_named(case: PersonCase) -> Found | None:
    """The organisation that the CRM has for the contact is named elsewhere in the same text.

    A single word counts half where its capital tells nothing and nobody sees a firm there: "Square dances, said ...".
    """
    names = [case.contact.organisation, case.employer.name if case.employer else ""]
    for name in dict.fromkeys(names):
        for phrase in organisation_phrases(name):
            if place := _elsewhere(case, phrase, find_organisation(case.text, name, phrase)):
                sure = len(phrase) > 1 or _is_seen_as_firm(case, *place)
                return Found(case.text.original[slice(*place)], name, *place, scale=1.0 if sure else 0.5)
    return None


def domain_linked(case: PersonCase) -> Found | None:
    """The text links to, or writes, the domain of the contact's e-mail address or employer."""
    domains = [employer_domain(email) for email in case.contact.emails]
    domains += [site_domain(url) for url in case.contact.urls]
    domains += [site_domain(case.employer.domain)] if case.employer else []
    for domain in dict.fromkeys(domains):
        if domain and (found := domain_in(case.mention, case.text, domain)):
            return found
    return None


def title_named(case: PersonCase) -> Found | None:
    """The contact's title stands within a few words of the name; one word ("Director") counts half."""
    phrase = tuple(tokens(fold(case.contact.title)))
    for at in case.text.find(phrase):
        last = at + len(phrase) - 1
        if 0 <= case.sighting.first - last - 1 < _TITLE_DISTANCE or 0 <= at - case.sighting.last - 1 < _TITLE_DISTANCE:
            place = case.text.span(at, last)
            scale = 1.0 if len(phrase) > 1 else 0.5
            return Found(case.text.original[slice(*place)], case.contact.title, *place, scale=scale)
    return None


def place_named(case: PersonCase) -> Found | None:
    """The contact's place is named elsewhere in the same text."""
    phrase = tuple(tokens(fold(case.contact.place)))
    if phrase and (place := _elsewhere(case, phrase, case.text.find(phrase))):
        return Found(case.text.original[slice(*place)], case.contact.place, *place)
    return None


def person_entity(case: PersonCase) -> Found | None:
    """The entity recogniser sees a person there."""
    return _entity(case, ("person",))


def other_entity(case: PersonCase) -> Found | None:
    """Against: the entity recogniser sees an organisation or a place there, and no person."""
    return None if _entity(case, ("person",)) else _entity(case, ("organisation", "place"))


def rival(case: PersonCase) -> Found | None:
    """Against: another contact bears the same name and has as good a claim to this place."""
    if not case.rivals:
        return None
    return _at(case, f"also {several([reference(contact) for contact in case.rivals])}")


PERSON_FEATURES: tuple[Feature[PersonCase], ...] = (
    Feature(1.0, full_name),
    Feature(-1.5, lower_case),
    Feature(3.0, rare_name),
    Feature(-1.0, common_name),
    Feature(-1.5, only_initials),
    Feature(-0.5, family_name_first),
    Feature(1.5, same_middle_name),
    Feature(-3.0, other_middle_name, veto=True),
    Feature(-3.0, longer_name, veto=True),
    Feature(-1.0, generation_missing),
    Feature(-2.0, firm_of_that_name),
    Feature(3.0, employer_named, corroborates=True),
    Feature(3.0, domain_linked, corroborates=True),
    Feature(2.0, title_named, corroborates=True),
    Feature(1.5, place_named, corroborates=True),
    Feature(0.3, person_entity),
    Feature(-1.5, other_entity),
    Feature(-2.0, rival),
)
CORROBORATING = frozenset(feature.name for feature in PERSON_FEATURES if feature.corroborates)


def _at(case: PersonCase, crm_value: str) -> Found:
    start, end = case.sighting.start, case.sighting.end
    return Found(case.text.original[start:end], crm_value, start, end)


def _elsewhere(case: PersonCase, phrase: tuple[str, ...], places: Sequence[int]) -> tuple[int, int] | None:
    """Return the first of the places of a phrase that is not the name itself; a single word must have its capital."""
    for at in places:
        last = at + len(phrase) - 1
        if at <= case.sighting.last and case.sighting.first <= last:
            continue
        start, end = case.text.span(at, last)
        if len(phrase) > 1 or not case.text.original[start].islower():
            return start, end
    return None


def _is_seen_as_firm(case: PersonCase, start: int, end: int) -> bool:
    """True where a capital, the entity recogniser or a watched company's term says that a word names a firm."""
    if has_telling_capital(case.text, (start, end), (case.sighting.start, case.sighting.end)):
        return True
    if overlapping(case.mention, case.text, ("organisation",), (start, end), ""):
        return True
    return any(hit.start < end and start < hit.end and hit.kind != "category" for hit in case.mention.hits)


def _entity(case: PersonCase, labels: Sequence[str]) -> Found | None:
    return overlapping(case.mention, case.text, labels, (case.sighting.start, case.sighting.end), case.contact.name)


def _agree(written: Sequence[str], known: Sequence[str]) -> bool:
    """True where each written middle name is one of the known, or one is the other's initial."""
    return all(any(a == b or (1 in (len(a), len(b)) and a[0] == b[0]) for b in known) for a in written)
