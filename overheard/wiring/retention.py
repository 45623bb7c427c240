"""What is older than its source's policy keeps goes, as what was deleted at its source goes.

    policies ─▶ posts of each source before its horizon, oldest first, from the index ─▶ deletions on [mentions]

Whoever polls alone does this, so that nobody else writes the versions of a mention meanwhile. Nothing is remembered
between two rounds: what a round did not come to is found by the next one, and what was deleted before is no news.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from overheard.collectors.base import Deletion
from overheard.collectors.polling.revisions import publication, revise
from overheard.errors import OverheardError
from overheard.index.base import Index, Search
from overheard.index.fields import normal_value
from overheard.index.query import Published, Value, every
from overheard.policy import horizon, is_past
from overheard.records import Incident, Mention, Policy
from overheard.wiring.policies import policies_of
from overheard.wiring.system import System, utc_now

# Posts that one round lets go at most: a large archive whose policy becomes stricter takes some rounds.
MOST = 5_000
_PAGE = 500
_EVERY = timedelta(minutes=5)
_SOURCE = "/retention"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_logger = logging.getLogger(__name__)


def expire(system: System, index: Index, now: datetime, *, most: int = MOST) -> int:
    """Delete at most `most` posts that are older than the policies of their sources keep; return how many that were.

    It knows what the index shows. Raises what log and index raise; then it is to be called again.
    """
    gone = 0
    for name, policy in sorted(policies_of(system).items()):
        for mentions in _past(index, name, policy, now):
            gone += _delete(system, mentions, now, most - gone)
            if gone >= most:
                return gone
    return gone


def _past(index: Index, source: str, policy: Policy, now: datetime) -> Iterator[list[Mention]]:
    """Yield the posts of a source that are past, by pages of the index, oldest first."""
    before = horizon(policy, now)
    if before is None:
        return
    # The sort key adds up to a second to a time that has none, so that a look a second later would find no less.
    said = Published(None, (before - _EPOCH) // timedelta(milliseconds=1))
    tree = every([Value("kind", "incident"), Value("source", normal_value("source", source)), said])
    after = ""
    while True:
        page = index.search(Search(tree, sort="oldest", limit=_PAGE, after=after))
        found = [record.mention for hit in page.hits if isinstance(record := hit.record, Incident)]
        # Names that differ in their case alone are one value of the index.
        if mine := [one for one in found if one.source == source and is_past(policy, one, now)]:
            yield mine
        after = page.next
        if not after:
            return


def _delete(system: System, mentions: list[Mention], now: datetime, most: int) -> int:
    """Publish that the first `most` of these that are not gone by now are; return how many those were."""
    left = (
        Deletion(Mention(id=one.id, platform=one.platform, source=one.source, content="", url=one.url, first_seen=now))
        for one in mentions
    )
    # One that nobody remembers is on record all the same, so its deletion is published.
    revised = [replace(one, unheard=False) for one in revise(system.log, list(left), {}) if one.changed][:most]
    records = publication(revised, source=_SOURCE, time=now, cause_of=lambda _: "live")
    if records:
        system.log.append(records, durable=True)
    return len(revised)


@contextmanager
def expiring(system: System, *, clock: Callable[[], datetime] = utc_now) -> Iterator[None]:
    """Let go of what is past beside the block, a round every five minutes; the block must be the one that polls."""
    over = threading.Event()
    thread = threading.Thread(target=_run, args=(system, over, clock), name="retention", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _run(system: System, over: threading.Event, clock: Callable[[], datetime]) -> None:
    while True:
        try:
            if any(policy.retention is not None for policy in policies_of(system).values()):
                with closing(system.index(reading=True)) as index:
                    gone = expire(system, index, clock())
                if gone:
                    _logger.info("%d posts were older than the policies of their sources keep, and were deleted", gone)
        except OverheardError as e:
            _logger.warning("retention: again in some minutes: %s", e)
        if over.wait(_EVERY.total_seconds()):
            return
