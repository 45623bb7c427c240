"""What the services have in common: a source whose address follows from what it follows, and posts as mentions."""

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import msgspec
from markdown_it import MarkdownIt
from msgspec import Meta

from overheard.collectors.base import Complaint, Deletion, Further, Reading, Rejected, Source
from overheard.collectors.communities.complaints import Told, told_in
from overheard.collectors.communities.fields import FieldError, Item
from overheard.collectors.feeds.entry import MAX_NAME, language_of, tags_of
from overheard.collectors.fetching.secrets import Grant
from overheard.collectors.markup import (
    MAX_LINKS,
    MAX_TEXT,
    PlainText,
    absolute_url,
    find_urls,
    from_html,
    from_text,
    one_line,
    shorten,
)
from overheard.identities import MOST_LINKS, NOBODY
from overheard.policy import stricter
from overheard.records import Actor, Fetch, Mention, Policy, ProfileLink, digest, mention_id
from overheard.records.base import ObjectType
from overheard.text import clean, fold
from overheard.urls import canonical_url

# A page of a service has 20 to 500; the comments on one story may be some thousand.
MAX_ITEMS = 5_000
# Posts come into a service's index after they were made; where it costs nothing, so much is asked for again.
LATE = timedelta(hours=1)
# Times that the quarter above the middle of a page spans; an even page reaches twice so far below it.
_FAR = 20
_LONGEST_HANDLE = 500
_LONGEST_BIO = 5_000
_NEXT = re.compile(r"""<([^<>]{1,2048})>\s*((?:;[^,;<>]{0,200}){1,8})""")
_EMPTY = PlainText("", ())
# 200,000 characters of nothing else take 2 s, and so many of them 0.1 s.
_MARKS = "[]*_`<&\\!|~"
_MOST_MARKS = 10_000
_NAMES = ("id", "uri", "objectID", "name", "node_id", "question_id", "answer_id", "comment_id")

_LETTERS = Policy(without=("raw",))
Phrase = Annotated[str, Meta(max_length=500)]
Address = Annotated[str, Meta(max_length=500, pattern="^(https?://[^/?#@\\s]+[^?#\\s]*)?$")]
Environment = Annotated[str, Meta(max_length=200, pattern="^([A-Za-z_][A-Za-z0-9_]*)?$")]
Take = Callable[[Item], Mention | Deletion | None]


# How far back what is said to an account of one's own is filled in at first.
READS_BACK = timedelta(days=90)


