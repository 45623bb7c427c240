"""YouTube: comments on a channel's or a video's page, and the videos that a search finds.

https://developers.google.com/youtube/v3/docs
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from msgspec import Meta

from overheard.collectors.base import OLDER, Budget, Deletion, Further, Reading, Terms
from overheard.collectors.communities.community import (
    LATE,
    Address,
    Phrase,
    actor_of,
    deletion_of,
    mention_of,
    one_of,
    placed,
    reading_of,
    steps_of,
    unescaped,
    value_in,
    with_query,
)
from overheard.collectors.communities.complaints import Told
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.communities.granted import GOOGLE, Granted
from overheard.collectors.markup import PlainText, from_html, from_text
from overheard.records import Actor, Fetch, Mention, Policy

PLATFORM = "youtube"
_EXPECTED = "comments or videos of the YouTube Data API"
_SITE = "https://www.youtube.com"
# A hundred pages of a search may be had in a day, of ten thousand units: for years by price, now by a count of its own.
_SEARCH_COSTS = 100
_THREAD = "youtube#commentThread"
# `Fetch.purpose` of the answers to a comment beyond those that its thread holds; a reading names so many at most.
REPLIES = "replies"
_MOST_FURTHER = 50
# Answers to threads that are older than what a page shows are looked for once a day at most: a twelfth of this.
_LOOKED_THROUGH = timedelta(days=12)
_Id = Annotated[str, Meta(max_length=100, pattern="^[\\w-]*$")]
# What the API lists besides, and nobody says.
_SILENT = frozenset(
    f"youtube#{one}"
    for one in ("channel", "playlist", "subscription", "caption", "channelSection", "videoCategory", "guideCategory",
                "i18nLanguage", "i18nRegion", "member", "membershipsLevel", "videoAbuseReportReason")
)  # fmt: skip
_PACIFIC = ZoneInfo("America/Los_Angeles")
_USED_UP = "The quota of its API key is used up for today; it begins anew at midnight in California."
_DAILY = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_PICTURE = re.compile(r"https://i\d?\.ytimg\.com/vi(?:_webp)?/([\w-]{11})/", re.ASCII)
_VIDEO = re.compile(r"[\w-]{11}", re.ASCII)
# What a playlist calls the videos that are not there any more, and those that only their owner sees.
_DELETED, _PRIVATE = "Deleted video", "Private video"
# Comments that only the owner of a video sees.
_HELD = frozenset({"heldForReview", "likelySpam", "rejected"})


class YouTube(Granted, frozen=True, kw_only=True):
    """One of: a `query` for videos, a `video` with its comments, a `channel` (its id) with the comments on its videos.

    Asked with an API key, the token of this source. `budget` is how many units of its quota may be used in a day of UTC
    by all sources with that key: a page of a search is a hundred, any other one.
    """

    kind = "youtube"
    pages = True
    limits_accounts = True
    kind_terms = Terms("https://developers.google.com/youtube/terms/developer-policies", date(2026, 11, 23))
    kind_policy = Policy(retention=30, export="link", terms=kind_terms.url, read_on=kind_terms.read_on)
    token_from = "A key for the YouTube Data API v3: https://console.cloud.google.com/apis/credentials."  # noqa: S105
    asks = {
        "query": "Words by which videos are looked for.",
        "video": "The id of a video, with its comments.",
        "channel": "The id of a channel, which begins with UC, with the comments on its videos.",
        "budget": "How many units of the key's quota may be used in a day; a page of a search is a hundred of them.",
        "api": "Where it is asked, where that is not the service's own address.",
    }
    token_header = ("X-Goog-Api-Key", "")
    exchange_at = GOOGLE
    complaints = {
        "quotaExceeded": _USED_UP,
        "dailyLimitExceeded": _USED_UP,
        "rateLimitExceeded": "It was asked too often with this API key.",
        "commentsDisabled": "Comments are turned off there: leave this source out, or watch the channel.",
        "videoNotFound": "There is no such video, or it is private: look at `video`.",
        "channelNotFound": "There is no such channel: `channel` is its id, which begins with UC.",
        "accessNotConfigured": "Switch on the YouTube Data API v3 in the project that the API key is of.",
        "API_KEY_INVALID": "It knows no such API key: make one, and put it where the settings say.",
        "keyInvalid": "It knows no such API key: make one, and put it where the settings say.",
        "ipRefererBlocked": "The API key is limited to other addresses or sites: allow this machine's.",
    }

    # And what it says, with status 400, of requests that it takes the next time.
    mended_there = frozenset(
        {"API_KEY_INVALID", "keyInvalid", "accessNotConfigured", "ipRefererBlocked", "processingFailure"}
    )

    query: Phrase = ""
    video: _Id = ""
    channel: _Id = ""
    budget: Annotated[int, Meta(ge=0)] | None = None
    api: Annotated[Address, Meta(min_length=1)] = "https://www.googleapis.com/youtube/v3"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        self.need_token()
        base = self.api.rstrip("/")
        followed = one_of(query=self.query, video=self.video, channel=self.channel)
        if followed == "query":
            values = {"part": "snippet", "type": "video", "order": "date", "maxResults": 50, "q": self.query}
            return f"{base}/search?{urlencode(values)}"
        whose = {"videoId": self.video} if followed == "video" else {"allThreadsRelatedToChannelId": self.channel}
        values = {"part": "snippet,replies", "order": "time", "maxResults": 100, "textFormat": "plainText"}
        return f"{base}/commentThreads?{urlencode({**values, **whose})}"

    def again(self, status: int, told: Told, now: datetime) -> datetime | None:
        """Return when the day of a quota that is used up is over: at midnight in California."""
        if status != 403 or not _DAILY & frozenset(told.codes):
            return None
        tomorrow = now.astimezone(_PACIFIC).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), _PACIFIC).astimezone(UTC)

    def since(self, reached: datetime) -> str:
        """Return the address of a search for what was published from a time on; comments have none (`Source.since`)."""
        if not self.query:
            return self.url
        return with_query(self.url, publishedAfter=f"{(reached - LATE).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        del software
        host, steps = steps_of(url)
        video = value_in(url, "v")
        if host == "youtu.be" and steps:
            return {"video": steps[0]}
        if host not in ("youtube.com", "m.youtube.com"):
            return None
        if video or (steps[:1] == ["shorts"] and len(steps) > 1):
            return {"video": video or steps[1]}
        return {"channel": steps[1]} if steps[:1] == ["channel"] and len(steps) > 1 else None

    @property
    def reads_back(self) -> timedelta | None:
        """How far back comments are filled in at first (`Source.reads_back`): as long as they may be kept."""
        return None if self.query else timedelta(days=30)

    @property
    def allowance(self) -> Budget | None:
        """The units that may be used in a day (`Source.allowance`)."""
        return None if self.budget is None else Budget(self.budget, "units", "day")

    def within(self, url: str, left: int) -> tuple[str, int]:
        """Return the address where enough is left for it: it costs the same whatever it brings (`Source.within`)."""
        return (url, _cost(url)) if _cost(url) <= left else ("", 0)

    def read(self, fetch: Fetch) -> Reading:
        """Return the comments or videos of an answer (`Source.read`)."""
        reading = replace(read_items(fetch), units=_cost(fetch.url))
        if self.query or fetch.purpose or not reading.next_page:
            return reading
        # Threads stand in the order in which they were begun: who answers to an old one is seen nowhere else.
        said = [one.published for one in reading.mentions if one.published is not None]
        since = min([*said, fetch.at - _LOOKED_THROUGH])
        older = Further(self.url, OLDER, since=since)
        return replace(reading, requests=(*reading.requests[: _MOST_FURTHER - 1], older))


def _cost(url: str) -> int:
    """Return how many units of the quota a request costs."""
    return _SEARCH_COSTS if urlsplit(url).path.endswith("/search") else 1


def read_items(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: threads of comments, comments, a search, videos, a playlist.

    Channels and playlists that a search finds are no utterances. Raises InputError where there is nothing to be read.
    """
    found = document(fetch, _EXPECTED)
    items = _items(found)
    if items is None:
        raise unexpected(fetch, found, _EXPECTED)
    token = found.get("nextPageToken") if isinstance(found, dict) else None
    following = with_query(fetch.url, pageToken=token) if isinstance(token, str) and token else ""
    plain = value_in(fetch.url, "textFormat") == "plainText"
    video = fetch.about.context if fetch.about is not None else ""
    return reading_of(
        fetch,
        items,
        lambda item: _taken(fetch, item, plain=plain, video=video),
        next_page=following,
        requests=_unanswered(fetch, found),
    )


