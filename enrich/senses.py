"""Which sense of a word is meant: the thing watched, or the word as everybody uses it. Knows no people.

    hit of a word ─▶ what stands around it, what the encoder makes of it ─▶ what held over many names (the base)
                                                        + what was told of this term (examples, decisions) ─▶ chance

The base is a logistic regression over names that it will never meet again. What is learned of one term is a Gaussian
process on top of it (the base is its mean), found by Newton's method from the term's examples and from what people
decided: few suffice, nothing is drawn by chance, and the same decisions give the same chances. Posts on one name are
alike because they are on one name, so what was told against some says little against the others: it moves near copies
of them, and beyond these only what tells those that are about it from those that are not.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import regex
from msgspec.structs import replace
from numpy.typing import NDArray

from overheard.enrich.draft import Draft
from overheard.enrich.encoder import Encoded, Encoder
from overheard.enrich.sentences import Span, sentences
from overheard.enrich.sentiment import plan
from overheard.records import Language, Mention, Sense, Term, WatchHit
from overheard.words import is_word

MODEL: Final = Path(__file__).parent / "models" / "senses"
# What becomes of a mention of which nothing is left but another sense of the word.
OTHER_SENSE: Final = "dropped: another sense of the word"
# A hit of a name below this chance goes. Even odds: who watches a name wants neither all of it nor nothing.
BAR: Final = 0.5
# Of a word: its base knows what shows in most names, and of a new one every second post may come out lower by far. Of
# labelled words of other names F1 is 80 at this bar and 77 at even odds; of brands of the training part, taken for
# words, 88 of 100 posts stay, and 76 at even odds.
WORD_BAR: Final = 0.3
# The same for a term of which nobody has said anything, by examples, required words or decisions: only what is nearly
# sure to be another sense goes, and nothing that is written as a name is. At even odds one in seven posts on the game
# "Battlefield" went.
UNTAUGHT: Final = 0.1
# Of a name that is no word: who watches it means it until people say otherwise, so the odds begin at 3 to 1, and the
# base, which knows little of such names that it never met (ROC area 0.44 to 0.7), moves them by half.
_MEANT: Final = 1.0
_TRUST: Final = 0.5
# Hits judged in one mention; those behind them are as the last one judged.
_MAX_JUDGED: Final = 50
# Another alias, handle or link of the same term in the text: what is named twice is meant. Odds of 20 to 1.
_NAMED_TWICE: Final = 3.0
# A word that the term requires stands in the text, which its owner says means it. Odds of 4 to 1.
_REQUIRED: Final = 1.4
# Characters looked at on either side of a hit.
_AROUND: Final = 80

Floats = NDArray[np.float64]

# --- what stands around a hit ----------------------------------------------------------------------------------------

_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)?")
_CLASSES: Final[dict[str, str]] = {
    "a": "a an another any",
    "the": "the",
    "this": "this that these those each every some no which what",
    "my": "my your his her its our their",
    "at": "at @",
    "from": "from via",
    "with": "with using use used uses try tried love hate",
    "by": "by",
    "in": "in inside",
    "on": "on onto over",
    "to": "to",
    "of": "of",
    "for": "for than like",
    "and": "and or & vs versus",
    "said": "says said tell told asked ask called contacted hey dear thanks",
    "bought": "buy bought buying order ordered sold sell bought owns acquired left joined switched moved",
    "measure": "one two three four five full big small new old first last next good great bad best easy real white "
    "black red green blue little whole main",
    "next": "next last every since until before after during",
}
_AFTER: Final[dict[str, str]] = {
    "is": "is was are were isn't wasn't",
    "has": "has had have does did doesn't didn't keeps kept needs wants",
    "will": "will won't would can can't could should may might",
    "says": "says said announced announces launches launched raised raises reported reports posted cut cuts sold "
    "bought plans agreed changed changes sent named signed stopped added dropped closed charged charges",
    "firm": "inc ltd llc corp corporation company group plc gmbh co limited holdings technologies labs",
    "trade": "app apps store stores shop shops shares stock ceo cfo founder customer customers support service "
    "employee employees staff website site account subscription card gift order orders update updates user users api "
    "driver branch outlet products product team phone device plan plans price prices",
    "of": "of",
    "in": "in on at for to from with by",
    "and": "and or & vs versus than",
}
_BUSINESS = regex.compile(
    r"\b(?:ceo|cfo|cto|chief executive|shares?|stocks?|earnings|revenue|quarter(?:ly)?|investors?|ipo|acqui\w+|merger|"
    r"customers?|support|refund\w*|subscription|subscribe\w*|invoice\w*|billing|billed|charged|charges|checkout|"
    r"compan(?:y|ies)|firms?|brand|start-?up|employees?|workers|warehouse|delivery|delivered|order(?:ed|s)?|app|website|"
    r"online|login|log in|account|update|feature|api|dashboard|integrat\w+|software|price[sd]?|pricing|cancel\w*|"
    r"competitors?|alternatives?|store|outlet|coupon|promo|discount|bought|switch(?:ed|ing)?|dealers?|launch\w*)\b",
    regex.IGNORECASE,
)


def _index(classes: Mapping[str, str], first: int) -> dict[str, int]:
    return {word: first + i for i, words in enumerate(classes.values()) for word in words.split()}


_SELF = regex.compile(r"\b(?:i|i'm|i've|im|my|me|we|our|us)\b", regex.IGNORECASE)
_LINK = regex.compile(r"https?://|www\.|\b\w+\.(?:com|tv|ly|gg|co|net|org|be|me)/", regex.IGNORECASE)
# Read of a text for what it is as a whole.
_WHOLE: Final = 1_000

# Of what is shown: a capital where the sentence would have none, and what follows it.
_CAPITAL, _BEFORE_CAPITAL, _BEFORE_NUMBER = 5, 18, 20
_SHAPES = 34
_BEFORE_AT = _index(_CLASSES, _SHAPES)
_AFTER_AT = _index(_AFTER, _SHAPES + len(_CLASSES))
_HASHED_FROM = _SHAPES + len(_CLASSES) + len(_AFTER)
_BUCKETS = 64
SHOWN: Final = _HASHED_FROM + 2 * _BUCKETS


def shown(text: str, start: int, end: int) -> NDArray[np.float32]:
    """Return what a text shows of the word at [start, end): its case, its neighbours, words of business near by."""
    found = np.zeros(SHOWN, np.float32)
    found[0] = 1.0
    word, before, after = text[start:end], text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    near = before + " " + after
    letters = [c for c in near if c.isalpha()]
    capitals = sum(c.isupper() for c in letters)
    shouted = len(letters) > 12 and capitals > 0.6 * len(letters)
    words = [one[0] for one in _TOKEN.finditer(near)]
    titled = len(words) > 3 and sum(one[0].isupper() for one in words) > 0.6 * len(words)
    begins = not (left := before.rstrip(" \t\"'“”‘’(*@#")) or left[-1] in ".!?…\n:"
    upper, title, lower = word.isupper() and len(word) > 1, word[:1].isupper(), word.islower()
    if shouted:
        found[1] = 1.0
    elif upper:
        found[2] = 1.0
    elif title and titled:
        found[3] = 1.0
    elif title:
        found[4 if begins else _CAPITAL] = 1.0
    elif lower:
        # Small letters where the text begins as a sentence does say more than where nothing is capital.
        found[6 if next((c for c in text[:_AROUND] if c.isalpha()), "").isupper() else 7] = 1.0
    at = before[-1:]
    found[8] = at == "@"
    found[9] = at == "#"
    found[10] = at == "$"
    found[11] = at in "\"'“‘«" and bool(at)
    found[12] = after.startswith(("'s", "’s")) and not lower
    found[13] = bool(regex.match(r"\.(?:com|io|co|net|org|app|in|de|fr)\b", after))
    found[14] = bool(regex.match(r"\s*[.!?,;:\n]", after)) or not after.strip()
    found[15] = begins
    found[16] = min(3, len(_BUSINESS.findall(near))) / 3
    lefts, rights = _TOKEN.findall(before), _TOKEN.findall(after)
    prior = lefts[-1] if lefts and not begins else ""
    following = rights[0] if rights and not regex.match(r"\s*[.!?\n]", after) else ""
    found[17] = bool(prior) and prior[0].isupper() and not titled and not shouted
    found[_BEFORE_CAPITAL] = bool(following) and following[0].isupper() and not titled and not shouted
    found[19] = prior.isdigit()
    found[_BEFORE_NUMBER] = following[:1].isdigit()
    found[21] = at in "-/" and bool(at)
    found[22] = after[:1] in ("-", "/") and bool(after)
    found[23] = len(word.split()) > 1
    whole = text[:_WHOLE]
    found[24] = min(2.0, len(whole) / 140)
    found[25] = len(whole) < 40
    links = len(_LINK.findall(whole))
    found[26] = links > 0
    found[27] = min(3, whole.count("@")) / 3
    found[28] = min(4, whole.count("#")) / 4
    found[29] = "?" in whole
    found[30] = "!" in whole
    found[31] = min(3, len(_SELF.findall(whole))) / 3
    found[32] = min(1.0, 10 * sum(map(str.isdigit, whole)) / (len(whole) + 1))
    found[33] = start / (len(text) + 1)
    for table, one, first in ((_BEFORE_AT, prior, _HASHED_FROM), (_AFTER_AT, following, _HASHED_FROM + _BUCKETS)):
        plain = one.lower().replace("’", "'")
        if plain in table:
            found[table[plain]] = 1.0
        if plain:
            found[first + _bucket(plain)] = 0.5
    return found


def is_as_a_name(seen: Floats) -> NDArray[np.bool_]:
    """Return of features [n, SHOWN + ...] whether each is written as names are.

    It has a capital where the sentence would have none, or a number or a capital follows: "Battlefield Hardline is
    out", "battlefield 1", "battlefield V".
    """
    return np.asarray((seen[:, [_CAPITAL, _BEFORE_CAPITAL, _BEFORE_NUMBER]] > 0).any(axis=1))


def _bucket(word: str) -> int:
    """Return the bucket of a word: FNV-1a, the same on every machine."""
    value = 2166136261
    for byte in word.encode("utf-8", "replace"):
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value % _BUCKETS


# --- the model -------------------------------------------------------------------------------------------------------


class Base(NamedTuple):
    """What holds over names: the weights of `seen`, for names that are words of the language and for others.

    `usual` [SHOWN] is the mean of what is shown; `middle` and `scale` [2 x width] are those of the encoder's means.
    `near` [2, 6], for words and for others, is how far what was told of some posts carries to others, in two parts of
    three numbers each: the weight of what is shown, that of what is encoded, and the distance (mean square) at which
    two encoded are strangers. The first part is for near copies, the second for what tells both kinds apart.
    """

    usual: Floats
    middle: Floats
    scale: Floats
    word: Floats
    name: Floats
    near: Floats

    def seen(self, shown: NDArray[np.float32], encoded: NDArray[np.float32]) -> Floats:
        """Return features [n, SHOWN + 2 x width] of what is shown [n, SHOWN] and encoded [n, 2 x width]."""
        scaled = np.clip((encoded - self.middle) / self.scale, -4, 4)
        return np.concatenate([shown, scaled], axis=1).astype(np.float64)

    def logits(self, seen: Floats, words: Sequence[bool]) -> Floats:
        """Return the log odds that the thing of that name is meant; `words`: the name is a word of the language."""
        names = _MEANT + _TRUST * (seen @ self.name)
        chosen: Floats = np.where(np.array(words, bool), seen @ self.word, names)
        return chosen

    def copies(self, one: Floats, other: Floats, *, word: bool) -> Floats:
        """Return how much what was told of each of `other` holds for each of `one` as its near copy."""
        return self._alike(one, other, self.near[0 if word else 1, :3])

    def kinds(self, one: Floats, other: Floats, *, word: bool) -> Floats:
        """Return how much each of `one` is of the kind of each of `other`; most of it is common to a name's posts."""
        return self._alike(one, other, self.near[0 if word else 1, 3:])

    def _alike(self, one: Floats, other: Floats, near: Floats) -> Floats:
        of_shown, of_encoded, reach = near
        a, b = one[:, SHOWN:], other[:, SHOWN:]
        apart = ((a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None] - 2 * a @ b.T) / a.shape[1]
        shown = (one[:, :SHOWN] - self.usual) @ (other[:, :SHOWN] - self.usual).T
        alike: Floats = of_shown * shown + of_encoded * np.exp(-apart / (2 * reach))
        return alike


