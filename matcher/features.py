"""The evidence for and against a link: a list of weighted features, each a small function.

A feature looks at one possible link and returns what it compared, or None where it has nothing to say. To add one
(a nickname, a transliteration, a product that they hold), write the function and put a line in the list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from overheard.matcher.names import PersonName, Sighting, Text, tokens
from overheard.matcher.organisations import employer_domain, find_organisation, organisation_phrases, site_domain
from overheard.matcher.rarity import expected_bearers
from overheard.records import Account, Contact, EnrichedMention, Evidence
from overheard.text import fold

# At most so many people of a name may be expected for it to be called rare (`rarity`).
RARE = 1.0
# From so many on it is common: in any text it is more often another's.
COMMON = 1_000.0
# A title counts as said of somebody within so many words of the name: "Steve Bannon, the executive chairman of ...".
_TITLE_DISTANCE = 5


class Found(NamedTuple):
    """What a feature compared. [start, end) as in `Evidence`; `scale` multiplies the feature's weight."""

    mention_value: str
    crm_value: str
    start: int = -1
    end: int = -1
    scale: float = 1.0


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


@dataclass(frozen=True, slots=True)
class AccountCase:
    """An account's name in a mention's text, its first token at `at`, as `phrase`.

    `rivals` are other accounts of that name, four at most; `within_person` is the contact's name that it is a part
    of, or "".
    """

    mention: EnrichedMention
    text: Text
    account: Account
    phrase: tuple[str, ...]
    at: int
    rivals: tuple[Account, ...] = ()
    within_person: str = ""

    @property
    def span(self) -> tuple[int, int]:
        """[start, end) of the name in the text."""
        return self.text.span(self.at, self.at + len(self.phrase) - 1)


C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Feature(Generic[C]):
    """A function, what its finding weighs, and what that does.

    `corroborates`: a fact beside the name. `veto`: rules a link out whatever else is found.
    """

    weight: float
    find: Callable[[C], Found | None]
    corroborates: bool = False
    veto: bool = False

    @property
    def name(self) -> str:
        """The function's name, in words."""
        return self.find.__name__.replace("_", " ")


def gather(features: Sequence[Feature[C]], case: C) -> list[Evidence]:
    """Return the evidence that the features find in a case, in the order of the list."""
    found = ((feature, feature.find(case)) for feature in features)
    return [
        Evidence(
            feature=feature.name,
            weight=round(feature.weight * one.scale, 3),
            mention_value=one.mention_value,
            crm_value=one.crm_value,
            start=one.start,
            end=one.end,
            veto=feature.veto,
        )
        for feature, one in found
        if one is not None
    ]


# --- a contact's full name in a text ---------------------------------------------------------------------------------


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
    return _at(case, f"also {several([_reference(contact) for contact in case.rivals])}")


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


# --- an account's name in a text -------------------------------------------------------------------------------------


def name_in_text(case: AccountCase) -> Found:
    """The account's name stands in the text, without its legal form."""
    return _account_at(case, case.account.name)


def several_words(case: AccountCase) -> Found | None:
    """The name has more than one word, and so is hardly a word of the language."""
    return _account_at(case, case.account.name) if len(case.phrase) > 1 else None


def without_capitals(case: AccountCase) -> Found | None:
    """Against: the CRM writes the name with a capital, and the text does not."""
    start, _ = case.span
    upper = next((char.isupper() for char in case.account.name if char.lower() != char.upper()), False)
    return _account_at(case, case.account.name) if upper and case.text.original[start].islower() else None


def capitals_within_a_sentence(case: AccountCase) -> Found | None:
    """The name has its capital where nothing else asks for one."""
    return _account_at(case, case.account.name) if _has_telling_capital(case.text, case.span) else None


def watched_term(case: AccountCase) -> Found | None:
    """The place is a hit of a watched company's term: the user said that this word means a company."""
    start, end = case.span
    for hit in case.mention.hits:
        if hit.start < end and start < hit.end and hit.kind != "category":
            return Found(case.text.original[hit.start : hit.end], hit.term, hit.start, hit.end)
    return None


def organisation_entity(case: AccountCase) -> Found | None:
    """The entity recogniser sees an organisation there."""
    return _account_entity(case, ("organisation",))


