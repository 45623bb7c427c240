"""A change: what the matcher created, updated or deleted, in its order; small, for those who feed other systems."""

from typing import Literal

from overheard.records.base import Cause, Record


class Change(Record, frozen=True, kw_only=True):
    """One version of one document. `id` is the incident's, contact's or account's; read the document by it.

    "merged": the document of `id` is now seen under `into`, whose id stands for both; "split": it stands for itself
    again, apart from `into`. "erased": a person asked for it, and nothing of it is left.
    """

    id: str
    kind: Literal["incident", "profile"]
    what: Literal["written", "deleted", "merged", "split", "erased"]
    version: int
    cause: Cause
    into: str = ""
