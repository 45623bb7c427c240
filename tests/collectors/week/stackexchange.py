"""Stack Exchange, by https://api.stackexchange.com/docs: questions between two times, in pages by number."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from overheard.collectors.base import Source
from overheard.collectors.communities.stackexchange import StackExchange
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import MINUTE, Pace
from tests.collectors.week.service import Made, Page, Service, epoch

_BACKOFF = 10


class StackExchangeApi(Service):
    name = "stackexchange"
    pace = Pace(hourly=3, burst=160, answers=0, late=5 * MINUTE)
    # Without a key.
    limit, window = 300, timedelta(days=1)
    is_open = True
    essential = "creation_date"
    numbered = ("question_id", "user_id")
    cursors = ("page", "todate")

    def source(self) -> Source:
        return StackExchange(name=self.name, site="superuser", api=f"{self.base}/2.3")

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return str(1_800_000 + number)

    def author(self, who: str) -> str:
        return str(sum(who.encode()))

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://superuser.com/questions/{native_id}/why-does-it-jam"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        first, last = float(query.get("fromdate", 0)), float(query.get("todate", 10**12))
        found = sorted(self.listed(asked.at), key=lambda made: (epoch(made.at), made.number), reverse=True)
        found = [made for made in found if first <= epoch(made.at) <= last]
        page, most = int(query.get("page", 1)), min(int(query.get("pagesize", 30)), 100)
        if page > 25:
            body = {"error_id": 403, "error_name": "access_denied", "error_message": "page above 25 requires a key"}
            return Page(body, status=400)
        shown = found[(page - 1) * most : page * most]
        body = {
            "items": [self._question(made) for made in shown],
            "has_more": bool(found[page * most :]),
            "quota_max": self.limit,
            "quota_remaining": self.limit - len(self._asked),
        }
        if asked.at.minute % 10 == 0:
            body["backoff"] = _BACKOFF
        return Page(body, shown)

    def _question(self, made: Made) -> dict[str, object]:
        edited = self.edited(made)
        question: dict[str, object] = {
            "tags": ["printer"],
            "owner": {"user_id": int(self.author(made.who)), "user_type": "registered", "display_name": made.who},
            "is_answered": False,
            "answer_count": 0,
            "score": 0,
            "last_activity_date": epoch(edited or made.at),
            "creation_date": epoch(made.at),
            "question_id": int(made.key[1]),
            "link": self.post(made).url,
            "title": "Why does it jam",
            "body": f"<p>{self.text(made)}</p>\n",
        }
        return {**question, "last_edit_date": epoch(edited)} if edited else question

    def limited(self, at: datetime, until: datetime) -> Page:
        seconds = int((until - at).total_seconds())
        words = f"too many requests from this IP, more requests available in {seconds} seconds"
        return Page({"error_id": 502, "error_name": "throttle_violation", "error_message": words}, status=400)
