"""What was found in a text, in words: one list of lines for each field of a draft or of its record; and by whom."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from overheard.enrich.draft import Draft
from overheard.enrich.pipeline import Component
from overheard.enrich.sentences import Span
from overheard.records import EnrichedMention

_Lines = tuple[str, ...]


def told(found: Draft | EnrichedMention, field: str) -> _Lines:
    """Return what stands in a field, in the order of the record; empty where nothing was found.

    `field` is one of `FIELDS`, or "sentences", "quoted" or "dropped" of a draft.
    """
    text = found.text if isinstance(found, Draft) else found.mention.text
    if isinstance(found, Draft) and field in ("sentences", "quoted"):
        return _spans(text, getattr(found, field))
    if isinstance(found, Draft) and field == "dropped" and found.dropped:
        return (found.dropped,)
    tell = _TOLD.get(field)
    return () if tell is None else tell(found, text)


def _spans(text: str, spans: list[Span]) -> _Lines:
    return tuple(text[span.start : span.end] for span in spans)


def _sure(confidence: float) -> str:
    return f"{confidence:.2f}"


def _language(found: Draft | EnrichedMention, _: str) -> _Lines:
    return (f"{found.language.code} {_sure(found.language.confidence)}",)


def _hits(found: Draft | EnrichedMention, text: str) -> _Lines:
    return tuple(f"{hit.term}: {text[hit.start : hit.end]} {_sure(hit.confidence)}" for hit in found.hits)


def _entities(found: Draft | EnrichedMention, text: str) -> _Lines:
    return tuple(f"{one.label}: {text[one.start : one.end]}" for one in found.entities)


def _sentiment(found: Draft | EnrichedMention, _: str) -> _Lines:
    return (f"{found.sentiment.polarity} {_sure(found.sentiment.confidence)}",)


def _targets(found: Draft | EnrichedMention, text: str) -> _Lines:
    return tuple(
        f"{one.target}: {one.polarity} {_sure(one.confidence)}: {text[one.start : one.end]}" for one in found.targets
    )


def _intents(found: Draft | EnrichedMention, text: str) -> _Lines:
    return tuple(
        f"{one.label}{_about(one.target)} {_sure(one.confidence)}: {text[one.start : one.end]}" for one in found.intents
    )


def _concerns(found: Draft | EnrichedMention, text: str) -> _Lines:
    return tuple(f"{one.topic} ({one.kind}{_about(one.target)}): {text[one.start : one.end]}" for one in found.concerns)


def _snippets(found: Draft | EnrichedMention, _: str) -> _Lines:
    return tuple(f"{one.target or 'the whole'}: {one.polarity}: {one.exact}" for one in found.snippets)


def _about(target: str) -> str:
    return f" of {target}" if target else ""


_TOLD: Final[Mapping[str, Callable[[Draft | EnrichedMention, str], _Lines]]] = {
    "language": _language,
    "hits": _hits,
    "entities": _entities,
    "sentiment": _sentiment,
    "targets": _targets,
    "intents": _intents,
    "concerns": _concerns,
    "snippets": _snippets,
}
# What two versions of the enrichers may see otherwise, in the order of the record.
FIELDS: Final = tuple(_TOLD)


class Explained(NamedTuple):
    """One component: what it needs and gives, and what it took for a mention, in the mean."""

    name: str
    version: str
    requires: tuple[str, ...]
    assigns: tuple[str, ...]
    milliseconds: float


class ExplainedMention(NamedTuple):
    """What was found in one mention, in words, by field, in the order of the pipeline."""

    mention: str
    text: str
    found: tuple[tuple[str, _Lines], ...]


class Explaining:
    """Takes down what a pipeline does. Its `after` is for `Pipeline.run`; one thread."""

    def __init__(self) -> None:
        self._components: dict[str, Component] = {}
        self._seconds: dict[str, float] = {}
        self._found: dict[str, tuple[str, list[tuple[str, _Lines]]]] = {}

    def after(self, component: Component, seconds: float, drafts: Sequence[Draft]) -> None:
        """Take down what a component assigned on each draft."""
        self._components[component.name] = component
        self._seconds[component.name] = self._seconds.get(component.name, 0.0) + seconds
        for draft in drafts:
            _, found = self._found.setdefault(draft.mention.id, (draft.text, []))
            found += [(field, told(draft, field)) for field in sorted(component.assigns)]

    @property
    def components(self) -> list[Explained]:
        """The components in their order."""
        number = max(len(self._found), 1)
        return [
            Explained(
                name=one.name,
                version=one.version,
                requires=tuple(sorted(one.requires)),
                assigns=tuple(sorted(one.assigns)),
                milliseconds=1000 * self._seconds[one.name] / number,
            )
            for one in self._components.values()
        ]

    @property
    def mentions(self) -> list[ExplainedMention]:
        """The mentions in the order in which they came."""
        return [ExplainedMention(id_, text, tuple(found)) for id_, (text, found) in self._found.items()]
