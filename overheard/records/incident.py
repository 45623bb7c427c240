"""An incident: somebody mentioned something watched; who, what, how sure, and why."""

from typing import Literal

from overheard.records.base import Record
from overheard.records.enriched import (
    Entity,
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
    then "bare".
    `score` in [0, 1] orders candidates.
    """

    role: Role
    subject: str
    name: str = ""
    outcome: Outcome
    score: float
    evidence: tuple[Evidence, ...] = ()


class Incident(Record, frozen=True, kw_only=True):
    """One relevant mention on the record, as the index shows it: whole, so that the index can be thrown away.

    `k` is the sort key as a decimal string. `about` are the ids of the watched terms mentioned. `confidence` is that of
    its surest link to a contact or account; 0 where there is none. `why` are sentences for a person.
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
    snippets: tuple[Snippet, ...] = ()
    parties: tuple[Party, ...] = ()
    confidence: float = 0.0
    why: tuple[str, ...] = ()
    status: Literal["open", "not about us"] = "open"
    assignee: str = ""
    models: dict[str, str] = {}