def _unanswered(fetch: Fetch, found: Any) -> tuple[Further, ...]:
    """Return the requests for the answers to comments of which only the first came: a thread holds five at most."""
    threads = found.get("items") if isinstance(found, dict) and "/commentThreads" in fetch.url else None
    requests: dict[str, Further] = {}
    for one in Item({"items": threads}).items("items"):
        top = one.item_if_any("snippet", "topLevelComment")
        id_, said = top.id_if_any("id"), one.item_if_any("snippet")
        if not id_ or (said.count("totalReplyCount") or 0) <= len(one.item_if_any("replies").values("comments")):
            continue
        video = said.id_if_any("videoId")
        values = {"part": "snippet", "parentId": id_, "maxResults": 100, "textFormat": "plainText"}
        url = f"{fetch.url.partition('/commentThreads')[0]}/comments?{urlencode(values)}"
        about = mention_of(fetch, PLATFORM, id_, from_text(""), context=video)
        since = top.item_if_any("snippet").time_if_any("publishedAt")
        requests.setdefault(url, Further(url, REPLIES, about, since=since))
    return tuple(requests.values())[:_MOST_FURTHER]


def _items(found: Any) -> list[tuple[str, Any]] | None:
    if not isinstance(found, dict) or "error" in found:
        return None
    if isinstance(found.get("items"), list):
        listed = placed(found["items"], "items")
    elif isinstance(found.get("comments"), list):
        listed = placed(found["comments"], "comments")
    elif str(found.get("kind", "")).startswith("youtube#") and "snippet" in found:
        listed = [("", found)]
    else:
        is_empty = found.get("items") is None and str(found.get("kind", "")).endswith("ListResponse")
        return [] if is_empty else None
    return [one for path, value in listed for one in _opened(path, value)]


