"""A generated world for the index: incidents in many scripts, and profiles. Same seed, same world."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from overheard.records import (
    ActivityType,
    Actor,
    Concern,
    ExternalId,
    Identity,
    Incident,
    Intent,
    Language,
    Mention,
    Outcome,
    Party,
    Polarity,
    Profile,
    ProfileIdentity,
    Sentiment,
    incident_id,
    mention_id,
    sort_key,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
_VOCABULARY = (
    "driver update crash the a of and great terrible price don't it's café naïve Straße ﬁne Ελλάδα Άθήνα ёлка Йод "
    "हिन्दी में कंपनी सपोर्ट خدمة الشركة می‌خواهم سعر 東京 東京都 京都タワー サポート 猫 한국어 지원 ภาษาไทย 支持 很好 "
    "😀 👍🏽 👩‍💻 🇩🇪 ❤️ 1️⃣ @nvidia @Nvidia @jay.bsky.team @ana@masto.example #gtc24 #GTC24 #5 #東京 R&D AT&T C++ x86_64 "
    "https://nvidia.com/en/a?b=1 www.example.org/Foo_(bar) joe@nvidia.com "
    "Xbox™ Xbox iPhone15を 3.14 1,000 NVIDIA® nvidia "
    "driver driver crash crash price price"
)
WORDS = _VOCABULARY.split(" ")
_POLARITIES: tuple[Polarity, ...] = ("positive", "negative", "neutral", "unsure")
_INTENTS: tuple[ActivityType, ...] = get_args(ActivityType)


def incident(number: int, text: str, **changes: Any) -> Incident:
    """An incident whose mention says `text`; `changes` are fields of the incident or of its mention."""
    of_mention = {
        name: changes.pop(name)
        for name in list(changes)
        if name in Mention.__struct_fields__ and name not in ("id", "language", "about")
    }
    first_seen = of_mention.pop("first_seen", START + timedelta(hours=7 * number))
    mention = Mention(
        **{
            "id": mention_id("x", str(number)),
            "platform": "x",
            "native_id": str(number),
            "source": "x",
            "content": text,
            "first_seen": first_seen,
            **of_mention,
        }
    )
    own = incident_id(mention.id)
    return Incident(
        **{
            "id": own,
            "k": str(sort_key(own, mention.published, mention.first_seen)),
            "mention": mention,
            "passed": (),
            "language": Language(code="en", confidence=1.0),
            "sentiment": Sentiment(polarity="neutral", confidence=1.0),
            **changes,
        }
    )


def profile(number: int, name: str, **changes: Any) -> Profile:
    """The profile of a contact with an e-mail address, a handle and an external id made from `number`."""
    return Profile(
        **{
            "id": f"con_{number}",
            "k": "0",
            "kind": "contact",
            "external_ids": (ExternalId(system="crm", value=f"E{number}"),),
            "name": name,
            "emails": (f"P{number}@firm{number}.example",),
            "identities": (
                ProfileIdentity(
                    identity=Identity(platform="reddit", type="handle", value=f"user{number}", subject=f"con_{number}")
                ),
            ),
            **changes,
        }
    )


def incidents(count: int, seed: int) -> list[Incident]:
    """Incidents over two years, with titles, authors, tags, parties and equal sort keys here and there."""
    chance = random.Random(seed)
    made: list[Incident] = []
    for number in range(count):
        words = chance.choices(WORDS, k=chance.choice((0, 1, 3, 8, 20, 40)))
        joined = " ".join(words) if chance.random() < 0.9 else "".join(words)
        roles: list[tuple[str, Outcome]] = [
            ("con", "linked"),
            ("acc", "linked"),
            ("con", "candidate"),
            ("x:handle", "bare"),
        ]
        people = tuple(
            Party(role="mentioned", subject=f"{kind}_{chance.randrange(5)}", outcome=outcome, score=0.5)
            for kind, outcome in chance.sample(roles, k=chance.randrange(3))
        )
        changes: dict[str, Any] = {
            "first_seen": START + timedelta(minutes=chance.randrange(2 * 365 * 1440)),
            "name": " ".join(chance.choices(WORDS, k=3)) if chance.random() < 0.3 else "",
            "source": chance.choice(("x", "Reddit", "news")),
            "url": chance.choice(("", "https://www.nvidia.com/en/", "http://blog.example.co.uk/p?utm_source=x")),
            "tag": tuple(chance.sample(("GTC24", "Sale"), k=chance.randrange(3))),
            "attributed_to": chance.choice((None, Actor(platform="x", preferred_username="ant_dude", name="José Ant"))),
            "about": tuple(chance.sample(("Nvidia", "xbox", "ps5"), k=chance.randrange(3))),
            "language": Language(code=chance.choice(("en", "ja", "hi-Latn")), confidence=1.0),
            "sentiment": Sentiment(polarity=chance.choice(_POLARITIES), confidence=0.5),
            "intents": tuple(
                Intent(label=label, start=0, end=1, confidence=0.9)
                for label in chance.sample(_INTENTS, k=chance.choice((0, 0, 1, 2)))
            ),
            "concerns": tuple(
                Concern(topic=topic, kind="complaint", start=0, end=1, target=chance.choice(("", "Nvidia", "xbox")))
                for topic in chance.sample(("price", "driver crash", "京都"), k=chance.choice((0, 0, 1, 2)))
            ),
            "parties": people,
        }
        if made and chance.random() < 0.05:
            changes["k"] = made[-1].k
        made.append(incident(number, joined, **changes))
    return made
