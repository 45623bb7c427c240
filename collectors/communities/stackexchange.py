"""Stack Exchange: questions, answers and comments of its sites, by its API.

https://api.stackexchange.com/docs
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from msgspec import Meta

from overheard.collectors.base import Reading, Terms
from overheard.collectors.communities.community import (
    LATE,
    Address,
    Community,
    Phrase,
    actor_of,
    from_markdown,
    mention_of,
    number_in,
    oldest_of,
    placed,
    reading_of,
    steps_of,
    unescaped,
    value_in,
    with_query,
)
from overheard.collectors.communities.complaints import Told, number_at
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.markup import PlainText, absolute_url, from_html
from overheard.records import Actor, Fetch, Mention

_EXPECTED = "items of the Stack Exchange API"
_MOST = 100
# Where it says that it was asked too often, and not for how long: a ban lasts from half a minute up.
_PAUSE = 600
_SECONDS = re.compile(r"\bin (\d{1,7}) seconds?\b")
# The sites that are no part of stackexchange.com.
_OWN = ("stackoverflow", "superuser", "serverfault", "askubuntu", "stackapps")


class StackExchange(Community, frozen=True, kw_only=True):
    """The newest questions, answers or comments (`what`) of a `site`; questions with a `tag`, or that a `query` finds.

    `site` is its name in the API: stackoverflow, superuser, unix. `api` is where it is asked.
    """

    kind = "stackexchange"
    pages = True
    kind_terms = Terms("https://stackoverflow.com/legal/api-terms-of-use")
    asks = {
        "site": "The name of the site in its API: stackoverflow, superuser, unix.",
        "what": "What is followed of the site.",
        "tag": "A tag of questions.",
        "query": "Words that are looked for in questions.",
        "api": "Where it is asked, where that is not the service's own address.",
    }
    complaints = {
        "bad_parameter": "It knows no such site or tag: look at `site`, which is the name in its API, and `tag`.",
        "key_required": "It wants a key for that: see the page of this kind.",
        "throttle_violation": "It was asked more often than it allows from one address.",
        "access_denied": "Its token does not allow that: make another.",
        "invalid_access_token": "It does not know that token: make another, and put it where the settings say.",
    }

    mended_there = frozenset({"access_denied", "invalid_access_token", "key_required"})

    site: Annotated[str, Meta(min_length=1, max_length=100, pattern="^[a-z0-9.-]+$")] = "stackoverflow"
    what: Literal["questions", "answers", "comments"] = "questions"
    tag: Annotated[str, Meta(max_length=200, pattern="^[^\\s]*$")] = ""
    query: Phrase = ""
    api: Annotated[Address, Meta(min_length=1)] = "https://api.stackexchange.com/2.3"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        if (self.tag or self.query) and self.what != "questions":
            raise ValueError(f"expected what = 'questions' with `tag` or `query`; got {self.what!r}")
        values: dict[str, object] = {"site": self.site, "order": "desc", "sort": "creation", "filter": "withbody"}
        if self.query:
            values |= {"q": self.query}
        if self.tag:
            values |= {"tagged": self.tag}
        path = "search/advanced" if self.query else self.what
        return f"{self.api.rstrip('/')}/{path}?{urlencode(values | {'pagesize': _MOST})}"

    def again(self, status: int, told: Told, now: datetime) -> datetime | None:
        """Return when it may be asked again that was asked too often: it says that in words."""
        del status
        if "throttle_violation" not in told.codes:
            return None
        pause = number_at(told.found, "backoff") or 0
        if match := _SECONDS.search(told.words):
            pause = max(pause, int(match[1]))
        return now + timedelta(seconds=pause or _PAUSE)

    def since(self, reached: datetime) -> str:
        """Return the address of what was written from a time on (`Source.since`)."""
        return with_query(self.url, fromdate=int((reached - LATE).timestamp()))

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        del software
        host, steps = steps_of(url)
        name = host.removesuffix(".com")
        if host.endswith(".stackexchange.com"):
            name = host.removesuffix(".stackexchange.com")
        elif name not in _OWN and host != "mathoverflow.net":
            return None
        tag = steps[2] if steps[:2] == ["questions", "tagged"] and len(steps) > 2 else ""
        return {"site": name, **({"tag": tag.replace("+", ";").replace(" ", ";")} if tag else {})}

    def read(self, fetch: Fetch) -> Reading:
        """Return the items of an answer (`Source.read`)."""
        return read_items(fetch)


def read_items(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: questions, answers, comments, posts, a search result.

    The pause that the API asks for (`backoff`), and a day where nothing is left of its quota, are the reading's.
    Raises InputError where there are no items to be read.
    """
    found = document(fetch, _EXPECTED)
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise unexpected(fetch, found, _EXPECTED)
    whole = Item(found)
    following = ""
    if whole.flag("has_more"):
        following = _older(fetch, found["items"])
    pause = whole.count("backoff") or 0
    if whole.count("quota_remaining") == 0:
        pause = 86_400
    site = value_in(fetch.url, "site").removesuffix(".com") or "stackoverflow"
    return reading_of(
        fetch,
        _all(found["items"]),
        lambda item: _taken(fetch, item, site),
        next_page=following,
        ttl=timedelta(seconds=min(pause, 86_400)) if pause > 0 else None,
    )


