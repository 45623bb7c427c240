"""The feeds that a feed reader takes: alerts and digests."""

from litestar import Response, get

from overheard.alerts.feed import CONTENT_TYPE, PATH
from overheard.web.request import InjectedService
from overheard.web.security import needs


@get(PATH, include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def alerts(service: InjectedService) -> Response[bytes]:
    """Return alerts and digests, newest first, as RSS."""
    return Response(service.alerts_feed(), media_type=CONTENT_TYPE)
