"""Who pushes in the simulated week: GitHub, a forum, a partner, a till at the API, and what befalls their deliveries.

Each repeats what was not answered well, after a while; so deliveries come twice, late, and in another order.
"""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from overheard.collectors.base import Source
from overheard.collectors.pushed.discourse import DiscourseWebhook
from overheard.collectors.pushed.github import GitHubWebhook
from overheard.collectors.pushed.push import Push
from tests.collectors.week.script import DAY, START
from tests.collectors.week.streams import Teller
from tests.collectors.week.truth import Post, Promise, Truth

SECRET_ENV, PUSH_ENV = "WEEK_SECRET", "WEEK_PUSH_SECRET"
SECRET, OLD_SECRET = "correct horse battery staple", "the secret of last week"
KEY = bytes(range(32))
PUSH_SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
_BATCH = 3
_ISSUE = "paperfold/driver/issues/41"
# What a sender may have: the answer, none though it was taken, none since it never came, and an old secret.
OUTCOMES = ("answered", "answered", "answered", "cut", "unsent", "old secret")


@dataclass
class Delivery:
    """Something to deliver, from `due` on, until it is answered well."""

    due: datetime
    number: int
    body: bytes
    event: str = ""


class Sender(Teller):
    """One of those who push: `deliveries` wait to be answered."""

    promise = Promise()

    def __init__(self, truth: Truth, clock: Callable[[], datetime]) -> None:
        super().__init__(truth, clock)
        self.deliveries: list[Delivery] = []
        self.sent = 0

    @property
    def path(self) -> str:
        return f"/hooks/{self.name}"

    def tell(self, at: datetime, post: Post) -> None:
        super().tell(at, post)
        event = "gone" if post.deleted_at else "edited" if len(post.versions) > 1 else "created"
        self.deliveries.append(Delivery(at, len(self.said), self.said[-1].frame, event))

    def last_said(self, *besides: bytes) -> bytes:
        """Return a batch of what was told last, in any order."""
        told = [*besides, *(one.frame for one in self.said[-_BATCH:])]
        random.Random(len(self.said)).shuffle(told)
        return b"[%s]" % b",".join(told)

    def due(self, now: datetime) -> list[Delivery]:
        return [one for one in self.deliveries if one.due <= now]

    def answered(self, delivery: Delivery, status: int, rng: random.Random) -> None:
        """Repeat a delivery that was not answered well."""
        if 200 <= status < 300:
            self.deliveries.remove(delivery)
        else:
            delivery.due += timedelta(minutes=rng.choice([1, 5, 60, 600]))

    def headers(self, delivery: Delivery, now: datetime, *, old: bool) -> Mapping[str, str]:
        """Return what a delivery is sent with now; `old`: signed with a secret that is none any more."""
        raise NotImplementedError

    def close(self) -> None:
        pass


def _sha256(body: bytes, *, old: bool) -> str:
    return f"sha256={hmac.new((OLD_SECRET if old else SECRET).encode(), body, hashlib.sha256).hexdigest()}"


class GitHubSender(Sender):
    """Comments on an issue of a repository."""

    name = "repos"

    def __init__(self, truth: Truth, clock: Callable[[], datetime]) -> None:
        super().__init__(truth, clock)
        truth.say(self.name, _ISSUE, "meera", "Every page comes out twice.", START - DAY)

    @property
    def source(self) -> Source:
        return GitHubWebhook(name=self.name, secret_env=SECRET_ENV)

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        return self.truth.say(self.name, f"{_ISSUE}#issuecomment-{7_000 + number}", who, text, at, parent=_ISSUE)

    def happen(self, rng: random.Random, at: datetime) -> None:
        """Something happens to a comment; the issue stays as it is."""
        issue = self.truth.posts.pop((self.name, _ISSUE))
        super().happen(rng, at)
        self.truth.posts[issue.key] = issue

    def framed(self, at: datetime, post: Post) -> bytes:
        home = "https://github.com"
        action = "deleted" if post.deleted_at else "edited" if len(post.versions) > 1 else "created"
        issue = {
            "html_url": f"{home}/{_ISSUE}",
            "number": 41,
            "title": "Twice",
            "user": {"login": "meera", "id": 501, "html_url": f"{home}/meera"},
            "created_at": _seconds(START - DAY),
            "updated_at": _seconds(at),
            "body": "Every page comes out twice.",
        }
        comment = {
            "html_url": f"{home}/{post.native_id}",
            "id": self.number(post),
            "user": {"login": post.author, "id": 502, "html_url": f"{home}/{post.author}"},
            "created_at": _seconds(post.posted_at),
            "updated_at": _seconds(post.versions[-1].at),
            "body": post.text,
        }
        repository = {"full_name": "paperfold/driver", "private": False}
        whole = {"action": action, "issue": issue, "comment": comment, "repository": repository, "sender": {}}
        return json.dumps(whole).encode()

    def headers(self, delivery: Delivery, now: datetime, *, old: bool) -> Mapping[str, str]:
        self.sent += 1
        return {
            "x-github-event": "issue_comment",
            "x-github-delivery": f"d-{self.sent}",
            "x-hub-signature-256": _sha256(delivery.body, old=old),
        }


