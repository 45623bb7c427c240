"""Clusters: components under constraints, the same whatever the order; what is refused is said with its path."""

import random
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.identity.clusters import PATHS, Clusters, Edge, clusters

NODES = st.sampled_from("abcdefg")
EDGES = st.lists(st.builds(Edge, NODES, NODES, st.tuples(st.integers(0, 3)), st.sampled_from(("x", "y"))), max_size=14)
APART = st.lists(st.tuples(NODES, NODES), max_size=5)


def edge(a: str, b: str, rank: int = 0) -> Edge:
    return Edge(a, b, (rank,), "same")


def by_hand(edges: list[Edge], apart: list[tuple[str, str]]) -> set[frozenset[str]]:
    """The same, by brute force: each edge in turn, and every pair looked at."""
    groups = [{node} for node in {end for one in edges for end in one[:2]} | {end for pair in apart for end in pair}]
    ranked = sorted(set(edges), key=lambda one: (one.rank, min(one[:2]), max(one[:2]), one.why))
    for one in ranked:
        left = next(group for group in groups if one.a in group)
        right = next(group for group in groups if one.b in group)
        both = left | right
        if left is not right and not any(a in both and b in both for a, b in apart if a != b):
            groups = [group for group in groups if group not in (left, right)] + [both]
    return {frozenset(group) for group in groups}


@given(EDGES, APART)
def test_groups_are_those_of_brute_force(edges: list[Edge], apart: list[tuple[str, str]]) -> None:
    assert set(clusters((), edges, apart).groups) == by_hand(edges, apart)


@given(EDGES, APART, st.randoms(use_true_random=False))
def test_shuffled_and_repeated_input_gives_the_same(
    edges: list[Edge], apart: list[tuple[str, str]], rng: random.Random
) -> None:
    again = [*edges, *rng.sample(edges, len(edges) // 2)]
    turned = [(b, a) for a, b in apart]
    rng.shuffle(again)
    rng.shuffle(turned)
    assert clusters((), again, turned) == clusters((), edges, apart)


@given(EDGES, APART)
def test_each_conflict_has_a_path_from_the_one_to_the_other(edges: list[Edge], apart: list[tuple[str, str]]) -> None:
    found = clusters((), edges, apart)
    refused = {conflict.edge for conflict in found.conflicts}
    for conflict in found.conflicts:
        at, path = conflict.apart[0], list(conflict.path)
        assert conflict.edge in path
        assert not refused & {one for one in path if one != conflict.edge}
        for one in path:
            assert at in (one.a, one.b)
            at = one.b if at == one.a else one.a
        assert at == conflict.apart[1]


def test_a_circle_with_a_pair_apart_inside_gives_up_its_least_sure_edge() -> None:
    edges = [edge("a", "b", 1), edge("b", "c", 2), edge("c", "d", 3)]
    found = clusters((), edges, [("a", "d")])
    assert found.groups == (frozenset("abc"), frozenset("d"))
    (conflict,) = found.conflicts
    assert conflict.apart == ("a", "d")
    assert conflict.path == tuple(edges)
    assert conflict.edge == edges[2]


def test_whoever_may_not_join_is_refused_with_the_reason() -> None:
    found = clusters("abc", [edge("a", "b"), edge("b", "c")], (), may_join=lambda x, y: "full" * (len(x | y) > 2))
    assert found.groups == (frozenset("ab"), frozenset("c"))
    assert [conflict.reason for conflict in found.conflicts] == ["full"]


def test_nodes_without_an_edge_are_groups_of_their_own() -> None:
    assert clusters("ba", (), ()) == Clusters((frozenset("a"), frozenset("b")), ())


def chained(size: int) -> tuple[Clusters, float]:
    """Everything in one chain with as many pairs apart, and the seconds of processor time that takes."""
    names = [f"n{i:05}" for i in range(size)]
    edges = [edge(a, b) for a, b in pairwise(names)]
    apart = [(names[0], names[-1]), *((name, f"foe of {name}") for name in names)]
    apart += [(names[i], names[i + 1]) for i in range(size // 2, size // 2 + 200)]
    start = time.process_time()
    found = clusters((), edges, apart)
    return found, time.process_time() - start


def test_ten_thousand_nodes_take_in_proportion_to_a_tenth_of_them() -> None:
    small = min(chained(1_000)[1] for _ in range(3))
    found, large = min((chained(10_000) for _ in range(3)), key=lambda one: one[1])
    assert len(found.conflicts) == 200
    assert sum(bool(conflict.path) for conflict in found.conflicts) == PATHS
    assert large < 60 * small  # some 25; in proportion to the square it would be 100
