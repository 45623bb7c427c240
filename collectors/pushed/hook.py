"""The seam of a source that is pushed to: deliveries whose signature shows who sent them. Pure.

    headers ─▶ presented? ─▶ … the body is read … ─▶ checked? ─▶ taken ─▶ Taken, or None: nothing was said

Knows neither the network nor the log: `wiring.hooks` does the rest, and what was taken is read as any other fetch.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, ClassVar, Literal
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta

from overheard.collectors.base import Source
from overheard.collectors.communities.community import Environment
from overheard.errors import InputError

# What GitHub sends at most.
MAX_BODY = 25_000_000
# What one record of the log takes, in base64 and with its envelope.
MAX_KEPT = 8_000_000
FORM = "application/x-www-form-urlencoded"


class SignatureError(Exception):
    """A delivery that does not show who sent it. The message says what is wrong, and never what was sent."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that is to be kept.

    `event` is what happened, in the sender's words; `body` the JSON or whatever it was sent as, `headers` (lower-case)
    those by which `read` knows what it is given; `url` where it is from. `answer` is what the sender is told where
    nothing is to be kept (a test of the connection), "" for all else. `known_by` is what it is known by when it comes
    again, beside what it says.
    """

    event: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    answer: str = ""
    known_by: str = ""


class Hook(Source, frozen=True, kw_only=True):
    """A source that is pushed to, at `/hooks/NAME`. `secret_env` or `secret_file` say where the shared secret is."""

    shows_newest = False
    pushed = True
    asks: ClassVar[Mapping[str, str]] = {
        "secret_env": "The environment variable that holds the secret which both sides know.",
        "secret_file": "The file that holds it, where it is in no variable.",
    }

    url: Literal[""] = ""
    interval: None = None
    secret_env: Environment = ""
    secret_file: Annotated[str, Meta(max_length=1_000)] = ""

    def __post_init__(self) -> None:
        if not (self.name.isascii() and all(one.isalnum() or one in "-_." for one in self.name)):
            msg = f"expected a name of letters, digits, - and _, which stands in its address; got {self.name[:100]!r}"
            raise ValueError(msg)
        if "raw" in self.in_force.without:
            msg = "expected a policy that keeps what is received until it is read; it leaves out `raw`. Take that out"
            raise ValueError(msg)

    @property
    def takes_deliveries(self) -> bool:
        """True where the settings say where its secret is."""
        return bool(self.secret_env or self.secret_file)

    def presented(self, headers: Mapping[str, str]) -> None:
        """Look at the headers alone, before the body is read. Raises SignatureError where they hold no signature."""
        raise NotImplementedError

    def checked(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
        """Raises SignatureError where the signature is not of these bytes and this secret."""
        raise NotImplementedError

    def taken(self, headers: Mapping[str, str], body: bytes) -> Taken | None:
        """Return what of a delivery is kept; None where nobody said anything. Raises InputError for what is none."""
        raise NotImplementedError


def need_secret(source: Hook) -> None:
    """Raises ValueError where the settings do not say where the secret is."""
    if not source.takes_deliveries:
        msg = "expected `secret_env` or `secret_file`: without a secret anybody could send; got neither"
        raise ValueError(msg)


def signed_with(header: str, headers: Mapping[str, str]) -> str:
    """Return the signature in a header of the form `sha256=…`. Raises SignatureError."""
    scheme, _, given = headers.get(header, "").partition("=")
    if not given:
        msg = f"expected the header {header} with a signature; there is none. Set the same secret on both sides"
        raise SignatureError(msg)
    if scheme != "sha256" or len(given) != 64:
        msg = f"expected the header {header} as sha256= and 64 hexadecimal digits; it is otherwise"
        raise SignatureError(msg)
    return given


def check_sha256(given: str, body: bytes, secret: str) -> None:
    """Compare the signature of a body with what was given, in constant time. Raises SignatureError."""
    made = hmac.new(secret.encode("utf-8"), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made.encode("ascii"), given.lower().encode("utf-8", "replace")):
        msg = "expected a signature made with the secret that is set here; this one is not. Set the same on both sides"
        raise SignatureError(msg)


def media_of(headers: Mapping[str, str]) -> str:
    """Return the media type of a body, lower-case and without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def json_of(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the JSON of a delivery that came as JSON or as a form with the field `payload`. Raises InputError."""
    if media_of(headers) != FORM:
        return body
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=10, errors="strict")
    except ValueError as e:
        raise InputError(f"expected a form with the field payload; it cannot be read: {type(e).__name__}") from e
    if len(fields.get("payload", [])) != 1:
        raise InputError("expected a form with the field payload, once")
    return fields["payload"][0].encode("utf-8")


def object_of(body: bytes) -> Mapping[str, object]:
    """Return the JSON object that a delivery is. Raises InputError."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as e:
        raise InputError(f"expected a JSON object; it cannot be read: {str(e)[:200]}") from e
    if not isinstance(found, dict):
        raise InputError("expected a JSON object; got something else")
    return found
