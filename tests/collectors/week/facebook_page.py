"""A Facebook page, by https://developers.facebook.com/docs/graph-api/reference/page/feed: posts, comments in each."""

from collections.abc import Mapping
from datetime import datetime

from overheard.collectors.base import Source
from overheard.collectors.communities.facebook_page import FacebookPage
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.meta import Graph
from tests.collectors.week.script import DAY, Pace, Story
from tests.collectors.week.service import Made, Page, epoch

_PAGE = "1000"
_COMMENTS = 100


class FacebookGraph(Graph):
    name = "facebook-page"
    pace = Pace(hourly=5, burst=150, answers=0.95)
    essential = "created_time"
    numbered = ("id",)

    def source(self) -> Source:
        return FacebookPage(name=self.name, page=_PAGE, api=f"{self.base}/v25.0", token_file=str(self.file))

    def answered(self, story: Story) -> Made | None:
        """Return what is answered: something said to one of the newest posts, which are asked for each time."""
        parent = super().answered(story)
        return parent if parent is None or parent.top.at > story.at - DAY / 2 else None

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"{parent.top.key[1].partition('_')[2]}_{500_000 + number}" if parent else f"{_PAGE}_{500_000 + number}"

    def author(self, who: str) -> str:
        return str(70_000 + sum(who.encode()))

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://www.facebook.com/{_PAGE}/posts/{native_id}"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        path = asked.target.partition("?")[0]
        if path.endswith("/comments"):
            post = next(made for made in self.posts if made.key[1] == path.split("/")[-2])
            return Page(*self.page(path, query, self.below(post, asked.at, gone=True), 25, self._comment))
        tops = [made for made in self.listed(asked.at, gone=True) if made.parent is None]
        first, last = float(query.get("since", 0)), float(query.get("until", 10**12))
        tops = [made for made in tops if first <= epoch(made.at) < last]
        told: list[Made] = []

        def view(made: Made) -> object:
            below = self.below(made, asked.at, gone=True)
            comments, some = self.page(f"/v25.0/{made.key[1]}/comments", {}, below, _COMMENTS, self._comment)
            told.extend(some)
            return {**self._post(made, below), "comments": comments}

        body, shown = self.page(path, query, tops, 25, view)
        return Page(body, [*shown, *told])

    def _post(self, made: Made, below: list[Made]) -> dict[str, object]:
        changed = max((one.at for one in below), default=made.at)
        return {
            **self._said(made),
            "updated_time": _time(changed),
            "permalink_url": self.post(made).url,
            "is_published": True,
        }

    def _comment(self, made: Made) -> dict[str, object]:
        comment = {
            **self._said(made),
            "permalink_url": self.post(made).url,
            "is_private": False,
            "like_count": 0,
            "comment_count": 0,
        }
        if made.parent is not None and made.parent.parent is not None:
            comment["parent"] = {"id": made.parent.key[1]}
        return comment

    def _said(self, made: Made) -> dict[str, object]:
        # What its page hides is told, and what was deleted is not there: here all that goes is hidden.
        return {
            "id": made.key[1],
            "message": self.text(made),
            "created_time": _time(made.at),
            "from": {"id": self.author(made.who), "name": made.who.title()},
            "is_hidden": self.post(made).deleted_at is not None,
        }


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}+0000"
