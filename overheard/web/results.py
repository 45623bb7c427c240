"""What the API answers with, where it is no record: outcomes, changes, health; immutable, camelCase in JSON."""

from typing import Literal

import msgspec

from overheard.records import (
    Account,
    Change,
    Contact,
    DeadLetter,
    Decision,
    Evidence,
    Incident,
    Outcome,
    Profile,
    Role,
    Term,
)
from overheard.records.base import Time


class Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of all results: defaults are left out of the JSON, as with records."""


class PostOutcome(Result, frozen=True, kw_only=True):
    """What became of one post handed in, the `index`-th of its batch, from 0.

    "collected": new or changed, and on its way; "unchanged": its source said the same before; "dead": it cannot be
    used, `message` says why and `field` where, and it is kept as a dead letter; "suppressed": its author was erased,
    and nothing is kept. `id` is the mention's; empty of the last two.
    """

    index: int
    status: Literal["collected", "unchanged", "dead", "suppressed"]
    id: str = ""
    field: str = ""
    message: str = ""


class FieldChange(Result, frozen=True, kw_only=True):
    """A field that a batch changes, with both values as text; "" for none."""

    field: str
    old: str
    new: str


class RowOutcome(Result, frozen=True, kw_only=True):
    """What became of one contact or account, the `index`-th of its batch, from 0.

    "superseded": a later one of the batch has the same external id, and that one counts. "error": nothing was changed,
    and `message` says why. "suppressed": the person asked to be erased. `id` is ours. `changes` is empty where it was
    created.
    """

    index: int
    status: Literal["created", "changed", "unchanged", "superseded", "duplicate", "suppressed", "error"]
    external_id: str = ""
    id: str = ""
    name: str = ""
    changes: tuple[FieldChange, ...] = ()
    message: str = ""
    warnings: tuple[str, ...] = ()


class Changes(Result, frozen=True, kw_only=True):
    """Changes in the matcher's order; `next` is the cursor after the last of them, always there."""

    changes: tuple[Change, ...]
    next: str


class StageHealth(Result, frozen=True, kw_only=True):
    """One stage: offsets that lie ahead of it, the age of the oldest of those in seconds, fates since the beginning.

    The age is absent where nothing waits. `lag` is 0 and without meaning for "collect", which reads no topic.
    """

    stage: str
    lag: int
    oldest_waiting: float | None = None
    fates: dict[str, int]


class SourceHealth(Result, frozen=True, kw_only=True):
    """One source that is polled: what is configured, and how its last poll went.

    `interval` is in seconds. `status` is the HTTP status (0: no answer), `error` what went wrong last, `failures` those
    in a row. Times are absent before the first poll; `quietUntil`: its site wants to be left alone until then. `new`
    posts came in the last seven days, `passed` are on record.
    """

    name: str
    kind: Literal["feed", "file"]
    url: str
    interval: float
    next_due: Time | None = None
    polled: Time | None = None
    succeeded: Time | None = None
    quiet_until: Time | None = None
    failures: int = 0
    status: int = 0
    error: str = ""
    new: int = 0
    passed: int = 0


class Health(Result, frozen=True, kw_only=True):
    """How it is. "behind": a record waits for longer than a minute. All but `status` needs the scope read."""

    status: Literal["ok", "behind"]
    version: str = ""
    stages: tuple[StageHealth, ...] = ()
    sources: int = 0
    failing_sources: tuple[str, ...] = ()
    dead_letters: int = 0
    deliveries: dict[str, int] = {}


class PostBatch(Result, frozen=True, kw_only=True):
    """What became of a batch of posts; `counts` by status."""

    items: tuple[PostOutcome, ...]
    counts: dict[str, int]


class RowBatch(Result, frozen=True, kw_only=True):
    """What became of a batch of contacts or accounts; `counts` by status. Of a dry run: what would become."""

    items: tuple[RowOutcome, ...]
    counts: dict[str, int]
    dry_run: bool


class Highlight(Result, frozen=True, kw_only=True):
    """A cut of a mention's text from code point `start` on, and the spans [from, to) of `text` that matched."""

    start: int
    text: str
    marks: tuple[tuple[int, int], ...]


