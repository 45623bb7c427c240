"""Facebook: what is said on a page of one's own, and where the page is tagged, by the Graph API.

https://developers.facebook.com/docs/graph-api/reference/page/feed
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from msgspec import Meta as Bounds

from overheard.collectors.base import OLDER, Deletion, Further, Reading
from overheard.collectors.communities.community import (
    Address,
    actor_of,
    deletion_of,
    lines,
    mention_of,
    placed,
    reading_of,
    site_url,
)
from overheard.collectors.communities.fields import Item
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
from overheard.collectors.markup import absolute_url, from_text
from overheard.records import Actor, Fetch, Mention

PLATFORM = "facebook"
_EXPECTED = "posts or comments of a page by the Graph API"
_SITE = "https://www.facebook.com"
_POSTS, _COMMENTS = 25, 100
COMMENTS = "comments"
# Older posts are looked through once a week at least; what nobody commented on since has no new comments.
_QUIET = timedelta(days=8)
_OF_COMMENT = (
    "id,message,created_time,from,parent{id},permalink_url,is_hidden,is_private,like_count,comment_count,"
    "attachment{title,description,url}"
)
_OF_POST = (
    "id,message,created_time,updated_time,from,permalink_url,is_hidden,is_published,"
    "attachments{title,description,unshimmed_url},shares"
)


class FacebookPage(Meta, frozen=True, kw_only=True):
    """Of the page with the id `page`: its `feed`, what visitors post and all comments, or where it is `tagged`.

    Asked with the page's own token at `api`. What the page says itself is nobody else's word, and left out.
    """

    kind = "facebook_page"
    asks = {
        "page": "The id of your page: a number, in its settings under About.",
        "what": "Its feed, which is posts of visitors and comments, or where it is tagged.",
        "api": "Where the Graph API is asked, with its version.",
    }
    permissions = "pages_read_engagement and pages_read_user_content"

    page: Annotated[str, Bounds(max_length=30, pattern="^\\d*$")] = ""
    what: Literal["feed", "tagged"] = "feed"
    api: Annotated[Address, Bounds(min_length=1)] = f"https://graph.facebook.com/{VERSION}"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        if not self.page:
            raise ValueError("expected `page`, the id of your page; got none")
        self.need_token()
        fields = _OF_POST
        if self.what == "feed":
            comments = f"comments.filter(stream).order(reverse_chronological).limit({_COMMENTS}){{{_OF_COMMENT}}}"
            fields = f"{_OF_POST},{comments}"
        return f"{self.api.rstrip('/')}/{self.page}/{self.what}?{urlencode({'fields': fields, 'limit': _POSTS})}"

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts and comments of an answer (`Source.read`)."""
        return read_page(fetch, self.page, older=self.what == "feed")


def read_page(fetch: Fetch, page: str = "", *, older: bool = False) -> Reading:
    """Return the mentions in an answer: posts with the comments on them, comments alone, one of either.

    What `page` says itself is left out; what is hidden, or shown to the page alone, is gone from the public. Of a post
    with more comments than came the next are asked for; with `older`, posts that are not there are looked through for
    new ones. Raises InputError where there is nothing of the Graph API to be read.
    """
    found, listed = listed_in(fetch, _EXPECTED)
    items = [one for path, value in listed for one in _opened(path, value)]
    about = fetch.about.native_id if fetch.about is not None else ""
    months = older_months(fetch, found) if older else ()
    requests = [_more(fetch, value) for _, value in listed if further_page(fetch, value, COMMENTS)]
    if fetch.purpose == OLDER:
        requests = [one for one in requests if one.changed is None or one.changed > fetch.at - _QUIET]
    return reading_of(
        fetch,
        items,
        lambda item: _taken(fetch, item, page, about),
        next_page=next_page(fetch, found),
        ttl=asked_pause(fetch),
        requests=(*{one.url: one for one in requests[: MOST_FURTHER - len(months)]}.values(), *months),
    )


def _opened(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a post and the comments on it, a comment and the answers to it; each comment knows its post."""
    yield path, value
    held = value.get(COMMENTS) if isinstance(value, dict) else None
    if held is None:
        return
    inside = f"{path}.{COMMENTS}".lstrip(".")
    below = held.get("data", []) if isinstance(held, dict) else held
    if not isinstance(below, list):
        yield inside, None  # said below to be no item
        return
    above = value.get("post") or value.get("id")
    for at, one in placed(below, f"{inside}.data"):
        yield from _opened(at, {**one, "post": above} if isinstance(one, dict) else one)


def _more(fetch: Fetch, value: Any) -> Further:
    post = Item(value)
    id_ = post.id_if_any("id")
    about = mention_of(fetch, PLATFORM, id_, from_text(""), published=post.time_if_any("created_time")) if id_ else None
    return Further(
        further_page(fetch, value, COMMENTS),
        COMMENTS,
        about,
        changed=post.time_if_any("updated_time"),
        since=post.time_if_any("created_time"),
    )


def _taken(fetch: Fetch, item: Item, page: str, about: str) -> Mention | Deletion | None:
    id_ = item.needed_id("id")
    author = _author(item)
    if page and author is not None and author.native_id == page:
        return None
    url = site_url(_SITE, item.text_if_any("permalink_url")) or f"{_SITE}/{id_}"
    if item.flag("is_hidden") or item.flag("is_private") or item.raw("is_published") is False:
        return deletion_of(fetch, PLATFORM, id_, url=url)
    post = item.id_if_any("post") or about
    is_comment = bool(post) or item.has("comment_count") or item.has("parent")
    parent = item.item("parent")
    above = (parent.id("id") if parent is not None else "") or post
    attached = [item.item_if_any("attachment"), *item.item_if_any("attachments").items("data")]
    said = from_text(item.text("message"))
    urls = [one.text_if_any("unshimmed_url") or one.text_if_any("url") for one in attached]
    return mention_of(
        fetch,
        PLATFORM,
        id_,
        said if said.text else lines(_captions(attached)),
        url=url,
        published=item.time("created_time"),
        in_reply_to=above,
        context=post,
        author=author,
        links=[url for one in urls if (url := absolute_url(one))],
        likes=item.count("like_count"),
        shares=item.item_if_any("shares").count("count"),
        replies=item.count("comment_count") if is_comment else None,
    )


def _author(item: Item) -> Actor | None:
    """Return who said it; Facebook names those alone who allow it, or are pages."""
    author = item.item("from")
    if author is None:
        return None
    return actor_of(PLATFORM, native_id=author.id("id"), name=author.text("name"))


def _captions(attached: list[Item]) -> list[str]:
    return [text for one in attached for name in ("title", "description") if (text := one.text_if_any(name))]
