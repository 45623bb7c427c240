"""How the words of names are spelled: keys under which spellings and scripts of one name meet, and how alike two are.

Pure. The key only finds (it is coarse on purpose); `likeness` says how alike two spellings are.

- Alphabets (Cyrillic, Greek, Georgian, Armenian, ...), Han and Hangul are written in Latin letters by `anyascii`.
- The scripts of India share one layout in Unicode (that of ISCII), so one table writes all of them in Latin letters.
- Those scripts and the ones without vowels (Arabic, Hebrew) are filed by their consonants (`skeleton`, after "_"),
  since what Latin letters make of their vowels differs from family to family.
"""

import re
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import regex
from anyascii import anyascii
from nicknames import NickNamer
from rapidfuzz.distance import OSA, JaroWinkler

Level = Literal["exact", "accents", "transliteration", "spelling", "nickname", "initial", "typo", "different"]
# From the same letters down to another name.
LEVELS: tuple[Level, ...] = (
    "exact", "accents", "transliteration", "spelling", "nickname", "initial", "typo", "different",
)  # fmt: skip
RANK: dict[Level, int] = {level: i for i, level in enumerate(LEVELS)}

# Words whose keys are kept; a token that is met again costs one look. Cleared when full: a key is a pure function.
_KEPT = 1 << 17
# Names are shorter; longer tokens are keys, hashes, German compounds, and stay as they are.
_LONGEST = 24
# Spellings with one key are of one name where they are as alike as this (Jaro-Winkler): "Leo" and "Lu" are not.
_ALIKE = 0.72
# The same for a name in an Indian script and in Latin letters, whose vowels may differ.
_ALIKE_ACROSS = 0.62
# The same for a firm's name of one word: Rosneft and Русснефть are two and reach 0.91, Norilsk and Норильский 0.97.
_WORD_ALIKE = 0.93
# For one of several words, in an Indian script: Reliance Industries and रिलायंस इंडस्ट्रीज have 0.80 and 0.88.
_WORD_ALIKE_BESIDE = 0.78
_SYLLABLES_ALIKE = 0.9
# Typos: "Micheal", "Andersson" reach 0.9; of unrelated family names with one first letter hardly any does.
_TYPO = 0.9

# Letters of Cyrillic, Greek and Armenian that look like Latin ones: in a word with Latin letters they stand for these.
_LOOK_ALIKE = str.maketrans(
    {
        "а": "a", "в": "b", "е": "e", "к": "k", "м": "m", "н": "h", "о": "o", "р": "p", "с": "c", "т": "t", "у": "y",
        "х": "x", "і": "i", "ј": "j", "ѕ": "s", "һ": "h", "ԁ": "d", "ԛ": "q", "ԝ": "w", "ӏ": "l", "ɡ": "g",
        "α": "a", "β": "b", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u", "χ": "x",
        "ϲ": "c", "ϳ": "j", "օ": "o", "ո": "n", "ս": "u", "ց": "g", "հ": "h", "յ": "j",
    }
)  # fmt: skip
_MIXED = regex.compile(r"(?=.*[a-z])(?=.*[\p{Cyrillic}\p{Greek}\p{Armenian}])[a-z\p{Cyrillic}\p{Greek}\p{Armenian}]+")

_INDIAN = re.compile("[\u0900-\u0d7f]")
_ABJAD = regex.compile(r"[\p{Arabic}\p{Hebrew}\p{Syriac}]")
_CHARACTERWISE = regex.compile(r"[\p{Han}\p{Hangul}]")

