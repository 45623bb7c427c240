# ruff: noqa: SIM905  (word lists read better as text)
"""Names of people: their parts, and the forms in which each is looked for. Pure.

Knows no contact, only how names are written. How single words are spelled is in `spelling`, where a name stands in a
text in `sightings`.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import takewhile
from typing import Literal, NamedTuple

import regex

from overheard.matcher.names.spelling import (
    is_keyed_by_consonants,
    latin_key,
    name_key,
    name_keys,
    native_keys,
    nickname_keys,
)
from overheard.matcher.names.text import CHARACTERWISE, tokens
from overheard.text import fold

# Written before or after a name without being part of it. Titles that tell who somebody is (Pope, President) stay.
HONORIFICS = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev fr hon capt sgt shri sri smt kum ji herr frau mme mlle sr sra "
    "sig ing dipl shrimati thiru thirumathi tmt selvi pandit pt ustad er adv col lt maj gen brig don dona dott lord "
    "lady mstr hrh bhai".split()
)
# Written after a name, grown on it with a hyphen: Asha-ji, Tanaka-san.
ENDINGS = frozenset("ji san sama kun chan nim garu".split())
# Small words of names, without a capital as often as with one; a name is found without them, too.
PARTICLES = frozenset(
    "al el ul bin ibn bint ben abu abd de da do dos das del della di du des la le los las y e van von der den ter ten "
    "zu zum zur af av st".split()
)
# Families that stand first in their own language: Chinese, Korean, Vietnamese, Japanese, Hungarian, as Latin letters
# have them. For these neither order speaks against, and given names of two syllables may be written as two words.
FAMILY_FIRST = frozenset(
    "wang li lee zhang chang chen chan tan liu lau zhao chao huang wong hwang zhou chow wu ng xu hsu sun ma zhu chu hu "
    "guo kuo he ho lin lam lim gao kao luo lo zheng cheng cheung liang leung xie hsieh song tang deng han feng cao "
    "tsao peng zeng tseng xiao tian dong yuan pan yu jiang chiang cai tsai du ye yip cheng su lu wei ding ren yao fang "
    "shi shih tsui cui xue hou zou xiong meng qin yan yin jin kim park pak choi jung chung kang jo cho yoon yun jang "
    "seo suh shin kwon ahn hong yang oh moon bae baek nam ryu yoo nguyen tran le pham hoang huynh phan vu vo dang bui "
    "do ngo duong sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato yoshida yamada sasaki "
    "yamaguchi matsumoto inoue kimura hayashi shimizu mori abe ikeda hashimoto ishikawa ogawa nagy kovacs toth szabo "
    "horvath varga kiss molnar nemeth farkas balogh papp takacs juhasz lakatos".split()
)
_TWO_CHARACTERS = frozenset(
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 东方 東方 独孤 慕容 皇甫 尉迟 公孙 令狐 남궁 황보 제갈 선우 독고".split()
)
_SYLLABLE = re.compile(r"(?:zh|ch|sh|ts|kw|[bpmfdtnlgkhjqxrzcsyw])?[aeiouyw]{1,3}(?:ng|n|r|k|l|m|p|t)?")
_SHORT_PART = 3  # letters of a part of a family name that is written as one word with the other: Al, O', De, Mac
_SERVANT = frozenset("abdel abdul abdal abdol abdur abdus".split())
_PATRONYMIC = re.compile(
    r"[a-z]{2,}(?:ovich|evich|ovna|evna|ichna|yovych)|[а-яіїєґ]{2,}(?:ович|евич|івич|овна|евна|ична|івна)"
)
# A former family name, as a CRM or a text adds it: "Mary Jones (née Smith)".
_BORN = re.compile(
    r"\b(?:née|nee|né|born|geb\.?|geborene|formerly|maiden name|z domu|rozená)[ :]+([\w'’-]+)", re.IGNORECASE
)
# Given names that many bear before the one that they go by: Md. Rafiqul Islam, Venkata Subba Rao.
_BEFORE_GIVEN = frozenset(
    "md mohd mohammed mohammad muhammad mohamed mohamad syed sayed saiyed sayyid sheikh shaikh shaik sk venkata".split()
)
SUFFIXES = frozenset("jr sr junior senior ii iii iv v phd md mba esq cpa cfa pmp msc bsc dds qc kc obe mbe cbe".split())
# Those of them that make another person of the same name.
GENERATIONS = frozenset("jr sr junior senior ii iii iv v".split())


FormKind = Literal["full", "initials", "family name missing", "former name"]


class Form(NamedTuple):
    """One way in which a full name is looked for: the keys of its two parts, and the tokens that they stand for.

    "initials": the given name by its first letter; "family name missing": by the given and the middle name, as Spanish
    names and those with a father's name are used; "former name": by a family name that the person had.
    """

    given: tuple[str, ...]
    family: tuple[str, ...]
    given_tokens: tuple[str, ...]
    family_tokens: tuple[str, ...]
    kind: FormKind = "full"


@dataclass(frozen=True)
class PersonName:
    """A person's full name. Words are tuples of tokens: `jean-luc` is ("jean", "luc").

    `joined` names are written without spaces and have no middle: they stand in a text as one run. Of some people the
    CRM knows initials in the place of a given name (`initials`): "K. R. Narayanan", "Ramanathan S". `leading` are
    initials beside a given name, wherever they stand ("J. Edgar Hoover", "Suresh Kumar R"): a father's name, a place.
    `former` are family names that the person had. `accented` are the words that have accents, with them.
    """

    given: tuple[str, ...]
    middle: tuple[tuple[str, ...], ...]
    family: tuple[str, ...]
    generation: str = ""
    joined: bool = False
    initials: bool = False
    leading: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    accented: frozenset[str] = frozenset()

    @property
    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """The given name in tokens, in each way that it is written: K. R. is also KR."""
        return (self.given, ("".join(self.given),)) if self.initials and len(self.given) > 1 else (self.given,)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The ways in which it is looked for, but for short forms of the given name (`find_person` adds those)."""
        return _forms(self)

    @property
    def pairs(self) -> tuple[tuple[str, str, bool], ...]:
        """What the name is filed under: keys of the given name's first token and the family name's last, and "weak".

        Weak is what many people share: initials, or a name without its family name.
        """
        found: dict[tuple[str, str], bool] = {}
        for form in self.forms:
            pair = (form.given[0], form.family[-1])
            found[pair] = (
                found.get(pair, True) and form.kind in ("initials", "family name missing") and not self.initials
            )
        return tuple((*pair, weak) for pair, weak in found.items())

    @property
    def required(self) -> frozenset[tuple[str, ...]]:
        """Sets of keys of which every text that may name the person holds one, whole."""
        found = {tuple(sorted({*form.given, *form.family})) for form in self.forms}
        for form in self.forms:
            if form.kind == "full" and len(form.given) == 1:
                found |= {tuple(sorted({short, *form.family})) for short in nickname_keys(form.given[0])}
        return frozenset(found)


