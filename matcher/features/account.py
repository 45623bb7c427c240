# ruff: noqa: SIM905  (word lists read better as text)
"""Evidence that an account's name in a text is that account, and no word of the language."""

import re
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
from overheard.matcher.names.organisations import LEGAL_FORMS, PhraseKind, phrase_kind, site_domain
from overheard.matcher.names.text import Text
from overheard.matcher.names.words import is_somebodys_name
from overheard.records import Account, EnrichedMention
from overheard.text import fold
from overheard.words import is_word


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

    @property
    def is_word(self) -> bool:
        """True where the name is a single word that may mean something else, a thing or a person."""
        return len(self.phrase) == 1 and (is_word(self.phrase[0]) or is_somebodys_name(self.phrase[0]))

    @property
    def has_capital(self) -> bool:
        """True where the text writes it with a capital."""
        return self.text.original[self.span[0]].isupper()

    @property
    def before(self) -> str:
        """The token before the name in its phrase, or ""."""
        return self.text.tokens[self.at - 1] if self.at and self.text.gap(self.at - 1) in _GAPS else ""

    @property
    def after(self) -> str:
        """The token after the name, or after its possessive, in its phrase; or ""."""
        last = self.at + len(self.phrase) - 1
        last += self.is_possessive
        return self.text.tokens[last + 1] if last + 1 < len(self.text.tokens) and self.text.gap(last) in _GAPS else ""

    @property
    def is_possessive(self) -> bool:
        """True for "Target's"."""
        last = self.at + len(self.phrase) - 1
        return self.text.tokens[last + 1 : last + 2] == ["s"] and self.text.gap(last) in _APOSTROPHES


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
    text, last = case.text, case.at + len(case.phrase) - 1
    if last + 1 >= len(text.tokens) or text.gap(last).strip() not in ("", ",", "("):
        return None
    until = last + 1
    if len(text.tokens[until]) == 1:  # S.A., L.L.C.
        while until + 1 < len(text.tokens) and text.gap(until) == "." and len(text.tokens[until + 1]) == 1:
            until += 1
    written = text.spelling(last + 1, until)
    if "".join(text.tokens[last + 1 : until + 1]) not in LEGAL_FORMS:
        return None
    small = written[0].islower() and written not in _SMALL_FORMS
    return None if small else _account_at(case, written)


def firms_word_beside(case: AccountCase) -> Found | None:
    """A word beside the name tells that it is a firm: "CEO of Square", "Apple shares", "works at Target"."""
    told = case.after if case.after in _AFTER_FIRMS and (case.has_capital or not case.is_word) else ""
    words = case.text.tokens[max(case.at - 2, 0) : case.at]
    if not told and len(words) == 2 and words[1] in _OF and words[0] in _OF_FIRMS:
        told = " ".join(words)
    return _account_at(case, told) if told else None


def where_names_stand(case: AccountCase) -> Found | None:
    """A word stands where only a name does: "at Target", "@Target", "Slack was down", "Square's fees"; no article.

    More, where it does something to somebody: "Zoom dropped the call", "Gap is closing its store". Less for what people
    are called, too, but for "at Ford"; less in small letters.
    """
    if not case.is_word or case.before in _ARTICLES or case.before == "the" or _in_longer_name(case):
        return None
    tells = has_telling_capital(case.text, case.span)
    told = ""
    if case.text.original[: case.span[0]].endswith("@"):
        told = "@"
    elif case.before in (_BEFORE_NAMES if tells else _BEFORE_SMALL) and (tells or not _is_content(case.after)):
        told = case.before
    elif case.has_capital and (tells or not case.before or case.before in _SMALL):
        told = _said_of_firms(case)
    if not told:
        return None
    scale = 1.0 if case.has_capital else 0.8
    if is_somebodys_name(case.phrase[0]) and told != "at":
        scale = 0.4
    elif _is_content(case.after) and not _is_thing(case):
        scale = 0.4  # "at Target Field", "on Apple Music": a name, but whose?
    elif told != case.before and _has_object(case):
        scale = 1.5
    return _account_at(case, told, scale=scale)


def word_of_the_language(case: AccountCase) -> Found | None:
    """Against: an article or the like stands before the word as before any other: "a target", "The Gap between"."""
    if not case.is_word or case.before not in _ARTICLES | {"the"}:
        return None
    if has_telling_capital(case.text, case.span) and (case.is_possessive or _is_thing(case)):
        return None  # "the Target app", "our Slack workspace"; not "The Target Audience"
    return _account_at(case, case.before)


def word_without_a_telling_capital(case: AccountCase) -> Found | None:
    """Against: the name is a word, and its capital tells nothing, since a sentence begins or all words have one."""
    if not case.is_word or not case.has_capital or has_telling_capital(case.text, case.span):
        return None
    return _account_at(case, case.account.name)


def word_before_a_thing(case: AccountCase) -> Found | None:
    """Against: the word says what kind of thing the next one is: "Target practice", "Apple pie", "square metres"."""
    if not case.is_word or has_telling_capital(case.text, case.span) or case.is_possessive:
        return None
    if not _is_thing(case) or case.after in _AFTER_FIRMS or _said_of_firms(case) or legal_form_beside(case):
        return None
    return _account_at(case, case.after)


