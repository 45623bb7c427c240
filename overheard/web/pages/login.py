"""Log in with a token: only where the server demands one."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect, Template

from overheard.web.request import InjectedService, Request, local_path
from overheard.web.security import COOKIE

_MONTH = 30 * 86_400


class Login(msgspec.Struct):
    """The form."""

    token: str = ""
    next: str = "/"


Form = Annotated[Login, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/login", include_in_schema=False)
async def login(next: FromQuery[str] = "/") -> Template:  # noqa: A002 - the parameter's name
    """Show the form."""
    return Template("login.html", context={"next": local_path(next), "wrong": False})


@post("/login", include_in_schema=False, sync_to_thread=True, status_code=303)
def log_in(data: Form, request: Request, service: InjectedService) -> Template | Redirect:
    """Keep a good token in a cookie that no script reads and no other site sends."""
    if service.caller(data.token.strip()) is None:
        return Template("login.html", context={"next": local_path(data.next), "wrong": True}, status_code=403)
    cookie = Cookie(
        COOKIE,
        value=data.token.strip(),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https" or service.settings.web.address.startswith("https:"),
        max_age=_MONTH,
    )
    return Redirect(local_path(data.next), cookies=[cookie], status_code=303)


@post("/logout", include_in_schema=False, status_code=303)
async def log_out() -> Redirect:
    """Forget the token."""
    cookie = Cookie(COOKIE, value="", max_age=0, httponly=True, samesite="strict")
    return Redirect("/login", cookies=[cookie], status_code=303)
