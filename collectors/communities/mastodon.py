"""Mastodon, and what speaks its API (Pleroma, Akkoma, GoToSocial, Pixelfed): statuses of a tag, an account, a search.

https://docs.joinmastodon.org/entities/Status/
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Meta

from overheard.collectors.base import Deletion, Further, Reading
from overheard.collectors.communities.community import (
    Address,
    Community,
    Phrase,
    actor_of,
    joined,
    lines,
    linked_next,
    mention_of,
    number_in,
    one_of,
    placed,
    reading_of,
    steps_of,
    value_in,
    with_query,
)
from overheard.collectors.communities.fields import FieldError, Item, document, origin_of, unexpected
from overheard.collectors.markup import PlainText, absolute_url, from_html
from overheard.records import Actor, Fetch, Mention, ProfileLink
from overheard.urls import registrable_domain

PLATFORM = "mastodon"
_STATUSES = "statuses"
_EXPECTED = "statuses of the Mastodon API"
# What anybody may read, and what only some may: that is a letter, and left out.
_PUBLIC = frozenset({"public", "unlisted"})
_LETTERS = frozenset({"private", "direct", "limited", "mutuals_only", "list", "local", "self"})
# Servers that speak its API, as they name themselves.
_SOFTWARE = frozenset({"mastodon", "hometown", "pleroma", "akkoma", "gotosocial", "pixelfed", "friendica"})
# Notifications in which somebody says something; all others may tell of a status, and need not.
_SAYING = ("mention", "status", "quote")
# A URI of old servers, which names theirs: tag:social.example,2017-04-01:objectId=1
_TAG = re.compile(r"tag:(?:[^@,:/]*@)?([^@,:/]+),", re.IGNORECASE)
_MOST = 40  # of a page of a timeline
# A status of another server comes minutes late, and stands where it was said. With 4 minutes at most, 150 posts in a
# quarter of an hour and pages of 40, five posts were lost without it in one of six simulated weeks.
_BELATED = timedelta(minutes=5)
_FAR = 1_000  # steps from an answer to the root of its thread


class Mastodon(Community, frozen=True, kw_only=True):
    """One of: a `tag`, an `account` (`asha` or `asha@other.example`), a `query`, the `public` timeline of a server, or
    `notifications`: what names the token's own account, and answers it.

    `instance` is the server that is asked; its search answers only with a token. `local`: of a tag or the public
    timeline only what was said on the server itself.
    """

    kind = "mastodon"
    pages = True
    token_from = "An application with the scope read, made on that server under Preferences, Development."  # noqa: S105
    asks = {
        "instance": "The server that is asked, such as https://mastodon.social.",
        "tag": "A hashtag, without #.",
        "account": "An account whose posts are followed: asha, or asha@other.example.",
        "query": "Words that a search looks for; it takes a token.",
        "public": "All that the server shows to everybody.",
        "notifications": "What names the account of the token, and answers it.",
        "local": "Only what was said on that server itself.",
    }

    instance: Address = ""
    tag: Annotated[str, Meta(max_length=200, pattern="^[^/?#]*$")] = ""
    account: Annotated[str, Meta(max_length=300)] = ""
    query: Phrase = ""
    public: bool = False
    notifications: bool = False
    local: bool = False

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        followed = one_of(
            tag=self.tag.lstrip("#"),
            account=self.account,
            query=self.query,
            public=self.public,
            notifications=self.notifications,
        )
        if not self.instance:
            raise ValueError("expected `instance`, the server to ask, such as 'https://mastodon.social'; got none")
        base = self.instance.rstrip("/")
        if followed == "account":
            return f"{base}/api/v1/accounts/lookup?{urlencode({'acct': self.account.lstrip('@')})}"
        if followed == "notifications":
            self.need_token()
            return f"{base}/api/v1/notifications?{urlencode({'types[]': 'mention', 'limit': _MOST})}"
        if followed == "query":
            self.need_token()
            return f"{base}/api/v2/search?{urlencode({'q': self.query, 'type': _STATUSES, 'limit': _MOST})}"
        path = f"tag/{quote(self.tag.lstrip('#'), safe='')}" if followed == "tag" else "public"
        return f"{base}/api/v1/timelines/{path}?limit={_MOST}{'&local=true' if self.local else ''}"

    @property
    def belated(self) -> timedelta:
        """What comes from other servers does (`Source.belated`)."""
        return _BELATED

    @property
    def has_letters(self) -> bool:
        """True of notifications (`Community.has_letters`)."""
        return self.notifications

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        if software not in _SOFTWARE:
            return None
        _, steps = steps_of(url)
        instance = {"instance": origin_of(url)}
        if steps and steps[0].startswith("@") and len(steps[0]) > 1:
            return {**instance, "account": steps[0][1:]}
        if len(steps) > 1 and steps[0] in ("tags", "tag"):
            return {**instance, "tag": steps[1]}
        return {**instance, "public": True}

    def compared(self, mention: Mention) -> Mention:
        """Return a status without its thread (`Source.compared`).

        What a server calls what it answers, and its root, hangs on which others are on the same page.
        """
        return msgspec.structs.replace(mention, in_reply_to="", context="")

    def read(self, fetch: Fetch) -> Reading:
        """Return the statuses of an answer; of an account, where its statuses are (`Source.read`)."""
        # A back-fill begins there too.
        if self.account and urlsplit(fetch.url).path.endswith("/accounts/lookup"):
            return read_account(fetch)
        return read_statuses(fetch)


def read_account(fetch: Fetch) -> Reading:
    """Return the request for the statuses of the account that an answer is about. Raises InputError."""
    found = document(fetch, "an account of the Mastodon API")
    try:
        id_ = Item(found).needed_id("id")
        if "acct" not in found:
            raise FieldError("acct", "")
    except FieldError as e:
        raise unexpected(fetch, found, "an account of the Mastodon API") from e
    path = f"/api/v1/accounts/{quote(id_, safe='')}/statuses?limit={_MOST}&exclude_reblogs=true"
    return Reading(requests=(Further(f"{origin_of(fetch.url)}{path}", _STATUSES),))


def read_statuses(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: a timeline, a search result, a thread's context, notifications, one status.

    A status is known by its `uri`, which is the same on every server. One that shares another is that other. What is
    not for everybody (followers only, direct) is left out. Raises InputError where there are no statuses to be read.
    """
    found = document(fetch, _EXPECTED)
    statuses = _statuses(found)
    if statuses is None:
        raise unexpected(fetch, found, _EXPECTED)
    thread = _Thread(fetch, statuses)
    reading = reading_of(fetch, statuses, thread.mention)
    following = linked_next(fetch)
    if isinstance(found, dict) and value_in(fetch.url, "q") and len(statuses) >= _MOST:  # a search has no header
        following = with_query(fetch.url, offset=number_in(fetch.url, "offset", 0) + len(statuses))
    return replace(reading, next_page=following)


