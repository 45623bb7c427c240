"""Who is behind a mention, and who is named in it: parties with their evidence. Pure.

    author's identities ─▶ owners on the identity map ─┐                                              authors
    links ─▶ owners, sites of accounts ────────────────┼▶ cases ─▶ features ─▶ score ─▶ decide ─▶     accounts
    text ─▶ full names, names of accounts ─────────────┘   ─▶ people's decisions ─▶ parties           people

A function of the mention and the directory alone: the same sets give the same parties, whatever came first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from overheard.identities import identities_of_actor, identities_of_links
from overheard.matcher.accounts import find_accounts, find_linked
from overheard.matcher.authors import find_authors
from overheard.matcher.directory import Directory, site_key
from overheard.matcher.names import Text
from overheard.matcher.organisations import site_domain
from overheard.matcher.parties import DECIDED, OUTCOMES, ROLES
from overheard.matcher.people import find_people
from overheard.records import EnrichedMention, Evidence, Party

# An incident shows so many candidates, the best: a CRM may hold a thousand John Smiths, a document may not.
CANDIDATES = 50


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
    parties = find_authors(mention, directory)
    named = find_people(mention, text, directory)
    within = {party.name: evidence for party in named for evidence in party.evidence[:1]}
    named += find_accounts(mention, text, directory, within)
    parties += find_linked(mention, directory, named)
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
            party = Party(
                role="mentioned", subject=right, name=directory.name_of(right), outcome="linked", score=1.0, weight=0.0
            )
            overruled.append(_confirmed(party, decision.by))
    refused = {right for right, decision in decided.items() if decision.verb == "not the same"}
    overruled += [party for party in _employers(overruled, directory) if party.subject not in refused]
    overruled.sort(key=lambda p: (ROLES[p.role], OUTCOMES[p.outcome], -p.weight, p.subject))
    waiting = [party for party in overruled if party.outcome == "candidate"]
    if len(waiting) > CANDIDATES:
        dropped = {id(party) for party in sorted(waiting, key=lambda p: (-p.weight, p.subject))[CANDIDATES:]}
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
    evidence = Evidence(feature="a person decided", weight=DECIDED, mention_value="same", crm_value=by)
    weight = party.weight + DECIDED
    return msgspec.structs.replace(
        party, outcome="linked", score=1.0, weight=weight, evidence=(evidence, *party.evidence)
    )


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
            mention_value=contact.name or directory.reference_of(contact.id),
            crm_value=account.name,
        )
        held = best.get(account.id)
        if held is None or (-party.weight, evidence.mention_value) < (-held.weight, held.evidence[0].mention_value):
            best[account.id] = Party(
                role="employer",
                subject=account.id,
                name=account.name,
                outcome="linked",
                score=party.score,
                weight=party.weight,
                evidence=(evidence,),
            )
    return list(best.values())
