"""Evidence that an author whom no record names is a contact: what the profile says, beside what the CRM has.

None of it proves anything alone. A name and a handle are taken by others too; what a profile says, its owner typed.
"""

import re
from dataclasses import dataclass

from overheard.identities import handle_stem, normal_email, normal_phone
from overheard.matcher.features.base import Feature, Found, reference, several
from overheard.matcher.names.organisations import (
    employer_domain,
    find_across_scripts,
    find_organisation,
    organisation_key,
    organisation_phrases,
    site_domain,
)
from overheard.matcher.names.person import PersonName
from overheard.matcher.names.rarity import expected_bearers
from overheard.matcher.names.sightings import Sighting
from overheard.matcher.names.spelling import Level
from overheard.matcher.names.text import Text, tokens
from overheard.records import Account, Actor, Contact
from overheard.text import fold
from overheard.urls import canonical_url

# As of names in texts (`features.person`).
_RARE = 1.0
_COMMON = 1_000.0
# From so many characters on a handle is its owner's own; below five it tells nothing.
_OWN = 12
_NOTHING = 4
# What a full name says in another spelling, beside one that is spelled as the CRM has it.
_LIKENESS: dict[Level, float] = {"spelling": 0.9, "nickname": 0.8, "typo": 0.5, "initial": 0.3, "different": 0.0}
# What says that a job is over, within so many words before the firm's name: "ex-Acme", "formerly at Acme".
_FORMER = frozenset({"ex", "former", "formerly", "previously", "prev", "past", "was", "retired", "alum", "alumni"})
_FORMER_DISTANCE = 4
# What stands before the name of whom somebody works for.
_EMPLOYED = re.compile(r"(?:\bat|@|\bfor|\bwith|\bof)[ \t]*$", re.IGNORECASE)
_WORKS_AT = re.compile(r"(?:\bat[ \t]+|@[ \t]?)((?:[A-Z][\w&'.-]*)(?:[ \t]+(?:&|[A-Z][\w&'.-]*)){0,3})")


@dataclass(frozen=True, slots=True)
class AuthorCase:
    """An author's profile beside a contact.

    `text` is the profile's name, a newline and its bio. `sighting` is the contact's full name in the profile's name;
    None where it does not stand there. `keys` are the author's identities, `handles` the keys of the contact's own
    handles. `firms` are the accounts named in the bio, each with the position of its name's first and last token.
    `beside` is another account that the contact has on this platform, or "". `rivals` are other contacts with as good
    a claim, four at most.
    """

    actor: Actor
    text: Text
    contact: Contact
    name: PersonName | None
    sighting: Sighting | None
    keys: tuple[str, ...]
    handles: tuple[str, ...]
    employer: Account | None
    firms: tuple[tuple[Account, int, int], ...] = ()
    beside: str = ""
    rivals: tuple[Contact, ...] = ()


def display_name(case: AuthorCase) -> Found | None:
    """The profile bears the contact's full name; another spelling, a short form or an initial says less."""
    if not case.sighting:
        return None
    return Found(_name(case), case.contact.name, scale=_LIKENESS.get(case.sighting.level, 1.0))


def rare_display_name(case: AuthorCase) -> Found | None:
    """At most one bearer of the name is expected in the table of `rarity`."""
    bearers = _bearers(case)
    if bearers is None or bearers > _RARE:
        return None
    return Found(_name(case), f"about {bearers:.1g} bearers expected")


def common_display_name(case: AuthorCase) -> Found | None:
    """Against: more than a thousand bearers of the name are expected in the table of `rarity`."""
    bearers = _bearers(case)
    if bearers is None or bearers <= _COMMON:
        return None
    return Found(_name(case), f"about {bearers:,.0f} bearers expected")


def other_middle_name(case: AuthorCase) -> Found | None:
    """Veto: the profile has a middle name or initial that contradicts the CRM's."""
    if not case.sighting or not case.name:
        return None
    known = [token for word in case.name.middle for token in word]
    written = case.sighting.middle
    agree = all(any(a == b or (1 in (len(a), len(b)) and a[0] == b[0]) for b in known) for a in written)
    return Found(_name(case), case.contact.name) if known and written and not agree else None