class Learned(NamedTuple):
    """What was learned of one term: what its examples show, and how much each of them moves the log odds.

    `pull` is for near copies, `of_kinds` for what is of their kind: its sum is 0, and all of it where one kind only was
    told. `level` is what the examples get in the mean by their kinds; all is measured from there.
    """

    seen: Floats
    pull: Floats
    of_kinds: Floats
    level: float
    word: bool

    def moved(self, base: Base, seen: Floats) -> Floats:
        """Return by how much the log odds of each change."""
        kinds = base.kinds(seen, self.seen, word=self.word) @ self.of_kinds
        moved: Floats = base.copies(seen, self.seen, word=self.word) @ self.pull + kinds - self.level
        return moved


def learn(base: Base, seen: Floats, logits: Floats, about: Sequence[bool], *, word: bool) -> Learned:
    """Return what examples say of their term, given what the base says of them.

    Laplace's approximation of Gaussian process classification (Rasmussen and Williams 2006, algorithm 3.1). Kinds are
    centred on the examples, as in a study of cases and controls: who says "not about us" twenty times has drawn these
    twenty, and has not said how many of the others are. Before, they all went down alike, by 3 in log odds. Where one
    kind only was told there is nothing to tell apart.
    """
    y = np.array(about, np.float64)
    both = float(any(about) and not all(about))
    kinds = both * base.kinds(seen, seen, word=word)
    mean = kinds.mean(axis=0)
    alike = base.copies(seen, seen, word=word) + kinds - mean[None] - mean[:, None] + mean.mean()
    f = logits.copy()
    pull = np.zeros(len(y))
    for _ in range(25):
        chance = sigmoid(f)
        weight = np.maximum(chance * (1 - chance), 1e-4)
        target = f - logits + (y - chance) / weight
        new = np.linalg.solve(alike + np.diag(1 / weight), target)
        # Half steps: whole ones swing about where examples contradict the base outright.
        pull = (pull + new) / 2
        f = logits + alike @ pull
    of_kinds = both * (pull - pull.mean())
    return Learned(seen, pull, of_kinds, float(mean @ of_kinds), word)


