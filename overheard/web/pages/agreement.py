"""Machine beside people: how far the labels that people set agree with the machine's."""

from litestar import get
from litestar.response import Template

from overheard.web.request import InjectedService
from overheard.web.security import needs


@get("/agreement", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def agreement(service: InjectedService) -> Template:
    """Show the agreement by kind of label, source and language."""
    return Template("agreement.html", context={"rows": service.agreement(), "active": ""})