def part_of_a_longer_name(case: AccountCase) -> Found | None:
    """Against: the word is a part of another name: "Times Square", "Orange County", "Harrison Ford"."""
    told = _in_longer_name(case)
    return _account_at(case, told) if told else None


def in_an_address(case: AccountCase) -> Found | None:
    """Against: it is the host in the address of a page on a platform, which tells where something is kept."""
    if not case.account.domain or site_domain(case.account.domain):
        return None
    start, end = case.span
    original = case.text.original
    for run in _PAGE.finditer(original, max(start - _HOST, 0), end + _HOST):
        if run.start() <= start and end <= run.end():
            return Found(run[0], case.account.domain, start, end)
    return None


def several_words(case: AccountCase) -> Found | None:
    """The name has more than one word, and so is hardly a word of the language."""
    return _account_at(case, case.account.name) if len(case.phrase) > 1 else None


def not_a_word(case: AccountCase) -> Found | None:
    """The name is a single word that neither the dictionary nor any list of people's names has: Infosys."""
    if len(case.phrase) > 1 or case.is_word or _spelled(case, "initials"):
        return None
    return _account_at(case, case.account.name)


def without_capitals(case: AccountCase) -> Found | None:
    """Against: the CRM writes the name with a capital, and the text does not."""
    start, _ = case.span
    upper = next((char.isupper() for char in case.account.name if char.lower() != char.upper()), False)
    return _account_at(case, case.account.name) if upper and case.text.original[start].islower() else None


def capitals_within_a_sentence(case: AccountCase) -> Found | None:
    """The name has its capital where nothing else asks for one."""
    return _account_at(case, case.account.name) if has_telling_capital(case.text, case.span) else None


def watched_term(case: AccountCase) -> Found | None:
    """The place is a hit of a watched company's term: the user said that this word means a company.

    Of a word of the language the user did not say that it always does, so it counts half.
    """
    start, end = case.span
    for hit in case.mention.hits:
        if hit.start < end and start < hit.end and hit.kind != "category":
            written = case.text.original[hit.start : hit.end]
            word = case.is_word and len(written.split()) == 1 and not written.startswith(("@", "#", "$"))
            return Found(written, hit.term, hit.start, hit.end, scale=0.5 if word else 1.0)
    return None


def organisation_entity(case: AccountCase) -> Found | None:
    """The entity recogniser sees an organisation there; a word in small letters, or a part of a name, counts half."""
    found = _account_entity(case, ("organisation",))
    if found is None or not case.is_word:
        return found
    alone = case.has_capital and not _in_longer_name(case)
    return found if alone else found._replace(scale=0.5)


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
_GAPS = frozenset((" ", "\n", "  ", " \n", "-", "-\n", " @", " #", ' "', " “", '" ', "” "))
_APOSTROPHES = ("'", "’")
# The host of an address that goes on: "www.facebook.com" of "www.facebook.com/acme". Longer ones are rare.
_PAGE = re.compile(r"[\w-]+(?:\.[\w-]+)+(?=/\w)")
_HOST = 60
_AFTER_FIRMS = frozenset(
    "ceo cto cfo coo founder cofounder spokesperson spokesman spokeswoman executives shares stock earnings revenue "
    "profit profits employees staff engineers customers customer announced announces launches launched acquires "
    "acquired unveils unveiled hired hires lays sued sues reported subsidiary headquarters office offices store stores "
    "support helpline dealer dealers distributor plant factory products app website outage chef chefin mitarbeiter "
    "aktie aktien".split()
)
_SMALL_FORMS = frozenset(("plc", "llc", "gmbh", "mbh", "e.v."))
_OF = frozenset("of at from for by with von bei".split())
_OF_FIRMS = frozenset(
    "ceo cto cfo coo founder cofounder president chairman chairwoman director manager head employee employees customer "
    "customers supplier shares work works worked working bought buy buying ordered acquired acquisition chef".split()
)
_ARTICLES = frozenset(
    "a an this that these those my your his her its our their every each any some no one another ein eine einen einem "
    "einer mein dein sein ihr unser un une des mon ma mes son sa ses uno una mi tu su".split()
)
# After these a noun without an article is a name, where it has a capital; after the second also where it has none.
_BEFORE_NAMES = frozenset(
    "at from via by with for on to off against through using use uses used called call left like love hate thanks "
    "thank dear hey joined bought buy integrated tried than versus vs bei von mit chez de".split()
)
_BEFORE_SMALL = frozenset(("at", "from"))
_SMALL = _BEFORE_NAMES | frozenset(
    "a an the and or but nor so yet if when while because since as that which who what why how where there here i you "
    "he she it we they me him us them my your his her its our their this these those is are was were be been being am "
    "has have had do does did will would can could shall should may might must not no yes in of into onto up down out "
    "over under again then now today yesterday tomorrow just also only even still never always too very more most less "
    "last next before after until between within without about per all both each any some one two three here's it's "
    "und oder der die das ist war im in auf zu".split()
)
# What is said of somebody, not of a thing: by verbs that need a doer.
_DEEDS = frozenset(
    "lost sold cut froze said says told made took gave got let sent paid shut won charges wants needs refuses hides "
    "bills owes promises claims thinks knew knows keeps kept laid lays billed locked declined dropped doesn't won't "
    "didn't never finally already just has opened opens closed closes hired hires fired".split()
)
# Behind a verb, whom or what it is done to.
_OBJECTS = frozenset("a an the my your his her its our their me us him them this these another all some every".split())
_ADVERBS = frozenset("just never finally already also really now t".split())
_AUXILIARY = frozenset("is was will has had can could would are were isn wasn won doesn didn hasn can".split())
_AFTER_AUXILIARY = frozenset(
    "down not still now back been had also never always just really going up out hiring firing opening closing "
    "raising selling buying".split()
)
# A name with these behind it is a place's.
_OF_PLACES = frozenset(
    "county island islands street road avenue river lake bay beach city valley park hill hills mountain mountains "
    "bridge station church court lane airport school university college field stadium arena hall".split()
)