# Of each block of 128 from Devanagari to Malayalam, by the place in the block.
_CONSONANTS = {
    0x15: "k", 0x16: "kh", 0x17: "g", 0x18: "gh", 0x19: "n", 0x1A: "ch", 0x1B: "chh", 0x1C: "j", 0x1D: "jh",
    0x1E: "n", 0x1F: "t", 0x20: "th", 0x21: "d", 0x22: "dh", 0x23: "n", 0x24: "t", 0x25: "th", 0x26: "d",
    0x27: "dh", 0x28: "n", 0x29: "n", 0x2A: "p", 0x2B: "ph", 0x2C: "b", 0x2D: "bh", 0x2E: "m", 0x2F: "y",
    0x30: "r", 0x31: "r", 0x32: "l", 0x33: "l", 0x34: "zh", 0x35: "v", 0x36: "sh", 0x37: "sh", 0x38: "s", 0x39: "h",
}  # fmt: skip
_VOWELS = {
    0x05: "a", 0x06: "aa", 0x07: "i", 0x08: "ii", 0x09: "u", 0x0A: "uu", 0x0B: "ri", 0x0D: "e", 0x0E: "e",
    0x0F: "e", 0x10: "ai", 0x11: "o", 0x12: "o", 0x13: "o", 0x14: "au",
}  # fmt: skip
_SIGNS = {
    0x3E: "aa", 0x3F: "i", 0x40: "ii", 0x41: "u", 0x42: "uu", 0x43: "ri", 0x45: "e", 0x46: "e", 0x47: "e",
    0x48: "ai", 0x49: "o", 0x4A: "o", 0x4B: "o", 0x4C: "au",
}  # fmt: skip
_VIRAMA, _NUKTA, _NASAL = 0x4D, 0x3C, (0x01, 0x02)
_ALONE = {"ൺ": "n", "ൻ": "n", "ർ": "r", "ൽ": "l", "ൾ": "l", "ൿ": "k", "ৎ": "t", "ৰ": "r", "ৱ": "v", "ੰ": "n"}
_DOTTED = {"j": "z", "ph": "f", "kh": "kh", "g": "g", "k": "k", "d": "r", "dh": "rh"}  # consonants with a nukta
_TAMIL = 0x0B80
_VOICED = {"k": "g", "t": "d", "p": "b", "ch": "j"}
_LABIAL = ("p", "b", "m")
# These languages drop the short a at the end of a word and between syllables; those of the south do not.
_DROPS_A = (0x0900, 0x0980, 0x0A00, 0x0A80)

_DIGRAPHS = (
    ("tsch", "C"), ("sch", "s"), ("shch", "sC"), ("tch", "C"), ("chh", "C"), ("ch", "C"), ("ck", "k"), ("ph", "f"),
    ("wh", "v"), ("x", "ks"), ("q", "k"), ("zh", "s"), ("sh", "s"), ("kh", "k"), ("gh", "g"), ("th", "t"),
    ("dh", "d"), ("bh", "b"), ("jh", "j"), ("rh", "r"),
)  # fmt: skip
_LATIN_VOWELS = (("aa", "a"), ("ae", "a"), ("ee", "i"), ("oo", "u"), ("ou", "u"), ("oe", "o"), ("ue", "u"))
_SOFT_C = re.compile("c(?=[eiy])")
_DOUBLED = re.compile(r"(.)\1+")
_FINAL_H = re.compile("(?<=[aeiou])h$")
_NOT_LETTERS = re.compile("[^a-z]")
_CLASSES = str.maketrans({"g": "k", "d": "t", "b": "p", "f": "p", "c": "s", "j": "s", "z": "s"})


class _Keys(dict[str, str]):
    """Token to key, made when first asked for."""

    def __missing__(self, token: str) -> str:
        if len(self) >= _KEPT:
            self.clear()
        key = self[token] = _name_key(token)
        return key


_KEYS = _Keys()


def name_key(token: str) -> str:
    """Return the key under which a folded token without accents meets other spellings of the name.

    In letters a-z; consonants after "_" for scripts of India and those without vowels; the token itself where it has
    digits, is very long, or in another script that has no letters in a-z. Never empty for a token that is not.
    """
    return _KEYS[token]


def name_keys(tokens: list[str]) -> list[str]:
    """Return the key of each token."""
    keys = _KEYS
    return [keys[token] for token in tokens]


def look_alikes_mended(token: str) -> str:
    """Return a token with the letters that only look Latin replaced, where it has Latin ones, too; else as it is."""
    return token.translate(_LOOK_ALIKE) if _MIXED.fullmatch(token) else token


def is_keyed_by_consonants(token: str) -> bool:
    """True for a token of a script of India or of one without vowels, whose key is `skeleton` unless it is listed."""
    return not token.isascii() and bool(_INDIAN.search(token) or _ABJAD.search(token))


def _name_key(token: str) -> str:
    if token in _tables()[1]:
        return _tables()[1][token]
    if len(token) > _LONGEST:
        return token
    if is_keyed_by_consonants(token):
        return f"_{found}" if (found := skeleton(token)) else token
    latin = in_latin(token)
    if not latin.isalpha() or not latin.isascii():
        return token
    return _canonical(_reduced(latin))


def latin_key(token: str) -> str:
    """Return the key that the token would have in Latin letters, "" where it has none."""
    latin = in_latin(token)
    return _canonical(_reduced(latin)) if latin.isalpha() and latin.isascii() else ""


