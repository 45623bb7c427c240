"""Two versions of the enrichers over the same mentions: what each found that the other did not. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from overheard.enrich.told import FIELDS, told
from overheard.records import EnrichedMention


class Difference(NamedTuple):
    """What two versions say otherwise in one field of one mention, in words; empty where one of them says nothing."""

    mention: str
    text: str
    field: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(slots=True)
class Comparison:
    """Versions side by side. `models` maps a component to (before, after), "" for one that was not there.

    `compared` mentions are in both; those in one only are `only_before` and `only_after`. `changed` counts mentions by
    field.
    """

    models: dict[str, tuple[str, str]] = field(default_factory=dict)
    compared: int = 0
    only_before: int = 0
    only_after: int = 0
    changed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIELDS, 0))
    differences: list[Difference] = field(default_factory=list)


def compare(before: Mapping[str, EnrichedMention], after: Mapping[str, EnrichedMention]) -> Comparison:
    """Return how two enrichments of the same mentions, by mention id, differ; differences in order of `after`.

    Only what has the same text is compared: an edit is no matter of versions.
    """
    done = Comparison(only_before=len(before.keys() - after.keys()))
    for mention, new in after.items():
        old = before.get(mention)
        if old is None or old.mention.text != new.mention.text:
            done.only_after += 1
            continue
        done.compared += 1
        for name in dict.fromkeys((*old.models, *new.models)):
            done.models.setdefault(name, (old.models.get(name, ""), new.models.get(name, "")))
        for one in differences(old, new):
            done.changed[one.field] += 1
            done.differences.append(one)
    return done


def differences(before: EnrichedMention, after: EnrichedMention) -> Iterator[Difference]:
    """Yield a difference for each field in which two enrichments of one text are not told in the same words."""
    for name in FIELDS:
        was, now = told(before, name), told(after, name)
        if was != now:
            yield Difference(after.mention.id, after.mention.text, name, _without(was, now), _without(now, was))


def _without(lines: Iterable[str], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines that the others lack; all of them where only their order differs."""
    left = tuple(line for line in lines if line not in others)
    return left or (tuple(lines) if not set(others) - set(lines) else ())
