"""What queries find among documents by the reference, made fast: `matches` looks only where the words stand at all."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import chain
from operator import and_, attrgetter, or_

from overheard.index.base import Sort
from overheard.index.documents import TAIL_BITS, Document
from overheard.index.evaluate import matches
from overheard.index.query import And, Everything, Near, Not, Or, Phrase, Prefix, Published, Tree, Value, Word

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_VALUES_SHOWN = 100


class Oracle:
    """Some documents, newest first. Sets of them are numbers here: bit n stands for `documents[n]`."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = sorted(documents, key=lambda document: (-document.k, document.id))
        self._all = (1 << len(documents)) - 1
        # Where each token of a text field, and each value of a value field, stands.
        standing: dict[str, dict[str, list[int]]] = {}
        for number, document in enumerate(self.documents):
            for field, text in document.texts.items():
                for token in set(text.split(" ")):
                    standing.setdefault(field, {}).setdefault(token, []).append(number)
            for field, values in document.values.items():
                for value in values:
                    standing.setdefault(field, {}).setdefault(value, []).append(number)
        self._standing = standing
        self._sorted = {field: sorted(terms) for field, terms in standing.items()}
        self._found: dict[Tree, int] = {}
        self._facets: dict[str, tuple[Sequence[Sequence[str]], Counter[str]]] = {}

    def count(self, tree: Tree) -> int:
        """Return how many documents a tree finds."""
        return self._find(tree).bit_count()

    def find(self, tree: Tree, sort: Sort = "newest") -> list[Document]:
        """Return what a tree finds in order of time, documents with equal `k`s by id."""
        found = [self.documents[number] for number in _numbers(self._find(tree))]
        return found if sort == "newest" else sorted(found, key=attrgetter("k", "id"))

    def facet(self, tree: Tree, name: str) -> list[tuple[str, int]]:
        """Return how often each value of a facet is among what a tree finds, as `Page.facets` has it."""
        found = self._find(tree)
        if 2 * found.bit_count() > len(self.documents):
            # What is left out is less to count.
            counts = self._counts(self._all, name) - self._counts(self._all & ~found, name)
        else:
            counts = self._counts(found, name)
        if name.startswith("published:"):
            return sorted(counts.items())
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_VALUES_SHOWN]

    def _counts(self, found: int, facet: str) -> Counter[str]:
        if facet not in self._facets:
            of_each = [_values(document, facet) for document in self.documents]
            self._facets[facet] = (of_each, Counter(chain.from_iterable(of_each)))
        values, whole = self._facets[facet]
        if found == self._all:
            return whole
        return Counter(chain.from_iterable(values[number] for number in _numbers(found)))

    def _find(self, tree: Tree) -> int:
        match tree:
            case Everything():
                return self._all
            case And(operands=operands):
                return reduce(and_, map(self._find, operands))
            case Or(operands=operands):
                return reduce(or_, map(self._find, operands))
            case Not(operand=operand):
                return self._all & ~self._find(operand)
        if tree not in self._found:
            found = self._candidates(tree)
            if isinstance(tree, Phrase | Near):
                found = self._mask(number for number in _numbers(found) if matches(tree, self.documents[number]))
            self._found[tree] = found
        return self._found[tree]

    def _candidates(self, tree: Tree) -> int:
        """Return what a leaf of a tree finds; of phrases and NEAR what has their tokens, wherever they stand."""
        match tree:
            case Word(field=field, token=token) | Value(field=field, value=token):
                return self._with(field, token)
            case Phrase(field=field, tokens=tokens):
                return self._with(field, *tokens)
            case Near(field=field, left=left, right=right):
                return reduce(or_, (self._with(field, *a, *b) for a in left for b in right))
            case Prefix(field=field, stem=stem):
                terms = self._sorted.get(field, [])
                first, end = bisect_left(terms, stem), bisect_left(terms, stem + "\U0010ffff")
                return self._mask(chain.from_iterable(self._standing[field][term] for term in terms[first:end]))
            case Published(low=low, high=high):
                first = 0 if high is None else self._older(high)
                end = len(self.documents) if low is None else self._older(low)
                return ((1 << end) - 1) & ~((1 << first) - 1)
        return self._all

    def _older(self, ms: int) -> int:
        """Return where the documents from before `ms` begin."""
        return bisect_left(self.documents, 1 - (ms << TAIL_BITS), key=_newest_first)

    def _with(self, field: str, *terms: str) -> int:
        standing = self._standing.get(field, {})
        return reduce(and_, (self._mask(standing.get(term, ())) for term in terms))

    def _mask(self, numbers: Iterable[int]) -> int:
        """Return the set of these places."""
        places = bytearray(len(self.documents) // 8 + 1)
        for number in numbers:
            places[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(places, "little")


def _newest_first(document: Document) -> int:
    return -document.k


def _values(document: Document, facet: str) -> Sequence[str]:
    if facet.startswith("published:"):
        day = f"{_1970 + timedelta(milliseconds=document.k >> TAIL_BITS):%Y-%m-%d}"
        return (day if facet == "published:day" else day[:7],)
    return document.values.get(facet, ())


_BITS = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]


def _numbers(mask: int) -> list[int]:
    """Return the bits of a number, in order."""
    places = mask.to_bytes((mask.bit_length() + 7) // 8, "little")
    return [8 * at + bit for at, byte in enumerate(places) if byte for bit in _BITS[byte]]
