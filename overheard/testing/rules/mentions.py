"""Rules of the mentions and of all else that a reading holds."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from overheard.collectors.markup import MAX_TEXT
from overheard.identities import normal_email
from overheard.records import Mention, mention_id
from overheard.testing.elsewhere import Outcome
from overheard.testing.rules.base import Case, Read, ids, problem, rule
from overheard.text import clean
from overheard.urls import canonical_url

MAX_NAME = 2_000
MAX_LINKS = 1_000
MAX_TAGS = 1_000
MAX_REQUESTS = 50
_TAGS = "p|br|div|span|a|img|b|i|em|strong|ul|ol|li|h[1-6]|table|blockquote|figure|section|article|script|style"
_MARKUP = re.compile(rf"\s*<(?:{_TAGS})(?:\s[^<>]*)?/?>|<!\[CDATA\[|.*</(?:{_TAGS})>\s*\Z", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,6}|#x[0-9a-f]{2,6});", re.IGNORECASE)
# There was no web before; what is later than this after the fetch was not said yet.
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=2)


@rule
def ids_are_distinct(case: Case) -> Iterator[str]:
    """No two mentions of a reading have one id: of entries about one thing, one is taken (`repeated` counts others)."""
    for read in case.reads:
        counts = Counter(one.id for one in read.reading.mentions)
        if doubled := [one for one, count in counts.items() if count > 1]:
            yield f"{read.recording.name}: expected distinct ids; {doubled[0]} is of several mentions"


@rule
def ids_are_of_what_is_native(case: Case) -> Iterator[str]:
    """An id is `mention_id(platform, native_id)`, or `mention_id(platform, url=canonical_url(url))` without one."""
    for read, one in case.mentions:
        canonical = canonical_url(one.url)
        if not one.native_id and not canonical:
            yield f"{read.shown(one)}: expected a native id or a URL, which make the id; got neither"
        elif one.id != mention_id(one.platform, one.native_id, url=canonical):
            yield f"{read.shown(one)}: expected the id as overheard.records.mention_id makes it; got {one.id!r}"


@rule
def ids_survive_reordering(case: Case) -> Iterator[str]:
    """The entries in another order give the same ids."""
    for read in case.small:
        document = read.document
        if document is not None and document.items > 1:
            outcome = case.outcome(read, document.reordered())
            if ids(outcome) != ids(read.reading):
                yield f"{read.recording.name}: expected the same ids in another order; {_lost(read, outcome)}"


@rule
def ids_survive_edits(case: Case) -> Iterator[str]:
    """Other words in an entry do not make it another: an edit is a new version of the same mention."""
    for read in case.small:
        document = read.document
        if document is not None:
            outcome = case.outcome(read, document.edited())
            if ids(outcome) != ids(read.reading):
                yield f"{read.recording.name}: expected the same ids after an edit; {_lost(read, outcome)}"


def _lost(read: Read, outcome: Outcome) -> str:
    lost = ids(read.reading) - ids(outcome)
    return problem(outcome) or f"{len(lost)} of {len(ids(read.reading))} are others"


@rule
def mentions_name_their_source(case: Case) -> Iterator[str]:
    """`source` of a mention is the configured name, and `platform` says where its ids and handles belong."""
    for read, one in _all(case):
        if one.source != read.fetch.source:
            yield f"{read.shown(one)}: expected `source` {read.fetch.source!r}; got {one.source!r}"
        if not one.platform or one.platform != clean(one.platform).strip():
            yield f"{read.shown(one)}: expected a `platform`; got {one.platform!r}"


@rule
def addresses_are_absolute(case: Case) -> Iterator[str]:
    """Every address is an absolute http or https URL: of the mention, its author, its links, its aliases."""
    for read, one in case.mentions:
        author = one.attributed_to
        given = {
            "url": [one.url],
            "links": one.links,
            "aliases": one.aliases,
            "attributed_to.url": [] if author is None else [author.url],
            "comment_feeds": [read.reading.comment_feeds.get(one.id, "")],
        }
        for name, urls in given.items():
            if wrong := [url for url in urls if url and not is_absolute(url)]:
                yield f"{read.shown(one)}: expected absolute http(s) URLs in `{name}`; got {wrong[0][:200]!r}"


def is_absolute(url: str) -> bool:
    """True for an http or https URL with a host, without blanks or control characters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", url)