def _statuses(found: Any) -> list[tuple[str, Any]] | None:
    if isinstance(found, list):
        inner = [one for path, value in placed(found) if (one := _inner(path, value)) is not None]
        return inner if not inner or any(_is_status(one) for _, one in inner) else None
    if not isinstance(found, dict):
        return None
    if (one := _inner("", found)) is None or _is_status(one[1]):
        return [] if one is None else [(one[0].lstrip("."), one[1])]
    lists = [name for name in ("ancestors", "descendants", _STATUSES) if isinstance(found.get(name), list)]
    return [one for name in lists for one in placed(found[name], name)] if lists else None


def _is_status(value: Any) -> bool:
    return isinstance(value, dict) and "content" in value and ("uri" in value or "url" in value)


def _inner(path: str, one: Any) -> tuple[str, Any] | None:
    """Return the status that an element of a list is or holds: a notification and a conversation hold one.

    None for a notification in which nobody says anything.
    """
    if isinstance(one, dict) and "content" not in one:
        for name in ("status", "last_status"):
            if name in one:
                silent = one[name] is None and one.get("type") not in _SAYING
                return None if silent else (f"{path}.{name}", one[name])
        if {"type", "account"} <= one.keys() and one["type"] not in _SAYING:
            return None  # somebody follows, or a report was made
    return path, one


def status_at(origin: str, id_: str) -> str:
    """Return where a server has a status that it alone knows by an id; "" without one."""
    return f"{origin}/api/v1/statuses/{quote(id_, safe='')}" if id_ else ""


def status_of(fetch: Fetch, status: Item) -> Mention | None:
    """Return one status by itself as a mention; None where it is not for everybody."""
    made = _Thread(fetch, [("", status.value)]).mention(status)
    return made if isinstance(made, Mention) else None


