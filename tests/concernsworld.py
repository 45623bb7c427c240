"""Enriched posts of our own making that complain and wish, put on the log as the enrich stage would have put them."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from overheard.crm.rows import append_facts
from overheard.records import (
    ActivityType,
    Actor,
    Concern,
    EnrichedMention,
    Intent,
    Language,
    Mention,
    Passed,
    Polarity,
    Sentiment,
    Snippet,
    TargetSentiment,
    Term,
    WatchHit,
    digest,
    event_for,
    mention_id,
    snippet_id,
)
from overheard.wiring.system import System

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TERMS = (
    Term(id="l200", kind="own-product", aliases=("Korvex L200", "L200")),
    Term(id="m3", kind="own-product", aliases=("Korvex M3",)),
)


class Said(NamedTuple):
    """A sentence about a term, with the topic of its one concern; `days` before NOW."""

    text: str
    term: str
    topic: str
    days: int
    intent: ActivityType = "complaint"
    polarity: Polarity = "negative"


SAID = (
    Said("The Korvex L200 came three weeks late and nobody called.", "l200", "delivery", 1),
    Said("My Korvex L200 is still not here, delivery is a joke.", "l200", "delivery", 3),
    Said("Delivery of the Korvex L200 took ages.", "l200", "delivery", 12),
    Said("We got the Korvex L200 late as well.", "l200", "delivery", 45),
    Said("The Korvex L200 spindle bearing is gone after a year.", "l200", "spindle bearing", 70),
    Said("Korvex M3 is too expensive for what it does.", "m3", "price", 5),
    Said("Please add a dark mode to the Korvex M3.", "m3", "dark mode", 6, "question", "neutral"),
    Said("I love the Korvex M3.", "m3", "", 2, "praise", "positive"),
)


def enriched(number: int, said: Said) -> EnrichedMention:
    """What the enrichers would make of it."""
    id_ = mention_id("forum", str(number))
    alias = next(one.aliases[0] for one in TERMS if one.id == said.term)
    start, end = said.text.index(alias), said.text.index(alias) + len(alias)
    whole = len(said.text)
    kind = "wish" if said.intent == "question" else "complaint"
    return EnrichedMention(
        mention=Mention(
            id=id_,
            platform="forum",
            native_id=str(number),
            source="forum",
            url=f"https://forum.example/{number}",
            content=said.text,
            attributed_to=Actor(platform="forum", preferred_username="meerac"),
            published=NOW - timedelta(days=said.days),
            first_seen=NOW - timedelta(days=said.days),
        ),
        passed=(Passed(reason="term", by=said.term),),
        language=Language(code="en", confidence=0.9),
        hits=(WatchHit(term=said.term, kind="own-product", start=start, end=end),),
        sentiment=Sentiment(polarity=said.polarity, confidence=0.8),
        targets=(TargetSentiment(target=said.term, polarity=said.polarity, confidence=0.8, start=0, end=whole),),
        intents=(Intent(label=said.intent, start=0, end=whole, confidence=0.83, target=said.term),),
        concerns=(Concern(topic=said.topic, kind=kind, start=0, end=whole, target=said.term),)  # type: ignore[arg-type]
        if said.topic
        else (),
        snippets=(
            Snippet(
                id=snippet_id(id_, said.term, 0, whole),
                mention=id_,
                target=said.term,
                exact=said.text,
                prefix="",
                suffix="",
                start=0,
                end=whole,
                text_hash=digest(said.text),
                polarity=said.polarity,
                confidence=0.8,
                intents=(said.intent,),
            ),
        ),
        models={"intents": "1"},
        model_version=1,
    )


def fill(system: System) -> list[str]:
    """Put the terms and posts on the log, work on them, and return the mentions' ids, in order of SAID."""
    made = [enriched(number, said) for number, said in enumerate(SAID)]
    events = [event_for(one, subject=f"term/{one.id}", source="/test", time=NOW) for one in TERMS]
    facts = [event_for(one, subject=one.mention.id, source="/enrich", time=NOW) for one in made]
    append_facts(system.log, [*events, *facts])
    system.catch_up_match()
    system.catch_up_index()
    return [one.mention.id for one in made]
