# ruff: noqa: SIM905  (word lists read better as text)
"""Evidence that a contact's full name in a text is that contact."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from babel import Locale
from babel.languages import get_official_languages

from overheard.matcher.features.account import (
    AccountCase,
    part_of_a_longer_name,
    word_before_a_thing,
    word_of_the_language,
)
from overheard.matcher.features.base import (
    Feature,
    Found,
    domain_in,
    evidence_of,
    gather,
    has_telling_capital,
    overlapping,
    phrase_of,
    reference,
    several,
)
from overheard.matcher.names.organisations import (
    employer_domain,
    find_across_scripts,
    find_organisation,
    may_be_one_organisation,
    organisation_phrases,
    site_domain,
)
from overheard.matcher.names.person import FAMILY_FIRST, HONORIFICS, PersonName
from overheard.matcher.names.rarity import expected_bearers, share_of
from overheard.matcher.names.sightings import Sighting
from overheard.matcher.names.text import Text, tokens
from overheard.matcher.names.words import is_somebodys_name
from overheard.records import Account, Contact, EnrichedMention, Evidence
from overheard.text import fold
from overheard.words import CAPITALISED, is_word

# At most so many people of a name may be expected for it to be called rare (`rarity`).
RARE = 1.0
# From so many on it is common: in any text it is more often another's.
COMMON = 1_000.0
# A title counts as said of somebody within so many words of the name: "Steve Bannon, the executive chairman of ...".
_TITLE_DISTANCE = 5
# From so many contacts of one family name on, it tells less.
_SHARED = 16
# A word this much rarer than the name that it is a letter from is that name mistyped: Micheal; not Anderson.
_RARER = 0.05
# Where family names are as rare as the census of the United States has them, about.
_CENSUS_SPEAKS_FOR = frozenset(("US", "CA", "GB", "UK", "IE", "AU", "NZ"))
# Tokens from a name to the employer beside it, characters to one in the same sentence.
_BESIDE, _SENTENCE = 9, 100
_SENTENCE_ENDS = re.compile(r"[!?;•]|\.(?!\w)|\n\s*\n")
_OWN = frozenset({"s"})
# What stands between a name and the employer that it is put beside, but for titles.
_BETWEEN = frozenset(
    "of at from with for bei de del da do delle van von chez by s the a an our their who is was has been works working "
    "worked runs leads heads now currently here over there and whole team crew dept department".split()
)
# What people are called by their work.
TITLE_WORDS = frozenset(
    "ceo cto cfo coo cmo cio s director manager head president vp vice chief executive officer engineer founder "
    "cofounder co analyst spokesperson spokesman spokeswoman chairman chairwoman chair owner partner lead senior "
    "general managing sales marketing plant product and".split()
)
# Words that say that an employer is one of before.
FORMER = frozenset({"former", "formerly", "ex", "previously", "erstwhile", "left", "until", "late", "past"})


class PersonCase(NamedTuple):
    """A contact's full name at one place of a mention's text.

    `firm` is an account of that very name, or ""; `bearers` how many contacts bear the family name, roughly;
    `products` are those that the employer has; `beside` is the organisation that the text puts beside the name ("Asha
    Rao of Borealis"), at [start, end) and by its name; `wordless` says that no word of a fact on the contact is in the
    text. What is known once all cases are: `rivals`, other contacts with as good a claim, four at most, and
    `colleagues`, the names of others of their organisation in the text.
    """

    mention: EnrichedMention
    text: Text
    sighting: Sighting
    contact: Contact
    name: PersonName
    employer: Account | None
    firm: str = ""
    bearers: int = 0
    products: tuple[str, ...] = ()
    beside: tuple[int, int, str] | None = None
    wordless: bool = False
    rivals: tuple[Contact, ...] = ()
    colleagues: tuple[str, ...] = ()


def full_name(case: PersonCase) -> Found:
    """The contact's given and family name stand together in the text."""
    return _at(case, case.contact.name)


def lower_case(case: PersonCase) -> Found | None:
    """Against: the name is written without capitals, as words would be."""
    return _at(case, case.contact.name) if case.sighting.case == "lower" else None


def rare_name(case: PersonCase) -> Found | None:
    """So few people bear the name that it is hardly another: at most one expected in the tables of `rarity`.

    Not where many contacts bear the family name: this CRM's people are then named otherwise than the tables have it.
    """
    sighting = case.sighting
    if sighting.case == "lower" or sighting.kind != "full" or sighting.level not in ("exact", "accents"):
        return None
    if case.bearers >= _SHARED:
        return None
    bearers = expected_bearers(case.name, abroad=is_abroad(case.contact.country))
    if bearers is None or bearers > RARE or (sighting.inverted and not sighting.comma):
        return None
    return _at(case, f"about {bearers:.1g} bearers expected")


def common_name(case: PersonCase) -> Found | None:
    """Against: more than a thousand people are expected to bear the name in the tables of `rarity`."""
    bearers = expected_bearers(case.name)
    return _at(case, f"about {bearers:,.0f} bearers expected") if bearers is not None and bearers > COMMON else None


def family_name_shared(case: PersonCase) -> Found | None:
    """Against: many contacts bear the family name, so it tells little here. The more the heavier, in powers of four."""
    if case.bearers < _SHARED:
        return None
    return _at(
        case, f"{case.bearers} contacts and more", scale=(case.bearers.bit_length() - _SHARED.bit_length()) / 2 + 1
    )


def only_initials(case: PersonCase) -> Found | None:
    """Against: the CRM or the text has no given name, only initials, which many people of the family name share."""
    return _at(case, case.contact.name) if case.name.initials or case.sighting.kind == "initials" else None


def family_name_missing(case: PersonCase) -> Found | None:
    """Against: the text has the given and the middle name only: "Gabriel García" for Gabriel García Márquez."""
    return _at(case, case.contact.name) if case.sighting.kind == "family name missing" else None


def former_name(case: PersonCase) -> Found | None:
    """Against: the text has a family name that the CRM says the person had before."""
    return _at(case, case.contact.name) if case.sighting.kind == "former name" else None


def other_accents(case: PersonCase) -> Found | None:
    """Against: the same letters with other accents, or none."""
    return _at(case, case.contact.name) if case.sighting.level == "accents" else None


def transliteration(case: PersonCase) -> Found | None:
    """Against: the name stands in another script than in the CRM, where other names may look the same."""
    level = case.sighting
    return _at(case, case.contact.name) if "transliteration" in (level.given, level.family) else None


def other_spelling(case: PersonCase) -> Found | None:
    """Against: given or family name is spelled otherwise, as names are that come from another script."""
    level = case.sighting
    return _at(case, case.contact.name) if "spelling" in (level.given, level.family) else None


def typing_error(case: PersonCase) -> Found | None:
    """Against: a letter of the given or family name is wrong. Much more where what stands there is a name, too."""
    sighting = case.sighting
    if sighting.level != "typo":
        return None
    given = sighting.given == "typo"
    written = share_of(case.text.tokens[sighting.first if given else sighting.last]) or 0.0
    known = share_of(case.name.given[0] if given else case.name.family[-1]) or 0.0
    return _at(case, case.contact.name, scale=1.0 if written <= known * _RARER else 3.0)


def nickname(case: PersonCase) -> Found | None:
    """Against: the text has a short form of the given name, or the CRM has: Bob for Robert, Venky for Venkatesh."""
    return _at(case, case.contact.name) if case.sighting.given == "nickname" else None


def family_name_first(case: PersonCase) -> Found | None:
    """Against: the family name stands first, as in a list, where two people's names may meet.

    Twice as much without a comma; not where the name is of a language that has it so.
    """
    sighting = case.sighting
    if not sighting.inverted or case.name.initials or case.name.joined:
        return None
    written = case.text.tokens[sighting.first]
    if not written.isascii() and sighting.first + 1 <= sighting.last and case.text.gap(sighting.first) == "":
        return None
    if {*case.name.given, *case.name.family} & FAMILY_FIRST:
        return None
    return _at(case, case.contact.name, scale=1.0 if sighting.comma else 2.0)


def same_middle_name(case: PersonCase) -> Found | None:
    """The middle name or initial in the text agrees with the CRM's."""
    known = [token for word in case.name.middle for token in word]
    written = case.sighting.middle
    return _at(case, case.contact.name) if known and written and _agree(written, known) else None


def other_middle_name(case: PersonCase) -> Found | None:
    """Veto: the text has a middle name or initial that contradicts the CRM's."""
    known = [token for word in case.name.middle for token in word]
    written = case.sighting.middle
    return _at(case, case.contact.name) if known and written and not _agree(written, known) else None


def longer_name(case: PersonCase) -> Found | None:
    """Veto: the name is a part of a longer one, a place's, a firm's or a Jr.'s."""
    if not case.sighting.longer:
        return None
    return Found(case.sighting.longer, case.contact.name, case.sighting.start, case.sighting.end)


def generation_missing(case: PersonCase) -> Found | None:
    """Against: the CRM says Jr. or III, and the text does not."""
    after = case.text.tokens[case.sighting.last + 1 : case.sighting.last + 2]
    return _at(case, case.contact.name) if case.name.generation and after != [case.name.generation] else None


def firm_of_that_name(case: PersonCase) -> Found | None:
    """Against: a watched company or an account goes by the same name, as John Deere and Charles Schwab do."""
    start, end = case.sighting.start, case.sighting.end
    for hit in case.mention.hits:
        if hit.start <= start and end <= hit.end and hit.kind != "category":
            return _at(case, hit.term)
    return _at(case, case.firm) if case.firm else None


def employer_named(case: PersonCase) -> Found | None:
    """The organisation that the CRM has for the contact is named elsewhere in the same text.

    A single word counts half where its capital tells nothing and nobody sees a firm there: "Square dances, said ...".
    """
    for name in _firms_of(case):
        for phrase in organisation_phrases(name):
            if phrase[0] not in case.text.vocabulary:
                continue  # of the employers of twenty namesakes, one or none is in the text
            if place := _elsewhere(case, phrase, find_organisation(case.text, name, phrase)):
                if len(phrase) > 1:
                    return Found(case.text.original[slice(*place)], name, *place)
                if scale := _firm_there(case, name, phrase, place):
                    return Found(case.text.original[slice(*place)], name, *place, scale=scale)
        for first, last in find_across_scripts(case.text, name):
            if last < case.sighting.first or case.sighting.last < first:
                place = case.text.span(first, last)
                sure = first < last or _is_seen_as_firm(case, *place)
                return Found(case.text.original[slice(*place)], name, *place, scale=1.0 if sure else 0.5)
    return None


def employer_beside(case: PersonCase) -> Found | None:
    """The text puts the employer beside the name: "A. Rao of Acme", "Asha Rao, head of sales, Acme", "Acme's Asha Rao".

    Half as much for an employer of two words and more that the same sentence names elsewhere, where the name is
    whole and has its capitals.
    """
    if (found := employer_named(case)) is None or found.scale < 1:
        return None
    for phrase in organisation_phrases(found.crm_value):
        for at in find_organisation(case.text, found.crm_value, phrase):
            if _is_beside(case, at, at + len(phrase) - 1):
                start, end = case.text.span(at, at + len(phrase) - 1)
                return Found(case.text.original[start:end], found.crm_value, start, end)
    if case.sighting.kind == "initials" or case.sighting.case == "lower" or len(phrase_of(found.mention_value)) < 2:
        return None
    one, other = sorted(((case.sighting.start, case.sighting.end), (found.start, found.end)))
    between = case.text.original[one[1] : other[0]]
    near = len(between) <= _SENTENCE and not _SENTENCE_ENDS.search(between)
    return found._replace(scale=0.5) if near else None


def _firms_of(case: PersonCase) -> list[str]:
    """Return the names that the CRM has for the contact's organisation, each once."""
    own = case.contact.organisation
    employer = case.employer.name if case.employer else ""
    return [name for name in ((own, employer) if own != employer else (own,)) if name]


def former_employer(case: PersonCase) -> Found | None:
    """Against: the text says that they were there before: "former", "ex-"; the CRM may be old, or it is another."""
    if case.text.vocabulary.isdisjoint(FORMER) or (found := employer_named(case)) is None:
        return None
    before = case.text.folded[max(found.start - 30, 0) : found.start] if case.text.original.isascii() else ""
    before = before or fold(case.text.original[max(found.start - 30, 0) : found.start])
    # "It came two weeks late. Acme promoted her": the sentence before says nothing of the employer.
    words = tokens(_SENTENCE_ENDS.split(before)[-1])[-4:]
    return found if FORMER.intersection(words) else None


def other_employer(case: PersonCase) -> Found | None:
    """Veto: the text puts another organisation beside the name: "Asha Rao of Borealis", where the CRM says Acme."""
    if case.beside is None or (not case.wordless and (employer_named(case) or domain_linked(case))):
        return None
    return _other_than(case.text, case.beside, _firms_of(case))


def _other_than(text: Text, beside: tuple[int, int, str], known: Sequence[str]) -> Found | None:
    """Return the organisation beside a name where it is none of those that the CRM has."""
    start, end, name = beside
    for one in known:
        if may_be_one_organisation(name, one):
            return None
    return Found(text.original[start:end], " / ".join(known), start, end) if known else None


def product_held(case: PersonCase) -> Found | None:
    """A product that their organisation has, as the CRM knows, is named in the same text."""
    for product in case.products:
        phrase = phrase_of(product)
        if phrase and (place := _elsewhere(case, phrase, case.text.find(phrase))):
            return Found(case.text.original[slice(*place)], product, *place)
    return None


def colleague_named(case: PersonCase) -> Found | None:
    """Another contact of their organisation is named in full in the same text."""
    return _at(case, several(case.colleagues)) if case.colleagues else None


def language_of_country(case: PersonCase) -> Found | None:
    """The text is in a language other than English that is official where the contact lives."""
    if not case.contact.country or not (code := telling_language(case.mention)):
        return None
    return _at(case, case.contact.country) if code in _languages_of(case.contact.country) else None


def telling_language(mention: EnrichedMention) -> str:
    """Return the language of a text where it may tell a country: "" for English, and for one that is not sure."""
    code = mention.language.code.partition("-")[0]
    return "" if code in ("en", "und") or mention.language.confidence < 0.5 else code


def domain_linked(case: PersonCase) -> Found | None:
    """The text links to, or writes, the domain of the contact's e-mail address or employer."""
    if not case.mention.mention.links and not case.text.has_dotted_word:
        return None
    domains = [employer_domain(email) for email in case.contact.emails]
    domains += [site_domain(url) for url in case.contact.urls]
    domains += [site_domain(case.employer.domain)] if case.employer else []
    for domain in dict.fromkeys(domains):
        if domain and (found := domain_in(case.mention, case.text, domain)):
            return found
    return None


def title_named(case: PersonCase) -> Found | None:
    """The contact's title stands within a few words of the name; one word ("Director") counts half."""
    phrase = phrase_of(case.contact.title)
    for at in case.text.find(phrase):
        last = at + len(phrase) - 1
        if 0 <= case.sighting.first - last - 1 < _TITLE_DISTANCE or 0 <= at - case.sighting.last - 1 < _TITLE_DISTANCE:
            place = case.text.span(at, last)
            scale = 1.0 if len(phrase) > 1 else 0.5
            return Found(case.text.original[slice(*place)], case.contact.title, *place, scale=scale)
    return None


def place_named(case: PersonCase) -> Found | None:
    """The contact's place is named elsewhere in the same text."""
    phrase = phrase_of(case.contact.place)
    if phrase and (place := _elsewhere(case, phrase, case.text.find(phrase))):
        return Found(case.text.original[slice(*place)], case.contact.place, *place)
    return None


def person_entity(case: PersonCase) -> Found | None:
    """The entity recogniser sees a person there."""
    return _entity(case, ("person",))


def other_entity(case: PersonCase) -> Found | None:
    """Against: the entity recogniser sees an organisation or a place there, and no person."""
    return None if _entity(case, ("person",)) else _entity(case, ("organisation", "place"))


def rival(case: PersonCase) -> Found | None:
    """Against: another contact bears the same name and has as good a claim to this place."""
    if not case.rivals:
        return None
    return _at(case, f"also {several([reference(contact) for contact in case.rivals])}")


# What the name and the place of it say: the same for every contact of that name.
NAME_FEATURES: tuple[Feature[PersonCase], ...] = (
    Feature(1.0, full_name),
    Feature(-1.5, lower_case),
    Feature(3.0, rare_name),
    Feature(-1.0, common_name),
    Feature(-0.1, family_name_shared),
    Feature(-1.5, only_initials),
    Feature(-2.0, family_name_missing),
    Feature(-0.5, former_name),
    Feature(-0.1, other_accents),
    Feature(-0.1, transliteration),
    Feature(-0.7, other_spelling),
    Feature(-0.7, nickname),
    Feature(-1.0, typing_error),
    Feature(-0.5, family_name_first),
    Feature(1.5, same_middle_name),
    Feature(-3.0, other_middle_name, veto=True),
    Feature(-3.0, longer_name, veto=True),
    Feature(-1.0, generation_missing),
    Feature(-2.0, firm_of_that_name),
    Feature(0.3, person_entity),
    Feature(-1.5, other_entity),
)
# What the text says beside it, and the CRM of this contact.
FACT_FEATURES: tuple[Feature[PersonCase], ...] = (
    Feature(3.0, employer_named, corroborates=True),
    Feature(1.0, employer_beside),
    Feature(-0.5, former_employer),
    Feature(-3.0, other_employer, veto=True),
    Feature(3.0, domain_linked, corroborates=True),
    Feature(2.0, title_named, corroborates=True),
    Feature(1.5, place_named, corroborates=True),
    Feature(1.0, product_held, corroborates=True),
    Feature(0.3, language_of_country),
)
# What the other candidates say, once all of them are known.
AMONG_FEATURES: tuple[Feature[PersonCase], ...] = (
    Feature(2.0, colleague_named, corroborates=True),
    Feature(-2.0, rival),
)
PERSON_FEATURES = NAME_FEATURES + FACT_FEATURES + AMONG_FEATURES
TITLE, PLACE = "title named", "place named"
# Of those, what may be found where no word of a fact stands in the text.
_OTHER_EMPLOYER = next(one for one in FACT_FEATURES if one.find is other_employer)
_WORDLESS_FEATURES = tuple(one for one in FACT_FEATURES if one.find in (other_employer, language_of_country))
CORROBORATING = frozenset(feature.name for feature in PERSON_FEATURES if feature.corroborates)


def facts_beside(case: PersonCase) -> list[Evidence]:
    """Return what `FACT_FEATURES` find; of whom the text has no word, it can be no more than two of them."""
    return gather(_WORDLESS_FEATURES if case.wordless else FACT_FEATURES, case)


def employer_elsewhere(text: Text, beside: tuple[int, int, str] | None, firms: Sequence[str]) -> Evidence | None:
    """Return what `facts_beside` finds of a contact of whom the text has no word, in no language that tells a country.

    `beside` as in `PersonCase`, `firms` are the names of the contact's organisation.
    """
    if beside is None or (found := _other_than(text, beside, firms)) is None:
        return None
    return evidence_of(_OTHER_EMPLOYER, found)


def _at(case: PersonCase, crm_value: str, scale: float = 1.0) -> Found:
    start, end = case.sighting.start, case.sighting.end
    return Found(case.text.original[start:end], crm_value, start, end, scale=scale)


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    return {fold(name): code for code, name in Locale.parse("en").territories.items() if len(code) == 2}


@lru_cache(maxsize=1024)
def is_abroad(country: str) -> bool:
    """True for a known country whose names the census of the United States does not speak for."""
    return (code := _code_of(country)) != "" and code not in _CENSUS_SPEAKS_FOR


@lru_cache(maxsize=1024)
def _code_of(country: str) -> str:
    word = fold(country).strip()
    return word.upper() if len(word) == 2 else _territories().get(word, "")


@lru_cache(maxsize=1024)
def _languages_of(country: str) -> frozenset[str]:
    """Return the official languages of a country given by its English name or ISO code; empty where unknown."""
    code = _code_of(country)
    found = get_official_languages(code, regional=True, de_facto=True) if code else ()
    return frozenset(language.partition("_")[0] for language in found)


def _elsewhere(case: PersonCase, phrase: tuple[str, ...], places: Sequence[int]) -> tuple[int, int] | None:
    """Return the first of the places of a phrase that is not the name itself; a single word must have its capital."""
    for at in places:
        last = at + len(phrase) - 1
        if at <= case.sighting.last and case.sighting.first <= last:
            continue
        start, end = case.text.span(at, last)
        if len(phrase) > 1 or not case.text.original[start].islower():
            return start, end
    return None


def _is_seen_as_firm(case: PersonCase, start: int, end: int) -> bool:
    """True where a capital, the entity recogniser or a watched company's term says that a word names a firm."""
    if has_telling_capital(case.text, (start, end), (case.sighting.start, case.sighting.end)):
        return True
    if overlapping(case.mention, case.text, ("organisation",), (start, end), ""):
        return True
    return any(hit.start < end and start < hit.end and hit.kind != "category" for hit in case.mention.hits)


def _firm_there(case: PersonCase, name: str, phrase: tuple[str, ...], place: tuple[int, int]) -> float:
    """Return how far a single word is seen as the firm of that name there: 1, 0.5 for not sure, 0 for another thing.

    A word of the language or somebody's name is looked at as an account's name is: "in Times Square" and "on Monday"
    name no employer, "drove a Ford" hardly one.
    """
    seen = 1.0 if _is_seen_as_firm(case, *place) else 0.5
    if not (is_word(phrase[0]) or is_somebodys_name(phrase[0])):
        return seen
    at = next((at for at in case.text.find(phrase) if case.text.span(at, at) == place), None)
    if at is None or _is_beside(case, at, at):
        return seen if at is None else 1.0
    account = case.employer or Account(id="", external_ids=(), name=name)
    there = AccountCase(case.mention, case.text, account, phrase, at)
    longer = overlapping(case.mention, case.text, ("place", "person"), place, "")
    inside = longer is not None and longer.start <= place[0] and place[1] <= longer.end and longer.end - longer.start
    if (
        (inside and inside > place[1] - place[0])
        or part_of_a_longer_name(there)
        or (seen < 1 and phrase[0] in CAPITALISED)
    ):
        return 0.0
    return 0.5 if word_of_the_language(there) or word_before_a_thing(there) else seen


def _is_beside(case: PersonCase, first: int, last: int) -> bool:
    """True where nothing but a title, a comma or a word like "of" stands between the name and tokens [first, last]."""
    text, sighting, title = case.text, case.sighting, phrase_of(case.contact.title)
    words = text.tokens
    if sighting.last < first <= sighting.last + _BESIDE:
        gaps = [text.gap(i) for i in range(sighting.last, first)]
        between = words[sighting.last + 1 : first]
        linked = bool(between) or any(char in gaps[0] for char in ",(/|\n–—-[@")
    elif last < sighting.first <= last + _BESIDE:
        gaps = [text.gap(i) for i in range(last, sighting.first)]
        between = words[last + 1 : sighting.first]
        # "Acme's head of sales Asha Rao"; not "at Acme with Asha Rao"
        linked = any(between) and all(word in TITLE_WORDS or word in _OWN or word in title for word in between)
    else:
        return False
    if any(_SENTENCE_ENDS.search(gap) for gap in gaps) or not linked:
        return False
    return all(word in _BETWEEN or word in TITLE_WORDS or word in HONORIFICS or word in title for word in between)


def _entity(case: PersonCase, labels: Sequence[str]) -> Found | None:
    return overlapping(case.mention, case.text, labels, (case.sighting.start, case.sighting.end), case.contact.name)


def _agree(written: Sequence[str], known: Sequence[str]) -> bool:
    """True where each written middle name is one of the known, or one is the other's initial or is cut short: Kr."""
    return all(any(a == b or _is_short_for(a, b) or _is_short_for(b, a) for b in known) for a in written)


def _is_short_for(short: str, word: str) -> bool:
    """True for an initial, and for two letters of a word, its first among them, without a vowel between: Kr., Pd."""
    if short[0] != word[0]:
        return False
    return len(short) == 1 or (len(short) == 2 and len(word) > 3 and short[1] in word[1:] and short[1] not in "aeiou")
