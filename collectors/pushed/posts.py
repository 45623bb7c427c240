"""One item that a program hands in: a post, an event, an activity, or what the API gave. Read from its JSON. Pure."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from overheard.collectors.base import Deletion
from overheard.collectors.files import is_activitystreams
from overheard.decoding import DECODING_ERRORS, half_of, refusal_of
from overheard.errors import InputError
from overheard.records import Incident, Mention
from overheard.table import BadRow
from overheard.text import clean

_COLUMN = re.compile(r', column "(.*)"$')
# Of what cannot be read: enough to know it again.
_MOST_SHOWN = 100_000
_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Moment = str | _Whole | float | None
_Said = Annotated[str, Meta(min_length=1)]


class Post(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A post as an import takes it; the fields are the columns of docs/import.md, and may all be null.

    One of `nativeId` and `url` is needed, and one of `text`, `title` and `html`. `published` and `updated` are ISO
    8601, RFC 2822, or seconds or milliseconds since 1970; without a zone they are UTC. With the `verb` Delete the post
    is gone, at `updated` or now, and needs no text.
    """

    verb: Literal["Create", "Update", "Delete"] | None = None
    source: str | None = None
    platform: str | None = None
    native_id: str | _Whole | float | None = None
    url: str | None = None
    author: str | None = None
    author_id: str | _Whole | None = None
    author_name: str | None = None
    author_url: str | None = None
    author_email: str | None = None
    author_bio: str | None = None
    author_links: str | list[str] | None = None
    published: _Moment = None
    updated: _Moment = None
    title: str | None = None
    text: str | None = None
    html: str | None = None
    in_reply_to: str | None = None
    tags: str | list[str] | None = None
    language: str | None = None
    type: str | None = None
    generator: str | None = None
    likes: _Whole | float | None = None
    shares: _Whole | float | None = None
    replies: _Whole | float | None = None


class MentionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent (1.0, structured JSON) that carries a mention, as on Overheard's own topics; it may have extensions.

    Its version is made here, from `updated` or by counting. With the verb Delete the post of that id is gone, at
    `updated` or now; of its data nothing else counts.
    """

    specversion: Literal["1.0"]
    id: _Said
    source: _Said
    type: Literal["overheard.mention"]
    data: Mention
    verb: Literal["Create", "Update", "Delete"] = "Create"


class PostEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent (1.0) of any other type, whose data is a post or an activity; it may have extensions.

    Where its type ends in `.deleted`, or its verb is Delete, the post is gone. `datacontenttype` is JSON.
    """

    specversion: Literal["1.0"]
    id: _Said
    source: _Said
    type: _Said
    data: Post | None = None
    data_base64: str | None = None
    datacontenttype: str | None = None
    verb: Literal["Create", "Update", "Delete"] = "Create"


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity or object of ActivityStreams 2.0; docs/import.md says what is read of it.

    Create and Update carry a post as their `object`. Delete, or a Tombstone, says that one is gone, by its id.
    """

    context: Annotated[str | list[Any] | dict[str, Any], Meta(description="https://www.w3.org/ns/activitystreams")] = (
        msgspec.field(name="@context")
    )
    type: str
    id: str | None = None
    actor: str | list[Any] | dict[str, Any] | None = None
    object: str | dict[str, Any] | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search gave (`GET /v1/mentions`), an item of it: of the incident its mention counts."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class Gone:
    """A post that is gone, by the fields of a post that make its id."""

    post: Mapping[str, Any]


# A row as `collectors.files` reads it, or what an item is already.
Item = Mapping[str, Any] | Gone | Mention | Deletion | BadRow


class _Marks(msgspec.Struct):
    """By which fields an item tells what it is."""

    specversion: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.field(name="@context", default=msgspec.Raw())
    incident: msgspec.Raw = msgspec.Raw()
    mention: msgspec.Raw = msgspec.Raw()
    first_seen: msgspec.Raw = msgspec.field(name="firstSeen", default=msgspec.Raw())
    data: msgspec.Raw = msgspec.Raw()
    data_base64: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct):
    """A CloudEvent whose data is still to be read."""

    specversion: str
    id: _Said
    source: _Said
    type: _Said
    data: msgspec.Raw = msgspec.Raw()
    data_base64: str | None = None
    datacontenttype: str | None = None
    verb: Literal["Create", "Update", "Delete"] = "Create"


class _OnlyMention(msgspec.Struct):
    mention: Mention


class _OnlyFound(msgspec.Struct):
    incident: _OnlyMention


_marks = msgspec.json.Decoder(_Marks)
_posts = msgspec.json.Decoder(Post)
_mentions = msgspec.json.Decoder(Mention)
_mention_events = msgspec.json.Decoder(MentionEvent)
_events = msgspec.json.Decoder(_Event)
_activities = msgspec.json.Decoder(Activity)
_incidents = msgspec.json.Decoder(_OnlyMention)
_found = msgspec.json.Decoder(_OnlyFound)


class NoItemError(InputError):
    """What came is not even one of the things that may be handed in: a field of another type, or one not known."""


def item_of(raw: bytes) -> Item:
    """Return what an item is; a BadRow, which names the field, where it is none of what may be handed in."""
    try:
        return _item(raw)
    except InputError as e:
        error = type(e)(e.args[0], where=_where(e.where))
    except DECODING_ERRORS as e:
        message, field = refusal_of(e, Post)
        error = NoItemError(message + half_of(raw), where=_where(field))
    return BadRow(0, error, clean(raw[:_MOST_SHOWN].decode("utf-8", "replace")))


def _where(field: str) -> str:
    return f'mentions:0, column "{field}"' if field else ""


def field_in(where: str) -> str:
    """Return the field in the place of an error, "" where it is of the whole item."""
    match = _COLUMN.search(where)
    first, *others = clean(match[1]).split("_") if match else [""]
    return first + "".join(word.title() for word in others)


def _item(raw: bytes) -> Item:
    marks = _marks.decode(raw)
    # Nothing else has data: what lacks its version is told so, and not that it is no post.
    if bytes(marks.specversion) or (not bytes(marks.context) and (bytes(marks.data) or bytes(marks.data_base64))):
        return _of_event(raw)
    if bytes(marks.incident):
        return _whole(_found.decode(raw).incident.mention)
    if bytes(marks.mention):
        return _whole(_incidents.decode(raw).mention)
    if bytes(marks.first_seen):
        return _whole(_mentions.decode(raw))
    return _of_data(raw, gone=False)


def _of_event(raw: bytes) -> Item:
    event = _events.decode(raw)
    if event.specversion != "1.0":
        raise NoItemError(f"expected an event of CloudEvents 1.0; got {event.specversion[:40]!r}", where="specversion")
    if event.type == "overheard.mention":
        read = _mention_events.decode(raw)
        return Deletion(read.data, read.data.updated) if read.verb == "Delete" else _whole(read.data)
    media = (event.datacontenttype or "application/json").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise InputError(f"expected data of application/json; got {media[:80]!r}", where="datacontenttype")
    data = bytes(event.data)
    if event.data_base64 is not None:
        try:
            data = b64decode(event.data_base64, validate=True)
        except ValueError as e:
            raise InputError("expected Base64; it is none", where="data_base64") from e
    if not data or data == b"null":
        raise InputError("expected a post as the data of the event; there is none", where="data")
    return _of_data(data, gone=event.verb == "Delete" or event.type.rpartition(".")[2].lower() == "deleted")


def _of_data(raw: bytes, *, gone: bool) -> Item:
    """Return a post or an activity."""
    if bytes(_marks.decode(raw).context):
        _activities.decode(raw)
        read: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        return read if not gone or read.get("type") == "Delete" else {**_about(read), "type": "Delete"}
    post = _posts.decode(raw)
    if isinstance(post.native_id, float) and post.native_id.is_integer():  # 17.0 is a whole number in JSON
        post = msgspec.structs.replace(post, native_id=int(post.native_id))
    row: dict[str, Any] = msgspec.to_builtins(post)
    verb = row.pop("verb")
    return Gone(row) if gone or verb == "Delete" else row


def _about(activity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an activity about a thing, of a thing alone."""
    return dict(activity) if is_activitystreams(activity) and "object" in activity else {
        "@context": activity["@context"], "object": {**activity}
    }  # fmt: skip


def _whole(mention: Mention) -> Mention:
    """Return a mention of which nothing was left out as it left Overheard. Raises InputError for any other."""
    if mention.withheld:
        msg = "expected a whole post; of this one something was left out as it left Overheard, by its source's policy"
        raise InputError(msg, where="withheld")
    return mention
