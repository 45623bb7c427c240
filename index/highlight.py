"""Where a query matched in a text, as short fragments with marks; the same on every engine. Pure."""

from typing import NamedTuple

from overheard.index import analyser
from overheard.index.evaluate import spans
from overheard.index.fields import VALUE_FIELDS
from overheard.index.query import And, Or, Prefix, Tree, Value, Word

_WORDS_OF = frozenset({"handle", "tag"})


class Fragment(NamedTuple):
    """A cut of a text, `text_of(record)[start : start + len(text)]`, and the spans [from, to) of `text` to mark."""

    start: int
    text: str
    marks: tuple[tuple[int, int], ...]


def highlight(tree: Tree, text: str, *, width: int = 160, most: int = 3) -> tuple[Fragment, ...]:
    """Return up to `most` fragments of about `width` characters around what matched, in the text's order.

    Where no word matched (a filter alone, or only NOT) it is the beginning of the text, without marks; empty for an
    empty text. A match longer than `width` is shown up to `width`.
    """
    located = analyser.locate(text)
    tokens = [token.text for token in located]
    marks = _merged([(located[a].start, located[b - 1].end) for a, b in spans(_visible(tree), {"text": tokens})])
    if not marks:
        return (_fragment(text, 0, min(len(text), width), []),) if text else ()
    fragments: list[Fragment] = []
    group: list[tuple[int, int]] = []
    for mark in [*marks, None]:
        if mark is not None and (not group or mark[1] - group[0][0] <= width):
            group.append(mark)
            continue
        spare = max(0, width - (group[-1][1] - group[0][0]))
        start = max(0, group[0][0] - spare // 2)
        floor = fragments[-1].start + len(fragments[-1].text) if fragments else 0
        fragments.append(_fragment(text, max(start, floor), min(len(text), max(start, floor) + width), group))
        if mark is None or len(fragments) == most:
            break
        group = [mark]
    return tuple(fragments)


def _visible(tree: Tree) -> Tree:
    """Return the tree with what stands in the text under another field's name (@handle, #tag) as words of the text."""
    match tree:
        case And(operands=operands):
            return And(tuple(_visible(operand) for operand in operands))
        case Or(operands=operands):
            return Or(tuple(_visible(operand) for operand in operands))
        case Value(field=field, value=value) if field in _WORDS_OF:
            return Word("text", value)
        case Prefix(field=field, stem=stem) if field in VALUE_FIELDS:
            return Prefix("text", stem) if field in _WORDS_OF else tree
    return tree


def _merged(marks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _fragment(text: str, start: int, end: int, marks: list[tuple[int, int]]) -> Fragment:
    """Cut at spaces near the ends, but never inside a mark."""
    if start > 0 and (space := text.find(" ", start, marks[0][0] if marks else start)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", max(start, marks[-1][1] if marks else start), end)) > 0:
        end = space
    inside = tuple((a - start, min(b, end) - start) for a, b in marks if start <= a < end)
    return Fragment(start, text[start:end], inside)
