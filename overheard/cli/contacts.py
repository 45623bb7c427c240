"""`overheard contacts` and `overheard accounts`: lists laid over each other, people twice, and which firm is meant."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from overheard.cli.options import (
    ConfigOption,
    FolderOption,
    JsonOption,
    MapOption,
    console,
    notes,
    open_system,
    print_json,
    settings_for,
    telling,
)
from overheard.cli.render import safe
from overheard.matcher.identity.accountindex import AccountIndex, AccountMatch
from overheard.matcher.ledger.reading import known_in
from overheard.matcher.overlap import On, Overlap, Person
from overheard.matcher.pairs import Found, Pair, find_pairs
from overheard.table import STDIN, parse_map
from overheard.wiring.lists import (
    CRM,
    PAIRS,
    PEOPLE,
    Lists,
    overlap_of,
    pair_rows,
    people_rows,
    read_lists,
    told,
    write_csv,
)
from overheard.wiring.system import System, throwaway

app = typer.Typer(no_args_is_help=True, help="Who is on several lists, and who is on one twice.")
accounts_app = typer.Typer(no_args_is_help=True, help="Which of your accounts is meant.")

_SHOWN = 20

FilesArgument = Annotated[list[str], typer.Argument(metavar="FILE", help="Lists of people: FILE or NAME=FILE.")]
SameIdsOption = Annotated[
    bool, typer.Option("--same-ids", help="The lists' ids are of one system: equal ones are one person.")
]
PairsOption = Annotated[Path | None, typer.Option("--pairs", help="Write every pair with its evidence to this CSV.")]
PeopleOption = Annotated[Path | None, typer.Option("--people", help="Write who is on several lists to this CSV.")]


@app.command("overlap")
def overlap(
    files: FilesArgument,
    by: Annotated[str, typer.Option(help="A column that says which list a row is of: a product line.")] = "",
    with_crm: Annotated[bool, typer.Option("--crm", help="The contacts of the data folder are a list, too.")] = False,
    same_ids: SameIdsOption = False,
    people: PeopleOption = None,
    pairs: PairsOption = None,
    map_: MapOption = None,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lay several lists of customers over each other: who is on which, and who buys across them. Imports nothing."""
    with _system(folder, config, needed=with_crm) as system, telling("reading") as tell:
        lists = read_lists(system, files, mapping=parse_map(map_ or ()), by=by, with_crm=with_crm, same_ids=same_ids)
        tell("comparing")
        found = overlap_of(lists, same_ids=same_ids)
    _write(lists, (*found.sure, *found.to_look_at), pairs)
    if people is not None:
        write_csv(people, PEOPLE, people_rows(lists, found))
    if as_json:
        print_json(_overlap_as_json(lists, found))
    else:
        console().print(_overlap(lists, found))


@app.command("duplicates")
def duplicates(
    file: Annotated[str, typer.Argument(help="A list of people; without one, the contacts of the data folder.")] = "",
    pairs: PairsOption = None,
    map_: MapOption = None,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is twice on one list, or twice in the data folder, with the evidence. Changes nothing."""
    with _system(folder, config, needed=not file) as system, telling("reading") as tell:
        files = [file] if file else []
        lists = read_lists(system, files, mapping=parse_map(map_ or ()), with_crm=not file)
        tell("comparing")
        found = find_pairs(lists.contacts)
    _write(lists, found.pairs, pairs)
    if as_json:
        print_json(
            {
                "rows": len(lists.contacts),
                "groups": [[lists.shown(at) for at in group] for group in found.groups],
                "pairs": [_pair_as_json(lists, pair) for pair in found.pairs],
                "errors": [row.message for _, row in lists.errors],
                "notes": lists.notes,
            }
        )
    else:
        console().print(_duplicates(lists, found))


@accounts_app.command("find")
def find(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT", help="Names, handles, domains; `-` reads lines.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show of each.")] = 5,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which account a name, handle (@acme), domain or address may mean, best first, and why."""
    with open_system(folder, config) as system:
        index = AccountIndex(known_in(system.folder)[1])
    asked = [line.strip() for text in texts for line in (sys.stdin if text == STDIN else [text]) if line.strip()]
    answers = [(text, index.find(text, limit=limit)) for text in asked]
    if as_json:
        print_json([{"text": text, "accounts": [_match_as_json(one) for one in found]} for text, found in answers])
        return
    for text, found in answers:
        console().print(Text(safe(text), style="bold"))
        for one in found:
            why = "; ".join(f"{e.feature} {e.weight:+.1f}" for e in one.evidence)
            reference = one.account.external_ids[0].value
            console().print(Text(f"  {one.weight:5.2f}  {safe(one.account.name)} ({safe(reference)}): {safe(why)}"))
        if not found:
            console().print(Text("  no account is like it", style="dim"))


@contextmanager
def _system(folder: Path | None, config: Path | None, *, needed: bool) -> Iterator[System]:
    """Lend the system; where the folder's contacts are not asked for, an empty one, so that none is looked for."""
    if needed:
        with open_system(folder, config) as system:
            yield system
    else:
        with throwaway(settings_for(config)) as system:
            yield system


def _write(lists: Lists, pairs: Sequence[Pair], file: Path | None) -> None:
    for name, row in lists.errors:
        notes().print(f"{safe(name)}: {safe(row.message)}", style="yellow", markup=False)
    if file is not None:
        write_csv(file, PAIRS, pair_rows(lists, pairs))


def _overlap(lists: Lists, found: Overlap) -> RenderableType:
    names = [safe(name) for name in found.names]
    parts: list[RenderableType] = [Text(safe(note), style="yellow") for note in lists.notes]
    matrix = Table(title="People on both lists", title_justify="left", box=None)
    for head in ("", *names, "rows"):
        matrix.add_column(head, justify="left" if not head else "right")
    for i, name in enumerate(names):
        matrix.add_row(name, *(f"{count:,}" for count in found.shared[i]), f"{found.rows[i]:,}")
    parts.append(matrix)
    exact = Table(title="On exactly these lists", title_justify="left", box=None)
    for head in ("lists", "people", "firms"):
        exact.add_column(head, justify="left" if head == "lists" else "right")
    firms = dict(found.firm_combinations)
    people = dict(found.combinations)
    for on in sorted({*firms, *people}, key=lambda one: (-len(one), one)):
        exact.add_row(" + ".join(names[i] for i in on), f"{people.get(on, 0):,}", f"{firms.get(on, 0):,}")
    parts.append(exact)
    parts += _people("On several lists", lists, found.across, found.names)
    if found.firms:
        parts.append(Text(f"Firms on several lists: {len(found.firms):,}", style="bold"))
        parts += [Text(f"  {safe(one.name)}: {_listed(one.on, names)}") for one in found.firms[:_SHOWN]]
        parts += _more(len(found.firms))
    parts += _people("Twice on one list", lists, found.duplicates, found.names)
    parts += _pairs(lists, found.to_look_at)
    parts += [Text(f"{count:,} records share {safe(key)}: it tells nobody", style="dim") for key, count in
              found.crowded[:_SHOWN]]  # fmt: skip
    return Group(*parts)


def _duplicates(lists: Lists, found: Found) -> RenderableType:
    parts: list[RenderableType] = [Text(safe(note), style="yellow") for note in lists.notes]
    people = [Person(group, ()) for group in found.groups]
    parts += _people("Surely one person", lists, people, ())
    parts += _pairs(lists, [pair for pair in found.pairs if pair.outcome == "to look at"])
    spare = sum(len(group) - 1 for group in found.groups)
    parts.append(Text(f"{len(lists.contacts):,} records, {len(lists.contacts) - spare:,} people at most"))
    return Group(*parts)


def _people(title: str, lists: Lists, people: Sequence[Person], names: Sequence[str]) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(f"{title}: {len(people):,}", style="bold")]
    for person in people[:_SHOWN]:
        on = f" [{_listed(person.on, [safe(name) for name in names])}]" if person.on else ""
        parts.append(Text("  " + " = ".join(safe(lists.shown(at)) for at in person.rows) + on))
    return [*parts, *_more(len(people))]


