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

What a term says of its aliases (case, required and excluded words) is held to here; its handles and domains are hits by
themselves. Hits that may be another sense of the word are told as *open*, for `overheard.enrich.senses` to judge.
"""

import json
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

import ahocorasick_rs
import regex

from overheard.identities import identities_of_actor, identities_of_links, normal_handle, normal_platform, profile_key
from overheard.records import Identity, Mention, Passed, Sense, Term, TermKind, WatchedSource, WatchHit
from overheard.records.mention import BY_HAND
from overheard.text import Alignment, fold
from overheard.urls import ascii_host
from overheard.words import is_word

# Nobody says more in one utterance; a longer text is a dump, and is read up to here. Keeps time and memory bounded.
MAX_CHARACTERS: Final = 1_000_000
# Hits kept of one term in one mention; the rest would add nothing to snippets or sentiment.
MAX_HITS_OF_A_TERM: Final = 100
# Hits kept of all terms together, the first. What names more is a list.
MAX_HITS: Final = 2_000
# Places of one alias that are looked at. Nested ones go afterwards, so it is more than are kept.
_PLACES: Final = 1_000

# Posts in another sense after which a name that is no word may mean something else.
_DOUBTED: Final = 5

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
    passed by identity or source alone. `open` are the places of hits that may be another sense of the word; `linked`
    the terms whose account or site a link names, in the text or not, and those that all that its source has is about.
    """

    passed: tuple[Passed, ...]
    hits: tuple[WatchHit, ...]
    open: tuple[int, ...] = ()
    linked: tuple[str, ...] = ()


class _Found(NamedTuple):
    """Hits as `Winnowed` has them, and which of them are open."""

    hits: tuple[WatchHit, ...] = ()
    open: tuple[int, ...] = ()


_NOTHING: Final = _Found()
_NONE_TOLD: Final[Mapping[str, Sense]] = MappingProxyType({})


class Winnow:
    """What is watched, ready to be looked up in mentions. Immutable and thread-safe.

    Ten thousand terms take some 50 ms to build, a million ten seconds and 220 MB. `changed` shares what stays.
    `judged` are the terms with an alias that may mean something else, by id, and `told` what people decided on any.
    """

    def __init__(
        self,
        terms: Iterable[Term] = (),
        identities: Iterable[Identity] = (),
        sources: Iterable[WatchedSource] = (),
        told: Iterable[Sense] = (),
    ) -> None:
        self.told: Mapping[str, Sense] = {one.term: one for one in told} or _NONE_TOLD
        self._terms = TermSigns(terms, self.told)
        self._identities, self._names = _of(identities)
        self._always = _always(sources)

    def changed(
        self,
        *,
        terms: Iterable[Term] | None = None,
        identities: Iterable[Identity] | None = None,
        sources: Iterable[WatchedSource] | None = None,
        told: Iterable[Sense] | None = None,
    ) -> "Winnow":
        """Return a winnow in which each kind that is given replaces all that was watched of that kind.

        What people decided says what of the terms is open: `told` comes with `terms`.
        """
        new = Winnow.__new__(Winnow)
        new.told = self.told if told is None else {one.term: one for one in told}
        new._terms = self._terms if terms is None else TermSigns(terms, new.told)
        new._identities, new._names = (self._identities, self._names) if identities is None else _of(identities)
        new._always = self._always if sources is None else _always(sources)
        return new

    @property
    def judged(self) -> Mapping[str, Term]:
        """The terms with an alias that may mean something else, by id."""
        return self._terms.judged

    def touches(self, mention: Mention) -> bool:
        """True where the mention may pass, or may have passed: whatever rules and senses say of its aliases."""
        return self._terms.touches(mention.text) or self.winnow(mention) is not None

    def winnow(self, mention: Mention) -> Winnowed | None:
        """Return why the mention passes and what was hit, or None where it does not pass.

        A placeholder such as [deleted] passes only where a contact's or account's record names it, since
        only then is it watched.
        """
        hits, unsure = self._terms.find(mention.text, mention.platform)
        linked = self._terms.linked(mention.links)
        if mention.about:
            linked = tuple(dict.fromkeys((*linked, *filter(self._terms.knows, mention.about))))
        watched = [*self._watched(mention), *self._named(mention)]
        # A webmention was verified to link to a page of ours, whatever it says there; a comment on ours stands there.
        here = bool(mention.response or mention.channel or mention.own or mention.about)
        always = here or mention.source in self._always
        if not (hits or linked or watched or always):
            return None
        passed = [Passed(reason="term", by=term) for term in dict.fromkeys([*[hit.term for hit in hits], *linked])]
        if watched:
            passed += [Passed(reason="identity", by=key) for key in watched]
        if always:
            passed.append(Passed(reason="always", by=mention.source))
        return Winnowed(tuple(passed), hits, unsure, linked)

    def _watched(self, mention: Mention) -> Sequence[str]:
        """Return the keys of the author and of linked URLs that are watched, each once."""
        if not self._identities or (mention.attributed_to is None and not mention.links):
            return ()
        keys = (*_identities_of(mention.attributed_to), *identities_of_links(mention.links))
        return [key for key in dict.fromkeys(keys) if key in self._identities]

    def _named(self, mention: Mention) -> Sequence[str]:
        """Return the keys of the watched names that stand in the text, each once."""
        return list(dict.fromkeys(hit.term for hit in self._names.find(mention.text).hits))


