"""Access tokens that are had by an exchange: held in memory until they expire, one exchange for all of an account.

    client id, secret, refresh token ─▶ Inquiry ─▶ the token endpoint ─▶ Reply ─▶ access token ─▶ requests

Knows no network: `ask` makes the one request. What was refused is not asked again before something was put right, or
an hour has passed. A refresh token that takes the place of the old one is written where that was.
"""

import asyncio
import base64
import json
import logging
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from overheard.collectors.fetching.secrets import Grant, Place, SecretError
from overheard.records import digest

_logger = logging.getLogger(__name__)
# Of a service that does not say how long; a token that ended before is renewed when it is not taken.
_LIFE = timedelta(hours=1)
_LONGEST = timedelta(days=365)
# Before its end, so that none ends on its way.
_EARLY = timedelta(minutes=1)
_REFUSED = timedelta(hours=1)
_FAILED = timedelta(minutes=5)
_EVER = datetime.min.replace(tzinfo=UTC)
_LOOK = 0.02  # seconds between two looks whether another thread is done with an account
_FORM = "application/x-www-form-urlencoded"
_SESSION = "/xrpc/com.atproto.server."

# What a token endpoint may answer (RFC 6749, 5.2, and what services add): what it means, and what to do.
_AGAIN = "Sign in with the service once more, and put the new refresh token in the place of the old one."
_CLIENT = "Compare client id and client secret with what the service shows for the application, and put them right."
_MEANT: Mapping[str, tuple[str, str]] = {
    "invalid_grant": ("the refresh token expired, was withdrawn, was used up, or is another application's", _AGAIN),
    "invalid_client": ("client id and client secret are none of an application that it knows", _CLIENT),
    "deleted_client": ("the application was deleted", "Register a new one, and put its id and secret in their place."),
    "disabled_client": ("the application was disabled", "Look at the messages of the service to its owner."),
    "unauthorized_client": ("the application may not do this", _CLIENT),
    "invalid_scope": ("the application was not allowed what it asks for", _AGAIN),
    "access_denied": ("whoever owns the account took the permission back", _AGAIN),
    "admin_policy_enforced": ("an administrator of the account forbids it", "Ask the administrator to allow it."),
    "AuthenticationRequired": (
        "the account or its app password is wrong",
        "Make a new app password in the settings of the account, and put it in the place of the old one.",
    ),
    "AuthFactorTokenRequired": (
        "it wants a second factor, which the password of the account itself needs",
        "Make an app password in the settings of the account, and put that in the place of the password.",
    ),
    "AccountTakedown": ("the account was taken down", "Look at the messages of the service to its owner."),
}


class GrantError(SecretError):
    """No access token: what was expected, what the token endpoint said, what to do."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A request to a token endpoint (POST). It holds secrets, and does not show them."""

    url: str
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it: `message` is what was expected and came, "" for a good answer, `wait` what it asks for."""

    status: int = 0
    body: bytes = field(default=b"", repr=False)
    message: str = ""
    wait: timedelta = timedelta()


Ask = Callable[[Inquiry], Awaitable[Reply]]


@dataclass(slots=True)
class _Held:
    """What is known of an account: `basis` stands for the secrets that it was had with."""

    basis: str = ""
    token: str = field(default="", repr=False)
    until: datetime = _EVER
    renewal: str = field(default="", repr=False)
    problem: GrantError | None = None


class Grants:
    """The access tokens of one process, by account. Thread-safe; used from several loops."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Grants({len(self._held)} accounts)"

    async def token(self, source: str, place: Place, grant: Grant, ask: Ask, *, refused: str = "") -> str:
        """Return an access token; an exchange is made where none is held that lasts, or it is the one `refused`.

        Raises SecretError where a secret is not in its place, GrantError where the endpoint gives no token.
        """
        async with self._turn(place.account):
            held = self._held.setdefault(place.account, _Held())
            given = _Given.found(source, place)
            if held.basis != given.basis:
                held.basis, held.token, held.renewal, held.problem = given.basis, "", "", None
            now = self._clock()
            if held.token and held.token != refused and now < held.until:
                return held.token
            if held.problem is not None and now < held.until:
                raise held.problem
            held.token, held.problem = "", None
            try:
                await self._exchange(_Case(source, place, grant, given), held, ask)
            except _RefusedError as e:
                held.until, held.problem = self._clock() + e.wait, e.problem
                raise e.problem from None
            return held.token

    @asynccontextmanager
    async def _turn(self, account: str) -> AsyncIterator[None]:
        """Wait for the turn of an account: whoever asks next finds what this one had."""
        with self._lock:
            turn = self._turns.setdefault(account, threading.Lock())
        while not turn.acquire(blocking=False):
            await asyncio.sleep(_LOOK)
        try:
            yield
        finally:
            turn.release()

    async def _exchange(self, case: "_Case", held: _Held, ask: Ask) -> None:
        """Put what an exchange gives into `held`. Raises _RefusedError."""
        session = case.grant.kind == "session"
        reply = await ask(_inquiry(case, held.renewal))
        if session and held.renewal and reply.status in (400, 401):
            held.renewal = ""  # the session is over: begin another
            reply = await ask(_inquiry(case, ""))
        answer = _answer(case, reply)
        names = ("accessJwt", "refreshJwt") if session else ("access_token", "refresh_token")
        token, renewal = (_text(answer.get(name)) for name in names)
        if not token:
            raise _refused(case, "an answer without one", _FAILED)
        now = self._clock()
        left = _left(token, now) if session else _seconds(answer.get("expires_in"))
        left = _LIFE if left is None else min(left, _LONGEST)
        held.token, held.until = token, now + max(left - _EARLY, left / 2)
        if session:
            held.renewal = renewal
        elif renewal and renewal not in (case.given.token, held.renewal) and case.grant.kind == "refresh_token":
            held.renewal = renewal
            self._keep(case, held)

    @staticmethod
    def _keep(case: "_Case", held: _Held) -> None:
        """Write a refresh token where the one that it replaces was; say so where that cannot be."""
        place = case.place
        why = "it came from the environment, which Overheard cannot change"
        if place.file and not (place.env and os.environ.get(place.env, "").strip()):
            try:
                _write(Path(place.file), held.renewal)
            except OSError as e:
                why = e.strerror or "it cannot be written"
            else:
                held.basis, held.renewal = _Given.found(case.source, place).basis, ""
                return
        _logger.warning(
            "source %s: the service replaced the refresh token, and the new one could not be kept (%s). It is used "
            "until Overheard ends; then sign in once more. Name a `token_file` that can be written to",
            case.source,
            why,
        )


