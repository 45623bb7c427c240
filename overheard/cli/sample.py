"""`overheard sample`: a firm's world of our own writing, served on this machine and heard by the real pipeline."""

import signal
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace

from overheard.cli import render
from overheard.cli.look import names_on
from overheard.cli.options import JsonOption, console, notes, open_system, print_json, refuse_beside_up
from overheard.cli.up import run_with_progress
from overheard.config.settings import WebSettings
from overheard.errors import ConfigError
from overheard.index.base import Page
from overheard.records import Profile
from overheard.records.base import Time
from overheard.sample import SampleServer, make_world, write_config
from overheard.web.base import Asked
from overheard.web.leaving import leaving
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_holdings, bring_purchases, bring_watch
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, utc_now
from overheard.wiring.up import Status

QUERY = '"Girna 250" AND (leak* OR seal)'
WHO = "Imtiaz Laskarwala"
# Where the sample's sites are, if it is free: the addresses of posts name the port, so a folder keeps it.
_PORT = 8790
_STATE = "sample.json"
NEXT = """
That is a sample: {posts} posts of the 90 days up to {day} about a firm that does not exist, in {folder} (remove it to
begin one of today). Look further:
  overheard search 'QUERY' --config {config}
  overheard profile WHO --config {config}     by name, handle, e-mail or external id
With your own firm (the commands are in .venv/bin):
  overheard init DOMAIN                   asks what to listen for, and writes overheard.toml and watch.toml
  overheard import contacts contacts.csv  whom you know
  overheard up                            hear, enrich, match, index, until stopped
docs/commands.md says more."""


class _Begun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sample's folder keeps, so that it goes on with the same posts at the same addresses."""

    now: Time
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]


def sample(
    folder: Annotated[Path, typer.Option("--folder", "-f", help="Where the sample is, or is to be made.")] = Path(
        "data/sample"
    ),
    once: Annotated[bool, typer.Option("--once", help="End when everything is heard; serve no pages.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Enrich processes. Default: settings.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Of the pages; 0 takes a free one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Hear a whole sample world: a firm, its contacts, three months of posts; then serve the pages until stopped."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    started = time.monotonic()
    settings = folder / "overheard.toml"
    refuse_beside_up(folder / "data")  # before its port is found to be taken, by itself
    with _served(folder), open_system(None, settings, make=True, alone=True) as system:
        _bring(system, folder)
        status = run_with_progress(system, once=True, workers=workers, stop=stop)
        if stop.is_set():
            return
        _show(system, folder, settings, status, time.monotonic() - started, as_json=as_json)
        if once:
            return
        web = system.settings.web
        if port is None and not _is_free(web):
            notes().print(f"Port {web.port} is in use by another program, so the pages take a free one.", markup=False)
            port = 0
        if port is not None:
            system.change_settings(replace(system.settings, web=replace(web, port=port)))
        run_with_progress(system, once=False, workers=workers, stop=stop, serve=True)


def _is_free(web: WebSettings) -> bool:
    """Return whether the pages can be served at the port of the settings."""
    from overheard.web.server import Listener  # noqa: PLC0415  the framework loads slowly, and --once has no pages

    try:
        Listener(web).close()
    except ConfigError:
        return False
    return True


def _served(folder: Path) -> SampleServer:
    """Return the server of the folder's world, which is begun where the folder has none. Raises ConfigError."""
    if (folder / _STATE).exists():
        begun = _begun(folder)
        try:
            return SampleServer(make_world(begun.now), begun.port)
        except OSError as e:
            msg = (
                f"expected port {begun.port} to be free: the posts of the sample in {folder} have their addresses "
                f"there; got: {e.strerror}. Stop what listens there, or begin another sample with --folder"
            )
            raise ConfigError(msg) from e
    world = make_world(utc_now())
    try:
        server = SampleServer(world, _PORT)
    except OSError:
        server = SampleServer(world)
    try:
        write_config(folder, server.address, world)
        (folder / _STATE).write_bytes(msgspec.json.encode(_Begun(now=world.now, port=server.port)))
    except OSError as e:
        server.close()
        msg = f"{folder}: expected a folder that can be written to; got: {e.strerror}"
        raise ConfigError(msg) from e
    return server


def _begun(folder: Path) -> _Begun:
    """Return what the folder keeps of its beginning. Raises ConfigError."""
    state = folder / _STATE
    try:
        return msgspec.json.decode(state.read_bytes(), type=_Begun)
    except (msgspec.DecodeError, OSError) as e:
        msg = f"{state}: expected what `overheard sample` wrote there; got: {e}. Remove {folder} to begin anew"
        raise ConfigError(msg) from e


def _bring(system: System, folder: Path) -> None:
    """Bring in what the CRM of the sample's firm has; what is there already changes nothing."""
    bring_watch(system, folder / "watch.toml")
    bring_accounts(system, folder / "accounts.csv")
    bring_contacts(system, folder / "contacts.csv")
    bring_holdings(system, folder / "holdings.csv")
    bring_purchases(system, folder / "purchases.csv")


def _show(system: System, folder: Path, settings: Path, status: Status, seconds: float, *, as_json: bool) -> None:
    """Print a search and a profile, and how to go on."""
    with closing(SystemService(system)) as service:
        page = service.search(Asked(QUERY, limit=2))
        hits = [hit.record for hit in service.find(WHO) if isinstance(hit.record, Profile)]
        if not hits:
            msg = f"{folder}: expected the sample's {WHO} among the contacts; the files there were changed"
            raise ConfigError(msg)
        profile = hits[0]
        names = names_on(service, profile)
        found = leaving([*(hit.record for hit in page.hits), profile], service) if as_json else []
    if as_json:
        print_json({"fates": status.fates, "found": found[:-1], "profile": found[-1]})
        return
    _search(page, settings)
    _command(f"overheard profile '{WHO}' --config {settings}")
    short = replace(profile, last=profile.last[:2], waiting=profile.waiting[:1])
    console().print(render.profile(short, utc_now().date(), names=names, locale=system.settings.locale))
    posts = status.fates.get("collect", {}).get("collected", 0)
    told = NEXT.format(folder=folder, config=settings, posts=posts, day=_begun(folder).now.date())
    console().print(told, markup=False, soft_wrap=True)
    console().print(f"\nHeard in {seconds:.0f} s", markup=False)


def _search(page: Page, settings: Path) -> None:
    _command(f"overheard search '{QUERY}' --config {settings}")
    console().print(render.search_page(page, brackets=console().color_system is None))


def _command(line: str) -> None:
    console().print(f"\n$ {line}", style="bold", markup=False, soft_wrap=True)
