"""What every command shares: where the folder is, how it is opened, and how results and errors are printed."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TextColumn, TimeElapsedColumn

from overheard.config.settings import Settings
from overheard.errors import FolderError, FolderInUseError
from overheard.wiring.engines import is_shared
from overheard.wiring.erasure import restore_list
from overheard.wiring.kinds import KINDS, load_settings
from overheard.wiring.plugins import beside, installed
from overheard.wiring.system import System, open_node, serving

FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", "-f", envvar="OVERHEARD_FOLDER", help="The data folder. Default: as the settings say."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="OVERHEARD_CONFIG", help="The settings. Default: ./overheard.toml if there."),
]
AliveOption = Annotated[
    Path | None, typer.Option("--alive", help="Touch this file at each turn of the loop, for a health check.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", help="COLUMN=FIELD puts a column to a field, COLUMN=- ignores it. May be given again."),
]

DEFAULT_CONFIG = Path("overheard.toml")


def settings_for(config: Path | None) -> Settings:
    """Return the settings of the given file, of ./overheard.toml, or the defaults. Raises ConfigError."""
    if config is None and DEFAULT_CONFIG.exists():
        config = DEFAULT_CONFIG
    for said in (said for of_one in beside(KINDS, installed()).problems.values() for said in of_one):
        notes().print(f"note: {said}", markup=False, soft_wrap=True)
    return load_settings(config)


def open_system(folder: Path | None, config: Path | None, *, make: bool = False, alone: bool = False) -> System:
    """Return the system in the folder; the caller closes it. Raises ConfigError and FolderError.

    Whoever was erased and came back with a restored folder is erased again first, which standard error is told.
    Beside a running `overheard up` it is a guest's, unless it must be the command's `alone`.
    `make`: a folder that is not there is made. Else it is an error: whoever only looks is in the wrong place.
    On a shared log every command has a folder of its own within the data folder, as every service has.
    """
    system = _opened(folder, config, make=make, alone=alone)
    try:
        if not system.guest and (restored := restore_list(system)):  # whoever serves a guest has done that
            removed = sum(store.removed for store in restored.stores)
            told = f"{system.home} is older than the list of erased people: {removed:,} records of theirs were removed"
            notes().print(f"note: {told}", markup=False, soft_wrap=True)
    except BaseException:
        system.close()
        raise
    return system


def _opened(folder: Path | None, config: Path | None, *, make: bool, alone: bool) -> System:
    settings = settings_for(config)
    path = folder or Path(settings.data)
    if is_shared(settings):
        return open_node(path, "command", settings, config=config or DEFAULT_CONFIG)
    if alone:
        refuse_beside_up(path)
    if serving(path) is not None:
        return System(path, settings, config=config or DEFAULT_CONFIG, guest=True)
    if not make and not path.exists():
        msg = (
            f"{path}: expected a data folder; there is none. Go to where it is, name it with --folder, or begin one: "
            "`overheard init` asks what it needs, `overheard up` goes by the settings that are here"
        )
        raise FolderError(msg)
    return System(path, settings, config=config or DEFAULT_CONFIG)


def refuse_beside_up(path: Path) -> None:
    """Raise FolderInUseError where `overheard up` runs on the folder: it says which, and where its pages are."""
    running = serving(path)
    if running is not None:
        where = f"; its pages are at {running.address}" if running.address else ""
        msg = (
            f"{path} is in use: `overheard up` runs there (process {running.pid}{where}). Stop that one first, or "
            "choose another data folder"
        )
        raise FolderInUseError(msg)


def console() -> Console:
    """Return the console for results: standard output, colours only on a terminal."""
    return Console(highlight=False, soft_wrap=False)


def notes() -> Console:
    """Return the console for everything that is no result: standard error."""
    return Console(stderr=True, highlight=False)


@contextmanager
def telling(description: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error, where it is a terminal, what is going on; the block is given what changes the words."""
    with Bar(TextColumn("{task.description}"), TimeElapsedColumn(), console=notes(), transient=True,
             disable=not sys.stderr.isatty()) as bar:  # fmt: skip
        task = bar.add_task(description, total=None)
        yield lambda words: bar.update(task, description=words)


def print_json(value: Any, file: TextIO | None = None) -> None:
    """Print records, or mappings and sequences of them, as one JSON document; on standard output by default."""
    stream = file or sys.stdout
    escape = (stream.encoding or "ascii").lower().replace("-", "") != "utf8"
    document = json.dumps(json.loads(msgspec.json.encode(value)), ensure_ascii=escape, indent=2)
    stream.write(document + "\n")


def error_as_json(error: Exception) -> Mapping[str, Any]:
    """Return an error as the JSON that commands print: its class and its message."""
    return {"error": {"type": type(error).__name__, "message": str(error)}}