@rule
def times_have_a_zone(case: Case) -> Iterator[str]:
    """Every time is aware of its zone."""
    for read, one in _all(case):
        for name in ("published", "updated", "first_seen"):
            at = getattr(one, name)
            if at is not None and at.utcoffset() is None:
                yield f"{read.shown(one)}: expected `{name}` with a time zone; got {at.isoformat()}"


@rule
def times_are_of_the_web(case: Case) -> Iterator[str]:
    """`published` and `updated` lie between 1990 and two days after the fetch: else a unit or format was misread."""
    for read, one in case.mentions:
        for name in ("published", "updated"):
            at = getattr(one, name)
            if at is not None and at.utcoffset() is not None and not _FIRST <= at <= read.fetch.at + _AHEAD:
                yield f"{read.shown(one)}: expected `{name}` between 1990 and the fetch ({read.fetch.at}); got {at}"


@rule
def first_seen_is_when_it_came(case: Case) -> Iterator[str]:
    """`first_seen` is the time of the fetch, of deletions too."""
    for read, one in _all(case):
        if one.first_seen != read.fetch.at:
            yield f"{read.shown(one)}: expected `first_seen` {read.fetch.at}; got {one.first_seen}"


@rule
def text_is_plain(case: Case) -> Iterator[str]:
    """Names and texts are plain text: no markup, no character references, no control characters, whole characters.

    `overheard.collectors.markup.from_html` makes it of HTML, `overheard.text.clean` of what is plain.
    """
    for read, one in case.mentions:
        author = one.attributed_to
        texts = {"name": one.name, "content": one.content, "attributed_to.name": author.name if author else ""}
        for name, text in [*texts.items(), *(("tag", tag) for tag in one.tag)]:
            if text != clean(text):
                yield f"{read.shown(one)}: expected `{name}` cleaned (overheard.text.clean); got {text[:80]!r}"
            elif _MARKUP.match(text):
                yield f"{read.shown(one)}: expected `{name}` without markup (markup.from_html); got {text[:80]!r}"
            if "\n" in text and name != "content":
                yield f"{read.shown(one)}: expected `{name}` in one line; got {text[:80]!r}"
    texts_of_all = [one.text for _, one in case.mentions if one.text]
    referring = [text for text in texts_of_all if _REFERENCE.search(text)]
    if len(referring) * 2 > len(texts_of_all):
        yield f"expected texts without character references; got {referring[0][:80]!r}. Use markup.from_html"


@rule
def texts_are_bounded(case: Case) -> Iterator[str]:
    """However long an entry is, `content` has at most 200,000 characters, `name` 2,000; links and tags are bounded."""
    for read in case.small[:3]:
        document = read.document
        outcome = case.outcome(read, document.long(1_000_000)) if document is not None else read.reading
        if words := problem(outcome):
            yield f"{read.recording.name}, with a text of 1 MB: {words}"
        for one in getattr(outcome, "mentions", ()):
            for what, size, most in (
                ("characters in `content`", len(one.content), MAX_TEXT),
                ("characters in `name`", len(one.name), MAX_NAME),
                ("links", len(one.links), MAX_LINKS),
                ("tags", len(one.tag), MAX_TAGS),
            ):
                if size > most:
                    yield f"{read.shown(one)}: expected at most {most:,} {what}; got {size:,}"


@rule
def authors_are_accounts(case: Case) -> Iterator[str]:
    """An author is somebody on the platform of the mention, or on the web: a handle is no URL and has no blanks.

    An e-mail address is one, in its normal form; who has neither name, handle, id nor address is no author.
    """
    for read, one in case.mentions:
        author = one.attributed_to
        if author is None:
            continue
        if author.platform not in (one.platform, "web"):
            yield f"{read.shown(one)}: expected an author on {one.platform!r} or 'web'; got {author.platform!r}"
        if re.search(r"\s|://", author.preferred_username):
            yield f"{read.shown(one)}: expected a handle; got {author.preferred_username[:80]!r}. A name goes to `name`"
        if author.email and author.email != normal_email(author.email):
            yield f"{read.shown(one)}: expected an e-mail address; got {author.email[:80]!r} (identities.normal_email)"
        if not (author.name or author.preferred_username or author.native_id or author.url or author.email):
            yield f"{read.shown(one)}: expected an author who is said to be somebody; got none. Leave it None"