def _always(sources: Iterable[WatchedSource]) -> frozenset[str]:
    """Return the names of the sources that pass whatever they say; what a person hands in is always one."""
    return frozenset({BY_HAND, *(source.source for source in sources if source.always)})


def _of(identities: Iterable[Identity]) -> tuple[frozenset[str], "TermSigns"]:
    """Return the keys to compare authors and links with, and the names to look for in texts, by key."""
    keys: set[str] = set()
    names: list[Term] = []
    for identity in identities:
        if identity.type == "name":
            names.append(Term(id=identity.key, kind="category", aliases=(identity.value,)))
        else:
            keys.add(identity.key)
    return frozenset(keys), TermSigns(names, wordy=False)


class _Sign(NamedTuple):
    """How a pattern is a sign of its term, where that is more than an alias that always counts.

    `platform`: of a handle, the one on which it is; "" for any. `unsure`: it may mean something else.
    """

    kind: Literal["alias", "handle", "domain"]
    platform: str = ""
    unsure: bool = False


class _Context(NamedTuple):
    """The words of which one must stand in a text for a term's aliases to count, and those of which none may."""

    requires: "TermSigns | None"
    excludes: "TermSigns | None"


class TermSigns:
    """One automaton over the folded aliases, handles and domains of all terms.

    `wordy`: an alias that is a common word may mean something else.
    """

    def __init__(self, terms: Iterable[Term], told: Mapping[str, Sense] = _NONE_TOLD, *, wordy: bool = True) -> None:
        owners: dict[str, tuple[Term, ...]] = {}
        self._signs: dict[tuple[str, str], _Sign] = {}
        self._contexts: dict[str, _Context] = {}
        self._spellings: dict[str, frozenset[str]] = {}
        self._accounts: dict[str, list[str]] = {}
        self._sites: dict[str, list[str]] = {}
        self._ids: frozenset[str] | None = None  # a million of them take a second, and few ever ask
        self.judged: dict[str, Term] = {}
        for term in terms:
            for pattern in {pattern for alias in term.aliases for pattern in _patterns_of(alias)}:
                owners[pattern] = (*owners.get(pattern, ()), term)
                unsure = _is_unsure(term, told) or (wordy and " " not in pattern and is_common(pattern))
                if unsure:
                    self.judged[term.id] = term
                if unsure or term.case or term.requires or term.excludes:
                    self._signs[pattern, term.id] = _Sign("alias", unsure=unsure)
            if term.handles or term.domains:
                for pattern, sign in self._own_signs(term):
                    if (pattern, term.id) not in self._signs and term not in owners.get(pattern, ()):
                        owners[pattern] = (*owners.get(pattern, ()), term)
                        self._signs[pattern, term.id] = sign
            if term.requires or term.excludes:
                self._contexts[term.id] = _Context(_phrases(term.requires), _phrases(term.excludes))
            if term.case:
                self._spellings[term.id] = frozenset(
                    form for alias in term.aliases for form in (_spelling(alias), _spelling(alias).upper())
                )
        self._patterns = list(owners) if self._signs else []
        self._owners = list(owners.values())
        self._first = bytes(_class_of(pattern[0]) for pattern in owners)
        self._last = bytes(_class_at_end(pattern) for pattern in owners)
        self._find = (
            ahocorasick_rs.AhoCorasick(owners.keys(), store_patterns=False).find_matches_as_indexes if owners else None
        )

    def _own_signs(self, term: Term) -> Iterable[tuple[str, _Sign]]:
        """Yield the patterns of a term's accounts and sites; keep them for links as well."""
        for given in term.handles:
            platform, _, handle = given.rpartition(":")
            platform, handle = normal_platform(platform), normal_handle(handle)
            if handle:
                yield fold(f"@{handle}"), _Sign("handle", platform)
                if platform:
                    self._accounts.setdefault(f"{platform}:{handle}", []).append(term.id)
        for given in term.domains:
            if site := ascii_host(given.casefold().removeprefix("www.")):
                yield fold(site), _Sign("domain")
                self._sites.setdefault(site, []).append(term.id)

    def knows(self, term: str) -> bool:
        """True where a term with this id is watched."""
        if self._ids is None:
            self._ids = frozenset(term.id for owners in self._owners for term in owners)
        return term in self._ids

    def linked(self, links: Sequence[str]) -> tuple[str, ...]:
        """Return the terms whose account or site one of these URLs is, each once."""
        if not links or not (self._accounts or self._sites):
            return ()
        found: dict[str, None] = {}
        for url in links:
            try:
                host = ascii_host((urlsplit(url).hostname or "").casefold())
            except ValueError:
                continue
            labels = host.split(".")
            for at in range(len(labels)):
                found.update(dict.fromkeys(self._sites.get(".".join(labels[at:]), ())))
            if self._accounts and (key := profile_key(url)):
                platform, _, handle = key.partition(":handle:")
                found.update(dict.fromkeys(self._accounts.get(f"{platform}:{handle}", ())))
        return tuple(found)

    def touches(self, text: str) -> bool:
        """True where a sign of a term stands in a text, whatever else must hold for it to count."""
        return bool(self._places(text)[1])

    def find(self, text: str, platform: str = "") -> _Found:
        """Return the hits in `text`, in order of their start, longest first."""
        text, found = self._places(text)
        return self._hits(text, found, platform) if found else _NOTHING

    def _places(self, text: str) -> tuple[str, list[tuple[int, int, int]]]:
        """Return the text that was read, and (pattern, start, end) of what stands in it."""
        if self._find is None or not text:
            return "", []
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
            return "", []
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
            return "", []
        if len(found) > _PLACES:
            found = _first_of_each(found)
        if not ascii_only and not _folds_evenly(text, folded):
            span = Alignment(text).span
            found = [(pattern, *span(start, end)) for pattern, start, end in found]
        return text, found

    def _hits(self, text: str, found: list[tuple[int, int, int]], platform: str) -> _Found:
        owners = self._owners
        if self._signs:
            return self._counted(text, found, platform)
        if len(found) == 1 and len(terms := owners[found[0][0]]) == 1:
            _, start, end = found[0]
            return _Found((WatchHit(term=terms[0].id, kind=terms[0].kind, start=start, end=end),))
        return _nested_out(
            [(start, -end, t.id, t.kind, False) for pattern, start, end in found for t in owners[pattern]]
        )

    def _counted(self, text: str, found: list[tuple[int, int, int]], platform: str) -> _Found:
        """Return the hits that count by what their terms say of them."""
        spans: list[_Place] = []
        context: dict[str, bool] = {}
        for pattern, start, end in found:
            for term in self._owners[pattern]:
                sign = self._signs.get((self._patterns[pattern], term.id))
                if sign is None:
                    spans.append((start, -end, term.id, term.kind, False))
                    continue
                if sign.kind == "handle":
                    counts = sign.platform in ("", platform) and _stands_alone(text, start, end, "@._-")
                elif sign.kind == "domain":
                    counts = _stands_alone(text, start, end, "_-")
                else:
                    if term.id not in context:
                        context[term.id] = self._is_allowed(term.id, text)
                    counts = context[term.id] and (not term.case or self._is_so_written(term.id, text[start:end]))
                if counts:
                    spans.append((start, -end, term.id, term.kind, sign.unsure))
        return _nested_out(spans)

    def _is_allowed(self, term: str, text: str) -> bool:
        """True where a text has one of the words that a term requires, and none of those that it excludes."""
        if (rules := self._contexts.get(term)) is None:
            return True
        if rules.excludes is not None and rules.excludes.touches(text):
            return False
        return rules.requires is None or rules.requires.touches(text)

    def _is_so_written(self, term: str, spelling: str) -> bool:
        return _spelling(spelling) in self._spellings[term]


