"""Posts out of a file (CSV, NDJSON, JSON; gzip or not) to mentions, and those to the log.

Table ─▶ read_mentions ─▶ Mention or BadRow ─▶ import_mentions ─▶ [mentions], [poll-state], [dead-letters]
                              └▶ PostFile, a source to poll: the same file over HTTP
"""

import io
import math
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr, parsedate_to_datetime
from itertools import islice
from typing import Any, NamedTuple, get_args

import msgspec
import regex

from overheard.collectors.base import Deletion, Reading, Rejected, Source, supersedes, told_at
from overheard.collectors.markup import MAX_TEXT, absolute_url, find_urls, from_html, one_line, shorten
from overheard.collectors.polling.revisions import publication, revise
from overheard.errors import ConfigError, InputError
from overheard.identities import MOST_LINKS, normal_email, normal_platform
from overheard.log.base import Log
from overheard.log.deadletters import dead_letter_record
from overheard.policy import NO_POLICIES
from overheard.records import (
    Actor,
    Cause,
    DeadLetter,
    Fetch,
    Mention,
    ObjectType,
    Policy,
    ProfileLink,
    digest,
    mention_id,
)
from overheard.suppression import NOBODY, Suppressions
from overheard.table import BadRow, Columns, Field, Row, Table, map_columns, open_table
from overheard.text import clean
from overheard.urls import canonical_url

FIELDS = (
    Field("source", ("network", "site", "channel")),
    Field("platform"),
    Field("native_id", ("id", "post_id", "message_id", "tweet_id", "status_id", "guid", "uid", "uuid")),
    Field("url", ("link", "permalink", "post_url", "canonical_url", "uri")),
    Field("author", ("username", "user", "handle", "author_handle", "author_username", "screen_name", "attributedTo")),
    Field("author_name", ("display_name", "author_display_name", "full_name")),
    Field("author_url", ("user_url", "profile_url")),
    Field("author_email", ("user_email", "email")),
    Field("author_id", ("user_id", "account_id", "author_native_id", "author_fullname")),
    Field("author_bio", ("user_description", "author_description", "bio", "user_bio", "about_author")),
    Field("author_links", ("user_links", "profile_links", "author_urls")),
    Field(
        "published",
        ("published_at", "created_at", "created", "created_utc", "posted_at", "date", "datetime", "timestamp", "time"),
    ),
    Field("updated", ("updated_at", "edited_at", "edited", "modified_at", "modified", "last_modified")),
    Field("title", ("headline", "subject", "name")),
    Field("text", ("content", "body", "message", "full_text", "selftext", "comment")),
    Field("html", ("content_html", "body_html", "text_html", "html_body")),
    Field("in_reply_to", ("in_reply_to_id", "parent_id", "parent", "reply_to")),
    Field("tags", ("tag", "hashtags", "keywords")),
    Field("language", ("lang", "locale")),
    Field("type", ("object_type", "kind")),
    Field("generator", ("app", "client", "via")),
    Field("likes", ("like_count", "score", "ups", "upvotes", "favourites", "favorites", "favourites_count")),
    Field("shares", ("share_count", "retweets", "retweet_count", "reposts", "reblogs", "reblogs_count")),
    Field("replies", ("reply_count", "replies_count", "comments", "comment_count", "num_comments")),
)
REQUIRED = (("native_id", "url"), ("text", "title", "html"))

# Rows of a polled file that are read. Some 500 bytes a post: what 10 MB, the most that is fetched, can hold.
MAX_POSTS = 20_000
BATCH = 500  # DESIGN.md: records to one durable transaction
# Ids remembered to tell that a file names one post twice; 64 bits each, some 90 MB when full. Beyond, nothing is told.
_REMEMBERED = 1_000_000
_SHOWN = 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers from here on are milliseconds: 1e11 s is the year 5138, 1e11 ms is 1973, before any platform.
_MILLISECONDS = 100_000_000_000
_DIGITS = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_COUNT = re.compile(r"-?\d{1,18}(?:\.0+)?", re.ASCII)  # spreadsheets write 12.0 and 1,234
_TYPES = {name.lower(): name for name in get_args(ObjectType)}
_ACTORS = ("Person", "Service", "Application", "Group", "Organization")  # of ActivityStreams
_HASHTAG = regex.compile(r"(?<![\w&/#])[#＃]([\w\p{M}]*\p{L}[\w\p{M}]*)")
_MARKUP = re.compile(r"<(?:p|br|a|span|div)\b", re.IGNORECASE)
_LONGEST_BIO = 5_000  # characters; platforms allow some 500
_TAG_SEPARATORS = re.compile(r"[\s,;|#]+")


