"""Hypothesis strategies for every record: any value that the types allow, with texts as they are after the door."""

import string
from datetime import UTC, datetime
from typing import Any, get_args

from hypothesis import strategies as st

from overheard.records import (
    DATA_TYPES,
    Account,
    Activities,
    ActivityType,
    Actor,
    Attempt,
    Cause,
    Change,
    ClaimedBy,
    Concern,
    Contact,
    DeadLetter,
    Decision,
    DecisionVerb,
    Delivery,
    DeliveryItem,
    DeliveryKind,
    DeliveryState,
    EnrichedMention,
    Entity,
    Epoch,
    Errand,
    ErrandState,
    Event,
    Evidence,
    Export,
    ExternalId,
    Fetch,
    Followed,
    Holding,
    Identity,
    Incident,
    IncidentSummary,
    Intent,
    KeptAnswer,
    Language,
    LifecycleTag,
    Mention,
    Note,
    ObjectType,
    Outcome,
    Part,
    Party,
    Passed,
    Points,
    Polarity,
    Policies,
    Policy,
    PollState,
    Profile,
    ProfileIdentity,
    ProfileLink,
    Purchase,
    Pushed,
    PushState,
    Rating,
    Revision,
    Rhythm,
    Robots,
    Role,
    Sense,
    SenseExample,
    Sentiment,
    Shown,
    ShownEntry,
    Snippet,
    Status,
    Step,
    Streamed,
    Suppression,
    TargetSentiment,
    Term,
    TermKind,
    Verb,
    Version,
    WatchedSource,
    WatchHit,
    event_for,
)
from overheard.records.base import Record
from overheard.records.identity import IdentityType
from overheard.records.mention import Channel
from overheard.text import clean

# Characters that have broken somebody's text handling, so that hypothesis need not find them.
ODD = "ßẞİıŉſﬁǰΐͅᾳΣς©®™½²①ẛ̣e\u0301\u0345\u00ad\u200b\u200c\u200d\ufeff가각ᄀ\u1161\u11a8ㄱㅏㄳﾡﾞｶ゙हिन्दी\u093cﷺﻼ你好𠮷😀🇮🇳"

raw_texts = st.text(
    st.one_of(st.characters(), st.characters(categories=("Cs", "Cc", "Cf")), st.sampled_from(ODD)), max_size=40
)
"""Text as it may come from outside: lone surrogates, controls and all."""

folding_texts = st.text(
    st.one_of(st.characters(categories=("L", "M", "N", "P", "Z")), st.sampled_from(ODD)), max_size=30
)
"""Text whose letters change, join, split or vanish when folded."""

texts = raw_texts.map(clean)
words = st.text(string.ascii_lowercase + string.digits + "-_.:/", min_size=1, max_size=16)
times = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2108, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
# Floats that are their own JSON: NaN and infinities have none, and -0.0 equals 0.0.
unit = st.floats(0, 1).map(abs)
weights = st.floats(-100, 100).map(lambda x: x + 0.0)
offsets = st.integers(0, 1 << 40)
counts = st.none() | st.integers(0, (1 << 63) - 1)
versions = st.integers(0, (1 << 63) - 1)
maps = st.dictionaries(words, texts, max_size=4)
tallies = st.dictionaries(words, offsets, max_size=4)
tones = st.dictionaries(words, tallies, max_size=3)