def sigmoid(logits: Floats) -> Floats:
    """Return chances of log odds."""
    chances: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return chances


def load(model: Path = MODEL) -> tuple[Base, str]:
    """Return the base that is shipped, and its version."""
    about = json.loads((model / "model.json").read_text("utf-8"))
    with np.load(model / "base.npz", allow_pickle=False) as held:
        base = Base(*(held[name].astype(np.float64) for name in Base._fields))
    return base, about["version"]


def read(
    drafts: Sequence[Draft], places: Sequence[Sequence[Span]], encoder: Encoder
) -> list[list[NDArray[np.float32]]]:
    """Return of each draft and each place in it [mean of what stands around, mean of the place], 2 x width."""
    plans = [plan(draft) for draft in drafts]
    texts = [draft.text[slice(*chunk)] for draft, one in zip(drafts, plans, strict=True) for chunk in one.chunks]
    states = iter(encoder.encode(texts))
    found = []
    for one, wanted in zip(plans, places, strict=True):
        chunks = [(chunk, next(states).moved(chunk.start)) for chunk in one.chunks]
        found.append([_means(chunks, place, encoder.width) for place in wanted])
    return found


def _means(chunks: Sequence[tuple[Span, Encoded]], place: Span, width: int) -> NDArray[np.float32]:
    for chunk, states in chunks:
        if chunk.start <= place.start and place.end <= chunk.end and len(states.states):
            return np.concatenate([states.mean(), states.over(*place)])
    return np.zeros(2 * width, np.float32)


