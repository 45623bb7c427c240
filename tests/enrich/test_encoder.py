"""The encoder: states of word pieces with places in the text, the same however texts come, for any text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.enrich.encoder import MAX_PIECES, Encoder, plain
from tests.strategies import texts


def spelled(encoder: Encoder, text: str) -> list[str]:
    """The spelling of each piece."""
    (one,) = encoder.encode([text])
    return [text[start:end] for start, end in zip(one.starts, one.ends, strict=True)]


def test_each_piece_has_its_place_in_the_text(encoder: Encoder) -> None:
    assert spelled(encoder, "Café Korvex, oh") == ["Café", "Ko", "r", "ve", "x", ",", "oh"]


def test_a_word_with_an_emoji_stays_a_word_and_a_link_is_one_piece(encoder: Encoder) -> None:
    assert spelled(encoder, "great👍🏽!") == ["great", "👍", "!"]
    assert spelled(encoder, "see https://example.org/a?b=c now") == ["see", "h", "now"]


def test_emoji_of_one_kind_are_one_and_kinds_differ() -> None:
    assert plain("😂") == plain("🤣") != plain("😡")
    assert len(plain("so 😂👍🏽❤️ https://example.org \ud800")) == len("so 😂👍🏽❤️ https://example.org \ud800")


def test_states_do_not_depend_on_what_else_is_read(encoder: Encoder) -> None:
    several = ["Korvex is great", "no", "a much longer sentence about nothing at all, really", "no"]
    for text, one in zip(several, Encoder().encode(several), strict=True):
        (alone,) = Encoder().encode([text])
        assert np.array_equal(alone.states, one.states)


def test_a_span_has_the_mean_of_its_pieces_and_nothing_has_that_of_all(encoder: Encoder) -> None:
    (one,) = encoder.encode(["Korvex is great"])
    assert np.allclose(one.over(10, 15), one.states[-1])
    assert np.allclose(one.over(0, 15), one.mean())
    assert np.allclose(one.over(90, 99), one.mean())
    assert np.allclose(one.moved(100).over(110, 115), one.over(10, 15))
    assert np.allclose(one.part(10, 15).mean(), one.over(10, 15))


def test_a_text_without_a_piece_has_zeros(encoder: Encoder) -> None:
    empty, blank = encoder.encode(["", " \t\u200b"])
    assert not empty.states.size
    assert empty.mean().shape == blank.over(0, 1).shape == (encoder.width,)
    assert not empty.mean().any()


def test_a_long_text_is_read_from_its_beginning(encoder: Encoder) -> None:
    (one,) = encoder.encode(["korvex " * 5_000])
    assert len(one.states) == MAX_PIECES - 2
    assert one.starts[0] == 0


@given(texts)
@settings(max_examples=40, deadline=None)
def test_any_text_is_read_and_offsets_stay_in_it(encoder: Encoder, text: str) -> None:
    (one,) = encoder.encode([text])
    assert len(one.states) == len(one.starts) == len(one.ends)
    assert np.isfinite(one.states).all()
    assert all(0 <= start < end <= len(text) for start, end in zip(one.starts, one.ends, strict=True))


@given(st.text(max_size=200))
def test_what_is_tokenised_is_as_long_as_the_text(text: str) -> None:
    assert len(plain(text)) == len(text)
    plain(text).encode()


@pytest.mark.parametrize(
    "text", ["\ud800\udfff", "a" * 100_000, "é" + "\u0301" * 500, "\u202eabc", "<b>x</b>", "👨‍👩‍👧"]
)
def test_odd_texts_are_read(encoder: Encoder, text: str) -> None:
    (one,) = encoder.encode([text])
    assert np.isfinite(one.states).all()
