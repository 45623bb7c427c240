"""Who is named: contacts whose full name stands in a text, each with its rivals. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from overheard.matcher.decide import decide_person
from overheard.matcher.directory import Directory
from overheard.matcher.features.base import gather
from overheard.matcher.features.person import CORROBORATING, PERSON_FEATURES, PersonCase
from overheard.matcher.names import Text, find_person
from overheard.matcher.parties import OUTCOMES, others
from overheard.matcher.score import score, weigh
from overheard.records import Contact, EnrichedMention, Party


def find_people(mention: EnrichedMention, text: Text, directory: Directory) -> list[Party]:
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
        weight = weigh(evidence)
        value = score(weight)
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
            weight=weight,
            evidence=tuple(evidence),
        )
        held = best.get(case.contact.id)
        if held is None or (OUTCOMES[outcome], -weight) < (OUTCOMES[held.outcome], -held.weight):
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
        yield mine, others(pools[key], mine.case.contact, lambda one: one.case.contact)


def _unknown(case: PersonCase) -> int:
    known = {token for word in case.name.middle for token in word}
    return sum(token not in known and not any(token == k[0] for k in known) for token in case.sighting.middle)


def _firm_called(phrase: tuple[str, ...], directory: Directory) -> str:
    return next((directory.name_of(id_) for id_ in directory.accounts_called(phrase)), "")