def map_mentions(table: Table, explicit: Mapping[str, str] | None = None) -> Columns:
    """Put the table's columns to the fields of a mention. Raises ConfigError as `map_columns` does."""
    return map_columns(table, FIELDS, explicit=explicit, required=() if is_activitystreams(table.columns) else REQUIRED)


def read_mentions(
    table: Table, columns: Columns, *, now: datetime, source: str = "import"
) -> Iterator[Mention | Deletion | BadRow]:
    """Yield a mention for every row, or a BadRow with file, line and column where it cannot be one.

    ActivityStreams' Delete and Tombstone are deletions. `source` stands in where the row names none. `first_seen` is
    `now`. A date without a zone is UTC; dates of 1970 and 2100 are kept as they are (the sort key knows better). Text
    is plain unless its column is called html.
    """
    for row in table:
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            yield _deletion(table, columns, row, now, source) or _mention(table, columns, row, now, source)
        except InputError as e:
            yield BadRow(row.line, e, _as_it_came(row))


def _deletion(table: Table, columns: Columns, row: Row, now: datetime, default_source: str) -> Deletion | None:
    """Return the deletion that a row of ActivityStreams says; None where it says none."""
    thing = _gone_thing(row.cells)
    if thing is None:
        return None
    activity = row.cells
    actor = activity.get("actor")
    when = thing.get("deleted") or (thing is not activity and (activity.get("published") or activity.get("updated")))
    values = _from_activitystreams({**thing, "source": activity.get("source"), "platform": activity.get("platform")})
    read = _Cells(table, columns, row, values | {"published": when})
    if thing.get("id") and thing.get("id") == (actor.get("id") if isinstance(actor, Mapping) else actor):
        msg = "expected the deletion of a post; got that of its author. To take a person out: `overheard erase`"
        raise read.error("object", msg)
    left = _left_of(read, default_source)
    return Deletion(
        Mention(
            id=mention_id(left.platform, left.native_id, url=left.canonical),
            platform=left.platform,
            native_id=left.native_id,
            source=left.source,
            content="",
            url=left.url,
            first_seen=now,
        ),
        read.date("published"),
    )


