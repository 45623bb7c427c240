"""`overheard sample`: the whole way on a small input of our own writing, and what to do next."""

import threading
from contextlib import closing
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import ConfigOption, console, open_system
from overheard.cli.up import run_with_progress
from overheard.index.base import Search
from overheard.index.query import Value, every, parse
from overheard.records import Profile
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import utc_now

QUERY = "spindle AND (noise OR vibration OR runout)"
WHO = "Anil Kulkarni"


def sample(
    folder: Annotated[Path, typer.Option("--folder", "-f", help="Where to make the sample's data folder.")] = Path(
        "data/sample"
    ),
    config: ConfigOption = None,
) -> None:
    """Run everything on a small sample, then show a search and a profile, and how to go on."""
    with as_file(files("overheard.config") / "sample") as given, open_system(folder, config) as system:
        bring_watch(system, given / "watch.toml")
        bring_accounts(system, given / "accounts.csv")
        bring_contacts(system, given / "contacts.csv")
        bring_mentions(system, given / "mentions.ndjson")
        status = run_with_progress(system, once=True, workers=1, stop=threading.Event())
        console().print(render.fates(status.fates))
        with closing(system.index()) as index:
            page = index.search(Search(every([parse(QUERY), Value("kind", "incident")]), limit=3, highlight=True))
            found = [hit.record for hit in index.find_profiles(WHO)]
    heard = f"overheard search '{QUERY}' --folder {folder}"
    known = f"overheard profile '{WHO}' --folder {folder}"
    console().rule(align="left", title=f"$ {heard}")
    console().print(render.search_page(page))
    console().rule(align="left", title=f"$ {known}")
    for record in found:
        if isinstance(record, Profile):
            console().print(render.profile(record, utc_now().date()))
