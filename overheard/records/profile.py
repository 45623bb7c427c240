"""A profile: the crow's nest over one contact or account, on one bounded document."""

from typing import Literal

from overheard.records.base import Record, Time
from overheard.records.contact import ExternalId, LifecycleTag
from overheard.records.holding import Holding
from overheard.records.identity import Identity
from overheard.records.incident import Evidence, Outcome, Role
from overheard.records.mention import Channel
from overheard.records.purchase import Purchase
from overheard.records.snippet import ActivityType, Polarity, Snippet


class ProfileIdentity(Record, frozen=True, kw_only=True):
    """One identity on the map of a contact, and the evidence that it is theirs."""

    identity: Identity
    evidence: tuple[Evidence, ...] = ()


class IncidentSummary(Record, frozen=True, kw_only=True):
    """An incident as the profile shows it; the incident itself is found by `id`.

    `channel` is the mention's: "" for what was said in public. `withheld` says what was left out as this left
    Overheard, and by whose policy.
    """

    id: str
    k: str
    source: str
    url: str = ""
    published: Time | None = None
    role: Role
    outcome: Outcome
    score: float
    weight: float = 0.0
    about: tuple[str, ...] = ()
    polarity: Polarity
    intents: tuple[ActivityType, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    why: tuple[str, ...] = ()
    channel: Channel = ""
    withheld: str = ""


class Activities(Record, frozen=True, kw_only=True):
    """What somebody wrote to us alone by one channel: how many times, the first and the last of them."""

    number: int
    first: Time
    last: Time


class Profile(Record, frozen=True, kw_only=True):
    """The whole relationship with one contact or account, first contact to last; bounded in size.

    Counts are of linked incidents that are public; `activities` tells apart, by channel, what was written to us alone.
    `first_contact` and `last_contact` are of both, and so are `last` and `waiting`, each of which names its channel.
    `candidates` counts those that wait for a person. `by_month` has every UTC month
    ("2026-11"), `by_day` the newest 90 UTC days that have any ("2026-11-21"); `tone_by_month` and `tone_by_day` are
    the same apart by polarity, those without any left out; `intents_by_month` counts by intent those that show any, one
    that shows two under both. `last` are the newest 20 linked incidents, `waiting` the
    best 10 candidates. Nothing here is relative to today: that is computed when read. `holdings` are the newest 50 of
    `holding_count` that the account has (of a contact: their account's), `purchases` the newest 50 of
    `purchase_count` of its own; `purchase_totals` adds up all of them by currency, as decimal numbers in text.
    `people` (of an account) and `account` (of a contact) are ids. `k` is that of the newest linked incident, "0"
    where there is none. `ids` are the ids of all records that this profile stands for, its own first: people joined
    them, and each resolves to this one; empty where it is its own alone. `names` are those of these records that are
    not its own `name`. `identities` are the first 500 of `identity_count`. `conflicts` are decisions that contradict
    each other here, each with its path, in words.
    `locked`: a person wants no machine to change who this is.
    """

    id: str
    k: str
    kind: Literal["contact", "account"]
    ids: tuple[str, ...] = ()
    external_ids: tuple[ExternalId, ...]
    name: str = ""
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    organisation: str = ""
    title: str = ""
    place: str = ""
    domain: str = ""
    owner: str = ""
    account: str = ""
    people: tuple[str, ...] = ()
    lifecycle: tuple[LifecycleTag, ...] = ()
    identities: tuple[ProfileIdentity, ...] = ()
    identity_count: int = 0
    conflicts: tuple[str, ...] = ()
    locked: bool = False
    first_contact: Time | None = None
    last_contact: Time | None = None
    incidents: int = 0
    activities: dict[str, Activities] = {}
    candidates: int = 0
    by_month: dict[str, int] = {}
    by_day: dict[str, int] = {}
    tone_by_month: dict[str, dict[str, int]] = {}
    tone_by_day: dict[str, dict[str, int]] = {}
    intents_by_month: dict[str, dict[str, int]] = {}
    by_polarity: dict[str, int] = {}
    by_intent: dict[str, int] = {}
    by_term: dict[str, int] = {}
    by_source: dict[str, int] = {}
    last: tuple[IncidentSummary, ...] = ()
    waiting: tuple[IncidentSummary, ...] = ()
    holdings: tuple[Holding, ...] = ()
    holding_count: int = 0
    purchases: tuple[Purchase, ...] = ()
    purchase_count: int = 0
    purchase_totals: dict[str, str] = {}
