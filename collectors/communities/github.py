"""GitHub: issues, pull requests, their comments, discussions and releases of a repository, and its search.

https://docs.github.com/en/rest
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from msgspec import Meta

from overheard.collectors.base import Deletion, Further, Reading, Terms
from overheard.collectors.communities.community import (
    LATE,
    Address,
    Community,
    Phrase,
    actor_of,
    deletion_of,
    from_markdown,
    linked_next,
    mention_of,
    one_of,
    placed,
    reading_of,
    steps_of,
    with_query,
)
from overheard.collectors.communities.complaints import Told
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.markup import PlainText, absolute_url, from_html, from_text
from overheard.records import Actor, Fetch, Mention, ProfileLink

PLATFORM = "github"
_EXPECTED = "issues, comments, discussions or releases of GitHub"
_MOST = 100
_PAUSE = timedelta(minutes=1)
# GitHub's own account that stands in for those that are gone.
_GHOST = "ghost"
# What becomes of something that is not there any more for all to see; what is transferred is another elsewhere.
GONE = ("deleted", "unpublished", "transferred")
# The objects of an event or webhook that somebody wrote, the one that it is about first.
_WRITTEN = ("comment", "review", "release", "discussion", "pull_request", "issue", "answer", "old_answer")
# Why somebody is told of a thread in which their account is named; of all others it took part in, or began them.
_NAMED = frozenset({"mention", "team_mention"})
# `Fetch.purpose` of what a notification leads to: the comments of a thread, and the thread itself.
COMMENTS, THREAD = "comments", "thread"
# Of a thread that was answered the answers of so many days are asked for: who was away for longer asks for few threads.
_BACK = timedelta(days=7)
_MOST_THREADS = 50
# The lists that may be asked for what changed since a time.
_SINCE = frozenset({"issues", "comments", "reviews"})
_PATHS = {
    "issues": "issues?state=all&sort=created&direction=desc",
    "comments": "issues/comments?sort=created&direction=desc",
    "discussions": "discussions?sort=created&direction=desc",
    "discussion comments": "discussions/comments?sort=created&direction=desc",
    "reviews": "pulls/comments?sort=created&direction=desc",
    "releases": "releases",
}


class GitHub(Community, frozen=True, kw_only=True):
    """One of: a `repository` (`owner/name`), a `query` as in the search of issues, or the account's `notifications`.

    Notifications are the answers in threads of public repositories in which the token's account took part or is named;
    `login` is that account, whose own words are left out.
    `what` of a repository: its issues (pull requests among them), the comments on them, and so on. `api` is where it is
    asked: `https://github.example/api/v3` for a server of one's own.
    """

    kind = "github"
    pages = True
    kind_terms = Terms(
        "https://docs.github.com/en/site-policy/github-terms/github-terms-of-service", date(2026, 11, 23)
    )
    token_from = "A token with read access to issues: https://github.com/settings/personal-access-tokens."  # noqa: S105
    asks = {
        "repository": "A repository: owner/name.",
        "query": "Words that are looked for, as in the search of issues and pull requests.",
        "notifications": "Answers in threads that your account took part in; it takes a classic token.",
        "login": "That account: what you say yourself is left out.",
        "what": "What of a repository is followed.",
        "api": "Where it is asked, where that is not the service's own address.",
    }

    repository: Annotated[str, Meta(max_length=300, pattern="^([\\w.-]+/[\\w.-]+)?$")] = ""
    query: Phrase = ""
    notifications: bool = False
    login: Annotated[str, Meta(max_length=100, pattern="^@?[\\w-]*$")] = ""
    what: Literal["issues", "comments", "discussions", "discussion comments", "reviews", "releases"] = "issues"
    api: Annotated[Address, Meta(min_length=1)] = "https://api.github.com"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        base = self.api.rstrip("/")
        followed = one_of(repository=self.repository, query=self.query, notifications=self.notifications)
        if followed == "notifications":
            self.need_token()
            return f"{base}/notifications?all=true&participating=true&per_page={_MOST_THREADS}"
        if followed == "query":
            values = {"q": self.query, "sort": "created", "order": "desc", "per_page": _MOST}
            return f"{base}/search/issues?{urlencode(values)}"
        path = _PATHS[self.what]
        return f"{base}/repos/{self.repository}/{path}{'&' if '?' in path else '?'}per_page={_MOST}"

    def again(self, status: int, told: Told, now: datetime) -> datetime | None:
        """Return when it may be asked again that says "secondary rate limit", and no time: after a minute at least."""
        return now + _PAUSE if status in (403, 429) and "secondary rate limit" in told.words else None

    def since(self, reached: datetime) -> str:
        """Return the address of what is new since a time, of lists and searches that know one (`Source.since`)."""
        at = f"{(reached - LATE).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        if self.query:
            own = "created:" in self.query
            return self.url if own else with_query(self.url, q=f"{self.query} created:>={at}")
        narrows = self.what in _SINCE and not self.notifications
        return with_query(self.url, since=at) if narrows else self.url

    @property
    def has_letters(self) -> bool:
        """True of notifications, which tell of private repositories too (`Community.has_letters`)."""
        return self.notifications

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        del software
        host, steps = steps_of(url)
        if host != "github.com" or len(steps) < 2:
            return None
        what = {"discussions": "discussions", "releases": "releases"}.get(steps[2] if len(steps) > 2 else "", "issues")
        return {"repository": "/".join(steps[:2]).removesuffix(".git"), "what": what}

    def read(self, fetch: Fetch) -> Reading:
        """Return what was written in an answer (`Source.read`)."""
        reading = read_written(fetch)
        own = self.login.lstrip("@").casefold()
        if not (self.notifications and own):
            return reading
        return replace(reading, mentions=tuple(one for one in reading.mentions if not _is_by(one, own)))


def read_written(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: a list, a search result, events, the payload of a webhook, one thing.

    What is written is known by its address on the site, so an issue is one whichever way it comes. Raises InputError
    where nothing is to be read. Notifications say nothing themselves, and lead to what was said.
    """
    found = document(fetch, _EXPECTED)
    written = _written(found)
    if written is None:
        raise unexpected(fetch, found, _EXPECTED)
    events = placed(found) if isinstance(found, list) else [("", found)]
    gone = {path for at, one in events if _action(one) in GONE for path, _ in _of_event(at, one)[:1]}
    requests: dict[str, Further] = {}

    def take(item: Item) -> Mention | Deletion | None:
        if not (item.has("reason") and item.has("subject")):
            return _taken(fetch, item, gone=item.path in gone)
        requests.update({one.url: one for one in _led_to(fetch, item)})
        return None

    reading = reading_of(fetch, written, take, next_page=linked_next(fetch))
    return replace(reading, requests=tuple(requests.values())[:_MOST_THREADS])


