"""The check of an index against the log: it tells what is missing, surplus, older and newer, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime

from overheard.index.base import Removal
from overheard.index.check import check
from overheard.index.documents import document_of
from overheard.index.embedded import EmbeddedIndex
from overheard.index.stage import change_of
from overheard.log.base import TOPICS, ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import encode, event_for
from tests.index.world import incident, incidents

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def produced(number: int, version: int, *, gone: bool = False) -> ProducerRecord:
    record = incident(number, f"post {number}")
    event = event_for(
        record, subject=record.id, source="/x", time=NOW, verb="Delete" if gone else "Create", sourceversion=version
    )
    return ProducerRecord("documents", record.id, encode(event))


def id_of(number: int) -> str:
    return incident(number, "").id


def index_all(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    for partition in range(TOPICS["documents"].partitions):
        index.apply([change_of(record) for record in log.read("documents", partition, 0, 1_000)])
    index.flush()


def test_an_index_that_has_what_the_log_has_is_equal(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    log.append([produced(number, 1) for number in range(50)])
    log.append([produced(number, 2) for number in range(0, 50, 2)])
    log.append([produced(number, 1) for number in range(0, 50, 3)])
    log.append([produced(number, 3, gone=True) for number in range(0, 50, 5)])
    log.append([ProducerRecord("documents", id_of(1), None), ProducerRecord("documents", "inc_never", None)])
    index_all(log, index)
    read: list[int] = []
    checked = check(index, log, on_progress=read.append)
    assert checked.is_equal, checked
    assert checked.documents == 39
    assert read[-1] == 50 + 25 + 17 + 10 + 2


def test_what_differs_is_told_by_kind(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    log.append([produced(number, 5) for number in range(20)])
    index_all(log, index)
    log.append(
        [produced(1, 6), produced(2, 6, gone=True), produced(30, 1), ProducerRecord("documents", id_of(3), None)]
    )
    index.apply([document_of(incident(4, "post 4"), 9), document_of(incident(40, "x"), 1), Removal(id_of(5), 5)])
    index.flush()
    checked = check(index, log)
    assert checked.counts == {"missing": 2, "surplus": 3, "older": 1, "newer": 1}
    assert {kind: sorted(ids) for kind, ids in checked.samples.items()} == {
        "missing": sorted([id_of(30), id_of(5)]),
        "surplus": sorted([id_of(2), id_of(3), id_of(40)]),
        "older": [id_of(1)],
        "newer": [id_of(4)],
    }
    assert not checked.is_equal


def test_what_became_a_dead_letter_is_not_missing(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    bad = incident(1, "x", k="-1")
    event = event_for(bad, subject=bad.id, source="/x", time=NOW)
    log.append([ProducerRecord("documents", "junk", b"junk"), ProducerRecord("documents", bad.id, encode(event))])
    assert check(index, log).is_equal


def test_what_is_written_while_the_check_runs_is_no_difference(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    log.append([produced(number, 1) for number in range(10)])
    index_all(log, index)

    class Busy:
        """The index, of which a writer works on between the two looks."""

        def versions(self) -> Iterator[tuple[str, int]]:
            log.append([produced(number, 2) for number in range(8, 14)])
            yield from list(index.versions())
            index_all(log, index)

        def __getattr__(self, name: str) -> object:
            return getattr(index, name)

    assert check(Busy(), log).is_equal  # type: ignore[arg-type]


def test_many_documents_of_one_log_are_compared_in_pages(log: EmbeddedLog, index: EmbeddedIndex) -> None:
    records = incidents(2_500, seed=1)
    log.append(
        [
            ProducerRecord("documents", each.id, encode(event_for(each, subject=each.id, source="/x", time=NOW)))
            for each in records
        ]
    )
    checked = check(index, log)
    assert checked.counts["missing"] == checked.documents == 2_500
    assert len(checked.samples["missing"]) == 20
