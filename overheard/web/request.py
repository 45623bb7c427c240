"""What every handler is given: the request, with a `Caller` on its state, and the service."""

from typing import Any

import litestar
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from overheard.web.base import Caller, Service

Request = litestar.Request[Any, Any, State]
# For the signatures of handlers. It is a Protocol, so there is nothing that the framework could check at run time.
InjectedService = NamedDependency[SkipValidation[Service]]


def caller_of(request: Request) -> Caller:
    """Return who calls; a guard has let them in."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


def here(request: Request) -> str:
    """Return the path and query of the page that is asked for, for a form to come back to."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def local_path(path: str) -> str:
    """Return a path of this server, "/" for any other: nobody is sent elsewhere by a link or form of ours.

    Browsers read a backslash as a slash and drop tabs and line ends, so that a path with one of them is none.
    """
    strange = "\\" in path or not path.isprintable()
    return path if path.startswith("/") and not path.startswith("//") and not strange else "/"
