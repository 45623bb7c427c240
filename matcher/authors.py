"""Who said it: whose the identities of a mention's author are, and else who it may be by what the profile says. Pure.

identities ─▶ the identity map ─▶ linked, or all who claim them
nobody's   ─▶ name, handle, address, links of the profile ─▶ features ─▶ linked by name and facts, candidate, bare
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import msgspec

from overheard.identities import (
    identities_of_actor,
    identities_of_contact,
    is_placeholder,
    links_of_actor,
    normal_email,
    normal_phone,
)
from overheard.matcher.decide import decide_person
from overheard.matcher.features.author import AUTHOR_FEATURES, CORROBORATING, AuthorCase
from overheard.matcher.features.base import gather
from overheard.matcher.identity.directory import Directory, stem_key
from overheard.matcher.identity.identitymap import AGAINST, IdentityMap, Owner, other_account
from overheard.matcher.names.person import PersonName, person_name
from overheard.matcher.names.sightings import Sighting, find_person
from overheard.matcher.names.text import Text
from overheard.matcher.parties import OUTCOMES, others, room, shared
from overheard.matcher.score import score, weigh
from overheard.records import Actor, Contact, EnrichedMention, Evidence, Outcome, Party, identity_key

# Characters of a bio that are looked at; platforms allow some 500.
_BIO = 2_000


@lru_cache(maxsize=16_384)
def identities_of_author(actor: Actor, channel: str = "") -> tuple[str, ...]:
    """Return the keys of an author's identities that are sure to be the author's, surest first.

    An address that somebody merely typed on the profile of an account is none; where an address is all that the
    platform has of its author (a mailing list), it is the identity. By a `channel` anybody can write under any address:
    there it is one only where somebody vouches for it. A telephone number is one where it is the account's own id.
    """
    keys = identities_of_actor(actor)
    if actor.phone and (number := normal_phone(actor.phone)) and normal_phone(actor.native_id) != number:
        keys = tuple(key for key in keys if key != identity_key("phone", "phone", number))
    if actor.email_verified or not (address := normal_email(actor.email)):
        return keys
    typed = identity_key("email", "email", address)
    alone = normal_email(actor.preferred_username) == address or not any(key != typed for key in keys)
    if alone and not channel:
        return keys
    return tuple(key for key in keys if key != typed)


@lru_cache(maxsize=16_384)
def hints_of_author(actor: Actor, channel: str = "") -> tuple[str, ...]:
    """Return keys that are not the author's identities, under which its mentions are found again all the same.

    What the profile links to, address and number typed there, and the stem of its handles (`directory.stem_key`).
    """
    keys, sure = identities_of_actor(actor), identities_of_author(actor, channel)
    stems = [stem for key in keys if (stem := stem_key(key))]
    links = [link.key for link in links_of_actor(actor)]
    typed = [key for key in keys if key not in sure]
    return tuple(dict.fromkeys((*stems, *links, *typed)))


def words_of_author(actor: Actor) -> str:
    """Return the text of a profile in which names of people and firms are looked up: its name, and its bio."""
    return f"{actor.name}\n{actor.summary[:_BIO]}"


def find_authors(mention: EnrichedMention, directory: Directory, identities: IdentityMap | None = None) -> list[Party]:
    """Return the author's parties: linked, or all who may be it; a bare identity where nobody is known.

    A name alone, or a handle alone, never links. `identities` is the identity map over what was observed.
    """
    actor = mention.mention.attributed_to
    if actor is None:
        return []
    known = identities or IdentityMap(directory)
    channel = mention.mention.channel
    keys = identities_of_author(actor, channel)
    owners = known.owners(keys)
    parties = [_party(owner, keys, directory) for owner in owners]
    if any(party.outcome == "linked" for party in parties):
        return parties
    present = {owner.subject for owner in owners}
    parties += [
        party
        for party in _by_profile(actor, keys, channel, directory)
        if directory.person_of(party.subject) not in present
    ]
    if not parties and (bare := next((key for key in keys if not is_placeholder(key)), None)):
        name = actor.name or actor.preferred_username
        evidence = (_off(bare),) if known.is_held_back(keys) else ()
        parties.append(Party(role="author", subject=bare, name=name, outcome="bare", score=0.0, evidence=evidence))
    return parties


def _off(key: str) -> Evidence:
    return Evidence(feature="across networks is off", weight=0.0, mention_value=key)


def _party(owner: Owner, keys: Sequence[str], directory: Directory) -> Party:
    weight = weigh(owner.evidence)
    claimed = [one.mention_value for one in owner.evidence if one.feature == "identity in the CRM"]
    # The record itself, not the person that it is seen under: joining records rewrites nobody's incidents.
    subject = directory.record_naming(owner.subject, (*keys, *claimed))
    return Party(
        role="author",
        subject=subject,
        name=directory.name_of(subject),
        outcome=owner.outcome,
        score=score(weight),
        weight=weight,
        evidence=owner.evidence,
    )


# --- by what the profile says ----------------------------------------------------------------------------------------


@lru_cache(maxsize=4_096)
def _text(words: str) -> Text:
    return Text(words)


def _by_profile(actor: Actor, keys: Sequence[str], channel: str, directory: Directory) -> list[Party]:
    """Return contacts who may be the author, by person, each with its evidence."""
    if all(is_placeholder(key) for key in keys) and keys:
        return []  # [deleted], or the bot of a forum: whatever else it says is nobody's
    text = _text(words_of_author(actor))
    cases = _cases(actor, text, keys, channel, directory)
    if not cases:
        return []
    claims = [_Claim(case, directory.person_of(case.contact.id), _facts(case)) for case in cases]
    pools: dict[tuple[float, bool], list[_Claim]] = {}
    best: dict[str, Party] = {}
    contested: set[str] = set()
    for mine in claims:
        key = (mine.facts, mine.case.sighting is not None)
        if key not in pools:
            pools[key] = [one for one in claims if _is_rival(one, mine)]
        rivals = (one for one in pools[key] if one.person != mine.person)
        case = replace(mine.case, rivals=others(rivals, mine.case.contact, _contact_of))
        party = _candidate(case, mine.person, directory)
        held = best.get(mine.person)
        if held is None or (OUTCOMES[party.outcome], -party.weight) < (OUTCOMES[held.outcome], -held.weight):
            best[mine.person] = party
            (contested.add if case.rivals else contested.discard)(mine.person)
    left = room({(person in contested, person): party.score for person, party in best.items()})
    for person in contested:
        best[person] = msgspec.structs.replace(best[person], score=shared(best[person].score, left))
    return [best[person] for person in sorted(best)]


class _Claim(NamedTuple):
    """A contact's claim to an author: the person behind it, and what the facts beside the name weigh."""

    case: AuthorCase
    person: str
    facts: float


