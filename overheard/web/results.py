"""What the API answers with, where it is no record: outcomes, changes, health; immutable, camelCase in JSON."""

from datetime import date
from typing import Literal

import msgspec

from overheard.collectors.polling.health import HealthState
from overheard.policy import OPEN
from overheard.records import (
    Account,
    Change,
    Contact,
    DeadLetter,
    Decision,
    Evidence,
    Incident,
    Outcome,
    Policy,
    Profile,
    Role,
    Snippet,
    Term,
    Version,
)
from overheard.records.base import Time


class Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of all results: defaults are left out of the JSON, as with records."""


class PostOutcome(Result, frozen=True, kw_only=True):
    """What became of one post handed in, the `index`-th of its batch, from 0.

    "collected": new or changed, and on its way; "deleted": gone where it was said, and so here; "unchanged": known by
    now, of a post that is gone also one that was not edited since; "dead": it cannot be
    used, `message` says why and `field` where, and it is kept as a dead letter; "suppressed": its author was erased,
    and nothing is kept; "expired": it is older than the policy of its source keeps, and nothing is. `id` is the
    mention's; empty of the last three.
    """

    index: int
    status: Literal["collected", "deleted", "unchanged", "expired", "dead", "suppressed"]
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


class Received(Result, frozen=True, kw_only=True):
    """What was sent to a source that is told, not asked (webmentions), in the last seven days.

    `waiting` are to be looked at; of `verified` ones the page links to its target, `refused` ones do not, and `failed`
    ones could not be had. `problem` is what was wrong last, with the `page`, `at` a time; absent where nothing was.
    """

    waiting: int = 0
    verified: int = 0
    refused: int = 0
    failed: int = 0
    problem: str = ""
    page: str = ""
    at: Time | None = None


class BackFill(Result, frozen=True, kw_only=True):
    """A stretch of time that a source fills in: how far that is, or what came of it.

    `from` and `to` are its first and last moment, `asked` is when it was asked for. `pages` were read and `posts` are
    new of it, back to `oldest` (absent where none has a date). `said` is that in words, with why it waits or ended.
    """

    start: Time | None = msgspec.field(name="from", default=None)
    end: Time | None = msgspec.field(name="to", default=None)
    asked: Time
    state: Literal["waiting", "done", "failed", "refused"]
    pages: int = 0
    posts: int = 0
    oldest: Time | None = None
    said: str


class Spending(Result, frozen=True, kw_only=True):
    """What the sources of one account have used of their budget in a period ("2026-11", a day "2026-11-23"; UTC).

    `used` of `limit` (of `unit`: "posts"), and `forecast` are to be expected by its end (absent: too early to tell);
    at `until` the next period begins. `cost` of `costLimit` is what that is at the price that is set (absent: none is).
    `said` is all of it in words, with what happens once it is used up.
    """

    period: str
    unit: str
    used: int
    limit: int
    forecast: int | None = None
    until: Time
    cost: float | None = None
    cost_limit: float | None = None
    said: str


class Webmentioned(Result, frozen=True, kw_only=True):
    """What became of a webmention, as its sender may know it: `reason` is why it was refused, else absent."""

    state: Literal["waiting", "verified", "refused", "failed"]
    source: str
    target: str
    reason: str = ""


class SourceHealth(Result, frozen=True, kw_only=True):
    """One source that is polled: what is configured, how it does, and how its last poll went.

    `state` is how it does in a word, `message` in a sentence, `advice` what to do (absent: nothing), `since` when all
    was well last (of a silent one its last entry). `rhythm` is how it posts in words, `nextWhy` why it is asked at
    `nextDue`. `requests` were sent for it since `began`.

    `interval` is in seconds, null where the source is asked in its own rhythm. `status` is the HTTP status (0: no
    answer), `error` what went wrong last, `failures` those in a row. Times are absent before the first poll;
    `quietUntil`: its site wants to be left alone until then. `new` posts came in the last seven days, of which
    `kept` were about us; `passed` are on record since the beginning. `received`: what was sent to it, where it is told
    and not asked. `backFill` is the stretch of time that is being filled in, else the one that ended last (absent:
    none of the last 90 days). `policy` is what of it is kept and for how long,
    and what may leave. `budget` is what its account has used up of its budget (absent: it has none).
    """

    name: str
    kind: str
    url: str
    interval: float | None
    state: HealthState
    message: str = ""
    advice: str = ""
    since: Time | None = None
    rhythm: str = ""
    next_due: Time | None = None
    next_why: str = ""
    polled: Time | None = None
    succeeded: Time | None = None
    quiet_until: Time | None = None
    failures: int = 0
    status: int = 0
    error: str = ""
    new: int = 0
    kept: int = 0
    passed: int = 0
    requests: int = 0
    began: Time | None = None
    received: Received | None = None
    endpoint: str = ""
    back_fill: BackFill | None = None
    policy: Policy = OPEN
    budget: Spending | None = None


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


class SourceEntry(Result, frozen=True, kw_only=True):
    """One entry that a source brought, by the id of its mention: when it was said, and when it came last.

    `incident` is what it is on record as, absent where it was let go; `gone`: it was deleted where it was said.
    """

    id: str
    url: str = ""
    published: Time | None = None
    came: Time
    incident: str = ""
    gone: bool = False


class SourceLead(Result, frozen=True, kw_only=True):
    """What a source leads to, which its polls ask besides: for what, from when on, and how often it failed in a row.

    `due` is absent where it is asked once the source says that it changed.
    """

    url: str
    purpose: str
    due: Time | None = None
    failures: int = 0


class SourceFetch(Result, frozen=True, kw_only=True):
    """One fetch of a source: when, of which address, its status, and the bytes of its body; for what, if not itself."""

    id: str
    at: Time
    url: str
    status: int
    size: int
    purpose: str = ""


class SourceDetail(Result, frozen=True, kw_only=True):
    """One source whole: how it does, what the rules of its site say of it, what it leads to, and what came last.

    `robots` is absent where they were not asked for yet. Entries, fetches and dead letters are the last ten, newest
    first; fetches are kept for seven days.
    """

    source: SourceHealth
    robots: str = ""
    leads: tuple[SourceLead, ...] = ()
    entries: tuple[SourceEntry, ...] = ()
    fetches: tuple[SourceFetch, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    withheld: str = ""


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

    `event` is the event that it belongs to, "" for none, and `event_why` what joins it. `versions` are what the post
    said before it was edited, as the incident has them. `decisions` are those that hold on the post and on its author's
    identities, oldest first.
    """

    incident: str
    bar: float
    parties: tuple[WhyParty, ...]
    event: str = ""
    event_why: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()
    version_count: int = 0
    decisions: tuple[Decision, ...] = ()
    withheld: str = ""


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