class MentionHit(Result, frozen=True, kw_only=True):
    """An incident that was found, its version, and where the query matched in it."""

    incident: Incident
    version: int
    highlights: tuple[Highlight, ...]


class FacetCount(Result, frozen=True, kw_only=True):
    """How many incidents have a value."""

    value: str
    count: int


class MentionPage(Result, frozen=True, kw_only=True):
    """A page of incidents. `total` counts all pages; `next` is the cursor of the page after, "" on the last one."""

    items: tuple[MentionHit, ...]
    total: int
    facets: dict[str, tuple[FacetCount, ...]]
    next: str


class ContactPage(Result, frozen=True, kw_only=True):
    """A page of contacts; as `MentionPage`."""

    items: tuple[Contact, ...]
    total: int
    next: str


class AccountPage(Result, frozen=True, kw_only=True):
    """A page of accounts; as `MentionPage`."""

    items: tuple[Account, ...]
    total: int
    next: str


class Profiles(Result, frozen=True, kw_only=True):
    """The profiles that are called so, last heard of first; may be empty."""

    items: tuple[Profile, ...]


class Watched(Result, frozen=True, kw_only=True):
    """What is listened for: terms, and sources whose every post passes."""

    terms: tuple[Term, ...]
    sources: tuple[str, ...]


class Sources(Result, frozen=True, kw_only=True):
    """The sources of the settings."""

    items: tuple[SourceHealth, ...]


class DeadLetters(Result, frozen=True, kw_only=True):
    """A page of dead letters, oldest first; `next` as in `MentionPage`."""

    items: tuple[DeadLetter, ...]
    next: str


class Handled(Result, frozen=True, kw_only=True):
    """The dead letters that were replayed or dropped, by id."""

    ids: tuple[str, ...]


class Rival(Result, frozen=True, kw_only=True):
    """Another one who may be meant in the same place, with the same figures as a party's."""

    subject: str
    name: str = ""
    outcome: Outcome
    weight: float
    score: float


class WhyParty(Result, frozen=True, kw_only=True):
    """Why somebody has a part in an incident.

    `weight` is `bias` (what is believed before any evidence) and the weights of the evidence added up, in log-odds;
    `score` is the calibrated share of such links that are right. `rivals` are the best ten. `decision` is the newest
    that holds on the two; absent where nobody decided.
    """

    role: Role
    subject: str
    name: str = ""
    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    bias: float = 0.0
    weight: float = 0.0
    score: float = 0.0
    rivals: tuple[Rival, ...] = ()
    decision: Decision | None = None


class Why(Result, frozen=True, kw_only=True):
    """Why an incident is on whom it is on. A link by itself needs a score of `bar`.

    `event` is the event that it belongs to, "" for none, and `event_why` what joins it. `decisions` are those that hold
    on the post and on its author's identities, oldest first.
    """

    incident: str
    bar: float
    parties: tuple[WhyParty, ...]
    event: str = ""
    event_why: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()


class ReviewItem(Result, frozen=True, kw_only=True):
    """A post that waits for a person: the candidates that nobody has decided on, best first; at least one.

    `cursor` is the place behind it.
    """

    incident: Incident
    candidates: tuple[WhyParty, ...]
    bar: float
    cursor: str


class ReviewPage(Result, frozen=True, kw_only=True):
    """A page of what waits, the best first. `total` counts all that waits; `next` is "" on the last page."""

    items: tuple[ReviewItem, ...]
    total: int
    next: str


class ErasedStore(Result, frozen=True, kw_only=True):
    """What one store held of a person, and what went. What could not go at once is gone at `until`; absent: all is."""

    store: str
    found: int
    removed: int
    until: Time | None = None


class Certificate(Result, frozen=True, kw_only=True):
    """What became of the erasing of a person; nothing in it says who that was.

    `subjects` are the keyed hashes of the identities, by which they are kept out from now on; `by` asked for it at
    `at`. `dry_run`: nothing was written, and it says what would go. `notes` are sentences for a person.
    """

    id: str
    at: Time
    by: str
    dry_run: bool = False
    subjects: tuple[str, ...]
    stores: tuple[ErasedStore, ...]
    notes: tuple[str, ...] = ()
