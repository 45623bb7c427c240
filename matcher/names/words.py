"""Which words are people's names as well."""

from functools import lru_cache

from overheard.matcher.names.rarity import share_of

# From this share of bearers on a word is somebody's name as much as a firm's: Ford, Chase.
_BORNE = 5e-5


@lru_cache(maxsize=16_384)
def is_somebodys_name(token: str) -> bool:
    """True for a folded token that people bear as given or family name: "ford", "chase"."""
    return (share_of(token) or 0.0) >= _BORNE
