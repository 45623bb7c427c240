"""Who is behind a mention, and who is named in it: parties with their evidence. Pure.

    author's identities ─▶ owners on the identity map ─┐                                              authors
    links ─▶ owners, sites of accounts ────────────────┼▶ cases ─▶ features ─▶ score ─▶ decide ─▶     accounts
    text ─▶ full names, names of accounts ─────────────┘   ─▶ people's decisions ─▶ parties           people

A function of the mention and the directory alone: the same sets give the same parties, whatever came first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from overheard.matcher.accounts import find_accounts, find_linked
from overheard.matcher.authors import find_authors
from overheard.matcher.decide import is_backed
from overheard.matcher.features.person import CORROBORATING
from overheard.matcher.identity.decisions import newest
from overheard.matcher.identity.directory import Directory
from overheard.matcher.identity.identitymap import AGAINST, IdentityMap
from overheard.matcher.names.text import Text, tokens
from overheard.matcher.parties import DECIDED, OUTCOMES, RIVALS, ROLES, are_rivals
from overheard.matcher.people import find_people
from overheard.matcher.score import score
from overheard.records import Decision, EnrichedMention, Evidence, Party, is_record_id
from overheard.text import fold

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


def match(mention: EnrichedMention, text: Text, directory: Directory, identities: IdentityMap | None = None) -> Match:
    """Return who said it and who is named in it.

    `text` is the mention's text, prepared; `identities` the map over what was observed, by default over nothing.
    """
    decided = _decided(mention.mention.id, directory)
    refused = frozenset(person for person, decision in decided.items() if decision.verb == "not the same")
    parties = find_authors(mention, directory, identities)
    firms = directory.accounts_named_in(text)
    named = find_people(mention, text, firms, directory, refused)
    within = {party.name: evidence for party in named for evidence in party.evidence[:1]}
    named += find_accounts(mention, text, firms, within)
    parties += find_linked(mention, directory, named)
    actor = mention.mention.attributed_to
    overruled = _without_authors_own(_overruled(parties, decided, directory), actor.name if actor else "", directory)
    overruled += [
        party for party in _employers(overruled, directory) if directory.person_of(party.subject) not in refused
    ]
    overruled.sort(key=lambda p: (ROLES[p.role], OUTCOMES[p.outcome], -p.weight, p.subject))
    waiting = [party for party in overruled if party.outcome == "candidate"]
    if len(waiting) > CANDIDATES:
        dropped = {id(party) for party in sorted(waiting, key=lambda p: (-p.weight, p.subject))[CANDIDATES:]}
        overruled = [party for party in overruled if id(party) not in dropped]
    about = directory.decisions.on(mention.mention.id, "")
    return Match(
        parties=tuple(overruled),
        not_about_us=about is not None and about.verb == "not about us",
        more=max(len(waiting) - CANDIDATES, 0),
    )


def _decided(mention: str, directory: Directory) -> dict[str, Decision]:
    """Return what people decided on a mention and each contact or account, by the id under which that is seen."""
    found: dict[str, Decision] = {}
    for right, decision in directory.decisions.of(mention).items():
        if is_record_id(right):
            person = directory.person_of(right)
            held = found.get(person)
            found[person] = decision if held is None else newest((held, decision)) or decision
    return found


def _overruled(parties: list[Party], decided: Mapping[str, Decision], directory: Directory) -> list[Party]:
    """Return the parties as people want them: refused ones gone, chosen ones linked and their rivals gone."""
    found: dict[tuple[str, str], Party] = {}
    is_alone = directory.decisions.is_alone
    for party in parties:
        person = party.subject if is_alone(party.subject) else directory.person_of(party.subject)
        at = (party.role, person)
        if not decided and at not in found and (party.outcome != "linked" or party.role != "mentioned"):
            found[at] = party  # nearly all
            continue
        decision = decided.get(person)
        if decision is not None and decision.verb == "not the same":
            continue
        if decision is not None and decision.verb == "same":
            one = _confirmed(party, decision.by)
        elif decision is not None and decision.verb == "unsure":
            one = _doubted(party, Evidence(feature="a person is unsure", weight=AGAINST, crm_value=decision.by))
        elif party.role == "mentioned" and party.outcome == "linked" and directory.person(person).locked:
            one = _doubted(party, Evidence(feature="locked", weight=AGAINST, veto=True))
        else:
            one = party
        held = found.get((one.role, person))
        if held is None or (OUTCOMES[one.outcome], -one.weight) < (OUTCOMES[held.outcome], -held.weight):
            found[one.role, person] = one
    present = {person for _, person in found}
    for person, decision in decided.items():
        if decision.verb == "same" and person not in present and directory.is_known(decision.right):
            name = directory.name_of(decision.right)
            party = Party(role="mentioned", subject=decision.right, name=name, outcome="linked", score=1.0)
            found["mentioned", person] = _confirmed(party, decision.by)
    chosen = [place for place in found if place[1] in decided and decided[place[1]].verb == "same"]
    for place in chosen:
        rivals = [
            key
            for key, one in found.items()
            if key not in chosen and one.outcome == "candidate" and are_rivals(one, found[place])
        ]
        told = sorted((found.pop(key) for key in rivals), key=lambda one: (-one.weight, one.subject))
        found[place] = msgspec.structs.replace(
            found[place], evidence=(*found[place].evidence, *(_passed_over(one, directory) for one in told[:RIVALS]))
        )
    return list(found.values())


def _without_authors_own(parties: list[Party], called: str, directory: Directory) -> list[Party]:
    """Return the parties with a known author as the author alone, though the text names them: a byline, a signature.

    In that place namesakes wait no longer either, unless more speaks for one of them than for the author. Who may be an
    author that is `called` so waits as the author alone, too, where the text has just that name, and no fact beside it.
    """
    if called:
        parties = _without_waiting_authors_own(parties, called, directory)
    authors = {directory.person_of(party.subject) for party in parties if _is_linked_author(party)}
    own = [
        party
        for party in (parties if authors else ())
        if party.role == "mentioned"
        and party.subject in directory.contacts
        and directory.person_of(party.subject) in authors
    ]
    if not own:
        return parties
    kept = [party for party in parties if not any(party is one or _is_namesake(party, one) for one in own)]
    return [_names_themselves(party, own, directory) if _is_linked_author(party) else party for party in kept]


def _without_waiting_authors_own(parties: list[Party], called: str, directory: Directory) -> list[Party]:
    waiting = {
        directory.person_of(one.subject) for one in parties if one.role == "author" and one.outcome == "candidate"
    }
    if not waiting:
        return parties
    name = tokens(fold(called))
    own = [
        one
        for one in parties
        if one.role == "mentioned"
        and one.outcome == "candidate"
        and directory.person_of(one.subject) in waiting
        and not is_backed(one.evidence, CORROBORATING)
        and (place := _place_of(one)) is not None
        and tokens(fold(place.mention_value)) == name
    ]
    if not own:
        return parties
    kept = [party for party in parties if not any(party is one for one in own)]
    return [_names_themselves(party, own, directory) if party.role == "author" else party for party in kept]


def _is_linked_author(party: Party) -> bool:
    return party.role == "author" and party.outcome == "linked"


def _is_namesake(party: Party, own: Party) -> bool:
    """True for a candidate for the place where an author's own name stands, with no better claim to it."""
    return party.outcome == "candidate" and party.weight <= own.weight and are_rivals(party, own)