def _led_to(fetch: Fetch, item: Item) -> Iterator[Further]:
    """Yield where the answers are that a notification tells of, in public; and the thread, where it may name us."""
    subject, repository = item.item("subject"), item.item("repository")
    if subject is None or repository is None:
        missing = "subject" if subject is None else "repository"
        raise FieldError(item.place(missing), f"expected the {missing} of a notification; there is none")
    if repository.flag("private") or subject.text("type") not in ("Issue", "PullRequest"):
        return
    name, number = repository.text("full_name"), subject.text("url").rpartition("/")[2]
    if not (re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII) and re.fullmatch(r"\d{1,18}", number, re.ASCII)):
        raise FieldError(subject.place("url"), f"expected the address of an issue; got {subject.text('url')[:80]!r}")
    changed = item.time("updated_at")
    since = (changed or fetch.at).astimezone(UTC) - _BACK
    thread = f"{fetch.url.partition('/notifications')[0]}/repos/{name}/issues/{number}"
    yield Further(f"{thread}/comments?per_page={_MOST}&since={since:%Y-%m-%d}T00:00:00Z", COMMENTS, changed=changed)
    if item.text("reason") in _NAMED:
        yield Further(thread, THREAD, changed=changed)


def _is_by(mention: Mention, login: str) -> bool:
    author = mention.attributed_to
    return author is not None and author.preferred_username.casefold() == login


def _written(found: Any) -> list[tuple[str, Any]] | None:
    if isinstance(found, list):
        told = [one for path, value in placed(found) for one in _of_event(path, value)]
        return [(path, value) for path, value in told if not _is_trimmed(path, value)]
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("items"), list):
        return placed(found["items"], "items")
    if _is_payload(found) or isinstance(found.get("payload"), dict):
        return _of_event("", found)
    return [("", found)] if "html_url" in found else None


def _is_trimmed(path: str, value: Any) -> bool:
    """True for the pull request of an event that is only numbered: a list of events tells no more of one."""
    is_named = not isinstance(value, dict) or "html_url" in value or "title" in value
    return path.endswith(".payload.pull_request") and not is_named


