"""Ids: each a hash of what the thing is, so that the same thing has the same id twice, late, anywhere.

Never of time, feed position or collector. The hash is BLAKE2b of 128 bits over length-prefixed parts,
in base 32: at a billion things the chance of one collision is 1e-21.
"""

import hashlib
from functools import lru_cache

import msgspec

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, in lower case
_PAIRS = [a + b for a in _BASE32 for b in _BASE32]
_SHIFTS = range(120, -1, -10)
# Sorted: neither the order of a dict nor that of the fields in the code shows in an id.
_canonical = msgspec.json.Encoder(order="sorted")


def digest(*parts: str) -> str:
    """Return 26 characters of [a-z2-7] that stand for the sequence of parts; ("ab", "c") != ("a", "bc")."""
    return _digest([part.encode("utf-8", "surrogatepass") for part in parts])


def _digest(parts: list[bytes]) -> str:
    framed = b"".join([len(part).to_bytes(8, "big") + part for part in parts])
    # 128 bits and two of padding are 13 pairs of base-32 digits: the table is twice as fast as base64.b32encode.
    bits = int.from_bytes(hashlib.blake2b(framed, digest_size=16).digest(), "big") << 2
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])


def mention_id(platform: str, native_id: str = "", *, url: str = "") -> str:
    """Return the id of a mention: (platform, native id), or its canonical URL where there is no native id.

    `url` must be canonical already (`overheard.urls.canonical_url`). A feed's guid is passed as the
    native id only where an entry has no link, with the feed's canonical URL as its platform.
    Raises ValueError when there is neither a native id nor a URL.
    """
    if native_id:
        return f"men_{digest('post', platform, native_id)}"
    if url:
        return f"men_{digest('url', url)}"
    msg = "a mention needs a native id or a URL to have an id"
    raise ValueError(msg)


def contact_id(system: str, external_id: str) -> str:
    """Return the id of the contact that a CRM (`system`) calls `external_id`."""
    return f"con_{digest(system, external_id)}"


def account_id(system: str, external_id: str) -> str:
    """Return the id of the account that a CRM (`system`) calls `external_id`."""
    return f"acc_{digest(system, external_id)}"


def holding_id(system: str, external_id: str) -> str:
    """Return the id of the holding that a CRM (`system`) calls `external_id`."""
    return f"hol_{digest(system, external_id)}"


def purchase_id(system: str, external_id: str) -> str:
    """Return the id of the purchase that a CRM (`system`) calls `external_id`."""
    return f"pur_{digest(system, external_id)}"


@lru_cache(maxsize=1_024)  # asked for several times while one mention is matched
def incident_id(mention: str) -> str:
    """Return the id of the one incident that a relevant mention makes."""
    return f"inc_{digest('incident', mention)}"


def snippet_id(mention: str, target: str, start: int, end: int) -> str:
    """Return the id of the snippet about `target` cut from `mention` at [start, end)."""
    return f"sni_{digest(mention, target, str(start), str(end))}"


def is_record_id(id_: str) -> bool:
    """True for the id of a contact or account."""
    return id_.startswith(("con_", "acc_"))


def is_mention_id(id_: str) -> bool:
    """True for the id of a mention."""
    return id_.startswith("men_")


def content_hash(record: msgspec.Struct, *, without: tuple[str, ...] = ()) -> str:
    """Return a hash of a record's content; fields named in `without` (Python names) do not count.

    Raises UnicodeEncodeError where a text holds a lone surrogate, which JSON cannot.
    """
    if without:
        record = msgspec.structs.replace(record, **dict.fromkeys(without))
    return _digest([_canonical.encode(record)])
