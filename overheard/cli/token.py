"""`overheard token`: who may call the pages and the API, from where no token is the owner's."""

from typing import Annotated, Any

import typer
from rich.table import Table

from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.web.tokens import MAX_DAYS, SCOPES, Token, make_token
from overheard.wiring.system import System, utc_now
from overheard.wiring.tokens import TokenFile
from overheard.wording import when

app = typer.Typer(no_args_is_help=True, help="Who may call the pages and the API.")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose it is; stands in the record of what is decided with it.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help=f"{', '.join(SCOPES)}; may be given again. Default: read.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=MAX_DAYS, help="Days until it expires. Default: never.")
    ] = None,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token, and show it this once: only its hash is kept."""
    token, kept = make_token(name, scope or ["read"], now=utc_now(), days=days)
    with open_system(folder, config, make=True) as system:
        _file(system).add(kept)
    if as_json:
        print_json({**_shown(kept), "token": token})
    else:
        # The token alone on standard output, on one line, so that it can be put into a file or a variable.
        console().print(token, markup=False, soft_wrap=True)


@app.command("list")
def list_(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the tokens, oldest first; the tokens themselves nobody knows."""
    with open_system(folder, config) as system:
        tokens = _file(system).read()
        locale = system.settings.locale
    if as_json:
        print_json([_shown(token) for token in tokens])
        return
    if not tokens:
        console().print("no tokens; `overheard token create NAME --scope read` makes one", markup=False)
        return
    table = Table("id", "name", "scopes", "made", "expires", box=None, pad_edge=False)
    now = utc_now()
    for token in tokens:
        expires = "never" if token.expires is None else when(token.expires, locale)
        if token.expires is not None and token.expires <= now:
            expires += " (expired)"
        made = when(token.created, locale)
        table.add_row(token.id, render.safe(token.name), ", ".join(token.scopes), made, expires)
    console().print(table)


@app.command("revoke")
def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `overheard token list` shows it.")],
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a token; whoever has it is refused from now on, in a running `overheard up` too."""
    with open_system(folder, config) as system:
        gone = _file(system).revoke(id_)
    if as_json:
        print_json(_shown(gone))
    else:
        console().print(f"revoked: {gone.id} {render.safe(gone.name)}", markup=False)


def _file(system: System) -> TokenFile:
    return TokenFile(system.home)


def _shown(token: Token) -> dict[str, Any]:
    """Return what may be shown of a token: not its hash."""
    fields = ("id", "name", "scopes", "created", "expires")
    return {name: getattr(token, name) for name in fields}
