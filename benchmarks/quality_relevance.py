"""How well the winnow tells what is meant: brands and words that its model never met, and what "not about us" teaches.

python -m benchmarks.quality_relevance

Words: our own sentences and labelled posts, of the third of the names that is kept apart by a hash. Brands: the eight
that are left out of entity_sentiment; relevant is what is not "Irrelevant". Each is judged as at run time: a name that
is a word ("Battlefield", "Hearthstone") as a word, all others as names. Beside it stands what judging all of them as
names comes to, which is what was printed before, and the ROC area within a brand: what tells the posts of one apart,
where precision over all also gains by telling the brands apart. The curve draws decisions at random
(seeded, ten times) and judges the posts that were not drawn, by the bar of run time: that of a term of which nobody has
said anything, and then that of a word or of another name.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from overheard.enrich.encoder import Encoder
from overheard.enrich.senses import (
    BAR,
    UNTAUGHT,
    WORD_BAR,
    Base,
    Floats,
    is_as_a_name,
    is_word_of,
    learn,
    load,
    sigmoid,
)
from training.senses import Case, features, is_test, own, posts, shares, word_cases
from training.sentiment_data import brands

_DRAWS: Final = 10
_DECISIONS: Final = (0, 5, 10, 20)
_LEFT: Final = 10  # posts of each sense that must be left to judge
_RESAMPLES: Final = 500


class Row(NamedTuple):
    """A line of the table: figures in [0, 1], with the 95 % interval of the first by bootstrap over texts."""

    what: str
    texts: int
    precision_at_60: float
    low: float
    high: float
    precision: float
    recall: float
    f1: float
    within: float = float("nan")


def as_words(cases: Sequence[Case]) -> list[bool]:
    """Return for each whether it is judged as a word at run time, by the spelling that stands in its text."""
    return [is_word_of(one.text[one.start : one.end]) for one in cases]


def bars_of(words: Sequence[bool]) -> Floats:
    """Return the bar of each case once something is said of its term."""
    return np.where(np.array(words, bool), WORD_BAR, BAR)


def rows() -> list[Row]:
    """Return every figure: names left out, then the curves of what is learned."""
    encoder, (base, _) = Encoder(), load()
    _, words = word_cases()
    found = []
    for what, origin in (
        ("words: posts, the same word as firm and as not", "brand_sense"),
        ("words: own sentences", "own"),
        ("words: labelled posts", "labelled"),
    ):
        cases = [one for one in words if one.origin == origin]
        seen = base.seen(*features(cases, encoder))
        found.append(_row(what, base.logits(seen, [True] * len(cases)), _about(cases), WORD_BAR))
    on_brands = posts(brands("test"))
    seen = base.seen(*features(on_brands, encoder))
    writes = np.array([one.origin == "posts" for one in on_brands])
    named_only = [one for one in on_brands if one.origin == "posts"]
    for how, are_words in (("", as_words(on_brands)), (", judged as names", [False] * len(on_brands))):
        logits, bars = base.logits(seen, are_words), bars_of(are_words)
        named_row = _row(f"brands: posts that write the name{how}", logits[writes], _about(named_only), bars[writes])
        all_row = _row(f"brands: all posts{how}", logits, _about(on_brands), bars)
        found.append(named_row._replace(within=_within(named_only, logits[writes])))
        found.append(all_row._replace(within=_within(on_brands, logits)))
    found += _curve("words", base, encoder, [c for c in own() if is_test(c.name)], word=True, decisions=(0, 2, 4))
    named = [c for c in posts(brands("test") | brands("dev")) if c.origin == "posts"]
    found += _curve("brands", base, encoder, named, word=False, decisions=_DECISIONS)
    return found


def _within(cases: Sequence[Case], logits: Floats) -> float:
    """Return the ROC area within a brand: the mean over the brands, weighed by their posts that are not about them."""
    about, names = _about(cases), np.array([one.name for one in cases])
    areas, weights = [], []
    for name in sorted(set(names)):
        its = names == name
        if about[its].any() and not about[its].all():
            areas.append(shares(logits[its], about[its]).area)
            weights.append(int((~about[its]).sum()))
    return float(np.average(areas, weights=weights))


def _about(cases: Sequence[Case]) -> NDArray[np.bool_]:
    return np.array([one.about for one in cases])


def _row(what: str, logits: Floats, about: NDArray[np.bool_], bars: float | Floats) -> Row:
    one = shares(sigmoid(logits), about, bars)
    rng = np.random.default_rng(0)
    again = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(0, len(about), len(about))
        if about[drawn].any():
            again.append(shares(sigmoid(logits[drawn]), about[drawn]).at_sixty)
    low, high = np.quantile(again, (0.025, 0.975))
    f1 = _f1(one.precision, one.recall)
    return Row(what, len(about), one.at_sixty, float(low), float(high), one.precision, one.recall, f1)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _curve(
    what: str, base: Base, encoder: Encoder, cases: Sequence[Case], *, word: bool, decisions: Sequence[int]
) -> list[Row]:
    """Return a row for each number of decisions: "not about us" alone, and with as many posts confirmed."""
    seen, about = base.seen(*features(cases, encoder)), _about(cases)
    words = np.array([True] * len(cases) if word else as_words(cases))
    logits = base.logits(seen, words.tolist())
    rng = np.random.default_rng(0)
    most = max(decisions)
    taught = bars_of(words.tolist())
    # Nobody said anything of it: of a word nearly all passes, of another name all.
    untaught = np.where(words & ~is_as_a_name(seen), UNTAUGHT, 0.0)
    pooled: dict[tuple[int, bool], list[tuple[Floats, NDArray[np.bool_], Floats]]] = {}
    for name in sorted({one.name for one in cases}):
        its = np.array([i for i, one in enumerate(cases) if one.name == name])
        if (~about[its]).sum() < most + min(_LEFT, most) or about[its].sum() < most + min(_LEFT, most):
            continue
        for _ in range(_DRAWS):
            drawn = rng.permutation(its)
            no, yes = drawn[~about[drawn]], drawn[about[drawn]]
            rest = np.concatenate([no[most:], yes[most:]])
            for number in decisions:
                for confirmed in (False, True):
                    told = np.concatenate([no[:number], yes[: number * confirmed]])
                    moved = np.zeros(len(rest))
                    if number:
                        are_words = bool(words[told].any())
                        learned = learn(base, seen[told], logits[told], list(about[told]), word=are_words)
                        moved = learned.moved(base, seen[rest])
                    bars = (taught if number else untaught)[rest]
                    pooled.setdefault((number, confirmed), []).append((logits[rest] + moved, about[rest], bars))
    return [
        _row(
            f'{what}: after {number} "not about us"' + (" and as many confirmed" if confirmed else ""),
            *(np.concatenate(some) for some in zip(*parts, strict=True)),
        )
        for (number, confirmed), parts in pooled.items()
        if number or not confirmed
    ]


def main() -> None:
    print(
        f"bar {WORD_BAR} of words, {BAR} of names, {UNTAUGHT} of words of which nothing was said; P, R, F1 at the bar"
    )
    print("P@60: precision at recall 0.6, with its 95 % interval")
    for row in rows():
        print(
            f"{row.what:60} n {row.texts:6,}  P@60 {row.precision_at_60:.3f} ({row.low:.3f}-{row.high:.3f})"
            f"  P {row.precision:.3f}  R {row.recall:.3f}  F1 {row.f1:.3f}"
            + ("" if math.isnan(row.within) else f"  within a brand {row.within:.3f}")
        )


if __name__ == "__main__":
    main()
