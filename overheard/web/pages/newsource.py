"""A new source: its kind or an address, a form of what that needs, what came when it was tried, and kept."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import get, post
from litestar.concurrency import sync_to_thread
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect, Template

from overheard.errors import ConfigError, InputError
from overheard.web.newsource import NewSources, Trial
from overheard.web.request import InjectedService, Request
from overheard.web.security import needs

_LONGEST = 4_096
# Not below `/sources/`, where any name may be that of a source.
PATH = "/new-source"
# Of the form itself, not of the source.
_OWN = frozenset({"kind", "do", "address"})

Form = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]


# A coroutine: of two handlers on one path the framework wraps the first for its threads twice, and then fails.
@get(PATH, include_in_schema=False, guards=[needs("admin")])
async def new_source(
    request: Request, service: InjectedService, kind: FromQuery[str] = "", note: FromQuery[str] = ""
) -> Template:
    """Show the kinds, or the form of one, filled in as the address says. Raises NotFoundError."""
    given = {name: value[:_LONGEST] for name, value in request.query_params.items() if name not in ("kind", "note")}
    return await sync_to_thread(_page, service.new_sources, kind, given, note=note[:500])


@post(PATH, include_in_schema=False, guards=[needs("admin")], sync_to_thread=True, status_code=303)
def try_source(data: Form, service: InjectedService) -> Redirect | Template:
    """Find out what an address is, try a source, or keep it. Raises NotFoundError."""
    new = service.new_sources
    said = {name: value.strip()[:_LONGEST] for name, value in data.items() if isinstance(value, str)}
    kind, given = said.get("kind", ""), {name: value for name, value in said.items() if name not in _OWN and value}
    if not kind:
        return _guessed(new, said.get("address", ""), given)
    trial: Trial | None = None
    try:
        given.setdefault("name", new.name_for(kind, given))
        if said.get("do") == "keep":
            name = new.keep(kind, given)
            return Redirect(f"/sources?{urlencode({'asked': name})}", status_code=303)
        new.draft(kind, given)
        trial = new.try_out(kind, given)
    except (InputError, ConfigError) as e:
        where = e.where if isinstance(e, InputError) else ""
        # What may be a secret in the place of where it is, is shown nowhere.
        shown = {name: value for name, value in given.items() if not where or not name.startswith(where)}
        return _page(new, kind, shown, wrong=str(e), where=where, status=422)
    return _page(new, kind, given, trial=trial)


def _guessed(new: NewSources, address: str, given: Mapping[str, str]) -> Redirect | Template:
    try:
        guess = new.guess(address, given.get("contact", ""))
    except (InputError, ConfigError) as e:
        return _page(new, "", {"address": address, **given}, wrong=str(e), status=422)
    query = {"kind": guess.kind, "note": guess.note, **given, **guess.given}
    return Redirect(f"{PATH}?{urlencode(query)}", status_code=303)


def _page(
    new: NewSources,
    kind: str,
    given: Mapping[str, str],
    *,
    note: str = "",
    wrong: str = "",
    where: str = "",
    trial: Trial | None = None,
    status: int = 200,
) -> Template:
    form = new.form(kind) if kind else None
    values = dict(given)
    if form is not None and "name" not in values:
        values["name"] = new.name_for(kind, values) if values else ""
    context = {
        "kinds": () if form else new.kinds(),
        "form": form,
        "given": values,
        "note": note,
        "wrong": wrong,
        "where": where,
        "trial": trial,
        "table": new.draft(kind, values) if trial is not None else "",
        "needs_contact": new.needs_contact(kind),
        "path": PATH,
        "active": "sources",
    }
    return Template("new_source.html", context=context, status_code=status)