def longer_name(case: AuthorCase) -> Found | None:
    """Veto: the contact's name is a part of the profile's longer one, of a double surname or a Jr.'s."""
    return Found(case.sighting.longer, case.contact.name) if case.sighting and case.sighting.longer else None


def same_handle(case: AuthorCase) -> Found | None:
    """The contact has this handle on another platform; the shorter it is, and the more a mere name, the less it says.

    Separators do not count, as platforms differ in those that they allow.
    """
    for key in case.keys:
        stem = handle_stem(key)
        for own in case.handles:
            if stem and stem == handle_stem(own) and _plain(key) == _plain(own):
                return Found(key, own, scale=_distinctive(stem, case.contact))
    return None


def look_alike_handle(case: AuthorCase) -> Found | None:
    """Against: the handle differs from one of the contact's only by letters of another script that look alike."""
    for key in case.keys:
        stem = handle_stem(key)
        for own in case.handles:
            if stem and stem == handle_stem(own) and _plain(key) != _plain(own):
                return Found(key, own)
    return None


def same_unverified_address(case: AuthorCase) -> Found | None:
    """The profile names an e-mail address of the contact, which its owner merely typed."""
    address = normal_email(case.actor.email)
    known = {normal_email(email) for email in case.contact.emails} - {""}
    return Found(address, address) if address in known else None


def same_unverified_number(case: AuthorCase) -> Found | None:
    """The author gives a telephone number of the contact, which anybody could have typed."""
    number = normal_phone(case.actor.phone) if case.actor.phone else ""
    known = {normal_phone(phone) for phone in case.contact.phones} - {""}
    return Found(number, number) if number in known else None


def employer_in_bio(case: AuthorCase) -> Found | None:
    """The profile names the organisation that the CRM has for the contact; as a former one it counts half."""
    for name in dict.fromkeys((case.contact.organisation, case.employer.name if case.employer else "")):
        for phrase in organisation_phrases(name):
            for at in find_organisation(case.text, name, phrase):
                last = at + len(phrase) - 1
                if case.sighting and at <= case.sighting.last and case.sighting.first <= last:
                    continue
                scale = 0.5 if _is_former(case.text, at) else 1.0
                return Found(_spelled(case, at, last), name, scale=scale)
        for at, last in find_across_scripts(case.text, name):
            if not case.sighting or last < case.sighting.first or case.sighting.last < at:
                return Found(_spelled(case, at, last), name, scale=0.5 if _is_former(case.text, at) else 1.0)
    return None


def title_in_bio(case: AuthorCase) -> Found | None:
    """The profile names the contact's title; one word ("Director") counts half."""
    phrase = tuple(tokens(fold(case.contact.title)))
    for at in case.text.find(phrase) if phrase else ():
        return Found(
            _spelled(case, at, at + len(phrase) - 1), case.contact.title, scale=1.0 if len(phrase) > 1 else 0.5
        )
    return None


def place_in_bio(case: AuthorCase) -> Found | None:
    """The profile names the contact's place."""
    phrase = tuple(tokens(fold(case.contact.place)))
    for at in case.text.find(phrase) if phrase else ():
        last = at + len(phrase) - 1
        if not (case.sighting and at <= case.sighting.last and case.sighting.first <= last):
            return Found(_spelled(case, at, last), case.contact.place)
    return None


def site_of_employer_linked(case: AuthorCase) -> Found | None:
    """The profile links to the domain of the contact's employer."""
    domains = _domains(case)
    for url in (case.actor.url, *(link.url for link in case.actor.links)):
        if url and (domain := site_domain(url)) in domains:
            return Found(url, domain)
    return None


def own_site_linked(case: AuthorCase) -> Found | None:
    """The profile links to a site that the CRM names for the contact; that it links back was not seen."""
    known = {canonical_url(url) for url in case.contact.urls} - {""}
    for url in (case.actor.url, *(link.url for link in case.actor.links)):
        if (page := canonical_url(url)) in known:
            return Found(url, page)
    return None


def address_at_employer(case: AuthorCase) -> Found | None:
    """The profile's e-mail address is at the domain of the contact's employer; not verified, it counts half."""
    address = normal_email(case.actor.email)
    if not address or (domain := employer_domain(address)) not in _domains(case):
        return None
    return Found(address, domain, scale=1.0 if case.actor.email_verified else 0.5)


