"""`overheard add`: a post handed in, from a place that may not be collected."""

import sys
from contextlib import closing
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, notes, open_system, print_json
from overheard.web.base import Added, Pasted
from overheard.web.leaving import leaving
from overheard.wiring.service import SystemService

# A post of a megabyte is refused with words; what is longer need not be read to say so.
_MOST = 4_000_000
_FATES = {
    "new": "added",
    "changed": "changed: a new version of a post that was known",
    "unchanged": "known already, and the same",
}


def add(
    url: Annotated[str, typer.Argument(help="Address of the post. It is not fetched.")],
    text: Annotated[str, typer.Option(help="What it says; - reads standard input.")] = "-",
    title: Annotated[str, typer.Option(help="Its title, if it has one.")] = "",
    author: Annotated[str, typer.Option(help="Who said it, by name.")] = "",
    handle: Annotated[str, typer.Option(help="Who said it: platform:handle, or the address of a profile.")] = "",
    published: Annotated[
        str, typer.Option(help="When it was said; without a zone, the local time of the settings.")
    ] = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand in a post by its URL and text, and see which contact it lands on."""
    if text == "-":
        if sys.stdin.isatty():
            notes().print("What the post says, then Ctrl-D on a line of its own:")
        text = sys.stdin.read(_MOST)
    pasted = Pasted(url, text, title, author, handle, "", published)
    with open_system(folder, config, make=True) as system, closing(SystemService(system)) as service:
        added = service.add_post(pasted)
        incident = leaving(added.incident, service)
    if as_json:
        print_json(
            {
                "mention": added.mention,
                "fate": added.fate,
                "incident": incident,
                "waiting": added.waiting,
                "problem": added.problem,
            }
        )
    else:
        _tell(added)


def _tell(added: Added) -> None:
    print_line = console().print
    if added.problem:
        print_line(f"it could not be used: {render.safe(added.problem)}", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    print_line(f"{_FATES[added.fate]}: {added.mention}", markup=False, soft_wrap=True)
    incident = added.incident
    if incident is None:
        ahead = f"{added.waiting:,} posts wait with it; " if added.waiting else ""
        print_line(f"it is kept; {ahead}run `overheard up` to work on it", markup=False, soft_wrap=True)
        return
    about = (
        f"about {', '.join(incident.about)}" if incident.about else "no watched term was found in it; kept all the same"
    )
    print_line(f"{incident.id}  {render.safe(about)}", markup=False, soft_wrap=True)
    known = [party for party in incident.parties if party.outcome != "bare"]
    for party in known:
        name = render.safe(added.names.get(party.subject) or party.name or party.subject)
        print_line(f"  {party.outcome}: {name}, as {party.role}  ({party.subject})", markup=False, soft_wrap=True)
    if not known:
        print_line("  nobody in the CRM is behind it, or named in it", markup=False, soft_wrap=True)