def _opened(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return the comments of a thread, the first one first; anything else is returned as it is."""
    snippet = value.get("snippet") if isinstance(value, dict) else None
    held = snippet if isinstance(snippet, dict) else {}
    if not isinstance(value, dict) or not (value.get("kind") == _THREAD or "topLevelComment" in held):
        return [(path, value)]
    replies = value.get("replies")
    above = {"videoId": held.get("videoId"), "replies": held.get("totalReplyCount")}
    below = replies.get("comments") if isinstance(replies, dict) else replies
    inside = f"{path}.replies.comments".lstrip(".")
    # What is no comment, or no list of some, is said below to be no item.
    answers = placed(below, inside) if isinstance(below, list) else [(inside, below)] if below is not None else []
    first = (f"{path}.snippet.topLevelComment".lstrip("."), held.get("topLevelComment"))
    return [(at, {**one, "thread": above} if isinstance(one, dict) else one) for at, one in (first, *answers)]


def _taken(fetch: Fetch, item: Item, *, plain: bool, video: str) -> Mention | Deletion | None:
    snippet = item.item("snippet")
    if snippet is None:
        raise FieldError(item.place("snippet"), "expected the item's snippet; there is none")
    is_comment = item.text_if_any("kind") == "youtube#comment" or snippet.has("textDisplay") or item.has("thread")
    return _comment(fetch, item, snippet, plain=plain, above=video) if is_comment else _video(fetch, item, snippet)


def _comment(fetch: Fetch, item: Item, snippet: Item, *, plain: bool, above: str) -> Mention | None:
    if snippet.text_if_any("moderationStatus") in _HELD:
        return None
    id_ = item.needed_id("id")
    thread = item.item_if_any("thread")
    video = snippet.id("videoId") or thread.id_if_any("videoId") or above
    parent = snippet.id("parentId")
    said = snippet.text("textOriginal")
    if not snippet.has("textOriginal") and not snippet.has("textDisplay"):
        raise FieldError(snippet.place("textDisplay"), "expected the text of a comment; there is none")
    text = from_text(said) if said or plain else from_html(snippet.text("textDisplay"), base=_SITE)
    if plain and not said:
        text = from_text(snippet.text("textDisplay"))
    return mention_of(
        fetch,
        PLATFORM,
        id_,
        text,
        url=f"{_SITE}/watch?v={video}&lc={id_}" if video else "",
        published=snippet.time("publishedAt"),
        updated=snippet.time_if_any("updatedAt"),
        in_reply_to=parent or video,
        context=video or parent,
        author=_author(snippet),
        likes=snippet.count("likeCount"),
        replies=thread.count("replies") if not parent else None,
    )


def _author(snippet: Item) -> Actor | None:
    """Return who wrote a comment; names that begin with @ are handles."""
    name = snippet.text("authorDisplayName").strip()
    channel = snippet.raw("authorChannelId")
    native_id = Item(channel, snippet.place("authorChannelId")).id("value") if channel is not None else ""
    url = snippet.text_if_any("authorChannelUrl") or (f"{_SITE}/channel/{native_id}" if native_id else "")
    is_handle = name.startswith("@") and " " not in name
    return actor_of(
        PLATFORM,
        handle=name[1:] if is_handle else "",
        native_id=native_id,
        name="" if is_handle else name,
        url=url.replace("http://", "https://", 1),
    )


def _video(fetch: Fetch, item: Item, snippet: Item) -> Mention | Deletion | None:
    """Return a video, whatever it came as: itself, found by a search, in a playlist, among a channel's doings.

    One that a playlist says is deleted is gone; of one that is private nothing is said.
    """
    searched = item.raw("id")
    kind = item.text("kind")
    if isinstance(searched, dict):
        found = Item(searched, item.place("id"))
        if found.text("kind") in ("youtube#channel", "youtube#playlist"):
            return None
        id_ = found.needed_id("videoId")
    elif kind == "youtube#playlistItem":
        id_ = snippet.item_if_any("resourceId").id("videoId") or item.item_if_any("contentDetails").id("videoId")
    elif kind == "youtube#activity":
        id_ = item.item_if_any("contentDetails", "upload").id("videoId")
        if not id_ and snippet.text_if_any("type") not in ("", "upload"):
            return None
        # Asked for without its details it says which video it is by the address of its picture alone.
        picture = _PICTURE.match(snippet.item_if_any("thumbnails", "default").text_if_any("url"))
        id_ = id_ or (picture[1] if picture else "")
    elif kind in _SILENT:
        return None
    else:
        id_ = item.needed_id("id")
        if kind != "youtube#video" and not _VIDEO.fullmatch(id_):
            raise FieldError(item.place("kind"), "expected youtube#video; what it is the id of is not told otherwise")
    if not id_:
        raise FieldError(item.place("id"), "expected the id of a video; there is none")
    url = f"{_SITE}/watch?v={id_}"
    title = snippet.text("title")
    if kind == "youtube#playlistItem" and not snippet.id("videoOwnerChannelId") and title in (_DELETED, _PRIVATE):
        # The channel that is told with it is the playlist's.
        return deletion_of(fetch, PLATFORM, id_, url=url) if title == _DELETED else None
    owner = snippet.id("videoOwnerChannelId") or snippet.id("channelId")
    statistics = item.item_if_any("statistics")
    is_search = isinstance(searched, dict)
    return mention_of(
        fetch,
        PLATFORM,
        id_,
        _plain(snippet.text("description"), escaped=is_search),
        url=url,
        name=unescaped(title) if is_search else title,
        kind="Video",
        published=item.item_if_any("contentDetails").time_if_any("videoPublishedAt") or snippet.time("publishedAt"),
        author=actor_of(
            PLATFORM,
            native_id=owner,
            name=unescaped(snippet.text_if_any("videoOwnerChannelTitle") or snippet.text_if_any("channelTitle")),
            url=f"{_SITE}/channel/{owner}" if owner else "",
        ),
        tags=snippet.texts("tags"),
        language=snippet.text_if_any("defaultAudioLanguage") or snippet.text_if_any("defaultLanguage"),
        likes=statistics.count("likeCount"),
        replies=statistics.count("commentCount"),
    )


def _plain(text: str, *, escaped: bool) -> PlainText:
    return from_text(unescaped(text) if escaped else text)
