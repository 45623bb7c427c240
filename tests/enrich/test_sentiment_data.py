"""What a student of the encoder is asked beside what is labelled."""

import random
from itertools import pairwise

from training.sentiment_data import Example, Target, asked

TEXT = "Korvex and Old Harbour Bank said on Monday that the Lumora app is late."


def test_a_teacher_is_asked_about_the_whole_and_about_names_and_words_that_nobody_labelled() -> None:
    known = Target(0, 6, 2)
    example = asked(Example(TEXT, targets=(known,), origin="news"), random.Random(0))
    assert example.targets[0] == known
    added = example.targets[1:]
    assert 1 <= len(added) <= 3
    assert all(one.label == -1 and TEXT[one.start : one.end].strip() for one in added)
    assert example.label == -1
    assert asked(Example(TEXT, label=0), random.Random(0)).label == 0


def test_no_two_targets_of_a_text_overlap() -> None:
    for seed in range(50):
        targets = asked(Example(TEXT, targets=(Target(11, 27, 0),)), random.Random(seed)).targets
        ordered = sorted(targets)
        assert all(one.end <= other.start for one, other in pairwise(ordered)), targets


def test_a_text_without_words_is_asked_about_as_a_whole() -> None:
    example = asked(Example("12 ... 3"), random.Random(0))
    assert example.targets == ()
    assert example.label == -1
