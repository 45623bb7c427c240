"""Which passages of a post a card shows: where the query matched, else what was said of the watched terms. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from overheard.index.base import Hit
from overheard.records import Incident
from overheard.web.shown import Span

_MOST = 3  # passages of a card
_LONGEST = 320  # characters of a passage; a text no longer is shown whole


class Passage(NamedTuple):
    """A cut of a text with what is marked in it; `before` and `after`: the text goes on there."""

    text: str
    marks: tuple[tuple[int, int], ...]
    before: bool
    after: bool


def title_of(hit: Hit, incident: Incident) -> Passage | None:
    """Return the title of a post with what is marked in it; None where it has none."""
    name = incident.mention.name
    return _passage(name, 0, min(len(name), _LONGEST), _marks(hit, incident)) if name else None


def passages_of(hit: Hit, incident: Incident) -> list[Passage]:
    """Return up to three passages of what stands below the title, in its order; a short text whole."""
    text = incident.mention.text
    first = len(incident.mention.name) + 1 if incident.mention.name else 0
    found = [(one.start, one.start + len(one.text)) for one in hit.fragments if one.marks]
    places = found or sorted({(one.start, one.end) for one in incident.snippets}) or [(first, first + _LONGEST)]
    if len(text) - first <= _LONGEST:
        places = [(first, len(text))]
    below = [(max(start, first), end) for start, end in places if end > first]
    marks = _marks(hit, incident)
    return [_passage(text, start, end, marks, first=first) for start, end in below[:_MOST] if start < len(text)]


def _marks(hit: Hit, incident: Incident) -> list[tuple[int, int]]:
    """Return what is marked in the text: what the query asked for, else the watched terms; in order and apart."""
    asked = [(one.start + a, one.start + b) for one in hit.fragments for a, b in one.marks]
    marks: list[tuple[int, int]] = []
    for start, end in sorted(asked or [(one.start, one.end) for one in incident.hits]):
        if not marks or start >= marks[-1][1]:
            marks.append((start, end))
    return marks


def _passage(text: str, start: int, end: int, marks: Sequence[tuple[int, int]], *, first: int = 0) -> Passage:
    end = min(end, start + _LONGEST, len(text))
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in marks if a < end and b > start]
    return Passage(text[start:end], tuple(inside), start > first, end < len(text))


def spans_of(incident: Incident) -> list[Span]:
    """Return what is marked in the whole text: watched terms and entities."""
    terms = [Span(hit.start, hit.end, "term") for hit in incident.hits]
    return [*terms, *(Span(entity.start, entity.end, entity.label) for entity in incident.entities)]
