"""The `watch` topic, materialised."""

import pytest

from overheard.enrich.watch import Watch
from overheard.errors import FolderDamagedError
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import WatchedSource
from tests.enrich.making import a_handle, a_mention, a_term, to_watch


def test_an_empty_topic_watches_nothing(log: EmbeddedLog) -> None:
    watch = Watch(log)
    assert watch.follow() is False
    assert watch.since(0).is_empty
    assert watch.winnow().winnow(a_mention("Korvex")) is None


def test_what_is_on_the_topic_is_watched(log: EmbeddedLog) -> None:
    log.append([to_watch(a_term("korvex")), to_watch(a_handle("meera")), to_watch(WatchedSource(source="press"))])
    watch = Watch(log)
    assert watch.follow() is True
    assert watch.follow() is False
    added = watch.since(0)
    assert [len(kind) for kind in added] == [1, 1, 1]
    assert watch.winnow().winnow(a_mention("Korvex")) is not None
    assert watch.winnow().winnow(a_mention("x", source="press")) is not None


def test_a_tombstone_or_a_deletion_ends_the_watch(log: EmbeddedLog) -> None:
    log.append([to_watch(a_term("korvex")), to_watch(a_term("brannt"))])
    watch = Watch(log)
    watch.follow()
    log.append([ProducerRecord("watch", "term/korvex", None), to_watch(a_term("brannt"), verb="Delete")])
    assert watch.follow() is True
    assert watch.since(0).is_empty
    assert watch.winnow().winnow(a_mention("Korvex Brannt")) is None


def test_since_tells_what_came_after_an_offset_and_not_what_came_again(log: EmbeddedLog) -> None:
    log.append([to_watch(a_term("korvex")), to_watch(a_term("brannt"))])
    watch = Watch(log)
    watch.follow()
    before = watch.offset
    log.append([to_watch(a_term("korvex")), to_watch(a_term("brannt", "Brannt", "BM")), to_watch(a_term("new"))])
    watch.follow()
    assert {term.id for term in watch.since(before).terms} == {"brannt", "new"}
    assert watch.since(watch.offset).is_empty


def test_a_record_that_is_none_of_ours_stops_with_its_place(log: EmbeddedLog) -> None:
    log.append([ProducerRecord("watch", "term/x", b"garbage")])
    with pytest.raises(FolderDamagedError, match=r"watch/0/\d+, key 'term/x'.*import the watch list"):
        Watch(log).follow()


def test_the_end_is_reached_though_its_last_records_were_taken_out(log: EmbeddedLog) -> None:
    last = to_watch(a_handle("ann"))
    log.append([to_watch(a_term("korvex")), last])
    log.append([ProducerRecord("watch", last.key, None)])
    assert log.erase("watch", [last.key], tombstones=True) == 2
    watch = Watch(log)
    assert watch.follow()
    assert watch.offset == log.span("watch", 0)[1]
