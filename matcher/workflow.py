"""What people have made of an incident: status, who has it, tags, notes, labels, and the steps that led there. Pure.

A function of the standing decisions on the mention: withdrawing one takes its effect away.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast, get_args

from msgspec.structs import replace

from overheard.matcher.identity.decisions import Decisions
from overheard.records import (
    ActivityType,
    Decision,
    EnrichedMention,
    Intent,
    Language,
    Note,
    Polarity,
    Snippet,
    Status,
    Step,
)

# The steps of an incident's history that it shows, the newest.
STEPS = 50

_SENTIMENT = "sentiment"
_LANGUAGE = "language"
_INTENT = "intent/"
_INTENTS: tuple[ActivityType, ...] = get_args(ActivityType)
_CODE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?")


@dataclass(frozen=True, slots=True)
class Workflow:
    """`labels` are values by what they are of (`is_label`). Tags in order, notes by time."""

    status: Status = "open"
    assignee: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Step, ...] = ()


UNTOUCHED = Workflow()


def workflow(decisions: Decisions, mention: str) -> Workflow:
    """Return what the standing decisions on a mention come to. A value that no such decision may have counts for none.

    "not about us" is not among the status here: it is a decision of its own.
    """
    history = decisions.history(mention)
    if not history:
        return UNTOUCHED
    status: Status = "open"
    assignee = ""
    tags: dict[str, str] = {}
    notes: dict[str, Decision] = {}
    labels: dict[str, str] = {}
    for one in history:  # the newest on each pair comes last
        if one.left != mention:
            continue
        if one.verb == "status" and one.value in get_args(Status) and one.value != "not about us":
            status = cast("Status", one.value)
        elif one.verb == "assign":
            assignee = one.value
        elif one.verb == "tag":
            tags[one.right] = one.value
        elif one.verb == "note":
            notes[one.right] = one
        elif one.verb == "relabel" and is_label(one.right, one.value):
            labels[one.right] = one.value
    standing = sorted((one for one in notes.values() if one.value), key=lambda one: (one.at, one.id))
    return Workflow(
        status=status,
        assignee=assignee,
        tags=tuple(sorted(name for tag, on in tags.items() if on and (name := _tag(tag)))),
        notes=tuple(Note(text=one.value, by=one.by, at=one.at) for one in standing),
        labels=labels,
        history=tuple(_step(one, mention) for one in history[-STEPS:]),
    )


def is_label(of: str, value: str) -> bool:
    """True where a person may say this of a post: a polarity of "sentiment" or "sentiment/TERM", "yes" or "no" of
    "intent/LABEL", a language's code of "language".
    """
    if of == _LANGUAGE:
        return _CODE.fullmatch(value) is not None
    if of.startswith(_INTENT):
        return of.removeprefix(_INTENT) in _INTENTS and value in ("yes", "no")
    return (of == _SENTIMENT or of.startswith(f"{_SENTIMENT}/")) and value in get_args(Polarity)


def relabelled(mention: EnrichedMention, labels: Mapping[str, str]) -> EnrichedMention:
    """Return a mention with the labels that people gave in the place of the machine's; they are sure.

    A sentiment toward a term stands on its target and its snippets, that of the whole on the snippet that stands for
    it; toward a term that is not mentioned it changes nothing. An intent that is denied is gone, from snippets and,
    with a complaint, from concerns too; one that is added stands for the whole text, and is of the one term mentioned.
    """
    if not labels:
        return mention
    whole = _polarity(labels.get(_SENTIMENT))
    language = labels.get(_LANGUAGE)
    denied = {one for one in _INTENTS if labels.get(f"{_INTENT}{one}") == "no"}
    return replace(
        mention,
        language=Language(code=language, confidence=1.0) if language else mention.language,
        intents=_intents(mention, labels),
        concerns=tuple(one for one in mention.concerns if one.kind not in denied),
        sentiment=replace(mention.sentiment, polarity=whole, confidence=1.0) if whole else mention.sentiment,
        targets=tuple(
            replace(each, polarity=label, confidence=1.0) if (label := _toward(each.target, labels)) else each
            for each in mention.targets
        ),
        snippets=tuple(_snippet(each, labels, denied) for each in mention.snippets),
    )


def _snippet(snippet: Snippet, labels: Mapping[str, str], denied: set[ActivityType]) -> Snippet:
    if label := _toward(snippet.target, labels):
        snippet = replace(snippet, polarity=label, confidence=1.0)
    if denied.intersection(snippet.intents):
        snippet = replace(snippet, intents=tuple(one for one in snippet.intents if one not in denied))
    return snippet


def _intents(mention: EnrichedMention, labels: Mapping[str, str]) -> tuple[Intent, ...]:
    said = {one: labels.get(f"{_INTENT}{one}") for one in _INTENTS}
    kept = [
        replace(one, confidence=1.0) if said[one.label] == "yes" else one
        for one in mention.intents
        if said[one.label] != "no"
    ]
    about = {hit.term for hit in mention.hits}
    target = about.pop() if len(about) == 1 else ""
    end = len(mention.mention.text)
    found = {one.label for one in kept}
    added = [one for one in _INTENTS if said[one] == "yes" and one not in found]
    return (*kept, *(Intent(label=one, start=0, end=end, confidence=1.0, target=target) for one in added))


def _toward(term: str, labels: Mapping[str, str]) -> Polarity | None:
    return _polarity(labels.get(f"{_SENTIMENT}/{term}" if term else _SENTIMENT))


def _polarity(label: str | None) -> Polarity | None:
    return cast("Polarity", label) if label else None


def _tag(right: str) -> str:
    return right.removeprefix("tag/")


def _step(one: Decision, mention: str) -> Step:
    what, value = str(one.verb), one.value
    if one.verb in ("tag", "note") and not one.value:
        what = f"{one.verb} taken away"
    if one.verb == "tag":
        value = _tag(one.right)
    elif one.verb == "relabel":
        what = f"relabel {one.right}"
    elif one.verb in ("same", "not the same", "unsure"):
        value = one.right if one.left == mention else one.left
    return Step(id=one.id, what=what, value=value, by=one.by, at=one.at)
