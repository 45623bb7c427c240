"""Hacker News: its search (Algolia), a thread as a whole, and items of the official API.

https://hn.algolia.com/api and https://github.com/HackerNews/API
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from msgspec import Meta

from overheard.collectors.base import Deletion, Reading, Terms
from overheard.collectors.communities.community import (
    LATE,
    Address,
    Community,
    Phrase,
    actor_of,
    deletion_of,
    mention_of,
    number_in,
    oldest_of,
    one_of,
    placed,
    plain_links,
    reading_of,
    steps_of,
    value_in,
    with_query,
)
from overheard.collectors.communities.fields import Item, document, unexpected
from overheard.collectors.markup import PlainText, absolute_url, from_html
from overheard.records import Fetch, Mention, Policy

PLATFORM = "hackernews"
_EXPECTED = "items of Hacker News"
_SITE = "https://news.ycombinator.com"
_MOST = 100
_MOST_AT_ONCE = 1_000  # that its search gives at all
_OLDER = "created_at_i<="
# The beginning of an address that its site shows in place of all of it.
_CUT = re.compile(r"https?://\S{1,200}?(?=\.\.\.(?:\s|$))")
_TYPES = frozenset({"story", "comment", "poll", "pollopt", "job"})
_NAMED = frozenset({"story", "job", "poll"})


class HackerNews(Community, frozen=True, kw_only=True):
    """One of: a `query`, an `author`, an `item` with all that was said below it, or `everything` that is said.

    `what` of all but an item: stories, comments, or both. `api` is where its search is asked.
    """

    kind = "hackernews"
    pages = True
    kind_terms = Terms("https://www.ycombinator.com/legal/")
    kind_policy = Policy(export="link", terms=kind_terms.url)
    asks = {
        "query": "Words that are looked for.",
        "author": "Somebody whose stories and comments are followed.",
        "item": "The number of a story, with all that is said below it.",
        "everything": "All that is said, of which what is about you is kept.",
        "what": "Stories, comments, or both.",
        "api": "Where it is asked, where that is not the service's own address.",
    }

    query: Phrase = ""
    author: Annotated[str, Meta(max_length=100, pattern="^[\\w-]*$")] = ""
    item: Annotated[int, Meta(ge=1)] | None = None
    everything: bool = False
    what: Literal["all", "stories", "comments"] = "all"
    api: Annotated[Address, Meta(min_length=1)] = "https://hn.algolia.com/api/v1"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        base = self.api.rstrip("/")
        followed = one_of(query=self.query, author=self.author, item=self.item, everything=self.everything)
        if followed == "item":
            return f"{base}/items/{self.item}"
        tags = {"all": "(story,comment,poll,job)", "stories": "(story,poll,job)", "comments": "comment"}[self.what]
        if followed == "author":
            return f"{base}/search_by_date?{urlencode({'tags': f'{tags},author_{self.author}', 'hitsPerPage': _MOST})}"
        if followed == "everything":
            return f"{base}/search_by_date?{urlencode({'tags': tags, 'hitsPerPage': _MOST_AT_ONCE})}"
        return f"{base}/search_by_date?{urlencode({'query': self.query, 'tags': tags, 'hitsPerPage': _MOST})}"

    def since(self, reached: datetime) -> str:
        """Return the address of a search from a time on; an item is always given whole (`Source.since`)."""
        if self.item is not None:
            return self.url
        return with_query(self.url, numericFilters=f"created_at_i>={int((reached - LATE).timestamp())}")

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        del software
        host, steps = steps_of(url)
        if host == "hn.algolia.com" and (query := value_in(url, "q") or value_in(url, "query")):
            return {"query": query}
        id_ = value_in(url, "id")
        if host != "news.ycombinator.com" or not id_ or steps not in (["item"], ["user"], ["threads"]):
            return None
        return {"item": id_} if steps == ["item"] else {"author": id_}

    def read(self, fetch: Fetch) -> Reading:
        """Return the items of an answer (`Source.read`)."""
        return read_items(fetch)


def read_items(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: a page of the search, a thread, one or several items of the official API.

    An item that is said to be deleted or dead is gone. Raises InputError where there are no items to be read.
    """
    found = document(fetch, _EXPECTED)
    items = _items(found)
    if items is None:
        raise unexpected(fetch, found, _EXPECTED)
    following = ""
    if isinstance(found, dict) and "hits" in found:
        following = _next_page(fetch, found)
    return reading_of(fetch, items, lambda item: _taken(fetch, item), next_page=following)


