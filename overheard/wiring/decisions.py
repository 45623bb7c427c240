"""Which decisions of people hold, as far as the matcher has taken them in."""

from collections.abc import Sequence

from overheard.matcher.ledger import decisions_in
from overheard.records import Decision
from overheard.wiring.system import System


def standing_decisions(system: System, lefts: Sequence[str]) -> list[Decision]:
    """Return the decisions that hold on these left sides (mention ids, identity keys), newest first."""
    # All of them are read: people decide some thousand times, and what holds is a fold over all.
    decisions = decisions_in(system.folder)
    found = [decision for left in dict.fromkeys(lefts) for decision in decisions.of(left).values()]
    return sorted(found, key=lambda decision: (decision.at, decision.id), reverse=True)
