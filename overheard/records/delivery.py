"""A delivery: one alert or digest on its way through one channel, and what became of each attempt."""

from typing import Literal

from overheard.records.base import Record, Time
from overheard.records.ids import digest
from overheard.records.mention import Channel
from overheard.records.snippet import Polarity

DeliveryKind = Literal["digest", "alert", "health"]
DeliveryState = Literal["waiting", "sent", "failed", "given up"]


def delivery_id(rule: str, about: str, channel: str) -> str:
    """Return the id of the one delivery through `channel` of what `rule` has to say of `about`.

    `about` is an incident's id, the local day of a digest ("2026-11-21"), or a digest of changes of health.
    """
    return f"del_{digest('delivery', rule, about, channel)}"


class Points(Record, frozen=True, kw_only=True):
    """One part of an item's score: why it matters, and how much."""

    reason: str
    points: int


class DeliveryItem(Record, frozen=True, kw_only=True):
    """One thing that is told: who said what, on whom, why it matters, and where to look.

    `contact` is the id of the contact or account that it is on, `name` theirs and `account` the organisation's; all may
    be empty. `said_by` is the author as the platform shows them. `text` is the snippet, plain and at most 500
    characters. `why` are sentences. `page`, `contact_page` and `url` (the post itself) are addresses; the last two may
    be empty. `at` is when it was said; `channel` as of the mention, "" for what is public. `withheld` says what was
    left out as this left Overheard, and by whose policy.
    """

    incident: str
    contact: str = ""
    name: str = ""
    account: str = ""
    said_by: str = ""
    source: str = ""
    text: str
    polarity: Polarity
    why: tuple[str, ...] = ()
    points: tuple[Points, ...] = ()
    page: str
    contact_page: str = ""
    url: str = ""
    at: Time
    channel: Channel = ""
    withheld: str = ""

    @property
    def score(self) -> int:
        """How much it matters: the sum of its points."""
        return sum(part.points for part in self.points)


class Attempt(Record, frozen=True, kw_only=True):
    """One attempt to send, ended at `at`; `message` is what came of it in words, without addresses or secrets."""

    at: Time
    outcome: Literal["sent", "failed"]
    message: str = ""


class Delivery(Record, frozen=True, kw_only=True):
    """An alert, a digest or news of the sources' health through one channel: "mail", "feed" or "webhook:<name>".

    `about` is what its id was made of (`delivery_id`), `subject` the line that a mail shows. `since` and `until` are a
    digest's period, `notes` its sentences beside the items (counts, sources). "waiting" was not tried since it was made
    or asked for again, "failed" is tried again at `next_attempt`; both others are final, and have none. `failures`
    counts since then; `attempts` are the last 50. `reason` says why it was given up.
    """

    id: str
    kind: DeliveryKind
    rule: str
    about: str
    channel: str
    subject: str
    items: tuple[DeliveryItem, ...] = ()
    notes: tuple[str, ...] = ()
    since: Time | None = None
    until: Time | None = None
    state: DeliveryState = "waiting"
    attempts: tuple[Attempt, ...] = ()
    failures: int = 0
    next_attempt: Time | None = None
    created: Time
    sent: Time | None = None
    reason: str = ""
