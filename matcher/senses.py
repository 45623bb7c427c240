"""What decisions on a mention say of each term that it hits: that it was meant, or that something else was. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from overheard.records import Decision, EnrichedMention, Sense, SenseExample
from overheard.records.ids import content_hash
from overheard.records.watch import MAX_DECIDED, MAX_EXAMPLES

# Characters of the text kept on either side of a hit: its sentence, and in most posts the one before and after.
_AROUND = 200
_CONFIRMED = ("answered", "closed")


class Told(NamedTuple):
    """What people's decisions on a mention say of one term: `example` None where they leave open what was meant.

    `at` and `by` are time and id of the newest of them.
    """

    term: str
    mention: str
    at: datetime
    by: str
    example: SenseExample | None


def told(mention: EnrichedMention, history: Sequence[Decision]) -> tuple[Told, ...]:
    """Return what the standing decisions on a mention say of each term that it hits, by its first place.

    "not about us" says that none was meant, whatever else was done with the post. That somebody answered or closed it,
    set its tone, said what it wants or whose it is says that they were meant; toward one term, that this one was.
    """
    if not history or not mention.hits:
        return ()
    id_, text = mention.mention.id, mention.mention.text
    newest = max(history, key=lambda one: (one.at, one.id))
    status = [one.value for one in history if one.verb == "status" and one.left == id_][-1:]
    aside = any(one.verb == "not about us" and one.left == id_ for one in history)
    every = bool(status and status[0] in _CONFIRMED) or any(_confirms(one, id_) for one in history)
    named = {one.right.partition("/")[2] for one in history if _is_toward_one(one)}
    found: dict[str, Told] = {}
    for hit in mention.hits:
        if hit.term in found:
            continue
        example = None
        if aside or every or hit.term in named:
            start, end = _window(text, hit.start, hit.end)
            example = SenseExample(
                mention=id_, text=text[start:end], start=hit.start - start, end=hit.end - start, about=not aside
            )
        found[hit.term] = Told(hit.term, id_, newest.at, newest.id, example)
    return tuple(found.values())


def make_sense(term: str, every: Iterable[Told]) -> Sense | None:
    """Return what people have said of a term, of all that they said, in any order; None for nothing."""
    newest = sorted(every, key=lambda one: (one.at, one.by, one.mention), reverse=True)
    if not newest:
        return None
    examples = [one.example for one in newest if one.example is not None][:MAX_EXAMPLES]
    sense = Sense(
        term=term,
        version="",
        examples=tuple(sorted(examples, key=lambda one: one.mention)),
        decided=tuple(sorted(one.mention for one in newest[:MAX_DECIDED])),
    )
    return Sense(term=term, version=content_hash(sense), examples=sense.examples, decided=sense.decided)


def _is_toward_one(one: Decision) -> bool:
    return one.verb == "relabel" and one.right.startswith("sentiment/")


def _confirms(one: Decision, mention: str) -> bool:
    """True for a decision that nobody would take on a post that means something else."""
    if one.verb == "relabel":
        return one.right == "sentiment" or one.right.startswith("intent/")
    return one.verb == "same" and one.left == mention


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """Return [start, end) of what is kept around a hit, cut at white space where there is any."""
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND)
    if first and (space := text.find(" ", first, start)) >= 0:
        first = space + 1
    if last < len(text) and (space := text.rfind(" ", end, last)) >= 0:
        last = space
    return first, last
