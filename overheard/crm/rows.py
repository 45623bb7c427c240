"""What the imports of the CRM's lists share: rows to records, compared with what is known, row by row.

    Sheet ─▶ Cells ─▶ identify(cells) ─▶ build(cells, id, known)
        ─▶ created | changed | unchanged | superseded | duplicate | error ─▶ events for `facts`

Nothing is written by planning, so a dry run is a plan that is shown and dropped.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from overheard.crm.amounts import read_day
from overheard.crm.headers import ColumnGuess, split_cell
from overheard.crm.platforms import PLATFORMS
from overheard.crm.sheets import Sheet
from overheard.errors import InputError
from overheard.identities import WITH_HOSTS, normal_email, normal_platform
from overheard.log.base import Log, ProducerRecord
from overheard.records import (
    Account,
    Contact,
    Event,
    ExternalId,
    Holding,
    LifecycleTag,
    Purchase,
    encode,
    event_for,
    is_tombstone_of,
)
from overheard.table import BadRow, Columns, Field, Row
from overheard.text import clean, fold
from overheard.urls import canonical_url

RowOutcome = Literal["created", "changed", "unchanged", "superseded", "duplicate", "suppressed", "error"]
# Returns the newest event on `facts` of a record's id, None where there is none.
Current = Callable[[str], Event[Any] | None]
T = TypeVar("T", Contact, Account, Holding, Purchase)
LIST = "list"  # the system of ids that we make for rows that have none

BATCH = 500  # DESIGN.md: records to one durable transaction
LIFECYCLE = ("prospect", "customer", "lost customer")
HANDLE = "handle:"  # a field of this prefix and a platform's name takes a handle there
OTHER_ID = "id:"  # a field of this prefix and a system's name takes what that system calls the contact
HANDLE_FIELDS = tuple(
    Field(
        HANDLE + platform,
        [
            name + ending
            for name in (platform, *others)
            for ending in ("", "_handle", "_username", "_user", "_name", "_url", "_profile")
        ],
    )
    for platform, others in PLATFORMS.items()
)
LIFECYCLE_FIELDS = (
    Field("lifecycle", ("lifecycle_stage", "status", "stage", "customer_status")),
    Field("lifecycle_since", ("since", "status_since", "stage_since", "customer_since")),
)
_LONGEST = 1_000  # characters of a cell; the longest job titles and names have some 200
_SEPARATORS = re.compile(r"(?:[;,|\s]|:::)+")
_HANDLE = re.compile(r"[^\s;,]+")


class FieldChange(NamedTuple):
    """A field that the file changes, with both values as text; "" for none."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one row.

    `subject` is the record's id, `event` what goes to `facts` (None unless created or changed). `message` says of an
    error where it is, what was expected, what came and what to do. `warnings` do not keep the row out. "superseded":
    another row of the file has the same external id, and that one counts. "duplicate": a record of another system is
    this one already, and stays as it is; `message` says which. "suppressed": the person asked to be erased.
    """

    line: int
    outcome: RowOutcome
    external_id: str = ""
    subject: str = ""
    name: str = ""
    changes: tuple[FieldChange, ...] = ()
    message: str = ""
    warnings: tuple[str, ...] = ()
    event: Event[Any] | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import does, row by row: `columns` are (column, field or `-`), `notes` what was odd about the file.

    `guesses` say of each column why it goes there, with some of its values; a mapping {column: field} says otherwise.
    """

    file: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[RowReport, ...]
    notes: tuple[str, ...] = ()
    guesses: tuple[ColumnGuess, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of rows by outcome, and "warnings"."""
        counts = Counter[str](row.outcome for row in self.rows)
        counts["warnings"] = sum(len(row.warnings) for row in self.rows)
        return counts

    @property
    def events(self) -> tuple[Event[Any], ...]:
        """The events that carry out the import; their key on `facts` is their subject."""
        return tuple(row.event for row in self.rows if row.event is not None)


def append_facts(log: Log, events: Sequence[Event[Any]]) -> None:
    """Append events to `facts`, keyed by subject, in durable batches of 500. Raises as the log does."""
    for i in range(0, len(events), BATCH):
        batch = events[i : i + BATCH]
        log.append([ProducerRecord("facts", event.subject, encode(event)) for event in batch], durable=True)


class Identified(NamedTuple):
    """Whose row it is: the id that the list gives it, or one that was `made` from what it says.

    `duplicate_of` is the record of another system that it is already, as a message names it.
    """

    external_id: ExternalId
    made: bool = False
    duplicate_of: str = ""


class Cells:
    """The cells of one row by field; what is odd but no error goes to `warnings`."""

    def __init__(self, sheet: Sheet, columns: Columns, row: Row) -> None:
        self._table = sheet
        self.region = sheet.region
        self._columns = columns
        self._row = row
        self._values = columns.of(row)
        self.warnings: list[str] = []

    def has(self, *names: str) -> bool:
        """True where the file has a column for one of the fields; without one, what is known stays."""
        return any(name in self._columns for name in names)

    @property
    def handle_fields(self) -> list[str]:
        """The fields of handles that the file has."""
        return [name for name in self._columns.by_field if name.startswith(HANDLE)]

    @property
    def id_fields(self) -> list[str]:
        """The fields of other systems' ids that the file has."""
        return [name for name in self._columns.by_field if name.startswith(OTHER_ID)]

    def other_ids(self) -> tuple[ExternalId, ...]:
        """Return what other systems call the row's record."""
        cells = ((name.removeprefix(OTHER_ID), self.text(name)) for name in self.id_fields)
        return tuple(ExternalId(system=system, value=value) for system, value in cells if value)

    def error(self, name: str, message: str) -> InputError:
        """Return the error of a cell, with its place."""
        column = self._columns.column(name, self._row) or next(iter(self._columns.by_field.get(name, ())), name)
        return InputError(message, where=self._table.where(self._row.line, column))

    def warn(self, name: str, message: str) -> None:
        """Note something odd about a cell."""
        self.warnings.append(f"{self._columns.column(name, self._row) or name}: {message}")

    def text(self, name: str) -> str:
        """Return a cell as one clean line; "" where it is empty. Raises InputError where it is no text or too long."""
        value = self._values.get(name, "")
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = ";".join(value)
        if not isinstance(value, str | int | float):
            raise self.error(name, f"expected text; got {str(value)[:60]!r}")
        text = " ".join(clean(str(value)).split())
        if len(text) > _LONGEST:
            raise self.error(name, f"expected at most {_LONGEST} characters; got {len(text)}: {text[:40]!r}…")
        return text

    def each(self, name: str) -> list[str]:
        """Return the values of all columns of a field, as `text` returns one: "E-mail 1", "E-mail 2"."""
        found: list[str] = []
        for column in self._columns.by_field.get(name, ()):
            value = self._row.cells.get(column)
            if value is not None and value not in ("", []):
                self._values[name] = value
                found.append(self.text(name))
        return [one for one in found if one]

    def several(self, name: str) -> list[str]:
        """Return the values of cells that may hold several, separated by `;`, `,`, `:::` or spaces."""
        return [one for cell in self.each(name) for one in _SEPARATORS.split(cell) if one]

    def pieces(self, name: str) -> list[str]:
        """Return the values of cells that may hold several with spaces in them, separated by `;`, `,`, `|` or `:::`."""
        return [one for cell in self.each(name) for one in split_cell(cell)]

    def flag(self, name: str) -> bool:
        """Return a yes or no; a cell that is neither counts as no, with a warning."""
        text = fold(self.text(name))
        if text in ("yes", "y", "true", "1", "x"):
            return True
        if text not in ("", "no", "n", "false", "0"):
            self.warn(name, f"expected yes or no; got {text!r}, taken as no")
        return False

    def urls(self, name: str) -> tuple[str, ...]:
        """Return the URLs of a cell, https:// put before those without a scheme; what is none is warned of."""
        found: list[str] = []
        for one in self.several(name):
            url = one if "://" in one else f"https://{one}"
            if canonical_url(url) and "." in (urlsplit(url).hostname or ""):
                found.append(url)
            else:
                self.warn(name, f"expected a web address; got {one!r}, left out")
        return tuple(dict.fromkeys(found))

    def handles(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return handles by platform, and the profile URLs of cells that hold a URL instead of a handle."""
        handles: dict[str, str] = {}
        urls: list[str] = []
        for name in self.handle_fields:
            platform = normal_platform(name.removeprefix(HANDLE))
            cell = self.text(name)
            if not cell:
                continue
            first, *more = _HANDLE.findall(cell) or [""]
            if more:
                self.warn(name, f"expected one handle; got {cell!r}, of which {first!r} is taken")
            if "://" in first or ("/" in first and "." in first.partition("/")[0]):
                url = first if "://" in first else f"https://{first}"
                if not canonical_url(url):
                    self.warn(name, f"expected a handle or the address of a profile; got {cell!r}, left out")
                    continue
                urls.append(url)
                first = handle_of_profile(platform, url)
            if normal_email(first) and platform not in WITH_HOSTS:
                self.warn(name, f"expected a handle; got {first!r}, left out: an e-mail address goes into 'email'")
            elif first:
                handles[platform] = first
        return handles, tuple(urls)

    def lifecycle(self, known: Sequence[LifecycleTag], today: date) -> tuple[LifecycleTag, ...]:
        """Return the history of lifecycle tags with this row's, if it is another one, at the end.

        Its date is the file's, else (where there is a history) the day of the import: the CRM changed it by then. An
        empty cell keeps what is known. The same tag with another date corrects the date.
        """
        word = self.text("lifecycle")
        if not word:
            return tuple(known)
        tag = re.sub(r"[\s_-]+", " ", fold(word)).strip()
        tag = tag if tag in LIFECYCLE else word
        since = self.day("lifecycle_since")
        if known and known[-1].tag == tag:
            return (*known[:-1], LifecycleTag(tag=tag, since=since or known[-1].since))
        return (*known, LifecycleTag(tag=tag, since=since or (today if known else None)))

    def day(self, name: str) -> date | None:
        """Return the day in a cell; None where it is empty, or, with a warning, no day."""
        text = self.text(name)
        if not text:
            return None
        try:
            return read_day(text, self.region)
        except ValueError:
            self.warn(name, f"expected a day as 2026-11-21; got {text!r}, left out")
            return None


def handle_of_profile(platform: str, url: str) -> str:
    """Return the handle in the address of a profile: its last path segment; on Mastodon with its host; "" if none."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    if not segments:
        return ""
    handle = segments[-1].removeprefix("@")
    return f"{handle}@{parts.hostname}" if platform == "mastodon" and "@" not in handle else handle


class _Built(NamedTuple, Generic[T]):
    """A row's record, with what decides which of several rows of one record counts: the greatest `rank`."""

    at: int
    record: T
    known: Any
    event: Event[Any] | None
    rank: tuple[str, int, int, bytes]


def plan(
    sheet: Sheet,
    columns: Columns,
    *,
    id_of: Callable[[ExternalId], str],
    identify: Callable[[Cells], Identified],
    build: Callable[[Cells, ExternalId, Any], T],
    name_of: Callable[[T], str],
    compare: Callable[[Sequence[tuple[int, T]]], Iterable[tuple[int, str]]],
    current: Current,
    now: datetime,
    explicit: Mapping[str, str] | None = None,
) -> ImportReport:
    """Return what importing the list does; nothing is written. All records are held in memory.

    `build(cells, external id, known)` makes the record, `known` being what `facts` has (or None). `compare` gets
    (line, record) of all rows that count and yields (position among them, warning) about records that may be one. A
    record that differs from the known one gets its version plus one, so that the later import counts. Of rows of one id
    that the list gives, the last counts; of rows whose id was made, the one that says most, wherever it stands.
    """
    reports: list[RowReport] = []
    built: dict[str, _Built[T]] = {}
    for row in sheet.rows(columns):
        if isinstance(row, BadRow):
            reports.append(RowReport(row.line, "error", message=str(row.error)))
            continue
        cells = Cells(sheet, columns, row)
        external_id = ""
        try:
            external_id = cells.text("external_id")
            identified = identify(cells)
            external_id = identified.external_id.value
            subject = id_of(identified.external_id)
            event = current(subject)
            known = None if event is None or is_tombstone_of(event) else event.data
            record = build(cells, identified.external_id, known)
        except InputError as e:
            reports.append(RowReport(row.line, "error", external_id, message=str(e)))
            continue
        at, name = len(reports), name_of(record)
        if identified.duplicate_of:
            reports.append(RowReport(row.line, "duplicate", external_id, name=name, message=identified.duplicate_of))
            continue
        warnings = tuple(dict.fromkeys(cells.warnings))
        reports.append(RowReport(row.line, "unchanged", external_id, subject, name, warnings=warnings))
        rank = ("", at, 0, b"")
        if identified.made or not sheet.has_ids:
            content = msgspec.json.encode(record, order="sorted")
            rank = (cells.text("revision"), _said(record), len(content), content)
        one = _Built(at, record, known, event, rank)
        if (other := built.pop(subject, None)) is not None:
            lost: _Built[T] = other if one.rank >= other.rank else one
            one = one if lost is other else other
            warning = f"{external_id!r} occurs again on line {reports[one.at].line}, and that row counts"
            reports[lost.at] = replace(
                reports[lost.at], outcome="superseded", warnings=(*reports[lost.at].warnings, warning)
            )
        built[subject] = one
    counting = list(built.values())
    for one in counting:
        reports[one.at] = _compared(reports[one.at], one.record, one.known, one.event, now)
    for position, warning in compare([(reports[one.at].line, one.record) for one in counting]):
        warned: int = counting[position].at
        reports[warned] = replace(reports[warned], warnings=(*reports[warned].warnings, warning))
    guesses = sheet.described(columns, explicit or {})
    return ImportReport(sheet.name, columns.described(), tuple(reports), sheet.notes, guesses)


def given_id(cells: Cells, sheet: Sheet, system: str) -> ExternalId | None:
    """Return the id that a list gives a row; None where it has no column for one, or (a card) may lack it.

    Raises InputError for an empty cell in a column of ids.
    """
    value = cells.text("external_id")
    if value:
        return ExternalId(system=sheet.system or system, value=value)
    if cells.has("external_id") and sheet.has_ids:
        raise cells.error("external_id", "expected the id that the CRM has for it; got nothing. Fill it in")
    return None


def _said(record: msgspec.Struct) -> int:
    """Return how many of a record's fields say something."""
    return sum(bool(getattr(record, name)) for name in record.__struct_fields__)


def _compared(report: RowReport, record: T, known: Any, event: Event[Any] | None, now: datetime) -> RowReport:
    if record == known:
        return report
    return replace(
        report,
        outcome="created" if known is None else "changed",
        changes=() if known is None else changes(known, record),
        event=event_for(
            record,
            subject=record.id,
            source="/import/crm",
            time=now,
            verb="Create" if known is None else "Update",
            sourceversion=0 if event is None else event.sourceversion + 1,
            cause="back-fill",
        ),
    )


def changes(old: msgspec.Struct, new: msgspec.Struct) -> tuple[FieldChange, ...]:
    """Return the fields in which two records differ, with both values as text."""
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in new.__struct_fields__)
    return tuple(FieldChange(name, _shown(a), _shown(b)) for name, a, b in pairs if a != b)


def _shown(value: Any) -> str:
    if isinstance(value, LifecycleTag):
        return f"{value.tag} since {value.since}" if value.since else value.tag
    if isinstance(value, tuple):
        return "; ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{k} {v}" for k, v in sorted(value.items()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return msgspec.json.encode(value).decode() if isinstance(value, msgspec.Struct) else str(value)
