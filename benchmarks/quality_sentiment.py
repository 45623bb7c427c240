"""How good the shipped sentiment is, on parts that it was neither trained nor calibrated on: news by article, posts of
brands left out, comments, Hindi in Latin letters, sentences of our own. With 95 % intervals, drawn by article or post.

python -m benchmarks.quality_sentiment [--worst 50]
"""

import argparse
from collections.abc import Callable, Sequence
from time import process_time

import numpy as np
from numpy.typing import NDArray
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.common import SEED, SHARED
from benchmarks.figures import Row
from benchmarks.lexicon import NEUTRAL, Lexicon
from overheard.enrich.draft import Draft
from overheard.enrich.encoder import Encoder
from overheard.enrich.sentiment import POLARITIES, Sentiments
from training.sentiment_data import Example, Target, emotions, hindi_latin, hindi_latin_labelled, news, posts
from training.sentiment_judged import Judged, draft_of, judged

_DRAWN = 1_000
_BINS = 15
# Where a lexicon may be thought to do: texts of so few characters, and scores so high.
_SHORT, _SUREST = 40, 0.8
# Shares answered at which the curve of risk over coverage is printed.
_SHARES = (0.95, 0.9, 0.85, 0.8, 0.7, 0.5)


def rows() -> list[Row]:
    """Return every figure of sentiment. Reads the shared data, which must be there."""
    sentiments = Sentiments(Encoder())
    found: list[Row] = []
    together: list[Judged] = []
    for part, examples, aim in (
        ("news, by article", news("test"), 74.0),
        ("posts, 8 brands left out", posts("test"), None),
    ):
        said = judged(sentiments, examples, targets=True)
        together += said
        lexicon = light(examples)
        found += _figures("toward a target", part, said, sentiments.target.bar, aim=aim)
        found.append(_drawn("VADER, whole text: macro-F1", part, vader(examples), macro_f1))
        found.append(_drawn("our lexicon, by clause: macro-F1", part, lexicon, macro_f1))
        found += cascade(part, said, lexicon)
        if part.startswith("posts"):
            found.append(_gain("above VADER, macro-F1", part, said, vader(examples), aim=12.0))
    found += _figures("toward a target", "both", together, sentiments.target.bar)
    documents = [one for one in emotions("test") if one.label is not None]
    said = judged(sentiments, documents, targets=False)
    found += _figures("of a document", "comments (GoEmotions)", said, sentiments.document.bar)
    found += cascade("comments (GoEmotions)", said, light(documents))
    said = judged(sentiments, posts("test"), targets=False)
    found += _figures("of a document", "posts, 8 brands left out", said, sentiments.document.bar)
    # Four in ten of these have labels as good as drawn by lot, which nobody can hit: with them, and without.
    for part, examples in (("hi-Latn", hindi_latin("test")), ("hi-Latn, labels not by lot", hindi_latin_labelled())):
        said = judged(sentiments, examples, targets=False, language="hi-Latn")
        found += _figures("of a document", part, said, sentiments.hindi.bar)
        found.append(_drawn("VADER, whole text: macro-F1", part, vader(examples), macro_f1))
        most = max(range(3), key=[one.right for one in said].count)
        guess = [one._replace(said=most) for one in said]
        found.append(_gain("above a majority guess, macro-F1", part, said, guess, 15.0))
        found.append(_drawn("our lexicon, whole text: macro-F1", part, light(examples), macro_f1))
        found.append(_gain("above VADER, macro-F1", part, said, vader(examples), 0.0))
        found.append(_gain("above our lexicon, macro-F1", part, said, light(examples), 0.0))
    found.append(_ratio(sentiments))
    return found


def vader(examples: Sequence[Example]) -> list[Judged]:
    """Return what VADER as it comes says of the whole of each text, for each of its targets."""
    analyzer = SentimentIntensityAnalyzer()
    found = []
    for example in examples:
        score = analyzer.polarity_scores(example.text)["compound"]
        said = 2 if score >= 0.05 else 0 if score <= -0.05 else 1
        labels = [one.label for one in example.targets] if example.origin == "news" else [example.label]
        found += [Judged(said, abs(score), label, example.group, example.text) for label in labels if label is not None]
    return found


def light(examples: Sequence[Example]) -> list[Judged]:
    """Return what the lexicon says by clause; "unsure" counts as neutral."""
    lexicon = Lexicon()
    found = []
    for example in examples:
        draft = draft_of(example)
        lexicon.process([draft])
        said = [(one.polarity, one.confidence) for one in draft.targets or [draft.sentiment]]
        labels = [one.label for one in sorted(example.targets)] if example.origin == "news" else [example.label]
        found += [
            Judged(POLARITIES.index(polarity), sure, label, example.group or example.text, example.text)
            if polarity in POLARITIES
            else Judged(POLARITIES.index("neutral"), 0.0, label, example.group or example.text, example.text)
            for (polarity, sure), label in zip(said, labels, strict=True)
            if label is not None
        ]
    return found


