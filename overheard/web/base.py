"""What the server needs from whoever runs it: a `Service`. Knows no engine and no folder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec

from overheard.collectors.polling.health import SourceHealth, last_answer
from overheard.collectors.pushed.posts import Item
from overheard.config.settings import Settings
from overheard.index.base import Hit, Page, Sort
from overheard.policy import OPEN
from overheard.records import (
    DeadLetter,
    Decision,
    EnrichedMention,
    Event,
    Incident,
    Mention,
    Policy,
    PollState,
    Term,
    WatchedSource,
)
from overheard.web.newsource import NewSources
from overheard.web.results import (
    AgreementRow,
    BackFill,
    Certificate,
    Changes,
    Concerns,
    Health,
    PostOutcome,
    Received,
    ReviewPage,
    RowOutcome,
    Spending,
    Webmentioned,
    Why,
)
from overheard.web.setup import SetUp

Scope = Literal["read", "write", "decide", "admin"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: `name` for the record (a token's, or "owner"), and what they may do."""

    name: str
    scopes: frozenset[Scope] = field(default_factory=frozenset)

    def may(self, scope: Scope) -> bool:
        """True where the caller has the scope; admin has every one."""
        return scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as a person asks for it; `filters` of each value field one of the values.

    `since` and `until` are UTC days, both included; None is open. `everything`: profiles, and incidents that are not
    about us, too.
    """

    query: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: Sort = "newest"
    after: str = ""
    limit: int = 20
    facets: Sequence[str] = ()
    everything: bool = False
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source of the settings, and how it does.

    `kind` is the name of its tables in the settings, `interval` None where it is asked in its own rhythm. `state` is
    what is remembered of it (None: never asked). `quiet_until`: its site wants to be left alone until then.
    `new` posts came from it in the last seven days, of which `kept` are on record; `passed` are on record since the
    folder began. `health` is how it does in words, `rhythm` how it posts ("about daily"), `why_next` why it is asked
    when it is. `policy` is what of it is kept, and what may leave. `back_fill` is the stretch of time that is being
    filled in, else the one that ended last. `endpoint` is the path that others send to, "" where it is asked. `budget`
    is what its account has used up of its budget, None where it has none.
    """

    name: str
    kind: str
    url: str
    interval: timedelta | None
    state: PollState | None = None
    quiet_until: datetime | None = None
    new: int = 0
    kept: int = 0
    passed: int = 0
    health: SourceHealth = field(default_factory=lambda: SourceHealth("not asked yet", ""))
    rhythm: str = ""
    why_next: str = ""
    received: Received | None = None
    policy: Policy = OPEN
    back_fill: BackFill | None = None
    endpoint: str = ""
    budget: Spending | None = None

    @property
    def next_due(self) -> datetime | None:
        """When it is asked next, as far as is known; None before the first time, and while it tells by itself."""
        if self.state is None:
            return self.quiet_until
        if self.state.stream is not None and self.state.stream.connected is not None:
            return None
        return max(self.state.next_due, self.quiet_until or self.state.next_due)

    @property
    def answer(self) -> tuple[datetime | None, str]:
        """When it answered last, as far as is known, and with what where that was of no use, else ""."""
        return last_answer(self.state)

    @property
    def share(self) -> float | None:
        """Which share of the last seven days' posts was about us; None where none came."""
        return min(self.kept / self.new, 1.0) if self.new else None


