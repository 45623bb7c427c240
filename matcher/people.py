# ruff: noqa: SIM905  (word lists read better as text)
"""Who is named: contacts whose full name stands in a text, each with its rivals. Pure."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import NamedTuple, cast

from overheard.matcher.decide import decide_person, is_backed
from overheard.matcher.features.base import gather, phrase_of
from overheard.matcher.features.person import (
    AMONG_FEATURES,
    CORROBORATING,
    FORMER,
    NAME_FEATURES,
    PLACE,
    TITLE,
    TITLE_WORDS,
    PersonCase,
    employer_elsewhere,
    facts_beside,
    is_abroad,
    telling_language,
)
from overheard.matcher.identity.directory import AccountNamed, Directory
from overheard.matcher.identity.workplace import Employed, has_word, may_have_fact
from overheard.matcher.names.follow import Again, follow
from overheard.matcher.names.organisations import site_domain
from overheard.matcher.names.person import HONORIFICS, PersonName, person_name
from overheard.matcher.names.rarity import is_usual_given_name
from overheard.matcher.names.sightings import Sighting, find_mistyped, find_person
from overheard.matcher.names.spelling import RANK
from overheard.matcher.names.text import Text
from overheard.matcher.parties import OUTCOMES, RIVALS, room, shared
from overheard.matcher.score import BARE, score, weigh
from overheard.records import Contact, EnrichedMention, Evidence, Outcome, Party

# Of the contacts who share initials and family name, all are looked at while they are so few; of more, those for whom
# the text has a word of their organisation, title or place.
_FEW = 8

# Between a name and the organisation that it is put beside: "Asha Rao, head of sales at Borealis".
_OF = frozenset("of at from with for bei de chez von @".split())
_REACH = 6  # tokens from the name to that word, and from an organisation before the name to the name
_WIDEST = 4  # tokens of an organisation's name
_LITTLE = frozenset({"of", "and", "the", "de", "für", "for"})
_DASHES = ("-", "--", "–", "—")
_SENTENCE_END = frozenset(".!?;\n()[]|•")


def find_people(
    mention: EnrichedMention,
    text: Text,
    firms: Sequence[AccountNamed],
    directory: Directory,
    refused: Collection[str] = (),
) -> list[Party]:
    """Contacts whose full name stands in the text: each a party, by the best of its places.

    `firms` are the accounts named in it. `refused` are those (`Directory.person_of`) of whom a person said that they
    are not in this text: nobody's rivals.
    """
    claims = _claims(mention, text, firms, directory, refused)
    if not claims:
        return []
    colleagues = _colleagues(claims)
    again = _followed(mention, text, claims)
    best: dict[str, tuple[Party, tuple[int, int]]] = {}
    for place in _places(claims):
        # What the others say is the same for all who have the same rivals, and of twenty namesakes most have. Those who
        # have no fact either share what the name says, and so the judgement.
        said: dict[tuple[object, ...], list[Evidence]] = {}
        judgements: dict[tuple[object, ...], _Judgement] = {}
        judged: list[tuple[_Claim, _Judgement]] = []
        scores: dict[tuple[bool, str], float] = {}
        for claim, rivals, ids in _contested(place):
            own = colleagues.get(claim.employed.organisation) if colleagues else None
            named = tuple(sorted(name for person, name in own.items() if person != claim.spot.name)) if own else ()
            key = (id(claim.evidence), ids, named)  # the lists live as long as the claims
            if (judgement := judgements.get(key)) is None:
                evidence = claim.evidence
                if rivals or named:
                    case = claim.spot.case
                    others = (case.sighting.start, case.sighting.end, ids, named)
                    if others not in said:
                        said[others] = gather(AMONG_FEATURES, case._replace(rivals=rivals, colleagues=named))
                    evidence = evidence + said[others]
                judgement = judgements[key] = _judged(evidence, contested=bool(rivals))
            judged.append((claim, judgement))
            one = (judgement.contested, claim.who)
            if judgement.score > scores.get(one, -1.0):
                scores[one] = judgement.score
        left = room(scores)
        for claim, judgement in judged:
            contact = claim.contact
            held = best.get(contact.id)
            if held is None or judgement.order < (OUTCOMES[held[0].outcome], -held[0].weight):
                party = Party(
                    role="mentioned",
                    subject=contact.id,
                    name=contact.name,
                    outcome=judgement.outcome,
                    score=shared(judgement.score, left) if judgement.contested else judgement.score,
                    weight=judgement.weight,
                    evidence=judgement.evidence,
                )
                best[contact.id] = party, claim.spot.person
    return [_with(party, again.get(person, ()), text) for party, person in best.values()]


class _Judgement(NamedTuple):
    """What evidence amounts to; `contested`: others have as good a claim. The first in `order` are the surest."""

    evidence: tuple[Evidence, ...]
    weight: float
    score: float
    outcome: Outcome
    contested: bool
    order: tuple[int, float]


def _judged(evidence: Sequence[Evidence], *, contested: bool) -> _Judgement:
    weight = weigh(evidence)
    value = score(weight)
    if value > BARE and not is_backed(evidence, CORROBORATING):
        value = BARE
    outcome = decide_person(value, evidence, corroborating=CORROBORATING, rivals=contested)
    return _Judgement(tuple(evidence), weight, value, outcome, contested, (OUTCOMES[outcome], -weight))


class _Claim(NamedTuple):
    """A contact's claim to a place: with what it says for all who bear the name, and what for this contact alone.

    `facts` is what the facts beside the name weigh; `titled` and `placed`: title and place are among them. `who` is
    whom the contact's record is of (`Directory.person_of`).
    """

    contact: Contact
    spot: "_Spot"
    evidence: list[Evidence]
    employed: Employed
    who: str
    facts: float = 0.0
    titled: bool = False
    placed: bool = False


def _claims(
    mention: EnrichedMention,
    text: Text,
    firms: Sequence[AccountNamed],
    directory: Directory,
    refused: Collection[str],
) -> list[_Claim]:
    named = _named(text, firms, directory, refused)
    if not named:
        return []
    words = text.vocabulary.union(map(site_domain, mention.mention.links))
    language = telling_language(mention)
    # Name as the CRM has it, and whether its bearer is abroad -> its places.
    spots: dict[tuple[str, bool], list[_Spot]] = {}
    around = _Around(mention, text, directory)
    claims: list[_Claim] = []
    for id_, places, slip in named:
        contact = directory.contacts[id_]
        bearing = contact.name, is_abroad(contact.country)
        if (found := spots.get(bearing)) is None:
            name = cast("PersonName", person_name(contact.name))  # what has none is found by none
            if slip:
                sightings = find_mistyped(text, name, places)
            else:
                sightings = [at for at in find_person(text, name, places) if _is_one_person(text, at)]
            # Whose name is mistyped is not met by its bearers' keys, so that their number may not count.
            bearers = directory.bearers(name) if sightings and not slip else 0
            found = spots[bearing] = [around.spot(at, contact, name, bearers) for at in sightings]
        if not found:
            continue
        known = directory.known(id_)
        employed = directory.employed(known.work)
        wordless = not may_have_fact(known, employed, text, words)
        who = directory.person_of(id_)
        for spot in found:
            # Most have no word of a fact there, and nothing speaks of another employer or of a country.
            if wordless and not language:
                other = employer_elsewhere(text, spot.case.beside, employed.names)
                evidence = spot.evidence if other is None else [*spot.evidence, other]
                claims.append(_Claim(contact, spot, evidence, employed, who))
                continue
            facts = facts_beside(
                spot.case._replace(
                    contact=contact, employer=employed.employer, products=employed.products, wordless=wordless
                )
            )
            evidence = spot.evidence + facts if facts else spot.evidence
            if wordless or not facts:
                claims.append(_Claim(contact, spot, evidence, employed, who))
                continue
            weight = sum([one.weight for one in facts if one.feature in CORROBORATING])
            titled, placed = (any(one.feature == fact for one in facts) for fact in (TITLE, PLACE))
            claims.append(_Claim(contact, spot, evidence, employed, who, weight, titled, placed))
    return claims


def _named(
    text: Text, firms: Sequence[AccountNamed], directory: Directory, refused: Collection[str]
) -> list[tuple[str, tuple[int, ...], bool]]:
    """Return who may be named, where, and whether by a slip of the pen, in order of id; those of a slip are last."""
    found, shared_ = directory.places_of_names_in(text)
    mistyped = directory.people_mistyped_in(text, firms)
    slips = [one for _, one in mistyped if one.contact not in found and one.contact not in shared_]
    if refused:
        found, shared_ = (
            {id_: at for id_, at in one.items() if directory.person_of(id_) not in refused} for one in (found, shared_)
        )
        slips = [one for one in slips if directory.person_of(one.contact) not in refused]
    if len(shared_) > _FEW:
        shared_ = {id_: at for id_, at in shared_.items() if has_word(directory.known(id_), text)}
    found.update(shared_)
    return [(id_, found[id_], False) for id_ in sorted(found)] + [(one.contact, one.places, True) for one in slips]


class _Spot(NamedTuple):
    """A name as the CRM has it at one place of a text, with what that says for all who bear it.

    `case` is that of the first who bears it, and `evidence` what the name says. `unknown` middle names stand there that
    the CRM lacks; `rank` says how far the spelling is from the CRM's. `person` tells whom the text names there from
    others that it names.
    """

    case: PersonCase
    evidence: list[Evidence]
    unknown: int
    rank: int
    person: tuple[int, int]

    @property
    def sighting(self) -> Sighting:
        """Where it stands, and how."""
        return self.case.sighting

    @property
    def name(self) -> PersonName:
        """The parts of the name, as the CRM has them."""
        return self.case.name


class _Around:
    """What stands around the names in a text, looked for once a place."""

    def __init__(self, mention: EnrichedMention, text: Text, directory: Directory) -> None:
        self._mention = mention
        self._text = text
        self._directory = directory
        self._seen = [(entity.start, entity.end) for entity in mention.entities if entity.label == "organisation"]
        self._places: dict[tuple[int, int], tuple[str, tuple[int, int, str] | None, tuple[int, int]]] = {}
        self._persons: dict[tuple[str, str], tuple[int, int]] = {}  # keys of two names -> their first place

    def spot(self, sighting: Sighting, contact: Contact, name: PersonName, bearers: int) -> _Spot:
        """Return what a name says at one of its places; `contact` is the first who bears it, at home or abroad."""
        text, place = self._text, (sighting.first, sighting.last)
        if (held := self._places.get(place)) is None:
            phrase = tuple(text.tokens[sighting.first : sighting.last + 1])
            # What a firm is called that has the same name; and one person for all places of the same two names.
            firm = next((self._directory.name_of(id_) for id_ in self._directory.accounts_called(phrase)), "")
            first, last = sorted((text.keys[sighting.first], text.keys[sighting.last]))
            person = self._persons.setdefault((first, last), place)
            held = self._places[place] = firm, _beside(text, sighting, self._directory, self._seen), person
        firm, beside, person = held
        case = PersonCase(self._mention, text, sighting, contact, name, None, firm, bearers, beside=beside)
        rank = RANK[sighting.level] + (RANK["nickname"] if sighting.kind != "full" else 0)
        return _Spot(case, gather(NAME_FEATURES, case), _unknown(case), rank, person)


def _is_one_person(text: Text, sighting: Sighting) -> bool:
    """False for two given names in the wrong order without a comma: Thomas James is not James Thomas."""
    if not sighting.inverted or sighting.comma:
        return True
    return not (is_usual_given_name(text.tokens[sighting.first]) and is_usual_given_name(text.tokens[sighting.last]))


def _order(claim: _Claim) -> tuple[int, int, str]:
    sighting = claim.spot.case.sighting
    return sighting.first, sighting.last, claim.contact.id


def _places(claims: list[_Claim]) -> list[list[_Claim]]:
    """Return the claims by place: those whose names overlap stand at one."""
    places: list[list[_Claim]] = []
    reached = -1
    for claim in sorted(claims, key=_order):
        sighting = claim.spot.case.sighting
        if sighting.first > reached:
            places.append([])
        places[-1].append(claim)
        reached = max(reached, sighting.last)
    return places


def _contested(place: Sequence[_Claim]) -> Iterable[tuple[_Claim, tuple[Contact, ...], tuple[str, ...]]]:
    """Return each claim to one place with its rivals, and their ids.

    A rival's name fits the place as well (spelled no further from it, no more middle names that the CRM lacks), and the
    facts beside it weigh half of mine or more, or I have none: a namesake with the same title is no rival where my
    employer is named, too. Where I have none, whoever has some is a rival. Nor is one whose title is another where mine
    is there: "finance director James Smith" is no dispatcher; of two directors the place tells. Whoever bears the name
    as it is written is a rival of one whose name it would be by a slip of the pen. Records of one person are no rivals.
    """
    pools: dict[tuple[int, int, float, bool, tuple[str, str] | None], _Pool] = {}
    for mine in place:
        spot, own = mine.spot, mine.contact
        # "K. Subramanian" may be Karthik Subramanian as well as who stands so in the CRM.
        own_initials = spot.case.name.initials
        rank = -1 if own_initials else spot.rank
        key = (spot.unknown, rank, mine.facts, mine.placed, (own.title, own.place) if mine.titled else None)
        if (pool := pools.get(key)) is None:
            pool = pools[key] = _pool([
                one
                for one in place
                if (
                    one.spot.unknown <= spot.unknown
                    and (one.spot.rank <= spot.rank or own_initials)
                    and (2 * one.facts >= mine.facts or mine.facts <= 0)
                    and not (mine.titled and one.facts < mine.facts and _is_told_apart(mine, one))
                )
                or (mine.facts <= 0 < one.facts)
                or (one.spot.rank < RANK["typo"] <= spot.rank)
            ])  # fmt: skip
        yield mine, *(_rivals(pool.claims, mine.who) if mine.who in pool.first else pool.rivals)


class _Pool(NamedTuple):
    """Those who are rivals of others alike: `rivals` of whoever is none of the `first` of them, as ids of persons."""

    claims: list[_Claim]
    first: frozenset[str]
    rivals: tuple[tuple[Contact, ...], tuple[str, ...]]


def _pool(claims: list[_Claim]) -> _Pool:
    return _Pool(claims, frozenset([one.who for one in claims[:RIVALS]]), _rivals(claims, ""))


def _rivals(claims: Sequence[_Claim], who: str) -> tuple[tuple[Contact, ...], tuple[str, ...]]:
    """Return the first contacts of others than that person, four at most, and their ids."""
    contacts = tuple(islice((one.contact for one in claims if one.who != who), RIVALS))
    return contacts, tuple([one.id for one in contacts])


def _is_told_apart(mine: _Claim, other: _Claim) -> bool:
    """True where mine has its title there, or its place with both titles, and the other's is known and is another."""
    titles = [frozenset(phrase_of(one.contact.title)) - _LITTLE for one in (mine, other)]
    if mine.titled and not other.titled:
        return bool(titles[1]) and titles[0].isdisjoint(titles[1])
    places = [frozenset(phrase_of(one.contact.place)) for one in (mine, other)]
    return mine.titled and mine.placed and not other.placed and bool(places[1]) and places[0].isdisjoint(places[1])


