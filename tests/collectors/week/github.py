"""GitHub, by https://docs.github.com/en/rest/issues/comments: comments on issues that changed since a time."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from overheard.collectors.base import Source
from overheard.collectors.communities.github import GitHub
from tests.collectors.behaviour.server import Asked
from tests.collectors.week.script import Pace
from tests.collectors.week.service import Made, Page, Service, address, epoch, iso, moment
from tests.collectors.week.truth import Promise

_ISSUES = 9


class GitHubApi(Service):
    name = "github"
    pace = Pace(hourly=6, burst=260, edits=0.15)
    # What changed is told, however old it is.
    promise = Promise(edits=True, deletions=False)
    limit, window = 5_000, timedelta(hours=1)
    essential = "html_url"
    cursors = ("page",)

    def source(self) -> Source:
        return GitHub(
            name=self.name, repository="Paperfold/driver", what="comments", api=self.base, token_file=str(self.file)
        )

    def native_id(self, number: int, at: datetime, who: str, parent: Made | None) -> str:
        return f"{_issue(number, parent)}#issuecomment-{2_000_000 + number}"

    def parent_of(self, native_id: str, parent: Made | None) -> str:
        return native_id.partition("#")[0]

    def permalink(self, number: int, native_id: str, who: str, parent: Made | None) -> str:
        return f"https://github.com/{native_id.replace('paperfold', 'Paperfold', 1)}"

    def answer(self, asked: Asked, query: Mapping[str, str]) -> Page:
        since = moment(query["since"]) if "since" in query else None
        page, most = int(query.get("page", 1)), min(int(query.get("per_page", 30)), 100)
        found = [made for made in self.listed(asked.at) if since is None or self._changed(made) >= since]
        shown = found[(page - 1) * most : page * most]
        links = []
        path = asked.target.partition("?")[0]
        if found[page * most :]:
            links.append(f'<{address(self.base, path, {**query, "page": page + 1})}>; rel="next"')
        if page > 1:
            links.append(f'<{address(self.base, path, {**query, "page": 1})}>; rel="first"')
        headers = {"Link": ", ".join(links)} if links else {}
        return Page([self._comment(made) for made in shown], shown, headers)

    def _changed(self, made: Made) -> datetime:
        return moment(iso(self.edited(made) or made.at))

    def _comment(self, made: Made) -> dict[str, object]:
        url = self.post(made).url
        return {
            "url": f"{self.base}/repos/Paperfold/driver/issues/comments/{2_000_000 + made.number}",
            "html_url": url,
            "issue_url": f"{self.base}/repos/Paperfold/driver/issues/{url.partition('#')[0].rpartition('/')[2]}",
            "id": 2_000_000 + made.number,
            "node_id": f"IC_{made.number}",
            "user": {"login": made.who, "id": 7, "html_url": f"https://github.com/{made.who}", "type": "User"},
            "created_at": iso(made.at),
            "updated_at": iso(self._changed(made)),
            "author_association": "NONE",
            "body": self.text(made),
            "reactions": {"+1": 0},
        }

    def limited(self, at: datetime, until: datetime) -> Page:
        words = "API rate limit exceeded for user ID 7. If you reach out to GitHub Support for help, please include it."
        return Page({"message": words}, headers=self.told_limits(0, until), status=403)

    def refused(self) -> Page:
        return Page({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, status=401)

    def told_limits(self, left: int, until: datetime) -> Mapping[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Used": str(self.limit - left),
            "X-RateLimit-Reset": str(epoch(until)),
            "X-RateLimit-Resource": "core",
        }


def _issue(number: int, parent: Made | None) -> str:
    """Return the issue that a comment is on: that of what it answers."""
    return parent.key[1].partition("#")[0] if parent else f"paperfold/driver/issues/{1 + number % _ISSUES}"