@dataclass(frozen=True, slots=True)
class SourceFetch:
    """One fetch of a source: when, of which address, its status, and the bytes of its body."""

    id: str
    at: datetime
    url: str
    status: int
    size: int
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One entry that a source brought: the id of its mention, how it begins, when it was said and when it came last.

    `incident` is what it is on record as, "" where it was let go; `gone`: it was deleted where it was said.
    """

    id: str
    text: str
    url: str
    published: datetime | None
    came: datetime
    incident: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class SourceLead:
    """What a source leads to and its polls ask besides: for what, from when on (None: once it is said to have changed),
    and how often it failed in a row.
    """

    url: str
    purpose: str
    due: datetime | None
    failures: int


@dataclass(frozen=True, slots=True)
class SourceDetail:
    """One source whole. `robots` is what the rules of its site say of it in words, "" where they were not asked yet."""

    status: SourceStatus
    robots: str
    leads: Sequence[SourceLead]
    entries: Sequence[SourceEntry]
    fetches: Sequence[SourceFetch]
    letters: Sequence[DeadLetter]


# --- activity --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pulse:
    """How far the pipeline is: records that each stage read since the folder began, and what lies ahead of each.

    `incidents` were written since the offset of `changes` that was asked for; `after` is what to ask for next.
    """

    done: Mapping[str, int]
    lag: Mapping[str, int]
    incidents: int
    after: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands on the log, and when it was put there."""

    topic: str
    partition: int
    offset: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A record that went by: `what` says it in a line, `about` is where it came from or what it is about.

    `mention` is the id of the mention whose way it is on; "" for others.
    """

    place: Place
    what: str
    about: str
    mention: str


@dataclass(frozen=True, slots=True)
class Step:
    """A stage at work: the records ahead of it, what became of those behind, and the newest that it gave."""

    name: str
    lag: int
    fates: Mapping[str, int]
    latest: Sequence[Seen]


@dataclass(frozen=True, slots=True)
class Activity:
    """The pipeline as it is now. `letters` are the newest of `letter_count` dead letters that wait."""

    steps: Sequence[Step]
    letters: Sequence[DeadLetter]
    letter_count: int


# --- the way of one post ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer that a mention was read from. `text` are the bytes [start, end) of `size`, as far as they are text."""

    place: Place
    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    at: datetime
    size: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A document and its versions: as the matcher published it, and as the index has it (None: not, or not yet)."""

    id: str
    name: str
    kind: str
    version: int
    indexed: int | None


@dataclass(frozen=True, slots=True)
class Walk:
    """The way of one post, from the bytes as fetched to the profiles.

    None or empty is what is not there, and `notes` say why in a sentence each, by stage (fetch, mention, winnow, match,
    index). `event` is the mention as it was collected, `enriched` what the enrichers made of it.
    `decisions` are those that stand on it and on who said it.
    """

    mention: Mention
    event: Event[Mention] | None = None
    place: Place | None = None
    fetched: Fetched | None = None
    enriched: Event[EnrichedMention] | None = None
    enriched_place: Place | None = None
    incident: Incident | None = None
    document: Shown | None = None
    profiles: Sequence[Shown] = ()
    decisions: Sequence[Decision] = ()
    letters: Sequence[DeadLetter] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A record that is on no post's way. `text` is its value, as far as it is text; `size` in bytes."""

    place: Place
    key: str
    size: int
    text: str


# --- adding ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pasted:
    """A post that a person hands in. All but `url` and `text` may be empty; `handle` may begin with its platform and a
    colon, else `platform` is its platform, else that of the URL's host. `published` without a zone is local time.
    """

    url: str
    text: str
    title: str = ""
    author: str = ""
    handle: str = ""
    platform: str = ""
    published: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a post that was handed in. `incident` None: `waiting` says how many posts are ahead of it, or
    `problem` why it could not be used. `names` of the contacts and accounts that it is on.
    """

    mention: str
    fate: Literal["new", "changed", "unchanged"]
    incident: Incident | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    waiting: int = 0
    problem: str = ""


# --- cost ------------------------------------------------------------------------------------------------------------


class Measured(msgspec.Struct, frozen=True, rename="camel"):
    """A batch of posts run through a pipeline that was thrown away. `seconds` by stage, of one process each.

    `of` says whose posts they were; `load` are the seconds that the language model took to load, `kept` the bytes that
    stay, `week` those that go after seven days.
    """

    at: datetime
    of: str
    posts: int
    passed: int
    contacts: int
    load: float
    seconds: Mapping[str, float]
    kept: int
    week: int


class PaidSource(msgspec.Struct, frozen=True, rename="camel"):
    """What a source that costs money asks for. `price` in `currency` for `unit`; None: not published, or by contract.

    `per_thousand`: the same for 1,000 posts, where it can be said. `read` is when a copy of the page at `url` was read;
    None where there is no such page.
    """

    name: str
    price: str | None
    currency: str
    unit: str
    per_thousand: str | None
    note: str
    url: str
    read: date | None


class Cost(msgspec.Struct, frozen=True, rename="camel"):
    """What it costs to run here, measured on this machine. Sizes in bytes; None is what cannot be told yet.

    `posts` came in the last `days`, hence `posts_a_day`. `memory` by process. `growth` is what stays of 1,000 posts,
    `growth_month` of thirty days at that rate. `seconds` for 1,000 posts by stage; `most_a_day` posts can be worked on,
    and `limit` is the stage that can no more; `disk_days` until the disk is full at the rate seen, and `disk_a_day`
    posts fill it in a year.
    """

    disk: Mapping[str, int]
    free: int
    memory: Sequence[tuple[str, int]]
    cores: int
    workers: int
    posts: int
    days: float
    posts_a_day: float | None
    measured: Measured | None
    growth: int | None
    growth_month: int | None
    seconds: Mapping[str, float]
    limit: str
    most_a_day: int | None
    disk_days: float | None
    disk_a_day: int | None
    paid: Sequence[PaidSource]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a delivery to a hook.

    "taken": kept, under `id`, for whoever polls to read; "repeated": it was before, under that `id`; "answered" with a
    `text`, as a test of the connection is; "nothing": nobody said anything.
    """

    status: Literal["taken", "repeated", "answered", "nothing"]
    id: str = ""
    text: str = ""


