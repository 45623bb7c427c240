"""The winnow: which mentions pass, and where the watched terms stand in them. Knows no people, only identities.

    text ─fold─▶ Aho-Corasick over all aliases ─▶ word boundaries ─▶ offsets mapped back ─▶ hits
    author, links ─▶ identities watched?        source ─▶ marked "always"?

Boundaries: no letter, digit, underscore or mark may stand directly before or after an alias, where the alias itself
begins or ends with one (so `@` and `#` are boundaries, and `C++` may stand before anything). Scripts differ:

- Han, Hiragana, Katakana, Thai, Lao, Khmer and Myanmar are written without spaces: an alias that begins or ends in one
  of them needs no boundary on that side, and one of their letters is a boundary for any other script (`NvidiaのGPU`).
- Korean puts particles directly after a word: a Hangul alias needs a boundary before it, none after it, and a Hangul
  letter is a boundary for any other script (`Xbox가`).
- A combining mark directly after a hit is part of its last letter, so there the hit is another word, in any script.
"""

import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import ahocorasick_rs
import regex

from overheard.identities import identities_of_actor, identities_of_links
from overheard.records import Identity, Mention, Passed, Term, WatchedSource, WatchHit
from overheard.records.mention import BY_HAND
from overheard.text import Alignment, fold

# Nobody says more in one utterance; a longer text is a dump, and is read up to here. Keeps time and memory bounded.
MAX_CHARACTERS: Final = 1_000_000
# Hits kept of one term in one mention; the rest would add nothing to snippets or sentiment.
MAX_HITS_OF_A_TERM: Final = 100
# Hits kept of all terms together, the first. What names more is a list.
MAX_HITS: Final = 2_000
# Places of one alias that are looked at. Nested ones go afterwards, so it is more than are kept.
_PLACES: Final = 1_000

_NONE, _WORD, _HANGUL, _SPACELESS, _MARK = range(5)
_SPACELESS_SCRIPT = regex.compile(
    r"[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]"
)
_HANGUL_SCRIPT = regex.compile(r"\p{scx=Hangul}")
# Marks that dress emoji and say nothing of words: variation selectors and the keycap.
_NOT_A_MARK = regex.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef\u20e3]")
# Signs that folding makes several characters of. Trade marks would become letters and join the word before ("Nvidia™"
# to "nvidiatm"); the ellipsis, in every sixth post that is not ASCII, would only shift the offsets behind it.
_SIGNS = ("™", "℠", "…")
_SIGN = "\ufffc"  # stands for each: no part of a word, and folding leaves it alone
# Typographic forms of characters in aliases that NFKC leaves apart ("McDonald's", "Coca-Cola").
_VARIANTS = (("'", "’"), ("-", "\u2010"), ("-", "–"))


# Authors come back, and their normal forms cost as much as the search of a post.
_identities_of = lru_cache(maxsize=16_384)(identities_of_actor)


class Winnowed(NamedTuple):
    """Why a mention passed (never empty: terms by first hit, then identities, then the source) and its hits.

    `hits` are in order of their start, longest first; of one term, none lies inside another. Empty where the mention
    passed by identity or source alone.
    """

    passed: tuple[Passed, ...]
    hits: tuple[WatchHit, ...]


