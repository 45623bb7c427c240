"""`overheard sources import` and `export`: lists of feeds as feed readers exchange them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    FolderOption,
    JsonOption,
    console,
    notes,
    print_json,
    settings_for,
)
from overheard.wiring.subscriptions import bring_feeds, feeds_as_opml

_SHOWN = 20


def import_feeds(
    file: Annotated[Path, typer.Argument(help="A list of feeds as OPML, as feed readers export it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; write nothing.")] = False,
    folder: FolderOption = None,  # noqa: ARG001  every command takes it
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the feeds of an OPML list into the settings."""
    settings = config or DEFAULT_CONFIG
    report = bring_feeds(settings, file, dry_run=dry_run)
    counts = report.counts
    if as_json:
        rows = [asdict(row) for row in report.rows]
        print_json({"counts": counts, "notes": report.notes, "rows": rows, "dryRun": dry_run})
    else:
        for note in report.notes:
            notes().print(f"warning: {render.safe(note)}", style="yellow", markup=False, soft_wrap=True)
        odd = [row for row in report.rows if row.outcome != "created"]
        for row in odd[:_SHOWN]:
            said = f"line {row.line}: {row.outcome}: {row.url or row.name}: {row.message}"
            console().print(render.safe(said), markup=False, soft_wrap=True)
        if len(odd) > _SHOWN:
            console().print(f"… and {len(odd) - _SHOWN:,} more; --json shows all", markup=False)
        told = ", ".join(
            f"{counts[one]:,} {one}" for one in ("created", "known", "duplicate", "error") if one in counts
        )
        end = (
            "dry run: nothing was written"
            if dry_run
            else f"they are in {settings.name}; an `overheard up` that runs asks them from now on"
            if counts.get("created")
            else "nothing was written"
        )
        console().print(f"{file.name}: {told or 'no feeds'}; {end}", markup=False, soft_wrap=True)
    if report.rows and counts.get("error", 0) == len(report.rows):
        raise typer.Exit(1)


def export_feeds(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write. Default: print it.")] = None,
    folder: FolderOption = None,  # noqa: ARG001  every command takes it
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the feeds of the settings as an OPML list, for any feed reader."""
    settings = settings_for(config)
    text = feeds_as_opml(settings)
    if as_json:
        print_json([{"name": one.name, "url": one.url} for one in settings.sources if one.kind == "feed"])
    if as_json and output is None:
        return
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
