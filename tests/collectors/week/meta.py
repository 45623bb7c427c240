"""The Graph API, by https://developers.facebook.com/docs/graph-api: pages that name the next one, and its errors."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.collectors.week.service import Made, Page, Service, address

USED = '{"call_count": 12, "total_time": 3, "total_cputime": 2}'


class Graph(Service):
    """What the services of Meta have in common: a page of a list names the next, token and all."""

    limit, window = 200, timedelta(hours=1)
    cursors = ("after",)

    def page(
        self, path: str, query: Mapping[str, str], found: Sequence[Any], most: int, view: Callable[[Any], object]
    ) -> tuple[dict[str, object], Sequence[Any]]:
        """Return a page of a list, and what of it is shown."""
        begin, most = int(query.get("after", 0)), int(query.get("limit", most))
        shown = found[begin : begin + most]
        paging: dict[str, object] = {"cursors": {"before": str(begin), "after": str(begin + most)}}
        if found[begin + most :]:
            more = {**query, "limit": most, "after": begin + most, "access_token": self.tokens()[0]}
            paging["next"] = address(self.base, path, more)
        return {"data": [view(one) for one in shown], "paging": paging}, shown

    def limited(self, at: datetime, until: datetime) -> Page:
        minutes = int((until - at).total_seconds()) // 60
        usage = f'{{"11": [{{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": {minutes}}}]}}'
        error = {"message": "(#4) Application request limit reached", "type": "OAuthException", "code": 4}
        return Page({"error": error}, headers={"X-Business-Use-Case-Usage": usage}, status=403)

    def refused(self) -> Page:
        error = {
            "message": "Error validating access token: Session has expired.",
            "type": "OAuthException",
            "code": 190,
            "error_subcode": 463,
        }
        return Page({"error": error}, status=400)

    def told_limits(self, left: int, until: datetime) -> Mapping[str, str]:
        return {"X-App-Usage": USED}

    def below(self, made: Made, at: datetime, *, gone: bool = False) -> list[Made]:
        """Return what was said to a post, the newest first."""
        return [one for one in self.listed(at, gone=gone) if one.parent is not None and one.top is made]