def another_employer(case: AuthorCase) -> Found | None:
    """Veto: the profile names another account as the employer of today, and the contact's own not at all."""
    if not case.contact.organisation or employer_in_bio(case):
        return None
    own = case.employer.id if case.employer else ""
    for account, first, last in case.firms:
        if account.id != own and _is_employed_at(case.text, first) and not _is_former(case.text, first):
            return Found(_spelled(case, first, last), case.contact.organisation)
    return None


def unknown_employer(case: AuthorCase) -> Found | None:
    """Against: the profile says "at" or "@" some other name than that of the contact's employer."""
    if not case.contact.organisation or employer_in_bio(case) or another_employer(case):
        return None
    own = organisation_key(case.contact.organisation)
    for found in _WORKS_AT.finditer(case.text.original):
        before = tokens(fold(case.text.original[: found.start()]))[-_FORMER_DISTANCE:]
        if organisation_key(found[1]) != own and not _FORMER & set(before):
            return Found(found[1], case.contact.organisation)
    return None


def another_account_on_that_platform(case: AuthorCase) -> Found | None:
    """Veto: the CRM names another account of the contact on this very platform."""
    return Found(case.keys[0], case.beside) if case.beside and case.keys else None


def rival(case: AuthorCase) -> Found | None:
    """Against: another contact has as good a claim to this author."""
    if not case.rivals:
        return None
    return Found(_name(case), f"also {several([reference(contact) for contact in case.rivals])}")


AUTHOR_FEATURES: tuple[Feature[AuthorCase], ...] = (
    Feature(1.0, display_name),
    Feature(2.0, rare_display_name),
    Feature(-1.0, common_display_name),
    Feature(-3.0, other_middle_name, veto=True),
    Feature(-3.0, longer_name, veto=True),
    Feature(2.0, same_handle),
    Feature(-3.0, look_alike_handle),
    Feature(3.0, same_unverified_address, corroborates=True),
    Feature(2.5, same_unverified_number, corroborates=True),
    Feature(3.0, employer_in_bio, corroborates=True),
    Feature(1.5, title_in_bio, corroborates=True),
    Feature(1.0, place_in_bio, corroborates=True),
    Feature(3.0, site_of_employer_linked, corroborates=True),
    Feature(3.0, own_site_linked, corroborates=True),
    Feature(3.0, address_at_employer, corroborates=True),
    Feature(-4.0, another_employer, veto=True),
    Feature(-2.5, unknown_employer),
    Feature(-4.0, another_account_on_that_platform, veto=True),
    Feature(-2.0, rival),
)
CORROBORATING = frozenset(feature.name for feature in AUTHOR_FEATURES if feature.corroborates)


def _name(case: AuthorCase) -> str:
    return case.actor.name or case.actor.preferred_username


def _bearers(case: AuthorCase) -> float | None:
    return expected_bearers(case.name) if case.sighting and case.name else None


def _plain(key: str) -> str:
    """What the owner of a handle chose, with its own letters."""
    value = key.split(":", 2)[2].partition("@")[0].removesuffix(".bsky.social")
    return re.sub(r"[._\-]+", "", value)


def _distinctive(stem: str, contact: Contact) -> float:
    """Return from 0 to 1 how much of a handle is not the contact's mere name, which any namesake would choose too."""
    rest = stem
    for token in sorted(tokens(fold(contact.name)), key=len, reverse=True):
        if len(token) > 1:
            rest = rest.replace(token, "", 1)
    own = (len(stem) - _NOTHING) / (_OWN - _NOTHING)
    return round(max(0.1, min(own, 1.0, len(rest) / 4 if rest != stem else 1.0)), 2)


def _spelled(case: AuthorCase, first: int, last: int) -> str:
    start, end = case.text.span(first, last)
    return case.text.original[start:end]


def _is_former(text: Text, at: int) -> bool:
    return bool(_FORMER & set(text.tokens[max(at - _FORMER_DISTANCE, 0) : at]))


def _is_employed_at(text: Text, at: int) -> bool:
    start, _ = text.span(at, at)
    return bool(_EMPLOYED.search(text.original[max(start - 12, 0) : start]))


def _domains(case: AuthorCase) -> set[str]:
    domains = {employer_domain(email) for email in case.contact.emails}
    domains |= {site_domain(case.employer.domain)} if case.employer else set()
    return domains - {""}
