"""The one loop that runs every stage: poll, process, flush outputs, commit.

poll(batch) ─▶ stage.process(batch) ─▶ sink.write(outputs, dead letters) ─▶ sink.commit(positions, fates)
    ▲                 │ TransientError: back off, again      │
    └─────────────────┴ any other error: each record alone; what still fails is a dead letter
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.records import DeadLetter

# The one vocabulary of fates: what became of each record that a stage read. Each record has exactly one per stage.
FATES = (
    "collected",  # collectors: a new or changed mention was published
    "unchanged",  # collectors: seen before, the same
    "enriched",  # enrich: passed the winnow
    "dropped: no watched term, identity or source",  # enrich: the winnow's one reason
    "linked",  # matcher: a mention with at least one link
    "candidate",  # matcher: no link, but somebody for a person to decide on
    "unlinked",  # matcher: an incident with nobody behind it yet
    "stale",  # matcher, index: older than what is known, or the same again
    "applied",  # matcher: a contact, account, term, source, decision
    "deleted",  # matcher, index: the subject is gone
    "indexed",  # index
    "dead",  # any stage: a dead letter
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage made of a batch. The fates add up to the number of records in the batch, `dead` among them."""

    outputs: Sequence[ProducerRecord]
    fates: Mapping[str, int]
    dead: Sequence[DeadLetter] = ()


class Stage(Protocol):
    """A step that reads one topic. It does not know its neighbours or the engine."""

    name: str
    topic: str
    batch: int

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        """Return what the batch becomes. May be called again with the same records, whole or one by one.

        Raises TransientError for what may pass; InputError for a record that cannot be used.
        """
        ...


class Sink(Protocol):
    """Where a stage's outcome goes, and where its position is kept. Flushes outputs before it commits the input.

    `LogSink` (beside the loop) appends to the log and commits for the group. The matcher's own sink commits its state,
    its outbox, its position and the fates in one SQLite transaction and then publishes the outbox.
    """

    def positions(self) -> Mapping[int, int]:
        """Return the next offset to read by partition, as committed; empty at the very start."""
        ...

    def write(self, outcome: Outcome, positions: Mapping[int, int]) -> None:
        """Flush the outputs and dead letters, then commit positions and fates. On return both are safe."""
        ...
