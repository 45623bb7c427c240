"""Bluesky: posts of a search or an author, by the AppView's answers.

https://docs.bsky.app/docs/api/app-bsky-feed-search-posts
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any
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
    joined,
    lines,
    mention_of,
    one_of,
    placed,
    reading_of,
    steps_of,
    value_in,
    with_query,
)
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.fetching.secrets import Grant
from overheard.collectors.markup import absolute_url, from_text
from overheard.records import Actor, Fetch, Mention, ProfileLink

PLATFORM = "bluesky"
_EXPECTED = "posts of Bluesky"
_POST = "app.bsky.feed.post"
_MOST = 100
_APPVIEW = "https://api.bsky.app"
# Which passes on what is asked of the servers of its accounts.
_ENTRYWAY = "https://bsky.social"
# The name of a collection.
NSID = re.compile(r"[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){2,20}", re.ASCII)
# Of notifications, those that somebody says something in: others are likes, reposts, followers, and are no posts; or
# posts of whom the account wants to hear, which need not be about it.
_REASONS = ("reply", "mention", "quote")
_SUBSCRIBED = "subscribed-post"
# What stands in a flat thread (getPostThreadV2) in place of a post, and what the same is called in any other.
_ABSENT = {
    "app.bsky.unspecced.defs#threadItemNotFound": "notFound",
    "app.bsky.unspecced.defs#threadItemBlocked": "blocked",
    "app.bsky.unspecced.defs#threadItemNoUnauthenticated": "blocked",
}
# What stands in place of a handle that its domain does not confirm.
_NO_HANDLE = "handle.invalid"
# Handles that a host gives away: the domain is not their owner's.
_GIVEN_AWAY = (".bsky.social", ".ap.brid.gy", ".brid.gy")


class Bluesky(Community, frozen=True, kw_only=True):
    """One of: a `query`, as in the search of the app, or an `account` (its handle or DID), answers to others too.

    With `notifications` it is what answers, names and quotes the account, whose app password is then the token. `api`
    is the AppView that is asked; for notifications it is the account's own server.
    """

    kind = "bluesky"
    pages = True
    kind_terms = Terms("https://bsky.social/about/support/tos", date(2026, 11, 23))
    token_from = "For notifications: an app password, made in the app under Privacy and security."  # noqa: S105
    asks = {
        "query": "Words that are looked for, as in the search of the app.",
        "account": "An account: its handle, or its DID.",
        "notifications": "What names that account, and answers it; it takes an app password.",
        "api": "Where it is asked, where that is not the service's own address.",
    }
    complaints = {
        "AuthMissing": "It wants a token for that: the search of its AppView may be closed to those who have none.",
        "ExpiredToken": "Its token has expired: make another, and put it where the settings say.",
        "InvalidToken": "It does not know that token: make another, and put it where the settings say.",
        "BlockedActor": "This account has blocked whoever asks.",
        "RateLimitExceeded": "It was asked too often.",
    }

    query: Phrase = ""
    account: Annotated[str, Meta(max_length=300, pattern="^[^\\s/?#]*$")] = ""
    notifications: bool = False
    api: Annotated[Address, Meta(min_length=1)] = _APPVIEW

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        if self.notifications:
            self.need_token()
            one_of(account=self.account.lstrip("@"), query=self.query)
            if not self.account:
                raise ValueError("expected `account`, whose notifications they are; got `query`")
            pairs = [("limit", str(_MOST)), *(("reasons", reason) for reason in _REASONS)]
            return f"{self._server}/xrpc/app.bsky.notification.listNotifications?{urlencode(pairs)}"
        if one_of(query=self.query, account=self.account.lstrip("@")) == "query":
            what = f"app.bsky.feed.searchPosts?{urlencode({'q': self.query, 'sort': 'latest', 'limit': _MOST})}"
        else:
            what = f"app.bsky.feed.getAuthorFeed?{urlencode({'actor': self.account.lstrip('@'), 'limit': _MOST})}"
        return f"{self.api.rstrip('/')}/xrpc/{what}"

    @property
    def _server(self) -> str:
        return _ENTRYWAY if self.api == _APPVIEW else self.api.rstrip("/")

    @property
    def is_own(self) -> bool:
        """True of notifications (`Source.is_own`)."""
        return self.notifications

    @property
    def grant(self) -> Grant | None:
        """A session of the account (`Community.grant`)."""
        return Grant(self._server, "session", login=self.account.lstrip("@")) if self.notifications else None

    def since(self, reached: datetime) -> str:
        """Return the address of a search from a time on; a feed of an account has no such thing (`Source.since`)."""
        if not self.query:
            return self.url
        return with_query(self.url, since=f"{(reached - LATE).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        del software
        host, steps = steps_of(url)
        if host != "bsky.app":
            return None
        if steps[:1] == ["profile"] and len(steps) > 1:
            return {"account": steps[1]}
        if steps[:1] == ["hashtag"] and len(steps) > 1:
            return {"query": f"#{steps[1]}"}
        query = value_in(url, "q")
        return {"query": query} if query else None

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts of an answer (`Source.read`)."""
        return read_posts(fetch)


