"""The sort key `k`: one unique integer by which everything is ordered and paged."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 42  # bits: lasts until 2109; with the bits below it fits a signed 64-bit integer
_TAIL = 21


@lru_cache(maxsize=1_024)  # asked for several times while one mention is matched
def sort_key(subject: str, published: datetime | None, first_seen: datetime) -> int:
    """Return 63 bits: min(published, first seen) in ms since 1970 above, bits of the id's hash below.

    So a post that claims to be from 2100 does not stay on top, and two posts of one instant still have
    an order. A time of whole seconds takes its milliseconds from the hash too. Before 1970 counts as 1970.
    In JSON it is a decimal string, since JavaScript's numbers end at 53 bits.
    """
    when = first_seen if published is None else min(published, first_seen)
    bits = int.from_bytes(hashlib.blake2b(subject.encode(), digest_size=8).digest(), "big")
    ms = (when - _EPOCH) // timedelta(milliseconds=1)
    if ms % 1000 == 0:
        ms += (bits >> _TAIL) % 1000
    ms = min(max(ms, 0), (1 << _MILLISECONDS) - 1)
    return (ms << _TAIL) | (bits & ((1 << _TAIL) - 1))
