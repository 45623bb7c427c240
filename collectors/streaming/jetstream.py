"""Jetstream: every public post of Bluesky as it is said, edited and deleted.

https://github.com/bluesky-social/jetstream
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from overheard.collectors.base import Deletion, Reading, Source, Terms
from overheard.collectors.communities import bluesky
from overheard.collectors.communities.community import Address, deletion_of, joined, lines, placed
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.markup import from_text
from overheard.collectors.streaming.stream import MAX_FRAME, MOST_ODD, Door, Gap, Known, Sifted, Stream, read_frames
from overheard.decoding import DECODING_ERRORS
from overheard.records import Fetch, Mention, mention_id
from overheard.text import clean

_POST = "app.bsky.feed.post"
_EXPECTED = "events of Jetstream"
# Events are ordered only roughly, so a connection goes on a little before the newest of the last one.
_REWIND_US = 5_000_000
# All of Bluesky is never silent so long; the public servers keep some 36 hours.
_GAP = timedelta(minutes=2)
_DELAY = timedelta(minutes=1)
_CLOCK_DIFFERENCE = timedelta(hours=1)
_KINDS = frozenset({"commit", "identity", "account"})
# Of an account that is not active. One that its owner has hidden for a while ("deactivated") may come back.
_LEFT = frozenset({"deleted", "takendown", "suspended"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Larger than any time of the next thousand years.
_LATEST_US = 2**55
_LONG = 100_000


class Jetstream(Stream, frozen=True, kw_only=True):
    """All public posts of Bluesky, of which those that are about what is watched are let in.

    `server` is the Jetstream that is listened to; `api` the AppView that is asked who wrote what was let in.
    """

    kind = "jetstream"
    kind_terms = Terms("https://bsky.social/about/support/tos", date(2026, 11, 23))
    asks = {
        "server": "The server that tells all posts, where it is another than Bluesky's own.",
        "api": "Where it is asked who an author is.",
    }
    transport = "websocket"
    filled_by = "A [[bluesky]] source with a `query` can fill that in: `overheard back-fill` asks it"
    platform = bluesky.PLATFORM

    server: Annotated[Address, Meta(min_length=1)] = "https://jetstream2.us-east.bsky.network"
    api: Annotated[Address, Meta(min_length=1)] = "https://public.api.bsky.app"

    def address(self) -> str:
        """Return where to connect (`Community.address`)."""
        wanted = {"wantedCollections": _POST, "maxMessageSizeBytes": MAX_FRAME - 1}
        return f"{self.server.rstrip('/')}/subscribe?{urlencode(wanted)}"

    def opening(self, cursor: str) -> str:
        """Return where to connect, some seconds before a cursor (`Stream.opening`)."""
        if not cursor.isdigit():
            return self.url
        return f"{self.url}&{urlencode({'cursor': max(int(cursor) - _REWIND_US, 0)})}"

    def time_of(self, cursor: str) -> datetime | None:
        """Return the time of the newest event that came (`Stream.time_of`)."""
        return _time(int(cursor)) if cursor.isdigit() else None

    def begin(self, at: datetime) -> str:
        """Return a time as a cursor, somewhat earlier: what a server tells is some seconds old (`Stream.begin`)."""
        return str(_microseconds(at - _DELAY))

    def gap(self, cursor: str, first: datetime | None, now: datetime) -> Gap | None:
        """Return what lies before all that the server still has (`Stream.gap`)."""
        del now
        left = self.time_of(cursor)
        if left is None or first is None or first - left < _GAP:
            return None
        return Gap(left, first, "its server keeps its events for a day or two")

    def fills(self, source: Source) -> bool:
        """Return whether a source is a search of Bluesky (`Stream.fills`)."""
        return isinstance(source, bluesky.Bluesky) and bool(source.query)

    def profiles(self, accounts: Sequence[str]) -> str:
        """Return where to ask who some accounts are, 25 at most (`Stream.profiles`)."""
        wanted = urlencode([("actors", one) for one in accounts])
        return f"{self.api.rstrip('/')}/xrpc/app.bsky.actor.getProfiles?{wanted}"

    def profiles_in(self, fetch: Fetch) -> dict[str, bytes]:
        """Return the profiles in an answer, by DID (`Stream.profiles_in`)."""
        found = document(fetch, "profiles of Bluesky")
        if not isinstance(found, dict) or not isinstance(found.get("profiles"), list):
            raise unexpected(fetch, found, "profiles of Bluesky")
        kept = ("did", "handle", "displayName", "description", "website")
        return {
            one["did"]: msgspec.json.encode({name: clean(one[name]) for name in kept if isinstance(one.get(name), str)})
            for _, one in placed(found["profiles"])
            if isinstance(one, dict) and isinstance(one.get("did"), str)
        }

    def with_profile(self, line: bytes, profile: bytes) -> bytes:
        """Return an event with its author's profile in it (`Stream.with_profile`)."""
        return _with(line, b"author", profile)

    def posts_at(self, account: str) -> str:
        """Return how the addresses of an account's posts begin (`Stream.posts_at`)."""
        return f"https://bsky.app/profile/{account}/post/"

    def post_in(self, line: bytes) -> str:
        """Return the URI of the post that an event is about (`Stream.post_in`)."""
        return _uri(line)

    def with_posts(self, line: bytes, posts: Sequence[str]) -> Sequence[bytes]:
        """Return that each of these posts is deleted, as Jetstream says it (`Stream.with_posts`)."""
        event = _events.decode(line)
        gone = []
        for uri in posts:
            commit = {"operation": "delete", "collection": _POST, "rkey": uri.rpartition("/")[2]}
            gone.append({"did": event.did, "time_us": event.time_us, "kind": "commit", "commit": commit})
        return [msgspec.json.encode(one) for one in gone]

    def sift(self, frames: Sequence[bytes], door: Door, known: Known, now: datetime) -> Sifted:
        """Return the events that are let in (`Stream.sift`)."""
        passing: dict[int, str] = {}  # the place of each that passes, and who wrote it
        asked: dict[str, list[int]] = {}
        left: dict[int, str] = {}
        watched = door.accounts(self.platform)
        anything = door.always(self.name)
        first = newest = read = odd = 0
        # What is said to come from the future would have the stream go on there.
        latest = min(_microseconds(now + _CLOCK_DIFFERENCE), _LATEST_US)
        touches = door.touches
        for place, frame in enumerate(frames):
            try:
                event = _events.decode(frame)
            except DECODING_ERRORS:
                event = _NONE
            at, did, commit = event.time_us, event.did, event.commit
            if event.kind not in _KINDS or not did or (commit is None and event.kind == "commit"):
                odd += 1
                if odd <= MOST_ODD:
                    passing[place] = ""
                continue
            if newest < at < latest:
                newest = at
            first = first or (at if at < latest else 0)
            if event.account is not None and not event.account.active and event.account.status in _LEFT:
                left[place] = did
            if commit is None or commit.collection != _POST:
                continue
            read += 1
            record = commit.record
            uri = f"at://{did}/{_POST}/{commit.rkey}"
            if record is None:
                asked.setdefault(uri, []).append(place)
                continue
            if anything or did in watched:
                passing[place] = did
                continue
            if record.facets is None and record.embed is None:
                plain = from_text(record.text)
                text, links = plain.text, plain.links
            else:
                text, links = _whole(record)
            if touches(text) or len(text) > _LONG or (links and door.leads(links)):
                passing[place] = did
            elif commit.operation != "create":
                asked.setdefault(uri, []).append(place)
        # What is said and taken back at once was not heard of before.
        here = {_uri(frames[place]) for place in passing} if asked else set()
        for uri in here & asked.keys():
            passing |= dict.fromkeys(asked.pop(uri), "")
        ids = {mention_id(self.platform, uri): uri for uri in asked}
        for id_ in known(list(ids)) if ids else ():
            for place in asked.get(ids.get(id_, ""), ()):
                passing[place] = ""
        order = sorted({*passing, *left})
        places = {place: number for number, place in enumerate(order)}
        return Sifted(
            lines=[frames[place] for place in order],
            authors={places[place]: did for place, did in passing.items() if did},
            left={places[place]: did for place, did in left.items()},
            read=read,
            cursor=str(newest) if newest else "",
            oldest=_time(first),
            reached=_time(newest),
            odd=odd,
        )

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts of events, and those that are gone (`Source.read`)."""
        return read_events(fetch)


class _Record(msgspec.Struct):
    text: str = ""
    facets: list[Any] | None = None
    embed: dict[str, Any] | None = None


class _Commit(msgspec.Struct):
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: _Record | None = None


class _Account(msgspec.Struct):
    active: bool = True
    status: str = ""


class _Event(msgspec.Struct):
    """What must be known of an event at the door: to read it whole takes ten times as long."""

    did: str = ""
    time_us: int = 0
    kind: str = ""
    commit: _Commit | None = None
    account: _Account | None = None


_NONE = _Event()
_ANY = Fetch(id="", source="", url="", final_url="", status=200, at=_EPOCH)
_events = msgspec.json.Decoder(_Event)


def _whole(record: _Record) -> tuple[str, tuple[str, ...]]:
    """Return the text and links that a post with facets or an embed will have as a mention."""
    facets, embed = record.facets or [], record.embed or {}
    if "record" in embed or (facets and ("..." in record.text or "…" in record.text)):
        # A quote, or links that may be shown shortened: seldom enough to be read as it will be.
        try:
            whole = {"text": record.text, "facets": facets, "embed": embed}
            mention = bluesky.post_of(_ANY, f"at://did:x/{_POST}/x", Item(whole), Item({}))
        except FieldError:  # it will be said of the event itself
            return record.text, ()
        return mention.text, mention.links
    text = from_text(record.text)
    links = [*text.links]
    alt: list[str] = []
    media = embed.get("media")
    for part in (embed, media if isinstance(media, dict) else {}):
        images = part.get("images")
        alt += [_text(one, "alt") for one in (images if isinstance(images, list) else ())]
        alt.append(_text(part, "alt"))
        links.append(_text(part.get("external"), "uri"))
    for facet in facets:
        features = facet.get("features") if isinstance(facet, dict) else None
        links += [_text(one, "uri") for one in (features if isinstance(features, list) else ())]
    if any(alt):
        text = joined(text, lines(alt))
        links += text.links
    return text.text, tuple(filter(None, links))


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return clean(found) if isinstance(found, str) else ""


def _uri(frame: bytes) -> str:
    """Return the URI of the post that an event is about, "" for none."""
    try:
        event = _events.decode(frame)
    except DECODING_ERRORS:
        return ""
    return "" if event.commit is None else f"at://{event.did}/{_POST}/{event.commit.rkey}"


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _time(microseconds: int) -> datetime | None:
    if not 0 < microseconds < _LATEST_US:
        return None
    return _EPOCH + timedelta(microseconds=microseconds)


def _with(line: bytes, name: bytes, value: bytes) -> bytes:
    """Return an event with one field more."""
    inside = line.rstrip()
    return inside[:-1] + b',"' + name + b'":' + value + b"}" if inside.endswith(b"}") else line


def read_events(fetch: Fetch) -> Reading:
    """Return the mentions in events, one a line. Raises InputError where there is no event at all.

    What is said under a key that was deleted before is an edit, since when the event says; of what is said of one post
    the last counts, by when it was told, else as it stands.
    """
    told: dict[str, datetime] = {}
    gone: dict[str, Deletion] = {}

    def take(item: Item) -> Mention | None:
        taken = _taken(fetch, item)
        if taken is None:
            return None
        at = _time(item.count("time_us") or 0)
        id_ = taken.mention.id if isinstance(taken, Deletion) else taken.id
        if isinstance(taken, Deletion):
            if not _is_before(at, told.get(id_)):
                gone[id_] = taken
            return None
        if (deletion := gone.get(id_)) is not None:
            if _is_before(at, deletion.at):
                return None  # told again
            del gone[id_]
            taken = msgspec.structs.replace(taken, updated=at)
        if at is not None:
            # When a post was made is what its author's program says, which may be any time.
            told[id_] = max(at, told.get(id_, at))
        return taken

    reading = read_frames(fetch, _EXPECTED, take)
    mentions = tuple(one for one in reading.mentions if one.id not in gone)
    return replace(reading, mentions=mentions, deletions=tuple(gone.values()), as_of=told)


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _taken(fetch: Fetch, item: Item) -> Mention | Deletion | None:
    """Return what an event says of a post; None for one that says nothing of any.

    What an account that is gone had said comes as deletions of its posts (`Jetstream.with_posts`).
    """
    did = item.needed_id("did")
    kind = item.text("kind")
    at = _time(item.count("time_us") or 0)
    if kind not in _KINDS:
        raise FieldError(item.place("kind"), "expected commit, identity or account; got another kind of event")
    if kind != "commit":
        return None
    commit = item.item("commit")
    if commit is None:
        raise FieldError(item.place("commit"), "expected what was written; there is nothing")
    uri = f"at://{did}/{_POST}/{commit.needed_id('rkey')}"
    operation, collection = commit.text("operation"), commit.text("collection")
    record = commit.item("record")
    # What a record is it says itself; only of one that is gone nothing else does.
    written = record.text_if_any("$type") if record is not None else ""
    if (written or collection) not in ("", _POST):
        if bluesky.NSID.fullmatch(written or collection):
            return None  # a like, a profile, a list
        raise FieldError(commit.place("collection"), "expected the name of a collection, such as app.bsky.feed.post")
    if record is None and operation == "delete":
        by_did = f"https://bsky.app/profile/{did}/post/{commit.needed_id('rkey')}"
        return deletion_of(fetch, bluesky.PLATFORM, uri, url=by_did, at=at)
    if record is None:
        raise FieldError(commit.place("record"), "expected the post's record; there is none")
    author = item.item("author")
    mention = bluesky.post_of(fetch, uri, record, Item({"author": {"did": did, **(author.value if author else {})}}))
    if mention.published is None and operation == "create":
        mention = msgspec.structs.replace(mention, published=at)
    return msgspec.structs.replace(mention, updated=at) if operation == "update" else mention
