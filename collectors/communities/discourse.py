"""Discourse: posts and topics of a forum, one topic, its search.

https://docs.discourse.org
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from lxml import etree
from msgspec import Meta

from overheard.collectors.base import Deletion, Further, Reading
from overheard.collectors.communities.community import (
    Address,
    Community,
    Phrase,
    actor_of,
    deletion_of,
    from_markdown,
    mention_of,
    number_in,
    oldest_of,
    placed,
    reading_of,
    site_url,
    steps_of,
    with_query,
)
from overheard.collectors.communities.complaints import Told, number_at
from overheard.collectors.communities.fields import FieldError, Item, document, origin_of, unexpected
from overheard.collectors.markup import PlainText, from_html
from overheard.records import Actor, Fetch, Mention

_EXPECTED = "posts or topics of Discourse"
# Kinds of posts that nobody said to all: notes of what was done, and whispers among the staff.
_NOTE, _WHISPER = 3, 4
_MOST_HTML, _MOST_TAGS = 65_536, 4_000
_BOXES = ('class="quote', 'class="lightbox-wrapper', 'class="poll-info')
_NOT_SAID = (
    "//aside[starts-with(@class, 'quote')] | //div[@class='lightbox-wrapper']/a/div[@class='meta']"
    " | //div[@class='poll-info']"
)
_SILENT = ("user", "category", "tag", "group")  # what the first search found beside topics
_NEW_TOPIC, _REPLY = 4, 5  # what a user did, of all that one can


# Where what a forum is asked for begins in the path of an address; what stands before it is the folder it is in.
_ASKED = re.compile(
    r"/(?:posts|latest|new|unread|top|hot|search|t|topics|c|categories|tags?|u|users|user_actions|g|groups)(?=[/.]|$)"
)
# Pages of a forum that are for people alone, those of its usual plugins among them.
_PAGES = re.compile(
    r"/(?:about|faq|guidelines|rules|tos|privacy|badges|filter|login|signup|my|p|review|invites|admin|pub|chat|docs"
    r"|leaderboard|upcoming-events|new-topic|new-message|bookmarks|notifications)(?=[/.]|$)"
)
_FURTHER = "further"
# Posts of a page of a topic, where it does not say; pages that may have new ones since the last look.
_PER_PAGE, _LIVELY = 20, 3


class Discourse(Community, frozen=True, kw_only=True):
    """A forum at `instance`: its newest posts or topics (`what`), one `topic`, or the posts that a `query` finds."""

    kind = "discourse"
    pages = True
    token_from = "Most forums need none; a User API key of an account, with the scope read."  # noqa: S105
    asks = {
        "instance": "The address of the forum.",
        "what": "Its newest posts, or its newest topics.",
        "topic": "The number of one topic, with its posts.",
        "query": "Words that are looked for.",
    }
    token_header = ("User-Api-Key", "")
    complaints = {
        "rate_limit": "It was asked too often.",
        "not_logged_in": "This forum shows that to those only who are logged in: give a token, or leave it out.",
        "invalid_access": "This forum does not show that to everybody: give a token that may read it, or leave it out.",
        "not_found": "There is nothing of that number there: look at `topic`.",
    }

    instance: Address = ""
    what: Literal["posts", "topics"] = "posts"
    topic: Annotated[int, Meta(ge=1)] | None = None
    query: Phrase = ""

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        if not self.instance:
            raise ValueError("expected `instance`, the forum's address, such as 'https://forum.example'; got none")
        base = self.instance.rstrip("/")
        if self.topic and self.query:
            raise ValueError("expected one of `topic`, `query`; got both")
        if self.topic:
            return f"{base}/t/{self.topic}.json"
        if self.query:
            return f"{base}/search.json?{urlencode({'q': f'{self.query} order:latest'})}"
        return f"{base}/posts.json" if self.what == "posts" else f"{base}/latest.json?order=created"

    def again(self, status: int, told: Told, now: datetime) -> datetime | None:
        """Return when a forum that was asked too often may be asked again, as it says beside Retry-After."""
        seconds = number_at(told.found, "extras", "wait_seconds") if status == 429 else None
        return None if seconds is None else now + timedelta(seconds=seconds)

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        if software != "discourse":
            return None
        # What is at none of its pages is the front page of one in a folder.
        path = urlsplit(url).path
        pages = [page.start() for page in (_ASKED.search(path), _PAGES.search(path)) if page is not None]
        folder = path[: min(pages, default=len(path))]
        _, steps = steps_of(path.removeprefix(folder))
        topic = next((step for step in steps[1:] if step.isdecimal()), "") if steps[:1] == ["t"] else ""
        return {"instance": origin_of(url) + folder.rstrip("/"), **({"topic": topic} if topic else {})}

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts of an answer; of a topic, where its further posts are (`Source.read`)."""
        reading = read_posts(fetch)
        if self.topic and not fetch.purpose:
            # A topic shows its oldest posts first.
            return replace(reading, next_page="", requests=_further(fetch))
        return replace(reading, next_page="") if self.topic and fetch.purpose == _FURTHER else reading