class _Thread:
    """The statuses of one answer, which name each other by ids that hold on its server alone."""

    def __init__(self, fetch: Fetch, statuses: list[tuple[str, Any]]) -> None:
        self._fetch = fetch
        self._origin = origin_of(fetch.final_url or fetch.url)
        self._by_id: Mapping[str, Any] = {str(one.get("id")): one for _, one in statuses if isinstance(one, dict)}

    def mention(self, given: Item) -> Mention | Deletion | None:
        """Return a status, or the one that it shares, as a mention; None where it is not for everybody."""
        shared = given.item("reblog")
        item = shared or given
        for one in (given, item):
            if (visibility := one.text("visibility")) in _LETTERS:
                return None
            if visibility not in _PUBLIC:
                raise FieldError(one.place("visibility"), "expected public or unlisted, or who else may read it")
        uri = item.needed_id("uri")
        if not item.has("content"):
            raise FieldError(item.place("content"), "expected the text of a status; there is none")
        url = absolute_url(item.text_if_any("url")) or absolute_url(uri)
        poll = item.item_if_any("poll")
        content = from_html(item.text("content"), base=self._origin)
        text = joined(
            lines([item.text("spoiler_text")]),
            PlainText(content.text, self._said_links(item, content.links)),
            lines(option.text_if_any("title") for option in poll.items("options")),
            lines(media.text_if_any("description") for media in item.items("media_attachments")),
        )
        # Other servers that speak its API put the status itself there.
        quote = item.item_if_any("quote")
        quoted = quote.item_if_any("quoted_status") if quote.has("quoted_status") else quote
        replied = item.id("in_reply_to_id")
        return mention_of(
            self._fetch,
            PLATFORM,
            uri,
            text,
            url=url if _site(url) == _site(uri) else absolute_url(uri),
            # Which deletions of a stream, and answers to what is not here, name it by.
            also=[status_at(self._origin, item.id_if_any("id"))],
            kind="Question" if poll.value else "Note",
            published=item.time("created_at"),
            updated=item.time("edited_at"),
            in_reply_to=self._name(replied),
            context=self._root(item),
            author=self._author(item),
            tags=[tag.text_if_any("name") for tag in item.items("tags")],
            links=[absolute_url(quoted.text_if_any("url"))],
            language=item.text_if_any("language"),
            generator=item.item_if_any("application").text_if_any("name"),
            likes=item.count("favourites_count"),
            shares=item.count("reblogs_count"),
            replies=item.count("replies_count"),
        )

    def _said_links(self, item: Item, links: tuple[str, ...]) -> tuple[str, ...]:
        """Return the links without those that a server makes of names and tags."""
        names = {one.text_if_any("url") for one in item.items("mentions")}
        tags = {one.text_if_any("name").casefold() for one in item.items("tags")}
        return tuple(one for one in links if one not in names and not _is_tag(one, tags))

    def _name(self, id_: str) -> str:
        """Return what names the status that its server knows by an id: its uri where it is here, else where to ask."""
        if not id_:
            return ""
        return _uri(self._by_id.get(id_)) or status_at(self._origin, id_)

    def _root(self, item: Item) -> str:
        """Return the uri of the root of a status's thread where all that lies between is here; else ""."""
        at: Any = item.value
        for _ in range(_FAR):
            above = at.get("in_reply_to_id") if isinstance(at, dict) else None
            if above is None:
                return _uri(at) if at is not item.value else ""
            at = self._by_id.get(str(above))
            if at is None:
                return ""
        return ""

    def _author(self, item: Item) -> Actor | None:
        account = item.item("account")
        return None if account is None else author_of(account, self._origin)


def _uri(status: Any) -> str:
    """Return what a status is known by, as its own mention has it; "" where it has none."""
    return Item(status).id_if_any("uri") if isinstance(status, dict) else ""


def author_of(account: Item, origin: str) -> Actor | None:
    """Return an account as an author: its handle with its server, its bio and fields, which of them are verified."""
    url = absolute_url(account.text_if_any("url"))
    uri = absolute_url(account.text_if_any("uri"))
    handle = account.text("acct") or account.text("username")
    if handle and "@" not in handle:
        handle += f"@{urlsplit(url or uri or origin).netloc}"
    links = [
        ProfileLink(url=link, verified=bool(field.raw("verified_at")))
        for field in account.items("fields")
        for link in from_html(field.text_if_any("value")).links
    ]
    return actor_of(
        PLATFORM,
        handle=handle,
        native_id=uri,
        name=account.text_if_any("display_name"),
        url=url or uri,
        bio=from_html(account.text_if_any("note")),
        links=links,
    )


def _site(uri: str) -> str:
    """Return whose a URL or a `tag:` URI is: a server vouches for its own addresses, and for nobody else's."""
    tag = _TAG.match(uri)
    try:
        host = tag[1].lower() if tag else urlsplit(uri).hostname or ""
    except ValueError:
        return ""
    return registrable_domain(host) or host


def _is_tag(url: str, tags: set[str]) -> bool:
    path = urlsplit(url).path.rpartition("/")
    return path[0].endswith(("/tags", "/tag")) and path[2].casefold() in tags
