"""The enrich stage: mentions in, enriched mentions out. Knows neither the log behind it nor the matcher before it.

decode ─▶ winnow ─▶ the pipeline's components, each over the whole batch ─▶ facts
             └─ None: dropped                └─ another sense of the word: dropped
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from overheard.enrich.components import pipeline, renewals
from overheard.enrich.draft import Draft
from overheard.enrich.pipeline import After
from overheard.enrich.winnow import MAX_CHARACTERS, Winnow, Winnowed
from overheard.errors import InputError
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.stage import Outcome
from overheard.records import (
    Cause,
    EnrichedMention,
    Event,
    Language,
    Mention,
    RecordError,
    Sentiment,
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

# Raise the first number by one with every change of a rule that changes what comes out; new weights count themselves.
# 1: eldc, stock en_core_web_sm, VADER by clause.
# 2: VADER without words of politeness and business, with everyday complaints.
# 3: models of our own: entities, sentiment by an encoder, languages, intents, senses; concerns; longer snippets.
# 4: a sentence that reports what somebody said is its author's, for tone and intents alike.
MODEL_VERSION: Final = 4 + renewals()
# `model_version` of a record = MODEL_VERSION above, the offset of `watch` that it was winnowed by below: of two
# enrichments of one source version the one by the newer models wins, then the one by the newer watch list, whatever
# order they arrive in. 40 bits of offsets, and all of it below 2^53, where JSON's integers stop being safe.
_WATCH_BITS: Final = 40


class EnrichStage:
    """Finds what is watched in mentions, and what is said of it. A `Stage`; owned by one thread.

    `models` are the versions of its components. `watch` may be called between batches (`overheard.enrich.rewinnow`
    does). `clock` gives the time of the events, `suppressed` who was erased, as of now; `after` is told what each
    component did.
    """

    name = "enrich"
    topic = "mentions"
    batch = 128

    def __init__(
        self,
        winnow: Winnow,
        *,
        clock: Callable[[], datetime],
        suppressed: Callable[[], Suppressions] = nobody,
        after: After | None = None,
    ) -> None:
        self._winnow = winnow
        self._suppressed = suppressed
        self._model_version = MODEL_VERSION << _WATCH_BITS
        self._clock = clock
        self._after = after
        self._pipeline = pipeline()
        self._learn(winnow)
        self.models = self._pipeline.models

    def watch(self, winnow: Winnow, offset: int) -> None:
        """Winnow by this from now on; `offset` is that of the `watch` topic up to which it holds everything."""
        self._winnow = winnow
        self._learn(winnow)
        self._model_version = (MODEL_VERSION << _WATCH_BITS) + offset

    def _learn(self, winnow: Winnow) -> None:
        self._pipeline.learn(winnow.judged, winnow.told)
        self._decided = frozenset(id_ for sense in winnow.told.values() for id_ in sense.decided)

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        """Return one enriched mention for each mention that passes. Each record has one fate.

        "deleted": the mention is gone at its source; its event goes on with verb Delete and without its text. An edited
        mention that does not pass is "dropped", and goes on in the same way: an earlier version may have passed. So is
        one that has no hit but in another sense of the word.
        "suppressed": its author was erased, and nothing goes on.
        Raises InputError for a record that is no mention.
        """
        outputs, fates = self._run([mention_event(record) for record in records])
        return Outcome(outputs=outputs, fates=fates)

    def enrich_again(self, events: Sequence[Event[Mention]]) -> list[ProducerRecord]:
        """Return the enriched mentions of those events, with cause "re-match".

        One that does not pass goes on as deleted, since it may have passed before; not one that people decided on.
        """
        return self._run(events, cause="re-match")[0]

    def _run(
        self, events: Sequence[Event[Mention]], cause: Cause | None = None
    ) -> tuple[list[ProducerRecord], dict[str, int]]:
        fates = Counter({ENRICHED: 0, DROPPED: 0, DELETED: 0, SUPPRESSED: 0})  # in order; then those of components
        suppressions = self._suppressed()
        found: list[tuple[Event[Mention], Draft | None]] = []  # None: gone
        for event in events:
            draft = None
            if is_tombstone_of(event):
                fates[DELETED] += 1
            elif suppressions.covers_mention(event.data):
                fates[SUPPRESSED] += 1
                continue
            elif (winnowed := self._winnow.winnow(event.data)) is not None:
                draft = _draft(event.data, winnowed)
            else:
                fates[DROPPED] += 1
                if not self._goes_on(event, cause):
                    continue
            found.append((event, draft))
        self._pipeline.run([draft for _, draft in found if draft is not None], self._after)
        now = self._clock()
        outputs = []
        for event, draft in found:
            if draft is not None:
                fates[draft.dropped or ENRICHED] += 1
                if not draft.dropped:
                    outputs.append(_output(event, draft.enriched(self.models, self._model_version), now, cause))
                    continue
                if not self._goes_on(event, cause):
                    continue
            outputs.append(_output(event, _gone(event.data, self._model_version), now, cause, gone=True))
        return outputs, {fate: count for fate, count in fates.items() if count}

    def _goes_on(self, event: Event[Mention], cause: Cause | None) -> bool:
        """True where a mention that does not pass may be on record, and is to leave it."""
        return event.data.id not in self._decided if cause else event.verb == "Update"


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


def _draft(mention: Mention, winnowed: Winnowed) -> Draft:
    return Draft(
        mention=mention,
        text=mention.text[:MAX_CHARACTERS],
        passed=winnowed.passed,
        hits=winnowed.hits,
        open=winnowed.open,
        linked=winnowed.linked,
    )


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
