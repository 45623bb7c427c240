"""The score of a possible link: the sum of its evidence, and the share of such links that are right.

Evidence weighs in log-odds, as whoever wrote a feature thinks of it (`features`); what a sum of it is worth was
measured. `calibration.json` is that measurement, of contacts: knots of weight and log-odds, rising in both, with a
straight line between them, fitted by `python -m benchmarks.evaluate --fit` on a synthetic set whose right answers are
known, and held against another (docs/calibration.md). It is frozen for an epoch: another version is a new epoch
(invariant 1).
"""

import math
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

import msgspec

from overheard.records import Evidence


class Calibration(msgspec.Struct, frozen=True):
    """What a weight is worth. `knots` are (weight, log-odds), at least two, rising in both."""

    version: int
    fitted_on: str
    knots: tuple[tuple[float, float], ...]


CALIBRATION = msgspec.json.decode(
    files("overheard.matcher").joinpath("calibration.json").read_bytes(), type=Calibration
)

# From this weight on a link needs nobody's confirmation. It lies where a careful person would set it (the cases of
# tests/matcher/test_match.py): a usual name links by two words of title, and not by a place and half a title.
LINK_WEIGHT = 1.35

# The same for an account. Two words of a name with their capitals score 0.88, one that may be a common word 0.5.
ACCOUNT_LINK = 0.8

# Before any evidence: more texts that hold a name are about somebody else than about the one in the CRM.
BIAS = -1.5

# A name with nothing beside it, common or only not known to be rare, claims no more than this whatever else agrees: a
# middle name adds up to a weight whose measured share is that of names with a fact. Of such names without a rival half
# were right on sets that nothing was fitted on (docs/calibration.md).
BARE = 0.5

# Beyond the last knots nothing was measured, so little is claimed for each unit of weight.
_BEYOND = 0.1

# Log-odds of 15 are three in ten million: nobody has measured that. Nine digits still tell such scores apart.
_FAR = 15.0
_DIGITS = 9


def weigh(evidence: Iterable[Evidence]) -> float:
    """Return the sum of the evidence and the bias: orders any two links strictly, also where scores look alike."""
    return round(BIAS + sum([one.weight for one in evidence]), 6)


@lru_cache(maxsize=4_096)  # namesakes weigh alike
def score(weight: float) -> float:
    """Return the share of links of this weight (`weigh`) that are right, in [0, 1]: rises with the weight."""
    return round(1 / (1 + math.exp(-_log_odds(weight))), _DIGITS)


def account_score(weight: float) -> float:
    """Return the same for an account named in a text: the weights as they are, which nobody has measured apart.

    Whether a word is a firm depends on the word; no synthetic set tells how often "Target" is one.
    """
    return round(1 / (1 + math.exp(-min(max(weight, -_FAR), _FAR))), _DIGITS)


def _log_odds(weight: float) -> float:
    knots = CALIBRATION.knots
    (first, lowest), (last, highest) = knots[0], knots[-1]
    if weight <= first:
        return max(lowest + (weight - first) * _BEYOND, -_FAR)
    if weight >= last:
        return min(highest + (weight - last) * _BEYOND, _FAR)
    at = bisect_right(knots, (weight, math.inf))
    (x0, y0), (x1, y1) = knots[at - 1], knots[at]
    return y0 + (y1 - y0) * (weight - x0) / (x1 - x0)


# The same as a score: what of the links that barely reach the bar was right where it was measured.
LINK = score(LINK_WEIGHT)
