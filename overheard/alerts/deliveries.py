"""The life of a delivery: made, tried, tried again later, sent or given up. Pure.

waiting ──▶ sent
   │  ▲
   ▼  │ resend
failed ──▶ given up
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from overheard.alerts import complaint, digest
from overheard.alerts.words import MOST_TEXT, shown
from overheard.records import Attempt, Delivery, DeliveryItem, delivery_id

FEED = "feed"
MAIL = "mail"
WEBHOOK = "webhook:"

# The waits after each failure: those that Standard Webhooks 1.0.0 proposes, with a minute more at the beginning for a
# mail server that lists newcomers grey. Together three days, so that a weekend's outage loses nothing.
SCHEDULE = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
_MOST_RETRY_AFTER = timedelta(days=1)
# Each wait is up to a quarter longer at random, so that what failed together does not come back together.
_JITTER = 0.25
_MOST_ATTEMPTS = 50
_MOST_SUBJECT = 150


def alerts_for(item: DeliveryItem, channels: Sequence[str], now: datetime) -> list[Delivery]:
    """Return the deliveries that tell a complaint, one for each channel."""
    who = item.name + (f" ({item.account})" if item.account and item.account != item.name else "")
    return [
        begun(
            Delivery(
                id=delivery_id(complaint.RULE, item.incident, channel),
                kind="alert",
                rule=complaint.RULE,
                about=item.incident,
                channel=channel,
                subject=shown(f"Complaint by {who}", _MOST_SUBJECT),
                items=(item,),
                created=now,
            )
        )
        for channel in channels
    ]


def digests_for(found: digest.Digest, channels: Sequence[str], now: datetime) -> list[Delivery]:
    """Return the deliveries of a digest, one for each channel."""
    return [
        begun(
            Delivery(
                id=digest_delivery_id(found.day.isoformat(), channel),
                kind="digest",
                rule=digest.RULE,
                about=found.day.isoformat(),
                channel=channel,
                subject=shown(found.subject, _MOST_SUBJECT),
                items=found.items,
                notes=found.notes,
                since=found.since,
                until=found.until,
                created=now,
            )
        )
        for channel in channels
    ]


def digest_delivery_id(day: str, channel: str) -> str:
    """Return the id of the digest of a local day ("2026-11-21") through a channel."""
    return delivery_id(digest.RULE, day, channel)


def begun(delivery: Delivery) -> Delivery:
    """Return it as it begins: the feed has it by being there, what must be sent is due at once."""
    if delivery.channel == FEED:
        return msgspec.structs.replace(delivery, state="sent", sent=delivery.created)
    return msgspec.structs.replace(delivery, next_attempt=delivery.created)


def is_unsent(delivery: Delivery) -> bool:
    """True where it has yet to be sent."""
    return delivery.state in ("waiting", "failed")


def sent(delivery: Delivery, at: datetime, message: str = "") -> Delivery:
    """Return the delivery after an attempt that worked."""
    attempt = Attempt(at=at, outcome="sent", message=shown(message, MOST_TEXT))
    return msgspec.structs.replace(
        delivery, state="sent", sent=at, next_attempt=None, attempts=_with(delivery, attempt), reason=""
    )


def failed(
    delivery: Delivery, at: datetime, message: str, *, jitter: float = 0.0, retry_after: timedelta | None = None
) -> Delivery:
    """Return the delivery after an attempt that failed: tried again as the schedule says, or given up at its end.

    `retry_after` is what the receiver asked for; a longer wait than the schedule's is kept, up to a day. `jitter` is a
    random number in [0, 1).
    """
    failures = delivery.failures + 1
    attempts = _with(delivery, Attempt(at=at, outcome="failed", message=shown(message, MOST_TEXT)))
    if failures > len(SCHEDULE):
        reason = f"failed {failures} times, the last time: {message}"
        return given_up(msgspec.structs.replace(delivery, attempts=attempts, failures=failures), reason)
    wait = SCHEDULE[failures - 1] * (1 + _JITTER * jitter)
    if retry_after is not None:
        wait = max(wait, min(retry_after, _MOST_RETRY_AFTER))
    return msgspec.structs.replace(
        delivery, state="failed", attempts=attempts, failures=failures, next_attempt=at + wait
    )


def refused(delivery: Delivery, at: datetime, message: str) -> Delivery:
    """Return the delivery after an attempt that shows that more are no use: given up."""
    attempts = _with(delivery, Attempt(at=at, outcome="failed", message=shown(message, MOST_TEXT)))
    return given_up(msgspec.structs.replace(delivery, attempts=attempts, failures=delivery.failures + 1), message)


def given_up(delivery: Delivery, reason: str) -> Delivery:
    """Return the delivery given up, with the reason."""
    return msgspec.structs.replace(delivery, state="given up", next_attempt=None, reason=shown(reason, MOST_TEXT))


def resent(delivery: Delivery, now: datetime) -> Delivery:
    """Return the delivery as one that is to be sent again, due now, under the same id."""
    return msgspec.structs.replace(delivery, state="waiting", failures=0, next_attempt=now, sent=None, reason="")


def without(delivery: Delivery, incident: str, reason: str, *, forget: bool) -> Delivery:
    """Return the delivery after an incident of it is gone, or is said not to be about us.

    An alert about it that is unsent is given up, and a digest goes without it. `forget`: nothing that was said stays in
    what was sent either.
    """
    if not any(item.incident == incident for item in delivery.items):
        return delivery
    unsent = is_unsent(delivery)
    if forget or (unsent and delivery.kind == "digest"):
        items = tuple(item for item in delivery.items if item.incident != incident)
        subject = f"{delivery.kind}: {reason}" if forget and delivery.kind == "alert" else delivery.subject
        notes = delivery.notes if delivery.kind == "alert" else (*delivery.notes, f"1 thing less: {reason}.")
        delivery = msgspec.structs.replace(delivery, items=items, subject=subject, notes=notes)
    return given_up(delivery, reason) if unsent and delivery.kind == "alert" else delivery


def _with(delivery: Delivery, attempt: Attempt) -> tuple[Attempt, ...]:
    return (*delivery.attempts, attempt)[-_MOST_ATTEMPTS:]
