"""Which words are words of the language: what a firm that is called so has in common with everything else."""

import pickle
from functools import lru_cache
from importlib.resources import files

from overheard.matcher.rarity import share_of

# From this share of bearers on a word is somebody's name as much as a firm's: Ford, Chase.
_BORNE = 5e-5
# Of two letters the dictionary has everything.
_SHORTEST = 3


@lru_cache(maxsize=1)
def _dictionary() -> frozenset[str]:
    """Return the words that Webster's of 1934 (public domain) has in small letters: older than most firms.

    As the package `english-words`, pinned in pyproject.toml, ships it; frozen for an epoch. Takes 25 MB.
    """
    packed = files("english_words").joinpath("data/web2.pickle").read_bytes()
    return frozenset(word for word in pickle.loads(packed) if word.islower() and len(word) >= _SHORTEST)  # noqa: S301


@lru_cache(maxsize=16_384)
def is_word(token: str) -> bool:
    """True for a folded token that English has as a word, or as the plural of one: "target", "boots"; not "infosys"."""
    words = _dictionary()
    return token in words or (token.endswith("s") and token[:-1] in words)


@lru_cache(maxsize=16_384)
def is_somebodys_name(token: str) -> bool:
    """True for a folded token that people bear as given or family name: "ford", "chase"."""
    return (share_of(token) or 0.0) >= _BORNE
