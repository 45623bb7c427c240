"""The records that move on the topics: immutable, typed, JSON in and out.

Imports nothing of ours. Every time is UTC and aware. Every offset is in code points of `Mention.text`.
"""

from overheard.records.base import Cause, ObjectType, RecordError, Verb
from overheard.records.change import Change
from overheard.records.contact import Account, Contact, ExternalId, LifecycleTag
from overheard.records.deadletter import DeadLetter
from overheard.records.decision import Decision, DecisionVerb
from overheard.records.delivery import (
    Attempt,
    Delivery,
    DeliveryItem,
    DeliveryKind,
    DeliveryState,
    Points,
    delivery_id,
)
from overheard.records.enriched import (
    Concern,
    EnrichedMention,
    Entity,
    Intent,
    Language,
    Passed,
    Polarity,
    Sentiment,
    TargetSentiment,
    WatchHit,
)
from overheard.records.envelope import DATA_TYPES, Event, decode, encode, event_for, is_tombstone_of
from overheard.records.epoch import EPOCH_SUBJECT, Epoch
from overheard.records.errand import Errand, ErrandState
from overheard.records.fetch import Fetch
from overheard.records.holding import Holding
from overheard.records.identity import ClaimedBy, Identity, identity_key
from overheard.records.ids import (
    account_id,
    contact_id,
    content_hash,
    digest,
    holding_id,
    incident_id,
    is_mention_id,
    is_record_id,
    mention_id,
    purchase_id,
    snippet_id,
)
from overheard.records.incident import Evidence, Incident, Note, Outcome, Party, Role, Status, Step, Version
from overheard.records.kept_answer import KeptAnswer
from overheard.records.mention import Actor, Mention, ProfileLink, Rating
from overheard.records.policy import Export, Part, Policies, Policy
from overheard.records.pollstate import Followed, PollState, Revision, Rhythm, Robots, Shown, ShownEntry, Streamed
from overheard.records.profile import Activities, IncidentSummary, Profile, ProfileIdentity
from overheard.records.purchase import Purchase
from overheard.records.pushed import Pushed, PushState
from overheard.records.snippet import ActivityType, Snippet
from overheard.records.sortkey import sort_key
from overheard.records.suppression import Suppression, suppression_subject
from overheard.records.watch import Sense, SenseExample, Term, TermKind, WatchedSource

__all__ = [
    "DATA_TYPES",
    "EPOCH_SUBJECT",
    "Account",
    "Activities",
    "ActivityType",
    "Actor",
    "Attempt",
    "Cause",
    "Change",
    "ClaimedBy",
    "Concern",
    "Contact",
    "DeadLetter",
    "Decision",
    "DecisionVerb",
    "Delivery",
    "DeliveryItem",
    "DeliveryKind",
    "DeliveryState",
    "EnrichedMention",
    "Entity",
    "Epoch",
    "Errand",
    "ErrandState",
    "Event",
    "Evidence",
    "Export",
    "ExternalId",
    "Fetch",
    "Followed",
    "Holding",
    "Identity",
    "Incident",
    "IncidentSummary",
    "Intent",
    "KeptAnswer",
    "Language",
    "LifecycleTag",
    "Mention",
    "Note",
    "ObjectType",
    "Outcome",
    "Part",
    "Party",
    "Passed",
    "Points",
    "Polarity",
    "Policies",
    "Policy",
    "PollState",
    "Profile",
    "ProfileIdentity",
    "ProfileLink",
    "Purchase",
    "PushState",
    "Pushed",
    "Rating",
    "RecordError",
    "Revision",
    "Rhythm",
    "Robots",
    "Role",
    "Sense",
    "SenseExample",
    "Sentiment",
    "Shown",
    "ShownEntry",
    "Snippet",
    "Status",
    "Step",
    "Streamed",
    "Suppression",
    "TargetSentiment",
    "Term",
    "TermKind",
    "Verb",
    "Version",
    "WatchHit",
    "WatchedSource",
    "account_id",
    "contact_id",
    "content_hash",
    "decode",
    "delivery_id",
    "digest",
    "encode",
    "event_for",
    "holding_id",
    "identity_key",
    "incident_id",
    "is_mention_id",
    "is_record_id",
    "is_tombstone_of",
    "mention_id",
    "purchase_id",
    "snippet_id",
    "sort_key",
    "suppression_subject",
]
