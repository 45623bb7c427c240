"""`overheard sources`: how each source does, and one of them whole."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from overheard import __version__
from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.collectors.polling.health import TROUBLE
from overheard.policy import in_words
from overheard.records import DeadLetter
from overheard.web.base import SourceDetail, SourceFetch, SourceStatus
from overheard.web.leaving import leaving
from overheard.web.sources import source_health, source_whole
from overheard.wiring import plugins
from overheard.wiring.kinds import KINDS
from overheard.wiring.newsources import about
from overheard.wiring.service import SystemService
from overheard.wording import Locale, number, when

UNWATCHED = (
    "Nothing is watched yet, so what names nobody you know is left out. Say in a watch list what to listen for, and "
    "name its file as `watch` in the settings; or let `overheard init yourfirm.example` propose one."
)

app = typer.Typer(invoke_without_command=True, help="The sources of the settings: how each does.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As `overheard sources` shows it.")]


@app.callback()
def sources(
    context: typer.Context, folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List the sources, those first that somebody should look at."""
    if context.invoked_subcommand is None:
        _list(folder, config, as_json)


@app.command("list")
def list_(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the sources, those first that somebody should look at."""
    _list(folder, config, as_json)


def _list(folder: Path | None, config: Path | None, as_json: bool) -> None:
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        found = service.sources()
        locale = system.settings.locale
        left_out = any(one.new > one.kept for one in found) and not service.watched()
    if as_json:
        print_json([source_health(one) for one in found])
        return
    if not found:
        console().print("No source is set up. Add one to the settings, or run `overheard up` and open its page.")
        return
    order = {state: place for place, state in enumerate(TROUBLE)}
    for one in sorted(found, key=lambda one: order.get(one.health.state, len(order))):
        _print(_summary(one, locale))
    troubled = sum(one.health.is_trouble for one in found)
    said = f"{number(len(found), locale)} {'source' if len(found) == 1 else 'sources'}"
    _print([f"{said}; {number(troubled, locale)} to look at" if troubled else said])
    if left_out:
        _print([UNWATCHED])


@app.command("kinds")
def kinds_(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:  # noqa: ARG001 - as all commands
    """List the kinds of sources that the settings may name, and where each comes from."""
    brought = plugins.beside(KINDS, plugins.installed())
    own = f"Overheard {__version__}"
    rows = [(name, own, kind) for name, kind in KINDS.items()]
    rows += [(name, plugin.origin, plugin.kind) for name, plugin in brought.usable.items()]
    problems = [said for of_one in brought.problems.values() for said in of_one]
    if as_json:
        listed = [{"kind": name, "from": origin, "about": about(kind)} for name, origin, kind in rows]
        print_json({"kinds": listed, "problems": problems})
        return
    _print([line for name, origin, kind in rows for line in (f"[[{name}]]  {origin}", f"  {about(kind)}")])
    if problems:
        _print(["", "Cannot be used", *(f"  {said}" for said in problems)])


@app.command("show")
def show(
    name: NameArgument, folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show one source: how it does, its last entries and fetches, and what of it could not be used."""
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        whole = service.source(name)
        said = leaving(source_whole(whole), service) if as_json else None
        locale = system.settings.locale
    if said is not None:
        print_json(said)
        return
    one = whole.status
    lines = [*_summary(one, locale), *_details(one, locale)]
    lines += [f"  robots.txt: {whole.robots}"] if whole.robots else []
    _print([*lines, *_brought(whole, locale), "", *_history(whole.fetches, whole.letters, locale)])


def _summary(one: SourceStatus, locale: Locale) -> list[str]:
    state, health = one.state, one.health
    lines = [f"{one.name}  ({one.kind})  {health.state}"]
    if health.state != "works" or health.advice or one.endpoint or (state and (state.note or state.stream)):
        until = f" Until {when(health.until, locale)}." if health.until else ""
        lines.append(f"  {health.message}{until}")
        lines += [f"  {health.advice}"] if health.advice else []
    share = "" if one.share is None else f", {number(round(100 * one.share), locale)} % about you"
    lines.append(
        f"  posts {one.rhythm}; {number(one.new, locale)} in the last 7 days{share}; "
        f"{number(one.passed, locale)} on record"
    )
    if one.back_fill:
        lines.append(f"  back-fill {one.back_fill.said}")
    if one.budget:
        lines.append(f"  budget: {one.budget.said}")
    if one.endpoint:
        return lines
    at, what = one.answer
    last = when(at, locale) if at else "none yet"
    if what:
        read = f"; the last that was read {when(state.succeeded, locale)}" if state and state.succeeded else ""
        last = f"{last}: {what}{read}"
    due = f"{when(one.next_due, locale)}, {one.why_next}" if one.next_due else one.why_next
    lines.append(f"  last answer {last}; next {due}")
    return lines


def _details(one: SourceStatus, locale: Locale) -> list[str]:
    state = one.state
    lines = [*([f"  {one.url}"] if one.url else []), *(f"  {line}" for line in in_words(one.policy))]
    if state is None:
        return lines
    if state.url != one.url:
        lines.append(f"  asked at {state.url}")
    if state.polled:
        status = f"status {state.status}" if state.status else "no answer"
        lines.append(f"  asked last {when(state.polled, locale)}: {status}")
    if state.error:
        lines.append(f"  {_counted(state.failures, 'error', locale)} in a row, the last: {state.error}")
    if state.requests:
        since = f" since {when(state.began, locale)}" if state.began else ""
        lines.append(f"  {_counted(state.requests, 'request', locale)}{since}")
    return lines


def _brought(whole: SourceDetail, locale: Locale) -> list[str]:
    lines = ["", "Last entries"] if whole.entries else []
    for one in whole.entries:
        what = "deleted where it was said" if one.gone else one.text or one.url
        lines.append(f"  {when(one.published or one.came, locale)}  {'on record  ' if one.incident else ''}{what}")
    lines += ["", "What it leads to"] if whole.leads else []
    for lead in whole.leads:
        failed = f", {_counted(lead.failures, 'error', locale)} in a row" if lead.failures else ""
        due = f"next from {when(lead.due, locale)}" if lead.due else "once it changed"
        lines.append(f"  {lead.url} ({lead.purpose}): {due}{failed}")
    return lines


def _history(fetches: Sequence[SourceFetch], letters: Sequence[DeadLetter], locale: Locale) -> list[str]:
    lines = ["Last fetches" if fetches else "No fetch of the last 7 days is kept."]
    for one in fetches:
        what = f" ({one.purpose})" if one.purpose else ""
        size = number(one.size, locale)
        lines.append(f"  {when(one.at, locale)}  {one.status}  {size} bytes  {one.url}{what}")
    if letters:
        lines += ["", "Could not be used (`overheard dead-letters show ID`)"]
    for letter in letters:
        lines += [f"  {letter.id}", f"    {letter.message}"]
    return lines


def _counted(count: int, noun: str, locale: Locale) -> str:
    return f"{number(count, locale)} {noun}{'' if count == 1 else 's'}"


def _print(lines: Sequence[str]) -> None:
    console().print(render.safe("\n".join(lines), lines=True), markup=False, soft_wrap=True)
