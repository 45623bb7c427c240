"""Romanised Hindi: words are known by their bones, and "nahi" turns a good one."""

import numpy as np
import pytest
from hypothesis import given

from overheard.enrich.romanised import BAD, FEATURES, GOOD, bones, features
from tests.strategies import texts


@pytest.mark.parametrize("spellings", ["achha acha accha", "badhiya badiya", "bekaar bekar", "zabardast jabardast"])
def test_spellings_of_a_word_have_the_same_bones(spellings: str) -> None:
    assert len({bones(word) for word in spellings.split()}) == 1


def test_no_word_is_both() -> None:
    assert GOOD.isdisjoint(BAD)


def test_a_good_word_denied_counts_as_bad() -> None:
    assert features("khana accha tha")[:2].tolist() == [1, 0]
    assert features("khana accha nahi tha")[:2].tolist() == [0, 1]


@given(texts)
def test_any_text_has_its_features(text: str) -> None:
    found = features(text)
    assert found.shape == (FEATURES,)
    assert np.isfinite(found).all()