class Service(Protocol):
    """What pages and API do. Thread-safe; every method may raise what the engines raise (`overheard.errors`)."""

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        ...

    @property
    def new_sources(self) -> NewSources:
        """What sets up one source after the other."""
        ...

    @property
    def setup(self) -> SetUp:
        """The set-up of settings, watch list and contacts."""
        ...

    def policies(self) -> Mapping[str, Policy]:
        """Return the policies of sources that allow less than everything, by the name of the source."""
        ...

    def search(self, asked: Asked) -> Page:
        """Return a page of what was said, with highlights. Raises QueryError, NotFoundError for nobody of a name."""
        ...

    def get(self, id: str) -> Hit | None:  # noqa: A002 - the field's name
        """Return an incident, contact or account by its id; None where there is none."""
        ...

    def find(self, who: str) -> Sequence[Hit]:
        """Return the contacts and accounts called `who`: name, handle, e-mail, phone number, external id or id."""
        ...

    def names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of those contacts and accounts that are known."""
        ...

    def people(self, words: str = "", *, kind: str = "", after: str = "", limit: int = 50) -> Page:
        """Return contacts and accounts, last heard of first; `kind` is contact, account or "" for both.

        Those in whose name, title, organisation or place every word of `words` begins a word, and those whom `find`
        knows by it. Raises QueryError for a cursor that is none.
        """
        ...

    def terms(self, ids: Sequence[str]) -> Mapping[str, Term]:
        """Return those of the watched terms that are known, removed ones too."""
        ...

    def decision(self, id: str) -> Decision | None:  # noqa: A002 - the field's name
        """Return a decision by its id; None where there is none."""
        ...

    def standing(self, lefts: Sequence[str]) -> Sequence[Decision]:
        """Return the decisions that hold on these mentions and identities, newest first."""
        ...

    def decided_on(self, ids: Sequence[str]) -> Sequence[Decision]:
        """Return the decisions that hold on these contacts or accounts themselves, newest first.

        Joins with other records, what keeps two apart, locks, identities given to them or taken from them.
        """
        ...

    def review(self, after: str = "", limit: int = 20) -> ReviewPage:
        """Return posts with candidates that nobody has decided on, the best first, at most 100. Raises QueryError."""
        ...

    def why(self, incident: str) -> Why:
        """Return why an incident is on whom it is on: features, values, weights, rivals. Raises NotFoundError."""
        ...

    def sources(self) -> Sequence[SourceStatus]:
        """Return the sources of the settings, feeds before files, and how each does."""
        ...

    def take_webmention(self, source: str, target: str) -> str:
        """Take what says that a page links to one of ours, and return the id under which it is looked at.

        Raises NotFoundError where none are taken, InputError for what is none, TransientError where too many wait.
        """
        ...

    def expect_delivery(self, name: str, headers: Mapping[str, str]) -> None:
        """Look at the headers of a delivery to the hook of that name. Raises NotFoundError, SignatureError."""
        ...

    def deliver(self, name: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        """Take a delivery (`overheard.wiring.hooks`). Raises also SecretError and InputError."""
        ...

    def webmention(self, id: str) -> Webmentioned:  # noqa: A002 - the field's name
        """Return what became of a webmention, as its sender may know it. Raises NotFoundError."""
        ...

    def source(self, name: str) -> SourceDetail:
        """Return all that is known of a source of the settings. Raises NotFoundError."""
        ...

    def poll_now(self, source: str) -> datetime:
        """Have a source asked as soon as politeness allows, and return when that is. Raises NotFoundError."""
        ...

    def decide(
        self,
        verb: str,
        left: str,
        right: str = "",
        *,
        value: str | None = None,
        by: str,
        note: str = "",
        key: str = "",
    ) -> Decision:
        """Write what a person said, and return it when the index shows it.

        The verbs and their sides are those of `Decision`. A mention may be given as its incident, an identity as a
        person writes it (`reddit:handle:ann`), a contact or account as `find` takes it. The same `key` is the same
        decision. Raises NotFoundError for what is not here, and InputError for a verb that is none, lacks a side or
        a value, or has one that it does not take.
        """
        ...

    def concerns(self, product: str = "", limit: int = 30) -> Concerns:
        """Return what is complained of and wished for of a watched term, by id or name; of all with "".

        Raises NotFoundError for what is not watched.
        """
        ...

    def agreement(self) -> Sequence[AgreementRow]:
        """Return how far the labels that people set agree with the machine's, those with most labels first."""
        ...

    def fact(self, subject: str) -> Event[Any] | None:
        """Return the newest event of a contact, account or decision as it was given, a deletion's too; else None."""
        ...

    def hand_in(self, items: Sequence[Item], *, by: str) -> Sequence[PostOutcome]:
        """Take posts that a program hands in; return what became of each, in order (`overheard.wiring.bringing`).

        `by` is the name of its token; a `[[push]]` of the settings may say which source is meant where none is named.
        """
        ...

    def bring(
        self, kind: Literal["contacts", "accounts"], rows: Sequence[Mapping[str, Any]], *, dry_run: bool = False
    ) -> Sequence[RowOutcome]:
        """Take contacts or accounts that a program hands in; return what became of each, in order."""
        ...

    def changes(self, since: str = "", limit: int = 100) -> Changes:
        """Return changes from a cursor on, "" from the oldest that is kept. Raises QueryError, GoneError."""
        ...

    def watched(self) -> Sequence[Term | WatchedSource]:
        """Return the terms and sources that are watched now."""
        ...

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Return the dead letters that wait, oldest first."""
        ...

    def replay(self, letters: Sequence[str]) -> None:
        """Put records back on their topics. Raises NotFoundError and InputError, before anything is done."""
        ...

    def drop(self, letters: Sequence[str]) -> None:
        """Let dead letters go for good. Raises NotFoundError, before anything is done."""
        ...

    def health(self) -> Health:
        """Return how it is."""
        ...

    def metrics(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        ...

    def once(self, key: str, request: str, work: Callable[[], bytes]) -> bytes:
        """Return what `work` gives, once for a key in 24 hours, also after a restart.

        Raises InputError where the key came with another request, ConflictError where that is still worked on.
        """
        ...

    def alerts_feed(self) -> bytes:
        """Return alerts and digests, newest first, as RSS 2.0."""
        ...

    def erase(self, who: str, *, by: str, named: bool = False, dry_run: bool = False) -> Certificate:
        """Erase a person from every store (docs/erase.md), and return what became of it.

        Raises NotFoundError for what stands for nobody, and InputError where several contacts are called so.
        """
        ...

    def caller(self, token: str) -> Caller | None:
        """Return who has this token; None where nobody does (unknown, revoked, expired)."""
        ...

    def pulse(self, after: int = -1) -> Pulse:
        """Return how far the pipeline is; `after` as the pulse before gave it, -1 to begin with."""
        ...

    def activity(self) -> Activity:
        """Return the pipeline as it is now, with the newest records of each stage."""
        ...

    def walk(self, mention: str) -> Walk:
        """Return the way of a post, by its mention's id. Raises NotFoundError for one that never came, or is gone."""
        ...

    def walk_from(self, topic: str, partition: int, offset: int) -> Walk | RecordShown:
        """Return the way of the post that a record is about, or the record where it is about none.

        Raises NotFoundError where no record stands there.
        """
        ...

    def add_post(self, pasted: Pasted) -> Added:
        """Take a post that a person hands in, and return when the index shows it. Raises InputError."""
        ...

    def cost(self) -> Cost:
        """Return what it costs to run here, by what was measured last."""
        ...

    def measure_cost(self) -> Cost:
        """Measure how long posts take and what they leave, for some seconds; as `cost`."""
        ...