def _gone_thing(cells: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the object that a Delete, or anything about a Tombstone, says is gone; None for all else."""
    kind, thing = cells.get("type"), cells.get("object")
    if isinstance(thing, str) and kind == "Delete":
        return {"id": thing}
    if isinstance(thing, Mapping) and (kind == "Delete" or thing.get("type") == "Tombstone"):
        return thing
    return cells if kind == "Tombstone" and "object" not in cells else None


class _Left(NamedTuple):
    """What makes a post's id: its platform and native id, or the canonical form of its URL."""

    source: str
    platform: str
    native_id: str
    url: str
    canonical: str


def _left_of(read: "_Cells", default_source: str) -> _Left:
    source = one_line(read.text("source", 200)) or default_source
    platform = normal_platform(read.text("platform", 200)) or normal_platform(source)
    native_id = read.text("native_id", 500)
    given_url = read.text("url", 10_000)
    url = absolute_url(given_url)
    if given_url and not url:
        read.note("a URL that is no http(s) URL of at most 2,048 characters, left out")
    canonical = canonical_url(url)
    if not native_id and not canonical:
        raise read.error("native_id", "expected an id or a URL, which make a post's id; both are empty")
    return _Left(source, platform, native_id, url, canonical)


def _mention(table: Table, columns: Columns, row: Row, now: datetime, default_source: str) -> Mention:
    activitystreams = is_activitystreams(row.cells)
    values = _from_activitystreams(row.cells) if activitystreams else columns.of(row)
    read = _Cells(table, columns, row, values)
    author = values.get("author")
    if isinstance(author, Mapping):
        values |= _from_actor(author)
    if activitystreams and values.get("type") in _ACTORS:
        raise read.error("type", f"expected a post; got what is told of its author, a {values['type']}")
    source, platform, native_id, url, canonical = _left_of(read, default_source)
    alias = canonical_url(absolute_url(read.text("alias", 10_000)))
    text, html_links = read.body()
    title = shorten(one_line(read.text("title", MAX_TEXT)), 2_000)
    if not text and not title:
        raise read.error("text", "expected a text or a title; both are empty")
    return Mention(
        id=mention_id(platform, native_id, url=canonical),
        type=_TYPES.get(read.text("type", 100).lower(), "Note"),
        platform=platform,
        native_id=native_id,
        source=source,
        content=text,
        name=title,
        url=url,
        published=read.date("published"),
        updated=read.date("updated"),
        first_seen=now,
        in_reply_to=read.text("in_reply_to", 2_048),
        attributed_to=_actor(read, platform),
        tag=read.tags(f"{title}\n{text}"),
        links=tuple(dict.fromkeys([*html_links, *find_urls(title), *find_urls(text)])),
        aliases=(alias,) if alias and alias != canonical else (),
        language=read.text("language", 35),
        generator=one_line(read.text("generator", 200)),
        likes=read.count("likes"),
        shares=read.count("shares"),
        replies=read.count("replies"),
    )


def _actor(read: "_Cells", platform: str) -> Actor | None:
    handle = one_line(read.text("author", 500))
    name = one_line(read.text("author_name", 500))
    url = absolute_url(read.text("author_url", 10_000))
    email = one_line(read.text("author_email", 320))
    if handle.startswith(("http://", "https://")):
        handle, url = "", url or absolute_url(handle)
    if handle.endswith(">") and not email:  # as mailing lists sign: Asha Rao <asha@example.com>
        called, address = parseaddr(handle)
        if normal_email(address):
            handle, name, email = "", name or called, address
    if " " in handle:  # "Asha Rao" is how somebody signs, not an account: as a handle it would be an identity
        handle, name = "", name or handle
    native_id = one_line(read.text("author_id", 500))
    if not (handle or name or url or email or native_id):
        return None
    return Actor(
        platform=platform,
        preferred_username=handle,
        native_id=native_id,
        name=name,
        url=url,
        email=email,
        summary=read.bio(),
        links=read.profile_links(),
    )


class _Cells:
    """The values of one row by field, read with errors that name file, line and column."""

    def __init__(self, table: Table, columns: Columns, row: Row, values: Mapping[str, Any]) -> None:
        self._table = table
        self._columns = columns
        self._row = row
        self._values = values

    def error(self, name: str, message: str) -> InputError:
        column = self._columns.column(name, self._row) or name
        return InputError(message, where=self._table.where(self._row.line, column))

    def note(self, message: str) -> None:
        self._table.note_row(message, self._row.line)

    def text(self, name: str, limit: int) -> str:
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            text = clean(value).strip()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            text = str(value)
        else:
            raise self.error(name, f"expected text; got {_shown(value)}")
        if len(text) > limit:
            if limit != MAX_TEXT:
                raise self.error(name, f"expected at most {limit} characters; got {len(text)}: {text[:40]!r}…")
            self._table.note_row(f"a {name} of more than {MAX_TEXT} characters, cut there", self._row.line)
            text = shorten(text, MAX_TEXT)
        return text

    def body(self) -> tuple[str, tuple[str, ...]]:
        if text := self.text("text", MAX_TEXT):
            return text, ()
        html = self._values.get("html")
        if html is None:
            return "", ()
        if not isinstance(html, str):
            raise self.error("html", f"expected HTML; got {_shown(html)}")
        return from_html(html)

    def bio(self) -> str:
        """Return what the profile says of its owner, as plain text; some platforms give it as HTML."""
        text = shorten(self.text("author_bio", MAX_TEXT), _LONGEST_BIO)
        return from_html(text)[0] if _MARKUP.search(text) else text

    def profile_links(self) -> tuple[ProfileLink, ...]:
        """Return the links on the author's profile: URLs in one text, a list of them, or Mastodon's fields.

        Of Mastodon's a link with a time in `verified_at` is verified.
        """
        given = self._values.get("author_links") or ()
        if isinstance(given, str):
            given = clean(given).split()
        links: dict[str, bool] = {}
        for one in given if isinstance(given, Sequence) else ():
            value: object = one
            verified = False
            if isinstance(one, Mapping):
                value = one.get("value") or one.get("url") or one.get("href")
                verified = bool(one.get("verified_at")) or one.get("verified") is True
            if not isinstance(value, str):
                continue
            found = from_html(value)[1] if "<" in value else (absolute_url(clean(value).strip(",;|")),)
            for url in found:
                if url:
                    links[url] = links.get(url, False) or verified
        return tuple(ProfileLink(url=url, verified=verified) for url, verified in links.items())[:MOST_LINKS]

    def date(self, name: str) -> datetime | None:
        value = self._values.get(name)
        if value is None or value is False or (isinstance(value, str) and not value.strip()):
            return None  # False: how some platforms say "never edited"
        try:
            return read_date(value)
        except (ValueError, OverflowError) as e:
            expected = "expected a date as ISO 8601 (2026-11-21T09:30:00Z) or seconds or milliseconds since 1970"
            raise self.error(
                name, f"{expected}; got {_shown(value)}. Mend it, or ignore the column: --map '…=-'"
            ) from e

    def count(self, name: str) -> int | None:
        value = self._values.get(name)
        if isinstance(value, Mapping):  # ActivityStreams: a collection
            value = value.get("totalItems")
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str) and _COUNT.fullmatch(digits := value.strip().replace(",", "")):
            value = int(digits.partition(".")[0])
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
            raise self.error(name, f"expected a whole number; got {_shown(value)}. Or ignore the column: --map '…=-'")
        return value

    def tags(self, text: str) -> tuple[str, ...]:
        given = self._values.get("tags") or ()
        if isinstance(given, str):
            given = _TAG_SEPARATORS.split(clean(given))
        tags: list[str] = []
        for tag in given if isinstance(given, Sequence) else ():
            if isinstance(tag, Mapping):
                tag = tag.get("name") if tag.get("type", "Hashtag") == "Hashtag" else ""  # noqa: PLW2901
            if isinstance(tag, str) and (one := one_line(clean(tag)).lstrip("#＃")):
                tags.append(one[:200])
        return tuple(dict.fromkeys([*tags, *_HASHTAG.findall(text)]))[:256]