ACCOUNT_FEATURES: tuple[Feature[AccountCase], ...] = (
    Feature(1.5, name_in_text),
    Feature(-0.3, cut_short_or_spelled_out),
    Feature(-0.5, run_together),
    Feature(-1.0, only_initials_of_it),
    Feature(4.0, own_handle),
    Feature(2.5, legal_form_beside),
    Feature(1.0, firms_word_beside),
    Feature(1.5, where_names_stand),
    Feature(-1.5, word_of_the_language),
    Feature(-0.7, word_without_a_telling_capital),
    Feature(-1.5, word_before_a_thing),
    Feature(-2.0, part_of_a_longer_name),
    Feature(-4.0, in_an_address),
    Feature(2.0, several_words),
    Feature(2.0, not_a_word),
    Feature(-1.0, without_capitals),
    Feature(0.7, capitals_within_a_sentence),
    Feature(2.5, watched_term),
    Feature(2.0, organisation_entity),
    Feature(-1.0, person_or_place_entity),
    Feature(-2.5, part_of_a_person),
    Feature(3.0, site_linked),
    Feature(-2.0, rival_account),
)


def _spelled(case: AccountCase, kind: PhraseKind) -> Found | None:
    return _account_at(case, case.account.name) if phrase_kind(case.account.name, case.phrase) == kind else None


def _account_at(case: AccountCase, crm_value: str, scale: float = 1.0) -> Found:
    start, end = case.span
    return Found(case.text.original[start:end], crm_value, start, end, scale=scale)


def _is_content(word: str) -> bool:
    """True for a token that is no small word and no number."""
    return bool(word) and word not in _SMALL and not word.isdecimal()


def _is_thing(case: AccountCase) -> bool:
    """True where the name goes with a word behind it, which is no name itself unless all words have capitals."""
    last = case.at + len(case.phrase) - 1 + case.is_possessive
    if not _is_content(case.after):
        return False
    return case.text.has_title_case or not case.text.spelling(last + 1, last + 1)[0].isupper()


def _said_of_firms(case: AccountCase) -> str:
    """Return the words behind the name that are said of somebody rather than of a thing; "" for none."""
    if case.is_possessive:
        return "'s"
    after = case.after
    if after in _DEEDS or (after.endswith("ed") and len(after) > 4):
        return after
    follows = _follows(case)
    if after in _AUXILIARY and (follows in _AFTER_AUXILIARY or follows.endswith(("ing", "ed")) or follows == "t"):
        return f"{after} {follows}"
    return ""


def _has_object(case: AccountCase) -> bool:
    """True where the verb behind the name, after auxiliaries and adverbs, is followed by whom or what it is done to."""
    at = case.at + len(case.phrase)
    tokens = case.text.tokens[at : at + 5]
    while tokens and (tokens[0] in _AUXILIARY or tokens[0] in _ADVERBS):
        tokens = tokens[1:]
    return len(tokens) > 1 and tokens[1] in _OBJECTS


def _follows(case: AccountCase) -> str:
    """Return the second token behind the name, or ""."""
    at = case.at + len(case.phrase) + 1
    return case.text.tokens[at] if at < len(case.text.tokens) else ""


def _in_longer_name(case: AccountCase) -> str:
    """Return the capitalised word beside the name that makes it a part of another; "" for none."""
    if not case.is_word or not case.has_capital or case.text.has_title_case:
        return ""
    last = case.at + len(case.phrase) - 1
    if case.after in _OF_PLACES and case.text.spelling(last + 1, last + 1)[0].isupper():
        return case.after
    if not case.before or case.text.gap(case.at - 1) != " " or case.before in _SMALL:
        return ""
    written = case.text.spelling(case.at - 1, case.at - 1)
    return case.before if written[0].isupper() and case.before != "s" else ""


def _account_entity(case: AccountCase, labels: Sequence[str]) -> Found | None:
    return overlapping(case.mention, case.text, labels, case.span, case.account.name)
