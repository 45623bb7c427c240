"""Tokens of sources: found in the environment or a file as a request is made, sent to the source's own host alone.

    settings name the place ─▶ Secrets ─▶ headers of one request
                                  └─▶ grants: an exchange first, where a token has to be had by one

No value is held between two requests, so one that another program renews is taken up, and none can be shown; what an
exchange gave is held by `grants` alone.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from overheard.records import digest

# More than any token has.
_MOST = 16_384
# As environment variables are named by everybody.
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
# Tokens are longer than what files of tokens are called.
_LONG_NAME = 32
_PORTS = {"http": 80, "https": 443}
# What is shorter is no token, and stands in any text.
_SHORTEST = 8
_MARK = b"[token]"
# What writers of JSON write as a number for the sake of HTML: of .NET, of Java, of Go and PHP.
_ESCAPED = ("+&<>'`", "=&<>'", "&<>", "/")
# As `_missing` says it.
_MISSING = re.compile(r"expected the (?:token|client id|client secret|password) of the source ")


class SecretError(Exception):
    """A token that is not where the settings say. The message names the place, never what is in it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one secret is: `env` names an environment variable, which counts first, `file` a file; one may be empty."""

    env: str = ""
    file: str = ""

    def __bool__(self) -> bool:
        return bool(self.env or self.file)


@dataclass(frozen=True, slots=True)
class Grant:
    """How an access token is had that does not last: by an exchange at `url`, the one place that is given the rest.

    `kind`: "refresh_token" and "client_credentials" are OAuth's (RFC 6749, sections 6 and 4.4), "session" is the AT
    Protocol's: a session of the account `login` with a password of an app. What is exchanged is the token of the
    source's `Place`. A client with a secret says who it is by HTTP Basic where `basic`, else in the body.
    """

    url: str
    kind: Literal["refresh_token", "client_credentials", "session"]
    client_id: Spot = Spot()
    client_secret: Spot = Spot()
    basic: bool = False
    login: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the token of a source is, and how it is sent.

    `url` is the source's own: its scheme, host and port are all that is ever given the token. It is sent in `header`
    after `prefix`. `env` names an environment variable, which counts first, `file` a file; one may be empty. With a
    `grant` it is not sent itself, but exchanged for the one that is. `also` are addresses of the same service at other
    hosts, which its source was set to ask as well: they are given it too.
    """

    url: str
    header: str = "Authorization"
    prefix: str = "Bearer "
    env: str = ""
    file: str = ""
    grant: Grant | None = None
    also: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """The same for places of the same token, which it does not tell."""
        return digest(*map(str, _origin(self.url)), self.header, self.prefix, self.env, self.file, repr(self.grant))

    def value(self, source: str) -> str:
        """Return the token that is there now. Raises SecretError where there is none."""
        return value_in(Spot(self.env, self.file), source, "token")

    def values(self, source: str) -> tuple[str, str, str]:
        """Return token, client id and client secret as they are now, "" for those that it does without.

        Raises SecretError where one is not in its place.
        """
        grant = self.grant
        if grant is None:
            return self.value(source), "", ""
        token = "" if grant.kind == "client_credentials" else self.value(source)
        client_id, client_secret = (
            value_in(spot, source, what) if spot else ""
            for spot, what in ((grant.client_id, "client id"), (grant.client_secret, "client secret"))
        )
        return token, client_id, client_secret


@dataclass(frozen=True, slots=True)
class Secrets:
    """The places of all tokens, by the name of their source."""

    places: Mapping[str, Place] = field(default_factory=dict)

    def account(self, source: str) -> str:
        """Return the same for sources that are asked with the same token, which it does not tell; "" without one."""
        place = self.places.get(source)
        return "" if place is None else place.account

    def mark(self, source: str) -> str:
        """Return the same as long as the secrets of a source are, which it does not tell; "" where one is missing."""
        place = self.places.get(source)
        try:
            return "" if place is None else digest(*place.values(source))
        except SecretError:
            return ""

    def place(self, source: str, url: str) -> Place | None:
        """Return where the token is that a request of a source to a URL is sent with; None: it is sent with none.

        It goes to the source's own host alone. robots.txt is for everybody, and is asked for without.
        """
        place = self.places.get(source)
        if place is None or _origin(url) not in {_origin(one) for one in (place.url, *place.also)}:
            return None
        return None if urlsplit(url).path == "/robots.txt" else place

    def headers(self, source: str, url: str) -> list[tuple[bytes, bytes]]:
        """Return the headers that a request of a source to a URL is sent with; none where its token is exchanged first.

        Raises SecretError where the token is not in its place.
        """
        place = self.place(source, url)
        return [] if place is None or place.grant else [header_of(place, place.value(source))]


def header_of(place: Place, token: str) -> tuple[bytes, bytes]:
    """Return the header that a token is sent in."""
    return place.header.encode("ascii"), f"{place.prefix}{token}".encode("ascii")


def without_token(raw: bytes, token: str) -> bytes:
    """Return bytes that a service sent without a token that it put into them: some name the next page with it."""
    if len(token) < _SHORTEST:
        return raw
    for form in _forms(token):
        raw = raw.replace(form.encode("ascii"), _MARK)
    return raw


def _forms(token: str) -> set[str]:
    """Return how a token may be written in an answer: as it is, in an address, in HTML, and as JSON escapes it."""
    quoted = {quote(token, safe=""), quote(token)}
    lower = {re.sub("%..", lambda found: found[0].lower(), one) for one in quoted}
    escaped = {
        "".join(f"\\u{ord(one):0{'4X' if upper else '4x'}}" if one in some else one for one in token)
        for some in _ESCAPED
        for upper in (True, False)
    }
    return {token, token.replace("/", "\\/"), escape(token), *quoted, *lower, *escaped}


def value_in(spot: Spot, source: str, what: str) -> str:
    """Return the secret in a spot; `what` says which it is: "token", "client id". Raises SecretError."""
    if spot.env and (value := os.environ.get(spot.env, "").strip()):
        return _whole(source, what, value, _said(spot.env, what))
    where = [_said(spot.env, what)] if spot.env else []
    if spot.file:
        name = Path(spot.file).name
        name = f"the file {name}" if len(name) <= _LONG_NAME else f"the file of `{_key(what)}_file`"
        try:
            with Path(spot.file).open("rb") as file:
                value = file.read(_MOST + 1).decode("utf-8-sig").strip()
        except (OSError, ValueError) as e:
            # Not the error itself: what was read stands in it.
            reason = (e.strerror or "none") if isinstance(e, OSError) else "no text"
            raise _missing(source, what, f"in {name}; got: {reason}") from None
        if value:
            return _whole(source, what, value, name)
        where.append(name)
    raise _missing(source, what, f"in {' or '.join(where) or 'the environment or a file'}; there is none")


def _said(env: str, what: str) -> str:
    """Return an environment variable in words; by its name where that cannot be a token put in its place."""
    return (
        f"the environment variable {env}" if _NAME.fullmatch(env) else f"the environment variable of `{_key(what)}_env`"
    )


def _key(what: str) -> str:
    return what.replace(" ", "_")


def _whole(source: str, what: str, value: str, where: str) -> str:
    if len(value) > _MOST or not value.isascii() or not value.isprintable():
        raise _missing(source, what, f"in {where} to be one line of ASCII; it is not")
    return value


def _missing(source: str, what: str, rest: str) -> SecretError:
    return SecretError(f"expected the {what} of the source {source!r} {rest}")


def is_missing(message: str) -> bool:
    """True of what is said where a secret is not in its place."""
    return _MISSING.match(message) is not None


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower().rstrip("."), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None
