"""A draft: one mention while it is being enriched. What components read and write, and nothing else."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from overheard.enrich.sentences import Span
from overheard.records import (
    Concern,
    EnrichedMention,
    Entity,
    Intent,
    Language,
    Mention,
    Passed,
    Polarity,
    Sentiment,
    Snippet,
    TargetSentiment,
    WatchHit,
)

if TYPE_CHECKING:  # commands that tell what was found need not load the encoder's libraries
    from overheard.enrich.encoder import Encoded

UNKNOWN: Final = Language()
UNSURE: Final = Sentiment(polarity="unsure", confidence=0.0)


class Verdict(NamedTuple):
    """What the text says of one hit: polarity, confidence in [0, 1], and the clause it was read from."""

    polarity: Polarity
    confidence: float
    clause: Span


@dataclass(slots=True)
class Draft:
    """A mention that passed the winnow, with what the components have found so far.

    `text` is what is read of the mention's; all offsets are into it. `sentences` are in order and do not overlap;
    `quoted` are the stretches that are not the author's own words. `verdicts` has one for each of `hits`.
    `open` are those of `hits`, by place, that may be another sense of the word; `linked` the terms that a link names,
    and those that all that its source has is about (`about`).
    `dropped` is the fate of a draft that turned out not to matter; later components do not see it.
    `encoded` has what the encoder made of each sentence that was read, by the sentence.
    """

    mention: Mention
    text: str
    passed: tuple[Passed, ...]
    hits: tuple[WatchHit, ...] = ()
    open: tuple[int, ...] = ()
    linked: tuple[str, ...] = ()
    dropped: str = ""
    language: Language = UNKNOWN
    sentences: list[Span] = field(default_factory=list)
    quoted: list[Span] = field(default_factory=list)
    entities: tuple[Entity, ...] = ()
    encoded: "dict[Span, Encoded]" = field(default_factory=dict)
    sentiment: Sentiment = UNSURE
    verdicts: list[Verdict] = field(default_factory=list)
    targets: tuple[TargetSentiment, ...] = ()
    intents: tuple[Intent, ...] = ()
    concerns: tuple[Concern, ...] = ()
    snippets: tuple[Snippet, ...] = ()

    @property
    def about(self) -> tuple[str, ...]:
        """The watched terms that it is about by where it was said."""
        return tuple(term for term in self.linked if term in self.mention.about)

    def enriched(self, models: dict[str, str], model_version: int) -> EnrichedMention:
        """Return the record of what was found, by these models."""
        return EnrichedMention(
            mention=self.mention,
            passed=self.passed,
            language=self.language,
            entities=self.entities,
            hits=self.hits,
            sentiment=self.sentiment,
            targets=self.targets,
            intents=self.intents,
            concerns=self.concerns,
            snippets=self.snippets,
            models=models,
            model_version=model_version,
        )
