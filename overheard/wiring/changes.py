"""What the matcher created, updated and deleted, read from a cursor on; for those who feed other systems."""

import re

from overheard.errors import GoneError, QueryError
from overheard.log.base import Log
from overheard.records import decode
from overheard.web.results import Changes

# Instead of a cursor: nothing that was, only the cursor of now.
NOW = "now"
_TOPIC = "changes"
_CURSOR = re.compile(r"c([0-9a-f]{1,15})")


def read_changes(log: Log, since: str, limit: int) -> Changes:
    """Return up to `limit` changes from the cursor `since` on, and the cursor after them.

    "" is the oldest change that is kept, `NOW` the end. Offsets are given out in the order in which they become
    visible, so nothing appears later before a cursor. Raises QueryError for what is no cursor, GoneError where changes
    after it are kept no longer, or it lies ahead of this log.
    """
    if since == NOW:
        return Changes(changes=(), next=_cursor(log.span(_TOPIC, 0)[1]))
    offset = _offset(since) if since else 0
    records = log.read(_TOPIC, 0, offset, limit)
    # After the read: what expired during it shows in where the log begins now.
    first, end = log.span(_TOPIC, 0)
    found = bool(since and records) and records[0].offset == offset
    if since and not found and not first <= offset <= end:
        msg = (
            f"expected a cursor that is kept; changes after {since!r} are not (they stay for 90 days). Take "
            f"`since={NOW}` for a new cursor, read contacts, accounts and mentions anew, then go on from there"
        )
        raise GoneError(msg)
    changes = tuple(decode(record.value).data for record in records if record.value is not None)
    after = records[-1].offset + 1 if records else max(offset, first)
    return Changes(changes=changes, next=_cursor(after))


def _cursor(offset: int) -> str:
    return f"c{offset:x}"


def _offset(cursor: str) -> int:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        msg = f"expected as `since` the `next` of an earlier answer, or {NOW!r}; got {cursor[:40]!r}"
        raise QueryError(msg)
    return int(match[1], 16)
