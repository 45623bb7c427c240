"""What streams are told of what is on record: posts by how their addresses begin."""

from collections.abc import Sequence
from contextlib import closing

from overheard.index.base import Index, Search
from overheard.index.fields import normal_value
from overheard.index.query import Prefix, Value, every
from overheard.records import Incident
from overheard.wiring.system import System

_PAGE = 500
# Of one account; nobody said more of one firm.
_MOST = 10_000


def said_at(system: System, begin: str) -> Sequence[str]:
    """Return the native ids of the posts on record one of whose addresses begins so. Raises what the index raises."""
    with closing(system.index(reading=True)) as index:
        return posts_at(index, begin)


def posts_at(index: Index, begin: str) -> Sequence[str]:
    """Return the native ids of the posts in an index one of whose addresses begins so."""
    tree = every([Value("kind", "incident"), Prefix("url", normal_value("url", begin))])
    found: list[str] = []
    after = ""
    while len(found) < _MOST:
        page = index.search(Search(tree, sort="oldest", limit=_PAGE, after=after))
        found += [hit.record.mention.native_id for hit in page.hits if isinstance(hit.record, Incident)]
        after = page.next
        if not after:
            break
    return [one for one in found if one]
