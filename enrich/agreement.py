"""How far machine and people agree: the labels of both side by side, by source and language. Pure."""

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Final, NamedTuple

from overheard.records import Decision, EnrichedMention
from overheard.records.base import Record
from overheard.records.mention import Channel

_SENTIMENT: Final = "sentiment"
_ABOUT_US: Final = "about us"
_INTENT: Final = "intent/"
_LANGUAGE: Final = "language"


class Override(Record, frozen=True, kw_only=True):
    """One label that a person set on a mention, and the machine's: a line of an evaluation set of one's own.

    `what` is "sentiment" of the whole or toward `target`, at [start, end) of `text`; "intent/LABEL" with the labels
    "yes" and "no", at the first place where the machine saw it, else of the whole; "language", whose labels are codes;
    or "about us", where the person's label is "no" and `target` a term by which the mention had passed. `channel` is
    the mention's. `withheld` says by whose policy the text is not there.
    """

    mention: str
    source: str
    language: str
    what: str
    target: str = ""
    text: str
    start: int = 0
    end: int = 0
    label: str
    machine: str
    by: str
    channel: Channel = ""
    withheld: str = ""


class Agreement(NamedTuple):
    """How often the machine had said what a person said, of one kind of label, by source and language.

    `low` and `high` bound the share with 95 % confidence (Wilson's score interval). People look at what seems wrong, so
    the share is that of what they looked at, not of all.
    """

    what: str
    source: str
    language: str
    labels: int
    agreed: int
    low: float
    high: float


def overrides(mentions: Mapping[str, EnrichedMention], decisions: Iterable[Decision]) -> list[Override]:
    """Return what standing decisions say of these mentions (by id) beside what the machine said, in their order.

    Of mentions that are not among them, and of terms that a mention does not have, there is nothing to say.
    """
    found = []
    for one in decisions:
        mention = mentions.get(one.left)
        if mention is None:
            continue
        if one.verb == "not about us":
            found += [
                _override(mention, one, _ABOUT_US, term, start, end, label="no", machine="yes")
                for term, (start, end) in _places(mention).items()
            ]
        elif one.verb == "relabel" and one.right == _SENTIMENT:
            text = mention.mention.text
            machine = mention.sentiment.polarity
            found.append(_override(mention, one, _SENTIMENT, "", 0, len(text), label=one.value, machine=machine))
        elif one.verb == "relabel" and one.right.startswith(f"{_SENTIMENT}/"):
            term = one.right.removeprefix(f"{_SENTIMENT}/")
            start, end = _places(mention).get(term, (0, 0))
            found += [
                _override(mention, one, _SENTIMENT, term, start, end, label=one.value, machine=said.polarity)
                for said in mention.targets
                if said.target == term
            ]
        elif one.verb == "relabel" and one.right.startswith(_INTENT):
            found.append(_intent(mention, one))
        elif one.verb == "relabel" and one.right == _LANGUAGE:
            end, code = len(mention.mention.text), mention.language.code
            found.append(_override(mention, one, _LANGUAGE, "", 0, end, label=one.value, machine=code))
    return found


def _intent(mention: EnrichedMention, decision: Decision) -> Override:
    label = decision.right.removeprefix(_INTENT)
    its = next((one for one in mention.intents if one.label == label), None)
    start, end = (its.start, its.end) if its else (0, len(mention.mention.text))
    target, machine = (its.target, "yes") if its else ("", "no")
    return _override(mention, decision, decision.right, target, start, end, label=decision.value, machine=machine)


def agreement(found: Iterable[Override]) -> list[Agreement]:
    """Return the agreement by kind of label, source and language, those with most labels first."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for one in found:
        what = f"{one.what} toward a target" if one.what == _SENTIMENT and one.target else one.what
        count = counts.setdefault((what, one.source, one.language), [0, 0])
        count[0] += 1
        count[1] += one.label == one.machine
    rows = [Agreement(*key, labels, agreed, *wilson(agreed, labels)) for key, (labels, agreed) in counts.items()]
    return sorted(rows, key=lambda row: (-row.labels, row[:3]))


def wilson(hits: int, number: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927, the score interval); (0, 1) for none."""
    if not number:
        return 0.0, 1.0
    z = 1.959964
    share = hits / number
    middle = share + z * z / (2 * number)
    spread = z * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    whole = 1 + z * z / number
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def _override(  # noqa: PLR0917  (made here only)
    mention: EnrichedMention,
    decision: Decision,
    what: str,
    target: str,
    start: int,
    end: int,
    *,
    label: str,
    machine: str,
) -> Override:
    said = mention.mention
    return Override(
        mention=said.id,
        source=said.source,
        language=mention.language.code,
        what=what,
        target=target,
        text=said.text,
        start=start,
        end=end,
        label=label,
        machine=machine,
        by=decision.by,
        channel=said.channel,
    )


def _places(mention: EnrichedMention) -> dict[str, tuple[int, int]]:
    """Return the first place of each term."""
    places: dict[str, tuple[int, int]] = {}
    for hit in mention.hits:
        places.setdefault(hit.term, (hit.start, hit.end))
    return places
