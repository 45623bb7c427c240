"""Clusters: what edges join, under pairs that must stay apart; what cannot be had is refused and said. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

# Of so many refused edges the path is worked out, the surest; a longer list helps nobody, and each may be as long as
# all that is joined.
PATHS = 100


class Edge(NamedTuple):
    """A reason to join `a` and `b`, which has no direction. The lower its rank, the surer it is; `why` says what."""

    a: str
    b: str
    rank: tuple[Any, ...]
    why: str


class Conflict(NamedTuple):
    """An edge that was refused.

    It would have joined the pair `apart`: `path` are the edges that lead from the one to the other, the refused one
    among them; empty after the first `PATHS` conflicts. Where `may_join` spoke against it, `reason` is what it said,
    and `apart` are the edge's own ends.
    """

    edge: Edge
    path: tuple[Edge, ...]
    apart: tuple[str, str]
    reason: str = ""


class Clusters(NamedTuple):
    """Every node in one group, groups in order of their smallest node; conflicts, surest first."""

    groups: tuple[frozenset[str], ...]
    conflicts: tuple[Conflict, ...]


class _Group:
    """The nodes of one group, and the groups that it must stay apart from, each with the smallest pair that says so."""

    __slots__ = ("foes", "members")

    def __init__(self, node: str) -> None:
        self.members = {node}
        self.foes: dict[_Group, tuple[str, str]] = {}


def clusters(
    nodes: Iterable[str],
    edges: Iterable[Edge],
    apart: Iterable[tuple[str, str]],
    *,
    may_join: Callable[[Set[str], Set[str]], str] | None = None,
) -> Clusters:
    """Return the groups that the edges join, taken in order of rank, and the edges that had to be refused.

    An edge is refused that would bring both of an `apart` pair into one group, or that `may_join` answers with a reason
    for its two groups (it must not keep them). Kruskal's algorithm: the surest edges come first, ties by the ends and
    `why`, so the outcome is a function of the sets. The ends of edges and pairs are nodes without being listed.
    Near-linear: of two groups the smaller moves.
    """
    ordered = sorted(set(edges), key=_order)
    pairs = {(min(pair), max(pair)) for pair in apart}
    everything = {*nodes, *(end for edge in ordered for end in edge[:2]), *(end for pair in pairs for end in pair)}
    group_of = {node: _Group(node) for node in everything}
    for pair in sorted(pair for pair in pairs if pair[0] != pair[1]):
        left, right = group_of[pair[0]], group_of[pair[1]]
        left.foes[right] = right.foes[left] = pair
    joined: dict[str, list[Edge]] = {}
    refused: list[tuple[Edge, tuple[str, str], str]] = []
    for edge in ordered:
        left, right = group_of[edge.a], group_of[edge.b]
        if left is right:
            continue
        if (kept := left.foes.get(right)) is not None:
            refused.append((edge, kept, ""))
            continue
        if may_join is not None and (reason := may_join(left.members, right.members)):
            refused.append((edge, (edge.a, edge.b), reason))
            continue
        joined.setdefault(edge.a, []).append(edge)
        joined.setdefault(edge.b, []).append(edge)
        _merge(left, right, group_of)
    groups = [frozenset(group.members) for group in set(group_of.values())]
    trees = _rooted(joined) if refused else {}
    conflicts = tuple(
        Conflict(edge, _path(edge, kept, group_of, trees) if i < PATHS else (), kept, reason)
        for i, (edge, kept, reason) in enumerate(refused)
    )
    return Clusters(tuple(sorted(groups, key=min)), conflicts)


def _order(edge: Edge) -> tuple[Any, ...]:
    return (edge.rank, min(edge.a, edge.b), max(edge.a, edge.b), edge.why, edge.a)


def _merge(left: _Group, right: _Group, group_of: dict[str, _Group]) -> None:
    small, large = sorted((left, right), key=lambda group: len(group.members) + len(group.foes))
    for node in small.members:
        group_of[node] = large
    large.members |= small.members
    for foe, pair in small.foes.items():
        del foe.foes[small]
        held = min(pair, large.foes.get(foe, pair))
        large.foes[foe] = foe.foes[large] = held


def _rooted(joined: Mapping[str, Sequence[Edge]]) -> dict[str, tuple[str, Edge, int]]:
    """Return for each node but the roots the next node toward the root of its tree, the edge there, and its depth."""
    above: dict[str, tuple[str, Edge, int]] = {}
    seen: set[str] = set()
    for root in sorted(joined):
        if root in seen:
            continue
        seen.add(root)
        front = [(root, 0)]
        while front:
            node, depth = front.pop()
            for edge in joined[node]:
                other = edge.b if edge.a == node else edge.a
                if other not in seen:
                    seen.add(other)
                    above[other] = (node, edge, depth + 1)
                    front.append((other, depth + 1))
    return above


def _path(
    edge: Edge, apart: tuple[str, str], group_of: Mapping[str, _Group], trees: Mapping[str, tuple[str, Edge, int]]
) -> tuple[Edge, ...]:
    """Return the edges from the one of a pair over a refused edge to the other, in that order."""
    if apart == (edge.a, edge.b):
        return (edge,)
    # The groups of the pair grew since, but still the one holds the one end and the other the other.
    ends = (edge.a, edge.b) if group_of[apart[0]] is group_of[edge.a] else (edge.b, edge.a)
    return (*_climb(apart[0], ends[0], trees), edge, *_climb(ends[1], apart[1], trees))


def _climb(start: str, end: str, trees: Mapping[str, tuple[str, Edge, int]]) -> list[Edge]:
    """Return the edges of the only way between two nodes of one tree."""
    up: list[Edge] = []
    down: list[Edge] = []
    while start != end:
        if (trees[start][2] if start in trees else 0) >= (trees[end][2] if end in trees else 0):
            start, edge, _ = trees[start]
            up.append(edge)
        else:
            end, edge, _ = trees[end]
            down.append(edge)
    return up + down[::-1]
