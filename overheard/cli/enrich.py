"""`overheard enrich`: what the enrichers say, version beside version, and machine beside people."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, notes, open_system, print_json
from overheard.wiring.comparing import (
    agreement_in,
    compare_files,
    compare_with_now,
    leaving_comparison,
    leaving_overrides,
    overrides_in,
)

app = typer.Typer(no_args_is_help=True, help="What the enrichers say: version beside version, machine beside people.")


@app.command("diff")
def diff(
    before: Annotated[Path | None, typer.Argument(help="A file. Default: the folder's.", exists=True)] = None,
    after: Annotated[Path | None, typer.Argument(help="A file. Default: the same, enriched now.", exists=True)] = None,
    field: Annotated[str, typer.Option(help="Show only what differs in this field.")] = "",
    limit: Annotated[int, typer.Option(help="Show so many mentions of each field.", min=0)] = 5,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put two versions of the enrichers side by side over the same mentions.

    Files are what `overheard run enrich` printed. Nothing is written.
    """
    if before is not None and after is not None:
        done = compare_files(before, after)
    else:
        with open_system(folder, config) as system:
            done = compare_with_now(system, before)
            if as_json:
                done = leaving_comparison(system, done)
    if field and field not in done.changed:
        msg = f"expected one of {', '.join(done.changed)}; got {field!r}"
        raise typer.BadParameter(msg, param_hint="--field")
    if as_json:
        print_json(done)
    else:
        console().print(render.comparison(done, field, limit))


@app.command("agreement")
def agreement(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print how far the labels that people set agree with the machine's, by source and language."""
    with open_system(folder, config) as system:
        rows = agreement_in(system)
    if as_json:
        print_json([row._asdict() for row in rows])
    elif rows:
        console().print(render.agreement(rows))
    else:
        notes().print("nobody has set a label yet: on the page of an incident, or by `overheard decide relabel`")


@app.command("overrides")
def overrides(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print every label that people set beside the machine's, as lines of JSON: a set to evaluate by."""
    with open_system(folder, config) as system:
        found = leaving_overrides(system, overrides_in(system))
    if as_json:
        print_json(found)
        return
    for one in found:
        sys.stdout.buffer.write(msgspec.json.encode(one) + b"\n")
