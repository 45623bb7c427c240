"""Highlights: fragments of the text as it is, with marks where the query matched."""

from hypothesis import given
from hypothesis import strategies as st

from overheard.index.highlight import highlight
from overheard.index.query import parse
from tests.index.world import WORDS

LONG = "start " + "filler " * 100 + "needle here " + "filler " * 100 + "another needle at the end"


def marked(query: str, text: str) -> list[str]:
    return [fragment.text[start:end] for fragment in highlight(parse(query), text) for start, end in fragment.marks]


def test_words_phrases_and_prefixes_are_marked_as_they_are_written() -> None:
    text = "The Café of Straße: crash-test, CRASHES; 東京都で"
    assert marked("cafe", text) == ["Café"]
    assert marked('"crash test" OR crash*', text) == ["crash-test", "CRASHES"]
    assert marked("strasse 京都", text) == ["Straße", "京都"]


def test_only_near_words_of_near_are_marked() -> None:
    assert marked("a NEAR/1 b", "a x x x b x a") == ["b", "a"]


def test_a_handle_and_a_tag_are_marked_in_the_text() -> None:
    assert marked("@nvidia #gtc24", "hi @NVIDIA about #GTC24") == ["NVIDIA", "GTC24"]


def test_what_is_not_asked_for_is_not_marked() -> None:
    assert marked("a NOT b", "a b") == ["a"]
    assert marked("author:a source:b", "a b") == []


def test_a_long_text_gives_short_fragments_around_the_matches() -> None:
    fragments = highlight(parse("needle"), LONG, width=80)
    assert [fragment.text[a:b] for fragment in fragments for a, b in fragment.marks] == ["needle", "needle"]
    assert all(len(fragment.text) <= 80 for fragment in fragments)


def test_at_most_so_many_fragments_come() -> None:
    assert len(highlight(parse("needle"), LONG * 10, width=40, most=3)) == 3


def test_without_a_match_the_beginning_is_shown() -> None:
    [fragment] = highlight(parse("source:x"), LONG, width=20)
    assert (fragment.start, fragment.marks) == (0, ())
    assert LONG.startswith(fragment.text)
    assert highlight(parse("x"), "") == ()


@given(
    st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join) | st.text(max_size=200),
    st.sampled_from(['driver OR crash OR "the a"', "東京 OR c*", "price NEAR/5 driver", "NOT x", "e* OR 👍"]),
    st.integers(1, 60),
)
def test_every_fragment_is_a_cut_of_the_text_with_marks_inside_it_in_order(text: str, query: str, width: int) -> None:
    at = 0
    for fragment in highlight(parse(query), text, width=width):
        assert text[fragment.start : fragment.start + len(fragment.text)] == fragment.text
        assert fragment.start >= at
        at = fragment.start + len(fragment.text)
        last = 0
        for start, end in fragment.marks:
            assert last <= start < end <= len(fragment.text)
            last = end
