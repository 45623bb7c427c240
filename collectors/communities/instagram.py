"""Instagram: comments on what a professional account of one's own shows, and where it is tagged, by the Graph API.

https://developers.facebook.com/docs/instagram-platform
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from msgspec import Meta as Bounds

from overheard.collectors.base import OLDER, Deletion, Further, Reading
from overheard.collectors.communities.community import Address, actor_of, deletion_of, mention_of, placed, reading_of
from overheard.collectors.communities.fields import FieldError, Item
from overheard.collectors.communities.meta import (
    MOST_FURTHER,
    VERSION,
    Meta,
    asked_pause,
    further_page,
    listed_in,
    next_page,
    older_months,
)
from overheard.collectors.markup import from_text
from overheard.records import Actor, Fetch, Mention
from overheard.records.base import ObjectType

PLATFORM = "instagram"
_EXPECTED = "media or comments of Instagram's Graph API"
_SITE = "https://www.instagram.com"
_MEDIA, _COMMENTS = 25, 50
COMMENTS, REPLIES = "comments", "replies"
_OF_REPLY = "id,text,timestamp,username,from{id,username},hidden,like_count,parent_id"
_OF_COMMENT = f"{_OF_REPLY},{REPLIES}.limit({_COMMENTS}){{{_OF_REPLY}}}"
_OF_MEDIA = "id,caption,media_type,permalink,timestamp,username,comments_count,like_count"
_KINDS: dict[str, ObjectType] = {"IMAGE": "Image", "VIDEO": "Video", "CAROUSEL_ALBUM": "Image"}


class Instagram(Meta, frozen=True, kw_only=True):
    """Of the professional account with the id `account`: `comments` on what it shows, or the media it is in: `tags`.

    Asked with its token at `api`. `username`, its own: what it says itself is nobody else's word, and left out.
    """

    kind = "instagram"
    asks = {
        "account": "The id of your professional account in the Graph API: a number.",
        "username": "Your handle, without @: what you say yourself is left out.",
        "what": "Comments on what you show, or where you are tagged.",
        "api": "Where the Graph API is asked, with its version.",
    }
    permissions = "instagram_basic, instagram_manage_comments and pages_read_engagement"

    account: Annotated[str, Bounds(max_length=30, pattern="^\\d*$")] = ""
    username: Annotated[str, Bounds(max_length=100, pattern="^@?[\\w.]*$")] = ""
    what: Literal["comments", "tags"] = "comments"
    api: Annotated[Address, Bounds(min_length=1)] = f"https://graph.facebook.com/{VERSION}"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        if not self.account:
            raise ValueError("expected `account`, the id of your professional account; got none")
        self.need_token()
        edge, fields = "tags", _OF_MEDIA
        if self.what == "comments":
            edge, fields = "media", f"{_OF_MEDIA},{COMMENTS}.limit({_COMMENTS}){{{_OF_COMMENT}}}"
        return f"{self.api.rstrip('/')}/{self.account}/{edge}?{urlencode({'fields': fields, 'limit': _MEDIA})}"

    def read(self, fetch: Fetch) -> Reading:
        """Return the comments, or the media, of an answer (`Source.read`)."""
        own = self.account if self.what == "comments" else ""
        return read_media(fetch, own=own, username=self.username.lstrip("@"))


def read_media(fetch: Fetch, *, own: str = "", username: str = "") -> Reading:
    """Return the mentions in an answer: media with the comments on them, comments alone, one of either.

    Media are those of the account `own` where that is given; they, and what the handle `username` says, are left out.
    What is hidden is gone from the public. Of media with more comments than came the next are asked for. Raises
    InputError where there is nothing of the Graph API to be read.
    """
    found, listed = listed_in(fetch, _EXPECTED)
    about = fetch.about
    media = {"id": about.native_id, "permalink": about.url} if about is not None else None
    months = older_months(fetch, found) if own else ()
    answer = _Answer(fetch)
    for path, value in listed:
        answer.open(path, value, media)
    return reading_of(
        fetch,
        answer.items,
        lambda item: _taken(fetch, item, own, username),
        next_page=next_page(fetch, found),
        ttl=asked_pause(fetch),
        requests=(*list(answer.requests.values())[: MOST_FURTHER - len(months)], *months),
    )


class _Answer:
    """The media and comments of one answer, and what else is to be asked for."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.items: list[tuple[str, Any]] = []
        self.requests: dict[str, Further] = {}

    def open(self, path: str, value: Any, media: Mapping[str, Any] | None) -> None:
        """Take media and the comments on them, or a comment on `media` and the answers to it."""
        if not isinstance(value, dict):
            self.items.append((path, value))
            return
        self.items.append((path, {**value, "media": media} if media else value))
        for name in (COMMENTS, REPLIES):
            held = value.get(name)
            if held is None:
                continue
            inside, below = f"{path}.{name}".lstrip("."), held.get("data", []) if isinstance(held, dict) else held
            if not isinstance(below, list):
                self.items.append((inside, None))  # said below to be no item
                continue
            above = media or (value if name == COMMENTS else None)
            answered = {"parent_id": value.get("id")} if name == REPLIES else {}
            for at, one in placed(below, f"{inside}.data"):
                self.open(at, {**answered, **one} if isinstance(one, dict) else one, above)
            # Older media are looked through again and again: of each what came with it.
            if self._fetch.purpose != OLDER and (url := further_page(self._fetch, value, name)):
                self.requests.setdefault(url, _further(self._fetch, url, name, above or {}))


