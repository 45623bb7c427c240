"""Languages that share a script, told apart by the letters of their words: a linear model of our own training."""

import json
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt
import regex

MODELS: Final = Path(__file__).parent / "models"
BUCKETS: Final = 1 << 15
# Parts of a word of up to so many letters, its bounds counted as letters.
LONGEST_PART: Final = 5
# More words than these make nothing surer.
MAX_WORDS: Final = 60
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*")
# A longer one is no word of any language; its parts would only cost time.
_LONGEST_WORD = 30


def words_of(text: str) -> list[str]:
    """Return the first words of a text in lower case, in order."""
    return [word[0][:_LONGEST_WORD] for word in islice(_WORD.finditer(text.lower()), MAX_WORDS)]


def parts(word: str) -> Iterator[int]:
    """Yield the buckets of a word in lower case: of itself, and of its parts."""
    yield crc32(b"=" + word.encode("utf-8", "replace")) % BUCKETS
    bound = f"^{word}$"
    for size in range(1, LONGEST_PART + 1):
        for start in range(len(bound) - size + 1):
            yield crc32(bound[start : start + size].encode("utf-8", "replace")) % BUCKETS


class Letters:
    """The loaded model (2 MB, and 20 MB of words met lately). Reading it raises OSError where the folder is not whole.

    `classes` are codes of languages, in the order of the scores.
    """

    def __init__(self, folder: Path = MODELS / "language") -> None:
        with np.load(folder / "weights.npz") as held:
            self._weights: npt.NDArray[np.int8] = held["weights"]
            self._scale: npt.NDArray[np.float32] = held["scale"]
            self._bias: npt.NDArray[np.float32] = held["bias"]
            self.classes: tuple[str, ...] = tuple(held["classes"].tolist())
        self.version: str = json.loads((folder / "model.json").read_text("utf-8"))["version"]
        self._of_word = lru_cache(maxsize=30_000)(self._sum)

    def _sum(self, word: str) -> tuple[npt.NDArray[np.int32], int]:
        buckets = list(parts(word))
        return self._weights[buckets].sum(axis=0, dtype=np.int32), len(buckets)

    def probabilities(self, words: Iterable[str], among: Collection[str] = ()) -> dict[str, float]:
        """Return how likely each language is, in [0, 1], of those in `among`, or of all; empty without words.

        The words are as `words_of` returns them.
        """
        total = np.zeros(len(self.classes), np.int32)
        count = 0
        for word in words:
            its, size = self._of_word(word)
            total += its
            count += size
        if not count:
            return {}
        scores = self._bias + total * self._scale / np.sqrt(count)
        chosen = [i for i, code in enumerate(self.classes) if not among or code in among]
        exponents = np.exp(scores[chosen] - scores[chosen].max())
        likely = exponents / exponents.sum()
        return {self.classes[i]: float(p) for i, p in zip(chosen, likely, strict=True)}
