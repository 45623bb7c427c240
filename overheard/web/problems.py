"""What is wrong, said to a program (RFC 9457, problem details) or to a person (a page), in the same words."""

import logging
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import MediaType, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Template

from overheard.errors import (
    ConfigError,
    ConflictError,
    FolderFullError,
    GoneError,
    InputError,
    NotFoundError,
    OverheardError,
    QueryError,
    TransientError,
)
from overheard.web.request import Request
from overheard.web.security import ForeignRequestError, Gate

_logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
# A batch of a thousand contacts is some 500 kB; a pasted list of contacts may be more.
MAX_BODY = 20_000_000
_STATUS: tuple[tuple[type[OverheardError], int], ...] = (
    (QueryError, 400),
    (InputError, 422),
    (ConfigError, 422),
    (GoneError, 410),
    (NotFoundError, 404),
    (ConflictError, 409),
    (TransientError, 503),
    (FolderFullError, 507),
)
# Of what the framework itself refuses it says no more than the status.
_EXPECTED = {
    404: "expected the address of something that is here; nothing is",
    405: "expected another method for this address",
    413: (
        f"expected at most {MAX_BODY // 1_000_000} MB at once; got more, and kept nothing of it. Send it in parts, or "
        "bring a large list in with `overheard import`"
    ),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457). `type` is about:blank: the status says it all. `errors`: where in the request."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    errors: list[dict[str, Any]] = []


def problem_of(error: Exception) -> Problem:
    """Return what is wrong; of an error that nobody foresaw, only that it happened."""
    if isinstance(error, OverheardError):
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        errors = [{"position": error.position}] if isinstance(error, QueryError) else []
        return Problem(title=HTTPStatus(status).phrase, status=status, detail=str(error), errors=errors)
    if isinstance(error, HTTPException):
        errors = _details(error.extra) if isinstance(error, ValidationException) else []
        # The framework's own words are the status's phrase, of which Pythons have two for 413.
        phrases = (HTTPStatus(error.status_code).phrase, "Request Entity Too Large")
        said = "" if error.detail in phrases else error.detail
        detail = said or _EXPECTED.get(error.status_code, f"expected otherwise: {HTTPStatus(error.status_code).phrase}")
        return Problem(
            title=HTTPStatus(error.status_code).phrase, status=error.status_code, detail=detail, errors=errors
        )
    if isinstance(error, RecursionError):  # what a decoder says of a thousand brackets
        return Problem(title=HTTPStatus(400).phrase, status=400, detail="expected a body of some levels; got too many")
    return Problem(
        title=HTTPStatus(500).phrase,
        status=500,
        detail="something went wrong here, and the log says what. Nothing that was accepted before is lost",
    )


def _details(extra: Any) -> list[dict[str, Any]]:
    rows = extra if isinstance(extra, list) else []
    return [{key: str(value) for key, value in row.items()} for row in rows if isinstance(row, dict)]


def answering(gate: Gate) -> Callable[[Request, Exception], Response[Any]]:
    """Return the handler of all errors behind a gate."""

    def answer(request: Request, error: Exception) -> Response[Any]:
        try:
            gate.admitted(request)
        except HTTPException as refused:
            # Whoever may not come in is not told what is here and what is not.
            error = refused
        return answer_error(request, error)

    return answer


def answer_error(request: Request, error: Exception) -> Response[Any]:
    """Return the answer to a request that failed: a problem to programs, a page to people; to the nameless, the login.

    What nobody foresaw goes to the log, by kind and place; not with its message or the path, since people are in them.
    """
    problem = problem_of(error)
    if problem.status >= 500:
        _log(request, error)
    headers = dict(getattr(error, "headers", None) or {})
    if problem.status == 401:
        headers["www-authenticate"] = 'Bearer realm="overheard"'
    if problem.status in (409, 503):
        headers.setdefault("retry-after", "2")
    # A page says whose Overheard this is; another site's script must not read that.
    if wants_page(request) and not isinstance(error, ForeignRequestError):
        if problem.status == 401 and request.method in ("GET", "HEAD"):
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return Redirect(f"/login?{urlencode({'next': asked})}", status_code=303)
        return Template("problem.html", context={"problem": problem}, status_code=problem.status, headers=headers)
    return Response(msgspec.json.encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def _log(request: Request, error: Exception) -> None:
    route = request.scope.get("path_template", "")
    if isinstance(error, OverheardError):  # ours say what to do, and name files
        _logger.error("%s %s: %s", request.method, route, error)
    else:
        places = "".join(traceback.format_tb(error.__traceback__))
        _logger.error("%s %s: %s\n%s", request.method, route, type(error).__name__, places)


def wants_page(request: Request) -> bool:
    """True where a person looks: not the API, and the browser asks for HTML."""
    return not request.url.path.startswith("/v1") and MediaType.HTML.value in request.headers.get("accept", "")
