"""Reddit: posts and comments of a subreddit, a search, a thread, a user.

https://www.reddit.com/dev/api
"""

import html
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from msgspec import Meta

from overheard.collectors.base import Deletion, Reading, Terms
from overheard.collectors.communities.community import (
    Address,
    Phrase,
    actor_of,
    deletion_of,
    from_markdown,
    joined,
    lines,
    mention_of,
    one_of,
    placed,
    reading_of,
    site_url,
    steps_of,
    unescaped,
    value_in,
    with_query,
)
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.communities.granted import Granted
from overheard.collectors.markup import PlainText, absolute_url, from_html
from overheard.errors import InputError
from overheard.records import Fetch, Mention, Policy

PLATFORM = "reddit"
_EXPECTED = "a listing of Reddit"
_SITE = "https://www.reddit.com"
_MOST = 100
# What stands in place of a text that its author, a moderator or Reddit took away, and nothing beside it.
_WHOLE = r"\[ ?(?:deleted|removed) ?\]"
_BY = (
    r"\[ ?(?:deleted|removed) by (?:(?:user|moderators?)"
    r"|reddit(?: (?:in response to|on account of|for violating) (?:[^\[\]]|\[[^\[\]]*\]\([^()\s]*\))*)?) ?\]"
)
_GONE = re.compile(rf"{_WHOLE}|{_BY}", re.IGNORECASE)
# The same of a title. One that is "[removed]" and no more may be somebody's joke.
_NAMELESS = re.compile(_BY, re.IGNORECASE)
# Things that say nothing: comments that are not here, accounts, letters, subreddits, awards, lists of those.
_SILENT = frozenset({"more", "t2", "t4", "t5", "t6", "LabeledMulti", "UserList", "ModeratedList", "TrophyList"})
_PLACES = {"r": "subreddit", "u": "user", "user": "user"}
_Name = Annotated[str, Meta(max_length=100, pattern="^[\\w+-]*$")]


class Reddit(Granted, frozen=True, kw_only=True):
    """One of: a `query` (in one `subreddit`, or everywhere), a `subreddit`, a `user`, a `post` with its comments, the
    `inbox` of the token's own account: answers to what it wrote, and comments that name it.

    `what` of a subreddit or user: its posts, or its comments. Asked at `api` with a token of Reddit's.
    """

    kind = "reddit"
    pages = True
    kind_terms = Terms("https://redditinc.com/policies/developer-terms", date(2026, 11, 23))
    kind_policy = Policy(export="link", terms=kind_terms.url, read_on=kind_terms.read_on)
    token_from = "An application of yours, script or web app: https://www.reddit.com/prefs/apps."  # noqa: S105
    asks = {
        "query": "Words that are looked for, in one subreddit or everywhere.",
        "subreddit": "A subreddit, without r/.",
        "user": "Somebody whose posts are followed, without u/.",
        "post": "The id of a post, with its comments.",
        "inbox": "Answers to what the account of the token wrote, and comments that name it.",
        "what": "Posts, or comments, of a subreddit or of somebody.",
        "api": "Where it is asked, where that is not the service's own address.",
    }
    exchange_at = "https://www.reddit.com/api/v1/access_token"
    basic = True
    app_only = True
    complaints = {
        "private": "This subreddit is private: leave this source out.",
        "banned": "Reddit has closed this subreddit: leave this source out.",
        "quarantined": "This subreddit is quarantined, and shown to those only who have agreed to see it.",
    }

    query: Phrase = ""
    subreddit: _Name = ""
    user: _Name = ""
    post: Annotated[str, Meta(max_length=20, pattern="^[a-z0-9]*$")] = ""
    inbox: bool = False
    what: Literal["posts", "comments"] = "posts"
    api: Annotated[Address, Meta(min_length=1)] = "https://oauth.reddit.com"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        self.need_token()
        values: dict[str, object] = {"limit": _MOST, "raw_json": 1}
        base = self.api.rstrip("/")
        if self.query:
            one_of(query=self.query, user=self.user, post=self.post, inbox=self.inbox)
            values |= {"q": self.query, "sort": "new", "type": "link"}
            if self.subreddit:
                values |= {"restrict_sr": 1}
            path = f"/r/{self.subreddit}/search" if self.subreddit else "/search"
        else:
            followed = one_of(
                subreddit=self.subreddit, user=self.user, post=self.post, query=self.query, inbox=self.inbox
            )
            if self.inbox and not self.has_token:
                raise ValueError("expected `token_env` or `token_file`, since an inbox is somebody's; got neither")
            comments = self.what == "comments"
            path = {
                "subreddit": f"/r/{self.subreddit}/{'comments' if comments else 'new'}",
                "user": f"/user/{self.user}/{'comments' if comments else 'submitted'}",
                "post": f"/comments/{self.post}",
                "inbox": "/message/inbox",
            }[followed]
            values |= {"subreddit": {}, "inbox": {"mark": "false"}}.get(followed, {"sort": "new"})
        return f"{base}{path}?{urlencode(values)}"

    @property
    def has_letters(self) -> bool:
        """True of an inbox (`Community.has_letters`)."""
        return self.inbox

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address (`Source.like`)."""
        del software
        host, steps = steps_of(url)
        if (host != "reddit.com" and not host.endswith(".reddit.com")) or len(steps) < 2:
            return None
        if steps[2:3] == ["comments"] and len(steps) > 3:
            return {"post": steps[3]}
        return {_PLACES[steps[0]]: steps[1]} if steps[0] in _PLACES else None

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts and comments of an answer (`Source.read`)."""
        return read_listing(fetch)


