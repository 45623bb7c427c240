"""Make `enrich/models/intents`: a linear model for each intent, over words, kinds of words and the encoder's states.

Trained on `training/intents.tsv`, our own writing (`training/intents.md`), its parts train and dev; test is apart, of
other trades; and on texts of others as background, of which little is known but that most show nothing. Calibrated,
and each label's bar found, by leaving groups of train and dev out, five times.

    python -m training.intents [--seed 0]        # two minutes; needs enrich/models/encoder
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from overheard.enrich.cues import features
from overheard.enrich.encoder import Encoder
from overheard.enrich.intents import LABELS, MODEL, Vocabulary, pooled
from training.about import write_about
from training.intentset import Sentence, labelled
from training.sentiment_data import Example as Passage
from training.sentiment_data import emotions, news, posts, share

FOLDS = 5
# What is met once in the training part is known of nothing else.
_LEAST = 2
_LEAST_OF_OTHERS = 8
# What a text of others weighs beside one of ours in training, and all of them beside all of ours where bars are made.
_BACKGROUND = 0.05
_OTHERS_COUNT = 1.0
_SHORT = 200
# Whether a short post of each class complains, and whether it praises: negative, neutral, positive.
_VIEWS: Final = ((1, 0), (0, 0), (0, 1))
_BUYS = regex.compile(r"\b(?:buy|bought|buying|order|get|getting|want|need|price|cop)\b|\$", regex.IGNORECASE)
_LEAVES = regex.compile(
    r"\b(?:cancel|uninstall|delet|quit|leav|switch|refund|done|never|stop|anymore|return|bye)\w*", regex.IGNORECASE
)
_COMPARES = regex.compile(r"\b(?:than|vs|versus|compared|better|worse|unlike|prefer|over)\b", regex.IGNORECASE)
# Of 1, 2, 3, 5, 10 the best on groups left out; between 2 and 5 nothing changes.
_STRENGTH = 3.0
# A sentence without its marks, in lower case, as posts have it: counts half, since it says nothing new.
_BARE_WEIGHT = 0.5
_MARKS = regex.compile(r"[^\w\s#@]+")

States = Callable[[Sequence[str]], NDArray[np.float32]]


def bare(text: str) -> str:
    """Return a text as it is typed in haste: no capitals, no marks."""
    return " ".join(_MARKS.sub("", text.lower().replace("-", " ")).split())


class Example(NamedTuple):
    """A text with what is known of its labels, in the order of LABELS: 1, 0, or -1 where nobody knows."""

    text: str
    known: tuple[int, ...]
    weight: float
    fold: int


def own(sentences: Sequence[Sentence], seed: int) -> list[Example]:
    """Return our sentences as written, and again as typed in haste; a group is in one fold."""
    groups = sorted({sentence.group for sentence in sentences})
    random.Random(seed).shuffle(groups)
    fold_of = {group: at % FOLDS for at, group in enumerate(groups)}
    examples = [Example(s.text, tuple(map(int, s.labels)), 1.0, fold_of[s.group]) for s in sentences]
    return examples + [one._replace(text=bare(one.text), weight=_BARE_WEIGHT) for one in examples]


def background(seed: int) -> list[Example]:
    """Return texts of others, of which something is known without reading each; all from parts that may be trained on.

    News reports, and asks, buys or leaves nothing. A comment or post without a question mark seldom asks; where it has
    no emotion, or no view of a brand, it seldom complains or praises. Of short posts that speak ill of a brand most
    complain, of those that speak well most praise.
    """
    rng = random.Random(seed)
    found = [
        Example(one.text, (0, 0, 0, 0, 0, 0), _BACKGROUND, _fold(one.group))
        for one in _drawn(news("train"), 1_500, rng)
        if "?" not in one.text
    ]
    for one in _drawn(emotions("train"), 4_000, rng):
        calm = 0 if one.label == 1 else -1
        known = (calm, _asks(one.text), calm, 0, 0, _compares(one.text))
        found.append(Example(one.text, known, _BACKGROUND, _fold(one.text)))
    first = {one.group: one for one in reversed(posts("train"))}
    for one in _drawn(list(first.values()), 4_000, rng):
        bad, good = _VIEWS[one.label or 0] if one.label == 1 or len(one.text) < _SHORT else (-1, -1)
        buys = -1 if _BUYS.search(one.text) else 0
        leaves = -1 if _LEAVES.search(one.text) else 0
        known = (bad, _asks(one.text), good, buys, leaves, _compares(one.text))
        found.append(Example(one.text, known, _BACKGROUND, _fold(one.group)))
    return found


def _drawn(some: Sequence[Passage], number: int, rng: random.Random) -> list[Passage]:
    return rng.sample(list(some), min(number, len(some)))


def _fold(group: str) -> int:
    return int(share(group) * FOLDS)


def _asks(text: str) -> int:
    return -1 if "?" in text else 0


def _compares(text: str) -> int:
    return -1 if _COMPARES.search(text) else 0


def words_of(examples: Sequence[Example]) -> list[str]:
    """Return the features met often enough to learn from, in order."""
    ours: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for example in examples:
        found = features(example.text)
        (ours if example.weight == 1 else others).update(found.words | found.kinds)
    often = {name for name, count in ours.items() if count >= _LEAST}
    return sorted(often | {name for name, count in others.items() if count >= _LEAST_OF_OTHERS})


def rows_of(texts: Sequence[str], vocabulary: Vocabulary, size: int) -> csr_matrix:
    """Return what each text shows, [n, size], weighed as at run time."""
    at, columns, values = [0], [], []
    for text in texts:
        for known in vocabulary.rows(features(text)):
            columns += known
            values += [1 / np.sqrt(max(1, len(known)))] * len(known)
        at.append(len(columns))
    return csr_matrix((np.array(values, np.float64), np.array(columns), np.array(at)), shape=(len(texts), size))


class Fitted(NamedTuple):
    """Weights [d, 6] and biases [6] with the calibration in them, and the bars [6] above which a label is given.

    `left_out` is the F1 of each label on groups of ours left out of training.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    bars: NDArray[np.float64]
    left_out: NDArray[np.float64]


