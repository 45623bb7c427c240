"""Bluesky's AppView, by https://docs.bsky.app/docs/api/app-bsky-feed-search-posts: a search by place."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from overheard.collectors.base import Source
from overheard.collectors.communities.bluesky import Bluesky
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import MINUTE, Pace
from tests.collectors.week.service import Made, Page, Service, epoch, milliseconds, moment

_SEARCH = "/xrpc/app.bsky.feed.searchPosts"


class BlueskyView(Service):
    name = "bluesky"
    # Posts are not edited there.
    pace = Pace(hourly=12, burst=400, edits=0, late=50 * MINUTE)
    limit, window = 3_000, timedelta(minutes=5)
    essential = "record"
    cursors = ("cursor",)

    def source(self) -> Source:
        return Bluesky(name=self.name, query="paperfold", api=self.base, token_file=str(self.file))

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"at://did:plc:{who}/app.bsky.feed.post/3k{number:08d}"

    def author(self, who: str) -> str:
        return f"{who}.bsky.social"

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://bsky.app/profile/{self.author(who)}/post/{native_id.rpartition('/')[2]}"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        assert asked.target.startswith(_SEARCH)
        since = moment(query["since"]) if "since" in query else None
        begin, most = int(query.get("cursor", 0)), min(int(query.get("limit", 25)), 100)
        found = sorted(self.listed(asked.at), key=lambda made: made.at, reverse=True)
        found = [made for made in found if since is None or made.at >= since]
        shown = found[begin : begin + most]
        body: dict[str, object] = {"posts": [self._view(made) for made in shown], "hitsTotal": len(found)}
        if found[begin + most :]:
            body["cursor"] = str(begin + most)
        return Page(body, shown)

    def _view(self, made: Made) -> dict[str, object]:
        record: dict[str, object] = {
            "$type": "app.bsky.feed.post",
            "text": self.text(made),
            "createdAt": milliseconds(made.at),
            "langs": ["en"],
        }
        if made.parent is not None:
            record["reply"] = {"root": self._named(made.top), "parent": self._named(made.parent)}
        return {
            **self._named(made),
            "author": {"did": f"did:plc:{made.who}", "handle": self.author(made.who), "displayName": made.who.title()},
            "record": record,
            "replyCount": 0,
            "likeCount": 0,
            "indexedAt": milliseconds(made.listed),
        }

    @staticmethod
    def _named(made: Made) -> dict[str, str]:
        return {"uri": made.key[1], "cid": f"bafy{made.number}"}

    def limited(self, at: datetime, until: datetime) -> Page:
        body = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
        return Page(body, headers=self.told_limits(0, until), status=429)

    def refused(self) -> Page:
        return Page({"error": "ExpiredToken", "message": "Token has expired"}, status=401)

    def told_limits(self, left: int, until: datetime) -> Mapping[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(epoch(until)),
            "RateLimit-Policy": f"{self.limit};w=300",
        }
