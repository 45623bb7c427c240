# ruff: noqa: SIM905  (word lists read better as text)
"""Names and domains of organisations: the forms in which they are compared.

Pure. Knows no account, only how organisations are written.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

import regex
from rapidfuzz import fuzz

from overheard.identities import FREE_MAIL, is_free_mail
from overheard.matcher.names.spelling import (
    in_latin,
    is_keyed_by_consonants,
    is_one_word,
    latin_key,
    name_key,
    native_keys,
    sounds_alike,
)
from overheard.matcher.names.text import Text, tokens
from overheard.text import fold
from overheard.urls import registrable_domain

# Legal forms, written after (some before) the name that people use.
LEGAL_FORMS = frozenset(
    "inc incorporated ltd limited llc llp lp plc corp corporation co company gmbh mbh ag kg kgaa ohg ug se sa sas sarl "
    "sàrl srl spa bv nv ab as asa oy oyj aps kk pty pte pvt private sdn bhd ooo oao zao pao ao jsc pjsc zrt kft "
    "nyrt sro doo ltda lda cv eirl sl slu cia tbk pt opc unlimited ооо оао зао пао ао ип "
    "лимитед लिमिटेड लि प्रा प्राइवेट பிரைவேட் லிமிடெட்".split()
)
# Those of scripts without spaces, whose characters are tokens of their own.
_RUN_FORMS = ("株式会社", "有限会社", "有限公司", "股份有限公司", "주식회사")
# Those that stand before the name.
_LEADING = frozenset("ооо оао зао пао ао ип ooo oao zao pao pt".split())
# Of several words that are none alone.
_LONG_FORMS = (
    ("sp", "z", "o", "o"), ("sp", "z", "oo"), ("spolka", "z", "o", "o"), ("gmbh", "and", "co", "kg"),
    ("gmbh", "co", "kg"), ("s", "de", "rl", "de", "cv"), ("sociedad", "anonima"), ("kabushiki", "kaisha"),
    ("public", "limited", "company"), ("joint", "stock", "company"), ("s", "a", "de", "c", "v"), ("sa", "de", "cv"),
    ("s", "de", "r", "l", "de", "c", "v"),
)  # fmt: skip

# How words of firms' names are cut short, by the word; both ways are one.
_SHORT = {
    "international": ("intl", "intnl", "int"), "national": ("natl", "nat"), "manufacturing": ("mfg", "manuf"),
    "manufacturers": ("mfrs", "mfgs"), "technologies": ("tech", "techs"), "technology": ("tech", "techn"),
    "engineering": ("engg", "eng", "engrg"), "engineers": ("engrs", "engs"), "industries": ("inds", "ind"),
    "industrial": ("indl", "ind"), "enterprises": ("ent", "entps", "entp"), "enterprise": ("ent",),
    "brothers": ("bros",), "associates": ("assoc", "assocs"), "association": ("assoc", "assn"),
    "university": ("univ", "uni"), "institute": ("inst",), "department": ("dept",), "government": ("govt",),
    "management": ("mgmt", "mgt"), "services": ("svcs", "svc", "serv"), "service": ("svc", "serv"),
    "systems": ("sys", "syst"), "system": ("sys",), "solutions": ("sol", "solns", "soln"), "software": ("sw", "softw"),
    "laboratories": ("labs", "lab"), "laboratory": ("lab",), "pharmaceuticals": ("pharma", "pharm"),
    "pharmaceutical": ("pharma", "pharm"), "chemicals": ("chem", "chems"), "electronics": ("elec", "electr"),
    "electrical": ("elec", "electr"), "electric": ("elec",), "communications": ("comms", "comm"),
    "development": ("dev", "devt"), "distribution": ("distr", "dist"), "distributors": ("distr", "distrs"),
    "equipment": ("equip", "eqpt"), "products": ("prods", "prod"), "construction": ("constr", "const"),
    "consulting": ("cons", "consult"), "consultants": ("cons", "consult"), "group": ("grp", "gp"),
    "holdings": ("hldgs", "hldg"), "holding": ("hldg",), "insurance": ("ins",), "bank": ("bk",),
    "corporation": ("corp",), "center": ("ctr", "centre"), "general": ("genl", "gen"), "american": ("amer", "am"),
    "transport": ("transp", "tpt"), "trading": ("trdg", "trad"), "foundation": ("fdn", "found"), "saint": ("st",),
    "network": ("net", "ntwk"), "networks": ("nets", "ntwks"), "research": ("res", "rsch"), "south": ("s",),
    "north": ("n",), "east": ("e",), "west": ("w",), "automation": ("autom",), "automotive": ("auto", "autom"),
    "machines": ("mach",), "machine": ("mach",), "machinery": ("mach",), "computers": ("comp",),
    "computer": ("comp",), "computing": ("comp",), "security": ("sec",), "infrastructure": ("infra",),
    "application": ("app",), "platform": ("plat", "pf"), "cooperative": ("coop",), "and": ("n",),
}  # fmt: skip
_CUT: dict[str, tuple[str, ...]] = {}
for _word, _cuts in _SHORT.items():
    for _cut in _cuts:
        _CUT[_cut] = (*_CUT.get(_cut, ()), _word)
# Left out of an acronym: the Bank of America is also BA, and seldom BOA.
_LITTLE = frozenset("of and the for in de la le les du des der die das und et y e & a an".split())
# Beside a firm's name in its handle or domain: acmehq, getacme, acme-official.
_AROUND = frozenset(
    "hq inc ltd llc co corp gmbh official app apps io ai dev labs lab tech team project org oss foundation global intl "
    "group online the get try use we go my hello join with by us uk eu in india usa de fr news care help support "
    "software cloud data hub systems community source".split()
)
_SHORTEST_JOINED = 5
_SHORTEST_ACROSS = 4  # letters of a name that is told in two scripts
_ALIKE = 90  # of a hundred, two names run together

_PARTS = re.compile(r"[\W_]+")
_HAN = regex.compile(r"\p{Han}")
_SYLLABIC = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
_LENGTHENING = frozenset("ーッっ")  # a longer vowel, a doubled consonant: spellings have them in common
_CHARACTERS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]")

# Sites where everybody publishes: a link to a page there says nothing about the firm that runs it.
PLATFORMS = frozenset(
    "facebook.com google.com youtube.com youtu.be x.com twitter.com t.co reddit.com redd.it linkedin.com instagram.com "
    "github.com gitlab.com medium.com wikipedia.org amazon.com apple.com microsoft.com live.com tiktok.com "
    "pinterest.com tumblr.com vimeo.com flickr.com imgur.com discord.com discord.gg telegram.org t.me whatsapp.com "
    "bsky.app mastodon.social substack.com quora.com stackoverflow.com yahoo.com goo.gl bit.ly threads.net "
    "ycombinator.com linktr.ee about.me behance.net dribbble.com soundcloud.com spotify.com patreon.com twitch.tv "
    "vk.com weibo.com snapchat.com gravatar.com keybase.io crunchbase.com imdb.com goodreads.com researchgate.net "
    "academia.edu stackexchange.com dev.to bitbucket.org wordpress.com blogspot.com blogger.com notion.site "
    "fosstodon.org hachyderm.io infosec.exchange mstdn.social mas.to slideshare.net change.org gofundme.com "
    "eventbrite.com meetup.com producthunt.com trustpilot.com glassdoor.com indeed.com yelp.com".split()
)


@lru_cache(maxsize=16_384)
def organisation_key(name: str) -> tuple[str, ...]:
    """Return an organisation's name as folded tokens without legal forms and a leading article; may be empty.

    A name of nothing but legal forms keeps them.
    """
    kept = tokens(fold(_without_runs(name)))
    while width := _legal_form(kept):
        del kept[-width:]
    if len(kept) > 1 and (kept[0] == "the" or kept[0] in _LEADING):
        kept.pop(0)
    if len(kept) > 1 and kept[-1] == "and":  # "Smith and Co"
        kept.pop()
    return tuple(kept)


def _without_runs(name: str) -> str:
    if name.isascii():
        return name
    for form in _RUN_FORMS:
        bare = name.removeprefix(form).removesuffix(form)
        name = bare if bare.strip() else name
    return name


def _legal_form(words: list[str]) -> int:
    """Return how many tokens at the end are a legal form; S.A. and L.L.C. are read as letters."""
    for form in _LONG_FORMS:
        if len(words) > len(form) and tuple(words[-len(form) :]) == form:
            return len(form)
    for width in (4, 3, 2, 1):
        tail = words[-width:]
        letters = width == 1 or all(len(token) == 1 for token in tail)
        if len(words) > width and letters and "".join(tail) in LEGAL_FORMS:
            return width
    return 0


@lru_cache(maxsize=16_384)
def organisation_phrases(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the token sequences under which an organisation stands in a text: its key first, then other spellings.

    & is read as "and" too; words that are usually cut short are so (Acme Manufacturing, Acme Mfg); several words may be
    written as one (#AcmeTools), and three and more as their initials (IBM). `phrase_kind` tells which it is.
    """
    if not (key := organisation_key(name)):
        return ()
    spelled = organisation_key(name.replace("&", " and ")) if "&" in name else key
    phrases = [key, spelled, *_other_lengths(key)]
    if len(key) > 1 and len(joined := "".join(key)) > _SHORTEST_JOINED and not _CHARACTERS.match(key[0]):
        phrases.append((joined,))
    if short := acronym(name):
        phrases.append((short,))
    return tuple(dict.fromkeys(phrases))


