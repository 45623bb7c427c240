"""What people decide on pages: written, and told on the page that they come back to, with the way back."""

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from overheard.web.base import Service
from overheard.web.request import InjectedService, Request, caller_of, local_path
from overheard.web.security import allow_decision, needs

_DECIDED = "decided"
VALUED = ("relabel", "status", "assign", "note", "tag", "policy")


class DecisionForm(msgspec.Struct):
    """The form of a button. `right` is a contact or account as a person calls them; `next` where to go back to.

    `value` is of verbs that take one; "" takes away what was set.
    """

    verb: str = ""
    left: str = ""
    right: str = ""
    value: str = ""
    note: str = ""
    next: str = "/"


Form = Annotated[DecisionForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@post("/decide", include_in_schema=False, guards=[needs("decide")], sync_to_thread=True, status_code=303)
def decide(data: Form, request: Request, service: InjectedService) -> Redirect:
    """Write a decision, and go back once the pages show it."""
    caller = caller_of(request)
    allow_decision(caller, data.verb)
    value = data.value if data.verb in VALUED else None
    decision = service.decide(
        data.verb, data.left, data.right.strip(), value=value, by=caller.name, note=data.note.strip()
    )
    return Redirect(_with(local_path(data.next), decision.id), status_code=303)


def told(request: Request, service: Service) -> dict[str, Any]:
    """Return for a page's context what was decided just before, as the address says: `told`, and of whom."""
    id_ = request.query_params.get(_DECIDED, "")
    decision = service.decision(id_) if id_ else None
    name = service.names([decision.right]).get(decision.right, "") if decision and decision.right else ""
    return {"told": decision, "told_name": name}


def _with(path: str, decision: str) -> str:
    parts = urlsplit(path)
    pairs = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != _DECIDED]
    return f"{parts.path}?{urlencode([*pairs, (_DECIDED, decision)])}"