class Community(Source, frozen=True, kw_only=True):
    """A source of a service. `url` follows from the other settings, and is not set itself.

    `token_env` names the environment variable, `token_file` the file that holds its token, if it needs one.
    """

    # A page shows what is newest of a search or a list, and not all older ones.
    shows_newest = False
    documented_api = True
    asks = {
        "token_env": "The environment variable that holds its token: the name of it, never the token itself.",
        "token_file": "Or the file that holds its token, as seen from the settings.",
    }
    # What codes in its errors mean, in a sentence that says what to do, those first that say most; of all others its
    # own words are told.
    complaints: ClassVar[Mapping[str, str]] = {}
    # Codes of errors that another token or setting at the service ends, whatever the status is they come with.
    mended_there: ClassVar[frozenset[str]] = frozenset()
    # Whether what its errors say to be used up is of whoever's token it is, and others have their own.
    limits_accounts: ClassVar[bool] = False
    # The header in which the token is sent, and what stands before it there.
    token_header: ClassVar[tuple[str, str]] = ("Authorization", "Bearer ")

    url: str = ""
    token_env: Environment = ""
    token_file: Annotated[str, Meta(max_length=1_000)] = ""

    def __post_init__(self) -> None:
        address = self.address()
        if self.url not in ("", address):
            msg = f"expected no `url`, which follows from the other settings ({address}); got {self.url!r}"
            raise ValueError(msg)
        msgspec.structs.force_setattr(self, "url", address)

    def address(self) -> str:
        """Return where to ask. Raises ValueError where the settings do not say what is followed."""
        raise NotImplementedError

    def complaint(self, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Complaint:
        """Return what an error of the service says (`Source.complaint`)."""
        del headers
        told = told_in(body)
        known = next((words for code, words in self.complaints.items() if code in told.codes), "")
        words = known or (f"It says: {told.words}" if told.words else "")
        soft = not self.mended_there.isdisjoint(told.codes)
        return Complaint(words, self.again(status, told, now), soft=soft, alone=self.limits_accounts)

    def again(self, status: int, told: Told, now: datetime) -> datetime | None:
        """Return until when an error says, beside what is in its headers, that nothing more is to be had."""
        del status, told, now
        return None

    @property
    def in_force(self) -> Policy:
        """Its policy (`Source.in_force`); of what letters come among, the bytes are not kept."""
        policy = super().in_force
        return stricter(policy, _LETTERS) if self.has_letters else policy

    @property
    def is_own(self) -> bool:
        """True where an account of one's own is asked for what was said to it (`Source.is_own`)."""
        return self.has_letters

    @property
    def reads_back(self) -> timedelta | None:
        """How far back one's own is filled in at first (`Source.reads_back`)."""
        return READS_BACK if self.is_own else None

    @property
    def has_letters(self) -> bool:
        """True where an answer may hold what somebody wrote to the token's account alone, which is no mention."""
        return False

    @property
    def has_token(self) -> bool:
        """True where the settings say where a token is."""
        return bool(self.token_env or self.token_file)

    @property
    def grant(self) -> Grant | None:
        """How the token is had that it is asked with, where its own is exchanged for that; None: it is its own."""
        return None

    def need_token(self) -> None:
        """Raises ValueError where the settings do not say where the token is."""
        if not self.has_token:
            raise ValueError("expected `token_env` or `token_file`, since the service answers no one else; got neither")


def one_of(**given: object) -> str:
    """Return the name of the one setting that is given. Raises ValueError where none is, or several are."""
    named = [name for name, value in given.items() if value]
    if len(named) != 1:
        wanted = ", ".join(f"`{name}`" for name in given)
        raise ValueError(f"expected one of {wanted}; got {' and '.join(f'`{name}`' for name in named) or 'none'}")
    return named[0]


def with_query(url: str, **values: object) -> str:
    """Return a URL with these values in its query in place of what they were; one that is None is taken out."""
    parts = urlsplit(url)
    pairs = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in values]
    pairs += [(name, str(value)) for name, value in values.items() if value is not None]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(pairs, errors="replace"), ""))


def steps_of(url: str) -> tuple[str, list[str]]:
    """Return the host of a URL that a person gave, without "www.", and the steps of its path; "" where it is none."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
        return host, [unquote(step) for step in parts.path.split("/") if step]
    except ValueError:
        return "", []


def value_in(url: str, name: str) -> str:
    """Return a value in the query of a URL; "" where it has none."""
    try:
        return dict(parse_qsl(urlsplit(url).query)).get(name, "")
    except ValueError:
        return ""


def number_in(url: str, name: str, default: int) -> int:
    """Return a whole number in the query of a URL."""
    value = value_in(url, name)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else default


def oldest_of(numbers: Iterable[int | None]) -> int | None:
    """Return the least of the times or ids of a page that shows its newest first; None where it has none.

    One that is no time or id (0), or lies far below all others, is a slip: what is asked for as older than that would
    leave out all between. Far is by the spread of what is above the middle, where no such slip is, and nine tenths of
    the middle at most. Of a page that truly reaches so far down some is read twice; it leads further all the same,
    since what is returned is below the greatest where not all are equal.
    """
    known = sorted({one for one in numbers if one is not None and one > 0})
    if len(known) < 3:
        return min(known, default=None)  # of two nothing tells which one is the slip
    middle, upper = known[len(known) // 2], known[len(known) * 3 // 4]
    floor = max(middle - _FAR * (upper - middle), middle // 10)
    return next(one for one in known if one >= floor)


def linked_next(fetch: Fetch) -> str:
    """Return what the answer's `Link` header calls the next page; "" where it names none."""
    for match in _NEXT.finditer(fetch.headers.get("link", "")):
        if re.search(r"""rel\s*=\s*"?(?:[\w-]+\s)*next\b""", match[2]):
            return absolute_url(match[1], fetch.final_url or fetch.url)
    return ""