def cascade(part: str, said: Sequence[Judged], lexicon: Sequence[Judged]) -> list[Row]:
    """Return how often the lexicon is right where it is surest, and the encoder there: what asking it first would do.

    `said` and `lexicon` are of the same targets or texts, in one order.
    """
    neutral = POLARITIES.index("neutral")
    cases: dict[str, Callable[[Judged], bool]] = {
        "no word of the lexicon": lambda one: one.said == neutral and one.confidence == NEUTRAL,
        "no word of it, up to 40 characters": lambda one: (
            one.said == neutral and one.confidence == NEUTRAL and len(one.text) <= _SHORT
        ),
        "a side at 0.8": lambda one: one.said != neutral and one.confidence >= _SUREST,
    }
    found = []
    for name, is_case in cases.items():
        pairs = [pair for pair in zip(lexicon, said, strict=True) if is_case(pair[0])]
        for who, ones in zip(("lexicon", "encoder"), zip(*pairs, strict=True), strict=False):
            found.append(_drawn(f"{name}: accuracy of the {who}", part, ones, accuracy))
    return found


def macro_f1(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 100 x the mean F1 of the classes of confusion tables [..., right, said]."""
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    scores = 2 * hits / np.maximum(table.sum(-1) + table.sum(-2), 1e-9)
    return np.asarray(100 * scores.mean(-1))


def accuracy(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 100 x the share that is right."""
    return np.asarray(100 * np.trace(table, axis1=-2, axis2=-1) / np.maximum(table.sum((-2, -1)), 1e-9))


def calibration_error(said: Sequence[Judged]) -> float:
    """Return the expected calibration error over 15 bins of equal width (Naeini et al. 2015)."""
    sure = np.array([one.confidence for one in said])
    right = np.array([one.said == one.right for one in said])
    places = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return float(
        sum(abs(right[places == i].mean() - sure[places == i].mean()) * (places == i).mean() for i in set(places))
    )


def reliability(said: Sequence[Judged]) -> list[tuple[float, float, int]]:
    """Return (mean confidence, share that is right, number) of each bin that has any."""
    sure = np.array([one.confidence for one in said])
    right = np.array([one.said == one.right for one in said])
    places = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return [
        (float(sure[places == i].mean()), float(right[places == i].mean()), int((places == i).sum()))
        for i in sorted(set(places.tolist()))
    ]


def confusion(said: Sequence[Judged]) -> NDArray[np.float64]:
    """Return how many of each class [right] were said to be of which [said]; both as `POLARITIES`."""
    table = np.zeros((3, 3))
    for one in said:
        table[one.right, one.said] += 1
    return table


def _figures(name: str, part: str, said: Sequence[Judged], bar: float, aim: float | None = None) -> list[Row]:
    answered = [one for one in said if one.confidence >= bar]
    shares = [_only(said, one, answered=bar) for one in _groups(said)]
    found = [
        _drawn(f"{name}: macro-F1", part, said, macro_f1, aim=aim),
        _drawn(f"{name}: accuracy of all", part, said, accuracy),
        _drawn(f"{name}: accuracy of those answered", part, answered, accuracy),
    ]
    share, gain = 100 * len(answered) / len(said), found[2].figure - found[1].figure
    low, high = _interval(np.array(shares), lambda sums: 100 * sums[:, 1] / sums[:, 0])
    found.append(Row(f"{name}: answered, %", part, len(said), share, low, high, 85.0))
    low, high = _interval(
        np.array(shares), lambda sums: 100 * (sums[:, 3] / np.maximum(sums[:, 1], 1) - sums[:, 2] / sums[:, 0])
    )
    found.append(Row(f"{name}: more accurate on those answered, points", part, len(said), gain, low, high, 4.0))
    found += [_at_share(name, part, said, share) for share in _SHARES]
    error = 100 * calibration_error(said)
    rng = np.random.default_rng(SEED)
    drawn = [100 * calibration_error([said[i] for i in rng.integers(len(said), size=len(said))]) for _ in range(100)]
    found.append(
        Row(f"{name}: calibration error x 100 (at most)", part, len(said), error, *_ends(np.array(drawn)), 5.0)
    )
    return found


def _at_share(name: str, part: str, said: Sequence[Judged], share: float) -> Row:
    """Return how much more accurate the surest share is than all: the curve of risk over coverage, whatever the bar."""
    bar = float(np.quantile([one.confidence for one in said], 1 - share))
    sums = np.array([_only(said, one, answered=bar) for one in _groups(said)])

    def gain(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return 100 * (sums[:, 3] / np.maximum(sums[:, 1], 1) - sums[:, 2] / sums[:, 0])

    low, high = _interval(sums, gain)
    figure = float(gain(sums.sum(0)[None].astype(np.float64))[0])
    return Row(f"{name}: the surest {share:.0%} more accurate, points", part, len(said), figure, low, high)


def _groups(said: Sequence[Judged]) -> list[list[Judged]]:
    groups: dict[str, list[Judged]] = {}
    for one in said:
        groups.setdefault(one.group, []).append(one)
    return list(groups.values())


def _only(_: Sequence[Judged], group: Sequence[Judged], answered: float) -> tuple[int, int, int, int]:
    sure = [one for one in group if one.confidence >= answered]
    return len(group), len(sure), sum(o.said == o.right for o in group), sum(o.said == o.right for o in sure)


Figure = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _drawn(name: str, part: str, said: Sequence[Judged], figure: Figure, aim: float | None = None) -> Row:
    tables = np.stack([confusion(group) for group in _groups(said)])
    low, high = _interval(tables, figure)
    return Row(name, part, len(said), float(figure(tables.sum(0))), low, high, aim)


def _gain(name: str, part: str, said: Sequence[Judged], other: Sequence[Judged], aim: float) -> Row:
    both = np.stack(
        [np.stack([confusion(a), confusion(b)]) for a, b in zip(_groups(said), _groups(other), strict=True)]
    )

    def difference(tables: NDArray[np.float64]) -> NDArray[np.float64]:
        return macro_f1(tables[..., 0, :, :]) - macro_f1(tables[..., 1, :, :])

    low, high = _interval(both, difference)
    return Row(name, part, len(said), float(difference(both.sum(0))), low, high, aim)


def _interval(groups: NDArray[np.float64], figure: Figure) -> tuple[float, float]:
    """Return the 95 % interval of a figure of the sum over groups, drawn anew with replacement."""
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=_DRAWN)
    return _ends(figure(np.tensordot(counts, groups, axes=1)))


def _ends(drawn: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.percentile(drawn, 2.5)), float(np.percentile(drawn, 97.5))


def _ratio(sentiments: Sentiments) -> Row:
    """Return the time of sentences with ten targets over that of the same with one."""
    names = [f"Name{i}" for i in range(10)]

    def drafts(number: int, turn: int) -> list[Draft]:
        made = []
        for i in range(64):
            text = f"We have now compared {', '.join(names)} for {i + 64 * turn} months, and none is good."
            at = [(text.index(name), text.index(name) + len(name)) for name in names[:number]]
            made.append(draft_of(Example(text, tuple(Target(*one, 1) for one in at))))
        return made

    def seconds(number: int, turn: int) -> float:
        made = drafts(number, turn)
        began = process_time()
        sentiments.process(made)
        return process_time() - began

    seconds(1, 0)
    ratios = [seconds(10, 2 * turn) / seconds(1, 2 * turn + 1) for turn in range(1, 16)]
    return Row(
        "ten targets in a sentence: time of one x (at most)",
        "made",
        64,
        float(np.median(ratios)),
        min(ratios),
        max(ratios),
        1.3,
    )


def worst(number: int) -> list[tuple[str, Judged]]:
    """Return the mistakes that it was surest of, with the part they are from."""
    sentiments = Sentiments(Encoder())
    wrong = [
        (part, one)
        for part, examples in (("news", news("test")), ("posts", posts("test")))
        for one in judged(sentiments, examples, targets=True)
        if one.said != one.right
    ]
    return sorted(wrong, key=lambda found: -found[1].confidence)[:number]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--worst", type=int, default=0, help="print so many of the surest mistakes instead")
    chosen = parser.parse_args()
    if not SHARED.exists():
        print("skipped: no ../shared/data beside the repository")
        return
    if chosen.worst:
        for part, one in worst(chosen.worst):
            print(
                f"{part}: said {POLARITIES[one.said]} ({one.confidence:.2f}), is {POLARITIES[one.right]}: {one.text!r}"
            )
        return
    for row in rows():
        aim = "" if row.aim is None else f"  aim {row.aim:g}"
        print(f"{row.part:28} {row.name:55} {row.figure:6.1f}  [{row.low:.1f}, {row.high:.1f}]  n={row.number:,}{aim}")


if __name__ == "__main__":
    main()