def _names_themselves(author: Party, own: list[Party], directory: Directory) -> Party:
    """Return an author with the place of the own name, where the text has it."""
    person = directory.person_of(author.subject)
    places = (_place_of(party) for party in own if directory.person_of(party.subject) == person)
    if (place := next((one for one in places if one is not None), None)) is None:
        return author
    told = msgspec.structs.replace(place, feature="names themselves", weight=0.0, veto=False)
    return msgspec.structs.replace(author, evidence=(*author.evidence, told))


def _place_of(party: Party) -> Evidence | None:
    return next((one for one in party.evidence if one.start >= 0), None)


def _passed_over(rival: Party, directory: Directory) -> Evidence:
    """Who else it might have been, had nobody said: for whoever asks why."""
    who = rival.name or directory.reference_of(rival.subject)
    value = f"{directory.reference_of(rival.subject)}, weight {rival.weight:+.1f}, score {rival.score:.2f}"
    return Evidence(feature="chosen over", weight=0.0, mention_value=who, crm_value=value)


def _doubted(party: Party, evidence: Evidence) -> Party:
    weight = party.weight + evidence.weight
    outcome = "bare" if party.outcome == "bare" else "candidate"
    return msgspec.structs.replace(
        party, outcome=outcome, score=score(weight), weight=weight, evidence=(*party.evidence, evidence)
    )


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
        if party.outcome != "linked":
            continue
        contact = directory.contacts.get(party.subject)
        if contact is None or (account := directory.employer_of(contact)) is None:
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