def _colleagues(claims: Sequence[_Claim]) -> dict[str, dict[PersonName, str]]:
    """Return organisation -> names of its contacts that the text has in full, for those with two and more."""
    if len({claim.spot.person for claim in claims}) < 2:
        return {}
    found: dict[str, dict[PersonName, str]] = {}
    persons: dict[str, set[tuple[int, int]]] = {}
    for claim in claims:
        organisation, sighting = claim.employed.organisation, claim.spot.sighting
        if organisation and sighting.kind == "full" and sighting.level in ("exact", "accents", "transliteration"):
            found.setdefault(organisation, {})[claim.spot.name] = claim.contact.name
            persons.setdefault(organisation, set()).add(claim.spot.person)
    return {organisation: names for organisation, names in found.items() if len(persons[organisation]) > 1}


def _followed(
    mention: EnrichedMention, text: Text, claims: Sequence[_Claim]
) -> dict[tuple[int, int], tuple[Again, ...]]:
    people: dict[tuple[int, int], dict[tuple[int, int], Sighting]] = {}
    for spot in {id(claim.spot): claim.spot for claim in claims}.values():
        sighting = spot.sighting
        people.setdefault(spot.person, {})[sighting.first, sighting.last] = sighting
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
        titles = words[at] in TITLE_WORDS
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
        if words[at] not in TITLE_WORDS and words[at] not in HONORIFICS:
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
