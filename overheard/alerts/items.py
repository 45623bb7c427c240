"""An incident as an item of a message. Pure."""

from collections.abc import Sequence

from overheard.alerts.parties import OWN, Behind, said_at
from overheard.alerts.words import MOST_NAME, MOST_TEXT, shown, web_address
from overheard.records import DeliveryItem, Incident, Points, Polarity, Snippet

_MOST_WHY = 6


def item_of(
    incident: Incident,
    on: Behind | None,
    *,
    address: str,
    why: Sequence[str],
    points: Sequence[Points] = (),
    target: str = "",
) -> DeliveryItem:
    """Return what is told of an incident: on whom, the snippet about `target` (else about us), why, and the links.

    `address` is where the pages are, without a slash at its end.
    """
    mention = incident.mention
    actor = mention.attributed_to
    snippet = _snippet(incident, target)
    who = on.who if on else None
    firm = (on.firm.name if on.firm else on.who.organisation) if on else ""
    return DeliveryItem(
        incident=incident.id,
        contact=who.id if who else "",
        name=shown(who.name or who.id, MOST_NAME) if who else "",
        account=shown(firm, MOST_NAME),
        said_by=shown(actor.name or actor.preferred_username, MOST_NAME) if actor else "",
        source=shown(mention.source, MOST_NAME),
        text=shown(snippet.exact if snippet else mention.text, MOST_TEXT),
        polarity=snippet.polarity if snippet else _polarity(incident),
        why=tuple(line for each in why if (line := shown(each, MOST_TEXT)))[:_MOST_WHY],
        points=tuple(points),
        page=f"{address}/incidents/{incident.id}",
        contact_page=f"{address}/{'accounts' if who.id.startswith('acc_') else 'contacts'}/{who.id}" if who else "",
        url=web_address(mention.url),
        at=said_at(incident),
        channel=mention.channel,
    )


def _snippet(incident: Incident, target: str) -> Snippet | None:
    own = {hit.term for hit in incident.hits if hit.kind in OWN}

    def order(snippet: Snippet) -> tuple[bool, bool, bool, int]:
        neutral = snippet.polarity not in ("negative", "positive")
        return (snippet.target != target, snippet.target not in own, neutral, snippet.start)

    return min((s for s in incident.snippets if s.exact.strip()), key=order, default=None)


def _polarity(incident: Incident) -> Polarity:
    return incident.sentiment.polarity