# ---- Items to a reading --------------------------------------------------------------------------------------------


def placed(values: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return the values of a list with their places; empty where it is none."""
    return [(f"{path}[{i}]", value) for i, value in enumerate(values)] if isinstance(values, list) else []


def reading_of(
    fetch: Fetch,
    found: Sequence[tuple[str, Any]],
    take: Take,
    *,
    next_page: str = "",
    ttl: timedelta | None = None,
    requests: tuple[Further, ...] = (),
) -> Reading:
    """Return what `take` makes of each item, by its place; one that cannot be used is rejected, and the others go on.

    `take` returns None for what is no public utterance. Of items with one id the last edited counts, then the first;
    a deletion counts before all.
    """
    mentions: dict[str, Mention] = {}
    deletions: dict[str, Deletion] = {}
    rejected: dict[str, Rejected] = {}
    repeated = 0
    for path, raw in found[:MAX_ITEMS]:
        try:
            made = take(Item(raw, path))
        except FieldError as e:
            mark = digest(fetch.source, _marked(raw), e.where.removeprefix(path), str(e))
            rejected.setdefault(mark, Rejected(f"{fetch.url}, {e.where or 'the document'}", str(e), mark))
            continue
        if isinstance(made, Deletion):
            deletions.setdefault(made.mention.id, made)
        elif made is not None:
            other = mentions.get(made.id)
            repeated += other is not None
            if other is None or _edited(made) > _edited(other):
                mentions[made.id] = made
    if len(found) > MAX_ITEMS:
        message = f"expected at most {MAX_ITEMS:,} items; got {len(found):,}. The first {MAX_ITEMS:,} were read"
        mark = digest(fetch.source, message)
        rejected[mark] = Rejected(fetch.url, message, mark)
    return Reading(
        tuple(one for one in mentions.values() if one.id not in deletions),
        tuple(rejected.values()),
        repeated,
        ttl=ttl,
        deletions=tuple(deletions.values()),
        next_page=next_page,
        requests=requests,
    )


def _marked(raw: Any) -> str:
    """Return what an item is known by in the next poll: its counts may be others then."""
    if isinstance(raw, dict):
        for name in _NAMES:
            if isinstance(raw.get(name), str | int):
                return f"{name} {str(raw[name])[:MAX_NAME]}"
    return shorten(repr(raw), MAX_NAME)


def _edited(mention: Mention) -> datetime:
    return mention.updated or datetime.min.replace(tzinfo=UTC)


# ---- What mentions are made of -------------------------------------------------------------------------------------


def mention_of(
    fetch: Fetch,
    platform: str,
    native_id: str,
    text: PlainText,
    *,
    url: str = "",
    also: Iterable[str] = (),
    name: str = "",
    kind: ObjectType = "Note",
    published: datetime | None = None,
    updated: datetime | None = None,
    in_reply_to: str = "",
    context: str = "",
    author: Actor | None = None,
    tags: Iterable[str] = (),
    links: Iterable[str] = (),
    language: str = "",
    generator: str = "",
    likes: int | None = None,
    shares: int | None = None,
    replies: int | None = None,
) -> Mention:
    """Return a post as a mention. `url` is its permalink and `also` other addresses of it; `links` come first.

    An edit that is not later than the publication is none.
    """
    url = absolute_url(url)
    addresses = (canonical_url(one) for one in (url, *also) if one)
    own = native_id if native_id.startswith("http") else ""
    return Mention(
        id=mention_id(platform, native_id),
        type="Article" if name and kind == "Note" else kind,
        platform=platform,
        native_id=native_id,
        source=fetch.source,
        content=text.text,
        name=shorten(one_line(clean(name)), MAX_NAME),
        url=url,
        published=published,
        updated=updated if updated is None or published is None or updated > published else None,
        first_seen=fetch.at,
        in_reply_to=in_reply_to,
        context=context if context != native_id else "",
        attributed_to=author,
        tag=tags_of(tags),
        links=tuple(dict.fromkeys(one for one in (*links, *text.links) if one))[:MAX_LINKS],
        aliases=tuple(dict.fromkeys(one for one in (*addresses, canonical_url(own)) if one)),
        language=language_of(language),
        generator=shorten(one_line(clean(generator)), 200),
        likes=likes,
        shares=shares,
        replies=replies,
    )


def deletion_of(fetch: Fetch, platform: str, native_id: str, *, url: str = "", at: datetime | None = None) -> Deletion:
    """Return that a post is gone."""
    left = Mention(
        id=mention_id(platform, native_id),
        platform=platform,
        native_id=native_id,
        source=fetch.source,
        content="",
        url=absolute_url(url),
        first_seen=fetch.at,
    )
    return Deletion(left, at)


def actor_of(
    platform: str,
    *,
    handle: str = "",
    native_id: str = "",
    name: str = "",
    url: str = "",
    bio: PlainText = _EMPTY,
    links: Iterable[ProfileLink] = (),
) -> Actor | None:
    """Return an author; None for nobody: one without handle, id and name, or with the name that a service gives to all
    whose account is gone. The URLs in the bio are links of the profile too.
    """
    handle, name = (shorten(one_line(clean(one)), _LONGEST_HANDLE) for one in (handle, name))
    if fold(handle) in NOBODY or (not handle and fold(name) in NOBODY):
        return None
    if not (handle or native_id or name):
        return None
    shown: dict[str, bool] = {}
    for link in (*links, *(ProfileLink(url=one) for one in bio.links)):
        if there := absolute_url(link.url):
            shown[there] = shown.get(there, False) or link.verified
    return Actor(
        platform=platform,
        preferred_username=handle,
        native_id=native_id,
        name=name,
        url=absolute_url(url),
        summary=shorten(bio.text, _LONGEST_BIO),
        links=tuple(ProfileLink(url=one, verified=verified) for one, verified in list(shown.items())[:MOST_LINKS]),
    )


def joined(*parts: PlainText) -> PlainText:
    """Return texts below each other, with the links of all."""
    text = shorten("\n".join(part.text for part in parts if part.text), MAX_TEXT)
    links = dict.fromkeys(link for part in parts for link in part.links)
    return PlainText(text, tuple(links)[:MAX_LINKS])


def lines(texts: Iterable[str]) -> PlainText:
    """Return plain texts (descriptions of pictures, options of a poll) as a line each."""
    return joined(*(from_text(one_line(text)) for text in texts if text.strip()))


def from_markdown(text: str, *, base: str = "") -> PlainText:
    """Return what a reader of Markdown sees, as `from_html` does for HTML; a line stays a line.

    A text with more marks than anybody writes is taken as it is: a page of those would take minutes.
    """
    text = clean(text)[:MAX_TEXT]
    if sum(map(text.count, _MARKS)) > _MOST_MARKS:
        return from_text(text)
    return from_html(_markdown().render(text), base=base)


@cache
def _markdown() -> MarkdownIt:
    # Comments are written as they are to be read: a line's end is one there, unlike in CommonMark.
    return MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])


def unescaped(text: str) -> str:
    """Return a text in which a service escapes &, < and > though it is no HTML."""
    return clean(html.unescape(text)) if "&" in text else text


def site_url(base: str, path: str) -> str:
    """Return an address on a site; "" where there is none."""
    return absolute_url(path, base)


def plain_links(text: str) -> tuple[str, ...]:
    """Return the URLs written out in a text."""
    return tuple(find_urls(text))
