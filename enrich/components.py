"""Which components enrich a mention, in which order; and those that are no more than a pure function."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from overheard.enrich.concerns import Concerns
from overheard.enrich.draft import Draft
from overheard.enrich.encoder import Encoder
from overheard.enrich.entities import Entities
from overheard.enrich.intents import Intents
from overheard.enrich.language import language_of, model_version
from overheard.enrich.pipeline import Pipeline
from overheard.enrich.quotes import quotations
from overheard.enrich.senses import Senses
from overheard.enrich.sentences import sentences
from overheard.enrich.sentiment import Sentiments
from overheard.enrich.snippets import snippets_of

MODELS: Final = Path(__file__).parent / "models"


def renewals() -> int:
    """Return how often shipped models were made anew: more with each set of weights that is not the one before.

    The sum of `number` in model.json, which `make models` raises where a model's files change.
    """
    return sum(json.loads(path.read_text("utf-8")).get("number", 0) for path in MODELS.glob("*/model.json"))


def pipeline() -> Pipeline:
    """Return the pipeline with its models loaded (1 s, 150 MB)."""
    encoder = Encoder()
    senses = Senses(encoder)
    return Pipeline(
        [
            Languages(),
            Sentences(),
            senses,
            Entities(),
            Sentiments(encoder),
            Intents(encoder.version),
            Concerns(),
            Snippets(),
        ],
        learners=[senses],
    )


class Languages:
    """The language of each text. A `Component`."""

    name = "language"
    requires = frozenset({"text"})
    assigns = frozenset({"language"})

    def __init__(self) -> None:
        self.version: str = model_version()

    def process(self, drafts: Sequence[Draft]) -> None:
        """Say the language of each."""
        for draft in drafts:
            draft.language = language_of(draft.text)


class Sentences:
    """Where sentences begin and end, and which words are not the author's. A `Component`."""

    name = "sentences"
    version = "1"
    requires = frozenset({"text"})
    assigns = frozenset({"sentences", "quoted"})

    def process(self, drafts: Sequence[Draft]) -> None:
        """Part each text."""
        for draft in drafts:
            draft.sentences = sentences(draft.text)
            draft.quoted = quotations(draft.text)


class Snippets:
    """What carries the statement about each target. A `Component`."""

    name = "snippets"
    version = "2"
    requires = frozenset({"mention", "text", "hits", "verdicts", "sentences", "sentiment"})
    assigns = frozenset({"snippets"})

    def process(self, drafts: Sequence[Draft]) -> None:
        """Cut the snippets of each."""
        for draft in drafts:
            draft.snippets = snippets_of(draft)
