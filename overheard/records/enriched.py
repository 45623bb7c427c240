"""An enriched mention: the mention with what the enrichers found in it."""

from typing import Literal

from overheard.records.base import Record
from overheard.records.mention import Mention
from overheard.records.snippet import ActivityType, Polarity, Snippet
from overheard.records.watch import TermKind

__all__ = [
    "ActivityType",
    "Concern",
    "EnrichedMention",
    "Entity",
    "Intent",
    "Language",
    "Passed",
    "Polarity",
    "Sentiment",
    "TargetSentiment",
    "WatchHit",
]


class Passed(Record, frozen=True, kw_only=True):
    """Why the winnow let a mention pass; `by` is the term, the identity's key or the source."""

    reason: Literal["term", "identity", "always"]
    by: str


class WatchHit(Record, frozen=True, kw_only=True):
    """A watched term at [start, end) of the mention's text; `text[start:end]` is the spelling found.

    `confidence` in [0, 1] says how sure it is that the thing watched is meant, and not another sense of the word; 1
    where nothing judged it.
    """

    term: str
    kind: TermKind
    start: int
    end: int
    confidence: float = 1.0


class Language(Record, frozen=True, kw_only=True):
    """BCP 47 code, "und" when unknown; confidence in [0, 1]."""

    code: str = "und"
    confidence: float = 0.0


class Entity(Record, frozen=True, kw_only=True):
    """A span that names something: `text[start:end]`. "handle" is an account as the text writes it, "tag" a hashtag."""

    label: Literal["person", "organisation", "place", "handle", "tag", "other"]
    start: int
    end: int


class Sentiment(Record, frozen=True, kw_only=True):
    """Polarity with its confidence in [0, 1]; "unsure" where the model does not know."""

    polarity: Polarity
    confidence: float


class TargetSentiment(Record, frozen=True, kw_only=True):
    """Sentiment toward one watched term, and the clause [start, end) it was read from."""

    target: str
    polarity: Polarity
    confidence: float
    start: int
    end: int


class Intent(Record, frozen=True, kw_only=True):
    """What kind of activity a text is, by the sentence or clause [start, end) that shows it.

    `target` is the watched term that it is about; "" where it is about none.
    """

    label: ActivityType
    start: int
    end: int
    confidence: float
    target: str = ""


class Concern(Record, frozen=True, kw_only=True):
    """What somebody complains of or wishes for: a topic in plain form ("delivery"), in the sentence [start, end).

    `target` is the watched term that it is about; "" where it is about none.
    """

    topic: str
    kind: Literal["complaint", "wish"]
    start: int
    end: int
    target: str = ""


class EnrichedMention(Record, frozen=True, kw_only=True):
    """A mention that passed the winnow, with what was found; `models` maps each model's name to its version.

    `passed` is empty only in a deletion. `targets` has one entry for each watched term that is hit.
    `model_version` rises with every change of the models, and orders two enrichments of one source version.
    """

    mention: Mention
    passed: tuple[Passed, ...]
    language: Language
    entities: tuple[Entity, ...] = ()
    hits: tuple[WatchHit, ...] = ()
    sentiment: Sentiment
    targets: tuple[TargetSentiment, ...] = ()
    intents: tuple[Intent, ...] = ()
    concerns: tuple[Concern, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    models: dict[str, str] = {}
    model_version: int = 0
