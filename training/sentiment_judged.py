"""What the shipped sentiment says of labelled examples: one way for calibration and for figures, that of run time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from overheard.enrich.draft import Draft
from overheard.enrich.quotes import quotations
from overheard.enrich.sentences import sentences
from overheard.enrich.sentiment import POLARITIES, Sentiments
from overheard.records import Language, Mention, WatchHit
from training.sentiment_data import Example

_AT_ONCE = 128


class Judged(NamedTuple):
    """What was said of a target or a document: the class, how sure, what is right, and what it belongs to."""

    said: int
    confidence: float
    right: int
    group: str
    text: str


def draft_of(example: Example, language: str = "en") -> Draft:
    """Return the example as a draft with its targets as hits, each of a term of its own or, in a post, of one."""
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    one = example.origin == "posts"
    draft = Draft(
        mention=Mention(id="men_x", native_id="x", platform="x", source="x", first_seen=seen, content=example.text),
        text=example.text,
        passed=(),
        hits=tuple(
            WatchHit(term="it" if one else str(i), kind="company", start=target.start, end=target.end)
            for i, target in enumerate(sorted(example.targets))
            if target.end - target.start < len(example.text) or not one
        ),
    )
    draft.language = Language(code=language, confidence=1.0)
    draft.sentences = sentences(example.text)
    draft.quoted = quotations(example.text)
    return draft


def judged(sentiments: Sentiments, examples: Sequence[Example], *, targets: bool, language: str = "en") -> list[Judged]:
    """Return what is said of each target (of a post without one: of the whole), or of each document, never "unsure"."""
    target, document, hindi = sentiments.target, sentiments.document, sentiments.hindi
    sentiments.target, sentiments.document = target._replace(bar=0.0), document._replace(bar=0.0)
    sentiments.hindi = hindi._replace(bar=0.0)
    found: list[Judged] = []
    try:
        for at in range(0, len(examples), _AT_ONCE):
            part = examples[at : at + _AT_ONCE]
            drafts = [draft_of(example, language) for example in part]
            sentiments.process(drafts)
            for example, draft in zip(part, drafts, strict=True):
                found += _of(example, draft, targets=targets)
    finally:
        sentiments.target, sentiments.document, sentiments.hindi = target, document, hindi
    return found


def _of(example: Example, draft: Draft, *, targets: bool) -> list[Judged]:
    right: list[int | None]
    if not targets:
        said = [(draft.sentiment.polarity, draft.sentiment.confidence)]
        right = [example.label]
    elif draft.targets:
        said = [(one.polarity, one.confidence) for one in draft.targets]
        right = [one.label for one in sorted(example.targets)[: len(said)]]
    else:
        said = [(draft.sentiment.polarity, draft.sentiment.confidence)]
        right = [example.targets[0].label]
    group = example.group or example.text
    return [
        Judged(POLARITIES.index(polarity) if polarity in POLARITIES else 1, confidence, label, group, example.text)
        for (polarity, confidence), label in zip(said, right, strict=True)
        if label is not None
    ]
