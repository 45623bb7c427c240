"""A source that tells by itself: where to connect from a cursor, and what of its frames is let in.

    connection ─▶ frames ─▶ Stream.sift, with the Door ─▶ those that pass, a line each ─▶ one fetch ─▶ Stream.read

A frame is one message of the stream as it came, JSON in one line. All of it is pure; `streaming.connection` connects,
`streaming.streams` does the rest.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Protocol

from overheard.collectors.base import Deletion, Reading, Rejected, Source, alias_ids, told_at
from overheard.collectors.communities.community import Community, Take, reading_of
from overheard.collectors.markup import shorten
from overheard.errors import InputError
from overheard.records import Fetch, Mention, digest
from overheard.text import clean

# A frame beyond this is none that anybody sends.
MAX_FRAME = 10 * 1024 * 1024
# Frames of one batch that are no messages as expected and are taken in all the same, to be said as dead letters: where
# a service has changed its answers every one is, and a few tell as much.
MOST_ODD = 20

Transport = Literal["websocket", "events", "lines"]


class Door(Protocol):
    """What is watched, as far as it must be known of a post before it is read."""

    def touches(self, text: str) -> bool:
        """Return whether a sign of a term or a watched name stands in a text."""
        ...

    def leads(self, links: Sequence[str]) -> bool:
        """Return whether one of these URLs is somebody's who is watched, or a term's account or site."""
        ...

    def passes(self, mention: Mention) -> bool:
        """Return whether a mention is let in: by its text, its author, its links or its source."""
        ...

    def accounts(self, platform: str) -> Collection[str]:
        """Return the native ids of the accounts on a platform that are watched."""
        ...

    def always(self, source: str) -> bool:
        """Return whether all that a source says is let in."""
        ...


class Open:
    """The door of who watches nothing in particular: all is let in."""

    def touches(self, _: str) -> bool:
        """Return True."""
        return True

    def leads(self, _: Sequence[str]) -> bool:
        """Return True."""
        return True

    def passes(self, _: Mention) -> bool:
        """Return True."""
        return True

    def accounts(self, _: str) -> Collection[str]:
        """Return none by name."""
        return ()

    def always(self, _: str) -> bool:
        """Return True."""
        return True


# Mention ids to those of them that were heard of (`revision/<mention id>`), under any of their names.
Known = Callable[[Sequence[str]], Collection[str]]
# Beginnings of addresses to the native ids of the posts on record whose addresses begin so.
SaidAt = Callable[[str], Sequence[str]]


def nothing_said(_: str) -> Sequence[str]:
    """Return that no post is on record."""
    return ()


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is let in of a batch of frames.

    `lines` pass, in their order; `authors` are the ids of the accounts that are to be looked up for some of them, by
    place, and `left` those that left the platform, by the place of the frame that says so. `read` posts were looked at,
    of which `units` count against the budget. `cursor` is where the stream goes on, "" for where it did; `reached` the
    time of the newest thing told, `oldest` that of the first. `odd` frames were no messages as expected.
    """

    lines: Sequence[bytes] = ()
    authors: dict[int, str] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)
    read: int = 0
    units: int = 0
    cursor: str = ""
    oldest: datetime | None = None
    reached: datetime | None = None
    odd: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time of which a stream cannot tell all any more, and why; `start` is None where nobody knows."""

    start: datetime | None
    end: datetime
    why: str

    def __str__(self) -> str:
        if self.start is None:
            return (
                f"what was said before {_minute(self.end)} UTC, while there was no connection, did not come: {self.why}"
            )
        return f"what was said between {_minute(self.start)} and {_minute(self.end)} UTC did not come: {self.why}"


class Stream(Community, frozen=True, kw_only=True):
    """A source that is connected to and tells by itself. Its `url` is where, without what follows from the cursor."""

    documented_api = True
    goes_on = True
    # How it tells: messages of a WebSocket, server-sent events, or a line each.
    transport: ClassVar[Transport] = "lines"
    # Seconds without any sign of life after which a connection is dead.
    silence: ClassVar[float] = 45.0
    # The platform that its accounts are on.
    platform: ClassVar[str] = ""
    # Whether what was missed is found newest first: it goes on where it was until all of that came.
    found_backwards: ClassVar[bool] = False
    # Who else can tell what it cannot tell any more, in a sentence; "" for nobody.
    filled_by: ClassVar[str] = ""

    @property
    def others(self) -> tuple[str, ...]:
        """The addresses besides `url` that are asked on its behalf, and may be given its token."""
        return ()

    def opening(self, cursor: str) -> str:
        """Return where to connect, to go on at a cursor; "" is for the first time."""
        del cursor
        return self.url

    def missed(self, cursor: str, now: datetime) -> str:
        """Return where to ask for what was said since a cursor, where the stream itself does not go back; "" else."""
        del cursor, now
        return ""

    def found(self, fetch: Fetch) -> tuple[Sequence[bytes], str]:
        """Return what an answer to `missed` holds as frames, and where there is more. Raises InputError."""
        raise NotImplementedError

    def time_of(self, cursor: str) -> datetime | None:
        """Return when that was said at which a cursor stands; None where it does not tell."""
        del cursor
        return None

    def begin(self, at: datetime) -> str:
        """Return the cursor to go on at of a connection that was opened at a time and was told nothing yet."""
        del at
        return ""

    def gap(self, cursor: str, first: datetime | None, now: datetime) -> "Gap | None":
        """Return what a stream that goes on at a cursor cannot tell any more; None for nothing.

        `first` is the time of the first thing that it told, None before it told any.
        """
        del cursor, first, now
        return None

    def fills(self, source: Source) -> bool:
        """Return whether another source can be asked for what it cannot tell any more."""
        del source
        return False

    def units(self, frames: Sequence[bytes]) -> int:
        """Return what frames use of its budget."""
        del frames
        return 0

    @property
    def asked_first(self) -> str:
        """The address of the rules by which it tells, which are brought in line before connecting; "" for none."""
        return ""

    def changes(self, rules: Fetch) -> Sequence[Any]:
        """Return what is to be sent to the address of the rules, one after the other, as JSON. Raises InputError."""
        del rules
        return ()

    def refusal(self, answer: bytes) -> str:
        """Return why a change of the rules was not taken, by the answer to it; "" where it was."""
        del answer
        return ""

    def parting(self, frame: bytes) -> str:
        """Return the words with which a frame says that the stream is over; "" where it says no such thing."""
        del frame
        return ""

    def profiles(self, accounts: Sequence[str]) -> str:
        """Return where to ask who some accounts are, of which its frames tell nothing but the id; "" for nowhere."""
        del accounts
        return ""

    def profiles_in(self, fetch: Fetch) -> dict[str, bytes]:
        """Return the profiles in an answer to `profiles`, each as JSON, by account. Raises InputError."""
        raise NotImplementedError

    def with_profile(self, line: bytes, profile: bytes) -> bytes:
        """Return a frame with its author's profile in it, as `read` finds it there."""
        del profile
        return line

    def posts_at(self, account: str) -> str:
        """Return how the addresses of an account's posts begin, as mentions have them; "" where that is not known."""
        del account
        return ""

    def post_in(self, line: bytes) -> str:
        """Return the native id of the post that a frame tells of; "" for none, or where it is not asked for."""
        del line
        return ""

    def with_posts(self, line: bytes, posts: Sequence[str]) -> Sequence[bytes]:
        """Return frames that say that these posts are gone, by their native ids; `line` says that of their account."""
        del line, posts
        return ()

    def sift(self, frames: Sequence[bytes], door: Door, known: Known, now: datetime) -> Sifted:
        """Return what is let in of a batch of frames."""
        raise NotImplementedError