def fit(rows: csr_matrix, examples: Sequence[Example]) -> Fitted:
    """Fit a model for each label; calibrate it on what was left out, and find the bar of the best F1 there.

    There ours count once, and the others together as much as ours: a feed has more of what shows nothing.
    """
    known = np.array([one.known for one in examples])
    weights = np.array([one.weight for one in examples])
    folds = np.array([one.fold for one in examples])
    ours = weights == 1
    others = weights == _BACKGROUND
    counted = ours + others * _OTHERS_COUNT * ours.sum() / max(1, others.sum())
    fitted, biases, bars, left_out = [], [], [], []
    for label in range(len(LABELS)):
        right = known[:, label] == 1
        # What is only likely to be right makes no bar.
        judged = (counted > 0) & ((known[:, label] == 0) | ours)
        scores = np.zeros(len(right))
        for fold in range(FOLDS):
            out = folds == fold
            scores[out] = _fitted(rows, right, weights, ~out & (known[:, label] >= 0)).decision_function(rows[out])
        scale = LogisticRegression(C=1e6).fit(scores[judged, None], right[judged], sample_weight=counted[judged])
        slope, shift = float(scale.coef_[0, 0]), float(scale.intercept_[0])
        likely = 1 / (1 + np.exp(-(slope * scores + shift)))
        bar = best_bar(likely[judged], right[judged], counted[judged])
        model = _fitted(rows, right, weights, known[:, label] >= 0)
        fitted.append(slope * model.coef_[0])
        biases.append(slope * float(model.intercept_[0]) + shift)
        bars.append(bar)
        left_out.append(f1(likely[ours] >= bar, right[ours]))
    return Fitted(np.array(fitted).T, np.array(biases), np.array(bars), np.array(left_out))


