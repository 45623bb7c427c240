"""What programs hand in, as mentions and deletions, within the bounds of a row of a file. Pure."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeGuard

import msgspec

from overheard.collectors.base import Deletion
from overheard.collectors.files import is_activitystreams, map_mentions, read_mentions
from overheard.collectors.markup import MAX_TEXT, absolute_url, one_line, shorten
from overheard.collectors.pushed.posts import Gone, Item
from overheard.errors import InputError
from overheard.identities import normal_platform
from overheard.records import Mention
from overheard.table import BadRow, open_table
from overheard.text import clean
from overheard.urls import canonical_url

_TIMES = ("published", "updated")
# As of a row in a file (`overheard.collectors.files`).
_LONGEST_NAME = 2_000
_LONGEST = {
    "source": 200, "platform": 200, "native_id": 500, "in_reply_to": 2_048, "language": 35, "generator": 200,
}  # fmt: skip
_LONGEST_OF_ACTOR = {"platform": 200, "preferred_username": 500, "name": 500, "email": 320}
_LONGEST_TAG = 200
_MANY = 256  # tags, links, aliases
_COUNTS = ("likes", "shares", "replies")
_NO_COUNT = 2**63
_OF_OBJECTS = frozenset({
    "@context", "type", "id", "actor", "object", "published", "updated", "deleted", "source", "platform", "url", "name",
    "content", "mediaType", "attributedTo", "inReplyTo", "tag", "likes", "shares", "replies",
})  # fmt: skip
_MENTION_ID = re.compile("men_[a-z2-7]{26}")


def mentions_of(items: Sequence[Item], now: datetime, source: str) -> list[Mention | Deletion | BadRow]:
    """Return each item as a mention or a deletion received `now`, or why it is none; in order.

    `source` stands in where an item names none.
    """
    posts = [_row(item) for item in items if isinstance(item, Gone) or (_is_row(item) and not is_activitystreams(item))]
    objects = [
        {key: item[key] for key in _OF_OBJECTS & item.keys()}  # what else an object has is no column of a table
        for item in items
        if _is_row(item) and is_activitystreams(item)
    ]
    of_posts, of_objects = (iter(_read(some, now, source)) for some in (posts, objects))
    rows: list[Mention | Deletion | BadRow] = []
    for item in items:
        match item:
            case Gone():
                rows.append(_left(next(of_posts), item))
            case Deletion():
                rows.append(_gone(item, now, source))
            case Mention():
                rows.append(_as_given(item, now, source))
            case BadRow():
                rows.append(item)
            case _:
                rows.append(next(of_objects if is_activitystreams(item) else of_posts))
    return rows


def _is_row(item: Item) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(item, Mapping)


def _row(item: Item) -> Mapping[str, Any]:
    """Return a post as a row; one that is gone needs no text, and a row does."""
    if isinstance(item, Gone):
        return {**item.post, "title": None, "html": None, "text": "gone"}
    assert _is_row(item)
    return item


def _left(read: Mention | Deletion | BadRow, item: Gone) -> Deletion | BadRow:
    """Return the deletion of a post that was read as if it were there."""
    if isinstance(read, BadRow):
        return BadRow(read.line, read.error, msgspec.json.encode(item.post).decode())
    if isinstance(read, Deletion):
        return read
    left = Mention(
        id=read.id,
        platform=read.platform,
        native_id=read.native_id,
        source=read.source,
        content="",
        url=read.url,
        first_seen=read.first_seen,
    )
    return Deletion(left, read.updated)


def _read(rows: Sequence[Mapping[str, Any]], now: datetime, source: str) -> list[Mention | Deletion | BadRow]:
    if not rows:
        return []
    data = b"\n".join(msgspec.json.encode(row) for row in rows) + b"\n"
    with open_table(io.BytesIO(data), name="mentions") as table:
        return list(read_mentions(table, map_mentions(table), now=now, source=source))


def _gone(deletion: Deletion, now: datetime, source: str) -> Deletion | BadRow:
    """Return the deletion of a mention with nothing but ids, or why it is none."""
    given = deletion.mention
    if not _MENTION_ID.fullmatch(given.id):
        return _bad(given, "id", f"expected men_ and 26 letters and digits as id; got {given.id[:60]!r}")
    left = Mention(id=given.id, platform="", source=source, content="", first_seen=now)
    return Deletion(left, deletion.at)


def _as_given(mention: Mention, now: datetime, source: str) -> Mention | BadRow:
    """Return a mention within the bounds of a row of a file, not first seen later than now; or why it is none."""
    if not _MENTION_ID.fullmatch(mention.id):
        return _bad(mention, "id", f"expected men_ and 26 letters and digits as id; got {mention.id[:60]!r}")
    try:
        times = {name: time.astimezone(UTC) for name in _TIMES if (time := getattr(mention, name))}
    except OverflowError:
        return _bad(mention, "published", "expected times of the years 1 to 9999 in UTC; got one beyond")
    texts = {name: one_line(clean(getattr(mention, name))).strip() for name in _LONGEST}
    actor = mention.attributed_to
    of_actor = {name: one_line(clean(getattr(actor, name))).strip() for name in _LONGEST_OF_ACTOR if actor is not None}
    for name, field, text, most in (
        *((name, name, text, _LONGEST[name]) for name, text in texts.items()),
        *((name, "attributed_to", text, _LONGEST_OF_ACTOR[name]) for name, text in of_actor.items()),
    ):
        if len(text) > most:
            message = f"expected at most {most:,} characters of {name}; got {len(text):,}: {text[:40]!r}…"
            return _bad(mention, field, message)
    for name in _COUNTS:
        if abs(getattr(mention, name) or 0) >= _NO_COUNT:
            return _bad(mention, name, "expected a whole number of at most 63 bits; got a larger one")
    texts["source"] = texts["source"] or source
    mention = msgspec.structs.replace(
        mention,
        content=shorten(clean(mention.content), MAX_TEXT),
        name=shorten(one_line(clean(mention.name)), _LONGEST_NAME),
        url=absolute_url(mention.url),
        attributed_to=actor and msgspec.structs.replace(actor, url=absolute_url(actor.url), **of_actor),
        tag=_several(mention.tag, lambda tag: shorten(one_line(clean(tag)).strip().lstrip("#"), _LONGEST_TAG)),
        links=_several(mention.links, absolute_url),
        aliases=_several(mention.aliases, lambda url: canonical_url(absolute_url(url))),
        **{**texts, **times, "platform": normal_platform(texts["platform"]) or normal_platform(texts["source"])},
        first_seen=min(mention.first_seen, now),
    )
    if not mention.text.strip():
        return _bad(mention, "content", "expected content or a name; both are empty")
    return mention


def _several(given: Sequence[str], read: Callable[[str], str]) -> tuple[str, ...]:
    """Return what can be read of some tags or URLs, each once, as many as a post has at most."""
    return tuple(dict.fromkeys(one for each in given[:_MANY] if (one := read(each))))


def _bad(mention: Mention, field: str, message: str) -> BadRow:
    error = InputError(message, where=f'mentions:0, column "{field}"')
    return BadRow(0, error, msgspec.json.encode(mention).decode())
