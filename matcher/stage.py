"""The matcher as a stage: facts in; documents, changes and what is watched out, by way of the ledger's outbox."""

import gc
from collections.abc import Callable, Mapping, Sequence

from overheard.log.base import ConsumerRecord, Log
from overheard.log.deadletters import dead_letter_record
from overheard.log.stage import Outcome
from overheard.matcher.ledger.facts import read_fact
from overheard.matcher.ledger.ledger import Ledger
from overheard.matcher.recall import recall

GROUP = "match"

# Facts in one transaction, where so many wait: each page of the tables is written once for all of them. 128 made the
# identity path a seventh slower; more than the design's 500 would hold others up for longer than a tenth of a second.
BATCH = 500

# Records published to the log in one append, and transactions settled before what they made is published: a batch of
# facts makes some two or three, and each append on a shared log costs two answers of the broker.
_APPEND = 500
_SETTLED = 4

# How many more objects there are before Python looks for cycles among the youngest, and how many such looks make one at
# the older ones, and at all. A ledger has millions that stay and makes no cycles: its own 700, 10, 10 cost a fifth of
# the identity path.
_COLLECT = (50_000, 20, 100)


def collect_seldom() -> None:
    """Have Python look for cycles seldom, in this whole process: for one that runs a matcher."""
    gc.set_threshold(*_COLLECT)


class MatchStage:
    """Applies facts to a ledger. What it decides is pending there until the ledger's `LedgerSink` writes it."""

    name = GROUP
    topic = "facts"

    def __init__(self, ledger: Ledger, *, batch: int = BATCH) -> None:
        self.batch = batch
        self._ledger = ledger

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        """See `Stage.process`. The outputs are in the ledger's outbox. Raises InputError for what is no fact."""
        fates = self._ledger.apply([read_fact(record) for record in records])
        return Outcome(outputs=(), fates=dict(fates))


class LedgerSink:
    """Commits state, outbox, position and fates in one transaction; then settles what was reached, and publishes.

    For the one owner of a folder that nobody takes over from; where others stand by: `overheard.matcher.standby`.

    A crash in between loses nothing: what is left of all three is on disk, and `resume` goes on with it. Publishing
    twice is harmless: an equal version of a document is the same document.
    """

    def __init__(self, ledger: Ledger, log: Log) -> None:
        self._ledger = ledger
        self._log = log

    def positions(self) -> Mapping[int, int]:
        """See `Sink.positions`. Finishes what a killed worker left first."""
        recall(self._ledger, self._log)
        self.resume()
        return self._ledger.positions()

    def write(self, outcome: Outcome, positions: Mapping[int, int]) -> None:
        """See `Sink.write`."""
        letters = [dead_letter_record(letter) for letter in outcome.dead]
        self._ledger.commit(positions, outcome.fates, [*outcome.outputs, *letters])
        self.resume()

    def resume(self) -> None:
        """Settle and publish all that is left; then tell the log how far this group has come, for its compaction."""
        publish(self._ledger, self._log)
        if positions := self._ledger.positions():
            # The fates stay in the ledger, in the transaction that moves the position.
            self._log.commit(GROUP, "facts", positions, {})


def publish(ledger: Ledger, log: Log, *, check: Callable[[], None] = lambda: None) -> None:
    """Settle and publish all that is left. `check` is called before each append, and may raise to prevent it."""
    for number, _ in enumerate(ledger.settle(), 1):
        if number % _SETTLED == 0:
            _append(ledger, log, check)
    _append(ledger, log, check)


def _append(ledger: Ledger, log: Log, check: Callable[[], None]) -> None:
    while True:
        last, records = ledger.outbox(_APPEND)
        if not records:
            return
        check()
        log.append(records)
        ledger.published(last)
