"""Incidents: one for each relevant mention, made of the mention and its match. Pure."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from overheard.matcher.directory import Directory
from overheard.matcher.events import ALONE, EventInfo
from overheard.matcher.explain import explain
from overheard.matcher.match import Match
from overheard.matcher.workflow import relabelled, workflow
from overheard.records import (
    EnrichedMention,
    Incident,
    IncidentSummary,
    Language,
    Mention,
    Party,
    Polarity,
    Sentiment,
    Snippet,
    incident_id,
    sort_key,
)

# A profile shows so many snippets of an incident; the incident itself has them all.
_SNIPPETS = 3

_encoder = msgspec.json.Encoder()


class Link(NamedTuple):
    """One contact's or account's part in an incident, as counts and lists of its profile need it.

    `outcome` is "aside" where a person said that the incident is not about us. Terms are joined by newlines.
    """

    subject: str
    outcome: str
    weight: float
    day: str
    polarity: Polarity
    terms: str
    summary: bytes


def when_of(mention: EnrichedMention, first_seen: datetime) -> datetime:
    """Return when it was said: published, but never after it was first seen."""
    published = mention.mention.published
    return first_seen if published is None else min(published, first_seen)


def make_incident(
    mention: EnrichedMention, match: Match, directory: Directory, first_seen: datetime, event: EventInfo = ALONE
) -> Incident:
    """Return the incident of an enriched mention; `first_seen` is the earliest of all its revisions."""
    work = workflow(directory.decisions, mention.mention.id)
    mention = relabelled(mention, work.labels)
    said = msgspec.structs.replace(mention.mention, first_seen=first_seen)
    more = (f"{match.more} more candidates with lower scores are not shown",) if match.more else ()
    known = [p.score for p in match.parties if p.outcome == "linked" and directory.is_known(p.subject)]
    return Incident(
        id=incident_id(said.id),
        k=str(sort_key(said.id, said.published, first_seen)),
        mention=said,
        passed=mention.passed,
        language=mention.language,
        sentiment=mention.sentiment,
        about=tuple(dict.fromkeys(hit.term for hit in mention.hits)),
        hits=mention.hits,
        entities=mention.entities,
        targets=mention.targets,
        snippets=mention.snippets,
        parties=match.parties,
        confidence=max(known, default=0.0),
        why=(*(explain(party, directory) for party in match.parties), *more),
        event=event.event,
        members=event.members,
        member_count=event.member_count,
        event_why=event.why,
        status="not about us" if match.not_about_us else work.status,
        assignee=work.assignee,
        tags=work.tags,
        notes=work.notes,
        history=work.history,
        models=mention.models,
    )


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


def links_of(incident: Incident, directory: Directory) -> list[Link]:
    """Return one link for each contact and account of an incident: its surest part, in order of subject."""
    best: dict[str, tuple[Party, str]] = {}
    for party, why in zip(incident.parties, incident.why[: len(incident.parties)], strict=True):
        held = best.get(party.subject)
        sure = (party.outcome == "linked", party.weight)
        if directory.is_known(party.subject) and (held is None or sure > (held[0].outcome == "linked", held[0].weight)):
            best[party.subject] = (party, why)
    if not best:
        return []
    polarity = polarity_of(incident)
    said = incident.mention
    when = said.first_seen if said.published is None else min(said.published, said.first_seen)
    day, terms, snippets = when.date().isoformat(), "\n".join(incident.about), _shown(incident.snippets)
    links = []
    for subject, (party, why) in sorted(best.items()):
        summary = IncidentSummary(
            id=incident.id,
            k=incident.k,
            source=said.source,
            url=said.url,
            published=said.published,
            role=party.role,
            outcome=party.outcome,
            score=party.score,
            weight=party.weight,
            about=incident.about,
            polarity=polarity,
            snippets=snippets,
            evidence=party.evidence,
            why=(why,),
        )
        links.append(
            Link(
                subject=subject,
                outcome="aside" if incident.status == "not about us" else party.outcome,
                weight=party.weight,
                day=day,
                polarity=polarity,
                terms=terms,
                summary=_encoder.encode(summary),
            )
        )
    return links


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