def _action(event: Any) -> str | None:
    """Return what became of what an event or a payload is about; None for what is neither."""
    payload = event.get("payload", event) if isinstance(event, dict) else None
    action = payload.get("action") if isinstance(payload, dict) else None
    return action if isinstance(action, str) else None


def _is_payload(value: Any) -> bool:
    return isinstance(value, dict) and ("action" in value or {"repository", "sender"} <= value.keys())


def _of_event(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return what was written in an event or a payload; anything else is returned as it is."""
    if isinstance(value, dict) and isinstance(value.get("payload"), dict):
        path, value = f"{path}.payload".lstrip("."), value["payload"]
    elif not _is_payload(value):
        return [(path, value)]
    return [(f"{path}.{name}".lstrip("."), value[name]) for name in _WRITTEN if value.get(name) is not None]


def _taken(fetch: Fetch, item: Item, *, gone: bool) -> Mention | Deletion | None:
    url = absolute_url(item.text("html_url"))
    if not url:
        raise FieldError(item.place("html_url"), "expected its address on the site, which makes its id; there is none")
    native_id = native_id_of(url)
    if gone:
        return deletion_of(fetch, PLATFORM, native_id, url=url)
    if item.flag("draft") and item.has("tag_name") and not item.has("published_at"):
        return None  # a release that only its makers see
    if item.has("submitted_at") and not item.text("body"):
        return None  # a review of which nothing but its outcome is told
    is_release = item.has("tag_name")
    parent, root = _thread(item, url)
    body = _body(item, url)
    name = item.text("title") or ((item.text("name") or item.id("tag_name")) if is_release else "")
    if not body.text and not name and not item.has("body") and "body" not in item.value:
        raise FieldError(item.place("body"), "expected a title or a text; there is neither")
    published = item.time("published_at") if is_release else None
    return mention_of(
        fetch,
        PLATFORM,
        native_id,
        body,
        url=url,
        name=name,
        published=published or item.time("created_at") or item.time("submitted_at"),
        # Of all others that is when anything happened: an answer, a label.
        updated=item.time_if_any("updated_at") if parent else None,
        in_reply_to=parent,
        context=root,
        author=_author(item.item("author") if is_release else item.item("user")),
        tags=[label.text_if_any("name") for label in item.items("labels")],
        generator=item.item_if_any("performed_via_github_app").text_if_any("name"),
        likes=item.item_if_any("reactions").count("+1"),
        replies=item.count("comments"),
    )


def native_id_of(url: str) -> str:
    """Return what something is known by: its address without the host; owners and names have no case."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    # A pull request has the number of an issue, and is one.
    path = re.sub(r"^([^/]+/[^/]+)/pull/(\d+)(?:/.*)?$", r"\1/issues/\2", path)
    owner, _, rest = path.partition("/")
    name, _, rest = rest.partition("/")
    return f"{owner}/{name}".lower() + (f"/{rest}" if rest else "") + (f"#{parts.fragment}" if parts.fragment else "")


def _thread(item: Item, url: str) -> tuple[str, str]:
    """Return what an item answers, and the root of its thread; "" for what begins one.

    The address of a comment is that of what it is on, with a fragment.
    """
    above, hash_, fragment = url.partition("#")
    if not hash_:
        return "", ""
    root = native_id_of(above)
    answered = item.id("parent_id") or item.id("in_reply_to_id")
    before = next((one for one in ("discussioncomment-", "discussion_r") if fragment.startswith(one)), "")
    return (f"{root}#{before}{answered}" if answered and before else root), root


def _body(item: Item, url: str) -> PlainText:
    """Return the text: as GitHub rendered it where it did, else from the Markdown that it was written in."""
    if rendered := item.text_if_any("body_html"):
        return from_html(rendered, base=url)
    if plain := item.text_if_any("body_text"):
        return from_text(plain)
    return from_markdown(item.text("body"), base=url)


def _author(user: Item | None) -> Actor | None:
    if user is None:
        return None
    login = user.text("login")
    if login.lower() == _GHOST:
        return None
    site = absolute_url(user.text_if_any("blog"))
    return actor_of(
        PLATFORM,
        handle=login,
        native_id=user.id("id"),
        name=user.text_if_any("name"),
        url=user.text_if_any("html_url"),
        bio=from_text(user.text_if_any("bio")),
        links=[ProfileLink(url=site)] if site else [],
    )
