"""`overheard decide`, `overheard import decisions`: what people say, which beats every machine's view."""

import getpass
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli import evidence, render
from overheard.cli.options import (
    ConfigOption,
    FolderOption,
    JsonOption,
    console,
    notes,
    open_system,
    print_json,
    telling,
)
from overheard.records import Account, Contact, Decision, Profile, Term, is_record_id
from overheard.table import parse_map
from overheard.wiring.decisionlist import DecisionReport, DecisionRow, bring_decisions
from overheard.wiring.decisions import VERBS
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, utc_now

_MOST_ROWS = 50  # that are shown; `--json` has all

ByOption = Annotated[str, typer.Option(help="Who decides.")]


def decide(
    verb: Annotated[str, typer.Argument(help=f"One of {', '.join(VERBS)}; `-` may stand for a space.")],
    left: Annotated[
        str,
        typer.Argument(
            help="An incident's or mention's id, an identity (reddit:handle:ann), a contact or account, or, to "
            "withdraw, a decision's id."
        ),
    ],
    right: Annotated[
        str, typer.Argument(help="The contact or account: name, handle, e-mail, external id or id; or the tag.")
    ] = "",
    value: Annotated[str | None, typer.Option(help="Of status, assign, note, tag, relabel, policy.")] = None,
    by: ByOption = "",
    note: Annotated[str, typer.Option(help="Why, for those who come after.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency key: the same key is the same decision.")] = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who is meant, who is one, what is about you and what is done about it; or take back what was said."""
    verb = verb.replace("-", " ")
    if verb not in VERBS:
        msg = f"expected one of {', '.join(VERBS)}; got {verb!r}"
        raise typer.BadParameter(msg)
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        decision = service.decide(verb, left, right, value=value, by=by or getpass.getuser(), note=note, key=key)
        conflicts = _conflicts(service, decision)
        names = _names(system, [decision])
    if as_json:
        print_json(decision)
        return
    words = evidence.decided(decision, names)
    console().print(f"decided: {render.safe(' '.join(words.split()))}", markup=False)
    console().print(f"to take it back: overheard decide withdraw {decision.id}", markup=False)
    for conflict in conflicts:
        notes().print(f"! {render.safe(conflict)}", style="yellow", markup=False, soft_wrap=True)


def _names(system: System, decisions: Sequence[Decision]) -> dict[str, str]:
    """Return the names that records bear themselves, whoever they were joined with, and those of terms."""
    sides = {side for one in decisions for side in (one.left, one.right) if is_record_id(side)}
    sides |= {one.right.replace("sentiment/", "term/", 1) for one in decisions if one.right.startswith("sentiment/")}
    found = [event.data for side in sorted(sides) if (event := system.fact(side))]
    names = {one.id: one.name for one in found if isinstance(one, Contact | Account)}
    return names | {one.id: one.aliases[0] for one in found if isinstance(one, Term) and one.aliases}


def _conflicts(service: SystemService, decision: Decision) -> list[str]:
    """Return where decisions contradict each other around the records that this one is about."""
    hits = [service.get(side) for side in (decision.left, decision.right) if is_record_id(side)]
    records = [hit.record for hit in hits if hit is not None]
    return list(dict.fromkeys(c for one in records if isinstance(one, Profile) for c in one.conflicts))


def import_decisions(
    file: Annotated[
        str, typer.Argument(help="CSV, TSV, NDJSON or JSON; gzip too; `-` for standard input; a .mailmap.")
    ],
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="COLUMN=FIELD puts a column to a field, COLUMN=- ignores it.")
    ] = None,
    by: ByOption = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; write nothing.")] = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in what people decided elsewhere: columns verb, left, right, value, by, at, note; or a .mailmap of git."""
    with open_system(folder, config) as system, telling("deciding"):
        report = bring_decisions(
            system,
            file if file == "-" else Path(file),
            by=by or getpass.getuser(),
            now=utc_now(),
            mapping=parse_map(map_ or ()),
            dry_run=dry_run,
        )
        told = [row for row in report.rows if row.outcome not in ("unchanged", "unknown")]
        names = _names(system, [row.decision for row in told[:_MOST_ROWS] if row.decision])
    if as_json:
        rows = [{**asdict(row), "decision": row.decision} for row in report.rows]
        print_json({"counts": report.counts, "columns": report.columns, "rows": rows, "dryRun": dry_run})
    else:
        _tell(report, told, names, dry_run=dry_run)
    if report.rows and report.counts.get("error", 0) == len(report.rows):
        raise typer.Exit(1)


def _tell(report: DecisionReport, told: Sequence[DecisionRow], names: Mapping[str, str], *, dry_run: bool) -> None:
    for row in told[:_MOST_ROWS]:
        one = row.decision
        words = evidence.decided(one, names) if one else row.message
        style = "red" if row.outcome == "error" else None
        line = f"line {row.line:>4}  {row.outcome:<10}  {render.safe(' '.join(words.split()))}"
        console().print(line, markup=False, style=style, soft_wrap=True)
    if len(told) > _MOST_ROWS:
        console().print(f"… and {len(told) - _MOST_ROWS:,} more rows; --json has all", markup=False)
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(report.counts.items()))
    dry = ". Dry run: nothing was written" if dry_run else ""
    console().print(f"{len(report.rows):,} rows: {counts or 'none'}{dry}", markup=False)
