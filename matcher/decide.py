"""What the evidence amounts to: a link, or a candidate for a person to decide on (invariant 5). Pure."""

from collections.abc import Collection, Iterable

from overheard.matcher.score import ACCOUNT_LINK, LINK
from overheard.records import Evidence, Outcome


def is_backed(evidence: Iterable[Evidence], corroborating: Collection[str]) -> bool:
    """True where a fact stands beside the name, or the name itself is rare; `corroborating` are names of facts."""
    return any(one.feature in corroborating or one.feature == "rare name" for one in evidence)


def decide_person(
    score: float, evidence: Iterable[Evidence], *, corroborating: Collection[str], rivals: bool
) -> Outcome:
    """Return the outcome for a contact whose full name stands in a text.

    `corroborating` are the names of the evidence that is a fact beside the name. `rivals`: another contact of that name
    has as good a claim to this place. A name without a fact links only where it is rare; no veto may stand against it.
    """
    if rivals or score < LINK:
        return "candidate"
    found = list(evidence)
    if any(one.veto for one in found):
        return "candidate"
    return "linked" if is_backed(found, corroborating) else "candidate"


def decide_account(score: float, *, rivals: bool) -> Outcome:
    """Return the outcome for an account whose name or site stands in a text; `score` is its `account_score`."""
    return "linked" if score >= ACCOUNT_LINK and not rivals else "candidate"