_Place = tuple[int, int, str, TermKind, bool]


def _nested_out(spans: list[_Place]) -> _Found:
    """Return hits of places (start, -end, term, kind, unsure) but for those nested in another one of their term."""
    if spans:
        spans.sort()
        reached: dict[str, int] = {}
        count: dict[str, int] = {}
        hits: list[WatchHit] = []
        unsure: list[int] = []
        for start, minus_end, term_id, kind, is_unsure in spans:
            # Sorted so, a hit lies inside an earlier one of its term exactly when it ends no later.
            if term_id in reached and (-minus_end <= reached[term_id] or count[term_id] == MAX_HITS_OF_A_TERM):
                continue
            reached[term_id] = -minus_end
            count[term_id] = count.get(term_id, 0) + 1
            if len(hits) == MAX_HITS:
                break
            if is_unsure:
                unsure.append(len(hits))
            hits.append(WatchHit(term=term_id, kind=kind, start=start, end=-minus_end))
        return _Found(tuple(hits), tuple(unsure))
    return _NOTHING


@lru_cache(maxsize=1)
def _pieces() -> frozenset[str]:
    """Return the words that the encoder has as one piece: the 20,000 that English texts have most."""
    # Only here: it loads the runtime of the models, for which a process that only looks for terms has no use.
    from overheard.enrich.encoder import MODEL  # noqa: PLC0415

    held = json.loads((MODEL / "tokenizer.json").read_text("utf-8"))
    return frozenset(piece for piece in held["model"]["vocab"] if piece.isalpha())


def is_common(word: str) -> bool:
    """True for a folded word that a text may well have in its own sense: "target", not "hearthstone"."""
    return is_word(word) and word in _pieces()


def _is_unsure(term: Term, told: Mapping[str, Sense]) -> bool:
    """True where there is something to judge every alias of a term by.

    Of a name that is no word of the language one post that is not about us is that post's matter, and must not take
    others off the record with it: it is judged from the fifth on.
    """
    if term.requires or term.examples or term.not_examples:
        return True
    return term.id in told and sum(not one.about for one in told[term.id].examples) >= _DOUBTED


def _phrases(words: Sequence[str]) -> "TermSigns | None":
    return TermSigns([Term(id="", kind="category", aliases=tuple(words))], wordy=False) if words else None


def _spelling(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _stands_alone(text: str, start: int, end: int, signs: str) -> bool:
    """True where a handle or domain at [start, end) is no part of a longer one: by the signs that join such."""
    before = text[start - 1 : start]
    if before and (before in signs or (text[start] == "@" and (before.isalnum() or before == "_"))):
        return False
    after, then = text[end : end + 1], text[end + 1 : end + 2]
    return not (after and after in ".-_" and then and then.isalnum())


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
