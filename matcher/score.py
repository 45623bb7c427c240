"""The score of a possible link: a logistic over the weights of its evidence.

The weights in `features` were set by hand, so that the cases in tests/matcher/test_match.py come out as a careful
person would decide; they are not calibrated on labelled links yet. Until then a score orders candidates, and is
no more a probability than that.
"""

import math
from collections.abc import Iterable

from overheard.records import Evidence

# From here on a link needs nobody's confirmation: a full name with an employer scores 0.92, with a place alone 0.73.
LINK = 0.8

# Before any evidence: more texts that hold a name are about somebody else than about the one in the CRM.
BIAS = -1.5


def weigh(evidence: Iterable[Evidence]) -> float:
    """Return the sum of the evidence and the bias, in log-odds: orders any two links, also where scores look alike."""
    return round(BIAS + sum(one.weight for one in evidence), 6)


def score(weight: float) -> float:
    """Return the score in [0, 1] of a weight (`weigh`)."""
    return round(1 / (1 + math.exp(-weight)), 6)
