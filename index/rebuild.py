"""An index made anew from the log, beside the old one, and put in its place at the end.

Knows no engine. Until the end the old index answers; killed at any moment, it goes on answering.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from overheard.errors import InputError
from overheard.index.base import Change, Index
from overheard.index.stage import PIECE, IndexStage, change_of
from overheard.log.base import TOPICS, ConsumerRecord, Log


def rebuild(log: Log, index: Index, *, on_progress: Callable[[int, int], None] | None = None) -> Mapping[str, int]:
    """Fill a successor of `index` from the topic `documents`, adopt it, and return the number of records by fate.

    Records that are no documents count as "dead"; their letters were written when the stage met them. The stage's
    position stays: what it reads again is the same again. `on_progress(offsets read, offsets in all)` is called after
    each batch. Nothing else may write to `index` meanwhile.
    """
    topic = TOPICS[IndexStage.topic]
    spans = [log.span(topic.name, partition) for partition in range(topic.partitions)]
    whole = sum(end - first for first, end in spans)
    done = 0
    fates: Counter[str] = Counter()
    successor = index.successor()
    try:
        for partition, (first, end) in enumerate(spans):
            offset = first
            while offset < end and (records := log.read(topic.name, partition, offset, IndexStage.batch)):
                fates.update(_apply(successor, records))
                done += records[-1].offset + 1 - offset
                offset = records[-1].offset + 1
                if on_progress is not None:
                    on_progress(done, whole)
    except BaseException:
        successor.close()
        raise
    index.adopt(successor)
    return fates


def _apply(index: Index, records: Sequence[ConsumerRecord]) -> Counter[str]:
    fates: Counter[str] = Counter()
    for at in range(0, len(records), PIECE):
        changes: list[Change] = []
        for record in records[at : at + PIECE]:
            try:
                changes.append(change_of(record))
            except InputError:
                fates["dead"] += 1
        fates.update(index.apply(changes))
    index.flush()
    return fates
