from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.polling.queue import Queue

START = datetime(2026, 5, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_what_is_due_first_goes_first_and_nothing_goes_before_its_time() -> None:
    queue = Queue()
    queue.put("late", "a", at(9))
    queue.put("early", "b", at(3))
    assert queue.take(at(2)) is None
    assert queue.next_time() == at(3)
    assert queue.take(at(10)) == "early"
    assert queue.take(at(10)) == "late"
    assert queue.take(at(10)) is None


def test_a_site_is_asked_once_at_a_time_and_then_left_alone_for_a_while() -> None:
    queue = Queue()
    for key in ("one", "two"):
        queue.put(key, "site", at(0))
    assert queue.take(at(0)) == "one"
    assert queue.take(at(99)) is None
    assert queue.next_time() is None, "only the request under way can tell"
    queue.free("site", at(105))
    assert queue.next_time() == at(105)
    assert queue.take(at(104)) is None
    assert queue.take(at(105)) == "two"


def test_a_site_that_wants_peace_has_it_also_from_what_comes_later() -> None:
    queue = Queue()
    queue.quiet("site", at(60))
    queue.put("job", "site", at(0))
    assert queue.take(at(59)) is None
    assert queue.next_time() == at(60)
    assert queue.take(at(60)) == "job"
    queue.free("site", at(61))
    assert queue.free_at("site") == at(61)


def test_a_job_that_is_put_again_or_dropped_waits_no_more_where_it_was() -> None:
    queue = Queue()
    queue.put("moved", "old", at(0))
    queue.put("moved", "new", at(5))
    queue.put("gone", "old", at(0))
    queue.drop("gone")
    assert queue.take(at(4)) is None
    assert queue.next_time() == at(5)
    assert queue.take(at(5)) == "moved"
    assert len(queue) == 0


def test_what_is_due_and_waits_for_its_site_is_counted() -> None:
    queue = Queue()
    for key in "abc":
        queue.put(key, "site", at(0))
    queue.put("later", "site", at(60))
    queue.take(at(0))
    assert queue.waiting(at(0)) == 2


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=40))
def test_every_job_goes_once_at_its_time_with_its_pause(puts: list[tuple[int, int, int]]) -> None:
    queue = Queue()
    due = {}
    for number, site, when in puts:
        key = f"{number}"
        queue.put(key, f"site{site}", at(when))
        due[key] = (f"site{site}", at(when))
    now = at(0)
    last: dict[str, datetime] = {}
    taken = set()
    while (next_time := queue.next_time()) is not None:
        now = max(now, next_time)
        one = queue.take(now)
        assert one is not None, "next_time promised one"
        where, then = due[one]
        assert now >= then
        assert now - last.get(where, at(-100)) >= timedelta(seconds=2)
        assert one not in taken
        taken.add(one)
        last[where] = now
        queue.free(where, now + timedelta(seconds=2))
    assert taken == due.keys()
    assert len(queue) == 0
    assert queue.take(now + timedelta(seconds=2)) is None
    assert queue.sites == set()


def test_a_site_is_forgotten_once_nothing_waits_there_and_its_pause_is_over() -> None:
    queue = Queue()
    for number in range(100):
        queue.put(f"{number}", f"site{number}", at(number))
    queue.put("dropped", "dropped", at(0))
    queue.drop("dropped")
    for number in range(100):
        assert queue.take(at(number)) == f"{number}"
        queue.free(f"site{number}", at(number + 2))
    queue.quiet("site7", at(500))
    queue.put("waits", "site8", at(1_000))
    assert queue.take(at(200)) is None
    assert queue.sites == {"site7", "site8"}
    assert queue.free_at("site7") == at(500)
    assert queue.take(at(600)) is None
    assert queue.sites == {"site8"}
    queue.put("again", "site7", at(600))
    assert queue.take(at(600)) == "again"
    assert queue.take(at(2_000)) == "waits"
    assert queue.sites == {"site7", "site8"}, "they are being asked"


def test_a_site_that_was_never_asked_cannot_be_freed() -> None:
    with pytest.raises(KeyError):
        Queue().free("nowhere", at(0))
