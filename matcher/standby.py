"""One active matcher of several: its owner says what it begins, the others follow, and any of them can take over.

    owner     begin(end) ─▶ ledger.commit ─▶ settle, publish ─▶ commit(end, fates)      end = where its batch ends
    standby   applies facts up to the group's position c, and publishes nothing
    take-over follow to c; then the batch [c, i) that was begun, whole and as one; then on as the owner

What a ledger holds after offset v is a function of the facts up to v; the version of a document is the end of the batch
in which it changed. So c and i are all that must be known of an owner that died: the batch it had begun comes out with
the same documents, versions and bytes (but for the envelopes' time), whatever of it was published before. No ledger is
ever ahead of a batch that was begun, since `begin` is refused where another member owns the facts.

An owner that was paused may still send, on waking, what it was just about to hand to the log: its newest batch, which
its successor has published too. Whoever folds documents by version, as the index does, sees no difference.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from overheard.errors import EngineError, FencedError, TransientError
from overheard.log.base import Checkpoint, Consumer, ConsumerRecord, Log, ProducerRecord
from overheard.log.deadletters import dead_letter_record
from overheard.log.stage import FATES, Backoff, Outcome, Progress, Sink, run_stage
from overheard.matcher.ledger.ledger import Ledger
from overheard.matcher.ledger.publishing import SOURCE
from overheard.matcher.recall import recall
from overheard.matcher.stage import BATCH, GROUP, MatchStage, publish
from overheard.records import EPOCH_SUBJECT, Epoch, encode, event_for

_TOPIC = MatchStage.topic
_FACTS = 0  # the one partition of `facts`
# Facts that a follower applies in one transaction. Nobody waits for its documents: from 500 on it gets no faster.
_BATCH = 1_000
# How often a standby looks how far the owner is, in seconds.
_LOOK = 0.5
# Tombstones may be gone after a day (`overheard.log.base`); when a ledger was level is remembered about every hour.
_AWAY = timedelta(days=1)
_LEVEL = timedelta(hours=1)
# A long follow tells how far it is so often, in seconds.
_SAY = 1.0
_SAY_IN_LOG = 10.0
_ONCE = Backoff(attempts=1)
_logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Following:
    """How far a follower is: next offset of `facts`, the offset it follows to, incidents and profiles to make again."""

    position: int
    end: int
    unsettled: int


def run_match(
    ledger: Ledger,
    log: Log,
    stop: threading.Event,
    *,
    until_idle: Callable[[], bool] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_follow: Callable[[Following], None] | None = None,
    on_own: Callable[[], object] | None = None,
    clock: Callable[[], datetime] = _utc_now,
    backoff: Backoff | None = None,
    batch: int = BATCH,
    look: float = _LOOK,
) -> Progress:
    """Be a member of group "match" until `stop`: its owner, or a standby. Return what this one committed as owner.

    With `until_idle` the run also ends when it returns True and the group has come to the end of `facts`. A ledger far
    behind catches up before it joins, so that no group ever waits for it. `on_own` is called when this one becomes the
    owner, before it does anything as such; `on_progress` after each batch as owner, `on_follow` about once a second
    while following far behind and whenever that is done. TransientErrors are waited out as `backoff` says. `clock`
    dates dead letters; `look`: seconds between looks at how far the owner is.

    Raises EngineError where `facts` is not the topic that this ledger has read; FolderError as it comes.
    """
    wait = backoff or Backoff()
    return _Member(ledger, log, stop, until_idle, on_progress, on_follow, on_own, clock, wait, batch, look).run()


def announce_epoch(ledger: Ledger, log: Log, now: datetime) -> bool:
    """Say on `facts` of which epoch this program is, where nobody has said that yet; True where it was said.

    A fact, so that owner and standbys hear it at one place, a batch that was begun stays what it is, and all documents
    are made and published again at that place, in the versions of the new epoch. For the owner.
    """
    epoch, told = ledger.epochs()
    if told >= epoch:
        return False
    event = event_for(
        Epoch(number=epoch), subject=EPOCH_SUBJECT, source=SOURCE, time=now, sourceversion=epoch, cause="re-match"
    )
    log.append([ProducerRecord(_TOPIC, EPOCH_SUBJECT, encode(event))], durable=True)
    _logger.info("match: epoch %d begins, after %d: all documents are made again", epoch, told)
    return True


def follow(
    ledger: Ledger,
    log: Log,
    *,
    until: int | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Following], None] | None = None,
    clock: Callable[[], datetime] = _utc_now,
) -> int:
    """Bring a ledger up to what group "match" has published, by reading only, and return its position.

    Settles once, at the end: what is reached by many facts is made again once. What waits in the outbox is thrown away
    when the group has passed it. A ledger that is ahead, since it was the owner and died in a batch, is left as it is.
    With `until` it ends as soon as it is settled there or later, however far the group has gone on meanwhile; without,
    when it is level. On `stop` it ends early; what is done is on disk. `on_progress` as `on_follow` of `run_match`.
    A ledger that has not looked in for a day begins anew: of what was deleted meanwhile there may be no trace left.
    Raises TransientError (call again), EngineError as `run_match`, FolderError.
    """
    stop = stop or threading.Event()
    say = _Said(ledger, on_progress)
    ledger.forget()
    while not stop.is_set():
        end = _checkpoint(ledger, log).positions.get(_FACTS, 0)
        if ledger.position() > end:
            break
        _begin_anew_after_long(ledger, end, clock())
        at = ledger.position()
        ledger.empty_outbox()
        if until is not None and until <= at < end and not ledger.unsettled():
            break
        if at == end and not ledger.unsettled():
            _keep_level(ledger, clock())
            say.done(end)
            break
        with ledger.following():
            if at < end:
                recall(ledger, log)
                _apply(ledger, log, end, stop=stop, clock=clock, say=say)
            if ledger.position() == end:
                for _ in ledger.settle():
                    say.far(end)
                    if stop.is_set():
                        break
    return ledger.position()


def _begin_anew_after_long(ledger: Ledger, end: int, now: datetime) -> None:
    level = ledger.level()
    if 0 < ledger.position() < end and (level is None or now - level > _AWAY):
        _logger.warning(
            "match: this ledger was level with the group at %s, more than %s ago, and what was deleted since then may "
            "have left the log: it begins anew from the first fact",
            level or "no time",
            _AWAY,
        )
        ledger.clear()
    if ledger.position() == 0:
        _keep_level(ledger, now)  # whatever it reads from the beginning was there now


def _keep_level(ledger: Ledger, now: datetime) -> None:
    level = ledger.level()
    if level is None or now - level > _LEVEL:
        ledger.keep_level(now)


def _apply(
    ledger: Ledger, log: Log, end: int, *, stop: threading.Event, clock: Callable[[], datetime], say: "_Said"
) -> None:
    run_stage(
        MatchStage(ledger, batch=_BATCH),
        _Reader(log, ledger.position(), end),
        _Quiet(ledger),
        stop=stop,
        until_idle=lambda: True,
        clock=clock,
        backoff=_ONCE,
        on_progress=lambda _: say.far(end),
    )
    if not stop.is_set():
        ledger.commit({_FACTS: end}, {})  # where compaction has taken the last records before the end


def _checkpoint(ledger: Ledger, log: Log) -> Checkpoint:
    """Return where the group stands. Raises EngineError where ledger or group have read more than there is."""
    point = log.checkpoint(GROUP, _TOPIC)
    _, end = log.span(_TOPIC, _FACTS)
    place = max(ledger.position(), point.positions.get(_FACTS, 0))
    if place > end:
        msg = (
            f"expected topic {_TOPIC} to reach to offset {place}, which the matcher has applied; it ends at {end}. It "
            "was made anew, or is another installation's: correct servers and prefix under [log] in the settings, or "
            f"restore the topic, or, to begin anew from what it holds now, delete group {GROUP} on the log and move "
            "the matcher's data folder away"
        )
        raise EngineError(msg)
    return point


class _Member:
    """The state of one `run_match`."""

    def __init__(  # noqa: PLR0917  called in one place
        self,
        ledger: Ledger,
        log: Log,
        stop: threading.Event,
        until_idle: Callable[[], bool] | None,
        on_progress: Callable[[Progress], None] | None,
        on_follow: Callable[[Following], None] | None,
        on_own: Callable[[], object] | None,
        clock: Callable[[], datetime],
        backoff: Backoff,
        batch: int,
        look: float,
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._stop = stop
        self._until_idle = until_idle
        self._on_progress = on_progress
        self._on_follow = on_follow
        self._on_own = on_own
        self._clock = clock
        self._backoff = backoff
        self._batch = batch
        self._look = look
        self._fates: Counter[str] = Counter()  # of former turns as the owner
        self._turn: Mapping[str, int] = {}
        self._lag = 0
        self._standing_by = False

    def run(self) -> Progress:
        failures = 0
        while not self._stop.is_set():
            try:
                self._follow()
                with closing(self._log.consumer(GROUP, _TOPIC)) as consumer:
                    while not self._stop.is_set():
                        if self._step(consumer):
                            return self._progress()
                        failures = 0
            except TransientError as e:
                failures += 1
                if failures == self._backoff.attempts:
                    raise
                delay = self._backoff.delay(failures)
                _logger.warning("match: attempt %d failed, again in %.1f s: %s", failures, delay, e)
                self._stop.wait(delay)
        return self._progress()

    def _step(self, consumer: Consumer) -> bool:
        """Follow, or own for as long as it lasts; return True when all is done."""
        consumer.poll(1, self._look)  # takes part in the group; as the owner it is read again
        if _FACTS not in consumer.partitions:
            self._say_standing_by()
            self._follow()
            return self._is_done()
        self._standing_by = False
        _logger.info("match: this process is the active matcher now")
        try:
            self._own(consumer)
        except FencedError as e:
            _logger.info("match: %s", e)
        else:
            if _FACTS in consumer.partitions:
                return self._is_done()
        finally:
            self._fates.update(self._turn)
            self._turn = {}
        self._say_standing_by()
        return False

    def _say_standing_by(self) -> None:
        if not self._standing_by:
            self._standing_by = True
            _logger.info("match: another process is the active matcher; this one follows it")

    def _own(self, consumer: Consumer) -> None:
        def until_idle() -> bool:
            return _FACTS not in consumer.partitions or (self._until_idle is not None and self._until_idle())

        if self._on_own is not None:
            self._on_own()
        run_stage(
            MatchStage(self._ledger, batch=self._batch),
            consumer,
            OwnerSink(self._ledger, self._log, consumer, stop=self._stop, clock=self._clock, on_follow=self._on_follow),
            stop=self._stop,
            until_idle=until_idle,
            clock=self._clock,
            backoff=self._backoff,
            on_progress=self._note,
        )

    def _follow(self) -> None:
        follow(self._ledger, self._log, stop=self._stop, on_progress=self._on_follow, clock=self._clock)

    def _is_done(self) -> bool:
        if self._until_idle is None or not self._until_idle():
            return False
        first, end = self._log.span(_TOPIC, _FACTS)
        return max(first, self._log.checkpoint(GROUP, _TOPIC).positions.get(_FACTS, 0)) >= end

    def _note(self, progress: Progress) -> None:
        self._turn, self._lag = progress.fates, progress.lag
        if self._on_progress is not None:
            self._on_progress(self._progress())

    def _progress(self) -> Progress:
        counted = self._fates + Counter(self._turn)
        return Progress(GROUP, counted.total(), {fate: counted[fate] for fate in FATES if counted[fate]}, self._lag)


class OwnerSink:
    """`Sink` of the active matcher where others stand by. The group's position and fates are the consumer's.

    `positions` takes over, so `run_stage` does it at its start and after each FencedError; both methods raise that
    where another member owns the facts.
    """

    def __init__(
        self,
        ledger: Ledger,
        log: Log,
        consumer: Consumer,
        *,
        stop: threading.Event,
        clock: Callable[[], datetime] = _utc_now,
        on_follow: Callable[[Following], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._consumer = consumer
        self._stop = stop
        self._clock = clock
        self._on_follow = on_follow
        self._begun: int | None = None

    def positions(self) -> Mapping[int, int]:
        """See `Sink.positions`. Finishes what another owner, or this one in an earlier life, has begun."""
        self._ledger.forget()
        recall(self._ledger, self._log)
        point = _checkpoint(self._ledger, self._log)
        self._begun = point.begun.get(_FACTS)
        at = self._ledger.position()
        if at > point.positions.get(_FACTS, 0):
            # Its own batch, or the group has lost its place (a broker forgets one that nobody used for a week).
            self._publish({_FACTS: at})
            self._consumer.commit({_FACTS: at}, self._ledger.last_fates() if self._begun == at else {})
        else:
            at = follow(self._ledger, self._log, stop=self._stop, on_progress=self._on_follow, clock=self._clock)
            if self._begun is not None and at < self._begun and not self._stop.is_set():
                self._do_again(at, self._begun)
        return self._ledger.positions()

    def write(self, outcome: Outcome, positions: Mapping[int, int]) -> None:
        """See `Sink.write`."""
        end = positions[_FACTS]
        point = self._log.checkpoint(GROUP, _TOPIC)
        group, begun, at = point.positions.get(_FACTS, 0), point.begun.get(_FACTS), self._ledger.position()
        if at == end == group:
            return  # tried again, and the commit had come through
        if begun not in (None, self._begun, end) or at not in (group, end):
            # Refused by nobody, since this member owns the facts again.
            msg = f"expected group {GROUP} where this ledger is, at {at}; it is at {group}: another one was the owner"
            raise FencedError(msg)
        self._consumer.begin(positions)
        self._begun = end
        letters = [dead_letter_record(letter) for letter in outcome.dead]
        self._ledger.commit(positions, outcome.fates, [*outcome.outputs, *letters])
        self._publish(positions)
        self._consumer.commit(positions, outcome.fates)
        self._begun = None
        _keep_level(self._ledger, self._clock())

    def _publish(self, positions: Mapping[int, int]) -> None:
        # An owner that was paused for long finds out here, before it sends what its successor has sent long ago.
        publish(self._ledger, self._log, check=lambda: self._consumer.begin(positions))

    def _do_again(self, at: int, end: int) -> None:
        """Do the facts from `at` to `end`, which the owner before had begun as one batch, as one batch."""
        _logger.info("match: taking over at offset %d of facts, with the batch to %d that was begun", at, end)
        run_stage(
            MatchStage(self._ledger, batch=end - at),
            _Reader(self._log, at, end),
            _Writer(self),
            stop=self._stop,
            until_idle=lambda: True,
            clock=self._clock,
            backoff=_ONCE,
        )
        if self._ledger.position() < end and not self._stop.is_set():
            self.write(Outcome((), {}), {_FACTS: end})  # compaction has taken the last of them meanwhile


class _Writer:
    """The sink of one batch done again: writes as the owner does, and begins where its reader does."""

    def __init__(self, owner: Sink) -> None:
        self.write = owner.write

    def positions(self) -> Mapping[int, int]:
        """See `Sink.positions`."""
        return {}


class _Quiet:
    """The sink of a follower: state, position and fates, and nothing for anybody else."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def positions(self) -> Mapping[int, int]:
        """See `Sink.positions`."""
        return {}

    def write(self, outcome: Outcome, positions: Mapping[int, int]) -> None:
        """See `Sink.write`. The owner has written the dead letters."""
        self._ledger.commit(positions, outcome.fates)


