"""Near-duplicates: shingles, their likeness, and bands in which alike texts meet."""

import random

from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.events import near

token = st.sampled_from("a b c d e f g h i j k l m n o p".split())  # noqa: SIM905
texts = st.lists(token, max_size=40)


def test_a_text_of_fewer_than_six_different_shingles_has_none() -> None:
    assert near.shingles("a b c d e f g".split()) == frozenset()  # noqa: SIM905
    assert near.shingles(["ha"] * 100) == frozenset()
    assert len(near.shingles("a b c d e f g h".split())) == 6  # noqa: SIM905


def test_of_a_very_long_text_the_beginning_counts() -> None:
    words = [str(i) for i in range(5_000)]
    assert near.shingles(words) == near.shingles([*words[:1_000], "x"]) == near.shingles(words[:1_000])


@given(texts, texts)
def test_likeness_is_the_shared_share_of_the_shingles(one: list[str], other: list[str]) -> None:
    a, b = near.shingles(one), near.shingles(other)
    assert near.jaccard(a, b) == near.jaccard(b, a) == (len(a & b) / len(a | b) if a | b else 0.0)


@given(texts)
def test_equal_texts_have_equal_bands_below_2_to_the_61(words: list[str]) -> None:
    bands = near.bands(near.shingles(words))
    assert bands == near.bands(near.shingles(list(words)))
    assert len(set(bands)) == (near.BANDS if near.shingles(words) else 0)
    assert all(0 <= band < 1 << 61 for band in bands)


def test_bands_are_the_same_in_every_process_and_release() -> None:
    # They are stored: should these numbers change, what is stored means nothing any more.
    words = "the lathe broke on its second day and nobody answers".split()  # noqa: SIM905
    assert near.bands(near.shingles(words)) == (
        152978356621988799,
        819030454201393436,
        357224793832592177,
        425358441555788716,
        2248750200799263474,
        973856852056621169,
    )


def test_alike_texts_meet_in_a_band_as_often_as_the_formula_says() -> None:
    draw = random.Random(7)
    met = alike = 0
    for _ in range(400):
        words = [str(draw.randrange(10_000)) for _ in range(100)]
        changed = list(words)
        for place in draw.sample(range(100), 3):
            changed[place] = "x"
        a, b = near.shingles(words), near.shingles(changed)
        if near.jaccard(a, b) >= near.LIKENESS:
            alike += 1
            met += bool(set(near.bands(a)) & set(near.bands(b)))
    assert alike > 300
    assert met / alike > 0.95