def read_posts(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: newest posts, a topic, a list of topics, a search result, one post.

    Each forum is a platform of its own, by its host. A topic is its first post. Raises InputError where there are no
    posts to be read.
    """
    found = document(fetch, _EXPECTED)
    posts = _posts(found)
    if posts is None:
        raise unexpected(fetch, found, _EXPECTED)
    forum = _Forum(fetch, found)
    return reading_of(fetch, posts, forum.take, next_page=_next_page(fetch, found, forum.base))


def _posts(found: Any) -> list[tuple[str, Any]] | None:
    if isinstance(found, list):
        listed = [one for path, value in placed(found) for one in _of_old_search(path, value)]
        return listed if not listed or any(_is_post(one) for _, one in listed) else None
    if not isinstance(found, dict):
        return None
    for name in ("latest_posts", "user_actions"):
        if isinstance(found.get(name), list):
            return placed(found[name], name)
    for name, inner in (("post_stream", "posts"), ("topic_list", "topics")):
        if isinstance(held := found.get(name), dict) and isinstance(held.get(inner), list):
            return placed(held[inner], f"{name}.{inner}")
    if isinstance(found.get("posts"), list):
        return placed(found["posts"], "posts")
    if "grouped_search_result" in found and found.get("posts") is None:
        return []
    if isinstance(found.get("post"), dict):
        return [("post", found["post"])]
    return [("", found)] if _is_post(found) else None


def _is_post(value: Any) -> bool:
    return isinstance(value, dict) and ("cooked" in value or "blurb" in value or {"title", "url", "id"} <= value.keys())


def _of_old_search(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return what a group of results of the first search held; anything else is returned as it is."""
    if isinstance(value, dict) and isinstance(value.get("results"), list) and "type" in value:
        if value["type"] == "topic":
            return placed(value["results"], f"{path}.results")
        return [] if value["type"] in _SILENT else [(path, value)]
    return [(path, value)]


def _next_page(fetch: Fetch, found: Any, base: str) -> str:
    if not isinstance(found, dict):
        return ""
    listed = found.get("topic_list")
    if isinstance(listed, dict) and isinstance(more := listed.get("more_topics_url"), str):
        path, _, query = more.partition("?")
        return site_url(base, f"{path if path.endswith('.json') else f'{path}.json'}{f'?{query}' if query else ''}")
    grouped = found.get("grouped_search_result")
    if isinstance(grouped, dict) and grouped.get("more_full_page_results") is True:
        return with_query(fetch.url, page=number_in(fetch.url, "page", 1) + 1)
    if isinstance(latest := found.get("latest_posts"), list):
        oldest = oldest_of(Item(one).count("id") for one in latest if isinstance(one, dict))
        return with_query(fetch.url, before=oldest) if oldest is not None and oldest > 1 else ""
    stream = found.get("post_stream")
    if isinstance(stream, dict) and isinstance(all_ids := stream.get("stream"), list):
        posts = stream.get("posts")
        shown = [one.get("id") for one in posts if isinstance(one, dict)] if isinstance(posts, list) else []
        if shown and all_ids and all_ids[-1] not in shown:
            return with_query(fetch.url, page=number_in(fetch.url, "page", 1) + 1)
    return ""


def _further(fetch: Fetch) -> tuple[Further, ...]:
    """Return the requests for the further pages of a topic, the last one first; the last ones whenever it grew."""
    topic = Item(document(fetch, _EXPECTED))
    stream = topic.item_if_any("post_stream").raw("stream")
    size = topic.count("chunk_size") or _PER_PAGE
    pages = -(-len(stream) // size) if isinstance(stream, list) and size > 0 else 1
    grew, began = topic.time_if_any("last_posted_at"), topic.time_if_any("created_at")
    return tuple(
        Further(with_query(fetch.url, page=page), _FURTHER, changed=grew if page > pages - _LIVELY else began)
        for page in range(pages, 1, -1)
    )


class _Forum:
    """What the posts of one answer have in common."""

    def __init__(self, fetch: Fetch, found: Any) -> None:
        self._fetch = fetch
        address = fetch.final_url or fetch.url
        self.base = _base(address)
        self.platform = urlsplit(address).netloc.lower()
        whole = Item(found if isinstance(found, dict) else {})
        self._whole = whole
        self._users = {one.id_if_any("id"): one for one in whole.items("users")}
        self._topics = {one.id_if_any("id"): one for one in whole.items("topics")}

    def take(self, item: Item) -> Mention | Deletion | None:
        """Return a post or topic as a mention; None for what is no public utterance."""
        if item.text_if_any("archetype") == "private_message" or self._is_letter():
            return None
        if item.has("action_type"):
            kind = item.count("action_type")
            if kind is None:
                raise FieldError(item.place("action_type"), "expected the number of what somebody did; it is none")
            return self._done(item) if kind in (_NEW_TOPIC, _REPLY) else None
        if item.count("post_type") in (_NOTE, _WHISPER):
            return None
        if not (item.has("post_number") or item.has("topic_id") or item.has("cooked") or item.has("blurb")):
            return self._topic(item)
        topic, number = item.id("topic_id") or self._whole.id("id"), item.id("post_number")
        if not topic or not number:
            lacking = "topic_id" if not topic else "post_number"
            raise FieldError(item.place(lacking), "expected the number of topic and post; there is none")
        topic_item = self._topics.get(topic) or self._whole
        slug = item.text_if_any("topic_slug") or topic_item.text_if_any("slug")
        url = self._url(topic, number, slug)
        if item.time("deleted_at") is not None or item.flag("user_deleted") or item.flag("hidden"):
            return deletion_of(self._fetch, self.platform, f"{topic}/{number}", url=url)
        title = item.text_if_any("topic_title") or topic_item.text_if_any("title")
        # One that was hidden and is shown again keeps why it was: it is there as of then, and no copy from before.
        edited = (item.count("version") or 1) > 1 or item.has("hidden_reason_id")
        answered = item.id_if_any("reply_to_post_number")
        return mention_of(
            self._fetch,
            self.platform,
            f"{topic}/{number}",
            _body(item, self.base),
            url=url,
            name=title if number == "1" else "",
            published=item.time("created_at"),
            updated=item.time_if_any("updated_at") if edited else None,
            in_reply_to=f"{topic}/{answered or 1}" if number != "1" else "",
            context=f"{topic}/1",
            author=self._author(item, item.id_if_any("user_id")),
            tags=_tags(topic_item) if number == "1" else [],
            language=item.text_if_any("locale"),
            likes=_likes(item),
            replies=item.count("reply_count"),
        )

    def _topic(self, item: Item) -> Mention:
        topic = item.needed_id("id")
        title = item.text("title")
        if not title:
            raise FieldError(item.place("title"), "expected the title of a topic; there is none")
        posters = [one.id_if_any("user_id") for one in item.items("posters")]
        user = next((self._users[one] for one in posters[:1] if one in self._users), None)
        # What is odd of an account harms none of the topics that it began.
        user = user if user is not None and user.text_if_any("username") else None
        posts = item.count("posts_count")
        return mention_of(
            self._fetch,
            self.platform,
            f"{topic}/1",
            from_html(item.text_if_any("excerpt"), base=self.base),
            url=self._url(topic, "1", item.text_if_any("slug")),
            name=title,
            published=item.time("created_at"),
            author=self._author(user, user.id_if_any("id")) if user is not None else None,
            tags=_tags(item),
            likes=item.count("like_count"),
            replies=posts - 1 if posts else None,
        )

    def _done(self, item: Item) -> Mention | None:
        """Return the post that somebody wrote, as the list of what somebody did tells it."""
        topic, number = item.needed_id("topic_id"), item.needed_id("post_number")
        if item.flag("deleted"):
            return None
        answered = item.id_if_any("reply_to_post_number")
        who = Item({"username": item.raw("acting_username"), "name": item.raw("acting_name")}, item.path)
        return mention_of(
            self._fetch,
            self.platform,
            f"{topic}/{number}",
            from_html(item.text("excerpt"), base=self.base),
            url=self._url(topic, number, item.text_if_any("slug")),
            name=item.text_if_any("title") if number == "1" else "",
            published=item.time("created_at"),
            in_reply_to=f"{topic}/{answered or 1}" if number != "1" else "",
            context=f"{topic}/1",
            author=self._author(who, item.id_if_any("acting_user_id")),
        )

    def _author(self, item: Item, native_id: str) -> Actor | None:
        """Return who wrote a post, as it says; None where the account is gone."""
        if not item.has("username") and item.has("user"):  # the posts of a group
            item = item.item_if_any("user")
            native_id = item.id_if_any("id")
        handle = item.text("username")
        if not handle:
            return None
        return actor_of(
            self.platform,
            handle=handle,
            native_id=native_id,
            name=item.text_if_any("name") if item.text_if_any("name") != handle else "",
            url=f"{self.base}/u/{quote(handle, safe='')}",
        )

    def _url(self, topic: str, number: str, slug: str) -> str:
        path = f"/t/{quote(slug or '-', safe='')}/{quote(topic, safe='')}"
        return self.base + path + (f"/{quote(number, safe='')}" if number != "1" else "")

    def _is_letter(self) -> bool:
        return self._whole.text_if_any("archetype") == "private_message"


def _base(address: str) -> str:
    """Return where a forum is, which may be in a folder of a site, by what it was asked, or by its own address.

    That ends in a slash. Of what is asked in no way that is known it is the root of the site.
    """
    path = urlsplit(address).path
    asked = _ASKED.search(path)
    folder = path[: asked.start()] if asked else path if path.endswith("/") else ""
    return origin_of(address) + folder.rstrip("/")


def _body(item: Item, base: str) -> PlainText:
    """Return the text as the forum rendered it, without what it quotes; else as written, else what a search shows."""
    if cooked := item.text("cooked"):
        return from_html(_as_said(cooked), base=base)
    if raw := item.text_if_any("raw"):
        return from_markdown(raw, base=base)
    return from_html(item.text("blurb") or item.text("excerpt"), base=base)


def _as_said(cooked: str) -> str:
    """Return a rendered post without what its author did not say: what it quotes, and captions of the forum's own.

    Those are the name and size of a picture beneath it, and how many voted in a poll.
    """
    # Up to so much the parser takes milliseconds for anything (`markup`); a longer post keeps what it quotes.
    if not any(one in cooked for one in _BOXES) or len(cooked) > _MOST_HTML or cooked.count("<") > _MOST_TAGS:
        return cooked
    try:
        root = etree.fromstring(f"<div>{cooked}</div>".encode(), etree.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError):
        return cooked
    if root is None:
        return cooked
    for box in root.xpath(_NOT_SAID):
        for child in list(box):
            box.remove(child)
        box.text = None
    rest = etree.tostring(root, encoding="unicode", method="html")
    return rest if from_html(rest).text else cooked


def _tags(topic: Item) -> list[str]:
    """Return the tags of a topic: their names, or what has one."""
    return [*topic.texts("tags"), *(one.text_if_any("name") for one in topic.items("tags"))]


def _likes(item: Item) -> int | None:
    given = next((one.count("count") for one in item.items("actions_summary") if one.count("id") == 2), None)
    return item.count("like_count") if given is None else given
