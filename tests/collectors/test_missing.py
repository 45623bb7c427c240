"""Which entries a source may have deleted."""

from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.polling.missing import MOST_ENTRIES, MOST_LOOKS, MOST_MISSING, compare, looked
from overheard.records import Shown, ShownEntry


def entry(number: int, *, dated: bool = True) -> ShownEntry:
    return ShownEntry(id=f"m{number}", url=f"https://site.example/{number}", at=number * 100 if dated else None)


def window(*numbers: int, dated: bool = True) -> list[ShownEntry]:
    return [entry(number, dated=dated) for number in numbers]


def missing(shown: Shown) -> list[str]:
    return [one.id for one in shown.missing]


def test_an_entry_gone_from_among_older_ones_may_be_deleted() -> None:
    for dated in (True, False):
        known = compare(None, window(5, 4, 3, 2, dated=dated))
        assert missing(compare(known, window(6, 5, 3, 2, dated=dated))) == ["m4"]


def test_what_falls_out_at_the_end_is_not_missing() -> None:
    known = compare(None, window(5, 4, 3, 2))
    assert missing(compare(known, window(7, 6, 5, 4))) == []
    assert missing(compare(known, window(9, 8, 7, 6))) == []


def test_what_is_old_by_its_date_is_not_missing_wherever_it_stood() -> None:
    known = compare(None, window(2, 5, 4, 3))
    assert missing(compare(known, window(6, 5, 4, 3))) == []


def test_a_feed_that_was_made_anew_or_is_empty_is_no_deletion() -> None:
    known = compare(None, window(6, 5, 4, 3, 2))
    assert missing(compare(known, window(9, 8, 2))) == []
    assert compare(known, []) == known


def test_an_entry_without_a_page_cannot_be_looked_at() -> None:
    known = compare(None, [entry(3), ShownEntry(id="m2", at=200), entry(1)])
    assert missing(compare(known, window(3, 1))) == []


def test_one_that_comes_back_is_not_missing() -> None:
    known = compare(compare(None, window(4, 3, 2)), window(4, 2))
    assert missing(known) == ["m3"]
    assert missing(compare(known, window(4, 3, 2))) == []


def test_it_waits_until_its_page_has_told() -> None:
    shown = compare(compare(None, window(4, 3, 2)), window(4, 2))
    assert missing(compare(shown, window(5, 4, 2))) == ["m3"]
    assert looked(shown, "m3", "gone") == Shown(entries=tuple(window(4, 2)))
    there = looked(shown, "m3", "there")
    assert missing(there) == []
    back = compare(there, window(4, 2))
    assert missing(back) == []


def test_one_that_was_found_to_be_there_is_not_looked_at_again_while_it_stays_away() -> None:
    shown = looked(compare(compare(None, window(4, 3, 2)), window(4, 2)), "m3", "there")
    assert shown.looks == {"m3": 1}
    assert missing(compare(shown, window(5, 4, 2))) == []


def test_a_page_that_tells_nothing_is_asked_three_times() -> None:
    shown = compare(compare(None, window(4, 3, 2)), window(4, 2))
    for _ in range(MOST_LOOKS):
        assert missing(shown) == ["m3"]
        shown = looked(shown, "m3", "unknown")
    assert missing(shown) == []


@given(st.lists(st.lists(st.integers(0, 300), unique=True, max_size=150), max_size=8))
def test_what_is_remembered_is_bounded_and_the_same_again_changes_nothing(rounds: list[list[int]]) -> None:
    shown: Shown | None = None
    for numbers in rounds:
        shown = compare(shown, window(*numbers))
        assert len(shown.entries) <= MOST_ENTRIES
        assert len(shown.missing) <= MOST_MISSING
        assert not set(missing(shown)) & {f"m{number}" for number in numbers}
        assert compare(shown, window(*numbers)) == shown
        for one in shown.missing[:3]:
            shown = looked(shown, one.id, "there")
