"""Tokens for callers: made once, shown once, kept as a hash. Pure but for the random source."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from overheard.errors import InputError
from overheard.records.base import Time
from overheard.web.base import Caller, Scope

SCOPES: tuple[Scope, ...] = get_args(Scope)
MAX_DAYS = 3_650
_PREFIX = "oht_"  # so that a token that was lost somewhere can be found by who looks for such things


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a token. `hash` is the SHA-256 of it: it has 256 random bits, so no slow hash is needed.

    `expires` None: never.
    """

    id: str
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scopes: tuple[Scope, ...]
    hash: str
    created: Time
    expires: Time | None = None


def make_token(name: str, scopes: Sequence[str], *, now: datetime, days: int | None = None) -> tuple[str, Token]:
    """Return (the token, to be shown once; what is kept of it). Raises InputError for a name or scope that is none.

    It expires `days` after `now`; None: never.
    """
    name = name.strip()
    # "owner" is who decides on this machine without a token; a record must tell the two apart.
    if not name or len(name) > 100 or not name.isprintable() or name.casefold() == "owner":
        msg = f'expected a name of 1 to 100 characters for the token, other than "owner"; got {name[:100]!r}'
        raise InputError(msg)
    if days is not None and not 1 <= days <= MAX_DAYS:
        msg = f"expected 1 to {MAX_DAYS:,} days until the token expires; got {days}"
        raise InputError(msg)
    chosen = tuple(scope for scope in SCOPES if scope in scopes)
    if not chosen or len(chosen) != len(set(scopes)):
        msg = f"expected scopes of {', '.join(SCOPES)}; got {', '.join(scopes) or 'none'}"
        raise InputError(msg)
    token = _PREFIX + secrets.token_urlsafe(32)
    hash_ = hash_of(token)
    expires = None if days is None else now + timedelta(days=days)
    return token, Token(id=f"tok_{hash_[:12]}", name=name, scopes=chosen, hash=hash_, created=now, expires=expires)


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def caller_of(token: str, tokens: Sequence[Token], *, now: datetime) -> Caller | None:
    """Return who has this token; None where nobody does, or it has expired.

    Hashes are compared, so the time it takes says nothing of a token.
    """
    wanted = hash_of(token)
    for known in tokens:
        if known.hash == wanted and (known.expires is None or now < known.expires):
            return Caller(known.name, frozenset(known.scopes))
    return None
