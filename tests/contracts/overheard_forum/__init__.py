"""Boards of a forum as a source of Overheard."""

import json
from datetime import UTC, datetime
from typing import Any

from overheard.collectors.base import Deletion, Reading, Rejected, Source
from overheard.collectors.markup import absolute_url, from_html, one_line, shorten
from overheard.errors import InputError
from overheard.records import Actor, Fetch, Mention, digest, mention_id
from overheard.text import clean

_MOST = 1_000


class Forum(Source, frozen=True, kw_only=True):
    """The latest posts of a forum. `board`: those of this board only."""

    kind = "forum"

    board: str = ""

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts in an answer of the forum."""
        try:
            posts = json.loads(fetch.body)["posts"]
        except (ValueError, KeyError, TypeError, RecursionError) as e:
            got = clean(str(e))[:100]
            raise InputError(
                f"expected JSON with a list `posts`; got {type(e).__name__}: {got}", where=fetch.url
            ) from e
        if not isinstance(posts, list):
            raise InputError("expected a list `posts`; got what is none", where=fetch.url)
        mentions: dict[str, Mention] = {}
        deletions: list[Deletion] = []
        rejected: list[Rejected] = []
        for number, post in enumerate(posts[:_MOST], 1):
            try:
                mention = _mention(fetch, post)
            except _UnusableError as e:
                rejected.append(Rejected(f"{fetch.url}, post {number}", str(e), digest(fetch.source, repr(post))))
                continue
            if post.get("deleted") is True:
                deletions.append(Deletion(_without_text(mention)))
            elif self.board in ("", post.get("board")):
                mentions[mention.id] = mention
        return Reading(tuple(mentions.values()), tuple(rejected), deletions=tuple(deletions))


class _UnusableError(Exception):
    """A post that cannot be used."""


def _mention(fetch: Fetch, post: Any) -> Mention:
    if not isinstance(post, dict):
        raise _UnusableError(f"expected a post as an object; got {type(post).__name__}")
    native_id = str(_field(post, "id", int))
    text = from_html(_field(post, "html", str), base=fetch.url)
    answered = post.get("reply_to")
    return Mention(
        id=mention_id("forum.example", native_id),
        platform="forum.example",
        native_id=native_id,
        source=fetch.source,
        name=shorten(one_line(clean(_text(post.get("title")))), 1_000),
        content=text.text,
        links=text.links,
        url=absolute_url(_text(post.get("url")), fetch.url),
        published=_time(post.get("created")),
        updated=_time(post.get("edited")),
        first_seen=fetch.at,
        in_reply_to=str(answered) if isinstance(answered, int) and answered != post["id"] else "",
        attributed_to=_author(post.get("user")),
    )


def _author(user: Any) -> Actor | None:
    if not isinstance(user, dict) or not isinstance(user.get("id"), int):
        return None
    handle = "".join(clean(_text(user.get("login"))).split())
    name = shorten(one_line(clean(_text(user.get("name")))), 1_000)
    return Actor(
        platform="forum.example", native_id=str(user["id"]), preferred_username=shorten(handle, 200), name=name
    )


def _without_text(mention: Mention) -> Mention:
    return Mention(
        id=mention.id,
        platform=mention.platform,
        native_id=mention.native_id,
        source=mention.source,
        content="",
        url=mention.url,
        first_seen=mention.first_seen,
    )


def _field(post: dict[str, Any], name: str, kind: type) -> Any:
    value = post.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _UnusableError(f"expected `{name}` as {kind.__name__}; got {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else None
    except (ValueError, OverflowError, OSError):
        return None