class _RefusedError(Exception):
    """An exchange that gave nothing: what to say of it, and for how long it is not asked again."""

    def __init__(self, problem: GrantError, wait: timedelta) -> None:
        super().__init__()
        self.problem = problem
        self.wait = wait


@dataclass(frozen=True, slots=True)
class _Given:
    """The secrets that are exchanged, as they are now; `basis` stands for them and does not tell them."""

    token: str = field(repr=False)
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    basis: str

    @classmethod
    def found(cls, source: str, place: Place) -> "_Given":
        token, client_id, client_secret = place.values(source)
        return cls(token, client_id, client_secret, digest(token, client_id, client_secret))


@dataclass(frozen=True, slots=True)
class _Case:
    """One exchange: for which source, by which grant, with which secrets."""

    source: str
    place: Place
    grant: Grant
    given: _Given


def _inquiry(case: _Case, renewal: str) -> Inquiry:
    """Return the request of an exchange; `renewal` is what the last one gave for it, "" for nothing."""
    grant, given = case.grant, case.given
    if grant.kind == "session":
        base = grant.url.rstrip("/") + _SESSION
        if renewal:
            return Inquiry(f"{base}refreshSession", headers={"Authorization": f"Bearer {renewal}"})
        body = json.dumps({"identifier": grant.login, "password": given.token}).encode()
        return Inquiry(f"{base}createSession", body, {"Content-Type": "application/json"})
    values: dict[str, str] = {"grant_type": grant.kind}
    headers = {"Content-Type": _FORM}
    if grant.kind == "refresh_token":
        values["refresh_token"] = renewal or given.token
    if grant.basic and given.client_secret:
        both = f"{quote_plus(given.client_id)}:{quote_plus(given.client_secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    else:
        values["client_id"] = given.client_id
        if given.client_secret:
            values["client_secret"] = given.client_secret
    return Inquiry(grant.url, urlencode(values).encode(), headers)


def _answer(case: _Case, reply: Reply) -> Mapping[str, Any]:
    """Return the good answer of a token endpoint. Raises _RefusedError for any other."""
    try:
        found = json.loads(reply.body) if reply.body.strip() else {}
    except (ValueError, RecursionError):
        found = {}
    found = found if isinstance(found, dict) else {}
    if not reply.message and "error" not in found:
        return found
    # What a server says beyond its code is not shown: it may say what it was given.
    code = found.get("error")
    if isinstance(code, str) and code in _MEANT and reply.status < 500:
        meaning, advice = _MEANT[code]
        raise _refused(case, f"{code}: {meaning}. {advice}", max(reply.wait, _REFUSED))
    if reply.status in (400, 401, 403):
        raise _refused(case, f"{reply.status}. {_CLIENT} {_AGAIN}", max(reply.wait, _REFUSED))
    raise _refused(case, reply.message.partition("; got ")[2] or reply.message or "an error", max(reply.wait, _FAILED))


def _refused(case: _Case, got: str, wait: timedelta) -> _RefusedError:
    host = urlsplit(case.grant.url).hostname or ""
    message = f"expected an access token for the source {case.source!r} from {host!r}; got {got}"
    return _RefusedError(GrantError(message), wait)


def _text(value: Any) -> str:
    """Return a token that can be sent; "" where it is none."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def _seconds(value: Any) -> timedelta | None:
    """Return how long a token lasts as its answer says it; None where it does not."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LONGEST.total_seconds() * 10:
        return None
    return timedelta(seconds=value)


def _left(token: str, now: datetime) -> timedelta | None:
    """Return how long a token lasts that is a JWT (RFC 7519) and was made just now; None where it does not say so."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        # By the clock of whoever made it, where that is told: ours may be wrong.
        began = claims.get("iat")
        made = now if began is None else datetime.fromtimestamp(float(began), UTC)
        left = datetime.fromtimestamp(float(claims["exp"]), UTC) - made
        return left if left > timedelta() else None
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError):
        return None


def _write(path: Path, value: str) -> None:
    """Write a secret to a file that its owner alone can read, whole or not at all."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{value}\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
