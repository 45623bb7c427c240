"""Mastodon's streams: what a server hears of a tag, a list, an account's home or everybody, as it is said.

https://docs.joinmastodon.org/methods/streaming/
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta

from overheard.collectors.base import Deletion, Reading, Source
from overheard.collectors.communities import mastodon
from overheard.collectors.communities.community import Address, deletion_of, one_of, with_query
from overheard.collectors.communities.fields import FieldError, Item, document, origin_of, unexpected
from overheard.collectors.streaming.framing import event_of
from overheard.collectors.streaming.stream import Door, Known, Sifted, Stream, let_in, read_frames
from overheard.records import Fetch, Mention, mention_id
from overheard.urls import canonical_url

_EXPECTED = "events of Mastodon's streaming API"
# What is told besides statuses.
_OTHERS = frozenset({
    "notification", "filters_changed", "conversation", "announcement", "announcement.reaction", "announcement.delete",
    "encrypted_message", "notifications_merged",
})  # fmt: skip
# An answer of the API has so many at most.
_MOST = 40
# Ids are times: milliseconds, then 16 bits of whatever else. Posts of other servers come late, so a connection asks for
# what has an id up to some minutes before the newest.
_REWIND = (5 * 60_000) << 16
_OF_TIME = 10**15


class MastodonStream(Stream, frozen=True, kw_only=True):
    """One of: the `public` timeline of a server, a `tag`, a `list` (its id), or the `home` of the token's account.

    `instance` is the server; `streaming` the address of its streaming API where that is another. `local`: of a tag or
    the public timeline only what was said on the server itself. All of a tag, a list or a home is taken in, of the
    public timeline what is about what is watched.
    """

    kind = "mastodon_stream"
    token_from = "An application with the scope read, made on that server under Preferences, Development."  # noqa: S105
    asks = {
        "instance": "The server, such as https://mastodon.social.",
        "streaming": "Where it streams, where that is another host than the server itself.",
        "tag": "A hashtag, without #.",
        "list": "The number of a list of the account of the token.",
        "home": "What the account of the token is shown.",
        "public": "All that the server shows to everybody.",
        "local": "Only what was said on that server itself.",
    }
    transport = "events"
    filled_by = "A [[mastodon]] source of the same server can fill that in: `overheard back-fill` asks it"
    platform = mastodon.PLATFORM
    silence = 60.0

    instance: Address = ""
    streaming: Address = ""
    tag: Annotated[str, Meta(max_length=200, pattern="^[^/?#]*$")] = ""
    list: Annotated[str, Meta(max_length=100, pattern="^[^/?#\\s]*$")] = ""
    home: bool = False
    public: bool = False
    local: bool = False

    def address(self) -> str:
        """Return where to connect (`Community.address`)."""
        followed = one_of(public=self.public, tag=self.tag.lstrip("#"), list=self.list, home=self.home)
        if not self.instance:
            raise ValueError("expected `instance`, the server to ask, such as 'https://mastodon.social'; got none")
        self.need_token()
        base = f"{(self.streaming or self.instance).rstrip('/')}/api/v1/streaming"
        local = "/local" if self.local and followed in ("public", "tag") else ""
        if followed == "tag":
            return f"{base}/hashtag{local}?{urlencode({'tag': self.tag.lstrip('#')})}"
        if followed == "list":
            return f"{base}/list?{urlencode({'list': self.list})}"
        return f"{base}/user" if followed == "home" else f"{base}/public{local}"

    @property
    def others(self) -> tuple[str, ...]:
        """The server, where its streaming API is elsewhere (`Stream.others`)."""
        return (self.instance,)

    def time_of(self, cursor: str) -> datetime | None:
        """Return the time in the id of a status, of servers whose ids are times (`Stream.time_of`)."""
        if not cursor.isdigit() or not _OF_TIME < int(cursor) < 2**63:
            return None
        return datetime.fromtimestamp((int(cursor) >> 16) / 1_000, UTC)

    def begin(self, at: datetime) -> str:
        """Return the id that a status of a time has at least, where ids are times (`Stream.begin`)."""
        return str(int(at.timestamp() * 1_000) << 16)

    def fills(self, source: Source) -> bool:
        """Return whether a source asks the same server for the same (`Stream.fills`)."""
        if not isinstance(source, mastodon.Mastodon) or origin_of(source.instance) != origin_of(self.instance):
            return False
        wider = self.local or not source.local
        return wider and (source.public if not self.tag else _tag(source.tag) == _tag(self.tag)) and not self.is_own

    @property
    def is_own(self) -> bool:
        """True where it is what the account of the token is shown."""
        return self.home or bool(self.list)

    def missed(self, cursor: str, now: datetime) -> str:
        """Return where to ask for what has an id after the newest that came (`Stream.missed`)."""
        del now
        if not cursor:
            return ""
        after = int(cursor) if cursor.isdigit() else 0
        query: dict[str, Any] = {"min_id": after - _REWIND if after > _OF_TIME else cursor, "limit": _MOST}
        if self.local and (self.tag or self.public):
            query["local"] = "true"
        path = "home" if self.home else "public"
        if self.tag:
            path = f"tag/{quote(self.tag.lstrip('#'), safe='')}"
        if self.list:
            path = f"list/{quote(self.list, safe='')}"
        return f"{self.instance.rstrip('/')}/api/v1/timelines/{path}?{urlencode(query)}"

    def found(self, fetch: Fetch) -> tuple[Sequence[bytes], str]:
        """Return the statuses of a timeline as events, oldest first, and where newer ones are (`Stream.found`)."""
        statuses = document(fetch, "a timeline of the Mastodon API")
        if not isinstance(statuses, list):
            raise unexpected(fetch, statuses, "a timeline of the Mastodon API")
        frames = [event_of("update", json.dumps(one)) for one in reversed(statuses)]
        # The first of a page is its newest; what is newer than that is on the next.
        newest = next((id_ for one in statuses if isinstance(one, dict) and (id_ := Item(one).id_if_any("id"))), "")
        return frames, with_query(fetch.url, min_id=newest) if newest else ""

    def sift(self, frames: Sequence[bytes], door: Door, known: Known, now: datetime) -> Sifted:
        """Return the events that are let in (`Stream.sift`)."""
        passing, read, odd, readings = let_in(self, frames, door, known, now, all_of_it=not self.public)
        # An edit is of a status as old as any: only new ones say how far it came.
        ids = [_new_id(frame) for place, frame in enumerate(frames) if readings[place].mentions]
        times = [one.published for reading in readings.values() for one in reading.mentions if one.published]
        return Sifted(
            passing,
            read=read,
            cursor=max(filter(None, ids), key=lambda id_: (len(id_), id_), default=""),
            oldest=min(times, default=None),
            reached=max(times, default=None),
            odd=odd,
        )

    def read(self, fetch: Fetch) -> Reading:
        """Return the statuses of events, and those that are gone (`Source.read`)."""
        return read_frames(fetch, _EXPECTED, lambda item: self._taken(fetch, item))

    def _taken(self, fetch: Fetch, item: Item) -> Mention | Deletion | None:
        event, payload = item.text("event"), item.raw("payload")
        if not event:
            raise FieldError(item.place("event"), "expected the name of an event, such as update; there is none")
        origin = origin_of(self.instance)
        if event == "delete":
            id_ = item.needed_id("payload")
            address = canonical_url(mastodon.status_at(origin, id_))
            gone = deletion_of(fetch, self.platform, address)
            # It is named by the id that this server alone knows it by, which is one of its aliases.
            left = msgspec.structs.replace(gone.mention, id=mention_id("", url=address), native_id="", url="")
            return Deletion(left)
        if event in _OTHERS:
            return None
        if isinstance(payload, str):  # as it is written in a WebSocket
            try:
                payload = json.loads(payload)
            except (ValueError, RecursionError) as e:
                raise FieldError(item.place("payload"), "expected a status in JSON; it is none") from e
        if not isinstance(payload, dict):
            raise FieldError(item.place("payload"), f"expected a status, or another event than {event[:40]!r}")
        status = Item(payload, item.place("payload"))
        asked = msgspec.structs.replace(fetch, url=self.instance, final_url=self.instance)
        return mastodon.status_of(asked, status)


def _tag(tag: str) -> str:
    return tag.lstrip("#").lower()


def _new_id(frame: bytes) -> str:
    """Return the id of a status that is new by an event that was read; "" for an edit."""
    event = json.loads(frame)
    if event.get("event") != "update":
        return ""
    payload = event.get("payload")
    if isinstance(payload, str):
        payload = json.loads(payload)
    return Item(payload).id_if_any("id")
