"""Intents: what somebody does by a sentence: complains, asks, praises, wants to buy, is about to leave, compares.

A linear model for each label over words, kinds of words (`cues`) and what the encoder makes of it. English,
Indian English and Hindi in Latin letters; other languages get none. Made by `training/intents.py`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

from overheard.enrich.cues import MAX_CHARACTERS, Features, features
from overheard.enrich.draft import Draft
from overheard.enrich.encoder import Encoded
from overheard.enrich.quotes import is_within
from overheard.enrich.sentences import Span, clauses
from overheard.records import ActivityType, Intent, WatchHit

MODEL: Final = Path(__file__).parent / "models" / "intents"
LABELS: Final[tuple[ActivityType, ...]] = (
    "complaint",
    "question",
    "praise",
    "purchase-intent",
    "churn-risk",
    "comparison",
)
LANGUAGES: Final = frozenset({"en", "hi-Latn", "und"})
# Own sentences read of a mention, and intents kept of it: nobody reads more, and a page of a thousand lines ends.
MAX_SENTENCES: Final = 60
MAX_INTENTS: Final = 40
# A clause of fewer words carries nothing alone ("Sadly,", "for me").
_CLAUSE_WORDS = 3
# Hits before a sentence among which its target is looked for.
_NEAR = 20

# Of two things in one sentence, whoever leaves goes from one *to* the other; whoever buys wants it *instead of* one.
_TOWARD = regex.compile(
    r"(?:\b(?:to|onto|for|with|join(?:ing)?|chose|choosing|try(?:ing)?|hello|by)\s+(?:the\s+|a\s+|an\s+)?|"
    r"[→➡]\s*|->\s*)$",
    regex.IGNORECASE,
)
_AWAY = regex.compile(
    r"\b(?:from|instead of|rather than|than|over|unlike|off|without|leav(?:e|ing)|replac(?:e|ing)|"
    r"dump(?:ing)?|ditch(?:ing)?"
    r"|quit(?:ting)?|drop(?:ping)?|cancel(?:l?ing)?|bye)\s+(?:the\s+|my\s+|our\s+|with\s+)?$",
    regex.IGNORECASE,
)


class IntentModel:
    """The loaded weights (2 MB). Thread-safe. Reading them raises OSError where the folder is not whole.

    Two models in one: `full` for sentences that the encoder has read, `light` for the others. `encoder` is the version
    of the encoder that the full one was trained on; another one's vectors mean nothing to it.
    """

    def __init__(self, folder: Path = MODEL) -> None:
        self.version: str = json.loads((folder / "model.json").read_text("utf-8"))["version"]
        with np.load(folder / "weights.npz", allow_pickle=False) as held:
            self.encoder = str(held["encoder"])
            self._light: NDArray[np.float32] = held["light"].astype(np.float32)
            self._light_bias: NDArray[np.float32] = held["light_bias"]
            self._full: NDArray[np.float32] = held["full"].astype(np.float32)
            self._full_bias: NDArray[np.float32] = held["full_bias"]
            self._pooled: NDArray[np.float32] = held["pooled"].astype(np.float32)
            self.light_bars: NDArray[np.float32] = held["light_bars"]
            self.full_bars: NDArray[np.float32] = held["full_bars"]
        self._vocabulary = Vocabulary((folder / "features.txt").read_text("utf-8").splitlines())

    def light(self, sentence: str) -> NDArray[np.float32]:
        """Return how likely each of LABELS is, in [0, 1], by what the sentence shows alone."""
        return _likely(self._vocabulary.sum(sentence, self._light) + self._light_bias)

    def full(self, sentence: str, encoded: Encoded) -> NDArray[np.float32]:
        """Return how likely each of LABELS is, in [0, 1]; `encoded` is what the encoder makes of the sentence."""
        return _likely(self._vocabulary.sum(sentence, self._full) + pooled(encoded) @ self._pooled + self._full_bias)


def pooled(encoded: Encoded) -> NDArray[np.float32]:
    """Return the mean of a sentence's states and the highest of each, [2 x width]; zeros where there are none."""
    mean = encoded.mean()
    return np.concatenate([mean, encoded.states.max(axis=0) if len(encoded.states) else mean])


class Vocabulary:
    """The features that weights are known for, in the order of their rows. Those of kinds begin with one of "#=^≈".

    Words and kinds are each weighed by the root of how many there are, so that long sentences are no surer than short.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._rows = {name: row for row, name in enumerate(names)}

    def rows(self, found: Features) -> tuple[list[int], list[int]]:
        """Return the rows of the known words, and of the known kinds, each in rising order."""
        known = self._rows
        return (
            sorted(known[name] for name in found.words if name in known),
            sorted(known[name] for name in found.kinds if name in known),
        )

    def sum(self, sentence: str, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weighed sum of the weights of what a sentence shows."""
        total = np.zeros(weights.shape[1], np.float32)
        for rows in self.rows(features(sentence)):
            if rows:
                total += weights[rows].sum(axis=0) / np.sqrt(len(rows), dtype=np.float32)
        return total


