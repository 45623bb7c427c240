"""Near-duplicates: texts as sets of shingles, how alike two are, and the buckets in which alike ones meet. Pure."""

from collections.abc import Sequence
from operator import mul

from rensa import RMinHash

# Three words in a row: single words are shared by all texts on one subject, longer runs break at each changed word.
_SHINGLE = 3

# Two texts are near-duplicates where the Jaccard index of their shingles is at least this.
LIKENESS = 0.8

# A text of fewer different shingles (eight words make six) says too little to be told from another's own words.
_FEWEST = 6

# Of a longer text only so many tokens are compared: nobody's text may cost more than that.
_LONGEST = 1_000

# Two texts of Jaccard index j meet in at least one of b bands of r rows with 1 - (1 - j**r)**b (Leskovec, Rajaraman,
# Ullman, Mining of Massive Datasets, 3.4): 0.96 at 0.8, 0.998 at 0.9. Bands are what costs, each a row in a table;
# fewer rows a band let texts meet that only share a phrase. benchmarks/bench_events.py prints what is found.
BANDS = 6
_ROWS = 4
_SEED = 1  # signatures are stored: seed, numbers and the version of rensa are a part of the ledger's format

_PRIME = (1 << 61) - 1
_MULTIPLIERS = (0x0B4E0EF37BC32127, 0x14F5C3A2E96D1B37, 0x08D2A6F1357C9E4D, 0x1A63C0D95B47F28B)
# Of each band: where its rows begin, and the constant of its hash.
_BANDS = [(band * _ROWS, (band + 1) * 0x1F3D5B79) for band in range(BANDS)]


def shingles(tokens: Sequence[str]) -> frozenset[str]:
    """Return the shingles of a text's tokens, which hold no spaces; empty for one too short to have near-duplicates."""
    tokens = tokens[:_LONGEST]
    found = frozenset(map(" ".join, zip(tokens, tokens[1:], tokens[2:], strict=False)))
    return found if len(found) >= _FEWEST else frozenset()


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of shingles that two texts have in common, in [0, 1]; 0 where one has none."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def bands(found: frozenset[str]) -> tuple[int, ...]:
    """Return the buckets of a text, each below 2**61: equal sets have equal ones, unlike sets most likely none.

    Empty for an empty set. The same on every machine and in every process.
    """
    if not found:
        return ()
    sketch = RMinHash(num_perm=BANDS * _ROWS, seed=_SEED)
    sketch.update(found)
    lows = sketch.digest()
    # A multilinear hash (Carter and Wegman): which band it is goes in as the constant.
    return tuple([sum(map(mul, lows[at : at + _ROWS], _MULTIPLIERS), constant) % _PRIME for at, constant in _BANDS])
