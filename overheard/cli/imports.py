"""`overheard import`: watch lists, contacts, accounts, holdings, purchases and posts out of files."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import (
    ConfigOption,
    FolderOption,
    JsonOption,
    MapOption,
    console,
    notes,
    open_system,
    print_json,
    settings_for,
    telling,
)
from overheard.crm.rows import ImportReport
from overheard.log.stage import Progress
from overheard.table import parse_map
from overheard.wiring.imports import (
    bring_accounts,
    bring_activities,
    bring_contacts,
    bring_holdings,
    bring_mentions,
    bring_purchases,
    bring_watch,
)
from overheard.wiring.moving import bring_folder
from overheard.wiring.system import System, throwaway

app = typer.Typer(no_args_is_help=True, help="Bring in what to listen for, whom you know, and what was said.")

FileArgument = Annotated[str, typer.Argument(help="CSV, TSV, NDJSON or JSON; gzip too; `-` for standard input.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; write nothing.")]


@app.command("watch")
def watch(
    file: Annotated[Path, typer.Argument(help="A watch list as TOML: docs/configuration.md.")],
    dry_run: DryRunOption = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Listen for the terms of a watch list, and no longer for those that it lacks."""
    with _system(folder, config, dry_run) as system, _telling() as progress:
        watchlist, events = bring_watch(system, file, dry_run=dry_run, on_progress=progress)
    if as_json:
        changes = [{"subject": event.subject, "verb": event.verb} for event in events]
        print_json({"changes": changes, "warnings": watchlist.warnings, "dryRun": dry_run})
        return
    for warning in watchlist.warnings:
        notes().print(f"warning: {warning}", style="yellow", markup=False)
    for event in events:
        console().print(f"{event.verb.lower():<7} {render.safe(event.subject)}", markup=False)
    console().print(
        f"{_many(len(watchlist.terms), 'term')} and {_many(len(watchlist.sources), 'source')} in {file.name}, "
        + _many(len(events), "change")
        + (". Dry run: nothing was written" if dry_run else "; listening for them"),
        markup=False,
    )


