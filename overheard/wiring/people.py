"""Contacts and accounts looked for as a person types: beginnings of words, or anything that somebody is known by."""

from overheard.index.analyser import analyse
from overheard.index.base import Index, Page, Search
from overheard.index.query import Prefix, Tree, Value, every, some

_KINDS = ("contact", "account")
# A CRM may hold a thousand of one name; the words of the name find those that are beyond this.
_MOST_KNOWN = 100


def search_people(index: Index, words: str, *, kind: str = "", after: str = "", limit: int = 50) -> Page:
    """See `Service.people`. The page has the facet `kind`."""
    tree = every([_any_of(_KINDS), _called(index, words)]) if words.strip() else _any_of(_KINDS)
    filters = {"kind": [kind]} if kind in _KINDS else {}
    # Counted without the filter, so that a page can offer the other kind.
    kinds = index.search(Search(tree, limit=0, facets=("kind",))).facets
    page = index.search(Search(tree, filters=filters, after=after, limit=limit))
    return Page(hits=page.hits, total=page.total, facets=kinds, next=page.next)


def _called(index: Index, words: str) -> Tree:
    tokens = analyse(words)
    known = index.find_profiles(words)[:_MOST_KNOWN]
    ways: list[Tree] = [every([Value("kind", hit.kind), Value(hit.kind, hit.id)]) for hit in known]
    if tokens:
        ways.append(every([Prefix("text", token) for token in tokens]))
    return some(ways) if ways else Value("kind", "nobody")


def _any_of(kinds: tuple[str, ...]) -> Tree:
    return some([Value("kind", kind) for kind in kinds])
