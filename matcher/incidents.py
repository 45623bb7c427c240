"""Incidents: one for each relevant mention, made of the mention and its match. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from overheard.identities import identities_of_actor
from overheard.matcher.events.events import ALONE, EventInfo
from overheard.matcher.explain import explained
from overheard.matcher.identity.directory import Directory
from overheard.matcher.match import Match
from overheard.matcher.workflow import relabelled, workflow
from overheard.records import (
    ActivityType,
    EnrichedMention,
    Incident,
    IncidentSummary,
    Language,
    Mention,
    Party,
    Polarity,
    Sentiment,
    Snippet,
    Version,
    digest,
    incident_id,
    sort_key,
)
from overheard.records.mention import Channel

# A profile shows so many snippets of an incident; the incident itself has them all.
_SNIPPETS = 3
# Of a post that is edited all the time an incident tells the first text, which most were matched by, and the newest.
_NEWEST_VERSIONS = 9

_encoder = msgspec.json.Encoder()


class Link(NamedTuple):
    """One contact's or account's part in an incident.

    `outcome` is "aside" where a person said that the incident is not about us.
    """

    subject: str
    outcome: str
    weight: float


class Links(NamedTuple):
    """All links of one incident, in order of subject, and what they count under and show on a profile.

    Terms are joined by newlines, and so are the labels of intents, each once, in order. `channel` is "" where it was
    said in public. `shown` is a `Shown` as JSON: namesakes by the dozen share it.
    """

    links: Sequence[Link] = ()
    day: str = ""
    polarity: str = ""
    terms: str = ""
    intents: str = ""
    shown: bytes = b""
    channel: str = ""


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """What the profiles of all who have a part in an incident show of it; `why` has a sentence for each party."""

    id: str
    k: str
    source: str
    url: str
    published: datetime | None
    about: tuple[str, ...]
    polarity: Polarity
    intents: tuple[ActivityType, ...]
    snippets: tuple[Snippet, ...]
    parties: tuple[Party, ...]
    why: tuple[str, ...]
    channel: Channel = ""

    def to(self, subject: str) -> IncidentSummary:
        """Return the summary for one of those who have a part in it: their surest."""
        party, why = _surest(self.parties, self.why)[subject]
        return IncidentSummary(
            id=self.id,
            k=self.k,
            source=self.source,
            url=self.url,
            published=self.published,
            role=party.role,
            outcome=party.outcome,
            score=party.score,
            weight=party.weight,
            about=self.about,
            polarity=self.polarity,
            intents=self.intents,
            snippets=self.snippets,
            evidence=party.evidence,
            why=(why,),
            channel=self.channel,
        )


def when_of(mention: EnrichedMention, first_seen: datetime) -> datetime:
    """Return when it was said: published, but never after it was first seen."""
    published = mention.mention.published
    return first_seen if published is None else min(published, first_seen)


def make_incident(
    mention: EnrichedMention,
    match: Match,
    directory: Directory,
    first_seen: datetime,
    event: EventInfo = ALONE,
    *,
    before: Sequence[Version] = (),
) -> Incident:
    """Return the incident of an enriched mention; `first_seen` is the earliest of all its revisions.

    `before` is what it said before, oldest first, by source version.
    """
    work = workflow(directory.decisions, mention.mention.id)
    mention = relabelled(mention, work.labels)
    said = mention.mention
    if said.first_seen != first_seen:
        said = msgspec.structs.replace(said, first_seen=first_seen)
    more = (f"{match.more} more candidates with lower scores are not shown",) if match.more else ()
    versions = _other_texts(said.text, before) if before else ()
    known = [p.score for p in match.parties if p.outcome == "linked" and directory.is_known(p.subject)]
    return Incident(
        id=incident_id(said.id),
        k=str(sort_key(said.id, said.published, first_seen)),
        mention=said,
        passed=mention.passed,
        language=mention.language,
        sentiment=mention.sentiment,
        about=_about(mention),
        hits=mention.hits,
        entities=mention.entities,
        targets=mention.targets,
        intents=mention.intents,
        concerns=mention.concerns,
        snippets=mention.snippets,
        parties=match.parties,
        confidence=max(known, default=0.0),
        why=(*explained(match.parties, directory), *more),
        event=event.event,
        members=event.members,
        member_count=event.member_count,
        event_why=event.why,
        status="not about us" if match.not_about_us else work.status,
        assignee=work.assignee,
        tags=work.tags,
        notes=work.notes,
        history=work.history,
        versions=versions if len(versions) <= _NEWEST_VERSIONS else (versions[0], *versions[-_NEWEST_VERSIONS:]),
        version_count=len(versions),
        models=mention.models,
    )


def _about(mention: EnrichedMention) -> tuple[str, ...]:
    """Return the terms that a mention names, then those that it is about by where it was said."""
    told = mention.mention.about
    there = [one.by for one in mention.passed if one.reason == "term" and one.by in told] if told else []
    return tuple(dict.fromkeys([*(hit.term for hit in mention.hits), *there]))


def polarity_of(incident: Incident) -> Polarity:
    """Return the polarity an incident counts under: toward our own terms, else any term, else the document's.

    Of several the surest that takes a side holds.
    """
    own = {hit.term for hit in incident.hits if hit.kind in ("own-company", "own-product")}
    targets = [t for t in incident.targets if t.target in own] or list(incident.targets)
    if not targets:
        return incident.sentiment.polarity
    best = max(targets, key=lambda t: (t.polarity in ("positive", "negative"), t.confidence, t.target))
    return best.polarity


def links_of(incident: Incident, directory: Directory) -> Links:
    """Return the links of an incident: one for each contact and account that has a part in it."""
    known = directory.is_known
    best = sorted(_surest(incident.parties, incident.why).items())
    links = [Link(subject, one.outcome, one.weight) for subject, (one, _) in best if known(subject)]
    if not links:
        return Links()
    if incident.status == "not about us":
        links = [one._replace(outcome="aside") for one in links]
    said = incident.mention
    when = said.first_seen if said.published is None else min(said.published, said.first_seen)
    intents = tuple(sorted({one.label for one in incident.intents}))
    shown = Shown(
        id=incident.id,
        k=incident.k,
        source=said.source,
        url=said.url,
        published=said.published,
        about=incident.about,
        polarity=polarity_of(incident),
        intents=intents,
        snippets=_shown(incident.snippets),
        parties=incident.parties,
        why=incident.why[: len(incident.parties)],
        channel=said.channel,
    )
    return Links(
        links=links,
        day=when.date().isoformat(),
        polarity=shown.polarity,
        terms="\n".join(incident.about),
        intents="\n".join(intents),
        shown=_encoder.encode(shown),
        channel=said.channel,
    )


def _surest(parties: Sequence[Party], why: Sequence[str]) -> dict[str, tuple[Party, str]]:
    """Return the surest part of each subject, the first of equal ones, with its sentence."""
    best: dict[str, tuple[Party, str]] = {}
    for party, sentence in zip(parties, why, strict=False):  # more candidates than are shown have a last sentence
        held = best.setdefault(party.subject, (party, sentence))[0]
        if party is not held and (party.outcome == "linked", party.weight) > (held.outcome == "linked", held.weight):
            best[party.subject] = party, sentence
    return best


def version_of(mention: EnrichedMention, revision: int) -> Version:
    """Return what an earlier revision of a post leaves of itself; `revision` is its source version."""
    said = mention.mention
    return Version(
        revision=revision,
        source=said.source,
        authors=identities_of_actor(said.attributed_to),
        published=said.published,
        updated=said.updated,
        text_hash=digest(said.text),
        snippets=_shown(mention.snippets),
    )


def _other_texts(now: str, before: Sequence[Version]) -> tuple[Version, ...]:
    """Return the first version of each text that is not that of now: what else an edit changes is no other word."""
    texts: dict[str, Version] = {}
    for version in before:
        texts.setdefault(version.text_hash, version)
    texts.pop(digest(now), None)
    return tuple(texts.values())


def _shown(snippets: tuple[Snippet, ...]) -> tuple[Snippet, ...]:
    """Return the first snippets of different places: one place may stand for several targets."""
    places: dict[tuple[int, int], Snippet] = {}
    for snippet in snippets:
        places.setdefault((snippet.start, snippet.end), snippet)
    return tuple(places.values())[:_SNIPPETS]


def husk(incident: str, mention: str, first_seen: datetime) -> Incident:
    """Return what is left of an incident that is gone: its id, and nothing that anybody said."""
    return Incident(
        id=incident,
        k="0",
        mention=Mention(id=mention, platform="", source="", content="", first_seen=first_seen),
        passed=(),
        language=Language(),
        sentiment=Sentiment(polarity="unsure", confidence=0.0),
    )