@app.command("contacts")
def contacts(
    file: FileArgument,
    map_: MapOption = None,
    dry_run: DryRunOption = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in people from a CRM's export, vCards or any list, and match what was said before they came."""
    with _system(folder, config, dry_run) as system, _telling() as progress:
        report = bring_contacts(system, file, mapping=parse_map(map_ or ()), dry_run=dry_run, on_progress=progress)
    _tell(report, dry_run=dry_run, as_json=as_json)


@app.command("accounts")
def accounts(
    file: FileArgument,
    map_: MapOption = None,
    dry_run: DryRunOption = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in organisations from a CRM's export, and match what was said before they came."""
    with _system(folder, config, dry_run) as system, _telling() as progress:
        report = bring_accounts(system, file, mapping=parse_map(map_ or ()), dry_run=dry_run, on_progress=progress)
    _tell(report, dry_run=dry_run, as_json=as_json)


@app.command("holdings")
def holdings(
    file: FileArgument,
    map_: MapOption = None,
    dry_run: DryRunOption = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in which products accounts have; `product` is put to the watched term that it is."""
    with _system(folder, config, dry_run) as system, _telling() as progress:
        report = bring_holdings(system, file, mapping=parse_map(map_ or ()), dry_run=dry_run, on_progress=progress)
    _tell(report, dry_run=dry_run, as_json=as_json)


@app.command("purchases")
def purchases(
    file: FileArgument,
    map_: MapOption = None,
    dry_run: DryRunOption = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in what accounts and contacts bought, when and for how much."""
    with _system(folder, config, dry_run) as system, _telling() as progress:
        report = bring_purchases(system, file, mapping=parse_map(map_ or ()), dry_run=dry_run, on_progress=progress)
    _tell(report, dry_run=dry_run, as_json=as_json)


@app.command("mentions")
def mentions(
    file: FileArgument,
    map_: MapOption = None,
    dry_run: DryRunOption = False,
    source: Annotated[str, typer.Option(help="The source of rows that name none.")] = "import",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in posts. `overheard up` then finds what is about you, and whose it is."""
    with ExitStack() as stack:
        system = None if dry_run else stack.enter_context(open_system(folder, config, make=True))
        tell = stack.enter_context(telling("reading posts"))
        described, odd, report = bring_mentions(
            system,
            file,
            mapping=parse_map(map_ or ()),
            source=source,
            on_progress=lambda so_far: tell(f"reading posts: {so_far.read:,}"),
        )
    if as_json:
        print_json({"columns": described, "notes": odd, "dryRun": dry_run, **asdict(report)})
    else:
        console().print(render.columns(described))
        console().print(render.mention_import(report, odd))
        shared = system is not None and system.shared
        next_step = "The services take them in" if shared else "Next: overheard up --once"
        console().print("Dry run: nothing was written" if dry_run else next_step)
    if report.read and report.fates.get("dead", 0) == report.read:
        raise typer.Exit(1)


@app.command("activities")
def activities(
    file: Annotated[Path, typer.Argument(help="An exported chat (.txt, .zip) or a list of leads (CSV, JSON).")],
    source: Annotated[str, typer.Option(help="The [[whatsapp]] or [[leads]] of the settings that it is read as.")],
    dry_run: DryRunOption = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in what was written to you alone: a chat, filled-in forms. `overheard up` then finds whose it is."""
    with _system(folder, config, dry_run) as system, telling("reading") as tell:
        shared = system.shared
        report = bring_activities(
            system, file, source, dry_run=dry_run, on_progress=lambda so_far: tell(f"reading: {so_far.read:,}")
        )
    if as_json:
        print_json({"dryRun": dry_run, **asdict(report)})
    else:
        console().print(render.mention_import(report))
        next_step = "The services take them in" if shared else "Next: overheard up --once"
        console().print("Dry run: nothing was written" if dry_run else next_step)
    if report.read and report.fates.get("dead", 0) == report.read:
        raise typer.Exit(1)


@app.command("folder")
def data_folder(
    other: Annotated[Path, typer.Argument(help="The other data folder; it stays as it is.", file_okay=False)],
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in all that another data folder holds: from one machine to Kafka, or from one folder to another.

    Posts, people, decisions, what sources answered last, alerts. Ids stay; nobody is alerted of what is old.
    """
    with open_system(folder, config, make=True) as system, telling("reading") as tell:
        counts = bring_folder(system, other, on_progress=lambda topic, count: tell(f"{topic}: {count:,} records"))
        services = "its services take it in" if system.shared else "next: overheard up --once"
    if as_json:
        print_json({"records": counts})
    else:
        for topic, count in counts.items():
            said = f"left out, of people who were erased: {_many(count, 'record')}"
            console().print(said if topic == "erased" else f"{topic}: {_many(count, 'record')}")
        console().print(f"brought over; {services}")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _tell(report: ImportReport, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        rows = [{name: value for name, value in asdict(row).items() if name != "event"} for row in report.rows]
        guesses = [guess._asdict() for guess in report.guesses]
        print_json(
            {
                "counts": report.counts,
                "columns": report.columns,
                "guesses": guesses,
                "notes": report.notes,
                "rows": rows,
                "dryRun": dry_run,
            }
        )
    else:
        console().print(render.crm_import(report, dry_run=dry_run))
    if report.rows and report.counts.get("error", 0) == len(report.rows):
        raise typer.Exit(1)


@contextmanager
def _system(folder: Path | None, config: Path | None, dry_run: bool) -> Iterator[System]:
    """Lend the system; for a dry run where there is no folder yet, an empty one, so that none is made."""
    settings = settings_for(config)
    if dry_run and not (folder or Path(settings.data)).exists():
        with throwaway(settings) as system:
            yield system
    else:
        with open_system(folder, config, make=True) as system:
            yield system


@contextmanager
def _telling() -> Iterator[Callable[[Progress], None]]:
    """Show how far the matcher is with what came."""
    with telling("matching") as tell:
        yield lambda p: tell(f"matching: {p.read:,} applied, {p.lag:,} to go")
