"""Short ways to make what the enrich tests need."""

from datetime import UTC, datetime
from typing import Any

from overheard.enrich.draft import Draft
from overheard.enrich.sentences import sentences
from overheard.enrich.winnow import Winnow
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.records import Identity, Language, Mention, Term, WatchedSource, WatchHit, encode, event_for, mention_id
from overheard.records.base import Record

SEEN = datetime(2026, 11, 20, 9, tzinfo=UTC)


def a_mention(content: str, native_id: str = "1", **fields: Any) -> Mention:
    fields = {"platform": "reddit", "source": "reddit", "first_seen": SEEN, **fields}
    return Mention(id=mention_id("reddit", native_id), native_id=native_id, content=content, **fields)


def a_term(id_: str, *aliases: str) -> Term:
    return Term(id=id_, kind="company", aliases=aliases or (id_,))


def a_handle(value: str, platform: str = "reddit") -> Identity:
    return Identity(platform=platform, type="handle", value=value, subject="con_1")


def a_url(value: str) -> Identity:
    return Identity(platform="web", type="url", value=value, subject="con_1")


def hits(text: str, *terms: Term) -> tuple[WatchHit, ...]:
    found = Winnow(terms).winnow(a_mention(text))
    return found.hits if found else ()


def spellings(text: str, *aliases: str) -> list[str]:
    """The spellings that one term with these aliases is found under."""
    return [text[hit.start : hit.end] for hit in hits(text, a_term("it", *aliases))]


def value_of(data: Record, subject: str, **fields: Any) -> bytes:
    return encode(event_for(data, subject=subject, source="/test", time=SEEN, **fields))


def mention_record(mention: Mention, offset: int = 0, **fields: Any) -> ConsumerRecord:
    return ConsumerRecord("mentions", 0, offset, 0, mention.id, value_of(mention, mention.id, **fields), {})


def to_mentions(mention: Mention, **fields: Any) -> ProducerRecord:
    return ProducerRecord("mentions", mention.id, value_of(mention, mention.id, **fields))


def to_watch(watched: Term | Identity | WatchedSource, **fields: Any) -> ProducerRecord:
    key = key_of(watched)
    return ProducerRecord("watch", key, value_of(watched, key, **fields))


def key_of(watched: Term | Identity | WatchedSource) -> str:
    if isinstance(watched, Term):
        return f"term/{watched.id}"
    return f"identity/{watched.key}" if isinstance(watched, Identity) else f"source/{watched.source}"


def a_draft(text: str, *terms: Term, language: str = "en", **fields: Any) -> Draft:
    """Return a draft of a text with its watched terms and its sentences."""
    mention = a_mention(text)
    return Draft(
        mention=mention,
        text=mention.text,
        passed=(),
        hits=hits(text, *terms),
        language=Language(code=language, confidence=1.0),
        sentences=sentences(mention.text),
        **fields,
    )
