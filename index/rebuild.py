"""An index made anew from the log, beside the old one, and put in its place at the end.

Knows no engine. Until the end the old index answers, and where the engine is shared it is written to as well; killed at
any moment, it goes on answering.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from overheard.errors import EngineError, FolderError, InputError
from overheard.index.base import Change, Index, Search
from overheard.index.query import Everything
from overheard.index.stage import PIECE, IndexStage, change_of
from overheard.log.base import TOPICS, ConsumerRecord, Log

# So many of the newest and of the oldest documents are looked for in the other index.
_SAMPLE = 200
# When no more than so many offsets lie ahead, writers are told to wait for the rest; a second's work or two.
_REST = 2_000
# Where the log grows faster than it is read, the writers wait after so many rounds all the same.
_ROUNDS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The old index beside the one that is to replace it: documents by kind, and those of a sample that differ.

    `missing` are ids that the old one has and the new one has not; `older` those of which the new one has an older
    version. What the old one had not read yet makes a few: a removed document. Many, and the log has lost something.
    """

    old: Mapping[str, int]
    new: Mapping[str, int]
    missing: Sequence[str]
    older: Sequence[str]


def rebuild(
    log: Log,
    index: Index,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    on_compare: Callable[[Comparison], None] | None = None,
) -> Mapping[str, int]:
    """Fill a successor of `index` from the topic `documents`, adopt it, and return the number of records by fate.

    Records that are no documents count as "dead"; their letters were written when the stage met them. The stage's
    position stays: what it reads again is the same again. `on_progress(offsets read, offsets in all)` is called after
    each batch. `on_compare` is called when the successor is filled, before it is seen; what it raises stops the
    rebuild, and the old index stays. It is not called where the old one cannot be read.

    On an engine that others write to meanwhile, what comes while the successor is filled is read as well, the last of
    it while nobody else can write.
    """
    filling = _Filling(log, index.successor(), on_progress)
    try:
        for _ in range(_ROUNDS):
            if filling.fill() <= _REST:
                break
        filling.fill()
        if (compared := _compare(index, filling.successor)) is not None:
            if compared.missing or compared.older:
                _log.warning(
                    "rebuild: of %d documents of the old index %d are not in the new one, %d are older there",
                    2 * _SAMPLE, len(compared.missing), len(compared.older),
                )  # fmt: skip
            if on_compare is not None:
                on_compare(compared)
        index.adopt(filling.successor, complete=filling.fill)
    except BaseException:
        filling.successor.close()
        raise
    return filling.fates


class _Filling:
    """A successor, and how far it has read the log."""

    def __init__(self, log: Log, successor: Index, on_progress: Callable[[int, int], None] | None) -> None:
        self.successor = successor
        self.fates: Counter[str] = Counter()
        self._log = log
        self._on_progress = on_progress
        self._topic = TOPICS[IndexStage.topic]
        self._positions: dict[int, int] = {}
        self._done = 0

    def fill(self) -> int:
        """Apply all that the log has now, and return how many offsets that were."""
        spans = [self._log.span(self._topic.name, partition) for partition in range(self._topic.partitions)]
        starts = [max(first, self._positions.get(partition, 0)) for partition, (first, _) in enumerate(spans)]
        ahead = sum(max(0, end - start) for start, (_, end) in zip(starts, spans, strict=True))
        whole = self._done + ahead
        for partition, (offset, (_, end)) in enumerate(zip(starts, spans, strict=True)):
            at = offset
            while at < end and (records := self._log.read(self._topic.name, partition, at, IndexStage.batch)):
                self._apply(records)
                self._done += records[-1].offset + 1 - at
                at = self._positions[partition] = records[-1].offset + 1
                if self._on_progress is not None:
                    self._on_progress(self._done, max(whole, self._done))
        return ahead

    def _apply(self, records: Sequence[ConsumerRecord]) -> None:
        for at in range(0, len(records), PIECE):
            changes: list[Change] = []
            for record in records[at : at + PIECE]:
                try:
                    changes.append(change_of(record))
                except InputError:
                    self.fates["dead"] += 1
            fates = self.successor.apply(changes)
            self.fates.update("dead" if isinstance(fate, InputError) else fate for fate in fates)
        self.successor.flush()


def _compare(old: Index, new: Index) -> Comparison | None:
    try:
        kinds = Search(Everything(), limit=0, facets=["kind"])
        counts = [dict(index.search(kinds).facets["kind"]) for index in (old, new)]
        newest = old.search(Search(Everything(), limit=_SAMPLE)).hits
        oldest = old.search(Search(Everything(), limit=_SAMPLE, sort="oldest")).hits
    except (EngineError, FolderError):
        return None
    wanted = {hit.id: hit.version for hit in (*newest, *oldest)}
    found = {id_: new.get(id_) for id_ in wanted}
    missing = [id_ for id_, hit in found.items() if hit is None]
    older = [id_ for id_, hit in found.items() if hit is not None and hit.version < wanted[id_]]
    return Comparison(counts[0], counts[1], missing, older)
