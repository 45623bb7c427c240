"""Which records of one or several lists are of one person: candidates by what they share, each pair scored. Pure.

records ─▶ keys ─▶ pairs that share one ─▶ evidence, weight ─▶ sure | to look at ─▶ groups of sure pairs
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from overheard.matcher.features.record import RECORD_FEATURES, Frequencies, RecordCase, Row, row_of
from overheard.matcher.identity.clusters import Edge, clusters
from overheard.matcher.names.spelling import name_key, skeleton
from overheard.records import Contact, Evidence

PairOutcome = Literal["sure", "to look at"]

# A pair is worth looking at where it is as likely one person as not; of sure ones 99 of 100 are to be right.
LOOK = 0.5
SURE = 0.99
# A key that more records share tells nothing and would make pairs by the square; the others find what it would have.
MOST_TO_A_KEY = 100


class Pair(NamedTuple):
    """Two records, by position (`left` < `right`), that may be of one person.

    `weight` are the odds in logarithms that they are one person, against two strangers or two people of one house or
    firm: evidence, and the odds before any. It orders pairs strictly; `score` is its probability. Only "sure" pairs
    make groups; a name alone makes none, and a veto none.
    """

    left: int
    right: int
    outcome: PairOutcome
    score: float
    weight: float
    evidence: tuple[Evidence, ...]


class Found(NamedTuple):
    """What is found in some records.

    `pairs` best first; `groups` of two and more positions, each one person by sure pairs, in order of the first.
    `crowded` are keys that too many records share, with their number: an address that a thousand have is none's.
    """

    pairs: tuple[Pair, ...]
    groups: tuple[tuple[int, ...], ...]
    crowded: tuple[tuple[str, int], ...] = ()


def find_pairs(
    contacts: Sequence[Contact],
    *,
    lists: Sequence[int] | None = None,
    across_only: bool = False,
    same_ids: bool = False,
    look: float = LOOK,
) -> Found:
    """Return which of the contacts may be one person, and which surely are: a function of the set of them.

    `lists` says of each of which list it is; with `across_only`, pairs within one list are left out. `same_ids`: the
    records' own ids are of one system, so that equal ones are one person. `look`: the score from which a pair is told.
    The cost is that of the pairs that share a key, some ten times the number of records.
    """
    rows = [row_of(contact, same_ids=same_ids) for contact in contacts]
    frequencies = Frequencies(rows)
    candidates, crowded = _candidates(rows, lists if across_only else None)
    bias = -math.log(max(len(rows), _FEWEST))
    pairs = []
    apart = []
    for left, right in candidates:
        pair = _compare(rows, frequencies, left, right, bias)
        if pair.score >= look:
            pairs.append(pair)
        elif pair.weight < _APART:
            apart.append((left, right))
    pairs.sort(key=lambda pair: (-pair.weight, pair.left, pair.right))
    return Found(tuple(pairs), _groups(pairs, apart), crowded)


# Before any evidence one of so many records is expected to be the same person as a given one: of a short list, one of
# the many people who might have been on it.
_FEWEST = 1_000
# Compared records that speak so clearly against one person are not joined over a third either.
_APART = -math.log(_FEWEST)


def weigh_pair(a: Contact, b: Contact, frequencies: Frequencies, *, bias: float = -math.log(_FEWEST)) -> Pair:
    """Return the pair of two contacts with its evidence; `left` and `right` are 0 and 1."""
    return _compare([row_of(a), row_of(b)], frequencies, 0, 1, bias)


def _compare(rows: Sequence[Row], frequencies: Frequencies, left: int, right: int, bias: float) -> Pair:
    case = RecordCase(rows[left], rows[right], frequencies)
    evidence: list[Evidence] = []
    groups: dict[str, list[float]] = defaultdict(list)
    names: list[float] = []
    weight, housemate = bias, _BEFORE_HOUSEMATE
    fact = veto = False
    for feature in RECORD_FEATURES:
        for found in feature.find(case):
            level = feature.levels[found.level]
            one = round(math.log(level.m / (found.u or level.u)), 3)
            vetoed = found.level == feature.veto
            evidence.append(Evidence(feature=f"{feature.name}: {found.level}", weight=one, mention_value=found.a,
                                     crm_value=found.b, veto=vetoed))  # fmt: skip
            veto, fact = veto or vetoed, fact or (feature.fact and one > 0)
            if feature.group:
                groups[feature.group].append(one)
            else:
                weight += one
            if feature.name == "name":
                names.append(one)
            elif feature.shared is None:
                housemate += one
            elif found.level in feature.shared:
                housemate += math.log(level.m / feature.shared[found.level])
    weight += sum(_together(weights) for weights in groups.values())
    # The name that says most may be the family's.
    housemate += sum(names) - max(0.0, *names, 0.0)
    both = round(min(weight, housemate) - math.log1p(math.exp(-abs(weight - housemate))), 6)
    if weight - both > _TELLING:
        evidence.append(Evidence(feature=_HOUSEMATE, weight=round(both - weight, 3)))
    score = round(1 / (1 + math.exp(-max(both, -700.0))), 6)
    sure = score >= SURE and fact and not veto
    return Pair(left, right, "sure" if sure else "to look at", score, both, tuple(evidence))


# On lists of people twice as many are there twice as have somebody of their house or firm with a part of their name.
_BEFORE_HOUSEMATE = math.log(2)
# The other explanation of what agrees, told where it takes something away.
_HOUSEMATE = "or somebody of the same house or firm"
_TELLING = 0.05


def _together(weights: Sequence[float]) -> float:
    """Return what fields that agree and differ together weigh: the most telling of each side whole, others a quarter.

    Who lives at the same street has the same town; who moves changes all of it.
    """
    total = 0.0
    for side in (sorted(w for w in weights if w < 0), sorted((w for w in weights if w > 0), reverse=True)):
        total += sum(side[:1]) + sum(side[1:]) / 4
    return total


def _candidates(
    rows: Sequence[Row], lists: Sequence[int] | None
) -> tuple[list[tuple[int, int]], tuple[tuple[str, int], ...]]:
    blocks: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        for key in set(_keys(row)):
            blocks[key].append(at)
    found: set[tuple[int, int]] = set()
    crowded = []
    for key, block in blocks.items():
        if len(block) > MOST_TO_A_KEY:
            if key.partition(" ")[0] in _TOLD:
                crowded.append((key, len(block)))
        elif len(block) > 1 and (len(block) <= _MOST_OF_A_PART or not key.startswith("part ")):
            found.update(pair for pair in combinations(block, 2) if lists is None or lists[pair[0]] != lists[pair[1]])
    return sorted(found), tuple(sorted(crowded, key=lambda one: (-one[1], one[0])))


# A word of the name with a first letter finds those who have nothing else on the list; elsewhere it only costs time:
# among 50,000 people with one name in ten typed twice it made 97 of 100 pairs and none that was one person.
_MOST_OF_A_PART = 10
_TOLD = frozenset({"e-mail", "phone", "id", "site"})


def _keys(row: Row) -> Iterator[str]:
    """Yield what a record is found by; two records of one person share at least one in nearly all cases."""
    for email in row.emails:
        yield f"e-mail {email}"
        yield f"mailbox {email.partition('@')[0]}"
    yield from (f"phone {one[-9:]}" for one in row.phones)
    yield from (f"id {system} {value}" for system, value in row.ids.items())
    yield from (f"handle {platform} {value}" for platform, value in row.handles.items())
    yield from (f"site {one}" for one in row.sites)
    words = sorted({name_key(word) for word in row.names})
    if words:
        yield f"bones {' '.join(sorted(skeleton(word) for word in row.names))}"  # of one name in two scripts
    yield from (f"names {one} {other}" for one, other in combinations(words, 2))
    beside = _beside(row)
    for word in words:
        if len(word) > 1:
            yield from (f"{word} {one}" for one in beside)
            yield from (f"part {word} {other[0]}" for other in words if other != word)
    yield from (one for one in beside if one.startswith(("born ", "street ")))


def _beside(row: Row) -> list[str]:
    """Return the facts beside a name that find a record with a word of it; a birthday or street finds it alone."""
    found = []
    if row.birthday:
        found += [f"born {row.birthday}", f"year {row.birthday.year}", f"day {row.birthday.month} {row.birthday.day}"]
        found.append(f"month {row.birthday.year} {row.birthday.month}")
    found += [f"{field} {value}" for field, value in (("code", row.postal_code), ("place", row.place)) if value]
    if row.organisation:
        found.append(f"firm {' '.join(row.organisation)}")
    if row.street:
        found.append(f"street {' '.join(sorted(row.street))}")
    return found


def _groups(pairs: Iterable[Pair], apart: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return the groups that sure pairs make, the surest first; no two that were told apart are in one."""
    edges = [
        Edge(f"{pair.left:09}", f"{pair.right:09}", (-pair.weight,), "sure pair") for pair in pairs
        if pair.outcome == "sure"
    ]  # fmt: skip
    known = {end for edge in edges for end in edge[:2]}
    told = [(a, b) for one, other in apart if (a := f"{one:09}") in known and (b := f"{other:09}") in known]
    groups = (tuple(sorted(map(int, group))) for group in clusters((), edges, told).groups)
    return tuple(sorted(group for group in groups if len(group) > 1))
