"""`overheard decide`: what a person says of a link or an incident, which beats every machine's view."""

import getpass
from contextlib import closing
from typing import Annotated

import typer

from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.wiring.service import VERBS, SystemService


def decide(
    verb: Annotated[str, typer.Argument(help="same, 'not the same', 'not about us' or withdraw.")],
    left: Annotated[
        str,
        typer.Argument(
            help="An incident's or mention's id, an identity (reddit:handle:ann), or, to withdraw, a decision's id."
        ),
    ],
    right: Annotated[str, typer.Argument(help="The contact or account: name, handle, e-mail, external id or id.")] = "",
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    note: Annotated[str, typer.Option(help="Why, for those who come after.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency key: the same key is the same decision.")] = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether somebody is the same person, or that a post is not about you; or take back what was said."""
    verb = verb.replace("-", " ")
    if verb not in VERBS:
        msg = f"expected one of {', '.join(VERBS)}; got {verb!r}"
        raise typer.BadParameter(msg)
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        decision = service.decide(verb, left, right, by=by or getpass.getuser(), note=note, key=key)
    if as_json:
        print_json(decision)
    else:
        console().print(f"decided: {decision.left} {verb} {decision.right}".rstrip(), markup=False)
        console().print(f"to take it back: overheard decide withdraw {decision.id}", markup=False)