def read_listing(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: a listing, a post with its comments, more of them, one thing.

    A text that its author or a moderator took away is gone; one whose author's account is gone has no author. Raises
    InputError where there is nothing of Reddit to be read.
    """
    if urlsplit(fetch.final_url).path.startswith("/subreddits/search"):
        # It leads there from a subreddit that it does not know.
        raise InputError(f"expected {_EXPECTED}; there is none of that name: look at `subreddit`", where=fetch.url)
    found = _bare(document(fetch, _EXPECTED))
    if not isinstance(found, dict | list) or (isinstance(found, dict) and not _is_thing(found) and "json" not in found):
        raise unexpected(fetch, found, _EXPECTED)
    things = _things(_more(fetch, found) if isinstance(found, dict) and "json" in found else found)
    following = ""
    if isinstance(found, dict) and isinstance(data := found.get("data"), dict):
        after = data.get("after")
        following = with_query(fetch.url, after=after) if isinstance(after, str) and after and things else ""
    plain = value_in(fetch.url, "raw_json") == "1"
    return reading_of(fetch, things, lambda item: _taken(fetch, item, plain=plain), next_page=following)


def _is_thing(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("kind"), str) and "data" in value


def _bare(found: Any) -> Any:
    """Return what is said to be a post or comment by its name alone as the thing that it is."""
    name = found.get("name") if isinstance(found, dict) and not _is_thing(found) else None
    if isinstance(name, str) and name.startswith(("t1_", "t3_")):
        return {"kind": name[:2], "data": found}
    return found


def _things(top: Any) -> list[tuple[str, Any]]:
    """Return the data of all posts and comments, those that answer others after them."""
    found: list[tuple[str, Any]] = []
    waiting = list(reversed(placed(top))) if isinstance(top, list) else [("", top)]
    while waiting:
        path, node = waiting.pop()
        if not _is_thing(node):
            found.append((path, node))  # said below to be no item
            continue
        kind, data, inside = node["kind"], node["data"], f"{path}.data".lstrip(".")
        below = data.get("replies") if kind in ("t1", "t3") and isinstance(data, dict) else None
        if kind in ("t1", "t3"):
            found.append((inside, data))
            if below not in (None, ""):
                waiting.append((f"{inside}.replies", below))
        elif kind == "Listing" and isinstance(data, dict) and isinstance(data.get("children"), list):
            waiting += reversed(placed(data["children"], f"{inside}.children"))
        elif kind not in _SILENT:
            found.append((inside, None))  # so is this
    return found


def _more(fetch: Fetch, found: Mapping[str, Any]) -> Any:
    """Return the things in an answer of /api/morechildren, and of whatever else is asked to be answered as JSON."""
    answer = found["json"]
    data = answer.get("data") if isinstance(answer, dict) else None
    things = data.get("things", []) if isinstance(data, dict) else None
    if isinstance(things, list):
        return things
    if isinstance(answer, dict) and data is None and answer.get("errors") == []:
        return []
    raise unexpected(fetch, answer, _EXPECTED)


def _taken(fetch: Fetch, item: Item, *, plain: bool) -> Mention | Deletion:
    name = item.id("name")
    if not name.startswith(("t1_", "t3_")):
        kind = "t1_" if item.has("body") or item.has("link_id") else "t3_"
        name = kind + item.needed_id("id")
    is_post = name.startswith("t3_")
    url = _permalink(item, name)
    said = item.text("selftext") if is_post else item.text("body")
    if _GONE.fullmatch(said.strip()) or (is_post and _is_gone(item, said)):
        return deletion_of(fetch, PLATFORM, name, url=url)
    title = item.text("title") if is_post else ""
    if is_post and not title:
        raise FieldError(item.place("title"), "expected the title of a post; there is none")
    if not is_post and not item.has("body") and not item.has("body_html"):
        raise FieldError(item.place("body"), "expected the text of a comment; there is none")
    author = item.text("author")
    link = unescaped(item.text_if_any("url")) if is_post and not item.flag("is_self") else ""
    return mention_of(
        fetch,
        PLATFORM,
        name,
        joined(_body(item, said, "selftext_html" if is_post else "body_html", plain=plain), lines(_captions(item))),
        url=url,
        also=[f"{_SITE}/comments/{name[3:]}"] if is_post else [],
        name=title if plain else unescaped(title),
        published=item.time("created_utc"),
        updated=None if item.raw("edited") is True else item.time_if_any("edited"),
        in_reply_to=item.id("parent_id"),
        context=item.id("link_id") or _post_in(url, name),
        author=actor_of(
            PLATFORM,
            handle=author,
            native_id=item.id_if_any("author_fullname"),
            url=f"{_SITE}/user/{author}" if author else "",
        ),
        links=[site_url(_SITE, link)],
        likes=item.count("score"),
        replies=item.count("num_comments"),
    )


def _is_gone(post: Item, said: str) -> bool:
    """True for a post that was taken away, though its text does not say so.

    Its author took it, or its title stands for it. A title alone may be a quotation: who took it is told, or the author
    is nobody.
    """
    by = post.text_if_any("removed_by_category")
    if by == "deleted" or said.strip() or not _NAMELESS.fullmatch(post.text_if_any("title").strip()):
        return by == "deleted"
    return bool(by) or actor_of(PLATFORM, handle=post.text_if_any("author")) is None


def _permalink(item: Item, name: str) -> str:
    """Return the address of a post or comment; old answers do not tell that of a comment, but what it is made of."""
    if path := item.text_if_any("permalink") or item.text_if_any("context").partition("?")[0]:
        return site_url(_SITE, path)
    post = name if name.startswith("t3_") else item.id_if_any("link_id")
    below = f"_/{name[3:]}/" if name.startswith("t1_") else ""
    return f"{_SITE}/comments/{post[3:]}/{below}" if post else ""


def _post_in(url: str, name: str) -> str:
    """Return the post that a comment is on by its permalink: an inbox does not tell it otherwise."""
    parts = urlsplit(url).path.split("/")
    return f"t3_{parts[4]}" if name.startswith("t1_") and parts[3:4] == ["comments"] and parts[4:5] else ""


def _body(item: Item, said: str, field: str, *, plain: bool) -> PlainText:
    """Return the text: as Reddit rendered it, else from the Markdown that it was written in.

    Without `raw_json` all is escaped once more.
    """
    if rendered := item.text_if_any(field):
        return from_html(rendered if plain and "<" in rendered else html.unescape(rendered), base=_SITE)
    return from_markdown(said if plain else unescaped(said), base=_SITE)


def _captions(item: Item) -> list[str]:
    """Return what is written below the pictures of a gallery, what stands in for them, and what a poll lets choose."""
    captions = [one.text_if_any("caption") for one in item.item_if_any("gallery_data").items("items")]
    links = [one.text_if_any("outbound_url") for one in item.item_if_any("gallery_data").items("items")]
    options = [one.text_if_any("text") for one in item.item_if_any("poll_data").items("options")]
    return [*captions, *(one for one in links if absolute_url(one)), *options]
