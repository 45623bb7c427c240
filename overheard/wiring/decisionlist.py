"""Decisions out of a file: a table of them, or a .mailmap of git; read whole before anything is written."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

from overheard.crm.mailmap import Mapped, read_mailmap
from overheard.crm.rows import append_facts
from overheard.errors import ConfigError, InputError, NotFoundError
from overheard.identities import normal_email
from overheard.index.base import Index
from overheard.records import Decision, Event, digest, event_for
from overheard.table import BadRow, Columns, Field, Row, Table, map_columns, open_table
from overheard.wiring.decisions import Given, Named, name_sides
from overheard.wiring.system import System

FIELDS = (
    Field("verb", ("decision", "what")),
    Field("left", ("incident", "mention", "identity", "record", "subject")),
    Field("right", ("contact", "account", "about")),
    Field("value"),
    Field("by", ("who", "decided_by")),
    Field("at", ("when", "date", "decided_at")),
    Field("note", ("why", "comment", "reason")),
)
SOURCE = "/import/decisions"
_NO_MAP: Mapping[str, str] = {}
RowOutcome = Literal["decided", "unchanged", "superseded", "unknown", "error"]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What became of one row.

    "unchanged": it was brought in before, and stands or was taken back since. "superseded": a later row decides on the
    same pair, and that one counts. "unknown": a line of a .mailmap about nobody in the CRM. `message` says of an error
    what was expected, what came and what to do.
    """

    line: int
    outcome: RowOutcome
    decision: Decision | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """What bringing in a file of decisions does, row by row; `columns` are (column, field or `-`)."""

    rows: tuple[DecisionRow, ...]
    columns: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of rows by outcome."""
        return Counter[str](row.outcome for row in self.rows)


class _Said(NamedTuple):
    """A row that can be read: what it says, who said it ("" is whoever imports), when (None is now).

    A .mailmap may be about anybody; a table of decisions is about whom the CRM has.
    """

    line: int
    given: Given
    by: str = ""
    at: datetime | None = None
    is_mailmap: bool = False


def bring_decisions(
    system: System,
    file: str | Path,
    *,
    by: str,
    now: datetime,
    mapping: Mapping[str, str] = _NO_MAP,
    dry_run: bool = False,
) -> DecisionReport:
    """Bring in decisions and return what became of each row; on return search and profiles show them.

    A file called mailmap or *.mailmap is a .mailmap: each line gives an address to whoever has another, or is called
    so. Rows decide in the order of the file. A row brought in before is not written again, also where somebody took it
    back since. `dry_run`: nothing is written. Raises ConfigError.
    """
    is_mailmap = Path(file).name.lower().endswith("mailmap")
    said, columns, notes = _mailmap(Path(file)) if is_mailmap else _table(file, mapping)
    # Whom rows name may have come just now; a dry run is to say the same as what follows it.
    system.catch_up_match()
    system.catch_up_index()
    with closing(system.index(reading=True)) as index:
        rows = [one if isinstance(one, DecisionRow) else _decided(system, index, one, by, now) for one in said]
    rows = _latest(rows)
    events = [_event(row.decision, now) for row in rows if row.outcome == "decided" and row.decision is not None]
    if events and not dry_run:
        append_facts(system.log, events)
        system.catch_up_match()
        system.catch_up_index()
    return DecisionReport(tuple(rows), columns, notes)


def _event(decision: Decision, now: datetime) -> Event[Any]:
    return event_for(decision, subject=decision.id, source=SOURCE, time=now, cause="decision")


def _decided(system: System, index: Index, said: _Said, by: str, now: datetime) -> DecisionRow:
    try:
        named = name_sides(system, index, said.given)
    except NotFoundError as e:
        return DecisionRow(said.line, "unknown" if said.is_mailmap else "error", message=str(e))
    except InputError as e:
        return DecisionRow(said.line, "error", message=str(e))
    who = said.by or by
    key = digest("list", *_parts(named), who, said.at.isoformat() if said.at else "")
    # A later row counts, though the file names no time.
    at = said.at or now + timedelta(microseconds=said.line)
    decision = named.by(who, at, key)
    known = system.fact(decision.id)
    if known is not None and isinstance(known.data, Decision):
        return DecisionRow(said.line, "unchanged", known.data)
    return DecisionRow(said.line, "decided", decision)


def _parts(named: Named) -> tuple[str, ...]:
    return (named.verb, named.left, named.right, named.value, named.note)


def _latest(rows: list[DecisionRow]) -> list[DecisionRow]:
    """Return the rows with those marked of which a later one decides on the same pair."""
    newest: dict[tuple[str, str], DecisionRow] = {}
    for row in rows:
        one = row.decision
        if one is None or one.verb == "withdraw":
            continue
        held = newest.get((one.left, one.right))
        if held is None or held.decision is None or (held.decision.at, held.line) < (one.at, row.line):
            newest[one.left, one.right] = row
    kept = {row.line for row in newest.values()}
    return [
        replace(row, outcome="superseded")
        if row.outcome == "decided" and row.decision and row.decision.verb != "withdraw" and row.line not in kept
        else row
        for row in rows
    ]


# --- files -----------------------------------------------------------------------------------------------------------

_Read = tuple[list[_Said | DecisionRow], tuple[tuple[str, str], ...], tuple[str, ...]]


def _table(file: str | Path, mapping: Mapping[str, str]) -> _Read:
    with open_table(file) as table:
        columns = map_columns(table, FIELDS, explicit=mapping, required=(["verb"], ["left"]))
        said = list(_rows(table, columns))
        return said, columns.described(), tuple(table.notes)


def _rows(table: Table, columns: Columns) -> Iterator[_Said | DecisionRow]:
    for row in table:
        if isinstance(row, BadRow):
            yield DecisionRow(row.line, "error", message=str(row.error))
            continue
        yield _row(row, columns)


def _row(row: Row, columns: Columns) -> _Said | DecisionRow:
    cells = {name: str(value).strip() for name, value in columns.of(row).items()}
    at = None
    if written := cells.get("at", ""):
        try:
            at = datetime.fromisoformat(written)
        except ValueError:
            msg = f"at: expected ISO 8601 such as 2026-11-21T09:30:00Z; got {written[:80]!r}"
            return DecisionRow(row.line, "error", message=msg)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    verb = cells.get("verb", "").replace("-", " ").lower()
    # An empty cell takes away where the verb can, as "" does everywhere else.
    value = cells.get("value", "" if verb in ("assign", "note") else None)
    given = Given(verb, cells.get("left", ""), cells.get("right", ""), value, cells.get("note", ""))
    return _Said(row.line, given, cells.get("by", ""), at)


def _mailmap(file: Path) -> _Read:
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError as e:
        msg = f"{file}: expected a readable file; got: {e.strerror or e}"
        raise ConfigError(msg) from e
    entries = list(read_mailmap(text.splitlines()))
    owners: dict[str, set[str]] = {}
    for one in entries:
        owners.setdefault(normal_email(one.commit_email), set()).add(one.email.lower() or one.name)
    return [_entry(one, owners) for one in entries], (), ()


def _entry(one: Mapped, owners: Mapping[str, set[str]]) -> _Said | DecisionRow:
    email = normal_email(one.commit_email)
    if not email:
        msg = "expected `Name <address>` or `Name <address> <address of commits>`; got neither"
        return DecisionRow(one.line, "error", message=msg)
    if len(owners[email]) > 1:
        msg = f"expected one owner of {email}; the file gives it to several, so it says nothing of any"
        return DecisionRow(one.line, "error", message=msg)
    given = Given("same", f"email:email:{email}", one.email or one.name, note="from a .mailmap")
    return _Said(one.line, given, is_mailmap=True)