def _forms(name: PersonName) -> tuple[Form, ...]:
    forms: dict[tuple[tuple[str, ...], tuple[str, ...]], Form] = {}

    def add(given: tuple[str, ...], family: tuple[str, ...], kind: FormKind) -> None:
        eastern = len(given) == 1 and len(family) == 1 and (given[0] in FAMILY_FIRST or family[0] in FAMILY_FIRST)
        for given_keys, systems in _rows(given, eastern):
            for family_keys, others in _rows(family, eastern):
                if systems & others:
                    forms.setdefault((given_keys, family_keys), Form(given_keys, family_keys, given, family, kind))

    if name.joined:
        key = (tuple(name_keys(list(name.given))), tuple(name_keys(list(name.family))))
        forms[key] = Form(*key, name.given, name.family)
        run = (*name.given, *name.family)
        if all(_SPELLED_IN_LATIN.match(char) for char in run) and len(run) < 5:
            width = 2 if len(run) > 2 and run[0] + run[1] in _TWO_CHARACTERS else 1
            family, given = run[:width], run[width:]
            for keys in {(latin_key("".join(given)),), tuple(map(latin_key, given))}:
                for family_keys in {(latin_key("".join(family)),), (name_key(family[0]),) if width == 1 else ()} - {()}:
                    if all(keys) and all(family_keys):
                        forms.setdefault((keys, family_keys), Form(keys, family_keys, given, family))
        return tuple(forms.values())
    for given in name.spellings:
        add(given, name.family, "full")
    if len(name.family) > 1 and name.family[0] in PARTICLES:
        add(name.given, name.family[1:], "full")
    for run in _as_one_word(name):
        add(name.given, run, "full")
    if _is_eastern(name):
        add(("".join(name.family),), name.given, "full")  # Kim Min-jun is Minjun Kim
    for former in name.former:
        add(name.given, (former,), "former name")
    if not name.initials and name.given[0][0].upper() != name.given[0][0]:
        add((name.given[0][0],), name.family, "initials")
        if len(name.given) > 1:
            add(tuple(token[0] for token in name.given), name.family, "initials")  # J.-B. for Jean-Baptiste
    if name.leading:
        add((name.leading[0],), name.given, "initials")
    if name.middle and not name.initials and len(name.given) == len(name.middle[0]) == 1:
        first, second = name.given[0], name.middle[0][0]
        if first in _BEFORE_GIVEN:
            add((second,), name.family, "full")
        elif len(first) > 2 and len(second) > 2 and second not in PARTICLES:
            add((first + second,), name.family, "full")  # Ram Prasad Yadav is Ramprasad Yadav, too
    father = [word for word in name.middle if len(word) == 1 and len(word[0]) > 2 and word[0] not in PARTICLES]
    if father and not name.initials:
        add(name.given, father[-1], "family name missing")
        if len(father) > 1:
            add(father[0], father[-1], "family name missing")  # Fernanda López is María Fernanda López Aguilar
    return tuple(forms.values())