@lru_cache(maxsize=16_384)
def organisation_openings(name: str) -> frozenset[str]:
    """Return the first tokens of `organisation_phrases`: a text without any of them does not name it in its script."""
    return frozenset(phrase[0] for phrase in organisation_phrases(name))


PhraseKind = Literal["name", "other length", "one word", "initials"]


@lru_cache(maxsize=16_384)
def phrase_kind(name: str, phrase: tuple[str, ...]) -> PhraseKind:
    """Return how one of the phrases of `organisation_phrases` spells the name."""
    key = organisation_key(name)
    if phrase == key or len(phrase) > len(key):
        return "name"
    if len(phrase) == 1 and len(key) > 1:
        return "initials" if phrase[0] == acronym(name) else "one word"
    return "name" if "&" in name and phrase == organisation_key(name.replace("&", " and ")) else "other length"


def _other_lengths(key: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the key with its words of usual abbreviations written long, and each cut to the most usual one."""
    if len(key) == 1:
        return []
    cut = tuple(_SHORT[word][0] if i and word in _SHORT and len(_SHORT[word][0]) > 1 else word
                for i, word in enumerate(key))  # fmt: skip
    long = [key]
    for i, word in enumerate(key):
        if i and len(word) > 1 and word in _CUT:
            long = [(*one[:i], full, *one[i + 1 :]) for one in long for full in _CUT[word][:2]]
    return [one for one in (cut, *long[:4]) if one != key]


@lru_cache(maxsize=16_384)
def acronym(name: str) -> str:
    """Return the initials of a name of three words and more, folded; "" for a shorter one: "ibm"."""
    words = [word for word in organisation_key(name) if word not in _LITTLE]
    if len(words) < 3 or not all(word[0].isalpha() and word[0].isascii() for word in words):
        return ""
    return "".join(word[0] for word in words)


@lru_cache(maxsize=16_384)
def short_key(name: str) -> tuple[str, ...]:
    """Return `organisation_key` without "and", its words cut short where that is usual: one for all lengths."""
    words = (word for word in organisation_key(name.replace("&", " and ")) if word != "and")
    return tuple(_shortest(word) for word in words)


class _Compared(NamedTuple):
    """What of an organisation's name is compared with another's."""

    key: tuple[str, ...]
    words: frozenset[str]
    short: tuple[str, ...]
    joined: str
    acronym: str


@lru_cache(maxsize=16_384)
def _compared(name: str) -> _Compared:
    key, short = organisation_key(name), short_key(name)
    return _Compared(key, frozenset(key), short, "".join(short), acronym(name))


def may_be_one_organisation(one: str, other: str) -> bool:
    """True where two names may be one organisation's: one is a part of the other, or they are alike."""
    a, b = _compared(one), _compared(other)
    return a.words.issuperset(b.key) or a.words.issubset(b.key) or _alike(a, b)


def _shortest(word: str) -> str:
    full = _CUT[word][0] if len(word) > 1 and word in _CUT else word
    return _SHORT[full][0] if full in _SHORT else word


def organisations_alike(one: str, other: str) -> bool:
    """True where two names may well be one organisation's: abbreviated, in initials, run together, mistyped."""
    return _alike(_compared(one), _compared(other))


def _alike(one: _Compared, other: _Compared) -> bool:
    first, joined = one.short, one.joined
    second, other_joined = other.short, other.joined
    if not first or not second:
        return False
    if joined == other_joined or (len(joined) == len(other_joined) and sorted(first) == sorted(second)):
        return True
    if other_joined == one.acronym or joined == other.acronym:
        return True
    if first[0] == second[0]:
        shorter, longer = sorted((first, second), key=len)
        if len(shorter) > 1 and longer[: len(shorter)] == shorter:
            return True  # Acme Tools, Acme Tools India
    if not (joined.isascii() and other_joined.isascii()) and _alike_across(one.key, other.key):
        return True
    if min(len(joined), len(other_joined)) <= _SHORTEST_JOINED:
        return False
    return fuzz.ratio(joined, other_joined, score_cutoff=_ALIKE) >= _ALIKE


def _alike_across(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """True where two names, as tokens, are one in two scripts: Severstal, Северсталь; Tata, टाटा; Toyota, トヨタ."""
    syllables, other_syllables = _run_in_latin(first), _run_in_latin(second)
    if syllables or other_syllables:
        if syllables and other_syllables:
            return False
        run, written = (first, "".join(second)) if syllables else (second, "".join(first))
        latin = syllables or other_syllables
        if not written.isascii() or len(written) < _SHORTEST_ACROSS:
            return False
        return latin == written if _HAN.search("".join(run)) else sounds_alike(latin, written)
    letters = max(sum(map(len, one)) for one in (first, second))
    return (
        len(first) == len(second)
        and letters >= _SHORTEST_ACROSS
        and all(a == b or is_one_word(a, b, beside=len(first) > 1) for a, b in zip(first, second, strict=True))
    )


@lru_cache(maxsize=16_384)
def _run_in_latin(words: tuple[str, ...]) -> str:
    """Return a name in Han, kana or Hangul, whose characters are tokens, in Latin letters; "" for any other."""
    sounds = [word for word in words if word not in _LENGTHENING]
    if not sounds or not all(map(_SYLLABIC.match, sounds)):
        return ""
    return "".join(map(in_latin, sounds))


@lru_cache(maxsize=16_384)
def _keys_across(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return a name's tokens, and the keys under which the first may stand in a text of another script."""
    words = organisation_key(name)
    if not words:
        return words, frozenset()
    if run := _run_in_latin(words):
        return words, frozenset({name_key(run)})
    return words, frozenset({name_key(words[0]), latin_key(words[0]), *native_keys(words[0])} - {""})


def find_across_scripts(text: Text, name: str) -> list[tuple[int, int]]:
    """Return where an organisation's name stands in a text in another script than its own: first and last token.

    Not where the text has it in Han, kana or Hangul, in which words are not parted and much sounds alike.
    """
    if text.folded.isascii() and name.isascii():
        return []  # for nearly all
    words, keys = _keys_across(name)
    there = text.key_places
    places = {at for key in keys if key in there for at in there.of(key)}
    if words and is_keyed_by_consonants(words[0]):  # the keys of words in Latin letters have vowels
        places |= {at for at, token in enumerate(text.tokens) if is_one_word(words[0], token, beside=len(words) > 1)}
    if not places:
        return []
    width = 1 if _run_in_latin(words) else len(words)
    found = []
    for at in sorted(places):
        written = tuple(text.tokens[at : at + width])
        joined = all(not text.gap(i).strip(" -\u2010\u2011") for i in range(at, at + len(written) - 1))
        if joined and written != words and _alike_across(words, written):
            found.append((at, at + width - 1))
    return found


def bare_names(label: str) -> tuple[str, ...]:
    """Return what a handle or a domain's label may be called by: as one word, then without "hq", "get" and their like.

    Folded; "Acme_Tools-HQ" gives "acmetoolshq", "acmetools", "acme".
    """
    words = [word for part in _PARTS.split(fold(label)) for word in tokens(part)]
    found = ["".join(words)]
    kept = list(words)
    while len(kept) > 1 and kept[-1] in _AROUND:
        kept.pop()
        found.append("".join(kept))
    while len(kept) > 1 and kept[0] in _AROUND:
        kept.pop(0)
        found.append("".join(kept))
    for whole in dict.fromkeys((found[0], found[-1])):
        for word in _AROUND:
            rest = (whole.removesuffix(word), whole.removeprefix(word))
            found.extend(sorted(one for one in rest if one != whole and len(one) > 2))
    return tuple(dict.fromkeys(one for one in found if one))


@lru_cache(maxsize=16_384)
def _ampersands(name: str) -> frozenset[int]:
    """Return after which tokens of `organisation_key` an & stands."""
    dropped = 1 if organisation_key(name) != organisation_key(f"x {name}")[1:] else 0  # a leading article
    parts = fold(name).split("&")[:-1]
    return frozenset(len(tokens("&".join(parts[: i + 1]))) - 1 - dropped for i in range(len(parts)))


def find_organisation(text: Text, name: str, phrase: tuple[str, ...]) -> list[int]:
    """Return where an organisation's name stands in a text as `phrase`, one of its phrases.

    Where the name has an &, the text has one too, or the word: "At T-Mobile" is not AT&T.
    """
    if not text.vocabulary.issuperset(phrase):
        return []  # for nearly all, and the rest of this is not cheap
    if len(phrase) == 1 and phrase_kind(name, phrase) == "initials":
        # In small letters they are a word, or somebody else's; "the" would be looked at in every text.
        if phrase[0].upper() not in text.original:
            return []
        return [at for at in text.find(phrase) if text.spelling(at, at).isupper()]
    if "&" not in name or phrase != organisation_key(name):
        return text.find(phrase)
    needed = _ampersands(name)
    return text.find(phrase, lambda i, gap: i not in needed or "&" in gap or "+" in gap)


def employer_domain(address: str) -> str:
    """Return the registrable domain of an e-mail address or host that tells an employer; "" for a mail provider's."""
    return _domain_of_employer(address.rpartition("@")[2])


@lru_cache(maxsize=16_384)  # by host: of addresses there are as many as people
def _domain_of_employer(host: str) -> str:
    domain = registrable_domain(host)
    return "" if is_free_mail(domain) else domain


@lru_cache(maxsize=16_384)
def site_domain(url: str) -> str:
    """Return the registrable domain of a URL or host whose pages are its owner's own; "" for a platform's."""
    domain = registrable_domain(url)
    return "" if domain in PLATFORMS or domain in FREE_MAIL else domain
