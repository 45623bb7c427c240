"""`overheard sample`: the whole way on a small input of our own writing, and what to do next."""

import threading
from contextlib import closing
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.look import names_on
from overheard.cli.options import ConfigOption, JsonOption, console, open_system, print_json
from overheard.cli.up import run_with_progress
from overheard.index.base import Search
from overheard.index.query import Value, every, parse
from overheard.records import Profile
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import utc_now

QUERY = '"Koyna 400" AND (noise OR quiet OR vibration OR leak*)'
WHO = "Imtiaz Laskarwala"
NEXT = """
That was a sample, in {folder}. With your own (the commands are in .venv/bin):
  overheard import watch watch.toml       what to listen for
  overheard import accounts accounts.csv  whom you know: organisations
  overheard import contacts contacts.csv  and people
  overheard import mentions posts.ndjson  what was said; or name feeds in overheard.toml
  overheard up                            hear, enrich, match, index, until stopped
  overheard search 'QUERY'                what was said
  overheard profile WHO                   by name, handle, e-mail or external id
docs/import.md, docs/configuration.md and docs/search.md say more."""


def sample(
    folder: Annotated[Path, typer.Option("--folder", "-f", help="Where to make the sample's data folder.")] = Path(
        "data/sample"
    ),
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run everything on a small sample, then show a search and a profile, and how to go on."""
    with as_file(files("overheard.config") / "sample") as given, open_system(folder, config, make=True) as system:
        bring_watch(system, given / "watch.toml")
        bring_accounts(system, given / "accounts.csv")
        bring_contacts(system, given / "contacts.csv")
        bring_mentions(system, given / "mentions.ndjson")
        status = run_with_progress(system, once=True, workers=1, stop=threading.Event())
        with closing(system.index()) as index:
            page = index.search(Search(every([parse(QUERY), Value("kind", "incident")]), limit=3, highlight=True))
            found = [hit.record for hit in index.find_profiles(WHO) if isinstance(hit.record, Profile)]
            names = names_on(index, found[0])
    if as_json:
        print_json({"fates": status.fates, "found": [hit.record for hit in page.hits], "profile": found[0]})
        return
    console().print(render.fates(status.fates))
    _command(f"overheard search '{QUERY}' --folder {folder}")
    console().print(render.search_page(page, brackets=console().color_system is None))
    _command(f"overheard profile '{WHO}' --folder {folder}")
    console().print(render.profile(found[0], utc_now().date(), names=names))
    console().print(NEXT.format(folder=folder), markup=False, soft_wrap=True)


def _command(line: str) -> None:
    console().print(f"\n$ {line}", style="bold", markup=False, soft_wrap=True)