def _as_one_word(name: PersonName) -> list[tuple[str, ...]]:
    """Return the family name with its particle or parts as one word, or taken apart: Al-Harbi is Alharbi.

    Long parts are two names, Ashworth-Cole, which nobody runs together.
    """
    family = name.family
    if len(family) == 2 and (len(family[0]) <= _SHORT_PART or family[0] in _SERVANT):
        return [("".join(family),)] if all(token.isalpha() for token in family) else []
    found: list[tuple[str, ...]] = []
    if len(family) == 1 and family[0].isalpha():
        before = list(takewhile(lambda word: len(word) == 1 and word[0] in PARTICLES, reversed(name.middle)))
        if before:
            found.append(("".join(word[0] for word in reversed(before)) + family[0],))
        found += [
            (article, family[0][2:])
            for article in ("al", "el")
            if family[0].startswith(article) and len(family[0]) > len(article) + _SHORT_PART
        ]
    return found


def _is_eastern(name: PersonName) -> bool:
    """True for a family name of the East before a given name of two syllables: Kim Min-jun, as the CRM has it."""
    return (
        len(name.given) == 1
        and not name.middle
        and len(name.family) == 2
        and name.given[0] in FAMILY_FIRST
        and all(_SYLLABLE.fullmatch(token) for token in name.family)
    )


_SPELLED_IN_LATIN = regex.compile(r"[\p{Han}\p{Hangul}]")
_LATIN, _NATIVE, _BOTH = frozenset({"latin"}), frozenset({"native"}), frozenset({"latin", "native"})


def _rows(words: tuple[str, ...], eastern: bool) -> list[tuple[tuple[str, ...], frozenset[str]]]:
    """Return the keys under which a part of a name stands in texts, and in which systems of writing it does so."""
    rows: dict[tuple[str, ...], frozenset[str]] = {}
    own = tuple(name_keys(list(words)))
    if any(key.startswith("_") for key in own):
        rows[own] = _NATIVE
    else:  # a name that `spellings.txt` has in its own script has one key in both
        rows[own] = _BOTH if any(is_keyed_by_consonants(word) for word in words) else _LATIN
    native = [native_keys(word) for word in words]
    for i in range(2):
        if all(len(keys) > i for keys in native):
            keys = tuple(keys[i] for keys in native)
            rows[keys] = rows.get(keys, frozenset()) | _NATIVE
    latin = tuple(latin_key(word) for word in words)
    if all(latin) and not words[0].isascii():
        rows[latin] = rows.get(latin, frozenset()) | _LATIN
    if eastern:
        for syllables in _syllables(words[0]):
            rows.setdefault(syllables, _LATIN)
    return list(rows.items())


def _syllables(word: str) -> list[tuple[str, ...]]:
    """Return the keys of a Chinese or Korean given name written as one word, taken apart in two: Xiaoming."""
    if not 4 <= len(word) <= 12 or not word.isascii():
        return []
    cuts = [i for i in range(2, len(word) - 1) if _SYLLABLE.fullmatch(word[:i]) and _SYLLABLE.fullmatch(word[i:])]
    return [(name_key(word[:i]), name_key(word[i:])) for i in cuts[:3]]


_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NAME_LENGTH = 200  # characters of a name that are looked at; the longest known has some 140
_GROWN_ON = re.compile(r"(?<=\b[^\W\d_]\.)(?=[^\W\d_]{2})")  # an initial without a space: T.R.Balu
_ADDED = re.compile(r"\s+[-–—|/@]\s+")


