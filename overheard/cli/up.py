"""`overheard up`: hear, enrich, match, index; until stopped, or once."""

import os
import signal
import sys
import threading
import time
from contextlib import closing
from functools import partial
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.live import Live

from overheard.cli import render
from overheard.cli.options import (
    AliveOption,
    ConfigOption,
    FolderOption,
    JsonOption,
    console,
    notes,
    open_system,
    print_json,
)
from overheard.cli.sources import UNWATCHED
from overheard.wiring.pulse import end_of
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.up import Status, run_up

# Where standard error is no terminal, a line says how far it is, at most every so many seconds, while that changes.
_LINE_EVERY = 10.0
# One of `overheard.log.stage.FATES`.
_LEFT_OUT = "dropped: no watched term, identity or source"
# Enrich processes where the settings name no number. Beyond four, one matcher and one index writer are the limit.
_MOST_WORKERS = 4


def up(
    once: Annotated[bool, typer.Option("--once", help="End when all that waits is done.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Enrich processes. Default: settings.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Of the pages; 0 takes a free one.")] = None,
    pages: Annotated[bool, typer.Option(help="Serve the pages and the API (not with --once).")] = True,
    alive: AliveOption = None,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run everything: poll the feeds, find what is about you, put it on the right contact, make it searchable."""
    stop = end_of(alive)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_system(folder, config, make=True, alone=True) as system:
        if port is not None:
            settings = system.settings
            system.change_settings(replace(settings, web=replace(settings.web, port=port)))
        begun = time.monotonic()
        status = run_with_progress(system, once=once, workers=workers, stop=stop, serve=pages and not once)
        seconds = time.monotonic() - begun
        with closing(SystemService(system)) as service:
            left_out = bool(status.fates.get("enrich", {}).get(_LEFT_OUT)) and not service.watched()
    if as_json:
        print_json({"seconds": round(seconds, 3), "fates": status.fates, "lag": status.lag})
    else:
        console().print(render.fates(status.fates))
        console().print(f"{seconds:.1f} s")
        if left_out:
            console().print(UNWATCHED, markup=False, soft_wrap=True)


def run_with_progress(
    system: System, *, once: bool, workers: int | None, stop: threading.Event, serve: bool = False
) -> Status:
    """Run `run_up` and tell on standard error how far it is; the address of the pages on standard output."""
    count = workers or system.settings.enrich.workers or min(os.cpu_count() or 1, _MOST_WORKERS)
    tell_address = partial(_tell_address, system)
    if sys.stderr.isatty():
        with Live(console=notes(), transient=True, refresh_per_second=4) as live:
            return run_up(
                system,
                once=once,
                workers=count,
                stop=stop,
                serve=serve,
                on_status=lambda status: live.update(_line(status)),
                on_address=tell_address,
            )
    told, last = time.monotonic(), ""

    def tell(status: Status) -> None:
        nonlocal told, last
        if time.monotonic() - told >= _LINE_EVERY and (line := _line(status)) != last:
            told, last = time.monotonic(), line
            notes().print(line)

    return run_up(system, once=once, workers=count, stop=stop, serve=serve, on_status=tell, on_address=tell_address)


def _tell_address(system: System, address: str) -> None:
    from overheard.web.pages.setup import is_new  # noqa: PLC0415  the framework is there when there is an address

    console().print(f"Overheard is at {address}  (Ctrl-C stops it)", markup=False, soft_wrap=True)
    with closing(SystemService(system)) as service:
        new = is_new(service) and not service.settings.watch
    if new:
        told = f"Nothing is set up yet: open {address}/setup, or stop it and run `overheard init yourfirm.example`."
        console().print(told, markup=False, soft_wrap=True)


def _line(status: Status) -> str:
    """Return how far it is, in one line."""
    done = {stage: sum(fates.values()) for stage, fates in status.fates.items()}
    return "  ".join(f"{stage} {done.get(stage, 0):,} done, {lag:,} to go" for stage, lag in status.lag.items())
