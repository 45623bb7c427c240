"""Letters: languages by the parts of their words, the same at training and at run time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.enrich.language import letters
from overheard.enrich.letters import BUCKETS, MAX_WORDS, parts, words_of
from tests.strategies import texts


def test_words_are_in_lower_case_without_digits_and_marks_of_text() -> None:
    assert words_of("It's 3 o’clock, ÉCOLE! हिन्दी @x_1") == ["it's", "o’clock", "école", "हिन्दी", "x"]


@given(texts)
def test_words_and_their_parts_are_bounded(text: str) -> None:
    words = words_of(text)
    assert len(words) <= MAX_WORDS
    for word in words:
        assert all(0 <= bucket < BUCKETS for bucket in parts(word))


def test_the_parts_of_a_word_are_the_same_for_ever() -> None:
    # The weights on disk are counted by these numbers.
    assert list(parts("ab")) == [30019, 4990, 15939, 28665, 2908, 13291, 18541, 32523, 58, 5617, 27502]


@given(st.lists(st.text(alphabet="abcdefghijklmnop", min_size=1, max_size=12), min_size=1, max_size=20))
def test_probabilities_come_to_one(words: list[str]) -> None:
    likely = letters().probabilities(words)
    assert set(likely) == set(letters().classes)
    assert sum(likely.values()) == pytest.approx(1, abs=1e-4)


def test_among_two_languages_only_they_are_named() -> None:
    likely = letters().probabilities(words_of("saya tidak bisa datang karena sakit"), ("id", "ms"))
    assert set(likely) == {"id", "ms"}
    assert likely["id"] > likely["ms"]


def test_no_words_have_no_language() -> None:
    assert letters().probabilities([]) == {}
