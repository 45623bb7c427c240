"""What finding the parties of a mention has in common: the order of outcomes, the weight of what is exact, rivals."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from overheard.records import Account, Contact, Outcome, Party, Role

# An exact identity links by itself; these weights only say so in the same coin as the others.
NAMED_BY_CRM = 6.0
DECIDED = 10.0

# Of a thousand rivals, so many are looked at; three are shown.
RIVALS = 4

_SHARES = 10**9  # scores have nine digits

ROLES: dict[Role, int] = {"author": 0, "mentioned": 1, "employer": 2}
OUTCOMES: dict[Outcome, int] = {"linked": 0, "candidate": 1, "bare": 2}

T = TypeVar("T")
R = TypeVar("R", Contact, Account)


def others(pool: Iterable[T], own: R, record: Callable[[T], R]) -> tuple[R, ...]:
    """Return the first other records of a pool in order of id: four at most, one more than is shown."""
    others: list[R] = []
    for one in pool:
        if (other := record(one)).id != own.id:
            others.append(other)
            if len(others) == RIVALS:
                break
    return tuple(others)


def room(scores: Mapping[tuple[bool, str], float]) -> float:
    """Return the share of their scores that rivals for one place keep, so that all who may be meant come to 1 at most.

    `scores` are those of each person, with whether somebody rivals the claim: one that nobody rivals keeps its own.
    """
    contested = sum(value for (rivals, _), value in scores.items() if rivals)
    free = sum(value for (rivals, _), value in scores.items() if not rivals)
    return min(1.0, max(1.0 - free, 0.0) / contested) if contested else 1.0


def shared(score: float, left: float) -> float:
    """Return a score of which so much is left (`room`), rounded down: sums stay within 1."""
    return score if left >= 1 else math.floor(score * left * _SHARES) / _SHARES


def are_rivals(one: Party, other: Party) -> bool:
    """True where two can not both be meant: two authors, or two of a kind whose names stand in one place."""
    if one.subject == other.subject or one.subject[:4] != other.subject[:4]:
        return False
    if one.role != other.role or one.role == "employer":
        return False
    if one.role == "author":
        return True
    mine, theirs = _place(one), _place(other)
    return mine is not None and theirs is not None and mine[0] < theirs[1] and theirs[0] < mine[1]


def _place(party: Party) -> tuple[int, int] | None:
    return next(((one.start, one.end) for one in party.evidence if one.start >= 0), None)