def native_keys(token: str) -> tuple[str, ...]:
    """Return the keys that the token's name has in scripts of India and in those without vowels; may be empty."""
    found = skeleton(token)
    keys = [f"_{found}"] if len(found) > 1 else []
    if (key := latin_key(token)) in _tables()[2]:
        keys.append(key)
    return tuple(keys)


@lru_cache(maxsize=16_384)
def in_latin(token: str) -> str:
    """Return a folded token in the letters a-z as far as they are known; vowels are missing where the script has none.

    A token with digits comes back as it is.
    """
    if token.isascii():
        return token
    # What anyascii makes letter by letter of the Greek ου is "oy".
    latin = _from_indian(token) if _INDIAN.search(token) else anyascii(token.replace("ου", "ou"))
    if any(char.isdigit() for char in latin):
        return token
    return _NOT_LETTERS.sub("", latin.lower()) or token


def _from_indian(token: str) -> str:
    """Return a word of a script of India in Latin letters, short a's dropped where the language drops them."""
    base = 0
    parts: list[list[str]] = []  # [consonants, vowel]; a vowel of "" is a virama, "A" the unwritten a
    for char in token:
        code = ord(char)
        if char in _ALONE:
            parts.append([_ALONE[char], ""])
        elif not 0x0900 <= code <= 0x0D7F:
            continue
        else:
            base, place = code & ~0x7F, code & 0x7F
            if place in _CONSONANTS:
                parts.append([_CONSONANTS[place], "A"])
            elif place in _VOWELS:
                parts.append(["", _VOWELS[place]])
            elif place in _SIGNS and parts:
                parts[-1][1] = _SIGNS[place]
            elif place == _VIRAMA and parts:
                parts[-1][1] = ""
            elif place == _NUKTA and parts:
                parts[-1][0] = _DOTTED.get(parts[-1][0], parts[-1][0])
            elif place in _NASAL:
                parts.append(["N", ""])
    for i, part in enumerate(parts):
        if part[0] == "N":
            part[0] = "m" if i + 1 < len(parts) and parts[i + 1][0][:1] in _LABIAL else "n"
    if base == _TAMIL:
        _voice(parts)
    if base in _DROPS_A and len(parts) > 1:
        if parts[-1][1] == "A" and parts[-1][0]:
            parts[-1][1] = ""
        for i in range(len(parts) - 2, 0, -1):  # "kulakarni" is said Kulkarni: between a vowel and a syllable
            if parts[i][1] == "A" and parts[i - 1][1] and parts[i + 1][0] and parts[i + 1][1]:
                parts[i][1] = ""
    return "".join(consonant + ("a" if vowel == "A" else vowel) for consonant, vowel in parts)


def _voice(parts: list[list[str]]) -> None:
    """Write Tamil's one letter for k and g, and so on, as names are usually spelled: by what stands before it."""
    for i, part in enumerate(parts):
        before = parts[i - 1] if i else ["", ""]
        nasal = before[0] in ("n", "m") and not before[1]
        doubled = before[0] == part[0] and not before[1]
        followed = i + 1 < len(parts) and parts[i + 1][0] == part[0] and not part[1]
        if nasal and part[0] in _VOICED:
            part[0] = _VOICED[part[0]]
        elif part[0] == "ch" and not doubled and not followed:
            part[0] = "s"
        elif part[0] == "k" and i and before[1] and not followed:
            part[0] = "g"


@lru_cache(maxsize=16_384)
def skeleton(token: str) -> str:
    """Return the consonants of a folded token in classes (k g q, t d, p b f, s z j ch), "a" for a vowel it begins with.

    Names are the same so far in Arabic, Hebrew, Tamil, which has one letter for k and g, and Latin letters.
    """
    latin = in_latin(token)
    if not latin.isascii() or not latin.isalpha():
        return ""
    if _ABJAD.search(token):
        latin = _from_abjad(token)
    reduced = _consonants(latin)
    begins = "a" if reduced[:1] in "aeiou" and reduced else ""
    bare = "".join(char for char in reduced if char not in "aeiou.")
    if bare.endswith("h") and len(bare) > 1:
        bare = bare[:-1]
    return begins + bare.translate(_CLASSES)


def _from_abjad(token: str) -> str:
    """Return a word without vowels in Latin letters, parted by full stops: z and h are not zh.

    Without the article that grows on it, and without w in it, which is more often a u.
    """
    word = token[2:] if token.startswith("ال") and len(token) > 4 else token
    letters = [_NOT_LETTERS.sub("", anyascii(char).lower()) for char in word]
    if word[0] in "اأإآعئؤאע":
        letters[0] = "a"
    vav = ("w", "v") if "\u05d0" <= word[0] <= "\u05ea" else ("w",)
    return letters[0] + "." + ".".join(letter for letter in letters[1:] if letter and letter not in vav)


