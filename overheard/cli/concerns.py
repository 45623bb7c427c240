"""`overheard concerns`: what is complained of and wished for, by product and topic."""

from contextlib import closing
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, notes, open_system, print_json
from overheard.web.leaving import leaving
from overheard.wiring.service import SystemService
from overheard.wiring.system import utc_now


def concerns(
    product: Annotated[str, typer.Argument(help="A watched term, by id or name. Default: all.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Topics, the most frequent.")] = 20,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what posts complain of and wish for: issues that may be there before anybody files one."""
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        found = service.concerns(product, limit)
        found = leaving(found, service) if as_json else found
    if as_json:
        print_json(found)
    elif found.items:
        console().print(render.concerns(found, utc_now().date()))
    else:
        notes().print("no concern was heard yet")
