"""`overheard run STAGE`: one stage on lines of JSON, standard input to standard output, to try a step by hand."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, notes, print_json, settings_for
from overheard.wiring.byhand import BY_HAND, run_by_hand


def run(
    stage: Annotated[str, typer.Argument(help=f"One of {', '.join(BY_HAND)}.")],
    watch: Annotated[Path | None, typer.Option(help="Watch list, TOML.", exists=True, dir_okay=False)] = None,
    accounts: Annotated[Path | None, typer.Option(help="Accounts, CSV.", exists=True, dir_okay=False)] = None,
    contacts: Annotated[Path | None, typer.Option(help="Contacts, CSV.", exists=True, dir_okay=False)] = None,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Fates and dead letters on standard error as JSON.")] = False,
) -> None:
    """Run one stage on lines of JSON, standard input to standard output; nothing is kept.

    collect: rows of posts to mentions; enrich: mentions (or rows of posts) to facts; match: facts to documents;
    index: documents to what the index holds of them. What is watched and who is known comes from --watch, --accounts
    and --contacts, or, where none is given, from the data folder.
    """
    if stage not in BY_HAND:
        msg = f"expected one of {', '.join(BY_HAND)}; got {stage!r}"
        raise typer.BadParameter(msg)
    settings = settings_for(config)
    folder = folder or Path(settings.data)
    given = any((watch, accounts, contacts))
    if stage in ("enrich", "match") and not given and not folder.is_dir() and not as_json:
        notes().print(f"nothing is watched and nobody known: no --watch, and no data folder {folder}", markup=False)
    with _unsaid() if as_json else nullcontext():
        done = run_by_hand(
            stage,
            sys.stdin.buffer,
            settings,
            folder=folder if folder.is_dir() and not given and stage in ("enrich", "match") else None,
            watch=watch,
            accounts=accounts,
            contacts=contacts,
        )
    for line in done.lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    if as_json:
        print_json({"fates": done.fates, "deadLetters": done.letters}, file=sys.stderr)
        return
    if done.letters:
        notes().print(render.dead_letters(done.letters))
    notes().print(render.fates({stage: done.fates}))


@contextmanager
def _unsaid() -> Iterator[None]:
    """Keep the stage's warnings off standard error: what they tell is in the JSON there."""
    logger = logging.getLogger("overheard.log.stage")
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False