def is_word_of(spelling: str) -> bool:
    """True for a name that is one word, and a word of the language."""
    return is_word(spelling.casefold().lstrip("@#"))


# --- the component ---------------------------------------------------------------------------------------------------


class Senses:
    """Judges the hits that may mean something else, and drops those that do. A `Component`.

    A mention of which nothing is left is `dropped`. What people decided on stays as they said. `learn` may be called
    between batches.
    """

    name = "senses"
    requires = frozenset({"mention", "text", "passed", "hits", "open", "sentences", "quoted"})
    assigns = frozenset({"passed", "hits", "dropped"})

    def __init__(self, encoder: Encoder, model: Path = MODEL) -> None:
        self.base, version = load(model)
        self.version = f"{version} on {encoder.version}"
        self._encoder = encoder
        self._terms: Mapping[str, Term] = {}
        self._told: Mapping[str, Sense] = {}
        self._learned: dict[str, Learned | None] = {}
        self._decided: dict[str, frozenset[str]] = {}

    def learn(self, terms: Mapping[str, Term], told: Mapping[str, Sense]) -> None:
        """Judge from now on by these terms' examples, and by what was decided on their mentions; both by term."""
        for term in {*self._terms, *self._told, *terms, *told}:
            if self._terms.get(term) != terms.get(term) or self._told.get(term) != told.get(term):
                self._learned.pop(term, None)
                self._decided.pop(term, None)
        self._terms, self._told = terms, told

    def process(self, drafts: Sequence[Draft]) -> None:
        """Judge the open hits of each draft."""
        asked = [draft for draft in drafts if draft.open]
        if not asked:
            return
        chosen = [draft.open[:_MAX_JUDGED] for draft in asked]
        places = [
            [Span(draft.hits[i].start, draft.hits[i].end) for i in some]
            for draft, some in zip(asked, chosen, strict=True)
        ]
        means = read(asked, places, self._encoder)
        for draft, some, spans, encoded in zip(asked, chosen, places, means, strict=True):
            self._judge(draft, some, self._seen(draft.text, spans, encoded))

    def _seen(self, text: str, places: Sequence[Span], encoded: Sequence[NDArray[np.float32]]) -> Floats:
        return self.base.seen(np.stack([shown(text, *place) for place in places]), np.stack(list(encoded)))

    def _judge(self, draft: Draft, some: Sequence[int], seen: Floats) -> None:
        hits = list(draft.hits)
        words = [is_word_of(draft.text[hits[i].start : hits[i].end]) for i in some]
        logits = self.base.logits(seen, words)
        by_term: dict[str, list[int]] = {}
        for row, i in enumerate(some):
            by_term.setdefault(hits[i].term, []).append(row)
        open_hits = set(draft.open)
        sure = {hit.term for i, hit in enumerate(hits) if i not in open_hits} | {
            one.by for one in draft.passed if one.reason == "term" and one.by not in by_term
        }
        chances: dict[int, float] = {}
        bars: dict[str, float] = {}
        for term, rows in by_term.items():
            taught = self._of(term) is not None or (term in self._terms and bool(self._terms[term].requires))
            named = bool(is_as_a_name(seen[rows]).any())
            bar = WORD_BAR if any(words[row] for row in rows) else BAR
            bars[term] = bar if taught else 0.0 if named else UNTAUGHT
            if (learned := self._of(term)) is not None:
                logits[rows] += learned.moved(self.base, seen[rows])
            if term in sure or term in draft.linked:
                logits[rows] += _NAMED_TWICE
            if term in self._terms and self._terms[term].requires:
                logits[rows] += _REQUIRED
            # One text seldom means two things by one word (Gale, Church and Yarowsky 1992).
            logits[rows] = (logits[rows] + logits[rows].max()) / 2
            for row in rows:
                chances[some[row]] = round(float(sigmoid(logits[row : row + 1])[0]), 3)
        last = {hits[i].term: chance for i, chance in chances.items()}
        kept: list[WatchHit] = []
        for i, hit in enumerate(hits):
            chance = chances.get(i, last.get(hit.term, 1.0)) if i in open_hits else hit.confidence
            if hit.term in by_term and draft.mention.id in self._kept(hit.term):
                kept.append(replace(hit, confidence=chance))
            elif chance >= bars.get(hit.term, 0.0):
                kept.append(replace(hit, confidence=chance) if chance != hit.confidence else hit)
        left = {hit.term for hit in kept} | set(draft.linked)
        draft.hits = tuple(kept)
        draft.open = ()
        draft.passed = tuple(one for one in draft.passed if one.reason != "term" or one.by in left)
        if not draft.passed:
            draft.dropped = OTHER_SENSE

    def _kept(self, term: str) -> frozenset[str]:
        """Return the mentions of a term on which people decided."""
        if term not in self._decided:
            told = self._told.get(term)
            self._decided[term] = frozenset(told.decided) if told else frozenset()
        return self._decided[term]

    def _of(self, term: str) -> Learned | None:
        """Return what was learned of a term, learning it the first time; None where there is nothing to learn from."""
        if term not in self._learned:
            self._learned[term] = self._learn(term)
        return self._learned[term]

    def _learn(self, term: str) -> Learned | None:
        watched, told = self._terms.get(term), self._told.get(term)
        texts: list[tuple[str, Span, bool]] = []
        if told:
            texts += [(one.text, Span(one.start, one.end), one.about) for one in told.examples]
        if watched:
            for about, examples in ((True, watched.examples), (False, watched.not_examples)):
                texts += [(text, place_of(text, watched.aliases), about) for text in examples]
        if not texts:
            return None
        drafts = [draft_of(text, place) for text, place, _ in texts]
        encoded = [one[0] for one in read(drafts, [[place] for _, place, _ in texts], self._encoder)]
        seen = self.base.seen(np.stack([shown(text, *place) for text, place, _ in texts]), np.stack(encoded))
        words = [is_word_of(text[slice(*place)]) for text, place, _ in texts]
        return learn(self.base, seen, self.base.logits(seen, words), [about for _, _, about in texts], word=any(words))


def place_of(text: str, aliases: Iterable[str]) -> Span:
    """Return the first place of the longest alias in a text, whatever its case; the whole of it where none is there."""
    for alias in sorted(aliases, key=len, reverse=True):
        if found := regex.search(rf"(?<!\w){regex.escape(alias)}(?!\w)", text, regex.IGNORECASE):
            return Span(*found.span())
    return Span(0, len(text))


_NOTHING: Final = Mention(
    id="", platform="", source="", content="", first_seen="1970-01-01T00:00:00Z",  # type: ignore[arg-type]
)  # fmt: skip


def draft_of(text: str, place: Span) -> Draft:
    """Return a draft of a text in which one place is to be read: of an example, which is nobody's mention."""
    hit = WatchHit(term="", kind="company", start=place.start, end=place.end)
    return Draft(
        mention=_NOTHING, text=text, passed=(), hits=(hit,), sentences=sentences(text), language=Language(code="en")
    )