def read_frames(fetch: Fetch, expected: str, take: Take) -> Reading:
    """Return what `take` makes of each frame in a fetch, a line each; one that is no JSON is rejected by itself.

    Raises InputError where there is no frame at all.
    """
    found: list[tuple[str, Any]] = []
    rejected: dict[str, Rejected] = {}
    for number, line in enumerate(fetch.body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.append((f"line {number}", json.loads(line)))
        except (ValueError, RecursionError) as e:
            message = f"expected a message in JSON; it is none: {shorten(clean(str(e)), 200)}"
            mark = digest(fetch.source, line.decode("latin-1"))
            rejected[mark] = Rejected(f"{fetch.url}, line {number}", message, mark)
    if not found and not rejected:
        raise InputError(f"expected {expected}, a line each; it is empty", where=fetch.url)
    if not found:
        raise InputError(f"expected {expected}, a line each; got nothing that is JSON", where=fetch.url)
    reading = reading_of(fetch, found, take)
    return replace(reading, rejected=(*reading.rejected, *rejected.values()), as_of=told_at(reading.mentions))


def let_in(
    source: Stream, frames: Sequence[bytes], door: Door, known: Known, now: datetime, *, all_of_it: bool
) -> tuple[list[bytes], int, int, dict[int, Reading]]:
    """Return the frames that pass, how many posts were read, how many frames were odd, and each reading by its place.

    Each is read as it will be read from the fetch, so nothing that the winnow would pass is kept out. Deletions pass
    where the post was heard of, edits as well. `all_of_it`: what is said passes whatever it says.
    """
    readings: dict[int, Reading] = {}
    passing: set[int] = set()
    asked: dict[str, list[int]] = {}
    read = odd = 0
    anything = all_of_it or door.always(source.name)
    for place, frame in enumerate(frames):
        fetch = Fetch(id="", source=source.name, url=source.url, final_url=source.url, status=200, body=frame, at=now)
        try:
            reading = source.read(fetch)
        except InputError:
            reading = Reading(rejected=(Rejected("", "", ""),))
        readings[place] = reading
        read += len(reading.mentions)
        if reading.rejected:
            odd += 1
            if odd <= MOST_ODD:
                passing.add(place)
        if reading.mentions and (anything or any(door.passes(one) for one in reading.mentions)):
            passing.add(place)
        else:
            for id_ in (*(one.id for one in reading.mentions), *map(_of, reading.deletions)):
                asked.setdefault(id_, []).append(place)
    # What is said and taken back at once was not heard of before, by none of the ids that it goes by.
    passed = [one for place in passing for one in readings[place].mentions]
    here = {id_ for one in passed for id_ in (one.id, *alias_ids(one))}
    for id_ in (here & asked.keys()) | set(known(list(asked)) if asked else ()):
        passing.update(asked.get(id_, ()))
    return [frames[place] for place in sorted(passing)], read, odd, readings


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _of(deletion: Deletion) -> str:
    return deletion.mention.id
