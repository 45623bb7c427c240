# ruff: noqa: SIM905  (word lists read better as text)
"""Who is named: contacts whose full name stands in a text, each with its rivals. Pure."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from overheard.matcher.decide import decide_person
from overheard.matcher.directory import Directory
from overheard.matcher.features.base import gather
from overheard.matcher.features.person import (
    AMONG_FEATURES,
    CORROBORATING,
    FACT_FEATURES,
    FORMER,
    NAME_FEATURES,
    PersonCase,
)
from overheard.matcher.follow import Again, follow
from overheard.matcher.names import HONORIFICS, PersonName, Sighting, Text, find_person, tokens
from overheard.matcher.organisations import employer_domain, organisation_key
from overheard.matcher.parties import OUTCOMES, others
from overheard.matcher.rarity import is_usual_given_name
from overheard.matcher.score import score, weigh
from overheard.matcher.spelling import RANK
from overheard.records import Contact, EnrichedMention, Evidence, Party
from overheard.text import fold

# Of the contacts who share initials and family name, all are looked at while they are so few; of more, those for whom
# the text has a word of their organisation, title or place.
_FEW = 8

# Between a name and the organisation that it is put beside: "Asha Rao, head of sales at Borealis".
_OF = frozenset("of at from with for bei de chez von @".split())
_REACH = 6  # tokens from the name to that word, and from an organisation before the name to the name
_WIDEST = 4  # tokens of an organisation's name
_TITLE_WORDS = frozenset(
    "ceo cto cfo coo cmo cio s director manager head president vp vice chief executive officer engineer founder "
    "cofounder co analyst spokesperson spokesman spokeswoman chairman chairwoman chair owner partner lead senior "
    "general managing sales marketing plant product and".split()
)
_DASHES = ("-", "--", "–", "—")
_SENTENCE_END = frozenset(".!?;\n()[]|•")


def find_people(
    mention: EnrichedMention, text: Text, directory: Directory, refused: Collection[str] = ()
) -> list[Party]:
    """Contacts whose full name stands in the text: each a party, by the best of its places.

    `refused` are those (`Directory.person_of`) of whom a person said that they are not in this text: nobody's rivals.
    """
    claims = _claims(mention, text, directory, refused)
    if not claims:
        return []
    colleagues = _colleagues(claims)
    again = _followed(mention, text, claims)
    best: dict[str, tuple[Party, tuple[int, int]]] = {}
    for claim, rivals in (pair for place in _places(claims) for pair in _contested(place)):
        case = claim.case
        own = colleagues.get(claim.organisation, {}) if claim.organisation else {}
        named = tuple(sorted(name for person, name in own.items() if person != case.name))
        evidence = claim.evidence
        if rivals or named:
            among = case._replace(rivals=rivals, colleagues=named)
            evidence = evidence + gather(AMONG_FEATURES, among)
        weight = weigh(evidence)
        value = score(weight)
        outcome = decide_person(
            value,
            [one.feature for one in evidence],
            corroborating=CORROBORATING,
            rivals=bool(rivals),
            veto=any(one.veto for one in evidence),
        )
        held = best.get(case.contact.id)
        if held is None or (OUTCOMES[outcome], -weight) < (OUTCOMES[held[0].outcome], -held[0].weight):
            party = Party(
                role="mentioned",
                subject=case.contact.id,
                name=case.contact.name,
                outcome=outcome,
                score=value,
                weight=weight,
                evidence=tuple(evidence),
            )
            best[case.contact.id] = party, claim.person
    return [_with(party, again.get(person, ()), text) for party, person in best.values()]


class _Claim(NamedTuple):
    """A contact's claim to a place.

    `unknown` middle names stand there that the CRM lacks; `rank` says how far the spelling is from the CRM's; `facts`
    is what the facts beside the name weigh. `person` tells whom the text names there from others that it names;
    `who` is whom the contact's record is of (`Directory.person_of`).
    """

    case: PersonCase
    evidence: list[Evidence]
    unknown: int
    rank: int
    facts: float
    organisation: str
    person: tuple[int, int]
    who: str


def _claims(mention: EnrichedMention, text: Text, directory: Directory, refused: Collection[str]) -> list[_Claim]:
    named = directory.people_named_in(text)
    if refused:
        named = [(contact, one) for contact, one in named if directory.person_of(contact.id) not in refused]
    many = sum(one.weak for _, one in named) > _FEW
    seen = [(entity.start, entity.end) for entity in mention.entities if entity.label == "organisation"]
    # Of each name as the CRM has it: where it stands, and what that says, for all who bear it.
    sightings: dict[str, tuple[list[Sighting], int]] = {}
    names: dict[tuple[str, int, int], tuple[list[Evidence], int, int]] = {}
    firms: dict[tuple[int, int], str] = {}
    beside: dict[tuple[int, int], tuple[int, int, str] | None] = {}
    claims = []
    for contact, (_, name, places, weak) in named:
        if weak and many and not _has_fact(contact, text):
            continue
        if (seen_there := sightings.get(contact.name)) is None:
            found = [one for one in find_person(text, name, places) if _is_one_person(text, one)]
            seen_there = sightings[contact.name] = found, directory.bearers(name) if found else 0
        found, bearers = seen_there
        if not found:
            continue
        employer = directory.employer_of(contact)
        products = tuple(one.product for one in directory.holdings_of(employer.id)) if employer else ()
        organisation = employer.id if employer else " ".join(organisation_key(contact.organisation))
        who = directory.person_of(contact.id)
        for sighting in found:
            place = (sighting.first, sighting.last)
            if place not in firms:
                phrase = tuple(text.tokens[sighting.first : sighting.last + 1])
                firms[place] = next((directory.name_of(id_) for id_ in directory.accounts_called(phrase)), "")
                beside[place] = _beside(text, sighting, directory, seen)
            case = PersonCase(
                mention, text, sighting, contact, name, employer, firms[place], bearers, products, beside[place]
            )
            told = (contact.name, sighting.first, sighting.last)
            if told not in names:
                rank = RANK[sighting.level] + (RANK["nickname"] if sighting.kind != "full" else 0)
                names[told] = gather(NAME_FEATURES, case), _unknown(case), rank
            named_so, unknown, rank = names[told]
            facts = gather(FACT_FEATURES, case)
            weight = sum([one.weight for one in facts if one.feature in CORROBORATING]) if facts else 0.0
            claims.append(_Claim(case, named_so + facts, unknown, rank, weight, organisation, place, who))
    return _same_persons(text, claims)


def _has_fact(contact: Contact, text: Text) -> bool:
    """True where a text holds the first word of a contact's organisation, title or place, or of its mail's domain.

    Of the contact's own record only: what accounts come to, later, must not change whom a text may name.
    """
    words = [
        organisation_key(contact.organisation)[:1],
        tokens(fold(contact.title))[:1],
        tokens(fold(contact.place))[:1],
    ]
    words += [tokens(employer_domain(email))[:1] for email in contact.emails]
    return any(word and word[0] in text.vocabulary for word in words)


def _is_one_person(text: Text, sighting: Sighting) -> bool:
    """False for two given names in the wrong order without a comma: Thomas James is not James Thomas."""
    if not sighting.inverted or sighting.comma:
        return True
    return not (is_usual_given_name(text.tokens[sighting.first]) and is_usual_given_name(text.tokens[sighting.last]))


def _same_persons(text: Text, claims: list[_Claim]) -> list[_Claim]:
    """Return the claims with one `person` for all places where the text has the same two names."""
    keys: dict[tuple[str, str], tuple[int, int]] = {}
    made = []
    for claim in claims:
        at = claim.case.sighting
        first, last = sorted((text.keys[at.first], text.keys[at.last]))
        person = keys.setdefault((first, last), claim.person)
        made.append(claim if person == claim.person else claim._replace(person=person))
    return made


def _places(claims: list[_Claim]) -> list[list[_Claim]]:
    """Return the claims by place: those whose names overlap stand at one."""
    places: list[list[_Claim]] = []
    reached = -1
    for claim in sorted(claims, key=lambda one: (one.case.sighting.first, one.case.sighting.last, one.case.contact.id)):
        if claim.case.sighting.first > reached:
            places.append([])
        places[-1].append(claim)
        reached = max(reached, claim.case.sighting.last)
    return places


def _contact_of(claim: _Claim) -> Contact:
    return claim.case.contact


def _contested(place: Sequence[_Claim]) -> Iterable[tuple[_Claim, tuple[Contact, ...]]]:
    """Return each claim to one place with its rivals.

    A rival's name fits the place as well (spelled no further from it, no more middle names that the CRM lacks), and the
    facts beside it weigh half of mine or more, or I have none: a namesake with the same title is no rival where my
    employer is named, too. Where I have none, whoever has some is a rival. Records of one person are no rivals.
    """
    pools: dict[tuple[int, int, float], list[_Claim]] = {}
    for mine in place:
        key = (mine.unknown, mine.rank, mine.facts)
        if key not in pools:
            pools[key] = [
                one
                for one in place
                if (
                    one.unknown <= mine.unknown
                    and one.rank <= mine.rank
                    and (2 * one.facts >= mine.facts or mine.facts <= 0)
                )
                or (mine.facts <= 0 < one.facts)
            ]
        yield mine, others((one for one in pools[key] if one.who != mine.who), mine.case.contact, _contact_of)


def _colleagues(claims: Sequence[_Claim]) -> dict[str, dict[PersonName, str]]:
    """Return organisation -> names of its contacts that the text has in full, for those with two and more."""
    found: dict[str, dict[PersonName, str]] = {}
    persons: dict[str, set[tuple[int, int]]] = {}
    for claim in claims:
        sighting = claim.case.sighting
        if claim.organisation and sighting.kind == "full" and sighting.level in ("exact", "accents", "transliteration"):
            found.setdefault(claim.organisation, {})[claim.case.name] = claim.case.contact.name
            persons.setdefault(claim.organisation, set()).add(claim.person)
    return {organisation: names for organisation, names in found.items() if len(persons[organisation]) > 1}


def _followed(
    mention: EnrichedMention, text: Text, claims: Sequence[_Claim]
) -> dict[tuple[int, int], tuple[Again, ...]]:
    people: dict[tuple[int, int], dict[tuple[int, int], Sighting]] = {}
    for claim in claims:
        sighting = claim.case.sighting
        people.setdefault(claim.person, {})[sighting.first, sighting.last] = sighting
    seen = [(entity.start, entity.end) for entity in mention.entities if entity.label == "person"]
    sightings = [[held[place] for place in sorted(held)] for held in people.values()]
    return dict(zip(people, follow(text, sightings, seen), strict=True))


def _with(party: Party, again: Sequence[Again], text: Text) -> Party:
    if not again:
        return party
    short = tuple(
        Evidence(
            feature="named again",
            weight=0.0,
            mention_value=text.original[one.start : one.end],
            crm_value=party.name,
            start=one.start,
            end=one.end,
        )
        for one in again
    )
    return Party(
        role=party.role,
        subject=party.subject,
        name=party.name,
        outcome=party.outcome,
        score=party.score,
        weight=party.weight,
        evidence=(*party.evidence, *short),
    )


def _unknown(case: PersonCase) -> int:
    if not case.sighting.middle:
        return 0
    known = {token for word in case.name.middle for token in word} | set(case.name.leading)
    return sum(token not in known and not any(token == k[0] for k in known) for token in case.sighting.middle)


def _beside(
    text: Text, sighting: Sighting, directory: Directory, seen: Sequence[tuple[int, int]]
) -> tuple[int, int, str] | None:
    """Return the organisation that the text puts beside a name, as [start, end) and its name; None for none.

    An account of the CRM, or what the entity recogniser takes for an organisation (`seen`): after the name and a word
    like "of", or before it with nothing but a title between. None where the text says that this is over.
    """
    words = text.tokens
    bracket = titles = False
    for at in range(sighting.last + 1, min(sighting.last + 1 + _REACH, len(words))):
        gap = text.gap(at - 1)
        if "@" in gap:
            return _organisation_from(text, at, directory, seen)
        bracket = bracket or (at == sighting.last + 1 and gap.strip() == "(")
        if not _SENTENCE_END.isdisjoint(gap) and gap.strip() != "(":
            break
        # "Asha Rao (Borealis)", "Asha Rao, plant manager, Borealis"
        if (bracket or (titles and "," in gap)) and (found := _organisation_from(text, at, directory, seen)):
            return found
        titles = words[at] in _TITLE_WORDS
        if words[at] in FORMER:
            return None
        if words[at] in _OF and at + 1 < len(words) and _SENTENCE_END.isdisjoint(text.gap(at)):
            first = at + 2 if words[at + 1] == "the" else at + 1
            if found := _organisation_from(text, first, directory, seen):
                return found
    for at in range(sighting.first - 1, max(sighting.first - 1 - _REACH, -1), -1):
        gap = text.gap(at)
        # A dash parts as a full stop does: "CLEVELAND -- Asha Rao ..." says where it was written.
        if not _SENTENCE_END.isdisjoint(gap) or gap.strip() in _DASHES or words[at] in FORMER:
            return None
        if at and words[at - 1] == "of" and not directory.accounts_called((words[at],)):
            return None  # "Secretary of State Asha Rao": a part of her title
        if found := _organisation_to(text, at, directory, seen):
            return None if not FORMER.isdisjoint(words[max(at - 4, 0) : at]) else found
        if words[at] not in _TITLE_WORDS and words[at] not in HONORIFICS:
            return None
    return None


def _organisation_from(
    text: Text, first: int, directory: Directory, seen: Sequence[tuple[int, int]]
) -> tuple[int, int, str] | None:
    """Return the organisation whose name begins at a token."""
    for last in range(min(first + _WIDEST, len(text.tokens)) - 1, first - 1, -1):
        if found := _account_at(text, first, last, directory):
            return found
    if seen and first < len(text.tokens):
        start = text.span(first, first)[0]
        return next((_seen(text, span) for span in seen if span[0] == start), None)
    return None


def _organisation_to(
    text: Text, last: int, directory: Directory, seen: Sequence[tuple[int, int]]
) -> tuple[int, int, str] | None:
    """Return the organisation whose name ends at a token."""
    for first in range(max(last - _WIDEST + 1, 0), last + 1):
        if found := _account_at(text, first, last, directory):
            return found
    if seen:
        end = text.span(last, last)[1]
        return next((_seen(text, span) for span in seen if span[1] == end), None)
    return None


def _account_at(text: Text, first: int, last: int, directory: Directory) -> tuple[int, int, str] | None:
    ids = directory.accounts_called(tuple(text.tokens[first : last + 1]))
    if not ids:
        return None
    start, end = text.span(first, last)
    return None if text.original[start].islower() else (start, end, directory.name_of(ids[0]))


def _seen(text: Text, span: tuple[int, int]) -> tuple[int, int, str]:
    return (*span, text.original[slice(*span)])
