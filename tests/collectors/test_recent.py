"""What is remembered of posts until the index has them: by author, in their order, and no more than so many."""

from overheard.collectors.streaming.recent import RecentPosts


def test_posts_are_found_by_their_author_in_the_order_in_which_they_came() -> None:
    recent = RecentPosts(10)
    for post, author in (("a", "ann"), ("b", "bo"), ("c", "ann"), ("a", "ann")):
        recent.note(post, author)
    assert recent.of("ann") == ("c", "a")
    assert recent.of("bo") == ("b",)
    assert recent.of("nobody") == ()
    assert len(recent) == 3


def test_what_was_noted_longest_ago_is_forgotten_and_an_author_with_nothing_left_as_well() -> None:
    recent = RecentPosts(2)
    for post, author in (("a", "ann"), ("b", "bo"), ("a", "ann"), ("c", "cy")):
        recent.note(post, author)
    assert (recent.of("ann"), recent.of("bo"), recent.of("cy")) == (("a",), (), ("c",))
    assert len(recent) == 2


def test_a_post_is_its_last_author_s() -> None:
    recent = RecentPosts(2)
    recent.note("a", "ann")
    recent.note("a", "bo")
    assert (recent.of("ann"), recent.of("bo"), len(recent)) == ((), ("a",), 1)
