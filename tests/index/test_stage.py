"""The index stage and the rebuild: the topic `documents` into an index, with every record's fate."""

from datetime import UTC, datetime

import pytest

from overheard.folder import Folder
from overheard.index.base import Search
from overheard.index.documents import Record
from overheard.index.embedded import EmbeddedIndex
from overheard.index.query import parse
from overheard.index.rebuild import rebuild
from overheard.index.stage import IndexStage
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import Incident, Term, Verb, encode, event_for
from tests.index.world import incident, incidents, profile

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def value(record: Record, version: int, verb: Verb = "Create") -> bytes:
    return encode(event_for(record, subject=record.id, source="/matcher", time=NOW, verb=verb, sourceversion=version))


def consumed(key: str, value: bytes | None, offset: int = 0) -> ConsumerRecord:
    return ConsumerRecord("documents", 0, offset, 0, key, value, {})


def answers(index: EmbeddedIndex) -> list[tuple[str, int, bytes]]:
    hits = index.search(Search(parse("*"), limit=1_000)).hits
    return [(hit.id, hit.version, hit.json) for hit in hits]


def test_every_record_has_one_fate(index: EmbeddedIndex) -> None:
    stage = IndexStage(index, clock=lambda: NOW)
    one, two = incident(1, "here"), profile(2, "Jane Doe")
    term = Term(id="t", kind="company", aliases=("T",))
    outcome = stage.process(
        [
            consumed(one.id, value(one, 2)),
            consumed(one.id, value(one, 1)),
            consumed(two.id, value(two, 1)),
            consumed(two.id, value(two, 2, "Delete")),
            consumed("inc_x", None),
            consumed("t", encode(event_for(term, subject="t", source="/x", time=NOW)), 5),
            consumed("junk", b"\xff{", 6),
            consumed("bad", value(incident(3, "x", k="-1"), 1), 7),
        ]
    )
    assert outcome.fates == {"indexed": 2, "stale": 1, "deleted": 2, "dead": 3}
    assert outcome.outputs == ()
    assert [(letter.offset, letter.error, letter.at) for letter in outcome.dead] == [
        (5, "InputError", NOW),
        (6, "InputError", NOW),
        (7, "InputError", NOW),
    ]
    assert "expected an incident or a profile; got overheard.term" in outcome.dead[0].message
    assert [hit[0] for hit in answers(index)] == [one.id]


def test_a_document_under_another_id_is_a_dead_letter(index: EmbeddedIndex) -> None:
    event = event_for(incident(1, "x"), subject="inc_other", source="/x", time=NOW)
    outcome = IndexStage(index, clock=lambda: NOW).process([consumed("inc_other", encode(event))])
    assert outcome.fates == {"dead": 1}
    assert "expected a document with the id of its event" in outcome.dead[0].message


def test_what_the_stage_returned_survives_a_process_that_ends_right_then(folder: Folder) -> None:
    index = EmbeddedIndex(folder)
    IndexStage(index).process([consumed("a", value(incident(1, "here"), 1))])
    again = EmbeddedIndex(folder)
    assert len(answers(again)) == 1
    again.close()
    index.close()


def fill(log: EmbeddedLog, records: list[Incident]) -> list[ProducerRecord]:
    produced = [ProducerRecord("documents", each.id, value(each, 1)) for each in records]
    produced += [ProducerRecord("documents", each.id, value(each, 2)) for each in records[::3]]
    produced += [ProducerRecord("documents", each.id, value(each, 3, "Delete")) for each in records[::7]]
    produced += [ProducerRecord("documents", each.id, None) for each in records[::14]]
    produced += [ProducerRecord("documents", "junk", b"junk")]
    log.append(produced)
    return produced


def test_a_rebuild_gives_the_same_ids_and_answers(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    produced = fill(log, incidents(100, seed=4))
    IndexStage(index).process([consumed(record.key, record.value) for record in produced])
    before = answers(index)
    seen: list[tuple[int, int]] = []
    fates = rebuild(log, index, on_progress=lambda done, whole: seen.append((done, whole)))
    assert answers(index) == before
    assert len(before) == 85
    assert sum(fates.values()) == len(produced)
    assert fates["dead"] == 1
    assert seen[-1] == (len(produced), len(produced))
    # What the stage reads again afterwards is the same again.
    outcome = IndexStage(index).process([consumed(record.key, record.value) for record in produced[:50]])
    assert outcome.fates.get("indexed", 0) == 0
    assert answers(index) == before


def test_a_rebuild_that_fails_half_way_leaves_the_old_index_answering(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    fill(log, incidents(50, seed=4))
    IndexStage(index).process([consumed("a", value(incident(1, "old"), 1))])
    before = answers(index)

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(log, index, on_progress=stop)
    assert answers(index) == before
    rebuild(log, index)
    assert len(answers(index)) == 42


def test_a_rebuild_of_an_empty_log_gives_an_empty_index(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    IndexStage(index).process([consumed("a", value(incident(1, "old"), 1))])
    assert rebuild(log, index) == {}
    assert answers(index) == []
