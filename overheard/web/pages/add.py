"""Add a post: URL and text by hand, for places that may not be collected, with a bookmarklet that fills the form."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.concurrency import sync_to_thread
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect, Template

from overheard.errors import InputError
from overheard.records import Incident, Profile, incident_id
from overheard.web.base import Pasted
from overheard.web.request import InjectedService, Request
from overheard.web.security import needs

# What a bookmark may hand over in an address; servers and browsers take some 60 kB, and letters become three to nine.
_SELECTION = 5_000
PLATFORMS = ("linkedin", "facebook", "instagram", "x", "youtube", "reddit", "whatsapp", "telegram", "quora", "web")


class Form(msgspec.Struct, rename={"handle_": "handle"}):
    """The form, every field optional here: what is missing is said in words."""

    url: str = ""
    text: str = ""
    title: str = ""
    author: str = ""
    handle_: str = ""
    platform: str = ""
    published: str = ""


FormBody = Annotated[Form, Body(media_type=RequestEncodingType.URL_ENCODED)]


# A coroutine: of two handlers on one path the framework wraps the first for its threads twice, and then fails.
@get("/add", include_in_schema=False, guards=[needs("read")])
async def add(  # noqa: PLR0917 - the framework passes them by name
    request: Request,
    service: InjectedService,
    url: FromQuery[str] = "",
    text: FromQuery[str] = "",
    title: FromQuery[str] = "",
    added: FromQuery[str] = "",
    fate: FromQuery[str] = "",
    waiting: FromQuery[int] = 0,
    problem: FromQuery[str] = "",
) -> Template:
    """Show the form, filled in where the address says with what; and where the last post landed."""
    done = await sync_to_thread(_landed, service, added, fate, waiting, problem) if added else None
    return _page(request, Form(url=url, text=text, title=title), done=done)


@post("/add", include_in_schema=False, guards=[needs("write")], sync_to_thread=True, status_code=303)
def add_post(data: FormBody, request: Request, service: InjectedService) -> Redirect | Template:
    """Take the post, and go on to where it landed."""
    given = Pasted(data.url, data.text, data.title, data.author, data.handle_, data.platform, data.published)
    try:
        added = service.add_post(given)
    except InputError as e:
        return _page(request, data, wrong=str(e), status=422)
    query = {"added": added.mention, "fate": added.fate}
    if added.incident is None:
        query |= {"waiting": str(added.waiting)} | ({"problem": added.problem[:500]} if added.problem else {})
    return Redirect("/add", query_params=query, status_code=303)


def _landed(service: InjectedService, mention: str, fate: str, waiting: int, problem: str) -> dict[str, object]:
    hit = service.get(incident_id(mention))
    incident = hit.record if hit is not None and isinstance(hit.record, Incident) else None
    people = []
    for party in incident.parties if incident else ():
        one = service.get(party.subject)
        if one is not None and isinstance(one.record, Profile):
            people.append((party, one.record))
    return {
        "mention": mention,
        "fate": fate,
        "waiting": waiting,
        "problem": problem,
        "incident": incident,
        "people": people,
        "terms": service.terms(incident.about) if incident else {},
    }


def _page(
    request: Request, form: Form, *, done: dict[str, object] | None = None, wrong: str = "", status: int = 200
) -> Template:
    context = {
        "form": form,
        "wrong": wrong,
        "done": done,
        "platforms": PLATFORMS,
        "bookmarklet": bookmarklet(str(request.base_url).rstrip("/")),
        "active": "add",
    }
    return Template("add.html", context=context, status_code=status)


def bookmarklet(address: str) -> str:
    """Return the script of a bookmark that opens the form for the page one is on, with what is selected there."""
    return (
        "javascript:(()=>{const p=new URLSearchParams({url:location.href,title:document.title.slice(0,300),"
        f"text:String(getSelection()).slice(0,{_SELECTION})}});open('{address}/add?'+p)}})()"
    )