def _consonants(latin: str) -> str:
    for written, read in _DIGRAPHS:
        if written in latin:
            latin = latin.replace(written, read)
    latin = _SOFT_C.sub("s", latin).replace("c", "k").replace("C", "c")
    return _DOUBLED.sub(r"\1", latin.replace("w", "v").replace("z", "s").replace("y", "i"))


@lru_cache(maxsize=65_536)
def _reduced(latin: str) -> str:
    """Return a word in a-z as its spellings have it in common."""
    word = latin
    for written, read in _LATIN_VOWELS:
        if written in word:
            word = word.replace(written, read)
    word = _FINAL_H.sub("", _consonants(word))
    if word.startswith("ie"):
        word = word[1:]
    if len(word) > 3 and word.endswith("ie"):
        word = word[:-2] + "i"
    return _DOUBLED.sub(r"\1", word) or latin


def _canonical(reduced: str) -> str:
    return _tables()[0].get(reduced, reduced)


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, str], dict[str, str], frozenset[str], frozenset[str]]:
    """Return what `spellings.txt` says.

    (reduced spelling -> key of its name, token in another script -> key, keys that have such tokens, all words in a-z).
    """
    latin: dict[str, str] = {}
    written: set[str] = set()
    native: dict[str, str] = {}
    for words in _lines("spellings.txt"):
        key = latin.get(_reduced(words[0]), _reduced(words[0]))
        for word in words:
            if word.isascii():
                latin.setdefault(_reduced(word), key)
                written.add(word)
            else:
                native.setdefault(word, key)
    return latin, native, frozenset(native.values()), frozenset(written)


def _lines(name: str) -> list[list[str]]:
    text = files("overheard.matcher.names").joinpath(name).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


@lru_cache(maxsize=1)
def _nicknames() -> tuple[dict[str, frozenset[str]], dict[tuple[str, str], list[tuple[str, str]]]]:
    """Return (key of a name -> keys of its short forms and of what it is short for, two such keys -> the words)."""
    words = {(full, short) for full, all_ in NickNamer().nickname_lookup.items() for short in all_}
    words |= {(full, short) for full, *shorts in _lines("nicknames.txt") for short in shorts}
    found: dict[str, set[str]] = {}
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for full, short in sorted(words):
        if not all(word.isascii() and word.isalpha() and len(word) > 1 for word in (full, short)):
            continue
        one, other = name_key(full), name_key(short)
        if one != other:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
            pairs.setdefault((one, other), []).append((full, short))
            pairs.setdefault((other, one), []).append((short, full))
    return {key: frozenset(others) for key, others in found.items()}, pairs


def nickname_keys(key: str) -> frozenset[str]:
    """Return the keys of the names that this one is short for or that are short for it: Bob and Robert, Venky."""
    return _nicknames()[0].get(key, _NONE)


_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=65_536)
def likeness(a: str, b: str) -> Level:
    """Return how alike two folded tokens without accents are as parts of names; symmetrical.

    "exact" is the same letters; "transliteration" the same name in another script; "spelling" another spelling of it;
    "initial" a single letter that the other begins with; "typo" a slip of the pen; else "different".
    """
    if a == b:
        return "exact"
    if 1 in (len(a), len(b)):
        return _initial(a, b)
    mixed = a.isascii() != b.isascii() or _script(a) != _script(b)
    if mixed:
        return "transliteration" if _same_across(a, b) else _nickname(a, b)
    if not a.isascii() and _CHARACTERWISE.match(a):
        return "different"
    key_a, key_b = name_key(a), name_key(b)
    if key_a == key_b and (_alike(a, b) >= _ALIKE or {a, b} <= _tables()[3]):
        return "spelling"
    if (found := _nickname(a, b)) != "different":
        return found
    return "typo" if min(len(a), len(b)) > 3 and JaroWinkler.similarity(a, b) >= _TYPO else "different"


_SLIP = 5  # letters from which on a word with one of them wrong is still told


@lru_cache(maxsize=16_384)
def is_slip(written: str, known: str) -> bool:
    """True where one slip of the pen makes a folded word of a name: a letter left out, put in, changed or swapped.

    Within the word: its first and last letter are right.
    """
    if min(len(written), len(known)) < _SLIP or written == known or not written.isascii():
        return False
    ends = written[0] == known[0] and written[-1] == known[-1]
    return ends and OSA.distance(written, known, score_cutoff=1) == 1


