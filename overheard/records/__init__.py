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
    EnrichedMention,
    Entity,
    Language,
    Passed,
    Polarity,
    Sentiment,
    TargetSentiment,
    WatchHit,
)
from overheard.records.envelope import DATA_TYPES, Event, decode, encode, event_for, is_tombstone_of
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
from overheard.records.incident import Evidence, Incident, Note, Outcome, Party, Role, Status, Step
from overheard.records.mention import Actor, Mention, ProfileLink
from overheard.records.pollstate import PollState, Revision
from overheard.records.profile import IncidentSummary, Profile, ProfileIdentity
from overheard.records.purchase import Purchase
from overheard.records.snippet import Snippet
from overheard.records.sortkey import sort_key
from overheard.records.suppression import Suppression, suppression_subject
from overheard.records.watch import Term, TermKind, WatchedSource

__all__ = [
    "DATA_TYPES",
    "Account",
    "Actor",
    "Attempt",
    "Cause",
    "Change",
    "ClaimedBy",
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
    "Event",
    "Evidence",
    "ExternalId",
    "Fetch",
    "Holding",
    "Identity",
    "Incident",
    "IncidentSummary",
    "Language",
    "LifecycleTag",
    "Mention",
    "Note",
    "ObjectType",
    "Outcome",
    "Party",
    "Passed",
    "Points",
    "Polarity",
    "PollState",
    "Profile",
    "ProfileIdentity",
    "ProfileLink",
    "Purchase",
    "RecordError",
    "Revision",
    "Role",
    "Sentiment",
    "Snippet",
    "Status",
    "Step",
    "Suppression",
    "TargetSentiment",
    "Term",
    "TermKind",
    "Verb",
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
