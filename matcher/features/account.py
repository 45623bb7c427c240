"""Evidence that an account's name in a text is that account, and no word of the language."""

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
from overheard.matcher.names import Text
from overheard.matcher.organisations import site_domain
from overheard.records import Account, EnrichedMention


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
    return _account_at(case, case.account.name) if has_telling_capital(case.text, case.span) else None


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
    return _account_at(case, f"also {several([reference(account) for account in case.rivals])}")


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


def _account_at(case: AccountCase, crm_value: str) -> Found:
    start, end = case.span
    return Found(case.text.original[start:end], crm_value, start, end)


def _account_entity(case: AccountCase, labels: Sequence[str]) -> Found | None:
    return overlapping(case.mention, case.text, labels, case.span, case.account.name)