def tuples(of: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples of up to `size`."""
    return st.lists(of, max_size=size).map(tuple)


def literals(of: Any) -> st.SearchStrategy[Any]:
    """Any word of a Literal."""
    return st.sampled_from(get_args(of))


external_ids = st.builds(ExternalId, system=words, value=texts)
lifecycle_tags = st.builds(LifecycleTag, tag=texts, since=st.none() | st.dates())
contacts = st.builds(
    Contact,
    id=words,
    external_ids=tuples(external_ids),
    name=texts,
    emails=tuples(texts),
    phones=tuples(texts),
    organisation=texts,
    title=texts,
    place=texts,
    street=texts,
    region=texts,
    postal_code=texts,
    country=texts,
    birthday=st.none() | st.dates(),
    owner=texts,
    handles=maps,
    urls=tuples(texts),
    lifecycle=tuples(lifecycle_tags),
    watched_by_name=st.booleans(),
)
accounts = st.builds(
    Account,
    id=words,
    external_ids=tuples(external_ids),
    name=texts,
    domain=texts,
    place=texts,
    owner=texts,
    handles=maps,
    lifecycle=tuples(lifecycle_tags),
)
actors = st.builds(
    Actor,
    platform=words,
    preferred_username=texts,
    native_id=texts,
    name=texts,
    url=texts,
    email=texts,
    email_verified=st.booleans(),
    phone=texts,
    summary=texts,
    links=tuples(st.builds(ProfileLink, url=texts, verified=st.booleans())),
)
mentions = st.builds(
    Mention,
    id=words,
    type=literals(ObjectType),
    platform=words,
    native_id=texts,
    source=words,
    content=texts,
    name=texts,
    url=texts,
    published=st.none() | times,
    updated=st.none() | times,
    first_seen=times,
    in_reply_to=texts,
    context=texts,
    attributed_to=st.none() | actors,
    tag=tuples(texts),
    links=tuples(texts),
    aliases=tuples(texts),
    language=words,
    generator=texts,
    method=st.sampled_from(["", "page"]),
    response=st.sampled_from(["", "reply", "like", "repost", "bookmark", "mention"]),
    likes=counts,
    shares=counts,
    replies=counts,
    channel=literals(Channel),
    rating=st.none() | st.builds(Rating, value=unit, best=unit, worst=unit),
    own=st.booleans(),
    about=tuples(words),
)
passed = st.builds(Passed, reason=st.sampled_from(["term", "identity", "always"]), by=words)
hits = st.builds(WatchHit, term=words, kind=literals(TermKind), start=offsets, end=offsets, confidence=unit)
languages = st.builds(Language, code=words, confidence=unit)
entities = st.builds(
    Entity,
    label=st.sampled_from(["person", "organisation", "place", "handle", "tag", "other"]),
    start=offsets,
    end=offsets,
)
sentiments = st.builds(Sentiment, polarity=literals(Polarity), confidence=unit)
targets = st.builds(
    TargetSentiment, target=words, polarity=literals(Polarity), confidence=unit, start=offsets, end=offsets
)
intents = st.builds(Intent, label=literals(ActivityType), start=offsets, end=offsets, confidence=unit, target=words)
concerns = st.builds(
    Concern, topic=texts, kind=st.sampled_from(["complaint", "wish"]), start=offsets, end=offsets, target=words
)
snippets = st.builds(
    Snippet,
    id=words,
    mention=words,
    target=words,
    exact=texts,
    prefix=texts,
    suffix=texts,
    start=offsets,
    end=offsets,
    text_hash=words,
    polarity=literals(Polarity),
    confidence=unit,
    intents=tuples(literals(ActivityType)),
)
enriched_mentions = st.builds(
    EnrichedMention,
    mention=mentions,
    passed=tuples(passed),
    language=languages,
    entities=tuples(entities),
    hits=tuples(hits),
    sentiment=sentiments,
    targets=tuples(targets),
    intents=tuples(intents),
    concerns=tuples(concerns),
    snippets=tuples(snippets),
    models=maps,
    model_version=versions,
)
identities = st.builds(
    Identity,
    platform=words,
    type=literals(IdentityType),
    value=texts,
    subject=words,
    claimed_by=literals(ClaimedBy),
    verified=st.booleans(),
    first_seen=st.none() | times,
    last_seen=st.none() | times,
)
evidence = st.builds(
    Evidence,
    feature=words,
    weight=weights,
    mention_value=texts,
    crm_value=texts,
    start=st.integers(-1, 1 << 40),
    end=st.integers(-1, 1 << 40),
    veto=st.booleans(),
)
parties = st.builds(
    Party,
    role=literals(Role),
    subject=words,
    name=texts,
    outcome=literals(Outcome),
    score=unit,
    weight=weights,
    evidence=tuples(evidence),
)
sort_keys = st.integers(0, (1 << 63) - 1).map(str)
incidents = st.builds(
    Incident,
    id=words,
    k=sort_keys,
    mention=mentions,
    passed=tuples(passed),
    language=languages,
    sentiment=sentiments,
    about=tuples(words),
    hits=tuples(hits),
    entities=tuples(entities),
    targets=tuples(targets),
    intents=tuples(intents),
    concerns=tuples(concerns),
    snippets=tuples(snippets),
    parties=tuples(parties),
    confidence=unit,
    why=tuples(texts),
    event=words,
    members=tuples(words),
    member_count=offsets,
    event_why=tuples(texts),
    status=literals(Status),
    assignee=texts,
    tags=tuples(words),
    notes=tuples(st.builds(Note, text=texts, by=texts, at=times)),
    history=tuples(st.builds(Step, id=words, what=words, value=texts, by=texts, at=times)),
    versions=tuples(
        st.builds(
            Version,
            revision=offsets,
            source=words,
            authors=tuples(words),
            published=st.none() | times,
            updated=st.none() | times,
            text_hash=words,
            snippets=tuples(snippets),
        )
    ),
    version_count=offsets,
    models=maps,
)
incident_summaries = st.builds(
    IncidentSummary,
    id=words,
    k=sort_keys,
    source=words,
    url=texts,
    published=st.none() | times,
    role=literals(Role),
    outcome=literals(Outcome),
    score=unit,
    weight=weights,
    about=tuples(words),
    polarity=literals(Polarity),
    intents=tuples(literals(ActivityType)),
    snippets=tuples(snippets),
    evidence=tuples(evidence),
    why=tuples(texts),
    channel=literals(Channel),
)
holdings = st.builds(
    Holding,
    id=words,
    external_ids=tuples(external_ids),
    account=words,
    product=texts,
    term=words,
    version=texts,
    since=st.none() | st.dates(),
    until=st.none() | st.dates(),
    left_for=texts,
    left_why=texts,
)
purchases = st.builds(
    Purchase,
    id=words,
    external_ids=tuples(external_ids),
    account=words,
    contact=words,
    product=texts,
    term=words,
    at=st.none() | st.dates(),
    amount=st.just("") | st.integers(-(10**15), 10**15).map(lambda cents: f"{cents / 100:.2f}"),
    currency=st.sampled_from(["", "INR", "USD"]),
)
profiles = st.builds(
    Profile,
    id=words,
    k=sort_keys,
    kind=st.sampled_from(["contact", "account"]),
    ids=tuples(words),
    external_ids=tuples(external_ids),
    name=texts,
    names=tuples(texts),
    emails=tuples(texts),
    phones=tuples(texts),
    organisation=texts,
    title=texts,
    place=texts,
    domain=texts,
    owner=texts,
    account=texts,
    people=tuples(words),
    lifecycle=tuples(lifecycle_tags),
    identities=tuples(st.builds(ProfileIdentity, identity=identities, evidence=tuples(evidence))),
    identity_count=offsets,
    conflicts=tuples(texts),
    locked=st.booleans(),
    first_contact=st.none() | times,
    last_contact=st.none() | times,
    incidents=offsets,
    activities=st.dictionaries(
        literals(Channel), st.builds(Activities, number=offsets, first=times, last=times), max_size=2
    ),
    candidates=offsets,
    by_month=tallies,
    by_day=tallies,
    tone_by_month=tones,
    tone_by_day=tones,
    intents_by_month=tones,
    by_polarity=tallies,
    by_intent=tallies,
    by_term=tallies,
    by_source=tallies,
    last=tuples(incident_summaries, 2),
    waiting=tuples(incident_summaries, 2),
    holdings=tuples(holdings, 2),
    holding_count=offsets,
    purchases=tuples(purchases, 2),
    purchase_count=offsets,
    purchase_totals=st.dictionaries(words, words, max_size=2),
)
decisions = st.builds(
    Decision,
    id=words,
    verb=literals(DecisionVerb),
    left=words,
    right=words,
    value=texts,
    by=texts,
    at=times,
    note=texts,
)
dead_letters = st.builds(
    DeadLetter,
    id=words,
    stage=words,
    topic=words,
    partition=offsets,
    offset=offsets,
    key=texts,
    error=words,
    message=texts,
    where=texts,
    at=times,
    attempts=offsets,
    headers=maps,
    value=st.none() | st.binary(max_size=64),
)
fetches = st.builds(
    Fetch,
    id=words,
    source=words,
    url=texts,
    final_url=texts,
    status=offsets,
    headers=maps,
    body=st.binary(max_size=64),
    at=times,
    purpose=words,
)
terms = st.builds(
    Term,
    id=words,
    kind=literals(TermKind),
    aliases=tuples(texts),
    case=st.booleans(),
    handles=tuples(texts),
    domains=tuples(texts),
    requires=tuples(texts),
    excludes=tuples(texts),
    examples=tuples(texts),
    not_examples=tuples(texts),
)
senses = st.builds(
    Sense,
    term=words,
    version=words,
    examples=tuples(
        st.builds(SenseExample, mention=words, text=texts, start=offsets, end=offsets, about=st.booleans())
    ),
    decided=tuples(words),
)
watched_sources = st.builds(WatchedSource, source=words, always=st.booleans())
numbers = st.floats(0, 1e9).map(abs)
rhythms = st.builds(
    Rhythm,
    until=times,
    last=st.none() | times,
    events=numbers,
    exposure=numbers,
    gaps=numbers,
    gap=numbers,
    spread=numbers,
    longest=numbers,
    again=st.floats(0, 1),
    hours=st.just(()) | offsets.map(lambda n: (n,) * 48),
    days=st.just(()) | offsets.map(lambda n: (n,) * 7),
    held=offsets,
)
poll_states = st.builds(
    PollState,
    configured=texts,
    url=texts,
    moved_to=texts,
    moved_seen=offsets,
    etag=texts,
    last_modified=texts,
    body=words,
    ttl=offsets,
    skip_hours=tuples(st.integers(0, 23)),
    skip_days=tuples(st.integers(0, 6)),
    next_due=times,
    polled=st.none() | times,
    succeeded=st.none() | times,
    failures=offsets,
    status=offsets,
    error=texts,
    rhythm=st.none() | rhythms,
    honoured=st.none() | times,
    unmodified=offsets,
    sampled=st.none() | times,
    sample=st.booleans(),
    samples=offsets,
    doubted=st.booleans(),
    distrusted=st.none() | times,
    lies=offsets,
    followed=tuples(
        st.builds(
            Followed,
            url=texts,
            purpose=words,
            changed=st.none() | times,
            since=times,
            etag=texts,
            body=words,
            due=st.none() | times,
            failures=offsets,
        )
    ),
    options=words,
    welcomed=st.none() | times,
    refusals=st.dictionaries(words, times, max_size=3),
    refused=st.none() | times,
    refused_runs=offsets,
    outcome=words,
    requests=offsets,
    began=st.none() | times,
    told=words,
    told_at=st.none() | times,
    looks=offsets,
    held=tuples(words),
    reached=st.none() | times,
    spending=st.dictionaries(words, offsets, max_size=3),
    note=texts,
    stream=st.none()
    | st.builds(
        Streamed,
        began=times,
        connected=st.none() | times,
        opened=offsets,
        read=offsets,
        passed=offsets,
        heard=st.none() | times,
        reached=st.none() | times,
        gap=texts,
        gap_at=st.none() | times,
        gap_told=st.none() | times,
    ),
)
shown_entries = st.builds(ShownEntry, id=words, url=texts, at=st.none() | offsets)
shown = st.builds(
    Shown,
    entries=tuples(shown_entries),
    missing=tuples(shown_entries),
    looks=st.dictionaries(words, offsets, max_size=3),
)
policies = st.builds(
    Policy,
    without=st.lists(literals(Part), max_size=4, unique=True).map(tuple),
    text=st.none() | st.integers(1, 400),
    retention=st.none() | st.integers(1, 36_500),
    export=literals(Export),
    terms=texts,
    read_on=st.none() | st.dates(),
)
revisions = st.builds(Revision, hashes=maps, revision=versions, first_seen=times)
suppressions = st.builds(Suppression, id=words, fingerprint=words, at=times, by=texts)
changes = st.builds(
    Change,
    id=words,
    kind=st.sampled_from(["incident", "profile"]),
    what=st.sampled_from(["written", "deleted", "merged", "split", "erased"]),
    into=words,
    version=versions,
    cause=literals(Cause),
)

delivery_items = st.builds(
    DeliveryItem,
    incident=words,
    contact=words,
    name=texts,
    account=texts,
    said_by=texts,
    source=texts,
    text=texts,
    polarity=literals(Polarity),
    why=tuples(texts),
    points=tuples(st.builds(Points, reason=texts, points=st.integers(-100, 100))),
    page=words,
    contact_page=words,
    url=texts,
    at=times,
    channel=literals(Channel),
)
deliveries = st.builds(
    Delivery,
    id=words,
    kind=literals(DeliveryKind),
    rule=words,
    about=words,
    channel=words,
    subject=texts,
    items=tuples(delivery_items),
    notes=tuples(texts),
    since=st.none() | times,
    until=st.none() | times,
    state=literals(DeliveryState),
    attempts=tuples(st.builds(Attempt, at=times, outcome=st.sampled_from(["sent", "failed"]), message=texts)),
    failures=offsets,
    next_attempt=st.none() | times,
    created=times,
    sent=st.none() | times,
    reason=texts,
)

# Every type of data that moves on a topic -> any record of it.
DATA: dict[type[Record], st.SearchStrategy[Any]] = {
    Mention: mentions,
    EnrichedMention: enriched_mentions,
    Contact: contacts,
    Account: accounts,
    Holding: holdings,
    Purchase: purchases,
    Identity: identities,
    Term: terms,
    Sense: senses,
    WatchedSource: watched_sources,
    Decision: decisions,
    Incident: incidents,
    Profile: profiles,
    Change: changes,
    Fetch: fetches,
    DeadLetter: dead_letters,
    PollState: poll_states,
    Shown: shown,
    Robots: st.builds(Robots, text=texts, at=times, error=texts, since=st.none() | times),
    Revision: revisions,
    KeptAnswer: st.builds(KeptAnswer, request=words, owner=words, at=times, answer=st.none() | st.binary(max_size=40)),
    Pushed: st.builds(Pushed, source=words, event=texts, fetch=words, at=times),
    PushState: st.builds(
        PushState,
        began=times,
        taken=offsets,
        idle=offsets,
        repeated=offsets,
        last=st.none() | times,
        refused=offsets,
        refused_at=st.none() | times,
        problem=texts,
    ),
    Errand: st.builds(
        Errand,
        id=words,
        kind=st.sampled_from(["webmention", "back-fill"]),
        source=texts,
        url=texts,
        target=texts,
        start=st.none() | times,
        end=st.none() | times,
        at=times,
    ),
    ErrandState: st.builds(
        ErrandState,
        state=st.sampled_from(["waiting", "done", "failed", "refused"]),
        attempts=offsets,
        due=st.none() | times,
        url=texts,
        pages=offsets,
        mentions=offsets,
        known=offsets,
        outside=offsets,
        oldest=st.none() | times,
        shown=tuples(words),
        todo=tuples(texts),
        problem=texts,
        ended=texts,
        at=times,
    ),
    Policies: st.builds(Policies, by_source=st.dictionaries(words, policies, max_size=3)),
    Delivery: deliveries,
    Suppression: suppressions,
    Epoch: st.builds(Epoch, number=offsets),
}


def events_of(cls: type[Record]) -> st.SearchStrategy[Event[Any]]:
    """Any event that carries a record of `cls`."""
    return st.builds(
        event_for,
        DATA[cls],
        subject=words,
        source=words,
        time=times,
        verb=literals(Verb),
        sourceversion=versions,
        cause=literals(Cause),
    )


events = st.sampled_from(list(DATA_TYPES.values())).flatmap(events_of)
"""Any event of any type."""
