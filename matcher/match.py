"""Who is behind a mention, and who is named in it: parties with their evidence. Pure.

    author's identities ─▶ owners on the identity map ─┐
    links ─▶ owners, sites of accounts ────────────────┼▶ cases ─▶ features ─▶ score ─▶ decide ─▶ decisions ─▶ parties
    text ─▶ full names, names of accounts ─────────────┘

A function of the mention and the directory alone: the same sets give the same parties, whatever came first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from overheard.identities import identities_of_actor, identities_of_links, is_placeholder
from overheard.matcher.decide import decide_account, decide_person
from overheard.matcher.directory import Directory, site_key
from overheard.matcher.features import (
    ACCOUNT_FEATURES,
    CORROBORATING,
    PERSON_FEATURES,
    AccountCase,
    PersonCase,
    gather,
    several,
)
from overheard.matcher.names import Text, find_person
from overheard.matcher.organisations import site_domain
from overheard.matcher.score import score
from overheard.records import Account, Contact, EnrichedMention, Evidence, Outcome, Party, Role

# An exact identity links by itself; these weights only say so in the same coin as the others.
_NAMED_BY_CRM = 6.0
_DECIDED = 10.0
# A linked site that the CRM gives a contact may be the firm's, or be cited by anybody: enough for a candidate.
_LINKED_SITE_OF_CONTACT = 1.0
_LINKED_SITE_OF_ACCOUNT = 3.0

# An incident shows so many candidates, the best: a CRM may hold a thousand John Smiths, a document may not.
CANDIDATES = 50

# Of a thousand rivals, so many are looked at; three are shown.
_RIVALS = 4

_ROLES: dict[Role, int] = {"author": 0, "mentioned": 1, "employer": 2}
_OUTCOMES: dict[Outcome, int] = {"linked": 0, "candidate": 1, "bare": 2}


@dataclass(frozen=True, slots=True)
class Match:
    """The parties of one mention, surest first within each role, and whether a person said that it is not about us.

    `more` candidates there are that are not among the parties.
    """

    parties: tuple[Party, ...]
    not_about_us: bool
    more: int = 0


def match(mention: EnrichedMention, text: Text, directory: Directory) -> Match:
    """Return who said it and who is named in it. `text` is the mention's text, prepared."""
    decided = directory.decisions.of(mention.mention.id)
    parties = _authors(mention, directory)
    named = _people(mention, text, directory)
    within = {party.name: evidence for party in named for evidence in party.evidence[:1]}
    named += _accounts(mention, text, directory, within)
    parties += _linked(mention, directory, named)
    overruled: list[Party] = []
    for party in parties:
        decision = decided.get(party.subject)
        if decision is None:
            overruled.append(party)
        elif decision.verb == "same":
            overruled.append(_confirmed(party, decision.by))
    present = {party.subject for party in overruled}
    for right, decision in decided.items():
        if decision.verb == "same" and right not in present and directory.is_known(right):
            party = Party(role="mentioned", subject=right, name=directory.name_of(right), outcome="linked", score=1.0)
            overruled.append(_confirmed(party, decision.by))
    refused = {right for right, decision in decided.items() if decision.verb == "not the same"}
    overruled += [party for party in _employers(overruled, directory) if party.subject not in refused]
    overruled.sort(key=lambda p: (_ROLES[p.role], _OUTCOMES[p.outcome], -p.score, p.subject))
    waiting = [party for party in overruled if party.outcome == "candidate"]
    if len(waiting) > CANDIDATES:
        dropped = {id(party) for party in sorted(waiting, key=lambda p: (-p.score, p.subject))[CANDIDATES:]}
        overruled = [party for party in overruled if id(party) not in dropped]
    about = decided.get("")
    return Match(
        parties=tuple(overruled),
        not_about_us=about is not None and about.verb == "not about us",
        more=max(len(waiting) - CANDIDATES, 0),
    )


