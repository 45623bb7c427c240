"""Google Business Profile, by https://developers.google.com/my-business/reference/rest: reviews, last changed first."""

from collections.abc import Mapping
from datetime import datetime

from overheard.collectors.base import Source
from overheard.collectors.communities.google_business import GoogleBusiness
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import MINUTE, Pace
from tests.collectors.week.service import Made, Page, Service, milliseconds
from tests.collectors.week.truth import Promise

_LOCATION = "accounts/11/locations/22"
_STARS = ("ONE", "TWO", "THREE", "FOUR", "FIVE")


class GoogleReviews(Service):
    name = "google-business"
    pace = Pace(hourly=2, burst=90, answers=0, edits=0.2, deletions=0.08)
    # An edit comes to the top. A review that is gone is asked for itself, and told not to be found then.
    promise = Promise(edits=True, deletions=False)
    limit, window = 300, MINUTE
    essential = "createTime"
    cursors = ("pageToken",)

    def source(self) -> Source:
        return GoogleBusiness(
            name=self.name, account="11", location="22", api=f"{self.base}/v4", token_file=str(self.file)
        )

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"AbFv{number}"

    def author(self, who: str) -> str:
        return who.title()

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        path = asked.target.partition("?")[0].removeprefix(f"/v4/{_LOCATION}/reviews")
        if path:
            return self._one(path.removeprefix("/"))
        begin, most = int(query.get("pageToken", 0)), min(int(query.get("pageSize", 50)), 50)
        assert query["orderBy"] == "updateTime desc"
        found = sorted(self.listed(asked.at), key=lambda made: self.edited(made) or made.at, reverse=True)
        shown = found[begin : begin + most]
        body: dict[str, object] = {
            "reviews": [self._review(made) for made in shown],
            "averageRating": 3.5,
            "totalReviewCount": len(found),
        }
        if found[begin + most :]:
            body["nextPageToken"] = str(begin + most)
        return Page(body, shown)

    def _one(self, id_: str) -> Page:
        made = next(made for made in self.posts if made.key[1] == id_)
        if self.post(made).deleted_at is not None:
            error = {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}
            return Page({"error": error}, [made], status=404)
        return Page(self._review(made), [made])

    def _review(self, made: Made) -> dict[str, object]:
        return {
            "name": f"{_LOCATION}/reviews/{made.key[1]}",
            "reviewId": made.key[1],
            "reviewer": {"displayName": made.who.title(), "profilePhotoUrl": ""},
            "starRating": _STARS[made.number % 5],
            "comment": self.text(made),
            "createTime": milliseconds(made.at),
            "updateTime": milliseconds(self.edited(made) or made.at),
        }

    def limited(self, at: datetime, until: datetime) -> Page:
        message = "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'."
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"}
        error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": [info]}
        return Page({"error": error}, status=429)

    def refused(self) -> Page:
        message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
        return Page({"error": {"code": 401, "message": message, "status": "UNAUTHENTICATED"}}, status=401)
