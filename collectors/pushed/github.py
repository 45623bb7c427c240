"""Webhooks of GitHub: what is written in repositories, as it is written, edited and deleted.

https://docs.github.com/en/webhooks
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from overheard.collectors.base import Reading
from overheard.collectors.communities.fields import Item, document
from overheard.collectors.communities.github import GONE, GitHub, read_written
from overheard.collectors.markup import absolute_url
from overheard.collectors.pushed.hook import Hook, Taken, check_sha256, json_of, need_secret, object_of, signed_with
from overheard.records import Fetch, Mention

EVENT = "x-github-event"
_DELIVERY = "x-github-delivery"
_SIGNATURE = "x-hub-signature-256"
_EXPECTED = "a delivery of GitHub"
# Events in which somebody says something. All others (stars, pushes, runs) are answered and let go.
_SAID = frozenset({
    "issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "commit_comment",
    "discussion", "discussion_comment", "release",
})  # fmt: skip
# What a delivery may be about and say nothing else of when it was edited.
_THINGS = ("discussion", "pull_request", "issue")


class GitHubWebhook(Hook, frozen=True, kw_only=True):
    """What a webhook of a repository, an organisation or an app delivers."""

    kind = "github_webhook"
    kind_policy = GitHub.kind_policy
    kind_terms = GitHub.kind_terms
    asks: ClassVar[Mapping[str, str]] = {}

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
        event = headers.get(EVENT, "")
        if event == "ping":
            return Taken(event, answer="pong")
        if event not in _SAID:
            return None
        given = json_of(headers, body)
        object_of(given)
        kept = {name: headers[name] for name in (EVENT, _DELIVERY) if name in headers}
        return Taken(event, given, {"content-type": "application/json", **kept}, "https://github.com/")

    def read(self, fetch: Fetch) -> Reading:
        """Return what was written, edited or deleted (`Source.read`).

        What is written in a private repository was said to its owner alone.
        """
        found = document(fetch, _EXPECTED)
        readings = [read_written(msgspec.structs.replace(fetch, body=one)) for one in _documents(fetch, found)]
        edited, private, times = _edited(found), _private(found), _times(found)
        return Reading(
            tuple(_as_event(one, edited, private) for reading in readings for one in reading.mentions),
            tuple(one for reading in readings for one in reading.rejected),
            sum(reading.repeated for reading in readings),
            deletions=tuple(one for reading in readings for one in reading.deletions),
            as_of={one.id: when for reading in readings for one in reading.mentions if (when := times.get(one.url))},
        )


def _documents(fetch: Fetch, found: Any) -> Iterator[bytes]:
    """Yield a delivery as `read_written` knows it.

    What was moved to another repository has another address there, so that it is gone here and another there.
    """
    if not isinstance(found, dict):
        yield fetch.body
        return
    is_gone = found.get("action") in GONE
    yield fetch.body
    changes = found.get("changes")
    for name in ("new_issue", "new_discussion", "old_issue"):
        if isinstance(changes, dict) and isinstance(changes.get(name), dict) and is_gone == name.startswith("new"):
            here = changes[name]
            # Written by the library that read it: it takes half a character, which is to spoil nothing else.
            yield json.dumps(here if is_gone else {"action": "deleted", "issue": here}).encode()


def _edited(found: Any) -> tuple[str, datetime | None]:
    """Return the address of what a delivery says was edited, and when; "" for all others.

    Of an issue nothing else tells when its text was: what it says of itself is when anything happened to it.
    """
    whole = Item(found if isinstance(found, dict) else {})
    if whole.raw("action") != "edited" or whole.has("comment") or whole.has("review") or whole.has("release"):
        return "", None
    thing = next((one for name in _THINGS if (one := whole.item_if_any(name)).value), Item({}))
    return thing.text_if_any("html_url"), thing.time_if_any("updated_at")


def _times(found: Any) -> dict[str, datetime]:
    """Return when each thing in a delivery was as it is told, by its address: one that failed may be sent again."""
    whole = Item(found if isinstance(found, dict) else {})
    things = [one for name in (*_THINGS, "comment", "review", "release") if (one := whole.item_if_any(name)).value]
    times = {one.text_if_any("html_url"): one.time_if_any("updated_at") for one in things}
    return {absolute_url(url): when for url, when in times.items() if when is not None}


def _private(found: Any) -> tuple[str, ...]:
    """Return how the native ids begin of what is written in the private repositories of a delivery."""
    whole = Item(found if isinstance(found, dict) else {})
    repositories = (whole.item_if_any("repository"), whole.item_if_any("changes", "new_repository"))
    return tuple(f"{one.text_if_any('full_name').lower()}/" for one in repositories if one.flag("private"))


def _as_event(mention: Mention, edited: tuple[str, datetime | None], private: tuple[str, ...]) -> Mention:
    url, when = edited
    if url and mention.url == url and when is not None and (mention.published is None or when > mention.published):
        mention = msgspec.structs.replace(mention, updated=when)
    return msgspec.structs.replace(mention, channel="form") if mention.native_id.startswith(private) else mention