class Winnow:
    """What is watched, ready to be looked up in mentions. Immutable and thread-safe.

    Ten thousand terms take some 50 ms to build, a million ten seconds and 220 MB. `changed` shares what stays.
    """

    def __init__(
        self, terms: Iterable[Term] = (), identities: Iterable[Identity] = (), sources: Iterable[WatchedSource] = ()
    ) -> None:
        self._terms = _Terms(terms)
        self._identities, self._names = _of(identities)
        self._always = _always(sources)

    def changed(
        self,
        *,
        terms: Iterable[Term] | None = None,
        identities: Iterable[Identity] | None = None,
        sources: Iterable[WatchedSource] | None = None,
    ) -> "Winnow":
        """Return a winnow in which each kind that is given replaces all that was watched of that kind."""
        new = Winnow.__new__(Winnow)
        new._terms = self._terms if terms is None else _Terms(terms)
        new._identities, new._names = (self._identities, self._names) if identities is None else _of(identities)
        new._always = self._always if sources is None else _always(sources)
        return new

    def winnow(self, mention: Mention) -> Winnowed | None:
        """Return why the mention passes and what was hit, or None where it does not pass.

        A placeholder such as [deleted] passes only where a contact's or account's record names it, since
        only then is it watched.
        """
        hits = self._terms.find(mention.text)
        watched = [*self._watched(mention), *self._named(mention)]
        always = mention.source in self._always
        if not (hits or watched or always):
            return None
        passed = [Passed(reason="term", by=term) for term in dict.fromkeys([hit.term for hit in hits])]
        if watched:
            passed += [Passed(reason="identity", by=key) for key in watched]
        if always:
            passed.append(Passed(reason="always", by=mention.source))
        return Winnowed(tuple(passed), hits)

    def _watched(self, mention: Mention) -> Sequence[str]:
        """Return the keys of the author and of linked URLs that are watched, each once."""
        if not self._identities or (mention.attributed_to is None and not mention.links):
            return ()
        keys = (*_identities_of(mention.attributed_to), *identities_of_links(mention.links))
        return [key for key in dict.fromkeys(keys) if key in self._identities]

    def _named(self, mention: Mention) -> Sequence[str]:
        """Return the keys of the watched names that stand in the text, each once."""
        return list(dict.fromkeys(hit.term for hit in self._names.find(mention.text)))


def _always(sources: Iterable[WatchedSource]) -> frozenset[str]:
    """Return the names of the sources that pass whatever they say; what a person hands in is always one."""
    return frozenset({BY_HAND, *(source.source for source in sources if source.always)})


def _of(identities: Iterable[Identity]) -> tuple[frozenset[str], "_Terms"]:
    """Return the keys to compare authors and links with, and the names to look for in texts, by key."""
    keys: set[str] = set()
    names: list[Term] = []
    for identity in identities:
        if identity.type == "name":
            names.append(Term(id=identity.key, kind="category", aliases=(identity.value,)))
        else:
            keys.add(identity.key)
    return frozenset(keys), _Terms(names)


class _Terms:
    """One automaton over the folded aliases of all terms."""

    def __init__(self, terms: Iterable[Term]) -> None:
        owners: dict[str, tuple[Term, ...]] = {}
        for term in terms:
            for pattern in {pattern for alias in term.aliases for pattern in _patterns_of(alias)}:
                owners[pattern] = (*owners.get(pattern, ()), term)
        self._owners = list(owners.values())
        self._first = bytes(_class_of(pattern[0]) for pattern in owners)
        self._last = bytes(_class_at_end(pattern) for pattern in owners)
        self._find = (
            ahocorasick_rs.AhoCorasick(owners.keys(), store_patterns=False).find_matches_as_indexes if owners else None
        )

    def find(self, text: str) -> tuple[WatchHit, ...]:
        """Return the hits in `text`, in order of their start, longest first."""
        if self._find is None or not text:
            return ()
        if len(text) > MAX_CHARACTERS:
            text = text[:MAX_CHARACTERS]
        if "\n" in text:  # mails and some sites break lines between any two words
            text = text.replace("\n", " ")
        ascii_only = text.isascii()
        if not ascii_only:
            text = _without_signs(text)
        folded = fold(text)
        raw = self._find(folded, overlapping=True)
        if not raw:
            return ()
        # The hot loop: ten thousand aliases are found in the middle of words all the time.
        firsts, lasts, classes, size = self._first, self._last, _CLASSES, len(folded)
        found = []
        for hit in raw:
            pattern, start, end = hit
            if start and (before := classes[folded[start - 1]]):
                first = firsts[pattern]
                if before == _WORD == first or (before >= _HANGUL and not _may_start(folded, start, first)):
                    continue
            if end < size and (after := classes[folded[end]]) and (after == _MARK or after == _WORD == lasts[pattern]):
                continue
            found.append(hit)
        if not found:
            return ()
        if len(found) > _PLACES:
            found = _first_of_each(found)
        if not ascii_only and not _folds_evenly(text, folded):
            span = Alignment(text).span
            found = [(pattern, *span(start, end)) for pattern, start, end in found]
        return self._hits(found)

    def _hits(self, found: list[tuple[int, int, int]]) -> tuple[WatchHit, ...]:
        owners = self._owners
        if len(found) == 1 and len(terms := owners[found[0][0]]) == 1:
            _, start, end = found[0]
            return (WatchHit(term=terms[0].id, kind=terms[0].kind, start=start, end=end),)
        spans = [(start, -end, term.id, term.kind) for pattern, start, end in found for term in owners[pattern]]
        spans.sort()
        reached: dict[str, int] = {}
        count: dict[str, int] = {}
        hits: list[WatchHit] = []
        for start, minus_end, term_id, kind in spans:
            # Sorted so, a hit lies inside an earlier one of its term exactly when it ends no later.
            if term_id in reached and (-minus_end <= reached[term_id] or count[term_id] == MAX_HITS_OF_A_TERM):
                continue
            reached[term_id] = -minus_end
            count[term_id] = count.get(term_id, 0) + 1
            if len(hits) == MAX_HITS:
                break
            hits.append(WatchHit(term=term_id, kind=kind, start=start, end=-minus_end))
        return tuple(hits)


