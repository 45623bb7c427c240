"""The endpoint for webmentions (w3.org/TR/webmention, 3.2): taken from anybody, asked by whoever polls, never here.

POST source, target ─▶ bounds ─▶ Service.take_webmention ─▶ 201, Location: /webmention/ID ─▶ GET: what became of it
"""

from urllib.parse import parse_qs

import msgspec
from anyio import to_thread
from litestar import Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, RawBody

from overheard.errors import InputError, TransientError
from overheard.web.rates import Rate, sender_of
from overheard.web.request import InjectedService, Request
from overheard.web.security import OPEN_TO_ALL as PATH

# Some thirty links of one post, and what one page of an active blog sends; a flood is none.
EACH, ALL = Rate(burst=30, hourly=60), Rate(burst=300, hourly=1_200)
# Two addresses of 2,048 characters, each of them escaped.
_BODY = 16_384
_FORM = "application/x-www-form-urlencoded"
_FULL = 600  # seconds until it may be less full
_TEXT = "text/plain"  # the framework adds the character set
_SAID = {
    "waiting": "Accepted. The page is still to be looked at.",
    "verified": "Verified: the page links to the target, and is kept as a mention of it.",
    "refused": "Refused",
    "failed": "Refused: the page could not be read. If it is gone for good, so is what was kept of it.",
}


@post(PATH, include_in_schema=False, status_code=201, request_max_body_size=_BODY)
async def take(request: Request, service: InjectedService, body: RawBody) -> Response[str]:
    """Take a webmention: `source` says that it links to `target`, a page of ours."""
    if seconds := request.app.state["rates"].take(sender_of(request)):
        msg = f"expected fewer webmentions; this one comes too soon. Send it again in {seconds} s"
        raise HTTPException(detail=msg, status_code=429, headers={"retry-after": str(seconds)})
    source, target = _fields(request, body)
    try:
        id_ = await to_thread.run_sync(service.take_webmention, source, target)
    except InputError as e:
        raise HTTPException(detail=str(e), status_code=400) from e
    except TransientError as e:
        raise HTTPException(detail=str(e), status_code=503, headers={"retry-after": str(_FULL)}) from e
    where = f"{_address(request, service)}/{id_}"
    words = f"{_SAID['waiting']} What becomes of it: {where}\n"
    return Response(words, status_code=201, media_type=_TEXT, headers={"location": where})


@get(PATH, include_in_schema=False)
async def explain(request: Request, service: InjectedService) -> Response[str]:
    """Say what this address is for."""
    where = _address(request, service)
    words = (
        "This address takes webmentions (https://www.w3.org/TR/webmention/) of the pages of its owner. Send a POST "
        "with the form fields `source`, the address of your page, and `target`, that of the page which yours links "
        "to.\n"
    )
    return Response(words, media_type=_TEXT, headers={"link": f'<{where}>; rel="webmention"'})


@get(f"{PATH}/{{id_:str}}", include_in_schema=False)
async def became(request: Request, service: InjectedService, id_: FromPath[str]) -> Response[str] | Response[bytes]:
    """Say what became of a webmention; no more than its sender may know."""
    found = await to_thread.run_sync(service.webmention, id_)
    if "json" in request.headers.get("accept", ""):
        return Response(msgspec.json.encode(found), media_type="application/json")
    why = f": {found.reason}." if found.reason else ""
    words = f"{_SAID[found.state]}{why}\nSource: {found.source}\nTarget: {found.target}\n"
    return Response(words, media_type=_TEXT)


def _fields(request: Request, body: bytes) -> tuple[str, str]:
    """Return source and target. Raises 400 and 415 in words."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != _FORM:
        msg = f"expected a form ({_FORM}) with the fields source and target; got {media[:80]!r}"
        raise HTTPException(detail=msg, status_code=415)
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=100, errors="strict")
    except ValueError as e:  # other letters than ASCII, broken UTF-8, a thousand fields
        msg = f"expected a form with the fields source and target; {_FORM} it is not: {type(e).__name__}"
        raise HTTPException(detail=msg, status_code=400) from e
    for name in ("source", "target"):
        if len(form.get(name, [])) != 1:
            msg = f"expected the field {name} once, with the address of a page; got it {len(form.get(name, []))} times"
            raise HTTPException(detail=msg, status_code=400)
    return form["source"][0].strip(), form["target"][0].strip()


def _address(request: Request, service: InjectedService) -> str:
    """Return the endpoint as others reach it."""
    web = service.settings.web
    return (web.address.rstrip("/") or str(request.base_url).rstrip("/")) + PATH
