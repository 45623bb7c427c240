"""What it costs to run here: disk, time, memory, and what paid sources would add."""

from litestar import get, post
from litestar.concurrency import sync_to_thread
from litestar.response import Redirect, Template

from overheard.web.request import InjectedService
from overheard.web.security import needs


# A coroutine: of two handlers on one path the framework wraps the first for its threads twice, and then fails.
@get("/cost", include_in_schema=False, guards=[needs("read")])
async def cost(service: InjectedService) -> Template:
    """Show what was measured last."""
    return Template("cost.html", context={"cost": await sync_to_thread(service.cost), "active": ""})


@post("/cost", include_in_schema=False, guards=[needs("write")], sync_to_thread=True, status_code=303)
def measure_cost(service: InjectedService) -> Redirect:
    """Measure anew, which takes some seconds."""
    service.measure_cost()
    return Redirect("/cost", status_code=303)
