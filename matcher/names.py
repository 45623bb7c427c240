# ruff: noqa: SIM905  (word lists read better as text)
"""Names of people and organisations as token sequences, and where they stand in a text.

Pure. Knows no contact and no account, only how names are written. How single words are spelled is in `spelling`.

Token sequences are compared folded (`overheard.text.fold`) and, in Latin, Greek and Cyrillic letters, without accents:
who types "Jose Garcia" means José García. In scripts written without spaces (Han, kana, Thai, ...)
and in Hangul, where particles grow on words, each character is a token of its own, so that a name is found inside
a sentence there.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Literal, NamedTuple

import regex

from overheard.matcher.spelling import (
    RANK,
    Level,
    in_latin,
    is_keyed_by_consonants,
    latin_key,
    likeness,
    look_alikes_mended,
    name_key,
    name_keys,
    native_keys,
    nickname_keys,
    similarity,
)
from overheard.text import Alignment, fold

_RUNS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# What nobody sees inside a word: joiners, marks of direction, variation selectors. Folding takes others away.
_UNSEEN = "\u034f\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
_LETTER = rf"(?:(?![{_RUNS}{_UNSEEN}])[\w\p{{M}}])"
_TOKEN = regex.compile(rf"[{_RUNS}]\p{{M}}*|{_LETTER}+(?:[{_UNSEEN}]+{_LETTER}+)*")
_UNSEEN_CHARS = re.compile(f"[{_UNSEEN}]+")
_ASCII_TOKEN = re.compile(r"\w+")
_CHARACTERWISE = regex.compile(rf"[{_RUNS}]")
_ACCENT = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}*)\p{Mn}")
# Letters that Unicode does not take apart and keyboards without them write so.
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"})
# Longer "words" are noise (base64, keys); both sides of every comparison are cut alike.
_TOKEN_LENGTH = 64
# A name that stands in a text again and again is looked at so many times: nobody's text may cost more than that.
PLACES = 10

# Written before or after a name without being part of it. Titles that tell who somebody is (Pope, President) stay.
HONORIFICS = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev fr hon capt sgt shri sri smt kum ji herr frau mme mlle sr sra "
    "sig ing dipl shrimati thiru thirumathi tmt selvi pandit pt ustad er adv col lt maj gen brig don dona dott lord "
    "lady mstr hrh bhai".split()
)
# Written after a name, grown on it with a hyphen: Asha-ji, Tanaka-san.
_ENDINGS = frozenset("ji san sama kun chan nim garu".split())
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

# Between two words of one name: spaces or a line's end, after an initial's full stop; asterisks are bold print.
_BETWEEN = re.compile(r"\.?\*{0,2}[ \t\u200b]*\n?[ \t\u200b]*\*{0,2}")
_NICKNAME = re.compile(r""" ["“‘'(][\w.\- ]{1,20}["”’')] """)  # between given and family name: Robert "Bob" Smith
_INVERTED = re.compile(r",[ \t]{0,2}")  # between family and given name: Clinton, Hillary
# Between two words of any phrase. A full stop and a space are so only after an abbreviation (`Text.find`).
_PHRASE = re.compile(r"[ \t\u200b]*\n?[ \t\u200b]*|[ \n]?[&+/‐‑–-][ \n]?|['’ʼ·]|\.[ \n]?")
_DOTTED = re.compile(r"\w\.\w")
_WITHIN = re.compile(r"['’ʼ\-‐‑. ]{0,2}")  # between two tokens of one word: O'Brien, Jean-Luc
LOOKBACK = 7  # tokens from the family name back to the given name: compound given, two middle names, compound family


def tokens(folded: str) -> list[str]:
    """Return the tokens of folded text, in order, without accents; each of at most 64 characters."""
    if folded.isascii():
        return [token[:_TOKEN_LENGTH] for token in _ASCII_TOKEN.findall(folded)]
    found = _TOKEN.findall(folded)
    return [token[:_TOKEN_LENGTH] if token.isascii() else _without_accents(token[:_TOKEN_LENGTH]) for token in found]


@lru_cache(maxsize=16_384)
def _without_accents(token: str) -> str:
    """Return a token without the accents of Latin, Greek and Cyrillic letters; marks of other scripts are letters.

    What is unseen inside it goes, and letters of other alphabets that only look Latin are Latin ones in a Latin word.
    """
    token = look_alikes_mended(_UNSEEN_CHARS.sub("", token))
    plain = _ACCENT.sub("", unicodedata.normalize("NFD", token.translate(_PLAIN_LETTERS)))
    return unicodedata.normalize("NFC", plain)


class Text:
    """A mention's text, prepared once for every lookup. Offsets that it returns refer to `original`."""

    def __init__(self, original: str) -> None:
        self.original = original
        self.folded = fold(original)
        self.tokens = tokens(self.folded)

    @cached_property
    def keys(self) -> list[str]:
        """The key of each token (`spelling.name_key`): what names are looked up and mentions are filed by."""
        return name_keys(self.tokens)

    @cached_property
    def key_places(self) -> dict[str, list[int]]:
        """Positions of each key."""
        return _positions(self.keys)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The distinct tokens."""
        return frozenset(self.tokens)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Positions of each token."""
        return _positions(self.tokens)

    @cached_property
    def has_dotted_word(self) -> bool:
        """True where a full stop stands inside a word, as in every domain."""
        return _DOTTED.search(self.folded) is not None

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        pattern = _ASCII_TOKEN if self.folded.isascii() else _TOKEN
        return [match.span() for match in pattern.finditer(self.folded)]

    @cached_property
    def _alignment(self) -> Alignment:
        return Alignment(self.original)

    @cached_property
    def has_title_case(self) -> bool:
        """True for headlines and shouting, where capitals tell nothing."""
        return _is_title_case(*self._capitals)

    @cached_property
    def _capitals(self) -> tuple[int, int]:
        return _capitals(self.original)

    def has_title_case_without(self, *spans: tuple[int, int]) -> bool:
        """True where the text but for these spans of names, [start, end) each, has title case."""
        words, capital = self._capitals
        for start, end in spans:
            fewer, less = _capitals(self.original[start:end])
            words, capital = words - fewer, capital - less
        return _is_title_case(words, capital)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return [start, end) in the original of tokens `first` to `last`, both inclusive."""
        return self._alignment.span(self._spans[first][0], self._spans[last][1])

    def written(self, i: int) -> str:
        """Return token i folded as it is written, with its accents."""
        return self.folded[slice(*self._spans[i])]

    def gap(self, i: int) -> str:
        """Return the folded text between token i and the next, without what nobody sees."""
        gap = self.folded[self._spans[i][1] : self._spans[i + 1][0]]
        return gap if gap.isascii() else _UNSEEN_CHARS.sub("", gap)

    def between(self, i: int, j: int) -> str:
        """Return the folded text between tokens i and j."""
        return self.folded[self._spans[i][1] : self._spans[j][0]]

    def spelling(self, first: int, last: int) -> str:
        """Return the original text of tokens `first` to `last`."""
        start, end = self.span(first, last)
        return self.original[start:end]

    def find(self, phrase: Sequence[str], join: Callable[[int, str], bool] | None = None) -> list[int]:
        """Return the positions of the first token of each place where `phrase` stands, up to `PLACES`.

        What is between its words must join them ("Home Depot", not "home. Depot"); `join`, given the number of a word
        and the text after it, may ask for more.
        """
        if not phrase or phrase[0] not in self.vocabulary:
            return []
        length = len(phrase)
        wanted = list(phrase)
        places = (
            at
            for at in self.places[phrase[0]]
            if self.tokens[at : at + length] == wanted
            and all(self._joins(at + i) and (join is None or join(i, self.gap(at + i))) for i in range(length - 1))
        )
        return list(islice(places, PLACES))

    def _joins(self, i: int) -> bool:
        gap = self.gap(i)
        return bool(_PHRASE.fullmatch(gap)) and not (len(gap) > 1 and gap[0] == "." and len(self.tokens[i]) > 2)


def _positions(words: Sequence[str]) -> dict[str, list[int]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for i, word in enumerate(words):
        places[word].append(i)
    return dict(places)


def _capitals(text: str) -> tuple[int, int]:
    """Return how many words of four letters and more there are, and how many of them have a capital."""
    words = [word for word in text.split() if len(word) > 3 and word[0].isalpha()]
    return len(words), sum(word[0].isupper() for word in words)


def _is_title_case(words: int, capital: int) -> bool:
    """True where most of the words of four letters and more are capitalised, and there are some."""
    return words >= 3 and capital > 0.7 * words


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
    for former in name.former:
        add(name.given, (former,), "former name")
    if not name.initials and name.given[0][0].upper() != name.given[0][0]:
        add((name.given[0][0],), name.family, "initials")
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
    return tuple(forms.values())


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


@lru_cache(maxsize=4096)
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
    if len(run) >= 2 and all(_CHARACTERWISE.match(token) for token in run):
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


Case = Literal["as a name", "lower"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A full name at [start, end) of the original text, tokens `first` to `last`.

    `middle` are folded middle names or initials written there. `longer` is the text of what looks like a longer name
    around it ("Donald Trump Jr", "Bill Clinton Road"), else "". `inverted`: the family name comes first, with a comma
    or (`comma` is False) without. `given` and `family` say how alike the spellings are, `kind` which form was found.
    """

    start: int
    end: int
    first: int
    last: int
    case: Case
    middle: tuple[str, ...] = ()
    longer: str = ""
    inverted: bool = False
    comma: bool = False
    kind: FormKind = "full"
    given: Level = "exact"
    family: Level = "exact"

    @property
    def level(self) -> Level:
        """The less alike of the two."""
        return max(self.given, self.family, key=RANK.__getitem__)


def find_person(text: Text, name: PersonName, places: Sequence[int] | None = None) -> list[Sighting]:
    """Return where the full name stands in the text, up to `PLACES`.

    Given name, then up to two middle names or initials, then family name, within one phrase; or the family name and
    the given name. Another name that contains it by hyphen ("Susan Rice" in "Susan Rice-Martinez") is not it.
    `places` are those of the last token of the family name that are to be looked at; None for all.
    """
    found: list[Sighting] = []
    positions = text.key_places
    forms = [form for form in name.forms if form.family[-1] in positions and form.given[0] in positions]
    for form in name.forms:
        if form.kind == "full" and len(form.given) == 1 and form.family[-1] in positions:
            forms += [form._replace(given=(short,)) for short in nickname_keys(form.given[0]) if short in positions]
    keys = text.keys
    if places is None:
        places = sorted({at for last in {form.family[-1] for form in forms} for at in positions[last]})
    for last in places:
        for form in forms:
            if keys[last] != form.family[-1]:
                continue
            at = last - len(form.family) + 1
            if at < 0 or keys[at : last + 1] != list(form.family) or not _word(text, at, last):
                continue
            if sighting := _before(text, name, form, at, last) or _after(text, name, form, at, last):
                if not (found and sighting.first <= found[-1].last):
                    found.append(sighting)
                elif _fit(sighting) < _fit(found[-1]):
                    found[-1] = sighting
                break
        if len(found) == PLACES:
            break
    return found


def _fit(sighting: Sighting) -> tuple[bool, bool, int, int]:
    """Return what orders sightings that overlap, the best first."""
    return sighting.kind != "full", sighting.inverted, RANK[sighting.level], sighting.first - sighting.last


def _levels(text: Text, name: PersonName, form: Form, given: slice, family: slice) -> tuple[Level, Level] | None:
    """Return how alike given and family name are to those at these tokens; None where it is another name."""
    first = _likeness(text.tokens[given], form.given_tokens)
    last = _likeness(text.tokens[family], form.family_tokens)
    worst = RANK["initial"] if form.kind == "initials" else RANK["nickname"]
    if RANK[first] > worst or RANK[last] > RANK["spelling"]:
        return None
    if "exact" in (first, last) and (name.accented or not text.folded.isascii()):
        first = _accents(text, name, given, first)
        last = _accents(text, name, family, last)
    return first, last


def _accents(text: Text, name: PersonName, part: slice, level: Level) -> Level:
    """Return "accents" for an exact level where the accents are not those of the CRM."""
    if level != "exact":
        return level
    accented = {token for word in name.accented for token in _TOKEN.findall(word)}
    plain = {token for token in accented if token.isascii()}
    for i in range(part.start, part.stop):
        written = text.written(i)
        differs = written != text.tokens[i] if written not in accented else False
        if differs or (
            written == text.tokens[i]
            and written not in plain
            and written in map(_without_accents, accented - {written})
        ):
            return "accents"
    return level


def _likeness(written: Sequence[str], known: Sequence[str]) -> Level:
    """Return how alike two sequences of tokens are as one part of a name: the least alike of their tokens."""
    if len(written) == len(known):
        level: Level = "exact"
        for a, b in zip(written, known, strict=True):
            one = likeness(a, b)
            if RANK[one] > RANK[level]:
                level = one
        return level
    a, b = "".join(written), "".join(known)
    if a == b:
        return "exact"
    if in_latin(a) == in_latin(b) or (latin_key(a) or a) == (latin_key(b) or b):
        return "spelling" if a.isascii() == b.isascii() else "transliteration"
    return "different"


def _before(text: Text, name: PersonName, form: Form, family: int, last: int) -> Sighting | None:
    """Return the sighting of a family name at tokens [family, last] with its given name before it."""
    width = len(form.given)
    given = list(form.given)
    if name.joined and (form.given_tokens == name.given or _CHARACTERWISE.match(text.tokens[last])):
        first = family - width
        gaps = [text.gap(i) for i in range(first, family)] if first >= 0 else [""]
        run = first >= 0 and text.tokens[first:family] == list(name.given) and text.tokens[last] == name.family[-1]
        spaced = run and sorted(gaps)[:-1] == [""] * (len(gaps) - 1) and max(gaps) in ("", " ", "·", "・")
        return _sighting(text, name, form, first, last, ("exact", "exact")) if spaced else None
    for first in range(family - width, max(family - LOOKBACK, 0) - 1, -1):
        if first < 0 or text.keys[first : first + width] != given or not _word(text, first, first + width - 1):
            continue
        if name.initials or form.kind == "initials":
            if not text.spelling(first, first)[0].isupper() and text.spelling(family, last)[0].isupper():
                return None  # the s of "it's Ramanathan"
            if first and len(text.tokens[first - 1]) == 1 and _BETWEEN.fullmatch(text.gap(first - 1)):
                return None  # K. R. Narayanan is not R. Narayanan
        if not _between(text, name, first + width, family):
            return None
        levels = _levels(text, name, form, slice(first, first + width), slice(family, last + 1))
        middle = tuple(token for token in text.tokens[first + width : family] if token not in _NO_MIDDLE)
        return _sighting(text, name, form, first, last, levels, middle) if levels else None
    return None


def _after(text: Text, name: PersonName, form: Form, family: int, last: int) -> Sighting | None:
    """Return the sighting of a family name with its given name after it: "Clinton, Hillary", "Rao Asha", 王小明."""
    first, end = last + 1, last + len(form.given)
    if end >= len(text.tokens):
        return None
    if name.joined and (form.given_tokens == name.given or _CHARACTERWISE.match(text.tokens[last])):
        return None
    if text.keys[first : end + 1] != list(form.given):
        return None
    gap = text.gap(last)
    comma = bool(_INVERTED.fullmatch(gap))
    if not comma and (
        not _BETWEEN.fullmatch(gap) or "." in gap or (gap == "" and not _CHARACTERWISE.match(text.tokens[last]))
    ):
        return None
    if not _word(text, first, end):
        return None
    letters = text.spelling(family, family)[0], text.spelling(first, first)[0]
    if not all(char.isupper() or char.lower() == char.upper() for char in letters):
        return None
    # In "Bill Clinton, Hillary Swank and others" the comma parts two people.
    if family and text.gap(family - 1) == " " and text.spelling(family - 1, family - 1)[0].isupper():
        before = text.tokens[family - 1]
        if before not in HONORIFICS and before not in PARTICLES:
            return None
    levels = _levels(text, name, form, slice(first, end + 1), slice(family, last + 1))
    if levels is None or (not comma and "nickname" in levels):
        return None
    return _sighting(text, name, form, family, end, levels, inverted=True, comma=comma)


_NO_MIDDLE = PARTICLES | _ENDINGS | frozenset({"nee", "née", "geb", "born"})


def _between(text: Text, name: PersonName, start: int, family: int) -> bool:
    """True where tokens [start, family) can be middle names or a nickname, and everything is one phrase."""
    if start < family and _NICKNAME.fullmatch(text.between(start - 1, family)):
        return True
    known = {token for word in name.middle for token in word} | _NO_MIDDLE
    tokens_ = text.tokens
    for i in range(start - 1, family):
        gap = text.gap(i)
        inner = (i >= start and tokens_[i] in known) or (i + 1 < family and tokens_[i + 1] in known)
        inner = inner or (i >= start and i + 1 < family)
        if not (_BETWEEN.fullmatch(gap) or (inner and _WITHIN.fullmatch(gap))):
            return False
        if gap == "" and not _CHARACTERWISE.match(tokens_[i]):
            return False
        if "." in gap and len(tokens_[i]) > 2:
            return False  # the end of a sentence, not of an initial
    unknown = [i for i in range(start, family) if tokens_[i] not in known]
    return len(unknown) <= 2 and all(len(tokens_[i]) == 1 or text.spelling(i, i)[0].isupper() for i in unknown)


def _word(text: Text, first: int, last: int) -> bool:
    return all(_WITHIN.fullmatch(text.gap(i)) for i in range(first, last))


def _sighting(  # noqa: PLR0917  (made in three places only)
    text: Text,
    name: PersonName,
    form: Form,
    first: int,
    last: int,
    levels: tuple[Level, Level],
    middle: tuple[str, ...] = (),
    *,
    inverted: bool = False,
    comma: bool = False,
) -> Sighting | None:
    start, end = text.span(first, last)
    original = text.original
    if not name.joined:
        if start >= 2 and original[start - 1] in "-‐‑" and original[start - 2].isalpha():
            return None
        if original[end : end + 1] in ("-", "‐", "‑") and original[end + 1 : end + 2].isupper():
            return None
    edges = (original[start], text.spelling(last, last)[0])
    proper = all(char.isupper() for char in edges if char.lower() != char.upper())
    return Sighting(
        start=start,
        end=end,
        first=first,
        last=last,
        case="as a name" if proper else "lower",
        middle=middle,
        longer=_longer(text, name, first, last) if proper else "",
        inverted=inverted,
        comma=comma,
        kind=form.kind,
        given=levels[0],
        family=levels[1],
    )


def _longer(text: Text, name: PersonName, first: int, last: int) -> str:
    """Return the longer name that this one seems to be a part of, or ""."""
    if name.joined or last + 1 >= len(text.tokens):
        return ""
    after = text.tokens[last + 1]
    gap = text.gap(last)
    spelling = text.spelling(last + 1, last + 1)
    if after in GENERATIONS and gap.strip(" ,") == "" and (spelling[0].isupper() or after == "jr"):
        return "" if after == name.generation else text.spelling(first, last + 1)
    if gap in (" & ", " and ") and after in _PARTNERS and spelling[0].isupper():
        return text.spelling(first, last + 1)
    if gap != " " or after in _NOT_NAMES or not spelling[0].isupper():
        return ""
    for until in range(last + 1, min(last + 4, len(text.tokens))):  # "Rajiv Gandhi International Airport"
        if text.gap(until - 1) != " " or not text.spelling(until, until)[0].isupper():
            break
        if text.tokens[until] in _THINGS:
            return text.spelling(first, until)
    # All capitals are an acronym ("Joe Biden CEO"), which belongs to no name.
    if len(spelling) == 1 or spelling.isupper() or text.has_title_case_without(text.span(first, last + 1)):
        return ""
    return text.spelling(first, last + 1)


class NameLikeness(NamedTuple):
    """How alike two full names are: the level of the less alike part, each part's, and the letters' in [0, 1].

    `swapped`: given and family name stand in the other order in one of them.
    """

    level: Level
    similarity: float
    given: Level
    family: Level
    swapped: bool = False


@lru_cache(maxsize=65_536)
def compare_person_names(a: PersonName, b: PersonName) -> NameLikeness:
    """Return how alike two full names are, in the order of parts in which they are more so. Symmetrical.

    Middle names, generations and former names are not compared.
    """
    (given, family), (other_given, other_family) = _parts(a), _parts(b)
    straight = _compared(given, family, other_given, other_family)
    crossed = _compared(given, family, other_family, other_given)._replace(swapped=True)
    return min(straight, crossed, key=lambda one: (RANK[one.level], -one.similarity, one.swapped))


def _parts(name: PersonName) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return given and family name; of a run of characters the family name is what stands first."""
    if name.joined:
        for form in name.forms:
            if form.given_tokens != name.given:
                return form.given_tokens, form.family_tokens
    return name.given, name.family


def _compared(
    given: tuple[str, ...], family: tuple[str, ...], other_given: tuple[str, ...], other_family: tuple[str, ...]
) -> NameLikeness:
    first, last = _likeness(given, other_given), _likeness(family, other_family)
    alike = (similarity("".join(given), "".join(other_given)) + similarity("".join(family), "".join(other_family))) / 2
    return NameLikeness(max(first, last, key=RANK.__getitem__), round(alike, 6), first, last)


# What is called after people: a name with one of these is not the person's, in headlines and capitals neither.
_THINGS = frozenset(
    "road rd street avenue ave lane drive boulevard blvd highway bridge park square plaza tower towers building hall "
    "center centre stadium arena airport hospital clinic school college university academy institute library museum "
    "foundation trust fund charity award prize scholarship lecture memorial society association group holdings "
    "enterprises industries company co corp corporation inc incorporated ltd limited llc llp plc pvt gmbh ag partners "
    "associates consulting solutions technologies plumbing bakery motors nagar marg chowk vihar colony bhavan bhawan "
    "mandir temple yojana trophy".split()
)
_PARTNERS = frozenset("co company sons son brothers bros associates partners".split())
# Capitalised in English wherever they stand, and so no sign of a longer name.
_NOT_NAMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december american english i twitter facebook republican republicans democrat democrats "
    "democratic internet covid christmas".split()
)
