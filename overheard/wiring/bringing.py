"""Batches that programs hand in: posts, contacts and accounts, each item with what became of it."""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from overheard.collectors.base import Deletion, told_at
from overheard.collectors.polling.revisions import Revised, cause_by_age, publication, revise
from overheard.collectors.pushed.handed import mentions_of
from overheard.collectors.pushed.posts import Item, field_in
from overheard.crm.rows import RowReport, append_facts
from overheard.log.base import Log
from overheard.log.deadletters import dead_letter_record
from overheard.policy import NO_POLICIES
from overheard.records import DeadLetter, Event, Policy, digest
from overheard.suppression import NOBODY, Suppressions
from overheard.table import BadRow
from overheard.text import clean
from overheard.web.results import FieldChange, PostOutcome, RowOutcome
from overheard.wiring.employers import following
from overheard.wiring.imports import SUPPRESSED, plan_accounts, plan_contacts
from overheard.wiring.system import System

Kind = Literal["contacts", "accounts"]
_BATCH = 500  # DESIGN.md: records to one durable transaction
_SOURCE = "/api/mentions"
_STAGE = "api mentions"
_OF_FILES = re.compile(r"[.] (?:Mend it, or|Or) ignore the column: --map.*")  # advice to who imports a file

# Columns of a table in the API's spelling, and the fields of the import that they are.
_FIELDS = {
    "externalId": "external_id", "firstName": "first_name", "lastName": "last_name",
    "lifecycleSince": "lifecycle_since", "watchedByName": "watched_by_name",
}  # fmt: skip
_HANDLE = "handle:"


def hand_in(
    log: Log,
    items: Sequence[Item],
    now: datetime,
    *,
    source: str = "api",
    suppressions: Suppressions = NOBODY,
    policies: Mapping[str, Policy] = NO_POLICIES,
) -> list[PostOutcome]:
    """Put posts on `mentions`, and what cannot be one on `dead-letters`; return what became of each, in order.

    An item is what `overheard.collectors.pushed.posts` makes of one; `source` stands in where it names none. What
    `suppressions` cover is not taken, nor what is older than the policy of its source keeps, and of the rest what that
    allows; `policies` has those that allow less than everything. In durable batches of 500; after an error handing in
    the same again goes on where it stopped. Raises as the log does.
    """
    rows = mentions_of(items, now, source)
    outcomes: list[PostOutcome] = []
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        read = [row for row in batch if not isinstance(row, BadRow)]
        mentions = [row for row in read if isinstance(row, Deletion) or not suppressions.covers_mention(row)]
        revised = revise(log, mentions, policies, as_of=told_at(mentions))
        dead = [row for row in batch if isinstance(row, BadRow)]
        out = publication(revised, source=_SOURCE, time=now, cause_of=lambda mention: cause_by_age(mention, now))
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
        where=field_in(row.error.where),
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
    return PostOutcome(index=index, status="dead", field=field_in(row.error.where), message=message)


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
