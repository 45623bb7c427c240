"""What else the poll of a source asks, and when: children of an index, feeds of comments. Pure.

    Reading.requests ─▶ follow(known, …) ─▶ due(…) ─▶ … the request … ─▶ after(…)

An answer of the source that holds nothing new leaves what it named last: comments come where the feed stays as it was.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from overheard.collectors.base import Further
from overheard.collectors.fetching.fetch import Answer
from overheard.records import Followed

# What one source may name, and what one poll asks of it: a page of an index and its newest children, or the newest
# entries' comments. Each costs a request and the gap of its site.
MAX_FOLLOWED = 50
MAX_ASKED = 10
# What says nothing of its changes is asked at most hourly, and then after a twelfth of its age: a thread of a day every
# two hours, one of a month every two days and a half.
FLOOR = timedelta(hours=1)
_SHARE = 12
_MAX_PAUSE = timedelta(days=7)
_DOUBLINGS = 8


def follow(
    known: Sequence[Followed], requests: Sequence[Further], now: datetime, reached: datetime | None = None
) -> tuple[Followed, ...]:
    """Return what is followed once a source has named `requests`; what it named before and names no more is dropped.

    At most `MAX_FOLLOWED`, in the order named, each address once. What is older than what the source had `reached` was
    no part of what is named for the first time.
    """
    before = {one.url: one for one in known}
    followed: dict[str, Followed] = {}
    for request in requests:
        if len(followed) >= MAX_FOLLOWED:
            break
        if request.url not in followed:
            followed[request.url] = _followed(before.get(request.url), request, now, reached)
    return tuple(followed.values())


def _followed(old: Followed | None, request: Further, now: datetime, reached: datetime | None) -> Followed:
    if old is None or old.purpose != request.purpose:
        return Followed(
            url=request.url,
            purpose=request.purpose,
            about=request.about,
            changed=request.changed,
            since=request.since or now,
            due=now,
            reached=reached,
            whole=request.whole,
        )
    new = request.changed is not None and (old.changed is None or request.changed > old.changed)
    # What failed waits its time, whatever is said to be new there.
    due = now if new and not old.failures else old.due
    return msgspec.structs.replace(
        old,
        about=request.about,
        changed=request.changed,
        since=request.since or old.since,
        due=due,
        whole=request.whole,
    )


def due(followed: Sequence[Followed], now: datetime) -> list[Followed]:
    """Return what to ask in a poll, at most `MAX_ASKED`: what waited longest first, then in the order named."""
    waiting = [one for one in followed if one.due is not None and one.due <= now]
    return sorted(waiting, key=lambda one: one.due or now)[:MAX_ASKED]


def after(one: Followed, answer: Answer, now: datetime, *, body: str = "", problem: str = "") -> Followed:
    """Return what is known after an answer. `body` is the digest of what came, `problem` why it could not be read."""
    if answer.message or problem:
        failures = one.failures + 1
        pause = _MAX_PAUSE if answer.status == 410 else min(FLOOR * (1 << min(failures, _DOUBLINGS)), _MAX_PAUSE)
        return msgspec.structs.replace(one, failures=failures, due=now + pause)
    pause = min(max(FLOOR, (now - one.since) / _SHARE), _MAX_PAUSE)
    one = msgspec.structs.replace(one, failures=0, due=now + pause if one.changed is None else None)
    if one.whole:
        # That the first page of several is as it was says nothing of the others.
        return msgspec.structs.replace(one, etag="", last_modified="", body="")
    if answer.kind == "unmodified":
        return one
    return msgspec.structs.replace(
        one,
        etag=answer.headers.get("etag", ""),
        last_modified=answer.headers.get("last-modified", ""),
        body=body or one.body,
    )