@lru_cache(maxsize=16_384)  # with its forms a name takes 2 KB, and 60 µs to be made
def person_name(name: str) -> PersonName | None:
    """Return the parts of a person's name, or None where it is no full name (one word, or only initials).

    Honorifics go where two words are left without them, and so does what a CRM adds in brackets or after a dash;
    "Trump, Donald" is turned, "Asha Rao, CFA" is not; "Jr." is kept as generation.
    """
    name = name[:_NAME_LENGTH]
    former = tuple(born for found in _BORN.findall(name) if len(born := "".join(tokens(fold(found)))) > 1)
    name = _GROWN_ON.sub(" ", _BORN.sub(" ", _ASIDE.sub(" ", name)))
    head = _ADDED.split(name, maxsplit=1)[0]
    name = head if len(head.replace(",", " ").split()) > 1 else name
    before, comma, after = name.partition(",")
    if comma and after.strip():
        name = f"{before} {after}" if _is_credential(before, after) else f"{after} {before}"
    spelled = [word for word in name.split() if tokens(fold(word))]
    words = [tuple(tokens(fold(word))) for word in spelled]
    generation = ""
    while len(words) > 2 and _ends_name(words[-1], spelled[-1], comma != ""):
        if words[-1][0] in GENERATIONS:
            generation = words[-1][0]
        words.pop()
        spelled.pop()
    while len(words) > 2 and len(words[0]) == 1 and words[0][0] in HONORIFICS:
        words.pop(0)
        spelled.pop(0)
    run = [token for word in words for token in word]
    if len(run) >= 2 and all(CHARACTERWISE.match(token) for token in run):
        return PersonName(given=tuple(run[:-1]), middle=(), family=(run[-1],), joined=True)
    if len(words) < 2:
        return None
    accented = frozenset(fold(word) for word in spelled if not word.isascii())
    mixed = any(not word.isupper() for word in spelled)
    is_initials = [_is_initials(word, written, mixed) for word, written in zip(words, spelled, strict=True)]
    if sum(not one for one in is_initials) == 1 and (is_initials[0] or all(is_initials[1:])):
        at = is_initials.index(False)
        letters = tuple(letter for i, word in enumerate(words) if i != at for token in word for letter in token)
        return PersonName(
            given=letters, middle=(), family=words[at], generation=generation, initials=True, accented=accented
        )
    leading: list[str] = []
    while len(words) > 2 and all(len(token) == 1 for token in words[0]):
        leading += words.pop(0)  # J. Edgar Hoover goes by Edgar
    while len(words) > 2 and is_initials[-1] and all(len(token) == 1 for token in words[-1]):
        leading += words.pop()  # Suresh Kumar R: the father's name, or the village
        is_initials.pop()
    if all(len(token) == 1 for word in words for token in word):
        return None
    if len(words) == 3 and len(words[2]) == 1 and _PATRONYMIC.fullmatch(words[2][0]):
        words = [words[1], words[2], words[0]]  # Петров Иван Иванович
    return PersonName(
        given=words[0],
        middle=tuple(words[1:-1]),
        family=words[-1],
        generation=generation,
        leading=tuple(leading),
        former=former,
        accented=accented,
    )


@lru_cache(maxsize=65_536)
def ends_of_name(name: str) -> tuple[str, ...]:
    """Return the folded first and last word of a name in Latin letters, long enough to be told with a letter wrong.

    Empty for a name of one word, and for one with a comma, a title or a short end: whoever mistypes those is not found.
    """
    words = tokens(fold(name)) if "," not in name else []
    ends = (words[0], words[-1]) if len(words) > 1 else ()
    return ends if all(len(end) > _SHORT_PART and end.isascii() and end.isalpha() for end in ends) else ()


def _is_credential(before: str, after: str) -> bool:
    """True where what follows the comma is no given name: a suffix, or capitals after a name of two words."""
    letters = "".join(char for char in after if char.isalpha())
    capitals = 2 <= len(letters) <= 8 and letters.isupper() and not before.isupper() and len(before.split()) > 1
    return capitals or set(tokens(fold(after))) <= SUFFIXES


def _ends_name(word: tuple[str, ...], spelled: str, comma: bool) -> bool:
    known = len(word) == 1 and word[0] in SUFFIXES
    return known or (comma and len(word) == 1 and len(word[0]) > 1 and spelled.isupper() and word[0] not in SUFFIXES)


def _is_initials(word: tuple[str, ...], spelled: str, mixed: bool) -> bool:
    """True for "K.", "K.R.", and KR where not the whole name is in capitals; for letters that have capitals only."""
    if all(len(token) == 1 for token in word):
        return all(token.upper() != token for token in word)
    return mixed and len(word) == 1 and len(word[0]) == 2 and spelled.isupper() and spelled.isascii()