def read_date(value: object) -> datetime:
    """Return a time in UTC from ISO 8601, RFC 2822, or seconds or milliseconds since 1970 as a number or digits.

    Without a zone it is UTC. Eight digits that are a day (20261121) are that day. Raises ValueError or OverflowError.
    """
    if isinstance(value, str):
        text = value.strip()
        if not _DIGITS.fullmatch(text):
            try:
                when = datetime.fromisoformat(text)
            except ValueError:
                when = parsedate_to_datetime(text)
            return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        if len(text) == 8 and "19000101" <= text <= "21001231":
            return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = "no date"
        raise ValueError(msg)
    if abs(value) >= _MILLISECONDS:
        value /= 1000
    return _EPOCH + timedelta(seconds=value)


def is_activitystreams(keys: Container[str]) -> bool:
    """True for the keys of an object of ActivityStreams 2.0."""
    return "@context" in keys or "object" in keys


def _from_activitystreams(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by field of an ActivityStreams 2.0 object, or of the object of an activity.

    Its id is its URL, and an alias where it has a URL as well; its content is HTML, as the standard says, unless
    mediaType is text/plain. Where it does not say when it was edited, an Update did so at its own time, and what a
    Create brings was not edited since it was published.
    """
    inner = cells.get("object")
    thing = {**inner, "actor": cells.get("actor")} if isinstance(inner, Mapping) else cells
    versions = {
        "Update": cells.get("updated") or cells.get("published"),
        "Create": thing.get("published") or cells.get("published"),
    }
    kind = cells.get("type")
    edited = versions.get(kind) if isinstance(kind, str) else None
    id_, url = thing.get("id"), thing.get("url")
    if isinstance(url, Sequence) and not isinstance(url, str) and url:
        url = url[0]
    if isinstance(url, Mapping):
        url = url.get("href")
    is_url = isinstance(id_, str) and bool(canonical_url(id_))
    author = thing.get("attributedTo") or thing.get("actor")
    if isinstance(author, Sequence) and not isinstance(author, str) and author:
        author = author[0]
    plain = thing.get("mediaType") == "text/plain"
    values = {
        "source": source if isinstance(source := cells.get("source"), str) else None,  # the standard's own is an object
        "platform": cells.get("platform"),
        "native_id": None if is_url else id_,
        "url": url or (id_ if is_url else None),
        "alias": id_ if is_url and url else None,
        "author": author if isinstance(author, Mapping) else None,
        "author_url": author if isinstance(author, str) else None,
        "published": thing.get("published"),
        "updated": thing.get("updated") or edited,
        "title": thing.get("name"),
        "text" if plain else "html": thing.get("content"),
        "in_reply_to": thing.get("inReplyTo"),
        "tags": thing.get("tag"),
        "type": thing.get("type"),
        "likes": thing.get("likes"),
        "shares": thing.get("shares"),
        "replies": thing.get("replies"),
    }
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _from_actor(author: Mapping[str, Any]) -> dict[str, Any]:
    handles = ("preferredUsername", "username", "screen_name", "handle", "login", "acct")
    names = ("name", "displayName", "display_name")
    values = {
        "author": next((author[k] for k in handles if author.get(k)), ""),
        "author_name": next((author[k] for k in names if author.get(k)), None),
        "author_url": author.get("url") or author.get("id"),
        "author_email": author.get("email"),
        "author_id": next(
            (str(author[k]) for k in ("id_str", "id", "did", "uid") if _is_plain_id(author.get(k))), None
        ),
        "author_bio": next(
            (author[k] for k in ("summary", "note", "description", "bio", "about") if author.get(k)), None
        ),
        "author_links": _links_of(author),
    }
    return {name: value for name, value in values.items() if value is not None}


def _is_plain_id(value: object) -> bool:
    """True for an id that is no address: ActivityStreams has the profile's URL there."""
    if isinstance(value, str):
        return bool(value) and not value.startswith(("https://", "http://"))
    return isinstance(value, int) and not isinstance(value, bool)


def _links_of(author: Mapping[str, Any]) -> list[Any]:
    """Return the links of a profile: Mastodon's fields, ActivityStreams' attachments, a website."""
    links: list[Any] = []
    for name in ("fields", "attachment", "links"):
        given = author.get(name)
        if isinstance(given, Sequence) and not isinstance(given, str):
            links += given
    links += [author[name] for name in ("website", "blog", "homepage") if isinstance(author.get(name), str)]
    return links


# Advice to who imports a file by command; of one that is polled nobody maps columns.
_OF_IMPORTS = re.compile(r"[.] (?:Mend it, or|Or) ignore the column: --map.*|, or say --map.*")


class PostFile(Source, frozen=True, kw_only=True):
    """A file of posts (NDJSON, JSON or CSV, as `overheard import mentions` takes) to poll over HTTP.

    Each answer is the whole file: posts that it no longer has stay as they are.
    """

    kind = "file"
    shows_newest = False  # its rows say what was deleted
    owner_decides = True

    def read(self, fetch: Fetch) -> Reading:
        """Return the mentions of a file (`overheard.collectors.base.Source.read`)."""
        return read_post_file(fetch)


def read_post_file(fetch: Fetch) -> Reading:
    """Return the mentions in a fetched file of posts, row by row; `Mention.source` is `fetch.source`.

    The columns are guessed as `map_mentions` does, so they need names that are known. A row's own source or platform
    says where its ids and handles belong; without one that is `fetch.source`. Of rows with one id the newest
    counts (`supersedes`). `first_seen` is `fetch.at`. Raises InputError where the body as a whole cannot be read.
    """
    mentions: dict[str, Mention] = {}
    deletions: list[Deletion] = []
    rejected: list[Rejected] = []
    repeated = 0
    try:
        with open_table(io.BytesIO(fetch.body), name=fetch.url) as table:
            rows = read_mentions(table, map_mentions(table), now=fetch.at, source=fetch.source)
            for row in islice(rows, MAX_POSTS):
                if isinstance(row, BadRow):
                    rejected.append(_rejected(fetch, row))
                    continue
                if isinstance(row, Deletion):
                    gone = msgspec.structs.replace(row.mention, source=fetch.source)
                    deletions.append(Deletion(gone, row.at))
                    continue
                mention = msgspec.structs.replace(row, source=fetch.source)
                other = mentions.get(mention.id)
                repeated += other is not None
                if other is None or supersedes(mention, other):
                    mentions[mention.id] = mention
            if next(rows, None) is not None:
                message = f"expected at most {MAX_POSTS:,} posts; got more. The first {MAX_POSTS:,} were read"
                rejected.append(Rejected(fetch.url, message, digest(fetch.source, message)))
    except ConfigError as e:
        raise InputError(_OF_IMPORTS.sub("", str(e).removeprefix(f"{fetch.url}: ")), where=fetch.url) from e
    return Reading(tuple(mentions.values()), tuple(rejected), repeated, deletions=tuple(deletions))


def _rejected(fetch: Fetch, row: BadRow) -> Rejected:
    message = _OF_IMPORTS.sub("", row.error.args[0])
    return Rejected(row.error.where or fetch.url, message, digest(fetch.source, clean(row.raw)))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file of posts. `fates` are of the one vocabulary (`overheard.log.stage.FATES`).

    `read` is their sum. `duplicates` counts rows that name a post which the file named before; `examples` has the first
    of them. `errors` are the first 20 rows that became dead letters; all of them are in `dead-letters`.
    """

    read: int
    fates: Mapping[str, int]
    duplicates: int = 0
    examples: Sequence[str] = ()
    errors: Sequence[str] = ()


@dataclass(slots=True)
class _Counts:
    fates: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)
    duplicates: int = 0
    examples: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def report(self) -> ImportReport:
        return ImportReport(
            self.fates.total(), dict(self.fates), self.duplicates, tuple(self.examples), tuple(self.errors)
        )

    def see(self, mention: Mention) -> None:
        bits = hash(mention.id)
        if bits in self.seen:
            self.duplicates += 1
            if len(self.examples) < _SHOWN:
                self.examples.append(f"{mention.platform} {mention.native_id or mention.url}")
        elif len(self.seen) < _REMEMBERED:
            self.seen.add(bits)


def import_mentions(
    log: Log,
    rows: Iterable[Mention | Deletion | BadRow],
    now: datetime,
    *,
    cause: Cause = "back-fill",
    progress: Callable[[ImportReport], None] | None = None,
    suppressions: Suppressions = NOBODY,
    policies: Mapping[str, Policy] = NO_POLICIES,
) -> ImportReport:
    """Append new and changed mentions to `mentions`, rows in error to `dead-letters`; return what became of them.

    In durable batches of 500. The same file again changes nothing ("unchanged"). A post that occurs twice gets versions
    in the order of its rows, so the last one counts; where one says when it was edited, what was so before (by its own
    edit time, without one by when it was published) changes nothing. Raises as the log does; after that, importing the
    same file again goes on where it stopped. `progress` is called after each batch. What `suppressions` cover is left
    out ("suppressed"), and so is what is older than `policies`, by the names of sources, keep ("expired"); of the rest
    what they allow is kept. A deletion takes its post, whichever comes first ("deleted").
    """
    counts = _Counts()
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        read = [row for row in batch if not isinstance(row, BadRow)]
        mentions = [one for one in read if isinstance(one, Deletion) or not suppressions.covers_mention(one)]
        for mention in mentions:
            if isinstance(mention, Mention):
                counts.see(mention)
        revised = revise(log, mentions, policies, as_of=told_at(mentions))
        out = publication(revised, source="/import/mentions", time=now, cause_of=lambda _: cause)
        dead = [row for row in batch if isinstance(row, BadRow)]
        if out or dead:
            log.append([*out, *(dead_letter_record(_dead_letter(row, now)) for row in dead)], durable=True)
        collected = sum(one.changed for one in revised)
        deleted = sum(one.changed and one.verb == "Delete" for one in revised)
        counts.fates["collected"] += collected - deleted
        expired = sum(one.past for one in revised)
        counts.fates["unchanged"] += len(mentions) - collected - expired
        if expired:
            counts.fates["expired"] += expired
        if deleted:
            counts.fates["deleted"] += deleted
        counts.fates["dead"] += len(dead)
        if len(read) > len(mentions):
            counts.fates["suppressed"] += len(read) - len(mentions)
        counts.errors.extend(str(row.error) for row in dead[: _SHOWN - len(counts.errors)])
        if progress is not None:
            progress(counts.report())
    return counts.report()


def _dead_letter(row: BadRow, now: datetime) -> DeadLetter:
    where = clean(row.error.where)
    return DeadLetter(
        id=digest("import mentions", where, row.raw),
        stage="import mentions",
        topic="",
        partition=0,
        offset=row.line,
        key="",
        error=type(row.error).__name__,
        message=clean(row.error.args[0]),
        where=where,
        at=now,
        value=clean(row.raw).encode(),
    )


def _as_it_came(row: Row) -> str:
    try:
        return msgspec.json.encode(row.cells).decode()
    except UnicodeEncodeError:  # a lone surrogate; the dead letter has U+FFFD in its place
        return repr(row.cells)


def _shown(value: object) -> str:
    text = repr(value)
    return text[:60] + "…" if len(text) > 60 else text
