"""The root of the command line: the commands put together, and what an error looks like."""

import logging
import sys
from typing import Annotated

import typer

from overheard import __version__
from overheard.cli import deadletters, decide, imports, look, render, sample, stages, up
from overheard.cli.options import console, error_as_json, notes, print_json
from overheard.errors import OverheardError

app = typer.Typer(
    name="overheard",
    help="Who said what about your firm, on the right contact, with the evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(imports.app, name="import")
app.add_typer(deadletters.app, name="dead-letters")
app.add_typer(look.index_app, name="index")
app.command("up")(up.up)
app.command("run")(stages.run)
app.command("search")(look.search)
app.command("profile")(look.profile)
app.command("status")(look.status)
app.command("decide")(decide.decide)
app.command("sample")(sample.sample)


def _version(wanted: bool) -> None:
    if wanted:
        console().print(f"overheard {__version__}", markup=False)
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and exit.")
]


@app.callback()
def root(version: VersionOption = False) -> None:
    """Take the options that stand before a command."""


def run() -> int:
    """Run the command of `sys.argv` and return its exit status: 0 done, 1 an error with a message, 2 wrong usage."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app(standalone_mode=True)
    except OverheardError as e:
        if "--json" in sys.argv:
            print_json(error_as_json(e))
        else:
            notes().print(f"error: {render.safe(str(e), lines=True)}", style="red", markup=False, soft_wrap=True)
        return 1
    except BrokenPipeError:  # the reader of a pipe has had enough: `overheard search x | head`
        sys.stderr.close()
        return 0
    return 0
