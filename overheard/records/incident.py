"""An incident: somebody mentioned something watched; who, what, how sure, and why."""

from typing import Literal

from overheard.records.base import Record, Time
from overheard.records.enriched import (
    Concern,
    Entity,
    Intent,
    Language,
    Passed,
    Sentiment,
    TargetSentiment,
    WatchHit,
)
from overheard.records.mention import Mention
from overheard.records.snippet import Snippet

Role = Literal["author", "mentioned", "employer"]
Outcome = Literal["linked", "candidate", "bare"]

# How far people are with an incident. "not about us" leaves every count, and is set by its own decision.
Status = Literal["open", "in progress", "answered", "closed", "not about us"]


class Evidence(Record, frozen=True, kw_only=True):
    """One reason for or against a link: the feature, its weight, and the two values that it compared.

    A negative weight speaks against; `veto` rules a link out whatever the others say. [start, end) is where it
    stands in the mention's text; -1, -1 where it does not stand in the text.
    """

    feature: str
    weight: float
    mention_value: str = ""
    crm_value: str = ""
    start: int = -1
    end: int = -1
    veto: bool = False


class Party(Record, frozen=True, kw_only=True):
    """One contact, account or bare author identity in an incident, with the reasons.

    `subject` is a contact's or account's id, or an identity's key where nobody is known behind it; the outcome is
    then "bare". `weight` is the sum of the evidence in log-odds and orders parties strictly; `score` in [0, 1] is the
    calibrated share of such links that are right (`overheard.matcher.score`), which at the top has no digits left.
    """

    role: Role
    subject: str
    name: str = ""
    outcome: Outcome
    score: float
    weight: float = 0.0
    evidence: tuple[Evidence, ...] = ()


class Note(Record, frozen=True, kw_only=True):
    """What somebody wrote about an incident."""

    text: str
    by: str
    at: Time


class Step(Record, frozen=True, kw_only=True):
    """One step of an incident's history: what a person decided on it. `value` is what was set, `id` the decision's."""

    id: str
    what: str
    value: str = ""
    by: str
    at: Time


class Version(Record, frozen=True, kw_only=True):
    """What a post said before it said what it says now.

    `revision` is its source version (`Event.sourceversion`), `source` who brought it, `authors` the identities of who
    said it then (`x:handle:ann`), `published` and `updated` as that revision has them. `text_hash` = `digest(text)` of
    its text; `snippets` are its first three of different places, with selectors over that text, which is not kept.
    """

    revision: int
    source: str
    authors: tuple[str, ...] = ()
    published: Time | None = None
    updated: Time | None = None
    text_hash: str
    snippets: tuple[Snippet, ...] = ()


class Incident(Record, frozen=True, kw_only=True):
    """One relevant mention on the record, as the index shows it: whole, so that the index can be thrown away.

    `k` is the sort key as a decimal string. `about` are the ids of the watched terms mentioned. `confidence` is that of
    its surest link to a contact or account; 0 where there is none. `why` are sentences for a person.

    `event` is the id of the event that it belongs to, the smallest incident id of its members; "" where it is alone.
    On the incident of that id stand `members` (the ids of all, in order of `k`, the first 100) and `member_count`;
    the others have none. `event_why` says what joins it. `history` are the standing decisions of people on it, the
    newest 50, oldest first. A label that a person set (`relabel`) stands in the place of the machine's.

    `versions` are the other texts that the post had before, as far as they were read, oldest first: the first and the
    newest nine of `version_count`. Of a text that it had several times the oldest stands; the one of now never does.
    They are not searched.
    """

    id: str
    k: str
    mention: Mention
    passed: tuple[Passed, ...]
    language: Language
    sentiment: Sentiment
    about: tuple[str, ...] = ()
    hits: tuple[WatchHit, ...] = ()
    entities: tuple[Entity, ...] = ()
    targets: tuple[TargetSentiment, ...] = ()
    intents: tuple[Intent, ...] = ()
    concerns: tuple[Concern, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    parties: tuple[Party, ...] = ()
    confidence: float = 0.0
    why: tuple[str, ...] = ()
    event: str = ""
    members: tuple[str, ...] = ()
    member_count: int = 0
    event_why: tuple[str, ...] = ()
    status: Status = "open"
    assignee: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    history: tuple[Step, ...] = ()
    versions: tuple[Version, ...] = ()
    version_count: int = 0
    models: dict[str, str] = {}