def _initial(a: str, b: str) -> Level:
    if _CHARACTERWISE.match(a) or _CHARACTERWISE.match(b):
        return "transliteration" if a.isascii() != b.isascii() and _same_across(a, b) else "different"
    return "initial" if in_latin(a)[:1] == in_latin(b)[:1] or (name_key(a)[:1] == name_key(b)[:1]) else "different"


def _script(token: str) -> str:
    char = token[0]
    if char.isascii():
        return "latin"
    return f"{ord(char) >> 7}" if _INDIAN.match(char) else next((n for n, p in _SCRIPTS if p.match(char)), "latin")


_SCRIPTS = tuple(
    (name, regex.compile(rf"\p{{{name}}}"))
    for name in ("Cyrillic", "Greek", "Arabic", "Hebrew", "Han", "Hangul", "Hiragana", "Katakana", "Thai", "Georgian",
                 "Armenian")
)  # fmt: skip


def _same_across(a: str, b: str) -> bool:
    key_a, key_b = name_key(a), name_key(b)
    latin_a, latin_b = in_latin(a), in_latin(b)
    if _CHARACTERWISE.match(a) or _CHARACTERWISE.match(b):
        # Zhang and Shang have one key; of Han and Hangul the exact sound is known, but for spellings in the table.
        return latin_a == latin_b or (key_a == key_b and key_a in _tables()[2])
    if key_a == key_b and not key_a.startswith("_"):
        return True
    if (latin_key(a) or a) == (latin_key(b) or b):
        return True
    if len(skeleton(a)) < 2 or skeleton(a) != skeleton(b):
        return False
    if _ABJAD.search(a) or _ABJAD.search(b):
        return True
    if skeleton(a).startswith("a") and _reduced(latin_a)[0] != _reduced(latin_b)[0]:
        return False  # of Asha and Usha the one difference is the first vowel
    return _alike(_reduced(latin_a), _reduced(latin_b)) >= _ALIKE_ACROSS


@lru_cache(maxsize=65_536)
def is_one_word(a: str, b: str, *, beside: bool = False) -> bool:
    """True where two folded tokens of different scripts spell one word of an organisation's name; False in one script.

    Stricter than `likeness`: names of people have many spellings, those of firms are chosen to differ. `beside`: other
    words of the name agree, too. Nothing is said of scripts whose tokens are characters: `sounds_alike`.
    """
    if (a.isascii() and b.isascii()) or (not a.isascii() and not b.isascii() and _script(a) == _script(b)):
        return False
    one, other = _reduced(in_latin(a)), _reduced(in_latin(b))
    if not one.isascii() or not other.isascii() or min(len(one), len(other)) < 2:
        return False
    if one == other:
        return True
    bare = skeleton(a)
    if bare != skeleton(b) or len(bare) < 2:
        return False
    if _ABJAD.search(a) or _ABJAD.search(b):
        return len(bare) > (2 if beside else 3)  # without vowels Emaar is Omar
    least = _WORD_ALIKE_BESIDE if beside and (_INDIAN.search(a) or _INDIAN.search(b)) else _WORD_ALIKE
    return one[0] == other[0] and _alike(one, other) >= least


def sounds_alike(syllables: str, word: str) -> bool:
    """True where what stands for kana or Hangul, in Latin letters, is a word in Latin letters: "simensu", Siemens."""
    one, other = _reduced(syllables), _reduced(word)
    return one == other or (
        skeleton(syllables) == skeleton(word) and len(skeleton(word)) > 1 and _alike(one, other) >= _SYLLABLES_ALIKE
    )


def _alike(a: str, b: str) -> float:
    return JaroWinkler.similarity(a, b)


def _nickname(a: str, b: str) -> Level:
    key_a, key_b = latin_key(a) or name_key(a), latin_key(b) or name_key(b)
    if key_b not in nickname_keys(key_a):
        return "different"
    # Asha has the key of Asa, who may be an Asahel. So words that all know are taken as they are written, but for
    # spellings that the table knows to be one name: Sasha is Alexander as well as Aleksandr.
    pairs = _nicknames()[1].get((key_a, key_b), ())
    return "nickname" if any(_is_word(a, one) and _is_word(b, other) for one, other in pairs) else "different"


def _is_word(token: str, word: str) -> bool:
    return token == word or not token.isascii() or {token, word} <= _tables()[3]
