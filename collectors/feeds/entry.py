"""An entry of any dialect, and the mention that it becomes."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from overheard.collectors.base import Reading, Rejected
from overheard.collectors.markup import PlainText, from_html, one_line, shorten
from overheard.identities import normal_email
from overheard.records import Actor, Fetch, Mention, digest, mention_id
from overheard.text import clean
from overheard.urls import canonical_url

# Feeds hold 10 to 50 entries, archives some hundreds.
MAX_ENTRIES = 2_000
MAX_NAME = 1_000
_MAX_TAGS = 64
MAX_GUID = 2_048
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of any dialect, its fields taken apart and not yet made a mention."""

    guid: str
    url: str
    alias: str
    name: str
    text: PlainText
    published: datetime | None
    updated: datetime | None
    author: Actor | None
    tags: tuple[str, ...]
    in_reply_to: str
    language: str
    replies: int | None
    enclosures: tuple[str, ...] = ()
    comment_feed: str = ""
    is_summary: bool = False


class FieldError(Exception):
    """A field of an entry that makes the entry useless."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def reading_of(fetch: Fetch, raw: Sequence[Any], take: Callable[[Any], Entry]) -> Reading:
    """Turn entries into mentions; an entry that cannot be used is rejected, and the others go on.

    Only the entries' part of the reading is filled in.
    """
    feed = canonical_url(fetch.url)
    mentions: dict[str, Mention] = {}
    taken: dict[str, Entry] = {}
    rejected: list[Rejected] = []
    repeated = 0
    for number, item in enumerate(raw[:MAX_ENTRIES], 1):
        entry = None
        try:
            entry = take(item)
            mention = _mention(fetch, feed, entry)
        except FieldError as e:
            where = f"{fetch.url}, entry {number}{f', {e.field}' if e.field else ''}"
            rejected.append(Rejected(where, str(e), digest(fetch.source, repr(entry or item))))
            continue
        other = mentions.get(mention.id)
        repeated += other is not None
        if other is None or _said_last(mention) > _said_last(other):
            mentions[mention.id], taken[mention.id] = mention, entry
    if len(raw) > MAX_ENTRIES:
        message = f"expected at most {MAX_ENTRIES} entries; got {len(raw)}. The first {MAX_ENTRIES} were read"
        rejected.append(Rejected(f"{fetch.url}, entry {MAX_ENTRIES + 1}", message, digest(fetch.source, message)))
    return Reading(
        tuple(mentions.values()),
        tuple(rejected),
        repeated,
        comment_feeds={id_: entry.comment_feed for id_, entry in taken.items() if entry.comment_feed},
        summaries=frozenset(id_ for id_, entry in taken.items() if entry.is_summary and mentions[id_].url),
    )


def _mention(fetch: Fetch, feed: str, entry: Entry) -> Mention:
    canonical = canonical_url(entry.url)
    if canonical:
        platform, native, id_ = "web", "", mention_id("web", url=canonical)
    elif entry.guid:
        platform, native = feed or "web", entry.guid
        id_ = mention_id(platform, native)
    else:
        raise FieldError("link", "expected a link with an http(s) URL, or a guid; got neither")
    alias = canonical_url(entry.alias)
    return Mention(
        id=id_,
        type="Article" if entry.name else "Note",
        platform=platform,
        native_id=native,
        source=fetch.source,
        content=entry.text.text,
        name=entry.name,
        url=entry.url if canonical else "",
        # An Atom entry must have `updated`, and often has nothing else.
        published=entry.published or entry.updated,
        updated=entry.updated,
        first_seen=fetch.at,
        in_reply_to=entry.in_reply_to,
        attributed_to=entry.author,
        tag=entry.tags,
        links=tuple(dict.fromkeys(entry.text.links + entry.enclosures)) if entry.enclosures else entry.text.links,
        aliases=(alias,) if alias and alias != canonical else (),
        language=entry.language,
        replies=entry.replies,
    )


def _said_last(mention: Mention) -> datetime:
    return mention.updated or mention.published or datetime.min.replace(tzinfo=UTC)


def actor_of(name: str, url: str, email: str) -> Actor | None:
    """Return an author of the web, whose name may hold markup or be an e-mail address; None where nothing is said."""
    name = shorten(from_html(name).text.replace("\n", " "), MAX_NAME) if "<" in name else one_line(clean(name))
    if not email and normal_email(name):
        name, email = "", name
    name, email = shorten(name, MAX_NAME), normal_email(clean(email))
    return Actor(platform="web", name=name, url=url, email=email) if name or url or email else None


def text_of(value: Any) -> str:
    """Return a text; "" for what is none."""
    return value if isinstance(value, str) else ""


def name_of(text: PlainText) -> str:
    """Return a title as one line of bounded length."""
    return shorten(one_line(text.text), MAX_NAME)


def tags_of(terms: Iterable[str]) -> tuple[str, ...]:
    """Return tags without `#`, each once, in order, bounded in number and length."""
    cleaned = (shorten(one_line(clean(term)).lstrip("#"), 200) for term in terms)
    return tuple(dict.fromkeys(term for term in cleaned if term))[:_MAX_TAGS]


def language_of(value: Any) -> str:
    """Return a language tag of the shape of BCP 47; "" for what is none."""
    value = text_of(value).strip().replace("_", "-")
    return value if _LANGUAGE.fullmatch(value) else ""


def count_of(value: Any) -> int | None:
    """Return a count as written, None where it is none or larger than any."""
    text = text_of(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