def _fitted(rows: csr_matrix, right: NDArray[np.bool_], weights: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Any:
    model = LogisticRegression(C=_STRENGTH, max_iter=1000)
    # As many of a label as not, by weight: else what is rare is never said.
    share_right = (weights * right)[chosen].sum() / weights[chosen].sum()
    balanced = weights * np.where(right, 0.5 / share_right, 0.5 / (1 - share_right))
    return model.fit(rows[chosen], right[chosen], sample_weight=balanced[chosen])


def best_bar(likely: NDArray[np.float64], right: NDArray[np.bool_], counted: NDArray[np.float64]) -> float:
    """Return the bar with the best F1; of a plateau its middle."""
    tried = np.linspace(0.1, 0.9, 81)
    found = np.array([f1(likely >= bar, right, counted) for bar in tried])
    return float(np.median(tried[found >= found.max() - 0.005]))


def f1(said: NDArray[np.bool_], right: NDArray[np.bool_], counted: NDArray[np.float64] | float = 1.0) -> float:
    """Return F1, 0 where nothing is right or said; each counts so often."""
    both = float((counted * (said & right)).sum())
    return 2 * both / max(1.0, float((counted * said).sum() + (counted * right).sum()))


def make(states: States, encoder: str, folder: Path = MODEL, seed: int = 0) -> None:
    """Train both models on the states of the encoder of that version, and write the folder, without the card."""
    sentences = labelled("train", "dev")
    examples = own(sentences, seed) + background(seed)
    names = words_of(examples)
    texts = [example.text for example in examples]
    shown = rows_of(texts, Vocabulary(names), len(names))
    encoded = states(texts)
    middle, spread = encoded.mean(axis=0), encoded.std(axis=0) + 1e-3
    scale = spread * np.sqrt(encoded.shape[1])
    light = fit(shown, examples)
    full = fit(csr_matrix(hstack([shown, (encoded - middle) / scale])), examples)
    heads = full.weights[len(names) :] / scale[:, None]
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / "weights.npz",
        light=light.weights.astype(np.float16),
        light_bias=light.bias.astype(np.float32),
        light_bars=light.bars.astype(np.float32),
        full=full.weights[: len(names)].astype(np.float16),
        full_bias=(full.bias - middle @ heads).astype(np.float32),
        full_bars=full.bars.astype(np.float32),
        pooled=heads.astype(np.float16),
        encoder=np.array(encoder),
    )
    (folder / "features.txt").write_text("\n".join(names) + "\n", "utf-8")
    write_about(
        folder,
        made_by="python -m training.intents",
        seed=seed,
        encoder=encoder,
        data={
            f"training/intents.tsv, {len(sentences)} sentences": "our own writing",
            "NewsMTSC, as background": "MIT",
            "GoEmotions, as background": "Apache-2.0 and CC-BY-4.0",
            "Twitter Entity Sentiment Analysis, as background": "CC0",
        },
        figures={
            "F1 on groups of ours left out of training": _by_label(full.left_out),
            "the same without the encoder": _by_label(light.left_out),
        },
    )


def _by_label(figures: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(LABELS, figures.round(3).tolist(), strict=True))


def states_of(encoder: Encoder) -> States:
    """Return what makes of texts the pooled states of each, [n, 2 x width]."""

    def states(texts: Sequence[str]) -> NDArray[np.float32]:
        parts = (encoder.encode(texts[at : at + 256]) for at in range(0, len(texts), 256))
        return np.array([pooled(one) for part in parts for one in part], np.float32)

    return states


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    encoder = Encoder()
    make(states_of(encoder), encoder.version, seed=chosen.seed)
    print((MODEL / "model.json").read_text("utf-8"))


if __name__ == "__main__":
    main()
