"""The root of the command line: the commands put together, and what an error looks like."""

import io
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from overheard import __version__
from overheard.cli import (
    add,
    addsource,
    backfill,
    concerns,
    contacts,
    cost,
    deadletters,
    decide,
    deliveries,
    digest,
    enrich,
    erase,
    imports,
    init,
    look,
    opml,
    render,
    review,
    sample,
    sources,
    stages,
    token,
    up,
)
from overheard.cli.options import console, error_as_json, notes, print_json
from overheard.errors import OverheardError
from overheard.records import RecordError
from overheard.wiring.engines import quiet_clients

app = typer.Typer(
    name="overheard",
    help="Who said what about your firm, on the right contact, with the evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
imports.app.command("decisions")(decide.import_decisions)
sources.app.command("add")(addsource.add_source)
sources.app.command("import")(opml.import_feeds)
sources.app.command("export")(opml.export_feeds)
app.add_typer(imports.app, name="import")
app.add_typer(contacts.app, name="contacts")
app.add_typer(contacts.accounts_app, name="accounts")
app.add_typer(deadletters.app, name="dead-letters")
app.add_typer(enrich.app, name="enrich")
app.add_typer(erase.app, name="erasures")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(look.index_app, name="index")
app.add_typer(sources.app, name="sources")
app.add_typer(token.app, name="token")
app.command("init")(init.init)
app.command("up")(up.up)
app.command("run")(stages.run)
app.command("search")(look.search)
app.command("profile")(look.profile)
app.command("digest")(digest.digest)
app.command("concerns")(concerns.concerns)
app.command("status")(look.status)
app.command("review")(review.review)
app.command("why")(review.why)
app.command("decide")(decide.decide)
app.command("erase")(erase.erase)
app.command("add")(add.add)
app.command("cost")(cost.cost)
app.command("back-fill")(backfill.back_fill)
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
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    quiet_clients()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open for as long as we run
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a locale without Unicode cannot show is escaped, not an error
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app(standalone_mode=True)
        finally:
            sys.stdout.flush()  # here, so that a full disk behind `> file` is an error with a message
    except BrokenPipeError:  # the reader of a pipe has had enough: `overheard search x | head`
        _give_up_output()
        return 0
    except OSError as e:
        _give_up_output()
        _tell(f"expected to read and write what the command names; got: {e}. Check the disk and the rights")
        return 1
    except (OverheardError, RecordError) as e:
        if "--json" in sys.argv:
            print_json(error_as_json(e))
        else:
            _tell(str(e))
        return 1
    return 0


def _tell(message: str) -> None:
    notes().print(f"error: {render.safe(message, lines=True)}", style="red", markup=False, soft_wrap=True)


def _give_up_output() -> None:
    """Let what is still buffered go nowhere: Python would try to write it again at its end, and complain."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