def _pairs(lists: Lists, pairs: Sequence[Pair]) -> list[RenderableType]:
    if not pairs:
        return []
    parts: list[RenderableType] = [Text(f"To look at: {len(pairs):,}", style="bold")]
    for pair in pairs[:_SHOWN]:
        parts.append(Text(f"  {safe(lists.shown(pair.left))} = {safe(lists.shown(pair.right))}?"))
        parts.append(Text(f"    {safe(told(pair))}", style="dim"))
    return [*parts, *_more(len(pairs))]


def _more(count: int) -> list[RenderableType]:
    return [Text(f"  … and {count - _SHOWN:,} more; --json has all", style="dim")] if count > _SHOWN else []


def _listed(on: On, names: Sequence[str]) -> str:
    return ", ".join(names[i] for i in on)


def _overlap_as_json(lists: Lists, found: Overlap) -> dict[str, Any]:
    def on(one: On) -> list[str]:
        return [found.names[i] for i in one]

    def people(some: Sequence[Person]) -> list[dict[str, Any]]:
        return [{"lists": on(one.on), "records": [_record(lists, at) for at in one.rows]} for one in some]

    return {
        "lists": [
            {"name": name, "rows": found.rows[i], "people": found.people[i], "columns": lists.columns.get(name, ())}
            for i, name in enumerate(found.names)
        ],
        "shared": found.shared,
        "combinations": [{"lists": on(one), "people": count} for one, count in found.combinations],
        "firmCombinations": [{"lists": on(one), "firms": count} for one, count in found.firm_combinations],
        "across": people(found.across),
        "duplicates": people(found.duplicates),
        "firms": [{"name": one.name, "lists": on(one.on), "records": len(one.rows)} for one in found.firms],
        "sure": [_pair_as_json(lists, pair) for pair in found.sure],
        "toLookAt": [_pair_as_json(lists, pair) for pair in found.to_look_at],
        "crowded": [{"key": key, "records": count} for key, count in found.crowded],
        "errors": [row.message for _, row in lists.errors],
        "notes": lists.notes,
    }


def _record(lists: Lists, at: int) -> dict[str, Any]:
    contact, origin = lists.contacts[at], lists.origins[at]
    return {
        "list": lists.names[origin.list],
        "line": origin.line or None,
        "id": contact.id if lists.names[origin.list] == CRM else contact.external_ids[0].value,
        "name": contact.name,
        "organisation": contact.organisation,
        "emails": contact.emails,
    }


def _pair_as_json(lists: Lists, pair: Pair) -> dict[str, Any]:
    return {
        "a": _record(lists, pair.left),
        "b": _record(lists, pair.right),
        "outcome": pair.outcome,
        "score": pair.score,
        "weight": pair.weight,
        "evidence": pair.evidence,
    }


def _match_as_json(match: AccountMatch) -> dict[str, Any]:
    return {
        "id": match.account.id,
        "externalId": match.account.external_ids[0].value,
        "name": match.account.name,
        "weight": match.weight,
        "evidence": match.evidence,
    }
