"""The one loop: batches, back-off, dead letters, fates counted once, a clean stop."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.errors import ConfigError, FolderFullError, InputError, TransientError
from overheard.folder import Folder
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.deadletters import list_letters
from overheard.log.embedded import EmbeddedLog
from overheard.log.stage import Backoff, LogSink, Outcome, Progress, Sink, Stage, run_stage

AT = datetime(2026, 3, 1, tzinfo=UTC)


class Upper:
    """Puts each value in capitals on `facts`; a value of b"bad" fails whatever batch it is in."""

    name = "upper"
    topic = "mentions"
    batch = 8

    def __init__(self) -> None:
        self.calls: list[list[bytes | None]] = []
        self.trouble: list[Exception] = []

    def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
        self.calls.append([r.value for r in records])
        if self.trouble:
            raise self.trouble.pop()
        for record in records:
            if record.value == b"bad":
                raise InputError("expected good; got bad", where="field quality")
            if record.value == b"bug":
                raise ZeroDivisionError("division by zero")
        outputs = [ProducerRecord("facts", r.key, (r.value or b"").upper()) for r in records]
        return Outcome(outputs, {"enriched": len(records)})


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path) as folder, closing(EmbeddedLog(folder)) as opened:
        yield opened


def put(log: EmbeddedLog, *values: bytes) -> None:
    log.append([ProducerRecord("mentions", f"k{i}", value) for i, value in enumerate(values)])


def run(
    log: EmbeddedLog,
    stage: Stage,
    *,
    sink: Sink | None = None,
    flush: Callable[[], None] | None = None,
    stop: threading.Event | None = None,
    wait: Callable[[float], bool] = lambda _: False,
    backoff: Backoff | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    linger: float = 0.0,
) -> Progress:
    with closing(log.consumer("upper", stage.topic)) as consumer:
        return run_stage(
            stage,
            consumer,
            sink or LogSink(log, consumer, flush=flush, durable=flush is not None),
            stop=stop or threading.Event(),
            until_idle=lambda: True,
            clock=lambda: AT,
            wait=wait,
            backoff=backoff or Backoff(jitter=lambda: 0.0),
            on_progress=on_progress,
            linger=linger,
        )


def facts(log: EmbeddedLog) -> list[bytes | None]:
    return [record.value for record in log.read("facts", 0, 0, 1_000)]


def test_a_stage_turns_what_it_reads_into_outputs_and_counts_each_record_once(log: EmbeddedLog) -> None:
    put(log, *(f"v{i}".encode() for i in range(50)))
    progress = run(log, Upper())
    assert sorted(facts(log)) == sorted(f"V{i}".encode() for i in range(50))  # type: ignore[type-var]
    assert progress == Progress("upper", 50, {"enriched": 50}, 0)
    assert log.checkpoint("upper", "mentions").fates == {"enriched": 50}
    assert run(log, Upper()).read == 0
    assert len(facts(log)) == 50


def test_batches_are_as_large_as_the_stage_asks_and_progress_is_told_after_each(log: EmbeddedLog) -> None:
    put(log, *(b"v" for _ in range(20)))
    stage, told = Upper(), list[Progress]()
    run(log, stage, on_progress=told.append)
    assert [len(call) for call in stage.calls] == [8, 8, 4]
    assert [(p.read, p.lag) for p in told] == [(8, 12), (16, 4), (20, 0)]


def test_a_lingering_stage_waits_for_its_batch_to_fill(log: EmbeddedLog) -> None:
    put(log, b"1")
    stage = Upper()
    later = threading.Timer(0.05, log.append, [[ProducerRecord("mentions", f"l{i}", b"x") for i in range(7)]])
    later.start()
    run(log, stage, linger=30.0)
    later.join()
    assert [len(call) for call in stage.calls] == [8]


def test_what_may_pass_is_tried_again_with_growing_waits_and_nothing_is_dead(log: EmbeddedLog) -> None:
    put(log, b"a", b"b")
    stage, waits = Upper(), list[float]()
    stage.trouble = [TransientError("busy")] * 5

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return False

    assert run(log, stage, wait=wait).fates == {"enriched": 2}
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert len(facts(log)) == 2


def test_waits_are_bounded_and_jittered() -> None:
    assert Backoff(jitter=lambda: 0.0).delay(1_000) == 30.0
    assert Backoff(jitter=lambda: 1.0).delay(1) == 0.05
    assert all(0.05 <= Backoff().delay(1) <= 0.1 for _ in range(50))


def test_after_so_many_attempts_the_error_goes_on_and_nothing_is_committed(log: EmbeddedLog) -> None:
    put(log, b"a")
    stage = Upper()
    stage.trouble = [TransientError("still busy")] * 9
    with pytest.raises(TransientError, match="still busy"):
        run(log, stage, backoff=Backoff(attempts=3))
    assert len(stage.calls) == 3
    assert not log.checkpoint("upper", "mentions").positions


def test_a_stop_during_a_wait_ends_the_run_at_once_and_leaves_the_batch_for_the_next(log: EmbeddedLog) -> None:
    put(log, b"a")
    stage = Upper()
    stage.trouble = [TransientError("busy")]
    assert run(log, stage, wait=lambda _: True).read == 0
    assert facts(log) == []
    assert run(log, stage).read == 1


def test_records_that_fail_alone_are_dead_letters_and_all_others_go_on(log: EmbeddedLog) -> None:
    put(log, b"a", b"bad", b"c", b"d", b"bug", b"f", b"g")
    progress = run(log, Upper())
    assert progress.fates == {"enriched": 5, "dead": 2} == log.checkpoint("upper", "mentions").fates
    assert sorted(facts(log)) == [b"A", b"C", b"D", b"F", b"G"]  # type: ignore[type-var]
    by_value = {letter.value: letter for letter in list_letters(log)}
    bad = by_value[b"bad"]
    assert (bad.stage, bad.at, bad.error, bad.message) == ("upper", AT, "InputError", "expected good; got bad")
    assert (bad.where, bad.topic, bad.key) == ("field quality", "mentions", "k1")
    assert by_value[b"bug"].error == "ZeroDivisionError"


def test_one_bad_record_in_a_large_batch_costs_few_calls(log: EmbeddedLog) -> None:
    stage = Upper()
    stage.batch = 1_024
    put(log, *(b"bad" if i == 700 else b"v" for i in range(1_024)))
    run(log, stage)
    assert len(stage.calls) <= 2 * 10 + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(values=st.lists(st.sampled_from([b"a", b"b", b"bad", b"bug"]), max_size=30))
def test_every_record_has_one_fate_and_order_within_a_key_holds(log: EmbeddedLog, values: list[bytes]) -> None:
    before = log.checkpoint("upper", "mentions").fates
    end = log.span("facts", 0)[1]
    log.append(
        [
            ProducerRecord("mentions", "one key", value + str(i).encode() if len(value) == 1 else value)
            for i, value in enumerate(values)
        ]
    )
    run(log, Upper())
    after = log.checkpoint("upper", "mentions").fates
    assert sum(after.values()) - sum(before.values()) == len(values)
    wanted = [(value + str(i).encode()).upper() for i, value in enumerate(values) if len(value) == 1]
    assert [r.value for r in log.read("facts", 0, end, 100)] == wanted


def test_a_full_disk_ends_the_run_and_makes_no_dead_letter(log: EmbeddedLog) -> None:
    for error in (FolderFullError("no space left"), ConfigError("a wrong key")):
        put(log, b"a")
        stage = Upper()
        stage.trouble = [error]
        with pytest.raises(type(error)):
            run(log, stage)
    assert list_letters(log) == []
    assert not log.checkpoint("upper", "mentions").positions


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome((), {"enriched": 1}),
        Outcome((), {"enriched": 3}),
        Outcome((), {"enriched": 1, "dead": 1}),
        Outcome((), {"enrched": 2}),
    ],
)
def test_fates_that_do_not_add_up_are_a_bug_and_nothing_is_committed(log: EmbeddedLog, outcome: Outcome) -> None:
    class Careless(Upper):
        def process(self, records: Sequence[ConsumerRecord]) -> Outcome:
            return outcome

    put(log, b"a", b"b")
    with pytest.raises(RuntimeError, match=r"add up to 2 records.*a bug in the stage"):
        run(log, Careless())
    assert not log.checkpoint("upper", "mentions").positions


def test_outputs_are_flushed_before_the_input_is_committed(log: EmbeddedLog) -> None:
    put(log, b"a")
    steps: list[tuple[int, Mapping[int, int]]] = []

    def flush() -> None:
        steps.append((len(facts(log)), log.checkpoint("upper", "mentions").positions))

    run(log, Upper(), flush=flush)
    assert steps == [(1, {})]
    assert log.checkpoint("upper", "mentions").positions


def test_after_a_crash_between_flush_and_commit_the_batch_is_done_again_and_counted_once(log: EmbeddedLog) -> None:
    put(log, b"a")

    def crash() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(log, Upper(), flush=crash)
    run(log, Upper())
    assert facts(log) == [b"A", b"A"]  # the same record twice: whoever reads it folds by its id
    assert log.checkpoint("upper", "mentions").fates == {"enriched": 1}


class OwnSink:
    """Keeps its positions with its state, as the matcher does, and the log knows nothing of them."""

    def __init__(self) -> None:
        self.state: list[Outcome] = []
        self.at: dict[int, int] = {}
        self.trouble: list[Exception] = []

    def positions(self) -> Mapping[int, int]:
        return self.at

    def write(self, outcome: Outcome, positions: Mapping[int, int]) -> None:
        if self.trouble:
            raise self.trouble.pop()
        self.state.append(outcome)
        self.at.update(positions)


def test_a_sink_with_its_own_positions_decides_where_reading_begins(log: EmbeddedLog) -> None:
    put(log, b"a", b"b", b"c")
    sink = OwnSink()
    assert run(log, Upper(), sink=sink).read == 3
    assert run(log, Upper(), sink=sink).read == 0
    assert not log.checkpoint("upper", "mentions").positions
    partition = min(sink.at)
    sink.at[partition] = 0
    assert run(log, Upper(), sink=sink).read >= 1


def test_a_sink_that_fails_for_one_record_makes_it_a_dead_letter(log: EmbeddedLog) -> None:
    put(log, b"a")
    sink = OwnSink()
    sink.trouble = [ValueError("a bug for this record"), TransientError("busy")]
    assert run(log, Upper(), sink=sink).fates == {"dead": 1}
    (outcome,) = sink.state
    assert outcome.dead[0].message == "a bug for this record"


def test_a_stop_is_obeyed_between_batches_and_the_batch_in_hand_is_finished(log: EmbeddedLog) -> None:
    put(log, *(b"v" for _ in range(30)))
    stop = threading.Event()
    assert run(log, Upper(), stop=stop, on_progress=lambda _: stop.set()).read == 8
    assert sum(log.checkpoint("upper", "mentions").fates.values()) == 8
    assert run(log, Upper()).read == 22


def test_a_stop_while_a_batch_is_cut_in_halves_leaves_the_rest_for_the_next_run(log: EmbeddedLog) -> None:
    put(log, b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"bad")
    stop = threading.Event()
    first = run(log, Upper(), stop=stop, on_progress=lambda _: stop.set()).read
    assert 0 < first < 8
    assert run(log, Upper()).read == 8 - first
    assert log.checkpoint("upper", "mentions").fates == {"enriched": 7, "dead": 1}


def test_a_run_goes_on_while_upstream_is_not_done_and_ends_when_told_to_stop(log: EmbeddedLog) -> None:
    stop, seen = threading.Event(), list[int]()

    def busy() -> bool:
        seen.append(1)
        if len(seen) == 2:
            put(log, b"late")
        if len(seen) == 3:
            stop.set()
        return False

    with closing(log.consumer("upper", "mentions")) as consumer:
        sink = LogSink(log, consumer)
        assert run_stage(Upper(), consumer, sink, stop=stop, until_idle=busy, timeout=0.01).read == 1
    assert len(seen) == 3


def test_what_upstream_did_just_before_it_was_done_is_not_left_behind(log: EmbeddedLog) -> None:
    def finished() -> bool:
        if log.span("facts", 0)[1] == 1:
            put(log, b"last")
        return True

    with closing(log.consumer("upper", "mentions")) as consumer:
        sink = LogSink(log, consumer)
        assert run_stage(Upper(), consumer, sink, stop=threading.Event(), until_idle=finished).read == 1
