"""A change: what the matcher created, updated or deleted, in its order; small, for those who feed other systems."""

from typing import Literal

from overheard.records.base import Cause, Record


class Change(Record, frozen=True, kw_only=True):
    """One version of one document. `id` is the incident's, contact's or account's; read the document by it."""

    id: str
    kind: Literal["incident", "profile"]
    what: Literal["written", "deleted"]
    version: int
    cause: Cause
