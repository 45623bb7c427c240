"""`overheard back-fill`: a stretch of time of a source filled in, how far that is, and its end."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.errors import ConfigError
from overheard.wiring.backfills import BackFill, ask_back_fill, back_fills, stop_back_fills
from overheard.wiring.system import System, utc_now
from overheard.wording import Locale, when


def back_fill(
    source: Annotated[str, typer.Argument(metavar="[SOURCE]", help="As `overheard sources` shows it.")] = "",
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day, such as 2026-01-31.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last day. Default: until now.")] = "",
    stop: Annotated[bool, typer.Option("--stop", help="Stop those of the source that are not over.")] = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a source asked for what it published from one day to another; or list what was asked for."""
    if (first and stop) or ((first or last or stop) and not source) or (last and not first):
        raise ConfigError("expected SOURCE --from DATE [--to DATE], SOURCE --stop, SOURCE, or nothing at all")
    with open_system(folder, config) as system:
        if first:
            errand = ask_back_fill(system, source, _day(first), _day(last) if last else None, utc_now())
            _tell(system, [one for one in back_fills(system) if one.errand.id == errand.id], as_json)
            if not as_json:
                console().print("`overheard up` does it as it polls; `overheard back-fill` tells how far it is.")
        elif stop:
            stopped = stop_back_fills(system, source)
            if as_json:
                print_json({"stopped": stopped})
            else:
                said = (
                    f"{stopped} stopped; what came until now stays" if stopped else f"nothing is under way for {source}"
                )
                console().print(render.safe(said), markup=False, soft_wrap=True)
        else:
            _tell(system, [one for one in back_fills(system) if source in ("", one.errand.source)], as_json)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"expected a day such as 2026-01-31; got {text[:50]!r}") from None


def _tell(system: System, found: Sequence[BackFill], as_json: bool) -> None:
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    if not found:
        console().print("No back-fill was asked for: overheard back-fill SOURCE --from DATE", markup=False)
    locale = system.settings.locale
    for one in found:
        console().print(render.safe("\n".join(_lines(one, locale)), lines=True), markup=False, soft_wrap=True)


def _lines(one: BackFill, locale: Locale) -> list[str]:
    start, end = one.errand.start, one.errand.end
    stretch = f"{when(start, locale) if start else ''} to {when(end, locale) if end else 'now'}"
    return [f"{one.errand.source}  {stretch}", f"  {one.words}"]


def _as_json(one: BackFill) -> dict[str, Any]:
    return {
        "id": one.errand.id,
        "source": one.errand.source,
        "from": one.errand.start,
        "to": one.errand.end,
        "asked": one.errand.at,
        "state": one.state.state if one.state else "waiting",
        "pages": one.state.pages if one.state else 0,
        "posts": one.state.mentions if one.state else 0,
        "oldest": one.state.oldest if one.state else None,
        "said": one.words,
    }
