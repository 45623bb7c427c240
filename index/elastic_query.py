"""A search in Elasticsearch's words: of its query language only what its core offers, no scripts. Pure."""

import base64
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from overheard.index.base import VALUES_SHOWN, Search, folded_days
from overheard.index.documents import TAIL_BITS
from overheard.index.fields import FACETS, TEXT_FIELDS, VALUE_FIELDS
from overheard.index.query import And, Everything, Near, Not, Or, Phrase, Prefix, Published, Tree, Value, Word

Query = dict[str, Any]

HIGHEST = (1 << 63) - 1
# Elasticsearch refuses queries that are nested deeper than 30 (indices.query.bool.max_nested_depth), and begins to
# count anew inside a `wrapper`.
_DEEPEST = 20
# Its limit of clauses follows its memory (16,384 at 1 GB). Values of one field are one clause, of any number up to
# 65,536 (index.max_terms_count); words, which are scored, from so many on.
_MOST_TERMS = 65_536
_WORDS_SCORED = 256
# Of each shard so many values take part in a facet, and where that shows not to be exact, so many.
SHARD_VALUES = (2_000, 1_000_000)
_DAYS = 60_000  # more than 42 bits of milliseconds have; below search.max_buckets, 65,536


def mappings() -> Query:
    """Return the mappings of an index, in the form in which Elasticsearch returns them.

    `json` is the canonical record, neither parsed nor indexed: it is in `_source`, byte for byte as it was sent. Left
    as a JSON object there it is smaller, and faster to write, than as a string or as base64.
    """
    properties: Query = {field: {"type": "text", "analyzer": "whitespace"} for field in TEXT_FIELDS}
    for field in VALUE_FIELDS:
        properties[field] = {"type": "keyword"} if field in FACETS else {"type": "keyword", "doc_values": False}
    properties |= {
        "k": {"type": "long"},
        "day": {"type": "integer", "index": False},
        "keys": {"type": "keyword", "doc_values": False},
        "json": {"type": "object", "enabled": False},
    }
    return {"dynamic": "strict", "properties": properties}


def query_of(tree: Tree) -> Query:
    """Return the query of a tree, of any depth."""
    return _query(tree)[0]


def k_range(low: int, high: int) -> Query:
    """Return the query for low <= k <= high; bounds beyond 63 bits are cut."""
    if high < 0 or low > HIGHEST:
        return {"match_none": {}}
    return {"range": {"k": {"gte": max(low, 0), "lte": min(high, HIGHEST)}}}


def request_of(query: Query, search: Search) -> Query:
    """Return the body that asks for a page and one hit more, and the total; not for its facets."""
    body: Query = {"query": query, "size": search.limit, "track_total_hits": True, "version": True}
    if search.sort != "relevance" and search.limit:
        body |= {"size": search.limit + 1, "sort": [{"k": "desc" if search.sort == "newest" else "asc"}]}
        if search.after:
            # What lies beyond 63 bits is no place in the order; the end is.
            body["search_after"] = [min(int(search.after), HIGHEST)]
    return body


def facets_of(names: Iterable[str], shard_values: int) -> Query:
    """Return the aggregations that facets are made of, by field."""
    aggregations: Query = {}
    for name in names:
        field = _facet_field(name)
        if field == "day":
            aggregations[field] = {"terms": {"field": field, "size": _DAYS, "shard_size": _DAYS}}
        else:
            how = {"size": VALUES_SHOWN, "shard_size": shard_values, "show_term_doc_count_error": True}
            aggregations[field] = {"terms": {"field": field, **how}}
    return aggregations


class Bucket(msgspec.Struct):
    """A value, and how many documents have it; `doc_count_error_upper_bound`: by how many that may be wrong."""

    key: str | int
    doc_count: int
    doc_count_error_upper_bound: int = 0


class Buckets(msgspec.Struct):
    """What a facet is made of; `doc_count_error_upper_bound`: so many documents a value not shown may have."""

    buckets: Sequence[Bucket]
    doc_count_error_upper_bound: int = 0

    @property
    def is_exact(self) -> bool:
        """True where no value is missing and no count is wrong, though a shard did not hand on all its values."""
        unseen = self.doc_count_error_upper_bound
        last = self.buckets[-1].doc_count if len(self.buckets) >= VALUES_SHOWN else 0
        return not any(bucket.doc_count_error_upper_bound for bucket in self.buckets) and (not unseen or unseen < last)


def inexact(found: Mapping[str, Buckets]) -> Sequence[str]:
    """Return the fields that must be asked for again, with more values of each shard."""
    return [field for field, buckets in found.items() if field != "day" and not buckets.is_exact]