def _next_page(fetch: Fetch, found: Mapping[str, Any]) -> str:
    """Return where older hits are; "" where there are none.

    Its search gives the first thousand of what it finds and no more, so that each page is a search of its own: for what
    is no newer than the oldest hit of the one before.
    """
    page, pages = number_in(fetch.url, "page", 0), found.get("nbPages")
    numbered = with_query(fetch.url, page=page + 1) if isinstance(pages, int) and page + 1 < pages else ""
    if "/search_by_date" not in fetch.url:
        return numbered
    hits = found.get("hits")
    times = [Item(one).count("created_at_i") for one in hits if isinstance(one, dict)] if isinstance(hits, list) else []
    oldest = oldest_of(times)
    if oldest is None or not (numbered or len(times) >= number_in(fetch.url, "hitsPerPage", _MOST)):
        return numbered
    kept = [one for one in value_in(fetch.url, "numericFilters").split(",") if one and not one.startswith(_OLDER)]
    bound = f"{_OLDER}{oldest}"
    if bound in value_in(fetch.url, "numericFilters").split(","):
        return numbered  # all of one second
    return with_query(fetch.url, numericFilters=",".join([*kept, bound]), page=None)


def _items(found: Any) -> list[tuple[str, Any]] | None:
    if isinstance(found, list):
        # Lists of numbers (new stories, an item's children) say nothing themselves; users are no posts.
        # An item that there is none of is null.
        items = [(path, one) for path, one in placed(found) if one is not None and not isinstance(one, int)]
        return [(path, one) for path, one in items if not _is_user(one)]
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("hits"), list):
        return placed(found["hits"], "hits")
    if "id" not in found or _is_user(found):
        return None
    items = []
    waiting: list[tuple[str, Any]] = [("", found)]
    while waiting:
        path, one = waiting.pop()
        items.append((path, one))
        for name in ("children", "options"):
            below = one.get(name) if isinstance(one, dict) else None
            place = f"{path}.{name}".lstrip(".")
            # What is no list is said below to be no item.
            if below is not None:
                listed = placed(below, place) if isinstance(below, list) else [(place, below)]
                waiting += [(at, _below(one, each)) for at, each in listed]
    return items


def _below(above: Mapping[str, Any], one: Any) -> Any:
    """Return an item of a thread with its story, where it names none: that of what is above it, or that itself."""
    if not isinstance(one, dict) or one.get("story_id") is not None:
        return one
    item = Item(above)
    story = item.id_if_any("story_id") or ("" if item.has("parent_id") or item.has("parent") else item.id_if_any("id"))
    return {**one, "story_id": story} if story else one


def _is_user(one: Any) -> bool:
    """True for a user, and for the list of what changed."""
    return isinstance(one, dict) and ("karma" in one or "profiles" in one) and "type" not in one


def _taken(fetch: Fetch, item: Item) -> Mention | Deletion | None:
    id_ = item.id("objectID") or item.needed_id("id")
    url = f"{_SITE}/item?id={id_}"
    published = item.time("time") or item.time("created_at_i") or item.time("created_at")
    author = item.text("by") or item.text("author")
    name = item.text("title")
    said = item.text("text") or item.text("story_text") or item.text("comment_text")
    if item.flag("deleted") or item.flag("dead") or not (author or name or said):
        return deletion_of(fetch, PLATFORM, id_, url=url)
    kind = item.text_if_any("type") or next((tag for tag in item.texts("_tags") if tag in _TYPES), "")
    parent = item.id("parent") or item.id("parent_id") or item.id("poll")
    root = item.id("story_id") if kind != "story" else ""
    about = absolute_url(item.text_if_any("url")) if kind != "comment" else ""
    return mention_of(
        fetch,
        PLATFORM,
        id_,
        _shown(said),
        url=url,
        name=name if kind in _NAMED or not parent else "",
        kind="Question" if kind == "poll" else "Note",
        published=published,
        updated=None,
        in_reply_to="" if parent == id_ else parent,
        context=root or item.id("poll"),
        author=actor_of(PLATFORM, handle=author, url=f"{_SITE}/user?id={author}" if author else ""),
        links=[about],
        likes=item.count("points") if item.has("points") else item.count("score"),
        replies=item.count("num_comments") if item.has("num_comments") else item.count("descendants"),
    )


def _shown(said: str) -> PlainText:
    """Return a text as its site shows it; what is the beginning of a longer link is none itself."""
    text = from_html(said)
    cut = {url for match in _CUT.finditer(text.text) for url in plain_links(match[0])}
    links = [one for one in text.links if one not in cut or not any(_continues(other, one) for other in text.links)]
    return PlainText(text.text, tuple(links))


def _continues(url: str, beginning: str) -> bool:
    return url != beginning and url.startswith(beginning)
