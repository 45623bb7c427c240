"""What a tree means, in plain Python: the reference that every engine is held to, and where in a text it matched.

Slow on purpose: it reads like the definition. Knows no engine.
"""

from collections.abc import Iterator, Mapping, Sequence

from overheard.index.documents import TAIL_BITS, Document
from overheard.index.fields import TEXT_FIELDS
from overheard.index.query import (
    And,
    Everything,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Published,
    Tree,
    Value,
    Word,
)

# Token positions [start, end).
Span = tuple[int, int]


def matches(tree: Tree, document: Document) -> bool:
    """True where the document is one that the tree asks for."""
    match tree:
        case Everything():
            return True
        case And(operands=operands):
            return all(matches(operand, document) for operand in operands)
        case Or(operands=operands):
            return any(matches(operand, document) for operand in operands)
        case Not(operand=operand):
            return not matches(operand, document)
        case Value(field=field, value=value):
            return value in document.values.get(field, ())
        case Published(low=low, high=high):
            ms = document.k >> TAIL_BITS
            return (low is None or low <= ms) and (high is None or ms < high)
        case Prefix(field=field, stem=stem) if field not in TEXT_FIELDS:
            return any(value.startswith(stem) for value in document.values.get(field, ()))
        case Word(field=field, token=token):
            return f" {token} " in _stream(document, field)
        case Phrase(field=field, tokens=tokens):
            return f" {' '.join(tokens)} " in _stream(document, field)
        case Prefix(field=field, stem=stem):
            return f" {stem}" in _stream(document, field)
        case Near(field=field):
            return any(True for _ in _spans(tree, document.texts.get(field, "").split(" ")))


def _stream(document: Document, field: str) -> str:
    """Return the tokens of a field between spaces; no token has a space in it."""
    return f" {document.texts.get(field, '')} "


def spans(tree: Tree, texts: Mapping[str, Sequence[str]]) -> list[Span]:
    """Return where the words that a tree asks for stand among the tokens of the fields given, sorted; none for NOT.

    All that matched is returned, also of an operand of AND whose fellow did not match.
    """
    return sorted(set(_positive(tree, texts)))


def _positive(tree: Tree, texts: Mapping[str, Sequence[str]]) -> Iterator[Span]:
    match tree:
        case And(operands=operands) | Or(operands=operands):
            for operand in operands:
                yield from _positive(operand, texts)
        case Word() | Phrase() | Prefix() | Near():
            yield from _spans(tree, texts.get(tree.field, ()))
        case _:
            return


def _spans(tree: Word | Phrase | Prefix | Near, tokens: Sequence[str]) -> Iterator[Span]:
    match tree:
        case Word(token=token):
            yield from ((i, i + 1) for i, each in enumerate(tokens) if each == token)
        case Prefix(stem=stem):
            yield from ((i, i + 1) for i, each in enumerate(tokens) if each.startswith(stem))
        case Phrase(tokens=wanted):
            yield from _phrase(wanted, tokens)
        case Near(left=left, right=right, distance=distance, ordered=ordered):
            lefts = [span for words in left for span in _phrase(words, tokens)]
            rights = [span for words in right for span in _phrase(words, tokens)]
            for a in lefts:
                for b in rights:
                    if 0 <= b[0] - a[1] <= distance or (not ordered and 0 <= a[0] - b[1] <= distance):
                        yield a
                        yield b


def _phrase(wanted: tuple[str, ...], tokens: Sequence[str]) -> Iterator[Span]:
    size = len(wanted)
    for i, token in enumerate(tokens):
        if token == wanted[0] and tuple(tokens[i : i + size]) == wanted:
            yield i, i + size
