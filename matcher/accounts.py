"""Which organisations are named: accounts whose name stands in a text, or whose site it links to. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from overheard.identities import identities_of_links
from overheard.matcher.decide import decide_account
from overheard.matcher.features.account import ACCOUNT_FEATURES, AccountCase
from overheard.matcher.features.base import gather
from overheard.matcher.identity.directory import AccountNamed, Directory
from overheard.matcher.names.organisations import site_domain
from overheard.matcher.names.text import Text
from overheard.matcher.parties import others
from overheard.matcher.score import account_score, weigh
from overheard.records import Account, EnrichedMention, Evidence, Party

# A linked site that the CRM gives a contact may be the firm's, or be cited by anybody: enough for a candidate.
_LINKED_SITE_OF_CONTACT = 1.0
_LINKED_SITE_OF_ACCOUNT = 3.0


def find_accounts(
    mention: EnrichedMention,
    text: Text,
    firms: Sequence[AccountNamed],
    people: dict[str, Evidence],
) -> list[Party]:
    """Accounts whose name stands in the text: each a party, by the best of its places; the longest wins a place.

    `firms` are all of them, with their places.
    """
    places: dict[tuple[int, tuple[str, ...]], list[Account]] = {}
    for account, phrase, at in firms:
        places.setdefault((at, phrase), []).append(account)
    best: dict[str, Party] = {}
    for at, phrase, account in _longest(places):
        rivals = others(places[at, phrase], account, lambda one: one)
        case = AccountCase(mention, text, account, phrase, at, rivals)
        case = replace(case, within_person=_person_at(people, *case.span))
        evidence = gather(ACCOUNT_FEATURES, case)
        weight = weigh(evidence)
        value = account_score(weight)
        party = Party(
            role="mentioned",
            subject=account.id,
            name=account.name,
            outcome=decide_account(value, rivals=bool(rivals)),
            score=value,
            weight=weight,
            evidence=tuple(evidence),
        )
        held = best.get(account.id)
        if held is None or weight > held.weight:
            best[account.id] = party
    return list(best.values())


def _longest(
    places: dict[tuple[int, tuple[str, ...]], list[Account]],
) -> Iterable[tuple[int, tuple[str, ...], Account]]:
    """Return (position, phrase, account) for the names that are no part of a longer one."""
    reached = -1
    for at, phrase in sorted(places, key=lambda place: (place[0], -len(place[1]))):
        # Sorted so, a name lies inside an earlier one exactly when it ends no later.
        if at + len(phrase) > reached:
            reached = at + len(phrase)
            for account in sorted(places[at, phrase], key=lambda one: one.id):
                yield at, phrase, account


def _person_at(people: dict[str, Evidence], start: int, end: int) -> str:
    covering = (
        name for name, at in people.items() if at.start <= start and end <= at.end and (end - start) < at.end - at.start
    )
    return min(covering, default="")


def find_linked(mention: EnrichedMention, directory: Directory, named: list[Party]) -> list[Party]:
    """Add to the parties `named` in the text those whose site it links to; return all of them."""
    found: dict[str, Evidence] = {}
    for link in mention.mention.links:
        for key in identities_of_links((link,)):
            for owner in directory.owners(key):
                weight = _LINKED_SITE_OF_CONTACT if owner in directory.contacts else _LINKED_SITE_OF_ACCOUNT
                found.setdefault(owner, Evidence(feature="site linked", weight=weight, mention_value=link))
        if domain := site_domain(link):
            for owner in directory.accounts_at(domain):
                found.setdefault(
                    owner, Evidence(feature="site linked", weight=_LINKED_SITE_OF_ACCOUNT, mention_value=link)
                )
    accounts = [owner for owner in found if owner in directory.accounts]
    present = {party.subject for party in named}
    parties = list(named)
    for owner, evidence in found.items():
        if owner in present:
            continue
        one = msgspec.structs.replace(evidence, crm_value=directory.reference_of(owner))
        weight = weigh((one,))
        shared = len(accounts) > 1 and owner in directory.accounts and _share_a_link(found, owner, accounts)
        parties.append(
            Party(
                role="mentioned",
                subject=owner,
                name=directory.name_of(owner),
                outcome=decide_account(account_score(weight), rivals=shared)
                if owner in directory.accounts
                else "candidate",
                score=account_score(weight),
                weight=weight,
                evidence=(one,),
            )
        )
    return parties


def _share_a_link(found: dict[str, Evidence], owner: str, accounts: Iterable[str]) -> bool:
    link = found[owner].mention_value
    return any(other != owner and found[other].mention_value == link for other in accounts)
