"""`overheard run STAGE`: one stage as a service on a shared log, or on lines of JSON, to try a step by hand."""

import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import (
    DEFAULT_CONFIG,
    AliveOption,
    ConfigOption,
    FolderOption,
    console,
    notes,
    print_json,
    settings_for,
)
from overheard.config.settings import Settings
from overheard.errors import ConfigError
from overheard.log.stage import Progress
from overheard.wiring.byhand import BY_HAND, run_by_hand
from overheard.wiring.engines import is_shared
from overheard.wiring.pulse import end_of
from overheard.wiring.run import SERVICES, run_service
from overheard.wiring.system import open_node

# A line says how far a service is, at most every so many seconds, while that changes.
_LINE_EVERY = 10.0


def run(
    stage: Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")],
    lines: Annotated[bool, typer.Option("--lines", help="By hand, on lines of JSON, on a shared log too.")] = False,
    watch: Annotated[Path | None, typer.Option(help="Watch list, TOML.", exists=True, dir_okay=False)] = None,
    accounts: Annotated[Path | None, typer.Option(help="Accounts, CSV.", exists=True, dir_okay=False)] = None,
    contacts: Annotated[Path | None, typer.Option(help="Contacts, CSV.", exists=True, dir_okay=False)] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Of enrich: what each component found, in words.")] = False,
    alive: AliveOption = None,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Fates and dead letters on standard error as JSON.")] = False,
) -> None:
    """Run one stage: on Kafka as a service until stopped, on the embedded engines on lines of JSON.

    As a service, start as many as wanted on as many machines: enrich and index share the work; of collect, match and
    alerts one does it and the others stand by; web serves the pages.

    On lines of JSON, standard input to standard output; nothing is kept.
    collect: rows of posts to mentions; enrich: mentions (or rows of posts) to facts; match: facts to documents;
    index: documents to what the index holds of them. What is watched and who is known comes from --watch, --accounts
    and --contacts, or, where none is given, from the data folder.
    """
    if stage not in SERVICES:
        msg = f"expected one of {', '.join(SERVICES)}; got {stage!r}"
        raise typer.BadParameter(msg)
    if explain and stage != "enrich":
        msg = f"stage {stage} has no components; only enrich has"
        raise typer.BadParameter(msg, param_hint="--explain")
    settings = settings_for(config)
    folder = folder or Path(settings.data)
    if is_shared(settings) and not lines and not explain:
        _serve(stage, folder, settings, config, alive)
        return
    if stage not in BY_HAND:
        msg = (
            f"stage {stage} runs as a service on a shared log ([log] in the settings). On the embedded engines "
            "`overheard up` runs every stage"
        )
        raise ConfigError(msg)
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
    if explain:
        console().print(render.explained(done.components, done.mentions))
    else:
        for line in done.lines:
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
    if as_json:
        print_json({"fates": done.fates, "deadLetters": done.letters}, file=sys.stderr)
        return
    if done.letters:
        notes().print(render.dead_letters(done.letters))
    notes().print(render.fates({stage: done.fates}))


def _serve(stage: str, home: Path, settings: Settings, config: Path | None, alive: Path | None) -> None:
    """Run a service until SIGTERM or Ctrl-C, and tell on standard error, at most every ten seconds, how far it is."""
    logging.getLogger("overheard").setLevel(logging.INFO)  # who does what, and since when
    stop = end_of(alive)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    told = 0.0

    def tell(progress: Progress) -> None:
        nonlocal told
        if time.monotonic() - told >= _LINE_EVERY:
            told = time.monotonic()
            notes().print(f"{stage} {progress.read:,} done, {progress.lag:,} to go", markup=False)

    with open_node(home, stage, settings, config=config or DEFAULT_CONFIG) as system:
        notes().print(f"{stage} runs, its folder is {system.folder.path}", markup=False, soft_wrap=True)
        run_service(
            system,
            stage,
            stop,
            on_progress=tell,
            on_address=lambda address: console().print(f"Overheard is at {address}", markup=False, soft_wrap=True),
        )
    notes().print(f"{stage} has ended; what it did is committed", markup=False)


@contextmanager
def _unsaid() -> Iterator[None]:
    """Keep the stage's warnings off standard error: what they tell is in the JSON there."""
    logger = logging.getLogger("overheard.log.stage")
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False
