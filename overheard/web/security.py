"""Who may call: foreign pages and foreign names are refused, tokens make callers, and every answer is fenced in.

A page of another site that a browser has open must not reach us: neither by a name that points here (DNS rebinding; the
Host header tells) nor by a form or script of its own (Origin and Sec-Fetch-Site tell). See the Fetch standard, and
OWASP's cheat sheets on cross-site request forgery and content security policy.
"""

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders, State
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import Message
from litestar.types import Scope as ASGIScope

from overheard.web.base import Caller, Scope, Service
from overheard.web.tokens import SCOPES

Connection = ASGIConnection[Any, Any, Any, State]
COOKIE = "overheard"
_NAMELESS = "expected a token (`Authorization: Bearer …`), as `overheard token create` makes it; got none"
OWNER = Caller("owner", frozenset(SCOPES))
# Whoever asks for one of these must be able to without a token: to log in, and to see the page they log in on.
# What takes webmentions is for everybody: other people's servers send them, and forms of our own site.
OPEN_TO_ALL = "/webmention"
OPEN = ("/login", "/static/", OPEN_TO_ALL, "/hooks/")
_SAFE = ("GET", "HEAD", "OPTIONS")
# What proxies add (RFC 7239, RFC 9110, and custom). Who comes through one is not at this machine, whatever the address.
_PROXIED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": with it browsers send `Origin: null` with the forms of our own pages (Fetch, "append a request
    # Origin header"), which then look like another site's.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class ForeignRequestError(PermissionDeniedException):
    """A page of another site makes the request, or another name leads here."""


async def fence(message: Message, scope: ASGIScope) -> None:
    """Before an answer is sent: put the headers on it that keep a browser from doing more than the page says."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not scope["path"].startswith("/static/"):
        headers.setdefault("cache-control", "no-store")


class Gate:
    """Decides who calls, before any route does. `hosts`: the values of Host (name:port) under which we are reached.

    `local`: bound to this machine only. There, whoever brings no token is the owner, unless the settings demand one.
    """

    def __init__(self, service: Service, hosts: Collection[str], *, local: bool) -> None:
        self._service = service
        self._hosts = frozenset(host.lower() for host in hosts)
        self._local = local

    def admit(self, connection: Connection, _: BaseRouteHandler | None = None) -> None:
        """Put the caller on the connection's state. The first guard of all; raises 401 and 403, saying why."""
        self._refuse_foreign(connection)
        connection.state.caller = self._caller(connection)

    def admitted(self, connection: Connection) -> Caller | None:
        """Return the caller, also where no route was found and so no guard asked. Raises 401 and 403 as `admit`."""
        if not hasattr(connection.state, "caller"):
            self.admit(connection)
        caller: Caller | None = connection.state.caller
        if caller is None and not connection.url.path.startswith(OPEN):
            raise NotAuthorizedException(_NAMELESS)
        return caller

    def _refuse_foreign(self, request: Connection) -> None:
        host = request.headers.get("host", "").lower()
        if host not in self._hosts:
            msg = (
                f"expected the Host header to name this server ({', '.join(sorted(self._hosts))}); got {host[:100]!r}. "
                "Another name it goes by is the `address` in [web]"
            )
            raise ForeignRequestError(msg)
        # A form of any site may send one, as any server may; it does nothing in the name of whoever presses the button.
        if request.url.path == OPEN_TO_ALL and not self._local:
            return
        origin = request.headers.get("origin")
        if origin is not None and _host_of(origin) not in self._hosts:
            msg = f"expected a request of our own pages; got one of {origin[:100]!r}"
            raise ForeignRequestError(msg)
        # A link in a mail may lead here; a form or script of another site may not.
        if request.scope.get("method", "GET") not in _SAFE and request.headers.get(
            "sec-fetch-site", "same-origin"
        ) not in (
            "same-origin",
            "none",
        ):
            msg = "expected a request of our own pages; the browser says that another site makes it"
            raise ForeignRequestError(msg)

    def _caller(self, request: Connection) -> Caller | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme and scheme.lower() != "bearer":
            msg = f"expected `Authorization: Bearer TOKEN`; got the scheme {scheme[:20]!r}"
            raise NotAuthorizedException(msg)
        if token := given.strip() or _of_feed(request):
            caller = self._service.caller(token)
            if caller is None:
                msg = "expected a token that `overheard token list` shows; this one is unknown, revoked or expired"
                raise NotAuthorizedException(msg)
            return caller
        if scheme:
            raise NotAuthorizedException(_NAMELESS)
        # A cookie that nobody has any more, or of another Overheard (ports do not tell cookies apart), is no cookie.
        if (cookie := request.cookies.get(COOKIE)) and (caller := self._service.caller(cookie)) is not None:
            return caller
        if self._local and not self._service.settings.web.require_token and not _is_proxied(request):
            return OWNER
        return None


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # a bracket that is not closed
        return ""


def _is_proxied(request: Connection) -> bool:
    return any(name in request.headers for name in _PROXIED)


def _of_feed(request: Connection) -> str:
    """Feed readers cannot send headers, so a feed's address may carry the token."""
    return request.query_params.get("token", "") if request.url.path.startswith("/feeds/") else ""


def allow_decision(caller: Caller, verb: str) -> None:
    """Refuse a decision that is not for everybody who may decide: a policy changes every link. Raises 403."""
    if verb == "policy" and not caller.may("admin"):
        msg = (
            f"expected a token with the scope admin for a policy; {caller.name} has {', '.join(sorted(caller.scopes))}"
        )
        raise PermissionDeniedException(msg)


def needs(scope: Scope) -> Callable[[Connection, BaseRouteHandler], None]:
    """Return the guard of a route that takes a caller with this scope."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        caller: Caller | None = getattr(connection.state, "caller", None)
        if caller is None:
            raise NotAuthorizedException(_NAMELESS)
        if not caller.may(scope):
            msg = f"expected a token with the scope {scope}; {caller.name} has {', '.join(sorted(caller.scopes))}"
            raise PermissionDeniedException(msg)

    return guard
