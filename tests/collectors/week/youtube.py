"""YouTube, by https://developers.google.com/youtube/v3/docs/commentThreads: threads of a channel, five answers each."""

from collections.abc import Mapping
from datetime import datetime

from overheard.collectors.base import Source
from overheard.collectors.communities.youtube import YouTube
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import DAY, Pace, Story
from tests.collectors.week.service import Made, Page, Service, iso

_VIDEO = "v1de0"
_FIRST = 5


class YouTubeApi(Service):
    name = "youtube"
    pace = Pace(hourly=5, burst=260)
    limit, window = 10_000, DAY
    essential = "publishedAt"
    cursors = ("pageToken",)
    token_header, token_prefix = "x-goog-api-key", ""

    def source(self) -> Source:
        return YouTube(
            name=self.name, channel="UC7", budget=9_000, api=f"{self.base}/youtube/v3", token_file=str(self.file)
        )

    def owes(self, story: Story, parent: Made | None) -> bool:
        # Answers are told with their thread, so those to a new one are heard of.
        return super().owes(story, parent) and parent is None

    def answered(self, story: Story) -> Made | None:
        parent = super().answered(story)
        return parent.top if parent else None

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"{parent.key[1]}.r{number}" if parent else f"Ug{number}"

    def parent_of(self, native_id: str, parent: Made | None) -> str:
        return parent.key[1] if parent else _VIDEO

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://www.youtube.com/watch?v={_VIDEO}&lc={native_id}"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        begin, most = int(query.get("pageToken", 0)), min(int(query.get("maxResults", 20)), 100)
        if "/comments?" in asked.target:
            return self._replies(asked.at, query["parentId"], begin, most)
        tops = [made for made in self.listed(asked.at) if made.parent is None]
        shown: list[Made] = []
        threads = []
        for made in tops[begin : begin + most]:
            answers = [one for one in self.listed(asked.at) if one.parent is made]
            threads.append(self._thread(made, answers))
            shown += [made, *answers[:_FIRST]]
        more = {"nextPageToken": str(begin + most)} if tops[begin + most :] else {}
        return Page({"kind": "youtube#commentThreadListResponse", **more, "items": threads}, shown)

    def _replies(self, at: datetime, parent: str, begin: int, most: int) -> Page:
        found = [made for made in self.listed(at) if made.parent and made.parent.key[1] == parent]
        shown = found[begin : begin + most]
        more = {"nextPageToken": str(begin + most)} if found[begin + most :] else {}
        items = [self._comment(made) for made in shown]
        return Page({"kind": "youtube#commentListResponse", **more, "items": items}, shown)

    def _thread(self, made: Made, answers: list[Made]) -> dict[str, object]:
        snippet = {
            "channelId": "UC7",
            "videoId": _VIDEO,
            "topLevelComment": self._comment(made),
            "canReply": True,
            "totalReplyCount": len(answers),
            "isPublic": True,
        }
        thread: dict[str, object] = {"kind": "youtube#commentThread", "id": made.key[1], "snippet": snippet}
        if answers:
            thread["replies"] = {"comments": [self._comment(one) for one in answers[:_FIRST]]}
        return thread

    def _comment(self, made: Made) -> dict[str, object]:
        snippet: dict[str, object] = {
            "channelId": "UC7",
            "videoId": _VIDEO,
            "textDisplay": self.text(made),
            "textOriginal": self.text(made),
            "authorDisplayName": f"@{made.who}",
            "authorChannelUrl": f"http://www.youtube.com/@{made.who}",
            "authorChannelId": {"value": f"UC{made.who}"},
            "canRate": True,
            "viewerRating": "none",
            "likeCount": 0,
            "publishedAt": iso(made.at),
            "updatedAt": iso(self.edited(made) or made.at),
        }
        if made.parent:
            snippet["parentId"] = made.parent.key[1]
        return {"kind": "youtube#comment", "id": made.key[1], "snippet": snippet}

    def limited(self, at: datetime, until: datetime) -> Page:
        words = "The request cannot be completed because you have exceeded your quota."
        return _error(403, words, "rateLimitExceeded")

    def refused(self) -> Page:
        return _error(400, "API key expired. Please renew the API key.", "badRequest", "API_KEY_INVALID")


def _error(code: int, message: str, reason: str, detail: str = "") -> Page:
    error: dict[str, object] = {
        "code": code,
        "message": message,
        "errors": [{"message": message, "domain": "usageLimits", "reason": reason}],
    }
    if detail:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail, "domain": "googleapis.com"}
        error |= {"status": "INVALID_ARGUMENT", "details": [info]}
    return Page({"error": error}, status=code)