class Intents:
    """Which intents a mention shows, where and toward which target. A `Component`; thread-safe.

    Sentences that are somebody else's words show none. `encoder` is the version of the encoder whose states stand in
    `Draft.encoded`; "" where there is none.

    Raises ValueError where the weights were trained on another encoder.
    """

    name = "intents"
    requires = frozenset({"text", "hits", "language", "sentences", "quoted", "verdicts"})
    assigns = frozenset({"intents"})

    def __init__(self, encoder: str = "", folder: Path = MODEL) -> None:
        self.model = IntentModel(folder)
        self.version = self.model.version
        if encoder not in ("", self.model.encoder):
            msg = f"expected intents trained on encoder {encoder}; {folder} has {self.model.encoder}: run make models"
            raise ValueError(msg)

    def process(self, drafts: Sequence[Draft]) -> None:
        """Find the intents of each."""
        for draft in drafts:
            if draft.language.code in LANGUAGES:
                draft.intents = self._find(draft)

    def _find(self, draft: Draft) -> tuple[Intent, ...]:
        found: list[Intent] = []
        for sentence in own_sentences(draft):
            words = draft.text[sentence.start : sentence.end]
            encoded: Encoded | None = draft.encoded.get(sentence)
            if encoded is None:
                likely, bars = self.model.light(words), self.model.light_bars
            else:
                likely, bars = self.model.full(words, encoded), self.model.full_bars
            shown = np.flatnonzero(likely >= bars)
            if not len(shown):
                continue
            parts = self._clauses(draft.text, sentence)
            for at in shown:
                label = LABELS[at]
                span = self._carrier(parts, int(at), sentence)
                found += [
                    Intent(
                        label=label,
                        start=span.start,
                        end=span.end,
                        confidence=round(float(likely[at]), 3),
                        target=target,
                    )
                    for target in targets_of(label, draft, sentence, span)
                ]
                if len(found) >= MAX_INTENTS:
                    return tuple(found[:MAX_INTENTS])
        return tuple(found)

    def _clauses(self, text: str, sentence: Span) -> list[tuple[Span, NDArray[np.float32]]]:
        """Return the clauses that are long enough to carry something, with what each shows; empty where it is one."""
        parts = clauses(text, Span(sentence.start, min(sentence.end, sentence.start + MAX_CHARACTERS)))
        if len(parts) < 2:
            return []
        long_enough = (part for part in parts if len(text[part.start : part.end].split()) >= _CLAUSE_WORDS)
        return [(part, self.model.light(text[part.start : part.end])) for part in long_enough]

    def _carrier(self, parts: Sequence[tuple[Span, NDArray[np.float32]]], label: int, sentence: Span) -> Span:
        """Return the one clause that shows the label; the sentence where none or several do."""
        carrying = [part for part, likely in parts if likely[label] >= self.model.light_bars[label]]
        return carrying[0] if len(carrying) == 1 else sentence


def own_sentences(draft: Draft) -> Iterator[Span]:
    """Yield the first sentences of a draft that are its author's own words."""
    return islice((span for span in draft.sentences if not is_within(draft.text, draft.quoted, span)), MAX_SENTENCES)


def targets_of(label: ActivityType, draft: Draft, sentence: Span, clause: Span) -> tuple[str, ...]:
    """Return the watched terms that an intent is about, in order: those in its clause, else in its sentence.

    Else the nearest one before, in the author's own words, else what all that is said there is about; "" where there is
    none. Of several, one that is left behind
    is not bought, one that is gone to is not left, one that is praised is not complained of, and the other way round.
    """
    inside = [at for at, hit in enumerate(draft.hits) if clause.start <= hit.start < clause.end]
    inside = inside or [at for at, hit in enumerate(draft.hits) if sentence.start <= hit.start < sentence.end]
    if not inside:
        before = _before(draft, sentence)
        return (before,) if before else draft.about or ("",)
    meant = [at for at in inside if not _is_other(label, draft, at, sentence)]
    return _terms(draft.hits[at] for at in meant or inside)


def _is_other(label: ActivityType, draft: Draft, at: int, sentence: Span) -> bool:
    """True where a hit is the other side of what the intent is about."""
    hit = draft.hits[at]
    before = draft.text[max(sentence.start, hit.start - 30) : hit.start]
    if label == "churn-risk":
        return _TOWARD.search(before) is not None
    if label == "purchase-intent":
        return _AWAY.search(before) is not None
    polarity = draft.verdicts[at].polarity if at < len(draft.verdicts) else "unsure"
    return (label, polarity) in (("complaint", "positive"), ("praise", "negative"))


def _before(draft: Draft, sentence: Span) -> str:
    before = (hit for hit in reversed(draft.hits) if hit.end <= sentence.start)
    near = (hit for hit in islice(before, _NEAR) if not is_within(draft.text, draft.quoted, Span(hit.start, hit.end)))
    return next((hit.term for hit in near), "")


def _terms(hits: Iterable[WatchHit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.term for hit in hits))


def _likely(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)
