"""Instagram, by https://developers.facebook.com/docs/instagram-platform: media of one's own, comments and answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from overheard.collectors.base import Source
from overheard.collectors.communities.instagram import Instagram
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.meta import Graph
from tests.collectors.week.script import DAY, START, Pace, Story
from tests.collectors.week.service import Made, Page, epoch

_ACCOUNT = "178410"
_MOST = 50


class InstagramGraph(Graph):
    """A new picture comes each day; what is said is said to the one of that day. Comments are not edited there."""

    name = "instagram"
    pace = Pace(hourly=4, burst=120, edits=0)
    essential = "timestamp"

    def source(self) -> Source:
        return Instagram(
            name=self.name, account=_ACCOUNT, username="paperfold", api=f"{self.base}/v25.0", token_file=str(self.file)
        )

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"1800{number:06d}"

    def parent_of(self, native_id: str, parent: Made | None) -> str:
        return parent.key[1] if parent else ""

    def say(self, story: Story) -> Made:
        made = super().say(story)
        if made.parent is None:
            post = self.post(made)
            self.truth.posts[made.key] = replace(post, parent=_media_of(made))
        return made

    def answered(self, story: Story) -> Made | None:
        parent = super().answered(story)
        return parent.top if parent and parent.top.at > story.at - DAY / 2 else None

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        path, (first, last) = asked.target.partition("?")[0], _times(query)
        kind, owner = path.rpartition("/")[2], path.split("/")[-2]
        if kind == "comments":
            return self._comments(asked.at, path, query, owner)
        if kind == "replies":
            made = next(made for made in self.posts if made.key[1] == owner)
            body, shown = self.page(path, query, self.below(made, asked.at, gone=True), _MOST, self._comment)
            return Page(body, shown)
        days = range((asked.at - START).days, -11, -1)
        media = [START + day * DAY for day in days if first <= epoch(START + day * DAY) < last]
        told: list[Made] = []

        def view(day: datetime) -> object:
            page = self._comments(asked.at, f"/v25.0/{_media(day)}/comments", {}, _media(day))
            told.extend(page.shown)
            return {
                "id": _media(day),
                "caption": "Our paper of the day",
                "media_type": "IMAGE",
                "permalink": f"https://www.instagram.com/p/{_media(day)}/",
                "timestamp": _time(day),
                "username": "paperfold",
                "comments": page.body,
            }

        return Page(self.page(path, query, media, 25, view)[0], told)

    def _comments(self, at: datetime, path: str, query: Mapping[str, str], media: str) -> Page:
        tops = [made for made in self.listed(at, gone=True) if made.parent is None and _media_of(made) == media]
        told: list[Made] = []

        def view(made: Made) -> object:
            below = self.below(made, at, gone=True)
            comment = self._comment(made)
            if below:
                there = f"/v25.0/{made.key[1]}/replies"
                comment["replies"], some = self.page(there, {}, below, _MOST, self._comment)
                told.extend(some)
            return comment

        body, shown = self.page(path, query, tops, _MOST, view)
        return Page(body, [*shown, *told])

    def _comment(self, made: Made) -> dict[str, object]:
        comment: dict[str, object] = {
            "id": made.key[1],
            "text": self.text(made),
            "timestamp": _time(made.at),
            "username": made.who,
            "from": {"id": str(sum(made.who.encode())), "username": made.who},
            "hidden": self.post(made).deleted_at is not None,
            "like_count": 0,
        }
        return {**comment, "parent_id": made.parent.key[1]} if made.parent else comment


def _media_of(made: Made) -> str:
    """Return what a comment is on: the picture of the day."""
    return _media(max(made.at, START - 10 * DAY))


def _media(at: datetime) -> str:
    return str(9_000 + (at - START).days)


def _times(query: Mapping[str, str]) -> tuple[float, float]:
    return float(query.get("since", 0)), float(query.get("until", 10**12))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}+0000"