def _further(fetch: Fetch, url: str, name: str, media: Mapping[str, Any]) -> Further:
    item = Item(media)
    id_ = item.id_if_any("id")
    about = mention_of(fetch, PLATFORM, id_, from_text(""), url=item.text_if_any("permalink")) if id_ else None
    return Further(url, name, about, since=item.time_if_any("timestamp"), whole=name == COMMENTS)


def _taken(fetch: Fetch, item: Item, own: str, username: str) -> Mention | Deletion | None:
    id_ = item.needed_id("id")
    handle = item.text("username") or item.item_if_any("from").text_if_any("username")
    is_comment = item.has("media") or item.has("parent_id") or item.has("text") or fetch.purpose in (COMMENTS, REPLIES)
    if (username and handle.casefold() == username.casefold()) or (own and not is_comment):
        return None
    author = _author(item, handle)
    if own and author is not None and author.native_id == own:
        return None
    if item.flag("hidden"):
        return deletion_of(fetch, PLATFORM, id_)
    return _comment(fetch, item, id_, author) if is_comment else _media(fetch, item, id_, author)


def _comment(fetch: Fetch, item: Item, id_: str, author: Actor | None) -> Mention:
    if not item.has("text"):
        raise FieldError(item.place("text"), "expected the text of a comment; there is none")
    media = item.item_if_any("media")
    on, page = media.id_if_any("id"), media.text_if_any("permalink")
    return mention_of(
        fetch,
        PLATFORM,
        id_,
        from_text(item.text("text")),
        url=f"{page.rstrip('/')}/c/{id_}/" if page else "",
        published=item.time("timestamp"),
        in_reply_to=item.id("parent_id") or on,
        context=on,
        author=author,
        likes=item.count("like_count"),
    )


def _media(fetch: Fetch, item: Item, id_: str, author: Actor | None) -> Mention:
    return mention_of(
        fetch,
        PLATFORM,
        id_,
        from_text(item.text("caption")),
        url=item.text_if_any("permalink"),
        kind=_KINDS.get(item.text_if_any("media_type"), "Note"),
        published=item.time("timestamp"),
        author=author,
        likes=item.count("like_count"),
        replies=item.count("comments_count"),
    )


def _author(item: Item, handle: str) -> Actor | None:
    """Return who said it; the ids that Graph gives are of the account for whoever asks, and stay."""
    return actor_of(
        PLATFORM,
        handle=handle,
        native_id=item.item_if_any("from").id_if_any("id"),
        url=f"{_SITE}/{handle}/" if handle else "",
    )
