"""Which decisions stand: the newest on a pair that nobody has withdrawn, whatever order they came in."""

from collections.abc import Iterable

from overheard.records import Decision


def newest(decisions: Iterable[Decision]) -> Decision | None:
    """Return the newest by time, then id; None for none."""
    return max(decisions, key=lambda decision: (decision.at, decision.id), default=None)


class Decisions:
    """Every decision known, and what holds. Changed by `put` only; a fold, so the order of calls does not matter.

    What a decision is about is a pair (left, right); "not about us" is of the pair (mention, ""). A withdrawal may
    itself be withdrawn.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Decision] = {}
        self._about: dict[tuple[str, str], dict[str, Decision]] = {}
        self._by_left: dict[str, set[str]] = {}
        self._by_right: dict[str, set[str]] = {}
        self._withdrawals: dict[str, set[str]] = {}

    def get(self, decision: str) -> Decision | None:
        """Return a decision by its id."""
        return self._by_id.get(decision)

    def put(self, id_: str, decision: Decision | None) -> None:
        """Set the decision of this id, or forget it."""
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
        if decision is not None:
            self._by_id[id_] = decision
            if decision.verb == "withdraw":
                self._withdrawals.setdefault(decision.left, set()).add(id_)
            else:
                self._about.setdefault((decision.left, decision.right), {})[id_] = decision
                self._by_left.setdefault(decision.left, set()).add(decision.right)
                self._by_right.setdefault(decision.right, set()).add(decision.left)

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
        return newest(d for d in self._about.get((left, right), {}).values() if self._stands(d))

    def of(self, left: str) -> dict[str, Decision]:
        """Return the newest standing decision on each pair that begins with `left`, by its right side, in order."""
        found = {right: self.on(left, right) for right in sorted(self._by_left.get(left, ()))}
        return {right: decision for right, decision in found.items() if decision is not None}

    def lefts(self, right: str) -> tuple[str, ...]:
        """Return the left sides of every decision on `right`, standing or not, in order."""
        return tuple(sorted(self._by_right.get(right, ())))

    def _stands(self, decision: Decision) -> bool:
        # A decision's withdrawals form a tree: each withdraws one. A circle of withdrawals reaches no decision.
        return not any(self._stands(self._by_id[id_]) for id_ in self._withdrawals.get(decision.id, ()))