def read_posts(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: a search, an author's feed, a thread, the records of a repository, one post.

    A repost is the post itself; of a quoted post only the address is a link. A post that a thread says is not to be
    found is gone. Raises InputError where there are no posts to be read.
    """
    found = document(fetch, _EXPECTED)
    posts = _posts(found)
    if posts is None:
        raise unexpected(fetch, found, _EXPECTED)
    cursor = found.get("cursor") if isinstance(found, dict) else None
    following = with_query(fetch.url, cursor=cursor) if isinstance(cursor, str) and cursor and posts else ""
    return reading_of(fetch, posts, lambda item: _taken(fetch, item), next_page=following)


def _posts(found: Any) -> list[tuple[str, Any]] | None:
    """Return the posts of an answer by what it looks like; None where it looks like none."""
    if isinstance(found, list):
        return [("" + path, _post_of(one)) for path, one in placed(found)]
    if not isinstance(found, dict):
        return None
    for name in ("posts", "feed", "records"):
        if isinstance(found.get(name), list):
            return [(path, _post_of(one)) for path, one in placed(found[name], name)]
    if isinstance(found.get("thread"), dict | list):
        return _thread("thread", found["thread"])
    if isinstance(found.get("notifications"), list):
        told = placed(found["notifications"], "notifications")
        return [(path, one) for path, one in told if not isinstance(one, dict) or one.get("reason") != _SUBSCRIBED]
    if "post" in found and ("replies" in found or "parent" in found):
        return _thread("", found)
    if "post" in found or "record" in found or found.get("$type") == _POST or "notFound" in found:
        return [("", _post_of(found))]
    return None


def _post_of(one: Any) -> Any:
    """Return the post in an entry of a feed; what is no such entry is returned as it is."""
    return one["post"] if isinstance(one, dict) and "post" in one and "record" not in one else one


def _thread(path: str, top: Any) -> list[tuple[str, Any]]:
    """Return the posts of a thread: the one asked for, those that it answers and those that answer it."""
    found: list[tuple[str, Any]] = []
    waiting: list[tuple[str, Any]] = placed(top, path) if isinstance(top, list) else [(path, top)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, dict) and isinstance(node.get("value"), dict) and "uri" in node:  # getPostThreadV2
            absent = _ABSENT.get(str(node["value"].get("$type")))
            node = {"uri": node["uri"], **node["value"], **({absent: True} if absent else {})}
        found.append((place, _post_of(node)))
        if not isinstance(node, dict):
            continue
        replies = node.get("replies")
        if isinstance(replies, list):
            waiting += placed(replies, f"{place}.replies")
        elif replies is not None:
            found.append((f"{place}.replies", replies))  # said below to be no item
        if node.get("parent") is not None:
            waiting.append((f"{place}.parent", node["parent"]))
    return found


def _taken(fetch: Fetch, item: Item) -> Mention | Deletion | None:
    if item.flag("notFound") and item.id("uri"):
        return deletion_of(fetch, PLATFORM, item.id("uri"))
    if item.flag("blocked"):
        return None
    record = item.item("record") or item.item("value")
    if record is None:
        raise FieldError(item.place("record"), "expected the post's record; there is none")
    uri = item.needed_id("uri")
    if not uri.startswith("at://"):
        raise FieldError(item.place("uri"), "expected an AT URI, at://did/collection/key")
    collection = uri.removeprefix("at://").partition("/")[2].partition("/")[0]
    if collection != _POST and record.text_if_any("$type") != _POST:
        if NSID.fullmatch(collection):
            return None  # a list, a feed, a starter pack
        raise FieldError(item.place("uri"), f"expected the address of a post, at://did/{_POST}/key")
    return post_of(fetch, uri, record, item)


def post_of(fetch: Fetch, uri: str, record: Item, view: Item) -> Mention:
    """Return the mention of a post's record; `view` is what the AppView tells of it: author, counts, when it came."""
    did, _, key = uri.removeprefix("at://").partition("/")
    author = view.item("author")
    handle = author.text_if_any("handle") if author is not None else ""
    by_did = _permalink(did, key)
    embed = record.item_if_any("embed")
    media = [embed, embed.item_if_any("media")]
    quoted = _quoted(record)
    facets = list(record.items("facets"))
    features = [feature for facet in facets for feature in facet.items("features")]
    if not record.has("text"):
        raise FieldError(record.place("text"), "expected the text of a post, which may be empty; there is none")
    text = record.text("text")
    alt = [one.text_if_any("alt") for part in media for one in (*part.items("images"), part)]
    reply = record.item("reply")
    return mention_of(
        fetch,
        PLATFORM,
        uri,
        joined(from_text(_with_whole_links(text, facets)), lines(alt)),
        url=_permalink(handle, key) if handle and handle != _NO_HANDLE else by_did,
        also=[by_did],
        published=record.time_if_any("createdAt") or view.time("indexedAt"),
        in_reply_to="" if reply is None else reply.item_if_any("parent").id("uri"),
        context="" if reply is None else reply.item_if_any("root").id("uri"),
        author=_author(author, did),
        tags=[*(one.text_if_any("tag") for one in features), *record.texts("tags")],
        links=_links([*(one.text_if_any("uri") for one in features), *_cards(media), *quoted]),
        language=next(iter(record.texts("langs")), ""),
        likes=view.count("likeCount"),
        shares=view.count("repostCount"),
        replies=view.count("replyCount"),
    )


def _author(author: Item | None, did: str) -> Actor | None:
    """Return the author; the repository that a post is in is its author's, whatever else is told.

    A handle that is a domain of its owner's is confirmed by that domain, so it is a verified link.
    """
    handle = author.text("handle") if author is not None else ""
    if handle == _NO_HANDLE:
        handle = ""
    links = []
    if author is not None:
        website = absolute_url(author.text_if_any("website"))
        links = [ProfileLink(url=website)] if website else []
    if "." in handle and not handle.endswith(_GIVEN_AWAY):
        links.append(ProfileLink(url=f"https://{handle}", verified=True))
    did = (author.id("did") if author is not None else "") or did
    return actor_of(
        PLATFORM,
        handle=handle,
        native_id=did,
        name=author.text_if_any("displayName") if author is not None else "",
        url=f"https://bsky.app/profile/{handle or did}",
        bio=from_text(author.text_if_any("description") if author is not None else ""),
        links=links,
    )


def _permalink(who: str, key: str) -> str:
    return f"https://bsky.app/profile/{who}/post/{key.rpartition('/')[2]}"


def _quoted(record: Item) -> list[str]:
    """Return the address of the post that a post quotes."""
    found = []
    for path in (("embed", "record"), ("embed", "record", "record")):
        uri = record.item_if_any(*path).id_if_any("uri")
        if uri.startswith("at://") and f"/{_POST}/" in uri:
            did, _, key = uri.removeprefix("at://").partition("/")
            found.append(_permalink(did, key))
    return found


def _cards(media: Iterable[Item]) -> list[str]:
    return [part.item_if_any("external").text_if_any("uri") for part in media]


def _links(urls: Iterable[str]) -> list[str]:
    return [url for one in urls if (url := absolute_url(one))]


def _with_whole_links(text: str, facets: Iterable[Item]) -> str:
    """Return the text with the links that are shown shortened written out. Facets count bytes of UTF-8."""
    raw = text.encode("utf-8", "surrogatepass")
    whole: list[tuple[int, int, str]] = []
    for facet in facets:
        index = facet.item_if_any("index")
        start, end = index.count("byteStart"), index.count("byteEnd")
        uri = next((url for one in facet.items("features") if (url := absolute_url(one.text_if_any("uri")))), "")
        if uri and start is not None and end is not None and 0 <= start < end <= len(raw):
            shown = raw[start:end].decode("utf-8", "replace")
            kept = shown.removesuffix("...").removesuffix("…")
            if kept != shown and uri.partition("://")[2].removeprefix("www.").startswith(kept.removeprefix("www.")):
                whole.append((start, end, uri))
    parts, at = [], 0
    for start, end, uri in sorted(whole):
        if start >= at:
            parts += [raw[at:start], uri.encode()]
            at = end
    return b"".join([*parts, raw[at:]]).decode("utf-8", "replace")
