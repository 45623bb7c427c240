"""X: posts that its search finds, of an account, or that mention it, by its API v2.

https://docs.x.com/x-api
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from msgspec import Meta

from overheard.collectors.base import Budget, Deletion, Reading, Terms
from overheard.collectors.communities.community import (
    Address,
    actor_of,
    deletion_of,
    joined,
    lines,
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
from overheard.collectors.communities.granted import Granted
from overheard.collectors.markup import absolute_url, from_text
from overheard.records import Actor, Fetch, Mention, Policy, ProfileLink

PLATFORM = "x"
_EXPECTED = "posts of the X API v2"
_SITE = "https://x.com"
_MOST = 100
# The fewest posts that a search, and a timeline, can be asked for; and how many a post is at most with those that come
# along since it answers or quotes them. All that an answer holds is paid for.
_LEAST_FOUND, _LEAST_LISTED = 10, 5
_WITH_OTHERS = 3
FIELDS = {
    "tweet.fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,"
    "note_tweet,public_metrics,referenced_tweets",
    "user.fields": "description,entities,protected,url,username,verified",
    "media.fields": "alt_text,type,url",
    "expansions": "author_id,attachments.media_keys,referenced_tweets.id,referenced_tweets.id.author_id",
}
# Codes that stand for no language: pictures, links, hashtags only, too short, unknown.
_NO_LANGUAGE = frozenset({"und", "zxx", "qam", "qct", "qht", "qme", "qst", "art"})
# How a post may point to another without answering it.
_POINTS = frozenset({"quoted", "retweeted"})
_OWN_MEDIA = re.compile(r"https?://(?:www\.)?(?:twitter|x)\.com/[^/]+/status/\d+/(?:photo|video)/\d+")
_SHORT = re.compile(r"https?://t\.co/\w+", re.ASCII)
# Ids are times: milliseconds since the first of them, 22 bits of whatever else.
_FIRST = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)


class X(Granted, frozen=True, kw_only=True):
    """One of: a `query` of the recent search, or a `user` (its id) of whom `what` are the posts, or the mentions.

    Asked with a bearer token of X's; each post that is read counts against what one has paid for. `budget` is how many
    posts may be read in a month by all sources with that token, `price` what a thousand of them cost.
    """

    kind = "x"
    pages = True
    limits_accounts = True
    kind_terms = Terms("https://docs.x.com/developer-terms/policy", date(2026, 11, 23))
    kind_policy = Policy(export="nothing", terms=kind_terms.url, read_on=kind_terms.read_on)
    asks = {
        "query": "What the search of recent posts looks for, as X writes it: paperfold -is:retweet.",
        "user": "The number of an account.",
        "what": "The posts of that account, or those that mention it.",
        "budget": "How many posts may be read in a month; each one costs.",
        "price": "What 1,000 posts cost, to tell what is spent.",
        "api": "Where it is asked, where that is not the service's own address.",
    }
    exchange_at = "https://api.x.com/2/oauth2/token"
    basic = True
    rotates = True
    token_from = "A bearer token of an app of yours: https://developer.x.com/en/portal/dashboard."  # noqa: S105
    complaints = {
        "client-not-enrolled": "The application of this token is in no project: give it one in X's developer portal.",
        "client-forbidden": "What was paid for does not allow that: look at the plan in X's developer portal.",
        "UsageCapExceeded": "All posts that were paid for this month are used up.",
        "CreditsDepleted": "All credits that were paid for are used up: buy some in X's developer portal.",
        "https://api.x.com/2/problems/credits": "All credits that were paid for are used up.",
        "https://api.twitter.com/2/problems/usage-capped": "All posts that were paid for are used up.",
        "https://api.x.com/2/problems/usage-capped": "All posts that were paid for are used up.",
    }

    mended_there = frozenset({"CreditsDepleted", "https://api.x.com/2/problems/credits"})

    query: Annotated[str, Meta(max_length=4_096)] = ""
    user: Annotated[str, Meta(max_length=20, pattern="^\\d*$")] = ""
    what: Literal["posts", "mentions"] = "mentions"
    budget: Annotated[int, Meta(ge=0)] | None = None
    price: Annotated[float, Meta(ge=0)] | None = None
    api: Annotated[Address, Meta(min_length=1)] = "https://api.x.com/2"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        self.need_token()
        base = self.api.rstrip("/")
        if one_of(query=self.query, user=self.user) == "query":
            return f"{base}/tweets/search/recent?{urlencode({'query': self.query, 'max_results': _MOST, **FIELDS})}"
        path = "tweets" if self.what == "posts" else "mentions"
        return f"{base}/users/{self.user}/{path}?{urlencode({'max_results': _MOST, **FIELDS})}"

    def since(self, reached: datetime) -> str:
        """Return the address of what was said from that second on: each post that is read is paid for (`Source.since`).

        Of one second there may be more than was had, and what was had is counted once a day.
        """
        return with_query(self.url, start_time=f"{reached.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")

    @property
    def history(self) -> timedelta | None:
        """The seven days of the recent search (`Source.history`), less the time that a request takes."""
        return timedelta(days=7) - timedelta(minutes=5) if self.query else None

    @property
    def allowance(self) -> Budget | None:
        """The posts that may be read in a month (`Source.allowance`)."""
        return None if self.budget is None else Budget(self.budget, "posts", "month", self.price, once_a_day=True)

    def within(self, url: str, left: int) -> tuple[str, int]:
        """Return the address of so many posts as may be read, with those that come along (`Source.within`)."""
        if not url.startswith(f"{self.api.rstrip('/')}/"):
            return url, 0
        count = min(left // _WITH_OTHERS, _MOST)
        if count < (_LEAST_FOUND if self.query else _LEAST_LISTED):
            return "", 0
        return with_query(url, max_results=count), count * _WITH_OTHERS

    def again(self, status: int, told: Told, now: datetime) -> datetime | None:
        """Return when the month, or the day, is over of which all that was paid for is used up."""
        if status != 429 or not any("usage-capped" in code or code == "UsageCapExceeded" for code in told.codes):
            return None
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if isinstance(told.found, dict) and str(told.found.get("period", "")).lower() == "daily":
            return today + timedelta(days=1)
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1)

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        del software
        host, steps = steps_of(url)
        if host not in ("x.com", "twitter.com", "mobile.twitter.com"):
            return None
        if query := value_in(url, "q"):
            return {"query": query}
        return {"query": f"from:{steps[0]}"} if steps and re.fullmatch(r"\w{1,15}", steps[0], re.ASCII) else None

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts of an answer (`Source.read`)."""
        return read_posts(fetch)


