"""Re-winnowing: what came to be watched today also finds the mentions of the last days. Knows no contacts.

    watch.follow ─▶ the stage's winnow replaced ─▶ for each partition: what came since the offset that it applied?
        ─▶ mentions before the stage's position, by what came only ─▶ enriched again ─▶ facts ─▶ the offset committed

The offset of `watch` that was applied to partition n of `mentions` is kept as that of the group "enrich/n" on `watch`,
so that any member may take a partition over. It is committed after the outputs: killed half-way, all runs again, and
gives the same events. What is older than the retention of `mentions` and was winnowed away is gone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from overheard.enrich.stage import EnrichStage, mention_event
from overheard.enrich.watch import Watch
from overheard.enrich.winnow import Winnow
from overheard.errors import InputError
from overheard.log.base import ConsumerRecord, Log
from overheard.records import Event, Mention, is_tombstone_of

_CHUNK = 500


class Rewinnowed(NamedTuple):
    """Mentions read again, and those enriched again."""

    read: int = 0
    enriched: int = 0


class Rewinnow:
    """Keeps one enrich worker in step with `watch`. Owned by the thread that runs the stage's loop.

    `partitions()` are those of `mentions` that this worker owns at the time; `group` is the stage's.
    """

    def __init__(
        self, log: Log, stage: EnrichStage, partitions: Callable[[], Sequence[int]], *, group: str = "enrich"
    ) -> None:
        self._log = log
        self._stage = stage
        self._group = group
        self._watch = Watch(log)
        self._partitions = partitions
        self._applied: dict[int, int] = {}

    def catch_up(self) -> Rewinnowed:
        """Read `watch` to its end and give its winnow to the stage; enrich again what newly passes or is newly hit.

        Call it before the stage's first batch and between batches, as often as is liked: it costs one empty read where
        nothing changed. Mentions that the stage has not committed yet are left to the stage.
        """
        if self._watch.follow():
            self._stage.watch(self._watch.winnow(), self._watch.offset)
        done = Rewinnowed()
        self._own()
        behind = [p for p, offset in self._applied.items() if offset != self._watch.offset]
        if not behind:
            return done
        positions = self._log.checkpoint(self._group, self._stage.topic).positions
        by_offset: dict[int, Winnow | None] = {}
        for partition in behind:
            offset = self._applied[partition]
            if offset not in by_offset:
                added = self._watch.since(offset)
                by_offset[offset] = None if added.is_empty else Winnow(*added)
            winnow, end = by_offset[offset], positions.get(partition, 0)
            if winnow is not None:
                part = self._partition(partition, end, winnow)
                done = Rewinnowed(done.read + part.read, done.enriched + part.enriched)
            self._log.commit(self._applied_by(partition), "watch", {0: self._watch.offset}, {})
            self._applied[partition] = self._watch.offset
        return done

    def _own(self) -> None:
        """Take in what came to this worker, and let go of what went to another."""
        owned = list(self._partitions())
        if owned != list(self._applied):
            self._applied = {
                partition: self._log.checkpoint(self._applied_by(partition), "watch").positions.get(0, 0)
                if partition not in self._applied
                else self._applied[partition]
                for partition in owned
            }

    def _applied_by(self, partition: int) -> str:
        return f"{self._group}/{partition}"

    def _partition(self, partition: int, end: int, winnow: Winnow) -> Rewinnowed:
        """Enrich again the newest version of each mention before `end` that the given winnow lets pass.

        Only the newest: an older one on `facts` after it would outlive it there, even after a deletion.
        """
        read = 0
        newest: dict[str, int] = {}
        for record in self._read(partition, end):
            read += 1
            if (event := _event(record)) is None or is_tombstone_of(event) or not winnow.touches(event.data):
                newest.pop(record.key, None)
            else:
                newest[record.key] = record.offset
        enriched = 0
        batch: list[Event[Mention]] = []
        wanted = set(newest.values())
        first = min(wanted, default=end)
        for record in self._read(partition, end, first):
            if record.offset in wanted and (event := _event(record)) is not None:
                batch.append(event)
            if len(batch) == self._stage.batch:
                enriched += self._enrich(batch)
                batch = []
        enriched += self._enrich(batch)
        return Rewinnowed(read, enriched)

    def _enrich(self, batch: Sequence[Event[Mention]]) -> int:
        outputs = self._stage.enrich_again(batch)
        if outputs:
            self._log.append(outputs)
        return len(outputs)

    def _read(self, partition: int, end: int, start: int = 0) -> Iterator[ConsumerRecord]:
        offset = max(start, self._log.span(self._stage.topic, partition)[0])
        while offset < end and (records := self._log.read(self._stage.topic, partition, offset, _CHUNK)):
            for record in records:
                if record.offset >= end:
                    return
                yield record
            offset = records[-1].offset + 1


def _event(record: ConsumerRecord) -> Event[Mention] | None:
    """Return the mention's event; None where the record holds none, which the stage has made a dead letter of."""
    try:
        return mention_event(record)
    except InputError:
        return None