@rule
def answers_name_what_they_answer(case: Case) -> Iterator[str]:
    """`in_reply_to` and `context` are a URL or native id of another utterance."""
    for read, one in case.mentions:
        for name in ("in_reply_to", "context"):
            given = getattr(one, name)
            if given and given != given.strip():
                yield f"{read.shown(one)}: expected `{name}` as a URL or native id; got {given[:80]!r}"
        if one.in_reply_to and one.in_reply_to in (one.native_id, one.url):
            yield f"{read.shown(one)}: expected `in_reply_to` to be another; it is the mention itself"


@rule
def mentions_can_be_kept(case: Case) -> Iterator[str]:
    """A mention written as JSON and read again is the same: each field has the type that the record says."""
    for read, one in _all(case):
        try:
            again = msgspec.json.decode(msgspec.json.encode(one), type=Mention)
        except (msgspec.ValidationError, TypeError, ValueError) as e:
            yield f"{read.shown(one)}: expected a mention that can be kept; {e}"
            continue
        if again != one:
            names = [name for name in one.__struct_fields__ if getattr(again, name) != getattr(one, name)]
            yield f"{read.shown(one)}: expected the same when read again; {', '.join(names)} differ"


@rule
def counts_are_counts(case: Case) -> Iterator[str]:
    """`repeated` and what is counted of shares and replies are none below 0; likes may be, where votes are."""
    for read in case.reads:
        if read.reading.repeated < 0:
            yield f"{read.recording.name}: expected `repeated` as a count; got {read.reading.repeated}"
    for read, one in case.mentions:
        for name in ("shares", "replies"):
            if (getattr(one, name) or 0) < 0:
                yield f"{read.shown(one)}: expected `{name}` as a count; got {getattr(one, name)}"


@rule
def requests_are_bounded(case: Case) -> Iterator[str]:
    """What it asks besides itself is absolute, distinct and at most 50, for a purpose; `about` is bare of its text."""
    for read in case.reads:
        requests = read.reading.requests
        if len(requests) > MAX_REQUESTS:
            yield f"{read.recording.name}: expected at most {MAX_REQUESTS} requests; got {len(requests)}"
        if len({one.url for one in requests}) != len(requests):
            yield f"{read.recording.name}: expected distinct requests; some have one URL"
        for one in requests:
            if not is_absolute(one.url):
                yield f"{read.recording.name}: expected requests of absolute http(s) URLs; got {one.url[:200]!r}"
            if not one.purpose:
                yield f"{read.recording.name}: expected a purpose of each request; {one.url[:200]!r} has none"
            if one.about is not None and one.about.content:
                yield f"{read.recording.name}: expected `about` without its text; {one.url[:200]!r} has it"


@rule
def what_it_says_of_mentions_is_of_its_mentions(case: Case) -> Iterator[str]:
    """The ids in `summaries` and `comment_feeds` are those of mentions of the same reading."""
    for read in case.reads:
        known = {one.id for one in read.reading.mentions}
        for name, given in (("summaries", read.reading.summaries), ("comment_feeds", read.reading.comment_feeds)):
            if strange := set(given) - known:
                yield f"{read.recording.name}: expected `{name}` of its mentions; {len(strange)} ids are of none"


@rule
def deletions_are_bare(case: Case) -> Iterator[str]:
    """A deletion holds the ids of what is gone and not what it said."""
    for read in case.reads:
        for one in read.reading.deletions:
            if one.mention.text or one.mention.attributed_to is not None:
                yield f"{read.shown(one.mention)}: expected a deletion without text and author; it has them"
            if one.at is not None and one.at.utcoffset() is None:
                yield f"{read.shown(one.mention)}: expected the time of deletion with a zone; got {one.at}"


@rule
def pauses_are_pauses(case: Case) -> Iterator[str]:
    """`ttl` is longer than nothing, and `skip_hours` and `skip_days` are hours of a day and days of a week."""
    for read in case.reads:
        reading = read.reading
        if reading.ttl is not None and reading.ttl <= timedelta(0):
            yield f"{read.recording.name}: expected a `ttl` longer than 0, or None; got {reading.ttl}"
        if wrong := [*(reading.skip_hours - set(range(24))), *(reading.skip_days - set(range(7)))]:
            yield f"{read.recording.name}: expected hours of 0 to 23 and days of 0 to 6 to skip; got {wrong[0]}"


def _all(case: Case) -> Iterator[tuple[Read, Mention]]:
    """Yield mentions, and what is left of those that were deleted."""
    yield from case.mentions
    for read in case.reads:
        for one in read.reading.deletions:
            yield read, one.mention