def _patterns_of(alias: str) -> list[str]:
    """Return the folded forms of an alias; empty where nothing is left of it."""
    pattern = " ".join(fold(_without_signs(alias)).split()).strip(_SIGN + string.whitespace)
    if not pattern:
        return []
    variants = [pattern.replace(plain, typographic) for plain, typographic in _VARIANTS if plain in pattern]
    return [pattern, *variants]


def _first_of_each(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the hits but those of a pattern after its first places."""
    count: Counter[int] = Counter()
    kept = []
    for hit in found:
        count[hit[0]] += 1
        if count[hit[0]] <= _PLACES:
            kept.append(hit)
    return kept


def _folds_evenly(text: str, folded: str) -> bool:
    """True where each character of `text` became one of `folded`, so that offsets are the same in both.

    Casefold maps character by character and never shortens. Holds for most texts in any script, and costs a tenth of
    `Alignment`.
    """
    return len(folded) == len(text) and folded == text.casefold()


def _without_signs(text: str) -> str:
    """Return `text` with each sign replaced by one character, so that offsets stay."""
    for sign in _SIGNS:
        if sign in text:
            text = text.replace(sign, _SIGN)
    return text


def _class_of(char: str) -> int:
    """Return what a character is to boundaries: none of a word, or a letter or digit by kind of script, or a mark."""
    if char.isalnum() or char == "_":
        if char.isascii():
            return _WORD
        if _SPACELESS_SCRIPT.match(char):
            return _SPACELESS
        return _HANGUL if _HANGUL_SCRIPT.match(char) else _WORD
    if unicodedata.category(char)[0] == "M" and not _NOT_A_MARK.match(char):
        return _MARK
    return _NONE


class _Classes(dict[str, int]):
    """`_class_of`, remembered for the characters met first; a plain dict is much faster than `lru_cache` here."""

    def __missing__(self, char: str) -> int:
        found = _class_of(char)
        if len(self) < 16_384:
            self[char] = found
        return found


_CLASSES = _Classes()


def _class_at_end(text: str) -> int:
    """Return the class of the last character of a text; a mark counts as what bears it."""
    for char in reversed(text):
        if (found := _class_of(char)) != _MARK:
            return found
    return _WORD


def _may_start(folded: str, start: int, first: int) -> bool:
    if first in (_NONE, _SPACELESS):
        return True
    # A mark counts as what bears it. 32: no letter bears more marks than that; hostile text does.
    before = _class_at_end(folded[max(0, start - 32) : start])
    return before != (_HANGUL if first == _HANGUL else _WORD)
