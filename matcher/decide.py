"""What the evidence amounts to: a link, or a candidate for a person to decide on (invariant 5). Pure."""

from collections.abc import Collection

from overheard.matcher.score import ACCOUNT_LINK, LINK
from overheard.records import Outcome


def decide_person(
    score: float, features: Collection[str], *, corroborating: Collection[str], rivals: bool, veto: bool
) -> Outcome:
    """Return the outcome for a contact whose full name stands in a text.

    `features` are the names of the evidence found, `corroborating` those that are facts beside the name. `rivals`:
    another contact of that name has as good a claim to this place. A name without a fact links only where it is rare.
    """
    if veto or rivals or score < LINK:
        return "candidate"
    fact = any(feature in corroborating for feature in features)
    return "linked" if fact or "rare name" in features else "candidate"


def decide_account(score: float, *, rivals: bool) -> Outcome:
    """Return the outcome for an account whose name or site stands in a text; `score` is its `account_score`."""
    return "linked" if score >= ACCOUNT_LINK and not rivals else "candidate"
