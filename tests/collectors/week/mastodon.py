"""A Mastodon server, by https://docs.joinmastodon.org/methods/timelines/: a tag; `Link` names pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice

from overheard.collectors.base import Source
from overheard.collectors.communities.mastodon import Mastodon
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import MINUTE, Pace
from tests.collectors.week.service import Made, Page, Service, address, milliseconds


class MastodonServer(Service):
    name = "mastodon"
    # What comes from other servers has the time at which it was said there.
    pace = Pace(hourly=6, burst=150, late=4 * MINUTE)
    limit, window = 300, timedelta(minutes=5)
    essential = "content"
    numbered = ("id", "in_reply_to_id")
    cursors = ("max_id",)

    def source(self) -> Source:
        return Mastodon(name=self.name, instance=self.base, tag="paperfold", token_file=str(self.file))

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"https://{self.host}/users/{who}/statuses/{_id(number, at)}"

    def also_parent(self, parent: Made | None) -> str:
        # Its own server knows it by a number, which is all that is told where it is not on the same page.
        return f"{self.base}/api/v1/statuses/{_own(parent)}" if parent else ""

    def author(self, who: str) -> str:
        return f"{who}@{self.host}"

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://{self.host}/@{who}/{native_id.rpartition('/')[2]}"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        before, most = int(query.get("max_id", 10**20)), min(int(query.get("limit", 20)), 40)
        newest = sorted(self.listed(asked.at), key=_own, reverse=True)
        shown = list(islice((made for made in newest if _own(made) < before), most))
        headers = {}
        if shown:
            older = {**query, "max_id": _own(shown[-1])}
            newer = {**query, "min_id": _own(shown[0])}
            path = asked.target.partition("?")[0]
            headers["Link"] = (
                f'<{address(self.base, path, older)}>; rel="next", <{address(self.base, path, newer)}>; rel="prev"'
            )
        return Page([self._status(made) for made in shown], shown, headers)

    def _status(self, made: Made) -> dict[str, object]:
        parent, edited = made.parent, self.edited(made)
        return {
            "id": str(_own(made)),
            "created_at": milliseconds(made.at),
            "in_reply_to_id": str(_own(parent)) if parent else None,
            "in_reply_to_account_id": "7" if parent else None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "uri": made.key[1],
            "url": self.post(made).url,
            "replies_count": 0,
            "edited_at": milliseconds(edited) if edited else None,
            "content": f"<p>{self.text(made)}</p>",
            "reblog": None,
            "account": {"id": "7", "username": made.who, "acct": made.who, "url": f"https://{self.host}/@{made.who}"},
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": None,
        }

    def limited(self, at: datetime, until: datetime) -> Page:
        return Page({"error": "Too many requests"}, headers=self.told_limits(0, until), status=429)

    def refused(self) -> Page:
        return Page({"error": "The access token is invalid"}, status=401)

    def told_limits(self, left: int, until: datetime) -> Mapping[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": milliseconds(until),
        }


def _own(made: Made) -> int:
    return _id(made.number, made.at)


def _id(number: int, at: datetime) -> int:
    """Return the id of a status, which begins with its time."""
    return (int(at.timestamp() * 1000) << 16) + number