class _Reader:
    """`Consumer` of a span of the facts, in no group."""

    partitions = (_FACTS,)

    def __init__(self, log: Log, offset: int, end: int) -> None:
        self._log = log
        self._offset = offset
        self._end = end

    def poll(self, limit: int, timeout: float) -> Sequence[ConsumerRecord]:  # noqa: ARG002  never waits
        """See `Consumer.poll`. All that is asked for is there already."""
        found: list[ConsumerRecord] = []
        while len(found) < limit and self._offset < self._end:
            records = self._log.read(_TOPIC, _FACTS, self._offset, limit - len(found))
            found += (record for record in records if record.offset < self._end)
            self._offset = min(records[-1].offset + 1, self._end) if records else self._end
        return found

    def commit(self, positions: Mapping[int, int], fates: Mapping[str, int]) -> None:
        """See `Consumer.commit`. There is no group."""

    def begin(self, positions: Mapping[int, int]) -> None:
        """See `Consumer.begin`. There is no group."""

    def rewind(self) -> None:
        """See `Consumer.rewind`. It reads once, from its beginning."""

    def seek(self, partition: int, offset: int) -> None:  # noqa: ARG002  there is one
        """See `Consumer.seek`."""
        self._offset = offset

    def lag(self) -> int:
        """See `Consumer.lag`."""
        return self._end - self._offset

    def close(self) -> None:
        """See `Consumer.close`."""


class _Said:
    """Tells how far a follower is, not too often."""

    def __init__(self, ledger: Ledger, on_progress: Callable[[Following], None] | None) -> None:
        self._ledger = ledger
        self._on_progress = on_progress
        self._told = self._logged = time.monotonic()
        self._far = False

    def far(self, end: int) -> None:
        """Tell, if it was not told lately."""
        now = time.monotonic()
        if now - self._told < _SAY:
            return
        self._told, self._far = now, True
        self._tell(Following(self._ledger.position(), end, self._ledger.unsettled()), now - self._logged)

    def done(self, end: int) -> None:
        """Tell that the end is reached."""
        self._tell(Following(end, end, 0), _SAY_IN_LOG if self._far else 0.0)

    def _tell(self, following: Following, since: float) -> None:
        if since >= _SAY_IN_LOG:
            self._logged = time.monotonic()
            _logger.info(
                "match: following, at offset %d of %d of facts, %d incidents and profiles left to make again",
                following.position,
                following.end,
                following.unsettled,
            )
        if self._on_progress is not None:
            self._on_progress(following)
