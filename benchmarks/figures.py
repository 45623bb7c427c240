"""A figure with its interval and its limit: a line of what `make evaluate` prints."""

from typing import NamedTuple


class Row(NamedTuple):
    """A figure of a part with its 95 % interval; `aim` is what was asked for, None where nothing was.

    Shares and scores are in per cent. `number` is that of the texts, targets or sentences judged.
    """

    name: str
    part: str
    number: int
    figure: float
    low: float
    high: float
    aim: float | None = None
