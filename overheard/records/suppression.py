"""A suppression: an identity that was erased and must not come back; nothing of it stands here in clear."""

from overheard.records.base import Record, Time

_SUBJECT = "suppressed/"


def suppression_subject(hash_: str) -> str:
    """Return the subject of the suppression with this id."""
    return f"{_SUBJECT}{hash_}"


class Suppression(Record, frozen=True, kw_only=True):
    """One identity, contact or mention that is not taken in any more; its subject is `suppressed/ID`.

    `id` is the keyed hash (`overheard.suppression`) of the identity's key, or of the contact's or mention's id;
    `fingerprint` tells which secret made it, so that another one is noticed and not taken for "nobody is erased".
    `at` is when it was asked for, `by` who did it.
    """

    id: str
    fingerprint: str
    at: Time
    by: str = ""