def read_posts(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: a search, a timeline, a lookup, one post of a stream.

    A repost is the post itself where that came along, and nothing where that is said not to be there. All edits of a
    post are one, by its first id. What is said not to be found any more is gone. Raises InputError where there are no
    posts to be read.
    """
    found = document(fetch, _EXPECTED)
    if not isinstance(found, dict) or not ({"data", "meta"} & found.keys() or _missing(found)):
        raise unexpected(fetch, found, _EXPECTED)
    data = found.get("data")
    posts = placed(data, "data") if isinstance(data, list) else [("data", data)] if isinstance(data, dict) else []
    if data is not None and not isinstance(data, dict | list):
        raise unexpected(fetch, found, _EXPECTED)
    if posts and all(isinstance(one, dict) and "text" not in one for _, one in posts):
        raise unexpected(fetch, found, _EXPECTED)
    answer = _Answer(fetch, Item(found))
    token = Item(found).item_if_any("meta").text_if_any("next_token")
    page = "next_token" if "/search/" in fetch.url else "pagination_token"
    following = with_query(fetch.url, **{page: token}) if token else ""
    reading = reading_of(fetch, [*posts, *_missing(found)], answer.take, next_page=following)
    return replace(reading, units=_read(found))


def _read(found: Mapping[str, Any]) -> int:
    """Return how many posts an answer holds, each once: those that were asked for, and those that came along."""
    data, included = found.get("data"), found.get("includes")
    listed = data if isinstance(data, list) else [data]
    along = included.get("tweets") if isinstance(included, dict) else None
    several = [*listed, *(along if isinstance(along, list) else [])]
    return len({str(one.get("id")) for one in several if isinstance(one, dict)})


def missed(error: Item) -> str:
    """Return the id of what an error of an answer says is not shown; "" for none."""
    return error.id_if_any("resource_id") or error.id_if_any("value")


def post_in(fetch: Fetch, whole: Item) -> Mention | Deletion | None:
    """Return the one post of a message of a stream, with what came along with it; None for none of its own."""
    data = whole.item("data")
    if data is None:
        raise FieldError(whole.place("data"), "expected a post in `data`; there is none")
    return _Answer(fetch, whole).take(data)


def _missing(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the errors that say that a post is not found."""
    return [
        (path, one)
        for path, one in placed(found.get("errors"), "errors")
        if isinstance(one, dict)
        and one.get("resource_type") == "tweet"
        and str(one.get("type", "")).endswith("/resource-not-found")
    ]


class _Answer:
    """The posts of one answer, and what came along with them."""

    def __init__(self, fetch: Fetch, whole: Item) -> None:
        self._fetch = fetch
        includes = whole.item_if_any("includes")
        self._users = {one.id_if_any("id"): one for one in includes.items("users")}
        self._posts = {one.id_if_any("id"): one for one in includes.items("tweets")}
        self._media = {one.id_if_any("media_key"): one for one in includes.items("media")}
        errors = list(whole.items("errors"))
        self._withheld = {missed(one) for one in errors}

    def take(self, item: Item) -> Mention | Deletion | None:
        """Return a post as a mention; None for what is no public utterance of its own."""
        if item.text_if_any("resource_type") == "tweet":
            gone = item.id("resource_id") or item.id("value")
            return deletion_of(self._fetch, PLATFORM, gone, url=f"{_SITE}/i/status/{gone}") if gone else None
        if item.has("event_type") or item.has("dm_conversation_id"):
            return None  # a letter
        referenced = [(one.text_if_any("type"), one.id("id")) for one in item.items("referenced_tweets")]
        shared = next((id_ for kind, id_ in referenced if kind == "retweeted"), "")
        if shared:
            original = self._posts.get(shared)
            if original is None and shared in self._withheld:
                return None
            return self._post(original or item)
        return self._post(item)

    def _post(self, item: Item) -> Mention | None:
        id_ = item.needed_id("id")
        versions = [one for one in item.texts("edit_history_tweet_ids") if one]
        first = versions[0] if versions else id_
        if not item.has("text"):
            raise FieldError(item.place("text"), "expected the text of a post; there is none")
        author_id = item.id("author_id")
        user = self._users.get(author_id)
        if user is not None and user.flag("protected"):
            return None
        note = item.item_if_any("note_tweet")
        entities = note.item_if_any("entities") if note.has("text") else item.item_if_any("entities")
        text, links = _expanded(unescaped(note.text("text") or item.text("text")), entities)
        said_at = item.time("created_at")
        referenced = [(one.text_if_any("type"), one.id("id")) for one in item.items("referenced_tweets")]
        counts = item.item_if_any("public_metrics")
        author = _author(author_id, user)
        keys = item.item_if_any("attachments").texts("media_keys")
        alt = [self._media[key].text_if_any("alt_text") for key in keys if key in self._media]
        who = author.preferred_username if author is not None and author.preferred_username else "i"
        language = item.text_if_any("lang")
        return mention_of(
            self._fetch,
            PLATFORM,
            first,
            joined(from_text(text), lines(alt)),
            url=f"{_SITE}/{who}/status/{id_}",
            also=[f"{_SITE}/i/status/{one}" for one in dict.fromkeys((id_, *versions))],
            published=(_said_at(first) or said_at) if first != id_ else said_at,
            updated=said_at if first != id_ else None,
            in_reply_to=next((one for kind, one in referenced if kind == "replied_to"), ""),
            context="" if (root := item.id("conversation_id")) in (id_, first) else root,
            author=author,
            tags=[one.text_if_any("tag") for one in entities.items("hashtags")],
            links=[*links, *(f"{_SITE}/i/status/{one}" for kind, one in referenced if kind in _POINTS and one)],
            language="" if language in _NO_LANGUAGE else language,
            generator=item.text_if_any("source"),
            likes=counts.count("like_count"),
            shares=counts.count("retweet_count"),
            replies=counts.count("reply_count"),
        )


def _author(id_: str, user: Item | None) -> Actor | None:
    """Return who wrote a post; an account that is gone or suspended did not come along, and only its id is known."""
    if user is None:
        return actor_of(PLATFORM, native_id=id_, url=f"{_SITE}/i/user/{id_}" if id_ else "")
    handle = user.text_if_any("username")  # that of one account harms none of its posts
    bio, _ = _expanded(unescaped(user.text_if_any("description")), user.item_if_any("entities", "description"))
    site, _ = _expanded(user.text_if_any("url"), user.item_if_any("entities", "url"))
    return actor_of(
        PLATFORM,
        handle=handle,
        native_id=id_ or user.id("id"),
        name=unescaped(user.text_if_any("name")),
        url=f"{_SITE}/{handle}" if handle else "",
        bio=from_text(bio),
        links=[ProfileLink(url=url)] if (url := absolute_url(site)) else [],
    )


def _expanded(text: str, entities: Item) -> tuple[str, list[str]]:
    """Return a text with X's short links written out, those of its own pictures left out; and where they lead."""
    whole: dict[str, str] = {}
    for one in entities.items("urls"):
        short = one.text_if_any("url")
        url = absolute_url(one.text_if_any("unwound_url")) or absolute_url(one.text_if_any("expanded_url"))
        if short and url:
            whole[short] = "" if _OWN_MEDIA.fullmatch(url) else url
    text = _SHORT.sub(lambda match: whole.get(match[0], match[0]), text)
    return text.strip(), [url for url in whole.values() if url]


def _said_at(id_: str) -> datetime | None:
    """Return when a post with an id was made; None for an id of the time before ids were times."""
    if not id_.isdigit() or not 15 < len(id_) < 20:
        return None
    return _FIRST + timedelta(milliseconds=int(id_) >> 22)
