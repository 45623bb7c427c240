"""Batches that programs hand in: posts, contacts and accounts, each item with what became of it."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from overheard.collectors.base import Deletion
from overheard.collectors.files import is_activitystreams, map_mentions, read_mentions
from overheard.collectors.markup import MAX_TEXT, absolute_url, one_line, shorten
from overheard.collectors.polling.revisions import Revised, publication, revise
from overheard.crm.rows import RowReport, append_facts
from overheard.errors import InputError
from overheard.identities import normal_platform
from overheard.log.base import Log
from overheard.log.deadletters import dead_letter_record
from overheard.policy import NO_POLICIES
from overheard.records import Cause, DeadLetter, Event, Mention, Policy, digest
from overheard.suppression import NOBODY, Suppressions
from overheard.table import BadRow, Table, open_table
from overheard.text import clean
from overheard.urls import canonical_url
from overheard.web.results import FieldChange, PostOutcome, RowOutcome
from overheard.wiring.employers import following
from overheard.wiring.imports import SUPPRESSED, plan_accounts, plan_contacts
from overheard.wiring.system import System

Kind = Literal["contacts", "accounts"]
# A post of the last day is news, which may be told at once; an older one is history that somebody fills in.
NEWS = timedelta(days=1)
_BATCH = 500  # DESIGN.md: records to one durable transaction
_SOURCE = "/api/mentions"
_STAGE = "api mentions"
_TIMES = ("published", "updated")
# As of a row in a file (`overheard.collectors.files`).
_LONGEST_NAME = 2_000
_LONGEST = {
    "source": 200, "platform": 200, "native_id": 500, "in_reply_to": 2_048, "language": 35, "generator": 200,
}  # fmt: skip
_LONGEST_OF_ACTOR = {"platform": 200, "preferred_username": 500, "name": 500, "email": 320}
_LONGEST_TAG = 200
_MANY = 256  # tags, links, aliases
_COUNTS = ("likes", "shares", "replies")
_NO_COUNT = 2**63
_OF_OBJECTS = frozenset({
    "@context", "type", "id", "actor", "object", "published", "updated", "deleted", "source", "platform", "url", "name",
    "content", "mediaType", "attributedTo", "inReplyTo", "tag", "likes", "shares", "replies",
})  # fmt: skip
_MENTION_ID = re.compile("men_[a-z2-7]{26}")
_OF_FILES = re.compile(r"[.] (?:Mend it, or|Or) ignore the column: --map.*")  # advice to who imports a file
_COLUMN = re.compile(r', column "(.*)"$')

# Columns of a table in the API's spelling, and the fields of the import that they are.
_FIELDS = {
    "externalId": "external_id", "firstName": "first_name", "lastName": "last_name",
    "lifecycleSince": "lifecycle_since", "watchedByName": "watched_by_name",
}  # fmt: skip
_HANDLE = "handle:"


def cause_of(mention: Mention, now: datetime) -> Cause:
    """Return why a post handed in at `now` is here: "live" if it was published within a day of it, else "back-fill"."""
    return "live" if mention.published is not None and abs(now - mention.published) <= NEWS else "back-fill"


def hand_in(
    log: Log,
    items: Sequence[Mapping[str, Any] | Mention | Deletion],
    now: datetime,
    *,
    source: str = "api",
    suppressions: Suppressions = NOBODY,
    policies: Mapping[str, Policy] = NO_POLICIES,
) -> list[PostOutcome]:
    """Put posts on `mentions`, and what cannot be one on `dead-letters`; return what became of each, in order.

    An item is a row as `overheard.collectors.files` reads it, with every field that the API knows (None where the
    caller said nothing), an object of ActivityStreams, or a mention or deletion as it is. `source` stands in where a
    row names none. What `suppressions` cover is not taken, nor what is older than the policy of its source keeps, and
    of the rest what that allows; `policies` has those that allow less than everything. In durable batches of 500; after
    an error handing in the same again goes on where it stopped. Raises as the log does.
    """
    rows = _mentions(items, now, source)
    outcomes: list[PostOutcome] = []
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        read = [row for row in batch if not isinstance(row, BadRow)]
        mentions = [row for row in read if isinstance(row, Deletion) or not suppressions.covers_mention(row)]
        revised = revise(log, mentions, policies)
        dead = [row for row in batch if isinstance(row, BadRow)]
        out = publication(revised, source=_SOURCE, time=now, cause_of=lambda mention: cause_of(mention, now))
        out += [dead_letter_record(_letter(row, now)) for row in dead]
        if out:
            log.append(out, durable=True)
        told = iter(zip(mentions, revised, strict=True))
        taken = next(told, None)
        for index, row in enumerate(batch, start):
            if isinstance(row, BadRow):
                outcomes.append(_dead(index, row))
            elif taken is not None and taken[0] is row:
                outcomes.append(_done(index, taken[1]))
                taken = next(told, None)
            else:
                outcomes.append(PostOutcome(index=index, status="suppressed", message=SUPPRESSED))
    return outcomes


def _mentions(
    items: Sequence[Mapping[str, Any] | Mention | Deletion], now: datetime, source: str
) -> list[Mention | Deletion | BadRow]:
    """Return each item as a mention or a deletion, or why it is none; in order."""
    posts = [item for item in items if isinstance(item, Mapping) and not is_activitystreams(item)]
    objects = [
        {key: item[key] for key in _OF_OBJECTS & item.keys()}  # what else an object has is no column of a table
        for item in items
        if isinstance(item, Mapping) and is_activitystreams(item)
    ]
    of_posts, of_objects = (iter(_read(some, now, source)) for some in (posts, objects))
    rows: list[Mention | Deletion | BadRow] = []
    for item in items:
        if isinstance(item, Mapping):
            rows.append(next(of_objects if is_activitystreams(item) else of_posts))
        elif isinstance(item, Deletion):
            rows.append(_gone(item, now, source))
        else:
            rows.append(_as_given(item, now, source))
    return rows


def _read(rows: Sequence[Mapping[str, Any]], now: datetime, source: str) -> list[Mention | Deletion | BadRow]:
    if not rows:
        return []
    with _table("mentions", rows) as table:
        return list(read_mentions(table, map_mentions(table), now=now, source=source))


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    return open_table(io.BytesIO(b"\n".join(msgspec.json.encode(row) for row in rows) + b"\n"), name=name)


def _gone(deletion: Deletion, now: datetime, source: str) -> Deletion | BadRow:
    """Return the deletion of a mention with nothing but ids, or why it is none."""
    given = deletion.mention
    if not _MENTION_ID.fullmatch(given.id):
        return _bad(given, "id", f"expected men_ and 26 letters and digits as id; got {given.id[:60]!r}")
    left = Mention(id=given.id, platform="", source=source, content="", first_seen=now)
    return Deletion(left, deletion.at)


def _as_given(mention: Mention, now: datetime, source: str) -> Mention | BadRow:
    """Return a mention within the bounds of a row of a file, not first seen later than now; or why it is none."""
    if not _MENTION_ID.fullmatch(mention.id):
        return _bad(mention, "id", f"expected men_ and 26 letters and digits as id; got {mention.id[:60]!r}")
    try:
        times = {name: time.astimezone(UTC) for name in _TIMES if (time := getattr(mention, name))}
    except OverflowError:
        return _bad(mention, "published", "expected times of the years 1 to 9999 in UTC; got one beyond")
    texts = {name: one_line(clean(getattr(mention, name))).strip() for name in _LONGEST}
    actor = mention.attributed_to
    of_actor = {name: one_line(clean(getattr(actor, name))).strip() for name in _LONGEST_OF_ACTOR if actor is not None}
    for name, field, text, most in (
        *((name, name, text, _LONGEST[name]) for name, text in texts.items()),
        *((name, "attributed_to", text, _LONGEST_OF_ACTOR[name]) for name, text in of_actor.items()),
    ):
        if len(text) > most:
            message = f"expected at most {most:,} characters of {name}; got {len(text):,}: {text[:40]!r}…"
            return _bad(mention, field, message)
    for name in _COUNTS:
        if abs(getattr(mention, name) or 0) >= _NO_COUNT:
            return _bad(mention, name, "expected a whole number of at most 63 bits; got a larger one")
    texts["source"] = texts["source"] or source
    mention = msgspec.structs.replace(
        mention,
        content=shorten(clean(mention.content), MAX_TEXT),
        name=shorten(one_line(clean(mention.name)), _LONGEST_NAME),
        url=absolute_url(mention.url),
        attributed_to=actor and msgspec.structs.replace(actor, url=absolute_url(actor.url), **of_actor),
        tag=_several(mention.tag, lambda tag: shorten(one_line(clean(tag)).strip().lstrip("#"), _LONGEST_TAG)),
        links=_several(mention.links, absolute_url),
        aliases=_several(mention.aliases, lambda url: canonical_url(absolute_url(url))),
        **{**texts, **times, "platform": normal_platform(texts["platform"]) or normal_platform(texts["source"])},
        first_seen=min(mention.first_seen, now),
    )
    if not mention.text.strip():
        return _bad(mention, "content", "expected content or a name; both are empty")
    return mention


def _several(given: Sequence[str], read: Callable[[str], str]) -> tuple[str, ...]:
    """Return what can be read of some tags or URLs, each once, as many as a post has at most."""
    return tuple(dict.fromkeys(one for each in given[:_MANY] if (one := read(each))))


def _bad(mention: Mention, field: str, message: str) -> BadRow:
    error = InputError(message, where=f'mentions:0, column "{field}"')
    return BadRow(0, error, msgspec.json.encode(mention).decode())


def _letter(row: BadRow, now: datetime) -> DeadLetter:
    """Return the letter of a post; the same post handed in again is the same letter."""
    return DeadLetter(
        id=digest(_STAGE, row.raw),
        stage=_STAGE,
        topic="",
        partition=0,
        offset=0,
        key="",
        error=type(row.error).__name__,
        message=clean(row.error.args[0]),
        where=_field(row.error.where),
        at=now,
        value=clean(row.raw).encode(),
    )


def _done(index: int, one: Revised) -> PostOutcome:
    if one.past:
        message = f"older than the policy of source {one.mention.source} keeps"
        return PostOutcome(index=index, status="expired", message=message)
    changed: Literal["collected", "deleted"] = "deleted" if one.verb == "Delete" else "collected"
    return PostOutcome(index=index, status=changed if one.changed else "unchanged", id=one.mention.id)


def _dead(index: int, row: BadRow) -> PostOutcome:
    message = _OF_FILES.sub("", row.error.args[0])
    return PostOutcome(index=index, status="dead", field=_field(row.error.where), message=message)


def _field(where: str) -> str:
    """Return the field in the place of an error, "" where it is of the whole item."""
    match = _COLUMN.search(where)
    first, *others = clean(match[1]).split("_") if match else [""]
    return first + "".join(word.title() for word in others)


def bring_rows(
    system: System, kind: Kind, rows: Sequence[Mapping[str, Any]], *, dry_run: bool = False
) -> list[RowOutcome]:
    """Bring in contacts or accounts; return what became of each, in order. On return `watch` has their identities.

    A row has the API's fields, `handles` by platform among them. A field that a row lacks leaves what is known, None
    empties it. Of rows with one external id the last counts. `dry_run`: nothing is written.
    """
    last = {str(row.get("externalId", "")).strip(): index for index, row in enumerate(rows)}
    outcomes: dict[int, RowOutcome] = {}
    # A table's columns are those of all its rows, so rows with other fields go into another table.
    groups: dict[frozenset[str], list[int]] = {}
    flat = [_flat(row) for row in rows]
    for index, row in enumerate(flat):
        external_id = str(row.get("externalId", "")).strip()
        if external_id and last[external_id] != index:
            message = f"{external_id!r} occurs again as item {last[external_id]}, and that one counts"
            outcomes[index] = RowOutcome(index=index, status="superseded", external_id=external_id, warnings=(message,))
        else:
            groups.setdefault(frozenset(row), []).append(index)
    plan = plan_contacts if kind == "contacts" else plan_accounts
    events: list[Event[Any]] = []
    for fields, indexes in groups.items():
        data = b"\n".join(msgspec.json.encode(flat[index]) for index in indexes) + b"\n"
        mapping = {field: _FIELDS.get(field, field) for field in fields}
        report = plan(system, io.BytesIO(data), mapping=mapping)
        events += report.events
        outcomes |= {index: _told(index, row, report.file) for index, row in zip(indexes, report.rows, strict=True)}
    if not dry_run:
        system.catch_up_match()
        append_facts(system.log, [*events, *following(system, events).events])
        system.catch_up_match()
    return [outcomes[index] for index in range(len(rows))]


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with a column for each handle."""
    handles = row.get("handles") or {}
    return {key: value for key, value in row.items() if key != "handles"} | {
        f"{_HANDLE}{platform}": handle for platform, handle in handles.items()
    }


def _told(index: int, row: RowReport, file: str) -> RowOutcome:
    return RowOutcome(
        index=index,
        status=row.outcome,
        external_id=row.external_id,
        id=row.subject,
        name=row.name,
        changes=tuple(FieldChange(field=one.field, old=one.old, new=one.new) for one in row.changes),
        message=row.message.removeprefix(f"{file}:{row.line}").lstrip(":, "),
        warnings=row.warnings,
    )