def facets(names: Sequence[str], found: Mapping[str, Buckets]) -> dict[str, Sequence[tuple[str, int]]]:
    """Return the facets that a page carries."""
    made: dict[str, Sequence[tuple[str, int]]] = {}
    for name in names:
        buckets = found[_facet_field(name)].buckets
        if name.startswith("published:"):
            made[name] = folded_days(Counter({int(b.key): b.doc_count for b in buckets}), name)
        else:
            counts = [(str(b.key), b.doc_count) for b in buckets]
            made[name] = sorted(counts, key=lambda each: (-each[1], each[0]))
    return made


def _facet_field(name: str) -> str:
    return "day" if name.startswith("published:") else name


def _query(tree: Tree) -> tuple[Query, int]:
    """Return a query, and how deep it is nested."""
    match tree:
        case Everything():
            return {"match_all": {}}, 1
        case Word(field=field, token=token) | Value(field=field, value=token):
            return {"term": {field: token}}, 1
        case Phrase(field=field, tokens=tokens):
            return {"match_phrase": {field: " ".join(tokens)}}, 1
        case Prefix(field=field, stem=stem):
            return {"prefix": {field: stem}}, 1
        case Near():
            return _near(tree), 2
        case Published(low=low, high=high):
            first = 0 if low is None else low << TAIL_BITS
            return k_range(first, HIGHEST if high is None else (high << TAIL_BITS) - 1), 1
        case And(operands=operands):
            return _bool(
                must=[operand for operand in operands if not isinstance(operand, Not)],
                must_not=[operand.operand for operand in operands if isinstance(operand, Not)],
            )
        case Or(operands=operands):
            return _any(operands)
        case Not(operand=operand):
            return _bool(must_not=[operand])


def _bool(*, must: Sequence[Tree] = (), must_not: Sequence[Tree] = ()) -> tuple[Query, int]:
    made = [_query(operand) for operand in must]
    without = [_query(operand) for operand in must_not]
    clauses = {name: [query for query, _ in some] for name, some in (("must", made), ("must_not", without)) if some}
    return _nested({"bool": clauses}, [depth for _, depth in (*made, *without)])


def _any(operands: Sequence[Tree]) -> tuple[Query, int]:
    """Return the query that one of the operands holds; values of one field together."""
    terms: dict[tuple[type[Tree], str], list[str]] = {}
    others: list[tuple[Query, int]] = []
    for operand in operands:
        match operand:
            case Value(field=field, value=term) | Word(field=field, token=term):
                terms.setdefault((type(operand), field), []).append(term)
            case _:
                others.append(_query(operand))
    for (kind, field), found in terms.items():
        if kind is Word and len(found) < _WORDS_SCORED:
            others += [({"term": {field: term}}, 1) for term in found]
        else:
            pieces = (found[at : at + _MOST_TERMS] for at in range(0, len(found), _MOST_TERMS))
            others += [({"terms": {field: piece}}, 1) for piece in pieces]
    if len(others) == 1:
        return others[0]
    should = {"should": [query for query, _ in others], "minimum_should_match": 1}
    return _nested({"bool": should}, [depth for _, depth in others])


def _nested(query: Query, depths: Sequence[int]) -> tuple[Query, int]:
    depth = 1 + max(depths)
    if depth < _DEEPEST:
        return query, depth
    return {"wrapper": {"query": base64.b64encode(msgspec.json.encode(query)).decode()}}, 1


def _near(near: Near) -> Query:
    """Return the intervals of NEAR.

    Alternatives of one length are one source: Lucene keeps of intervals inside one another the shortest alone, so the
    end of "the driver" would be lost beside "the".
    """
    intervals = []
    sides = [(near.left, near.right)] if near.ordered else [(near.left, near.right), (near.right, near.left)]
    for first, second in sides:
        both = frozenset(first)
        for before in _by_length(first, frozenset()):
            for after in _by_length(second, both):
                how = {"ordered": True, "max_gaps": near.distance, "intervals": [before, after]}
                intervals.append({"all_of": how})
    return {"intervals": {near.field: intervals[0] if len(intervals) == 1 else {"any_of": {"intervals": intervals}}}}


def _by_length(alternatives: Iterable[tuple[str, ...]], known: Container[tuple[str, ...]]) -> list[Query]:
    """Return a source for each length of the alternatives; `known` are those that stand before them."""
    sources: dict[int, list[Query]] = {}
    for tokens in alternatives:
        match: Query = {"query": " ".join(tokens), "ordered": True, "max_gaps": 0}
        if len(tokens) > 1 and tokens in known:
            # Lucene takes two equal sources for one that is repeated, and counts the words between them wrong where it
            # is longer than a word. A filter that is always true makes them unequal.
            match["filter"] = {"containing": {"match": {"query": tokens[0]}}}
        sources.setdefault(len(tokens), []).append({"match": match})
    return [some[0] if len(some) == 1 else {"any_of": {"intervals": some}} for some in sources.values()]