def _facts(case: AuthorCase) -> float:
    return sum(one.weight for one in gather(AUTHOR_FEATURES, case) if one.feature in CORROBORATING)


def _is_rival(one: _Claim, mine: _Claim) -> bool:
    """True where another's facts weigh half of mine or more, or I have none; who bears the name has no other rival."""
    return (2 * one.facts >= mine.facts or not mine.facts) and bool(one.case.sighting or not mine.case.sighting)


def _contact_of(claim: _Claim) -> Contact:
    return claim.case.contact


def _candidate(case: AuthorCase, person: str, directory: Directory) -> Party:
    evidence = gather(AUTHOR_FEATURES, case)
    against: list[Evidence] = []
    if directory.person(person).locked:
        against.append(Evidence(feature="locked", weight=AGAINST, veto=True))
    for key in case.keys:
        stance = directory.stance(key, person)
        if stance is not None and stance.verb == "unsure":
            unsure = Evidence(
                feature="a person is unsure", weight=AGAINST, mention_value=key, crm_value=stance.by, veto=True
            )
            against.append(unsure)
    if not directory.across_networks:
        against.append(Evidence(feature="across networks is off", weight=0.0, veto=True))
    evidence += against
    weight = weigh(evidence)
    named = case.sighting is not None and case.sighting.kind == "full"
    decided = decide_person(
        score(weight),
        evidence,
        corroborating=CORROBORATING,
        rivals=bool(case.rivals),
    )
    outcome: Outcome = decided if named else "candidate"
    return Party(
        role="author",
        subject=case.contact.id,
        name=case.contact.name,
        outcome=outcome,
        score=score(weight),
        weight=weight,
        evidence=tuple(evidence),
    )


def _cases(actor: Actor, text: Text, keys: Sequence[str], channel: str, directory: Directory) -> list[AuthorCase]:
    """Return each contact whom name, handle, address, number or link of the profile lead to, in order of id."""
    sighted: dict[str, tuple[PersonName, Sighting | None]] = {}
    if actor.name:
        for contact, named in directory.people_named_in(_text(actor.name)):
            if sightings := find_person(_text(actor.name), named.name, named.places):
                sighted[contact.id] = (named.name, sightings[0])
    stems = [stem for key in keys if (stem := stem_key(key)) and not is_placeholder(key)]
    led = {id_ for stem in stems for id_ in directory.with_stem(stem)}
    for key in hints_of_author(actor, channel):
        if key.startswith(("email:", "phone:")) and not is_placeholder(key):
            led.update(directory.owners(key))
    for link in links_of_actor(actor):
        led.update(directory.owners(link.key))
    if not sighted and not led:
        return []
    firms = [(account, at, at + len(phrase) - 1) for account, phrase, at in directory.accounts_named_in(text)]
    cases = []
    for id_ in sorted({*sighted, *(record for one in led for record in directory.records_of(one) or (one,))}):
        if (known := directory.contacts.get(id_)) is None or _is_refused(keys, id_, directory):
            continue
        name, sighting = sighted.get(id_, (person_name(known.name), None))
        own = _accounts_of(known)
        cases.append(
            AuthorCase(
                actor=actor,
                text=text,
                contact=known,
                name=name,
                sighting=sighting,
                keys=tuple(keys),
                handles=tuple(key for key in own if ":handle:" in key),
                employer=directory.employer_of(known),
                firms=tuple(firms),
                beside=other_account(keys, own, {}),
            )
        )
    return cases


def _is_refused(keys: Sequence[str], contact: str, directory: Directory) -> bool:
    stances = (directory.stance(key, contact) for key in keys)
    return any(stance is not None and stance.verb == "not the same" for stance in stances)


def _accounts_of(contact: Contact) -> tuple[str, ...]:
    """Return the accounts that the record itself names: what people decided later would reach too far."""
    return tuple(one.key for one in identities_of_contact(contact) if one.type in ("handle", "id"))
