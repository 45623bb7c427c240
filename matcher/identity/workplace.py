"""Where people work and by which words a text may mean them: what of a contact is compared with every text. Pure.

Of twenty namesakes one or none has a fact beside its name. So what the first words of these facts are is known of each
contact before any text comes, in a form that is shared by all who have the same, and a namesake of whom a text has no
word costs little more than to see that.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from overheard.matcher.names.organisations import (
    employer_domain,
    find_across_scripts,
    organisation_key,
    organisation_openings,
    site_domain,
)
from overheard.matcher.names.text import Text, opening
from overheard.records import Account, Contact


@dataclass(frozen=True, slots=True, eq=False)
class Workplace:
    """What contacts' records say of where they work; one for all who have the same, as long as it is in use.

    `domains` are those of their mail addresses that tell an employer; `keys` what the staff of an account is filed
    under; `openings` the first tokens of the organisation's name and of the domains.
    """

    organisation: str
    domains: tuple[str, ...]
    keys: tuple[str, ...]
    openings: tuple[str, ...]


class Known(NamedTuple):
    """What a text is looked through for of one contact's own record.

    `words` are the first tokens of title and place; `sites` the domains of its own pages, and their first tokens.
    """

    work: Workplace
    words: tuple[str, ...]
    sites: tuple[str, ...]


class Employed(NamedTuple):
    """Whom those work for who have one place of work: the account, if known, and the products that it holds.

    `organisation` is one for all there. `names` are those of the organisation in the CRM, `words` the first tokens of
    all its names, domains and products, and these domains; `is_ascii` where all the names are.
    """

    employer: Account | None
    products: tuple[str, ...]
    organisation: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    is_ascii: bool

    @classmethod
    def at(cls, work: Workplace, employer: Account | None, products: tuple[str, ...]) -> "Employed":
        """Return what is known of a place of work whose account is `employer`, or None."""
        names = tuple(dict.fromkeys(filter(None, (work.organisation, employer.name if employer else ""))))
        domains = (*work.domains, site_domain(employer.domain)) if employer else work.domains
        words = {word for name in names for word in organisation_openings(name)}
        words |= {*domains, *map(opening, (*domains, *products))} - {""}
        return cls(
            employer=employer,
            products=products,
            organisation=employer.id if employer else " ".join(organisation_key(work.organisation)),
            names=names,
            words=tuple(sorted(words)),
            is_ascii=all(map(str.isascii, names)),
        )


def known_of(contact: Contact) -> Known:
    """Return what texts are looked through for of a contact."""
    domains = tuple(dict.fromkeys(domain for email in contact.emails if (domain := employer_domain(email))))
    sites = tuple(dict.fromkeys(site for url in contact.urls if (site := site_domain(url))))
    return Known(
        work=_workplace(contact.organisation, domains),
        words=_words(contact.title, contact.place),
        sites=(*sites, *map(opening, sites)),
    )


@lru_cache(maxsize=16_384)
def _workplace(organisation: str, domains: tuple[str, ...]) -> Workplace:
    key = organisation_key(organisation)
    return Workplace(
        organisation=organisation,
        domains=domains,
        keys=tuple(dict.fromkeys(filter(None, (*domains, " ".join(key))))),
        openings=tuple(dict.fromkeys((*key[:1], *map(opening, domains)))),
    )


@lru_cache(maxsize=4_096)
def _words(title: str, place: str) -> tuple[str, ...]:
    return tuple(word for word in (opening(title), opening(place)) if word)


def has_word(known: Known, text: Text) -> bool:
    """True where a text holds the first word of a contact's organisation, title or place, or of its mail's domain.

    Of the contact's own record only: what accounts come to, later, must not change whom a text may name.
    """
    words = text.vocabulary
    return not (words.isdisjoint(known.words) and words.isdisjoint(known.work.openings))


def may_have_fact(known: Known, employed: Employed, text: Text, words: frozenset[str]) -> bool:
    """True where a text may hold a fact on a contact; False is sure. `words`: its tokens and domains it links."""
    if not (words.isdisjoint(known.words) and words.isdisjoint(employed.words) and words.isdisjoint(known.sites)):
        return True
    if employed.is_ascii and text.folded.isascii():
        return False
    return any(find_across_scripts(text, name) for name in employed.names)
