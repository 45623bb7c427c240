"""What every list of evidence is made of: weighted features, each a small function, and what it found.

A feature looks at one possible link and returns what it compared, or None where it has nothing to say. To add one,
write the function, with a docstring, and put a line in the list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Generic, NamedTuple, TypeVar

from overheard.matcher.names.organisations import site_domain
from overheard.matcher.names.text import Text, tokens
from overheard.records import Account, Contact, EnrichedMention, Evidence
from overheard.text import fold
from overheard.words import CAPITALISED


class Found(NamedTuple):
    """What a feature compared. [start, end) as in `Evidence`; `scale` multiplies the feature's weight."""

    mention_value: str
    crm_value: str
    start: int = -1
    end: int = -1
    scale: float = 1.0


C = TypeVar("C")


@dataclass(frozen=True)
class Feature(Generic[C]):
    """A function, what its finding weighs, and what that does.

    `corroborates`: a fact beside the name. `veto`: rules a link out whatever else is found.
    """

    weight: float
    find: Callable[[C], Found | None]
    corroborates: bool = False
    veto: bool = False

    @cached_property
    def name(self) -> str:
        """The function's name, in words."""
        return self.find.__name__.replace("_", " ")


def gather(features: Sequence[Feature[C]], case: C) -> list[Evidence]:
    """Return the evidence that the features find in a case, in the order of the list."""
    return [evidence_of(feature, one) for feature in features if (one := feature.find(case)) is not None]


def evidence_of(feature: Feature[C], found: Found) -> Evidence:
    """Return what a feature found as evidence, with its weight."""
    return Evidence(
        feature=feature.name,
        weight=round(feature.weight * found.scale, 3),
        mention_value=found.mention_value,
        crm_value=found.crm_value,
        start=found.start,
        end=found.end,
        veto=feature.veto,
    )


def several(names: Sequence[str]) -> str:
    """Return the first three of some names, and whether there are more: a thousand would help nobody."""
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")


@lru_cache(maxsize=16_384)
def phrase_of(words: str) -> tuple[str, ...]:
    """Return the tokens of what a record says of somebody (a title, a place, a domain), to be found in texts."""
    return tuple(tokens(fold(words)))


def domain_in(mention: EnrichedMention, text: Text, domain: str) -> Found | None:
    """Return where a mention links to a registrable domain or writes it, or None."""
    for link in mention.mention.links:
        if site_domain(link) == domain:
            return Found(link, domain)
    phrase = phrase_of(domain)
    for at in text.find(phrase):
        start, end = text.span(at, at + len(phrase) - 1)
        if fold(text.original[start:end]) == domain:
            return Found(text.original[start:end], domain, start, end)
    return None


def has_telling_capital(text: Text, span: tuple[int, int], *names: tuple[int, int]) -> bool:
    """True where a word has a capital that neither the beginning of a sentence nor a headline asks for.

    `names` are spans that have theirs anyway, and so make no headline.
    """
    before = text.original[max(span[0] - 40, 0) : span[0]].rstrip(" \t")
    if not before or before[-1] in '.!?:\n"“•*' or not text.original[span[0]].isupper():
        return False
    if fold(text.original[slice(*span)]) in CAPITALISED:
        return False
    return not (text.has_title_case_without(span, *names) if names else text.has_title_case)


def overlapping(
    mention: EnrichedMention, text: Text, labels: Sequence[str], span: tuple[int, int], crm_value: str
) -> Found | None:
    """Return the first entity of one of these labels that overlaps a span, or None."""
    start, end = span
    for entity in mention.entities:
        if entity.label in labels and entity.start < end and start < entity.end:
            return Found(text.original[entity.start : entity.end], crm_value, entity.start, entity.end)
    return None


def reference(record: Contact | Account) -> str:
    """Return what the CRM calls a record: its first external id, else our own."""
    return record.external_ids[0].value if record.external_ids else record.id