class ConcernOf(Result, frozen=True, kw_only=True):
    """What posts complain of or wish for of one product: a topic, with posts by UTC month ("2026-11"; none left out).

    `product` is the id of a watched term. `activities` of the posts were written to us alone. `query` finds the others,
    which are public; these too with `channel:` beside it. `recent` are of the last 30 days, `before` of the 30 before
    them. `snippets` are of the newest posts.
    """

    product: str
    topic: str
    query: str
    posts: int
    recent: int
    before: int
    by_month: dict[str, int]
    snippets: tuple[Snippet, ...]
    activities: int = 0
    withheld: str = ""


class Concerns(Result, frozen=True, kw_only=True):
    """What is complained of and wished for, most frequent first, the 100 most frequent at most.

    `product` is the watched term that was asked for, "" for all. `posts` have any concern of it. `since` is the first
    of the last 30 days, UTC.
    """

    product: str = ""
    since: date
    posts: int
    items: tuple[ConcernOf, ...]


class AgreementRow(Result, frozen=True, kw_only=True):
    """How often the machine had said what a person said, of one kind of label, by source and language.

    `low` and `high` bound the share with 95 % confidence (Wilson's score interval).
    """

    what: str
    source: str
    language: str
    labels: int
    agreed: int
    low: float
    high: float


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
