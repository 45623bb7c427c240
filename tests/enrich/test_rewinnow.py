"""What came to be watched today also finds the mentions of the last days, whenever a worker is killed."""

from collections.abc import Sequence
from typing import Any

import pytest

from overheard.enrich.rewinnow import Rewinnow
from overheard.enrich.stage import EnrichStage
from overheard.errors import TransientError
from overheard.log.base import TOPICS, ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import Actor, EnrichedMention, Event, decode
from tests.enrich.making import a_handle, a_mention, a_term, to_mentions, to_watch

EVERY = range(TOPICS["mentions"].partitions)


def work(log: EmbeddedLog, stage: EnrichStage) -> None:
    """Run the stage over all that waits, as its loop does."""
    consumer = log.consumer("enrich", "mentions")
    while records := consumer.poll(stage.batch, 0):
        outcome = stage.process(records)
        log.append(outcome.outputs)
        positions: dict[int, int] = {}
        for record in records:
            positions[record.partition] = record.offset + 1
        log.commit("enrich", "mentions", positions, outcome.fates)
    consumer.close()


def facts(log: EmbeddedLog) -> list[Event[EnrichedMention]]:
    return [decode(record.value) for record in log.read("facts", 0, 0, 1_000) if record.value is not None]


def by_content(log: EmbeddedLog) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for event in facts(log):
        terms = tuple(passed.by for passed in event.data.passed)
        found.setdefault(event.data.mention.content, []).append((event.cause, terms))
    return found


def test_a_new_term_finds_mentions_that_were_winnowed_away(log: EmbeddedLog, stage: EnrichStage) -> None:
    log.append([to_watch(a_term("korvex"))])
    log.append(
        [to_mentions(a_mention(text, str(i))) for i, text in enumerate(["Korvex", "Brannt", "none", "Korvex Brannt"])]
    )
    rewinnow = Rewinnow(log, stage, lambda: EVERY)
    assert rewinnow.catch_up() == (0, 0)
    work(log, stage)
    assert set(by_content(log)) == {"Korvex", "Korvex Brannt"}
    log.append([to_watch(a_term("brannt"))])
    assert rewinnow.catch_up() == (4, 2)
    assert by_content(log) == {
        "Korvex": [("live", ("korvex",))],
        "Brannt": [("re-match", ("brannt",))],
        "Korvex Brannt": [("live", ("korvex",)), ("re-match", ("korvex", "brannt"))],
    }
    versions = [e.data.model_version for e in facts(log) if e.data.mention.content == "Korvex Brannt"]
    assert versions == sorted(set(versions))
    assert rewinnow.catch_up() == (0, 0)


def test_a_new_contact_finds_what_they_wrote_before(log: EmbeddedLog, stage: EnrichStage) -> None:
    log.append([to_mentions(a_mention("hi", attributed_to=Actor(platform="reddit", preferred_username="Meera")))])
    rewinnow = Rewinnow(log, stage, lambda: EVERY)
    rewinnow.catch_up()
    work(log, stage)
    assert facts(log) == []
    log.append([to_watch(a_handle("meera"))])
    assert rewinnow.catch_up().enriched == 1
    assert by_content(log) == {"hi": [("re-match", ("reddit:handle:meera",))]}


def test_mentions_that_the_stage_has_yet_to_read_are_left_to_it(log: EmbeddedLog, stage: EnrichStage) -> None:
    rewinnow = Rewinnow(log, stage, lambda: EVERY)
    rewinnow.catch_up()
    log.append([to_mentions(a_mention("Korvex")), to_watch(a_term("korvex"))])
    assert rewinnow.catch_up() == (0, 0)
    work(log, stage)
    assert by_content(log) == {"Korvex": [("live", ("korvex",))]}


def test_a_worker_that_starts_late_catches_up_with_what_came_meanwhile(log: EmbeddedLog, stage: EnrichStage) -> None:
    log.append([to_mentions(a_mention("Korvex"))])
    Rewinnow(log, stage, lambda: EVERY).catch_up()
    work(log, stage)
    log.append([to_watch(a_term("korvex"))])
    assert Rewinnow(log, stage, lambda: EVERY).catch_up() == (1, 1)
    assert Rewinnow(log, stage, lambda: EVERY).catch_up() == (0, 0)