class ForumSender(Sender):
    """Posts of a topic of a forum."""

    name = "forum"

    @property
    def source(self) -> Source:
        return DiscourseWebhook(name=self.name, instance="https://forum.example", secret_env=SECRET_ENV)

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        above = "96/1" if parent is None else parent.native_id
        return self.truth.say(self.name, f"96/{number + 2}", who, text, at, parent=above)

    def framed(self, at: datetime, post: Post) -> bytes:
        answered = post.parent.partition("/")[2]
        inside = {
            "id": 800 + self.number(post),
            "username": post.author,
            "user_id": 31,
            "created_at": _seconds(post.posted_at),
            "updated_at": _seconds(at),
            "cooked": f"<p>{post.text}</p>",
            "post_number": self.number(post) + 2,
            "reply_to_post_number": None if answered == "1" else int(answered),
            "topic_id": 96,
            "topic_slug": "jams",
            "topic_title": "It jams",
            "topic_archetype": "regular",
            "version": len(post.versions),
            "deleted_at": _seconds(post.deleted_at) if post.deleted_at else None,
        }
        return json.dumps({"post": inside}).encode()

    def headers(self, delivery: Delivery, now: datetime, *, old: bool) -> Mapping[str, str]:
        self.sent += 1
        event = {"gone": "post_destroyed", "edited": "post_edited", "created": "post_created"}[delivery.event]
        return {
            "x-discourse-event": event,
            "x-discourse-event-type": "post",
            "x-discourse-event-id": str(self.sent),
            "x-discourse-event-signature": _sha256(delivery.body, old=old),
        }


class PartnerSender(Sender):
    """A program that signs as Standard Webhooks says, and sends CloudEvents, the last ones again beside what is new."""

    name = "partner"

    @property
    def source(self) -> Source:
        return Push(name=self.name, secret_env=PUSH_ENV)

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        above = parent.native_id if parent is not None else ""
        return self.truth.say(self.name, f"r-{number}", who, text, at, parent=above)

    def framed(self, at: datetime, post: Post) -> bytes:
        return json.dumps(event_of(post, f"e-{len(self.said)}")).encode()

    def tell(self, at: datetime, post: Post) -> None:
        super().tell(at, post)
        self.deliveries[-1].body = self.last_said()

    def headers(self, delivery: Delivery, now: datetime, *, old: bool) -> Mapping[str, str]:
        # An old time is what a copy has that somebody kept.
        seconds = str(int((now - timedelta(hours=1) if old else now).timestamp()))
        id_ = f"msg_{delivery.number}"
        made = hmac.new(KEY, f"{id_}.{seconds}.".encode() + delivery.body, hashlib.sha256).digest()
        return {
            "webhook-id": id_,
            "webhook-timestamp": seconds,
            "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
        }


class TillSender(Sender):
    """A program that hands in through the API: the last posts again beside what is new, and one that cannot be used."""

    name = "till"
    path = "/v1/mentions"

    def say(self, number: int, who: str, text: str, at: datetime, parent: Post | None) -> Post:
        return self.truth.say(self.name, f"t-{number}", who, text, at, parent=parent.native_id if parent else "")

    def framed(self, at: datetime, post: Post) -> bytes:
        gone = post.deleted_at is not None
        edited = {"updated": (post.deleted_at or post.versions[-1].at).isoformat()} if gone or post.versions[1:] else {}
        said = {"text": post.text, "author": post.author, "published": post.posted_at.isoformat()}
        verb = {"verb": "Delete"} if gone else {"inReplyTo": post.parent or None, **said}
        return json.dumps({"source": self.name, "nativeId": post.native_id, **verb, **edited}).encode()

    def tell(self, at: datetime, post: Post) -> None:
        super().tell(at, post)
        self.deliveries[-1].body = self.last_said(b'{"source": "till", "nativeId": "empty"}')

    def headers(self, delivery: Delivery, now: datetime, *, old: bool) -> Mapping[str, str]:
        revoked = {"authorization": "Bearer oht_revoked"} if old else {}
        return {"idempotency-key": f"batch-{delivery.number}", **revoked}


def event_of(post: Post, id_: str) -> dict[str, Any]:
    """Return what became of a post as a CloudEvent."""
    gone = post.deleted_at is not None
    edited = {"updated": (post.deleted_at or post.versions[-1].at).isoformat()} if gone or post.versions[1:] else {}
    above = {"inReplyTo": post.parent} if post.parent else {}
    said = {} if gone else {"text": post.text, "author": post.author, "published": post.posted_at.isoformat(), **above}
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "/shop",
        "type": f"shop.review.{'deleted' if gone else 'said'}",
        "data": {"platform": "shop", "nativeId": post.native_id, **said, **edited},
    }


SENDERS: tuple[type[Sender], ...] = (GitHubSender, ForumSender, PartnerSender, TillSender)


def _seconds(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
