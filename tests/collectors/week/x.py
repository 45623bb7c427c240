"""X, by https://docs.x.com/x-api/posts/search-recent-posts: seven days, from a second on; what is read is paid for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from overheard.collectors.base import Source
from overheard.collectors.communities.x import X
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import DAY, MINUTE, Pace
from tests.collectors.week.service import Made, Page, Service, epoch, milliseconds, moment
from tests.collectors.week.truth import Promise

_BEGAN = 1_288_834_974_657  # ms
_DELAY = timedelta(seconds=30)
_SEARCH = "/2/tweets/search/recent"


class XApi(Service):
    name = "x"
    # An edit within the hour is a post of its own, found as such.
    pace = Pace(hourly=4, burst=160, window=55 * MINUTE)
    promise = Promise(deletions=False)
    limit, window = 450, timedelta(minutes=15)
    essential = "author_id"
    cursors = ("next_token",)
    budget = 60_000

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.read: set[tuple[str, str]] = set()  # by day of UTC, each post once

    def source(self) -> Source:
        return X(
            name=self.name,
            query="paperfold -is:retweet",
            budget=self.budget,
            price=5.0,
            api=f"{self.base}/2",
            token_file=str(self.file),
        )

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return _id(number, at)

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        assert asked.target.startswith(_SEARCH)
        most = int(query.get("max_results", 10))
        begins = moment(query["start_time"]) if "start_time" in query else None
        if not 10 <= most <= 100 or (begins is not None and begins < asked.at - 7 * DAY):
            detail = "One or more parameters to your request was invalid."
            return Page({"title": "Invalid Request", "detail": detail, "type": "about:blank"}, status=400)
        begins = max(begins or asked.at - 7 * DAY, asked.at - 7 * DAY)
        found = sorted(self.listed(asked.at), key=self._last, reverse=True)
        found = [made for made in found if begins <= self._last(made) <= asked.at - _DELAY]
        before = query.get("next_token", "")
        begin = next((place + 1 for place, made in enumerate(found) if self._own(made) == before), 0)
        shown = found[begin : begin + most]
        answered = {made.parent for made in shown if made.parent and self.post(made.parent).deleted_at is None}
        along = sorted(answered - set(shown), key=lambda made: made.number)
        day = f"{asked.at:%Y-%m-%d}"
        self.read |= {(day, self._own(made)) for made in (*shown, *along)}
        meta: dict[str, object] = {"result_count": len(shown)}
        if found[begin + most :]:
            meta["next_token"] = self._own(shown[-1])
        if not shown:
            return Page({"meta": meta})
        people = {made.who for made in (*shown, *along)}
        includes: dict[str, object] = {
            "users": [{"id": _number(who), "username": who, "name": who.title()} for who in sorted(people)]
        }
        if along:
            includes["tweets"] = [self._post(made) for made in along]
        return Page({"data": [self._post(made) for made in shown], "includes": includes, "meta": meta}, shown)

    def _last(self, made: Made) -> datetime:
        return self.edited(made) or made.at

    def _own(self, made: Made) -> str:
        """Return the id of a post as it is now: an edit has one of its own."""
        edited = self.edited(made)
        return _id(made.number, edited) if edited else made.key[1]

    def _post(self, made: Made) -> dict[str, object]:
        versions = self.post(made).versions
        history = [made.key[1], *(_id(made.number, version.at) for version in versions[1:])]
        found: dict[str, object] = {
            "id": history[-1],
            "edit_history_tweet_ids": history,
            "text": self.text(made),
            "author_id": _number(made.who),
            "created_at": milliseconds(versions[-1].at),
            "conversation_id": made.top.key[1],
            "lang": "en",
            "public_metrics": {"like_count": 0, "retweet_count": 0, "reply_count": 0, "quote_count": 0},
        }
        if made.parent:
            found["referenced_tweets"] = [{"type": "replied_to", "id": made.parent.key[1]}]
        return found

    def limited(self, at: datetime, until: datetime) -> Page:
        body = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429}
        return Page(body, headers=self.told_limits(0, until), status=429)

    def refused(self) -> Page:
        body = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}
        return Page(body, status=401)

    def told_limits(self, left: int, until: datetime) -> Mapping[str, str]:
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(epoch(until)),
        }


class PoorX(XApi):
    """One of whom less may be read than there is to be heard."""

    name = "x-poor"
    promise = Promise(posts=False, edits=False, deletions=False)
    budget = 400


def _id(number: int, at: datetime) -> str:
    return str(((int(at.timestamp() * 1000) - _BEGAN) << 22) + number)


def _number(who: str) -> str:
    return str(10_000 + sum(who.encode()))
