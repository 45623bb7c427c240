"""How far a poll reads on: to what was reached, or to the end of what its service narrowed down by itself."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from overheard.collectors.polling.reach import Sheet, Trail, after

UNTIL = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = "https://a.example/", "https://a.example/?page=2", "https://a.example/?page=3"


def sheet(ids: str, older: str, minutes: Sequence[int]) -> Sheet:
    """Return a page with posts so many minutes after what was reached, the newest first."""
    times = sorted(UNTIL + timedelta(minutes=one) for one in minutes)
    middle = times[(len(times) - 1) // 2]
    return Sheet(frozenset(ids), times[0], middle, times[-1], fresh=True, older=older)


def test_a_list_is_read_on_until_most_of_a_page_is_known() -> None:
    trail = after(Trail("", FIRST, "", UNTIL), sheet("abc", SECOND, [5, 4, 3]))
    assert trail.next == SECOND
    trail = after(trail, sheet("def", THIRD, [2, -1, -2]))
    assert (trail.next, trail.circles) == ("", False)


def test_what_a_service_narrowed_down_is_read_to_its_end() -> None:
    """What came late into its index lies among what is known, and beyond."""
    trail = after(Trail("", FIRST, "", UNTIL, narrowed=True), sheet("abc", SECOND, [2, -1, -2]))
    assert trail.next == SECOND
    trail = after(trail, sheet("def", "", [-3, -4, -5]))
    assert (trail.next, trail.circles) == ("", False)


def test_where_posts_come_belatedly_a_list_is_read_on_for_so_much_longer() -> None:
    trail = after(Trail("", FIRST, "", UNTIL, belated=timedelta(minutes=5)), sheet("abc", SECOND, [2, -1, -4]))
    assert trail.next == SECOND
    trail = after(trail, sheet("def", THIRD, [-4, -5, -9]))
    assert (trail.next, trail.circles) == ("", False)


def test_a_page_that_comes_again_in_place_of_an_older_one_is_no_end() -> None:
    trail = after(Trail("", FIRST, "", UNTIL), sheet("abc", SECOND, [5, 4, 3]))
    assert after(trail, sheet("abc", SECOND, [5, 4, 3])).circles
    assert after(trail, sheet("abc", THIRD, [5, 4, 3])).circles
    assert after(trail, sheet("abc", "", [5, 4, 3])).circles


def test_of_what_is_read_to_its_end_a_page_that_goes_back_to_newer_posts_is_no_end_though_it_is_known() -> None:
    trail = after(Trail("", FIRST, "", UNTIL, narrowed=True), sheet("abc", SECOND, [2, -1, -2]))
    assert after(trail, sheet("abc", THIRD, [2, -1, -2])).circles
    # A post that was made meanwhile makes it no other page.
    assert after(trail, sheet("nab", SECOND, [3, 2, -1])).circles


def test_the_last_page_of_what_is_read_to_its_end_may_name_itself() -> None:
    trail = after(Trail("", FIRST, "", UNTIL, narrowed=True), sheet("abc", SECOND, [2, -1, -2]))
    trail = after(trail, sheet("cde", SECOND, [-2, -3, -4]))
    assert (trail.next, trail.circles) == ("", False)
