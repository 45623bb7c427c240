"""A decision: what a person said about a link or an incident; it beats every machine's view."""

from typing import Literal

from overheard.records.base import Record, Time

DecisionVerb = Literal["same", "not the same", "not about us", "withdraw"]


class Decision(Record, frozen=True, kw_only=True):
    """What a person decided.

    "same" and "not the same" are between `left` (an identity's key, or a mention's id) and `right` (a contact's
    or account's id); "not about us" is of the mention `left`; "withdraw" takes back the decision whose id
    is `left`. `id` comes from the caller's idempotency key. The newest standing decision on a pair holds.
    """

    id: str
    verb: DecisionVerb
    left: str
    right: str = ""
    by: str
    at: Time
    note: str = ""