def test_each_member_rewinnows_its_own_partitions(log: EmbeddedLog, stage: EnrichStage) -> None:
    log.append([to_mentions(a_mention("Korvex", str(i))) for i in range(30)])
    work(log, stage)
    log.append([to_watch(a_term("korvex"))])
    odd, even = (
        Rewinnow(log, stage, lambda: EVERY[1::2]).catch_up(),
        Rewinnow(log, stage, lambda: EVERY[::2]).catch_up(),
    )
    assert odd.enriched > 0 < even.enriched
    assert odd.enriched + even.enriched == len(facts(log)) == 30


def test_only_the_newest_version_comes_back_and_a_deleted_mention_does_not(
    log: EmbeddedLog, stage: EnrichStage
) -> None:
    versions: list[tuple[str, str, dict[str, Any]]] = [
        ("1", "Korvex first", {}),
        ("2", "Korvex gone", {}),
        ("3", "Korvex before", {}),
        ("1", "Korvex second", {"verb": "Update", "sourceversion": 1}),
        ("2", "", {"verb": "Delete", "sourceversion": 1}),
        ("3", "edited out", {"verb": "Update", "sourceversion": 1}),
    ]
    log.append([to_mentions(a_mention(text, native_id), **fields) for native_id, text, fields in versions])
    rewinnow = Rewinnow(log, stage, lambda: EVERY)
    rewinnow.catch_up()
    work(log, stage)
    before = len(facts(log))
    log.append([to_watch(a_term("korvex"))])
    assert rewinnow.catch_up() == (6, 1)
    (event,) = facts(log)[before:]
    assert (event.data.mention.content, event.sourceversion, event.verb) == ("Korvex second", 1, "Update")


class _KilledError(Exception):
    """The worker ends here."""


class _Dying:
    """A log that works until a call that is named, then kills its worker there."""

    def __init__(self, log: EmbeddedLog, call: str, after: int) -> None:
        self._log, self._call, self._left = log, call, after

    def __getattr__(self, name: str) -> Any:
        if name == self._call:
            self._left -= 1
            if self._left < 0:
                raise _KilledError
        return getattr(self._log, name)


@pytest.mark.parametrize("call", ["append", "commit", "read"])
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_killed_half_way_it_runs_again_and_nothing_is_lost(
    log: EmbeddedLog, stage: EnrichStage, call: str, after: int
) -> None:
    log.append([to_mentions(a_mention(f"Korvex {i}", str(i))) for i in range(25)])
    work(log, stage)
    log.append([to_watch(a_term("korvex"))])
    with pytest.raises(_KilledError):
        Rewinnow(_Dying(log, call, after), stage, lambda: EVERY).catch_up()
    Rewinnow(log, stage, lambda: EVERY).catch_up()
    found = facts(log)
    assert {event.data.mention.content for event in found} == {f"Korvex {i}" for i in range(25)}
    assert len({event.id for event in found}) == 25, "what came twice came as the same event"


def test_an_engine_that_is_busy_is_tried_again_by_the_caller(log: EmbeddedLog, stage: EnrichStage) -> None:
    class Busy(EmbeddedLog):
        def append(self, records: Sequence[ProducerRecord], *, durable: bool = False) -> Sequence[tuple[int, int]]:
            raise TransientError("busy")

    log.append([to_mentions(a_mention("Korvex"))])
    work(log, stage)
    log.append([to_watch(a_term("korvex"))])
    rewinnow = Rewinnow(log, stage, lambda: EVERY)
    log.__class__ = Busy
    with pytest.raises(TransientError):
        rewinnow.catch_up()
    log.__class__ = EmbeddedLog
    assert rewinnow.catch_up() == (1, 1)


def test_a_record_that_was_a_dead_letter_is_passed_over(log: EmbeddedLog, stage: EnrichStage) -> None:
    log.append([ProducerRecord("mentions", "k", b"garbage"), ProducerRecord("mentions", "k", None)])
    (place, _) = log.append([to_mentions(a_mention("Korvex")), to_mentions(a_mention("none", "2"))])
    for partition in EVERY:
        log.commit("enrich", "mentions", {partition: log.span("mentions", partition)[1]}, {})
    log.append([to_watch(a_term("korvex"))])
    assert Rewinnow(log, stage, lambda: EVERY).catch_up() == (4, 1)
    assert place[0] in EVERY
