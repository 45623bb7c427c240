"""Tokens of sources: found in the environment or a file as a request is made, sent to the source's own host alone.

    settings name the place ─▶ Secrets ─▶ headers of one request

No value is held between two requests, so one that another program renews is taken up, and none can be shown.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from overheard.records import digest

# More than any token has.
_MOST = 16_384
# As environment variables are named by everybody.
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
# Tokens are longer than what files of tokens are called.
_LONG_NAME = 32
_PORTS = {"http": 80, "https": 443}


class SecretError(Exception):
    """A token that is not where the settings say. The message names the place, never what is in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the token of a source is, and how it is sent.

    `url` is the source's own: its scheme, host and port are all that is ever given the token. It is sent in `header`
    after `prefix`. `env` names an environment variable, which counts first, `file` a file; one may be empty.
    """

    url: str
    header: str = "Authorization"
    prefix: str = "Bearer "
    env: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The places of all tokens, by the name of their source."""

    places: Mapping[str, Place] = field(default_factory=dict)

    def account(self, source: str) -> str:
        """Return the same for sources that are asked with the same token, which it does not tell; "" without one."""
        place = self.places.get(source)
        if place is None:
            return ""
        return digest(*map(str, _origin(place.url)), place.header, place.prefix, place.env, place.file)

    def headers(self, source: str, url: str) -> list[tuple[bytes, bytes]]:
        """Return the headers that a request of a source to a URL is sent with; none to any other host than its own.

        robots.txt is for everybody, and is asked for without. Raises SecretError where the token is not in its place.
        """
        place = self.places.get(source)
        if place is None or _origin(place.url) != _origin(url) or urlsplit(url).path == "/robots.txt":
            return []
        return [(place.header.encode("ascii"), f"{place.prefix}{_value(source, place)}".encode("ascii"))]


def _value(source: str, place: Place) -> str:
    if place.env and (value := os.environ.get(place.env, "").strip()):
        return _whole(source, value, _said(place.env))
    where = [_said(place.env)] if place.env else []
    if place.file:
        name = Path(place.file).name
        name = f"the file {name}" if len(name) <= _LONG_NAME else "the file of `token_file`"
        try:
            with Path(place.file).open("rb") as file:
                value = file.read(_MOST + 1).decode("utf-8-sig").strip()
        except (OSError, ValueError) as e:
            # Not the error itself: what was read stands in it.
            reason = (e.strerror or "none") if isinstance(e, OSError) else "no text"
            raise _missing(source, f"in {name}; got: {reason}") from None
        if value:
            return _whole(source, value, name)
        where.append(name)
    raise _missing(source, f"in {' or '.join(where) or 'the environment or a file'}; there is none")


def _said(env: str) -> str:
    """Return an environment variable in words; by its name where that cannot be a token put in its place."""
    return f"the environment variable {env}" if _NAME.fullmatch(env) else "the environment variable of `token_env`"


def _whole(source: str, value: str, where: str) -> str:
    if len(value) > _MOST or not value.isascii() or not value.isprintable():
        raise _missing(source, f"in {where} to be one line of ASCII; it is not")
    return value


def _missing(source: str, rest: str) -> SecretError:
    return SecretError(f"expected the token of the source {source!r} {rest}")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower().rstrip("."), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None
