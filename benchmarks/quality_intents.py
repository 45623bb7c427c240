"""How well intents are found in sentences of trades that none of the training was of, with the encoder and without.

python -m benchmarks.quality_intents [--worst 50]
"""

import argparse
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import SEED
from benchmarks.figures import Row
from overheard.enrich.encoder import Encoder
from overheard.enrich.intents import LABELS, IntentModel
from training.intentset import Sentence, hindi, labelled

_RESAMPLED = 1_000
MACRO_AIM: Final = 75.0


class Judged(NamedTuple):
    """A sentence, how likely each label is, and which are given."""

    sentence: Sentence
    likely: NDArray[np.float32]
    said: NDArray[np.bool_]


def judged(sentences: Sequence[Sentence], model: IntentModel, encoder: Encoder | None) -> list[Judged]:
    """Return what is made of each sentence; without an encoder by the light half of the model."""
    if encoder is None:
        likely = [model.light(one.text) for one in sentences]
        return [Judged(one, p, p >= model.light_bars) for one, p in zip(sentences, likely, strict=True)]
    states = encoder.encode([one.text for one in sentences])
    likely = [model.full(one.text, state) for one, state in zip(sentences, states, strict=True)]
    return [Judged(one, p, p >= model.full_bars) for one, p in zip(sentences, likely, strict=True)]


def rows() -> list[Row]:
    """Return F1 of all labels together (macro) and of each, its precision and recall, and the calibration error."""
    model, encoder, apart = IntentModel(), Encoder(), labelled("test")
    if model.encoder != encoder.version:
        msg = f"expected intents trained on encoder {encoder.version}; got {model.encoder}: run make models"
        raise ValueError(msg)
    return [
        *_rows("intents", judged(apart, model, encoder)),
        _rows("intents without the encoder", judged(apart, model, None))[0]._replace(aim=None),
        *(one._replace(aim=None) for one in _rows("hi-Latn", judged(hindi(), model, encoder))),
        _rows("hi-Latn, without the encoder", judged(hindi(), model, None))[0]._replace(aim=None),
    ]


def _rows(part: str, found: Sequence[Judged]) -> list[Row]:
    said = np.array([one.said for one in found])
    right = np.array([one.sentence.labels for one in found])
    likely = np.array([one.likely for one in found])
    number = len(found)

    def row(name: str, of: int, figure: Callable[[NDArray[np.int64]], float], aim: float | None = None) -> Row:
        return _row(Row(name, part, of, 0.0, 0.0, 0.0, aim), number, figure)

    made = [row("macro-F1", number, lambda at: float(f1(said[at], right[at]).mean()), MACRO_AIM)]
    for label, name in enumerate(LABELS):
        s, r = said[:, label], right[:, label]
        made += [
            row(f"F1 of {name}", int(r.sum()), partial(_f1_of, s, r)),
            row(f"precision of {name}", int(s.sum()), partial(_share, s & r, s)),
            row(f"recall of {name}", int(r.sum()), partial(_share, s & r, r)),
        ]
    nothing = np.asarray(~right.any(axis=1))
    wrong = np.asarray(nothing & said.any(axis=1))
    made += [
        row("of what shows nothing, given a label", int(nothing.sum()), partial(_share, wrong, nothing)),
        row("calibration error, 15 bins", likely.size, lambda at: calibration_error(likely[at], right[at])),
    ]
    return made


def _row(about: Row, drawn_of: int, figure: Callable[[NDArray[np.int64]], float]) -> Row:
    """Return a row with its figure; the interval is of as many sentences drawn anew as there are, `drawn_of`."""
    rng = np.random.default_rng(SEED)
    drawn = [100 * figure(rng.integers(0, drawn_of, drawn_of)) for _ in range(_RESAMPLED)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return about._replace(figure=100 * figure(np.arange(drawn_of)), low=float(low), high=float(high))


def f1(said: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return F1 along the first axis; 0 where nothing is said or right."""
    both = 2.0 * (said & right).sum(axis=0)
    return np.asarray(both / np.maximum(1, said.sum(axis=0) + right.sum(axis=0)), np.float64)


def _f1_of(said: NDArray[np.bool_], right: NDArray[np.bool_], at: NDArray[np.int64]) -> float:
    return float(f1(said[at], right[at]))


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_], at: NDArray[np.int64]) -> float:
    return float(part[at].sum() / max(1, whole[at].sum()))


def calibration_error(likely: NDArray[np.float32], right: NDArray[np.bool_], bins: int = 15) -> float:
    """Return how far what is claimed is from what is right, in the mean over all decisions, in `bins` equal steps."""
    claimed, true = likely.ravel(), right.ravel()
    step = np.minimum((claimed * bins).astype(int), bins - 1)
    gaps = [abs(claimed[step == i].sum() - true[step == i].sum()) for i in range(bins)]
    return float(sum(gaps) / len(claimed))


def worst(number: int) -> list[tuple[float, str, str, str]]:
    """Return the surest mistakes on the part kept apart: how wrong, the label, "missed" or "false", the sentence."""
    mistakes: list[tuple[float, str, str, str]] = []
    model = IntentModel()
    for one in judged(labelled("test"), model, Encoder()):
        for label, name in enumerate(LABELS):
            if one.said[label] != one.sentence.labels[label]:
                far = abs(float(one.likely[label]) - float(one.sentence.labels[label]))
                mistakes.append((far, name, "false" if one.said[label] else "missed", one.sentence.text))
    random.Random(SEED).shuffle(mistakes)
    return sorted(mistakes, key=lambda one: -one[0])[:number]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--worst", type=int, default=0, help="mistakes to print, the surest first")
    chosen = parser.parse_args()
    for row in rows():
        aim = "" if row.aim is None else f", asked for {row.aim:.0f}"
        print(f"{row.part}: {row.name}: {row.figure:.1f} ({row.low:.1f} to {row.high:.1f}), n {row.number}{aim}")
    for far, label, kind, text in worst(chosen.worst):
        print(f"{far:.2f} {label} {kind}: {text}")


if __name__ == "__main__":
    main()
