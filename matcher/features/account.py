# ruff: noqa: SIM905  (word lists read better as text)
"""Evidence that an account's name in a text is that account, and no word of the language."""

from collections.abc import Sequence
from dataclasses import dataclass

from overheard.identities import normal_handle
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
from overheard.matcher.organisations import LEGAL_FORMS, PhraseKind, phrase_kind, site_domain
from overheard.records import Account, EnrichedMention
from overheard.text import fold


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
    """The account's name stands in the text, without its legal form, in one of its usual spellings."""
    return _account_at(case, case.account.name)


def cut_short_or_spelled_out(case: AccountCase) -> Found | None:
    """Against: the text has an abbreviation where the CRM has the word ("Acme Mfg"), or the other way round."""
    return _spelled(case, "other length")


def run_together(case: AccountCase) -> Found | None:
    """Against: the words of the name are written as one, as in handles and hashtags."""
    return _spelled(case, "one word")


def only_initials_of_it(case: AccountCase) -> Found | None:
    """Against: only the initials of the name's words stand there, which others have too."""
    return _spelled(case, "initials")


def own_handle(case: AccountCase) -> Found | None:
    """The place is the account's own handle, after an @."""
    start, end = case.span
    handles = {normal_handle(handle) for handle in case.account.handles.values()}
    written = fold(case.text.original[start:end])
    named = start > 0 and case.text.original[start - 1] == "@" and written in handles
    return _account_at(case, f"@{written}") if named else None


def legal_form_beside(case: AccountCase) -> Found | None:
    """A legal form follows the name: "Target Corp.", "Square, Inc."."""
    last = case.at + len(case.phrase) - 1
    if last + 1 >= len(case.text.tokens) or case.text.tokens[last + 1] not in LEGAL_FORMS:
        return None
    start, end = case.text.span(last + 1, last + 1)
    form = case.text.original[start:end]
    if form.lower() != form.upper() and not form[0].isupper():
        return None
    return _account_at(case, form) if case.text.gap(last).strip() in ("", ",", "(") else None


def firms_word_beside(case: AccountCase) -> Found | None:
    """A word beside the name tells that it is a firm: "CEO of Square", "Apple shares", "works at Target"."""
    words = case.text.tokens
    last = case.at + len(case.phrase) - 1
    after = words[last + 1 : last + 3]
    if after[:1] == ["s"] and case.text.gap(last) in ("'", "’"):
        after = words[last + 2 : last + 4]
    before = words[max(case.at - 2, 0) : case.at]
    told = next((word for word in after[:1] if word in _AFTER_FIRMS), "")
    if not told and len(before) == 2 and before[1] in _OF and before[0] in _OF_FIRMS:
        told = " ".join(before)
    return _account_at(case, told) if told else None


def word_of_the_language(case: AccountCase) -> Found | None:
    """Against: an article or the like stands before a single word whose capital tells nothing: "a target"."""
    if len(case.phrase) > 1 or not case.at or has_telling_capital(case.text, case.span):
        return None
    before = case.text.tokens[case.at - 1]
    follows = case.text.gap(case.at - 1).strip() == ""
    return _account_at(case, before) if follows and before in _ARTICLES else None


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


# English and German; other languages are told by entities and capitals alone.
_AFTER_FIRMS = frozenset(
    "ceo cto cfo coo founder cofounder spokesperson spokesman spokeswoman executives shares stock earnings revenue "
    "profit employees staff engineers customers customer announced announces launches launched acquires acquired "
    "unveils unveiled hired hires lays sued sues reported subsidiary headquarters office offices store stores support "
    "helpline dealer dealers distributor plant factory products chef chefin mitarbeiter aktie aktien".split()
)
_OF = frozenset("of at for from by with von bei".split())
_OF_FIRMS = frozenset(
    "ceo cto cfo coo founder cofounder president chairman chairwoman director manager head employee employees customer "
    "customers supplier shares work works worked working bought buy buying ordered acquired acquisition chef".split()
)
_ARTICLES = frozenset(
    "a an this that these those my your his her its our their every each any some no one another ein eine einen einem "
    "einer mein dein sein ihr unser un une des mon ma mes son sa ses uno una mi tu su".split()
)

ACCOUNT_FEATURES: tuple[Feature[AccountCase], ...] = (
    Feature(1.5, name_in_text),
    Feature(-0.3, cut_short_or_spelled_out),
    Feature(-0.5, run_together),
    Feature(-1.0, only_initials_of_it),
    Feature(4.0, own_handle),
    Feature(2.5, legal_form_beside),
    Feature(1.0, firms_word_beside),
    Feature(-1.5, word_of_the_language),
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


def _spelled(case: AccountCase, kind: PhraseKind) -> Found | None:
    return _account_at(case, case.account.name) if phrase_kind(case.account.name, case.phrase) == kind else None


def _account_at(case: AccountCase, crm_value: str) -> Found:
    start, end = case.span
    return Found(case.text.original[start:end], crm_value, start, end)


def _account_entity(case: AccountCase, labels: Sequence[str]) -> Found | None:
    return overlapping(case.mention, case.text, labels, case.span, case.account.name)
