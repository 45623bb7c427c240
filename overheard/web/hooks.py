"""The endpoint of webhooks: `/hooks/NAME`, open to whoever signs what they send.

POST ─▶ are there a hook and a signature? ─▶ the body, bounded ─▶ Service.deliver ─▶ 202, 200, 204, or 401
"""

import msgspec
from anyio import to_thread
from litestar import Response, post
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.params import FromPath

from overheard.collectors.fetching.secrets import SecretError
from overheard.collectors.pushed.hook import MAX_BODY, MAX_KEPT, SignatureError
from overheard.errors import InputError
from overheard.web.rates import Rate, Rates, sender_of
from overheard.web.request import InjectedService, Request

PATH = "/hooks"
# Of one sender, and of all together, that is refused: whoever guesses at a secret, or has an old one.
REFUSED, ALL_REFUSED = Rate(burst=60, hourly=600), Rate(burst=1_000, hourly=10_000)
# Of one sender to one hook, and of all: a busy organisation on GitHub sends some ten a second.
TAKEN, ALL_TAKEN = Rate(burst=5_000, hourly=72_000), Rate(burst=20_000, hourly=360_000)
_STATUS = {"taken": 202, "repeated": 202, "answered": 200, "nothing": 204}


@post(f"{PATH}/{{name:str}}", include_in_schema=False, request_max_body_size=MAX_BODY)
async def deliver(request: Request, service: InjectedService, name: FromPath[str]) -> Response[bytes]:
    """Take a delivery to a hook: 202 once it is safe, with its id; 204 where nobody said anything."""
    headers = {key: value for key, value in request.headers.items() if key != "authorization"}
    try:
        await to_thread.run_sync(service.expect_delivery, name, headers)
        # Whoever has no secret can use up nobody's turns but their own.
        _bounded(request, "taken", f"{name} {sender_of(request)}")
        body = await request.body()
        found = await to_thread.run_sync(service.deliver, name, headers, body)
    except RequestEntityTooLarge as e:
        msg = f"expected a delivery of at most {MAX_BODY // 1_000_000} MB; got more, and kept nothing of it"
        raise HTTPException(detail=msg, status_code=413) from e
    except SignatureError as e:
        _bounded(request, "refused", sender_of(request))
        raise HTTPException(detail=str(e), status_code=401) from e
    except SecretError as e:
        # Where it should be is ours to know.
        msg = "expected this hook to have its secret here; it has not. Tell whoever runs it, and send it again later"
        raise HTTPException(detail=msg, status_code=503, headers={"retry-after": "600"}) from e
    except InputError as e:
        too_large = f"at most {MAX_KEPT:,} bytes" in str(e)
        raise HTTPException(detail=str(e), status_code=413 if too_large else 400) from e
    told = {key: value for key, value in (("status", found.status), ("id", found.id), ("said", found.text)) if value}
    content = b"" if found.status == "nothing" else msgspec.json.encode(told)
    return Response(content, status_code=_STATUS[found.status], media_type="application/json")


def hook_rates() -> dict[str, Rates]:
    """Return the accounts of who delivers, for the state of the app."""
    return {"hooks_refused": Rates(REFUSED, ALL_REFUSED), "hooks_taken": Rates(TAKEN, ALL_TAKEN)}


def _bounded(request: Request, what: str, whose: str) -> None:
    """Raises 429 where too many come."""
    if seconds := request.app.state[f"hooks_{what}"].take(whose):
        msg = f"expected fewer deliveries; this one comes too soon. Send it again in {seconds} s"
        raise HTTPException(detail=msg, status_code=429, headers={"retry-after": str(seconds)})
