"""News of the sources' health as deliveries. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from overheard.alerts.deliveries import begun
from overheard.alerts.words import MOST_TEXT, shown
from overheard.records import Delivery, delivery_id, digest

RULE = "health"
_MOST_NOTES = 10
_MOST_SUBJECT = 150
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Told:
    """One change of health: of which source ("": of all), what is said, `key` the same for the same change."""

    source: str
    text: str
    key: str
    over: bool


def health_deliveries(news: Sequence[Told], channels: Sequence[str], now: datetime) -> list[Delivery]:
    """Return the deliveries that tell these changes together, one for each channel; the same again has the same ids."""
    about = digest("health", *sorted(one.key for one in news))
    notes = [shown(one.text, MOST_TEXT) for one in news[:_MOST_NOTES]]
    if len(news) > _MOST_NOTES:
        notes.append(f"And {len(news) - _MOST_NOTES} more: the page of sources has all of them.")
    return [
        begun(
            Delivery(
                id=delivery_id(RULE, about, channel),
                kind="health",
                rule=RULE,
                about=about,
                channel=channel,
                subject=shown(_subject(news), _MOST_SUBJECT),
                notes=tuple(notes),
                created=now,
            )
        )
        for channel in channels
    ]


def _subject(news: Sequence[Told]) -> str:
    if everything := [one for one in news if not one.source]:
        return everything[0].text
    troubled = [one.source for one in news if not one.over]
    names = troubled or [one.source for one in news]
    named = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    if not troubled:
        return f"Well again: {named}"
    return f"{'A source needs' if len(names) == 1 else f'{len(names)} sources need'} a look: {named}"