def _older(fetch: Fetch, items: Any) -> str:
    """Return where older items are: those that are no newer than the oldest of these.

    Pages by number end at the 25th for those without a key, and shift when something new comes.
    """
    oldest = oldest_of(Item(one).count("creation_date") for one in items if isinstance(one, dict))
    if oldest is None or value_in(fetch.url, "sort") != "creation" or value_in(fetch.url, "todate") == str(oldest):
        return with_query(fetch.url, page=number_in(fetch.url, "page", 1) + 1)
    return with_query(fetch.url, todate=oldest, page=None)


def _all(items: Any) -> list[tuple[str, Any]]:
    """Return the items, and the answers and comments that come with them."""
    found: list[tuple[str, Any]] = []
    waiting = placed(items, "items")
    while waiting:
        path, one = waiting.pop(0)
        found.append((path, one))
        if isinstance(one, dict):
            # A comment names what it is on, and not the question that all of it is below.
            above = {"question_id": one["question_id"]} if "question_id" in one else {}
            for name in ("answers", "comments"):
                below = placed(one.get(name), f"{path}.{name}")
                waiting += [(at, {**above, **each} if isinstance(each, dict) else each) for at, each in below]
    return found


def _taken(fetch: Fetch, item: Item, site: str) -> Mention:
    question, answer, comment, post = (item.id(f"{one}_id") for one in ("question", "answer", "comment", "post"))
    if not (question or answer or comment or post):
        message = "expected question_id, answer_id, comment_id or post_id, which make an item's id; there is none"
        raise FieldError(item.place("question_id"), message)
    # One that does not tell its own id is not what it is on.
    if not comment and (item.has("edited") or ".comments[" in item.path):
        raise FieldError(item.place("comment_id"), "expected the id of a comment; there is none")
    if not answer and not comment and (item.has("is_accepted") or ".answers[" in item.path):
        raise FieldError(item.place("answer_id"), "expected the id of an answer; there is none")
    home = f"https://{_host(site)}"
    if comment:
        native_id, parent, root = f"comment/{comment}", post or answer or question, question
        url = f"{home}/posts/comments/{comment}"
    elif answer:
        native_id, parent, root, url = answer, question, question, f"{home}/a/{answer}"
    else:
        native_id, parent, root = question or post, "", ""
        url = f"{home}/q/{native_id}"
    link = absolute_url(item.text_if_any("link"))
    return mention_of(
        fetch,
        site,
        native_id,
        _body(item, home),
        url=link or url,
        also=[url],
        name=unescaped(item.text("title")) if not answer and not comment else "",
        kind="Question" if question and not answer and not comment else "Note",
        published=item.time("creation_date"),
        updated=item.time_if_any("last_edit_date"),
        in_reply_to=parent,
        context=root,
        author=_author(item.item("owner"), site),
        tags=item.texts("tags") if not answer else [],
        likes=item.count("score"),
        replies=item.count("answer_count"),
    )


def _body(item: Item, home: str) -> PlainText:
    if body := item.text("body"):
        return from_html(body, base=home)
    if written := item.text_if_any("body_markdown"):
        return from_markdown(unescaped(written), base=home)
    return from_html(item.text_if_any("excerpt"), base=home)


def _author(owner: Item | None, site: str) -> Actor | None:
    """Return who wrote an item. Names are no accounts there: many have the same, and change it."""
    if owner is None or owner.text_if_any("user_type") == "does_not_exist":
        return None
    return actor_of(
        site,
        native_id=owner.id("user_id"),
        name=unescaped(owner.text("display_name")),
        url=owner.text_if_any("link"),
    )


def _host(site: str) -> str:
    """Return the host of a site by its name in the API."""
    if site == "mathoverflow.net" or site.endswith((".com", ".net")):
        return site
    return f"{site}.com" if site.rpartition(".")[2] in _OWN else f"{site}.stackexchange.com"
