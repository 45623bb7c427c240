"""A decision: what a person said about a link, an incident or somebody; it beats every machine's view."""

from typing import Literal

from overheard.records.base import Record, Time

DecisionVerb = Literal[
    "same",
    "not the same",
    "unsure",
    "lock",
    "not about us",
    "relabel",
    "status",
    "assign",
    "note",
    "tag",
    "policy",
    "withdraw",
]


class Decision(Record, frozen=True, kw_only=True):
    """What a person decided, about a pair (left, right); the newest standing decision on a pair holds.

    | verb | left | right | value |
    |---|---|---|---|
    | same, not the same, unsure | identity key, mention id, contact or account id | contact or account id | |
    | same, not the same (one event) | mention id | mention id | |
    | lock | contact or account id | | |
    | not about us | mention id | | |
    | relabel | mention id | "sentiment" of the whole, "sentiment/TERM" | one of `Polarity` |
    | relabel | mention id | "intent/" and one of `ActivityType` | "yes" or "no" |
    | relabel | mention id | "language" | its BCP 47 code |
    | status | mention id | "status" | one of `Status` |
    | assign | mention id | "assign" | who; "" is nobody |
    | note | mention id | the note's own name | the text; "" takes it away |
    | tag | mention id | "tag/TAG" | "" takes it away, else "on" |
    | policy | "policy" | its name: "across networks" | "on" or "off" |
    | withdraw | a decision's id | | |

    "unsure": somebody looked, and nobody can know; nothing links the pair by itself. "lock": nothing but the CRM and
    people change who this is. "withdraw" takes a decision back, a withdrawal too. `id` comes from the caller's
    idempotency key. `note` says why, for those who come after.
    """

    id: str
    verb: DecisionVerb
    left: str
    right: str = ""
    value: str = ""
    by: str
    at: Time
    note: str = ""
