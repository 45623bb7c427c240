"""Reddit, by https://www.reddit.com/dev/api: the comments of a subreddit, in a listing of a thousand at most."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice

from overheard.collectors.base import Source
from overheard.collectors.communities.reddit import Reddit
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import Pace
from tests.collectors.week.service import Made, Page, Service, epoch

_LISTING = 1_000
_POST = "t3_1paper"


class RedditListing(Service):
    name = "reddit"
    pace = Pace(hourly=8, burst=350)
    limit, window = 1_000, timedelta(minutes=10)
    essential = "created_utc"
    cursors = ("after",)

    def source(self) -> Source:
        return Reddit(name=self.name, subreddit="printing", what="comments", api=self.base, token_file=str(self.file))

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"t1_k{number:05d}"

    def parent_of(self, native_id: str, parent: Made | None) -> str:
        return parent.key[1] if parent else _POST

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://www.reddit.com/r/printing/comments/{_POST[3:]}/_/{native_id[3:]}/"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        # `after` names a comment by its place, which it keeps when it is gone.
        listing = list(islice(self.listed(asked.at, gone=True), _LISTING))
        after, most = query.get("after", ""), min(int(query.get("limit", 25)), 100)
        begin = next((place + 1 for place, made in enumerate(listing) if made.key[1] == after), 0)
        there = [made for made in listing[begin:] if self.post(made).deleted_at is None]
        shown = there[:most]
        return Page(
            {
                "kind": "Listing",
                "data": {
                    "after": shown[-1].key[1] if there[most:] else None,
                    "before": None,
                    "dist": len(shown),
                    "children": [{"kind": "t1", "data": self._comment(made)} for made in shown],
                },
            },
            shown,
        )

    def _comment(self, made: Made) -> dict[str, object]:
        edited = self.edited(made)
        return {
            "id": made.key[1][3:],
            "name": made.key[1],
            "author": made.who,
            "author_fullname": f"t2_{made.who}",
            "body": self.text(made),
            "body_html": f'<div class="md"><p>{self.text(made)}</p>\n</div>',
            "created_utc": float(epoch(made.at)),
            "edited": float(epoch(edited)) if edited else False,
            "link_id": _POST,
            "parent_id": self.post(made).parent,
            "permalink": self.post(made).url.removeprefix("https://www.reddit.com"),
            "subreddit": "printing",
            "score": 1,
        }

    def limited(self, at: datetime, until: datetime) -> Page:
        seconds = int((until - at).total_seconds())
        headers = {"x-ratelimit-remaining": "0.0", "x-ratelimit-used": "1000", "x-ratelimit-reset": str(seconds)}
        return Page({"message": "Too Many Requests", "error": 429}, headers=headers, status=429)

    def refused(self) -> Page:
        return Page({"message": "Unauthorized", "error": 401}, status=401)

    def told_limits(self, left: int, until: datetime) -> Mapping[str, str]:
        return {"x-ratelimit-remaining": f"{left}.0", "x-ratelimit-used": str(self.limit - left)}
