"""What people have made of an incident: status, who has it, tags, notes, labels, and the steps that led there. Pure.

A function of the standing decisions on the mention: withdrawing one takes its effect away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast, get_args

from msgspec.structs import replace

from overheard.matcher.decisions import Decisions
from overheard.records import Decision, EnrichedMention, Note, Polarity, Status, Step

# The steps of an incident's history that it shows, the newest.
STEPS = 50

_SENTIMENT = "sentiment"


@dataclass(frozen=True, slots=True)
class Workflow:
    """`labels` are polarities by what they are of: "sentiment", "sentiment/TERM". Tags in order, notes by time."""

    status: Status = "open"
    assignee: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    labels: Mapping[str, Polarity] = field(default_factory=dict)
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
    labels: dict[str, Polarity] = {}
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
        elif one.verb == "relabel" and one.value in get_args(Polarity):
            labels[one.right] = cast("Polarity", one.value)
    standing = sorted((one for one in notes.values() if one.value), key=lambda one: (one.at, one.id))
    return Workflow(
        status=status,
        assignee=assignee,
        tags=tuple(sorted(name for tag, on in tags.items() if on and (name := _tag(tag)))),
        notes=tuple(Note(text=one.value, by=one.by, at=one.at) for one in standing),
        labels=labels,
        history=tuple(_step(one, mention) for one in history[-STEPS:]),
    )


def relabelled(mention: EnrichedMention, labels: Mapping[str, Polarity]) -> EnrichedMention:
    """Return a mention with the labels that people gave in the place of the machine's; they are sure.

    A label toward a term stands on its target and its snippets, that of the whole on the snippet that stands for it. A
    label toward a term that is not mentioned changes nothing.
    """
    if not labels:
        return mention
    whole = labels.get(_SENTIMENT)
    return replace(
        mention,
        sentiment=replace(mention.sentiment, polarity=whole, confidence=1.0) if whole else mention.sentiment,
        targets=tuple(
            replace(each, polarity=label, confidence=1.0) if (label := _toward(each.target, labels)) else each
            for each in mention.targets
        ),
        snippets=tuple(
            replace(each, polarity=label, confidence=1.0) if (label := _toward(each.target, labels)) else each
            for each in mention.snippets
        ),
    )


def _toward(term: str, labels: Mapping[str, Polarity]) -> Polarity | None:
    return labels.get(f"{_SENTIMENT}/{term}" if term else _SENTIMENT)


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
