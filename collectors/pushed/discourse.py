"""Webhooks of Discourse: the posts of a forum, as they are written, edited, taken down and put back.

https://meta.discourse.org/t/configure-webhooks-that-trigger-on-discourse-events-to-integrate-with-external-services/49045
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from overheard.collectors.base import Deletion, Reading
from overheard.collectors.communities.community import Address, deletion_of
from overheard.collectors.communities.discourse import Discourse, read_posts
from overheard.collectors.communities.fields import FieldError, Item, document
from overheard.collectors.pushed.hook import Hook, Taken, check_sha256, need_secret, object_of, signed_with
from overheard.errors import InputError
from overheard.records import Fetch, Mention

EVENT = "x-discourse-event"
_TYPE = "x-discourse-event-type"
_ID = "x-discourse-event-id"
_SIGNATURE = "x-discourse-event-signature"
_EXPECTED = "a delivery of Discourse"
# A topic's own events tell its title alone; its text comes with its first post.
_SAID = frozenset({"post_created", "post_edited", "post_destroyed", "post_recovered", "topic_destroyed"})
_PRIVATE = "private_message"
# More than the topics of a forum get by its own settings.
_MOST_POSTS = 10_000


class DiscourseWebhook(Hook, frozen=True, kw_only=True):
    """What a webhook of the forum at `instance` delivers."""

    kind = "discourse_webhook"
    kind_policy = Discourse.kind_policy
    kind_terms = Discourse.kind_terms
    asks: ClassVar[Mapping[str, str]] = {"instance": "The address of the forum."}

    instance: Annotated[Address, Meta(min_length=1)]

    def __post_init__(self) -> None:
        super().__post_init__()
        need_secret(self)

    def presented(self, headers: Mapping[str, str]) -> None:
        """See `Hook.presented`."""
        signed_with(_SIGNATURE, headers)

    def checked(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
        """See `Hook.checked`."""
        del now  # no time is signed
        check_sha256(signed_with(_SIGNATURE, headers), body, secret)

    def taken(self, headers: Mapping[str, str], body: bytes) -> Taken | None:
        """See `Hook.taken`."""
        if headers.get(_TYPE) == "ping":
            return Taken("ping", answer="pong")
        event = headers.get(EVENT, "")
        if event not in _SAID:
            return None
        object_of(body)  # JSON, also where the forum was set to call it a form
        kept = {name: headers[name] for name in (EVENT, _TYPE, _ID) if name in headers}
        return Taken(event, body, {"content-type": "application/json", **kept}, f"{self.instance.rstrip('/')}/")

    def read(self, fetch: Fetch) -> Reading:
        """Return what was written, edited, taken down or put back (`Source.read`)."""
        found = document(fetch, _EXPECTED)
        if not isinstance(found, dict):
            raise InputError(f"expected {_EXPECTED}, an object; got something else", where=fetch.url)
        fetch = self._at_home(fetch)
        if fetch.headers.get(EVENT) == "topic_destroyed":
            return _topic_gone(fetch, Item(found))
        if Item(found).item_if_any("post").text_if_any("topic_archetype") == _PRIVATE:
            return Reading()
        reading = read_posts(fetch)
        match fetch.headers.get(EVENT):
            case "post_destroyed":
                gone = [Deletion(_left(one, fetch)) for one in reading.mentions]
                return replace(reading, mentions=(), deletions=(*reading.deletions, *gone))
            case "post_recovered":
                # It is there again as of now, whatever was said when it was taken down.
                back = tuple(msgspec.structs.replace(one, updated=fetch.at) for one in reading.mentions)
                return replace(reading, mentions=back)
            case _:
                return replace(reading, as_of=_as_of(reading, Item(found).item_if_any("post")))

    def _at_home(self, fetch: Fetch) -> Fetch:
        """Return a fetch as of the forum's own address: what its posts are known by."""
        home = f"{self.instance.rstrip('/')}/"
        return msgspec.structs.replace(fetch, url=home, final_url=home)


def _as_of(reading: Reading, post: Item) -> Mapping[str, datetime]:
    """Return when a delivery's post was as it is told: one that failed is sent again, after others."""
    when = post.time_if_any("updated_at") or post.time_if_any("created_at")
    return {one.id: when for one in reading.mentions} if when is not None and len(reading.mentions) == 1 else {}


def _left(mention: Mention, fetch: Fetch) -> Mention:
    return deletion_of(fetch, mention.platform, mention.native_id, url=mention.url).mention


def _topic_gone(fetch: Fetch, whole: Item) -> Reading:
    """Return that all posts of a topic are gone: of those behind the first one nothing else is sent."""
    topic = whole.item_if_any("topic")
    if topic.text_if_any("archetype") == _PRIVATE:
        return Reading()
    try:
        id_ = topic.needed_id("id")
    except FieldError as e:
        raise InputError(f"expected the id of a topic at {e.where}; {e}", where=fetch.url) from e
    count = min(max(topic.count("highest_post_number") or 1, 1), _MOST_POSTS)
    numbers = range(1, count + 1)
    return Reading(deletions=tuple(deletion_of(fetch, _platform(fetch), f"{id_}/{number}") for number in numbers))


def _platform(fetch: Fetch) -> str:
    """Return what a forum is called among platforms: its host."""
    return fetch.final_url.partition("://")[2].partition("/")[0].lower()
