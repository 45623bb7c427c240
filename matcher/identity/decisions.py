"""Which decisions stand: the newest on a pair that nobody has withdrawn, whatever order they came in."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from overheard.matcher.identity.clusters import Conflict, Edge, clusters
from overheard.records import Decision, is_record_id

# The name of the policy that lets what is known on one platform tell whose an account on another is.
ACROSS_NETWORKS = "across networks"


def newest(decisions: Iterable[Decision]) -> Decision | None:
    """Return the newest by time, then id; None for none."""
    return max(decisions, key=lambda decision: (decision.at, decision.id), default=None)


class Person(NamedTuple):
    """The records that people say are one: a contact's or an account's.

    `id` is the smallest of `members`, which are in order and stand for each other. `conflicts` are decisions that were
    set aside since others contradict them. `locked`: a person wants no machine to change who this is.
    """

    id: str
    members: tuple[str, ...]
    conflicts: tuple[Conflict, ...] = ()
    locked: bool = False


class Decisions:
    """Every decision known, and what holds. Changed by `put` only; a fold, so the order of calls does not matter.

    What a decision is about is a pair (left, right); "not about us" and "lock" are of the pair (subject, ""). A pair of
    two records has no direction. A withdrawal may itself be withdrawn. `changes` rises with each `put`.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._by_id: dict[str, Decision] = {}
        self._about: dict[tuple[str, str], dict[str, Decision]] = {}
        self._by_left: dict[str, set[str]] = {}
        self._by_right: dict[str, set[str]] = {}
        self._withdrawals: dict[str, set[str]] = {}
        self._linked: dict[str, dict[str, int]] = {}  # record -> records that a decision pairs it with, how many
        self._persons: dict[str, Person] = {}
        self._persons_at = 0

    def get(self, decision: str) -> Decision | None:
        """Return a decision by its id."""
        return self._by_id.get(decision)

    def put(self, id_: str, decision: Decision | None) -> None:
        """Set the decision of this id, or forget it."""
        self.changes += 1
        old = self._by_id.pop(id_, None)
        if old is not None:
            if old.verb == "withdraw":
                self._withdrawals[old.left].discard(id_)
            else:
                pair = (old.left, old.right)
                del self._about[pair][id_]
                if not self._about[pair]:
                    del self._about[pair]
                    self._by_left[old.left].discard(old.right)
                    self._by_right[old.right].discard(old.left)
                self._pair(old, -1)
        if decision is not None:
            self._by_id[id_] = decision
            if decision.verb == "withdraw":
                self._withdrawals.setdefault(decision.left, set()).add(id_)
            else:
                self._about.setdefault((decision.left, decision.right), {})[id_] = decision
                self._by_left.setdefault(decision.left, set()).add(decision.right)
                self._by_right.setdefault(decision.right, set()).add(decision.left)
                self._pair(decision, 1)

    def _pair(self, decision: Decision, by: int) -> None:
        left, right = decision.left, decision.right
        if not is_record_id(left) or left[:4] != right[:4] or left == right:
            return
        for one, other in ((left, right), (right, left)):
            others = self._linked.setdefault(one, {})
            others[other] = others.get(other, 0) + by
            if not others[other]:
                del others[other]
                if not others:
                    del self._linked[one]

    def subject_of(self, decision: Decision) -> Decision | None:
        """Return the decision that this one is about in the end: itself, or what a chain of withdrawals takes back.

        None where that has not come yet, or the chain runs in a circle.
        """
        seen = set()
        at: Decision | None = decision
        while at is not None and at.verb == "withdraw":
            if at.id in seen:
                return None
            seen.add(at.id)
            at = self._by_id.get(at.left)
        return at

    def on(self, left: str, right: str) -> Decision | None:
        """Return the newest standing decision on a pair, or None."""
        found = self._about.get((left, right))
        return newest(d for d in found.values() if self._stands(d)) if found else None

    def between(self, one: str, other: str) -> Decision | None:
        """Return the newest standing decision on two records, whichever is on the left, or None."""
        return newest(found for pair in ((one, other), (other, one)) if (found := self.on(*pair)))

    def of(self, left: str) -> dict[str, Decision]:
        """Return the newest standing decision on each pair that begins with `left`, by its right side, in order."""
        rights = self._by_left.get(left)
        if not rights:
            return {}
        found = {right: self.on(left, right) for right in sorted(rights)}
        return {right: decision for right, decision in found.items() if decision is not None}

    def lefts(self, right: str) -> tuple[str, ...]:
        """Return the left sides of every decision on `right`, standing or not, in order."""
        return tuple(sorted(self._by_right.get(right, ())))

    def has(self, id_: str) -> bool:
        """True where there may be a decision on this id or key, on either side of a pair; on most there is none."""
        return id_ in self._by_left or id_ in self._by_right

    def history(self, mention: str) -> list[Decision]:
        """Return every standing decision on a mention, as either side of the pair, in order of time and id."""
        if not self.has(mention):
            return []
        pairs = {(mention, right) for right in self._by_left.get(mention, ())}
        pairs |= {(left, mention) for left in self._by_right.get(mention, ())}
        found = [one for pair in pairs for one in self._about[pair].values() if self._stands(one)]
        return sorted(found, key=lambda one: (one.at, one.id))

    def standing(self) -> Iterator[Decision]:
        """Yield every decision that holds, the newest on each pair, in no order."""
        for left, right in self._about:
            if (decision := self.on(left, right)) is not None:
                yield decision

    def is_locked(self, record: str) -> bool:
        """True where a standing "lock" is on a contact or account."""
        return (decision := self.on(record, "")) is not None and decision.verb == "lock"

    def is_on(self, policy: str) -> bool:
        """True unless the newest standing decision on a policy turned it off."""
        return (decision := self.on("policy", policy)) is None or decision.value != "off"

    def around(self, record: str) -> frozenset[str]:
        """Return every record that decisions, standing or not, lead to from this one; itself among them.

        What is decided on one of them changes nobody but them.
        """
        found = {record}
        front = [record]
        while front:
            for other in self._linked.get(front.pop(), ()):
                if other not in found:
                    found.add(other)
                    front.append(other)
        return frozenset(found)

    def is_alone(self, record: str) -> bool:
        """True where no decision pairs a contact or account with another."""
        return record not in self._linked

    def person(self, record: str) -> Person:
        """Return the person, or organisation, that a contact's or account's id stands for.

        The components of the standing "same" between records, newest first; "not the same" holds against all of them.
        """
        if self.is_alone(record):
            return Person(record, (record,), (), self.is_locked(record))
        if self._persons_at != self.changes:
            self._persons = {}
            self._persons_at = self.changes
        if record not in self._persons:
            self._join(self.around(record))
        return self._persons[record]

    def _join(self, records: frozenset[str]) -> None:
        edges: list[Edge] = []
        apart: list[tuple[str, str]] = []
        for one in records:
            for other in self._linked.get(one, ()):
                if one > other or (decision := self.between(one, other)) is None:
                    continue
                if decision.verb == "same":
                    rank = (-decision.at.timestamp(), decision.id)
                    edges.append(Edge(one, other, rank, f"{decision.by} decided so"))
                elif decision.verb == "not the same":
                    apart.append((one, other))
        found = clusters(records, edges, apart)
        conflicts: dict[str, list[Conflict]] = {}
        for conflict in found.conflicts:
            for end in dict.fromkeys((*conflict.edge[:2], *conflict.apart)):
                conflicts.setdefault(end, []).append(conflict)
        for group in found.groups:
            members = tuple(sorted(group))
            own = tuple(dict.fromkeys(c for member in members for c in conflicts.get(member, ())))
            locked = any(self.is_locked(member) for member in members)
            for member in members:
                self._persons[member] = Person(members[0], members, own, locked)

    def _stands(self, decision: Decision) -> bool:
        # A decision's withdrawals form a tree: each withdraws one. A circle of withdrawals reaches no decision.
        if not self._withdrawals.get(decision.id):
            return True
        tree = [decision.id]
        for id_ in tree:
            tree.extend(self._withdrawals.get(id_, ()))
        stands: dict[str, bool] = {}
        for id_ in reversed(tree):
            stands[id_] = not any(stands[withdrawal] for withdrawal in self._withdrawals.get(id_, ()))
        return stands[decision.id]
