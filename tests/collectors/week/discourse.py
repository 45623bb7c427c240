"""A Discourse forum, by https://docs.discourse.org and its source: the newest posts, fifty before a number."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice

from overheard.collectors.base import Source
from overheard.collectors.communities.discourse import Discourse
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import Pace, Story
from tests.collectors.week.service import Made, Page, Service, milliseconds

_MOST = 50
_SLUG = "it-jams"


class DiscourseForum(Service):
    name = "discourse"
    pace = Pace(hourly=5, burst=180)
    limit, window = 60, timedelta(minutes=1)
    essential = "created_at"
    numbered = ("id", "topic_id", "user_id", "reply_to_post_number")
    cursors = ("before",)
    token_header, token_prefix = "user-api-key", ""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._replies: dict[int, int] = {}  # by topic

    def source(self) -> Source:
        return Discourse(name=self.name, instance=self.base, token_file=str(self.file))

    def say(self, story: Story) -> Made:
        made = super().say(story)
        self._replies[_topic(made)] = self._replies.get(_topic(made), 0) + 1
        return made

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        topic = _topic(parent) if parent else number
        return f"{topic}/{self._replies.get(topic, 0) + 1}"

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        topic, _, place = native_id.partition("/")
        return f"{self.base}/t/{_SLUG}/{topic}" + (f"/{place}" if place != "1" else "")

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        before = int(query.get("before", 10**9))
        shown = list(islice((made for made in self.listed(asked.at) if made.number < before), _MOST))
        return Page({"latest_posts": [self._post(made) for made in shown]}, shown)

    def _post(self, made: Made) -> dict[str, object]:
        topic, _, place = made.key[1].partition("/")
        edited = self.edited(made)
        answered = int(made.parent.key[1].partition("/")[2]) if made.parent else None
        return {
            "id": made.number,
            "name": made.who.title(),
            "username": made.who,
            "user_id": 7,
            "created_at": milliseconds(made.at),
            "updated_at": milliseconds(edited or made.at),
            "version": len(self.post(made).versions),
            "cooked": f"<p>{self.text(made)}</p>",
            "raw": self.text(made),
            "post_number": int(place),
            "post_type": 1,
            "reply_to_post_number": answered,
            "reply_count": 0,
            "topic_id": int(topic),
            "topic_slug": _SLUG,
            "topic_title": "It jams",
            "deleted_at": None,
            "user_deleted": False,
            "actions_summary": [],
        }

    def limited(self, at: datetime, until: datetime) -> Page:
        seconds = int((until - at).total_seconds())
        body = {
            "errors": ["You’ve performed this action too many times, please try again later."],
            "error_type": "rate_limit",
            "extras": {"wait_seconds": seconds},
        }
        return Page(body, headers={"Retry-After": str(seconds)}, status=429)

    def refused(self) -> Page:
        body = {"errors": ["You are not permitted to view the requested resource."], "error_type": "invalid_access"}
        return Page(body, status=403)


def _topic(made: Made) -> int:
    return int(made.key[1].partition("/")[0])
