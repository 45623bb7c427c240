# ruff: noqa: SIM905  (word lists read better as text)
"""Which words are words of the language: what a firm that is called so has in common with everything else."""

import pickle
from functools import lru_cache
from importlib.resources import files

# Of two letters the dictionary has everything.
_SHORTEST = 3


@lru_cache(maxsize=1)
def _dictionary() -> frozenset[str]:
    """Return the words that Webster's of 1934 (public domain) has in small letters: older than most firms.

    As the package `english-words`, pinned in pyproject.toml, ships it; frozen for an epoch. Takes 25 MB.
    """
    packed = files("english_words").joinpath("data/web2.pickle").read_bytes()
    return frozenset(word for word in pickle.loads(packed) if word.islower() and len(word) >= _SHORTEST)  # noqa: S301


# English writes these with a capital wherever they stand, so that it tells nothing.
CAPITALISED = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december christmas easter ramadan diwali english".split()
)


@lru_cache(maxsize=16_384)
def is_word(token: str) -> bool:
    """True for a folded token that English has as a word, or as the plural of one: "target", "boots"; not "infosys"."""
    words = _dictionary()
    return token in words or token in CAPITALISED or (token.endswith("s") and token[:-1] in words)
