"""The search of Hacker News, by https://hn.algolia.com/api: what was said in a stretch of time, a thousand at most."""

import operator
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from overheard.collectors.base import Source
from overheard.collectors.communities.hackernews import HackerNews
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import HOUR, MINUTE, Pace
from tests.collectors.week.service import Made, Page, Service, epoch, milliseconds

_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_MOST = 1_000


class HackerNewsSearch(Service):
    name = "hackernews"
    pace = Pace(hourly=10, burst=300, late=40 * MINUTE, window=2 * HOUR)
    limit, window = 10_000, timedelta(hours=1)
    is_open = True
    essential = "created_at_i"
    numbered = ("objectID", "parent_id", "story_id")
    cursors = ("page",)

    def source(self) -> Source:
        return HackerNews(name=self.name, query="paperfold", api=f"{self.base}/api/v1")

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return str(40_000_000 + number)

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://news.ycombinator.com/item?id={native_id}"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        found = sorted(self.listed(asked.at), key=lambda made: made.at, reverse=True)
        for condition in filter(None, query.get("numericFilters", "").split(",")):
            match = re.fullmatch(r"created_at_i([<>]=?)(\d+)", condition)
            assert match, condition
            found = [made for made in found if _COMPARE[match[1]](epoch(made.at), int(match[2]))]
        page, most = int(query.get("page", 0)), min(int(query.get("hitsPerPage", 20)), _MOST)
        found = found[:_MOST]
        shown = found[page * most : (page + 1) * most]
        body = {
            "hits": [self._hit(made) for made in shown],
            "nbHits": len(found),
            "page": page,
            "nbPages": -(-len(found) // most),
            "hitsPerPage": most,
        }
        return Page(body, shown)

    def _hit(self, made: Made) -> dict[str, object]:
        kind = "comment" if made.parent else "story"
        hit: dict[str, object] = {
            "objectID": made.key[1],
            "author": made.who,
            "created_at": milliseconds(made.at),
            "created_at_i": epoch(made.at),
            "story_id": int(made.top.key[1]),
            "_tags": [kind, f"author_{made.who}", f"story_{made.top.key[1]}"],
        }
        if made.parent:
            return {**hit, "comment_text": self.text(made), "parent_id": int(made.parent.key[1]), "story_title": "x"}
        return {**hit, "title": "Ask HN: paperfold?", "story_text": self.text(made), "points": 1, "num_comments": 0}

    def first(self, query: Mapping[str, str]) -> Mapping[str, str]:
        kept = [one for one in query.get("numericFilters", "").split(",") if one and "<" not in one]
        rest = {name: value for name, value in super().first(query).items() if name != "numericFilters"}
        return {**rest, "numericFilters": ",".join(kept)} if kept else rest

    def limited(self, at: datetime, until: datetime) -> Page:
        return Page({"message": "Too many requests", "status": 429}, status=429)