def keys_of(mention: EnrichedMention) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (the author's identity keys, keys of what it links to), under which a mention is found again.

    Placeholders are among the author's: should the CRM come to name one, its mentions are found.
    """
    links = mention.mention.links
    sites = {site_key(domain) for link in links if (domain := site_domain(link))}
    return identities_of_actor(mention.mention.attributed_to), (*identities_of_links(links), *sorted(sites))


def _confirmed(party: Party, by: str) -> Party:
    evidence = Evidence(feature="a person decided", weight=_DECIDED, mention_value="same", crm_value=by)
    return msgspec.structs.replace(party, outcome="linked", score=1.0, evidence=(evidence, *party.evidence))


def _authors(mention: EnrichedMention, directory: Directory) -> list[Party]:
    """The author by exact identity. An identity that two contacts claim links to neither; nobody's stays bare."""
    keys = identities_of_actor(mention.mention.attributed_to)
    owners: dict[str, list[str]] = {}
    for key in keys:
        for owner in directory.owners(key):
            owners.setdefault(owner, []).append(key)
    decided = {owner for owner in owners for key in owners[owner] if _is_decided(directory, key, owner)}
    parties = []
    for kind in (directory.contacts, directory.accounts):
        claiming = [owner for owner in owners if owner in kind]
        # Somebody's word about one identity of the author settles whose the others are, too.
        sure = [owner for owner in claiming if owner in decided] or claiming
        alone = len(sure) == 1 or any(owner in decided for owner in sure)
        for owner in sure:
            evidence = tuple(_claim(key, owner, directory) for key in owners[owner])
            if not alone:
                others = several([_reference(directory, other) for other in sure[:5] if other != owner])
                evidence += (
                    Evidence(feature="claimed by others too", weight=-5.0, mention_value=keys[0], crm_value=others),
                )
            parties.append(
                Party(
                    role="author",
                    subject=owner,
                    name=directory.name_of(owner),
                    outcome="linked" if alone else "candidate",
                    score=score(evidence),
                    evidence=evidence,
                )
            )
    if not parties and (bare := next((key for key in keys if not is_placeholder(key)), None)):
        actor = mention.mention.attributed_to
        name = (actor.name or actor.preferred_username) if actor else ""
        parties.append(Party(role="author", subject=bare, name=name, outcome="bare", score=0.0))
    return parties


def _is_decided(directory: Directory, key: str, owner: str) -> bool:
    decision = directory.decisions.on(key, owner)
    return decision is not None and decision.verb == "same"


def _claim(key: str, owner: str, directory: Directory) -> Evidence:
    decision = directory.decisions.on(key, owner)
    if decision is not None:
        return Evidence(feature="a person decided", weight=_DECIDED, mention_value=key, crm_value=decision.by)
    return Evidence(
        feature="identity in the CRM",
        weight=_NAMED_BY_CRM,
        mention_value=key,
        crm_value=_reference(directory, owner),
    )


def _linked(mention: EnrichedMention, directory: Directory, named: list[Party]) -> list[Party]:
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
        one = msgspec.structs.replace(evidence, crm_value=_reference(directory, owner))
        shared = len(accounts) > 1 and owner in directory.accounts and _share_a_link(found, owner, accounts)
        parties.append(
            Party(
                role="mentioned",
                subject=owner,
                name=directory.name_of(owner),
                outcome=decide_account(score((one,)), rivals=shared) if owner in directory.accounts else "candidate",
                score=score((one,)),
                evidence=(one,),
            )
        )
    return parties


def _share_a_link(found: dict[str, Evidence], owner: str, accounts: Iterable[str]) -> bool:
    link = found[owner].mention_value
    return any(other != owner and found[other].mention_value == link for other in accounts)


def _people(mention: EnrichedMention, text: Text, directory: Directory) -> list[Party]:
    """Contacts whose full name stands in the text: each a party, by the best of its places."""
    cases = [
        PersonCase(
            mention,
            text,
            sighting,
            contact,
            name,
            directory.employer_of(contact),
            firm=_firm_called(tuple(text.tokens[sighting.first : sighting.last + 1]), directory),
        )
        for contact, name, places in directory.people_named_in(text)
        for sighting in find_person(text, name, places)
    ]
    if not cases:
        return []
    # Whoever stands at the same place ends with the same word.
    places: dict[int, list[_Claim]] = {}
    for case in cases:
        facts = sum(one.weight for one in gather(PERSON_FEATURES, case) if one.feature in CORROBORATING)
        places.setdefault(case.sighting.last, []).append(_Claim(case, _unknown(case), facts))
    best: dict[str, Party] = {}
    for claim, rivals in (pair for place in places.values() for pair in _contested(place)):
        case = replace(claim.case, rivals=rivals)
        evidence = gather(PERSON_FEATURES, case)
        value = score(evidence)
        outcome = decide_person(
            value,
            [one.feature for one in evidence],
            corroborating=CORROBORATING,
            rivals=bool(rivals),
            veto=any(one.veto for one in evidence),
        )
        party = Party(
            role="mentioned",
            subject=case.contact.id,
            name=case.contact.name,
            outcome=outcome,
            score=value,
            evidence=tuple(evidence),
        )
        held = best.get(case.contact.id)
        if held is None or (_OUTCOMES[outcome], -value) < (_OUTCOMES[held.outcome], -held.score):
            best[case.contact.id] = party
    return list(best.values())


@dataclass(frozen=True, slots=True)
class _Claim:
    """A contact's claim to a place: how many middle names there the CRM lacks, and what the facts beside it weigh."""

    case: PersonCase
    unknown: int
    facts: float


def _contested(place: Sequence[_Claim]) -> Iterable[tuple[_Claim, tuple[Contact, ...]]]:
    """Return each claim to one place with its rivals.

    A rival's name fits the place as well (no more middle names that the CRM lacks), and the facts beside it weigh half
    of mine or more, or I have none: a namesake with the same title is no rival where my employer is named, too.
    """
    pools: dict[tuple[int, float], list[_Claim]] = {}
    for mine in place:
        key = (mine.unknown, mine.facts)
        if key not in pools:
            pools[key] = [
                one for one in place if one.unknown <= mine.unknown and (2 * one.facts >= mine.facts or not mine.facts)
            ]
        yield mine, _others(pools[key], mine.case.contact, lambda one: one.case.contact)


T = TypeVar("T")
R = TypeVar("R", Contact, Account)


def _others(pool: Iterable[T], own: R, record: Callable[[T], R]) -> tuple[R, ...]:
    """Return the first other records of a pool in order of id: four at most, one more than is shown."""
    others: list[R] = []
    for one in pool:
        if (other := record(one)).id != own.id:
            others.append(other)
            if len(others) == _RIVALS:
                break
    return tuple(others)


def _unknown(case: PersonCase) -> int:
    known = {token for word in case.name.middle for token in word}
    return sum(token not in known and not any(token == k[0] for k in known) for token in case.sighting.middle)


def _firm_called(phrase: tuple[str, ...], directory: Directory) -> str:
    return next((directory.name_of(id_) for id_ in directory.accounts_called(phrase)), "")


def _accounts(mention: EnrichedMention, text: Text, directory: Directory, people: dict[str, Evidence]) -> list[Party]:
    """Accounts whose name stands in the text: each a party, by the best of its places; the longest wins a place."""
    places: dict[tuple[int, tuple[str, ...]], list[Account]] = {}
    for account, phrase, at in directory.accounts_named_in(text):
        places.setdefault((at, phrase), []).append(account)
    best: dict[str, Party] = {}
    for at, phrase, account in _longest(places):
        rivals = _others(places[at, phrase], account, lambda one: one)
        case = AccountCase(mention, text, account, phrase, at, rivals)
        case = replace(case, within_person=_person_at(people, *case.span))
        evidence = gather(ACCOUNT_FEATURES, case)
        value = score(evidence)
        party = Party(
            role="mentioned",
            subject=account.id,
            name=account.name,
            outcome=decide_account(value, rivals=bool(rivals)),
            score=value,
            evidence=tuple(evidence),
        )
        held = best.get(account.id)
        if held is None or value > held.score:
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


def _employers(parties: Iterable[Party], directory: Directory) -> list[Party]:
    """The accounts that linked contacts work for, each once, as sure as the surest of its people."""
    best: dict[str, Party] = {}
    for party in parties:
        contact = directory.contacts.get(party.subject)
        if contact is None or party.outcome != "linked" or (account := directory.employer_of(contact)) is None:
            continue
        evidence = Evidence(
            feature="employer of a linked contact",
            weight=0.0,
            mention_value=contact.name or _reference(directory, contact.id),
            crm_value=account.name,
        )
        held = best.get(account.id)
        if held is None or (-party.score, evidence.mention_value) < (-held.score, held.evidence[0].mention_value):
            best[account.id] = Party(
                role="employer",
                subject=account.id,
                name=account.name,
                outcome="linked",
                score=party.score,
                evidence=(evidence,),
            )
    return list(best.values())


def _reference(directory: Directory, subject: str) -> str:
    record: Contact | Account | None = directory.contacts.get(subject) or directory.accounts.get(subject)
    return record.external_ids[0].value if record and record.external_ids else subject


def explain(party: Party, directory: Directory) -> str:
    """Return one sentence for a person: who, in what role, how sure, and because of what."""
    who = party.name or _reference(directory, party.subject)
    if party.outcome == "bare":
        return f"author {party.subject}: nobody in the CRM claims this identity"
    if party.role == "employer":
        return f"{who}: employs {party.evidence[0].mention_value}, who is linked here"
    verdict = "linked" if party.outcome == "linked" else f"a candidate, score {party.score:.2f}"
    return f"{party.role} {who}: {verdict}; " + "; ".join(_phrase(evidence) for evidence in party.evidence)


def _phrase(evidence: Evidence) -> str:
    if evidence.feature == "a person decided":
        return f"{evidence.crm_value} decided so"
    if evidence.feature == "identity in the CRM":
        platform, kind, value = evidence.mention_value.split(":", 2)
        what = f"{platform} {kind}" if kind == "handle" else kind
        return f'the CRM names {what} "{value}" for {evidence.crm_value}'
    place = f" at {evidence.start}-{evidence.end}" if evidence.start >= 0 else ""
    against = "against: " if evidence.weight < 0 else ""
    against = "veto: " if evidence.veto else against
    crm = (
        f' (CRM: "{evidence.crm_value}")' if evidence.crm_value and evidence.crm_value != evidence.mention_value else ""
    )
    value = " ".join(evidence.mention_value.split())  # a name may stand across a line's end
    return f'{against}{evidence.feature} "{value}"{place}{crm}'