def person_or_place_entity(case: AccountCase) -> Found | None:
    """Against: the entity recogniser sees a person or a place there, and no organisation."""
    return None if _account_entity(case, ("organisation",)) else _account_entity(case, ("person", "place"))


def part_of_a_person(case: AccountCase) -> Found | None:
    """Against: the place is a part of a contact's full name."""
    return _account_at(case, case.within_person) if case.within_person else None


def site_linked(case: AccountCase) -> Found | None:
    """The text links to the account's site as well."""
    domain = site_domain(case.account.domain)
    return domain_in(case.mention, case.text, domain) if domain else None


def rival_account(case: AccountCase) -> Found | None:
    """Against: another account has the same name."""
    if not case.rivals:
        return None
    return _account_at(case, f"also {several([_reference(account) for account in case.rivals])}")


ACCOUNT_FEATURES: tuple[Feature[AccountCase], ...] = (
    Feature(1.5, name_in_text),
    Feature(2.0, several_words),
    Feature(-1.0, without_capitals),
    Feature(0.7, capitals_within_a_sentence),
    Feature(2.5, watched_term),
    Feature(2.0, organisation_entity),
    Feature(-2.0, person_or_place_entity),
    Feature(-2.5, part_of_a_person),
    Feature(3.0, site_linked),
    Feature(-2.0, rival_account),
)


# --- what several of them use ----------------------------------------------------------------------------------------


def several(names: Sequence[str]) -> str:
    """Return the first three of some names, and whether there are more: a thousand would help nobody."""
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")


def domain_in(mention: EnrichedMention, text: Text, domain: str) -> Found | None:
    """Return where a mention links to a registrable domain or writes it, or None."""
    for link in mention.mention.links:
        if site_domain(link) == domain:
            return Found(link, domain)
    phrase = tuple(tokens(domain))
    for at in text.find(phrase):
        start, end = text.span(at, at + len(phrase) - 1)
        if fold(text.original[start:end]) == domain:
            return Found(text.original[start:end], domain, start, end)
    return None


def _at(case: PersonCase, crm_value: str) -> Found:
    start, end = case.sighting.start, case.sighting.end
    return Found(case.text.original[start:end], crm_value, start, end)


def _account_at(case: AccountCase, crm_value: str) -> Found:
    start, end = case.span
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


def _has_telling_capital(text: Text, span: tuple[int, int], *names: tuple[int, int]) -> bool:
    """True where a word has a capital that neither the beginning of a sentence nor a headline asks for.

    `names` are spans that have theirs anyway, and so make no headline.
    """
    before = text.original[max(span[0] - 40, 0) : span[0]].rstrip(" \t")
    if not before or before[-1] in '.!?:\n"“•*' or not text.original[span[0]].isupper():
        return False
    return not (text.has_title_case_without(span, *names) if names else text.has_title_case)


def _is_seen_as_firm(case: PersonCase, start: int, end: int) -> bool:
    """True where a capital, the entity recogniser or a watched company's term says that a word names a firm."""
    if _has_telling_capital(case.text, (start, end), (case.sighting.start, case.sighting.end)):
        return True
    if _overlapping(case.mention, case.text, ("organisation",), (start, end), ""):
        return True
    return any(hit.start < end and start < hit.end and hit.kind != "category" for hit in case.mention.hits)


def _entity(case: PersonCase, labels: Sequence[str]) -> Found | None:
    return _overlapping(case.mention, case.text, labels, (case.sighting.start, case.sighting.end), case.contact.name)


def _account_entity(case: AccountCase, labels: Sequence[str]) -> Found | None:
    return _overlapping(case.mention, case.text, labels, case.span, case.account.name)


def _overlapping(
    mention: EnrichedMention, text: Text, labels: Sequence[str], span: tuple[int, int], crm_value: str
) -> Found | None:
    start, end = span
    for entity in mention.entities:
        if entity.label in labels and entity.start < end and start < entity.end:
            return Found(text.original[entity.start : entity.end], crm_value, entity.start, entity.end)
    return None


def _agree(written: Sequence[str], known: Sequence[str]) -> bool:
    """True where each written middle name is one of the known, or one is the other's initial."""
    return all(any(a == b or (1 in (len(a), len(b)) and a[0] == b[0]) for b in known) for a in written)


def _reference(record: Contact | Account) -> str:
    return record.external_ids[0].value if record.external_ids else record.id
