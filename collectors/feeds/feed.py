"""A feed as a source: RSS, Atom, RDF or JSON Feed. Pure: bytes and headers in, mentions and rejected entries out.

What the bytes are is seen from the bytes: content types and declared encodings are often wrong.
"""

import codecs
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from overheard.collectors.base import BACK_FILL, Further, Reading
from overheard.collectors.feeds.jsonfeed import read_json
from overheard.collectors.feeds.older import with_older_page
from overheard.collectors.feeds.xml import read_xml
from overheard.collectors.pages.completing import CompletingSource
from overheard.errors import InputError
from overheard.records import Fetch, Mention

# Whose comments are followed: what is said of an older entry is said rarely.
COMMENTED = 10
_COMMENTS = "comments"
_EVER = datetime.min.replace(tzinfo=UTC)


class Feed(CompletingSource, frozen=True, kw_only=True):
    """A feed to poll: RSS, Atom, RDF or JSON Feed.

    `comments`: the comment feeds of its newest entries too.
    """

    kind = "feed"
    asks = {
        "comments": "Whether the comment feeds of its newest entries are followed too.",
    }

    comments: bool = False

    def read(self, fetch: Fetch) -> Reading:
        """Return the mentions of a feed (`base.Source.read`)."""
        if fetch.purpose == _COMMENTS and fetch.about is not None:
            return read_comments(fetch, fetch.about)
        reading = read_feed(fetch)
        if fetch.purpose == BACK_FILL:
            return reading if reading.previous_archive or reading.next_page else with_older_page(fetch, reading)
        return replace(reading, requests=comments_of(reading)) if self.comments else reading


def comments_of(reading: Reading) -> tuple[Further, ...]:
    """Return the requests for the comment feeds of the `COMMENTED` newest entries that have one, newest first.

    Entries without a date count as older than those with one, in the order of the feed.
    """
    entries = [one for one in reading.mentions if one.id in reading.comment_feeds]
    newest = sorted(entries, key=lambda one: one.published or _EVER, reverse=True)[:COMMENTED]
    return tuple(
        Further(
            reading.comment_feeds[one.id],
            _COMMENTS,
            Mention(
                id=one.id,
                platform=one.platform,
                native_id=one.native_id,
                source=one.source,
                content="",
                url=one.url,
                first_seen=one.first_seen,
            ),
            since=one.published,
        )
        for one in newest
    )


def read_comments(fetch: Fetch, entry: Mention) -> Reading:
    """Return the mentions in the comment feed of an entry: each answers it, or the comment that it names.

    A thread may hold the entry itself too, which is left as its own feed has it. Raises InputError as `read_feed` does.
    """
    reading = read_feed(fetch)
    place = entry.url or entry.native_id
    mentions = tuple(
        msgspec.structs.replace(one, type="Note", in_reply_to=one.in_reply_to or place, context=place)
        for one in reading.mentions
        if one.id != entry.id
    )
    # What the comments' feed says of its own pauses is not the feed's.
    return Reading(mentions, reading.rejected, reading.repeated)


def read_feed(fetch: Fetch) -> Reading:
    """Return the mentions in a feed, entry by entry; `Mention.source` is `fetch.source`, `first_seen` is `fetch.at`.

    The id of an entry is that of its link's canonical URL; its guid, within the feed, only where it has no link. Of
    entries with one id the last updated wins, then the first in the feed. A date that cannot be read is None; one
    without a zone is UTC; 1970 and 2100 stay as given. Enclosures are left alone.
    Raises InputError where the body is no feed at all.
    """
    body = fetch.body
    if not body.strip():
        raise InputError("expected a feed; got an empty body", where=fetch.url)
    start = body.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if start == b"{" or (body[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE) and body[2:4].strip(b"\x00") == b"{"):
        return read_json(fetch)
    return read_xml(fetch)
