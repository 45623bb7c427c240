"""The letters model: which language of those that share a script, Hindi in Latin letters among them.

python -m training.language
"""

import argparse
import random
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from overheard.enrich.letters import BUCKETS, MODELS, Letters, parts, words_of
from training.about import write_about
from training.languagesets import texts

SEED = 7
DATA = {
    "sentences of lingua in 59 languages": "Apache-2.0",
    "Hindi in Latin letters of xlm-t": "Apache-2.0",
    "WNUT17, train": "CC-BY-4.0",
    "GoEmotions, train": "Apache-2.0 and CC-BY-4.0",
    "titles of the 2.5 million top posts of Reddit": "PDDL",
}
EPOCHS = 5
BATCH = 512


def pieces(words: list[str], chance: random.Random) -> list[str]:
    """Return a stretch of the words, often all."""
    if len(words) <= 3 or chance.random() < 0.35:
        return words
    size = chance.randint(3, min(len(words), 12))
    start = chance.randint(0, len(words) - size)
    return words[start : start + size]


def right(letters: Letters, apart: Iterable[tuple[str, str]], among: tuple[str, ...] = ()) -> float:
    """Return in how many of 1 the letters alone say the language of texts kept apart, of those in `among` or of all."""
    found = []
    for code, text in apart:
        if (among and code not in among) or not (likely := letters.probabilities(words_of(text), among)):
            continue
        found.append(max(likely, key=likely.__getitem__) == code)
    return round(sum(found) / len(found), 3)


def main() -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    chance = random.Random(SEED)
    train, apart = texts()
    classes = sorted({code for code, _ in train})
    index = {code: i for i, code in enumerate(classes)}
    print(len(train), len(apart), len(classes), file=sys.stderr)
    cache: dict[str, list[int]] = {}

    def buckets(words: Iterable[str]) -> list[int]:
        out: list[int] = []
        for word in words:
            if word not in cache:
                cache[word] = list(parts(word))
            out += cache[word]
        return out

    rows = [(index[code], words) for code, text in train if (words := words_of(text))]
    count = np.bincount([r[0] for r in rows], minlength=len(classes))
    weight = torch.tensor(np.minimum(1.0, 1000 / count), dtype=torch.float32)
    weight[index["hi-Latn"]] = 1.5
    weight[index["en"]] = 3 * 1000 / count[index["en"]]
    bag = torch.nn.EmbeddingBag(BUCKETS, len(classes), mode="sum")
    torch.nn.init.zeros_(bag.weight)
    bias = torch.nn.Parameter(torch.zeros(len(classes)))
    steps = EPOCHS * -(-len(rows) // BATCH)
    optimizer = torch.optim.Adam([*bag.parameters(), bias], lr=0.03)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    for epoch in range(EPOCHS):
        chance.shuffle(rows)
        losses = 0.0
        for at in range(0, len(rows), BATCH):
            batch = rows[at : at + BATCH]
            found = [buckets(pieces(words, chance)) for _, words in batch]
            offsets = torch.tensor([0, *np.cumsum([len(f) for f in found])[:-1]])
            sizes = torch.tensor([len(f) for f in found], dtype=torch.float32)
            flat = torch.tensor([b for f in found for b in f])
            logits = bias + bag(flat, offsets) / sizes.sqrt()[:, None]
            loss = torch.nn.functional.cross_entropy(
                logits, torch.tensor([c for c, _ in batch]), weight=weight, label_smoothing=0.02
            )
            loss = loss + 1e-6 * bag.weight.pow(2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses += loss.item()
        print(epoch, losses, file=sys.stderr, flush=True)
    held = bag.weight.detach().numpy()
    # A weight each byte: what a class loses in rounding is a thousandth of its scores.
    scale = np.abs(held).max(axis=0) / 127
    folder = MODELS / "language"
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / "weights.npz",
        weights=np.round(held / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=bias.detach().numpy(),
        classes=np.array(classes),
    )
    about: Any = {"made_by": "python -m training.language", "seed": SEED, "data": DATA}
    write_about(folder, **about, figures={})  # whoever reads the folder expects it; the figures come of reading it
    letters = Letters(folder)
    pairs = {"id, ms": ("id", "ms"), "hi, mr": ("hi", "mr"), "cs, sk": ("cs", "sk"), "hr, sr-latin": ("hr", "sr-latin")}
    figures = {"right of all classes": right(letters, apart)}
    figures |= {f"right of {name}": right(letters, apart, two) for name, two in pairs.items()}
    print(figures, file=sys.stderr)
    write_about(folder, **about, figures=figures)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
