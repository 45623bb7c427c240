"""`overheard erase` and `overheard erasures`: a person forgotten, and the list of those who are."""

import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.web.results import Certificate
from overheard.wiring.erasure import apply_suppressions, erase_person, read_list, suppress

app = typer.Typer(no_args_is_help=True, help="Those who were erased: the list, kept and restored.")

ByOption = Annotated[str, typer.Option(help="Who does it, for the certificate. Default: who is logged in.")]


def erase(
    who: Annotated[
        str,
        typer.Argument(help="An identity (x:handle:ann), an e-mail address, or the id or external id of a contact."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and write nothing.")] = False,
    named: Annotated[bool, typer.Option("--named", help="The posts of others that name them go too.")] = False,
    by: ByOption = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person from every store, for good, and print the certificate."""
    with open_system(folder, config) as system:
        certificate = erase_person(
            system,
            lambda: system.index(reading=True),
            who,
            by=by or getpass.getuser(),
            named=named,
            dry_run=dry_run,
        )
    _tell(certificate, as_json)


@app.command("list")
def list_(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the keyed hashes of all who were erased; as JSON it is what `import` takes."""
    with open_system(folder, config) as system:
        entries = system.suppressed.follow().entries
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        console().print(f"{entry.id}  {_at(entry.at)}  {entry.by}", markup=False, soft_wrap=True)
    console().print(f"{len(entries):,} identities are kept out")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The list, as `overheard erasures list --json` printed it.")],
    by: ByOption = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a list in, and erase whoever on it is here: after a restore, or elsewhere with the same key."""
    if not file.exists():
        msg = f"expected a file; {file} is not there"
        raise typer.BadParameter(msg)
    entries = read_list(file)
    with open_system(folder, config, make=True) as system:
        suppress(system, entries)
        certificate = apply_suppressions(system, by=by or getpass.getuser())
    _tell(certificate, as_json)


@app.command("apply")
def apply(
    by: ByOption = "", folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Erase again whatever is here of those on the list: after a move, or an erasure that was cut off."""
    with open_system(folder, config) as system:
        certificate = apply_suppressions(system, by=by or getpass.getuser())
    _tell(certificate, as_json)


def _tell(certificate: Certificate, as_json: bool) -> None:
    if as_json:
        print_json(certificate)
        return
    done = "would be erased; nothing was written" if certificate.dry_run else "erased"
    line = console().print
    line(f"Certificate {certificate.id}", markup=False)
    line(f"{_at(certificate.at)}, by {certificate.by}: {done}", markup=False, soft_wrap=True)
    for store in certificate.stores:
        went = "" if certificate.dry_run else f", {store.removed:,} removed"
        until = f"; the last of it is off the disks by {_at(store.until)}" if store.until else ""
        line(f"  {store.store:<12} {store.found:>7,} found{went}{until}", markup=False, soft_wrap=True)
    number = len(certificate.subjects)
    what = f"{number:,} identities" if number != 1 else "1 identity"
    if certificate.dry_run:  # the first erasure makes the key: until then there is nothing to hash with
        line(f"{what} would be kept out, as keyed hashes", markup=False)
    else:
        line(f"{what} kept out from now on, as keyed hashes:", markup=False)
        for subject in certificate.subjects:
            line(f"  {subject}", markup=False)
    for note in certificate.notes:
        line(f"Note: {note}", markup=False, soft_wrap=True)


def _at(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")
